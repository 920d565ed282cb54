"""The pins that the person sees, hears, feels and presses. Written only when something changes."""

import machine
from machine import PWM, Pin
from uctypes import bytearray_at

from . import debounce, panel

_LED_HZ = 1000
_LOUD, _QUIET = 32768, 1024  # of the beeper's duty: a tenth of the sound


class Front:
    """contacts: the buttons, for the pulse loop to look at. haptic: the motor's pin; None on a board without."""

    def __init__(self, board) -> None:
        pins = board.PINS
        for role in panel.BUTTONS:
            Pin(pins[role], Pin.IN, Pin.PULL_UP)
        mode, plus, minus = [pins[role] for role in panel.BUTTONS]
        edges = debounce.Edges(machine, bytearray_at, (mode, plus, minus))
        self.contacts = debounce.Contacts(1 << mode, 1 << plus, 1 << minus, edges)
        self._bar = [PWM(Pin(pins[role]), freq=_LED_HZ, duty_u16=0) for role in panel.SHOWN[:5]]
        self._lamps = [Pin(pins[role], Pin.OUT, value=0) for role in panel.SHOWN[5:10]]
        self._beeper = PWM(Pin(pins["BEEPER"]), freq=2000, duty_u16=0)
        self.haptic = Pin(pins["HAPTIC"], Pin.OUT, value=0) if "HAPTIC" in pins else None
        self._shown = [0] * 10
        self._sounding = (0, 0)
        self.lit = -1  # in panel.SHOWN: it alone is on, whatever is to be shown and heard

    def show(self, lights: list[int]) -> None:
        """Brightness, permille, of LEVEL_1..5, MODE_1..4, CONTACT."""
        if self.lit >= 0:
            lights = [1000 if i == self.lit else 0 for i in range(10)]
        if lights == self._shown:
            return
        for i in range(10):
            if lights[i] != self._shown[i]:
                if i < 5:
                    self._bar[i].duty_u16(lights[i] * 65535 // 1000)
                else:
                    self._lamps[i - 5](1 if lights[i] else 0)
        self._shown = lights

    def draws_ma(self, board) -> int:
        """What lights, beeper and motor draw now."""
        hz, haptic = self._sounding
        lit = sum(self._shown) * board.LAMP_UA // 1_000_000
        return lit + (board.BEEPER_MA if hz else 0) + (board.MOTOR_MA if haptic else 0)

    def sound(self, tone: tuple[int, int], loud: bool) -> None:
        """(beeper Hz, haptic)."""
        if self.lit >= 0:
            tone = (2000 if self.lit == 10 else 0, self.lit // 11)
        if tone == self._sounding:
            return
        hz, haptic = tone
        if hz:
            self._beeper.freq(hz)
        self._beeper.duty_u16(0 if not hz else _LOUD if loud else _QUIET)
        if self.haptic is not None:
            self.haptic(haptic)
        self._sounding = tone
