"""Whatever comes over the cable: the device answers or skips it, keeps its bank and memory, and puts out nothing."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from devices import Device, canonical, device, example
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from json_lines import value_of
from tonus import calibration, echo

BANK = canonical(example("mine"), example("other", top_ua=320))
OTHER = canonical(example("new"))[0]
CHANGING = ["device.clock", "bank.begin", "bank.put", "bank.commit", "bank.abort", "calibration.hold"]
METHODS = [*CHANGING, "rpc.discover", "device.info", "device.counters", "bank.list", "bank.read", "journal.read"]
METHODS += ["calibration.read", "calibration.write", "calibration.reset", "calibration.release"]
PARAMS = [
    "method",
    "unix_s",
    "id",
    "offset",
    "presets",
    "transaction",
    "index",
    "text",
    "last",
    "crc32",
    "kind",
    "after",
    "code",
    *calibration.NAMES,
]

_made: list[Device] = []


@pytest.fixture(autouse=True, scope="module")
def plugged() -> Iterator[None]:
    """One device for everything here, examined at the end."""
    with device() as made:
        made.client.write_bank(BANK)
        _made.append(made)
        yield
        _made.clear()
        made.live.run(1_000_000)
        trace = made.live.finish()
    assert len(trace.phases) == 0
    assert len(trace.of("boot")) == 1
    assert trace.faults == []


def sealed(data: bytes) -> bytes:
    return data + b"*%08x" % zlib.crc32(data)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, 1, -1, 2**29, 2**31, -(2**63), 10**40, 10**300])
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["lift", "mine", "session", "fault", "00000000", OTHER, OTHER[:100]]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
params = st.dictionaries(st.sampled_from(PARAMS) | st.text(max_size=10), values, max_size=6)
requests = st.fixed_dictionaries(
    {
        "jsonrpc": st.just("2.0"),
        "id": st.integers(-(2**29), 2**29),
        "method": st.sampled_from(METHODS),
        "params": params,
    }
)


def put(transaction: int, index: int, offset: int, last: bool) -> dict[str, Any]:
    params = {"transaction": transaction, "index": index, "offset": offset, "text": OTHER, "last": last}
    return {"jsonrpc": "2.0", "id": 1, "method": "bank.put", "params": params}


puts = st.builds(put, st.integers(1, 60), st.integers(0, 2), st.sampled_from([0, 0, 5]), st.booleans())


def begin(presets: int) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 2, "method": "bank.begin", "params": {"presets": presets}}


begins = st.builds(begin, st.integers(1, 3))
odd = st.dictionaries(st.sampled_from(["jsonrpc", "id", "method", "params", "x"]), values)
written = (requests | puts | begins | odd | values).map(lambda value: json.dumps(value).encode())
nested = st.builds(
    lambda opening, depth, inside: opening.encode() * depth + inside,
    st.sampled_from('[{"('),
    st.integers(1, 1100),
    st.binary(),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A request with some bytes changed, lost or cut off."""
    line = bytearray(sealed(draw(written)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(line) - 1))
        line[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
        if not line:
            return b""
    return bytes(line)


lines = (
    written.map(sealed)
    | written
    | damaged()
    | nested
    | nested.map(sealed)
    | st.binary(max_size=200)
    | st.integers(1000, 1100).map(lambda n: b"x" * n)
    | st.sampled_from([b"", b"\r", b"\x03", b"\x04", b"\x01", b"*00000000", sealed(b""), b"\x00" * 1024])
).map(lambda line: line.replace(b"\n", b"") + b"\n")


def answers(made: Device, data: bytes) -> list[dict[str, Any]]:
    """What comes back for these bytes: every reply, its CRC checked."""
    made.live.send(data)
    heard = -1
    while heard != len(made.live.heard):
        heard = len(made.live.heard)
        made.live.run(300_000)  # longer than any request takes
    found = []
    for line in bytes(made.live.heard).split(b"\r\n"):
        if line.startswith(b'{"jsonrpc"'):
            assert sealed(line[:-9]) == line
            assert len(line) <= 1024
            found.append(json.loads(line[:-9]))
    made.live.heard.clear()
    return found


def asks(line: bytes) -> bool:
    """Whether PROTOCOL.md promises an answer to a line: not to an empty one, a notification, a reply, or an echo."""
    inner = line[:-9] if line == sealed(line[:-9]) else line
    try:
        value = value_of(inner)
    except ValueError:
        return bool(line) and not echo.marked(line)
    return not isinstance(value, dict) or echo.asks(value)


def harmless(made: Device) -> None:
    """The device is what it was. A commit by chance would take a right CRC."""
    found = made.client.read_bank()
    assert [text for _, text in found.presets] == BANK
    assert made.client.device_info().state == "CHARGING"


@given(st.lists(lines, min_size=1, max_size=20))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_each_line_that_asks_gets_one_answer_and_does_no_harm(sent: list[bytes]) -> None:
    made = _made[0]
    expected = [line for line in sent if asks(line.rstrip(b"\n").removesuffix(b"\r"))]
    found = answers(made, b"".join(sent))
    assert len(found) == len(expected), (sent, found)
    for reply in found:
        assert ("result" in reply) != ("error" in reply)
        if "error" in reply:
            assert reply["error"]["code"] != -32603, reply
            assert reply["error"]["message"].isascii()
            assert reply["error"]["message"].isprintable()
    harmless(made)


def test_a_line_that_is_not_finished_is_given_up() -> None:
    made = _made[0]
    made.live.run(100_000)
    assert answers(made, b'{"jsonrpc":"2.0","id":1,') == []
    made.live.run(2_200_000)
    assert b'"code":-32004' in made.live.heard
    made.live.heard.clear()
    harmless(made)


def test_a_thousand_lines_leave_the_memory_as_it_was() -> None:
    made = _made[0]
    rng = random.Random(7)
    _send_mixed(made, rng, 50)  # what grows once, buffers and names, has grown
    before = made.client.counters()["heap_free"]
    _send_mixed(made, rng, 1000)
    harmless(made)
    assert made.client.counters()["heap_free"] >= before


def _send_mixed(made: Device, rng: random.Random, count: int) -> None:
    """Requests that change something, right and damaged, and plain rubbish, in batches of 25."""
    for _ in range(count // 25):
        batch = b""
        for kind in range(25):
            line = sealed(json.dumps(put(rng.randrange(1, 9), 0, 0, True)).encode())
            if kind % 5 == 1:
                line = bytes(rng.randrange(256) for _ in range(rng.randrange(1200)))
            elif kind % 5 == 2:
                line = line[: rng.randrange(len(line))]
            elif kind % 5 == 3:
                line = sealed(b"[" * rng.randrange(1000))
            elif kind % 5 == 4:
                line = sealed(json.dumps(begin(2)).encode())
            batch += line.replace(b"\n", b"") + b"\n"
        answers(made, batch)
