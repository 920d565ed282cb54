"""Mutants of a circuit.py: one thing wrong at a time, everything made anew, and what catches it.

A value ten times too large or small, two neighbouring pins swapped, a wire missing, a diode turned round, a package
that the part is not made in. They are made from the description's text, for every part that they can be made of;
nothing is compared with what was there before. Caught by the description itself, a rule or a recomputed calculation.
"""

from __future__ import annotations

import ast
import copy
import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import rules
from .catalogue import KINDS
from .describe import Board, Undescribed, board_of
from .symbols import SYMBOLS

KINDS_OF_MUTANT = ("decade up", "decade down", "swap", "cut", "turned", "package")
OTHER_PACKAGE = {"SOT-23": "SOT-23-5", "SOIC-8": "VSSOP-8", "SOIC-16": "TSSOP-14", "C0805": "C1206", "R0805": "R1206"}


@dataclass(frozen=True)
class Mutant:
    """kind: of KINDS_OF_MUTANT. what: in words. source: the whole text."""

    kind: str
    ref: str
    what: str
    source: str


@dataclass(frozen=True)
class Caught:
    """by: `description`, `rule` or `calculation`; empty when nothing does. how: the first that speaks up."""

    by: str
    how: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a description's text, in its order."""
    lines = source.encode().splitlines(keepends=True)  # Python counts its columns in bytes
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "fit":
            assert node.end_lineno
            before = b"".join(lines[: node.lineno - 1]) + lines[node.lineno - 1][: node.col_offset]
            after = lines[node.end_lineno - 1][node.end_col_offset :] + b"".join(lines[node.end_lineno :])
            for kind, what, change in _changes(node):
                call = copy.deepcopy(node)
                change(call)
                text = before + ast.unparse(call).encode() + after
                yield Mutant(kind, str(_text(node.args[0])), what, text.decode())


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _changes(node: ast.Call) -> Iterator[tuple[str, str, Any]]:
    ref, kind, nets = (_text(arg) for arg in node.args[:3])
    if ref is None or kind is None or nets is None:
        return  # a loop's: those are the test points and the lights, whose own parts come by name
    symbol = SYMBOLS[KINDS[kind].symbol]
    if len(node.args) > 4 and symbol.name in ("resistor", "capacitor"):
        value = _text(node.args[4])
        assert value is not None
        digits, unit = value.split()
        for name, factor in (("decade up", 10.0), ("decade down", 0.1)):
            other = f"{float(f'{float(digits) * factor:.6g}'):.12g} {unit}"
            yield name, f"{value} as {other}", _set(4, other)
    joined = nets.split()
    pins = [pin.name for pin in symbol.pins if pin.kind != "n"]
    if symbol.polar and len(joined) == 2:
        yield "turned", "turned round", _set(2, " ".join(reversed(joined)))
    elif len(joined) > 2:
        for i in range(len(joined) - 1):
            if joined[i] != joined[i + 1] and not _alike(symbol.name, pins[i], pins[i + 1]):
                swapped = [*joined[:i], joined[i + 1], joined[i], *joined[i + 2 :]]
                yield "swap", f"{pins[i]} and {pins[i + 1]} swapped", _set(2, " ".join(swapped))
    for i, net in enumerate(joined):
        if net != "-":
            yield "cut", f"{pins[i]}: no wire", _set(2, " ".join([*joined[:i], f"CUT_{ref}", *joined[i + 1 :]]))
    if KINDS[kind].package in OTHER_PACKAGE:
        other = OTHER_PACKAGE[KINDS[kind].package]
        yield "package", f"in {other}", lambda call: call.keywords.append(ast.keyword("package", ast.Constant(other)))


def _set(index: int, text: str) -> Any:
    def change(call: ast.Call) -> None:
        call.args[index] = ast.Constant(text)

    return change


def _alike(symbol: str, a: str, b: str) -> bool:
    """Pins that may be swapped: nothing is wrong then."""
    return (symbol, a, b) in {
        ("74LVC1G08", "A", "B"),
        ("74LVC2G08", "1A", "1B"),
        ("74LVC2G08", "2A", "2B"),
        ("74LVC1G74", "CLK", "D"),
        ("MCP73833", "VDD", "VDD2"),
        ("MCP73833", "VBAT", "VBAT2"),
        ("ADG436", "VSS", "GND"),
        ("74HC4053", "X", "Y"),  # the two ends of a resistor
        ("74HC4053", "X", "Y"),  # the two ends of a resistor
    }


def catch(source: str, calculations: Path, states: tuple[str, ...]) -> Caught:
    """What catches a description without SPICE."""
    try:
        board = board_of("mutant", source, states)
    except Undescribed as problem:
        return Caught("description", str(problem))
    wrong = wrong_calculations(board, calculations)
    if wrong:
        return Caught("calculation", wrong[0])
    problems = rules.check(board)
    return Caught("rule", problems[0]) if problems else Caught("", "")


def wrong_calculations(board: Board, calculations: Path) -> list[str]:
    """Calculations whose value is out of its range, in words."""
    found = []
    for what, _, unit, least, most, value in runpy.run_path(str(calculations))["calculate"](board):
        if not least <= value <= most:
            found.append(f"{what}: {value:.4g} {unit}, allowed {least:g}..{most:g}")
    return found
