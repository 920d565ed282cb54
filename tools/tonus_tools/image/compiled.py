"""The firmware's sources as .mpy files, for the RP2040."""

from __future__ import annotations

from functools import cache
from pathlib import PurePosixPath

from ..cross import cross_compiled

# What sys.implementation._mpy says of an interpreter that takes these: version 6, ARMv6-M; the sub-version apart.
ARCHITECTURE, ARCHITECTURE_MASK = 6 | 4 << 10, 0xFF | 0xF << 10
# The RP2040's cores; console.py has native code. Without line numbers, which would take 4 KB of the heap; a traceback
# names the functions.
_OPTIONS = ("-march=armv6m", "-O3")


@cache
def compiled(source: bytes, name: str) -> bytes:
    """The .mpy of a source. `name` is what tracebacks call it. UsageError when it does not compile."""
    return cross_compiled(source, name, *_OPTIONS, "-s", PurePosixPath(name).stem)
