"""Plays tests on mutants: one process each, that begins with all that is not the project's already loaded."""

from __future__ import annotations

import contextlib
import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from types import CodeType, ModuleType
from typing import Any

import hypothesis
import pytest

from ..world.boards import FIRMWARE, ROOT

PROFILE = "mutants"  # of hypothesis: the same examples each time, and none sought that is smaller
MORE_S = 10  # of the processor that a mutant may take above what it takes without one
TIMES = 10  # ... and so many times that
WALL_S = 900  # one that waits for what never comes
BYTES = 6 << 30
PASSED, NONE_FOUND = 0, 5  # pytest's exit codes


class UnusableError(RuntimeError):
    """The tests do not pass on the firmware as it is."""


class _Mutant(importlib.machinery.SourceFileLoader):
    """Gives one module another source."""

    def __init__(self, name: str, source: str) -> None:
        super().__init__(f"tonus.{name}", str(FIRMWARE / "tonus" / f"{name}.py"))
        self.source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.path, "exec")

    def find_spec(self, name: str, path: object, target: object = None) -> Any:
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None


def _is_ours(module: ModuleType) -> bool:
    """The project's own, or a test: what may keep something of the module that is changed."""
    path = getattr(module, "__file__", None) or ""
    if module.__name__.split(".")[0] in ("tonus", "tonus_tools"):
        return True
    return bool(path) and "site-packages" not in path and not path.startswith(sys.base_prefix)


def _forget() -> None:
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType) and _is_ours(module):
            del sys.modules[name]


def _pytest(arguments: Iterable[str]) -> int:
    options = ["-x", "-q", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"]
    options += ["--tb=line", "--assert=plain", f"--rootdir={ROOT}", f"-c{ROOT / 'pyproject.toml'}"]
    options += [f"--hypothesis-profile={PROFILE}"]
    return int(pytest.main([*options, *arguments]))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    kept = [(fd, os.dup(fd)) for fd in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for fd, _ in kept:
            os.dup2(nowhere, fd)
        yield
    finally:
        os.close(nowhere)
        for fd, copy in kept:
            os.dup2(copy, fd)
            os.close(copy)


class Runner:
    """Tests of one module of the firmware. tests: pytest's arguments. Raises UnusableError."""

    def __init__(self, module: str, tests: Sequence[str]) -> None:
        self.module, self.tests = module, list(tests)
        hypothesis.settings.register_profile(
            PROFILE, derandomize=True, database=None, deadline=None, phases=list(hypothesis.Phase)[:3]
        )
        os.chdir(ROOT)
        with _quiet():
            _pytest(["--collect-only", *self.tests])  # loads what the tests load
        _forget()
        began = time.monotonic()
        status, used = self._wait([self._begin(None, WALL_S)])
        self.took_s = time.monotonic() - began
        if status != PASSED:
            raise UnusableError(f"{module}: pytest ends with {status} on the firmware as it is: {' '.join(self.tests)}")
        self._limit_s = int(MORE_S + TIMES * used)

    def survivors(self, mutants: Iterable[tuple[Any, str]], jobs: int) -> Iterator[Any]:
        """Of (name, source) the names of those on which every test passes."""
        running: dict[int, Any] = {}
        for name, source in mutants:
            while len(running) >= jobs:
                yield from self._ended(running)
            running[self._begin(source, self._limit_s)] = name
        while running:
            yield from self._ended(running)

    def _ended(self, running: dict[int, Any]) -> Iterator[Any]:
        pid, status = os.wait()
        name = running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        if code == NONE_FOUND:
            raise UnusableError(f"{self.module}: no tests")
        if code == PASSED:
            yield name

    def _wait(self, pids: Sequence[int]) -> tuple[int, float]:
        _, status, used = os.wait4(pids[0], 0)
        return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime

    def _begin(self, source: str | None, limit_s: int) -> int:
        """A process that plays the tests on this source; its id. Its exit code is pytest's."""
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            return pid
        code = 99
        try:
            signal.alarm(WALL_S)
            resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
            resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
            nowhere = os.open(os.devnull, os.O_RDWR)
            for fd in (0, 1, 2):
                os.dup2(nowhere, fd)
            if source is not None:
                sys.meta_path.insert(0, _Mutant(self.module, source))
            sys.dont_write_bytecode = True
            code = _pytest(self.tests)
        finally:
            os._exit(code)
