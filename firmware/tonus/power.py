"""Power: USB presence, cell, temperature, the soft latch, and why the processor started."""

import machine
from machine import ADC, Pin

from . import adc

_SCRATCH0 = 0x40058000 + 0x0C  # RP2040 WATCHDOG_SCRATCH0: survives a reset, not a loss of power
_RUNNING = 0x52554E
_MAKING = 0x40058000 + 0x10  # WATCHDOG_SCRATCH1: main.py's, not 0 while the device is made


class Power:
    """`board` is the board's module. Making one holds the soft latch: the device stays on when MODE comes up."""

    def __init__(self, board) -> None:
        pins = board.PINS
        Pin(pins["SMPS_PWM"], Pin.OUT, value=1)  # the converter measures with this regulator's 3.3 V: least ripple
        self._board = board
        self._hold = Pin(pins["POWER_HOLD"], Pin.OUT, value=1) if board.HAS_POWER_LATCH else None
        self.usb = Pin(pins["VBUS_SENSE"], Pin.IN).value
        self._cell = ADC(pins["BATTERY_SENSE"]) if board.HAS_BATTERY else None
        self._temperature = ADC(board.TEMPERATURE_CHANNEL)
        self.converter(0, board.ADC_REFERENCE_MV)

    def converter(self, zero: int, reference_mv: int) -> None:
        """Read by these: what the converter reads of nothing, 16 bit, and its reference. A self-test has both."""
        self._zero = zero
        self._reference_mv = reference_mv

    def cell_mv(self) -> int | None:
        """Cell voltage, mV; None on a board without one, or with USB plugged in, which hides it."""
        if self._cell is None or self.usb():
            return None
        board = self._board
        return (self._read(self._cell) * self._reference_mv * board.BATTERY_DIVIDER) >> 16

    def temperature_c(self) -> int:
        """Temperature of the RP2040, C. Datasheet 4.9.5: 27 C at 706 mV, -1.721 mV per C."""
        uv = self._read(self._temperature) * self._reference_mv * 125 // 8192
        return 27 - (uv - 706_000) // 1721

    def _read(self, channel) -> int:
        return max(0, adc.median(channel) - self._zero)

    def release(self) -> None:
        """Let go of the soft latch: without USB or a finger on MODE the power goes."""
        if self._hold is not None:
            self._hold(0)


def start_watchdog(timeout_ms: int):  # -> machine.WDT
    """The watchdog of a device that is made; from here on a reset that nobody asked for is its doing."""
    machine.mem32[_MAKING] = 0
    machine.mem32[_SCRATCH0] = _RUNNING
    return machine.WDT(timeout=timeout_ms)


def restart() -> None:
    """Reset on purpose."""
    machine.mem32[_SCRATCH0] = 0
    machine.reset()


def start_cause() -> str:
    """Why the processor started: "power", "reset" (asked for, by whomever) or "watchdog". Asks once: it forgets.

    On the RP2040 `reset_cause` is WDT_RESET for every reset but that of power.
    """
    running = machine.mem32[_SCRATCH0] == _RUNNING
    machine.mem32[_SCRATCH0] = 0
    if machine.reset_cause() != machine.WDT_RESET:
        return "power"
    return "watchdog" if running else "reset"
