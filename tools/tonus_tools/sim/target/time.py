"""The `time` module in virtual time, with the ticks of the RP2040: they wrap at 2^30."""

import core
import micropython
from core import clock, spend, words
from cost import TICKS_US
from micropython import const
from world.bind import ptr32

_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)
_LEFT = const(0)  # of core.words
_HORIZON = const(1)
_EPOCH = const(11)


@micropython.viper
def ticks_add(ticks: int, delta: int) -> int:
    return ticks + delta & _MASK


@micropython.viper
def ticks_diff(end: int, start: int) -> int:
    return (end - start + _HALF & _MASK) - _HALF


@micropython.viper
def ticks_us() -> int:
    w = ptr32(words)
    left = w[_LEFT] - int(TICKS_US)
    if left > 0:
        w[_LEFT] = left
    else:
        spend(TICKS_US)
    return w[_EPOCH] + w[_HORIZON] - w[_LEFT] & _MASK


@micropython.viper
def ticks_ms() -> int:
    return int(clock()) // 1000 & _MASK


def sleep_us(us):
    core.machine.run_until(core.machine.now + us)


def sleep_ms(ms):
    sleep_us(1000 * ms)


def sleep(s):
    sleep_us(int(1_000_000 * s))
