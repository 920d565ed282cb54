"""The `rp2` module: a PIO state machine that executes the firmware's own assembled program.

One state machine, the instructions that `pioasm` knows. It runs ahead of time through what nobody sees, up to the next
instruction that takes a word, moves a pin or raises its interrupt. Interface and limits are those of MicroPython 1.28:
the FIFO is 4 deep, `put` on a full one blocks for ever.
"""

from array import array

import core
import micropython
import pioasm
from core import clock, enter, go_on, leave, look, spend, words
from cost import EXEC_US, NEXT_WORD_US, PUT_US, QUEUED_US
from micropython import const
from world.bind import bind, ptr16, ptr32

FIFO_DEPTH = const(4)
INSTRUCTIONS = 32

_LEFT = const(0)  # of core.words
_HORIZON = const(1)
_PIO_DUE = const(2)
_FLAG = const(8)
_PENDING = const(9)
_LEVELS = const(10)
_OWED = const(23)

# What a machine keeps. The next instruction begins _CYCLE cycles after _AT us, in the time of core.words.
_X = const(0)
_Y = const(1)
_OSR = const(2)
_PC = const(3)
_AT = const(4)
_CYCLE = const(5)
_FIRST = const(6)  # in the FIFO
_QUEUED = const(7)
_STALLED = const(8)
_PINS = const(9)  # as `set pins` would write them
_TARGET = const(10)
_WRAP = const(11)
_PER_US = const(12)
_FIFO = const(13)
_BASE = const(17)  # its pins: from this one on ...
_LENT = const(18)  # ... those in this mask
_KEPT = const(19)

# Why `_execute` came back.
_LATER = const(0)
_PINS_CHANGED = const(1)
_UNKNOWN = const(2)


class PIO:
    IN_LOW = 0
    IN_HIGH = 1
    OUT_LOW = 2
    OUT_HIGH = 3
    SHIFT_LEFT = 0
    SHIFT_RIGHT = 1

    def __init__(self, id):
        """PIO block `id`, the one there is."""

    def remove_program(self):
        """Every program."""
        core.machine.pio_programs = []


def Flash():
    """The part of the flash that has the file system, as a block device."""
    return core.machine.disk


def asm_pio(out_init=None, set_init=None, out_shiftdir=None):
    """Decorator: the assembled program."""

    def assemble(function):
        return pioasm.assemble(function, {"out_init": out_init, "set_init": set_init, "out_shiftdir": out_shiftdir})

    return assemble


class StateMachine:
    """State machine `id` running `program` at `freq`, which is whole MHz."""

    def __init__(self, id, program, freq, out_base, set_base):
        if program.options["out_shiftdir"] != PIO.SHIFT_RIGHT:
            raise ValueError("only SHIFT_RIGHT is modelled")
        programs = core.machine.pio_programs
        if program not in programs:
            programs.append(program)
        if sum([len(p.words) for p in programs]) > INSTRUCTIONS:
            raise OSError(12)  # ENOMEM
        if set_base.gpio != out_base.gpio:
            raise ValueError("out and set pins share their base here")
        self._code = array("H", program.words)
        self._one = array("H", [0])  # an instruction from outside
        self._kept = kept = array("I", [0] * _KEPT)
        kept[_TARGET] = program.wrap_target
        kept[_WRAP] = program.wrap
        kept[_PER_US] = freq // 1_000_000
        self._enabled = False
        self._switches = core.machine.switches
        self.handler = None
        kept[_BASE] = base = out_base.gpio
        kept[_LENT] = (1 << len(program.options["out_init"])) - 1
        for i, level in enumerate(program.options["out_init"]):
            core.machine.pins[base + i].lend(core.machine, level == PIO.OUT_HIGH)
            kept[_PINS] |= (level == PIO.OUT_HIGH) << i
        bind(self, "put", "tx_fifo", "run", "_execute", "_moved")
        core.machine.pio = self

    # What MicroPython offers.

    def irq(self, handler=None, trigger=1, hard=False):
        if handler is not None and not hard:
            raise ValueError("only hard interrupts are modelled")
        self.handler = handler

    def stop(self):
        """An interrupt has raised."""
        self.handler = None

    def active(self, value=None):
        spend(EXEC_US)
        if value is not None:
            enabled = bool(value)
            if enabled and not self._enabled:
                self._go()
            elif not enabled:
                words[_PIO_DUE] = core.FAR
                look()
            self._enabled = enabled
        return self._enabled

    def restart(self):
        spend(EXEC_US)
        self._kept[_PC] = 0
        if self._enabled:
            self._go()

    @micropython.native
    def exec(self, instruction):
        spend(EXEC_US)
        # Alone and at once, whatever the program is doing; it must not be a jump.
        kept = self._kept
        pc = kept[_PC]
        stalled = kept[_STALLED]
        at = kept[_AT]
        cycle = kept[_CYCLE]
        self._one[0] = instruction
        kept[_PC] = kept[_CYCLE] = 0
        kept[_AT] = now = words[_HORIZON] - words[_LEFT]
        if self._execute(self._one, now, 1) == _PINS_CHANGED:
            enter(0)
            self._moved()
            leave()
        kept[_PC] = pc
        kept[_STALLED] = stalled
        kept[_AT] = at
        kept[_CYCLE] = cycle

    @micropython.viper
    def put(self, word: int):
        go_on(PUT_US)
        kept = ptr32(self._kept)
        queued = kept[_QUEUED]
        if queued == FIFO_DEPTH:
            raise RuntimeError("put on a full FIFO blocks for ever")
        kept[_FIFO + (kept[_FIRST] + queued & 3)] = word
        kept[_QUEUED] = queued + 1
        if kept[_STALLED] and self._enabled:
            self._go()
        ptr32(words)[_OWED] = int(NEXT_WORD_US)

    @micropython.viper
    def tx_fifo(self) -> int:
        w = ptr32(words)
        left = w[_LEFT] - int(QUEUED_US)
        if left > 0:
            w[_LEFT] = left
        else:
            spend(QUEUED_US)
        return ptr32(self._kept)[_QUEUED]

    # The machine.

    def _go(self):
        """Execute from now on."""
        kept = self._kept
        kept[_STALLED] = kept[_CYCLE] = 0
        kept[_AT] = words[_PIO_DUE] = words[_HORIZON] - words[_LEFT]
        look()
        spend(0)

    def stand(self):
        """Stand still, until it is made active again."""
        self._enabled = False
        words[_PIO_DUE] = core.FAR
        look()

    def rebase(self, us):
        if not self._kept[_STALLED]:
            self._kept[_AT] -= us

    @micropython.viper
    def run(self):
        """Execute what begins now, and what nobody sees."""
        w = ptr32(words)
        while int(self._execute(self._code, w[_HORIZON], 0)) == _PINS_CHANGED:
            self._moved()

    @micropython.viper
    def _execute(self, program, now: int, alone: int) -> int:
        """Execute `program` until `now`, and ahead of it up to what shows; only one instruction if it is `alone`.

        Comes back where it moved pins, too. Leaves when the next instruction is due, for ever where the machine stalls.
        """
        kept = ptr32(self._kept)
        code = ptr16(program)
        w = ptr32(words)
        per_us = kept[_PER_US]
        last = (now - kept[_AT]) * per_us + per_us - 1  # a cycle that begins within a microsecond shows with it
        cycle = kept[_CYCLE]
        pc = kept[_PC]
        x = kept[_X]
        osr = kept[_OSR]
        far = last + 1000 * per_us
        result = _LATER
        while True:
            word = code[pc]
            op = word >> 13
            step = 1 + (word >> 8 & 31)
            kind = word >> 5 & 7
            low = word & 31
            at = pc
            pc = kept[_TARGET] if at == kept[_WRAP] else at + 1
            if op == 0:
                if kind == 2:
                    # jmp(x_dec, ...)
                    if low == at:
                        cycle += x * step
                        x = 0xFFFFFFFF
                    else:
                        if x:
                            pc = low
                        x = x - 1 & 0xFFFFFFFF
                elif kind == 3:
                    if not kept[_Y]:
                        pc = low
                elif kind == 0:
                    pc = low
                else:
                    result = _UNKNOWN
            elif op == 3 and kind == 1:
                count = low if low else 32
                x = osr & (1 << count) - 1
                osr = osr >> count
            elif op == 3 and kind == 2:
                count = low if low else 32
                kept[_Y] = osr & (1 << count) - 1
                osr = osr >> count
            elif op == 5 and kind == 1 and low == 7:
                x = osr
            elif (op == 3 or op == 7) and kind == 0:
                if op == 3:
                    count = low if low else 32
                    value = osr & (1 << count) - 1
                else:
                    value = low
                if value != kept[_PINS]:
                    if cycle > last:
                        pc = at
                        break
                    kept[_PINS] = value
                    result = _PINS_CHANGED
                if op == 3:
                    osr = osr >> count
            elif op == 4:
                # pull, with or without blocking
                if cycle > last:
                    pc = at
                    break
                if kept[_QUEUED]:
                    first = kept[_FIRST]
                    osr = kept[_FIFO + first]
                    kept[_FIRST] = first + 1 & 3
                    kept[_QUEUED] = kept[_QUEUED] - 1
                elif kind & 1:
                    pc = at
                    kept[_STALLED] = 1
                    break
                else:
                    osr = x
            elif op == 6:
                if cycle > last:
                    pc = at
                    break
                w[_FLAG] = 1
                w[_PENDING] = 1
            else:
                result = _UNKNOWN
            cycle += step
            if result or alone or cycle > far:
                break
        kept[_PC] = pc
        kept[_X] = x
        kept[_OSR] = osr
        us = cycle // per_us
        kept[_AT] = kept[_AT] + us
        kept[_CYCLE] = cycle - us * per_us
        if not alone:
            w[_PIO_DUE] = (1 << 30) if kept[_STALLED] else kept[_AT]
        if result == _UNKNOWN:
            raise ValueError("instruction is not modelled")
        return result

    @micropython.viper
    def _moved(self):
        w = ptr32(words)
        kept = ptr32(self._kept)
        base = kept[_BASE]
        lent = kept[_LENT]
        w[_LEVELS] = w[_LEVELS] & ~(lent << base) | (kept[_PINS] & lent) << base
        self._switches(clock())
