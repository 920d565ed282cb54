"""A level lowered, the end of a session, an empty cell: down within 0.3 s, or a second when a long phase has to end.

Measured at the electrodes: from then on nothing flows above what was asked for, at any rate.
"""

from pathlib import Path
from typing import Any

import pytest
from tonus import limits
from tonus_tools.sim.trace import Trace
from worlds import POWER_UP, Entry, play, plus

UA_PER_CODE = 2048 * 1000 / 4020 / 4096


def preset(**waveform: Any) -> dict[str, Any]:
    zone = {"name": "z", "duration_s": 30, "cue_s": 5, "waveform": waveform}
    return {"schema": 1, "id": "a", "name": "A", "top_ua": 300, "ramp_ms": 10_000, "zones": [zone]}


WAVES: dict[str, dict[str, Any]] = {
    "fast": preset(kind="biphasic", rate_hz=80, phase_us=500, gap_us=100),
    "slow": preset(kind="biphasic", rate_hz=0.5, phase_us=100, gap_us=50),
    "long": preset(kind="biphasic", rate_hz=0.8, phase_us=25_000, gap_us=1000),
    "bursts": preset(kind="alternating", rate_hz=100, phase_us=150, burst_pulses=200),
    "lone": preset(kind="alternating", rate_hz=0.6, phase_us=20_000, burst_pulses=1),
    "swell": preset(
        kind="modulated",
        rate_hz=40,
        phase_us=1000,
        gap_us=100,
        envelope={"shape": "sine", "period_ms": 20_000, "depth_pct": 50},
    ),
}


def above(trace: Trace, ua: float, from_s: float, to_s: float) -> float:
    """When (s) the last phase above a current ended that began in this stretch; 0 when there was none."""
    phases = trace.phases
    late = (phases.code * UA_PER_CODE > ua) & (phases.end_us > from_s * 1e6) & (phases.t_us < to_s * 1e6)
    return float(phases.end_us[late].max()) / 1e6 if late.any() else 0.0


def begin(times: int) -> list[Entry]:
    return [POWER_UP, {"at": 0.1, "touch": "500"}, plus(2.5, times)]


@pytest.mark.parametrize("name", WAVES)
def test_minus_acts_at_once(name: str, tmp_path: Path) -> None:
    """Nine presses of MINUS, whatever the ramp up takes: level 1 within 0.3 s of the last."""
    entries = [*begin(10), {"at": 18.0, "press": "MINUS", "times": 9, "every_s": 0.2, "for_s": 0.1}]
    trace = play(tmp_path, 24, entries, {"visits": ["TREAT"]}, presets=[WAVES[name]], start={"battery_pct": 80})
    last = max(log.t_us for log in trace.logs_of("level")) / 1e6
    assert last < 20
    ended = above(trace, 31, 17, 24)
    assert ended > 17  # it had been above
    assert ended <= last + limits.RAMP_DOWN_MS / 1000 + 0.03, f"{ended - last:.3f} s after the bar showed level 1"


@pytest.mark.parametrize("name", WAVES)
def test_an_empty_cell_ends_it(name: str, tmp_path: Path) -> None:
    """However slow the waveform, the way down is over within RAMP_DOWN_MAX_MS."""
    entries = [*begin(6), {"at": 15.0, "battery_pct": 2}]
    want = {"visits": ["RAMP_UP", "RAMP_DOWN", "LOW_BATTERY"]}
    trace = play(tmp_path, 30, entries, want, presets=[WAVES[name]], start={"battery_pct": 60})
    (down,) = [span for span in trace.spans if span.name == "RAMP_DOWN"]
    assert (down.end_us - down.start_us) / 1000 <= limits.RAMP_DOWN_MAX_MS + 30


@pytest.mark.parametrize("name", ["fast", "long", "bursts"])
def test_up_moves_only_where_a_cycle_begins(name: str, tmp_path: Path) -> None:
    """Down and up again at once: `play` holds every cycle in which nothing was lowered to its balance."""
    entries = begin(6)
    for i in range(8):
        entries += [{"at": 14.0 + i, "press": "MINUS"}, {"at": 14.35 + i, "press": "PLUS"}]
    play(tmp_path, 24, entries, {"visits": ["TREAT"]}, presets=[WAVES[name]])
