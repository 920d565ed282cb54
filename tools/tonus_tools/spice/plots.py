"""One page of plots from the runs."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ..world.model import WATCH_C
from . import faults, montecarlo, ngspice
from .deck import LOADS, Bench, transient
from .drive import codes_of, single
from .measure import Trace
from .results import Results

DPI = 110
COLOURS = ("#1b6ca8", "#d1495b", "#3a7d44", "#8d6a9f", "#e0a030", "#555555", "#2a9d8f", "#9c5c28", "#888888")


def page(results: Results, path: Path) -> None:
    """Draw everything onto one page."""
    plt.rcParams.update({"font.size": 8, "axes.titlesize": 9, "axes.titleweight": "bold", "axes.grid": True})
    plt.rcParams.update({"grid.color": "#e4e4e4", "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(4, 3, figsize=(15, 17), constrained_layout=True)
    figure.suptitle("tonus_r1, the electrode stage in SPICE: simulated, generic parts", fontsize=12, weight="bold")
    _pulse(axes[0, 0])
    _start(axes[0, 1])
    _lift(axes[0, 2], results)
    _curves(axes[1, 0], results)
    _errors(axes[1, 1], results, before=True)
    _errors(axes[1, 2], results, before=False)
    _net(axes[2, 0], results)
    _short(axes[2, 1], results)
    _one_way(axes[2, 2], results)
    _keep_alive(axes[3, 0], results)
    _agreement(axes[3, 1], results, "current")
    _agreement(axes[3, 2], results, "charge")
    figure.savefig(path, dpi=DPI)
    plt.close(figure)


def _play(load: str, ua: float = 400.0) -> tuple[Trace, int]:
    drive = single(codes_of(ua), 500)
    return Trace.of(ngspice.run(transient(Bench(LOADS[load]), drive))[0]), drive.phases[0].t_us


def _label(load: str) -> str:
    return f"{load} Ohm" if load[0].isdigit() else f"{load} skin"


def _pulse(ax: Axes) -> None:
    for load, colour in zip(("500", "10k", "good", "poor"), COLOURS, strict=False):
        trace, start = _play(load)
        ax.plot(trace.t_us - start, trace.ua, color=colour, lw=1, label=_label(load))
    ax.set(xlim=(-50, 1200), ylim=(-900, 900), xlabel="us", ylabel="uA", title="One pulse of Lift, 400 uA")
    ax.legend(fontsize=7)


def _start(ax: Axes) -> None:
    most_ma = 0.0
    for ua, colour in zip((8, 40, 200, 400, 500), COLOURS, strict=False):
        trace, start = _play("500", ua)
        ax.plot(trace.t_us - start, trace.ua, color=colour, lw=1, label=f"{ua} uA")
        shown = (trace.t_us > start) & (trace.t_us < start + 14)
        most_ma = max(most_ma, float(trace.ua[shown].max()) / 1000)
    ax.set(xlim=(-0.5, 14), ylim=(0, 1100), xlabel="us", ylabel="uA", title="Start of a phase, 500 Ohm")
    ax.text(0.6, 1050, f"for a moment up to {most_ma:.0f} mA: strays", fontsize=7)
    ax.legend(fontsize=7, title="set")


def _lift(ax: Axes, results: Results) -> None:
    chosen = next(x for x in results.lifts if x.load == "good" and x.lift_us == 100 and x.back_us == 200)
    trace, start = chosen.trace, chosen.phase.t_us
    ax.plot(trace.t_us - start, trace.ua, color=COLOURS[0], lw=1)
    ax.set(xlim=(-20, 560), ylim=(-300, 1100), xlabel="us", ylabel="uA")
    ax.set_title("Lifts at 100 us, returns at 200 us: good skin, 500 uA")
    ax.text(220, 850, f"{chosen.nc:.0f} nC; left alone {chosen.ordinary_nc:.0f} nC", fontsize=7)


def _curves(ax: Axes, results: Results) -> None:
    for curve, colour in zip(results.curves, COLOURS, strict=True):
        ax.plot(curve.set_ua, curve.ua, color=colour, lw=1, label=_label(curve.load))
    ax.set(xlabel="set, uA", ylabel="delivered, uA", title="Current into each load, nominal parts")
    ax.legend(fontsize=7)


def _errors(ax: Axes, results: Results, before: bool) -> None:
    pct, ua = (montecarlo.BEFORE_PCT, montecarlo.BEFORE_UA) if before else (montecarlo.AFTER_PCT, montecarlo.AFTER_UA)
    for sample in results.samples:
        for row in sample.before_ua if before else sample.after_ua:
            ax.plot(sample.asked_ua, row, color=COLOURS[0], lw=0.4, alpha=0.25)
    asked = np.linspace(montecarlo.ASKED_UA, 500, 100)
    limit = np.maximum(asked * pct / 100, ua)
    for sign in (1, -1):
        ax.plot(asked, sign * limit, color=COLOURS[1], lw=1.2)
    what = "out of the box" if before else "calibrated"
    ax.set(xlabel="asked, uA", ylabel="error, uA", title=f"{len(results.samples)} devices, {what}, 500 Ohm..10 kOhm")


def _net(ax: Axes, results: Results) -> None:
    ax.hist([s.dc_ua * 1000 for s in results.samples], bins=30, color=COLOURS[0])
    ax.set(xlabel="nA (allowed: 2000)", ylabel="devices", title="Mean DC at 400 uA, 300 Hz")


def _short(ax: Axes, results: Results) -> None:
    flaw = faults.FLAW_US
    for name, colour, label in (
        ("rset_short unwatched", COLOURS[1], "without the electrode watch"),
        ("rset_short", COLOURS[0], "with it"),
    ):
        trace = results.traces[name]
        ax.plot((trace.t_us - flaw) / 1000, np.abs(trace.ua) + 1, color=colour, lw=0.8, label=label)
    ax.axhline(600, color="#555555", lw=0.8, ls="--")
    ax.set(yscale="log", ylim=(1, 3e4), xlim=(-5, 170), xlabel="ms after the fault", ylabel="uA")
    ax.set_title("Rset shorted: without the watch, a lift and then probes")
    ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(0.08, 0.45))


def _one_way(ax: Axes, results: Results) -> None:
    names = (
        ("sw1_weld_sink unwatched", COLOURS[1], "--", "switch 1 welded to the sink, unwatched"),
        ("sw1_weld_sink", COLOURS[1], "-", "the same, watched"),
        ("sw1_weld_firm", COLOURS[2], "-", "the same, Firm"),
        ("el_a_high unwatched", COLOURS[0], "--", "EL_A stuck high, unwatched"),
        ("el_a_high", COLOURS[0], "-", "the same, watched"),
        ("stuck_phase", COLOURS[3], "-", "PIO stuck in a phase"),
    )
    for name, colour, style, label in names:
        trace = results.traces[name]
        fault = faults.by_name(name.split()[0])
        charge = trace.total_nc(trace.t_us) / 1000
        net = np.abs(charge - np.interp(fault.since_us, trace.t_us, charge))
        ax.plot((trace.t_us - fault.since_us) / 1e6, net, color=colour, ls=style, lw=1, label=label)
    ax.axhline(WATCH_C * 1e6, color="#555555", lw=0.8, ls="--")
    ax.set(xlabel="s after the fault", ylabel="uC one way", title="Charge in one direction", xlim=(0, 5), ylim=(0, 80))
    ax.legend(fontsize=7)


def _keep_alive(ax: Axes, results: Results) -> None:
    trace = results.traces["keep_alive"]
    last = faults.by_name("keep_alive").flaw_us
    ms = (trace.t_us - last) / 1000
    ax.plot(ms, trace.ua, color=COLOURS[0], lw=1, label="current, uA")
    ax.plot(ms, trace.plot["v(rail)"] * 10, color=COLOURS[1], lw=1, label="rail, 0.1 V")
    ax.axvline(20, color="#555555", lw=0.8, ls="--")
    ax.set(
        xlim=(-5, 30),
        ylim=(-10, 450),
        xlabel="ms after the last edge of STAGE_ALIVE",
        title="Processor stops in a phase of 400 uA",
    )
    ax.legend(fontsize=7)


def _agreement(ax: Axes, results: Results, which: str) -> None:
    for load, colour in zip(("500", "2k", "10k", "good", "typical", "poor", "dry"), COLOURS, strict=False):
        pairs = [p for p in results.pairs if p.load == load and (which == "charge" or p.settled)]
        if which == "current":
            x, y = [abs(p.spice_ua) for p in pairs], [abs(p.world_ua) - abs(p.spice_ua) for p in pairs]
        else:
            x, y = [abs(p.spice_nc) for p in pairs], [abs(p.world_nc) - abs(p.spice_nc) for p in pairs]
        ax.plot(x, y, ".", color=colour, ms=4, label=_label(load))
    most, floor, unit = (520.0, 2.0, "uA") if which == "current" else (10_000.0, 0.5, "nC")
    x_limit = np.geomspace(5, most, 100)
    for sign in (1, -1):
        ax.plot(x_limit, sign * np.maximum(0.02 * x_limit, floor), color=COLOURS[1], lw=1.2)
    ax.set(xscale="log", xlabel=f"SPICE, {unit}", ylabel=f"simulator less SPICE, {unit}")
    ax.set_title(f"The simulator's {which} of each phase")
    if which == "charge":
        ax.set_yscale("symlog", linthresh=1)
    ax.legend(fontsize=7, loc="lower left")
