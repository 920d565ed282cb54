"""The `rp2` module: a PIO state machine that executes the firmware's own assembled program.

One state machine, the instructions that `pioasm` knows. A loop of one instruction is taken in one step, so time costs
nothing. Interface and limits are those of MicroPython 1.28: the FIFO is 4 deep, `put` on a full one blocks for ever.
"""

import core
import micropython
import pioasm
from bind import bind
from registers import flags, levels

FIFO_DEPTH = 4
INSTRUCTIONS = 32


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
        self._code = [(w >> 13, w >> 8 & 31, w & 0xFF) for w in program.words]
        self._target = program.wrap_target
        self._wrap = program.wrap
        self._per_us = freq // 1_000_000
        if set_base.gpio != out_base.gpio:
            raise ValueError("out and set pins share their base here")
        self._fifo = [0] * FIFO_DEPTH
        self._first = 0
        self._queued = 0
        self._enabled = False
        self._stalled = False
        self.handler = None
        # The next instruction is due at `machine.pio_due` us, FAR while stalled or stopped; here in cycles.
        self._cycle = 0
        self._x = self._y = self._osr = self._pc = 0
        self._level = 0  # of the pins, as `set pins` would write them
        self._base = out_base.gpio
        self._lent = (1 << len(program.options["out_init"])) - 1
        for i, level in enumerate(program.options["out_init"]):
            core.machine.pins[self._base + i].lend(core.machine, level == PIO.OUT_HIGH)
            self._level |= (level == PIO.OUT_HIGH) << i
        bind(self, "run", "_execute", "_pins")
        core.machine.pio = self

    # What MicroPython offers.

    def irq(self, handler=None, trigger=1, hard=False):
        if not hard:
            raise ValueError("only hard interrupts are modelled")
        self.handler = handler

    def active(self, value=None):
        core.machine.enter()
        if value is not None:
            enabled = bool(value)
            if enabled and not self._enabled:
                self._stalled = False
                self._go(core.machine.now)
            elif not enabled:
                core.machine.pio_due = core.FAR
            self._enabled = enabled
        core.machine.leave()
        return self._enabled

    def restart(self):
        core.machine.enter()
        self._pc = 0
        self._stalled = False
        if self._enabled:
            self._go(core.machine.now)
        core.machine.leave()

    def exec(self, instruction):
        core.machine.enter()
        # Alone and at once, whatever the program is doing; it must not be a jump.
        now = core.machine.now * self._per_us
        pc, stalled = self._pc, self._stalled
        self._execute([(instruction >> 13, instruction >> 8 & 31, instruction & 0xFF)], 0, now, now)
        self._pc, self._stalled = pc, stalled
        core.machine.leave()

    def put(self, word):
        core.machine.enter()
        if self._queued == FIFO_DEPTH:
            raise RuntimeError("put on a full FIFO blocks for ever")
        self._fifo[(self._first + self._queued) % FIFO_DEPTH] = word
        self._queued += 1
        if self._stalled:
            self._stalled = False
            self._go(core.machine.now)
            self.run(core.machine.now)
        core.machine.leave()

    def tx_fifo(self):
        return self._queued

    # The machine.

    def _go(self, t):
        self._cycle = t * self._per_us
        core.machine.pio_due = t

    def run(self, t):
        """Execute every instruction that begins at or before t (us)."""
        self._cycle = self._execute(self._code, self._pc, self._cycle, t * self._per_us)
        core.machine.pio_due = core.FAR if self._stalled else (self._cycle + self._per_us - 1) // self._per_us

    @micropython.native
    def _execute(self, code, pc, cycle, last):
        """Execute `code` from `pc` as long as `cycle` is not past `last`; the cycle of the next instruction.

        Stops where it stalls, and says so in `_stalled`.
        """
        osr = self._osr
        while cycle <= last:
            op, delay, low = code[pc]
            at = pc
            pc = self._target if at == self._wrap else at + 1
            cycle += 1 + delay
            kind = low >> 5
            if op == 0:
                # jmp: condition, address
                address = low & 31
                if kind == 2:
                    x = self._x
                    if address == at:
                        cycle += x * (1 + delay)
                        x = 0
                    elif x:
                        pc = address
                    self._x = x - 1 & 0xFFFFFFFF
                elif kind == 3:
                    if not self._y:
                        pc = address
                elif kind == 0:
                    pc = address
                else:
                    raise ValueError("jmp condition is not modelled")
            elif op == 3:
                count = low & 31 or 32
                value = osr & (1 << count) - 1
                osr >>= count
                if kind == 0:
                    self._pins(value, (cycle - 1 - delay) // self._per_us)
                elif kind == 1:
                    self._x = value
                elif kind == 2:
                    self._y = value
                else:
                    raise ValueError("out to there is not modelled")
            elif op == 7:
                if kind == 0:
                    self._pins(low & 31, (cycle - 1 - delay) // self._per_us)
                else:
                    raise ValueError("set of that is not modelled")
            elif op == 4:
                # pull, with or without blocking
                if self._queued:
                    osr = self._fifo[self._first]
                    self._first = (self._first + 1) % FIFO_DEPTH
                    self._queued -= 1
                elif kind & 1:
                    cycle -= 1 + delay
                    pc = at
                    self._stalled = True
                    break
                else:
                    osr = self._x
            elif op == 5:
                if kind != 1 or low & 31 != 7:
                    raise ValueError("only mov(x, osr) is modelled")
                self._x = osr
            elif op == 6:
                core.machine.pio_pending = True
                flags[0] = 1
            else:
                raise ValueError("instruction is not modelled")
        self._osr = osr
        self._pc = pc
        return cycle

    @micropython.native
    def _pins(self, value, t):
        if value != self._level:
            self._level = value
            machine = core.machine
            kept = machine.gpio_in & ~(self._lent << self._base)
            machine.gpio_in = levels[0] = kept | (value & self._lent) << self._base
            machine.switches(t)
