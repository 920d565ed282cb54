"""The boards the project knows: one folder of boards/ each, its constants read from board.py by path."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]
IS_CHECKOUT = (ROOT / "pyproject.toml").is_file()
# Installed from a wheel, the same files lie beside this package.
_BESIDE = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware" if IS_CHECKOUT else _BESIDE / "tonus_firmware"
BOARDS = ROOT / "boards" if IS_CHECKOUT else _BESIDE / "tonus_boards"


@dataclass(frozen=True)
class Board:
    """What the measurements need of a board: its current source."""

    name: str
    ua_per_code: float
    uv_per_code: float
    full_scale_ua: float  # DAC reference over Rset: the hardware ceiling
    offset_ua: float = 0.0  # what flows at code 0
    dummy_load: bool = False  # where skin would be: the self-test drives it

    def with_errors(self, errors: Mapping[str, int]) -> Board:
        """The source of a device with these errors (SCENARIOS.md), but for its DAC's bow; the ceiling stays nominal."""
        rset = 1 + errors.get("rset_ppm", 0) * 1e-6
        ua_per_code = self.ua_per_code * (1 + errors.get("dac_gain_ppm", 0) * 1e-6) / rset
        uv_per_ua = self.uv_per_code / self.ua_per_code * rset
        return replace(self, ua_per_code=ua_per_code, offset_ua=errors.get("dac_offset_uv", 0) / uv_per_ua)


def board_names() -> list[str]:
    """Names of the boards, sorted."""
    return sorted(path.parent.name for path in BOARDS.glob("*/board.py"))


def constants(name: str) -> ModuleType:
    """The module boards/NAME/board.py, which the firmware imports as `board`. KeyError when there is no such folder."""
    if name not in board_names():
        raise KeyError(name)
    spec = importlib.util.spec_from_file_location(f"board_{name}", BOARDS / name / "board.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_board(name: str) -> Board:
    """The current source of the board called `name`. KeyError when there is no such folder."""
    board = constants(name)
    full_scale_ua = board.DAC_REFERENCE_MV * 1000 / board.RSET_OHM
    codes = 1 << board.DAC_BITS
    uv_per_code = board.DAC_REFERENCE_MV * 1000 / codes
    load = hasattr(board, "DUMMY_LOAD_OHM")
    return Board(name, full_scale_ua / codes, uv_per_code, full_scale_ua, dummy_load=load)
