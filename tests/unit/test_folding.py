"""Numbers folded into the image: each module still says what its source says."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tonus import faults, guard, limits, link, program
from tonus_tools.errors import UsageError
from tonus_tools.image.folding import NAMED, folded, numbers_of
from tonus_tools.world.boards import FIRMWARE

NUMBERS = {name: numbers_of((FIRMWARE / "tonus" / f"{name}.py").read_text(encoding="utf-8")) for name in NAMED}
SOURCES = sorted((FIRMWARE / "tonus").glob("*.py"))


def test_every_number_of_limits_is_known() -> None:
    for module in (limits, faults, link, program, guard):
        whole = {name: value for name, value in vars(module).items() if name.isupper() and type(value) is int}
        public = {name: value for name, value in whole.items() if not name.startswith("_")}
        assert public == NUMBERS[module.__name__.rpartition(".")[2]]
    assert len(NUMBERS["limits"]) > 100
    assert {name for name in vars(limits) if name.isupper()} == set(NUMBERS["limits"])


class Said(ast.NodeTransformer):
    """A source as folding would have it, worked out on its tree: `limits.X` as its number, `const(x)` as x.

    own: the numbers of the module itself, which are numbers there too and get no name.
    """

    def __init__(self, own: dict[str, int]) -> None:
        self.own = own

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        if isinstance(node.value, ast.Name) and node.attr in NUMBERS.get(node.value.id, {}):
            return number(NUMBERS[node.value.id][node.attr])
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> Any:
        return number(self.own[node.id]) if node.id in self.own else node

    def visit_Assign(self, node: ast.Assign) -> Any:
        if isinstance(node.targets[0], ast.Name) and node.targets[0].id in self.own:
            return None
        return self.generic_visit(node)

    def visit_Try(self, node: ast.Try) -> Any:
        failed = [ast.unparse(handler.type) for handler in node.handlers if handler.type is not None]
        return node.body if failed == ["ImportError"] else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Name) and node.func.id == "const":
            return self.visit(node.args[0])
        return self.generic_visit(node)


def number(value: int) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def said(source: str, stem: str) -> str:
    """Without what faults and events mean, which stays with the tools."""
    tree = Said(NUMBERS.get(stem, {})).visit(ast.parse(source))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FAULTS":
            assert isinstance(node.value, ast.Dict)
            for value in node.value.values:
                assert isinstance(value, ast.Tuple)
                del value.elts[1:]
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EVENTS":
            node.value = ast.Dict([], [])
    return ast.dump(tree)


def test_the_device_asks_for_names_of_faults_alone_and_for_no_meaning_of_an_event() -> None:
    found = " ".join(path.read_text(encoding="utf-8") for path in SOURCES)
    assert found.count("EVENTS") == 1
    assert found.count("FAULTS") == found.count("FAULTS = {") + found.count("FAULTS[number][0]") + found.count(
        "of FAULTS"
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_folded_module_says_the_same(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    found = folded(source, path.name, NUMBERS)
    asked = [ast.unparse(node) for node in ast.walk(ast.parse(found)) if type(node) is ast.Attribute]
    assert not {f"{module}.{name}" for module in NAMED for name in NUMBERS[module]} & set(asked)
    assert said(found, path.stem) == said(source, path.stem)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_what_is_a_const_is_nothing_else_and_used_after_it(path: Path) -> None:
    tree = ast.parse(folded(path.read_text(encoding="utf-8"), path.name, NUMBERS))
    consts = {
        node.targets[0].id: node.lineno
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "const"
        and node.targets[0].id.startswith("_")
    }
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in consts]
    stored = [node.id for node in names if isinstance(node.ctx, ast.Store)]
    assert sorted(stored) == sorted(consts)
    assert all(node.lineno >= consts[node.id] for node in names)
    others = {attribute for other in SOURCES if other != path for attribute in attributes(other)}
    assert not {f"{path.stem}.{name}" for name in consts} & others


@cache
def attributes(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("_A = 5\nx = _A", "_A = const(5)\nx = _A"),
        ("_A = 5\n_B = _A << 2 | 1", "_A = const(5)\n_B = const(_A << 2 | 1)"),
        ("_A = (\n    5\n)\nx = 1", "_A = const(5)\n\n\nx = 1"),
        ("x = limits.LEVELS * 2", "x = 10 * 2"),
        ("x = me.limits.LEVELS", "x = me.limits.LEVELS"),
        ("x = faults.LIFT, link.NOT_JSON, faults.name", "x = 1, (-32700), faults.name"),
        ("_A = limits.LEVELS + 1", "_A = const(10 + 1)"),
        ("x = _A\n_A = 5", "x = _A\n_A = 5"),
        ("_A = 5\ndef f():\n    global _A\n    _A = 6", "_A = 5\ndef f():\n    global _A\n    _A = 6"),
        ("_A = 5.0\n_B = 'x'\n_C = True\n_D = 7 / 2\nE = 5", "_A = 5.0\n_B = 'x'\n_C = True\n_D = 7 / 2\nE = 5"),
        ("'limits.LEVELS'  # limits.LEVELS", "'limits.LEVELS'  # limits.LEVELS"),
    ],
)
def test_what_is_folded_and_what_is_not(source: str, found: str) -> None:
    assert folded(source, "x.py", NUMBERS) == found


@pytest.mark.parametrize("source", ["x = limits.NO_SUCH", "x = limits.\\\n  LEVELS", "from .link import BUSY"])
def test_what_cannot_be_folded_is_told(source: str) -> None:
    with pytest.raises(UsageError):
        folded(source, "x.py", NUMBERS)
