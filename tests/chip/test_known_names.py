"""The names that the image gives to the firmware's own are MicroPython's, and those are all that it has."""

from __future__ import annotations

import pytest
from tonus_tools.errors import UsageError
from tonus_tools.image import micropython
from tonus_tools.image.lean import lean
from tonus_tools.image.micropythons import NAMES

FLASH = 0x10000000  # where the RP2040 has it


@pytest.fixture(scope="module")
def image() -> bytes:
    try:
        pages = micropython.load().pages
    except UsageError as missing:
        pytest.skip(f"no MicroPython to look into: {missing}")
    size = max(pages) + 256
    flash = bytearray(size)
    for at, page in pages.items():
        flash[at : at + len(page)] = page
    return bytes(flash)


def is_pointed_to(image: bytes, name: str) -> bool:
    """Whether this text is in the image and something points to its first letter: the end of another is no name."""
    text = name.encode() + b"\0"
    at = image.find(text)
    while at >= 0:
        pointer = image.find((FLASH + at).to_bytes(4, "little"))
        while pointer >= 0:
            if pointer % 4 == 0:
                return True
            pointer = image.find((FLASH + at).to_bytes(4, "little"), pointer + 1)
        at = image.find(text, at + 1)
    return False


def test_they_are_in_micropython_s_image(image: bytes) -> None:
    assert [name for name in sorted(NAMES) if not is_pointed_to(image, name)] == []


def test_none_that_is_micropython_s_is_taken_for_the_firmware_s_own(image: bytes) -> None:
    """That would be another name there: `append` of a list, say, in the sources alone."""
    compared = {"a"}  # a text of MicroPython's, and no name
    assert {name for name in lean().names if is_pointed_to(image, name)} <= compared
