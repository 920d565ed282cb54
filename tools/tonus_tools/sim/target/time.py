"""The `time` module in virtual time, with the ticks of the RP2040: they wrap at 2^30."""

import core
import micropython
from bind import ptr32
from core import spend, words
from cost import TICKS_US
from micropython import const

_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)
_LEFT = const(0)  # of core.words
_HORIZON = const(1)
_EPOCH = const(11)


@micropython.native
def ticks_add(ticks, delta):
    return ticks + delta & _MASK


@micropython.native
def ticks_diff(end, start):
    return (end - start + _HALF & _MASK) - _HALF


@micropython.viper
def ticks_us() -> int:
    spend(TICKS_US)
    w = ptr32(words)
    return w[_EPOCH] + w[_HORIZON] - w[_LEFT] & _MASK


@micropython.native
def ticks_ms():
    return (core.machine.epoch + words[_HORIZON] - words[_LEFT]) // 1000 & _MASK


def sleep_us(us):
    core.machine.run_until(core.machine.now + us)


def sleep_ms(ms):
    sleep_us(1000 * ms)


def sleep(s):
    sleep_us(int(1_000_000 * s))
