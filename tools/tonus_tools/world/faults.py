"""What can be broken from outside: the names that a scenario may inject (SCENARIOS.md says what each is)."""

CIRCUIT = (  # model.py plays these, wherever it runs
    "rail_dead",
    "rail_stuck",
    "dac_full_scale",
    "sense_open",
    "short_open",
    "overcurrent",
    "fault_line_stuck",
    "battery_sense_open",
    "rset_low",
    "sense_offset",
    "dac_low",
    "dac_high",
    "sense_low",
    "switch_welded",
    "line_stuck",
    "rest_stuck",
    "rest_open",
    "relay_welded",
    "relay_open",
    "watch_dead",
    "trip_dead",
    "clamp_shorted",
)
PROCESSOR = (  # in the firmware's own running: the simulator's core.py and the chip's faults.py
    "spi_error",
    "timer_dead",
    "task_dies",
    "main_hangs",
    "pio_stuck",
)
FAULTS = CIRCUIT + PROCESSOR
