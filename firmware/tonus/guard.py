"""What decides that the output must end, and the account of charge it goes by. Numbers in, the number of a cut out.

No hardware and no clock: `pulse.py` puts what it sees into an array of the fields below, and shuts the output when told
to. SPICE and the unit tests do the same with the very same lines.

`tick` judges once a millisecond: hardware fault, USB, a late loop, stop, the longest session, phases that nobody sees,
a PIO that plays faster than it is given words, a code above every level that was asked for. `sample`
judges each reading of the current: lift, overcurrent, charge. Each gives a number of `faults`, NONE to go on, and
leaves its reading in VALUE. What is too slow for an interrupt, a current that is off by less, is `deviation.py`'s.

The account is the charge that went through the electrodes, forward less reverse, as far as it was seen to flow, and
forgotten with CHARGE_FORGET_MS. Each cycle begins against it (`turn`): no sequence of cuts adds up to more than one of
them. A phase is booked up to its middle by the sample there, and its rest when another is seen; one longer than
WATCHED_US is looked at in each tick, and booked by the millisecond. A lift between two looks is booked as if halfway
between (`close`).

Contract: `tick`, `sample`, `turn`, `close` and `begin` run in the interrupts, or with interrupts off. They allocate
nothing; every stored number is 0 or more and below 2^31, every sum on the way within 32 bits.
"""

from array import array

from . import faults, limits, program
from .mpy import const, micropython, ptr32

# The fields. `pulse.py` repeats the numbers of those it indexes: MicroPython's compiler knows no other module's names.
# What plays, and what was seen of it: put there before `tick` or `sample` is asked.
RUNNING = const(0)  # 1 while pulses or probes play
POWERED = const(1)  # 1 while the keep-alive runs
PROBING = const(2)  # 1 while what plays is the contact probe: a lift does not end it, and it is no treatment
PINS = const(3)  # levels of all GPIOs, a bit each, when the tick began or right after the reading
WITHIN = const(4)  # 1: the reading is one of those in each tick of a long phase; 0: the one halfway through a phase
RAW = const(5)  # the current, as the converter reads it, 12 bit
AGAIN = const(6)  # the same, read once more; only where RAW is below LIFT_RAW and treatment plays
PINS_AGAIN = const(7)  # levels right after that
UNIT = const(8)  # NEWEST or BEFORE: which unit the reading is of
# A unit is what takes one DAC code: a pulse of two phases, or a phase with a code of its own. Each has four fields.
NEWEST = const(9)  # the unit last given to the PIO
BEFORE = const(13)  # the one before it
# In a unit:
NUMBER = const(0)  # counted up to 2^30
CODE = const(1)  # DAC code
WIDTH = const(2)  # of a phase, 4 us
KIND = const(3)  # PAIR and BETWEEN of `program`, and 1 when it begins in reverse
# The verdict.
VALUE = const(17)  # of the last cut: us late, phases unseen, sense code, or uC; 0 where there is nothing to tell
# The phase that was looked at last: its unit's fields, and how far it is booked.
CURRENT = const(18)  # sense code, 0 or more: what flowed
AT = const(19)  # its NUMBER
AT_CODE = const(20)  # CODE
AT_WIDTH = const(21)  # WIDTH, 4 us
AT_KIND = const(22)  # KIND
AT_REVERSE = const(23)  # 1: it drove in reverse
AT_SECOND = const(24)  # 1: it was the second of its pulse
BOOKED = const(25)  # so much of it is in the account, 4 us
NET = const(26)  # what of its unit is in the account, sense code x 4 us, + BIAS
# The account.
ACCOUNT = const(27)  # sense code x 4 us, forward less reverse, + BIAS
UNSURE = const(28)  # how far lifts may have put it off, sense code x 4 us
GONE = const(29)  # 1: no current was seen, which is a lift: the next `close` is its
# Masks of PINS.
DRIVEN = const(30)  # both switch lines
REVERSE = const(31)  # the one of them that drives in reverse
FAULT_N = const(32)  # low while the hardware latch has tripped
USB = const(33)  # high while USB power is present
# Counts.
LATE_BY = const(34)  # us: how late the tick is; put there before `tick`
STOPS = const(35)  # 1 while MODE stops; likewise
TICKS = const(36)  # ticks served; likewise
LATE = const(37)  # ticks more than LATE_US after their time with the rail up, and no more than MISSED_US
MISSED = const(38)  # ticks more than MISSED_US, likewise
TREATED = const(39)  # ticks in which treatment played, of this session
UNSAMPLED = const(40)  # units given to the PIO since a phase was seen
UNSAMPLED_MS = const(41)  # ticks since then
UNSEEN = const(42)  # phases whose sample came too late
OVER = const(43)  # readings above what was set, in a row
# Since `Pulse.take`: samples of phases at the set current, and sums over these; and sums over all that flowed.
N = const(44)  # samples
SUM_SET = const(45)  # DAC codes
SUM_CURRENT = const(46)  # sense codes
SUM_VOLTAGE = const(47)  # rail less sink node, codes, + BIAS
FLOWED = const(48)  # sense code x 4 us
FLOWED_SET = const(49)  # DAC code x 4 us
FLOWED_US = const(50)  # 4 us
VOLTAGE = const(51)  # of the last sample that had time to read it, codes + BIAS; put there before `sample`
# Of the board and its calibration: `calibrate`.
SENSE_TRIM = const(52)  # TRIM less what makes a sense code of a reading
SENSE_PER_DAC = const(53)  # sense codes of a DAC code, in 1024ths ...
SENSE_AT_ZERO = const(54)  # ... and of DAC code 0, in 1024ths, + TRIM
OPEN_CODES = const(55)  # OPEN_UA, sense codes
LIFT_CODES = const(56)  # LIFT_UA, sense codes
OVER_CODES = const(57)  # OVERCURRENT_UA, sense codes
OPEN_RAW = const(58)  # OPEN_UA as the converter reads it, 12 bit
LIFT_RAW = const(59)  # LIFT_UA as the converter reads it
CHARGE_UC = const(60)  # 1 uC, sense code x 4 us
CHARGE_TRIP = const(61)  # CHARGE_TRIP_NC, sense code x 4 us
CHARGE_EVEN = const(62)  # CHARGE_EVEN_NC, sense code x 4 us
# Of `limits`, whose names the compiler does not know either.
LATE_US = const(63)  # us
MISSED_US = const(64)  # us
STALL_US = const(65)  # us
TREAT_MAX = const(66)  # SESSION_MAX_MS, ticks
BLIND_PULSES = const(67)  # units
BLIND_MS = const(68)  # ticks
OVER_PCT = const(69)  # OVERCURRENT_PCT, of what is expected
WATCHED = const(70)  # WATCHED_US, in 4 us
TICK_US = const(71)  # us
# What the PIO was given.
MOST = const(72)  # DAC code of the highest level asked for since the output began, or the probe's
GIVEN_US = const(73)  # of output that was given, less what has passed since; what is given is added there, us
LONGEST_US = const(74)  # of the words given, us
ROOM = const(75)  # words that may be waiting or playing
RAMPED = const(76)  # ticks since the output began, up to RAMP_MS; put to 0 there
RAMP_MS = const(77)  # RAMP_MIN_MS, ticks
KEPT = const(78)  # so many

BIAS = const(0x20000000)  # added to what may be negative
TRIM = const(64)  # sense codes added to what the calibration may make negative
_MASK = const(0x3FFFFFFF)
_MS = const(250)  # a millisecond in 4 us
_DECIDE = const(750)  # so much of a long phase may be left when the next cycle's direction is decided, 4 us
_PAIR = const(2)  # of `program`
_BETWEEN = const(4)

# What `turn` says.
EARLY = const(0)  # too early to tell
FORWARD = const(1)
BACK = const(2)
EITHER = const(3)


def kept(more: int = 0) -> "array[int]":
    """The fields, nothing played yet; and so many more behind them, for who plays."""
    its = array("i", [0] * (KEPT + more))
    its[UNIT] = NEWEST
    its[ACCOUNT] = its[NET] = its[VOLTAGE] = its[SUM_VOLTAGE] = BIAS
    its[LATE_US] = limits.LATE_US
    its[MISSED_US] = limits.MISSED_US
    its[STALL_US] = limits.STALL_US
    its[TREAT_MAX] = limits.SESSION_MAX_MS
    its[BLIND_PULSES] = limits.BLIND_PULSES
    its[BLIND_MS] = limits.BLIND_MS
    its[OVER_PCT] = limits.OVERCURRENT_PCT
    its[WATCHED] = limits.WATCHED_US >> program.WIDTH_SHIFT
    its[TICK_US] = limits.TICK_US
    its[MOST] = 4095  # any code of 12 bits, until who plays says
    its[RAMP_MS] = its[RAMPED] = limits.RAMP_MIN_MS
    return its


def calibrate(its: "array[int]", na16_per_code: int, per_dac: int, at_zero: int, zero_codes: int) -> None:
    """Go by a calibration: `Stage.na16_per_code`, `sense_per_dac`, `sense_at_zero`, `zero_codes`."""
    its[SENSE_PER_DAC] = per_dac
    its[SENSE_AT_ZERO] = at_zero + (TRIM << 10)
    its[SENSE_TRIM] = TRIM - zero_codes
    its[OPEN_CODES] = (limits.OPEN_UA * 16_000 + na16_per_code // 2) // na16_per_code
    its[LIFT_CODES] = (limits.LIFT_UA * 16_000 + na16_per_code // 2) // na16_per_code
    its[OVER_CODES] = (limits.OVERCURRENT_UA * 16_000 + na16_per_code // 2) // na16_per_code
    its[OPEN_RAW] = its[OPEN_CODES] + zero_codes
    its[LIFT_RAW] = its[LIFT_CODES] + zero_codes
    its[CHARGE_UC] = 4_000_000_000 // na16_per_code
    its[CHARGE_TRIP] = limits.CHARGE_TRIP_NC * its[CHARGE_UC] // 1000
    its[CHARGE_EVEN] = limits.CHARGE_EVEN_NC * its[CHARGE_UC] // 1000


def charge_nc(its: "array[int]") -> int:
    """The account, nC: what went forward less what went back."""
    return (its[ACCOUNT] - BIAS) * 1000 // its[CHARGE_UC]


def unsure_nc(its: "array[int]") -> int:
    """How far lifts may have put it off, nC."""
    return its[UNSURE] * 1000 // its[CHARGE_UC]


@micropython.viper
def begin(its):
    """Something else plays from here on: nothing of it has been given, nor looked at."""
    kept = ptr32(its)
    kept[NEWEST + CODE] = kept[NEWEST + WIDTH] = kept[NEWEST + KIND] = 0
    kept[OVER] = kept[UNSAMPLED] = kept[UNSAMPLED_MS] = 0
    kept[GIVEN_US] = kept[LONGEST_US] = 0
    kept[AT] = kept[NEWEST + NUMBER]
    kept[AT_WIDTH] = kept[AT_KIND] = kept[AT_SECOND] = kept[BOOKED] = kept[CURRENT] = 0
    kept[NET] = BIAS


@micropython.viper
def tick(its) -> int:
    """A millisecond has passed: the cut it asks for."""
    kept = ptr32(its)
    if not kept[TICKS] & 7:
        # The account is forgotten: a part in 850 each 8 ms.
        passed = kept[ACCOUNT] - BIAS
        kept[ACCOUNT] = kept[ACCOUNT] - ((passed >> 10) + (passed >> 13) + (passed >> 14) + (passed >> 16))
        passed = kept[UNSURE]
        kept[UNSURE] = passed - ((passed >> 10) + (passed >> 13) + (passed >> 14) + (passed >> 16))
    if not kept[POWERED]:
        return 0
    pins = kept[PINS]
    late = kept[LATE_BY]
    kept[VALUE] = 0
    if late > kept[LATE_US]:
        if late > kept[MISSED_US]:
            kept[MISSED] = kept[MISSED] + 1 & _MASK
        else:
            kept[LATE] = kept[LATE] + 1 & _MASK
    if not pins & kept[FAULT_N]:
        return int(faults.LATCH)
    if not kept[RUNNING]:
        return 0
    if pins & kept[USB]:
        return int(faults.USB)
    if late > kept[STALL_US]:
        kept[VALUE] = late
        return int(faults.LOOP_STALLED)
    if kept[STOPS]:
        return int(faults.STOP)
    if not kept[PROBING]:
        treated = kept[TREATED] + 1
        kept[TREATED] = treated
        if treated > kept[TREAT_MAX]:
            return int(faults.LIMIT)
    unsampled = kept[UNSAMPLED_MS] + 1
    kept[UNSAMPLED_MS] = unsampled
    given = kept[GIVEN_US] - kept[TICK_US]
    if given < 0:
        given = 0  # the PIO has run dry
    kept[GIVEN_US] = given
    # More than can wait was played faster than it was given.
    too_fast = given > kept[ROOM] * kept[LONGEST_US]
    if unsampled > kept[BLIND_MS] or kept[UNSAMPLED] > kept[BLIND_PULSES] or too_fast:
        kept[VALUE] = kept[UNSEEN]
        return int(faults.BLIND)
    code = kept[NEWEST + CODE]
    most = kept[MOST]
    ramped = kept[RAMPED]
    if ramped < kept[RAMP_MS] and not kept[PROBING]:
        # The share that the quickest ramp has got to, and the quarter that a slow cycle's step is ahead of its time;
        # with room for half of one more, and for the smallest pulses, which are the probe's.
        kept[RAMPED] = ramped + 1
        most = most * (8 * ramped + 3 * kept[RAMP_MS]) // (8 * kept[RAMP_MS]) + 2 * kept[OVER_CODES]
    if code > most:
        # Nobody asked for so much, or not yet: what the code was made of is wrong.
        kept[VALUE] = code * kept[SENSE_PER_DAC] >> 10
        return int(faults.OVERCURRENT)
    return 0


@micropython.viper
def sample(its) -> int:
    """The current was read, halfway through a phase or within a long one: the cut it asks for."""
    kept = ptr32(its)
    unit = kept[UNIT]
    number = kept[unit]
    code = kept[unit + CODE]
    width = kept[unit + WIDTH]
    kind = kept[unit + KIND]
    within = kept[WITHIN]
    pins = kept[PINS]
    last = kept[CURRENT]
    reverse = kind & 1
    second = 0
    part = width >> 1
    if pins & kept[DRIVEN]:
        if pins & kept[REVERSE]:
            if kind & _PAIR:
                second = 1 - reverse
            reverse = 1
        else:
            if kind & _PAIR:
                second = reverse
            reverse = 0
        kept[UNSAMPLED] = kept[UNSAMPLED_MS] = 0
        current = kept[RAW] + kept[SENSE_TRIM] - TRIM
        expected = (code * kept[SENSE_PER_DAC] + kept[SENSE_AT_ZERO] >> 10) - TRIM
        least = kept[OPEN_CODES]
        if expected >= 4 * least:
            least = kept[LIFT_CODES]
        if current < least and expected >= 2 * least and not kept[PROBING]:
            # Read twice, before ending somebody's session.
            pins = kept[PINS_AGAIN]
            if kept[AGAIN] + kept[SENSE_TRIM] - TRIM < least and pins & kept[DRIVEN]:
                # Tripped hardware looks like a lift, and is forgotten with the keep-alive that a cut ends.
                kept[GONE] = 1
                kept[VALUE] = 0
                return int(faults.LIFT) if pins & kept[FAULT_N] else int(faults.LATCH)
        if current > expected + expected * kept[OVER_PCT] // 100 + kept[OVER_CODES]:
            kept[OVER] = kept[OVER] + 1
            if kept[OVER] > 1:
                kept[VALUE] = current
                return int(faults.OVERCURRENT)
        else:
            kept[OVER] = 0
        if current < 0:
            current = 0
        if within:
            part = kept[BOOKED] + _MS
        elif not kind & _BETWEEN:
            kept[N] = kept[N] + 1
            kept[SUM_SET] = kept[SUM_SET] + code
            kept[SUM_CURRENT] = kept[SUM_CURRENT] + current
            kept[SUM_VOLTAGE] = kept[SUM_VOLTAGE] + kept[VOLTAGE] - BIAS
    else:
        if within:
            return 0
        kept[UNSEEN] = kept[UNSEEN] + 1 & _MASK
        if kind & _PAIR:
            return 0  # which of the two it was, the next look shows
        current = last
        part = width
    charge = 0
    if number != kept[AT] or second != kept[AT_SECOND]:
        # Another phase. What is left of the one before has flowed, and so has what nobody saw in between.
        left = kept[AT_WIDTH] - kept[BOOKED]
        net = left if not kept[AT_REVERSE] else 0 - left
        if number != kept[AT]:
            if kept[AT_KIND] & _PAIR and not kept[AT_SECOND]:
                net -= 0 - kept[AT_WIDTH] if kept[AT_REVERSE] else kept[AT_WIDTH]
                left += kept[AT_WIDTH]
            if second:
                net += width if reverse else 0 - width
                left += width
        charge = last * net
        if not kept[AT_KIND] & _BETWEEN:
            kept[FLOWED] = kept[FLOWED] + last * left
            kept[FLOWED_US] = kept[FLOWED_US] + left
            kept[FLOWED_SET] = kept[FLOWED_SET] + kept[AT_CODE] * left
        if number != kept[AT]:
            kept[NET] = BIAS
            if second:
                kept[NET] = BIAS + last * width if reverse else BIAS - last * width
        else:
            kept[NET] = kept[NET] + charge
        kept[AT] = number
        kept[AT_CODE] = code
        kept[AT_WIDTH] = width
        kept[AT_KIND] = kind
        kept[AT_SECOND] = second
        kept[BOOKED] = 0
        if within:
            part = _MS >> 1
    elif within and part == (width >> 1) + _MS:
        part -= _MS >> 1
    kept[AT_REVERSE] = reverse
    kept[CURRENT] = current
    part -= kept[BOOKED]
    kept[BOOKED] = kept[BOOKED] + part
    flowed = current * part
    if not kind & _BETWEEN:
        kept[FLOWED] = kept[FLOWED] + flowed
        kept[FLOWED_US] = kept[FLOWED_US] + part
        kept[FLOWED_SET] = kept[FLOWED_SET] + code * part
    if reverse:
        flowed = 0 - flowed
    kept[NET] = kept[NET] + flowed
    account = kept[ACCOUNT] + charge + flowed
    kept[ACCOUNT] = account
    account -= BIAS
    if account < 0:
        account = 0 - account
    if account >= kept[CHARGE_TRIP]:
        kept[VALUE] = account // kept[CHARGE_UC]
        return int(faults.CHARGE)
    return 0


@micropython.viper
def turn(its) -> int:
    """Which way the next cycle is to begin, against the account as it will be then: EARLY, FORWARD, BACK or EITHER."""
    kept = ptr32(its)
    kind = kept[NEWEST + KIND]
    width = kept[NEWEST + WIDTH]
    seen = kept[AT] == kept[NEWEST + NUMBER]
    if width > kept[WATCHED] and not kind & _PAIR and kept[PINS] & kept[DRIVEN]:
        # Meanwhile too much would be forgotten.
        if not seen or kept[AT_WIDTH] - kept[BOOKED] > _DECIDE:
            return 0
    # What is not booked of the unit that plays, and of the one before.
    account = kept[ACCOUNT] - kept[NET]
    last = kept[CURRENT]
    if not kept[AT_KIND] & _PAIR:
        charge = last * kept[AT_WIDTH]
        account += 0 - charge if kept[AT_REVERSE] else charge
    if not seen and not kind & _PAIR:
        charge = last * width
        account += 0 - charge if kind & 1 else charge
    if account > kept[CHARGE_EVEN]:
        return BACK
    if 0 - account > kept[CHARGE_EVEN]:
        return FORWARD
    return EITHER


@micropython.viper
def close(its):
    """The output has ended. Book what was cut short: of the phase looked at last, what is left, and of the one that
    plays by PINS and UNIT, its begin.
    """
    kept = ptr32(its)
    unit = kept[UNIT]
    number = kept[unit]
    width = kept[unit + WIDTH]
    kind = kept[unit + KIND]
    pins = kept[PINS]
    last = kept[CURRENT]
    left = last * (kept[AT_WIDTH] - kept[BOOKED])
    whole = left
    begun = 0
    reverse = kept[AT_REVERSE]
    if pins & kept[DRIVEN]:
        reverse = 1 if pins & kept[REVERSE] else 0
        begun = width >> 1
        if number == kept[AT] and not (kind & _PAIR and reverse != kept[AT_REVERSE]):
            begun = width - kept[BOOKED]  # the phase looked at last
            left = 0
        if begun > _MS:
            begun = _MS
        if begun < 0:
            begun = 0
    # Of a phase that plays nobody knows how much has passed since the last look, nor, after a lift, whether what was
    # to come before it did.
    begun *= last
    if kept[GONE]:
        left >>= 1
        kept[UNSURE] = kept[UNSURE] + left
    begun >>= 1
    kept[UNSURE] = kept[UNSURE] + begun
    kept[GONE] = 0
    charge = 0 - left if kept[AT_REVERSE] else left
    charge += 0 - begun if reverse else begun
    kept[ACCOUNT] = kept[ACCOUNT] + charge
    if not kept[AT_KIND] & _BETWEEN and last:
        flowed = left + begun
        if kind & _BETWEEN:
            flowed = whole  # a probe after it: the pulse had all its time
        kept[FLOWED] = kept[FLOWED] + flowed
        us = flowed // last
        kept[FLOWED_US] = kept[FLOWED_US] + us
        kept[FLOWED_SET] = kept[FLOWED_SET] + us * kept[AT_CODE]
    begin(its)
