"""What may break in and around the emulated RP2040: the breaks of the simulator's breaks.py, and in the chip itself

["tick", "late" | "lost" | "doubled", n, us], ["fifo", place, bit], ["pio", register, bit], ["code", place, bit],
["watchdog"] as in breaks_chip.py, but that lost ticks come later: the Pico SDK knows no other way; and

["ram", byte, bit]      a bit of the RAM
["image", byte, bit]    a bit of MicroPython's image in the flash, firmware and all
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..world import breaks
from . import faults
from .blocks import FP_PER_NS

if TYPE_CHECKING:
    from .device import Device


def apply(device: Device, value: list[Any]) -> None:
    """Break it now."""
    if breaks.apply(device.world, device.now_us, value):
        return
    kind = value[0]
    if kind == "tick":
        _tick(device, value[1], value[2], value[3])
    elif kind == "ram":
        device.mcu.sram[value[1]] ^= 1 << value[2]
    elif kind == "image":
        device.mcu.flash[value[1]] ^= 1 << value[2]
    elif kind == "watchdog":
        device.mcu.watchdog.on_watchdog_trigger = lambda: None
    elif kind in ("fifo", "pio", "code"):
        _pio(device, kind, value[1], value[2])


def _tick(device: Device, how: str, n: int, us: int) -> None:
    timer = device.mcu.timer
    fire = timer._fire_alarm
    left = n

    def instead(index: int) -> None:
        nonlocal left
        if index != faults.TICK_ALARM or left <= 0:
            fire(index)
            return
        left -= 1
        if how == "doubled":
            fire(index)
            again.schedule(300_000.0)
        else:
            again.schedule(1000.0 * (us if how == "late" else 1000))

    again = device.alarm(lambda: fire(faults.TICK_ALARM))
    timer._fire_alarm = instead  # type: ignore[method-assign]


def _pio(device: Device, kind: str, place: Any, bit: int) -> None:
    pio = device.pio
    machine: Any = pio.machines[0]
    pio.cycle_fp = int(device.mcu.clock.nanos * FP_PER_NS)
    pio._unwind()
    if kind == "fifo":
        machine.tx_fifo.buffer[place & 3] ^= 1 << bit
    elif kind == "code":
        pio.instructions[place] ^= 1 << (bit & 15)
    elif place == "X":
        machine.x ^= 1 << bit
    elif place == "Y":
        machine.y ^= 1 << bit
    elif place == "OSR":
        machine.output_shift_reg ^= 1 << bit
    elif place == "PC":
        machine.pc ^= 1 << bit % 5
    elif place in ("TARGET", "WRAP"):
        machine.exec_ctrl ^= 1 << (7 if place == "TARGET" else 12) + bit % 5
    elif place == "DIVIDER":
        machine.div_fp = machine.div_fp ^ 1 << 8 + bit % 8 or 1 << 8
    elif place == "ENABLE":
        machine.enabled = False
    elif place == "PINS":
        machine.set_out_pins(pio.pin_values >> machine.out_base & 7 ^ 1 << bit % 3)
        pio.check_changed_pins()
    pio.recompute_due()
