"""The self-test at power-up, before anything can flow. Each failure has a number and a reading.

Nothing here drives the electrodes but a contact probe that looks whether the relay has closed: they stay shorted, off
the source by the board's decoder, or, while all that trips is made to trip, off the board by the relay. A board with a
dummy load in their place drives that.

It also measures what this device's parts are off, as far as the parts tell each other: the converter's offset, which is
what the current sense reads when nothing can flow; the offset of DAC and sink, and what the sense makes of a DAC code,
through the built-in short; the difference of the two voltage dividers, through the same with the DAC shut down. The
stage goes by that (`Stage.measured`). Windows are as wide as the parts may be off, and little wider.
"""

from asyncio import sleep_ms

from . import faults, limits
from .faults import Failed
from .mean import average
from .measured import Measured, through_ohm

_SETTLE_MS = 3  # the sink's loop, after the short has closed
_LEAK_CODES = 10  # 2 uA
# DAC codes: 8, 80 and 410 uA. The first two give the offset, in what the converter reads below 512, its first too wide
# code (RP2040-E11); the third gives the slope: near 2048, where what those codes shift has gone down to nothing, and
# well up, where the DAC's bow has too.
_LOW, _MIDDLE, _HIGH = 64, 640, limits.HOLD_CODE_MAX
# A mean is as good as this, one deviation, in 1024ths of a code: 0.04 uA, 2 mV.
_FINE = 200
_FINE_ACROSS = 256
_COARSE = 512
_HIDDEN_NA = 1000  # a small current that the voltage shows and the sense does not
_RSET_PCT = 8  # dividers and short of 1 % resistors; 64 mV of a wide code are in _VOLTAGE_STEP_MV
_VOLTAGE_STEP_MV = 100
_REST_MV = 60  # of 119: offset and gain of the DAC are 12, the dividers' noise 10; skin in its place makes 250 and more
_BESIDE = 4  # the rest's switch stuck on takes 7 of 8 parts of what the short should carry
# What trips, each in its turn: the fault when it does not, DAC code, `lines` of `Stage.under_test`, and the ms in which
# it must not come and must. The watch: at once above 436 uA, and with 9 uC, 24 ms of 373 uA. At Rset: above 301 uA.
TRIPS = (
    (faults.WATCH, 4095, 1, 0, 3),
    (faults.WATCH, 4095, 2, 0, 3),
    (faults.WATCH, 3000, 1, 15, 60),
    (faults.WATCH, 3000, 2, 15, 60),
    (faults.TRIP, limits.HOLD_CODE_MAX, 3, 0, 3),
)
BELOW = 1600  # 199 uA: not yet at Rset
FAST_MS = 3
_EMPTY_MS = 5  # of the watch's integrator: three of its time constants
_RELAY_MS = 2  # with the rail's rise: it opens in 3, and thresholds fall in 3
# Across the loop of an open relay, 8 uA: a zener, either way.
_LOOP_MV = (1500, 8000)
_LOOP_BACK_MV = (300, 1200)
_DRIVE_US = 3000
_CELL_MIN_MV = 2500
_CELL_MAX_MV = 4400


async def run(board, stage, pulse, power, calibration) -> dict[str, int]:
    """Test the stage and the supply; the readings by name. Failed at the first that is wrong. The rail ends down.

    calibration: the one in force. When all is well `stage` and `power` go by it and by what was measured.
    """
    readings: dict[str, int] = {}
    measured = Measured()
    try:
        if not stage.fault_n():
            raise Failed(faults.FAULT_LINE, 0)
        if board.HAS_BOOST and stage.rail() > board.RAIL_MIN_MV // 10:
            raise Failed(faults.RAIL_STUCK, stage.rail())
        stage.rest_at(0)
        await _zero(board, stage, measured, readings)
        readings["rail_mv"] = await _rise(board, stage, pulse)
        for code in (None,) if board.REST_OHM else (0, _HIGH):
            await _leak(stage, code, measured, readings)
        if through_ohm(board):
            await _through_short(board, stage, measured, calibration, readings)
        else:
            _, measured.across_noise = await _voltage(stage, _COARSE)
        low = 0
        if board.HAS_SHORT and board.HAS_BOOST:
            low = _LOW - readings["dac_offset_na"] // 124  # 8 uA, whatever the DAC's offset
            if not power.usb():
                await _relay(stage, low, measured)
        stage.short()
        pulse.power(False)
        if board.HAS_BOOST:
            readings["fallen_mv"] = await _fall(board, stage)
            if readings["fallen_mv"] > board.RAIL_MIN_MV // 2:
                raise Failed(faults.RAIL_HELD, readings["fallen_mv"])
        if low:
            pulse.testing(True)
            await _trips(board, stage, pulse, low, measured, readings)
    finally:
        stage.short()
        pulse.power(False)
        pulse.testing(False)
    stage.measured = measured
    stage.calibrate(calibration)
    power.converter(measured.zero >> 6, stage.reference_mv)  # type: ignore[operator]
    cell = power.cell_mv()
    if cell is not None:
        readings["cell_mv"] = cell
        if not _CELL_MIN_MV <= cell <= _CELL_MAX_MV:
            raise Failed(faults.BATTERY, cell)
    readings["temperature_c"] = power.temperature_c()
    off = limits.TEMPERATURE_OFF_C if measured.per_dac else limits.TEMPERATURE_UNKNOWN_C
    if not limits.TEMPERATURE_MIN_C - off <= readings["temperature_c"] <= limits.TEMPERATURE_MAX_C + off:
        raise Failed(faults.TEMPERATURE, readings["temperature_c"])
    return readings


def _wait(stage, pulse, ms: int) -> None:
    """So many ms, to themselves: others would make some of it. Looks at nothing that makes the next readings others."""
    began = pulse.ticks
    while pulse.ticks - began & 0xFFFF <= ms:
        stage.fault_n()


async def _rise(board, stage, pulse) -> int:
    """The rail, mV, up."""
    pulse.power(True)
    for _ in range(limits.RAIL_RISE_MS // 2):
        _wait(stage, pulse, 1)
        if stage.rail() >= board.RAIL_MIN_MV:
            break
    rail = stage.rail()
    if rail < board.RAIL_MIN_MV:
        raise Failed(faults.RAIL_DEAD, rail)
    return rail


async def _fall(board, stage) -> int:
    """The rail, mV, when it and the latch have gone, or RAIL_GONE_MS have."""
    for _ in range(limits.RAIL_GONE_MS):
        await sleep_ms(1)
        rail = stage.rail()
        if rail <= board.RAIL_MIN_MV // 10 and stage.fault_n():
            break
    return rail


async def _current(stage, within: int) -> tuple[int, int]:
    """`average` of the current sense."""
    return await average(within, stage.sense[0])


async def _voltage(stage, within: int) -> tuple[int, int]:
    """`average` of rail less sink node."""
    return await average(within, stage.sense[1], stage.sense[2])


def _sense_na(board, codes: int) -> int:
    """Current in Rset of 1024ths of a code, nominally."""
    return codes * board.ADC_REFERENCE_MV // 4096 * 1000 // board.RSET_OHM * 1000 // 1024


async def _zero(board, stage, measured, readings: dict[str, int]) -> None:
    """With the rail down no current can flow: what the sense reads is the converter's offset."""
    measured.zero, measured.noise = await _current(stage, _FINE)
    readings["zero_mcodes"] = measured.zero * 1000 >> 10
    readings["noise_mcodes"] = measured.noise * 1000 >> 10
    if measured.zero >> 10 > limits.ZERO_CODES_MAX:
        raise Failed(faults.SENSE_OFFSET, _sense_na(board, measured.zero) // 1000)


async def _leak(stage, code: int | None, measured, readings: dict[str, int]) -> None:
    """In a rest no current flows with the DAC shut down; where nothing feeds a rest, whatever the DAC says."""
    if code is None:
        stage.shut_rest()
    else:
        stage.rest_at(code)
    await sleep_ms(_SETTLE_MS)
    found, _ = await _current(stage, _COARSE)
    codes = found - measured.zero >> 10
    readings["leak_ua"] = max(readings.get("leak_ua", -99), codes // 5)
    if codes > _LEAK_CODES:
        raise Failed(faults.LEAK, readings["leak_ua"])


async def _through_short(board, stage, measured, calibration, readings: dict[str, int]) -> None:
    """What the DAC's codes are at the sense, and across the short's own resistor, which trusts neither of them."""
    stage.shut_short()
    await sleep_ms(_SETTLE_MS)
    measured.across, measured.across_noise = await _voltage(stage, _FINE_ACROSS)
    sensed, across = {}, {}
    for code in (_LOW, _MIDDLE, _HIGH):
        stage.self_test_short(code)
        await sleep_ms(_SETTLE_MS)
        sensed[code] = (await _current(stage, _FINE))[0] - measured.zero
        if code != _MIDDLE:
            within = _FINE_ACROSS if code == _LOW else _COARSE
            across[code] = (await _voltage(stage, within))[0] - measured.across
    at_zero = sensed[_LOW] - (sensed[_MIDDLE] - sensed[_LOW]) * _LOW // (_MIDDLE - _LOW)
    measured.at_zero = at_zero
    measured.per_dac = per_dac = (sensed[_HIGH] - at_zero) // _HIGH
    nominal = stage.nominal_per_dac(calibration)
    readings["slope_ppm"] = (per_dac - nominal) * 1_000_000 // nominal
    if abs(readings["slope_ppm"]) > (limits.CALIBRATED_SLOPE_PPM if calibration.crc else limits.SLOPE_PPM):
        raise Failed(faults.DAC, _sense_na(board, sensed[_HIGH]) // 1000)
    # From one current to the other: what flows past the sense flows at both.
    uv = board.ADC_REFERENCE_MV * 1000 // 4096 * board.DIVIDER
    more_mv = ((across[_HIGH] - across[_LOW]) * uv >> 10) // 1000
    expected_mv = _sense_na(board, sensed[_HIGH] - sensed[_LOW]) * through_ohm(board) // 1_000_000
    if board.REST_OHM and more_mv * _BESIDE < expected_mv:
        raise Failed(faults.REST, more_mv)
    if abs(more_mv - expected_mv) * 100 > expected_mv * _RSET_PCT + 100 * _VOLTAGE_STEP_MV:
        raise Failed(faults.RSET, more_mv)
    # The voltage knows no offset but that of the dividers, which the shut DAC has shown.
    shown_na = (across[_LOW] * uv >> 10) * 1000 // through_ohm(board) + board.SENSE_LESS_NA
    found_na = _sense_na(board, sensed[_LOW]) + board.SENSE_LESS_NA
    readings["low_na"] = found_na
    # Where the sense reads nothing at all, the DAC's offset may leave too little for the voltage to show.
    nothing = sensed[_LOW] + measured.zero == 0
    if board.HAS_SHORT and (nothing or abs(shown_na - found_na) > _HIDDEN_NA):  # of a dummy load it is too few codes
        raise Failed(faults.SENSE_OFFSET, (found_na - shown_na) // 1000)
    dac_pa = board.DAC_REFERENCE_MV * 1_000_000_000 // (board.RSET_OHM << board.DAC_BITS)
    offset_na = at_zero * dac_pa // per_dac // 1000 + board.SENSE_LESS_NA
    readings["dac_offset_na"] = offset_na
    if abs(offset_na) > limits.DAC_OFFSET_NA_MAX:
        raise Failed(faults.DAC, found_na // 1000)
    if calibration.crc and abs(offset_na - calibration.dac_offset_na) > limits.CALIBRATED_OFFSET_NA:
        raise Failed(faults.DAC, found_na // 1000)
    readings["across_mv"] = (measured.across * uv >> 10) // 1000
    if not board.REST_OHM:
        return
    # In a rest the current flows from the rail past the electrodes: one that would harm nobody if it did not.
    stage.rest_at(_MIDDLE)
    await sleep_ms(_SETTLE_MS)
    found, _ = await _voltage(stage, _COARSE)
    readings["rest_mv"] = ((found - measured.across) * uv >> 10) // 1000
    if abs(readings["rest_mv"] - _MIDDLE * dac_pa // 1_000_000 * board.REST_OHM // 1000) > _REST_MV:
        raise Failed(faults.REST, readings["rest_mv"])


def _loop(stage, measured, reverse: bool, times: int = 1) -> int:
    """0 when what is across rail and sink node is the zener of an open relay, else that, mV. In no time: the last of so
    many means."""
    for _ in range(times):
        total = sum([stage.voltage() for _ in range(16)])
    mv = (total * 64 - measured.across) * 8 >> 10
    least, most = _LOOP_BACK_MV if reverse else _LOOP_MV
    return 0 if least < mv < most else mv or 1


async def _relay(stage, low: int, measured) -> None:
    """With the relay closed its loop is not there, either way."""
    there = 0
    for reverse in (False, True):
        stage.drive(low, not reverse, _DRIVE_US)
        there += not _loop(stage, measured, reverse, 2)
        await sleep_ms(_DRIVE_US // 1000 + 2)
    if there == 2:
        raise Failed(faults.RELAY, 0)


async def _trips(board, stage, pulse, low: int, measured, readings: dict[str, int]) -> None:
    """What trips does, by less than the DAC's full scale; the keep-alive's end clears it, each time. Begins, and ends,
    without it."""
    for number, code, lines, least_ms, most_ms in TRIPS:
        slow = most_ms > FAST_MS
        if slow or lines == 1:
            # What has added up, also before this start, would trip at once.
            stage.under_test(low, 3)
            _wait(stage, pulse, _EMPTY_MS)
        # While the rail rises the relay opens, and thresholds fall.
        stage.under_test(BELOW if lines == 3 else low, lines)
        await _rise(board, stage, pulse)
        _wait(stage, pulse, _RELAY_MS)
        ms = 0
        early = not stage.fault_n()
        if not early:
            mv = _loop(stage, measured, lines == 2) if lines < 3 else 0
            if mv:
                raise Failed(faults.RELAY, mv)
            stage.under_test(code, lines)
            began = pulse.ticks
            while stage.fault_n() and ms <= most_ms:
                stage.rail()
                ms = pulse.ticks - began & 0xFFFF
            early = ms < least_ms
        tripped = not stage.fault_n()
        stage.short()
        pulse.power(False)
        if early or not tripped:
            raise Failed(number, ms)
        readings["watch_ms"] = max(ms, readings.get("watch_ms", 0))
        await _fall(board, stage)
