"""The USB console between the firmware and a host: bytes in both directions at the cable's pace.

What the firmware prints goes into the trace whether anybody listens or not; a host hears it only with the cable in.
"""

import json

import core
from world import habits

PACKET = 64
PACKET_US = 1000  # one packet a frame
FIFO = 256  # of the device, towards the host
GIVE_UP_US = 500_000  # MicroPython waits this long for a host that does not read


class Usb:
    """`live` writes what the host hears into the trace.

    host: what is at the other end. "reads": a program that takes what comes; "deaf": one that does not; "echoes": a
    terminal that nobody has told not to; "floods"; "probes"; "absent": a charger, or a laptop asleep.
    """

    def __init__(self, machine, live):
        self._machine = machine
        self._live = live
        self._packets = []  # on their way to the device: (arrival, bytes)
        self._at = 0  # in the first packet
        self._arrival = 0
        self._drained = 0  # when the device's fifo will be empty
        self.host = "reads"
        self.reads = True  # a program takes what comes
        self._flooded = 0  # up to when
        self._flood_at = 0
        self._probe_due = 0
        self._probe = 0
        self.at_prompt = False  # what is printed is MicroPython's prompt, no log
        self._line = ""

    # The host.

    def send(self, t, text):
        """Bytes, as the characters of a text, from the host. Without a cable they are lost."""
        if not self._connected():
            return
        # Of the bytes of its UTF-8: MicroPython keeps each character that is looked at, in a table that must grow.
        data = bytearray(len(text))
        n = high = 0
        for byte in text.encode():
            if byte >= 0xC0:
                high = (byte & 3) << 6
                continue
            data[n] = byte if byte < 0x80 else high | byte & 0x3F
            n += 1
        self._post(t, data)

    def _post(self, t, data):
        self._arrival = max(self._arrival, t)
        for i in range(0, len(data), PACKET):
            self._arrival += PACKET_US
            self._packets.append((self._arrival, data[i : i + PACKET]))

    def _habits(self):
        """What the host sends on its own, up to now."""
        now = self._machine.now
        if not self._connected():
            self._flooded = now
            self._probe_due = now + habits.PROBE_US
            self._probe = 0
        elif self.host == "floods":
            # The device's fifo has room for so many; what it has no room for waits at the host.
            room = FIFO // PACKET - len(self._packets)
            packets = min((now - self._flooded) // habits.FLOOD_PACKET_US, room)
            for _ in range(packets):
                self._packets.append((now, habits.flood(self._flood_at, PACKET)))
                self._flood_at += PACKET
                self._flooded = now
        elif self.host == "probes" and now >= self._probe_due:
            self._post(now, habits.PROBES[self._probe % len(habits.PROBES)])
            self._probe += 1
            self._probe_due = now + habits.PROBE_US

    def unplug(self):
        """What was on its way is lost."""
        self._packets = []
        self._at = 0

    def waiting(self):
        """How many bytes of the host's the device has not taken yet."""
        return sum([len(data) for _, data in self._packets]) - self._at

    # The device.

    def readable(self):
        if self.host == "floods" or self.host == "probes":
            self._habits()
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
            if self.host == "echoes":
                self._post(machine.now, habits.echo(text.replace("\n", "\r\n").encode()))
            if self._backlog() + len(text) > FIFO and not self._reads():
                core.spend(GIVE_UP_US)
            else:
                self._drained = max(self._drained, machine.now) + len(text) * PACKET_US // PACKET
                late = self._drained - machine.now - FIFO * PACKET_US // PACKET
                if late > 0:
                    core.spend(late)
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
        world = self._machine.world
        return (world.usb or not world.has_cell) and self.host != "absent"

    def _reads(self):
        return self.reads and self.host != "deaf"

    def _backlog(self):
        """Bytes in the device's fifo."""
        if not self._reads():
            return FIFO
        return max(0, self._drained - self._machine.now) * PACKET // PACKET_US


class _Buffer:
    """`sys.stdin.buffer`."""

    def readinto(self, buffer):
        machine = core.machine
        for i in range(len(buffer)):
            while not machine.usb.readable():
                machine.run_until(machine.now + 100)
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
        core.spend(1)
        core.machine.usb.write(text)
        return len(text)
