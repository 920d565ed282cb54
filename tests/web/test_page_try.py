"""The part "Try it", in a real browser: facials by clicks and by keys, the world around, offline, axe, widths."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from on_page import as_file, begin, document, press, says
from playwright.sync_api import BrowserContext, Page, Route
from tonus import faults
from tonus_tools.web import build
from tonus_tools.world.faults import FAULTS

WHOLE_MAX_BYTES = 450_000
MEMORY_MAX_MB = 40
WIDTHS = (320, 768, 1280)


def test_all_of_it_is_small(made: Path) -> None:
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in made.iterdir()) <= WHOLE_MAX_BYTES


def test_it_asks_nobody_else_for_anything(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    begin(page, address)
    assert asked
    assert all(url.startswith((address, "blob:", "data:")) for url in asked)


def test_who_should_not_use_it_is_told_before(page: Page, address: str) -> None:
    page.goto(address)
    text = page.inner_text("#before")
    for word in ("simulation", "not a medical device", "epilepsy", "pacemaker", "pregnancy", "cancer", "under 18"):
        assert word in text
    assert not page.is_visible("#handheld")
    page.click("#begin")
    says(page, "It is ready")
    page.reload()
    says(page, "It is ready")  # asked once on this computer


def test_a_click_before_the_page_is_whole_is_not_lost(page: Page, address: str) -> None:
    held: list[Route] = []
    page.route("**/pack.json", lambda route: held.append(route))
    page.goto(address)
    assert page.is_disabled("#begin")
    with page.expect_response("**/pack.json"):
        while not held:
            page.wait_for_timeout(20)
        held.pop().continue_()
    page.click("#begin")
    says(page, "It is ready")


def take_short_preset(page: Page, address: str) -> None:
    """A device whose only preset lasts ten seconds, put on it by the page."""
    begin(page, address)
    page.click("#to-yours")
    page.click("#connect-page")
    says(page, "Connected: Tonus", "link-words")
    page.set_input_files("#open", as_file(document("short")))
    says(page, "is read", "link-words")
    for _ in range(4):
        page.click("#presets li:first-child button:has-text('Remove')")
    page.click("#push")
    says(page, "read back and compared", "link-words")
    page.click("#disconnect")
    page.click("#to-try")
    page.uncheck("#cable")
    says(page, "It is ready")


def test_a_whole_facial_by_clicks(page: Page, address: str) -> None:
    take_short_preset(page, address)
    assert "Preset: Short" in (page.text_content("#words") or "")
    page.check("#guide")
    press(page, "PLUS")
    press(page, "PLUS")
    assert "Level 2" in says(page, "It treats")
    assert "level 1 of 5" in (page.text_content("#handheld-words") or "")
    assert "contact lit" in (page.text_content("#handheld-words") or "")
    page.click("#lift")
    page.uncheck("#guide")
    says(page, "It pauses")
    page.check("#guide")
    says(page, "It treats")
    page.select_option("#speed", "20")
    words = says(page, "The session:")
    assert "finished" in words or "ramp" in words
    page.click("#to-yours")
    page.click("#connect-page")
    says(page, "Connected: Tonus", "link-words")
    assert "Short" in (page.text_content("#journal") or "")
    page.click("#journal button:has-text('s1')")
    page.wait_for_function("document.querySelector('#record-facts').textContent.includes('cheek left')")
    # Drawn: sessions, left and right, the zones of this one; told in words, too.
    drawn = page.eval_on_selector_all("#journal svg", "all => all.map(one => one.getAttribute('aria-label'))")
    assert [words.split(":")[0] for words in drawn] == [
        "Sessions",
        "Left and right of each part of the face",
        "Zones of session 1",
    ]
    assert all(name in drawn[1] for name in ("cheek L", "cheek R"))
    assert "cheek: left" in (page.text_content("#journal") or "")
    assert "5 days a week for 60 days, then 3" in (page.text_content("#journal") or "")
    memory = re.search(r"the interpreter has (\d+) MB", page.text_content("#facts") or "")
    assert memory
    assert int(memory[1]) <= MEMORY_MAX_MB


def test_a_facial_by_keys_alone(page: Page, address: str) -> None:
    begin(page, address)
    page.keyboard.press("m", delay=150)
    says(page, "Preset: Firm")
    page.keyboard.press("+", delay=150)
    says(page, "It waits for skin")
    page.focus("#face")
    page.keyboard.press("l")
    says(page, "It treats")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("+", delay=150)
    says(page, "Level 2")
    page.keyboard.press("-", delay=150)
    says(page, "Level 1")
    page.keyboard.press("l")
    says(page, "It pauses")
    page.keyboard.press("l")
    says(page, "It treats")
    page.keyboard.press("m", delay=150)
    assert "MODE: stop" in says(page, "The session:")
    page.focus("#mode")
    page.keyboard.down("Enter")
    says(page, "It is off")
    page.keyboard.up("Enter")


def test_the_world_around_it(page: Page, address: str) -> None:
    begin(page, address)
    page.check("#guide")
    press(page, "PLUS")
    says(page, "It treats")
    page.check("#cable")
    says(page, "The cable is in")
    page.uncheck("#cable")
    says(page, "It is ready")
    press(page, "PLUS")
    says(page, "It treats")
    for _ in range(6):  # a small current passes dry skin's capacitance
        press(page, "PLUS")
    says(page, "Level 7")
    page.select_option("#gel", "dry")
    says(page, "Contact is poor")
    page.select_option("#gel", "good")
    page.select_option("#fault", "overcurrent")
    page.click("#break")
    words = says(page, "A fault")
    assert faults.FAULTS[faults.LATCH][1] in words
    page.check("#forget")
    page.click("#again")
    says(page, "It is ready")


def test_every_fault_of_a_scenario_can_be_chosen(page: Page, address: str) -> None:
    begin(page, address)
    offered = page.eval_on_selector_all("#fault option", "all => all.map(one => one.value)")
    assert sorted(offered) == sorted(FAULTS)


def test_it_works_without_a_network_after_the_first_visit(context: BrowserContext, page: Page, address: str) -> None:
    begin(page, address)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()  # this time from what was kept
    says(page, "It is ready")
    context.set_offline(True)
    page.reload()
    says(page, "It is ready")
    press(page, "MODE")
    says(page, "Preset: Firm")
    page.click("#to-yours")
    page.wait_for_function("document.querySelectorAll('#ship option').length > 4")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(page: Page, address: str, dark: bool) -> None:
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    axe = Axe()
    for act in (None, "#begin", "#to-yours", "#connect-page"):
        if act is not None:
            page.click(act)
        if act == "#begin":
            says(page, "It is ready")
        if act == "#connect-page":
            says(page, "Connected: Tonus", "link-words")
            page.click("#presets button:has-text('Edit') >> nth=0")
            says(page, "Good:", "preset-words")
            page.fill("[data-path='top_ua']", "600")
            says(page, "allowed 50..500 uA", "preset-words")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            results = axe.run(page)
            assert results.violations_count == 0, (width, results.generate_report())


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    begin(page, address)
    wide = "document.documentElement.scrollWidth"
    assert page.evaluate(wide) <= width
    page.click("#to-yours")
    page.click("#connect-page")
    says(page, "Connected: Tonus", "link-words")
    page.click("#presets button:has-text('Edit') >> nth=0")
    says(page, "Good:", "preset-words")
    assert page.evaluate(wide) <= width


def test_what_is_published_is_all_there_is(made: Path) -> None:
    named = {path.name for path in build.SOURCES.iterdir() if path.suffix in build.PUBLISHED}
    made_names = {path.name for path in made.iterdir()}
    assert named | {"pack.json", "micropython.mjs", "micropython.wasm"} == made_names
    worker = (made / "sw.js").read_text(encoding="utf-8")
    assert all(f'"{name}"' in worker for name in made_names - {"sw.js", "index.html"})
