"""Virtual time, and what happens in it: the PIO, timers, interrupts, the scenario's timeline, resets.

Time moves only in `run_until` and `spend`; the processor is infinitely fast between its calls to hardware. An interrupt
handler runs to its end with the heap locked, as on the chip; hardware that it calls unlocks the heap for the
simulator's own bookkeeping (`enter`, `leave`). Foreground calls to hardware take a microsecond each, so that interrupts
fall between any two of them.
"""

import json

import micropython
from bind import bind
from micropython import heap_lock, heap_unlock

CHECK_US = 1000  # supply and watchdog are looked at this often
FAR = 1 << 60  # us: never
IRQ_LATENCY_US = 10  # from a PIO interrupt to its handler's first line, MicroPython on the RP2040


class PowerLost(BaseException):
    """The device has lost its supply."""


class Reset(BaseException):
    """The processor resets; `args[0]` is the cause."""


class End(BaseException):
    """The scenario is over."""


class Core:
    """The simulated machine. One at a time; modules reach it as `core.machine`."""

    def __init__(self, world, emit, timeline, until_us, live=None):
        self.now = 0
        self.world = world
        self.emit = emit
        self.until = until_us
        self._timeline = timeline
        self._at = 0
        self._live = live  # asks the host what happens next; None: the timeline is all
        self._act_due = 0 if live else timeline[0][0] if timeline else FAR
        self._stop_on_output = False
        self.in_irq = False
        self.masked = False
        self.on = False  # the processor runs
        self.timer = None  # the firmware has one
        self.timer_due = FAR
        self.pio = None
        self.pio_due = FAR
        self.pio_pending = False
        self.watchdog_us = 0
        self.watchdog_due = -1
        self.hang = False
        self.cut = False  # the supply failed in the middle of a write to the flash
        self.spi_error = False
        self.task_error = False
        self.ticks = 0
        self._check_due = 0
        self.scratch = {}
        self.reset_cause = "power"
        self.usb = None  # usb.Usb and flash.Flash, set by run.py
        self.flash = None
        bind(self, "enter", "leave", "spend", "run_until", "_interrupt", "_check")

    def power_up(self):
        """Every peripheral as after a reset; memory that survives one is kept by the caller."""
        self.in_irq = self.masked = False
        self.timer = None  # the firmware has one
        self.timer_due = FAR
        self.pio = None
        self.pio_due = FAR
        self.pio_pending = False
        self.watchdog_due = -1
        self.hang = False
        self.cut = False

    @micropython.native
    def enter(self):
        """A call from firmware into hardware begins."""
        if self.in_irq:
            heap_unlock()
        elif self.on:
            while self.hang:
                self.run_until(self.now + 1000)
            t = self.now + 1
            if t < self.timer_due and t < self.pio_due and t < self._act_due and not self.pio_pending:
                self.now = t
            else:
                self.run_until(t)

    @micropython.native
    def leave(self):
        """It ends."""
        if self.in_irq:
            heap_lock()

    @micropython.native
    def spend(self, us):
        """The processor is busy with hardware for some time."""
        t = self.now + us
        if self.in_irq and t < self.pio_due and t < self._act_due:
            self.now = t
        else:
            self.run_until(t)

    @micropython.native
    def run_until(self, t):
        """Move time to t. Raises what ends the firmware, but never inside an interrupt."""
        while True:
            due = self.pio_due
            source = 1
            if self._act_due < due:
                due = self._act_due
                source = 2
            if not self.in_irq and not self.masked:
                if self.pio_pending:
                    due = self.now
                    source = 3
                elif self.timer_due < due:
                    # The PIO's edges come before an interrupt of the same microsecond.
                    due = self.timer_due
                    source = 4
            if due > t:
                break
            if due > self.now:
                self.now = due
            if source == 1:
                self.pio.run(due)
            elif source == 2:
                self._act()
            elif source == 3:
                self.pio_pending = False
                if self.pio is not None and self.pio.handler is not None:
                    self._interrupt(self.pio.handler, self.pio)
            else:
                self.timer_due = due + self.timer.period_us
                self.ticks += 1
                self._interrupt(self.timer.callback, self.timer)
        if t > self.now:
            self.now = t
        if not self.in_irq:
            self._check()

    def mask(self, on):
        """Interrupts off, or on again: those that waited run now."""
        self.masked = on
        if not on:
            self.run_until(self.now)

    @micropython.native
    def _interrupt(self, handler, argument):
        self.in_irq = True
        if argument is self.pio:
            self.run_until(self.now + IRQ_LATENCY_US)
        heap_lock()
        try:
            handler(argument)
        except Exception as problem:
            # As on the chip: an exception ends a hard interrupt for good.
            heap_unlock()
            text = "%s: %s" % (type(problem).__name__, problem)
            self.emit("irq_error", self.now, '"%s"' % text.replace('"', "'"))
            if argument is self.timer:
                self.timer_due = FAR
            else:
                argument.handler = None
            heap_lock()
        finally:
            heap_unlock()
            self.in_irq = False

    def heard(self):
        """The host has heard something: perhaps it wants to be asked now."""
        if self._stop_on_output:
            self._act_due = self.now

    def _act(self):
        if self._live is None:
            _, action, value = self._timeline[self._at]
            self._at += 1
            self._act_due = self._timeline[self._at][0] if self._at < len(self._timeline) else FAR
            self._do(action, value)
            return
        order = self._live(self.now)
        if order is None:
            self._act_due = FAR
            self.until = self.now
            return
        self._act_due = max(order["until"], self.now)
        self._stop_on_output = order.get("on_output", False)
        for action, value in order["do"]:
            self._do(action, value)

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
            if value == "spi_error":
                self.spi_error = True
            elif value == "timer_dead":
                self.timer_due = FAR
            elif value == "task_dies":
                self.task_error = True
            elif value == "main_hangs":
                self.hang = True
            else:
                self.world.apply(self.now, action, value)
        else:
            self.world.apply(self.now, action, value)
            if action == "usb" and not value:
                self.usb.unplug()

    def _check(self):
        if self.now >= self.until:
            raise End
        if self.on and self.now >= self._check_due:
            self._check_due = self.now + CHECK_US
            if self.cut or not self.world.powered(self.now):
                raise PowerLost
            if 0 <= self.watchdog_due <= self.now:
                raise Reset("watchdog")


machine = None  # the Core, set by run.py
real_time = None  # the built-in `time`, likewise
