"""One broken part at a time: what reaches the skin, for how long, and what ended it.

A fault is one or two lines of netlist that V(flaw) closes, or a parameter, while the firmware plays on. The run is
judged by what passes through the skin, and by two protections: the latch of the circuit, and the pulse loop
(`guarded.py`). After a cut by the firmware the run is played again with the output off from there, and with the
contact probe from a tenth of a second later when the cut is one that the session gets over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from tonus import limits

from . import ngspice
from .deck import LOADS, Bench, Load, transient
from .drive import BOARD, Drive, codes_of, hold, of_waveform, probes, shipped_presets, single
from .guarded import Cut, cut
from .measure import Trace

OVER_UA = 600.0
OVER_MAX_US = 25_000.0  # no single fault lets more than OVER_UA flow for longer than this, added up
ORDINARY_US = 10.0  # an ordinary phase begins with a few microseconds above OVER_UA
LEFT_MAX_UA = float(limits.DC_FAULT_UA)  # DC that the watch may leave unseen: its threshold, 9 uA, with its tolerances
CHARGE_MAX_UC = limits.CHARGE_FAULT_NC / 1000  # account of charge
MEAN_US = 1000.0
TAIL_US = 100_000  # the stretch at the end of a run that "DC left" is the mean of
FLAW_US = 1_000.0  # no fault is there at the start: the latch is not armed before


def _bridge(name: str, a: str, b: str, ohm: float = 1.0) -> str:
    """A resistance that the flaw closes between two nodes."""
    return f"Bflaw_{name} {a} {b} I = V({a}, {b}) * V(flaw) / {ohm}"


def _force(node: str, volts: float, ohm: float = 1.0) -> str:
    """A node that the flaw ties to a voltage."""
    return f"Bflaw_{node} {node} 0 I = (V({node}) - {volts}) * V(flaw) / {ohm}"


@dataclass(frozen=True)
class Fault:
    """What breaks, and what the board is doing then. `about` is a phrase for the table."""

    name: str
    about: str
    extra: tuple[str, ...] = ()
    params: dict[str, float] = field(default_factory=dict)
    drive: Callable[[], Drive] = field(default=lambda: lift_pulses(16))
    load: Load = LOADS["500"]
    flaw_us: float = FLAW_US
    sense_open: bool = False
    not_driven: int = 0
    keep_alive_us: float | None = None
    fast: bool = True  # shows itself within a few milliseconds: the quick tests play it
    processor_stops: bool = False

    @property
    def since_us(self) -> float:
        """When it breaks: a fault that is a parameter, or the firmware's own, is there from the start."""
        return self.flaw_us if self.extra or self.processor_stops else 0.0


def lift_pulses(cycles: int) -> Drive:
    """Lift's first waveform at level 10: 400 uA, 500 us, 80 Hz."""
    return of_waveform(shipped_presets()[0].zones[0].waveform, 400, cycles=cycles)


def firm_pulses(cycles: int) -> Drive:
    """Firm: 90 uA, 500 ms, 0.9 Hz, with probes in the rests."""
    return _preset("firm", cycles)


def absorb_pulses(cycles: int) -> Drive:
    """Absorb: bursts of 50 pulses of 240 uA, 400 us, one way and then the other."""
    return _preset("absorb", cycles)


def _preset(id: str, cycles: int) -> Drive:
    preset = next(p for p in shipped_presets() if p.id == id)
    return of_waveform(preset.zones[0].waveform, preset.top_ua, cycles=cycles)


def widest() -> Drive:
    """The widest phase there is, 500 ms, at the 90 uA that its charge allows."""
    return single(_SLOW, 500_000, gap_us=1000, period_us=1_100_000)


_LIFT = codes_of(400)
_SLOW = codes_of(90)

FAULTS = (
    # The current sink.
    Fault("rset_short", "Rset shorted, 500 Ohm", (_bridge("rset_short", "src", "0", 0.1),)),
    Fault("rset_short_0", "the same, electrodes touching", (_bridge("rset_short", "src", "0", 0.1),), load=LOADS["0"]),
    Fault("rset_short_20k", "the same, 20 kOhm", (_bridge("rset_short", "src", "0", 0.1),), load=LOADS["20k"]),
    Fault(
        "rset_short_fast",
        "the same, 100 us phases at 300 Hz",
        (_bridge("rset_short", "src", "0", 0.1),),
        drive=lambda: single(_LIFT, 100, 50, 3333, 60),
    ),
    Fault(
        "rset_short_probe",
        "the same, while probing for contact",
        (_bridge("rset_short", "src", "0", 0.1),),
        drive=lambda: probes(10),
    ),
    Fault("rset_half", "Rset at half its value", (_bridge("rset_half", "src", "0", 4020.0),)),
    Fault("rset_open", "Rset open", params={"rset": 1e9}),
    Fault("fet_short", "FET, drain to source", (_bridge("fet_short", "drain", "src"),)),
    Fault("fet_gate_drain", "FET, gate to drain", (_bridge("fet_gd", "gate", "drain", 10.0),)),
    Fault("fet_gate_source", "FET, gate to source", (_bridge("fet_gs", "gate", "src", 10.0),)),
    Fault("op_high", "op-amp output stuck high, FET threshold 0.6 V", (_force("opout", 3.3),), {"fet_vth": 0.6}),
    Fault("op_low", "op-amp output stuck low", (_force("opout", 0.0),)),
    Fault("feedback_open", "op-amp's feedback wire open", params={"fb_r": 1e12}),
    Fault("dac_full", "DAC stuck at full scale, set 400 uA", (_force("dac", 2.0475, 0.01),)),
    Fault(
        "dac_full_200",
        "the same, set 200 uA",
        (_force("dac", 2.0475, 0.01),),
        drive=lambda: single(codes_of(200), 500, cycles=16),
    ),
    Fault("sense_open", "sense wire to the ADC open", sense_open=True),
    # Polarity.
    Fault("sw1_rail", "switch 1 stuck on the rail", (_force("in1", 0.0),), fast=False),
    Fault("sw2_rail", "switch 2 stuck on the rail", (_force("in2", 0.0),)),
    Fault(
        "sw1_rail_absorb",
        "the same, in a burst of Absorb",
        (_force("in1", 0.0),),
        drive=lambda: absorb_pulses(1),
        flaw_us=10_000.0,
        fast=False,
    ),
    Fault("sw1_sink", "switch 1 stuck on the sink", (_force("in1", 3.3),)),
    Fault(
        "sw1_weld_rail",
        "switch 1 welded to the rail: current reads right, one way through the skin",
        (_bridge("weld", "switch1", "rail", 12.0),),
        drive=lambda: lift_pulses(480),
        fast=False,
    ),
    Fault(
        "sw1_weld_sink",
        "switch 1 welded to the sink, likewise",
        (_bridge("weld", "switch1", "sink", 12.0),),
        drive=lambda: lift_pulses(520),
        fast=False,
    ),
    Fault(
        "sw1_weld_firm",
        "the same with Firm",
        (_bridge("weld", "switch1", "sink", 12.0),),
        drive=lambda: firm_pulses(3),
        fast=False,
    ),
    Fault(
        "dac_full_firm",
        "DAC stuck at full scale in a phase of Firm",
        (_force("dac", 2.0475, 0.01),),
        drive=lambda: firm_pulses(2),
        flaw_us=700_000.0,
        fast=False,
    ),
    Fault(
        "el_a_firm",
        "EL_A stuck high, with Firm",
        (_force("el_a", 3.3, 0.1),),
        drive=lambda: firm_pulses(3),
        flaw_us=300_000.0,
        not_driven=-1,
        fast=False,
    ),
    Fault(
        "stuck_firm",
        "PIO stuck in a phase of Firm, firmware's account not counted on",
        drive=lambda: hold(_SLOW, 1_500_000),
        processor_stops=True,
        fast=False,
    ),
    Fault("sw1_open", "switch 1 open", params={"sw_on1": 1e9}),
    Fault(
        "el_a_high",
        "EL_A stuck high",
        (_force("el_a", 3.3, 0.1),),
        drive=lambda: lift_pulses(32),
        not_driven=-1,
        fast=False,
    ),
    Fault(
        "el_b_high",
        "EL_B stuck high",
        (_force("el_b", 3.3, 0.1),),
        drive=lambda: lift_pulses(32),
        not_driven=1,
        fast=False,
    ),
    Fault("in_bridge", "solder between IN1 and IN2", (_bridge("bridge", "in1", "in2"),)),
    Fault("rest_on", "the rest's switch stuck on", (_bridge("rest", "rest1", "rail"),)),
    Fault(
        "hand_on_ground",
        "a hand on the device's ground, in a rest",
        (_bridge("hand1", "e1", "0", 2000.0), _bridge("hand2", "e2", "0", 2000.0)),
        flaw_us=3_000.0,
    ),
    Fault("rest_off", "the rest's switch open", (_bridge("rest_off", "rest_g", "rail"),)),
    Fault("test_short_on", "the self-test's 10 kOhm stuck on", (_bridge("short", "rail", "short1"),)),
    Fault("esd1_short", "ESD diode of electrode 1 shorted", (_bridge("esd", "d1", "0"),)),
    Fault(
        "esd1_short_wide",
        "the same, 500 ms phases, in the reverse one",
        (_bridge("esd", "d1", "0"),),
        drive=widest,
        flaw_us=540_000.0,
        fast=False,
    ),
    Fault("esd2_short", "ESD diode of electrode 2 shorted", (_bridge("esd", "d2", "0"),)),
    # Supply.
    Fault(
        "rail_over", "boost at its over-voltage limit, 29.2 V", ("Bover 0 rail I = (29.2 - V(rail)) * 0.1 * V(flaw)",)
    ),
    Fault(
        "keep_alive",
        "processor stops in a phase of 400 uA",
        drive=lambda: hold(_LIFT, 200_000),
        keep_alive_us=20_000.0,
        flaw_us=19_000.0,
        processor_stops=True,
    ),
    Fault(
        "stuck_phase",
        "PIO stuck in a phase, keep-alive goes on",
        drive=lambda: hold(_LIFT, 400_000),
        processor_stops=True,
        fast=False,
    ),
    Fault("sink_divider", "upper resistor of the sink divider shorted", params={"sink_top": 1e3}),
)


@dataclass(frozen=True)
class Outcome:
    """What a fault did. Currents in uA, charges in uC, times in us.

    peak_ua: largest mean of 10 us. over_us: longest time above OVER_UA. over_all_us: all of it.
    trip_us: from the fault to the circuit's latch. cut: the firmware's. unpaired_uc: the largest net charge.
    account_uc: the most that the account of charge gets to. left_ua: mean current at the end. last_us: from the fault
    to the last time that more than the probe flowed. by: what ended it, in words.
    """

    fault: Fault
    peak_ua: float
    over_us: float
    over_all_us: float
    trip_us: float | None
    tripped_by: str
    cut: Cut | None
    unpaired_uc: float
    account_uc: float
    left_ua: float
    last_us: float

    @property
    def ended_us(self) -> float | None:
        """From the fault to what ended it; None when nothing did."""
        if self.trip_us is not None:
            return self.trip_us
        if self.cut is not None:
            return self.cut.t_us - self.fault.since_us
        return self.last_us if self.fault.keep_alive_us is not None else None

    @property
    def kept(self) -> bool:
        """Whether the promise is kept."""
        dc = abs(self.left_ua) <= LEFT_MAX_UA and self.account_uc <= CHARGE_MAX_UC
        return self.over_all_us <= OVER_MAX_US and dc

    @property
    def by(self) -> str:
        if self.trip_us is not None:
            return self.tripped_by
        if self.cut is not None:
            return f"firmware, `{self.cut.name}`"
        if self.fault.keep_alive_us is not None:
            return "keep-alive"
        return "nothing needed: the source bounds it" if self.over_us < ORDINARY_US and self.kept else "nothing"


# The three ways in which the latch ends the output, each cut off from it by one wire that is somewhere else.
WAYS = {
    "decoder": (("XU4A trip ", "XU4A 0 "),),
    "gate pull-down": (("XQ5 trip 0 gate", "XQ5 0 0 gate"),),
    "boost enable": (("XU14 keep stage_fault_n ", "XU14 keep v3v3 "),),
}


def play(fault: Fault, watch: bool = True, without: str = "") -> tuple[Outcome, Trace]:
    """Play one fault. watch: with the electrode watch fitted. without: of WAYS, broken as well. Raises SpiceError."""
    drive = fault.drive()
    params = dict(fault.params)
    if not watch:
        params["watch_fitted"] = 0
    bench = Bench(
        fault.load,
        params,
        fault.extra,
        flaw_us=fault.flaw_us,
        alive_until_us=fault.keep_alive_us,
        rewired=WAYS[without] if without else (),
    )
    trace = Trace.of(ngspice.run(transient(bench, drive))[0])
    tripped = trace.when("v(trip)", 0.5)
    cutting = None if fault.processor_stops else cut(trace, drive, fault.sense_open, fault.not_driven)
    if cutting is not None and (tripped is None or cutting.t_us < tripped):
        # Played again: off from the cut on; a lift is followed by probes, for as long as the run was.
        drive = drive.until(int(cutting.t_us), int(cutting.t_us) + 100_000)
        if cutting.name == "lift":
            drive = drive.then(probes(8), drive.end_us)
        trace = Trace.of(ngspice.run(transient(bench, drive))[0])
        tripped = trace.when("v(trip)", 0.5)
    else:
        cutting = None
    return _judge(fault, trace, tripped, cutting), trace


def _judge(fault: Fault, trace: Trace, tripped: float | None, cutting: Cut | None) -> Outcome:
    since = fault.since_us
    end = float(trace.t_us[-1])
    net = trace.total_nc(trace.t_us) / 1000
    net -= np.interp(since, trace.t_us, net)
    spans = trace.over_us(OVER_UA, since)
    left = trace.charge_nc(max(end - TAIL_US, since), end) * 1000 / min(TAIL_US, end - since)
    return Outcome(
        fault,
        peak_ua=_sustained_ua(trace, since),
        over_us=max(spans, default=0.0),
        over_all_us=sum(spans),
        trip_us=None if tripped is None else tripped - since,
        tripped_by="" if tripped is None else _who(trace, tripped),
        cut=cutting,
        unpaired_uc=float(np.abs(net[trace.t_us >= since]).max()),
        account_uc=trace.account_uc(since),
        left_ua=left,
        last_us=_last_us(trace) - since,
    )


def _sustained_ua(trace: Trace, since: float) -> float:
    """Largest mean current of any 10 us: what charging the stray capacitances, in 0.2 us, does not count for."""
    ends = np.arange(since + 10, trace.t_us[-1], 2.0)
    return float(np.abs(trace.total_nc(ends) - trace.total_nc(ends - 10)).max() * 100)


def _last_us(trace: Trace) -> float:
    """When a millisecond's mean was last more than a probe."""
    ends = np.arange(MEAN_US, trace.t_us[-1], 100.0)
    means = np.abs(trace.total_nc(ends) - trace.total_nc(ends - MEAN_US)) * 1000 / MEAN_US
    return float(max(ends[means > limits.PROBE_MAX_UA], default=0.0))


def _who(trace: Trace, t_us: float) -> str:
    """Which of the three comparators set the latch."""
    before = t_us - 0.05
    wdc, wfast = trace.at(before, "v(wdc)"), trace.at(before, "v(wfast)")
    if abs(wdc - 1.25) > 0.145:
        return "electrode watch, DC"
    if abs(wfast - 1.25) > 0.93:
        return "electrode watch, 575 uA"
    return "trip at Rset, 600 uA"


def by_name(name: str) -> Fault:
    """The fault called that. KeyError when there is none."""
    return {fault.name: fault for fault in FAULTS}[name]


__all__ = ["BOARD", "FAULTS", "Fault", "Outcome", "by_name", "play"]
