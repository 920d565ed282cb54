"""Every waveform at every rate, on the real interpreter with the heap locked in each interrupt.

A pulse loop that allocates raises inside its interrupt: the trace then has an `irq_error`, or the firmware latches
`loop_raised`. Both fail `play`. The other limits are held by the same call.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tonus_tools.sim.trace import Trace
from worlds import POWER_UP, play, plus

RATES_HZ = (0.3, 1.0, 8.3, 80.0, 300.0)
ZONE_S = 14
LEVEL = 6
TOP_UA = 400


def phase_us(rate_hz: float) -> int:
    """The longest phase the charge and the period allow at these rates, in steps of 100 us, at most 20 ms."""
    period_us = 1_000_000 / rate_hz
    return int(min(20_000, (period_us - 600) / 2) // 100 * 100)


def waveform(kind: str, rate_hz: float) -> dict[str, Any]:
    """A waveform of this kind at (or swept up to) this rate."""
    w: dict[str, Any] = {"kind": kind, "rate_hz": rate_hz, "phase_us": phase_us(rate_hz)}
    if kind == "alternating":
        pulses = max(1, min(int(rate_hz * 0.4), 20_000 // w["phase_us"]))
        return w | {"burst_pulses": pulses}
    w["gap_us"] = 100
    if kind == "swept":
        return w | {"rate_hz": max(0.3, rate_hz / 4 // 0.1 / 10), "rate_to_hz": rate_hz, "sweep_s": 5}
    if kind == "modulated":
        return w | {"envelope": {"shape": "sine", "period_ms": 4000, "depth_pct": 100}}
    return w


def preset(kind: str, rates: tuple[float, ...]) -> dict[str, Any]:
    zones = [
        {"name": f"{rate} Hz", "duration_s": ZONE_S, "cue_s": 5, "waveform": waveform(kind, rate)} for rate in rates
    ]
    return {"schema": 1, "id": kind, "name": kind, "top_ua": TOP_UA, "ramp_ms": 500, "zones": zones}


def treatment(trace: Trace, from_s: float, to_s: float) -> Any:
    """Start (us) and set code of the treatment phases in a stretch of time, forward ones only."""
    p = trace.phases
    chosen = (p.t_us > from_s * 1e6) & (p.t_us < to_s * 1e6) & (p.code > 100)
    return p.t_us[chosen & (p.direction > 0)]


@pytest.mark.parametrize("kind", ["biphasic", "alternating", "swept", "modulated"])
def test_every_rate(kind: str, tmp_path: Path) -> None:
    trace = play(
        tmp_path,
        5 + ZONE_S * len(RATES_HZ),
        [POWER_UP, plus(2, LEVEL), {"at": 4.0, "touch": "good"}],
        {"visits": ["TREAT"], "never": ["PAUSED"]},
        [preset(kind, RATES_HZ)],
    )
    for i, rate_hz in enumerate(RATES_HZ):
        if kind in ("biphasic", "modulated"):
            # The zone's middle: its program plays since the end of the cycle before, ramps are over.
            starts = treatment(trace, 4.3 + ZONE_S * i + 4.5, 4.3 + ZONE_S * (i + 1) - 0.5)
            gaps = np.diff(starts) if kind == "biphasic" else np.diff(starts)[np.diff(starts) < 1.5e6 / rate_hz]
            assert len(gaps) > 0
            assert np.abs(gaps - 1e6 / rate_hz).max() <= 1, f"{rate_hz} Hz"


def test_the_fastest_and_shortest(tmp_path: Path) -> None:
    """300 Hz with 100 us phases at the top of the range, and with the longest phases its period holds."""
    short = {"kind": "biphasic", "rate_hz": 300, "phase_us": 100, "gap_us": 50}
    full = {"kind": "biphasic", "rate_hz": 300, "phase_us": 1540, "gap_us": 50}
    zones = [{"name": "z", "duration_s": 6, "cue_s": 3, "waveform": w} for w in (short, full)]
    document = {"schema": 1, "id": "fast", "name": "Fast", "top_ua": 500, "ramp_ms": 500, "zones": zones}
    trace = play(
        tmp_path,
        20,
        [POWER_UP, plus(2.5, 10), {"at": 6.0, "touch": "500"}],
        {"final_state": "DONE", "peak_ua": [495, 500], "never": ["PAUSED"]},
        [document],
    )
    widths = set(trace.phases.dur_us[trace.phases.code > 100].tolist())
    assert widths == {100, 1540}
