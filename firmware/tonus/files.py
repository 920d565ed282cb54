"""Files whose names may stand for anything: what is in the way is put aside or removed, also a folder."""

import os

_ENOENT = 2
_WHY_MAX = 200  # characters


def remove(path: str) -> None:
    """Remove a file, or a folder with all that is in it; nothing when there is none. OSError."""
    try:
        os.remove(path)  # on the device also a folder that is empty
        return
    except OSError as problem:
        if problem.errno == _ENOENT:
            return
    for name in os.listdir(path):
        remove(path + "/" + name)
    os.rmdir(path)


def put_aside(path: str) -> None:
    """Keep what is there as `path`.bad, for diagnosis, in the place of what was kept before. OSError."""
    remove(path + ".bad")
    os.rename(path, path + ".bad")


def why(problem: Exception) -> str:
    """What made a file unusable, in a line."""
    if isinstance(problem, OSError):
        return "cannot be read: error %s" % problem.errno
    return str(problem)[:_WHY_MAX] or type(problem).__name__
