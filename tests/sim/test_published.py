"""Published programmes, as presets/README.md writes them, each for a minute."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tonus_tools.sim.measure import worst_account
from tonus_tools.world.boards import FIRMWARE
from worlds import POWER_UP, play, plus

TABLE = (
    (FIRMWARE / "tonus" / "presets" / "README.md")
    .read_text(encoding="utf-8")
    .split("## Published programmes")[1]
    .split("\n## ")[0]
)
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in TABLE.splitlines() if line.startswith("| ")][1:]
WRITTEN = {row[0]: (int(row[1].split()[0]), re.findall(r"`(\{.*?\})`", row[2])) for row in ROWS if "`" in row[2]}


def test_there_are_enough_of_them() -> None:
    assert len(WRITTEN) >= 8
    assert all(row[3] for row in ROWS)


@pytest.mark.parametrize("name", WRITTEN)
def test_it_plays_for_a_minute(name: str, tmp_path: Path) -> None:
    top_ua, waveforms = WRITTEN[name]
    zones: list[dict[str, Any]] = [
        {"name": "cheek", "duration_s": 60 // len(waveforms), "cue_s": 10, "waveform": json.loads(text)}
        for text in waveforms
    ]
    preset = {"schema": 1, "id": "p", "name": "P", "top_ua": top_ua, "ramp_ms": 2000, "zones": zones}
    trace = play(tmp_path, 72, [POWER_UP, plus(2.5, 10)], {"final_state": "DONE"}, [preset], {"touch": "typical"})
    told = trace.logs_of("session")[-1].fields
    assert told["share_pct"] >= 75  # a ramp takes four cycles at least: 16 of 60 s with bursts of 2 s
    assert trace.phases.peak_ua.max() == pytest.approx(top_ua, rel=0.01)
    assert worst_account(trace.phases)[0] < 45
