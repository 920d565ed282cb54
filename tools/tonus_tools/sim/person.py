"""One person with one device, drawn by a seed: hands, skins, gel, a beard, a cell that dips. A scenario document.

What is drawn is what people do who mean no harm: the session is to be finished, or is ended by MODE. Times are those of
a plan that follows the zones; the device is never ahead of it, so nobody presses a button of a session that is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from tonus import limits
from tonus.preset import Preset

TEMPERATURE_C = (limits.TEMPERATURE_MIN_C, limits.TEMPERATURE_MAX_C)
BATTERY_PCT = (30, 100)  # what a cell has to have for a start, and what its resistance and its divider may hide of it
BOUNCE_MS = (0, 20)
SWITCH_ON_S = (0.6, 1.6)  # until the lights come: shorter than the processor takes to hold its supply is too short
STARTS_S = 3.0  # until the lights say that the device is ready
FIRST_TOUCH_S = (0.3, 3.0)  # after the level was chosen
PRESS_S = (0.06, 0.25)
PACE_S = (0.15, 0.5)  # from the end of one press to the next
EVENT_S = (3.0, 15.0)  # from one thing to the next within a zone
GLIDE_S = (0.05, 1.0)  # an electrode leaves the skin for so long
MOVE_S = (0.3, 2.0)  # ... from one zone to another
DAB_S = (1.5, 5.0)  # ... for a dab of gel
DRY_S = (1.0, 6.0)  # until a spot that has dried is noticed
STUBBLE_S = (3.0, 10.0)
STUBBLE_OFF_MS = (5, 50)
STUBBLE_PER_S = (0.2, 5.0)
DIP_S = (0.2, 1.5)  # shorter than the cell's filter
DIP_PCT = (1, 15)
RAMP_S = limits.RAMP_RETURN_MS / 1000
MOVED, BEARDED, STOPPED = 0.5, 0.3, 0.05  # how many move between zones, have a beard, stop before the end
END_S = 15.0  # after the plan's end
LATE = 1.1  # ... and for each second of the plan

# (weight, what happens within a zone)
_EVENTS = (
    (5, "glide"),
    (3, "skin"),
    (3, "plus"),
    (3, "minus"),
    (2, "dab"),
    (1, "dries"),
    (1, "dip"),
    (2, "stubble"),
)
_SKINS = ("good", "typical")

Document = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """A scenario's document, and what the person means: `stops`, to end it with MODE before its time."""

    document: Document
    stops: bool


def draw(seed: int, preset: Preset, mode: int, board: str = "tonus_r1") -> Drawn:
    """Device and person of this seed, with the preset that `mode` presses of MODE choose."""
    return _Person(seed, preset).facial(mode, board)


class _Person:
    def __init__(self, seed: int, preset: Preset) -> None:
        self.seed = seed
        self.preset = preset
        self.random = Random(f"{seed}:{preset.id}")
        self.entries: list[Document] = []
        self.t = 0.0
        self.slow_s = 0.0  # by which the device may be behind
        self.level = 0
        self.skin = "typical"
        self.bearded = self._chance(BEARDED)
        self.pct = self.random.randint(*BATTERY_PCT)

    def facial(self, mode: int, board: str) -> Drawn:
        random = self.random
        start = {
            "device": self.seed,
            "seed": random.randrange(1 << 30),
            "temperature_c": random.randint(*TEMPERATURE_C),
            "battery_pct": self.pct,
            "bounce_ms": random.randint(*BOUNCE_MS),
        }
        self._press("MODE", self._span(SWITCH_ON_S))
        self.t += STARTS_S
        for _ in range(mode):
            self._press("MODE")
        for _ in range(random.randint(1, limits.LEVELS)):
            self._plus()
        self.t += self._span(FIRST_TOUCH_S)
        self._touch(random.choice(_SKINS))
        stops = self._chance(STOPPED)
        stop_s = self.preset.duration_s() * random.uniform(0.1, 0.9) if stops else float("inf")
        played_s = 0.0
        for i, zone in enumerate(self.preset.zones):
            if i and self._chance(MOVED):
                self._lift(MOVE_S)
            self._glide_over(min(zone.duration_s, stop_s - played_s))
            played_s += zone.duration_s
            if played_s >= stop_s:
                self._press("MODE")
                break
        if not stops:
            self.t += self.slow_s
            self.t *= LATE
        name = f"{self.preset.name}, device {self.seed}"
        document = {"name": name, "board": board, "until_s": round(self.t + END_S, 3), "start": start}
        return Drawn(document | {"do": self.entries}, stops)

    def _glide_over(self, seconds: float) -> None:
        """A zone, or what there is of it."""
        end = self.t + seconds
        while True:
            self.t += self._span(EVENT_S)
            if self.t >= end:
                self.t = end
                return
            weights, names = zip(*_EVENTS, strict=True)
            end += getattr(self, "_" + self.random.choices(names, weights)[0])() or 0.0
            end = max(end, self.t)

    # What happens; by how many seconds it holds the zone up.

    def _glide(self) -> float:
        return self._lift(GLIDE_S)

    def _dab(self) -> float:
        self.skin = "good"
        return self._lift(DAB_S)

    def _skin(self) -> None:
        self._touch(self.random.choice(_SKINS))

    def _dries(self) -> float:
        """The gel has gone; the person notices, and takes more."""
        dry_s = self._span(DRY_S)
        self._touch(self.random.choice(("poor", "dry")))
        self.t += dry_s
        self.slow_s += dry_s + limits.DRY_REST_MS / 1000  # counted or not, by how dry it is at this level
        return self._dab()

    def _plus(self) -> None:
        self.level = min(self.level + 1, limits.LEVELS)
        self._press("PLUS")

    def _minus(self) -> None:
        if self.level > 1:
            self.level -= 1
            self._press("MINUS")

    def _dip(self) -> None:
        """The cell gives less for a moment."""
        self._do("battery_pct", self.random.randint(*DIP_PCT))
        self.t += self._span(DIP_S)
        self._do("battery_pct", self.pct)

    def _stubble(self) -> float:
        if not self.bearded:
            return 0.0
        least = self.random.randint(*STUBBLE_OFF_MS)
        per_s = round(self._span(STUBBLE_PER_S), 2)
        off = [least, self.random.randint(least, STUBBLE_OFF_MS[1])]
        self._do("stubble", {"off_ms": off, "per_s": per_s})
        self.t += self._span(STUBBLE_S)
        self._do("stubble", False)
        self.slow_s += STUBBLE_S[1] * min(1.0, per_s / 2)
        return 0.0

    # How.

    def _lift(self, away_s: tuple[float, float]) -> float:
        seconds = self._span(away_s)
        self._do("lift", True)
        self.t += seconds
        self._touch(self.skin)
        self.slow_s += RAMP_S
        return seconds

    def _touch(self, skin: str) -> None:
        if skin in _SKINS:
            self.skin = skin
        self._do("touch", skin)

    def _press(self, button: str, seconds: float = 0.0) -> None:
        seconds = seconds or self._span(PRESS_S)
        self.entries.append({"at": round(self.t, 4), "press": button, "for_s": round(seconds, 4)})
        self.t += seconds + self._span(PACE_S)

    def _do(self, action: str, value: Any) -> None:
        self.entries.append({"at": round(self.t, 4), action: value})

    def _span(self, between: tuple[float, float]) -> float:
        return self.random.uniform(*between)

    def _chance(self, share: float) -> bool:
        return self.random.random() < share
