"""Numbers that have a name in the sources, put where they are used: names cost the device's heap, some 10 KB of it.

`limits.NAME` becomes its number, in every module of the firmware, and so do those of the other modules of NAMED, which
no longer name theirs. A module's own `_NAME = number` becomes `_NAME = const(number)`, which MicroPython's compiler
does the same to. What faults and events mean, in words for people, stays with the tools: the device never says it. Nor
has it what stands in for MicroPython elsewhere. All else is as the source says: tests compare the two.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Mapping

from ..errors import UsageError

_PRIVATE = re.compile(r"_[A-Z][A-Z0-9_]*")


NAMED = ("limits", "faults", "link", "program", "guard")  # modules whose numbers are folded
Numbers = Mapping[str, Mapping[str, int]]  # of each of these, by name


def numbers_of(source: str) -> dict[str, int]:
    """The whole numbers that a module gives a public name at its top, each worked out from those before it."""
    found: dict[str, int] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            try:
                names = {"const": int, **found}
                value = eval(compile(ast.Expression(node.value), "", "eval"), {"__builtins__": {}}, names)
            except (NameError, TypeError):
                continue
            if type(value) is int and not node.targets[0].id.startswith("_"):
                found[node.targets[0].id] = value
    return found


def folded(source: str, name: str, numbers: Numbers) -> str:
    """A module's source, the numbers folded. UsageError when it asks `limits` for something else."""
    stem = name.rpartition("/")[2].removesuffix(".py")
    source = _without_stand_ins(_without_meanings(source))
    if stem in numbers:
        source = _without_own(source, numbers[stem])
    source = _without_names(source, name, numbers)
    own = _own_numbers(source)
    lines = source.split("\n")
    for node in own:
        value = ast.get_source_segment(source, node.value)
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        target = node.targets[0]
        assert isinstance(target, ast.Name)
        lines[first : last + 1] = [f"{target.id} = const({value})"] + [""] * (last - first)
    return "\n".join(lines)


def _literal(number: int) -> str:
    return str(number) if number >= 0 else f"({number})"


def _without_own(source: str, numbers: Mapping[str, int]) -> str:
    """A module that gives its numbers no names, and uses them itself as numbers."""
    lines = source.split("\n")
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in numbers:
            last = node.end_lineno or node.lineno
            lines[node.lineno - 1 : last] = [""] * (last - node.lineno + 1)
    source = "\n".join(lines)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    lines = source.split("\n")
    for before, token in reversed(list(zip(tokens, tokens[1:], strict=False))):
        if token.type == tokenize.NAME and token.string in numbers and before.string != ".":
            row, start = token.start
            line = lines[row - 1]
            lines[row - 1] = line[:start] + _literal(numbers[token.string]) + line[token.end[1] :]
    return "\n".join(lines)


def _without_names(source: str, name: str, numbers: Numbers) -> str:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2] in numbers:
            for each in node.names:
                if each.name in numbers[(node.module or "").rpartition(".")[2]]:
                    raise UsageError(f"{name}: line {node.lineno}: {each.name} by its module's name, not imported")
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    lines = source.split("\n")
    for at in range(len(tokens) - 3, -1, -1):
        module, dot, field = tokens[at : at + 3]
        before = tokens[at - 1].string if at else ""
        if module.string not in numbers or dot.string != "." or before == "." or field.type != tokenize.NAME:
            continue
        known = numbers[module.string]
        if field.string not in known:
            if module.string == "limits":
                raise UsageError(f"{name}: limits.{field.string}: allowed one of its numbers")
            continue
        (row, start), (end_row, end) = module.start, field.end
        if row != end_row:
            raise UsageError(f"{name}: line {row}: {module.string}. and its number on one line")
        line = lines[row - 1]
        lines[row - 1] = f"{line[:start]}{_literal(known[field.string])}{line[end:]}"
    return "\n".join(lines)


def _without_meanings(source: str) -> str:
    """FAULTS with names alone, and EVENTS with nothing: the device asks for no more."""
    lines = source.split("\n")
    for node in reversed(ast.parse(source).body):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Dict):
            continue
        target = ast.unparse(node.targets[0])
        if target == "FAULTS":
            kept = [
                f"{ast.unparse(key)}: ({ast.unparse(value.elts[0])},)"
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                if key is not None and isinstance(value, ast.Tuple)
            ]
        elif target == "EVENTS":
            kept = []
        else:
            continue
        first, last = node.lineno - 1, node.end_lineno or node.lineno
        lines[first:last] = [f"{target} = {{{', '.join(kept)}}}"] + [""] * (last - first - 1)
    return "\n".join(lines)


def _without_stand_ins(source: str) -> str:
    """Without what is done when an import fails, at the module's top: MicroPython's own never do."""
    lines = source.split("\n")
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.Try) and all(isinstance(each, (ast.Import, ast.ImportFrom)) for each in node.body):
            imports = [ast.unparse(each) for each in node.body]
            last = node.end_lineno or node.lineno
            lines[node.lineno - 1 : last] = imports + [""] * (last - node.lineno + 1 - len(imports))
    return "\n".join(lines)


def _own_numbers(source: str) -> list[ast.Assign]:
    """Assignments, at a module's top, of a whole number to a private name that is never anything else."""
    tree = ast.parse(source)
    stored: dict[str, int] = {}
    used: dict[str, tuple[int, int]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                used[node.id] = min(used.get(node.id, (1 << 30, 0)), (node.lineno, node.col_offset))
            else:
                stored[node.id] = stored.get(node.id, 0) + 1
        elif isinstance(node, ast.Global):
            for each in node.names:
                stored[each] = stored.get(each, 0) + 1
    found: list[ast.Assign] = []
    known: set[str] = set()
    for node in tree.body:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            continue
        id = node.targets[0].id
        if not _PRIVATE.fullmatch(id) or stored[id] != 1 or not _is_number(node.value, known):
            continue
        if used.get(id, (1 << 30, 0)) > (node.lineno, 0):  # the compiler knows it from here on
            known.add(id)
            found.append(node)
    return found


def _is_number(node: ast.expr, known: set[str]) -> bool:
    """Whether the compiler can work it out: whole numbers, and private names of such."""
    if isinstance(node, ast.Constant):
        return type(node.value) is int
    if isinstance(node, ast.Name):
        return node.id in known
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, (ast.USub, ast.Invert)) and _is_number(node.operand, known)
    if isinstance(node, ast.BinOp):
        whole = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.LShift, ast.RShift, ast.BitAnd, ast.BitOr)
        return isinstance(node.op, whole) and _is_number(node.left, known) and _is_number(node.right, known)
    return False
