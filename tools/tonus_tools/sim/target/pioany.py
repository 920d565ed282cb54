"""A PIO state machine that executes any instruction, for one whose own have been damaged. Slower than rp2.py's.

As there, but for these: an `irq` that waits does so for as long as a handler takes; a `wait` whose condition does not
hold waits until the next word comes; what `out exec` and `mov exec` would execute is left out.
"""

from array import array

import micropython
from core import clock, words
from micropython import const
from world.bind import ptr16, ptr32

_X = const(0)
_Y = const(1)
_OSR = const(2)
_PC = const(3)
_AT = const(4)
_CYCLE = const(5)
_FIRST = const(6)
_QUEUED = const(7)
_STALLED = const(8)
_PINS = const(9)
_TARGET = const(10)
_WRAP = const(11)
_PER_US = const(12)
_FIFO = const(13)
_BASE = const(17)
_HORIZON = const(1)  # of core.words
_LEFT = const(0)
_PIO_DUE = const(2)
_FLAG = const(8)
_PENDING = const(9)
_LEVELS = const(10)
_HANDLED_US = const(60)

# In `more`.
_DIRS = const(0)  # of the three pins: 1 an output
_ISR = const(1)
_SHIFTED = const(2)  # out of the OSR
_RECEIVED = const(3)
_SHOWN = const(4)


def instead(pio):
    """Let this execute from here on, in a memory of 32 instructions; those not used are `jmp 0`."""
    if len(pio._code) == 32:
        return
    pio._code = array("H", list(pio._code) + [0] * (32 - len(pio._code)))
    more = array("I", [7, 0, 0, 0, 0])
    pio._execute = lambda program, now, alone: execute(pio._kept, more, program, now, alone)
    pio._moved = lambda: moved(pio, more)


@micropython.viper
def moved(pio, its_more):
    """Pins changed; one that is no output has what the board's resistors make of it."""
    w = ptr32(words)
    more = ptr32(its_more)
    kept = ptr32(pio._kept)
    base = kept[_BASE]
    level = kept[_PINS] & more[_DIRS] | 4 & ~more[_DIRS]
    w[_LEVELS] = w[_LEVELS] & ~(7 << base) | (level & 7) << base
    pio._switches(clock())


@micropython.viper
def reversed32(value: int) -> int:
    found = 0
    i = 0
    while i < 32:
        found = found << 1 | value >> i & 1
        i += 1
    return found


@micropython.viper
def execute(its_kept, its_more, program, now: int, alone: int) -> int:
    """As StateMachine._execute."""
    kept = ptr32(its_kept)
    more = ptr32(its_more)
    code = ptr16(program)
    w = ptr32(words)
    per_us = kept[_PER_US]
    last = (now - kept[_AT]) * per_us + per_us - 1
    cycle = kept[_CYCLE]
    pc = kept[_PC] & 31
    x = kept[_X] & 0xFFFFFFFF
    y = kept[_Y] & 0xFFFFFFFF
    osr = kept[_OSR] & 0xFFFFFFFF
    far = last + 1000 * per_us
    changed = 0
    while True:
        word = code[pc]
        op = word >> 13
        step = 1 + (word >> 8 & 31)
        kind = word >> 5 & 7
        low = word & 31
        at = pc
        pc = kept[_TARGET] & 31 if at == kept[_WRAP] else at + 1 & 31
        if op == 0:
            taken = 0
            if kind == 0:
                taken = 1
            elif kind == 1:
                taken = 1 if not x else 0
            elif kind == 2:
                if low == at:
                    cycle += x * step
                    x = 0
                taken = 1 if x else 0
                x = x - 1 & 0xFFFFFFFF
            elif kind == 3:
                taken = 1 if not y else 0
            elif kind == 4:
                if low == at:
                    cycle += y * step
                    y = 0
                taken = 1 if y else 0
                y = y - 1 & 0xFFFFFFFF
            elif kind == 5:
                taken = 1 if x != y else 0
            elif kind == 6:
                taken = w[_LEVELS] & 1
            else:
                taken = 1 if more[_SHIFTED] < 32 else 0
            if taken:
                pc = low
        elif op == 1:
            if cycle > last:
                pc = at
                break
            level = 0
            if kind & 3 == 0:
                level = w[_LEVELS] >> low & 1
            elif kind & 3 == 1:
                level = w[_LEVELS] >> (low & 15) & 1
            elif low & 7 == 0:
                level = w[_FLAG]
            if level != kind >> 2:
                pc = at
                kept[_STALLED] = 1
                break
        elif op == 2:
            pass  # in: nobody reads the ISR
        elif op == 4 and not kind & 4:
            if more[_RECEIVED] < 4:
                more[_RECEIVED] = more[_RECEIVED] + 1
            elif kind & 1:
                pc = at
                kept[_STALLED] = 1
                break
        elif op == 4:
            if cycle > last:
                pc = at
                break
            if kind & 2 and more[_SHIFTED] < 32:
                pass
            elif kept[_QUEUED]:
                first = kept[_FIRST]
                osr = kept[_FIFO + first] & 0xFFFFFFFF
                kept[_FIRST] = first + 1 & 3
                kept[_QUEUED] = kept[_QUEUED] - 1
                more[_SHIFTED] = 0
            elif kind & 1:
                pc = at
                kept[_STALLED] = 1
                break
            else:
                osr = x
                more[_SHIFTED] = 0
        elif op == 6:
            if cycle > last:
                pc = at
                break
            if low & 7 == 0 and not kind & 4:
                if kind & 2:
                    w[_FLAG] = 0
                else:
                    w[_FLAG] = 1
                    w[_PENDING] = 1
                    if kind & 1:
                        step += _HANDLED_US * per_us
        else:
            # out, mov, set: a value to a place.
            value = low
            place = kind
            count = 0
            if op == 3:
                count = low if low else 32
                value = osr & (1 << count) - 1
            elif op == 5:
                source = low & 7
                value = 0
                if source == 0:
                    value = w[_LEVELS]
                elif source == 1:
                    value = x
                elif source == 2:
                    value = y
                elif source == 6:
                    value = more[_ISR]
                elif source == 7:
                    value = osr
                if low >> 3 == 1:
                    value = value ^ 0xFFFFFFFF
                elif low >> 3 == 2:
                    value = int(reversed32(value))
            to_pins = 1 if place == 0 else 0
            if to_pins and value & 7 != kept[_PINS] or place == 4 and op != 5 and value & 7 != more[_DIRS]:
                if cycle > last:
                    pc = at
                    break
                if to_pins:
                    kept[_PINS] = value & 7
                else:
                    more[_DIRS] = value & 7
                changed = 1
            elif place == 1:
                x = value
            elif place == 2:
                y = value
            elif place == 5 and op != 7:
                pc = value & 31
            elif place == 6 and op != 7:
                more[_ISR] = value & 0x3FFFFFFF
            elif place == 7 and op == 5:
                osr = value
                more[_SHIFTED] = 0
            if op == 3:
                osr = osr >> count
                more[_SHIFTED] = more[_SHIFTED] + count
        cycle += step
        if changed or alone or cycle > far:
            break
    kept[_PC] = pc
    kept[_X] = x
    kept[_Y] = y
    kept[_OSR] = osr
    us = cycle // per_us
    if us > 1 << 29:
        us = 1 << 29
    kept[_AT] = kept[_AT] + us
    kept[_CYCLE] = cycle - cycle // per_us * per_us
    if not alone:
        w[_PIO_DUE] = (1 << 30) if kept[_STALLED] else kept[_AT]
    return changed
