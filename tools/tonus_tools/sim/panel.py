"""The simulated device, live: its panel and buttons in a terminal, its console on a pseudo-terminal, time as in life.

LIVE.md is for the person who plays with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import json
import os
import re
import select
import signal
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from rich.console import ConsoleDimensions
from rich.panel import Panel
from rich.text import Text

from ..errors import ToolError
from ..world.boards import FIRMWARE, board_names
from ..world.faults import FAULTS
from ..world.model import BUTTONS
from . import runner
from .face import Face, View
from .live import Live, Running
from .scenario import DEFAULT_BOARD, PRESS_S, Scenario, Start
from .trace import Record, TraceError, TraceReader

OK, UNUSABLE = 0, 2

STEP_S = 0.01  # time moves on this often ...
STEP_US = 20_000  # ... and by no more than this at once, so that keys and port are never far behind
LAG_US = 500_000  # further behind the clock than this is given up for lost
SLOW_S = 3.0  # the panel says so for so long
PRESS_US = round(1e6 * PRESS_S)
LONG_PRESS_US = 2_000_000  # MODE held: well above the 1.5 s that switch off
CHORD_PRESS_US = 1_200_000  # PLUS and MINUS held: above the second that leaves a zone out
BETWEEN_US = 80_000  # from a button's release to its next press
AHEAD_US = 10_000_000  # presses that would wait longer than this are forgotten,
REPEAT_US = 2_000_000  # and those of one button after another: ten. A key that is held down sends many
HOST_BYTES = 2048  # of the host's, on their way to the device at once: more wait in the port, as in life
CELL_STEP_PCT = 10
READ_BYTES = 4096
WIDTH = 80  # of the panel, columns
LOW = 24  # lines: there the panel has no room for a blank one
FRAME = 4  # of these, the frame and the space within it

TOUCH_KEYS = {
    "g": "good",
    "t": "typical",
    "p": "poor",
    "d": "dry",
    "s": "short",
    "5": "500",
    "2": "2k",
    "1": "10k",
}
_TOUCHED = {
    "good": "skin with good gel",
    "typical": "skin with some gel",
    "poor": "skin with little gel",
    "dry": "dry skin",
    "short": "each other",
    "500": "a test load of 500 Ohm",
    "2k": "a test load of 2 kOhm",
    "10k": "a test load of 10 kOhm",
    "lifted": "nothing",
}
_HELP = (
    (("m", "MODE"), ("M", "MODE, 2 s"), ("+", "PLUS"), ("-", "MINUS"), ("n", "stay on MINUS / let go")),
    (("g", "good"), ("t", "typical"), ("p", "poor"), ("d", "dry"), ("s", "short"), ("l", "lift")),
    (("5", "500 Ohm"), ("2", "2 kOhm"), ("1", "10 kOhm"), ("u", "cable out / in"), ("b B", "cell -10 / +10 %")),
    (("c C", "PLUS and MINUS, 0.1 / 1.2 s"), ("f", "break something"), ("q", "quit")),
)
MENU = {chr(ord("a") + i): fault for i, fault in enumerate(FAULTS)}
# What arrows and function keys send would otherwise be taken for letters.
_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)


class Port:
    """A pseudo-terminal: `path` is what a program opens as it would the device's serial port."""

    def __init__(self) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        # Not kept open: so the master's hang-up says that no program has it open. The settings stay.
        os.close(slave)
        os.set_blocking(self._master, False)
        self._poll = select.poll()
        self._poll.register(self._master, select.POLLIN)
        self._unsent = b""
        self._sent = False  # to the program that has it open, or had

    def close(self) -> None:
        os.close(self._master)

    @property
    def connected(self) -> bool:
        """Whether a program has it open."""
        return not any(event & select.POLLHUP for _, event in self._poll.poll(0))

    def fileno(self) -> int:
        return self._master

    def receive(self, most: int = READ_BYTES) -> bytes:
        """What the program has sent, up to so many bytes."""
        try:
            return os.read(self._master, most)
        except OSError:
            return b""  # nothing, and perhaps nobody

    def send(self, data: bytes) -> bool:
        """Send as much as there is room for, and keep the rest; True when all is out. Without a program it is lost."""
        if not self.connected:
            self._unsent = b""
            if self._sent:
                self._sent = False
                self._clean()
            return True
        self._unsent += data
        if self._unsent:
            self._sent = True
            with contextlib.suppress(OSError):
                self._unsent = self._unsent[os.write(self._master, self._unsent) :]
        return not self._unsent

    def _clean(self) -> None:
        """Throw away what a program has left unread: the next one is not to find it."""
        slave = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        termios.tcflush(slave, termios.TCIFLUSH)
        os.close(slave)

    def drop(self) -> None:
        """Forget what was kept."""
        self._unsent = b""


class Bench:
    """A live device on a bench: its time follows the clock, its cable (in, at first) leads to a port.

    Not `paced`, it goes as fast as it can.
    `lost_s`: by how much it has fallen behind, for want of a faster computer.
    """

    def __init__(
        self, live: Running, port: Port, clock: Callable[[], float] = time.monotonic, paced: bool = True
    ) -> None:
        self.live = live
        self.port = port
        self.plugged = True
        self.lost_s = 0.0
        self.slow_until_s = 0.0
        self.held: set[str] = set()
        self._clock = clock
        self._paced = paced
        self._zero_s = clock() - live.now_us / 1e6
        self._reads = True
        self._due: list[tuple[int, int, str, Any]] = []
        self._number = 0
        self._free_us = 0  # when the button that was pressed last is up again
        self._turn_us = 0  # when it goes down
        self._last = ""

    @property
    def slow(self) -> bool:
        """Whether it has fallen behind lately."""
        return self._clock() < self.slow_until_s

    def do(self, action: str, value: Any) -> None:
        """Something happens now: an action of SCENARIOS.md."""
        if action == "usb":
            self.plugged = value
            self.port.drop()  # what has not crossed the cable yet
        self.live.do(action, value)

    def then(self, action: str, value: Any) -> None:
        """Something happens once the button pressed last is down: what was typed before comes before."""
        self._at(max(self.live.now_us, self._turn_us), action, value)

    def press(self, button: str, for_us: int = PRESS_US) -> None:
        """A finger presses a button, after whatever was pressed before has come up."""
        at_us = max(self.live.now_us, self._free_us)
        most_us = REPEAT_US if button == self._last else AHEAD_US
        if button in self.held or at_us >= self.live.now_us + most_us:
            return
        self._last = button
        self._at(at_us, "hold", button)
        self._at(at_us + for_us, "release", button)
        self._turn_us, self._free_us = at_us, at_us + for_us + BETWEEN_US

    def together(self, for_us: int) -> None:
        """Two fingers press PLUS and MINUS, after whatever was pressed before has come up."""
        at_us = max(self.live.now_us, self._free_us)
        if self.held or at_us >= self.live.now_us + AHEAD_US:
            return
        self._last = ""
        for button in ("PLUS", "MINUS"):
            self._at(at_us, "hold", button)
            self._at(at_us + for_us, "release", button)
        self._turn_us, self._free_us = at_us, at_us + for_us + BETWEEN_US

    def hold(self, button: str) -> None:
        """A finger stays on a button, in its turn; the second time it leaves."""
        at_us = max(self.live.now_us, self._free_us)
        if button in self.held:
            self.held.remove(button)
            self._at(at_us, "release", button)
        else:
            self.held.add(button)
            self._at(at_us, "hold", button)
        self._turn_us, self._free_us = at_us, at_us + BETWEEN_US

    def step(self) -> None:
        """Bring the device up to the clock, and bytes across the cable. Raises SimulatorError."""
        data = self.port.receive(HOST_BYTES - self.live.waiting) if self.has_room else b""
        if data:
            self.live.send(data)
        self._run(self.live.now_us + STEP_US if not self._paced else self._pace())
        heard = bytes(self.live.heard)
        self.live.heard.clear()
        reads = self.port.send(heard)
        if reads != self._reads:
            self._reads = reads
            self.live.do("reads", reads)

    @property
    def has_room(self) -> bool:
        """Whether the device takes what the host sends; else the host waits, as it does for a real one."""
        return self.live.waiting < HOST_BYTES

    def _pace(self) -> int:
        """How far time is to come in this step, us."""
        now_s = self._clock()
        target_us = round(1e6 * (now_s - self._zero_s))
        lag_us = target_us - self.live.now_us
        if lag_us > LAG_US:
            self.lost_s += (lag_us - STEP_US) / 1e6
            self._zero_s += (lag_us - STEP_US) / 1e6
            self.slow_until_s = now_s + SLOW_S
        return min(target_us, self.live.now_us + STEP_US)

    def wait(self, *others: int) -> list[int]:
        """Wait until the next step is due or a program has sent something; which of `others` can be read."""
        behind_s = self._clock() - self._zero_s - self.live.now_us / 1e6 if self._paced else STEP_S
        files = [*others, self.port.fileno()] if self.port.connected and self.has_room else list(others)
        return [file for file in select.select(files, [], [], max(0.0, STEP_S - behind_s))[0] if file in others]

    def _at(self, at_us: int, action: str, value: Any) -> None:
        self._number += 1
        heapq.heappush(self._due, (at_us, self._number, action, value))

    def _run(self, target_us: int) -> None:
        while self._due and self._due[0][0] <= target_us:
            at_us, _, action, value = heapq.heappop(self._due)
            if at_us > self.live.now_us:
                self.live.run(at_us - self.live.now_us)
            self.do(action, value)
        if target_us > self.live.now_us:
            self.live.run(target_us - self.live.now_us)


class _PanelView(View):
    """What the panel shows, with the world around it."""

    def __init__(self, start: Start) -> None:
        super().__init__()
        self.touch = start.touch
        self.plugged = start.usb
        self.cell_pct = start.battery_pct
        self.pressed: set[str] = set()
        self.broken: list[str] = []

    def take(self, record: Record) -> bool:
        if record[0] != "world":
            return super().take(record)
        self.t_us, action, value = record[1:]
        if action == "hold":
            self.pressed.add(value)
        elif action == "release":
            self.pressed.discard(value)
        elif action == "touch":
            self.touch = value
        elif action == "lift":
            self.touch = "lifted"
        elif action == "usb":
            self.plugged = value
        elif action == "battery_pct":
            self.cell_pct = value
        elif action == "inject" and value not in self.broken:
            self.broken.append(value)
        return action not in ("hold", "release")


class PanelFace(Face):
    """The face of a live device: what is around it, and the keys, too."""

    def __init__(self, scenario: Scenario, port: Port, keys: bool, out: IO[str] | None = None) -> None:
        super().__init__(scenario, out)
        self.view: _PanelView = _PanelView(scenario.start)
        self.menu = False
        self.pace = "as in life"
        self.bench: Bench | None = None
        self._port = port
        self._keys = keys
        self._slow = False
        self._size = self.console.size

    def tick(self) -> None:
        """Time has passed, whether anything happened or not."""
        assert self.bench is not None
        self.view.t_us = max(self.view.t_us, self.bench.live.now_us)
        if self.bench.slow and not self._slow and not self.console.is_terminal:
            self.console.print(f"{self._seconds()}  this computer is too slow", soft_wrap=True)
        self._slow = self.bench.slow
        if self.console.size != self._size:
            self._size = self.console.size
            if self.console.is_terminal:
                self.console.clear()  # the panel would be drawn beside what is left of itself
        self.refresh()

    def start_afresh(self) -> None:
        """The terminal shows something else: clear it before the next picture."""
        self._size = ConsoleDimensions(0, 0)

    def line(self) -> str:
        view = self.view
        cable = "in" if view.plugged else "out"
        broken = f"  broken {', '.join(view.broken)}" if view.broken else ""
        return f"{super().line()}  touches {view.touch}  cable {cable}  cell {view.cell_pct} %{broken}"

    def picture(self) -> Panel:
        width = min(WIDTH, self.console.width)
        below = Text("\nCtrl-C quits", "bright_black")
        if self._keys:
            below = _menu(width) if self.menu else _help(width)
        return self.framed(f"Tonus, simulated: {self.scenario.board}", self.rows(), below, width=width)

    def rows(self) -> list[tuple[str, Text]]:
        view = self.view
        fingers = Text()
        for button in BUTTONS:
            down = button in view.pressed
            fingers.append(f"{'▼' if down else '▽'} {button}   ", "bold yellow" if down else "bright_black")
        cable = Text("in", "cyan").append(": no treatment", "bright_black") if view.plugged else Text("out")
        at_it = "a program has it open" if self._port.connected else "nobody has it open"
        rows = [
            ("", Text()),
            ("fingers", fingers),
            ("touching", Text(_TOUCHED[view.touch])),
            ("cable", cable),
            ("cell", Text(f"{view.cell_pct} %")),
            ("port", Text(self._port.path).append(f"  {at_it}", "bright_black")),
            ("broken", Text(", ".join(view.broken), "red") if view.broken else Text("nothing", "bright_black")),
        ]
        if self.console.height <= LOW or self.console.width < WIDTH:
            del rows[0]
        # In a terminal of 24 lines the menu has only room in the place of these.
        return super().rows() + ([] if self.menu else rows)

    def _time(self) -> Text:
        text = Text(self._seconds(), "bold")
        bench = self.bench
        if bench is not None and bench.slow:
            return text.append(f"   too slow: this computer has lost {bench.lost_s:.1f} s", "bold red")
        lost = f", but for {bench.lost_s:.1f} s lost" if bench is not None and bench.lost_s else ""
        return text.append(f"   {self.pace}{lost}", "bright_black")

    def _seconds(self) -> str:
        t_s = self.view.t_us / 1e6
        return f"{int(t_s) // 60}:{t_s % 60:04.1f}"


def _help(width: int) -> Text:
    """The keys and what they do, as they fit a panel of this width."""
    entries = [[(f" {key} ", f"{what}  ") for key, what in line] for line in _HELP]
    return _flowing(entries if width >= WIDTH else [[entry for line in entries for entry in line]], width)


def _menu(width: int) -> Text:
    """What can be broken, each with its key."""
    entries = [(f" {key} ", f"{fault:<20}") for key, fault in MENU.items()]
    return Text("\nBreak what? Any other key: nothing.").append(_flowing([entries], width))


def _flowing(lines: list[list[tuple[str, str]]], width: int) -> Text:
    """Lines of keys with what they do, broken between two of them where the panel ends."""
    text = Text()
    for line in lines:
        room = 0
        for key, what in line:
            if len(key + what.rstrip()) > room:
                text.append("\n")
                room = width - FRAME
            room -= len(key + what)
            text.append(key, "bold cyan").append(what if room > 0 else what.rstrip(), "bright_black")
    return text


class _Passing(TraceReader):
    """Hands records on and keeps none: a live device may run for days."""

    def feed(self, line: str) -> Record:
        try:
            record: Record = json.loads(line)
        except ValueError:
            raise self._bad(line) from None
        self._last_us = record[1]
        return record


def _device(
    scenario: Scenario, flash: Path | None, on_record: Callable[[Record], None], chip: bool
) -> AbstractContextManager[Running]:
    if chip:
        from ..chip.live import Live as Emulated  # brings the emulator with it

        return Emulated(scenario, flash, on_record=on_record, reader=_Passing())
    return Live(scenario, flash, on_record=on_record, reader=_Passing())


class Keyboard:
    """What the keys do."""

    def __init__(self, bench: Bench, face: PanelFace) -> None:
        self._bench = bench
        self._face = face
        # With what was typed and has not happened yet.
        self._plugged = bench.plugged
        self._cell_pct = face.view.cell_pct

    def take(self, text: str) -> bool:
        """Do what these keys say; False when one says to quit."""
        return all(self._key(key) for key in _ESCAPES.sub("", text))

    def _key(self, key: str) -> bool:
        bench = self._bench
        if self._face.menu:
            self._face.menu = False
            fault = MENU.get(key)
            if fault is not None:
                bench.then("inject", fault)
                return True
        if key == "m":
            bench.press("MODE")
        elif key == "M":
            bench.press("MODE", LONG_PRESS_US)
        elif key in "+=":
            bench.press("PLUS")
        elif key == "-":
            bench.press("MINUS")
        elif key == "n":
            bench.hold("MINUS")
        elif key in "cC":
            bench.together(CHORD_PRESS_US if key == "C" else PRESS_US)
        elif key == "l":
            bench.then("lift", True)
        elif key in TOUCH_KEYS:
            bench.then("touch", TOUCH_KEYS[key])
        elif key == "u":
            self._plugged = not self._plugged
            bench.then("usb", self._plugged)
        elif key in "bB":
            step = CELL_STEP_PCT if key == "B" else -CELL_STEP_PCT
            self._cell_pct = min(100, max(0, self._cell_pct + step))
            bench.then("battery_pct", self._cell_pct)
        elif key == "f":
            self._face.menu = True
        return key != "q"


@contextmanager
def _single_keys(file: int, resumed: Callable[[], None]) -> Iterator[None]:
    """Keys come one by one, not shown; afterwards the terminal is as it was. `resumed` is called after Ctrl-Z, fg."""

    def resume(number: int, frame: Any) -> None:
        with contextlib.suppress(termios.error):  # a terminal that goes sends this signal, too
            tty.setcbreak(file)  # the shell has taken it back meanwhile
            resumed()

    before = termios.tcgetattr(file)
    try:
        tty.setcbreak(file)
        with _on_signals(resume, signal.SIGCONT):
            yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(file, termios.TCSAFLUSH, before)


def _end(number: int, frame: Any) -> None:
    """End like Ctrl-C, and so leave the terminal as it was. Signals often come in twos."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise KeyboardInterrupt(signal.Signals(number).name)


@contextmanager
def _on_signals(handler: Callable[[int, Any], Any], *numbers: int) -> Iterator[None]:
    """Handle these signals, if this is the thread that can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [signal.signal(number, handler) for number in numbers]
    try:
        yield
    finally:
        for number, old in zip(numbers, before, strict=True):
            signal.signal(number, old)


@contextmanager
def _sole(flash: Path, board: str) -> Iterator[None]:
    """The flash image is there, and this device's alone."""
    runner.environment(board, FIRMWARE, flash)
    with open(flash, "rb") as image:
        try:
            fcntl.flock(image, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise runner.SimulatorError(f"{flash}: another simulated device runs on it") from None
        yield


def run(
    flash: Path | None = None,
    battery_pct: int = Start.battery_pct,
    board: str = DEFAULT_BOARD,
    keys: bool = True,
    out: IO[str] | None = None,
    chip: bool = False,
) -> int:
    """Run a simulated device until `q`, Ctrl-C or SIGTERM; exit code 0. The port's path is in the first line on `out`.

    The cable is in at first, the electrodes touch nothing. flash: image that presets and journal stay in; None for one
    that is forgotten. keys: the keyboard is the device's buttons, if standard input is a terminal. chip: on an emulated
    RP2040, some twenty times slower than life. What prevents it is one line on standard error, and exit code 2.
    """
    try:
        if board not in board_names():
            raise runner.SimulatorError(f"board {board!r}; allowed are {', '.join(board_names())}")
        if not 0 <= battery_pct <= 100:
            raise runner.SimulatorError(f"battery {battery_pct} %; allowed 0 to 100")
        start = Start(usb=True, battery_pct=battery_pct)
        scenario = Scenario("live", 1, board=board, start=start)
        return _said(
            _run(scenario, flash, keys and sys.stdin is not None and sys.stdin.isatty(), out or sys.stdout, chip), flash
        )
    except KeyboardInterrupt as interrupt:
        return _said(str(interrupt) or "Ctrl-C", flash)
    except BrokenPipeError:
        return _said("nobody reads its output any more", flash)
    except (runner.SimulatorError, TraceError, ToolError) as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename or 'terminal'}: {error.strerror or error}", file=sys.stderr)
    return UNUSABLE


def _said(end: str, flash: Path | None) -> int:
    """Say what ended it, and where the device's data is."""
    kept = "" if flash is None else f"; presets and journal are in {flash}"
    with contextlib.suppress(OSError):
        print(f"ended: {end}{kept}", file=sys.stderr)
    return OK


def _run(scenario: Scenario, flash: Path | None, keys: bool, out: IO[str], chip: bool) -> str:
    """Run it; why it ended."""
    with ExitStack() as stack:
        stack.enter_context(_on_signals(_end, signal.SIGTERM, signal.SIGHUP))
        if flash is not None and (flash.exists() or not chip):
            stack.enter_context(_sole(flash, scenario.board))
        port = stack.enter_context(contextlib.closing(Port()))
        face = PanelFace(scenario, port, keys, out)
        live = stack.enter_context(_device(scenario, flash, face.on_line, chip))
        face.bench = bench = Bench(live, port, paced=not chip)
        face.pace = "slower than life" if chip else "as in life"
        face.console.print(f"device on {port.path}", soft_wrap=True)
        stdin = [sys.stdin.fileno()] if keys else []
        for file in stdin:
            stack.enter_context(_single_keys(file, face.start_afresh))
        stack.enter_context(face)
        keyboard = Keyboard(bench, face)
        while True:
            for file in bench.wait(*stdin):
                typed = os.read(file, READ_BYTES).decode("latin-1")
                if not typed:
                    return "the keyboard is gone"
                if not keyboard.take(typed):
                    return "q"
            bench.step()
            if live.in_bootsel:
                return "the device restarted as the drive RPI-RP2, which is not simulated"
            face.tick()
