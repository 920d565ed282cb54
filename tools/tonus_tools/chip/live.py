"""An emulated device that is told what happens as it runs: sim.live's `Live`, on the emulated RP2040.

Time is the emulator's and moves only in `run`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from ..image import micropython
from ..image.filesystem import BLOCK, BLOCKS, files, filesystem
from ..sim.runner import SimulatorError
from ..sim.scenario import Scenario
from ..sim.trace import Record, Trace, TraceReader
from ..world.boards import FIRMWARE
from .device import Device

HEAP_BYTES = 239_152  # gc.mem_free() of MicroPython 1.28.0 on a RPI_PICO before any file is loaded


class Live:
    """A context manager: inside it the emulated device of `scenario` exists, its timeline left out of account.

    flash: image of the device's file system, kept afterwards; a missing one is made, with the firmware on it.
    firmware: folder to run instead of the project's. on_record is given each record of the trace as it comes.
    Raises SimulatorError, UsageError.
    """

    def __init__(
        self,
        scenario: Scenario,
        flash: Path | None = None,
        firmware: Path = FIRMWARE,
        on_record: Callable[[Record], None] | None = None,
        reader: TraceReader | None = None,
    ) -> None:
        self.heard = bytearray()  # what the device has sent over USB and nobody has read
        self.waiting = 0  # not told here: the emulator takes what comes
        self.in_bootsel = False  # not emulated
        self._on_record = on_record
        self._reader = reader or TraceReader()
        self._flash = flash
        self._stop_on_output = False
        image = micropython.load()
        if flash is not None and flash.exists():
            content = flash.read_bytes()
            if len(content) != BLOCK * BLOCKS:
                raise SimulatorError(f"{flash}: {len(content)} bytes; a flash image has {BLOCK * BLOCKS}")
        else:
            content = filesystem(files(scenario.board, firmware))
        head = {
            "version": 1,
            "scenario": scenario.name,
            "board": scenario.board,
            "micropython": f"{image.version} on an emulated RP2040",
            "heap_bytes": HEAP_BYTES,
        }
        self._emit("trace", 0, json.dumps(head))
        start = scenario.to_target()["start"]
        self.device = Device(image.pages, content, scenario.board, start, scenario.seed, self._emit, self._said)

    @property
    def now_us(self) -> int:
        return self.device.now_us

    def __enter__(self) -> Live:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._flash is not None:
            self._flash.write_bytes(self.device.flash.image)

    def do(self, action: str, value: Any) -> None:
        """Something happens to the device where time stands: an action of SCENARIOS.md, with `hold` and `release`."""
        self.device.do(action, value)

    def send(self, data: bytes) -> None:
        """The host sends bytes; without a cable they are lost."""
        self.device.do("send", data.decode("latin-1"))

    def run(self, us: int, on_output: bool = False) -> None:
        """Let time pass; with `on_output` only until the device sends something."""
        self._stop_on_output = on_output
        self.device.run_until(self.device.now_us + us)
        self._stop_on_output = False

    def finish(self) -> Trace:
        """End the emulation; the trace of all of it."""
        self._emit("end", self.device.now_us, json.dumps({"ticks": self.device.ticks}))
        return self._reader.finish()

    def _said(self, data: bytes) -> None:
        if self.device.connected:
            self.heard += data
            if self._stop_on_output:
                self.device.halt()

    def _emit(self, kind: str, t_us: int, fields: str) -> None:
        record = self._reader.feed(f'["{kind}",{t_us},{fields}]')
        if self._on_record is not None:
            self._on_record(record)
