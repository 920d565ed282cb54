"""Numbers as a report writes them."""

from __future__ import annotations

from .model import Value

DIGITS = 4  # significant: a step of the DAC at full scale


def show(value: Value) -> str:
    """A value without an exponent, to four significant digits; whole numbers and words as they are."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if abs(value) >= 1000:
        return f"{value:.0f}"
    text = f"{value:.{DIGITS}g}"
    return f"{value:.{DIGITS + int(text.split('e-')[1]) - 1}f}".rstrip("0") if "e-" in text else text


def with_unit(value: Value, unit: str) -> str:
    return f"{show(value)} {unit}".rstrip()


def percent(value: float) -> str:
    """A margin: whole percents, but for those so near to 0 or 100 that a whole one would say so."""
    if 99.9 < value < 100:
        return "> 99.9 %"
    return f"{value:.1f} %" if abs(value) < 10 or 99 < value < 100 else f"{value:.0f} %"


def loads(ohm: int) -> str:
    return f"{ohm // 1000} kOhm" if ohm >= 1000 else f"{ohm} Ohm"


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
