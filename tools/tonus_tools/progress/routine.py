"""A plan, and the weeks that were kept: days with a session, met or missed, and what is next.

A session without a date may have been on any day from one date to another. So a week has the `least` and the `most`
days that it can have had, and is met or missed only where every possibility says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from .history import Session

WEEK = 7


class Verdict(StrEnum):
    """Of a week."""

    MET = "met"
    PERHAPS = "perhaps met"  # if the sessions without a date were on days of their own in it
    MISSED = "missed"
    RUNNING = "running"  # it is not over, and not met


@dataclass(frozen=True)
class Plan:
    """Days a week for so many days, then fewer. `since`: its first day; None: that of the first session with a date."""

    days_a_week: int = 5
    days: int = 60
    then_days_a_week: int = 3
    since: date | None = None


@dataclass(frozen=True)
class Week:
    """Seven days of the plan. least, most: days with a session there can have been. sessions: of these with a day."""

    number: int
    first: date
    last: date
    target: int
    least: int
    most: int
    sessions: int
    verdict: Verdict


@dataclass(frozen=True)
class Routine:
    """A plan and what was kept of it, on the day `today`.

    undated: sessions without a day. short: those too short to count.
    """

    plan: Plan
    first: date | None  # of the plan; None: no session has a date
    today: date
    weeks: tuple[Week, ...]
    sessions: tuple[Session, ...]
    undated: int
    short: int

    def count(self, verdict: Verdict) -> int:
        return sum(week.verdict is verdict for week in self.weeks)

    @property
    def day(self) -> int:
        """Of the plan, from 1; 0 when it has not begun."""
        return (self.today - self.first).days + 1 if self.first and self.first <= self.today else 0

    @property
    def position(self) -> str:
        """Where in the plan, in words."""
        plan = self.plan
        if not self.first:
            return "not begun: no session has a date"
        if not self.day:
            return f"begins on {told(self.first)}"
        if self.day <= plan.days:
            return f"day {self.day} of {plan.days}, week {len(self.weeks)}: {_days(plan.days_a_week)} a week"
        return f"the {plan.days} days are over, week {len(self.weeks)}: {_days(plan.then_days_a_week)} a week"

    @property
    def next(self) -> str:
        """What is next, in words."""
        if not self.weeks:
            return f"on {told(self.first)}" if self.first else "a session, with the clock set by a computer before it"
        week = self.weeks[-1]
        least, most = max(0, week.target - week.most), max(0, week.target - week.least)
        if not most:
            return f"this week is met; the next begins on {told(week.last + timedelta(days=1))}"
        more = f"{least} or {most}" if least + 1 == most else f"{least} to {most}" if least < most else f"{most}"
        return f"{more} more {'day' if more == '1' else 'days'} by {told(week.last)}"


def told(day: date) -> str:
    """A day in words."""
    return f"{day:%a} {day.day} {day:%b}"


def _days(n: int) -> str:
    return f"{n} day" if n == 1 else f"{n} days"


def routine(sessions: Sequence[Session], plan: Plan, today: date) -> Routine:
    """What was kept of a plan up to and with `today`."""
    counting = [s for s in sessions if not s.is_short]
    dated = [s.day for s in counting if s.day]
    first = plan.since or min(dated, default=None)
    undated = sum(s.day is None for s in counting)
    short = len(sessions) - len(counting)
    return Routine(plan, first, today, tuple(_weeks(counting, plan, first, today)), tuple(sessions), undated, short)


def _weeks(sessions: Sequence[Session], plan: Plan, first: date | None, today: date) -> Iterable[Week]:
    at, number = first, 0
    while at and at <= today:
        number += 1
        last = at + timedelta(days=WEEK - 1)
        target = plan.days_a_week if (at - (first or at)).days < plan.days else plan.then_days_a_week
        there = [s for s in sessions if s.day and at <= s.day <= last]
        least = {s.day for s in there}
        most = len(least) + _placed(sessions, at, min(last, today), least)
        verdict = _verdict(target, len(least), most, last >= today)
        yield Week(number, at, last, target, len(least), most, len(there), verdict)
        at = last + timedelta(days=1)


def _verdict(target: int, least: int, most: int, running: bool) -> Verdict:
    if least >= target:
        return Verdict.MET
    if running:
        return Verdict.RUNNING
    return Verdict.PERHAPS if most >= target else Verdict.MISSED


def _placed(sessions: Sequence[Session], first: date, last: date, taken: Iterable[date | None]) -> int:
    """How many sessions without a day can be on free days of their own from `first` to `last`."""
    free = {first + timedelta(days=i) for i in range((last - first).days + 1)} - set(taken)
    spans = [(max(s.earliest or first, first), min(s.latest or last, last)) for s in sessions if s.day is None]
    placed = 0
    for begin, end in sorted(spans, key=lambda span: (span[1], span[0])):  # who has to go earliest chooses first
        day = min((day for day in free if begin <= day <= end), default=None)
        if day:
            free.remove(day)
            placed += 1
    return placed
