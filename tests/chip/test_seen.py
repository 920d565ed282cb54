"""Every phase is sampled while it lasts, whatever its rate has in common with the tick's.

A sample is due in the middle of its phase, and comes late by what the processor is doing then. How late, at any moment
of the tick, is measured here on the emulated chip with the shortest phase there is: if that one is always seen, every
wider one is, at every rate, for it has all of that time and more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from emulated import Emulated, boot_with
from tonus import limits
from tonus_tools.chip.live import Live

SHORTEST: dict[str, dict[str, Any]] = {
    # Periods of 3333 us and the like: pulses that step through every microsecond of the tick.
    "pulses": {"kind": "biphasic", "rate_hz": 300, "gap_us": 50},
    "bursts": {"kind": "alternating", "rate_hz": 300, "burst_pulses": 7},
    "sweep": {"kind": "swept", "rate_hz": 300, "rate_to_hz": 280, "sweep_s": 1, "gap_us": 50},
    "swell": {
        "kind": "modulated",
        "rate_hz": 299.9,
        "gap_us": 50,
        "envelope": {"shape": "sine", "period_ms": 1000, "depth_pct": 80},
    },
}
PLAYED_S = 1.7  # a thousand phases


def _document(name: str, waveform: dict[str, Any]) -> dict[str, Any]:
    zone = {"name": "z", "duration_s": 30, "cue_s": 5, "waveform": waveform | {"phase_us": limits.PHASE_MIN_US}}
    return {"schema": 1, "id": name, "name": name, "top_ua": 400, "ramp_ms": 500, "zones": [zone]}


@pytest.fixture(scope="module")
def device(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Emulated:
    presets = [_document(name, waveform) for name, waveform in SHORTEST.items()]
    return boot_with(request, tmp_path_factory, presets)


def _lateness(live: Live, mode: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """(us from the middle of each phase to the reading of its current, us of the tick at which that middle fell)."""
    device = live.device
    edges: list[tuple[float, bool]] = []
    reads: list[float] = []
    ticks: list[float] = []
    for role in ("EL_A", "EL_B"):
        device._gpio[role].add_listener(lambda now, before: edges.append((device._pio.edge_ns / 1000, int(now) == 1)))
    device._gpio["STAGE_ALIVE"].add_listener(lambda now, before: ticks.append(device._clock.nanos / 1000))
    convert = device.mcu.adc.on_adc_read

    def on_read(channel: int) -> None:
        if channel == 0 and device.mcu.core.ipsr:
            reads.append(device._clock.nanos / 1000)
        convert(channel)

    device.mcu.adc.on_adc_read = on_read
    live.do("touch", "good")
    for button, times in (("MODE", mode), ("PLUS", 4)):
        for _ in range(times):
            live.do("hold", button)
            live.run(70_000)
            live.do("release", button)
            live.run(70_000)
    live.run(300_000)
    edges.clear()
    live.run(round(1e6 * PLAYED_S))
    begun = [t for t, up in edges if up]
    ended = [t for t, up in edges if not up]
    late, at = [], []
    for start in begun:
        i = int(np.searchsorted(ended, start))
        if i == len(ended) or ended[i] - start > 1000:
            continue  # a probe, or cut off by the end of the measurement
        middle = (start + ended[i]) / 2
        read = int(np.searchsorted(reads, start))
        late.append(reads[read] - middle if read < len(reads) else np.inf)
        at.append(middle - ticks[max(0, int(np.searchsorted(ticks, middle)) - 1)])
    return np.array(late), np.array(at)


@pytest.mark.parametrize("name", SHORTEST)
def test_the_shortest_phases_are_seen_at_every_moment_of_the_tick(device: Emulated, name: str) -> None:
    def work(live: Live) -> tuple[Any, Any, int]:
        late, at = _lateness(live, list(SHORTEST).index(name))
        live.do("hold", "MODE")
        live.run(200_000)
        return late, at, live.finish().logs_of("counters")[-1].fields["unseen"]

    late, at, unseen = device.branch(work)
    assert len(late) > 400
    assert len(np.unique(at // 20)) > 20  # at many moments of the tick, in steps of 20 us
    assert unseen <= 0.01 * len(late)  # one or another while a button is pressed, which takes its time
    assert late.max() < limits.PHASE_MIN_US / 2 - 2, "the current is converted in 2 us"
    # By calculation, then, for all that the validator accepts: a wider phase waits longer for its sample.
    widths = range(limits.PHASE_MIN_US, 125_000, 50)
    assert all(late.max() < width / 2 - 2 for width in widths)
