"""`tonusctl report`: the output report of the presets on a device, of files, or of those that ship."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from tonus import VERSION

from ..ctl import presets, words
from ..ctl.options import Json, Port, Settings, settings
from ..ctl.presets import Loaded
from ..errors import NotGood, UsageError
from ..output import progress_bar, writable, write

if TYPE_CHECKING:
    from .build import Source
    from .model import Report

Which = Annotated[
    list[str] | None,
    typer.Argument(metavar="PRESET", help="Ids of presets, or preset files; all in force, when left out."),
]


class Band(StrEnum):
    """How accurate the device is taken to be."""

    uncalibrated = "uncalibrated"
    calibrated = "calibrated"


@dataclass(frozen=True)
class _Bank:
    """Where presets that are named by id come from."""

    held: dict[str, Loaded]
    words: str
    shipped: bool
    board: str | None  # None: no device
    calibrated: bool


def report(
    context: typer.Context,
    which: Which = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The report, HTML.")] = Path("report.html"),
    device: Annotated[
        bool,
        typer.Option("--device", help="The device's presets, board and accuracy; --port implies it, but for files."),
    ] = False,
    board: Annotated[
        str | None, typer.Option("--board", metavar="BOARD", help="The board; the device's, else tonus_r1.")
    ] = None,
    accuracy: Annotated[
        Band | None, typer.Option("--accuracy", help="Of the current; what the device says, else uncalibrated.")
    ] = None,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Write the output report: what every preset delivers, against the limits.

    Without --device or --port it is about the presets that ship. Exit code 1 if a limit is not kept.

    \b
    Examples:
      tonusctl report
      tonusctl report --device -o device.html
      tonusctl report my.json --accuracy calibrated
    """
    its = settings(context, port, as_json)
    writable(out)
    files = [Path(name) for name in which or () if presets.is_file(name)]
    ids = [name for name in which or () if not presets.is_file(name)]
    asked = device or its.port is not None
    found = _device(its) if asked and (ids or not files or device) else _shipped()
    sources = _sources(found, ids, files)

    from ..world.boards import board_names
    from .accuracy import CALIBRATED  # numpy takes its time to import
    from .build import build
    from .page import render

    name = board or found.board or "tonus_r1"
    if name not in board_names():
        raise UsageError(f"--board {name}; allowed {', '.join(board_names())}")
    is_calibrated = found.calibrated if accuracy is None else accuracy is Band.calibrated
    told = found.words if ids or not files else ", ".join(dict.fromkeys(str(path) for path in files))
    with progress_bar("computing") as bar:
        task = bar.add_task("", total=None)
        made = build(
            sources,
            told,
            f"{date.today():%Y-%m-%d}",
            name,
            CALIBRATED if is_calibrated else None,
            lambda done, of: bar.update(task, completed=done, total=of),
        )
    write(out, render(made))
    if not its.report(made.to_json() | {"file": str(out)}):
        _say(its, made, out)
    _judge(made)


def _shipped() -> _Bank:
    return _Bank(presets.shipped(), f"those that ship with {VERSION}", True, None, False)


def _device(its: Settings) -> _Bank:
    with its.device() as (_, client):
        info, listing, calibration = client.info, client.read_bank(), client.calibration()
    held = {id: presets.from_device(id, text) for id, text in listing.presets}
    kind = "those that shipped" if listing.shipped else f"generation {listing.generation}, crc {listing.crc32}"
    is_calibrated = calibration is not None and calibration.calibrated
    return _Bank(held, f"on device {info.id}: {kind}", listing.shipped, info.board, is_calibrated)


def _sources(found: _Bank, ids: Sequence[str], files: Sequence[Path]) -> list[Source]:
    """The presets that are asked for, each once. NotGood when a file is refused, UsageError for an unknown id."""
    from .build import Source

    for id in ids:
        if id not in found.held:
            where = "on the device" if found.board else "among those that ship"
            raise UsageError(f"{id}: no such file, and no such preset {where}: {', '.join(found.held)}")
    named = list(dict.fromkeys(ids)) if ids or files else list(found.held)
    loaded, problems = presets.read_all(files)
    if problems:
        raise NotGood(str(problems[0]))
    presets.different_ids([*(found.held[id] for id in named), *loaded])
    sources = [Source(found.held[id].preset, found.held[id].where, found.shipped) for id in named]
    return sources + [Source(one.preset, one.where, False) for one in loaded]


def _say(its: Settings, made: Report, out: Path) -> None:
    """A line a preset, and what needs attention."""
    from .model import Verdict
    from .words import with_unit

    rows = []
    for part in made.presets:
        ua, volts, *_ = part.summary.values
        rows.append((part.name, with_unit(ua, "uA"), with_unit(volts, "V"), part.verdict.value))
    its.out.table(("preset", "current", "over 10 kOhm", "limits"), rows, right=("current", "over 10 kOhm"))
    for verdict in (Verdict.CALIBRATE, Verdict.FAIL):
        for name, j in made.of(verdict):
            value, limit = with_unit(j.worst, j.unit), with_unit(j.limit, j.unit)
            bound = "at least" if j.at_least else "at most"
            its.out.line(f"{verdict.value}: {name}: {j.name}: {value}, allowed {bound} {limit}; {j.where}")
    its.out.line(f"report in {out}")


def _judge(made: Report) -> None:
    from .model import Verdict

    failed = made.of(Verdict.FAIL)
    if failed:
        of = len(made.all_judged)
        raise NotGood(
            f"{len(failed)} of {words.plural(of, 'limit')} not kept, first {failed[0][0]}: {failed[0][1].name}"
        )
