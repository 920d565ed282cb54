"""Private names, made short for the device: each distinct name costs its heap as many bytes as it has letters.

One table for all modules, since one may reach into another. A name stays what it is where anything but the modules
might know it: it stands in a string, in main.py or in a board's module, or is nowhere given by the modules themselves.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator, Mapping
from itertools import count, product
from string import ascii_letters

_PRIVATE = re.compile(r"_[a-z]\w*")
_WORD = re.compile(r"\w+")


def short_names(modules: Collection[str], others: Collection[str]) -> dict[str, str]:
    """Private name to the short one it gets, of all `modules`. `others`: sources that stay as they are."""
    uses: dict[str, int] = {}
    given: set[str] = set()
    kept: set[str] = set()
    taken: set[str] = set()
    for source in modules:
        given |= set(_given(source))
        for token in _tokens(source):
            if token.type == tokenize.NAME:
                taken.add(token.string)
                uses[token.string] = uses.get(token.string, 0) + 1
            elif token.type == tokenize.STRING:
                kept.update(_WORD.findall(token.string))
    for source in others:
        kept.update(_WORD.findall(source))
    names = [name for name in given if _PRIVATE.fullmatch(name) and name not in kept]
    free = (short for short in _shorts() if short not in taken and short not in kept)
    found: dict[str, str] = {}
    short = next(free)
    for name in sorted(names, key=lambda name: (-uses[name], name)):
        if len(short) < len(name):
            found[name] = short
            short = next(free)
    return found


def shortened(source: str, names: Mapping[str, str]) -> str:
    """A module's source with its private names short."""
    lines = source.split("\n")
    for token in reversed(list(_tokens(source))):
        if token.type == tokenize.NAME and token.string in names:
            row, start = token.start
            line = lines[row - 1]
            lines[row - 1] = line[:start] + names[token.string] + line[token.end[1] :]
    return "\n".join(lines)


def _given(source: str) -> Iterator[str]:
    """Names that a module gives something: functions, classes, parameters, variables, attributes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(source).readline)


def _shorts() -> Iterator[str]:
    for length in count(1):
        for letters in product(ascii_letters, repeat=length):
            yield "_" + "".join(letters)
