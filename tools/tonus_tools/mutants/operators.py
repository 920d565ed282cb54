"""What is changed in a source, one thing at a time: cosmic-ray's operators, and three that it has not.

Of cosmic-ray's some are left out: those whose mutants a kept one implies (an operator becomes one other, not eleven; a
comparison its boundary and its opposite), and those of what the firmware does not have.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.provider import OperatorProvider
from parso.python import tree

# From cosmic-ray, by its names.
_KEPT = (
    *(
        f"ReplaceBinaryOperator_{pair}"
        for pair in (
            "Add_Sub",
            "Sub_Add",
            "Mul_FloorDiv",
            "FloorDiv_Mul",
            "Div_Mul",
            "Mod_FloorDiv",
            "RShift_LShift",
            "LShift_RShift",
            "BitAnd_BitOr",
            "BitOr_BitAnd",
            "BitXor_BitAnd",
        )
    ),
    *(
        f"ReplaceComparisonOperator_{pair}"
        for pair in (
            "Lt_LtE",
            "Lt_GtE",
            "LtE_Lt",
            "LtE_Gt",
            "Gt_GtE",
            "Gt_LtE",
            "GtE_Gt",
            "GtE_Lt",
            "Eq_NotEq",
            "NotEq_Eq",
            "Is_IsNot",
            "IsNot_Is",
        )
    ),
    "ReplaceUnaryOperator_USub_UAdd",
    "ReplaceUnaryOperator_Delete_Invert",
    "ReplaceUnaryOperator_Delete_Not",
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ExceptionReplacer",
    "NumberReplacer",
    "ZeroIterationForLoop",
)
_AUGMENTED = {"+=": "-=", "-=": "+=", "*=": "//=", "//=": "*=", ">>=": "<<=", "<<=": ">>=", "&=": "|=", "|=": "&="}
_NO_LOSS = ("pass", "import_name", "import_from", "global_stmt", "nonlocal_stmt")


class _Own(Operator):  # type: ignore[misc]
    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class DeleteStatement(_Own):
    """A statement becomes `pass`; docstrings and imports stay."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if node.type == "simple_stmt":
            first = node.children[0]
            if not (first.type in (*_NO_LOSS, "string", "strings") or first.get_code(False) == "pass"):
                yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        return parso.parse(node.get_first_leaf().prefix + "pass\n")


class ReplaceAugmented(_Own):
    """`+=` becomes `-=`, and so on."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if isinstance(node, tree.Operator) and node.value in _AUGMENTED:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        node.value = _AUGMENTED[node.value]
        return node


class ReplaceIn(_Own):
    """`in` becomes `not in`, and the reverse; a loop's stays."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if node.type == "comparison":
            for word in node.children[1::2]:
                if word.get_code(False) in ("in", "not in"):
                    yield word.start_pos, word.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        at = [i for i, word in enumerate(node.children) if i % 2 and word.get_code(False) in ("in", "not in")][index]
        there = node.children[at].get_code(False)
        node.children[at] = parso.parse(" in" if there == "not in" else " not in")
        return node


@cache
def operators() -> dict[str, Operator]:
    """Each by its name."""
    of = OperatorProvider()
    own = {of.__name__: of() for of in (DeleteStatement, ReplaceAugmented, ReplaceIn)}
    return {name: of[name]() for name in _KEPT} | own


@dataclass(frozen=True)
class Mutation:
    """An operator of `operators`, and which of the places where it applies."""

    operator: str
    occurrence: int

    def applied(self, source: str) -> str:
        """The mutant's source. Raises ValueError where there is no such place."""
        found: str | None = mutate_code(source, operators()[self.operator], self.occurrence)
        if found is None:
            raise ValueError(f"no {self.operator} number {self.occurrence}")
        return found


def mutations(source: str) -> Iterator[Mutation]:
    """All of a source, in the order of their operators."""
    nodes = [(node, _is_annotation(node)) for node in ast_nodes(get_ast(source))]
    for name, operator in operators().items():
        occurrence = 0
        for node, is_annotation in nodes:
            for _ in operator.mutation_positions(node):
                if not is_annotation:
                    yield Mutation(name, occurrence)
                occurrence += 1


def _is_annotation(node: Any) -> bool:
    """Whether it is part of a type, which changes nothing that is done."""
    above = node.parent
    while above is not None:
        at = above.children.index(node)
        if above.type in ("tfpdef", "annassign") and at and above.children[at - 1].get_code(False) == ":":
            return True
        if at and above.children[at - 1].get_code(False) == "->":
            return True
        node, above = above, above.parent
    return False


@dataclass(frozen=True, order=True)
class Change:
    """A mutation as a person names it, and as it stays when lines move: within which function or class (dotted, or
    nothing), which text became which, and the how manieth of the like it is there, from 1.
    """

    within: str
    was: str
    becomes: str
    nth: int = 1

    def __str__(self) -> str:
        nth = f" ({self.nth}.)" if self.nth > 1 else ""
        return f"{self.within or 'module'}: {self.was}  ->  {self.becomes}{nth}"


def change(source: str, mutant: str) -> Change:
    """What is different in the mutant."""
    before, after = source.splitlines(), mutant.splitlines()
    found = [of for of in difflib.SequenceMatcher(None, before, after, False).get_opcodes() if of[0] != "equal"]
    first, last = found[0][1], found[-1][2]
    was, becomes = before[first:last], after[found[0][3] : found[-1][4]]
    within = _within(source, first + 1)
    earlier = [i for i in _places(before, was) if i < first and _within(source, i + 1) == within]
    return Change(within, _joined(was), _joined(becomes), len(earlier) + 1)


def _places(lines: Sequence[str], few: Sequence[str]) -> Iterator[int]:
    wanted = _joined(few)
    return (i for i in range(len(lines)) if _joined(lines[i : i + len(few)]) == wanted)


def _joined(lines: Sequence[str]) -> str:
    return " ".join(" ".join(line.split("  # ")[0].split()) for line in lines)


@cache
def named(source: str) -> list[tuple[int, int, str]]:
    """Functions and classes: first line, the one after the last, and dotted name."""
    found = []

    def walk(node: Any, name: str) -> None:
        for of in [*node.iter_funcdefs(), *node.iter_classdefs()]:
            dotted = f"{name}.{of.name.value}" if name else of.name.value
            found.append((of.start_pos[0], of.end_pos[0], dotted))
            walk(of, dotted)

    walk(parso.parse(source), "")
    return found


def _within(source: str, line: int) -> str:
    """The innermost function or class that has this line."""
    around = [(last - first, name) for first, last, name in named(source) if first <= line < last]
    return min(around)[1] if around else ""
