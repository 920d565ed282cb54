"""Contact: four classes from what the converters see of a load, with their noise, for every level of every preset."""

from __future__ import annotations

import random
from collections.abc import Iterable
from math import ceil, log

import pytest
from tonus import bank, limits, program
from tonus.contact import GOOD, OPEN, POOR, SHORT, Contact
from tonus_tools.world.boards import constants

BOARD = constants("tonus_r1")
NA_PER_CODE = BOARD.ADC_REFERENCE_MV * 1_000_000 // (4096 * BOARD.RSET_OHM)
UV_PER_CODE = BOARD.ADC_REFERENCE_MV * 1000 * BOARD.DIVIDER // 4096
UA_PER_CODE = BOARD.DAC_REFERENCE_MV * 1000 / BOARD.RSET_OHM / (1 << BOARD.DAC_BITS)
STEP_MS = 20  # the application's
SOURCE_OHM = BOARD.RSET_OHM + 500  # what compliance is lost in beside the skin
OPEN_OHM = 10**9


def compliance_mv(ua: int) -> int:
    """What the rail leaves for the electrodes at a set current."""
    return int(BOARD.RAIL_MV) - ua * int(BOARD.RSET_OHM) // 1000


# Pure test loads, and skins as a sum of Rs and Rp, which is what a long phase meets.
LOADS_OHM = {"500": 500, "2 k": 2000, "10 k": 10_000, "good gel": 20_500, "typical": 30_700}


class Skin:
    """Electrodes on a load, driven at a current, seen through 12 bit converters with noise."""

    def __init__(self, noise: int = 0, seed: int = 1) -> None:
        self.contact = Contact(BOARD.RAIL_MV, BOARD.RSET_OHM)
        deviation = (noise + 1) / 3**0.5  # codes; as the self-test finds it, and one more for the steps
        self.contact.noise(int(deviation * NA_PER_CODE), int(deviation * 2**0.5 * UV_PER_CODE / 1000))
        self.now = 0
        self.classes: list[str] = []
        self._noise = noise
        self._random = random.Random(seed)

    def drive(self, ohm: int, ua: int, ms: int, probing: bool = False, step_ms: int = STEP_MS, n: int = 2) -> str:
        """Hold a load at a set current for some time, `n` samples each `step_ms`; the class at its end."""
        code = program.code_for_ua(ua, BOARD.DAC_REFERENCE_MV, BOARD.RSET_OHM, BOARD.DAC_BITS)
        set_ua = program.ua_for_code(code, BOARD)
        flows = min(code * UA_PER_CODE, BOARD.RAIL_MV * 1000 / (ohm + SOURCE_OHM)) if ohm < OPEN_OHM else 0.0
        for _ in range(ms // step_ms):
            current = voltage = 0
            for _ in range(n):
                current += max(0, int(flows * 1000 / NA_PER_CODE + self._random.random()) + self._jitter())
                voltage += int(flows * ohm / UV_PER_CODE + self._random.random()) + self._jitter() - self._jitter()
            now_ua, now_mv = current // n * NA_PER_CODE // 1000, voltage // n * UV_PER_CODE // 1000
            self.classes.append(self.contact.update(set_ua, now_ua, now_mv, probing, self.now, n))
            assert self.contact.kind == self.classes[-1]
            self.now += step_ms
        return self.contact.kind

    def probe(self, ohm: int, ms: int) -> str:
        return self.drive(ohm, limits.PROBE_UA, ms, probing=True)

    def _jitter(self) -> int:
        return self._random.randint(-self._noise, self._noise)


def changes(classes: Iterable[str]) -> int:
    listed = list(classes)
    return sum(a != b for a, b in zip(listed, listed[1:], strict=False))


def test_nothing_touched_is_open() -> None:
    skin = Skin()
    assert skin.contact.kind == OPEN
    assert skin.probe(OPEN_OHM, 1000) == OPEN
    assert skin.contact.ohm == 0


@pytest.mark.parametrize("ohm", LOADS_OHM.values(), ids=LOADS_OHM)
def test_the_probe_finds_skin_after_it_has_settled(ohm: int) -> None:
    skin = Skin()
    skin.probe(OPEN_OHM, 500)
    touched = len(skin.classes)
    # The smallest loads make so little of a probe that they may as well be electrodes that touch.
    assert skin.probe(ohm, 500) == (GOOD if ohm * limits.PROBE_UA > 1000 * limits.SHORT_MV * 1.5 else SHORT)
    waited = (skin.classes.index(skin.contact.kind) - touched) * STEP_MS
    assert 130 <= waited <= 180


def test_skin_that_comes_and_goes_is_not_contact_yet() -> None:
    skin = Skin()
    for _ in range(20):
        skin.probe(500, 140)
        skin.probe(OPEN_OHM, 20)
    assert set(skin.classes) == {OPEN}


@pytest.mark.parametrize("ohm", [500, 30_700, 350_000])
def test_what_was_left_for_a_moment_is_found_again_by_one_probe(ohm: int) -> None:
    skin = Skin()
    kind = skin.probe(ohm, 500)
    for away_ms in (20, 60, 100):
        skin.contact.reset()  # the pulse loop has cut
        skin.probe(OPEN_OHM, away_ms)
        assert skin.contact.kind == OPEN
        touched = len(skin.classes)
        assert skin.probe(ohm, 200) == kind
        assert skin.classes[touched] == kind
    skin.contact.reset()
    skin.probe(OPEN_OHM, 200)
    touched = len(skin.classes)
    assert skin.probe(ohm, 500) == kind
    assert 130 <= (skin.classes.index(kind, touched) - touched) * STEP_MS <= 180


def test_dry_skin_is_not_found_in_a_moment() -> None:
    skin = Skin()
    assert skin.probe(30_700, 500) == GOOD
    skin.probe(OPEN_OHM, 60)
    touched = len(skin.classes)
    assert skin.probe(500_000, 500) == POOR
    assert 130 <= (skin.classes.index(POOR, touched) - touched) * STEP_MS <= 180


def test_samples_that_contact_came_in_the_middle_of_are_not_dry_skin() -> None:
    contact = Contact(BOARD.RAIL_MV, BOARD.RSET_OHM)
    for i in range(10):
        contact.update(8, 8, 240, True, 20 * i)
    contact.update(8, 0, 0, True, 200)
    contact.update(8, 4, 120, True, 220)
    assert contact.kind == OPEN
    assert contact.update(8, 8, 240, True, 240) == GOOD


def test_open_is_said_at_once() -> None:
    for probing in (False, True):
        skin = Skin()
        skin.probe(500, 500)
        before = len(skin.classes)
        skin.drive(OPEN_OHM, 100, 20, probing)
        assert skin.classes[before] == OPEN


def test_dry_skin_is_poor_to_the_probe_and_again_good_below_another_bound() -> None:
    skin = Skin()
    assert skin.probe(500_000, 500) == POOR
    assert skin.probe(350_000, 500) == POOR  # between the two bounds nothing changes
    assert skin.probe(250_000, 500) == GOOD
    assert skin.probe(350_000, 500) == GOOD


def test_out_of_compliance_is_poor_with_hysteresis() -> None:
    between = compliance_mv(400) * 1000 * 55 // 100 // 400
    skin = Skin()
    skin.drive(500, 400, 500)
    assert skin.drive(between, 400, 1000) == GOOD
    assert skin.drive(2 * between, 400, 1000) == POOR
    assert skin.drive(between, 400, 1000) == POOR
    assert skin.drive(2000, 400, 1000) == GOOD


def test_a_class_of_standing_contact_changes_after_200_ms() -> None:
    skin = Skin()
    skin.drive(500, 400, 500)
    at = len(skin.classes)
    skin.drive(200_000, 400, 500)
    assert 200 <= (skin.classes.index(POOR, at) - at) * STEP_MS <= 240
    assert set(skin.classes[at:]) == {GOOD, POOR}


def test_a_dry_moment_is_not_a_class() -> None:
    skin = Skin()
    skin.drive(500, 400, 500)
    at = len(skin.classes)
    for _ in range(20):
        skin.drive(200_000, 400, 180)
        skin.drive(500, 400, 20)
    assert set(skin.classes[at:]) == {GOOD}


def test_electrodes_that_touch_are_short_with_hysteresis() -> None:
    skin = Skin()
    skin.drive(500, 400, 500)
    assert skin.drive(150, 400, 500) == GOOD
    assert skin.drive(50, 400, 500) == SHORT
    assert skin.drive(150, 400, 500) == SHORT
    assert skin.drive(400, 400, 500) == GOOD


NOISES = [0, 2, 5, 10]  # codes either way: 10 is what people complain of
RATES = {"300 Hz": (20, 12), "20 Hz": (40, 1), "2 Hz": (250, 1), "0.3 Hz": (3333, 2)}  # (ms, samples in them)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("ua", [5, 12, 20, 60, 120, 400])
def test_electrodes_that_touch_are_never_good(ua: int, rate: str, noise: int) -> None:
    """Whatever touched before; within 15 s of averaging, or twenty pulses at rates that make fewer."""
    step_ms, n = RATES[rate]
    skin = Skin(noise, seed=ua)
    assert skin.drive(62, ua, 40 * step_ms + 20_000, step_ms=step_ms, n=n) == SHORT
    assert GOOD not in skin.classes
    assert skin.drive(30_000, ua, max(40 * step_ms, 10_000), step_ms=step_ms, n=n) == GOOD
    assert skin.drive(62, ua, max(20 * step_ms, 15_000), step_ms=step_ms, n=n) == SHORT


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("rate", ["300 Hz", "20 Hz"])
@pytest.mark.parametrize("ua", [60, 100, 240, 400, 500])
def test_the_smallest_regulatory_load_is_good_where_it_can_be_known(ua: int, rate: str, noise: int) -> None:
    step_ms, n = RATES[rate]
    skin = Skin(noise)
    skin.drive(557, ua, 20_000, step_ms=step_ms, n=n)  # with the switches
    assert skin.contact.kind == GOOD
    assert SHORT not in skin.classes[skin.classes.index(GOOD) :]


@pytest.mark.parametrize("noise", NOISES)
def test_the_least_that_skin_shows_is_good(noise: int) -> None:
    """36 mV: the middle of a phase of 100 us at 5 uA, good gel."""
    skin = Skin(noise)
    assert skin.drive(7200, 5, 10_000) == GOOD


def test_one_reading_decides_nothing() -> None:
    """One sample without current between others is no lift; two are, at once."""
    contact = Contact(BOARD.RAIL_MV, BOARD.RSET_OHM)
    for i in range(100):
        contact.update(12, 1 if i % 10 == 9 else 12, 300, False, 20 * i, 1)
    assert contact.kind == GOOD
    contact.update(12, 0, 0, False, 2000, 1)
    contact.update(12, 0, 0, False, 2020, 1)
    assert contact.kind == OPEN


def test_every_class_can_be_left_for_every_other() -> None:
    loads = {OPEN: OPEN_OHM, POOR: 200_000, GOOD: 2000, SHORT: 0}
    for before, ohm in loads.items():
        for after, then in loads.items():
            skin = Skin()
            assert skin.drive(ohm, 400, 1000) == before
            assert skin.drive(then, 400, 1000) == after


def test_reset_forgets() -> None:
    skin = Skin()
    skin.drive(500, 400, 1000)
    skin.contact.reset()
    assert (skin.contact.kind, skin.contact.ohm) == (OPEN, 0)
    skin.now += 200
    at = len(skin.classes)
    skin.drive(500, 400, 500)
    assert 130 <= (skin.classes.index(GOOD, at) - at) * STEP_MS <= 180


def test_the_impedance_of_touching_electrodes_is_not_negative() -> None:
    contact = Contact(BOARD.RAIL_MV, BOARD.RSET_OHM)
    contact.update(400, 400, -8, False, 0)  # one step of the converters' noise
    assert contact.ohm == 0


LEVELS_UA = sorted(
    {p.top_ua * level // 10 for p in bank.shipped() for level in range(1, 11)} | {5, 10, 15, 30, 50, 500}
)


@pytest.mark.parametrize("ua", LEVELS_UA)
@pytest.mark.parametrize("noise", NOISES)
def test_a_load_the_source_can_drive_is_good_at_every_level(ua: int, noise: int) -> None:
    for name, ohm in LOADS_OHM.items():
        if ohm * ua // 1000 > compliance_mv(ua) * 55 // 100:
            continue  # tight: what is left of a phase may run out of compliance
        if ohm * ua < 1000 * limits.SHORT_MV * 2.2:
            continue  # too little to know
        skin = Skin(noise, seed=ua)
        assert skin.drive(ohm, ua, 3000) == GOOD, name
        assert POOR not in skin.classes, name


@pytest.mark.parametrize("ua", LEVELS_UA)
def test_what_was_poor_is_good_again_at_every_level(ua: int) -> None:
    skin = Skin()
    dry = 2 * compliance_mv(ua) * 1000 // ua
    assert skin.drive(dry, ua, 1000) == POOR
    assert skin.drive(10_000, ua, 1000) == GOOD


@pytest.mark.parametrize("ua", [12, 40, 120, 240, 320, 400])
def test_noise_does_not_flap_whatever_the_load(ua: int) -> None:
    edge = compliance_mv(ua) * 1000 // ua  # here compliance ends
    near = (45, 50, 55, 60, 65, 80, 90, 100, 108, 112, 118, 130)
    loads = [50, 90, 100, 110, 240, 250, 260, 500, *(edge * pct // 100 for pct in near)]
    for ohm in loads:
        skin = Skin(noise=2, seed=ohm)
        skin.drive(2000, ua, 1000)
        at = len(skin.classes)
        skin.drive(ohm, ua, 20_000)
        # From skin to next to nothing: not known, then known.
        is_near = limits.SHORT_MV <= ohm * ua // 1000 <= 2 * limits.SHORT_MV
        assert changes(skin.classes[at:]) <= (2 if is_near else 1), ohm


@pytest.mark.parametrize("ohm", [500, 30_700, 290_000, 300_000, 350_000, 400_000, 410_000])
def test_noise_does_not_flap_the_probe(ohm: int) -> None:
    skin = Skin(noise=2, seed=ohm)
    skin.probe(ohm, 1000)
    at = len(skin.classes)
    skin.probe(ohm, 20_000)
    assert changes(skin.classes[at:]) <= 1


# Each bound, to the last unit: without noise, one reading of `n` samples after the other.

RAIL_MV, RSET_OHM = 24_000, 4000  # at 500 uA the electrodes may have 22 V


class Told:
    """A contact that is told numbers; what it says after each."""

    def __init__(self, na: int = 0, mv: int = 0) -> None:
        self.contact = Contact(RAIL_MV, RSET_OHM)
        if na or mv:
            self.contact.noise(na, mv)
        self.now = 0

    def see(
        self, mv: int, ua: int = 500, ms: int = 20, set_ua: int = 500, probing: bool = False, n: int = 2, times: int = 1
    ) -> str:
        """So many readings, each so long after the one before; the class seen last."""
        for _ in range(times):
            self.now += ms
            self.contact.update(set_ua, ua, mv, probing, self.now, n)
        return self.contact.seen

    def touched(self, kind: str, ohm: int = 2000) -> Told:
        """Has had this class for a second."""
        mv = {GOOD: ohm // 2, SHORT: 0, POOR: 15_000}[kind]
        self.see(mv, times=50)
        assert self.contact.kind == self.contact.seen == kind
        return self


def test_a_current_too_small_to_tell_anything_changes_nothing() -> None:
    for set_ua, told in ((2 * limits.OPEN_UA - 1, False), (2 * limits.OPEN_UA, True)):
        it = Told().touched(GOOD)
        it.see(0, 0, set_ua=set_ua)
        assert it.contact.kind == (OPEN if told else GOOD)
        assert it.contact.ohm == (0 if told else 2000)


def test_current_from_its_bound_on_is_contact() -> None:
    for ua, kind in ((limits.OPEN_UA - 1, OPEN), (limits.OPEN_UA, GOOD)):
        it = Told().touched(GOOD)
        it.see(0, ua)
        assert it.contact.kind == kind


def test_one_sample_without_current_is_forgotten_by_one_with() -> None:
    it = Told().touched(GOOD)
    for _ in range(3):
        it.see(0, 0, n=1)
        assert it.contact.kind == GOOD
        it.see(1000, n=1)
    it.see(0, 0, n=1)
    it.see(0, 0, n=1)
    assert it.contact.kind == it.contact.seen == OPEN
    it.see(0, 0, n=1)
    assert it.contact.kind == OPEN


def test_the_impedance_is_that_of_the_last_reading() -> None:
    it = Told()
    it.see(301, 7)
    assert it.contact.ohm == 43_000
    it.see(-1, 400)
    assert it.contact.ohm == 0
    it.see(0, 0)
    assert it.contact.ohm == 0


@pytest.mark.parametrize(("before", "wait_ms"), [(None, 130), (SHORT, 200)])
def test_a_class_is_one_when_it_has_lasted(before: str | None, wait_ms: int) -> None:
    """`before`: of a contact that stands; None: nothing was touched."""
    for last_ms, is_one in ((wait_ms - 1, False), (wait_ms, True)):
        it = Told()
        if before:
            it.touched(before)
        it.see(1000, n=4)
        at = it.now
        assert it.see(1000, n=4, ms=last_ms) == GOOD
        assert it.now - at == last_ms
        assert it.contact.kind == (GOOD if is_one else before or OPEN)


def test_a_probe_that_had_less_than_is_set_does_not_count_once() -> None:
    for ua, counts in ((919, False), (920, True)):
        it = Told()
        assert (it.see(2000, ua, set_ua=1000, probing=True) != OPEN) == counts
        assert it.see(2000, ua, set_ua=1000, probing=True) != OPEN
    it = Told()
    assert it.see(2000, 91, set_ua=100) != OPEN  # treatment is another matter
    # After another lift it is once more.
    it = Told()
    it.see(2000, 91, set_ua=100, probing=True)
    it.see(0, 0, set_ua=100, probing=True)
    assert it.see(2000, 91, set_ua=100, probing=True) == OPEN


@pytest.mark.parametrize("kind", [GOOD, SHORT])
def test_the_moment_in_which_it_is_found_again(kind: str) -> None:
    for away_ms, found in ((150, True), (151, False)):
        it = Told().touched(kind)
        at = it.now
        it.see(0, 0, ms=10)
        it.see(0 if kind == SHORT else 1000, ms=away_ms - 10)
        assert it.now - at == away_ms
        assert it.contact.kind == (kind if found else OPEN)
        assert it.contact.seen == (kind if found else SHORT)  # until it is known, they may touch


def test_dry_skin_within_the_moment_waits() -> None:
    for last_ms, kind in ((129, OPEN), (130, POOR)):
        it = Told().touched(POOR)
        it.see(0, 0)
        assert it.see(15_000) == POOR
        it.see(15_000, ms=last_ms)
        assert it.contact.kind == kind


def test_what_was_left_before_it_stood_is_not_remembered() -> None:
    it = Told()
    it.see(1000)
    it.see(0, 0)
    it.see(1000)
    assert it.contact.kind == OPEN


def test_what_has_lasted_goes_on_while_the_probe_learns_whether_they_touch() -> None:
    it = Told()
    assert it.see(1000, n=2) == SHORT
    assert it.see(1000, n=2, ms=100) == GOOD
    it.see(1000, n=2, ms=30)
    assert it.contact.kind == GOOD
    # Dry skin is another thing, either way, and its time runs from then on.
    for first, then in ((15_000, 1000), (1000, 15_000)):
        it = Told()
        it.see(first, n=4)
        it.see(then, n=4, ms=100)
        it.see(then, n=4, ms=129)
        assert it.contact.kind == OPEN
        it.see(then, n=4, ms=1)
        assert it.contact.kind == (POOR if then == 15_000 else GOOD)


def test_a_standing_contact_that_changes_waits_from_its_change_on() -> None:
    it = Told().touched(GOOD)
    for _ in range(3):
        assert it.see(15_000, ms=150) == POOR
        assert it.see(1000, ms=150) == GOOD
    assert it.contact.kind == GOOD
    it = Told().touched(GOOD)
    for _ in range(3):
        assert it.see(0, n=4, ms=150) == SHORT
        assert it.see(1000, n=4, ms=150) == GOOD
    assert it.contact.kind == GOOD


def test_poor_by_compliance() -> None:
    """22 V are there: beyond 60 % of them it is poor, and good again at 50 %."""
    for mv, seen in ((13_200, GOOD), (13_201, POOR)):
        assert Told().touched(GOOD).see(mv) == seen
    for mv, seen in ((11_000, GOOD), (11_001, POOR)):
        assert Told().touched(POOR).see(mv) == seen


def test_poor_by_missing_current() -> None:
    """Below 85 % of what is set, a step aside; good again at 92 %; where the voltage shows that the skin does it."""
    for ua, seen in ((424, GOOD), (423, POOR)):
        assert Told().touched(GOOD).see(5000, ua) == seen
    for ua, seen in ((459, GOOD), (458, POOR)):
        assert Told().touched(POOR).see(5000, ua) == seen
    # 100 uA are missing: a fifth. Four fifths of that, of 22 V, have to show.
    for mv, seen in ((3520, POOR), (3519, GOOD)):
        assert Told().touched(GOOD).see(mv, 400) == seen
    for ua, seen in ((250, POOR), (248, GOOD)):  # half the current is missing, and 40 % of the voltage shows
        assert Told().touched(GOOD).see(9000, ua) == seen
    # Of 400 set and 300 that flow, 80 % of the share: 4480 mV of 22,400, and not a whole percent less.
    for mv, seen in ((4480, POOR), (4479, GOOD)):
        assert Told().touched(GOOD).see(mv, 300, set_ua=400) == seen


def test_poor_by_the_probe() -> None:
    """Beyond 400 kOhm; and again good at 300."""
    # To the ohm, of a probe of a whole milliampere.
    for mv, seen in ((400_000, GOOD), (400_001, POOR)):
        assert Told().see(mv, 1000, set_ua=1000, probing=True, n=4) == seen
    for mv, seen in ((300_000, GOOD), (300_001, POOR)):
        it = Told()
        it.see(500_000, 1000, set_ua=1000, probing=True, times=20)
        assert it.contact.kind == POOR
        assert it.see(mv, 1000, set_ua=1000, probing=True, n=4) == seen
    it = Told()
    it.see(-3, 8, set_ua=8, probing=True)
    assert it.contact.seen == SHORT


@pytest.mark.parametrize("n", [1, 2])
def test_whether_they_touch_is_told_from_four_samples(n: int) -> None:
    it = Told()
    assert [it.see(1000, n=n) for _ in range(4 // n)] == [SHORT] * (4 // n - 1) + [GOOD]
    it = Told()
    it.contact.update(500, 500, 1000, False, 0)  # two, when nobody says how many
    assert [it.see(1000, n=1) for _ in range(2)] == [SHORT, GOOD]


def test_touching_is_less_than_the_larger_bound() -> None:
    """100 Ohm, or 15 mV; 250 Ohm to be left again. Who is not known to be clear of it touches."""
    for ua, bound in ((999, 99), (500, 50), (200, 20), (150, 15), (100, 15), (20, 15)):
        for mv, seen in ((bound, SHORT), (bound + 1, GOOD)):
            it = Told()
            assert it.see(mv, ua, set_ua=ua, n=4, times=5) == seen
    for ua, mv, seen in ((500, 125, SHORT), (500, 126, GOOD), (1000, 250, SHORT), (1000, 251, GOOD)):
        assert Told().touched(SHORT).see(mv, ua, set_ua=ua, n=4) == seen


def test_skin_that_is_known_is_believed_at_the_bound() -> None:
    """Until it is next to nothing: a quarter of what it was, and near the bound; or ten seconds have not told."""
    # (skin, then, whether it is taken for touching electrodes at once)
    for skin_ohm, mv, touches in (
        (2000, 49, True),  # clear
        (300, 50, False),  # the bound itself, and not much less than there was
        (408, 50, True),  # less than a quarter: 51 mV
        (400, 50, False),
    ):
        it = Told().touched(GOOD, skin_ohm)
        assert it.see(mv, n=4) == (SHORT if touches else GOOD), (skin_ohm, mv)


NOISE_MV = 20  # three deviations of four samples' mean are 30 mV


def test_what_noise_may_hide_is_not_known() -> None:
    """Three deviations of the mean from the bound of 50 mV."""
    for n, clear in ((4, 30), (9, 20)):
        for more, seen in ((0, SHORT), (1, GOOD)):
            assert Told(mv=NOISE_MV).see(50 + clear + more, n=n) == seen
    for less, seen in ((0, GOOD), (1, SHORT)):
        it = Told(mv=NOISE_MV).touched(GOOD, 240)
        assert it.see(50 - 20 - less, n=9) == seen


def test_skin_that_is_gone_stands_clear_of_what_there_was() -> None:
    """What was known at least is three deviations less than what was measured."""
    for mv, seen in ((44, SHORT), (45, GOOD)):
        it = Told(mv=NOISE_MV)
        assert it.see(330, n=4) == GOOD  # 600 Ohm at least: a quarter of them has 75 mV
        it.see(330, n=2, ms=200)
        it.see(330, n=2)
        assert it.contact.kind == GOOD
        assert it.see(mv, n=4) == seen
    # Near the bound, and not at twice it.
    for mv, seen in ((99, SHORT), (100, GOOD)):
        it = Told(mv=2 * NOISE_MV)
        it.see(1060, n=4, times=20)
        assert it.see(mv, n=4) == seen
    # To the ohm and the millivolt: 999, 1009 and 1010 Ohm at least; at 400 uA a quarter has 99, 100 and 101 mV.
    for skin_mv, mv, seen in ((1029, 69, GOOD), (1039, 70, GOOD), (1040, 70, SHORT)):
        it = Told(mv=NOISE_MV)
        it.see(skin_mv, 1000, set_ua=1000, n=4, times=20)
        assert it.see(mv, 400, set_ua=400, n=4) == seen, skin_mv


def test_ten_seconds_that_do_not_tell_are_no_skin() -> None:
    for mv, seen in ((49, SHORT), (50, GOOD)):
        it = Told(mv=NOISE_MV).touched(GOOD, 300)
        it.see(mv, n=2)
        it.see(mv, n=2, ms=9_999)
        assert it.contact.seen == GOOD
        assert it.see(mv, n=2, ms=1) == seen
    assert it.see(49, n=4, ms=1) == GOOD  # after the bound itself they begin anew
    assert it.see(49, n=4, ms=9_999) == GOOD
    assert it.see(49, n=4, ms=1) == SHORT
    # Nobody knows yet whether they touch: ten seconds tell nothing either.
    it = Told(mv=NOISE_MV)
    it.see(51, n=2, times=10, ms=4000)
    assert it.contact.seen == SHORT


def test_a_mean_that_has_told_is_followed_by_another() -> None:
    it = Told().touched(GOOD)
    assert [it.see(0) for _ in range(2)] == [GOOD, SHORT]
    assert [it.see(1000) for _ in range(2)] == [SHORT, GOOD]
    # The first begins with the contact.
    it = Told()
    it.see(0, times=1)
    it.see(0, 0)
    assert [it.see(101), it.see(1)] == [SHORT, GOOD]  # 51 of two


@pytest.mark.parametrize(
    ("na", "set_ua", "depth"),
    [
        (0, 500, 1),
        (19_999, 500, 1),
        (20_000, 500, 4),
        (39_999, 500, 9),
        (40_000, 500, 16),
        (40_000, 501, 9),
        (60_000, 500, 32),
        (10_000_000, 500, 32),
    ],
)
def test_noise_is_averaged_over_so_many_samples(na: int, set_ua: int, depth: int) -> None:
    """A tenth of what the compliance allows, and then all of it: how many readings until the mean is beyond 60 %."""
    it = Told(na)
    assert it.see(2000, set_ua, set_ua=set_ua, n=1, times=60) == GOOD
    readings = 0
    while it.see(20_000, set_ua, set_ua=set_ua, n=1) == GOOD:
        readings += 1
        assert readings < 100
    compliance = RAIL_MV - set_ua * RSET_OHM // 1000
    left = (20_000 - 0.6 * compliance) / 18_000
    assert readings + 1 == (1 if depth == 1 else ceil(log(left) / log(1 - 1 / depth)))


def test_the_first_readings_have_a_plain_mean() -> None:
    it = Told(60_000)
    assert [it.see(mv, n=1) for mv in (24_000, 2000, 14_000, 12_700)] == [POOR, SHORT, POOR, GOOD]
    it = Told(60_000)
    assert [it.see(24_000, n=1), it.see(2000, n=2), it.see(24_000, n=1)] == [POOR, SHORT, GOOD]
    it.see(0, 0)
    assert it.see(13_201, n=1) == POOR  # of another contact: the old one is no part of it
