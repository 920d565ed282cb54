"""The self-test against parts that are off: what it lets through, what it refuses, and what flows afterwards."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tonus import limits
from tonus_tools.ctl import calibrate
from tonus_tools.sim import runner
from tonus_tools.sim.scenario import Scenario, Start, load
from tonus_tools.sim.trace import Trace
from tonus_tools.world.parts import draw
from worlds import POWER_UP, READY_S, play, plus

UV_PER_CODE = 3_300_000 / 4096
SEEDS = (3, 11, 42, 20600)
# DAC, the Pico's 3.3 V, the filter's drop: each at its limits; converter at ground: none, and what is most.
CORNERS = list(product((-20_000, 20_000), (0.97, 1.03), (0.006, 0.012), (0, 25)))


def corner(dac_ppm: int, reference: float, drop: float, codes: int) -> dict[str, int]:
    adc = round(1e6 * (1 / (reference * (1 - drop)) - 1))
    return {"dac_gain_ppm": dac_ppm, "adc_gain_ppm": adc, "adc_offset_uv": round(codes * UV_PER_CODE)}


def started(folder: Path, **start: Any) -> Trace:
    """A device that is switched on, until one may press PLUS."""
    path = folder / "scenario.json"
    path.write_text(json.dumps({"name": "start", "until_s": READY_S, "start": start, "do": [POWER_UP]}))
    return runner.run(load(path))


def faults(trace: Trace) -> list[int]:
    return [log.fields["n"] for log in trace.logs_of("fault")]


@pytest.mark.parametrize("celsius", [0, 50])
@pytest.mark.parametrize("parts", [*CORNERS, *SEEDS], ids=str)
def test_no_good_device_is_refused(tmp_path: Path, parts: Any, celsius: int) -> None:
    start = {"errors": corner(*parts)} if isinstance(parts, tuple) else {"device": parts}
    trace = started(tmp_path, temperature_c=celsius, **start)
    assert (faults(trace), trace.final_state) == ([], "STANDBY")


@pytest.mark.parametrize("celsius", [-25, 75])
@pytest.mark.parametrize("parts", [*CORNERS, *SEEDS], ids=str)
def test_every_device_is_refused_that_is_too_cold_or_too_hot(tmp_path: Path, parts: Any, celsius: int) -> None:
    start = {"errors": corner(*parts)} if isinstance(parts, tuple) else {"device": parts}
    assert faults(started(tmp_path, temperature_c=celsius, **start)) == [28]


@pytest.mark.parametrize("noise", [3, 10, 21])
@pytest.mark.parametrize("dac_uv", [-20_480, 0, 20_480])
@pytest.mark.parametrize("codes", [-60, -40, -25, -10, -6])
def test_a_converter_that_hides_small_currents_is_found(tmp_path: Path, codes: int, dac_uv: int, noise: int) -> None:
    """Whatever the DAC's offset makes of it: with the input at ground it reads 0, as a good one may."""
    errors = {"adc_offset_uv": round(codes * UV_PER_CODE), "dac_offset_uv": dac_uv, "adc_noise_codes": noise}
    trace = started(tmp_path, errors=errors)
    assert (faults(trace), trace.final_state) == ([24], "FAULT")


@pytest.mark.parametrize(
    ("errors", "fault"),
    [
        ({"adc_offset_uv": 40_000}, 24),
        ({"dac_offset_uv": 30_000}, 26),
        ({"dac_offset_uv": -30_000}, 26),
        ({"dac_gain_ppm": 120_000}, 26),
        ({"adc_gain_ppm": 110_000}, 26),
        ({"rset_ppm": 150_000}, 30),
    ],
    ids=str,
)
def test_a_part_beyond_its_tolerance_is_a_fault(tmp_path: Path, errors: dict[str, int], fault: int) -> None:
    assert faults(started(tmp_path, errors=errors)) == [fault]


PARTS: dict[str, dict[str, Any]] = {
    "most": {"errors": {"dac_gain_ppm": 20_000, "dac_offset_uv": 20_480, "dac_bow_uv": 6000, "rset_ppm": -1000}},
    "least": {"errors": {"dac_gain_ppm": -20_000, "dac_offset_uv": -20_480, "dac_bow_uv": -6000, "rset_ppm": 1000}},
    "noisy": {"errors": {"adc_noise_codes": 21, "adc_offset_uv": 0, "dac_offset_uv": 12_000}},
} | {str(seed): {"device": seed} for seed in SEEDS}
CALM = {
    "schema": 1, "id": "c", "name": "C", "top_ua": 120, "ramp_ms": 500,
    "zones": [{"name": "z", "duration_s": 30, "cue_s": 10,
               "waveform": {"kind": "biphasic", "rate_hz": 20, "phase_us": 300, "gap_us": 100}}],
}  # fmt: skip


@pytest.mark.parametrize("load_", ["500", "10k"])
@pytest.mark.parametrize("parts", PARTS)
def test_what_flows_out_of_the_box(tmp_path: Path, parts: str, load_: str) -> None:
    """Within 4 % or 1.5 uA from the first level on, and the probe below 10 uA."""
    shown = PARTS[parts] | {"touch": load_}
    entries = [POWER_UP, plus(READY_S, 1), plus(READY_S + 3.0, 9)]
    top = CALM | {"top_ua": 400}
    for preset, levels in ((CALM, (12, 120)), (top, (40, 400))):
        trace = play(tmp_path, READY_S + 8.0, entries, {"final_state": "TREAT"}, [preset], shown)
        phases = trace.phases
        probes = phases.end_ua[phases.end_us < trace.spans_in(("ARMED",))[0].end_us]
        assert len(probes) > 2
        assert probes.max() < limits.PROBE_MAX_UA
        for ua, from_s, until_s in ((levels[0], 1.5, 3.0), (levels[1], 7.0, 8.0)):
            t_s = phases.t_us / 1e6 - READY_S
            flowed = phases.end_ua[(t_s > from_s) & (t_s < until_s)]
            assert len(flowed) > 20
            assert np.abs(flowed - ua).max() <= calibrate.allowed_ua(ua, False), (ua, flowed.min(), flowed.max())


def test_drawn_devices_differ() -> None:
    """Or the tests above are of one device."""
    assert len({draw("tonus_r1", seed)["dac_offset_uv"] for seed in SEEDS}) == len(SEEDS)
    assert Scenario("x", 1, start=Start(device=3)) != Scenario("x", 1, start=Start(device=11))
