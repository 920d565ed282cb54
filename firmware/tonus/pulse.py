"""The pulse loop: a hard 1 kHz timer that feeds the PIO, slews the amplitude, watches, and cuts.

Contract of the two interrupts, `_tick` (timer) and `_sample` (PIO, halfway through each phase): no allocation, no
float, no print, no flash; integers below 2^30; everything they call is bound beforehand; only they touch the DAC while
output is on. Whatever goes wrong inside, the output is cut first and a fault is latched.

What they see they put into `guard.py`'s fields; `guard.py` says whether the output must end, and keeps the account of
charge. Here is what needs hardware or its order: timer, FIFO, DAC, keep-alive, which unit a reading belongs to, and the
shutting.

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

from . import faults, guard, limits
from .debounce import Contacts
from .mpy import const, ptr32
from .program import Program, Train
from .stage import FIFO_DEPTH, GPIO_IN, PIO_IRQ, Stage

_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)
_STUCK_TICKS = const(3)  # a short phase that lasts so long is looked at as a long one: something stands still

# Names of other modules, which the compiler does not know here. The fields of `guard.py`:
_RUNNING = const(0)
_POWERED = const(1)
_PROBING = const(2)
_PINS = const(3)
_WITHIN = const(4)
_RAW = const(5)
_AGAIN = const(6)
_PINS_AGAIN = const(7)
_UNIT = const(8)
_NEWEST = const(9)
_BEFORE = const(13)
_NUMBER = const(0)
_CODE = const(1)
_WIDTH = const(2)
_KIND = const(3)
_VALUE = const(17)
_DRIVEN = const(30)
_LATE_BY = const(34)
_STOPS = const(35)
_TICKS = const(36)
_UNSAMPLED = const(40)
_N = const(44)
_SUM_VOLTAGE = const(47)
_VOLTAGE = const(51)
_OPEN_RAW = const(58)
_LIFT_RAW = const(59)
_WATCHED = const(70)
_TICK_US = const(71)
_GIVEN_US = const(73)
_LONGEST_US = const(74)
_BIAS = const(0x20000000)
_EARLY = const(0)
_BACK = const(2)
_EITHER = const(3)
# Of `program.py`: what `Train.out` holds, and what a unit is.
_OUT_WORD = const(0)
_OUT_LOAD = const(1)
_OUT_WIDTH = const(2)
_OUT_KIND = const(3)
_OUT_FALLING = const(4)
_OUT_FIRST = const(5)
_OUT_TURN = const(6)
_BETWEEN = const(4)
_TURN = const(6)

# The fields of this module, behind those of `guard.py`.
_DUE = const(78)  # when the next tick should come, ticks_us
_WORST_US = const(79)  # the longest tick
_POWER_TICK = const(80)  # TICKS when the keep-alive began
_CUT_BY = const(81)  # the last cut not dealt with, a number of `faults`
_CUT_VALUE = const(82)  # its reading
_AHEAD = const(83)  # words given from the newest unit's first on: it has begun when fewer than that many are queued
_DRIVEN_TICKS = const(84)  # in which a phase played, since the last sample
_BUTTONS = const(85)  # mask of their GPIOs
_BUTTONS_SEEN = const(86)  # their levels when the contacts were looked at
_BUTTONS_BUSY = const(87)  # 1: they want to be looked at in each tick
_TOOK = const(88)  # 1: this tick has taken a sample that had come due, or has cut
_DEPTH = const(89)  # words that the FIFO holds
_LATCH = const(90)  # the first number of a fault
_PUT_OFF = const(91)  # 1: the last tick's look at the buttons was
_OWN = const(14)  # so many


class Pulse:
    """The pulse loop of one stage. `usb`: mask of the GPIO that is high while USB power is present. `contacts`: the
    buttons' (`debounce.Contacts`), which the tick looks at, and of which MODE stops.

    `raised` is what an interrupt raised, when that was the cut.
    """

    def __init__(self, stage: Stage, probe: Program, usb: int, contacts: Contacts) -> None:
        self.raised: Exception | None = None
        self._kept = kept = guard.kept(_OWN)
        self._taken = array("i", [0] * 7)
        self._stage = stage
        self._train = train = Train(probe)
        # Bound here for the interrupts: a method looked up there is slower, and kept there would allocate.
        self._tick_calls: tuple = (kept, stage.levels, stage.flags, train.out, self._look, ticks_us)
        self._tick_calls += (stage.toggle_alive, guard.tick, stage.queued, stage.put, stage.write_dac)
        self._tick_calls += (train.next, train.fall, guard.turn, contacts.look)
        self._sample_calls = stage.sense + (stage.levels, mem32, PIO_IRQ, kept, stage.queued, guard.sample)
        self._shut_calls = (kept, stage.levels, stage.queued, stage.short, guard.close)
        kept[guard.FAULT_N] = stage.fault_mask
        kept[guard.USB] = usb
        forward, kept[guard.REVERSE] = stage.switch_masks
        kept[_DRIVEN] = forward | kept[guard.REVERSE]
        kept[_BUTTONS] = contacts.mask
        kept[_BUTTONS_SEEN] = -1
        kept[guard.ROOM] = FIFO_DEPTH + 1
        kept[_DEPTH] = FIFO_DEPTH
        kept[_LATCH] = faults.LATCH
        self.calibrate(probe)
        self._timer = Timer(-1)

    def calibrate(self, probe: Program) -> None:
        """Go by the calibration that the stage has now, with a probe compiled by it. Only while nothing plays."""
        stage = self._stage
        self._probe = probe
        guard.calibrate(self._kept, stage.na16_per_code, stage.sense_per_dac, stage.sense_at_zero, stage.zero_codes)

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
        return self._kept[guard.LATE]

    @property
    def missed(self) -> int:
        """Ticks more than MISSED_US after their time, likewise."""
        return self._kept[guard.MISSED]

    @property
    def worst_us(self) -> int:
        """The longest tick."""
        return self._kept[_WORST_US]

    @property
    def unseen(self) -> int:
        """Phases whose sample came too late."""
        return self._kept[guard.UNSEEN]

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
        if not on:
            self._stage.alive(0)  # low, it holds for half as long

    def testing(self, on: bool) -> None:
        """Whether the self-test makes the latch trip, and looks at it itself."""
        self._kept[guard.FAULT_N] = -1 if on else self._stage.fault_mask

    def powered_ms(self) -> int:
        """How long the keep-alive has run, 0 when it does not, or while the latch is made to trip."""
        kept = self._kept
        return kept[_TICKS] - kept[_POWER_TICK] & _MASK if kept[_POWERED] and kept[guard.FAULT_N] > 0 else 0

    def new_session(self) -> None:
        """Give the next session its whole time."""
        self._kept[guard.TREATED] = 0

    def probe(self) -> None:
        """Probe for contact, from now until something else is asked for. Refused while a fault is latched."""
        self.off()
        if not self.faulted():
            self._begin(self._probe, self._probe.probe_code, limits.RAMP_MIN_MS)

    def treat(self, program: Program, level: int, ramp_ms: int) -> None:
        """Play `program` at `level`, from zero over `ramp_ms`. Refused after a cut not yet dealt with, or with USB.

        A probe ends at once; a zone that plays is played on to the end of its cycle, and then `program`.
        """
        code = program.codes[level]
        # Running first: a cut that comes after this look has its reason set by the next one.
        if self.running and not self._train.program.probe:
            self._kept[guard.MOST] = max(self._kept[guard.MOST], code)
            self._train.swap(program, code, ramp_ms)
        elif not self.cut_by and not mem32[GPIO_IN] & self._kept[guard.USB]:
            self.off()
            self._begin(program, code, ramp_ms)
            if self.cut_by:  # since the look above
                self.off()

    def aim(self, level: int, ramp_ms: int) -> None:
        """Move to another level of the program that plays: up over `ramp_ms`, down in RAMP_DOWN_MS."""
        train = self._train
        program = None
        while program is not train.program:  # once more when the interrupt has taken another one meanwhile
            program = train.program
            code, coming = program.codes[level], train.coming.codes[level]
            self._kept[guard.MOST] = max(self._kept[guard.MOST], code, coming)
            train.aim(code, ramp_ms, coming)

    def settled(self) -> bool:
        """True when a ramp has ended; down to zero, also what had begun before it."""
        train = self._train
        if not train.settled():
            return False
        kept = self._kept
        unit = _NEWEST if self._stage.queued() < kept[_AHEAD] else _BEFORE
        begun = kept[unit + _CODE]
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
        return guard.unsure_nc(self._kept) <= program.unsure_nc

    @micropython.native
    def take(self) -> tuple[int, int, int, int, int, int, int]:
        """(n, DAC code, current, voltage; current x 4 us, DAC code x 4 us, 4 us): since the last call, as codes.

        First how many phases were sampled, n may be 0, and sums over these. Then sums over all that flowed.
        """
        self._move()
        n, code, current, voltage, flowed, flowed_set, flowed_us = self._taken
        return (n, code, current, voltage - _BIAS, flowed, flowed_set, flowed_us)

    @micropython.viper
    def _move(self):
        """Take the sums, while no interrupt adds to them: in no time, or a sample would come after its phase."""
        kept = ptr32(self._kept)
        taken = ptr32(self._taken)
        state = disable_irq()
        i = 0
        while i < 7:  # from there on, to FLOWED_US
            taken[i] = kept[_N + i]
            kept[_N + i] = 0
            i += 1
        kept[_SUM_VOLTAGE] = _BIAS
        enable_irq(state)

    def charge_nc(self) -> int:
        """The account, nC: what went forward less what went back."""
        return guard.charge_nc(self._kept)

    # From here on both the foreground, with interrupts off, and the interrupts themselves.

    def _begin(self, program: Program, code: int, ramp_ms: int) -> None:
        kept = self._kept
        self._train.start(program, code, ramp_ms)
        kept[_AHEAD] = FIFO_DEPTH + 1
        kept[_DRIVEN_TICKS] = 0
        guard.begin(kept)
        kept[guard.MOST] = max(code, program.probe_code)
        kept[guard.RAMPED] = 0
        kept[_PROBING] = 1 if program.probe else 0
        kept[_POWER_TICK] = kept[_TICKS]
        kept[_POWERED] = 1
        kept[_RUNNING] = 1  # last: the interrupt may draw from here on

    @micropython.viper
    def _shut(self):
        its_kept, its_levels, queued, short, close = self._shut_calls
        kept = ptr32(its_kept)
        kept[_POWERED] = 0  # first: whatever fails below, the rail falls
        running = kept[_RUNNING]
        kept[_RUNNING] = 0
        if running:
            levels = ptr32(its_levels)
            kept[_PINS] = levels[0]
            kept[_UNIT] = _NEWEST if int(queued()) < kept[_AHEAD] else _BEFORE
            short()
            close(its_kept)
        else:
            short()

    @micropython.viper
    def _cut(self, reason: int, value: int):
        # The reason first: should shutting down raise, the interrupt stops for good and the foreground must know.
        kept = ptr32(self._kept)
        if kept[_CUT_BY] < kept[_LATCH]:
            kept[_CUT_BY] = reason
            kept[_CUT_VALUE] = value
        kept[_TOOK] = 1
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
        (
            its_kept,
            its_levels,
            its_flags,
            its_out,
            look,
            ticks_us,
            toggle_alive,
            judge,
            queued,
            put,
            write_dac,
            move_on,
            fall,
            turn,
            buttons,
        ) = self._tick_calls
        flags = ptr32(its_flags)
        kept = ptr32(its_kept)
        levels = ptr32(its_levels)
        now = int(ticks_us())
        # Two words a tick are more than any rate needs, and bound the time of a tick; one is enough after a sample.
        words = 2
        if flags[0] & 1:
            look(0)
            words = 1
        late = now - kept[_DUE] & _MASK
        if late >= _HALF:
            late = 0  # early
        kept[_DUE] = kept[_DUE] + kept[_TICK_US] & _MASK
        kept[_TICKS] = kept[_TICKS] + 1 & _MASK
        kept[_LATE_BY] = late
        pins = levels[0]
        if kept[_POWERED]:
            toggle_alive()
        if flags[0] & 1:
            look(0)
            words = 1
        kept[_PINS] = pins
        cut = int(judge(its_kept))
        if cut:
            self._cut(cut, kept[_VALUE])
        elif kept[_RUNNING]:
            out = ptr32(its_out)
            if flags[0] & 1:
                look(0)
                words = 1
            waiting = int(queued())
            if levels[0] & kept[_DRIVEN]:
                ticks = kept[_DRIVEN_TICKS] + 1
                kept[_DRIVEN_TICKS] = ticks
                width = kept[_NEWEST + _WIDTH] if waiting < kept[_AHEAD] else kept[_BEFORE + _WIDTH]
                if kept[_RUNNING] and (width > kept[_WATCHED] or ticks > _STUCK_TICKS):
                    look(1)
            if out[_OUT_FALLING] and kept[_RUNNING]:
                code = int(fall())
                # What has been given and has not begun takes less, too.
                if code < kept[_NEWEST + _CODE] and not kept[_NEWEST + _KIND] & _BETWEEN and waiting >= kept[_AHEAD]:
                    kept[_NEWEST + _CODE] = code
                    write_dac(code)
                if flags[0] & 1:
                    look(0)
                    words = 1
            if waiting >= 2:
                words = 1
            while words and waiting < kept[_DEPTH] and kept[_RUNNING]:
                load = out[_OUT_LOAD]
                if load:
                    # The DAC's input register is free once the unit that needs what is in it has begun.
                    if waiting >= kept[_AHEAD]:
                        break
                    if out[_OUT_FIRST]:
                        kept[_PINS] = levels[0]
                        way = int(turn(its_kept))
                        if way == _EARLY:
                            break
                        if way != _EITHER:
                            turned = _TURN if way == _BACK else 0
                            if turned != out[_OUT_TURN]:
                                out[_OUT_TURN] = turned
                                out[_OUT_WORD] = out[_OUT_WORD] ^ _TURN
                    if flags[0] & 1:
                        look(0)
                        if not kept[_RUNNING]:
                            break
                        words = 1
                    number = kept[_NEWEST + _NUMBER]
                    kept[_BEFORE + _NUMBER] = number
                    kept[_BEFORE + _CODE] = kept[_NEWEST + _CODE]
                    kept[_BEFORE + _WIDTH] = kept[_NEWEST + _WIDTH]
                    kept[_BEFORE + _KIND] = kept[_NEWEST + _KIND]
                    kept[_NEWEST + _NUMBER] = number + 1 & _MASK
                    kept[_NEWEST + _CODE] = load - 1
                    kept[_NEWEST + _WIDTH] = out[_OUT_WIDTH]
                    kept[_NEWEST + _KIND] = out[_OUT_KIND] | out[_OUT_WORD] >> 2 & 1
                    kept[_UNSAMPLED] = kept[_UNSAMPLED] + 1
                    write_dac(load - 1)
                    kept[_AHEAD] = 0
                word = out[_OUT_WORD]
                put(word)
                us = word >> 4 if word & 1 else word >> 5  # or a few more
                kept[_GIVEN_US] = kept[_GIVEN_US] + us
                if us > kept[_LONGEST_US]:
                    kept[_LONGEST_US] = us
                kept[_AHEAD] = kept[_AHEAD] + 1
                if flags[0] & 1:
                    look(0)
                    if not kept[_RUNNING]:
                        break
                    words = 1
                move_on()
                waiting += 1
                words -= 1
                if flags[0] & 1:
                    look(0)
                    words = 0  # a tick that has taken a sample after a word has done enough
        closed = pins & kept[_BUTTONS]
        if flags[0] & 1:
            look(0)
        if closed != kept[_BUTTONS_SEEN] or kept[_BUTTONS_BUSY]:
            # A tick that has taken a sample, or cut, has done enough: the pins latch what happens until the next, which
            # looks whatever it has taken. A PIO that runs wild has a sample for each.
            if kept[_TOOK] and not kept[_PUT_OFF]:
                kept[_PUT_OFF] = 1
            else:
                kept[_PUT_OFF] = 0
                kept[_BUTTONS_SEEN] = closed
                found = int(buttons(pins, now, kept[_TICKS]))
                kept[_STOPS] = found & 1
                kept[_BUTTONS_BUSY] = found >> 1
        kept[_TOOK] = 0
        spent = int(ticks_us()) - now & _MASK
        if spent > kept[_WORST_US]:
            kept[_WORST_US] = spent

    @micropython.viper
    def _look(self, within: int):
        """A sample: halfway through a phase, or within a long one."""
        # A short phase is soon over: first the current, and at once whether it was still a phase's. One that may be a
        # lift's is read once more while there is time. Then the voltage.
        read_current, read_rail, read_sink, its_levels, mem, pio_irq, its_kept, queued, judge = self._sample_calls
        levels = ptr32(its_levels)
        raw = int(read_current()) >> 4
        pins = levels[0]
        kept = ptr32(its_kept)
        if not within:
            kept[_TOOK] = 1
            kept[_DRIVEN_TICKS] = 0
            mem[pio_irq] = 1  # taken: when the tick was first, the interrupt has nothing left to do
        if not kept[_RUNNING]:
            return
        if raw < kept[_LIFT_RAW] and not kept[_PROBING]:
            kept[_AGAIN] = int(read_current()) >> 4
            kept[_PINS_AGAIN] = levels[0]
        if raw >= kept[_OPEN_RAW] and not within:
            voltage = (int(read_rail()) >> 4) - (int(read_sink()) >> 4)
            if levels[0] & kept[_DRIVEN]:
                kept[_VOLTAGE] = voltage + _BIAS
        kept[_PINS] = pins
        kept[_RAW] = raw
        kept[_WITHIN] = within
        kept[_UNIT] = _NEWEST if int(queued()) < kept[_AHEAD] else _BEFORE
        cut = int(judge(its_kept))
        if cut:
            self._cut(cut, kept[_VALUE])
