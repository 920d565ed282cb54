"""Calibration on the simulated device: what flows afterwards, and that electrodes see nothing of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from devices import BOOTED_US, Device, canonical, device, example
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tonus import calibration, faults, limits, sealed
from tonus.fields import FieldError
from tonus_tools.ctl import calibrate, cli, ports
from tonus_tools.ctl.figures import board_constants
from tonus_tools.errors import DeviceRefused
from tonus_tools.image.filesystem import contents, filesystem
from tonus_tools.sim.live import VirtualSerial

BOARD = board_constants("tonus_r1")
# A device as a hobbyist may get one: DAC +1.9 % and 3 uA, converter -1.5 %, dividers +1 % and apart by 0.4 %.
ERRORS = {
    "dac_gain_ppm": 19_000, "dac_offset_uv": 12_060, "adc_gain_ppm": -15_000, "divider_ppm": 10_000,
    "sink_divider_ppm": 4000,
}  # fmt: skip
# Others, to the ends of what parts may be off.
LESS = {
    "dac_gain_ppm": -20_000, "dac_offset_uv": -20_400, "adc_gain_ppm": 20_000, "adc_offset_uv": 4000,
    "divider_ppm": -9000,
}  # fmt: skip
VALUES = dict.fromkeys(calibration.RANGES, 0)
NOT_HELD, INVALID_PARAMS, BUSY = -32016, -32602, -32010


def meter_mv(ua: float, errors: dict[str, int]) -> float:
    """What a multimeter with three decimals of a volt says over Rset, with the nominal code of a current held."""
    code = calibrate.code_of(int(ua), BOARD)
    nominal_mv = code * BOARD.DAC_REFERENCE_MV / 4096
    flows_mv = nominal_mv * (1 + errors.get("dac_gain_ppm", 0) / 1e6) + errors.get("dac_offset_uv", 0) / 1000
    return round(float(flows_mv - BOARD.RSET_LESS_NA * BOARD.RSET_OHM / 1e6), 1)


def readings(errors: dict[str, int]) -> str:
    return ",".join(f"{meter_mv(ua, errors)}" for ua in calibrate.HELD_UA)


def calibrated(made: Device, errors: dict[str, int]) -> dict[str, int]:
    taken = [
        calibrate.Reading(ua, made.client.calibration_hold(calibrate.code_of(ua, BOARD)), meter_mv(ua, errors))
        for ua in calibrate.HELD_UA
    ]
    values = calibrate.from_readings(taken, BOARD)
    made.client.calibration_write(values)
    return values


def session(made: Device, touch: str, level: int = limits.LEVELS, us: int = 4_000_000) -> tuple[int, int]:
    """A session of Lift; from when to when it was at its level (us)."""
    made.live.do("usb", False)
    made.live.do("touch", touch)
    made.live.run(400_000)
    made.press("PLUS", level)
    made.live.run(3_500_000)
    began = made.live.now_us
    made.live.run(us)
    ended = made.live.now_us
    made.press("MODE")
    made.live.do("lift", True)
    made.live.run(1_000_000)
    return began, ended


Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`run(device, *arguments, code=0)`: what tonusctl prints; its error when it fails."""
    monkeypatch.chdir(tmp_path)

    def run(made: Device, *arguments: str, code: int = 0) -> str:
        monkeypatch.setattr(ports, "open_port", lambda name: VirtualSerial(made.live))
        ended = cli.main(["--port", "live", *arguments])
        captured = capsys.readouterr()
        assert ended == code, captured.err
        return captured.err if code else captured.out

    return run


# What flows.


@pytest.mark.parametrize("errors", [ERRORS, LESS], ids=["more", "less"])
def test_current_into_the_test_loads_before_and_after(errors: dict[str, int]) -> None:
    """Within 4 % or 1.5 uA out of the box, within 2 % or 1.5 uA calibrated; at the electrodes, settled."""
    windows: list[tuple[bool, int, int, int]] = []  # calibrated, set uA, from, to
    with device(errors=errors) as made:
        for is_calibrated in (False, True):
            if is_calibrated:
                made.live.do("usb", True)
                made.connect()
                calibrated(made, errors)
            for touch in ("500", "2k", "10k"):
                for level in (3, 10):
                    windows.append((is_calibrated, 40 * level, *session(made, touch, level, 1_000_000)))
        trace = made.live.finish()
    assert trace.faults == []
    phases = trace.phases
    for is_calibrated, set_ua, began, ended in windows:
        flowed = phases.end_ua[(phases.t_us > began) & (phases.end_us < ended) & (phases.end_ua > 30)]
        assert len(flowed) > 20
        off = np.abs(flowed - set_ua).max()
        assert off <= calibrate.allowed_ua(set_ua, is_calibrated), (is_calibrated, set_ua, began)


@pytest.mark.parametrize("errors", [ERRORS, LESS], ids=["more", "less"])
@pytest.mark.parametrize("touch", ["good", "typical", "poor", "dry", "short"])
def test_parts_within_their_tolerances_are_no_fault(touch: str, errors: dict[str, int]) -> None:
    """Nobody has calibrated them: on any skin, at any level, also as it comes and goes."""
    with device(errors=errors) as made:
        for level in (1, 5, 10):
            session(made, touch, level, 2_000_000)
            made.live.do("touch", touch)
            made.live.run(500_000)
        made.live.run(1_000_000)
        trace = made.live.finish()
    assert trace.faults == []


@pytest.mark.parametrize("mode", range(4))
@pytest.mark.parametrize("fault", ["dac_low", "dac_high", "sense_low"])
@pytest.mark.parametrize("touch", ["2k", "good"])
def test_a_drift_in_mid_session_is_a_fault(touch: str, fault: str, mode: int) -> None:
    """Of each shipped preset, within four pulses and a second."""
    with device() as made:
        made.live.do("usb", False)
        made.live.do("touch", touch)
        made.live.run(300_000)
        made.press("MODE", mode)
        made.press("PLUS", 8)
        made.live.run(5_000_000)
        made.live.do("inject", fault)
        made.live.run(4_000_000)
        trace = made.live.finish()
    assert trace.faults == ["deviation"]
    injected_us = next(w.t_us for w in trace.world if w.action == "inject")
    assert trace.phases.end_us.max() - injected_us < 3_000_000


def test_the_journal_after_a_reference(run: Run) -> None:
    """The whole visit: current, then resistance; charge and resistance of a session are right then."""
    with device(errors=ERRORS) as made:
        assert "calibration  none; currents within 4 % or 1.5 uA" in run(made, "info")
        told = run(made, "calibrate", "--readings", readings(ERRORS))
        assert "before: at most " in told
        assert "currents within 2 % or 1.5 uA" in told
        assert Path("calibration.png").read_bytes()[:4] == b"\x89PNG"
        for _ in range(2):
            session(made, "10k", us=9_000_000)
            made.live.do("usb", True)
            made.connect()
            run(made, "calibrate", "--reference", "10000", "--session", f"s{len(list(made.client.journal('session')))}")
        records = list(made.client.journal("session"))
        assert [r["level"] for r in records] == [10, 10]
        assert abs(records[1]["ohm"] - 10_000) < 50
        shown = json.loads(run(made, "calibrate", "--show", "--json"))
        assert shown["calibrated"]
        assert shown["accuracy"] == {"pct": 2, "ua": 1.5}
        assert shown["at"] > limits.UNIX_MIN_S
        assert abs(shown["dac_gain_ppm"] - 19_000) < 1000
        assert abs(shown["dac_offset_na"] - 3000) < 100
        assert '"calibrated": true' in run(made, "info", "--json")
        run(made, "calibrate", "--reset", "--yes")
        assert "calibration  none" in run(made, "info")
        trace = made.live.finish()
    assert trace.faults == []


def test_what_the_tool_refuses(run: Run) -> None:
    with device(errors=ERRORS) as made:
        assert run(made, "calibrate", "--reference", "10000", code=1).startswith("error: this device is not calibrated")
        for arguments, code, error in (
            (("--readings", "1,2"), 2, "--readings: 2 numbers; allowed 3, mV over Rset at 50, 200, 400 uA"),
            (("--readings", "1,2,3"), 2, "reading at 50 uA: 1; allowed 157..245 mV"),
            (("--readings", "221,900,1684"), 1, "reading 2: 900 mV is 12.9 uA off the line through the others"),
            (("--reference", "100"), 2, "--reference 100; allowed 1000..20000 Ohm"),
            (("--reference", "9999", "--session", "f1"), 2, "--session f1; allowed s and a session's number"),
            (("--session", "s1"), 2, "--session belongs to --reference"),
            (("--show", "--reset"), 2, "--show and --reset: allowed one of them"),
        ):
            assert run(made, "calibrate", *arguments, code=code).startswith(f"error: {error}"), arguments
        found = made.client.calibration()
        assert found is not None
        assert not found.calibrated
        calibrated(made, ERRORS)
        for touch, level, us, error in (
            ("2k", 9, 6_000_000, "level 9; allowed 10"),
            ("2k", 10, 1_000_000, " s; allowed at least 8 s"),
        ):
            session(made, touch, level, us)
            made.live.do("usb", True)
            made.connect()
            n = len(list(made.client.journal("session")))
            told = run(made, "calibrate", "--reference", "2000", "--session", f"{n}", code=1)
            assert error in told
            assert told.endswith("; nothing was changed\n")
        assert "there is no session s9" in run(made, "calibrate", "--reference", "2000", "--session", "s9", code=1)
        made.live.run(31_000_000)
        assert len(made.live.finish().of("rail")) % 2 == 0


# A held code.


def held(made: Device, code: int = 1608) -> None:
    found = made.client.calibration_hold(code)
    mcodes = found.sense_mcodes - found.zero_mcodes + BOARD.SENSE_LESS_NA / calibrate.sensed_na(1000, BOARD) * 1000
    assert abs(mcodes / 1000 / (code * 0.6206) - 1) < 0.02
    assert found.zero_mcodes < 20_000


@pytest.mark.parametrize(
    "how", ["release", "time", "cable", "reboot", "selftest", "bank", "write", "fault", "off", "again"]
)
def test_a_hold_ends(how: str) -> None:
    """The rail comes down within 100 ms of what ends it, at the latest after 30 s; the electrodes see nothing."""
    with device(touch="500") as made:
        held(made)
        live, client = made.live, made.client
        live.run(1_000_000)
        ends_us = live.now_us
        if how == "release":
            client.calibration_release()
        elif how == "time":
            ends_us += 29_000_000
            live.run(29_000_000)
        elif how == "cable":
            live.do("usb", False)
        elif how == "reboot":
            client.reboot()
        elif how == "selftest":
            client.selftest()
        elif how == "bank":
            client.bank_abort(client.bank_begin(1))
        elif how == "write":
            client.calibration_write(VALUES)
        elif how == "fault":
            live.do("inject", "fault_line_stuck")
        elif how == "off":
            made.press("MODE", for_us=1_700_000)
        elif how == "again":
            held(made, 800)
            ends_us = live.now_us
            client.calibration_release()
        live.run(300_000 if how == "reboot" else 40_000)
        live.do("battery_pct", 80)  # the trace tells the rail's fall where something looks at it
        live.run(BOOTED_US + 500_000)
        trace = live.finish()
    assert len(trace.phases) == 0
    assert trace.faults == (["latch"] if how == "fault" else [])
    changes = [(event.t_us, event.fields[0]) for event in trace.of("rail") if event.t_us > BOOTED_US - 200_000]
    assert not changes[-1][1]
    assert changes[1][0] - ends_us < (1_800_000 if how == "off" else 400_000 if how == "reboot" else 100_000)
    if how == "time":
        assert 29_900_000 < changes[1][0] - changes[0][0] < 30_300_000


def test_a_fault_in_a_hold_is_named_whoever_looks_first() -> None:
    for later_us in range(0, 20_000, 2500):
        with device(touch="500") as made:
            held(made)
            made.live.run(10_000 + later_us)
            made.live.do("inject", "fault_line_stuck")
            made.live.run(100_000)
            assert made.live.finish().faults == ["latch"], later_us


def test_a_session_right_after_a_hold_plays_as_ever() -> None:
    """The cable comes out while a code is held, with electrodes on skin and a finger on PLUS."""
    with device(touch="2k") as made:
        held(made)
        made.live.do("usb", False)
        made.live.do("hold", "PLUS")
        made.live.run(200_000)
        made.live.do("release", "PLUS")
        made.live.run(100_000)
        made.press("PLUS", 4)
        made.live.run(6_000_000)
        trace = made.live.finish()
    assert trace.final_state == "TREAT"
    assert trace.faults == []
    out_us = next(w.t_us for w in trace.world if w.action == "usb" and not w.value)
    assert trace.phases.t_us.min() > out_us
    assert abs(trace.phases.peak_ua.max() - 200) < 2


def test_the_cable_comes_out_at_any_moment_of_a_hold() -> None:
    """Also while its readings are taken: it never touches the stage again, and a session that starts is whole."""
    request = '{"jsonrpc":"2.0","id":1,"method":"calibration.hold","params":{"code":3000}}'
    for at_us in range(2000, 260_000, 23_500):
        with device(touch="500") as made:
            made.live.send((sealed.seal(request) + "\n").encode())
            made.live.run(at_us)
            made.live.do("usb", False)
            made.live.do("hold", "PLUS")
            made.live.run(150_000)
            made.live.do("release", "PLUS")
            made.live.run(5_000_000)
            trace = made.live.finish()
        assert trace.faults == [], at_us
        assert trace.final_state in ("TREAT", "RAMP_UP", "STANDBY"), at_us
        if len(trace.phases):
            assert trace.phases.peak_ua.max() < 42, at_us  # level 1 of Lift


def test_where_nothing_can_be_held() -> None:
    with device() as made:
        with pytest.raises(DeviceRefused) as refused:
            made.client.calibration_hold(100, reverse=True)
        assert (refused.value.code, refused.value.reason) == (NOT_HELD, "the built-in short has one direction")
        made.live.do("inject", "rail_dead")
        with pytest.raises(DeviceRefused) as refused:
            made.client.calibration_hold(100)
        assert refused.value.code == NOT_HELD
        assert refused.value.reason.startswith("the rail is at ")
        with pytest.raises(DeviceRefused) as refused:
            made.client.calibration_hold(limits.HOLD_CODE_MAX + 1)
        assert (refused.value.code, refused.value.reason) == (INVALID_PARAMS, "params.code: 3301; allowed 0..3300")
        assert made.live.finish().faults == []
    with device(errors={"adc_offset_uv": 50_000}) as made:  # the self-test has failed: FAULT
        with pytest.raises(DeviceRefused) as refused:
            made.client.calibration_hold(100)
        assert refused.value.code == NOT_HELD


# The values on the wire.

_devices: list[Device] = []


@pytest.fixture(scope="module")
def plugged() -> Iterator[Device]:
    """One device for the tests that do not mind which calibration it has. hypothesis does not take fixtures."""
    with device() as made:
        _devices.append(made)
        yield made
        _devices.clear()


printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=50)
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-110_000, 110_000),
    st.floats(allow_nan=False, allow_infinity=False),
    printable,
    st.lists(st.integers(), max_size=3),
)


@given(
    st.fixed_dictionaries({name: st.integers(*span) for name, span in calibration.RANGES.items()}),
    st.dictionaries(st.sampled_from(sorted(calibration.RANGES)), anything, max_size=1),
    st.none() | st.sampled_from(sorted(calibration.RANGES)),
)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.usefixtures("plugged")
def test_host_and_device_accept_and_refuse_the_same(
    values: dict[str, Any], changes: dict[str, Any], gone: str | None
) -> None:
    """Where both refuse, in the same words, and what there was stays."""
    client = _devices[0].client
    given_ = {name: value for name, value in (values | changes).items() if name != gone}
    before = client.calibration()
    expected = None
    try:
        calibration.checked(json.loads(json.dumps(given_)), "tonus_r1", "params")
    except FieldError as problem:
        expected = str(problem)
    refusal = _refusal(lambda: client.calibration_write(given_))
    after = client.calibration()
    assert after is not None
    assert (refusal is None) == (expected is None)
    if refusal is None:
        assert after.values() == given_
        return
    assert after == before
    assert len(refusal.splitlines()) == 1
    if not any(isinstance(value, float) for value in given_.values()):  # which each writes in its own way
        assert refusal == expected


def _refusal(request: Callable[[], object]) -> str | None:
    try:
        request()
    except DeviceRefused as refused:
        return refused.reason if refused.code == INVALID_PARAMS else f"{refused.code}: {refused.reason}"
    return None


def test_it_needs_a_crc(plugged: Device) -> None:
    plugged.live.heard.clear()
    plugged.live.send(b'{"jsonrpc":"2.0","id":1,"method":"calibration.reset"}\n')
    plugged.live.run(100_000)
    assert b'"code":-32002' in plugged.live.heard
    plugged.live.heard.clear()


# On the flash.


def test_it_outlasts_a_loss_of_power_and_is_what_plays(tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    with device(image, errors=ERRORS) as made:
        calibrated(made, ERRORS)
    with device(image, errors=ERRORS, usb=False) as made:
        made.live.do("hold", "MODE")
        made.live.run(700_000)
        made.live.do("release", "MODE")
        made.live.run(BOOTED_US)
        began, ended = session(made, "2k")
        trace = made.live.finish()
    assert trace.faults == []
    phases = trace.phases
    tested_us = trace.states[0].t_us  # before it the self-test drives phases of its own
    flowed = phases.end_ua[(phases.t_us > began) & (phases.end_us < ended) & (phases.end_ua > 30)]
    assert np.abs(flowed - 400).max() <= 2
    assert np.abs(phases.end_ua[phases.t_us > tested_us][:20] - limits.PROBE_UA).max() < 0.2  # the probe too


@pytest.mark.parametrize(
    ("data", "damage"),
    [
        (b"nonsense\n", "its line is damaged"),
        ((Path(__file__).parents[1] / "released" / "schema-1.calibration").read_bytes()[:-1], "its line is damaged"),
        (
            (sealed.seal(json.dumps({"schema": 1, "board": "pico_bench", "at": None, **VALUES})) + "\n").encode(),
            'board: "pico_bench"; allowed tonus_r1',
        ),
        (
            (sealed.seal(json.dumps({"schema": 2, "board": "tonus_r1", "at": None, **VALUES})) + "\n").encode(),
            "schema: 2; allowed 1",
        ),
    ],
)
def test_a_damaged_file_is_put_aside_and_journalled(data: bytes, damage: str, tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    image.write_bytes(filesystem({"data/calibration": data}))
    with device(image) as made:
        found = made.client.calibration()
        assert found is not None
        assert (found.calibrated, found.damage, found.at) == (False, damage, None)
        assert set(found.values().values()) == {0}
        (record,) = made.client.journal("fault")
        assert (record["fault"], record["name"], record["why"]) == (8, "calibration_damaged", damage)
        made.client.calibration_write(VALUES)
        again = made.client.calibration()
        assert again is not None
        assert again.damage is None
        trace = made.live.finish()
    assert [log.fields["damage"] for log in trace.logs_of("calibration")] == [damage]
    assert trace.faults == []
    there = contents(image.read_bytes())
    assert there["data/calibration.bad"] == data
    assert b"tonus_r1" in there["data/calibration"]


def test_a_wrong_calibration_is_found_and_can_be_taken_back() -> None:
    """Each value in its range, and together more than DAC and sense of this device can be: the self-test names it."""
    with device() as made:
        made.client.calibration_write(VALUES | {"dac_gain_ppm": 100_000, "sense_gain_ppm": 100_000})
        with pytest.raises(DeviceRefused, match=f"fault {faults.DAC}, dac"):
            made.client.selftest()
        made.live.run(100_000)
        assert made.client.device_info().state == "FAULT"
        assert not made.client.calibration_reset().calibrated
        made.client.reboot()
        made.live.run(1_000_000)
        assert made.connect().device_info().state == "CHARGING"


def test_a_hold_and_a_transaction_do_not_get_along() -> None:
    """The bank's transaction ends, and what there was of the bank stays."""
    with device() as made:
        transaction = made.client.bank_begin(1)
        made.client.calibration_hold(100)
        made.live.run(100_000)
        with pytest.raises(DeviceRefused):
            made.client.bank_put(transaction, 0, 0, canonical(example())[0], True)
        made.client.calibration_release()
        assert made.client.bank_list().shipped
