"""`tonusctl routine` and `progress` as a person meets them, with a device and without."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ctl_device import METHODS, Device, FakeSerial
from test_ctl_client import NOW, SESSION
from test_progress import charged, old, record
from tonus_tools.ctl import cli, ports
from tonus_tools.ctl.client import Client
from tonus_tools.exits import Exit

RELEASED = Path(__file__).resolve().parents[1] / "released"
TODAY = datetime.fromtimestamp(NOW).date()


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
    """tonusctl in an empty folder, with a device on a port of its own."""

    capsys: pytest.CaptureFixture[str]
    device: Device

    def run(self, *arguments: str) -> Ended:
        code = cli.main(list(arguments))
        captured = self.capsys.readouterr()
        return Ended(code, captured.out, captured.err)


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bench:
    device = Device()
    monkeypatch.setattr(ports, "open_port", lambda name: FakeSerial(device))
    monkeypatch.setattr(ports, "listing", lambda: [ports.Port("/dev/ttyACM0", "Board in FS mode", True)])
    monkeypatch.setattr(Client.__init__, "__defaults__", (None, lambda: NOW))
    monkeypatch.delenv("TONUS_PORT", raising=False)
    monkeypatch.chdir(tmp_path)
    return Bench(capsys, device)


def weeks_of(bench: Bench) -> list[dict[str, Any]]:
    """Three weeks up to today: five days, four and one perhaps, and the first of this one."""
    first = TODAY - timedelta(days=14)
    days: list[date | None] = [first + timedelta(days=d) for d in (0, 1, 2, 3, 4, 7, 8, 9)]
    days += [None, first + timedelta(days=13), TODAY]
    bench.device.journal["session"] = [record(i + 1, day, **charged(100, 80, 100, 100)) for i, day in enumerate(days)]
    return bench.device.journal["session"]


def test_the_routine_of_a_new_device(bench: Bench) -> None:
    weeks_of(bench)
    ended = bench.run("routine", "-o", "routine.png")
    assert (ended.code, ended.err) == (0, "")
    assert "5 days a week for 60 days, then 3; from the first session with a date on" in ended.out
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert f"1 {TODAY - timedelta(days=14)} 5 5 met # # # # # . ." in lines
    assert f"2 {TODAY - timedelta(days=7)} 4-5 5 perhaps met # # # o o o #" in lines
    assert f"3 {TODAY} 1 5 #" in lines
    assert f"1 session without a date: s9 {TODAY - timedelta(days=5)} to" in ended.out
    assert Path("routine.png").read_bytes()[:4] == b"\x89PNG"
    found = bench.run("routine", "--json").json
    assert [(w["least"], w["most"], w["verdict"]) for w in found["weeks"]] == [
        (5, 5, "met"), (4, 5, "perhaps met"), (1, 1, "running"),
    ]  # fmt: skip
    assert (found["day"], found["undated"], found["plan"]["since"]) == (15, 1, None)


def test_a_firmware_without_settings_has_the_default_plan(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    weeks_of(bench)
    for method in ("settings.read", "settings.write"):
        monkeypatch.delitem(METHODS, method)
    assert bench.run("routine", "--json").json["plan"] == {
        "days_a_week": 5, "days": 60, "then_days_a_week": 3, "since": None,
    }  # fmt: skip
    ended = bench.run("routine", "--days", "3")
    assert (ended.code, "its firmware is older; nothing was changed" in ended.err) == (Exit.NOT_GOOD, True)


def test_the_plan_is_kept_on_the_device(bench: Bench) -> None:
    weeks_of(bench)
    first = TODAY - timedelta(days=7)
    ended = bench.run("routine", "--days", "3", "--for", "7", "--then", "1", "--start", first.isoformat())
    assert ended.code == 0
    assert f"3 days a week for 7 days, then 1; from {first} on" in ended.out
    plan = bench.device.settings["plan"]
    assert (plan["days_a_week"], plan["days"], plan["then_days_a_week"]) == (3, 7, 1)
    assert datetime.fromtimestamp(plan["since"]).date() == first
    weeks = bench.run("routine", "--json").json["weeks"]
    assert [(w["first"], w["target"], w["verdict"]) for w in weeks] == [
        (first.isoformat(), 3, "met"), (TODAY.isoformat(), 1, "met"),
    ]  # fmt: skip
    assert bench.run("routine", "--start", "first", "--json").json["plan"]["since"] is None
    assert bench.device.settings["sound"] == "full"
    bench.device.busy = True
    ended = bench.run("--no-clock", "routine", "--days", "2")
    assert (ended.code, ended.err.endswith("; nothing was changed\n")) == (Exit.REFUSED, True)


@pytest.mark.parametrize(
    "arguments",
    [["--days", "8"], ["--for", "0"], ["--start", "soon"], ["--start", "2026-02-30"], ["--start", "1999-01-01"],
     ["-o", "r.bmp"], ["--from", "none.json"], ["--days", "3", "--from", "none.json"]],
)  # fmt: skip
def test_a_routine_that_cannot_be(bench: Bench, arguments: list[str]) -> None:
    ended = bench.run("routine", *arguments)
    assert ended.code == Exit.USAGE
    assert ended.err.count("\n") == 1


def test_the_page_its_tables_and_its_json(bench: Bench) -> None:
    records = weeks_of(bench)
    ended = bench.run("progress", "--csv", "tables")
    assert (ended.code, ended.err) == (0, "")
    assert "Forehead right got 20 % less than left" in ended.out
    page = Path("progress.html").read_text(encoding="utf-8")
    assert page.count("<section>") == 2  # two sheets
    assert not re.search(r"(src|href)=\"?https?:", page.replace("http://www.w3.org/", ""))
    for said in ("Forehead right got 20 % less than left", "4-5/5", "claims nothing about skin"):
        assert said in page
    found = bench.run("progress", "--json").json
    assert [pair["right_less_pct"] for pair in found["pairs"]] == [20.0, 0.0]
    assert found["advice"][0]["figure"] == 20.0
    for name in ("weeks", "sessions", "zones", "regions", "pairs", "advice"):
        rows = list(csv.DictReader(io.StringIO(Path(f"tables/{name}.csv").read_text(encoding="utf-8"))))
        assert len(rows) == len(found[name])
        assert set(rows[0]) == set(found[name][0])
    assert len(found["zones"]) == 4 * len(records)


def test_exports_make_one_history_with_and_without_a_device(bench: Bench) -> None:
    records = weeks_of(bench)
    bench.run("journal", "export", "-o", "first.json")
    bench.device.journal["session"] = records[5:] + [record(12, TODAY)]
    alone = bench.run("progress", "--from", "first.json", "--json").json
    assert len(alone["sessions"]) == 11
    both = bench.run("--port", "p", "progress", "--from", "first.json", "--json").json
    assert [s["n"] for s in both["sessions"]] == list(range(1, 13))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ("[]", "no list of sessions"),
        ('{"sessions": [{"n": 1}]}', "sessions[0]: there is no at"),
        ('{"sessions": [3]}', "sessions[0]: not an object"),
        (json.dumps({"sessions": [record(1, charges=[["a", 2]])]}), "charges in the answer is of the wrong type"),
    ],
)
def test_a_file_that_is_no_export(bench: Bench, text: str, says: str) -> None:
    Path("bad.json").write_text(text, encoding="utf-8")
    ended = bench.run("progress", "--from", "bad.json")
    assert ended.code == Exit.USAGE
    assert ended.err.startswith("error: bad.json: ")
    assert says in ended.err


def test_nothing_to_report_and_nowhere_to_write(bench: Bench) -> None:
    assert bench.run("progress").err == "error: no sessions to report: none has treated yet\n"
    bench.device.journal["session"] = [record(1)]
    Path("file").touch()
    for arguments in (["-o", "nowhere/p.html"], ["--csv", "file"]):
        bench.device.requests.clear()
        ended = bench.run("progress", *arguments)
        assert (ended.code, ended.err.count("\n"), bench.device.requests) == (Exit.USAGE, 1, [])


def test_a_journal_of_version_0_1_0_is_read_and_says_what_it_does_not_know(bench: Bench) -> None:
    bench.device.journal["session"] = [old(1, TODAY), {"n": 2} | SESSION]
    assert bench.run("routine").code == 0
    assert bench.run("progress").code == 0
    assert "2 of 2 sessions do not say where" in Path("progress.html").read_text(encoding="utf-8")
    found = bench.run("progress", "--json").json
    assert (found["regions"], found["pairs"]) == ([], [])
    assert [s["share_pct"] for s in found["sessions"]] == [None, None]


def test_a_journal_that_version_0_1_0_left_is_told_as_far_as_it_goes(bench: Bench) -> None:
    lines = (RELEASED / "0.1.0.sessions").read_text(encoding="ascii").splitlines()
    records = [json.loads(line[:-9]) for line in lines]
    bench.device.journal["session"] = records
    listed = bench.run("journal", "list", "--sessions").out
    assert listed.count("how much of what was set is not known") == len(records)
    assert bench.run("progress", "--csv", "tables").code == 0
    rows = list(csv.DictReader(io.StringIO(Path("tables/zones.csv").read_text(encoding="utf-8"))))
    assert {(row["region"], row["side"], row["set_uc"], row["delivered_uc"]) for row in rows} == {("", "", "", "")}
    for one in records:
        assert "not known" in bench.run("journal", "show", f"s{one['n']}").out


def test_clearing_the_journal_asks_first(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    records = weeks_of(bench)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    ended = bench.run("journal", "clear")
    assert ended.code == Exit.INTERRUPTED
    assert "delete 11 sessions and 0 faults from the device for good? [y/N]" in ended.err
    assert ended.err.endswith("nothing was changed\n")
    assert bench.device.journal["session"] == records
    assert bench.run("journal", "clear", "--faults", "--yes").out == "deleted 0 faults\n"
    assert bench.device.journal["session"] == records
    bench.device.busy = True
    ended = bench.run("--no-clock", "journal", "clear", "--yes")
    assert (ended.code, ended.err.endswith("; nothing was changed\n")) == (Exit.REFUSED, True)
    bench.device.busy = False
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert bench.run("journal", "clear").out.strip() == "deleted 11 sessions and 0 faults"
    assert bench.run("journal", "list").out == "no sessions\n\nno faults\n"


def test_a_session_without_a_date_is_listed_with_the_days_that_bound_it(bench: Bench) -> None:
    weeks_of(bench)
    a, b = TODAY - timedelta(days=5), TODAY - timedelta(days=1)
    (line,) = (line for line in bench.run("journal", "list").out.splitlines() if line.startswith("s9 "))
    assert f"{a:%Y-%m-%d} to {b:%m-%d}" in line
    assert line.endswith("forehead right got 20 % less than left.")
    shown = bench.run("journal", "show", "s9").out
    assert f"{a:%Y-%m-%d} to {b:%m-%d}: no computer had set the device's clock" in shown
    assert re.search(r"zone 2 +forehead right: 48 of 60 s, delivered 80 %, 80.0 of 100.0 uC", shown)
