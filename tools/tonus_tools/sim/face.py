"""The front panel, live, while the simulation runs; on a stream that is no terminal, a plain line at each change."""

from __future__ import annotations

import sys
import time
from collections import deque
from types import TracebackType
from typing import IO, Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .scenario import Scenario
from .trace import PROBING, TREATING, Record

REFRESH_S = 0.1  # of wall time: ten pictures a second cost the run nothing
RECENT_US = 500_000  # how long a cue stays on the panel, and over how long pulses are averaged
REST_US = 7_000_000  # how old the last pulse may be while the session treats: two periods of the slowest rate
ROOMY = 68  # columns: a narrower panel cuts what is long
MODES = 4
LEVELS = 5

_STATE_STYLE = {
    "TREAT": "bold green",
    "RAMP_UP": "green",
    "RAMP_DOWN": "green",
    "ARMED": "yellow",
    "PAUSED": "bold yellow",
    "FAULT": "bold red",
    "LOW_BATTERY": "red",
    "CHARGING": "cyan",
    "SAFE_MODE": "bold magenta",
}
_CONTACT_STYLE = {"good": "green", "poor": "yellow", "open": "bright_black", "short": "red"}


class View:
    """What the panel shows, kept up to date record by record. Times in virtual us."""

    def __init__(self) -> None:
        self.t_us = 0
        self.state = "OFF"
        self.preset = ""
        self.level = 0
        self.contact = "open"
        self.zone: tuple[int, str, float] | None = None
        self.zones = 0
        self.zone_treated_us = 0
        self.leds: dict[str, int] = {}
        self.beep_us = self.haptic_us = -RECENT_US
        self.fault = ""
        self._pulses: deque[tuple[int, float]] = deque(maxlen=20)
        self._treated_from: int | None = None
        self._probes: set[tuple[int, int]] = set()  # code and width of the contact probe's phases

    def take(self, record: Record) -> bool:
        """Take one record; True when state, zone, contact or fault changed."""
        kind = record[0]
        if kind == "phase":
            shape = record[4], record[3]
            if self.state in PROBING:
                self._probes.add(shape)
            if self.state not in TREATING or shape not in self._probes:  # those in the rests are not its amplitude
                self._pulses.append((record[1], record[6]))
            self.t_us = record[1] + record[3]
            return False
        self.t_us = record[1]
        if kind == "led":
            self.leds[record[2]] = record[3]
        elif kind == "beep" and record[2]:
            self.beep_us = self.t_us
        elif kind == "haptic" and record[2]:
            self.haptic_us = self.t_us
        elif kind == "boot" or (kind == "power" and not record[2]):
            changed = self.state != "OFF"
            self._enter("OFF")
            return changed
        elif kind == "log":
            return self._log(record[2])
        return False

    def _log(self, log: dict[str, Any]) -> bool:
        e = log.get("e")
        if e == "state":
            self._enter(log["to"])
        elif e == "zone":
            self.zone = (log["n"], log["name"], log["s"])
            self.zone_treated_us = 0
            self._treated_from = self.t_us if self.state in ("RAMP_UP", "TREAT") else None
        elif e == "contact":
            self.contact = log["class"]
        elif e == "fault":
            self.fault = log["name"]
        elif e == "mode":
            self.preset = log["name"]
            self.zones = len(log.get("zones", ()))
        elif e == "level":
            self.level = log["level"]
        elif e == "safe_mode":
            self._enter("SAFE_MODE")
        return e in ("state", "zone", "contact", "fault", "safe_mode")

    def _enter(self, state: str) -> None:
        self.zone_treated_us = self._zone_us()
        self._treated_from = self.t_us if state in ("RAMP_UP", "TREAT") else None
        if (state in TREATING) != (self.state in TREATING):
            self._pulses.clear()  # what still flows will show
        if state in ("OFF", "STANDBY", "DONE"):
            self.zone = None
        if state == "OFF":
            self.preset, self.level, self.contact, self.fault = "", 0, "open", ""
            self._probes.clear()
        self.state = state

    def _zone_us(self) -> int:
        running = self.t_us - self._treated_from if self._treated_from is not None else 0
        return self.zone_treated_us + running

    @property
    def zone_left_s(self) -> float:
        """Treatment time (s) the zone has left; it stands still in a pause."""
        return max(0.0, self.zone[2] - self._zone_us() / 1e6) if self.zone else 0.0

    @property
    def current_ua(self) -> float:
        """Mean amplitude (uA) of the last pulses; in a slow rate's rests the last stands. 0: there were none lately."""
        if not self._pulses:
            return 0.0
        newest_us = self._pulses[-1][0]
        if self.t_us - newest_us >= (REST_US if self.state in TREATING else RECENT_US):
            return 0.0
        recent = [ua for t_us, ua in self._pulses if newest_us - t_us < RECENT_US]
        return sum(recent) / len(recent)

    def lit(self, role: str) -> int:
        """Brightness of a LED, permille."""
        return self.leds.get(role, 0)


class Face:
    """A context manager to run a scenario in: `with Face(scenario) as face: run(scenario, face.on_line)`."""

    def __init__(self, scenario: Scenario, out: IO[str] | None = None) -> None:
        self.scenario = scenario
        self.view = View()
        self.console = Console(file=out or sys.stdout, highlight=False)
        self._live: Live | None = None
        self._due = 0.0
        self._began = time.monotonic()

    def __enter__(self) -> Face:
        self._began = time.monotonic()
        if self.console.is_terminal:
            self._live = Live(self.picture(), console=self.console, auto_refresh=False)
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.update(self.picture(), refresh=True)
            self._live.__exit__(kind, error, traceback)
            self._live = None

    def on_line(self, record: Record) -> None:
        """Show a record of the trace."""
        changed = self.view.take(record)
        if self._live is None:
            if changed:
                self.console.print(self.line(), soft_wrap=True, markup=False)
            return
        self.refresh()

    def refresh(self) -> None:
        """Draw the panel again, if it is time to."""
        now = time.monotonic()
        if self._live is not None and now >= self._due:
            self._due = now + REFRESH_S
            self._live.update(self.picture(), refresh=True)

    def line(self) -> str:
        """The view as one plain line."""
        view = self.view
        zone = f"zone {view.zone[0]} {view.zone[1]}" if view.zone else "-"
        tail = f"  fault {view.fault}" if view.fault else ""
        state = f"{view.t_us / 1e6:9.3f} s  {view.state:<11}  {zone:<24}"
        return f"{state}  contact {view.contact:<5}  level {view.level}{tail}"

    def picture(self) -> Panel:
        """The view as the front panel."""
        return self.framed(f"Tonus: {self.scenario.name}", self.rows())

    def rows(self) -> list[tuple[str, Text]]:
        """The lines of the panel: a name, what it shows."""
        state, fault = self.view.state, self.view.fault
        return [
            ("time", self._time()),
            ("state", Text(state, _STATE_STYLE.get(state, "bold")) + Text(f"  {fault}", "red")),
            ("mode", self._modes()),
            ("level", self._level()),
            ("contact", self._contact()),
            ("zone", self._zone()),
            ("current", self._current()),
            ("cues", self._cues()),
        ]

    def framed(
        self, title: str, rows: list[tuple[str, Text]], *below: RenderableType, width: int | None = None
    ) -> Panel:
        """Rows in a frame, and what comes below them. `width` in columns; None for what it takes."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(justify="right", style="bright_black", min_width=8)
        if width is None or width >= ROOMY:
            grid.add_column(min_width=52)
        else:
            grid.add_column(no_wrap=True, overflow="ellipsis")
        for row in rows:
            grid.add_row(*row)
        return Panel(Group(grid, *below), title=title, title_align="left", expand=width is not None, width=width)

    def _time(self) -> Text:
        t_s, until_s = self.view.t_us / 1e6, self.scenario.until_us / 1e6
        wall_s = max(time.monotonic() - self._began, 1e-3)
        text = Text(f"{int(t_s) // 60}:{t_s % 60:04.1f}", "bold")
        text.append(f" of {int(until_s) // 60}:{until_s % 60:02.0f}   {t_s / wall_s:.0f} times life", "bright_black")
        return text

    def _modes(self) -> Text:
        text = Text()
        for i in range(1, MODES + 1):
            lit = self.view.lit(f"MODE_{i}")
            text.append("● " if lit else "○ ", "cyan" if lit else "bright_black")
        return text.append(f" {self.view.preset}", "cyan")

    def _level(self) -> Text:
        text = Text()
        for i in range(1, LEVELS + 1):
            lit = self.view.lit(f"LEVEL_{i}")
            text.append("██ " if lit >= 750 else "▄▄ " if lit else "·· ", "green" if lit else "bright_black")
        return text.append(f" {self.view.level}", "bold")

    def _contact(self) -> Text:
        style = _CONTACT_STYLE.get(self.view.contact, "bold")
        return Text("● " if self.view.lit("CONTACT") else "○ ", style).append(self.view.contact, style)

    def _zone(self) -> Text:
        if self.view.zone is None:
            return Text("-", "bright_black")
        n, name, seconds = self.view.zone
        left_s = self.view.zone_left_s
        text = Text(f"{n}" + (f"/{self.view.zones}" if self.view.zones else "") + f" {name}  ", "bold")
        done = round(20 * (1 - left_s / seconds)) if seconds else 20
        text.append("━" * done, "green").append("━" * (20 - done), "bright_black")
        return text.append(f" {left_s:.0f} s left")

    def _current(self) -> Text:
        ua = self.view.current_ua
        return Text(f"{ua:5.1f} uA ", "bold").append("▇" * min(25, round(ua / 20)), "green")

    def _cues(self) -> Text:
        text = Text()
        for label, at_us in (("♪ beep", self.view.beep_us), ("≋ haptic", self.view.haptic_us)):
            recent = self.view.t_us - at_us < RECENT_US
            text.append(f"{label}   ", "bold magenta" if recent else "bright_black")
        return text
