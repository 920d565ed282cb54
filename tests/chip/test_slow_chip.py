"""A slow preset on the emulated chip: the same phases as in the simulator, also after a cut within one."""

from __future__ import annotations

import numpy as np
import pytest
from emulated import FROM_S, Emulated, Entry, boot_with, press
from tonus_tools.sim.measure import accounts_uc

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
        {"at": LIFT_S + 0.3, "touch": "good"},
    ]
    until_s = LIFT_S + 1.4
    simulated, played = slow.simulated(until_s, entries), slow.play(until_s, entries)
    before = [
        [(p.t_us[i] - p.t_us[0], p.direction[i], p.code[i]) for i in np.flatnonzero(p.end_us < LIFT_S * 1e6)][:8]
        for p in (simulated.phases, played.phases)
    ]
    assert len(before[0]) > 4
    assert [one[1:] for one in before[0]] == [one[1:] for one in before[1]]
    for trace in (simulated, played):
        phases = trace.phases
        long = phases.dur_us == PHASE_US
        assert long.sum() >= 2
        assert abs(phases.t_us[long][1] - phases.end_us[long][0] - 1004) <= 1
        lifted = (phases.t_us < LIFT_S * 1e6) & (phases.end_us <= LIFT_S * 1e6 + 1) & (phases.end_us > LIFT_S * 1e6 - 2)
        assert lifted.sum() == 1
        again = np.flatnonzero((phases.dur_us > 2000) & (phases.t_us > LIFT_S * 1e6 + 50_000))
        assert len(again) > 0
        assert phases.direction[again[0]] * accounts_uc(phases)[again[0] - 1] < 0
