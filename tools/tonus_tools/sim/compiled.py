"""Modules compiled once for the simulator's interpreter: those of the firmware and of the world around it.

To make a module of its source takes MicroPython longer than to run it for a second. They are kept beside this package,
where Python keeps its own, in a folder named by all that they come from: what is found there is never stale.
"""

from __future__ import annotations

import ast
import atexit
import hashlib
import os
import shutil
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from ..errors import UsageError
from ..world.boards import BOARDS, FIRMWARE

WORLD = Path(__file__).resolve().parents[1] / "world"
OPTIONS = ("-march=x64", "-msmall-int-bits=63")  # of the extra `sim`'s interpreter: target/run.py asks the one it has
KEPT = Path(__file__).resolve().parent / "__pycache__"
OLD_S = 24 * 3600.0  # after a day without use no run is still going on that takes its modules from there


@cache
def folder() -> Path | None:
    """Where they are. None without mpy-cross.

    world/NAME.mpy; tonus/DIGEST.mpy, by the SHA-256 of the source; names.mpy, which has all names of the firmware. Of
    each board that was simulated, BOARD.img: the flash with the firmware on it (runner.py).
    """
    try:
        from ..cross import MICROPYTHON, cross_compiled
    except ModuleNotFoundError:
        return None
    sources = {f"world/{path.stem}": path for path in WORLD.glob("*.py")}
    sources |= {f"tonus/{path.stem}": path for path in (FIRMWARE / "tonus").glob("*.py")}
    texts = {name: path.read_bytes() for name, path in sorted(sources.items())}
    others = [FIRMWARE / "main.py", *sorted(FIRMWARE.glob("tonus/presets/*.json")), *sorted(BOARDS.glob("*/board.py"))]
    its = (MICROPYTHON, OPTIONS, texts, [path.read_bytes() for path in others])  # all that is on a device's flash
    digest = hashlib.sha256(repr(its).encode()).hexdigest()
    kept = KEPT / f"mpy-{digest[:16]}"
    if kept.is_dir():
        with suppress(OSError):
            os.utime(kept)  # in use: see OLD_S
        return kept
    try:
        KEPT.mkdir(exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="mpy-", dir=KEPT))
    except OSError:  # not ours to write to: for this process alone
        made = kept = Path(tempfile.mkdtemp(prefix="tonus-mpy-"))
        atexit.register(shutil.rmtree, kept, ignore_errors=True)
    for part in ("world", "tonus"):
        (made / part).mkdir()
    names = set()
    for name, text in texts.items():
        part, stem = name.split("/")
        file = made / part / f"{stem if part == 'world' else hashlib.sha256(text).hexdigest()}.mpy"
        with suppress(UsageError):  # what only CPython can read, or what somebody is writing: it says so when it is run
            file.write_bytes(cross_compiled(text, name, *OPTIONS, "-s", f"{name}.py"))
            names |= _names(text) if part == "tonus" else set()
    listed = "def names(its):\n" + "".join(f"    its.{name}\n" for name in sorted(names))
    (made / "names.mpy").write_bytes(cross_compiled(listed.encode(), "names", *OPTIONS))
    if made != kept:
        _forget_old()
        try:
            made.rename(kept)
        except OSError:  # another process was sooner
            shutil.rmtree(made, ignore_errors=True)
    return kept


def _names(source: bytes) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    found = (getattr(node, field, None) for node in nodes for field in ("id", "attr", "arg", "name"))
    return {name for name in found if isinstance(name, str) and name.isidentifier()}


def _forget_old() -> None:
    for other in KEPT.glob("mpy-*"):
        with suppress(OSError):
            if time.time() - other.stat().st_mtime > OLD_S:
                shutil.rmtree(other, ignore_errors=True)
