"""A circuit on breadboards: parts in the holes that `breadboard.py` of the board says, wires found from the circuit's
nets, a drawn picture and a table of them. `nets_of` goes the other way, from holes and wires to nets, and knows no
circuit.
"""

from __future__ import annotations

import io
import os
import re
import runpy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle, Wedge

from .describe import Board, Fitted, Undescribed
from .outputs import table

COLUMNS = 63
ROWS = {"B": "edcba", "T": "fghij"}  # of a strip, from the middle out
Y = dict(zip("abcdefghij", (0.0, 1.0, 2.0, 3.0, 4.0, 7.0, 8.0, 9.0, 10.0, 11.0), strict=True))
RAIL_Y = {"b+": -2.0, "b-": -3.0, "t-": 13.0, "t+": 14.0}
BOARD_Y = -20.0  # breadboard 2 lies below 1
# A Pico covers the rows between its pins.
COVERED = {"ch": "defg", "ef": ""}
COLOURS = ("#1b6ca8", "#2a8f5a", "#b8860b", "#7a3fa0", "#d2691e", "#0f8b8d", "#a0306a", "#5b6b1f")


@dataclass(frozen=True)
class Hole:
    """board: 1, 2. row: a..j, or a rail: `t+`, `t-`, `b+`, `b-`."""

    board: int
    row: str
    column: int

    @property
    def strip(self) -> str:
        """What it is joined with inside the breadboard."""
        if len(self.row) == 2:
            return f"{self.board}{self.row}"
        return f"{self.board}{'B' if self.row in ROWS['B'] else 'T'}{self.column}"

    @property
    def xy(self) -> tuple[float, float]:
        return self.column, BOARD_Y * (self.board - 1) + (RAIL_Y | Y)[self.row]

    def __str__(self) -> str:
        rail = {"t": "upper", "b": "lower"}
        if len(self.row) == 2:
            return f"{self.board}, {rail[self.row[0]]} {'+' if self.row[1] == '+' else '-'} row"
        return f"{self.board} {self.row}{self.column}"


@dataclass(frozen=True)
class Wire:
    """From one hole to another. step: in which it is put in; net: for its colour, and for people."""

    a: Hole
    b: Hole
    net: str
    step: str


@dataclass
class Layout:
    """legs: hole of each pin, by (ref, pin name). wires: all of them. inside: pins of a part that are joined in it."""

    legs: dict[tuple[str, str], Hole] = field(default_factory=dict)
    wires: list[Wire] = field(default_factory=list)
    inside: list[tuple[tuple[str, str], ...]] = field(default_factory=list)


class _Groups:
    """Sets of what is joined."""

    def __init__(self) -> None:
        self._of: dict[Any, Any] = {}

    def find(self, of: Any) -> Any:
        self._of.setdefault(of, of)
        while self._of[of] != of:
            of = self._of[of]
        return of

    def join(self, a: Any, b: Any) -> bool:
        """False when they were joined."""
        one, other = self.find(a), self.find(b)
        self._of[one] = other
        return bool(one != other)


def place(board: Board, folder: Path) -> Layout:
    """A board on its breadboards. Raises Undescribed when a part has no place, or a strip no hole left."""
    data = runpy.run_path(str(folder / "breadboard.py"))
    made = Layout()
    taken: set[Hole] = set()
    for ref, (number, column, count, rows) in data["CHIPS"].items():
        for i, pin in enumerate(board.parts[ref].symbol.pins):
            at = column + (i if i < count else 2 * count - 1 - i)
            made.legs[ref, pin.name] = hole = Hole(number, rows[0] if i < count else rows[1], at)
            taken.add(hole)
        taken |= {Hole(number, row, at) for row in COVERED[rows] for at in range(column, column + count)}
    made.inside.append(tuple((ref, pin) for ref, pin in made.legs if ref == "A1" and pin.startswith("GND")))
    for ref, text in data["LEGS"].items():
        names = [pin.name for pin in board.parts[ref].symbol.pins if pin.kind != "n"]
        strips = text.split()
        if len(strips) != len(names):
            raise Undescribed(f"{ref}: {len(strips)} legs for {len(names)} pins")
        columns = [int(found[1]) for strip in strips if (found := re.fullmatch(r"\d[BT](\d+)", strip))]
        near = columns[0] if columns else _beside(data["CHIPS"], board, ref)
        for name, strip in zip(names, strips, strict=True):
            made.legs[ref, name] = hole = _free(strip, near, taken)
            taken.add(hole)
    missing = set(board.parts) - {ref for ref, _ in made.legs}
    if missing:
        raise Undescribed(f"no place for {', '.join(sorted(missing))}")
    _wire(board, made, taken, data["STEPS"])
    return made


def _beside(chips: Mapping[str, Any], board: Board, ref: str) -> int:
    """The column where a part that lies between two rails belongs: a capacitor at the chip it is for."""
    chip = board.parts[ref].why.split("'")[0]
    _, column, count, _ = chips[chip]
    return int(column + count)


def _holes(strip: str, near: int) -> Iterable[Hole]:
    """Of a strip, the best first."""
    number = int(strip[0])
    if strip[1] in "BT":
        return (Hole(number, row, int(strip[2:])) for row in ROWS[strip[1]])
    near = int(strip[3:] or near)
    columns = [c for c in range(2, COLUMNS) if (c - 1) % 6]
    return (Hole(number, strip[1:3], c) for c in sorted(columns, key=lambda c: (abs(c - near), c)))


def _free(strip: str, near: int, taken: set[Hole]) -> Hole:
    for hole in _holes(strip, near):
        if hole not in taken:
            return hole
    raise Undescribed(f"no hole left in {strip}")


def _wire(board: Board, made: Layout, taken: set[Hole], steps: Iterable[tuple[str, str]]) -> None:
    """Wires that make each net of the circuit one, the shortest first; a strip keeps what it has room for."""
    step_of = {net: name for name, nets in steps for net in nets.split()}
    last = list(steps)[-1][0]
    joined = _Groups()
    for group in made.inside:
        for pin in group[1:]:
            joined.join(made.legs[group[0]].strip, made.legs[pin].strip)
    rails = {"GND": ("1t-", "1b-", "2t-", "2b-"), "3V3": ("2t+", "2b+")}
    for net, pins in board.nets().items():
        strips = {made.legs[part.ref, pin].strip for part, pin in pins} | set(rails.get(net, ()))
        pairs = sorted(
            ((_apart(a, b, net), a, b) for a in strips for b in strips if a < b),
        )
        for _, a, b in pairs:
            if joined.find(a) == joined.find(b):
                continue
            one = _end(a, b, taken)
            other = _end(b, one, taken)
            if one is None or other is None:
                continue
            joined.join(a, b)
            taken |= {one, other}
            if label(made, other).startswith("A1"):
                one, other = other, one  # from the Pico
            made.wires.append(Wire(one, other, net, step_of.get(net, last)))
        if len({joined.find(strip) for strip in strips}) > 1:
            raise Undescribed(f"{net}: no room for its wires")
    order = [name for name, _ in steps]
    made.wires.sort(key=lambda wire: (order.index(wire.step), wire.net, wire.a.board, wire.a.column, wire.b.column))


def _middle(strip: str) -> tuple[float, float]:
    if strip[1] in "BT":
        return Hole(int(strip[0]), "c" if strip[1] == "B" else "h", int(strip[2:])).xy
    return Hole(int(strip[0]), strip[1:], 32).xy


def _apart(a: str, b: str, net: str) -> float:
    """How far two strips are apart; of a rail only its height counts."""
    (ax, ay), (bx, by) = _middle(a), _middle(b)
    if a[1] in "tb" and b[1] in "tb":
        return abs(ay - by) / 100  # rails first: then one wire from the Pico feeds them all
    rail = a[1] not in "BT" or b[1] not in "BT"
    return abs(ay - by) + (0 if rail else abs(ax - bx))


def _end(strip: str, towards: str | Hole | None, taken: set[Hole]) -> Hole | None:
    """A free hole of a strip for a wire to another, from the outside in: what sits there stays reachable."""
    if towards is None:
        return None
    near = towards.column if isinstance(towards, Hole) else _middle(towards)[0]
    if strip[1] not in "BT" and isinstance(towards, str) and towards[1] not in "BT":
        near = 22 if strip[0] == towards[0] == "1" else 62  # rail to rail: beside the Pico, or at the edge
    holes = list(_holes(strip, int(near)))
    if strip[1] in "BT":
        holes.reverse()
    return next((hole for hole in holes if hole not in taken), None)


def nets_of(layout: Layout, without: Iterable[Wire] = (), instead: Iterable[Wire] = ()) -> dict[tuple[str, str], int]:
    """Which pins are joined, by holes, strips and wires alone: a number for each net. without: wires that are not
    there; instead: wires that are there too."""
    joined = _Groups()
    gone = set(without)
    for wire in [*(w for w in layout.wires if w not in gone), *instead]:
        joined.join(wire.a.strip, wire.b.strip)
    for group in layout.inside:
        for pin in group[1:]:
            joined.join(layout.legs[group[0]].strip, layout.legs[pin].strip)
    numbers: dict[Any, int] = {}
    return {pin: numbers.setdefault(joined.find(hole.strip), len(numbers)) for pin, hole in layout.legs.items()}


def label(layout: Layout, hole: Hole) -> str:
    """What a person finds at a hole's strip: a chip's pin, or the hole alone."""
    for (ref, pin), leg in layout.legs.items():
        if leg.strip == hole.strip and ref[0] in "AUQ":
            return f"{ref} {pin}"
    return ""


def wires_table(layout: Layout, board: Board) -> str:
    """Every wire, in the order in which they are put in."""
    lines = []
    for i, wire in enumerate(layout.wires, 1):
        lines.append((str(i), wire.step, *(_told(layout, board, hole) for hole in (wire.a, wire.b))))
    return table(("Wire", "Step", "From", "To"), lines)


def legs_table(layout: Layout, board: Board) -> str:
    """Where each part sits."""
    lines = []
    for ref, part in board.parts.items():
        legs = [(pin.name, layout.legs[ref, pin.name]) for pin in part.symbol.pins if (ref, pin.name) in layout.legs]
        if len(legs) > 4:
            where = f"pin 1 in {legs[0][1]}, {'its USB socket' if ref == 'A1' else 'the notch'} on the left"
        else:
            named = len(legs) > 2 or part.symbol.polar
            where = "; ".join(f"{name} in {hole}" if named else str(hole) for name, hole in legs)
        lines.append((ref, _called(board, ref), where))
    return table(("Ref", "Part", "Holes"), lines)


def _told(layout: Layout, board: Board, hole: Hole) -> str:
    found = label(layout, hole)
    if not found:
        there = [ref for (ref, _), leg in layout.legs.items() if leg.strip == hole.strip]
        return f"{hole} ({', '.join(there)})" if there and len(hole.row) == 1 else str(hole)
    ref, pin = found.split(" ", 1)
    number = board.parts[ref].symbol.pin(pin).number
    shown = re.sub(r"^GND\d$", "GND", pin) if ref == "A1" else pin
    return f"{hole} ({_called(board, ref)} {shown if ref == 'Q1' else f'{number}, {shown}'})"


def _called(board: Board, ref: str) -> str:
    """A part as people call it."""
    part = board.parts[ref]
    if part.symbol.name in ("LED", "button"):
        return f"{part.symbol.name} {part.why}"
    return {"A1": "Pico", "J1": "jumper", "BZ1": "piezo disc"}.get(ref, part.value)


# The picture.


def svg(layout: Layout, board: Board) -> str:
    """Both breadboards with every part and wire. The same layout, the same text, with one version of matplotlib."""
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    with matplotlib.rc_context({"svg.hashsalt": board.name, "svg.fonttype": "none", "font.size": 5}):
        figure = Figure(figsize=(17, 10.2))
        axes: Any = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-2.5, COLUMNS + 3.5), ylim=(BOARD_Y - 4.5, 16.5), aspect="equal")
        axes.axis("off")
        for number in (1, 2):
            _breadboard(axes, number)
        for ref in board.parts:
            _part(axes, layout, board, ref)
        for i, wire in enumerate(layout.wires, 1):
            _drawn(axes, wire, i)
        told = (
            f"{board.name}: two breadboards of 830 holes, seen from above. The numbers are those of the README's wires."
        )
        axes.text(0, BOARD_Y - 4.2, told, fontsize=8)
        out = io.StringIO()
        FigureCanvasSVG(figure)
        figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def _breadboard(axes: Any, number: int) -> None:
    y = BOARD_Y * (number - 1)
    axes.add_patch(
        FancyBboxPatch((0, y - 3.6), COLUMNS + 1, 18.2, boxstyle="round,pad=0.2", fc="#fbf9f4", ec="#999999")
    )
    axes.add_patch(Rectangle((0.2, y + 5.2), COLUMNS + 0.6, 0.6, fc="#e7e2d6", ec="none"))
    axes.text(-1.6, y + 5.5, str(number), fontsize=14, ha="center", va="center", color="#555555")
    for rail, at in RAIL_Y.items():
        colour = "#c0392b" if rail[1] == "+" else "#2c3e80"
        axes.plot([0.5, COLUMNS + 0.5], [y + at + (0.45 if rail[1] == "+" else -0.45)] * 2, color=colour, lw=0.6)
        for x in (0.2, COLUMNS + 0.8):
            axes.text(x, y + at, "+" if rail[1] == "+" else "\N{MINUS SIGN}", color=colour, ha="center", va="center")
        columns = [c for c in range(2, COLUMNS) if (c - 1) % 6]
        axes.scatter(columns, [y + at] * len(columns), s=2.2, marker="s", color="#c9c4b8", lw=0)
    for row, at in Y.items():
        axes.scatter(range(1, COLUMNS + 1), [y + at] * COLUMNS, s=2.2, marker="s", color="#c9c4b8", lw=0)
        for x in (-0.1, COLUMNS + 1.1):
            axes.text(x, y + at, row, ha="center", va="center", color="#888888")
    for column in [1, *range(5, COLUMNS + 1, 5)]:
        for at in (-0.95, 11.95):
            axes.text(column, y + at, str(column), ha="center", va="center", color="#888888")


def _part(axes: Any, layout: Layout, board: Board, ref: str) -> None:
    part = board.parts[ref]
    legs = {pin: hole.xy for (of, pin), hole in layout.legs.items() if of == ref}
    (x0, y0), (x1, y1) = list(legs.values())[0], list(legs.values())[-1]
    for pin, (x, y) in legs.items():
        axes.add_patch(Circle((x, y), 0.16, fc="#444444", ec="none", zorder=4, gid=f"leg {ref} {pin}"))
    if len(legs) > 4:
        xs, ys = [x for x, _ in legs.values()], [y for _, y in legs.values()]
        colour = "#1d6b3a" if ref == "A1" else "#333333"
        axes.add_patch(
            Rectangle(
                (min(xs) - 0.45, min(ys) + 0.3), max(xs) - min(xs) + 0.9, max(ys) - min(ys) - 0.6, fc=colour, zorder=3
            )
        )
        middle = (min(ys) + max(ys)) / 2
        axes.add_patch(Circle((min(xs) - 0.45, middle), 0.35, fc="#fbf9f4", ec="none", zorder=3))
        name = "Raspberry Pi Pico, USB here" if ref == "A1" else f"{ref} {part.value}"
        axes.text((min(xs) + max(xs)) / 2, middle, name, color="white", ha="center", va="center", fontsize=6, zorder=5)
        for pin, (x, y) in legs.items():
            below = y < middle
            shown = re.sub(r"^GND\d$", "GND", pin) if ref == "A1" else part.symbol.pin(pin).number
            axes.text(
                x, y + (0.45 if below else -0.45), shown, color="white", ha="center",
                va="bottom" if below else "top", fontsize=3.6, rotation=90 if ref == "A1" else 0, zorder=5,
            )  # fmt: skip
        return
    if len(legs) == 3:
        _transistor(axes, part, legs)
        return
    colours = {
        "resistor": "#c8a165",
        "capacitor": "#d9822b",
        "LED": "#c0392b",
        "button": "#666666",
        "buzzer": "#8a7b3d",
    }
    colour = colours.get(part.symbol.name, "#333333")
    axes.plot([x0, x1], [y0, y1], color="#777777", lw=1.0, zorder=3)
    a, b = 0.22, 0.78
    axes.plot(
        [x0 + (x1 - x0) * a, x0 + (x1 - x0) * b], [y0 + (y1 - y0) * a, y0 + (y1 - y0) * b], color=colour, lw=4.0,
        solid_capstyle="round", zorder=3,
    )  # fmt: skip
    at = ((x0 + x1) / 2, (y0 + y1) / 2)
    value = "" if part.symbol.name in ("LED", "button", "buzzer", "header 2") else f" {part.value}"
    shown = part.why if part.symbol.name in ("LED", "button") else ref + value
    steep = abs(y1 - y0) > abs(x1 - x0)
    axes.text(
        *at, shown, ha="center", va="center", fontsize=4, zorder=6, rotation=90 if steep else 0,
        bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8},
    )  # fmt: skip
    if part.symbol.polar:
        for pin, (x, y) in legs.items():
            axes.text(x + 0.3, y, pin, fontsize=4, color="#222222", ha="left", va="center", zorder=6)


def _transistor(axes: Any, part: Fitted, legs: Mapping[str, tuple[float, float]]) -> None:
    """From above, its flat side below."""
    x, y = list(legs.values())[1]
    axes.add_patch(Wedge((x, y + 0.1), 1.5, 0, 180, fc="#333333", ec="none", zorder=3))
    axes.text(x, y + 1.15, f"{part.ref} {part.value}", color="white", ha="center", va="center", fontsize=4.5, zorder=5)
    for pin, (px, py) in legs.items():
        axes.text(px, py + 0.3, pin, color="white", ha="center", va="bottom", fontsize=5, zorder=5)


def _drawn(axes: Any, wire: Wire, number: int) -> None:
    colour = {"GND": "#222222", "3V3": "#c0392b", "VBUS": "#e2571e"}.get(wire.net, COLOURS[number % len(COLOURS)])
    (ax, ay), (bx, by) = wire.a.xy, wire.b.xy
    bend = 0.0 if ax == bx else 0.12 * (1 if number % 2 else -1)
    axes.add_patch(
        FancyArrowPatch(
            (ax, ay),
            (bx, by),
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-",
            color=colour,
            lw=1.3,
            alpha=0.85,
            zorder=7,
            gid=f"wire {number}",
        )
    )
    for x, y in ((ax, ay), (bx, by)):
        axes.add_patch(Circle((x, y), 0.34, fc=colour, ec="white", lw=0.3, zorder=8))
        axes.text(x, y, str(number), color="white", ha="center", va="center", fontsize=3.2, zorder=9)
