"""Broken parts: those that show themselves within milliseconds. The slow ones are in `make spice`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tonus_tools.spice import faults, ngspice
from tonus_tools.spice.drive import BOARD, codes_of, single

pytestmark = pytest.mark.skipif(not ngspice.available(), reason="ngspice is not installed")

QUICK = (
    "rset_short",
    "rset_short_probe",
    "rset_half",
    "fet_short",
    "fet_gate_drain",
    "dac_full_200",
    "sw2_rail",
    "esd2_short",
    "el_a_high",
    "stuck_phase",
)


@pytest.mark.parametrize("name", QUICK)
def test_it_ends_in_time(name: str) -> None:
    outcome, _ = faults.play(faults.by_name(name))
    assert outcome.kept
    assert outcome.trip_us is not None or outcome.cut is not None


def test_the_rest_s_switch_stuck_on_takes_from_the_skin_and_adds_nothing() -> None:
    outcome, trace = faults.play(faults.by_name("rest_on"))
    assert outcome.kept
    assert outcome.trip_us is None
    phase = faults.lift_pulses(2).phases[2]
    assert 50 < trace.at(phase.end_us - 1) < 200
    assert trace.at(phase.end_us - 1, "v(sense)") == pytest.approx(1.608, rel=0.01)  # as if it were all there
    # What the electrodes' voltage then tells: less than the leads alone would take.
    volts = trace.at(phase.end_us - 1, "v(rail)") - trace.at(phase.end_us - 1, "v(sink)")
    assert volts < 0.75 * 400e-6 * BOARD.SWITCHES_OHM


def test_a_shorted_rset_needs_the_electrode_watch() -> None:
    """The trip at Rset sees nothing, and firmware a lift: without the watch it would go on with every probe."""
    fault = faults.by_name("rset_short_probe")
    watched, _ = faults.play(fault)
    unwatched, _ = faults.play(fault, watch=False)
    assert watched.tripped_by.startswith("electrode watch")
    assert watched.over_all_us < 100
    assert unwatched.trip_us is None
    assert unwatched.over_all_us > faults.OVER_MAX_US


def test_current_past_the_skin_reads_right_and_trips_all_the_same() -> None:
    """A switch welded to the sink: firmware sees the set current in both phases. One way, the charge adds up."""
    slow = single(codes_of(400), 30_000, 1000, 100_000, 9)
    outcome, trace = faults.play(replace(faults.by_name("sw1_weld_sink"), drive=lambda: slow))
    assert outcome.cut is None
    assert outcome.tripped_by == "electrode watch, DC"
    assert 58 < outcome.unpaired_uc < 80
    assert outcome.account_uc < faults.CHARGE_MAX_UC
    assert abs(outcome.left_ua) < 0.1
    forward = slow.phases[2]
    assert abs(trace.at(forward.t_us + 5_000)) < 12  # what 12 Ohm beside 500 leave it
    assert trace.at(forward.t_us + 5_000, "v(sense)") == pytest.approx(1.608, rel=0.01)


def test_the_keep_alive_ends_a_phase_that_does_not() -> None:
    fault = faults.by_name("keep_alive")
    outcome, trace = faults.play(fault)
    assert outcome.by == "keep-alive"
    assert abs(trace.at(fault.flaw_us + 20_000)) < 10
