"""A client that knows JSON-RPC 2.0 and nothing of this device: `jsonrpcclient`, of PyPI."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator

import jsonrpcclient
import pytest
from devices import Device, device


@pytest.fixture(scope="module")
def plugged() -> Iterator[Device]:
    with device() as made:
        yield made


def exchange(made: Device, text: str, seal: bool = False) -> jsonrpcclient.Ok | jsonrpcclient.Error | None:
    """What the device answers to a message; the seal is the line's, not the message's."""
    crc = f"*{zlib.crc32(text.encode()):08x}" if seal else ""
    made.port.write(f"{text}{crc}\n".encode())
    made.live.run(100_000)
    lines = [line for line in made.live.heard.splitlines() if line.startswith(b'{"jsonrpc"')]
    made.live.heard.clear()
    if not lines:
        return None
    (line,) = lines
    response = jsonrpcclient.parse_json(line.decode()[:-9])
    assert isinstance(response, jsonrpcclient.Ok | jsonrpcclient.Error)
    return response


@pytest.mark.parametrize(
    "request_json",
    [
        jsonrpcclient.request_json,
        jsonrpcclient.request_json_hex,
        jsonrpcclient.request_json_random,
        jsonrpcclient.request_json_uuid,
    ],
)
def test_requests_are_answered_with_their_id(plugged: Device, request_json: object) -> None:
    assert callable(request_json)
    text = request_json("device.info")
    response = exchange(plugged, text)
    assert isinstance(response, jsonrpcclient.Ok)
    assert response.result["product"] == "tonus"
    assert response.id == json.loads(text)["id"]
    text = request_json("journal.read", {"kind": "fault", "after": 0})
    assert exchange(plugged, text) == jsonrpcclient.Ok({"record": None}, json.loads(text)["id"])


def test_errors_bear_their_code(plugged: Device) -> None:
    for method, params, code in (
        ("device.dance", None, -32601),
        ("bank.read", {"id": "lift"}, -32602),
        ("bank.read", ("lift", 0), -32600),  # parameters are by name
        ("device.clock", {"unix_s": 1750000000}, -32002),
    ):
        request = jsonrpcclient.request(method, params, id=5)
        response = exchange(plugged, json.dumps(request))
        assert isinstance(response, jsonrpcclient.Error)
        assert (response.code, response.id) == (code, 5)


def test_what_changes_something_is_sealed(plugged: Device) -> None:
    text = jsonrpcclient.request_json("device.clock", {"unix_s": 1750000000}, id="set")
    assert exchange(plugged, text, seal=True) == jsonrpcclient.Ok({"clock": 1750000000}, "set")


def test_notifications_are_not_carried_out(plugged: Device) -> None:
    before = plugged.client.bank_list()
    for text in (
        jsonrpcclient.notification_json("device.info"),
        jsonrpcclient.notification_json("bank.reset"),
        jsonrpcclient.notification_json("device.reboot"),
        jsonrpcclient.notification_json("device.dance", {"no": 1}),
    ):
        assert exchange(plugged, text, seal=True) is None
    plugged.live.run(500_000)
    assert plugged.client.bank_list() == before
    assert plugged.client.device_info().uptime_ms > 1000
