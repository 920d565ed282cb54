"""The enlarged pulses of the page: one second of the plateau, and one pulse of it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch
from tonus import limits

from .measure import OFF_SKIN, Electrodes, loads, pulse_period_us
from .trace import TREATING, Span, Trace

INK, FAINT = "#1f2933", "#7b8794"
FORWARD, REVERSE = "#2878b5", "#e07b39"


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def within(spans: list[Span], stretches: list[Span]) -> list[Span]:
    """The parts of `spans` that lie in `stretches`."""
    cut = [Span(max(a.start_us, b.start_us), min(a.end_us, b.end_us), a.name) for a in spans for b in stretches]
    return [span for span in cut if span.end_us > span.start_us]


def pulses(wide: Axes, close: Axes, trace: Trace, skin: Electrodes) -> None:
    """One second of the plateau, and one pulse of it."""
    at_us = _plateau(trace, skin)
    if at_us is None:
        for axes in (wide, close):
            axes.set_axis_off()
        wide.text(
            0.5, 0.5, "No treatment current flowed in this session.", ha="center", va="center", fontsize=13, color=FAINT
        )
        return
    phases = skin.phases
    window = slice(*np.searchsorted(phases.t_us, (at_us, at_us + 1_000_000)))
    _draw_phases(wide, trace, window, at_us, 1000.0)
    wide.set_xlim(-5, 1005)
    period_us = pulse_period_us(trace, skin, at_us + 1_000_000) or pulse_period_us(trace, skin, at_us)
    rate = f"{1e6 / period_us:.3g} pulses a second" if period_us else "pulses"
    wide.set_title(
        f"One second of the plateau, from {clock(at_us / 1e6)}: {rate}", loc="left", fontsize=11, weight="bold"
    )
    wide.set_xlabel("ms")
    wide.set_ylabel("uA")
    handles = [Patch(color=FORWARD, label="forward (EL_A)"), Patch(color=REVERSE, label="reverse (EL_B)")]
    wide.legend(handles=handles, loc="upper right", ncol=2, fontsize=8.5, framealpha=0.9, borderpad=0.3)
    first, last = _one_pulse(skin, window)
    start, end = int(phases.t_us[first]), int(phases.end_us[last])
    margin = max(100, round((end - start) * 0.18))
    unit, per = ("ms", 1000.0) if end - start > 10_000 else ("us", 1.0)
    _draw_phases(close, trace, slice(first, last + 1), start, per)
    close.set_xlim(-margin / per, (end - start + margin) / per)
    close.set_title(_pulse_caption(skin, first, last), loc="left", fontsize=10, weight="bold")
    close.set_xlabel(f"{unit}, one pulse enlarged")
    _name_widths(close, skin, first, last, start, per)


def _plateau(trace: Trace, skin: Electrodes) -> int | None:
    """Where to look: a pulse in the middle of the longest stretch of treatment on skin, or None."""
    on_skin = [span for span in loads(trace, OFF_SKIN) if span.name not in (OFF_SKIN, "dry", "short")]
    treated = [span for span in trace.spans if span.name == "TREAT"] or trace.spans_in(TREATING)
    stretches = within(treated, on_skin) or treated
    if not stretches:
        return None
    longest = max(stretches, key=lambda span: span.end_us - span.start_us)
    middle = max(longest.start_us, (longest.start_us + longest.end_us) // 2 - 500_000)
    starts = skin.phases.t_us[skin.treatment & (skin.phases.direction > 0)]
    later = starts[(starts >= middle) & (starts < longest.end_us)]
    return int(later[0]) if len(later) else None


def _one_pulse(skin: Electrodes, window: slice) -> tuple[int, int]:
    """Indices of the first and last phase of one pulse; they are the same in a burst."""
    phases = skin.phases
    pulses = np.flatnonzero(~skin.probe[window]) + window.start
    for a, b in zip(pulses, pulses[1:], strict=False):
        apart_us = phases.t_us[b] - phases.end_us[a]
        if phases.direction[a] > 0 > phases.direction[b] and apart_us <= limits.GAP_MAX_US:
            return int(a), int(b)
    return int(pulses[0]), int(pulses[0])


def _pulse_caption(skin: Electrodes, first: int, last: int) -> str:
    phases = skin.phases
    charge_nc = float(phases.charge_nc[first])
    charge = f"{charge_nc / 1000:.2f} uC" if charge_nc >= 1000 else f"{charge_nc:.0f} nC"
    shape = f"{phases.peak_ua[first]:.0f} uA for {_width(int(phases.dur_us[first]))}: {charge}"
    if first == last:
        return f"{shape}, repaid by the next burst"
    return f"{shape} a phase, net {abs(float(phases.signed_nc[[first, last]].sum())):.3g} nC"


def _width(us: int) -> str:
    return f"{us / 1000:g} ms" if us >= 10_000 else f"{us} us"


def _name_widths(axes: Axes, skin: Electrodes, first: int, last: int, origin_us: int, per: float) -> None:
    phases = skin.phases
    for i in dict.fromkeys((first, last)):
        middle = (int(phases.t_us[i]) + int(phases.dur_us[i]) / 2 - origin_us) / per
        axes.text(
            middle,
            float(phases.peak_ua[i]) * int(phases.direction[i]) / 2,
            _width(int(phases.dur_us[i])),
            ha="center",
            va="center",
            fontsize=9.5,
            color="white",
            weight="bold",
            clip_on=True,
        )
    gap_us = int(phases.t_us[last] - phases.end_us[first])
    if last == first + 1 and gap_us > 0:
        middle = (int(phases.end_us[first]) + gap_us / 2 - origin_us) / per
        top = float(phases.peak_ua[first])
        axes.annotate(
            f"shorted {_width(gap_us)}",
            (middle, 0),
            xytext=(middle + gap_us / per, top * 0.75),
            fontsize=9,
            color=INK,
            arrowprops={"arrowstyle": "-", "color": FAINT, "lw": 0.8},
        )


def _draw_phases(axes: Axes, trace: Trace, window: slice, origin_us: int, per: float) -> None:
    """Phases as they were, square: start, peak, end, end of phase."""
    phases = trace.phases
    x0 = (phases.t_us[window] - origin_us) / per
    x1 = (phases.end_us[window] - origin_us) / per
    way = phases.direction[window]
    peak, end = phases.peak_ua[window] * way, phases.end_ua[window] * way
    none = np.zeros(len(x0))
    corners = ((x0, none), (x0, peak), (x1, end), (x1, none))
    shapes = np.stack([np.column_stack(corner) for corner in corners], axis=1)
    colours = np.where(way > 0, FORWARD, REVERSE)
    # Edges wide enough that a pulse narrower than a pixel still shows, and not moved to whole pixels: all look alike.
    edges = list(colours)
    axes.add_collection(PolyCollection(list(shapes), facecolors=edges, edgecolors=edges, linewidths=1.2, snap=False))
    axes.axhline(0, color=INK, lw=0.8)
    most = max(20.0, float(phases.peak_ua[window].max())) if len(x0) else 20.0
    axes.set_ylim(-1.3 * most, 1.3 * most)
    axes.grid(axis="y", color="#e4e7eb", lw=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
