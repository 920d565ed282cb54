"""What the shell offers when Tab is pressed: ids of presets and numbers of records, from the device if it is there.

A device is asked as briefly as can be, its clock is left alone, and whatever goes wrong offers nothing: nobody who
presses Tab wants to read an error.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import typer

from ..errors import ToolError
from . import ports, presets, words
from .client import Client

Offer = tuple[str, str]  # what is completed, and a few words beside it


def preset_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """Ids on the device; without one those that ship."""
    with contextlib.suppress(ToolError), _device(context) as client:
        return _beginning(incomplete, [(id, "on the device") for id in client.bank_list().presets])
    return _beginning(incomplete, [(id, one.where) for id, one in presets.shipped().items()])


def presets_and_files(context: typer.Context, incomplete: str) -> list[Offer]:
    """The same, and the JSON files and folders that begin so."""
    return preset_ids(context, incomplete) + _files(incomplete)


def records(context: typer.Context, incomplete: str) -> list[Offer]:
    """Sessions and faults in the journal, the newest first."""
    found: list[Offer] = []
    with contextlib.suppress(ToolError), _device(context) as client:
        sessions, faults = (list(client.journal(kind)) for kind in ("session", "fault"))
        found = [(f"s{r['n']}", f"{r['name']}, {words.moment(r['at'])}") for r in reversed(sessions)]
        found += [(f"f{r['n']}", f"{r['name']}, {words.moment(r['at'])}") for r in reversed(faults)]
    return _beginning(incomplete, found)


def _files(incomplete: str) -> list[Offer]:
    path = Path(incomplete)
    folder = path if incomplete.endswith(("/", os.sep)) else path.parent
    start = "" if folder == path else path.name
    found = []
    with contextlib.suppress(OSError):
        for one in sorted(folder.iterdir()):
            if one.name.startswith(start) and not (one.name.startswith(".") and not start):
                if one.is_dir():
                    found.append((f"{one}{os.sep}", "folder"))
                elif one.suffix == ".json":
                    found.append((str(one), "file"))
    return found


def _beginning(incomplete: str, offers: list[Offer]) -> list[Offer]:
    return [offer for offer in offers if offer[0].startswith(incomplete)]


@contextlib.contextmanager
def _device(context: typer.Context) -> Iterator[Client]:
    its = {**context.find_root().params, **{k: v for k, v in context.params.items() if v is not None}}
    name = its.get("port") or os.environ.get("TONUS_PORT")
    with ports.connected(name, set_clock=False) as (_, client):
        yield client
