"""All that was worked out, for other programs: as JSON, and as tables for CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .history import Session
from .regions import Region
from .routine import Routine
from .sentence import sentence
from .symmetry import Pair

if TYPE_CHECKING:
    from .page import Progress

Row = dict[str, Any]


def routine(kept: Routine) -> Row:
    """A routine as JSON; `least` and `most`: days that a week can have had."""
    plan = kept.plan
    return {
        "plan": asdict(plan) | {"since": _day(plan.since)},
        "first": _day(kept.first),
        "today": _day(kept.today),
        "day": kept.day,
        "position": kept.position,
        "next": kept.next,
        "undated": kept.undated,
        "short": kept.short,
        "weeks": weeks(kept),
    }


def weeks(kept: Routine) -> list[Row]:
    return [
        asdict(week) | {"first": _day(week.first), "last": _day(week.last), "verdict": week.verdict.value}
        for week in kept.weeks
    ]


def progress(made: Progress) -> Row:
    """All of it as JSON."""
    return {"routine": routine(made.routine)} | tables(made)


def tables(made: Progress) -> dict[str, list[Row]]:
    """By name: the rows of each table."""
    return {
        "weeks": weeks(made.routine),
        "sessions": [_session(s) for s in made.sessions],
        "zones": [row for s in made.sessions for row in _zones(s)],
        "regions": [_region(region) for region in made.regions],
        "pairs": [_pair(pair) for pair in made.pairs],
        "advice": [{"words": one.words, "figure": one.figure, "source": one.source} for one in made.advice],
    }


def _session(s: Session) -> Row:
    return {
        "n": s.n,
        "at": s.at.isoformat(timespec="minutes") if s.at else None,
        "earliest": _day(s.earliest),
        "latest": _day(s.latest),
        "id": s.id,
        "level": s.level,
        "counted_s": s.counted_s,
        "set_uc": s.set_uc,
        "delivered_uc": s.delivered_uc,
        "share_pct": s.share_pct,
        "good_pct": s.good_pct,
        "ohm": s.ohm,
        "lifts": s.lifts,
        "why": s.why,
        "sentence": sentence(s),
    }


def _zones(s: Session) -> list[Row]:
    return [
        {
            "n": s.n,
            "zone": part.number,
            "region": part.place.region if part.place else None,
            "side": part.place.side if part.place else None,
            "counted_s": part.counted_s,
            "set_uc": part.set_uc,
            "delivered_uc": part.delivered_uc,
            "share_pct": part.share_pct,
            "good_pct": part.good_pct,
            "skipped": part.skipped,
        }
        for part in s.parts
    ]


def _region(r: Region) -> Row:
    return {
        "region": r.place.region,
        "side": r.place.side,
        "set_uc": round(r.set_uc, 2),
        "delivered_uc": round(r.delivered_uc, 2),
        "share_pct": None if r.share_pct is None else round(r.share_pct, 1),
        "counted_s": round(r.counted_s, 3),
        "good_pct": round(r.good_pct, 1),
        "sessions": r.sessions,
        "skipped": r.skipped,
    }


def _pair(p: Pair) -> Row:
    return {
        "region": p.region,
        "left_uc": round(p.left.delivered_uc, 2),
        "right_uc": round(p.right.delivered_uc, 2),
        "left_s": round(p.left.counted_s, 3),
        "right_s": round(p.right.counted_s, 3),
        "right_less_pct": round(p.apart_pct, 1),
        "sessions": p.sessions,
        "one_sided": p.one_sided,
    }


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with the same keys, as CSV; nothing when there are none."""
    text = io.StringIO()
    if rows:
        table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return text.getvalue()


def _day(day: Any) -> str | None:
    return day.isoformat() if day else None
