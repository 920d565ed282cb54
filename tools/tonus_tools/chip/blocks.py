"""The emulated RP2040, and blocks of it where rp2040py's own would not do: PIO, PWM, timer, SIO.

rp2040py steps its PIO once for each instruction of the processor, and once for a whole sleep. Here the PIO runs by
itself, in the emulator's clock, exact to its own cycle: what the processor does, or whether it sleeps, moves no edge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rp2040py.clock.simulation_clock import SimulationClock
from rp2040py.execute_batch import execute_batch
from rp2040py.peripherals.peripheral import BasePeripheral
from rp2040py.peripherals.pio import RPPIO
from rp2040py.peripherals.timer import ALARM_REGS, RPTimer, RPTimerAlarm
from rp2040py.rp2040 import RP2040
from rp2040py.sio import RPSIO

# The PIO's time, as rp2040py keeps it: 1/256ths of a system clock, which has 8 ns.
FP_PER_NS = 32
NEVER_FP = 1 << 62
_CPUID, _DIV_UDIVIDEND, _DIV_UDIVISOR, _DIV_QUOTIENT, _DIV_REMAINDER, _DIV_CSR = 0x00, 0x60, 0x64, 0x70, 0x74, 0x78
_DIV_DIRTY = 0b10
_TXF0, _TXF3 = 0x10, 0x1C
_JMP_X_DEC = 2  # the condition of `jmp(x_dec, ...)`


class Pio(RPPIO):
    """One PIO block. A loop of one instruction, `jmp(x_dec, self)`, is taken in one step."""

    stopped = True  # for rp2040py's execution loop, which then leaves it alone

    def __init__(self, rp2040: RP2040, name: str, first_irq: int, index: int) -> None:
        self._clock: SimulationClock = rp2040.clock  # type: ignore[assignment]
        self._alarm = self._clock.create_alarm(self._on_alarm)
        self._armed_fp = NEVER_FP
        self._stepping = False
        self._loops: dict[int, tuple[int, int, int]] = {}  # machine: when its loop began, time of a turn, turns

    @property
    def edge_ns(self) -> float:
        """When what happens to the pins now happens."""
        return self.cycle_fp / FP_PER_NS if self._stepping else self._clock.nanos

    @property
    def edge_us(self) -> int:
        """The same, in whole microseconds."""
        return int((self.edge_ns + 0.5) // 1000)

    def write_uint32(self, offset: int, value: int) -> None:
        self.cycle_fp = int(self._clock.nanos * FP_PER_NS)
        if _TXF0 <= offset <= _TXF3:
            super().write_uint32(offset, value)
        else:
            self._unwind()
            super().write_uint32(offset, value)
            self.check_changed_pins()  # rp2040py leaves that to the next step, which a stopped machine has none of
        self._arm()

    def reset(self) -> None:
        super().reset()
        self._loops.clear()
        self.cycle_fp = int(self._clock.nanos * FP_PER_NS)
        self._arm()

    def notify_due(self, due_fp: int) -> None:
        super().notify_due(due_fp)
        self._arm()

    def recompute_due(self) -> None:
        super().recompute_due()
        self._arm()

    def _arm(self) -> None:
        due = self.next_due_fp
        if self._stepping or due == self._armed_fp:
            return
        self._armed_fp = due
        if due == NEVER_FP:
            self._alarm.cancel()
        else:
            self._alarm.schedule(max(0.0, due / FP_PER_NS - self._clock.nanos))

    def _on_alarm(self) -> None:
        self._stepping = True
        self._run(self._armed_fp)
        self._stepping = False
        self._armed_fp = NEVER_FP
        self._arm()

    def _run(self, until_fp: int) -> None:
        """Every instruction that begins up to then, in order of time."""
        while True:
            ready = [m for m in self.machines if m.enabled and not m.waiting and m.next_due_fp <= until_fp]
            if not ready:
                break
            machine = min(ready, key=lambda m: m.next_due_fp)
            self.cycle_fp = machine.next_due_fp
            instruction = self.instructions[machine.pc]
            if machine.x and instruction & 0xE0FF == _JMP_X_DEC << 5 | machine.pc and not machine.sideset_count:
                turn = (1 + (instruction >> 8 & 31)) * machine.div_fp
                self._loops[machine.index] = (machine.next_due_fp, turn, machine.x)
                machine.next_due_fp += turn * machine.x
                machine.x = 0
            else:
                self._loops.pop(machine.index, None)
                machine.step()
                self.check_changed_pins()
        super().recompute_due()

    def _unwind(self) -> None:
        """Put loops that were taken in one step back to where they are now."""
        for index, (begun, turn, turns) in self._loops.items():
            machine = self.machines[index]
            if machine.next_due_fp > self.cycle_fp:
                done = max(0, (self.cycle_fp - begun) // turn + 1)
                machine.x = turns - done
                machine.next_due_fp = begun + done * turn
        self._loops.clear()


class Pwm(BasePeripheral):
    """PWM as registers: what its outputs mean on average, without their edges. Nothing here listens to those.

    `on_change(gpio)` is called when an output may have changed.
    """

    _SLICES = 8
    _SLICE_BYTES = 0x14
    _CSR, _DIV, _CTR, _CC, _TOP = 0x00, 0x04, 0x08, 0x0C, 0x10

    def __init__(self, rp2040: RP2040) -> None:
        super().__init__(rp2040, "PWM")
        self.gpio_value = 0
        self.gpio_direction = 0xFFFFFFFF
        self.on_change: Callable[[int], None] = lambda gpio: None
        self.reset()

    def reset(self) -> None:
        self._slices = [[0, 1 << 4, 0, 0, 0xFFFF] for _ in range(self._SLICES)]

    def read_uint32(self, offset: int) -> int:
        n, register = divmod(offset, self._SLICE_BYTES)
        if n >= self._SLICES:
            return 0
        if register == self._CTR:
            return int(self.rp2040.clock.nanos * self._clock_hz(n) / 1e9) % (self._slices[n][4] + 1)
        return self._slices[n][register >> 2]

    def write_uint32(self, offset: int, value: int) -> None:
        n, register = divmod(offset, self._SLICE_BYTES)
        if n < self._SLICES and register != self._CTR:
            self._slices[n][register >> 2] = value
            for gpio in range(30):
                if gpio >> 1 & 7 == n:
                    self.on_change(gpio)

    def gpio_on_input(self, index: int) -> None:
        """Nothing counts edges here."""

    def _clock_hz(self, n: int) -> float:
        return self.rp2040.clk_sys / ((self._slices[n][1] or 256 << 4) / 16)

    def hz(self, gpio: int) -> int:
        """Frequency of the output, to the nearest."""
        n = gpio >> 1 & 7
        return round(self._clock_hz(n) / (self._slices[n][4] + 1))

    def permille(self, gpio: int) -> int:
        """Share of the time that the output is high."""
        csr, _, _, cc, top = self._slices[gpio >> 1 & 7]
        if not csr & 1:
            return 0
        level = cc >> 16 if gpio & 1 else cc & 0xFFFF
        return min(1000, (level * 1000 + (top + 1) // 2) // (top + 1))


class Timer(RPTimer):
    """The timer, whose alarms fire when the count reaches them, as the RP2040's do, and not up to 1 us before.

    An alarm in `dead` never fires.
    """

    def __init__(self, rp2040: RP2040) -> None:
        super().__init__(rp2040, "TIMER")
        self.dead: set[int] = set()

    def write_uint32(self, offset: int, value: int) -> None:
        if offset not in ALARM_REGS:
            super().write_uint32(offset, value)
            return
        alarm: RPTimerAlarm = self.alarms[ALARM_REGS.index(offset)]
        us, ns = divmod(self.clock.nanos - self._epoch_nanos, 1000)
        alarm.armed = True
        alarm.target_micros = value
        if ALARM_REGS.index(offset) in self.dead:
            return
        alarm.clock_alarm.schedule(max(0.0, (value - int(us) & 0xFFFFFFFF) * 1000 - ns))


class Sio(RPSIO):
    """The SIO, whose divider is found soonest: MicroPython asks it for 300,000 quotients a second."""

    def read_uint32(self, offset: int) -> int | float:
        if offset == _DIV_QUOTIENT:
            self.div_csr &= ~_DIV_DIRTY
            return self.div_quotient
        if offset == _DIV_REMAINDER:
            return self.div_remainder
        if offset == _DIV_CSR:
            return self.div_csr
        if offset == _CPUID:
            return 0
        return super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        if offset == _DIV_UDIVIDEND:
            self.div_dividend = value
        elif offset == _DIV_UDIVISOR:
            self.div_divisor = value
        else:
            super().write_uint32(offset, value)
            return
        self.update_hardware_divider(False)


class Chip(RP2040):
    """rp2040py's RP2040, the same and three times as fast.

    Its loop of instructions asks each PIO after each of them whether it is to be stepped. Here they run by themselves,
    and the loop is told of none. And since rp2040py's wheel is for every Python, it looks each access to memory up as a
    method, in case a class has its own: what lies in a slot is found soonest. It lies there unbound, as that look
    expects it: Python calls `Chip.read_uint32(chip, address)`.
    """

    __slots__ = ("read_uint8", "read_uint16", "read_uint32", "write_uint8", "write_uint16", "write_uint32")

    def __init__(self) -> None:
        self._pios: list[RPPIO] = []
        self._alone = False
        for name in self.__slots__:
            setattr(self, name, RP2040.__dict__[name])
        super().__init__()
        # What the loop looks at: after each instruction at `stopped`, which is found soonest in a class.
        self._loop: Any = type("Loop", (), {"__slots__": (), "rp2040": self, "clock": self.clock, "stopped": False})()
        self.simulator = self._loop

    @property
    def pio(self) -> list[RPPIO]:
        alone, self._alone = self._alone, False
        return [] if alone else self._pios

    @pio.setter
    def pio(self, pios: list[RPPIO]) -> None:
        self._pios = pios

    def execute(self) -> None:
        """Some instructions; fewer when `stop` is called meanwhile."""
        type(self._loop).stopped = False
        self._alone = True  # for the loop, which asks once, before all else
        execute_batch(self._loop, 1)
        self._alone = False

    def stop(self) -> None:
        """Let `execute` return after this instruction."""
        type(self._loop).stopped = True


def install(rp2040: RP2040) -> tuple[Pwm, Pio]:
    """Put these blocks in the place of rp2040py's; the PWM and the PIO that drives the electrodes."""
    pios = []
    for i, base in enumerate((0x50200, 0x50300)):
        old = rp2040.pio[i]
        pio = Pio(rp2040, old.name, old.first_irq, old.index)
        rp2040.pio[i] = rp2040.peripherals[base] = pio
        pios.append(pio)
    pwm = Pwm(rp2040)
    rp2040.sio = Sio(rp2040)
    rp2040.pwm = rp2040.peripherals[0x40050] = pwm  # type: ignore[assignment]
    rp2040.timer = rp2040.peripherals[0x40054] = Timer(rp2040)
    return pwm, pios[0]
