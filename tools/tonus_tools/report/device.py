"""The device of a report: its electrode stage, what a person sees, how it stops. From the board and `tonus.limits`."""

from __future__ import annotations

from types import SimpleNamespace

from tonus import limits

from .accuracy import CALIBRATED, IEC_ACCURACY_PCT, Accuracy, out_of_the_box
from .model import Column, Row, Table, Value
from .words import with_unit

S = 1000  # ms


def tables(board: SimpleNamespace, accuracy: Accuracy) -> tuple[Table, ...]:
    """Electrode stage, basic unit characteristics, behaviours."""
    return _stage(board, accuracy), _unit(board), _behaviours()


def _stage(board: SimpleNamespace, accuracy: Accuracy) -> Table:
    here = f"boards/{board.NAME}/board.py"
    area_mm2 = board.ELECTRODE_AREA_MM2
    uncalibrated = out_of_the_box(board)

    def row(name: str, unit: str, value: Value, source: str) -> Row:
        return Row(name, unit, (value,), source)

    rows = (
        row("output", "", "one channel, current-regulated, two electrodes", f"boards/{board.NAME}/README.md"),
        row(
            "polarity", "", "one source, switched; electrodes shorted between phases", f"boards/{board.NAME}/README.md"
        ),
        row(
            "firmware ceiling",
            "uA",
            limits.FIRMWARE_CEILING_UA,
            "limits.FIRMWARE_CEILING_UA: a preset above is refused",
        ),
        row(
            "hardware ceiling",
            "uA",
            board.DAC_REFERENCE_MV * 1000 / board.RSET_OHM,
            f"{here}: DAC_REFERENCE_MV {board.DAC_REFERENCE_MV} / RSET_OHM {board.RSET_OHM}",
        ),
        row("hardware trip", "uA", board.TRIP_UA, f"{here}: TRIP_UA, comparator and latch; no firmware in it"),
        row("step of the current", "uA", board.UA_PER_CODE, f"hardware ceiling / 2^DAC_BITS ({board.DAC_BITS})"),
        row(
            "compliance: rail, nominal",
            "V",
            board.RAIL_MV / 1000,
            f"{here}: RAIL_MV; the most that open electrodes see",
        ),
        row("compliance: rail, least", "V", board.RAIL_MIN_MV / 1000, f"{here}: RAIL_MIN_MV; below it a session ends"),
        row("accuracy of the current, this report", "", str(accuracy), f"{accuracy.name}: {accuracy.source}"),
        row("accuracy, not calibrated", "", str(uncalibrated), uncalibrated.source),
        row("accuracy, calibrated", "", str(CALIBRATED), CALIBRATED.source),
        row("accuracy that is asked", "%", f"+-{IEC_ACCURACY_PCT}", "IEC 60601-2-10"),
        row("levels", "", limits.LEVELS, "limits.LEVELS: each a tenth of the preset's top"),
        row("electrode contact area, each", "cm2", area_mm2 / 100, f"{here}: ELECTRODE_AREA_MM2 {area_mm2}"),
        row("contact probe", "uA", limits.PROBE_UA, "limits.PROBE_UA: zero mean, before contact and in long rests"),
    )
    return Table("stage", "Electrode stage", (Column(""),), rows)


def _unit(board: SimpleNamespace) -> Table:
    def row(name: str, value: str, source: str) -> Row:
        return Row(name, "", (value,), source)

    lights, sounds = "firmware/README.md: Lights", "firmware/README.md: Sounds"
    cell = board.HAS_BATTERY
    rows = [
        row("power", "one Li-ion cell" if cell else "USB, on a bench; never on skin", f"boards/{board.NAME}/README.md"),
        row("while a cable is in", "output refused, and off within 5 ms", "limits.USB_MS"),
        row("controlled by", "firmware; a hardware trip and a keep-alive apart from it", "firmware/README.md"),
        row(
            "overload trip",
            "yes: hardware latch; firmware at +25 % and +10 uA",
            "board.py TRIP_UA; limits.OVERCURRENT_PCT",
        ),
        row(
            "no-load trip", "yes: an electrode that lifts ends the output", "limits.LIFT_MS, LIFT_PERIODS, LIFT_MAX_MS"
        ),
        row("shut-off", "end of the preset; 20 min; 3 min without contact", "limits.SESSION_MAX_MS, IDLE_OFF_MS"),
        row("user's override", "MODE stops at once; lifting an electrode too", "limits.STOP_MS"),
        row(
            "timer",
            f"by preset, at most {limits.SESSION_MAX_MS // S // 60} min; stands still in a pause",
            "limits.SESSION_MAX_MS",
        ),
        row("indicator: on, which preset", "four mode LEDs", lights),
        row("indicator: level", "bar of five LEDs, half and full: ten levels", lights),
        row("indicator: output and contact", "contact LED: steady good, fast poor, slow open, flash short", lights),
        row("indicator: battery", "low: LEVEL_1 blinks, two falling beeps" if cell else "none: no cell", lights),
        row("indicator: fault", "all mode LEDs flash; the bar shows the fault's number", lights),
        row(
            "sounds",
            "beeper" + (" and haptic tick" if "HAPTIC" in board.PINS else "") + ": cue, zone, level, stop, end, fault",
            sounds,
        ),
        row(
            "above 10 V: indicator and interlock",
            "contact LED; treatment only with contact"
            if board.RAIL_MV > 10_000
            else "not asked for: the rail is below 10 V",
            "IEC 60601-2-10; limits.OPEN_UA",
        ),
        row("at power-up, reset, new preset", "level 0, output off", "session.py"),
        row(
            "lockout: battery",
            f"no start below {limits.BATTERY_START_PCT} %" if cell else "none: no cell",
            "limits.BATTERY_START_PCT",
        ),
    ]
    return Table("unit", "Basic unit characteristics", (Column(""),), tuple(rows))


# Limits on what the device does in time: kept by the running firmware, so measured in simulation and not computed here.
# (what, value, unit, where it stands, the rule of sim/checks.py or the scenario that proves it)
BEHAVIOURS: tuple[tuple[str, Value, str, str, str], ...] = (
    ("start: level and output", "0, off", "", "session.py", "ramp"),
    ("ramp at the start, at least", limits.RAMP_MIN_MS, "ms", "limits.RAMP_MIN_MS", "ramp"),
    ("ramp after contact returns, from zero", limits.RAMP_RETURN_MS, "ms", "limits.RAMP_RETURN_MS", "ramp"),
    ("user's stop to no output, at most", limits.STOP_MS, "ms", "limits.STOP_MS", "stop"),
    ("lift to no output, at most", limits.LIFT_MAX_MS, "ms", "limits.LIFT_MAX_MS; 3 ms or two periods", "lift"),
    ("USB power to no output, at most", limits.USB_MS, "ms", "limits.USB_MS", "usb"),
    ("fault to no output, at most", limits.FAULT_MS, "ms", "limits.FAULT_MS: one tick", "hardware_fault"),
    ("pulse loop dead: rail down within", limits.RAIL_FALL_MS, "ms", "limits.RAIL_FALL_MS", "keep_alive"),
    ("foreground hung: reset within", limits.WATCHDOG_MS, "ms", "limits.WATCHDOG_MS", "watchdog"),
    (
        "account of charge, at most",
        limits.CHARGE_MAX_NC / 1000,
        "uC",
        "limits.CHARGE_MAX_NC: 20 uC/cm2",
        "account",
    ),
    (
        "account of charge that ends a session",
        limits.CHARGE_TRIP_NC / 1000,
        "uC",
        "limits.CHARGE_TRIP_NC",
        "account",
    ),
    ("current off what is set that ends a session", limits.DEVIATION_PCT, "%", "limits.DEVIATION_PCT", "dac_drifts_up"),
    ("longest session", limits.SESSION_MAX_MS // S, "s", "limits.SESSION_MAX_MS", "session_max"),
    ("idle without contact, then off", limits.IDLE_OFF_MS // S, "s", "limits.IDLE_OFF_MS", "left_on_the_table"),
    ("no start with the cell below", limits.BATTERY_START_PCT, "%", "limits.BATTERY_START_PCT", "low_battery_refuses"),
)


def _behaviours() -> Table:
    columns = (Column("limit"), Column("proved by"))
    rows = tuple(
        Row(what, "", (with_unit(value, unit), proof), source) for what, value, unit, source, proof in BEHAVIOURS
    )
    return Table("behaviours", "Limits in time, proved by simulation", columns, rows)
