"""Plays one seed's fault on the emulated RP2040."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from ..chip import runner
from . import kinds
from .draw import plan
from .play import CHIP, Played, preset_of
from .verdict import judge


def play(seed: int, only: str | None = None) -> Played:
    """The run of this seed; a second of it takes some fifteen of a processor's."""
    began = time.monotonic()
    fault = kinds.fault(seed, only, chip=True)
    with tempfile.TemporaryDirectory(prefix="tonus-campaign-") as folder:
        made = plan(seed, fault, Path(folder), short=True)
        verdict = judge(runner.run(made.scenario), made)
    wall_s = round(time.monotonic() - began, 2)
    return Played(seed, CHIP, fault.kind, fault.case, preset_of(made), verdict, "", wall_s)
