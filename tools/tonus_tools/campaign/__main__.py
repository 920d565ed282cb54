"""`make campaign`: every kind of single fault, at random moments of drawn sessions, in the simulator and on the chip.

Each seed is one run: a device, a preset, a person, a state and a fault (kinds.py, draw.py), judged at the electrodes
(verdict.py). out/campaign.json has every run; CAMPAIGN.md gets the tables when all of it was played.

Exit code 0: nothing is bad but what HAZARDS.md has; 1: something is, each told with its seed; 2: it could not be run.
`--seed N` plays one and shows its figures and its trace's story.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from ..errors import ToolError
from ..sim.runner import SimulatorError
from . import table
from .kinds import BY_NAME
from .play import CHIP, SIMULATOR, Played, play
from .verdict import Verdict

RUNS, CHIP_RUNS = 3000, 60
RESULTS = "campaign.json"
OK, BAD, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _options(sys.argv[1:] if arguments is None else arguments)
    try:
        if options.seed is not None:
            return _one(options)
        return _all(options)
    except (ToolError, SimulatorError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tonus_tools.campaign", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--runs", type=int, default=RUNS, help=f"in the simulator, seeds from --first on ({RUNS})")
    parser.add_argument("--chip", type=int, default=CHIP_RUNS, help=f"on the emulated chip ({CHIP_RUNS})")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--kind", choices=sorted(BY_NAME), help="this kind of fault only")
    parser.add_argument("--seed", type=int, help="play this one, and show its figures")
    parser.add_argument("--on-chip", action="store_true", help="... on the emulated chip")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time (all cores)")
    parser.add_argument("--out", type=Path, default=Path("out"), help=f"folder for {RESULTS} (out)")
    parser.add_argument("--tables", action="store_true", help=f"write CAMPAIGN.md of what {RESULTS} has; play nothing")
    return parser.parse_args(arguments)


def _player(where: str) -> Callable[..., Played]:
    if where == SIMULATOR:
        return play
    from .chip import play as on_chip  # which brings the emulator

    return on_chip


def _one(options: argparse.Namespace) -> int:
    one = _player(CHIP if options.on_chip else SIMULATOR)(options.seed, options.kind)
    for key, value in one.row().items():
        print(f"  {key:<8} {value}")
    return BAD if table.bad([one]) else OK


def _all(options: argparse.Namespace) -> int:
    options.out.mkdir(parents=True, exist_ok=True)
    results = options.out / RESULTS
    began = time.monotonic()
    if options.tables:
        runs = [_from_row(row) for row in json.loads(results.read_text(encoding="utf-8"))]
    else:
        runs = []
        last = began
        wanted = [(CHIP, options.first + n) for n in range(options.chip)]
        wanted += [(SIMULATOR, options.first + n) for n in range(options.runs)]
        for one in played(wanted, options.kind, options.jobs):
            runs.append(one)
            for line in _told(one):
                print(line, file=sys.stderr, flush=True)
            if time.monotonic() - last > 60:
                last = time.monotonic()
                counts = Counter(run.verdict.verdict for run in runs)
                print(f"{len(runs)} of {len(wanted)}: {dict(counts)}", file=sys.stderr, flush=True)
                results.write_text(json.dumps([run.row() for run in runs]), encoding="utf-8")
        runs.sort(key=lambda run: (run.where, run.seed))
        results.write_text(json.dumps([run.row() for run in runs], indent=1) + "\n", encoding="utf-8")
    print(table.tables(runs))
    print(f"{len(runs)} runs in {(time.monotonic() - began) / 60:.1f} min")
    whole = sum(run.where == SIMULATOR for run in runs) >= RUNS and sum(run.where == CHIP for run in runs) >= CHIP_RUNS
    if options.tables or whole and not options.kind:
        table.write(runs)
    wrong = table.bad(runs)
    for one in wrong:
        for line in _told(one):
            print(line)
    return BAD if wrong else OK


def _told(one: Played) -> list[str]:
    if not table.bad([one]):
        return []
    how = " --on-chip" if one.where == CHIP else ""
    return [
        f"BAD --seed {one.seed}{how}: {one.kind} {one.case} in {one.verdict.state}: {line}"
        for line in one.verdict.broken
    ]


def _from_row(row: dict[str, Any]) -> Played:
    verdict = row.pop("verdict")
    verdict["broken"] = tuple(verdict["broken"])
    return Played(**row, verdict=Verdict(**verdict))


def played(wanted: Sequence[tuple[str, int]], kind: str | None, jobs: int) -> Iterator[Played]:
    """Every run of these, as they end."""
    if jobs == 1:
        for where, seed in wanted:
            yield _player(where)(seed, kind)
        return
    with ProcessPoolExecutor(jobs) as pool:
        waiting = [pool.submit(_player(where), seed, kind) for where, seed in wanted]
        for done in as_completed(waiting):
            yield done.result()


if __name__ == "__main__":
    sys.exit(main())
