"""The client against a device written from PROTOCOL.md: framing, what is checked, and what an error leaves behind."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from ctl_device import SHIPPED, Device, FakeSerial, bank_crc, crc, id_of
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import documents
from tonus import preset
from tonus_tools.ctl.client import Client
from tonus_tools.errors import Damaged, DeviceRefused, Gone, LinkError, NoAnswer

NOW = 1_750_000_000


def text_of(document: dict[str, Any]) -> str:
    return preset.canonical(preset.build(document))


def named(id: str, name: str = "A", zones: int = 1) -> str:
    waveform = {"kind": "biphasic", "rate_hz": 10, "phase_us": 200, "gap_us": 100}
    zone = {"region": "cheek", "side": "left", "name": "a cheek", "duration_s": 60, "cue_s": 5, "waveform": waveform}
    return text_of({"schema": 2, "id": id, "name": name, "top_ua": 100, "ramp_ms": 500, "zones": [zone] * zones})


def client_of(device: Device, chunk: int = 1 << 20, on_log: Callable[[str], None] | None = None) -> Client:
    client = Client(FakeSerial(device, chunk), on_log, lambda: NOW)
    client.connect()
    return client


def drop(line: bytes) -> bytes:
    return b""


def resealed(line: bytes, old: bytes, new: bytes) -> bytes:
    body = line.rstrip()[:-9]
    assert old in body
    body = body.replace(old, new)
    return body + b"*" + crc(body).encode() + b"\n"


def in_capitals(line: bytes) -> bytes:
    """Its CRC in capitals: of as many blanks more as it takes until there is a letter in it."""
    body = line.rstrip()[:-9]
    while crc(body).isdigit():
        body += b" "
    return body + b"*" + crc(body).upper().encode() + b"\n"


def test_a_crc_without_letters_is_put_off() -> None:
    bare = next(body for n in range(10_000) if crc(body := b"{%d}" % n).isdigit())
    assert not in_capitals(bare + b"*00000000\n").rstrip()[-8:].isdigit()


# Framing


def test_connecting_sets_the_clock_unless_told_not_to() -> None:
    device = Device()
    client_of(device)
    assert device.methods_called == ["device.info", "device.clock"]
    assert device.clock_offset_s == NOW
    device = Device()
    Client(FakeSerial(device)).connect(set_clock=False)
    assert device.clock_offset_s is None


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_replies_are_found_among_log_lines_however_the_bytes_arrive(chunk: int) -> None:
    device = Device()
    device.log = b'{"t":1,"event":"state"}\r\nTraceback \xff\r\n\r\n' + 3000 * b"x" + b"\n"
    logged: list[str] = []
    client = client_of(device, chunk, logged.append)
    assert client.device_info().board == "tonus_r1"
    assert client.bank_list().presets == ["lift", "firm", "absorb", "calm"]
    assert logged[:3] == ['{"t":1,"event":"state"}', "Traceback \\xff", ""]


def test_what_an_earlier_program_left_is_skipped() -> None:
    device = Device()
    device.receive(b'{"jsonrpc":"2.0","id":1,"method":"dev')  # and was stopped
    device.out += b'{"jsonrpc":"2.0","id":1,"result":{}}*' + crc(b'{"jsonrpc":"2.0","id":1,"result":{}}').encode()
    device.out += b'\n{"jsonrpc":"2.0","id":2,"resul\n'
    assert client_of(device).bank_list().generation == 0


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (lambda line: line.replace(b'"generation":0', b'"generation":1'), "CRC is wrong"),
        (lambda line: line.rstrip()[:-9] + b"\n", "CRC is missing"),
        (in_capitals, "CRC is missing"),
        (lambda line: resealed(line, b'"id":', b'"id":-'), "bears id -"),
        (lambda line: resealed(line, b'"result"', b'"error"'), "no code and message"),
        (lambda line: resealed(line, b'"result"', b'"else"'), "not a reply"),
        (lambda line: resealed(line, b'"shipped":true', b'"shipped":1'), "shipped in the answer is of the wrong type"),
        (lambda line: resealed(line, b'"generation":0', b'"generation":true'), "generation in the answer is of"),
        (lambda line: resealed(line, b'"damage"', b'"harm"'), "no damage in the answer"),
        (lambda line: resealed(line, b'"lift"', b"7"), "presets in the answer is of the wrong type"),
        (lambda line: b'{"jsonrpc"' + 2000 * b" " + b"\n", "longer than 1024 bytes"),
    ],
)
def test_a_reply_that_is_not_as_the_protocol_says_is_damaged(tamper: Callable[[bytes], bytes], says: str) -> None:
    device = Device()
    client = client_of(device)
    device.tamper["bank.list"] = tamper
    with pytest.raises(Damaged, match=says):
        client.bank_list()
    del device.tamper["bank.list"]
    assert client.bank_list().generation == 0  # and the conversation goes on


def test_an_error_is_passed_on_with_its_code() -> None:
    client = client_of(Device())
    with pytest.raises(DeviceRefused, match="params.id") as caught:
        client.bank_read("nobody", 0)
    again = pickle.loads(pickle.dumps(caught.value))  # it may come out of another process
    for error in (caught.value, again):
        assert (error.code, error.reason) == (-32602, 'params.id: "nobody" is not in the bank')


def test_a_request_damaged_on_its_way_is_told() -> None:
    device = Device()
    client = client_of(device)
    device.garbled = {"bank.list"}
    with pytest.raises(Damaged, match="could not read the request: damaged line"):
        client.bank_list()


class Chatty(Device):
    """Logs twice a second and answers nothing."""

    def pass_time(self, s: float) -> None:
        super().pass_time(s)
        if self.now_s % 0.5 < s:
            self.out += b'{"t":1}\n'


@pytest.mark.parametrize("kind", [Device, Chatty])
def test_silence_is_given_more_than_two_seconds_and_no_more_than_it_takes(kind: type[Device]) -> None:
    device = kind()
    client = client_of(device)
    start_s = device.now_s
    device.deaf = {"bank.list"}
    with pytest.raises(NoAnswer, match=r"bank.list: no answer in 3 s"):
        client.bank_list()
    assert 2 < device.now_s - start_s < 8


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next() -> None:
    device = Device()
    client = client_of(device)
    late: list[bytes] = []
    device.tamper["bank.list"] = lambda line: late.append(line) or b""  # type: ignore[func-returns-value]
    with pytest.raises(NoAnswer):
        client.bank_list()
    device.out += late[0]
    assert client.counters()["ticks"] == 1000


def test_another_protocol_is_refused_before_anything_else() -> None:
    device = Device()
    device.protocol = 2
    with pytest.raises(Damaged, match="speaks protocol 2, this tonusctl protocol 1"):
        client_of(device)
    assert device.clock_offset_s is None


def test_a_pulled_cable_is_one_error() -> None:
    port = FakeSerial(Device())
    client = Client(port)
    client.connect()
    port.gone = True
    with pytest.raises(Gone, match="Input/output error"):
        client.bank_list()


# Reading


def test_a_bank_that_changes_while_it_is_read_is_read_again() -> None:
    old, new = [named("a"), named("b")], [named("c"), named("b", "B")]
    device = Device(old)
    client = client_of(device)
    device.before["bank.read"] = lambda: device._in_force(new)
    bank = client.read_bank()
    assert (bank.generation, bank.presets) == (2, [(id_of(text), text) for text in new])
    assert bank.crc32 == bank_crc(new)


def test_a_bank_whose_crc_never_fits_is_damaged() -> None:
    device = Device()
    client = client_of(device)
    device.tamper["bank.list"] = lambda line: resealed(line, bank_crc(SHIPPED).encode(), b"00000000")
    with pytest.raises(Damaged, match="do not have the CRC"):
        client.read_bank()


SESSION = {
    "at": NOW, "id": "lift", "name": "Lift", "generation": 0, "level": 5, "top_ua": 400, "treated_ms": 299_500,
    "charge_uc": 3210.5, "good_pct": 97, "ohm": 812, "lifts": 2, "zones": [[30_000, 99]], "why": "ramped_down",
}  # fmt: skip


# What a record says besides since firmware 0.1.0, whose records stay in a device's journal.
DELIVERED = {
    "counted_ms": 299_500, "treated_ms": 113_810, "set_uc": 8300.25, "charge_uc": 3154.1, "share_pct": 38,
    "probe_uc": 0.35, "counted": [[30_000, 45]], "zones": [[13_500, 99]],
}  # fmt: skip


def test_the_journal_is_read_to_its_end() -> None:
    device = Device()
    records = [{"n": 3} | SESSION, {"n": 4} | SESSION | DELIVERED, {"n": 9} | SESSION]
    device.journal["session"] = records
    client = client_of(device)
    assert list(client.journal("session")) == records
    assert list(client.journal("fault")) == []
    device.journal["session"] = [{"n": 3} | SESSION | DELIVERED | {"share_pct": "38"}]
    with pytest.raises(Damaged, match="share_pct in the answer is of the wrong type"):
        list(client.journal("session"))
    device.journal["session"] = [{"n": 3}]
    with pytest.raises(Damaged, match="no at in the answer"):
        list(client.journal("session"))


# Writing


@settings(max_examples=40, deadline=None)
@given(st.lists(documents(max_zones=6), min_size=1, max_size=3, unique_by=lambda d: d["id"]), st.data())
def test_any_bank_is_written_as_it_is_in_lines_of_at_most_1024_bytes(found: list[dict[str, Any]], data: Any) -> None:
    texts = [text_of(document) for document in found]
    device = Device()
    client = client_of(device, data.draw(st.sampled_from((3, 1 << 20))))
    steps: list[tuple[int, int]] = []
    bank = client.write_bank(texts, lambda sent, of: steps.append((sent, of)))
    assert [text for _, text in bank.presets] == device.own == texts
    assert (bank.generation, bank.crc32) == (1, bank_crc(texts))
    assert device.longest_line <= 1024
    assert steps[-1] == (sum(map(len, texts)),) * 2


def test_pieces_fill_their_lines_when_every_character_is_escaped() -> None:
    text = text_of(json.loads(named("a", '"' * 24, zones=15).replace('"a cheek"', json.dumps('\\"' * 12))))
    in_json = len(json.dumps(text)) - 2
    assert in_json > 1.25 * len(text)
    device = Device()
    client_of(device).write_bank([text])
    puts = [request["params"] for request in device.requests if request["method"] == "bank.put"]
    assert 1023 <= device.longest_line <= 1024
    assert len(puts) == in_json // 880 + 1  # what the rest of a put leaves of a line
    assert [put["last"] for put in puts] == [False] * (len(puts) - 1) + [True]


def busy_at_the_second_put(device: Device) -> None:
    device.tamper["bank.put"] = lambda line: setattr(device, "busy", True) or line  # type: ignore[func-returns-value]


def refused_at_commit(device: Device) -> None:
    def spoil() -> None:
        assert device._transaction
        device._transaction.texts.pop()

    device.before["bank.commit"] = spoil


@pytest.mark.parametrize(
    ("harm", "error"),
    [
        (lambda device: setattr(device, "busy", True), DeviceRefused),
        (busy_at_the_second_put, DeviceRefused),
        (lambda device: device.deaf.add("bank.begin"), NoAnswer),
        (lambda device: device.deaf.add("bank.put"), NoAnswer),
        (lambda device: device.tamper.update({"bank.put": lambda line: line[:-5] + b"0000\n"}), Damaged),
        (
            lambda device: device.tamper.update({"bank.put": lambda line: resealed(line, b'chars":', b'chars":9')}),
            Damaged,
        ),
        (refused_at_commit, DeviceRefused),
        (lambda device: device.deaf.add("bank.commit"), NoAnswer),
        (lambda device: device.garbled.add("bank.commit"), Damaged),
    ],
)
def test_an_error_before_the_commit_took_effect_changes_nothing_and_says_so(
    harm: Callable[[Device], object], error: type[LinkError]
) -> None:
    device = Device([named("old")])
    client = client_of(device)
    harm(device)
    with pytest.raises(error, match="; nothing was changed$"):
        client.write_bank([named("a", zones=16), named("b")])
    assert (device.own, device.generation) == ([named("old")], 1)
    assert not device.in_transaction


def test_an_interruption_ends_the_transaction() -> None:
    device = Device()
    client = client_of(device)

    def interrupt(sent: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.write_bank([named("a")], interrupt)
    assert not device.in_transaction
    assert device.methods_called[-1] == "bank.abort"


def test_a_commit_whose_answer_is_lost_is_found_out() -> None:
    device = Device()
    client = client_of(device)
    device.tamper["bank.commit"] = drop
    assert client.write_bank([named("a")]).generation == 1
    assert device.own == [named("a")]


def test_a_bank_that_the_flash_lost_is_told_from_one_that_never_was() -> None:
    device = Device([named("old")])
    client = client_of(device)

    def lose(line: bytes) -> bytes:
        device.own, device.generation, device.damage = None, 0, "does not read back: its line is damaged"
        return b""

    device.tamper["bank.commit"] = lose
    with pytest.raises(
        NoAnswer, match="; the shipped presets are in force: the new bank does not read back: its line is damaged$"
    ):
        client.write_bank([named("a")])


def test_a_commit_that_nobody_can_tell_the_end_of_says_so() -> None:
    device = Device()
    client = client_of(device)
    device.tamper["bank.commit"] = drop
    device.before["bank.commit"] = lambda: device.tamper.update({"bank.list": drop})
    with pytest.raises(NoAnswer, match="it is not known which bank is in force: tonusctl preset list tells"):
        client.write_bank([named("a")])


def test_another_bank_in_force_after_a_lost_answer_is_told() -> None:
    device = Device()
    client = client_of(device)
    device.tamper["bank.commit"] = drop
    device.before["bank.commit"] = lambda: device.before.update(
        {"bank.list": lambda: device._in_force([named("other")])}
    )
    with pytest.raises(NoAnswer, match="neither the old nor the new bank is in force, but generation 2"):
        client.write_bank([named("a")])


def test_what_is_read_back_is_compared() -> None:
    device = Device()
    client = client_of(device)
    device.tamper["bank.commit"] = lambda line: setattr(device, "own", [named("a", "B")]) or line  # type: ignore[func-returns-value]
    with pytest.raises(Damaged, match="not what was sent; it holds a new bank, generation 1"):
        client.write_bank([named("a")])


# Restarting


def test_a_restart_is_seen_and_one_that_does_not_come_is_not_awaited_for_ever() -> None:
    device = Device()
    client = client_of(device)
    before = client.device_info()
    client.reboot()
    assert client.await_restart(before).uptime_ms < 1000
    start_s = device.now_s
    device.booted_s = -1000
    with pytest.raises(NoAnswer, match="did not restart in 10 s"):
        client.await_restart(before)
    device.deaf = {"device.info"}
    with pytest.raises(NoAnswer, match="did not restart in 10 s"):
        client.await_restart(before)
    assert device.now_s - start_s < 30


def test_a_bootloader_is_silent() -> None:
    device = Device()
    client = client_of(device)
    with pytest.raises(NoAnswer, match="still runs its firmware"):
        client.await_silence()
    client.bootloader()
    client.await_silence()
