"""Regions and sides of the face, as a record's `places` names them: two letters a zone."""

from __future__ import annotations

from dataclasses import dataclass

from tonus import preset

REGIONS = dict(zip(preset.LETTERS, preset.REGIONS, strict=True))
SIDES = {side[0]: side for side in preset.SIDES}


@dataclass(frozen=True, order=True)
class Place:
    """Where on the face: the person's own left and right."""

    region: str
    side: str

    def __str__(self) -> str:
        return self.region if self.side == "middle" else f"{self.region} {self.side}"


def read(letters: str) -> list[Place | None]:
    """The places of a record's text; None for letters that this tool does not know."""
    pairs = [(letters[i], letters[i + 1]) for i in range(0, len(letters) - 1, 2)]  # as MicroPython can, in the page
    return [Place(REGIONS[a], SIDES[b]) if a in REGIONS and b in SIDES else None for a, b in pairs]
