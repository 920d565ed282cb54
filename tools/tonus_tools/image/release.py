"""`make release`: all that people need of a version, in one folder, with checksums."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tonus import VERSION

from ..ctl import cli as tonusctl
from ..errors import NotGood, UsageError
from ..guide.text import LANGUAGES
from ..web.build import build as build_page
from ..world.boards import FIRMWARE, ROOT, board_names
from .build import build
from .filesystem import files
from .micropython import load

SUMS = "SHA256SUMS"
PROJECT = ("pyproject.toml", "README.md", "LICENSE", "firmware", "boards", "tools")  # what a wheel is made of
CHANGES = FIRMWARE / "CHANGES.md"


def release(out: Path, say: Callable[[str], None]) -> list[Path]:
    """Make everything, each file told as it is made; the files. ToolError, OSError."""
    micropython = load()
    _changes()
    out.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []

    def add(path: Path) -> None:
        made.append(path)
        say(f"{path}: {path.stat().st_size} bytes")

    for board in board_names():
        image = build(board, micropython, files(board)).write(out)
        add(image)
        add(image.with_suffix(".json"))
    add(wheel(out))
    add(page(out))
    os.environ.pop("TONUS_PORT", None)  # of the presets that ship, not of a device that is plugged in
    report = out / f"tonus-report-{VERSION}.html"
    if tonusctl.main(["report", "--out", str(report)]):
        raise NotGood("the report is not good: tonusctl report tells")
    add(report)
    for language in LANGUAGES:
        guide = out / f"tonus-guide-{VERSION}-{language}.html"
        if tonusctl.main(["guide", "--language", language, "--out", str(guide)]):
            raise NotGood("the guide could not be written")
        add(guide)
    add(Path(shutil.copyfile(CHANGES, out / CHANGES.name)))
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made)
    (out / SUMS).write_text(sums, encoding="ascii", newline="\n")
    add(out / SUMS)
    return made


def _changes() -> None:
    """What changed in this version is written down, or it is no release. UsageError."""
    if f"\n## {VERSION}" not in CHANGES.read_text(encoding="utf-8"):
        raise UsageError(f"{CHANGES.name}: has no heading '## {VERSION}' with what owners notice of this version")


def page(out: Path) -> Path:
    """The page, to be unpacked where a server hands it out; the same bytes whenever it is made."""
    archive = out / f"tonus-web-{VERSION}.zip"
    with tempfile.TemporaryDirectory(prefix="tonus-page-") as folder, zipfile.ZipFile(archive, "w") as packed:
        for path in build_page(Path(folder, "web")):
            about = zipfile.ZipInfo(f"tonus-web/{path.name}")
            packed.writestr(about, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    return archive


def wheel(out: Path) -> Path:
    """With the page in it. Built from a copy: setuptools leaves what it has built beside the sources."""
    with tempfile.TemporaryDirectory(prefix="tonus-wheel-") as folder:
        copy = Path(folder, "tonus")
        copy.mkdir()
        for name in PROJECT:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
            else:
                shutil.copy(source, copy)
        build_page(copy / "tools" / "tonus_tools" / "web" / "page")
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
        done = subprocess.run([*command, "-w", folder, str(copy)], capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["no reason given"]
            raise UsageError(f"the wheel could not be built: {said[-1]}")
        (wheel,) = Path(folder).glob("*.whl")
        return Path(shutil.copyfile(wheel, out / wheel.name))
