"""Registers that firmware reads as memory (`uctypes.bytearray_at`), without a call: the simulated hardware writes them.

Time does not move while such a word is read: it has what was true at the last call to hardware.
"""

from array import array

GPIO_IN = 0xD0000004  # SIO: the level of each GPIO
PIO0_IRQ = 0x50200030  # interrupt flags of PIO 0

levels = array("I", [0])
flags = array("I", [0])
_WORDS = {GPIO_IN: levels, PIO0_IRQ: flags}


def bytearray_at(address, size):
    """`uctypes.bytearray_at`, for these registers."""
    return _WORDS[address]
