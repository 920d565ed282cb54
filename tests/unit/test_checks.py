"""Every rule is held against a small trace that keeps it and one that breaks it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tonus import limits
from tonus_tools.sim import measure
from tonus_tools.sim.checks import check
from tonus_tools.sim.scenario import Expect, Scenario, Start
from tonus_tools.sim.summary import summary
from tonus_tools.sim.trace import Phases, Trace, parse
from tonus_tools.sim.violation import Violation
from tonus_tools.world.boards import load_board

BOARD = load_board("tonus_r1")
PROBE_UA = 8.0


class Device:
    """Plays a session into a trace: says what it likes, so that every rule can be kept or broken."""

    def __init__(self) -> None:
        self.t_us = 0
        self.name = "OFF"
        self.flowing = True  # false: the electrodes are in the air
        self.lines: list[tuple[int, list[Any]]] = []
        self.event("trace", {"version": 1, "scenario": "t", "board": "tonus_r1", "micropython": "m", "heap_bytes": 1})

    def event(self, kind: str, *fields: Any) -> Device:
        self.lines.append((self.t_us, [kind, self.t_us, *fields]))
        return self

    def log(self, e: str, **fields: Any) -> Device:
        return self.event("log", {"t": self.t_us // 1000, "e": e, **fields})

    def state(self, to: str, cause: str = "test") -> Device:
        self.log("state", **{"from": self.name, "to": to, "cause": cause})
        self.name = to
        return self

    def world(self, action: str, value: Any) -> Device:
        if action in ("touch", "lift"):
            self.flowing = action == "touch"
        return self.event("world", action, value)

    def wait(self, us: int) -> Device:
        self.t_us += us
        return self

    def phase(
        self, way: int, ua: float, us: int = 500, peak_ua: float | None = None, nc: float | None = None
    ) -> Device:
        flows = ua if self.flowing else 0.0
        peak = flows if peak_ua is None else peak_ua
        charge = flows * us / 1000 if nc is None else nc
        record = ["phase", self.t_us, way, us, round(ua / BOARD.ua_per_code), peak, peak, charge, 1000]
        self.t_us += us
        self.lines.append((self.t_us, record))
        return self

    def pulse(self, ua: float, us: int = 500, gap_us: int = 100, period_us: int = 10_000) -> Device:
        start = self.t_us
        self.phase(1, ua, us).wait(gap_us).phase(-1, ua, us)
        return self.wait(start + period_us - self.t_us)

    def pulses(self, n: int, ua: float, **shape: int) -> Device:
        for _ in range(n):
            self.pulse(ua, **shape)
        return self

    def probes(self, n: int) -> Device:
        return self.pulses(n, PROBE_UA, us=2000, period_us=50_000)

    def ramp(self, ua: float, ms: int = 1000) -> Device:
        for i in range(ms // 10):
            self.pulse(max(PROBE_UA, ua * i * 10 / ms))
        return self

    def arm(self) -> Device:
        """On skin, armed, and probed."""
        self.event("power", 1).event("boot", "power").wait(1000).state("STANDBY").world("touch", "good").wait(500_000)
        self.world("hold", "PLUS").wait(100_000).world("release", "PLUS").wait(10_000)
        return self.state("ARMED").wait(3000).probes(5)

    def treat(self, n: int = 50, ua: float = 200) -> Device:
        return self.arm().state("RAMP_UP").wait(4000).ramp(ua).state("TREAT").pulses(n, ua)

    def trace(self) -> Trace:
        self.event("end", {"ticks": 1})
        return parse(json.dumps(record) for _, record in self.lines)

    def broken(self, **fields: Any) -> list[Violation]:
        return check(self.trace(), scenario(**fields))

    def rules(self, **fields: Any) -> set[str]:
        """The rules broken, when the scenario expects no particular state."""
        return {violation.rule for violation in self.broken(**fields)}


def scenario(**fields: Any) -> Scenario:
    return Scenario("t", 60_000, **fields)


def done(device: Device) -> Device:
    return device.state("RAMP_DOWN").pulses(5, 100).state("DONE").wait(100_000)


def test_a_session_that_keeps_every_rule_breaks_none() -> None:
    device = done(device=Device().treat())
    assert device.broken(expect=Expect(final_state="DONE", visits=("ARMED", "TREAT", "DONE"))) == []


def test_a_violation_is_one_line() -> None:
    assert str(Violation("lift", 12_345_678, 9.25, 3, "ms")) == "lift: at 12.346 s: 9.25 ms, limit 3 ms"
    assert str(Violation("expect.lifts", 0, "3", "2")) == "expect.lifts: at 0.000 s: 3, expected 2"
    assert str(Violation("irq_error", 0, "a\nb", "none")) == "irq_error: at 0.000 s: a b, limit none"


# Current and charge


def test_ceiling() -> None:
    assert Device().treat(ua=500).rules() == set()
    assert Device().treat(ua=200).phase(1, 200, peak_ua=501).wait(100).phase(-1, 200).rules() == {"ceiling"}


@pytest.mark.parametrize(("late_ms", "broken"), [(50, set()), (150, {"ceiling"})])
def test_ceiling_after_a_fault_that_forces_more_is_the_hardwares_for_a_moment(late_ms: int, broken: set[str]) -> None:
    device = Device().treat().world("inject", "dac_full_scale").wait(5000)
    device.phase(1, 200, peak_ua=509).wait(100).phase(-1, 200, peak_ua=509).wait(late_ms * 1000)
    assert device.phase(1, 200, peak_ua=509).wait(100).phase(-1, 200, peak_ua=509).rules() == broken


def test_phase_charge() -> None:
    def device(nc: float) -> Device:
        return Device().treat().wait(2_000_000).phase(1, 400, nc=nc).wait(100).phase(-1, 400, nc=nc)

    assert "phase_charge" not in device(50_000).rules()
    assert "phase_charge" in device(50_001).rules()


def test_account() -> None:
    def device(us: int) -> Device:
        return Device().treat().wait(1_000_000).phase(1, 200, us).wait(9_000_000).phase(-1, 200, us)

    assert device(249_000).rules() == set()  # 49.8 uC, of which 1.8 % is forgotten before the phase has ended
    violations = device(260_000).broken()
    assert [violation.rule for violation in violations if violation.rule == "account"] == ["account"]
    account = next(violation for violation in violations if violation.rule == "account")
    assert account.measured == pytest.approx(52 * (1 - math.exp(-0.26 / 6.8)) * 6.8 / 0.26, rel=1e-4)


def test_mean_dc() -> None:
    def device(us: int) -> Device:
        device = Device().treat()
        for _ in range(9):
            device.wait(5_500_000).phase(1, 340, us).wait(1000).phase(-1, 140, us)
        return device

    assert "mean_dc" not in device(300_000).rules()  # 9 x 60 uC in a minute
    assert "mean_dc" in device(340_000).rules()


shapes = st.lists(st.tuples(st.integers(1, 40_000_000), st.sampled_from([-1, 1]), st.integers(1, 300_000)), max_size=12)


def of_shape(shape: list[tuple[int, int, int]]) -> Phases:
    device = Device()
    for rest_us, way, dur_us in shape:
        device.wait(rest_us).phase(way, 100, dur_us)
    return device.trace().phases


@given(shapes)
def test_the_account_is_a_leaky_integral(shape: list[tuple[int, int, int]]) -> None:
    phases = of_shape(shape)
    account, worst, t = 0.0, 0.0, 0
    for start, us, way in zip(phases.t_us, phases.dur_us, phases.direction, strict=True):
        account *= math.exp(-(start - t) / 6.8e6)
        account = account * math.exp(-us / 6.8e6) + way * 100 * 6.8 * -math.expm1(-us / 6.8e6)
        worst, t = max(worst, abs(account)), start + us
    assert measure.worst_account(phases)[0] == pytest.approx(worst, rel=1e-4, abs=1e-6)


@given(shapes)
def test_mean_dc_is_no_less_than_any_window_and_is_reached_by_one(shape: list[tuple[int, int, int]]) -> None:
    phases = of_shape(shape)
    worst, at_us = measure.worst_mean_dc(phases)
    edges = np.column_stack((phases.t_us, phases.end_us)).ravel()

    def mean(start: float) -> float:
        overlap = np.minimum(phases.end_us, start + 60e6) - np.maximum(phases.t_us, start)
        return float(abs((100 * phases.direction * np.maximum(overlap, 0)).sum()) / 60e6)

    starts = [float(edge + shift) for edge in edges for shift in (-60_000_000, -30_000_000, -1000, 0, 1000)]
    assert max(map(mean, starts), default=0.0) <= worst + 1e-9
    if at_us > 0:
        assert mean(at_us) == pytest.approx(worst)


@pytest.mark.parametrize(("nc", "broken"), [(99.95, set()), (99.8, {"cycle_balance"})])
def test_cycle_balance(nc: float, broken: set[str]) -> None:
    device = Device().treat().phase(1, 200, nc=100).wait(100).phase(-1, 200, nc=nc).wait(9000)
    assert device.pulses(3, 200).rules() == broken


def test_cycle_balance_of_bursts() -> None:
    def device(forward: int, reverse: int) -> Device:
        device = Device().arm().state("RAMP_UP").wait(4000)
        for ua in (8, 60, 120, 180, 200, 200, 200):
            for way, n in ((1, forward), (-1, reverse)):
                for _ in range(n):
                    device.phase(way, ua).wait(19_500)
        return device.state("TREAT").wait(100_000)

    assert device(7, 7).rules() == set()
    assert device(7, 6).rules() == {"cycle_balance"}
    assert measure.worst_cycle_imbalance_pct(device(7, 6).trace(), BOARD) == pytest.approx(100 / 7, rel=1e-3)


@pytest.mark.parametrize("burst", [2, 3])
@pytest.mark.parametrize("lost", [0, 1])
@pytest.mark.parametrize("left", [1, 3])
def test_cycle_balance_of_bursts_around_other_skin(burst: int, lost: int, left: int) -> None:
    """It comes in the one or the other half of a cycle, of a ramp; the next cycle begins either way."""

    def device(first: int) -> Device:
        device = Device().arm().state("RAMP_UP").wait(4000)
        for i, ua in enumerate((8, 60, 120, 180, 200, 200)):
            ways = (first, -first) if i > burst else (1, -1)
            for half, way in enumerate(ways):
                for n in range(7):
                    if i == 4 and half and n < lost:
                        continue
                    device.phase(way, ua, nc=ua * (0.49 if (i, half, n) > (1, 0, 6 - left) else 0.5)).wait(19_500)
                    if (i, n, half) == (1, 6 - left, 0):
                        device.world("touch", "typical")
        return device.state("TREAT").wait(100_000)

    expected = {"cycle_balance"} if lost else set()
    assert [device(first).rules() for first in (1, -1)] == [expected, expected]


def test_cycle_balance_sees_a_lost_phase() -> None:
    assert Device().treat().phase(1, 200).wait(9500).pulses(20, 200).rules() == {"cycle_balance"}


def test_cycles_cut_short_are_not_complete() -> None:
    cut = Device().treat().phase(1, 200, us=300).state("PAUSED").wait(50_000).probes(3)
    assert cut.rules() == set()
    reloaded = Device().treat().phase(1, 200).wait(50).world("touch", "typical").phase(-1, 200, nc=90).wait(9000)
    assert reloaded.pulses(3, 200).rules() == set()


def test_cycles_are_not_held_to_balance_while_the_rail_is_taken_away() -> None:
    def device(fault: str) -> Device:
        device = Device().treat().world("inject", fault).wait(50)
        for nc in (90, 80, 70, 60, 50, 40):
            device.phase(1, 200, nc=nc + 5).wait(100).phase(-1, 200, nc=nc).wait(1000)
        return device.event("rail", 0).wait(1000)

    assert device("rail_dead").rules() == set()
    assert device("sense_open").rules() == {"cycle_balance"}


def test_probes_between_pulses_are_cycles_of_their_own() -> None:
    def device(nc: float) -> Device:
        device = Device().arm().state("RAMP_UP").wait(4000)
        for ua in (8, 60, 120, 180, 200, 200):
            for way in (1, 1, -1, -1):
                device.phase(way, ua).wait(80_000).phase(1, PROBE_UA, 2000).wait(100)
                device.phase(-1, PROBE_UA, 2000, nc=nc).wait(20_000)
        return device.state("TREAT").wait(1000)

    assert device(16).rules() == set()
    assert device(15).rules() == {"cycle_balance"}


def test_a_probe_that_a_bounce_cuts_in_two_makes_no_pulse_a_probe() -> None:
    """One half is as wide as a pulse, and a ramp begins with the probe's code."""
    device = Device().arm().probes(3).phase(1, 8, 2000).wait(100).phase(-1, 8, 500).phase(-1, 8, 1500)
    trace = device.wait(50_000).state("RAMP_UP").wait(4000).pulses(4, 8).trace()
    skin = measure.electrodes(trace, BOARD)
    assert list(skin.probe[-8:]) == [False] * 8
    assert skin.probe[:6].all()


@pytest.mark.parametrize("end_ua", [200.0, 10.0])
@pytest.mark.parametrize("way", [1, -1])
def test_output_begins_against_the_account_as_far_as_it_could_be_seen(way: int, end_ua: float) -> None:
    device = Device().treat()
    for _ in range(10):
        device.phase(1, 200, us=1000, nc=150.0)
        device.lines[-1][1][6] = end_ua
        device.wait(9000)
    device.state("PAUSED").wait(50_000).state("RAMP_UP").wait(4000).phase(way, 8, us=1000).wait(100).phase(
        -way, 8, us=1000
    )
    assert ("against_account" in device.rules()) == (way > 0 and end_ua == 200)


def test_dead_time() -> None:
    assert Device().treat().phase(1, 200).phase(-1, 200).wait(9000).rules() == {"dead_time"}
    assert "dead_time" in Device().treat().phase(1, 200).phase(1, 180).rules()


# States


@pytest.mark.parametrize("name", ["OFF", "SELF_TEST", "STANDBY", "DONE", "CHARGING", "LOW_BATTERY", "FAULT"])
def test_nothing_is_driven_where_output_is_not_allowed(name: str) -> None:
    assert Device().treat().state(name).wait(3000).rules() == set()
    assert Device().treat().state(name).wait(3000).probes(1).rules() == {"output_state"}
    assert "output_state" in Device().treat().state(name).wait(3000).pulse(200).rules()


@pytest.mark.parametrize("name", ["ARMED", "PAUSED"])
def test_only_the_probe_is_driven_while_waiting(name: str) -> None:
    assert Device().treat().state(name).wait(3000).probes(3).rules() == set()
    assert Device().treat().state(name).wait(3000).pulse(20).rules() == {"output_state"}


def test_a_phase_under_way_may_end_within_the_skew() -> None:
    def device(us: int) -> Device:
        device = Device().treat()
        device.state("DONE").t_us -= 500
        return device.phase(1, 200, us).wait(100_000)

    assert device(2400).rules() == set()
    assert device(2600).rules() == {"output_state"}


def test_treatment_before_any_state_is_seen() -> None:
    assert Device().pulse(200).rules() >= {"output_state"}


# Reactions


def lifted(on: int, period_us: int = 10_000, us: int = 500) -> Device:
    """Lifts in a rest, plays `on` more pulses, pauses."""
    device = Device().arm().state("RAMP_UP").wait(4000)
    for ua in (8, 50, 100, 150, 200, 200):
        device.pulses(max(1, 200_000 // period_us), ua, us=us, period_us=period_us)
    device.state("TREAT").pulses(5, 200, us=us, period_us=period_us)
    device.t_us -= period_us // 2
    device.world("lift", True).wait(period_us // 2).pulses(on, 200, us=us, period_us=period_us)
    return device.state("PAUSED").wait(100_000)


@pytest.mark.parametrize(
    ("on", "period_us", "us", "broken"),
    [
        (0, 10_000, 500, set()),
        (2, 10_000, 500, set()),  # 5 + 10 + 1.1 ms, of 20
        (3, 10_000, 500, {"lift"}),
        (1, 1000, 100, set()),  # 0.5 + 0.3 ms, of 3
        (3, 1000, 100, set()),
        (4, 1000, 100, {"lift"}),
        (0, 1_000_000, 500, set()),
        (1, 1_000_000, 500, {"lift"}),  # two periods are 2 s, but the cap is 250 ms
    ],
)
def test_lift(on: int, period_us: int, us: int, broken: set[str]) -> None:
    assert lifted(on, period_us, us).rules() == broken


def test_lift_reaction_is_measured_from_lift_to_end_of_last_phase() -> None:
    trace = lifted(2).trace()
    reactions = measure.lifts(trace, measure.electrodes(trace, BOARD), "lifted")
    assert len(reactions) == 1
    assert reactions[0].took_ms == pytest.approx(16.1)
    assert reactions[0].bound_ms == 20


def test_pulse_period_of_bursts_is_from_phase_to_phase() -> None:
    device = Device().arm().state("RAMP_UP").wait(4000)
    for _ in range(4):
        for way in (1, 1, -1, -1):
            device.phase(way, 8, 700).wait(4300)
    trace = device.wait(1_000_000).trace()
    skin = measure.electrodes(trace, BOARD)
    starts = skin.phases.t_us[~skin.probe]
    assert [measure.pulse_period_us(trace, skin, int(t)) for t in starts[3:7]] == [5000] * 4
    assert measure.pulse_period_us(trace, skin, int(starts[1])) is None


def test_a_lift_that_is_over_before_the_bound_ends_nothing() -> None:
    device = Device().treat().world("lift", True).wait(2000).world("touch", "good").wait(7000)
    assert device.pulses(50, 200).rules() == set()


def test_usb() -> None:
    def device(ms: float) -> Device:
        device = Device().treat().world("usb", True).wait(round(ms * 1000) - 500).phase(1, 200, 500)
        return device.state("CHARGING").wait(1000)

    assert device(5).rules() == set()
    assert device(5.1).rules() == {"usb"}
    assert "usb" in Device().treat().rules(start=Start(usb=True))
    back = device(4).wait(10**6).world("usb", False).wait(10**6).state("ARMED").wait(3000).probes(3)
    assert back.rules() == set()
    again = device(4).wait(10**6).state("ARMED").wait(3000).probes(3)
    assert again.rules() == {"usb"}


def test_stop() -> None:
    def device(pulses: int) -> Device:
        return Device().treat().world("hold", "MODE").pulses(pulses, 200).state("STANDBY").wait(100_000)

    assert device(10).rules() == set()
    assert device(11).rules() == {"stop"}
    assert Device().treat().world("hold", "MODE").pulses(50, 200).rules() == {"stop"}
    rearmed = device(3).world("hold", "PLUS").state("RAMP_UP").ramp(200)
    assert rearmed.rules() == set()
    by_itself = device(3).state("RAMP_UP").ramp(200)
    assert by_itself.rules() == {"stop"}


def test_fault_latch() -> None:
    def device(after_us: int) -> Device:
        device = Device().treat().event("latch", 1).wait(after_us - 500).phase(1, 200, 500)
        return device.state("FAULT").wait(20_000).event("latch", 0).wait(20_000)

    quiet = {"expect": Expect()}
    assert device(2000).rules(**quiet) == set()
    assert device(2001).rules(**quiet) == {"fault"}
    forgotten = device(1000).state("RAMP_UP").ramp(200)  # left FAULT: a new start is another matter
    assert forgotten.rules() == set()
    ignored = Device().treat().event("latch", 1).wait(20_000).event("latch", 0).pulses(5, 200)
    assert ignored.rules() == {"fault"}


def test_fault_injected() -> None:
    def device(fault: str, after_us: int) -> Device:
        device = Device().treat().world("inject", fault).wait(after_us - 500).phase(1, 200, 500)
        return device.state("FAULT").wait(20_000)

    for fault in ("overcurrent", "fault_line_stuck"):
        assert device(fault, 2000).rules() == set()
        assert device(fault, 2100).rules() == {"fault"}
    assert device("sense_open", 2100).rules() == set()


def test_keep_alive() -> None:
    def device(ua: float) -> Device:
        return Device().treat().world("inject", "timer_dead").wait(25_000).phase(1, 200, peak_ua=ua, nc=ua / 2)

    assert device(0).rules() == set()
    assert device(200).rules() == {"keep_alive"}


def test_watchdog() -> None:
    def device(pulses: int) -> Device:
        return Device().treat().world("inject", "main_hangs").pulses(pulses, 200).event("boot", "watchdog").wait(9)

    assert device(200).rules() == {"expect.boots"}
    assert device(202).rules() == {"expect.boots", "watchdog"}


# Ramps and time


def test_ramp_starts_near_zero() -> None:
    def device(ua: float) -> Device:
        device = Device().arm().state("RAMP_UP").wait(4000).pulses(20, ua).pulses(20, 90).pulses(20, 150)
        return device.state("TREAT").pulses(20, 200)

    assert device(50).rules() == set()
    assert device(51).rules() == {"ramp_start"}


def test_ramp_takes_its_time() -> None:
    def device(ms: int) -> Device:
        return Device().arm().state("RAMP_UP").ramp(200, ms).state("TREAT").pulses(100, 200)

    assert device(limits.RAMP_MIN_MS).rules() == set()
    assert device(limits.RAMP_MIN_MS - 60).rules() == {"ramp_time"}


def test_two_steps_are_no_ramp() -> None:
    device = Device().arm().state("RAMP_UP").pulses(3, 8).pulses(28, 40).pulses(30, 200).state("TREAT")
    assert device.pulses(50, 200).rules() == {"ramp_time"}


def test_ramp_after_a_pause_begins_from_zero_too() -> None:
    paused = Device().treat().state("PAUSED").wait(10_000).probes(3)
    assert paused.state("TREAT").pulses(100, 200).rules() == {"ramp_start", "ramp_time"}


def test_a_ramp_broken_off_is_held_to_its_start_only() -> None:
    broken_off = Device().treat().state("PAUSED").wait(10_000).probes(3).state("RAMP_UP")
    assert broken_off.pulses(5, 10).pulses(5, 30).state("PAUSED").wait(10_000).rules() == set()


def test_a_level_raised_after_the_ramp_is_not_its_plateau() -> None:
    def device(ms: int) -> Device:
        device = Device().arm().state("RAMP_UP").ramp(100, ms).state("TREAT").pulses(5, 100).world("hold", "PLUS")
        return device.pulses(100, 300)

    assert device(1000).rules() == set()
    assert device(300).rules() == {"ramp_time"}


def test_session_max() -> None:
    def device(minutes: float) -> Device:
        return Device().treat().wait(round(minutes * 60e6)).state("DONE").wait(1000)

    assert device(19.9).rules() == set()
    assert device(20.1).rules() == {"session_max"}


def test_flash_writes() -> None:
    device = Device().treat()
    assert device.event("flash", 45_000).rules() == {"flash_writes"}
    stopped = Device().treat().state("STANDBY").wait(1000).event("flash", 45_000).wait(50_000)
    assert stopped.rules() == set()
    assert Device().event("flash", 400).wait(100).phase(1, PROBE_UA).rules() >= {"flash_writes"}


def test_irq_error() -> None:
    assert Device().treat().event("irq_error", "MemoryError").rules() == {"irq_error"}


# Expectations


def test_faults_are_expected_in_order_and_none_by_default() -> None:
    def device() -> Device:
        return Device().arm().log("fault", n=1, name="rail", value=3).log("fault", n=2, name="spi", value=0)

    assert device().rules() == {"expect.faults"}
    assert device().rules(expect=Expect(faults=("rail", "spi"))) == set()
    assert device().rules(expect=Expect(faults=("spi", "rail"))) == {"expect.faults"}


KEPT_AND_BROKEN: dict[str, tuple[Any, Any]] = {
    "final_state": ("DONE", "STANDBY"),
    "visits": (("STANDBY", "RAMP_UP", "DONE"), ("RAMP_UP", "STANDBY")),
    "never": (("PAUSED",), ("PAUSED", "DONE")),
    "treated_s": ((1.5, 1.6), (0, 1.5)),
    "lifts": (0, 1),
    "boots": (1, 2),
    "powered": (True, False),
    "no_output": (False, True),
    "peak_ua": ((199, 201), (0, 199)),
    "logs": (({"e": "state", "to": "DONE"}, {"to": "TREAT"}), ({"e": "state", "to": "FAULT"},)),
}


@pytest.mark.parametrize("key", KEPT_AND_BROKEN)
def test_expectation(key: str) -> None:
    kept, broken = KEPT_AND_BROKEN[key]
    assert done(Device().treat()).rules(expect=Expect(**{key: kept})) == set()
    assert done(Device().treat()).rules(expect=Expect(**{key: broken})) == {f"expect.{key}"}


def test_every_expectation_is_tested() -> None:
    assert {*KEPT_AND_BROKEN, "faults"} == set(Expect.__dataclass_fields__)


def test_lifts_expected_are_those_during_treatment() -> None:
    assert lifted(1).rules(expect=Expect(lifts=1)) == set()
    before = Device().world("lift", True).wait(1000).treat()
    assert before.rules(expect=Expect(lifts=0)) == set()


# Summary


def test_summary() -> None:
    device = Device().arm().log("mode", id="lift", name="Lift", zones=[["Brow", 30]]).log("level", level=5, ua=200)
    device.log("contact", **{"class": "good"}).state("RAMP_UP").wait(4000).log("zone", n=1, name="Brow", s=30)
    device.ramp(200).state("TREAT").pulses(50, 200)
    done(device).log("counters", ticks=9, late=1, missed=2, worst_us=3).log("fault", n=1, name="rail", value=0)
    figures = summary(device.trace(), scenario())
    assert json.loads(json.dumps(figures)) == figures
    assert figures["preset"] == "Lift"
    assert figures["level"] == 5
    assert figures["treated_seconds"] == pytest.approx(1.554)
    assert figures["zone_seconds"] == {"Brow": pytest.approx(1.55)}
    assert figures["contact_share"] == 1
    assert (figures["late_ticks"], figures["missed_ticks"]) == (1, 2)
    assert figures["max_current_ua"] == 200
    assert figures["worst_cycle_imbalance_pct"] == 0
    # The ramp, its first pulses held at the probe's level; the plateau; the way down.
    ramp_nc = sum(max(PROBE_UA, 2 * i) * 0.5 for i in range(100))
    assert figures["delivered_mc"] == pytest.approx((ramp_nc + 50 * 100 + 5 * 50) / 1e6, abs=1e-4)
    assert figures["faults"] == ["rail"]
    assert [line.split(":")[0] for line in figures["violations"]] == ["expect.faults"]
    assert [s["to"] for s in figures["states"]] == ["STANDBY", "ARMED", "RAMP_UP", "TREAT", "RAMP_DOWN", "DONE"]


def test_summary_of_a_device_that_did_nothing() -> None:
    figures = summary(Device().event("power", 1).event("boot", "power").wait(10**6).trace(), scenario())
    assert figures["treated_seconds"] == figures["max_current_ua"] == figures["net_dc_ua"] == figures["lifts"] == 0
    assert figures["preset"] is figures["late_ticks"] is None
    assert figures["violations"] == []
