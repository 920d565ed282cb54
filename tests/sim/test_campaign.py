"""Sixty single faults at random moments, one of each kind at least; and that what is bad would be seen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from devices import changed_firmware
from guard_rules import RULES
from tonus_tools.campaign import __main__ as command
from tonus_tools.campaign import kinds, soak, table
from tonus_tools.campaign.draw import plan
from tonus_tools.campaign.kinds import Fault
from tonus_tools.campaign.play import CHIP, SIMULATOR, Played, play
from tonus_tools.campaign.remains import KNOWN
from tonus_tools.campaign.verdict import BAD, ENDED, HARMLESS, SILENT, Verdict, judge
from tonus_tools.sim import runner
from tonus_tools.sim.trace import Trace, TraceReader
from tonus_tools.world.boards import FIRMWARE

SEEDS = range(kinds.ROUND)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_single_fault(seed: int) -> None:
    one = play(seed)
    assert table.bad([one]) == [], one


def test_the_sixty_have_every_kind() -> None:
    assert {kinds.fault(seed).kind for seed in SEEDS} == {kind.name for kind in kinds.KINDS}


def test_a_seed_is_the_same_fault_and_session_for_ever(tmp_path: Path) -> None:
    for seed in range(0, 600, 7):
        first, again = (plan(seed, kinds.fault(seed), tmp_path) for _ in range(2))
        assert first.scenario == again.scenario
    assert kinds.fault(1) != kinds.fault(1 + kinds.ROUND)


def test_every_line_is_broken_each_way_within_the_campaign() -> None:
    cases = {kinds.fault(seed).case for seed in range(command.RUNS) if kinds.wheel()[seed % kinds.ROUND][0] == "line"}
    assert cases == {f"{role} {how}" for role in kinds.ROLES for how in ("low", "high", "open")}


# What runs have found, as tests of their own


def test_mode_stops_while_a_pio_runs_wild(tmp_path: Path) -> None:
    """It has a sample for each tick; a tick that takes one leaves the buttons to the next. The guard ends it sooner."""
    one = play(469, firmware=changed_firmware(tmp_path, ("tonus/guard.py", *RULES["too_fast"])))
    assert (one.kind, one.verdict.by, one.verdict.broken) == ("code", "", ())
    assert play(469).verdict.by == "blind"


def test_a_train_that_asks_for_more_than_the_level_is_not_played() -> None:
    """A bit of the envelope's factor flips: three times the level."""
    one = play(674)
    assert (one.kind, one.hit.split("[")[0]) == ("array", "pulse._train._kept")
    assert (one.verdict.verdict, one.verdict.by) == (ENDED, "overcurrent")


def test_a_pio_that_plays_too_fast_is_seen() -> None:
    """A bit of an instruction flips, and pulses come six times as fast: a ramp of half a second would take 60 ms."""
    one = play(218)
    assert (one.kind, one.case) == ("code", "2 2")
    assert (one.verdict.verdict, one.verdict.by) == (ENDED, "blind")


# A bad run is seen


def _seed_of(kind: str, case: str, state: str) -> int:
    return next(
        seed
        for seed in range(10_000)
        if kinds.fault(seed, kind).case == case and _state(seed, kinds.fault(seed, kind)) == state
    )


def _state(seed: int, fault: Fault) -> str:
    from tonus_tools.campaign.draw import _Hand

    return _Hand(seed, fault, False).state


def test_firmware_that_lets_too_much_flow_is_bad(tmp_path: Path) -> None:
    """With the overcurrent's and the deviation's limits gone, a DAC with a bit stuck goes on."""
    weak = changed_firmware(
        tmp_path,
        ("tonus/limits.py", "OVERCURRENT_UA = 10 ", "OVERCURRENT_UA = 9999 "),
        ("tonus/limits.py", "DEVIATION_UA = 10 ", "DEVIATION_UA = 9999 "),
    )
    seed = _seed_of("frame", "high 10", "TREAT")
    assert play(seed, "frame").verdict.verdict == ENDED
    one = play(seed, "frame", firmware=weak)
    assert one.verdict.verdict == BAD
    assert one.verdict.broken[0].startswith("above")
    assert table.bad([one]) == [one]


def test_firmware_that_does_not_stop_is_bad(tmp_path: Path) -> None:
    """Its debouncing never ends: MODE is not seen, though nothing is broken but a lamp."""
    weak = changed_firmware(tmp_path, ("tonus/debounce.py", "limits.DEBOUNCE_MS + _JITTER_US", "9999 + _JITTER_US"))
    seed = next(
        seed
        for seed in range(10_000)
        if kinds.fault(seed, "line").case == "LEVEL_1 low"
        and any(a.do == "hold" and a.value == "MODE" for a in _timeline(seed, tmp_path)[2:])
        and _state(seed, kinds.fault(seed, "line")) == "TREAT"
    )
    assert play(seed, "line").verdict.verdict == HARMLESS
    assert "stop" in "".join(play(seed, "line", firmware=weak).verdict.broken)


def _timeline(seed: int, folder: Path) -> list[Any]:
    return list(plan(seed, kinds.fault(seed, "line"), folder).scenario.timeline)


class Told:
    """A run with a fault that was named, and its trace's lines."""

    def __init__(self, folder: Path) -> None:
        seed = _seed_of("part", "dac_full_scale", "TREAT")
        self.plan = plan(seed, kinds.fault(seed, "part"), folder)
        with open(folder / "trace.jsonl", "w+", encoding="utf-8") as keep:
            runner.run(self.plan.scenario, keep=keep)
            keep.seek(0)
            self.lines = [json.loads(line) for line in keep]

    def judged(self, change: Any) -> Verdict:
        """What is said of it when each record has gone through `change(record)`, which may return None."""
        reader = TraceReader()
        for record in json.loads(json.dumps(self.lines)):
            changed = change(record)
            if changed is not None:
                reader.feed(json.dumps(changed))
        trace: Trace = reader.finish()
        return judge(trace, self.plan)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(tmp_path_factory.mktemp("told"))


def test_a_fault_that_ended_it_and_is_named(told: Told) -> None:
    verdict = told.judged(lambda record: record)
    assert (verdict.verdict, verdict.by, verdict.broken) == (ENDED, "overcurrent", ())


def test_an_end_without_a_name_is_silent(told: Told) -> None:
    def mute(record: list[Any]) -> list[Any] | None:
        log = record[2] if record[0] == "log" else {}
        if log.get("e") == "fault":
            return None
        if log.get("e") == "state" and log["cause"] == "fault":
            log["cause"] = ""
        return record

    assert told.judged(mute).verdict == SILENT


def test_a_phase_too_many_is_bad(told: Told) -> None:
    """500 uA for 200 ms more, after it was named."""
    end_us = told.plan.scenario.until_us

    def more(record: list[Any]) -> list[Any] | None:
        if record[0] == "end":
            return record
        if record[0] == "latch" or record[0] == "rail" and record[1] > told.plan.fault_us:
            return None
        return record

    last = max(i for i, record in enumerate(told.lines) if record[0] == "phase")
    late = ["phase", end_us - 400_000, 1, 200_000, 4095, 505.0, 505.0, 101_000.0, 2000]
    lines, told.lines = told.lines, [*told.lines[: last + 1], late, *told.lines[last + 1 :]]
    try:
        verdict = told.judged(more)
    finally:
        told.lines = lines
    assert verdict.verdict == BAD
    assert {line.split(":")[0] for line in verdict.broken} >= {"account", "above", "output_state"}


# Tables and command

GOOD = Played(3, SIMULATOR, "frame", "high 10", "lift", Verdict(ENDED, "overcurrent", "TREAT"))


def test_the_command_says_what_is_bad(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = replace(GOOD, verdict=Verdict(BAD, "", "TREAT", ("account: 99 uC, limit 80 uC",)))
    only = ["--runs", "2", "--chip", "0", "--jobs", "1", "--out", str(tmp_path)]
    monkeypatch.setattr(command, "play", lambda seed, kind: replace(GOOD, seed=seed))
    assert command.main(only) == command.OK
    assert "| `frame` |" in capsys.readouterr().out
    monkeypatch.setattr(command, "play", lambda seed, kind: replace(bad if seed else GOOD, seed=seed))
    assert command.main(only) == command.BAD
    assert "BAD --seed 1: frame high 10 in TREAT: account: 99 uC" in capsys.readouterr().out
    rows = json.loads((tmp_path / command.RESULTS).read_text(encoding="utf-8"))
    assert [row["verdict"]["verdict"] for row in rows] == [ENDED, BAD]


def test_the_page_has_every_kind_and_nothing_bad() -> None:
    text = table.PAGE.read_text(encoding="utf-8")
    for where in (SIMULATOR, CHIP):
        part = text.split(f"## {table.WHERE[where]}")[1].split("\n## ")[0]
        rows = {line.split("|")[1].strip(" `"): line.split("|") for line in part.splitlines() if line.startswith("| ")}
        if where == SIMULATOR:
            assert {kind.name for kind in kinds.KINDS} <= set(rows)
        assert set(rows) - {"Kind", "all"} <= {kind.name for kind in kinds.ALL_KINDS}
        assert int(rows["all"][8]) == 0, where


def test_what_remains_is_in_hazards() -> None:
    hazards = (FIRMWARE / "HAZARDS.md").read_text(encoding="utf-8").replace("\n", " ")
    for one in KNOWN:
        assert one.hazard in " ".join(hazards.split()), one.hazard


# The soak, for a while


def test_a_few_sessions_leave_a_device_as_it_should_be() -> None:
    told = soak.soak(5, 6)
    assert told.wrong == []
    assert told.done > 2
    assert told.erased


def test_a_soak_that_leaves_traces_is_bad() -> None:
    told = soak.Soaked(1, done=9, records=[1, 2, 4], recorded=9, heaps=[[90_000, 80_000, 70_000]], clock_off_s=[3.0])
    told.missed, told.lost = 2, 1
    told.erased[7] = 900_000
    soak._judge(told)
    assert {line.split(":")[0] for line in told.wrong} == {"heap", "journal", "counters", "flash", "clock"}
