"""Arrays that the interrupts keep are indexed by names; a module that repeats another's names has its numbers."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from tonus import guard, program
from tonus_tools.world.boards import FIRMWARE

MODULES = ("guard", "program", "pulse", "debounce")
ARRAYS = ("kept", "its", "out", "p", "self.out", "self._kept", "its_kept")


def tree(module: str) -> ast.Module:
    return ast.parse((FIRMWARE / "tonus" / f"{module}.py").read_text(encoding="utf-8"))


def constants(module: str) -> dict[str, int]:
    """NAME = const(number), of a module."""
    found = {}
    for node in tree(module).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and ast.unparse(node.value.func) == "const"
        ):
            found[ast.unparse(node.targets[0])] = int(ast.literal_eval(node.value.args[0]))
    return found


def indices(module: str) -> Iterator[ast.Subscript]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) in ARRAYS:
            yield node


@pytest.mark.parametrize("module", MODULES)
def test_no_number_is_an_index(module: str) -> None:
    found = list(indices(module))
    assert len(found) > 20
    numbers = [node for node in found for part in ast.walk(node.slice) if isinstance(part, ast.Constant)]
    assert [f"{module}.py:{node.lineno}: {ast.unparse(node)}" for node in numbers] == []


def test_what_pulse_repeats_is_what_it_is_there() -> None:
    here = constants("pulse")
    # Its own fields stand behind the guard's, each of them once.
    own = [name for name, number in here.items() if guard.KEPT <= number < guard.KEPT + here["_OWN"]]
    assert sorted(here[name] for name in own) == list(range(guard.KEPT, guard.KEPT + here["_OWN"]))
    its = {"_MASK", "_HALF", "_STUCK_TICKS", "_OWN", *own}
    elsewhere = vars(guard) | {name: value for name, value in vars(program).items() if name.isupper()}
    assert {name: elsewhere[name[1:]] for name in here if name not in its} == {
        name: number for name, number in here.items() if name not in its
    }


def test_each_field_of_guard_has_a_word_of_its_own() -> None:
    names = list(constants("guard"))
    units, within = ("NEWEST", "BEFORE"), ("NUMBER", "CODE", "WIDTH", "KIND")
    assert [getattr(guard, name) for name in within] == list(range(len(within)))
    words: list[int] = []
    for name in names[: names.index("KEPT")]:
        if name not in within:
            first = getattr(guard, name)
            words += range(first, first + (len(within) if name in units else 1))
    assert sorted(words) == list(range(guard.KEPT))


def test_what_guard_repeats_is_what_it_is_in_program() -> None:
    assert (guard._PAIR, guard._BETWEEN) == (program.PAIR, program.BETWEEN)
    assert guard._MS << program.WIDTH_SHIFT == 1000


def test_the_fields_of_the_guard_are_each_their_own() -> None:
    """A unit takes four, and no two names are the same place."""
    numbers = constants("guard")
    names = list(numbers)
    fields = names[names.index("RUNNING") : names.index("KEPT")]
    within = ("NUMBER", "CODE", "WIDTH", "KIND")
    assert [numbers[name] for name in within] == list(range(4))
    places = [numbers[name] for name in fields if name not in within]
    places += [numbers[unit] + numbers[name] for unit in ("NEWEST", "BEFORE") for name in within if numbers[name]]
    assert sorted(places) == list(range(guard.KEPT))


def test_each_field_of_the_guard_says_what_it_is() -> None:
    lines = (FIRMWARE / "tonus" / "guard.py").read_text(encoding="utf-8").split("\n")
    first, last = (next(i for i, line in enumerate(lines) if line.startswith(name)) for name in ("RUNNING", "KEPT"))
    bare = [line for line in lines[first:last] if "const(" in line and "#" not in line]
    assert bare == []


def test_what_is_taken_at_once_lies_together() -> None:
    sums = (guard.N, guard.SUM_SET, guard.SUM_CURRENT, guard.SUM_VOLTAGE)
    flowed = (guard.FLOWED, guard.FLOWED_SET, guard.FLOWED_US)
    assert [*sums, *flowed] == list(range(guard.N, guard.N + 7))
