"""What must end the output ends it on the chip, measured at the electrodes; `play` holds each to its limit."""

from __future__ import annotations

import pytest
from emulated import FROM_S, Emulated, Entry, press
from tonus import limits
from tonus_tools.sim.trace import Trace

TREATING = [press(FROM_S, "PLUS", 2), {"at": FROM_S + 0.1, "touch": "good"}]
AT_S = FROM_S + 0.9
AGAIN_S = limits.WATCHDOG_MS / 1000 + 0.6 + 1.0  # the watchdog's time, a look of the supervisor's, a start


def last_current_ms(trace: Trace, at_s: float) -> float:
    """From then to the end of the last phase that carried anything, ms, up to a restart: its self-test probes."""
    phases = trace.phases
    again_us = min((event.t_us for event in trace.of("boot") if event.t_us > at_s * 1e6), default=trace.end_us)
    carried = phases.end_us[(phases.charge_nc > 0) & (phases.t_us < again_us)]
    return (float(carried.max()) - at_s * 1e6) / 1000


def test_power_up(emulated: Emulated) -> None:
    trace = emulated.play(FROM_S + 0.01, [], {"visits": ["STANDBY"], "no_output": True, "faults": []})
    powered = next(event.t_us for event in trace.of("power"))
    ready = next(change.t_us for change in trace.states if change.to == "STANDBY")
    assert ready - powered <= 800_000
    assert trace.logs_of("selftest")[0].fields["ok"] is True
    assert trace.of("rail")[-1].fields == (0,)


def test_the_output_ends(emulated: Emulated) -> None:
    """The cable, air, the hardware's own trip: each from the same moment of the same treatment."""

    def work(device: Emulated) -> dict[str, float]:
        took = {}
        for name, event, expect in (
            ("cable", {"usb": True}, {"final_state": "CHARGING", "lifts": 0}),
            ("lift", {"lift": True}, {"final_state": "PAUSED", "lifts": 1}),
            ("fault", {"inject": "overcurrent"}, {"final_state": "FAULT", "faults": ["latch"]}),
        ):
            trace = device.play(AT_S + 0.1, [{"at": AT_S + 0.001} | event], expect)
            took[name] = last_current_ms(trace, AT_S + 0.001)
        return took

    took = emulated.after(AT_S, TREATING, work)
    assert took["cable"] <= limits.USB_MS
    assert took["lift"] <= 0  # nothing flows through air
    assert took["fault"] <= limits.FAULT_MS


@pytest.mark.parametrize("fault", ["main_hangs", "timer_dead"])
def test_the_watchdog_restarts_what_hangs(emulated: Emulated, fault: str) -> None:
    entries: list[Entry] = [*TREATING, {"at": AT_S, "inject": fault}]
    trace = emulated.play(AT_S + AGAIN_S, entries, {"final_state": "FAULT", "faults": ["watchdog"], "boots": 2})
    causes = [event.fields[0] for event in trace.of("boot")]
    assert causes == ["power", "watchdog"]
    allowed_ms = limits.RAIL_FALL_MS if fault == "timer_dead" else limits.WATCHDOG_MS + limits.RAIL_FALL_MS
    assert last_current_ms(trace, AT_S) <= allowed_ms
