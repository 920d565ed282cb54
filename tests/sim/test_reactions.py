"""Stop, lift, cable and fault at random moments of the pulse: the bounds hold at the electrodes, each time.

`play` measures each reaction against its limit; here the moments are spread over pulse and tick to the microsecond.
"""

import random
from pathlib import Path

import pytest
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
        steps.append({"at": 1.5, "press": "MODE", "times": MODE_OF[preset], "every_s": 0.3})
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
