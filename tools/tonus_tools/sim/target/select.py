"""The `select` module: where asyncio waits, virtual time passes. The console can be asked whether it is ready."""

import core
import micropython

POLLIN = 1
POLLOUT = 4


class poll:
    def __init__(self):
        self._streams = []

    def register(self, stream, events=POLLIN):
        self._streams.append((stream, events))

    @micropython.native
    def ipoll(self, ms=-1):
        if self._streams:
            core.spend(1)
            return [entry for entry in self._streams if entry[0].ready()]
        if ms > 0:
            core.machine.run_until(core.machine.now + 1000 * ms)
        return ()
