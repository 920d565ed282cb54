"""How full the cell is, from readings of its voltage under load. No hardware; time is an argument.

One reading decides nothing. What is shown is the middle one of the last BATTERY_MS, and a threshold is passed when all
of them are below it: no dip shorter than that ends a session, and an empty cell is acted on that long after.
"""

from . import limits

_STEP_MS = 100  # readings closer together than this are one


class Cell:
    """empty_mv, full_mv: 0 % and 100 % at rest; mohm: the cell's resistance, as of an ordinary one.

    pct: charge, 0..100; 100 as long as nothing was read. can_start: enough for a session.
    """

    def __init__(self, empty_mv: int, full_mv: int, mohm: int) -> None:
        self._empty_mv = empty_mv
        self._span_mv = full_mv - empty_mv
        self._mohm = mohm
        self.reset()

    def reset(self) -> None:
        """What was read is of another cell, or of a cable."""
        self.pct = 100
        self.can_start = True
        self._read: list[tuple[int, int]] = []  # (ms, %) of the last readings
        self._since_ms = 0

    def add(self, mv: int, load_ma: int, now_ms: int) -> None:
        """A reading, while the device draws this much; any ms clock. Several a second."""
        read = self._read
        if not read:
            self._since_ms = now_ms
        elif now_ms - read[-1][0] < _STEP_MS:
            return
        rest_mv = mv + load_ma * self._mohm // 1000
        pct = (rest_mv - self._empty_mv) * 100 // self._span_mv
        read.append((now_ms, min(100, max(0, pct))))
        while now_ms - read[0][0] > limits.BATTERY_MS:
            read.pop(0)
        self.pct = sorted([pct for _, pct in read])[len(read) // 2]
        if self.pct < limits.BATTERY_START_PCT:
            self.can_start = False
        elif self.pct >= limits.BATTERY_START_PCT + limits.BATTERY_AGAIN_PCT:
            self.can_start = True

    def below(self, pct: int) -> bool:
        """True when all readings of the last BATTERY_MS were below `pct`, and there were some all that time."""
        read = self._read
        if not read or read[-1][0] - self._since_ms < limits.BATTERY_MS:
            return False
        return max([each for _, each in read]) < pct
