"""Runs before main.py in the frozen image: the shipped presets, as the files that the firmware looks for."""

import io
import os

import shipped_presets
import vfs

FOLDER = "/tonus/presets"
_EROFS, _ENOENT = 30, 2
_FILE = 0x8000


class Presets:
    """A read-only file system of the shipped presets."""

    def mount(self, readonly: bool, mkfs: bool) -> None:
        """Nothing to prepare."""

    def umount(self) -> None:
        """Nothing to put away."""

    def open(self, path: str, mode: str):
        if mode not in ("r", "rt"):
            raise OSError(_EROFS)
        return io.StringIO(_text(path))

    def stat(self, path: str):
        return (_FILE, 0, 0, 0, 0, 0, len(_text(path)), 0, 0, 0)

    def ilistdir(self, path: str):
        return iter([(name, _FILE, 0, len(text)) for name, text in shipped_presets.TEXTS.items()])


def _text(path: str) -> str:
    text = shipped_presets.TEXTS.get(path.lstrip("/"))
    if text is None:
        raise OSError(_ENOENT)
    return text


try:
    os.stat(FOLDER.rsplit("/", 1)[0])  # a firmware on the file system goes before the frozen one, with its own presets
except OSError:
    vfs.mount(Presets(), FOLDER)
