"""Serial ports: listing them, opening one, and finding the one Tonus among them."""

from __future__ import annotations

import errno
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import serial
from serial.tools import list_ports

from ..errors import Gone, LinkError, NoAnswer, PortError
from .client import Client, Info
from .wire import SLICE_S, Transport

VID, PID = 0x2E8A, 0x0005  # a Raspberry Pi Pico that runs MicroPython
WRITE_TIMEOUT_S = 2
COME_BACK_S = 10  # a restarted device is on the bus again by then
SAFE_MODE = "a device in safe mode (MINUS held at the start) has no protocol"
PLUG_IN = f"plug it in with a data cable; {SAFE_MODE}; --port names a port by hand"

SEVERAL = "more than one Tonus"
_PTYS = "/dev/pts/"  # where a simulated device's port is

OnLog = Callable[[str], None]


@dataclass(frozen=True)
class Port:
    """A serial port of this computer. `is_pico`: its USB ids are those of MicroPython on a Pico."""

    device: str
    description: str
    is_pico: bool


def listing() -> list[Port]:
    """All serial ports, by name."""
    found = [
        Port(p.device, "" if p.description == "n/a" else p.description, (p.vid, p.pid) == (VID, PID))
        for p in list_ports.comports()
    ]
    return sorted(found, key=lambda port: port.device)


def open_port(name: str) -> Transport:
    """A device path, a pty or a pyserial URL, opened for this program alone. PortError."""
    try:
        # The baud rate means nothing to the device.
        return serial.serial_for_url(
            name, baudrate=115200, timeout=SLICE_S, write_timeout=WRITE_TIMEOUT_S, exclusive=True
        )
    except (OSError, ValueError) as problem:
        raise PortError(f"{name}: {_why(problem, name)}") from None


def _group(name: str) -> str | None:
    """The group that may use a port, None when it is root's alone; dialout, Debian's, when that cannot be told."""
    try:
        port = Path(name)
        mode, group = port.stat().st_mode, port.group()
    except (OSError, KeyError, NotImplementedError):
        return "dialout"
    return None if group == "root" or not mode & stat.S_IRGRP or not mode & stat.S_IWGRP else group


def _why(problem: OSError | ValueError, name: str) -> str:
    number = problem.errno if isinstance(problem, OSError) else None
    # Windows' errors come without a number, in the text.
    said = str(problem)
    if number == errno.ENOENT or "FileNotFoundError" in said:
        if name.startswith(_PTYS):
            return "there is no such port; a simulated device's ends with its tonusctl sim, and is another each time"
        return "there is no such port; tonusctl ports lists those there are"
    if number in (errno.EACCES, errno.EPERM):
        group = _group(name)
        if group is None:
            return (
                "no permission: it is root's alone; unplug the device and plug it in again, or add a udev rule for it"
            )
        return (
            f"no permission; on Linux add yourself to the port's group, {group}: sudo usermod -aG {group} $USER, then "
            "log out and in again"
        )
    if number in (errno.EBUSY, errno.EAGAIN) or "PermissionError" in said:
        return "busy: another program has it open"
    if number == errno.ENXIO:
        return "nothing is behind it; plug the device in again"
    if "Inappropriate ioctl" in str(problem):
        return "not a serial port"
    text = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
    return text if isinstance(problem, ValueError) else f"cannot be opened: {text}"


@contextmanager
def connected(name: str | None, set_clock: bool = True, on_log: OnLog | None = None) -> Iterator[tuple[str, Client]]:
    """(port, client) of the device on that port, or of the only one there is. PortError, LinkError."""
    if name is None:
        name = find(on_log)
    client = Client(open_port(name), on_log)
    try:
        try:
            client.connect(set_clock)
        except Gone:
            raise
        except NoAnswer as error:
            error.consequence = f"{name} has no Tonus on it, or {SAFE_MODE}"
            raise
        yield name, client
    finally:
        client.close()


def probe(name: str, on_log: OnLog | None = None) -> Info:
    """What the device on a port says of itself. PortError, LinkError."""
    with connected(name, False, on_log) as (_, client):
        return client.info


def find(on_log: OnLog | None = None) -> str:
    """The port of the only Tonus plugged in. PortError when there is none, or more than one."""
    tonus: list[str] = []
    others: list[str] = []
    for port in listing():
        if not port.is_pico:
            continue
        try:
            probe(port.device, on_log)
            tonus.append(port.device)
        except PortError as error:
            others.append(str(error))
        except LinkError as error:
            others.append(f"{port.device}: {error.message}")
    if len(tonus) > 1:
        raise PortError(f"{SEVERAL}: {', '.join(tonus)}; name one with --port")
    if tonus:
        return tonus[0]
    if others:
        raise PortError(f"no Tonus answers ({'; '.join(others)}); {PLUG_IN}")
    raise PortError(f"no Tonus found; {PLUG_IN}")


def appears() -> str | None:
    """Wait for a Tonus to be plugged in, or to have started; its port. None when none comes."""
    until = time.monotonic() + COME_BACK_S
    while time.monotonic() < until:
        for port in listing():
            if port.is_pico:
                try:
                    probe(port.device)
                    return port.device
                except (PortError, LinkError):
                    continue
        time.sleep(SLICE_S)
    return None


def come_back(name: str, id: str) -> str:
    """Wait until the device with this id, whose port went with its restart, is there again; its port now. PortError.

    This waits for a cable and its driver, in the computer's own time.
    """
    until = time.monotonic() + COME_BACK_S
    while time.monotonic() < until:
        time.sleep(SLICE_S)
        names = [name, *(port.device for port in listing() if port.is_pico and port.device != name)]
        for one in names:
            try:
                if probe(one).id == id:
                    return one
            except (PortError, LinkError):
                continue
    raise PortError(f"{name}: the device did not come back in {COME_BACK_S} s")
