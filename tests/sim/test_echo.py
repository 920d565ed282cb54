"""A port whose host sends back all that it hears: the device falls silent, whatever it had to say."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from devices import Device, changed_firmware, device, example
from tonus import echo, preset

Damage = Callable[[bytes], bytes]


def request(method: str, /, **params: Any) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode()
    return body + b"*%08x\n" % zlib.crc32(body)


SAID = [
    b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"not valid JSON"}}*d189c27d\n',
    b",,\n",
    b"\xff\x03\n",
    b"[]\n",
    b'{"jsonrpc":"2.0","id":1}\n',
    b'{"jsonrpc":"2.0","method":"device.reboot"}\n',  # a notification is not carried out
    b"x" * 1100 + b"\n",
    request("rpc.discover"),
    request("rpc.discover", method="rpc.discover"),
    request("device.info"),
    request("device.selftest"),
    request("bank.read", id="lift", offset=0),
    request("bank.begin", presets=1),
    request("bank.put", transaction=1, index=0, offset=0, text=preset.canonical(preset.build(example())), last=True),
    request("bank.commit", transaction=1, crc32="00000000"),
    request("journal.read", kind="session", after=0),
    request('"method":'),
    b'{"jsonrpc":"2.0","id":1,',  # given up
]
SILENT = (SAID[0], SAID[5])
ECHOES: dict[str, Damage] = {
    "as it comes": lambda data: data,
    "line feeds alone": lambda data: data.replace(b"\r\n", b"\n"),
    "^M": lambda data: data.replace(b"\r", b"^M"),
    "without its ends": lambda data: data.replace(b"\r\n", b""),
    "cut": lambda data: b"\n".join(data[at : at + 70] for at in range(0, len(data), 70)),
}


def echoed(made: Device, damage: Damage = ECHOES["as it comes"]) -> int:
    """Send back what is heard, as it comes, until nothing comes for three seconds; how many replies were heard."""
    live = made.live
    found = 0
    silent_from = live.now_us
    while live.now_us < silent_from + 3_000_000:
        live.run(500_000, on_output=True)
        if live.heard:
            live.run(50_000)  # the rest of it
            silent_from = live.now_us
            found += live.heard.count(b'{"jsonrpc":"2.0","id":')
            live.send(damage(bytes(live.heard)))
            live.heard.clear()
        assert found < 50, "it does not fall silent"
    return found


@pytest.mark.parametrize("how", ECHOES)
def test_all_that_is_sent_comes_back_and_is_not_answered(how: str) -> None:
    short: list[bytes] = []

    def damaged(data: bytes) -> bytes:
        found = ECHOES[how](data)
        short.extend(piece for piece in found.splitlines() if 0 < len(piece) < echo._PIECE_MIN)
        return found

    with device() as made:
        for line in SAID:
            short.clear()
            made.live.send(line)
            # Of a line that is cut a piece may be too short to tell: how many are is a matter of where its cuts fall.
            answered = echoed(made, damaged) - (line not in SILENT)
            assert 0 <= answered <= (len(short) if how == "cut" else 0), (line, short)
        assert made.connect().device_info().state == "CHARGING"


def test_the_log_of_a_session_and_its_start_come_back() -> None:
    with device(usb=False, touch="good") as made:
        made.live.run(1_000_000)
        made.press("MODE")
        made.press("PLUS", 2)
        made.live.run(4_000_000)
        made.live.do("usb", True)
        assert echoed(made) == 0
        made.client.reboot()
        made.live.run(2_000_000)
        assert b'"selftest"' in made.live.heard
        assert echoed(made) == 0


def test_a_traceback_is_a_log_line_and_comes_back_to_no_answer(tmp_path: Path) -> None:
    dying = ("tonus/app.py", 'found["dropped"] =', 'asyncio.create_task(self._named("odd", 7)); found["dropped"] =')
    with device(firmware=changed_firmware(tmp_path, dying)) as made:
        made.client.counters()
        made.live.run(300_000)
        lines = [line for line in made.live.heard.splitlines() if line and not line.startswith(b'{"jsonrpc"')]
        assert any(b"Traceback" in line for line in lines)
        assert all("e" in json.loads(line) for line in lines)
        assert echoed(made) == 0
