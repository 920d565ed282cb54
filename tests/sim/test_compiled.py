"""Modules that the host compiled before: the device is the same, and what is on its flash is what runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from devices import changed_firmware
from tonus_tools.sim import compiled, runner
from tonus_tools.sim.scenario import Action, Scenario, load
from tonus_tools.world.boards import FIRMWARE

SCENARIOS = Path(__file__).with_name("scenarios")


TOLD = ("e", "version", "from", "to", "cause", "level", "zone", "id")  # what does not come from a clock or a converter


def said(scenario: Scenario, firmware: Path = FIRMWARE) -> tuple[int, list[dict[str, Any]]]:
    """When it was in STANDBY, in us, and the story that it told."""
    trace = runner.run(scenario, firmware=firmware)
    ready_us = next(log.t_us for log in trace.logs if log.fields.get("to") == "STANDBY")
    return ready_us, [{name: log.fields.get(name) for name in TOLD} for log in trace.logs]


def test_a_device_is_the_same_without(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = load(SCENARIOS / "left_on_the_table.toml")
    with_them = said(scenario)
    monkeypatch.setattr(compiled, "folder", lambda: None)
    without = said(scenario)
    assert with_them[1] == without[1]
    assert abs(with_them[0] - without[0]) < 10_000  # the flash's cache is filled otherwise on the way to a source


def test_what_is_on_the_flash_is_what_runs(tmp_path: Path) -> None:
    firmware = changed_firmware(tmp_path, ("tonus/__init__.py", "0.1.0", "7.7.7"))
    _, logs = said(load(SCENARIOS / "left_on_the_table.toml"), firmware)
    assert [fields["version"] for fields in logs if fields["e"] == "boot"] == ["7.7.7"]


def test_a_flash_that_was_prepared_is_that_of_an_installation(tmp_path: Path) -> None:
    scenario = Scenario("short", 800_000, timeline=(Action(0, "hold", "MODE"),))
    same = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, same, ignore=shutil.ignore_patterns("__pycache__"))
    traces = []
    for name, firmware in (("prepared", FIRMWARE), ("installed", same)):
        records: list[Any] = []
        runner.run(scenario, records.append, firmware=firmware, flash=tmp_path / f"{name}.img")
        records[-1][2].pop("heap_free")  # the collection of garbage takes some numbers for addresses
        traces.append(records)
    assert traces[0] == traces[1]
    assert (tmp_path / "prepared.img").read_bytes() == (tmp_path / "installed.img").read_bytes()


def test_where_no_flash_can_be_kept_each_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "folder", lambda: tmp_path / "nowhere")
    assert runner.environment("tonus_r1", FIRMWARE, tmp_path / "flash.img")["TONUS_COMPILED"] == str(
        tmp_path / "nowhere"
    )
    assert set((tmp_path / "flash.img").read_bytes()) == {0xFF}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty place for them, and one module of each kind."""
    for part in ("world", "firmware/tonus"):
        (tmp_path / part).mkdir(parents=True)
        (tmp_path / part / "one.py").write_text("ONE = 1\n", encoding="utf-8")
    (tmp_path / "firmware" / "main.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(compiled, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(compiled, "WORLD", tmp_path / "world")
    monkeypatch.setattr(compiled, "FIRMWARE", tmp_path / "firmware")
    compiled.folder.cache_clear()
    yield tmp_path / "kept"
    compiled.folder.cache_clear()


def files(folder: Path | None) -> list[str]:
    assert folder is not None
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*"))


def test_they_are_kept_until_a_source_changes(kept: Path, tmp_path: Path) -> None:
    first = compiled.folder()
    digest = hashlib.sha256(b"ONE = 1\n").hexdigest()
    assert files(first) == [f"tonus/{digest}.mpy", "world/one.mpy"]
    assert list(kept.iterdir()) == [first]
    (tmp_path / "world" / "one.py").write_text("ONE = 2\n", encoding="utf-8")
    assert compiled.folder() == first  # as long as this process goes on
    compiled.folder.cache_clear()
    second = compiled.folder()
    assert files(second) == files(first)
    assert set(kept.iterdir()) == {first, second}
    assert first != second


def test_a_source_that_does_not_compile_is_left_to_the_interpreter(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "firmware" / "tonus" / "two.py").write_text("TWO = = 2\n", encoding="utf-8")
    assert len(files(compiled.folder())) == 2


def test_what_nobody_has_used_for_a_day_goes(kept: Path) -> None:
    for age_s in (23 * 3600, 25 * 3600):
        other = kept / f"mpy-{age_s}"
        other.mkdir(parents=True)
        os.utime(other, (time.time() - age_s,) * 2)
    assert compiled.folder() in list(kept.iterdir())
    assert {path.name for path in kept.iterdir() if path != compiled.folder()} == {f"mpy-{23 * 3600}"}


def test_where_nothing_can_be_kept_they_are_this_processs_own(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.write_text("in the way", encoding="utf-8")
    its = compiled.folder()
    assert len(files(its)) == 2
    assert kept.read_text(encoding="utf-8") == "in the way"
    assert its is not None
    shutil.rmtree(its)


def test_without_the_compiler_there_are_none(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tonus_tools.cross", None)
    assert compiled.folder() is None
    assert not kept.exists()
