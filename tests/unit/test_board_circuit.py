"""tonus_r1's circuit: rules, calculations, what is made of it, and that mutants of it are caught."""

from __future__ import annotations

import importlib.util
import json
import re
import runpy
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

if importlib.util.find_spec("skidl") is None:
    pytest.skip("SKiDL is not installed", allow_module_level=True)

from tonus_tools.board import build, describe, mutants, outputs, rules  # noqa: E402
from tonus_tools.board.catalogue import KINDS, numbers  # noqa: E402
from tonus_tools.board.packages import PACKAGES  # noqa: E402
from tonus_tools.board.symbols import SYMBOLS  # noqa: E402

SOURCE = (build.FOLDER / "circuit.py").read_text(encoding="utf-8")
SYSTEM_PYTHON = Path("/usr/bin/python3")  # Debian's KiCad puts pcbnew there
EVERY = 23  # mutants are played every so many, from the first: `make board-mutants` plays all


@pytest.fixture(scope="module")
def board() -> describe.Board:
    return build.board()


@pytest.fixture(scope="module")
def files(board: describe.Board) -> dict[str, str]:
    return build.files(board)


def constants() -> dict[str, Any]:
    return runpy.run_path(str(build.FOLDER / "board.py"))


def test_no_rule_has_a_problem(board: describe.Board) -> None:
    assert rules.check(board) == []


def test_every_calculation_is_in_its_range(board: describe.Board) -> None:
    assert mutants.wrong_calculations(board, build.CALCULATIONS) == []
    assert len(build.calculations(board)) > 150


@pytest.mark.parametrize(
    "name", ["parts.csv", "netlist.txt", "tonus_r1.kicad_pcb", "stage.cir", "wiring.svg", "rules.md", "README.md"]
)
def test_what_is_made_of_it_is_as_it_stands(files: dict[str, str], name: str) -> None:
    assert files[name] == (build.FOLDER / name).read_text(encoding="utf-8")


def test_two_runs_make_the_same_bytes() -> None:
    """In two processes: no order of a hash, no date, no random mark."""
    code = "from tonus_tools.board import build; b = build.board(); print(*build.files(b).values())"
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout  # noqa: E501
        for seed in ("1", "2")
    )
    assert first == second


def test_the_processor_s_pins_are_the_roles_of_board_py(board: describe.Board) -> None:
    on_pico = {"BATTERY_SENSE", "VBUS_SENSE", "SMPS_PWM", "CONTACT"}
    for role, gpio in constants()["PINS"].items():
        if role in on_pico:
            assert f"GP{gpio}" not in board.parts["A1"].nets
        else:
            assert board.at("A1", f"GP{gpio}") == role


def test_board_py_has_the_circuit_s_figures(board: describe.Board) -> None:
    found, parts = constants(), board.parts
    assert found["RSET_OHM"] == parts["R4"].size
    assert found["SHORT_OHM"] == parts["R10"].size
    assert found["DIVIDER"] == (parts["R7"].size + parts["R8"].size) / parts["R8"].size
    assert found["DIVIDER"] == (parts["R9"].size + parts["R9b"].size) / parts["R9b"].size
    leads = sum(parts[ref].size for ref in ("R51", "R52", "R53", "R54", "R57", "R58", "R33"))
    assert found["SWITCHES_OHM"] == leads + 2 * 12
    assert found["LAMP_UA"] == pytest.approx(1.3e6 / parts["R81"].size)
    values = {what: value for what, _, _, _, _, value in build.calculations(board)}
    assert found["TRIP_UA"] == pytest.approx(values["trip"], rel=0.001)
    assert found["RAIL_MV"] == pytest.approx(values["rail"] * 1000, rel=0.01)
    # The charger ends at 4.2 V; D21 takes some of it before BATTERY_SENSE.
    assert 300 <= 4200 - found["CELL_FULL_MV"] <= 450


def test_every_part_can_be_ordered_twice(board: describe.Board) -> None:
    for row in outputs.rows(board):
        assert row["maker"], row["ref"]
        assert row["second"], row["ref"]
        assert row["maker"] != row["second"] or row["package"] == "TP", row["ref"]


@pytest.mark.parametrize(
    ("kind", "size", "maker"),
    [
        ("R 1 %", 4020.0, "RC0805FR-074K02L"),
        ("R 1 %", 33.0, "RC0805FR-0733RL"),
        ("R 1 %", 18e6, "RC0805FR-0718ML"),
        ("R 0.1 %", 4020.0, "ERA-6AEB4021V"),
        ("C C0G 50 V", 100e-12, "C0805C101J5GACTU"),
        ("C X7R 50 V", 100e-9, "C0805C104K5RACTU"),
    ],
)
def test_makers_numbers_follow_their_series(kind: str, size: float, maker: str) -> None:
    assert numbers(KINDS[kind], size)[0] == maker


def test_every_kind_has_a_symbol_and_a_package_with_its_pads() -> None:
    for name, kind in KINDS.items():
        assert {pad for pad, *_ in PACKAGES[kind.package]} == {pin.number for pin in SYMBOLS[kind.symbol].pins}, name


def chosen() -> list[mutants.Mutant]:
    return list(mutants.mutants(SOURCE))[::EVERY]


def test_the_chosen_mutants_are_of_every_kind() -> None:
    assert set(Counter(m.kind for m in chosen())) >= {*mutants.KINDS_OF_MUTANT} - {"turned"}
    assert len(chosen()) >= 30


@pytest.mark.parametrize("mutant", chosen(), ids=lambda m: f"{m.ref} {m.what}")
def test_a_mutant_is_caught(mutant: mutants.Mutant, board: describe.Board) -> None:
    caught = mutants.catch(mutant.source, build.CALCULATIONS, board.states)
    assert caught.by
    assert caught.how


def test_every_diode_turned_round_is_caught(board: describe.Board) -> None:
    turned = [m for m in mutants.mutants(SOURCE) if m.kind == "turned"]
    assert len(turned) > 8
    for mutant in turned:
        assert mutants.catch(mutant.source, build.CALCULATIONS, board.states).by, mutant.ref


def changed(old: str, new: str) -> describe.Board:
    """The board with something in its text replaced."""
    assert SOURCE.count(old) == 1
    return describe.board_of("changed", SOURCE.replace(old, new), build.board().states)


def test_a_p_fet_alone_between_vsys_and_the_cell_is_found() -> None:
    """As the board's README once had it: USB feeds the cell through the FET's own diode."""
    alone = changed('"VSYS LATCHED", "nothing', '"LATCHED VSYS", "nothing')
    assert any("D21" in problem or "Q10" in problem for problem in rules.check(alone))


def test_an_input_above_its_low_supply_is_found() -> None:
    """The boost's enable bears 0.3 V more than its input, which a low cell brings below 3.3 V."""
    driven = changed('"BOOST_SW GND BOOST_FB BOOST_IN BOOST_IN"', '"BOOST_SW GND BOOST_FB BOOST_EN BOOST_IN"')
    assert any("U10 EN" in problem for problem in rules.check(driven))


def test_an_input_without_its_resistor_is_found() -> None:
    bare = changed('fit("R6", "R 1 %", "SRC CURRENT_SENSE"', 'fit("R6", "R 1 %", "SINK CURRENT_SENSE"')
    assert any("A1 GP26" in problem for problem in rules.check(bare))


def test_a_value_of_no_series_is_found() -> None:
    odd = changed('"4.02 kOhm"', '"4.03 kOhm"')
    assert any("E24" in problem for problem in rules.check(odd))


@pytest.fixture(scope="module")
def layout() -> dict[str, Any]:
    """What pcbnew says of the layout file."""
    if not SYSTEM_PYTHON.exists() or shutil.which("kicad") is None:
        pytest.skip("KiCad is not installed: Debian's package kicad has pcbnew")
    script = Path(outputs.__file__).with_name("pcbnew_check.py")
    done = subprocess.run(
        [str(SYSTEM_PYTHON), str(script), str(build.FOLDER / "tonus_r1.kicad_pcb")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/tmp"},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return found


def test_pcbnew_finds_every_pad_on_its_net(layout: dict[str, Any], board: describe.Board) -> None:
    assert set(layout["pads"]) == set(board.parts)
    for ref, part in board.parts.items():
        expected = {pin.number: part.nets.get(pin.name) or "" for pin in part.symbol.pins}
        assert layout["pads"][ref] == expected


def test_pcbnew_misses_only_outline_and_tracks(layout: dict[str, Any]) -> None:
    assert set(layout["violations"]) == {"invalid_outline", "unconnected_items"}


def test_the_readme_s_calculations_are_the_circuit_s(board: describe.Board) -> None:
    """Whatever the table of calculations says of a thing that is worked out, with the digits it has there."""
    readme = (build.FOLDER / "README.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"(?m)^\| ([^|]+?) \| [^|]+ \| ([\d.]+) ", readme.split("## Calculations")[1]))
    values = {what: value for what, _, _, _, _, value in build.calculations(board)}
    shared = set(table) & set(values)
    assert len(shared) >= 4
    for what in shared:
        digits = len(table[what].partition(".")[2])
        assert float(table[what]) == pytest.approx(values[what], abs=0.6 * 10**-digits), what
