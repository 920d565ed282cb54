"""Reading the converter from the foreground."""

from machine import ADC, disable_irq, enable_irq

_MEDIAN_OF = 15  # one reading in some tens is far off


def read(adc: ADC) -> int:
    """A 16 bit reading that the interrupts, which read other channels of the same converter, do not disturb."""
    state = disable_irq()
    try:
        return adc.read_u16()
    finally:
        enable_irq(state)


def median(adc: ADC) -> int:
    """The median of a few readings, 16 bit."""
    readings = [read(adc) for _ in range(_MEDIAN_OF)]
    readings.sort()
    return readings[_MEDIAN_OF // 2]
