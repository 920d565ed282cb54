"""What tests do on the page, and a stand-in for the browser's serial ports that leads to a simulated device."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import serial
from playwright.sync_api import FilePayload, Page, TimeoutError
from terminals import Terminal
from tonus_tools.ctl import ports
from tonus_tools.ctl.client import Client
from tonus_tools.sim.live import Live, VirtualSerial

# Headless Chromium can be given no port. This one has the methods of a real one; bytes go to Python and back.
SERIAL = """
let open = false;
const lost = () => new DOMException("The device has been lost.", "NetworkError");
class StandIn {
  async open() {
    if (open) throw new DOMException("The port is already open.", "InvalidStateError");
    const problem = await window.pythonOpen();
    if (problem) throw new DOMException("Failed to open serial port.", problem);
    open = true;
    this.readable = new ReadableStream({ pull: async (controller) => {
      while (open) {
        const heard = await window.pythonRead();
        if (heard === null) return controller.error(lost());
        if (heard) return controller.enqueue(Uint8Array.from(heard, (c) => c.charCodeAt(0)));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } });
    this.writable = new WritableStream({ write: async (chunk) => {
      if (!(await window.pythonWrite(String.fromCharCode(...chunk)))) throw lost();
    } });
  }
  async setSignals() {}
  async close() {
    open = false;
    await window.pythonClose();
  }
  getInfo() { return { usbVendorId: 0x2e8a, usbProductId: 5 }; }
}
const serial = { requestPort: async () => {
  if (await window.pythonChoose()) return new StandIn();
  throw new DOMException("No port selected by the user.", "NotFoundError");
} };
Object.defineProperty(navigator, "serial", { value: serial, configurable: true });
"""
# A busy computer is no silent device: link.js waits longer for an answer.
PATIENCE = """
const its = window.setTimeout;
window.setTimeout = (work, ms, ...more) => its(work, ms === 6000 ? 120000 : ms, ...more);
"""
LOOK_US = 10_000
WAIT_US = 100_000


class Wire:
    """What is behind the page's port. `cut_after`: bytes from the page until the cable is pulled."""

    def __init__(self) -> None:
        self.chosen = True
        self.problem = ""
        self.cut_after: int | None = None
        self.sent = 0
        self.lost = False

    def put_into(self, page: Page) -> None:
        page.expose_function("pythonOpen", lambda: self.problem or self._open())
        page.expose_function("pythonChoose", lambda: self.chosen)
        page.expose_function("pythonWrite", self._write)
        page.expose_function("pythonRead", lambda: None if self.lost else self._read().decode("latin-1"))
        page.expose_function("pythonClose", self._close)
        page.add_init_script(SERIAL)

    def _write(self, text: str) -> bool:
        data = text.encode("latin-1")
        if self.lost:
            return False
        if self.cut_after is not None and self.sent + len(data) >= self.cut_after:
            self._send(data[: self.cut_after - self.sent])
            self.sent = self.cut_after
            self.cut_after = None
            self.lost = True
            self._pull()
            return False
        self.sent += len(data)
        self._send(data)
        return True

    def _open(self) -> str:
        """The name of a DOMException, "" when it is open."""
        return ""

    def _close(self) -> None: ...

    def _send(self, data: bytes) -> None:
        raise NotImplementedError

    def _read(self) -> bytes:
        raise NotImplementedError

    def _pull(self) -> None:
        """The cable is pulled."""
        raise NotImplementedError


class LiveWire(Wire):
    """A live device in virtual time."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.live = live

    def client(self) -> Client:
        """tonusctl's own, on the same device."""
        self.live.run(3_000_000)  # what the page left unfinished is over
        self.live.heard.clear()
        return Client(VirtualSerial(self.live))

    def _send(self, data: bytes) -> None:
        self.live.send(data)

    def _read(self) -> bytes:
        began = self.live.now_us
        while not self.live.heard and self.live.now_us < began + WAIT_US:
            self.live.run(LOOK_US)
        heard = bytes(self.live.heard)
        self.live.heard.clear()
        return heard


class PortWire(Wire):
    """The port of a `tonusctl sim` in a terminal: time as in life, the cable by its key."""

    def __init__(self, sim: Terminal) -> None:
        super().__init__()
        self.sim = sim
        self.port = sim.port()
        self._line: serial.Serial | None = None

    def put_into(self, page: Page) -> None:
        super().put_into(page)
        page.add_init_script(PATIENCE)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """tonusctl's own, on the same port: no page has it open."""
        line = ports.open_port(self.port)
        client = Client(line)
        client.connect()
        yield client
        line.close()

    def plug(self) -> None:
        """The cable goes in again."""
        self.lost = False
        self.sim.press("u")
        self.sim.shows("cable  in", "state  CHARGING")

    def _open(self) -> str:
        try:
            self._line = serial.Serial(self.port, timeout=0, exclusive=True)
        except serial.SerialException:
            return "NetworkError"  # what a browser says of a port that another has
        return ""

    def _close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _send(self, data: bytes) -> None:
        assert self._line is not None
        self._line.write(data)

    def _read(self) -> bytes:
        self.sim.look()
        return self._line.read(4096) if self._line is not None else b""

    def _pull(self) -> None:
        time.sleep(0.3)  # what was sent arrives
        self.sim.press("u")
        self.sim.shows("cable  out")
        self._close()


@contextmanager
def tonusctl_sim() -> Iterator[Terminal]:
    """A simulated device as `tonusctl sim` runs it, with its cable in, that has started."""
    with closing(Terminal(command=("-m", "tonus_tools.ctl", "sim"))) as sim:
        sim.port()
        sim.shows("state  CHARGING", "cable  in")
        yield sim


def begin(page: Page, address: str) -> None:
    """Past the contraindications, until the device is ready."""
    page.goto(address)
    page.click("#begin")
    says(page, "It is ready")


def says(page: Page, text: str, where: str = "words") -> str:
    """Wait until the page's words have this in them; they are told when they never do."""
    has = "([id, text]) => document.getElementById(id).textContent.includes(text)"
    try:
        page.wait_for_function(has, arg=[where, text])
    except TimeoutError:
        pytest.fail(f"#{where} does not say {text!r}; it says {page.text_content(f'#{where}')!r}")
    return page.text_content(f"#{where}") or ""


def press(page: Page, button: str, ms: int = 150) -> None:
    page.click(f"#{button.lower()}", delay=ms)
    page.wait_for_timeout(150)


def connect(page: Page, address: str, expects: str = "Connected: Tonus") -> str:
    """Connect a device over the stand-in."""
    page.goto(f"{address}#yours")
    page.wait_for_selector("html[data-ready]")
    page.click("#connect")
    return says(page, expects, "link-words")


def document(id: str, seconds: int = 5, zones: int = 2) -> dict[str, Any]:
    """A short preset."""
    wave = {"kind": "biphasic", "rate_hz": 40, "phase_us": 500, "gap_us": 100}
    names = ("cheek left", "cheek right", "jaw left", "jaw right")
    zone: Callable[[str], dict[str, Any]] = lambda name: {  # noqa: E731
        "name": name, "duration_s": seconds, "cue_s": 3, "waveform": wave,
    }  # fmt: skip
    listed = [zone(name) for name in names[:zones]]
    return {"schema": 1, "id": id, "name": id.title(), "top_ua": 200, "ramp_ms": 500, "zones": listed}


def as_file(*documents: dict[str, Any], name: str = "mine.json") -> FilePayload:
    """For a file field."""
    text = json.dumps(list(documents))
    return {"name": name, "mimeType": "application/json", "buffer": text.encode()}
