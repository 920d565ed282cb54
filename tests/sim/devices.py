"""Live simulated devices with their cable in, and a client at the other end: what the tests of this folder share."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tonus import preset
from tonus_tools.ctl.client import Client
from tonus_tools.sim.live import Live, VirtualSerial
from tonus_tools.sim.scenario import Scenario, Start
from tonus_tools.world.boards import FIRMWARE

BOOTED_US = 2_000_000  # a device that was switched on answers by then


class Device:
    """A live device, the host's end of its cable, and a client that is connected."""

    def __init__(self, live: Live, cuts: list[int]) -> None:
        self.live = live
        self.cuts = cuts  # times (us) at which the supply failed in a write, as they come
        self.port = VirtualSerial(live)
        self.client = Client(self.port)

    def connect(self) -> Client:
        """Wait until it has started, and connect anew."""
        self.live.run(BOOTED_US)
        self.live.heard.clear()
        self.client = Client(self.port)
        self.client.connect()
        return self.client

    def press(self, button: str, times: int = 1, for_us: int = 120_000) -> None:
        for _ in range(times):
            self.live.do("hold", button)
            self.live.run(for_us)
            self.live.do("release", button)
            self.live.run(100_000)

    def treat(self, us: int, touch: str = "good") -> None:
        """Out with the cable, a session of level 2 for so long, and in with it again."""
        self.live.do("usb", False)
        self.live.do("touch", touch)
        self.live.run(300_000)
        self.press("PLUS", 2)
        self.live.run(us)
        self.live.do("usb", True)
        self.live.do("lift", True)


@contextmanager
def device(
    flash: Path | None = None, firmware: Path = FIRMWARE, board: str = "tonus_r1", **start: Any
) -> Iterator[Device]:
    """A device that starts with its cable in, connected."""
    scenario = Scenario("live", 1, board=board, start=Start(**({"usb": True} | start)))
    cuts: list[int] = []
    with Live(scenario, flash, firmware, lambda record: cuts.append(record[1]) if record[0] == "cut" else None) as live:
        made = Device(live, cuts)
        if scenario.start.usb:
            made.connect()
        yield made


def changed_firmware(folder: Path, *changes: tuple[str, str, str]) -> Path:
    """A copy of the firmware in which, in each file, one text is another."""
    firmware = folder / "firmware"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
    for name, before, after in changes:
        path = firmware / name
        text = path.read_text(encoding="utf-8")
        assert before in text, (name, before)
        path.write_text(text.replace(before, after), encoding="utf-8")
    return firmware


def example(id: str = "mine", **changes: Any) -> dict[str, Any]:
    """A small preset that is allowed."""
    waveform = {"kind": "biphasic", "rate_hz": 20, "phase_us": 500, "gap_us": 100}
    zone: dict[str, Any] = {"region": "cheek", "side": "left", "duration_s": 30, "cue_s": 5, "waveform": waveform}
    return {"schema": 2, "id": id, "name": "Mine", "top_ua": 200, "ramp_ms": 1000, "zones": [zone]} | changes


def large(id: str) -> dict[str, Any]:
    """A preset about as large as they come: sixteen zones, like a whole face with its own waveform each."""
    zones = []
    for i in range(16):
        zone = copy.deepcopy(example()["zones"][0])
        zone |= {"name": f'zone "{i}" of {id}', "duration_s": 60 + i % 10}
        zone["waveform"] |= {"rate_hz": 20.5 + i, "phase_us": 500 + i}
        zones.append(zone)
    return example(id, zones=zones)


def canonical(*documents: dict[str, Any]) -> list[str]:
    return [preset.canonical(preset.parse(json.dumps(document))) for document in documents]
