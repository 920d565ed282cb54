"""One broken rule."""

from __future__ import annotations

from typing import NamedTuple


class Violation(NamedTuple):
    """`rule` was broken at `t_us`: this was measured, that is the limit. As text, one line."""

    rule: str
    t_us: int
    measured: float | str
    limit: float | str
    unit: str = ""

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        word = "expected" if self.rule.startswith("expect.") else "limit"
        measured, limit = _text(self.measured) + unit, _text(self.limit) + unit
        return f"{self.rule}: at {self.t_us / 1e6:.3f} s: {measured}, {word} {limit}"


def _text(value: float | str) -> str:
    return " ".join(value.split()) if isinstance(value, str) else f"{value:.6g}"
