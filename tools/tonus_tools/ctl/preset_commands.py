"""`tonusctl preset`: look at, check, fetch and send presets."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tonus import VERSION

from ..errors import NotGood, PortError, UsageError
from ..exits import Exit
from ..output import PICTURES, note, progress_bar, writable, write
from . import completion, merge, ports, presets, words
from .client import Bank, Listing
from .options import Json, Picture, Port, Settings, confirm, help_without_command, settings, unchanged
from .presets import Loaded

if TYPE_CHECKING:
    from .figures import Margin

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE", help="Preset files: one preset, or a list of them; - is standard input.")
]
FileOrId = Annotated[
    str,
    typer.Argument(
        metavar="FILE_OR_ID",
        help="A preset file, or a preset's id: on the device, or one that ships.",
        autocompletion=completion.presets_and_files,
    ),
]

app = typer.Typer(
    help="Look at, check, fetch and send presets.\n\n"
    "A preset file holds one preset as a JSON object, or a list of them. To change one: pull it, edit the file, "
    "preview it, push it.",
    invoke_without_command=True,
    callback=help_without_command,
    rich_markup_mode=None,
)


def origin(bank: Listing | Bank) -> str:
    """Where a bank comes from, and which it is."""
    kind = "those that came with the firmware" if bank.shipped else "a bank of your own"
    return f"{kind}; generation {bank.generation}, crc {bank.crc32}"


@app.command("list")
def list_(context: typer.Context, port: Port = None, as_json: Json = False) -> None:
    """List the presets on the device, in MODE's order."""
    its = settings(context, port, as_json)
    with its.device() as (_, client):
        bank = client.read_bank()
    found = [presets.from_device(id, text).preset for id, text in bank.presets]
    listed = [
        {"id": p.id, "name": p.name, "top_ua": p.top_ua, "duration_s": p.duration_s(), "zones": len(p.zones)}
        for p in found
    ]
    about = {"generation": bank.generation, "crc32": bank.crc32, "shipped": bank.shipped, "damage": bank.damage}
    if its.report(about | {"presets": listed}):
        return
    rows = []
    for p in found:
        kinds = ", ".join(dict.fromkeys(zone.waveform.kind for zone in p.zones))
        rows.append((p.id, p.name, f"{p.top_ua} uA", words.seconds(p.duration_s()), str(len(p.zones)), kinds))
    its.out.table(("id", "name", "top", "time", "zones", "waveforms"), rows, right=("top", "time", "zones"))
    its.out.line(origin(bank))
    if bank.damage:
        its.out.line(f"the bank on the device was damaged and is not used: {bank.damage}", "bold red")


@app.command()
def show(context: typer.Context, which: FileOrId, port: Port = None, as_json: Json = False) -> None:
    """Explain a preset in words."""
    its = settings(context, port, as_json)
    found = _named(its, which)
    if its.report([json.loads(one.text) for one in found]):
        return
    for i, one in enumerate(found):
        if i:
            its.out.line("")
        its.out.line(words.headline(one.preset), "bold")
        its.out.line(words.strength(one.preset))
        its.out.table(("from", "zone", "time", "cue", "pulses"), words.zone_rows(one.preset), right=("from", "time"))
        for told in words.notes(one.preset):
            its.out.line(f"note: {told}")


@app.command()
def pull(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Which presets; all, when left out.", autocompletion=completion.preset_ids),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write to FILE.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write over a file that is there without asking.")] = False,
    port: Port = None,
) -> None:
    """Fetch presets, as a JSON list with one preset a line.

    \b
    Examples:
      tonusctl preset pull -o before.json
      tonusctl preset push --replace before.json
    """
    its = settings(context, port)
    if out is not None:
        writable(out)
        if not yes:
            _may_be_lost(out)
    with its.device() as (_, client):
        bank = client.read_bank()
    held = dict(bank.presets)
    for id in ids or ():
        _held(held, id)
    text = presets.bank_file([held[id] for id in dict.fromkeys(ids or held)])
    if out is None:
        its.out.text(text)
    else:
        write(out, text)
        note(f"{words.plural(len(set(ids or held)), 'preset')} of generation {bank.generation} in {out}")


@app.command()
def push(
    context: typer.Context,
    files: Files,
    replace: Annotated[bool, typer.Option("--replace", help="Remove all other presets from the device.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Send presets to the device.

    A preset takes the place of the one with the same id; others are appended. Everything is checked here first, and
    read back from the device afterwards. All of it takes effect, or nothing does.

    \b
    Examples:
      tonusctl preset push my.json
      tonusctl preset push --dry-run --replace bank.json
    """
    its = settings(context, port, as_json)
    with unchanged():
        loaded = _good(files)
        presets.different_ids(loaded)
    with its.device() as (_, client):
        with unchanged():
            before = client.read_bank()
            plan = merge.plan(before.presets, [(one.id, one.text) for one in loaded], replace)
        now = before
        if plan.changes and not dry_run:
            try:
                with progress_bar("sending") as bar:
                    task = bar.add_task("", total=None)
                    now = client.write_bank(plan.texts, lambda sent, of: bar.update(task, completed=sent, total=of))
            except KeyboardInterrupt:
                note("it may have taken effect or not: tonusctl preset list tells")
                raise
    changed = {
        "generation": now.generation, "crc32": now.crc32, "dry_run": dry_run, "added": plan.added,
        "replaced": plan.replaced, "removed": plan.removed, "unchanged": plan.unchanged,
    }  # fmt: skip
    if its.report(changed):
        return
    if not plan.changes:
        its.out.line(f"nothing to change: generation {now.generation}, crc {now.crc32}; {plan}")
    elif dry_run:
        its.out.line(f"would change generation {now.generation}: {plan}")
    else:
        its.out.line(f"generation {now.generation}, crc {now.crc32}: {plan}")


@app.command()
def check(context: typer.Context, files: Files, as_json: Json = False) -> None:
    """Check preset files, without a device.

    Exit code 1 if any is refused.
    """
    its = settings(context, None, as_json)
    loaded, problems = presets.read_all(files)
    refused: list[dict[str, Any]] = [vars(problem) | {"message": str(problem)} for problem in problems]
    accepted = [{"where": one.where, "id": one.id, "notes": words.notes(one.preset)} for one in loaded]
    if not its.report({"accepted": accepted, "refused": refused}):
        for one in loaded:
            its.out.line(f"{one.where}: good: {words.headline(one.preset)}")
            for told in words.notes(one.preset):
                its.out.line(f"{one.where}: note: {told}")
        _say(problems)
    if problems:
        raise typer.Exit(Exit.NOT_GOOD)


@app.command()
def preview(
    context: typer.Context,
    which: FileOrId,
    out: Picture = Path("preview.png"),
    level: Annotated[int, typer.Option("--level", min=1, max=10, help="The level it is played at.")] = 10,
    board: Annotated[str, typer.Option("--board", metavar="BOARD", help="The board it is played on.")] = "tonus_r1",
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Draw what a preset will do, and print its limits. A file needs no device, nor do the presets that ship."""
    its = settings(context, port, as_json)
    writable(out, PICTURES)
    found = _named(its, which)
    if len(found) > 1:
        raise UsageError(f"{which}: holds {len(found)} presets; preview draws one")
    from ..world.boards import board_names
    from .figures import figures  # numpy and matplotlib take a second to import
    from .preview import draw

    if board not in board_names():
        raise UsageError(f"--board {board}; allowed {', '.join(board_names())}")
    p = found[0].preset
    its_figures = figures(p, level, board)
    draw(p, out, level, board)
    if not its.report(its_figures.to_json()):
        title = f"{words.headline(p)}; level {level}: {its_figures.set_ua:.1f} uA on {board}"
        rows = [_limit(margin) for margin in its_figures.limits]
        its.out.table(("limit", "value", "allowed", "used", "kept", "worst in"), rows, title, right=("value", "used"))
        if its_figures.probe_mc:
            probes = words.share(its_figures.probe_mc, its_figures.forward_mc, "the pulses'")
            uc = words.figure(1000 * its_figures.probe_mc)
            its.out.line(f"contact probes in the rests carry {uc} uC each way: {probes}")
        for told in words.notes(p):
            its.out.line(f"note: {told}")
        its.out.line(f"picture in {out}")
    if not its_figures.within:
        raise NotGood(f"{found[0].where}: not every limit is kept")


@app.command()
def reset(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Put the shipped presets back, in place of all others."""
    its = settings(context, port, as_json)
    with its.device() as (_, client):
        before = client.bank_list()
        if not yes:
            question = f"Remove {', '.join(before.presets)} and put the shipped presets back?"
            confirm(question)
        with unchanged("it may have been reset or not: tonusctl preset list tells"):
            client.bank_reset()
        now = client.bank_list()
    if its.report({"generation": now.generation, "crc32": now.crc32, "presets": now.presets}):
        return
    its.out.line(f"generation {now.generation}, crc {now.crc32}: {', '.join(now.presets)}")


def _may_be_lost(path: Path) -> None:
    """Ask before a file's content is written over. UsageError where nobody can be asked."""
    if path.is_file() and path.stat().st_size:
        if not sys.stdin.isatty():
            raise UsageError(f"{path}: is there already; --yes writes over it")
        confirm(f"{path} is there already. Write over it?")


def _limit(margin: Margin) -> tuple[str, ...]:
    value = f"{words.figure(margin.value)} {margin.unit}".rstrip()
    compared = "exactly" if not margin.limit else "at least" if margin.at_least else "at most"
    bound = f"{compared} {words.figure(margin.limit)} {margin.unit}".rstrip()
    used = f"{margin.percent:.3g} %" if margin.percent >= 0.01 or not margin.percent else "< 0.01 %"
    return margin.name, value, bound, used, "yes" if margin.within else "NO", margin.zone or "all"


def _named(its: Settings, which: str) -> list[Loaded]:
    """The presets of a file, or the one with this id: on the device, or without one of those that ship."""
    path = Path(which)
    if presets.is_file(which):
        return _good([path])
    try:
        with its.device() as (_, client):
            bank = client.read_bank()
    except PortError as error:
        if its.port is not None or error.message.startswith(ports.SEVERAL):
            raise
        shipped = presets.shipped()
        if which not in shipped:
            error.message = (
                f"{which}: no such file, and not one of the presets that ship ({', '.join(shipped)}); {error}"
            )
            raise
        # One that is there and cannot be asked is no reason to show nothing; the person should know, though.
        why = error.message if any(port.is_pico for port in ports.listing()) else "no device"
        note(f"{why}: this is the {which} that ships with firmware {VERSION}")
        return [shipped[which]]
    return [presets.from_device(which, _held(dict(bank.presets), which))]


def _held(held: dict[str, str], id: str) -> str:
    if id not in held:
        raise UsageError(f"{id}: no such file, and no such preset on the device; it has {', '.join(held)}")
    return held[id]


def _good(files: list[Path]) -> list[Loaded]:
    """The presets of files that are all right."""
    loaded, problems = presets.read_all(files)
    if problems:
        _say(problems[:-1])
        raise NotGood(str(problems[-1]))
    return loaded


def _say(problems: list[presets.Problem]) -> None:
    for problem in problems:
        note(f"error: {problem}")
