"""`tonusctl`: the command line. Expected errors are one line on standard error; `exits.Exit` has the exit codes."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from tonus import VERSION
from typer.exceptions import TyperException

from ..ending import guarded, interrupted, say
from ..errors import Declined, DeviceRefused, Gone, LinkError, NotGood, PortError, ToolError
from ..exits import Exit
from ..guide.command import guide
from ..progress.command import progress, routine
from ..report.command import report
from . import bringup_commands, calibrate_commands, journal_commands, ports, preset_commands, settings_commands, words
from .client import PROTOCOL, SELF_TEST_FAILED
from .options import Json, JsonBefore, Port, PortBefore, Settings, help_without_command, settings

# \b keeps a paragraph's lines apart.
EXAMPLES = """\b
Examples:
  tonusctl info
  tonusctl preset preview my.json
  tonusctl preset push my.json
  tonusctl journal list"""
EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {code.value:>3}  {code.meaning}" for code in Exit)


app = typer.Typer(
    help="Presets, journal and checks of a Tonus device, over its USB port. The device treats nobody while the cable "
    f"is in.\n\n{EXAMPLES}",
    epilog=EXIT_CODES,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(preset_commands.app, name="preset")
app.add_typer(journal_commands.app, name="journal")
app.command()(guide)
app.command()(routine)
app.command()(progress)
app.command()(report)
app.command("bringup")(bringup_commands.bringup)
app.command("calibrate")(calibrate_commands.calibrate)
app.command("settings")(settings_commands.of_device)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"tonusctl {VERSION}, protocol {PROTOCOL}")
        raise typer.Exit


@app.callback()
def before(
    context: typer.Context,
    port: PortBefore = None,
    as_json: JsonBefore = False,
    no_clock: Annotated[bool, typer.Option("--no-clock", help="Do not set the device's clock on connecting.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Show the device's log lines on standard error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    context.obj = Settings(port, as_json, not no_clock, log)
    help_without_command(context)


@app.command("ports")
def list_ports(context: typer.Context, as_json: Json = False) -> None:
    """List the serial ports and what is on them.

    Only those that look like MicroPython on a Pico are asked.
    """
    its = settings(context, None, as_json)
    found = []
    for port in ports.listing():
        what, id = "not asked: no MicroPython on a Pico", ""
        if port.is_pico:
            try:
                info = ports.probe(port.device)
                what, id = f"Tonus {info.version} on {info.board}, {info.state}", info.id
            except (PortError, LinkError) as error:
                what = error.message.removeprefix(f"{port.device}: ")
        about = {"description": port.description, "is_pico": port.is_pico, "id": id or None, "what": what}
        found.append({"port": port.device} | about)
    if its.report(found):
        return
    if not found:
        its.out.line("no serial ports")
        return
    rows = [(str(p["port"]), str(p["id"] or "-"), str(p["description"]), str(p["what"])) for p in found]
    its.out.table(("port", "id", "description", "what"), rows)


@app.command()
def info(context: typer.Context, port: Port = None, as_json: Json = False) -> None:
    """Say what the device is, and how it is."""
    its = settings(context, port, as_json)
    with its.device() as (name, client):
        now = client.device_info()
        bank = client.bank_list()
        calibration = client.calibration()
    calibrated = calibration is not None and calibration.calibrated
    about = {"shipped": bank.shipped, "damage": bank.damage, "calibrated": calibrated, "tonusctl": VERSION}
    if its.report({"port": name, **asdict(now), **about}):
        return
    battery = "not measured with the cable in" if now.battery_pct is None else f"{now.battery_pct} %"
    facts = [
        ("device", f"{now.product} {now.version} on {now.board}, MicroPython {now.micropython}"),
        ("port", f"{name}, protocol {now.protocol}"),
        ("id", now.id),
        ("state", now.state),
        ("running for", words.since(now.uptime_ms)),
        ("clock", "not set" if now.clock is None else words.moment(now.clock)),
        ("battery", battery),
        ("presets", f"{len(bank.presets)}, {preset_commands.origin(bank)}"),
        ("calibration", calibrate_commands.told(calibration)),
    ]
    if bank.damage:
        facts.append(("damage", bank.damage))
    if now.data_lost:
        facts.append(("lost", words.lost(now.data_lost)))
    if now.version != VERSION:
        told = (
            f"firmware {now.version}, this tonusctl {VERSION}: rules and figures may differ; take both of one release"
        )
        facts.append(("versions", told))
    its.out.facts(facts)


@app.command()
def selftest(context: typer.Context, port: Port = None, as_json: Json = False) -> None:
    """Run the self-test and print its readings.

    Nothing flows to the electrodes. A failed test leaves the device in FAULT until its power goes.
    """
    its = settings(context, port, as_json)
    with its.device() as (_, client):
        try:
            readings = client.selftest()
        except DeviceRefused as error:
            if error.code != SELF_TEST_FAILED:
                raise
            its.report({"passed": False, "fault": error.reason})
            raise NotGood(f"the self-test failed: {error.reason}") from None
    if its.report({"passed": True, "readings": readings}):
        return
    told = words.in_order(readings, words.READINGS)
    rows = [(name, words.reading(name, value), meaning) for name, value, meaning in told]
    its.out.table(("reading", "value", "of"), rows, right=("value",))
    its.out.line("passed", "bold green")


@app.command()
def counters(context: typer.Context, port: Port = None, as_json: Json = False) -> None:
    """Print the counters of pulse loop and link."""
    its = settings(context, port, as_json)
    with its.device() as (_, client):
        found = client.counters()
    if its.report(found):
        return
    rows = [(name, str(value), meaning) for name, value, meaning in words.in_order(found, words.COUNTERS)]
    its.out.table(("counter", "value", "of"), rows, right=("value",))


@app.command()
def clock(
    context: typer.Context,
    set_now: Annotated[bool, typer.Option("--set", help="Give the device this computer's time.")] = False,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Print or set the device's clock.

    Prints how far it is from this computer's, too. All other commands set it; without a cable it runs until the
    device is switched off.
    """
    its = settings(context, port, as_json)
    with its.device(set_clock=False) as (_, client):
        theirs = client.set_clock() if set_now else client.info.clock
        offset = None if theirs is None else theirs - round(client.now())
    if its.report({"clock": theirs, "offset_s": offset}):
        return
    if theirs is None:
        its.out.line("not set; tonusctl clock --set sets it")
    else:
        its.out.line(f"{words.moment(theirs)}, {offset:+d} s from this computer's")


@app.command()
def reboot(context: typer.Context, port: Port = None, as_json: Json = False) -> None:
    """Restart the device, and wait for it."""
    its = settings(context, port, as_json)
    with its.device() as (name, client):
        before = client.device_info()
        client.reboot()
        gone = False
        try:
            now = client.await_restart(before)
            if its.set_clock:  # it forgot the time
                client.set_clock()
        except Gone:
            gone = True
    if gone:
        its.port = ports.come_back(name, before.id)
        with its.device() as (_, client):
            now = client.info
    if not its.report({"state": now.state, "uptime_ms": now.uptime_ms}):
        its.out.line(f"restarted: {now.state}, running for {now.uptime_ms / 1000:.1f} s")


@app.command()
def bootloader(context: typer.Context, port: Port = None, as_json: Json = False) -> None:
    """Restart as a BOOTSEL drive, to copy a UF2."""
    its = settings(context, port, as_json)
    with its.device() as (_, client):
        client.bootloader()
        client.await_silence()
    if not its.report({"state": "BOOTSEL"}):
        its.out.line("the firmware has stopped; copy a UF2 onto the drive RPI-RP2, or unplug and start again")


@app.command()
def sim(
    flash: Annotated[
        Path | None, typer.Option("--flash", metavar="FILE", help="Keep presets and journal in FILE between runs.")
    ] = None,
    battery: Annotated[
        int | None, typer.Option("--battery", metavar="PCT", min=0, max=100, help="Charge of the cell.")
    ] = None,
    no_keys: Annotated[bool, typer.Option("--no-keys", help="Do not read the keyboard: only the port works.")] = False,
    chip: Annotated[
        bool,
        typer.Option("--chip", help="The real MicroPython on an emulated RP2040, some twenty times slower than life."),
    ] = False,
) -> None:
    """Run a simulated device, with a port.

    Its first line names the port, for the other commands: tonusctl --port PORT info. Press q to end it.
    """
    from ..sim import panel, scenario

    battery_pct = scenario.Start.battery_pct if battery is None else battery
    raise typer.Exit(panel.run(flash=flash, battery_pct=battery_pct, keys=not no_keys, chip=chip))


@app.command()
def web(
    number: Annotated[int, typer.Option("--number", metavar="N", min=0, max=65535, help="TCP port; 0 is any.")] = 8765,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Serve the page that runs a device and programs one.

    On this computer only, until Ctrl-C.
    """
    from ..web import serve

    serve.serve(number, not no_browser, lambda line: print(line, flush=True))


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    return guarded(lambda: _main(sys.argv[1:] if arguments is None else arguments))


def _main(arguments: list[str]) -> int:
    try:
        code = app(arguments, prog_name="tonusctl", standalone_mode=False)
    except Declined as answer:
        return say(str(answer), answer.exit)
    except ToolError as error:
        return say(f"error: {error}", error.exit)
    except TyperException as error:
        return say(f"error: {error.format_message()} (--help explains)", Exit.USAGE)
    except typer.Abort:
        return interrupted()
    return interrupted() if code == Exit.INTERRUPTED else int(code or Exit.OK)


if __name__ == "__main__":
    sys.exit(main())
