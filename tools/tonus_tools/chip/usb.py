"""The host's end of the emulated USB console: what the device says, and bytes for it, at a cable's pace."""

from __future__ import annotations

from collections.abc import Callable

from rp2040py.rp2040 import RP2040
from rp2040py.usb.cdc import USBCDC

from ..world import habits

_PACKET = 64
_PACKET_US = 50  # full speed, bulk


class Host:
    """A host that reads all the time, cable or not: it is how the trace gets to know what the firmware prints.

    `on_data` is given what the device says, as it arrives; `connected` says whether there is a cable.
    """

    def __init__(self, rp2040: RP2040, on_data: Callable[[bytes], None], connected: Callable[[], bool]) -> None:
        self.kind = "reads"  # of the scenario's hosts, see `take`
        self._connected = connected
        self._flooded = 0
        self._probe = 0
        self._probe_alarm = rp2040.clock.create_alarm(self._send_probe)
        self._cdc = USBCDC(rp2040.usb_ctrl)
        self._controller = rp2040.usb_ctrl
        self._waiting = bytearray()  # for the device
        self._asked = 0  # bytes the device has room for, 0 while it has not said
        self._on_data = on_data
        self._cdc.on_serial_data = self._heard
        # rp2040py answers an empty packet when there is nothing to send, as fast as the device asks. A host does not.
        self._read = self._controller.on_endpoint_read
        self._reset = self._controller.on_reset
        self._controller.on_endpoint_read = self._on_read
        self._controller.on_reset = self._on_reset

    def take(self, kind: str) -> None:
        """Another host from now on, or another program on it. ValueError for one that only the simulator has."""
        if kind == "deaf":
            raise ValueError("deaf: only the simulator can do that")
        self.kind = kind
        self._probe = 0
        self._probe_alarm.cancel()
        if kind == "probes":
            self._probe_alarm.schedule(habits.PROBE_US * 1000.0)
        self._feed()

    def send(self, data: bytes) -> None:
        """Bytes for the device."""
        self._waiting += data
        self._feed()

    def forget(self) -> None:
        """What was on its way is lost."""
        self._waiting.clear()

    def _heard(self, data: bytes | bytearray) -> None:
        if self.kind == "echoes" and self._connected():
            self.send(habits.echo(bytes(data)))
        self._on_data(bytes(data))

    def _send_probe(self) -> None:
        if self._connected():
            self.send(habits.PROBES[self._probe % len(habits.PROBES)])
            self._probe += 1
        self._probe_alarm.schedule(habits.PROBE_US * 1000.0)

    def _on_read(self, endpoint: int, size: int) -> None:
        if endpoint == self._cdc._out_endpoint:
            self._asked = size
            self._feed()
        elif self._read is not None:
            self._read(endpoint, size)

    def _on_reset(self) -> None:
        self._asked = 0
        self._waiting.clear()
        if self._reset is not None:
            self._reset()

    def _feed(self) -> None:
        if self.kind == "floods" and self._asked and not self._waiting and self._connected():
            self._waiting += habits.flood(self._flooded, _PACKET)
            self._flooded += _PACKET
        if self._asked and self._waiting:
            n = min(_PACKET, self._asked, len(self._waiting))
            self._asked = 0
            data = bytes(self._waiting[:n])
            del self._waiting[:n]
            self._controller.endpoint_read_done(self._cdc._out_endpoint, data, _PACKET_US)
