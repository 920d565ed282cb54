"""MicroPython's prompt on the simulated device: there in safe mode, for a person and for mpremote, and never else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial
from devices import changed_firmware, device
from mpremote.transport import TransportError  # type: ignore[import-untyped]
from mpremote.transport_serial import SerialTransport  # type: ignore[import-untyped]
from on_port import on_port
from tonus_tools.sim.live import Live
from tonus_tools.sim.scenario import Scenario, Start
from tonus_tools.sim.trace import Record
from tonus_tools.world.boards import FIRMWARE

START = Scenario("prompt", 1, start=Start(usb=True, touch="good"))
BOOTED_US = 2_000_000
MPREMOTE = Path(sys.executable).with_name("mpremote")
HELLO = 'Type "help()" for more information.\r\n>>> '


class Prompted:
    """A live device, and what it has done."""

    def __init__(self, live: Live, records: list[Record]) -> None:
        self.live = live
        self.records = records

    def say(self, text: str, us: int = 200_000) -> str:
        """What the device answers to these characters."""
        self.live.heard.clear()
        self.live.send(text.encode())
        self.live.run(us)
        return self.live.heard.decode()

    def of(self, kind: str) -> list[Record]:
        return [record for record in self.records if record[0] == kind]


@contextmanager
def prompted(minus: bool = True, firmware: Path | None = None) -> Iterator[Prompted]:
    """A device that has started, with MINUS held: in safe mode."""
    records: list[Record] = []
    with Live(START, firmware=firmware or FIRMWARE, on_record=records.append) as live:
        if minus:
            live.do("hold", "MINUS")
        live.run(BOOTED_US)
        yield Prompted(live, records)


@pytest.fixture
def safe() -> Iterator[Prompted]:
    with prompted() as found:
        yield found


def mpremote(port: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(MPREMOTE), "connect", port, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


# mpremote, for real


def test_mpremote_works_in_safe_mode_and_the_output_stays_dead(tmp_path: Path) -> None:
    there, back = tmp_path / "there.bin", tmp_path / "back.bin"
    there.write_bytes(bytes(range(256)) * 6)
    with prompted() as device:
        with on_port(device.live) as port:
            listed = mpremote(port, "fs", "ls")
            assert listed.returncode == 0, listed.stdout + listed.stderr
            assert [line.split()[-1] for line in listed.stdout.splitlines()[1:]] == ["board.py", "main.py", "tonus/"]
            assert mpremote(port, "fs", "cp", str(there), ":there.bin").returncode == 0
            assert mpremote(port, "fs", "cp", ":there.bin", str(back)).returncode == 0
            assert back.read_bytes() == there.read_bytes()
            assert mpremote(port, "exec", "print(1)").stdout == "1\n"
            assert mpremote(port, "eval", "2**70").stdout == f"{2**70}\n"
            failed = mpremote(port, "exec", "1/0")
            assert (failed.returncode, failed.stdout.splitlines()[-1]) == (1, "ZeroDivisionError: divide by zero")
            assert mpremote(port, "soft-reset").returncode == 0
            # The laptop's files are out of reach.
            assert mpremote(port, "fs", "rm", str(there)).returncode != 0
            assert there.exists()
            assert mpremote(port, "fs", "rm", ":there.bin").returncode == 0
        assert device.of("phase") == []
        assert device.of("rail") == []
        assert len(device.of("boot")) == 1
        assert {(led[2], led[3]) for led in device.of("led")} == {("LEVEL_1", 1000), ("LEVEL_5", 1000)}


def test_mpremote_gets_no_prompt_outside_safe_mode_and_does_no_harm(tmp_path: Path) -> None:
    with prompted(minus=False) as device:
        logged = len(device.of("log"))
        with on_port(device.live) as port:
            # mpremote reads a port that it knows for a pseudo-terminal without a timeout; by another name it gives up.
            alias = tmp_path / "port"
            alias.symlink_to(port)
            transport = SerialTransport(str(alias))
            with pytest.raises(TransportError, match="could not enter raw repl"):
                transport.enter_raw_repl(timeout_overall=2.5)
            transport.close()
            with serial.Serial(port, timeout=2) as line:
                line.write(b'\n{"jsonrpc":"2.0","id":7,"method":"device.info"}\n')
                replies = [reply for reply in iter(line.readline, b"") if b'"id":7' in reply or b"uptime" in reply][:1]
        assert b'"state":"CHARGING"' in replies[0]
        assert len(device.of("boot")) == 1
        assert len(device.of("log")) == logged
        assert "raw REPL" not in "".join(record[2] for record in device.of("usb"))


# A person at a terminal


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("1+1\r", "1+1\r\n2\r\n>>> "),
        ("'a'\r\n_*2\r\n", "'a'\r\n'a'\r\n>>> _*2\r\n'aa'\r\n>>> "),
        ("None\r", "None\r\n>>> "),
        ("print(board.NAME)\r", "print(board.NAME)\r\ntonus_r1\r\n>>> "),  # main.py's names are the prompt's
        ("__name__\r", "__name__\r\n'__main__'\r\n>>> "),
        ("1+3\x7f2\r", "1+3\b\x1b[K2\r\n3\r\n>>> "),
        ("\x7f5\x1b[A\x1b[D\r", "5\r\n5\r\n>>> "),
        ("rubbish\x03", "rubbish\r\n>>> "),
        ("\x02", "\r\nMicroPython "),
        ("for i in range(2): print(i)\r\r", "for i in range(2): print(i)\r\n... \r\n0\r\n1\r\n>>> "),
        ("1/0\r", '  File "<stdin>", line 1, in <module>\r\nZeroDivisionError: divide by zero\r\n>>> '),
        ("(\r", "SyntaxError: invalid syntax\r\n>>> "),
        ("import time; time.sleep(9)\r\x03", "KeyboardInterrupt: \r\n>>> "),
        ("from time import sleep_ms\rwhile True: sleep_ms(1)\r\r\x03", "KeyboardInterrupt: \r\n>>> "),
        ("input('? ')\rme\r", "? me\r\n'me'\r\n>>> "),
        ("import sys; sys.print_exception(OSError(2))\r", "OSError: [Errno 2] ENOENT\r\n>>> "),
    ],
)
def test_the_prompt_answers(safe: Prompted, typed: str, answer: str) -> None:
    heard = safe.say(typed)
    assert heard.endswith(answer) or (answer in heard and heard.endswith(HELLO)), heard
    assert "/sim/target" not in heard


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.system('true')",
        "import uos; uos.getenv('HOME')",
        "import os; os.VfsPosix",
        "import vfs; vfs.VfsPosix",
        "import ffi; ffi.open",
        "import socket; socket.socket",
        f"open({__file__!r})",
        f"import os; os.remove({__file__!r})",
    ],
)
def test_the_host_is_out_of_reach(safe: Prompted, code: str) -> None:
    assert "Error: " in safe.say(code + "\r").splitlines()[-2]


def test_the_raw_prompt_byte_for_byte(safe: Prompted) -> None:
    ready = "raw REPL; CTRL-B to exit\r\n>"
    assert safe.say("\x01") == "\r\n" + ready
    assert safe.say("print(1)\nprint(2)\x04") == "OK1\r\n2\r\n\x04\x04>"
    assert safe.say("x = 5\x03x = 6\nprint(x)\x04") == "OK6\r\n\x04\x04>"
    assert safe.say("y\x04").startswith("OK\x04Traceback (most recent call last):\r\n")
    assert safe.say("\x05A\x01") == "R\x00"
    assert safe.say("3\x04") == "OK\x04\x04>"
    assert safe.say("\x01") == ready
    assert safe.say("\x04") == "OK\r\nMPY: soft reboot\r\n" + ready
    assert safe.say("\x02").endswith(HELLO)


def test_a_printed_log_line_is_no_log(safe: Prompted) -> None:
    before = len(safe.of("log"))
    assert safe.say("""print('{"e": "state"}')\r""").endswith('\r\n{"e": "state"}\r\n>>> ')
    assert len(safe.of("log")) == before


# Soft reset


def test_a_soft_reset_with_minus_held_ends_at_the_prompt_with_the_pins_as_they_were() -> None:
    with prompted() as device:
        blink = "from machine import Pin, Timer; p = Pin(25, Pin.OUT)\r"
        blink += "t = Timer(); t.init(mode=Timer.PERIODIC, period=20, callback=lambda _: p.toggle(), hard=True)\r"
        device.say(blink + "f = open('/note', 'w'); f.write('kept'); f.close()\r", 600_000)
        contact = [led for led in device.of("led") if led[2] == "CONTACT"]
        assert len(contact) > 5
        heard = device.say("\x04", 600_000)
        assert heard.startswith("\r\nMPY: soft reboot\r\n")
        assert '"safe_mode"' in heard
        assert heard.endswith(HELLO)
        # The timer is gone and its pin has the level it left; so have those of safe mode.
        after = [led for led in device.of("led") if led[2] == "CONTACT"]
        assert len(after) - len(contact) <= 2
        assert not [led for led in device.of("led") if led[2].startswith("LEVEL") and not led[3]]
        assert device.say("p\r").endswith("NameError: name 'p' isn't defined\r\n>>> ")
        assert device.say("open('/note').read()\r").endswith("\r\n'kept'\r\n>>> ")
        assert device.say("import sys; sys.exit()\r").endswith(HELLO)
        assert device.of("phase") == []


def test_a_soft_reset_without_minus_starts_the_device() -> None:
    with prompted() as device:
        device.live.do("release", "MINUS")
        heard = device.say("\x04", BOOTED_US)
        assert '"to": "CHARGING"' in heard
        assert len(device.of("boot")) == 1
        assert '"state":"CHARGING"' in device.say('{"jsonrpc":"2.0","id":1,"method":"device.info"}\n')


def test_a_reset_and_a_loss_of_power_at_the_prompt() -> None:
    with prompted() as device:
        assert device.say("import machine; machine.reset()\r", 1_000_000).endswith(HELLO)
        assert [record[2] for record in device.of("boot")] == ["power", "reset"]
        device.say("machine = board = None; from machine import Pin; Pin(16, Pin.OUT).value(0)\r")
        device.live.do("usb", False)
        device.live.run(1_000_000)
        assert device.of("power")[-1][2] == 0


def test_a_main_that_raises_leaves_the_prompt(tmp_path: Path) -> None:
    firmware = changed_firmware(tmp_path, ("main.py", "kbd_intr(-1)", "1 / 0  #"))
    with prompted(minus=False, firmware=firmware) as device:
        heard = device.live.heard.decode()
        assert 'File "main.py", line ' in heard
        assert "ZeroDivisionError" in heard
        assert heard.endswith(HELLO)


def test_a_device_that_starts_again_and_again_has_the_heap_of_its_first_start() -> None:
    with device() as made:
        free = []
        for _ in range(60):
            free.append(made.client.counters()["heap_free"])
            made.client.reboot()
            made.connect()
    # What the simulator itself keeps of each start is made good in pieces of what the RP2040 does not have, 8 KB each.
    assert max(free) - min(free) <= 20_000
    assert min(free[:10]) - 1024 <= min(free[-10:])
