"""The image: MicroPython and the file system merged into one UF2, and a manifest of what is in it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tonus import VERSION

from ..errors import UsageError
from . import uf2
from .filesystem import BLOCK, BLOCKS, FS_START, blocks_in_use, filesystem
from .micropython import MicroPython


@dataclass(frozen=True)
class Image:
    """`name`: of its files, without an ending. `manifest`: a JSON document, described in README.md."""

    name: str
    uf2: bytes
    manifest: dict[str, Any]

    def write(self, folder: Path) -> Path:
        """Put UF2 and manifest into a folder; the path of the UF2. OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.uf2"
        _replace(path, self.uf2)
        _replace(path.with_suffix(".json"), (json.dumps(self.manifest, indent=2) + "\n").encode())
        return path


def build(board: str, micropython: MicroPython, files: Mapping[str, bytes]) -> Image:
    """The image of `micropython` and these files. UsageError when they do not fit.

    Of the file system only the blocks in use are in it: the rest of the flash may hold what it likes.
    """
    if micropython.end > FS_START:
        raise UsageError(
            f"{micropython.name}: ends at {micropython.end:#x}; allowed up to {FS_START:#x}, where the file "
            "system begins"
        )
    fs = filesystem(files)
    blocks = blocks_in_use(fs)
    pages = dict(micropython.pages)
    for block in blocks:
        pages |= uf2.pages_of(FS_START + block * BLOCK, fs[block * BLOCK : (block + 1) * BLOCK])
    data = uf2.write(pages)
    manifest = {
        "name": "tonus",
        "version": VERSION,
        "board": board,
        "micropython": {"version": micropython.version, "sha256": _sha256(micropython.data)},
        "files": [{"path": path, "size": len(data), "sha256": _sha256(data)} for path, data in sorted(files.items())],
        "flash": {
            "micropython_bytes": micropython.end,
            "filesystem_at": FS_START,
            "filesystem_bytes": len(blocks) * BLOCK,
            "filesystem_bytes_max": BLOCKS * BLOCK,
        },
        "uf2": {"size": len(data), "sha256": _sha256(data)},
    }
    return Image(f"tonus-{board}-{VERSION}", data, manifest)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole, or leave the one that is there."""
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(data)
    os.replace(beside, path)
