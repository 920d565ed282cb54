"""The emulated chip's own blocks, in the place of rp2040py's: what is here to be quick says the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rp2040py.rp2040 import RP2040
from rp2040py.sio import RPSIO
from tonus_tools.chip.blocks import Sio

CHIP = RP2040()
REGISTERS = [0x00, 0x10, *range(0x60, 0x7C, 4), 0x100]  # CPUID, outputs, the divider, a lock
WORD = st.integers(0, 0xFFFFFFFF) | st.integers(0, 3)
ACCESSES = st.lists(st.tuples(st.sampled_from(REGISTERS), st.none() | WORD))


@given(ACCESSES)
def test_the_sio_is_rp2040py_s(accesses: list[tuple[int, int | None]]) -> None:
    found = []
    for sio in (RPSIO(CHIP), Sio(CHIP)):
        CHIP.core.cycles = 0
        said = []
        for offset, value in accesses:
            if value is None:
                said.append(sio.read_uint32(offset))
            elif offset != 0x78:  # which is only read
                sio.write_uint32(offset, value)
        found.append((said, CHIP.core.cycles))
    assert found[0] == found[1]
