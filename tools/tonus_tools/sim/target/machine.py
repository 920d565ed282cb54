"""The `machine` module: pins, PWM, ADC, SPI, timer, watchdog of a simulated RP2040 on a simulated board."""

from array import array

import core
import micropython
import vfs
from core import clock, enter, go_on, leave, spend, spent, unmask, words
from cost import ADC_US, MEMORY_US, PIN_US, SPI_US
from micropython import const
from registers import GPIO_IN, INTR, PIO0_IRQ
from world.bind import bind, ptr32
from world.model import cell_code

PWRON_RESET = 1
WDT_RESET = 3

_LEFT = const(0)  # of core.words
_HORIZON = const(1)
_LEVELS = const(10)
_EPOCH = const(11)
_MASKED = const(7)
_FLAG = const(8)
_PENDING = const(9)
_TIMER_DUE = const(4)
_EDGES = const(24)


class _Gpio:
    """One GPIO: its role on the board, and who drives it. Its level is a bit of `core.words`."""

    def __init__(self, gpio, role):
        self.gpio = gpio
        self.role = role
        self.output = False
        self.shown = 0
        self.hz = 0

    def lend(self, machine, level):
        """To the PIO."""
        self.output = True
        machine.set_level(self.gpio, level)

    def follow(self, machine):
        """As an input: take the level that the world gives it."""
        world = machine.world
        role = world.wires.get(self.role, self.role)
        before = words[_LEVELS] >> self.gpio & 1
        if role == "STAGE_FAULT_N":
            machine.set_level(self.gpio, world.fault_line())
        elif role in world.pressed:
            machine.set_level(self.gpio, not world.pressed[role])
        elif role == "VBUS_SENSE":
            machine.set_level(self.gpio, world.vbus())
        else:  # no wire: what pulls at the Pico's end
            machine.set_level(self.gpio, self.role != "VBUS_SENSE")
        level = words[_LEVELS] >> self.gpio & 1
        if level != before:
            words[_EDGES + self.gpio // 8] |= (8 if level else 4) << self.gpio % 8 * 4  # latched

    @micropython.native
    def write(self, machine, level):
        before = words[_LEVELS] >> self.gpio & 1
        machine.set_level(self.gpio, level)
        self.output = True
        role = self.role
        if role == "STAGE_ALIVE":
            if level != before:
                machine.world.alive_edge(machine.now, level)
        elif role == "POWER_HOLD":
            machine.world.set_hold(machine.now, bool(level))
        elif role == "HAPTIC":
            if level != before:
                machine.emit("haptic", machine.now, str(level))
                machine.world.draw(machine.now, role, level)
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
            if self.role is None:
                return
            machine.world.draw(machine.now, self.role, permille / 1000)
            role = machine.world.wires.get(self.role, self.role)
            if role == "BEEPER":
                machine.emit("beep", machine.now, str(self.hz if permille else 0))
            elif role:
                machine.emit("led", machine.now, '"%s",%d' % (role, permille))


class Chip(core.Core):
    """The simulated RP2040 on `board`."""

    def __init__(self, board, world, emit, timeline, until_us, live=None):
        super().__init__(world, emit, timeline, until_us, live)
        roles = {gpio: role for role, gpio in board.PINS.items()}
        self.pins = [_Gpio(gpio, roles.get(gpio)) for gpio in range(30)]
        self._switches = array("I", [board.PINS[role] for role in ("EL_A", "EL_B", "LDAC")])
        self._inputs = [p for p in self.pins if p.role in ("MODE", "PLUS", "MINUS", "VBUS_SENSE", "STAGE_FAULT_N")]
        world.on_input = self.inputs
        bind(self, "set_level", "switches", "spi_write", "spi_end", "inputs")
        self._frame = 0
        self.channels = {gpio: role for gpio, role in roles.items() if gpio >= 26}
        self.channels[board.TEMPERATURE_CHANNEL] = "TEMPERATURE"

    @micropython.native
    def set_level(self, gpio, level):
        if level:
            words[_LEVELS] |= 1 << gpio
        else:
            words[_LEVELS] &= ~(1 << gpio)

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
            if pin.role == "HAPTIC" and words[_LEVELS] >> pin.gpio & 1:
                self.emit("haptic", self.now, "0")
                self.world.draw(self.now, "HAPTIC", 0)
            if pin.role == "SMPS_PWM":
                self.world.set_regulator(0)
            pin.output = False
            pin.show(self, 0)
        words[_LEVELS] = 1 << self._switches[2]  # LDAC is pulled up
        self.inputs()
        self.switches(self.now)
        self.world.write_dac(self.now, 0x1000)
        self.world.power_up(self.now)

    @micropython.viper
    def switches(self, t):
        """EL_A, EL_B or LDAC changed."""
        levels = ptr32(words)[_LEVELS]
        at = ptr32(self._switches)
        self.world.set_switches(t, levels >> at[0] & 1, levels >> at[1] & 1, levels >> at[2] & 1)

    @micropython.native
    def spi_write(self, buffer):
        frame = self._frame
        for byte in buffer:
            frame = (frame << 8 | byte) & 0xFFFF
        self._frame = frame

    @micropython.native
    def spi_end(self):
        self.world.write_dac(enter(0), self._frame)
        leave()


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = 1
    PULL_DOWN = 2

    def __init__(self, gpio, mode=None, pull=None, value=None):
        self.gpio = gpio
        pin = core.machine.pins[gpio]
        self.value = _value(pin)
        self.toggle = _toggle(pin)
        if mode == Pin.OUT:
            self.value(value or 0)

    @micropython.native
    def __call__(self, level=None):
        return self.value(level)


def _value(pin):
    """A pin's `value`, which the firmware keeps bound."""
    gpio = pin.gpio
    bit = 1 << gpio
    machine = core.machine

    @micropython.native
    def value(level=None):
        go_on(PIN_US)
        if level is None:
            return words[_LEVELS] >> gpio & 1
        enter(0)
        pin.write(machine, 1 if level else 0)
        leave()
        return None

    @micropython.native
    def select(level=None):
        spend(PIN_US)
        levels = words[_LEVELS]
        if level is None:
            return levels >> gpio & 1
        if not level:
            words[_LEVELS] = levels & ~bit
        elif not levels & bit:
            words[_LEVELS] = levels | bit
            machine.spi_end()
        pin.output = True
        return None

    if pin.role == "DAC_CS":
        return select

    return value


def _toggle(pin):
    bit = 1 << pin.gpio
    machine = core.machine
    keep_alive = machine.world.keep_alive if pin.role == "STAGE_ALIVE" else None
    levels = words

    @micropython.native
    def toggle():
        t = spent(PIN_US)
        level = levels[_LEVELS]
        if keep_alive is not None and keep_alive(t, not level & bit):
            levels[_LEVELS] = level ^ bit
            return
        enter(0)
        pin.write(machine, 0 if level & bit else 1)
        leave()

    return toggle


class PWM:
    def __init__(self, pin, freq, duty_u16):
        self._pin = core.machine.pins[pin.gpio]
        self._pin.hz = freq
        self.duty_u16(duty_u16)

    def freq(self, hz):
        self._pin.hz = hz

    def duty_u16(self, duty):
        enter(PIN_US)
        self._pin.show(core.machine, (duty * 1000 + 32767) // 65535)
        leave()


@micropython.viper
def _spent(us: int) -> int:
    """Spend so much; then it is so late, in us modulo 2^30."""
    w = ptr32(words)
    left = w[_LEFT] - us
    if left > 0:
        w[_LEFT] = left
    else:
        spend(us)
    return w[_EPOCH] + w[_HORIZON] - w[_LEFT] & 0x3FFFFFFF


class ADC:
    def __init__(self, channel):
        self.read_u16 = _read(core.machine.channels[channel])


def _read(role):
    """An ADC's `read_u16`, likewise."""
    machine = core.machine
    state = machine.world
    read = state.reader(role)
    cell_read = state.cell_read
    spoilt = state.spoilt

    @micropython.native
    def read_u16():
        code = read(enter(ADC_US))
        leave()
        return code << 4 | code >> 8

    # Some five hundred times a second, and never in an interrupt.
    @micropython.native
    def read_cell():
        code = cell_code(cell_read, state.tables, _spent(ADC_US))
        if code < 0:
            if machine.task_error:
                machine.task_error = False
                raise OSError("simulated: the battery ADC failed")
            state.look_at_cell(clock())
            code = cell_code(cell_read, state.tables, _spent(0))
        if spoilt and role in spoilt:
            code = spoilt[role](code)
        return code << 4 | code >> 8

    return read_cell if role == "BATTERY_SENSE" else read_u16


class SPI:
    _MISO = (16, 12)  # what MicroPython takes for each peripheral when it is not told

    def __init__(self, id, baudrate, sck, mosi, polarity, phase, miso=-1):
        if miso == -1:
            core.machine.pins[SPI._MISO[id]].write(core.machine, 0)

    @micropython.native
    def write(self, buffer):
        spend(SPI_US)
        machine = core.machine
        if machine.spi_error and machine.in_irq:
            machine.spi_error = False
            raise OSError("simulated: the SPI failed")
        machine.spi_write(buffer)


_host = vfs.VfsPosix("/")
_byte = bytearray(1)
_wires = []  # never collected: that would close what another timer has opened under the same number


class _Alarm:
    """A timer that runs. As on the chip it runs on only as long as somebody holds the `Timer`.

    MicroPython tells nobody that an object was collected, but closes an open file with it: `life` is the timer's.
    """

    def __init__(self, callback, life):
        self.callback = callback
        self._wire = _host.open(life.fileno(), "rb")
        _wires.append(self._wire)

    def held(self):
        try:
            return self._wire.readinto(_byte) == 1
        except OSError:
            return False

    def stop(self):
        core.machine.remove_timer(self)


class Timer:
    PERIODIC = 1
    ONE_SHOT = 0
    _alarm = None

    def __init__(self, id=-1):
        if id != -1:
            raise ValueError("Timer doesn't exist")

    def init(self, mode, period, callback, hard):
        if mode != Timer.PERIODIC or not hard:
            raise ValueError("only hard periodic timers are modelled")
        self.deinit()
        self._life = _host.open("/dev/zero", "rb")
        self._alarm = core.machine.add_timer(_Alarm(callback, self._life), 1000 * period)

    def deinit(self):
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None


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
        spend(MEMORY_US)
        if address == GPIO_IN:
            return words[_LEVELS]
        if address == PIO0_IRQ:
            return words[_FLAG]
        return core.machine.scratch.get(address, 0)

    @micropython.native
    def __setitem__(self, address, value):
        spend(MEMORY_US)
        if address == PIO0_IRQ:
            # A 1 clears its flag. MicroPython's handler then finds nothing to call.
            if value & 1:
                words[_FLAG] = 0
        elif 0 <= address - INTR < 16:
            words[_EDGES + (address - INTR) // 4] &= ~value
        elif address != GPIO_IN:
            core.machine.scratch[address] = value


mem32 = _Memory()


@micropython.viper
def disable_irq() -> int:
    w = ptr32(words)
    before = w[_MASKED]
    left = w[_LEFT] - int(PIN_US)
    if left > 0:
        w[_LEFT] = left
    else:
        spend(PIN_US)
    w[_MASKED] = 1
    return before


@micropython.viper
def enable_irq(state: int):
    if state:
        return
    w = ptr32(words)
    if w[_PENDING] or w[_TIMER_DUE] < w[_HORIZON]:
        unmask()
    else:
        w[_MASKED] = 0


def reset():
    raise core.Reset("reset")


def bootloader():
    raise core.Reset("bootloader")


def unique_id():
    return b"\xe6\x61\x00\x00\x73\x69\x6d\x31"


def reset_cause():
    return PWRON_RESET if core.machine.reset_cause == "power" else WDT_RESET
