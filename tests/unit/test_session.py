"""The session, explored: every state, every event, every gesture, contact class and passing of time."""

from __future__ import annotations

from collections import deque
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tonus import bank, contact, limits, preset, session
from tonus.session import ACTIVE, OFF, PROBING, SELF_TEST, STANDBY, STATES, TABLE, TREATING, Session

CLASSES = (contact.OPEN, contact.POOR, contact.GOOD, contact.SHORT)
GESTURES = ("mode_down", "mode", "mode_long", "plus", "minus", "minus_more", "minus_long", "chord", "chord_long")
# What the application reports as it happens; the other events the session finds out itself.
REPORTED = ("ready", "test", "stop", "expired", "usb_in", "usb_out", "battery_low", "fault", "power_off")
TICKS_MS = (20, 3000, 5000, limits.IDLE_OFF_MS, limits.SESSION_MAX_MS)


class Output:
    """Stands for the pulse loop: what flows, whether a ramp has ended; complains about what must not be asked."""

    def __init__(self) -> None:
        self.flows = "off"
        self.level = 0
        self.ramped = True
        self.calls: list[tuple[Any, ...]] = []

    def off(self) -> None:
        self.calls.append(("off",))
        self.flows, self.level, self.ramped = "off", 0, True

    def probe(self) -> None:
        self.calls.append(("probe",))
        self.flows, self.level = "probe", 0

    def new_session(self) -> None:
        self.calls.append(("new_session",))

    def treat(self, zone: preset.Zone, level: int, ramp_ms: int) -> None:
        assert limits.RAMP_MIN_MS <= ramp_ms <= limits.RAMP_MAX_MS
        assert isinstance(zone, preset.Zone)
        self.calls.append(("treat", level))
        self.flows, self.level, self.ramped = "treat", level, False

    def aim(self, level: int, ramp_ms: int) -> None:
        assert self.flows == "treat", "a level for something that does not play"
        assert limits.RAMP_MIN_MS <= ramp_ms <= limits.RAMP_MAX_MS
        self.calls.append(("aim", level))
        self.level, self.ramped = level, False

    def ramp_down(self) -> None:
        assert self.flows == "treat"
        self.calls.append(("ramp_down",))
        self.level, self.ramped = 0, False

    def settled(self) -> bool:
        return self.ramped


def zones() -> list[preset.Preset]:
    """Two presets of few short zones: three with two waveforms, and one."""
    first, *_, last = bank.shipped()[0].zones

    def zone(of: preset.Zone) -> preset.Zone:
        return preset.Zone("cheek", "left", "z", 5, 3, None, of.waveform)

    return [
        preset.Preset("a", "A", 400, 2000, [zone(first), zone(first), zone(last)]),
        preset.Preset("b", "B", 200, 500, [zone(last)]),
    ]


PRESETS = zones()
T = TypeVar("T")


def copied(of: T) -> T:
    """As `copy.copy`, in a third of the time: there are a million."""
    new = object.__new__(type(of))
    new.__dict__.update(of.__dict__)
    return new


class World:
    """A session, its output, and what they did in the last step."""

    def __init__(self) -> None:
        self.output = Output()
        self.cues: list[str] = []
        self.now = 0
        self.session = Session(PRESETS, self.output, self._log, self.cues.append)

    def _log(self, event: str, fields: dict[str, Any]) -> None:
        if event == "state":
            assert self.session.state == fields["to"]
            self.output.calls.append(("state", fields["from"], fields["to"], fields["cause"]))

    def clone(self) -> World:
        new = World.__new__(World)
        new.output = copied(self.output)
        new.output.calls = []
        new.cues = []
        new.now = self.now
        new.session = copied(self.session)
        new.session._output = new.output
        new.session._log = new._log
        new.session._cue = new.cues.append
        return new

    def key(self) -> tuple[Any, ...]:
        """The abstract state: everything that decides what can happen next; times in coarse steps."""
        s = self.session
        over = self.now - s._begun_ms >= limits.SESSION_MAX_MS
        time = (
            s.counted_ms // 2500,
            s._zone_from_ms // 2500,
            min(s._poor_ms, 3000) // 1500,
            self.now < s._not_before_ms,
            over,
        )
        active = s.state in ACTIVE
        return (
            s.state,
            s.mode,
            s.level,
            s.zone if active else 0,
            s.contact_kind,
            time if active else (),
            s._drained if s.state == session.RAMP_DOWN else False,
            s.expired if s.state == session.DONE else False,
            min((self.now - s._active_ms) // 5000, 2) if s.state == session.DONE else 0,
            self.output.flows,
            self.output.ramped,
        )

    def do(self, action: tuple[Any, ...]) -> None:
        """One thing happens; then everything that must always hold is checked."""
        s, out = self.session, self.output
        before, level, treated = s.state, s.level, s.counted_ms
        zone, skipped = s.zone, s.skipped
        out.calls.clear()
        kind, *args = action
        if kind == "event":
            # A low cell waits until it was shown that the session is done.
            waits = action == ("event", "battery_low") and self.now - s._active_ms < limits.DONE_SHOWN_MS
            taken = s.event(args[0])
            if before == session.DONE and waits:
                assert (taken, s.state) == (False, before)
            else:
                assert taken == ((before, args[0]) in TABLE)
                assert s.state == TABLE.get((before, args[0]), before)
        elif kind == "press":
            s.press(args[0])
        elif kind == "contact":
            s.contact(args[0], args[1])
        elif kind == "settle":
            out.ramped = True
        else:
            self.now += args[0]
            s.tick(self.now)
        self.check(action, before, level, treated, zone, skipped)

    def check(
        self, action: tuple[Any, ...], before: str, level: int, treated: int, zone: int, skipped: list[int]
    ) -> None:
        s, out = self.session, self.output
        changes = [call for call in out.calls if call[0] == "state"]
        for _, origin, target, cause in changes:
            assert TABLE[(origin, cause)] == target
        for i, call in enumerate(out.calls):
            # Off is the first act of entering a state that may not treat: nothing comes between.
            if call[0] == "state" and call[2] not in TREATING:
                assert i > 0
                assert out.calls[i - 1] == ("off",)
        # What flows.
        allowed = "treat" if s.state in TREATING else "probe" if s.state in PROBING else "off"
        assert out.flows == allowed
        # Levels.
        assert 0 <= s.level <= limits.LEVELS
        if s.state not in ACTIVE:
            assert s.level == 0
        if s.level > level:
            assert s.level == level + 1
            assert action in (("press", "plus"), ("event", "arm"))
        if s.state in (session.RAMP_UP, session.TREAT):
            assert out.level == s.level
        # Time is counted while treating only.
        if before not in (session.RAMP_UP, session.TREAT) and s.state != session.ARMED:
            assert s.counted_ms == treated
        # A chord shows, or leaves out the zone; nothing else does.
        if action in (("press", "chord"), ("press", "minus_long")) or (
            action == ("press", "chord_long") and before not in ACTIVE
        ):
            assert (s.state, s.level, s.zone, s.counted_ms) == (before, level, zone, treated)
        if s.skipped != skipped:
            assert action == ("press", "chord_long") or s.skipped == []
            assert s.skipped in ([*skipped, zone + 1], [])
        # Never gated.
        if action in (("event", "stop"), ("press", "mode_down")) and before in ACTIVE:
            assert s.state == STANDBY
        if action == ("event", "fault"):
            assert s.state == session.FAULT
        if action in (("event", "power_off"), ("press", "mode_long")):
            assert s.state == OFF
        if action == ("event", "usb_in") and before in ACTIVE:
            assert s.state == session.CHARGING


def actions(events: tuple[str, ...]) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = [("event", name) for name in events]
    found += [("press", gesture) for gesture in GESTURES]
    found += [("contact", kind, ready) for kind in CLASSES for ready in (False, True)]
    found += [("tick", ms) for ms in TICKS_MS]
    return [*found, ("settle",)]


Explored = tuple[set[tuple[Any, ...]], set[tuple[str, str]], list[tuple[Any, ...]]]


def explore(events: tuple[str, ...], highest: int = limits.LEVELS) -> Explored:
    """Breadth first, every action in every abstract state: (states seen, table rows used, treatments begun).

    From levels above `highest` it goes no further.
    """
    start = World()
    seen = {start.key()}
    rows: set[tuple[str, str]] = set()
    treats: list[tuple[Any, ...]] = []
    queue = deque([start])
    every = actions(events)
    while queue:
        world = queue.popleft()
        for action in every:
            new = world.clone()
            try:
                new.do(action)
            except AssertionError as problem:
                raise AssertionError(f"{action} in {world.key()}, after which {new.output.calls}") from problem
            for call in new.output.calls:
                if call[0] == "state":
                    rows.add((call[1], call[3]))
                if call[0] == "treat":
                    treats.append(call)
            key = new.key()
            if key not in seen:
                seen.add(key)
                if new.session.level <= highest:
                    queue.append(new)
    return seen, rows, treats


@pytest.fixture(scope="module")
def real() -> Explored:
    """All that can happen to a device."""
    return explore(REPORTED)


def test_every_state_at_every_level_is_reached_and_right(real: Explored) -> None:
    seen, _, _ = real
    assert {key[0] for key in seen} == set(STATES)
    for state in (session.ARMED, session.RAMP_UP, session.TREAT):
        assert {key[2] for key in seen if key[0] == state} == set(range(1, 11))
    assert {key[2] for key in seen if key[0] == session.PAUSED} == set(range(11))
    assert {key[2] for key in seen if key[0] not in ACTIVE} == {0}


def test_every_row_of_the_table_can_happen(real: Explored) -> None:
    assert real[1] == set(TABLE)


def test_no_treatment_begins_at_level_zero(real: Explored) -> None:
    assert {level for _, level in real[2]} == set(range(1, 11))


def test_the_output_is_right_even_when_events_come_that_cannot() -> None:
    seen, rows, _ = explore(tuple(session.EVENTS), highest=2)
    assert rows == set(TABLE)
    assert {key[0] for key in seen} == set(STATES)


def test_every_state_ends_by_itself_off() -> None:
    """A device left alone, without a finger, contact or cable, switches itself off."""
    for world in worlds():
        left = world.clone()
        left.do(("event", "usb_out"))
        for _ in range(200):
            if left.session.state == SELF_TEST:
                left.do(("event", "ready"))
            left.do(("settle",))
            left.do(("contact", contact.OPEN, True))
            left.do(("tick", 20_000))
        assert left.session.state == OFF, world.session.state


def worlds() -> list[World]:
    """A world in every state, by the shortest way there."""
    start = World()
    found = {start.session.state: start}
    seen = {start.key()}
    queue = deque([start])
    while len(found) < len(STATES):
        world = queue.popleft()
        for action in actions(REPORTED):
            new = world.clone()
            new.do(action)
            found.setdefault(new.session.state, new)
            if new.key() not in seen:
                seen.add(new.key())
                queue.append(new)
    return list(found.values())


def treating(level: int = 3) -> World:
    world = World()
    world.do(("event", "ready"))
    for _ in range(level):
        world.do(("press", "plus"))
    world.do(("contact", contact.GOOD, True))
    world.do(("settle",))
    world.do(("tick", 20))
    assert (world.session.state, world.session.level) == (session.TREAT, level)
    return world


def test_plus_at_the_top_stays_there_and_says_so() -> None:
    world = treating(10)
    world.do(("press", "plus"))
    assert world.session.level == 10
    assert world.cues[-1] == "top"
    assert world.output.calls == []


def test_a_lift_pauses_the_time_and_returns_at_the_same_level_with_a_ramp() -> None:
    world = treating()
    world.do(("tick", 1000))
    before = world.session.counted_ms
    world.do(("contact", contact.OPEN, False))
    assert world.session.state == session.PAUSED
    assert world.session.lifts == 1
    for _ in range(100):
        world.do(("tick", 20))
    world.do(("contact", contact.GOOD, False))
    assert world.session.state == session.PAUSED  # the output may not start again yet
    world.do(("contact", contact.GOOD, True))
    assert world.output.calls[-1] == ("treat", 3)
    assert world.session.counted_ms == before


def test_minus_to_zero_pauses_and_nothing_starts_until_plus() -> None:
    world = treating(1)
    world.do(("press", "minus"))
    assert (world.session.state, world.session.level, world.session.lifts) == (session.PAUSED, 0, 0)
    for _ in range(10):
        world.do(("contact", contact.GOOD, True))
        world.do(("tick", 20))
    assert world.session.state == session.PAUSED
    world.do(("press", "plus"))
    world.do(("contact", contact.GOOD, True))
    assert (world.session.state, world.session.level) == (session.RAMP_UP, 1)


def lifts(world: World, times: int, every_ms: int) -> None:
    """Lift for a moment, so many times, and so long from one to the next."""
    for _ in range(times):
        world.do(("contact", contact.OPEN, False))
        world.do(("tick", 100))
        world.do(("contact", contact.GOOD, True))
        for _ in range((every_ms - 100) // 100):
            world.do(("settle",))
            world.do(("tick", 100))


def test_lifts_one_after_the_other_are_said_again_and_again_but_not_each() -> None:
    world = treating()
    lifts(world, 2, 500)
    assert not world.session.loose()
    assert "loose" not in world.cues
    lifts(world, 1, 500)
    assert world.session.loose()
    assert world.cues.count("loose") == 1
    lifts(world, 18, 500)
    assert world.cues.count("loose") == 1
    lifts(world, 4, 500)
    assert world.cues.count("loose") == 2
    for _ in range(100):
        world.do(("tick", 100))
    assert not world.session.loose()
    assert world.session.lifts == 25


def test_lifts_now_and_then_are_gliding() -> None:
    world = treating()
    lifts(world, 3, 5200)
    assert world.session.lifts == 3
    assert "loose" not in world.cues


def test_lifts_of_the_session_before_do_not_count() -> None:
    world = treating()
    lifts(world, 3, 500)
    world.do(("press", "mode_down"))
    world.do(("press", "plus"))
    assert not world.session.loose()
    world.do(("contact", contact.GOOD, True))
    world.do(("settle",))
    lifts(world, 2, 500)
    assert world.cues.count("loose") == 1


@pytest.mark.parametrize(("event", "end"), [("finished", session.DONE), ("battery_low", session.LOW_BATTERY)])
def test_a_ramp_down_that_does_not_end_is_cut_short(event: str, end: str) -> None:
    world = treating()
    world.do(("event", event))
    for _ in range(limits.RAMP_DOWN_MAX_MS // 20 - 1):
        world.do(("contact", contact.GOOD, True))
        world.do(("tick", 20))
    assert world.session.state == session.RAMP_DOWN
    world.do(("tick", 20))
    assert world.session.state == end
    assert world.output.flows == "off"


def test_a_cell_with_too_little_for_a_session_starts_none_and_says_so() -> None:
    world = World()
    world.do(("event", "ready"))
    world.session.can_start = False
    world.do(("press", "plus"))
    assert world.session.state == STANDBY
    assert world.cues == ["low"]
    world.session.can_start = True
    world.do(("press", "plus"))
    assert world.session.state == session.ARMED


def test_dry_skin_pauses_after_three_seconds_and_not_before() -> None:
    world = treating()
    world.do(("contact", contact.POOR, True))
    assert world.cues[-1] == "dry"
    for _ in range(149):
        world.do(("tick", 20))
    assert world.session.state in TREATING
    world.do(("tick", 20))
    assert world.session.state == session.PAUSED


def test_dry_spots_between_good_ones_do_not_add_up() -> None:
    world = treating()
    for _ in range(4):
        world.do(("contact", contact.POOR, True))
        world.do(("tick", 1000))
        world.do(("contact", contact.GOOD, True))
    assert world.session.state in TREATING


def test_electrodes_that_touch_are_allowed_and_not_counted() -> None:
    world = treating()
    before = world.session.counted_ms
    world.do(("contact", contact.SHORT, True))
    world.do(("tick", 2000))
    assert world.session.state == session.TREAT
    assert world.session.counted_ms == before


def run(world: World, ms: int) -> None:
    for _ in range(ms // 20):
        world.do(("contact", contact.GOOD, True))
        world.do(("settle",))
        world.do(("tick", 20))


def test_a_whole_session_takes_its_time_and_cues_each_zone() -> None:
    world = treating()
    run(world, 15_500)
    assert world.session.state == session.DONE
    assert world.session.counted_ms == 15_000
    assert [cue for cue in world.cues if cue in preset.SIDES] == ["left"] * 3
    assert world.cues.count("cue") == 3
    assert world.cues[-1] == "done"
    world.do(("press", "plus"))
    assert (world.session.state, world.session.level) == (STANDBY, 0)


def test_a_zone_with_another_waveform_ramps_anew_and_the_same_one_does_not() -> None:
    world = treating()
    world.do(("tick", 5000))
    assert world.session.zone == 1
    assert world.output.calls == []
    world.do(("tick", 5000))
    assert world.session.zone == 2
    assert world.output.calls[-1] == ("treat", 3)


def test_an_empty_battery_ramps_down_and_then_says_so() -> None:
    world = treating()
    world.do(("event", "battery_low"))
    assert world.session.state == session.RAMP_DOWN
    world.do(("press", "plus"))
    world.do(("settle",))
    world.do(("tick", 20))
    assert world.session.state == session.LOW_BATTERY


def test_the_longest_session_ends_even_when_it_never_stands_still() -> None:
    world = treating()
    for _ in range(20 * 60):
        world.do(("contact", contact.SHORT, True))
        world.do(("press", "minus"))
        world.do(("press", "plus"))
        world.do(("tick", 1000))
    assert world.session.state not in TREATING


def gliding(cue_s: int, lift_every_ms: int, lifted_ms: int, pause: tuple[Any, ...]) -> tuple[World, list[int]]:
    """A zone of a minute with a pause again and again: (world, treated ms at each cue)."""
    waveform = PRESETS[0].zones[0].waveform
    presets = [
        preset.Preset("g", "G", 400, 500, [preset.Zone("cheek", "left", n, 35, cue_s, None, waveform) for n in "zy"])
    ]
    world = World()
    cued: list[int] = []
    world.session = Session(presets, world.output, world._log, lambda kind: heard(kind))

    def heard(kind: str) -> None:
        if kind == "cue" or (kind == "left" and world.session.counted_ms):
            cued.append(world.session.counted_ms)

    world.do(("event", "ready"))
    world.do(("press", "plus"))
    since = 0
    while world.session.counted_ms < 60_000:
        assert world.session.state in ACTIVE
        since += 20
        if since % lift_every_ms >= lifted_ms:
            if world.session.state == session.PAUSED and not world.session.level:
                world.do(("press", "plus"))
            world.do(("contact", contact.GOOD, True))
        elif world.session.state in TREATING:
            world.do(pause)
        world.do(("settle",))
        world.do(("tick", 20))
    return world, cued


@pytest.mark.parametrize("cue_s", [3, 5, 30])
@pytest.mark.parametrize(("every_ms", "for_ms"), [(2900, 300), (4500, 300), (4500, 20)])
@pytest.mark.parametrize("pause", [("contact", contact.OPEN, False), ("event", "dry"), ("press", "minus")])
def test_cues_go_by_treated_time_whatever_pauses(
    cue_s: int, every_ms: int, for_ms: int, pause: tuple[Any, ...]
) -> None:
    _, cued = gliding(cue_s, every_ms, for_ms, pause)
    assert 35_000 in cued  # the next zone, which begins anew
    gaps = [b - a for a, b in zip([0, *cued], cued, strict=False)]
    assert all(abs(gap - 1000 * cue_s) <= 20 or b == 35_000 for gap, b in zip(gaps, cued, strict=True))


def test_twenty_minutes_are_told_apart_from_done() -> None:
    world = treating()
    world.do(("event", "expired"))
    assert (world.session.state, world.session.expired, world.cues[-1]) == (session.DONE, True, "expired")
    world = treating()
    run(world, 15_500)
    assert (world.session.state, world.session.expired, world.cues[-1]) == (session.DONE, False, "done")
    # Its last zone had ended: it is done.
    world = treating()
    world.do(("event", "finished"))
    world.do(("event", "expired"))
    assert (world.session.state, world.session.expired, world.cues[-1]) == (session.DONE, False, "done")


def test_a_low_cell_is_told_after_it_was_heard_and_seen_that_it_is_done() -> None:
    world = treating()
    run(world, 15_500)
    done_ms = world.now
    while world.session.state == session.DONE:
        world.do(("event", "battery_low"))
        world.do(("tick", 20))
    assert world.session.state == session.LOW_BATTERY
    assert world.now - done_ms >= limits.DONE_SHOWN_MS - 1000
    assert world.cues[-2:] == ["done", "low"]


@pytest.mark.parametrize("end", [("contact", contact.OPEN, False), ("settle",)])
def test_what_an_empty_cell_ends_is_never_done(end: tuple[Any, ...]) -> None:
    world = treating()
    world.do(("event", "battery_low"))
    world.do(end)
    world.do(("tick", 20))
    assert world.session.state == session.LOW_BATTERY
    assert "done" not in world.cues


def test_minus_at_level_zero_is_nothing_and_held_no_sign_of_life() -> None:
    world = treating(1)
    world.do(("press", "minus"))
    world.cues.clear()
    for _ in range(limits.IDLE_OFF_MS // 250 + 1):
        world.do(("press", "minus_more"))
        world.do(("tick", 250))
    assert world.cues == []
    assert world.session.state == OFF


def test_choosing_goes_round_and_resets_the_level() -> None:
    world = World()
    world.do(("event", "ready"))
    modes = []
    for _ in range(4):
        world.do(("press", "mode"))
        modes.append(world.session.mode)
    assert modes == [1, 0, 1, 0]


class Machine(RuleBasedStateMachine):
    """Any order of everything, in small steps of time, for long."""

    @initialize()
    def power_up(self) -> None:
        self.world = World()
        self.world.do(("event", "ready"))

    @rule(gesture=st.sampled_from(("plus", "plus", "plus", "minus", "mode", "mode_down")))
    def press(self, gesture: str) -> None:
        self.world.do(("press", gesture))

    @rule(kind=st.sampled_from((*CLASSES, contact.GOOD, contact.GOOD)), ready=st.sampled_from((True, True, False)))
    def touch(self, kind: str, ready: bool) -> None:
        self.world.do(("contact", kind, ready))

    @rule(ms=st.sampled_from((10, 20, 20, 50, 500, 2500, 60_000)), times=st.integers(1, 20))
    def wait(self, ms: int, times: int) -> None:
        for _ in range(times):
            self.world.do(("tick", ms))

    @rule()
    def settle(self) -> None:
        self.world.do(("settle",))

    @rule(name=st.sampled_from(("usb_in", "usb_out", "usb_out", "battery_low", "stop", "ready", "expired")))
    def happen(self, name: str) -> None:
        self.world.do(("event", name))

    @rule(name=st.sampled_from(("fault", "power_off", "other")))
    def end(self, name: str) -> None:
        if name != "other":
            self.world.clone().do(("event", name))

    @invariant()
    def off_unless_active(self) -> None:
        if hasattr(self, "world"):
            assert (self.world.output.flows == "off") == (self.world.session.state not in ACTIVE)


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestMachine = Machine.TestCase


# Strokes, the cap, and zones that are left out.


def of_zones(*zones: preset.Zone) -> World:
    """A world with one preset of these zones, treating."""
    world = World()
    world.session = Session(
        [preset.Preset("s", "S", 400, 500, list(zones))], world.output, world._log, world.cues.append
    )
    world.do(("event", "ready"))
    world.do(("press", "plus"))
    world.do(("contact", contact.GOOD, True))
    world.do(("settle",))
    return world


def zone(side: str = "left", duration_s: int = 20, stroke: tuple[int, int] | None = None) -> preset.Zone:
    return preset.Zone("jaw", side, "jaw", duration_s, 5, stroke, PRESETS[0].zones[0].waveform)


@pytest.mark.parametrize(("glide_s", "hold_s"), [(3, 1), (1, 5), (10, 0), (1, 0), (2, 2)])
def test_strokes_are_ticked_glide_and_hold_from_the_zones_beginning(glide_s: int, hold_s: int) -> None:
    world = of_zones(zone(stroke=(glide_s, hold_s)), zone("right"))
    heard: list[tuple[int, str]] = []
    while world.session.zone == 0:
        world.cues.clear()
        world.do(("tick", 20))
        heard += [(world.session.counted_ms, cue) for cue in world.cues if cue in ("cue", "hold")]
    times = range(0, 20_000, 1000 * (glide_s + hold_s))
    wanted = [(t, "cue") for t in times if t] + [(t + 1000 * glide_s, "hold") for t in times if hold_s]
    assert heard == sorted(entry for entry in wanted if entry[0] < 20_000)
    world.do(("tick", 5000))
    assert world.cues[-1] == "cue"  # the next zone has none: cue_s again


@given(st.integers(1, limits.LEVELS), st.lists(st.sampled_from(["plus", "minus", "chord", "minus_more"]), max_size=40))
def test_no_level_is_above_the_cap(cap: int, gestures: list[str]) -> None:
    world = of_zones(zone(duration_s=600))
    world.session.cap = cap
    for gesture in gestures:
        world.do(("press", gesture))
        assert world.session.level <= cap
    while world.session.level < cap and world.session.state in ACTIVE:
        world.do(("press", "plus"))
    level = world.session.level
    world.do(("press", "plus"))
    assert world.session.level == level or world.session.state == session.ARMED
    if world.session.level == cap:
        assert world.cues[-1] == "top"


def test_what_is_left_out_is_not_counted_and_the_next_zone_has_its_whole_time() -> None:
    world = of_zones(zone(), zone("right"), zone("middle"))
    run(world, 7000)
    world.do(("press", "chord_long"))
    assert (world.session.zone, world.session.skipped, world.session.counted_ms) == (1, [1], 7000)
    assert world.cues[-1] == "right"
    run(world, 19_900)
    assert world.session.zone == 1
    run(world, 200)
    assert (world.session.zone, world.cues[-1]) == (2, "middle")
    world.do(("press", "chord_long"))
    assert world.session.state == session.RAMP_DOWN
    assert world.session.skipped == [1, 3]
    run(world, 1000)
    assert world.session.state == session.DONE
    assert world.session.counted_ms == 27_100


def test_the_zone_is_shown_when_contact_returns_and_said_when_it_begins() -> None:
    world = of_zones(zone(), zone("right"))
    assert [cue for cue in world.cues if cue in ("left", "here")] == ["left", "here"]
    world.cues.clear()
    world.do(("contact", contact.OPEN, False))
    world.do(("contact", contact.GOOD, True))
    assert world.cues == ["here"]


def test_the_sound_is_chosen_only_by_a_press_that_began_while_choosing() -> None:
    world = World()
    world.do(("event", "ready"))
    world.do(("press", "minus"))
    world.do(("press", "minus_long"))
    assert world.cues == ["sound"]
    world.do(("press", "plus"))
    world.do(("press", "minus"))
    assert world.session.state == STANDBY
    world.do(("press", "minus_long"))
    assert "sound" not in world.cues[1:]


def test_ticks_are_switched_only_by_a_chord_that_began_while_choosing() -> None:
    world = World()
    world.do(("event", "ready"))
    for gesture in ("minus", "chord", "chord_long"):
        world.do(("press", gesture))
    assert world.cues == ["haptic"]
    world.do(("press", "plus"))
    for gesture in ("minus", "chord", "chord_long"):  # at level 1: MINUS ends the session
        world.do(("press", gesture))
    assert world.session.state == STANDBY
    assert "haptic" not in world.cues[1:]
