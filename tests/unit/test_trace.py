"""Traces: every line is read as TRACE.md says, or refused with its number."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tonus_tools.sim import trace
from tonus_tools.sim.trace import Span, TraceError, parse, spans_of

HEADER = ["trace", 0, {"version": 1, "scenario": "t", "board": "tonus_r1", "micropython": "m", "heap_bytes": 1}]


def lines(*records: list[Any], end_us: int = 1_000_000) -> list[str]:
    return [json.dumps(record) for record in (HEADER, *records, ["end", end_us, {"ticks": 1}])]


def state(t_us: int, before: str, to: str) -> list[Any]:
    return ["log", t_us, {"t": t_us // 1000, "e": "state", "from": before, "to": to, "cause": "c"}]


def test_every_kind_of_line_is_typed() -> None:
    t = parse(
        lines(
            ["power", 0, 1],
            ["boot", 10, "power"],
            state(20, "OFF", "STANDBY"),
            ["log", 30, {"t": 0, "e": "mode", "id": "a", "name": "Lift", "zones": [["Brow", 30]]}],
            ["log", 30, {"t": 0, "e": "zone", "n": 1, "name": "Brow", "s": 30}],
            ["log", 40, {"t": 0, "e": "contact", "class": "good", "ohm": 800}],
            ["log", 40, {"t": 0, "e": "level", "level": 3, "ua": 120}],
            ["log", 40, {"t": 0, "e": "fault", "n": 1, "name": "rail", "value": 3}],
            ["led", 50, "LEVEL_1", 500],
            ["beep", 60, 2000],
            ["haptic", 60, 1],
            ["world", 70, "usb", True],
            ["phase", 65, 1, 10, 100, 12.5, 12.0, 0.1, 300],
            ["console", 80, "hello"],
            ["irq_error", 90, "ValueError"],
        )
    )
    assert t.header["board"] == "tonus_r1"
    assert t.states[0] == (20, "OFF", "STANDBY", "c")
    assert t.zones[0] == (30, 1, "Brow", 30)
    assert t.contacts[0] == (40, "good", 800)
    assert t.levels[0] == (40, 3, 120)
    assert t.faults == ["rail"]
    assert t.leds[0] == (50, "LEVEL_1", 500)
    assert t.world[0] == (70, "usb", True)
    assert t.of("beep")[0].fields == (2000,)
    assert t.of("nothing") == []
    assert t.logs_of("mode")[0].fields["name"] == "Lift"
    assert (t.phases.t_us[0], t.phases.end_us[0], t.phases.peak_ua[0], t.phases.signed_nc[0]) == (65, 75, 12.5, 0.1)
    assert t.end_us == 1_000_000


def test_a_trace_without_phases_has_empty_arrays() -> None:
    assert len(parse(lines()).phases) == 0


def test_state_at_and_spans() -> None:
    t = parse(
        lines(
            ["power", 0, 1],
            state(100, "OFF", "STANDBY"),
            state(200, "STANDBY", "TREAT"),
            ["power", 300, 0],
            ["boot", 400, "watchdog"],
            state(400, "OFF", "SELF_TEST"),
        )
    )
    seen = [(at, t.state_at(at)) for at in (0, 99, 100, 199, 200, 299, 300, 399, 400, 10**9)]
    assert [name for _, name in seen] == [
        "OFF", "OFF", "STANDBY", "STANDBY", "TREAT", "TREAT", "OFF", "OFF", "SELF_TEST", "SELF_TEST",
    ]  # fmt: skip
    assert t.final_state == "SELF_TEST"
    assert t.spans_in(("STANDBY", "TREAT")) == [Span(100, 300, "STANDBY")]


def test_final_state_counts_a_change_at_the_last_instant() -> None:
    assert parse(lines(state(5, "OFF", "DONE"), end_us=5)).final_state == "DONE"


def test_spans_of_joins_repeats_and_drops_empty_ones() -> None:
    assert spans_of([(0, "a"), (5, "a"), (7, "b"), (7, "c")], 9) == [Span(0, 7, "a"), Span(7, 9, "c")]


BAD = {
    "not JSON": "{",
    "not a list": '{"a": 1}',
    "no time": '["rail"]',
    "time as text": '["rail", "5", 1]',
    "unknown kind": '["rial", 5, 1]',
    "a field missing": '["led", 5, "LEVEL_1"]',
    "a field too many": '["beep", 5, 1, 2]',
    "wrong type": '["beep", 5, "high"]',
    "log without e": '["log", 5, {"t": 1}]',
    "state without cause": '["log", 5, {"e": "state", "from": "OFF", "to": "DONE"}]',
    "short phase": '["phase", 5, 1, 10, 100, 1, 1, 1]',
    "phase of text": '["phase", 5, 1, 10, 100, "1", 1, 1, 1]',
    "phase of null": '["phase", 5, 1, 10, 100, null, 1, 1, 1]',
    "phase without direction": '["phase", 5, 0, 10, 100, 1, 1, 1, 1]',
    "phase without width": '["phase", 5, 1, 0, 100, 1, 1, 1, 1]',
    "phase of negative charge": '["phase", 5, 1, 10, 100, 1, 1, -1, 1]',
    "second header": json.dumps(HEADER),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_malformed_line_is_refused_with_its_number(bad: str) -> None:
    good = lines(["rail", 1, 1])
    with pytest.raises(TraceError, match="^trace line 3: ") as caught:
        parse([*good[:2], bad, *good[2:]])
    assert "\n" not in str(caught.value)


def test_a_line_that_is_no_record_is_what_the_firmware_printed() -> None:
    reader = trace.TraceReader()
    for line in lines(["rail", 7, 1])[:2]:
        reader.feed(line)
    assert reader.console("Traceback") == ["console", 7, "Traceback"]
    reader.feed('["end", 9, {}]')
    assert reader.finish().of("console")[0].fields == ("Traceback",)


def test_the_order_of_lines_is_checked() -> None:
    with pytest.raises(TraceError, match="line 3: goes back in time"):
        parse(lines(["rail", 10, 1], ["rail", 9, 0]))
    with pytest.raises(TraceError, match="line 3: begins before the last one ended"):
        parse(lines(["phase", 10, 1, 10, 1, 1, 1, 1, 1], ["phase", 19, -1, 10, 1, 1, 1, 1, 1]))
    with pytest.raises(TraceError, match="line 1: before the trace line"):
        parse(lines()[1:])
    with pytest.raises(TraceError, match="line 3: after the end line"):
        parse([*lines(), '["rail", 2000000, 1]'])


def test_a_trace_cut_short_is_refused() -> None:
    with pytest.raises(TraceError, match="stops at line 2 without an end line"):
        parse(lines(["rail", 1, 1])[:2])
    with pytest.raises(TraceError, match="empty"):
        parse([])
    with pytest.raises(TraceError, match="not a trace of version 1"):
        parse(['["trace", 0, {"version": 2}]'])


def test_load_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text("\n".join(lines()) + "\n", encoding="utf-8")
    assert trace.load(path).header == HEADER[2]


def test_the_docs_name_every_kind_of_line() -> None:
    docs = Path(trace.__file__).with_name("TRACE.md").read_text(encoding="utf-8")
    table = docs.split("## The firmware's log")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert named == {*trace._FIELDS, "phase"}
