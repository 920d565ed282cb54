"""Whole sessions on the real MicroPython interpreter: every scenario keeps its promises and the limits."""

from pathlib import Path

import pytest
from tonus import limits
from tonus_tools.sim import runner
from tonus_tools.sim.checks import check
from tonus_tools.sim.measure import longest_unwatched_ms
from tonus_tools.sim.scenario import load

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    scenario = load(path)
    trace = runner.run(scenario)
    assert [str(violation) for violation in check(trace, scenario)] == []
    # An active state in which nothing looks at the electrodes is a session that only seems to go on.
    # With the rest's switch stuck what flows is watched, and is not the electrodes'.
    if not any(w.value in ("timer_dead", "main_hangs", "rest_stuck") for w in trace.world):
        assert longest_unwatched_ms(trace) <= limits.LIFT_MAX_MS
