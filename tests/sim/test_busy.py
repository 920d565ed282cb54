"""The breadboard has a console while it treats its dummy load: asking is allowed, changing anything is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from devices import Device, canonical, device, example
from tonus_tools.ctl.client import Client, bank_crc
from tonus_tools.errors import DeviceRefused
from tonus_tools.sim.checks import check
from tonus_tools.sim.scenario import Scenario, Start

NEW = canonical(example("new"))
BUSY, NO_TRANSACTION = -32010, -32011


def treat(made: Device) -> Client:
    """Without VBUS_SENSE the breadboard treats; its console answers all the same."""
    client = made.connect()
    made.press("PLUS", 5)
    made.live.run(4_000_000)
    assert client.device_info().state == "TREAT"
    return client


@pytest.mark.parametrize(
    "change",
    [
        lambda client: client.bank_begin(1),
        lambda client: client.bank_reset(),
        lambda client: client.selftest(),
        lambda client: client.reboot(),
        lambda client: client.bootloader(),
    ],
    ids=["begin", "reset", "selftest", "reboot", "bootloader"],
)
def test_nothing_changes_while_the_output_is_on(change: Callable[[Client], object]) -> None:
    with device(board="pico_bench", usb=False) as made:
        client = treat(made)
        with pytest.raises(DeviceRefused) as refused:
            change(client)
        assert refused.value.code == BUSY
        assert len(client.read_bank().presets) == 4
        assert client.device_info().state == "TREAT"
        made.live.run(500_000)
        trace = made.live.finish()
    assert check(trace, Scenario("bench", 1, board="pico_bench", start=Start())) == []


def test_the_output_ends_a_transaction_and_what_was_sent_is_forgotten() -> None:
    with device(board="pico_bench", usb=False) as made:
        client = made.connect()
        transaction = client.bank_begin(1)
        client.bank_put(transaction, 0, 0, NEW[0], True)
        made.press("PLUS", 3)  # within the 2 s of silence
        with pytest.raises(DeviceRefused) as refused:
            client.bank_commit(transaction, bank_crc(NEW))
        assert refused.value.code == NO_TRANSACTION
        made.live.run(1_000_000)
        assert client.device_info().state in ("RAMP_UP", "TREAT")
        made.press("MODE")
        made.live.run(100_000)
        assert client.read_bank().shipped
        assert [text for _, text in client.write_bank(NEW).presets] == NEW
        trace = made.live.finish()
    assert check(trace, Scenario("bench", 1, board="pico_bench", start=Start())) == []
