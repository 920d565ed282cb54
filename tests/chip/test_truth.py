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


def agree(device: Emulated, seconds: float, entries: list[Entry]) -> tuple[Trace, Trace]:
    """The chip's trace and the simulator's."""
    until_s = FROM_S + seconds
    played, simulated = device.play(until_s, entries), device.simulated(until_s, entries)
    found = compare(simulated, played, FROM_US)
    assert found.differences == ()
    assert found.changes >= 2
    assert found.phases > 20
    assert found.code_sum > 0
    return played, simulated


@pytest.mark.parametrize("mode", range(len(PRESETS)), ids=[str(preset["id"]) for preset in PRESETS])
def test_waveform(emulated: Emulated, mode: int) -> None:
    choose = [press(FROM_S + 0.05 + 0.15 * i, "MODE") for i in range(mode)]
    later = 0.15 * mode
    entries = [on("good"), *choose, press(FROM_S + 0.05 + later, "PLUS")]
    traces = agree(emulated, later + 2.2, [*entries, press(FROM_S + later + 2.0, "MODE")])
    free, simulated = (trace.logs_of("counters")[0].fields["heap_free"] for trace in traces)
    assert free >= 110_000  # as long as there was no host
    assert 0 <= free - simulated // 2 < 12_000  # objects are twice as large there, and the simulator's are among them


@pytest.mark.parametrize("name", SESSIONS)
def test_skin(emulated: Emulated, name: str) -> None:
    seconds, entries = SESSIONS[name]
    agree(emulated, seconds, [*ARM, *entries])
