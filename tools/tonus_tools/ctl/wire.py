"""Lines, CRCs and replies: the framing of firmware/tonus/PROTOCOL.md, seen from the computer.

`Wire` sends a request and finds its reply among the log lines. It keeps no clock: what has passed is counted in reads
that came back empty, so it runs unchanged over a transport whose time is simulated.
"""

from __future__ import annotations

import json
import re
import secrets
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from ..errors import Damaged, DeviceRefused, Gone, NoAnswer

LINE_MAX = 1024  # bytes, without the line end
SLICE_S = 0.25  # one read's timeout: a silence is counted in these
PATIENCE = 12  # silent slices before giving up: 3 s, where the device promises 2
LOG_LINES_MAX = 2000  # before a reply: a device that only ever logs does not answer either
_REPLY = b'{"jsonrpc"'
_SEAL = re.compile(rb"(.*)\*([0-9a-f]{8})")


class Transport(Protocol):
    """What a Wire needs of a serial port; pyserial's ports have it.

    `read` returns 1..size bytes as soon as there are some, and b"" when `timeout` seconds have passed without any.
    `in_waiting`, how many bytes can be read at once, is used when it is there. All may raise OSError: the port failed.
    """

    timeout: float | None

    def write(self, data: bytes, /) -> int | None: ...

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


def crc_of(data: bytes) -> str:
    """CRC-32 as the protocol writes it."""
    return f"{zlib.crc32(data):08x}"


def seal(document: dict[str, Any]) -> bytes:
    """A request's line, with its CRC and without its end."""
    body = json.dumps(document, separators=(",", ":")).encode("ascii")
    return body + b"*" + crc_of(body).encode("ascii")


class Wire:
    """One conversation over a transport, whose timeout it sets. `on_log` is offered each log line."""

    def __init__(self, transport: Transport, on_log: Callable[[str], None] | None = None) -> None:
        self._transport = transport
        self._on_log = on_log or (lambda line: None)
        self._buffer = b""
        # Not from 1: a reply to a program that was stopped may still be waiting in the device.
        self._first_id = self._id = secrets.randbelow(1 << 28)
        transport.timeout = SLICE_S

    def close(self) -> None:
        self._transport.close()

    def fresh(self) -> None:
        """End whatever line was begun before."""
        self._write(b"\n")

    def idle(self) -> None:
        """Let up to one slice pass; what comes meanwhile is a log line, or a reply nobody waits for."""
        line = self._line()
        if line is not None and not line.startswith(_REPLY):
            self._log(line)

    def call(self, method: str, params: dict[str, Any] | None = None, lenient: bool = False) -> dict[str, Any]:
        """The result of a request. DeviceRefused, NoAnswer, Gone, Damaged.

        lenient: skip replies to others, also damaged ones, for the first request of a conversation.
        """
        self._write(self.line_of(method, params) + b"\n")
        self._id += 1
        return self._answer(self._id, method, lenient)

    def line_of(self, method: str, params: dict[str, Any] | None = None) -> bytes:
        """The line, without its end, that `call` sends next for this request."""
        request: dict[str, Any] = {"jsonrpc": "2.0", "id": self._id + 1, "method": method}
        if params is not None:
            request["params"] = params
        return seal(request)

    def _answer(self, id: int, method: str, lenient: bool) -> dict[str, Any]:
        silent = logged = 0
        while silent < PATIENCE and logged < LOG_LINES_MAX:
            line = self._line()
            if line is None:
                silent += 1
                continue
            if not line.startswith(_REPLY):
                logged += 1
                self._log(line)
                continue
            try:
                reply = _opened(line, method)
                theirs = reply.get("id")
                if theirs == id and not isinstance(theirs, bool):
                    return _result(reply, method)
                if isinstance(theirs, int) and self._first_id < theirs < id:
                    continue  # late: the answer to a request that was given up
                error = reply.get("error")
                if theirs is None and isinstance(error, dict):
                    raise Damaged(
                        f"{method}: the device could not read the request: {_printable(error.get('message'))}"
                    )
                raise Damaged(f"{method}: the answer bears id {_printable(theirs)}, not {id}")
            except Damaged:
                if not lenient:
                    raise
        raise NoAnswer(f"{method}: no answer in {PATIENCE * SLICE_S:g} s")

    def _line(self) -> bytes | None:
        """The next line without its end; None after a slice of silence."""
        while b"\n" not in self._buffer:
            # Of a line without end only as much is kept as tells that it is one.
            self._buffer = self._buffer[: LINE_MAX + 2]
            try:
                got = self._transport.read(max(1, getattr(self._transport, "in_waiting", 1)))
            except OSError as problem:
                raise _gone(problem) from None
            if not got:
                return None
            self._buffer += got
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.removesuffix(b"\r")

    def _write(self, data: bytes) -> None:
        try:
            self._transport.write(data)
        except OSError as problem:
            raise _gone(problem) from None

    def _log(self, line: bytes) -> None:
        self._on_log(line.decode("ascii", "backslashreplace"))


def _gone(problem: OSError) -> Gone:
    said = problem.strerror or problem
    return Gone(f"the port failed ({said}): the cable was pulled, the device restarted, or its tonusctl sim ended")


def _opened(line: bytes, method: str) -> dict[str, Any]:
    """The object in a reply's line, once its CRC is right."""
    if len(line) > LINE_MAX:
        raise Damaged(f"{method}: the answer is longer than {LINE_MAX} bytes")
    sealed = _SEAL.fullmatch(line)
    if not sealed or crc_of(sealed[1]) != sealed[2].decode():
        raise Damaged(f"{method}: the answer's CRC is {'wrong' if sealed else 'missing'}")
    try:
        reply = json.loads(sealed[1].decode("ascii"))
    except (ValueError, RecursionError):
        raise Damaged(f"{method}: the answer is not JSON") from None
    if not isinstance(reply, dict) or reply.get("jsonrpc") != "2.0" or ("result" in reply) == ("error" in reply):
        raise Damaged(f"{method}: the answer is not a reply of JSON-RPC 2.0")
    return reply


def _result(reply: dict[str, Any], method: str) -> dict[str, Any]:
    if "error" in reply:
        error = reply["error"]
        code, message = (error.get("code"), error.get("message")) if isinstance(error, dict) else (None, None)
        if isinstance(code, bool) or not isinstance(code, int) or not isinstance(message, str):
            raise Damaged(f"{method}: the answer's error has no code and message")
        raise DeviceRefused(code, _printable(message))
    result = reply["result"]
    if not isinstance(result, dict):
        raise Damaged(f"{method}: the answer's result is not an object")
    return result


def _printable(value: object) -> str:
    """For one line on a terminal, whatever the device sent."""
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(c if " " <= c <= "~" else f"\\u{ord(c):04x}" for c in text)
