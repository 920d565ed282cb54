"""The stand-ins for viper's pointers: what a 32 bit processor would cut short, or find elsewhere, raises."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import pytest
from tonus import mpy

POINTERS = [
    (mpy.ptr8, "B", 0, 0xFF),
    (mpy.ptr16, "H", 0, 0xFFFF),
    (mpy.ptr32, "i", -0x80000000, 0x7FFFFFFF),
]


@pytest.mark.parametrize(("pointer", "kind", "least", "most"), POINTERS, ids=["8", "16", "32"])
def test_what_does_not_fit_is_not_stored(pointer: Callable[[Any], Any], kind: str, least: int, most: int) -> None:
    kept = array("q", [7, 7])  # wider than the words: it is not the array that refuses
    words = pointer(kept)
    for value in (least, 0, most):
        words[1] = value
        assert kept[1] == value
    for value in (least - 1, most + 1):
        with pytest.raises(OverflowError, match=str(value)):
            words[1] = value
        assert kept[1] == most
    assert pointer(array(kind, [5]))[0] == 5


@pytest.mark.parametrize("pointer", [pointer for pointer, *_ in POINTERS])
def test_nothing_lies_before_the_first_word(pointer: Callable[[Any], Any]) -> None:
    words = pointer(array("i", [1, 2]))
    with pytest.raises(IndexError):
        words[-1]
    with pytest.raises(IndexError):
        words[-1] = 0
    with pytest.raises(IndexError):
        words[2]


def test_a_negative_number_is_not_read() -> None:
    """To a 64 bit MicroPython it would be another."""
    pointer: Callable[[Any], Any] = mpy.ptr32
    words = pointer(array("i", [-1, 0x7FFFFFFF]))
    assert words[1] == 0x7FFFFFFF
    with pytest.raises(OverflowError, match="-1 at 0"):
        words[0]
