"""The handheld as the page and the guide draw it: a shape for each lamp and each button, by the role of its pin.

Lengths are the drawing's own. How a case will look is its builder's.
"""

from __future__ import annotations

SIZE = (200, 330)
ELECTRODES = ((66, 44, 34), (134, 44, 34))  # cx, cy, r
CASE = {"x": 40, "y": 66, "width": 120, "height": 256, "rx": 54}
LAMPS: dict[str, tuple[str, dict[str, int]]] = {"CONTACT": ("circle", {"cx": 100, "cy": 108, "r": 8})}
for _i in range(4):
    LAMPS[f"MODE_{_i + 1}"] = ("circle", {"cx": 64 + 24 * _i, "cy": 144, "r": 7})
for _i in range(5):
    _its = {"x": 56 + 18 * _i, "y": 218 - 8 * _i, "width": 14, "height": 24 + 8 * _i, "rx": 3}
    LAMPS[f"LEVEL_{_i + 1}"] = ("rect", _its)
LABELS = {"contact": (100, 94), "mode": (100, 165), "level": (100, 258)}
BUTTONS = {"MINUS": (70, 285), "MODE": (100, 295), "PLUS": (130, 285)}  # cx, cy; the page has its own below


def table() -> dict[str, object]:
    """All that the page needs, for JSON."""
    return {"electrodes": ELECTRODES, "case": CASE, "lamps": LAMPS, "labels": LABELS}
