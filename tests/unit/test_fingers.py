"""Fingers, sleeves and worn contacts on a session: any combination of the three buttons, in every state."""

from __future__ import annotations

from typing import Any

import pytest
from hand import MINUS, MODE, NONE, PLUS, Contacts, Hand
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from test_session import PRESETS, Output
from tonus import contact, limits, session
from tonus.session import ACTIVE, OFF, STANDBY, TREATING, Session

NAMES = ("MODE", "PLUS", "MINUS")
_STEP_MS = 10


class Device:
    """Buttons and session, put together as the application does; the interrupt's stop, and skin or air."""

    def __init__(self, held: Contacts = NONE) -> None:
        self.output = Output()
        self.cues: list[str] = []
        self.logs: list[tuple[str, dict[str, Any]]] = []
        self.session = Session(PRESETS, self.output, lambda e, f: self.logs.append((e, f)), self.cues.append)
        self.hand = Hand(held)
        self.skin = False
        self.fault = False
        self.session.event("ready")

    def feed(self, gestures: list[str]) -> None:
        """`App._panel_task`."""
        current = self.session
        for gesture in gestures:
            stops = gesture == "mode_down" and current.state in ACTIVE
            current.press(gesture)
            if stops:
                self.hand.buttons.swallow_mode()
                break
        if self.hand.buttons.mode_stuck(self.hand.now) and not self.fault:
            self.fault = True
            current.event("fault")

    def step(self, gestures: list[str]) -> None:
        self.feed(gestures)
        current, output = self.session, self.output
        if self.hand.stops and output.flows != "off":  # `Pulse._run`, `App._cut`
            output.off()
            current.event("stop")
            self.hand.buttons.swallow_mode()
        if current.state in ACTIVE:
            current.contact(contact.GOOD if self.skin else contact.OPEN, True)
            output.ramped = True
        current.tick(self.hand.now)

    def hold(self, contacts: Contacts, ms: int) -> None:
        for _ in range(max(ms // _STEP_MS, 1)):
            self.step(self.hand.hold(contacts, _STEP_MS))

    def leave(self, ms: int) -> None:
        self.hold((self.hand.closed[0], self.hand.closed[1], self.hand.closed[2]), 100)
        for _ in range(ms // 100):
            for _ in range(10):
                self.step(self.hand.leave(_STEP_MS))

    def chatter(self, contacts: Contacts, closed_ms: float, open_ms: float, ms: int) -> None:
        for _ in range(round(ms / (closed_ms + open_ms))):
            for now, span in ((contacts, closed_ms), (NONE, open_ms)):
                self.step(self.hand.hold(now, span))

    def go(self, state: str) -> None:
        """To a state, by the fingers."""
        self.hold(NONE, 100)
        if state == STANDBY:
            return
        self.hold(PLUS, 60)
        self.hold(NONE, 100)
        self.hold(PLUS, 60)
        self.hold(NONE, 100)
        if state == session.ARMED:
            return
        self.skin = True
        self.hold(NONE, 1000)
        if state == session.PAUSED:
            self.skin = False
        if state == session.DONE:
            self.hold(NONE, 16_000)
        self.hold(NONE, 40)

    @property
    def state(self) -> str:
        return self.session.state


EVERY: list[Contacts] = [(bool(n & 1), bool(n & 2), bool(n & 4)) for n in range(8)]
WHERE = (STANDBY, session.ARMED, session.TREAT, session.PAUSED, session.DONE)


def name(contacts: Contacts) -> str:
    return "+".join(n for n, held in zip(NAMES, contacts, strict=True) if held) or "none"


@pytest.mark.parametrize("state", WHERE)
@pytest.mark.parametrize("held", EVERY, ids=name)
def test_held_for_ever_the_device_switches_itself_off(held: Contacts, state: str) -> None:
    device = Device()
    device.go(state)
    assert device.state == state
    device.skin = False
    device.hold(held, 6000)
    device.leave(limits.IDLE_OFF_MS + limits.DONE_OFF_MS)
    assert device.state == OFF
    assert device.output.flows == "off"


@pytest.mark.parametrize("held", EVERY, ids=name)
def test_stuck_from_the_start(held: Contacts) -> None:
    device = Device(held)
    device.skin = True
    device.hold(held, 5200)
    assert device.hand.buttons.stuck == [n for n, down in zip(NAMES, held, strict=True) if down]
    assert device.state == (session.FAULT if held[0] else STANDBY)
    device.leave(limits.IDLE_OFF_MS)
    assert device.state == OFF
    assert all(e != "level" for e, _ in device.logs)


@pytest.mark.parametrize("state", WHERE)
@pytest.mark.parametrize("held", EVERY, ids=name)
def test_stuck_later_is_named(held: Contacts, state: str) -> None:
    device = Device()
    device.go(state)
    device.hold(held, 6000)
    assert sorted(device.hand.buttons.stuck) == [n for n, down in sorted(zip(NAMES, held, strict=True)) if down]
    if held[0]:
        assert device.state == OFF  # MODE long


@pytest.mark.parametrize("early", [True, False])
def test_plus_before_mode_is_up_arms_nothing(early: bool) -> None:
    device = Device()
    device.go(STANDBY)
    device.hold(MODE, 100)
    device.hold((True, True, False), 60)
    device.hold(PLUS if early else MODE, 60)
    device.hold(NONE, 200)
    assert device.state == STANDBY
    assert device.session.mode == 1
    device.hold(PLUS, 60)
    device.hold(NONE, 60)
    assert device.state == session.ARMED


@pytest.mark.parametrize("other", [PLUS, MINUS, (False, True, True)], ids=name)
@pytest.mark.parametrize("state", ACTIVE)
def test_mode_stops_beside_any_other(other: Contacts, state: str) -> None:
    device = Device()
    device.go(session.TREAT if state in TREATING else state)
    if state == session.RAMP_DOWN:
        device.session.event("battery_low")
        assert device.state == state
    both: Contacts = (True, other[1], other[2])
    device.hold(other, 300)
    was_active = device.state in ACTIVE
    device.hold(both, 60)
    assert device.state not in ACTIVE
    device.hold(other, 1000)
    device.hold(NONE, 300)
    assert device.state not in ACTIVE
    assert not was_active or device.session.mode == 0


@pytest.mark.parametrize(("closed_ms", "open_ms"), [(6, 3.7), (5, 30), (14, 1), (9, 14), (20, 20), (30, 25), (13, 2)])
@pytest.mark.parametrize("contacts", [MODE, PLUS, MINUS], ids=name)
def test_chatter_on_skin_starts_nothing(contacts: Contacts, closed_ms: float, open_ms: float) -> None:
    device = Device()
    device.go(STANDBY)
    device.skin = True
    device.chatter(contacts, closed_ms, open_ms, 20_000)
    assert device.state == STANDBY
    assert device.hand.buttons.stuck == [name(contacts)]
    device.leave(limits.RESTED_MS + 100)
    assert device.hand.buttons.stuck == []


@pytest.mark.parametrize(("closed_ms", "open_ms"), [(6, 3.7), (5, 30), (14, 1), (9, 14), (13, 2)])
def test_chatter_in_a_session(closed_ms: float, open_ms: float) -> None:
    for contacts in (PLUS, MINUS):
        device = Device()
        device.go(session.TREAT)
        level = device.session.level
        device.chatter(contacts, closed_ms, open_ms, 3000)
        assert (device.state in TREATING, device.session.level) == (True, level)
    device = Device()
    device.go(session.TREAT)
    device.chatter(MODE, closed_ms, open_ms, limits.STOP_MS)
    device.hold(NONE, 20)
    assert device.state == STANDBY
    device.chatter(MODE, closed_ms, open_ms, 2000)
    assert device.hand.buttons.stuck == ["MODE"]
    device.hold(PLUS, 60)  # at once: MODE could not be trusted to stop
    assert device.state == STANDBY


@pytest.mark.parametrize("button", [PLUS, MINUS, MODE], ids=name)
def test_a_slow_chatter_that_goes_on_does_not_keep_the_device_on(button: Contacts) -> None:
    device = Device()
    device.go(STANDBY)
    device.chatter(button, 110, 130, limits.IDLE_OFF_MS + limits.RESTLESS_MAX_MS + 5000)
    assert device.state == OFF


def test_minus_held_goes_down_to_the_pause_and_no_further() -> None:
    device = Device()
    device.go(session.TREAT)
    device.cues.clear()
    device.hold(MINUS, 4000)
    assert (device.state, device.session.level) == (session.PAUSED, 0)
    assert device.cues == ["level", "level"]


class Fingers(RuleBasedStateMachine):
    """Buttons go down, come up and chatter, in any order and for any time, on skin and off it."""

    @initialize(held=st.sampled_from(EVERY))
    def power_up(self, held: Contacts) -> None:
        self.device = Device(held)
        self.held = list(held)
        self.mode_ms = 0  # for so long MODE is down
        self.may_rise = 0  # presses of PLUS that may still raise the level by one
        self.device.hold(held, 50)

    def _play(self, ms: int) -> None:
        device = self.device
        held: Contacts = (self.held[0], self.held[1], self.held[2])
        for _ in range(max(ms // _STEP_MS, 1)):
            level = device.session.level
            device.hold(held, _STEP_MS)
            self.mode_ms = self.mode_ms + _STEP_MS if held[0] else 0
            if device.session.level > level:
                assert device.session.level == level + 1
                assert self.may_rise == 1
                self.may_rise = 0

    @rule(i=st.integers(0, 2), ms=st.integers(20, 400))
    def move(self, i: int, ms: int) -> None:
        """A button changes, and stays so for some time."""
        self.held[i] = not self.held[i]
        if i == 1 and self.held[1]:  # told when it comes up, or a little later
            self.may_rise = int(not self.held[0])
        if i == 0 and self.held[0]:
            self._play(20)  # what went down just before may still count
            self.may_rise = 0
        self._play(ms)

    @rule(ms=st.sampled_from((50, 300, 1000, 2500, 6000)))
    def wait(self, ms: int) -> None:
        self._play(ms)

    @rule(i=st.integers(0, 2), closed=st.integers(1, 14), opened=st.integers(1, 30), times=st.integers(1, 60))
    @precondition(lambda self: not any(self.held))
    def chatter(self, i: int, closed: int, opened: int, times: int) -> None:
        self._play(60)  # what came up just before may still count
        level = self.device.session.level
        self.device.chatter((MODE, PLUS, MINUS)[i], closed, opened, times * (closed + opened))
        self.may_rise = 0
        assert self.device.session.level in (0, level)

    @rule(skin=st.booleans())
    def touch(self, skin: bool) -> None:
        self.device.skin = skin

    @rule()
    def ready(self) -> None:
        """Off is off; the next one has been switched on."""
        if self.device.state in (OFF, session.FAULT):
            self.power_up(NONE)

    @invariant()
    def mode_down_is_stopped(self) -> None:
        if hasattr(self, "device") and self.mode_ms >= limits.STOP_MS:
            assert self.device.output.flows == "off"
            assert self.device.state not in ACTIVE

    @invariant()
    def mode_held_is_off(self) -> None:
        """MODE long, or from the start a fault."""
        if hasattr(self, "device") and self.mode_ms >= limits.STUCK_MS + 200:
            assert self.device.state in (OFF, session.FAULT)


Fingers.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestFingers = Fingers.TestCase
