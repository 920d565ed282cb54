"""The device in the page is the simulator's: the same trace, record by record; its memory stays what it is."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from browser import run_node
from tonus_tools.sim import runner, scenario

SCENARIOS = Path(__file__).parents[1] / "sim" / "scenarios"
MEMORY_MAX_BYTES = 40_000_000


def firmware_of(made: Path, folder: Path) -> Path:
    """The page's firmware as a folder: it takes as long to load as in the page."""
    for path, text in json.loads((made / "pack.json").read_text(encoding="utf-8"))["firmware"].items():
        if text is None:
            (folder / path).mkdir(parents=True, exist_ok=True)
        else:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    return folder


def without_heap(lines: list[str]) -> list[str]:
    """A trace but for the version and the heap."""
    found = []
    for line in lines:
        record = json.loads(line)
        if isinstance(record[-1], dict):
            for field in ("micropython", "heap_free", "heap_bytes"):
                record[-1].pop(field, None)
        found.append(json.dumps(record, sort_keys=True))
    return found


def without_traceback(lines: list[str]) -> list[str]:
    """Without the lines of the log's traceback and, from there on, times."""
    first = next(i for i, line in enumerate(lines) if '"e": "trace"' in line)
    kept = [json.loads(line) for line in lines[first:] if '"e": "trace"' not in line]
    return lines[:first] + [json.dumps([kind, *rest]) for kind, _, *rest in kept]


@pytest.mark.parametrize(
    ("name", "slice_ms", "until_s"),
    [
        ("demo_facial", 50, 24),  # the start, a lift, a ramp
        ("usb_blip", 7, None),
        ("main_hangs", 50, None),  # the watchdog, and a second start
        ("task_dies", 33, 10),  # the ending of the firmware's main part
        ("safe_mode", 50, None),
    ],
)
def test_its_trace_is_the_simulators(
    name: str, slice_ms: int, until_s: int | None, made: Path, node: str, tmp_path: Path
) -> None:
    day = scenario.load(SCENARIOS / f"{name}.toml")
    if until_s is not None:
        kept = tuple(action for action in day.timeline if action.at_us < until_s * 1_000_000)
        day = replace(day, until_us=until_s * 1_000_000, timeline=kept)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(day.to_target()), encoding="utf-8")
    kept_lines = io.StringIO()
    runner.run(day, keep=kept_lines, memory=True, firmware=firmware_of(made, tmp_path / "firmware"))
    done = run_node(node, "device.mjs", str(made), str(config), str(slice_ms))
    expected = without_heap(kept_lines.getvalue().splitlines())
    found = without_heap(done.stdout.splitlines())
    if name == "task_dies":
        # Each line of the traceback takes a microsecond, and the two have not the same frames in them.
        found, expected = without_traceback(found), without_traceback(expected)
    # A host that listens is heard in the page, and safe mode has no prompt there.
    told = ('["console"', '["usb"')
    assert [line for line in found if not line.startswith(told)] == [
        one for one in expected if not one.startswith(told)
    ]
    assert len(found) > 20
    assert json.loads(done.stderr.splitlines()[-1])["memory_bytes"] <= MEMORY_MAX_BYTES
