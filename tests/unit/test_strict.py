"""What is taken for JSON is JSON, byte for byte what CPython's `json` says, and the error says where it is not."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_lines import mutated, opened, value_of
from tonus import limits, strict

PART = 15_000


def same(data: bytes) -> bool:
    """Whether it is JSON; checker and CPython agree on that, and on the value."""
    try:
        wanted = value_of(data)
    except ValueError:
        with pytest.raises(ValueError, match=r"^(not valid JSON|nested too deep)[^\n]*$"):
            strict.loads(data)
        return False
    assert repr(strict.loads(data)) == repr(wanted), data
    return True


@pytest.mark.parametrize("seed", range(8))
def test_mutated_lines_are_taken_as_cpython_takes_them(seed: int) -> None:
    rng = random.Random(seed)
    taken = sum(same(mutated(rng)) for _ in range(PART))
    assert PART // 10 < taken < PART * 9 // 10  # the lines are of both kinds


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(values, st.booleans(), st.sampled_from([None, 0, 1, "\t"]))
def test_what_python_writes_is_taken(value: object, ascii_only: bool, indent: int | str | None) -> None:
    try:
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    except UnicodeEncodeError:
        return  # half a pair of surrogates is no UTF-8
    same(text)


@given(st.binary(max_size=60) | st.text(alphabet='{}[],:"\\u09-+.eE truefalsn\xe9', max_size=40).map(str.encode))
def test_any_bytes(data: bytes) -> None:
    same(data)


@given(st.binary(max_size=6))
def test_any_bytes_in_a_text(data: bytes) -> None:
    same(b'"' + data + b'"')


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'{"a" 1}', "not valid JSON at byte 5"),
        (b",,", "not valid JSON at byte 0"),
        (b"01", "not valid JSON at byte 1"),
        (b'{"a":1,}', "not valid JSON at byte 7"),
        (b"[1 2]", "not valid JSON at byte 3"),
        (b"[1,", "not valid JSON: it ends too early"),
        (b"", "not valid JSON: it ends too early"),
        (b'"a', "not valid JSON: it ends too early"),
        (b"1.", "not valid JSON: it ends too early"),
        (b"NaN", "not valid JSON at byte 0"),
        (b"\xef\xbb\xbf{}", "not valid JSON at byte 0"),
        (b'"\xed\xa0\x80"', "not valid JSON at byte 2"),
        (b'"a\tb"', "not valid JSON at byte 2"),
        (b"{}{}", "not valid JSON at byte 2"),
    ],
)
def test_the_error_says_where(data: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{problem}$"):
        strict.loads(data)


@pytest.mark.parametrize(("opening", "closing"), ["[]", ('{"a":', "1}")])
def test_the_depth_is_the_limit(opening: str, closing: str) -> None:
    for levels in (limits.JSON_DEPTH_MAX, limits.JSON_DEPTH_MAX + 1, 1000):
        text = (opening * levels + "1" * (closing == "1}") + closing[-1] * levels).encode()
        assert opened(text) == levels
        if levels == limits.JSON_DEPTH_MAX:
            strict.loads(text)
            continue
        at = limits.JSON_DEPTH_MAX * len(opening)
        with pytest.raises(ValueError, match=f"^nested too deep at byte {at}; allowed {limits.JSON_DEPTH_MAX} levels$"):
            strict.loads(text)


def test_of_two_values_of_a_key_the_last_counts() -> None:
    assert strict.loads(b'{"a":1,"a":2}') == {"a": 2}
