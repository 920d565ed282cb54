"""The guard's very lines, asked by hand: each rule at its bound, their order, and the account to the last code."""

from __future__ import annotations

import types
from array import array
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from guard_rules import RULES, without
from hypothesis import given, settings
from hypothesis import strategies as st
from tonus import faults, guard, limits, mpy
from tonus.program import BETWEEN, PAIR

FORWARD, REVERSE, FAULT_N, USB = 1, 2, 4, 8
ZERO_CODES = 12  # what the converter reads of nothing
PER_DAC = 635  # sense codes of a DAC code, in 1024ths
AT_ZERO = 700  # of DAC code 0
NA16 = 3206  # 200 nA a sense code
CODE = 3215  # 400 uA
WIDTH = 125  # 500 us


class Word(int):
    """A whole number that raises where a 32 bit processor would wrap."""


def _checked(name: str) -> Callable[..., Word]:
    plain = getattr(int, name)

    def work(self: int, other: int) -> Word:
        found = plain(self, other)
        if not -0x80000000 <= found <= 0x7FFFFFFF:
            raise OverflowError(f"{self} {name} {other}")
        return Word(found)

    return work


for _name in ("add", "sub", "mul", "floordiv", "rshift", "lshift", "and", "or", "xor"):
    for _way in ("__%s__", "__r%s__"):
        setattr(Word, _way % _name, _checked(_way % _name))


class Words(mpy._Words):
    def __getitem__(self, i: int) -> Word:
        return Word(super().__getitem__(i))


def strict(source: str, name: str) -> ModuleType:
    """A guard of this source, whose arithmetic is 32 bit."""
    module = types.ModuleType(name)
    module.__package__ = "tonus"
    exec(compile(source, guard.__file__, "exec"), module.__dict__)
    module.ptr32 = Words  # type: ignore[attr-defined]
    return module


@pytest.fixture(autouse=True)
def _thirty_two_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "ptr32", Words)


class Played:
    """What the pulse loop does, without hardware: treatment plays, the rail is up, all is well until told otherwise."""

    def __init__(self, g: Any = guard, probing: bool = False) -> None:
        self.g = g
        self.kept: array[int] = g.kept()
        self.kept[g.DRIVEN], self.kept[g.REVERSE] = FORWARD | REVERSE, REVERSE
        self.kept[g.FAULT_N], self.kept[g.USB] = FAULT_N, USB
        g.calibrate(self.kept, NA16, PER_DAC, AT_ZERO, ZERO_CODES)
        self.kept[g.RUNNING] = self.kept[g.POWERED] = 1
        self.kept[g.PROBING] = 1 if probing else 0
        self.kept[g.PINS] = FAULT_N
        g.begin(self.kept)

    def tick(self, n: int = 1, late: int = 0, pins: int = FAULT_N, stops: int = 0) -> int:
        """So many ticks; the first cut."""
        g = self.g
        for _ in range(n):
            self.kept[g.TICKS] += 1
            self.kept[g.LATE_BY], self.kept[g.PINS], self.kept[g.STOPS] = late, pins, stops
            found: int = g.tick(self.kept)
            assert isinstance(found, int)
            if found:
                return found
        return 0

    def give(self, code: int = CODE, width: int = WIDTH, kind: int = PAIR) -> None:
        g, kept = self.g, self.kept
        for field in (g.NUMBER, g.CODE, g.WIDTH, g.KIND):
            kept[g.BEFORE + field] = kept[g.NEWEST + field]
        kept[g.NEWEST + g.NUMBER] += 1
        kept[g.NEWEST + g.CODE], kept[g.NEWEST + g.WIDTH], kept[g.NEWEST + g.KIND] = code, width, kind
        kept[g.UNSAMPLED] += 1

    def see(
        self,
        current: int | None = None,
        pins: int = FORWARD,
        within: int = 0,
        again: int | None = None,
        pins_again: int | None = None,
        before: bool = False,
    ) -> int:
        """A reading: a sense code (None: what is set), and the levels besides FAULT_N."""
        g, kept = self.g, self.kept
        if current is None:
            current = self.expected()
        kept[g.UNIT] = g.BEFORE if before else g.NEWEST
        kept[g.RAW] = current + ZERO_CODES
        kept[g.AGAIN] = (current if again is None else again) + ZERO_CODES
        kept[g.PINS] = pins | FAULT_N
        kept[g.PINS_AGAIN] = kept[g.PINS] if pins_again is None else pins_again
        kept[g.WITHIN] = within
        found: int = g.sample(kept)
        return found

    def expected(self) -> int:
        return int(self.kept[self.g.NEWEST + self.g.CODE] * PER_DAC + AT_ZERO >> 10)

    @property
    def account(self) -> int:
        return int(self.kept[self.g.ACCOUNT] - self.g.BIAS)

    def value(self) -> int:
        return int(self.kept[self.g.VALUE])

    def pulse(self, current: int | None = None) -> int:
        """A pulse of two phases, both seen; the first cut."""
        self.give()
        return self.see(current, FORWARD) or self.see(current, REVERSE)


# The rules, each by a check that a guard without it does not pass.


def check_latch(g: Any) -> None:
    it = Played(g)
    assert it.tick(pins=0) == faults.LATCH
    assert it.value() == 0
    it.kept[g.RUNNING] = 0
    assert it.tick(pins=0) == faults.LATCH  # the self-test has the rail up, too
    it.kept[g.POWERED] = 0
    assert it.tick(pins=0) == 0  # there is nothing to end


def check_usb(g: Any) -> None:
    it = Played(g)
    assert it.tick(pins=FAULT_N | USB) == faults.USB
    it.kept[g.RUNNING] = 0
    assert it.tick(pins=FAULT_N | USB) == 0


def check_stall(g: Any) -> None:
    it = Played(g)
    assert it.tick(late=limits.STALL_US) == 0
    assert it.tick(late=limits.STALL_US + 1) == faults.LOOP_STALLED
    assert it.value() == limits.STALL_US + 1
    it.kept[g.RUNNING] = 0
    assert it.tick(late=limits.STALL_US + 1) == 0


def check_stop(g: Any) -> None:
    for probing in (False, True):
        it = Played(g, probing)
        assert it.tick() == 0
        assert it.tick(stops=1) == faults.STOP


def check_limit(g: Any) -> None:
    it = Played(g)
    it.kept[g.TREATED] = limits.SESSION_MAX_MS - 1
    assert it.tick() == 0
    assert it.kept[g.TREATED] == limits.SESSION_MAX_MS
    assert it.tick() == faults.LIMIT
    probing = Played(g, probing=True)
    probing.kept[g.TREATED] = limits.SESSION_MAX_MS
    assert probing.tick() == 0
    assert probing.kept[g.TREATED] == limits.SESSION_MAX_MS


def check_blind_ms(g: Any) -> None:
    for probing in (False, True):
        it = Played(g, probing)
        it.kept[g.UNSEEN] = 7
        assert it.tick(limits.BLIND_MS) == 0
        assert it.tick() == faults.BLIND
        assert it.value() == 7
    it = Played(g)
    for _ in range(3):
        assert it.tick(limits.BLIND_MS) == 0
        assert it.pulse() == 0


def check_blind_pulses(g: Any) -> None:
    it = Played(g)
    for _ in range(limits.BLIND_PULSES):
        it.give()
    assert it.tick() == 0
    it.give()
    assert it.tick() == faults.BLIND
    it.see(pins=0)
    assert it.tick() == faults.BLIND  # it came too late to see anything
    it.see()
    assert it.tick() == 0
    assert it.kept[g.UNSAMPLED] == 0


def check_too_fast(g: Any) -> None:
    it = Played(g)
    it.kept[g.ROOM] = 5
    it.kept[g.LONGEST_US] = 900
    it.kept[g.UNSEEN] = 3
    it.kept[g.GIVEN_US] = 5 * 900 + limits.TICK_US
    assert it.tick() == 0
    assert it.kept[g.GIVEN_US] == 5 * 900
    it.kept[g.GIVEN_US] = 5 * 900 + limits.TICK_US + 1
    assert it.tick() == faults.BLIND
    assert it.value() == 3
    for left in (400, limits.TICK_US - 1):
        it.kept[g.GIVEN_US] = left
        assert it.tick() == 0
        assert it.kept[g.GIVEN_US] == 0  # it has run dry, and owes nothing
    it.kept[g.GIVEN_US] = 9000
    g.begin(it.kept)
    assert it.kept[g.GIVEN_US] == it.kept[g.LONGEST_US] == 0


def check_most(g: Any) -> None:
    for probing in (False, True):
        it = Played(g, probing)
        it.kept[g.MOST], it.kept[g.RAMPED] = CODE, limits.RAMP_MIN_MS
        it.give(CODE)
        assert it.tick() == 0
        it.give(CODE + 1)
        assert it.tick() == faults.OVERCURRENT
        assert it.value() == (CODE + 1) * PER_DAC >> 10


def check_ramp(g: Any) -> None:
    """From three eighths on, in RAMP_MIN_MS; not for the probe."""
    for ms in (0, 1, 250, limits.RAMP_MIN_MS - 1):
        it = Played(g)
        it.kept[g.MOST], it.kept[g.RAMPED] = 2000, ms
        most = 2000 * (8 * ms + 3 * limits.RAMP_MIN_MS) // (8 * limits.RAMP_MIN_MS) + 2 * it.kept[g.OVER_CODES]
        it.give(most)
        assert it.tick() == 0
        assert it.kept[g.RAMPED] == ms + 1
        it.kept[g.RAMPED] = ms
        it.give(most + 1)
        assert it.tick() == faults.OVERCURRENT
    it = Played(g)
    it.kept[g.MOST], it.kept[g.RAMPED] = 2000, limits.RAMP_MIN_MS
    it.give(2001)
    assert it.tick() == faults.OVERCURRENT
    assert it.kept[g.RAMPED] == limits.RAMP_MIN_MS
    it = Played(g, probing=True)
    it.kept[g.MOST], it.kept[g.RAMPED] = 2000, 0
    it.give(2000)
    assert it.tick() == 0
    assert it.kept[g.RAMPED] == 0


def check_lift(g: Any) -> None:
    # (DAC code, the sense code from which current flows): small set currents, and others.
    lift, open_ = it_lift(g)
    for code, least in ((CODE, lift), (smallest(4 * open_), lift), (smallest(4 * open_) - 1, open_)):
        it = Played(g)
        it.give(code)
        assert it.see(least) == 0
        it.give(code)
        it.kept[g.VALUE] = 7  # of another cut
        assert it.see(least - 1) == faults.LIFT
        assert it.value() == 0
        assert it.kept[g.GONE] == 1
        it = Played(g)
        it.give(code)
        assert it.see(least, again=0) == 0  # that one is an old one: it is only taken where the first is below
    it = Played(g)
    it.give(smallest(2 * open_))
    assert it.see(open_ - 1, REVERSE) == faults.LIFT
    # What is no lift: too little set; the probe; a second reading that shows current, or comes too late.
    for code, probing, again, pins_again in (
        (smallest(2 * open_) - 1, False, 0, None),
        (CODE, True, 0, None),
        (CODE, False, lift, None),
        (CODE, False, 0, FAULT_N),
    ):
        it = Played(g, probing)
        it.give(code)
        assert it.see(0, again=again, pins_again=pins_again) == 0
        assert it.kept[g.GONE] == 0


def it_lift(g: Any) -> tuple[int, int]:
    it = Played(g)
    return it.kept[g.LIFT_CODES], it.kept[g.OPEN_CODES]


def smallest(expected: int) -> int:
    """The smallest DAC code of which so many sense codes are expected."""
    return next(code for code in range(4096) if code * PER_DAC + AT_ZERO >> 10 >= expected)


def check_tripped(g: Any) -> None:
    it = Played(g)
    it.give()
    assert it.see(0, pins_again=FORWARD) == faults.LATCH


def check_overcurrent(g: Any) -> None:
    it = Played(g)
    it.give()
    most = it.expected() + it.expected() * limits.OVERCURRENT_PCT // 100 + it.kept[g.OVER_CODES]
    for pins in (FORWARD, REVERSE) * 2:
        assert it.see(most, pins) == 0
    assert it.see(most + 1) == 0
    assert it.see(most, REVERSE) == 0
    it.give()
    assert it.see(most + 1) == 0
    assert it.see(most + 1, REVERSE) == faults.OVERCURRENT
    assert it.value() == most + 1


def check_charge(g: Any) -> None:
    for pins in (FORWARD, REVERSE):
        it = Played(g)
        last = found = 0
        for _ in range(1000):
            it.give(width=500, kind=0 if pins == FORWARD else 1)
            found = it.see(pins=pins)
            if found:
                break
            last = abs(it.account)
            assert last < it.kept[g.CHARGE_TRIP]
        assert found == faults.CHARGE
        assert it.value() == limits.CHARGE_TRIP_NC // 1000
        assert abs(it.account) >= it.kept[g.CHARGE_TRIP] > last
    for less, cut in ((1, 0), (0, faults.CHARGE)):
        for pins, sign in ((FORWARD, 1), (REVERSE, -1)):
            it = Played(g)
            it.give(kind=0 if sign > 0 else 1)
            it.kept[g.ACCOUNT] += sign * (it.kept[g.CHARGE_TRIP] - it.expected() * (WIDTH // 2) - less)
            assert it.see(pins=pins) == cut


def check_against(g: Any) -> None:
    for sign, way in ((1, g.BACK), (-1, g.FORWARD)):
        it = Played(g)
        even = it.kept[g.CHARGE_EVEN]
        it.kept[g.ACCOUNT] = g.BIAS + sign * even
        assert g.turn(it.kept) == g.EITHER
        it.kept[g.ACCOUNT] = g.BIAS + sign * (even + 1)
        assert g.turn(it.kept) == way


def check_unsure(g: Any) -> None:
    """A phase that is cut while it plays: half of what may have flowed since the last look is not known."""
    it = Played(g)
    it.give(width=12_500, kind=0)
    assert it.see(within=1) == 0
    assert it.kept[g.BOOKED] == 125
    before = it.account
    g.close(it.kept)
    it.kept[g.NEWEST + g.CODE] = CODE
    assert it.account == before + it.expected() * 125
    assert it.kept[g.UNSURE] == it.expected() * 125
    assert g.unsure_nc(it.kept) == it.expected() * 125 * 1000 // it.kept[g.CHARGE_UC]


CHECKS: dict[str, Callable[[Any], None]] = {
    "latch": check_latch,
    "usb": check_usb,
    "stall": check_stall,
    "stop": check_stop,
    "limit": check_limit,
    "blind_ms": check_blind_ms,
    "blind_pulses": check_blind_pulses,
    "too_fast": check_too_fast,
    "most": check_most,
    "ramp": check_ramp,
    "lift": check_lift,
    "tripped": check_tripped,
    "overcurrent": check_overcurrent,
    "charge": check_charge,
    "against_forward": check_against,
    "against_reverse": check_against,
    "unsure": check_unsure,
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_holds(rule: str) -> None:
    CHECKS[rule](guard)


@pytest.mark.parametrize("rule", RULES)
def test_a_guard_without_a_rule_does_not_pass_its_check(rule: str) -> None:
    broken = strict(without(rule), f"guard_without_{rule}")
    with pytest.raises(AssertionError):
        CHECKS[rule](broken)


def test_what_ends_first_is_what_is_named() -> None:
    """All at once, and one after the other taken away."""
    it = Played()
    it.kept[guard.TREATED] = limits.SESSION_MAX_MS
    it.kept[guard.UNSAMPLED_MS] = limits.BLIND_MS
    late = limits.STALL_US + 1
    assert it.tick(late=late, pins=USB, stops=1) == faults.LATCH
    assert it.tick(late=late, pins=USB | FAULT_N, stops=1) == faults.USB
    assert it.tick(late=late, stops=1) == faults.LOOP_STALLED
    assert it.tick(stops=1) == faults.STOP
    assert it.value() == 0
    assert it.tick() == faults.LIMIT
    it.kept[guard.TREATED] = 0
    assert it.tick() == faults.BLIND


@pytest.mark.parametrize(
    ("late", "counts"),
    [
        (limits.LATE_US, (0, 0)),
        (limits.LATE_US + 1, (1, 0)),
        (limits.MISSED_US, (1, 0)),
        (limits.MISSED_US + 1, (0, 1)),
    ],
)
def test_late_ticks_are_counted_while_the_rail_is_up(late: int, counts: tuple[int, int]) -> None:
    it = Played()
    it.tick(late=late)
    assert (it.kept[guard.LATE], it.kept[guard.MISSED]) == counts
    it.kept[guard.RUNNING] = 0
    it.tick(late=late)
    assert (it.kept[guard.LATE], it.kept[guard.MISSED]) == (2 * counts[0], 2 * counts[1])
    it.kept[guard.POWERED] = 0
    it.tick(late=late)
    assert (it.kept[guard.LATE], it.kept[guard.MISSED]) == (2 * counts[0], 2 * counts[1])


# The account.


@pytest.mark.parametrize("sign", [1, -1])
def test_the_account_is_forgotten_with_its_time(sign: int) -> None:
    it = Played()
    it.kept[guard.POWERED] = it.kept[guard.RUNNING] = 0
    of = 40 * it.kept[guard.CHARGE_UC]
    it.kept[guard.ACCOUNT] += sign * of
    it.kept[guard.UNSURE] = of
    it.tick(limits.CHARGE_FORGET_MS)
    assert it.account == pytest.approx(sign * of / 2.71828, rel=0.003)
    assert it.kept[guard.UNSURE] == pytest.approx(of / 2.71828, rel=0.003)


@pytest.mark.parametrize("uc", [7, -7])
def test_the_account_is_told_in_nanocoulombs(uc: int) -> None:
    it = Played()
    it.kept[guard.ACCOUNT] += uc * it.kept[guard.CHARGE_UC]
    it.kept[guard.UNSURE] = abs(uc) * it.kept[guard.CHARGE_UC]
    assert guard.charge_nc(it.kept) == uc * 1000
    assert guard.unsure_nc(it.kept) == abs(uc) * 1000


phases = st.tuples(
    st.booleans(),  # a pulse of two phases; or a phase with a code of its own
    st.booleans(),  # it begins in reverse
    st.integers(25, 500),  # its width, 4 us
    st.integers(200, 1500),  # what flows
    st.integers(200, 1500),  # ... in the second
    st.sampled_from(("all", "not the first", "not the second")),  # what is seen of it
)


@given(st.lists(phases, max_size=8))
@settings(deadline=None)
def test_what_flowed_is_booked_to_the_code(units: list[tuple[bool, bool, int, int, int, str]]) -> None:
    """A phase's first half by its sample, all of it by the next; nobody saw it: as much as before it."""
    it = Played()
    booked = flowed = last = 0
    it.give()
    assert it.see(1000) == 0
    last, rest, way = 1000, WIDTH - WIDTH // 2, 1
    booked, flowed = 1000 * (WIDTH // 2), 1000 * (WIDTH // 2)

    def look(current: int, direction: int, width: int, seen: bool) -> None:
        nonlocal booked, flowed, last, rest, way
        booked += last * rest * way
        flowed += last * rest
        part = width // 2 if seen else width
        if seen:
            last = current
        booked += last * part * direction
        flowed += last * part
        rest, way = width - part, direction

    # The first pulse's second phase.
    assert it.see(900, REVERSE) == 0
    look(900, -1, WIDTH, True)
    for pair, reverse, width, current, second, seen in units:
        it.give(2000, width, (PAIR if pair else 0) | (1 if reverse else 0))
        first = -1 if reverse else 1
        pins = REVERSE if reverse else FORWARD
        sees = seen != "not the first"
        assert it.see(current, pins if sees else 0, again=current) == 0
        look(current, first, width, sees)
        if pair:
            sees = seen != "not the second"
            assert it.see(second, FORWARD + REVERSE - pins if sees else 0) == 0
            look(second, -first, width, sees)
        if seen == "all" or not pair:
            assert it.account == booked
            assert it.kept[guard.FLOWED] == flowed
    it.give(2000, 400)
    assert it.see(500) == 0
    look(500, 1, 400, True)
    assert it.account == booked
    assert it.kept[guard.FLOWED] == flowed


@given(st.integers(501, 124_999), st.booleans())
@settings(deadline=None)
def test_a_long_phase_is_booked_as_it_goes_on(width: int, reverse: bool) -> None:
    it = Played()
    it.give(700, width, 1 if reverse else 0)
    pins = REVERSE if reverse else FORWARD
    sign = -1 if reverse else 1
    current = it.expected()
    middle = False
    for t in range(125, width, 250):
        if t > width // 2 and not middle:
            middle = True
            assert it.see(current, pins) == 0
            assert it.account == sign * current * (width // 2)
        assert it.see(current, pins, within=1) == 0
        assert abs(it.account - sign * current * t) <= current * 125
    it.give(700, width, 0 if reverse else 1)
    assert it.see(current, FORWARD + REVERSE - pins, within=1) == 0
    assert it.account == sign * current * (width - 125)
    assert it.kept[guard.NET] - guard.BIAS == -sign * current * 125
    assert it.see(current, 0, within=1) == 0  # it is over: the next one is another's
    assert it.account == sign * current * (width - 125)


def test_sums_are_of_phases_at_the_set_current() -> None:
    it = Played()
    it.kept[guard.VOLTAGE] = guard.BIAS - 3
    it.give()
    assert it.see(1990) == 0
    it.give(kind=PAIR | BETWEEN, code=64)
    it.see(40)
    it.give(code=100, kind=1)
    it.kept[guard.VOLTAGE] = guard.BIAS + 100
    assert it.see(60, REVERSE) == 0
    sums = guard.N, guard.SUM_SET, guard.SUM_CURRENT, guard.SUM_VOLTAGE
    assert [it.kept[i] for i in sums] == [2, CODE + 100, 2050, 97 + guard.BIAS]
    # Of what flowed the probe in the rest is no part: half a phase of each, and the rest of the first pulse.
    half, rest = WIDTH // 2, 2 * WIDTH - WIDTH // 2
    assert it.kept[guard.FLOWED_US] == half + rest + half
    assert it.kept[guard.FLOWED] == 1990 * (half + rest) + 60 * half
    assert it.kept[guard.FLOWED_SET] == CODE * (half + rest) + 100 * half


def test_less_than_nothing_is_nothing() -> None:
    for current in (-5, -1):
        it = Played(probing=True)
        it.give()
        assert it.see(current) == 0
        assert it.account == 0
        assert it.kept[guard.CURRENT] == 0


def test_a_reading_may_be_of_the_unit_before() -> None:
    it = Played()
    it.give(code=2000, width=100)
    it.give(code=100, width=400)
    assert it.see(1200, before=True) == 0
    assert it.account == 1200 * 50


def test_samples_that_come_too_late_are_counted() -> None:
    it = Played()
    it.give()
    assert it.see(pins=0) == 0
    assert it.kept[guard.UNSEEN] == 1
    assert it.account == 0
    assert it.pulse(1000) == 0
    it.give()
    flowed = it.account, it.kept[guard.FLOWED]
    assert it.see(pins=0) == 0
    assert (it.account, it.kept[guard.FLOWED]) == flowed  # which phase that was, the next look shows
    it.kept[guard.UNSEEN] = 0x3FFFFFFF
    assert it.see(pins=0) == 0
    assert it.kept[guard.UNSEEN] == 0


# Which way the next cycle begins.


def test_the_answers_differ() -> None:
    assert len({guard.EARLY, guard.FORWARD, guard.BACK, guard.EITHER}) == 4


def test_within_a_long_phase_it_is_early_until_its_last_three_milliseconds() -> None:
    it = Played()
    it.give(700, 5000, 0)
    assert it.see(within=1) == 0
    it.kept[guard.BOOKED] = 5000 - 751
    it.kept[guard.PINS] = FORWARD | FAULT_N
    assert guard.turn(it.kept) == guard.EARLY
    it.kept[guard.BOOKED] = 5000 - 750
    assert guard.turn(it.kept) != guard.EARLY
    it.kept[guard.BOOKED] = 0
    it.kept[guard.PINS] = FAULT_N  # it is over
    assert guard.turn(it.kept) != guard.EARLY
    it.kept[guard.PINS] = REVERSE | FAULT_N
    it.give(700, 5000, 0)  # given, and not looked at: what plays is not yet known
    assert guard.turn(it.kept) == guard.EARLY
    it.give(700, 5000, PAIR)
    assert guard.turn(it.kept) != guard.EARLY
    it.give(700, limits.WATCHED_US // 4, 0)
    assert guard.turn(it.kept) != guard.EARLY


@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("next_kind", [None, 0, 1, PAIR])
def test_the_account_as_it_will_be(reverse: int, next_kind: int | None) -> None:
    """Of the unit that plays all counts, and of one that is given all, by the current there was: a pulse is even."""
    for more, way in ((0, guard.EITHER), (1, guard.BACK), (-1, guard.FORWARD)):
        it = Played()
        it.give(700, 400, reverse)
        assert it.see(pins=REVERSE if reverse else FORWARD) == 0
        will = it.expected() * 400 * (-1 if reverse else 1)
        current = it.expected()
        if next_kind is not None:
            it.give(700, 300, next_kind)
            if not next_kind & PAIR:
                will += current * 300 * (-1 if next_kind & 1 else 1)
        it.kept[guard.PINS] = FAULT_N
        it.kept[guard.ACCOUNT] += more * (it.kept[guard.CHARGE_EVEN] + 1) - will
        assert guard.turn(it.kept) == way
    it = Played()
    it.give()
    assert it.see() == 0  # half of a pulse is out; when it is over there is nothing
    it.kept[guard.ACCOUNT] += it.kept[guard.CHARGE_EVEN]
    assert guard.turn(it.kept) == guard.EITHER


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("reverse", [0, 1])
def test_a_pulse_is_even_when_it_is_over_whatever_is_booked_of_it(reverse: int, seen: bool) -> None:
    first, second = (REVERSE, FORWARD) if reverse else (FORWARD, REVERSE)
    for more, way in ((0, guard.EITHER), (1, guard.BACK), (-1, guard.FORWARD)):
        it = Played()
        assert it.pulse(1000) == 0
        it.give(width=200, kind=PAIR | reverse)
        if seen:
            assert it.see(1000, first) == 0
        assert it.see(700, second) == 0
        it.kept[guard.ACCOUNT] += more * it.kept[guard.CHARGE_EVEN]
        assert guard.turn(it.kept) == guard.EITHER
        it.kept[guard.ACCOUNT] += more
        assert guard.turn(it.kept) == way


@pytest.mark.parametrize("kind", [0, 1])
def test_a_phase_is_booked_as_it_drives(kind: int) -> None:
    """One of its own code, seen to drive the other way: the switches are believed."""
    it = Played()
    assert it.pulse(1000) == 0
    it.kept[guard.ACCOUNT] = guard.BIAS
    it.kept[guard.AT_WIDTH] = it.kept[guard.BOOKED] = 0
    sign, pins = (1, FORWARD) if kind else (-1, REVERSE)
    it.give(kind=kind)
    assert it.see(1000, pins) == 0
    assert it.account == sign * 1000 * (WIDTH // 2)
    left = 1000 * (WIDTH - WIDTH // 2)
    assert closed(it, FORWARD + REVERSE - pins) == (-sign * (left >> 1), left >> 1, left >> 1)


# What is cut short.


def closed(it: Played, pins: int = 0, gone: int = 0) -> tuple[int, int, int]:
    """(account, unsure, flowed) that closing adds."""
    kept = it.kept
    before = it.account, kept[guard.UNSURE], kept[guard.FLOWED]
    us, by_code, last, code = kept[guard.FLOWED_US], kept[guard.FLOWED_SET], kept[guard.CURRENT], kept[guard.AT_CODE]
    kept[guard.PINS], kept[guard.GONE], kept[guard.UNIT] = pins | FAULT_N, gone, guard.NEWEST
    guard.close(kept)
    assert kept[guard.GONE] == 0
    assert kept[guard.CURRENT] == kept[guard.BOOKED] == kept[guard.AT_WIDTH] == 0
    assert kept[guard.AT] == kept[guard.NEWEST + guard.NUMBER]
    assert kept[guard.NET] == guard.BIAS
    if last:
        us = kept[guard.FLOWED_US] - us
        assert us == (kept[guard.FLOWED] - before[2]) // last
        assert kept[guard.FLOWED_SET] - by_code == us * code
    return it.account - before[0], kept[guard.UNSURE] - before[1], kept[guard.FLOWED] - before[2]


@pytest.mark.parametrize(("pins", "sign"), [(FORWARD, 1), (REVERSE, -1)])
def test_what_was_left_of_a_phase_that_is_over_has_flowed(pins: int, sign: int) -> None:
    it = Played()
    it.give(kind=0 if sign > 0 else 1)
    assert it.see(1000, pins) == 0
    left = 1000 * (WIDTH - WIDTH // 2)
    assert closed(it) == (sign * left, 0, left)
    it.give(kind=0 if sign > 0 else 1)
    assert it.see(1000, pins) == 0
    us = it.kept[guard.FLOWED_US], it.kept[guard.FLOWED_SET]
    assert closed(it, gone=1) == (sign * (left >> 1), left >> 1, left >> 1)  # a lift: nobody knows whether it did
    assert it.kept[guard.FLOWED_US] - us[0] == (left >> 1) // 1000
    assert it.kept[guard.FLOWED_SET] - us[1] == (left >> 1) // 1000 * CODE


@pytest.mark.parametrize("way", [1, -1])
def test_half_of_what_may_have_begun_of_a_phase_that_plays(way: int) -> None:
    first, second = (FORWARD, REVERSE) if way > 0 else (REVERSE, FORWARD)
    reverse = 0 if way > 0 else 1
    # The very phase that was looked at: what is left of it, at most a millisecond.
    it = Played()
    it.give(kind=PAIR | reverse)
    assert it.see(1000, first) == 0
    begun = 1000 * (WIDTH - WIDTH // 2) >> 1
    assert closed(it, first) == (way * begun, begun, begun)
    it.give(width=10_000, kind=reverse)
    assert it.see(1000, first, within=1) == 0
    assert closed(it, first) == (way * 125_000, 125_000, 125_000)
    # The second phase of the same pulse: what was left of the first has flowed.
    it.give(kind=PAIR | reverse)
    assert it.see(1000, first) == 0
    left, begun = 1000 * (WIDTH - WIDTH // 2), 1000 * (WIDTH // 2) >> 1
    assert closed(it, second) == (way * (left - begun), begun, left + begun)
    # Another unit.
    it.give(kind=PAIR | reverse)
    assert it.see(1000, first) == 0
    it.give(kind=reverse)
    assert closed(it, second) == (way * (left - begun), begun, left + begun)
    # One that lasts longer than it should: nothing more of it is known.
    for booked in (401, 650):
        it.give(width=400, kind=reverse)
        assert it.see(1000, first) == 0
        it.kept[guard.BOOKED] = booked
        assert closed(it, first) == (0, 0, 0)


def test_a_probe_in_a_rest_is_in_the_account_and_in_no_sum() -> None:
    it = Played()
    it.give(64, 500, PAIR | BETWEEN)
    assert it.see(40) == 0
    assert closed(it) == (40 * 250, 0, 0)
    assert it.kept[guard.FLOWED_US] == 0
    assert closed(it) == (0, 0, 0)


@pytest.mark.parametrize("gone", [0, 1])
def test_a_pulse_before_a_probe_had_all_its_time(gone: int) -> None:
    """The account takes no chances; what was delivered is what most likely was: a lift mostly comes in a rest."""
    it = Played()
    it.give(kind=PAIR)
    assert it.see(1000, FORWARD) == 0
    assert it.see(1000, REVERSE) == 0
    it.give(64, 500, PAIR | BETWEEN)
    left, begun = 1000 * (WIDTH - WIDTH // 2), 1000 * 250 >> 1
    assert closed(it, FORWARD, gone) == (begun - (left >> gone), begun + gone * (left >> 1), left)


def test_a_beginning_forgets_what_was_looked_at() -> None:
    it = Played()
    it.give()
    it.kept[guard.OVER] = 1
    assert it.see(3000) == faults.OVERCURRENT
    it.tick(3)
    guard.begin(it.kept)
    fields = (guard.OVER, guard.UNSAMPLED, guard.UNSAMPLED_MS, guard.AT_WIDTH, guard.AT_KIND, guard.AT_SECOND)
    assert [it.kept[i] for i in (*fields, guard.BOOKED, guard.CURRENT)] == [0] * 8
    assert [it.kept[guard.NEWEST + i] for i in (guard.CODE, guard.WIDTH, guard.KIND)] == [0] * 3


def test_calibration_makes_codes_of_currents() -> None:
    it = Played()
    of = {guard.OPEN_CODES: 2, guard.LIFT_CODES: 3, guard.OVER_CODES: 10}
    for field, ua in of.items():
        assert it.kept[field] == round(ua * 16_000 / NA16)
    assert it.kept[guard.OPEN_RAW] == it.kept[guard.OPEN_CODES] + ZERO_CODES
    assert it.kept[guard.LIFT_RAW] == it.kept[guard.LIFT_CODES] + ZERO_CODES
    assert it.kept[guard.CHARGE_UC] == 4_000_000_000 // NA16
    assert it.kept[guard.CHARGE_TRIP] == pytest.approx(60 * it.kept[guard.CHARGE_UC], abs=1)
    assert it.kept[guard.CHARGE_EVEN] == pytest.approx(0.1 * it.kept[guard.CHARGE_UC], abs=1)
    guard.calibrate(it.kept, NA16, PER_DAC, -300, -4)  # what may be negative stays a number the interrupt may read
    assert all(value >= 0 for value in it.kept)
    assert len(guard.kept(3)) == guard.KEPT + 3
    assert len(guard.kept()) == guard.KEPT
    assert guard.kept()[guard.UNIT] == guard.NEWEST  # who does not say of which unit a reading is means that one


def test_limits_are_codes_of_any_calibration_to_the_nearest() -> None:
    it = Played()
    of = {guard.OPEN_CODES: limits.OPEN_UA, guard.LIFT_CODES: limits.LIFT_UA, guard.OVER_CODES: limits.OVERCURRENT_UA}
    for na16 in range(2000, 6000):
        guard.calibrate(it.kept, na16, PER_DAC, AT_ZERO, ZERO_CODES)
        for field, ua in of.items():
            off = it.kept[field] * na16 - ua * 1000 * 16
            assert -na16 < 2 * off <= na16
        code_fc = na16 * 4 * 1000 // 16  # of 4 us: exactly, in a thousandth of a femtocoulomb
        assert code_fc == na16 * 250
        assert it.kept[guard.CHARGE_UC] == 10**12 // code_fc


def test_until_it_is_told_any_code_of_the_converter_may_play() -> None:
    it = Played()
    it.give(4095)
    assert it.tick() == 0
    it.give(4096)
    assert it.tick() == faults.OVERCURRENT


def test_the_arithmetic_here_is_that_of_32_bits() -> None:
    words: Any = Words(array("i", [0x7FFFFFFF, 2]))
    assert words[0] + 0 == 0x7FFFFFFF
    assert words[0] - words[0] - 0x80000000 == -0x80000000
    works: tuple[Callable[[], Any], ...] = (
        lambda: words[0] + 1,
        lambda: 1 + words[0],
        lambda: words[0] * words[1],
        lambda: words[1] << 30,
        lambda: 0 - words[0] - words[1],
    )
    for work in works:
        with pytest.raises(OverflowError):
            work()
