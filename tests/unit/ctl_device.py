"""A device written from firmware/tonus/PROTOCOL.md alone, in virtual time, that can be told to misbehave.

It shares with the firmware what the document says is shared: the validator of presets. All else is written here again.
"""

from __future__ import annotations

import json
import os
import pty
import threading
import tty
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from select import select
from time import monotonic
from typing import Any

from tonus import bank, preset, settings
from tonus.fields import FieldError

LINE_MAX = 1024
SILENCE_S = 2
SHIPPED = [preset.canonical(p) for p in bank.shipped()]

Document = dict[str, Any]
Tamper = Callable[[bytes], bytes]


def crc(data: bytes) -> str:
    return f"{zlib.crc32(data):08x}"


def bank_crc(texts: list[str]) -> str:
    return crc(b"".join(text.encode() + b"\n" for text in texts))


def id_of(text: str) -> str:
    return str(json.loads(text)["id"])


class Refusal(Exception):
    """An error answer."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message


def _integer(least: int, most: int) -> Callable[[Any], bool]:
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and least <= v <= most


def _text(most: int) -> Callable[[Any], bool]:
    return lambda v: isinstance(v, str) and 1 <= len(v) <= most


def _hex8(v: Any) -> bool:
    return isinstance(v, str) and len(v) == 8 and set(v) <= set("0123456789abcdef")


_NUMBER = _integer(0, 2**29)
CALIBRATION = {
    "dac_gain_ppm": (-100_000, 100_000),
    "dac_offset_na": (-6000, 6000),
    "sense_gain_ppm": (-100_000, 100_000),
    "sense_offset_na": (-1000, 8000),
    "voltage_gain_ppm": (-100_000, 100_000),
    "voltage_offset_mv": (-900, 900),
}
# method: (changes, refused while the output is on, parameters)
METHODS: dict[str, tuple[bool, bool, dict[str, Callable[[Any], bool]]]] = {
    "device.info": (False, False, {}),
    "device.counters": (False, False, {}),
    "device.selftest": (True, True, {}),
    "device.clock": (True, False, {"unix_s": _integer(1577836800, 4102444799)}),
    "device.reboot": (True, True, {}),
    "device.bootloader": (True, True, {}),
    "bank.list": (False, False, {}),
    "bank.read": (False, False, {"id": _text(24), "offset": _integer(0, 4672)}),
    "bank.begin": (True, True, {"presets": _integer(1, 16)}),
    "bank.put": (
        True,
        True,
        {
            "transaction": _NUMBER,
            "index": _integer(0, 15),
            "offset": _integer(0, 4672),
            "text": _text(1000),
            "last": lambda v: isinstance(v, bool),
        },
    ),
    "bank.commit": (True, True, {"transaction": _NUMBER, "crc32": _hex8}),
    "bank.abort": (True, False, {"transaction": _NUMBER}),
    "bank.reset": (True, True, {}),
    "calibration.read": (False, False, {}),
    "calibration.write": (True, True, {name: _integer(*span) for name, span in CALIBRATION.items()}),
    "calibration.reset": (True, True, {}),
    "calibration.hold": (True, True, {"code": _integer(0, 3300)}),
    "calibration.release": (True, False, {}),
    "settings.read": (False, False, {}),
    "settings.write": (True, True, {}),  # any of them: the firmware's own check
    "journal.clear": (True, True, {"kind": lambda v: v in ("session", "fault", "all")}),
    "journal.read": (False, False, {"kind": lambda v: v in ("session", "fault"), "after": _integer(0, 536870911)}),
}


@dataclass
class Transaction:
    number: int
    count: int
    texts: list[str] = field(default_factory=list)
    part: str = ""


class Device:
    """The device's end. `receive` takes bytes, `out` is what it has sent.

    tamper: a function for each method named, that is given the reply's line and returns what is sent in its place.
    deaf, garbled: methods whose requests never arrive, or arrive damaged. busy: the output is on. log: sent before
    each reply. before: called, once, before a method is carried out.
    """

    def __init__(self, texts: list[str] | None = None) -> None:
        self.now_s = 0.0
        self.booted_s = -100.0
        self.out = bytearray()
        self.own = texts
        self.generation = 0 if texts is None else 1
        self.damage: str | None = None
        self.settings = settings.new()
        self.settings_damage: str | None = None
        self.journal: dict[str, list[Document]] = {"session": [], "fault": []}
        self.calibration: Document | None = None
        self.calibration_damage: str | None = None
        self.parts = {"dac_gain": 1.0, "dac_ua": 0.0, "sense_gain": 1.0, "sense_ua": 0.0}  # as they truly are
        self.held: int | None = None
        self.clock_offset_s: float | None = None
        self.busy = False
        self.selftest_fault = ""
        self.protocol = 1
        self.id = "e66138"
        self.bootsel = False
        self.tamper: dict[str, Tamper] = {}
        self.deaf: set[str] = set()
        self.garbled: set[str] = set()
        self.log = b""
        self.before: dict[str, Callable[[], object]] = {}
        self.requests: list[Document] = []
        self.longest_line = 0
        self._line = bytearray()
        self._quiet_s = 0.0
        self._transaction: Transaction | None = None
        self._transactions = 0

    @property
    def texts(self) -> list[str]:
        return self.own or SHIPPED

    @property
    def in_transaction(self) -> bool:
        return self._transaction is not None

    @property
    def methods_called(self) -> list[str]:
        return [request["method"] for request in self.requests]

    def pass_time(self, s: float) -> None:
        self.now_s += s
        self._quiet_s += s
        if self._quiet_s >= SILENCE_S:
            self._transaction = None
            if self._line:
                self._line.clear()
                self._error(None, -32004, "abandoned")

    def receive(self, data: bytes) -> None:
        if self.bootsel:
            return
        self._quiet_s = 0
        for byte in data:
            if byte != 0x0A:
                self._line.append(byte)
                continue
            line = bytes(self._line).removesuffix(b"\r")
            self._line.clear()
            if line:
                self.longest_line = max(self.longest_line, len(line))
                self._take(line)

    def _take(self, line: bytes) -> None:
        id: Any = None
        method = ""
        try:
            if len(line) > LINE_MAX:
                raise Refusal(-32003, "line too long")
            sealed = line[-9:-8] == b"*"
            if sealed and crc(line[:-9]) != line[-8:].decode("ascii", "replace"):
                raise Refusal(-32001, "damaged line")
            try:
                request = json.loads((line[:-9] if sealed else line).decode("ascii"))
            except ValueError:
                raise Refusal(-32700, "not JSON") from None
            id = request.get("id")
            usable = isinstance(id, int) and abs(id) <= 2**29 or isinstance(id, str) and 1 <= len(id) <= 36
            if (
                request.get("jsonrpc") != "2.0"
                or not usable
                or not set(request) <= {"jsonrpc", "id", "method", "params"}
            ):
                raise Refusal(-32600, "invalid request")
            method = request["method"]
            if method in self.deaf:
                return
            if method in self.garbled:
                id = None
                raise Refusal(-32001, "damaged line")
            self.requests.append(request)
            self.before.pop(method, lambda: None)()
            result = self._answer(method, request.get("params", {}), sealed)
            reply = json.dumps({"jsonrpc": "2.0", "id": id, "result": result}, separators=(",", ":")).encode()
            self._send(reply, method)
        except Refusal as refusal:
            self._error(id, refusal.code, refusal.message, method)

    def _answer(self, method: str, params: Document, sealed: bool) -> Document:
        if method not in METHODS:
            raise Refusal(-32601, f"method: {method}")
        changes, quiet, allowed = METHODS[method]
        if changes and not sealed:
            raise Refusal(-32002, "CRC required")
        if set(params) != set(allowed) and method != "settings.write":
            raise Refusal(-32602, f"params: allowed {', '.join(allowed)}")
        for name, good in allowed.items():
            if not good(params[name]):
                raise Refusal(-32602, f"params.{name}: {json.dumps(params[name])}")
        if quiet and self.busy:
            self._transaction = None
            raise Refusal(-32010, "not while the output is on")
        answer: Callable[..., Document] = getattr(self, "_" + method.replace(".", "_"))
        return answer(**params)

    def _error(self, id: Any, code: int, message: str, method: str = "") -> None:
        error = {"code": code, "message": message}
        self._send(json.dumps({"jsonrpc": "2.0", "id": id, "error": error}, separators=(",", ":")).encode(), method)

    def _send(self, reply: bytes, method: str) -> None:
        line = reply + b"*" + crc(reply).encode() + b"\r\n"
        assert len(line) <= LINE_MAX + 2
        self.out += self.log + self.tamper.get(method, bytes)(line)

    # device

    def _device_info(self) -> Document:
        clock = None if self.clock_offset_s is None else round(self.now_s + self.clock_offset_s)
        return {
            "product": "tonus", "protocol": self.protocol, "version": "0.1.0", "board": "tonus_r1",
            "micropython": "1.28.0", "id": self.id, "state": "CHARGING",
            "uptime_ms": round(1000 * (self.now_s - self.booted_s)), "clock": clock, "battery_pct": None,
            "generation": self.generation, "crc32": bank_crc(self.texts),
        }  # fmt: skip

    def _device_counters(self) -> Document:
        return {
            "ticks": 1000, "late": 0, "missed": 0, "worst_us": 80, "unseen": 0, "heap_free": 90000,
            "requests": len(self.requests), "errors": 0, "dropped": 0, "journal_lost": 0,
        }  # fmt: skip

    def _device_selftest(self) -> Document:
        if self.selftest_fault:
            raise Refusal(-32015, self.selftest_fault)
        return {"rail_mv": 24011, "zero_mcodes": 12_300, "temperature_c": 27, "ms": 95}

    def _device_clock(self, unix_s: int) -> Document:
        self.clock_offset_s = unix_s - self.now_s
        return {"clock": unix_s}

    def _device_reboot(self) -> Document:
        self.booted_s = self.now_s
        return {}

    def _device_bootloader(self) -> Document:
        self.bootsel = True
        return {}

    # bank

    def _bank_list(self) -> Document:
        return {
            "generation": self.generation,
            "crc32": bank_crc(self.texts),
            "shipped": self.own is None,
            "damage": self.damage,
            "presets": [id_of(text) for text in self.texts],
        }

    def _bank_read(self, id: str, offset: int) -> Document:
        for text in self.texts:
            if id_of(text) == id:
                if offset > len(text):
                    raise Refusal(-32602, f"params.offset: {offset}; allowed 0..{len(text)}")
                return {"size": len(text), "offset": offset, "text": text[offset : offset + 450]}
        raise Refusal(-32602, f"params.id: {json.dumps(id)} is not in the bank")

    def _bank_begin(self, presets: int) -> Document:
        self._transactions += 1
        self._transaction = Transaction(self._transactions, presets)
        return {"transaction": self._transactions}

    def _open(self, number: int) -> Transaction:
        if self._transaction is None or self._transaction.number != number:
            raise Refusal(-32011, f"transaction {number} is not open")
        return self._transaction

    def _bank_put(self, transaction: int, index: int, offset: int, text: str, last: bool) -> Document:
        t = self._open(transaction)
        if index != len(t.texts) or index >= t.count:
            raise Refusal(-32602, f"params.index: {index}")
        if offset != len(t.part):
            raise Refusal(-32602, f"params.offset: {offset}")
        t.part += text
        chars = len(t.part)
        if not last:
            return {"chars": chars}
        try:
            id = preset.parse_canonical(t.part).id
        except FieldError as error:
            self._transaction = None
            raise Refusal(-32012, str(error)) from None
        t.texts.append(t.part)
        t.part = ""
        return {"chars": chars, "id": id}

    def _bank_commit(self, transaction: int, crc32: str) -> Document:
        t = self._open(transaction)
        self._transaction = None
        if len(t.texts) != t.count or bank_crc(t.texts) != crc32 or len(set(map(id_of, t.texts))) < t.count:
            raise Refusal(-32013, "not the bank that was announced")
        return self._in_force(t.texts)

    def _bank_abort(self, transaction: int) -> Document:
        self._open(transaction)
        self._transaction = None
        return {}

    def _bank_reset(self) -> Document:
        self._transaction = None
        return self._in_force(None)

    def _in_force(self, texts: list[str] | None) -> Document:
        self.own = texts
        self.generation += 1
        return {"generation": self.generation, "crc32": bank_crc(self.texts), "presets": len(self.texts)}

    # settings

    def _settings_read(self) -> Document:
        return self.settings | {"damage": self.settings_damage}

    def _settings_write(self, **given: Any) -> Document:
        try:
            self.settings = settings.merged(self.settings, given, "params")
        except FieldError as error:
            raise Refusal(-32602, str(error)) from None
        self.settings_damage = None
        return self._settings_read()

    # calibration

    def _calibration_read(self) -> Document:
        found = {"schema": 1, "board": "tonus_r1", "at": None, **dict.fromkeys(CALIBRATION, 0)}
        return found | (self.calibration or {}) | {
            "calibrated": self.calibration is not None, "damage": self.calibration_damage,
        }  # fmt: skip

    def _calibration_write(self, **values: int) -> Document:
        at = None if self.clock_offset_s is None else round(self.now_s + self.clock_offset_s)
        self.calibration = values | {"at": at}
        self.calibration_damage = None
        return self._calibration_read()

    def _calibration_reset(self) -> Document:
        self.calibration = self.calibration_damage = None
        return self._calibration_read()

    def rset_mv(self, code: int) -> float:
        """What a multimeter says with this code held."""
        return (code / 4096 * 2048e3 / 4020 * self.parts["dac_gain"] + self.parts["dac_ua"] - 0.86) * 4.02

    def _calibration_hold(self, code: int) -> Document:
        self.held = code
        ua = self.rset_mv(code) / 4.02 + 0.86
        sense = ((ua - 1.19) * self.parts["sense_gain"] + self.parts["sense_ua"]) * 4.02 / 3300 * 4096e3
        zero = self.parts["sense_ua"] * 4.02 / 3300 * 4096e3
        return {
            "code": code, "zero_mcodes": max(0, round(zero)), "sense_mcodes": round(sense),
            "voltage_mcodes": round(ua / 3300 * 4096e3), "rail_mv": 24011,
        }  # fmt: skip

    def _calibration_release(self) -> Document:
        self.held = None
        return {}

    # journal

    def _journal_read(self, kind: str, after: int) -> Document:
        return {"record": next((r for r in self.journal[kind] if r["n"] > after), None)}

    def _journal_clear(self, kind: str) -> Document:
        for one in self.journal if kind == "all" else (kind,):
            self.journal[one] = []
        return {}


class FakeSerial:
    """The computer's end, as pyserial's ports are. `chunk`: most bytes in one read. `gone`: the cable is out."""

    def __init__(self, device: Device, chunk: int = 1 << 20) -> None:
        self.timeout: float | None = None
        self.device = device
        self.chunk = chunk
        self.gone = False

    @property
    def in_waiting(self) -> int:
        return len(self.device.out)

    def write(self, data: bytes) -> int:
        self._there()
        self.device.receive(data)
        return len(data)

    def read(self, size: int = 1) -> bytes:
        self._there()
        assert self.timeout
        if not self.device.out:
            self.device.pass_time(self.timeout)
        n = min(size, self.chunk)
        data = bytes(self.device.out[:n])
        del self.device.out[:n]
        return data

    def close(self) -> None:
        pass

    def _there(self) -> None:
        if self.gone and not self.device.out:
            raise OSError(5, "Input/output error")


@contextmanager
def on_a_pty(device: Device) -> Iterator[str]:
    """Serve the device on a pty, in real time; the pty's path."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    stop = threading.Event()

    def serve() -> None:
        before = monotonic()
        while not stop.is_set():
            if select([ours], [], [], 0.02)[0]:
                device.receive(os.read(ours, 4096))
            now = monotonic()
            device.pass_time(now - before)
            before = now
            if device.out:
                sent = os.write(ours, device.out)
                del device.out[:sent]

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        stop.set()
        thread.join()
        os.close(ours)
        os.close(theirs)
