"""Stop, lift, cable and fault at random moments of the pulse: the bounds hold at the electrodes, each time.

`play` measures each reaction against its limit; here the moments are spread over pulse and tick to the microsecond.
"""

import random
from pathlib import Path
from typing import Any

import pytest
from tonus import panel
from worlds import POWER_UP, Entry, play, plus

MODE_OF = {"lift": 0, "firm": 1, "absorb": 2, "calm": 3}
EVERY_S = 6.0
TIMES = 8


def moments(seed: int) -> list[float]:
    """Seconds, EVERY_S apart, each at a random phase of everything."""
    rng = random.Random(seed)
    return [8.0 + EVERY_S * i + round(rng.random(), 6) for i in range(TIMES)]


def begin(preset: str) -> list[Entry]:
    steps: list[Entry] = [POWER_UP, {"at": 0.1, "touch": "good"}]
    if MODE_OF[preset]:
        steps.append({"at": 2.0, "press": "MODE", "times": MODE_OF[preset], "every_s": 0.3})
    return [*steps, plus(3, 5)]


@pytest.mark.parametrize("preset", MODE_OF)
def test_stop(preset: str, tmp_path: Path) -> None:
    entries = begin(preset)
    for at in moments(1):
        entries += [{"at": at, "press": "MODE"}, plus(at + 1, 5)]
    trace = play(tmp_path, 8 + EVERY_S * TIMES, entries, {"visits": ["RAMP_UP", "STANDBY"] * TIMES})
    causes = [change.cause for change in trace.states]
    assert causes.count("stop") == TIMES
    assert causes.count("choose") == MODE_OF[preset]  # a press that stops does not step to another preset as well


@pytest.mark.parametrize("preset", MODE_OF)
def test_lift(preset: str, tmp_path: Path) -> None:
    entries = begin(preset)
    for at in moments(2):
        entries += [{"at": at, "lift": True}, {"at": at + 0.7, "touch": "good"}]
    play(tmp_path, 8 + EVERY_S * TIMES, entries, {"lifts": TIMES, "visits": ["RAMP_UP", "PAUSED"] * TIMES})


@pytest.mark.parametrize("codes", [16, 21])
def test_lifts_are_seen_through_the_noise_of_a_converter(codes: int, tmp_path: Path) -> None:
    """One phase a period leaves two of them to see it in. No current reads as 1.2 uA, and noise comes on top."""
    every_s, times = 1.5307, 100
    entries = [*begin("absorb"), {"at": 6.0, "touch": "lifted", "times": times, "every_s": every_s}]
    entries.append({"at": 6.2, "touch": "good", "times": times, "every_s": every_s})
    start = {"errors": {"adc_noise_codes": codes, "adc_offset_uv": 15_000, "adc_gain_ppm": 30_000}}
    trace = play(tmp_path, 6 + every_s * times, entries, start=start)
    assert [change.cause for change in trace.states].count("lost") >= times - 1


@pytest.mark.parametrize("preset", MODE_OF)
def test_usb(preset: str, tmp_path: Path) -> None:
    entries = begin(preset)
    for at in moments(3):
        entries += [{"at": at, "usb": True}, {"at": at + 0.5, "usb": False}, plus(at + 1, 5)]
    play(tmp_path, 8 + EVERY_S * TIMES, entries, {"visits": ["RAMP_UP", "CHARGING", "STANDBY"] * TIMES})


@pytest.mark.parametrize("seed", range(6))
def test_hardware_fault(seed: int, tmp_path: Path) -> None:
    at = moments(seed)[0]
    preset = list(MODE_OF)[seed % len(MODE_OF)]
    entries = [*begin(preset), {"at": at, "inject": "overcurrent"}]
    play(tmp_path, 12, entries, {"faults": ["latch"], "final_state": "FAULT"})


def test_twenty_minutes_is_the_longest_session(tmp_path: Path) -> None:
    """Level to zero and back, again and again, keeps a session alive; not for ever."""
    minutes = [{"at": 60.0 * i, "press": "MINUS"} for i in range(1, 20)]
    back = [{"at": 60.0 * i + 50, "press": "PLUS"} for i in range(1, 20)]
    entries = [POWER_UP, {"at": 0.1, "touch": "good"}, plus(3, 1), *minutes, *back]
    trace = play(tmp_path, 1215, entries)
    ended = [change for change in trace.states if change.cause in ("finished", "expired")]
    assert ended
    assert ended[0].t_us <= (1200 + 4) * 1_000_000
    heard = [event.fields[0] for event in trace.of("beep") if event.t_us >= ended[0].t_us and event.fields[0]]
    assert heard == [hz for hz, _, _ in panel.SOUNDS["expired"] if hz]


def preset(top_ua: int, duration_s: int, rate_hz: int, phase_us: int, gap_us: int) -> dict[str, Any]:
    waveform = {"kind": "biphasic", "rate_hz": rate_hz, "phase_us": phase_us, "gap_us": gap_us}
    zone = {"name": "z", "duration_s": duration_s, "cue_s": 5, "waveform": waveform}
    return {"schema": 1, "id": "p", "name": "P", "top_ua": top_ua, "ramp_ms": 500, "zones": [zone]}


@pytest.mark.parametrize("phase_ms", range(0, 50, 7))
def test_heavy_pulses_cut_and_begun_again_in_haste(phase_ms: int, tmp_path: Path) -> None:
    """9 uC a phase: stopped, armed, stopped and armed again within a second, at different moments of the pulse."""
    at = 6.037089 + phase_ms / 1000
    entries: list[Entry] = [{"at": 0.5, "press": "MODE", "for_s": 0.4}]
    entries.append({"at": 2.0, "press": "PLUS", "times": 10, "every_s": 0.15})
    for i, button in enumerate(("MODE", "PLUS", "MODE", "PLUS")):
        entries.append({"at": at + 0.06 * i, "press": button, "for_s": 0.03})
    entries.append({"at": at + 0.3, "press": "PLUS", "times": 9, "every_s": 0.1, "for_s": 0.05})
    play(tmp_path, 8.5, entries, presets=[preset(500, 60, 20, 18_000, 10_000)], start={"touch": "good"})


def test_a_session_that_ends_by_itself_says_so(tmp_path: Path) -> None:
    """The last microamperes of the ramp down are too little to tell contact from air."""
    trace = play(
        tmp_path,
        14,
        [POWER_UP, plus(3, 1)],
        {"final_state": "DONE"},
        [preset(50, 5, 100, 500, 100)],
        start={"touch": "good"},
    )
    assert [change.cause for change in trace.states][-1] == "ramped_down"


@pytest.mark.parametrize("late_ms", range(0, 250, 31))
def test_unplugged_nearly_empty_starts_nothing(late_ms: int, tmp_path: Path) -> None:
    """The cable hides the cell, and PLUS comes before anybody has looked at it again."""
    out = 3 + late_ms / 1000
    play(
        tmp_path,
        6,
        [{"at": out, "usb": False}, {"at": out + 0.007, "press": "PLUS", "for_s": 0.06}],
        {"never": ["ARMED", "TREAT"], "no_output": True, "final_state": "LOW_BATTERY"},
        start={"touch": "good", "battery_pct": 10, "usb": True},
    )
