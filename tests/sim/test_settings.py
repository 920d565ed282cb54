"""What the person has set and chosen, on a whole device: by USB, by buttons, over power cuts; and what 0.1.0 left."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from devices import BOOTED_US, Device, canonical, device, example
from tonus import panel
from tonus_tools.ctl import words
from tonus_tools.ctl.client import Chosen
from tonus_tools.errors import DeviceRefused, ToolError
from tonus_tools.image.filesystem import filesystem
from tonus_tools.progress.history import history
from tonus_tools.sim.live import Live
from tonus_tools.sim.scenario import Scenario, Start
from tonus_tools.sim.trace import Trace

RELEASED = Path(__file__).resolve().parents[1] / "released"
CHANGES: list[dict[str, Any]] = [
    {"sound": "quiet"},
    {"haptic": False},
    {"cap_level": 3},
    {"cap_sessions": 7},
    {"plan": {"days_a_week": 4, "days": 90, "then_days_a_week": 2, "since": 1_790_000_000}},
]
MORE = 20


def chosen(made: Device) -> Chosen:
    found = made.client.settings()
    assert found is not None
    return found


def test_settings_over_usb_are_kept_and_what_is_wrong_is_told() -> None:
    with device() as made:
        assert (chosen(made).sound, chosen(made).haptic, chosen(made).cap_level) == ("full", True, 10)
        for change in CHANGES:
            made.client.settings_write(change)
        with pytest.raises(DeviceRefused, match=r"params\.cap_level: 11; allowed 1\.\.10"):
            made.client.settings_write({"sound": "off", "cap_level": 11})
        with pytest.raises(DeviceRefused, match=r"params\.plan\.days: 1000; allowed 1\.\.999"):
            made.client.settings_write({"plan": {"days": 1000}})
        found = chosen(made)
        assert (found.sound, found.haptic, found.cap_level, found.cap_sessions) == ("quiet", False, 3, 7)
        assert (found.plan.days_a_week, found.plan.since) == (4, 1_790_000_000)
        made.client.settings_write({"plan": {"days_a_week": 6}})
        assert (chosen(made).plan.days_a_week, chosen(made).plan.days) == (6, 90)
        before = chosen(made)
        made.client.reboot()
        made.connect()
        assert chosen(made) == before
        assert made.client.device_info().data_lost is None


def over_usb(change: dict[str, Any]) -> Callable[[Device], None]:
    def work(made: Device) -> None:
        made.live.heard.clear()
        try:
            made.client.settings_write(change)
        except ToolError:
            assert made.cuts, change  # the device went off in the middle

    return work


def by_buttons(made: Device) -> None:
    made.live.do("usb", False)
    made.live.run(1_500_000)
    made.press("MINUS", for_us=2_300_000)
    made.live.run(1_500_000)
    made.live.do("usb", True)
    made.live.run(500_000)


@pytest.mark.parametrize("change", [*CHANGES, None], ids=lambda change: next(iter(change)) if change else "button")
def test_every_setting_cut_at_every_write(change: dict[str, Any] | None, tmp_path: Path) -> None:
    """Of a device that has settings: afterwards it has the old ones or the new ones, and lacks nothing."""
    flash = tmp_path / "flash.img"
    with device(flash) as made:
        made.client.settings_write({"cap_level": 5, "sound": "full"})
        old = chosen(made)
    work = by_buttons if change is None else over_usb(change)
    seen = set()
    for n in range(1, MORE):
        image = tmp_path / "copy.img"
        shutil.copyfile(flash, image)
        with device(image) as made:
            made.live.do("cut_power_at_write", n)
            work(made)
            made.live.do("usb", True)
            made.live.run(1_000_000)
            cut = bool(made.cuts)
            made.connect()
            found = chosen(made)
            assert found.damage is None
            assert made.client.device_info().data_lost is None
            new = found != old
            seen.add(new)
            if new:
                wanted = change or {"sound": "quiet"}
                told = json.loads(json.dumps(found, default=vars))
                assert told == json.loads(json.dumps(old, default=vars)) | wanted
        if not cut:
            assert new
            break
    assert seen == {False, True}
    assert 2 < n < MORE - 1


def test_a_damaged_file_is_put_aside_and_journalled(tmp_path: Path) -> None:
    flash = tmp_path / "flash.img"
    whole = (RELEASED / "schema-1.settings").read_bytes()
    flash.write_bytes(filesystem({"data/settings": whole.replace(b"quiet", b"quite")}))
    with device(flash) as made:
        assert (chosen(made).sound, chosen(made).damage) == ("full", "its line is damaged")
        (record,) = made.client.journal("fault")
        assert (record["fault"], record["name"], record["why"]) == (6, "settings_damaged", "its line is damaged")
        made.client.settings_write({"sound": "off"})
        assert (chosen(made).sound, chosen(made).damage) == ("off", None)


def notes(trace: Trace, kind: str, from_us: int) -> list[tuple[int, int]]:
    """(t_us, value) of the beeper's or the motor's changes."""
    return [(event.t_us, event.fields[0]) for event in trace.of(kind) if event.t_us >= from_us]


def test_minus_held_two_seconds_goes_through_full_quiet_and_off(tmp_path: Path) -> None:
    """Off is answered with ticks; then nothing beeps, stop is ticked, and the device has it after the next start."""
    flash = tmp_path / "flash.img"
    with device(flash, usb=False) as made:
        live = made.live
        made.press("MODE", for_us=700_000)
        live.run(BOOTED_US)
        times = []
        for _ in range(2):
            times.append(live.now_us)
            made.press("MINUS", for_us=2_500_000)
            live.run(1_000_000)
        off_us = live.now_us
        live.do("touch", "good")
        made.press("PLUS")
        live.run(3_000_000)
        stopped_us = live.now_us
        made.press("MODE")
        live.run(1_500_000)
        live.do("usb", True)
        made.connect()
        assert chosen(made).sound == "off"
        trace = live.finish()
    assert sum(1 for _, hz in notes(trace, "beep", times[0]) if hz) == len(panel.SOUNDS["quiet"]) // 2 + 1
    assert not [t_us for t_us, hz in notes(trace, "beep", off_us) if hz]
    ticks = [t_us for t_us, on in notes(trace, "haptic", times[1]) if on and t_us < off_us]
    assert len(ticks) == 4  # of "off"
    stop = [t_us for t_us, on in notes(trace, "haptic", stopped_us) if on]
    assert len(stop) == 1
    with device(flash) as made:
        assert chosen(made).sound == "off"


def test_minus_that_ends_a_session_held_on_changes_no_sound() -> None:
    with device(usb=False) as made:
        made.press("MODE", for_us=700_000)
        made.live.run(BOOTED_US)
        made.press("PLUS", 2)
        made.press("MINUS", for_us=4_000_000)
        made.live.do("usb", True)
        made.connect()
        assert chosen(made).sound == "full"


def test_haptic_off_leaves_warnings() -> None:
    with device() as made:
        made.client.settings_write({"haptic": False})
        made.live.do("usb", False)
        made.live.do("touch", "good")
        made.live.run(1_500_000)
        from_us = made.live.now_us
        made.press("PLUS")
        made.live.run(12_000_000)
        stopped_us = made.live.now_us
        made.press("MODE")
        made.live.run(1_000_000)
        trace = made.live.finish()
    assert [hz for _, hz in notes(trace, "beep", from_us) if hz]
    assert [t_us > stopped_us for t_us, on in notes(trace, "haptic", from_us) if on] == [True]


def test_a_cap_holds_counts_down_and_goes() -> None:
    zones = [example()["zones"][0] | {"duration_s": 5}]
    with device() as made:
        made.client.write_bank(canonical(example(zones=zones)))
        made.client.settings_write({"cap_level": 2, "cap_sessions": 2})
        levels = []
        for _ in range(3):
            made.live.do("usb", False)
            made.live.do("touch", "good")
            made.live.run(1_500_000)
            made.press("PLUS", 4)
            made.live.run(8_500_000)
            made.live.do("lift", True)
            made.live.do("usb", True)
            made.live.run(1_500_000)
            found = chosen(made)
            levels.append((list(made.client.journal("session"))[-1]["level"], found.cap_level, found.cap_sessions))
        assert levels == [(2, 2, 1), (2, 10, 0), (4, 10, 0)]


def lights(trace: Trace, at_us: int, until_us: int) -> list[tuple[int, ...]]:
    """What the bar showed in that time, one after the other; not while its lamps were being set, one by one."""
    now = [0] * 5
    found: list[tuple[int, tuple[int, ...]]] = []
    for led in trace.leds:
        if led.t_us <= until_us and led.role.startswith("LEVEL_"):
            now[int(led.role[-1]) - 1] = led.permille
            found.append((led.t_us, tuple(now)))
    ends = [t_us for t_us, _ in found[1:]] + [until_us]
    return [bar for (t_us, bar), end in zip(found, ends, strict=True) if t_us >= at_us and end - t_us > 5000]


def test_zones_left_out_are_journalled_and_the_side_that_got_less_is_shown() -> None:
    one = example()["zones"][0] | {"duration_s": 5}
    zones = [one | {"region": region, "side": side} for region in ("cheek", "jaw") for side in ("left", "right")]
    with device() as made:
        made.client.write_bank(canonical(example(zones=zones)))
        live = made.live
        live.do("usb", False)
        live.do("touch", "good")
        live.run(1_500_000)
        made.press("PLUS", 3)
        live.run(6_500_000)  # in the second zone
        live.do("hold", "PLUS")
        live.run(30_000)
        live.do("hold", "MINUS")
        live.run(1_500_000)
        live.do("release", "PLUS")
        live.do("release", "MINUS")
        live.run(16_000_000)
        done_us = live.now_us
        live.run(4_000_000)
        live.do("lift", True)
        live.do("usb", True)
        live.run(1_500_000)
        (record,) = made.client.journal("session")
        trace = live.finish()
    assert (record["places"], record["skipped"], record["level"]) == ("clcrjljr", [2], 3)
    assert len(record["zones"]) == len(record["charges"]) == 4
    left, right = (record["charges"][i][1] + record["charges"][i + 2][1] for i in (0, 1))
    assert right < 0.9 * left
    assert record["counted"][1][0] < 5000
    assert record["counted_ms"] == pytest.approx(15_000 + record["counted"][1][0], abs=60)
    seen = lights(trace, done_us - 3_000_000, done_us + 3_500_000)
    assert (0, 0, 0, 1000, 1000) in seen  # the right one
    assert (1000, 1000, 0, 0, 0) not in seen
    skip = next(log for log in trace.logs if log.e == "skip")
    assert skip.fields["zone"] == 2


def test_what_0_1_0_left_is_read_and_migrated(tmp_path: Path) -> None:
    """Its bank and its journal; everything is told, and new records follow."""
    flash = tmp_path / "flash.img"
    data = {"data/bank": (RELEASED / "schema-1.bank").read_bytes()}
    data |= {f"data/{kind}": (RELEASED / f"0.1.0.{kind}").read_bytes() for kind in ("sessions", "faults")}
    flash.write_bytes(filesystem(data))
    with device(flash) as made:
        bank = made.client.read_bank()
        assert (bank.damage, bank.generation, len(bank.presets)) == (None, 2, 5)
        assert all('"schema":2' in text and '"region":"cheek","side":"middle"' in text for _, text in bank.presets)
        sessions = list(made.client.journal("session"))
        assert [record["n"] for record in sessions] == [1, 2]
        assert [record["name"] for record in made.client.journal("fault")] == ["latch"]
        for record in sessions:
            (its,) = history([record])
            assert its.share_pct is its.parts[0].share_pct is None
            said = f"{record['zones'][0][0] / 1000:g} s, contact good 100 %"
            assert ("zone 1", said) in words.session_facts(record, its)
        made.treat(3_000_000)
        made.live.run(1_500_000)
        assert list(made.client.journal("session"))[-1]["places"] == "cmcm"
        assert made.client.device_info().data_lost is None


def test_the_level_of_last_time_glimmers_and_is_not_gone_to(tmp_path: Path) -> None:
    flash = tmp_path / "flash.img"
    with device(flash) as made:
        made.live.do("usb", False)
        made.live.do("touch", "good")
        made.live.run(1_500_000)
        made.press("PLUS", 6)
        made.live.run(4_000_000)
        made.live.do("usb", True)
        made.live.run(1_500_000)
    with Live(Scenario("again", 1, start=Start()), flash) as live:
        made = Device(live, [])
        made.press("MODE", for_us=700_000)
        live.run(BOOTED_US)
        live.do("touch", "good")
        armed_us = live.now_us
        made.press("PLUS", 2)
        live.run(5_000_000)
        trace = live.finish()
    seen = lights(trace, armed_us + 300_000, armed_us + 3_200_000)
    assert (1000, 0, 1000, 0, 0) in seen
    late = lights(trace, armed_us + 4_800_000, trace.end_us)
    assert (1000, 0, 1000, 0, 0) not in late
    assert max(level.level for level in trace.levels) == 2


def test_ticks_are_switched_by_a_chord_while_choosing_and_kept(tmp_path: Path) -> None:
    """Held for a second: off, with a sound and no tick; again: on, with both. No session begins."""
    flash = tmp_path / "flash.img"
    with device(flash, usb=False) as made:
        live = made.live
        made.press("MODE", for_us=700_000)
        live.run(BOOTED_US)
        times = []
        for _ in range(3):
            times.append(live.now_us)
            live.do("hold", "PLUS")
            live.do("hold", "MINUS")
            live.run(1_500_000)
            live.do("release", "PLUS")
            live.do("release", "MINUS")
            live.run(1_500_000)
        live.do("usb", True)
        assert not made.connect().settings().haptic  # type: ignore[union-attr]
        trace = live.finish()
    ticks = [t_us for t_us, on in notes(trace, "haptic", times[0]) if on]
    assert [sum(a <= t_us < b for t_us in ticks) for a, b in pairwise([*times, trace.end_us])] == [0, 4, 0]
    assert sum(1 for t_us, hz in notes(trace, "beep", times[0]) if hz and t_us < times[1]) == 1
    assert not trace.levels
    with device(flash) as made:
        assert not chosen(made).haptic
