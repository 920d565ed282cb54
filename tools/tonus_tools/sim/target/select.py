"""The `select` module: where asyncio waits, virtual time passes."""

import core

POLLIN = 1
POLLOUT = 4

_LOOP_US = 20  # one turn of asyncio's loop


class poll:
    def register(self, stream, events=POLLIN):
        raise NotImplementedError("streams are not modelled")

    def ipoll(self, ms=-1):
        machine = core.machine
        machine.enter()
        machine.run_until(machine.now + (1000 * ms if ms > 0 else _LOOP_US))
        machine.leave()
        return ()
