"""What MicroPython starts. MINUS held: safe mode, no output and an open console. Otherwise the device."""

from time import sleep_ms

import board
from machine import Pin
from micropython import kbd_intr

# First of all: until this is high a finger on MODE is all that keeps the power, and the rest takes a while to load.
if board.HAS_POWER_LATCH:
    Pin(board.PINS["POWER_HOLD"], Pin.OUT, value=1)
minus = Pin(board.PINS["MINUS"], Pin.IN, Pin.PULL_UP)
sleep_ms(5)  # the pull-up and the button's own capacitor settle

if minus.value():
    kbd_intr(-1)  # from here on Ctrl-C is a byte like any other: a treatment's firmware has no prompt
    from tonus.app import main

    main(board)
else:
    from tonus.safe import enter

    enter(board)
