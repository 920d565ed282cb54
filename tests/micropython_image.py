"""A stand-in for MicroPython's UF2: nothing that runs, but with the "binary info" by which an image says what it is."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

from tonus_tools.image import uf2
from tonus_tools.image.filesystem import BLOCK, BLOCKS, FS_START

NAME, VERSION, PICO_BOARD = 0x02031C86, 0x11A9BC3A, 0xB63CFFBB
TEXTS = {NAME: "MicroPython", VERSION: "v1.28.0", PICO_BOARD: "pico"}
_HEADER, _ENTRIES, _DATA = 0x1D4, 0x400, 0x800


def pages(
    texts: Mapping[int, str] | None = None, fs: tuple[int, int] = (FS_START, BLOCK * BLOCKS), size: int = 0x2300
) -> dict[int, bytes]:
    """Its pages: TEXTS with these in their place, a file system (offset, bytes), so many bytes in all."""
    flash = bytearray(b"\x5a" * size)
    entries, at = [], _DATA

    def put(data: bytes) -> int:
        nonlocal at
        flash[at : at + len(data)] = data
        at += (len(data) + 3) & ~3
        return uf2.XIP + at - ((len(data) + 3) & ~3)

    for id, text in (TEXTS | dict(texts or {})).items():
        entries.append(put(struct.pack("<HHII", 6, 0x5052, id, put(text.encode() + b"\0"))))
    entries.append(put(struct.pack("<HHIIIIH", 7, 0x504D, put(b"MicroPython\0"), uf2.XIP + fs[0], fs[1], 0, 3)))
    flash[_ENTRIES : _ENTRIES + 4 * len(entries)] = struct.pack(f"<{len(entries)}I", *entries)
    start = uf2.XIP + _ENTRIES
    header = struct.pack("<5I", 0x7188EBF2, start, start + 4 * len(entries), uf2.XIP, 0xE71AA390)
    flash[_HEADER : _HEADER + len(header)] = header
    return dict(uf2.pages_of(0, bytes(flash)))


def write(path: Path, pages: Mapping[int, bytes]) -> Path:
    """Such a UF2 as a file; the path."""
    path.write_bytes(uf2.write(pages))
    return path
