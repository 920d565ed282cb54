"""Sessions from files that `journal export` wrote, in place of a device or before what it still has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..ctl.client import check_session
from ..errors import Damaged, UsageError

Record = dict[str, Any]


def read(path: Path) -> list[Record]:
    """The sessions of an export, the oldest first. UsageError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise UsageError(f"{path}: not JSON; tonusctl journal export writes it") from None
    records = found.get("sessions") if isinstance(found, dict) else None
    if not isinstance(records, list):
        raise UsageError(f"{path}: no list of sessions; tonusctl journal export writes it")
    for i, record in enumerate(records):
        try:
            check_session(record, f"sessions[{i}]")
        except Damaged as error:
            raise UsageError(f"{path}: {error.message}") from None
    return records


def merged(parts: Iterable[Sequence[Record]]) -> list[Record]:
    """Every record once, in the order in which the parts have them: the oldest part first."""
    found: list[Record] = []
    for part in parts:
        found += [record for record in part if record not in found]
    return found
