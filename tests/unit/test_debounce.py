"""The contacts of the buttons, microsecond by microsecond: what counts, whatever beats with the ticks."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest
from hand import MINUS, MODE, NONE, PLUS, Contacts, Hand
from hypothesis import given, settings
from hypothesis import strategies as st
from tonus import debounce, limits

BUTTONS = (MODE, PLUS, MINUS)
SHORT_MS = limits.DEBOUNCE_MS - 0.001
Script = list[tuple[float, float]]  # ms closed, ms open


def late(seed: int) -> random.Random:
    return random.Random(seed)


def hand(seed: int) -> Hand:
    """Ticks up to 0.3 ms late, each by another time; all contacts open for a while."""
    rng = late(seed)
    found = Hand(late_us=lambda n: rng.randrange(300))
    found.hold(NONE, 700 + rng.random())
    return found


def spans(least: float, most: float) -> st.SearchStrategy[float]:
    return st.integers(round(1000 * least), round(1000 * most)).map(lambda us: us / 1000)


def play(hand: Hand, contacts: Contacts, script: Script) -> None:
    for closed_ms, open_ms in script:
        hand.hold(contacts, closed_ms)
        hand.hold(NONE, open_ms)


@given(
    st.sampled_from(BUTTONS),
    st.lists(st.tuples(spans(0.02, SHORT_MS), spans(0.02, 40)), min_size=1, max_size=60),
    st.integers(0, 1 << 30),
)
@settings(max_examples=150, deadline=None)
def test_nothing_shorter_than_the_debounce_counts(contacts: Contacts, script: Script, seed: int) -> None:
    fingers = hand(seed)
    play(fingers, contacts, script)
    fingers.hold(NONE, 300)
    assert fingers.gestures == []
    assert [fingers.contacts.presses(i) for i in range(3)] == [0, 0, 0]


@pytest.mark.parametrize("contacts", BUTTONS)
@pytest.mark.parametrize("open_us", [20, 500, 999, 1000, 1001, 3700])
@pytest.mark.parametrize("period_ms", [6, 7, 9.7, 10, 14.9])
def test_chatter_that_beats_with_the_ticks_does_not_count(contacts: Contacts, open_us: int, period_ms: float) -> None:
    """An opening that always falls between the same two ticks is never looked at: the pin's edges tell."""
    for begun_us in range(0, 1000, 170):
        fingers = Hand()
        fingers.hold(NONE, 20 + begun_us / 1000)
        play(fingers, contacts, [(period_ms - open_us / 1000, open_us / 1000)] * 40)
        fingers.hold(NONE, 100)
        assert fingers.gestures == []


ANY = st.lists(
    st.tuples(st.one_of(spans(0.02, 60), spans(30, 200)), st.one_of(spans(0.02, 60), spans(30, 200))), max_size=40
)


@given(ANY, st.integers(0, 1 << 30))
@settings(max_examples=150, deadline=None)
def test_plus_counts_no_faster_than_a_finger_and_only_at_rest(script: Script, seed: int) -> None:
    fingers = hand(seed)
    counted: list[float] = []
    for closed_ms, open_ms in script:
        before = fingers.contacts.presses(debounce.PLUS)
        began = fingers.now_us / 1000
        fingers.hold(PLUS, closed_ms)
        if fingers.contacts.presses(debounce.PLUS) > before:
            assert fingers.contacts.presses(debounce.PLUS) == before + 1
            assert closed_ms >= limits.REST_MS
            counted.append(began)
        before = fingers.contacts.presses(debounce.PLUS)
        fingers.hold(NONE, open_ms)
        assert fingers.contacts.presses(debounce.PLUS) == before
    assert all(b - a > limits.FINGER_MS - 2 for a, b in zip(counted, counted[1:], strict=False))


@given(
    st.sampled_from(BUTTONS),
    st.integers(1, 20),
    spans(45, 120),
    spans(50, 120),
    st.lists(spans(0.1, 2), min_size=1, max_size=5),
    st.integers(0, 1 << 30),
)
@settings(max_examples=100, deadline=None)
def test_a_finger_that_bounces_counts_once_a_press(
    contacts: Contacts, times: int, down_ms: float, up_ms: float, bounces: list[float], seed: int
) -> None:
    """Up to ten presses a second, each with some ms of bounce as it closes and as it opens."""
    fingers = hand(seed)
    for _ in range(times):
        for other in (contacts, NONE):
            for ms in bounces[: len(bounces) // 2 * 2]:
                fingers.hold(contacts, ms / 2)
                fingers.hold(NONE, ms / 2)
            fingers.hold(other, down_ms if other == contacts else up_ms)
    fingers.hold(NONE, 100)
    each = {MODE: ["mode_down", "mode"], PLUS: ["plus"], MINUS: ["minus"]}[contacts]
    assert fingers.gestures == each * times
    assert fingers.buttons.stuck == []


@given(ANY, spans(18, 100), st.integers(0, 1 << 30))
@settings(max_examples=100, deadline=None)
def test_mode_down_stops_whatever_it_did_before(script: Script, ms: float, seed: int) -> None:
    fingers = hand(seed)
    play(fingers, MODE, script)
    fingers.hold(MODE, ms)
    assert fingers.stops


@given(
    st.lists(st.tuples(spans(1.4, 14), spans(0.5, 30)), min_size=60, max_size=60).filter(
        lambda script: sum(a + b for a, b in script) > limits.STOP_MS
    ),
    st.integers(0, 1 << 30),
)
@settings(max_examples=60, deadline=None)
def test_mode_that_chatters_stops_within_the_time_of_a_stop(script: Script, seed: int) -> None:
    """Closures that a tick cannot miss."""
    fingers = hand(seed)
    began = fingers.now_us
    play(fingers, MODE, script)
    assert fingers.stopped_us
    assert fingers.stopped_us[0] - began <= 1000 * limits.STOP_MS
    assert fingers.gestures == []


def test_a_spark_on_mode_does_not_stop() -> None:
    fingers = hand(1)
    for _ in range(20):
        play(fingers, MODE, [(1, 1), (0.2, 100)])
    assert fingers.stopped_us == []


@pytest.mark.parametrize("contacts", BUTTONS)
def test_ticks_that_were_held_up_and_come_all_at_once_are_no_time(contacts: Contacts) -> None:
    """A write to the flash masks interrupts for 45 ms, and the ticks of that time follow in a burst."""
    for at_ms in range(0, 60, 3):
        fingers = Hand(late_us=lambda n: max(0, 145_000 - 1000 * n) if n >= 100 else 0)
        fingers.hold(NONE, 89.5)
        fingers.hold(NONE, at_ms)
        fingers.hold(contacts, 6)
        fingers.hold(NONE, 200)
        assert fingers.gestures == []


@pytest.mark.parametrize("contacts", BUTTONS)
@pytest.mark.parametrize(
    ("closed_ms", "open_ms"), [(6, 3.7), (5, 30), (14, 1), (20, 20), (30, 16), (40, 17), (24, 60), (5, 130), (100, 100)]
)
def test_a_button_that_never_rests_is_named_ignored_and_forgiven(
    contacts: Contacts, closed_ms: float, open_ms: float
) -> None:
    fingers = hand(2)
    name = ("MODE", "PLUS", "MINUS")[BUTTONS.index(contacts)]
    times = round(20_000 / (closed_ms + open_ms))
    play(fingers, contacts, [(closed_ms, open_ms)] * times)
    assert fingers.buttons.stuck == [name]
    before = len(fingers.gestures)
    play(fingers, contacts, [(closed_ms, open_ms)] * times)
    assert set(fingers.gestures[before:]) <= {"mode_down"}  # which stops: never ignored
    fingers.hold(NONE, limits.RESTED_MS + 100)
    assert fingers.buttons.stuck == []
    before = len(fingers.gestures)
    fingers.hold(contacts, 100)
    fingers.hold(NONE, 100)
    assert fingers.gestures[before:] == {MODE: ["mode_down", "mode"], PLUS: ["plus"], MINUS: ["minus"]}[contacts]


@pytest.mark.parametrize(("closed_ms", "open_ms"), [(6, 3.7), (20, 20), (30, 1), (34, 30), (14, 9)])
def test_no_chatter_of_plus_ever_counts(closed_ms: float, open_ms: float) -> None:
    """Nor the first of it: a closure that does not rest is none of a finger."""
    fingers = hand(3)
    play(fingers, PLUS, [(closed_ms, open_ms)] * 300)
    assert fingers.gestures == []


def test_plus_and_minus_count_only_while_mode_is_up() -> None:
    for contacts in (PLUS, MINUS):
        fingers = hand(4)
        both: Contacts = (True, contacts[1], contacts[2])
        fingers.hold(MODE, 100)
        fingers.hold(both, 100)
        fingers.hold(contacts, 1000)
        fingers.hold(NONE, 100)
        assert fingers.gestures == ["mode_down", "mode"]
        fingers.hold(contacts, 50)
        fingers.hold(NONE, 50)
        assert fingers.gestures[2:] == [{PLUS: "plus", MINUS: "minus"}[contacts]]


def test_the_edges_of_each_pin_are_where_the_datasheet_has_them() -> None:
    """RP2040 2.19.6.1: INTR0 at 0x0f0 has pins 0..7, four bits each: level low, level high, edge low, edge high."""
    latched = [0] * 4

    class Memory:
        def __setitem__(self, address: int, value: int) -> None:
            latched[(address - 0x400140F0) // 4] &= ~value

    def bytearray_at(address: int, size: int) -> list[int]:
        assert (address, size) == (0x400140F0, 16)
        return latched

    machine = SimpleNamespace(mem32=Memory())
    for pins in ((20, 21, 15), (0, 3, 4), (7, 8, 29)):
        edges = debounce.Edges(machine, bytearray_at, pins)
        for i, pin in enumerate(pins):
            for bit in (2, 3):
                latched[:] = [0x33333333] * 4  # levels mean nothing
                assert not any(edges.latched[word] & bits for word, bits in edges.places)
                latched[pin // 8] |= 1 << 4 * (pin % 8) + bit
                seen = [bool(edges.latched[word] & bits) for word, bits in edges.places]
                assert seen == [n == i for n in range(3)]
                edges.forget(i)
                assert not any(edges.latched[word] & bits for word, bits in edges.places)
