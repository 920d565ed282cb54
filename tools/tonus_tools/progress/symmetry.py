"""Both sides of the face: what left and right of each region got, in charge and in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..face.places import Place
from .history import Part, Session

UNEVEN_PCT = 10  # apart: the device says so at DONE from here on


@dataclass(frozen=True)
class Side:
    """Of a region. Charge in uC, each way."""

    delivered_uc: float
    set_uc: float
    counted_s: float


@dataclass(frozen=True)
class Pair:
    """Left and right of a region, over sessions in which both had their turn.

    one_sided: sessions in which one had it and the other was skipped, cut short or not reached: in none of these sums.
    """

    region: str
    left: Side
    right: Side
    sessions: int
    one_sided: int = 0

    @property
    def apart_pct(self) -> float:
        """By how much less, in percent of the larger, the right got (above 0) or the left (below 0)."""
        left, right = self.left.delivered_uc, self.right.delivered_uc
        return 100 * (left - right) / max(left, right) if max(left, right) else 0.0

    @property
    def less(self) -> Place | None:
        """The side that got clearly less, if one did."""
        if abs(self.apart_pct) <= UNEVEN_PCT:
            return None
        return Place(self.region, "right" if self.apart_pct > 0 else "left")


def pairs(sessions: Sequence[Session]) -> list[Pair]:
    """Of every region that has a left and a right, in the order in which they come."""
    regions: list[str] = []
    for session in sessions:
        for part in session.parts:
            if part.place and part.place.side != "middle" and part.place.region not in regions:
                regions.append(part.place.region)
    found = []
    for region in regions:
        sums = {"left": Side(0, 0, 0), "right": Side(0, 0, 0)}
        n = one_sided = 0
        for session in sessions:
            its = {side: _side(session.parts, Place(region, side)) for side in sums}
            left, right = its["left"], its["right"]
            if left and right:
                n += 1
                sums = {"left": _sum(sums["left"], left), "right": _sum(sums["right"], right)}
            elif left or right:
                one_sided += 1
        if n or one_sided:
            found.append(Pair(region, sums["left"], sums["right"], n, one_sided))
    return found


def _side(parts: Sequence[Part], place: Place) -> Side | None:
    """Of one session; None when the place had no turn, or not the whole of it."""
    its = [part for part in parts if part.place == place]
    if any(part.skipped or part.cut for part in its):
        return None
    total = Side(0, 0, 0)
    for part in its:
        if part.set_uc is not None and part.delivered_uc is not None:
            total = _sum(total, Side(part.delivered_uc, part.set_uc, part.counted_s))
    return total if total.set_uc else None


def _sum(a: Side, b: Side) -> Side:
    return Side(a.delivered_uc + b.delivered_uc, a.set_uc + b.set_uc, a.counted_s + b.counted_s)
