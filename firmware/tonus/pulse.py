"""The pulse loop: a hard 1 kHz timer that feeds the PIO, slews the amplitude, watches, and cuts.

Contract of the two interrupts, `_tick` (timer) and `_sample` (PIO, halfway through each phase): no allocation, no
float, no print, no flash; integers below 2^30; everything they call is bound beforehand; only they touch the DAC while
output is on. Whatever goes wrong inside, the output is cut first and a fault is latched. They decide only what cannot
wait for the foreground: lift, USB, stop button, hardware fault, overcurrent, DC, a late loop, the longest session.

The foreground calls `probe`, `treat`, `aim` and `off`, and polls `cut_by`. A fault stays latched until power goes.
"""

from time import ticks_add, ticks_diff, ticks_us

import micropython
from machine import Timer, disable_irq, enable_irq

from . import faults, limits
from .program import Program, Train
from .stage import FIFO_DEPTH, Stage

_MASK = 0x3FFFFFFF
_BLIND_PULSES = 8  # given to the PIO without one sample seen: a lift would go unnoticed
_WINDOWS = 8  # the running mean's second, in eighths
_WINDOW_TICKS = limits.DC_WINDOW_MS // _WINDOWS


class Pulse:
    """The pulse loop of one stage. `usb()` is 1 while USB power is present, `stop()` 0 while MODE is pressed.

    ticks: served. late, missed: those more than LATE_US, and more than MISSED_US, after their time with the rail up;
    without it nothing depends on them, and a write to the flash holds them up.
    worst_us: the longest tick. unseen: phases whose sample came too late. cut_by, cut_value: the last cut not dealt
    with, a number of `faults`, and its reading. raised: what an interrupt raised, when that was the cut.
    """

    def __init__(self, stage: Stage, probe: Program, usb, stop) -> None:
        self.ticks = 0
        self.late = 0
        self.missed = 0
        self.worst_us = 0
        self.unseen = 0
        self.cut_by = faults.NONE
        self.cut_value = 0
        self.raised: Exception | None = None
        self.running = False
        self._stage = stage
        self._usb = usb
        self._stop = stop
        # Bound here for the interrupts: a method looked up there is slower, and kept there would allocate.
        self._fault_n = stage.fault_n
        self._toggle_alive = stage.toggle_alive
        self._queued = stage.queued
        self._put = stage.put
        self._write_dac = stage.write_dac
        self._current = stage.current
        self._voltage = stage.voltage
        self._driven = stage.driven
        self._sense_per_dac = stage.sense_per_dac
        self._open_codes = limits.OPEN_UA * 1000 // stage.na_per_code
        self._over_codes = limits.OVERCURRENT_UA * 1000 // stage.na_per_code
        self._probe = probe
        self._train = Train(probe)
        self._next = self._train.next
        self._powered = False
        self._power_tick = 0
        self._cut_tick = 0
        self._cut_heavy = False
        self._treat_ticks = 0
        self._stop_ticks = 0
        self._over = 0
        self._blind = 0
        # The pulse last given to the PIO, and the one before: DAC code, and phase width / 16 us (0: a probe in a rest).
        # `_ahead` counts the words from the last one's first: it has begun when fewer than that many are queued.
        self._ahead = 0
        self._code = 0
        self._width = 0
        self._code_before = 0
        self._width_before = 0
        # Samples since `take`, of phases at the set current.
        self._n = 0
        self._sum_set = 0
        self._sum_current = 0
        self._sum_voltage = 0
        # Charge of the last second, in sense codes x 16 us.
        self._charge = 0
        self._window = [0] * _WINDOWS
        self._at = 0
        self._window_ticks = 0
        self._charge_per_ua = limits.DC_WINDOW_MS * 1_000_000 // (stage.na_per_code * 16)
        self._charge_trip = limits.MEAN_DC_TRIP_UA * self._charge_per_ua
        self._due = ticks_us()  # when the next tick should come
        self._timer = Timer(-1)

    def start(self) -> None:
        """Start the loop; the output stays off."""
        self._stage.on_sample(self._sample)
        self._due = ticks_add(ticks_us(), limits.TICK_US)
        self._timer.init(mode=Timer.PERIODIC, period=1, callback=self._tick, hard=True)

    # For the foreground.

    def faulted(self) -> bool:
        return self.cut_by >= faults.LATCH

    def power(self, on: bool) -> None:
        """Start or end the keep-alive, for the self-test."""
        self._power_tick = self.ticks
        self._powered = on and not self.faulted()

    def powered_ms(self) -> int:
        """How long the keep-alive has run, 0 when it does not."""
        return self.ticks - self._power_tick & _MASK if self._powered else 0

    def new_session(self) -> None:
        """Give the next session its whole time."""
        self._treat_ticks = 0

    def probe(self) -> None:
        """Probe for contact, from now until something else is asked for. Refused while a fault is latched."""
        self.off()
        if not self.faulted():
            self._begin(self._probe, self._probe.probe_code, limits.RAMP_MIN_MS)

    def treat(self, program: Program, level: int, ramp_ms: int) -> None:
        """Play `program` at `level`, from zero over `ramp_ms`. Refused after a cut not yet dealt with, or with USB.

        Running already (a probe, or another zone), it changes over where a cycle ends.
        """
        code = program.codes[level]
        # Running first: a cut that comes after this look has its reason set by the next one.
        if self.running:
            self._train.swap(program, code, ramp_ms)
        elif not self.cut_by and not self._usb():
            self._begin(program, code, ramp_ms)

    def aim(self, level: int, ramp_ms: int) -> None:
        """Move to another level of the program that plays."""
        self._train.aim(self._train.program.codes[level], ramp_ms)

    def settled(self) -> bool:
        """True when a ramp has ended."""
        return self._train.settled()

    def off(self) -> None:
        """Output off, now."""
        state = disable_irq()
        self._shut()
        enable_irq(state)

    def fault(self, number: int, value: int = 0) -> None:
        """Output off, and latch a fault found in the foreground."""
        state = disable_irq()
        self._cut(number, value)
        enable_irq(state)

    def clear_cut(self) -> None:
        """Forget a normal cut that has been dealt with. A fault stays."""
        state = disable_irq()
        if not self.faulted():
            self.cut_by = faults.NONE
        enable_irq(state)

    def rested(self) -> bool:
        """False for the second after a long phase was cut short: its charge still counts in the running mean."""
        return not self._cut_heavy or (self.ticks - self._cut_tick & _MASK) > limits.DC_WINDOW_MS

    def take(self) -> tuple[int, int, int, int]:
        """(n, DAC code, current, voltage): samples since the last call and their sums, as codes. n may be 0."""
        state = disable_irq()
        n, code, current, voltage = self._n, self._sum_set, self._sum_current, self._sum_voltage
        self._n = self._sum_set = self._sum_current = self._sum_voltage = 0
        enable_irq(state)
        return (n, code, current, voltage)

    def mean_ua(self) -> int:
        """Mean of the current over the last second, uA."""
        return self._charge // self._charge_per_ua

    # From here on both the foreground, with interrupts off, and the interrupts themselves.

    def _begin(self, program: Program, code: int, ramp_ms: int) -> None:
        self._train.start(program, code, ramp_ms)
        self._ahead = FIFO_DEPTH + 1
        self._code = self._width = 0
        self._stop_ticks = 0
        self._over = 0
        self._blind = 0
        self._power_tick = self.ticks
        self._powered = True
        self.running = True  # last: the interrupt may draw from here on

    def _shut(self) -> None:
        if self.running and not self._train.program.probe:
            self._cut_tick = self.ticks
            self._cut_heavy = self._train.program.heavy
        self._powered = False  # first: whatever fails below, the rail falls
        self.running = False
        self._stage.short()

    def _cut(self, reason: int, value: int) -> None:
        # The reason first: should shutting down raise, the interrupt stops for good and the foreground must know.
        if self.cut_by < faults.LATCH:
            self.cut_by = reason
            self.cut_value = value
        self._shut()

    # The interrupts.

    @micropython.native
    def _tick(self, timer) -> None:
        now = ticks_us()
        try:
            late = ticks_diff(now, self._due)
            self._due = ticks_add(self._due, limits.TICK_US)
            self.ticks = self.ticks + 1 & _MASK
            if self._powered:
                if late > limits.LATE_US:
                    if late > limits.MISSED_US:
                        self.missed = self.missed + 1 & _MASK
                    else:
                        self.late = self.late + 1 & _MASK
                self._toggle_alive()
                if not self._fault_n():
                    self._cut(faults.LATCH, 0)
                elif self.running:
                    if self._usb():
                        self._cut(faults.USB, 0)
                    elif late > limits.STALL_US:
                        self._cut(faults.LOOP_STALLED, late)
                    else:
                        self._run()
            self._window_ticks += 1
            if self._window_ticks == _WINDOW_TICKS:
                self._slide()
        except Exception as problem:
            self.raised = problem
            self._cut(faults.LOOP_RAISED, 0)
        spent = ticks_diff(ticks_us(), now)
        if spent > self.worst_us:
            self.worst_us = spent

    @micropython.native
    def _run(self) -> None:
        """The part of a tick that only matters while pulses play."""
        if self._stop():
            self._stop_ticks = 0
        else:
            self._stop_ticks += 1
            if self._stop_ticks >= limits.DEBOUNCE_MS:
                self._cut(faults.STOP, 0)
                return
        train = self._train
        if not train.program.probe:
            self._treat_ticks += 1
            if self._treat_ticks > limits.SESSION_MAX_MS:
                self._cut(faults.LIMIT, 0)
                return
        if self._blind > _BLIND_PULSES:
            self._cut(faults.BLIND, self.unseen)
            return
        # Two words a tick are more than any rate needs, and bound the time of a tick.
        queued = self._queued()
        for _ in range(2):
            if queued >= FIFO_DEPTH:
                return
            if train.load >= 0:
                # The DAC's input register is free once the pulse that needs what is in it has begun.
                if queued >= self._ahead:
                    return
                self._code_before = self._code
                self._width_before = self._width
                self._code = train.load
                self._width = train.width
                self._blind += 1
                self._write_dac(train.load)
                self._ahead = 0
            self._put(train.word)
            queued += 1
            self._ahead += 1
            self._next()

    @micropython.native
    def _slide(self) -> None:
        """Once an eighth of a second, drop the oldest eighth from the running mean."""
        self._window_ticks = 0
        at = self._at + 1
        if at == _WINDOWS:
            at = 0
        self._at = at
        self._charge -= self._window[at]
        self._window[at] = 0

    @micropython.native
    def _sample(self, machine) -> None:
        try:
            if not self.running:
                return
            current = self._current()
            voltage = self._voltage()
            direction = self._driven()
            if not direction:
                self.unseen = self.unseen + 1 & _MASK
                return
            self._blind = 0
            if self._queued() < self._ahead:
                code = self._code
                width = self._width
            else:
                code = self._code_before
                width = self._width_before
            expected = code * self._sense_per_dac >> 10
            if current < self._open_codes and expected >= 2 * self._open_codes and not self._train.program.probe:
                # Once more, before ending somebody's session.
                if self._current() < self._open_codes and self._driven():
                    self._cut(faults.LIFT, 0)
                    return
            if current > expected + expected * limits.OVERCURRENT_PCT // 100 + self._over_codes:
                self._over += 1
                if self._over > 1:
                    self._cut(faults.OVERCURRENT, current)
                    return
            else:
                self._over = 0
            charge = current * width * direction
            self._window[self._at] += charge
            self._charge += charge
            if not -self._charge_trip < self._charge < self._charge_trip:
                self._cut(faults.MEAN_DC, self.mean_ua())
                return
            if width:
                self._n += 1
                self._sum_set += code
                self._sum_current += current
                self._sum_voltage += voltage
        except Exception as problem:
            self.raised = problem
            self._cut(faults.LOOP_RAISED, 0)
