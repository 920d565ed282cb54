"""Sessions one after the other: share and level, contact and resistance, both sides. As SVG for the page."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tonus import limits

from ..ctl.preview import GRID, STYLE
from ..report.markup import Markup
from ..sim.plot import CEILING, CONTACTS
from ..sim.plot_pulses import FAINT, FORWARD, INK
from .history import Session
from .sentence import SHARE_PCT
from .symmetry import UNEVEN_PCT, pairs

SIZE_IN = (10.0, 2.15)
COLOURS = (FORWARD, "#00897b", "#8e5bb5", "#d1495b", "#c0a020", "#8d6e63")
LABELS_MOST = 20


def svg(figure: Figure) -> Markup:
    """A figure as an SVG element: its words stay words, and the same figure gives the same text."""
    text = io.StringIO()
    with mpl.rc_context(STYLE | {"svg.fonttype": "none", "svg.hashsalt": "tonus"}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return Markup(text.getvalue().partition("?>")[2].partition(">")[2].strip())  # past the declarations


def _axes(sessions: Sequence[Session], label: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE_IN, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.06, 0.15, 0.88, 0.73))
    axes.set_ylabel(label)
    axes.set_xlim(-0.7, max(len(sessions), 8) - 0.3)
    axes.grid(axis="y", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=0)
    every = -(-len(sessions) // LABELS_MOST)
    shown = range((len(sessions) - 1) % every, len(sessions), every)
    axes.set_xticks(list(shown), [_when(sessions[i]) for i in shown], fontsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _when(session: Session) -> str:
    return f"{session.day.day} {session.day:%b}" if session.day else f"#{session.n}"


def share(sessions: Sequence[Session]) -> Figure:
    """Delivered of what was set, and the level."""
    with mpl.rc_context(STYLE):
        figure, axes = _axes(sessions, "% of set")
        for i, s in enumerate(sessions):
            if s.share_pct is None:
                axes.text(i, 2, "?", ha="center", fontsize=8, color=FAINT)
                continue
            colour = CONTACTS["good"] if s.share_pct >= SHARE_PCT else CONTACTS["poor"]
            axes.bar(i, s.share_pct, width=0.72, color=colour, lw=0)
            if not s.is_complete:
                axes.plot(i, s.share_pct + 5, "v", color=CEILING, ms=5)
        axes.axhline(SHARE_PCT, color=FAINT, lw=0.8, ls=":")
        axes.set_ylim(0, 112)
        axes.set_yticks([0, 50, 100])
        levels = axes.twinx()
        levels.plot(range(len(sessions)), [s.level for s in sessions], "o-", color=INK, ms=3, lw=1)
        levels.set_ylim(0, limits.LEVELS * 1.12)
        levels.set_yticks([0, 5, 10])
        levels.set_ylabel("level")
        levels.spines["top"].set_visible(False)
    return figure


def contact(sessions: Sequence[Session]) -> Figure:
    """Contact that was not good, and resistance."""
    with mpl.rc_context(STYLE):
        figure, axes = _axes(sessions, "% of time poor")
        poor = [100 - s.good_pct for s in sessions]
        axes.bar(range(len(sessions)), poor, width=0.72, color=CONTACTS["poor"], lw=0)
        axes.set_ylim(0, max(20, *poor) * 1.2)
        ohms = axes.twinx()
        kohm = np.array([np.nan if s.ohm is None else s.ohm / 1000 for s in sessions])
        ohms.plot(range(len(sessions)), kohm, "o-", color=INK, ms=3, lw=1)
        known = kohm[~np.isnan(kohm)]
        ohms.set_ylim(0, 1.25 * float(known.max()) if len(known) else 1)
        ohms.set_ylabel("kOhm")
        ohms.spines["top"].set_visible(False)
    return figure


def symmetry(sessions: Sequence[Session]) -> Figure:
    """For each pair, by how much less right got (up) or left (down), session by session."""
    with mpl.rc_context(STYLE):
        figure, axes = _axes(sessions, "right less, %")
        axes.axhspan(-UNEVEN_PCT, UNEVEN_PCT, color="#eef5ef", lw=0, zorder=0)
        axes.axhline(0, color=FAINT, lw=0.8)
        most = 2.0 * UNEVEN_PCT
        for i, region in enumerate([pair.region for pair in pairs(sessions)]):
            points = []
            for at, session in enumerate(sessions):
                its = [pair for pair in pairs([session]) if pair.region == region and pair.sessions]
                points += [(at, pair.apart_pct) for pair in its]
            if points:
                x, y = zip(*points, strict=True)
                axes.plot(x, y, "o-", color=COLOURS[i % len(COLOURS)], ms=3, lw=1, label=region)
                most = max(most, *map(abs, y))
        axes.set_ylim(-1.15 * most, 1.15 * most)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 0.97), ncol=6, fontsize=8, frameon=False, borderpad=0)
    return figure
