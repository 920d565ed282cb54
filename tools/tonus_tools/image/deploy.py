"""For development: bring the files of a device in safe mode up to date, over its prompt, with `mpremote`.

Only files that differ are copied, and files of the firmware that are no more are removed. `/data` and whatever else
the user has on the device is not looked at.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..ctl import ports
from ..ctl.wire import SLICE_S
from ..ending import missing
from ..errors import LinkError, NoAnswer, PortError
from .compiled import ARCHITECTURE, ARCHITECTURE_MASK

_TIMEOUT_S = 120
_PROMPT_S = 2  # a prompt that is there answers at once
_SAFE_MODE = "hold MINUS while the device starts (safe mode), then run this again"
_NO_PROMPT = f"no MicroPython prompt: is the cable in? Then {_SAFE_MODE}"
# Runs on the device: what .mpy files it takes, then a line for each file of the firmware, its SHA-256 and its path, and
# for each folder.
_LIST = """
import hashlib, os, sys
from binascii import hexlify
print('mpy', getattr(sys.implementation, '_mpy', 0))
def look(folder, name, kind):
    path = folder + name
    if kind == 0x4000:
        print('folder', path)
        for entry in os.ilistdir('/' + path):
            look(path + '/', entry[0], entry[1])
    else:
        digest = hashlib.sha256()
        with open('/' + path, 'rb') as f:
            while True:
                data = f.read(512)
                if not data:
                    break
                digest.update(data)
        print(hexlify(digest.digest()).decode(), path)
for entry in os.ilistdir('/'):
    if entry[0] in ('tonus', 'main.py', 'main.mpy', 'board.py', 'board.mpy'):
        look('', entry[0], entry[1])
"""


@dataclass(frozen=True)
class Plan:
    """What it takes: folders to make, files to copy, files to remove; paths on the device."""

    folders: list[str]
    copies: list[str]
    removals: list[str]


def plan(files: Mapping[str, bytes], there: Mapping[str, str], folders: set[str]) -> Plan:
    """Compare the files wanted with those there, path to SHA-256 in hex. main.py comes last: it starts the others."""
    copies = [path for path, data in files.items() if there.get(path) != hashlib.sha256(data).hexdigest()]
    copies.sort(key=lambda path: (path == "main.py", path))
    parents = {str(parent) for path in files for parent in PurePosixPath(path).parents} - {"."}
    return Plan(sorted(parents - folders), copies, sorted(set(there) - set(files)))


def deploy(port: str, files: Callable[[bool], Mapping[str, bytes]]) -> Plan:
    """Bring the device on `port` up to date; what was done. PortError, NoAnswer.

    files: given whether the device takes the RP2040's .mpy files, what it is to hold: another one gets sources.
    """
    _await_prompt(port)
    there: dict[str, str] = {}
    folders: set[str] = set()
    takes = 0
    for line in _mpremote(port, "exec", _LIST).splitlines():
        what, _, path = line.partition(" ")
        if what == "mpy":
            takes = int(path)
        elif what == "folder":
            folders.add(path)
        elif path:
            there[path] = what
    wanted = files(takes & ARCHITECTURE_MASK == ARCHITECTURE)
    todo = plan(wanted, there, folders)
    with tempfile.TemporaryDirectory(prefix="tonus-deploy-") as folder:
        commands: list[list[str]] = [["fs", "mkdir", f":{path}"] for path in todo.folders]
        for path in todo.copies:
            local = Path(folder, path)
            local.parent.mkdir(parents=True, exist_ok=True)
            local.write_bytes(wanted[path])
            commands.append(["fs", "cp", str(local), f":{path}"])
        commands += [["fs", "rm", f":{path}"] for path in todo.removals]
        if commands:
            _mpremote(port, *(word for command in commands for word in ("+", *command)))
    return todo


def _await_prompt(port: str) -> None:
    """NoAnswer, in seconds, when there is no prompt: mpremote would wait for it in vain. PortError."""
    line = ports.open_port(port)
    heard = b""
    try:
        line.timeout = SLICE_S
        # Ctrl-C ends what runs, Ctrl-B a raw prompt; a prompt greets then. To the protocol this is a damaged line.
        line.write(b"\r\x03\x02\r\n")
        for _ in range(round(_PROMPT_S / SLICE_S)):
            heard += line.read(1024)
            if b">>> " in heard:
                return
    except OSError as problem:
        raise PortError(f"{port}: {problem.strerror or problem}") from None
    finally:
        line.close()
    try:
        info = ports.probe(port)
    except (PortError, LinkError):
        raise NoAnswer(f"{port}: {_NO_PROMPT}") from None
    raise NoAnswer(f"{port}: Tonus {info.version} runs there ({info.state}), and has no prompt: {_SAFE_MODE}")


def _mpremote(port: str, *commands: str) -> str:
    """What mpremote prints. No soft reset: that would leave safe mode if MINUS is up by now."""
    command = [sys.executable, "-m", "mpremote", "connect", port, "resume", *commands]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"{port}: {_NO_PROMPT}") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["mpremote failed"]
        if "could not enter raw repl" in done.stderr + done.stdout:
            raise NoAnswer(f"{port}: {_NO_PROMPT}")
        if "No module named mpremote" in done.stderr:
            raise PortError(missing("mpremote") or "")
        raise PortError(f"{port}: {said[-1].removeprefix('mpremote: ')}")
    return done.stdout
