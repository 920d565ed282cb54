"""The sessions of a journal in order, each with its zones, and with the days it may have been on.

A record has a date only if a computer had set the device's clock since it was switched on. One without is placed
between the two dates that bound it. What a record of an older firmware does not say stays None: nothing is filled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ..face import places
from ..face.places import Place

Record = Mapping[str, Any]

# Why a session ended when it came to its end: contact that is lost while it ramps down changes nothing.
COMPLETE = ("ramped_down", "lost")
DAY_S = 60  # a day counts for the routine with a session of so much counted time: a shorter one is a try, or a mistake


@dataclass(frozen=True)
class Part:
    """What one zone got. Charges in uC, each way. `place` and charges are None where the record does not say."""

    number: int  # of the zone, from 1
    place: Place | None
    counted_s: float
    treated_s: float
    share_pct: int | None
    good_pct: int
    set_uc: float | None
    delivered_uc: float | None
    skipped: bool
    cut: bool  # the session ended in it, before its time


@dataclass(frozen=True)
class Session:
    """A session. `at`: local time of its end, or None; then it was on a day from `earliest` to `latest`, if known."""

    n: int
    at: datetime | None
    earliest: date | None
    latest: date | None
    id: str
    name: str
    level: int
    top_ua: int
    counted_s: float
    treated_s: float
    set_uc: float | None
    delivered_uc: float
    share_pct: int | None
    good_pct: int
    ohm: int | None
    lifts: int
    why: str
    parts: tuple[Part, ...]

    @property
    def day(self) -> date | None:
        """The day it was on, if that is known: also where two sessions of one day bound it."""
        return self.earliest if self.earliest == self.latest else None

    @property
    def is_complete(self) -> bool:
        return self.why in COMPLETE

    @property
    def is_short(self) -> bool:
        """Too short to make a day."""
        return self.counted_s < DAY_S

    @property
    def knows_places(self) -> bool:
        return any(part.place for part in self.parts)

    @property
    def when(self) -> str:
        """The day in words: one, or those that bound it."""
        a, b = self.earliest, self.latest
        if a and a == b:
            return f"{a:%Y-%m-%d}"
        if a and b:
            later = f"{b:%m-%d}" if a.year == b.year else f"{b:%Y-%m-%d}"
            return f"{a:%Y-%m-%d} to {later}"
        if a:
            return f"since {a:%Y-%m-%d}"
        return f"until {b:%Y-%m-%d}" if b else "day not known"


def history(records: Sequence[Record], today: date | None = None) -> list[Session]:
    """The sessions of records (PROTOCOL.md) in the journal's order. `today`, when they were read, bounds the last."""
    at = [None if r["at"] is None else datetime.fromtimestamp(r["at"]) for r in records]
    days = [t.date() if t else None for t in at]
    return [_session(r, at[i], *_bounds(days, i, today)) for i, r in enumerate(records)]


def _bounds(days: Sequence[date | None], i: int, today: date | None) -> tuple[date | None, date | None]:
    """The first and the last day that session `i` may have been on; neither, where the dates contradict each other."""
    if days[i]:
        return days[i], days[i]
    before = next((day for day in reversed(days[:i]) if day), None)
    after = next((day for day in days[i + 1 :] if day), today)
    if before and after and before > after:
        return None, None
    return before, after


def _session(r: Record, at: datetime | None, earliest: date | None, latest: date | None) -> Session:
    return Session(
        n=r["n"],
        at=at,
        earliest=earliest,
        latest=latest,
        id=r["id"],
        name=r["name"],
        level=r["level"],
        top_ua=r["top_ua"],
        counted_s=r.get("counted_ms", r["treated_ms"]) / 1000,
        treated_s=r["treated_ms"] / 1000,
        set_uc=r.get("set_uc"),
        delivered_uc=r["charge_uc"],
        share_pct=r.get("share_pct"),
        good_pct=r["good_pct"],
        ohm=r["ohm"] or None,
        lifts=r["lifts"],
        why=r["why"],
        parts=tuple(_parts(r)),
    )


def _parts(r: Record) -> list[Part]:
    counted, charges = r.get("counted"), r.get("charges")
    where = places.read(r.get("places") or "")
    skipped = r.get("skipped") or []
    zones = list(r["zones"])
    ended_in = None if r["why"] in COMPLETE else len(zones) - 1
    zones += [[0, 0]] * (max(skipped, default=0) - len(zones))  # left out before anything was counted in it
    found = []
    for i, (treated_ms, good) in enumerate(zones):
        set_uc, delivered_uc = charges[i] if charges and i < len(charges) else (None, None)
        counted_ms, share_pct = (
            counted[i] if counted and i < len(counted) else _worked_out(treated_ms, set_uc, delivered_uc)
        )
        found.append(
            Part(
                number=i + 1,
                place=where[i] if i < len(where) else None,
                counted_s=counted_ms / 1000,
                treated_s=treated_ms / 1000,
                share_pct=share_pct,
                good_pct=good,
                set_uc=set_uc,
                delivered_uc=delivered_uc,
                skipped=i + 1 in skipped,
                cut=i == ended_in,
            )
        )
    return found


def _worked_out(treated_ms: int, set_uc: float | None, delivered_uc: float | None) -> tuple[float, int | None]:
    """Counted ms and share of a zone in a record that had no room for them: treated is counted times the share."""
    if set_uc is None or delivered_uc is None:
        return treated_ms, None
    if not set_uc or not delivered_uc:
        return treated_ms, 0
    share = min(1.0, delivered_uc / set_uc)
    return treated_ms / share, round(100 * share)
