"""`make hazards`: each guard that HAZARDS.md names is taken out, and the test that it names for it has to fail.

A guard is taken out by a change of the firmware's text: a limit out of reach, a condition that is never true, a line
that is left out. The firmware is changed in a copy of the project; one that does not load proves nothing.

Exit code 0: every proof fails without its guard; 1: some pass, each told; 2: it could not be run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..world.boards import ROOT

COPIED = ("firmware", "boards", "tools", "tests", "pyproject.toml")
LIMIT_S = 900.0
FAILED = 1  # pytest's exit code when tests ran, and some failed
OK, BAD, UNUSABLE = 0, 1, 2


@dataclass(frozen=True)
class Proof:
    """hazard: its row. guard: what is taken out. changes: (file in firmware/tonus, before, after). test: its node."""

    hazard: int
    guard: str
    changes: tuple[tuple[str, str, str], ...]
    test: str


def _limit(name: str, value: str, to: int) -> tuple[str, str, str]:
    return ("limits.py", f"\n{name} = {value} ", f"\n{name} = {to} ")


def _played(fault: str) -> str:
    return f"tests/sim/test_faults_played.py::test_it_is_named_and_nothing_flows_any_more[{fault}]"


def _scenario(name: str) -> str:
    return f"tests/sim/test_scenarios.py::test_scenario[{name}]"


_FLOOD = 1 << 29  # above all that it is compared with, and still small for MicroPython

PROOFS = (
    Proof(
        1,
        "the ceiling of a set current",
        (
            (
                "program.py",
                "if not 0 <= ua <= limits.FIRMWARE_CEILING_UA or code >= 1 << bits:",
                "if code >= 1 << bits:",
            ),
        ),
        "tests/unit/test_program.py::test_no_code_above_the_ceiling",
    ),
    Proof(
        1,
        "the range of a preset's top",
        (("preset.py", "limits.TOP_MIN_UA, limits.FIRMWARE_CEILING_UA", "0, 5000"),),
        "tests/unit/test_preset.py::test_one_wrong_value_is_refused_with_path_value_and_range",
    ),
    Proof(2, "fault 11", (_limit("OVERCURRENT_UA", "10", 9999),), _scenario("dac_full_scale")),
    Proof(
        2,
        "the highest code that was asked for",
        (("guard.py", "if code > most:", "if code < 0:"),),
        "tests/sim/test_campaign.py::test_a_train_that_asks_for_more_than_the_level_is_not_played",
    ),
    Proof(3, "fault 10", (("guard.py", "if not pins & kept[FAULT_N]:", "if pins < 0:"),), _played("latch")),
    Proof(
        4,
        "the ramp from zero",
        (
            ("program.py", "kept[_SLEW], kept[_CAP] = _slew(goal, ramp_ms)", "kept[_SLEW], kept[_CAP] = goal, goal"),
            ("program.py", "kept[_AMP] = 0\n        self.aim(", "kept[_AMP] = code << SHIFT\n        self.aim("),
        ),
        _scenario("touches_down_at_full_level"),
    ),
    Proof(
        5, "the lift's cut", (_limit("LIFT_UA", "3", -99), _limit("OPEN_UA", "2", -99)), _scenario("lifts_thirty_times")
    ),
    Proof(6, "the pause of dry skin", (_limit("POOR_PAUSE_MS", "3000", _FLOOD),), _scenario("dries_out")),
    Proof(
        7,
        "the check of a cycle's balance",
        (("program.py", "if net or left_us:", "if net is None:"),),
        "tests/unit/test_program.py::test_an_unbalanced_program_does_not_pass_the_check",
    ),
    Proof(8, "the turn against the account", (_limit("CHARGE_EVEN_NC", "100", 1_000_000),), "tests/sim/test_cuts.py"),
    Proof(
        8,
        "the charge of a preset in one direction",
        (("preset.py", "if unpaired_nc > most_nc:", "if unpaired_nc < 0:"),),
        "tests/unit/test_preset.py",
    ),
    Proof(9, "fault 12", (_limit("CHARGE_TRIP_NC", "60_000", 1_500_000),), _played("charge")),
    Proof(9, "fault 14 of a late tick", (_limit("STALL_US", "3000", _FLOOD),), _played("loop_stalled")),
    Proof(
        9,
        "fault 18",
        (_limit("BLIND_PULSES", "8", _FLOOD), ("limits.py", "BLIND_MS = LIFT_MAX_MS", "BLIND_MS = 1 << 29")),
        _played("blind"),
    ),
    Proof(
        9,
        "fault 18 of a PIO too fast",
        (("guard.py", "too_fast = given > kept[ROOM] * kept[LONGEST_US]", "too_fast = given < 0"),),
        "tests/sim/test_campaign.py::test_a_pio_that_plays_too_fast_is_seen",
    ),
    Proof(
        10,
        "one switch line at a time",
        (("program.py", "(LDAC | (EL_A if forward else EL_B))", "(LDAC | EL_A | EL_B)"),),
        "tests/unit/test_phases.py",
    ),
    Proof(
        11,
        "fault 14 of the supervisor",
        (("app.py", "self._pulse.fault(faults.LOOP_STALLED)", "pass"),),
        _scenario("timer_dead"),
    ),
    Proof(12, "fault 15", (("app.py", "self._pulse.fault(faults.TASK_DIED)", "pass"),), _scenario("task_dies")),
    Proof(
        12,
        "a watchdog that hungers with a task",
        (("app.py", "            if alive:\n", "            if True:\n"),),
        "tests/sim/test_faults_played.py::test_a_task_that_stops_ends_in_the_watchdog",
    ),
    Proof(
        13, "fault 13", (("pulse.py", "self._cut(faults.LOOP_RAISED, 0)", "pass"),), _scenario("timer_callback_raises")
    ),
    Proof(
        14,
        "the stop in the interrupt",
        (("guard.py", "if kept[STOPS]:", "if kept[STOPS] < 0:"),),
        _scenario("main_hangs"),
    ),
    Proof(14, "fault 17", (("app.py", "self._pulse.fault(faults.MODE_STUCK)", "pass"),), _scenario("stuck_mode")),
    Proof(
        15,
        "PLUS only at rest",
        (_limit("REST_MS", "35", 1), _limit("FINGER_MS", "90", 1), _limit("UNREST_MS", "80", _FLOOD // 1000)),
        _scenario("plus_chatters"),
    ),
    Proof(
        16,
        "the cable's cut in the interrupt",
        (("guard.py", "if pins & kept[USB]:", "if pins < 0:"),),
        "tests/sim/test_guard_rules.py::test_a_rule_ends_what_it_is_there_for[usb]",
    ),
    Proof(17, "no start below 20 %", (_limit("BATTERY_START_PCT", "20", -99),), _scenario("low_battery_refuses")),
    Proof(
        17,
        "the ramp-down of an empty cell",
        (_limit("BATTERY_CUTOFF_PCT", "8", -99),),
        _scenario("battery_dies_mid_session"),
    ),
    Proof(
        17,
        "fault 21 of a rail that falls",
        (("app.py", "loop.fault(faults.RAIL_DEAD, rail)", "pass"),),
        _scenario("rail_dies_mid_session"),
    ),
    Proof(
        18,
        "the rail's test",
        (("selftest.py", "raise Failed(faults.RAIL_DEAD, rail)", "pass"),),
        _scenario("rail_dead"),
    ),
    Proof(
        18,
        "the sense's test",
        (("selftest.py", "raise Failed(faults.SENSE_OFFSET, _sense_na(board, measured.zero) // 1000)", "pass"),),
        _scenario("sense_offset"),
    ),
    Proof(
        18,
        "the DAC's test",
        (("selftest.py", "raise Failed(faults.DAC", "Failed(faults.DAC"),),
        _scenario("short_open"),
    ),
    Proof(
        19, "off after three minutes", (_limit("IDLE_OFF_MS", "3 * 60 * 1000", _FLOOD),), _scenario("left_on_the_table")
    ),
    Proof(
        20,
        "a short does not count",
        (_limit("SHORT_OHM", "100", -1), _limit("SHORT_MV", "15", -1)),
        _scenario("short_between_electrodes"),
    ),
    Proof(
        21,
        "safe mode",
        (("../main.py", "if minus is not None and not minus():", "if minus is None:"),),
        _scenario("safe_mode"),
    ),
    Proof(22, "a bank's CRC", (("bank.py", 'raise sealed.Damaged("', 'str("'),), "tests/unit/test_bank_file.py"),
    Proof(
        23,
        "the charge of a phase",
        (("preset.py", "if unpaired_nc > most_nc:", "if unpaired_nc < 0:"),),
        "tests/unit/test_preset.py",
    ),
    Proof(
        24,
        "nothing is written while the output is on",
        (("app.py", "return idle and state not in session.ACTIVE and state != session.SELF_TEST", "return True"),),
        "tests/sim/test_faults_played.py::test_nothing_is_written_while_a_session_begins",
    ),
    Proof(
        25,
        "what changes something is refused while it is on",
        (("methods.py", 'raise Refused(link.BUSY, "not while the output is on or a self-test runs")', "pass"),),
        "tests/sim/test_busy.py",
    ),
    Proof(26, "fault 19", (_limit("DEVIATION_UA", "10", 9999),), _scenario("dac_drifts_down")),
    Proof(
        27,
        "the range of a calibration",
        (_limit("GAIN_PPM_MAX", "100_000", 900_000),),
        "tests/unit/test_calibration_file.py",
    ),
    Proof(
        27,
        "the seal of a calibration",
        (
            (
                "sealed.py",
                "if not is_sealed(line) or crc_of(line[:-9]) != int(line[-8:], 16):",
                "if not is_sealed(line):",
            ),
        ),
        "tests/unit/test_calibration_file.py",
    ),
    Proof(
        28,
        "the hold's end",
        (_limit("HOLD_MAX_MS", "30_000", _FLOOD),),
        "tests/sim/test_calibration.py::test_a_hold_ends",
    ),
    Proof(
        29,
        "a start that fails ends in main.py",
        (
            (
                "../main.py",
                "except (Exception, KeyboardInterrupt, SystemExit) as raised:",
                "except ZeroDivisionError as raised:",
            ),
        ),
        "tests/sim/test_start.py::test_a_module_that_is_missing[app]",
    ),
    Proof(
        30,
        "the mark",
        (("mark.py", "self._miss([name for name in self._files if name not in there])", "pass"),),
        "tests/sim/test_data_lost.py::test_a_file",
    ),
    Proof(
        32,
        "the test of a relay that does not close",
        (("selftest.py", "raise Failed(faults.RELAY, 0)", "pass"),),
        _scenario("relay_open"),
    ),
    Proof(
        32,
        "the test of a welded contact",
        (("selftest.py", "raise Failed(faults.RELAY, mv)", "pass"),),
        _scenario("relay_welded"),
    ),
    Proof(
        33,
        "the DAC's test, of a clamp",
        (("selftest.py", "raise Failed(faults.DAC", "Failed(faults.DAC"),),
        _scenario("clamp_shorted"),
    ),
    Proof(
        36,
        "fault 32 of a treatment",
        (("watcher.py", "self._pulse.fault(faults.REST, found.mv)", "pass"),),
        _scenario("rest_stuck"),
    ),
    Proof(
        36,
        "the test of what flows beside the short",
        (("selftest.py", "raise Failed(faults.REST, more_mv)", "pass"),),
        _scenario("rest_stuck_at_start"),
    ),
    Proof(
        36,
        "the test of a rest",
        (("selftest.py", 'raise Failed(faults.REST, readings["rest_mv"])', "pass"),),
        _scenario("rest_open"),
    ),
    Proof(
        37,
        "the trips of the electrode watch",
        (
            (
                "selftest.py",
                "    (faults.WATCH, 4095, 1, 0, 3),\n    (faults.WATCH, 4095, 2, 0, 3),\n"
                "    (faults.WATCH, 3000, 1, 15, 60),\n    (faults.WATCH, 3000, 2, 15, 60),\n",
                "",
            ),
        ),
        _scenario("watch_dead"),
    ),
    Proof(
        38,
        "the trip at Rset",
        (("selftest.py", "    (faults.TRIP, limits.HOLD_CODE_MAX, 3, 0, 3),\n", ""),),
        _scenario("trip_dead"),
    ),
    Proof(
        40,
        "what is held flows through the built-in short",
        (("stage.py", "if board.HAS_SHORT else (a | latch, b | latch)", "if False else (a | latch, b | latch)"),),
        "tests/sim/test_bringup.py::test_a_device_that_is_as_it_should_be",
    ),
)


class ProofError(RuntimeError):
    """A guard's text is not there, or what it was changed to cannot be judged."""


@contextmanager
def copy() -> Iterator[Path]:
    """A copy of the project's sources."""
    with tempfile.TemporaryDirectory(prefix="tonus-hazards-") as name:
        folder = Path(name)
        for part in COPIED:
            source = ROOT / part
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.png", "*.svg")
                shutil.copytree(source, folder / part, ignore=ignored)
            else:
                shutil.copyfile(source, folder / part)
        yield folder


def fails_without(proof: Proof, folder: Path) -> bool:
    """Whether the test fails in a copy of the project whose guard is gone. Raises ProofError."""
    kept: dict[Path, str] = {}
    try:
        for name, before, after in proof.changes:
            path = (folder / "firmware" / "tonus" / name).resolve()
            text = path.read_text(encoding="utf-8")
            kept.setdefault(path, text)
            if before not in text:
                raise ProofError(f"hazard {proof.hazard}, {proof.guard}: {name} has no {before!r}")
            path.write_text(text.replace(before, after), encoding="utf-8")
        return _run(proof.test, folder) == FAILED
    finally:
        for path, text in kept.items():
            path.write_text(text, encoding="utf-8")


def _run(test: str, folder: Path) -> int:
    where = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder / "firmware"), str(folder / "tools")])}
    command = [sys.executable, "-m", "pytest", test, "-q", "-x", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=folder, env=where, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    said = done.stdout + done.stderr
    if done.returncode not in (0, FAILED) or "start_failed" in said and "test_start" not in test:
        raise ProofError(f"{test}: pytest ended with {done.returncode}: {said[-600:]}")
    return done.returncode


def survivors(proofs: Sequence[Proof], jobs: int = 1) -> Iterator[tuple[Proof, bool]]:
    """Each proof, and whether its test passes all the same."""

    def work(mine: Sequence[Proof]) -> list[tuple[Proof, bool]]:
        with copy() as folder:
            return [(proof, not fails_without(proof, folder)) for proof in mine]

    with ThreadPoolExecutor(jobs) as pool:
        for some in pool.map(work, [proofs[i::jobs] for i in range(jobs)]):
            yield from some


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tonus_tools.campaign.hazards", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--hazard", type=int, help="this row only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time (all cores)")
    options = parser.parse_args(arguments)
    proofs = [proof for proof in PROOFS if options.hazard in (None, proof.hazard)]
    left = 0
    try:
        for proof, passes in survivors(proofs, options.jobs):
            word = "PASSES without it" if passes else "fails without it"
            print(f"{proof.hazard:>3}  {proof.guard}: {proof.test.split('/')[-1]} {word}", flush=True)
            left += passes
    except (ProofError, OSError, subprocess.TimeoutExpired) as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    print(f"{len(proofs) - left} of {len(proofs)} guards are missed when they are gone")
    return BAD if left else OK


if __name__ == "__main__":
    sys.exit(main())
