"""Every kind of part as a table of pins: number, name, what it does electrically, and what it bears at most.

The numbers are those of the makers' datasheets for the package named, written down by hand. Most are held against
KiCad's library by tests/unit/test_pin_numbers.py; UNHELD names those that are held against nothing. Whoever draws a
layout checks all once more with the datasheet of the part that is ordered. A limit that ends in `v` is relative to the
part's own supply.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Electrical types: i input, o output, oc open collector or drain, p passive, s supply taken, S supply given, g ground,
# b both ways, n not connected inside.
UNHELD = (
    "ADG436",
    "MCP73833",
    "DW01A",
    "FS8205A",
    "TLV3202",
    "BAT54C",
    "BAT54S",
    "BAV199",
    "NFET 30 V",
    "relay 2 changeover",
    "cell header",
    "Raspberry Pi Pico",
)
CLAMP_MA = 2.0  # into an input's clamp when nothing says more


@dataclass(frozen=True)
class Pin:
    """low, high: V against GND, or against the supply (`rel`): the supply's own value is added to `high`."""

    number: str
    name: str
    kind: str
    low: float | None = None
    high: float | None = None
    rel: bool = False
    clamp_ma: float = CLAMP_MA


@dataclass(frozen=True)
class Symbol:
    """supply: name of the pin whose net feeds it. passes: pairs of pins between which a voltage gets through, in both
    directions; rises: from the first to the second only upward (a diode). pairs: (pin, pin, V): the most that the first
    may be above the second."""

    name: str
    prefix: str
    pins: tuple[Pin, ...]
    supply: str = ""
    passes: tuple[tuple[str, str], ...] = ()
    rises: tuple[tuple[str, str], ...] = ()
    pairs: tuple[tuple[str, str, float], ...] = ()
    polar: bool = field(default=False)

    def pin(self, name: str) -> Pin:
        """A pin by its name. KeyError."""
        for pin in self.pins:
            if pin.name == name:
                return pin
        raise KeyError(f"{self.name} has no pin {name}")


def _pin(text: str, number: str) -> Pin:
    """`name:kind[:low:high[v][:mA]]`."""
    name, kind, *limits = text.split(":")
    if not limits:
        return Pin(number, name, kind)
    low, high, *clamp = limits
    return Pin(
        number,
        name,
        kind,
        float(low),
        float(high.rstrip("v")),
        high.endswith("v"),
        float(clamp[0]) if clamp else CLAMP_MA,
    )


SYMBOLS: dict[str, Symbol] = {}


def _add(name: str, prefix: str, pins: str, supply: str = "", **more: tuple[tuple, ...] | bool) -> None:  # type: ignore[type-arg]
    numbered = []
    for i, text in enumerate(pins.split()):
        number, _, rest = text.rpartition("=")
        numbered.append(_pin(rest, number or str(i + 1)))
    SYMBOLS[name] = Symbol(name, prefix, tuple(numbered), supply, **more)  # type: ignore[arg-type]


# Two ends.
_add("resistor", "R", "A:p B:p", passes=(("A", "B"),))
_add("thermistor fuse", "F", "A:p B:p", passes=(("A", "B"),))
_add("inductor", "L", "A:p B:p", passes=(("A", "B"),))
_add("capacitor", "C", "A:p B:p")
_add("button", "SW", "A:p B:p")
_add("buzzer", "BZ", "A:p B:p")
_add("header 2", "J", "A:p B:p")
_add("pad", "J", "A:p")
_add("test point", "TP", "A:p")
# Diodes: K then A where the package numbers its cathode 1.
_add("diode", "D", "K:p A:p", rises=(("A", "K"),), pairs=(("K", "A", 60.0),), polar=True)
_add("schottky 40 V", "D", "K:p A:p", rises=(("A", "K"),), pairs=(("K", "A", 40.0),), polar=True)
_add("LED", "D", "K:p A:p", rises=(("A", "K"),), polar=True)
_add("TVS 30 V", "D", "K:p A:p", rises=(("A", "K"),), polar=True)
_add("zener 27 V", "D", "A:p NC:n K:p", rises=(("A", "K"),), polar=True)
_add("zener 5 V", "D", "A:p NC:n K:p", rises=(("A", "K"),), polar=True)
_add("BAT54", "D", "A:p NC:n K:p", rises=(("A", "K"),), pairs=(("K", "A", 30.0),), polar=True)
_add("BAT54C", "D", "A1:p A2:p K:p", rises=(("A1", "K"), ("A2", "K")), pairs=(("K", "A1", 30.0), ("K", "A2", 30.0)))
_add("BAT54S", "D", "A:p K:p M:p", rises=(("A", "M"), ("M", "K")), pairs=(("K", "M", 30.0), ("M", "A", 30.0)))
_add("BAV199", "D", "A:p K:p M:p", rises=(("A", "M"), ("M", "K")), pairs=(("K", "M", 75.0), ("M", "A", 75.0)))
# Transistors.
_add("NFET 30 V", "Q", "G:p S:p D:p", passes=(("D", "S"),), pairs=(("D", "S", 30.0), ("G", "S", 8.0)))
_add("NFET 50 V", "Q", "G:p S:p D:p", passes=(("D", "S"),), pairs=(("D", "S", 50.0), ("G", "S", 20.0)))
_add("PFET 30 V", "Q", "G:p S:p D:p", passes=(("D", "S"),), pairs=(("S", "D", 30.0), ("S", "G", 12.0)))
_add("PFET 50 V", "Q", "G:p S:p D:p", passes=(("D", "S"),), pairs=(("S", "D", 50.0), ("S", "G", 20.0)))
_add("NFET 60 V TO-92", "Q", "S:p G:p D:p", passes=(("D", "S"),), pairs=(("D", "S", 60.0), ("G", "S", 20.0)))
_add("NPN", "Q", "B:p E:p C:p", passes=(("C", "E"),), pairs=(("C", "E", 45.0),))
_add(
    "FS8205A",
    "Q",
    "S1:p D:p S2:p G2:p 5=D2:p G1:p",
    passes=(("S1", "D"), ("S2", "D"), ("D", "D2")),
    pairs=(("G1", "S1", 12.0), ("G2", "S2", 12.0)),
)
# Chips.
_add(
    "MCP4821",
    "U",
    "VDD:s:-0.3:6.5 CS:i:-0.3:0.3v SCK:i:-0.3:0.3v SDI:i:-0.3:0.3v LDAC:i:-0.3:0.3v SHDN:i:-0.3:0.3v VSS:g VOUT:o",
    "VDD",
)
_OPAMPS = "OUTA:o INA-:i:-1:1v INA+:i:-1:1v VSS:g INB+:i:-1:1v INB-:i:-1:1v OUTB:o"
_add("MCP6022", "U", _OPAMPS + " VDD:s:-0.3:7", "VDD")
_add("OPA2333", "U", _OPAMPS.replace("-1:1v", "-0.3:0.3v:10") + " VDD:s:-0.3:7", "VDD")
_add("TLV3202", "U", _OPAMPS.replace("-1:1v", "-0.3:0.3v:10") + " VDD:s:-0.3:7", "VDD")
_add(
    "TLV9024",
    "U",
    "OUT2:oc OUT1:oc VDD:s:-0.3:6 IN1-:i:-0.3:6 IN1+:i:-0.3:6 IN2-:i:-0.3:6 IN2+:i:-0.3:6 IN3-:i:-0.3:6 IN3+:i:-0.3:6 "
    "IN4-:i:-0.3:6 IN4+:i:-0.3:6 GND:g OUT4:oc OUT3:oc",
    "VDD",
)
_add("INA190", "U", "REF:i:-0.3:0.3v GND:g VS:s:-0.3:6 IN+:i:-0.3:42 IN-:i:-0.3:42 OUT:o", "VS")
_add(
    "ADG436",
    "U",
    "IN1:i:-2:2v:30 S1A:b:-2:2v:30 D1:b:-2:2v:30 S1B:b:-2:2v:30 VSS:g GND:g NC7:n NC8:n IN2:i:-2:2v:30 S2A:b:-2:2v:30 "
    "D2:b:-2:2v:30 S2B:b:-2:2v:30 VDD:s:-0.3:44 NC14:n NC15:n NC16:n",
    "VDD",
    passes=(("S1A", "D1"), ("S1B", "D1"), ("S2A", "D2"), ("S2B", "D2")),
)
_HC = ":i:-0.5:0.5v:20"
_add(
    "74HC139",
    "U",
    f"1E{_HC} 1A0{_HC} 1A1{_HC} 1Y0:o 1Y1:o 1Y2:o 1Y3:o GND:g 2Y3:o 2Y2:o 2Y1:o 2Y0:o 2A1{_HC} 2A0{_HC} 2E{_HC} "
    "VCC:s:-0.5:7",
    "VCC",
)
_add(
    "74HC4053",
    "U",
    f"Y1:p:-0.5:0.5v:20 Y0:p:-0.5:0.5v:20 Z1:p Z:p Z0:p INH{_HC} VEE:g GND:g C{_HC} B{_HC} A{_HC} X0:p:-0.5:0.5v:20 "
    "X1:p:-0.5:0.5v:20 X:p:-0.5:0.5v:20 Y:p:-0.5:0.5v:20 VCC:s:-0.5:7",
    "VCC",
    passes=(("X0", "X"), ("X1", "X"), ("Y0", "Y"), ("Y1", "Y")),
)
_LVC = ":i:-0.5:6.5"  # these bear 5 V unpowered
_add("74LVC2G04", "U", f"1A{_LVC} GND:g 2A{_LVC} 2Y:o VCC:s:-0.5:6.5 1Y:o", "VCC")
_add("74LVC2G08", "U", f"1A{_LVC} 1B{_LVC} 2Y:o GND:g 2A{_LVC} 2B{_LVC} 1Y:o VCC:s:-0.5:6.5", "VCC")
_add("74LVC1G08", "U", f"A{_LVC} B{_LVC} GND:g Y:o VCC:s:-0.5:6.5", "VCC")
_add("74LVC1G74", "U", f"CLK{_LVC} D{_LVC} Q_N:o GND:g Q:o CLR{_LVC} PRE{_LVC} VCC:s:-0.5:6.5", "VCC")
_add("LM4040", "U", "K:p A:p NC:n", polar=True)
_add("TPS61040", "U", "SW:p:-0.3:30 GND:g FB:i:-0.3:0.3v EN:i:-0.3:0.3v VIN:s:-0.3:7", "VIN")
_add(
    "MCP73833",
    "U",
    "VDD:s:-0.3:7 VDD2:s:-0.3:7 STAT1:oc STAT2:oc VSS:g PROG:i:-0.3:0.3v PG:oc THERM:i:-0.3:6 "
    "VBAT:S:-0.3:7 VBAT2:p:-0.3:7",
    "VDD",
)
_add("DW01A", "U", "OD:o CS:p OC:o TD:n VCC:s:-0.3:10 GND:g", "VCC")
# The relay: NO is closed while the coil is driven.
_add(
    "relay 2 changeover",
    "K",
    "COIL+:p NC1:p COM1:p NO1:p NO2:p COM2:p NC2:p COIL-:p",
    passes=(("COM1", "NO1"), ("COM2", "NO2")),
    pairs=(("COIL+", "COIL-", 4.5),),
)
_add("cell header", "J", "CELL+:p NTC:p CELL-:p")

_GPIO = ":b:-0.5:0.5v"
_PICO = (
    "GP0 GP1 GND GP2 GP3 GP4 GP5 GND GP6 GP7 GP8 GP9 GND GP10 GP11 GP12 GP13 GND GP14 GP15 "
    "GP16 GP17 GND GP18 GP19 GP20 GP21 GND GP22 RUN GP26 GP27 GND GP28 ADC_VREF 3V3 3V3_EN GND VSYS VBUS"
)


def _pico() -> str:
    kinds = {
        "GND": ":g",
        "RUN": ":i",
        "ADC_VREF": ":p",
        "3V3": ":S",
        "3V3_EN": ":i",
        "VSYS": ":s:-0.3:5.6",
        "VBUS": ":S",
    }
    grounds = 0
    words = []
    for name in _PICO.split():
        kind = kinds.get(name, _GPIO)
        if name == "GND":
            grounds += 1
            name = f"GND{grounds}"
        words.append(name + kind)
    return " ".join(words)


# Its GPIO are held against its own 3V3.
_add("Raspberry Pi Pico", "A", _pico(), "3V3")
