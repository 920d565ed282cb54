"""What simulator and chip may differ by (`tonus_tools.chip.agree`), on traces made up for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tonus_tools.chip.agree import COLLECTION_MS, STATE_MS, compare
from tonus_tools.sim.trace import Trace, parse

PROBE_MS = 50
S = 1_000_000


def played(armed_ms: int = 1000, treated_ms: int = 2000, period_ms: int = 10, code: int = 800) -> Trace:
    """Armed, probing, for so long; treated at so many ms a pulse; paused until the end at 6 s."""
    at = [1000 * PROBE_MS * i for i in range(1, armed_ms // PROBE_MS + 1)]
    begun, ended = 1000 * armed_ms, 1000 * (armed_ms + treated_ms)
    records: list[list[Any]] = [_state(0, "STANDBY", "ARMED")]
    records += [["phase", t, 1, 200, 80, 10.0, 10.0, 2.0, 10] for t in at if t + 200 < begun]
    records.append(_state(begun, "ARMED", "TREAT"))
    records += [
        ["phase", t, 1, 500, code, 100.0, 100.0, 50.0, 100] for t in range(begun + 5000, ended - 500, 1000 * period_ms)
    ]
    records.append(_state(ended, "TREAT", "PAUSED"))
    header = ["trace", 0, {"version": 1, "scenario": "t", "board": "tonus_r1", "micropython": "m", "heap_bytes": 1}]
    return parse([json.dumps(record) for record in (header, *records, ["end", 6 * S, {"ticks": 1}])])


def _state(t_us: int, before: str, to: str) -> list[Any]:
    return ["log", t_us, {"t": t_us // 1000, "e": "state", "from": before, "to": to, "cause": "c"}]


def test_one_trace_agrees_with_itself() -> None:
    found = compare(played(), played(), 0)
    assert found.differences == ()
    assert found.changes == 3
    assert found.phases > 200


def test_another_probe_may_find_the_skin() -> None:
    assert compare(played(), played(armed_ms=1000 + STATE_MS + PROBE_MS), 0).differences == ()
    differences = compare(played(), played(armed_ms=1005 + STATE_MS + COLLECTION_MS + PROBE_MS), 0).differences
    assert any("ARMED until TREAT: +100.0 ms; allowed 95 ms" in line for line in differences)


@pytest.mark.parametrize(("period_ms", "later_ms", "agrees"), [(10, 50, True), (10, 60, False), (80, 120, True)])
def test_a_lift_is_seen_by_the_next_phase(period_ms: int, later_ms: int, agrees: bool) -> None:
    one, other = played(period_ms=period_ms), played(treated_ms=2000 + later_ms, period_ms=period_ms)
    assert (compare(one, other, 0).differences == ()) is agrees


def test_what_the_phases_carry_is_compared() -> None:
    (difference,) = compare(played(), played(code=801), 0).differences
    assert "code 800 against 801" in difference
