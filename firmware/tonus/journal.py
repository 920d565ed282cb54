"""The journal on flash: the last records of a kind, each a sealed line, so that no loss of power can falsify one.

Records are appended to a file; when it is full it takes the place of the one before it, and a new one begins. A record
that was being written when the power went is not there, or is skipped for its CRC.

Nothing here knows whether the output is on: who calls `load` and `add` makes sure that it is off.
"""

import json
import os

from . import limits, sealed

_LINE_MAX = 900  # a record has to fit a reply of the USB protocol


class Journal:
    """The records of one kind in `folder`. `n` is the number of the last one written, `damaged` counts bad lines."""

    def __init__(self, folder: str, kind: str) -> None:
        self.n = 0
        self.damaged = 0
        self._path = folder + "/" + kind
        self._count = 0  # in the file that is written

    def load(self) -> None:
        """Find the last record."""
        self.damaged = 0
        for path in (self._path + ".old", self._path):
            self._count = 0
            whole = True
            for line in _lines(path):
                self._count += 1
                whole = line[-1:] == b"\n"
                n = _number(line)
                if n is None:
                    self.damaged += 1
                else:
                    self.n = n
        if not whole:
            self._rotate()  # what is appended to half a line would be lost with it

    def add(self, record: dict) -> int:
        """Write a record under the next number; the number. OSError when the flash does not take it."""
        if self._count >= limits.JOURNAL_KEEP:
            self._rotate()
        n = self.n + 1
        line = sealed.seal('{"n":%d,%s' % (n, json.dumps(record)[1:])) + "\n"
        if len(line) > _LINE_MAX:
            raise ValueError("a record of %d characters; allowed at most %d" % (len(line), _LINE_MAX))
        with open(self._path, "ab") as f:
            f.write(line.encode())
        self.n = n
        self._count += 1
        return n

    def after(self, n: int) -> str | None:
        """The oldest of the last JOURNAL_KEEP records numbered above `n`, as JSON text; None past the last."""
        n = max(n, self.n - limits.JOURNAL_KEEP)
        for path in (self._path + ".old", self._path):
            for line in _lines(path):
                number = _number(line)
                if number is not None and number > n:
                    return line[:-10].decode()
        return None

    def _rotate(self) -> None:
        os.rename(self._path, self._path + ".old")
        self._count = 0


def _number(line: bytes) -> int | None:
    """The number of the record in a line; None when the line is damaged."""
    text = sealed.unseal(line[:-1]) if line[-1:] == b"\n" else None
    if text is None:
        return None
    return int(text[5 : text.find(b",")])  # {"n":12,...


def _lines(path: str):  # -> Iterator[bytes]
    try:
        f = open(path, "rb")
    except OSError:
        return
    with f:
        while True:
            line = f.readline(_LINE_MAX)
            if not line:
                return
            yield line
