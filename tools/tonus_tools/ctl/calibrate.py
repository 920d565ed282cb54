"""From what a person reads on a multimeter to a device's calibration, and how good it is.

Currents are nA, nominal ones those that the board's values alone make of a code. A line through the first and the last
reading gives gain and offset; the one between has to lie on it, or something was misread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from tonus import limits
from tonus.calibration import RANGES, checked
from tonus.fields import FieldError
from tonus.program import code_for_ua

from ..errors import NotGood, UsageError
from .client import Client, Held

# Away from codes 512 and 1536 of the RP2040's converter, where it skips some: 103 and 308 uA.
HELD_UA = (50, 200, 400)
SWEPT_UA = (10, 25, 50, 75, 125, 150, 200, 250, 275, 350, 400)
# The most that a reading may be off the line: half of what a calibrated device may be off.
STRAIGHT_PCT, STRAIGHT_UA = 1, 1

REFERENCE_OHM = (1000, 20_000)  # less is lost in the steps of the dividers, more is not in the promise
SESSION_LEAST_S, SESSION_GOOD_PCT = 8, 90
CHARGE_PCT = 10  # of what level 10 makes of the time: the ramp is only roughly half of it

Values = Mapping[str, int]


@dataclass(frozen=True)
class Reading:
    """A code that was held, what the device read, and what the meter said."""

    ua: int
    held: Held
    mv: float


@dataclass(frozen=True)
class Residual:
    """What flows, by the calibrated sense, when this current is set without and with the calibration; uA."""

    set_ua: int
    before_ua: float
    after_ua: float

    @property
    def errors(self) -> tuple[float, float]:
        return self.before_ua - self.set_ua, self.after_ua - self.set_ua


def code_of(ua: int, board: SimpleNamespace, values: Values | None = None) -> int:
    """DAC code of a current, nominal or calibrated."""
    dac = (values["dac_gain_ppm"], values["dac_offset_na"]) if values else (0, 0)
    return code_for_ua(ua, board.DAC_REFERENCE_MV, board.RSET_OHM, board.DAC_BITS, dac)


def nominal_na(code: float, board: SimpleNamespace) -> float:
    """Current of a DAC code."""
    return float(code * board.DAC_REFERENCE_MV * 1e6 / (board.RSET_OHM << board.DAC_BITS))


def sensed_na(mcodes: int, board: SimpleNamespace) -> float:
    """Current of a reading of the current sense, nominally."""
    return float(mcodes * board.ADC_REFERENCE_MV * 1e3 / (4096 * board.RSET_OHM))


def reading(ua: int, text: str, board: SimpleNamespace) -> float:
    """What the meter says with `ua` held, mV. UsageError when that cannot be."""
    nominal_mv = ua * board.RSET_OHM / 1000
    off_mv = nominal_mv * limits.GAIN_PPM_MAX / 1e6 + limits.DAC_OFFSET_NA_MAX * board.RSET_OHM / 1e6
    least, most = nominal_mv - off_mv, nominal_mv + off_mv
    try:
        mv = float(text)
    except ValueError:
        mv = -1.0
    if not least <= mv <= most:
        raise UsageError(f"reading at {ua} uA: {text.strip()}; allowed {least:.0f}..{most:.0f} mV")
    return mv


def from_readings(readings: Sequence[Reading], board: SimpleNamespace) -> dict[str, int]:
    """The calibration's six values. NotGood when they are not on a line, or beyond what a device's parts may be off."""
    codes = [nominal_na(r.held.code, board) for r in readings]
    # Through the electrodes, of which the meter sees what Rset does.
    flow = [r.mv * 1e6 / board.RSET_OHM + board.RSET_LESS_NA for r in readings]
    sense = [sensed_na(r.held.sense_mcodes, board) for r in readings]
    per_mcode_mv = board.ADC_REFERENCE_MV * board.DIVIDER / 4096e3
    short_mv = [na * board.SHORT_OHM / 1e6 for na in flow]
    across_mv = [r.held.voltage_mcodes * per_mcode_mv for r in readings]
    dac, dac_na = _line(codes, flow)
    read, read_na = _line(flow, sense)
    voltage, voltage_mv = _line(short_mv, across_mv)
    read_na += read * board.SENSE_LESS_NA
    for i, r in enumerate(readings[1:-1], 1):
        _straight(f"reading {i + 1}: {r.mv:g} mV is", codes[i] * dac + dac_na - flow[i], flow[i])
        _straight(
            f"reading {i + 1}: the device's own, {sense[i] / 1000:.1f} uA, is",
            (sense[i] - read_na) / read + board.SENSE_LESS_NA - flow[i],
            flow[i],
        )
    zero_na = sensed_na(readings[0].held.zero_mcodes, board)
    _straight(f"the current sense reads {zero_na / 1000:.1f} uA with nothing flowing:", zero_na - max(read_na, 0), 0)
    return good(
        {
            "dac_gain_ppm": round((dac - 1) * 1e6),
            "dac_offset_na": round(dac_na),
            "sense_gain_ppm": round((read - 1) * 1e6),
            "sense_offset_na": round(read_na),
            "voltage_gain_ppm": round((voltage - 1) * 1e6),
            "voltage_offset_mv": round(voltage_mv),
        },
        board,
    )


def good(values: dict[str, int], board: SimpleNamespace) -> dict[str, int]:
    """The values, if the device's own validator takes them. NotGood."""
    try:
        checked(dict(values), board.NAME)
    except FieldError as problem:
        raise NotGood(f"{problem}: a misread meter, or a part that is broken; nothing was changed") from None
    return values


def _line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """(gain, offset) through the first and the last point."""
    gain = (y[-1] - y[0]) / (x[-1] - x[0])
    return gain, y[0] - gain * x[0]


def _straight(what: str, off_na: float, of_na: float) -> None:
    most_na = max(of_na * STRAIGHT_PCT / 100, STRAIGHT_UA * 1000)
    if abs(off_na) > most_na:
        off, most = abs(off_na) / 1000, most_na / 1000
        raise NotGood(
            f"{what} {off:.1f} uA off the line through the others; allowed {most:.1f} uA; nothing was changed"
        )


def swept(client: Client, board: SimpleNamespace, values: Values) -> list[Residual]:
    """Hold currents of the whole range, set without and with the calibration, and see what flows.

    Without, the offset is taken out all the same: the self-test measures it at each start.
    """
    out_of_the_box = {"dac_gain_ppm": 0, "dac_offset_na": values["dac_offset_na"]}
    found = []
    for ua in SWEPT_UA:
        codes = code_of(ua, board, out_of_the_box), code_of(ua, board, values)
        if max(codes) > limits.HOLD_CODE_MAX:
            continue
        flow = [flowing_ua(client.calibration_hold(code), board, values) for code in codes]
        found.append(Residual(ua, *flow))
    client.calibration_release()
    return found


def flowing_ua(held: Held, board: SimpleNamespace, values: Values) -> float:
    """What flows, by the calibrated sense, uA."""
    read = sensed_na(held.sense_mcodes, board) - values["sense_offset_na"]
    return float(read / (1 + values["sense_gain_ppm"] / 1e6) + board.SENSE_LESS_NA) / 1000


def nominal_error_ua(set_ua: float, values: Values) -> float:
    """By the calibration: how far off the current is when this one is set without it, but for the offset."""
    return set_ua * values["dac_gain_ppm"] / 1e6


def reach_ua(board: SimpleNamespace, values: Values) -> float:
    """The most current that the device gives, at most the ceiling."""
    na = nominal_na(code_of(limits.FIRMWARE_CEILING_UA, board, values), board)
    return (na * (1 + values["dac_gain_ppm"] / 1e6) + values["dac_offset_na"]) / 1000


def allowed_ua(set_ua: float, calibrated: bool) -> float:
    """How far off a current may be."""
    if calibrated:
        return max(set_ua * limits.CALIBRATED_PCT / 100, limits.CALIBRATED_NA / 1000)
    return max(set_ua * limits.SET_ACCURACY_PCT / 100, limits.SET_ACCURACY_NA / 1000)


def accuracy(calibrated: bool) -> str:
    """What is promised, in words."""
    if calibrated:
        return f"within {limits.CALIBRATED_PCT} % or {limits.CALIBRATED_NA / 1000:g} uA"
    return f"within {limits.SET_ACCURACY_PCT} % or {limits.SET_ACCURACY_NA / 1000:g} uA"


def worst(residuals: Sequence[Residual], after: bool) -> tuple[float, Residual]:
    """(share of what is allowed, where) of the worst error, before or after."""
    return max(((abs(r.errors[after]) / allowed_ua(r.set_ua, after), r) for r in residuals), key=lambda pair: pair[0])


# With a reference resistor on the electrodes.


def from_reference(ohm: int, measured_ohm: int, values: Values, board: SimpleNamespace) -> dict[str, int]:
    """The values with a voltage gain that makes the measured resistance the true one. NotGood."""
    # Switches and leads are in series with the electrodes; the device has taken them off what it has measured.
    switches = board.SWITCHES_OHM
    gain = (1 + values["voltage_gain_ppm"] / 1e6) * (measured_ohm + switches) / (ohm + switches)
    return good({name: values[name] for name in RANGES} | {"voltage_gain_ppm": round((gain - 1) * 1e6)}, board)


def expected_uc(ua: float, rate_hz: float, phase_us: int, counted_ms: int, ramp_ms: int) -> float:
    """Charge each way of a biphasic session at one level, its first ramp half of it."""
    return ua * phase_us * 1e-6 * rate_hz * (counted_ms - ramp_ms / 2) / 1000
