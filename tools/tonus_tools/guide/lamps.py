"""Lights and sounds drawn as the firmware makes them: asked from `panel`, moment by moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tonus import moments, panel

from ..report.markup import Markup, join, tag

STEP_MS = 10
CONTACT_MS = 2000  # of the contact lamp's strip
LOOK_MS = 12_000  # in which every pattern has shown itself
ON, DIM, DARK, TICK, NOTE = "#e8a200", "#f6dfa3", "#ffffff", "#1f5f93", "#66727f"
LEVELS, MODES = 5, 4
NOTES_PX, LOW_HZ, HIGH_HZ = 64, 800, 3200


def seen(look: Callable[[int], Sequence[int]]) -> list[tuple[int, bool]]:
    """(brightest, whether it changes) of each lamp, whose brightnesses `look` tells at a time in ms."""
    moments = [look(t) for t in range(0, LOOK_MS, STEP_MS)]
    return [(max(values), len(set(values)) > 1) for values in zip(*moments, strict=True)]


def row(look: Callable[[int], Sequence[int]]) -> Markup:
    """All ten lamps: full, dim, dark; with rays where they blink."""
    lamps, x = [], 7.0
    for i, (brightest, blinks) in enumerate(seen(look)):
        if i in (LEVELS, LEVELS + MODES):
            x += 5
        lamps.append(_lamp(x, 7, brightest, blinks))
        x += 11
    return tag("svg", *lamps, class_="lamps", viewBox=f"0 0 {x - 4:g} 14", role="img")


def _lamp(x: float, y: float, brightness: int, blinks: bool) -> Markup:
    colour = ON if brightness > moments.HALF else DIM if brightness else DARK
    dot = tag("circle", cx=f"{x:g}", cy=f"{y:g}", r="3.3", fill=colour, stroke="#1f2933", stroke_width="0.6")
    if not blinks:
        return dot
    rays = tag(
        "circle",
        cx=f"{x:g}",
        cy=f"{y:g}",
        r="5.2",
        fill="none",
        stroke=ON,
        stroke_width="1.6",
        stroke_dasharray="1.6 2.48",
    )
    return join(rays, dot)


def strip(brightness: Callable[[int], int], ms: int = CONTACT_MS, width: int = 80) -> Markup:
    """One lamp through time: filled where it is lit."""
    lit: list[Markup] = []
    begun: int | None = None
    for t in range(0, ms + STEP_MS, STEP_MS):
        on = t < ms and brightness(t) > 0
        if on and begun is None:
            begun = t
        if not on and begun is not None:
            left, wide = begun * width / ms, (t - begun) * width / ms
            lit.append(tag("rect", x=f"{left:.2f}", y="1", width=f"{wide:.2f}", height="7", fill=ON))
            begun = None
    frame = tag("rect", x="0", y="1", width=width, height="7", fill="#f1f3f5")
    return tag("svg", frame, *lit, class_="strip", viewBox=f"0 0 {width} 9", role="img")


def notes(sound: Sequence[tuple[int, int, int]]) -> Markup:
    """A sound: each note as long and as high as it is; blue where the motor ticks with it."""
    px_per_ms = NOTES_PX / max(sum(ms for _, _, ms in other) for other in panel.SOUNDS.values())
    x, drawn = 0.0, []
    for hz, haptic, ms in sound:
        wide = max(1.6, ms * px_per_ms)
        if hz or haptic:
            y = 9.5 - 9 * (min(max(hz, LOW_HZ), HIGH_HZ) - LOW_HZ) / (HIGH_HZ - LOW_HZ)
            colour = TICK if haptic else NOTE
            drawn.append(tag("rect", x=f"{x:.1f}", y=f"{y:.1f}", width=f"{wide:.1f}", height="3", rx="1", fill=colour))
        x += wide
    base = tag("line", x1="0", x2=NOTES_PX, y1="13", y2="13", stroke="#d5dae0", stroke_width="0.6")
    return tag("svg", base, *drawn, class_="notes", viewBox=f"0 0 {NOTES_PX} 13.5", role="img")
