"""From the journal's records to days, weeks, sides and advice: nothing is guessed, every figure can be checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tonus_tools.face.places import Place, read
from tonus_tools.progress import calendar_days
from tonus_tools.progress.advice import LATELY, MOST, advice
from tonus_tools.progress.exports import merged
from tonus_tools.progress.history import history
from tonus_tools.progress.page import progress, render
from tonus_tools.progress.regions import regions
from tonus_tools.progress.routine import Plan, Verdict, routine
from tonus_tools.progress.sentence import sentence
from tonus_tools.progress.symmetry import pairs

MONDAY = date(2026, 9, 28)
FOUR = "flfrjljr"

Record = dict[str, Any]


def unix(day: date, hour: int = 20) -> int:
    return round(datetime(day.year, day.month, day.day, hour).timestamp())


def record(n: int = 1, day: date | None = MONDAY, **changes: Any) -> Record:
    """Forehead and jaw, left and right, a minute each, all of it delivered."""
    made: Record = {
        "n": n, "at": None if day is None else unix(day), "id": "lift", "name": "Lift", "generation": 0, "level": 5,
        "top_ua": 400, "counted_ms": 240_000, "treated_ms": 240_000, "set_uc": 400.0, "charge_uc": 400.0,
        "share_pct": 100, "probe_uc": 0, "good_pct": 100, "ohm": 18_000, "lifts": 1,
        "zones": [[60_000, 100]] * 4, "counted": [[60_000, 100]] * 4, "charges": [[100.0, 100.0]] * 4,
        "places": FOUR, "why": "ramped_down",
    }  # fmt: skip
    return made | changes


def old(n: int, day: date | None = MONDAY) -> Record:
    """As firmware 0.1.0 wrote it."""
    made = record(n, day)
    for name in ("counted_ms", "set_uc", "share_pct", "probe_uc", "counted", "charges", "places"):
        del made[name]
    return made


def on(*days: int | None) -> list[Record]:
    """Sessions so many days after the first Monday; None for those without a date."""
    return [record(i + 1, None if d is None else MONDAY + timedelta(days=d)) for i, d in enumerate(days)]


# Where and when


def test_places_are_read_two_letters_a_zone() -> None:
    assert read("fljrkmem") == [
        Place("forehead", "left"),
        Place("jaw", "right"),
        Place("neck", "middle"),
        Place("eye", "middle"),
    ]
    assert read("zlf") == [None]
    assert [str(place) for place in read("cmcl")] == ["cheek", "cheek left"]


def test_a_session_without_a_date_is_placed_between_those_that_bound_it() -> None:
    sessions = history(on(None, 1, None, None, 4, None), MONDAY + timedelta(days=6))
    assert [s.when for s in sessions] == [
        "until 2026-09-29", "2026-09-29", "2026-09-29 to 10-02", "2026-09-29 to 10-02", "2026-10-02",
        "2026-10-02 to 10-04",
    ]  # fmt: skip
    assert [s.day for s in sessions][2:4] == [None, None]
    assert history(on(None))[0].when == "day not known"
    assert history(on(2, None))[1].when == "since 2026-09-30"


def test_between_two_of_one_day_it_was_that_day() -> None:
    assert history(on(3, None, 3))[1].day == MONDAY + timedelta(days=3)


def test_dates_that_contradict_each_other_bound_nothing() -> None:
    assert history(on(9, None, 2))[1].when == "day not known"


# Routine

DAYS = st.lists(st.tuples(st.integers(0, 1), st.booleans(), st.integers(0, 4)), max_size=40)


@given(DAYS, st.integers(1, 7), st.integers(1, 80), st.integers(1, 7))
def test_what_was_truly_done_is_within_what_each_week_says(
    steps: list[tuple[int, bool, int]], days_a_week: int, days: int, then: int
) -> None:
    """Sessions on any days, several on one, dates known of any of them: a verdict is never wrong."""
    at, truth = 0, []
    for more, dated, skip in steps:
        at += more * (1 + skip)
        truth.append((MONDAY + timedelta(days=at), dated))
    today = MONDAY + timedelta(days=at + 3)
    records = [record(i + 1, day if dated else None) for i, (day, dated) in enumerate(truth)]
    kept = routine(history(records, today), Plan(days_a_week, days, then, MONDAY), today)
    assert len(kept.weeks) == (today - MONDAY).days // 7 + 1
    for week in kept.weeks:
        true = len({day for day, _ in truth if week.first <= day <= week.last})
        assert week.least <= true <= week.most
        assert week.target == (days_a_week if (week.first - MONDAY).days < days else then)
        if week.verdict is Verdict.MET:
            assert true >= week.target
        if week.verdict is Verdict.MISSED:
            assert true < week.target
        assert (week.verdict is Verdict.PERHAPS) <= (week.least < week.target <= week.most)
    if all(dated for _, dated in truth):
        assert all(week.least == week.most for week in kept.weeks)


def test_weeks_met_missed_and_running_and_what_is_next() -> None:
    records = on(0, 1, 2, 3, 4, 7, 8, 9, 14, None, 16, 21)
    kept = routine(history(records, MONDAY + timedelta(days=22)), Plan(3, 14, 2), MONDAY + timedelta(days=22))
    assert [(w.target, w.least, w.most, w.verdict.value) for w in kept.weeks] == [
        (3, 5, 5, "met"),
        (3, 3, 3, "met"),
        (2, 2, 3, "met"),
        (2, 1, 1, "running"),
    ]
    assert kept.position == "the 14 days are over, week 4: 2 days a week"
    assert kept.next == "1 more day by Sun 25 Oct"
    assert calendar_days.signs(kept, kept.weeks[2]) == "# o # . . . ."
    assert calendar_days.signs(kept, kept.weeks[3]) == "# ."


def test_a_week_that_only_a_session_without_a_date_may_have_met_is_perhaps_met() -> None:
    kept = routine(history(on(0, None, 3, 8)), Plan(3, 60, 3), MONDAY + timedelta(days=8))
    assert [(w.least, w.most, w.verdict.value) for w in kept.weeks] == [(2, 3, "perhaps met"), (1, 1, "running")]
    assert kept.next == "2 more days by Sun 11 Oct"


def test_without_a_date_there_is_no_week() -> None:
    kept = routine(history(on(None, None)), Plan(), MONDAY)
    assert (kept.weeks, kept.undated, kept.day) == ((), 2, 0)
    assert kept.position == "not begun: no session has a date"
    later = routine([], Plan(since=MONDAY + timedelta(days=2)), MONDAY)
    assert (later.position, later.next) == ("begins on Wed 30 Sep", "on Wed 30 Sep")


def test_a_try_makes_no_day() -> None:
    kept = routine(history([record(1), record(2, MONDAY + timedelta(days=1), counted_ms=59_000)]), Plan(), MONDAY)
    assert (kept.weeks[0].least, kept.short) == (1, 1)


# Sides and regions


def charged(*shares: int) -> dict[str, Any]:
    """Of forehead left and right, jaw left and right."""
    share = sum(shares) / len(shares)
    return {
        "charges": [[100.0, float(pct)] for pct in shares], "charge_uc": float(sum(shares)), "share_pct": round(share),
        "counted": [[60_000, pct] for pct in shares], "zones": [[600 * pct, 100] for pct in shares],
    }  # fmt: skip


def test_left_and_right_are_summed_over_sessions_in_which_both_had_their_turn() -> None:
    cut = record(3, **(charged(100, 50) | {"why": "stop", "charges": [[100.0, 100.0], [50.0, 45.0]]}))
    skipped = record(4, skipped=[3], charges=[[100.0, 100.0], [100.0, 100.0], [20.0, 20.0], [100.0, 100.0]])
    forehead, jaw = pairs(
        history([record(1, **charged(100, 80, 90, 99)), record(2, **charged(100, 80, 90, 99)), cut, skipped])
    )
    assert (forehead.region, forehead.sessions, forehead.one_sided) == ("forehead", 3, 1)
    assert forehead.left.delivered_uc == 300
    assert forehead.apart_pct == pytest.approx(100 * 40 / 300)
    assert str(forehead.less) == "forehead right"
    assert (jaw.sessions, jaw.one_sided, jaw.less) == (2, 1, None)
    assert jaw.apart_pct == pytest.approx(-100 * 9 / 99)


def test_the_middle_and_both_sides_of_a_region_share_the_drawn_face() -> None:
    both = record(1, places="flfrfmjl", charges=[[100.0, 80.0], [100.0, 100.0], [100.0, 60.0], [100.0, 50.0]])
    sessions = history([both])
    page = render(progress(sessions, routine(sessions, Plan(), MONDAY)), MONDAY)
    face = page.partition('class="head"')[2].partition("</svg>")[0]
    # Half of the middle's 60 of 100 to each side: 110 and 130 of 150.
    assert re.findall(r"<text[^>]*>(\d+)</text>", face) == ["73", "87", "50"]


def test_a_record_that_had_no_room_for_all_says_the_same() -> None:
    full, short = record(1, **charged(100, 80, 50, 0)), record(1, **charged(100, 80, 50, 0))
    del short["counted"]
    for a, b in zip(history([full])[0].parts, history([short])[0].parts, strict=True):
        assert a.share_pct == b.share_pct
        assert a.counted_s == b.counted_s or not b.share_pct


def test_what_a_record_does_not_say_stays_unknown() -> None:
    sessions = history([old(1)])
    assert regions(sessions) == []
    assert pairs(sessions) == []
    assert sessions[0].share_pct is None
    assert sentence(sessions[0]) == "Done: how much of what was set is not known."
    made = progress(sessions, routine(sessions, Plan(), MONDAY))
    page = render(made, MONDAY)
    assert "1 of 1 sessions do not say where on the face they were; 1 do not say what was set" in page
    assert "%" not in page.partition("<h2>Face")[2].partition("<h2>Sessions")[0]


# Words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Done: 100 % of what was set."),
        (charged(100, 80, 100, 100), "Done: 95 % of what was set; forehead right got 20 % less than left."),
        (charged(80, 80, 80, 80), "Done: 80 % of what was set; more gel, a little pressure, glide slower."),
        ({"skipped": [3, 4]}, "Done: 100 % of what was set; jaw left, jaw right skipped."),
        (
            {"zones": [[60_000, 100], [60_000, 88], [60_000, 100], [60_000, 100]]},
            "Done: 100 % of what was set; forehead right: contact poor 12 % of the time, more gel there.",
        ),
        ({"why": "stop", "counted_ms": 130_000}, "Stopped by MODE after 2 min 10 s: 100 % of what was set till then."),
        ({"why": "expired", "counted_ms": 30_000}, "The 20 min were over after 30 s: 100 % of what was set till then."),
    ],
)
def test_a_session_in_a_sentence(changes: Record, words: str) -> None:
    assert sentence(history([record(1, **changes)])[0]) == words


def advised(records: Sequence[Record], plan: Plan | None = None) -> list[tuple[str, float]]:
    sessions = history(records)
    today = max(s.day for s in sessions if s.day)
    return [(one.words, one.figure) for one in advice(sessions, routine(sessions, plan or Plan(1, 60, 1), today))]


def test_advice_names_the_worst_place_the_weaker_side_and_the_missed_weeks() -> None:
    bad = charged(100, 70, 100, 100) | {"zones": [[60_000, 100], [42_000, 100], [60_000, 88], [60_000, 100]]}
    every_week = [record(n + 1, MONDAY + timedelta(days=7 * n), **bad) for n in range(5)]
    assert advised(every_week) == [
        ("Forehead right got 30 % less than left: the same pace, gel and pressure on both sides.", 30.0),
        ("Jaw left: contact poor 12 % of the time: more gel there.", 12.0),
    ]
    missed = advised(every_week, Plan(2, 60, 2))
    assert missed[0][0].startswith("Of the last 4 weeks 4 had fewer days than planned")
    assert len(missed) == MOST


def test_advice_about_what_is_delivered_and_what_ends_sessions() -> None:
    dry = [record(n + 1, MONDAY + timedelta(days=n), **charged(80, 80, 80, 80), why="stop") for n in range(LATELY)]
    words = [words for words, _ in advised(dry)]
    assert words[0] == "10 of the last 10 sessions ended before their time, 10 because MODE: stop."
    assert words[1].startswith("80 % of what was set was delivered, with 1 lifts a session")


def test_a_good_person_is_left_alone() -> None:
    assert advised([record(n + 1, MONDAY + timedelta(days=n)) for n in range(7)]) == []
    assert advised([record(1, **charged(10, 90, 10, 90))]) == []  # one says nothing


# Merging exports


@given(st.lists(st.integers(0, 30), unique=True, min_size=1).map(sorted), st.data())
def test_parts_that_overlap_make_one_history(numbers: list[int], data: st.DataObject) -> None:
    whole = [record(n + 1, MONDAY + timedelta(days=n)) for n in numbers]
    a = data.draw(st.integers(0, len(whole)))
    b = data.draw(st.integers(0, a))
    assert merged([whole[:a], whole[b:]]) == whole


def test_a_journal_that_began_again_goes_on() -> None:
    first, second = [record(1), record(2)], [record(1, MONDAY + timedelta(days=4))]
    assert merged([first, second]) == first + second
