"""The parts of a device: how far off they may be, what is typical, and one whole device drawn by a seed.

Names are those of a scenario's `[start.errors]` (SCENARIOS.md). A board's own tolerances stand in its tolerances.py;
those of the Pico and of the cell, which every board shares, here.
"""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from statistics import NormalDist
from typing import Any

from .boards import BOARDS, constants
from .model import World

SIGMAS = 3  # a maker's limit, in deviations of a normal distribution
SEED_MAX = 2**30 - 1
_RAIL_UP_US = 20_000
_WIDTHS_US = (500, 5500)  # of the two phases that tell current and stray charge apart


@dataclass(frozen=True)
class Error:
    """One way in which a device is off: unit, the least and the most that a scenario may say, what is typical.

    nominal: of a device whose parts are what they are called; 0 but for the noise, without which no converter is.
    """

    unit: str
    least: int
    most: int
    typical: int = 0
    nominal: int = 0


def _either_way(unit: str, most: int, typical: int = 0) -> Error:
    return Error(unit, -most, most, typical)


ERRORS = {
    "dac_gain_ppm": _either_way("ppm", 200_000),
    "dac_offset_uv": _either_way("uV", 50_000),
    "dac_bow_uv": _either_way("uV", 20_000),
    "rset_ppm": _either_way("ppm", 200_000),
    "rail_ppm": _either_way("ppm", 200_000),
    "divider_ppm": _either_way("ppm", 200_000),
    "sink_divider_ppm": _either_way("ppm", 200_000),
    "battery_divider_ppm": _either_way("ppm", 200_000),
    "short_ppm": _either_way("ppm", 200_000),
    "switches_mohm": Error("mOhm", -50_000, 500_000),
    "stray_ff": Error("fF", -70_000, 500_000),
    # The Pico: its 3.3 V less what 200 Ohm in the way to ADC_VREF drop, 0.9 %, and 12 codes at ground.
    "adc_gain_ppm": _either_way("ppm", 200_000, typical=9_000),
    "adc_offset_uv": _either_way("uV", 50_000, typical=10_000),
    "adc_noise_codes": Error("codes", 0, 40, typical=10, nominal=3),
    "adc_ripple_codes": Error("codes", 0, 40, typical=5),
    "adc_wide_codes": Error("codes", 0, 16, typical=8),
    "adc_bow_codes": _either_way("codes", 16),
    "temperature_uv": _either_way("uV", 50_000),
    "cell_mohm": Error("mOhm", 0, 2_000, typical=200),
}
TYPICAL = {name: error.typical for name, error in ERRORS.items()}
NOMINAL = {name: error.nominal for name, error in ERRORS.items()}

# The Pico: (least, most), even. Converter: what owners of ordinary ones report, and the RP2040's datasheet.
PICO_EVEN = {
    "adc_offset_uv": (0.0, 20_140.0),  # 0 to 25 codes at a grounded input; most read 10 to 20
    "vref": (0.97, 1.03),  # of 3.3 V: 50 to 100 mV off is common
    "vref_drop": (0.006, 0.012),  # in the 200 Ohm of the filter: 0.9 % at what the converter takes
    # Readings move by 10 to 21 codes with the regulator as it is at power-up; its ripple is in that.
    "adc_noise_codes": (5.0, 16.0),
    "adc_ripple_codes": (4.0, 5.0),
    "adc_wide_codes": (7.0, 9.0),  # RP2040-E11: DNL of the four codes
    "adc_bow_codes": (-2.0, 2.0),  # the rest of the INL
    "cell_mohm": (100.0, 500.0),  # 500 mAh with its protection, fresh to tired
}
PICO_NORMAL = {
    "temperature_uv": (0.0, 5_000.0),  # of 706 mV at 27 C: 3 C; the datasheet gives no limit, and says it varies
    "battery_top": (200e3, 2e3),  # VSYS / 3 on the Pico: 1 % resistors
    "battery_bottom": (100e3, 1e3),
}


def resolve(device: int | str, errors: Mapping[str, int], board: str) -> dict[str, int]:
    """Every error of a device: "typical", "nominal", or drawn by this seed; what `errors` names is as it says."""
    if device == "typical":
        base = TYPICAL
    elif device == "nominal":
        base = NOMINAL
    else:
        base = draw(board, int(device))
    return base | dict(errors)


@cache
def tolerances(board: str) -> dict[str, Any]:
    """A board's tolerances.py: NORMAL, EVEN, OFF_STAGE."""
    return runpy.run_path(str(BOARDS / board / "tolerances.py"))


def draw_parts(board: str, seed: int) -> dict[str, float]:
    """The parts of one device, by the names and in the units of the board's tolerances.py, and those of the Pico.

    Each part has a stream of its own: one that is added to the list leaves the others of a seed as they are.
    """
    own = tolerances(board)
    parts = {}
    for name, (middle, limit) in (own["NORMAL"] | own["OFF_STAGE"] | PICO_NORMAL).items():
        parts[name] = middle + limit * _deviation(seed, name)
    for name, (least, most) in (own["EVEN"] | PICO_EVEN).items():
        parts[name] = least + (most - least) * Random(f"{seed}:{name}").random()
    return parts


def draw(board: str, seed: int) -> dict[str, int]:
    """The errors of the device with this seed, every one of ERRORS. The same for ever, whatever the noise's seed."""
    return errors_of(board, draw_parts(board, seed))


def errors_of(board: str, parts: Mapping[str, float]) -> dict[str, int]:
    """The errors of a device with these parts (`draw_parts`)."""
    own = tolerances(board)
    nominal: dict[str, float] = {
        name: middle for name, (middle, _) in (own["NORMAL"] | own["OFF_STAGE"] | PICO_NORMAL).items()
    }

    def off(name: str) -> float:
        return 1e6 * (parts[name] / nominal[name] - 1)

    def divider(top: str, bottom: str) -> float:
        is_ = parts[bottom] / (parts[top] + parts[bottom])
        should = nominal[bottom] / (nominal[top] + nominal[bottom])
        return is_ / should

    rail = divider("rail_top", "rail_bottom")
    found = {
        "dac_gain_ppm": off("dac_gain"),
        "dac_offset_uv": 1e6 * (parts["dac_offset"] + parts["op_offset"]),
        "dac_bow_uv": 1e6 * parts["dac_inl"],
        "rset_ppm": off("rset"),
        "rail_ppm": off("boost_v"),
        "divider_ppm": 1e6 * (rail - 1),
        "sink_divider_ppm": 1e6 * (divider("sink_top", "sink_bottom") / rail - 1),
        "battery_divider_ppm": 1e6 * (divider("battery_top", "battery_bottom") - 1),
        "short_ppm": off("short_r"),
        "switches_mohm": 1e3 * sum(parts[name] - own["TYPICAL"][name] for name in own["SERIES"]),
        "stray_ff": 1e15 * sum(parts[name] - own["TYPICAL"][name] for name in own["STRAYS"]),
        "adc_gain_ppm": 1e6 * (1 / (parts["vref"] * (1 - parts["vref_drop"])) - 1),
    }
    found |= {name: parts[name] for name in ERRORS if name in parts}
    return {name: round(found[name]) for name in ERRORS}


@dataclass(frozen=True)
class Delivered:
    """What a device's source delivers into a load: a phase of `t` us carries `ua` x `t` / 1000 + `stray_nc` nC."""

    ua: float
    stray_nc: float

    def charge_nc(self, width_us: float) -> float:
        """Of one phase, nC."""
        return self.ua * width_us / 1000 + self.stray_nc


def delivered(board: str, errors: Mapping[str, int], code: int, load: str = "500") -> Delivered:
    """What a device with these errors truly delivers for a DAC code into a pure load, by default 500 Ohm.

    From the simulator's own world: what a reported share is judged against.
    """
    made = constants(board)
    phases: list[list[str]] = []

    def emit(kind: str, _t_us: int, text: str) -> None:
        if kind == "phase":
            phases.append(text.split(","))

    start = {"battery_pct": 100, "usb": False, "temperature_c": 25, "touch": load, "errors": dict(errors)}
    world: Any = World(made, emit, start, 1)
    world.on_input = lambda: None
    for t_us in range(0, _RAIL_UP_US, 1000):
        world.alive_edge(t_us)
    t_us = _RAIL_UP_US
    for width_us in _WIDTHS_US:
        world.set_switches(t_us, False, False, False)
        world.write_dac(t_us, 0x3000 | code)
        world.set_switches(t_us + 100, True, False, True)
        world.set_switches(t_us + 100 + width_us, False, False, True)
        world.alive_edge(t_us)
        t_us += 100 + width_us
    short_nc, long_nc = (float(fields[5]) for fields in phases)
    ua = 1000 * (long_nc - short_nc) / (_WIDTHS_US[1] - _WIDTHS_US[0])
    return Delivered(ua, short_nc - ua * _WIDTHS_US[0] / 1000)


def _deviation(seed: int, name: str) -> float:
    """Of a normal distribution that ends at SIGMAS, in units of that: -1 to 1."""
    bell = NormalDist()
    low = bell.cdf(-SIGMAS)
    return bell.inv_cdf(low + (1 - 2 * low) * Random(f"{seed}:{name}").random()) / SIGMAS
