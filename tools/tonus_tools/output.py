"""What the tool prints: tables and colours on a terminal, plain text into a pipe, JSON when asked for."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from .errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = Sequence[str]
PICTURES = (".png", ".pdf", ".svg")  # endings of a picture's file


class Output:
    """Standard output for what was asked, standard error for all else."""

    def __init__(self) -> None:
        # Made at each run, not at import: a test, or a caller, may have put others in their place.
        self._out = Console(highlight=False, markup=False, emoji=False)

    def line(self, text: str, style: str = "") -> None:
        """One line, never broken in two."""
        self._out.print(Text(text, style), soft_wrap=True)

    def json(self, document: Any) -> None:
        print(json.dumps(document, indent=2))

    def text(self, text: str) -> None:
        """As it is: what a file would hold."""
        sys.stdout.write(text)

    def table(self, columns: Row, rows: Sequence[Row], title: str = "", right: Sequence[str] = ()) -> None:
        """Rows under their columns' names; those in `right` are figures."""
        if not self._out.is_terminal:
            if title:
                print(title)
            _plain([columns, *rows])
            return
        table = Table(title=title or None, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
        table.title_justify, table.title_style = "left", "bold"
        for name in columns:
            table.add_column(name, justify="right" if name in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        self._out.print(table)

    def facts(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and what they are."""
        if not self._out.is_terminal:
            _plain(rows)
            return
        table = Table(show_header=False, box=None, pad_edge=False)
        table.add_column(style="bright_black", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(Text(name), Text(value))
        self._out.print(table)


def writable(path: Path, endings: Sequence[str] = ()) -> None:
    """UsageError unless a file can be written there; its name has one of these endings, when they are given.

    Asked before anything is done whose result the file is for. It leaves nothing behind.
    """
    is_device = path.exists() and not path.is_file() and not path.is_dir()
    if endings and not is_device and path.suffix.lower() not in endings:
        ending = f"ending {path.suffix}" if path.suffix else "no ending"
        raise UsageError(f"{path}: {ending}; allowed {', '.join(endings)}")
    was_there = path.exists()
    try:
        with open(path, "ab"):
            pass
        if not was_there:
            path.unlink()
    except OSError as error:
        raise _cannot(path, error) from None


def write(path: Path, content: str | bytes) -> None:
    """Write a file; one that cannot be written whole is not left behind. UsageError."""
    was_there = path.exists()
    try:
        with open(path, "wb") as f:
            f.write(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        if not was_there:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        raise _cannot(path, error) from None


def write_picture(path: Path, figure: Figure, dpi: int) -> None:
    """Write a figure in the format that the path's ending names, a device's as PNG. UsageError."""
    content = io.BytesIO()
    figure.savefig(content, dpi=dpi, format=path.suffix.lower().lstrip(".") or "png")
    write(path, content.getvalue())


def _cannot(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path}: cannot be written: {error.strerror or error}")


def note(text: str) -> None:
    """A remark, on standard error."""
    print(text, file=sys.stderr)


def progress_bar(text: str) -> Progress:
    """A bar on standard error; nothing where that is no terminal."""
    console = Console(stderr=True)
    return Progress(
        TextColumn(text), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip


def _plain(rows: Sequence[Row]) -> None:
    """Columns with two spaces between them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
