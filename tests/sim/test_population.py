"""Drawn devices in drawn hands: six of them with zones cut short, and that what is wrong would be seen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tonus import bank
from tonus_tools.sim import population, runner
from tonus_tools.sim.population import Session
from tonus_tools.sim.scenario import Scenario
from tonus_tools.sim.trace import Trace, TraceReader

SECONDS = 10
SEEDS = range(1, 7)
SEED = 3  # one whose person lifts the electrodes
IDS = [preset.id for preset in bank.shipped()]

Lines = list[list[Any]]


@pytest.mark.parametrize("id", IDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_drawn_device_in_drawn_hands(seed: int, id: str) -> None:
    session = population.play(seed, id, SECONDS)
    assert session.wrong == []
    assert session.counted_s > 0


def test_a_seed_is_the_same_session_for_ever(tmp_path: Path) -> None:
    def document(seed: int, id: str, seconds: int = 0) -> dict[str, Any]:
        path = population.write(tmp_path, seed, id, seconds)[0].path
        assert path is not None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    for id in IDS:
        assert document(5, id) == document(5, id)
        assert document(5, id)["do"] != document(6, id)["do"]
    assert document(5, "lift")["start"]["device"] == document(5, "calm")["start"]["device"] == 5


def test_every_drawn_person_can_be_played(tmp_path: Path) -> None:
    did: set[str] = set()
    stopped = 0
    for seed in range(150):
        for id in IDS:
            scenario, _, stops = population.write(tmp_path, seed, id)  # refused when it is not a scenario
            did |= {f"{action.do} {action.value}" for action in scenario.timeline if action.do in ("hold", "touch")}
            did |= {action.do for action in scenario.timeline}
            stopped += stops
    wanted = {"hold MODE", "hold PLUS", "hold MINUS", "lift", "stubble", "battery_pct"}
    assert did > wanted | {f"touch {skin}" for skin in ("good", "typical", "poor", "dry")}
    assert 0 < stopped < 60


# What is wrong is seen: a played session, told otherwise.


class Told:
    """A session that was played, with a lift, and the lines of its trace."""

    def __init__(self, folder: Path) -> None:
        self.scenario, self.preset, self.stops = population.write(folder, SEED, "calm", 5)
        with open(folder / "trace.jsonl", "w+", encoding="utf-8") as keep:
            runner.run(self.scenario, keep=keep)
            keep.seek(0)
            self.lines: Lines = [json.loads(line) for line in keep]

    def judged(self, change: Any, scenario: Scenario | None = None) -> Session:
        """What is said of it when each line of the firmware's log has gone through `change(fields)`."""
        reader = TraceReader()
        for record in json.loads(json.dumps(self.lines)):
            if record[0] == "log":
                change(record[2])
            reader.feed(json.dumps(record))
        trace: Trace = reader.finish()
        return population.judge(trace, scenario or self.scenario, self.preset, self.stops, SEED)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(tmp_path_factory.mktemp("told"))


def test_a_session_that_is_good(told: Told) -> None:
    session = told.judged(lambda fields: None)
    assert session.wrong == []
    assert session.shares


def test_a_share_that_is_not_true(told: Told) -> None:
    def more(fields: dict[str, Any]) -> None:
        if fields["e"] == "session":
            fields["share_pct"] -= 4

    (line,) = told.judged(more).others
    assert "truly" in line


def test_a_fault_and_a_session_that_did_not_end(told: Told) -> None:
    def fault(fields: dict[str, Any]) -> None:
        if fields["e"] == "state" and fields["cause"] == "ramped_down":
            fields["to"] = "FAULT"
        if fields["e"] == "session":
            fields["why"] = "fault"
        if fields["e"] == "counters":
            fields |= {"e": "fault", "n": 19, "name": "deviation", "value": 70}

    session = told.judged(fault)
    assert len(session.faults) == 1
    assert session.others == ["ended by fault"]


def test_a_pause_that_nobody_caused(told: Told) -> None:
    pauses = 0

    def dry(fields: dict[str, Any]) -> None:
        nonlocal pauses
        if fields["e"] == "state" and fields["cause"] == "lost":
            fields["cause"] = "dry"
            pauses += 1

    session = told.judged(dry)
    assert session.pauses == pauses > 0


def test_a_self_test_that_refuses(told: Told) -> None:
    def refuse(fields: dict[str, Any]) -> None:
        if fields["e"] == "selftest":
            fields |= {"e": "fault", "n": 24, "name": "sense_offset", "ok": False}

    assert told.judged(refuse).refused == "sense_offset"


def test_a_rule_that_is_broken(told: Told) -> None:
    def late(fields: dict[str, Any]) -> None:
        if fields["e"] == "state" and fields["to"] == "RAMP_UP":
            fields["to"] = "ARMED"

    assert told.judged(late).rules != []


# The command.


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    good = Session(1, "calm", counted_s=20.0, set_uc=10.0, said_pct=97, true_pct=96.4, level=3)
    bad = replace(good, preset="lift", true_pct=80.0, others=["said 97 % of set, truly 80.0 %"])
    monkeypatch.setattr(population, "play", lambda seed, id, seconds: replace({"lift": bad}.get(id, good), preset=id))
    only = ["--devices", "1", "--jobs", "1", "--out", str(tmp_path)]
    assert population.main([*only, "--preset", "calm"]) == population.OK
    assert "1/1" in capsys.readouterr().out
    assert population.main(only) == population.BAD
    said = capsys.readouterr().out
    assert "BAD --seed 1 --preset lift: said 97 % of set, truly 80.0 %" in said
    assert "+17.0" in said
    results = json.loads((tmp_path / population.RESULTS).read_text(encoding="utf-8"))
    assert [session["preset"] for session in results] == IDS


def test_one_session_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--seed", "2", "--preset", "calm", "--seconds", "5", "--out", str(tmp_path)]
    assert population.main(arguments) == population.OK
    assert (tmp_path / "calm-2.json").is_file()
    assert "true_pct" in capsys.readouterr().out


def test_zones_are_not_cut_to_less_than_a_preset_may_have(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        population.main(["--seconds", "4"])
    assert stopped.value.code == population.UNUSABLE
    assert "allowed 0, or 5 and more" in capsys.readouterr().err
