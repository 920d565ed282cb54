"""Safe mode on the chip: MicroPython's own prompt and mpremote, and an output that stays dead, or dies."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from emulated import Emulated, T
from on_port import on_port
from prompted import for_prompt
from tonus import limits
from tonus_tools.chip.branch import Branch
from tonus_tools.chip.live import Live
from tonus_tools.sim.scenario import Scenario, Start

SAFE = Scenario("safe", 1, start=Start(usb=True, touch="500"))
STARTED_US = 400_000
MPREMOTE = Path(sys.executable).with_name("mpremote")

# The firmware's own pulse loop, as nobody should start it: no session, no supervisor.
PULSES = """
from tonus import preset, program, pulse, stage
with open("/tonus/presets/lift.json") as f: lift = preset.parse(f.read())
from tonus.debounce import Contacts
p = pulse.Pulse(stage.Stage(board), program.compile_probe(board), 0, Contacts(0, 0, 0, None))
p.start()
p.treat(program.compile(lift.zones[0].waveform, 400, board), 10, 500)
"""


@pytest.fixture(scope="module")
def safe(emulated: Emulated) -> Callable[[Callable[[Live], T]], T]:
    """`safe(work)` is what `work` returns of a device in safe mode."""
    live = Live(SAFE)
    live.do("inject", "relay_welded")  # it would take the electrodes off while USB power is present
    live.do("hold", "MINUS")
    live.run(STARTED_US)
    return lambda work: Branch(lambda: work(live)).result()


def mpremote(port: str, *arguments: str) -> str:
    command = [str(MPREMOTE), "connect", port, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_mpremote(safe: Callable[[Callable[[Live], list[str]]], list[str]], tmp_path: Path) -> None:
    there, back = tmp_path / "there.bin", tmp_path / "back.bin"
    there.write_bytes(bytes(range(256)) * 2)

    def work(live: Live) -> list[str]:
        with on_port(live, paced=False) as port:
            listed = mpremote(port, "fs", "ls")
            mpremote(port, "fs", "cp", str(there), ":there.bin")
            mpremote(port, "fs", "cp", ":there.bin", str(back))
            mpremote(port, "soft-reset")
        trace = live.finish()
        assert len(trace.phases) == 0
        assert trace.of("rail") == []
        assert len(trace.of("boot")) == 1
        return [line.split()[-1] for line in listed.splitlines()[1:]]

    assert safe(work) == ["board.mpy", "data/", "main.py", "tonus/"]
    assert back.read_bytes() == there.read_bytes()


@pytest.mark.parametrize("later_us", [0, 700])
def test_a_soft_reset_in_mid_pulse_leaves_the_output_dead(
    safe: Callable[[Callable[[Live], None]], None], later_us: int
) -> None:
    def work(live: Live) -> None:
        live.send(b"\x01")
        live.run(50_000)
        live.send(for_prompt(live, PULSES).encode() + b"\x04")
        live.run(900_000)
        live.send(b"\x02")
        live.run(50_000 + later_us)
        reset_us = live.now_us
        live.send(b"\x04")
        live.run(400_000)
        trace = live.finish()
        assert any("soft reboot" in event.fields[0] for event in trace.of("console"))
        phases = trace.phases
        carried = phases.charge_nc > 0
        assert (phases.code[carried & (phases.t_us < reset_us)] > 100).sum() > 20
        # It stops the timer at the next look at USB, at most a frame and a tick later.
        stopped_us = reset_us + 3000
        assert phases.t_us[carried].max() <= stopped_us
        # A reset within a phase leaves the lines as they are until the PIO is built anew: the rail ends its current.
        rail = trace.of("rail")[-1]
        assert rail.fields == (0,)
        assert rail.t_us <= stopped_us + limits.RAIL_FALL_MS * 1000
        assert phases.charge_nc[carried].max() <= 400 * limits.RAIL_FALL_MS

    safe(work)
