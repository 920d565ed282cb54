"""Scenarios made in code: what the tests of this folder share."""

import json
from pathlib import Path
from typing import Any

from devices import BOOTED_US
from tonus import limits
from tonus_tools.sim import runner
from tonus_tools.sim.checks import check
from tonus_tools.sim.measure import longest_unwatched_ms
from tonus_tools.sim.scenario import load
from tonus_tools.sim.trace import Trace
from tonus_tools.world.boards import FIRMWARE

Entry = dict[str, Any]

POWER_UP: Entry = {"at": 0.5, "press": "MODE", "for_s": 0.4}
READY_S = 0.5 + BOOTED_US / 1e6  # one may press PLUS


def plus(at_s: float, times: int) -> Entry:
    """PLUS so many times, three a second."""
    entry: Entry = {"at": at_s, "press": "PLUS"}
    return entry | {"times": times, "every_s": 0.3} if times > 1 else entry


def play(
    folder: Path,
    until_s: float,
    entries: list[Entry],
    expect: dict[str, Any] | None = None,
    presets: list[dict[str, Any]] | None = None,
    start: dict[str, Any] | None = None,
    firmware: Path = FIRMWARE,
) -> Trace:
    """Run a scenario and hold it to every limit and to what is expected; its trace."""
    document: dict[str, Any] = {"name": folder.name, "until_s": until_s, "start": start or {}, "do": entries}
    document["expect"] = expect or {}
    if presets:
        document["presets"] = []
        for i, preset in enumerate(presets):
            (folder / f"preset{i}.json").write_text(json.dumps(preset), encoding="utf-8")
            document["presets"].append(f"preset{i}.json")
    path = folder / "scenario.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    scenario = load(path)
    trace = runner.run(scenario, firmware=firmware)
    violations = check(trace, scenario)
    assert not violations, "\n".join(str(violation) for violation in violations)
    if not trace.logs_of("fault"):  # of a broken part the trace may miss phases
        assert longest_unwatched_ms(trace) <= limits.LIFT_MAX_MS
    return trace
