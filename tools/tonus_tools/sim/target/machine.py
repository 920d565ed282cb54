"""The `machine` module: pins, PWM, ADC, SPI, timer, watchdog of a simulated RP2040 on a simulated board."""

import core
import micropython
import vfs
from bind import bind
from registers import GPIO_IN, PIO0_IRQ, flags, levels

_INTR = 0x400140F0  # IO_BANK0: four bits a pin

PWRON_RESET = 1
WDT_RESET = 3


class _Gpio:
    """One GPIO: its role on the board, and who drives it. Its level is a bit of the chip's `gpio_in`."""

    def __init__(self, gpio, role):
        self.gpio = gpio
        self.role = role
        self.output = False
        self.shown = 0
        self.hz = 0
        self.edges = 0  # latched as an input: 4 a falling one, 8 a rising one

    def lend(self, machine, level):
        """To the PIO."""
        self.output = True
        machine.set_level(self.gpio, level)

    def follow(self, machine):
        """As an input: take the level that the world gives it."""
        role = self.role
        world = machine.world
        before = machine.gpio_in >> self.gpio & 1
        if role in world.pressed:
            machine.set_level(self.gpio, not world.pressed[role])
        elif role == "VBUS_SENSE":
            machine.set_level(self.gpio, world.usb)
        elif role == "STAGE_FAULT_N":
            machine.set_level(self.gpio, world.fault_line())
        level = machine.gpio_in >> self.gpio & 1
        if level != before:
            self.edges |= 8 if level else 4

    @micropython.native
    def write(self, machine, level):
        before = machine.gpio_in >> self.gpio & 1
        machine.set_level(self.gpio, level)
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
    """The simulated RP2040 on `board`. `gpio_in` has the level of each GPIO, inputs and outputs, as a bit."""

    def __init__(self, board, world, emit, timeline, until_us, live=None):
        super().__init__(world, emit, timeline, until_us, live)
        roles = {gpio: role for role, gpio in board.PINS.items()}
        self.gpio_in = 0
        self.pins = [_Gpio(gpio, roles.get(gpio)) for gpio in range(30)]
        self._switches = [board.PINS[role] for role in ("EL_A", "EL_B", "LDAC")]
        self._inputs = [p for p in self.pins if p.role in ("MODE", "PLUS", "MINUS", "VBUS_SENSE", "STAGE_FAULT_N")]
        world.on_input = self.inputs
        bind(self, "set_level", "switches", "spi_write", "spi_end", "inputs")
        self._frame = 0
        self.channels = {gpio: role for gpio, role in roles.items() if gpio >= 26}
        self.channels[board.TEMPERATURE_CHANNEL] = "TEMPERATURE"

    @micropython.native
    def set_level(self, gpio, level):
        if level:
            self.gpio_in |= 1 << gpio
        else:
            self.gpio_in &= ~(1 << gpio)
        levels[0] = self.gpio_in

    def inputs(self):
        """The world has changed: every input pin follows it."""
        for pin in self._inputs:
            pin.follow(self)

    def power_up(self):
        """Every pin an input again; the board's pull-downs hold the stage dead."""
        super().power_up()
        for pin in self.pins:
            if pin.role == "POWER_HOLD":
                self.world.set_hold(self.now, False)
            if pin.role == "HAPTIC" and self.gpio_in >> pin.gpio & 1:
                self.emit("haptic", self.now, "0")
                self.world.draw(self.now, "HAPTIC", 0)
            if pin.role == "SMPS_PWM":
                self.world.set_regulator(0)
            pin.output = False
            pin.show(self, 0)
        self.gpio_in = levels[0] = 1 << self._switches[2]  # LDAC is pulled up
        self.inputs()
        self.switches(self.now)
        self.world.write_dac(self.now, 0x1000)

    @micropython.native
    def switches(self, t):
        """EL_A, EL_B or LDAC changed."""
        levels = self.gpio_in
        a, b, ldac = self._switches
        self.world.set_switches(t, levels >> a & 1, levels >> b & 1, levels >> ldac & 1)

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
            return machine.gpio_in >> self.gpio & 1
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
            machine.gpio_in = levels[0] = machine.gpio_in ^ 1 << self.gpio
            return
        machine.enter()
        pin.write(machine, 1 - (machine.gpio_in >> self.gpio & 1))
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


_host = vfs.VfsPosix("/")
_byte = bytearray(1)
_wires = []  # never collected: that would close what another timer has opened under the same number


class _Alarm:
    """A timer that runs. As on the chip it runs on only as long as somebody holds the `Timer`.

    MicroPython tells nobody that an object was collected, but closes an open file with it: `life` is the timer's.
    """

    def __init__(self, period_us, callback, life):
        self.period_us = period_us
        self.callback = callback
        self._wire = _host.open(life.fileno(), "rb")
        _wires.append(self._wire)

    def held(self):
        try:
            return self._wire.readinto(_byte) == 1
        except OSError:
            return False


class Timer:
    PERIODIC = 1
    ONE_SHOT = 0

    def __init__(self, id=-1):
        if id != -1:
            raise ValueError("Timer doesn't exist")

    def init(self, mode, period, callback, hard):
        if mode != Timer.PERIODIC or not hard:
            raise ValueError("only hard periodic timers are modelled")
        self._life = _host.open("/dev/zero", "rb")
        core.machine.timer = _Alarm(1000 * period, callback, self._life)
        core.machine.timer_due = core.machine.now + 1000 * period


class WDT:
    def __init__(self, timeout):
        core.machine.watchdog_us = 1000 * timeout
        self.feed()

    def feed(self):
        core.machine.watchdog_due = core.machine.now + core.machine.watchdog_us


class _Memory:
    """mem32: the levels of the GPIOs and their edges, the PIO's interrupt flags, and the watchdog's scratch registers,
    which survive a reset."""

    @micropython.native
    def __getitem__(self, address):
        machine = core.machine
        machine.enter()
        machine.leave()
        if address == GPIO_IN:
            return machine.gpio_in
        if address == PIO0_IRQ:
            return 1 if machine.pio_pending else 0
        return machine.scratch.get(address, 0)

    @micropython.native
    def __setitem__(self, address, value):
        machine = core.machine
        machine.enter()
        machine.leave()
        if address == PIO0_IRQ:
            # A 1 clears its flag. MicroPython's handler then finds nothing to call.
            if value & 1:
                machine.pio_pending = False
                flags[0] = 0
        elif 0 <= address - _INTR < 16:
            first = (address - _INTR) * 2
            i = 0
            while i < 8 and first + i < 30:
                machine.pins[first + i].edges &= ~(value >> 4 * i)
                i += 1
        elif address != GPIO_IN:
            machine.scratch[address] = value


class _Halves:
    """mem16: the edges of the input pins."""

    def __getitem__(self, address):
        first = (address - _INTR) * 2
        pins = core.machine.pins
        return pins[first].edges | pins[first + 1].edges << 4 | pins[first + 2].edges << 8 | pins[first + 3].edges << 12


mem32 = _Memory()
mem16 = _Halves()


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
