"""Moments that no phase list has: skin on the electrodes while the rail comes and goes, supplies that fail in a phase,
ripple, a slow op-amp, a clamp that is shorted at the start.

Currents in uA, charges in nC, times in us.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import ngspice
from .deck import LOADS, START, Bench, transient
from .drive import Drive, Phase, codes_of, hold, single
from .faults import OVER_UA
from .measure import Trace

LOGIC = "V3v3 v3v3 0 3.3"
BOOST = "XBOOST boost_en rail boost"
SWITCH_ON = "Bkeep_forced pump 0 I = keep_forced * (V(pump) - 2.6) / 100"
WINDOW_US = 10.0
NET_MAX_NC = 500.0  # of any of these: a phase and a half of Lift; ...
UNDER_WAY_NC = 0.4 * 19_200  # what the phase of 20 ms was still to carry when the supply failed
TOUCH_LOADS = ("500", "good")


@dataclass(frozen=True)
class Moment:
    """peak_ua: largest mean of 10 us from `since` on. over_us: time above OVER_UA, added up. net_nc: largest charge in
    one direction from then on, but for what the phase under way was to carry."""

    what: str
    load: str
    peak_ua: float
    over_us: float
    net_nc: float

    @property
    def kept(self) -> bool:
        """No more than a whole stage gives, and no charge that matters."""
        return self.peak_ua <= OVER_UA * 1.3 and self.net_nc <= NET_MAX_NC


def _judge(what: str, load: str, trace: Trace, since: float, ordinary_nc: float = 0.0) -> Moment:
    ends = np.arange(since + WINDOW_US, float(trace.t_us[-1]), 2.0)
    means = np.abs(trace.total_nc(ends) - trace.total_nc(ends - WINDOW_US)) * 1000 / WINDOW_US
    net = np.abs(trace.total_nc(ends) - trace.total_nc(np.array([since]))[0])
    over = sum(trace.over_us(OVER_UA, since))
    return Moment(what, load, float(means.max()), over, max(0.0, float(net.max()) - ordinary_nc))


def _run(bench: Bench, drive: Drive, end_us: float | None = None, start: str = START) -> Trace:
    return Trace.of(ngspice.run(transient(bench, drive, end_us=end_us).replace(START, start))[0])


def rail_comes(load: str) -> Moment:
    """The keep-alive starts with skin on the electrodes, at rest: the rail rises from nothing."""
    on = SWITCH_ON.replace("keep_forced *", "(time > 500u ? keep_forced : 0) *")
    bench = Bench(LOADS[load], rewired=((SWITCH_ON, on),))
    return _judge("rail comes up, skin on the electrodes", load, _run(bench, Drive((), 12_000), start=""), 400.0)


def rail_goes(load: str) -> Moment:
    """The keep-alive stops in a rest: the rail falls."""
    off = SWITCH_ON.replace("keep_forced *", "(time < 500u ? keep_forced : 0) *")
    bench = Bench(LOADS[load], rewired=((SWITCH_ON, off),))
    return _judge("rail goes, skin on the electrodes", load, _run(bench, Drive((), 40_000)), 400.0)


def logic_falls(load: str) -> Moment:
    """3V3 falls within a millisecond, in a phase of 400 uA, with all that hangs on it."""
    drive = Drive((Phase(200, 20_000, 1, codes_of(400)),), 21_000)
    falls = "V3v3 v3v3 0 PWL(0 3.3 1m 3.3 2m 0)"
    trace = _run(Bench(LOADS[load], rewired=((LOGIC, falls),)), drive)
    return _judge("3V3 falls in a phase of 400 uA", load, trace, 1000.0, UNDER_WAY_NC)


def cell_pulled(load: str) -> Moment:
    """The boost has no input any more in a phase of 400 uA; 3V3 holds on for two milliseconds."""
    drive = Drive((Phase(200, 20_000, 1, codes_of(400)),), 21_000)
    gone = (
        (BOOST, "Vcell cellok 0 PWL(0 3.3 1m 3.3 1.001m 0)\nXBOOST cellok rail boost"),
        (LOGIC, "V3v3 v3v3 0 PWL(0 3.3 3m 3.3 4m 0)"),
    )
    trace = _run(Bench(LOADS[load], rewired=gone), drive)
    return _judge("cell pulled in a phase of 400 uA", load, trace, 1000.0, UNDER_WAY_NC)


def moments() -> list[Moment]:
    """Each, into a resistor and a skin."""
    return [play(load) for play in (rail_comes, rail_goes, logic_falls, cell_pulled) for load in TOUCH_LOADS]


@dataclass(frozen=True)
class Ripple:
    """Of the rail, V peak to peak, and of the current through 500 Ohm, uA peak to peak."""

    rail_v: float
    ua: float


RIPPLE_MA, RIPPLE_HZ = 60.0, 120e3  # what bursts of a converter of 0.4 A bring


def ripple() -> Ripple:
    """The boost's bursts, as a current into the rail, in a phase of 400 uA."""
    extra = (f"Iripple 0 rail sin(0 {RIPPLE_MA}m {RIPPLE_HZ:g})",)
    bench = Bench(LOADS["500"], extra=extra)
    trace = Trace.of(ngspice.run(transient(bench, hold(codes_of(400), 1500), step_us=0.5))[0])
    late = (trace.t_us > 1000) & (trace.t_us < 1500)
    return Ripple(float(np.ptp(trace.plot["v(rail)"][late])), float(np.ptp(trace.ua[late])))


SLOW = {"op_gbw": 1e6, "op_slew": 0.6e6}


def slow_op_amp() -> Moment:
    """An op-amp ten times slower than the one that is meant: MCP6002 where MCP6022 belongs."""
    drive = single(codes_of(400), 500)
    trace = _run(Bench(LOADS["500"], dict(SLOW)), drive)
    start = drive.phases[0].t_us
    ordinary = _run(Bench(LOADS["500"]), drive).charge_nc(start, start + 500)
    extra = abs(trace.charge_nc(start, start + 500) - ordinary)
    judged = _judge("op-amp ten times slower", "500", trace, start, 1e9)
    return Moment(judged.what, judged.load, judged.peak_ua, judged.over_us, extra)


@dataclass(frozen=True)
class Clamp:
    """What the self-test's current through the short reads, uA, with a clamp shorted to `to`; `whole` without."""

    which: str
    to: str
    ua: float
    sink_v: float


SELF_TEST_CODE = 640


def clamps() -> list[Clamp]:
    """Both lines high, a code held: the sense and the sink node, with nothing broken first."""
    found = []
    for which, to in (("none", ""), *((d, t) for d in ("d1", "d2") for t in ("0", "rail"))):
        extra = (f"Rclamp {which} {to} 1",) if to else ()
        drive = Drive((Phase(200, 8000, 1, SELF_TEST_CODE),), 8300)
        deck = transient(Bench(LOADS["500"], {"watch_fitted": 0}, extra), drive)
        deck = deck.replace("Vel_b pin_b 0 PWL(0 0)", "Vel_b pin_b 0 PWL(0 0 200u 0 200.005u 3.3)")
        trace = Trace.of(ngspice.run(deck)[0])
        found.append(Clamp(which, to, trace.at(8000, "v(src)") / 4020 * 1e6, trace.at(8000, "v(sink)")))
    return found
