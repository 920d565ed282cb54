"""The world of real parts, on CPython: converter, cell, contact, and devices drawn by a seed."""

from __future__ import annotations

import csv
import statistics
from bisect import bisect_left
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tonus_tools.world import model, parts
from tonus_tools.world.boards import BOARDS, board_names, constants

BOARD = constants("tonus_r1")
CODE_V = 3.3 / 4096
WIDE = (512, 1536, 2560, 3584)
START = {"battery_pct": 60, "usb": False, "temperature_c": 25, "touch": "lifted"}


class Told:
    """A world, and what it has told."""

    def __init__(self, seed: int = 1, errors: dict[str, int] | None = None, **start: Any) -> None:
        self.lines: list[tuple[str, int, str]] = []
        errors = parts.NOMINAL | (errors or {})
        self.world: Any = model.World(BOARD, self._emit, START | start | {"errors": errors}, seed)
        self.world.on_input = lambda: None

    def _emit(self, kind: str, t_us: int, text: str) -> None:
        self.lines.append((kind, t_us, text))

    def skin(self) -> list[tuple[int, bool]]:
        """When contact broke (False) or joined (True) by itself."""
        return [(t, text == "1") for kind, t, text in self.lines if kind == "skin"]

    def phases(self) -> list[list[float]]:
        """dir, dur_us, code, peak_ua, end_ua, charge_nc, peak_mv"""
        return [[float(x) for x in text.split(",")] for kind, _, text in self.lines if kind == "phase"]

    def readings(self, volts: float, n: int = 5000) -> list[int]:
        self.world.volts = lambda t, role: volts
        return [self.world.adc(i, "CURRENT_SENSE") for i in range(n)]

    def rail_up(self) -> int:
        for t_us in range(0, 20_000, 1000):
            self.world.alive_edge(t_us)
        return 20_000

    def pulse(self, t_us: int, code: int, width_us: int, reverse: bool = False) -> int:
        world = self.world
        world.alive_edge(t_us)
        world.set_switches(t_us, False, False, False)
        world.write_dac(t_us, 0x3000 | code)
        world.set_switches(t_us + 100, not reverse, reverse, True)
        world.set_switches(t_us + 100 + width_us, False, False, True)
        return t_us + 100 + width_us


# Converter


@pytest.mark.parametrize("uv", [8057, 13_000, 20_142])
def test_a_grounded_input_reads_the_offset(uv: int) -> None:
    mean = statistics.mean(Told(errors={"adc_offset_uv": uv, "adc_noise_codes": 10}).readings(0.0))
    assert mean == pytest.approx(uv * 1e-6 / CODE_V - 0.5, abs=0.15)  # a reading is the code below


def test_nothing_reads_below_zero() -> None:
    assert set(Told(errors={"adc_offset_uv": -20_000, "adc_noise_codes": 10}).readings(0.0)) == {0}
    assert min(Told(errors={"adc_noise_codes": 10}).readings(0.0)) == 0


def test_13_mv_read_16_codes() -> None:
    assert Counter(Told(errors={"adc_offset_uv": 13_000}).readings(0.0)).most_common(1)[0][0] == 16


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**30 - 1), st.sampled_from([3, 9, 21]))
def test_noise_is_a_bell_with_outliers_within_its_width(seed: int, codes: int) -> None:
    told = Told(seed, {"adc_noise_codes": codes})
    told.world.set_regulator(True)
    readings = told.readings(1000.5 * CODE_V)
    off = [code - 1000 for code in readings]
    assert max(off) - min(off) <= codes
    assert max(off) - min(off) >= 0.8 * codes - 1
    assert statistics.mean(off) == pytest.approx(0, abs=0.1 + codes / 50)
    deviation = statistics.pstdev(off)
    assert codes / 9 < deviation < codes / 5
    if codes > 3:
        far = sum(abs(x) > 0.36 * codes for x in off) / len(off)
        assert 0.005 < far < 0.06


def test_the_regulator_in_pwm_makes_the_converter_quieter() -> None:
    told = Told(errors={"adc_noise_codes": 10, "adc_ripple_codes": 8})
    loud = statistics.pstdev(told.readings(1.0))  # as after a reset
    told.world.set_regulator(True)
    quiet = statistics.pstdev(told.readings(1.0))
    told.world.set_regulator(False)
    assert loud == pytest.approx(1.8 * quiet, rel=0.1)
    assert statistics.pstdev(told.readings(1.0)) == pytest.approx(loud, rel=0.1)


def widths(errors: dict[str, int]) -> dict[int, float]:
    """Width of every code, in nominal ones."""
    told = Told(errors=errors | {"adc_noise_codes": 0})
    counts = Counter(told.readings((i + 0.5) / 16 * CODE_V, 1)[0] for i in range(65_536))
    return {code: n / 16 for code, n in counts.items()}


@pytest.mark.parametrize("bow", [-3, 0, 2])
def test_four_codes_are_wide_and_none_is_missing(bow: int) -> None:
    found = widths({"adc_wide_codes": 8, "adc_bow_codes": bow})
    assert sorted(found) == list(range(4096))
    assert {code for code, width in found.items() if width > 1.5} == set(WIDE)
    assert all(found[code] == pytest.approx(9, abs=0.25) for code in WIDE)


def test_inl_jumps_at_the_wide_codes_and_is_none_at_the_ends() -> None:
    told = Told(errors={"adc_wide_codes": 8, "adc_noise_codes": 0})
    off = {code: told.readings((code + 0.5) * CODE_V, 1)[0] - code for code in range(4096)}
    assert off[0] == off[4095] == off[1024] == off[2048] == off[3072] == 0
    assert min(off.values()) >= -5
    assert max(off.values()) <= 5
    for code in WIDE:
        assert off[code - 6] - off[code + 6] == pytest.approx(8, abs=1)  # in volts the code comes late, then early


def test_a_nominal_converter_reads_what_is_there() -> None:
    told = Told(errors={"adc_noise_codes": 0})
    assert all(told.readings((code + 0.5) * CODE_V, 1)[0] == code for code in range(4096))
    assert told.readings(5.0, 1) == [4095]


def test_the_temperature_sensor_scatters() -> None:
    for uv in (-5000, 0, 5000):
        volts = Told(errors={"temperature_uv": uv}).world.volts(0, "TEMPERATURE")
        assert 27 - (volts - 0.706) / 0.001721 == pytest.approx(25 - uv / 1721)


# Cell


def cell_mv(told: Told, t_us: int) -> float:
    volts: float = told.world.volts(t_us, "BATTERY_SENSE")
    return volts * float(BOARD.BATTERY_DIVIDER) * 1000


REST_MV = BOARD.CELL_EMPTY_MV + 0.6 * (BOARD.CELL_FULL_MV - BOARD.CELL_EMPTY_MV)
S = 1_000_000


def test_a_cell_without_resistance_is_at_rest() -> None:
    told = Told()
    told.world.set_hold(0, True)
    told.world.draw(0, "HAPTIC", 1)
    assert cell_mv(told, 5 * S) == pytest.approx(REST_MV)


@pytest.mark.parametrize("mohm", [100, 500])
def test_the_cell_sags_under_the_motor_and_recovers(mohm: int) -> None:
    told = Told(errors={"cell_mohm": mohm})
    told.world.set_hold(0, True)
    before = cell_mv(told, 100 * S)
    assert REST_MV - before == pytest.approx(0.030 * mohm, rel=0.01)  # the processor's 30 mA
    told.world.draw(100 * S, "HAPTIC", 1)
    at_once = cell_mv(told, 100 * S + 1000)
    later = cell_mv(told, 160 * S)
    assert before - at_once == pytest.approx(0.6 * 0.080 * mohm, rel=0.01)
    assert before - later == pytest.approx(0.080 * mohm, rel=0.01)
    told.world.draw(160 * S, "HAPTIC", 0)
    recovering = [cell_mv(told, 160 * S + s * S) for s in (0, 5, 20, 60)]
    assert recovering == sorted(recovering)
    assert before - recovering[0] == pytest.approx(0.4 * 0.080 * mohm, rel=0.02)
    assert recovering[-1] == pytest.approx(before, abs=0.01 * mohm)


def test_lamps_beeper_and_the_delivered_current_load_the_cell() -> None:
    def sag(*, lamps: float = 0, beeper: float = 0, code: int = 0) -> float:
        told = Told(errors={"cell_mohm": 500}, touch="10k")
        told.world.set_hold(0, True)
        told.world.draw(0, "LEVEL_1", lamps)
        told.world.draw(0, "BEEPER", beeper)
        t_us = told.rail_up()
        for i in range(200):
            t_us = told.pulse(t_us, code, 900, reverse=i % 2 == 1)
        return float(REST_MV) - cell_mv(told, t_us)

    idle = sag()
    assert sag(lamps=1) > sag(lamps=0.5) > idle
    assert sag(beeper=0.5) > idle + 5
    # 499 uA all the time, in rests past the skin, 24 V, made of 3.84 V at 75 %: 4.1 mA, and of 0.5 Ohm three fifths.
    assert sag(code=4000) - idle == pytest.approx(0.6 * 0.5 * 4.1, rel=0.1)


def test_with_the_cable_in_the_cell_is_hidden_and_comes_back_charged() -> None:
    told = Told(errors={"cell_mohm": 300})
    told.world.set_hold(0, True)
    before = cell_mv(told, 100 * S)
    told.world.apply(100 * S, "usb", True)
    assert cell_mv(told, 101 * S) == pytest.approx(4700)
    told.world.apply(200 * S, "usb", False)
    assert cell_mv(told, 200 * S) == pytest.approx(before + 0.4 * (0.1 + 0.03) * 300, rel=0.001)
    assert cell_mv(told, 300 * S) == pytest.approx(before, abs=0.1)


# Contact


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**30 - 1), st.integers(1, 100), st.integers(0, 10 * S))
def test_a_touch_bounces_within_its_bounds_and_ends_touching(seed: int, bounce_ms: int, at_us: int) -> None:
    told = Told(seed, bounce_ms=bounce_ms)
    told.world.apply(at_us, "touch", "good")
    for t_us in range(at_us, at_us + 300_000, 7001):
        told.world.advance(t_us)
    breaks = told.skin()
    assert all(at_us < t <= at_us + 1000 * bounce_ms for t, _ in breaks)
    assert [joined for _, joined in breaks] == [False, True] * (len(breaks) // 2)
    pieces = [b - a for (a, _), (b, _) in zip(breaks, breaks[1:], strict=False)]
    assert all(0 < us <= 3200 for us in pieces)
    if bounce_ms >= 10:
        assert breaks


def test_no_bounce_where_none_is_asked_for_and_none_between_two_loads() -> None:
    told = Told(bounce_ms=0)
    told.world.apply(1000, "touch", "good")
    told.world.advance(S)
    assert told.skin() == []
    told = Told(bounce_ms=50, touch="good")
    told.world.apply(1000, "touch", "typical")
    told.world.advance(S)
    assert told.skin() == []


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**30 - 1))
def test_stubble_breaks_contact_irregularly_within_its_bounds(seed: int) -> None:
    told = Told(seed, touch="good", stubble=[5, 50, 5])
    told.world.advance(60 * S)
    told.world.apply(60 * S, "stubble", None)
    told.world.advance(90 * S)
    events = told.skin()
    assert [joined for _, joined in events] == [False, True] * (len(events) // 2)
    begins = [t for t, joined in events if not joined]
    lengths = [b - a for (a, _), (b, _) in zip(events[::2], events[1::2], strict=True)]
    assert 240 <= len(begins) <= 360
    assert all(5000 <= us <= 50_000 for us in lengths[:-1])
    assert lengths[-1] <= 50_000  # ended early, perhaps
    between = [b - a for a, b in zip(begins, begins[1:], strict=False)]
    assert all(99_000 <= us <= 301_000 for us in between)
    assert statistics.pstdev(between) > 30_000
    assert events[-1][0] <= 60 * S


def test_a_break_is_a_phase_without_current_and_the_skin_keeps_its_charge() -> None:
    told = Told(touch="10k")
    t_us = told.rail_up()
    world = told.world
    world.set_switches(t_us, False, False, False)
    world.write_dac(t_us, 0x3000 | 800)
    world.set_switches(t_us + 100, True, False, True)
    world.advance(t_us + 200)
    world._break_due = t_us + 300  # stubble, at a time that is known
    world.set_switches(t_us + 600, False, False, True)
    first, second = told.phases()
    assert (first[1], second[1]) == (200, 300)
    assert first[4] == pytest.approx(99.5, abs=0.1)
    assert (second[3], second[5]) == (0, 0)
    assert told.skin() == [(t_us + 300, False)]


def test_what_is_told_late_is_only_the_breaks() -> None:
    told = Told(touch="good", stubble=[5, 50, 5])
    t_us = told.rail_up()
    told.world.advance(t_us + 5 * S)  # meanwhile the rail has fallen, between two breaks
    assert any(t < t_us + 5 * S for t, _ in told.skin())
    assert [t for kind, t, _ in told.lines if kind == "rail"][-1] == t_us + 5 * S


@pytest.mark.parametrize("touch", ["typical", "dry", "500"])
def test_a_pulse_loop_that_dies_in_a_phase_passes_what_it_passes_however_seldom_one_looks(touch: str) -> None:
    charges = []
    for step_us in (20, 1000, 100_000):
        told = Told(touch=touch)
        t_us = told.rail_up()
        told.world.set_switches(t_us, False, False, False)
        told.world.write_dac(t_us, 0x3000 | 3000)
        told.world.set_switches(t_us + 100, True, False, True)
        for at_us in range(t_us + 100 + step_us, t_us + 100_101, step_us):
            told.world.advance(at_us)
        told.world.set_switches(t_us + 100_100, False, False, True)
        charges.append(told.phases()[0][5])
    assert charges[0] > 400
    assert charges[1:] == [pytest.approx(charges[0], rel=0.02)] * 2


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(model.SKINS)), st.integers(100, 2000), st.integers(1, 3000))
def test_gel_beside_the_skin_is_the_circuit_it_is(touch: str, bridge: int, code: int) -> None:
    told = Told(touch=touch, bridge_ohm=bridge)
    t_us = told.rail_up()
    told.pulse(t_us, code, 5000)
    rs, rp, c = model.SKINS[touch]
    end_ua, _, peak_mv = told.phases()[0][4:]
    amps = code * 2.048 / 4096 / 4020
    rp /= 1 + amps / model.SKIN_KNEE_A
    u, dt = 0.0, 5e-8
    for _ in range(100_000):  # Rs and R || C beside the bridge, step by step
        skin = (amps * bridge - u) / (rs + bridge)
        u += dt / c * (skin - u / rp)
    skin = (amps * bridge - u) / (rs + bridge)
    volts = (amps - skin) * bridge + amps * BOARD.SWITCHES_OHM
    assert end_ua == pytest.approx(amps * 1e6, abs=0.01)
    assert peak_mv == pytest.approx(volts * 1000, abs=1 + 0.002 * volts * 1000)


@pytest.mark.parametrize("touch", ["poor", "dry"])
@pytest.mark.parametrize("width_us", [500, 1000])
def test_charge_has_no_step_where_compliance_runs_out(touch: str, width_us: int) -> None:
    """At that current one phase of a cycle may run out of it and the other not."""

    def pulse(code: int) -> list[float]:
        told = Told(touch=touch)
        told.pulse(told.rail_up(), code, width_us)
        return told.phases()[-1]

    def runs_out(code: int) -> bool:
        _, _, _, peak_ua, end_ua, *_ = pulse(code)
        return end_ua < peak_ua

    codes = range(200, 3200)
    code = codes[bisect_left(codes, True, key=runs_out)]
    assert not runs_out(code - 1)
    before, last, first = (pulse(each)[5] for each in (code - 2, code - 1, code))
    assert first - last == pytest.approx(last - before, abs=0.03)


def test_gel_conducts_without_skin_until_it_is_gone() -> None:
    told = Told(touch="lifted", bridge_ohm=300)
    t_us = told.pulse(told.rail_up(), 800, 500)
    told.world.apply(t_us, "bridge_ohm", 0)
    told.pulse(t_us + 1000, 800, 500)
    first, second = told.phases()
    assert first[4] == pytest.approx(99.5, abs=0.1)
    assert first[6] == pytest.approx(99.5e-3 * (300 + BOARD.SWITCHES_OHM), abs=1)
    assert second[3] == 0


# Devices


@pytest.mark.parametrize("board", board_names())
def test_a_device_is_the_same_for_ever_and_each_is_another(board: str) -> None:
    drawn = [parts.draw(board, seed) for seed in range(100)]
    assert drawn == [parts.draw(board, seed) for seed in range(100)]
    assert len({tuple(errors.values()) for errors in drawn}) == 100


def test_a_seed_means_this_device() -> None:
    """Reports name devices by their seeds: what one means does not change."""
    assert parts.draw("tonus_r1", 7) == SEVEN


SEVEN = {
    "dac_gain_ppm": -7819,
    "dac_offset_uv": -3895,
    "dac_bow_uv": 882,
    "rset_ppm": -40,
    "rail_ppm": 7303,
    "divider_ppm": -1794,
    "sink_divider_ppm": 12501,
    "battery_divider_ppm": 4775,
    "short_ppm": -3667,
    "switches_mohm": 6165,
    "stray_ff": 11800,
    "adc_gain_ppm": 32890,
    "adc_offset_uv": 5612,
    "adc_noise_codes": 11,
    "adc_ripple_codes": 4,
    "adc_wide_codes": 8,
    "adc_bow_codes": 1,
    "temperature_uv": -1100,
    "cell_mohm": 234,
}


@pytest.mark.parametrize("board", board_names())
def test_every_part_is_within_its_tolerance_and_the_tolerance_is_used(board: str) -> None:
    own = parts.tolerances(board)
    ends = {name: (middle - limit, middle + limit) for name, (middle, limit) in limits_of(own).items()}
    ends |= own["EVEN"] | parts.PICO_EVEN
    drawn = [parts.draw_parts(board, seed) for seed in range(300)]
    assert set(drawn[0]) == set(ends)
    for name, (least, most) in ends.items():
        values = [one[name] for one in drawn]
        assert least <= min(values) < least + 0.3 * (most - least), name
        assert most - 0.3 * (most - least) < max(values) <= most, name


def limits_of(own: dict[str, Any]) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = own["NORMAL"] | own["OFF_STAGE"] | parts.PICO_NORMAL
    return found


@pytest.mark.parametrize("board", board_names())
def test_every_drawn_error_is_one_that_a_scenario_may_have(board: str) -> None:
    for seed in range(300):
        for name, value in parts.draw(board, seed).items():
            assert parts.ERRORS[name].least <= value <= parts.ERRORS[name].most, name


def test_drawn_converters_and_cells_are_those_of_ordinary_devices() -> None:
    drawn = [parts.draw("tonus_r1", seed) for seed in range(300)]
    offsets = [errors["adc_offset_uv"] * 1e-6 / CODE_V for errors in drawn]
    assert 0 <= min(offsets) < 2
    assert 23 < max(offsets) <= 25
    loud = [errors["adc_noise_codes"] + errors["adc_ripple_codes"] for errors in drawn]
    assert (min(loud), max(loud)) == (10, 21) or (min(loud), max(loud)) == (9, 21)
    assert {errors["adc_wide_codes"] for errors in drawn} == {7, 8, 9}
    gains = [errors["adc_gain_ppm"] for errors in drawn]
    assert -24_000 < min(gains) < -15_000
    assert 35_000 < max(gains) < 44_000
    ohms = [errors["cell_mohm"] for errors in drawn]
    assert 100 <= min(ohms) < 120
    assert 480 < max(ohms) <= 500


def test_parts_csv_has_the_tolerances_that_are_drawn() -> None:
    own = parts.tolerances("tonus_r1")
    with open(BOARDS / "tonus_r1" / "parts.csv", encoding="utf-8") as lines:
        percent = {row["param"]: row["tolerance"] for row in csv.DictReader(lines) if row["param"]}
    for name, (middle, limit) in own["NORMAL"].items():
        text = percent.get(name, "")
        if text.split(",")[0].endswith(" %"):
            assert 100 * limit / middle == pytest.approx(float(text.split(" ")[0]), rel=0.02), name


def test_what_is_said_is_in_place_of_what_is_typical_or_drawn() -> None:
    said = {"adc_offset_uv": 13_000}
    assert parts.resolve("typical", said, "tonus_r1") == parts.TYPICAL | said
    assert parts.resolve("nominal", said, "tonus_r1") == parts.NOMINAL | said
    assert parts.resolve(7, said, "tonus_r1") == parts.draw("tonus_r1", 7) | said


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**30 - 1), st.integers(100, 4000))
def test_what_a_source_delivers_is_what_its_world_does(seed: int, code: int) -> None:
    errors = parts.draw("tonus_r1", seed)
    found = parts.delivered("tonus_r1", errors, code)
    gain = (1 + errors["dac_gain_ppm"] * 1e-6) / (1 + errors["rset_ppm"] * 1e-6)
    nominal_ua = code * 2.048 / 4096 / 4020 * 1e6
    assert found.ua == pytest.approx(nominal_ua * gain + errors["dac_offset_uv"] / 4020, abs=1.6)  # the bow
    assert -0.6 < found.stray_nc < 0.05
    told = Told(errors=errors, touch="500")
    told.pulse(told.rail_up(), code, 2000)
    assert told.phases()[0][5] == pytest.approx(found.charge_nc(2000), abs=0.01)
