"""The self-test at power-up, before anything can flow. Wide windows; each failure has a number and a reading.

Nothing here drives the electrodes: they stay shorted, or, for the DAC, off the source by the board's decoder.
"""

from asyncio import sleep_ms

from . import faults, limits
from .faults import Failed

_ZERO_CODES = 15  # 3 uA
RISE_MS = 60
FALL_MS = limits.RAIL_FALL_MS + 5
_DAC_CODES = (400, 1600)  # 50 and 199 uA
_DAC_PCT = 15
_RSET_PCT = 15
_VOLTAGE_STEP_MV = 50  # of the dividers, with noise: six codes
_CELL_MIN_MV = 2500
_CELL_MAX_MV = 4400


async def run(board, stage, pulse, power) -> dict[str, int]:
    """Test the stage and the supply; the readings by name. Failed at the first that is wrong. The rail ends down."""
    readings: dict[str, int] = {}
    try:
        if not stage.fault_n():
            raise Failed(faults.FAULT_LINE, 0)
        if board.HAS_BOOST and stage.rail() > board.RAIL_MIN_MV // 10:
            raise Failed(faults.RAIL_STUCK, stage.rail())
        pulse.power(True)
        for _ in range(RISE_MS // 5):
            await sleep_ms(5)
            if stage.rail() >= board.RAIL_MIN_MV:
                break
        readings["rail_mv"] = stage.rail()
        if readings["rail_mv"] < board.RAIL_MIN_MV:
            raise Failed(faults.RAIL_DEAD, readings["rail_mv"])
        _none(stage, 0, faults.SENSE_OFFSET, readings, "offset_ua")
        _none(stage, _DAC_CODES[1], faults.LEAK, readings, "leak_ua")
        if board.HAS_SHORT:
            await _through_short(board, stage, readings)
        stage.short()
        pulse.power(False)
        if board.HAS_BOOST:
            await sleep_ms(FALL_MS)
            readings["fallen_mv"] = stage.rail()
            if readings["fallen_mv"] > board.RAIL_MIN_MV // 2:
                raise Failed(faults.RAIL_HELD, readings["fallen_mv"])
    finally:
        stage.short()
        pulse.power(False)
    cell = power.cell_mv()
    if cell is not None:
        readings["cell_mv"] = cell
        if not _CELL_MIN_MV <= cell <= _CELL_MAX_MV:
            raise Failed(faults.BATTERY, cell)
    readings["temperature_c"] = power.temperature_c()
    if not limits.TEMPERATURE_MIN_C <= readings["temperature_c"] <= limits.TEMPERATURE_MAX_C:
        raise Failed(faults.TEMPERATURE, readings["temperature_c"])
    return readings


def _none(stage, code: int, fault: int, readings: dict[str, int], name: str) -> None:
    """With the electrodes shorted no current flows, whatever the DAC says."""
    stage.rest_at(code)
    sense = stage.raw_current()
    readings[name] = stage.ua(sense)  # no calibration takes away what is read here
    if sense > _ZERO_CODES:
        raise Failed(fault, readings[name])


async def _through_short(board, stage, readings: dict[str, int]) -> None:
    sensed_ua, across_mv = [], []
    for code in _DAC_CODES:
        stage.self_test_short(code)
        await sleep_ms(2)
        sense = stage.current()
        expected = stage.expected(code)
        sensed_ua.append(stage.ua(sense))
        readings["dac_%d_ua" % code] = sensed_ua[-1]
        if abs(sense - expected) * 100 > expected * _DAC_PCT + 100 * _ZERO_CODES:
            raise Failed(faults.DAC, sensed_ua[-1])
        across_mv.append(stage.mv(stage.voltage()))
    # DAC, sense and comparator all trust Rset; the short's own resistor does not. From one current to the other: on
    # 24 V, two dividers of 1 % resistors differ by more than the smaller current makes.
    more_mv = across_mv[1] - across_mv[0]
    expected_mv = (sensed_ua[1] - sensed_ua[0]) * board.SHORT_OHM // 1000
    if abs(more_mv - expected_mv) * 100 > expected_mv * _RSET_PCT + 100 * _VOLTAGE_STEP_MV:
        raise Failed(faults.RSET, more_mv)
