"""Electrodes that touch each other, and the least that does not: what the device says, counts and keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tonus_tools.sim.expectations import treated_seconds
from tonus_tools.sim.trace import Trace
from worlds import POWER_UP, READY_S, Entry, play, plus

NOISY = {"errors": {"adc_noise_codes": 21}}


def preset(top_ua: int, rate_hz: float = 20, phase_us: int = 300) -> dict[str, Any]:
    waveform = {"kind": "biphasic", "rate_hz": rate_hz, "phase_us": phase_us, "gap_us": 100}
    zone = {"name": "cheek", "duration_s": 60, "cue_s": 5, "waveform": waveform}
    return {"schema": 1, "id": "p", "name": "P", "top_ua": top_ua, "ramp_ms": 1000, "zones": [zone]}


def session(
    folder: Path, its: dict[str, Any], start: dict[str, Any], level: int, until_s: float = READY_S + 18.0, *more: Entry
) -> Trace:
    trace = play(folder, until_s, [POWER_UP, plus(READY_S, level), *more], {}, [its], start)
    assert trace.faults == []
    return trace


def kinds(trace: Trace) -> list[str]:
    return [log.fields["class"] for log in trace.logs_of("contact")]


@pytest.mark.parametrize("device", ["nominal", "typical", 7, NOISY], ids=str)
@pytest.mark.parametrize(("top_ua", "level"), [(200, 1), (120, 5), (240, 5), (400, 10)])
def test_electrodes_that_touch_are_not_treated(tmp_path: Path, top_ua: int, level: int, device: Any) -> None:
    start = (device if isinstance(device, dict) else {"device": device}) | {"touch": "short"}
    trace = session(tmp_path, preset(top_ua), start, level)
    assert set(kinds(trace)) == {"short"}
    assert treated_seconds(trace) < 1
    assert not trace.logs_of("cue")  # the zone's time stands still


@pytest.mark.parametrize("device", ["typical", 7, NOISY], ids=str)
@pytest.mark.parametrize(("rate_hz", "phase_us"), [(0.5, 100), (2, 300), (80, 500), (300, 100)])
def test_electrodes_that_come_to_touch_are_found(tmp_path: Path, rate_hz: float, phase_us: int, device: Any) -> None:
    """60 uA: within ten pulses, or ten seconds."""
    start = (device if isinstance(device, dict) else {"device": device}) | {"touch": "good"}
    within_s = max(10, 10 / rate_hz)
    touch: Entry = {"at": 12.0, "touch": "short"}
    trace = session(tmp_path, preset(60, rate_hz, phase_us), start, 10, 12.0 + within_s, touch)
    assert kinds(trace) == ["good", "short"]


@pytest.mark.parametrize("device", ["typical", 7, NOISY], ids=str)
@pytest.mark.parametrize("top_ua", [60, 120, 400])
def test_the_least_test_load_is_good(tmp_path: Path, top_ua: int, device: Any) -> None:
    start = (device if isinstance(device, dict) else {"device": device}) | {"touch": "500"}
    assert kinds(session(tmp_path, preset(top_ua), start, 10)) == ["short", "good"]


@pytest.mark.parametrize("device", ["nominal", 7, NOISY], ids=str)
@pytest.mark.parametrize("touch", ["good", "typical"])
def test_skin_is_good_from_the_first_level_on(tmp_path: Path, touch: str, device: Any) -> None:
    """5 uA, in phases of 100 us: a few tens of mV."""
    start = (device if isinstance(device, dict) else {"device": device}) | {"touch": touch}
    assert kinds(session(tmp_path, preset(50, 20, 100), start, 1)) == ["good"]
