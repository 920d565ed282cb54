"""Netlist, parts list, picture and board.py of tonus_r1 say the same."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from tonus_tools.spice.deck import RWATCH_OHM, STAGE
from tonus_tools.world.boards import BOARDS

FOLDER = BOARDS / "tonus_r1"
UNITS = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "meg": 1e6, "g": 1e9}


def netlist() -> dict[str, float]:
    """The parameters of stage.cir."""
    found = {}
    for name, number, unit in re.findall(r"(?m)^\.param (\w+) = ([-+\d.e]+?)(meg|[fpnumkg])?(?=\s|$)", text()):
        found[name] = float(number) * UNITS.get(unit, 1.0)
    return found


def text() -> str:
    return STAGE.read_text(encoding="utf-8")


def schematic() -> dict[str, Any]:
    pytest.importorskip("schemdraw")
    return runpy.run_path(str(FOLDER / "schematic.py"))


def constants() -> dict[str, Any]:
    return runpy.run_path(str(FOLDER / "board.py"))


def test_the_netlist_has_the_board_s_constants() -> None:
    params, board = netlist(), constants()
    assert params["rset"] == board["RSET_OHM"]
    assert params["short_r"] == board["SHORT_OHM"]
    assert params["boost_v"] == board["RAIL_MV"] / 1000
    assert params["rwatch"] == RWATCH_OHM


def test_what_is_drawn_is_a_parameter_and_has_the_netlist_s_value() -> None:
    params = netlist()
    own = runpy.run_path(str(FOLDER / "tolerances.py"))
    for name, (middle, _) in own["NORMAL"].items():
        assert params[name] == pytest.approx(middle), name
    for name in own["EVEN"]:
        assert name in params


def test_every_value_in_the_picture_is_a_part_s(tmp_path: Path) -> None:
    module = schematic()
    drawn = tmp_path / "schematic.svg"
    module["draw"](drawn)
    assert drawn.read_text(encoding="utf-8") == (FOLDER / "schematic.svg").read_text(encoding="utf-8")


def test_the_netlist_is_readable() -> None:
    assert max(len(line) for line in text().splitlines()) <= 120
    assert text().splitlines()[0].startswith("* tonus_r1")
