"""Around the stage: what reaches the cell, mains, touches, an unpowered switch. The whole table is in `make spice`."""

from __future__ import annotations

import importlib.util

import pytest
from tonus_tools.spice import faults, ngspice

if importlib.util.find_spec("skidl") is None:
    pytest.skip("SKiDL is not installed", allow_module_level=True)

from tonus_tools.board import build, describe  # noqa: E402
from tonus_tools.spice import power  # noqa: E402

pytestmark = pytest.mark.skipif(not ngspice.available(), reason="ngspice is not installed")


def test_nothing_but_the_charger_gets_into_the_cell() -> None:
    for found in power.charged_past_the_charger():
        assert found.ua <= power.INTO_CELL_UA[found.celsius], found.when


def test_without_its_diode_usb_would_charge_the_cell_with_amps() -> None:
    """What the run is worth: it sees what it is there for."""
    source = (build.FOLDER / "circuit.py").read_text(encoding="utf-8")
    assert source.count('"VSYS LATCHED"') == 1
    turned = describe.board_of("turned", source.replace('"VSYS LATCHED"', '"LATCHED VSYS"'), build.board().states)
    for latch in power.LATCH:
        assert power.into_cell_ua(turned, 3.0, 4.7, latch, 25) > 100_000


def test_a_cell_the_wrong_way_round_is_not_drawn_from() -> None:
    assert power.reversed_cell_ma(plugged_in=False) < 0.001
    assert power.reversed_cell_ma(plugged_in=True) <= power.PRECHARGE_MA * 1.01


def test_the_relay_keeps_the_mains_from_the_electrodes() -> None:
    assert power.mains_leak_ua(5.0) <= power.LEAK_MAX_UA
    assert power.mains_leak_ua(0.0) > 300  # closed, as without one


@pytest.mark.parametrize("kv", [15.0, -15.0])
@pytest.mark.parametrize("electrode", [1, 2])
def test_a_touch_leaves_the_parts_within_their_limits(kv: float, electrode: int) -> None:
    found = power.touch(kv, electrode)
    assert found.kept, found


def test_the_decoder_does_not_feed_an_unpowered_switch() -> None:
    assert power.fed_rail_v() <= power.FED_MAX_V


@pytest.mark.parametrize("way", faults.WAYS)
@pytest.mark.parametrize("name", ["rset_short", "rset_half", "esd2_short"])
def test_two_ways_of_the_trip_are_enough(name: str, way: str) -> None:
    outcome, _ = faults.play(faults.by_name(name), without=way)
    assert outcome.kept
    assert outcome.trip_us is not None
