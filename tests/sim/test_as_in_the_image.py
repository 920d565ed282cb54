"""What the image has in the sources' place, on the simulator: it does what they do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from devices import device, example
from tonus import preset
from tonus_tools.image.lean import MAIN, lean
from tonus_tools.sim import runner
from tonus_tools.sim.checks import check
from tonus_tools.sim.scenario import load
from tonus_tools.sim.trace import Trace
from tonus_tools.world.boards import FIRMWARE

SCENARIOS = Path(__file__).parent / "scenarios"


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lean") / "firmware"
    shutil.copytree(FIRMWARE / "tonus" / "presets", folder / "tonus" / "presets")
    for path, source in lean().sources.items():
        (folder / path).write_text(source, encoding="utf-8")
    (folder / "main.py").write_text(MAIN, encoding="utf-8")
    return folder


def treated(trace: Trace) -> tuple[int, int]:
    """When the output first rose, and when it last was at its level, us."""
    treats = [i for i, change in enumerate(trace.states) if change.to == "TREAT"]
    return next(change.t_us for change in trace.states if change.to == "RAMP_UP"), trace.states[treats[-1] + 1].t_us


@pytest.mark.parametrize(
    "name", ["demo_facial", "mode_while_treating", "leaves_zones_out", "plugs_in_mid_session", "overcurrent_trip"]
)
def test_a_session(firmware: Path, name: str) -> None:
    scenario = load(SCENARIOS / f"{name}.toml")
    trace, from_sources = runner.run(scenario, firmware=firmware), runner.run(scenario)
    assert [str(violation) for violation in check(trace, scenario)] == []
    assert [change.to for change in trace.states] == [change.to for change in from_sources.states]
    assert [log.e for log in trace.logs] == [log.e for log in from_sources.logs]
    # It starts sooner, so it may find the skin one look sooner or later: from there on they give the same.
    spans = [treated(its) for its in (trace, from_sources)]
    us = min(end - begin for begin, end in spans)
    charge, expected = (
        its.phases.charge_nc[its.phases.t_us < begin + us].sum()
        for its, (begin, _) in zip((trace, from_sources), spans, strict=True)
    )
    assert charge == pytest.approx(expected, rel=0.01)


def test_a_host(firmware: Path) -> None:
    text = preset.canonical(preset.parse(json.dumps(example())))
    with device(firmware=firmware) as made:
        client = made.client
        assert len(client.discover()["methods"]) > 20
        assert abs(client.selftest()["dac_offset_na"]) < 300
        assert [kept for _, kept in client.write_bank([text]).presets] == [text]
        assert client.read_bank().presets[0][1] == text
        made.treat(3_000_000)
        assert client.counters()["missed"] == 0
