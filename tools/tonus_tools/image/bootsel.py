"""The BOOTSEL drive: the RP2040's boot ROM, which takes a UF2 for the flash and restarts when it has all of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import PortError, UsageError

APPEARS_S = 10.0  # after the firmware went: USB, and the computer mounts it
_LOOK_S = 0.1
_INFO = "INFO_UF2.TXT"
_BOARD = "RPI-RP2"
_PIECE = 1 << 16  # bytes that are written at once
_MOUNTS = ("/media/*", "/media/*/*", "/run/media/*/*", "/mnt/*", "/Volumes/*")


def mounted() -> list[Path]:
    """The BOOTSEL drives of RP2040s that this computer has mounted."""
    return [path for path, board in _all() if board == _BOARD]


def is_drive(path: Path) -> bool:
    """Whether a folder is such a drive."""
    return board_of(path) == _BOARD


def board_of(path: Path) -> str | None:
    """What the UF2 drive in a folder says it is: RPI-RP2, RP2350, another board; None when there is none."""
    try:
        lines = (path / _INFO).read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    named = (line.partition(":")[2].strip() for line in lines if line.strip().startswith("Board-ID:"))
    return next(named, "a board that does not say its name")


def others() -> str:
    """The UF2 drives of other boards, in words for an error; empty when there are none."""
    found = [f"{path} is the drive of {board}" for path, board in _all() if board != _BOARD]
    return "".join(f"; {one}, not of an RP2040" for one in found)


def _all() -> Iterator[tuple[Path, str]]:
    for pattern in _MOUNTS:
        for path in sorted(Path("/").glob(pattern.lstrip("/"))):
            board = board_of(path)
            if board is not None:
                yield path, board


def present(named: Path | None) -> Path | None:
    """The drive that is there now: the one named, or the only one mounted; None when there is none. UsageError."""
    board = None if named is None else board_of(named)
    if board not in (None, _BOARD):
        raise UsageError(f"{named}: the drive of {board}; allowed {_BOARD}, an RP2040's")
    found = mounted() if named is None else [named] if board else []
    if len(found) > 1:
        raise UsageError(f"more than one BOOTSEL drive: {', '.join(map(str, found))}; DRIVE=FOLDER names one")
    return found[0] if found else None


def await_one(named: Path | None) -> Path:
    """The drive that appears, in the computer's own time. PortError when none does, UsageError."""
    until = time.monotonic() + APPEARS_S
    while (found := present(named)) is None:
        if time.monotonic() >= until:
            where = "" if named is None else f" at {named}"
            told = f"no BOOTSEL drive{where} in {APPEARS_S:g} s: mount {_BOARD}, and DRIVE=FOLDER names where"
            raise PortError(told + others())
        time.sleep(_LOOK_S)
    return found


def copy(drive: Path, name: str, data: bytes) -> bool:
    """Copy a UF2 onto the drive, piece by piece. PortError when not all of it got there.

    False: the drive went away with the last piece. The device restarts when it has all of it and takes the drive away
    under the file; but so does a hand at the cable, and only the device can tell.
    """
    at = 0
    try:
        with open(drive / name, "wb") as f:
            for at in range(0, len(data), _PIECE):
                f.write(data[at : at + _PIECE])
                f.flush()
                os.fsync(f.fileno())
    except OSError as error:
        if is_drive(drive):
            raise PortError(f"{drive}: the copy failed: {error.strerror or error}") from None
        if at + _PIECE < len(data):
            raise PortError(f"{drive}: went away after {at} of {len(data)} bytes: was the cable pulled?") from None
        return False
    return True
