"""Plays one seed's fault, and judges it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..sim import runner
from ..sim.runner import SimulatorError
from ..sim.trace import Trace
from ..world.boards import FIRMWARE
from . import kinds
from .draw import LEAK_WATCH_S, Plan, plan
from .image import rotten
from .verdict import BAD, Verdict, judge

SIMULATOR, CHIP = "simulator", "chip"


@dataclass(frozen=True)
class Played:
    """One run. hit: what a bit's flip hit, by name; wall_s: how long it took."""

    seed: int
    where: str
    kind: str
    case: str
    preset: str
    verdict: Verdict
    hit: str = ""
    wall_s: float = 0.0

    def row(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def play(seed: int, only: str | None = None, firmware: Path = FIRMWARE, watch_s: float = 0.0) -> Played:
    """The run of this seed, in the simulator."""
    began = time.monotonic()
    fault = kinds.fault(seed, only)
    with tempfile.TemporaryDirectory(prefix="tonus-campaign-") as folder:
        made = plan(seed, fault, Path(folder), watch_s)
        flash, hit = None, ""
        if fault.flash is not None:
            flash = Path(folder) / "flash.img"
            hit = rotten(flash, made.preset, fault.flash)
        try:
            trace = _run(made, firmware, flash)
        except SimulatorError as error:
            verdict = Verdict(BAD, "", made.state, (f"the simulation ended: {str(error)[-300:]}",))
            return Played(seed, SIMULATOR, fault.kind, fault.case, preset_of(made), verdict)
        verdict = judge(trace, made)
    if verdict.leaks and not watch_s:
        return play(seed, only, firmware, LEAK_WATCH_S)
    hit = hit or ", ".join(str(w.value) for w in trace.world if w.action == "broke")
    return Played(
        seed, SIMULATOR, fault.kind, fault.case, preset_of(made), verdict, hit, round(time.monotonic() - began, 2)
    )


def preset_of(made: Plan) -> str:
    waveform = made.preset.zones[0].waveform
    return (
        f"{made.preset.id} {waveform.kind} {waveform.rate_dhz / 10:g} Hz {waveform.phase_us} us {made.preset.top_ua} uA"
    )


def _run(made: Plan, firmware: Path, flash: Path | None) -> Trace:
    scenario = made.scenario
    if firmware != FIRMWARE:
        # A firmware of one's own has its presets where they are shipped.
        from tonus.bank import SHIPPED

        preset = firmware / "tonus" / "presets" / f"{SHIPPED[0]}.json"
        preset.write_bytes(scenario.presets[0].read_bytes())
        scenario = replace(scenario, presets=())
    return runner.run(scenario, firmware=firmware, flash=flash)
