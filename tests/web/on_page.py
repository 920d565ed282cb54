"""What tests do on the page, and a stand-in for the browser's serial ports that leads to a live device."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, TimeoutError
from tonus_tools.sim.live import Live

# Headless Chromium can be given no port. This one has the methods of a real one; bytes go to Python and back.
SERIAL = """
let open = false;
class StandIn {
  async open() {
    if (open) throw new DOMException("The port is already open.", "InvalidStateError");
    const problem = await window.pythonOpen();
    if (problem) throw new DOMException("Failed to open serial port.", problem);
    open = true;
    this.readable = new ReadableStream({ start: (c) => { this.controller = c; }, cancel: () => {} });
    this.writable = new WritableStream({
      write: async (chunk) => {
        const heard = await window.pythonWrite(String.fromCharCode(...chunk));
        if (heard === null) {
          const lost = new DOMException("The device has been lost.", "NetworkError");
          this.controller.error(lost);
          throw lost;
        }
        this.controller.enqueue(Uint8Array.from(heard, (c) => c.charCodeAt(0)));
      },
    });
  }
  async setSignals() {}
  async close() { open = false; }
  getInfo() { return { usbVendorId: 0x2e8a, usbProductId: 5 }; }
}
const serial = { requestPort: async () => {
  if (await window.pythonChoose()) return new StandIn();
  throw new DOMException("No port selected by the user.", "NotFoundError");
} };
Object.defineProperty(navigator, "serial", { value: serial, configurable: true });
"""
QUIET_US = 60_000
MOST_US = 3_000_000


class Wire:
    """A live device behind the page's port. `cut_after`: bytes from the page until the cable is pulled."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.chosen = True
        self.problem = ""
        self.cut_after: int | None = None
        self.sent = 0

    def put_into(self, page: Page) -> None:
        page.expose_function("pythonOpen", lambda: self.problem)
        page.expose_function("pythonChoose", lambda: self.chosen)
        page.expose_function("pythonWrite", self._write)
        page.add_init_script(SERIAL)

    def plug(self) -> None:
        """The cable goes in again."""
        self.cut_after = None
        self.live.do("usb", True)
        self.live.run(3_000_000)
        self.live.heard.clear()

    def _write(self, text: str) -> str | None:
        data = text.encode("latin-1")
        if self.cut_after is not None and self.sent + len(data) >= self.cut_after:
            self.live.send(data[: self.cut_after - self.sent])
            self.live.run(100_000)
            self.live.do("usb", False)
            self.live.run(500_000)
            self.live.heard.clear()
            self.sent = self.cut_after
            return None
        self.sent += len(data)
        self.live.send(data)
        began = last = self.live.now_us
        heard = b""
        while self.live.now_us - last < QUIET_US if heard else self.live.now_us - began < MOST_US:
            self.live.run(10_000)
            if self.live.heard:
                heard += bytes(self.live.heard)
                self.live.heard.clear()
                last = self.live.now_us
            if not text.strip():
                break  # an empty line is not answered
        return heard.decode("latin-1")


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
