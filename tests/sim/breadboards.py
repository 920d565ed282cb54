"""pico_bench on its breadboards, wired right or wrong: what the simulated device's pins see of it, and its builder, who
answers what `tonusctl bringup` asks by looking at that breadboard, with a meter on it as it is held just then."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from devices import Device
from tonus_tools.board import bench, breadboard
from tonus_tools.board.breadboard import Layout, Wire
from tonus_tools.board.dc import Held
from tonus_tools.board.describe import Board
from tonus_tools.ctl.bringup_boards import Bench
from tonus_tools.world.boards import constants as load_board

BOARD, DEVICE = load_board("pico_bench"), load_board("tonus_r1")
CIRCUIT: Board = bench.board()
LAYOUT: Layout = breadboard.place(CIRCUIT, bench.FOLDER)
# What a role's pin of the Pico leads to on the board: a pin, and what else has to be joined for it to do its work.
LEADS = {
    **{f"LEVEL_{i + 1}": (f"R{21 + i}.A", f"D{1 + i}.K") for i in range(5)},
    **{f"MODE_{i + 1}": (f"R{26 + i}.A", f"D{6 + i}.K") for i in range(4)},
    "STAGE_ALIVE": ("R30.A", "D10.K"),
    "BEEPER": ("R31.A", "BZ1.B"),
    "MODE": ("SW1.A", "SW1.B"),
    "PLUS": ("SW2.A", "SW2.B"),
    "MINUS": ("SW3.A", "SW3.B"),
    "STAGE_FAULT_N": ("SW4.A", "SW4.B"),
    "VBUS_SENSE": ("J1.A", "J1.B"),
}
BUTTONS = ("MODE", "PLUS", "MINUS", "STAGE_FAULT_N")
KINDS = (BUTTONS, ("VBUS_SENSE",), tuple(role for role in LEADS if role not in (*BUTTONS, "VBUS_SENSE")))
DAC_LINES = {"CS": "GP17", "SCK": "GP18", "SDI": "GP19"}
SETS_MV = (0.0, 201.0, 804.0, 1650.0)  # the DAC's outputs that are solved; between them all is straight


@dataclass(frozen=True)
class Wiring:
    """A breadboard. what: what is wrong with it; step: of the wiring, in which it went wrong."""

    what: str
    step: str
    without: tuple[Wire, ...] = ()
    instead: tuple[Wire, ...] = ()
    turned: str = ""  # a part that is the wrong way round
    wires: tuple[Wire, ...] = field(default=(), compare=False)

    @cached_property
    def nets(self) -> Mapping[tuple[str, str], int]:
        nets = breadboard.nets_of(LAYOUT, self.without, self.instead)
        if self.turned:
            ref = self.turned
            pins = [pin for of, pin in nets if of == ref]
            first, last = pins[0], pins[-1]
            nets = nets | {(ref, first): nets[ref, last], (ref, last): nets[ref, first]}
        return nets

    def joined(self, a: str, b: str) -> bool:
        return self.nets[_pin(a)] == self.nets[_pin(b)]

    def heard(self) -> bool:
        """Whether the DAC hears: its lines on their pins, and LDAC on one that goes low."""
        if not all(self.joined(f"U1.{pin}", f"A1.{gpio}") for pin, gpio in DAC_LINES.items()):
            return False
        lows = ("GP4", "GP2", "GP3", "GP5")
        return any(self.joined("U1.LDAC", f"A1.{gpio}") for gpio in lows)

    def leads(self) -> dict[str, str]:
        """For the world: what the pin of each role leads to in truth; empty where that is nothing."""
        found = {}
        for role, gpio in BOARD.PINS.items():
            if role not in LEADS:
                continue
            alike = next(kind for kind in KINDS if role in kind)  # what another does to this pin is nothing
            found[role] = next(
                (to for to in alike if self.joined(LEADS[to][0], f"A1.GP{gpio}") and self._whole(to)), ""
            )
        return {role: to for role, to in found.items() if to != role}

    def _whole(self, role: str) -> bool:
        return self.joined(LEADS[role][1], "A1.3V3" if role == "VBUS_SENSE" else "A1.GND1")

    def held(self, a: bool, b: bool, dac_mv: float | None, between: tuple[str, str] | None = None) -> Held:
        outputs = {"GP2": 3.3 * a, "GP3": 3.3 * b, "GP4": 3.3, "GP17": 3.3}
        probes = (_pin(between[0]), _pin(between[1])) if between else None
        dac_v = None if dac_mv is None or not self.heard() else dac_mv / 1000
        return Held(CIRCUIT, self.nets, outputs, dac_v, probes)

    def seen(self) -> dict[str, Any]:
        """What the simulated device's pins see of it: world.py's `wired`."""
        found: dict[str, Any] = {"wires": self.leads(), "heard": self.heard()}
        for a, b in ((False, False), (True, False), (False, True), (True, True)):
            rows = []
            for mv in (None, *SETS_MV):
                at = self.held(a, b, mv)
                volts = [min(max(at.at("A1", gpio), 0.0), 3.8) for gpio in ("GP26", "GP27", "GP28")]
                rows.append([-1.0 if mv is None else mv, *volts])
            found[f"{int(a)}{int(b)}"] = rows
        return found


def _pin(text: str) -> tuple[str, str]:
    ref, pin = text.split(".")
    return ref, pin


RIGHT = Wiring("right", "")


def missing() -> Iterator[Wiring]:
    """Each wire, not there."""
    for i, wire in enumerate(LAYOUT.wires, 1):
        yield Wiring(f"wire {i} of {wire.net} missing", wire.step, (wire,), wires=(wire,))


def swapped() -> Iterator[Wiring]:
    """Two wires that end beside each other at a chip or the Pico, each in the other's place."""
    ends: dict[str, list[tuple[int, Wire]]] = {}
    for wire in LAYOUT.wires:
        for end in (wire.a, wire.b):
            owner = breadboard.label(LAYOUT, end).split(" ")[0]
            if owner and len(end.row) == 1:
                ends.setdefault(f"{owner} {end.strip[1]}", []).append((end.column, wire))
    for owner, found in ends.items():
        found.sort(key=lambda pair: pair[0])
        for (one, a), (other, b) in zip(found, found[1:], strict=False):
            if a.net == b.net or {a.net, b.net} == {"ELECTRODE1", "ELECTRODE2"}:
                continue  # the load has no direction
            part = owner.split(" ")[0]
            yield Wiring(
                f"{a.net} and {b.net} swapped at {part}", b.step if b.step != "supply" else a.step, (a, b),
                (_moved(a, one, b, other), _moved(b, other, a, one)), wires=(a, b),
            )  # fmt: skip


def _moved(wire: Wire, column: int, other: Wire, to: int) -> Wire:
    """A wire with its end at one column in the hole of another's."""
    hole = next(end for end in (other.a, other.b) if end.column == to and len(end.row) == 1)
    stays = wire.b if wire.a.column == column and len(wire.a.row) == 1 and wire.a.board == hole.board else wire.a
    return Wire(stays, hole, wire.net, wire.step)


class Builder:
    """Standard input and error of `tonusctl bringup`: reads the question, looks, answers."""

    def __init__(self, made: Device, wiring: Wiring) -> None:
        self._made = made
        self._wiring = wiring
        self.said = ""
        self._lit: dict[str, int] = {}
        self._beeps = False
        self._pressed = ""
        self.asked: list[str] = []

    # Standard error.

    def write(self, text: str) -> int:
        self.said += text
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    # Standard input.

    def readline(self) -> str:
        question = self.said.rstrip().splitlines()[-1].strip()
        self.asked.append(question)
        answer = self._answer(question)
        self.said += answer + "\n"
        return answer + "\n"

    def record(self, record: Any) -> None:
        """A line of the device's trace."""
        if record[0] == "led":
            self._lit[record[2]] = record[3]
        elif record[0] == "beep":
            self._beeps = record[2] > 0

    def _answer(self, question: str) -> str:
        if "; volts" in question:
            return f"{self._volts(question):.4f}"
        live = self._made.live
        if "then Enter" in question:
            self._do(question)
            return ""
        if "keep-alive LED" in question:
            on = self._wiring.joined("R30.A", "A1.GP5") and self._wiring.joined("D10.K", "A1.GND1")
            high = self._wiring.joined("R30.A", "A1.GP4")  # LDAC, at rest
            lit = high or on and "held: " in question and "Nothing" not in question
            return "y" if lit == ("glows" in question) else "n"
        live.run(200_000)
        if "beeper sounds" in question:
            return "y" if self._beeps else "n"
        if found := re.match(r"(\w+)( \(.*\))? is lit", question):
            return "y" if [role for role, of in self._lit.items() if of] == [found[1]] else "n"
        raise AssertionError(question)

    def _volts(self, question: str) -> float:
        where = next(place for place in Bench.PLACES if place in question)
        red, black = Bench.PLACES[where]
        current = re.match(r"(\d+) uA(, reversed)? held\.", question)
        if current is None:
            held = self._wiring.held(False, False, 0.0, (red, black))
        else:
            reverse = current[2] is not None
            held = self._wiring.held(not reverse, reverse, int(current[1]) * BOARD.RSET_OHM / 1000, (red, black))
        return held.at(*_pin(red)) - held.at(*_pin(black))

    def _do(self, question: str) -> None:
        live = self._made.live
        if "jumper" in question:
            live.do("usb", True)
        elif found := re.match(r"Hold (\w+) down", question):
            live.do("hold", found[1])
        elif found := re.match(r"Let (\w+) go", question):
            live.do("release", found[1])
        elif "Press MODE" in question:
            self._made.press("MODE")
        else:
            raise AssertionError(question)
        live.run(50_000)


class DeviceBuilder(Builder):
    """Who brings up a tonus_r1. broken: a fault of the scenarios; wired: what the pins of roles lead to in truth."""

    def __init__(self, made: Device, broken: str = "", wired: Mapping[str, Any] | None = None) -> None:
        super().__init__(made, RIGHT)
        self._broken = broken
        self._deaf = not (wired or {}).get("heard", True)

    def record(self, record: Any) -> None:
        super().record(record)
        if record[0] == "haptic":
            self._beeps = bool(record[2])
        elif record[0] == "rail":
            self._rail_v = 24.0 * record[2]

    _rail_v = 0.0

    def _answer(self, question: str) -> str:
        if "motor runs" in question:
            self._made.live.run(200_000)
            return "y" if self._beeps else "n"
        return super()._answer(question)

    def _volts(self, question: str) -> float:
        self._made.live.run(50_000)
        if "TP11" in question:
            current = re.match(r"(\d+) uA held\.", question)
            assert current
            if self._deaf or self._broken == "short_open":
                return 0.0
            low = 0.75 if self._broken == "dac_low" else 1.0
            return float((int(current[1]) * low - DEVICE.RSET_LESS_NA / 1000) * DEVICE.RSET_OHM / 1e6)
        return {
            "TP3": 3.3, "TP5": 2.5, "TP4": self._rail_v if "held" in question else 0.0,
            "TP6": 3.3, "TP7": 0.0,
        }[re.search(r"TP\d+", question)[0]]  # type: ignore[index]  # fmt: skip
