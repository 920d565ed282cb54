"""The `machine` module: pins, PWM, ADC, SPI, timer, watchdog of a simulated RP2040 on a simulated board."""

import core
import micropython
from bind import bind

PWRON_RESET = 1
WDT_RESET = 3


class _Gpio:
    """One GPIO: its role on the board, its output level, and who drives it."""

    def __init__(self, gpio, role):
        self.gpio = gpio
        self.role = role
        self.level = 0
        self.output = False
        self.shown = 0
        self.hz = 0

    def lend(self, level):
        """To the PIO."""
        self.output = True
        self.level = 1 if level else 0

    def follow(self, world):
        """As an input: take the level that the world gives it."""
        role = self.role
        if role in world.pressed:
            self.level = 0 if world.pressed[role] else 1
        elif role == "VBUS_SENSE":
            self.level = 1 if world.usb else 0
        elif role == "STAGE_FAULT_N":
            self.level = 1 if world.fault_line() else 0

    @micropython.native
    def write(self, machine, level):
        before = self.level
        self.level = level
        self.output = True
        role = self.role
        if role == "STAGE_ALIVE":
            if level != before:
                machine.world.alive_edge(machine.now)
        elif role == "POWER_HOLD":
            machine.world.set_hold(machine.now, bool(level))
        elif role == "HAPTIC":
            if level != before:
                machine.emit("haptic", machine.now, str(level))
                machine.world.draw(machine.now, role, level)
        elif role == "DAC_CS":
            if level and not before:
                machine.spi_end()
        elif role in ("EL_A", "EL_B", "LDAC"):
            machine.switches(machine.now)
        elif role == "SMPS_PWM":
            machine.world.set_regulator(level)
        else:
            self.show(machine, 1000 if level else 0)

    def show(self, machine, permille):
        """As a lamp or the beeper."""
        if self.shown != permille:
            self.shown = permille
            if self.role is not None:
                machine.world.draw(machine.now, self.role, permille / 1000)
            if self.role == "BEEPER":
                machine.emit("beep", machine.now, str(self.hz if permille else 0))
            elif self.role is not None:
                machine.emit("led", machine.now, '"%s",%d' % (self.role, permille))


class Chip(core.Core):
    """The simulated RP2040 on `board`."""

    def __init__(self, board, world, emit, timeline, until_us, live=None):
        super().__init__(world, emit, timeline, until_us, live)
        roles = {gpio: role for role, gpio in board.PINS.items()}
        self.pins = [_Gpio(gpio, roles.get(gpio)) for gpio in range(30)]
        self._switches = [self.pins[board.PINS[role]] for role in ("EL_A", "EL_B", "LDAC")]
        self._inputs = [p for p in self.pins if p.role in ("MODE", "PLUS", "MINUS", "VBUS_SENSE", "STAGE_FAULT_N")]
        world.on_input = self.inputs
        bind(self, "switches", "spi_write", "spi_end", "inputs")
        self._frame = 0
        self.channels = {gpio: role for gpio, role in roles.items() if gpio >= 26}
        self.channels[board.TEMPERATURE_CHANNEL] = "TEMPERATURE"

    def inputs(self):
        """The world has changed: every input pin follows it."""
        for pin in self._inputs:
            pin.follow(self.world)

    def power_up(self):
        """Every pin an input again; the board's pull-downs hold the stage dead."""
        super().power_up()
        for pin in self.pins:
            if pin.role == "POWER_HOLD":
                self.world.set_hold(self.now, False)
            if pin.role == "HAPTIC" and pin.level:
                self.emit("haptic", self.now, "0")
                self.world.draw(self.now, "HAPTIC", 0)
            if pin.role == "SMPS_PWM":
                self.world.set_regulator(0)
            pin.output = False
            pin.level = 0
            pin.show(self, 0)
        self.inputs()
        self._switches[2].level = 1  # LDAC is pulled up
        self.switches(self.now)
        self.world.write_dac(self.now, 0x1000)

    @micropython.native
    def switches(self, t):
        """EL_A, EL_B or LDAC changed."""
        a, b, ldac = self._switches
        self.world.set_switches(t, a.level, b.level, ldac.level)

    @micropython.native
    def spi_write(self, buffer):
        for byte in buffer:
            self._frame = (self._frame << 8 | byte) & 0xFFFF

    @micropython.native
    def spi_end(self):
        self.world.write_dac(self.now, self._frame)


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = 1
    PULL_DOWN = 2

    def __init__(self, gpio, mode=None, pull=None, value=None):
        machine = core.machine
        machine.enter()
        self.gpio = gpio
        self._pin = machine.pins[gpio]
        if mode == Pin.OUT:
            self._pin.write(machine, value or 0)
        machine.leave()

    @micropython.native
    def value(self, level=None):
        machine = core.machine
        if level is None:
            if not machine.in_irq:
                machine.enter()
            return self._pin.level
        machine.enter()
        self._pin.write(machine, 1 if level else 0)
        machine.leave()
        return None

    __call__ = value

    @micropython.native
    def toggle(self):
        machine = core.machine
        pin = self._pin
        if pin.role == "STAGE_ALIVE" and machine.world.keep_alive(machine.now):
            pin.level = 1 - pin.level
            return
        machine.enter()
        pin.write(machine, 1 - pin.level)
        machine.leave()


class PWM:
    def __init__(self, pin, freq, duty_u16):
        self._pin = core.machine.pins[pin.gpio]
        self._pin.hz = freq
        self.duty_u16(duty_u16)

    def freq(self, hz):
        self._pin.hz = hz

    def duty_u16(self, duty):
        core.machine.enter()
        self._pin.show(core.machine, (duty * 1000 + 32767) // 65535)
        core.machine.leave()


class ADC:
    _READ_US = 3

    def __init__(self, channel):
        self._role = core.machine.channels[channel]

    @micropython.native
    def read_u16(self):
        machine = core.machine
        machine.enter()
        try:
            if machine.task_error and self._role == "BATTERY_SENSE":
                machine.task_error = False
                raise OSError("simulated: the battery ADC failed")
            code = machine.world.adc(machine.now, self._role)
            machine.spend(self._READ_US)
        finally:
            machine.leave()
        return code << 4 | code >> 8


class SPI:
    _MISO = (16, 12)  # what MicroPython takes for each peripheral when it is not told

    def __init__(self, id, baudrate, sck, mosi, polarity, phase, miso=-1):
        if miso == -1:
            core.machine.pins[SPI._MISO[id]].write(core.machine, 0)
        self._us = 16_000_000 // baudrate + 1

    def write(self, buffer):
        machine = core.machine
        machine.enter()
        try:
            if machine.spi_error and machine.in_irq:
                machine.spi_error = False
                raise OSError("simulated: the SPI failed")
            machine.spi_write(buffer)
            if machine.in_irq:
                machine.spend(self._us)
        finally:
            machine.leave()


class Timer:
    PERIODIC = 1
    ONE_SHOT = 0

    def __init__(self, id=-1):
        if id != -1:
            raise ValueError("Timer doesn't exist")

    def init(self, mode, period, callback, hard):
        if mode != Timer.PERIODIC or not hard:
            raise ValueError("only hard periodic timers are modelled")
        self.period_us = 1000 * period
        self.callback = callback
        core.machine.timer = self
        core.machine.timer_due = core.machine.now + self.period_us


class WDT:
    def __init__(self, timeout):
        core.machine.watchdog_us = 1000 * timeout
        self.feed()

    def feed(self):
        core.machine.watchdog_due = core.machine.now + core.machine.watchdog_us


class _Memory:
    """mem32: the watchdog's scratch registers, which survive a reset."""

    def __getitem__(self, address):
        return core.machine.scratch.get(address, 0)

    def __setitem__(self, address, value):
        core.machine.scratch[address] = value


mem32 = _Memory()


def disable_irq():
    before = core.machine.masked
    if not before:
        core.machine.mask(True)
    return before


def enable_irq(state):
    if not state:
        core.machine.mask(False)


def reset():
    raise core.Reset("reset")


def bootloader():
    raise core.Reset("bootloader")


def unique_id():
    return b"\xe6\x61\x00\x00\x73\x69\x6d\x31"


def reset_cause():
    return PWRON_RESET if core.machine.reset_cause == "power" else WDT_RESET
