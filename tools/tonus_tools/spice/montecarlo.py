"""The stage with its parts scattered over their tolerances: accuracy before and after calibration, and net DC.

A datasheet's limit counts as three standard deviations of a normal distribution cut off there, but resistances of
switches, thresholds of FETs and stray capacitances, of which makers say little, are spread evenly over their range.

Calibration is that of `tonusctl calibrate`: a voltmeter over Rset while two codes are held through the built-in short;
gain and offset of DAC and op-amp follow. What is left is the meter's error, Rset's own, the DAC's bow, what the sink
divider takes, what the load does, and drift.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..sim.parts import tolerances
from . import ngspice
from .deck import LOADS, PURE_STEP_US, RWATCH_OHM, Bench, held, staircase, transient
from .drive import BOARD, UA_PER_CODE, codes_of, single
from .measure import Trace
from .ngspice import Floats

RUNS = 300
SEED = 20600

# Half widths; of the first group limits of a cut normal distribution.
NORMAL: dict[str, tuple[float, float]] = tolerances("tonus_r1")["NORMAL"]
EVEN: dict[str, tuple[float, float]] = tolerances("tonus_r1")["EVEN"]

CODES = (0, 4001, 160)  # first, last, step
LOADS_OHM = (500.0, 2000.0, 10_000.0)
ASKED_UA = 20.0  # from here on: below are the first steps of a ramp
CAL_CODES = (402, 3216)  # 50 and 400 uA
METER_PCT = 0.5  # of a hand-held voltmeter
METER_UA = 0.2
COMPARATOR_V = 0.003  # offset at most, TLV9024
DRIFT_PCT = 0.1  # of the DAC's reference over 20 K, since it was calibrated

# The fastest pulses that 400 uA may have: whatever one cycle leaves over comes 300 times a second.
_DC = single(codes_of(400), 500, 50, 3333, 3)

BEFORE_PCT, BEFORE_UA = 10.0, 5.0
AFTER_PCT, AFTER_UA = 2.0, 2.0
DC_MAX_UA = 2.0


@dataclass(frozen=True)
class Sample:
    """One device. Errors are delivered less asked, uA, one row for each of LOADS_OHM."""

    params: dict[str, float]
    asked_ua: Floats
    before_ua: Floats
    after_ua: Floats
    dc_ua: float

    @staticmethod
    def _worst(asked: Floats, error: Floats, pct: float, ua: float) -> float:
        return float((np.abs(error) / np.maximum(asked * pct / 100, ua)).max())

    @property
    def before(self) -> float:
        """Worst error before calibration, as a share of what is allowed."""
        return self._worst(self.asked_ua, self.before_ua, BEFORE_PCT, BEFORE_UA)

    @property
    def after(self) -> float:
        """Worst error after calibration, as a share of what is allowed."""
        return self._worst(self.asked_ua, self.after_ua, AFTER_PCT, AFTER_UA)


def draw(random: np.random.Generator) -> dict[str, float]:
    """The parts of one device."""
    params = {}
    for name, (middle, limit) in NORMAL.items():
        deviation = random.normal(0.0, 1 / 3)
        while abs(deviation) > 1:
            deviation = random.normal(0.0, 1 / 3)
        params[name] = middle + limit * deviation
    return params | {name: float(random.uniform(*ends)) for name, ends in EVEN.items()}


def corner(sign: float) -> dict[str, float]:
    """Every part that sets the current at its limit, all in one direction: rarer than any lot will show."""
    names = ("dac_gain", "dac_offset", "op_offset")
    params = {name: NORMAL[name][0] + sign * NORMAL[name][1] for name in names}
    return params | {"rset": 4020.0 - sign * 4.02}


def measure(params: dict[str, float], meter: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Sample:
    """One device. meter: its gain error and the drift since (shares), its offset (uA). Raises SpiceError."""
    codes = np.arange(*CODES)
    steps = [(float(code), ohm) for ohm in LOADS_OHM for code in codes]
    plot = ngspice.run(staircase(Bench(LOADS["500"], params), steps, PURE_STEP_US))[0]
    ua, read = (
        row.reshape(len(LOADS_OHM), -1)
        for row in held(plot, len(steps), params.get("rwatch", RWATCH_OHM), PURE_STEP_US)
    )
    asked = codes * UA_PER_CODE
    # The two readings are into the last load, which is as large as the short.
    gain_error, drift, offset = meter
    low, high = (float(np.interp(code, codes, read[-1])) * (1 + gain_error) + offset for code in CAL_CODES)
    slope = (high - low) / (CAL_CODES[1] - CAL_CODES[0])
    chosen = np.clip(CAL_CODES[0] + (asked - low) / slope, codes[0], codes[-1])
    reachable = (chosen < codes[-1]) & (asked >= ASKED_UA - 0.5)
    given = np.stack([np.interp(chosen, codes, row) for row in ua]) * (1 + drift)
    trace = Trace.of(ngspice.run(transient(Bench(LOADS["500"], params), _DC))[0])
    net_nc = trace.charge_nc(_DC.end_us - _DC.cycle_us - 20, _DC.end_us - 20)
    dc_ua = net_nc * 1000 / _DC.cycle_us
    return Sample(params, asked[reachable], (ua - asked)[:, reachable], (given - asked)[:, reachable], dc_ua)


def run(runs: int = RUNS, seed: int = SEED, workers: int = 1) -> list[Sample]:
    """So many devices. Raises SpiceError."""
    random = np.random.default_rng(seed)
    jobs = []
    for _ in range(runs):
        params = draw(random)
        gain, drift = random.uniform(-1, 1, 2) * (METER_PCT / 100, DRIFT_PCT / 100)
        jobs.append((params, (float(gain), float(drift), float(random.uniform(-METER_UA, METER_UA)))))
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda job: measure(*job), jobs))


@dataclass(frozen=True)
class Thresholds:
    """Where the electrode watch of one device trips: from low to high, uA; least charge at once, uC; most DC, uA."""

    high_ua: float
    low_ua: float
    charge_uc: float
    dc_ua: float


def thresholds(params: dict[str, float]) -> Thresholds:
    """From the parts alone: divider, reference, shunt, amplifier and comparators."""
    volts_per_ua = params["rwatch"] * params["ina_gain"] * 1e-6
    chain = np.array([3.01, 8.06, 1.5, 1.5, 8.06, 3.01])
    taps = params["ref_v"] * np.cumsum(chain[::-1])[:-1] / chain.sum()
    low, dc_low, middle, dc_high, high = (float(tap) for tap in taps)
    offset_ua = abs(params["ina_offset"]) * params["ina_gain"] / volts_per_ua
    dc_ua = (
        (min(dc_high - middle, middle - dc_low) - COMPARATOR_V) * params["wdc_r"] / params["wdc_leak"] / volts_per_ua
    )
    # At its least where the amplifier's offset has used up part of the way already, and at its most against it.
    return Thresholds(
        (high - middle + COMPARATOR_V) / volts_per_ua + offset_ua,
        (middle - low - COMPARATOR_V) / volts_per_ua - offset_ua,
        (dc_ua - offset_ua) * params["wdc_leak"] * params["wdc_c"],
        dc_ua + 2 * COMPARATOR_V * params["wdc_r"] / params["wdc_leak"] / volts_per_ua + offset_ua,
    )


__all__ = ["BOARD", "Sample", "Thresholds", "corner", "draw", "measure", "run", "thresholds"]
