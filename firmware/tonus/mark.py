"""What the user has made is still there, or is missed: a mark beside /data names the files that have to be in it.

`/data.mark` is one sealed line: `files`, and `lost`, what was missed and is not yet made good. It is written when a
file comes or goes, a handful of times in a device's life. A device without a mark is a new one, or has lost its file
system with everything in it; then the flash still has sealed lines somewhere, which a new one has not, but for marks of
no files.

Nothing here knows whether the output is on: who calls drop and update makes sure that it is off.
"""

import json
import os

from . import files, sealed

NAMES = ("bank", "calibration", "faults", "faults.old", "settings", "sessions", "sessions.old")
EVERYTHING = "everything"  # in `lost`: all that there may have been
_LINE_MAX = 400
_SEALED_MAX = 900  # of the lines looked for on the flash
_NO_FILES = b'{"files":[],'
_FILE = 0x8000
_BLOCKS, _BLOCK_SIZE = 4, 5  # of a block device's ioctl


class Mark:
    """The mark of `folder`. lost: names that are missed. found: those that this start was the first to miss.

    to_search: there is neither a mark nor a file, and `search` has not looked at all of the flash. Until it has, no
    mark is written, so that the next start searches if this one does not come to it: unless something else is written.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._path = folder + ".mark"
        self._files: list[str] = []
        self._written: bytes | None = None
        self.to_search = False
        self.lost: list[str] = []
        self.found: list[str] = []

    def load(self) -> None:
        """Compare with what is there. Nothing is written: what is found is found again until `update`."""
        there = self._there()
        try:
            self._files, self.lost = _read(self._path)
            self._written = line(self._files, self.lost)
            self._miss([name for name in self._files if name not in there])
        except Exception:  # none, or whatever its bytes do to those who read them: made anew from what is there
            self.to_search = not there
        if self.to_search:
            sealed.made = set()

    def search(self, flash):
        """Generator: look at a block of the flash at each turn, of which there are hundreds. OSError.

        flash: the block device below the file system.
        """
        block = bytearray(flash.ioctl(_BLOCK_SIZE, 0))
        try:
            for number in range(flash.ioctl(_BLOCKS, 0)):
                flash.readblocks(number, block)
                if has_sealed_line(bytes(block), sealed.made):
                    self._miss([EVERYTHING])
                    break
                yield
        finally:
            sealed.made = None
        self.to_search = False

    def _miss(self, names: list[str]) -> None:
        self.found = names
        self.lost = self.lost + [name for name in names if name not in self.lost]

    def before_writing(self) -> None:
        """Something is about to be written, which the next start must not take for left-overs. OSError."""
        if self.to_search and self._written is None:
            self._put(line([], []))

    def drop(self, name: str) -> None:
        """A file is about to go on purpose. OSError."""
        self._files = [other for other in self._files if other != name]
        self._write()

    def update(self, mended: bool = False) -> None:
        """Say what is there now; `mended`: what was lost has been seen to. OSError."""
        self._files = self._there()
        if mended:
            self.lost = []
        self._write()

    def _there(self) -> list[str]:
        return [name for name in NAMES if _is_file(self._folder + "/" + name)]

    def _write(self) -> None:
        text = line(self._files, self.lost)
        if text != self._written and not (self.to_search and self._written is None):
            self._put(text)

    def _put(self, text: bytes) -> None:
        files.remove(self._path + ".new")
        with open(self._path + ".new", "wb") as f:
            f.write(text)
        if not _is_file(self._path):
            files.remove(self._path)  # a folder in its place
        os.rename(self._path + ".new", self._path)
        self._written = text


def _read(path: str) -> tuple[list[str], list[str]]:
    """What a mark says: (files, lost). OSError; ValueError, or another, when it is none."""
    with open(path, "rb") as f:
        text = sealed.unseal(f.read(_LINE_MAX)[:-1])
    given = json.loads(text or b"null")
    names, lost = given["files"], given["lost"]
    if not (_is_list(names) and _is_list(lost)):
        raise ValueError
    return names, lost


def line(names: list[str], lost: list[str]) -> bytes:
    """A mark, as it is in its file."""
    return (sealed.seal_for_flash('{"files":%s,"lost":%s}' % (json.dumps(names), json.dumps(lost))) + "\n").encode()


def _is_list(names: object) -> bool:
    return isinstance(names, list) and all([name == EVERYTHING or name in NAMES for name in names])


def _is_file(path: str) -> bool:
    try:
        return os.stat(path)[0] & _FILE != 0
    except OSError:
        return False


def has_sealed_line(data: bytes, known: set | None = None) -> bool:
    """Whether a block of the flash holds a whole line that this firmware has sealed for the user, in use or not.

    known: CRCs of lines that do not count.
    """
    at = data.find(b"}*") + 1
    while at > 0:
        seal = data[at + 1 : at + 9]
        if data[at + 9 : at + 10] == b"\n" and sealed.is_crc(seal) and int(seal, 16) not in (known or ()):
            start = data.find(b"{", max(at - _SEALED_MAX, data.rfind(b"\n", 0, at) + 1), at)
            while start >= 0:
                if sealed.crc_of(data[start:at]) == int(seal, 16):
                    if data[start : start + len(_NO_FILES)] != _NO_FILES:
                        return True
                    break
                start = data.find(b"{", start + 1, at)
        at = data.find(b"}*", at) + 1
    return False
