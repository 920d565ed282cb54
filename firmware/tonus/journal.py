"""The journal on flash: the last records of a kind, each a sealed line, so that no loss of power can falsify one.

Records are appended to a file; when it is full it takes the place of the one before it, and a new one begins, which is
there before the full one moves. A record that was being written when the power went is not there, or is skipped for its
CRC; so is any line that is no record.

Nothing here knows whether the output is on: who calls `load` and `add` makes sure that it is off.
"""

import json
import os

from . import files, limits, sealed

_LINE_MAX = 900  # a record has to fit a reply of the USB protocol
RECORD_MAX = _LINE_MAX - 25  # characters, as JSON without white space: without its number and the seal
_BLOCK = 1024
_N_MAX = (1 << 29) - 1  # what a host can ask for
_DEPTH_MAX = 3  # of a record's lists and objects: nothing that a file holds makes the device recurse deeper
_ENOENT = 2


class Journal:
    """The records of one kind in `folder`. `n` is the number of the last one written."""

    def __init__(self, folder: str, kind: str) -> None:
        self.n = 0
        self._paths = (folder + "/" + kind + ".old", folder + "/" + kind)
        self._new = folder + "/" + kind + ".new"
        self._gone = folder + "/" + kind + ".gone"  # there: what the others hold is to be deleted
        self._count = 0  # in the file that is written
        self._cursor = (0, 0, 0)  # behind the record of this number: file and offset

    def load(self) -> None:
        """Find the last record; what is in a file's place is put aside. OSError when the flash fails."""
        if self._is_there(self._gone):
            self._delete()
        self._end_rotation()
        for path in self._paths:
            self._count = 0
            tail = b""
            try:
                f = open(path, "rb")
            except OSError as problem:
                if problem.errno != _ENOENT:
                    files.put_aside(path)
                continue
            with f:
                while True:
                    block = f.read(_BLOCK)
                    if not block:
                        break
                    self._count += block.count(b"\n")
                    tail = (tail + block)[-2 * _LINE_MAX :]
            for line in tail.split(b"\n"):
                self.n = _number(line) or self.n
        if tail[-1:] not in (b"", b"\n"):
            self._rotate(b"")  # what is appended to half a line would be lost with it

    def add(self, record: dict) -> int:
        """Write a record under the next number; the number. OSError when the flash does not take it."""
        n = self.n % _N_MAX + 1
        line = sealed.seal_for_flash('{"n":%d,%s' % (n, json.dumps(record, separators=(",", ":"))[1:])) + "\n"
        if len(line) > _LINE_MAX:
            raise ValueError("a record of %d characters; allowed at most %d" % (len(line), _LINE_MAX))
        if self._count >= limits.JOURNAL_KEEP:
            self._rotate(line.encode())
        else:
            with open(self._paths[1], "ab") as f:
                f.write(line.encode())
        self.n = n
        self._count += 1
        return n

    def clear(self) -> None:
        """Delete all records: once `.gone` is there, a loss of power ends it at the next start. OSError."""
        with open(self._gone, "wb"):
            pass
        self._delete()

    def _delete(self) -> None:
        for path in self._paths + (self._new, self._gone):
            files.remove(path)
        self.n = self._count = 0
        self._cursor = (0, 0, 0)

    def after(self, n: int) -> str | None:
        """The oldest of the last JOURNAL_KEEP records numbered above `n`, as JSON text; None past the last."""
        n = max(n, self.n - limits.JOURNAL_KEEP)
        first, at = self._cursor[1:] if self._cursor[0] == n else (0, 0)
        for i in range(first, 2):
            try:
                f = open(self._paths[i], "rb")
            except OSError:
                continue
            with f:
                f.seek(at)
                at = 0
                while True:
                    line = f.readline(_LINE_MAX)
                    if not line:
                        break
                    number = _number(line[:-1])
                    if number is not None and number > n and _is_record(line[:-10]):
                        self._cursor = (number, i, f.tell())
                        return line[:-10].decode()
        return None

    def _rotate(self, line: bytes) -> None:
        """Begin a new file, with this line; at no moment is there neither the file nor its `.new`."""
        files.remove(self._new)
        with open(self._new, "wb") as f:
            f.write(line)
        os.rename(self._paths[1], self._paths[0])
        os.rename(self._new, self._paths[1])
        self._count = 0
        self._cursor = (0, 0, 0)

    def _end_rotation(self) -> None:
        """What was cut off between its two renames is completed; before them, undone."""
        if not self._is_there(self._new):
            return
        if self._is_there(self._paths[1]):
            files.remove(self._new)
        else:
            os.rename(self._new, self._paths[1])

    def _is_there(self, path: str) -> bool:
        try:
            os.stat(path)
        except OSError:
            return False
        return True


def _number(line: bytes) -> int | None:
    """The number of the record in a line without its end; None when the line is damaged."""
    text = sealed.unseal(line)
    if text is None or text[:5] != b'{"n":':
        return None
    digits = text[5 : text.find(b",")]
    if not digits.isdigit() or len(digits) > 9:
        return None
    number = int(digits)
    return number if number <= _N_MAX else None


def _is_record(text: bytes) -> bool:
    """Whether a sealed text is one that `add` may have written."""
    try:
        record = json.loads(text.decode())
    except Exception:  # whatever the bytes do to the parser
        return False
    return isinstance(record, dict) and _is_shallow(record, _DEPTH_MAX)


def _is_shallow(value: object, levels: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return True
    return levels > 0 and all([_is_shallow(item, levels - 1) for item in value])
