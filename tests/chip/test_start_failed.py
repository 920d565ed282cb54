"""A firmware that lacks a module, on the chip: fault 31 on the bar, in the log, and MODE still switches off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tonus import faults
from tonus_tools.chip.live import Live
from tonus_tools.errors import UsageError
from tonus_tools.image.filesystem import contents, files, filesystem
from tonus_tools.sim.scenario import Scenario


def test_a_module_that_is_missing(tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    there = files("tonus_r1")
    del there["tonus/recorder.mpy"]
    image.write_bytes(filesystem(there))
    records: list[list[Any]] = []
    try:
        live = Live(Scenario("missing", 1), image, on_record=records.append)
    except UsageError as missing:
        pytest.skip(f"no MicroPython to emulate: {missing}")
    with live:
        live.do("hold", "MODE")
        live.run(800_000)
        live.do("release", "MODE")
        live.run(400_000)
        live.do("hold", "MODE")
        live.run(1_900_000)
        live.do("release", "MODE")
        live.run(200_000)
    (log,) = [record[2] for record in records if record[0] == "log"]
    assert (log["n"], log["name"]) == (faults.START_FAILED, faults.name(faults.START_FAILED))
    assert "tonus.recorder" in log["why"]
    journal = contents(image.read_bytes())["data/faults"]
    assert json.loads(journal.partition(b"*")[0])["why"] == log["why"]
    lit = {record[2] for record in records if record[0] == "led" and record[3]}
    assert lit >= {f"LEVEL_{i}" for i in (1, 2, 4, 5)} | {f"MODE_{i}" for i in range(1, 5)}
    assert [record[2] for record in records if record[0] == "power"] == [1, 0]
