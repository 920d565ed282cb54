"""What is at the other end of the simulated cable: each host has its habits. On CPython, with a machine of its own."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tonus_tools import world
from tonus_tools.sim import scenario
from tonus_tools.sim.runner import TARGET
from tonus_tools.world import habits

S = 1_000_000
LINE = '{"t": 5, "e": "cue", "zone": 1}\n'


class Machine:
    """What usb.py needs of a machine."""

    def __init__(self) -> None:
        self.now = 0
        self.world = SimpleNamespace(usb=True, has_cell=True)
        self.told: list[tuple[str, int, str]] = []

    def emit(self, kind: str, t_us: int, text: str) -> None:
        self.told.append((kind, t_us, text))

    def spend(self, us: int) -> None:
        self.now += us

    def heard(self) -> None:
        pass


@pytest.fixture
def usb() -> Any:
    """A new Usb, with the machine as `usb._machine`."""
    spec = importlib.util.spec_from_file_location("tonus_sim_usb", TARGET / "usb.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    machine = Machine()
    core: Any = ModuleType("core")
    core.spend = machine.spend
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "core", core)
        patch.setitem(sys.modules, "world", world)
        spec.loader.exec_module(module)
    return module.Usb(machine, False)


def received(usb: Any, until_us: int, every_us: int = 100) -> bytes:
    """What the device gets while it reads all it can."""
    found = bytearray()
    while usb._machine.now < until_us:
        usb._machine.now += every_us
        while usb.readable():
            found.append(usb.read())
    return bytes(found)


def test_a_host_that_reads_says_nothing_of_its_own(usb: Any) -> None:
    usb.write(LINE)
    assert received(usb, 10 * S) == b""
    assert [kind for kind, *_ in usb._machine.told] == ["log"]


def test_a_terminal_echoes_all_that_the_device_says(usb: Any) -> None:
    usb.host = "echoes"
    usb.write(LINE)
    assert received(usb, S) == LINE.replace("\n", "\r\n\r\n").encode()
    usb._machine.world.usb = False
    usb.write(LINE)
    assert received(usb, 2 * S) == b""


def test_a_flood_comes_as_fast_as_full_speed_and_no_faster_than_it_is_read(usb: Any) -> None:
    usb.host = "floods"
    fast = received(usb, S // 10)
    assert len(fast) == pytest.approx(64 * 100_000 / habits.FLOOD_PACKET_US, rel=0.05)
    assert fast.startswith(habits.FLOOD + habits.FLOOD)
    usb._machine.now += 100 * S  # nobody reads: what there is no room for waits at the host
    assert usb.readable()
    assert sum(len(data) for _, data in usb._packets) <= 256


def test_a_deaf_host_holds_the_device_up_and_its_log_goes_on(usb: Any) -> None:
    usb.host = "deaf"
    assert not usb.writable()
    usb.write(LINE)
    assert usb._machine.now == 500_000  # MicroPython gives up
    assert [kind for kind, *_ in usb._machine.told] == ["log"]
    usb.host = "reads"
    assert usb.writable()
    usb.write(LINE)
    assert usb._machine.now == 500_000


def test_a_modem_manager_probes_a_port_that_is_new(usb: Any) -> None:
    usb.host = "probes"
    got = received(usb, 40 * S)
    assert got.startswith(b"".join(habits.PROBES))
    assert 12 <= sum(got.count(probe[:2]) for probe in (b"AT", b"~\x00")) <= 14


def test_a_charger_hears_nothing_and_holds_nothing_up(usb: Any) -> None:
    usb.host = "absent"
    assert usb.writable()
    usb.write(LINE * 100)
    usb.send(0, "hello\n")
    assert usb._machine.now == 0
    assert received(usb, 10 * S) == b""
    assert [kind for kind, *_ in usb._machine.told] == ["log"] * 100


def test_without_a_cable_no_host_has_habits(usb: Any) -> None:
    usb._machine.world.usb = False
    for host in scenario.HOSTS:
        usb.host = host
        usb.write(LINE)
        assert received(usb, usb._machine.now + 10 * S) == b"", host
