"""The board around the stage: what reaches the cell, what a touch does, what the mains leak, what feeds an empty rail.

The cell's side is played on the circuit's own parts (blocks "Cell and charger" and "Soft latch" of circuit.py) with the
charger and its light left out: whatever flows into the cell then has another way in. Currents in uA unless said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..board import build, cir
from ..board.describe import Board
from . import ngspice
from .deck import LOADS, Bench, Load, transient
from .drive import BOARD, Drive, codes_of, single
from .measure import Trace

CHARGER = ("U20", "U21", "D20", "R71", "R70", "C20", "C21", "C22", "C23", "C24", "J2")
CELL_V = (2.5, 3.0, 3.7, 4.3)
VSYS_V = (4.4, 4.7, 5.5)  # a weak port behind the Pico's diode; 5 V; the most a port may have, and no diode at all
# The latch: held by the processor, off, MODE pressed.
LATCH = {"held": ("Vhold power_hold 0 3.3",), "off": ("Vhold power_hold 0 0",), "MODE pressed": ("Vmode button 0 0",)}
INTO_CELL_UA = {25: 2.0, 60: 50.0}

MODELS = """
.model clamp d is=1e-15
.model schottky d is=100n n=1.05 rs=5
.model lowleak d is=0.3u n=1.15 rs=0.1 eg=0.69 xti=2
.model pmos1 pmos level=1 vto=-0.9 kp=8 lambda=0.01
.model nmos1 nmos level=1 vto=1.0 kp=0.5 lambda=0.01
.model body d is=1p n=1 rs=0.05
"""


def power_lines(board: Board) -> Iterator[str]:
    """Netlist of the cell's side. The protection is closed: open, nothing could flow."""
    for title in ("Cell and charger", "Soft latch"):
        for ref in board.blocks[title]:
            part = board.parts[ref]
            if ref in CHARGER:
                continue
            nets = {pin: cir.node(net) for pin, net in part.nets.items()}
            symbol = part.symbol.name
            if symbol == "resistor":
                yield f"{ref} {nets['A']} {nets['B']} {part.size:.6g}"
            elif symbol == "thermistor fuse":
                yield f"R{ref} {nets['A']} {nets['B']} 0.3"
            elif symbol.startswith(("PFET", "NFET")):
                model = "pmos1" if symbol.startswith("PFET") else "nmos1"
                yield f"M{ref} {nets['D']} {nets['G']} {nets['S']} {nets['S']} {model}"
                ends = ("D", "S") if model == "pmos1" else ("S", "D")
                yield f"D{ref} {nets[ends[0]]} {nets[ends[1]]} body"
            elif symbol == "FS8205A":
                yield f"R{ref} {nets['S1']} {nets['S2']} 0.05"
            elif symbol == "diode":
                yield f"{ref} {nets['A']} {nets['K']} lowleak"
            elif symbol == "BAT54":
                yield f"{ref} {nets['A']} {nets['K']} schottky"
            elif symbol == "BAT54C":
                yield f"{ref}a {nets['A1']} {nets['K']} schottky"
                yield f"{ref}b {nets['A2']} {nets['K']} schottky"
            elif symbol != "button":
                raise ValueError(f"{ref}: no model of {symbol}")


def _cell_deck(board: Board, extra: tuple[str, ...], celsius: float) -> str:
    return "\n".join(
        [
            "* tonus_r1, the cell's side",
            *power_lines(board),
            "Rmode mode 0 1e9",
            "Rbutton button 0 1e9",
            *extra,
            MODELS,
            f".option temp={celsius} gmin=1e-14 abstol=1e-12 rshunt=1e12",
            ".op",
            ".end",
            "",
        ]
    )


def into_cell_ua(board: Board, cell_v: float, vsys_v: float, latch: str, celsius: float) -> float:
    """Current into the cell with USB plugged in, the charger aside, uA; negative when the cell is drawn from."""
    extra = (f"Vcell cellp cellm {cell_v}", f"Vvsys vsys 0 {vsys_v}", *LATCH[latch])
    plot = ngspice.run(_cell_deck(board, extra, celsius))[0]
    return float(plot["i(vcell)"][0] * 1e6)


@dataclass(frozen=True)
class IntoCell:
    """The most that gets into the cell past the charger at a temperature, uA, and when."""

    celsius: int
    ua: float
    when: str


def charged_past_the_charger(board: Board | None = None) -> list[IntoCell]:
    """Over every cell voltage, VSYS and state of the latch."""
    of = board or build.board()
    found = []
    for celsius in INTO_CELL_UA:
        worst = max(
            (into_cell_ua(of, cell, vsys, latch, celsius), f"cell {cell} V, VSYS {vsys} V, latch {latch}")
            for cell in CELL_V
            for vsys in VSYS_V
            for latch in LATCH
        )
        found.append(IntoCell(celsius, *worst))
    return found


PRECHARGE_MA = 20.0  # what the charger gives a cell that seems empty


def reversed_cell_ma(plugged_in: bool) -> float:
    """Current of a cell of 4.2 V that is joined the wrong way round, mA. Plugged in, the charger takes it for an empty
    one."""
    extra = ["Vcell cellm cellp 4.2", "Vhold power_hold 0 0"]
    if plugged_in:
        extra += [f"Bcharger 0 batt I = {PRECHARGE_MA}m * 0.5 * (1 + tanh((4.2 - V(batt)) * 50))", "Vvsys vsys 0 4.7"]
    else:
        extra += ["Rvsys vsys 0 100"]
    plot = ngspice.run(_cell_deck(build.board(), tuple(extra), 25))[0]
    return float(abs(plot["i(vcell)"][0]) * 1e3)


# --- Mains, while charging.

MAINS_V, MAINS_HZ = 253.0, 50.0
Y_NF = 4.7  # in the charger, between its sides
PERSON_OHM = 1000.0
LEAK_MAX_UA = 10.0


def mains_leak_ua(vbus_v: float) -> float:
    """What flows through one electrode into an earthed person from a charger's Y-capacitor, uA rms."""
    extra = (
        f"Vmains phase earth sin(0 {MAINS_V * np.sqrt(2):.1f} {MAINS_HZ:g})",
        f"Cy phase 0 {Y_NF}n",
        "Rearth earth 0 1e12",
        f"Rperson e1 earth {PERSON_OHM:g}",
    )
    bench = Bench(LOADS["500"], {"vbus": vbus_v}, extra)
    deck = transient(bench, Drive((), 100_000), step_us=50.0)
    plot = ngspice.run(deck.replace(".save ", ".save v(earth) "))[0]
    late = np.arange(0.06, 0.1, 1e-5)
    amps = np.interp(late, plot.axis, plot["v(e1)"] - plot["v(earth)"]) / PERSON_OHM
    return float(np.sqrt(np.mean(amps**2)) * 1e6)


# --- A touch.

ESD = ((8.0, "contact"), (15.0, "air"))  # kV, through 330 Ohm from 150 pF
PROBED = ("watchp", "watchm", "switch1", "switch2", "d1", "d2", "w1", "rail", "sink", "in1", "trip")
# The parts' limits, V or mA: ADG436 30 mA for ever, 100 mA for a moment, beyond its rails; INA190 42 V, and what its
# inputs' own clamps bear below ground.
SWITCH_MA, WATCH_V, WATCH_MA, RAIL_V = 100.0, 42.0, 5.0, 44.0


@dataclass(frozen=True)
class Touch:
    """One discharge onto one electrode: largest current into a switch's pin (mA), voltage at the watch's inputs (V),
    current drawn out of them below ground (mA), rail (V)."""

    kv: float
    electrode: int
    switch_ma: float
    watch_v: float
    watch_ma: float
    rail_v: float

    @property
    def kept(self) -> bool:
        return (
            self.switch_ma <= SWITCH_MA
            and self.watch_v <= WATCH_V
            and self.watch_ma <= WATCH_MA
            and self.rail_v <= RAIL_V
        )


def touch(kv: float, electrode: int) -> Touch:
    """A discharge in a rest with the rail up, the person the device's ground. It takes nanoseconds, and so do all the
    solver's steps: the run ends soon."""
    extra = (
        "Bpinch0 esd1 esd2 I = V(esd1, esd2) / 330 * V(flaw)",
        f"Cesd esd1 0 150p ic={kv * 1000:g}",
        f"Rpinch esd2 e{electrode} 1",
        "Cpinch esd2 0 0.1p",
        # What the pins would draw: their own diodes to their supplies, beyond what the models of the parts have.
        f".ic v(esd1)={kv * 1000:g}",
    )
    bench = Bench(Load("open", 1e9), {}, extra, flaw_us=2.0)
    deck = transient(bench, Drive((), 4), step_us=0.002)
    deck = deck.replace(".save ", ".save " + " ".join(f"v({node})" for node in PROBED) + " ")
    plot = ngspice.run(deck)[0]
    lowest = min(float(plot[f"v({node})"].min()) for node in ("watchp", "watchm"))
    switch = max(
        float(np.abs(plot[f"v(d{i})"] - plot[f"v(switch{i})"]).max()) / build.board().parts["R53"].size * 1e3
        for i in (1, 2)
    )
    return Touch(
        kv,
        electrode,
        switch,
        max(float(plot[f"v({node})"].max()) for node in ("watchp", "watchm")),
        max(0.0, -lowest - 0.3) / build.board().parts["R56"].size * 1e3,
        float(plot["v(rail)"].max()),
    )


def touches() -> list[Touch]:
    """Both polarities, both electrodes, both ways of touching."""
    return [touch(sign * kv, electrode) for kv, _ in ESD for sign in (1, -1) for electrode in (1, 2)]


# --- An unpowered switch.

FED_MAX_V = 0.3


def fed_rail_v() -> float:
    """What the decoder's outputs, high at rest, leave on the rail while the keep-alive is still, V."""
    drive = single(codes_of(400), 500)
    bench = Bench(LOADS["500"], alive_until_us=1.0)
    deck = transient(bench, Drive((), 60_000)).replace(
        ".ic v(pump)=2.6 v(keep)=3.3 v(rail)=24", ".ic v(pump)=0 v(keep)=0 v(rail)=0"
    )
    assert drive.phases
    return float(np.abs(Trace.of(ngspice.run(deck)[0]).plot["v(rail)"][-50:]).max())


__all__ = ["BOARD", "IntoCell", "Touch", "charged_past_the_charger", "fed_rail_v", "mains_leak_ua", "touches"]
