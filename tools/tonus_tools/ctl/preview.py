"""One page that shows a person what a preset will do, before anything is sent to a device: session, pulses, limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MultipleLocator, NullLocator
from tonus import limits
from tonus.preset import Preset, Waveform

from ..output import write_picture
from ..sim.measure import Bools
from ..sim.plot import BEEP, CEILING, CONTACTS, ZONES
from ..sim.plot_pulses import FAINT, FORWARD, INK, REVERSE, clock
from ..sim.trace import Phases
from .figures import Load, Margin, Played, PresetFigures, board_constants, figures, plateau, play
from .words import notes

DPI = 100
WIDTH_PX = 1500
LEFT_PX, RIGHT_PX = 112, 1470
WAVEFORMS_MAX = 4  # drawn; more would leave no room for any
BINS = 1358  # one a pixel of the time axis

# Heights, px.
HEAD_PX = 478  # title, session and its strips
KEY_ROW_PX, KEY_COLUMNS = 19, 4
WAVE_PX = 204
UNDRAWN_PX = 30
BAR_PX = 21
BARS_TOP_PX = 40
LOADS_PX = 126  # the words around the table of loads

WITHIN = CONTACTS["good"]
LEAST_PCT = 0.01  # where the axis of the limits begins
GRID = "#e4e7eb"
STYLE: Any = {
    "font.size": 10,
    "font.family": "DejaVu Sans",
    "axes.edgecolor": FAINT,
    "text.color": INK,
    "axes.unicode_minus": False,
    "text.parse_math": False,  # names are people's text: a dollar sign is no formula
}


def draw(preset: Preset, path: str | Path, level: int = limits.LEVELS, board: str = "tonus_r1") -> None:
    """Draw a preset into a picture at `path`, 1500 px wide and at most 1900 high.

    Raises ValueError for a level that is not 1..10, KeyError for an unknown board, UsageError when it cannot be
    written.
    """
    with mpl.rc_context(STYLE):  # tick labels are made when it is drawn
        write_picture(Path(path), page(preset, level, board), DPI)


def page(preset: Preset, level: int = limits.LEVELS, board: str = "tonus_r1") -> Figure:
    """The page as a figure. Raises as `draw`, but for OSError."""
    played = play(preset, level, board)
    facts = figures(preset, level, board, played)
    with mpl.rc_context(STYLE):
        its = _Page(preset, facts, played.end_us / 1e6)
        _title(its)
        _session(its, played)
        its.down(HEAD_PX)
        _key(its)
        for waveform in its.waveforms[:WAVEFORMS_MAX]:
            _waveform(its, waveform, plateau(waveform, preset.top_ua, level, board_constants(board)))
        _undrawn(its)
        _limits(its)
    return its.figure


class Sheet:
    """A page that fills from the top: axes and words are placed in pixels from its upper left corner."""

    def __init__(self) -> None:
        self.figure = Figure(dpi=DPI, facecolor="white")
        FigureCanvasAgg(self.figure)
        self.height_px = 0
        self._top_px = 0

    def resize(self, height_px: int) -> None:
        """The page's height, before anything is placed."""
        self.height_px = height_px
        self.figure.set_size_inches(WIDTH_PX / DPI, height_px / DPI)

    def down(self, px: int) -> None:
        """What follows is placed so much lower."""
        self._top_px += px

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes at px from the left of the page and from where the sheet has come to."""
        bottom = self.height_px - self._top_px - top - height
        return self.figure.add_axes(
            (left / WIDTH_PX, bottom / self.height_px, width / WIDTH_PX, height / self.height_px)
        )

    def text(self, left: float, top: float, words: str, **style: Any) -> None:
        """Words whose base line is at px from the left and from where the sheet has come to."""
        y = (self.height_px - self._top_px - top) / self.height_px
        self.figure.text(left / WIDTH_PX, y, words, **style)

    def text_px(self, words: str, size: float, weight: str = "normal") -> float:
        """Width of words on the page, px."""
        label = self.figure.text(0, 0, words, fontsize=size, weight=weight)
        width = label.get_window_extent().width
        label.remove()
        return float(width)


class _Page(Sheet):
    """The page of one preset, with what its parts share."""

    def __init__(self, preset: Preset, facts: PresetFigures, session_s: float) -> None:
        super().__init__()
        self.preset = preset
        self.facts = facts
        self.session_s = session_s
        self.waveforms = list(dict.fromkeys(zone.waveform for zone in preset.zones))
        self.names_fit = all(self.text_px(zone.name, 8.5) + 6 < self.zone_px(zone.duration_s) for zone in preset.zones)
        waves = min(len(self.waveforms), WAVEFORMS_MAX)
        undrawn = UNDRAWN_PX if len(self.waveforms) > waves else 0
        output, time = (sum(m.group == group for m in facts.limits) for group in ("output", "time"))
        bars = BARS_TOP_PX + max(LOADS_PX + BAR_PX * (output + len(facts.loads)), 45 + BAR_PX * time)
        self.resize(HEAD_PX + self.key_px() + WAVE_PX * waves + undrawn + bars)

    def zone_px(self, seconds: float) -> float:
        """Length of a stretch of the time axis, px."""
        return (RIGHT_PX - LEFT_PX) * seconds / self.session_s

    def key_px(self) -> int:
        """Height of the list of zones, which is there when names do not fit their stretch."""
        return 0 if self.names_fit else KEY_ROW_PX * -(-len(self.preset.zones) // KEY_COLUMNS) + 16

    def letter(self, waveform: Waveform) -> str:
        return chr(ord("A") + self.waveforms.index(waveform))


def _title(page: _Page) -> None:
    facts = page.facts
    page.text(LEFT_PX, 48, facts.name, fontsize=20, weight="bold")
    page.text(LEFT_PX + page.text_px(facts.name, 20, "bold") + 14, 48, facts.id, fontsize=12, color=FAINT)
    # Of a slow preset the probes may carry more than the pulses.
    probes = f", probes {_quantity(1000 * facts.probe_mc, 'uC')}" if facts.probe_mc else ""
    words = [
        f"top current {facts.top_ua} uA",
        f"{clock(facts.duration_s)} in {len(facts.zones)} zone{'s' * (len(facts.zones) > 1)}",
        f"here at level {facts.level} of {limits.LEVELS}: {_figure(facts.set_ua)} uA",
        f"{_figure(facts.forward_mc)} mC each way" + probes,
        f"net charge of every cycle {max(zone.net_code_us for zone in facts.zones)}",
    ]
    page.text(LEFT_PX, 80, "   |   ".join(words), fontsize=11.5)
    verdict, colour = ("every limit is kept", WITHIN) if facts.within else ("BEYOND A LIMIT", CEILING)
    page.text(RIGHT_PX, 40, verdict, fontsize=13, weight="bold", color=colour, ha="right")
    note = f"computed for {facts.board}; contact unbroken"
    if notes(page.preset):
        note += "; pauses cut its end short"
    page.text(RIGHT_PX, 59, note, fontsize=9, color=FAINT, ha="right")


def _figure(value: float) -> str:
    """Three significant digits, without an exponent."""
    return np.format_float_positional(float(f"{value:.3g}"), trim="-")


def _quantity(value: float, unit: str) -> str:
    """A value with a unit in which it is a short number."""
    if unit in ("us", "ms") and value >= 10_000:
        return _quantity(value / 1000, "ms" if unit == "us" else "s")
    if unit == "mJ" and value < 0.01:
        value, unit = value * 1000, "uJ"
    return f"{_figure(value)} {unit}".rstrip()


# The session


def _session(page: _Page, played: Played) -> None:
    end_s = page.session_s
    amplitude = page.axes(LEFT_PX, 106, RIGHT_PX - LEFT_PX, 240)
    _amplitude(amplitude, page, played)
    strips = [page.axes(LEFT_PX, top, RIGHT_PX - LEFT_PX, height) for top, height in ((354, 28), (386, 24), (414, 16))]
    for axes, name in zip(strips, ("zone", "waveform", "cues"), strict=True):
        axes.set_ylim(0, 1)
        axes.set_yticks([])
        axes.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
        for side in axes.spines.values():
            side.set_visible(False)
    _zones(page, amplitude, strips[0])
    _runs(page, strips[1])
    strips[2].eventplot([_cues(page.preset)], lineoffsets=[0.5], linelengths=[0.9], colors=[BEEP], linewidths=[1.1])
    for axes in (amplitude, *strips):
        axes.set_xlim(0, end_s)
        axes.xaxis.set_major_locator(MultipleLocator(next(s for s in (1, 5, 10, 15, 30, 60, 120) if s * 14 > end_s)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds)))
        if axes is not strips[-1]:
            axes.tick_params(labelbottom=False, bottom=False)
    strips[-1].set_xlabel("treated time, minutes:seconds", labelpad=2)


def _amplitude(axes: Axes, page: _Page, played: Played) -> None:
    """Amplitude of the pulses: between the lowest and the highest of each pixel's time."""
    pulses = played.pulses
    ua = played.phases.peak_ua[pulses]
    which = np.minimum(played.phases.t_us[pulses] * BINS // played.end_us, BINS - 1)
    most, least, final = np.zeros(BINS), np.full(BINS, np.inf), np.zeros(BINS)
    np.maximum.at(most, which, ua)
    np.minimum.at(least, which, ua)
    final[which] = ua
    # Between two pulses of a slow rate the last one's stands.
    empty = np.isinf(least)
    held = final[np.maximum.accumulate(np.where(empty, 0, np.arange(BINS)))]
    most, least = (np.append(np.where(empty, held, values), 0) for values in (most, least))
    seconds = np.arange(BINS + 1) * played.end_us / BINS / 1e6
    axes.fill_between(seconds, 0, least, step="post", color=FORWARD, alpha=0.75, lw=0)
    axes.fill_between(seconds, least, most, step="post", color=FORWARD, alpha=0.4, lw=0)
    axes.step(seconds, most, where="post", color=FORWARD, lw=1.0)
    set_ua = page.facts.set_ua
    near = set_ua > 0.15 * limits.FIRMWARE_CEILING_UA
    axes.set_ylim(0, limits.FIRMWARE_CEILING_UA * 1.14 if near else set_ua * 1.3)
    if near:
        axes.axhline(limits.FIRMWARE_CEILING_UA, color=CEILING, ls="--", lw=1.2)
        axes.text(
            0.003,
            limits.FIRMWARE_CEILING_UA + 3,
            f"limit {limits.FIRMWARE_CEILING_UA} uA",
            color=CEILING,
            fontsize=9,
            va="bottom",
            transform=axes.get_yaxis_transform(),
        )
    axes.set_ylabel("amplitude of the pulses, uA")
    axes.grid(axis="y", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _zones(page: _Page, amplitude: Axes, strip: Axes) -> None:
    start_s = 0
    for i, zone in enumerate(page.preset.zones):
        colour = ZONES[i % len(ZONES)]
        strip.broken_barh([(start_s, zone.duration_s)], (0, 1), facecolor=colour, edgecolor="white", lw=0.8)
        amplitude.axvspan(start_s, start_s + zone.duration_s, color=colour, alpha=0.22, lw=0, zorder=0)
        label = zone.name if page.names_fit else str(i + 1)
        if page.text_px(label, 8.5) < page.zone_px(zone.duration_s):
            middle = start_s + zone.duration_s / 2
            strip.text(middle, 0.47, label, ha="center", va="center", fontsize=8.5, clip_on=True)
        start_s += zone.duration_s


def _runs(page: _Page, strip: Axes) -> None:
    """Zones in a row with equal waveforms: they run on without a new ramp."""
    start_s = end_s = 0
    zones = page.preset.zones
    for i, zone in enumerate(zones):
        end_s += zone.duration_s
        if i + 1 < len(zones) and zones[i + 1].waveform == zone.waveform:
            continue
        strip.broken_barh([(start_s, end_s - start_s)], (0.06, 0.88), facecolor="#eef0f2", edgecolor="white", lw=0.8)
        letter = page.letter(zone.waveform)
        for label in (f"{letter}  {_describe(zone.waveform)}", letter):
            if page.text_px(label, 8.5) + 8 < page.zone_px(end_s - start_s):
                strip.text((start_s + end_s) / 2, 0.47, label, ha="center", va="center", fontsize=8.5)
                break
        start_s = end_s


def _cues(preset: Preset) -> list[int]:
    """When the device says to move on or to hold still, s: at a zone's interval or strokes, and at the next zone."""
    times: list[int] = []
    start_s = 0
    for zone in preset.zones:
        end_s = start_s + zone.duration_s
        if zone.stroke is None:
            times += range(start_s + zone.cue_s, end_s, zone.cue_s)
        else:
            glide_s, hold_s = zone.stroke
            times += range(start_s + glide_s, end_s, glide_s + hold_s)
            times += range(start_s + glide_s + hold_s, end_s, glide_s + hold_s) if hold_s else ()
        start_s = end_s
        times.append(start_s)
    return times


def _key(page: _Page) -> None:
    """Zones by number."""
    if page.names_fit:
        return
    zones = page.preset.zones
    rows = -(-len(zones) // KEY_COLUMNS)
    column_px = (RIGHT_PX - LEFT_PX) / KEY_COLUMNS
    for i, zone in enumerate(zones):
        left, top = LEFT_PX + column_px * (i // rows), KEY_ROW_PX * (i % rows) + 8
        patch = page.axes(left, top - 9, 22, 14)
        patch.set_axis_off()
        patch.add_patch(Rectangle((0, 0), 1, 1, color=ZONES[i % len(ZONES)]))
        patch.text(0.5, 0.45, str(i + 1), ha="center", va="center", fontsize=8)
        words = f"{zone.name}   {clock(zone.duration_s)}, {page.letter(zone.waveform)}"
        page.text(left + 28, top + 3, words, fontsize=8.5)
    page.down(page.key_px())


# Waveforms


def _describe(w: Waveform) -> str:
    """A waveform in a few words."""
    rate = f"{w.rate_dhz / 10:g}"
    if w.kind == "swept":
        rate += f" to {w.rate_to_dhz / 10:g} Hz in {w.sweep_ms // 1000} s and back"
        return f"swept {rate}, {_quantity(w.phase_us, 'us')}"
    if w.kind == "alternating":
        return f"alternating {rate} Hz, {w.burst_pulses} x {_quantity(w.phase_us, 'us')} each way"
    words = f"{w.kind} {rate} Hz, {_quantity(w.phase_us, 'us')}"
    if w.envelope is not None:
        depth, sine = w.envelope[4:]
        words += f", {'sine' if sine else 'trapezoid'} of {sum(w.envelope[:4]) / 1000:g} s down to {100 - depth} %"
        words += f", not below {limits.PROBE_UA} uA"
    return words


def _waveform(page: _Page, w: Waveform, steady: Played) -> None:
    title = f"{page.letter(w)}   {_describe(w)}"
    page.text(LEFT_PX, 20, title, fontsize=11, weight="bold")
    _where(page, w, LEFT_PX + page.text_px(title, 11, "bold") + 16)
    top, height = 34, 128
    close = page.axes(1150, top, RIGHT_PX - 1150, height)
    if w.kind in ("swept", "modulated"):
        wide = page.axes(LEFT_PX, top, 610, height)
        _slow(page.axes(LEFT_PX + 610 + 85, top, 285, height), w, steady)
    else:
        wide = page.axes(LEFT_PX, top, 985, height)
    _train(wide, w, steady)
    _pulse(close, w, steady)
    page.down(WAVE_PX)


def _where(page: _Page, w: Waveform, left_px: float) -> None:
    """The zones of a waveform, as many as fit the line."""
    names = [zone.name for zone in page.preset.zones if zone.waveform == w]
    for shown in range(len(names), -1, -1):
        more = f"{len(names) - shown} {'more ' * bool(shown)}zone{'s' * (len(names) - shown > 1)}"
        words = ", ".join(names[:shown]) + (" and " * bool(shown) + more) * (shown < len(names))
        if left_px + page.text_px(words, 9.5) < RIGHT_PX:
            page.text(left_px, 20, words, fontsize=9.5, color=FAINT)
            return


def _undrawn(page: _Page) -> None:
    more = page.waveforms[WAVEFORMS_MAX:]
    if more:
        letters = ", ".join(page.letter(w) for w in more)
        words = f"{len(more)} more waveform{'s are' if len(more) > 1 else ' is'} not drawn: {letters}"
        page.text(LEFT_PX, 16, words + "; the limits below are for all", fontsize=9.5, color=FAINT)
        page.down(UNDRAWN_PX)


def _train(axes: Axes, w: Waveform, steady: Played) -> None:
    """A second of pulses, or two cycles of slow ones."""
    phases = steady.phases
    span_us = max(1_000_000, 2 * w.period_us(w.fastest_dhz()) * (2 * w.burst_pulses or 1))
    # A swell is seen where it reaches the top.
    reached_us = int(phases.t_us[np.argmax(phases.peak_ua)]) if w.envelope else 0
    from_us = max(steady.start_us, min(reached_us - span_us * 6 // 10, steady.end_us - span_us))
    window = slice(*np.searchsorted(phases.t_us, (from_us, from_us + span_us)))
    unit, per = ("s", 1e6) if span_us > 2_000_000 else ("ms", 1e3)
    _draw_phases(axes, phases, steady.probe, window, from_us, per)
    axes.set_xlim(-0.008 * span_us / per, 1.008 * span_us / per)
    axes.set_xlabel(f"{unit}, {'one second' if span_us == 1_000_000 else 'two cycles'}", labelpad=1, loc="left")
    axes.set_ylabel("uA")
    handles = [Patch(color=FORWARD, label="forward (EL_A)"), Patch(color=REVERSE, label="reverse (EL_B)")]
    if steady.probe[window].any():
        handles.append(Patch(color=FAINT, label=f"contact probe, {limits.PROBE_UA} uA"))
    axes.legend(
        handles=handles,
        loc="upper right",
        bbox_to_anchor=(1.0, -0.2),
        ncol=len(handles),
        fontsize=8.5,
        frameon=False,
        borderaxespad=0,
        borderpad=0,
        handlelength=1.1,
        columnspacing=1.2,
    )


def _draw_phases(axes: Axes, phases: Phases, probe: Bools, window: slice, origin_us: int, per: float) -> None:
    """Phases as rectangles."""
    x0, x1 = ((times[window] - origin_us) / per for times in (phases.t_us, phases.end_us))
    way = phases.direction[window]
    y = phases.peak_ua[window] * way
    none = np.zeros(len(x0))
    shapes = np.stack([np.column_stack(corner) for corner in ((x0, none), (x0, y), (x1, y), (x1, none))], axis=1)
    colours = list(np.where(probe[window], FAINT, np.where(way > 0, FORWARD, REVERSE)))
    # Edges wide enough that a pulse narrower than a pixel still shows, and not moved to whole pixels: all look alike.
    axes.add_collection(PolyCollection(list(shapes), facecolors=colours, edgecolors=colours, linewidths=1, snap=False))
    axes.axhline(0, color=INK, lw=0.8)
    most = float(phases.peak_ua.max())
    axes.set_ylim(-1.2 * most, 1.2 * most)
    axes.grid(axis="y", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _slow(axes: Axes, w: Waveform, steady: Played) -> None:
    """What changes from pulse to pulse: the rate of a sweep, the amplitude of a swell."""
    phases = steady.phases
    first = steady.pulses & (phases.direction > 0)
    seconds = phases.t_us[first] / 1e6
    if w.envelope is None:
        seconds, rates = seconds[:-1], 1 / np.diff(seconds)
        axes.plot(seconds, rates, ".", color=FORWARD, ms=3 if len(rates) > 40 else 6)
        axes.set_xlim(0, steady.end_us / 1e6)
        axes.set_ylim(0, 1.2 * max(w.rate_dhz, w.rate_to_dhz) / 10)
        axes.set_ylabel("rate, Hz")
        axes.set_xlabel("s, a dot a pulse", labelpad=1)
    else:
        swell_s = sum(w.envelope[:4]) / 1000
        axes.vlines(seconds % swell_s, 0, phases.peak_ua[first], color=FORWARD, lw=1)
        axes.set_xlim(-0.01 * swell_s, 1.01 * swell_s)
        axes.set_ylim(0, 1.2 * float(phases.peak_ua.max()))
        axes.set_ylabel("amplitude, uA")
        axes.set_xlabel("s, a line a pulse", labelpad=1)
    axes.grid(axis="y", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _pulse(axes: Axes, w: Waveform, steady: Played) -> None:
    """The strongest phase that is paid back by the next, enlarged with its measures; a phase is one unit wide."""
    phases, pulses = steady.phases, np.flatnonzero(steady.pulses)
    way = phases.direction[pulses]
    turns = np.flatnonzero((way[:-1] > 0) & (way[1:] < 0))
    turn = int(turns[np.argmax(phases.peak_ua[pulses[turns]])])
    a, b = pulses[turn], pulses[turn + 1]
    width_us, between_us = int(phases.dur_us[a]), int(phases.t_us[b] - phases.end_us[a])
    ua = float(phases.peak_ua[a])
    true_gap = between_us / width_us
    gap = min(max(true_gap, 0.15), 0.9)
    style: Any = {"ha": "center", "va": "center"}
    for i, left, sign, colour in ((a, 0.0, 1, FORWARD), (b, 1 + gap, -1, REVERSE)):
        axes.add_patch(Rectangle((left, 0), 1, sign * float(phases.peak_ua[i]), color=colour, lw=0))
        charge = f"{'+' if sign > 0 else '-'}{_quantity(float(phases.charge_nc[i]) / 1000, 'uC')}"
        axes.text(left + 0.5, sign * ua / 2, charge, color="white", weight="bold", fontsize=10, **style)
        _measure(axes, left, left + 1, -sign * ua * 0.2)
        axes.text(left + 0.5, -sign * ua * 0.46, _quantity(int(phases.dur_us[i]), "us"), fontsize=9, **style)
    _measure(axes, 1, 1 + gap, ua * 0.94)
    axes.text(1.06 + gap, ua * 0.94, f"shorted {_quantity(between_us, 'us')}", fontsize=9, va="center")
    for x in (1, 1 + gap):
        axes.plot([x, x], [0, ua], color=FAINT, lw=0.7, ls=":")
    axes.axhline(0, color=INK, lw=0.8)
    axes.set_xlim(-0.25, 2.25 + gap)
    axes.set_ylim(-1.2 * ua, 1.2 * ua)
    axes.set_xticks([])
    axes.set_yticks([-ua, 0, ua], [f"-{_figure(ua)}", "0", _figure(ua)])
    title = "the turn of polarity" if w.burst_pulses else "one pulse"
    axes.set_xlabel(f"{title}, enlarged{'' if gap == true_gap else '; pause not to scale'}", labelpad=4, fontsize=9.5)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)


def _measure(axes: Axes, left: float, right: float, y: float) -> None:
    style = {"arrowstyle": "<->", "color": FAINT, "lw": 0.9, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 8}
    axes.annotate("", (left, y), (right, y), arrowprops=style)


# Limits


def _limits(page: _Page) -> None:
    words = "How much of each limit is used; at 100 % it is reached"
    page.text(LEFT_PX, 24, words, fontsize=11, weight="bold")
    groups = [[m for m in page.facts.limits if m.group == group] for group in ("output", "time")]
    for i, margins in enumerate(groups):
        axes = page.axes((262, 935)[i], BARS_TOP_PX, 320, BAR_PX * len(margins))
        _bars(axes, margins)
    _loads(page, BARS_TOP_PX + BAR_PX * len(groups[0]) + 62)


def _bars(axes: Axes, margins: Sequence[Margin]) -> None:
    """A bar a limit, from LEAST_PCT to its percent, with its value and the limit beside it."""
    axes.set_xscale("log")
    beyond = max((m.percent for m in margins if np.isfinite(m.percent)), default=100.0)
    most = 100.0 if beyond <= 100 else 1000.0
    axes.set_xlim(LEAST_PCT, most)
    for row, margin in enumerate(margins):
        colour = WITHIN if margin.within else CEILING
        end = min(max(margin.percent, LEAST_PCT), most)
        axes.barh(row, end - LEAST_PCT, left=LEAST_PCT, height=0.72, color=colour, lw=0)
        inside = end > 0.15 * most
        percent = "none" if not margin.percent else f"{_figure(margin.percent)} %"
        if margin.percent < LEAST_PCT and margin.percent:
            percent = f"below {LEAST_PCT:g} %"
        axes.annotate(
            percent,
            (end, row),
            xytext=(-4 if inside else 4, -0.5),
            textcoords="offset points",
            ha="right" if inside else "left",
            va="center",
            fontsize=8,
            color="white" if inside else INK,
        )
        axes.text(1.025, row, _against(margin), transform=axes.get_yaxis_transform(), va="center", fontsize=8.5)
    axes.set_yticks(range(len(margins)), [m.name for m in margins], fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(margins) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda percent, _: f"{percent:g} %"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="x", labelsize=8.5)
    axes.axvline(100, color=CEILING, lw=1.4, clip_on=False)
    axes.grid(axis="x", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _against(margin: Margin) -> str:
    """Value and limit, the unit once if they share it."""
    value, limit = _quantity(margin.value, margin.unit), _quantity(margin.limit, margin.unit)
    if not margin.limit:
        return f"{value}, exactly"
    if value.split()[1:] == limit.split()[1:]:
        value = value.split()[0]
    return f"{value}, at {'least' if margin.at_least else 'most'} {limit}"


def _loads(page: _Page, top_px: float) -> None:
    """Predicted current and voltage in the test loads."""
    facts = page.facts
    page.text(LEFT_PX, top_px, "Predicted into the test loads, rail at its lowest", fontsize=11, weight="bold")
    columns = (LEFT_PX, LEFT_PX + 110, LEFT_PX + 220, LEFT_PX + 330)
    rows = [("load", "current", "voltage", ""), *(_cells(load) for load in facts.loads)]
    colours = [FAINT, *(CEILING if load.limited else INK for load in facts.loads)]
    for row, (cells, colour) in enumerate(zip(rows, colours, strict=True)):
        for left, cell in zip(columns, cells, strict=True):
            page.text(left, top_px + 22 + BAR_PX * row, cell, fontsize=9.5, color=colour)
    words = f"The set current flows into at most {_figure(facts.most_ohm / 1000)} kOhm; beyond that the rail limits it."
    page.text(LEFT_PX, top_px + 26 + BAR_PX * (len(facts.loads) + 1), words, fontsize=9, color=FAINT)


def _cells(load: Load) -> tuple[str, str, str, str]:
    ohm = f"{load.ohm / 1000:g} kOhm" if load.ohm >= 1000 else f"{load.ohm} Ohm"
    kept = "limited by the rail" if load.limited else "as set"
    return ohm, f"{_figure(load.current_ua)} uA", f"{_figure(load.volts)} V", kept
