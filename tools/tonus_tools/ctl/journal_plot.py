"""One page of the sessions in a device's journal: did it work, and am I keeping it up?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator
from tonus import bank
from tonus.session import EVENTS

from ..output import write_picture
from ..progress.history import COMPLETE, history
from ..sim.plot import CEILING, CONTACTS
from ..sim.plot_pulses import FAINT, FORWARD, INK, REVERSE, clock
from .preview import DPI, GRID, LEFT_PX, RIGHT_PX, STYLE, Sheet

PRESETS = (FORWARD, REVERSE, "#00897b", "#8e5bb5", "#d1495b", "#c0a020", "#8d6e63", "#5c6bc0")
MARKS = ("v", "s", "D", "X", "P", "^", "o")
OTHER_MARK = "*"
PRESETS_NAMED, ENDS_NAMED = 6, 7  # in the legend
SHARE_COLOURS = LinearSegmentedColormap.from_list("share", [(0, "#ef9a9a"), (0.6, "#f7e08b"), (1, "#a5d6a7")])
DAY = CONTACTS["good"]  # a day with a session, the stronger the longer

WEEKS_MOST = 53  # of the calendar
FULL_DAY_S = 300  # treated: the default session
BREAK_DAYS, BREAKS_NAMED = 7, 24  # more days than this without a session are named between the bars, if there is room
ROOM_FOR = 8  # sessions, although there be fewer: one bar must not fill the page
ZONES_OF = 8  # latest sessions whose zones are shown

# Heights, px.
HEAD_PX = 106
CALENDAR_PX = 194
CHART_PX, CHART_GAP_PX = (210, 120, 120), 26
ZONE_PX = 36


@dataclass(frozen=True)
class Session:
    """A session's record, as PROTOCOL.md has it, with the figures in a person's units."""

    n: int
    at: datetime | None  # local time
    id: str
    name: str
    generation: int
    level: int
    treated_s: float
    charge_mc: float
    good_pct: int
    counted_s: float
    set_mc: float | None  # of a record of 0.1.0 not known, like the next
    share_pct: int | None
    kohm: float | None
    lifts: int
    zones: tuple[tuple[float, int], ...]  # (counted s, % delivered of what was set, or of the time with good contact)
    names: tuple[str, ...]  # of the zones; "" where the record does not say
    why: str

    @property
    def kept_s(self) -> float:
        """Time in which what was set was delivered; where that is not known, with good contact."""
        return self.treated_s if self.share_pct is not None else self.treated_s * self.good_pct / 100

    @property
    def when(self) -> str:
        """Its date, or its number when that is not known."""
        return f"#{self.n}" if self.at is None else f"{self.at.day} {self.at:%b}"


def draw(records: list[dict[str, Any]], path: str | Path) -> None:
    """Draw session records (PROTOCOL.md), in any order, into a picture at `path`, 1500 px wide.

    Raises ValueError when there are none, KeyError when a field is missing, UsageError when it cannot be written.
    """
    with mpl.rc_context(STYLE):  # tick labels are made when it is drawn
        write_picture(Path(path), page(records), DPI)


def page(records: list[dict[str, Any]]) -> Figure:
    """The page as a figure. Raises as `draw`, but for OSError."""
    if not records:
        raise ValueError("no sessions to draw: the journal has none yet")
    sessions = sorted((_session(record) for record in records), key=lambda s: s.n)
    with mpl.rc_context(STYLE):
        its = Sheet()
        recent = sessions[: -ZONES_OF - 1 : -1]
        charts = sum(CHART_PX) + CHART_GAP_PX * len(CHART_PX) + 16
        its.resize(HEAD_PX + CALENDAR_PX + charts + 60 + ZONE_PX * len(recent) + 24)
        _title(its, sessions)
        its.down(HEAD_PX)
        _calendar(its, sessions)
        colours = _colours(sessions)
        _legend(its, sessions, colours)
        its.down(CALENDAR_PX)
        _charts(its, sessions, colours)
        its.down(charts)
        _zones(its, recent)
    return its.figure


def _session(record: dict[str, Any]) -> Session:
    at = record["at"]
    (its,) = history([record])
    return Session(
        n=record["n"],
        at=None if at is None else datetime.fromtimestamp(at),
        id=record["id"],
        name=record["name"],
        generation=record["generation"],
        level=record["level"],
        treated_s=record["treated_ms"] / 1000,
        charge_mc=record["charge_uc"] / 1000,
        good_pct=record["good_pct"],
        counted_s=its.counted_s,
        set_mc=None if its.set_uc is None else its.set_uc / 1000,
        share_pct=record.get("share_pct"),
        kohm=record["ohm"] / 1000 or None,
        lifts=record["lifts"],
        zones=tuple((p.counted_s, p.good_pct if p.share_pct is None else p.share_pct) for p in its.parts),
        names=tuple(str(part.place or "") for part in its.parts),
        why=record["why"],
    )


def _colours(sessions: Sequence[Session]) -> dict[str, str]:
    """A colour for each preset's id, the most used first."""
    ids = Counter(s.id for s in sessions)
    return {id: PRESETS[i % len(PRESETS)] for i, (id, _) in enumerate(ids.most_common())}


def _title(its: Sheet, sessions: Sequence[Session]) -> None:
    count = len(sessions)
    title = f"{count} session{'s' * (count > 1)}"
    days = [s.at.date() for s in sessions if s.at]
    if days:
        first, last = min(days), max(days)
        title += f", {_day(first)} to {_day(last)}" if first != last else f", {_day(last)}"
    its.text(LEFT_PX, 48, title, fontsize=20, weight="bold")
    treated_s = sum(s.treated_s for s in sessions)
    facts = [f"{sum(s.charge_mc for s in sessions):.3g} mC each way", f"{_duration(treated_s)} treated"]
    set_mc = sum(s.set_mc for s in sessions if s.set_mc is not None)
    if set_mc:
        flowed_mc = sum(s.charge_mc for s in sessions if s.set_mc is not None)
        facts.append(f"{min(100, 100 * flowed_mc / set_mc):.0f} % of what was set")
    counted_s = sum(s.counted_s for s in sessions)
    if counted_s:
        facts.append(f"contact good {sum(s.good_pct * s.counted_s for s in sessions) / counted_s:.0f} %")
    facts.append(f"{sum(s.lifts for s in sessions)} lifts")
    facts.append(f"{sum(s.why in COMPLETE for s in sessions)} of {count} to the end")
    if days and (last - first).days >= 7:
        facts.insert(0, f"{len(days) * 7 / ((last - first).days + 1):.1f} sessions a week")
    its.text(LEFT_PX, 80, "   |   ".join(facts), fontsize=11.5)


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _calendar(its: Sheet, sessions: Sequence[Session]) -> None:
    """A square a day, a column a week: darker the longer was treated."""
    treated_s: Counter[date] = Counter()
    for s in sessions:
        if s.at:
            treated_s[s.at.date()] += round(s.treated_s)
    if not treated_s:
        words = "The days are not known: no computer had set the device's clock. Below, the sessions are in order."
        its.text(LEFT_PX, 30, words, fontsize=11, color=FAINT)
        return
    last = max(treated_s)
    monday = last - timedelta(days=last.weekday())
    begun = min(treated_s)
    weeks = min((monday - begun + timedelta(days=begun.weekday())).days // 7 + 1, WEEKS_MOST)
    first = monday - timedelta(weeks=weeks - 1)
    axes = its.axes(LEFT_PX, 14, 17 * weeks, 17 * 7)
    axes.set_xlim(0, weeks)
    axes.set_ylim(7, 0)
    for i in range(weeks * 7):
        day = first + timedelta(days=i)
        if not begun <= day <= last:
            continue
        share = min(treated_s[day] / FULL_DAY_S, 1)
        colour = to_rgba(DAY, 0.3 + 0.7 * share) if day in treated_s else "#eef0f2"
        axes.add_patch(Rectangle((i // 7 + 0.08, i % 7 + 0.08), 0.84, 0.84, color=colour, lw=0))
    months = [w for w in range(weeks) if (first + timedelta(weeks=w)).day <= 7] or [0]
    axes.set_xticks([w + 0.5 for w in months], [f"{first + timedelta(weeks=w):%b}" for w in months], fontsize=8.5)
    axes.set_yticks([0.5, 2.5, 4.5, 6.5], ["Mon", "Wed", "Fri", "Sun"], fontsize=8.5)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    left_out = sum(n < first for n in treated_s)
    words = "days with a session, darker the longer" + (f"; {left_out} earlier not shown" if left_out else "")
    unknown = sum(s.at is None for s in sessions)
    words += f"; {unknown} on days not known" if unknown else ""
    its.text(LEFT_PX, 6, words, fontsize=9, color=FAINT)


def _legend(its: Sheet, sessions: Sequence[Session], colours: dict[str, str]) -> None:
    """Presets and endings, with how many."""
    names = {s.id: s.name for s in sessions}
    alike = Counter(names.values())
    count = Counter(s.id for s in sessions)
    presets: list[Any] = []
    for id in list(colours)[:PRESETS_NAMED]:
        label = names[id] if alike[names[id]] == 1 else f"{names[id]} ({id})"
        presets.append(Patch(color=colours[id], label=f"{_clipped(its, label, 9, 150)}: {count[id]}"))
    if len(colours) > PRESETS_NAMED:
        presets.append(Patch(color="none", label=f"and {len(colours) - PRESETS_NAMED} more"))
    if any(s.at is None for s in sessions):
        presets.append(Patch(facecolor="#cbd2d9", edgecolor="white", hatch="////", label="#n: day not known"))
    ends: list[Any] = [Patch(color="none", label=f"to the end: {sum(s.why in COMPLETE for s in sessions)}")]
    early = Counter(s.why for s in sessions if s.why not in COMPLETE).most_common()
    rows = [(_mark(sessions, why), EVENTS.get(why, why), n) for why, n in early[:ENDS_NAMED]]
    if len(early) > ENDS_NAMED:
        rows.append((OTHER_MARK, "otherwise", sum(n for _, n in early[ENDS_NAMED:])))
    for mark, words, n in rows:
        ends.append(Line2D([], [], ls="", marker=mark, color=CEILING, ms=6, label=fill(f"{words}: {n}", 30)))
    for left, title, handles in ((1035, "preset", presets), (1245, "how they ended", ends)):
        axes = its.axes(left, 0, 200, CALENDAR_PX - 10)
        axes.set_axis_off()
        axes.legend(
            handles=handles,
            title=title,
            loc="upper left",
            bbox_to_anchor=(0, 1.02),
            alignment="left",
            title_fontproperties={"weight": "bold", "size": 9.5},
            fontsize=9,
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            handlelength=1.2,
            handletextpad=0.5,
            labelspacing=0.35,
        )


def _mark(sessions: Sequence[Session], why: str) -> str:
    """The marker of a way to end before the end."""
    early = [end for end, _ in Counter(s.why for s in sessions if s.why not in COMPLETE).most_common(ENDS_NAMED)]
    return MARKS[early.index(why)] if why in early else OTHER_MARK


def _charts(its: Sheet, sessions: Sequence[Session], colours: dict[str, str]) -> None:
    """Three charts over the sessions in order: evenly apart, for two on one day are two."""
    parts: tuple[tuple[str, Callable[[Axes, Sequence[Session]], None]], ...] = (
        ("charge each way, mC", lambda axes, its_sessions: _charge(axes, its_sessions, colours)),
        ("time, min", _treated),
        ("resistance, kOhm", _resistance),
    )
    top = 0
    for (label, part), height in zip(parts, CHART_PX, strict=True):
        axes = its.axes(LEFT_PX, top, RIGHT_PX - LEFT_PX, height)
        part(axes, sessions)
        axes.set_ylabel(label)
        axes.set_xlim(-0.6, max(len(sessions), ROOM_FOR) - 0.4)
        axes.grid(axis="y", color=GRID, lw=0.7)
        axes.set_axisbelow(True)
        axes.tick_params(axis="x", length=0)
        every = -(-len(sessions) // 22)
        shown = range((len(sessions) - 1) % every, len(sessions), every)  # the latest is among them
        axes.set_xticks(list(shown), [sessions[i].when for i in shown] if part is _resistance else [])
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        top += height + CHART_GAP_PX


def _charge(axes: Axes, sessions: Sequence[Session], colours: dict[str, str]) -> None:
    tops = [max(s.charge_mc, s.set_mc or 0) for s in sessions]
    most = max(tops) or 1.0
    axes.bar(
        range(len(sessions)),
        [s.charge_mc for s in sessions],
        width=0.72,
        color=[colours[s.id] for s in sessions],
        edgecolor="white",
        lw=0,
        hatch=["" if s.at else "////" for s in sessions],
    )
    known = [(i, s.set_mc) for i, s in enumerate(sessions) if s.set_mc is not None]
    if known:
        at, heights = zip(*known, strict=True)
        axes.bar(at, heights, width=0.72, fill=False, edgecolor=FAINT, lw=0.9, ls=":", label="set")
        axes.legend(loc="upper left", bbox_to_anchor=(0, 1.0), fontsize=8.5, frameon=False, borderpad=0)
    for i, s in enumerate(sessions):
        if len(sessions) <= 30:
            level = f"level {s.level}" if len(sessions) <= 15 else f"L{s.level}"
            axes.text(i, tops[i] + most * 0.025, level, ha="center", fontsize=8, color=FAINT)
        if s.why not in COMPLETE:
            axes.plot(i, tops[i] + most * 0.17, _mark(sessions, s.why), color=CEILING, ms=6)
    axes.set_ylim(0, most * 1.32)
    for after, days in _breaks(sessions):
        axes.axvline(after + 0.5, color=FAINT, lw=0.9, ls=":")
        axes.text(after + 0.5, most * 1.3, f"{days} days", ha="center", va="top", fontsize=8, color=FAINT)


def _breaks(sessions: Sequence[Session]) -> list[tuple[int, int]]:
    """(index of the session before, days) of the longest breaks, as many as there is room to name."""
    breaks = []
    for i, (a, b) in enumerate(zip(sessions, sessions[1:], strict=False)):
        if a.at and b.at and (b.at.date() - a.at.date()).days > BREAK_DAYS:
            breaks.append((i, (b.at.date() - a.at.date()).days))
    apart = len(sessions) / BREAKS_NAMED
    named: list[tuple[int, int]] = []
    for i, days in sorted(breaks, key=lambda pair: -pair[1]):
        if all(abs(i - other) >= apart for other, _ in named):
            named.append((i, days))
    return named


def _treated(axes: Axes, sessions: Sequence[Session]) -> None:
    x = np.arange(len(sessions))
    minutes = np.array([s.counted_s / 60 for s in sessions])
    treated = np.array([s.kept_s / 60 for s in sessions])
    axes.bar(
        x, treated, width=0.72, color=CONTACTS["good"], lw=0, label="treated: as far as what was set was delivered"
    )
    axes.bar(
        x,
        minutes - treated,
        bottom=treated,
        width=0.72,
        color=CONTACTS["poor"],
        lw=0,
        label="not delivered: ramps, lifts, dry skin",
    )
    axes.set_ylim(0, max(minutes.max(), 1) * 1.25)
    if len(sessions) <= 30:
        for i, s in enumerate(sessions):
            axes.text(
                i,
                minutes[i],
                f"{s.good_pct if s.share_pct is None else s.share_pct} %",
                ha="center",
                va="bottom",
                fontsize=8,
                color=FAINT,
            )
    axes.legend(
        loc="lower right", bbox_to_anchor=(1, 0.97), ncol=2, fontsize=8.5, frameon=False, borderpad=0, handlelength=1.2
    )


def _resistance(axes: Axes, sessions: Sequence[Session]) -> None:
    kohm = np.array([np.nan if s.kohm is None else s.kohm for s in sessions])
    axes.plot(np.arange(len(sessions)), kohm, "o-", color=INK, ms=4, lw=1.4)
    known = kohm[~np.isnan(kohm)]
    axes.set_ylim(0, 1.25 * float(known.max()) if len(known) else 1)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    for i in np.flatnonzero(np.isnan(kohm)):
        axes.text(float(i), 0, "none", ha="center", va="bottom", fontsize=8, color=FAINT)


def _zones(its: Sheet, recent: Sequence[Session]) -> None:
    """The zones of the latest sessions: a row a session, its zones as wide as they were treated."""
    heading = "Delivered in each zone, latest session first"
    its.text(LEFT_PX, 24, heading, fontsize=11, weight="bold")
    words = "width: counted time; colour: share delivered of what was set"
    if any(s.share_pct is None for s in recent):
        words += " (where that is not known, of the time with good contact)"
    its.text(LEFT_PX + its.text_px(heading, 11, "bold") + 16, 24, words, fontsize=9, color=FAINT)
    longest_s = max(max(sum(seconds for seconds, _ in s.zones) for s in recent), 1.0)
    axes = its.axes(LEFT_PX + 60, 38, RIGHT_PX - LEFT_PX - 60, ZONE_PX * len(recent))
    px_per_s = (RIGHT_PX - LEFT_PX - 60) / longest_s
    names = _shipped_zones()
    for row, s in enumerate(recent):
        start_s = 0.0
        of_preset = names.get(s.id, []) if s.generation == 0 else []
        for i, (seconds, pct) in enumerate(s.zones):
            colour = SHARE_COLOURS(pct / 100)
            axes.broken_barh([(start_s, seconds)], (row + 0.06, 0.88), facecolor=colour, edgecolor="white", lw=1)
            name = s.names[i] or (of_preset[i] if i < len(of_preset) else f"zone {i + 1}")
            middle = start_s + seconds / 2
            for label in (f"{name}\n{pct} %, {clock(round(seconds))}", f"{i + 1}\n{pct} %", f"{i + 1}"):
                if its.text_px(label, 8) + 4 < seconds * px_per_s:
                    axes.text(middle, row + 0.5, label, ha="center", va="center", fontsize=8, linespacing=1.15)
                    break
            start_s += seconds
    axes.set_xlim(0, longest_s)
    axes.set_ylim(len(recent), 0)
    axes.set_xticks([])
    labels = [f"{s.when}\n{_clipped(its, s.name, 8.5, 150)}" for s in recent]
    axes.set_yticks([row + 0.5 for row in range(len(recent))], labels, fontsize=8.5)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _clipped(its: Sheet, words: str, size: float, most_px: float) -> str:
    """As much of the words as fits."""
    if its.text_px(words, size) <= most_px:
        return words
    while words and its.text_px(words + "...", size) > most_px:
        words = words[:-1]
    return words + "..."


def _shipped_zones() -> dict[str, list[str]]:
    """Zone names of the presets that came with the firmware: those of a bank that never changed, generation 0."""
    return {p.id: [zone.name for zone in p.zones] for p in bank.shipped()}
