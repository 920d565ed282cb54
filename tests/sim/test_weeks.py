"""Eight weeks of a drawn person: routine, sides, progress and advice say what that person truly did.

What was delivered is worked out at the electrodes, against what this device's own source would deliver into 500 Ohm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from tonus_tools.face.places import Place
from tonus_tools.guide.sheet import place_of
from tonus_tools.progress.advice import LATELY
from tonus_tools.progress.history import Session, history
from tonus_tools.progress.page import Progress, progress, render
from tonus_tools.progress.routine import Plan, Verdict, routine
from tonus_tools.progress.sentence import sentence
from tonus_tools.progress.symmetry import pairs
from tonus_tools.sim import weeks
from tonus_tools.sim.weeks import Weeks

POINTS = 3.0
SECONDS = 8  # of each zone
SEED = 5


@dataclass
class Told:
    """What was done, and what the device and the tools say of it."""

    done: Weeks
    records: list[dict[str, Any]]
    sessions: list[Session]
    made: Progress


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("weeks")
    done = weeks.play(folder, SEED, SECONDS)
    records, _ = weeks.journal(folder, SEED, done.today)
    sessions = history(records, done.today)
    kept = routine(sessions, Plan(since=weeks.FIRST), done.today)
    return Told(done, records, sessions, progress(sessions, kept))


def true_charges(done: Weeks, last: int | None = None) -> dict[Place, tuple[float, float]]:
    """(delivered, reference) of each place, nC in both directions, over all or the last sessions."""
    found: dict[Place, tuple[float, float]] = {}
    for day in done.days[-last:] if last else done.days:
        for zone, its in zip(done.preset.zones, day.zones, strict=True):
            a, b = found.get(place_of(zone), (0.0, 0.0))
            found[place_of(zone)] = (a + its.delivered_nc, b + its.reference_nc)
    return found


def test_every_session_is_there_on_the_day_it_was_or_between_those_that_bound_it(told: Told) -> None:
    assert len(told.sessions) == len(told.done.days) > 30
    for session, day in zip(told.sessions, told.done.days, strict=True):
        if day.dated:
            assert session.at is not None
            assert timedelta(0) <= session.at - day.at < timedelta(minutes=10)
        assert session.earliest is not None
        assert session.latest is not None
        assert session.earliest <= day.at.date() <= session.latest
    assert {s.at is None for s in told.sessions} == {True, False}


def test_each_week_is_what_it_was(told: Told) -> None:
    kept = told.made.routine
    assert len(kept.weeks) == weeks.WEEKS + 1  # the last begins on the day of the reading
    days = {day.at.date() for day in told.done.days}
    for week in kept.weeks[: weeks.WEEKS]:
        true = sum(week.first <= day <= week.last for day in days)
        assert week.least <= true <= week.most
        if week.verdict is Verdict.MET:
            assert true >= week.target
        if week.verdict is Verdict.MISSED:
            assert true < week.target
        assert week.verdict is not Verdict.RUNNING
    assert kept.position == "day 57 of 60, week 9: 5 days a week"


def test_what_each_place_got_is_what_its_source_would_deliver_within_three_points(told: Told) -> None:
    for region in told.made.regions:
        delivered, reference = true_charges(told.done)[region.place]
        assert region.share_pct == pytest.approx(100 * delivered / reference, abs=POINTS), region.place
        assert 2000 * region.set_uc == pytest.approx(reference, rel=POINTS / 100)
        assert 2000 * region.delivered_uc == pytest.approx(delivered, rel=POINTS / 100)
    assert len(told.made.regions) == len(told.done.preset.zones)


def test_left_and_right_are_as_far_apart_as_they_truly_were(told: Told) -> None:
    true = true_charges(told.done)
    assert [pair.region for pair in told.made.pairs] == ["forehead", "brow", "cheek", "jaw"]
    for pair in told.made.pairs:
        left, right = (true[Place(pair.region, side)][0] for side in ("left", "right"))
        assert pair.sessions == len(told.done.days)
        assert pair.apart_pct == pytest.approx(100 * (left - right) / max(left, right), abs=POINTS), pair.region


def test_a_session_says_the_share_that_was_delivered(told: Told) -> None:
    for session, day in zip(told.sessions, told.done.days, strict=True):
        true = 100 * sum(z.delivered_nc for z in day.zones) / sum(z.reference_nc for z in day.zones)
        assert session.share_pct == pytest.approx(true, abs=POINTS)
        if not day.dry:
            assert f"{session.share_pct} % of what was set" in sentence(session)
    assert sum(day.dry for day in told.done.days) == weeks.GEL_FORGOTTEN
    assert max(weeks.off(told.done, told.records)) <= POINTS


def test_the_sessions_without_gel_stand_out_and_no_other(told: Told) -> None:
    dry = [i for i, day in enumerate(told.done.days) if day.dry]
    assert [i for i, s in enumerate(told.sessions) if 100 - s.good_pct >= 10] == dry
    page = render(told.made, told.done.today)
    assert f"of the time or more in {weeks.GEL_FORGOTTEN}: " in page
    for i in dry:
        assert "more gel there" in sentence(told.sessions[i])
        assert f"s{told.sessions[i].n} (" in page


def test_advice_names_the_hasty_side_by_its_true_figure(told: Told) -> None:
    """And each sentence's figure is that of what was done."""
    assert 1 <= len(told.made.advice) <= 3
    true = true_charges(told.done, LATELY)
    (sides,) = (one for one in told.made.advice if " less than " in one.words)
    region = sides.words.split()[0].lower()
    assert sides.words.split()[1] == told.done.hasty
    left, right = (true[Place(region, side)][0] for side in ("left", "right"))
    assert sides.figure == pytest.approx(100 * abs(left - right) / max(left, right), abs=POINTS)
    for one in told.made.advice:
        assert f"{one.figure:.0f}" in one.words
        assert one.source


def test_the_trend_shows_each_session_as_it_was(told: Told) -> None:
    for session, day in zip(told.sessions, told.done.days, strict=True):
        its = {place_of(zone): one.delivered_nc for zone, one in zip(told.done.preset.zones, day.zones, strict=True)}
        for pair in pairs([session]) if not day.dry else ():
            left, right = (its[Place(pair.region, side)] for side in ("left", "right"))
            assert pair.apart_pct == pytest.approx(100 * (left - right) / max(left, right), abs=POINTS)


def test_the_journal_of_eight_weeks_is_whole(told: Told) -> None:
    assert [r["n"] for r in told.records] == list(range(1, len(told.done.days) + 1))
    assert all(r["places"] == "flfrblbrclcrjljr" for r in told.records)
    assert told.done.today == date(2026, 11, 23)
    assert datetime.fromtimestamp(told.records[0]["at"]).date() == weeks.FIRST
