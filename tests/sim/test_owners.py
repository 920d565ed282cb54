"""Each timer and each interrupt has an owner: MicroPython ends those that nobody holds, at its next collection."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from devices import changed_firmware
from test_start import Started
from tonus_tools.sim.live import Live
from tonus_tools.sim.scenario import Scenario, Start
from tonus_tools.world.boards import FIRMWARE

COLLECT = """
import gc
for i in range(200): x = [bytearray(50) for j in range(50)]; gc.collect()

"""


def test_safe_mode_switches_off_after_collections(tmp_path: Path) -> None:
    with Live(Scenario("safe", 1, start=Start(usb=True)), tmp_path / "flash.img") as live:
        it = Started(live)
        live = it.live
        live._on_record = it.records.append  # from here on
        live.do("hold", "MINUS")
        live.run(1_000_000)
        live.do("release", "MINUS")
        live.send(b"\x01" + COLLECT.encode() + b"\x04")
        live.run(1_000_000)
        live.send(b"\x02")
        live.do("hold", "MODE")
        live.run(200_000)
        live.do("release", "MODE")
        live.do("usb", False)  # on the cell, by the latch alone
        live.run(300_000)
        assert it.of("world")[-1] == ["usb", False]
        it.hold_mode()
        assert it.of("power") == [[0]]


@pytest.mark.parametrize("task", ["panel", "power"])
def test_the_device_runs_on_through_collections(task: str, tmp_path: Path) -> None:
    """A collection at every turn of a task, through a session, and off by MODE: nothing is missed."""
    place = f'            self._beats["{task}"] += 1\n'
    firmware = changed_firmware(tmp_path, ("tonus/app.py", place, place + "            gc.collect()\n"))
    records: list[list[object]] = []
    scenario = Scenario("collect", 1, start=Start(touch="good"))
    with Live(scenario, tmp_path / "flash.img", firmware, records.append) as live:
        it = Started(live)
        it.records = records
        it.on()
        for _ in range(3):
            live.do("hold", "PLUS")
            live.run(100_000)
            live.do("release", "PLUS")
            live.run(100_000)
        live.run(4_000_000)
        assert [log["to"] for log in it.logs("state")][-1] == "TREAT"
        it.hold_mode()
        assert it.of("power")[-1] == [0]
        assert it.logs("fault") == []


@pytest.mark.parametrize("path", sorted(FIRMWARE.rglob("*.py")), ids=lambda path: path.name)
def test_what_is_made_of_hardware_that_calls_back_is_kept(path: Path) -> None:
    """`Timer(...)` is the value of an assignment; `.irq(...)` is asked of what is kept."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assigned = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Assign)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in ("Timer", "StateMachine"):
            assert id(node) in assigned, f"{path.name}:{node.lineno}"
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("irq", "init"):
            assert not isinstance(node.func.value, ast.Call), f"{path.name}:{node.lineno}"


def test_the_pio_is_free_for_the_stage_whatever_was_left_in_it(tmp_path: Path) -> None:
    """Thirty instructions of a program that somebody tried before."""
    place = "class App:\n"
    left = "@rp2.asm_pio(out_init=(0,), set_init=(0,), out_shiftdir=rp2.PIO.SHIFT_RIGHT)\ndef left():\n"
    left += "    set(pins, 0)\n" * 30
    left += "rp2.StateMachine(0, left, freq=8_000_000, out_base=machine.Pin(0), set_base=machine.Pin(0))\n"
    firmware = changed_firmware(tmp_path, ("tonus/app.py", place, left + "\n\n" + place))
    records: list[list[object]] = []
    with Live(Scenario("pio", 1), tmp_path / "flash.img", firmware, records.append) as live:
        it = Started(live)
        it.records = records
        it.on()
        assert [log["to"] for log in it.logs("state")] == ["STANDBY"]
