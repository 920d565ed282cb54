"""The part "Your device", in a real browser, over a stand-in for its serial ports that leads to the real firmware."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from on_page import LiveWire, PortWire, as_file, connect, document, says, tonusctl_sim
from playwright.sync_api import BrowserContext, Page, Route
from tonus_tools.sim.live import Live
from tonus_tools.sim.scenario import Scenario, Start

START = Scenario("page", 1, start=Start(usb=True))
BOOTED_US = 3_000_000


@pytest.fixture
def wire() -> Iterator[LiveWire]:
    """A device that has started, with its cable in."""
    with Live(START) as live:
        live.run(BOOTED_US)
        live.heard.clear()
        yield LiveWire(live)


@pytest.fixture
def port() -> Iterator[PortWire]:
    """The port of a `tonusctl sim`."""
    with tonusctl_sim() as sim:
        yield PortWire(sim)


def in_force(port: PortWire) -> list[str]:
    """Ids of the presets on the device, asked by tonusctl's own client; no page has the port open."""
    with port.client() as client:
        return list(client.bank_list().presets)


def test_a_push_and_a_pull(page: Page, address: str, port: PortWire) -> None:
    port.put_into(page)
    assert "CHARGING" in connect(page, address)
    assert "tonus_r1" in (page.text_content("#info") or "")
    page.set_input_files("#open", as_file(document("mine", zones=4), document("other")))
    says(page, "is read", "link-words")
    page.click("#push")
    assert "generation 1" in says(page, "read back and compared", "link-words")
    with page.expect_download() as download:
        page.click("#save")
    saved = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert [one["id"] for one in saved] == ["lift", "firm", "absorb", "calm", "mine", "other"]
    assert [zone["duration_s"] for zone in saved[4]["zones"]] == [5, 5, 5, 5]
    page.click("#disconnect")
    says(page, "Disconnected", "link-words")
    assert in_force(port) == ["lift", "firm", "absorb", "calm", "mine", "other"]


def test_a_device_that_answers_before_the_firmwares_checks_are_loaded(page: Page, address: str, wire: LiveWire) -> None:
    held: list[Route] = []
    page.route("**/desk.js", lambda route: held.append(route))
    wire.put_into(page)
    assert "Reading" in connect(page, address, "Reading ...")
    page.wait_for_timeout(2000)  # time to ask the device for everything, as far as the page does without
    assert "Reading" in (page.text_content("#link-words") or "")
    held.pop().continue_()
    says(page, "Connected: Tonus", "link-words")


def test_a_preset_is_edited_under_the_firmwares_eyes(page: Page, address: str, wire: LiveWire) -> None:
    wire.put_into(page)
    connect(page, address)
    page.click("#presets button:has-text('Edit') >> nth=3")
    says(page, "Good: Calm", "preset-words")
    page.fill("[data-path='top_ua']", "501")
    assert says(page, "allowed", "preset-words") == "top_ua: 501; allowed 50..500 uA"
    assert page.get_attribute("[data-path='top_ua']", "aria-invalid") == "true"
    assert page.is_disabled("#done")
    page.fill("[data-path='top_ua']", "100")
    page.fill("[data-path='zones[0].duration_s']", "2.5")
    says(page, "zones[0].duration_s: 2.5; allowed 5..1200 s", "preset-words")
    page.fill("[data-path='zones[0].duration_s']", "25")
    says(page, "Good:", "preset-words")
    for kind in ("alternating", "modulated", "biphasic", "swept"):
        page.select_option("[data-path='zones[0].waveform.kind']", kind)
        page.wait_for_function(
            "() => ['Good', 'zones'].some(word => document.getElementById('preset-words').textContent.includes(word))"
        )
    page.fill("[data-path='name']", "Evening")
    says(page, "Good: Evening", "preset-words")
    assert page.locator("#drawn rect").count() > 4
    page.click("#done")
    page.click("#push")
    says(page, "read back and compared", "link-words")
    texts = dict(wire.client().read_bank().presets)
    assert json.loads(texts["calm"])["name"] == "Evening"
    assert json.loads(texts["calm"])["top_ua"] == 100


@pytest.mark.parametrize("share", [0.02, 0.4, 0.97])
def test_a_cable_pulled_in_the_middle_of_a_push_loses_nothing(
    page: Page, address: str, port: PortWire, share: float
) -> None:
    port.put_into(page)
    connect(page, address)
    before = port.sent
    page.set_input_files("#open", as_file(document("mine", zones=4)))
    says(page, "is read", "link-words")
    port.cut_after = before + int(share * 4200)
    page.click("#push")
    words = says(page, "Nothing was changed", "link-words")
    assert "The connection is gone" in words
    assert page.is_visible("#presets li:has-text('Mine')")
    port.plug()
    assert in_force(port) == ["lift", "firm", "absorb", "calm"]
    page.click("#connect")
    says(page, "Your changes are not on it yet", "link-words")
    page.click("#push")
    says(page, "read back and compared", "link-words")
    page.click("#disconnect")
    says(page, "Disconnected", "link-words")
    assert in_force(port)[-1] == "mine"


def test_each_failure_says_what_to_do(page: Page, address: str, wire: LiveWire) -> None:
    wire.put_into(page)
    wire.chosen = False
    connect(page, address, "No port was chosen")
    wire.chosen = True
    for problem, says_what in (
        ("NetworkError", "another program may have it"),
        ("SecurityError", "allow serial ports"),
        ("InvalidStateError", "open already"),
    ):
        wire.problem = problem
        page.click("#connect")
        says(page, says_what, "link-words")
    wire.problem = ""
    page.click("#connect")
    says(page, "Connected: Tonus", "link-words")


def test_two_tabs(context: BrowserContext, page: Page, address: str, port: PortWire) -> None:
    port.put_into(page)
    connect(page, address)
    other = context.new_page()
    PortWire(port.sim).put_into(other)
    connect(other, address, "another tab")
    page.click("#refresh")
    says(page, "Connected: Tonus", "link-words")
    page.click("#disconnect")
    says(page, "Disconnected", "link-words")
    other.click("#connect")
    says(other, "Connected: Tonus", "link-words")


def test_a_device_in_safe_mode_is_told(page: Page, address: str) -> None:
    with Live(START) as live:
        live.do("hold", "MINUS")
        live.run(BOOTED_US)
        live.heard.clear()
        wire = LiveWire(live)
        wire.put_into(page)
        connect(page, address, "safe mode")


def test_a_session_and_a_fault_are_in_its_journal(page: Page, address: str) -> None:
    day = replace(START, start=Start(usb=False, touch="good"))
    with Live(day) as live:
        live.do("hold", "MODE")
        live.run(700_000)
        live.do("release", "MODE")
        live.run(2_000_000)
        for action in ("hold", "release"):
            live.do(action, "PLUS")
            live.run(150_000)
        live.run(15_000_000)
        live.do("inject", "overcurrent")
        live.run(2_000_000)
        live.do("usb", True)
        live.run(2_000_000)
        live.heard.clear()
        wire = LiveWire(live)
        wire.put_into(page)
        assert "FAULT" in connect(page, address)
        text = page.text_content("#journal") or ""
        assert "s1" in text
        assert "f1" in text
        page.click("#journal button:has-text('f1')")
        page.wait_for_function("document.querySelector('#record-facts').textContent.includes('the hardware tripped')")
        page.click("#journal button:has-text('s1')")
        says(page, "forehead left", "record-facts")
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()
        with page.expect_download() as download:
            page.click("#journal-csv")
        lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith("n,at,id,name,")
        assert len(lines) == 2


def test_settings_are_read_and_written(page: Page, address: str, wire: LiveWire) -> None:
    wire.put_into(page)
    connect(page, address)
    page.select_option("[data-setting='sound']", "quiet")
    page.fill("[data-setting='cap_level']", "11")
    page.click("#settings button")
    words = says(page, "allowed 1..10", "link-words")
    assert "No setting was changed" in words
    page.fill("[data-setting='cap_level']", "3")
    page.click("#settings button")
    says(page, "The device has its settings", "link-words")
    page.click("#refresh")
    says(page, "Connected: Tonus", "link-words")
    assert page.input_value("[data-setting='sound']") == "quiet"
    assert page.input_value("[data-setting='cap_level']") == "3"


def test_a_calibration_is_led_through(page: Page, address: str, wire: LiveWire) -> None:
    wire.put_into(page)
    connect(page, address)
    page.click("#calibration summary")
    page.click("#calibrate")
    says(page, "Step 1 of 3: 50 uA", "calibration-words")
    page.fill("#meter", "300")
    page.keyboard.press("Enter")
    says(page, "reading at 50 uA: 300; allowed", "calibration-words")
    for step, mv in ((1, "201,0"), (2, "804.1"), (3, "1608.3")):
        says(page, f"Step {step} of 3" if step > 1 else "allowed", "calibration-words")
        page.fill("#meter", mv)
        page.keyboard.press("Enter")
    says(page, "The device is calibrated", "calibration-words")
    found = wire.client().calibration()
    assert found is not None
    assert found.calibrated
    # The typical device's current is what it is called: the meter agrees.
    assert abs(found.dac_gain_ppm) < 2000
    assert "calibratedyes" in (page.text_content("#info") or "")
    page.click("#uncalibrate")
    says(page, "forgotten", "calibration-words")


def test_a_browser_without_serial_ports_is_told_so_and_can_do_the_rest(page: Page, address: str) -> None:
    page.add_init_script("delete Navigator.prototype.serial")
    page.goto(f"{address}#yours")
    page.wait_for_selector("html[data-ready]")
    assert page.is_visible("#no-serial")
    assert page.is_disabled("#connect")
    page.click("#connect-page")
    says(page, "Connected: Tonus", "link-words")
    page.click("#selftest")
    says(page, "The self-test passed", "link-words")
    page.click("#clock")
    says(page, "Its clock is set", "link-words")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is not JSON"),
        ('[{"schema": 1}]', "preset 1: id: missing"),
        (json.dumps(document("mine") | {"top_ua": 900}), "top_ua: 900; allowed 50..500 uA"),
    ],
)
def test_a_file_that_is_no_preset_changes_nothing(
    page: Page, address: str, wire: LiveWire, text: str, problem: str
) -> None:
    wire.put_into(page)
    connect(page, address)
    page.set_input_files("#open", {"name": "a.json", "mimeType": "application/json", "buffer": text.encode()})
    assert "Nothing was changed" in says(page, problem, "link-words")
    assert page.locator("#presets li").count() == 4
