"""`tonusctl journal`: the last sessions and faults."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import UsageError
from ..output import PICTURES, note, writable, write
from ..progress.history import history
from . import completion, presets, words
from .client import Client
from .options import Json, Picture, Port, confirm, help_without_command, settings, unchanged

Sessions = Annotated[bool, typer.Option("--sessions", help="Only sessions.")]
Faults = Annotated[bool, typer.Option("--faults", help="Only faults.")]
Records = dict[str, list[dict[str, Any]]]

KINDS = ("session", "fault")

app = typer.Typer(
    help="Look at the last 64 sessions and the last 64 faults.",
    invoke_without_command=True,
    callback=help_without_command,
    rich_markup_mode=None,
)


class Format(StrEnum):
    """Of an export."""

    json = "json"
    csv = "csv"


@app.command("list")
def list_(
    context: typer.Context,
    sessions: Sessions = False,
    faults: Faults = False,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """List sessions and faults, the oldest first."""
    its = settings(context, port, as_json)
    with its.device() as (_, client):
        found = _read(client, sessions, faults)
        today = datetime.fromtimestamp(client.now()).date()
    if its.report({f"{kind}s": records for kind, records in found.items()}):
        return
    out = its.out
    for i, (kind, records) in enumerate(found.items()):
        if i:
            out.line("")
        if not records:
            out.line(f"no {kind}s")
        elif kind == "session":
            rows = [words.session_row(r, its) for r, its in zip(records, history(records, today), strict=True)]
            out.table(words.SESSION_COLUMNS, rows, "Sessions", words.SESSION_FIGURES)
        else:
            out.table(words.FAULT_COLUMNS, [words.fault_row(r) for r in records], "Faults", words.FAULT_FIGURES)


@app.command()
def show(
    context: typer.Context,
    record: Annotated[
        str,
        typer.Argument(
            metavar="RECORD",
            help="As journal list names it: s12 or f3; 12 is session 12.",
            autocompletion=completion.records,
        ),
    ],
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Explain a session or a fault, all fields of it.

    \b
    Examples:
      tonusctl journal show s12
      tonusctl journal show f3
    """
    its = settings(context, port, as_json)
    named = re.fullmatch(r"([sf]?)([1-9]\d{0,8})", record)
    if not named:
        raise UsageError(f"{record}: allowed s and a session's number, or f and a fault's")
    kind, n = "fault" if named[1] == "f" else "session", int(named[2])
    with its.device() as (_, client):
        found = client.journal_read(kind, n - 1)
        if found is None or found["n"] != n:
            raise UsageError(f"{kind} {n} is not in the journal; tonusctl journal list lists what is")
        if its.report(found):
            return
        if kind == "fault":
            its.out.facts(words.fault_facts(found))
            return
        records = list(client.journal("session"))  # those beside it bound the day it was on
        names = [] if found.get("places") else _zone_names(client, found)
        at = [r["n"] for r in records].index(n)
        placed = history(records, datetime.fromtimestamp(client.now()).date())[at]
    its.out.facts(words.session_facts(found, placed, names))


@app.command()
def plot(
    context: typer.Context,
    out: Picture = Path("journal.png"),
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Draw the sessions: charge, treated time, contact and resistance."""
    its = settings(context, port, as_json)
    writable(out, PICTURES)
    with its.device() as (_, client):
        records = list(client.journal("session"))
    if not records:
        raise UsageError("no sessions to draw: none has treated yet")
    from .journal_plot import draw  # matplotlib takes a second to import

    draw(records, out)
    if not its.report({"file": str(out), "sessions": len(records)}):
        its.out.line(f"{words.plural(len(records), 'session')} in {out}")


@app.command()
def clear(
    context: typer.Context,
    sessions: Sessions = False,
    faults: Faults = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Delete the journal on the device: sessions and faults, or one of them.

    It cannot be undone; tonusctl journal export keeps a copy. Numbers begin at 1 again. Presets and calibration stay.
    """
    its = settings(context, port, as_json)
    with its.device() as (_, client):
        found = _read(client, sessions, faults)
        counts = {f"{kind}s": len(records) for kind, records in found.items()}
        told = " and ".join(words.plural(len(records), kind) for kind, records in found.items())
        if not yes:
            confirm(f"delete {told} from the device for good?")
        with unchanged("it may have been deleted or not: tonusctl journal list tells"):
            client.journal_clear("all" if len(found) == len(KINDS) else next(iter(found)))
    if not its.report({"deleted": counts}):
        its.out.line(f"deleted {told}")


@app.command()
def export(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write to FILE.")] = None,
    form: Annotated[
        Format, typer.Option("--format", help="CSV has one kind only: with --faults faults.")
    ] = Format.json,
    sessions: Sessions = False,
    faults: Faults = False,
    port: Port = None,
) -> None:
    """Write out all records, for another program."""
    its = settings(context, port)
    if form is Format.csv:
        if sessions and faults:
            raise UsageError("a CSV file has one kind of record: --sessions or --faults")
        sessions = not faults
    if out is not None:
        writable(out)
    with its.device() as (_, client):
        found = _read(client, sessions, faults)
    if form is Format.csv:
        text = _csv(next(iter(found.values())))
    else:
        text = json.dumps({f"{kind}s": records for kind, records in found.items()}, indent=2) + "\n"
    if out is None:
        its.out.text(text)
        return
    write(out, text)
    note(f"{words.plural(sum(map(len, found.values())), 'record')} in {out}")


def _read(client: Client, sessions: bool, faults: bool) -> Records:
    """Records by kind: of those asked for, or of both."""
    wanted = {"session": sessions, "fault": faults}
    return {kind: list(client.journal(kind)) for kind in KINDS if wanted[kind] or not any(wanted.values())}


def _zone_names(client: Client, record: dict[str, Any]) -> list[str]:
    """Names of a session's zones, as far as its preset is still known; empty when it is not, or is another one now."""
    bank = client.read_bank()
    text = dict(bank.presets).get(record["id"])
    if text is not None and bank.generation == record["generation"]:
        zones = presets.from_device(record["id"], text).preset.zones
    elif record["generation"] == 0 and record["id"] in presets.shipped():  # the bank was never changed then
        zones = presets.shipped()[record["id"]].preset.zones
    else:
        return []
    return [zone.name for zone in zones] if len(zones) >= len(record["zones"]) else []


def _csv(records: list[dict[str, Any]]) -> str:
    """A line a record: number, date, the other fields with their units in the first line; the list of zones as JSON."""
    names = [name for name in dict.fromkeys(key for record in records for key in record) if name not in ("n", "at")]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["number", "date", *(words.column(name) for name in names)])
    for record in records:
        cells = [record["n"], words.iso(record["at"]), *(record.get(name) for name in names)]
        table.writerow([json.dumps(cell) if isinstance(cell, list) else cell for cell in cells])
    return text.getvalue()
