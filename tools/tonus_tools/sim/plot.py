"""One page that shows a session to a person: current, pulses, zones, contact, LEDs and cues on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from tonus import limits

from ..world.boards import load_board
from .expectations import treated_seconds
from .measure import OFF_SKIN, Electrodes, electrodes, lifts, loads, max_current_ua, strays_nc, told, worst_account
from .plot_pulses import FAINT, FORWARD, INK, clock, pulses, within
from .summary import level_treated, preset_treated
from .trace import PROBING, TREATING, Floats, Span, Trace, spans_of

SIZE_IN, DPI = (16.0, 11.0), 100
BINS = 1300  # about one a pixel of the time axis

SET_POINT, CEILING = "#12395b", "#c62828"
PAUSE, DRY = "#cbd2d9", "#f6d78b"
BEEP, HAPTIC = "#7b3fa0", "#d1495b"
ZONES = ("#a8d5ba", "#c3b1e1", "#f7c59f", "#a7c7e7", "#f4a6b7", "#d9e7a3", "#b8dedb", "#e3c9a8")
STATES = {
    "OFF": "#eef0f2",
    "SELF_TEST": "#9fb3c8",
    "STANDBY": "#d9e2ec",
    "ARMED": "#f7e08b",
    "RAMP_UP": "#a5d6a7",
    "TREAT": "#43a047",
    "PAUSED": "#f2a541",
    "RAMP_DOWN": "#80cbc4",
    "DONE": "#90caf9",
    "CHARGING": "#4dd0e1",
    "LOW_BATTERY": "#ff8a65",
    "FAULT": "#d32f2f",
}
CONTACTS = {"open": "#e4e7eb", "poor": "#f2c14e", "good": "#43a047", "short": "#d32f2f"}
BANDS = {"PAUSED": ("paused", PAUSE), "dry": ("dry spot", DRY)}
MANY_BANDS = 10
LED_COLOURS = LinearSegmentedColormap.from_list("led", ["#2f3640", "#8a6d1f", "#ffd54a"])
LED_ROWS = ("CONTACT", *(f"LEVEL_{i}" for i in range(1, 6)), *(f"MODE_{i}" for i in range(1, 5)))


def draw(trace: Trace, path: str | Path) -> None:
    """Draw the session into a PNG at `path`, 1600 x 1100 pixels. Raises OSError when it cannot be written."""
    skin = electrodes(trace, load_board(trace.header["board"]))
    with mpl.rc_context({"font.size": 10, "font.family": "DejaVu Sans", "axes.edgecolor": FAINT, "text.color": INK}):
        figure = Figure(figsize=SIZE_IN, dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        heights = [4.3, 0.42, 0.42, 0.42, 1.05, 0.5]
        top = figure.add_gridspec(
            6, 1, height_ratios=heights, hspace=0.12, left=0.07, right=0.885, top=0.895, bottom=0.375
        )
        current = figure.add_subplot(top[0])
        strips = [figure.add_subplot(top[i], sharex=current) for i in range(1, 6)]
        below = figure.add_gridspec(
            1, 2, width_ratios=[2.6, 1], wspace=0.13, left=0.07, right=0.975, top=0.275, bottom=0.065
        )
        _title(figure, trace, skin)
        _current(current, trace, skin)
        for axes, strip in zip(strips, (_zones, _states, _contact, _leds, _cues), strict=True):
            strip(axes, trace)
        _time_axis(current, strips, trace)
        pulses(figure.add_subplot(below[0]), figure.add_subplot(below[1]), trace, skin)
        figure.savefig(path, dpi=DPI, pil_kwargs={"compress_level": 1})  # more would take a tenth of the whole drawing


def _title(figure: Figure, trace: Trace, skin: Electrodes) -> None:
    preset, level = preset_treated(trace), level_treated(trace)
    title = str(trace.header.get("scenario", "Session"))
    if preset and level:
        title += f": {preset}, level {level}"
    reactions = lifts(trace, skin, OFF_SKIN)
    forward = (trace.phases.direction > 0) & ~skin.probe
    delivered = f"{trace.phases.charge_nc[forward].sum() / 1e6:.2f} mC delivered each way"
    said = told(trace)
    if said is not None:
        delivered += f", of {said.set_mc:.2f} set {said.share_pct:.0f} %"
    facts = [
        f"{clock(treated_seconds(trace))} with output of {clock(trace.end_us / 1e6)}",
        delivered,
        f"at most {max_current_ua(trace):.0f} uA",
        f"charge in one direction at most {worst_account(trace.phases)[0]:.2g} uC",
    ]
    if reactions:
        worst_ms = max(r.took_ms for r in reactions)
        facts.append(f"{len(reactions)} lift{'s' * (len(reactions) > 1)}, output off within {worst_ms:.1f} ms")
    if trace.faults:
        facts.append("fault: " + ", ".join(trace.faults))
    figure.text(0.07, 0.962, title, fontsize=19, weight="bold")
    figure.text(0.07, 0.93, "   |   ".join(facts), fontsize=11, color=INK)
    made = f"simulated {trace.header.get('board', '')}, MicroPython {_version(trace)}"
    figure.text(0.975, 0.967, made, fontsize=9, color=FAINT, ha="right")


def _version(trace: Trace) -> str:
    """The interpreter's version without the words around it."""
    text = str(trace.header.get("micropython", "?"))
    return text.split("MicroPython ")[-1].split(" on ")[0]


# Current over the session


def _current(axes: Axes, trace: Trace, skin: Electrodes) -> None:
    edges = np.linspace(0, max(trace.end_us, 1), BINS + 1)
    delivered, wanted = _envelope(trace, skin, edges)
    seconds = edges[:-1] / 1e6
    axes.fill_between(seconds, 0, delivered, step="post", color=FORWARD, alpha=0.75, lw=0, label="delivered")
    axes.step(seconds, wanted, where="post", color=SET_POINT, lw=1.1, label="played")
    _level(axes, trace)
    axes.axhline(limits.FIRMWARE_CEILING_UA, color=CEILING, ls="--", lw=1.2)
    axes.text(
        0.003,
        limits.FIRMWARE_CEILING_UA + 5,
        f"limit {limits.FIRMWARE_CEILING_UA} uA",
        color=CEILING,
        fontsize=9,
        transform=axes.get_yaxis_transform(),
    )
    probe = f"probe limit {limits.PROBE_MAX_UA} uA"
    axes.axhline(limits.PROBE_MAX_UA, color=CEILING, ls=":", lw=0.9, label=probe)
    pauses = [span for span in trace.spans if span.name == "PAUSED"]
    on_dry = [span for span in loads(trace, OFF_SKIN) if span.name == "dry"]
    dry = within(on_dry, trace.spans_in((*TREATING, "PAUSED")))
    _bands(axes, trace, [*pauses, *dry])
    _incidents(axes, trace)
    _strays(axes, skin)
    axes.set_ylim(0, max(limits.FIRMWARE_CEILING_UA * 1.14, max_current_ua(trace) * 1.08))
    axes.set_ylabel("current at the electrodes, uA")
    axes.grid(axis="y", color="#e4e7eb", lw=0.7)
    axes.set_axisbelow(True)
    handles, _ = axes.get_legend_handles_labels()
    handles += [Patch(color=PAUSE, label="paused")] * bool(pauses) + [Patch(color=DRY, label="dry spot")] * bool(dry)
    _legend(axes, handles)


def _strays(axes: Axes, skin: Electrodes) -> None:
    """Why more is delivered than set."""
    nc, percent = strays_nc(skin)
    if nc > 0:
        words = (
            f"delivered lies {percent:.2g} % above set: each phase also carries the charge of the strays, {nc:.1f} nC"
        )
        box = {"fc": "white", "ec": "none", "pad": 1.5, "alpha": 0.85}
        axes.text(
            0.995, 0.972, words, transform=axes.transAxes, ha="right", va="top", fontsize=8.5, color=INK, bbox=box
        )


def _envelope(trace: Trace, skin: Electrodes, edges: Floats) -> tuple[Floats, Floats]:
    """(delivered, set) amplitude in uA, one a bin: mean over the pulses in it, largest set-point.

    Delivered is the mean over each phase, so skin that takes less than the set current shows. Between two pulses of a
    slow rate the last value stands, as long as the session treats, and so between two probes while it waits.
    """
    phases = skin.phases
    bins = len(edges) - 1
    treated, follows = np.zeros(bins, dtype=np.bool_), np.zeros(bins, dtype=np.bool_)
    for states in (TREATING, PROBING):
        for span in trace.spans_in(states):
            first = int(np.searchsorted(edges, span.start_us, side="right")) - 1
            last = int(np.searchsorted(edges, span.end_us))
            treated[first:last] = states is TREATING
            follows[first + 1 : last] = True
    which = np.clip(np.searchsorted(edges, phases.t_us, side="right") - 1, 0, bins - 1)
    pulses = ~(skin.probe & treated[which])  # probes between the pulses of a slow rate are not its amplitude
    which = which[pulses]
    mean_ua = (phases.charge_nc * 1000 / phases.dur_us)[pulses]
    count = np.bincount(which, minlength=bins)
    total = np.bincount(which, weights=mean_ua, minlength=bins)
    delivered = np.divide(total, count, out=np.zeros(bins), where=count > 0)
    wanted = np.zeros(bins)
    np.maximum.at(wanted, which, skin.set_ua[pulses])
    held = np.maximum.accumulate(np.where((count > 0) | ~follows, np.arange(bins), 0))
    return delivered[held], wanted[held]


def _level(axes: Axes, trace: Trace) -> None:
    """The current that the level stands for, while the session is on: what is set."""
    changes = [(0, "0"), *((level.t_us, str(level.ua)) for level in trace.levels)]
    session = trace.spans_in((*PROBING, *TREATING))
    for i, span in enumerate(within(spans_of(changes, trace.end_us), session)):
        ends = (span.start_us / 1e6, span.end_us / 1e6)
        ua = float(span.name)
        axes.plot(ends, (ua, ua), color=SET_POINT, lw=1.0, ls=":", label=None if i else "set: the level")


def _bands(axes: Axes, trace: Trace, spans: list[Span]) -> None:
    """Shade pauses and dry spots; name each, unless they are so many that the names would hide the rest."""
    for span in spans:
        colour = BANDS[span.name][1]
        axes.axvspan(span.start_us / 1e6, span.end_us / 1e6, color=colour, alpha=0.65, lw=0, zorder=0.5)
    if len(spans) > MANY_BANDS:
        for row, (name, (word, colour)) in enumerate(BANDS.items()):
            seconds = [(span.end_us - span.start_us) / 1e6 for span in spans if span.name == name]
            if seconds:
                words = f"{word} {len(seconds)} times, {sum(seconds):.0f} s in all"
                box = {"fc": colour, "ec": "none", "pad": 2.5}
                axes.text(0.5, 0.955 - 0.06 * row, words, transform=axes.transAxes, ha="center", va="top", bbox=box)
        return
    room_us = trace.end_us * 0.05  # a label's width
    last_us, row = -room_us, 0
    for span in sorted(spans):
        word, colour = BANDS[span.name]
        middle_us = (span.start_us + span.end_us) / 2
        row = row + 1 if middle_us - last_us < room_us else 0
        last_us = middle_us
        axes.text(
            middle_us / 1e6,
            0.845 - 0.1 * (row % 3),
            f"{word}\n{(span.end_us - span.start_us) / 1e6:.1f} s",
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="top",
            fontsize=8.5,
            linespacing=1.1,
            bbox={"fc": colour, "ec": "none", "pad": 1.5, "alpha": 0.9},
        )


def _incidents(axes: Axes, trace: Trace) -> None:
    """Mark what went wrong or was plugged in, with its name."""
    marks = [(w.t_us, _incident(w.action, w.value)) for w in trace.world if w.action in ("usb", "inject")]
    marks += [(log.t_us, f"FAULT {log.fields['name']}") for log in trace.logs_of("fault")]
    marks += [(event.t_us, f"restart: {event.fields[0]}") for event in trace.of("boot")[1:]]
    if any(w.action == "battery_pct" for w in trace.world):
        marks += [(w.t_us, f"battery {w.value} %") for w in trace.world if w.action == "battery_pct"]
    for i, (t_us, words) in enumerate(sorted(marks)[:24]):
        axes.axvline(t_us / 1e6, color=HAPTIC, lw=0.9, alpha=0.8)
        left = t_us < trace.end_us * 0.8
        axes.annotate(
            words,
            (t_us / 1e6, 0.62 - 0.055 * (i % 8)),
            xycoords=("data", "axes fraction"),
            xytext=(4 if left else -4, 0),
            textcoords="offset points",
            ha="left" if left else "right",
            fontsize=8.5,
            color=HAPTIC,
            bbox={"fc": "white", "ec": "none", "pad": 0.8, "alpha": 0.85},
        )


def _incident(action: str, value: Any) -> str:
    if action == "usb":
        return "USB plugged in" if value else "USB pulled out"
    return f"breaks: {value}"


# Strips


def _zones(axes: Axes, trace: Trace) -> None:
    spans: list[Span] = []
    if trace.zones:
        session_ends = [c.t_us for c in trace.states if c.to not in (*TREATING, "PAUSED", "ARMED")]
        changes = [(zone.t_us, zone.name) for zone in trace.zones]
        changes += [(t_us, "") for t_us in session_ends if t_us > changes[0][0]]
        spans = [span for span in spans_of(sorted(changes, key=lambda c: c[0]), trace.end_us) if span.name]
    names = list(dict.fromkeys(span.name for span in spans))
    _strip(axes, trace, spans, {name: ZONES[i % len(ZONES)] for i, name in enumerate(names)}, "zone")


def _states(axes: Axes, trace: Trace) -> None:
    _strip(axes, trace, trace.spans, STATES, "state")
    seen = dict.fromkeys(span.name for span in trace.spans)
    handles = [Patch(color=STATES.get(name, FAINT), label=name) for name in STATES if name in seen]
    _legend(axes, handles, columns=2 if len(handles) > 5 else 1, anchor=(1.008, 2.4), size=7)


def _contact(axes: Axes, trace: Trace) -> None:
    changes = [(contact.t_us, contact.name) for contact in trace.contacts]
    spans = spans_of(changes, trace.end_us) if changes else []
    _strip(axes, trace, within(spans, [s for s in trace.spans if s.name != "OFF"]), CONTACTS, "contact")
    handles = [Patch(color=colour, label=name) for name, colour in CONTACTS.items()]
    _legend(axes, handles, columns=2, anchor=(1.008, 0.85), size=7)


def _strip(axes: Axes, trace: Trace, spans: Sequence[Span], colours: dict[str, str], name: str) -> None:
    """A row of coloured stretches, each labelled where the label fits."""
    for span in spans:
        width = span.end_us - span.start_us
        colour = colours.get(span.name, FAINT)
        axes.broken_barh([(span.start_us / 1e6, width / 1e6)], (0, 1), facecolor=colour, edgecolor="none")
        label = span.name.replace("_", " ")
        if width / max(trace.end_us, 1) > 0.0062 * len(label) + 0.004:
            middle = (span.start_us + width / 2) / 1e6
            axes.text(
                middle, 0.47, label, ha="center", va="center", fontsize=8.5, color=_contrast(colour), clip_on=True
            )
    axes.set_ylim(0, 1)
    _row(axes, name)


def _contrast(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "white" if 0.3 * red + 0.59 * green + 0.11 * blue < 140 else INK


def _leds(axes: Axes, trace: Trace) -> None:
    """Brightness of every LED, dark to lit; blinking shows as between."""
    edges = np.linspace(0, max(trace.end_us, 1), BINS + 1)
    image = np.zeros((len(LED_ROWS), BINS))
    for row, role in enumerate(LED_ROWS):
        changes = [(led.t_us, led.permille) for led in trace.leds if led.role == role]
        # Brightness summed over time is piecewise linear: its differences at the edges are each bin's mean.
        times = np.array([0, *(t_us for t_us, _ in changes), max(trace.end_us, 1)], dtype=np.float64)
        values = np.array([0, *(permille for _, permille in changes)], dtype=np.float64)
        summed = np.concatenate(([0.0], np.cumsum(values * np.diff(times))))
        image[row] = np.diff(np.interp(edges, times, summed)) / np.diff(edges) / 1000
    extent = (0.0, trace.end_us / 1e6, -0.5, len(LED_ROWS) - 0.5)
    axes.imshow(
        image,
        aspect="auto",
        origin="lower",
        extent=extent,
        cmap=LED_COLOURS,
        vmin=0,
        vmax=1,
        interpolation="nearest",
    )
    for edge in (0.5, 5.5):
        axes.axhline(edge, color="white", lw=1.5)
    _row(axes, "LEDs")
    for middle, label in ((0, "contact"), (3, "level 1-5"), (7.5, "mode 1-4")):
        axes.text(1.008, (middle + 0.5) / len(LED_ROWS), label, transform=axes.transAxes, va="center", fontsize=8)


def _cues(axes: Axes, trace: Trace) -> None:
    rows: tuple[tuple[str, str, float], ...] = (("beep", BEEP, 0.75), ("haptic", HAPTIC, 0.25))
    for kind, colour, height in rows:
        times = [event.t_us / 1e6 for event in trace.of(kind) if event.fields[0]]
        axes.eventplot([times], lineoffsets=[height], linelengths=[0.42], colors=[colour], linewidths=[1.1])
        axes.text(1.008, height, kind, transform=axes.transAxes, va="center", fontsize=8, color=colour)
    axes.set_ylim(0, 1)
    _row(axes, "cues")


def _row(axes: Axes, name: str) -> None:
    axes.set_yticks([])
    axes.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
    for side in axes.spines.values():
        side.set_visible(False)


def _time_axis(current: Axes, strips: list[Axes], trace: Trace) -> None:
    current.set_xlim(0, max(trace.end_us, 1) / 1e6)
    steps = [1, 2, 3, 6, 10] if trace.end_us > 60e6 else [1, 2, 5, 10]
    current.xaxis.set_major_locator(MaxNLocator(14, steps=steps))
    current.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds)))
    for axes in (current, *strips[:-1]):
        axes.xaxis.set_visible(False)
    strips[-1].set_xlabel("time, minutes:seconds", labelpad=3)
    for side in ("top", "right"):
        current.spines[side].set_visible(False)


def _legend(
    axes: Axes, handles: Sequence[Any], columns: int = 1, anchor: tuple[float, float] = (1.008, 1.0), size: float = 8.5
) -> None:
    """A legend to the right of the axes."""
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=anchor,
        ncol=columns,
        fontsize=size,
        frameon=False,
        borderaxespad=0,
        borderpad=0,
        handlelength=1.1,
        handletextpad=0.4,
        columnspacing=0.8,
        labelspacing=0.3,
    )
