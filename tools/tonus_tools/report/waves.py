"""Plots as SVG text, drawn from the phases that the firmware's Train plays: a session, a pulse, a train of them."""

from __future__ import annotations

from html import escape
from math import ceil, log10

import numpy as np
from tonus import limits
from tonus.preset import Preset, Waveform

from ..ctl.figures import Load, Played
from .words import clock, loads, show, with_unit

WIDTH = 720  # of every plot, in its own units; the page scales it
INK, FAINT, GRID = "#1f2933", "#66727f", "#dfe3e8"
FORWARD, REVERSE, PROBE = "#2878b5", "#e07b39", "#9aa5b1"
ZONES = ("#dcebf7", "#f3ecdf")  # neighbours differ
SESSION_BINS = 480


class _Svg:
    """Elements in the order they are drawn."""

    def __init__(self, height: float, title: str, width: float = WIDTH, kind: str = "plot") -> None:
        self.kind = kind
        self.height = height
        self.width = width
        self.title = title
        self.parts: list[str] = []

    def line(
        self, x0: float, y0: float, x1: float, y1: float, colour: str = INK, width: float = 1, dash: str = ""
    ) -> None:
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        ends = f'x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"'
        self.parts.append(f'<line {ends} stroke="{colour}" stroke-width="{width}"{dashed}/>')

    def rect(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        self.parts.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{max(width, 0):.2f}" height="{max(height, 0):.2f}" fill="{fill}"/>'
        )

    def path(self, d: str, fill: str = "none", stroke: str = "none", width: float = 1) -> None:
        self.parts.append(f'<path d="{d}" fill="{fill}" stroke="{stroke}" stroke-width="{width}"/>')

    def text(
        self,
        x: float,
        y: float,
        words: str,
        colour: str = INK,
        size: float = 10,
        anchor: str = "start",
        bold: bool = False,
    ) -> None:
        weight = ' font-weight="600"' if bold else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}" text-anchor="{anchor}"{weight}>'
            f"{escape(words)}</text>"
        )

    def measure(self, x0: float, x1: float, y: float, words: str, above: bool = True) -> None:
        """A dimension line with its value."""
        self.line(x0, y, x1, y, FAINT, 0.8)
        for x in (x0, x1):
            self.line(x, y - 3, x, y + 3, FAINT, 0.8)
        self.text((x0 + x1) / 2, y - 4 if above else y + 12, words, INK, 9.5, "middle")

    def __str__(self) -> str:
        start = f'<svg viewBox="0 0 {self.width:g} {self.height:g}" role="img" class="{self.kind}">'
        return f"{start}<title>{escape(self.title)}</title>{''.join(self.parts)}</svg>"


def icon(w: Waveform, steady: Played) -> str:
    """The waveform's sign for a summary: two cycles, without figures."""
    svg = _Svg(26, "waveform", 74, "icon")
    phases, pulses = steady.phases, np.flatnonzero(steady.pulses)
    shown = min(len(pulses), 8 if w.burst_pulses else 4)
    turn = _turn(steady)
    first = max(0, turn + 1 - shown // 2) if w.burst_pulses else turn
    way = phases.direction[pulses[first : first + shown]]
    step = 74 / (shown + 0.5)
    svg.line(0, 13, 74, 13, FAINT, 0.7)
    for i, sign in enumerate(way):
        pair = 0 if w.burst_pulses else (-step * 0.14 if i % 2 == 0 else -step * 0.45)
        top, colour = (3.0, FORWARD) if sign > 0 else (13.0, REVERSE)
        svg.rect(step * (i + 0.4) + pair, top, step * 0.55, 10, colour)
    return str(svg)


def session(preset: Preset, played: Played, set_ua: float) -> str:
    """Amplitude over the whole session, zones beneath."""
    svg = _Svg(150, f"{preset.name}: amplitude of the pulses over the session")
    left, right, top, bottom = 44.0, 712.0, 16.0, 98.0
    phases, pulses = played.phases, played.pulses
    end_s = played.end_us / 1e6

    def x(seconds: float) -> float:
        return left + (right - left) * seconds / end_s

    most = set_ua * 1.12

    def y(ua: float) -> float:
        return bottom - (bottom - top) * ua / most

    begin_s = 0
    for i, zone in enumerate(preset.zones):
        end = begin_s + zone.duration_s
        svg.rect(x(begin_s), top, x(end) - x(begin_s), bottom - top + 20, ZONES[i % 2])
        if x(end) - x(begin_s) > 4.9 * len(zone.name) + 4:
            svg.text((x(begin_s) + x(end)) / 2, bottom + 13.5, zone.name, INK, 8.5, "middle")
        else:
            svg.text((x(begin_s) + x(end)) / 2, bottom + 13.5, str(i + 1), INK, 8.5, "middle")
        begin_s = end
    least, highest = _envelope(played, phases.peak_ua[pulses], phases.t_us[pulses])
    xs = [left + (right - left) * i / SESSION_BINS for i in range(SESSION_BINS + 1)]
    for values, opacity in ((highest, "#a9cbe5"), (least, FORWARD)):
        d = [f"M{left:.1f},{bottom:.1f}"]
        for i, value in enumerate(values):
            d.append(f"L{xs[i]:.1f},{y(value):.1f}H{xs[i + 1]:.1f}")
        svg.path("".join(d) + f"V{bottom:.1f}Z", opacity)
    svg.line(left, y(set_ua), right, y(set_ua), FAINT, 0.8, "3 3")
    svg.text(left - 4, y(set_ua) + 3.5, show(round(set_ua, 1)), INK, 9, "end")
    svg.text(left - 4, bottom, "0", INK, 9, "end")
    svg.text(left - 4, top - 5, "uA", FAINT, 9, "end")
    svg.line(left, bottom, right, bottom, INK, 0.8)
    step_s = next((s for s in (1, 5, 10, 15, 30, 60, 120) if s * 12 > end_s), 300)
    for second in range(0, int(end_s) + 1, step_s):
        svg.line(x(second), bottom + 20, x(second), bottom + 24, FAINT, 0.8)
        svg.text(x(second), bottom + 34, clock(second), FAINT, 9, "middle")
    svg.text(
        right, bottom + 48, "treated time, min:s; dark: lowest, light: highest pulse of each moment", FAINT, 8.5, "end"
    )
    return str(svg)


def _envelope(played: Played, ua: np.ndarray, t_us: np.ndarray) -> tuple[list[float], list[float]]:
    """(lowest, highest) pulse of each bin; between two pulses of a slow rate the last one's stands."""
    which = np.minimum(t_us * SESSION_BINS // played.end_us, SESSION_BINS - 1)
    most, least, final = np.zeros(SESSION_BINS), np.full(SESSION_BINS, np.inf), np.zeros(SESSION_BINS)
    np.maximum.at(most, which, ua)
    np.minimum.at(least, which, ua)
    final[which] = ua
    empty = np.isinf(least)
    held = final[np.maximum.accumulate(np.where(empty, 0, np.arange(SESSION_BINS)))]
    return list(np.where(empty, held, least)), list(np.where(empty, held, most))


def waveform(w: Waveform, steady: Played, test_loads: tuple[Load, ...], words: str) -> str:
    """One pulse with its measures and its voltages, and a second of them; below, what changes from pulse to pulse."""
    slow = w.envelope is not None or w.rate_dhz != w.rate_to_dhz
    svg = _Svg(292 if slow else 180, words)
    _pulse(svg, w, steady, test_loads)
    _train(svg, w, steady)
    if slow:
        _slow(svg, w, steady)
    return str(svg)


def _turn(steady: Played) -> int:
    """Index, among the pulses, of the strongest forward phase that a reverse one follows."""
    phases, pulses = steady.phases, np.flatnonzero(steady.pulses)
    way = phases.direction[pulses]
    turns = np.flatnonzero((way[:-1] > 0) & (way[1:] < 0))
    return int(turns[np.argmax(phases.peak_ua[pulses[turns]])])


def _pulse(svg: _Svg, w: Waveform, steady: Played, test_loads: tuple[Load, ...]) -> None:
    """The strongest phase and the one that pays it back; a phase is one unit wide, the pause between not to scale."""
    phases, pulses = steady.phases, np.flatnonzero(steady.pulses)
    turn = _turn(steady)
    a, b = int(pulses[turn]), int(pulses[turn + 1])
    width_us = int(phases.dur_us[a])
    between_us = int(phases.t_us[b]) - int(phases.end_us[a])
    true_gap = between_us / width_us
    gap = min(max(true_gap, 0.34), 0.9)
    left, middle, height = 44.0, 92.0, 56.0
    unit = 252 / (2 + gap + 0.3)
    x0 = left + 0.15 * unit
    spans = ((x0, x0 + unit), (x0 + unit * (1 + gap), x0 + unit * (2 + gap)))
    ua = float(phases.peak_ua[a])
    for (begin, end), sign, colour, i in ((spans[0], 1, FORWARD, a), (spans[1], -1, REVERSE, b)):
        svg.rect(begin, middle - height if sign > 0 else middle, end - begin, height, colour)
        charge = ("+" if sign > 0 else "-") + with_unit(float(phases.charge_nc[i]) / 1000, "uC")
        svg.text((begin + end) / 2, middle - sign * height / 2 + 3.5, charge, "#fff", 10, "middle", True)
    svg.line(left, middle, left + 252, middle, INK, 0.8)
    for sign in (1, -1):
        y = middle - sign * height
        svg.line(left - 3, y, left, y, FAINT, 0.8)
        svg.text(left - 5, y + 3.5, ("+" if sign > 0 else "-") + show(round(ua, 1)), INK, 9, "end")
    svg.text(left - 5, middle + 3.5, "0", INK, 9, "end")
    svg.line(left, middle - height - 4, left, middle + height + 4, FAINT, 0.8)
    svg.text(left - 5, middle - height - 12, "uA", FAINT, 9, "end")
    svg.measure(*spans[0], middle + 15, with_unit(width_us, "us"), above=False)
    svg.measure(*spans[1], middle - 15, with_unit(int(phases.dur_us[b]), "us"))
    svg.line(spans[0][1], middle - height, spans[0][1], middle - height - 14, FAINT, 0.6, "2 2")
    svg.line(spans[1][0], middle, spans[1][0], middle - height - 14, FAINT, 0.6, "2 2")
    svg.measure(spans[0][1], spans[1][0], middle - height - 10, "")
    svg.text(spans[1][0] + 5, middle - height - 7, f"shorted {between_us} us", INK, 9.5)
    kind = "the turn of polarity" if w.burst_pulses else "one pulse"
    scale = "" if gap == true_gap else "; pause not to scale"
    svg.text(left, 174, f"{kind}, at level {limits.LEVELS}{scale}", FAINT, 9)
    at_x = 306.0
    svg.text(at_x, middle - height + 1, "across the load", FAINT, 9)
    for i, load in enumerate(test_loads):
        limited = "  (rail)" if load.limited else ""
        svg.text(at_x, middle - height + 16 + 14 * i, f"{loads(load.ohm)}: {show(load.volts)} V{limited}", INK, 9.5)


def _train(svg: _Svg, w: Waveform, steady: Played) -> None:
    """A second of pulses, or two cycles of slow ones."""
    phases = steady.phases
    cycle_us = w.period_us(min(w.rate_dhz, w.rate_to_dhz)) * (2 * w.burst_pulses or 1)
    span_us = max(1_000_000, 2 * cycle_us)
    # A swell is seen where it reaches the top.
    reached_us = int(phases.t_us[np.argmax(phases.peak_ua)]) if w.envelope else 0
    from_us = max(steady.start_us, min(reached_us - span_us * 6 // 10, steady.end_us - span_us))
    first, last = np.searchsorted(phases.t_us, (from_us, from_us + span_us))
    left, right, middle, height = 452.0, 712.0, 92.0, 56.0
    per_us = (right - left) / span_us
    most = float(phases.peak_ua.max())
    paths: dict[str, list[str]] = {PROBE: [], FORWARD: [], REVERSE: []}
    for i in range(int(first), int(last)):
        way = int(phases.direction[i])
        colour = PROBE if steady.probe[i] else FORWARD if way > 0 else REVERSE
        x = left + (int(phases.t_us[i]) - from_us) * per_us
        width = max(float(phases.dur_us[i]) * per_us, 0.6)  # narrower would not print
        y = height * float(phases.peak_ua[i]) / most * way
        paths[colour].append(f"M{x:.2f},{middle:g}v{-y:.1f}h{width:.2f}v{y:.1f}z")
    for colour, parts in paths.items():
        if parts:
            svg.path("".join(parts), colour)
    svg.line(left, middle, right, middle, INK, 0.6)
    svg.line(left, middle - height - 4, left, middle + height + 4, FAINT, 0.8)
    for sign in (1, -1):
        svg.text(
            left - 4, middle - sign * height + 3.5, ("+" if sign > 0 else "-") + show(round(most, 1)), INK, 9, "end"
        )
    svg.text(left - 4, middle - height - 12, "uA", FAINT, 9, "end")
    what = "one second" if span_us == 1_000_000 else f"{show(span_us / 1e6)} s: two cycles"
    svg.line(left, middle + height + 8, right, middle + height + 8, FAINT, 0.8)
    for x in (left, right):
        svg.line(x, middle + height + 5, x, middle + height + 11, FAINT, 0.8)
    svg.text(left, 174, what, FAINT, 9)
    key = [(FORWARD, "forward"), (REVERSE, "reverse"), *([(PROBE, "contact probe")] if paths[PROBE] else [])]
    x = right
    for colour, word in reversed(key):
        x -= 5.2 * len(word) + 6
        svg.text(x, 21, word, FAINT, 9)
        svg.rect(x - 11, 13.5, 8, 8, colour)
        x -= 16


def _slow(svg: _Svg, w: Waveform, steady: Played) -> None:
    """The rate of a sweep, or the amplitude through a swell, pulse by pulse."""
    phases = steady.phases
    first = steady.pulses & (phases.direction > 0)
    seconds = (phases.t_us[first] - steady.start_us) / 1e6
    if w.envelope is None:
        seconds, values, unit = seconds[:-1], 1 / np.diff(seconds), "Hz"
        span_s = (steady.end_us - steady.start_us) / 1e6
        what = "rate of the pulses, one way of the sweep; a dot a pulse"
    else:
        span_s = sum(w.envelope[:4]) / 1000
        seconds, values, unit = seconds % span_s, phases.peak_ua[first], "uA"
        what = "amplitude of the pulses through one envelope; a line a pulse"
    left, right, top, bottom = 44.0, 712.0, 204.0, 262.0
    most = _round_up(float(values.max()))
    for share in (0.0, 0.5, 1.0):
        y = bottom - (bottom - top) * share
        svg.line(left, y, right, y, GRID if share else INK, 0.8)
        svg.text(left - 4, y + 3.5, show(most * share), INK, 9, "end")
    svg.text(left - 4, top - 8, unit, FAINT, 9, "end")
    marks = []
    for second, value in zip(seconds, values, strict=True):
        x, y = left + (right - left) * float(second) / span_s, bottom - (bottom - top) * float(value) / most
        marks.append(f"M{x:.1f},{bottom:g}V{y:.1f}" if w.envelope else f"M{x - 1.2:.1f},{y:.1f}h2.4v-2.4h-2.4z")
    svg.path("".join(marks), "none" if w.envelope else FORWARD, FORWARD if w.envelope else "none")
    step_s = next((s for s in (0.5, 1, 2, 5, 10, 20) if s * 10 >= span_s), 60)
    for i in range(int(span_s / step_s) + 1):
        x = left + (right - left) * i * step_s / span_s
        svg.text(x, bottom + 12, show(float(i * step_s)) + (" s" if i == 0 else ""), FAINT, 9, "middle")
    svg.text(left, bottom + 26, what, FAINT, 9)


def _round_up(value: float) -> float:
    """To one of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten."""
    scale = 10 ** (ceil(log10(value)) - 1)
    return next(float(step * scale) for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * scale >= value)
