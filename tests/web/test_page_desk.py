"""The page's checks are the firmware's, its words are tonusctl's."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from broken_presets import MESSAGES, valid
from browser import run_node
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import documents
from tonus import preset
from tonus_tools.ctl import figures, margins, words
from tonus_tools.progress.calendar_days import signs
from tonus_tools.progress.history import history
from tonus_tools.progress.routine import Plan, routine
from tonus_tools.progress.symmetry import pairs

SESSION = {
    "n": 3, "at": None, "id": "lift", "name": "Lift", "generation": 2, "level": 6, "top_ua": 400, "counted_ms": 61000,
    "set_uc": 500.26, "charge_uc": 431.5, "share_pct": 86, "treated_ms": 52500, "probe_uc": 1.5, "good_pct": 90,
    "ohm": 19000, "lifts": 2, "zones": [[30000, 91], [22500, 88]], "counted": [[31000, 95], [30000, 75]], "why": "stop",
}  # fmt: skip
FAULT = {
    "n": 1, "at": None, "fault": 11, "name": "overcurrent", "value": 431, "state": "TREAT", "up_ms": 93500, "ticks": 5,
    "late": 1, "missed": 0, "worst_us": 212, "unseen": 3, "heap_free": 81232, "why": "x", "later": 7,
}  # fmt: skip


def ask(made: Path, node: str, calls: list[list[Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run_node(node, "desk.mjs", str(made), given=json.dumps(calls)).stdout)
    return found


def drawn_presets() -> list[str]:
    """A hundred, and one of every kind."""
    drawn: list[str] = [json.dumps(valid(kind)) for kind in ("biphasic", "alternating", "swept", "modulated")]

    @settings(max_examples=100, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(documents())
    def draw(document: Any) -> None:
        drawn.append(json.dumps(document))

    draw()
    return drawn


def as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def test_every_broken_preset_gets_the_firmwares_message(made: Path, node: str) -> None:
    texts = [given if isinstance(given, str) else json.dumps(given) for given, _ in MESSAGES]
    for text, (_, message), answer in zip(
        texts, MESSAGES, ask(made, node, [["check", [text]] for text in texts]), strict=True
    ):
        assert answer["problem"] == message, text


def test_presets_of_all_kinds_are_told_as_tonusctl_tells_them(made: Path, node: str) -> None:
    """A hundred drawn ones, and every kind."""
    drawn = drawn_presets()
    for text, answer in zip(drawn, ask(made, node, [["check", [text]] for text in drawn]), strict=True):
        known = preset.parse(text)
        found = answer["value"]
        assert found["canonical"] == preset.canonical(known)
        assert found["headline"] == words.headline(known)
        assert found["rows"] == as_json(words.zone_rows(known))
        assert found["notes"] == words.notes(known)


def test_every_limits_share_is_that_of_the_preview(made: Path, node: str) -> None:
    """Of a hundred drawn presets, and of every kind."""
    drawn = drawn_presets()
    played = figures.play(preset.parse(drawn[0]))  # of a session's charges there is no limit: any will do
    for text, answer in zip(drawn, ask(made, node, [["check", [text]] for text in drawn]), strict=True):
        known = preset.parse(text)
        its = figures.figures(known, played=played)
        expected = its.limits
        found = answer["value"]["shares"]
        assert len(found) == len(expected) > 20
        for (name, value, limit, unit, least, percent, zone), margin in zip(found, expected, strict=True):
            assert (name, unit, least) == (margin.name, margin.unit, margin.at_least)
            assert limit == pytest.approx(margin.limit)
            # The page plays two cycles where the preview plays seconds; of a sweep, at both its ends.
            rel, near = (0.02, 0.002) if name == "account of charge" else (1e-5, None)
            assert value == pytest.approx(margin.value, rel=rel, abs=near), (name, text)
            assert percent == pytest.approx(margin.percent, rel=0.021, abs=0.01)
            if name != "account of charge" and zone != margin.zone:  # of equal ones, either may be named
                assert of_zone(known, its, zone)[name] == pytest.approx(margin.value, rel=1e-5)


def of_zone(known: preset.Preset, its: figures.PresetFigures, name: str) -> dict[str, float]:
    """What each limit is held against in the zone of this name."""
    zones = [zone for zone in its.zones if zone.name == name]
    rows = margins.rows(known, its.set_ua, its.density_ma_cm2, its.power_mw_cm2, zones)
    return {row[0]: row[2] for row in rows}


def test_drawn_pulses_are_those_of_the_preview(made: Path, node: str) -> None:
    text = json.dumps(valid("modulated"))
    (answer,) = ask(made, node, [["play", [text, 0, 10, 3000]]])
    known = preset.parse(text)
    played = figures.plateau(known.zones[0].waveform, known.top_ua, 10, figures.board_constants("tonus_r1"))
    phases = played.phases
    first = int(phases.t_us[0])
    for row, t_us, direction, us, ua in zip(
        answer["value"], phases.t_us, phases.direction, phases.dur_us, phases.peak_ua, strict=False
    ):
        assert row[:3] == [int(t_us) - first, int(direction), int(us)]
        assert abs(row[3] - ua) < 0.06
    assert len(answer["value"]) > 50


def test_records_are_told_as_tonusctl_tells_them(made: Path, node: str) -> None:
    rows, facts, faults, fault = ask(
        made,
        node,
        [
            ["sessions", [[SESSION]]],
            ["session_facts", [[SESSION], 0, ["cheek", "jaw"]]],
            ["fault_rows", [[FAULT]]],
            ["fault_facts", [FAULT]],
        ],
    )
    (its,) = history([SESSION])
    assert rows["value"] == [as_json(words.session_row(SESSION, its))]
    assert facts["value"] == as_json(words.session_facts(SESSION, its, ["cheek", "jaw"]))
    assert faults["value"] == [as_json(words.fault_row(FAULT))]
    assert fault["value"] == as_json(words.fault_facts(FAULT))


@st.composite
def journals(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Sessions over some weeks, some without a date, some short, some with zones left out."""
    found = []
    at = 1_790_000_000
    for n in range(1, draw(st.integers(1, 24)) + 1):
        at += draw(st.integers(3600, 4 * 86400))
        zones = draw(st.integers(1, 4))
        charges = [[100.0, float(draw(st.integers(0, 100)))] for _ in range(zones)]
        found.append(
            SESSION
            | {
                "n": n, "at": at if draw(st.booleans()) else None,
                "counted_ms": draw(st.sampled_from((30_000, 300_000))),
                "places": "clcrjljr"[: 2 * zones], "charges": charges, "counted": [[60_000, 90]] * zones,
                "zones": [[50_000, 95]] * zones, "skipped": draw(st.lists(st.integers(1, zones), max_size=1)),
                "why": draw(st.sampled_from(("ramped_down", "stop"))),
            }
        )  # fmt: skip
    return found


def test_routine_and_sides_are_told_as_tonusctl_tells_them(made: Path, node: str) -> None:
    """Of fifty drawn journals and plans."""
    calls: list[list[Any]] = []

    @settings(max_examples=50, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(journals(), st.integers(1, 7), st.integers(1, 60), st.integers(1, 7), st.booleans(), st.integers(0, 20))
    def draw(records: list[dict[str, Any]], week: int, days: int, then: int, since: bool, later: int) -> None:
        plan = {"days_a_week": week, "days": days, "then_days_a_week": then, "since": 1_790_000_000 if since else None}
        now = max([r["at"] for r in records if r["at"]], default=1_790_000_000) + 86400 * later
        calls.append(["routine", [records, plan, now]])
        calls.append(["sides", [records]])

    draw()
    for (name, given_), answer in zip(calls, ask(made, node, calls), strict=True):
        if name == "sides":
            expected = [
                [
                    pair.region, pair.left.delivered_uc, pair.right.delivered_uc, pair.left.set_uc, pair.right.set_uc,
                    pair.left.counted_s, pair.right.counted_s, pytest.approx(pair.apart_pct), pair.sessions,
                    str(pair.less or ""),
                ]
                for pair in pairs(history(given_[0]))
            ]  # fmt: skip
            assert answer["value"] == expected
            continue
        records, plan, now = given_
        today = datetime.fromtimestamp(now).date()
        since = datetime.fromtimestamp(plan["since"]).date() if plan["since"] else None
        its = Plan(plan["days_a_week"], plan["days"], plan["then_days_a_week"], since)
        kept = routine(history(records, today), its, today)
        assert "problem" not in answer, answer
        found = answer["value"]
        assert (found["position"], found["next"], found["undated"]) == (kept.position, kept.next, kept.undated)
        assert [row[0] for row in found["weeks"]] == [week.number for week in kept.weeks]
        for (_, first, days, target, verdict, drawn), week in zip(found["weeks"], kept.weeks, strict=True):
            assert (first, target, verdict) == (f"{week.first}", week.target, week.verdict.value)
            assert days in (f"{week.least}", f"{week.least}-{week.most}")
            assert drawn == signs(kept, week)
