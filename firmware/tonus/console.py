"""The USB console: bytes in, lines out. Nothing here waits for a host that does not read."""

import io
import sys
from asyncio import sleep_ms
from select import POLLIN, POLLOUT, poll

import micropython

from . import echo

_CHUNK = 128
_PIECE = 64  # one USB packet
_SEND_MS = 1000  # for a whole reply; longer, and the supervisor would miss the task that waits
_WAIT_MS = 2
_HELD_MAX = 8


def traceback(problem: BaseException) -> list[str]:
    """Where an exception was raised, line by line, for log lines: what is printed plainly could be taken for input."""
    trace = io.StringIO()
    sys.print_exception(problem, trace)
    return [line for line in trace.getvalue().split("\n") if line]


class Console:
    """Standard input and output. `usb()` is 1 while USB power is present. dropped: counts lines that nobody took."""

    def __init__(self, usb) -> None:
        self._usb = usb
        self.dropped = 0
        self._sent: echo.Sent | None = None
        self._sending = False
        self._held: list[str] = []  # logged while a reply was under way, which nothing may part
        self._in = poll()
        self._in.register(sys.stdin, POLLIN)
        self._out = poll()
        self._out.register(sys.stdout, POLLOUT)
        self._byte = bytearray(1)
        self._chunk = bytearray(_CHUNK)

    def heard(self) -> bool:
        """Whether there is something to read."""
        for _ in self._in.ipoll(0):
            return True
        return False

    @micropython.native
    def read(self) -> memoryview:
        """The bytes that have come, up to a line feed or some tens of them; perhaps none. Good until the next call."""
        # A byte at a time: MicroPython's console cannot say how many there are, and waits for as many as are asked for.
        ready = self._in.ipoll
        readinto = sys.stdin.buffer.readinto  # type: ignore[union-attr]
        one = self._byte
        chunk = self._chunk
        n = 0
        while n < _CHUNK:
            for _ in ready(0):
                break
            else:
                break
            readinto(one)
            byte = one[0]
            chunk[n] = byte
            n += 1
            if byte == 0x0A:
                break
        return memoryview(chunk)[:n]

    def log(self, line: str) -> None:
        """Print a line, or drop it."""
        if self._sending and len(self._held) < _HELD_MAX:
            self._held.append(line)
        elif not self._sending and self._writable():
            if self._sent or self._usb():
                self.sent().keep(line)
            print(line)
        else:
            self.dropped += 1

    def sent(self) -> echo.Sent:
        """What went out last. On the cell nothing does, and it takes no memory."""
        if self._sent is None:
            self._sent = echo.Sent()
        return self._sent

    async def send(self, line: str) -> None:
        """Print a line piece by piece, as the host takes it; what it does not take in time is dropped."""
        self._sending = True
        await self._send(line + "\n")
        self._sending = False
        for held in self._held:
            self.log(held)
        self._held = []

    async def _send(self, line: str) -> None:
        waited = 0
        for at in range(0, len(line), _PIECE):
            while not self._writable():
                if waited >= _SEND_MS:
                    self.dropped += 1
                    return
                waited += _WAIT_MS
                await sleep_ms(_WAIT_MS)
            sys.stdout.write(line[at : at + _PIECE])

    def _writable(self) -> bool:
        for _ in self._out.ipoll(0):
            return True
        return False
