"""A simulated device that is told what happens as it runs: to its buttons, its skin and its USB cable.

Time is virtual and moves only in `run`. Whoever wants it to keep pace with life paces its calls.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from ..world.boards import FIRMWARE
from . import runner
from .scenario import Scenario
from .trace import Record, Trace, TraceReader

FOR_EVER_US = 1 << 60
SEND_BYTES = 512  # at most in one order, for which the simulated device has to find room in a heap like the RP2040's


class Live:
    """A context manager: inside it the simulated device of `scenario` exists, its timeline left out of account.

    flash: image that the device's file system is in, kept afterwards; None for a blank one. firmware: folder to run
    instead of the project's. on_record is given each record of the trace as it comes.
    """

    def __init__(
        self,
        scenario: Scenario,
        flash: Path | None = None,
        firmware: Path = FIRMWARE,
        on_record: Callable[[Record], None] | None = None,
        reader: TraceReader | None = None,
    ) -> None:
        self.now_us = 0
        self.heard = bytearray()  # what the device has sent over USB and nobody has read
        self.waiting = 0  # bytes that the host has sent and the device has not taken
        self.in_bootsel = False  # the firmware has made it a BOOTSEL drive: nothing runs
        self._said: deque[str] = deque(maxlen=runner.SAID_LINES)
        self._scenario = scenario
        self._flash = flash
        self._firmware = firmware
        self._on_record = on_record
        self._reader = reader or TraceReader()
        self._orders: list[tuple[str, Any]] = []
        self._folder = Path()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Live:
        self._folder = Path(tempfile.mkdtemp(prefix="tonus-live-"))
        config = self._folder / "config.json"
        target = self._scenario.to_target() | {"live": True, "timeline": [], "until_us": FOR_EVER_US}
        config.write_text(json.dumps(target), encoding="utf-8")
        flash = self._flash or self._folder / "flash.img"
        with open(self._folder / "stderr", "w", encoding="utf-8") as stderr:
            self._process = subprocess.Popen(
                runner.command(config),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=runner.environment(self._scenario.board, self._firmware, flash),
                encoding="utf-8",
            )
        self._listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        process = self._process
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):  # half an order, that nobody takes any more
                        stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def do(self, action: str, value: Any) -> None:
        """Something happens to the device where time stands: an action of SCENARIOS.md, with `hold` and `release`.

        And `wired`: the breadboard is wired as it is, right or wrong (tests/sim/breadboards.py).
        """
        self._orders.append((action, value))

    def send(self, data: bytes) -> None:
        """The host sends bytes; without a cable they are lost."""
        for at in range(0, len(data), SEND_BYTES):
            self.do("send", data[at : at + SEND_BYTES].decode("latin-1"))

    def run(self, us: int, on_output: bool = False) -> None:
        """Let time pass; with `on_output` only until the device sends something. Raises SimulatorError if it broke."""
        until_us = self.now_us + us
        orders: list[list[tuple[str, Any]]] = [[]]
        for action in self._orders:
            if action[0] == "send" and orders[-1]:
                orders.append([])
            orders[-1].append(action)
        self._orders = []
        for actions in orders[:-1]:
            self._order(self.now_us, False, actions)
        self._order(until_us, on_output, orders[-1])

    def _order(self, until_us: int, on_output: bool, actions: list[tuple[str, Any]]) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        order = {"until": until_us, "on_output": on_output, "do": actions}
        try:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
        except OSError:
            pass  # it has stopped, and says why below
        self._listen()

    def finish(self) -> Trace:
        """End the simulation; the trace of all of it."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._listen()
        return self._reader.finish()

    def _listen(self) -> None:
        """Take records up to the next stop."""
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith('["wait",'):
                _, self.now_us, self.waiting = json.loads(line)
                return
            if line.startswith('["bootsel",'):
                self.in_bootsel = True
                continue
            if line.startswith("["):
                record = self._reader.feed(line)
            else:
                self._said.append(line)
                if not self._reader.lines:
                    continue  # it does not get as far as a trace: what it says is why
                record = self._reader.console(line.rstrip("\n"))
            if record[0] == "usb":
                self.heard += record[2].replace("\n", "\r\n").encode("utf-8", "replace")
            if self._on_record is not None:
                self._on_record(record)
        code = self._process.wait()
        if code:
            stderr = (self._folder / "stderr").read_text(encoding="utf-8", errors="replace").splitlines()
            raise runner.SimulatorError(runner.last_words(code, [*self._said, *stderr]))


class Running(Protocol):
    """A device that is told what happens as it runs, wherever it runs. See `Live`."""

    heard: bytearray
    in_bootsel: bool

    @property
    def now_us(self) -> int: ...

    @property
    def waiting(self) -> int: ...

    def do(self, action: str, value: Any) -> None: ...

    def send(self, data: bytes) -> None: ...

    def run(self, us: int, on_output: bool = False) -> None: ...


class VirtualSerial:
    """The host's end of a live device's cable, with pyserial's methods, in the device's own time."""

    def __init__(self, live: Running, timeout: float = 2.0) -> None:
        self.timeout: float | None = timeout
        self._live = live

    def write(self, data: bytes) -> int:
        self._live.send(data)
        return len(data)

    def read(self, size: int = 1) -> bytes:
        """Up to `size` bytes: fewer when `timeout` seconds pass."""
        live = self._live
        until_us = live.now_us + round(1e6 * (self.timeout or 0))
        while len(live.heard) < size and live.now_us < until_us:
            live.run(until_us - live.now_us, on_output=True)
        data = bytes(live.heard[:size])
        del live.heard[:size]
        return data

    def readline(self) -> bytes:
        """Up to and with the next line feed; what there is when `timeout` seconds pass."""
        live = self._live
        until_us = live.now_us + round(1e6 * (self.timeout or 0))
        while b"\n" not in live.heard and live.now_us < until_us:
            live.run(until_us - live.now_us, on_output=True)
        end = live.heard.find(b"\n") + 1 or len(live.heard)
        data = bytes(live.heard[:end])
        del live.heard[:end]
        return data

    @property
    def in_waiting(self) -> int:
        return len(self._live.heard)

    def flush(self) -> None:
        """Nothing waits here."""

    def reset_input_buffer(self) -> None:
        self._live.heard.clear()

    def close(self) -> None:
        """The cable stays in."""
