"""`tonusctl` as a person meets it: what it prints, its one-line errors and its exit codes."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ctl_device
import pytest
from ctl_device import SHIPPED, Device, FakeSerial, bank_crc, on_a_pty
from test_ctl_client import DELIVERED, SESSION, drop, named
from tonus.bank import SHIPPED as SHIPPED_IDS
from tonus_tools.ctl import cli, completion, ports, presets
from tonus_tools.ctl.calibrate import HELD_UA, code_of
from tonus_tools.ctl.figures import board_constants
from tonus_tools.errors import PortError
from tonus_tools.exits import Exit

README = Path(cli.__file__).with_name("README.md")
UNCHANGED = "; nothing was changed\n"
FAULT = {
    "n": 2, "at": None, "fault": 11, "name": "overcurrent", "value": 431, "state": "TREAT", "up_ms": 93_500,
    "ticks": 93_000, "late": 1, "missed": 0, "worst_us": 212, "unseen": 3, "heap_free": 81_232,
}  # fmt: skip


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Bench:
    """Devices by the port they are on, and `run`, which runs tonusctl with them."""

    capsys: pytest.CaptureFixture[str]
    devices: dict[str, Device] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    opened: list[FakeSerial] = field(default_factory=list)

    def open_port(self, name: str) -> FakeSerial:
        if name in self.busy:
            raise PortError(f"{name}: busy: another program has it open")
        self.opened.append(FakeSerial(self.devices[name]))
        return self.opened[-1]

    def listing(self) -> list[ports.Port]:
        other = ports.Port("/dev/ttyS0", "n/a", False)
        return [other, *(ports.Port(name, "Board in FS mode", True) for name in sorted({*self.devices, *self.busy}))]

    def run(self, *arguments: str) -> Ended:
        code = cli.main(list(arguments))
        captured = self.capsys.readouterr()
        return Ended(code, captured.out, captured.err)


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bench:
    bench = Bench(capsys)
    monkeypatch.setattr(ports, "open_port", bench.open_port)
    monkeypatch.setattr(ports, "listing", bench.listing)
    monkeypatch.delenv("TONUS_PORT", raising=False)
    monkeypatch.chdir(tmp_path)
    return bench


@pytest.fixture
def device(bench: Bench) -> Device:
    bench.devices["/dev/ttyACM0"] = Device()
    return bench.devices["/dev/ttyACM0"]


def write(name: str, *texts: str) -> str:
    Path(name).write_text(texts[0] if len(texts) == 1 else f"[{','.join(texts)}]")
    return name


# Finding the device


def test_without_a_device_it_is_told_what_to_do(bench: Bench) -> None:
    ended = bench.run("info")
    assert (ended.code, ended.out) == (Exit.NO_DEVICE, "")
    assert ended.err == (
        "error: no Tonus found; plug it in with a data cable; a device in safe mode (MINUS held at the start) "
        "has no protocol; --port names a port by hand\n"
    )


def test_the_one_tonus_among_several_picos_is_found(bench: Bench, device: Device) -> None:
    silent = Device()
    silent.deaf = {"device.info"}
    bench.devices["/dev/ttyACM1"] = silent
    bench.busy = {"/dev/ttyACM2"}
    assert bench.run("--json", "info").json["port"] == "/dev/ttyACM0"
    del bench.devices["/dev/ttyACM0"]
    ended = bench.run("info")
    assert ended.code == Exit.NO_DEVICE
    assert ended.err.startswith(
        "error: no Tonus answers (/dev/ttyACM1: device.info: no answer in 3 s; "
        "/dev/ttyACM2: busy: another program has it open); plug it in"
    )


def test_of_two_one_must_be_named(bench: Bench, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.devices["/dev/ttyACM1"] = Device([named("mine")])
    ended = bench.run("info")
    assert (ended.code, ended.err) == (
        Exit.NO_DEVICE,
        "error: more than one Tonus: /dev/ttyACM0, /dev/ttyACM1; name one with --port\n",
    )
    one = ["--port", "/dev/ttyACM1"]
    before, after = bench.run(*one, "--json", "preset", "list"), bench.run("preset", "list", *one, "--json")
    assert before.json == after.json
    assert [p["id"] for p in before.json["presets"]] == ["mine"]
    monkeypatch.setenv("TONUS_PORT", "/dev/ttyACM1")
    assert bench.run("info", "--json").json["port"] == "/dev/ttyACM1"
    assert bench.run("--port", "/dev/ttyACM0", "info", "--json").json["port"] == "/dev/ttyACM0"


def test_ports_says_what_is_where(bench: Bench, device: Device) -> None:
    assert [(p["port"], p["id"], p["what"]) for p in bench.run("ports", "--json").json] == [
        ("/dev/ttyS0", None, "not asked: no MicroPython on a Pico"),
        ("/dev/ttyACM0", device.id, "Tonus 0.1.0 on tonus_r1, CHARGING"),
    ]
    assert device.methods_called == ["device.info"]
    assert f"/dev/ttyACM0  {device.id}" in bench.run("ports").out


def test_info_says_when_tool_and_firmware_differ(bench: Bench, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "versions" not in bench.run("info").out
    monkeypatch.setattr(cli, "VERSION", "0.3.0")
    assert "versions     firmware 0.1.0, this tonusctl 0.3.0: rules and figures may differ" in bench.run("info").out
    assert bench.run("info", "--json").json["tonusctl"] == "0.3.0"


# Presets


def test_a_push_merges_and_a_pull_brings_back_what_was_there(bench: Bench, device: Device) -> None:
    assert bench.run("preset", "pull", "-o", "before.json").err == "4 presets of generation 0 in before.json\n"
    lift = named("lift", "Mine")
    ended = bench.run("preset", "push", write("mine.json", named("new")), write("two.json", lift, named("other")))
    texts = [lift, *SHIPPED[1:], named("new"), named("other")]
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        f"generation 1, crc {bank_crc(texts)}: added new, other; replaced lift; unchanged firm, absorb, calm\n"
    )
    assert device.own == texts
    assert bench.run("preset", "pull", "other", "lift").out == f"[\n{named('other')},\n{lift}\n]\n"

    again = bench.run("preset", "push", "mine.json")
    assert again.out.startswith("nothing to change: generation 1")
    assert device.generation == 1

    dry = bench.run("preset", "push", "--dry-run", "--replace", "before.json")
    assert dry.out == "would change generation 1: replaced lift; removed new, other; unchanged firm, absorb, calm\n"
    assert device.generation == 1
    changed = bench.run("preset", "push", "--replace", "before.json", "--json").json
    assert changed["removed"] == ["new", "other"]
    assert device.own == SHIPPED


def test_what_is_refused_here_never_reaches_the_device(bench: Bench, device: Device) -> None:
    bad = named("bad").replace('"top_ua":100', '"top_ua":600')
    ended = bench.run("preset", "push", write("good.json", named("good")), write("bad.json", named("a"), bad))
    assert (ended.code, ended.err) == (
        Exit.NOT_GOOD,
        "error: bad.json: [1]: top_ua: 600; allowed 50..500 uA" + UNCHANGED,
    )
    ended = bench.run("preset", "push", "good.json", write("same.json", named("good", "Other")))
    assert ended.err == 'error: same.json: id: "good" is taken by good.json; allowed ids that differ' + UNCHANGED
    assert device.requests == []
    assert bench.run("preset", "push", "nowhere.json").code == Exit.USAGE


def test_a_push_that_failed_says_what_became_of_the_bank(bench: Bench, device: Device) -> None:
    device.busy = True
    ended = bench.run("preset", "push", write("a.json", named("a")))
    assert (ended.code, ended.err) == (
        Exit.REFUSED,
        "error: the device refused: not while the output is on; nothing was changed\n",
    )
    device.busy = False
    device.tamper["bank.put"] = drop
    ended = bench.run("preset", "push", "a.json")
    assert (ended.code, ended.err) == (Exit.NO_ANSWER, "error: bank.put: no answer in 3 s; nothing was changed\n")
    assert device.own is None


def test_check_tells_all_errors_of_all_files(bench: Bench) -> None:
    bad = named("bad").replace('"top_ua":100', '"top_ua":600')
    files = [write("a.json", bad), write("b.json", named("a"), named("a")), write("c.json", named("c"))]
    ended = bench.run("preset", "check", *files)
    assert ended.code == Exit.NOT_GOOD
    assert ended.err == (
        "error: a.json: top_ua: 600; allowed 50..500 uA\n"
        'error: b.json: [1]: id: "a" is taken by b.json: [0]; allowed ids that differ\n'
    )
    assert ended.out == "".join(f"{at}: good: A ({id}): 1 min, 1 zone, at most 100 uA\n" for at, id in GOOD)
    found = bench.run("preset", "check", *files, "--json")
    assert found.code == Exit.NOT_GOOD
    assert [one["path"] for one in found.json["refused"]] == ["top_ua", ""]
    assert bench.run("preset", "check", "c.json").code == Exit.OK


GOOD = (("b.json: [0]", "a"), ("c.json", "c"))


def test_show_takes_a_file_or_an_id(bench: Bench, device: Device) -> None:
    shown = bench.run("preset", "show", "calm")
    assert shown.out.startswith("Calm (calm): 3 min, 4 zones, at most 120 uA\nLevel 1 is 12 uA, each level 12 uA more")
    device.requests.clear()
    assert bench.run("preset", "show", write("a.json", named("a")), "--json").json == [json.loads(named("a"))]
    assert device.requests == []
    ended = bench.run("preset", "show", "nobody")
    assert (ended.code, ended.err) == (
        Exit.USAGE,
        "error: nobody: no such file, and no such preset on the device; it has lift, firm, absorb, calm\n",
    )


def test_preview_draws_a_file_without_a_device(bench: Bench) -> None:
    ended = bench.run("preset", "preview", write("a.json", named("a")), "--level", "3", "-o", "a.png")
    assert (ended.code, ended.err) == (0, "")
    assert Path("a.png").read_bytes()[:4] == b"\x89PNG"
    assert ended.out.startswith("A (a): 1 min, 1 zone, at most 100 uA; level 3: ")
    current = next(line for line in ended.out.splitlines() if line.startswith("set current"))
    assert current.split()[2:] == ["29.98", "uA", "at", "most", "500", "uA", "6", "%", "yes", "all"]
    ended = bench.run("preset", "preview", "a.json", "--level", "11")
    assert ended.code == Exit.USAGE
    assert ended.err.count("\n") == 1


def test_reset_asks_first(bench: Bench, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    device.own, device.generation = [named("mine")], 1
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody answers
    ended = bench.run("preset", "reset")
    assert ended.code == Exit.INTERRUPTED
    assert "Remove mine and put the shipped presets back? [y/N]" in ended.err
    assert device.own == [named("mine")]
    assert ended.err.endswith("nothing was changed\ninterrupted\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    ended = bench.run("preset", "reset")
    assert (ended.code, device.own) == (Exit.INTERRUPTED, [named("mine")])
    assert ended.err.endswith("nothing was changed\n")
    assert "error" not in ended.err
    ended = bench.run("preset", "reset", "--yes")
    assert (ended.code, ended.out) == (0, f"generation 2, crc {bank_crc(SHIPPED)}: lift, firm, absorb, calm\n")


# Journal


def test_the_journal_is_listed_explained_and_exported(bench: Bench, device: Device) -> None:
    device.journal = {"session": [{"n": 7} | SESSION], "fault": [FAULT]}
    ended = bench.run("journal", "list")
    sessions, faults = (part.splitlines() for part in ended.out.split("\n\n"))
    assert " ".join(sessions[2].split()[3:]) == ("Lift 5 5 min - 2 Done: how much of what was set is not known.")
    assert " ".join(faults[2].split()) == "f2 - 11 overcurrent 431 TREAT 1 min 33 s -"
    assert list(bench.run("journal", "list", "--faults", "--json").json) == ["faults"]

    shown = bench.run("journal", "show", "s7").out
    for said in (
        "5 of 10: 200 of 400 uA",
        "299.5 s",
        "3210.5 uC in each direction",
        "2 pauses",
        "30 s, contact good 99 %",
    ):
        assert said in shown
    assert bench.run("journal", "show", "7").out == shown
    assert "more current was delivered than set" in bench.run("journal", "show", "f2").out
    assert bench.run("journal", "show", "f1").err == (
        "error: fault 1 is not in the journal; tonusctl journal list lists what is\n"
    )
    assert bench.run("journal", "show", "x").code == Exit.USAGE

    assert bench.run("journal", "export").json == {"sessions": device.journal["session"], "faults": [FAULT]}
    csv = bench.run("journal", "export", "--format", "csv", "--faults").out.splitlines()
    head = "number,date,fault,name,value,state,up (ms),ticks,late,missed,worst (us),unseen,heap_free"
    assert csv == [head, "2,,11,overcurrent,431,TREAT,93500,93000,1,0,212,3,81232"]
    first, session = bench.run("journal", "export", "--format", "csv").out.splitlines()
    assert first.startswith("number,date,id,name,generation,level,top (uA),treated (ms),charge (uC),good (%),")
    when = datetime.fromtimestamp(int(str(SESSION["at"]))).astimezone().isoformat()
    assert session.startswith(f"7,{when},lift,Lift,")


def test_check_show_and_preview_say_what_hardly_fits_a_session(bench: Bench, tmp_path: Path) -> None:
    its = json.loads(SHIPPED[0])
    its["zones"] = [its["zones"][0] | {"duration_s": 600}, its["zones"][1] | {"duration_s": 590}]
    path = tmp_path / "long.json"
    path.write_text(json.dumps(its), encoding="utf-8")
    for command in (("check",), ("show",), ("preview", "-o", str(tmp_path / "long.png"))):
        ended = bench.run("preset", command[0], str(path), *command[1:])
        assert ended.code == 0
        assert "note: its 1190 s leave only 10 s of the 20 min a session may last" in ended.out
    accepted = bench.run("preset", "check", str(path), "--json").json["accepted"]
    assert [len(one["notes"]) for one in accepted] == [1]


def test_preview_says_what_the_probes_carry(bench: Bench, tmp_path: Path) -> None:
    its = json.loads(SHIPPED[1])
    its["zones"] = its["zones"][:1]
    path = tmp_path / "slow.json"
    path.write_text(json.dumps(its), encoding="utf-8")
    ended = bench.run("preset", "preview", str(path), "--level", "1", "-o", str(tmp_path / "slow.png"))
    assert "contact probes in the rests carry" in ended.out
    (uc,) = (float(line.split()[6]) for line in ended.out.splitlines() if line.startswith("contact probes"))
    least = 50 * 0.9 * 1 * 8 * 2000 / 1e6
    assert 0.99 * least <= uc <= 1.15 * least  # and some more while it ramps down


def test_what_was_set_and_what_was_delivered_are_told(bench: Bench, device: Device) -> None:
    device.journal["session"] = [{"n": 8} | SESSION | DELIVERED, {"n": 9} | SESSION | DELIVERED | {"why": "expired"}]
    listed = bench.run("journal", "list").out.splitlines()
    assert " ".join(listed[2].split()[3:]) == (
        "Lift 5 1 min 54 s 38 % 2 Done: 38 % of what was set; more gel, a little pressure, glide slower."
    )
    assert "The 20 min were over after 5 min 0 s: 38 % of what was set till then" in listed[3]
    shown = bench.run("journal", "show", "s8").out
    for said in (
        "113.81 s: of the 299.5 s that counted",
        "8300.3 uC in each direction: the level, over that time",
        "3154.1 uC in each direction; in sum zero; 38 % of what was set",
        "0.35 uC besides, by the contact probes",
        "13.5 of 30 s, delivered 45 %, contact good 99 %",
    ):
        assert said in shown
    assert "expired: the longest session ended" in bench.run("journal", "show", "s9").out
    device.journal["session"].insert(0, {"n": 7} | SESSION)
    csv = bench.run("journal", "export", "--format", "csv").out.splitlines()
    assert csv[1].count(",") == csv[2].count(",") - 1  # in the list that the first has not
    assert bench.run("journal", "plot").code == 0


def test_an_empty_journal_is_no_error_but_no_picture_either(bench: Bench, device: Device) -> None:
    assert bench.run("journal", "list").out == "no sessions\n\nno faults\n"
    ended = bench.run("journal", "plot")
    assert (ended.code, ended.err) == (Exit.USAGE, "error: no sessions to draw: none has treated yet\n")


# The device


def test_the_self_test_passes_or_names_the_fault(bench: Bench, device: Device) -> None:
    ended = bench.run("selftest")
    assert ended.code == 0
    assert [line.split()[:3] for line in ended.out.splitlines()[1:3]] == [
        ["rail_mv", "24011", "mV"],
        ["zero_mcodes", "12300", "what"],
    ]
    assert ended.out.endswith("passed\n")
    device.selftest_fault = "fault 21, rail_dead: 431"
    ended = bench.run("selftest")
    assert (ended.code, ended.err) == (Exit.NOT_GOOD, "error: the self-test failed: fault 21, rail_dead: 431\n")
    assert bench.run("selftest", "--json").json == {"passed": False, "fault": "fault 21, rail_dead: 431"}
    device.busy = True
    assert bench.run("selftest").code == Exit.REFUSED


def test_the_clock_is_looked_at_without_being_set(bench: Bench, device: Device) -> None:
    assert bench.run("clock").out == "not set; tonusctl clock --set sets it\n"
    assert bench.run("--no-clock", "info").out.count("not set") == 1
    assert bench.run("clock", "--set", "--json").json["offset_s"] == 0
    device.now_s += 90
    assert bench.run("clock", "--json").json["offset_s"] == pytest.approx(90, abs=1)


def test_settings_are_shown_and_changed(bench: Bench, device: Device) -> None:
    shown = bench.run("settings").out
    assert re.findall(r"^(\w+) +(.*)$", shown, re.M) == [
        ("sound", "full"),
        ("haptic", "on"),
        ("cap", "none"),
        ("plan", "5 days a week for 60 days, then 3; from the first session with a date on"),
    ]
    assert "settings.write" not in device.methods_called
    told = bench.run("settings", "--sound", "off", "--no-haptic", "--cap-level", "3", "--cap-sessions", "12").out
    assert "off: only warnings are ticked" in told
    assert "level 3, for 12 more sessions" in told
    bench.run("routine", "--for", "90", "--start", "2026-03-31")  # the plan's only door
    found = bench.run("settings", "--json").json
    assert found["plan"] | {"since": None} == {"days_a_week": 5, "days": 90, "then_days_a_week": 3, "since": None}
    assert datetime.fromtimestamp(found["plan"]["since"]).date() == date(2026, 3, 31)
    assert (found["sound"], found["cap_level"], found["damage"]) == ("off", 3, None)
    assert "; since 2026-03-31" in bench.run("settings").out
    assert bench.run("settings", "--cap-sessions", "0", "--json").json["plan"] == found["plan"]
    assert "level 3, for ever" in bench.run("settings", "--haptic").out
    device.settings_damage = "its line is damaged"
    assert "its line is damaged: the settings of a new device are in force" in bench.run("settings").out


def test_settings_that_are_not_allowed_are_one_line_and_change_nothing(
    bench: Bench, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments, told in [
        (("--cap-level", "11"), "params.cap_level: 11; allowed 1..10"),
        (("--sound", "loud"), 'params.sound: "loud"; allowed full, quiet, off'),
        (("--days", "4"), "No such option: --days"),
    ]:
        ended = bench.run("settings", *arguments)
        assert ended.code != Exit.OK
        assert ended.err.count("\n") == 1
        assert told in ended.err
    assert bench.run("settings").out.startswith("sound   full")
    monkeypatch.delitem(ctl_device.METHODS, "settings.read")
    assert "has no settings: it is older" in bench.run("settings").err


def test_a_device_whose_port_goes_with_its_restart_is_found_again(bench: Bench, device: Device) -> None:
    def unplugged(line: bytes) -> bytes:
        bench.opened[-1].gone = True
        bench.devices = {"/dev/ttyACM0": Device(), "/dev/ttyACM5": device}
        bench.devices["/dev/ttyACM0"].id = "another"
        device.clock_offset_s = None
        return line

    device.tamper["device.reboot"] = unplugged
    ended = bench.run("reboot")
    assert (ended.code, ended.out) == (0, "restarted: CHARGING, running for 0.0 s\n")
    assert device.clock_offset_s is not None


def test_restarts_are_seen_to_happen(bench: Bench, device: Device) -> None:
    assert bench.run("reboot", "--json").json["uptime_ms"] < 1000
    assert bench.run("bootloader", "--json").json == {"state": "BOOTSEL"}
    ended = bench.run("--port", "/dev/ttyACM0", "info")
    assert (ended.code, ended.err) == (
        Exit.NO_ANSWER,
        "error: device.info: no answer in 3 s; /dev/ttyACM0 has no Tonus on it, or a device in safe mode "
        "(MINUS held at the start) has no protocol\n",
    )


# The command line itself


def test_usage_errors_are_one_line(bench: Bench) -> None:
    for arguments in (["nothing"], ["info", "--what"], ["preset", "push"], ["preset", "nothing"]):
        ended = bench.run(*arguments)
        assert (ended.code, ended.out) == (Exit.USAGE, "")
        assert ended.err.startswith("error: ")
        assert ended.err.endswith(" (--help explains)\n")
        assert ended.err.count("\n") == 1


def test_help_and_manual_tell_commands_and_exit_codes(bench: Bench) -> None:
    manual = README.read_text(encoding="utf-8")
    for group in ((), ("preset",), ("journal",)):
        told = bench.run(*group).out
        assert told == bench.run(*group, "--help").out
        commands = [line.split()[0] for line in told.split("Commands:\n")[1].split("\n\n")[0].splitlines()]
        for command in commands:
            name = " ".join(("tonusctl", *group, command))
            assert command in ("preset", "journal") or f"`{name}" in manual, f"{name} is not in the manual"
    for code in Exit:
        assert f"| {code.value} | {code.meaning} |" in manual
        assert f"{code.value:>7}  {code.meaning}" in bench.run("--help").out


def test_the_version_is_told(bench: Bench) -> None:
    assert bench.run("--version").out == "tonusctl 0.1.0, protocol 1\n"


# The real thing, over a pty


def tonusctl(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tonus_tools.ctl.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def test_over_a_real_port_another_program_waits_its_turn(tmp_path: Path) -> None:
    device = Device()
    (tmp_path / "mine.json").write_text(named("mine"))
    with on_a_pty(device) as port:
        done = tonusctl("--port", port, "preset", "push", "mine.json", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == (
            f"generation 1, crc {bank_crc([*SHIPPED, named('mine')])}: added mine; unchanged lift, firm, absorb, calm\n"
        )
        held = ports.open_port(port)
        done = tonusctl("info", "--port", port)
        held.close()
    assert (done.returncode, done.stderr) == (Exit.NO_DEVICE, f"error: {port}: busy: another program has it open\n")


def no_such(path: Path) -> str:
    return str(path / "ttyACM9")


def no_port(path: Path) -> str:
    (path / "file").touch()
    return str(path / "file")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (no_such, "there is no such port; tonusctl ports lists those there are"),
        (
            lambda path: "/dev/pts/9999",
            "there is no such port; a simulated device's ends with its tonusctl sim, and is another each time",
        ),
        (no_port, "not a serial port"),
        (lambda path: "carrier-pigeon://roof", "invalid URL, protocol 'carrier-pigeon' not known"),
    ],
)
def test_a_port_that_cannot_be_opened_is_one_line(
    name: Callable[[Path], str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = name(tmp_path)
    assert cli.main(["info", "--port", port]) == Exit.NO_DEVICE
    assert capsys.readouterr().err == f"error: {port}: {says}\n"


def test_a_port_without_permission_names_the_group(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("serial.serial_for_url", refuse)  # the tests may run as root
    assert cli.main(["info", "--port", "/dev/ttyACM0"]) == Exit.NO_DEVICE
    assert "add yourself to the port's group, " in capsys.readouterr().err


@pytest.mark.parametrize(("group", "mode"), [("root", 0o660), ("dialout", 0o600)])
def test_nobody_is_told_to_join_root_nor_a_group_without_rights(
    group: str, mode: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    port = tmp_path / "ttyACM0"
    port.touch()
    port.chmod(mode)
    monkeypatch.setattr("serial.serial_for_url", refuse)
    monkeypatch.setattr(Path, "group", lambda self: group)
    with pytest.raises(PortError, match="root's alone; unplug the device") as told:
        ports.open_port(str(port))
    assert "usermod" not in str(told.value)


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (OSError(6, "No such device or address"), "nothing is behind it; plug the device in again"),
        (
            OSError(13, "Permission denied"),
            "no permission; on Linux add yourself to the port's group, dialout: sudo usermod",
        ),
        (OSError(16, "Device or resource busy"), "busy: another program has it open"),
        # Windows': pyserial puts the system's error into the text, and no number beside it.
        (OSError("could not open port 'COM9': FileNotFoundError(2, '...', None, 2)"), "there is no such port"),
        (OSError("could not open port 'COM3': PermissionError(13, '...', None, 5)"), "busy: another program"),
    ],
)
def test_a_port_that_does_not_open_is_explained(problem: OSError, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: Any, **options: Any) -> None:
        raise problem

    monkeypatch.setattr("serial.serial_for_url", fails)
    with pytest.raises(PortError, match=re.escape(f"nowhere: {says}")):
        ports.open_port("nowhere")


def test_a_push_that_is_refused_says_that_nothing_was_changed(bench: Bench, device: Device) -> None:
    bad = write("bad.json", named("a").replace('"top_ua":100', '"top_ua":7'))
    assert bench.run("preset", "push", bad).err.endswith("; nothing was changed\n")
    good = [write(f"{i}.json", named(f"n{i}")) for i in range(14)]
    assert bench.run("preset", "push", *good).err.endswith("allowed 1..16; nothing was changed\n")
    assert device.own is None


def test_a_reader_that_stops_reading_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(f"[{','.join(named(f'p{i}', zones=16) for i in range(16))}]")
    command = f"{sys.executable} -m tonus_tools.ctl.cli preset show f.json | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (Exit.INTERRUPTED, "")


# Without a device


def test_the_shipped_presets_are_shown_and_drawn_without_a_device(bench: Bench) -> None:
    for id in ("lift", "firm", "absorb", "calm"):
        shown = bench.run("preset", "show", id)
        assert shown.code == 0
        assert f"({id}): " in shown.out
        assert shown.err == f"no device: this is the {id} that ships with firmware 0.1.0\n"
    assert bench.run("preset", "preview", "calm", "-o", "calm.svg").code == 0
    assert Path("calm.svg").read_bytes().startswith(b"<?xml")
    ended = bench.run("preset", "show", "nobody")
    assert ended.code == Exit.NO_DEVICE
    assert ended.err.startswith("error: nobody: no such file, and not one of the presets that ship (lift, firm, absorb")
    bench.busy.add("/dev/ttyACM3")
    assert bench.run("--port", "/dev/ttyACM3", "preset", "show", "lift").code == Exit.NO_DEVICE  # it was asked for
    shown = bench.run("preset", "show", "lift")
    assert shown.code == 0
    assert "/dev/ttyACM3: busy: another program has it open" in shown.err
    bench.devices |= {"/dev/ttyACM0": Device(), "/dev/ttyACM1": Device()}
    assert bench.run("preset", "show", "lift").err.startswith("error: more than one Tonus: /dev/ttyACM0, /dev/ttyACM1")


def test_a_dash_is_standard_input(bench: Bench, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    given(named("mine"))
    assert bench.run("preset", "push", "-").code == 0
    assert named("mine") in device.texts
    given(named("mine"))
    assert "(mine): " in bench.run("preset", "show", "-").out
    given("{")
    ended = bench.run("preset", "check", "-")
    assert ended.code == Exit.NOT_GOOD
    assert ended.err.startswith("error: standard input: not valid JSON")
    given(named("mine"))
    assert bench.run("report", "-", "--json").json["file"] == "report.html"


# What is written


PICTURES = [
    (["preset", "preview", "calm"], []),
    (["journal", "plot"], []),
    (["calibrate", "--readings", "201,804,1608"], ["calibration.write", "calibration.hold"]),
]


@pytest.mark.parametrize(("arguments", "not_called"), PICTURES)
@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("nowhere/c.png", "nowhere/c.png: cannot be written: No such file or directory"),
        ("c.bmp", "c.bmp: ending .bmp; allowed .png, .pdf, .svg"),
        ("picture", "picture: no ending; allowed .png, .pdf, .svg"),
        ("folder", "folder: no ending; allowed .png, .pdf, .svg"),
        ("folder.png", "folder.png: cannot be written: Is a directory"),
    ],
)
def test_a_picture_that_cannot_be_written_is_told_before_anything_is_done(
    bench: Bench, device: Device, arguments: list[str], not_called: list[str], out: str, says: str
) -> None:
    device.journal = {"session": [{"n": 7} | SESSION], "fault": []}
    Path("folder").mkdir()
    Path("folder.png").mkdir()
    ended = bench.run(*arguments, "-o", out)
    assert (ended.code, ended.err) == (Exit.USAGE, f"error: {says}\n")
    assert device.requests == []
    assert sorted(path.name for path in Path().iterdir()) == ["folder", "folder.png"]


@pytest.mark.parametrize("arguments", [["preset", "pull"], ["journal", "export"], ["report"]])
def test_a_file_that_cannot_be_written_is_told_before_anything_is_done(
    bench: Bench, device: Device, arguments: list[str]
) -> None:
    ended = bench.run(*arguments, "-o", "nowhere/f")
    assert (ended.code, ended.err) == (
        Exit.USAGE, "error: nowhere/f: cannot be written: No such file or directory\n"
    )  # fmt: skip
    assert device.requests == []


@pytest.mark.parametrize(
    "arguments",
    [["preset", "preview", "calm"], ["journal", "plot"], ["preset", "pull"], ["journal", "export"], ["report", "calm"]],
)
def test_a_full_disk_is_one_line(bench: Bench, device: Device, arguments: list[str]) -> None:
    device.journal = {"session": [{"n": 7} | SESSION], "fault": []}
    ended = bench.run(*arguments, "-o", "/dev/full")
    assert ended.code == Exit.USAGE
    assert ended.err.splitlines()[-1] == "error: /dev/full: cannot be written: No space left on device"
    assert "Traceback" not in ended.err


def test_a_picture_that_fails_after_a_calibration_says_what_is_in_force(
    bench: Bench, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    mv = [device.rset_mv(code_of(ua, board_constants("tonus_r1"))) for ua in HELD_UA]
    ended = bench.run("calibrate", "--readings", ",".join(f"{one:.1f}" for one in mv), "-o", "/dev/full")
    assert ended.code == Exit.USAGE
    assert "/dev/full: cannot be written: No space left on device; the calibration is in force: of " in ended.err


# However it ends


def in_a_shell(*arguments: str, shell: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    command = " ".join(f"'{word}'" for word in (sys.executable, "-m", "tonus_tools.ctl", *arguments))
    return subprocess.run(
        ["bash", "-c", f"{command} {shell}"],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["preset", "show", "lift"], ["preset", "check", "nowhere.json"]])
@pytest.mark.parametrize("shell", [">&-", "2>&-", ">&- 2>&-", ">/dev/full", "2>/dev/full", "| true", "</dev/null"])
def test_streams_that_are_closed_or_full_leave_no_traceback(
    arguments: list[str], shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = in_a_shell(*arguments, shell=shell)
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr
    assert len(ended.stderr.splitlines()) <= 2
    if shell == ">/dev/full" and "check" not in arguments:
        assert ended.stderr.splitlines()[-1] == "error: output: No space left on device"
        assert ended.returncode == Exit.USAGE


def test_plain_ascii_and_any_backend_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for backend in ("TkAgg", "no-such-backend", ""):
        ended = in_a_shell("preset", "preview", "lift", PYTHONIOENCODING="ascii", MPLBACKEND=backend, LC_ALL="C")
        assert (ended.returncode, len(ended.stderr.splitlines())) == (0, 1)


@pytest.mark.parametrize("after_s", [0.02, 0.1, 0.2, 0.4, 0.8])
def test_ctrl_c_at_any_moment_is_one_line_and_130(after_s: float, tmp_path: Path) -> None:
    """Python itself may not be ready for it in the very first moments: then the signal ends it."""
    command = [sys.executable, "-c", READY + "from tonus_tools.ctl.__main__ import main; sys.exit(main())", "report"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(after_s)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(60) in (Exit.INTERRUPTED, Exit.OK)
    assert said in ("interrupted\n", "")


def test_ctrl_c_ends_an_import_that_swallows_it(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import time\nprint('ready', flush=True)\ntry:\n    time.sleep(60)\nexcept BaseException:\n    pass\n"
    )
    command = [
        sys.executable,
        "-c",
        "import sys; from tonus_tools.ending import guarded; guarded(lambda: __import__('slow'))",
    ]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == Exit.INTERRUPTED
        assert process.stderr.read() == "interrupted\n"


READY = "import sys, tonus_tools.ending; print('ready', flush=True); "


# Completion


def test_the_shell_completes_ids_records_and_files(bench: Bench, device: Device) -> None:
    device.journal = {"session": [{"n": 7} | SESSION, {"n": 12} | SESSION], "fault": [FAULT]}
    context = SimpleNamespace(params={}, find_root=lambda: SimpleNamespace(params={"port": None}))

    def offered(complete: Callable[[Any, str], list[tuple[str, str]]], start: str) -> list[str]:
        return [what for what, _ in complete(context, start)]

    device.own, device.generation = [named("mine"), named("other")], 1
    write("mi.json", named("x"))
    Path("mix").mkdir()
    assert offered(completion.preset_ids, "") == ["mine", "other"]
    assert offered(completion.presets_and_files, "mi") == ["mine", "mi.json", "mix/"]
    assert offered(completion.records, "") == ["s12", "s7", "f2"]
    assert offered(completion.records, "s1") == ["s12"]
    assert "device.clock" not in device.methods_called
    bench.devices.clear()
    assert offered(completion.preset_ids, "l") == ["lift"]
    assert offered(completion.records, "") == []
    assert bench.capsys.readouterr().err == ""


def test_completion_reaches_the_shell(tmp_path: Path) -> None:
    environment = {"_TONUSCTL_COMPLETE": "complete_bash", "COMP_WORDS": "tonusctl preset show li", "COMP_CWORD": "3"}
    code = "import sys; sys.argv = ['tonusctl']; from tonus_tools.ctl.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.stdout.split(), done.stderr) == (["lift"], "")


def test_zones_are_named_while_their_preset_is_known(bench: Bench, device: Device) -> None:
    device.journal = {
        "session": [{"n": 7} | SESSION | {"generation": 0, "zones": [[30_000, 99], [1000, 5]]}],
        "fault": [],
    }
    shown = bench.run("journal", "show", "s7").out
    assert re.search(r"zone 1 +forehead left: 30 s, contact good 99 %", shown)
    assert re.search(r"zone 2 +forehead right: 1 s, contact good 5 %", shown)
    device.own, device.generation = [named("lift")], 3  # another lift is there
    device.journal["session"][0]["generation"] = 2
    assert re.search(r"zone 1 +30 s, contact good 99 %", bench.run("journal", "show", "s7").out)


class Terminal(io.StringIO):
    """A person's answers."""

    def isatty(self) -> bool:
        return True


def test_a_pull_writes_over_no_file_unasked(bench: Bench, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bench.run("preset", "pull", "-o", "mine.json").code == 0
    Path("mine.json").write_text("my own\n")
    opened = len(bench.opened)
    refused = bench.run("preset", "pull", "-o", "mine.json")
    assert (refused.code, refused.err) == (Exit.USAGE, "error: mine.json: is there already; --yes writes over it\n")
    monkeypatch.setattr(sys, "stdin", Terminal("n\ny\n"))
    declined = bench.run("preset", "pull", "-o", "mine.json")
    assert declined.code == Exit.INTERRUPTED
    assert "mine.json is there already. Write over it? [y/N]" in declined.err
    assert Path("mine.json").read_text() == "my own\n"
    assert len(bench.opened) == opened  # asked before the device is
    assert bench.run("preset", "pull", "-o", "mine.json").code == 0
    assert [one.id for one in presets.read(Path("mine.json"))[0]] == list(SHIPPED_IDS)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert bench.run("preset", "pull", "--yes", "lift", "-o", "mine.json").code == 0
    assert [one.id for one in presets.read(Path("mine.json"))[0]] == ["lift"]


def test_a_push_of_a_presets_id_says_what_to_do(bench: Bench, device: Device) -> None:
    err = bench.run("preset", "push", "lift").err
    assert err == (
        "error: lift: no such file. lift is a preset that ships: tonusctl preset reset puts all of these back; "
        "tonusctl preset pull lift -o lift.json makes one of the device's; nothing was changed\n"
    )
    err = bench.run("preset", "push", "evening").err
    assert err.startswith("error: evening: no such file; a file is asked for, not a preset's id: tonusctl preset pull")
    assert "evening.json: cannot be read: No such file" in bench.run("preset", "push", "evening.json").err
    assert not device.methods_called


def test_it_starts_without_what_only_draws() -> None:
    """Half a second of each command's time."""
    script = "import sys, tonus_tools.ctl.cli; print(*sorted({'matplotlib', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
