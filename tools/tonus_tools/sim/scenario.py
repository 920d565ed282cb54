"""Scenario files: read, checked to the last key, and expanded into primitive actions. SCENARIOS.md is the format.

Nothing is guessed and nothing is clamped: what is not exactly right is refused, in one line that says where.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from random import Random
from typing import Any, NoReturn, TypeVar

from tonus.bank import SHIPPED
from tonus.fields import FieldError
from tonus.preset import parse
from tonus.session import STATES

from ..world.boards import board_names
from ..world.faults import FAULTS
from ..world.model import BUTTONS, LOADS
from ..world.parts import ERRORS, SEED_MAX, resolve

HOSTS = ("reads", "deaf", "echoes", "floods", "probes", "absent")
ACTIONS = (
    "press",
    "hold",
    "release",
    "touch",
    "lift",
    "stubble",
    "bridge_ohm",
    "usb",
    "host",
    "battery_pct",
    "inject",
)
REPEATABLE = ("press", "hold", "release", "touch", "lift")

DEVICES = ("typical", "nominal")  # those that are not drawn by a seed
DEFAULT_BOARD = "tonus_r1"
PRESS_S = 0.12  # how long a finger stays on a button when the scenario does not say
UNTIL_MAX_S = 7200  # two hours: six times the longest session
TIMES_MAX = 10_000
BOUNCE_MS = 10  # of a sphere on wet skin
BOUNCE_MS_MAX = 100  # below what is a touch of its own
BRIDGE_OHM_MAX = 100_000
STUBBLE_OFF_MS = (1, 500)
STUBBLE_PER_S = (0.01, 50.0)
STUBBLE_SHARE = 0.5  # at most of the mean time from one to the next: the least is half of that
SUPPLY_S = (0.001, 600.0)
TEMPERATURE_C = (-40, 125)  # what the RP2040's own sensor can report


class ScenarioError(ValueError):
    """A scenario that cannot be used. Its text is one line: file, field, value, what is allowed."""


Stubble = tuple[int, int, float]  # contact breaks for [least, most] ms, so often a second on the average


@dataclass(frozen=True)
class Start:
    """The world at time 0."""

    touch: str = "lifted"
    battery_pct: int = 80
    usb: bool = False
    temperature_c: int = 25
    bounce_ms: int = BOUNCE_MS  # at most, each time the electrodes touch down
    bridge_ohm: int = 0  # of gel between the electrodes; 0 is none
    stubble: Stubble | None = None
    host: str = "reads"  # of HOSTS
    device: int | str = "typical"  # of DEVICES, or the seed that draws its parts
    errors: dict[str, int] = field(default_factory=dict)  # of ERRORS, in place of the device's own


@dataclass(frozen=True)
class Action:
    """One primitive thing the person or the world does. `do` is an action of TRACE.md's `world` line.

    `inject` also takes a list, a break of target/breaks_chip.py: the campaign's, which no file of a scenario has.
    """

    at_us: int
    do: str
    value: str | bool | int | Stubble | list[Any] | None


@dataclass(frozen=True)
class Expect:
    """What the scenario expects; None where it says nothing. Ranges are (least, most)."""

    final_state: str | None = None
    visits: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    treated_s: tuple[float, float] | None = None
    lifts: int | None = None
    boots: int = 1
    powered: bool | None = None
    no_output: bool | None = None
    peak_ua: tuple[float, float] | None = None
    logs: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A checked scenario. `timeline` is in order of time."""

    name: str
    until_us: int
    story: str = ""
    board: str = DEFAULT_BOARD
    seed: int = 1
    start: Start = field(default_factory=Start)
    timeline: tuple[Action, ...] = ()
    presets: tuple[Path, ...] = ()
    expect: Expect = field(default_factory=Expect)
    path: Path | None = None

    def to_target(self) -> dict[str, Any]:
        """What the simulated device is given: plain numbers and strings, times in us."""
        return {
            "name": self.name,
            "board": self.board,
            "until_us": self.until_us,
            "seed": self.seed,
            "start": {
                "touch": self.start.touch,
                "battery_pct": self.start.battery_pct,
                "usb": self.start.usb,
                "temperature_c": self.start.temperature_c,
                "bounce_ms": self.start.bounce_ms,
                "bridge_ohm": self.start.bridge_ohm,
                "stubble": self.start.stubble,
                "host": self.start.host,
                "errors": resolve(self.start.device, self.start.errors, self.board),
            },
            "breaks": any(isinstance(a.value, list) for a in self.timeline),
            "timeline": [{"at_us": a.at_us, "do": a.do, "value": a.value} for a in self.timeline],
        }


def load(path: str | Path) -> Scenario:
    """The scenario in a .toml or .json file. Raises ScenarioError."""
    path = Path(path)
    return _Reader(path).scenario(_parse(path))


def _parse(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: not UTF-8 text, at byte {error.start}") from error
    language = path.suffix[1:].upper()
    if language not in ("TOML", "JSON"):
        raise ScenarioError(f"{path}: not a scenario; its name must end in .toml or .json")
    try:
        if language == "TOML":
            return tomllib.loads(text)
        document = json.loads(text, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"{path}: not valid {language}: {_one_line(error)}") from error
    if not isinstance(document, dict):
        raise ScenarioError(f"{path}: must be one JSON object, not {_kind(document)}")
    return document


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(k for k in keys if keys.count(k) > 1)!r} appears twice in one object")
    return table


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _kind(value: Any) -> str:
    """What a document's author would call this value's type."""
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text", list: "a list"}
    return "a table" if isinstance(value, dict) else names.get(type(value), f"a {type(value).__name__}")


def _show(value: Any) -> str:
    """The value as its author wrote it, short enough for one line."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


def _field(where: str, key: str) -> str:
    """The path of a key in the table at `where`; a key that no one would write bare is quoted."""
    name = key if key.isidentifier() else _show(key)
    return f"{where}.{name}" if where else name


T = TypeVar("T")


class _Reader:
    """Checks one document. Each method reads one value at a field path and returns it typed, or refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def refuse(self, where: str, why: str) -> NoReturn:
        raise ScenarioError(f"{self.path}: {where}: {why}")

    # Values

    def keys(self, where: str, table: dict[str, Any], allowed: Sequence[str], needed: Sequence[str] = ()) -> None:
        for key in table:
            if key not in allowed:
                close = get_close_matches(key, allowed, 1, 0.6)
                hint = f"did you mean {close[0]!r}?" if close else "allowed are " + ", ".join(allowed)
                self.refuse(_field(where, key), f"unknown key; {hint}")
        for key in needed:
            if key not in table:
                self.refuse(_field(where, key), "missing")

    def table(self, where: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.refuse(where, f"must be a table, not {_kind(value)} ({_show(value)})")
        return value

    def items(self, where: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            self.refuse(where, f"must be a list, not {_kind(value)} ({_show(value)})")
        return value

    def text(self, where: str, value: Any) -> str:
        if not isinstance(value, str):
            self.refuse(where, f"must be text, not {_kind(value)} ({_show(value)})")
        if not value.strip():
            self.refuse(where, "must not be empty")
        return value

    def flag(self, where: str, value: Any) -> bool:
        if not isinstance(value, bool):
            self.refuse(where, f"must be true or false, not {_show(value)}")
        return value

    def number(self, where: str, value: Any, least: float, most: float, unit: str = "") -> float:
        suffix = f" {unit}" if unit else ""
        allowed = f"allowed {_number(least)} to {_number(most)}{suffix}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(where, f"must be a number{f' of {unit}' if unit else ''}, not {_show(value)}; {allowed}")
        if not least <= value <= most:
            self.refuse(where, f"{_show(value)}{suffix} is out of range; {allowed}")
        return float(value)

    def whole(self, where: str, value: Any, least: int, most: int, unit: str = "") -> int:
        number = self.number(where, value, least, most, unit)
        if number != int(number):
            self.refuse(where, f"must be a whole number, not {_show(value)}; allowed {least} to {most}")
        return int(number)

    def us(self, where: str, value: Any, least_s: float, most_s: float) -> int:
        """A time the author gives in seconds, in whole us."""
        return round(self.number(where, value, least_s, most_s, "s") * 1_000_000)

    def one_of(self, where: str, value: Any, allowed: Sequence[str], what: str) -> str:
        if not isinstance(value, str):
            hint = f'; write it as text: "{value}"' if str(value) in allowed else ""
            self.refuse(where, f"must be text, not {_kind(value)} ({_show(value)}){hint}")
        if value not in allowed:
            close = get_close_matches(value, allowed, 1, 0.6)
            close = close or [name for name in allowed if name.lower() == value.lower()]
            hint = f"did you mean {close[0]!r}? " if close else ""
            self.refuse(where, f"{_show(value)} is not a {what}; {hint}allowed are {', '.join(allowed)}")
        return value

    def each(self, where: str, value: Any, read: Callable[[str, Any], T]) -> tuple[T, ...]:
        return tuple(read(f"{where}[{i}]", item) for i, item in enumerate(self.items(where, value)))

    def span(self, where: str, value: Any, most: float, unit: str) -> tuple[float, float]:
        pair = self.items(where, value)
        if len(pair) != 2:
            self.refuse(where, f"must be [least, most] in {unit}, not {_show(value)}")
        low = self.number(f"{where}[0]", pair[0], 0, most, unit)
        high = self.number(f"{where}[1]", pair[1], 0, most, unit)
        if low > high:
            self.refuse(where, f"{_show(value)}: the least comes first")
        return low, high

    # The document

    def scenario(self, document: dict[str, Any]) -> Scenario:
        known = ("name", "story", "board", "presets", "until_s", "start", "do", "expect")
        self.keys("", document, known, ("name", "until_s"))
        until_us = self.us("until_s", document["until_s"], 0.001, UNTIL_MAX_S)
        start = self.table("start", document.get("start", {}))
        seed = self.whole("start.seed", start.get("seed", 1), 0, SEED_MAX)
        expect = self.table("expect", document.get("expect", {}))
        return Scenario(
            name=self.text("name", document["name"]),
            until_us=until_us,
            story=self.text("story", document["story"]) if "story" in document else "",
            board=self.one_of("board", document.get("board", DEFAULT_BOARD), board_names(), "board"),
            seed=seed,
            start=self.start(start),
            timeline=self.timeline(self.items("do", document.get("do", [])), until_us, seed),
            presets=self.presets(self.items("presets", document.get("presets", []))),
            expect=self.expect(expect, until_us),
            path=self.path,
        )

    def presets(self, names: list[Any]) -> tuple[Path, ...]:
        if len(names) > len(SHIPPED):
            self.refuse("presets", f"{len(names)} files; allowed at most {len(SHIPPED)}")
        return self.each("presets", names, self.preset)

    def preset(self, where: str, value: Any) -> Path:
        path = self.path.parent / self.text(where, value)
        try:
            parse(path.read_text(encoding="utf-8"))
        except OSError as error:
            self.refuse(where, f"{path}: cannot be read: {error.strerror or error}")
        except (FieldError, UnicodeDecodeError) as error:
            self.refuse(where, f"{path}: {_one_line(error)}")
        return path

    def start(self, table: dict[str, Any]) -> Start:
        self.keys("start", table, ("seed", *Start.__dataclass_fields__))
        default = Start()
        return Start(
            touch=self.one_of("start.touch", table.get("touch", default.touch), LOADS, "load"),
            battery_pct=self.whole("start.battery_pct", table.get("battery_pct", default.battery_pct), 0, 100, "%"),
            usb=self.flag("start.usb", table.get("usb", default.usb)),
            temperature_c=self.whole(
                "start.temperature_c", table.get("temperature_c", default.temperature_c), *TEMPERATURE_C, "C"
            ),
            bounce_ms=self.whole("start.bounce_ms", table.get("bounce_ms", default.bounce_ms), 0, BOUNCE_MS_MAX, "ms"),
            bridge_ohm=self.bridge("start.bridge_ohm", table.get("bridge_ohm", default.bridge_ohm)),
            stubble=self.stubble("start.stubble", table.get("stubble", False)),
            host=self.one_of("start.host", table.get("host", default.host), HOSTS, "host"),
            device=self.device("start.device", table.get("device", default.device)),
            errors=self.errors(self.table("start.errors", table.get("errors", {}))),
        )

    def bridge(self, where: str, value: Any) -> int:
        return self.whole(where, value, 0, BRIDGE_OHM_MAX, "Ohm")

    def stubble(self, where: str, value: Any) -> Stubble | None:
        if value is False:
            return None
        if not isinstance(value, dict):
            self.refuse(where, f"must be false or {{ off_ms = [least, most], per_s = mean }}, not {_show(value)}")
        self.keys(where, value, ("off_ms", "per_s"), ("off_ms", "per_s"))
        pair = self.items(f"{where}.off_ms", value["off_ms"])
        if len(pair) != 2:
            self.refuse(f"{where}.off_ms", f"must be [least, most] in ms, not {_show(pair)}")
        least, most = (self.whole(f"{where}.off_ms[{i}]", ms, *STUBBLE_OFF_MS, "ms") for i, ms in enumerate(pair))
        if least > most:
            self.refuse(f"{where}.off_ms", f"{_show(pair)}: the least comes first")
        per_s = self.number(f"{where}.per_s", value["per_s"], *STUBBLE_PER_S, "Hz")
        if most > 1000 * STUBBLE_SHARE / per_s:
            allowed = f"allowed at most {1000 * STUBBLE_SHARE / per_s:g} ms"
            self.refuse(f"{where}.off_ms[1]", f"{most} ms, {per_s:g} times a second, leaves no contact; {allowed}")
        return least, most, per_s

    def device(self, where: str, value: Any) -> int | str:
        if isinstance(value, str):
            return self.one_of(where, value, DEVICES, "device")
        return self.whole(where, value, 0, SEED_MAX)

    def errors(self, table: dict[str, Any]) -> dict[str, int]:
        self.keys("start.errors", table, tuple(ERRORS))
        return {
            name: self.whole(f"start.errors.{name}", value, ERRORS[name].least, ERRORS[name].most, ERRORS[name].unit)
            for name, value in table.items()
        }

    def timeline(self, entries: list[Any], until_us: int, seed: int) -> tuple[Action, ...]:
        found: list[tuple[Action, str]] = []
        for i, entry in enumerate(entries):
            where = f"do[{i}]"
            table = self.table(where, entry)
            found.extend((action, where) for action in self.entry(where, table, until_us, f"{seed}:{i}"))
        # At the same instant a button comes up before it goes down again.
        found.sort(key=lambda item: (item[0].at_us, item[0].do != "release"))
        down: dict[str, str] = {}
        for action, where in found:
            button, at = str(action.value), f"at {action.at_us / 1_000_000:g} s"
            if action.do == "hold":
                if button in down:
                    self.refuse(where, f"{button} is already down {at} (since {down[button]})")
                down[button] = where
            elif action.do == "release" and down.pop(button, None) is None:
                self.refuse(where, f"{button} is not down {at}")
        return tuple(action for action, _ in found)

    def entry(self, where: str, table: dict[str, Any], until_us: int, seed: str) -> list[Action]:
        """The primitive actions of one [[do]]; what is left to chance is drawn by `seed`."""
        self.keys(where, table, ("at", *ACTIONS, "for_s", "times", "every_s"), ("at",))
        actions = [key for key in table if key in ACTIONS]
        if len(actions) != 1:
            got = " and ".join(actions) if actions else "none"
            self.refuse(where, f"must have exactly one action, not {got}; allowed are {', '.join(ACTIONS)}")
        do = actions[0]
        at_us = self.us(f"{where}.at", table["at"], 0, until_us / 1_000_000)
        if do == "usb" and isinstance(table[do], dict):
            if "times" in table or "every_s" in table:
                self.refuse(f"{where}.usb", "comes and goes by itself; it does not repeat")
            return self.supply(f"{where}.usb", table[do], at_us, until_us, seed)
        value = self.value(f"{where}.{do}", do, table[do])
        for_us = 0
        if "for_s" in table and do != "press":
            self.refuse(f"{where}.for_s", f"belongs to press, not to {do}")
        if do == "press":
            for_us = self.us(f"{where}.for_s", table.get("for_s", PRESS_S), 0.001, UNTIL_MAX_S)
        times, every_us = self.repeats(where, table, do)
        if times > 1 and do == "press" and for_us >= every_us:
            self.refuse(
                f"{where}.for_s", f"{for_us / 1_000_000:g} s is not shorter than every_s, {every_us / 1_000_000:g} s"
            )
        last_us = at_us + (times - 1) * every_us
        if last_us > until_us:
            late = f"the last one is at {last_us / 1_000_000:g} s"
            self.refuse(f"{where}.times", f"{late}, after until_s, {until_us / 1_000_000:g} s")
        starts = [at_us + i * every_us for i in range(times)]
        if do != "press":
            return [Action(us, do, value) for us in starts]
        pairs = ((Action(us, "hold", value), Action(us + for_us, "release", value)) for us in starts)
        return [action for pair in pairs for action in pair]

    def repeats(self, where: str, table: dict[str, Any], do: str) -> tuple[int, int]:
        """(times, every_us) of one [[do]]."""
        for key in ("times", "every_s"):
            if key in table and do not in REPEATABLE:
                self.refuse(f"{where}.{key}", f"{do} does not repeat; these do: {', '.join(REPEATABLE)}")
        if ("times" in table) != ("every_s" in table):
            given, lacking = ("times", "every_s") if "times" in table else ("every_s", "times")
            self.refuse(f"{where}.{given}", f"needs {lacking} beside it")
        if "times" not in table:
            return 1, 0
        times = self.whole(f"{where}.times", table["times"], 1, TIMES_MAX)
        return times, self.us(f"{where}.every_s", table["every_s"], 0.001, UNTIL_MAX_S)

    def supply(self, where: str, table: dict[str, Any], at_us: int, until_us: int, seed: str) -> list[Action]:
        """A supply that comes at `at_us`, and goes and comes until the end."""
        self.keys(where, table, ("on_s", "off_s"), ("on_s", "off_s"))
        spans = []
        for key in ("on_s", "off_s"):
            pair = self.items(f"{where}.{key}", table[key])
            if len(pair) != 2:
                self.refuse(f"{where}.{key}", f"must be [least, most] in s, not {_show(pair)}")
            low, high = (self.us(f"{where}.{key}[{i}]", value, *SUPPLY_S) for i, value in enumerate(pair))
            if low > high:
                self.refuse(f"{where}.{key}", f"{_show(pair)}: the least comes first")
            spans.append((low, high))
        random = Random(seed)
        found: list[Action] = []
        while at_us <= until_us and len(found) < TIMES_MAX:
            on = len(found) % 2 == 0
            found.append(Action(at_us, "usb", on))
            low, high = spans[0 if on else 1]
            at_us += low + round((high - low) * random.random())
        return found

    def value(self, where: str, do: str, value: Any) -> str | bool | int | Stubble | None:
        if do in ("press", "hold", "release"):
            return self.one_of(where, value, BUTTONS, "button")
        if do == "touch":
            return self.one_of(where, value, LOADS, "load")
        if do == "inject":
            return self.one_of(where, value, FAULTS, "fault")
        if do == "host":
            return self.one_of(where, value, HOSTS, "host")
        if do == "stubble":
            return self.stubble(where, value)
        if do == "bridge_ohm":
            return self.bridge(where, value)
        if do == "battery_pct":
            return self.whole(where, value, 0, 100, "%")
        flag = self.flag(where, value)
        if do == "lift" and not flag:
            self.refuse(where, "must be true; to put the electrodes back, use touch")
        return flag

    def expect(self, table: dict[str, Any], until_us: int) -> Expect:
        self.keys("expect", table, tuple(Expect.__dataclass_fields__))
        until_s = until_us / 1_000_000

        def state(where: str, value: Any) -> str:
            return self.one_of(where, value, STATES, "session state")

        def log(where: str, value: Any) -> dict[str, Any]:
            fields = self.table(where, value)
            if not fields:
                self.refuse(where, "must name at least one field")
            return fields

        readers: dict[str, Callable[[str, Any], Any]] = {
            "final_state": state,
            "visits": lambda where, value: self.each(where, value, state),
            "never": lambda where, value: self.each(where, value, state),
            "faults": lambda where, value: self.each(where, value, self.text),
            "treated_s": lambda where, value: self.span(where, value, until_s, "s"),
            "lifts": lambda where, value: self.whole(where, value, 0, TIMES_MAX),
            "boots": lambda where, value: self.whole(where, value, 0, TIMES_MAX),
            "powered": self.flag,
            "no_output": self.flag,
            "peak_ua": lambda where, value: self.span(where, value, 1000, "uA"),
            "logs": lambda where, value: self.each(where, value, log),
        }
        return Expect(**{key: readers[key](f"expect.{key}", value) for key, value in table.items()})
