"""Contact: four classes from what the converters see of a load, with their noise, for every level of every preset."""

from __future__ import annotations

import random
from collections.abc import Iterable

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
