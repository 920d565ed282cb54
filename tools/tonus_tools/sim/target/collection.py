"""The firmware's garbage: how long it holds the foreground up on the RP2040, and the `gc` module that says so.

The simulator's own garbage is collected among the firmware's, at other moments and in no time. What the firmware makes
is taken to go with the turns of its tasks.
"""

import gc

import micropython
from core import spend, words
from cost import COLLECTION_US, GARBAGE_US, TURN_US
from micropython import const
from world.bind import ptr32

_WORK_US = const(22)  # of core.words


@micropython.viper
def turn():
    """The foreground has a task's turn to do."""
    spend(TURN_US)
    w = ptr32(words)
    w[_WORK_US] = w[_WORK_US] + int(TURN_US)
    if w[_WORK_US] >= int(GARBAGE_US):
        w[_WORK_US] = 0
        spend(COLLECTION_US)


class Gc:
    """The `gc` module."""

    @staticmethod
    def collect():
        words[_WORK_US] = 0
        gc.collect()
        spend(COLLECTION_US)


for _name in dir(gc):
    if not hasattr(Gc, _name):
        setattr(Gc, _name, getattr(gc, _name))
