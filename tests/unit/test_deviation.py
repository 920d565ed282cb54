"""What flows against what is set: when it judges, at which bounds, and that it begins anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tonus import limits
from tonus.deviation import Deviation

N = limits.DEVIATION_SAMPLES
UA = 16_000  # a sense code of 1 uA, in nA/16


def judged(expected: int, delivered: int, na16: int = UA, mv: int = 0, it: Deviation | None = None) -> int | None:
    """Of N phases with these sums, DEVIATION_MS after the first."""
    it = it or Deviation()
    assert it.add(N, expected, delivered, na16, 7000, mv) is None
    return it.add(0, 0, 0, na16, 7000 + limits.DEVIATION_MS)


def test_percents_are_told_beyond_their_bound() -> None:
    set_ = 1000 * N
    off = set_ * limits.DEVIATION_PCT // 100
    assert judged(set_, set_) is None
    assert judged(set_, set_ - off) is None
    assert judged(set_, set_ - off - 1) == 100 - limits.DEVIATION_PCT - 1
    assert judged(set_, set_ + off) is None
    assert judged(set_, set_ + off + 1) == 100 + limits.DEVIATION_PCT
    assert judged(set_, 0) == 0


@pytest.mark.parametrize(("codes", "na16"), [(10, UA), (20, UA // 2), (1, 10 * UA)])
def test_what_is_off_by_little_current_is_not_told(codes: int, na16: int) -> None:
    """codes: as many are DEVIATION_UA at this size of a code; they are a mean, rounded down."""
    assert codes * na16 == limits.DEVIATION_UA * 16_000
    set_ = 2 * codes * N
    for sign in (1, -1):
        assert judged(set_, set_ + sign * codes * N, na16) is None
        assert judged(set_, set_ + sign * ((codes + 1) * N - 1), na16) is None
        assert judged(set_, set_ + sign * (codes + 1) * N, na16) == 100 + sign * 50 + sign * 50 // codes
        assert judged(set_, set_ + sign * codes * N, na16 + 1) == 100 + sign * 50


def test_current_where_none_is_set_is_told() -> None:
    assert judged(0, 20 * N) == 2000 * N


def test_it_takes_samples_and_time() -> None:
    it = Deviation()
    assert it.add(N - 1, 100 * N, 0, UA, 500) is None
    assert it.add(0, 0, 0, UA, 500 + 10 * limits.DEVIATION_MS) is None
    assert it.add(1, 0, 0, UA, 500 + 10 * limits.DEVIATION_MS) == 0
    # Anew: the time runs from the first sample on.
    assert it.add(N, 100 * N, 0, UA, 9000) is None
    assert it.add(N, 100 * N, 0, UA, 9000 + limits.DEVIATION_MS - 1) is None
    assert it.add(N, 100 * N, 0, UA, 9000 + limits.DEVIATION_MS) == 0
    it = Deviation()
    assert it.add(0, 0, 0, UA, 0) is None
    assert it.add(N, 100 * N, 0, UA, limits.DEVIATION_MS) is None


def test_the_voltage_is_the_mean_of_what_was_judged() -> None:
    it = Deviation()
    assert it.mv == 0
    assert it.add(1, 100, 100, UA, 0, 10) is None
    assert it.add(N - 1, 100 * N, 100 * N, UA, 1, 50) is None
    assert it.mv == 0
    assert it.add(0, 0, 0, UA, limits.DEVIATION_MS, 1000) is None
    assert it.mv == (10 + 50 * (N - 1)) // N
    assert judged(1000 * N, 0, mv=7, it=it) == 0
    assert it.mv == 7
    assert it.add(1, 100, 100, UA, 8000) is None  # and without a voltage none
    assert it.add(N, 100 * N, 100 * N, UA, 8000 + limits.DEVIATION_MS) is None
    assert it.mv == 0


def test_reset_forgets() -> None:
    it = Deviation()
    judged(100 * N, 100 * N, mv=30, it=it)
    it.add(N, 100 * N, 0, UA, 0, 40)
    it.reset()
    assert it.mv == 0
    assert judged(100 * N, 100 * N, mv=30, it=it) is None
    assert it.mv == 30


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 2000), st.integers(0, 4000)), min_size=1, max_size=20))
def test_many_readings_are_judged_as_their_sums(readings: list[tuple[int, int, int]]) -> None:
    it = Deviation()
    for n, expected, delivered in readings:
        assert it.add(n, n * expected, n * delivered, UA, 0) is None
    sums = [sum(n * reading[i] for n, *reading in readings) for i in (0, 1)]
    n = sum(n for n, *_ in readings)
    found = it.add(N, N * 100, N * 100, UA, limits.DEVIATION_MS)
    whole = Deviation()
    assert whole.add(n + N, sums[0] + N * 100, sums[1] + N * 100, UA, 0) is None
    assert found == whole.add(0, 0, 0, UA, limits.DEVIATION_MS)
