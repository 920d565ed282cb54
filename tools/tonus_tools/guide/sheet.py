"""The guide as an HTML page of two A4 sides. What it shows comes from presets and firmware, its words from text.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tonus import VERSION, contact, limits, moments, panel, session
from tonus.preset import Preset, Zone

from ..ctl.figures import board_constants
from ..face import handheld, head
from ..face.places import Place
from ..report.accuracy import CALIBRATED, Accuracy, out_of_the_box
from ..report.markup import Markup, join, tag
from ..report.prose import marked
from . import lamps
from .fault_groups import GROUPS
from .style import CSS
from .text import TEXT, numbers

LISTED_MOST = 4  # presets: of more the faces are smaller, and their zones not listed beside
FACES_MOST = 8  # presets drawn; the rest is named
ZONES_ROOMY = 8  # of a preset: more are listed in two columns, without their times
STEPS = (
    "step_on",
    "step_gel",
    "step_start",
    "step_touch",
    "step_level",
    "step_glide",
    "step_lift",
    "step_skip",
    "step_done",
)
CONTACTS = (contact.GOOD, contact.POOR, contact.OPEN, contact.SHORT)
# States that a person has to tell apart; those left out look like one that is here.
STATES = (
    session.SELF_TEST, session.STANDBY, session.ARMED, session.TREAT, session.PAUSED, session.DONE, session.CHARGING,
    session.LOW_BATTERY, session.FAULT,
)  # fmt: skip
BUTTONS = (
    ("mode_label", ("mode", "mode_down", "mode_long")),
    ("plus_label", ("plus",)),
    ("minus_label", ("minus", "minus_more", "minus_long")),
    ("both_label", ("chord", "chord_long")),
)
BUTTON_SIGNS = {"MODE": "M", "PLUS": "+", "MINUS": "\u2212"}
EXAMPLE_LEVEL, EXAMPLE_FAULT, EXAMPLE_ZONE, EXAMPLE_CHARGE_PCT, EXAMPLE_SHARE_PCT = 5, 24, (3, 8), 60, 80
MOMENT_MS = 700  # within every moment
FAULT_MS = 5500  # of a fault's strip


@dataclass(frozen=True)
class Of:
    """What the guide is about: (MODE's position from 0, preset). calibrated, device: None without a device."""

    presets: Sequence[tuple[int, Preset]]
    language: str = "en"
    calibrated: bool | None = None
    device: str | None = None
    board: str = "tonus_r1"


class _Words:
    """Texts in one language, their numbers put in."""

    def __init__(self, of: Of) -> None:
        self._language = of.language
        self._numbers = {name: self._point(number) for name, number in numbers().items()}
        self._numbers |= {
            "calibrated": self._band(CALIBRATED),
            "uncalibrated": self._band(out_of_the_box(board_constants(of.board))),
        }

    def __call__(self, key: str, **more: str) -> str:
        words = TEXT[key][self._language].format(**(self._numbers | more))
        return re.sub(r"(?<=\d) (?=\S)", "\u00a0", words)  # a figure stays with its unit

    def _point(self, number: str) -> str:
        return number.replace(".", TEXT["point"][self._language])

    def _band(self, accuracy: Accuracy) -> str:
        pct, ua = (self._point(f"{value:g}") for value in (accuracy.percent, accuracy.floor_ua))
        return TEXT["band"][self._language].format(pct=pct, ua=ua)

    def html(self, key: str, **more: str) -> Markup:
        return marked(self(key, **more))

    def place(self, place: Place) -> str:
        return f"{self(place.region)} {self(place.side)}".strip()

    def minutes(self, seconds: int) -> str:
        minutes, rest = divmod(seconds, 60)
        told = f"{minutes} {self('min')}" if minutes else ""
        return f"{told} {rest} {self('s')}".strip() if rest or not minutes else told


def place_of(zone: Zone) -> Place:
    """Where on the face a zone is."""
    return Place(zone.region, zone.side)


def render(of: Of) -> str:
    """The page."""
    say = _Words(of)
    top = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", say("title")),
        tag("style", Markup(CSS)),
    )
    front = tag(
        "section", _title(say), _presets(of, say), _two(_session(say), _side(say)), _two(_never(say), _stop(say))
    )
    back = tag(
        "section",
        _two(join(_buttons(say), _charge(say)), join(_before(of, say), _normal(say))),
        _two(_lights(say), _sounds(say)),
        _faults(say),
        _footer(of, say),
    )
    return f"<!DOCTYPE html>\n{tag('html', top, chr(10), tag('body', front, back), lang=of.language)}\n"


def _title(say: _Words) -> Markup:
    left = tag("div", tag("h1", say("title")), tag("div", say("subtitle"), class_="sub"))
    return tag("header", left, tag("div", say("stop"), class_="stop"))


# The front


def _presets(of: Of, say: _Words) -> Markup:
    few = len(of.presets) <= LISTED_MOST
    faces = [_face(mode, preset, few, say) for mode, preset in of.presets[:FACES_MOST]]
    more = [_listed(mode, preset, say) for mode, preset in of.presets[FACES_MOST:]]
    rest = tag("p", tag("b", say("more_presets") + ": "), *more, class_="sub") if more else ""
    return join(
        tag("h2", say("presets")),
        tag("p", say("mirror"), class_="sub"),
        tag("div", *faces, class_="faces" if few else "faces small"),
        rest,
    )


def _face(mode: int, preset: Preset, listed: bool, say: _Words) -> Markup:
    """A preset: its zones in order on a face, and as a list."""
    numbered: dict[Place, list[str]] = {}
    for i, zone in enumerate(preset.zones):
        for half in head.halves(place_of(zone)):
            numbered.setdefault(half, []).append(str(i + 1))
    badges = {place: ",".join(its) for place, its in numbered.items()}
    drawn = head.draw(dict.fromkeys(badges, "#cfe3f3"), {}, badges, preset.name)
    long = len(preset.zones) > ZONES_ROOMY
    order = [
        tag("li", say.place(place_of(zone)), "" if long else tag("span", f" {say.minutes(zone.duration_s)}"))
        for zone in preset.zones
    ]
    listing = tag("ol", *order, class_="long" if long else "") if listed else ""
    facts = tag("div", _lamp_of(mode, say), "; ", _facts(preset, say), class_="sub")
    return tag("div", tag("h3", preset.name), facts, drawn, listing, class_="face")


def _lamp_of(mode: int, say: _Words) -> str:
    """The lamp that means a preset."""
    shown = lamps.seen(lambda t: panel.mode_lights(mode, t))
    lit = next(i for i, (brightest, _) in enumerate(shown) if brightest)
    blinks = f", {say('blinks')} {mode // len(shown)}x" if shown[lit][1] else ""
    return f"{say('lamp')} {lit + 1}{blinks}"


def _facts(preset: Preset, say: _Words) -> str:
    cues = sorted({zone.cue_s for zone in preset.zones if not zone.stroke})
    told = [say.minutes(preset.duration_s())]
    if cues:
        cue = f"{cues[0]}" if len(cues) == 1 else f"{cues[0]} {say('to')} {cues[-1]}"
        told = [say("preset_facts", minutes=told[0], cue=cue)]
    for glide_s, hold_s in sorted({zone.stroke for zone in preset.zones if zone.stroke}):
        told.append(say("preset_stroke", glide=str(glide_s), hold=str(hold_s)))
    return "; ".join(told)


def _listed(mode: int, preset: Preset, say: _Words) -> Markup:
    """A preset in a line."""
    return join(tag("b", preset.name), f" ({_lamp_of(mode, say)}; {_facts(preset, say)}) ")


def _session(say: _Words) -> Markup:
    steps = (tag("li", say.html(key)) for key in STEPS)
    return tag("div", tag("h2", say("session")), tag("ol", *steps, class_="steps"))


def _side(say: _Words) -> Markup:
    """What lies beside the steps: gel and contact."""
    rows = [
        (lamps.strip(lambda t, kind=kind: panel.contact_light(kind, t)), say.html(kind))  # type: ignore[misc]
        for kind in CONTACTS
    ]
    return tag(
        "div",
        _block(say, "gel", "gel_which", "gel_side", "gel_dry"),
        tag("h2", say("contact")),
        _pairs(rows, "contacts"),
        _block(say, "weeks", "weeks_words"),
    )


# The back


def _never(say: _Words) -> Markup:
    return _block(say, "never", "never_words", red=True)


def _stop(say: _Words) -> Markup:
    return _block(say, "when_stop", "when_stop_words", red=True)


def _before(of: Of, say: _Words) -> Markup:
    known = {None: "before_either", True: "before_calibrated", False: "before_uncalibrated"}[of.calibrated]
    return _block(say, "before", "before_patch", "before_week", known)


def _normal(say: _Words) -> Markup:
    return join(_block(say, "normal", "normal_words"), _block(say, "clean", "clean_words"))


def _buttons(say: _Words) -> Markup:
    rows = [(tag("b", say(label)), _lines(say.html(key) for key in keys)) for label, keys in BUTTONS]
    return join(tag("h2", say("buttons")), tag("div", _device(say), _pairs(rows, "buttons"), class_="device"))


def _device(say: _Words) -> Markup:
    """The handheld, dark."""
    electrodes = (
        tag("circle", cx=x, cy=y, r=r, fill="#dfe4e9", stroke="#1f2933", stroke_width="2")
        for x, y, r in handheld.ELECTRODES
    )
    case = tag("rect", **handheld.CASE, fill="#f1f3f5", stroke="#1f2933", stroke_width="2")
    lit = (
        tag(shape, **where, fill=lamps.DARK, stroke="#1f2933", stroke_width="1.5")
        for shape, where in handheld.LAMPS.values()
    )
    named = (_text(x, y, say(f"drawn_{label}"), 13) for label, (x, y) in handheld.LABELS.items())
    pressed = (
        join(tag("circle", cx=x, cy=y, r="13", fill="#1f2933"), _text(x, y + 5, BUTTON_SIGNS[button], 13, "#ffffff"))
        for button, (x, y) in handheld.BUTTONS.items()
    )
    width, height = handheld.SIZE
    drawn = (*electrodes, case, *lit, *named, *pressed)
    return tag("svg", *drawn, class_="handheld", viewBox=f"20 0 {width - 40} {height}", role="img")


def _text(x: int, y: int, words: str, size: int, fill: str = "#1f2933") -> Markup:
    return tag("text", words, x=x, y=y, font_size=size, text_anchor="middle", fill=fill)


def _charge(say: _Words) -> Markup:
    return _block(say, "charge", "charge_words")


def _lights(say: _Words) -> Markup:
    rows = [(lamps.row(look), say.html(f"light_{name}")) for name, look in _looks()]
    legend = tag("p", say("lights_legend"), class_="sub")
    return tag("div", tag("h2", say("lights")), legend, _pairs(rows, "states"))


def _looks() -> Iterator[tuple[str, Callable[[int], list[int]]]]:
    """What the lamps show: each state, the moments after the states in which they come, the ways to be done."""
    for state in STATES:
        yield state, partial(_look, state)
        if state == session.PAUSED:
            yield "zone", partial(_moment, session.TREAT, "zone", EXAMPLE_ZONE)
            yield "stop", partial(_moment, session.STANDBY, "stop", (0, 0))
        if state == session.STANDBY:
            yield "charge", partial(_moment, state, "charge", (EXAMPLE_CHARGE_PCT, 0))
            yield "soon", partial(_moment, state, "charge", (limits.CHARGE_SOON_PCT, 0))
        if state == session.DONE:
            yield "less", partial(_look, state, less="left")
            yield "expired", partial(_look, state, expired=True)


def _look(state: str, t: int, less: str = "", expired: bool = False) -> list[int]:
    level = EXAMPLE_LEVEL if state in (session.TREAT, session.PAUSED) else int(state == session.ARMED)
    kind = contact.GOOD if state == session.TREAT else contact.OPEN
    share = EXAMPLE_SHARE_PCT
    return panel.lights(state, 0, level, kind, EXAMPLE_FAULT, t, expired=expired, share_pct=share, less=less)


def _moment(state: str, kind: str, about: tuple[int, int], t: int) -> list[int]:
    """A moment that begins again and again."""
    its = moments.Moments()
    its.show(kind, 0, *about)
    bar = its.bar(t % MOMENT_MS)
    return panel.lights(state, 0, EXAMPLE_LEVEL, contact.GOOD, 0, t, moment=bar)


def _sounds(say: _Words) -> Markup:
    rows = [(lamps.notes(sound), say.html(f"sound_{kind}")) for kind, sound in panel.SOUNDS.items()]
    legend = tag("p", say("sounds_legend"), class_="sub")
    return tag("div", tag("h2", say("sounds")), legend, _pairs(rows, "sounds"))


def _faults(say: _Words) -> Markup:
    reading = say("faults_bar")
    rows = [
        tag(
            "tr", *(tag("td", cell) for cell in (", ".join(map(str, its)), say(f"fault_{key}"), say(f"fault_{key}_do")))
        )
        for key, its in GROUPS.items()
    ]
    heads = (tag("th", say(key)) for key in ("number", "means", "do"))
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="faults")
    counted = (lamps.strip(partial(_counted, lamp), FAULT_MS, 150) for lamp in (0, lamps.LEVELS - 1))
    shown = tag("div", tag("p", say.html("faults_how", reading=reading)), tag("div", *counted), class_="counted")
    return join(tag("h2", say("faults")), shown, table)


def _counted(lamp: int, t: int) -> int:
    """A lamp of the bar, while a fault is counted."""
    return panel.fault_lights(EXAMPLE_FAULT, t)[lamp]


def _footer(of: Of, say: _Words) -> Markup:
    whence = say("shipped") if of.device is None else say("on_device", id=of.device)
    return tag("footer", say("footer", version=VERSION, presets=whence), " ", say("not_medical"))


def _two(left: Markup, right: Markup) -> Markup:
    return tag("div", tag("div", left), tag("div", right), class_="two")


def _block(say: _Words, title: str, *keys: str, red: bool = False) -> Markup:
    return join(tag("h2", say(title), class_="red" if red else ""), *(tag("p", say.html(key)) for key in keys))


def _lines(parts: Iterable[Markup]) -> Markup:
    return Markup("<br>".join(parts))


def _pairs(rows: Iterable[tuple[Markup, Markup]], class_: str) -> Markup:
    return tag("table", *(tag("tr", tag("td", a), tag("td", b)) for a, b in rows), class_=class_)
