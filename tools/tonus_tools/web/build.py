"""`make web`: the page, whole, in one folder: static files that any server can hand out."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

from tonus import VERSION

from ..world.boards import ROOT
from .npm import MICROPYTHON
from .pack import packed

INTERPRETER = ("micropython.mjs", "micropython.wasm")
SOURCES = ROOT / "tools" / "web"
PUBLISHED = (".html", ".css", ".js", ".svg", ".webmanifest")


def build(out: Path, sources: Path = SOURCES) -> list[Path]:
    """Make the page in `out`, anew; its files. UsageError, OSError."""
    with tarfile.open(MICROPYTHON.fetch()) as tar:
        found = {name: tar.extractfile(f"package/{name}") for name in INTERPRETER}
        files = {name: member.read() for name, member in found.items() if member is not None}
    files |= {path.name: path.read_bytes() for path in sorted(sources.iterdir()) if path.suffix in PUBLISHED}
    files["pack.json"] = packed(sources).encode()
    # The service worker fetches these once, and again when one is another.
    digest = hashlib.sha256(b"".join(hashlib.sha256(data).digest() for _, data in sorted(files.items()))).hexdigest()
    listed = json.dumps(["./", *(name for name in sorted(files) if name not in ("sw.js", "index.html"))])
    worker = files["sw.js"].decode().replace("__FILES__", listed).replace("__VERSION__", f"{VERSION}-{digest[:12]}")
    files["sw.js"] = worker.encode()
    files["index.html"] = files["index.html"].decode().replace("__VERSION__", VERSION).encode()
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    for name, data in files.items():
        (out / name).write_bytes(data)
    return [out / name for name in sorted(files)]
