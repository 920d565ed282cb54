"""`tonusctl settings`: what the person has set on the device."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from ..errors import NotGood
from . import words
from .client import Chosen
from .options import Json, Port, settings, unchanged


def of_device(
    context: typer.Context,
    sound: Annotated[str | None, typer.Option("--sound", metavar="full|quiet|off", help="The beeper.")] = None,
    haptic: Annotated[
        bool | None, typer.Option("--haptic/--no-haptic", help="Ticks for cues. Warnings are always ticked.")
    ] = None,
    cap_level: Annotated[
        int | None, typer.Option("--cap-level", metavar="1..10", help="The highest level there is; 10: no cap.")
    ] = None,
    cap_sessions: Annotated[
        int | None,
        typer.Option("--cap-sessions", metavar="0..99", help="Sessions that the cap lasts; 0: for ever."),
    ] = None,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Show or change what the device is set to.

    Sound, haptic and a cap on the level. Without an option it only shows. The plan is shown, too: tonusctl routine
    changes it.
    """
    its = settings(context, port, as_json)
    given: dict[str, Any] = {
        "sound": sound, "haptic": haptic, "cap_level": cap_level, "cap_sessions": cap_sessions
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    with its.device() as (_, client), unchanged():
        found = client.settings_write(given) if given else client.settings()
    if found is None:
        raise NotGood("this device's firmware has no settings: it is older than this tonusctl")
    if not its.report(asdict(found)):
        its.out.facts(facts(found))


def facts(found: Chosen) -> list[tuple[str, str]]:
    """The settings, in plain words."""
    plan = found.plan
    lasts = f"for {words.plural(found.cap_sessions, 'more session')}" if found.cap_sessions else "for ever"
    began = "from the first session with a date on"
    if plan.since is not None:
        began = f"since {datetime.fromtimestamp(plan.since):%Y-%m-%d}"
    told = [
        ("sound", found.sound),
        ("haptic", "on" if found.haptic else "off: only warnings are ticked"),
        ("cap", "none" if found.cap_level == 10 else f"level {found.cap_level}, {lasts}"),
        (
            "plan",
            f"{words.plural(plan.days_a_week, 'day')} a week for {words.plural(plan.days, 'day')}, "
            f"then {plan.then_days_a_week}; {began}",
        ),
    ]
    if found.damage:
        told.append(("damage", f"{found.damage}: the settings of a new device are in force"))
    return told
