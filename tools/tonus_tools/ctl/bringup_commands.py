"""`tonusctl bringup`: a board that was just built, step by step."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from tonus import VERSION

from ..errors import NotGood, UsageError
from ..output import note, writable, write
from .bringup import Bringup, Finding, Wrong
from .bringup_boards import bringup_of
from .options import Json, Port, settings


class _Person:
    """At the terminal."""

    def volts(self, where: str) -> float:
        while True:
            text = typer.prompt(f"  {where}; volts", err=True)
            found = re.fullmatch(r"\s*([+-]?\d*[.,]?\d+)\s*(m?)V?\s*", text, re.IGNORECASE)
            if found:
                return float(found[1].replace(",", ".")) / (1000 if found[2] else 1)
            note(f"{text.strip()}: allowed a number, as 0.804 or 804 mV; once more")

    def yes(self, question: str) -> bool:
        return typer.confirm(f"  {question}", err=True)

    def do(self, what: str) -> None:
        typer.prompt(f"  {what}; then Enter", default="", show_default=False, err=True)

    def told(self, text: str) -> None:
        note(text)


def bringup(
    context: typer.Context,
    first: Annotated[str, typer.Option("--from", metavar="STEP", help="Begin with this step.")] = "",
    steps: Annotated[bool, typer.Option("--steps", help="Only list the steps.")] = False,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The report, as JSON.")] = Path(
        "bringup.json"
    ),
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Bring up a board that was just built, with a multimeter.

    One step a group of wires: what to measure and where, what is right, what the device itself reads, and what is
    wrong when it differs. It ends at the first thing that is wrong: mend it with the cable out, and go on with --from.
    Nothing flows through skin: the currents go through the built-in resistor, or on pico_bench through its load. MODE
    stops them.

    \b
    Examples:
      tonusctl bringup
      tonusctl bringup --from sink
    """
    its = settings(context, port, as_json)
    if not steps:
        writable(out)
    with its.device() as (_, client):
        from .figures import board_constants  # numpy takes a second to import

        try:
            board = board_constants(client.info.board)
        except KeyError:
            raise UsageError(f"the board {client.info.board} is not one of this tonusctl's") from None
        made = bringup_of(client, board, _Person())
        names = made.steps()
        if first and first not in names:
            raise UsageError(f"--from {first}; allowed {', '.join(names)}")
        if steps:
            if not its.report(list(names)):
                its.out.table(("step", "what"), [(name, heading) for name, (heading, _) in names.items()])
            return
        wrong = None
        document: dict[str, Any] = {}
        ended = False
        try:
            made.run(first)
            ended = True
        except Wrong as found:
            wrong = found
        finally:  # also when the cable was pulled, or the person has had enough
            document = _document(made, client.info, wrong, first) | {"good": ended}
            write(out, json.dumps(document, indent=2) + "\n")
    if not its.report(document):
        its.out.table(("step", "what", "by", "found", "right"), [_row(finding) for finding in made.findings])
        its.out.line(f"report in {out}")
    if wrong is not None:
        raise NotGood(f"step {wrong.step}: {wrong.what}. {wrong.hint} Then: tonusctl bringup --from {wrong.step}")
    if not its.json:
        its.out.line(f"{made.board.NAME} is as it should be: {len(made.findings)} readings")


def _document(made: Bringup, info: Any, wrong: Wrong | None, first: str) -> dict[str, Any]:
    return {
        "board": info.board,
        "id": info.id,
        "firmware": info.version,
        "tonusctl": VERSION,
        "at": info.clock,
        "from": first or None,
        "wrong": None if wrong is None else {"step": wrong.step, "what": wrong.what, "hint": wrong.hint},
        "findings": [asdict(finding) | {"good": finding.good} for finding in made.findings],
    }


def _row(finding: Finding) -> tuple[str, str, str, str, str]:
    if finding.least is None or finding.most is None:
        return finding.step, finding.what, finding.by, "yes" if finding.value else "no", "yes"
    right = f"{finding.least:.3f}..{finding.most:.3f} {finding.unit}"
    return finding.step, finding.what, finding.by, f"{finding.value:.3f} {finding.unit}", right
