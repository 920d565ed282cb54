"""What the unit tests share."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
from board_files import load_board


@pytest.fixture(scope="session")
def board() -> Callable[[str], ModuleType]:
    """`board(name)` is the board's module."""
    return load_board
