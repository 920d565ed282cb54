"""The device live on a laptop: its panel and keys in a terminal, its port, and time as in life."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import serial
from terminals import RUN, WAIT_S, terminal, until
from tonus_tools.sim import runner
from tonus_tools.sim.face import View
from tonus_tools.sim.live import Live
from tonus_tools.sim.panel import (
    _HELP,
    BETWEEN_US,
    HOST_BYTES,
    MENU,
    PRESS_US,
    STEP_S,
    Bench,
    Keyboard,
    PanelFace,
    Port,
)
from tonus_tools.sim.scenario import Scenario, Start
from tonus_tools.sim.trace import Record
from tonus_tools.world.faults import FAULTS

LIVE = Scenario("live", 1, start=Start(usb=True))


def ask(port: str, method: str) -> dict[str, Any]:
    """The result of a request without parameters, over the port."""
    request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method}).encode()
    with serial.Serial(port, timeout=0.5, exclusive=True) as line:

        def answer() -> Any:
            line.write(b"\n%s*%08x\n" % (request, zlib.crc32(request)))
            replies = [reply for reply in line.readlines() if reply.startswith(b'{"jsonrpc"')]
            return replies and json.loads(replies[0].split(b"*")[0]).get("result")

        result: dict[str, Any] = until(answer)
        return result


@contextmanager
def killed(process: subprocess.Popen[Any]) -> Iterator[None]:
    """A test that fails does not wait for it."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()


def test_a_person_plays_with_it() -> None:
    with terminal() as panel:
        port = panel.port()
        panel.shows("state  CHARGING", "cable  in", "cell  70 %", f"port  {port}", "nobody has it open", "q quit")
        assert ask(port, "device.info")["state"] == "CHARGING"
        assert panel.modes() != panel.settings
        panel.press("u")
        panel.shows("state  STANDBY", "cable  out", "mode  ●", "as in life")
        panel.press("++")
        panel.shows("state  ARMED", "level  ██", "contact  [●○] open")
        panel.press("g")
        panel.shows("state  TREAT", "zone  1/8 forehead left", r"current +(79|80)\.\d uA", "skin with good gel")
        panel.press("l")
        panel.shows("state  PAUSED", "touching  nothing")
        panel.press("t")
        panel.shows("state  (RAMP_UP|TREAT)", "skin with some gel")
        panel.press("\x1b[B" + "b")  # an arrow is no B
        panel.shows("cell  60 %")
        panel.press("f")
        panel.shows("Break what", "a rail_dead")
        panel.press("f")
        panel.shows("state  FAULT  latch", "broken  overcurrent", "current    0.0 uA", "q quit")
        panel.press("q")
        assert panel.process.wait(WAIT_S) == 0
        assert panel.modes() == panel.settings
        assert "Traceback" not in panel.seen()
        assert panel.seen().rstrip().endswith("ended: q")


@pytest.mark.parametrize("size", [(60, 24), (80, 24)])
def test_a_small_terminal_shows_every_key(size: tuple[int, int]) -> None:
    keys = [(key, what) for line in _HELP for key, what in line]
    with terminal(size=size) as panel:
        panel.shows(
            "state  CHARGING", "current", "fingers", "port", *(re.escape(f" {key} {what}") for key, what in keys)
        )
        panel.press("f")
        panel.shows("Break what", *(re.escape(f" {key} {fault}") for key, fault in MENU.items()))


def test_a_terminal_of_plain_ascii_shows_it_as_far_as_it_can() -> None:
    with terminal(PYTHONIOENCODING="ascii", LANG="C", PYTHONUTF8="0") as panel:
        until(lambda: "q quit" in panel.seen())
        panel.press("q")
        assert panel.process.wait(WAIT_S) == 0
        assert "Traceback" not in panel.seen()


def test_by_its_keys_into_safe_mode_and_out_by_a_signal() -> None:
    with terminal() as panel:
        panel.shows("state  CHARGING")
        panel.press("M")
        panel.shows("▼ MODE")
        panel.shows("state  OFF", "▽ MODE")
        panel.press("n")
        panel.press("u")
        panel.shows("▼ MINUS", "cable  out")
        panel.press("u")
        panel.shows("state  SAFE_MODE", "level  ██ ·· ·· ·· ██")
        panel.process.send_signal(signal.SIGTERM)
        assert panel.process.wait(WAIT_S) == 0
        assert panel.modes() == panel.settings
        assert panel.seen().rstrip().endswith("ended: SIGTERM")


def test_both_fingers_say_where_it_is_and_leave_a_zone_out() -> None:
    with terminal() as panel:
        panel.shows("state  CHARGING")
        panel.press("ug")
        panel.shows("state  STANDBY")
        panel.press("+++++")
        panel.shows("state  TREAT", "1/8 forehead left")
        panel.press("c")
        panel.shows("▼ PLUS", "▼ MINUS")
        panel.press("C")
        panel.shows("2/8 forehead right")
        panel.press("q")
        assert panel.process.wait(WAIT_S) == 0


def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    with terminal(TMPDIR=str(tmp_path)) as panel:
        panel.shows("state  CHARGING")
        assert list(tmp_path.iterdir())
        panel.press("\x03")
        assert panel.process.wait(WAIT_S) == 0
        assert panel.modes() == panel.settings
        assert not list(tmp_path.iterdir())


def test_a_terminal_that_goes_ends_it(tmp_path: Path) -> None:
    with terminal(TMPDIR=str(tmp_path)) as panel:
        panel.shows("state  CHARGING")
        panel.hang_up()
        panel.process.wait(WAIT_S)
        assert not list(tmp_path.iterdir())


def test_without_a_terminal_it_prints_lines_and_keeps_its_flash(tmp_path: Path) -> None:
    generations = []
    for _ in range(2):
        command = [sys.executable, "-c", RUN, str(tmp_path / "flash.img")]
        panel = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        with panel, killed(panel):
            assert panel.stdout is not None
            first = panel.stdout.readline().decode()
            port = first.removeprefix("device on ").strip()
            assert "STANDBY" in panel.stdout.readline().decode()
            assert "CHARGING" in panel.stdout.readline().decode()
            generations.append(ask(port, "device.info")["generation"])
            ask(port, "bank.reset")
            second = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            assert (second.returncode, second.stdout) == (2, "")
            assert second.stderr == f"error: {tmp_path / 'flash.img'}: another simulated device runs on it\n"
            panel.send_signal(signal.SIGINT)
            assert panel.wait(WAIT_S) == 0
            rest = panel.stdout.read().decode()
            assert "Traceback" not in rest
            assert rest.endswith(f"ended: Ctrl-C; presets and journal are in {tmp_path / 'flash.img'}\n")
    assert generations[1] > generations[0]


def test_what_prevents_it_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "flash.img").write_bytes(b"short")
    done = subprocess.run([sys.executable, "-c", RUN, str(tmp_path / "flash.img")], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {tmp_path / 'flash.img'}: 5 bytes; a flash image has 1441792\n"


# In virtual time


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Stand:
    """A bench whose clock the test moves, and what its device has done."""

    def __init__(self, live: Live, port: Port, face: PanelFace, records: list[Record]) -> None:
        self.clock = Clock()
        self.bench = face.bench = Bench(live, port, self.clock)
        self.keyboard = Keyboard(self.bench, face)
        self.face = face
        self.records = records

    def live_on(self, s: float) -> None:
        """So much time passes, as in life."""
        until_s = self.clock.now_s + s
        while self.clock.now_s < until_s:
            self.clock.now_s = min(until_s, self.clock.now_s + STEP_S)
            self.bench.step()

    def read(self, client: int) -> bytes:
        """What comes to a program in the next seconds."""
        got = b""
        for _ in range(200):
            self.live_on(STEP_S)
            with suppress(BlockingIOError):
                got += os.read(client, 65536)
        return got

    def world(self, *actions: str) -> list[tuple[Any, ...]]:
        return [tuple(record[1:]) for record in self.records if record[0] == "world" and record[2] in actions]


@pytest.fixture
def stand() -> Iterator[Stand]:
    records: list[Record] = []
    with closing(Port()) as port, open(os.devnull, "w") as nowhere:
        face = PanelFace(LIVE, port, True, nowhere)

        def take(record: Record) -> None:
            records.append(record)
            face.on_line(record)

        with Live(LIVE, on_record=take) as live:
            made = Stand(live, port, face, records)
            made.live_on(1)
            yield made


def test_time_follows_the_clock(stand: Stand) -> None:
    stand.live_on(3)
    assert stand.bench.live.now_us == pytest.approx(4_000_000, abs=1000)
    assert not stand.bench.slow
    assert not stand.bench.lost_s


def test_a_computer_that_is_too_slow_is_told_of(stand: Stand) -> None:
    stand.clock.now_s += 5
    stand.live_on(0.1)
    assert stand.bench.slow
    assert stand.bench.lost_s == pytest.approx(5, abs=0.05)
    assert stand.bench.live.now_us == pytest.approx(1_100_000, abs=50_000)
    assert "too slow: this computer has lost 5.0 s" in str(stand.face.rows()[0][1])
    stand.live_on(4)
    assert not stand.bench.slow
    assert "as in life, but for 5.0 s lost" in str(stand.face.rows()[0][1])


def test_a_hiccup_is_made_up_for(stand: Stand) -> None:
    stand.clock.now_s += 0.3
    stand.live_on(0.4)
    assert stand.bench.live.now_us == pytest.approx(1_700_000, abs=1000)
    assert not stand.bench.lost_s


def test_presses_of_a_button_do_not_overlap(stand: Stand) -> None:
    stand.live_on(1)  # until it has started
    stand.keyboard.take("u")
    stand.live_on(0.5)
    stand.keyboard.take("+++=")
    stand.live_on(1.5)
    times = [(t_us, action) for t_us, action, button in stand.world("hold", "release") if button == "PLUS"]
    assert [action for _, action in times] == ["hold", "release"] * 4
    gaps = [after[0] - before[0] for before, after in zip(times, times[1:], strict=False)]
    assert gaps == pytest.approx([PRESS_US, BETWEEN_US] * 3 + [PRESS_US], abs=50)
    assert stand.face.view.level == 4
    stand.keyboard.take("-" * 30)  # a key that repeats does not press for long afterwards
    stand.live_on(3)
    assert len(stand.world("hold")) - 4 == 10


def test_minus_is_held_by_a_key_and_let_go_by_the_same(stand: Stand) -> None:
    stand.keyboard.take("n-")
    stand.live_on(1)
    stand.keyboard.take("n")
    stand.live_on(0.1)
    stand.keyboard.take("-")
    stand.live_on(0.3)
    actions = [action for _, action, _ in stand.world("hold", "release")]
    assert actions == ["hold", "release", "hold", "release"]


def test_every_load_and_every_fault_has_a_key(stand: Stand) -> None:
    assert stand.keyboard.take("gtpds521l")
    stand.live_on(0.1)
    loads = ["good", "typical", "poor", "dry", "short", "500", "2k", "10k"]
    assert [value for _, _, value in stand.world("touch")] == loads
    assert stand.face.view.touch == "lifted"
    assert stand.keyboard.take("".join("f" + key for key in MENU))
    stand.live_on(0.1)
    assert tuple(value for _, _, value in stand.world("inject")) == FAULTS
    assert stand.keyboard.take("fz")  # nothing
    assert stand.keyboard.take("\x1b[15~\x1bOq")  # nor function keys
    assert not stand.keyboard.take("q")


def test_the_port_without_a_reader_stops_nothing(stand: Stand) -> None:
    bench = stand.bench
    assert not bench.port.connected
    assert bench.port.send(b"lost")
    client = os.open(bench.port.path, os.O_RDWR | os.O_NOCTTY)
    request = b'{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}\n'
    for _ in range(250):
        os.write(client, request)
        stand.live_on(0.04)
    before_us = bench.live.now_us
    stand.live_on(1)
    assert bench.live.now_us > before_us + 900_000
    assert not bench.port.send(b"")  # the pseudo-terminal is full
    os.set_blocking(client, False)
    got = stand.read(client)
    assert got.count(b"bank.list") > 20
    assert b"lost" not in got
    os.write(client, b'\n{"jsonrpc":"2.0","id":"now","method":"device.info"}\n')
    assert b'"id":"now"' in stand.read(client)
    os.write(client, request)
    stand.live_on(1)  # it goes without having read the reply: the next one does not find it
    os.close(client)
    stand.live_on(0.1)
    client = os.open(bench.port.path, os.O_RDWR | os.O_NOCTTY)
    os.set_blocking(client, False)
    assert stand.read(client) == b""
    os.close(client)


def test_without_the_cable_nothing_passes(stand: Stand) -> None:
    client = os.open(stand.bench.port.path, os.O_RDWR | os.O_NOCTTY)
    os.set_blocking(client, False)
    stand.keyboard.take("u")
    os.write(client, b'\n{"jsonrpc":"2.0","id":1,"method":"device.info"}\n')
    stand.live_on(0.5)
    with pytest.raises(BlockingIOError):
        os.read(client, 4096)
    stand.keyboard.take("u")
    stand.live_on(0.5)
    assert b'"usb_in"' in os.read(client, 4096)
    os.close(client)


def test_keys_of_different_buttons_wait_their_turn(stand: Stand) -> None:
    stand.keyboard.take("u")
    stand.live_on(1)
    del stand.records[:]
    stand.keyboard.take("mm+-+m" + "g")
    stand.live_on(3)
    done = [(action, value) for _, action, value in stand.world("hold", "release", "touch")]
    presses = ["MODE", "MODE", "PLUS", "MINUS", "PLUS", "MODE"]
    wanted = [(action, button) for button in presses for action in ("hold", "release")]
    # What is no button comes once the last button typed before it is down.
    assert done == [*wanted[:-1], ("touch", "good"), wanted[-1]]


def test_a_cable_that_is_typed_behind_a_press_comes_behind_it(stand: Stand) -> None:
    stand.keyboard.take("u")
    stand.live_on(1)
    del stand.records[:]
    stand.keyboard.take("+++uu")
    stand.live_on(2)
    done = [(action, value) for _, action, value in stand.world("hold", "usb")]
    assert done == [("hold", "PLUS")] * 3 + [("usb", True), ("usb", False)]


def test_many_presses_typed_at_once_all_count(stand: Stand) -> None:
    stand.keyboard.take("u")
    stand.live_on(1)
    stand.keyboard.take("+" * 10)
    stand.live_on(3)
    assert stand.face.view.level == 10


def test_the_current_of_a_slow_preset_stands_in_its_rests() -> None:
    view = View()
    for state in ("ARMED", "TREAT"):
        view.take(["log", 0, {"e": "state", "from": "STANDBY", "to": state, "cause": "plus"}])
        if state == "ARMED":
            view.take(["phase", 10_000, 1, 2000, 64, 8.0, 7.9, 16.0, 8.0])
            assert view.current_ua == 7.9
    for pulse in range(4):
        at = 2_000_000 * (pulse + 1)
        view.take(["phase", at, 1, 100, 1600, 200.0, 199.0, 19.9, 200.0])
        view.take(["phase", at + 200, -1, 100, 1600, 200.0, 199.0, 19.9, 200.0])
        for probe in range(1, 20):
            view.take(["phase", at + probe * 100_000, 1, 2000, 64, 8.0, 7.9, 16.0, 8.0])
            assert view.current_ua == 199.0
    view.take(["log", at + 1_990_000, {"e": "state", "from": "TREAT", "to": "PAUSED", "cause": "lost"}])
    assert view.current_ua == 0


def test_a_host_that_floods_waits_as_it_does_for_a_real_device(stand: Stand) -> None:
    """A program that writes and never reads: its writes block, and the device lives."""
    client = os.open(stand.bench.port.path, os.O_RDWR | os.O_NOCTTY)
    os.set_blocking(client, False)
    sent = 0
    for _ in range(300):
        with suppress(BlockingIOError):
            sent += os.write(client, b"x" * 65536)
        stand.live_on(STEP_S)
        assert stand.bench.live.waiting <= HOST_BYTES
    assert 0 < sent < 300 * STEP_S * 64_000 + 65536
    os.close(client)
    stand.live_on(1)
    assert stand.face.view.state == "CHARGING"


def test_the_bootloader_ends_it_with_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN]
    with (
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as panel,
        killed(panel),
    ):
        assert panel.stdout is not None
        port = panel.stdout.readline().removeprefix("device on ").strip()
        with suppress(serial.SerialException):  # the port goes with it
            ask(port, "device.bootloader")
        assert panel.wait(WAIT_S) == 0
        assert panel.stderr is not None
        assert panel.stderr.read() == "ended: the device restarted as the drive RPI-RP2, which is not simulated\n"


def test_an_order_cut_off_halfway_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C may come between writing an order and sending it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with Live(LIVE) as live:
        assert list(tmp_path.iterdir())
        assert live._process is not None
        assert live._process.stdin is not None
        live._process.stdin.write("{")
    assert not list(tmp_path.iterdir())


def test_what_the_interpreter_says_last_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It prints why it ends on standard output."""
    monkeypatch.setattr(runner, "HEAP_KB", 400)
    with pytest.raises(runner.SimulatorError, match="MemoryError"), Live(LIVE):
        pass
    with pytest.raises(runner.SimulatorError, match="MemoryError"):
        runner.run(Scenario("short", 1000))
