"""The output report: every row with unit and origin, numbers weighed again from the words, verdicts that flip."""

from __future__ import annotations

import functools
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tonus import bank, limits, preset, program
from tonus_tools.ctl.figures import PresetFigures, board_constants, figures
from tonus_tools.report import accuracy, judging, words
from tonus_tools.report.accuracy import CALIBRATED, UNCALIBRATED, UNMEASURED
from tonus_tools.report.build import Source, build
from tonus_tools.report.device import BEHAVIOURS
from tonus_tools.report.model import Judged, PresetPart, Report, Table, Verdict
from tonus_tools.report.page import render
from tonus_tools.report.peers import PEERS, standing
from tonus_tools.sim.checks import RULES
from tonus_tools.world.boards import constants

ROOT = Path(__file__).resolve().parents[2]
UA_PER_CODE = 2_048_000 / 4020 / 4096
AREA_CM2 = 2.5
SHIPPED = {p.id: p for p in bank.shipped()}
BOARD = board_constants("tonus_r1")

# What an evaluator looks for, and in which unit.
OUTPUT = {
    "waveform": "", "shape": "", "phase width": "us", "pulse width, both phases": "us", "rate": "Hz",
    "maximum current, 500 Ohm": "uA", "maximum current, 2 kOhm": "uA", "maximum current, 10 kOhm": "uA",
    "maximum voltage, 500 Ohm": "V", "maximum voltage, 2 kOhm": "V", "maximum voltage, 10 kOhm": "V",
    "its tolerance": "uA",
    "maximum phase charge": "uC", "maximum charge in one direction": "uC",
    "net charge of a cycle": "uC", "mean of |current|": "uA", "RMS current": "uA", "account of charge, worst": "uC",
    "current density, peak": "mA/cm2", "current density, RMS": "mA/cm2", "current density, mean": "mA/cm2",
    "power density, peak, 500 Ohm": "mW/cm2", "power density, mean, 500 Ohm": "mW/cm2",
    "power density, peak, 10 kOhm": "mW/cm2", "power density, mean, 10 kOhm": "mW/cm2",
    "energy of a pulse, 500 Ohm": "uJ", "duty: driven share of the time": "%", "envelope": "", "time of a burst": "ms",
}  # fmt: skip
SESSION = {
    "as set": "uA", "at the far end of its tolerance": "uA", "largest load that takes it": "kOhm",
    "charge of the session, forward": "mC", "charge of the session, reverse": "mC",
    "timer: treated time, then off": "s",
    "ramp from zero, at the start and at a new waveform": "ms", "least contact area that keeps 2 mA/cm2": "mm2",
}  # fmt: skip
DEVICE = {
    "firmware ceiling", "hardware ceiling", "hardware trip", "compliance: rail, nominal", "compliance: rail, least",
    "electrode contact area, each", "accuracy of the current, this report", "timer", "indicator: level",
    "indicator: output and contact", "indicator: battery", "indicator: fault", "sounds", "overload trip",
    "no-load trip", "while a cable is in", "lockout: battery", "user's stop to no output, at most",
    "lift to no output, at most",
}  # fmt: skip
UNITLESS = {"pulses in one burst, each way", "levels"}  # counts


@functools.cache
def made(calibrated: bool = False, board: str = "tonus_r1") -> Report:
    sources = [Source(p, "shipped", True) for p in SHIPPED.values()]
    return build(sources, "those that ship", "2026-11-24", board, CALIBRATED if calibrated else UNCALIBRATED)


def part(id: str) -> PresetPart:
    return next(p for p in made().presets if p.id == id)


def value(table: Table, name: str, column: int = 0) -> float:
    found = next(row for row in table.rows if row.name == name).values[column]
    assert not isinstance(found, str)
    return found


def limit(judged: tuple[Judged, ...], name: str) -> Judged:
    return next(j for j in judged if j.name == name)


def one(document: dict[str, object], top_ua: int = 300, name: str = "A") -> preset.Preset:
    zone = {"name": "zone", "duration_s": 12, "cue_s": 5, "waveform": document}
    return preset.build({"schema": 1, "id": "a", "name": name, "top_ua": top_ua, "ramp_ms": 700, "zones": [zone]})


BIPHASIC: dict[str, object] = {"kind": "biphasic", "rate_hz": 20, "phase_us": 500, "gap_us": 100}


# Every row


@pytest.mark.parametrize("id", SHIPPED)
def test_every_row_is_there_with_unit_and_origin(id: str) -> None:
    its = part(id)
    for table, required in ((its.output, OUTPUT), (its.session, SESSION)):
        units = {row.name: row.unit for row in table.rows}
        assert {name: units.get(name) for name in required} == required
        for row in table.rows:
            assert row.source, row.name
            assert len(row.values) == len(table.columns)
            is_number = any(not isinstance(v, str) for v in row.values)
            assert row.unit or not is_number or row.name in UNITLESS, row.name
    for table in (its.levels, its.zones):
        assert all(column.source for column in table.columns)
        assert all(column.unit or column.title == "waveform" for column in table.columns)
    assert [row.name for row in its.levels.rows] == [str(level) for level in range(1, 11)]
    assert [row.name for row in its.zones.rows] == [zone.name for zone in SHIPPED[id].zones]
    assert len(its.plots) == 1 + len({zone.waveform for zone in SHIPPED[id].zones})
    assert all(step.formula and step.numbers and step.result for step in its.steps)


def test_the_device_has_its_rows() -> None:
    rows = [row for table in made().device for row in table.rows]
    assert {row.name for row in rows} >= DEVICE
    assert all(row.source for row in rows)


def test_a_column_for_each_waveform() -> None:
    assert [column.title for column in part("lift").output.columns] == ["A", "B"]
    assert part("lift").waveforms[1][2] == "cheek left, cheek right, jaw left, jaw right"


def test_names_in_origins_exist() -> None:
    report = made()
    tables = [*report.device, *report.peers, *(t for p in report.presets for t in (p.output, p.session))]
    sources = [row.source for table in tables for row in table.rows] + [j.source for _, j in report.all_judged]
    for source in sources:
        for name in re.findall(r"limits\.([A-Z_]+)", source):
            assert hasattr(limits, name), source
        for name in re.findall(r"(?:board\.py:? |over |/ )([A-Z][A-Z_0-9]{4,})", source):
            assert hasattr(BOARD, name), source
        for path in re.findall(r"(?:boards|firmware)/[\w/]+\.\w+", source):
            assert (ROOT / path).exists(), source


def test_limits_in_time_name_what_proves_them() -> None:
    rules = {rule.__name__ for rule in RULES}
    scenarios = {path.stem for path in ROOT.glob("tests/sim/scenarios/*.toml")}
    assert {proof for *_, proof in BEHAVIOURS} <= rules | scenarios


# Numbers


@pytest.mark.parametrize(("id", "column"), [("lift", 0), ("lift", 1), ("firm", 0), ("absorb", 0), ("calm", 0)])
def test_numbers_are_those_of_the_words(id: str, column: int) -> None:
    """Whole cycles, pulled as the interrupt pulls them; the envelope's top by itself."""
    p = SHIPPED[id]
    w = list(dict.fromkeys(zone.waveform for zone in p.zones))[column]
    board = constants("tonus_r1")
    compiled = program.compile(w, p.top_ua, board)
    train = program.Train(program.compile_probe(board))
    train.start(compiled, compiled.codes[10], 500)
    train.skip_ramp()
    cycle_words = 2 * (w.burst_pulses or 1)
    # Enough for a whole envelope and a whole sweep.
    span_us = max(9_000_000, 2 * w.sweep_ms * 1000)
    driven: list[tuple[int, int, int, int, bool]] = []  # begin, direction, us, code, probe
    t_us = code = 0
    probe = False
    while t_us < span_us + 5_000_000:
        if train.load >= 0:
            code, probe = train.load, train.width == 0
        direction, us, _ = program.decode(train.word)
        t_us += program.DEAD_US
        if direction:
            driven.append((t_us, direction, us, code, probe))
        t_us += us
        train.next()
    starts = [i for i, word in enumerate(driven) if not word[4]][::cycle_words]
    first, last = starts[1], max(i for i in starts if driven[i][0] - driven[starts[1]][0] <= span_us)
    whole = driven[first:last]
    us = driven[last][0] - driven[first][0]
    pulses = [word for word in whole if not word[4]]
    top_ua = max(word[3] for word in pulses) * UA_PER_CODE
    table = part(id).output
    assert value(table, "maximum current, 500 Ohm", column) == pytest.approx(top_ua)
    assert value(table, "maximum voltage, 10 kOhm", column) == pytest.approx(top_ua / 1e6 * 10_000)
    assert value(table, "phase width", column) == pulses[0][2]
    phase_uc = max(c * n for _, _, n, c, _ in pulses) * UA_PER_CODE / 1e6
    assert value(table, "maximum phase charge", column) == pytest.approx(phase_uc)
    assert value(table, "maximum charge in one direction", column) == pytest.approx(phase_uc * (w.burst_pulses or 1))
    assert sum(d * c * n for _, d, n, c, _ in whole) == 0 == value(table, "net charge of a cycle", column)
    rel = 0.02  # the span is not the figures', so the envelope's and the sweep's share differ a little
    mean_ua = sum(c * n for _, _, n, c, _ in whole) * UA_PER_CODE / us
    rms_ua = math.sqrt(sum((c * UA_PER_CODE) ** 2 * n for _, _, n, c, _ in whole) / us)
    assert value(table, "mean of |current|", column) == pytest.approx(mean_ua, rel)
    assert value(table, "RMS current", column) == pytest.approx(rms_ua, rel)
    density = value(table, "current density, peak", column)
    assert density == pytest.approx(top_ua / 1000 / AREA_CM2)
    assert value(table, "power density, peak, 500 Ohm", column) == pytest.approx(density**2 * AREA_CM2 * 0.5)
    rms_density = value(table, "current density, RMS", column)
    assert value(table, "power density, mean, 10 kOhm", column) == pytest.approx(rms_density**2 * AREA_CM2 * 10)
    if not w.burst_pulses:
        (begin_a, _, us_a, *_), (begin_b, *_) = pulses[0], pulses[1]
        assert value(table, "electrodes shorted between phases", column) == begin_b - begin_a - us_a


def test_levels_are_the_figures_of_each_level() -> None:
    table = part("firm").levels
    titles = [column.title for column in table.columns]
    assert titles[:2] == ["set", "tolerance"]
    for level, row in enumerate(table.rows, 1):
        found = figures(SHIPPED["firm"], level)
        assert row.values[0] == found.set_ua
        assert row.values[1] == pytest.approx(max(1.5, found.set_ua / 25))
        assert row.values[titles.index("account")] == max(zone.account_uc for zone in found.zones)
        assert row.values[-1] == found.forward_mc


def test_a_figure_worked_through_comes_out() -> None:
    for its in made().presets:
        code, current, charge, *_ = its.steps
        a, b, c, d = (int(n) for n in re.findall(r"\d+", code.numbers))
        assert a * b * c // d == int(code.result)
        ua = int(code.result) * 2048 / 4096 / 4020 * 1000
        assert current.result == f"{words.show(ua)} uA"
        us = int(re.findall(r"(\d+) us", charge.numbers)[0])
        assert charge.result == f"{words.show(ua * us / 1e6)} uC"


# Verdicts


def test_the_band_is_the_larger_of_percent_and_floor() -> None:
    assert UNCALIBRATED.band_ua(400) == 16
    assert UNCALIBRATED.band_ua(12) == 1.5
    assert UNCALIBRATED.factor(0) == 1
    assert CALIBRATED.factor(400) == pytest.approx(1.02)
    assert CALIBRATED.percent_at(20) == 7.5


def test_the_worst_case_has_the_tolerance_in_it() -> None:
    judged = part("firm").judged
    dc = limit(judged, "account of charge")
    assert (dc.worst / dc.value, dc.calibrated / dc.value) == pytest.approx((1.04, 1.02))
    power = limit(judged, "power density, 10 kOhm")
    assert power.worst / power.value == pytest.approx(1.04**2)
    assert limit(judged, "energy per pulse, 500 Ohm").worst == pytest.approx(
        power.worst / power.value * 0.0040432, rel=1e-3
    )
    for name in judging.NOT_SCALED:
        row = limit(judged, name)
        assert row.worst == row.value == row.calibrated
    assert dc.margin_pct == pytest.approx(100 - 100 * dc.worst / 50)
    assert dc.where == "level 10, jaw left"


def test_every_limit_of_the_figures_is_judged() -> None:
    for p in SHIPPED.values():
        found = {j.name for j in part(p.id).judged}
        assert {m.name for m in figures(p).limits} <= found
        assert {"delivered current", "current density, RMS", "power density, mean, 10 kOhm"} <= found
        assert {"accuracy of the current", "top current of a shipped preset"} <= found


def test_the_shipped_presets_are_kept_out_of_the_box() -> None:
    assert made().verdict is Verdict.PASS
    assert made(calibrated=True).verdict is Verdict.PASS


def with_limit(found: PresetFigures, name: str, value: float) -> PresetFigures:
    """Figures with a value of somebody's choice."""
    return replace(found, limits=tuple(replace(m, value=value) if m.name == name else m for m in found.limits))


@pytest.mark.parametrize(
    ("name", "at", "verdict"),
    [
        ("account of charge", 46.0, Verdict.PASS),
        ("account of charge", 48.5, Verdict.CALIBRATE),
        ("account of charge", 49.5, Verdict.FAIL),
        ("charge per phase", 45.4, Verdict.PASS),
        ("charge per phase", 50.1, Verdict.FAIL),
        ("current density", 1.81, Verdict.PASS),
        ("current density", 2.1, Verdict.FAIL),
        ("power density, 10 kOhm", 231, Verdict.PASS),
        ("power density, 10 kOhm", 232, Verdict.CALIBRATE),
        ("power density, 10 kOhm", 241, Verdict.FAIL),
        ("energy per pulse, 500 Ohm", 290, Verdict.FAIL),
        ("net charge of a cycle", 0, Verdict.PASS),
        ("net charge of a cycle", 1, Verdict.FAIL),
        ("set current", 500, Verdict.PASS),
        ("set current", 500.2, Verdict.FAIL),
        ("shortest gap", 50, Verdict.PASS),
        ("shortest gap", 49, Verdict.FAIL),
        ("session", 1201, Verdict.FAIL),
    ],
)
def test_a_verdict_flips_where_the_limit_is(name: str, at: float, verdict: Verdict) -> None:
    p = SHIPPED["lift"]
    by_level = [figures(p, level) for level in (1, 10)]
    by_level[-1] = with_limit(by_level[-1], name, at)
    if name in ("shortest gap", "session"):
        by_level[0] = with_limit(by_level[0], name, at)
    judged = judging.judge(p, by_level, BOARD, UNCALIBRATED, True)
    assert limit(judged, name).verdict is verdict
    assert (limit(judged, name).margin_pct < 0) == (verdict is not Verdict.PASS)


def test_a_level_in_the_middle_can_be_the_worst() -> None:
    p = SHIPPED["lift"]
    by_level = [figures(p, level) for level in (1, 5, 10)]
    by_level[1] = with_limit(by_level[1], "account of charge", 90)
    found = limit(judging.judge(p, by_level, BOARD, UNCALIBRATED, True), "account of charge")
    assert (found.where, found.verdict) == ("level 5, cheek left", Verdict.FAIL)


def test_a_preset_that_did_not_ship_may_be_above_the_peers() -> None:
    p = one(BIPHASIC, top_ua=450)
    report = build([Source(p, "a file", False)], "a file", "2026-11-24")
    assert report.verdict is Verdict.PASS
    assert report.presets[0].verdict is Verdict.PASS
    assert build([Source(p, "shipped", True)], "", "").presets[0].verdict is Verdict.FAIL


def test_the_bench_has_no_compliance_for_10_kohm() -> None:
    report = made(board="pico_bench")
    failed = [(name, j.name) for name, j in report.of(Verdict.FAIL)]
    assert ("Lift", "largest load that takes the set current") in failed
    assert "limited" not in render(made())
    assert "(rail)" in render(report)


# Peers


def test_peers_and_where_the_presets_stand() -> None:
    assert {(p.least_ua, p.most_ua) for p in PEERS} == {(80, 400), (53, 192), (125, 350), (10, 600), (None, 200)}
    assert standing(400, 400) == "the same"
    assert standing(300, 400) == "within, 25 % below"
    assert standing(400, 192) == "above, by 108 %"
    currents, others = made().peers
    lift = [row.values[1] for row in currents.rows]
    assert lift[:3] == ["39.9..400", "the same", "above, by 108 %"]
    assert {row.values[2] for row in others.rows} == {"within", "differs"}
    assert all(row.source for row in (*currents.rows, *others.rows))


def test_the_manual_tells_modules_verdicts_and_tolerances() -> None:
    folder = Path(accuracy.__file__).parent
    manual = (folder / "README.md").read_text(encoding="utf-8")
    mapped = set(re.findall(r"`(\w+\.py)`", manual.split("## How it is built")[1]))
    assert mapped == {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    assert set(re.findall(r"^\| `([A-Z]+)` \|", manual, re.MULTILINE)) == {verdict.value for verdict in Verdict}
    bands = (f"{band.percent:g} %, {band.floor_ua:g} uA" for band in (UNCALIBRATED, CALIBRATED))
    assert f"the larger of | {' | '.join(bands)} |" in manual
    assert f"there it is {UNMEASURED.percent:g} %, {UNMEASURED.floor_ua:g} uA" in manual


def test_a_board_that_cannot_measure_its_offset_promises_less() -> None:
    p = one(BIPHASIC)
    assert build([Source(p, "", False)], "", "", "pico_bench").accuracy is UNMEASURED
    assert build([Source(p, "", False)], "", "").accuracy is UNCALIBRATED


# The page


class Strict(HTMLParser):
    """Notes tags that are not closed in order, ids, links and everything that would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.fetched: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        for key, value in attrs:
            if key == "id":
                assert value not in self.ids
                self.ids.add(str(value))
            elif key == "href":
                self.links.add(str(value))
            elif key in ("src", "srcset", "data", "action", "background", "xlink:href"):
                self.fetched.append(str(value))
        if tag in ("link", "script", "img", "iframe", "object"):
            self.fetched.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(report: Report) -> Strict:
    page = Strict()
    page.feed(render(report))
    page.close()
    return page


def test_the_page_is_well_formed_and_needs_nothing_else() -> None:
    page = parsed(made())
    assert page.open == []
    assert page.fetched == []
    assert page.links == {f"#{id}" for id in page.ids}
    text = render(made())
    for external in ("http:", "https:", "url(", "@import", "<script", "/work", "file:"):
        assert external not in text
    assert text.startswith("<!DOCTYPE html>\n")


def test_every_plot_is_well_formed() -> None:
    kinds = [BIPHASIC | {"rate_hz": 0.3, "phase_us": 30_000}, BIPHASIC | {"rate_hz": 300, "phase_us": 100}]
    kinds.append({"kind": "alternating", "rate_hz": 300, "phase_us": 100, "burst_pulses": 1})
    kinds.append({"kind": "swept", "rate_hz": 300, "rate_to_hz": 0.3, "sweep_s": 1, "phase_us": 100, "gap_us": 1000})
    sine = {"shape": "sine", "period_ms": 1000, "depth_pct": 100}
    kinds.append({"kind": "modulated", "rate_hz": 0.7, "phase_us": 3000, "gap_us": 100, "envelope": sine})
    drawn = [plot for p in made().presets for plot in (*p.plots, p.icon)]
    for kind in kinds:
        its = build([Source(one(kind), "", False)], "", "").presets[0]
        drawn += [*its.plots, its.icon]
    for plot in drawn:
        assert ElementTree.fromstring(plot).tag == "svg"
        assert not re.search(r"\b(nan|inf)\b", plot)


def test_what_is_computed_is_on_the_page() -> None:
    report = made()
    text = " ".join("".join(parsed(report).text).split())
    for its in report.presets:
        for row in (*its.output.rows, *its.session.rows):
            assert row.name in text
            assert row.source in text
        for j in its.judged:
            assert j.name in text
            assert words.show(j.worst) in text
        for step in its.steps:
            assert step.numbers in text
    assert "Tonus is not a medical device" in text
    assert "PASS once calibrated" not in text


def test_a_failing_row_is_red() -> None:
    assert '<tr class="fail">' not in render(made())
    text = render(made(board="pico_bench"))
    assert '<tr class="fail"><td>largest load that takes the set current' in text
    assert '<div class="badge fail"><b>FAIL</b>' in text


def test_a_name_is_no_markup() -> None:
    p = one(BIPHASIC, name='<b>&"x"</b>')
    page = parsed(build([Source(p, "<file>", False)], "<from>", "2026-11-24"))
    assert '<b>&"x"</b>' in page.text
    assert any("<file>" in told for told in page.text)


def test_many_waveforms_make_more_tables() -> None:
    zones = [
        {"name": f"zone {i}", "duration_s": 5, "cue_s": 5, "waveform": BIPHASIC | {"rate_hz": 10 + i}} for i in range(6)
    ]
    document = {"schema": 1, "id": "a", "name": "A", "top_ua": 300, "ramp_ms": 700, "zones": zones}
    report = build([Source(preset.build(document), "", False)], "", "")
    assert render(report).count('data-table="output"') == 2
    assert parsed(report).open == []


def test_json_is_the_whole_of_it() -> None:
    document = json.loads(json.dumps(made().to_json(), allow_nan=False))
    assert document["verdict"] == "PASS"
    lift = document["presets"][0]
    assert (lift["id"], lift["verdict"]) == ("lift", "PASS")
    assert "plots" not in lift
    row = next(j for j in lift["judged"] if j["name"] == "account of charge")
    assert row["margin_pct"] == pytest.approx(99.17, abs=0.01)
    assert {"unit", "source", "worst", "calibrated", "how", "verdict"} <= set(row)


def test_another_board_is_refused() -> None:
    with pytest.raises(KeyError, match="breadboard"):
        build([], "", "", "breadboard")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (399.96, "400"),
        (0.00004313, "0.00004313"),
        (12345.6, "12346"),
        (7.998, "7.998"),
        (3, "3"),
        ("x", "x"),
    ],
)
def test_numbers_are_shown_without_exponents(value: float | str, shown: str) -> None:
    assert words.show(value) == shown


def test_a_margin_that_is_almost_all_is_not_all() -> None:
    assert words.percent(99.99) == "> 99.9 %"
    assert words.percent(100) == "100 %"
    assert words.percent(-4.69) == "-4.7 %"
    assert words.percent(12.02) == "12 %"
