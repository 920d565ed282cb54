"""`tonusctl calibrate`: gain and offset of this device's DAC, sense and dividers, guided."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import typer
from tonus import limits

from ..errors import DeviceRefused, LinkError, NotGood, UsageError
from ..output import PICTURES, note, writable
from . import words
from .calibrate import (
    CHARGE_PCT,
    HELD_UA,
    REFERENCE_OHM,
    SESSION_GOOD_PCT,
    SESSION_LEAST_S,
    Reading,
    Residual,
    Values,
    accuracy,
    code_of,
    expected_uc,
    from_readings,
    from_reference,
    reach_ua,
    reading,
    swept,
    worst,
)
from .client import STORAGE, Calibration, Client
from .options import Json, Picture, Port, Settings, confirm, settings, unchanged

MARGIN_S = 2  # of a hold: what takes the person longer than it lasts is asked again
LEAST_OHM, MOST_OHM = REFERENCE_OHM
BEFORE_REFERENCE = "the current first, then the resistance: tonusctl calibrate, without --reference"


def calibrate(
    context: typer.Context,
    reference: Annotated[
        int | None, typer.Option("--reference", metavar="OHM", help="With this resistor on the electrodes.")
    ] = None,
    readings: Annotated[
        str | None, typer.Option("--readings", metavar="MV,MV,MV", help="What the meter says; do not ask.")
    ] = None,
    session: Annotated[
        str | None, typer.Option("--session", metavar="RECORD", help="With --reference: take this session, do not ask.")
    ] = None,
    out: Picture = Path("calibration.png"),
    show: Annotated[bool, typer.Option("--show", help="Only say what the calibration is.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Forget the calibration.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before --reset.")] = False,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Calibrate the device with a multimeter.

    The device holds three currents through its built-in resistor; you read the voltage over Rset. Nothing flows through
    the electrodes. With --reference, afterwards: a resistor that you know on the electrodes, and a short session.

    \b
    Examples:
      tonusctl calibrate
      tonusctl calibrate --reference 10000
      tonusctl calibrate --show
    """
    its = settings(context, port, as_json)
    _one_of(show=show, reset=reset, readings=readings is not None, reference=reference is not None)
    if session is not None and reference is None:
        raise UsageError("--session belongs to --reference")
    if show:
        with its.device() as (_, client):
            _report(its, _known(client))
    elif reset:
        _reset(its, yes)
    elif reference is not None:
        _reference(its, reference, session)
    else:
        _current(its, readings, out)


def told(calibration: Calibration | None) -> str:
    """Whether a device is calibrated, in a few words."""
    if calibration is None:
        return "not known to this firmware"
    if calibration.damage:
        return f"damaged and not used: {calibration.damage}; currents {accuracy(False)}"
    if not calibration.calibrated:
        return f"none; currents {accuracy(False)}"
    when = "" if calibration.at is None else f"of {words.moment(calibration.at)}; "
    return f"{when}currents {accuracy(True)}"


def _one_of(**given: bool) -> None:
    named = [f"--{name}" for name, is_given in given.items() if is_given]
    if len(named) > 1:
        raise UsageError(f"{' and '.join(named)}: allowed one of them")


def _known(client: Client) -> Calibration:
    found = client.calibration()
    if found is None:
        raise NotGood(f"firmware {client.info.version} cannot be calibrated; update it")
    return found


def _report(its: Settings, found: Calibration) -> None:
    if not its.report(_document(found)):
        its.out.facts(_facts(found))


def _document(found: Calibration) -> dict[str, Any]:
    promised = {"pct": limits.SET_ACCURACY_PCT, "ua": limits.SET_ACCURACY_NA / 1000}
    if found.calibrated:
        promised = {"pct": limits.CALIBRATED_PCT, "ua": limits.CALIBRATED_NA / 1000}
    return vars(found) | {"accuracy": promised}


def _facts(found: Calibration) -> list[tuple[str, str]]:
    facts = [("calibration", told(found)), ("board", found.board)]
    if found.calibrated:
        facts += [
            ("DAC", f"{found.dac_gain_ppm / 1e4:+.2f} %, {found.dac_offset_na / 1000:+.2f} uA"),
            ("sense", f"{found.sense_gain_ppm / 1e4:+.2f} %, {found.sense_offset_na / 1000:+.2f} uA"),
            ("voltage", f"{found.voltage_gain_ppm / 1e4:+.2f} %, {found.voltage_offset_mv:+d} mV"),
        ]
    return facts


def _reset(its: Settings, yes: bool) -> None:
    with its.device() as (_, client):
        found = _known(client)
        if (found.calibrated or found.damage) and not yes:
            confirm(f"Forget the calibration, {told(found)}?")
        with unchanged("it may have been forgotten or not: tonusctl calibrate --show tells"):
            now = client.calibration_reset()
    _report(its, now)


# The current, with a multimeter.


def _current(its: Settings, given: str | None, out: Path) -> None:
    writable(out, PICTURES)
    with its.device() as (_, client):
        board = _board(client)
        before = _known(client)
        try:
            with unchanged():
                split = _split(given, board)
            taken = _readings(client, board, split)
            values = from_readings(taken, board)
            _write(client, values)
            residuals = swept(client, board, values)
        finally:
            _release(client)
        now = _known(client)
    from .calibration_plot import draw  # matplotlib takes a second to import

    try:
        draw(out, taken, residuals, values, board)
    except UsageError as error:
        error.consequence = f"the calibration is in force: {told(now)}"
        raise
    used, at = worst(residuals, True)
    document = _document(now) | {
        "before": _values(before),
        "readings": [{"ua": r.ua, "mv": r.mv} | vars(r.held) for r in taken],
        "residuals": [vars(r) for r in residuals],
        "reach_ua": round(reach_ua(board, values), 1),
        "file": str(out),
    }
    if not its.report(document):
        _say(its, taken, residuals, values, board)
        its.out.facts(_facts(now))
        its.out.line(f"picture in {out}")
    if used > 1:
        what = f"{at.set_ua} uA set is {at.after_ua:.1f} uA; allowed {accuracy(True)}"
        raise NotGood(f"written, but {what}: tonusctl calibrate again")


def _split(given: str | None, board: SimpleNamespace) -> list[float] | None:
    """The readings of the option, checked before anything is held."""
    if given is None:
        return None
    texts = given.split(",")
    if len(texts) != len(HELD_UA):
        currents = ", ".join(str(ua) for ua in HELD_UA)
        raise UsageError(f"--readings: {len(texts)} numbers; allowed {len(HELD_UA)}, mV over Rset at {currents} uA")
    return [reading(ua, text, board) for ua, text in zip(HELD_UA, texts, strict=True)]


def _readings(client: Client, board: SimpleNamespace, given: list[float] | None) -> list[Reading]:
    taken = []
    if given is None:
        note(f"The device holds {len(HELD_UA)} currents, one after the other, through its built-in resistor.")
        note("Nothing flows through the electrodes. Multimeter: DC volts, 2 V range, over Rset: TP_RSET and ground.")
    for i, ua in enumerate(HELD_UA):
        held = client.calibration_hold(code_of(ua, board))
        if given is not None:
            taken.append(Reading(ua, held, given[i]))
            continue
        while True:
            began = time.monotonic()
            text = typer.prompt(
                f"{ua} uA flow, about {ua * board.RSET_OHM / 1000:.0f} mV; what it says, in mV", err=True
            )
            late = time.monotonic() - began > limits.HOLD_MAX_MS / 1000 - MARGIN_S
            try:
                mv = reading(ua, text, board)
            except UsageError as error:
                note(f"{error}; once more")
            else:
                if not late:
                    break
                note(f"the {limits.HOLD_MAX_MS // 1000} s that a current is held were over; once more")
            held = client.calibration_hold(code_of(ua, board))
        taken.append(Reading(ua, held, mv))
    return taken


def _release(client: Client) -> None:
    """Whatever went wrong: it ends by itself too."""
    try:
        client.calibration_release()
    except LinkError as error:
        note(f"the hold ends by itself, within {limits.HOLD_MAX_MS // 1000} s: {error.message}")


def _write(client: Client, values: Values) -> None:
    """Put them in force, read back. An error says what it means."""
    try:
        now = client.calibration_write(values)
    except DeviceRefused as error:
        failed = error.code == STORAGE
        error.consequence = "tonusctl calibrate --show tells what is in force" if failed else "nothing was changed"
        raise
    except LinkError as error:
        error.consequence = "it may have been written or not: tonusctl calibrate --show tells"
        raise
    if not now.calibrated or _values(now) != dict(values):
        raise NotGood("the device does not hold what was sent: tonusctl calibrate --show tells what it holds")


def _values(found: Calibration) -> dict[str, int]:
    return found.values()


def _board(client: Client) -> SimpleNamespace:
    from .figures import board_constants  # numpy takes a second to import

    try:
        board = board_constants(client.info.board)
    except KeyError:
        raise UsageError(f"the board {client.info.board} is not one of this tonusctl's") from None
    if not board.HAS_SHORT:
        raise UsageError(f"the board {client.info.board} has no built-in resistor to calibrate with")
    return board


def _say(
    its: Settings, taken: list[Reading], residuals: list[Residual], values: Values, board: SimpleNamespace
) -> None:
    rows = [
        (
            f"{r.set_ua} uA",
            f"{r.before_ua:.1f} uA",
            f"{r.errors[0]:+.1f} uA",
            f"{r.after_ua:.1f} uA",
            f"{r.errors[1]:+.1f} uA",
        )
        for r in residuals
    ]
    its.out.table(("set", "flowed", "off", "flows", "off"), rows, right=("set", "flowed", "off", "flows"))
    for name, after in (("before", False), ("after", True)):
        used, at = worst(residuals, after)
        off = f"{abs(at.errors[after]):.1f} uA off, at {at.set_ua} uA"
        its.out.line(f"{name}: at most {off}: {used:.0%} of what is allowed, {accuracy(after)}")
    most = reach_ua(board, values)
    if most < limits.FIRMWARE_CEILING_UA - limits.CALIBRATED_NA / 1000:
        its.out.line(f"this device's DAC gives too little: a set current above {most:.0f} uA is {most:.0f} uA")


# The resistance, with a resistor.


def _reference(its: Settings, ohm: int, named: str | None) -> None:
    if not LEAST_OHM <= ohm <= MOST_OHM:
        raise UsageError(f"--reference {ohm}; allowed {LEAST_OHM}..{MOST_OHM} Ohm")
    if named is not None and not re.fullmatch(r"s?[1-9]\d{0,8}", named):
        raise UsageError(f"--session {named}; allowed s and a session's number, as journal list names it")
    with its.device() as (_, client):
        _board(client)
        if not _known(client).calibrated:
            raise NotGood(f"this device is not calibrated: {BEFORE_REFERENCE}")
        last = max((r["n"] for r in client.journal("session")), default=0)
    if named is None:
        for line in (
            f"1. Unplug the cable and clip the {ohm} Ohm resistor to the electrodes.",
            f"2. Choose Lift; PLUS until level {limits.LEVELS}; let it run for {SESSION_LEAST_S + 4} s; MODE to stop.",
            "3. Plug the cable in again.",
        ):
            note(line)
        typer.prompt("Then press Enter", default="", show_default=False, err=True)
    with its.device() as (_, client):
        board = _board(client)
        before = _known(client)
        after = last if named is None else int(named.removeprefix("s")) - 1
        record = client.journal_read("session", after)
        if record is None or (named is not None and record["n"] != after + 1):
            wanted = "a session since" if named is None else f"session {named}"
            raise NotGood(f"there is no {wanted} in the journal; nothing was changed")
        charge_pct = _session(client, record, before)
        values = from_reference(ohm, record["ohm"], before.values(), board)
        _write(client, values)
        now = _known(client)
    document = _document(now) | {
        "before": _values(before), "session": record["n"], "reference_ohm": ohm, "measured_ohm": record["ohm"],
        "charge_pct": round(charge_pct, 1),
    }  # fmt: skip
    if its.report(document):
        return
    measured = f"session {record['n']}: {record['ohm']} Ohm measured, {ohm} Ohm there"
    its.out.line(f"{measured}; charge {charge_pct:.0f} % of what level {limits.LEVELS} makes")
    its.out.facts(_facts(now))


def _session(client: Client, record: dict[str, Any], before: Calibration) -> float:
    """Hold a session to what the measurement needs; its charge, in percent of the one to expect. NotGood."""

    def must(is_good: bool, what: str) -> None:
        if not is_good:
            raise NotGood(f"session {record['n']}: {what}; nothing was changed")

    level, good = record["level"], record["good_pct"]
    counted_ms = record.get("counted_ms", record["treated_ms"])
    must(level == limits.LEVELS, f"level {level}; allowed {limits.LEVELS}")
    must(counted_ms >= SESSION_LEAST_S * 1000, f"{counted_ms / 1000:.1f} s; allowed at least {SESSION_LEAST_S} s")
    must(
        good >= SESSION_GOOD_PCT and record["ohm"] > 0, f"contact good {good} %; allowed at least {SESSION_GOOD_PCT} %"
    )
    known = before.at is not None and record["at"] is not None
    must(not known or record["at"] >= before.at, "older than the calibration of the current")
    found = dict(client.read_bank().presets).get(record["id"])
    preset = None if found is None else json.loads(found)
    waveform = {} if preset is None else preset["zones"][0]["waveform"]
    must(waveform.get("kind") == "biphasic", f"{record['id']} does not begin with biphasic pulses, as Lift does")
    assert preset is not None
    expected = expected_uc(record["top_ua"], waveform["rate_hz"], waveform["phase_us"], counted_ms, preset["ramp_ms"])
    pct = float(100 * record["charge_uc"] / expected)
    must(
        abs(pct - 100) <= CHARGE_PCT,
        f"charge {pct:.0f} % of what level {level} makes; allowed {100 - CHARGE_PCT}..{100 + CHARGE_PCT} %",
    )
    return pct
