"""The cell: no dip shorter than seconds decides, an empty one is acted on within some, and 20 % does not flicker."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tonus import limits
from tonus.cell import Cell

EMPTY_MV, FULL_MV, MOHM = 3300, 4200, 200
STEP_MS = 250  # the application's


def mv(pct: float) -> int:
    return round(EMPTY_MV + (FULL_MV - EMPTY_MV) * pct / 100)


class Device:
    """A cell that is read as the application does, and what it said each time."""

    def __init__(self) -> None:
        self.cell = Cell(EMPTY_MV, FULL_MV, MOHM)
        self.now = 0
        self.said: list[tuple[bool, bool, bool]] = []  # below the cut-off, below the start, can start

    def run(self, pct: float, ms: int, load_ma: int = 0, sag_ma: int = 0, step_ms: int = STEP_MS) -> None:
        """At a charge; `sag_ma` is drawn and not known of."""
        for _ in range(ms // step_ms):
            self.cell.add(mv(pct) - (load_ma + sag_ma) * MOHM // 1000, load_ma, self.now)
            below = (self.cell.below(limits.BATTERY_CUTOFF_PCT), self.cell.below(limits.BATTERY_START_PCT))
            self.said.append((*below, self.cell.can_start))
            self.now += step_ms


def test_nothing_read_is_not_empty() -> None:
    cell = Cell(EMPTY_MV, FULL_MV, MOHM)
    assert (cell.pct, cell.can_start, cell.below(100)) == (100, True, False)


@given(st.integers(21, 100), st.integers(0, 7), st.integers(1, limits.BATTERY_MS // STEP_MS - 1), st.integers(1, 8))
def test_no_dip_shorter_than_seconds_decides(rest: int, dip: int, readings: int, times: int) -> None:
    device = Device()
    device.run(rest, 4000)
    for _ in range(times):
        device.run(dip, readings * STEP_MS)
        device.run(rest, STEP_MS)
    assert not any(low or lower for lower, low, _ in device.said)


@given(st.integers(21, 100), st.integers(0, 7), st.integers(0, 200), st.sampled_from((20, 100, 250, 300)))
def test_an_empty_cell_is_acted_on_within_some_seconds(rest: int, empty: int, load_ma: int, step_ms: int) -> None:
    device = Device()
    device.run(rest, 10_000, load_ma, step_ms=step_ms)
    at = len(device.said)
    device.run(empty, limits.BATTERY_MS + 2 * STEP_MS, load_ma, step_ms=step_ms)
    assert device.said[-1] == (True, True, False)
    first = next(i for i, said in enumerate(device.said) if said[0])
    assert (first - at) * step_ms >= limits.BATTERY_MS - max(step_ms, 100)


def test_the_first_readings_refuse_a_start_and_decide_nothing_more() -> None:
    device = Device()
    device.run(15, STEP_MS)
    assert device.said == [(False, False, False)]
    device.run(15, 2500)
    assert device.said[-1] == (False, True, False)
    device.cell.reset()
    assert device.cell.can_start
    assert not device.cell.below(limits.BATTERY_START_PCT)


@given(st.integers(0, 2**32), st.floats(18.5, 21.5))
def test_twenty_percent_with_noise_does_not_flicker(seed: int, pct: float) -> None:
    dice = random.Random(seed)
    device = Device()
    for _ in range(2000):
        device.run(pct + dice.gauss(0, 0.5), STEP_MS)
    can_start = [said[2] for said in device.said]
    assert sum(a != b for a, b in zip(can_start, can_start[1:], strict=False)) <= 1


def test_a_cell_that_recovers_may_start_again() -> None:
    device = Device()
    device.run(19, 4000)
    device.run(22, 10_000)
    assert not device.cell.can_start
    device.run(24, 3000)
    assert device.cell.can_start


@given(st.integers(5, 95), st.integers(0, 150))
def test_what_is_drawn_does_not_show(pct: int, load_ma: int) -> None:
    device = Device()
    device.run(pct, 5000, load_ma)
    assert device.cell.pct == pytest.approx(pct, abs=1)


def test_what_is_shown_is_the_middle() -> None:
    device = Device()
    device.run(60, 5000)
    device.run(7, 750)
    assert device.cell.pct == pytest.approx(60, abs=1)
    device.run(7, 1500)
    assert device.cell.pct == pytest.approx(7, abs=1)
