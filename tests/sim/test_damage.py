"""Files that are not what they should be."""

import shutil
from pathlib import Path

import pytest
from tonus_tools.sim.boards import FIRMWARE
from worlds import POWER_UP, play, plus


@pytest.mark.parametrize("damage", ["cut short", "missing", "out of range"])
def test_a_damaged_preset_is_a_named_fault_and_nothing_starts(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware)
    preset = firmware / "tonus" / "presets" / "firm.json"
    if damage == "missing":
        preset.unlink()
    elif damage == "cut short":
        preset.write_bytes(preset.read_bytes()[:200])
    else:
        preset.write_text(preset.read_text(encoding="utf-8").replace('"top_ua": 320', '"top_ua": 3200'))
    monkeypatch.setattr("tonus_tools.sim.runner.FIRMWARE", firmware)
    trace = play(
        tmp_path,
        6,
        [POWER_UP, plus(3, 4)],
        {"faults": ["presets"], "final_state": "FAULT", "no_output": True},
        start={"touch": "good"},
    )
    problem = trace.logs_of("presets")[0].fields["problem"]
    if damage == "out of range":
        assert problem == "top_ua: 3200; allowed 50..500 uA"
