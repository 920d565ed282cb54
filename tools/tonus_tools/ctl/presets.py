"""Preset files on disk: one preset, or a list of them, as `tonusctl preset pull` writes a bank.

Each preset is checked by `tonus.preset`, the file the device itself runs. An error is one line: the file, the preset's
index when the file holds a list, and the validator's words.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tonus import VERSION, fields, limits, preset
from tonus.bank import SHIPPED
from tonus.fields import FieldError

from ..errors import NotGood, UsageError
from . import json_hints, mending

STDIN = "-"  # as a file's name
FILE_MAX = 1 << 20  # bytes: sixteen of the largest presets, generously laid out, are a tenth of it
DEPTH_MAX = 32  # brackets within brackets: a list of presets has five
_TOO_DEEP = f"brackets within brackets, more than {DEPTH_MAX} deep: no preset file"


@dataclass(frozen=True)
class Loaded:
    """A preset and where it came from: a file, with the index in it when the file holds a list."""

    where: str
    preset: preset.Preset
    text: str  # canonical

    @property
    def id(self) -> str:
        return self.preset.id


@dataclass(frozen=True)
class Problem:
    """Why a file, or one preset of it, is refused. `path` is the field, empty for the whole."""

    file: str
    index: int | None
    path: str
    problem: str

    def __str__(self) -> str:
        return f"{_where(self.file, self.index)}: {f'{self.path}: ' if self.path else ''}{self.problem}"


def is_file(name: str) -> bool:
    """Whether a person who names a file or an id means a file."""
    path = Path(name)
    return name == STDIN or path.exists() or bool(path.suffix) or len(path.parts) > 1


def read(path: Path) -> tuple[list[Loaded], list[Problem]]:
    """The presets of a file, or of standard input, and what is wrong with it. UsageError when it cannot be read."""
    file = "standard input" if str(path) == STDIN else str(path)
    try:
        if str(path) == STDIN:
            data = sys.stdin.buffer.read(FILE_MAX + 1)
        else:
            with open(path, "rb") as f:
                data = f.read(FILE_MAX + 1)
    except OSError as error:
        if not is_file(file):
            raise UsageError(_no_file(file)) from None
        raise UsageError(f"{file}: cannot be read: {error.strerror or error}") from None
    if len(data) > FILE_MAX:
        return [], [Problem(file, None, "", f"more than {FILE_MAX} bytes: no preset file")]
    try:
        document = json.loads(json_hints.decoded(data), object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        return [], [Problem(file, None, "", json_hints.told(error))]
    except RecursionError:
        return [], [Problem(file, None, "", _TOO_DEEP)]
    except ValueError as error:
        return [], [Problem(file, None, "", str(error))]
    if _is_deep(document):
        return [], [Problem(file, None, "", _TOO_DEEP)]
    if not isinstance(document, list):
        return _each(file, [(None, document)])
    loaded, problems = _each(file, list(enumerate(document)))
    if not 1 <= len(document) <= limits.BANK_PRESETS_MAX:
        problems.append(Problem(file, None, "", f"{len(document)} presets; allowed 1..{limits.BANK_PRESETS_MAX}"))
    return loaded, problems


def _no_file(name: str) -> str:
    """What to say of a name that is no file's, and perhaps a preset's."""
    made = f"tonusctl preset pull {name} -o {name}.json makes one of the device's"
    if name in SHIPPED:
        back = "tonusctl preset reset puts all of these back"
        return f"{name}: no such file. {name} is a preset that ships: {back}; {made}"
    return f"{name}: no such file; a file is asked for, not a preset's id: {made}"


def read_all(paths: Iterable[Path]) -> tuple[list[Loaded], list[Problem]]:
    """The same for several files."""
    loaded: list[Loaded] = []
    problems: list[Problem] = []
    for path in paths:
        more, wrong = read(path)
        loaded += more
        problems += wrong
    return loaded, problems


def different_ids(loaded: Sequence[Loaded]) -> None:
    """NotGood when two have the same id."""
    seen: dict[str, str] = {}
    for one in loaded:
        if one.id in seen:
            raise NotGood(f"{one.where}: {_taken(one.id, seen[one.id])}")
        seen[one.id] = one.where


def from_device(id: str, text: str) -> Loaded:
    """A preset the device holds. NotGood when this tool does not take it: a firmware with other rules."""
    try:
        return Loaded(f"the device's {id}", preset.parse(text), text)
    except FieldError as error:
        raise NotGood(f"the device's {id}: {error}; use the tonusctl of the firmware's version") from None


def shipped() -> dict[str, Loaded]:
    """Those that ship with this version, by id, in MODE's order."""
    where = f"shipped with firmware {VERSION}"
    folder = Path(preset.__file__).with_name("presets")
    held = [preset.parse((folder / f"{id}.json").read_text(encoding="utf-8")) for id in SHIPPED]
    return {p.id: Loaded(where, p, preset.canonical(p)) for p in held}


def bank_file(texts: Iterable[str]) -> str:
    """A bank's file: a JSON list, one canonical preset a line."""
    return "[\n" + ",\n".join(texts) + "\n]\n"


def _each(file: str, documents: list[tuple[int | None, Any]]) -> tuple[list[Loaded], list[Problem]]:
    loaded: list[Loaded] = []
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for index, document in documents:
        where = _where(file, index)
        wrong = [*_twice(document, ""), *mending.errors(preset.upgrade(document))]
        problems += [Problem(file, index, error.path, error.problem) for error in wrong]
        if wrong:
            continue
        p = preset.build(preset.upgrade(document))
        try:
            text = preset.canonical(p)
            if len(text) > limits.PRESET_CHARS_MAX:
                most = f"allowed at most {limits.PRESET_CHARS_MAX}"
                raise FieldError("", f"{len(text)} characters in canonical form; {most}")
            if p.id in seen:
                raise FieldError("", _taken(p.id, seen[p.id]))
        except FieldError as error:
            problems.append(Problem(file, index, error.path, error.problem))
            continue
        seen[p.id] = where
        loaded.append(Loaded(where, p, text))
    return loaded, problems


def _taken(id: str, by: str) -> str:
    return f"id: {fields.show(id)} is taken by {by}; allowed ids that differ"


def _where(file: str, index: int | None) -> str:
    return file if index is None else f"{file}: [{index}]"


class _Object(dict[str, Any]):
    """A JSON object that remembers a key it was given twice: the later one would silently win."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        keys = [key for key, _ in pairs]
        self.twice = [key for key in self if keys.count(key) > 1] if len(self) < len(keys) else []


def _is_deep(document: object) -> bool:
    """Whether this is nested deeper than anything here that calls itself should have to follow."""
    level = [document]
    for _ in range(DEPTH_MAX):
        level = [item for one in level if isinstance(one, (dict, list)) for item in _items(one)]
    return bool(level)


def _items(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _twice(value: object, path: str) -> Iterator[FieldError]:
    """Every key that is given twice."""
    if isinstance(value, _Object):
        for key in value.twice:
            yield FieldError(fields.join(path, key), "given twice; allowed once")
        for key, item in value.items():
            yield from _twice(item, fields.join(path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _twice(item, f"{path}[{i}]")
