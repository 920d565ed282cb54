"""`make devices`: drawn devices, drawn people, every shipped preset: does it hold on the parts and hands there are?

Each session runs the firmware in the simulator, on a device whose every part is drawn by the seed, in the hands of a
person who is too (person.py). It is good when the self-test passed; when it was finished, or stopped as its person
meant, without a fault and without a pause that nobody caused; when every rule of checks.py holds at the electrodes; and
when the share that the device says is within SHARE_POINTS of what its source would have delivered (source.py).

Exit code 0: every session is good; 1: some are not, each told with its seed; 2: it could not be run.
`--seed N --preset ID` writes that session's scenario, plays it and shows its figures; `python -m tonus_tools.sim` plays
it again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from tonus import bank, limits
from tonus.preset import Preset, build, canonical

from ..world.parts import resolve
from . import runner
from .checks import RULES, Run, source_of
from .measure import breaks, electrodes, held, loads
from .person import draw
from .runner import SimulatorError
from .scenario import Scenario, ScenarioError, load
from .source import share
from .trace import Trace

DEVICES = 300
SHARE_POINTS = 3.0
OUT = Path("out")
RESULTS = "population.json"
LATELY_US = 1000 * (limits.LIFT_MAX_MS + 150)  # a pause follows what caused it within this
DRY = ("poor", "dry")

# good of all sessions; refused by the self-test; with a fault; pauses nobody caused; with a rule broken; by how many
# points the share that was said is off the true one, worst and mean, and worst with strays; lifts found; time counted
COLUMNS = ("good", "refused", "faults", "pauses", "rules", "off", "mean", "strays", "lifts", "counted")

OK, BAD, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


@dataclass
class Session:
    """One session and what was wrong with it: `faults`, `rules` and `others` are lines, empty when good."""

    seed: int
    preset: str
    refused: str = ""  # by the self-test: the fault's name
    faults: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    why: str = ""  # it ended
    level: int = 0
    lifts: int = 0
    pauses: int = 0  # that nobody caused
    counted_s: float = 0.0
    set_uc: float = 0.0
    charge_uc: float = 0.0
    said_pct: float = 0.0
    true_pct: float = 0.0
    all_pct: float = 0.0  # the same with what strays carry
    set_pct: float = 0.0  # the set charge that the device says, of the reference
    charge_pct: float = 0.0  # the delivered charge that it says, of what flowed
    battery_pct: int = 0
    temperature_c: int = 0
    wall_s: float = 0.0

    @property
    def off_points(self) -> float:
        """Said less true."""
        return self.said_pct - self.true_pct

    @property
    def wrong(self) -> list[str]:
        """All that is wrong, a line each."""
        found = [f"refused by the self-test: {self.refused}"] if self.refused else []
        return found + self.faults + self.rules + self.others

    @property
    def shares(self) -> bool:
        """Whether it has a share to judge."""
        return self.counted_s > 0 and self.set_uc > 0


def presets(seconds: int) -> list[Preset]:
    """The shipped ones, zones cut to so many seconds; 0: whole."""
    found = []
    for preset in bank.shipped():
        document = json.loads(canonical(preset))
        for zone in document["zones"]:
            zone["duration_s"] = min(zone["duration_s"], seconds or zone["duration_s"])
        found.append(build(document))
    return found


def write(folder: Path, seed: int, id: str, seconds: int = 0) -> tuple[Scenario, Preset, bool]:
    """The scenario of a seed and a preset, as files in `folder`; the preset; whether the person means to stop."""
    played = presets(seconds)
    mode = next(i for i, preset in enumerate(played) if preset.id == id)
    drawn = draw(seed, played[mode], mode)
    document = drawn.document
    if seconds:
        document = document | {"presets": [f"{preset.id}.json" for preset in played]}
        for preset in played:
            (folder / f"{preset.id}.json").write_text(canonical(preset), encoding="utf-8")
    path = folder / f"{id}-{seed}.json"
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return load(path), played[mode], drawn.stops


def play(seed: int, id: str, seconds: int = 0) -> Session:
    """Play one session and judge it."""
    with tempfile.TemporaryDirectory(prefix="tonus-population-") as folder:
        scenario, preset, stops = write(Path(folder), seed, id, seconds)
        try:
            trace = runner.run(scenario)
        except SimulatorError as error:
            return Session(seed, id, others=[str(error).replace("\n", " ")])
        return judge(trace, scenario, preset, stops, seed)


def judge(trace: Trace, scenario: Scenario, preset: Preset, stops: bool, seed: int) -> Session:
    """What a played session was like."""
    board = source_of(scenario)
    run = Run(trace, scenario, board, electrodes(trace, board))
    start = scenario.start
    found = Session(seed, preset.id, wall_s=round(trace.wall_seconds, 2))
    found.battery_pct, found.temperature_c = start.battery_pct, start.temperature_c
    found.rules = [str(violation) for rule in RULES for violation in rule(run)]
    if not any(log.fields.get("ok") for log in trace.logs_of("selftest")):
        found.refused = ", ".join(trace.faults) or "it did not end"
        return found
    found.faults = [f"fault {log.fields}" for log in trace.logs_of("fault")]
    sessions = [log.fields for log in trace.logs_of("session")]
    found.why = ", ".join(fields["why"] for fields in sessions)
    found.lifts = sum(fields["lifts"] for fields in sessions)
    found.level = max((level.level for level in trace.levels), default=0)
    ends = [change.to for change in trace.states if change.before in ("RAMP_DOWN", "TREAT", "RAMP_UP", "PAUSED")]
    if [fields["id"] for fields in sessions] != [preset.id]:
        found.others.append(f"sessions of {[fields['id'] for fields in sessions]}, ended by {found.why or 'nothing'}")
        return found
    if not (ends[-1:] == ["DONE"] and found.why != "expired" or stops and found.why == "stop"):
        found.others.append(f"ended by {found.why}")
    causeless = _causeless(trace, start.touch)
    found.pauses = len(causeless)
    found.others += causeless
    (said,) = sessions
    errors = resolve(start.device, start.errors, scenario.board)
    true = share(trace, run.skin, preset, scenario.board, errors)
    found.counted_s = said["counted_ms"] / 1000
    found.set_uc, found.charge_uc, found.said_pct = said["set_uc"], said["charge_uc"], said["share_pct"]
    found.true_pct, found.all_pct = round(true.pct, 2), round(true.all_pct, 2)
    if true.reference_nc and true.delivered_nc:
        found.set_pct = round(2e5 * found.set_uc / true.reference_nc, 2)
        found.charge_pct = round(2e5 * found.charge_uc / true.delivered_nc, 2)
    if found.shares and abs(found.off_points) > SHARE_POINTS:
        found.others.append(f"said {found.said_pct} % of set, truly {found.true_pct:.1f} %")
    return found


def _causeless(trace: Trace, touch: str) -> list[str]:
    """Pauses that nothing explains: no lift and no break before a "lost", no poor skin before a "dry"."""
    touched = loads(trace, touch)
    off = [span for span in touched if span.name == "lifted"] + breaks(trace)
    dry = [span for span in touched if span.name in DRY]
    zeros = [w.t_us for w in held(trace, "MINUS")]
    found = []
    for change in trace.states:
        if change.to != "PAUSED":
            continue
        causes = {"lost": (off, LATELY_US), "dry": (dry, 1000 * limits.POOR_PAUSE_MS)}.get(change.cause)
        if causes is None:
            explained = bool(zeros)
        else:
            explained = any(s.start_us <= change.t_us <= s.end_us + causes[1] for s in causes[0])
        if not explained:
            found.append(f"paused at {change.t_us / 1e6:.3f} s by {change.cause!r}, without a cause")
    return found


# The table.


def table(sessions: Sequence[Session], wall_s: float) -> Table:
    """Presets as rows."""
    devices = len({session.seed for session in sessions})
    title = f"{devices} drawn devices, {len(sessions)} sessions in {wall_s / 60:.1f} min"
    made = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 0), pad_edge=False)
    made.add_column("preset", no_wrap=True)
    for name in COLUMNS:
        made.add_column(name, justify="right", no_wrap=True)
    ids = list(dict.fromkeys(session.preset for session in sessions))
    for id in ids:
        made.add_row(id, *_row([session for session in sessions if session.preset == id]))
    if len(ids) > 1:
        made.add_section()
        made.add_row("all", *_row(sessions))
    return made


def _row(sessions: Sequence[Session]) -> list[str]:
    shares = [session for session in sessions if session.shares]
    offs = [session.off_points for session in shares]
    strays = [session.said_pct - session.all_pct for session in shares]
    return [
        f"{sum(not session.wrong for session in sessions)}/{len(sessions)}",
        str(sum(bool(session.refused) for session in sessions)),
        str(sum(bool(session.faults) for session in sessions)),
        str(sum(session.pauses for session in sessions)),
        str(sum(bool(session.rules) for session in sessions)),
        f"{max(offs, key=abs, default=0.0):+.1f}",
        f"{sum(offs) / max(1, len(offs)):+.2f}",
        f"{max(strays, key=abs, default=0.0):+.1f}",
        str(sum(session.lifts for session in sessions)),
        f"{sum(session.counted_s for session in shares) / 3600:.1f} h",
    ]


# The command.


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _options(sys.argv[1:] if arguments is None else arguments)
    console = Console(highlight=False)
    try:
        if options.seed is not None:
            return _one(options, console)
        return _all(options, console)
    except (ScenarioError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _options(arguments: list[str]) -> argparse.Namespace:
    ids = [preset.id for preset in bank.shipped()]
    parser = argparse.ArgumentParser(
        prog="python -m tonus_tools.sim.population", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument(
        "--devices", type=int, default=DEVICES, help=f"how many, with the seeds from --first on ({DEVICES})"
    )
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    parser.add_argument(
        "--seconds", type=int, default=0, help="cut every zone to so many seconds, 5 at least; 0: whole (0)"
    )
    parser.add_argument("--preset", choices=ids, help="this one only")
    parser.add_argument("--seed", type=int, help="write one device's scenarios, play them and show all figures")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time (all cores)")
    parser.add_argument("--out", type=Path, default=OUT, help=f"folder for {RESULTS} and scenarios (out)")
    options = parser.parse_args(arguments)
    if options.seconds and options.seconds < limits.ZONE_MIN_S:
        parser.error(f"--seconds {options.seconds}; allowed 0, or {limits.ZONE_MIN_S} and more")
    options.ids = [options.preset] if options.preset else ids
    return options


def _one(options: argparse.Namespace, console: Console) -> int:
    bad = False
    options.out.mkdir(parents=True, exist_ok=True)
    for id in options.ids:
        scenario, preset, stops = write(options.out, options.seed, id, options.seconds)
        console.print(f"{scenario.path}", soft_wrap=True, markup=False)
        session = judge(runner.run(scenario), scenario, preset, stops, options.seed)
        for key, value in asdict(session).items():
            console.print(f"  {key:<14} {value}", soft_wrap=True, markup=False)
        bad = bad or bool(session.wrong)
    return BAD if bad else OK


def _all(options: argparse.Namespace, console: Console) -> int:
    began = time.monotonic()
    seeds = range(options.first, options.first + options.devices)
    sessions: list[Session] = []
    last = began
    for session in played(seeds, options.ids, options.seconds, options.jobs):
        sessions.append(session)
        if time.monotonic() - last > 60 and not console.is_terminal or console.is_terminal and len(sessions) % 20 == 0:
            last = time.monotonic()
            bad = sum(bool(s.wrong) for s in sessions)
            print(f"{len(sessions)} of {len(seeds) * len(options.ids)} sessions, {bad} bad", file=sys.stderr)
        for line in session.wrong:
            print(f"seed {session.seed}, {session.preset}: {line}", file=sys.stderr)
    sessions.sort(key=lambda s: (options.ids.index(s.preset), s.seed))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / RESULTS).write_text(json.dumps([asdict(s) for s in sessions], indent=1) + "\n", encoding="utf-8")
    console.print(table(sessions, time.monotonic() - began))
    for session in sessions:
        for line in session.wrong:
            what = f"--seed {session.seed} --preset {session.preset}"
            console.print(f"BAD {what}: {line}", style="bold red", soft_wrap=True, markup=False)
    return BAD if any(session.wrong for session in sessions) else OK


def played(seeds: Sequence[int], ids: Sequence[str], seconds: int, jobs: int) -> Iterator[Session]:
    """Every session of these, as they end."""
    if jobs == 1:
        for seed in seeds:
            for id in ids:
                yield play(seed, id, seconds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        waiting = [pool.submit(play, seed, id, seconds) for seed in seeds for id in ids]
        for done in as_completed(waiting):
            yield done.result()


if __name__ == "__main__":
    sys.exit(main())
