"""Every fault that the firmware knows, played through the whole of it: what breaks, and the name that it gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from devices import changed_firmware
from tonus import faults, limits
from tonus_tools.sim import checks, runner
from tonus_tools.sim.scenario import Action, Scenario, Start
from tonus_tools.sim.trace import PROBING, TREATING, Trace
from tonus_tools.world.boards import FIRMWARE

SWITCH_ON = [(0.0, "hold", "MODE"), (0.9, "release", "MODE")]
ARM = [(1.7 + 0.2 * i, do, "PLUS") for i in range(5) for do in ("hold", "release")]
TREATS_S = 6.0
SELF_TEST_UA = limits.PROBE_UA + 1  # of 8 uA, all that the self-test drives through the electrodes


def treating(*breaks: Any) -> Callable[[Path], Trace]:
    """These break in mid-treatment."""
    return lambda folder: _run([(TREATS_S, "inject", one) for one in breaks])


def starting(*breaks: Any, at_s: float = 0.01, **start: Any) -> Callable[[Path], Trace]:
    """These are broken as it is switched on."""
    return lambda folder: _run([(at_s, "inject", one) for one in breaks], Start(**({"touch": "good"} | start)))


def _run(deeds: list[tuple[float, str, Any]], start: Start | None = None, firmware: Path = FIRMWARE) -> Trace:
    entries = list(SWITCH_ON)
    for i, (at_s, do, button) in enumerate(ARM):
        entries.append((at_s + (0.1 if i % 2 else 0.0), do, button))
    timeline = sorted(
        (Action(round(1e6 * at_s), do, value) for at_s, do, value in entries + deeds), key=lambda a: a.at_us
    )
    return runner.run(
        Scenario("fault", 12_000_000, start=start or Start(touch="good"), timeline=tuple(timeline)), firmware=firmware
    )


def stuck_mode(folder: Path) -> Trace:
    return runner.run(Scenario("fault", 12_000_000, timeline=(Action(0, "hold", "MODE"),)))


def held_in_the_self_test(folder: Path) -> Trace:
    """The rail sticks while it is up for the self-test."""
    up, down = (event.t_us for event in _run([]).of("rail")[:2])
    return _run([((up + down) / 2e6, "inject", "rail_stuck")])


def blind_between_phases(folder: Path) -> Trace:
    """A PIO that stops in mid-phase charges: fault 12."""
    phases = _run([]).phases
    ends_us = phases.end_us[:-1][(phases.t_us[1:] - phases.end_us[:-1] > 5000) & (phases.end_us[:-1] > 1e6 * TREATS_S)]
    return _run([(ends_us[0] / 1e6 + 0.001, "inject", ["pio", "ENABLE", 0])])


def stuck_in_a_long_phase(folder: Path) -> Trace:
    """In Firm, whose phases take half a second: MODE chooses it."""
    deeds: list[tuple[float, str, Any]] = [(1.5, "hold", "MODE"), (1.62, "release", "MODE")]
    deeds += [(2.8 + 0.1 * i, "release" if i % 2 else "hold", "PLUS") for i in range(10)]
    phases = _run(deeds).phases
    middle_us = (phases.t_us + phases.dur_us // 2)[(phases.dur_us > 400_000) & (phases.t_us > 8_000_000)][0]
    return _run([*deeds, (middle_us / 1e6, "inject", "pio_stuck")])


def damaged_preset(folder: Path) -> Trace:
    return _run([], firmware=changed_firmware(folder, ("tonus/presets/calm.json", '"top_ua": 120', '"top_ua": 1200')))


def missing_module(folder: Path) -> Trace:
    firmware = changed_firmware(folder)
    (firmware / "tonus" / "tally.py").unlink()
    return _run([], firmware=firmware)


PLAYED: dict[int, Callable[[Path], Trace]] = {
    faults.LATCH: treating("fault_line_stuck"),  # the line alone: with a trip the current goes, too
    faults.OVERCURRENT: treating("dac_full_scale"),
    faults.CHARGE: stuck_in_a_long_phase,
    faults.LOOP_RAISED: treating("spi_error"),
    faults.LOOP_STALLED: treating(["tick", "late", 1, 5000]),
    faults.TASK_DIED: treating(["task", 4, "raises", 0]),
    faults.WATCHDOG: treating("main_hangs"),
    faults.MODE_STUCK: stuck_mode,
    faults.BLIND: blind_between_phases,
    faults.DEVIATION: treating("dac_low"),
    faults.RAIL_STUCK: starting("rail_stuck"),
    faults.RAIL_DEAD: starting("rail_dead"),
    faults.RAIL_HELD: held_in_the_self_test,
    faults.FAULT_LINE: starting(["line", "STAGE_FAULT_N", "low"]),
    faults.SENSE_OFFSET: starting("sense_offset"),
    faults.LEAK: starting("dac_full_scale"),  # the DAC, though shut, drives a rest; skin has no part in it
    faults.DAC: starting(["line", "DAC_CS", "open"]),
    faults.BATTERY: starting("battery_sense_open"),
    faults.TEMPERATURE: starting(temperature_c=75),
    faults.PRESETS: damaged_preset,
    faults.RSET: starting("rset_low"),
    faults.START_FAILED: missing_module,
    faults.REST: treating("rest_stuck"),
    faults.RELAY: starting("relay_welded"),
    faults.WATCH: starting("watch_dead"),
    faults.TRIP: starting("trip_dead"),
}


def flows(trace: Trace) -> npt.NDArray[np.bool_]:
    """The phases with current; not the little that the self-test of a start drives."""
    phases = trace.phases
    tested = np.zeros(len(phases), dtype=np.bool_)
    for span in checks.tests_at_start(trace):
        tested |= (phases.t_us >= span.start_us) & (phases.end_us <= span.end_us)
    return (phases.peak_ua > 0.5) & ~(tested & (phases.peak_ua < SELF_TEST_UA))


def test_a_task_that_stops_ends_in_the_watchdog() -> None:
    """Any but those of the start: the supervisor feeds only when all have made progress."""
    for task in range(6):
        trace = _run([(TREATS_S, "inject", ["task", task, "stopped", 0])])
        assert trace.faults == ["watchdog"], task
        last_us = trace.phases.end_us[flows(trace)].max()
        assert last_us < 1e6 * TREATS_S + 1000 * (limits.WATCHDOG_MS + 2 * 300)  # looks of the supervisor


def test_nothing_is_written_while_a_session_begins() -> None:
    """A record waits for the sound of the stop; who starts at once is treated before it is written."""
    deeds: list[tuple[float, str, Any]] = [(TREATS_S, "hold", "MODE"), (TREATS_S + 0.1, "release", "MODE")]
    deeds += [(TREATS_S + 0.15, "hold", "PLUS"), (TREATS_S + 0.25, "release", "PLUS")]
    trace = _run(deeds)
    active = trace.spans_in((*TREATING, *PROBING))
    assert [span.name for span in active] == ["ARMED", "ARMED"]
    written = [event.t_us for event in trace.of("flash")]
    assert not any(span.start_us <= t_us < span.end_us for span in active for t_us in written)


def test_every_fault_is_played() -> None:
    assert set(PLAYED) == set(faults.FAULTS)


@pytest.mark.parametrize("number", sorted(PLAYED), ids=faults.name)
def test_it_is_named_and_nothing_flows_any_more(number: int, tmp_path: Path) -> None:
    trace = PLAYED[number](tmp_path)
    assert trace.faults[:1] == [faults.name(number)]
    named_us = trace.logs_of("fault")[0].t_us
    assert not (flows(trace) & (trace.phases.t_us > named_us)).any()
    assert trace.final_state == ("FAULT" if number != faults.START_FAILED else "OFF")
