"""`python -m tonus_tools.image`: build the image, flash it, deploy files. Errors are one line on standard error."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from ..ctl.options import help_without_command
from ..ending import guarded, interrupted, say
from ..errors import ToolError, UsageError
from ..exits import Exit
from ..world.boards import ROOT
from .build import build as build_image
from .deploy import deploy as deploy_files
from .filesystem import check_board, files
from .flash import Wishes
from .flash import flash as flash_device
from .lean import lean
from .micropython import load
from .package import write as write_packages
from .release import release as make_release

DIST = ROOT / "dist"

app = typer.Typer(
    help="The firmware's image: MicroPython and its file system in one UF2.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    invoke_without_command=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Board = Annotated[str, typer.Option("--board", help="A folder of boards/.")]
Port = Annotated[str | None, typer.Option("--port", envvar="TONUS_PORT", help="The device's serial port.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for what is made.")]
Drive = Annotated[Path | None, typer.Option("--drive", help="Where the BOOTSEL drive is mounted.")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder with a device's files, to put back.")]
Erase = Annotated[bool, typer.Option("--erase-data", help="Keep no presets and no journal: a new device.")]


@app.callback()
def before(context: typer.Context) -> None:
    help_without_command(context)


@app.command()
def build(board: Board = "tonus_r1", out: Out = DIST) -> None:
    """Make tonus-BOARD-VERSION.uf2 and its manifest."""
    image = build_image(board, load(), files(board))
    path = image.write(out)
    flash = image.manifest["flash"]
    print(
        f"{_shown(path)}: {len(image.uf2)} bytes; MicroPython {flash['micropython_bytes']}, file system "
        f"{flash['filesystem_bytes']} of {flash['filesystem_bytes_max']} bytes"
    )
    print("new device: hold BOOTSEL, plug it in, drag the file onto RPI-RP2")
    print(f"update: make flash BOARD={board} keeps presets and journal; dragging does not")


@app.command()
def flash(
    board: Board = "tonus_r1",
    port: Port = None,
    drive: Drive = None,
    data: Data = None,
    erase: Erase = False,
    out: Out = DIST,
) -> None:
    """Put the image on a device; its presets and journal are kept."""
    flash_device(Wishes(board, _shown(out), print, port, drive, data, erase))


@app.command()
def deploy(port: Port = None, board: Board = "tonus_r1") -> None:
    """Copy changed files to a device in safe mode, with mpremote."""
    if port is None:
        raise UsageError("PORT: missing; the serial port of a device in safe mode, for example /dev/ttyACM0")
    check_board(board)
    done = deploy_files(port, lambda takes_mpy: files(board, as_sources=not takes_mpy))
    for path in done.copies:
        print(f"copied {path}")
    for path in done.removals:
        print(f"removed {path}")
    if done.copies or done.removals:
        print(f"restart the device: mpremote connect {port} resume reset")
    else:
        print("nothing has changed")


@app.command()
def package() -> None:
    """Write firmware/package.json and its like, for mpremote mip install."""
    for path in write_packages():
        print(_shown(path))


@app.command()
def names() -> None:
    """What the image calls the firmware's own names: to read a device's traceback by. `x` of module `m` is `m_x`."""
    for own, there in sorted(lean().names.items(), key=lambda names: (names[1], names[0])):
        print(f"{there} {own}")


@app.command()
def release(out: Out = DIST) -> None:
    """Make all that people need: images of all boards, the wheel, the report, the changes, checksums."""
    make_release(_shown(out), print)


def _shown(path: Path) -> Path:
    """A path as a person in this folder writes it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    return guarded(lambda: _main(sys.argv[1:] if arguments is None else arguments))


def _main(arguments: list[str]) -> int:
    try:
        code = app(arguments, prog_name="python -m tonus_tools.image", standalone_mode=False)
    except ToolError as error:
        return say(f"error: {error}", error.exit)
    except TyperException as error:
        return say(f"error: {error.format_message()} (--help explains)", Exit.USAGE)
    except typer.Abort:
        return interrupted()
    return interrupted() if code == Exit.INTERRUPTED else int(code or Exit.OK)
