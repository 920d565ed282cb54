"""Files that are not what they should be."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tonus import bank
from tonus_tools.world.boards import FIRMWARE
from worlds import POWER_UP, Entry, play, plus

PRESSED: list[list[Entry]] = [
    [plus(3, 4)],  # long after it was found
    [{"at": 1.0, "press": "PLUS", "times": 20, "every_s": 0.2}],  # as early as a person can
]


@pytest.mark.parametrize("entries", PRESSED, ids=["later", "at once"])
@pytest.mark.parametrize("id", bank.SHIPPED)
@pytest.mark.parametrize("damage", ["cut short", "missing", "out of range"])
def test_a_damaged_preset_is_a_named_fault_and_nothing_starts(
    damage: str, id: str, entries: list[Entry], tmp_path: Path
) -> None:
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware)
    preset = firmware / "tonus" / "presets" / f"{id}.json"
    if damage == "missing":
        preset.unlink()
    elif damage == "cut short":
        preset.write_bytes(preset.read_bytes()[:200])
    else:
        document: dict[str, Any] = json.loads(preset.read_bytes())
        preset.write_text(json.dumps(document | {"top_ua": 3200}), encoding="utf-8")
    trace = play(
        tmp_path,
        6,
        [POWER_UP, *entries],
        {"faults": ["presets"], "final_state": "FAULT", "no_output": True},
        start={"touch": "good"},
        firmware=firmware,
    )
    problem = trace.logs_of("presets")[0].fields["problem"]
    if damage == "out of range":
        assert problem == "top_ua: 3200; allowed 50..500 uA"
