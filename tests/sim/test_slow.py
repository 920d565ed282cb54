"""The slow preset, 500 ms a phase: lifts within a phase, and one broken part at a time."""

from pathlib import Path

import numpy as np
import pytest
from tonus import bank, limits
from tonus_tools.sim.measure import worst_account
from tonus_tools.sim.trace import Trace
from worlds import POWER_UP, Entry, play, plus

FIRM = next(p for p in bank.shipped() if p.id == "firm")
PHASE_US = FIRM.zones[0].waveform.phase_us
PERIOD_US = FIRM.zones[0].waveform.period_us(FIRM.zones[0].waveform.rate_dhz)
BEGIN: list[Entry] = [POWER_UP, {"at": 0.1, "touch": "good"}, {"at": 2.0, "press": "MODE"}, plus(2.5, 10)]
UNTIL_S = 30.0
AT_TOP_S = 14.0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    return play(tmp_path_factory.mktemp("undisturbed"), UNTIL_S, BEGIN)


def cycle_begins(trace: Trace, after_s: float) -> int:
    """When the first cycle at the top begins after this, us."""
    phases = trace.phases
    top = phases.code == phases.code.max()
    which = np.flatnonzero(top & (phases.dur_us == PHASE_US) & (phases.t_us > after_s * 1e6))
    first = which[0] if phases.t_us[which[1]] - phases.end_us[which[0]] < 2000 else which[1]
    return int(phases.t_us[first])


def test_it_is_half_of_each_period_one_way_and_half_the_other(undisturbed: Trace) -> None:
    assert PHASE_US == limits.PHASE_MAX_US
    assert 2 * PHASE_US / PERIOD_US >= 0.9
    phases = undisturbed.phases
    treated = phases.dur_us == PHASE_US
    assert phases.peak_ua[treated].max() == pytest.approx(90, abs=1)
    assert worst_account(phases)[0] < 45


@pytest.mark.parametrize("tenth", range(1, 11))
def test_a_lift_at_each_tenth_of_a_phase(tenth: int, undisturbed: Trace, tmp_path: Path) -> None:
    """Off within the bound, which a long phase makes no longer; back from zero; what flowed is what is told."""
    at_us = cycle_begins(undisturbed, AT_TOP_S) + tenth * PHASE_US // 10 - 300
    entries: list[Entry] = [*BEGIN, {"at": at_us / 1e6, "lift": True}, {"at": at_us / 1e6 + 0.4, "touch": "good"}]
    entries.append({"at": UNTIL_S - 3, "press": "MODE"})
    trace = play(tmp_path, UNTIL_S, entries, {"lifts": 1, "visits": ["TREAT", "PAUSED", "RAMP_UP"]})
    phases = trace.phases
    lifted = phases.t_us > at_us - 1
    driven = phases.end_us[lifted & (phases.t_us < at_us + 2_000) & (phases.dur_us != limits.PROBE_PHASE_US)]
    assert (int(driven.max()) if len(driven) else at_us) - at_us <= 1000 * limits.LIFT_MS
    again = np.flatnonzero((phases.t_us > at_us + 2_000) & (phases.dur_us == PHASE_US))
    assert phases.peak_ua[again[0]] <= limits.PROBE_MAX_UA
    told = trace.logs_of("session")[-1].fields
    counted = [(s.start_us, s.end_us) for s in trace.spans_in(("RAMP_UP", "TREAT"))]
    within = np.zeros(len(phases), dtype=bool)
    for start, end in counted:
        within |= (phases.t_us >= start - 2000) & (phases.t_us < end)
    flowed_uc = phases.charge_nc[within & (phases.dur_us != limits.PROBE_PHASE_US)].sum() / 2000
    assert told["charge_uc"] == pytest.approx(flowed_uc, rel=0.01)


def test_lifts_again_and_again_stay_within_the_account(undisturbed: Trace, tmp_path: Path) -> None:
    """At the end of what each restart's first full phase is: the worst moments there are."""
    at = cycle_begins(undisturbed, AT_TOP_S)
    entries: list[Entry] = list(BEGIN)
    for i in range(12):
        t = (at + PHASE_US - 4000) / 1e6 + 7.37 * i
        entries += [{"at": t, "lift": True}, {"at": t + 0.05, "touch": "good"}]
    play(tmp_path, AT_TOP_S + 12 * 7.4 + 5, entries)


FAULTS = {
    "dac_full_scale": "overcurrent",
    "switch_welded": "latch",  # by the electrode watch: the sense cannot know
    "line_stuck": "latch",  # rests drive on, with what the DAC has next
    "pio_stuck": "charge",
}


@pytest.mark.parametrize("share", [0.05, 0.6, 1.05, 1.9])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_part_is_ended_within_80_uc(fault: str, share: float, undisturbed: Trace, tmp_path: Path) -> None:
    at_us = cycle_begins(undisturbed, AT_TOP_S) + int(share * PHASE_US)
    entries: list[Entry] = [*BEGIN, {"at": at_us / 1e6, "inject": fault}]
    trace = play(tmp_path, UNTIL_S, entries, {"final_state": "FAULT", "faults": [FAULTS[fault]]})
    assert worst_account(trace.phases)[0] <= limits.CHARGE_FAULT_NC / 1000
