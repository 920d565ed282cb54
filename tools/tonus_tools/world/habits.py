"""What hosts send that nobody asked for, in the simulator and on the chip."""

# A host that floods: bulk packets as fast as full speed takes them and the device makes room.
FLOOD_PACKET_US = 50
FLOOD = b'[  431.2] usb 1-2: new full-speed USB device number 9 using xhci_hcd \xe2\x80\xa6 {"id": 1} *deadbeef\r\n'
# A host that probes, as modem managers do with a port that is new. The one that begins with ~ is no text.
PROBE_US = 3_000_000
PROBES = (b"AT\r", b"AT\r", b"AT\r", b"~\x00x\xf0~", b"ATE0\r", b"ATI\r", b"AT+CGMI\r", b"AT+GCAP\r")


def flood(at, size):
    """So many bytes of the flood, from this place in its text on."""
    at %= len(FLOOD)
    return (FLOOD * (1 + (at + size) // len(FLOOD)))[at : at + size]


def echo(text):
    """What comes back of a text with carriage returns and line feeds, bytes.

    Linux's terminal makes a line feed of a carriage return that comes in, and two characters of each that goes out.
    """
    return text.replace(b"\r\n", b"\r\n\r\n")
