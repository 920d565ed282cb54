"""The line protocol over the chip's own USB: on the emulated RP2040, or on the board at --device."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from broken_presets import MESSAGES
from emulated import PRESETS, Emulated
from tonus import preset
from tonus_tools.chip.live import Live
from tonus_tools.ctl import ports
from tonus_tools.ctl.client import Client
from tonus_tools.errors import DeviceRefused, LinkError
from tonus_tools.sim.live import VirtualSerial

Work = Callable[[Client], Any]
TEXTS = [preset.canonical(preset.parse(json.dumps(document))) for document in PRESETS[:2]]


@pytest.fixture
def connected(request: pytest.FixtureRequest) -> Callable[[Work], Any]:
    """`connected(work)` is what `work(client)` returns. A board has its presets again afterwards."""
    port = request.config.getoption("--device")
    if not port:
        device: Emulated = request.getfixturevalue("emulated")
        return lambda work: device.with_client(lambda client, live: work(client))

    def on_board(work: Work) -> Any:
        with ports.connected(port) as (_, client):
            before = client.read_bank()
            try:
                return work(client)
            finally:
                if before.shipped:
                    client.bank_reset()
                else:
                    client.write_bank([text for _, text in before.presets])

    return on_board


def test_what_it_is_and_how_it_fares(connected: Callable[[Work], Any]) -> None:
    def work(client: Client) -> None:
        assert client.info.micropython == "1.28.0"
        assert "bank.commit" in client.discover()["methods"]
        readings = client.selftest()
        assert 0 <= readings["zero_mcodes"] <= 25_000
        assert abs(readings["dac_offset_na"]) < 300
        counters = client.counters()
        assert counters["missed"] == 0
        assert counters["heap_free"] >= 80_000
        assert client.set_clock() == pytest.approx(client.now(), abs=60)  # an emulated one is slow

    connected(work)


def test_presets_pushed_are_read_back_and_refused_ones_change_nothing(connected: Callable[[Work], Any]) -> None:
    def work(client: Client) -> None:
        bank = client.write_bank(TEXTS)
        assert [text for _, text in bank.presets] == TEXTS
        document, message = MESSAGES[8]
        with pytest.raises(DeviceRefused) as refused:
            client.write_bank([json.dumps(document)])
        assert message in str(refused.value)
        assert client.read_bank() == bank

    connected(work)


class Port(VirtualSerial):
    """Fails when the device has lost its supply, as a computer's port does."""

    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self._flash = live.device.flash

    def read(self, size: int = 1) -> bytes:
        data = super().read(size)
        if 0 < self._flash.cut_at <= self._flash.writes:
            raise OSError("no such device")
        return data


# Of the eight or so writes of a commit, one in the new file and the last, which puts it in the old one's place.
@pytest.mark.parametrize("write", [2, 6])
def test_power_lost_in_a_commit(emulated: Emulated, write: int) -> None:
    def work(client: Client, live: Live) -> tuple[list[str], bool]:
        before = client.read_bank()
        live.do("cut_power_at_write", write)
        with pytest.raises(LinkError):
            client.write_bank(TEXTS)
        live.run(1_000_000)  # the cable feeds it: it starts again
        live.heard.clear()
        again = Client(VirtualSerial(live))
        again.connect()
        after = again.read_bank()
        assert after.damage is None
        return [text for _, text in after.presets], after.presets == before.presets

    texts, old = emulated.with_client(work, Port)
    assert old or texts == TEXTS
