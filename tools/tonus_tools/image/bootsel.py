"""The BOOTSEL drive: the RP2040's boot ROM, which takes a UF2 for the flash and restarts when it has all of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ..ctl.errors import PortError, UsageError

APPEARS_S = 10.0  # after the firmware went: USB, and the computer mounts it
_LOOK_S = 0.1
_INFO = "INFO_UF2.TXT"
_BOARD = "Board-ID: RPI-RP2"
_MOUNTS = ("/media/*", "/media/*/*", "/run/media/*/*", "/mnt/*", "/Volumes/*")


def mounted() -> list[Path]:
    """The BOOTSEL drives of RP2040s that this computer has mounted."""
    return [path for pattern in _MOUNTS for path in sorted(Path("/").glob(pattern.lstrip("/"))) if is_drive(path)]


def is_drive(path: Path) -> bool:
    """Whether a folder is such a drive."""
    try:
        lines = (path / _INFO).read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    return _BOARD in (line.strip() for line in lines)


def present(named: Path | None) -> Path | None:
    """The drive that is there now: the one named, or the only one mounted; None when there is none. UsageError."""
    found = mounted() if named is None else [named] if is_drive(named) else []
    if len(found) > 1:
        raise UsageError(f"more than one BOOTSEL drive: {', '.join(map(str, found))}; DRIVE=FOLDER names one")
    return found[0] if found else None


def await_one(named: Path | None) -> Path:
    """The drive that appears, in the computer's own time. PortError when none does, UsageError."""
    until = time.monotonic() + APPEARS_S
    while (found := present(named)) is None:
        if time.monotonic() >= until:
            where = "" if named is None else f" at {named}"
            raise PortError(f"no BOOTSEL drive{where} in {APPEARS_S:g} s: mount RPI-RP2, and DRIVE=FOLDER names where")
        time.sleep(_LOOK_S)
    return found


def copy(drive: Path, name: str, data: bytes) -> None:
    """Copy a UF2 onto the drive and wait until it is there. PortError."""
    try:
        with open(drive / name, "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
    except OSError as error:
        # The device restarts with the last block and takes the drive away under the file: then it has all of them.
        if is_drive(drive):
            raise PortError(f"{drive}: the copy failed: {error.strerror or error}") from None
