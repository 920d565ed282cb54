"""The pulse loop: a hard 1 kHz timer that feeds the PIO, slews the amplitude, watches, and cuts.

Contract of the two interrupts, `_tick` (timer) and `_sample` (PIO, halfway through each phase): no allocation, no
float, no print, no flash; integers below 2^30; everything they call is bound beforehand; only they touch the DAC while
output is on. Whatever goes wrong inside, the output is cut first and a fault is latched. They decide only what cannot
wait for the foreground: lift, USB, stop button, hardware fault, overcurrent, DC, a late loop, the longest session.

They are short of time: a tick must be over well before a millisecond is, and a sample before its phase. What they
count is in an array that viper sees as machine words (`mpy.py`), what they call in a tuple each. Neither interrupts the
other: so the tick looks, a few times on its way, whether a sample has come due, and takes it. No phase can hide behind
a tick, whatever their rates have in common.

The foreground calls `probe`, `treat`, `aim` and `off`, and polls `cut_by`. A fault stays latched until power goes.
"""

from array import array
from time import ticks_add, ticks_us

import micropython
from machine import Timer, disable_irq, enable_irq, mem32

from . import faults, limits
from .debounce import Contacts
from .mpy import const, ptr32
from .program import Program, Train
from .stage import FIFO_DEPTH, GPIO_IN, PIO_IRQ, Stage

_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)
_BLIND_PULSES = const(8)  # given to the PIO without one sample seen: a lift would go unnoticed
_WINDOWS = const(8)  # the running mean's second, in eighths
_WINDOW_TICKS = limits.DC_WINDOW_MS // _WINDOWS
_BIAS = const(0x20000000)  # added to sums that may be negative
_TRIM = const(64)  # sense codes added to what the calibration may make negative

# What the interrupts count and keep.
_TICKS = const(0)
_LATE = const(1)
_MISSED = const(2)
_WORST_US = const(3)
_UNSEEN = const(4)
_DUE = const(5)  # when the next tick should come, ticks_us
_RUNNING = const(6)
_POWERED = const(7)
_POWER_TICK = const(8)
_CUT_BY = const(9)
_CUT_VALUE = const(10)
_CUT_TICK = const(11)
_CUT_HEAVY = const(12)
_TREAT_TICKS = const(13)
_STOPS = const(14)  # MODE stops
_OVER = const(15)
_BLIND = const(16)
# The pulse last given to the PIO, and the one before: DAC code, and phase width / 16 us (0: a probe in a rest).
# _AHEAD counts the words from the last one's first: it has begun when fewer than that many are queued.
_AHEAD = const(17)
_CODE = const(18)
_WIDTH = const(19)
_CODE_BEFORE = const(20)
_WIDTH_BEFORE = const(21)
# Samples since `take`, of phases at the set current.
_N = const(22)
_SUM_SET = const(23)
_SUM_CURRENT = const(24)
_SUM_VOLTAGE = const(25)
# Charge of the last second, in sense codes x 16 us, + _BIAS, as that of each of its eighths in the window.
_CHARGE = const(26)
_WINDOW_LEFT = const(27)  # ticks of this eighth
_AT = const(28)
# Of the board.
_SENSE_PER_DAC = const(29)
_OPEN_CODES = const(30)
_OVER_CODES = const(31)
_CHARGE_TRIP = const(32)
# Of `limits`.
_TICK_US = const(33)
_LATE_US = const(34)
_MISSED_US = const(35)
_STALL_US = const(36)
_LIFT_CODES = const(37)
_TREAT_MAX = const(38)
_OVER_PCT = const(39)
_DEPTH = const(40)
_LATCH = const(41)
# Of the calibration.
_SENSE_TRIM = const(42)  # what makes a sense code of a reading, + _TRIM
_SENSE_AT_ZERO = const(43)  # sense code of DAC code 0, in 1024ths, + _TRIM
# Masks of the word of all GPIO levels.
_FAULT_N = const(44)
_USB = const(45)
_BUTTONS = const(46)
_FORWARD = const(47)
_REVERSE = const(48)
_VOLTAGE = const(49)  # of the last sample that had time to read it, + _BIAS
_WORDS = const(50)  # most that this tick may give to the PIO
_BUTTONS_SEEN = const(51)  # their levels when the contacts were looked at
_BUTTONS_BUSY = const(52)  # and whether they want to be looked at in each tick
_KEPT = const(53)


class Pulse:
    """The pulse loop of one stage. `usb`: mask of the GPIO that is high while USB power is present. `contacts`: the
    buttons' (`debounce.Contacts`), which the tick looks at, and of which MODE stops.

    `raised` is what an interrupt raised, when that was the cut.
    """

    def __init__(self, stage: Stage, probe: Program, usb: int, contacts: Contacts) -> None:
        self.raised: Exception | None = None
        self._kept = kept = array("i", [0] * _KEPT)
        self._window = array("i", [_BIAS] * _WINDOWS)
        self._stage = stage
        self._train = Train(probe)
        # Bound here for the interrupts: a method looked up there is slower, and kept there would allocate.
        self._out = self._train.out
        train = self._train
        self._tick_calls: tuple = (kept, stage.levels, stage.flags, self._look, ticks_us, stage.toggle_alive)
        self._tick_calls += (contacts.look, self._run)
        self._run_calls: tuple = (kept, self._out, stage.flags, self._look, stage.queued, stage.put, stage.write_dac)
        self._run_calls += (train.next, train.fall)
        self._sample_calls = stage.sense + (stage.levels, mem32, PIO_IRQ, kept, self._window, self._out, stage.queued)
        self._short = stage.short
        kept[_FAULT_N] = stage.fault_mask
        kept[_USB] = usb
        kept[_BUTTONS] = contacts.mask
        kept[_BUTTONS_SEEN] = -1
        kept[_FORWARD], kept[_REVERSE] = stage.switch_masks
        kept[_CHARGE] = kept[_VOLTAGE] = _BIAS
        kept[_WINDOW_LEFT] = _WINDOW_TICKS
        kept[_TICK_US] = limits.TICK_US
        kept[_LATE_US] = limits.LATE_US
        kept[_MISSED_US] = limits.MISSED_US
        kept[_STALL_US] = limits.STALL_US
        kept[_TREAT_MAX] = limits.SESSION_MAX_MS
        kept[_OVER_PCT] = limits.OVERCURRENT_PCT
        kept[_DEPTH] = FIFO_DEPTH
        kept[_LATCH] = faults.LATCH
        self.calibrate(probe)
        self._timer = Timer(-1)

    def calibrate(self, probe: Program) -> None:
        """Go by the calibration that the stage has now, with a probe compiled by it. Only while nothing plays."""
        stage = self._stage
        kept = self._kept
        self._probe = probe
        kept[_SENSE_PER_DAC] = stage.sense_per_dac
        kept[_SENSE_AT_ZERO] = stage.sense_at_zero + (_TRIM << 10)
        kept[_SENSE_TRIM] = _TRIM - stage.zero_codes
        na16 = stage.na16_per_code
        kept[_OPEN_CODES] = (limits.OPEN_UA * 16_000 + na16 // 2) // na16
        kept[_LIFT_CODES] = (limits.LIFT_UA * 16_000 + na16 // 2) // na16
        kept[_OVER_CODES] = (limits.OVERCURRENT_UA * 16_000 + na16 // 2) // na16
        self._charge_per_ua = limits.DC_WINDOW_MS * 1_000_000 // na16
        kept[_CHARGE_TRIP] = limits.MEAN_DC_TRIP_UA * self._charge_per_ua

    def start(self) -> None:
        """Start the loop; the output stays off."""
        self._stage.on_sample(self._sample)
        self._kept[_DUE] = ticks_add(ticks_us(), limits.TICK_US)  # type: ignore[call-overload]
        self._timer.init(mode=Timer.PERIODIC, period=1, callback=self._tick, hard=True)

    # For the foreground.

    @property
    def ticks(self) -> int:
        """Ticks served."""
        return self._kept[_TICKS]

    @property
    def late(self) -> int:
        """Ticks more than LATE_US after their time with the rail up: without it nothing depends on them."""
        return self._kept[_LATE]

    @property
    def missed(self) -> int:
        """Ticks more than MISSED_US after their time, likewise."""
        return self._kept[_MISSED]

    @property
    def worst_us(self) -> int:
        """The longest tick."""
        return self._kept[_WORST_US]

    @property
    def unseen(self) -> int:
        """Phases whose sample came too late."""
        return self._kept[_UNSEEN]

    @property
    def cut_by(self) -> int:
        """The last cut not dealt with, a number of `faults`."""
        return self._kept[_CUT_BY]

    @property
    def cut_value(self) -> int:
        """Its reading."""
        return self._kept[_CUT_VALUE]

    @property
    def running(self) -> bool:
        """Pulses play, or probes."""
        return self._kept[_RUNNING] == 1

    def faulted(self) -> bool:
        return self.cut_by >= faults.LATCH

    def power(self, on: bool) -> None:
        """Start or end the keep-alive, for the self-test."""
        kept = self._kept
        kept[_POWER_TICK] = kept[_TICKS]
        kept[_POWERED] = 1 if on and not self.faulted() else 0

    def powered_ms(self) -> int:
        """How long the keep-alive has run, 0 when it does not."""
        kept = self._kept
        return kept[_TICKS] - kept[_POWER_TICK] & _MASK if kept[_POWERED] else 0

    def new_session(self) -> None:
        """Give the next session its whole time."""
        self._kept[_TREAT_TICKS] = 0

    def probe(self) -> None:
        """Probe for contact, from now until something else is asked for. Refused while a fault is latched."""
        self.off()
        if not self.faulted():
            self._begin(self._probe, self._probe.probe_code, limits.RAMP_MIN_MS)

    def treat(self, program: Program, level: int, ramp_ms: int) -> None:
        """Play `program` at `level`, from zero over `ramp_ms`. Refused after a cut not yet dealt with, or with USB.

        A probe makes way at once; another zone goes on to where its cycle ends.
        """
        code = program.codes[level]
        # Running first: a cut that comes after this look has its reason set by the next one.
        if self.running and not self._train.program.probe:
            self._train.swap(program, code, ramp_ms)
        elif not self.cut_by and not mem32[GPIO_IN] & self._kept[_USB]:
            self.off()
            self._begin(program, code, ramp_ms)
            if self.cut_by:  # since the look above
                self.off()

    def aim(self, level: int, ramp_ms: int) -> None:
        """Move to another level of the program that plays: up over `ramp_ms`, down in RAMP_DOWN_MS."""
        self._train.aim(self._train.program.codes[level], ramp_ms)

    def settled(self) -> bool:
        """True when a ramp has ended; down to zero, also what had begun before it."""
        train = self._train
        if not train.settled():
            return False
        begun = self._kept[_CODE] if self._stage.queued() < self._kept[_AHEAD] else self._kept[_CODE_BEFORE]
        return train.goal > 0 or not begun or not self._stage.driven()

    @property
    def program(self) -> Program:
        """What plays, or played last."""
        return self._train.program

    def wanted(self) -> tuple[int, int]:
        """(DAC code, period in us) that the level asks for now, were its ramp over."""
        return self._train.wanted()

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
            self._kept[_CUT_BY] = faults.NONE
        enable_irq(state)

    def rested(self) -> bool:
        """False for the second after a long phase was cut short: its charge still counts in the running mean."""
        kept = self._kept
        return not kept[_CUT_HEAVY] or (kept[_TICKS] - kept[_CUT_TICK] & _MASK) > limits.DC_WINDOW_MS

    @micropython.native
    def take(self) -> tuple[int, int, int, int]:
        """(n, DAC code, current, voltage): samples since the last call and their sums, as codes. n may be 0."""
        kept = self._kept
        state = disable_irq()
        n = kept[_N]
        code = kept[_SUM_SET]
        current = kept[_SUM_CURRENT]
        voltage = kept[_SUM_VOLTAGE]
        kept[_N] = kept[_SUM_SET] = kept[_SUM_CURRENT] = kept[_SUM_VOLTAGE] = 0
        enable_irq(state)
        return (n, code, current, voltage)

    def mean_ua(self) -> int:
        """Mean of the current over the last second, uA."""
        return (self._kept[_CHARGE] - _BIAS) // self._charge_per_ua

    # From here on both the foreground, with interrupts off, and the interrupts themselves.

    def _begin(self, program: Program, code: int, ramp_ms: int) -> None:
        kept = self._kept
        self._train.start(program, code, ramp_ms)
        kept[_AHEAD] = FIFO_DEPTH + 1
        kept[_CODE] = kept[_WIDTH] = 0
        kept[_OVER] = 0
        kept[_BLIND] = 0
        kept[_POWER_TICK] = kept[_TICKS]
        kept[_POWERED] = 1
        kept[_RUNNING] = 1  # last: the interrupt may draw from here on

    @micropython.viper
    def _shut(self):
        kept = ptr32(self._kept)
        kept[_POWERED] = 0  # first: whatever fails below, the rail falls
        out = ptr32(self._out)
        if kept[_RUNNING] and not out[3]:
            kept[_CUT_TICK] = kept[_TICKS]
            kept[_CUT_HEAVY] = out[4]
        kept[_RUNNING] = 0
        self._short()

    @micropython.viper
    def _cut(self, reason: int, value: int):
        # The reason first: should shutting down raise, the interrupt stops for good and the foreground must know.
        kept = ptr32(self._kept)
        if kept[_CUT_BY] < kept[_LATCH]:
            kept[_CUT_BY] = reason
            kept[_CUT_VALUE] = value
        self._shut()

    # The interrupts.

    @micropython.native
    def _tick(self, timer) -> None:
        try:
            self._serve()
        except Exception as problem:
            self._raised(problem)

    @micropython.native
    def _sample(self, machine) -> None:
        try:
            self._look()
        except Exception as problem:
            self._raised(problem)

    def _raised(self, problem: Exception) -> None:
        self.raised = problem
        self._cut(faults.LOOP_RAISED, 0)

    @micropython.viper
    def _serve(self):
        """A tick."""
        its_kept, its_levels, its_flags, look, ticks_us, toggle_alive, buttons, run = self._tick_calls
        flags = ptr32(its_flags)
        kept = ptr32(its_kept)
        now = int(ticks_us())
        words = 2
        if flags[0] & 1:
            look()
            words = 1
        late = now - kept[_DUE] & _MASK
        if late >= _HALF:
            late = 0  # early
        kept[_DUE] = kept[_DUE] + kept[_TICK_US] & _MASK
        kept[_TICKS] = kept[_TICKS] + 1 & _MASK
        pins = ptr32(its_levels)[0]
        if kept[_POWERED]:
            if late > kept[_LATE_US]:
                if late > kept[_MISSED_US]:
                    kept[_MISSED] = kept[_MISSED] + 1 & _MASK
                else:
                    kept[_LATE] = kept[_LATE] + 1 & _MASK
            toggle_alive()
            if not pins & kept[_FAULT_N]:
                self._cut(faults.LATCH, 0)
            elif kept[_RUNNING]:
                if pins & kept[_USB]:
                    self._cut(faults.USB, 0)
                elif late > kept[_STALL_US]:
                    self._cut(faults.LOOP_STALLED, late)
                else:
                    if flags[0] & 1:
                        look()
                        words = 1
                    if kept[_RUNNING]:
                        kept[_WORDS] = words
                        run()
        closed = pins & kept[_BUTTONS]
        if closed != kept[_BUTTONS_SEEN] or kept[_BUTTONS_BUSY]:
            kept[_BUTTONS_SEEN] = closed
            found = int(buttons(pins, now, kept[_TICKS]))
            kept[_STOPS] = found & 1
            kept[_BUTTONS_BUSY] = found >> 1
        if flags[0] & 1:
            look()
        left = kept[_WINDOW_LEFT] - 1
        kept[_WINDOW_LEFT] = left
        if not left:
            self._slide()
        spent = int(ticks_us()) - now & _MASK
        if spent > kept[_WORST_US]:
            kept[_WORST_US] = spent

    @micropython.viper
    def _run(self):
        """The part of a tick that only matters while pulses play."""
        its_kept, its_out, its_flags, look, queued, put, write_dac, move_on, fall = self._run_calls
        kept = ptr32(its_kept)
        out = ptr32(its_out)
        flags = ptr32(its_flags)
        words = kept[_WORDS]
        if kept[_STOPS]:
            self._cut(faults.STOP, 0)
            return
        if not out[3]:
            treated = kept[_TREAT_TICKS] + 1
            kept[_TREAT_TICKS] = treated
            if treated > kept[_TREAT_MAX]:
                self._cut(faults.LIMIT, 0)
                return
        if kept[_BLIND] > _BLIND_PULSES:
            self._cut(faults.BLIND, kept[_UNSEEN])
            return
        if flags[0] & 1:
            look()
            if not kept[_RUNNING]:
                return
            words = 1
        waiting = int(queued())
        if out[5]:
            code = int(fall())
            # What has been given and has not begun takes less, too.
            if code < kept[_CODE] and kept[_WIDTH] and waiting >= kept[_AHEAD]:
                kept[_CODE] = code
                write_dac(code)
            if flags[0] & 1:
                look()
                if not kept[_RUNNING]:
                    return
                words = 1
        # Two words a tick are more than any rate needs, and bound the time of a tick; one is enough while two wait.
        if waiting >= 2:
            words = 1
        while words and waiting < kept[_DEPTH]:
            load = out[1]
            if load:
                # The DAC's input register is free once the pulse that needs what is in it has begun.
                if waiting >= kept[_AHEAD]:
                    return
                kept[_CODE_BEFORE] = kept[_CODE]
                kept[_WIDTH_BEFORE] = kept[_WIDTH]
                kept[_CODE] = load - 1
                kept[_WIDTH] = out[2]
                kept[_BLIND] = kept[_BLIND] + 1
                write_dac(load - 1)
                kept[_AHEAD] = 0
            put(out[0])
            kept[_AHEAD] = kept[_AHEAD] + 1
            if flags[0] & 1:
                look()
                if not kept[_RUNNING]:
                    return
                words = 1
            move_on()
            waiting += 1
            words -= 1

    @micropython.viper
    def _slide(self):
        """Once an eighth of a second, drop the oldest eighth from the running mean."""
        kept = ptr32(self._kept)
        window = ptr32(self._window)
        kept[_WINDOW_LEFT] = int(_WINDOW_TICKS)
        at = kept[_AT] + 1
        if at == _WINDOWS:
            at = 0
        kept[_AT] = at
        kept[_CHARGE] = kept[_CHARGE] - window[at] + _BIAS
        window[at] = _BIAS

    @micropython.viper
    def _look(self):
        """A sample, halfway through a phase."""
        # A short phase is soon over: first the current, and at once whether it was still a phase's. Then the voltage,
        # but for a current that may be a lift's: that is read once more, while there is time.
        read_current, read_rail, read_sink, its_levels, mem, pio_irq, its_kept, its_window, its_out, queued = (
            self._sample_calls
        )
        levels = ptr32(its_levels)
        current = int(read_current()) >> 4
        pins = levels[0]
        mem[pio_irq] = 1  # taken: when the tick was first, the interrupt has nothing left to do
        kept = ptr32(its_kept)
        if not kept[_RUNNING]:
            return
        current += kept[_SENSE_TRIM] - _TRIM
        least = kept[_OPEN_CODES]
        if current >= least:
            voltage = (int(read_rail()) >> 4) - (int(read_sink()) >> 4)
            if levels[0] & (kept[_FORWARD] | kept[_REVERSE]):
                kept[_VOLTAGE] = voltage + _BIAS
        if pins & kept[_FORWARD]:
            direction = 1
        elif pins & kept[_REVERSE]:
            direction = -1
        else:
            kept[_UNSEEN] = kept[_UNSEEN] + 1 & _MASK
            return
        kept[_BLIND] = 0
        if int(queued()) < kept[_AHEAD]:
            code = kept[_CODE]
            width = kept[_WIDTH]
        else:
            code = kept[_CODE_BEFORE]
            width = kept[_WIDTH_BEFORE]
        expected = (code * kept[_SENSE_PER_DAC] + kept[_SENSE_AT_ZERO] >> 10) - _TRIM
        if expected >= 4 * least:
            least = kept[_LIFT_CODES]
        if current < least and expected >= 2 * least and not ptr32(its_out)[3]:
            # Once more, before ending somebody's session.
            again = (int(read_current()) >> 4) + kept[_SENSE_TRIM] - _TRIM
            pins = levels[0]
            if again < least and pins & (kept[_FORWARD] | kept[_REVERSE]):
                # Tripped hardware looks like a lift, and is forgotten with the keep-alive that a cut ends.
                self._cut(faults.LIFT if pins & kept[_FAULT_N] else faults.LATCH, 0)
                return
        if current > expected + expected * kept[_OVER_PCT] // 100 + kept[_OVER_CODES]:
            kept[_OVER] = kept[_OVER] + 1
            if kept[_OVER] > 1:
                self._cut(faults.OVERCURRENT, current)
                return
        else:
            kept[_OVER] = 0
        charge = current * width * direction
        window = ptr32(its_window)
        window[kept[_AT]] = window[kept[_AT]] + charge
        total = kept[_CHARGE] + charge
        kept[_CHARGE] = total
        total -= _BIAS
        if total >= kept[_CHARGE_TRIP] or 0 - total >= kept[_CHARGE_TRIP]:
            self._cut(faults.MEAN_DC, self.mean_ua())
            return
        if width:
            kept[_N] = kept[_N] + 1
            kept[_SUM_SET] = kept[_SUM_SET] + code
            kept[_SUM_CURRENT] = kept[_SUM_CURRENT] + current
            kept[_SUM_VOLTAGE] = kept[_SUM_VOLTAGE] + kept[_VOLTAGE] - _BIAS
