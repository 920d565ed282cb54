"""A file system in memory, for where there is no littlefs: in a browser. Files are whole; writing takes its time.

Mounted in place of the flash. A file is written when it is closed: that is one erase, and a page for each 256 bytes.
"""

import errno
import io

import core
import flash
from cost import LOAD_NS

_FOLDER = 0x4000
_FILE = 0x8000


class Memory(flash.Flash):
    """`files`: path, without a slash before it, to bytes. Folders are None."""

    def __init__(self, files):
        flash.Flash.__init__(self, None)
        self.files = files

    # As a file system.

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def chdir(self, path):
        pass

    def getcwd(self):
        return "/"

    def open(self, path, mode):
        path = path.strip("/")
        data = self.files.get(path)
        if "w" in mode or "a" in mode:
            self._parent(path)
            if path in self.files and data is None:
                raise OSError(errno.EISDIR)
            return _Writer(self, path, data if "a" in mode and data else b"", "b" in mode)
        self._there(path)
        if data is None:
            raise OSError(errno.EISDIR)
        if core.machine.on:
            core.spend(len(data) * LOAD_NS // 1000)
        return io.BytesIO(data) if "b" in mode else io.StringIO(str(data, "utf-8"))

    def ilistdir(self, path):
        path = path.strip("/")
        self._there(path)
        start = path + "/" if path else ""
        found = []
        for name in sorted(self.files):
            if name.startswith(start) and "/" not in name[len(start) :]:
                data = self.files[name]
                found.append((name[len(start) :], _FOLDER if data is None else _FILE, 0, len(data or b"")))
        return iter(found)

    def stat(self, path):
        path = path.strip("/")
        self._there(path)
        data = self.files.get(path)
        kind = _FOLDER if data is None else _FILE
        return (kind, 0, 0, 0, 0, 0, len(data or b""), 0, 0, 0)

    def statvfs(self, path):
        return (flash.BLOCK, flash.BLOCK, flash.BLOCKS, flash.BLOCKS, flash.BLOCKS, 0, 0, 0, 0, 255)

    def mkdir(self, path):
        path = path.strip("/")
        if path in self.files:
            raise OSError(errno.EEXIST)
        self._parent(path)
        self._change(0)
        self.files[path] = None

    def remove(self, path):
        path = path.strip("/")
        self._there(path)
        self._change(0)
        del self.files[path]

    rmdir = remove

    def rename(self, old, new):
        old, new = old.strip("/"), new.strip("/")
        self._there(old)
        self._parent(new)
        self._change(0)
        for name in [name for name in self.files if name == old or name.startswith(old + "/")]:
            self.files[new + name[len(old) :]] = self.files.pop(name)

    def _there(self, path):
        if path and path not in self.files:
            raise OSError(errno.ENOENT)

    def _parent(self, path):
        folder = path.rsplit("/", 1)[0] if "/" in path else ""
        self._there(folder)

    def _change(self, size):
        """What it takes to change a file of so many bytes. PowerLost, with nothing changed, if the supply fails."""
        pages = (size + flash.PAGE - 1) // flash.PAGE
        for us in [flash.ERASE_US] + [flash.PROGRAM_US] * pages:
            self._end(self._spend(us))

    # As the flash: nothing is left over on it.

    def readblocks(self, block, buffer, offset=0):
        for i in range(len(buffer)):
            buffer[i] = 0xFF
        core.spend(len(buffer) * LOAD_NS // 1000)


class _Writer:
    """A file that is being written."""

    def __init__(self, store, path, before, binary):
        self._store = store
        self._path = path
        self._parts = [before] if before else []
        self._binary = binary
        self._open = True

    def write(self, data):
        self._parts.append(bytes(data) if self._binary else data.encode())
        return len(data)

    def flush(self):
        pass

    def close(self):
        if self._open:
            self._open = False
            data = b"".join(self._parts)
            self._store._change(len(data))
            if not self._store.dead:
                self._store.files[self._path] = data

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.close()
