"""`tonusctl calibrate` as a person meets it: questions, tables, errors, exit codes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from ctl_device import SHIPPED, Device, FakeSerial
from tonus_tools.ctl import calibrate, calibrate_commands, cli, ports
from tonus_tools.ctl.figures import board_constants

BOARD = board_constants("tonus_r1")
CODES = [calibrate.code_of(ua, BOARD) for ua in calibrate.HELD_UA]
Run = Callable[..., str]


@pytest.fixture
def device() -> Device:
    device = Device()
    device.parts = {"dac_gain": 1.04, "dac_ua": 3.0, "sense_gain": 0.985, "sense_ua": 0.4}
    return device


@pytest.fixture
def run(
    device: Device, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Run]:
    """`run(*arguments, said="", code=0)`: what tonusctl prints, when it fails on standard error, with these answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ports, "open_port", lambda name: FakeSerial(device))

    def run(*arguments: str, said: str = "", code: int = 0) -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(said))
        ended = cli.main(["--port", "it", "calibrate", *arguments])
        captured = capsys.readouterr()
        assert ended == code, captured.err
        return captured.err if code else captured.out

    yield run
    assert device.held is None


def meter(device: Device) -> list[str]:
    return [f"{device.rset_mv(code):.1f}" for code in CODES]


def test_guided(run: Run, device: Device) -> None:
    told = run(said="\n".join(meter(device)) + "\n")
    assert "DAC          +4.00 %, +2.99 uA" in told
    assert "sense        -1.5" in told
    assert "before: at most " in told
    assert "after: at most 0.1 uA off" in told
    assert device.calibration is not None
    assert abs(device.calibration["dac_gain_ppm"] - 40_000) < 200
    assert Path("calibration.png").stat().st_size > 10_000


def test_what_is_typed_wrong_is_asked_again_and_held_again(
    run: Run, device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *others = meter(device)
    run(said="\n".join(["twelve", "2010", first, *others]) + "\n", code=0)
    held = [r["params"]["code"] for r in device.requests if r["method"] == "calibration.hold"]
    assert held[:5] == [CODES[0]] * 3 + CODES[1:]


def test_a_person_who_takes_longer_than_the_hold_is_asked_again(
    run: Run, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, 29.0, 40.0, 45.0, 50.0, 55.0, 60.0, 65.0])
    monkeypatch.setattr(calibrate_commands, "time", type("Time", (), {"monotonic": lambda: next(times)}))
    first, *others = meter(device)
    run(said="\n".join([first, first, *others]) + "\n")
    assert [r["params"]["code"] for r in device.requests if r["method"] == "calibration.hold"][:4] == [CODES[0], *CODES]


def test_nothing_is_written_when_the_person_gives_up(run: Run, device: Device) -> None:
    run(said=meter(device)[0] + "\n", code=130)
    assert device.calibration is None


def test_readings_that_disagree_change_nothing(run: Run, device: Device) -> None:
    first, second, third = meter(device)
    told = run("--readings", f"{first},{float(second) + 20},{third}", code=1)
    assert told.startswith("error: reading 2: ")
    assert told.endswith("; nothing was changed\n")
    assert device.calibration is None


def test_json(run: Run, device: Device) -> None:
    found = json.loads(run("--readings", ",".join(meter(device)), "--json"))
    assert found["calibrated"]
    assert [r["ua"] for r in found["readings"]] == list(calibrate.HELD_UA)
    assert all(abs(r["after_ua"] - r["set_ua"]) < 0.3 for r in found["residuals"])
    assert found["before"] == dict.fromkeys(found["before"], 0)
    assert found["reach_ua"] == pytest.approx(500, abs=0.2)


def test_a_dac_that_gives_too_little_is_told(run: Run, device: Device) -> None:
    device.parts |= {"dac_gain": 0.95, "dac_ua": 0.0}
    told = run("--readings", ",".join(meter(device)))
    assert "this device's DAC gives too little: a set current above 475 uA is 475 uA" in told


def test_a_device_that_does_not_hold_what_was_sent(run: Run, device: Device) -> None:
    def forgets(line: bytes) -> bytes:
        return line.replace(b'"calibrated":true', b'"calibrated":null')

    device.tamper["calibration.write"] = forgets
    told = run("--readings", ",".join(meter(device)), code=5)
    assert told.endswith("it may have been written or not: tonusctl calibrate --show tells\n")


def test_a_device_that_is_busy(run: Run, device: Device) -> None:
    device.busy = True
    assert run("--readings", ",".join(meter(device)), code=4).startswith("error: the device refused: ")


def test_show_and_reset(run: Run, device: Device) -> None:
    assert run("--show").startswith("calibration  none; currents within 4 % or 1.5 uA\n")
    device.calibration_damage = "its line is damaged"
    assert "damaged and not used: its line is damaged" in run("--show")
    run("--readings", ",".join(meter(device)))
    assert run("--show").splitlines()[0].endswith("; currents within 2 % or 1.5 uA")
    run("--reset", said="n\n", code=130)
    assert device.calibration is not None
    assert "calibration  none" in run("--reset", said="y\n")
    assert device.calibration is None


def session(n: int, **changes: Any) -> dict[str, Any]:
    """Of Lift, level 10, with 10 kOhm on the electrodes and a divider that reads 1 % too much."""
    zone = json.loads(SHIPPED[0])["zones"][0]["waveform"]
    uc = calibrate.expected_uc(400, zone["rate_hz"], zone["phase_us"], 12_000, json.loads(SHIPPED[0])["ramp_ms"])
    return {
        "n": n, "at": None, "id": "lift", "name": "Lift", "generation": 0, "level": 10, "top_ua": 400,
        "treated_ms": 12_000, "charge_uc": round(uc, 1), "good_pct": 100, "ohm": 10_127, "lifts": 0,
        "zones": [[12_000, 100]], "why": "stop",
    } | changes  # fmt: skip


def test_reference_guided(run: Run, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    run("--readings", ",".join(meter(device)))
    device.journal["session"].append(session(6, ohm=3))

    def plugged_in_again(*arguments: object, **options: object) -> str:
        device.journal["session"].append(session(7))
        return ""

    monkeypatch.setattr(typer, "prompt", plugged_in_again)
    told = run("--reference", "10000")
    assert told.startswith("session 7: 10127 Ohm measured, 10000 Ohm there; charge 100 % of what level 10 makes\n")
    assert device.calibration is not None
    assert abs(device.calibration["voltage_gain_ppm"] - 10_000) < 100


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"level": 9}, "level 9; allowed 10"),
        ({"treated_ms": 7900}, "7.9 s; allowed at least 8 s"),
        ({"good_pct": 80}, "contact good 80 %; allowed at least 90 %"),
        ({"at": 1}, "older than the calibration of the current"),
        ({"charge_uc": 50.0}, " % of what level 10 makes; allowed 90..110 %"),
        ({"id": "absorb"}, "absorb does not begin with biphasic pulses, as Lift does"),
        ({"ohm": 12_000}, "voltage_gain_ppm: "),
    ],
)
def test_a_session_that_will_not_do(run: Run, device: Device, changes: dict[str, Any], error: str) -> None:
    run("--readings", ",".join(meter(device)))
    before = device.calibration
    device.journal["session"].append(session(7, **changes))
    told = run("--reference", "10000", "--session", "s7", code=1)
    assert error in told
    assert told.endswith("; nothing was changed\n")
    assert device.calibration == before
