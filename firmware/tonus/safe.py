"""Safe mode: the stage held dead, the power held on, the console left to the REPL and mpremote."""

from machine import Pin

_DEAD = ("STAGE_ALIVE", "EL_A", "EL_B")


def enter(board) -> None:
    """Hold every pin that could start the output low, show LEVEL_1 and LEVEL_5, return to the REPL."""
    pins = board.PINS
    for role in _DEAD:
        Pin(pins[role], Pin.OUT, value=0)
    if board.HAS_POWER_LATCH:
        Pin(pins["POWER_HOLD"], Pin.OUT, value=1)
    for role in ("LEVEL_1", "LEVEL_5"):
        Pin(pins[role], Pin.OUT, value=1)
    print('{"t": 0, "e": "safe_mode", "board": "%s"}' % board.NAME)
