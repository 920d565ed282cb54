"""What only a computer at the cable needs: the protocol, its methods, a held code. `app.py` loads it when one comes.

It takes a fifth of the heap that a treatment on the cell, without any of it, has to itself.
"""

from asyncio import sleep_ms

import machine

from . import hold, limits, link, methods, power

_IDLE_MS = 1000  # of a host that says nothing: look less often


class Host:
    """The device's end of the cable. device, bank, journals, calibrations: what `methods.Methods` is given."""

    def __init__(self, device, board, stage, pulse, usb, console, bank, journals: dict, calibrations) -> None:
        self._device = device
        self._pulse = pulse
        self._usb = usb
        self._console = console
        self._cable = False
        self._later: str | None = None
        self.hold = hold.Hold(board, stage, pulse, usb, device.up_ms)
        self._methods = methods.Methods(device, self, bank, journals, calibrations)
        self.link = link.Link(self._methods.table, console.sent())

    def later(self, action: str) -> None:
        """Once the reply is out: "reboot" or "bootloader"."""
        self._later = action

    async def turn(self) -> int:
        """Take what has come, and answer it; how long to wait for the next turn, ms."""
        line = self.link
        now = self._device.up_ms()
        usb = bool(self._usb())
        self.hold.tick()
        if self._cable and not usb:
            line.clear()
            self._methods.end()
        self._cable = usb
        data = self._console.read()
        busy = len(data) > 0
        if busy and line.take(data, now):
            await self._reply(await line.answer())
        if line.silent_ms(now) > limits.SILENCE_MS:
            self._methods.end()
            await self._reply(line.abandon())
        if not self._device.quiet():
            self._methods.end()
        self._methods.tidy()
        return 0 if busy else 2 if line.silent_ms(now) < _IDLE_MS else 20

    async def _reply(self, line: str | None) -> None:
        if line is not None:
            await self._console.send(line)
        if self._later is not None:
            await sleep_ms(50)  # the reply leaves
            if self._later == "bootloader":
                self._pulse.off()
                machine.bootloader()
            power.restart()
