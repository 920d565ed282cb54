"""A slow preset on the emulated chip: the same phases as in the simulator, also after a cut within one."""

from __future__ import annotations

import pytest
from emulated import FROM_S, FROM_US, Emulated, Entry, boot_with, press
from tonus_tools.chip.agree import compare

PHASE_US = 400_000
SLOW = {"kind": "biphasic", "rate_hz": 1.2, "phase_us": PHASE_US, "gap_us": 1000}
ZONE = {"name": "cheek", "duration_s": 60, "cue_s": 5, "waveform": SLOW}
PRESET = {"schema": 1, "id": "slow", "name": "Slow", "top_ua": 110, "ramp_ms": 500, "zones": [ZONE]}
BEGIN_S = FROM_S + 0.05
LIFT_S = BEGIN_S + 1.5  # within the second cycle, the first of which has a current to speak of


@pytest.fixture(scope="module")
def slow(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Emulated:
    return boot_with(request, tmp_path_factory, [PRESET])


def test_phases_directions_and_times_around_a_lift(slow: Emulated) -> None:
    entries: list[Entry] = [
        {"at": FROM_S, "touch": "good"},
        press(BEGIN_S, "PLUS", 4),
        {"at": LIFT_S, "lift": True},
        {"at": LIFT_S + 0.02, "touch": "good"},
    ]
    until_s = LIFT_S + 1.0
    simulated, played = slow.simulated(until_s, entries), slow.play(until_s, entries)
    assert compare(simulated, played, FROM_US).differences == ()
    for trace in (simulated, played):
        phases = trace.phases
        long = phases.dur_us == PHASE_US
        assert long.sum() >= 2
        assert abs(phases.t_us[long][1] - phases.end_us[long][0] - 1004) <= 1
        lifted = (phases.t_us < LIFT_S * 1e6) & (phases.end_us <= LIFT_S * 1e6 + 1) & (phases.end_us > LIFT_S * 1e6 - 2)
        assert lifted.sum() == 1
        way = int(phases.direction[lifted][0])
        again = phases.direction[(phases.dur_us > 2000) & (phases.t_us > LIFT_S * 1e6 + 50_000)]
        assert len(again) > 0
        assert int(again[0]) == -way
