"""BRINGUP.md, the boards' READMEs and the steps of `tonusctl bringup` name the same places, parts and values."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from test_docs import rows, section
from tonus_tools.ctl.bringup_boards import RAIL_PCT, Bench
from tonus_tools.ctl.bringup_boards import Device as Reference
from tonus_tools.ctl.calibrate import HELD_UA
from tonus_tools.world.boards import BOARDS
from tonus_tools.world.boards import constants as load_board

if importlib.util.find_spec("skidl") is None:
    pytest.skip("SKiDL is not installed", allow_module_level=True)

from tonus_tools.board import build  # noqa: E402
from tonus_tools.board.describe import Board  # noqa: E402

BRINGUP = build.FOLDER / "BRINGUP.md"
BENCH = BOARDS / "pico_bench" / "README.md"
STEPS_SOURCE = Path(str(importlib.util.find_spec("tonus_tools.ctl.bringup_boards").origin))  # type: ignore[union-attr]
DEVICE = load_board("tonus_r1")
REFERENCE = r"\b((?:U|Q|D|R|C|L|K|J|F|TP|BZ|SW)\d+[a-d]?)\b"


@pytest.fixture(scope="module")
def board() -> Board:
    return build.board()


def steps(of: type[Any]) -> list[str]:
    return list(of(None, SimpleNamespace(**vars(DEVICE)), None).steps())


def test_each_test_point_is_in_the_table_with_its_net(board: Board) -> None:
    table = {row[0]: row[1].strip("`") for row in rows(section(BRINGUP, "Test points"))}
    there = {ref: part.nets["A"] for ref, part in board.parts.items() if part.kind.symbol == "test point"}
    assert table == there
    named = set(re.findall(r"\bTP\d+", BRINGUP.read_text(encoding="utf-8").split("## First power")[1]))
    assert named | {"TP1"} == set(there)


def held(point: str) -> list[float]:
    row = next(row for row in rows(section(BRINGUP, "Test points")) if row[0] == point)
    return [float(number) for number in re.findall(r"\d+\.?\d*", row[4])]


def test_their_values_are_the_circuit_s(board: Board) -> None:
    values = {what: value for what, _, _, _, _, value in build.calculations(board)}
    assert held("TP4") == pytest.approx([24 * (1 - RAIL_PCT / 100), 24 * (1 + RAIL_PCT / 100)], abs=0.01)
    assert held("TP4")[0] < values["rail"] < held("TP4")[1]
    reference = float(board.parts["U13"].value.split()[0])
    assert held("TP5") == pytest.approx([reference * 0.99, reference * 1.01])
    middle = values["rail"] - DEVICE.SHORT_OHM * 400e-6
    assert held("TP8")[1] == pytest.approx(middle, abs=0.2)
    low, high = held("TP9")
    assert low < reference / 2 < high
    assert held("TP11")[:3] == [round(ua * board.parts["R4"].size / 1e6, 3) for ua in HELD_UA]


def test_what_the_device_s_steps_take_for_right_is_in_the_table() -> None:
    text = STEPS_SOURCE.read_text(encoding="utf-8")
    for point in ("TP5", "TP6", "TP7"):
        least, most = re.findall(rf'{point} \(\w+\) to TP1",\s*(-?[\d.]+),\s*([\d.]+)', text)[0]
        told = held(point)
        assert float(most) == told[-1]
        assert len(told) == 1 or float(least) == told[0]


def test_each_part_that_is_named_is_on_the_board(board: Board) -> None:
    device = STEPS_SOURCE.read_text(encoding="utf-8").split("class Device")[1]
    for text in (BRINGUP.read_text(encoding="utf-8"), device):
        assert set(re.findall(REFERENCE, text)) - set(board.parts) == set()
    for red, black in Reference.PLACES.values():
        for probe in (red, black):
            assert board.parts[probe.split(".")[0]].kind.symbol == "test point"


def test_the_documents_have_the_steps_in_their_order() -> None:
    told = [name for row in rows(section(BRINGUP, "With the firmware")) for name in re.findall(r"`([\w-]+)`", row[0])]
    assert told == steps(Reference)
    told = [name for row in rows(section(BENCH, "Bringing it up")) for name in re.findall(r"`([\w-]+)`", row[0])]
    assert told == steps(Bench)


def test_a_hazard_says_that_a_dummy_load_never_meets_skin() -> None:
    hazards = (BOARDS.parent / "firmware" / "HAZARDS.md").read_text(encoding="utf-8")
    assert re.search(r"`DUMMY_LOAD_OHM` \*\*must never meet skin\*\*", hazards)
    for name in ("tonus_r1", "pico_bench"):
        found = load_board(name)
        assert not (found.HAS_SHORT and hasattr(found, "DUMMY_LOAD_OHM"))
        assert not (found.HAS_BOOST and hasattr(found, "DUMMY_LOAD_OHM"))
