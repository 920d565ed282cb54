"""The figures of a preset: worked out by hand, weighed again word by word, and within every limit for all presets."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import KINDS, Document, documents
from tonus import bank, limits, preset, program
from tonus_tools.ctl import margins
from tonus_tools.ctl.figures import Load, Margin, PresetFigures, ZoneFigures, about, figures, play
from tonus_tools.world import boards
from tonus_tools.world.boards import constants
from tonus_tools.world.model import World

UA_PER_CODE = 2_048_000 / 4020 / 4096
SHIPPED = {p.id: p for p in bank.shipped()}

WAVEFORMS: dict[str, Document] = {
    "biphasic": {"kind": "biphasic", "rate_hz": 2.5, "phase_us": 20_000, "gap_us": 300},
    "alternating": {"kind": "alternating", "rate_hz": 20, "phase_us": 700, "burst_pulses": 7},
    "swept": {"kind": "swept", "rate_hz": 3, "rate_to_hz": 40, "sweep_s": 3, "phase_us": 500, "gap_us": 100},
    "modulated": {
        "kind": "modulated",
        "rate_hz": 11,
        "phase_us": 500,
        "gap_us": 100,
        "envelope": {"shape": "sine", "period_ms": 2300, "depth_pct": 80},
    },
}


def made(*waveforms: Document, top_ua: int = 300, duration_s: int = 12, ramp_ms: int = 700) -> preset.Preset:
    """A preset with a zone for each waveform."""
    zones = [
        {"name": f"zone {i}", "duration_s": duration_s + i, "cue_s": 5, "waveform": w} for i, w in enumerate(waveforms)
    ]
    document = {"schema": 1, "id": "a", "name": "A", "top_ua": top_ua, "ramp_ms": ramp_ms, "zones": zones}
    return preset.build(document)


def margin(found: PresetFigures, name: str) -> Margin:
    return next(m for m in found.limits if m.name == name)


# By hand


@pytest.mark.parametrize(
    ("id", "zone", "ua", "phase_uc", "one_way_uc", "duty_pct", "density", "power"),
    [
        ("lift", 0, 400, 0.4 * 0.5, 0.2, 80 * 0.1, 0.16, 0.64),
        ("lift", 7, 400, 0.4 * 1.0, 0.4, 30 * 0.2, 0.16, 0.64),
        ("firm", 0, 90, 0.09 * 500, 45.0, 0.9 * 100, 0.036, 0.0324),
        ("absorb", 0, 240, 0.24 * 0.4, 50 * 0.096, 100 * 0.04, 0.096, 0.23),
        ("calm", 0, 120, 0.12 * 0.3, 0.036, 14 * 0.06, 0.048, 0.0576),
    ],
)
def test_the_shipped_presets_by_hand(
    id: str, zone: int, ua: int, phase_uc: float, one_way_uc: float, duty_pct: float, density: float, power: float
) -> None:
    found = figures(SHIPPED[id])
    its = found.zones[zone]
    assert found.set_ua == pytest.approx(ua, abs=UA_PER_CODE)
    assert its.current_ua == found.set_ua
    near: Any = {"rel": 0.001}  # a code is rounded down
    assert its.phase_uc == pytest.approx(phase_uc, **near)
    assert its.unpaired_uc == pytest.approx(one_way_uc, **near)
    assert its.account_uc == pytest.approx(one_way_uc, rel=0.06)  # less what is forgotten meanwhile
    assert its.net_code_us == 0
    # The mean rate of a sweep from 20 to 8 Hz is 14 Hz.
    assert its.duty_pct == pytest.approx(duty_pct, rel=0.01)
    assert found.density_ma_cm2 == pytest.approx(density, **near)
    assert found.power_mw_cm2 == pytest.approx(power, rel=0.01)
    assert found.within


def test_rms_and_energy_by_hand() -> None:
    its = figures(SHIPPED["lift"]).zones[0]
    assert its.rms_ua == pytest.approx(400 * math.sqrt(0.08))
    assert its.pulse_mj == pytest.approx(0.4e-3**2 * 500 * 2 * 500e-6 * 1e3)
    one_phase = figures(SHIPPED["absorb"]).zones[0]
    assert one_phase.pulse_mj == pytest.approx(0.24e-3**2 * 500 * 400e-6 * 1e3, rel=0.001)


def test_session_charge_by_hand() -> None:
    lift = figures(SHIPPED["lift"])
    # The second zone runs on from the first without a ramp: 30 s, 80 pulses a second of 0.2 uC.
    assert lift.zones[1].forward_mc == pytest.approx(30 * 80 * 0.2e-3, rel=1e-3)
    # The first lacks half of its two seconds of ramp.
    assert lift.zones[0].forward_mc == pytest.approx(29 * 80 * 0.2e-3, rel=5e-3)
    # 2 s at the top, 2 s between it and its 40 %, 0.5 s there.
    mean = (2 * 1 + 2 * 1 * 0.7 + 0.5 * 0.4) / 4.5
    assert lift.zones[5].forward_mc == pytest.approx(50 * 30 * 0.4e-3 * mean, rel=0.02)
    assert lift.forward_mc == pytest.approx(sum(zone.forward_mc for zone in lift.zones))
    assert lift.reverse_mc == pytest.approx(lift.forward_mc)


def test_a_level_is_a_tenth_of_the_top() -> None:
    for p in SHIPPED.values():
        first, full = figures(p, 1), figures(p, 10)
        assert first.set_ua == pytest.approx(p.top_ua / 10, abs=UA_PER_CODE)
        assert first.zones[0].phase_uc == pytest.approx(full.zones[0].phase_uc / 10, rel=0.02)
        assert first.within


@pytest.mark.parametrize(
    ("rate_hz", "phase_us", "top_ua"), [(3, 150_000, 300), (2.9, 150_000, 300), (0.3, 500_000, 90), (0.8, 112_500, 400)]
)
def test_the_account_of_the_45_uc_rule_whatever_the_rate(rate_hz: float, phase_us: int, top_ua: int) -> None:
    w = {"kind": "biphasic", "rate_hz": rate_hz, "phase_us": phase_us, "gap_us": 50}
    its = figures(made(w, top_ua=top_ua)).zones[0]
    assert its.account_uc == pytest.approx(top_ua * phase_us / 1e6, rel=0.04)
    assert margins.UNPAIRED_MAX_UC == 45
    assert its.unpaired_uc <= margins.UNPAIRED_MAX_UC
    assert its.account_uc * 1.1 <= 50


def test_a_long_burst_is_forgotten_on_its_way() -> None:
    w = {"kind": "alternating", "rate_hz": 10, "phase_us": 1000, "burst_pulses": 20}
    its = figures(made(w)).zones[0]
    assert its.unpaired_uc == pytest.approx(20 * 0.3, rel=0.001)
    assert its.account_uc == pytest.approx(sum(0.3 * math.exp(-i / 68) for i in range(20)), rel=0.01)


def test_the_account_of_a_sweep_has_the_probes_of_its_slowest_rests() -> None:
    """Which come but once in each sweep: there a probe is more than a pulse."""
    swept = {"kind": "swept", "rate_hz": 0.3, "rate_to_hz": 154.8, "sweep_s": 13, "phase_us": 100, "gap_us": 6060}
    slow = {"kind": "biphasic", "rate_hz": 0.3, "phase_us": 100, "gap_us": 6060}
    its, expected = figures(made(swept, slow, top_ua=50)).zones
    assert its.account_uc == expected.account_uc > 3 * its.phase_uc


def test_charges_are_those_at_the_top_of_an_envelope_that_slow_pulses_miss() -> None:
    envelope = {"shape": "trapezoid", "rise_ms": 500, "hold_ms": 0, "fall_ms": 500, "low_ms": 0, "depth_pct": 100}
    w = {"kind": "modulated", "rate_hz": 0.5, "phase_us": 10_000, "gap_us": 100, "envelope": envelope}
    its = figures(made(w)).zones[0]  # a pulse every second swell, at its foot
    assert its.phase_uc == pytest.approx(3.0, rel=0.001)
    assert its.rms_ua < 10


# Against the words


def pulled(p: preset.Preset, level: int) -> tuple[list[float], list[tuple[int, ...]]]:
    """Word by word as the interrupt pulls them: charge of each zone in mC, forward then reverse, and all phases.

    A phase is its time, direction, length, code, and whether it is a probe's.
    """
    board = constants("tonus_r1")
    train = program.Train(program.compile_probe(board))
    charges = [0] * (2 * len(p.zones))
    phases: list[tuple[int, ...]] = []
    t_us = code = told_us = 0
    probe = False

    def one_word(zone: int) -> None:
        nonlocal t_us, code, probe, told_us
        if train.load >= 0:
            code, probe = train.load, train.width == 0
        direction, us, _ = program.decode(train.word)
        if direction:
            phases.append((t_us + program.DEAD_US, direction, us, code, probe))
        if direction and not probe:
            later = sum(t_us + program.DEAD_US >= end for end in ends[:-1])
            charges[2 * later + (direction < 0)] += code * us
        t_us += us + program.DEAD_US
        train.next()
        if not train.falling:
            told_us = t_us
        while train.falling and told_us + 1000 <= t_us:  # as the tick does, each ms
            train.fall()
            told_us += 1000

    ends = [1_000_000 * sum(z.duration_s for z in p.zones[: i + 1]) for i in range(len(p.zones))]
    for i, zone in enumerate(p.zones):
        compiled = program.compile(zone.waveform, p.top_ua, board)
        if i == 0:
            train.start(compiled, compiled.codes[level], p.ramp_ms)
        elif zone.waveform != p.zones[i - 1].waveform:
            train.swap(compiled, compiled.codes[level], p.ramp_ms)
        while t_us < ends[i]:
            one_word(i)
    train.aim(0, 500)
    while not train.settled():
        one_word(len(p.zones) - 1)
    return [charge * UA_PER_CODE / 1e9 for charge in charges], phases


def assert_nets_to_zero(found: PresetFigures) -> None:
    """But for the way down: what each of its phases or bursts lacks beside the one before is no more than one."""
    assert abs(found.forward_mc - found.reverse_mc) <= found.zones[-1].unpaired_uc / 1000 * 1.000001


@pytest.mark.parametrize("level", [1, 10])
@pytest.mark.parametrize("kind", KINDS)
def test_session_charge_is_that_of_every_word(kind: str, level: int) -> None:
    p = made(WAVEFORMS[kind], WAVEFORMS[kind], WAVEFORMS["biphasic" if kind != "biphasic" else "swept"])
    found = figures(p, level)
    charges = [charge for zone in found.zones for charge in (zone.forward_mc, zone.reverse_mc)]
    assert charges == pytest.approx(pulled(p, level)[0], rel=1e-9)
    assert_nets_to_zero(found)


def test_the_shipped_presets_are_that_of_every_word() -> None:
    for p in SHIPPED.values():
        found = figures(p)
        assert found.forward_mc == pytest.approx(sum(pulled(p, 10)[0][::2]), rel=1e-9)


def short(document: Document) -> preset.Preset:
    """The document with zones of at most ten seconds: but for the session's length, no limit asks for more."""
    for zone in document["zones"]:
        zone["duration_s"] = min(zone["duration_s"], 10)
    return preset.parse(json.dumps(document))


@given(documents(max_zones=3), st.sampled_from([1, 10]))
@settings(max_examples=40, deadline=None)
def test_every_phase_is_that_of_a_word(document: Document, level: int) -> None:
    """Those too that are not drawn word by word, because the train has been where it stands."""
    p = short(document)
    played = play(p, level)
    its = played.phases
    found = zip(*(its_.tolist() for its_ in (its.t_us, its.direction, its.dur_us, its.code, played.probe)), strict=True)
    assert list(found) == pulled(p, level)[1]


@given(documents(max_zones=3), st.sampled_from([1, 10]))
@settings(max_examples=80, deadline=None)
def test_every_allowed_preset_keeps_every_limit_and_nets_to_zero(document: Document, level: int) -> None:
    found = figures(short(document), level)
    for m in found.limits:
        assert m.percent <= 100, m
    assert found.within
    assert_nets_to_zero(found)
    for zone in found.zones:
        assert zone.net_code_us == 0
        assert zone.current_ua == found.set_ua
        # What is unpaired, less what is forgotten meanwhile, and perhaps a probe of 8 uA and 2 ms.
        assert zone.account_uc <= zone.unpaired_uc + 0.016
        one_way_s = zone.burst_pulses / zone.rate_hz if zone.burst_pulses else zone.phase_us / 1e6
        assert zone.account_uc >= zone.unpaired_uc * math.exp(-one_way_s / 6.8) * (1 - 1e-9)


# Loads and limits


@pytest.mark.parametrize("board", ["tonus_r1", "pico_bench"])
@pytest.mark.parametrize("touch", ["500", "2k", "10k"])
def test_predicted_current_and_voltage_are_the_simulated_board_s(board: str, touch: str) -> None:
    p = SHIPPED["lift"]
    made = SimpleNamespace(**vars(constants(board)))
    made.RAIL_MV, made.HAS_BOOST = made.RAIL_MIN_MV, False  # a rail that stands at its lowest
    emitted: list[str] = []
    start = {"battery_pct": 80, "usb": False, "temperature_c": 25, "touch": touch}
    device: Any = World(made, lambda _kind, _t, text: emitted.append(text), start, 1)
    device.on_input = lambda: None
    device.write_dac(10, 0x3000 | program.compile(p.zones[0].waveform, p.top_ua, made).codes[10])
    for t_us, a, ldac in ((20, False, False), (30, True, True), (1030, False, True)):
        device.set_switches(t_us, a, False, ldac)
    peak_ua, peak_mv = (float(emitted[-1].split(",")[i]) for i in (3, 6))
    found = next(
        load for load in figures(p, board=board).loads if load.ohm == {"500": 500, "2k": 2000}.get(touch, 10_000)
    )
    assert found.current_ua == pytest.approx(peak_ua, abs=0.01)
    over_switches_mv = found.current_ua * made.SWITCHES_OHM / 1000  # which the model counts to the electrodes
    assert found.volts * 1000 + over_switches_mv == pytest.approx(peak_mv, abs=1)
    assert found.limited == (board == "pico_bench" and touch == "10k")


def test_the_largest_load_is_where_the_rail_ends() -> None:
    found = figures(SHIPPED["lift"])
    assert found.most_ohm == pytest.approx(21.6 / 400e-6 - 4020 - 2250 - 2713)
    bench = figures(SHIPPED["lift"], board="pico_bench")
    assert [load.limited for load in bench.loads] == [bench.most_ohm < ohm for ohm in (500, 2000, 10_000)]


def test_every_limit_is_the_one_it_names() -> None:
    """In its own unit, or that of tenths of a hertz, nC or ms."""
    found = figures(made(*WAVEFORMS.values()))
    named = {m.name: re.match(r"limits\.(\w+)$", m.source.split(":")[0]) for m in found.limits}
    of_limits = {name: match[1] for name, match in named.items() if match}
    assert len(of_limits) >= 18
    for name, constant in of_limits.items():
        assert getattr(limits, constant) in [pytest.approx(margin(found, name).limit * f) for f in (1, 10, 1000)]
    assert {name for name, match in named.items() if not match} == {
        "net charge of a cycle",
        "current density",
        "power density, 10 kOhm",
        "energy per pulse, 500 Ohm",
    }
    hazards = (Path(boards.__file__).parents[3] / "firmware" / "HAZARDS.md").read_text(encoding="utf-8")
    assert f"below {margins.DENSITY_MAX_MA_CM2} mA/cm2 and {margins.POWER_MAX_MW_CM2 / 1000} W/cm2" in hazards
    assert f"at most {margins.PULSE_MAX_MJ} mJ a pulse into 500 Ohm" in hazards


def test_the_worst_zone_is_named() -> None:
    found = figures(SHIPPED["lift"])
    assert margin(found, "charge per phase").zone == "cheek left"
    assert margin(found, "narrowest phase").zone == "forehead left"
    assert margin(found, "shortest zone").zone == "brow left"
    assert margin(found, "session").zone == ""


def test_percent_of_a_limit() -> None:
    most = margin(figures(SHIPPED["lift"]), "set current")
    assert most.percent == pytest.approx(80)
    assert replace(most, value=500.1).within is False
    least = margin(figures(SHIPPED["lift"]), "shortest ramp")
    assert least.percent == pytest.approx(25)
    assert replace(least, value=499).within is False
    net = margin(figures(SHIPPED["lift"]), "net charge of a cycle")
    assert (net.percent, net.within) == (0, True)
    assert replace(net, value=1).within is False


def test_json_has_a_unit_and_an_origin_for_every_figure() -> None:
    document = json.loads(json.dumps(figures(SHIPPED["absorb"]).to_json()))
    assert document["zones"][5]["unpaired_uc"] == pytest.approx(4.8, rel=0.001)
    assert document["limits"][0]["percent"] == pytest.approx(48, rel=0.001)
    for kind, part in (
        (PresetFigures, document),
        (ZoneFigures, document["zones"][0]),
        (Load, document["loads"][0]),
        (Margin, document["limits"][0]),
    ):
        told = document["about"][kind.__name__]
        assert told == about(kind)
        assert set(part) - set(told) <= {"within", "percent", "about"}
        assert all(text["source"] for text in told.values())
        suffixes = {"ua": "uA", "uc": "uC", "us": "us", "ms": "ms", "s": "s", "mc": "mC", "mj": "mJ", "hz": "Hz"}
        for name, text in told.items():
            assert text["unit"].split(" ")[-1] == suffixes.get(name.rsplit("_", 1)[-1], text["unit"]), name


@pytest.mark.parametrize("level", [0, 11])
def test_other_levels_are_refused(level: int) -> None:
    with pytest.raises(ValueError, match=rf"level {level}; allowed 1\.\.10"):
        figures(SHIPPED["calm"], level)


def test_other_boards_are_refused() -> None:
    with pytest.raises(KeyError, match="breadboard"):
        figures(SHIPPED["calm"], board="breadboard")
