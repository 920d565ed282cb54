"""What to order: kinds of parts with package, maker's number, a second source of the same pads, and their ratings.

Makers' numbers of resistors and capacitors are made from their series' rules. None has been held against a maker's list
or a shop: whoever orders checks them, the second sources above all. Least sure are: RB168MM-60TR, whose package is
flatter than SOD-123; UD2-3NU, whose pads have to be those of the G6K-2F; and the yageo MELF, which is a description.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """symbol: of symbols.py. volts: what a capacitor bears. watts: what a resistor bears for ever. maker, second:
    makers' numbers, or for what has a value the name of the rule that makes them."""

    symbol: str
    package: str
    maker: str
    second: str
    tolerance: str = ""
    value: str = ""
    volts: float = 0.0
    watts: float = 0.0


KINDS: dict[str, Kind] = {
    "R 1 %": Kind("resistor", "R0805", "yageo 1", "vishay 1", "1 %", watts=0.125),
    "R 0.1 %": Kind("resistor", "R0805", "panasonic 0.1", "susumu 0.1", "0.1 %, 25 ppm", watts=0.1),
    "R 5 %": Kind("resistor", "R0805", "yageo 5", "vishay 5", "5 %", watts=0.125),
    "R pulse": Kind("resistor", "R1206", "vishay hp", "panasonic p", "5 %", watts=0.5),
    "R MELF": Kind("resistor", "MELF0207", "vishay melf", "yageo melf", "1 %", watts=1.0),
    "C C0G 50 V": Kind("capacitor", "C0805", "kemet c0g", "yageo c0g", "5 %", volts=50),
    "C X7R 50 V": Kind("capacitor", "C0805", "kemet x7r", "yageo x7r", "10 %", volts=50),
    "C X7R 50 V 1206": Kind("capacitor", "C1206", "kemet x7r 1206", "yageo x7r 1206", "10 %", volts=50),
    "C X5R 16 V": Kind("capacitor", "C1206", "kemet x5r 1206", "yageo x5r 1206", "10 %", volts=16),
    "C film 63 V": Kind("capacitor", "FILM5", "wima mks2", "tdk film", "5 %", volts=63),
    "L": Kind("inductor", "L1210", "LQH32CN100K33L", "NLCV32T-100K-PFR", "10 %"),
    "fuse": Kind("thermistor fuse", "R1206", "1206L050YR", "MF-NSMF050-2", value="0.5 A hold"),
    "LED": Kind("LED", "LED0805", "LTST-C170KGKT", "150080GS75000", value="green"),
    "LED amber": Kind("LED", "LED0805", "LTST-C170KAKT", "150080AS75000", value="amber"),
    "1N4148W": Kind("diode", "SOD-123", "1N4148W-7-F", "1N4148W-TP", value="1N4148W"),
    "MBR0540": Kind("schottky 40 V", "SOD-123", "MBR0540T1G", "B0540W-7-F", value="MBR0540"),
    "PMEG6010ELR": Kind("diode", "SOD-123", "PMEG6010ELRX", "RB168MM-60TR", value="PMEG6010ELR"),
    "SMAJ30A": Kind("TVS 30 V", "SMA", "SMAJ30A-13-F", "SMAJ30A", value="SMAJ30A"),
    "zener 27 V 2 %": Kind("zener 27 V", "SOT-23", "BZX84-B27,215", "BZX84B27LT1G", "2 %", value="27 V"),
    "zener 5.1 V 2 %": Kind("zener 5 V", "SOT-23", "BZX84-B5V1,215", "BZX84B5V1LT1G", "2 %", value="5.1 V"),
    "BAT54": Kind("BAT54", "SOT-23", "BAT54,215", "BAT54LT1G", value="BAT54"),
    "BAT54C": Kind("BAT54C", "SOT-23", "BAT54C,215", "BAT54CLT1G", value="BAT54C"),
    "BAT54S": Kind("BAT54S", "SOT-23", "BAT54S,215", "BAT54SLT1G", value="BAT54S"),
    "BAV199": Kind("BAV199", "SOT-23", "BAV199,215", "BAV199LT1G", value="BAV199"),
    "NX3008NBK": Kind("NFET 30 V", "SOT-23", "NX3008NBK,215", "DMN3731U-7", "Vgs(th) 0.6..1.1 V", value="NX3008NBK"),
    "BSS138": Kind("NFET 50 V", "SOT-23", "BSS138LT1G", "BSS138-7-F", value="BSS138"),
    "AO3401A": Kind("PFET 30 V", "SOT-23", "AO3401A", "DMP3099L-7", value="AO3401A"),
    "BSS84": Kind("PFET 50 V", "SOT-23", "BSS84,215", "BSS84-7-F", value="BSS84"),
    "BC847": Kind("NPN", "SOT-23", "BC847B,215", "BC847BLT1G", value="BC847B"),
    "FS8205A": Kind("FS8205A", "SOT-23-6", "FS8205A", "8205S", value="FS8205A"),
    "MCP4821": Kind("MCP4821", "SOIC-8", "MCP4821-E/SN", "none: the firmware knows its words", value="MCP4821"),
    "MCP6022": Kind("MCP6022", "SOIC-8", "MCP6022-I/SN", "OPA2350UA", value="MCP6022"),
    "OPA2333": Kind("OPA2333", "SOIC-8", "OPA2333AIDR", "MCP6V27-E/SN", value="OPA2333"),
    "TLV3202": Kind("TLV3202", "SOIC-8", "TLV3202AIDR", "LMV7235 has no dual; MAX942ESA+", value="TLV3202"),
    "TLV9024": Kind("TLV9024", "TSSOP-14", "TLV9024PWR", "TLV1704AIPWR", value="TLV9024"),
    "INA190A2": Kind("INA190", "SC-70-6", "INA190A2IDCKR", "INA190A2QDCKRQ1", "0.3 %, 15 uV", value="INA190A2"),
    "ADG436": Kind("ADG436", "SOIC-16", "ADG436BRZ", "DG436DY-T1-E3", "12 Ohm, 25 Ohm at most", value="ADG436"),
    "74HC139": Kind("74HC139", "SOIC-16", "SN74HC139DR", "74HC139D,653", value="74HC139"),
    "74LVC2G04": Kind("74LVC2G04", "SOT-23-6", "SN74LVC2G04DBVR", "74LVC2G04GV,125", value="74LVC2G04"),
    "74LVC2G08": Kind("74LVC2G08", "VSSOP-8", "SN74LVC2G08DCUR", "74LVC2G08DC,125", value="74LVC2G08"),
    "74LVC1G08": Kind("74LVC1G08", "SOT-23-5", "SN74LVC1G08DBVR", "74LVC1G08GV,125", value="74LVC1G08"),
    "74LVC1G74": Kind("74LVC1G74", "VSSOP-8", "SN74LVC1G74DCUR", "74LVC1G74DC,125", value="74LVC1G74"),
    "LM4040-2.5": Kind("LM4040", "SOT-23", "LM4040D25IDBZR", "LM4040DIM3-2.5/NOPB", "1 %", value="2.5 V"),
    "TPS61040": Kind("TPS61040", "SOT-23-5", "TPS61040DBVR", "TPS61041DBVR", value="TPS61040"),
    "MCP73833": Kind("MCP73833", "MSOP-10", "MCP73833-AMI/UN", "MCP73833T-AMI/UN", value="MCP73833"),
    "DW01A": Kind("DW01A", "SOT-23-6", "DW01A", "DW01-P", value="DW01A"),
    "G6K-2F": Kind("relay 2 changeover", "RELAY G6K", "G6K-2F-Y DC3", "UD2-3NU", value="3 V, 91 Ohm"),
    "Pico": Kind("Raspberry Pi Pico", "PICO", "SC0915", "SC0917 (with headers)", value="RP2040"),
    "button": Kind("button", "BUTTON6", "1825910-6", "PTS645SM43-2 LFS", value="6 mm"),
    "beeper": Kind("buzzer", "BUZZER", "CMT-8504-100-SMT-TR", "PKLCS1212E4001-R1", value="3 V, 2..4 kHz"),
    "motor": Kind("header 2", "HEADER2", "B2B-PH-K-S", "S2B-PH-K-S", value="3 V ERM, 80 mA"),
    "cell": Kind("cell header", "JST-PH-3", "B3B-PH-K-S", "S3B-PH-K-S", value="Li-ion 500 mAh, NTC 10 kOhm"),
    "electrode": Kind("pad", "PTH1", "sphere 18 mm, stainless steel", "sphere 18 mm, chromed brass", value="250 mm2"),
    # With legs, for a breadboard.
    "R leaded 1 %": Kind("resistor", "R AXIAL", "yageo leaded", "vishay leaded", "1 %", watts=0.25),
    "C leaded": Kind("capacitor", "C RADIAL", "K104K15X7RF53H5", "C320C104K5R5TA", "10 %", volts=50),
    "LED 3 mm": Kind("LED", "LED 3 MM", "any, 2 V", "any", value="red"),
    "2N7000": Kind("NFET 60 V TO-92", "TO-92", "2N7000", "2N7000TA", "Vgs(th) 0.8..3 V", value="2N7000"),
    "MCP4821 DIP": Kind("MCP4821", "DIP-8", "MCP4821-E/P", "none: the firmware knows its words", value="MCP4821"),
    "MCP6002": Kind("MCP6022", "DIP-8", "MCP6002-I/P", "MCP6022-I/P", value="MCP6002"),
    "74HC4053": Kind("74HC4053", "DIP-16", "CD74HC4053E", "SN74HC4053N", value="74HC4053"),
    "piezo": Kind("buzzer", "PIEZO", "PKM13EPYH4000-A0", "PS1240P02BT", value="without a circuit of its own"),
    "jumper": Kind("header 2", "JUMPER", "any wire", "any", value="open"),
    "Pico with headers": Kind(
        "Raspberry Pi Pico", "PICO", "SC0917", "SC0915 and two strips of 20 pins", value="RP2040"
    ),
    "test point": Kind("test point", "TP", "none: a pad", "none: a pad"),
}


def kind_of(name: str) -> Kind | None:
    """A kind by its name, None when the catalogue has none."""
    return KINDS.get(name)


def _digits(ohm: float, letters: str = "RKM") -> str:
    """4.02 kOhm as 4K02, 100 Ohm as 100R."""
    for size, letter in ((1e6, letters[2]), (1e3, letters[1]), (1.0, letters[0])):
        if ohm >= size * 0.999999:
            text = f"{ohm / size:.4g}"
            return text.replace(".", letter) if "." in text else text + letter
    raise ValueError(ohm)


def _four(ohm: float) -> str:
    """4.02 kOhm as 4021: three digits and a power of ten."""
    text = f"{ohm:.2e}"
    mantissa, power = text.split("e")
    digits = mantissa.replace(".", "")
    exponent = int(power) - 2
    return digits + str(exponent) if exponent >= 0 else _digits(ohm)


def _three(value: float, unit: float) -> str:
    """100 nF as 104: two digits of picofarads and a power of ten."""
    text = f"{value / unit:.1e}"
    mantissa, power = text.split("e")
    return mantissa.replace(".", "") + str(int(power) - 1)


def numbers(kind: Kind, size: float | None) -> tuple[str, str]:
    """(maker's number, second source) of a part of that value in Ohm or F."""
    return _number(kind.maker, size), _number(kind.second, size)


def _number(rule: str, size: float | None) -> str:
    if size is None or rule not in _RULES:
        return rule
    return _RULES[rule](size)


_RULES: dict[str, Callable[[float], str]] = {
    "yageo 1": lambda ohm: f"RC0805FR-07{_digits(ohm)}L",
    "vishay 1": lambda ohm: f"CRCW0805{_vishay(ohm)}FKEA",
    "yageo 5": lambda ohm: f"RC0805JR-07{_digits(ohm)}L",
    "vishay 5": lambda ohm: f"CRCW0805{_vishay(ohm)}JNEA",
    "panasonic 0.1": lambda ohm: f"ERA-6AEB{_four(ohm)}V",
    "susumu 0.1": lambda ohm: f"RG2012P-{_four(ohm)}-B-T5",
    "vishay hp": lambda ohm: f"CRCW1206{_vishay(ohm)}JNEAHP",
    "panasonic p": lambda ohm: f"ERJ-P08J{_three(ohm, 1.0)}V",
    "vishay melf": lambda ohm: f"MMB02070C{_four(ohm)}FB200",
    "yageo melf": lambda ohm: f"MFR-MELF 0207 1 % {_digits(ohm)}",
    "yageo leaded": lambda ohm: f"MFR-25FBF52-{_digits(ohm)}",
    "vishay leaded": lambda ohm: f"MRS25000C{_four(ohm)}FCT00",
    "kemet c0g": lambda farad: f"C0805C{_three(farad, 1e-12)}J5GACTU",
    "yageo c0g": lambda farad: f"CC0805JRNPO9BN{_three(farad, 1e-12)}",
    "kemet x7r": lambda farad: f"C0805C{_three(farad, 1e-12)}K5RACTU",
    "yageo x7r": lambda farad: f"CC0805KRX7R9BB{_three(farad, 1e-12)}",
    "kemet x7r 1206": lambda farad: f"C1206C{_three(farad, 1e-12)}K5RACTU",
    "yageo x7r 1206": lambda farad: f"CC1206KKX7R9BB{_three(farad, 1e-12)}",
    "kemet x5r 1206": lambda farad: f"C1206C{_three(farad, 1e-12)}K4PACTU",
    "yageo x5r 1206": lambda farad: f"CC1206KKX5R7BB{_three(farad, 1e-12)}",
    "wima mks2": lambda farad: f"MKS2C {farad * 1e6:g} uF 63 V 5 % RM5",
    "tdk film": lambda farad: f"B32529C0{_three(farad, 1e-12)}J000",
}


def _vishay(ohm: float) -> str:
    """4.02 kOhm as 4K02, 10 kOhm as 10K0: always four characters."""
    return _digits(ohm).ljust(4, "0")
