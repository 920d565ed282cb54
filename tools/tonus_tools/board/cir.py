"""The topology of the electrode stage for SPICE, from its parts: which part is which model, joined as on the board."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .describe import Board, Fitted

NODES = {
    "GND": "0",
    "3V3": "v3v3",
    "GUARD1": "d1",
    "GUARD2": "d2",
    "WATCHED": "w1",
    "SKIN1": "e1",
    "SKIN2": "e2",
    "CURRENT_SENSE": "sense",
    "STAGE_ALIVE": "alive",
}
# One model stands for the whole converter; and what only feeds, shows or is put in by hand is no part of the stage.
CONVERTER = ("U10", "L1", "D11", "D12", "D13", "C14", "C15", "R20", "R21", "R22", "R23", "Q8", "Q9")
AMPLIFIERS = {
    "U2": ("vos={op_offset} a0={op_gain} gbw={op_gbw} sr={op_slew}", "vos=0 a0=316k gbw=10meg sr=7meg"),
    "U7": ("vos={wdc_offset} a0=316k gbw=350k sr=0.16meg", "vos=0 a0=316k gbw=350k sr=0.16meg"),
}
SWITCH = "roff={sw_off} tau={sw_tau} cd={sw_cd} cs={sw_cs}"
DIODES = {"BAT54": "schottky", "BAT54S": "schottky", "BAV199": "quiet", "diode": "fast", "zener 5 V": "zener5"}
# What belongs to the stage: all that hangs on these nets, and on what they lead to.
FIRST = ("U1", "U2", "U3", "U4", "U5", "U6", "U7", "U8", "U11", "U12", "U13", "U14", "U15", "K1", "Q1")
BEYOND = ("A1", "J4", "J5")


def node(net: str | None) -> str:
    """A net's name in the netlist."""
    return NODES.get(net or "", (net or "open").lower().replace("+", "p").replace("-", "m"))


def stage(board: Board) -> list[Fitted]:
    """The parts of the electrode stage: those that supplies, pins of the Pico and skin bound."""
    bounds = {"GND", "3V3", "VSYS", "BATT", "VBUS"}
    found = {ref for ref in FIRST if ref in board.parts}
    waiting = list(found)
    while waiting:
        part = board.parts[waiting.pop()]
        for net in part.nets.values():
            if net is None or net in bounds:
                continue
            for other, _ in board.on(net):
                if other.ref not in found and other.ref not in BEYOND and other.symbol.name != "test point":
                    found.add(other.ref)
                    waiting.append(other.ref)
    return [part for ref, part in board.parts.items() if ref in found]


def write(board: Board, template: Path) -> str:
    """The whole of stage.cir."""
    parts = [part for part in stage(board) if part.ref not in CONVERTER]
    values = [
        f".param {part.spice} = {part.size:.6g}".ljust(29) + f"; {part.ref}, {part.value}, {part.kind.tolerance}"
        for part in parts
        if part.spice
    ]
    text = template.read_text(encoding="utf-8")
    lines = [line for part in parts for line in _lines(part)]
    lines.append(f"XBOOST {node(board.at('U14', 'Y'))} {node(board.at('C7', 'A'))} boost")
    return text.replace("@VALUES@", "\n".join(values)).replace("@PARTS@", "\n".join(lines))


def _lines(part: Fitted) -> Iterator[str]:
    def at(*pins: str) -> str:
        return " ".join(node(part.nets[pin]) for pin in pins)

    ref, symbol = part.ref, part.symbol.name
    if symbol in ("resistor", "capacitor"):
        if part.spice or part.nets["A"] != part.nets["B"]:
            yield f"{ref} {at('A', 'B')} " + (f"{{{part.spice}}}" if part.spice else f"{part.size:.6g}")
    elif symbol == "MCP4821":
        yield f"X{ref} {at('VDD', 'VSS', 'VOUT')} set mcp4821"
    elif symbol in ("MCP6022", "OPA2333"):
        for half, params in zip("AB", AMPLIFIERS[ref], strict=True):
            yield f"X{ref}{half} {at(f'IN{half}+', f'IN{half}-', f'OUT{half}', 'VDD')} opamp params: {params}"
    elif symbol == "TLV3202":
        for half in "AB":
            yield f"X{ref}{half} {at(f'IN{half}+', f'IN{half}-', f'OUT{half}', 'VDD')} comparator"
    elif symbol == "TLV9024":
        for i in "1234":
            yield f"X{ref}_{i} {at(f'IN{i}+', f'IN{i}-', f'OUT{i}')} drain"
    elif symbol == "74HC139":
        yield f"X{ref}A {at('1E', '1A0', '1A1', '1Y0', '1Y1', '1Y2', '1Y3', 'VCC')} hc139"
        second = [
            node(part.nets[pin]) if part.nets[pin] else f"{ref.lower()}{pin.lower()}"
            for pin in ("2Y0", "2Y1", "2Y2", "2Y3")
        ]
        yield f"X{ref}B {at('2E', '2A0', '2A1')} {' '.join(second)} {at('VCC')} hc139"
    elif symbol == "ADG436":
        for i in "12":
            pins = at(f"IN{i}", f"S{i}A", f"D{i}", f"S{i}B", "VDD")
            yield f"X{ref}_{i} {pins} spdt params: ron={{sw_on{i}}} q={{sw_q{i}}} {SWITCH}"
    elif symbol == "74LVC2G04":
        yield f"X{ref}_1 {at('1A', '1Y', 'VCC')} inverter"
        yield f"X{ref}_2 {at('2A', '2Y', 'VCC')} inverter"
    elif symbol == "74LVC2G08":
        yield f"X{ref}_1 {at('1A', '1B', '1Y', 'VCC')} both"
        yield f"X{ref}_2 {at('2A', '2B', '2Y', 'VCC')} both"
    elif symbol == "74LVC1G08":
        yield f"X{ref} {at('A', 'B', 'Y', 'VCC')} both"
    elif symbol == "74LVC1G74":
        yield f"X{ref} {at('Q_N', 'Q', 'CLR', 'PRE', 'VCC')} latch"
    elif symbol == "LM4040":
        yield f"X{ref} {at('K', 'A')} lm4040"
    elif symbol == "INA190":
        yield f"X{ref} {at('REF', 'GND', 'VS', 'IN+', 'IN-', 'OUT')} ina190"
    elif symbol == "relay 2 changeover":
        yield f"X{ref} {at('COIL+', 'NC1', 'COM1', 'NO1', 'NO2', 'COM2', 'NC2', 'COIL-')} relay"
    elif symbol.startswith("NFET"):
        yield f"X{ref} {at('G', 'S', 'D')} {'sinkfet' if ref == 'Q1' else 'nswitch'}"
    elif symbol.startswith("PFET"):
        yield f"X{ref} {at('G', 'S', 'D')} pswitch"
    elif symbol in ("BAT54S", "BAV199"):
        yield f"{ref}a {at('A', 'M')} {DIODES[symbol]}"
        yield f"{ref}b {at('M', 'K')} {DIODES[symbol]}"
    elif symbol in DIODES:
        yield f"{ref} {at('A', 'K')} {DIODES[symbol]}"
    else:
        raise ValueError(f"{ref}: the stage has a part without a model, {symbol}")
