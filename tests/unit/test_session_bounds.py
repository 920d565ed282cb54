"""The session at each of its bounds, to the millisecond, and what it says and logs, word by word."""

from __future__ import annotations

from typing import Any

import pytest
from tonus import contact, limits, preset, session
from tonus.session import ACTIVE, Session

WAVE, OTHER = preset.Waveform("biphasic"), preset.Waveform("alternating")
OTHER.burst_pulses = 3


def zone(
    side: str = "left", duration_s: int = 20, stroke: tuple[int, int] | None = None, wave: preset.Waveform = WAVE
) -> preset.Zone:
    return preset.Zone("jaw", side, f"jaw {side}", duration_s, 5, stroke, wave)


class Told:
    """A session of a device that is ready; `heard` and `logged` since they were last cleared."""

    def __init__(self, *zones: preset.Zone, presets: list[preset.Preset] | None = None, ramp_ms: int = 2000) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.heard: list[str] = []
        self.logged: list[tuple[str, dict[str, Any]]] = []
        self.ramped = True
        self.now = 0
        presets = presets or [preset.Preset("a", "A", 405, ramp_ms, list(zones or (zone(),)))]
        self.its = Session(presets, self, lambda name, of: self.logged.append((name, of)), self.heard.append)
        self.its.event("ready")

    def off(self) -> None:
        self.calls.append(("off",))
        self.ramped = True

    def probe(self) -> None:
        self.calls.append(("probe",))

    def new_session(self) -> None:
        self.calls.append(("new_session",))

    def treat(self, zone: preset.Zone, level: int, ramp_ms: int) -> None:
        self.calls.append(("treat", zone.name, level, ramp_ms))
        self.ramped = False

    def aim(self, level: int, ramp_ms: int) -> None:
        self.calls.append(("aim", level, ramp_ms))

    def ramp_down(self) -> None:
        self.calls.append(("ramp_down",))
        self.ramped = False

    def settled(self) -> bool:
        return self.ramped

    def clear(self) -> Told:
        self.calls.clear()
        self.heard.clear()
        self.logged.clear()
        return self

    def wait(self, ms: int, step_ms: int | None = None) -> str:
        """The state after so long, in one step or in several."""
        for _ in range(ms // (step_ms or ms) if ms else 0):
            self.now += step_ms or ms
            self.its.tick(self.now)
        return self.its.state

    def press(self, *gestures: str) -> Told:
        for gesture in gestures:
            self.its.press(gesture)
        return self

    def touch(self, kind: str = contact.GOOD, ready: bool = True) -> str:
        self.its.contact(kind, ready)
        return self.its.state

    def treating(self, level: int = 1) -> Told:
        """Level, contact, and the ramp at its end; nothing counted."""
        self.press(*["plus"] * level)
        assert self.touch() == session.RAMP_UP
        self.ramped = True
        self.its.tick(self.now)
        assert (self.its.state, self.its.level, self.its.counted_ms) == (session.TREAT, level, 0)
        return self.clear()


# Time.


def test_who_does_nothing_finds_it_off() -> None:
    def dry() -> Told:
        it = Told().treating()
        it.touch(contact.OPEN, False)
        return it

    def done() -> Told:
        it = Told().treating()
        it.its.event("finished")
        it.its.event("ramped_down")
        return it

    def low() -> Told:
        it = Told()
        it.its.event("battery_low")
        return it

    def fault() -> Told:
        it = Told()
        it.its.event("fault")
        return it

    for it, state, ms in (
        (Told(), session.STANDBY, limits.IDLE_OFF_MS),
        (Told().press("plus"), session.ARMED, limits.IDLE_OFF_MS),
        (dry(), session.PAUSED, limits.IDLE_OFF_MS),
        (done(), session.DONE, limits.DONE_OFF_MS),
        (low(), session.LOW_BATTERY, limits.LOW_BATTERY_OFF_MS),
        (fault(), session.FAULT, limits.FAULT_OFF_MS),
    ):
        assert it.its.state == state
        assert it.wait(ms - 1) == state
        assert it.wait(1) == session.OFF
    # Electrodes that lie on each other are nobody's.
    it = Told(zone(duration_s=1200)).treating()
    it.touch(contact.SHORT)
    assert it.wait(limits.IDLE_OFF_MS - 1) == session.TREAT
    assert it.wait(1) == session.OFF


@pytest.mark.parametrize("gesture", ["mode", "plus", "minus", "chord", "minus_long"])
def test_a_button_is_a_sign_of_life(gesture: str) -> None:
    it = Told()
    it.wait(limits.IDLE_OFF_MS - 1)
    it.press(gesture)
    assert it.wait(limits.IDLE_OFF_MS - 1) != session.OFF
    assert it.wait(1) == session.OFF


@pytest.mark.parametrize("gesture", ["mode_down", "minus_more"])
def test_what_a_stuck_button_makes_is_none(gesture: str) -> None:
    it = Told()
    it.wait(limits.IDLE_OFF_MS - 1)
    it.press(gesture)
    assert it.wait(1) == session.OFF


@pytest.mark.parametrize("kind", [contact.GOOD, contact.POOR])
def test_skin_is_a_sign_of_life(kind: str) -> None:
    it = Told().press("plus")
    it.wait(limits.IDLE_OFF_MS - 1)
    it.touch(kind, False)
    assert it.wait(limits.IDLE_OFF_MS - 1) == session.ARMED
    assert it.wait(1) == session.OFF


def test_the_longest_session_is_counted_from_plus() -> None:
    it = Told(zone(duration_s=1300))
    it.wait(70_000)
    it.treating()
    for _ in range(limits.SESSION_MAX_MS // 100_000 - 1):
        it.wait(100_000)
        assert it.touch() == session.TREAT
    assert it.wait(99_999) == session.TREAT
    assert it.wait(1) == session.DONE
    assert it.its.expired
    assert it.heard[-1] == "expired"
    assert "done" not in it.heard


@pytest.mark.parametrize(("event", "end"), [("finished", session.DONE), ("battery_low", session.LOW_BATTERY)])
def test_a_ramp_down_ends_in_its_time(event: str, end: str) -> None:
    it = Told().treating()
    it.wait(3000)
    it.its.event(event)
    assert it.wait(limits.RAMP_DOWN_MAX_MS - 1) == session.RAMP_DOWN
    assert it.wait(1) == end


def test_dry_skin_pauses_and_gel_gets_its_time() -> None:
    it = Told(zone(duration_s=600)).treating()
    it.touch(contact.POOR)
    assert it.wait(limits.POOR_PAUSE_MS - 1) == session.TREAT
    counted = it.its.counted_ms
    assert it.wait(1) == session.PAUSED
    assert it.its.counted_ms == counted == limits.POOR_PAUSE_MS - 1
    assert it.its.dry()
    it.wait(limits.DRY_REST_MS - 1)
    assert it.its.dry()
    assert it.touch() == session.PAUSED
    it.wait(1)
    assert not it.its.dry()
    assert it.touch() == session.RAMP_UP
    assert not it.its.dry()


def test_dry_moments_do_not_add_up() -> None:
    it = Told(zone(duration_s=600)).treating()
    for _ in range(3):
        it.touch(contact.POOR)
        assert it.wait(limits.POOR_PAUSE_MS - 1) == session.TREAT
        it.touch(contact.GOOD)
        it.touch(contact.POOR)
    # Nor those before a pause.
    it.wait(limits.POOR_PAUSE_MS - 1)
    it.its.event("lost")
    it.its.event("contact")
    it.ramped = True
    it.touch(contact.POOR)
    assert it.wait(limits.POOR_PAUSE_MS - 1) == session.TREAT
    assert it.wait(1) == session.PAUSED


def test_a_low_cell_waits_until_done_was_shown() -> None:
    it = Told().treating()
    it.its.event("finished")
    it.wait(500)
    it.its.event("ramped_down")
    it.wait(limits.DONE_SHOWN_MS - 1)
    assert not it.its.event("battery_low")
    it.wait(1)
    assert it.its.event("battery_low")
    assert it.its.state == session.LOW_BATTERY
    # Elsewhere it does not wait.
    it = Told()
    assert it.its.event("battery_low")
    it = Told().treating()
    it.its.event("finished")
    it.its.event("ramped_down")
    assert it.its.event("usb_in")  # nor does another event


def test_a_zone_ends_when_its_time_was_counted() -> None:
    it = Told(zone("left", 7), zone("right", 9)).treating()
    it.wait(6999)
    assert it.its.zone == 0
    it.wait(101)
    assert it.its.zone == 1
    it.wait(9000 - 101)  # what came too late is the next one's
    assert it.its.state == session.TREAT
    it.wait(1)
    assert it.its.state == session.RAMP_DOWN
    assert it.its.counted_ms == 16_000


def test_electrodes_that_touch_are_not_counted_and_hear_no_cue() -> None:
    it = Told(zone(duration_s=600)).treating()
    it.touch(contact.SHORT)
    it.wait(20_000)
    assert it.its.counted_ms == 0
    assert it.heard == []


# Cues.


def cues(it: Told, ms: int) -> list[tuple[int, str]]:
    """(ms, which) heard in so long."""
    heard = []
    began = it.now
    for _ in range(ms // 100):
        it.heard.clear()
        it.wait(100)
        heard += [(it.now - began, cue) for cue in it.heard if cue in ("cue", "hold")]
    return heard


def test_cues_come_at_their_interval() -> None:
    it = Told(zone(duration_s=600)).treating()
    assert cues(it, 16_000) == [(5000, "cue"), (10_000, "cue"), (15_000, "cue")]
    assert it.logged == [("cue", {"zone": 1, "hold": False})] * 3
    it.clear().wait(3999)
    assert it.heard == []
    it.wait(1)
    assert it.heard == ["cue"]
    it.clear().wait(5700)  # one that came late does not put off the next
    it.wait(4299)
    assert it.heard == ["cue"]
    it.wait(1)
    assert it.heard == ["cue", "cue"]


def test_a_stroke_is_glide_and_hold() -> None:
    it = Told(zone(duration_s=30, stroke=(3, 1)), zone("right", 30, (2, 0))).treating()
    assert cues(it, 12_000) == [
        (3000, "hold"),
        (4000, "cue"),
        (7000, "hold"),
        (8000, "cue"),
        (11_000, "hold"),
        (12_000, "cue"),
    ]
    assert it.logged[0] == ("cue", {"zone": 1, "hold": True})
    it.wait(3000)
    it.press("chord_long")  # it held: the next zone begins with a glide
    assert cues(it, 6000) == [(2000, "cue"), (4000, "cue"), (6000, "cue")]
    assert it.logged[-1] == ("cue", {"zone": 2, "hold": False})
    # And so does the next session.
    it = Told(zone(duration_s=30, stroke=(3, 1)), zone("right", 30)).treating()
    it.wait(3000)
    it.press("mode_down")
    it.treating()
    assert cues(it, 4000) == [(3000, "hold"), (4000, "cue")]


def test_the_next_zones_cues_begin_with_it() -> None:
    it = Told(zone(duration_s=7), zone("right")).treating()
    it.wait(7000, 100)
    assert cues(it, 10_000) == [(5000, "cue"), (10_000, "cue")]


# Lifts.


def lift(it: Told, after_ms: int) -> None:
    it.touch(contact.OPEN, False)
    it.touch()
    it.ramped = True
    it.wait(after_ms)


def test_three_lifts_in_ten_seconds_are_told() -> None:
    for gap_ms, told in ((limits.LOOSE_MS - 1, True), (limits.LOOSE_MS, False)):
        it = Told(zone(duration_s=600)).treating()
        lift(it, 1000)
        lift(it, gap_ms - 1000)
        it.clear()
        lift(it, 1)
        assert (("loose", {"lifts": 3}) in it.logged) == told
        assert it.heard.count("loose") == told
        assert it.its.lifts == 3
        it.wait(8)
    it = Told(zone(duration_s=600)).treating()
    for _ in range(3):
        lift(it, 1)
    assert it.its.loose()
    it.wait(limits.LOOSE_MS - 4)
    assert it.its.loose()
    it.wait(1)
    assert not it.its.loose()


def test_that_they_are_many_is_told_again_after_ten_seconds() -> None:
    it = Told(zone(duration_s=600)).treating()
    for _ in range(2):
        lift(it, 1000)
    lift(it, 0)
    assert it.heard.count("loose") == 1
    it.wait(limits.LOOSE_MS - 2001)
    lift(it, 1000)
    lift(it, 1000)
    assert it.heard.count("loose") == 1  # 9,999 ms
    lift(it, 0)
    assert it.heard.count("loose") == 1
    it = Told(zone(duration_s=600)).treating()
    for _ in range(limits.LOOSE_MS // 1000 + 2):
        lift(it, 1000)
    assert it.heard.count("loose") == 1
    lift(it, 0)
    assert it.heard.count("loose") == 2
    assert it.its.lifts == 13
    # Another session's are its own.
    it.press("mode_down")
    it.treating()
    lift(it, 0)
    lift(it, 0)
    assert (it.its.lifts, it.heard.count("loose"), it.its.loose()) == (2, 0, False)
    lift(it, 0)
    assert it.heard.count("loose") == 1


# Levels.


def test_a_level_and_its_current_are_logged() -> None:
    it = Told().treating(4)
    it.press("plus")
    assert it.logged == [("level", {"level": 5, "ua": 405 * 5 // 10})]
    assert it.heard == ["level"]
    assert it.calls == [("aim", 5, 2000)]
    it.clear().press("minus_more")
    assert it.logged == [("level", {"level": 4, "ua": 162})]


def test_no_level_is_above_ten_or_the_cap() -> None:
    for cap, top in ((limits.LEVELS, 10), (12, 10), (3, 3)):
        it = Told()
        it.its.cap = cap
        it.treating(top)
        it.press("plus")
        assert (it.its.level, it.heard, it.logged) == (top, ["top"], [])


def test_more_in_a_pause_ramps_as_from_the_start() -> None:
    for gestures, ramp_ms in (((), limits.RAMP_RETURN_MS), (("plus",), 2000), (("minus",), limits.RAMP_RETURN_MS)):
        it = Told().treating(3)
        it.touch(contact.OPEN, False)
        it.press(*gestures)
        assert it.touch() == session.RAMP_UP
        assert it.calls[-1] == ("treat", "jaw left", it.its.level, ramp_ms)
    it = Told(ramp_ms=700).treating(3)  # a preset's own, where that is shorter
    it.touch(contact.OPEN, False)
    it.touch()
    assert it.calls[-1] == ("treat", "jaw left", 3, 700)


def test_before_contact_a_level_only_is_chosen() -> None:
    it = Told().press("plus").clear()
    it.press("plus")
    assert (it.calls, it.its.level) == ([], 2)
    it.touch()
    assert it.calls == [("treat", "jaw left", 2, 2000)]


def test_level_zero_begins_nothing() -> None:
    it = Told().treating()
    it.press("minus")
    assert (it.its.state, it.its.level) == (session.PAUSED, 0)
    assert it.touch() == session.PAUSED
    it.clear().press("minus")
    assert (it.heard, it.logged, it.its.level) == ([], [], 0)


# Zones.


def test_a_zone_that_is_left_out() -> None:
    it = Told(zone("left", 20), zone("right", 20), zone("middle", 20, wave=OTHER)).treating()
    it.wait(4000)
    it.clear().press("chord_long")
    assert it.logged == [
        ("skip", {"zone": 1}),
        ("zone", {"n": 2, "name": "jaw right", "s": 20}),
    ]
    assert (it.heard, it.calls, it.its.skipped) == (["right"], [], [1])
    it.wait(19_999)
    assert it.its.zone == 1
    it.wait(1)
    assert it.its.zone == 2
    assert it.calls == [("treat", "jaw middle", 1, 2000)]  # another waveform ramps anew
    it.press("chord_long")
    assert (it.its.state, it.its.skipped) == (session.RAMP_DOWN, [1, 3])
    it.press("mode_down", "plus")
    assert it.its.skipped == []


def test_in_a_pause_the_zone_is_left_out_and_its_wave_waits() -> None:
    it = Told(zone(), zone("right", wave=OTHER)).treating()
    it.touch(contact.OPEN, False)
    it.clear().press("chord_long")
    assert it.calls == []
    assert it.logged[-1] == ("zone", {"n": 2, "name": "jaw right", "s": 20})
    it.touch()
    assert it.calls == [("treat", "jaw right", 1, 2000)]  # what was not felt before: the whole ramp
    it = Told(zone(), zone("right", wave=OTHER)).press("plus").clear()
    it.press("chord_long")
    assert [name for name, _ in it.logged] == ["skip"]  # it is logged when it begins
    it.touch()
    assert it.logged[-1] == ("zone", {"n": 2, "name": "jaw right", "s": 20})


def test_a_chord_tells_the_side() -> None:
    it = Told(zone(), zone("right")).treating()
    it.press("chord", "chord_long", "chord")
    assert it.heard == ["left", "right", "right"]


# Choosing.


def presets(*ids: str) -> list[preset.Preset]:
    return [preset.Preset(id, id.upper(), 400, 500, [zone()]) for id in ids]


def test_mode_goes_on_to_the_next_preset() -> None:
    it = Told(presets=presets("a", "b", "c"))
    assert (it.its.mode, it.its.preset.id) == (0, "a")
    assert it.logged[-1] == ("mode", {"id": "a", "name": "A", "zones": [["jaw left", 20]]})
    it.press("mode")
    assert (it.its.mode, it.its.preset.id) == (1, "b")
    assert it.logged[-1] == ("mode", {"id": "b", "name": "B", "zones": [["jaw left", 20]]})
    it.press("mode", "mode")
    assert (it.its.mode, it.its.preset.id) == (0, "a")


def test_the_mode_is_logged_when_it_is_chosen_and_at_the_start() -> None:
    it = Told().treating().press("mode_down")
    assert it.its.state == session.STANDBY
    assert "mode" not in [name for name, _ in it.logged]
    it = Told().clear()
    it.its.event("test")
    it.its.event("fault")
    assert "mode" not in [name for name, _ in it.logged]


def test_the_one_chosen_stays_when_the_presets_change() -> None:
    it = Told(presets=presets("a", "b", "c")).press("mode").clear()
    it.its._presets = presets("c", "b")
    it.its.presets_changed(["c", "b"])
    assert (it.its.mode, it.its.preset.id) == (1, "b")
    assert [name for name, _ in it.logged] == ["mode"]
    it.its._presets = presets("c", "a")
    it.its.presets_changed(["c", "a"])
    assert (it.its.mode, it.its.preset.id) == (0, "c")
    it.its.event("usb_in")
    it.clear().its.presets_changed(["c", "a"])
    assert [name for name, _ in it.logged] == ["mode"]
    it = Told().treating()
    it.its.event("finished")
    it.its.event("ramped_down")
    it.clear().its.presets_changed(["a"])
    assert it.logged == []


def test_presets_that_came_after_there_were_none() -> None:
    it = Told()
    its = Session([], it, lambda name, of: None, it.heard.append)
    assert its.preset is None
    its._presets = presets("a", "b")
    its.presets_changed(["a", "b"])
    assert (its.mode, its.preset.id) == (0, "a")


def test_a_cell_with_too_little_starts_nothing() -> None:
    it = Told().clear()
    it.its.can_start = False
    it.press("plus")
    assert (it.its.state, it.heard) == (session.STANDBY, ["low"])
    it = Told().treating()
    it.its.can_start = False
    it.press("plus")
    assert it.its.level == 2


def test_a_held_minus_is_a_setting_only_while_choosing() -> None:
    it = Told().clear().press("minus", "minus_long")
    assert it.heard == ["sound"]
    assert Told().clear().press("minus_long").heard == []
    assert Told().clear().press("minus", "chord_long").heard == ["haptic"]
    assert Told().clear().press("chord_long").heard == []
    it = Told().press("plus", "plus", "minus").clear()
    assert it.press("minus_long").heard == []
    it = Told().treating(2).press("minus", "mode_down").clear()
    assert it.press("minus_long", "chord_long").heard == []
    it = Told().press("minus", "plus").clear()
    assert it.press("minus_long").heard == []


def test_any_button_goes_back_to_choosing_when_done() -> None:
    for gesture, state in (("mode", session.STANDBY), ("plus", session.STANDBY), ("minus", session.DONE)):
        it = Told().treating()
        it.its.event("finished")
        it.its.event("ramped_down")
        assert it.its.state == session.DONE
        assert it.press(gesture).its.state == state


def test_mode_held_is_off_and_gone_down_is_stop() -> None:
    for it in (Told(), Told().press("plus"), Told().treating()):
        assert it.press("mode_long").its.state == session.OFF
    assert Told().press("mode_down").its.state == session.STANDBY


def test_buttons_in_a_ramp_down_do_nothing_but_stop() -> None:
    for gesture in ("plus", "minus", "chord", "chord_long", "mode"):
        it = Told().treating(3)
        it.its.event("finished")
        it.clear().press(gesture)
        assert (it.its.state, it.its.level, it.heard, it.logged) == (session.RAMP_DOWN, 3, [], [])
    it.press("mode_down")
    assert it.its.state == session.STANDBY


# What a session begins and ends with.


def test_at_first_there_was_no_session() -> None:
    its = Told().its
    its = Session(its._presets, None, lambda name, of: None, lambda kind: None)
    assert (its.state, its.mode, its.level, its.zone, its.contact_kind) == (session.SELF_TEST, 0, 0, 0, contact.OPEN)
    assert (its.counted_ms, its.lifts, its.skipped, its.expired) == (0, 0, [], False)
    assert (its.can_start, its.cap) == (True, limits.LEVELS)
    assert not its.dry()
    assert not its.loose()


def test_a_session_is_told_from_its_begin_to_its_end() -> None:
    it = Told(zone("left", 5), zone("right", 6)).clear()
    it.press("plus")
    assert it.calls == [("off",), ("new_session",), ("probe",)]
    assert it.logged == [
        ("state", {"from": "STANDBY", "to": "ARMED", "cause": "arm"}),
        ("level", {"level": 1, "ua": 40}),
    ]
    assert it.heard == ["left"]
    it.clear().touch()
    assert it.calls == [("treat", "jaw left", 1, 2000)]
    assert it.logged == [
        ("state", {"from": "ARMED", "to": "RAMP_UP", "cause": "contact"}),
        ("zone", {"n": 1, "name": "jaw left", "s": 5}),
    ]
    assert it.heard == ["here"]
    it.clear().wait(1000)
    assert (it.its.state, it.its.counted_ms) == (session.RAMP_UP, 1000)
    it.ramped = True
    it.wait(1000)
    assert it.logged == [("state", {"from": "RAMP_UP", "to": "TREAT", "cause": "ramped"})]
    it.clear().wait(3000)
    assert it.logged == [("zone", {"n": 2, "name": "jaw right", "s": 6})]
    assert it.heard == ["right"]
    it.clear().wait(6000, 1000)
    assert it.calls == [("ramp_down",)]
    assert it.heard == ["cue"]
    it.clear()
    it.ramped = True
    it.wait(20)
    assert it.logged == [
        ("state", {"from": "RAMP_DOWN", "to": "DONE", "cause": "ramped_down"}),
        ("session", {"id": "a", "level": 1, "counted_ms": 11_000, "lifts": 0, "why": "ramped_down"}),
        ("level", {"level": 0, "ua": 0}),
    ]
    assert (it.calls, it.heard, it.its.expired) == ([("off",)], ["done"], False)
    # And again: nothing is left of it.
    it.press("plus")
    it.clear().press("plus")
    assert (it.its.zone, it.its.counted_ms, it.its.lifts, it.its.level) == (0, 0, 0, 1)
    it.touch()
    it.ramped = True
    it.wait(4999)
    assert it.its.zone == 0
    it.wait(1)
    assert it.its.zone == 1


def heard_at_the_end(event: str, before: str = session.TREAT) -> list[str]:
    it = Told()
    if before == session.ARMED:
        it.press("plus").clear()
    elif before != session.STANDBY:
        it.treating()
        if before == session.PAUSED:
            it.touch(contact.OPEN, False)
            it.clear()
    assert it.its.state == before
    assert it.its.event(event)
    return it.heard


def test_what_is_heard_at_the_end() -> None:
    for event in ("stop", "usb_in"):
        for before in (session.ARMED, session.TREAT, session.PAUSED):
            assert heard_at_the_end(event, before) == ["stop"]
    assert heard_at_the_end("usb_in", session.STANDBY) == []
    assert heard_at_the_end("finished", session.ARMED) == ["stop"]
    assert heard_at_the_end("finished", session.PAUSED) == ["done"]
    assert heard_at_the_end("zero", session.ARMED) == []
    assert heard_at_the_end("fault") == ["fault"]
    assert heard_at_the_end("battery_low") == ["low"]
    assert heard_at_the_end("battery_low", session.PAUSED) == ["low"]
    assert heard_at_the_end("expired", session.PAUSED) == ["expired"]
    assert heard_at_the_end("expired", session.ARMED) == ["expired"]
    assert heard_at_the_end("power_off") == []


def test_a_session_whose_last_ramp_ran_into_the_longest_time_is_done() -> None:
    for event, expired, heard in (("finished", False, "done"), ("battery_low", True, "expired")):
        it = Told().treating()
        it.its.event(event)
        it.clear().its.event("expired")
        assert (it.its.state, it.its.expired, it.heard) == (session.DONE, expired, [heard])


def test_contact_that_is_lost_in_a_ramp_down_ends_it() -> None:
    for event, state in (("finished", session.DONE), ("battery_low", session.LOW_BATTERY)):
        it = Told().treating()
        it.its.event(event)
        assert it.touch(contact.OPEN, False) == state
        # Another session does not know of it.
    it = Told().treating()
    it.its.event("battery_low")
    it.press("mode_down")
    it.treating()
    it.its.event("finished")
    assert it.touch(contact.OPEN, False) == session.DONE


def test_what_may_begin_a_treatment() -> None:
    for kind, ready, begins in (
        (contact.GOOD, True, True),
        (contact.SHORT, True, True),
        (contact.POOR, True, False),
        (contact.OPEN, True, False),
        (contact.GOOD, False, False),
    ):
        it = Told().press("plus")
        assert it.touch(kind, ready) == (session.RAMP_UP if begins else session.ARMED)
    assert Told().touch() == session.STANDBY


def test_dry_skin_is_told_once_and_only_in_a_session() -> None:
    it = Told().treating()
    for _ in range(3):
        it.touch(contact.POOR)
    assert it.heard == ["dry"]
    it = Told().clear()
    it.touch(contact.POOR)
    assert it.heard == []


def test_the_output_is_off_or_only_probes_outside_a_treatment() -> None:
    assert set(session.TREATING) | set(session.PROBING) == set(ACTIVE)
    it = Told().treating()
    it.touch(contact.OPEN, False)
    assert it.calls == [("off",), ("probe",)]
    it = Told().treating()
    it.its.event("fault")
    assert it.calls == [("off",)]
