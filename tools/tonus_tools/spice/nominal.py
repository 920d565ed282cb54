"""The stage with every part at its nominal value: accuracy, compliance, settling, charge, leakage, a lift.

Currents in uA, charges in nC, times in us, loads in Ohm. Nothing is calibrated here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import ngspice
from .deck import LOADS, PURE_STEP_US, STEP_US, Bench, held, staircase, transient
from .drive import BOARD, UA_PER_CODE, Drive, Phase, codes_of, hold, of_waveform, probes, shipped_presets, single
from .measure import Trace, settled_us
from .ngspice import Floats

SET_UA = (40, 200, 400, 500)
# Charge injection and on-resistance of the two switches are not alike.
UNEQUAL = {"sw_q1": 5e-12, "sw_q2": 20e-12, "sw_on1": 9.0, "sw_on2": 25.0}
HOT = {"sw_off": 24 / 5e-9, "fet_leak": 24 / 10e-6}  # 5 nA a switch, 10 uA through a hot FET


@dataclass(frozen=True)
class Curve:
    """Delivered over set current, into one load."""

    load: str
    set_ua: Floats
    ua: Floats

    def at(self, set_ua: float) -> float:
        return float(np.interp(set_ua, self.set_ua, self.ua))


def curve(load: str, params: dict[str, float] | None = None) -> Curve:
    """0..500 uA into a load."""
    codes = np.arange(0, 4021, 60)
    steps = [(float(code), None) for code in codes]
    step_us = STEP_US if LOADS[load].c else PURE_STEP_US
    ua, _ = held(
        ngspice.run(staircase(Bench(LOADS[load], params or {}), steps, step_us))[0], len(steps), step_us=step_us
    )
    return Curve(load, np.asarray(codes * UA_PER_CODE, dtype=np.float64), ua)


def compliance_ohm(set_ua: float, rail_v: float, step_ohm: int = 500) -> float:
    """The largest pure load into which 98 % of a set current flows, in steps."""
    ohms = np.arange(30_000.0, 60_001.0, step_ohm)
    steps = [(float(codes_of(set_ua)), float(ohm)) for ohm in ohms]
    ua, _ = held(ngspice.run(staircase(Bench(LOADS["500"], {"boost_v": rail_v}), steps))[0], len(steps))
    return float(ohms[np.flatnonzero(ua >= 0.98 * set_ua)[-1]])


@dataclass(frozen=True)
class Pulse:
    """One biphasic pulse: settling of its first phase, charges of both, and what is left over."""

    what: str
    load: str
    settled_us: float
    set_nc: float
    forward_nc: float
    reverse_nc: float
    net_nc: float
    dc_ua: float


def pulse(what: str, drive: Drive, load: str, params: dict[str, float] | None = None) -> Pulse:
    """The last cycle of a phase list."""
    trace = Trace.of(ngspice.run(transient(Bench(LOADS[load], params or {}), drive))[0])
    start_us = drive.end_us - drive.cycle_us - 50
    last = [p for p in drive.phases if p.t_us >= start_us and not p.probe]
    forward, reverse = next(p for p in last if p.direction > 0), next(p for p in last if p.direction < 0)
    net_nc = trace.charge_nc(start_us, drive.end_us - 50)
    return Pulse(
        what,
        load,
        settled_us(trace, forward),
        forward.set_ua * forward.us / 1000,
        trace.charge_nc(forward.t_us, forward.end_us),
        trace.charge_nc(reverse.t_us, reverse.end_us),
        net_nc,
        net_nc * 1000 / drive.cycle_us,
    )


def pulses() -> list[Pulse]:
    """What ships, at the lowest and highest level, and the corners of the range; into a resistor and a skin."""
    lists: list[tuple[str, Drive]] = []
    for preset in shipped_presets():
        w = preset.zones[0].waveform
        cycles = 1 if w.burst_pulses else 2
        lists += [(f"{preset.name}, level {n}", of_waveform(w, preset.top_ua, n, cycles)) for n in (1, 10)]
    lists += [("probe", probes(2)), ("500 uA, 100 us, 300 Hz", single(codes_of(500), 100, 50, 3333, 3))]
    return [pulse(what, drive, load, UNEQUAL) for what, drive in lists for load in ("500", "good")]


# What a phase may carry beyond code x time, nC, and its largest current, mA, by the person's capacitance to earth, pF.
STRAY_MAX = {0: (0.5, 1.0), 200: (0.5, 1.0), 1000: (0.7, 2.0)}
STRAY_US = 20.0
STRAY_LOADS = ("500", "2k", "10k", "good")
STRAY_UA = (12.0, 400.0)


@dataclass(frozen=True)
class Spike:
    """The start of a phase: its largest current, and what strays and a person's capacitance to earth add to the set
    current, or take of it, in the first STRAY_US: the forward phase, and the reverse one after it."""

    load: str
    set_ua: float
    person_pf: int
    peak_ma: float
    forward_nc: float
    reverse_nc: float

    @property
    def kept(self) -> bool:
        nc, ma = STRAY_MAX[self.person_pf]
        return max(self.forward_nc, self.reverse_nc) <= nc and self.peak_ma <= ma


def spike(load: str, set_ua: float = 400.0, person_pf: int = 0) -> Spike:
    """The second pulse of two: half of the person's capacitance at each electrode."""
    drive = single(codes_of(set_ua), 500, 100, 3333, 2)
    extra = tuple(f"Cperson{i} e{i} 0 {person_pf / 2}p" for i in (1, 2) if person_pf)
    trace = Trace.of(ngspice.run(transient(Bench(LOADS[load], extra=extra), drive, step_us=5.0))[0])
    peaks, charges = [], []
    for phase in drive.phases[2:]:
        _, ua = trace.within(phase.t_us - 0.5, phase.t_us + STRAY_US)
        peaks.append(float(np.abs(ua).max() / 1000))
        settled = phase.direction * trace.at(phase.t_us + 3 * STRAY_US)
        passed = phase.direction * trace.charge_nc(phase.t_us - 0.5, phase.t_us + STRAY_US)
        charges.append(passed - settled * STRAY_US / 1000)
    return Spike(load, set_ua, person_pf, max(peaks), *charges)


def spikes() -> list[Spike]:
    """Loads that pass the set current, the lowest of the shipped levels and the highest, each with each person."""
    return [spike(load, ua, pf) for load in STRAY_LOADS for ua in STRAY_UA for pf in STRAY_MAX]


def leakage_na(load: str = "500") -> float:
    """Current through the skin with the rail up and the electrodes shorted, every leak at its largest, nA."""
    drive = Drive((), 20_000)
    trace = Trace.of(ngspice.run(transient(Bench(LOADS[load], HOT), drive))[0])
    return abs(trace.charge_nc(10_000, 19_000)) / 9_000 * 1e6


def driven_leakage_ua(load: str = "500") -> float:
    """What the skin carries beside the set current while it is driven: the sink divider."""
    drive = hold(codes_of(200), 2000)
    trace = Trace.of(ngspice.run(transient(Bench(LOADS[load], HOT), drive))[0])
    return trace.at(1500) - trace.at(1500, "v(src)") / float(BOARD.RSET_OHM) * 1e6


@dataclass(frozen=True)
class Lift:
    """An electrode that lifts and returns within a phase at full level: charge of the phase, and of one left alone."""

    load: str
    lift_us: float
    back_us: float
    nc: float
    ordinary_nc: float
    peak_ua: float
    trace: Trace
    phase: Phase


LIFT_TIMES_US = ((20, 21), (100, 105), (100, 200), (50, 450), (250, 490), (480, 495), (497, 499))


def lifts(load: str, set_ua: float = 500.0, times_us: Sequence[tuple[float, float]] = LIFT_TIMES_US) -> list[Lift]:
    """Lifts of all lengths: when, and when back."""
    drive = single(codes_of(set_ua), 500)
    phase = drive.phases[0]

    def run(touch: tuple[float, ...]) -> Trace:
        return Trace.of(ngspice.run(transient(Bench(LOADS[load], touch_us=touch), drive))[0])

    ordinary = run(()).charge_nc(phase.t_us, phase.end_us)
    found = []
    for lift_us, back_us in times_us:
        trace = run((phase.t_us + lift_us, phase.t_us + back_us))
        back = phase.t_us + back_us
        ends = np.arange(back + 5.0, back + 100.0)
        peak = float((trace.total_nc(ends) - trace.total_nc(ends - 5.0)).max() * 1000 / 5)
        nc = trace.charge_nc(phase.t_us, phase.end_us)
        found.append(Lift(load, lift_us, back_us, nc, ordinary, peak, trace, phase))
    return found


__all__ = [
    "UA_PER_CODE",
    "Curve",
    "Lift",
    "Pulse",
    "Spike",
    "compliance_ohm",
    "curve",
    "lifts",
    "pulses",
    "spike",
    "spikes",
]
