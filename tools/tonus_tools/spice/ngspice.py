"""Runs ngspice on a deck and reads back what it saved. Knows nothing of the circuit."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WALL_LIMIT_S = 900.0  # a deck that takes longer does not converge
LINES_SHOWN = 6


class SpiceError(RuntimeError):
    """ngspice is missing, or could not finish a deck. One line to read, then what it said last."""


@dataclass(frozen=True)
class Plot:
    """One analysis: the swept axis (time in s, or a source's V) and each saved vector, named as it was saved."""

    axis: Floats
    vectors: dict[str, Floats]

    def __getitem__(self, name: str) -> Floats:
        return self.vectors[name.lower()]


def available() -> bool:
    """Whether there is an ngspice to run."""
    return shutil.which("ngspice") is not None


def run(deck: str) -> list[Plot]:
    """Run a deck's analyses in batch; one Plot each, in their order. Raises SpiceError."""
    program = shutil.which("ngspice")
    if program is None:
        raise SpiceError("no ngspice command; install the package ngspice")
    with tempfile.TemporaryDirectory(prefix="tonus-spice-") as folder:
        source, raw = Path(folder) / "deck.cir", Path(folder) / "deck.raw"
        source.write_text(deck, encoding="utf-8")
        command = [program, "-b", "-r", str(raw), str(source)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=WALL_LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            raise SpiceError(f"ngspice took more than {WALL_LIMIT_S:g} s") from None
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        errors = [line for line in said if re.search(r"error|singular|too small|aborted|unknown", line, re.IGNORECASE)]
        if done.returncode or errors or not raw.is_file():
            raise SpiceError("ngspice did not finish the deck:\n" + "\n".join(errors or said[-LINES_SHOWN:]))
        return parse(raw.read_bytes())


def parse(raw: bytes) -> list[Plot]:
    """The plots of a binary raw file. Raises SpiceError when it is cut short."""
    plots = []
    at = 0
    while at < len(raw):
        split = raw.index(b"Binary:\n", at)
        header = raw[at:split].decode("utf-8", errors="replace")
        at = split + len(b"Binary:\n")
        names = [line.split("\t")[2] for line in header.partition("Variables:\n")[2].splitlines() if line.strip()]
        found = re.search(r"No\. Points:\s*(\d+)", header)
        points = int(found.group(1)) if found else 0
        size = 8 * len(names) * points
        if not points or len(raw) < at + size:
            raise SpiceError("ngspice wrote no points, or not all")
        table = np.frombuffer(raw, np.float64, len(names) * points, at).reshape(points, len(names)).T.copy()
        at += size
        plots.append(Plot(table[0], {name.lower(): column for name, column in zip(names[1:], table[1:], strict=True)}))
    return plots
