"""The pin numbers of symbols.py against KiCad's own library, where that is installed: others wrote it down, too."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

if importlib.util.find_spec("skidl") is None:
    pytest.skip("SKiDL is not installed", allow_module_level=True)

from tonus_tools.board.catalogue import KINDS  # noqa: E402
from tonus_tools.board.symbols import SYMBOLS, UNHELD  # noqa: E402

LIBRARY = Path("/usr/share/kicad/symbols")
_OPAMP = {"INA-": "-", "INA+": "+", "VSS": "V-", "INB+": "+", "INB-": "-", "VDD": "V+"}
_GSD = {"G": "G", "S": "S", "D": "D"}
# Symbol of ours: (of KiCad's; our name of a pin: theirs). Theirs of outputs and of gates' inputs are mostly empty.
HELD: dict[str, tuple[str, dict[str, str]]] = {
    "MCP4821": (
        "MCP4821",
        {
            "VDD": "Vdd", "CS": "~{CS}", "SCK": "SCK", "SDI": "SDI", "LDAC": "~{LDAC}", "SHDN": "~{SHDN}", "VSS": "Vss",
            "VOUT": "Vout",
        },
    ),
    "MCP6022": ("MCP6022", _OPAMP),
    "OPA2333": ("OPA2333xxD", _OPAMP),
    "TLV9024": (
        "LM339",  # whose pins all such quads have
        {
            "VDD": "V+", "GND": "V-", "IN1-": "-", "IN1+": "+", "IN2-": "-", "IN2+": "+", "IN3-": "-", "IN3+": "+",
            "IN4-": "-", "IN4+": "+",
        },
    ),
    "INA190": ("INA199xxDCK", {"REF": "REF", "GND": "GND", "VS": "V+", "IN+": "+", "IN-": "-"}),
    "74HC139": (
        "74LS139",
        {
            "1E": "~{EN}", "1A0": "A", "1A1": "B", "1Y0": "~{Q0}", "1Y1": "~{Q1}", "1Y2": "~{Q2}", "1Y3": "~{Q3}",
            "GND": "GND", "2Y3": "~{Q3}", "2Y2": "~{Q2}", "2Y1": "~{Q1}", "2Y0": "~{Q0}", "2A1": "B", "2A0": "A",
            "2E": "~{EN}", "VCC": "VCC",
        },
    ),
    "74HC4053": (
        "CD4053B",
        {
            "Y1": "B1", "Y0": "B0", "Z1": "C1", "Z": "C", "Z0": "C0", "INH": "INH", "VEE": "VEE", "GND": "VSS",
            "C": "S3",
            "B": "S2", "A": "S1", "X0": "A0", "X1": "A1", "X": "A", "Y": "B", "VCC": "VDD",
        },
    ),
    "74LVC2G04": ("74LVC2G04", {"GND": "GND", "VCC": "VCC"}),
    "74LVC2G08": ("74LVC2G08", {"GND": "GND", "VCC": "VCC"}),
    "74LVC1G08": ("74LVC1G08", {"GND": "GND", "VCC": "VCC"}),
    "74LVC1G74": (
        "74AUC1G74",
        {
            "CLK": "C", "D": "D", "Q_N": "~{Q}", "GND": "GND", "Q": "Q", "CLR": "~{CLR}", "PRE": "~{PRE}", "VCC": "VCC",
        },
    ),
    "LM4040": ("LM4040DBZ-2.5", {"K": "K", "A": "A"}),
    "TPS61040": ("TPS61040DBV", {"SW": "SW", "GND": "GND", "FB": "FB", "EN": "EN", "VIN": "VIN"}),
    "BAT54": ("BAT54W", {"A": "A", "K": "K"}),
    "zener 5 V": ("BZX84Cxx", {"A": "A", "K": "K"}),
    "zener 27 V": ("BZX84Cxx", {"A": "A", "K": "K"}),
    "NFET 50 V": ("BSS138", _GSD),
    "PFET 30 V": ("AO3401A", _GSD),
    "PFET 50 V": ("BSS84", _GSD),
    "NPN": ("BC847", {"B": "B", "E": "E", "C": "C"}),
    "NFET 60 V TO-92": ("2N7000", _GSD),
}  # fmt: skip


def test_each_symbol_with_more_than_two_pins_is_held_or_named_as_not() -> None:
    many = {kind.symbol for kind in KINDS.values() if len(SYMBOLS[kind.symbol].pins) > 2}
    assert many == set(HELD) | set(UNHELD)
    assert not set(HELD) & set(UNHELD)


@pytest.fixture(scope="module")
def library() -> dict[str, list[Any]]:
    if not LIBRARY.is_dir():
        pytest.skip("KiCad's library is not installed: Debian's package kicad-symbols has it")
    found: dict[str, list[Any]] = {}
    for path in LIBRARY.glob("*.kicad_sym"):
        text = path.read_text(encoding="utf-8")
        if any(f'"{name}"' in text for name, _ in HELD.values()):
            found |= {item[1]: item for item in _parsed(text)[1:] if isinstance(item, list) and item[0] == "symbol"}
    return found


def _parsed(text: str) -> list[Any]:
    stack: list[list[Any]] = [[]]
    for token in re.findall(r'"(?:\\.|[^"])*"|[()]|[^\s()]+', text):
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token.strip('"'))
    return list(stack[0][0])


def _pins(library: dict[str, list[Any]], name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting = [library[name]]
    while waiting:
        item = waiting.pop()
        if item[0] == "extends":
            waiting.append(library[item[1]])
        elif item[0] == "pin":
            parts = {part[0]: part[1] for part in item if isinstance(part, list)}
            found[parts["number"]] = parts["name"]
        else:
            waiting += [part for part in item if isinstance(part, list) and part]
    return found


@pytest.mark.parametrize("name", HELD)
def test_its_pins_have_the_numbers_that_kicad_gives_them(name: str, library: dict[str, list[Any]]) -> None:
    theirs_name, names = HELD[name]
    theirs = _pins(library, theirs_name)
    ours = {pin.number: pin.name for pin in SYMBOLS[name].pins}
    assert {number: theirs[number] for number, pin in ours.items() if pin in names} == {
        number: names[pin] for number, pin in ours.items() if pin in names
    }
