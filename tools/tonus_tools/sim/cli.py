"""`python -m tonus_tools.sim SCENARIO`: run a scenario, watch the front panel, get the figures and the picture.

Exit code 0: everything as it must be; 1: a limit or an expectation was broken, one line each; 2: the scenario could
not be used or run, one line on stderr.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any, NoReturn

from rich.console import Console
from rich.table import Table

from ..world.boards import ROOT
from .checks import check
from .face import Face
from .runner import SimulatorError, run
from .scenario import Scenario, ScenarioError, load
from .summary import summary
from .trace import Trace

DEMO = ROOT / "tests" / "sim" / "scenarios" / "demo_facial.toml"
OUT = Path("out")
FIGURES, PICTURE, TRACE = "session.json", "session.png", "trace.jsonl"

OK, BROKEN, UNUSABLE = 0, 1, 2


class _Parser(argparse.ArgumentParser):
    """Errors in one line, as everywhere in this tool."""

    def error(self, message: str) -> NoReturn:
        self.exit(UNUSABLE, f"error: {message} (--help explains)\n")


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _options(sys.argv[1:] if arguments is None else arguments)
    try:
        scenario = load(options.scenario)
        options.out.mkdir(parents=True, exist_ok=True)
        for name in (FIGURES, PICTURE):
            (options.out / name).unlink(missing_ok=True)  # those of another run would mislead
        if options.plot:
            # matplotlib takes half a second to import: the other processor has time for it.
            Thread(target=import_module, args=(f"{__package__}.plot",)).start()
        with open(options.out / TRACE, "w", encoding="utf-8") as keep, Face(scenario) as face:
            trace = run(scenario, face.on_line, keep)
        return _report(trace, scenario, options.out, options.plot)
    except (ScenarioError, SimulatorError) as error:
        print(f"error: {error}", file=sys.stderr)
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"error: {error.filename or options.out}: {error.strerror or error}", file=sys.stderr)
    return UNUSABLE


def _options(arguments: list[str]) -> argparse.Namespace:
    if arguments[:1] == ["run"]:
        arguments = arguments[1:]
    parser = _Parser(prog="python -m tonus_tools.sim", usage="%(prog)s [run] [SCENARIO] [--out DIR] [--no-plot]")
    parser.description = "Run a scenario on the simulated device. SCENARIOS.md explains scenarios."
    parser.add_argument("scenario", nargs="?", type=Path, default=DEMO, help="a .toml or .json file (the demo facial)")
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the figures, picture and trace (out)")
    parser.add_argument("--no-plot", dest="plot", action="store_false", help="do not draw session.png")
    return parser.parse_args(arguments)


def _report(trace: Trace, scenario: Scenario, out: Path, plot: bool) -> int:
    violations = check(trace, scenario)
    figures = summary(trace, scenario, violations)
    (out / FIGURES).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    written = [FIGURES, TRACE]
    if plot:
        from .plot import draw

        draw(trace, out / PICTURE)
        written.insert(1, PICTURE)
    console = Console(highlight=False)
    console.print(_table(figures))
    console.print(f"{', '.join(written)} in {out}/", soft_wrap=True)
    for violation in violations:
        console.print(f"VIOLATION {violation}", style="bold red", soft_wrap=True, markup=False)
    return BROKEN if violations else OK


def _table(figures: dict[str, Any]) -> Table:
    def figure(key: str, form: str, unit: str) -> str:
        value = figures[key]
        return "-" if value is None else f"{value:{form}} {unit}".rstrip()

    lifts = figures["lifts"]
    table = Table(title=figures["scenario"], show_header=False, title_justify="left")
    table.add_column(style="bright_black")
    table.add_column()
    rows = (
        ("device", f"{figures['board']}, {figures['micropython']}"),
        ("simulated", f"{figures['sim_seconds']:.1f} s in {figures['wall_seconds']:.1f} s"),
        ("preset", f"{figures['preset'] or '-'}, level {figures['level']}"),
        ("treated", figure("treated_seconds", ".1f", "s") + f", contact good {figures['contact_share']:.0%}"),
        ("zones", ", ".join(f"{name} {seconds:.1f} s" for name, seconds in figures["zone_seconds"].items()) or "-"),
        ("delivered", figure("delivered_mc", ".3f", "mC in each direction")),
        ("told by the device", _told(figures["told"])),
        ("largest current", figure("max_current_ua", ".1f", "uA")),
        ("account of charge, worst", figure("account_uc", ".2f", "uC")),
        ("net DC, worst minute", figure("net_dc_ua", ".3f", "uA")),
        ("worst cycle imbalance", figure("worst_cycle_imbalance_pct", ".4f", "%")),
        ("lifts", f"{lifts}, output off within {figures['worst_liftoff_to_off_ms']:.2f} ms" if lifts else "none"),
        ("ticks late, missed", f"{figure('late_ticks', 'd', '')}, {figure('missed_ticks', 'd', '')}"),
        ("faults", ", ".join(figures["faults"]) or "none"),
        ("ended", str(figures["final_state"])),
    )
    for row in rows:
        table.add_row(*row)
    return table


def _told(said: dict[str, float] | None) -> str:
    if said is None:
        return "-"
    return (
        f"{said['delivered_mc']:.3f} of {said['set_mc']:.3f} mC set, {said['share_pct']:.0f} %; "
        f"treated {said['treated_seconds']:.1f} of {said['counted_seconds']:.1f} s"
    )
