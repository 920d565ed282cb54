"""The simulated device live in a terminal, as `tonusctl sim` shows it: what the folders share."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest

WAIT_S = 30  # for what takes a second on an idle computer
RUN = (
    "import sys; from pathlib import Path; from tonus_tools.ending import guarded; from tonus_tools.sim import panel; "
)
RUN += "sys.exit(guarded(lambda: panel.run(Path(sys.argv[1]) if sys.argv[1:] else None, battery_pct=70)))"


def until(told: Callable[[], Any]) -> Any:
    """What `told` says, when that is something; it is asked again for a while."""
    limit = time.monotonic() + WAIT_S
    while time.monotonic() < limit:
        found = told()
        if found:
            return found
        time.sleep(0.02)
    pytest.fail(f"not within {WAIT_S} s")


class Terminal:
    """A panel in a terminal, of 80 by 30 unless it says otherwise. command: in place of one that only runs it."""

    def __init__(
        self,
        *arguments: str,
        size: tuple[int, int] = (80, 30),
        command: Sequence[str] = ("-c", RUN),
        **environment: str,
    ) -> None:
        self._master, self._slave = os.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.settings = self.modes()
        self._seen = b""
        self.process = subprocess.Popen(
            [sys.executable, *command, *arguments],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env=os.environ | {"TERM": "xterm-256color"} | environment,
            preexec_fn=self._own,
        )

    @staticmethod
    def _own() -> None:
        """The new process' own terminal, whose Ctrl-C and hang-up it gets."""
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def hang_up(self) -> None:
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()
        os.close(self._slave)

    def modes(self) -> list[Any]:
        return termios.tcgetattr(self._slave)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def look(self) -> None:
        """Take what it shows: a terminal that nobody looks at is full, and the panel waits for it."""
        while select.select([self._master], [], [], 0)[0]:
            self._seen += os.read(self._master, 65536)

    def seen(self) -> str:
        """All that it has shown, without colours and movements."""
        self.look()
        return re.sub(r"\x1b\[[0-?]*[@-~]", "", self._seen.decode(errors="replace"))

    def last(self) -> str:
        """The last whole picture of the panel."""
        return "╭" + self.seen().rpartition("╯")[0].rpartition("╭")[2]

    def shows(self, *texts: str) -> None:
        """Wait until the panel shows all these."""
        try:
            until(lambda: all(re.search(text, self.last()) for text in texts))
        except pytest.fail.Exception:
            pytest.fail(f"{texts} are not all on the panel:\n{self.last()}")

    def port(self) -> str:
        found: re.Match[str] = until(lambda: re.search(r"^device on (/dev/\S+)\r?\n", self.seen()))
        return found[1]


@contextmanager
def terminal(*arguments: str, size: tuple[int, int] = (80, 30), **environment: str) -> Iterator[Terminal]:
    with closing(Terminal(*arguments, size=size, **environment)) as found:
        yield found
