"""What the user has made, kept over an update: presets, calibration and journal, off one device and onto another.

The files are read and written by the firmware's own code, so they are checked as the device would check them.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tonus import bank, calibration, journal, limits, mark, preset, sealed
from tonus import settings as settings_

from ..ctl.client import Client
from ..ctl.words import plural
from ..errors import NotGood, UsageError

FOLDER = "data"  # on the device
MARK = "data.mark"  # beside it
_STEMS = ("bank", "calibration", "settings", "sessions", "faults")
NAMES = (*(stem + end for stem in _STEMS for end in ("", ".new", ".bad")), "sessions.old", "faults.old")
# all that the firmware keeps there
_JOURNALS = {"session": "sessions", "fault": "faults"}  # the protocol's name of a kind, and its file's

Record = dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """A device's presets, calibration and journal, as they are in force.

    generation: of the bank; 0 when it never changed. presets: canonical texts, none when the shipped ones are in force.
    records: by file ("sessions", "faults"), the oldest first. calibration: as in its file; None when nominal.
    settings: as the firmware holds them; None when they are those of a new device.
    """

    generation: int
    presets: tuple[str, ...]
    records: dict[str, list[Record]]
    calibration: Record | None = None
    settings: Record | None = None

    def __str__(self) -> str:
        presets = plural(len(self.presets), "preset") if self.presets else "the shipped presets"
        sessions, faults = (len(self.records[name]) for name in _JOURNALS.values())
        calibration = ", the calibration" if self.calibration else ""
        calibration += ", the settings" if self.settings else ""
        counts = f"{plural(sessions, 'session')}, {plural(faults, 'fault')}"
        return f"{presets} (generation {self.generation}), {counts}{calibration}"

    def missing_from(self, other: Kept) -> list[str]:
        """What of this is not in `other`, which may have newer records; an empty list when nothing was lost."""
        missing = []
        if (self.generation, self.presets) != (other.generation, other.presets):
            missing.append("presets")
        if self.calibration not in (None, other.calibration):
            missing.append("the calibration")
        if self.settings not in (None, other.settings):
            missing.append("the settings")
        for name, records in self.records.items():
            there = other.records[name]
            newest = there[-1]["n"] if there else 0
            wanted = [record for record in records if record["n"] > newest - limits.JOURNAL_KEEP]
            missing += [f"{name} {record['n']}" for record in wanted if record not in there]
        return missing


def of_device(client: Client) -> Kept:
    """What a running device holds. LinkError. NotGood when this firmware allows one of its presets no more."""
    found = client.read_bank()
    records = {name: list(client.journal(kind)) for kind, name in _JOURNALS.items()}
    presets, changed = [], False
    for id, text in [] if found.shipped else found.presets:
        try:
            now = preset.canonical(preset.parse(text))
        except ValueError as problem:
            raise NotGood(f"preset {id}: this firmware does not allow it: {problem}; nothing was changed") from None
        changed = changed or now != text
        presets.append(now)
    # A bank in a newer schema is another one, as when the firmware migrates it.
    return Kept(found.generation + changed, tuple(presets), records, _calibration(client), _settings(client))


def _settings(client: Client) -> Record | None:
    """What the device's owner has set. NotGood when this firmware allows one of the values no more."""
    its = client.settings()
    if its is None:
        return None
    given = asdict(its)
    del given["damage"]
    try:
        return _unless_new(settings_.merged(settings_.new(), given, ""))
    except ValueError as problem:
        raise NotGood(f"settings: this firmware does not allow them: {problem}; nothing was changed") from None


def _unless_new(found: Record) -> Record | None:
    return None if found == settings_.new() else found


def _calibration(client: Client) -> Record | None:
    """The device's calibration. NotGood when this firmware allows one of its values no more."""
    its = client.calibration()
    if its is None or not its.calibrated:
        return None
    try:
        return calibration.checked(dict(its.values()), its.board, "", its.at).record()
    except ValueError as problem:
        raise NotGood(f"calibration: this firmware does not allow it: {problem}; nothing was changed") from None


def of_folder(folder: Path) -> Kept:
    """What copies of the device's files hold. UsageError when one of them is damaged or unknown."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    with tempfile.TemporaryDirectory(prefix="tonus-data-") as name:
        for path in folder.iterdir():
            if path.name not in NAMES:
                raise UsageError(f"{path}: not a file of the device's /data; allowed {', '.join(NAMES)}")
            shutil.copy(path, name)
        its = bank.Bank(name)
        its.load()  # in the copy: it may write
        if its.damage is not None:
            raise UsageError(f"{folder / 'bank'}: {its.damage}")
        presets = () if its.is_shipped else tuple(its.text(i) for i in range(len(its)))
        records = {file: _records(name, file) for file in _JOURNALS.values()}
        kept = _read_settings(Path(name, "settings"), folder)
        return Kept(its.generation, presets, records, _read_calibration(Path(name, "calibration"), folder), kept)


def _read_settings(path: Path, folder: Path) -> Record | None:
    if not path.exists():
        return None
    try:
        return _unless_new(settings_.read(str(path)))
    except ValueError as problem:
        raise UsageError(f"{folder / path.name}: {problem}") from None


def _read_calibration(path: Path, folder: Path) -> Record | None:
    if not path.exists():
        return None
    try:
        return calibration.read(str(path)).record()
    except ValueError as problem:
        raise UsageError(f"{folder / path.name}: {problem}") from None


def _records(folder: str, file: str) -> list[Record]:
    its = journal.Journal(folder, file)
    its.load()
    records: list[Record] = []
    while text := its.after(records[-1]["n"] if records else 0):
        records.append(json.loads(text))
    return records


def write(kept: Kept, folder: Path) -> None:
    """Make the device's files of it, in an empty folder. OSError."""
    if kept.generation:
        its = bank.Bank(str(folder))
        its.generation = kept.generation - 1
        its.begin(len(kept.presets))
        crc = 0
        for text in kept.presets:
            its.put(text)
            crc = sealed.crc_of(text.encode() + b"\n", crc)
        its.close(crc)
        its.swap()
    if kept.calibration:
        values = {name: kept.calibration[name] for name in calibration.RANGES}
        calibration.Store(str(folder), kept.calibration["board"]).write(values, kept.calibration["at"])
    if kept.settings:
        settings_.Settings(str(folder)).write(kept.settings)
    for file, records in kept.records.items():
        log = journal.Journal(str(folder), file)
        for record in records:
            log.n = record["n"] - 1
            log.add({key: value for key, value in record.items() if key != "n"})


def device_files(folder: Path) -> dict[str, bytes]:
    """The files of such a folder as an image takes them: path on the device to content."""
    return {f"{FOLDER}/{path.name}": path.read_bytes() for path in sorted(folder.iterdir())}


def mark_of(files: Iterable[str]) -> dict[str, bytes]:
    """The mark beside these files, by which a device knows that it has all it should; path on the device to content."""
    names = [path.removeprefix(f"{FOLDER}/") for path in files]
    return {MARK: mark.line([name for name in mark.NAMES if name in names], [])}
