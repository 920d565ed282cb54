"""Every line and every branch of what decides over safety is reached by its own unit tests, under CPython."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("module", "tests"),
    [
        ("guard", "guard"),
        ("deviation", "deviation"),
        ("contact", "contact"),
        ("session", "session_bounds"),
        ("preset", "preset"),
        ("tally", "tally"),
        ("limits", "limits_docs"),
        ("faults", "limits_docs"),
        ("sealed", "bank_file link calibration_file"),
        ("fields", "fields"),
        ("panel", "panel chord signals"),
        ("link", "link"),
        ("bank", "bank_file"),
        ("program", "program calibration_file"),
        ("journal", "journal_file"),
        ("calibration", "calibration_file"),
    ],
)
def test_every_line_and_branch_is_reached(module: str, tests: str, tmp_path: Path) -> None:
    done = covered(module, [str(HERE / f"test_{name}.py") for name in tests.split()], tmp_path)
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_hole_fails_the_gate(tmp_path: Path) -> None:
    done = covered("fields", [f"{HERE / 'test_fields.py'}::test_a_choice"], tmp_path)
    assert done.returncode != 0
    assert "less than fail-under=100" in done.stdout


def covered(module: str, tests: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """These tests on one of the firmware's modules, which fail where they leave a line or a branch of it out."""
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", f"--cov=tonus.{module}", "--cov-branch"]
    options += ["--cov-report=term-missing", "--cov-fail-under=100", f"--rootdir={HERE.parents[1]}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        capture_output=True,
        text=True,
        cwd=HERE.parents[1],
        env={**os.environ, "COVERAGE_FILE": str(folder / "coverage")},
        check=False,
    )
