"""The tally of a session: what was set and what was delivered, whatever the parts are off."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tonus import contact, journal, limits
from tonus.tally import Tally, fit, less

NA16 = 3_208  # of tonus_r1: 200.5 nA a sense code
PHASE_US, PHASES_PER_S = 500, 160


def treat(tally: Tally, zone: int, seconds: int, code: int, share: float, source: float, good: bool = True) -> None:
    """A zone at a sense code: `share` of it flows, through a source that gives `source` times what its code means."""
    per_s = code * PHASE_US * PHASES_PER_S
    at_ms = sum(ms for ms, _ in tally.record(NA16)["counted"])
    for second in range(1, seconds + 1):
        kind = contact.GOOD if good else contact.POOR
        tally.counted(zone, at_ms + 1000 * second, kind, per_s, 0)
        played = round(per_s * share)  # a ramp: the codes are smaller, and what flows with them
        tally.flowed(zone, round(played * source), played, good)


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(20, 2000), st.floats(0.05, 1)), min_size=1, max_size=16),
    st.floats(0.82, 1.18),
)
def test_the_share_is_that_of_the_ramps_whatever_the_source_is_off(
    zones: list[tuple[int, int, float]], source: float
) -> None:
    tally = Tally()
    for zone, (seconds, code, share) in enumerate(zones):
        treat(tally, zone, seconds, code, share, source)
    record = tally.record(NA16)
    counted_ms = 1000 * sum(seconds for seconds, _, _ in zones)
    whole = sum(seconds * code for seconds, code, _ in zones)
    share = sum(seconds * code * share for seconds, code, share in zones) / whole
    assert record["counted_ms"] == counted_ms
    assert record["share_pct"] == pytest.approx(100 * share, abs=0.6)
    assert record["treated_ms"] == pytest.approx(counted_ms * share, rel=1e-3, abs=1)
    set_uc = whole * PHASE_US * PHASES_PER_S * NA16 / 16 * 1e-9 / 2
    assert record["set_uc"] == pytest.approx(set_uc * source, rel=1e-3, abs=0.02)
    assert record["charge_uc"] == pytest.approx(set_uc * source * share, rel=1e-3, abs=0.02)
    for (seconds, _, of), (treated_ms, good), (ms, pct) in zip(zones, record["zones"], record["counted"], strict=True):
        assert (ms, good) == (1000 * seconds, 100)
        assert pct == pytest.approx(100 * of, abs=0.6)
        assert treated_ms == pytest.approx(ms * of, rel=2e-3, abs=1)


def test_skin_that_takes_too_little_is_not_taken_for_the_source() -> None:
    tally = Tally()
    treat(tally, 0, 10, 1000, 1.0, 1.0)
    per_s = 1000 * PHASE_US * PHASES_PER_S
    for second in range(11, 21):
        tally.counted(0, 1000 * second, contact.POOR, per_s, 0)
        tally.flowed(0, per_s // 4, per_s, False)
    record = tally.record(NA16)
    assert (record["share_pct"], record["good_pct"]) == (63, 50)
    assert record["treated_ms"] == 12_500


def test_a_source_beyond_what_parts_may_be_off_is_seen() -> None:
    tally = Tally()
    treat(tally, 0, 10, 1000, 1.0, 0.5)
    assert tally.record(NA16)["share_pct"] == pytest.approx(100 * 0.5 / (1 - limits.DEVIATION_PCT / 100), abs=0.6)


def test_probes_are_told_apart() -> None:
    tally = Tally()
    tally.counted(0, 30_000, contact.GOOD, 0, 40 * 4000 * 12)
    record = tally.record(NA16)
    assert record["probe_uc"] == pytest.approx(30 * 40 * 4000 * 12 * 200.5e-9 / 2, abs=0.01)
    assert (record["set_uc"], record["charge_uc"], record["share_pct"]) == (0, 0, 0)


def test_a_session_without_time_has_no_share() -> None:
    record = Tally().record(NA16)
    assert (record["counted_ms"], record["treated_ms"], record["share_pct"], record["zones"]) == (0, 0, 0, [])


@given(st.lists(st.integers(1, 1200), min_size=limits.ZONES_MAX, max_size=limits.ZONES_MAX))
def test_the_longest_record_fits_a_line_of_the_journal(seconds: list[int]) -> None:
    whole = sum(seconds)
    seconds = [max(1, s * 1200 // whole) for s in seconds]
    tally = Tally()
    tally.level = 10
    for zone in range(len(seconds)):
        treat(tally, zone, 1, 2000, 1.0, 1.0)
        tally.counted(zone, sum(seconds[: zone + 1]) * 1000 - 1, contact.GOOD, 123_456_789, 123_456)
        tally.resisted(499_999)
    # As MicroPython with floats of 64 bits writes them: no device has these, and they still fit.
    record = {key: value + 1e-13 if isinstance(value, float) else value for key, value in tally.record(NA16).items()}
    record["charges"] = [[18_750.5 + 1e-11, 18_750.5 + 1e-11] for _ in seconds]
    record |= {
        "places": "cl" * len(seconds), "skipped": list(range(1, len(seconds) + 1)),
        "at": limits.UNIX_MAX_S, "id": "a" * 24, "name": '"' * limits.NAME_CHARS_MAX, "generation": 999_999,
        "top_ua": 500, "lifts": 9999, "why": "ramped_down",
    }  # fmt: skip
    fit(record, journal.RECORD_MAX)
    line = f'{{"n":536870911,{compact(record)[1:]}*00000000\n'
    assert len(line) <= journal._LINE_MAX
    assert record["charges"] == [[18_751, 18_751]] * len(seconds) or "counted" in record


def compact(record: dict[str, object]) -> str:
    return json.dumps(record, separators=(",", ":"))


def test_an_ordinary_record_keeps_everything() -> None:
    """Ten zones with long names, in all twenty minutes at the current of Firm."""
    tally = Tally()
    for zone in range(10):
        treat(tally, zone, 1, 1600, 0.9, 1.0)
        tally.counted(zone, (zone + 1) * 120_000, contact.GOOD, 1600 * 25_000 * 16 // 10, 0)
        tally.resisted(700)
    record = tally.record(NA16) | {
        "at": limits.UNIX_MAX_S, "id": "my-evening-with-a-name", "name": "My evening with a name", "generation": 31,
        "top_ua": 320, "lifts": 17, "why": "ramped_down", "places": "flfrblbrclcrjljrklkr",
    }  # fmt: skip
    whole = dict(record)
    fit(record, journal.RECORD_MAX)
    assert record == whole


def test_charges_by_zone_add_up_to_those_of_the_session() -> None:
    tally = Tally()
    for zone in range(3):
        treat(tally, zone, 10, 1000, 1 - zone / 4, 1.0)
    record = tally.record(NA16)
    assert sum(set_ for set_, _ in record["charges"]) == pytest.approx(record["set_uc"], abs=0.3)
    assert sum(delivered for _, delivered in record["charges"]) == pytest.approx(record["charge_uc"], abs=0.3)
    for (set_, delivered), (_, share) in zip(record["charges"], record["counted"], strict=True):
        assert 100 * delivered / set_ == pytest.approx(share, abs=0.6)


@pytest.mark.parametrize(
    ("left", "right", "side"),
    [
        ([90.0], [100.0], ""),
        ([89.9], [100.0], "left"),
        ([100.0], [89.9], "right"),
        ([60.0, 38.0], [50.0, 60.0], "left"),
        ([0.0], [0.0], ""),
    ],
)
def test_the_side_that_got_a_tenth_less_is_named(left: list[float], right: list[float], side: str) -> None:
    zones = [SimpleNamespace(side=of, duration_s=10) for of in ("left", "right") * len(left)]
    charges = [[500.0, got] for pair in zip(left, right, strict=True) for got in pair]
    assert less(zones, charges) == side
    middle = SimpleNamespace(side="middle", duration_s=90)
    assert less([*zones, middle], [*charges, [500.0, 400.0]]) == side  # it is neither's


def test_sides_are_compared_only_where_as_much_is_planned() -> None:
    left, right = SimpleNamespace(side="left", duration_s=10), SimpleNamespace(side="right", duration_s=11)
    assert less([left, right], [[500.0, 400.0], [500.0, 100.0]]) == ""
    right.duration_s = 10
    assert less([left, right], [[500.0, 400.0]]) == "right"  # a zone that did not begin got nothing
