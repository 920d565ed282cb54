"""The image's modules, put together and renamed, ask for nothing that is not there, and say what the sources say."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterator
from functools import cache

import pytest
from tonus_tools.errors import UsageError
from tonus_tools.image.lean import MAIN, lean
from tonus_tools.image.linked import ALONE, TOGETHER, Link
from tonus_tools.image.micropythons import NAMES
from tonus_tools.image.names import known_names, renamed
from tonus_tools.world.boards import BOARDS, FIRMWARE, board_names

MODULES = {path.stem for path in (FIRMWARE / "tonus").glob("*.py")}
MEMBERS = [member for members in TOGETHER.values() for member in members]
FILES = sorted(MODULES - set(MEMBERS) | {"start", *ALONE})
# What MicroPython's compiler and its PIO assembler know, beside Python's own.
KNOWN = {
    "const",
    "wrap_target",
    "wrap",
    "label",
    "pull",
    "block",
    "out",
    "pins",
    "y",
    "mov",
    "osr",
    "x",
    "x_dec",
    "rel",
}
KNOWN |= {"jmp", "not_y", "irq", "set", "object", "uint", "__file__", *dir(builtins)}


def asked(table: symtable.SymbolTable) -> Iterator[str]:
    """Names of the module's, as far as they are asked for within it."""
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from asked(child)


@cache
def given(source: str) -> list[str]:
    """Names that a module gives something at its top, as often as it does."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found += [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.append(node.name)
        else:
            found += [
                each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
            ]
    return found


@pytest.mark.parametrize("name", FILES)
def test_it_asks_for_nothing_that_is_not_there(name: str) -> None:
    source = lean().sources[f"tonus/{name}.py"]
    assert set(asked(symtable.symtable(source, name, "exec"))) <= set(given(source)) | KNOWN


@pytest.mark.parametrize("name", FILES)
def test_no_name_of_its_stands_for_two_things(name: str) -> None:
    names = given(lean().sources[f"tonus/{name}.py"])
    assert sorted(set(names)) == sorted(names)


def test_each_file_has_what_others_ask_it_for() -> None:
    sources = lean().sources
    for source in sources.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and (node.level and node.module or (node.module or "")[:6] == "tonus."):
                there = given(sources[f"tonus/{(node.module or '').removeprefix('tonus.')}.py"])
                assert {alias.name for alias in node.names} <= set(there)


def test_every_module_is_in_one_file_and_the_failed_start_s_by_itself() -> None:
    assert len(set(MEMBERS)) == len(MEMBERS)
    assert not set(MEMBERS) & set(TOGETHER)
    files = {path.removeprefix("tonus/").removesuffix(".py") for path in lean().sources}
    assert files == set(FILES)
    for name in ALONE:
        assert "from ." not in lean().sources[f"tonus/{name}.py"]


def test_what_is_read_by_people_stays_as_it_is() -> None:
    text = "\n".join(lean().sources.values())
    errors = {"Failed", "FieldError", "Refused", "Lost", "Damaged"}
    assert errors <= set(re.findall(r"class (\w+)", text))
    strings = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    assert {"STANDBY", "heap_free", "selftest"} <= set(map(str, strings))


def variables(source: str) -> Iterator[str]:
    """Names that are looked up, or given something, as variables; parameters and keywords among them."""
    tree = ast.parse(source)
    yield from given(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, (ast.arg, ast.keyword)):
            yield node.arg or ""


def test_own_names_are_micropython_s_and_no_two_of_a_kind_are_one() -> None:
    names = lean().names
    assert len(names) > 900  # nearly all: each costs the device's heap some fifteen bytes
    assert set(names.values()) <= NAMES
    assert not set(names) & NAMES
    shared = [known for known in set(names.values()) if list(names.values()).count(known) > 1]
    assert all(list(names.values()).count(known) == 2 for known in shared)
    own = {known: {name for name in names if names[name] == known} for known in shared}
    used = {name for source in lean().own.values() for name in variables(source)}
    for known in shared:
        assert len(own[known] & used) == 1


def test_names_of_boards_and_of_what_main_asks_for_stay() -> None:
    for board in board_names():
        for name in re.findall(r"^(\w+) = ", (BOARDS / board / "board.py").read_text(encoding="utf-8"), re.MULTILINE):
            assert name not in lean().names
    assert not {"start", "device"} & set(lean().names)
    assert "start.device()" in MAIN


MODULE = """class Thing(ValueError):
    def __init__(self, private, word):
        self.in_text = self.in_main = self.public = self.acts = private
        getattr(self, "in_text").built_in(key=word)

    def acts(self):
        acos()

_LIKE_A_CONST = const(3)

def public_too(public):
    return public_too
"""


@pytest.mark.parametrize(
    "kept", ["Thing", "in_text", "in_main", "built_in", "__init__", "_LIKE_A_CONST", "word", "key"]
)
def test_names_that_others_may_know_stay(kept: str) -> None:
    names = known_names({"tonus/x.py": MODULE}, ["x.in_main"])
    assert kept not in names
    assert re.search(rf"\b{kept}\b", renamed(MODULE, names))


def test_a_variable_and_an_attribute_may_be_given_the_same_name_and_no_other_two() -> None:
    names = known_names({"tonus/x.py": MODULE}, ["x.in_main"])
    assert set(names) == {"private", "public", "acts", "public_too"}
    assert names["acts"] in (names["private"], names["public_too"])
    assert len({names["private"], names["public"], names["public_too"]}) == 3
    assert names["public"] != names["acts"]  # it is both
    assert not set(names.values()) & {"acos", "key", "word"}


def linked(**modules: str) -> dict[str, str]:
    """Files of a package with these modules: `a` and `b` are put together in `a`."""
    sources = {f"tonus/{name}.py": source for name, source in {"__init__": "", "journal": "", **modules}.items()}
    return Link(sources, "from tonus.a import start", {"a": ("b",)}).files()


def flat(a: str, b: str = "", **others: str) -> str:
    return linked(a=a, b=b, **others)["tonus/a.py"].strip()


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        ("from . import b\nx = b.y", "y = 1", "b_y = 1\na_x = b_y"),
        ("from .b import y\nx = y", "y = 1", "b_y = 1\na_x = b_y"),
        ("from .b import y as z\nx = z", "from .c import y", "from .c import c_y\na_x = c_y"),
        ("def start(y):\n    return y + z\nz = y = 1", "", "def start(y):\n    return y + a_z\na_z = a_y = 1"),
        ("y = 1\ndef f():\n    y = 2\n    return y", "", "a_y = 1\n\ndef a_f():\n    y = 2\n    return y"),
        ("y = 1\ndef f(x=y):\n    return [y for y in x]", "", "a_y = 1\n\ndef a_f(x=a_y):\n    return [y for y in x]"),
        ("y = 1\nclass C:\n    y = y\n    def f(self):\n        return y", "",
         "a_y = 1\n\nclass a_C:\n    y = y\n\n    def f(self):\n        return a_y"),
        ("y = 1\nf = lambda y, z=y: y + len(z)", "", "a_y = 1\na_f = lambda y, z=a_y: y + len(z)"),
        ("_N = const(1)\nx = _N", "_N = const(2)", "_a_N = const(1)\na_x = _a_N\n_b_N = const(2)"),
        ("from . import b\ndef f():\n    b.y = 2", "y = 1", "b_y = 1\n\ndef a_f():\n    global b_y\n    b_y = 2"),
        ("from time import sleep_ms\nx = sleep_ms", "from asyncio import sleep_ms\ny = sleep_ms",
         "from asyncio import sleep_ms as asyncio_sleep_ms\nfrom time import sleep_ms\n"
         "a_x = sleep_ms\nb_y = asyncio_sleep_ms"),
        ("from math import pow\nx = pow", "y = pow", "from math import pow as math_pow\na_x = math_pow\nb_y = pow"),
        ("def f():\n    from .c import y\n    return y", "", "def a_f():\n    from .c import c_y as y\n    return y"),
        ("def f():\n    from . import c\n    return c.y", "", "def a_f():\n    from . import c\n    return c.c_y"),
        ("class Odd(Exception):\n    pass", "", "class Odd(Exception):\n    pass"),
    ],
)  # fmt: skip
def test_what_is_put_together(a: str, b: str, found: str) -> None:
    assert flat(a, b, c="y = 3") == found


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        ("from . import b\nx = b", "", "tonus/a.py: line 2: b: a module as a value"),
        ("from . import b\nx = b.y", "", "tonus/a.py: line 2: b.y: no such name"),
        ("from . import d\nx = d.y", "", "tonus/a.py: line 2: d: no such module"),
        ("def f():\n    global x\n    x = 1", "", "tonus/a.py: line 2: global: not allowed in the firmware"),
        ("x = f'{y}'", "", "tonus/a.py: line 1: an f-string: not allowed in the firmware"),
        ("def f():\n    from .b import y", "", "tonus/a.py: line 2: b: imported in a function, and loaded already"),
        ("from . import c\ndef f():\n    c.y = 2", "", "tonus/a.py: c_y: given another value in another file"),
    ],
)
def test_what_cannot_be_put_together_is_told(a: str, b: str, why: str) -> None:
    with pytest.raises(UsageError, match=re.escape(why)):
        flat(a, b, c="y = 3")


def test_a_program_for_the_prompt_asks_for_what_is_there() -> None:
    program = "from tonus import preset\nfrom tonus.phases import phases\nw = preset.parse(text).zones\n"
    program += "print(w, phases, board.NAME)\n"
    said = lean().at_prompt(program)
    there = given(lean().sources["tonus/bank.py"]) + given(lean().sources["tonus/pulse.py"])
    for line in said.split("\n")[:2]:
        assert line.split()[3] in there
    assert said.endswith("print(w, phases_phases, board.NAME)\n")
    with pytest.raises(UsageError, match="no such name"):
        lean().at_prompt("from tonus import preset\npreset.no_such")
