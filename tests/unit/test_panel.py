"""The panel: gestures from contacts, and what the lights and sounds of a moment mean."""

from __future__ import annotations

import pytest
from hand import MINUS, MODE, NONE, PLUS, Contacts, Hand
from hypothesis import given, settings
from hypothesis import strategies as st
from tonus import contact, faults, limits, moments, panel, session


def test_a_short_press_of_each_button() -> None:
    hand = Hand()
    for contacts in (MODE, PLUS, MINUS):
        hand.hold(contacts, 200)
        hand.hold(NONE, 200)
    assert hand.gestures == ["mode_down", "mode", "plus", "minus"]


@pytest.mark.parametrize("contacts", [MODE, PLUS, MINUS])
def test_a_contact_that_bounces_is_one_press(contacts: Contacts) -> None:
    hand = Hand()
    for _ in range(5):
        hand.hold(contacts, 4)
        hand.hold(NONE, 3)
    assert hand.gestures == []
    hand.hold(contacts, 100)
    for _ in range(5):
        hand.hold(NONE, 4)
        hand.hold(contacts, 3)
    hand.hold(NONE, 100)
    assert hand.gestures == {MODE: ["mode_down", "mode"], PLUS: ["plus"], MINUS: ["minus"]}[contacts]


@pytest.mark.parametrize("contacts", [MODE, PLUS, MINUS])
def test_noise_shorter_than_the_debounce_is_nothing(contacts: Contacts) -> None:
    hand = Hand()
    hand.hold(NONE, 20)
    for _ in range(50):
        hand.hold(contacts, limits.DEBOUNCE_MS - 1)
        hand.hold(NONE, 5)
    assert hand.gestures == []


@pytest.mark.parametrize("contacts", [MODE, PLUS, MINUS])
def test_a_press_is_not_lost_while_the_foreground_is_held_up(contacts: Contacts) -> None:
    hand = Hand()
    hand.hold(NONE, 200)
    hand.away(150)
    hand.hold(contacts, 50)
    hand.hold(NONE, 90)
    assert hand.gestures == []
    hand.hold(NONE, 100)
    assert hand.gestures == {MODE: ["mode_down", "mode"], PLUS: ["plus"], MINUS: ["minus"]}[contacts]


def test_a_press_is_seen_within_a_few_looks() -> None:
    hand = Hand()
    pressed = hand.now
    hand.hold(MODE, 100)
    assert hand.at[0] - pressed <= limits.DEBOUNCE_MS + 12


def test_a_long_press_is_long_once_and_its_release_is_nothing() -> None:
    hand = Hand()
    pressed = hand.now
    hand.hold(MODE, 4000)
    hand.hold(NONE, 200)
    assert hand.gestures == ["mode_down", "mode_long"]
    assert 1500 <= hand.at[1] - pressed <= 1550
    hand.hold(MODE, 100)
    hand.hold(NONE, 100)
    assert hand.gestures[2:] == ["mode_down", "mode"]


def test_a_long_press_late_in_a_session_is_not_a_stuck_button() -> None:
    hand = Hand()
    hand.hold(NONE, 60_000)
    hand.hold(MODE, 3000)
    assert hand.gestures == ["mode_down", "mode_long"]
    assert hand.buttons.stuck == []


def test_minus_held_goes_down_and_plus_held_does_not_go_up() -> None:
    hand = Hand()
    assert hand.hold(PLUS, 5000) == ["plus"]
    hand.hold(NONE, 100)
    start = hand.now
    gestures = hand.hold(MINUS, 2000)
    assert gestures == ["minus"] + ["minus_more"] * (len(gestures) - 1)
    times = [t - start for t in hand.at[1:]]
    assert 600 <= times[1] - times[0] <= 620
    assert all(250 <= b - a <= 260 for a, b in zip(times[1:], times[2:], strict=False))
    assert len(gestures) == 1 + 1 + (2000 - times[1] - 1) // 250
    assert hand.hold(NONE, 1000) == []


@pytest.mark.parametrize("i", [0, 1, 2])
def test_a_button_held_at_the_start_means_nothing_until_it_comes_up(i: int) -> None:
    contacts = (MODE, PLUS, MINUS)[i]
    hand = Hand(contacts)
    hand.hold(contacts, 4900)
    assert hand.gestures == []
    assert hand.buttons.stuck == []
    hand.hold(NONE, 100)
    hand.hold(contacts, 100)
    hand.hold(NONE, 100)
    assert hand.gestures == [["mode_down", "mode"], ["plus"], ["minus"]][i]
    assert hand.buttons.stuck == []


@pytest.mark.parametrize("i", [0, 1, 2])
def test_a_button_stuck_from_the_start_is_reported_and_ignored_and_forgiven(i: int) -> None:
    contacts = (MODE, PLUS, MINUS)[i]
    hand = Hand(contacts)
    hand.hold(contacts, 5100)
    assert hand.buttons.stuck == [panel.BUTTONS[i]]
    hand.hold(contacts, 60_000)
    assert hand.gestures == []
    assert hand.buttons.stuck == [panel.BUTTONS[i]]
    # The others work beside it, but PLUS not beside a MODE that cannot stop.
    other = (i + 1) % 3
    both = tuple(n in (i, other) for n in range(3))
    hand.hold((both[0], both[1], both[2]), 100)
    assert hand.gestures == [[], ["minus"], ["mode_down"]][i]
    hand.hold(contacts, 100)
    before = len(hand.gestures)
    hand.hold(NONE, limits.RESTED_MS + 100)
    assert hand.buttons.stuck == []
    hand.hold(contacts, limits.CHORD_MS + 100)
    assert hand.gestures[before:] == [["mode_down"], ["plus"], ["minus"]][i]


def test_a_press_that_has_done_its_work_is_swallowed() -> None:
    hand = Hand()
    assert hand.hold(MODE, 100) == ["mode_down"]
    hand.buttons.swallow_mode()
    assert hand.hold(NONE, 100) == []
    hand.hold(MODE, 100)
    assert hand.hold(NONE, 100) == ["mode"]


def test_a_swallowed_press_held_on_is_still_long() -> None:
    hand = Hand()
    hand.hold(MODE, 100)
    hand.buttons.swallow_mode()
    assert hand.hold(MODE, 2000) == ["mode_long"]
    assert hand.hold(NONE, 100) == []


def test_another_button_does_not_bring_a_swallowed_press_back() -> None:
    hand = Hand()
    hand.hold(MODE, 100)
    hand.buttons.swallow_mode()
    hand.hold((True, False, True), 100)
    hand.hold(MODE, 100)
    assert "mode" not in hand.hold(NONE, 100)


@pytest.mark.parametrize("other", [(True, True, False), (True, False, True)])
def test_another_button_does_not_bring_a_long_press_back(other: Contacts) -> None:
    hand = Hand()
    hand.hold(MODE, 2000)
    hand.hold(other, 100)
    hand.hold(MODE, 2000)
    hand.hold(NONE, 100)
    assert hand.gestures.count("mode_long") == 1
    assert "mode" not in hand.gestures


def test_a_press_swallowed_before_it_is_debounced_stays_swallowed() -> None:
    """The interrupt stops on MODE by itself, and may be a look ahead of the gestures."""
    hand = Hand()
    hand.hold(MODE, 10)
    hand.buttons.swallow_mode()
    hand.hold(MODE, 200)
    assert "mode" not in hand.hold(NONE, 100)


@given(st.lists(st.tuples(st.tuples(st.booleans(), st.booleans(), st.booleans()), st.integers(1, 700)), max_size=30))
@settings(max_examples=100, deadline=None)
def test_gestures_never_come_from_nothing(script: list[tuple[Contacts, int]]) -> None:
    hand = Hand()
    pressed = [0, 0, 0]
    before = NONE
    for contacts, ms in script:
        for i in range(3):
            pressed[i] += contacts[i] and not before[i]
        before = contacts
        hand.hold(contacts, ms)
    assert hand.gestures.count("mode_down") <= pressed[0]
    assert hand.gestures.count("mode") + hand.gestures.count("mode_long") <= hand.gestures.count("mode_down")
    assert hand.gestures.count("plus") <= pressed[1]
    assert not pressed[2] or hand.gestures.count("minus") <= pressed[2] + hand.now // panel.REPEAT_MS
    assert pressed[2] or "minus" not in hand.gestures


# Lights.


def test_ten_levels_and_none_are_distinct_on_five_lights_and_grow() -> None:
    bars = [moments.level_lights(level) for level in range(11)]
    assert bars[0] == [0] * 5
    assert bars[10] == [moments.FULL] * 5
    assert len({tuple(bar) for bar in bars}) == 11
    assert all(sum(a) < sum(b) for a, b in zip(bars, bars[1:], strict=False))
    assert all(bar == sorted(bar, reverse=True) for bar in bars)
    assert {light for bar in bars for light in bar} == {0, moments.HALF, moments.FULL}


def show(state: str, **changes: object) -> list[int]:
    values = {"mode": 0, "level": 0, "kind": contact.OPEN, "fault": 0, "now_ms": 0} | changes
    return panel.lights(state, **values)  # type: ignore[arg-type]


def blinks(film: list[int]) -> int:
    return sum(not a and b > 0 for a, b in zip([0, *film], film, strict=False))


@pytest.mark.parametrize("number", sorted(faults.FAULTS))
def test_the_number_of_a_fault_is_counted(number: int) -> None:
    """As a person reads it: after a pause of more than a second the left pair counts tens, then the right one ones."""
    film = [show(session.FAULT, fault=number, now_ms=now) for now in range(0, 60_000, 10)]
    assert all(lights[5:] == [moments.FULL] * 4 + [0] for lights in film)
    assert all(lights[0] == lights[1] and lights[2] == 0 and lights[3] == lights[4] for lights in film)
    groups: list[tuple[str, int, int]] = []  # side, blinks, brightness
    dark = 1000
    before = (0, 0)
    for lights in film:
        now = (lights[0], lights[3])
        assert not (now[0] and now[1])
        if now != before and any(now):
            side = "tens" if now[0] else "ones"
            if dark >= 60 or not groups or groups[-1][0] != side:
                groups.append((side, 1, max(now)))
            else:
                groups[-1] = (side, groups[-1][1] + 1, max(now))
        dark = 0 if any(now) else dark + 1
        before = now
    ones = ("ones", number % 10, moments.FULL) if number % 10 else ("ones", 1, moments.HALF)
    assert groups[:2] == [("tens", number // 10, moments.FULL), ones]
    assert groups[2:4] == groups[:2]
    assert len(set(groups[:-1])) == 2


@pytest.mark.parametrize("state", session.STATES)
def test_every_state_has_ten_lights_that_can_be_shown(state: str) -> None:
    for now in range(0, 4000, 70):
        for level in (0, 3, 10):
            for kind in (contact.OPEN, contact.POOR, contact.GOOD, contact.SHORT):
                found = show(state, level=level, kind=kind, fault=13, now_ms=now)
                assert len(found) == 10
                assert all(0 <= light <= moments.FULL for light in found)


def test_off_is_dark_and_every_other_state_shows_a_light_of_its_own() -> None:
    def film(state: str) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(show(state, fault=13, now_ms=now)) for now in range(0, 6000, 20))

    films = {state: film(state) for state in session.STATES}
    assert not any(any(frame) for frame in films[session.OFF])
    assert all(any(any(frame) for frame in films[state]) for state in session.STATES if state != session.OFF)
    # The active states share the level bar.
    distinct = [films[state] for state in session.STATES if state not in session.ACTIVE]
    assert len(set(distinct)) == len(distinct)


@pytest.mark.parametrize("state", session.ACTIVE)
@pytest.mark.parametrize("level", range(11))
def test_while_active_the_bar_is_the_level(state: str, level: int) -> None:
    assert show(state, level=level)[:5] == moments.level_lights(level)


def test_sixteen_presets_look_different() -> None:
    films = [tuple(tuple(panel.mode_lights(mode, now)) for now in range(0, 2000, 20)) for mode in range(16)]
    assert len(set(films)) == 16
    for mode in range(4):
        assert set(films[mode]) == {tuple(moments.FULL if i == mode else 0 for i in range(4))}


def test_contact_classes_look_different() -> None:
    def film(kind: str) -> list[int]:
        return [panel.contact_light(kind, now) for now in range(0, 2000, 10)]

    def blinks(kind: str) -> int:
        return sum(a < b for a, b in zip(film(kind), film(kind)[1:] + film(kind)[:1], strict=True))

    assert set(film(contact.GOOD)) == {moments.FULL}
    assert blinks(contact.POOR) == 10
    assert blinks(contact.OPEN) == 2
    assert blinks(contact.SHORT) == 1
    assert sum(film(contact.SHORT)) < sum(film(contact.OPEN))


# Sounds.


@pytest.mark.parametrize("kind", sorted(panel.SOUNDS))
def test_a_sound_plays_its_notes_once_and_ends(kind: str) -> None:
    sounder = panel.Sounder()
    assert sounder.update(0) == (0, 0)
    sounder.play(kind, 1000)
    heard = [sounder.update(1000 + t) for t in range(3000)]
    notes = [(hz, haptic) for hz, haptic, ms in panel.SOUNDS[kind] for _ in range(ms)]
    assert heard == notes + [(0, 0)] * (3000 - len(notes))


def heard(*plays: tuple[int, str]) -> list[tuple[int, int]]:
    """What is heard, ms by ms, of sounds asked for at these times."""
    sounder = panel.Sounder()
    found = []
    for now in range(5000):
        for at, kind in plays:
            if at == now:
                sounder.play(kind, now)
        found.append(sounder.update(now))
    assert sounder.silent()
    return found


def notes(kind: str) -> list[tuple[int, int]]:
    return [(hz, haptic) for hz, haptic, ms in panel.SOUNDS[kind] for _ in range(ms)]


def contains(found: list[tuple[int, int]], kind: str) -> bool:
    whole = notes(kind)
    return any(found[i : i + len(whole)] == whole for i in range(len(found)))


MATTER = ("fault", "low", "charge", "done", "less_left", "less_right", "expired", "stop")


@pytest.mark.parametrize("first", sorted(panel.SOUNDS))
@pytest.mark.parametrize("second", sorted(panel.SOUNDS))
def test_a_sound_that_matters_is_heard_whole_whatever_else_comes(first: str, second: str) -> None:
    found = heard((0, first), (20, second))
    if second in MATTER:
        assert contains(found, second)
    if first in MATTER and second != "fault":
        assert found[: len(notes(first))] == notes(first)
    if second == "fault" and first != "fault":
        assert found[20] == panel.SOUNDS["fault"][0][:2]  # at once


def test_what_matters_is_heard_one_after_the_other_and_once() -> None:
    found = heard((0, "done"), (30, "low"), (60, "low"), (70, "level"), (90, "stop"), (100, "cue"))
    assert contains(found[: len(notes("done"))], "done")
    rest = found[len(notes("done")) :]
    assert contains(rest, "low")
    assert contains(rest, "stop")
    loud = sum(hz > 0 for hz, _ in found)
    assert loud == sum(hz > 0 for kind in ("done", "low", "stop") for hz, _ in notes(kind))


def test_the_latest_of_the_same_worth_wins() -> None:
    sounder = panel.Sounder()
    sounder.play("cue", 0)
    sounder.play("level", 20)
    assert sounder.update(20) == (2600, 0)


def test_every_worth_is_a_sounds() -> None:
    assert set(panel._RANKS) < set(panel.SOUNDS)
    assert set(panel.WARNINGS) < set(panel.SOUNDS)


def test_expired_looks_and_sounds_unlike_done() -> None:
    def film(expired: bool, less: str, share_pct: int) -> list[list[int]]:
        return [
            show(session.DONE, now_ms=now, expired=expired, less=less, share_pct=share_pct)
            for now in range(0, 6000, 20)
        ]

    for share_pct in (0, 4, 50, 95, 100):
        films = [film(False, less, share_pct) for less in ("", "left", "right")] + [film(True, "", share_pct)]
        assert all(a != b for i, a in enumerate(films) for b in films[:i])
    assert panel.SOUNDS["expired"] != panel.SOUNDS["done"]


def test_a_late_look_skips_what_is_over() -> None:
    sounder = panel.Sounder()
    sounder.play("left", 0)
    assert sounder.update(330) == (2000, 1)
    assert sounder.update(10_000) == (0, 0)


def test_sounds_are_soft_and_short() -> None:
    for notes in panel.SOUNDS.values():
        assert sum(ms for _, _, ms in notes) <= 1200
        assert all(hz == 0 or 500 <= hz <= 4000 for hz, _, _ in notes)
        assert all(60 <= ms <= 80 or 240 <= ms <= 300 for _, haptic, ms in notes if haptic)
        assert notes[-1][:2] != (0, 0)


# What is set.


@pytest.mark.parametrize("motor", [True, False])
@pytest.mark.parametrize("haptic", [True, False])
@pytest.mark.parametrize("sound", ["full", "quiet", "off"])
@pytest.mark.parametrize("kind", sorted(panel.SOUNDS))
def test_what_is_heard_and_felt_is_what_is_set(kind: str, sound: str, haptic: bool, motor: bool) -> None:
    sounder = panel.Sounder(motor)
    sounder.sound, sounder.haptic = sound, haptic
    sounder.play(kind, 0)
    found = [sounder.update(now) for now in range(3000)]
    whole = notes(kind) + [(0, 0)] * (3000 - len(notes(kind)))
    warns = kind in panel.WARNINGS
    heard_ = sound != "off" or (warns and not motor)
    assert found == [(hz if heard_ else 0, tick if haptic or warns else 0) for hz, tick in whole]
    if warns:
        assert any(tick for _, tick in found)  # on a board with a motor a warning is felt, whatever is set
        assert motor or any(hz for hz, _ in found)


# Moments.


def test_every_zone_of_every_number_of_zones_is_read_off_the_bar() -> None:
    seen = {}
    for of in range(1, limits.ZONES_MAX + 1):
        for n in range(1, of + 1):
            film = [moments.zone_lights(n, of, t) for t in range(0, 2400, 10)]
            full = {i for i in range(5) if all(bar[i] == moments.FULL for bar in film)}
            dim = {i for i in range(5) if all(bar[i] == moments.HALF for bar in film)}
            blinking = [i for i in range(5) if len({bar[i] for bar in film}) == 2]
            (at,) = blinking
            assert full == set(range(at))
            assert dim == set(range(at + 1, at + 1 + len(dim)))
            each = -(-of // 5)
            assert each * at + blinks([bar[at] for bar in film]) == n
            assert len(full) + 1 + len(dim) == -(-of // each)
            seen[(n, of)] = str(film)
    for of in range(1, limits.ZONES_MAX + 1):
        assert len({seen[(n, of)] for n in range(1, of + 1)}) == of


def test_a_moment_passes_and_the_latest_counts() -> None:
    shown = moments.Moments()
    assert shown.bar(0) is None
    shown.show("stop", 1000)
    assert shown.bar(1799) == [moments.HALF] * 5
    assert shown.bar(1800) is None
    shown.show("zone", 2000, 2, 3)
    shown.show("charge", 2500, 64)
    assert shown.bar(3499) == moments.level_lights(6)
    assert shown.bar(3500) is None
    shown.show("zone", 4000, 2, 3)
    shown.end()
    assert shown.bar(4000) is None


@pytest.mark.parametrize("pct", range(0, 101))
def test_charge_is_shown_and_blinks_from_30_down(pct: int) -> None:
    shown = moments.Moments()
    shown.show("charge", 0, pct)
    film = [shown.bar(now) for now in range(0, 1000, 10)]
    lit = moments.level_lights(max(1, pct // 10))
    assert {tuple(bar or ()) for bar in film} == ({tuple(lit), (0,) * 5} if pct <= 30 else {tuple(lit)})


@pytest.mark.parametrize("level", range(11))
@pytest.mark.parametrize("last", range(11))
def test_last_times_level_glimmers_above_the_bar_and_hides_nothing(level: int, last: int) -> None:
    film = [panel.raising_lights(level, last, now) for now in range(0, 1000, 10)]
    bar = moments.level_lights(level)
    assert film.count(bar) >= 88
    for other in film:
        assert all(b >= a for a, b in zip(bar, other, strict=True))
    assert (any(other != bar for other in film)) == (last > level)
    if last > level:
        assert max(film, key=sum)[(last - 1) // 2] == moments.level_lights(last)[(last - 1) // 2]


@pytest.mark.parametrize(("contacts", "name"), [(PLUS, "PLUS"), (MINUS, "MINUS")])
def test_a_stuck_button_that_lets_go_for_a_moment_is_still_stuck(contacts: Contacts, name: str) -> None:
    hand = Hand(contacts)
    hand.hold(contacts, limits.STUCK_MS + 100)
    assert hand.buttons.stuck == [name]
    for _ in range(3):
        hand.hold(NONE, limits.RESTED_MS / 2)
        hand.hold(contacts, 200)
    assert (hand.gestures, hand.buttons.stuck) == ([], [name])
    hand.hold(NONE, limits.RESTED_MS + 100)
    assert hand.buttons.stuck == []
    hand.hold(contacts, 200)
    hand.hold(NONE, 200)
    assert hand.gestures == [name.lower()]


@pytest.mark.parametrize("contacts", [MODE, PLUS, MINUS])
def test_a_press_after_a_long_rest_is_a_press(contacts: Contacts) -> None:
    hand = Hand()
    hand.hold(NONE, limits.RESTED_MS + 1000)
    assert hand.leave(600_000) == []
    hand.hold(contacts, 100)
    hand.hold(NONE, 200)
    assert hand.gestures == {MODE: ["mode_down", "mode"], PLUS: ["plus"], MINUS: ["minus"]}[contacts]
