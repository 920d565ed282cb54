"""Every line and every branch of what decides over safety is reached by its own unit tests, under CPython."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


# Modules and their tests, in three runs of about the same length: to begin one takes as long as many a module's tests.
RUNS = {
    "what is played": ("program calibration", "program calibration_file"),
    "what decides": (
        "guard deviation contact session tally panel",
        "guard deviation contact session_bounds tally panel chord signals",
    ),
    "what is kept and said": (
        "preset fields limits faults sealed bank journal link",
        "preset fields limits_docs bank_file journal_file calibration_file link",
    ),
}

# They reach nothing that others do not.
LONG = """
    smallest_steps ramp_from_zero any_play shipped_presets_at_every_level down_is_prompt every_zone_compiles
    lifts_the_ceiling script_of_fingers presses_apart electrodes_that_touch whatever_else_comes does_not_flap
    source_can_drive smallest_regulatory_load come_from_nothing if_and_only_if_it_is_json schema_1_keeps_all
    exactly_as_written do_not_go_together
""".split()  # noqa: SIM905


@pytest.mark.parametrize("run", RUNS)
def test_every_line_and_branch_is_reached(run: str, tmp_path: Path) -> None:
    modules, tests = RUNS[run]
    done = covered(modules.split(), [str(HERE / f"test_{name}.py") for name in tests.split()], tmp_path)
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_hole_fails_the_gate(tmp_path: Path) -> None:
    done = covered(["fields"], [f"{HERE / 'test_fields.py'}::test_a_choice"], tmp_path)
    assert done.returncode != 0
    assert "less than fail-under=100" in done.stdout


def covered(modules: list[str], tests: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """These tests on modules of the firmware, which fail where they leave a line or a branch of one out."""
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "--hypothesis-profile=few"]
    options += ["-k", f"not ({' or '.join(LONG)})"]
    options += ["--cov-branch", "--cov-report=term-missing", "--cov-fail-under=100", f"--rootdir={HERE.parents[1]}"]
    options += [f"--cov=tonus.{name}" for name in modules]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        capture_output=True,
        text=True,
        cwd=HERE.parents[1],
        env={**os.environ, "COVERAGE_FILE": str(folder / "coverage")},
        check=False,
    )
