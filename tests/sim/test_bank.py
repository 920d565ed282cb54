"""The bank through the cable: what is pushed is what is pulled, and nothing that goes wrong on the way harms it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from broken_presets import MESSAGES
from devices import BOOTED_US, Device, canonical, changed_firmware, device, example, large
from hypothesis import HealthCheck, given, settings
from strategies import Document, documents, loose_documents
from tonus import bank, preset
from tonus.fields import FieldError
from tonus_tools.ctl.client import Client, bank_crc
from tonus_tools.errors import DeviceRefused, LinkError

SHIPPED = [preset.canonical(p) for p in bank.shipped()]
OLD, NEW = canonical(example("old")), canonical(example("new"), example("newer", top_ua=300))

PRESET_REFUSED, BANK_REFUSED, NO_TRANSACTION, INVALID_PARAMS = -32012, -32013, -32011, -32602


@pytest.fixture(scope="module")
def plugged() -> Iterator[Device]:
    """One device for the tests that do not mind which bank it has."""
    with device() as made:
        yield made


def texts(made: Device) -> list[str]:
    return [text for _, text in made.client.read_bank().presets]


def test_a_new_device_has_the_shipped_presets() -> None:
    with device() as made:
        found = made.client.read_bank()
        assert [text for _, text in found.presets] == SHIPPED
        assert (found.generation, found.shipped, found.damage) == (0, True, None)


def test_push_pull_push(plugged: Device) -> None:
    sixteen = canonical(*[large(f"p{i}") for i in range(16)])
    first = plugged.client.write_bank(sixteen)
    pulled = plugged.client.read_bank()
    assert [text for _, text in pulled.presets] == sixteen
    again = plugged.client.write_bank([text for _, text in pulled.presets])
    assert again.crc32 == first.crc32 == bank_crc(sixteen)
    assert again.generation == first.generation + 1


def test_sixteen_presets_go_over_in_two_seconds(plugged: Device) -> None:
    """Of the cable's and the flash's time; the processor's own is measured on the chip."""
    sixteen = canonical(*[large(f"p{i}") for i in range(16)])
    assert sum(map(len, sixteen)) > 32_000
    began_us = plugged.live.now_us
    transaction = plugged.client._send(sixteen, lambda sent, of: None)
    plugged.client.bank_commit(transaction, bank_crc(sixteen))
    assert plugged.live.now_us - began_us < 2_000_000


def test_what_was_pushed_is_there_after_power_was_off_and_is_what_plays() -> None:
    with device() as made:
        made.client.write_bank(canonical(example("mine", name="My own", top_ua=100)))
        made.live.do("usb", False)
        made.live.run(2_000_000)
        made.live.do("hold", "MODE")
        made.live.run(700_000)
        made.live.do("release", "MODE")
        made.live.do("touch", "good")
        made.live.run(BOOTED_US)
        made.press("PLUS", 10)
        made.live.run(3_000_000)
        trace = made.live.finish()
    assert {log.fields["name"] for log in trace.logs_of("mode")[-1:]} == {"My own"}
    assert trace.final_state == "TREAT"
    assert 95 < trace.phases.peak_ua.max() <= 100


def test_a_reset_brings_the_shipped_presets_back(plugged: Device) -> None:
    before = plugged.client.write_bank(OLD)
    plugged.client.bank_reset()
    after = plugged.client.read_bank()
    assert [text for _, text in after.presets] == SHIPPED
    assert after.shipped
    assert after.generation == before.generation + 1


# The host and the device accept the same presets.


@given(documents() | loose_documents())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_host_and_device_accept_and_refuse_the_same(document: Document) -> None:
    """Whole presets, allowed or not, through the wire; where both refuse, in the same words."""
    made = _shared()
    text = json.dumps(document)
    expected = None
    try:
        text = preset.canonical(preset.parse(text))
    except FieldError as problem:
        expected = f"presets[0]: {problem}"
    assert _put(made, text) == expected
    if expected is None:
        assert texts(made) == [text]


_devices: list[Device] = []


@pytest.fixture(autouse=True, scope="module")
def shared(plugged: Device) -> Iterator[None]:
    """hypothesis does not go together with fixtures that are given to its tests."""
    _devices.append(plugged)
    yield
    _devices.clear()


def _shared() -> Device:
    return _devices[0]


def _put(made: Device, text: str) -> str | None:
    """Send a bank of this one text and commit it; the device's words when it refuses the text."""
    client = made.client
    transaction = client.bank_begin(1)
    pieces = [text[i : i + 400] for i in range(0, len(text), 400)]
    try:
        for i, piece in enumerate(pieces):
            client.bank_put(transaction, 0, 400 * i, piece, i == len(pieces) - 1)
    except DeviceRefused as refused:
        return refused.reason if refused.code == PRESET_REFUSED else f"error {refused.code}: {refused.reason}"
    client.bank_commit(transaction, bank_crc([text]))
    return None


@pytest.mark.parametrize(("document", "message"), MESSAGES)
def test_messages(document: object, message: str, plugged: Device) -> None:
    """The table of broken presets, word for word as the tools on the laptop say it."""
    before = plugged.client.bank_list()
    text = document if isinstance(document, str) else json.dumps(document)
    assert _put(plugged, text) == f"presets[0]: {message}"
    assert plugged.client.bank_list() == before


@pytest.mark.parametrize(
    "text",
    [
        OLD[0].replace(":", ": "),
        OLD[0].replace('"schema":2,', "").replace('"ramp_ms":1000', '"ramp_ms":1000,"schema":2'),
        OLD[0].replace('"rate_hz":20', '"rate_hz":20.0'),
        OLD[0].replace('"rate_hz":20', '"rate_hz":020'),
        OLD[0].replace('"top_ua":200', '"top_ua":400,"top_ua":200'),
        OLD[0].replace("}]}", "},]}"),
        OLD[0] + " ",
    ],
)
def test_a_preset_written_in_another_way_is_refused(text: str, plugged: Device) -> None:
    """Also what MicroPython's JSON takes and the laptop's does not: one preset is one text, whose CRC both know."""
    assert _put(plugged, text) == "presets[0]: not in canonical form"


# Transactions.


def test_a_transaction_that_another_one_begins_in_is_over(plugged: Device) -> None:
    client = plugged.client
    client.write_bank(OLD)
    first = client.bank_begin(1)
    client.bank_put(first, 0, 0, NEW[0][:50], False)
    second = client.bank_begin(1)
    for late in (
        lambda: client.bank_put(first, 0, 50, NEW[0][50:], True),
        lambda: client.bank_commit(first, bank_crc(NEW[:1])),
        lambda: client.bank_abort(first),
    ):
        with pytest.raises(DeviceRefused) as refused:
            late()
        assert refused.value.code == NO_TRANSACTION
    client.bank_put(second, 0, 0, NEW[0], True)
    client.bank_commit(second, bank_crc(NEW[:1]))
    assert texts(plugged) == NEW[:1]


@pytest.mark.parametrize("presets", [NEW[:1], [NEW[0], NEW[0]], [*NEW, OLD[0]]])
def test_a_bank_that_is_not_what_was_announced_is_refused(presets: list[str], plugged: Device) -> None:
    client = plugged.client
    client.write_bank(OLD)
    transaction = client.bank_begin(2)
    with pytest.raises(DeviceRefused) as refused:
        _send(client, transaction, presets)
    assert refused.value.code in (BANK_REFUSED, PRESET_REFUSED, INVALID_PARAMS)
    assert texts(plugged) == OLD


def test_a_bank_of_another_crc_is_refused(plugged: Device) -> None:
    client = plugged.client
    client.write_bank(OLD)
    transaction = client.bank_begin(1)
    client.bank_put(transaction, 0, 0, NEW[0], True)
    with pytest.raises(DeviceRefused) as refused:
        client.bank_commit(transaction, "00000000")
    assert (refused.value.code, refused.value.reason) == (
        BANK_REFUSED,
        f"CRC-32 00000000 was named; the presets put have {bank_crc(NEW[:1])}",
    )
    assert texts(plugged) == OLD


def test_two_seconds_of_silence_end_a_transaction(plugged: Device) -> None:
    client = plugged.client
    client.write_bank(OLD)
    transaction = client.bank_begin(1)
    plugged.live.run(1_800_000)
    client.bank_put(transaction, 0, 0, NEW[0], True)
    plugged.live.run(2_300_000)
    with pytest.raises(DeviceRefused) as refused:
        client.bank_commit(transaction, bank_crc(NEW[:1]))
    assert refused.value.code == NO_TRANSACTION
    assert texts(plugged) == OLD


class Pulled:
    """A cable that comes out of the computer with the byte `at` of what goes to the device."""

    def __init__(self, made: Device, at: int) -> None:
        self.timeout: float | None = 1.0
        self.sent = 0
        self._made = made
        self._at = at

    def write(self, data: bytes) -> int:
        left = self._at - self.sent
        self.sent += len(data)
        if left > 0:
            self._made.port.write(data[:left])
        if left <= len(data):
            self._made.live.run(40_000)  # what was sent arrives
            self._made.live.do("usb", False)
            raise OSError("the cable is out")
        return len(data)

    def read(self, size: int) -> bytes:
        if self.sent >= self._at:
            raise OSError("the cable is out")
        self._made.port.timeout = self.timeout
        return self._made.port.read(size)

    def close(self) -> None:
        pass


def test_the_cable_pulled_at_every_byte_of_a_push() -> None:
    """Plugged in again the device has the old bank whole, or the new one."""
    outcomes: list[list[str]] = []
    with device() as made:
        made.client.write_bank(OLD)
        while not outcomes or made.client.bank_list().crc32 == bank_crc(OLD):
            port = Pulled(made, len(outcomes) + 1)
            with suppress(LinkError):
                _push(Client(port), NEW)
            made.live.run(100_000)  # longer than a collection and a write to the flash: it is seen to be out
            made.live.do("usb", True)
            made.live.run(30_000)
            made.live.heard.clear()
            outcomes.append(texts(made))
            assert outcomes[-1] in (OLD, NEW), len(outcomes)
    assert len(outcomes) > sum(map(len, NEW))  # the bytes of the presets, and those of the requests around them
    assert outcomes[-1] == NEW


def _push(client: Client, presets: list[str]) -> None:
    _send(client, client.bank_begin(len(presets)), presets)


def _send(client: Client, transaction: int, presets: list[str]) -> None:
    for index, text in enumerate(presets):
        client.bank_put(transaction, index, 0, text, True)
    client.bank_commit(transaction, bank_crc(presets))


# A flash that does not hold what is written

SPOILT = 'with open(%s, "r+b") as f: f.seek(9); f.write(b"?")'


@pytest.mark.parametrize("method", ["commit", "reset"])
def test_a_bank_that_is_lost_once_it_is_in_force_leaves_the_shipped_ones(method: str, tmp_path: Path) -> None:
    """The answer, the error and what the tools say are what is then true, also after the next start."""
    lost = SPOILT % "self._path"
    rename = (
        "tonus/bank.py",
        "        self._new = None\n        self.damage = None\n",
        "        self._new = None\n        self.damage = None\n        " + lost + "\n",
    )
    flash = tmp_path / "flash.img"
    with device(flash=flash) as made:
        made.client.write_bank(OLD)
    with device(flash=flash, firmware=changed_firmware(tmp_path, rename)) as made:
        made.live.run(500_000)  # from a flash with a past a start takes longer
        with pytest.raises(
            DeviceRefused,
            match="^the device refused: the flash did not keep the new bank; the shipped presets are in force$",
        ):
            made.client.write_bank(NEW) if method == "commit" else made.client.bank_reset()
        found = made.client.bank_list()
        assert (found.shipped, found.presets) == (True, list(bank.SHIPPED))
        assert found.damage is not None
        assert found.damage.startswith("does not read back: ")
        assert [id for id, _ in made.client.read_bank().presets] == list(bank.SHIPPED)
        made.treat(3_000_000)
        made.live.run(100_000)
        assert made.client.device_info().state == "CHARGING"
    with device(flash=flash) as made:
        found = made.client.bank_list()
        assert (found.shipped, found.presets) == (True, list(bank.SHIPPED))
        assert found.damage is not None
        assert [record["name"] for record in made.client.journal("fault")] == ["bank_damaged"]


def test_a_bank_that_is_lost_before_it_is_in_force_changes_nothing(tmp_path: Path) -> None:
    lost = SPOILT % '(self._path + ".new")'
    firmware = changed_firmware(
        tmp_path, ("tonus/bank.py", "        try:\n            held", f"        {lost}\n        try:\n            held")
    )
    with device(firmware=firmware) as made:
        with pytest.raises(DeviceRefused, match="^the device refused: the flash failed: error 5; nothing was changed$"):
            made.client.write_bank(NEW)
        found = made.client.bank_list()
        assert (found.shipped, found.damage, found.generation) == (True, None, 0)
