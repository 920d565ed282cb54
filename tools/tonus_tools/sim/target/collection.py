"""The firmware's garbage: how long it holds the foreground up on the RP2040, and the `gc` module that says so.

The simulator's own garbage is collected among the firmware's, at other moments and in no time. What the firmware makes
is taken to go with the turns of its tasks.
"""

import gc

import cost
from core import spend

_work_us = 0


def work(us):
    """The foreground has had so much to do."""
    global _work_us
    _work_us += us
    if _work_us >= cost.GARBAGE_US:
        _work_us = 0
        spend(cost.COLLECTION_US)


class Gc:
    """The `gc` module."""

    @staticmethod
    def collect():
        global _work_us
        _work_us = 0
        gc.collect()
        spend(cost.COLLECTION_US)


for _name in dir(gc):
    if not hasattr(Gc, _name):
        setattr(Gc, _name, getattr(gc, _name))
