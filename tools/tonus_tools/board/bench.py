"""Everything that is made of pico_bench's circuit.py and breadboard.py, by file name: `make board` writes it."""

from __future__ import annotations

import re

from ..world.boards import BOARDS
from . import breadboard, outputs
from .build import report
from .describe import Board, load
from .outputs import table

FOLDER = BOARDS / "pico_bench"
CALCULATIONS = FOLDER / "calculations.py"


def board() -> Board:
    """pico_bench."""
    return load(FOLDER / "circuit.py")


def parts_table(of: Board) -> str:
    """What to buy: alike parts in one row, whatever they are for."""
    grouped: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in outputs.rows(of):
        grouped.setdefault((row["maker"], row["second"]), []).append(row)
    lines = []
    for (maker, second), alike in grouped.items():
        row = alike[0]
        valued = row["part"] in ("resistor", "capacitor")
        named = f"{row['part']} {row['value']}" if valued else of.parts[row["ref"]].kind.symbol
        part = {"buzzer": "piezo disc", "header 2": "jumper", "button": "push-button"}.get(named, named)
        part = row["value"] if row["ref"][0] in "UQ" else part
        tolerance = f", {row['tolerance']}" if valued else ""
        lines.append((str(len(alike)), part + tolerance, maker, second, ", ".join(r["ref"] for r in alike)))
    lines.append(("2", "breadboard of 830 holes, and wires", "any", "any", ""))
    return table(("Quantity", "Part", "Maker's number", "Or", "Is"), lines)


def readme(of: Board, layout: breadboard.Layout) -> str:
    """The board's README with its tables of parts, wires and holes as they are made."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for first, made in (
        ("Quantity", parts_table(of)),
        ("Wire", breadboard.wires_table(layout, of)),
        ("Ref", breadboard.legs_table(layout, of)),
    ):
        text = re.sub(rf"(?s)\| {first} \|.*?\n(?=\n)", lambda _, made=made: made, text, count=1)  # type: ignore[misc]
    return text


def files(of: Board) -> dict[str, str]:
    """All of it by the names in the board's folder."""
    layout = breadboard.place(of, FOLDER)
    return {
        "parts.csv": outputs.parts_csv(of),
        "netlist.txt": outputs.netlist(of),
        "breadboard.svg": breadboard.svg(layout, of),
        "rules.md": report(of),
        "README.md": readme(of, layout),
    }
