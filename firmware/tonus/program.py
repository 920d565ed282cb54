"""From a waveform and a level to PIO words and DAC codes. Integers only, no hardware.

`Program` is one zone's waveform compiled for a board. `Train` is the pulse train the interrupt draws from, a word at a
time: it allocates nothing, keeps every number below 2^30, and is plain Python, so the unit tests pull the very words
that the device plays. Charge balance holds by construction: amplitude changes only where a cycle begins, and `compile`
checks that what one cycle drives forward it drives back.
"""

from array import array
from math import cos, pi

from . import limits
from .mpy import const, micropython, ptr16, ptr32
from .preset import Waveform, room_nc

# A word of the PIO program (`phases.py`) is one stretch of time: bit 0 sampled, bits 1..3 pins, bits 4..29 a count.
EL_A = const(1)
EL_B = const(2)
LDAC = const(4)  # active low: a word without it lets the DAC's output follow its input register
OFF = LDAC  # electrodes shorted, DAC latched
PIO_HZ = 2_000_000
DEAD_US = const(2)  # before every word the electrodes are shorted: set with one delay, pull, out

ENVELOPE_STEPS = const(256)
SHIFT = const(10)  # amplitudes are DAC codes with this many binary places; times an envelope's 256 they stay below 2^30


def drive_word(forward: bool, us: int) -> int:
    """Drive the electrodes for `us` (>= 4), sampled halfway, DAC latched."""
    # Sampled words count twice, once before the interrupt and once after, each cycle half a microsecond.
    return (us - 4) << 4 | (LDAC | (EL_A if forward else EL_B)) << 1 | 1


def gap_word(us: int) -> int:
    """Electrodes shorted for `us` (>= 2), DAC latched: both phases of a pulse carry the same current."""
    return (2 * us - 4) << 4 | LDAC << 1


def rest_word(us: int) -> int:
    """Electrodes shorted for `us` (>= 2), LDAC low: the DAC takes its next value."""
    return (2 * us - 4) << 4


def decode(word: int) -> tuple[int, int, bool]:
    """(direction +1, -1 or 0, microseconds, LDAC high) of a word; for tests and for drawing."""
    pins = word >> 1 & 7
    direction = (1 if pins & EL_A else 0) - (1 if pins & EL_B else 0)
    count = word >> 4
    us = count + 4 if word & 1 else (count + 4) // 2
    return direction, us, bool(pins & LDAC)


NOMINAL = (0, 0)  # of a DAC that nobody calibrated


def code_for_ua(ua: int, full_scale_mv: int, rset_ohm: int, bits: int, dac: tuple[int, int] = NOMINAL) -> int:
    """DAC code of a current, rounded down: a set-point never exceeds what was asked. uA, mV, ohm.

    dac: (gain ppm, offset nA) of a `calibration.Calibration`. Whatever it says, no code is above the nominal one of the
    ceiling: a wrong calibration does not lift it, and a DAC that gives too little does not reach it.
    """
    per_code = full_scale_mv * 1_000_000
    code = ua * 1000 * (rset_ohm << bits) // per_code
    if not 0 <= ua <= limits.FIRMWARE_CEILING_UA or code >= 1 << bits:
        raise ValueError("set current %d uA; allowed 0..%d uA" % (ua, limits.FIRMWARE_CEILING_UA))
    if dac == NOMINAL or not ua:  # nothing asked for is code 0, whatever the offset
        return code
    gain_ppm, offset_na = dac
    code = (ua * 1000 - offset_na) * (rset_ohm << bits) // (per_code + full_scale_mv * gain_ppm)
    ceiling = limits.FIRMWARE_CEILING_UA * 1000 * (rset_ohm << bits) // per_code
    return max(0, min(code, ceiling, (1 << bits) - 1))


def ua_for_code(code: int, board: object, dac: tuple[int, int] = NOMINAL) -> int:
    """Set current of a DAC code, uA, to the nearest. dac: as in `code_for_ua`."""
    gain_ppm, offset_na = dac
    per_code = board.DAC_REFERENCE_MV * (1_000_000 + gain_ppm)  # type: ignore[attr-defined]
    na = code * per_code // (board.RSET_OHM << board.DAC_BITS) + offset_na  # type: ignore[attr-defined]
    return max(0, (na + 500) // 1000)


# What a train needs of its program, in `Program.table`.
_P_FORWARD = const(0)
_P_GAP = const(1)
_P_REVERSE = const(2)
_P_WIDTH = const(3)
_P_PROBE_CODE = const(4)
_P_BURST = const(5)
_P_PULSE_US = const(6)
_P_PERIOD_US = const(7)
_P_CYCLE_US = const(8)
_P_RATE_DHZ = const(9)
_P_RATE_TO_DHZ = const(10)
_P_SWEEP_MS = const(11)
_P_ENVELOPE_STEP_US = const(12)
# For rests too long to leave the electrodes unwatched. The same for all.
_P_REST_MAX_US = const(13)
_P_PROBE_SPAN_US = const(14)  # of a stretch of rest and a probe
_P_PROBE_REST = const(15)
_P_PROBE_FORWARD = const(16)
_P_PROBE_GAP = const(17)
_P_PROBE_REVERSE = const(18)
_P_KIND = const(19)  # of a pulse: PAIR, or 0 when each phase takes a code of its own
_P_PROBE_WIDTH = const(20)

# What a load is for.
PAIR = const(2)  # two phases, one each way
BETWEEN = const(4)  # a probe in a rest
WIDTH_SHIFT = const(2)  # widths are in 4 us: times a code they stay below 2^30
TURN = const(6)  # what of a driven word is the other way round, EL_A and EL_B << 1

# What the interrupt reads of a train, in `Train.out`; `pulse.py` repeats these numbers.
OUT_WORD = const(0)  # the next word
OUT_LOAD = const(1)  # 1 + the DAC code that must be on the output when it begins; 0: the code does not change there
OUT_WIDTH = const(2)  # with a load: the phase's width, 4 us
OUT_KIND = const(3)  # with a load: PAIR or BETWEEN, for what it is of; 0: a phase with a code of its own
OUT_FALLING = const(4)  # 1 while the amplitude goes down: `fall` is to be called once a ms
OUT_FIRST = const(5)  # 1 when a cycle begins with the word
OUT_TURN = const(6)  # 0 or TURN: which way cycles begin, put there by the interrupt

_LAST_REST_US = 10_000  # after the last probe of a rest: several ticks in which to load the pulse's own code
_PROBE_US = 2 * limits.PROBE_PHASE_US + limits.PROBE_GAP_US + 4 * DEAD_US  # with the dead time of the rest before it
_PROBE_SPAN_US = limits.PROBE_REST_MS * 1000 + _PROBE_US
_LONG_US = 4000  # from this width on there are several ticks in a phase, in which to load a code for the next one


def pulse_us(w: Waveform) -> int:
    """What a pulse takes of its period, with its words' dead time: both phases, one when alternating."""
    return w.phase_us + 2 * DEAD_US if w.burst_pulses else 2 * w.phase_us + w.gap_us + 4 * DEAD_US


def unsure_nc(w: Waveform, top_ua: int) -> int:
    """What is left of CHARGE_MAX_NC, as the sense sees it, when a cycle of this waveform is cut at its worst moment."""
    return room_nc(w) - top_ua * w.unpaired_us() // 1000


def probes_in(rest_us: int) -> int:
    """How many contact probes break up a rest, each of PROBE_UA for PROBE_PHASE_US either way."""
    return max(0, -(-(rest_us - _LAST_REST_US) // _PROBE_SPAN_US) - 1)


class Program:
    """One waveform compiled: the words of its pulse, its times (us), and its envelope or sweep.

    Immutable once made. `codes[level]` is the DAC code of level 0..10. `table` is what `Train` plays from.
    """

    def __init__(self, w: Waveform, top_ua: int, codes: list[int], probe_code: int, probe: bool = False) -> None:
        self.codes = codes
        self.probe_code = probe_code
        self.probe = probe  # a contact probe: fixed amplitude, no ramp, a lift does not cut it
        self.phase_us = w.phase_us
        self.forward = drive_word(True, w.phase_us)
        self.burst = w.burst_pulses  # 0: biphasic pulses
        self.pulse_us = pulse_us(w)
        self.phases = 1 if self.burst else 2  # in a period
        self.period_us = self.cycle_us = w.period_us(w.rate_dhz)
        gap = 0
        long = not self.burst and w.phase_us >= _LONG_US
        if self.burst:
            self.cycle_us *= 2 * self.burst
        else:
            # A level that is lowered acts from the next phase: a long one does not wait for the pulse's end.
            gap = rest_word(w.gap_us) if long else gap_word(w.gap_us)
        self.rate_dhz = w.rate_dhz
        self.sweep_dhz = w.rate_to_dhz - w.rate_dhz  # 0: not swept
        # Of what lifts leave uncertain in the account so much, nC, lets a cut of this one stay within CHARGE_MAX_NC.
        self.unsure_nc = unsure_nc(w, top_ua)
        self.envelope: array[int] | None = None
        envelope_step_us = 0
        if w.envelope is not None:
            self.envelope, envelope_step_us = _envelope(w.envelope)
        self.table = array(
            "i",
            (
                self.forward,
                gap,
                drive_word(False, w.phase_us),
                w.phase_us >> WIDTH_SHIFT,
                probe_code,
                self.burst,
                self.pulse_us,
                self.period_us,
                self.cycle_us,
                w.rate_dhz,
                w.rate_to_dhz,
                w.sweep_ms if self.sweep_dhz else 0,
                envelope_step_us,
                _PROBE_SPAN_US + _LAST_REST_US,
                _PROBE_SPAN_US,
                rest_word(limits.PROBE_REST_MS * 1000),
                drive_word(True, limits.PROBE_PHASE_US),
                gap_word(limits.PROBE_GAP_US),
                drive_word(False, limits.PROBE_PHASE_US),
                0 if long or self.burst else PAIR,
                limits.PROBE_PHASE_US >> WIDTH_SHIFT,
            ),
        )


def _envelope(e: tuple[int, int, int, int, int, bool]) -> tuple["array[int]", int]:
    """Table of ENVELOPE_STEPS factors (0..256) over one period that begins at its lowest point, and a step's us."""
    rise, hold, fall, low, depth, sine = e
    total = rise + hold + fall + low
    table = array("H", [0] * ENVELOPE_STEPS)
    for i in range(ENVELOPE_STEPS):
        t = total * i // ENVELOPE_STEPS
        if t < rise:
            height = t * 256 // rise
        elif t < rise + hold:
            height = 256
        elif t < rise + hold + fall:
            height = 256 - (t - rise - hold) * 256 // fall
        else:
            height = 0
        if sine:
            height = int(128 - 128 * cos(pi * height / 256) + 0.5)
        table[i] = 256 - depth * (256 - height) // 100
    return table, total * 1000 // ENVELOPE_STEPS


def compile(w: Waveform, top_ua: int, board: object, dac: tuple[int, int] = NOMINAL) -> Program:
    """The program of a zone. `board` gives DAC_REFERENCE_MV, RSET_OHM and DAC_BITS. ValueError when out of limits.

    dac: as in `code_for_ua`.
    """
    scale = (board.DAC_REFERENCE_MV, board.RSET_OHM, board.DAC_BITS, dac)  # type: ignore[attr-defined]
    codes = [code_for_ua(top_ua * level // limits.LEVELS, *scale) for level in range(limits.LEVELS + 1)]
    program = Program(w, top_ua, codes, code_for_ua(limits.PROBE_UA, *scale))
    _check_balance(program)
    return program


def _check_balance(program: Program) -> None:
    """Pull one whole cycle and weigh it: sum of direction x code x us is exactly zero, or ValueError."""
    train = Train(program)
    code = program.codes[limits.LEVELS]
    train.start(program, code, limits.RAMP_MIN_MS)
    train.next()
    weighed = array("i", (0, train.period_us if program.sweep_dhz else program.cycle_us, 0))
    _weigh(train, weighed)
    net, left_us, unlatched = weighed
    if unlatched:
        raise ValueError("the DAC would change while it drives the electrodes")
    if net or left_us:
        raise ValueError("a cycle nets %d code us and misses its time by %d us" % (net, left_us))


@micropython.viper
def _weigh(train, weighed):
    """Play a train for weighed[1] us. Into it: net code x us; us left, 0 or less; driven words with the DAC free."""
    result = ptr32(weighed)
    out = ptr32(train.out)
    left_us = result[1]
    net = load = unlatched = 0
    while left_us > 0:
        if out[OUT_LOAD]:
            load = out[OUT_LOAD] - 1
        word = out[OUT_WORD]
        us = word >> 4
        us = us + 4 if word & 1 else (us + 4) >> 1
        switches = word >> 1 & (EL_A | EL_B)
        if switches:
            if not word & LDAC << 1:
                unlatched += 1
            net += load * us if switches == EL_A else 0 - load * us
        left_us -= us + DEAD_US
        train.next()
    result[0] = net
    result[1] = left_us
    result[2] = unlatched


def compile_probe(board: object, dac: tuple[int, int] = NOMINAL) -> Program:
    """The contact probe: a zero-mean pulse of PROBE_UA every PROBE_PERIOD_MS. dac: as in `code_for_ua`."""
    scale = (board.DAC_REFERENCE_MV, board.RSET_OHM, board.DAC_BITS, dac)  # type: ignore[attr-defined]
    code = code_for_ua(limits.PROBE_UA, *scale)
    w = Waveform("biphasic")
    w.rate_dhz = w.rate_to_dhz = 10_000 // limits.PROBE_PERIOD_MS
    w.phase_us = limits.PROBE_PHASE_US
    w.gap_us = limits.PROBE_GAP_US
    program = Program(w, limits.PROBE_UA, [code] * (limits.LEVELS + 1), code, True)
    _check_balance(program)
    return program


# Where a train stands.
_PULSE = const(0)
_GAP = const(1)
_BACK = const(2)
_REST = const(3)
_PROBE = const(4)
_PROBE_GAP = const(5)
_PROBE_BACK = const(6)

# What a train keeps from word to word.
_STATE = const(0)
_CODE = const(1)
_AMP = const(2)
_GOAL = const(3)
_SLEW = const(4)
_CAP = const(5)
_REST_US = const(6)
_PERIOD_US = const(7)
_ENVELOPE_US = const(8)
_SWEEP_US = const(9)
_FORWARD = const(10)
_BURST_LEFT = const(11)
_WAITING = const(12)  # 1: another program is to be taken where the cycle ends, and aimed at what follows here
_NEXT_GOAL = const(13)
_NEXT_SLEW = const(14)
_NEXT_CAP = const(15)
_FALL = const(16)  # step per ms on the way down, 0 when not on it
_FACTOR = const(17)  # of this cycle: what the envelope makes of the amplitude, in 256ths
_KEPT = const(18)


class Train:
    """An endless pulse train, one word at a time; what the timer interrupt plays.

    `out` is what the interrupt reads, the next word and what belongs to it; `next()` moves on. Either way round is as
    good for the skin, so a cycle begins the way that the account of charge asks for: OUT_TURN.

    `amp` and `goal` are the amplitude now and wanted, in DAC codes << SHIFT. Up, `amp` moves a step each cycle. Down,
    it moves with time, by `fall()` once a ms, and what has not begun follows it: a pulse, each one of a burst, either
    phase of a long pulse. Rests too long to leave the electrodes unwatched are broken up by contact probes.

    The foreground calls `start`, `swap` and `aim`; only `next` and `fall` run in the interrupt, and allocate nothing.
    """

    def __init__(self, probe: Program) -> None:
        self.out = array("i", [0] * 7)
        self._kept = array("i", [0] * _KEPT)
        self.coming = probe  # the program that waits, or else the one that plays
        self._take(probe)

    @property
    def word(self) -> int:
        return self.out[OUT_WORD]

    @property
    def load(self) -> int:
        """DAC code for the word, -1 when it does not change there."""
        return self.out[OUT_LOAD] - 1

    @property
    def width(self) -> int:
        """Of a phase at the set current, in 4 us; 0 of a probe in a rest."""
        return 0 if self.out[OUT_KIND] & BETWEEN else self.out[OUT_WIDTH]

    @property
    def amp(self) -> int:
        return self._kept[_AMP]

    @property
    def goal(self) -> int:
        return self._kept[_GOAL]

    @property
    def falling(self) -> bool:
        """On the way down: `fall` is to be called once a ms."""
        return self.out[OUT_FALLING] == 1

    @property
    def period_us(self) -> int:
        """From one pulse to the next, in this cycle."""
        return self._kept[_PERIOD_US]

    def wanted(self) -> tuple[int, int]:
        """(DAC code, period in us) that the level asks for where the envelope is now, were its ramp over."""
        kept = self._kept
        goal = kept[_GOAL] >> SHIFT
        return max(goal * kept[_FACTOR] >> 8, min(goal, self.program.probe_code)), kept[_PERIOD_US]

    def start(self, program: Program, code: int, ramp_ms: int) -> None:
        """Begin anew, from zero towards `code` over `ramp_ms`. Only while nothing draws from the train."""
        self._kept[_WAITING] = 0
        self.coming = program
        self._take(program)
        self._kept[_AMP] = 0
        self.aim(code, ramp_ms)
        if program.probe:
            self.skip_ramp()
        self._kept[_STATE] = _PULSE
        self._begin_cycle()
        # A first rest in which to load the DAC. It puts the first edge midway between two ticks, and with it the
        # samples of every rate whose period is whole milliseconds: the two interrupts keep out of each other's way.
        self.out[OUT_WORD] = rest_word(4500)
        self.out[OUT_LOAD] = 0

    def swap(self, program: Program, code: int, ramp_ms: int) -> None:
        """Change to another program where the present cycle ends, from zero."""
        self._kept[_WAITING] = 0
        self._aim_next(code, ramp_ms)
        self.coming = program
        self._kept[_WAITING] = 1  # last: the interrupt takes all of it or none

    def aim(self, code: int, ramp_ms: int, coming: int | None = None) -> None:
        """Move the amplitude to `code`: up at the slope that takes `ramp_ms` from zero to it, down in RAMP_DOWN_MS.

        coming: what it is for the program that waits, where that is another code.
        """
        # The waiting program's first: should the interrupt take it in between, it takes this level with it.
        self._aim_next(code if coming is None else coming, ramp_ms)
        kept = self._kept
        goal = code << SHIFT
        kept[_FALL] = self.out[OUT_FALLING] = 0
        kept[_SLEW], kept[_CAP] = _slew(goal, ramp_ms)
        kept[_GOAL] = goal
        down = kept[_AMP] - goal
        if down > 0:
            kept[_FALL] = -(-down // limits.RAMP_DOWN_MS)
            self.out[OUT_FALLING] = 1

    def skip_ramp(self) -> None:
        """Be where the ramp ends, from the next cycle on: for those who only want to know what comes then."""
        self._kept[_AMP] = self._kept[_GOAL]

    def settled(self) -> bool:
        """True when the amplitude is what was asked and no change of program waits."""
        return not self._kept[_WAITING] and self._kept[_AMP] == self._kept[_GOAL]

    def _aim_next(self, code: int, ramp_ms: int) -> None:
        kept = self._kept
        kept[_NEXT_SLEW], kept[_NEXT_CAP] = _slew(code << SHIFT, ramp_ms)
        kept[_NEXT_GOAL] = code << SHIFT

    @micropython.viper
    def next(self):
        """Move `out` on by one word. Runs in the interrupt."""
        kept = ptr32(self._kept)
        p = ptr32(self._table)
        out = ptr32(self.out)
        state = kept[_STATE]
        out[OUT_LOAD] = out[OUT_FIRST] = 0
        if state == _PULSE:
            out[OUT_LOAD] = kept[_CODE] + 1
            out[OUT_WIDTH] = p[_P_WIDTH]
            out[OUT_KIND] = p[_P_KIND]
            out[OUT_FIRST] = 1
            out[OUT_WORD] = p[_P_FORWARD] ^ out[OUT_TURN]
            kept[_STATE] = _GAP
            if p[_P_BURST]:
                kept[_STATE] = _REST
                if not kept[_FORWARD]:
                    out[OUT_WORD] = p[_P_REVERSE] ^ out[OUT_TURN]
                    out[OUT_FIRST] = 0
                elif kept[_BURST_LEFT] != p[_P_BURST]:
                    out[OUT_FIRST] = 0
        elif state == _REST:
            rest = kept[_REST_US]
            # Long rests are watched: a stretch of rest, then a probe, until what is left is short.
            if rest > p[_P_REST_MAX_US]:
                out[OUT_WORD] = p[_P_PROBE_REST]
                kept[_REST_US] = rest - p[_P_PROBE_SPAN_US]
                kept[_STATE] = _PROBE
            else:
                out[OUT_WORD] = (2 * rest - 4) << 4  # rest_word, without the call
                kept[_STATE] = _PULSE
                burst = p[_P_BURST]
                if burst:
                    left = kept[_BURST_LEFT] - 1
                    if left or kept[_FORWARD]:
                        if not left:
                            left = burst
                            kept[_FORWARD] = 0
                        kept[_BURST_LEFT] = left
                        kept[_REST_US] = p[_P_PERIOD_US] - p[_P_PULSE_US]
                        return
                    kept[_BURST_LEFT] = burst
                    kept[_FORWARD] = 1
                self._begin_cycle()
        elif state == _GAP:
            out[OUT_WORD] = p[_P_GAP]
            kept[_STATE] = _BACK
        elif state == _BACK:
            out[OUT_WORD] = p[_P_REVERSE] ^ out[OUT_TURN]
            kept[_STATE] = _REST
            if not p[_P_KIND]:
                out[OUT_LOAD] = kept[_CODE] + 1
        elif state == _PROBE:
            out[OUT_WORD] = p[_P_PROBE_FORWARD]
            out[OUT_LOAD] = p[_P_PROBE_CODE] + 1
            out[OUT_WIDTH] = p[_P_PROBE_WIDTH]
            out[OUT_KIND] = BETWEEN | PAIR
            kept[_STATE] = _PROBE_GAP
        elif state == _PROBE_GAP:
            out[OUT_WORD] = p[_P_PROBE_GAP]
            kept[_STATE] = _PROBE_BACK
        else:
            out[OUT_WORD] = p[_P_PROBE_REVERSE]
            kept[_STATE] = _REST

    def _take(self, program: Program) -> None:
        self.program = program
        self._table = table = program.table
        self._envelope = program.envelope
        kept = self._kept
        kept[_PERIOD_US] = table[_P_PERIOD_US]
        kept[_ENVELOPE_US] = 0
        kept[_SWEEP_US] = 0
        kept[_FORWARD] = 1
        kept[_BURST_LEFT] = table[_P_BURST]
        kept[_FACTOR] = 256

    def _take_waiting(self) -> None:
        kept = self._kept
        kept[_WAITING] = 0
        self._take(self.coming)
        kept[_AMP] = 0
        kept[_FALL] = self.out[OUT_FALLING] = 0
        kept[_GOAL] = kept[_NEXT_GOAL]
        kept[_SLEW] = kept[_NEXT_SLEW]
        kept[_CAP] = kept[_NEXT_CAP]

    @micropython.viper
    def _begin_cycle(self):
        """Sweep, envelope and the way up move here and nowhere else."""
        kept = ptr32(self._kept)
        if kept[_WAITING]:
            self._take_waiting()
        p = ptr32(self._table)
        cycle_us = p[_P_CYCLE_US]
        sweep_ms = p[_P_SWEEP_MS]
        if sweep_ms:
            sweep_us = kept[_SWEEP_US]
            ms = sweep_us // 1000
            if ms > sweep_ms:
                ms = 2 * sweep_ms - ms
            rate = p[_P_RATE_DHZ] + (p[_P_RATE_TO_DHZ] - p[_P_RATE_DHZ]) * ms // sweep_ms
            cycle_us = (10_000_000 + rate // 2) // rate
            kept[_PERIOD_US] = cycle_us
            kept[_SWEEP_US] = (sweep_us + cycle_us) % (2000 * sweep_ms)
        step_us = p[_P_ENVELOPE_STEP_US]
        if step_us:
            envelope = ptr16(self._envelope)
            envelope_us = kept[_ENVELOPE_US]
            kept[_ENVELOPE_US] = (envelope_us + cycle_us) % (step_us * ENVELOPE_STEPS)
            kept[_FACTOR] = envelope[envelope_us // step_us]
        kept[_REST_US] = kept[_PERIOD_US] - p[_P_PULSE_US]
        amp = kept[_AMP]
        goal = kept[_GOAL]
        factor = kept[_FACTOR]
        # A pulse too small to tell contact from air would leave the electrodes unwatched.
        floor = goal >> SHIFT
        if floor > p[_P_PROBE_CODE]:
            floor = p[_P_PROBE_CODE]
        code = amp * factor >> 8 + SHIFT
        if code < floor:
            code = floor
        kept[_CODE] = code
        # The step comes after its cycle has its code, so that a ramp's first cycle is at zero.
        if amp < goal:
            # Rounded down, here and in the slew: a ramp may be slower than asked, never faster.
            step = kept[_SLEW] * (cycle_us // 1000)
            if step > kept[_CAP]:
                step = kept[_CAP]
            kept[_AMP] = goal if goal - amp <= step else amp + step

    @micropython.viper
    def fall(self) -> int:
        """A ms of the way down: the code for what has not begun. Runs in the interrupt, while OUT_FALLING is 1."""
        kept = ptr32(self._kept)
        p = ptr32(self._table)
        out = ptr32(self.out)
        goal = kept[_GOAL]
        amp = kept[_AMP] - kept[_FALL]
        if amp <= goal:
            amp = goal
            kept[_FALL] = out[OUT_FALLING] = 0
        kept[_AMP] = amp
        code = amp * kept[_FACTOR] >> 8 + SHIFT
        floor = goal >> SHIFT
        if floor > p[_P_PROBE_CODE]:
            floor = p[_P_PROBE_CODE]
        if code < floor:
            code = floor
        if code < kept[_CODE]:
            kept[_CODE] = code
            if out[OUT_LOAD] > code + 1 and not out[OUT_KIND] & BETWEEN:
                out[OUT_LOAD] = code + 1
        return code


def _slew(span: int, ramp_ms: int) -> tuple[int, int]:
    """(step per ms, largest step per cycle) of a ramp over `span` (codes << SHIFT)."""
    return max(1, span // ramp_ms), max(1, span // limits.RAMP_CYCLES_MIN)
