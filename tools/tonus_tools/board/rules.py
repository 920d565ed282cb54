"""Electrical rules: SKiDL's own check, and what a check of kinds of pins does not see.

Each rule gives problems as sentences that name the part; none is a warning that may be lived with.

Voltages: a net that is driven from outside or by a supply has the extremes that the description gives it, in each state
of the supplies, all of them low or all high. From there, and from the outputs of chips, they spread through resistors,
coils, diodes and closed switches as sources with a resistance; a resistor from a net to ground divides. A pin may see
more than its limit only through so much resistance that its clamp carries less than it bears.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from .catalogue import numbers
from .describe import Board, Fitted, circuit
from .packages import PACKAGES
from .symbols import Pin

E24 = (10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30, 33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91)
E96 = tuple(round(100 * 10 ** (i / 96)) for i in range(96))
DECOUPLING = (47e-9, 470e-9)  # F: what counts as a chip's own capacitor
SHORT_OHM = 20.0  # less than this between a source and a sink is a short circuit
FORWARD_V = 0.3


@dataclass(frozen=True)
class Source:
    """What a net may be driven by: V behind Ohm, and the net it comes from."""

    volts: float
    ohm: float
    origin: str


class Voltages:
    """Sources of every net in one state, with all supplies low or all high. without: a part whose switch is open."""

    def __init__(self, board: Board, state: str, high: bool, without: str = "") -> None:
        self._board = board
        self._state = state
        self._high = high
        self._grounds: dict[str, float] = {}
        self._ways: dict[str, list[tuple[str, float, bool]]] = {}
        self.sources: dict[str, list[Source]] = {net: [] for net in board.nets()}
        for part in board.parts.values():
            if part.ref != without and part.ref not in board.opened.get(state, ()):
                self._ways_of(part)
        self.stiff = set(board.extremes)
        waiting: list[tuple[str, Source, tuple[str, ...]]] = [
            (net, Source(self.supply(net), 0.0, net), ()) for net in board.extremes
        ]
        for part in board.parts.values():
            top = self.supply(part.nets.get(part.symbol.supply) or "")
            for pin in part.symbol.pins:
                net = part.nets.get(pin.name)
                if net is not None and pin.kind in ("o", "b") and part.symbol.supply and not part.symbol.passes:
                    if pin.kind == "o":
                        self.stiff.add(net)
                    waiting.append((net, Source(top, 0.0, net), ()))
        while waiting:
            net, source, passed = waiting.pop()
            if net in passed or net not in self.sources or (net in self.stiff and source.origin != net):
                continue
            shunt = self._grounds.get(net, 0.0)
            if source.ohm and shunt and source.origin != "GND":
                source = Source(
                    source.volts * shunt / (source.ohm + shunt),
                    source.ohm * shunt / (source.ohm + shunt),
                    source.origin,
                )
            there = self.sources[net]
            if any(s.volts >= source.volts and s.ohm <= source.ohm for s in there):
                continue
            there.append(source)
            for other, ohm, _ in self._ways.get(net, ()):
                waiting.append((other, Source(source.volts, source.ohm + ohm, source.origin), (*passed, net)))

    def supply(self, net: str) -> float:
        """V of a declared net; of a net that feeds a chip the most that reaches it."""
        if net in self._board.extremes:
            return self._board.extremes[net][self._state][self._high]
        return self.most(net) if net in getattr(self, "sources", {}) else 0.0

    def most(self, net: str) -> float:
        """The highest V that reaches a net, through whatever resistance."""
        return max((source.volts for source in self.sources.get(net, ())), default=0.0)

    def _ways_of(self, part: Fitted) -> None:
        symbol = part.symbol
        for a, b in symbol.passes:
            one, other = part.nets.get(a), part.nets.get(b)
            if one is None or other is None:
                continue
            ohm = part.size if symbol.name == "resistor" else 0.0
            if symbol.name == "resistor" and "GND" in (one, other):
                net = other if one == "GND" else one
                before = self._grounds.get(net)
                self._grounds[net] = ohm if before is None else ohm * before / (ohm + before)
            self._ways.setdefault(one, []).append((other, ohm, True))
            self._ways.setdefault(other, []).append((one, ohm, True))
        for a, b in symbol.rises:
            one, other = part.nets.get(a), part.nets.get(b)
            if one is not None and other is not None:
                self._ways.setdefault(one, []).append((other, 0.0, False))

    def least_ohm_to(self, target: str, net: str) -> float:
        """Least resistance from a net to a declared one or the ground through what may be closed."""
        best = {net: 0.0}
        waiting = [net]
        while waiting:
            at = waiting.pop()
            if at == target:
                continue
            if at != net and at in self.stiff:
                continue
            for other, ohm, both in self._ways.get(at, ()):
                there = best[at] + ohm
                if both and there < best.get(other, float("inf")):
                    best[other] = there
                    waiting.append(other)
        return best.get(target, float("inf"))


def check(board: Board) -> list[str]:
    """Every problem of a board; none when it is well."""
    found = [*_packages(board), *_values(board), *_open(board)]
    if found:
        return found  # what follows takes a whole circuit for granted
    return [*skidl_check(board), *_decoupled(board), *_limits(board), *_conducting(board), *_lights(board)]


def skidl_check(board: Board) -> list[str]:
    """What SKiDL's electrical rules check says, warnings included."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.WARNING:
                said.append(record.getMessage())

    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        made = circuit(board)
        skidl = importlib.import_module("skidl")
        listener = Listener()
        skidl.erc_logger.addHandler(listener)
        try:
            made.ERC()
        finally:
            skidl.erc_logger.removeHandler(listener)
    return said


def _packages(board: Board) -> Iterator[str]:
    for part in board.parts.values():
        pads = {pad for pad, *_ in PACKAGES.get(part.package, ())}
        if part.package != part.kind.package:
            yield f"{part.ref}: {part.kind.maker} is made in {part.kind.package}, not in {part.package}"
        if pads != {pin.number for pin in part.symbol.pins}:
            yield f"{part.ref}: {part.package} has other pads than {part.symbol.name} has pins"


def _values(board: Board) -> Iterator[str]:
    for part in board.parts.values():
        if part.symbol.name not in ("resistor", "capacitor"):
            continue
        size = part.size
        digits = f"{size:.3e}".split("e")[0]
        three = float(digits) * 100
        if not (any(abs(three - e * 10) < 0.01 for e in E24) or any(abs(three - e) < 0.01 for e in E96)):
            yield f"{part.ref}: {part.value} is not of E24 or E96"
        maker, second = numbers(part.kind, size)
        if not maker or not second:
            yield f"{part.ref}: no part number"


def _open(board: Board) -> Iterator[str]:
    for net, pins in board.nets().items():
        if len(pins) < 2:
            alone, name = pins[0]
            yield f"{alone.ref} {name}: nothing else is on its net {net}"
    for part in board.parts.values():
        for pin in part.symbol.pins:
            if part.nets.get(pin.name) is None and pin.kind in ("i", "s", "g") and part.ref != "A1":
                yield f"{part.ref} {pin.name} is not connected"


def _decoupled(board: Board) -> Iterator[str]:
    """Each chip has its own capacitor at its supply: as many on the net as chips, each of the usual size."""
    chips: dict[str, list[str]] = {}
    for part in board.parts.values():
        if part.symbol.prefix == "U" and part.symbol.supply and part.symbol.name not in ("TPS61040", "MCP73833"):
            chips.setdefault(str(part.nets[part.symbol.supply]), []).append(part.ref)
    for net, refs in chips.items():
        ground = "CELL-" if refs == ["U21"] else "GND"
        own = [c for c in board.between(net, ground, "capacitor") if DECOUPLING[0] <= c.size <= DECOUPLING[1]]
        if len(own) != len(refs):
            yield f"{net}: {len(own)} capacitors of 100 nF for the chips {', '.join(refs)}"


def _limits(board: Board) -> Iterator[str]:
    for state in board.states:
        for high in (False, True):
            volts = Voltages(board, state, high)
            where = f"{state}, supplies {'high' if high else 'low'}"
            for part in board.parts.values():
                yield from _pins(part, volts, where)
                if high:
                    yield from _pairs(board, part, volts, where)


def _pins(part: Fitted, volts: Voltages, where: str) -> Iterator[str]:
    for pin in part.symbol.pins:
        net = part.nets.get(pin.name)
        if net is None or pin.high is None:
            continue
        limit = _limit(part, pin, volts)
        for source in volts.sources[net]:
            over = source.volts - limit
            if over <= 1e-9:
                continue
            clamp_ma = over / source.ohm * 1e3 if source.ohm else float("inf")
            if clamp_ma > pin.clamp_ma:
                yield (
                    f"{part.ref} {pin.name} ({net}) bears {limit:.1f} V, sees {source.volts:.1f} V from "
                    f"{source.origin} through {source.ohm:.0f} Ohm: {where}"
                )


def _limit(part: Fitted, pin: Pin, volts: Voltages) -> float:
    assert pin.high is not None
    return pin.high + (volts.supply(part.nets.get(part.symbol.supply) or "") if pin.rel else 0.0)


def _pairs(board: Board, part: Fitted, volts: Voltages, where: str) -> Iterator[str]:
    for above, below, limit in part.symbol.pairs:
        a, b = part.nets.get(above), part.nets.get(below)
        if a is None or b is None or a == b:
            continue
        most = volts.most(a) * _divided(board, a, b)
        if most > limit:
            yield f"{part.ref}: {above} up to {most:.1f} V above {below}, bears {limit:.0f} V: {where}"
    if part.symbol.name == "capacitor":
        most = max((volts.most(net) for net in part.nets.values() if net), default=0.0)
        if most > part.kind.volts:
            yield f"{part.ref}: {most:.1f} V on a capacitor of {part.kind.volts:.0f} V: {where}"
    if part.symbol.name == "resistor" and set(part.nets.values()) <= volts.stiff:
        one, other = (volts.most(str(net)) for net in part.nets.values())
        if (one - other) ** 2 / part.size > part.kind.watts:
            yield f"{part.ref}: {(one - other) ** 2 / part.size:.2f} W on {part.kind.watts} W: {where}"


def _divided(board: Board, a: str, b: str) -> float:
    """What a divider leaves of a pair's voltage: a resistor between the two, and the least one away from either."""
    across = board.ohm(a, b)
    if across == float("inf"):
        return 1.0
    free = [net for net in (a, b) if net not in board.extremes]
    if len(free) != 1:
        return 1.0
    away = [
        part.size
        for part, _ in board.on(free[0])
        if part.symbol.name == "resistor" and set(part.nets.values()) != {a, b}
    ]
    return across / (across + min(away)) if away else 1.0


def _conducting(board: Board) -> Iterator[str]:
    """Diodes, those of FETs included, that conduct for ever: between a source and what is lower, without resistance."""
    for state in board.states:
        volts = Voltages(board, state, True)
        for part in board.parts.values():
            if part.symbol.name.startswith(("NFET", "PFET")) and state in ("run", "usb"):
                yield from _body(board, part, state)
            for a, k in part.symbol.rises:
                anode, cathode = part.nets.get(a), part.nets.get(k)
                if anode is None or cathode is None or anode == cathode or part.symbol.name == "LED":
                    continue
                stiff = [s for s in volts.sources[anode] if s.ohm <= SHORT_OHM and s.volts > FORWARD_V]
                sinks = volts.least_ohm_to("GND", cathode) <= SHORT_OHM or any(
                    p.symbol.pin(pin).kind == "oc" for p, pin in board.on(cathode)
                )
                held = volts.supply(cathode) if cathode in board.extremes else None
                for source in stiff:
                    if held is not None and source.volts > held + FORWARD_V or held is None and sinks:
                        yield f"{part.ref} conducts from {source.origin}, {source.volts:.1f} V, into {cathode}: {state}"


def _body(board: Board, part: Fitted, state: str) -> Iterator[str]:
    low, high = ("S", "D") if part.symbol.name.startswith("NFET") else ("D", "S")
    anode, cathode, gate = str(part.nets[low]), str(part.nets[high]), str(part.nets["G"])
    volts = Voltages(board, state, True, without=part.ref)
    if volts.most(anode) > volts.most(cathode) + FORWARD_V:
        yield f"{part.ref}: its own diode conducts from {anode} to {cathode}: {state}"
    if not volts.sources[gate]:
        yield f"{part.ref}: nothing drives its gate {gate}"


def _lights(board: Board) -> Iterator[str]:
    """An LED's anode can be driven, and its cathode pulled down."""
    for state in {"run", "usb"} & set(board.states):
        volts = Voltages(board, state, True)
        for part in board.parts.values():
            if part.symbol.name != "LED" or (state == "run") == (part.kind.value == "amber"):
                continue
            if volts.most(str(part.nets["A"])) < 2.5:
                yield f"{part.ref}: nothing drives its anode: {state}"
