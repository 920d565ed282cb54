"""The USB console between the firmware and a host: bytes in both directions at the cable's pace.

What the firmware prints goes into the trace whether anybody listens or not; a host hears it only with the cable in.
"""

import json

import core

PACKET = 64
PACKET_US = 1000  # one packet a frame
FIFO = 256  # of the device, towards the host
GIVE_UP_US = 500_000  # MicroPython waits this long for a host that does not read


class Usb:
    """`live` writes what the host hears into the trace."""

    def __init__(self, machine, live):
        self._machine = machine
        self._live = live
        self._packets = []  # on their way to the device: (arrival, bytes)
        self._at = 0  # in the first packet
        self._arrival = 0
        self._drained = 0  # when the device's fifo will be empty
        self.reads = True  # the host takes what comes
        self.at_prompt = False  # what is printed is MicroPython's prompt, no log
        self._line = ""

    # The host.

    def send(self, t, text):
        """Bytes, as the characters of a text, from the host. Without a cable they are lost."""
        if not self._connected():
            return
        self._arrival = max(self._arrival, t)
        for i in range(0, len(text), PACKET):
            self._arrival += PACKET_US
            self._packets.append((self._arrival, bytes([ord(c) for c in text[i : i + PACKET]])))

    def unplug(self):
        """What was on its way is lost."""
        self._packets = []
        self._at = 0

    def waiting(self):
        """How many bytes of the host's the device has not taken yet."""
        return sum([len(data) for _, data in self._packets]) - self._at

    # The device.

    def readable(self):
        return bool(self._packets) and self._packets[0][0] <= self._machine.now

    def read(self):
        """The next byte. Only when there is one."""
        data = self._packets[0][1]
        byte = data[self._at]
        self._at += 1
        if self._at == len(data):
            self._packets.pop(0)
            self._at = 0
        return byte

    def interrupted(self):
        """Whether a Ctrl-C has come; it and all before it is then forgotten."""
        for i, (arrival, data) in enumerate(self._packets):
            if arrival > self._machine.now:
                break
            at = data.rfind(b"\x03", 0 if i else self._at)
            if at >= 0:
                self._packets = self._packets[i:]
                self._at = at
                self.read()
                return True
        return False

    def writable(self):
        return not self._connected() or self._backlog() < FIFO

    def write(self, text):
        """What the firmware prints."""
        machine = self._machine
        if self._connected():
            if self._backlog() + len(text) > FIFO and not self.reads:
                machine.spend(GIVE_UP_US)
                return
            self._drained = max(self._drained, machine.now) + len(text) * PACKET_US // PACKET
            late = self._drained - machine.now - FIFO * PACKET_US // PACKET
            if late > 0:
                machine.spend(late)
            if self._live:
                machine.emit("usb", machine.now, json.dumps(text))
                machine.heard()
        if self.at_prompt:
            return
        self._line += text
        while "\n" in self._line:
            line, self._line = self._line.split("\n", 1)
            if line.startswith("{") and '"e": ' in line and not line.startswith('{"jsonrpc"'):
                machine.emit("log", machine.now, line)
            else:
                machine.emit("console", machine.now, json.dumps(line))

    def _connected(self):
        """A board without a cell lives on its cable, whatever its VBUS_SENSE is told."""
        return self._machine.world.usb or not self._machine.world.has_cell

    def _backlog(self):
        """Bytes in the device's fifo."""
        if not self.reads:
            return FIFO
        return max(0, self._drained - self._machine.now) * PACKET // PACKET_US


class _Buffer:
    """`sys.stdin.buffer`."""

    def readinto(self, buffer):
        machine = core.machine
        for i in range(len(buffer)):
            while not machine.usb.readable():
                machine.enter()
                machine.run_until(machine.now + 100)
                machine.leave()
            buffer[i] = machine.usb.read()
        return len(buffer)


class Stdin:
    buffer = _Buffer()

    def ready(self):
        return core.machine.usb.readable()


class Stdout:
    def ready(self):
        return core.machine.usb.writable()

    def write(self, text):
        machine = core.machine
        machine.enter()
        machine.usb.write(text)
        machine.leave()
        return len(text)
