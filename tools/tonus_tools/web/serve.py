"""`tonusctl web`: the page, on this computer only."""

from __future__ import annotations

import http.server
import threading
import webbrowser
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..errors import UsageError
from ..world.boards import IS_CHECKOUT, ROOT

HOST = "127.0.0.1"  # a browser gives a page its serial ports and its service worker there without a certificate
PAGE = ROOT / "dist" / "web" if IS_CHECKOUT else Path(__file__).resolve().parent / "page"


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",  # whatever this computer's registry says of it
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".json": "application/json",
    }

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()


def server(port: int, page: Path = PAGE) -> http.server.ThreadingHTTPServer:
    """A server of the page on `port`, 0 for any; it serves in `serve_forever`. UsageError."""
    if not (page / "index.html").is_file():
        raise UsageError(f"{page}: the page is not there: make web makes it")
    try:
        return http.server.ThreadingHTTPServer((HOST, port), partial(_Handler, directory=str(page)))
    except OSError as problem:
        raise UsageError(f"port {port}: {problem.strerror or problem}; --number takes another") from None


def serve(port: int, open_it: bool, say: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C. UsageError."""
    with server(port) as it:
        address = f"http://{HOST}:{it.server_address[1]}/"
        say(f"the page is on {address} until Ctrl-C")
        if open_it:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        it.serve_forever()
