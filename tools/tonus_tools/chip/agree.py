"""Whether two places that ran one scenario tell the same story: the simulator against the emulated RP2040.

Compared from `from_us` on: both need about a second to start, but not the same. What may differ, and why:

- how long a state lasts, by STATE_MS on the average, a period of the firmware's tasks: a turn of any task takes as long
  in the simulator, and its own time on the chip; a single one by COLLECTION_MS more: garbage is collected elsewhere;
- a state that the skin ends, by a look more: the longest that the electrodes went without a phase or a probe meanwhile;
- a run of pulses begins and ends with states, so it may begin and end that much apart and be a few pulses longer: it
  begins with a look of the run before it, and ends with one of its own;
- the last phase of a run, which a cut may have ended anywhere;
- how many samples came too late, by UNSEEN_PCT or UNSEEN, whichever is more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..sim.trace import PROBING, TREATING, Phases, Span, StateChange, Trace

STATE_MS = 20
COLLECTION_MS = 25
CURRENT_PCT = 1.0
CURRENT_UA = 0.05  # the trace's own rounding
UNSEEN_PCT, UNSEEN = 10, 3
START_US = 1  # edges are given in whole microseconds


@dataclass(frozen=True)
class Agreement:
    """What was compared, and what differs, one line each; none is good."""

    changes: int
    worst_state_ms: float
    phases: int
    code_sum: int
    worst_start_us: int  # between the beginnings of two phases of one run
    worst_current_pct: float
    differences: tuple[str, ...]


def compare(one: Trace, other: Trace, from_us: int) -> Agreement:
    """Hold two traces of one scenario against each other from `from_us` on."""
    differences: list[str] = []
    mine, theirs = (_changes(trace, from_us) for trace in (one, other))
    names = [[(c.before, c.to, c.cause) for c in changes] for changes in (mine, theirs)]
    if names[0] != names[1]:
        differences.append(f"states: {_show(names[0])} against {_show(names[1])}")
    late = [(b.t_us - a.t_us) / 1000 for a, b in zip(mine, theirs, strict=False)]
    # What the device does comes so long after what it did before; a press or a lift comes when it does.
    longer = [min(ms - before, ms, key=abs) for before, ms in zip([0.0, *late], late, strict=False)]
    looks = [max(pair) for pair in zip(_looks(one, mine, from_us), _looks(other, theirs, from_us), strict=False)]
    for change, ms, look_ms in zip(mine, longer, looks, strict=False):
        allowed_ms = STATE_MS + COLLECTION_MS + look_ms
        if abs(ms) > allowed_ms:
            differences.append(f"{change.before} until {change.to}: {ms:+.1f} ms; allowed {allowed_ms:.0f} ms")
    mean_ms = sum(max(0.0, abs(ms) - look_ms) for ms, look_ms in zip(longer, looks, strict=True)) / max(1, len(longer))
    if mean_ms > STATE_MS:
        differences.append(f"states last {mean_ms:.1f} ms longer or shorter on the average; allowed {STATE_MS} ms")
    phases = code_sum = worst_start = 0
    worst_current = 0.0
    runs = [_runs(trace, from_us) for trace in (one, other)]
    if len(runs[0]) != len(runs[1]):
        differences.append(f"runs of pulses: {len(runs[0])} against {len(runs[1])}")
    before_ms = 0.0
    for a, b in zip(*runs, strict=False):
        found = _Pair(a, b, before_ms)
        before_ms = found.look_ms
        differences += found.differences()
        phases += found.n
        code_sum += int(found.a.code.sum())
        worst_start = max(worst_start, found.worst_start_us)
        worst_current = max(worst_current, found.worst_current_pct)
    late_samples = unseen(one), unseen(other)
    if abs(late_samples[0] - late_samples[1]) > max(UNSEEN, UNSEEN_PCT * max(late_samples) / 100):
        differences.append(
            f"samples too late: {late_samples[0]} against {late_samples[1]}; allowed {UNSEEN_PCT} % or {UNSEEN}"
        )
    worst_state = max((abs(ms) for ms in late), default=0.0)
    return Agreement(
        min(len(mine), len(theirs)), worst_state, phases, code_sum, worst_start, worst_current, tuple(differences)
    )


def unseen(trace: Trace) -> int:
    """What the firmware's counter says at the end of its last session."""
    counters = trace.logs_of("counters")
    return int(counters[-1].fields["unseen"]) if counters else 0


def _changes(trace: Trace, from_us: int) -> list[StateChange]:
    return [change for change in trace.states if change.t_us >= from_us and change.before != change.to]


def _looks(trace: Trace, changes: list[StateChange], from_us: int) -> list[float]:
    """For each change the longest, ms, between two phases in the state that it ends; 0 where the skin cannot end it."""
    starts = [from_us, *(change.t_us for change in changes)]
    return [
        longest_ms(_within(trace, Span(start, change.t_us, ""))) if change.before in (*PROBING, *TREATING) else 0.0
        for start, change in zip(starts, changes, strict=False)
    ]


def longest_ms(phases: Phases) -> float:
    """The longest, ms, between the beginnings of two phases."""
    return float(np.diff(phases.t_us).max(initial=0)) / 1000


def _show(names: list[tuple[str, str, str]]) -> str:
    return " ".join(to for _, to, _ in names) or "none"


def _runs(trace: Trace, from_us: int) -> list[Phases]:
    """The phases of each stretch in which pulses play without a stop: a probe's, or a treatment's."""
    states = (PROBING[:1], PROBING[1:], TREATING)
    spans = sorted(span for group in states for span in trace.spans_in(group) if span.start_us >= from_us)
    return [found for span in spans if len(found := _within(trace, span))]


def _within(trace: Trace, span: Span) -> Phases:
    """Of a span, the whole phases. The first belongs to what was before it if it began then."""
    phases = trace.phases
    chosen = (phases.t_us >= span.start_us) & (phases.end_us <= span.end_us)
    return _pick(phases, chosen)


def _pick(phases: Phases, chosen: object) -> Phases:
    fields = ("t_us", "direction", "dur_us", "code", "peak_ua", "end_ua", "charge_nc", "peak_mv")
    return Phases(*(getattr(phases, name)[chosen] for name in fields))


class _Pair:
    """Two runs, cut to what both have for certain."""

    def __init__(self, a: Phases, b: Phases, before_ms: float) -> None:
        self.n = max(0, min(len(a), len(b)) - 1)
        self.longer = [phases for phases in (a, b) if len(phases) > self.n + 1]
        self.look_ms = max(longest_ms(a), longest_ms(b))
        self.allowed_ms = STATE_MS + COLLECTION_MS + max(self.look_ms, before_ms) + self.look_ms
        whole = slice(0, self.n)
        self.a, self.b = _pick(a, whole), _pick(b, whole)

    def differences(self) -> list[str]:
        said = []
        for phases in self.longer:
            more_ms = (int(phases.end_us[-1]) - int(phases.end_us[self.n])) / 1000
            if more_ms > self.allowed_ms:
                said.append(f"a run of pulses: {more_ms:.1f} ms longer; allowed {self.allowed_ms:.0f} ms")
        for name in ("direction", "dur_us", "code"):
            mine, theirs = getattr(self.a, name), getattr(self.b, name)
            if (mine != theirs).any():
                i = int(np.argmax(mine != theirs))
                said.append(f"phase {i + 1} of {self.n} at {self.a.t_us[i]} us: {name} {mine[i]} against {theirs[i]}")
        if self.worst_start_us > START_US:
            said.append(f"phases begin {self.worst_start_us} us apart; allowed {START_US} us")
        if self.worst_current_pct > CURRENT_PCT:
            said.append(f"currents differ by {self.worst_current_pct:.2f} %; allowed {CURRENT_PCT:g} %")
        return said

    @property
    def worst_start_us(self) -> int:
        if self.n < 2:
            return 0
        return int(np.abs((self.a.t_us - self.a.t_us[0]) - (self.b.t_us - self.b.t_us[0])).max())

    @property
    def worst_current_pct(self) -> float:
        worst = 0.0
        for name in ("peak_ua", "end_ua"):
            mine, theirs = getattr(self.a, name), getattr(self.b, name)
            apart = np.maximum(0.0, np.abs(mine - theirs) - CURRENT_UA)
            worst = max(worst, float((100 * apart / np.maximum(mine, 1e-9)).max(initial=0.0)))
        return worst
