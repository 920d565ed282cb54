"""The firmware's own names, as names that MicroPython has itself: those cost the device's heap nothing.

Each other name costs it as many bytes as it has letters and some eight more, and time: of each module that is loaded,
each name is looked for among all that have come before. Some names stay as they are: those of modules and of
exceptions, which people read; those that others might know, since they stand in a string, in main.py or in a board's
module; and a `const`, which begins with an underscore and is thus no name on the device.

So a traceback of the device speaks of `acosh` where the source has `_enter`. `python -m tonus_tools.image names` tells
which is which.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping

from .micropythons import NAMES

# What MicroPython may ask any object for, and what a PIO program may find in its module.
_ASKED = """
    close count default flush gpio ioctl irq key keys mount nop null open pc pindirs push read readblocks readinto
    readline remove seek send setblocking stat status sync throw value word write writeblocks
""".split()  # noqa: SIM905
_OWN = re.compile(r"(?!__)[A-Za-z_]\w*")


def known_names(modules: Mapping[str, str], others: Iterable[str]) -> dict[str, str]:
    """Own name to the one it gets, one table for all `modules` (path to source), since one may reach into another.

    A name that only attributes have may be given the same as one that none has: they are looked up in different places.
    others: sources that stay as they are. The names used most come first, should there be too few.
    """
    uses: dict[str, int] = {}
    variables: set[str] = set()
    attributes: set[str] = set()
    given: set[str] = set()
    kept = {path.rpartition("/")[2].removesuffix(".py") for path in modules} | NAMES
    for source in modules.values():
        tree = ast.parse(source)
        kept.update(_strings(tree))
        for kind, name, gives in _names(tree):
            (attributes if kind == "attribute" else variables).add(name)
            if gives:
                given.add(name)
            if kind == "kept":
                kept.add(name)
        for token in _tokens(source):
            if token.type == tokenize.NAME:
                uses[token.string] = uses.get(token.string, 0) + 1
    for source in others:
        kept.update(_strings(ast.parse(source)))
        kept.update(token.string for token in _tokens(source) if token.type == tokenize.NAME)
    names = [name for name in given if _OWN.fullmatch(name) and name not in kept]
    names.sort(key=lambda name: (-uses[name], name))
    free = sorted((name for name in NAMES - set(_ASKED) if name not in uses), key=_spread(NAMES))
    # Those that are both first, then both kinds from the same place on.
    both = [name for name in names if name in variables and name in attributes]
    known = dict(zip(both, free, strict=False))
    rest = free[len(both) :]
    for only in (variables - attributes, attributes - variables):
        known |= dict(zip([name for name in names if name in only], rest, strict=False))
    return known


def _names(tree: ast.Module) -> Iterator[tuple[str, str, bool]]:
    """Each name's kind (variable, attribute, or one that is kept), the name, whether it is given something."""
    methods = {id(each) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for each in node.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield "kept" if is_exception(node) else "variable", node.name, True
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield "attribute" if id(node) in methods else "variable", node.name, True
        elif isinstance(node, ast.arg):
            yield "variable", node.arg, True
        elif isinstance(node, ast.keyword) and node.arg:
            yield "variable", node.arg, False
        elif isinstance(node, ast.alias):
            yield "variable", node.name, False
            if node.asname:
                yield "variable", node.asname, True
        elif isinstance(node, ast.Attribute):
            yield "attribute", node.attr, isinstance(node.ctx, ast.Store)
        elif isinstance(node, ast.Name):
            yield "variable", node.id, isinstance(node.ctx, ast.Store)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield "variable", node.name, True
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("const("):
            targets = [ast.unparse(target) for target in node.targets]
            yield from (("kept", name, True) for name in targets if name.startswith("_"))


def _spread(names: Iterable[str]) -> Callable[[str], tuple[int, int]]:
    """An order in which neighbours are hashed to different numbers, as far as those reach: MicroPython's are of 8 bits.

    So what is looked up most meets the fewest others on the way.
    """
    place: dict[str, tuple[int, int]] = {}
    rounds = [0] * 256
    for name in sorted(names):
        value = 5381
        for byte in name.encode():
            value = value * 33 ^ byte
        place[name] = (rounds[value & 0xFF], value & 0xFF)
        rounds[value & 0xFF] += 1
    return place.__getitem__


def renamed(source: str, names: Mapping[str, str]) -> str:
    """A module's source with these names in place of its own."""
    lines = source.split("\n")
    for token in reversed(list(_tokens(source))):
        if token.type == tokenize.NAME and token.string in names:
            row, start = token.start
            line = lines[row - 1]
            lines[row - 1] = line[:start] + names[token.string] + line[token.end[1] :]
    return "\n".join(lines)


def _strings(tree: ast.Module) -> Iterator[str]:
    """Strings, any of which may be a name: one that is there anyway, or that something is asked for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def is_exception(node: ast.ClassDef) -> bool:
    """Whether it is one, as far as its bases' names tell."""
    return any("Error" in base or "Exception" in base for base in map(ast.unparse, node.bases))


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(source).readline)
