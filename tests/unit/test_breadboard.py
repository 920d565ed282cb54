"""pico_bench as a circuit on breadboards: rules, mutants, what is made of it, its picture, and its DC voltages."""

from __future__ import annotations

import importlib.util
import re
import runpy
from typing import Any

import numpy as np
import pytest

if importlib.util.find_spec("skidl") is None:
    pytest.skip("SKiDL is not installed", allow_module_level=True)

from tonus_tools.board import bench, breadboard, build, dc, mutants, rules  # noqa: E402
from tonus_tools.board.breadboard import Layout, Wire  # noqa: E402
from tonus_tools.board.describe import Board, Undescribed, board_of  # noqa: E402
from tonus_tools.ctl.bringup_boards import Bench  # noqa: E402
from tonus_tools.world.boards import BOARDS  # noqa: E402

SOURCE = (bench.FOLDER / "circuit.py").read_text(encoding="utf-8")
SET_V = 4.02e-3  # over Rset, a uA


@pytest.fixture(scope="module")
def board() -> Board:
    return bench.board()


@pytest.fixture(scope="module")
def layout(board: Board) -> Layout:
    return breadboard.place(board, bench.FOLDER)


@pytest.fixture(scope="module")
def files(board: Board) -> dict[str, str]:
    return bench.files(board)


def constants() -> dict[str, Any]:
    return runpy.run_path(str(bench.FOLDER / "board.py"))


def test_no_rule_has_a_problem(board: Board) -> None:
    assert rules.check(board) == []
    assert mutants.wrong_calculations(board, bench.CALCULATIONS) == []
    assert len(build.calculations(board)) > 60


@pytest.mark.parametrize("name", ["parts.csv", "netlist.txt", "breadboard.svg", "rules.md", "README.md"])
def test_what_is_made_of_it_is_as_it_stands(files: dict[str, str], name: str) -> None:
    assert files[name] == (bench.FOLDER / name).read_text(encoding="utf-8")


def test_every_mutant_is_caught(board: Board) -> None:
    made = list(mutants.mutants(SOURCE))
    assert len(made) > 200
    survivors = [m for m in made if not mutants.catch(m.source, bench.CALCULATIONS, board.states).by]
    assert [f"{m.ref} {m.what}" for m in survivors] == []


def test_without_its_resistor_the_op_amp_reaches_the_pico(board: Board) -> None:
    """10 kOhm before GPIO26: on the op-amp's output it would be an input above its supply."""
    bare = SOURCE.replace('"R leaded 1 %", "SINK_HALF SINK_SENSE"', '"R leaded 1 %", "SINK_HALF GND"').replace(
        "SINK_SENSE GND RAIL_SENSE", "SINK_HALF GND RAIL_SENSE"
    )
    problems = rules.check(board_of("bare", bare, board.states))
    assert any("A1 GP27" in problem for problem in problems)


def test_the_roles_and_figures_of_board_py_are_the_circuit_s(board: Board) -> None:
    found, parts = constants(), board.parts
    for role, gpio in found["PINS"].items():
        if role not in ("SMPS_PWM", "CONTACT"):  # on the Pico
            assert board.at("A1", f"GP{gpio}") == role
    assert found["RSET_OHM"] == parts["R3"].size + parts["R4"].size
    assert found["DUMMY_LOAD_OHM"] == parts["R5"].size
    assert found["DIVIDER"] == (parts["R7"].size + parts["R8"].size) / parts["R8"].size
    assert found["SWITCHES_OHM"] == 2 * dc.SWITCH_OHM
    assert found["LAMP_UA"] == pytest.approx(1.3e6 / parts["R21"].size)


# The breadboard.


def joined(found: dict[tuple[str, str], int]) -> set[frozenset[tuple[str, str]]]:
    nets: dict[int, set[tuple[str, str]]] = {}
    for pin, net in found.items():
        nets.setdefault(net, set()).add(pin)
    return {frozenset(pins) for pins in nets.values()}


def test_holes_and_wires_alone_make_the_nets_of_the_circuit(board: Board, layout: Layout) -> None:
    made = joined(breadboard.nets_of(layout))
    for net, pins in board.nets().items():
        assert frozenset((part.ref, pin) for part, pin in pins) in made, net
    alone = {pin for pins in made if len(pins) == 1 for pin in pins}
    wired = {(part.ref, pin) for pins in board.nets().values() for part, pin in pins}
    assert not alone & wired


def test_each_wire_is_needed(layout: Layout) -> None:
    whole = len(joined(breadboard.nets_of(layout)))
    for wire in layout.wires:
        assert len(joined(breadboard.nets_of(layout, [wire]))) > whole, wire


def test_no_hole_has_two_ends(layout: Layout) -> None:
    ends = [*layout.legs.values(), *(end for wire in layout.wires for end in (wire.a, wire.b))]
    assert len(ends) == len(set(ends))
    under_the_pico = {(1, row, column) for row in "defg" for column in range(1, 21)}
    assert not under_the_pico & {(hole.board, hole.row, hole.column) for hole in ends}


def test_the_picture_draws_these_holes_and_wires(board: Board, layout: Layout) -> None:
    """Where each leg and each end of a wire is drawn, by the picture's own numbers: a straight map of the holes."""
    svg = (bench.FOLDER / "breadboard.svg").read_text(encoding="utf-8")
    drawn, holes = [], []
    for (ref, pin), hole in layout.legs.items():
        path = _path(svg, f"leg {ref} {pin}")
        xs, ys = path[:, 0], path[:, 1]
        drawn.append(((xs.min() + xs.max()) / 2, (ys.min() + ys.max()) / 2))
        holes.append(hole.xy)
    for number, wire in enumerate(layout.wires, 1):
        path = _path(svg, f"wire {number}")
        drawn += [tuple(path[0]), tuple(path[-1])]
        holes += [wire.a.xy, wire.b.xy]
    assert svg.count('<g id="wire ') == len(layout.wires)
    assert svg.count('<g id="leg ') == len(layout.legs)
    ones = np.column_stack([np.array(holes), np.ones(len(holes))])
    by, *_ = np.linalg.lstsq(ones, np.array(drawn), rcond=None)
    pitch = abs(by[0, 0])
    assert np.abs(ones @ by - np.array(drawn)).max() < 0.3 * pitch


def _path(svg: str, id: str) -> np.ndarray:
    found = re.search(rf'<g id="{re.escape(id)}">\s*<path d="([^"]+)"', svg)
    assert found, id
    numbers = [float(text) for text in re.findall(r"-?\d+\.?\d*", found[1])]
    return np.array(numbers).reshape(-1, 2)


def test_a_part_without_a_place_is_an_error(board: Board) -> None:
    more = board_of(
        "more",
        SOURCE.replace('fit("R31"', 'fit("R99", "R leaded 1 %", "BEEPER GND", "x", "1 kOhm")\n    fit("R31"'),
        board.states,
    )
    with pytest.raises(Undescribed, match="no place for R99"):
        breadboard.place(more, bench.FOLDER)


# DC.


def held(board: Board, layout: Layout, ua: float | None, reverse: bool = False, **changes: Any) -> dc.Held:
    outputs = {"GP2": 3.3 * (not reverse), "GP3": 3.3 * reverse, "GP4": 3.3}
    nets = breadboard.nets_of(layout, **changes)
    return dc.Held(board, nets, outputs, None if ua is None else ua * SET_V)


@pytest.mark.parametrize("ua", [0, 8, 50, 200, 400, 509])
@pytest.mark.parametrize("reverse", [False, True])
def test_what_is_set_flows(board: Board, layout: Layout, ua: int, reverse: bool) -> None:
    at = held(board, layout, ua, reverse)
    assert at.at("Q1", "S") == pytest.approx(ua * SET_V, abs=1e-3)
    load = at.at("U3", "X") - at.at("U3", "Y")
    # The sink divider's up to 1.65 uA flow through the load too.
    assert (-load if reverse else load) == pytest.approx((ua + 1.4) * 1e-3, abs=0.5e-3)
    assert at.at("A1", "GP26") == pytest.approx(at.at("Q1", "S"), abs=1e-5)
    assert at.at("A1", "GP27") == pytest.approx(at.at("Q1", "D") / 2, abs=2e-3)
    assert at.at("A1", "GP28") == pytest.approx(1.65, abs=1e-3)


def test_beyond_compliance_the_gate_goes_to_its_supply(board: Board) -> None:
    large = board_of("large", SOURCE.replace('"1 kOhm")\n\n\ndef _sense', '"10 kOhm")\n\n\ndef _sense'), board.states)
    layout = breadboard.place(large, bench.FOLDER)
    at = held(large, layout, 400)
    assert at.at("U2", "OUTA") > 4.9
    # 3.3 V over the load, two switches and Rset.
    assert at.at("Q1", "S") == pytest.approx(3.3 * 4020 / (10_000 + 160 + 4020), rel=0.02)


def test_a_drain_and_source_turned_round_pass_current_at_every_level(board: Board, layout: Layout) -> None:
    nets = breadboard.nets_of(layout)
    turned = nets | {("Q1", "S"): nets["Q1", "D"], ("Q1", "D"): nets["Q1", "S"]}
    for ua in (0, 200):
        at = dc.Held(board, turned, {"GP2": 3.3, "GP3": 0.0}, ua * SET_V)
        assert at.at("R3", "A") > 2.0
        assert at.at("A1", "GP26") < 3.6  # and the Pico bears it


def test_a_chip_without_ground_does_nothing(board: Board, layout: Layout) -> None:
    (ground,) = [wire for wire in layout.wires if breadboard.label(layout, wire.a) == "U2 VSS"]
    assert held(board, layout, 400, without=[ground]).at("Q1", "S") < 0.01


def test_the_places_of_bringup_are_pins_of_the_circuit(board: Board) -> None:
    names = {"MCP4821": "U1", "MCP6002": "U2", "74HC4053": "U3"}
    for place, (red, black) in Bench.PLACES.items():
        for probe in (red, black):
            ref, pin = probe.split(".")
            assert board.parts[ref].nets[pin]
        if found := re.fullmatch(r"(\w+), pin (\d+) to pin (\d+)", place):
            for probe, number in ((red, found[2]), (black, found[3])):
                ref, pin = probe.split(".")
                assert ref == names[found[1]]
                assert board.parts[ref].symbol.pin(pin).number == number
    for role, number in (Bench.LAMP_PINS | Bench.BUTTON_PINS).items():
        line = next(line for line in board.parts["A1"].symbol.pins if line.number == str(number))
        assert board.parts["A1"].nets[line.name] == role


def test_the_hints_name_pins_as_they_are_wired(board: Board) -> None:
    """Whatever a hint says of Pico n to pin m is a net of the circuit; without a chip's name it is of the DAC."""
    text = (BOARDS.parent / "tools" / "tonus_tools" / "ctl" / "bringup_boards.py").read_text(encoding="utf-8")
    text = re.sub(r'"\s*\n\s*f?"', "", text)
    by_number = {
        ref: {pin.number: pin.name for pin in board.parts[ref].symbol.pins} for ref in ("A1", "U1", "U2", "U3")
    }
    names = {"MCP4821 ": "U1", "74HC4053 ": "U3", "": "U1"}
    pairs = re.findall(r"Pico (\d+)(?: \(\w+\))? to (MCP4821 |74HC4053 |)pin (\d+)", text)
    direction = "Pico 4 to pin 11, Pico 5 to pin 10"  # of the 4053, which the hint has named
    assert direction in text
    pairs = [pair for pair in pairs if pair not in (("4", "", "11"), ("5", "", "10"))]
    assert len(pairs) >= 8
    for pico, chip, number in pairs:
        ref = names[chip]
        assert board.at("A1", by_number["A1"][pico]) == board.at(ref, by_number[ref][number]), (pico, chip, number)


def test_a_wire_to_another_hole_joins_other_nets(layout: Layout) -> None:
    first, second = layout.wires[23], layout.wires[24]
    swapped = [Wire(first.a, second.b, "", ""), Wire(second.a, first.b, "", "")]
    assert joined(breadboard.nets_of(layout, [first, second], swapped)) != joined(breadboard.nets_of(layout))
