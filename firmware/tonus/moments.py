"""What the bar shows for a moment, in place of what it shows else. No hardware; time is an argument.

zone: which of how many. The bar is all zones, one to four of them a light. Those whose zones are over are full, those
to come dim; that of the present zone blinks, once for its first zone, twice for its second and so on.
charge: of the cell, as many halves as tenths; it blinks when it is to be charged soon.
stop: all dim. full, quiet, off: how loud it is, in the middle of the bar. ticks, no_ticks: the motor, beside it.
"""

from . import limits

FULL = 1000  # brightness, permille
HALF = 150  # looks like half
_FOR_MS = {"zone": 2400, "charge": 1000, "soon": 2000, "stop": 800}
_FOR_MS.update({"full": 1200, "quiet": 1200, "off": 1200, "ticks": 1200, "no_ticks": 1200})


def level_lights(level: int) -> list[int]:
    """Five brightnesses for a level 0..10: each LED is two levels, half and full."""
    return [FULL if level >= 2 * i else HALF if level == 2 * i - 1 else 0 for i in range(1, 6)]


def zone_lights(n: int, of: int, since_ms: int) -> list[int]:
    """The bar, so long after the moment began. n: from 1."""
    each = (of + 4) // 5
    at, nth = (n - 1) // each, (n - 1) % each
    on = since_ms // 400 <= nth and since_ms % 400 < 200
    lit = (of + each - 1) // each
    return [FULL if i < at or i == at and on else 0 if i == at or i >= lit else HALF for i in range(5)]


class Moments:
    """One moment at a time: the latest."""

    def __init__(self) -> None:
        self.kind = ""
        self._since_ms = 0
        self._data = (0, 0)

    def show(self, kind: str, now_ms: int, a: int = 0, b: int = 0) -> None:
        """zone: a-th of b zones. charge: a percent."""
        if kind == "charge" and a <= limits.CHARGE_SOON_PCT:
            kind = "soon"
        self.kind = kind
        self._since_ms = now_ms
        self._data = (a, b)

    def end(self) -> None:
        self.kind = ""

    def bar(self, now_ms: int) -> list[int] | None:
        """Five brightnesses; None when there is no moment."""
        kind = self.kind
        since_ms = now_ms - self._since_ms
        if not kind or since_ms >= _FOR_MS[kind]:
            self.kind = ""
            return None
        if kind == "zone":
            return zone_lights(self._data[0], self._data[1], since_ms)
        if kind == "charge" or kind == "soon":
            on = kind == "charge" or since_ms % 500 < 250
            return level_lights(max(1, self._data[0] // 10) if on else 0)
        if kind == "stop":
            return [HALF] * 5
        if kind == "ticks" or kind == "no_ticks":
            at = FULL if kind == "ticks" or since_ms % 200 < 100 else 0
            return [at, at, 0, at, at]
        middle = FULL if kind != "off" or since_ms % 200 < 100 else 0
        beside = 0 if kind == "quiet" else middle
        return [0, beside, middle, beside, 0]
