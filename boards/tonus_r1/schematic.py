"""Draws the electrode stage: run, it writes schematic.svg. An argument names another picture file (.png).

Values come from parts.csv by their reference, which `make board` makes of circuit.py; a part of two ends is drawn with
the nets that it is between, and the drawing ends with an error when the circuit has it elsewhere.
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path
from typing import Any

import matplotlib
import schemdraw
import schemdraw.elements as elm

HERE = Path(__file__).resolve().parent
PARTS = HERE / "parts.csv"
NETLIST = HERE / "netlist.txt"
PICTURE = HERE / "schematic.svg"

Point = tuple[float, float]


def parts() -> list[dict[str, str]]:
    """The rows of parts.csv: ref, param (of stage.cir, may be empty), part, value, tolerance, why."""
    with open(PARTS, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def joined() -> dict[str, set[str]]:
    """The nets of each part, as netlist.txt has them."""
    found: dict[str, set[str]] = {}
    for line in NETLIST.read_text(encoding="utf-8").splitlines():
        net, _, pins = line.partition(": ")
        for pin in pins.split(", "):
            found.setdefault(pin.split(".")[0], set()).add(net)
    return found


class Sheet:
    """A drawing on which everything is placed by coordinates, in units of a resistor's third."""

    def __init__(self, drawing: Any) -> None:
        self._d = drawing
        self._values = {p["ref"]: p["value"] for p in parts()}
        self._joined = joined()
        self.drawn: set[str] = set()

    def add(self, element: Any) -> Any:
        return self._d.add(element)

    def two(self, kind: Any, ref: str, a: Point, b: Point, where: str, nets: str, value: str | None = None) -> Any:
        """A part of two ends between two points, with its reference and value. nets: the two it is between, as drawn;
        ValueError when the circuit has it between others."""
        if self._joined[ref] != set(nets.split()):
            raise ValueError(f"{ref} is drawn between {nets} and is between {self._joined[ref]}")
        self.drawn.add(ref)
        shown = self._values[ref] if value is None else value
        return self.add(kind().at(a).to(b).label(f"{ref}\n{shown}", loc=where, fontsize=8))

    def wire(self, *points: Point) -> None:
        for a, b in zip(points, points[1:], strict=False):
            self.add(elm.Line().at(a).to(b))

    def dot(self, *points: Point) -> None:
        for point in points:
            self.add(elm.Dot().at(point))

    def ground(self, point: Point) -> None:
        self.add(elm.Ground().at(point))

    def net(self, name: str, point: Point, side: str = "right", pin: bool = False) -> None:
        """A named end of a wire; `pin`: of the Pico."""
        colour = "#1b6ca8" if pin else "black"
        self.add(
            elm.Dot(open=True, radius=0.08).at(point).color(colour).label(name, loc=side, fontsize=9, color=colour)
        )

    def title(self, text: str, point: Point) -> None:
        self.add(elm.Label().at(point).label(text, fontsize=12, halign="left", color="#8a2b2b"))

    def note(self, text: str, point: Point) -> None:
        self.add(elm.Label().at(point).label(text, fontsize=8, halign="left", color="#555555"))

    def box(self, name: str, corner: Point, size: Point, left: list[str], right: list[str]) -> dict[str, Point]:
        """A rectangle with pins, named from the top down on either side; where each pin's end is."""
        x, y = corner
        w, h = size
        self.wire((x, y), (x + w, y), (x + w, y - h), (x, y - h), (x, y))
        self.add(elm.Label().at((x + w / 2, y + 0.35)).label(name, fontsize=9))
        ends: dict[str, Point] = {}
        for names, edge, out, align in ((left, x, -0.6, "left"), (right, x + w, 0.6, "right")):
            for i, pin in enumerate(names):
                at = y - h * (i + 0.5) / len(names)
                self.wire((edge, at), (edge + out, at))
                inner = edge + 0.12 if out < 0 else edge - 0.12
                self.add(elm.Label().at((inner, at + (0.1 if out < 0 else -0.12))).label(pin, fontsize=8, halign=align))
                ends[pin] = (edge + out, at)
        return ends


def draw(path: Path) -> None:
    """Write the picture; the file's name says in which format."""
    # The same drawing, the same file: no random ids, no date. Letters as letters.
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    matplotlib.rcParams.update({"svg.hashsalt": "tonus_r1", "svg.fonttype": "none"})
    schemdraw.use("matplotlib")
    with schemdraw.Drawing(show=False, unit=3, fontsize=9, lw=1.1) as drawing:
        sheet = Sheet(drawing)
        _polarity(sheet, 0, 0)
        _sink(sheet, 0, -17)
        _decoder(sheet, 22, 0)
        _watch(sheet, 22, -11)
        _rail(sheet, 0, -32)
        _trip(sheet, 22, -31)
        drawing.save(str(path), dpi=80)


def _polarity(s: Sheet, x: float, y: float) -> None:
    s.title("Polarity and electrodes", (x, y + 1.5))
    rail, sink = y, y - 9
    s.wire((x, rail), (x + 18.4, rail))
    s.net("RAIL", (x, rail), "left")
    s.wire((x, sink), (x + 18.4, sink))
    s.net("SINK", (x, sink), "left")
    for i, (name, at) in enumerate((("1", x + 3), ("2", x + 8.5))):
        # The throw to the rail above, the one to the sink below; drawn at rest, on the sink.
        up, down, pole = (at, y - 3), (at, y - 5), (at + 1.6, y - 4)
        s.wire((at, rail), up)
        s.wire(down, (at, sink))
        s.dot((at, rail), (at, sink))
        s.add(elm.Dot(open=True).at(up))
        s.add(elm.Dot(open=True).at(down))
        s.add(elm.Dot(open=True).at(pole))
        s.wire((pole[0] - 0.1, pole[1] - 0.05), (down[0] + 0.1, down[1] + 0.1))
        s.add(elm.Label().at((at - 0.2, y - 3.2)).label("B", fontsize=8, halign="right"))
        s.add(elm.Label().at((at - 0.2, y - 5.2)).label("A", fontsize=8, halign="right"))
        s.add(elm.Label().at((at + 0.5, y - 2.6)).label(f"U3 {'ab'[i]}\nIN{name}", fontsize=8, halign="left"))
        clamp = (pole[0] + 1.7, pole[1])
        s.two(elm.Resistor, f"R5{2 + int(name)}", pole, clamp, "top", f"SWITCH{name} GUARD{name}")
        end = clamp
        if name == "1":
            end = (clamp[0] + 1.7, clamp[1])
            s.two(elm.Resistor, "R33", clamp, end, "bottom", "GUARD1 WATCHED")
            for wire, at_x in (("W+", clamp[0] + 0.25), ("W-", end[0])):
                s.dot((at_x, pole[1]))
                s.wire((at_x, pole[1]), (at_x, pole[1] + 1))
                s.net(wire, (at_x, pole[1] + 1), "top")
        s.dot(clamp)
        s.net("WATCHED" if name == "1" else "GUARD2", end, "right")
        # Its lead, below the sheet: two resistors and the relay's contact.
        y0 = sink - 3 - 1.6 * i
        first, last = ("R51", "R57") if name == "1" else ("R52", "R58")
        s.net("WATCHED" if name == "1" else "GUARD2", (x, y0), "left")
        s.two(
            elm.Resistor, first, (x, y0), (x + 2.6, y0), "top", f"{'WATCHED' if name == '1' else 'GUARD2'} LEAD{name}A"
        )
        s.two(elm.Resistor, last, (x + 2.6, y0), (x + 5.2, y0), "top", f"LEAD{name}A LEAD{name}")
        s.add(elm.Switch().at((x + 5.2, y0)).to((x + 7.6, y0)).label("K1" if name == "1" else "", fontsize=8))
        s.net(f"electrode {name}", (x + 7.6, y0), "right")
        tvs = clamp
        s.add(elm.Diode().at((tvs[0], tvs[1] - 2.9)).to(tvs).label(f"D{name}", loc="bottom", fontsize=8))
        s.add(elm.Diode().at(tvs).to((tvs[0], rail)))
        s.dot((tvs[0], rail))
        s.ground((tvs[0], tvs[1] - 2.9))
    at = x + 16
    s.add(elm.Switch().at((at, rail)).to((at, rail - 2.6)).label("Q3\nTEST", loc="bottom", fontsize=8))
    s.two(elm.Resistor, "R10", (at, rail - 2.6), (at, rail - 5.6), "bottom", "SHORT1 SINK")
    s.wire((at, rail - 5.6), (at, sink))
    s.add(elm.Switch().at((x + 18.4, rail)).to((x + 18.4, rail - 2.6)).label("Q4\nrest", loc="bottom", fontsize=8))
    s.two(elm.Resistor, "R11", (x + 18.4, rail - 2.6), (x + 18.4, rail - 5.6), "bottom", "SINK REST1")
    s.wire((x + 18.4, rail - 5.6), (x + 18.4, sink))
    s.dot((at, sink), (at, rail))
    s.note("At rest both electrodes are on the sink node, and the set current flows through R11.", (x, sink - 1.2))
    for line, text in enumerate(
        (
            "The relay is closed by KEEP without VBUS,",
            "and opened by TEST_WATCH. Open, its other",
            "contacts join the leads through D7, 5.1 V.",
        )
    ):
        s.note(text, (x + 9.6, sink - 3.1 - 0.6 * line))


def _sink(s: Sheet, x: float, y: float) -> None:
    s.title("Current sink and sensing", (x, y + 1.5))
    pins = s.box("U1 MCP4821", (x + 1.5, y - 1), (2.6, 3.2), ["SCK", "SDI", "CS", "LDAC"], ["VOUT"])
    for pin, role in (("SCK", "DAC_SCK"), ("SDI", "DAC_MOSI"), ("CS", "DAC_CS"), ("LDAC", "LDAC")):
        s.net(role, pins[pin], "left", True)
    op = s.add(elm.Opamp(leads=False).right().at((x + 6.9, y - 3.1)).anchor("in2").flip().label("U2a", loc="center"))
    follower = (x + 5.4, op.in2[1])
    s.wire(pins["VOUT"], (follower[0], pins["VOUT"][1]), follower, op.in2)
    s.two(elm.Resistor, "R1", follower, (follower[0], y - 6.2), "bottom", "DAC GND")
    s.ground((follower[0], y - 6.2))
    s.dot(follower)
    joint = (op.out[0] + 0.5, op.out[1])
    s.wire(op.out, joint)
    s.dot(joint)
    gate = (joint[0] + 3.2, joint[1])
    s.two(elm.Resistor, "R2", joint, gate, "top", "OPOUT GATE")
    fet = s.add(
        elm.NFet().right().reverse().at((gate[0] + 0.5, gate[1])).anchor("gate").label("Q1", loc="right", fontsize=8)
    )
    s.wire(gate, fet.gate)
    top = (fet.drain[0], fet.drain[1] + 2.4)
    s.two(elm.Resistor, "R3", fet.drain, top, "bottom", "SINK DRAIN")
    s.net("SINK", top, "top")
    source = (fet.source[0], fet.source[1] - 1.0)
    s.wire(fet.source, source)
    s.two(elm.Resistor, "R4", source, (source[0], source[1] - 2.8), "bottom", "SRC GND")
    s.ground((source[0], source[1] - 2.8))
    s.dot(source)
    # Feedback: R5 from Rset's top to the - input, C1 from the output to it.
    low = (op.in1[0] - 0.5, op.in1[1])
    s.wire(op.in1, low, (low[0], source[1]))
    s.two(elm.Resistor, "R5", (joint[0] + 2.8, source[1]), (joint[0] + 0.2, source[1]), "bottom", "SRC FB")
    s.wire(source, (joint[0] + 2.8, source[1]))
    s.wire((joint[0] + 0.2, source[1]), (low[0], source[1]))
    s.two(elm.Resistor, "R15", (low[0], source[1]), (low[0], source[1] - 2.6), "bottom", "REF FB")
    s.net("2.5 V", (low[0], source[1] - 2.6), "bottom")
    s.dot((low[0], source[1]))
    s.two(elm.Capacitor, "C1", joint, (joint[0], source[1]), "bottom", "OPOUT FB")
    s.dot((joint[0], source[1]))
    # Sense, and what the trip compares.
    right = (source[0] + 1.2, source[1])
    s.wire(source, right)
    s.two(elm.Resistor, "R6", right, (right[0] + 2.6, right[1]), "bottom", "SRC CURRENT_SENSE")
    s.two(
        elm.Capacitor, "C2", (right[0] + 2.6, right[1]), (right[0] + 2.6, right[1] - 2.2), "bottom", "CURRENT_SENSE GND"
    )
    s.ground((right[0] + 2.6, right[1] - 2.2))
    s.dot((right[0] + 2.6, right[1]), right)
    s.wire((right[0] + 2.6, right[1]), (right[0] + 2.6, right[1] + 0.9))
    s.net("CURRENT_SENSE", (right[0] + 2.6, right[1] + 0.9), "right", True)
    s.wire(right, (right[0], right[1] + 0.9))
    s.net("SRC, TP_RSET", (right[0], right[1] + 0.9), "top")
    for i, (node, refs, role, tap) in enumerate(
        (
            ("SINK", ("R7", "R8"), "SINK_SENSE (U2b follows)", "SINK_DIV"),
            ("RAIL", ("R9", "R9b"), "RAIL_SENSE", "RAIL_SENSE"),
        )
    ):
        at, level = x + 1.5 + 10 * i, y - 10
        s.net(node, (at, level), "left")
        s.two(elm.Resistor, refs[0], (at, level), (at + 2.6, level), "top", f"{node} {tap}")
        s.two(elm.Resistor, refs[1], (at + 2.6, level), (at + 2.6, level - 2.4), "bottom", f"{tap} GND")
        s.ground((at + 2.6, level - 2.4))
        s.dot((at + 2.6, level))
        s.wire((at + 2.6, level), (at + 3.4, level))
        s.net(role, (at + 3.4, level), "right", True)


def _decoder(s: Sheet, x: float, y: float) -> None:
    s.title("Decoder", (x, y + 1.5))
    second = s.box("U4, second half", (x + 2, y - 5.6), (3.4, 2.2), ["A0", "A1", "EN"], ["Y1", "Y3"])
    for pin, net in (("A0", "Y0"), ("A1", "Y3")):
        s.net(net, second[pin], "left")
    s.net("LDAC", second["EN"], "left", True)
    for pin, net, text in (
        ("Y1", "TEST_TRIP", "low: both lines, and LDAC low"),
        ("Y3", "TEST_WATCH", "low: one line, and LDAC low"),
    ):
        s.net(net, second[pin], "right")
        s.note(text, (second[pin][0] + 3.2, second[pin][1] - 0.12))
    pins = s.box("U4 74HC139, first half", (x + 2, y - 0.6), (3.4, 4), ["A0", "A1", "EN"], ["Y0", "Y1", "Y2", "Y3"])
    for pin, role in (("A0", "EL_A"), ("A1", "EL_B")):
        s.net(role, pins[pin], "left", True)
    s.net("TRIP", pins["EN"], "left")
    for pin, net, text in (
        ("Y0", "REST", "low: rest (Q15 turns Q4 on)"),
        ("Y1", "IN1", "low: electrode 1 to the rail (U15)"),
        ("Y2", "IN2", "low: electrode 2 to the rail (U15)"),
        ("Y3", "TEST", "low: self-test (Q14 turns Q3 on)"),
    ):
        end = pins[pin]
        s.net(net, end, "right")
        s.note(text, (end[0] + 1.7, end[1] - 0.12))


def _watch(s: Sheet, x: float, y: float) -> None:
    s.title("Electrode watch", (x, y + 1.5))
    ina = s.add(elm.Opamp(leads=False).right().at((x + 1.4, y - 0.8)).anchor("in2").flip().label("U6", loc="center"))
    s.wire(ina.in2, (x + 0.4, ina.in2[1]))
    s.net("W+", (x + 0.4, ina.in2[1]), "left")
    s.wire(ina.in1, (x + 0.4, ina.in1[1]))
    s.net("W-", (x + 0.4, ina.in1[1]), "left")
    s.note("INA190A2, 50 times,\naround 1.25 V: 1.65 mV/uA", (x, y - 3.6))
    out = (ina.out[0] + 0.6, ina.out[1])
    s.wire(ina.out, out)
    s.dot(out)
    # Fast.
    fast = (out[0] + 3.2, out[1] + 0.9)
    s.wire(out, (out[0], fast[1]))
    s.two(elm.Resistor, "R34", (out[0], fast[1]), fast, "top", "INA WFAST")
    s.two(elm.Capacitor, "C34", fast, (fast[0], fast[1] - 1.7), "bottom", "WFAST GND")
    s.ground((fast[0], fast[1] - 1.7))
    s.dot(fast)
    pins = s.box("U8 TLV9024", (fast[0] + 3.4, fast[1] + 1.0), (2.8, 2.0), ["±575 uA"], ["TRIP_N"])
    s.wire(fast, (pins["±575 uA"][0], fast[1]), pins["±575 uA"])
    s.net("TRIP_N", pins["TRIP_N"], "right")
    # Slow.
    at = (out[0], out[1] - 7.4)
    s.wire(out, at)
    s.two(elm.Resistor, "R35", at, (at[0] + 2.4, at[1]), "bottom", "INA WSUM")
    amp = s.add(elm.Opamp(leads=False).right().at((at[0] + 3.2, at[1])).anchor("in1").label("U7a", loc="center"))
    s.wire((at[0] + 2.4, at[1]), amp.in1)
    s.wire(amp.in2, (amp.in2[0] - 0.3, amp.in2[1]))
    s.net("1.25 V", (amp.in2[0] - 0.3, amp.in2[1]), "bottom")
    over = at[1] + 1.1
    s.dot((at[0] + 2.4, at[1]), (amp.out[0] + 0.4, amp.out[1]))
    s.wire((at[0] + 2.4, at[1]), (at[0] + 2.4, over + 1.9))
    s.wire(amp.out, (amp.out[0] + 0.4, amp.out[1]), (amp.out[0] + 0.4, over + 1.9))
    s.two(elm.Capacitor, "C35", (at[0] + 2.4, over), (amp.out[0] + 0.4, over), "top", "WSUM WDC")
    s.two(elm.Resistor, "R36", (at[0] + 2.4, over + 1.9), (amp.out[0] + 0.4, over + 1.9), "top", "WSUM WDC")
    s.dot((at[0] + 2.4, over), (amp.out[0] + 0.4, over))
    pins = s.box("U8 TLV9024", (amp.out[0] + 2.2, amp.out[1] + 1.0), (2.8, 2.0), ["±0.149 V"], ["TRIP_N"])
    s.wire((amp.out[0] + 0.4, amp.out[1]), (pins["±0.149 V"][0], amp.out[1]), pins["±0.149 V"])
    s.net("TRIP_N", pins["TRIP_N"], "right")
    left, right = at[0] + 2.4, amp.out[0] + 0.4
    s.two(elm.Resistor, "R46", (right, over + 3.3), (right - 2.4, over + 3.3), "top", "WDC WSUM_RESET")
    s.add(
        elm.Switch().at((right - 2.4, over + 3.3)).to((left, over + 3.3)).label("Q18 TEST_TRIP", loc="top", fontsize=8)
    )
    s.wire((left, over + 1.9), (left, over + 3.3))
    s.wire((right, over + 1.9), (right, over + 3.3))
    s.dot((left, over + 1.9), (right, over + 1.9))
    s.note("62 uC in one direction,\nor 9 uA for ever", (amp.out[0] + 1.6, amp.out[1] - 2.2))
    # The chain of thresholds.
    base = y - 13.8
    chain = ("REF", "W_HIGH", "W_TOP", "W_DC_HIGH", "W_CHAIN", "W_DC_LOW", "W_BOTTOM", "W_LOW", "GND")
    names = ("R37a", "R37b", "R37c", "R37d", "R37e", "R37f", "R37g", "R37h")
    taps = ("2.20 V: +575 uA", "", "1.40 V: DC", "1.25 V (U7b)", "1.10 V: DC", "", "0.30 V: -575 uA")
    for i, ref in enumerate(names):
        a = (x + 0.6 + 2.3 * i, base)
        s.two(elm.Resistor, ref, a, (a[0] + 2.3, base), "top", f"{chain[i]} {chain[i + 1]}")
        if i:
            s.dot(a)
        if i and taps[i - 1]:
            s.wire(a, (a[0], base - 0.5))
            s.add(elm.Label().at((a[0], base - 0.95)).label(taps[i - 1], fontsize=7))
    s.net("2.5 V", (x + 0.6, base), "left")
    s.ground((x + 0.6 + 2.3 * 8, base))
    # In the test the four in the middle have one beside them.
    top, bottom, beside = x + 0.6 + 2.3 * 2, x + 0.6 + 2.3 * 6, base - 2
    s.wire((top, base), (top, beside))
    s.two(elm.Resistor, "R45", (top, beside), (top + 2.6, beside), "bottom", "W_TOP W_NEAR")
    s.add(elm.Switch().at((top + 2.6, beside)).to((top + 5, beside)).label("Q17 TEST_WATCH", loc="bottom", fontsize=8))
    s.wire((top + 5, beside), (bottom, beside), (bottom, base))


def _rail(s: Sheet, x: float, y: float) -> None:
    s.title("Rail and keep-alive", (x, y + 1.5))
    s.net("STAGE_ALIVE", (x + 1.5, y - 1), "left", True)
    s.two(elm.Capacitor, "C5", (x + 1.5, y - 1), (x + 3.7, y - 1), "top", "STAGE_ALIVE PUMP0")
    s.add(elm.Schottky().at((x + 3.7, y - 3.2)).to((x + 3.7, y - 1)))
    s.ground((x + 3.7, y - 3.2))
    s.add(elm.Schottky().at((x + 3.7, y - 1)).to((x + 5.9, y - 1)).label("D3", loc="top", fontsize=8))
    s.two(elm.Capacitor, "C6", (x + 5.9, y - 1), (x + 5.9, y - 3.6), "bottom", "PUMP GND")
    s.ground((x + 5.9, y - 3.6))
    s.wire((x + 5.9, y - 1), (x + 7.7, y - 1))
    s.two(elm.Resistor, "R12", (x + 7.7, y - 1), (x + 7.7, y - 3.6), "bottom", "PUMP GND")
    s.ground((x + 7.7, y - 3.6))
    s.dot((x + 3.7, y - 1), (x + 5.9, y - 1), (x + 7.7, y - 1))
    pins = s.box("U11b > 1.1 V", (x + 9.2, y - 0.2), (1.8, 1.6), ["A"], ["KEEP"])
    s.wire((x + 7.7, y - 1), pins["A"])
    s.net("KEEP", pins["KEEP"], "right")
    pins = s.box("U10 boost 24 V", (x + 2.5, y - 5.4), (3.2, 2.6), ["Q8", "EN"], ["OUT"])
    s.net("VSYS", pins["Q8"], "left")
    s.net("BOOST_EN: KEEP, no TRIP (U14)", pins["EN"], "left")
    out = pins["OUT"]
    s.wire(out, (x + 13.5, out[1]))
    s.net("RAIL", (x + 13.5, out[1]), "right")
    s.two(elm.Capacitor, "C7", (x + 8, out[1]), (x + 8, out[1] - 2.4), "bottom", "RAIL GND")
    s.ground((x + 8, out[1] - 2.4))
    s.two(elm.Resistor, "R13", (x + 10.5, out[1]), (x + 10.5, out[1] - 2.4), "bottom", "RAIL BLEEDER")
    s.add(
        elm.Switch()
        .at((x + 10.5, out[1] - 2.4))
        .to((x + 10.5, out[1] - 4.2))
        .label("Q2\noff", loc="bottom", fontsize=8)
    )
    s.ground((x + 10.5, out[1] - 4.2))
    s.dot((x + 8, out[1]), (x + 10.5, out[1]))


def _trip(s: Sheet, x: float, y: float) -> None:
    s.title("Trip and latch", (x, y + 1.5))
    s.net("SRC", (x + 0.4, y - 0.6), "left")
    s.two(elm.Resistor, "R14", (x + 0.4, y - 0.6), (x + 3, y - 0.6), "top", "SRC TRIP_IN")
    s.two(elm.Capacitor, "C8", (x + 3, y - 0.6), (x + 3, y - 2.6), "bottom", "TRIP_IN GND")
    s.ground((x + 3, y - 2.6))
    s.dot((x + 3, y - 0.6))
    comparator = s.add(elm.Opamp(leads=False).right().at((x + 6, y - 0.6)).anchor("in1").label("U11", loc="center"))
    s.wire((x + 3, y - 0.6), comparator.in1)
    s.wire(comparator.in2, (comparator.in2[0] - 0.4, comparator.in2[1]))
    s.net("2.412 V", (comparator.in2[0] - 0.4, comparator.in2[1]), "bottom")
    s.note("600 uA in R4; in its test, by R47 and D8, 301", (x + 6, y + 0.5))
    s.net("TRIP_N", (comparator.out[0] + 0.5, comparator.out[1]), "top")
    s.wire(comparator.out, (comparator.out[0] + 0.5, comparator.out[1]))
    pins = s.box("U12 74LVC1G74", (x + 12, y - 0.4), (2.8, 2.8), ["PRE", "CLR"], ["Q", "/Q"])
    s.wire((comparator.out[0] + 0.5, comparator.out[1]), (pins["PRE"][0], comparator.out[1]), pins["PRE"])
    s.net("KEEP", pins["CLR"], "left")
    s.net("TRIP", pins["Q"], "right")
    s.net("STAGE_FAULT_N", pins["/Q"], "right", True)
    s.note("TRIP: decoder off, gate of Q1 to ground, boost off. KEEP low clears it.", (x, y - 4.6))
    s.note(
        "TRIP_N is one wire: open-drain outputs and a pull-up. U13, 2.5 V, is the reference of all thresholds.",
        (x, y - 5.3),
    )


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE)
