"""A hand on three buttons, for the unit tests.

Contacts open and close at any microsecond, ticks come when they come, the foreground looks every 10 ms, or later.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable

from tonus import debounce, panel

MODE, PLUS, MINUS = (True, False, False), (False, True, False), (False, False, True)
NONE = (False, False, False)
Contacts = tuple[bool, bool, bool]

PINS = (20, 21, 15)
OTHERS = 0x2A0F0FF & ~sum(1 << pin for pin in PINS)  # what other pins happen to be


class Hand:
    """`late_us(n)`: how long after its time tick n comes. What happens between two ticks is in the edges only."""

    def __init__(self, contacts: Contacts = NONE, late_us: Callable[[int], int] = lambda n: 0) -> None:
        self.latched = array("i", [0])
        self.places = [(0, 1 << i) for i in range(3)]
        self.contacts = debounce.Contacts(1 << PINS[0], 1 << PINS[1], 1 << PINS[2], self)
        self.buttons = panel.Buttons(self.contacts)
        self.closed = list(contacts)
        self.seen: list[bool] = []  # contacts when they were looked at
        self.busy = False  # they want to be looked at in each tick
        self.now_us = 0
        self.stops = 0
        self.stopped_us: list[int] = []  # when MODE began to stop
        self.late_us = late_us
        self.ticks = 0
        self.look_us = 0  # when the foreground looks next
        self.gestures: list[str] = []
        self.at: list[int] = []  # ms
        self.hold(contacts, 10)

    def forget(self, i: int) -> None:
        """The edges of contact i until now, as `debounce.Edges`."""
        self.latched[0] &= ~(1 << i)

    def hold(self, contacts: Contacts, ms: float) -> list[str]:
        """The gestures while these contacts last."""
        before = len(self.gestures)
        for i in range(3):
            if self.closed[i] != contacts[i]:
                self.closed[i] = contacts[i]
                self.latched[0] |= 1 << i
        until = self.now_us + round(1000 * ms)
        while True:
            tick = max(1000 * self.ticks + self.late_us(self.ticks), self.now_us)
            then = min(tick, self.look_us)
            if then >= until:
                break
            self.now_us = max(then, self.now_us)
            if tick <= self.look_us:
                self._tick()
            else:
                self._look()
        self.now_us = until
        return self.gestures[before:]

    def leave(self, ms: int) -> list[str]:
        """As `hold`, with everything left as it is and at rest: the ticks would see nothing."""
        before = len(self.gestures)
        assert all(self.contacts.rests(i) for i in range(3))
        for _ in range(ms // 10):
            self._look()
            self.now_us = self.look_us
        self.ticks = self.now_us // 1000 + 1
        return self.gestures[before:]

    def _tick(self) -> None:
        """As the pulse loop's: the contacts are looked at when a level has changed, and while one is restless."""
        self.ticks += 1
        if self.closed == self.seen and not self.busy:
            return
        self.seen[:] = self.closed
        word = OTHERS
        for i in range(3):
            if not self.closed[i]:
                word |= 1 << PINS[i]
        found = self.contacts.look(word, self.now_us & 0x3FFFFFFF, self.ticks & 0x3FFFFFFF)
        self.busy = found > 1
        stops = found & 1
        if stops and not self.stops:
            self.stopped_us.append(self.now_us)
        self.stops = stops

    def _look(self) -> None:
        self.look_us = self.now_us + 10_000
        found = self.buttons.update(self.now_us // 1000)
        self.gestures += found
        self.at += [self.now_us // 1000] * len(found)

    @property
    def now(self) -> int:
        return self.now_us // 1000

    def away(self, ms: int) -> None:
        """The foreground does not look for so long."""
        self.look_us = self.now_us + 1000 * ms
