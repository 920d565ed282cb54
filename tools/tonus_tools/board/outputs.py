"""What is made of a board: parts list, netlist, layout file, tables. The same board, the same bytes."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable, Sequence

from .catalogue import numbers
from .describe import Board, Fitted
from .packages import PACKAGES, size

SPACE = uuid.UUID("6f1c9f4e-5a0e-4d7c-9d57-7a1d3c0c2b10")
GAP_MM = 2.0
ROW_MM = 160.0
COLUMNS = ("ref", "quantity", "param", "part", "value", "tolerance", "package", "maker", "second", "why")


def rows(board: Board) -> list[dict[str, str]]:
    """The parts list, a row for each reference, in the order of the description."""
    found = []
    for part in board.parts.values():
        valued = part.symbol.name in ("resistor", "capacitor", "inductor")
        maker, second = numbers(part.kind, part.size if valued else None)
        found.append(
            {
                "ref": part.ref,
                "quantity": "1",
                "param": part.spice,
                "part": part.symbol.name if valued else part.kind.maker.split(",")[0],
                "value": part.value,
                "tolerance": part.kind.tolerance,
                "package": part.package,
                "maker": maker,
                "second": second,
                "why": part.why,
            }
        )
    return found


def parts_csv(board: Board) -> str:
    """The parts list as a file."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(board))
    return out.getvalue()


def table(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table as Markdown has it."""
    text = ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading)]
    return "\n".join([*text, *("| " + " | ".join(line) + " |" for line in lines)]) + "\n"


def parts_table(board: Board) -> str:
    """The parts as the README shows them: alike ones in one row."""
    grouped: dict[tuple[str, str, str, str], list[dict[str, str]]] = {}
    for row in rows(board):
        if row["package"] != "TP":
            grouped.setdefault((row["part"], row["value"], row["tolerance"], row["why"]), []).append(row)
    lines = []
    for (part, value, tolerance, why), alike in grouped.items():
        shown = "" if value == part else value
        lines.append((", ".join(row["ref"] for row in alike), part, shown, tolerance, why))
    return table(("Ref", "Part", "Value", "Tolerance", "Why"), lines)


def netlist(board: Board) -> str:
    """Every net with its pins, a line each."""
    return "".join(
        f"{net}: {', '.join(f'{part.ref}.{pin}' for part, pin in pins)}\n" for net, pins in board.nets().items()
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _places(board: Board) -> Iterable[tuple[Fitted, float, float]]:
    """Parts in rows, one beside the other: where they lie is not where they belong."""
    x = y = 20.0
    highest = 0.0
    for part in board.parts.values():
        width, height = size(part.package)
        if x + width > ROW_MM:
            x, y, highest = 20.0, y + highest + GAP_MM, 0.0
        yield part, x + width / 2, y + height / 2
        x += width + GAP_MM
        highest = max(highest, height)


def kicad_pcb(board: Board) -> str:
    """A layout file of KiCad 6 with every part, every pad on its net, and no track, outline or place that means
    anything."""
    nets = {net: i + 1 for i, net in enumerate(board.nets())}
    out = [
        "(kicad_pcb (version 20211014) (generator tonus)",
        "  (general (thickness 1.6))",
        '  (paper "A3")',
        '  (layers (0 "F.Cu" signal) (31 "B.Cu" signal) (36 "B.SilkS" user) (37 "F.SilkS" user) (38 "B.Mask" user) '
        '(39 "F.Mask" user) (34 "B.Paste" user) (35 "F.Paste" user) (44 "Edge.Cuts" user) (47 "F.CrtYd" user) '
        '(49 "F.Fab" user))',
        "  (setup (pad_to_mask_clearance 0))",
        '  (net 0 "")',
        *(f"  (net {number} {_quoted(net)})" for net, number in nets.items()),
    ]
    for part, x, y in _places(board):
        mark = uuid.uuid5(SPACE, part.ref)
        through = any(pad[5] for pad in PACKAGES[part.package])
        out += [
            f'  (footprint {_quoted("tonus:" + part.package)} (layer "F.Cu") (tstamp {mark}) (at {x:.3f} {y:.3f})',
            f"    (attr {'through_hole' if through else 'smd'})",
            _text("reference", part.ref, "F.SilkS", -1.2, mark),
            _text("value", part.value or part.kind.maker, "F.Fab", 1.2, mark),
        ]
        names = {pin.number: pin.name for pin in part.symbol.pins}
        for number, px, py, w, h, drill in PACKAGES[part.package]:
            net = part.nets.get(names[number])
            joined = f" (net {nets[net]} {_quoted(net)})" if net is not None else ""
            kind = (
                f'thru_hole circle (at {px:.3f} {py:.3f}) (size {w:g} {h:g}) (drill {drill:g}) (layers "*.Cu" "*.Mask")'
                if drill
                else f'smd rect (at {px:.3f} {py:.3f}) (size {w:g} {h:g}) (layers "F.Cu" "F.Paste" "F.Mask")'
            )
            function = f" (pinfunction {_quoted(names[number])})"
            out.append(f"    (pad {_quoted(number)} {kind}{joined}{function} (tstamp {uuid.uuid5(mark, number)}))")
        out.append("  )")
    return "\n".join([*out, ")"]) + "\n"


def _text(kind: str, text: str, layer: str, y: float, mark: uuid.UUID) -> str:
    font = "(effects (font (size 0.6 0.6) (thickness 0.1)))"
    # Unplaced parts lie close together: their references would lie on pads and on each other.
    place = f'(at 0 {y}) (layer "{layer}") hide {font}'
    return f"    (fp_text {kind} {_quoted(text)} {place} (tstamp {uuid.uuid5(mark, kind)}))"
