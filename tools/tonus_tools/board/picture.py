"""A picture of every part with the net at each of its pins: drawn from the circuit, so that no part is without one."""

from __future__ import annotations

import io
import os

import matplotlib

matplotlib.use("Agg")

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .describe import Board, Fitted

COLUMNS = 6
WIDTH, LINE = 4.0, 0.24  # of a part's cell and of a pin, in inches / 1.6


def svg(board: Board) -> str:
    """The whole board, block by block. The same board, the same text, with one version of matplotlib."""
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    with matplotlib.rc_context({"svg.hashsalt": board.name, "svg.fonttype": "none", "font.size": 5.5}):
        rows: list[tuple[str | None, list[Fitted]]] = []
        for title, refs in board.blocks.items():
            rows.append((title, []))
            # Alike in height beside each other.
            parts = sorted((board.parts[ref] for ref in refs), key=_pins, reverse=True)
            rows += [(None, parts[i : i + COLUMNS]) for i in range(0, len(parts), COLUMNS)]
        heights = [0.7 if title else LINE * (max(map(_pins, parts)) + 3.2) for title, parts in rows]
        figure = Figure(figsize=(COLUMNS * WIDTH / 1.6, sum(heights) / 1.6))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, COLUMNS * WIDTH), ylim=(-sum(heights), 0))
        axes.axis("off")
        y = 0.0
        for (heading, parts), height in zip(rows, heights, strict=True):
            if heading:
                axes.text(0.3, y - 0.5, heading, fontsize=10, color="#8a2b2b")
            for i, part in enumerate(parts):
                _part(axes, part, i * WIDTH, y)
            y -= height
        out = io.StringIO()
        FigureCanvasSVG(figure)
        figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def _pins(part: Fitted) -> int:
    """Lines that a part takes: its pins, half on either side."""
    return (len(part.nets) + 1) // 2


def _part(axes: object, part: Fitted, x: float, y: float) -> None:
    names = list(part.nets)
    lines = _pins(part)
    top = y - LINE * 2
    draw = getattr(axes, "text")  # noqa: B009
    shown = part.value or part.kind.maker
    draw(x + WIDTH / 2, top + 0.08, f"{part.ref}  {shown}", ha="center", weight="bold")
    box = Rectangle((x + 1.2, top - LINE * (lines + 0.2)), WIDTH - 2.4, LINE * (lines + 0.2), fill=False, lw=0.6)
    getattr(axes, "add_patch")(box)  # noqa: B009
    for i, name in enumerate(names):
        left = i < lines
        at = top - LINE * ((i if left else len(names) - 1 - i) + 0.7)
        net = part.nets[name] or "(open)"
        draw(x + (1.27 if left else WIDTH - 1.27), at, name, ha="left" if left else "right", color="#555555")
        draw(x + (1.12 if left else WIDTH - 1.12), at, net, ha="right" if left else "left", color="#1b6ca8")
