"""`tonusctl routine` and `tonusctl progress`: what the journal says of a person's weeks."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tonus import limits

from ..ctl import words
from ..ctl.client import Client
from ..ctl.options import Json, Port, Settings, settings, unchanged
from ..errors import NotGood, UsageError
from ..output import PICTURES, writable, write
from . import exports, tables
from .history import Session, history
from .routine import Plan, Routine, Verdict
from .routine import routine as kept_of

if TYPE_CHECKING:
    from .page import Progress

Files = Annotated[
    list[Path] | None,
    typer.Option("--from", metavar="FILE", help="Sessions of an export of the journal, the oldest first; repeatable."),
]
SIGNS = {Verdict.MET: "met", Verdict.PERHAPS: "perhaps", Verdict.MISSED: "missed", Verdict.RUNNING: "running"}


def routine(
    context: typer.Context,
    days_a_week: Annotated[int | None, typer.Option("--days", metavar="N", min=1, max=7, help="Days a week.")] = None,
    days: Annotated[int | None, typer.Option("--for", metavar="DAYS", min=1, max=999, help="... for so long.")] = None,
    then: Annotated[int | None, typer.Option("--then", metavar="N", min=1, max=7, help="Days a week after it.")] = None,
    start: Annotated[
        str | None, typer.Option("--start", metavar="DAY", help="The plan's first day: 2026-11-25, today, or first.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="A picture: .png, .pdf or .svg.")
    ] = None,
    files: Files = None,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Show the plan and what was kept of it: weeks met and missed, a calendar, what is next.

    With --days, --for, --then or --start the plan on the device is changed first. Without a plan on the device: 5 days
    a week for 60 days, then 3, from the first session with a date on.

    \b
    Examples:
      tonusctl routine
      tonusctl routine --start today
      tonusctl routine --days 4 --for 90 --then 2 -o routine.png
    """
    its = settings(context, port, as_json)
    if out is not None:
        writable(out, PICTURES)
    changes = {"days_a_week": days_a_week, "days": days, "then_days_a_week": then}
    changed: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
    if start is not None:
        changed["since"] = _start(start)
    if changed and files:
        raise UsageError("the plan is on the device: change it without --from")
    _, kept = _read(its, files, changed)
    if out is not None:
        from .calendar import draw  # matplotlib takes a second to import

        draw(kept, out)
    if its.report(tables.routine(kept) | ({"file": str(out)} if out else {})):
        return
    plan = kept.plan
    begun = "the first session with a date" if plan.since is None else f"{plan.since}"
    said = f"{plan.days_a_week} days a week for {plan.days} days, then {plan.then_days_a_week}; from {begun} on"
    its.out.facts([("plan", said), ("where", kept.position), ("next", kept.next)])
    if kept.weeks:
        rows = [_week(kept, i) for i in range(len(kept.weeks))]
        its.out.table(("week", "from", "days", "of", "", "day by day"), rows, right=("week", "days", "of"))
        its.out.line("# a session, o one without a date may have been there, . none")
    if kept.undated:
        its.out.line(f"{words.plural(kept.undated, 'session')} without a date: {_placed(kept)}")
    if out is not None:
        its.out.line(f"picture in {out}")


def progress(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The page, HTML.")] = Path("progress.html"),
    folder: Annotated[
        Path | None, typer.Option("--csv", metavar="FOLDER", help="All figures too, a CSV file for each table.")
    ] = None,
    files: Files = None,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Write a page of what was done: weeks, charge on the face, left and right, contact, what ended sessions, advice.

    It prints on two A4 sheets from any browser. Nothing leaves this computer. With --from it is about exports, and
    needs no device; a device that is named with --port adds what its journal has.

    \b
    Examples:
      tonusctl progress
      tonusctl progress --from spring.json --from summer.json -o year.html
    """
    its = settings(context, port, as_json)
    writable(out)
    if folder is not None:
        _must_be_folder(folder)
    sessions, kept = _read(its, files, {})
    if not sessions:
        raise UsageError("no sessions to report: none has treated yet")
    from .page import progress as worked_out  # matplotlib takes a second to import
    from .page import render

    made = worked_out(sessions, kept)
    write(out, render(made, kept.today))
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in tables.tables(made).items():
            write(folder / f"{name}.csv", tables.as_csv(rows))
    if its.report(tables.progress(made) | {"file": str(out)}):
        return
    _say(its, made, out)


def _say(its: Settings, made: Progress, out: Path) -> None:
    its.out.facts(
        [("sessions", str(len(made.sessions))), ("where", made.routine.position), ("next", made.routine.next)]
    )
    for one in made.advice:
        its.out.line(one.words)
    its.out.line(f"page in {out}")


def _must_be_folder(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path}: not a folder")


def _read(its: Settings, files: list[Path] | None, changed: dict[str, Any]) -> tuple[list[Session], Routine]:
    """Sessions and routine: of files, of the device, or of both."""
    parts = [exports.read(path) for path in files or ()]
    plan, now = Plan(), datetime.now()
    if not files or its.port is not None:
        with its.device() as (_, client):
            plan = _plan(client, changed)
            parts.append(list(client.journal("session")))
            now = datetime.fromtimestamp(client.now())
    sessions = history(exports.merged(parts), now.date())
    return sessions, kept_of(sessions, plan, now.date())


def _plan(client: Client, changed: dict[str, Any]) -> Plan:
    """The device's plan, changed as asked for; the default of a firmware that keeps none. NotGood."""
    held = client.settings()
    if held is None:
        if changed:
            raise NotGood("this device keeps no plan: its firmware is older; nothing was changed")
        return Plan()
    if changed:
        with unchanged("it may have been changed or not: tonusctl routine tells"):
            held = client.settings_write({"plan": changed})
    plan = held.plan
    since = None if plan.since is None else datetime.fromtimestamp(plan.since).date()
    return Plan(plan.days_a_week, plan.days, plan.then_days_a_week, since)


def _start(word: str) -> int | None:
    """A first day as Unix time at noon, so that no time zone makes it another; None for that of the first session."""
    if word == "first":
        return None
    try:
        day = date.today() if word == "today" else date.fromisoformat(word)
    except ValueError:
        raise UsageError(f"--start {word}: allowed a day as 2026-11-25, today, or first") from None
    at = round(datetime(day.year, day.month, day.day, 12).timestamp())
    if not limits.UNIX_MIN_S <= at <= limits.UNIX_MAX_S:
        raise UsageError(f"--start {word}: allowed a day of 2020 to 2099")
    return at


def _week(kept: Routine, i: int) -> tuple[str, ...]:
    from .calendar_days import signs

    week = kept.weeks[i]
    days = f"{week.least}" if week.least == week.most else f"{week.least}-{week.most}"
    verdict = "" if week.verdict is Verdict.RUNNING else week.verdict.value
    return (f"{week.number}", f"{week.first}", days, f"{week.target}", verdict, signs(kept, week))


def _placed(kept: Routine) -> str:
    """Where those without a date are placed, in words."""
    spans = [s for s in kept.sessions if s.day is None and not s.is_short]
    return "; ".join(f"s{s.n} {s.when}" for s in spans[-5:]) + ("; and earlier ones" if len(spans) > 5 else "")
