"""The names that the image gives to what is private are MicroPython's own."""

from __future__ import annotations

import pytest
from tonus_tools.errors import UsageError
from tonus_tools.image import micropython
from tonus_tools.image.names import KNOWN


def test_they_are_in_micropython_s_image() -> None:
    try:
        pages = micropython.load().pages
    except UsageError as missing:
        pytest.skip(f"no MicroPython to look into: {missing}")
    image = b"".join(pages[at] for at in sorted(pages))
    assert [name for name in KNOWN if name.encode() + b"\0" not in image] == []
