"""Faults of the firmware's own running, made from outside: the firmware on the emulated RP2040 stays what it is."""

from __future__ import annotations

from rp2040py.rp2040 import RP2040

TICK_ALARM = 3  # of the Pico SDK's alarm pool, in which MicroPython has its `machine.Timer`
UNKNOWN = ("spi_error", "task_dies")  # exceptions in the middle of the firmware: only the simulator can raise them
# In MicroPython's image: `wfi; b` back to it. Foreground code that comes here never leaves, and interrupts go on.
_SLEEP_FOR_EVER = b"\x30\xbf\xfd\xe7"
_IMAGE_BYTES = 0xA0000  # of flash, before the file system
_FLASH = 0x10000000


def hang(rp2040: RP2040) -> bool:
    """Hang the foreground, if the processor is in it with interrupts on; False when not now."""
    core = rp2040.core
    if core.current_mode or core.pm:
        return False
    at = bytes(rp2040.flash[:_IMAGE_BYTES]).find(_SLEEP_FOR_EVER)
    if at < 0 or at % 2:
        raise LookupError("this MicroPython image has no `wfi` loop to hang in")
    core.pc = _FLASH + at
    return True


def kill_timer(rp2040: RP2040) -> None:
    """The pulse loop's timer never fires again, until a reset. Nor does what wakes the foreground from its sleeps."""
    rp2040.timer.dead.add(TICK_ALARM)  # type: ignore[attr-defined]  # blocks.Timer
    rp2040.timer.alarms[TICK_ALARM].clock_alarm.cancel()
