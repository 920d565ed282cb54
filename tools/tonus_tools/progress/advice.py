"""At most three plain sentences about the sessions of late, each with the figure that it comes from.

What was done and what could be done; nothing about skin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tonus.session import EVENTS

from .history import Session
from .regions import regions
from .routine import Routine, Verdict
from .sentence import POOR_PCT, SHARE_PCT
from .symmetry import UNEVEN_PCT, pairs

MOST = 3
LATELY = 10  # sessions, two weeks of five
FEW = 3  # sessions: fewer say nothing
EARLY_PCT = 30  # of the sessions
WEEKS_BACK = 4


@dataclass(frozen=True)
class Advice:
    """A sentence; the figure in it; where that comes from. weight: how far beyond what is good, 1 at the limit."""

    words: str
    figure: float
    source: str
    weight: float


def advice(sessions: Sequence[Session], kept: Routine) -> list[Advice]:
    """What matters most, at most MOST; empty when there is too little to go by, or nothing to say."""
    lately = list(sessions)[-LATELY:]
    found = list(_routine(kept))
    if len(lately) >= FEW:
        for part in (_contact, _sides, _share, _early):
            found += part(lately)
    return sorted(found, key=lambda one: -one.weight)[:MOST]


def _routine(kept: Routine) -> Iterator[Advice]:
    over = [week for week in kept.weeks if week.verdict is not Verdict.RUNNING and week.last < kept.today]
    over = over[-WEEKS_BACK:]
    missed = [week for week in over if week.verdict is Verdict.MISSED]
    if missed:
        worst = min(missed, key=lambda week: week.most - week.target)
        days = f"{worst.least}" if worst.least == worst.most else f"{worst.least} to {worst.most}"
        yield Advice(
            f"Of the last {_weeks(len(over))} {len(missed)} had fewer days than planned, the one from "
            f"{worst.first.day} {worst.first:%b} {days} of {worst.target}: a fixed hour of the day helps.",
            len(missed),
            f"days with a session of a minute or more, against the plan; weeks from {over[0].first} on",
            1 + 2 * len(missed) / len(over),
        )


def _weeks(n: int) -> str:
    return "week" if n == 1 else f"{n} weeks"


def _contact(lately: Sequence[Session]) -> Iterator[Advice]:
    """The place with the worst contact."""
    worst = max(regions(lately), key=lambda region: region.poor_pct, default=None)
    if worst and worst.poor_pct >= POOR_PCT:
        poor = round(worst.poor_pct, 1)
        yield Advice(
            f"{_capital(str(worst.place))}: contact poor {poor:.0f} % of the time: more gel there.",
            poor,
            f"100 % less good contact, of the counted time, last {len(lately)} sessions",
            worst.poor_pct / POOR_PCT,
        )


def _sides(lately: Sequence[Session]) -> Iterator[Advice]:
    """The pair that is furthest apart."""
    worst = max(pairs(lately), key=lambda pair: abs(pair.apart_pct), default=None)
    if worst and worst.less and worst.sessions >= FEW:
        apart = round(abs(worst.apart_pct), 1)
        other = "left" if worst.less.side == "right" else "right"
        yield Advice(
            f"{_capital(str(worst.less))} got {apart:.0f} % less than {other}: the same pace, gel and pressure on "
            "both sides.",
            apart,
            f"charge delivered, left and right, {worst.sessions} of the last {len(lately)} sessions",
            apart / UNEVEN_PCT,
        )


def _share(lately: Sequence[Session]) -> Iterator[Advice]:
    known = [s for s in lately if s.set_uc]
    set_uc = sum(s.set_uc or 0 for s in known)
    if len(known) < FEW or not set_uc:
        return
    share = round(min(100, 100 * sum(s.delivered_uc for s in known) / set_uc), 1)
    if share < SHARE_PCT:
        lifts = sum(s.lifts for s in known) / len(known)
        yield Advice(
            f"{share:.0f} % of what was set was delivered, with {lifts:.0f} lifts a session: keep both electrodes on "
            "the skin, glide slower, use more gel.",
            share,
            f"charge delivered of set, last {len(known)} sessions",
            (100 - share) / (100 - SHARE_PCT),
        )


def _early(lately: Sequence[Session]) -> Iterator[Advice]:
    early = [s for s in lately if not s.is_complete]
    part = 100 * len(early) / len(lately)
    if part >= EARLY_PCT:
        why, n = Counter(s.why for s in early).most_common(1)[0]
        yield Advice(
            f"{len(early)} of the last {len(lately)} sessions ended before their time, {n} because "
            f"{EVENTS.get(why, why)}.",
            len(early),
            f"what ended them, last {len(lately)} sessions",
            part / EARLY_PCT,
        )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
