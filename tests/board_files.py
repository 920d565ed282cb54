"""The boards, loaded from their files as the device loads them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

_BOARDS = Path(__file__).resolve().parents[1] / "boards"


def load_board(name: str) -> ModuleType:
    """The module boards/<name>/board.py."""
    spec = importlib.util.spec_from_file_location("board_" + name, _BOARDS / name / "board.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
