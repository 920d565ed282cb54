"""What a person hears of a session: cues whatever pauses, done as done, the low cell after it."""

from pathlib import Path
from typing import Any

import pytest
from tonus import limits, panel
from tonus_tools.sim.trace import Trace
from worlds import POWER_UP, Entry, play, plus


def preset(duration_s: int, cue_s: int = 30) -> dict[str, Any]:
    waveform = {"kind": "biphasic", "rate_hz": 40, "phase_us": 500, "gap_us": 100}
    zone = {"name": "z", "duration_s": duration_s, "cue_s": cue_s, "waveform": waveform}
    return {"schema": 1, "id": "p", "name": "P", "top_ua": 400, "ramp_ms": 500, "zones": [zone]}


def tones(trace: Trace, from_us: int) -> list[int]:
    """The beeper's notes, Hz, that lasted at least half of their time; silences left out."""
    beeps = [(event.t_us, event.fields[0]) for event in trace.of("beep") if event.t_us >= from_us]
    ends = [t_us for t_us, _ in beeps[1:]] + [trace.end_us]
    return [hz for (t_us, hz), end in zip(beeps, ends, strict=True) if hz and end - t_us >= 50_000]


def sound(kind: str) -> list[int]:
    return [hz for hz, _, _ in panel.SOUNDS[kind] if hz]


@pytest.mark.parametrize("pct", [15, 5])
def test_done_is_heard_whole_and_the_low_cell_after_it(pct: int, tmp_path: Path) -> None:
    """The cell falls in the last moments of the session: at 5 % while the output ramps down."""
    at = 6 if pct == 15 else 8.6
    entries: list[Entry] = [POWER_UP, plus(2.5, 1), {"at": at, "battery_pct": pct}]
    start = {"touch": "good", "battery_pct": 40}
    seen = {"visits": ["RAMP_DOWN", "DONE", "LOW_BATTERY"]}
    trace = play(tmp_path, 22, entries, seen, [preset(5)], start)
    done = next(change.t_us for change in trace.states if change.to == "DONE")
    assert tones(trace, done)[:6] == sound("done") + sound("low")
    low = next(change.t_us for change in trace.states if change.to == "LOW_BATTERY")
    assert low - done >= limits.DONE_SHOWN_MS * 1000


@pytest.mark.parametrize(("cue_s", "every_s"), [(3, 2.9), (5, 4.5), (8, 4.0)])
@pytest.mark.parametrize("pause", ["lift", "dry", "zero"])
def test_cues_go_on_whatever_pauses(cue_s: int, every_s: float, pause: str, tmp_path: Path) -> None:
    times = 8
    again = {"times": times, "every_s": every_s}
    if pause == "lift":
        breaks: list[Entry] = [{"at": 6, "lift": True} | again, {"at": 6.3, "touch": "good"} | again]
    elif pause == "dry":
        breaks = [{"at": 6, "touch": "dry"} | again, {"at": 7.1, "touch": "good"} | again]
    else:
        breaks = [{"at": 6, "press": "MINUS"} | again, {"at": 6.3, "press": "PLUS"} | again]
    until = 6 + times * every_s
    trace = play(tmp_path, until, [POWER_UP, plus(2.5, 1), *breaks], None, [preset(300, cue_s)], {"touch": "good"})
    cues = [log.t_us for log in trace.logs if log.e == "cue"]
    treated = sum(span.end_us - span.start_us for span in trace.spans_in(("RAMP_UP", "TREAT"))) / 1e6
    assert len(cues) == int((treated - 0.3) // cue_s) or len(cues) == int(treated // cue_s)
