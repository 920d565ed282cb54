"""What the processor's work takes on the RP2040, in us: MicroPython 1.28 at 125 MHz, on an emulated chip.

A call's time holds what the firmware does around it, on the average, because the simulator sees only the calls: looking
up, unpacking, arithmetic. tests/chip/test_same_hardware.py holds ticks and samples of the firmware against the chip's.
"""

# A hard timer's interrupt, from the hardware to the handler's first call to hardware, and from its last on; the same
# for a PIO's. NOTHING: a PIO's interrupt whose flag somebody has cleared.
TICK_ENTRY_US = 29
TICK_EXIT_US = 3
SAMPLE_ENTRY_US = 27
SAMPLE_EXIT_US = 0
NOTHING_US = 2

TICKS_US = 3
PIN_US = 3
MEMORY_US = 3
ADC_US = 5  # 2 of which the converter takes
SPI_US = 10  # 16 bits at 10 MHz, and what makes them
PUT_US = 5
NEXT_WORD_US = 19  # to work out the word after it, unless a sample is due first
QUEUED_US = 6
EXEC_US = 4

# The foreground.
TURN_US = 750  # a task's turn of asyncio's loop
COLLECTION_US = 20_000
GARBAGE_US = 400_000  # of turns, until there is so much garbage that it is collected
LOAD_NS = 235  # a byte read from the flash: next to all of them are the firmware's files, which it makes modules of
