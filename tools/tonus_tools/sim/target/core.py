"""Virtual time, and what happens in it: the PIO, timers, interrupts, the scenario's timeline, resets.

Time is what the processor spends: `spend` for each call to hardware, as much as the call and what the firmware does
around it take on the RP2040 (`cost.py`), in the foreground and in interrupts alike; `run_until` for a foreground that
waits. What is due meanwhile happens at its time. An interrupt runs to its end with the heap locked, as on the chip, and
no other comes between: what comes due while one runs, or while the foreground has masked them, is served after it, the
timer before the PIO.

What is needed at every call is in `registers.words`, machine words for viper: the time left until something happens,
and when that is, in us after `epoch`.
"""

import json

import micropython
from cost import NOTHING_US, SAMPLE_ENTRY_US, SAMPLE_EXIT_US, TICK_ENTRY_US, TICK_EXIT_US
from micropython import const, heap_lock, heap_unlock
from registers import words
from world.bind import ptr32

# How often the supply is looked at besides when something happens, and whether anybody still holds the timers.
CHECK_US = 100_000
FAR = const(1 << 30)  # us: never
_REBASE_US = const(1 << 28)

# In `words`: now is _HORIZON - _LEFT.
_LEFT = const(0)  # us until something is due, more than 0 but while it happens
_HORIZON = const(1)
_PIO_DUE = const(2)
_ACT_DUE = const(3)
_TIMER_DUE = const(4)  # the first of the timers'
_CHECK_DUE = const(5)
_IN_IRQ = const(6)
_MASKED = const(7)
_FLAG = const(8)  # the PIO's interrupt flag
_PENDING = const(9)  # its interrupt waits for the processor, and does so even if the flag is cleared meanwhile
_LEVELS = const(10)  # of the GPIOs, a bit each
_EPOCH = const(11)  # modulo 2^30, as the RP2040's ticks are
_TICKS = const(12)  # of all timers
_DUES = const(13)  # of each timer, and what is between two of them
_TIMERS = const(4)
_PERIODS = const(17)
_EPOCHS = const(21)  # how often they were rebased
_WORK_US = const(22)  # of the foreground, since the last collection of garbage
_OWED = const(23)  # us of work that comes before the next call to hardware but a sample's
_EDGES = const(24)  # latched by the pins, four words

timers = [None] * _TIMERS


class PowerLost(BaseException):
    """The device has lost its supply."""


class Reset(BaseException):
    """The processor resets; `args[0]` is the cause."""


class End(BaseException):
    """The scenario is over."""


@micropython.viper
def spend(us: int):
    """The processor works for some time; what is due meanwhile happens. Raises what ends the firmware, but never inside
    an interrupt."""
    w = ptr32(words)
    left = w[_LEFT] - us
    if left > 0:
        w[_LEFT] = left
        return
    inside = w[_IN_IRQ]
    if inside:
        heap_unlock()
    while left <= 0:
        happen()
        left += w[_LEFT]
        if not inside and int(hangs()):
            left = 0
    w[_LEFT] = left
    if inside:
        heap_lock()


@micropython.viper
def go_on(us: int):
    """The same, and before it what the last call left to do."""
    w = ptr32(words)
    owed = w[_OWED]
    if owed:
        w[_OWED] = 0
        us += owed
    spend(us)


@micropython.viper
def clock() -> int:
    """us since the scenario began."""
    w = ptr32(words)
    return w[_EPOCHS] * _REBASE_US + w[_HORIZON] - w[_LEFT]


@micropython.viper
def masked() -> int:
    return ptr32(words)[_MASKED]


@micropython.viper
def mask():
    """Interrupts off."""
    ptr32(words)[_MASKED] = 1


@micropython.viper
def unmask():
    """Interrupts on again: those that waited run now."""
    w = ptr32(words)
    w[_MASKED] = 0
    if w[_PENDING] or w[_TIMER_DUE] < w[_HORIZON]:
        look()
        if not w[_LEFT]:
            spend(0)


@micropython.viper
def wait(t: int):
    """The foreground waits until t, in the time of `words`."""
    w = ptr32(words)
    epoch = w[_EPOCH]
    while True:
        if w[_EPOCH] != epoch:
            epoch = w[_EPOCH]
            t -= _REBASE_US
        left = w[_HORIZON] - t  # of the time until something is due
        if left > 0:
            if w[_LEFT] > left:
                w[_LEFT] = left
            break
        happen()


@micropython.viper
def happen():
    """Time moves on to where something is due, and it happens."""
    w = ptr32(words)
    w[_LEFT] = 0
    now = w[_HORIZON]
    if w[_PIO_DUE] <= now:
        machine.pio.run()
    if w[_ACT_DUE] <= now:
        machine.act()
    if not w[_IN_IRQ]:
        if w[_CHECK_DUE] <= now:
            machine.check()
            now = w[_HORIZON]  # it may count from another epoch
        if not w[_MASKED]:
            if w[_TIMER_DUE] <= now:
                _tick()
            elif w[_PENDING]:
                _flagged()
    look()


@micropython.viper
def look():
    """Find out when something is due next."""
    w = ptr32(words)
    now = w[_HORIZON] - w[_LEFT]
    due = w[_PIO_DUE]
    if w[_ACT_DUE] < due:
        due = w[_ACT_DUE]
    if not w[_IN_IRQ]:
        if w[_CHECK_DUE] < due:
            due = w[_CHECK_DUE]
        if not w[_MASKED]:
            if w[_TIMER_DUE] < due:
                due = w[_TIMER_DUE]
            if w[_PENDING]:
                due = now
    if due < now:
        due = now
    w[_HORIZON] = due
    w[_LEFT] = due - now


@micropython.viper
def look_timers():
    """Find out when a timer is due next."""
    w = ptr32(words)
    due = FAR
    i = 0
    while i < _TIMERS:
        if w[_DUES + i] < due:
            due = w[_DUES + i]
        i += 1
    w[_TIMER_DUE] = due


@micropython.viper
def _tick():
    """Serve the timer that is due."""
    w = ptr32(words)
    now = w[_HORIZON]
    i = 0
    while w[_DUES + i] != w[_TIMER_DUE]:
        i += 1
    timer = timers[i]
    w[_DUES + i] = w[_DUES + i] + w[_PERIODS + i]
    first = FAR
    j = 0
    while j < _TIMERS:
        if w[_DUES + j] < first:
            first = w[_DUES + j]
        j += 1
    w[_TIMER_DUE] = first
    w[_TICKS] = w[_TICKS] + 1
    w[_IN_IRQ] = 1
    due = w[_PIO_DUE]
    if w[_ACT_DUE] < due:
        due = w[_ACT_DUE]
    if due < now:
        due = now
    w[_HORIZON] = due
    left = due - now - int(TICK_ENTRY_US)
    heap_lock()
    if left > 0:
        w[_LEFT] = left
    else:
        w[_LEFT] = due - now
        spend(TICK_ENTRY_US)
    _call(timer.callback, timer)
    left = w[_LEFT] - int(TICK_EXIT_US) - w[_OWED]
    if left > 0:
        w[_LEFT] = left
        w[_OWED] = 0
    else:
        go_on(TICK_EXIT_US)
    heap_unlock()
    w[_IN_IRQ] = 0


@micropython.viper
def _flagged():
    """Serve the PIO."""
    w = ptr32(words)
    pio = machine.pio
    w[_PENDING] = 0
    if not bool(pio.handler):
        return
    w[_IN_IRQ] = 1
    look()
    heap_lock()
    if w[_FLAG]:
        w[_FLAG] = 0  # MicroPython's handler, before all else
        spend(SAMPLE_ENTRY_US)
        _call(pio.handler, pio)
        spend(SAMPLE_EXIT_US)
    else:
        spend(NOTHING_US)
    heap_unlock()
    w[_IN_IRQ] = 0


@micropython.native
def _call(handler, argument):
    """As on the chip: an exception ends a hard interrupt for good."""
    try:
        handler(argument)
    except Exception as problem:
        heap_unlock()
        text = "%s: %s" % (type(problem).__name__, problem)
        machine.emit("irq_error", machine.now, '"%s"' % text.replace('"', "'"))
        argument.stop()
        heap_lock()


@micropython.viper
def hangs() -> int:
    return int(bool(machine.hang))


@micropython.viper
def spent(us: int) -> int:
    """`spend`, and then `clock`."""
    w = ptr32(words)
    left = w[_LEFT] - us
    if left > 0:
        w[_LEFT] = left
    else:
        spend(us)
    return w[_EPOCHS] * _REBASE_US + w[_HORIZON] - w[_LEFT]


@micropython.viper
def enter(us: int) -> int:
    """Hardware begins to do what takes so long, and then may allocate: the `clock` then."""
    w = ptr32(words)
    if us:
        left = w[_LEFT] - us
        if left > 0:
            w[_LEFT] = left
        else:
            spend(us)
    if w[_IN_IRQ]:
        heap_unlock()
    return w[_EPOCHS] * _REBASE_US + w[_HORIZON] - w[_LEFT]


@micropython.viper
def leave():
    """It ends."""
    w = ptr32(words)
    if w[_IN_IRQ]:
        heap_lock()


class Core:
    """The simulated machine. One at a time; modules reach it as `core.machine`."""

    def __init__(self, world, emit, timeline, until_us, live=None):
        self.epoch = 0
        self.world = world
        self.emit = emit
        self.until = until_us
        self._timeline = timeline
        self._at = 0
        self._live = live  # asks the host what happens next; None: the timeline is all
        self._stop_on_output = False
        self.on = False  # the processor runs
        self.pio = None
        self.watchdog_us = 0
        self.watchdog_due = -1
        self.hang = False
        self._keys = None  # raises what a Ctrl-C at the prompt raises
        self.cut = False  # the supply failed in the middle of a write to the flash
        self.spi_error = False
        self.task_error = False
        self.breaks = None  # what a list that is injected does: breaks_chip.apply, set by run.py
        self.scratch = {}
        self.reset_cause = "power"
        self.usb = None  # usb.Usb and flash.Flash, set by run.py
        self.flash = None
        self.disk = None  # the flash.Flash that is mounted
        words[_CHECK_DUE] = CHECK_US
        words[_ACT_DUE] = 0 if live else self.relative(timeline[0][0]) if timeline else FAR
        self.stop_peripherals()

    @property
    def now(self):
        """us since the scenario began."""
        return self.epoch + words[_HORIZON] - words[_LEFT]

    @property
    def ticks(self):
        """Served."""
        return words[_TICKS]

    @property
    def in_irq(self):
        return words[_IN_IRQ] != 0

    def relative(self, t):
        """A time as `words` have it."""
        return max(0, min(t - self.epoch, FAR))

    def power_up(self):
        """Every peripheral as after a reset; memory that survives one is kept by the caller."""
        self.stop_peripherals()
        words[_IN_IRQ] = words[_MASKED] = 0
        self.watchdog_due = -1
        self.hang = False
        self.cut = False

    def stop_peripherals(self):
        """Timers and PIO are no more."""
        self.pio = None
        self.pio_programs = []  # in its memory
        words[_PIO_DUE] = words[_TIMER_DUE] = FAR
        for i in range(_TIMERS):
            timers[i] = None
            words[_DUES + i] = FAR
        words[_FLAG] = words[_PENDING] = 0
        look()

    @micropython.native
    def run_until(self, t):
        """The foreground waits until t."""
        t -= self.epoch
        while t > FAR:
            wait(words[_HORIZON] - words[_LEFT] + _REBASE_US)
            t -= _REBASE_US
        wait(t)

    def watch(self, keys):
        """While code of the prompt runs: call `keys`, which may raise. None: no more."""
        self._keys = keys
        words[_CHECK_DUE] = self.relative(self.now)
        look()

    def add_timer(self, timer, period_us):
        """It calls `timer.callback(timer)`, first when a period has passed; the timer."""
        i = timers.index(None)
        timers[i] = timer
        words[_PERIODS + i] = period_us
        words[_DUES + i] = words[_HORIZON] - words[_LEFT] + period_us
        look_timers()
        look()
        return timer

    def remove_timer(self, timer):
        if timer in timers:
            i = timers.index(timer)
            timers[i] = None
            words[_DUES + i] = FAR
            look_timers()
            look()

    def heard(self):
        """The host has heard something: perhaps it wants to be asked now."""
        if self._stop_on_output:
            words[_ACT_DUE] = self.relative(self.now)
            look()

    def act(self):
        if self._live is None:
            _, action, value = self._timeline[self._at]
            self._at += 1
            more = self._at < len(self._timeline)
            words[_ACT_DUE] = self.relative(self._timeline[self._at][0]) if more else FAR
            self._do(action, value)
        else:
            order = self._live(self.now)
            if order is None:
                words[_ACT_DUE] = FAR
                self.until = self.now
            else:
                words[_ACT_DUE] = self.relative(max(order["until"], self.now))
                self._stop_on_output = order.get("on_output", False)
                for action, value in order["do"]:
                    self._do(action, value)
        words[_CHECK_DUE] = 0

    def _do(self, action, value):
        if action == "send":
            self.usb.send(self.now, value)
            return
        if action == "reads":
            self.usb.reads = value
            return
        if action == "cut_power_at_write":
            self.flash.cut_at = self.flash.writes + value
            return
        self.emit("world", self.now, '"%s",%s' % (action, json.dumps(value)))
        if action == "host":
            self.usb.host = value
        elif action == "inject":
            if isinstance(value, list):
                self.breaks(self, value)
            elif value == "spi_error":
                self.spi_error = True
            elif value == "timer_dead":
                for timer in list(timers):
                    self.remove_timer(timer)
            elif value == "task_dies":
                self.task_error = True
                self.world.cell_read[2] = 0  # the next reading fails
            elif value == "main_hangs":
                self.hang = True
            elif value == "pio_stuck":
                self.pio.stand()
            else:
                self.world.apply(self.now, action, value)
        else:
            self.world.apply(self.now, action, value)
            if action == "usb" and not value:
                self.usb.unplug()

    def check(self):
        """Supply, watchdog, the scenario's end, a Ctrl-C: what ends the firmware."""
        now = self.now
        if now >= self.until:
            raise End
        due = min(now + CHECK_US, self.until)
        if self.on:
            if self.cut or not self.world.powered(now):
                raise PowerLost
            for timer in list(timers):
                if timer is not None and not timer.held():
                    self.remove_timer(timer)
            if 0 <= self.watchdog_due <= now:
                raise Reset("watchdog")
            if now < self.world.hold_until < due:
                due = self.world.hold_until
            if now < self.watchdog_due < due:
                due = self.watchdog_due
            if self._keys is not None:
                due = now + 1000
                if not words[_MASKED]:
                    self._keys()
        if now - self.epoch > _REBASE_US:
            self._rebase()
        words[_CHECK_DUE] = self.relative(due)

    def _rebase(self):
        """Keep the times in `words` small."""
        self.epoch += _REBASE_US
        words[_EPOCHS] += 1
        words[_EPOCH] = words[_EPOCH] + _REBASE_US & 0x3FFFFFFF
        for i in (_HORIZON, _PIO_DUE, _ACT_DUE, _TIMER_DUE) + tuple(range(_DUES, _DUES + _TIMERS)):
            if words[i] < FAR:
                words[i] -= _REBASE_US
        if self.pio is not None:
            self.pio.rebase(_REBASE_US)
        if self._live is None and self._at < len(self._timeline):
            words[_ACT_DUE] = self.relative(self._timeline[self._at][0])


machine = None  # the Core, set by run.py
pause_at = 1 << 60  # us: there the foreground's loop stops, to go on later as if it had not
real_time = None  # the built-in `time`, likewise
