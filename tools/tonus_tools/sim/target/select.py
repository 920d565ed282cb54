"""The `select` module: where asyncio waits, virtual time passes. The console can be asked whether it is ready."""

import core

POLLIN = 1
POLLOUT = 4

_LOOP_US = 20  # one turn of asyncio's loop


class poll:
    def __init__(self):
        self._streams = []

    def register(self, stream, events=POLLIN):
        self._streams.append((stream, events))

    def ipoll(self, ms=-1):
        machine = core.machine
        machine.enter()
        if not self._streams:
            machine.run_until(machine.now + (1000 * ms if ms > 0 else _LOOP_US))
        machine.leave()
        return [entry for entry in self._streams if entry[0].ready()]
