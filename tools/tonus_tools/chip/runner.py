"""Runs one scenario on the emulated RP2040; its trace has the simulator's format."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import IO

from ..sim.runner import OnLine, with_presets
from ..sim.scenario import Scenario
from ..sim.trace import Record, Trace
from ..world.boards import FIRMWARE
from .live import Live


def run(scenario: Scenario, on_line: OnLine | None = None, keep: IO[str] | None = None) -> Trace:
    """Run `scenario`; returns its trace with `wall_seconds` set.

    `on_line` is given each record as it arrives; `keep` each line of the trace. Raises SimulatorError, UsageError.
    """

    def take(record: Record) -> None:
        if keep is not None:
            keep.write(json.dumps(record) + "\n")
        if on_line is not None:
            on_line(record)

    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tonus-chip-") as folder:
        firmware = with_presets(scenario, Path(folder)) if scenario.presets else FIRMWARE
        live = Live(scenario, firmware=firmware, on_record=take)
    for action in scenario.timeline:
        if action.at_us > live.now_us:
            live.run(action.at_us - live.now_us)
        live.do(action.do, action.value)
    live.run(scenario.until_us - live.now_us)
    trace = live.finish()
    trace.wall_seconds = time.monotonic() - began
    return trace
