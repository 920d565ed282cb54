"""The simulator's model of the world (target/world.py, habits.py, breaks.py), for CPython."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

TARGET = Path(__file__).resolve().parent / "target"


def _load(name: str) -> ModuleType:
    # By path, under its own name: TARGET holds modules called `time` and `machine`, and must not be on sys.path.
    spec = importlib.util.spec_from_file_location(name, TARGET / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _module() -> ModuleType:
    before = sys.modules.get("bind")
    sys.modules["bind"] = _load("bind")
    try:
        return _load("world")
    finally:
        if before is None:
            del sys.modules["bind"]
        else:
            sys.modules["bind"] = before


_WORLD = _module()
World: Any = _WORLD.World
SKINS: dict[str, tuple[float, float, float]] = _WORLD.SKINS
SKIN_KNEE_A: float = _WORLD.SKIN_KNEE_A
WATCH_C: float = _WORLD.WATCH_C
habits: Any = _load("habits")
breaks: Any = _load("breaks")
