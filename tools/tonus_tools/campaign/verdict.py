"""What a run with a fault in it came to, judged at the electrodes.

harmless: every rule held, or what was beyond one was over within MOMENT_MS by itself; the device goes on
ended:    the device ended the output in time, and says why
silent:   the output ended in time, and nothing says why
bad:      a limit is broken for longer

The rules are those of sim/checks.py with a single fault's limits: the account of charge at most CHARGE_FAULT_NC, what
remains of whole cycles at most DC_FAULT_UA, current above the ceiling over within STOP_MS; and one that no whole device
could break: never more current than the level that was asked for, by more than what is a fault at once. What is only
about how the firmware makes its output (cycles that balance to the code, dead time) is left to the account.

Only what flows counts: a phase in which no current does is none, and one ends where rail or latch take its current.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
from tonus import limits

from ..sim import checks
from ..sim.checks import Run, source_of
from ..sim.measure import electrodes, held, pulse_period_us, worst_account
from ..sim.trace import PROBING, TREATING, Phases, Trace
from ..sim.violation import Violation
from .draw import Plan

MOMENT_MS = 25.0
FLOWS_UA = limits.OPEN_UA
# Beyond what an overcurrent's own rule takes for a fault: what sets a level, and what the DAC may be off.
ABOVE_PCT = 100 * (1 + limits.OVERCURRENT_PCT / 100) * (1 + limits.SET_ACCURACY_PCT / 100)
ABOVE_UA = limits.OVERCURRENT_UA + limits.SET_ACCURACY_NA / 1000
PROBE_UA = limits.PROBE_MAX_UA * ABOVE_PCT / 100 + ABOVE_UA  # of a probe with a fault in it that nothing shows
DOWN_US = 1000 * limits.RAMP_DOWN_MAX_MS + 500_000
LEAK_UA = 2.0  # so much direct current, still flowing: it is to be watched for longer
ACTIVE = (*TREATING, *PROBING)
HARMLESS, ENDED, SILENT, BAD = "harmless", "ended", "silent", "bad"


@dataclass(frozen=True)
class Verdict:
    """by: the fault's name, or the cause by which the session ended; broken: a line for each limit."""

    verdict: str
    by: str
    state: str  # in which the fault came
    broken: tuple[str, ...] = ()
    leaks: bool = False  # and is to be played for longer
    off_ms: float = 0.0  # from the fault to the end of what was beyond a limit
    account_uc: float = 0.0  # the most that the account got to


@dataclass(frozen=True)
class Broken(Run):
    """A run in which something broke, for rules that ask what."""

    broke_us: int = 0

    def injected(self, *faults: str) -> list[int]:
        named = super().injected(*faults)
        return named or ([self.broke_us] if "rset_low" in faults or "dac_full_scale" in faults else [])


def judge(trace: Trace, plan: Plan) -> Verdict:
    """Judge a run of this plan."""
    real = copy.copy(trace)
    real.phases = flowing(trace)
    board = source_of(plan.scenario)
    run = Broken(real, plan.scenario, board, electrodes(real, board), plan.fault_us)
    found = [violation for rule in RULES for violation in rule(run)]
    found += _above(run, plan) + _ramp(run, plan)
    by, ended = _ended(trace, plan)
    verdict = BAD if found else HARMLESS if not ended else ENDED if by else SILENT
    after = run.trace.phases
    late = [float(t) for t in after.end_us[-1:]] if ended and len(after) else []
    return Verdict(
        verdict,
        by if ended else "",
        trace.state_at(plan.fault_us),
        tuple(str(violation) for violation in found),
        not ended and _leak_ua(run) > LEAK_UA,
        round(max(0.0, (late[0] - plan.fault_us) / 1000), 1) if late else 0.0,
        round(worst_account(after)[0], 2),
    )


def flowing(trace: Trace) -> Phases:
    """The phases in which current flowed, each up to where the rail was gone or the latch had opened."""
    phases = trace.phases
    ends = [e.t_us for e in trace.of("rail") if not e.fields[0]] + [e.t_us for e in trace.of("latch") if e.fields[0]]
    ends += [e.t_us for e in trace.of("power") if not e.fields[0]]
    times = np.array([*sorted(ends), trace.end_us + 1], dtype=np.int64)
    nearest = times[np.searchsorted(times, phases.t_us, side="right").clip(0, len(times) - 1)]
    dur_us = np.minimum(phases.dur_us, np.maximum(nearest - phases.t_us, 1))
    flows = phases.peak_ua > FLOWS_UA
    return Phases(
        phases.t_us[flows],
        phases.direction[flows],
        dur_us[flows],
        phases.code[flows],
        phases.peak_ua[flows],
        phases.end_ua[flows],
        phases.charge_nc[flows],
        phases.peak_mv[flows],
    )


def _late(rule: checks.Rule) -> checks.Rule:
    """A rule whose measure is a time, which a fault may prolong by MOMENT_MS."""

    def relaxed(run: Run) -> list[Violation]:
        return [
            v
            for v in rule(run)
            if not (
                isinstance(v.measured, float | int)
                and isinstance(v.limit, float | int)
                and v.unit == "ms"
                and v.measured <= v.limit + MOMENT_MS
            )
        ]

    return relaxed


def _output_state(run: Run) -> list[Violation]:
    """Current in a state that has none, but for MOMENT_MS, or what two looks of the probe take.

    The self-test of a start drives phases as small as the probe's.
    """
    found = []
    phases = run.trace.phases
    probe = phases.peak_ua <= PROBE_UA
    for which, states in ((~probe, TREATING), (probe, ACTIVE)):
        spans = run.trace.spans_in(states)
        if states is ACTIVE:
            spans = spans + checks.tests_at_start(run.trace)
        bad = which & (phases.end_us > 0)
        for span in spans:
            bad &= ~((phases.t_us >= span.start_us - 5000) & (phases.t_us <= span.end_us + 1000 * MOMENT_MS))
        hits = np.flatnonzero(bad)
        if len(hits) and phases.end_us[hits[-1]] - phases.t_us[hits[0]] > 1000 * (MOMENT_MS + limits.PROBE_PERIOD_MS):
            i = int(hits[0])
            state = run.trace.state_at(int(phases.t_us[i]))
            found.append(
                Violation("output_state", int(phases.t_us[i]), f"{phases.peak_ua[i]:.0f} uA in {state}", "none")
            )
    return found


RULES: tuple[checks.Rule, ...] = (
    checks.ceiling,
    checks.account,
    checks.mean_dc,
    _output_state,
    _late(checks.lift),
    _late(checks.usb),
    _late(checks.stop),
    _late(checks.keep_alive),
    _late(checks.watchdog),
    checks.session_max,
)


def asked_ua(trace: Trace, plan: Plan, t_us: int) -> float:
    """The most (uA) that the person may have asked for at `t_us`: presses of PLUS, less what MINUS has taken away."""
    level = sum(w.t_us <= t_us for w in held(trace, "PLUS"))
    downs = [now.t_us for before, now in zip(trace.levels, trace.levels[1:], strict=False) if now.level < before.level]
    pressed = [w.t_us for w in held(trace, "MINUS")]
    level -= sum(t + DOWN_US <= t_us and any(0 <= t - p < 500_000 for p in pressed) for t in downs)
    return plan.preset.top_ua * min(max(level, 0), limits.LEVELS) / limits.LEVELS


def _above(run: Broken, plan: Plan) -> list[Violation]:
    """More current than was asked for, for longer than it takes to see two pulses."""
    phases = run.trace.phases
    times = phases.t_us
    changes = sorted(
        {0, *(w.t_us for w in held(run.trace, "PLUS")), *(level.t_us + DOWN_US for level in run.trace.levels)}
    )
    asked = np.array([asked_ua(run.trace, plan, t) for t in changes])
    most = asked[np.searchsorted(changes, times, side="right") - 1] * ABOVE_PCT / 100 + ABOVE_UA
    over = np.flatnonzero(
        (phases.peak_ua > np.maximum(most, limits.PROBE_MAX_UA + ABOVE_UA)) & (phases.end_us > plan.fault_us)
    )
    if not len(over):
        return []
    first, last = int(over[0]), int(over[-1])
    begun_us = max(int(times[first]), plan.fault_us)
    period_us = pulse_period_us(run.trace, run.skin, begun_us) or 1000.0 * limits.LIFT_MAX_MS
    most_ms = MOMENT_MS + 2 * period_us / 1000
    took_ms = (int(phases.end_us[last]) - begun_us) / 1000
    if took_ms <= most_ms:
        return []
    worst = int(over[np.argmax(phases.peak_ua[over])])
    return [
        Violation(
            "above",
            begun_us,
            f"{phases.peak_ua[worst]:.0f} uA for {took_ms:.0f} ms",
            f"{most[worst]:.0f} uA for {most_ms:.0f} ms",
        )
    ]


def _ramp(run: Broken, plan: Plan) -> list[Violation]:
    """A treatment that begins at more than a start may, or is at its level sooner, and does not end at once.

    By the level that was asked for: checks.py goes by the plateau and by what a probe looks like, and both may be the
    fault's.
    """
    phases = run.trace.phases
    found = []
    for span in run.trace.spans_in(TREATING):
        if span.name != "RAMP_UP" or span.end_us < plan.fault_us:
            continue
        first, last = np.searchsorted(phases.t_us, [span.start_us, span.end_us])
        if first == last:
            continue
        asked = asked_ua(run.trace, plan, span.start_us)
        start_ua = max(asked * checks.RAMP_START_SHARE, limits.PROBE_MAX_UA) + limits.OVERCURRENT_UA
        high = phases.peak_ua[first:last] >= max(asked * checks.RAMP_TOP_SHARE, PROBE_UA)
        at_us = int(phases.t_us[first + int(np.argmax(high))]) if high.any() else span.start_us + 1_000_000
        if phases.peak_ua[first] > start_ua:
            measured, limit, rule, at_us = f"{phases.peak_ua[first]:.0f} uA", start_ua, "ramp_start", span.start_us
        elif at_us - span.start_us < 1000 * limits.RAMP_MIN_MS * (checks.RAMP_TOP_SHARE - 1 / limits.RAMP_CYCLES_MIN):
            measured, limit, rule = f"{(at_us - span.start_us) / 1000:.0f} ms", float(limits.RAMP_MIN_MS), "ramp_time"
        else:
            continue
        after = (phases.t_us > at_us + 1000 * MOMENT_MS) & (phases.t_us < at_us + 500_000)
        if (after & (phases.peak_ua > PROBE_UA)).any():
            found.append(Violation(rule, at_us, measured, limit))
    return found


def _leak_ua(run: Broken) -> float:
    """Mean direct current from the fault to the end."""
    phases = run.trace.phases
    after = phases.t_us >= run.broke_us
    if not after.any():
        return 0.0
    us = int(phases.end_us[-1]) - run.broke_us
    return abs(float(phases.signed_nc[after].sum())) * 1000 / max(us, 1)


def _ended(trace: Trace, plan: Plan) -> tuple[str, bool]:
    """(by what, whether): the device has left what the person meant it to do. "" when nothing says why."""
    faults = [log.fields for log in trace.logs_of("fault") if log.t_us >= plan.fault_us]
    if faults:
        return str(faults[0]["name"]), True
    before_us = min(plan.closing_us, trace.end_us)
    state = trace.state_at(before_us - 1)
    boots = [e for e in trace.of("boot") if e.t_us > plan.fault_us + 600_000]
    if plan.fault.kind == "write":
        cut = bool(trace.of("cut"))
        return ("", cut and state not in ACTIVE)
    if state in ACTIVE or plan.state == "RAMP_DOWN" and any(c.to == "DONE" for c in trace.states):
        return "", False
    if boots and plan.state != "SELF_TEST":
        return "", True
    left = [c for c in trace.states if plan.fault_us <= c.t_us < before_us and c.to not in ACTIVE]
    if left:
        return left[-1].cause, True
    return "", True
