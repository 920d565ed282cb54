"""Faults and limits: numbers a person may have to count from lights."""

from __future__ import annotations

import re

from tonus import faults, limits
from tonus_tools.limits_table import LIMITS_MD, render, rows


def test_every_fault_has_a_number_of_its_own_that_can_be_counted() -> None:
    constants = {name: value for name, value in vars(faults).items() if name.isupper() and isinstance(value, int)}
    numbers = {name: value for name, value in constants.items() if value >= faults.LATCH}
    assert len(set(constants.values())) == len(constants)
    assert set(numbers.values()) == set(faults.FAULTS)
    assert all(10 <= number <= 39 for number in faults.FAULTS)
    assert {value for value in constants.values() if value < faults.LATCH} == {*faults.CUTS, *faults.NOTES}


def test_every_fault_has_a_name_of_its_own_that_is_its_constant() -> None:
    names = [faults.name(number) for number in (*faults.CUTS, *faults.NOTES, *faults.FAULTS)]
    assert len(set(names)) == len(names)
    for number, (name, meaning) in faults.FAULTS.items():
        assert getattr(faults, name.upper()) == number
        assert re.fullmatch(r"[a-z_]+", name)
        assert meaning.isascii()
        assert meaning


def test_a_check_that_failed_has_the_number_the_name_and_the_reading() -> None:
    failed = faults.Failed(faults.LATCH, 7)
    assert (failed.number, failed.value, str(failed)) == (faults.LATCH, 7, "latch")


def test_the_limits_are_those_of_the_design() -> None:
    assert (limits.FIRMWARE_CEILING_UA, limits.SHIPPED_TOP_UA, limits.LEVELS) == (500, 400, 10)
    assert (limits.RATE_MIN_DHZ, limits.RATE_MAX_DHZ) == (3, 3000)
    assert (limits.PHASE_MIN_US, limits.PHASE_MAX_US, limits.CHARGE_MAX_NC) == (100, 500_000, 50_000)
    assert (limits.CHARGE_ONE_WAY_NC, limits.CHARGE_TRIP_NC, limits.CHARGE_FAULT_NC) == (45_000, 60_000, 80_000)
    assert limits.CHARGE_ONE_WAY_NC * (100 + limits.CHARGE_MARGIN_PCT) <= 100 * limits.CHARGE_MAX_NC
    assert (limits.CHARGE_FORGET_MS, limits.DC_MAX_UA, limits.DC_FAULT_UA) == (6800, 10, 12)
    assert limits.PROBE_UA <= limits.PROBE_MAX_UA == 10
    assert limits.RAMP_MIN_MS == 500 <= limits.RAMP_RETURN_MS
    assert (limits.STOP_MS, limits.USB_MS, limits.FAULT_MS) == (100, 5, 1)
    assert (limits.LIFT_MS, limits.LIFT_PERIODS, limits.LIFT_MAX_MS) == (3, 2, 250)
    assert (limits.SESSION_MAX_MS, limits.IDLE_OFF_MS) == (20 * 60_000, 3 * 60_000)
    assert (limits.BATTERY_START_PCT, limits.CUE_MIN_S, limits.CUE_MAX_S) == (20, 3, 30)
    # A lift in a rest of a slow rate shows in two probes at the latest.
    watched_ms = limits.PROBE_REST_MS + (2 * limits.PROBE_PHASE_US + limits.PROBE_GAP_US) // 1000 + 10
    assert 2 * watched_ms <= limits.LIFT_MAX_MS


def test_the_table_of_limits_is_what_the_firmware_has_and_gives_a_reason_for_each() -> None:
    assert LIMITS_MD.read_text(encoding="utf-8") == render()
    assert [name for _, name, _, _ in rows()] == [name for name in vars(limits) if name.isupper()]
    assert [name for _, name, _, why in rows() if not why] == []
