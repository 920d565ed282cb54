"""Why the output was cut, and what can fail: numbers for the interrupts, names for people. README.md explains each."""

# Cuts that are part of a normal session.
NONE = 0
LIFT = 1
STOP = 2
USB = 3
LIMIT = 4

# For the journal only: found at the start, and nothing to stop for.
SETTINGS_DAMAGED = 6
DATA_LOST = 7
CALIBRATION_DAMAGED = 8
BANK_DAMAGED = 9

# Faults: latched until power goes off.
LATCH = 10
OVERCURRENT = 11
CHARGE = 12
LOOP_RAISED = 13
LOOP_STALLED = 14
TASK_DIED = 15
WATCHDOG = 16
MODE_STUCK = 17
BLIND = 18
DEVIATION = 19
RAIL_STUCK = 20
RAIL_DEAD = 21
RAIL_HELD = 22
FAULT_LINE = 23
SENSE_OFFSET = 24
LEAK = 25
DAC = 26
BATTERY = 27
TEMPERATURE = 28
PRESETS = 29
RSET = 30
START_FAILED = 31
REST = 32
RELAY = 33
WATCH = 34
TRIP = 35

NOTES = {
    SETTINGS_DAMAGED: "settings_damaged",
    DATA_LOST: "data_lost",
    CALIBRATION_DAMAGED: "calibration_damaged",
    BANK_DAMAGED: "bank_damaged",
}
CUTS = {NONE: "none", LIFT: "lift", STOP: "stop", USB: "usb", LIMIT: "limit"}

# number: (name, what it means, for people)
FAULTS = {
    LATCH: ("latch", "the hardware tripped: more than 600 uA, or its line is stuck low"),
    OVERCURRENT: ("overcurrent", "more current was delivered than set (sense code)"),
    CHARGE: ("charge", "the account of charge passed 60 uC in one direction (uC)"),
    LOOP_RAISED: ("loop_raised", "an exception in the pulse loop"),
    LOOP_STALLED: ("loop_stalled", "the pulse loop was held up, or stopped (us late)"),
    TASK_DIED: ("task_died", "a foreground task ended"),
    WATCHDOG: ("watchdog", "the watchdog restarted the device"),
    MODE_STUCK: ("mode_stuck", "the MODE button never came up: there would be no stop"),
    BLIND: ("blind", "pulses went out unsampled, or faster than they were given (phases missed)"),
    DEVIATION: ("deviation", "the current that flows is not the one that is set (% of set)"),
    RAIL_STUCK: ("rail_stuck", "the compliance rail was up before it was asked for (mV)"),
    RAIL_DEAD: ("rail_dead", "the compliance rail did not rise, or fell (mV)"),
    RAIL_HELD: ("rail_held", "the compliance rail stayed up without the keep-alive (mV)"),
    FAULT_LINE: ("fault_line", "the fault latch is set before anything flowed"),
    SENSE_OFFSET: (
        "sense_offset",
        "the current sense reads current when there is none, or hides a small one (uA)",
    ),
    LEAK: ("leak", "current flows with the electrodes off the source (uA)"),
    DAC: ("dac", "the built-in short did not show the current that was set (uA)"),
    RSET: ("rset", "the built-in short and the current sense disagree: a wrong Rset (mV across the short)"),
    BATTERY: ("battery", "the cell voltage is not plausible (mV)"),
    TEMPERATURE: ("temperature", "the temperature is outside 0..50 C, and not by its tolerance (C)"),
    PRESETS: ("presets", "a preset is missing or damaged"),
    START_FAILED: ("start_failed", "the device could not be made: a file is missing or damaged, or memory ran out"),
    RELAY: ("relay", "a contact of the electrodes' relay is welded, or it does not switch (mV)"),
    WATCH: ("watch", "the electrode watch does not trip where it should (ms)"),
    TRIP: ("trip", "the trip at Rset does not trip where it should (ms)"),
    REST: ("rest", "current flows past the electrodes, or in a rest does not: the rest's switch (mV)"),
}


def name(number: int) -> str:
    """The name of a cut, a note or a fault."""
    return CUTS.get(number) or NOTES.get(number) or FAULTS[number][0]


class Failed(Exception):
    """A check failed: `number` of FAULTS, and the reading `value`."""

    def __init__(self, number: int, value: int) -> None:
        super().__init__(name(number))
        self.number = number
        self.value = value
