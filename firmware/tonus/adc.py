"""Reading the converter from the foreground."""

from machine import ADC, disable_irq, enable_irq


def read(adc: ADC) -> int:
    """A 16 bit reading that the interrupts, which read other channels of the same converter, do not disturb."""
    state = disable_irq()
    try:
        return adc.read_u16()
    finally:
        enable_irq(state)
