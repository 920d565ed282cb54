"""The `time` module in virtual time.

Ticks are those of this interpreter: they do not wrap within a simulation, as the RP2040's do after 2^30.
"""

import core
import micropython

# The arithmetic is the built-in module's, which run.py keeps for this one.
ticks_add = core.real_time.ticks_add
ticks_diff = core.real_time.ticks_diff


@micropython.native
def ticks_us():
    return core.machine.now


@micropython.native
def ticks_ms():
    return core.machine.now // 1000


def sleep_us(us):
    core.machine.spend(us)


def sleep_ms(ms):
    core.machine.spend(1000 * ms)


def sleep(s):
    core.machine.spend(int(1_000_000 * s))
