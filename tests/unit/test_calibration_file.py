"""Calibration: it never lifts the ceiling, its file is used whole or not at all, a misread meter is found."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from ctl_device import CALIBRATION, Device, FakeSerial
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tonus import bank, calibration, files, limits, program, sealed
from tonus.contact import GOOD, POOR, Contact
from tonus.deviation import Deviation
from tonus.fields import FieldError
from tonus_tools.ctl import calibrate
from tonus_tools.ctl.client import Client, Held
from tonus_tools.errors import NotGood, UsageError
from tonus_tools.world.boards import constants

BOARD = constants("tonus_r1")
SCALE = (BOARD.DAC_REFERENCE_MV, BOARD.RSET_OHM, BOARD.DAC_BITS)
NA_PER_CODE = BOARD.DAC_REFERENCE_MV * 1e6 / (BOARD.RSET_OHM << BOARD.DAC_BITS)
NA16_PER_CODE = 3206
RELEASED = Path(__file__).resolve().parents[1] / "released" / "schema-1.calibration"
VALUES: dict[str, object] = {
    "dac_gain_ppm": 40_000, "dac_offset_na": 3000, "sense_gain_ppm": -15_000, "sense_offset_na": 200,
    "voltage_gain_ppm": 10_000, "voltage_offset_mv": -96,
}  # fmt: skip

dacs = st.tuples(
    st.integers(*calibration.RANGES["dac_gain_ppm"]),
    st.integers(*calibration.RANGES["dac_offset_na"]),
)
all_values = st.fixed_dictionaries({name: st.integers(*span) for name, span in calibration.RANGES.items()})


def test_ranges_are_those_of_the_document() -> None:
    assert calibration.RANGES == CALIBRATION


# The ceiling.


@given(st.integers(0, limits.FIRMWARE_CEILING_UA), dacs)
@settings(max_examples=2000)
def test_no_calibration_lifts_the_ceiling_or_a_set_current(ua: int, dac: tuple[int, int]) -> None:
    """Neither if it is right, nor if the device is nominal after all; and it never falls short by more than a step."""
    code = program.code_for_ua(ua, *SCALE, dac)
    assert 0 <= code < 1 << BOARD.DAC_BITS
    assert code * NA_PER_CODE <= limits.FIRMWARE_CEILING_UA * 1000

    def true_na(code: int) -> float:
        return float(code * NA_PER_CODE * (1 + dac[0] / 1e6) + dac[1])

    if code:
        assert true_na(code) <= ua * 1000 + 1e-6
    ceiling = program.code_for_ua(limits.FIRMWARE_CEILING_UA, *SCALE)
    assert ua == 0 or code == ceiling or true_na(code + 1) > ua * 1000 - 1e-6
    assert code or not ua or true_na(1) > ua * 1000 - 1e-6


@given(st.integers(10, limits.FIRMWARE_CEILING_UA), dacs)
@settings(max_examples=500)
def test_a_wrong_calibration_keeps_to_what_the_standard_allows(ua: int, dac: tuple[int, int]) -> None:
    """On a nominal device: 11 % and 7 uA at most, and IEC's 20 % from 80 uA on."""
    off_na = abs(program.code_for_ua(ua, *SCALE, dac) * NA_PER_CODE - ua * 1000)
    assert off_na <= ua * 1000 / 9 + limits.DAC_OFFSET_NA_MAX / 0.9 + NA_PER_CODE
    assert ua < 80 or off_na <= 0.2 * ua * 1000


@given(dacs)
@settings(max_examples=40, deadline=None)
def test_every_preset_compiles_with_every_calibration(dac: tuple[int, int]) -> None:
    probe = program.compile_probe(BOARD, dac)
    assert abs(program.ua_for_code(probe.probe_code, BOARD, dac) - limits.PROBE_UA) <= 1
    for p in bank.shipped():
        compiled = program.compile(p.zones[0].waveform, p.top_ua, BOARD, dac)
        assert compiled.codes[0] == 0
        assert compiled.codes == sorted(compiled.codes)
        for level, code in enumerate(compiled.codes[1:], 1):
            asked = p.top_ua * level // 10
            assert program.ua_for_code(code, BOARD, dac) == asked or code == 0


def test_nominal_is_what_it_was() -> None:
    for ua in range(limits.FIRMWARE_CEILING_UA + 1):
        code = program.code_for_ua(ua, *SCALE)
        assert program.code_for_ua(ua, *SCALE, (0, 0)) == code
        assert program.ua_for_code(code, BOARD) == ua


# The file.


def loaded(folder: Path, board: str = "tonus_r1") -> calibration.Store:
    found = calibration.Store(str(folder), board)
    found.load()
    return found


def test_no_file_is_nominal(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert (found.damage, found.now.crc, found.now.at) == (None, 0, None)
    assert set(found.now.values().values()) == {0}


@given(all_values, st.none() | st.integers(limits.UNIX_MIN_S, limits.UNIX_MAX_S))
@settings(max_examples=50, deadline=None)
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object], at: int | None
) -> None:
    folder = tmp_path_factory.mktemp("calibration")
    made = loaded(folder)
    made.write(values, at)
    again = loaded(folder)
    assert again.now.record() == made.now.record() == {"schema": 1, "board": "tonus_r1", "at": at, **values}
    assert again.now.crc == made.now.crc != 0
    assert [path.name for path in folder.iterdir()] == ["calibration"]
    made.reset()
    assert loaded(folder).now.crc == made.now.crc == 0
    assert list(folder.iterdir()) == []


def test_a_released_file_loads(tmp_path: Path) -> None:
    shutil.copyfile(RELEASED, tmp_path / "calibration")
    found = loaded(tmp_path)
    assert found.damage is None
    assert found.now.values() == VALUES


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = RELEASED.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    gone = data.draw(st.sampled_from([0, 1, 1, 1, 7, len(whole)]))
    new = data.draw(st.binary(max_size=3))
    damaged = whole[:at] + new + whole[at + gone :]
    assume(damaged != whole)
    folder = tmp_path_factory.mktemp("calibration")
    (folder / "calibration").write_bytes(damaged)
    found = loaded(folder)
    assert found.damage == "its line is damaged"
    assert set(found.now.values().values()) == {0}
    found.keep_damaged()
    assert (folder / "calibration.bad").read_bytes() == damaged
    assert loaded(folder).damage is None


def test_a_flash_that_does_not_hold_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found before it is in force, what was is left; found after, nominal values are in force."""
    store = calibration.Store(str(tmp_path), "tonus_r1")
    store.write(VALUES, None)
    before = store.now.values()
    open_, rename = open, os.rename

    def forgetting(path: str, mode: str) -> object:
        return open_(path, mode) if mode == "rb" else open_(os.devnull, mode)

    monkeypatch.setattr(calibration, "open", forgetting, raising=False)
    (tmp_path / "calibration.new").write_bytes(b"what was there\n")
    with pytest.raises(OSError, match="5"):
        store.write({**VALUES, "dac_gain_ppm": 1}, None)
    monkeypatch.undo()
    assert (store.now.values(), store.damage) == (before, None)
    assert calibration.read(str(tmp_path / "calibration")).values() == before

    def spoiling(old: str, new: str) -> None:
        rename(old, new)
        Path(new).write_bytes(Path(new).read_bytes()[:-20])

    monkeypatch.setattr(os, "rename", spoiling)
    with pytest.raises(sealed.Lost, match="^the flash did not keep the calibration; nominal values are in force$"):
        store.write(VALUES, None)
    assert (set(store.now.values().values()), store.damage) == ({0}, "does not read back: its line is damaged")


def test_what_cannot_be_removed_waits_for_the_next_calibration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(path: str) -> None:
        raise OSError(5, "EIO")

    store = calibration.Store(str(tmp_path), "tonus_r1")
    store.write(VALUES, None)
    monkeypatch.setattr(files, "remove", refuses)
    found = loaded(tmp_path)
    assert (found.now.values(), found.damage) == (VALUES, None)
    assert found.now.dac() == (VALUES["dac_gain_ppm"], VALUES["dac_offset_na"])


@pytest.mark.parametrize(
    ("changes", "damage"),
    [
        ({"board": "pico_bench"}, 'board: "pico_bench"; allowed tonus_r1'),
        ({"schema": 2}, "schema: 2; allowed 1"),
        ({"at": "noon"}, 'at: "noon"; allowed 1577836800..4102444799'),
        ({"dac_gain_ppm": 100_001}, "dac_gain_ppm: 100001; allowed -100000..100000"),
        ({"sense_offset_na": -1001}, "sense_offset_na: -1001; allowed -1000..8000"),
        ({"dac_offset_na": 2.0}, "dac_offset_na: 2.0; allowed -6000..6000"),
        ({"hue": 1}, "hue: unknown field; allowed schema, board, at, " + ", ".join(calibration.NAMES)),
    ],
)
def test_a_file_that_is_not_for_this_device_is_not_used(
    changes: dict[str, object], damage: str, tmp_path: Path
) -> None:
    record = {"schema": 1, "board": "tonus_r1", "at": None, **VALUES}
    (tmp_path / "calibration").write_text(sealed.seal(json.dumps(record | changes)) + "\n")
    found = loaded(tmp_path)
    assert (found.damage, found.now.crc) == (damage, 0)


@pytest.mark.parametrize("name", calibration.RANGES)
def test_a_value_out_of_range_changes_nothing(name: str, tmp_path: Path) -> None:
    store = loaded(tmp_path)
    store.write(VALUES, None)
    before = store.now.record()
    for value in (calibration.RANGES[name][0] - 1, calibration.RANGES[name][1] + 1, None, True, "1", 1.5):
        with pytest.raises(FieldError, match=rf"^params\.{name}: .*; allowed -\d+\.\.\d+$"):
            store.write(VALUES | {name: value}, None, "params")
    with pytest.raises(FieldError, match=f"^params.{name}: missing"):
        store.write({key: value for key, value in VALUES.items() if key != name}, None, "params")
    assert store.now.record() == loaded(tmp_path).now.record() == before


# Delivered against set.


def told(expected: int, delivered: int, n: int = 4, ms: int = 300) -> list[int]:
    """What a second of such phases says: n every 20 ms, each with these sense codes."""
    deviation = Deviation()
    found = [deviation.add(n, expected * n, delivered * n, NA16_PER_CODE, t) for t in range(0, ms, 20)]
    return [pct for pct in found if pct is not None]


@given(st.integers(0, 2600), st.integers(-19, 19))
def test_what_the_standard_allows_is_no_deviation(expected: int, pct: int) -> None:
    assert told(expected, expected + expected * pct // 100) == []


@given(st.integers(0, 240), st.integers(-49, 49))
def test_nor_are_the_offsets_of_an_uncalibrated_device(expected: int, codes: int) -> None:
    assert told(expected, max(0, expected + codes)) == []


@pytest.mark.parametrize(("expected", "delivered"), [(1000, 750), (1000, 1230), (300, 225), (200, 140), (60, 0)])
def test_a_quarter_is_a_deviation(expected: int, delivered: int) -> None:
    assert told(expected, delivered) == [delivered * 100 // expected]


def test_it_takes_time_and_pulses() -> None:
    deviation = Deviation()
    assert deviation.add(100, 100_000, 10_000, NA16_PER_CODE, 0) is None  # much at once is one moment
    assert deviation.add(100, 100_000, 10_000, NA16_PER_CODE, 180) is None
    deviation.reset()
    assert [deviation.add(1, 1000, 700, NA16_PER_CODE, 3000 * i) for i in range(4)] == [None, None, None, 70]


ROOM_MV = BOARD.RAIL_MV - 400 * BOARD.RSET_OHM // 1000


@pytest.mark.parametrize("short_by", [20, 25, 50])
def test_missing_current_is_the_skins_doing_only_with_the_voltage_to_show_for_it(short_by: int) -> None:
    """Out of compliance it is; a mean over good and dry moments shows their mean; anything less is the source."""
    ua = 400 - 4 * short_by
    for mv, kind in (
        (ROOM_MV, POOR),
        (ROOM_MV * short_by // 100, POOR),
        (ROOM_MV * short_by // 130, GOOD),
        (800, GOOD),
    ):
        contact = Contact(BOARD.RAIL_MV, BOARD.RSET_OHM)
        for now in range(0, 600, 20):
            contact.update(400, ua, mv, False, now)
        assert contact.seen == kind, mv
        assert contact.kind == kind, mv


# What the tool makes of a multimeter's readings.


CONSTANTS = SimpleNamespace(**vars(BOARD))


def taken(device: Device, misread: dict[int, float] | None = None) -> list[calibrate.Reading]:
    client = Client(FakeSerial(device))
    client.connect()
    readings = []
    for ua in calibrate.HELD_UA:
        held = client.calibration_hold(calibrate.code_of(ua, CONSTANTS))
        readings.append(calibrate.Reading(ua, held, device.rset_mv(held.code) + (misread or {}).get(ua, 0)))
    return readings


@given(
    st.floats(-0.09, 0.09), st.floats(-4.9, 4.9), st.floats(-0.09, 0.09), st.floats(-0.9, 2.9)
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_readings_give_back_what_the_parts_are(dac: float, dac_ua: float, sense: float, sense_ua: float) -> None:
    device = Device()
    device.parts = {"dac_gain": 1 + dac, "dac_ua": dac_ua, "sense_gain": 1 + sense, "sense_ua": sense_ua}
    values = calibrate.from_readings(taken(device), CONSTANTS)
    assert values["dac_gain_ppm"] == pytest.approx(dac * 1e6, abs=5)
    assert values["dac_offset_na"] == pytest.approx(dac_ua * 1000, abs=5)
    assert values["sense_gain_ppm"] == pytest.approx(sense * 1e6, abs=20)
    assert values["sense_offset_na"] == pytest.approx(sense_ua * 1000, abs=5)


@pytest.mark.parametrize(
    ("misread", "error"),
    [
        ({200: 20.0}, r"reading 2: 820\.543 mV is 5\.0 uA off the line through the others; allowed 2\.0 uA"),
        ({50: -5.0}, r"nothing flowing: 1\.4 uA off the line through the others; allowed 1\.0 uA"),
        ({400: 40.0}, r"reading 2: 800\.543 mV is 4\.\d uA off"),
        ({50: 1.0, 200: 4.0, 400: 8.0}, ""),
    ],
)
def test_a_misread_meter_is_found(misread: dict[int, float], error: str) -> None:
    readings = taken(Device(), misread)
    if error:
        with pytest.raises(NotGood, match=error + ".*; nothing was changed$"):
            calibrate.from_readings(readings, CONSTANTS)
    else:  # within what a meter may be off
        assert abs(calibrate.from_readings(readings, CONSTANTS)["dac_gain_ppm"]) < 15_000


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-804", "8040", "0.804", "698", "910"])
def test_a_reading_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^reading at 200 uA: .*; allowed 699\.\.909 mV$"):
        calibrate.reading(200, text, CONSTANTS)


def test_a_part_beyond_its_tolerance_is_named() -> None:
    device = Device()
    device.parts |= {"sense_gain": 0.85}
    with pytest.raises(NotGood, match=r"^sense_gain_ppm: -1\d+; allowed -100000\.\.100000: a misread meter"):
        calibrate.from_readings(taken(device), CONSTANTS)


def test_a_reference_makes_the_resistance_right() -> None:
    values = dict.fromkeys(calibration.RANGES, 0) | {"voltage_gain_ppm": 5000}
    switches = CONSTANTS.SWITCHES_OHM
    made = calibrate.from_reference(10_000, round((10_000 + switches) * 1.02) - switches, values, CONSTANTS)
    assert made["voltage_gain_ppm"] == pytest.approx(1.005 * 1.02e6 - 1e6, abs=50)
    with pytest.raises(NotGood, match="voltage_gain_ppm"):
        calibrate.from_reference(10_000, 12_000, values, CONSTANTS)


def test_the_reach_of_a_device_whose_dac_gives_too_little() -> None:
    values = dict.fromkeys(calibration.RANGES, 0)
    assert calibrate.reach_ua(CONSTANTS, values) == pytest.approx(500, abs=0.2)
    assert calibrate.reach_ua(CONSTANTS, values | {"dac_gain_ppm": 50_000}) == pytest.approx(500, abs=0.2)
    assert calibrate.reach_ua(CONSTANTS, values | {"dac_gain_ppm": -50_000}) == pytest.approx(475, abs=0.2)


def test_what_is_off_is_read_by_the_calibrated_sense() -> None:
    held = Held(1608, 0, round(204 * 4.02 / 3300 * 4096e3), 0, 24_000)
    values = dict.fromkeys(calibration.RANGES, 0) | {"sense_gain_ppm": 10_000, "sense_offset_na": 2000}
    assert calibrate.flowing_ua(held, CONSTANTS, values) == pytest.approx(201.19, abs=0.01)
