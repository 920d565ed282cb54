"""`python -m tonus_tools.chip.drawn`: presets drawn at random, on the emulated chip and in the simulator.

Each is any of those that the validator accepts, by its seed: a waveform of any kind, rate and width, at any level, into
some skin, with a lift near the end. Both must tell the same story (agree.py): the same states, the same phases, samples
that came too late as often.

A second takes some fifteen of a processor's on the chip. Exit code 0: they agree; 1: some do not; 2: it could not be
run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from random import Random
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from tonus import limits
from tonus.fields import FieldError
from tonus.preset import parse

from ..errors import ToolError
from ..sim import runner as simulator
from ..sim.scenario import load
from . import runner as chip
from .agree import Agreement, compare, unseen

PRESETS, SECONDS = 12, 20
FROM_S = 2.2  # switched on and ready
SKINS = ("good", "typical", "2k")
KINDS = ("biphasic", "alternating", "swept", "modulated")
OK, BAD, UNUSABLE = 0, 1, 2

Document = dict[str, Any]


@dataclass(frozen=True)
class Played:
    """One preset in both places."""

    seed: int
    document: Document
    level: int
    agreement: Agreement
    unseen: tuple[int, int]  # samples that came too late: in the simulator, on the chip
    wall_s: float

    @property
    def text(self) -> str:
        """Its waveform, for people."""
        w = self.document["zones"][0]["waveform"]
        to = f"..{w['rate_to_hz']:g}" if "rate_to_hz" in w else ""
        burst = f" x{w['burst_pulses']}" if "burst_pulses" in w else ""
        return f"{w['kind']} {w['rate_hz']:g}{to} Hz {w['phase_us']} us{burst}"


def draw(seed: int) -> Document:
    """A preset document of one zone that the validator accepts; the same for ever."""
    random = Random(f"{seed}:preset")
    while True:
        document = _document(random)
        try:
            parse(json.dumps(document))
        except FieldError:
            continue
        return document


def _document(random: Random) -> Document:
    """Each field within its own range, slow and fast, short and long alike; whether they go together is to be seen."""

    evenly = random.random() < 0.5  # or as much of each tenfold

    def even(least: float, most: float) -> float:
        return random.uniform(least, most) if evenly else exp(random.uniform(log(least), log(most)))

    def hz() -> float:
        return round(even(limits.RATE_MIN_DHZ, limits.RATE_MAX_DHZ)) / 10

    kind = random.choice(KINDS)
    waveform: Document = {"kind": kind, "rate_hz": hz(), "phase_us": round(even(100, 125_000))}
    if kind == "alternating":
        waveform["burst_pulses"] = round(even(1, 200))
    else:
        waveform["gap_us"] = round(even(50, 10_000))
    if kind == "swept":
        waveform |= {"rate_to_hz": hz(), "sweep_s": round(even(1, 120))}
    if kind == "modulated":
        shape = random.choice(("sine", "trapezoid"))
        depth = random.randint(10, 100)
        if shape == "sine":
            waveform["envelope"] = {"shape": shape, "period_ms": 2 * round(even(500, 10_000)), "depth_pct": depth}
        else:
            waveform["envelope"] = {
                "shape": shape,
                "rise_ms": round(even(500, 10_000)),
                "hold_ms": random.randint(0, 20_000),
                "fall_ms": round(even(500, 10_000)),
                "low_ms": random.randint(0, 20_000),
                "depth_pct": depth,
            }
    zone = {"region": "jaw", "side": "left", "duration_s": 600, "cue_s": random.randint(3, 30), "waveform": waveform}
    return {
        "schema": 2,
        "id": "drawn",
        "name": "Drawn",
        "top_ua": random.randint(50, 500),
        "ramp_ms": round(even(500, 10_000)),
        "zones": [zone],
    }


def play(seed: int, seconds: float = SECONDS) -> Played:
    """A drawn preset for so long, in both places. Raises SimulatorError, UsageError."""
    document = draw(seed)
    random = Random(f"{seed}:session")
    level = 1
    lift_s = FROM_S + seconds * random.uniform(0.8, 0.9)
    # On skin before it is armed, and at one level: else a millisecond decides which probe finds the skin, and on the
    # foreground's work hangs when a level acts.
    entries: list[Document] = [
        {"at": 0, "press": "MODE", "for_s": FROM_S - 0.1},
        {"at": FROM_S - 0.1, "touch": random.choice(SKINS)},
        {"at": FROM_S, "press": "PLUS", "for_s": 0.07},
        {"at": round(lift_s, 4), "lift": True},
        {"at": round(FROM_S + seconds, 4), "press": "MODE"},
    ]
    start = {"seed": seed, "bounce_ms": 0}
    with tempfile.TemporaryDirectory(prefix="tonus-drawn-") as folder:
        (Path(folder) / "drawn.json").write_text(json.dumps(document), encoding="utf-8")
        path = Path(folder) / "scenario.json"
        scenario = {"name": f"preset {seed}", "until_s": round(FROM_S + seconds + 0.3, 4), "start": start}
        path.write_text(json.dumps(scenario | {"presets": ["drawn.json"], "do": entries}), encoding="utf-8")
        loaded = load(path)
        traces = simulator.run(loaded), chip.run(loaded)
    agreement = compare(*traces, round(1e6 * FROM_S))
    return Played(seed, document, level, agreement, (unseen(traces[0]), unseen(traces[1])), traces[1].wall_seconds)


def table(played: Sequence[Played], seconds: float) -> Table:
    """A row for each."""
    made = Table(title=f"{len(played)} drawn presets, {seconds:g} s each, simulator and chip", title_justify="left")
    made.box, made.padding, made.pad_edge = SIMPLE_HEAD, (0, 0), False
    made.add_column("preset")
    for name in ("uA", "states", "phases", "start", "current", "unseen", "wall", ""):
        made.add_column(name, justify="right", no_wrap=True)
    for one in played:
        found = one.agreement
        made.add_row(
            f"{one.seed}: {one.text}",
            str(one.document["top_ua"] * one.level // limits.LEVELS),
            f"{found.changes}, {found.worst_state_ms:.0f} ms",
            str(found.phases),
            f"{found.worst_start_us} us",
            f"{found.worst_current_pct:.2f} %",
            "{} {}".format(*one.unseen),
            f"{one.wall_s:.0f} s",
            "differs" if found.differences else "agrees",
        )
    return made


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tonus_tools.chip.drawn", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--presets", type=int, default=PRESETS, help=f"how many ({PRESETS})")
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"how long each plays, 3 at least ({SECONDS})")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time (all cores)")
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    if options.seconds < 3:
        parser.error(f"--seconds {options.seconds:g}; allowed 3 and more")
    seeds = range(options.first, options.first + options.presets)
    try:
        with ProcessPoolExecutor(options.jobs) as pool:
            played = []
            for one in pool.map(play, seeds, [options.seconds] * len(seeds)):
                played.append(one)
                print(f"{one.seed}: {one.text}: {'; '.join(one.agreement.differences) or 'agrees'}", file=sys.stderr)
    except (ToolError, simulator.SimulatorError) as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    console.print(table(played, options.seconds))
    for one in played:
        for difference in one.agreement.differences:
            console.print(f"DIFFERS preset {one.seed}: {difference}", style="bold red", soft_wrap=True, markup=False)
    return BAD if any(one.agreement.differences for one in played) else OK


if __name__ == "__main__":
    sys.exit(main())
