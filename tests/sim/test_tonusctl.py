"""`tonusctl` with the firmware itself, on the simulated device."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from devices import Device, canonical, device, example, large
from tonus_tools.ctl import cli, ports, words
from tonus_tools.sim.live import VirtualSerial

Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`run(device, *arguments, code=0)`: what tonusctl prints, on standard output or, when it fails, its error."""
    monkeypatch.chdir(tmp_path)

    def run(device: Device, *arguments: str, code: int = 0) -> str:
        monkeypatch.setattr(ports, "open_port", lambda name: VirtualSerial(device.live))
        ended = cli.main(["--port", "live", *arguments])
        captured = capsys.readouterr()
        assert ended == code, captured.err
        return captured.err if code else captured.out

    return run


def write(*documents: dict[str, Any]) -> str:
    Path("new.json").write_text(json.dumps(documents), encoding="utf-8")
    return "new.json"


def test_presets_go_there_and_back_and_survive_a_restart(run: Run, tmp_path: Path) -> None:
    with device(tmp_path / "flash.img") as it:
        run(it, "preset", "pull", "-o", "before.json")
        pushed = run(it, "preset", "push", write(example(), large("big"), large("calm")))
        assert pushed.startswith("generation 1, crc ")
        assert pushed.endswith(": added mine, big; replaced calm; unchanged lift, firm, absorb\n")
        assert "mine" in run(it, "preset", "list")
        assert run(it, "reboot").startswith("restarted: ")
        bank = json.loads(run(it, "preset", "pull"))
        assert [p["id"] for p in bank] == ["lift", "firm", "absorb", "calm", "mine", "big"]
        assert run(it, "preset", "pull", "mine") == f"[\n{canonical(example())[0]}\n]\n"
        run(it, "preset", "push", "--replace", "before.json")
        assert run(it, "preset", "pull") == Path("before.json").read_text(encoding="utf-8")
        assert run(it, "preset", "reset", "--yes").endswith(": lift, firm, absorb, calm\n")
        assert run(it, "info", "--json").count('"shipped": true') == 1


def test_a_session_is_in_the_journal_with_its_time(run: Run) -> None:
    with device() as it:
        set_s = json.loads(run(it, "clock", "--set", "--json"))["clock"]
        it.treat(8_000_000)
        it.live.run(1_000_000)
        (session,) = json.loads(run(it, "journal", "list", "--sessions", "--json"))["sessions"]
        assert session["id"] == "lift"
        assert session["level"] == 2
        assert session["why"] == "usb_in"
        assert 8 <= session["at"] - set_s <= 12
        assert "80 of 400 uA" in run(it, "journal", "show", "s1")
        run(it, "journal", "plot")
        assert Path("journal.png").read_bytes()[:4] == b"\x89PNG"


def test_the_device_tests_itself_and_counts(run: Run) -> None:
    with device() as it:
        assert run(it, "selftest").endswith("passed\n")
        counters = json.loads(run(it, "counters", "--json"))
        assert set(words.COUNTERS) == set(counters)
        assert set(json.loads(run(it, "selftest", "--json"))["readings"]) <= set(words.READINGS)
        it.live.do("inject", "rail_dead")
        failed = run(it, "selftest", code=1)
        assert failed.startswith("error: the self-test failed: fault 21, rail_dead: ")
        it.live.run(1_000_000)
        assert "f1" in run(it, "journal", "list", "--faults")
        assert "did not rise, or fell" in run(it, "journal", "show", "f1")
