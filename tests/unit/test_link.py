"""The device's end of the line: what is answered, what is not, and that an echo of what it sends falls silent."""

from __future__ import annotations

import asyncio
import json
import random
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_lines import mutated, value_of
from tonus import echo, limits, link
from tonus.fields import FieldError
from tonus.link import Choice, Crc, Flag, Integer, Link, Refused, Text, method

Document = dict[str, Any]
INFO = {"jsonrpc": "2.0", "id": 1, "method": "info"}
LOGGED = (
    '{"t": 0, "e": "safe_mode", "board": "tonus_r1"}',
    '{"id": "lift", "t": 12, "name": "Lift", "e": "mode", "zones": [["brow", 60]]}',
    '{"e": "trace", "line": "Traceback (most recent call last):", "t": 99}',
    '{"t": 5, "line": "  File \\"tonus/app.py\\", line 1, in x", "e": "trace"}',
    '{"to": "ARMED", "from": "STANDBY", "cause": "plus", "t": 7, "e": "state"}',
)
BAD = (b"{", b",,", b"01", b"\xff", b"[]", b'"a text of some length"', b"{}", b'{"id":null}', b"x" * 1100, b'{"a" 1}')


class Device:
    """A Link with three methods. `run`: how often each was."""

    def __init__(self) -> None:
        self.run = {"info": 0, "set": 0, "say": 0}
        self.link = Link(
            {
                "info": method("what it is", self._method("info"), False, {}),
                "set": method("set it", self._method("set"), True, {"n": Integer(0, 9)}),
                "say": method("say it", self._method("say"), False, {}, {"text": Text(30), "kind": Choice("a", "b")}),
            }
        )

    def _method(self, name: str) -> Any:
        async def run(params: Document) -> Document:
            self.run[name] += 1
            return {"method": name, "methods": ["info", "set"], "params": params}

        return run

    def hear(self, line: bytes) -> bytes | None:
        """The reply's line to a line, both without their ends."""
        for at in range(0, len(line), 100):
            assert not self.link.take(line[at : at + 100], 0)
        assert self.link.take(b"\n", 0)
        reply = asyncio.run(self.link.answer())
        return None if reply is None else reply.encode()

    def ask(self, line: bytes | Document) -> Document | None:
        """The reply to it, its CRC checked."""
        reply = self.hear(line if isinstance(line, bytes) else json.dumps(line).encode())
        if reply is None:
            return None
        assert sealed(reply[:-9]) == reply
        assert len(reply) <= limits.LINE_MAX
        found: Document = json.loads(reply[:-9])
        return found


def sealed(data: bytes) -> bytes:
    return data + b"*%08x" % zlib.crc32(data)


def code(reply: Document | None) -> int | None:
    """The error's, 0 of a result, None of silence."""
    if reply is None:
        return None
    error: Document = reply.get("error", {"code": 0})
    return int(error["code"])


# JSON


@pytest.mark.parametrize("seed", range(4))
def test_a_line_is_taken_if_and_only_if_it_is_json(seed: int) -> None:
    rng = random.Random(seed)
    device = Device()
    for _ in range(5000):
        line = mutated(rng).replace(b"\n", b" ")
        if line.strip(b"\r") == b"":
            continue
        try:
            value = value_of(line.removesuffix(b"\r"))
        except ValueError:
            expected = None if echo.marked(line) else link.NOT_JSON
        else:
            expected = link.INVALID_REQUEST
            if isinstance(value, dict):
                if not echo.asks(value):
                    expected = None
                elif "method" in value and value.get("id") is not None:
                    continue  # a request, right or wrong, is another test's
        assert code(device.ask(line)) == expected, line


def test_white_space_and_utf_8_are_json() -> None:
    device = Device()
    assert code(device.ask(b'\t{ "jsonrpc" :"2.0",\r"id":1 , "method":"info"} \r\r')) == 0
    asked = {"jsonrpc": "2.0", "id": 1, "method": "say", "params": {"text": "\u00e9\U0001f600"}}
    for ascii_only in (True, False):
        reply = device.ask(sealed(json.dumps(asked, ensure_ascii=ascii_only).encode()))
        assert reply is not None
        assert reply["result"]["params"] == asked["params"]


@pytest.mark.parametrize("id", [0, -1, 2**29 - 1, 1 - 2**29, "a", "x" * 36, "1", '"\\'])
def test_an_id_comes_back_as_it_was(id: object) -> None:
    reply = Device().ask({**INFO, "id": id})
    assert reply is not None
    assert (reply["id"], type(reply["id"])) == (id, type(id))
    assert code(reply) == 0


@pytest.mark.parametrize("id", [None, True, 1.0, 2**29, -(2**29), 10**300, "", "x" * 37, "\u00e9", "\x7f", [], {}])
def test_an_id_that_no_reply_could_bear_is_refused(id: object) -> None:
    reply = Device().ask({**INFO, "id": id})
    assert reply is not None
    assert (reply["id"], code(reply)) == (None, link.INVALID_REQUEST)


def test_of_two_fields_of_a_name_the_last_counts() -> None:
    device = Device()
    reply = device.ask(b'{"jsonrpc":"2.0","id":1,"id":2,"method":"set","method":"info"}')
    assert reply is not None
    assert (reply["id"], device.run["info"], device.run["set"]) == (2, 1, 0)


def test_deeper_than_the_limit_is_a_clear_error() -> None:
    reply = Device().ask(b"[" * 500)
    assert reply is not None
    assert code(reply) == link.NOT_JSON
    assert reply["error"]["message"] == "nested too deep at byte 64; allowed 64 levels"


# What is not answered


@pytest.mark.parametrize("seal", [False, True])
@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "method": "info"},
        {"jsonrpc": "2.0", "method": "set", "params": {"n": 1}},
        {"jsonrpc": "2.0", "method": "set", "params": {"n": 10}},
        {"jsonrpc": "2.0", "method": "no such"},
        {"jsonrpc": "2.0", "method": "info", "params": [1]},
        {"method": "info"},
        {"jsonrpc": "2.0", "method": "info", "result": {}},
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": ""}},
        {"t": 1, "e": "mode", "id": "lift"},
    ],
)
def test_notifications_responses_and_log_lines_are_neither_carried_out_nor_answered(
    message: Document, seal: bool
) -> None:
    device = Device()
    line = json.dumps(message).encode()
    for end in (b"", b"\r"):
        assert device.hear((sealed(line) if seal else line) + end) is None
    assert set(device.run.values()) == {0}
    assert (device.link.requests, device.link.errors) == (0, 0)


@pytest.mark.parametrize("line", [*BAD, *(sealed(line) for line in BAD), b"{}*00000000"])
def test_what_is_no_request_is_answered(line: bytes) -> None:
    assert (code(Device().ask(line)) or 0) < 0


@pytest.mark.parametrize("message", [{}, {"id": 1}, {"jsonrpc": "2.0", "method": 1}, {"jsonrpc": "2.0", "id": None}])
def test_an_object_that_is_no_request_is_answered(message: Document) -> None:
    assert code(Device().ask(message)) == link.INVALID_REQUEST


requests = st.fixed_dictionaries(
    {"jsonrpc": st.sampled_from(["2.0", "1.0"]), "id": st.integers() | st.text(max_size=40)},
    optional={
        "method": st.sampled_from(["info", "set", "say", "none"]) | st.text(max_size=40),
        "params": st.dictionaries(
            st.sampled_from(["n", "text", "kind"]) | st.text(max_size=9), st.integers() | st.text()
        ),
    },
).map(lambda message: json.dumps(message).encode())
heard = st.lists(st.binary(max_size=80) | requests | requests.map(sealed) | st.sampled_from(BAD), max_size=8).map(
    lambda lines: [line.replace(b"\n", b"") for line in lines]
)


@given(heard, st.sampled_from([b"", b"\r"]))
def test_nothing_that_was_sent_is_answered(lines: list[bytes], end: bytes) -> None:
    device = Device()
    for line in lines:
        reply = device.hear(line)
        assert reply is None or device.hear(reply + end) is None
    for logged in LOGGED:
        assert device.hear(logged.encode() + end) is None


class Port:
    """A host that sends back all it hears, damaged by `damage`, until it hears nothing."""

    def __init__(self, damage: Any) -> None:
        self._damage = damage
        self.device = Device()
        self.answers = 0

    def send(self, data: bytes) -> None:
        for _ in range(60):
            back = b""
            *lines, rest = data.split(b"\n")
            for line in lines:
                reply = self.device.hear(line)
                if reply is not None:
                    self.answers += 1
                    back += reply + b"\r\n"
            if rest:
                self.device.link.take(rest, 0)
            late = self.device.link.abandon()
            if late is not None:
                self.answers += 1
                back += late.encode() + b"\r\n"
            if not back:
                return
            data = self._damage(back)
        raise AssertionError("it never falls silent")


def say_log_lines(device: Device) -> bytes:
    for line in LOGGED:
        device.link._sent.keep(line)
    return "\r\n".join([*LOGGED, ""]).encode()


def cut(rng: random.Random, data: bytes) -> bytes:
    """In pieces, a line end behind each."""
    at = sorted(rng.randrange(len(data)) for _ in range(rng.randrange(1, 4)))
    return b"\n".join(data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True))


def holed(rng: random.Random, data: bytes) -> bytes:
    """With bytes lost, perhaps the line end."""
    a, b = sorted((rng.randrange(len(data)), rng.randrange(len(data) + 1)))
    return data[:a] + data[b:]


def mixed(rng: random.Random, data: bytes) -> bytes:
    """With a request, or a piece of one, in the middle."""
    request = sealed(json.dumps(INFO).encode())[: rng.randrange(1, 60)]
    at = rng.randrange(len(data))
    return data[:at] + request + rng.choice([b"", b"\n"]) + data[at:] if rng.randrange(3) else data


@pytest.mark.parametrize("damage", [cut, holed, mixed])
@pytest.mark.parametrize("seed", range(20))
def test_an_echo_that_is_damaged_falls_silent(damage: Any, seed: int) -> None:
    rng = random.Random(seed)
    port = Port(lambda data: damage(rng, data))
    port.send(b"".join(line + b"\n" for line in (*BAD, json.dumps(INFO).encode())))
    port.send(damage(rng, say_log_lines(port.device)))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data,
        lambda data: data.replace(b"\r\n", b"\n"),
        lambda data: data.replace(b"\r\n", b"\n\n"),
        lambda data: data.replace(b"\r", b"^M"),
        lambda data: data.replace(b"\r\n", b""),
        lambda data: data.replace(b"\r\n", b"  \r\n"),
        lambda data: data[: len(data) // 2] + b"\n" + data[len(data) // 2 :],
        lambda data: data[1:],
        lambda data: data[:-12] + b"\n",
        lambda data: data.upper().lower(),
    ],
)
def test_an_echo_as_terminals_make_it_is_not_answered(damage: Any) -> None:
    port = Port(damage)
    port.send(b'{"a" 1}\n')
    port.send(json.dumps(INFO).encode() + b"\n")
    assert port.answers == 2
    port.send(damage(say_log_lines(port.device)))
    assert port.answers <= 3  # of a log line cut in two, a piece too short to tell


def test_a_request_that_was_begun_is_given_up_with_an_error_whatever_was_sent_before() -> None:
    device = Device()
    assert code(device.ask(INFO)) == 0
    device.link.take(b'{"jsonrpc":"2.0","id":1,', 0)
    late = device.link.abandon()
    assert late is not None
    assert code(json.loads(late[:-9])) == link.ABANDONED


def test_the_line_that_was_found() -> None:
    line = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"not valid JSON"}}*d189c27d'
    assert Device().hear(line) is None


# Both ends of the line


def test_longer_than_the_longest_is_skipped_to_its_end() -> None:
    device = Device()
    assert code(device.ask(b"x" * 5000)) == link.TOO_LONG
    assert code(device.ask(INFO)) == 0
    padded = json.dumps(INFO).encode()
    padded += b" " * (limits.LINE_MAX - len(padded))
    assert code(device.ask(padded)) == 0
    assert code(device.ask(padded + b"\r")) == 0
    assert code(device.ask(padded + b" ")) == link.TOO_LONG


def test_what_changes_something_must_be_sealed() -> None:
    device = Device()
    asked = {"jsonrpc": "2.0", "id": 1, "method": "set", "params": {"n": 1}}
    assert code(device.ask(asked)) == link.CRC_REQUIRED
    assert device.run["set"] == 0
    assert code(device.ask(sealed(json.dumps(asked).encode()))) == 0
    assert code(device.ask(json.dumps(asked).encode() + b"*00000000")) == link.DAMAGED
    assert device.run["set"] == 1


# Each refusal


@pytest.mark.parametrize(
    ("check", "good", "bad", "allowed"),
    [
        (Integer(0, 9), [0, 9], [-1, 10, True, 1.0, "1", None], "0..9"),
        (Text(3), ["a", "abc", "\u00e9"], ["", "abcd", 1, None], "1..3 characters"),
        (Flag(), [True, False], [0, 1, None, "true"], "true, false"),
        (Choice("a", "b"), ["a", "b"], ["", "c", "ab", 1, None], "a, b"),
        (Crc(), ["0123abcd"], ["0123ABCD", "0123abc", "0123abcde", "0123abcg", 1, None], "eight lower-case hex digits"),
    ],
    ids=lambda value: type(value).__name__ if callable(value) else "",
)
def test_a_parameter_is_what_its_check_allows(check: Any, good: list[object], bad: list[object], allowed: str) -> None:
    for value in good:
        check({"x": value}, "x")
    for value in bad:
        with pytest.raises(FieldError) as caught:
            check({"x": value}, "x")
        assert str(caught.value) == f"params.x: {json.dumps(value)}; allowed {allowed}"
    assert check.allowed == allowed


@pytest.mark.parametrize(
    ("asked", "code_", "message"),
    [
        ({"jsonrpc": "1.0"}, link.INVALID_REQUEST, 'jsonrpc: "1.0"; allowed "2.0"'),
        ({"method": 1}, link.INVALID_REQUEST, "method: 1; allowed text"),
        ({"method": "none"}, link.UNKNOWN_METHOD, 'method: "none"; rpc.discover lists those there are'),
        ({"params": [1]}, link.INVALID_REQUEST, "params: [...]; allowed an object"),
        ({"more": 1}, link.INVALID_REQUEST, "more: unknown field; allowed jsonrpc, id, method, params"),
        ({"params": {"x": 1}}, link.INVALID_PARAMS, "params.x: unknown field; allowed "),
        ({"method": "set"}, link.INVALID_PARAMS, "params.n: missing; required are n"),
        ({"method": "set", "params": {"n": 10}}, link.INVALID_PARAMS, "params.n: 10; allowed 0..9"),
        ({"method": "say", "params": {"kind": "c"}}, link.INVALID_PARAMS, 'params.kind: "c"; allowed a, b'),
    ],
    ids=lambda value: "",
)
def test_a_request_that_is_wrong_is_told_where(asked: Document, code_: int, message: str) -> None:
    device = Device()
    reply = device.ask(sealed(json.dumps(INFO | asked).encode()))
    assert reply == {"jsonrpc": "2.0", "id": 1, "error": {"code": code_, "message": message}}
    assert set(device.run.values()) == {0}
    assert (device.link.requests, device.link.errors) == (0, 1)


@pytest.mark.parametrize(
    ("problem", "code_", "message"),
    [
        (Refused(link.BUSY, "not now"), link.BUSY, "not now"),
        (FieldError("params.x", "1; allowed 2"), link.INVALID_PARAMS, "params.x: 1; allowed 2"),
        (OSError(5, "EIO"), link.STORAGE, "the flash failed: error 5"),
        (MemoryError("more"), link.INTERNAL, 'MemoryError: "more"'),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_whatever_a_method_raises_is_answered(problem: Exception, code_: int, message: str) -> None:
    async def run(params: Document) -> Document:
        raise problem

    device = Device()
    device.link = Link({"info": method("it fails", run, False, {})})
    reply = device.ask(INFO)
    assert reply == {"jsonrpc": "2.0", "id": 1, "error": {"code": code_, "message": message}}
    assert (device.link.requests, device.link.errors) == (0, 1)


def test_an_empty_line_is_nothing() -> None:
    device = Device()
    assert device.hear(b"") is None
    assert device.hear(b"\r") is None
    assert device.link.errors == 0


def test_silence_is_counted_from_the_last_byte() -> None:
    device = Device()
    device.link.take(b"{", 100)
    device.link.take(b'"', 130)
    assert device.link.silent_ms(140) == 10
    assert device.link.abandon() is not None
    assert device.link.abandon() is None  # once


def test_a_cable_that_goes_takes_its_line_with_it() -> None:
    device = Device()
    device.link.take(b"x" * 5000, 0)
    device.link.clear()
    assert device.link.abandon() is None
    assert code(device.ask(INFO)) == 0


def test_what_a_device_has_told_comes_back_as_no_request() -> None:
    """A line that is JSON, but no request that could be answered with its id."""
    device = Device()
    device.link._sent.keep('{"told": [1, 2, 3], "id": [], "more": "of some length"}')
    assert device.hear(b'{"told": [1, 2, 3], "id": [], "more": "of some length"}') is None
    assert code(device.ask(b'{"told": [1, 2, 4], "id": [], "more": "of other length"}')) == link.INVALID_REQUEST
