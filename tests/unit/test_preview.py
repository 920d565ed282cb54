"""The page of a preset: what is on it is what the preset does, and all of it can be read."""

from __future__ import annotations

import functools
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from tonus import bank, preset
from tonus_tools.ctl import preview
from tonus_tools.ctl.figures import figures

SHIPPED = {p.id: p for p in bank.shipped()}
ENVELOPE = {"shape": "trapezoid", "rise_ms": 500, "hold_ms": 500, "fall_ms": 500, "low_ms": 0, "depth_pct": 100}
KINDS: dict[str, dict[str, Any]] = {
    "biphasic": {"kind": "biphasic", "rate_hz": 0.3, "phase_us": 30_000, "gap_us": 50},
    "alternating": {"kind": "alternating", "rate_hz": 300, "phase_us": 100, "burst_pulses": 200},
    "swept": {"kind": "swept", "rate_hz": 300, "rate_to_hz": 0.3, "sweep_s": 2, "phase_us": 100, "gap_us": 1000},
    "modulated": {"kind": "modulated", "rate_hz": 3, "phase_us": 3000, "gap_us": 100, "envelope": ENVELOPE},
}


def made(waveforms: list[dict[str, Any]], name: str, durations_s: list[int]) -> preset.Preset:
    zones = [
        {"name": name % i, "duration_s": durations_s[i], "cue_s": 5, "waveform": w} for i, w in enumerate(waveforms)
    ]
    document = {"schema": 1, "id": "i" * 24, "name": "W" * 24, "top_ua": 300, "ramp_ms": 700, "zones": zones}
    return preset.build(document)


# 24 characters, wide ones, a formula that is none, and zones of 5 to 90 s.
CROWDED = made(
    [*KINDS.values(), KINDS["biphasic"] | {"rate_hz": 300, "phase_us": 100}, KINDS["biphasic"]] * 2
    + [KINDS["swept"]] * 4,
    "WWWWWWWWWW $x_%02d\\frac W",
    [5, 5, 25, 30] * 4,
)
PRESETS = SHIPPED | {kind: made([w], "z%d", [20]) for kind, w in KINDS.items()} | {"crowded": CROWDED}


@functools.cache
def page(id: str, level: int = 10, board: str = "tonus_r1") -> Figure:
    return preview.page(PRESETS[id], level, board)


def texts(figure: Figure) -> list[Text]:
    """What is written, but for the ticks' labels, which matplotlib places."""
    found = list(figure.texts)
    for axes in figure.axes:
        found += [*axes.texts, axes.xaxis.label, axes.yaxis.label]
        legend = axes.get_legend()
        found += legend.get_texts() if legend else []
    return [text for text in found if text.get_text()]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in texts(figure)]


def with_ticks(figure: Figure, label: str) -> Axes:
    """The axes one of whose bars is called so."""
    return next(axes for axes in figure.axes if label in [text.get_text() for text in axes.get_yticklabels()])


def called(figure: Figure, label: str) -> list[Axes]:
    """Axes with these words along an axis."""
    return [axes for axes in figure.axes if label in (axes.get_xlabel(), axes.get_ylabel())]


@pytest.mark.parametrize("id", PRESETS)
def test_a_png_is_drawn_and_all_of_it_can_be_read(id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = page(id)
    monkeypatch.setattr(preview, "page", lambda *_: figure)
    path = tmp_path / "page.png"
    preview.draw(PRESETS[id], path)
    height, width, _ = imread(path).shape
    assert width == 1500
    waves = min(4, len({zone.waveform for zone in PRESETS[id].zones}))
    assert 900 + 200 * (waves - 1) < height <= 1900
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(figure)]
    for label, box in boxes:
        assert box.x0 >= 0, label
        assert box.x1 <= width, label
        assert box.y0 >= 0, label
        assert box.y1 <= height, label
    for (a, box_a), (b, box_b) in combinations(boxes, 2):
        across = min(box_a.x1, box_b.x1) - max(box_a.x0, box_b.x0)
        down = min(box_a.y1, box_b.y1) - max(box_a.y0, box_b.y0)
        assert across <= 1 or down <= 3, f"{a!r} on {b!r}"  # a line's box has some pixels of air


@pytest.mark.parametrize("id", ["lift", "firm", "alternating"])
def test_bars_are_as_long_as_the_figures_say(id: str) -> None:
    facts = figures(PRESETS[id])
    seen = 0
    for label in ("set current", "session"):
        axes = with_ticks(page(id), label)
        names = [text.get_text() for text in axes.get_yticklabels()]
        bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert len(bars) == len(names)
        for name, bar in zip(names, bars, strict=True):
            margin = next(m for m in facts.limits if m.name == name)
            assert bar.get_x() + bar.get_width() == pytest.approx(max(margin.percent, 0.01))
            assert margin.within
            seen += 1
    assert seen == len(facts.limits)


def test_a_limit_that_is_not_kept_is_red_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "every limit is kept" in words(page("lift"))
    monkeypatch.setattr("tonus_tools.ctl.margins.DENSITY_MAX_MA_CM2", 0.1)
    figure = preview.page(SHIPPED["lift"])
    assert "BEYOND A LIMIT" in words(figure)
    axes = with_ticks(figure, "set current")
    names = [text.get_text() for text in axes.get_yticklabels()]
    bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    colours = {name: bar.get_facecolor() for name, bar in zip(names, bars, strict=True)}
    assert colours["current density"] != colours["set current"]


def test_zones_cues_and_waveforms_are_named() -> None:
    figure = page("lift")
    for zone in SHIPPED["lift"].zones:
        assert zone.name in words(figure)
    assert "A   biphasic 80 Hz, 500 us" in words(figure)
    assert "B   modulated 30 Hz, 1000 us, trapezoid of 4.5 s down to 40 %, not below 8 uA" in words(figure)
    assert "forehead left, forehead right, brow left, brow right" in words(figure)
    cues: Any = called(figure, "cues")[0].collections[0]
    assert sorted(x for x, _ in (segment[0] for segment in cues.get_segments())) == list(range(5, 301, 5))


def test_names_that_do_not_fit_stand_in_a_key() -> None:
    figure = page("crowded")
    for i, zone in enumerate(CROWDED.zones):
        assert any(line.startswith(f"{zone.name}   ") for line in words(figure))
        assert str(i + 1) in words(figure)
    assert any(line.startswith("1 more waveform is not drawn: E") for line in words(figure))


def pulses(figure: Figure) -> PolyCollection:
    """The phases in the first picture of a second, or two cycles, of pulses."""
    axes = next(axes for axes in figure.axes if axes.get_xlabel().endswith(("one second", "two cycles")))
    return next(c for c in axes.collections if isinstance(c, PolyCollection))


@pytest.mark.parametrize(
    ("id", "forward", "reverse"),
    # Of Firm and the slow one two cycles; of Absorb two of 50 pulses each way; Calm sweeps from 20 Hz.
    [("lift", 80, 80), ("firm", 2, 2), ("absorb", 100, 100), ("calm", 20, 20), ("biphasic", 2, 2)],
)
def test_one_second_of_pulses_is_drawn(id: str, forward: int, reverse: int) -> None:
    set_ua = figures(PRESETS[id]).set_ua
    heights = np.array([np.asarray(path.vertices)[1, 1] for path in pulses(page(id)).get_paths()])
    pulse = np.abs(heights) > 10  # the rest are probes
    assert np.allclose(np.abs(heights[pulse]), set_ua)
    assert (heights[pulse] > 0).sum() == pytest.approx(forward, abs=1)
    assert (heights[pulse] < 0).sum() == pytest.approx(reverse, abs=1)
    assert pulse.all() == (id not in ("firm", "biphasic"))


def test_the_enlarged_pulse_has_its_charges_and_widths() -> None:
    assert {"+0.2 uC", "-0.2 uC", "+0.4 uC", "500 us", "1000 us", "shorted 104 us"} <= set(words(page("lift")))
    assert {"+45 uC", "-45 uC", "500 ms", "shorted 1000 us"} <= set(words(page("firm")))
    assert {"+0.096 uC", "shorted 9600 us"} <= set(words(page("absorb")))
    assert called(page("absorb"), "the turn of polarity, enlarged; pause not to scale")


def test_a_sweep_s_rate_and_a_swell_s_amplitude_are_drawn() -> None:
    seconds, hz = (np.asarray(values) for values in called(page("calm"), "rate, Hz")[0].lines[0].get_data())
    assert hz[0] == pytest.approx(20, rel=0.02)
    assert hz[-1] == pytest.approx(8, rel=0.02)
    assert np.allclose(hz, 20 - 0.6 * seconds, atol=0.15)
    swell: Any = called(page("lift"), "amplitude, uA")[0].collections[0]
    tops = np.array([segment[1] for segment in swell.get_segments()])
    assert tops[:, 1].max() == pytest.approx(400, rel=0.01)
    assert tops[:, 1].min() == pytest.approx(160, rel=0.02)
    assert np.all(tops[(tops[:, 0] > 1.1) & (tops[:, 0] < 2.9), 1] > 399)


def test_the_session_s_amplitude_has_its_ramps_and_its_level() -> None:
    for level, ua in ((10, 400), (1, 40)):
        line = called(page("lift", level), "amplitude of the pulses, uA")[0].lines[0]
        seconds, height = (np.asarray(values) for values in line.get_data())
        assert height.max() == pytest.approx(ua, rel=0.01)
        assert np.all(height[(seconds > 2.5) & (seconds < 109)] == height.max())
        assert height[0] < ua / 4
        halfway = height[np.searchsorted(seconds, 1.0)]  # of two seconds of ramp
        assert ua * 0.45 < halfway < ua * 0.65
        swell = height[(seconds > 115) & (seconds < 295)]
        assert swell.min() == pytest.approx(0.4 * ua, rel=0.1)
        assert height[-1] == 0


def test_the_loads_are_told_and_a_rail_that_does_not_reach() -> None:
    assert {"0.2 V", "0.8 V", "4 V", "10 kOhm"} <= set(words(page("lift")))
    assert words(page("lift")).count("as set") == 3
    bench = words(page("lift", board="pico_bench"))
    assert bench.count("as set") == 2
    assert "limited by the rail" in bench
    assert "2.11 V" in bench  # 3 V less what Rset, FET and switches take
