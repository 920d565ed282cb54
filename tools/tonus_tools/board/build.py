"""Everything that is made of tonus_r1's circuit.py, by file name: `make board` writes it, tests compare."""

from __future__ import annotations

import re
import runpy

from ..world.boards import BOARDS
from . import cir, outputs, picture, rules
from .describe import Board, load
from .outputs import table

FOLDER = BOARDS / "tonus_r1"
CALCULATIONS = FOLDER / "calculations.py"
UNITS = ("nets", "wires", "")


def board() -> Board:
    """tonus_r1."""
    return load(FOLDER / "circuit.py")


def calculations(of: Board) -> list[tuple[str, str, str, float, float, float]]:
    """What the board's `calculations.py` works out: what, how, unit, least, most, value."""
    path = BOARDS / of.name / "calculations.py"
    found: list[tuple[str, str, str, float, float, float]] = runpy.run_path(str(path))["calculate"](of)
    return found


def report(of: Board) -> str:
    """The rules' report: what was checked, what was found, every calculation with its range."""
    problems = rules.check(of)
    worked = calculations(of)
    numbers = [line for line in worked if line[2] not in UNITS]
    wires = [line for line in worked if line[2] in UNITS]
    return "\n".join(
        [
            "# What the rules say",
            "",
            "Made by `make board` from [circuit.py](circuit.py) and [calculations.py](calculations.py); do not edit.",
            "",
            f"{len(of.parts)} parts, {len(of.nets())} nets. "
            + ("No problem, no warning." if not problems else "**Problems:**"),
            *(f"- {problem}" for problem in problems),
            "",
            "## Values",
            "",
            table(
                ("What", "How", "Value", "Right from", "to"),
                [
                    (what, how, f"{value:.4g} {unit}", f"{least:g}", f"{most:g}")
                    for what, how, unit, least, most, value in numbers
                ],
            ),
            "## Wires",
            "",
            table(
                ("What", "Which", "As it should be"),
                [
                    (what, how, "yes" if least <= value <= most else "**no**")
                    for what, how, _, least, most, value in wires
                ],
            ),
        ]
    )


def readme(of: Board) -> str:
    """The board's README with its table of parts as the circuit has them."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    return re.sub(r"(?s)\| Ref \| Part \|.*?\n(?=\n)", lambda _: outputs.parts_table(of), text, count=1)


def files(of: Board) -> dict[str, str]:
    """All of it by the names in the board's folder."""
    return {
        "parts.csv": outputs.parts_csv(of),
        "netlist.txt": outputs.netlist(of),
        "tonus_r1.kicad_pcb": outputs.kicad_pcb(of),
        "stage.cir": cir.write(of, FOLDER / "stage_models.cir"),
        "wiring.svg": picture.svg(of),
        "rules.md": report(of),
        "README.md": readme(of),
    }
