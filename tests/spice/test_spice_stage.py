"""The stage with whole parts does what the board's README says. Figures of every load and level: results.md."""

from __future__ import annotations

import numpy as np
import pytest
from tonus import limits
from tonus_tools.spice import montecarlo, ngspice, nominal, starts
from tonus_tools.spice.deck import LOADS, Bench, transient
from tonus_tools.spice.drive import BOARD, Drive, codes_of, of_waveform, shipped_presets, single
from tonus_tools.spice.measure import Trace, settled_us

pytestmark = pytest.mark.skipif(not ngspice.available(), reason="ngspice is not installed")


def play(load: str, drive: Drive) -> Trace:
    return Trace.of(ngspice.run(transient(Bench(LOADS[load]), drive))[0])


@pytest.mark.parametrize("load", ["0", "500", "20k"])
def test_the_set_current_flows(load: str) -> None:
    curve = nominal.curve(load)
    assert np.abs(curve.ua - curve.set_ua)[2:].max() < 2


def test_beyond_compliance_less_flows_and_the_sense_says_so() -> None:
    drive = single(codes_of(400), 500)
    trace = play("dry", drive)
    end_us = drive.phases[0].end_us - 1
    assert 20 < trace.at(end_us) < 60
    assert trace.at(end_us, "v(sense)") / BOARD.RSET_OHM * 1e6 == pytest.approx(trace.at(end_us), abs=2)


def test_the_largest_load_is_what_the_readme_calculates() -> None:
    assert nominal.compliance_ohm(400, 24.0, step_ohm=2000) == pytest.approx(53_700, rel=0.04)


@pytest.mark.parametrize("load", ["500", "good"])
def test_a_pulse_settles_and_leaves_nothing(load: str) -> None:
    drive = single(codes_of(400), 500, gap_us=limits.GAP_MIN_US)
    trace = play(load, drive)
    assert all(settled_us(trace, phase) < 10 for phase in drive.phases)
    # The least gap ends before good skin is empty through the leads: 1 nC of 200 a pulse, 0.3 uA at 300 Hz.
    assert abs(trace.charge_nc(0, drive.end_us)) < 1.5
    assert trace.charge_nc(drive.phases[0].t_us, drive.phases[0].end_us) == pytest.approx(200, rel=0.02)


@pytest.mark.parametrize("person_pf", nominal.STRAY_MAX)
@pytest.mark.parametrize(("load", "set_ua"), [("500", 12.0), ("500", 400.0), ("good", 400.0)])
def test_a_phase_carries_nothing_beyond_code_x_time(load: str, set_ua: float, person_pf: int) -> None:
    found = nominal.spike(load, set_ua, person_pf)
    assert found.kept
    assert min(found.forward_nc, found.reverse_nc) > -0.7


def test_shorted_nothing_flows() -> None:
    assert nominal.leakage_na() < 1


@pytest.mark.parametrize("load", ["good", "poor"])
def test_nothing_trips_that_is_whole(load: str) -> None:
    """Least of all skin that discharges through the short: poor skin at 400 uA passes 20 mA."""
    lift = shipped_presets()[0].zones[0].waveform
    for drive in (of_waveform(lift, 400, cycles=3), single(codes_of(500), 100, 50, 3333, 3)):
        trace = play(load, drive)
        assert float(trace.plot["v(trip)"].max()) < 0.01


def test_a_lift_costs_no_more_than_an_ordinary_pulse() -> None:
    for lift in nominal.lifts("good", times_us=((20, 21), (100, 200), (480, 495))):
        assert lift.nc <= lift.ordinary_nc * 1.001


def test_a_few_devices_keep_their_limits() -> None:
    for sample in montecarlo.run(3):
        assert sample.before <= 1
        assert sample.after <= 1
        assert abs(sample.dc_ua) <= montecarlo.DC_MAX_UA
        watch = montecarlo.thresholds(sample.params)
        ceiling_ua = BOARD.DAC_REFERENCE_MV * 1000 / BOARD.RSET_OHM
        assert ceiling_ua * 1.05 < watch.low_ua < watch.high_ua < BOARD.TRIP_UA
        # What firmware may put in one direction does not trip it; what it leaves alone is little.
        assert watch.charge_uc > limits.CHARGE_MAX_NC / 1000
        assert watch.dc_ua < limits.DC_FAULT_UA
        # Made to trip, it does below full scale, and not by what is to add up.
        assert 392 < watch.test_ua[0] < watch.test_ua[1] < 490
        assert 15 * 0.373 < watch.test_uc[0] < watch.test_uc[1] < 60 * 0.36


@pytest.mark.parametrize(("code", "lines", "least_ms", "most_ms"), starts.TRIPS)
def test_what_trips_is_made_to_and_no_skin_is_in_the_way(code: int, lines: int, least_ms: int, most_ms: int) -> None:
    found = starts.tried("", "500", code, lines, min(most_ms, 40), (least_ms, most_ms))
    assert found.kept
    assert found.skin_nc < 1


@pytest.mark.parametrize(("code", "lines"), [(starts.LOW, 1), (starts.LOW, 2), (starts.BELOW, 3)])
def test_it_does_not_trip_before(code: int, lines: int) -> None:
    assert starts.tried("", "500", code, lines, 5.0).kept


def test_a_welded_relay_and_one_that_does_not_close_are_told_by_the_voltage() -> None:
    whole, back = (starts.tried("", "500", starts.LOW, lines, 3.0).across_v for lines in (1, 2))
    assert whole > 1.5
    assert 0.3 < back < 1.2
    assert starts.tried("", "500", starts.LOW, 1, 3.0, relay="welded").across_v < 0.1
    assert starts.tried("", "500", starts.LOW, 1, 3.0, relay="does not close", ldac_v=3.3).across_v > 1.5
    assert starts.tried("", "500", starts.LOW, 1, 3.0, ldac_v=3.3).across_v < 0.1
