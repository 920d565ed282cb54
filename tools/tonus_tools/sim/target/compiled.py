"""The firmware's modules as the host has compiled them before, in place of compiling them at each start.

A file system in front of the device's, for imports of the package alone. It goes by what the device's flash holds: each
source is read from there when its module is asked for, since that takes the device its time, and is compiled by the
interpreter, as ever, unless the host has compiled that very source.
"""

import binascii
import errno
import hashlib
import os

import flash
import vfs

PACKAGE = "/tonus"
# Of the heap, so that the firmware has as much of it as on the chip: what is compiled is mostly bytes, as many there as
# here.
LESS_BYTES = 61_000
_FOLDER, _FILE = 0x4000, 0x8000


class Modules:
    """folder: the host's. file: the device's flash. file_system: what mounts a block device (run.py)."""

    def __init__(self, folder, file, file_system):
        self._host = vfs.VfsPosix(folder + PACKAGE)
        self._made = {entry[0].encode() for entry in self._host.ilistdir("/")}
        self._file = file
        self._file_system = file_system
        self._piece = bytearray(512)
        self._writes = -1

    def look(self):
        """See which modules are on the flash, and which of them are compiled. It takes the device no time."""
        self._found = {}  # name: the host's file, or None
        self._writes = flash.Flash.writes
        device = flash.Flash(self._file)
        device.free = True
        try:
            its = self._file_system(device)
            names = [entry[0][:-3] for entry in its.ilistdir(PACKAGE) if entry[0].endswith(".py")]
        except OSError:
            return
        for name in names:
            try:
                with its.open(PACKAGE + "/" + name + ".py", "rb") as f:
                    made = self._digest(f) + b".mpy"
            except OSError:
                made = b""  # it cannot be read: the import will say so
            self._found[name] = made if made in self._made else None

    def _digest(self, file):
        digest = hashlib.sha256()
        size = file.readinto(self._piece)
        while size:
            digest.update(memoryview(self._piece)[:size])
            size = file.readinto(self._piece)
        return binascii.hexlify(digest.digest())

    # As a file system.

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def stat(self, path):
        # MicroPython takes whatever is raised here for a file that is not there, a supply that fails among it. So no
        # time passes here: it does in `open`.
        if self._writes != flash.Flash.writes:
            self.look()
        if path == PACKAGE and self._found:
            return (_FOLDER,) + 9 * (0,)
        name, kind = _module(path)
        if name not in self._found or kind != ("mpy" if self._found[name] else "py"):
            raise OSError(errno.ENOENT)
        return (_FILE,) + 9 * (0,)

    def open(self, path, mode):
        name, kind = _module(path)
        if name not in self._found:
            return open(path, mode)  # what a module has found beside its own file
        source = PACKAGE + "/" + name + ".py"
        os.stat(source)  # takes as long as to look for a folder of that name and for the file
        f = open(source, "rb")
        if kind == "py":
            return f
        while f.readinto(self._piece):
            pass
        f.close()
        return self._host.open("/" + self._found[name].decode(), "rb")


def _module(path):
    """Name and kind of a file of the package; no name where it is none."""
    name, dot, kind = path[len(PACKAGE) + 1 :].partition(".")
    return ("" if "/" in name else name), kind


def serve(path, folder, file, file_system):
    """Put the modules that the host has compiled in `folder` in front of the device's file system, at `path`."""
    its = Modules(folder, file, file_system)
    vfs.mount(its, path)
    return its
