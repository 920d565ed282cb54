"""The limits every run is held to, whatever its scenario expects.

Each rule measures at the electrodes (measure.py) and compares with `tonus.limits`. A rule returns what broke it; an
empty list means it was kept.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, fields, replace

import numpy as np
from tonus import limits

from ..world.boards import Board, load_board
from ..world.parts import resolve
from .expectations import expectations
from .measure import (
    STATE_SKEW_US,
    Bools,
    Electrodes,
    accounts_uc,
    broken,
    electrodes,
    held,
    last_drive_ms,
    lifts,
    next_after,
    worst_account,
    worst_cycle,
    worst_mean_dc,
)
from .scenario import Scenario
from .trace import PROBING, TREATING, Phases, Span, Trace
from .violation import Violation

CYCLE_IMBALANCE_PCT = 0.1  # codes x microseconds balance exactly; this is room for the trace's own rounding
RAMP_START_SHARE = 0.25  # of the plateau: the first pulses of a ramp stay below
RAMP_TOP_SHARE = 0.9
PLATEAU_US = 5_000_000  # how long after a ramp its plateau is looked for: an envelope reaches its top within this

_OUTPUT = (*PROBING, *TREATING)
_FULL_SCALE_FAULTS = ("overcurrent", "dac_full_scale")
# Single faults that put charge where firmware did not.
_CHARGE_FAULTS = ("overcurrent", "dac_full_scale", "switch_welded", "rset_low", "pio_stuck", "line_stuck")
WITH_UC = 1.0  # beginning with less than this is no violation: it is what a few unlucky lifts leave unseen


@dataclass(frozen=True)
class Run:
    """What a rule looks at."""

    trace: Trace
    scenario: Scenario
    board: Board
    skin: Electrodes

    @property
    def driven(self) -> Bools:
        """Every phase, whatever its level; none of a DAC at zero and no charge: a line that moves drives nothing."""
        phases = self.trace.phases
        return np.asarray((phases.code > 0) | (phases.charge_nc > 0), dtype=np.bool_)

    def injected(self, *faults: str) -> list[int]:
        """When (us) any of these faults was injected."""
        return [w.t_us for w in self.trace.world if w.action == "inject" and w.value in faults]


def source_of(scenario: Scenario) -> Board:
    """The scenario's board, with the source of its device."""
    start = scenario.start
    return load_board(scenario.board).with_errors(resolve(start.device, start.errors, scenario.board))


def check(trace: Trace, scenario: Scenario) -> list[Violation]:
    """Everything in this run that broke a limit or an expectation, universal rules first. Empty is good."""
    board = source_of(scenario)
    if board.dummy_load:
        trace = _without_self_test(trace)
    run = Run(trace, scenario, board, electrodes(trace, board))
    return [violation for rule in RULES for violation in rule(run)] + expectations(trace, scenario, run.skin)


def _without_self_test(trace: Trace) -> Trace:
    """Without what the self-test drives through a dummy load, which is no treatment's."""
    phases = trace.phases
    kept = np.array([trace.state_at(t) not in ("OFF", "SELF_TEST") for t in phases.t_us], dtype=np.bool_)
    found = copy(trace)
    found.phases = Phases(*(getattr(phases, field.name)[kept] for field in fields(phases)))
    return found


def ceiling(run: Run) -> list[Violation]:
    """Delivered current never above the firmware's ceiling.

    A fault that forces more through the electrodes is the world's doing: then the hardware stage is the limit, and the
    excess must end within STOP_MS of its first pulse.
    """
    phases = run.trace.phases
    over = phases.peak_ua > limits.FIRMWARE_CEILING_UA
    for t_us in run.injected(*_FULL_SCALE_FAULTS):
        after = np.flatnonzero(over & (phases.end_us > t_us))
        if len(after):
            begun = max(t_us, int(phases.t_us[after[0]]))
            over &= ~((phases.end_us > t_us) & (phases.end_us <= begun + limits.STOP_MS * 1000))
    if not over.any():
        return []
    first = int(np.argmax(over))
    worst = float(phases.peak_ua[over].max())
    return [Violation("ceiling", int(phases.t_us[first]), worst, limits.FIRMWARE_CEILING_UA, "uA")]


def phase_charge(run: Run) -> list[Violation]:
    """No phase carries more than CHARGE_MAX_NC; what a single fault does is the account's to judge."""
    phases = run.trace.phases
    if not len(phases) or run.injected(*_CHARGE_FAULTS):
        return []
    worst = int(np.argmax(phases.charge_nc))
    charge_nc, most_nc = float(phases.charge_nc[worst]), limits.CHARGE_MAX_NC
    return [Violation("phase_charge", int(phases.t_us[worst]), charge_nc, most_nc, "nC")] if charge_nc > most_nc else []


def account(run: Run) -> list[Violation]:
    """The account of charge at most CHARGE_MAX_NC either way; after a single fault CHARGE_FAULT_NC."""
    uc, t_us = worst_account(run.trace.phases)
    most_uc = _most_uc(run)
    return [Violation("account", t_us, uc, most_uc, "uC")] if uc > most_uc else []


def _most_uc(run: Run) -> float:
    return (limits.CHARGE_FAULT_NC if run.injected(*_CHARGE_FAULTS) else limits.CHARGE_MAX_NC) / 1000


def against_account(run: Run) -> list[Violation]:
    """Output never begins with the account: a treatment's first phase is against what is left of those before.

    As far as a device can see it: where the current falls within a phase, as into dry skin, one look in its middle sees
    less than flows.
    """
    phases, skin = run.trace.phases, run.skin
    if not len(phases) or run.injected(*_CHARGE_FAULTS):
        return []
    steady_nc = np.minimum(phases.charge_nc, phases.end_ua * phases.dur_us / 1000)
    seen_nc = np.where(phases.end_ua < phases.peak_ua, steady_nc, phases.charge_nc)
    account_uc, seen_uc = accounts_uc(phases), accounts_uc(replace(phases, charge_nc=seen_nc))
    found = []
    for span in run.trace.spans_in(TREATING):
        i = int(np.searchsorted(phases.t_us, span.start_us, side="left"))
        while i < len(phases) and phases.t_us[i] < span.end_us and skin.probe[i]:
            i += 1
        if not 0 < i < len(phases) or phases.t_us[i] >= span.end_us:
            continue
        kept = np.exp(-(phases.t_us[i] - phases.end_us[i - 1]) / (limits.CHARGE_FORGET_MS * 1e3))
        with_uc = phases.direction[i] * kept * min(account_uc[i - 1], seen_uc[i - 1], key=abs)
        if span.name == "RAMP_UP" and with_uc > WITH_UC:
            found.append(Violation("against_account", int(phases.t_us[i]), float(with_uc), WITH_UC, "uC"))
    return found


def mean_dc(run: Run) -> list[Violation]:
    """What remains of whole cycles, over DC_WINDOW_MS, at most DC_MAX_UA; with a switch that is stuck, DC_FAULT_UA."""
    dc_ua, t_us = worst_mean_dc(run.trace.phases)
    most_ua = limits.DC_FAULT_UA if run.injected(*_CHARGE_FAULTS) else limits.DC_MAX_UA
    return [Violation("mean_dc", t_us, dc_ua, most_ua, "uA")] if dc_ua > most_ua else []


def cycle_balance(run: Run) -> list[Violation]:
    """Every complete cycle gives back the charge it took, but one in which a level was lowered."""
    pct, t_us = worst_cycle(run.trace, run.skin)
    return [Violation("cycle_balance", t_us, pct, CYCLE_IMBALANCE_PCT, "%")] if pct > CYCLE_IMBALANCE_PCT else []


def dead_time(run: Run) -> list[Violation]:
    """Electrodes are shorted between polarities, and whenever the amplitude changes, unless a switch line is stuck."""
    if run.injected("line_stuck"):
        return []
    phases = run.trace.phases
    touching = phases.t_us[1:] == phases.end_us[:-1]
    changed = (phases.direction[1:] != phases.direction[:-1]) | (phases.code[1:] != phases.code[:-1])
    bad = touching & changed
    return [Violation("dead_time", int(phases.t_us[1:][np.argmax(bad)]), 0, "above 0", "us")] if bad.any() else []


def output_state(run: Run) -> list[Violation]:
    """Treatment current flows only in RAMP_UP, TREAT and RAMP_DOWN; the probe also in ARMED and PAUSED, and the like of
    it in the self-test of a start."""
    found = []
    for which, states in ((run.skin.treatment, TREATING), (run.skin.low, _OUTPUT)):
        allowed = run.trace.spans_in(states)
        if states is _OUTPUT:
            allowed = sorted(allowed + tests_at_start(run.trace), key=lambda span: span.start_us)
        phases = run.trace.phases
        bad = which.copy()
        if allowed:
            starts = np.array([span.start_us for span in allowed])
            ends = np.array([span.end_us for span in allowed])
            i = np.searchsorted(starts, phases.t_us, side="right") - 1
            # A phase under way when the state is left may end: the skew is the only grace.
            bad &= (i < 0) | (phases.end_us > ends[np.maximum(i, 0)] + STATE_SKEW_US)
        found += [_forbidden(run, int(i), states) for i in _first_in_each_state(run.trace, bad)]
    return found


def tests_at_start(trace: Trace) -> list[Span]:
    """From each start to the first state: all that may flow there is the self-test's, as little as the probe."""
    changes = sorted(change.t_us for change in trace.states)
    boots = [event.t_us for event in trace.of("boot")]
    return [Span(t_us, next_after(changes, t_us, trace.end_us), "SELF_TEST") for t_us in boots]


def _first_in_each_state(trace: Trace, bad: Bools) -> list[int]:
    """Index of the first bad phase of each stretch of one session state: one line each is enough to read."""
    indices = np.flatnonzero(bad)
    starts = np.array([span.start_us for span in trace.spans])
    stretch = np.searchsorted(starts, trace.phases.end_us[indices], side="right")
    return [int(i) for i in indices[np.unique(stretch, return_index=True)[1]]]


def _forbidden(run: Run, i: int, states: tuple[str, ...]) -> Violation:
    phases = run.trace.phases
    state = run.trace.state_at(int(phases.end_us[i]))
    measured = f"{run.skin.set_ua[i]:.1f} uA set in {state}"
    return Violation("output_state", int(phases.t_us[i]), measured, f"only in {', '.join(states)}")


def lift(run: Run) -> list[Violation]:
    """Output ends within two pulse periods of the electrodes leaving the skin, unless gel between them conducts on."""
    if run.scenario.start.bridge_ohm or any(w.action == "bridge_ohm" for w in run.trace.world):
        return []
    reactions = lifts(run.trace, run.skin, run.scenario.start.touch) + broken(run.trace, run.skin)
    return [Violation("lift", r.t_us, r.took_ms, r.bound_ms, "ms") for r in reactions if r.took_ms > r.bound_ms]


def usb(run: Run) -> list[Violation]:
    """While the cable is in nothing is driven at all, from USB_MS after it went in."""
    changes = [(0, run.scenario.start.usb), *((w.t_us, bool(w.value)) for w in run.trace.world if w.action == "usb")]
    found = []
    for i, (t_us, plugged) in enumerate(changes):
        if plugged and not (i and changes[i - 1][1]):
            out_us = next((t for t, still in changes[i + 1 :] if not still), run.trace.end_us)
            found += _must_end("usb", run, run.driven, t_us, limits.USB_MS, out_us)
    return found


def stop(run: Run) -> list[Violation]:
    """MODE pressed during treatment or a pause ends it within STOP_MS, until the person arms it again with PLUS."""
    trace = run.trace
    plus = [w.t_us for w in held(trace, "PLUS")]
    starts = [span.start_us for span in trace.spans_in(TREATING)]
    found = []
    releases = [w.t_us for w in trace.world if w.action == "release" and w.value == "MODE"]
    for press in held(trace, "MODE"):
        if (
            next_after(releases, press.t_us, trace.end_us) - press.t_us
            <= 1000 * limits.DEBOUNCE_MS + 3 * limits.TICK_US
        ):
            continue  # a bounce, not a press; seen within a tick or two, and counted within another
        if trace.state_at(press.t_us) in (*TREATING, "PAUSED"):
            # A start that no PLUS asked for does not count as the end of the stop.
            armed_us = next_after(plus, press.t_us, trace.end_us)
            again_us = next_after(starts, armed_us - 1, trace.end_us)
            found += _must_end("stop", run, run.skin.treatment, press.t_us, limits.STOP_MS, again_us)
    return found


def hardware_fault(run: Run) -> list[Violation]:
    """From FAULT_MS and one tick after the hardware's fault line trips nothing is driven, until it was cleared."""
    trace = run.trace
    grace_ms = limits.FAULT_MS + limits.TICK_US / 1000
    latch = [(event.t_us, event.fields[0]) for event in trace.of("latch")]
    found = []
    for i, (t_us, tripped) in enumerate(latch):
        if tripped:
            low_until = next((t for t, still in latch[i + 1 :] if not still), trace.end_us)
            # Dropping the keep-alive clears the latch; the firmware's own latch must then hold.
            until_us = max(low_until, _fault_over(trace, t_us)) if trace.state_at(t_us) in _OUTPUT else low_until
            found += _must_end("fault", run, run.driven, t_us, grace_ms, until_us)
    for t_us in run.injected("overcurrent"):
        if trace.state_at(t_us) in TREATING:
            # The excess needs a pulse to flow in: the latch, when it trips, says when that was.
            tripped_us = next_after([t for t, on in latch if on], t_us - 1, t_us)
            found += _must_end("fault", run, run.driven, tripped_us, grace_ms, _fault_over(trace, tripped_us))
    for t_us in run.injected("fault_line_stuck"):
        found += _must_end("fault", run, run.driven, t_us, grace_ms, trace.end_us)
    return sorted(set(found), key=lambda violation: violation.t_us)


def _fault_over(trace: Trace, t_us: int) -> int:
    """When a fault that began at `t_us` is over: its FAULT state left, or the firmware started again."""
    ends = [change.t_us for change in trace.states if change.before == "FAULT"]
    ends += [event.t_us for kind in ("boot", "power") for event in trace.of(kind)]
    return next_after(sorted(ends), t_us, trace.end_us)


def keep_alive(run: Run) -> list[Violation]:
    """With the pulse loop dead the rail falls: no current above the probe's flows after RAIL_FALL_MS."""
    trace, phases = run.trace, run.trace.phases
    flowing = phases.end_ua > limits.PROBE_MAX_UA
    found = []
    for t_us in run.injected("timer_dead"):
        boots = [event.t_us for event in trace.of("boot")]
        grace_ms = limits.RAIL_FALL_MS + limits.TICK_US / 1000
        found += _must_end("keep_alive", run, flowing, t_us, grace_ms, next_after(boots, t_us, trace.end_us))
    return found


def watchdog(run: Run) -> list[Violation]:
    """With the foreground hung, treatment ends within the watchdog's time."""
    boots = [event.t_us for event in run.trace.of("boot")]
    found = []
    for t_us in run.injected("main_hangs"):
        until_us = next_after(boots, t_us, run.trace.end_us)
        grace_ms = limits.WATCHDOG_MS + limits.TICK_US / 1000
        found += _must_end("watchdog", run, run.skin.treatment, t_us, grace_ms, until_us)
    return found


def _must_end(rule: str, run: Run, which: Bools, t_us: int, grace_ms: float, until_us: int) -> list[Violation]:
    took_ms = last_drive_ms(run.trace.phases, which, t_us, until_us)
    return [Violation(rule, t_us, took_ms, grace_ms, "ms")] if took_ms > grace_ms else []


def ramp(run: Run) -> list[Violation]:
    """Each time treatment begins it begins near zero and takes RAMP_MIN_MS to its plateau."""
    return [violation for span in run.trace.spans_in(TREATING) for violation in _ramp(run, span)]


def _ramp(run: Run, span: Span) -> list[Violation]:
    trace, skin, phases = run.trace, run.skin, run.trace.phases
    first, last = (int(np.searchsorted(phases.t_us, t, side="left")) for t in (span.start_us, span.end_us))
    pulses = first + np.flatnonzero(~skin.probe[first:last])
    if not len(pulses):
        return []
    set_ua, t_us = skin.set_ua[pulses], phases.t_us[pulses]
    ramps = (s.end_us for s in trace.spans if s.start_us == span.start_us and s.name == "RAMP_UP")
    ramped_us = next(ramps, span.start_us)
    whole = ramped_us < span.end_us and trace.state_at(ramped_us) == "TREAT" or span.name != "RAMP_UP"
    if whole:
        until_us = min(ramped_us + PLATEAU_US, span.end_us)
        # A level raised later has a plateau of its own.
        raised = [w.t_us for w in held(trace, "PLUS")]
        until_us = min(until_us, next_after(raised, ramped_us, until_us))
        top = float(set_ua[t_us < max(until_us, int(t_us[0]) + 1)].max())
    else:
        # Broken off: how far it meant to go is not known, but not further than the trace ever went.
        top = float(skin.set_ua[skin.treatment].max()) if skin.treatment.any() else 0.0
    found = []
    # What the probe carries all the time is as good as zero; a code is the finest step there is.
    start_limit = max(top * RAMP_START_SHARE + run.board.ua_per_code, limits.PROBE_MAX_UA)
    if set_ua[0] > start_limit:
        found.append(Violation("ramp_start", int(t_us[0]), float(set_ua[0]), start_limit, "uA"))
    if whole and top > limits.PROBE_MAX_UA / RAMP_TOP_SHARE:
        reached = int(np.argmax(set_ua >= top * RAMP_TOP_SHARE))
        took_ms = (int(t_us[reached]) - span.start_us) / 1000
        # A straight ramp of RAMP_MIN_MS is here after that share of it, less the one cycle its staircase is ahead.
        steps = np.flatnonzero(np.diff(set_ua[: reached + 1]))
        step_ms = (int(t_us[reached]) - int(t_us[steps[-2] + 1])) / 1000 if len(steps) > 1 else 0.0
        step_ms = min(step_ms, limits.RAMP_MIN_MS / limits.RAMP_CYCLES_MIN)
        least_ms = limits.RAMP_MIN_MS * RAMP_TOP_SHARE - step_ms
        if took_ms < least_ms:
            found.append(Violation("ramp_time", span.start_us, took_ms, f"at least {least_ms:g}", "ms"))
    return found


def session_max(run: Run) -> list[Violation]:
    """No session treats for longer than SESSION_MAX_MS; a session lasts until the device is idle or off."""
    found = []
    treated_us = 0
    for span in run.trace.spans:
        if span.name in ("RAMP_UP", "TREAT"):
            treated_us += span.end_us - span.start_us
            if treated_us > limits.SESSION_MAX_MS * 1000 + limits.STOP_MS * 1000:
                found.append(Violation("session_max", span.start_us, treated_us / 1000, limits.SESSION_MAX_MS, "ms"))
                treated_us = 0
        elif span.name not in (*_OUTPUT, "FAULT"):
            treated_us = 0
    return found


def flash_writes(run: Run) -> list[Violation]:
    """The flash, which masks every interrupt while it writes, is written only while the output is off."""
    phases = run.trace.phases
    found = []
    for event in run.trace.of("flash"):
        end_us = event.t_us + event.fields[0]
        state = run.trace.state_at(event.t_us)
        driven = ((phases.t_us < end_us) & (phases.end_us > event.t_us)).any()
        if driven or state in _OUTPUT:
            found.append(Violation("flash_writes", event.t_us, f"written in {state}", "only while the output is off"))
    return found


def irq_errors(run: Run) -> list[Violation]:
    """No exception leaves an interrupt handler: a hard timer whose callback raises stops silently."""
    return [Violation("irq_error", event.t_us, event.fields[0], "none") for event in run.trace.of("irq_error")]


Rule = Callable[[Run], list[Violation]]

RULES: tuple[Rule, ...] = (
    ceiling,
    phase_charge,
    account,
    against_account,
    mean_dc,
    cycle_balance,
    dead_time,
    output_state,
    lift,
    usb,
    stop,
    hardware_fault,
    keep_alive,
    watchdog,
    ramp,
    session_max,
    flash_writes,
    irq_errors,
)

__all__ = ["RULES", "Run", "Violation", "check"]
