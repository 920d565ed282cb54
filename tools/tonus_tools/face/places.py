"""Regions and sides of the face, as a record's `places` names them: two letters a zone."""

from __future__ import annotations

from dataclasses import dataclass

REGIONS = {
    "f": "forehead",
    "b": "brow",
    "t": "temple",
    "e": "eye",
    "c": "cheek",
    "n": "nose",
    "m": "mouth",
    "h": "chin",
    "j": "jaw",
    "k": "neck",
}
SIDES = {"l": "left", "r": "right", "m": "middle"}


@dataclass(frozen=True, order=True)
class Place:
    """Where on the face: the person's own left and right."""

    region: str
    side: str

    def __str__(self) -> str:
        return self.region if self.side == "middle" else f"{self.region} {self.side}"


def read(letters: str) -> list[Place | None]:
    """The places of a record's text; None for letters that this tool does not know."""
    pairs = zip(letters[::2], letters[1::2], strict=False)
    return [Place(REGIONS[a], SIDES[b]) if a in REGIONS and b in SIDES else None for a, b in pairs]
