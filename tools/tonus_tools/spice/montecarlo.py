"""The stage with its parts scattered over their tolerances: accuracy out of the box and calibrated, and net DC.

A datasheet's limit counts as three standard deviations of a normal distribution cut off there, but resistances of
switches, thresholds of FETs and stray capacitances, of which makers say little, are spread evenly over their range.

Out of the box the offset of DAC and op-amp is taken out, as the self-test measures it: two small currents through the
built-in short, read by the current sense, less what that reads with the rail down. The converter's gain does not
matter; what its means scatter by does.

Calibration is that of `tonusctl calibrate`: a voltmeter over Rset while two codes are held through the built-in short,
which gives the gain. What is left is the meter's error, Rset's own, the DAC's bow, what the load does, and drift.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from tonus import limits

from ..world.parts import tolerances
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

CODES = (0, 20, 40, 60, 80, 120, *range(160, 4001, 160))
LOADS_OHM = (500.0, 2000.0, 10_000.0)
ASKED_UA = 5.0  # from here on, the first level of the smallest preset: below are the first steps of a ramp
SELF_TEST_CODES = (64, 640)  # of firmware/tonus/selftest.py
MEAN_UA = 0.06  # what a mean of the self-test may be off, at most: three deviations
FEEDBACK_OHM = 10e3  # R5
CAL_CODES = (402, 3216)  # 50 and 400 uA
METER_PCT = 0.5  # of a hand-held voltmeter
METER_UA = 0.2
COMPARATOR_V = 0.003  # offset at most, TLV9024
DRIFT_PCT = 0.1  # of the DAC's reference over 20 K, since it was calibrated

# The fastest pulses that 400 uA may have: whatever one cycle leaves over comes 300 times a second.
_DC = single(codes_of(400), 500, 50, 3333, 3)

BEFORE_PCT, BEFORE_UA = float(limits.SET_ACCURACY_PCT), limits.SET_ACCURACY_NA / 1000
AFTER_PCT, AFTER_UA = float(limits.CALIBRATED_PCT), limits.CALIBRATED_NA / 1000
DC_MAX_UA = 2.0


@dataclass(frozen=True)
class Sample:
    """One device. Errors are delivered less asked, uA, a row for each of LOADS_OHM: out of the box, calibrated."""

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
        """Worst error out of the box, as a share of what is allowed."""
        return self._worst(self.asked_ua, self.before_ua, BEFORE_PCT, BEFORE_UA)

    @property
    def after(self) -> float:
        """Worst error calibrated, as a share of what is allowed."""
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
    names = ("dac_gain", "dac_inl", "dac_offset", "op_offset")
    params = {name: NORMAL[name][0] + sign * NORMAL[name][1] for name in names}
    return params | {"rset": 4020.0 - sign * 4.02}


@dataclass(frozen=True)
class Errors:
    """Of those who measure: the meter's gain, the drift since (shares), its offset; three self-test means, uA."""

    gain: float = 0.0
    drift: float = 0.0
    meter_ua: float = 0.0
    means_ua: tuple[float, float, float] = (0.0, 0.0, 0.0)


def measure(params: dict[str, float], errors: Errors = Errors()) -> Sample:
    """One device. Raises SpiceError."""
    codes = np.array(CODES)
    steps = [(float(code), ohm) for ohm in LOADS_OHM for code in codes] + [(code, 10e3) for code in SELF_TEST_CODES]
    plot = ngspice.run(staircase(Bench(LOADS["500"], params), steps, PURE_STEP_US))[0]
    flowed, sensed = held(plot, len(steps), params.get("rwatch", RWATCH_OHM), PURE_STEP_US)
    ua, read = (row[: len(LOADS_OHM) * len(codes)].reshape(len(LOADS_OHM), -1) for row in (flowed, sensed))
    asked = codes * UA_PER_CODE
    offset = _offset_codes(params, sensed[-2:], errors.means_ua)
    chosen = asked / UA_PER_CODE - offset
    # The meter's two readings are into the last load, which is as large as the short.
    low, high = (float(np.interp(code, codes, read[-1])) * (1 + errors.gain) + errors.meter_ua for code in CAL_CODES)
    slope = (high - low) / (CAL_CODES[1] - CAL_CODES[0])
    calibrated = asked / slope - offset
    reachable = (np.maximum(chosen, calibrated) < codes[-1]) & (asked >= ASKED_UA - 0.5)
    before, after = (
        np.stack([np.interp(np.clip(its, 0, codes[-1]), codes, row) for row in ua]) for its in (chosen, calibrated)
    )
    after *= 1 + errors.drift
    trace = Trace.of(ngspice.run(transient(Bench(LOADS["500"], params), _DC))[0])
    net_nc = trace.charge_nc(_DC.end_us - _DC.cycle_us - 20, _DC.end_us - 20)
    dc_ua = net_nc * 1000 / _DC.cycle_us
    return Sample(params, asked[reachable], (before - asked)[:, reachable], (after - asked)[:, reachable], dc_ua)


def _offset_codes(params: dict[str, float], sensed: Floats, means_ua: tuple[float, float, float]) -> float:
    """The offset of DAC and sink as the self-test finds it, in DAC codes. sensed: uA at SELF_TEST_CODES."""
    rset = params.get("rset", float(BOARD.RSET_OHM))
    # With the rail down Rset carries what R15 brings, and nothing else.
    zero = (
        params.get("ref_v", 2.5) / (params.get("cancel_r", 7.5e6) + FEEDBACK_OHM + rset) * rset / BOARD.RSET_OHM * 1e6
    )
    low, high = (float(ua) + error - zero - means_ua[2] for ua, error in zip(sensed, means_ua[:2], strict=True))
    per_code = (high - low) / (SELF_TEST_CODES[1] - SELF_TEST_CODES[0])
    return float(low / per_code - SELF_TEST_CODES[0] + BOARD.SENSE_LESS_NA / 1000 / UA_PER_CODE)


def run(runs: int = RUNS, seed: int = SEED, workers: int = 1) -> list[Sample]:
    """So many devices. Raises SpiceError."""
    random = np.random.default_rng(seed)
    jobs = []
    for _ in range(runs):
        params = draw(random)
        gain, drift = random.uniform(-1, 1, 2) * (METER_PCT / 100, DRIFT_PCT / 100)
        meter_ua = random.uniform(-METER_UA, METER_UA)
        low, high, zero = (float(error) for error in random.normal(0, MEAN_UA / 3, 3))
        jobs.append((params, Errors(float(gain), float(drift), float(meter_ua), (low, high, zero))))
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda job: measure(*job), jobs))


@dataclass(frozen=True)
class Thresholds:
    """Where the electrode watch of one device trips: from low to high, uA; least charge at once, uC; most DC, uA. The
    same in the self-test, either way: least and most uA, least and most uC."""

    high_ua: float
    low_ua: float
    charge_uc: float
    dc_ua: float
    test_ua: tuple[float, float]
    test_uc: tuple[float, float]


CHAIN_KOHM = (3.01, 3.57, 4.53, 1.5, 1.5, 4.53, 3.57, 3.01)  # R37a..h
INNER = slice(2, 6)  # of it R45 is beside, in the test
LOWERED_KOHM = 1.1


def _taps(ref_v: float, chain: Floats) -> tuple[float, float, float, float, float]:
    """W_HIGH, W_DC_HIGH, the middle, W_DC_LOW, W_LOW, V."""
    taps = ref_v * np.cumsum(chain[::-1])[:-1] / chain.sum()
    low, _, dc_low, middle, dc_high, _, high = (float(tap) for tap in taps)
    return high, dc_high, middle, dc_low, low


def thresholds(params: dict[str, float]) -> Thresholds:
    """From the parts alone: divider, reference, shunt, amplifier and comparators."""
    volts_per_ua = params["rwatch"] * params["ina_gain"] * 1e-6
    chain = np.array(CHAIN_KOHM)
    high, dc_high, middle, dc_low, low = _taps(params["ref_v"], chain)
    inner = chain[INNER].sum()
    chain[INNER] *= LOWERED_KOHM / (inner + LOWERED_KOHM)
    test = _taps(params["ref_v"], chain)
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
        _either(test[0] - test[2], 1 / volts_per_ua, offset_ua),
        _either(test[1] - test[2], params["wdc_r"] * params["wdc_c"] / volts_per_ua, 0.0),
    )


def _either(volts: float, per_volt: float, offset: float) -> tuple[float, float]:
    """Least and most at which a comparator trips."""
    return (volts - COMPARATOR_V) * per_volt - offset, (volts + COMPARATOR_V) * per_volt + offset


__all__ = ["BOARD", "Sample", "Thresholds", "corner", "draw", "measure", "run", "thresholds"]
