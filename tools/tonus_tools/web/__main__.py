"""`python -m tonus_tools.web`: make the page."""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path

from ..errors import ToolError
from ..world.boards import ROOT
from .build import build


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tonus_tools.web", description="Make the page.")
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "dist" / "web", help="folder (dist/web)")
    out = parser.parse_args().out
    try:
        files = build(out)
    except (ToolError, OSError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    zipped = sum(len(gzip.compress(path.read_bytes(), 9)) for path in files)
    print(f"{out}: {len(files)} files, {zipped / 1000:.0f} kB as a server sends them (gzip -9)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
