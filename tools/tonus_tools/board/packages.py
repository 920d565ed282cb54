"""Pads of every package: (number, x, y, width, height, drill), mm; drill 0 for surface mount. Generic, IPC nominal."""

from __future__ import annotations

from collections.abc import Sequence

Pad = tuple[str, float, float, float, float, float]


def _two(span: float, w: float, h: float) -> tuple[Pad, ...]:
    return (("1", -span / 2, 0.0, w, h, 0.0), ("2", span / 2, 0.0, w, h, 0.0))


def _dual(
    pins: int, pitch: float, span: float, w: float, h: float, names: Sequence[str] | None = None
) -> tuple[Pad, ...]:
    """Pins down the left side and up the right one. w: along the span."""
    half = pins // 2
    top = -pitch * (half - 1) / 2
    pads = []
    for i in range(pins):
        left = i < half
        y = top + pitch * (i if left else pins - 1 - i)
        pads.append(((names or [str(n + 1) for n in range(pins)])[i], (-1 if left else 1) * span / 2, y, w, h, 0.0))
    return tuple(pads)


def _sot(pads: str, span: float, pitch: float, w: float, h: float) -> tuple[Pad, ...]:
    """3, 5 or 6 pins. Left side from the top: `pads` before the comma; right side from the bottom: after it."""
    left, right = (side.split() for side in pads.split(","))
    found: list[Pad] = []
    for names, x, order in ((left, -span / 2, 1), (right, span / 2, -1)):
        gap = pitch * (2 if len(names) == 2 and len(left) + len(right) != 6 else 1)
        if len(names) == 3:
            gap = pitch
        y0 = -order * gap * (len(names) - 1) / 2
        found += [(name, x, y0 + order * gap * i, w, h, 0.0) for i, name in enumerate(names)]
    return tuple(found)


def _row(count: int, pitch: float, size: float, drill: float) -> tuple[Pad, ...]:
    return tuple((str(i + 1), pitch * (i - (count - 1) / 2), 0.0, size, size, drill) for i in range(count))


def _dip(pins: int) -> tuple[Pad, ...]:
    return tuple((name, x, y, 1.6, 1.6, 0.8) for name, x, y, *_ in _dual(pins, 2.54, 7.62, 1.6, 1.6))


PACKAGES: dict[str, tuple[Pad, ...]] = {
    "R0805": _two(1.9, 1.0, 1.4),
    "R1206": _two(3.0, 1.1, 1.75),
    "MELF0207": _two(5.4, 1.8, 2.6),
    "C0805": _two(1.9, 1.0, 1.45),
    "C1206": _two(3.0, 1.15, 1.8),
    "L1210": _two(3.0, 1.3, 2.6),
    "FILM5": (("1", -2.5, 0.0, 1.6, 1.6, 0.8), ("2", 2.5, 0.0, 1.6, 1.6, 0.8)),
    "LED0805": _two(1.9, 1.0, 1.3),
    "SOD-123": _two(3.3, 0.9, 1.2),
    "SMA": _two(4.0, 2.5, 1.8),
    "SOT-23": _sot("1 2,3", 2.0, 0.95, 1.3, 0.6),
    "SOT-23-5": _sot("1 2 3,4 5", 2.6, 0.95, 1.1, 0.6),
    "SOT-23-6": _sot("1 2 3,4 5 6", 2.6, 0.95, 1.1, 0.6),
    "SC-70-6": _sot("1 2 3,4 5 6", 1.9, 0.65, 0.8, 0.4),
    "SOIC-8": _dual(8, 1.27, 5.4, 1.6, 0.6),
    "SOIC-16": _dual(16, 1.27, 5.4, 1.6, 0.6),
    "TSSOP-14": _dual(14, 0.65, 5.8, 1.4, 0.4),
    "VSSOP-8": _dual(8, 0.5, 3.0, 0.8, 0.3),
    "MSOP-10": _dual(10, 0.5, 4.4, 1.4, 0.3),
    "RELAY G6K": _dual(8, 2.54, 7.4, 2.0, 1.2),
    "PICO": _dual(40, 2.54, 17.78, 3.2, 1.6),
    "PTH1": (("1", 0.0, 0.0, 2.4, 2.4, 1.3),),
    "TP": (("1", 0.0, 0.0, 1.5, 1.5, 0.0),),
    "HEADER2": _row(2, 2.0, 1.4, 0.8),
    "JST-PH-3": _row(3, 2.0, 1.4, 0.8),
    "BUTTON6": (("1", -3.25, 0.0, 2.0, 2.0, 1.0), ("2", 3.25, 0.0, 2.0, 2.0, 1.0)),
    "BUZZER": _two(8.0, 1.8, 2.6),
    "R AXIAL": (("1", -5.08, 0.0, 1.6, 1.6, 0.8), ("2", 5.08, 0.0, 1.6, 1.6, 0.8)),
    "C RADIAL": (("1", -2.54, 0.0, 1.6, 1.6, 0.8), ("2", 2.54, 0.0, 1.6, 1.6, 0.8)),
    "LED 3 MM": (("1", -1.27, 0.0, 1.6, 1.6, 0.9), ("2", 1.27, 0.0, 1.6, 1.6, 0.9)),
    "TO-92": _row(3, 2.54, 1.6, 0.8),
    "DIP-8": _dip(8),
    "DIP-16": _dip(16),
    "PIEZO": (("1", -2.54, 0.0, 1.6, 1.6, 0.9), ("2", 2.54, 0.0, 1.6, 1.6, 0.9)),
    "JUMPER": _row(2, 2.54, 1.6, 0.9),
}


def size(package: str) -> tuple[float, float]:
    """Width and height of what the pads take, mm."""
    pads = PACKAGES[package]
    xs = [edge for _, x, _, w, _, _ in pads for edge in (x - w / 2, x + w / 2)]
    ys = [edge for _, _, y, _, h, _ in pads for edge in (y - h / 2, y + h / 2)]
    return max(xs) - min(xs), max(ys) - min(ys)
