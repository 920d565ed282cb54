"""A scenario's own expectations, checked against the trace of its run."""

from __future__ import annotations

from typing import Any

from . import measure
from .scenario import Scenario
from .trace import TREATING, Trace
from .violation import Violation


def treated_seconds(trace: Trace) -> float:
    """Time (s) spent in RAMP_UP, TREAT and RAMP_DOWN, but for that in which contact was `short`."""
    kinds = [(log.t_us, log.fields["class"]) for log in trace.logs_of("contact")]
    ends = [t_us for t_us, _ in kinds[1:]] + [trace.end_us]
    short = [(t_us, end) for (t_us, kind), end in zip(kinds, ends, strict=True) if kind == "short"] if kinds else []
    total = 0
    for span in trace.spans_in(TREATING):
        total += span.end_us - span.start_us
        total -= sum(max(0, min(span.end_us, end) - max(span.start_us, begin)) for begin, end in short)
    return total / 1e6


def expectations(trace: Trace, scenario: Scenario, skin: measure.Electrodes) -> list[Violation]:
    """What was not as the scenario expects. The rule is named after its key: `expect.visits`."""
    want = scenario.expect
    entered = [change.to for change in trace.states]
    found: list[Violation] = []

    def differs(key: str, measured: object, limit: object, unit: str = "", t_us: int = trace.end_us) -> None:
        found.append(Violation(f"expect.{key}", t_us, _text(measured), _text(limit), unit))

    def equal(key: str, measured: object, limit: object) -> None:
        if limit is not None and measured != limit:
            differs(key, measured, limit)

    def between(key: str, measured: float, limit: tuple[float, float] | None, unit: str) -> None:
        if limit is not None and not limit[0] <= measured <= limit[1]:
            differs(key, f"{measured:.3f}", f"{limit[0]:g} to {limit[1]:g}", unit)

    equal("final_state", trace.final_state, want.final_state)
    missing = _not_visited(entered, want.visits)
    if missing is not None:
        differs("visits", " ".join(entered) or "no state", f"{' '.join(want.visits)} ({missing} is missing)")
    for change in trace.states:
        if change.to in want.never:
            differs("never", f"{change.to} ({change.cause})", "never", t_us=change.t_us)
    equal("faults", tuple(trace.faults), want.faults)
    between("treated_s", treated_seconds(trace), want.treated_s, "s")
    if want.lifts is not None:
        equal("lifts", len(measure.lifts(trace, skin, scenario.start.touch)), want.lifts)
    equal("boots", len(trace.of("boot")), want.boots)
    power = trace.of("power")
    equal("powered", bool(power and power[-1].fields[0]), want.powered)
    if want.no_output is not None:
        equal("no_output", not skin.treatment.any(), want.no_output)
    between("peak_ua", measure.max_current_ua(trace), want.peak_ua, "uA")
    for fields in want.logs:
        if not any(_has(log.fields, fields) for log in trace.logs):
            differs("logs", "no such line", fields)
    return found


def _not_visited(entered: list[str], wanted: tuple[str, ...]) -> str | None:
    """The first wanted state that was not entered after those before it, or None."""
    rest = iter(entered)
    return next((state for state in wanted if state not in rest), None)


def _has(log: dict[str, Any], fields: dict[str, Any]) -> bool:
    return all(key in log and log[key] == value for key, value in fields.items())


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
