"""Every safety number of the device, once, with its unit and its reason. Integers; nothing here touches hardware.

The hardware ceiling, 509.5 uA, is not here: it is DAC_REFERENCE_MV / RSET_OHM of the board that has it.
"""

# Output
FIRMWARE_CEILING_UA = 500  # Cheng 1982 used 10..1000 uA; cleared peers 80..400 uA
SHIPPED_TOP_UA = 400  # shipped presets: NuFACE 80..400 uA (K103472)
LEVELS = 10  # each 10 % of the preset's top: five LEDs, half and full

# Waveform
RATE_MIN_DHZ = 3  # 0.3 Hz, in tenths of a hertz: professional devices 0.5..1500 Hz
RATE_MAX_DHZ = 3000  # 300 Hz: face use stays at or below
PHASE_MIN_US = 100
PHASE_MAX_US = 125_000
GAP_MIN_US = 50  # ten time constants of skin and switch: the next phase starts from a discharged electrode
GAP_MAX_US = 10_000
REST_MIN_US = 200  # between pulses: time for LDAC, and for the skin to discharge
PHASE_CHARGE_MAX_NC = 50_000  # 400 uA x 125 ms
MEAN_DC_MAX_UA = 10  # IEC 60601-1 patient auxiliary current, DC, normal condition
MEAN_DC_TRIP_UA = 50  # the same, single fault
DC_WINDOW_MS = 1000  # the running mean's window
SET_ACCURACY_PCT = 10  # delivered against set current, of a device that is not calibrated; IEC 60601-2-10 asks 20 ...
SET_ACCURACY_UA = 5  # ... or this, whichever is more: the DAC's offset is up to 1 % of full scale
CALIBRATED_PCT = 2  # the same of one that is: a good multimeter's 0.5 %, drift with temperature, and ...
CALIBRATED_UA = 2  # ... steps and noise of DAC and sense
TOP_MIN_UA = 50  # level 1 of it is 5 uA, still well above what the sense can tell from nothing
POLARITY_MAX_MS = 2000  # one burst of alternating pulses: ramps step once a polarity period

# Ramps
RAMP_MIN_MS = 500  # at start and after contact returns: no shock on touching down
RAMP_RETURN_MS = 1000  # after a pause: twice the least, short enough to keep gliding
RAMP_MAX_MS = 10_000
RAMP_DOWN_MS = 500
RAMP_DOWN_MAX_MS = 1000  # the end of a session waits no longer than this for a ramp down; then the output is cut
RAMP_CYCLES_MIN = 4  # a ramp at a slow rate still takes this many cycles

# Reactions
STOP_MS = 100  # user stop to output zero
LIFT_MS = 3  # contact lost to output off: at least this, FOREO claims 2 ms ...
LIFT_PERIODS = 2  # ... or this many pulse periods ...
LIFT_MAX_MS = 250  # ... and never more than this
USB_MS = 5  # USB power to output off: every cleared peer locks out on charge
FAULT_MS = 1  # a hardware or firmware fault to output off: one tick
TICK_US = 1000  # period of the pulse loop
LATE_US = 500  # a tick this much after its time is late
MISSED_US = 1000  # and this much, missed
STALL_US = 3000  # the loop itself was held up this long: fault

RAIL_FALL_MS = 20  # the keep-alive's promise: the rail is down this long after its last edge
DEBOUNCE_MS = 15  # a contact that has been the same for this long is pressed

# Contact
OPEN_UA = 2  # less than this is no contact
PROBE_MAX_UA = 10  # contact probe, zero mean: below the auxiliary current limit
PROBE_UA = 8
PROBE_PHASE_US = 2000
PROBE_GAP_US = 100
PROBE_PERIOD_MS = 50  # while waiting for contact
PROBE_REST_MS = 80  # longest rest of a treatment without a look at the electrodes
SHORT_OHM = 100  # electrodes touching
OVERCURRENT_PCT = 25  # delivered above set by this, and ...
OVERCURRENT_UA = 10  # ... this, is a fault
DEVIATION_PCT = 20  # delivered off set by this, either way, is more than IEC 60601-2-10 allows; and ...
DEVIATION_UA = 10  # ... by this, more than the offsets of a DAC and a sense that nobody calibrated; over ...
DEVIATION_MS = 200  # ... at least this, longer than a contact that is just being made or lost ...
DEVIATION_SAMPLES = 4  # ... and two pulses, at slow rates

# Session
SESSION_MAX_MS = 20 * 60 * 1000  # hard stop, NuFACE Mini+
SESSION_ROOM_S = 120  # gel, pauses and lifts easily take as much of it: a preset that leaves less may not finish
IDLE_OFF_MS = 3 * 60 * 1000  # without contact or a button
POOR_PAUSE_MS = 3000  # dry skin this long pauses: gel that dries is what zaps people
DRY_REST_MS = 2000  # and for at least this long
DONE_OFF_MS = 60 * 1000
FAULT_OFF_MS = 60 * 1000  # a latched fault is shown this long, then power goes off
LOW_BATTERY_OFF_MS = 10 * 1000
LOOSE_LIFTS = 3  # so many lifts ...
LOOSE_MS = 10_000  # ... in this time are no gliding but gel or pressure that is missing: the person is told
CUE_MIN_S = 3  # NuFACE cues every 5 s, TheraFace every 15 s
CUE_MAX_S = 30

# Power
BATTERY_START_PCT = 20  # no start below
BATTERY_CUTOFF_PCT = 8  # orderly ramp-down
BATTERY_MS = 2250  # ... for this long, ten readings, before anything is done: motor and boost make a cell dip
BATTERY_AGAIN_PCT = 3  # a cell that had too little for a start has enough with so much more: it recovers while it rests
WATCHDOG_MS = 2000
TEMPERATURE_MIN_C = 0
TEMPERATURE_MAX_C = 50  # a handheld on the face

# Preset documents
PRESET_SCHEMA = 1
PRESET_CHARS_MAX = 4096
NAME_CHARS_MAX = 24
ZONES_MAX = 16
ZONE_MIN_S = 5
BANK_PRESETS_MAX = 16

# Journal
JOURNAL_KEEP = 64  # sessions, and as many faults: two months of one a day

# Calibration: how far a device's parts may be off their nominal values. More is a broken part, or a wrong meter.
CALIBRATION_SCHEMA = 1
GAIN_PPM_MAX = 100_000  # 10 %. The parts' tolerances add up to 5; a wrong one still keeps to IEC's 20 %: 1 / 0.9
DAC_OFFSET_NA_MAX = 5_000  # MCP4821: 1 % of full scale
SENSE_OFFSET_NA_MIN = -1_000  # a sense that reads too little hides small currents: below OPEN_UA with room for noise
SENSE_OFFSET_NA_MAX = 3_000  # what the self-test lets through
VOLTAGE_OFFSET_MV_MAX = 900  # two dividers of 1 % resistors, 24 V on both
HOLD_MAX_MS = 30_000  # a code held for a multimeter: long enough to read it
HOLD_CODE_MAX = 3300  # 410 uA on tonus_r1: the shipped presets' top
HOLD_READINGS = 64  # averaged: noise of 3 codes becomes a tenth of one

# USB line protocol
LINE_MAX = 1024  # bytes, without the line's end
SILENCE_MS = 2000  # a line or a transaction that nothing comes for is abandoned
UNIX_MIN_S = 1577836800  # 2020: a host's clock before this is not set
UNIX_MAX_S = 4102444799  # 2099
