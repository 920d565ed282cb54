"""The buttons' contacts, looked at in each tick of the pulse loop. No hardware; levels, time and edges are arguments.

A contact counts as down, or up, once it has been so for DEBOUNCE_MS without a break, however short: what happens
between two looks is in the edges that the pins latch. It rests when it has been the same for REST_MS; until then it is
restless.

- MODE down stops. So does a MODE that has been restless for longer than a press and its bounce: whoever holds a worn
  button means it.
- PLUS is down once it rests there, and counts only no faster than a finger and out of a rest: chatter never does.
- While MODE stops, neither PLUS nor MINUS counts.

`look` is called from the interrupt: no allocation, no float, a few microseconds while nothing changes. The foreground
reads the rest; presses are counted, so that it misses none however late it looks.
"""

from array import array

from . import limits
from .mpy import const, micropython, ptr32

MODE = const(0)
PLUS = const(1)
MINUS = const(2)

_MASK = const(0x3FFFFFFF)

# Of each contact, _EACH words.
_BIT = const(0)  # its GPIO, as a mask
_CLOSED = const(1)  # as it was looked at last
_DOWN = const(2)  # as it counts
_CHANGED_US = const(3)  # since when it has been as it is
_RESTLESS = const(4)  # 0 at rest; 1 restless; 2 for longer than a press and its bounce
_SINCE_US = const(5)  # since when it is restless
_UNRESTS = const(6)  # how often it began to be
_DOWN_US = const(7)  # closed for so long is down
_PRESSES = const(8)  # that count
_BARRED = const(9)  # MODE stopped as it closed
_TICK = const(10)  # when it last went down
_FAST = const(11)  # presses in a row, each too soon after the one before
_CHATTERS = const(12)  # no finger does this; until it is forgiven
_LATCHED = const(13)  # where the pins latch its edges: which word, and which bits of it
_EDGES = const(14)
_EACH = const(15)
# Of all.
_ALL = const(45)  # their GPIOs, as a mask
_STOPS = const(46)
_LOOKS = const(47)  # number of this tick
# Of `limits`.
_UP_US = const(48)
_REST_US = const(49)
_UNREST_US = const(50)
_CHATTER_US = const(51)
_FINGER = const(52)
_FAST_MAX = const(53)
_MOVES = const(54)
_LOOKED = const(55)
_TURN = const(56)  # PLUS or MINUS is looked at now
_KEPT = const(57)

_INTR = 0x400140F0  # four bits a pin; writing 1 clears a latched edge

# A look may come later after its time than the one before: more than that, so that a closure of DEBOUNCE_MS is that.
_JITTER_US = limits.TICK_US // 2


class Contacts:
    """The contacts of MODE, PLUS and MINUS, on the GPIOs of these masks (1 << pin). A closed one reads 0.

    edges: as of `Edges`, what the pins have latched; None of pins that have no contact.
    """

    def __init__(self, mode: int, plus: int, minus: int, edges) -> None:
        self._kept = kept = array("i", [0] * _KEPT)
        self._look_calls: tuple = (None, kept, kept)
        if edges is not None:
            self._look_calls = (edges.forget, kept, edges.latched)
            for i in range(3):
                kept[i * _EACH + _LATCHED], kept[i * _EACH + _EDGES] = edges.places[i]
        masks = (mode, plus, minus)
        debounce_us = 1000 * limits.DEBOUNCE_MS + _JITTER_US
        for i in range(3):
            kept[i * _EACH + _BIT] = masks[i]
            kept[i * _EACH + _DOWN_US] = debounce_us
        kept[PLUS * _EACH + _DOWN_US] = 1000 * limits.REST_MS
        kept[_TURN] = PLUS
        kept[_ALL] = self.mask = mode | plus | minus
        kept[_UP_US] = debounce_us
        kept[_REST_US] = 1000 * limits.REST_MS
        kept[_UNREST_US] = 1000 * limits.UNREST_MS
        kept[_CHATTER_US] = 1000 * limits.CHATTER_MS
        kept[_FINGER] = limits.FINGER_MS * 1000 // limits.TICK_US
        for i in range(3):
            kept[i * _EACH + _TICK] = _MASK - kept[_FINGER]  # long ago
        kept[_FAST_MAX] = limits.CHATTER_PRESSES

    # For the interrupt.

    @micropython.viper
    def look(self, pins: int, now: int, tick: int) -> int:
        """The levels of all GPIOs, ticks_us and the number of the tick, below 2^30: 1 while MODE stops, plus 2 while a
        contact is restless. To be called once a tick while it is, and whenever a level has changed.
        """
        forget, its_kept, its_latched = self._look_calls
        kept = ptr32(its_kept)
        latched = ptr32(its_latched)
        word = (pins & kept[_ALL]) ^ kept[_ALL]
        kept[_LOOKS] = tick
        kept[_MOVES] = kept[_MOVES] + 1 & _MASK
        kept[_TURN] = 3 - kept[_TURN]
        busy = 0
        i = 0
        at = 0
        while i < 3:
            closed = 0
            if word & kept[at + _BIT]:
                closed = 1
            if not kept[_LOOKED]:
                # Whatever is closed at the first look switched the device on, or is stuck: not a press.
                kept[at + _CLOSED] = closed
                kept[at + _DOWN] = closed
            elif i and i != kept[_TURN]:
                # A tick is short: PLUS and MINUS take turns, and wait for theirs.
                if kept[at + _RESTLESS] or closed != kept[at + _CLOSED]:
                    busy = 1
                i += 1
                at += _EACH
                continue
            changed = closed ^ kept[at + _CLOSED]
            if kept[at + _RESTLESS]:
                if latched[kept[at + _LATCHED]] & kept[at + _EDGES]:
                    forget(i)
                    changed = 1
            elif changed:
                forget(i)  # what was before
                kept[at + _RESTLESS] = 1
                kept[at + _SINCE_US] = now
                kept[at + _UNRESTS] = kept[at + _UNRESTS] + 1 & _MASK
            if changed:
                kept[at + _CLOSED] = closed
                kept[at + _CHANGED_US] = now
                if closed:
                    kept[at + _BARRED] = kept[_STOPS]
            if kept[at + _RESTLESS]:
                same = now - kept[at + _CHANGED_US] & _MASK
                age = now - kept[at + _SINCE_US] & _MASK
                if closed != kept[at + _DOWN]:
                    if closed:
                        if same >= kept[at + _DOWN_US]:
                            kept[at + _DOWN] = 1
                            soon = 0
                            if (kept[_LOOKS] - kept[at + _TICK] & _MASK) < kept[_FINGER]:
                                soon = 1
                                kept[at + _FAST] = kept[at + _FAST] + 1
                                if kept[at + _FAST] >= kept[_FAST_MAX]:
                                    kept[at + _CHATTERS] = 1
                            else:
                                kept[at + _FAST] = 0
                            kept[at + _TICK] = kept[_LOOKS]
                            if i and (kept[at + _BARRED] or kept[_STOPS]):
                                pass
                            elif i == PLUS and (soon or kept[at + _RESTLESS] > 1):
                                pass
                            else:
                                kept[at + _PRESSES] = kept[at + _PRESSES] + 1 & _MASK
                    elif same >= kept[_UP_US]:
                        kept[at + _DOWN] = 0
                if age >= kept[_UNREST_US]:
                    kept[at + _RESTLESS] = 2
                if age >= kept[_CHATTER_US]:
                    kept[at + _CHATTERS] = 1
                if same >= kept[_REST_US]:
                    kept[at + _RESTLESS] = 0
                else:
                    busy = 1
            if not i:
                kept[_STOPS] = kept[_DOWN]
                if kept[_RESTLESS] > 1:
                    kept[_STOPS] = 1
            i += 1
            at += _EACH
        kept[_LOOKED] = 1
        return kept[_STOPS] | busy << 1

    # For the foreground; i is MODE, PLUS or MINUS.

    def moves(self) -> int:
        """The same as before when nothing has changed since, and all rest."""
        return self._kept[_MOVES]

    def down(self, i: int) -> bool:
        return self._kept[i * _EACH + _DOWN] == 1

    def presses(self, i: int) -> int:
        """How often it went down, as far as that counts."""
        return self._kept[i * _EACH + _PRESSES]

    def unrests(self, i: int) -> int:
        """How often it was at rest no longer."""
        return self._kept[i * _EACH + _UNRESTS]

    def rests(self, i: int) -> bool:
        return not self._kept[i * _EACH + _RESTLESS]

    def chatters(self, i: int) -> bool:
        """It has done what no finger does, since it was forgiven."""
        return self._kept[i * _EACH + _CHATTERS] == 1

    def forgive(self, i: int) -> None:
        self._kept[i * _EACH + _CHATTERS] = 0


class Edges:
    """What the pins latch: edges. gpios: those of the contacts. RP2040 datasheet 2.19.6.1, IO_BANK0 INTR.

    latched: the registers as memory. places: of each contact, which word of it, and which bits there.
    """

    def __init__(self, machine, bytearray_at, gpios: tuple[int, int, int]) -> None:
        self.latched = bytearray_at(_INTR, 16)
        self.places = [(gpio // 8, 0b1100 << gpio % 8 * 4) for gpio in gpios]
        self._calls = (machine.mem32, tuple([(_INTR + 4 * word, bits) for word, bits in self.places]))

    @micropython.viper
    def forget(self, i: int):
        """The edges of contact i until now. For the interrupt."""
        mem32, each = self._calls
        word, bits = each[i]
        mem32[word] = bits
