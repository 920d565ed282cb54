"""Runs everything and writes it down: results.md, one page of plots, and the promises that were not kept.

Each promise is a line with what is allowed and what was found, so that a reader need not look for it.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from . import agreement, faults, moments, montecarlo, nominal, power, starts
from .measure import Trace

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.md"
WORKERS = os.cpu_count() or 1
PLOTS = HERE / "results.png"
# Faults that are shown without the electrode watch too: what it is for.
UNWATCHED = (
    "rset_short",
    "rset_short_probe",
    "rset_half",
    "fet_gate_drain",
    "sw1_rail_absorb",
    "sw1_weld_sink",
    "el_a_high",
    "esd1_short_wide",
    "stuck_phase",
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Promise:
    """What must hold, what was found, and whether it does."""

    text: str
    allowed: str
    found: str
    kept: bool


@dataclass
class Results:
    """Everything that was run."""

    curves: list[nominal.Curve] = field(default_factory=list)
    compliance: list[tuple[float, float, float]] = field(default_factory=list)
    pulses: list[nominal.Pulse] = field(default_factory=list)
    spikes: list[nominal.Spike] = field(default_factory=list)
    lifts: list[nominal.Lift] = field(default_factory=list)
    leak_na: float = 0.0
    driven_ua: float = 0.0
    outcomes: list[faults.Outcome] = field(default_factory=list)
    unwatched: list[faults.Outcome] = field(default_factory=list)
    halved: dict[str, list[faults.Outcome]] = field(default_factory=dict)
    into_cell: list[power.IntoCell] = field(default_factory=list)
    reversed_ma: tuple[float, float] = (0.0, 0.0)
    mains_ua: tuple[float, float] = (0.0, 0.0)
    touches: list[power.Touch] = field(default_factory=list)
    fed_v: float = 0.0
    odd: list[moments.Moment] = field(default_factory=list)
    ripple: moments.Ripple | None = None
    clamps: list[moments.Clamp] = field(default_factory=list)
    tried: list[starts.Tried] = field(default_factory=list)
    traces: dict[str, Trace] = field(default_factory=dict)
    samples: list[montecarlo.Sample] = field(default_factory=list)
    corners: list[montecarlo.Sample] = field(default_factory=list)
    pairs: list[agreement.Pair] = field(default_factory=list)

    def promises(self) -> list[Promise]:
        """What the board promises, held to what was run."""
        found = []

        def add(text: str, allowed: str, shown: str, kept: bool) -> None:
            found.append(Promise(text, allowed, shown, kept))

        if self.samples:
            before = max(s.before for s in self.samples)
            after = max(s.after for s in self.samples)
            dc = max(abs(s.dc_ua) for s in self.samples)
            runs = f"{len(self.samples)} devices"
            add(f"current into 500 Ohm..10 kOhm, out of the box, {runs}", "4 % or 1.5 uA", _share(before), before <= 1)
            add(f"the same, calibrated, {runs}", "2 % or 1.5 uA", _share(after), after <= 1)
            add(f"mean DC at 400 uA, 300 Hz, {runs}", "2 uA", f"{dc:.3f} uA", dc <= montecarlo.DC_MAX_UA)
        if self.outcomes:
            over = max(self.outcomes, key=lambda o: o.over_all_us)
            left = max(self.outcomes, key=lambda o: abs(o.left_ua))
            most = max(self.outcomes, key=lambda o: o.account_uc)
            add(
                "no single broken part lets more than 600 uA flow for longer, all its pulses added up",
                "25 ms",
                f"{_time(over.over_all_us)} (`{over.fault.name}`)",
                all(o.over_all_us <= faults.OVER_MAX_US for o in self.outcomes),
            )
            add(
                "account of charge of any of them",
                f"{faults.CHARGE_MAX_UC:g} uC",
                f"{most.account_uc:.1f} uC (`{most.fault.name}`)",
                most.account_uc <= faults.CHARGE_MAX_UC,
            )
            add(
                "DC that remains after any of them",
                f"{faults.LEFT_MAX_UA:g} uA",
                f"{abs(left.left_ua):.2f} uA (`{left.fault.name}`)",
                all(o.kept for o in self.outcomes),
            )
        for way, outcomes in self.halved.items():
            over = max(outcomes, key=lambda o: o.over_all_us)
            add(
                f"the same with the trip's way through the {way} broken too, {len(outcomes)} faults",
                f"25 ms, {faults.LEFT_MAX_UA:g} uA",
                f"{_time(over.over_all_us)} (`{over.fault.name}`), {max(abs(o.left_ua) for o in outcomes):.2f} uA",
                all(o.kept for o in outcomes),
            )
        for into in self.into_cell:
            allowed = power.INTO_CELL_UA[into.celsius]
            add(
                f"current into the cell that is not the charger's, {into.celsius} C",
                f"{allowed:g} uA",
                f"{into.ua:.2f} uA ({into.when})",
                into.ua <= allowed,
            )
        if self.into_cell:
            add(
                "mains through an electrode into an earthed person while charging, 4.7 nF in the charger",
                f"{power.LEAK_MAX_UA:g} uA",
                f"{self.mains_ua[0]:.2f} uA",
                self.mains_ua[0] <= power.LEAK_MAX_UA,
            )
            add(
                "an unpowered switch's supply fed by its inputs",
                f"{power.FED_MAX_V:g} V",
                f"{self.fed_v:.3f} V",
                self.fed_v <= power.FED_MAX_V,
            )
        if self.touches:
            hardest = max(self.touches, key=lambda touch: touch.switch_ma)
            add(
                "touches of 8 kV contact and 15 kV air leave every part within its limits",
                f"{power.SWITCH_MA:g} mA, {power.WATCH_V:g} V, {power.RAIL_V:g} V",
                f"{hardest.switch_ma:.0f} mA, {max(t.watch_v for t in self.touches):.1f} V, "
                f"{max(t.rail_v for t in self.touches):.1f} V",
                all(touch.kept for touch in self.touches),
            )
        if self.odd:
            worst = max(self.odd, key=lambda moment: moment.peak_ua)
            add(
                "supplies that come, go or fail, skin on the electrodes: largest mean of 10 us, charge past the phase",
                f"{faults.OVER_UA * 1.3:.0f} uA, {moments.NET_MAX_NC:g} nC",
                f"{worst.peak_ua:.0f} uA, {max(m.net_nc for m in self.odd):.1f} nC",
                all(moment.kept for moment in self.odd),
            )
        for people in ((0, 200), (1000,)):
            found_of = [s for s in self.spikes if s.person_pf in people]
            if found_of:
                nc, ma = nominal.STRAY_MAX[people[0]]
                beyond_nc = max(max(s.forward_nc, s.reverse_nc) for s in found_of)
                add(
                    f"a phase beyond code x time, person of {people[-1]} pF to earth"
                    + (", or none" if len(people) > 1 else ""),
                    f"{nc:g} nC, {ma:g} mA",
                    f"{beyond_nc:.2f} nC, {max(s.peak_ma for s in found_of):.2f} mA",
                    all(s.kept for s in found_of),
                )
        if self.tried:
            fast = [t.trip_ms or 0.0 for t in self.tried if t.most_ms == starts.FAST_MS]
            slow = [t.trip_ms or 0.0 for t in self.tried if t.most_ms > starts.FAST_MS]
            add(
                "what trips does at each start, by less than full scale, and does not before",
                f"{starts.FAST_MS} ms, DC 15 to 60 ms",
                f"{max(fast):.2f} ms, DC {min(slow):.1f} to {max(slow):.1f} ms",
                all(t.kept for t in self.tried),
            )
            add(
                "what passes through skin meanwhile",
                f"{starts.SKIN_MAX_NC / 1000:g} uC",
                f"{max(t.skin_nc for t in self.tried) / 1000:.3f} uC",
                all(t.skin_nc <= starts.SKIN_MAX_NC for t in self.tried),
            )
        if self.samples:
            watches = [montecarlo.thresholds(s.params) for s in self.samples]
            adding_ua, full_ua = _codes_ua(3000, 1), _codes_ua(4095, -1)
            uas = [ua for w in watches for ua in w.test_ua]
            add(
                f"the watch's threshold in that test, {runs}",
                f"{adding_ua:.0f} to {full_ua:.0f} uA",
                f"{min(uas):.0f} to {max(uas):.0f} uA",
                adding_ua < min(uas) and max(uas) < full_ua,
            )
        if self.lifts:
            lifted = max(self.lifts, key=lambda lift: lift.nc / lift.ordinary_nc)
            add(
                "charge when an electrode lifts and returns at 500 uA",
                "one ordinary pulse",
                f"{lifted.nc / lifted.ordinary_nc * 100:.1f} % of it",
                lifted.nc <= lifted.ordinary_nc * 1.001,
            )
        if self.pairs:
            current = max(p.current_error for p in self.pairs)
            charge = max(p.charge_error for p in self.pairs)
            phases = f"{len(self.pairs)} phases"
            add(f"the simulator's current against this, {phases}", "2 % or 2 uA", _share(current), current <= 1)
            add(f"its charge per phase, {phases}", "2 % or 0.5 nC", _share(charge), charge <= 1)
        return found


def run_all(say: Say, runs: int = montecarlo.RUNS) -> Results:
    """All runs; `say` is told what is under way. Raises SpiceError."""
    results = Results()
    say("nominal")
    results.curves = [
        nominal.curve(load) for load in ("0", "500", "2k", "10k", "20k", "good", "typical", "poor", "dry")
    ]
    results.compliance = [(ua, v, nominal.compliance_ohm(ua, v)) for ua in (400.0, 500.0) for v in (24.0, 21.6)]
    results.pulses = nominal.pulses()
    results.spikes = nominal.spikes()
    results.lifts = nominal.lifts("500") + nominal.lifts("good")
    results.leak_na = nominal.leakage_na()
    results.driven_ua = nominal.driven_leakage_ua()
    # The decks are ngspice's work: as many at a time as there are cores.
    with ThreadPoolExecutor(WORKERS) as pool:
        say(f"{len(faults.FAULTS)} faults")
        for outcome, trace in pool.map(faults.play, faults.FAULTS):
            results.outcomes.append(outcome)
            results.traces[outcome.fault.name] = trace
        say("without the electrode watch")
        for outcome, trace in pool.map(lambda name: faults.play(faults.by_name(name), watch=False), UNWATCHED):
            results.unwatched.append(outcome)
            results.traces[outcome.fault.name + " unwatched"] = trace
        quick = [fault for fault in faults.FAULTS if fault.fast]
        for way in faults.WAYS:
            say(f"{len(quick)} faults with the trip's way through the {way} broken")
            results.halved[way] = [play[0] for play in pool.map(partial(faults.play, without=way), quick)]
    say("charging, mains, touches")
    results.into_cell = power.charged_past_the_charger()
    results.reversed_ma = power.reversed_cell_ma(False), power.reversed_cell_ma(True)
    results.mains_ua = power.mains_leak_ua(5.0), power.mains_leak_ua(0.0)
    results.touches = power.touches()
    results.fed_v = power.fed_rail_v()
    results.odd = [*moments.moments(), moments.slow_op_amp()]
    results.ripple = moments.ripple()
    results.clamps = moments.clamps()
    results.tried = starts.all_tried()
    say(f"{runs} devices")
    results.samples = montecarlo.run(runs, workers=WORKERS)
    results.corners = [montecarlo.measure(montecarlo.corner(sign)) for sign in (1.0, -1.0)]
    say("agreement with the simulator")
    results.pairs = agreement.all_pairs()
    return results


def markdown(results: Results) -> str:
    """The tables."""
    parts = [
        "# What the runs found",
        "",
        _text(
            "Made by `make spice`; do not edit. [What they are](README.md), [the",
            "board](../../../boards/tonus_r1/README.md). Simulated, on the netlist's generic parts: none of it",
            "is a measurement of a built board.",
        ),
        "",
        "![Pulses, accuracy, faults and agreement](results.png)",
        "",
        "## Promises",
        "",
        _table(
            ("Promise", "Allowed", "Worst found", "Kept"),
            [(p.text, p.allowed, p.found, "yes" if p.kept else "**no**") for p in results.promises()],
        ),
        "## Current, every part nominal, not calibrated",
        "",
        "Through the skin, uA. Beyond compliance the source gives what the rail drives, and the sense reads that.",
        "",
        _table(
            ("Load", *(f"set {ua} uA" for ua in nominal.SET_UA)),
            [(_load(c.load), *(f"{c.at(ua):.1f}" for ua in nominal.SET_UA)) for c in results.curves],
        ),
        _text(
            f"The sink divider takes {results.driven_ua:.1f} uA from the skin past Rset, R15 as much from Rset at",
            f"small currents. At rest, every leak at its largest: {_small(results.leak_na)} through the skin,",
            "because both electrodes are on one node.",
        ),
        "",
        _table(
            ("Compliance", "Rail 24 V", "Rail 21.6 V"),
            [
                (f"largest load at {ua:g} uA", *(f"{o / 1000:.1f} kOhm" for a, _, o in results.compliance if a == ua))
                for ua in (400.0, 500.0)
            ],
        ),
        "## Pulses",
        "",
        _text(
            "The two switches unlike: charge injection 5 and 20 pC, 9 and 25 Ohm. Settled: within 2 % or 2 uA",
            "of the phase's end. Net is of a whole cycle.",
        ),
        "",
        _table(
            ("Pulse", "Load", "Settled", "Code x time", "Forward", "Reverse", "Net", "Mean DC"),
            [
                (
                    p.what,
                    _load(p.load),
                    f"{p.settled_us:.0f} us",
                    f"{p.set_nc:.1f} nC",
                    f"{p.forward_nc:.1f} nC",
                    f"{p.reverse_nc:.1f} nC",
                    f"{p.net_nc:.2f} nC",
                    f"{p.dc_ua:.3f} uA",
                )
                for p in results.pulses
            ],
        ),
        _text(
            "What a phase carries beside code x time: the sink divider's current; and it lacks what the rest's",
            "switch still takes for 0.3 us, and what the sink node's 80 pF and a person's capacitance give, which",
            "a rest has left near the rail. Below, the first 20 us against the current that follows; negative",
            "is less than that.",
        ),
        "",
        _table(
            ("Load", "Set", "Person to earth", "Peak", "Forward", "Reverse"),
            [
                (
                    _load(s.load),
                    f"{s.set_ua:g} uA",
                    f"{s.person_pf} pF",
                    f"{s.peak_ma:.2f} mA",
                    f"{s.forward_nc:.2f} nC",
                    f"{s.reverse_nc:.2f} nC",
                )
                for s in results.spikes
            ],
        ),
        _text(
            "Skin that was charged discharges through the short when the phase ends: as",
            "much charge as its capacitance held, 13 nC on good skin at 400 uA, up to 110 nC on poor skin that",
            "took all the voltage there is.",
        ),
        "",
        "## An electrode lifts and returns",
        "",
        _text(
            "In a phase of 500 uA and 500 us. Once firmware has taken a sample without current, the output is",
            "off and nothing flows at all.",
        ),
        "",
        _table(
            (
                "Load",
                "Lifts at",
                "Back at",
                "Charge of the phase",
                "Left alone",
                "Largest mean of 5 us after the return",
            ),
            [
                (
                    _load(x.load),
                    f"{x.lift_us:g} us",
                    f"{x.back_us:g} us",
                    f"{x.nc:.1f} nC",
                    f"{x.ordinary_nc:.1f} nC",
                    f"{x.peak_ua:.0f} uA",
                )
                for x in results.lifts
            ],
        ),
        "## Broken parts",
        "",
        _text(
            "One at a time, Lift at 400 uA into 500 Ohm unless said. Peak is the largest mean of 10 us: an",
            "ordinary pulse shows 401 uA. Net is the largest charge in one direction since the",
            "fault. Firmware is `pulse.py`'s rules, applied to the sense voltage; a lift is followed by probes,",
            "as in a session.",
        ),
        "",
        _table(
            ("Fault", "What", "Peak", "Above 600 uA, longest", "all", "Net", "Ended by", "after", "DC left"),
            [_outcome(o) for o in results.outcomes],
        ),
        "### Without the electrode watch",
        "",
        "What these do if only the trip at Rset and firmware are there, at the end of runs of 0.2 to 2 s.",
        "",
        _table(
            ("Fault", "What", "Peak", "Above 600 uA, longest", "all", "Net", "Ended by", "after", "DC left"),
            [_outcome(o) for o in results.unwatched],
        ),
        "## Around the stage",
        "",
        _text(
            f"A cell of 4.2 V the wrong way round passes {results.reversed_ma[0] * 1000:.3f} uA; with USB",
            f"plugged in the charger takes it for an empty one and draws {results.reversed_ma[1]:.0f} mA from it,",
            "until its own protection ends that. A cable whose ground is there and whose 5 V are not leaves",
            f"the relay closed: {results.mains_ua[1]:.0f} uA of mains then, as without a relay.",
        ),
        "",
        _table(
            ("Touch", "Electrode", "Into a switch's pin", "Watch's inputs", "drawn below ground", "Rail"),
            [
                (
                    f"{t.kv:+.0f} kV",
                    str(t.electrode),
                    f"{t.switch_ma:.0f} mA",
                    f"{t.watch_v:.1f} V",
                    f"{t.watch_ma:.1f} mA",
                    f"{t.rail_v:.1f} V",
                )
                for t in results.touches
            ],
        ),
        *_moments(results),
        *_tried(results),
        "## Tolerances",
        "",
        *_tolerances(results),
        "## Agreement with the simulator",
        "",
        _text(
            "For each phase list the phase that agrees least, of those into 500 Ohm, 2 kOhm, 10 kOhm and the four",
            "skins. Brackets: share of what is allowed.",
        ),
        "",
        _table(
            ("Phases", "Load", "Current here", "there", "", "Charge here", "there", ""),
            [_pair(p) for p in _worst_pairs(results.pairs)],
        ),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _moments(results: Results) -> list[str]:
    if results.ripple is None:
        return []
    ripple = results.ripple
    return [
        _table(
            ("Moment", "Load", "Largest mean of 10 us", "Above 600 uA", "Charge beyond the phase"),
            [
                (m.what, _load(m.load), f"{m.peak_ua:.0f} uA", _time(m.over_us), f"{m.net_nc:.1f} nC")
                for m in results.odd
            ],
        ),
        _text(
            f"Bursts of the boost of {moments.RIPPLE_MA:g} mA make {ripple.rail_v:.2f} V of ripple on the rail and",
            f"{ripple.ua:.1f} uA peak to peak in the skin. In the self-test, code {moments.SELF_TEST_CODE}:",
        ),
        "",
        _table(
            ("Clamp shorted", "to", "Rset", "Sink node"),
            [(c.which, c.to.replace("0", "ground"), f"{c.ua:.1f} uA", f"{c.sink_v:.2f} V") for c in results.clamps],
        ),
    ]


def _tried(results: Results) -> list[str]:
    if not results.tried:
        return []
    return [
        "## Made to trip",
        "",
        _text(
            "At each start, with LDAC low: the relay is open, its loop, a zener, carries the current in place of",
            "skin, and what trips is lowered. Shunt, Rset, and rail less sink node, just before it trips, or at the",
            "end.",
        ),
        "",
        _table(
            ("Test", "Electrodes on", "Is to trip", "Trips after", "Shunt", "Rset", "Across", "Through skin"),
            [
                (
                    t.what,
                    _load(t.load),
                    f"{t.least_ms:g} to {t.most_ms:g} ms" if t.most_ms else "no",
                    "" if t.trip_ms is None else f"{t.trip_ms:.2f} ms",
                    f"{t.watch_ua:.0f} uA",
                    f"{t.rset_ua:.0f} uA",
                    f"{t.across_v:.2f} V",
                    f"{t.skin_nc:.2f} nC",
                )
                for t in results.tried
            ],
        ),
    ]


def _codes_ua(code: int, sign: int) -> float:
    """What a DAC code may be at most (sign 1), or at least: gain, bow, offset, Rset."""
    gain = montecarlo.NORMAL["dac_gain"][1]
    offset = montecarlo.NORMAL["dac_offset"][1] + montecarlo.NORMAL["op_offset"][1]
    return float(code * nominal.UA_PER_CODE * (1 + sign * (gain + 0.001)) + sign * offset / 4020 * 1e6)


def _tolerances(results: Results) -> list[str]:
    samples, corners = results.samples, results.corners
    if not samples:
        return []
    limits = [montecarlo.thresholds(s.params) for s in samples]
    rows = []
    for name, calibrated in (("out of the box", False), ("calibrated", True)):
        errors = [
            np.interp((5, 20, 50, 200, 400), x.asked_ua, np.abs(x.after_ua if calibrated else x.before_ua).max(axis=0))
            for x in samples
        ]
        rows.append((name, *(f"{error:.2f} uA" for error in np.stack(errors).max(axis=0))))
    return [
        f"{len(samples)} devices. Worst of all loads:",
        "",
        _table(("", "at 5 uA", "at 20 uA", "at 50 uA", "at 200 uA", "at 400 uA"), rows),
        _text(
            "With DAC gain, bow and offset, op-amp offset and Rset all at their limits in one direction, the error",
            f"out of the box is {_share(max(s.before for s in corners))}. The DAC's offset, 5.1 uA, is no part of",
            "it: the self-test takes it out.",
        ),
        "",
        _text(
            f"The electrode watch of the same devices trips between {min(t.low_ua for t in limits):.0f} and",
            f"{max(t.high_ua for t in limits):.0f} uA, not before {min(t.charge_uc for t in limits):.1f} uC in",
            f"one direction, and at {max(t.dc_ua for t in limits):.1f} uA of DC at the latest. What firmware may",
            "put in one direction is 45 uC, 50 uC with 10 % of accuracy. In the self-test",
            f"{min(t.test_ua[0] for t in limits):.0f} to {max(t.test_ua[1] for t in limits):.0f} uA trip it, and",
            f"{min(t.test_uc[0] for t in limits):.1f} to {max(t.test_uc[1] for t in limits):.1f} uC.",
        ),
        "",
    ]


def _outcome(o: faults.Outcome) -> tuple[str, ...]:
    when = o.ended_us
    return (
        f"`{o.fault.name}`",
        o.fault.about,
        f"{o.peak_ua:.0f} uA" if o.peak_ua < 2000 else f"{o.peak_ua / 1000:.1f} mA",
        _time(o.over_us),
        _time(o.over_all_us),
        f"{o.unpaired_uc:.2f} uC",
        o.by,
        "" if when is None else _time(when),
        f"{abs(o.left_ua):.2f} uA",
    )


def _worst_pairs(pairs: Sequence[agreement.Pair]) -> list[agreement.Pair]:
    groups: dict[str, agreement.Pair] = {}
    for pair in pairs:
        if pair.what not in groups or _error(pair) > _error(groups[pair.what]):
            groups[pair.what] = pair
    return list(groups.values())


def _error(pair: agreement.Pair) -> float:
    return max(pair.current_error, pair.charge_error)


def _pair(p: agreement.Pair) -> tuple[str, ...]:
    return (
        p.what,
        _load(p.load),
        f"{p.spice_ua:.1f} uA",
        f"{p.world_ua:.1f} uA",
        f"({p.current_error:.2f})" if p.settled else "(not settled)",
        f"{p.spice_nc:.1f} nC",
        f"{p.world_nc:.1f} nC",
        f"({p.charge_error:.2f})",
    )


def _load(name: str) -> str:
    return {"0": "0", "500": "500 Ohm", "2k": "2 kOhm", "10k": "10 kOhm", "20k": "20 kOhm"}.get(name, f"{name} skin")


def _share(share: float) -> str:
    return f"{share * 100:.0f} % of that"


def _small(na: float) -> str:
    return "less than 0.1 nA" if na < 0.1 else f"{na:.1f} nA"


def _time(us: float) -> str:
    if us < 0.05:
        return "0"
    if us < 1000:
        return f"{us:.1f} us" if us < 10 else f"{us:.0f} us"
    return f"{us / 1000:.1f} ms" if us < 1e6 else f"{us / 1e6:.2f} s"


def _text(*parts: str) -> str:
    """A paragraph, wrapped as the other documents are."""
    return textwrap.fill(" ".join(parts), 120, break_long_words=False, break_on_hyphens=False)


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"
