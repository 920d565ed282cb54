"""The self-test on a device whose every part is somewhere within its tolerance, and on some that are beyond."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tonus import calibration, faults, limits
from tonus_tools.spice import starts
from tonus_tools.world.boards import constants


async def _no_time(_ms: int) -> None:
    """MicroPython's asyncio has it; here nothing takes time."""


if not hasattr(asyncio, "sleep_ms"):
    asyncio.sleep_ms = _no_time  # type: ignore[attr-defined]

sys.modules["machine"] = SimpleNamespace(disable_irq=int, enable_irq=int)  # type: ignore[assignment]
from tonus import mean, measured, selftest  # noqa: E402

del sys.modules["machine"]

BOARD = constants("tonus_r1")
VOLTS_PER_CODE = BOARD.DAC_REFERENCE_MV / 1000 / (1 << BOARD.DAC_BITS)
SHUT = None


class Device:
    """Stage, pulse loop and supply of one device, as far as the self-test sees them; errors as in its draws."""

    def __init__(self, errors: Mapping[str, float] | None = None, seed: int = 1, broken: str = "") -> None:
        self.broken = broken.split(", ")
        self.tested = self._tripped = False
        self._lines = self._ms = 0
        self._uc = 0.0  # of the watch's integrator
        self._driving = False
        self.errors = {
            "dac": 0.0, "dac_v": 0.0, "bow_v": 0.0, "adc": 0.0, "adc_codes": 12.0, "noise": 1.5, "rset": 0.0,
            "short": 0.0, "rail": 0.0, "sink": 0.0, "leak_a": 0.0, "celsius": 25.0,
            "rest_ohm": 1500.0, "beside_ohm": 1e12, "watch_uc": 9.1, "usb": 0,
        } | dict(errors or {})  # fmt: skip
        self._random = random.Random(seed)
        self._code: int | None = 0
        self._through = False
        self._rail = 0.0
        self.reference_mv = BOARD.ADC_REFERENCE_MV
        self.measured = measured.Measured()
        self.given: tuple[int, int] | None = None

    # What a pulse loop, a stage and a supply do.

    def usb(self) -> int:
        return int(self.errors["usb"])

    def testing(self, on: bool) -> None:
        self.tested = on

    @property
    def ticks(self) -> int:
        self._ms += 1
        self._pass(1.0)
        return self._ms

    def under_test(self, code: int, lines: int) -> None:
        self._code, self._through, self._lines, self._driving = code, lines == 3, lines, False
        if lines == 3:
            self._uc = 0.0
        self._pass(0.0)

    def drive(self, code: int, forward: bool, us: int) -> None:
        self._code, self._through, self._lines = code, False, 1 if forward else 2
        self._driving = True

    def _pass(self, ms: float) -> None:
        """Time passes, and what trips does."""
        if not self._lines or not self._rail:
            return
        uc = self._amps() * ms * 1e3
        self._uc += uc if self._lines == 1 else -uc
        if self._lines == 3:
            tripped = self._amps() > 301e-6 and "trip" not in self.broken
        else:
            fast = self._amps() > 436e-6 and f"fast {self._lines}" not in self.broken
            slow = abs(self._uc) > self.errors["watch_uc"] and f"slow {self._lines}" not in self.broken
            tripped = fast or slow
        self._tripped = self._tripped or tripped

    def power(self, on: bool) -> None:
        if not on:
            self._tripped = "latch" in self.broken and self._tripped
        self._rail = 24.0 * (1 + self.errors["rail"]) if on else 0.0

    def fault_n(self) -> int:
        return int(not self._tripped)

    def rest_at(self, code: int) -> None:
        self._code, self._through, self._lines = code, False, 0

    def self_test_short(self, code: int) -> None:
        self._code, self._through, self._lines = code, True, 0

    def shut_short(self) -> None:
        self._code, self._through, self._lines = SHUT, True, 0

    def shut_rest(self) -> None:
        self._code, self._through, self._lines = SHUT, False, 0

    def short(self) -> None:
        self.rest_at(0)

    def calibrate(self, _calibration: calibration.Calibration) -> None:
        ideal = self.nominal_per_dac(_calibration)
        self.reference_mv = BOARD.ADC_REFERENCE_MV * ideal // (self.measured.per_dac or ideal)

    def nominal_per_dac(self, _calibration: calibration.Calibration) -> int:
        return int(BOARD.DAC_REFERENCE_MV * 1024 // BOARD.ADC_REFERENCE_MV)

    def converter(self, zero: int, reference_mv: int) -> None:
        self.given = (zero, reference_mv)

    def cell_mv(self) -> int:
        return 3900

    def temperature_c(self) -> int:
        return int(self.errors["celsius"])

    # What the converter reads.

    def _amps(self) -> float:
        """Through the short, or in a rest from the rail; with the rest's switch open, through nothing."""
        less: float = BOARD.SENSE_LESS_NA * 1e-9
        if not self._rail or self._tripped or not self._through and not self._lines and not self.errors["rest_ohm"]:
            return 0.0
        if self._lines in (1, 2) and not self._looped():
            return 0.0
        if self._code is SHUT:
            return less
        share = self._code / 4096
        volts = self._code * VOLTS_PER_CODE * (1 + self.errors["dac"]) + self.errors["dac_v"]
        volts += self.errors["bow_v"] * 4 * share * (1 - share)
        return max(less, float(volts / BOARD.RSET_OHM) / (1 + self.errors["rset"]))

    def _looped(self) -> bool:
        """Whether the relay closes the loop, and not skin that is not there."""
        return "relay_open" in self.broken or "relay_welded" not in self.broken and not self._driving

    def _read(self, volts: float) -> int:
        codes = volts * 4096 / 3.3 * (1 + self.errors["adc"]) + self.errors["adc_codes"]
        noise = self._random.gauss(0, self.errors["noise"])
        if self._random.random() < 1 / 64:
            noise = self._random.choice((-10, 10)) * (1 + self.errors["noise"])
        return max(0, min(4095, int(codes + noise + 100) - 100))

    @property
    def sense(self) -> tuple[Callable[[], int], ...]:
        """16 bit readings: current, rail, sink."""
        return lambda: self._current() << 4, lambda: self._divided() << 4, lambda: self._sink() << 4

    def _current(self) -> int:
        amps = max(0.0, self._amps() - BOARD.SENSE_LESS_NA * 1e-9)
        amps += self.errors["leak_a"] if self._rail else 0.0
        return self._read(amps * BOARD.RSET_OHM * (1 + self.errors["rset"]))

    def _divided(self) -> int:
        return self._read(self._rail / BOARD.DIVIDER)

    def _sink(self) -> int:
        divided = self._rail / BOARD.DIVIDER
        ohm = BOARD.SHORT_OHM * (1 + self.errors["short"]) if self._through else self.errors["rest_ohm"]
        ohm = 1 / (1 / ohm + 1 / self.errors["beside_ohm"]) if ohm else 0.0
        sink = divided - self._amps() * ohm / BOARD.DIVIDER if ohm else 0.0
        if self._lines in (1, 2):
            sink = divided - (3.4 if self._lines == 1 else 0.6) / BOARD.DIVIDER if self._looped() else 0.0
        return self._read(sink * (1 + self.errors["sink"]))

    def voltage(self) -> int:
        return self._divided() - self._sink()

    def rail(self) -> int:
        return round(1000 * self._rail)


def run_on(device: Device, its: calibration.Calibration | None = None) -> dict[str, int]:
    parts: Any = device
    return asyncio.run(selftest.run(BOARD, parts, parts, parts, its or calibration.Calibration("tonus_r1")))


parts = st.fixed_dictionaries(
    {
        "dac": st.floats(-0.02, 0.02), "dac_v": st.floats(-0.02098, 0.02098), "bow_v": st.floats(-0.006, 0.006),
        "adc": st.floats(-0.024, 0.044), "adc_codes": st.floats(0, 25), "noise": st.floats(0.4, 3.0),
        "rset": st.floats(-0.001, 0.001), "short": st.floats(-0.01, 0.01), "rail": st.floats(-0.05, 0.05),
        "sink": st.floats(-0.015, 0.015),
    }
)  # fmt: skip


@given(parts, st.integers(0, 2**30))
@settings(max_examples=40, deadline=None)
def test_parts_within_their_tolerances_pass_and_are_measured(errors: dict[str, float], seed: int) -> None:
    device = Device(errors, seed)
    readings = run_on(device)
    assert readings["dac_offset_na"] == pytest.approx(errors["dac_v"] / BOARD.RSET_OHM * 1e9, abs=450)
    found = device.measured
    assert found.zero is not None
    assert found.across is not None
    assert found.zero / 1024 == pytest.approx(errors["adc_codes"] - 0.5, abs=1.2)
    rail_v = 2.4 * (1 + errors["rail"])
    sink_v = (rail_v - BOARD.SENSE_LESS_NA * 1e-9 * BOARD.SHORT_OHM / BOARD.DIVIDER) * (1 + errors["sink"])
    codes = (rail_v - sink_v) * 4096 / 3.3 * (1 + errors["adc"])
    assert found.across / 1024 == pytest.approx(codes, abs=0.8)
    assert device.given == (found.zero >> 6, device.reference_mv)
    # As far as the DAC's own reference and its bow are off.
    assert device.reference_mv * (1 + errors["adc"]) == pytest.approx(BOARD.ADC_REFERENCE_MV, rel=0.026)


@given(st.floats(-60, -10), st.floats(-0.02, 0.02), st.floats(0.4, 3.0))
@example(-51.0, -0.02, 2.375)  # what the DAC's offset leaves of the small current, the voltage hardly shows
@example(-10.0, -0.02, 2.375)
@settings(max_examples=20, deadline=None)
def test_a_converter_that_hides_small_currents(codes: float, dac_v: float, noise: float) -> None:
    with pytest.raises(faults.Failed) as failed:
        run_on(Device({"adc_codes": codes, "dac_v": dac_v, "noise": noise}))
    assert failed.value.number == faults.SENSE_OFFSET


@pytest.mark.parametrize(
    ("errors", "fault"),
    [
        ({"adc_codes": 45}, faults.SENSE_OFFSET),
        ({"leak_a": 4e-6}, faults.LEAK),
        ({"dac": 0.12}, faults.DAC),
        ({"dac": -0.12}, faults.DAC),
        ({"dac_v": 0.027}, faults.DAC),
        ({"dac_v": -0.027}, faults.DAC),
        ({"rset": -0.5}, faults.RSET),
        ({"rset": 0.15}, faults.RSET),
        ({"rest_ohm": 0}, faults.REST),  # open: the sink's node falls
        ({"rest_ohm": 3500}, faults.REST),  # skin, and a line that is stuck
        ({"beside_ohm": 1500}, faults.REST),  # stuck on
        ({"celsius": -13}, faults.TEMPERATURE),
        ({"celsius": 63}, faults.TEMPERATURE),
    ],
    ids=str,
)
def test_what_is_beyond_is_named(errors: dict[str, float], fault: int) -> None:
    device = Device(errors)
    with pytest.raises(faults.Failed) as failed:
        run_on(device)
    assert failed.value.number == fault
    assert not device._rail


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        ("relay_welded", faults.RELAY),
        ("relay_open", faults.RELAY),
        ("fast 1", faults.WATCH),
        ("fast 2", faults.WATCH),
        ("slow 1", faults.WATCH),
        ("slow 2", faults.WATCH),
        ("trip", faults.TRIP),
        ("latch", faults.WATCH),  # it trips once, and is not cleared
    ],
)
def test_what_does_not_trip_is_named(broken: str, fault: int) -> None:
    device = Device(broken=broken)
    with pytest.raises(faults.Failed) as failed:
        run_on(device)
    assert failed.value.number == fault
    assert not device._rail
    assert not device.tested


@pytest.mark.parametrize(("uc", "passes"), [(4.0, False), (7.5, True), (10.5, True), (25.0, False)])
def test_the_watch_trips_neither_early_nor_late(uc: float, passes: bool) -> None:
    device = Device({"watch_uc": uc})
    if passes:
        assert run_on(device)["watch_ms"] == pytest.approx(uc / 0.373, abs=3)
    else:
        with pytest.raises(faults.Failed) as failed:
            run_on(device)
        assert failed.value.number == faults.WATCH


def test_spice_plays_the_same() -> None:
    assert tuple(row[1:] for row in selftest.TRIPS) == starts.TRIPS
    assert (selftest.FAST_MS, selftest._LOW, selftest.BELOW) == (starts.FAST_MS, starts.LOW, starts.BELOW)


def test_with_the_cable_in_the_relay_is_open_and_nothing_is_wrong() -> None:
    assert run_on(Device({"usb": 1}, broken="relay_open"))["watch_ms"]


@pytest.mark.parametrize(("offset_na", "passes"), [(500, True), (-2000, True), (4500, False), (-4500, False)])
def test_a_calibration_is_what_the_measurement_is_held_against(offset_na: int, passes: bool) -> None:
    its = calibration.Calibration("tonus_r1")
    its.crc, its.dac_offset_na = 1, offset_na
    if passes:
        assert abs(run_on(Device(), its)["dac_offset_na"]) < limits.SET_ACCURACY_NA
    else:
        with pytest.raises(faults.Failed):
            run_on(Device(), its)


def test_a_board_without_a_short_measures_the_converter_alone() -> None:
    device = Device()
    bench: Any = SimpleNamespace(**vars(BOARD) | {"HAS_SHORT": False})
    parts: Any = device
    readings = asyncio.run(selftest.run(bench, parts, parts, parts, calibration.Calibration("tonus_r1")))
    assert (device.measured.per_dac, device.measured.at_zero, device.measured.across) == (0, None, None)
    assert "dac_offset_na" not in readings


@given(st.floats(0, 40), st.floats(0.3, 4.0), st.integers(0, 2**30))
@settings(max_examples=40, deadline=None)
def test_a_mean_is_as_good_as_is_asked(level: float, noise: float, seed: int) -> None:
    """Also where the converter clips, to half a code; outliers do not count."""
    device = Device({"adc_codes": level, "noise": noise}, seed)
    middle, deviation = asyncio.run(mean.average(100, device.sense[0]))
    assert middle / 1024 == pytest.approx(level - 0.5, abs=0.5 if level > 12 else 1.2)
    if level > 12:
        assert noise * 0.7 < deviation / 1024 < noise * 1.5 + 1.5
