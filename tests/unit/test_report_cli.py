"""`tonusctl report` as a person meets it: which presets, which board, what it prints, how it ends."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ctl_device import Device, FakeSerial
from test_ctl_client import named
from tonus_tools.ctl import cli, ports
from tonus_tools.exits import Exit
from tonus_tools.report import page
from tonus_tools.report.accuracy import STRAY_NC

OWN = named("own").replace('"top_ua":100', '"top_ua":250')


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
        code = cli.main(["report", *arguments])
        captured = self.capsys.readouterr()
        return Ended(code, captured.out, captured.err)


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bench:
    device = Device()
    monkeypatch.setattr(ports, "open_port", lambda name: FakeSerial(device))
    monkeypatch.setattr(ports, "listing", lambda: [ports.Port("/dev/ttyACM0", "Board in FS mode", True)])
    monkeypatch.delenv("TONUS_PORT", raising=False)
    monkeypatch.chdir(tmp_path)
    return Bench(capsys, device)


def test_without_a_device_it_is_about_the_shipped_presets(bench: Bench) -> None:
    ended = bench.run("calm", "firm")
    assert (ended.code, ended.err) == (0, "")
    assert [line.split() for line in ended.out.splitlines()[1:3]] == [
        ["Calm", "119.9", "uA", "1.199", "V", "PASS"],
        ["Firm", "89.93", "uA", "0.8993", "V", "PASS"],
    ]
    assert "CALIBRATE" not in ended.out
    assert ended.out.endswith("report in report.html\n")
    text = Path("report.html").read_text(encoding="utf-8")
    assert "shipped with firmware" in text
    assert text.index('id="preset-calm"') < text.index('id="preset-firm"')
    assert 'id="preset-lift"' not in text


def test_a_calibrated_device_is_judged_by_its_own_band(bench: Bench) -> None:
    found = bench.run("calm", "--accuracy", "calibrated", "--json").json
    assert (found["verdict"], found["accuracy"]["percent"], found["file"]) == ("PASS", 2, "report.html")
    bench.device.calibration = dict.fromkeys(
        ("dac_gain_ppm", "dac_offset_na", "sense_gain_ppm", "sense_offset_na", "voltage_gain_ppm", "voltage_offset_mv"),
        0,
    ) | {"at": None}
    assert bench.run("calm", "--device", "--json").json["verdict"] == "PASS"
    assert bench.run("calm", "--device", "--json", "--accuracy", "uncalibrated").json["accuracy"]["percent"] == 4


def test_the_presets_in_force_on_the_device(bench: Bench) -> None:
    bench.device.own, bench.device.generation = [OWN], 1
    found = bench.run("--port", "/dev/ttyACM0", "--json", "-o", "device.html").json
    assert [(p["id"], p["where"]) for p in found["presets"]] == [("own", "the device's own")]
    assert found["presets_from"].startswith("on device e66138: generation 1, crc ")
    assert Path("device.html").exists()


def test_a_file_needs_no_device(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONUS_PORT", "/dev/nowhere")
    Path("my.json").write_text(OWN)
    found = bench.run("my.json", "--json").json
    assert [(p["id"], p["where"]) for p in found["presets"]] == [("own", "my.json")]
    assert found["presets_from"] == "my.json"
    assert "top current of a shipped preset" not in [j["name"] for j in found["presets"][0]["judged"]]


def test_a_limit_that_is_not_kept_is_exit_code_1(bench: Bench) -> None:
    ended = bench.run("lift", "--board", "pico_bench")
    assert ended.code == Exit.NOT_GOOD
    assert "FAIL: Lift: largest load that takes the set current: " in ended.out
    assert ended.err.startswith("error: 1 of ")
    assert ended.err.endswith(" limits not kept, first Lift: largest load that takes the set current\n")
    assert ended.err.count("\n") == 1
    assert "FAIL" in Path("report.html").read_text(encoding="utf-8")


def test_errors_are_one_line(bench: Bench) -> None:
    Path("bad.json").write_text("{}")
    Path("twice.json").write_text(named("calm"))
    for arguments, code, says in (
        (["nothing"], Exit.USAGE, "nothing: no such file, and no such preset among those that ship: lift, firm"),
        (["nothing", "--device"], Exit.USAGE, "nothing: no such file, and no such preset on the device: "),
        (["no.json"], Exit.USAGE, "no.json: cannot be read: No such file or directory"),
        (["bad.json"], Exit.NOT_GOOD, "bad.json: "),
        (["calm", "twice.json"], Exit.NOT_GOOD, 'twice.json: id: "calm" is taken by shipped with firmware'),
        (["calm", "--board", "x"], Exit.USAGE, "--board x; allowed pico_bench, tonus_r1"),
        (["calm", "--accuracy", "x"], Exit.USAGE, "Invalid value for '--accuracy'"),
        (["calm", "-o", "no/where.html"], Exit.USAGE, "no/where.html: cannot be written: No such file or directory"),
    ):
        ended = bench.run(*arguments)
        assert (ended.code, ended.out) == (code, ""), arguments
        assert ended.err.startswith(f"error: {says}"), ended.err
        assert ended.err.count("\n") == 1


def test_a_preset_named_twice_is_reported_once(bench: Bench) -> None:
    assert len(bench.run("calm", "calm", "--json").json["presets"]) == 1


PHONE_PX = 360
PHONE = """<iframe src="report.html" width="{px}" height="800" onload="
document.title = 'as wide as ' + this.contentDocument.documentElement.scrollWidth"></iframe>"""


def test_it_fits_a_telephone_and_tables_scroll_by_themselves(bench: Bench) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium on this computer")
    bench.run("calm")
    Path("phone.html").write_text(PHONE.format(px=PHONE_PX), encoding="utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    page = Path("phone.html").resolve().as_uri()
    done = subprocess.run([*command, "--dump-dom", page], capture_output=True, text=True, timeout=120)
    found = re.search(r"<title>as wide as (\d+)</title>", done.stdout)
    assert found is not None, done.stderr
    assert int(found[1]) <= PHONE_PX


def test_on_paper_nothing_stands_alone(bench: Bench) -> None:
    """What a browser is asked for; how it breaks the pages is its own."""
    bench.run("calm")
    paper = Path("report.html").read_text(encoding="utf-8").split("@media print")[1]
    for rule in (
        "h2, h3, thead, tr.group, figcaption { break-after:avoid }",
        "{ orphans:3; widows:3 }",
        "tbody tr:nth-last-child(-n+2) { break-before:avoid }",
        "table.dense, ol.from { break-inside:avoid }",
        "ol.from { display:inline-block; width:100% }",
        "thead { display:table-header-group }",
    ):
        assert rule in paper


def test_the_charge_of_the_strays_is_counted_as_spice_has_it(bench: Bench) -> None:
    output = bench.run("calm", "--json").json["presets"][0]["output"]["rows"]
    rows = {row["name"]: row["values"][0] for row in output}
    assert rows["charge of the strays, a phase"] == STRAY_NC / 1000
    assert rows["maximum phase charge with the strays'"] == pytest.approx(
        rows["maximum phase charge"] + STRAY_NC / 1000
    )
    spice = (Path(page.__file__).parents[1] / "spice" / "results.md").read_text(encoding="utf-8")
    found = re.findall(r"\| (?:Lift|Absorb|Calm), level \d+ \| .* \| ([\d.]+) nC \| ([\d.]+) nC \|", spice)
    assert len(found) >= 12
    assert all(-STRAY_NC <= float(flows) - float(asked) <= STRAY_NC for asked, flows in found)
