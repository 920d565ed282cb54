"""Put the image on a device, with what its user has made in it.

The UF2 replaces the device's file system. So presets, calibration and journal are read from the running device first,
saved here, written into the image, and, once the device runs again, read back and compared. A device that cannot be
asked, because it already is a BOOTSEL drive, is flashed only if that is said: with its saved data, or without.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from ..ctl import ports
from ..ctl.client import Client
from ..errors import DeviceRefused, LinkError, NotGood, PortError, ToolError, UsageError
from . import bootsel, keep
from .build import Image, build
from .filesystem import check_board, files
from .keep import Kept
from .micropython import load

_CANNOT_ASK = (
    "a device in BOOTSEL cannot be asked for its presets and journal: start it as usual and run this again, and they "
    "are kept; or DATA=FOLDER puts back what was saved, ERASE=1 keeps nothing (a new device)"
)


@dataclass(frozen=True)
class Wishes:
    """What to flash and how. At most one of `data`, a folder with a device's files, and `erase`, to keep nothing.

    out: folder that the device's data is saved under. say: is given each line for the person.
    """

    board: str
    out: Path
    say: Callable[[str], None]
    port: str | None = None
    drive: Path | None = None
    data: Path | None = None
    erase: bool = False


def flash(wishes: Wishes) -> None:
    """Flash one device. ToolError: its text says whether something was changed, and how to go on."""
    if wishes.data is not None and wishes.erase:
        raise UsageError("DATA and ERASE: allowed one of them")
    check_board(wishes.board)
    if wishes.data is not None and wishes.data.is_dir() and not any(wishes.data.iterdir()):
        raise UsageError(f"{wishes.data}: empty; allowed a folder with a device's files; ERASE=1 is for a new device")
    kept = None if wishes.data is None else keep.of_folder(wishes.data)
    folder = wishes.data
    drive = bootsel.present(wishes.drive)
    if drive is not None:
        if kept is None and not wishes.erase:
            raise UsageError(f"{drive}: {_CANNOT_ASK}")
        image = build(wishes.board, load(), files(wishes.board) | as_files(kept))
        if not _copy(wishes, image, drive, kept):
            _appears(wishes, drive)
        return
    with _running(wishes) as (port, client):
        info = client.info
        if info.board != wishes.board:
            raise UsageError(f"{port}: the device is a {info.board}; allowed BOARD={info.board}; nothing was changed")
        # Whatever is wrong with the image shows before the device is touched.
        micropython, firmware = load(), files(wishes.board)
        build(wishes.board, micropython, firmware)
        if kept is None and not wishes.erase:
            damage = client.bank_list().damage
            if damage is not None:
                wishes.say(f"the device's bank is damaged ({damage}): its copy bank.bad does not come along")
            kept = keep.of_device(client)
            folder = save(kept, wishes.out, info.id)
            wishes.say(f"kept: {kept}; saved in {folder}")
        image = build(wishes.board, micropython, firmware | as_files(kept))
        client.bootloader()
        client.await_silence()
    try:
        _copy(wishes, image, bootsel.await_one(wishes.drive), kept)
    except ToolError as error:
        has_data = folder is not None and any(folder.iterdir())  # a device that was never used has none
        again = f"DATA={folder}" if has_data else "ERASE=1"
        error.consequence = f"the device waits in BOOTSEL: make flash BOARD={wishes.board} {again} goes on from here"
        raise
    _verify(wishes, port, info.id, kept, folder)


def as_files(kept: Kept | None) -> dict[str, bytes]:
    """The device's files of it: path on the device to content. With None, of one that is to begin as a new one."""
    with tempfile.TemporaryDirectory(prefix="tonus-data-") as folder:
        if kept is not None:
            keep.write(kept, Path(folder))
        files = keep.device_files(Path(folder))
    return files | keep.mark_of(files)


def save(kept: Kept, out: Path, id: str) -> Path:
    """Write the device's files into a new folder under `out`; the folder. NotGood when they read otherwise, OSError."""
    folder = next(path for n in count(1) if not (path := out / f"data-{id}-{n}").exists())
    folder.mkdir(parents=True)
    keep.write(kept, folder)
    if keep.of_folder(folder) != kept:
        raise NotGood(f"{folder}: presets and journal do not read back as they were; nothing was changed")
    return folder


def _running(wishes: Wishes) -> AbstractContextManager[tuple[str, Client]]:
    """The device that runs its firmware. PortError says what else there could be."""
    if wishes.port is None and not any(port.is_pico for port in ports.listing()):
        raise PortError(
            "no device: plug in one that runs, or hold BOOTSEL while plugging it in; DRIVE=FOLDER names the drive's "
            "folder, PORT=PORT a serial port" + bootsel.others()
        )
    return ports.connected(wishes.port, set_clock=False)


def _copy(wishes: Wishes, image: Image, drive: Path, kept: Kept | None) -> bool:
    """Copy it; whether the drive took all of it for certain."""
    name = f"{image.name}.uf2"
    is_whole = bootsel.copy(drive, name, image.uf2)
    wishes.say(f"{name} copied to {drive}, {'without data' if kept is None else f'with {kept}'}")
    return is_whole


def _appears(wishes: Wishes, drive: Path) -> None:
    """The drive went with the last of the copy: wait for the Tonus that it has become. PortError."""
    name = ports.appears()
    if name is None:
        raise PortError(
            f"{drive} went away at the end of the copy, and no Tonus came: hold BOOTSEL, plug it in and run this again"
        )
    wishes.say(f"{name}: Tonus runs")


def _verify(wishes: Wishes, port: str, id: str, kept: Kept | None, folder: Path | None) -> None:
    """Ask the device, once it is there again, whether it has all that was kept."""
    missing: list[str] = []
    try:
        # This computer may not know what time it is, either: the clock is set only if the device takes it.
        with ports.connected(ports.come_back(port, id), set_clock=False) as (name, client):
            version = client.info.version
            with contextlib.suppress(DeviceRefused):
                client.set_clock()
            if kept is not None:
                missing = kept.missing_from(keep.of_device(client))
            if missing:
                raise NotGood(f"{name}: after the update the device lacks {', '.join(missing)}")
    except (PortError, LinkError, NotGood) as error:
        if folder is not None:
            error.consequence = f"what was kept is safe in {folder}"
        raise
    wishes.say(f"{name}: Tonus {version} runs" + ("" if kept is None else "; presets and journal read back: all there"))
