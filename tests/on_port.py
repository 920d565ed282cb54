"""A live device, simulated or emulated, at the other end of a pseudo-terminal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tonus_tools.sim.live import Running
from tonus_tools.sim.panel import Bench, Port


@contextmanager
def on_port(live: Running, paced: bool = True) -> Iterator[str]:
    """The path of the pseudo-terminal; the device goes on meanwhile, in real time or as fast as it can."""
    with closing(Port()) as port:
        bench = Bench(live, port, paced=paced)
        done = threading.Event()

        def go_on() -> None:
            while not done.is_set():
                bench.wait()
                bench.step()

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            yield port.path
        finally:
            done.set()
            thread.join()
