"""One program at the prompt, on the simulated hardware and on the chip's: it finds the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prompted import HIDDEN, HIDDEN_ON_CHIP, MEMORY, MEMORY_SAID, SAFE, SHARES, SHARES_ON_CHIP, said, to_prompt
from tonus_tools.chip.live import Live as Chip
from tonus_tools.errors import UsageError
from tonus_tools.sim.live import Live as Simulator
from tonus_tools.sim.live import Running


@pytest.fixture(params=["simulator", "chip"])
def safe(request: pytest.FixtureRequest) -> Iterator[Running]:
    """A device in safe mode, at its prompt."""
    if request.param == "simulator":
        with Simulator(SAFE) as simulated:
            to_prompt(simulated)
            yield simulated
        return
    if request.config.getoption("--device"):
        pytest.skip("on a board: nobody there holds MINUS")
    try:
        live = Chip(SAFE)
    except UsageError as missing:
        pytest.skip(f"no MicroPython to emulate: {missing}")
    to_prompt(live)
    yield live


def test_memory_shows_the_pins_and_the_interrupt_flags(safe: Running) -> None:
    assert said(safe, MEMORY).split("\n") == MEMORY_SAID.lstrip().split("\n")


def counts(safe: Running, program: str) -> list[int]:
    return [int(n) for n in said(safe, program, 5_000_000).strip()[1:-1].split(",")]


def test_interrupts_take_their_time(safe: Running) -> None:
    for share, on_chip in zip(counts(safe, SHARES), SHARES_ON_CHIP, strict=True):
        assert share == pytest.approx(on_chip, rel=0.1)


@pytest.mark.parametrize("rest_us", HIDDEN_ON_CHIP)
def test_ticks_hold_up_samples(safe: Running, rest_us: int) -> None:
    """As many come too late to see their phase as on the chip."""
    for n, on_chip in zip(counts(safe, HIDDEN.replace("WORD", str(rest_us))), HIDDEN_ON_CHIP[rest_us], strict=True):
        assert n == pytest.approx(on_chip, rel=0.1, abs=3)
