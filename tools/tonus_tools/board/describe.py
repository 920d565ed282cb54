"""Makes a SKiDL circuit from a board's `circuit.py`: parts with makers' numbers, nets with the voltages they may have.

`circuit.py` has a function `describe(board)` that calls `board.fit(...)` for every part and `board.net(...)` for every
net that is driven from outside or by a supply. Nothing of KiCad's libraries is used: symbols.py has the pins.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from .catalogue import Kind, kind_of
from .symbols import SYMBOLS, Symbol

UNITS = {"Ohm": 1.0, "kOhm": 1e3, "MOhm": 1e6, "pF": 1e-12, "nF": 1e-9, "uF": 1e-6, "uH": 1e-6, "V": 1.0, "mA": 1e-3}


class Undescribed(ValueError):
    """A description that makes no circuit: an unknown part, a pin that is not there, a value that is none."""


def number(value: str) -> float:
    """`4.02 kOhm` in Ohm, and so on. Raises Undescribed."""
    found = re.fullmatch(r"([\d.]+) (\w+)", value)
    if not found or found[2] not in UNITS:
        raise Undescribed(f"{value!r} is no value")
    return float(f"{float(found[1]) * UNITS[found[2]]:.9g}")  # as written: no 4019.9999


@dataclass
class Fitted:
    """One part of the board. nets: of each pin by its name, None where it is left open on purpose."""

    ref: str
    kind: Kind
    value: str
    why: str
    nets: dict[str, str | None]
    spice: str = ""
    package: str = ""

    @property
    def symbol(self) -> Symbol:
        return SYMBOLS[self.kind.symbol]

    @property
    def size(self) -> float:
        """Its value in Ohm, F or H."""
        return number(self.value)


@dataclass
class Board:
    """What a description has said. extremes: (least, most) V of a net in each state of the supplies, by its name."""

    name: str
    states: tuple[str, ...] = ()
    parts: dict[str, Fitted] = field(default_factory=dict)
    extremes: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    blocks: dict[str, list[str]] = field(default_factory=dict)
    fed: set[str] = field(default_factory=set)
    opened: dict[str, set[str]] = field(default_factory=dict)

    def block(self, title: str) -> None:
        """The parts that follow belong together."""
        self.blocks[title] = []

    def feed(self, *names: str) -> None:
        """Nets that feed a chip through parts of two ends: as good as a supply to the rules check."""
        self.fed.update(names)

    def opens(self, state: str, *refs: str) -> None:
        """Switches that are open in a state: nothing spreads through them there."""
        self.opened.setdefault(state, set()).update(refs)

    def at(self, ref: str, pin: str) -> str:
        """The net of a pin; a name that no net has when there is none."""
        part = self.parts.get(ref)
        return (part.nets.get(pin) if part else None) or f"nothing at {ref} {pin}"

    def net(self, name: str, **limits: tuple[float, float]) -> None:
        """A net driven from outside or by a supply: its extremes in every state, V. Raises Undescribed."""
        if set(limits) != set(self.states):
            raise Undescribed(f"{name}: extremes of {', '.join(self.states)}")
        self.extremes[name] = limits

    def fit(
        self, ref: str, kind: str, nets: str, why: str, value: str = "", spice: str = "", package: str = ""
    ) -> None:
        """A part. nets: of its pins in the order of the symbol, `-` for one left open; pins that are not connected
        inside are left out. spice: the parameter of stage.cir that has its value. Raises Undescribed."""
        if ref in self.parts:
            raise Undescribed(f"{ref} is there twice")
        of = kind_of(kind)
        if of is None:
            raise Undescribed(f"{ref}: no part {kind!r} in the catalogue")
        pins = [pin.name for pin in SYMBOLS[of.symbol].pins if pin.kind != "n"]
        given = nets.split()
        if len(given) != len(pins):
            raise Undescribed(f"{ref}: {len(given)} nets for {len(pins)} pins")
        if of.symbol in ("resistor", "capacitor", "inductor"):
            number(value)
        joined: dict[str, str | None] = {pin: None if net == "-" else net for pin, net in zip(pins, given, strict=True)}
        if self.blocks:
            next(reversed(self.blocks.values())).append(ref)
        self.parts[ref] = Fitted(ref, of, value or of.value, why, joined, spice, package or of.package)

    def on(self, net: str) -> Iterator[tuple[Fitted, str]]:
        """(part, pin) on a net."""
        for part in self.parts.values():
            for pin, joined in part.nets.items():
                if joined == net:
                    yield part, pin

    def nets(self) -> dict[str, list[tuple[Fitted, str]]]:
        """Every net with its pins, by name."""
        found: dict[str, list[tuple[Fitted, str]]] = {}
        for part in self.parts.values():
            for pin, net in part.nets.items():
                if net is not None:
                    found.setdefault(net, []).append((part, pin))
        return dict(sorted(found.items()))

    def between(self, a: str, b: str, symbol: str) -> list[Fitted]:
        """Parts of two ends, of one kind, from one net to the other."""
        return [
            part
            for part in self.parts.values()
            if part.kind.symbol == symbol and len(part.nets) == 2 and set(part.nets.values()) == {a, b}
        ]

    def ohm(self, a: str, b: str) -> float:
        """Resistance of what lies directly between two nets; infinite when nothing does."""
        siemens = sum(1 / part.size for part in self.between(a, b, "resistor"))
        return 1 / siemens if siemens else float("inf")

    def farad(self, a: str, b: str) -> float:
        """Capacitance of what lies directly between two nets; where nothing does, next to none, as between any two."""
        return sum(part.size for part in self.between(a, b, "capacitor")) or 1e-18


def board_of(name: str, source: str, states: tuple[str, ...]) -> Board:
    """The board that a description's text makes. Raises Undescribed, and whatever the text raises."""
    space: dict[str, Any] = {"__name__": "circuit"}
    exec(compile(source, "circuit.py", "exec"), space)
    board = Board(name, states)
    describe: Callable[[Board], None] = space["describe"]
    describe(board)
    return board


def load(path: Path) -> Board:
    """The board of a folder's circuit.py."""
    source = path.read_text(encoding="utf-8")
    space: dict[str, Any] = {"__name__": "circuit"}
    exec(compile(source, str(path), "exec"), space)
    return board_of(path.parent.name, source, tuple(space["STATES"]))


@cache
def _skidl() -> Any:
    """SKiDL, imported where its log files do no harm, and quiet.

    It keeps where in a program each part and net was made, which takes more time than all else. Nobody asks for that.
    """
    here = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="tonus-board-") as folder:
        os.chdir(folder)
        try:
            with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
                skidl = importlib.import_module("skidl")
                logger = importlib.import_module("skidl.logger")
                circuits: Any = importlib.import_module("skidl.circuit")
                circuits.get_skidl_trace = list
            for log in (logger.active_logger, logger.rt_logger, logger.erc_logger):
                for stop in ("stop_log_file_output", "stop_file_output"):
                    if hasattr(log, stop):
                        getattr(log, stop)()
        finally:
            os.chdir(here)
    return skidl


_KINDS = {
    "i": "INPUT",
    "o": "OUTPUT",
    "oc": "OPENCOLL",
    "p": "PASSIVE",
    "s": "PWRIN",
    "S": "PWROUT",
    "g": "PWRIN",
    "b": "BIDIR",
    "n": "NOCONNECT",
}


def circuit(board: Board) -> Any:
    """The board as a SKiDL circuit."""
    skidl = _skidl()
    made = skidl.Circuit(name=board.name)
    made.no_files = True
    templates: dict[str, Any] = {}
    nets = {name: skidl.Net(name, circuit=made) for name in board.nets()}
    for name in (*board.extremes, *board.fed):
        if name in nets:
            nets[name].drive = skidl.POWER
    for ref, part in board.parts.items():
        symbol = part.symbol
        if symbol.name not in templates:
            templates[symbol.name] = skidl.Part(
                name=symbol.name,
                ref_prefix=symbol.prefix,
                dest=skidl.TEMPLATE,
                tool=skidl.SKIDL,
                pins=[
                    skidl.Pin(num=pin.number, name=pin.name, func=getattr(skidl.Pin.types, _KINDS[pin.kind]))
                    for pin in symbol.pins
                ],
            )
        fitted = templates[symbol.name](
            circuit=made, ref=ref, value=part.value, footprint=part.package, tag=ref, description=part.why
        )
        for pin in symbol.pins:
            net = part.nets.get(pin.name)
            if net is not None:
                fitted[pin.number] += nets[net]
            elif pin.kind != "n":
                fitted[pin.number] += made.NC
    return made
