"""The options that every command shares, and what comes of them: an output and a device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import Declined, DeviceRefused, LinkError, NotGood, UsageError
from ..output import Output, note
from . import ports
from .client import NOTHING_CHANGED, Client

_PORT_HELP = "The device's serial port, a pty or a pyserial URL. Without it, the one Tonus plugged in."
_JSON_HELP = "Print JSON."

# Before the command; after it the same two work again.
PortBefore = Annotated[str | None, typer.Option("--port", envvar="TONUS_PORT", metavar="PORT", help=_PORT_HELP)]
JsonBefore = Annotated[bool, typer.Option("--json", help="Print JSON, wherever a command reports something.")]
Picture = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The picture: .png, .pdf or .svg.")]
Port = Annotated[str | None, typer.Option("--port", metavar="PORT", help=f"{_PORT_HELP} Also $TONUS_PORT.")]
Json = Annotated[bool, typer.Option("--json", help=_JSON_HELP)]


def help_without_command(context: typer.Context) -> None:
    """The callback of a group: named alone, it prints its help."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def confirm(question: str) -> None:
    """Ask before something is lost. Declined, when the answer is no; typer.Abort when there is none."""
    try:
        if typer.confirm(question, err=True):
            return
    except typer.Abort:
        note("")  # the question's line is not ended
        note(NOTHING_CHANGED)
        raise
    raise Declined(NOTHING_CHANGED)


@contextmanager
def unchanged(unless_lost: str = NOTHING_CHANGED) -> Iterator[None]:
    """Errors inside say what they mean for the device: nothing was changed; `unless_lost`, when an answer is lost."""
    try:
        yield
    except DeviceRefused as error:
        error.consequence = error.consequence or NOTHING_CHANGED
        raise
    except LinkError as error:
        error.consequence = error.consequence or unless_lost
        raise
    except (NotGood, UsageError) as error:
        error.consequence = error.consequence or NOTHING_CHANGED
        raise


@dataclass
class Settings:
    """What the options say."""

    port: str | None = None
    json: bool = False
    set_clock: bool = True
    show_log: bool = False
    out: Output = field(default_factory=Output)

    @contextmanager
    def device(self, set_clock: bool = True) -> Iterator[tuple[str, Client]]:
        """(port, client), with the device's clock set unless that is not wanted."""
        on_log = note if self.show_log else None
        with ports.connected(self.port, self.set_clock and set_clock, on_log) as found:
            yield found

    def report(self, document: Any) -> bool:
        """Print `document` if JSON was asked for; whether it was."""
        if self.json:
            self.out.json(document)
        return self.json


def settings(context: typer.Context, port: str | None = None, as_json: bool = False) -> Settings:
    """The options before the command, with those after it."""
    found: Settings = context.ensure_object(Settings)
    found.port = port or found.port
    found.json = as_json or found.json
    return found
