"""The routine drawn: a column a week of the plan, a square a day, met or missed above."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..ctl.preview import DPI, STYLE
from ..output import write_picture
from ..sim.plot import CONTACTS
from ..sim.plot_pulses import FAINT, INK
from . import calendar_days
from .history import DAY_S
from .routine import Routine, Verdict

WIDTH_IN = 10.0
WEEKS_LEAST, WEEKS_MOST = 14, 40  # columns: fewer are not drawn wider; of more the latest are shown
HAD, EMPTY, AHEAD, SHORT = CONTACTS["good"], "#e6e9ec", "#f6f7f8", "#cfe6d3"
COLOURS = {Verdict.MET: "#1b6e3c", Verdict.PERHAPS: "#8a5200", Verdict.MISSED: "#b3171d", Verdict.RUNNING: FAINT}
SIGNS = {Verdict.MET: "met", Verdict.PERHAPS: "met?", Verdict.MISSED: "missed", Verdict.RUNNING: "now"}


def draw(kept: Routine, path: Path) -> None:
    """A picture at `path`. UsageError when it cannot be written."""
    with mpl.rc_context(STYLE):
        write_picture(path, figure(kept, heading=True), DPI)


def figure(kept: Routine, heading: bool = False) -> Figure:
    """The calendar; with a heading of its own for where it stands alone."""
    with mpl.rc_context(STYLE):
        height = 2.75 + (0.75 if heading else 0)
        its = Figure(figsize=(WIDTH_IN, height), dpi=DPI, facecolor="white")
        FigureCanvasAgg(its)
        if heading:
            its.text(0.05, 1 - 0.3 / height, f"Routine: {kept.position}", fontsize=15, weight="bold", va="center")
            its.text(0.05, 1 - 0.62 / height, f"{summary(kept)}; next: {kept.next}", fontsize=10.5, va="center")
        _days(its.add_axes((0.05, 0.62 / height, 0.94, 1.75 / height)), kept)
        for i, words in enumerate(legend(kept)):
            its.text(0.05, (0.36 - 0.21 * i) / height, words, fontsize=8.5, color=FAINT, va="center")
    return its


def summary(kept: Routine) -> str:
    """Weeks met and missed, in words."""
    told = [f"{kept.count(v)} {v.value}" for v in (Verdict.MET, Verdict.PERHAPS, Verdict.MISSED) if kept.count(v)]
    over = sum(week.verdict is not Verdict.RUNNING for week in kept.weeks)
    return f"of {over} week{'s' * (over != 1)} {', '.join(told)}" if told else "no week is over yet"


def legend(kept: Routine) -> list[str]:
    """What the signs mean."""
    first = "green: a day with a session; above, days of those planned"
    if kept.short:
        first += f"; pale: only shorter than {DAY_S} s, not counted ({kept.short})"
    if not kept.undated:
        return [first]
    return [
        first,
        f"ring: one of the {kept.undated} sessions without a date may have been there; met? if each had its own day",
    ]


def _days(axes: Axes, kept: Routine) -> None:
    shown = kept.weeks[-WEEKS_MOST:]
    if not shown:
        axes.text(0, 0, "nothing to show yet", color=FAINT)
        axes.set_axis_off()
        return
    had, short, possible = (days(kept) for days in (calendar_days.had, calendar_days.short, calendar_days.possible))
    start = shown[0].first
    for column, week in enumerate(shown):
        for row in range(7):
            day = week.first + timedelta(days=row)
            colour = HAD if day in had else SHORT if day in short else AHEAD if day > kept.today else EMPTY
            axes.add_patch(Rectangle((column + 0.07, row + 0.07), 0.86, 0.86, color=colour, lw=0))
            if day in possible and day not in had:
                axes.plot(column + 0.5, row + 0.5, "o", mfc="none", mec=COLOURS[Verdict.PERHAPS], ms=5.5, mew=1.1)
        count = f"{week.least}" if week.least == week.most else f"{week.least}-{week.most}"
        colour = COLOURS[week.verdict]
        axes.text(column + 0.5, -0.25, f"{count}/{week.target}", ha="center", fontsize=7.5, color=colour)
        axes.text(column + 0.5, -1.0, SIGNS[week.verdict], ha="center", fontsize=6.5, color=colour)
        if not column % 2:
            axes.text(column + 0.07, 7.75, f"{week.first.day} {week.first:%b}", fontsize=8, color=INK)
    _plan_end(axes, kept, start, len(shown))
    axes.set_xlim(0, max(len(shown), WEEKS_LEAST))
    axes.set_ylim(8, -1.6)
    names = [f"{start + timedelta(days=i):%a}" for i in range(7)]
    axes.set_yticks([i + 0.5 for i in range(7)], names, fontsize=8)
    axes.set_xticks([])
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _plan_end(axes: Axes, kept: Routine, start: date, columns: int) -> None:
    """A line where the plan asks for fewer days."""
    assert kept.first
    passed = (start - kept.first).days
    column = -(-(kept.plan.days - passed) // 7)  # the first week that begins after the plan's days
    if 0 < column < columns:
        axes.plot([column, column], [-1.5, 7], color=FAINT, lw=1, ls=":")
