"""`python tests/web/measure.py [MINUTES]`: the page in Chromium, as fast as it goes.

Times life of a whole facial of Lift, and the interpreter's memory after so many minutes of the device's time (20).
The page is made anew. Speed is of this computer, with all else that runs on it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from tonus_tools.web import build
from tonus_tools.web.serve import server

FASTEST = "20"
LONGEST_S = 3600


def facts(page: Page) -> dict[str, str]:
    """What the page tells of the device."""
    told: list[str] = page.eval_on_selector_all("#facts > *", "all => all.map(one => one.textContent)")
    return dict(zip(told[::2], told[1::2], strict=True))


def clock_s(page: Page) -> int:
    minutes, seconds = facts(page)["clock"].split(":")
    return 60 * int(minutes) + int(seconds)


def cpu_s(page: Page) -> float:
    """What the browser's processes have computed, the page's thread and the device's."""
    browser = page.context.browser
    assert browser is not None
    session = browser.new_browser_cdp_session()
    told = session.send("SystemInfo.getProcessInfo")
    session.detach()
    return float(sum(one["cpuTime"] for one in told["processInfo"] if one["type"] == "renderer"))


def press(page: Page, button: str, times: int = 1) -> None:
    for _ in range(times):
        page.click(f"#{button}", delay=150)
        page.wait_for_timeout(150)


def facial(page: Page) -> dict[str, Any]:
    """From the first current to the end, by a guided hand, level 4."""
    page.check("#guide")
    press(page, "plus", 4)
    page.wait_for_function("document.getElementById('words').textContent.includes('It treats')")
    page.select_option("#speed", FASTEST)
    began_s, began, began_cpu = clock_s(page), time.monotonic(), cpu_s(page)
    page.wait_for_function("document.getElementById('words').textContent.includes('The session:')")
    its_s, wall_s, its_cpu_s = clock_s(page) - began_s, time.monotonic() - began, cpu_s(page) - began_cpu
    found = {"device_s": its_s, "wall_s": wall_s, "times_life": its_s / wall_s, "cpu_s": its_cpu_s}
    return {name: round(value, 1) for name, value in (found | {"times_life_of_a_core": its_s / its_cpu_s}).items()}


def measure(page: Page, minutes: float) -> dict[str, Any]:
    """Facials one after the other, until the device's clock says so many minutes."""
    found: dict[str, Any] = {"load": os.getloadavg()[0], "facials": []}
    page.click("#begin")
    page.wait_for_function("document.getElementById('words').textContent.includes('It is ready')")
    while clock_s(page) < 60 * minutes:
        found["facials"].append(facial(page))
        print(found["facials"][-1], facts(page)["speed"], flush=True)
        page.select_option("#speed", "1")
        press(page, "mode")
        page.wait_for_function("document.getElementById('words').textContent.includes('It is ready')")
    return found | {"clock": facts(page)["clock"], "told": facts(page)["speed"]}


def main() -> int:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        made = Path(folder, "web")
        build.build(made)
        with server(0, made) as it:
            threading.Thread(target=it.serve_forever, daemon=True).start()
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page()
            page.set_default_timeout(1000 * LONGEST_S)
            page.goto(f"http://127.0.0.1:{it.server_address[1]}/")
            print(json.dumps(measure(page, minutes)))
            browser.close()
            it.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
