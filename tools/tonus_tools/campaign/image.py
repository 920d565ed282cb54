"""A flash with the user's files on it, some bits of which have rotten."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from tonus import VERSION, sealed, settings
from tonus.calibration import Calibration
from tonus.preset import Preset, canonical

from ..image.filesystem import filesystem

BOARD = "tonus_r1"
MOST_BITS = 8


def files(preset: Preset) -> dict[str, bytes]:
    """What a device has in /data that someone has used for a while: its bank has this preset alone."""
    line = canonical(preset).encode() + b"\n"
    trailer: dict[str, object] = {"schema": 2, "firmware": VERSION, "generation": 3, "presets": 1}
    trailer["crc32"] = f"{sealed.crc_of(line):08x}"
    session = {"n": 7, "id": preset.id, "name": preset.name, "level": 3, "at": None, "why": "finished"}
    return {
        "data/bank": line + _sealed(trailer),
        "data/calibration": _sealed(Calibration(BOARD).record()),
        "data/settings": _sealed(settings.new() | {"schema": 1}),
        "data/sessions": _sealed(session) + _sealed(session | {"n": 8}),
        "data/faults": _sealed({"n": 3, "at": None, "fault": 21, "name": "rail_dead"}),
    }


def _sealed(record: dict[str, object]) -> bytes:
    return (sealed.seal(json.dumps(record, separators=(",", ":"))) + "\n").encode()


def rotten(path: Path, preset: Preset, seed: int) -> str:
    """Write such a flash to `path`, a few bits of one file flipped; which. seed 0: none."""
    random = Random(seed)
    found = files(preset)
    name = ""
    if seed:
        name = random.choice(sorted(found))
        data = bytearray(found[name])
        for _ in range(random.randint(1, MOST_BITS)):
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        found[name] = bytes(data)
    path.write_bytes(filesystem(found))
    return name
