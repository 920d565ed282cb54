"""Preset files on disk: one preset, or a list of them, as `tonusctl preset pull` writes a bank.

Each preset is checked by `tonus.preset`, the file the device itself runs. An error is one line: the file, the preset's
index when the file holds a list, and the validator's words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tonus import fields, limits, preset
from tonus.fields import FieldError

from .errors import NotGood, UsageError

FILE_MAX = 1 << 20  # bytes: sixteen of the largest presets, generously laid out, are a tenth of it


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


def read(path: Path) -> tuple[list[Loaded], list[Problem]]:
    """The presets of a file, and what is wrong with it. UsageError when it cannot be read at all."""
    try:
        with open(path, "rb") as f:
            data = f.read(FILE_MAX + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
    file = str(path)
    if len(data) > FILE_MAX:
        return [], [Problem(file, None, "", f"more than {FILE_MAX} bytes: no preset file")]
    try:
        document = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_Object)
    except UnicodeDecodeError:
        return [], [Problem(file, None, "", "not text in UTF-8")]
    except json.JSONDecodeError as error:
        return [], [Problem(file, None, "", f"not valid JSON: line {error.lineno} column {error.colno}: {error.msg}")]
    except (ValueError, RecursionError):
        return [], [Problem(file, None, "", "not valid JSON")]
    if not isinstance(document, list):
        return _each(file, [(None, document)])
    loaded, problems = _each(file, list(enumerate(document)))
    if not 1 <= len(document) <= limits.BANK_PRESETS_MAX:
        problems.append(Problem(file, None, "", f"{len(document)} presets; allowed 1..{limits.BANK_PRESETS_MAX}"))
    return loaded, problems


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


def bank_file(texts: Iterable[str]) -> str:
    """A bank's file: a JSON list, one canonical preset a line."""
    return "[\n" + ",\n".join(texts) + "\n]\n"


def _each(file: str, documents: list[tuple[int | None, Any]]) -> tuple[list[Loaded], list[Problem]]:
    loaded: list[Loaded] = []
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for index, document in documents:
        where = _where(file, index)
        try:
            _no_duplicates(document, "")
            p = preset.build(preset.upgrade(document))
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
        self.twice = next((key for key in keys if keys.count(key) > 1), None) if len(self) < len(keys) else None


def _no_duplicates(value: object, path: str) -> None:
    if isinstance(value, _Object):
        if value.twice is not None:
            raise FieldError(fields.join(path, value.twice), "given twice; allowed once")
        for key, item in value.items():
            _no_duplicates(item, fields.join(path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _no_duplicates(item, f"{path}[{i}]")
