"""`python -m tonus_tools.sim` as a person meets it: what it leaves behind, and how it refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SHORT = """
name = "Short"
until_s = 9
[start]
touch = "typical"
[[do]]
at = 0.5
press = "MODE"
for_s = 0.4
[[do]]
at = 2
press = "PLUS"
times = 5
every_s = 0.3
[expect]
final_state = "TREAT"
"""
PRESET = {
    "schema": 1,
    "id": "mine",
    "name": "Mine",
    "top_ua": 200,
    "ramp_ms": 1000,
    "zones": [
        {
            "name": "cheek",
            "duration_s": 30,
            "cue_s": 5,
            "waveform": {"kind": "biphasic", "rate_hz": 20, "phase_us": 500, "gap_us": 100},
        }
    ],
}


def sim(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tonus_tools.sim", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120
    )


def write(folder: Path, text: str, preset: str | None = None) -> str:
    if preset is not None:
        (folder / "mine.json").write_text(preset, encoding="utf-8")
        text = text.replace("until_s", 'presets = ["mine.json"]\nuntil_s')
    (folder / "s.toml").write_text(text, encoding="utf-8")
    return "s.toml"


def test_a_run_leaves_figures_trace_and_picture(tmp_path: Path) -> None:
    done = sim(write(tmp_path, SHORT), "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "out/session.json").read_text(encoding="utf-8"))
    needed = """sim_seconds wall_seconds treated_seconds max_current_ua net_dc_ua worst_cycle_imbalance_pct lifts
        worst_liftoff_to_off_ms late_ticks missed_ticks states micropython"""
    assert set(needed.split()) <= set(figures)
    assert figures["max_current_ua"] == pytest.approx(200, abs=1)
    assert [s["to"] for s in figures["states"]][-1] == "TREAT"
    assert {"t_s", "from", "to", "cause"} <= set(figures["states"][0])
    assert (tmp_path / "out/session.png").read_bytes()[:4] == b"\x89PNG"


def test_a_preset_of_ones_own_plays(tmp_path: Path) -> None:
    done = sim(write(tmp_path, SHORT, json.dumps(PRESET)), "--out", "out", "--no-plot", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "out/session.json").read_text(encoding="utf-8"))
    assert figures["preset"] == "Mine"
    assert figures["max_current_ua"] == pytest.approx(100, abs=1)


def test_a_broken_expectation_is_exit_code_1(tmp_path: Path) -> None:
    done = sim(write(tmp_path, SHORT.replace('"TREAT"', '"DONE"')), "--out", "out", "--no-plot", cwd=tmp_path)
    assert done.returncode == 1
    assert "VIOLATION expect.final_state" in done.stdout


def test_another_interpreter_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROPYTHON", "no-such-micropython")
    done = sim(write(tmp_path, SHORT), "--out", "out", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: MICROPYTHON=no-such-micropython is not a program that can be run\n"


TYPO = json.dumps(PRESET).replace("phase_us", "phase_uss")
TOO_FAST = json.dumps(PRESET).replace('"rate_hz": 20', '"rate_hz": 301')


@pytest.mark.parametrize(
    ("text", "preset", "message"),
    [
        (SHORT.replace("touch =", "tuch ="), None, "s.toml: start.tuch: unknown key; did you mean 'touch'?"),
        (
            SHORT.replace("for_s = 0.4", 'for_s = "400ms"'),
            None,
            's.toml: do[0].for_s: must be a number of s, not "400ms"; allowed 0.001 to 7200 s',
        ),
        (SHORT.replace('"PLUS"', '"PLIS"'), None, "s.toml: do[1].press: "),
        (SHORT + "=", None, "s.toml: not valid TOML: "),
        (SHORT.replace("until_s", 'presets = ["none.json"]\nuntil_s'), None, "s.toml: presets[0]: none.json: cannot"),
        (
            SHORT,
            TYPO,
            "s.toml: presets[0]: mine.json: zones[0].waveform.phase_uss: unknown field; "
            "allowed kind, rate_hz, phase_us, gap_us",
        ),
        (
            SHORT,
            TOO_FAST,
            "s.toml: presets[0]: mine.json: zones[0].waveform.rate_hz: 301; allowed 0.3..300 Hz in steps of 0.1",
        ),
        (SHORT, "{", "s.toml: presets[0]: mine.json: not valid JSON"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, text: str, preset: str | None, message: str) -> None:
    done = sim(write(tmp_path, text, preset), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: " + message), done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = sim("nowhere.toml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        "error: nowhere.toml: cannot be read: No such file or directory\n",
    )


def test_280_presses_in_one_entry_run(tmp_path: Path) -> None:
    presses = SHORT.replace("times = 5\nevery_s = 0.3", "times = 280\nevery_s = 0.1\nfor_s = 0.05").replace(
        "until_s = 9", "until_s = 40"
    )
    done = sim(write(tmp_path, presses), "--no-plot", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_text_that_the_terminal_cannot_show_is_replaced(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tonus_tools.sim", write(tmp_path, SHORT), "--no-plot"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "MPLBACKEND": "no-such-backend"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_nobody_who_reads_its_output_any_more_is_no_traceback(tmp_path: Path) -> None:
    command = f'"{sys.executable}" -m tonus_tools.sim {write(tmp_path, SHORT)} --no-plot'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} | true"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    closed = subprocess.run(["bash", "-c", f"{command} >&-"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (closed.returncode, closed.stderr) == (0, "")
    full = subprocess.run(
        ["bash", "-c", f"{command} >/dev/full"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert full.returncode == 2
    assert full.stderr.splitlines()[-1].endswith("No space left on device")
    assert "Traceback" not in full.stderr
