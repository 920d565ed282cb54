"""The simulator tells the truth: a short session runs there and on the emulated chip, and both tell the same story."""

from __future__ import annotations

import pytest
from emulated import FROM_S, FROM_US, PRESETS, Emulated, Entry, press
from tonus_tools.chip.agree import compare
from tonus_tools.sim.trace import Trace

# Touched before it is armed, and one level: both find the skin with the same probe, and nothing comes between pulses.
ARM = [press(FROM_S + 0.05, "PLUS")]


def on(load: str) -> Entry:
    return {"at": FROM_S, "touch": load}


SESSIONS: dict[str, tuple[float, list[Entry]]] = {
    "lifted": (2.6, [on("typical"), {"at": FROM_S + 1.7, "lift": True}]),
    "10k": (1.6, [on("10k")]),
}


def agree(device: Emulated, seconds: float, entries: list[Entry]) -> Trace:
    """The chip's trace."""
    until_s = FROM_S + seconds
    played = device.play(until_s, entries)
    found = compare(device.simulated(until_s, entries), played, FROM_US)
    assert found.differences == ()
    assert found.changes >= 2
    assert found.phases > 20
    assert found.code_sum > 0
    return played


@pytest.mark.parametrize("mode", range(len(PRESETS)), ids=[str(preset["id"]) for preset in PRESETS])
def test_waveform(emulated: Emulated, mode: int) -> None:
    choose = [press(FROM_S + 0.05 + 0.15 * i, "MODE") for i in range(mode)]
    later = 0.15 * mode
    entries = [on("good"), *choose, press(FROM_S + 0.05 + later, "PLUS")]
    trace = agree(emulated, later + 2.2, [*entries, press(FROM_S + later + 2.0, "MODE")])
    (counters,) = trace.logs_of("counters")
    assert counters.fields["heap_free"] >= 110_000  # as long as there was no host


@pytest.mark.parametrize("name", SESSIONS)
def test_skin(emulated: Emulated, name: str) -> None:
    seconds, entries = SESSIONS[name]
    agree(emulated, seconds, [*ARM, *entries])
