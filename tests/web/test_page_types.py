"""TypeScript's compiler finds nothing wrong with the page's scripts."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from tonus_tools.errors import UsageError
from tonus_tools.web.build import SOURCES
from tonus_tools.web.npm import TYPESCRIPT

# What there is only in the page that was built.
BUILT = "export function loadMicroPython(options: object): Promise<any>;\n"
OPTIONS = "--noEmit --allowJs --checkJs --target es2022 --module es2022 --moduleResolution bundler"


def test_types(node: str, tmp_path: Path) -> None:
    try:
        archive = TYPESCRIPT.fetch()
    except UsageError as problem:
        pytest.skip(f"TypeScript is not to be had: {problem}")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    page = tmp_path / "page"
    page.mkdir()
    for path in SOURCES.glob("*.js"):
        shutil.copy(path, page)
    (page / "micropython.d.mts").write_text(BUILT, encoding="utf-8")
    (page / "build.d.ts").write_text("declare const __FILES__: string[];\n", encoding="utf-8")
    for libraries, scripts in (
        ("es2022,dom,dom.iterable", ["main.js", "worker.js", "desk.js"]),
        ("es2022,webworker", ["sw.js", "build.d.ts"]),
    ):
        command = [node, str(tmp_path / "package" / "bin" / "tsc"), *OPTIONS.split(), "--lib", libraries, *scripts]
        done = subprocess.run(command, cwd=page, capture_output=True, text=True, timeout=300)
        assert done.stdout == ""
        assert done.returncode == 0
