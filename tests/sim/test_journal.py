"""The journal tells what happened: its figures against those measured at the electrodes, and what it keeps."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from devices import BOOTED_US, Device, canonical, device, example, large
from tonus_tools.errors import DeviceRefused
from tonus_tools.sim.live import Live
from tonus_tools.sim.plot_pulses import within
from tonus_tools.sim.scenario import Scenario, Start
from tonus_tools.sim.trace import spans_of

STRAY_NC = -0.1  # tools/tonus_tools/spice/results.md
ZONES = [
    {
        "region": "cheek",
        "side": side,
        "duration_s": 12,
        "cue_s": 5,
        "waveform": {"kind": "biphasic", "rate_hz": 80, "phase_us": 500, "gap_us": 100},
    }
    for side in ("left", "right")
]


def sessions(made: Device) -> list[dict[str, Any]]:
    return list(made.client.journal("session"))


def faults(made: Device) -> list[dict[str, Any]]:
    return list(made.client.journal("fault"))


def test_a_session_is_recorded_as_it_was() -> None:
    """Two zones on 2 kOhm, the second on dry skin for its last seconds; stopped with MODE."""
    with device() as made:
        made.client.write_bank(canonical(example("mine", name="Mine", top_ua=300, zones=ZONES)))
        clock_s = made.client.device_info().clock
        begun_us = made.live.now_us
        made.live.do("usb", False)
        made.live.do("touch", "2k")
        made.live.run(300_000)
        made.press("PLUS", 9)
        made.press("MINUS")
        made.live.run(15_000_000)
        made.live.do("lift", True)
        made.live.run(1_000_000)
        made.live.do("touch", "2k")
        made.live.run(3_000_000)
        made.live.do("touch", "dry")
        made.live.run(2_000_000)
        made.press("MODE")
        made.live.do("usb", True)
        made.live.run(2_000_000)
        ended_s = (made.live.now_us - begun_us) / 1e6
        (record,) = sessions(made)
        trace = made.live.finish()
    (said,) = (log.fields for log in trace.logs_of("session"))
    for key in ("counted_ms", "treated_ms", "set_uc", "charge_uc", "share_pct"):
        assert record[key] == said[key]
    assert (record["id"], record["name"], record["generation"], record["top_ua"]) == ("mine", "Mine", 1, 300)
    assert (record["level"], record["lifts"], record["why"]) == (9, 1, "stop")
    treated = trace.phases.code > 100
    forward_nc = trace.phases.charge_nc[treated & (trace.phases.direction > 0)]
    # What the strays carry, once a phase, does not pass the sense.
    forward_uc = (forward_nc.sum() - STRAY_NC * len(forward_nc)) / 1000
    # The firmware samples each phase once, halfway; on dry skin the current falls within the phase.
    assert record["charge_uc"] == pytest.approx(forward_uc, rel=0.05)
    assert record["ohm"] == pytest.approx(2000, rel=0.05)
    left, right = record["counted"]
    assert left[0] == pytest.approx(12_000, abs=25)
    assert left[0] + right[0] == record["counted_ms"]
    # The level rose while time counted: not until electrodes that touch are known from skin.
    levels = spans_of([(level.t_us, str(level.ua)) for level in trace.levels], trace.end_us)
    kinds = spans_of([(log.t_us, log.fields["class"]) for log in trace.logs_of("contact")], trace.end_us)
    known = [span for span in kinds if span.name != "short"]
    counted = within(within(levels, trace.spans_in(("RAMP_UP", "TREAT"))), known)
    set_uc = sum(float(span.name) * 500e-6 * 80 * (span.end_us - span.start_us) / 1e6 for span in counted)
    assert record["set_uc"] == pytest.approx(set_uc, rel=0.02)
    assert record["share_pct"] == pytest.approx(100 * record["charge_uc"] / record["set_uc"], abs=0.6)
    assert record["treated_ms"] == pytest.approx(record["counted_ms"] * record["share_pct"] / 100, rel=0.01)
    for (counted_ms, share), (treated_ms, _) in zip(record["counted"], record["zones"], strict=True):
        assert treated_ms == pytest.approx(counted_ms * share / 100, abs=counted_ms / 150)
    assert left[1] > right[1]
    assert record["zones"][0][1] == 100
    dry_share = 1.9 / (right[0] / 1000)
    assert record["zones"][1][1] == pytest.approx(100 * (1 - dry_share), abs=6)
    assert clock_s is not None
    assert record["at"] == pytest.approx(clock_s + ended_s - 2, abs=3)


def test_without_a_clock_the_number_tells_the_order() -> None:
    with device(usb=False) as made:
        made.live.do("usb", True)
        made.live.run(1_000_000)
        made.client.connect(set_clock=False)
        for _ in range(2):
            made.treat(1_500_000)
            made.live.run(1_500_000)
        assert [(record["n"], record["at"]) for record in sessions(made)] == [(1, None), (2, None)]


def test_a_session_that_never_treated_is_not_recorded() -> None:
    with device() as made:
        made.live.do("usb", False)
        made.live.run(300_000)
        made.press("PLUS", 3)
        made.press("MODE")
        made.live.do("usb", True)
        made.live.run(2_000_000)
        assert sessions(made) == []


def test_switching_off_in_a_session_records_it_before_the_power_goes() -> None:
    with device() as made:
        made.live.do("usb", False)
        made.live.do("touch", "good")
        made.live.run(300_000)
        made.press("PLUS", 2)
        made.live.run(2_000_000)
        made.press("MODE", for_us=1_700_000)
        made.live.run(1_500_000)
        made.live.do("usb", True)
        made.connect()
        assert [record["why"] for record in sessions(made)] == ["stop"]


def test_a_hundred_sessions_leave_the_last_sixty_four_and_the_memory_as_it_was() -> None:
    with device() as made:
        for n in range(100):
            if n == 10:  # what grows once has grown
                free = made.client.counters()["heap_free"]
            made.treat(700_000)
            made.live.run(1_200_000)
        assert made.client.counters()["heap_free"] >= free
        found = sessions(made)
        assert [record["n"] for record in found] == list(range(37, 101))
        # And over a restart.
        made.client.reboot()
        made.connect()
        assert sessions(made) == found


@pytest.mark.parametrize(
    ("injected", "names"),
    [
        ("overcurrent", ["latch"]),
        ("dac_full_scale", ["overcurrent"]),
        ("spi_error", ["loop_raised"]),
        ("task_dies", ["task_died", "watchdog"]),
        ("main_hangs", ["watchdog"]),
        ("timer_dead", ["loop_stalled", "watchdog"]),
    ],
)
def test_a_fault_is_recorded(injected: str, names: list[str]) -> None:
    with device() as made:
        made.live.do("usb", False)
        made.live.do("touch", "good")
        made.live.run(300_000)
        made.press("PLUS", 3)
        made.live.run(3_000_000)
        made.live.do("inject", injected)
        made.live.run(5_000_000)
        made.live.do("usb", True)
        made.connect()
        found = faults(made)
        assert [record["name"] for record in found] == names
        first = found[0]
        if names[0] != "watchdog":
            assert first["state"] in ("TREAT", "RAMP_UP")
            assert first["up_ms"] > 4000
            assert first["ticks"] > 3000
        if injected in ("spi_error", "task_dies"):
            assert "OSError: simulated" in first["why"]
        if names == ["latch"]:
            assert [record["why"] for record in sessions(made)] == ["fault"]


def damage(flash: Path) -> None:
    """Change a digit of a current in the bank, and nothing else."""
    image = flash.read_bytes()
    assert image.count(b'"top_ua":219') == 1
    flash.write_bytes(image.replace(b'"top_ua":219', b'"top_ua":319'))


def test_a_damaged_bank_is_not_used_but_kept_journalled_and_shown(tmp_path: Path) -> None:
    flash = tmp_path / "flash.img"
    with device(flash) as made:
        made.client.write_bank(canonical(large("a"), large("b") | {"top_ua": 219}, large("c")))
    damage(flash)
    with Live(Scenario("damaged", 1, start=Start()), flash) as live:
        made = Device(live, [])
        made.press("MODE", for_us=700_000)
        live.run(BOOTED_US + 2_500_000)
        made.press("PLUS")  # a button: seen
        live.run(1_000_000)
        live.do("usb", True)
        made.connect()
        found = made.client.read_bank()
        (record,) = faults(made)
        trace = live.finish()
    assert found.shipped
    assert found.damage is not None
    assert found.damage.startswith("CRC-32 ")
    assert (record["fault"], record["name"], record["why"]) == (9, "bank_damaged", found.damage)
    blinks = [led.t_us for led in trace.leds if led.role == "LEVEL_3" and led.permille == 150]
    seen_us = next(w.t_us for w in trace.world if w.value == "PLUS")
    standby_us = next(change.t_us for change in trace.states if change.to == "STANDBY")
    plugged_us = next(w.t_us for w in trace.world if w.action == "usb")  # charging has lights of its own
    armed_us = next(change.t_us for change in trace.states if change.to == "ARMED")  # so has a session
    in_standby = [t for t in blinks if standby_us + 1_100_000 < t < min(armed_us, plugged_us)]
    assert len(in_standby) >= 2
    assert seen_us < armed_us < seen_us + 200_000
    # The file is kept, and the next start has nothing to say.
    assert b'"top_ua":319' in flash.read_bytes()
    with device(flash) as made:
        assert made.client.bank_list().damage is None
        assert len(faults(made)) == 1
        assert made.client.write_bank(canonical(example())).generation == 1


def test_it_is_deleted_on_request_and_begins_anew(tmp_path: Path) -> None:
    flash = tmp_path / "flash.img"
    with device(flash) as made:
        made.treat(1_500_000)
        made.live.run(1_500_000)
        made.live.do("inject", "rail_dead")
        with suppress(DeviceRefused):
            made.client.selftest()
        made.live.run(1_500_000)
        assert (len(sessions(made)), len(faults(made))) == (1, 1)
        made.client.journal_clear("session")
        assert (len(sessions(made)), len(faults(made))) == (0, 1)
    with device(flash) as made:
        assert made.client.info.data_lost is None  # it went on purpose
        assert (len(sessions(made)), len(faults(made))) == (0, 1)
        made.treat(1_500_000)
        made.live.run(1_500_000)
        (session,) = sessions(made)
        assert session["n"] == 1
        made.client.journal_clear("all")
        assert sessions(made) == faults(made) == []
    with device(flash) as made:
        assert sessions(made) == faults(made) == []
        assert made.client.info.data_lost is None
