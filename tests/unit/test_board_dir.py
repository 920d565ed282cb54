"""boards/tonus_r1 as a board of MicroPython's own build (BOARD_DIR): same pins, same flash, same firmware."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
from pathlib import Path

import pytest
from tonus import bank
from tonus_tools.image.filesystem import BLOCK, BLOCKS, files
from tonus_tools.sim.runner import micropython
from tonus_tools.world.boards import BOARDS, FIRMWARE, constants

FOLDER = BOARDS / "tonus_r1"


class Frozen:
    """What the manifest freezes, by the names that MicroPython's makemanifest.py gives it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.included: list[str] = []
        self.sources: dict[str, bytes] = {}  # path in the image to source
        monkeypatch.chdir(FOLDER)  # as makemanifest.py does
        names = {"include": self.included.append, "package": self._package, "module": self._module}
        runpy.run_path("manifest.py", names)

    def _package(self, name: str, base_path: str = ".") -> None:
        for path in Path(base_path, name).rglob("*.py"):
            self.sources[str(path.relative_to(base_path))] = path.read_bytes()

    def _module(self, name: str, base_path: str = ".") -> None:
        self.sources[name] = Path(base_path, name).read_bytes()


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Frozen:
    return Frozen(monkeypatch)


def test_the_pins_are_those_of_the_pin_table() -> None:
    rows = [line.split(",") for line in (FOLDER / "pins.csv").read_text(encoding="ascii").splitlines()]
    assert dict(rows) == {role: f"GPIO{gpio}" for role, gpio in constants("tonus_r1").PINS.items()}
    assert len(rows) == len(dict(rows))


def test_the_file_system_is_where_the_stock_image_has_it() -> None:
    found = re.search(r"FLASH_STORAGE_BYTES\s+\((\d+) \* (\d+)\)", (FOLDER / "mpconfigboard.h").read_text("ascii"))
    assert found is not None
    assert int(found[1]) * int(found[2]) == BLOCK * BLOCKS


def test_it_is_built_for_a_pico_with_the_manifest() -> None:
    text = (FOLDER / "mpconfigboard.cmake").read_text(encoding="ascii")
    assert re.findall(r"^set\((\w+) \"?([^\")]+)\"?\)", text, re.MULTILINE) == [
        ("PICO_BOARD", "pico"),
        ("PICO_PLATFORM", "rp2040"),
        ("MICROPY_FROZEN_MANIFEST", "${MICROPY_BOARD_DIR}/manifest.py"),
    ]


def test_its_description_is_one_that_micropython_publishes() -> None:
    board = json.loads((FOLDER / "board.json").read_text(encoding="ascii"))
    keys = {"deploy", "docs", "features", "images", "mcu", "product", "thumbnail", "url", "vendor"}
    assert set(board) == keys
    assert board["mcu"] == "rp2040"
    assert all((FOLDER / name).is_file() for name in board["deploy"])


def test_the_firmware_is_frozen_whole(frozen: Frozen) -> None:
    assert frozen.included == ["$(PORT_DIR)/boards/manifest.py"]
    modules = {path.removesuffix(".py") for path in files("tonus_r1", as_sources=True) if path.endswith(".py")}
    of_the_frozen_image = {"boot", "shipped_presets"}
    assert {path.removesuffix(".py") for path in frozen.sources} == modules | of_the_frozen_image
    assert frozen.sources["main.py"] == (FIRMWARE / "main.py").read_bytes()
    assert frozen.sources["board.py"] == (FOLDER / "board.py").read_bytes()


def test_frozen_presets_are_files_again(frozen: Frozen, tmp_path: Path) -> None:
    for name in ("boot.py", "shipped_presets.py"):
        (tmp_path / name).write_bytes(frozen.sources[name])
    script = """
import json, os, boot
folder = boot.FOLDER
print(json.dumps({name: open(folder + "/" + name).read() for name in os.listdir(folder)}))
for path, mode in (("/none.json", "r"), ("/lift.json", "w"), ("/lift.json", "rb")):
    try:
        open(folder + path, mode)
    except OSError as problem:
        print(problem.errno)
print(os.stat(folder + "/lift.json")[6])
"""
    done = subprocess.run(
        [*micropython(), "-c", script],
        env=os.environ | {"MICROPYPATH": f"{tmp_path}:.frozen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    texts, *rest = done.stdout.splitlines()
    wanted = {f"{id}.json": (FIRMWARE / "tonus" / "presets" / f"{id}.json").read_text("utf-8") for id in bank.SHIPPED}
    assert json.loads(texts) == wanted
    assert rest == ["2", "30", "30", str(len(wanted["lift.json"]))]
