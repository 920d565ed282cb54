"""`tonusctl guide`: the sheet for the person who holds the device."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..ctl import completion, presets
from ..ctl.options import Json, Port, settings
from ..errors import UsageError
from ..output import writable, write
from .text import LANGUAGES


class Language(StrEnum):
    """Of the guide's texts."""

    en = "en"
    de = "de"


def guide(
    context: typer.Context,
    which: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ID", help="Only these presets; all in force, when left out.", autocompletion=completion.preset_ids
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The sheet, HTML.")] = Path("guide.html"),
    language: Annotated[
        Language,
        typer.Option("--language", help=", ".join(f"{code}: {name}" for code, name in LANGUAGES.items()) + "."),
    ] = Language.en,
    device: Annotated[
        bool,
        typer.Option(
            "--device", help="With the presets on the device, and whether it is calibrated; --port implies it."
        ),
    ] = False,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Write the guide: one sheet, both sides, to print from any browser.

    Where to glide, lights, sounds, buttons, gel, what to mind, faults. Without --device or --port it is about the
    presets that ship.

    \b
    Examples:
      tonusctl guide
      tonusctl guide lift calm
      tonusctl guide --device --language de -o begleiter.html
    """
    its = settings(context, port, as_json)
    writable(out)
    from ..world.boards import board_names
    from .sheet import Of, render

    held = [one.preset for one in presets.shipped().values()]
    calibrated, id, board = None, None, "tonus_r1"
    if device or its.port is not None:
        with its.device() as (_, client):
            id, board = client.info.id, client.info.board
            bank, calibration = client.read_bank(), client.calibration()
        held = [presets.from_device(id, text).preset for id, text in bank.presets]
        calibrated = calibration is not None and calibration.calibrated
    if board not in board_names():
        raise UsageError(f"the device's board is {board}; known are {', '.join(board_names())}")
    known = [preset.id for preset in held]
    for name in which or ():
        if name not in known:
            raise UsageError(f"{name}: no such preset; there are {', '.join(known)}")
    chosen = [(mode, preset) for mode, preset in enumerate(held) if not which or preset.id in which]
    of = Of(chosen, language.value, calibrated, id, board)
    write(out, render(of))
    if not its.report({"file": str(out), "language": language.value, "presets": [preset.id for _, preset in chosen]}):
        its.out.line(f"guide in {out}; print it on both sides of one A4 sheet")
