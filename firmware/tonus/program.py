"""From a waveform and a level to PIO words and DAC codes. Integers only, no hardware.

`Program` is one zone's waveform compiled for a board. `Train` is the pulse train the interrupt draws from, a word at a
time: it allocates nothing, keeps every number below 2^30, and is plain Python, so the unit tests pull the very words
that the device plays. Charge balance holds by construction: amplitude changes only where a cycle begins, and `compile`
checks that what one cycle drives forward it drives back.
"""

from array import array
from math import cos, pi

from . import limits
from .preset import Waveform

# A word of the PIO program (`phases.py`) is one stretch of time: bit 0 sampled, bits 1..3 pins, bits 4..29 a count.
EL_A = 1
EL_B = 2
LDAC = 4  # active low: a word without it lets the DAC's output follow its input register
OFF = LDAC  # electrodes shorted, DAC latched
PIO_HZ = 2_000_000
DEAD_US = 2  # before every word the electrodes are shorted: set with one delay, pull, out

ENVELOPE_STEPS = 256
SHIFT = 10  # amplitudes are DAC codes with this many binary places; times an envelope's 256 they stay below 2^30


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


def code_for_ua(ua: int, full_scale_mv: int, rset_ohm: int, bits: int) -> int:
    """DAC code of a current, rounded down: a set-point never exceeds what was asked. uA, mV, ohm."""
    code = ua * rset_ohm * (1 << bits) // (full_scale_mv * 1000)
    if not 0 <= ua <= limits.FIRMWARE_CEILING_UA or code >= 1 << bits:
        raise ValueError("set current %d uA; allowed 0..%d uA" % (ua, limits.FIRMWARE_CEILING_UA))
    return code


def ua_for_code(code: int, board: object) -> int:
    """Set current of a DAC code, uA, to the nearest."""
    full_nv = board.DAC_REFERENCE_MV * 1_000_000  # type: ignore[attr-defined]
    rset = board.RSET_OHM << board.DAC_BITS  # type: ignore[attr-defined]
    return (code * full_nv // 1000 + rset // 2) // rset


class Program:
    """One waveform compiled: the words of its pulse, its times (us), and its envelope or sweep.

    Immutable once made. `codes[level]` is the DAC code of level 0..10.
    """

    def __init__(self, w: Waveform, top_ua: int, codes: list[int], probe_code: int, probe: bool = False) -> None:
        self.codes = codes
        self.probe_code = probe_code
        self.probe = probe  # a contact probe: fixed amplitude, no ramp, a lift does not cut it
        self.forward = drive_word(True, w.phase_us)
        self.reverse = drive_word(False, w.phase_us)
        self.width = w.phase_us >> 4
        self.burst = w.burst_pulses  # 0: biphasic pulses
        if self.burst:
            self.gap = 0
            self.pulse_us = w.phase_us + 2 * DEAD_US  # with the dead time of its rest
            self.period_us = w.period_us(w.rate_dhz)
            self.cycle_us = 2 * self.burst * self.period_us
        else:
            self.gap = gap_word(w.gap_us)
            self.pulse_us = 2 * w.phase_us + w.gap_us + 4 * DEAD_US
            self.period_us = w.period_us(w.rate_dhz)
            self.cycle_us = self.period_us
        self.rate_dhz = w.rate_dhz
        self.sweep_dhz = w.rate_to_dhz - w.rate_dhz  # 0: not swept
        self.sweep_ms = w.sweep_ms
        # Cut in mid-pulse, this one's charge is worth waiting for: two of them would pass the mean DC limit.
        self.heavy = 2 * w.unpaired_us() * top_ua > 1000 * limits.MEAN_DC_MAX_UA * limits.DC_WINDOW_MS
        self.envelope: array[int] | None = None
        self.envelope_step_us = 0
        if w.envelope is not None:
            self.envelope, self.envelope_step_us = _envelope(w.envelope)


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


def compile(w: Waveform, top_ua: int, board: object) -> Program:
    """The program of a zone. `board` gives DAC_REFERENCE_MV, RSET_OHM and DAC_BITS. ValueError when out of limits."""
    scale = (board.DAC_REFERENCE_MV, board.RSET_OHM, board.DAC_BITS)  # type: ignore[attr-defined]
    codes = [code_for_ua(top_ua * level // limits.LEVELS, *scale) for level in range(limits.LEVELS + 1)]
    program = Program(w, top_ua, codes, code_for_ua(limits.PROBE_UA, *scale))
    _check_balance(program)
    return program


def _check_balance(program: Program) -> None:
    """Pull one whole cycle and weigh it: sum of direction x code x us is exactly zero, or ValueError."""
    train = Train(program)
    code = program.codes[limits.LEVELS]
    train.start(program, code, limits.RAMP_MIN_MS)
    left_us = train.period_us if program.sweep_dhz else program.cycle_us
    net = load = 0
    train.next()
    while left_us > 0:
        if train.load >= 0:
            load = train.load
        direction, us, latched = decode(train.word)
        if direction and not latched:
            raise ValueError("the DAC would change while it drives the electrodes")
        net += direction * load * us
        left_us -= us + DEAD_US
        train.next()
    if net or left_us:
        raise ValueError("a cycle nets %d code us and misses its time by %d us" % (net, left_us))


def compile_probe(board: object) -> Program:
    """The contact probe: a zero-mean pulse of PROBE_UA every PROBE_PERIOD_MS."""
    scale = (board.DAC_REFERENCE_MV, board.RSET_OHM, board.DAC_BITS)  # type: ignore[attr-defined]
    code = code_for_ua(limits.PROBE_UA, *scale)
    w = Waveform("biphasic")
    w.rate_dhz = w.rate_to_dhz = 10_000 // limits.PROBE_PERIOD_MS
    w.phase_us = limits.PROBE_PHASE_US
    w.gap_us = limits.PROBE_GAP_US
    program = Program(w, limits.PROBE_UA, [code] * (limits.LEVELS + 1), code, True)
    _check_balance(program)
    return program


# Where a train stands.
_PULSE, _GAP, _BACK, _REST, _PROBE, _PROBE_GAP, _PROBE_BACK = range(7)

_PROBE_FORWARD_WORD = drive_word(True, limits.PROBE_PHASE_US)
_PROBE_GAP_WORD = gap_word(limits.PROBE_GAP_US)
_PROBE_REVERSE_WORD = drive_word(False, limits.PROBE_PHASE_US)
_PROBE_REST_US = limits.PROBE_REST_MS * 1000
_PROBE_US = 2 * limits.PROBE_PHASE_US + limits.PROBE_GAP_US + 4 * DEAD_US  # with the dead time of the rest before it
_LAST_REST_US = 10_000  # after the last probe of a rest: several ticks in which to load the pulse's own code


class Train:
    """An endless pulse train, one word at a time; what the timer interrupt plays.

    `word` is the next word. `load` is the DAC code that must be on the output when it begins, or -1 when the code does
    not change there; with it, `width` is the phase width / 16 us, 0 for a probe in a rest. `next()` moves on.

    `amp` and `goal` are the amplitude now and wanted, in DAC codes << SHIFT: `amp` moves a step each cycle. Rests too
    long to leave the electrodes unwatched are broken up by contact probes.

    The foreground calls `start`, `swap` and `aim`; only `next` runs in the interrupt, and allocates nothing.
    """

    def __init__(self, probe: Program) -> None:
        self.amp = 0
        self.goal = 0
        self.word = 0
        self.load = -1
        self.width = 0
        self.code = 0
        self._rest_us = 0
        self._state = _PULSE
        self._slew = 0
        self._cap = 1
        self._next: Program | None = None
        self._next_goal = 0
        self._next_slew = 0
        self._next_cap = 0
        self._take(probe)

    def start(self, program: Program, code: int, ramp_ms: int) -> None:
        """Begin anew, from zero towards `code` over `ramp_ms`. Only while nothing draws from the train."""
        self._next = None
        self._take(program)
        self.aim(code, ramp_ms)
        self.amp = self.goal if program.probe else 0
        self._state = _PULSE
        self._begin_cycle()
        # A first rest in which to load the DAC. It puts the first edge midway between two ticks, and with it the
        # samples of every rate whose period is whole milliseconds: the two interrupts keep out of each other's way.
        self.load = -1
        self.word = rest_word(4500)

    def swap(self, program: Program, code: int, ramp_ms: int) -> None:
        """Change to another program where the present cycle ends, from zero."""
        self._next = None
        self._next_goal = code << SHIFT
        self._next_slew, self._next_cap = _slew(code << SHIFT, ramp_ms)
        self._next = program  # last: the interrupt takes all of it or none

    def aim(self, code: int, ramp_ms: int) -> None:
        """Move the amplitude to `code`, at the slope that would take `ramp_ms` from zero to it (or from it to zero)."""
        # The waiting program's first: should the interrupt take it in between, it takes this level with it.
        self._next_slew, self._next_cap = _slew(code << SHIFT, ramp_ms)
        self._next_goal = code << SHIFT
        self._slew, self._cap = _slew(max(code << SHIFT, self.amp), ramp_ms)
        self.goal = code << SHIFT

    def settled(self) -> bool:
        """True when the amplitude is what was asked and no change of program waits."""
        return self._next is None and self.amp == self.goal

    def next(self) -> None:
        """Move `word` and `load` on by one word. Runs in the interrupt."""
        p = self.program
        s = self._state
        self.load = -1
        if s == _PULSE:
            if self._burst_left:
                self.word = p.forward if self._forward else p.reverse
                self._state = _REST
            else:
                self.word = p.forward
                self._state = _GAP
            self.load = self.code
            self.width = p.width
        elif s == _REST:
            rest = self._rest_us
            # Long rests are watched: a stretch of rest, then a probe, until what is left is short.
            if rest > _PROBE_REST_US + _PROBE_US + _LAST_REST_US:
                self.word = rest_word(_PROBE_REST_US)
                self._rest_us = rest - _PROBE_REST_US - _PROBE_US
                self._state = _PROBE
            else:
                self.word = rest_word(rest)
                self._end_pulse()
        elif s == _GAP:
            self.word = p.gap
            self._state = _BACK
        elif s == _BACK:
            self.word = p.reverse
            self._state = _REST
        elif s == _PROBE:
            self.word = _PROBE_FORWARD_WORD
            self.load = p.probe_code
            self.width = 0
            self._state = _PROBE_GAP
        elif s == _PROBE_GAP:
            self.word = _PROBE_GAP_WORD
            self._state = _PROBE_BACK
        else:
            self.word = _PROBE_REVERSE_WORD
            self._state = _REST

    def _take(self, program: Program) -> None:
        self.program = program
        self.period_us = program.period_us
        self._envelope_us = 0
        self._sweep_us = 0
        self._forward = True
        self._burst_left = program.burst

    def _end_pulse(self) -> None:
        """The last word of a pulse's rest is out: prepare the next pulse, and at a cycle's end the next cycle."""
        self._state = _PULSE
        p = self.program
        if p.burst:
            self._burst_left -= 1
            if self._burst_left:
                self._rest_us = p.period_us - p.pulse_us
                return
            self._burst_left = p.burst
            if self._forward:
                self._forward = False
                self._rest_us = p.period_us - p.pulse_us
                return
            self._forward = True
        self._begin_cycle()

    def _begin_cycle(self) -> None:
        """Amplitude, sweep and envelope move here and nowhere else."""
        if self._next is not None:
            self._take(self._next)
            self._next = None
            self.amp = 0
            self.goal = self._next_goal
            self._slew = self._next_slew
            self._cap = self._next_cap
        p = self.program
        cycle_us = p.cycle_us
        if p.sweep_dhz:
            ms = self._sweep_us // 1000
            if ms > p.sweep_ms:
                ms = 2 * p.sweep_ms - ms
            rate = p.rate_dhz + p.sweep_dhz * ms // p.sweep_ms
            cycle_us = self.period_us = (10_000_000 + rate // 2) // rate
            self._sweep_us = (self._sweep_us + cycle_us) % (2000 * p.sweep_ms)
        amp = self.amp
        if p.envelope is not None:
            i = self._envelope_us // p.envelope_step_us
            self._envelope_us = (self._envelope_us + cycle_us) % (p.envelope_step_us * ENVELOPE_STEPS)
            amp = amp * p.envelope[i] >> 8
        code = amp >> SHIFT
        # A pulse too small to tell contact from air would leave the electrodes unwatched.
        if code < p.probe_code and self.goal:
            code = min(p.probe_code, self.goal >> SHIFT)
        self.code = code
        self._rest_us = self.period_us - p.pulse_us
        # The step comes after its cycle has its code, so that a ramp's first cycle is at zero.
        if self.amp != self.goal:
            # Rounded down, here and in the slew: a ramp may be slower than asked, never faster.
            step = self._slew * (cycle_us // 1000)
            if step > self._cap:
                step = self._cap
            if self.goal > self.amp:
                self.amp = self.goal if self.goal - self.amp <= step else self.amp + step
            else:
                self.amp = self.goal if self.amp - self.goal <= step else self.amp - step


def _slew(span: int, ramp_ms: int) -> tuple[int, int]:
    """(step per ms, largest step per cycle) of a ramp over `span` (codes << SHIFT)."""
    return max(1, span // ramp_ms), max(1, span // limits.RAMP_CYCLES_MIN)
