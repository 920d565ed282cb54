"""What each place of the face got, over many sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..face.places import REGIONS, SIDES, Place
from .history import Part, Session


@dataclass(frozen=True)
class Region:
    """One place. Charges in uC, each way. good_pct: of the counted time. sessions: in which it had a turn."""

    place: Place
    set_uc: float
    delivered_uc: float
    counted_s: float
    good_pct: float
    sessions: int
    skipped: int

    @property
    def share_pct(self) -> float | None:
        """Delivered of set; None when nothing was set."""
        return min(100.0, 100 * self.delivered_uc / self.set_uc) if self.set_uc else None

    @property
    def poor_pct(self) -> float:
        """Share of the counted time without good contact."""
        return 100 - self.good_pct if self.counted_s else 0.0


def regions(sessions: Sequence[Session]) -> list[Region]:
    """Every place that the sessions name, from the forehead down, left before right."""
    parts: dict[Place, list[Part]] = {}
    for session in sessions:
        for part in session.parts:
            if part.place:
                parts.setdefault(part.place, []).append(part)
    order = [Place(region, side) for region in REGIONS.values() for side in SIDES.values()]
    return [_region(place, parts[place]) for place in order if place in parts]


def _region(place: Place, parts: Sequence[Part]) -> Region:
    counted_s = sum(part.counted_s for part in parts)
    good_s = sum(part.counted_s * part.good_pct for part in parts)
    return Region(
        place,
        sum(part.set_uc or 0 for part in parts),
        sum(part.delivered_uc or 0 for part in parts),
        counted_s,
        good_s / counted_s if counted_s else 0.0,
        sum(part.counted_s > 0 for part in parts),
        sum(part.skipped for part in parts),
    )
