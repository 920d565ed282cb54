"""A trace, read: what a simulated device did, typed and searchable. TRACE.md is the format.

Times are virtual microseconds since the scenario began, currents uA, charges nC. Three hundred thousand lines are an
ordinary session, so phases become numpy arrays and everything else stays a short list in order of time.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Record = list[Any]  # one line: [kind, t_us, ...]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

VERSION = 1
# Not the firmware's own lists: the checks hold it to these.
TREATING = ("RAMP_UP", "TREAT", "RAMP_DOWN")  # the states in which treatment current may flow
PROBING = ("ARMED", "PAUSED")  # those in which only the contact probe may

# Types of the fields after t_us. Phases are checked as a whole, when the last is in.
_FIELDS: dict[str, tuple[type, ...]] = {
    "trace": (dict,),
    "rail": (int,),
    "latch": (int,),
    "led": (str, int),
    "beep": (int,),
    "haptic": (int,),
    "power": (int,),
    "boot": (str,),
    "world": (str, object),
    "skin": (int,),
    "log": (dict,),
    "console": (str,),
    "usb": (str,),
    "flash": (int,),
    "cut": (int,),
    "irq_error": (str,),
    "end": (dict,),
}
_PHASE_LENGTH = 9
_LOG_FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "state": {"from": str, "to": str, "cause": str},
    "zone": {"n": int, "name": str, "s": (int, float)},
    "contact": {"class": str},
    "level": {"level": int, "ua": (int, float)},
    "mode": {"name": str},
    "fault": {"name": str},
}


class TraceError(ValueError):
    """A line that is not what TRACE.md says, or a trace that is cut short. One line of text."""


@dataclass(frozen=True)
class Phases:
    """The times the electrodes were driven, in order: equally long arrays, one element a phase."""

    t_us: Ints
    direction: Ints  # +1 forward, -1 reverse
    dur_us: Ints
    code: Ints  # DAC code on the output
    peak_ua: Floats
    end_ua: Floats
    charge_nc: Floats  # not negative; the sign is the direction's
    peak_mv: Floats

    def __len__(self) -> int:
        return len(self.t_us)

    @cached_property
    def end_us(self) -> Ints:
        """When each phase ended."""
        return self.t_us + self.dur_us

    @cached_property
    def signed_nc(self) -> Floats:
        """Charge with the direction's sign."""
        return self.charge_nc * self.direction


class Event(NamedTuple):
    """A line that is neither a phase nor a log, whole."""

    t_us: int
    kind: str
    fields: tuple[Any, ...]


class Log(NamedTuple):
    """A line of the firmware's own log, at the trace's time. `e` is also in `fields`."""

    t_us: int
    e: str
    fields: dict[str, Any]


class StateChange(NamedTuple):
    """The firmware logged a change of session state."""

    t_us: int
    before: str
    to: str
    cause: str


class Span(NamedTuple):
    """A stretch of time, `start_us` up to but not including `end_us`, and what held in it."""

    start_us: int
    end_us: int
    name: str


class Zone(NamedTuple):
    """A zone of the preset began."""

    t_us: int
    n: int
    name: str
    seconds: float


class Contact(NamedTuple):
    """The firmware's contact class changed."""

    t_us: int
    name: str
    ohm: float | None


class Level(NamedTuple):
    """The level changed; `ua` is the set current it stands for."""

    t_us: int
    level: int
    ua: float


class Led(NamedTuple):
    """The brightness of one LED changed."""

    t_us: int
    role: str
    permille: int


class World(NamedTuple):
    """The scenario did this to the device."""

    t_us: int
    action: str
    value: Any


class Trace:
    """A whole trace. Made by `TraceReader`, `parse` or `load`."""

    def __init__(self, header: dict[str, Any], phases: Phases, events: list[Event], logs: list[Log]) -> None:
        self.header = header
        self.phases = phases
        self.events = sorted(events, key=lambda event: event.t_us)  # `skin` is told late
        self.logs = logs
        self.wall_seconds = 0.0  # of the run, set by the runner
        self.end_us = self.events[-1].t_us
        self._by_kind: dict[str, list[Event]] = {}
        for event in self.events:
            self._by_kind.setdefault(event.kind, []).append(event)
        self._by_e: dict[str, list[Log]] = {}
        for log in logs:
            self._by_e.setdefault(log.e, []).append(log)
        self.states = [StateChange(t, f["from"], f["to"], f["cause"]) for t, _, f in self.logs_of("state")]
        self.zones = [Zone(t, f["n"], f["name"], f["s"]) for t, _, f in self.logs_of("zone")]
        self.contacts = [Contact(t, f["class"], f.get("ohm")) for t, _, f in self.logs_of("contact")]
        self.levels = [Level(t, f["level"], f["ua"]) for t, _, f in self.logs_of("level")]
        self.faults = [str(f["name"]) for _, _, f in self.logs_of("fault")]
        self.leds = [Led(event.t_us, *event.fields) for event in self.of("led")]
        self.world = [World(event.t_us, *event.fields) for event in self.of("world")]

    def of(self, kind: str) -> list[Event]:
        """The events of one kind, in order."""
        return self._by_kind.get(kind, [])

    def logs_of(self, e: str) -> list[Log]:
        """The firmware's log lines of one kind, in order."""
        return self._by_e.get(e, [])

    @cached_property
    def spans(self) -> list[Span]:
        """Session states from time 0 to the end, without gaps. A device without supply, or starting, is OFF."""
        return spans_of(self._changes, self.end_us)

    @property
    def final_state(self) -> str:
        """The session state at the end, also when it was entered at that very instant."""
        return self._changes[-1][1]

    @cached_property
    def _changes(self) -> list[tuple[int, str]]:
        changes = [(change.t_us, change.to) for change in self.states]
        changes += [(event.t_us, "OFF") for event in self.of("power") if not event.fields[0]]
        changes += [(event.t_us, "OFF") for event in self.of("boot")]
        # At the same instant the loss or start comes first: what the firmware then logs follows it.
        changes.sort(key=lambda change: (change[0], change[1] != "OFF"))
        return [(0, "OFF"), *changes]

    def state_at(self, t_us: int) -> str:
        """Session state at a time; OFF before the first."""
        return self.spans[max(0, bisect_right(self._span_starts, t_us) - 1)].name

    @cached_property
    def _span_starts(self) -> list[int]:
        return [span.start_us for span in self.spans]

    def spans_in(self, states: Iterable[str]) -> list[Span]:
        """Stretches spent in any of these states, neighbours joined. Each is named for the state it began with."""
        wanted = frozenset(states)
        joined: list[Span] = []
        for span in self.spans:
            if span.name not in wanted:
                continue
            if joined and joined[-1].end_us == span.start_us:
                joined[-1] = joined[-1]._replace(end_us=span.end_us)
            else:
                joined.append(span)
        return joined


def spans_of(changes: list[tuple[int, str]], end_us: int) -> list[Span]:
    """Spans between changes `(t_us, name)`, given in order of time, the last up to `end_us`; never empty, joined."""
    spans: list[Span] = []
    for i, (t_us, name) in enumerate(changes):
        until = changes[i + 1][0] if i + 1 < len(changes) else max(end_us, t_us)
        if until <= t_us:
            continue
        if spans and spans[-1].name == name and spans[-1].end_us == t_us:
            spans[-1] = spans[-1]._replace(end_us=until)
        else:
            spans.append(Span(t_us, until, name))
    return spans or [Span(0, end_us, changes[0][1])]


class TraceReader:
    """Reads a trace line by line, as it is written."""

    def __init__(self) -> None:
        self.lines = 0
        self._header: dict[str, Any] | None = None
        self._phases: list[Record] = []
        self._phase_lines: list[int] = []
        self._events: list[Event] = []
        self._logs: list[Log] = []
        self._ended = False
        self._last_us = 0  # of the last line that is no phase

    def feed(self, line: str) -> Record:
        """Take one line; returns it parsed. Raises TraceError."""
        self.lines += 1
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if type(record) is not list or len(record) < 2 or type(record[0]) is not str or type(record[1]) is not int:
            raise self._bad(line)
        kind = record[0]
        if self._ended:
            raise self._bad(line, "after the end line")
        if self._header is None and kind != "trace":
            raise self._bad(line, "before the trace line")
        if kind == "phase":
            if len(record) != _PHASE_LENGTH:
                raise self._bad(line)
            self._phases.append(record)
            self._phase_lines.append(self.lines)
            return record
        self._other(kind, record, line)
        return record

    def console(self, text: str) -> Record:
        """Take a line that is no record, as what the firmware printed last: tracebacks reach stdout by themselves."""
        return self.feed(json.dumps(["console", self._last_us, text]))

    def finish(self) -> Trace:
        """The trace, when all lines are in. Raises TraceError when the last was not `end` or phases overlap."""
        if self._header is None:
            raise TraceError("the trace is empty")
        if not self._ended:
            raise TraceError(f"the trace stops at line {self.lines} without an end line")
        return Trace(self._header, self._phase_arrays(), self._events, self._logs)

    def _bad(self, line: str, why: str = "not as TRACE.md says") -> TraceError:
        text = line.strip()
        return TraceError(f"trace line {self.lines}: {why}: {text if len(text) <= 100 else text[:97] + '...'}")

    def _other(self, kind: str, record: Record, line: str) -> None:
        types = _FIELDS.get(kind)
        fields = record[2:]
        if types is None or len(fields) != len(types):
            raise self._bad(line)
        if not all(isinstance(value, wanted) for value, wanted in zip(fields, types, strict=True)):
            raise self._bad(line)
        t_us = record[1]
        if kind != "skin":
            if t_us < self._last_us:
                raise self._bad(line, "goes back in time")
            self._last_us = t_us
        if kind == "log":
            e = fields[0].get("e")
            shape = _LOG_FIELDS.get(e, {}) if isinstance(e, str) else None
            if shape is None or not all(isinstance(fields[0].get(key), wanted) for key, wanted in shape.items()):
                raise self._bad(line)
            self._logs.append(Log(t_us, e, fields[0]))
            return
        if kind == "trace":
            if self._header is not None or fields[0].get("version") != VERSION:
                raise self._bad(line, f"not a trace of version {VERSION}")
            self._header = fields[0]
        self._ended = kind == "end"
        self._events.append(Event(t_us, kind, tuple(fields)))

    def _phase_arrays(self) -> Phases:
        columns = np.zeros((0, _PHASE_LENGTH - 1))
        if self._phases:
            columns = np.array([record[1:] for record in self._phases])
            if columns.dtype.kind not in "if":
                raise self._bad_phase(next(i for i, record in enumerate(self._phases) if not _numbers(record)))
        columns = columns.astype(np.float64)
        t, direction, dur, code, peak, end, charge, mv = columns.T
        wrong = (np.abs(direction) != 1) | (dur <= 0) | (charge < 0) | (code < 0) | ~np.isfinite(columns).all(axis=1)
        if wrong.any():
            raise self._bad_phase(int(np.argmax(wrong)))
        early = t[1:] < t[:-1] + dur[:-1]
        if early.any():
            raise self._bad_phase(int(np.argmax(early)) + 1, "begins before the last one ended")
        ints = [column.astype(np.int64) for column in (t, direction, dur, code)]
        return Phases(ints[0], ints[1], ints[2], ints[3], peak, end, charge, mv)

    def _bad_phase(self, i: int, why: str = "not as TRACE.md says") -> TraceError:
        return TraceError(f"trace line {self._phase_lines[i]}: {why}: {json.dumps(self._phases[i])}")


def _numbers(record: Record) -> bool:
    return all(type(value) in (int, float) for value in record[1:])


def parse(lines: Iterable[str]) -> Trace:
    """The trace in these lines; blank ones are skipped. Raises TraceError."""
    reader = TraceReader()
    for line in lines:
        if line.strip():
            reader.feed(line)
    return reader.finish()


def load(path: str | Path) -> Trace:
    """The trace in a file. Raises TraceError, OSError."""
    with open(path, encoding="utf-8") as lines:
        return parse(lines)
