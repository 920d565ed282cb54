"""The simulator's world passes the same current and charge as the netlist. Every list and load: `make spice`."""

from __future__ import annotations

from typing import Any

import pytest
from tonus_tools.spice import agreement, ngspice
from tonus_tools.spice.agreement import compare, in_world, lists
from tonus_tools.spice.deck import LOADS
from tonus_tools.spice.drive import BOARD, codes_of, single
from tonus_tools.world.model import World

CHOSEN = (
    "lift biphasic 10",
    "lift modulated 5",
    "calm swept 1",
    "absorb alternating 10",
    "probe",
    "500 uA, 100 us, 300 Hz",
)


@pytest.mark.skipif(not ngspice.available(), reason="ngspice is not installed")
@pytest.mark.parametrize("load", ["500", "10k", "good", "poor"])
@pytest.mark.parametrize("what", CHOSEN)
def test_phase_by_phase(what: str, load: str) -> None:
    pairs = compare(what, dict(lists())[what], LOADS[load])
    assert pairs
    assert max(pair.current_error for pair in pairs) <= 1
    assert max(pair.charge_error for pair in pairs) <= 1


def test_every_phase_of_a_list_comes_back() -> None:
    for what, drive in lists():
        assert len(in_world(drive, "500")) == len(drive.phases), what


def world(*faults: str) -> tuple[Any, list[tuple[str, int]]]:
    """A world at 400 uA on 500 Ohm with its rail up, and what it has told."""
    told: list[tuple[str, int]] = []
    start = {"battery_pct": 100, "usb": False, "temperature_c": 25, "touch": "500"}
    made = World(BOARD, lambda kind, t_us, text: told.append((kind + text[:1], t_us)), start, 1)
    made.on_input = lambda: None
    made.faults.update(faults)
    for t_us in range(0, agreement.WARM_UP_US, 1000):
        made.alive_edge(t_us)
    made.set_switches(agreement.WARM_UP_US, False, False, False)
    made.write_dac(agreement.WARM_UP_US, agreement.DAC_WRITE | codes_of(400))
    return made, told


def play(made: Any, pulses: int) -> None:
    """Pulses of Lift, STAGE_ALIVE kept up."""
    for level in single(codes_of(400), 500, cycles=pulses).levels():
        t_us = agreement.WARM_UP_US + level.t_us
        made.alive_edge(t_us)
        made.set_switches(t_us, level.a, level.b, True)


def test_the_world_s_watch_trips_at_charge_in_one_direction() -> None:
    made, told = world("switch_welded")
    play(made, 560)
    (tripped,) = [t_us for kind, t_us in told if kind == "latch1"]
    # 16 uA: 61.5 uC less what 6.8 s forget.
    assert 5.0e6 < tripped - agreement.WARM_UP_US < 6.5e6


def test_the_world_s_watch_leaves_whole_parts_alone() -> None:
    made, told = world()
    play(made, 400)
    assert not [kind for kind, _ in told if kind.startswith("latch")]


def test_the_world_s_watch_trips_at_twice_the_current() -> None:
    made, told = world("rset_low")
    play(made, 2)
    assert [kind for kind, _ in told if kind.startswith("latch")] == ["latch1"]


def test_a_phase_without_end_is_ended() -> None:
    made, told = world()
    start_us = agreement.WARM_UP_US + 1000
    made.set_switches(start_us, True, False, True)
    for t_us in range(start_us, start_us + 300_000, 1000):
        made.alive_edge(t_us)
    (tripped,) = [t_us for kind, t_us in told if kind == "latch1"]
    assert tripped - start_us == pytest.approx(155_500, abs=2500)
