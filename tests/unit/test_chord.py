"""PLUS and MINUS together: one gesture, from fingers that mean both, and never a way up."""

from __future__ import annotations

import pytest
from hand import MINUS, MODE, NONE, PLUS, Contacts, Hand
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fingers import WHERE, Device
from tonus import limits, panel, session
from tonus.session import ACTIVE

BOTH: Contacts = (False, True, True)


def together(first: Contacts, apart_ms: float, for_ms: float) -> Hand:
    hand = Hand()
    hand.hold(NONE, 100)
    hand.hold(first, apart_ms)
    hand.hold(BOTH, for_ms)
    hand.hold(NONE, 300)
    return hand


@given(st.floats(0, 100), st.sampled_from([PLUS, MINUS]), st.floats(60, 400))
@settings(max_examples=100, deadline=None)
def test_fingers_that_mean_both_make_a_chord_and_no_plus(apart_ms: float, first: Contacts, for_ms: float) -> None:
    """Whichever is first; 20 ms are what PLUS has to rest for more than MINUS."""
    hand = together(first, apart_ms, for_ms)
    if first == MINUS and apart_ms > limits.CHORD_MS - 40:
        return
    assert sorted(hand.gestures) == ["chord", "minus"]


@given(st.floats(160, 1500), st.floats(60, 1500))
@settings(max_examples=50, deadline=None)
def test_presses_apart_are_presses(apart_ms: float, for_ms: float) -> None:
    plus_first = together(PLUS, apart_ms, for_ms).gestures
    assert plus_first[:2] == ["plus", "minus"]
    assert set(plus_first) <= {"plus", "minus", "minus_more"}
    minus_first = together(MINUS, apart_ms, for_ms).gestures
    assert set(minus_first) <= {"minus", "minus_more", "minus_long"}  # what rises while MINUS is held is nobody's wish


def test_minus_acts_at_once_and_plus_waits_for_it() -> None:
    hand = Hand()
    hand.hold(NONE, 100)
    begun = hand.now
    hand.hold(MINUS, 60)
    assert hand.at[-1] - begun <= limits.DEBOUNCE_MS + 20
    hand.hold(NONE, 600)
    begun = hand.now
    hand.hold(PLUS, 400)
    assert hand.gestures == ["minus", "plus"]
    assert limits.CHORD_MS <= hand.at[-1] - begun <= limits.CHORD_MS + limits.REST_MS + 30


def test_a_short_press_of_plus_counts_when_it_ends() -> None:
    hand = Hand()
    hand.hold(NONE, 100)
    hand.hold(PLUS, 50)
    assert hand.gestures == []
    assert hand.hold(NONE, 40) == ["plus"]


@pytest.mark.parametrize("for_ms", [900, 1200, 4000])
def test_a_second_makes_one_skip_and_no_more(for_ms: int) -> None:
    hand = together(PLUS, 30, for_ms)
    assert hand.gestures.count("chord_long") == (for_ms > 1000)
    assert hand.gestures.count("chord") == 1
    assert "minus_more" not in hand.gestures
    assert "minus_long" not in hand.gestures


@pytest.mark.parametrize("held", [PLUS, MINUS])
def test_one_skip_a_press_whatever_the_other_finger_does(held: Contacts) -> None:
    hand = Hand()
    hand.hold(NONE, 100)
    hand.hold(BOTH, 1300)
    for _ in range(2):  # less than makes it a stuck one
        hand.hold(held, 300)
        hand.hold(BOTH, 1300)
    assert hand.gestures.count("chord_long") == 1
    assert "plus" not in hand.gestures


@pytest.mark.parametrize("stuck", [PLUS, MINUS])
@pytest.mark.parametrize("since_ms", [200, 1000, 6000])
def test_a_stuck_button_makes_none(stuck: Contacts, since_ms: int) -> None:
    hand = Hand()
    hand.hold(NONE, 100)
    hand.hold(stuck, since_ms)
    for _ in range(4):
        hand.hold(BOTH, 1500)
        hand.hold(stuck, 400)
    assert not {"chord", "chord_long"} & set(hand.gestures)


@pytest.mark.parametrize("stuck", [PLUS, MINUS])
def test_beside_a_stuck_button_the_other_works_alone(stuck: Contacts) -> None:
    hand = Hand(stuck)
    hand.hold(stuck, limits.STUCK_MS + 200)
    other = MINUS if stuck == PLUS else PLUS
    hand.hold(BOTH, 300)
    hand.hold(stuck, 300)
    assert hand.gestures == [panel.BUTTONS[other.index(True)].lower()]


def test_mode_takes_a_press_of_plus_back() -> None:
    hand = Hand()
    hand.hold(NONE, 100)
    hand.hold(PLUS, 60)
    hand.hold((True, True, False), 60)
    hand.hold(NONE, 300)
    assert "plus" not in hand.gestures
    hand.hold(BOTH, 300)
    hand.hold((True, True, True), 1200)
    hand.hold(NONE, 300)
    assert "chord_long" not in hand.gestures


@given(
    st.lists(
        st.tuples(st.sampled_from([NONE, PLUS, MINUS, BOTH, MODE, (True, True, False)]), st.integers(1, 1500)),
        max_size=12,
    )
)
@settings(max_examples=150, deadline=None)
def test_no_script_of_fingers_skips_twice_in_a_press_or_rises_by_a_chord(script: list[tuple[Contacts, int]]) -> None:
    hand = Hand()
    presses = 0
    was = NONE
    for contacts, ms in script:
        presses += contacts[1] and not was[1]
        was = contacts
        hand.hold(contacts, ms)
    hand.hold(NONE, 300)
    found = hand.gestures
    assert found.count("plus") + found.count("chord") <= presses
    assert found.count("chord_long") <= found.count("chord")


@pytest.mark.parametrize("first", [PLUS, MINUS])
@pytest.mark.parametrize("state", WHERE)
def test_a_chord_in_every_state(state: str, first: Contacts) -> None:
    """It never raises, arms or starts; held, it leaves one zone out of a session."""
    device = Device()
    device.go(state)
    assert device.state == state
    level, active = device.session.level, state in ACTIVE
    device.cues.clear()
    device.hold(first, 30)
    device.hold(BOTH, 300)
    assert device.session.level <= level
    assert device.state == state or device.session.level == 0
    if active:
        assert device.cues[-1] == "left" or device.cues == ["level", "left"]
    assert device.session.skipped == []
    device.hold(BOTH, 3000)
    device.hold(NONE, 300)
    assert device.session.skipped == ([1] if active else [])
    assert device.session.level <= level
    if not active:
        assert device.state == state
        assert device.cues == (["haptic"] if state == session.STANDBY else [])


@pytest.mark.parametrize("state", [session.ARMED, session.TREAT, session.PAUSED])
def test_every_zone_can_be_left_out(state: str) -> None:
    device = Device()
    device.go(state)
    zones = len(device.session.preset.zones)
    for n in range(zones):
        assert device.state in ACTIVE
        device.session.press("chord_long")
        assert device.session.skipped == list(range(1, n + 2))
    device.hold(NONE, 1500)
    assert device.state == (session.STANDBY if state == session.ARMED else session.DONE)
    assert device.cues[-1] == ("stop" if state == session.ARMED else "done")
