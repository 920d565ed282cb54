"""The panel read by the blind, the deaf and the colour-blind: what asks for different acts is never alike.

A table of every state and event stands in firmware/README.md. Of each the test has the light as the panel shows it, and
the sound and the tick as they are played; a light is read by place and rhythm, never by colour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from test_docs import FIRMWARE, rows, section
from tonus import contact, moments, panel, session

Film = list[list[int]]
FRAMES = range(0, 12_000, 20)


def state(name: str, level: int = 4, kind: str = contact.GOOD, **changes: object) -> Film:
    return [
        panel.lights(name, **({"mode": 0, "level": level, "kind": kind, "fault": 24, "now_ms": now} | changes))  # type: ignore[arg-type]
        for now in FRAMES
    ]


def moment(kind: str, a: int = 0, b: int = 0, where: str = session.STANDBY) -> Film:
    shown = moments.Moments()
    shown.show(kind, 0, a, b)
    film = []
    for now in range(0, 800, 20):
        film.append(panel.lights(where, 0, 4, contact.GOOD, 0, now, moment=shown.bar(now)))
    return film


def safe_mode() -> Film:
    """main.py: LEVEL_1 and LEVEL_5, and nothing else."""
    return [[moments.FULL, 0, 0, 0, moments.FULL, 0, 0, 0, 0, 0] for _ in FRAMES]


@dataclass
class Signal:
    """What it asks of the person ("" for nothing), how it looks, and the name of its sound."""

    act: str
    light: Callable[[], Film] | None = None
    sound: str = ""


ACTIVE = "ARMED, RAMP_UP, TREAT, PAUSED, RAMP_DOWN"
SIGNALS = {
    "off": Signal("switch on", lambda: state(session.OFF)),
    "self-test": Signal("wait", lambda: state(session.SELF_TEST)),
    "choosing": Signal("choose, or PLUS", lambda: state(session.STANDBY)),
    "choosing, bank damaged": Signal("push presets", lambda: state(session.STANDBY, bank_damaged=True)),
    "choosing, data lost": Signal("see what is missed", lambda: state(session.STANDBY, data_lost=True)),
    "armed or paused, contact open": Signal("put both on the skin", lambda: state(session.PAUSED, 4, contact.OPEN)),
    "running, contact good": Signal("glide", lambda: state(session.TREAT)),
    "ramping down": Signal("glide", lambda: state(session.RAMP_DOWN)),
    "contact poor, or paused for it": Signal("add gel", lambda: state(session.TREAT, 4, contact.POOR), "dry"),
    "contact comes and goes": Signal("add gel", lambda: state(session.TREAT, 4, contact.POOR), "loose"),
    "contact short": Signal("part them", lambda: state(session.TREAT, 4, contact.SHORT)),
    "paused at level zero": Signal("PLUS", lambda: state(session.PAUSED, 0)),
    "glide on": Signal("glide on", None, "cue"),
    "hold still": Signal("hold still", None, "hold"),
    "next part, left": Signal("go to the left", lambda: moment("zone", 1, 8, session.TREAT), "left"),
    "next part, right": Signal("go to the right", lambda: moment("zone", 2, 8, session.TREAT), "right"),
    "next part, middle": Signal("go to the middle", lambda: moment("zone", 3, 8, session.TREAT), "middle"),
    "level": Signal("", lambda: state(session.TREAT, 5), "level"),
    "no higher level": Signal("", lambda: state(session.TREAT, 10), "top"),
    "stopped": Signal("it is off: nothing", lambda: moment("stop"), "stop"),
    "done": Signal("take it off", lambda: state(session.DONE), "done"),
    "done, left got less": Signal(
        "more on the left", lambda: state(session.DONE, share_pct=90, less="left"), "less_left"
    ),
    "done, right got less": Signal(
        "more on the right", lambda: state(session.DONE, share_pct=90, less="right"), "less_right"
    ),
    "20 min over, zones left": Signal("shorten it", lambda: state(session.DONE, share_pct=90, expired=True), "expired"),
    "charge": Signal("", lambda: moment("charge", 64)),
    "charge soon": Signal("charge soon", lambda: moment("charge", 25), "charge"),
    "cell too low": Signal("charge now", lambda: state(session.LOW_BATTERY), "low"),
    "cable in": Signal("unplug to treat", lambda: state(session.CHARGING)),
    "fault": Signal("count, switch off", lambda: state(session.FAULT), "fault"),
    "fault 31": Signal("count, switch off", lambda: state(session.FAULT, fault=31)),
    "safe mode": Signal("mpremote, or Ctrl-D", safe_mode),
    "sound full": Signal("", lambda: moment("full"), "full"),
    "sound quiet": Signal("", lambda: moment("quiet"), "quiet"),
    "sound off": Signal("", lambda: moment("off"), "off"),
    "ticks on": Signal("", lambda: moment("ticks"), "off"),
    "ticks off": Signal("", lambda: moment("no_ticks"), "level"),
}


def light_read(film: Film) -> tuple[tuple[tuple[int, ...], int], ...]:
    """By place: how bright each lamp gets, and how often it comes on in the time."""
    lamps = list(zip(*film, strict=True))
    seconds = len(film) * 0.02
    return tuple(
        (tuple(sorted(set(lamp))), round(sum(a < b for a, b in zip(lamp, lamp[1:], strict=False)) / seconds * 4))
        for lamp in lamps
    )


def rhythm(ms: int) -> str:
    return "short" if ms < 100 else "long"


def sound_read(kind: str) -> str:
    """Rhythm, and whether it rises or falls: "long short, falling"; of notes of one height also how high."""
    played = [(hz, ms) for hz, _, ms in panel.SOUNDS[kind] if hz]
    if not played:
        return ""
    pairs_ = zip(played, played[1:], strict=False)
    steps = {"rising" if b > a else "falling" if b < a else "level" for (a, _), (b, _) in pairs_}
    words = " ".join(rhythm(ms) for _, ms in played)
    if steps <= {"level"}:
        hz = played[0][0]
        return f"{words}, {'low' if hz < 1300 else 'high' if hz > 2500 else 'middle'}"
    return f"{words}, {' then '.join(sorted(steps - {'level'}))}"


def tick_read(kind: str) -> str:
    """ "long short" of the motor."""
    return " ".join(rhythm(ms) for _, haptic, ms in panel.SOUNDS[kind] if haptic)


def pairs() -> list[tuple[str, str]]:
    names = list(SIGNALS)
    return [(a, b) for i, a in enumerate(names) for b in names[:i] if SIGNALS[a].act != SIGNALS[b].act]


@pytest.mark.parametrize("channel", ["light", "sound", "tick"])
def test_what_asks_for_different_acts_is_never_alike(channel: str) -> None:
    def read(name: str) -> object:
        signal = SIGNALS[name]
        if channel == "light":
            return light_read(signal.light()) if signal.light else None
        return (sound_read if channel == "sound" else tick_read)(signal.sound) if signal.sound else None

    found = {name: read(name) for name in SIGNALS}
    assert sum(value not in (None, "") for value in found.values()) > 12
    alike = [(a, b) for a, b in pairs() if found[a] not in (None, "") and found[a] == found[b]]
    assert not alike


def test_every_sound_moment_state_and_contact_is_among_them() -> None:
    assert {signal.sound for signal in SIGNALS.values()} - {""} == set(panel.SOUNDS)
    shown = str([signal.light() for signal in SIGNALS.values() if signal.light])
    for name in session.STATES:
        kinds = (contact.OPEN, contact.GOOD, contact.POOR, contact.SHORT) if name in session.ACTIVE else (contact.GOOD,)
        for kind in kinds:
            assert str(state(name, 4, kind)) in shown, (name, kind)


def test_what_warns_has_a_light_a_sound_and_a_tick() -> None:
    for signal in SIGNALS.values():
        if signal.sound in panel.WARNINGS:
            assert signal.light is not None
            assert sound_read(signal.sound)
            assert tick_read(signal.sound)
    assert {"stop", "fault", "low"} <= set(panel.WARNINGS)


def test_the_table_says_the_same() -> None:
    table = {row[0]: row[1:] for row in rows(section(FIRMWARE, "Read by light, sound or tick alone"))}
    assert list(table) == list(SIGNALS)
    for name, signal in SIGNALS.items():
        act, light, sound, tick = table[name]
        assert act == (signal.act or "nothing")
        assert (light == "-") == (signal.light is None), name
        assert sound == ((sound_read(signal.sound) if signal.sound else "") or "-"), name
        assert tick == ((tick_read(signal.sound) if signal.sound else "") or "-"), name
