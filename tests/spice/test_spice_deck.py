"""Decks and what comes back from them: text in, numbers out. Nothing here needs ngspice but the last test."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from tonus_tools.spice import ngspice
from tonus_tools.spice.deck import LOADS, STEP_US, VOLTS_PER_CODE, Bench, stage, staircase, transient
from tonus_tools.spice.drive import LEAD_US, Drive, Phase, codes_of, of_waveform, probes, shipped_presets, single
from tonus_tools.spice.measure import Trace, settled_us, worst_mean_ua


def raw(points: int, told: int) -> bytes:
    """A raw file of two vectors that says it has so many points."""
    header = f"Title: t\nNo. Variables: 2\nNo. Points: {told}\nVariables:\n\t0\ttime\ttime\n\t1\tv(E1)\tvoltage\n"
    table = np.arange(2 * points, dtype=np.float64)
    return header.encode() + b"Binary:\n" + table.tobytes()


def test_a_raw_file_is_read_by_name() -> None:
    (plot,) = ngspice.parse(raw(3, 3))
    assert plot.axis.tolist() == [0, 2, 4]
    assert plot["v(e1)"].tolist() == [1, 3, 5]


def test_two_analyses_are_two_plots() -> None:
    assert [len(plot.axis) for plot in ngspice.parse(raw(3, 3) + raw(2, 2))] == [3, 2]


def test_a_raw_file_cut_short_is_said_so() -> None:
    with pytest.raises(ngspice.SpiceError, match="not all"):
        ngspice.parse(raw(2, 3))


def test_without_ngspice_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert not ngspice.available()
    with pytest.raises(ngspice.SpiceError, match="install the package ngspice"):
        ngspice.run("")


def test_parameters_are_set_and_unknown_ones_refused() -> None:
    assert "\n.param rset = 2010.0 " in stage({"rset": 2010.0})
    assert stage({}) != stage({"rset": 2010.0})
    with pytest.raises(KeyError, match="rest"):
        stage({"rest": 1.0})


def test_a_deck_drives_what_the_list_says() -> None:
    drive = single(1000, 500, gap_us=100)
    deck = transient(Bench(LOADS["500"]), drive)
    assert f"Vset set 0 PWL(0 {1000 * VOLTS_PER_CODE:g}" in deck
    forward, reverse = drive.phases
    assert f"Vel_a pin_a 0 PWL(0 0 {forward.t_us:.4f}u 0" in deck
    assert f"Vel_b pin_b 0 PWL(0 0 {reverse.t_us:.4f}u 0" in deck
    assert deck.rstrip().endswith(".end")


def test_a_staircase_holds_each_step() -> None:
    deck = staircase(Bench(LOADS["500"]), [(0.0, 500.0), (1000.0, 500.0), (1000.0, 10_000.0)])
    assert f"Vset set 0 PWL(0 0 {STEP_US:.4f}u 0 {STEP_US + 0.005:.4f}u 0.5)" in deck
    assert f"Vrl rl 0 PWL(0 500 {2 * STEP_US:.4f}u 500 {2 * STEP_US + 0.005:.4f}u 10000)" in deck
    assert f".tran {STEP_US / 20}u {3 * STEP_US}u" in deck


def test_the_lists_are_the_firmware_s() -> None:
    lift = shipped_presets()[0].zones[0].waveform
    drive = of_waveform(lift, 400, cycles=2)
    assert [p.direction for p in drive.phases] == [1, -1, 1, -1]
    assert {p.us for p in drive.phases} == {lift.phase_us}
    assert drive.phases[0].t_us == LEAD_US
    assert drive.phases[2].t_us - drive.phases[0].t_us == 12_500
    assert {p.code for p in drive.phases} == {drive.phases[0].code}
    assert drive.phases[0].set_ua == pytest.approx(400, abs=0.13)
    assert sum(p.direction * p.code * p.us for p in drive.phases) == 0


def test_the_probe_is_marked_and_small() -> None:
    assert all(p.set_ua < 10 for p in probes(2).phases)


def test_a_list_is_cut_in_a_phase_and_goes_on_with_another() -> None:
    drive = single(codes_of(400), 500, cycles=2)
    cut = drive.until(drive.phases[1].t_us + 100, 40_000)
    assert [p.us for p in cut.phases] == [500, 100]
    both = cut.then(probes(1), 50_000)
    assert both.phases[2].t_us == 50_000 + LEAD_US
    assert both.levels()[-1].code == 0


def test_measures_of_a_made_up_trace() -> None:
    t_us = np.linspace(0, 1000, 1001)
    ua = np.where(t_us <= 500, 100 + 50 * np.exp(-t_us / 10), 0.0)
    nc = np.concatenate(([0.0], np.cumsum(np.diff(t_us) * (ua[1:] + ua[:-1]) / 2))) / 1000
    trace = Trace(t_us, ua, ngspice.Plot(t_us / 1e6, {"v(charge)": nc / 1000}))
    assert trace.charge_nc(0, 1000) == pytest.approx(50.5, rel=0.01)
    assert settled_us(trace, Phase(0, 500, 1, 800)) == pytest.approx(32, abs=2)
    assert max(trace.over_us(120.0)) == pytest.approx(9, abs=2)
    assert worst_mean_ua(trace, window_us=1000) == pytest.approx(50.5, rel=0.02)


@pytest.mark.skipif(not ngspice.available(), reason="ngspice is not installed")
def test_a_deck_that_is_wrong_is_said_so() -> None:
    with pytest.raises(ngspice.SpiceError, match="did not finish"):
        ngspice.run("* nothing\nV1 a 0 1\nX1 a 0 nosuch\n.tran 1u 1m\n.end\n")


def test_an_empty_list_is_all_rest() -> None:
    assert [level.code for level in Drive((), 1000).levels()] == [0]
