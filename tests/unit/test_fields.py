"""What is wrong with a field, in one line: its path, the value as the person wrote it, what is allowed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tonus import fields, limits
from tonus.fields import FieldError

SHOWN_MAX = 40
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_any_value_is_shown_in_one_short_line_of_ascii(value: object) -> None:
    shown = fields.show(value)
    assert 0 < len(shown) <= SHOWN_MAX
    assert all(" " <= c <= "~" for c in shown)
    if not isinstance(value, (list, dict)) and len(json.dumps(value)) < SHOWN_MAX:
        assert json.loads(shown) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({}, "{}"), ({"a": {}}, "{...}"), ([], "[]"), ([[]], "[...]"), ((), "[]"), ((1,), "[...]"),
        (b"\x80", r"b'\x80'"), ({1}, "{1}"), (1j, "1j"),
        ("x" * 38, '"' + "x" * 38 + '"'), ("x" * 39, '"' + "x" * 36 + "..."),
    ],
)  # fmt: skip
def test_what_json_cannot_say_and_what_is_too_long(value: object, shown: str) -> None:
    assert fields.show(value) == shown


@pytest.mark.parametrize(
    ("path", "key", "joined"),
    [
        ("", "a", "a"), ("zones[0]", "top_ua", "zones[0].top_ua"), ("x", "", 'x.""'),
        ("", "x" * (limits.NAME_CHARS_MAX + 1), fields.show("x" * (limits.NAME_CHARS_MAX + 1))),
        ("", "\x7f", r'"\u007f"'),
    ],
)  # fmt: skip
def test_the_path_of_a_key(path: str, key: str, joined: str) -> None:
    assert fields.join(path, key) == joined


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ({"a": 1, "b": 2}, None), ({"a": 1, "b": 2, "c": 3}, None),
        ([], "p: []; allowed an object with a, b, c"), (None, "p: null; allowed an object with a, b, c"),
        ({"a": 1}, "p.b: missing; required are a, b"),
        ({"a": 1, "b": 2, "d": 3}, "p.d: unknown field; allowed a, b, c"),
        ({"a": 1, "b": 2, 3: 3}, "p.3: unknown field; allowed a, b, c"),
    ],
)  # fmt: skip
def test_an_object_has_what_it_needs_and_nothing_else(item: Any, problem: str | None) -> None:
    told = None
    try:
        assert fields.of(item, "p", ("a", "b"), ("c",)) is item
    except FieldError as error:
        told = str(error)
    assert told == problem


LONGEST = "x" * limits.NAME_CHARS_MAX


@pytest.mark.parametrize("good", ["a", " ", "~", LONGEST])
def test_a_name(good: str) -> None:
    assert fields.text({"n": good}, "n", "p") == good


@pytest.mark.parametrize("bad", ["", LONGEST + "x", "\x1f", "\x7f", "a\u00e9", 1, None, ["a"]])
def test_no_name(bad: object) -> None:
    with pytest.raises(FieldError) as caught:
        fields.text({"n": bad}, "n", "p")
    allowed = f"allowed 1..{limits.NAME_CHARS_MAX} printable ASCII characters"
    assert str(caught.value) == f"p.n: {fields.show(bad)}; {allowed}"


def test_a_choice() -> None:
    assert fields.choice({"n": "b"}, "n", "p", ("a", "b")) == "b"
    for bad in ("c", "", 1, None, ["a"]):
        with pytest.raises(FieldError) as caught:
            fields.choice({"n": bad}, "n", "p", ("a", "b"))
        assert str(caught.value) == f"p.n: {fields.show(bad)}; allowed a, b"


@pytest.mark.parametrize(
    ("value", "least", "most", "unit", "problem"),
    [
        (3, 3, 5, "", None), (5, 3, 5, "", None),
        (2, 3, 5, "", "n: 2; allowed 3..5"), (6, 3, 5, "uA", "n: 6; allowed 3..5 uA"), (6, 5, 5, "", "n: 6; allowed 5"),
        (True, 0, 5, "", "n: true; allowed 0..5"), (4.0, 3, 5, "", "n: 4.0; allowed 3..5"),
        ("4", 3, 5, "", 'n: "4"; allowed 3..5'), (None, 3, 5, "", "n: null; allowed 3..5"),
    ],
)  # fmt: skip
def test_an_integer_of_a_range(value: object, least: int, most: int, unit: str, problem: str | None) -> None:
    told = None
    try:
        assert fields.integer({"n": value}, "n", "", least, most, unit) == value
    except FieldError as error:
        told = str(error)
    assert told == problem
