"""Registers that firmware reads as memory (`uctypes.bytearray_at`), without a call: words of the simulated hardware.

Time does not move while such a word is read: it has what was true at the last call to hardware.
"""

from array import array

words = array("i", [0] * 28)  # what each is says core.py

GPIO_IN = 0xD0000004  # SIO: the level of each GPIO
PIO0_IRQ = 0x50200030  # interrupt flags of PIO 0
INTR = 0x400140F0  # IO_BANK0: latched edges, four bits a pin
_AT = {GPIO_IN: 10, PIO0_IRQ: 8, INTR: 24}  # in words: _LEVELS, _FLAG, _EDGES


def bytearray_at(address, size):
    """`uctypes.bytearray_at`, for these registers."""
    at = _AT[address]
    return memoryview(words)[at : at + size // 4]
