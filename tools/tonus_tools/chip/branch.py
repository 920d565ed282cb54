"""Carry on from here in a process of its own: an emulated device takes a while to boot, and once is enough."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class BranchError(RuntimeError):
    """What was raised in the branch, with its traceback."""


class Branch(Generic[T]):
    """Runs `work` in a copy of this process, at once. Nothing it does is seen here but what it returns (pickled)."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._read, write = os.pipe()
        self._process = os.fork()
        if self._process:
            os.close(write)
            return
        os.close(self._read)
        try:
            said = pickle.dumps((True, work()))
        except BaseException:
            said = pickle.dumps((False, traceback.format_exc()))
        try:
            with open(write, "wb") as pipe:
                pipe.write(said)
        finally:
            os._exit(0)

    def result(self) -> T:
        """Wait for it; once. Raises BranchError."""
        with open(self._read, "rb") as pipe:
            said = pipe.read()
        os.waitpid(self._process, 0)
        if not said:
            raise BranchError("the branch was killed")
        fine, value = pickle.loads(said)
        if not fine:
            raise BranchError(value)
        result: T = value
        return result
