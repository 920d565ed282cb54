"""What the device says it delivered, against what flowed at the electrodes and what its source would have made flow.

The measure here is of the trace alone: the current of every phase while time counts (RAMP_UP and TREAT), and the
presets' pulses at the chosen level, through this device's own DAC, for as long.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from devices import canonical as texts
from devices import device, example
from tonus import bank, limits
from tonus.preset import build, canonical
from tonus.program import code_for_ua
from tonus_tools.ctl.figures import board_constants, plateau
from tonus_tools.sim.measure import inside, told
from tonus_tools.sim.trace import Span, Trace, spans_of
from worlds import POWER_UP, play, plus

BOARD = board_constants("tonus_r1")
COUNTED = ("RAMP_UP", "TREAT")
POINTS = 3  # of a hundred, that what is said may be off

LIKE = {"low": "lift", "sparse": "lift"}

Document = dict[str, Any]


def document(id: str, zone_s: int, zones: int | None = None) -> Document:
    """A shipped preset with other times; `low`: Lift with the top of Calm; `sparse`: so few pulses, too."""
    text = next(canonical(preset) for preset in bank.shipped() if preset.id == LIKE.get(id, id))
    found: Document = json.loads(text) | ({"top_ua": 120} if id in LIKE else {})
    found["zones"] = found["zones"][:zones]
    for zone in found["zones"]:
        zone["duration_s"] = zone_s
        if id == "sparse":
            zone["waveform"] = {"kind": "biphasic", "rate_hz": 8, "phase_us": 200, "gap_us": 100}
    return found


def source_ua(code: float, errors: dict[str, int]) -> float:
    """What a device with these errors makes flow at a code."""
    volts = code * BOARD.DAC_REFERENCE_MV / 1000 / (1 << BOARD.DAC_BITS) * (1 + errors.get("dac_gain_ppm", 0) * 1e-6)
    return float(max(0.0, volts + errors.get("dac_offset_uv", 0) * 1e-6) / BOARD.RSET_OHM * 1e6)


def should_uc_per_s(waveform: Any, top_ua: int, level: int, errors: dict[str, int], top_code: int) -> float:
    """Charge in both directions that a second of the unbroken waveform at a level carries.

    top_code: the level's on this device, which knows what its DAC is off.
    """
    steady = plateau(waveform, top_ua, level, BOARD)
    phases, pulses = steady.phases, steady.pulses
    codes = phases.code[pulses] * (top_code / phases.code[pulses].max())
    ua = np.array([source_ua(code, errors) for code in codes])
    return float((ua * phases.dur_us[pulses]).sum()) / steady.us


def measured_pct(trace: Trace, of: Document, level: int, errors: dict[str, int]) -> float:
    """Delivered, in percent of what this source would have delivered in the counted time."""
    preset = build(of)
    counted = trace.spans_in(COUNTED)
    phases = trace.phases
    treats = np.zeros(len(phases), dtype=np.bool_)
    should = 0.0
    offset_na = trace.logs_of("selftest")[0].fields["dac_offset_na"]
    scale = (BOARD.DAC_REFERENCE_MV, BOARD.RSET_OHM, BOARD.DAC_BITS, (0, offset_na))
    top_code = code_for_ua(preset.top_ua * level // limits.LEVELS, *scale)
    names = [zone.name for zone in preset.zones]
    starts = [(zone.t_us, zone.name) for zone in trace.zones]
    for span in spans_of(starts, trace.end_us):
        w = preset.zones[names.index(span.name)].waveform
        stretches = _within(span, counted)
        per_s = should_uc_per_s(w, preset.top_ua, level, errors, top_code)
        should += sum(b - a for a, b in stretches) / 1e6 * per_s
        here = inside(phases.t_us, [Span(a, b, "") for a, b in stretches])
        treats |= here & (phases.dur_us <= w.phase_us + 2) & (phases.dur_us != limits.PROBE_PHASE_US)
    delivered = float((phases.peak_ua * phases.dur_us)[treats].sum()) / 1e6
    return 100 * delivered / should


def _within(span: Span, stretches: list[Span]) -> list[tuple[int, int]]:
    found = [(max(span.start_us, s.start_us), min(span.end_us, s.end_us)) for s in stretches]
    return [(a, b) for a, b in found if b > a]


def lifts(from_s: float, every_s: float, away_s: float, until_s: float) -> list[dict[str, Any]]:
    times = int((until_s - from_s) / every_s)
    return [
        {"at": from_s, "touch": "lifted", "times": times, "every_s": every_s},
        {"at": round(from_s + away_s, 4), "touch": "good", "times": times, "every_s": every_s},
    ]


OFF = {"dac_gain_ppm": -30_000, "dac_offset_uv": 5000, "adc_gain_ppm": 25_000}

# Swells and sweeps begin anew after a lift, and what is set with them: the measure here knows only unbroken ones.
# id, seconds a zone, zones, level, (seconds from lift to lift, seconds away) or None, errors of the parts
CASES = {
    "stubble": ("lift", 20, 2, 10, (1.0, 0.025), {}),
    "dense stubble": ("lift", 15, 2, 10, (0.4, 0.04), {}),
    "stubble, parts off": ("lift", 20, 2, 5, (1.0, 0.025), OFF),
    "low": ("low", 10, 4, 2, (1.7, 0.2), {}),
    "low, parts off": ("low", 10, 4, 1, (3.1, 0.2), OFF),
    "sparse": ("sparse", 40, 2, 1, (0.9, 0.2), {}),
    "sweeps": ("calm", 10, 4, 2, None, OFF),
    "bursts": ("absorb", 15, 2, 8, (2.3, 0.05), OFF),
    "slow": ("firm", 30, 2, 9, (4.1, 0.3), {}),
    "slow, unbroken": ("firm", 30, 2, 9, None, OFF),
    "swells": ("lift", 45, 6, 7, None, {}),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_is_what_was_delivered(name: str, tmp_path: Path) -> None:
    id, zone_s, zones, level, lifting, errors = CASES[name]
    its = document(id, zone_s, zones)
    until_s = 10 + zone_s * zones * (1.1 if lifting is None else 2)
    entries = [POWER_UP, plus(2, level), {"at": 6.0, "touch": "good"}]
    entries += lifts(7.3, *lifting, until_s) if lifting else []
    trace = play(tmp_path, until_s, entries, {"visits": ["DONE"]}, [its], {"errors": errors})
    said = told(trace)
    assert said is not None
    measured = measured_pct(trace, its, level, errors)
    assert said.share_pct == pytest.approx(measured, abs=POINTS)
    (session,) = (log.fields for log in trace.logs_of("session"))
    assert session["treated_ms"] == pytest.approx(session["counted_ms"] * said.share_pct / 100, rel=0.01)
    assert said.counted_s == pytest.approx(zone_s * zones, abs=0.1)


def test_the_probes_of_a_slow_preset_are_told(tmp_path: Path) -> None:
    """They carry many times the charge of its pulses; what was set and delivered is that of the pulses."""
    wave = {"kind": "biphasic", "rate_hz": 0.5, "phase_us": 100, "gap_us": 50}
    zones = [{"region": "cheek", "side": "left", "duration_s": 30, "cue_s": 10, "waveform": wave}]
    with device(tmp_path / "flash.img") as made:
        made.client.write_bank(texts(example(top_ua=50, ramp_ms=500, zones=zones)))
        made.live.do("usb", False)
        made.live.do("touch", "good")
        made.live.run(300_000)
        made.press("PLUS", 10)
        made.live.run(34_000_000)
        made.live.do("usb", True)
        made.live.run(2_000_000)
        (record,) = made.client.journal("session")
        trace = made.live.finish()
    counted = inside(trace.phases.t_us, trace.spans_in(COUNTED))
    probes = counted & (trace.phases.dur_us == limits.PROBE_PHASE_US) & (trace.phases.direction > 0)
    probe_uc = float((trace.phases.peak_ua * trace.phases.dur_us)[probes].sum()) / 1e6
    assert record["probe_uc"] == pytest.approx(probe_uc, rel=0.05)
    assert record["probe_uc"] > 40 * record["set_uc"] > 0
    assert record["charge_uc"] <= record["set_uc"]
