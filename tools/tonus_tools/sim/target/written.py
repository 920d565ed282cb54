"""The simulator's own modules, with what never changes written into them before they are compiled.

That is the numbers of cost.py, and where `registers.words` are in memory: the interpreter looks up a name each time it
comes by, and here that is some thirty names in each tick. The modules do the same without.
"""

import io
import os

import cost
import registers
import uctypes
import vfs

_FOLDER = __file__.rsplit("/", 1)[0]
_FROM_COST = "from cost import "
_FILE = 0x8000


class _Folder:
    """A file system of these modules alone."""

    def __init__(self):
        self._fixed = [("ptr32(words)", "ptr32(%d)" % uctypes.addressof(registers.words))]

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def stat(self, path):
        if path.count("/") > 1:
            raise OSError(2)
        return os.stat(_FOLDER + path)

    def open(self, path, mode):
        with open(_FOLDER + path) as f:
            text = f.read()
        for name, value in self._fixed:
            text = text.replace(name, value)
        at = text.find(_FROM_COST)
        if at >= 0:
            end = text.find("\n", at)
            names = text[at + len(_FROM_COST) : end].split(", ")
            text = text[:at] + text[end:]
            for name in names:
                text = text.replace(name, str(getattr(cost, name)))
        return io.StringIO(text)


def mount(path):
    """Let imports from `path` find them."""
    vfs.mount(_Folder(), path)
