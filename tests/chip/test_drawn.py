"""Presets drawn from all that the validator accepts: three of them, short, on the chip and in the simulator."""

from __future__ import annotations

import json

import pytest
from tonus.preset import parse
from tonus_tools.chip import drawn
from tonus_tools.ctl.errors import UsageError

SECONDS = 3
SEEDS = (5, 7, 10)  # bursts of 1.2 ms; 200 Hz, 151 us; 76 Hz, 298 us


@pytest.mark.parametrize("seed", SEEDS)
def test_chip_and_simulator_agree(seed: int, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--device"):
        pytest.skip("on a board: nobody there presses its buttons or lifts its electrodes")
    try:
        played = drawn.play(seed, SECONDS)
    except UsageError as missing:
        pytest.skip(f"no MicroPython to emulate: {missing}")
    assert played.agreement.differences == ()
    assert played.agreement.phases > 20


def test_drawn_presets_are_of_every_kind_and_the_same_for_ever() -> None:
    found = [drawn.draw(seed) for seed in range(60)]
    assert found == [drawn.draw(seed) for seed in range(60)]
    waveforms = [parse(json.dumps(document)).zones[0].waveform for document in found]
    assert {w.kind for w in waveforms} == set(drawn.KINDS)
    assert min(w.rate_dhz for w in waveforms) < 10
    assert max(w.rate_dhz for w in waveforms) > 1500
    assert min(w.phase_us for w in waveforms) < 200
    assert max(w.phase_us for w in waveforms) > 5000
