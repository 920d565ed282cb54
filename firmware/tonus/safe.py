"""Safe mode: the stage held dead, the power held on, the console left to the REPL and mpremote."""

from machine import Pin, Timer

_DEAD = ("STAGE_ALIVE", "EL_A", "EL_B")
_LOOK_MS = 100
_OFF_LOOKS = 15  # MODE held this many: power off, as always


def enter(board) -> None:
    """Hold every pin that could start the output low, show LEVEL_1 and LEVEL_5, return to the REPL."""
    pins = board.PINS
    for role in _DEAD:
        Pin(pins[role], Pin.OUT, value=0)
    if board.HAS_POWER_LATCH:
        _off_on_mode(Pin(pins["POWER_HOLD"], Pin.OUT, value=1), Pin(pins["MODE"], Pin.IN, Pin.PULL_UP))
    for role in ("LEVEL_1", "LEVEL_5"):
        Pin(pins[role], Pin.OUT, value=1)
    print('{"t": 0, "e": "safe_mode", "board": "%s"}' % board.NAME)


def _off_on_mode(hold: Pin, mode: Pin) -> None:
    """Watch MODE beside the REPL: a device on its cell has no other way off."""
    looks = [-1]  # until it has come up once, the press is the one that switched on

    def look(timer) -> None:
        if mode.value():
            looks[0] = 0
        elif looks[0] >= 0:
            looks[0] += 1
            if looks[0] == _OFF_LOOKS:
                hold.value(0)

    Timer(-1).init(mode=Timer.PERIODIC, period=_LOOK_MS, callback=look, hard=True)
