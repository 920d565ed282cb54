"""The pulse loop: a hard 1 kHz timer that feeds the PIO, slews the amplitude, watches, and cuts.

Contract of the two interrupts, `_tick` (timer) and `_sample` (PIO, halfway through each phase): no allocation, no
float, no print, no flash; integers below 2^30; everything they call is bound beforehand; only they touch the DAC while
output is on. Whatever goes wrong inside, the output is cut first and a fault is latched. They decide only what cannot
wait for the foreground: lift, USB, stop button, hardware fault, overcurrent, charge, a late loop, the longest session.

They are short of time: a tick must be over well before a millisecond is, and a sample before its phase. What they
count is in an array that viper sees as machine words (`mpy.py`), what they call in a tuple each. Neither interrupts the
other: so the tick looks, a few times on its way, whether a sample has come due, and takes it. No phase can hide behind
a tick, whatever their rates have in common.

The account is the charge that went through the electrodes, forward less reverse, as far as it was seen to flow, and
forgotten with CHARGE_FORGET_MS. Each cycle begins against it: no sequence of cuts adds up to more than one of them. A
phase is booked up to its middle by the sample there, and its rest when another is seen; one longer than WATCHED_US is
looked at in each tick, and booked by the millisecond. A lift between two looks is booked as if halfway between.

The foreground calls `probe`, `treat`, `aim` and `off`, and polls `cut_by`. A fault stays latched until power goes.
"""

from array import array
from time import ticks_add, ticks_us

import micropython
from machine import Timer, disable_irq, enable_irq, mem32

from . import faults, limits
from .debounce import Contacts
from .mpy import const, ptr32
from .program import WIDTH_SHIFT, Program, Train
from .stage import FIFO_DEPTH, GPIO_IN, PIO_IRQ, Stage

_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)
_BIAS = const(0x20000000)  # added to what may be negative
_TRIM = const(64)  # sense codes added to what the calibration may make negative
_MS = const(250)  # a millisecond in 4 us, the unit of widths and, times a sense code, of charge
_DECIDE = const(750)  # so much of a long phase may be left when the next cycle's direction is decided
_PAIR = const(2)  # of `program`, whose names the compiler does not know here
_BETWEEN = const(4)
_TURN = const(6)
_STUCK_TICKS = const(3)  # a short phase that lasts so long is looked at as a long one: something stands still

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
_TREAT_TICKS = const(11)
_STOPS = const(12)  # MODE stops
_OVER = const(13)
_BLIND = const(14)
_BLIND_TICKS = const(15)
_DRIVEN_TICKS = const(16)  # in which a phase played, since the last sample
# The unit last given to the PIO, and the one before: a pulse, or a phase with a code of its own. DAC code, phase width
# in 4 us, PAIR and BETWEEN of `program`, and 1 when it begins in reverse. _AHEAD counts the words from the last one's
# first: it has begun when fewer than that many are queued.
_AHEAD = const(17)
_NUMBER = const(18)
_CODE = const(19)
_WIDTH = const(20)
_KIND = const(21)
_CODE_BEFORE = const(22)
_WIDTH_BEFORE = const(23)
_KIND_BEFORE = const(24)
# Samples since `take`, of phases at the set current; and what was booked: current and code x 4 us, and 4 us.
_N = const(25)
_SUM_SET = const(26)
_SUM_CURRENT = const(27)
_SUM_VOLTAGE = const(28)
_FLOWED = const(29)
_FLOWED_SET = const(30)
_FLOWED_US = const(31)
# The account, sense codes x 4 us, + _BIAS; how far lifts may have put it off.
_ACCOUNT = const(32)
_UNSURE = const(33)
# The phase that was looked at last: of which unit, with its code, width and kind; 1 in reverse; 1 when it is the second
# of its unit; how much of it is booked, and at which current; what of the unit is, + _BIAS.
_AT = const(34)
_AT_CODE = const(35)
_AT_WIDTH = const(36)
_AT_KIND = const(37)
_AT_REVERSE = const(38)
_AT_SECOND = const(39)
_BOOKED = const(40)
_CURRENT = const(41)
_NET = const(42)
# Of the board.
_SENSE_PER_DAC = const(43)
_OPEN_CODES = const(44)
_OVER_CODES = const(45)
_CHARGE_TRIP = const(46)
_CHARGE_EVEN = const(47)
_CHARGE_UC = const(48)
# Of `limits`.
_TICK_US = const(49)
_LATE_US = const(50)
_MISSED_US = const(51)
_STALL_US = const(52)
_LIFT_CODES = const(53)
_TREAT_MAX = const(54)
_OVER_PCT = const(55)
_DEPTH = const(56)
_LATCH = const(57)
_BLIND_PULSES = const(58)
_BLIND_MS = const(59)
_WATCHED = const(60)
# Of the calibration.
_SENSE_TRIM = const(61)  # what makes a sense code of a reading, + _TRIM
_SENSE_AT_ZERO = const(62)  # sense code of DAC code 0, in 1024ths, + _TRIM
# Masks of the word of all GPIO levels.
_FAULT_N = const(63)
_USB = const(64)
_BUTTONS = const(65)
_FORWARD = const(66)
_REVERSE = const(67)
_VOLTAGE = const(68)  # of the last sample that had time to read it, + _BIAS
_WORDS = const(69)  # most that this tick may give to the PIO
_BUTTONS_SEEN = const(70)  # their levels when the contacts were looked at
_BUTTONS_BUSY = const(71)  # and whether they want to be looked at in each tick
_GONE = const(72)  # no current was seen: a lift
_TOOK = const(73)  # this tick has taken a sample that had come due
_KEPT = const(74)


class Pulse:
    """The pulse loop of one stage. `usb`: mask of the GPIO that is high while USB power is present. `contacts`: the
    buttons' (`debounce.Contacts`), which the tick looks at, and of which MODE stops.

    `raised` is what an interrupt raised, when that was the cut.
    """

    def __init__(self, stage: Stage, probe: Program, usb: int, contacts: Contacts) -> None:
        self.raised: Exception | None = None
        self._kept = kept = array("i", [0] * _KEPT)
        self._stage = stage
        self._train = Train(probe)
        # Bound here for the interrupts: a method looked up there is slower, and kept there would allocate.
        self._out = self._train.out
        train = self._train
        self._tick_calls: tuple = (kept, stage.levels, stage.flags, self._look, ticks_us, stage.toggle_alive)
        self._tick_calls += (contacts.look, self._run)
        self._run_calls: tuple = (kept, self._out, stage.flags, self._look, stage.queued, stage.put, stage.write_dac)
        self._run_calls += (train.next, train.fall, stage.levels)
        self._sample_calls = stage.sense + (stage.levels, mem32, PIO_IRQ, kept, self._out, stage.queued)
        self._short = stage.short
        kept[_FAULT_N] = stage.fault_mask
        kept[_USB] = usb
        kept[_BUTTONS] = contacts.mask
        kept[_BUTTONS_SEEN] = -1
        kept[_FORWARD], kept[_REVERSE] = stage.switch_masks
        kept[_ACCOUNT] = kept[_NET] = kept[_VOLTAGE] = _BIAS
        kept[_TICK_US] = limits.TICK_US
        kept[_LATE_US] = limits.LATE_US
        kept[_MISSED_US] = limits.MISSED_US
        kept[_STALL_US] = limits.STALL_US
        kept[_TREAT_MAX] = limits.SESSION_MAX_MS
        kept[_OVER_PCT] = limits.OVERCURRENT_PCT
        kept[_DEPTH] = FIFO_DEPTH
        kept[_LATCH] = faults.LATCH
        kept[_BLIND_PULSES] = limits.BLIND_PULSES
        kept[_BLIND_MS] = limits.BLIND_MS
        kept[_WATCHED] = limits.WATCHED_US >> WIDTH_SHIFT
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
        kept[_CHARGE_UC] = 4_000_000_000 // na16
        kept[_CHARGE_TRIP] = limits.CHARGE_TRIP_NC * kept[_CHARGE_UC] // 1000
        kept[_CHARGE_EVEN] = limits.CHARGE_EVEN_NC * kept[_CHARGE_UC] // 1000

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

    def testing(self, on: bool) -> None:
        """Whether the self-test makes the latch trip, and looks at it itself."""
        self._kept[_FAULT_N] = -1 if on else self._stage.fault_mask

    def powered_ms(self) -> int:
        """How long the keep-alive has run, 0 when it does not, or while the latch is made to trip."""
        kept = self._kept
        return kept[_TICKS] - kept[_POWER_TICK] & _MASK if kept[_POWERED] and kept[_FAULT_N] > 0 else 0

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

    def ready(self, program: Program) -> bool:
        """True when `program` may begin, and be cut at any moment: what lifts have left unsure is little enough."""
        kept = self._kept
        return kept[_UNSURE] * 1000 // kept[_CHARGE_UC] <= program.unsure_nc

    @micropython.native
    def take(self) -> tuple[int, int, int, int, int, int, int]:
        """(n, DAC code, current, voltage; current x 4 us, DAC code x 4 us, 4 us): since the last call, as codes.

        First how many phases were sampled, n may be 0, and sums over these. Then sums over all that flowed.
        """
        kept = self._kept
        state = disable_irq()
        n = kept[_N]
        code = kept[_SUM_SET]
        current = kept[_SUM_CURRENT]
        voltage = kept[_SUM_VOLTAGE]
        flowed = kept[_FLOWED]
        flowed_set = kept[_FLOWED_SET]
        flowed_us = kept[_FLOWED_US]
        kept[_N] = kept[_SUM_SET] = kept[_SUM_CURRENT] = kept[_SUM_VOLTAGE] = 0
        kept[_FLOWED] = kept[_FLOWED_SET] = kept[_FLOWED_US] = 0
        enable_irq(state)
        return (n, code, current, voltage, flowed, flowed_set, flowed_us)

    def charge_nc(self) -> int:
        """The account, nC: what went forward less what went back."""
        return (self._kept[_ACCOUNT] - _BIAS) * 1000 // self._kept[_CHARGE_UC]

    # From here on both the foreground, with interrupts off, and the interrupts themselves.

    def _begin(self, program: Program, code: int, ramp_ms: int) -> None:
        kept = self._kept
        self._train.start(program, code, ramp_ms)
        kept[_AHEAD] = FIFO_DEPTH + 1
        kept[_CODE] = kept[_WIDTH] = kept[_KIND] = 0
        kept[_OVER] = kept[_BLIND] = kept[_BLIND_TICKS] = kept[_DRIVEN_TICKS] = 0
        self._forget()
        kept[_POWER_TICK] = kept[_TICKS]
        kept[_POWERED] = 1
        kept[_RUNNING] = 1  # last: the interrupt may draw from here on

    @micropython.viper
    def _forget(self):
        """Nothing has been looked at of what plays next."""
        kept = ptr32(self._kept)
        kept[_AT] = kept[_NUMBER]
        kept[_AT_WIDTH] = kept[_AT_KIND] = kept[_AT_SECOND] = kept[_BOOKED] = kept[_CURRENT] = 0
        kept[_NET] = _BIAS

    @micropython.viper
    def _shut(self):
        kept = ptr32(self._kept)
        kept[_POWERED] = 0  # first: whatever fails below, the rail falls
        running = kept[_RUNNING]
        kept[_RUNNING] = 0
        if running:
            pins = ptr32(self._stage.levels)[0]
            waiting = int(self._stage.queued())
            self._short()
            self._close(pins, waiting)
        else:
            self._short()

    @micropython.viper
    def _close(self, pins: int, waiting: int):
        """Book what was cut short: of the phase looked at last, what is left, and of the one that plays, its begin."""
        kept = ptr32(self._kept)
        number = kept[_NUMBER]
        width = kept[_WIDTH]
        kind = kept[_KIND]
        if waiting >= kept[_AHEAD]:
            number = number - 1 & _MASK
            width = kept[_WIDTH_BEFORE]
            kind = kept[_KIND_BEFORE]
        last = kept[_CURRENT]
        left = last * (kept[_AT_WIDTH] - kept[_BOOKED])
        begun = 0
        reverse = kept[_AT_REVERSE]
        if pins & (kept[_FORWARD] | kept[_REVERSE]):
            reverse = 1 if pins & kept[_REVERSE] else 0
            begun = width >> 1
            if number == kept[_AT] and not (kind & _PAIR and reverse != kept[_AT_REVERSE]):
                begun = width - kept[_BOOKED]  # the phase looked at last
                left = 0
            if begun > _MS:
                begun = _MS
            if begun < 0:
                begun = 0
        # Of a phase that plays nobody knows how much has passed since the last look, nor, after a lift, whether what
        # was to come before it did.
        begun *= last
        if kept[_GONE]:
            left >>= 1
            kept[_UNSURE] = kept[_UNSURE] + left
        begun >>= 1
        kept[_UNSURE] = kept[_UNSURE] + begun
        kept[_GONE] = 0
        charge = 0 - left if kept[_AT_REVERSE] else left
        charge += 0 - begun if reverse else begun
        kept[_ACCOUNT] = kept[_ACCOUNT] + charge
        if not kept[_AT_KIND] & _BETWEEN and last:
            kept[_FLOWED] = kept[_FLOWED] + left + begun
            us = (left + begun) // last
            kept[_FLOWED_US] = kept[_FLOWED_US] + us
            kept[_FLOWED_SET] = kept[_FLOWED_SET] + us * kept[_AT_CODE]
        self._forget()

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
            self._look(0)
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
            look(0)
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
                        look(0)
                        words = 1
                    if kept[_RUNNING]:
                        kept[_WORDS] = words
                        run()
        closed = pins & kept[_BUTTONS]
        if flags[0] & 1:
            look(0)
        # A tick that has taken a sample has done enough: the pins latch what happens until the next.
        if (closed != kept[_BUTTONS_SEEN] or kept[_BUTTONS_BUSY]) and not kept[_TOOK]:
            kept[_BUTTONS_SEEN] = closed
            found = int(buttons(pins, now, kept[_TICKS]))
            kept[_STOPS] = found & 1
            kept[_BUTTONS_BUSY] = found >> 1
        kept[_TOOK] = 0
        if not kept[_TICKS] & 7:
            # A part in 850 each 8 ms.
            passed = kept[_ACCOUNT] - _BIAS
            kept[_ACCOUNT] = kept[_ACCOUNT] - ((passed >> 10) + (passed >> 13) + (passed >> 14) + (passed >> 16))
            passed = kept[_UNSURE]
            kept[_UNSURE] = passed - ((passed >> 10) + (passed >> 13) + (passed >> 14) + (passed >> 16))
        spent = int(ticks_us()) - now & _MASK
        if spent > kept[_WORST_US]:
            kept[_WORST_US] = spent

    @micropython.viper
    def _run(self):
        """The part of a tick that only matters while pulses play."""
        its_kept, its_out, its_flags, look, queued, put, write_dac, move_on, fall, its_levels = self._run_calls
        kept = ptr32(its_kept)
        out = ptr32(its_out)
        flags = ptr32(its_flags)
        levels = ptr32(its_levels)
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
        blind = kept[_BLIND_TICKS] + 1
        kept[_BLIND_TICKS] = blind
        if blind > kept[_BLIND_MS] or kept[_BLIND] > kept[_BLIND_PULSES]:
            self._cut(faults.BLIND, kept[_UNSEEN])
            return
        if flags[0] & 1:
            look(0)
            if not kept[_RUNNING]:
                return
            words = 1
        waiting = int(queued())
        if levels[0] & (kept[_FORWARD] | kept[_REVERSE]):
            driven = kept[_DRIVEN_TICKS] + 1
            kept[_DRIVEN_TICKS] = driven
            width = kept[_WIDTH] if waiting < kept[_AHEAD] else kept[_WIDTH_BEFORE]
            if width > kept[_WATCHED] or driven > _STUCK_TICKS:
                look(1)
                if not kept[_RUNNING]:
                    return
        if out[5]:
            code = int(fall())
            # What has been given and has not begun takes less, too.
            if code < kept[_CODE] and not kept[_KIND] & _BETWEEN and waiting >= kept[_AHEAD]:
                kept[_CODE] = code
                write_dac(code)
            if flags[0] & 1:
                look(0)
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
                if waiting >= kept[_AHEAD] or out[6] and not int(self._turn()):
                    return
                if flags[0] & 1:
                    look(0)
                    if not kept[_RUNNING]:
                        return
                    words = 1
                kept[_CODE_BEFORE] = kept[_CODE]
                kept[_WIDTH_BEFORE] = kept[_WIDTH]
                kept[_KIND_BEFORE] = kept[_KIND]
                kept[_NUMBER] = kept[_NUMBER] + 1 & _MASK
                kept[_CODE] = load - 1
                kept[_WIDTH] = out[2]
                kept[_KIND] = out[4] | out[0] >> 2 & 1
                kept[_BLIND] = kept[_BLIND] + 1
                write_dac(load - 1)
                kept[_AHEAD] = 0
            put(out[0])
            kept[_AHEAD] = kept[_AHEAD] + 1
            if flags[0] & 1:
                look(0)
                if not kept[_RUNNING]:
                    return
                words = 1
            move_on()
            waiting += 1
            words -= 1

    @micropython.viper
    def _turn(self) -> int:
        """Let the next word's cycle begin against the account as it will be then; 0: it is too early to tell."""
        kept = ptr32(self._kept)
        out = ptr32(self._out)
        kind = kept[_KIND]
        width = kept[_WIDTH]
        seen = kept[_AT] == kept[_NUMBER]
        if width > kept[_WATCHED] and not kind & _PAIR:
            # Meanwhile too much would be forgotten.
            if ptr32(self._stage.levels)[0] & (kept[_FORWARD] | kept[_REVERSE]):
                if not seen or kept[_AT_WIDTH] - kept[_BOOKED] > _DECIDE:
                    return 0
        # What is not booked of the unit that plays, and of the one before.
        account = kept[_ACCOUNT] - kept[_NET]
        last = kept[_CURRENT]
        if not kept[_AT_KIND] & _PAIR:
            charge = last * kept[_AT_WIDTH]
            account += 0 - charge if kept[_AT_REVERSE] else charge
        if not seen and not kind & _PAIR:
            charge = last * width
            account += 0 - charge if kind & 1 else charge
        turn = out[7]
        if account > kept[_CHARGE_EVEN]:
            turn = _TURN
        elif 0 - account > kept[_CHARGE_EVEN]:
            turn = 0
        if turn != out[7]:
            out[7] = turn
            out[0] = out[0] ^ _TURN
        return 1

    @micropython.viper
    def _look(self, within: int):
        """A sample: halfway through a phase, or within a long one."""
        # A short phase is soon over: first the current, and at once whether it was still a phase's. Then the voltage,
        # but for a current that may be a lift's: that is read once more, while there is time.
        read_current, read_rail, read_sink, its_levels, mem, pio_irq, its_kept, its_out, queued = self._sample_calls
        levels = ptr32(its_levels)
        current = int(read_current()) >> 4
        pins = levels[0]
        kept = ptr32(its_kept)
        if not within:
            kept[_TOOK] = 1
            mem[pio_irq] = 1  # taken: when the tick was first, the interrupt has nothing left to do
        if not kept[_RUNNING]:
            return
        current += kept[_SENSE_TRIM] - _TRIM
        least = kept[_OPEN_CODES]
        if current >= least and not within:
            voltage = (int(read_rail()) >> 4) - (int(read_sink()) >> 4)
            if levels[0] & (kept[_FORWARD] | kept[_REVERSE]):
                kept[_VOLTAGE] = voltage + _BIAS
        number = kept[_NUMBER]
        if int(queued()) < kept[_AHEAD]:
            code = kept[_CODE]
            width = kept[_WIDTH]
            kind = kept[_KIND]
        else:
            number = number - 1 & _MASK
            code = kept[_CODE_BEFORE]
            width = kept[_WIDTH_BEFORE]
            kind = kept[_KIND_BEFORE]
        reverse = kind & 1
        second = 0
        part = width >> 1
        last = kept[_CURRENT]
        if pins & (kept[_FORWARD] | kept[_REVERSE]):
            if kind & _PAIR and (1 if pins & kept[_REVERSE] else 0) != reverse:
                second = 1
            reverse = 1 if pins & kept[_REVERSE] else 0
            kept[_BLIND] = kept[_BLIND_TICKS] = 0
            expected = (code * kept[_SENSE_PER_DAC] + kept[_SENSE_AT_ZERO] >> 10) - _TRIM
            if expected >= 4 * least:
                least = kept[_LIFT_CODES]
            if current < least and expected >= 2 * least and not ptr32(its_out)[3]:
                # Once more, before ending somebody's session.
                again = (int(read_current()) >> 4) + kept[_SENSE_TRIM] - _TRIM
                pins = levels[0]
                if again < least and pins & (kept[_FORWARD] | kept[_REVERSE]):
                    # Tripped hardware looks like a lift, and is forgotten with the keep-alive that a cut ends.
                    kept[_GONE] = 1
                    self._cut(faults.LIFT if pins & kept[_FAULT_N] else faults.LATCH, 0)
                    return
            if current > expected + expected * kept[_OVER_PCT] // 100 + kept[_OVER_CODES]:
                kept[_OVER] = kept[_OVER] + 1
                if kept[_OVER] > 1:
                    self._cut(faults.OVERCURRENT, current)
                    return
            else:
                kept[_OVER] = 0
            if current < 0:
                current = 0
            if within:
                part = kept[_BOOKED] + _MS
            else:
                kept[_DRIVEN_TICKS] = 0
                if not kind & _BETWEEN:
                    kept[_N] = kept[_N] + 1
                    kept[_SUM_SET] = kept[_SUM_SET] + code
                    kept[_SUM_CURRENT] = kept[_SUM_CURRENT] + current
                    kept[_SUM_VOLTAGE] = kept[_SUM_VOLTAGE] + kept[_VOLTAGE] - _BIAS
        else:
            if within:
                return
            kept[_UNSEEN] = kept[_UNSEEN] + 1 & _MASK
            if kind & _PAIR:
                return  # which of the two it was, the next look shows
            current = last
            part = width
        charge = 0
        if number != kept[_AT] or second != kept[_AT_SECOND]:
            # Another phase. What is left of the one before has flowed, and so has what nobody saw in between.
            left = kept[_AT_WIDTH] - kept[_BOOKED]
            net = left if not kept[_AT_REVERSE] else 0 - left
            if number != kept[_AT]:
                if kept[_AT_KIND] & _PAIR and not kept[_AT_SECOND]:
                    net -= 0 - kept[_AT_WIDTH] if kept[_AT_REVERSE] else kept[_AT_WIDTH]
                    left += kept[_AT_WIDTH]
                if second:
                    net += width if reverse else 0 - width
                    left += width
            charge = last * net
            if not kept[_AT_KIND] & _BETWEEN:
                kept[_FLOWED] = kept[_FLOWED] + last * left
                kept[_FLOWED_US] = kept[_FLOWED_US] + left
                kept[_FLOWED_SET] = kept[_FLOWED_SET] + kept[_AT_CODE] * left
            if number != kept[_AT]:
                kept[_NET] = _BIAS
                if second:
                    kept[_NET] = _BIAS + last * width if reverse else _BIAS - last * width
            else:
                kept[_NET] = kept[_NET] + charge
            kept[_AT] = number
            kept[_AT_CODE] = code
            kept[_AT_WIDTH] = width
            kept[_AT_KIND] = kind
            kept[_AT_SECOND] = second
            kept[_BOOKED] = 0
            if within:
                part = _MS >> 1
        elif within and part == (width >> 1) + _MS:
            part -= _MS >> 1
        kept[_AT_REVERSE] = reverse
        kept[_CURRENT] = current
        part -= kept[_BOOKED]
        kept[_BOOKED] = kept[_BOOKED] + part
        flowed = current * part
        if not kind & _BETWEEN:
            kept[_FLOWED] = kept[_FLOWED] + flowed
            kept[_FLOWED_US] = kept[_FLOWED_US] + part
            kept[_FLOWED_SET] = kept[_FLOWED_SET] + code * part
        if reverse:
            flowed = 0 - flowed
        kept[_NET] = kept[_NET] + flowed
        account = kept[_ACCOUNT] + charge + flowed
        kept[_ACCOUNT] = account
        account -= _BIAS
        if account < 0:
            account = 0 - account
        if account >= kept[_CHARGE_TRIP]:
            self._cut(faults.CHARGE, account // kept[_CHARGE_UC])
