"""Writes the table of the device's limits: `python -m tonus_tools.limits_table` makes firmware/tonus/LIMITS.md."""

from __future__ import annotations

import re
from pathlib import Path

from tonus import limits

LIMITS_MD = Path(limits.__file__).with_name("LIMITS.md")

_HEAD = """# Limits

Every safety number of the device, from `limits.py`, by `python -m tonus_tools.limits_table`; a test compares the two.
Do not edit.

A name ends in its unit: `UA` uA, `NA` nA, `NC` nC, `US` us, `MS` ms, `S` s, `DHZ` tenths of a hertz, `MV` mV,
`OHM` ohm, `PCT` percent, `PPM` parts per million, `C` degrees Celsius.
"""
_LINE = re.compile(r"(?P<name>[A-Z][A-Z0-9_]*) = .*?(?:  # (?P<why>.*))?")


def rows() -> list[tuple[str, str, int, str]]:
    """(section, name, value, reason) of each limit, in the order of `limits.py`; a reason may be empty."""
    found = []
    section = ""
    for line in Path(limits.__file__).read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            section = line[2:]
        elif match := _LINE.fullmatch(line):
            name = match["name"]
            found.append((section, name, getattr(limits, name), match["why"] or ""))
    return found


def render() -> str:
    """The whole document."""
    lines = [_HEAD.rstrip()]
    before = None
    for section, name, value, why in rows():
        if section != before:
            heading, _, more = section.partition(": ")
            lines += ["", f"## {heading}", ""] + ([more[0].upper() + more[1:], ""] if more else [])
            lines += ["| Limit | Value | Why |", "|---|---|---|"]
            before = section
        lines.append(f"| `{name}` | {value} | {why} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    LIMITS_MD.write_text(render(), encoding="utf-8")
