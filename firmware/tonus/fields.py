"""Checks decoded JSON, field by field. What is wrong is one line: the field's path, the value, what is allowed."""

import json

from . import limits

_SHOWN_MAX = 40  # characters of a value in a message


class FieldError(ValueError):
    """A value was refused. `path` is the field, as in `zones[2].waveform.rate_hz`."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(path + ": " + problem if path else problem)


def show(value: object) -> str:
    """A value as the person wrote it, in ASCII, cut to fit one line; of a list or an object only that it is one.

    Nothing here recurses, however deep the value: a hard interrupt that finds the stack nearly full raises, and ends.
    """
    if isinstance(value, dict):
        return "{...}" if value else "{}"
    if isinstance(value, (list, tuple)):
        return "[...]" if value else "[]"
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        text = repr(value)
    text = "".join([c if " " <= c <= "~" else "\\u%04x" % ord(c) for c in text[: _SHOWN_MAX + 1]])
    return text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 3] + "..."


def join(path: str, key: str) -> str:
    """The path of a key."""
    if not is_text(key):
        key = show(key)
    return path + "." + key if path else key


def is_text(value: object) -> bool:
    """Whether a value is a name that every part of the device and every tool can show."""
    return isinstance(value, str) and 1 <= len(value) <= limits.NAME_CHARS_MAX and is_printable(value)


def is_printable(text: str) -> bool:
    """Whether every character is printable ASCII."""
    return not text or (min(text) >= " " and max(text) <= "~")


def of(item: object, path: str, names: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, object]:
    """`item` as an object that has all of `names`, perhaps some of `optional`, and nothing else."""
    allowed = names + optional
    if not isinstance(item, dict):
        raise FieldError(path, "%s; allowed an object with %s" % (show(item), ", ".join(allowed)))
    for key in item:
        if key not in allowed:
            raise FieldError(join(path, str(key)), "unknown field; allowed %s" % ", ".join(allowed))
    for key in names:
        if key not in item:
            raise FieldError(join(path, key), "missing; required are %s" % ", ".join(names))
    return item


def text(given: dict[str, object], key: str, path: str) -> str:
    """A name: 1..NAME_CHARS_MAX printable ASCII characters."""
    value = given[key]
    if not isinstance(value, str) or not is_text(value):
        raise FieldError(
            join(path, key), "%s; allowed 1..%d printable ASCII characters" % (show(value), limits.NAME_CHARS_MAX)
        )
    return value


def choice(given: dict[str, object], key: str, path: str, texts: tuple[str, ...]) -> str:
    """One of some texts."""
    value = given[key]
    for text in texts:
        if value == text:
            return text
    raise FieldError(join(path, key), "%s; allowed %s" % (show(value), ", ".join(texts)))


def integer(given: dict[str, object], key: str, path: str, least: int, most: int, unit: str = "") -> int:
    """An integer of a range. A float is refused, also a whole one: nothing is rounded."""
    value = given[key]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        allowed = "%d" % least if least == most else "%d..%d" % (least, most)
        raise FieldError(join(path, key), "%s; allowed %s%s" % (show(value), allowed, " " + unit if unit else ""))
    return value
