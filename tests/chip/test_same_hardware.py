"""One program at the prompt, on the simulated hardware and on the chip's: it finds the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prompted import MEMORY, MEMORY_SAID, SAFE, said, to_prompt
from tonus_tools.chip.live import Live as Chip
from tonus_tools.ctl.errors import UsageError
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
