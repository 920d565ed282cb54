"""Packages for `mpremote mip install`: one a board, that puts the firmware's sources onto a Pico with MicroPython.

They lie in firmware/ and name files from there: a checkout is all they need.
"""

from __future__ import annotations

import json
from pathlib import Path

from tonus import VERSION

from ..sim.scenario import DEFAULT_BOARD
from ..world.boards import FIRMWARE, board_names
from .filesystem import check_board, files


def name(board: str) -> str:
    """A package's file in firmware/: mip takes package.json when none is named."""
    return "package.json" if board == DEFAULT_BOARD else f"package-{board}.json"


def text(board: str) -> str:
    """The package of a board. UsageError when there is no such board."""
    check_board(board)
    urls = [[path, f"../boards/{board}/{path}" if path == "board.py" else path] for path in _in_order(board)]
    lines = ",\n".join(f"    {json.dumps(url)}" for url in urls)
    return f'{{\n  "urls": [\n{lines}\n  ],\n  "version": "{VERSION}"\n}}\n'


def write(folder: Path = FIRMWARE) -> list[Path]:
    """Write all of them into a folder. OSError."""
    paths = []
    for board in board_names():
        path = folder / name(board)
        path.write_text(text(board), encoding="utf-8")
        paths.append(path)
    return paths


def _in_order(board: str) -> list[str]:
    """What is on the device; main.py last, since it starts the others."""
    return sorted(files(board, as_sources=True), key=lambda path: (path == "main.py", path))
