"""What MicroPython starts. MINUS held: safe mode, no output and an open console. Otherwise the device."""

import board
from machine import Pin

if Pin(board.PINS["MINUS"], Pin.IN, Pin.PULL_UP).value():
    from tonus.app import main

    main(board)
else:
    from tonus.safe import enter

    enter(board)
