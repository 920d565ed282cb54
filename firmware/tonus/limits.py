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
PHASE_MIN_US = 100  # sampled halfway: 50 us are ten time constants of skin and switch
PHASE_MAX_US = 500_000  # half of a 1 Hz square: published slow programmes hold 20..100 uA for half of each period
GAP_MIN_US = 50  # ten time constants of skin and switch: the next phase starts from a discharged electrode
GAP_MAX_US = 10_000  # a pulse is given back soon, and a lift within it is seen within LIFT_MAX_MS
REST_MIN_US = 200  # between pulses: time for LDAC, and for the skin to discharge
WATCHED_US = 2000  # a phase longer than this is sampled in each tick: LIFT_MS, less a tick
SET_ACCURACY_PCT = 4  # delivered against set current, out of the box: the DAC's gain is 2 %; IEC 60601-2-10 asks 20
SET_ACCURACY_NA = 1500  # or so much, if that is more: what the self-test's measurement of the DAC's offset leaves
UNMEASURED_PCT = 10  # the same of a board without the built-in short, which nothing measures
UNMEASURED_NA = 6000  # or so much, if that is more: DAC_OFFSET_NA_MAX, all that a DAC may be off
CALIBRATED_PCT = 2  # the same of a device that is calibrated: a good multimeter's 0.5 %, drift, the DAC's bow
CALIBRATED_NA = 1500  # or so much, if that is more: the offset is the self-test's, whatever the multimeter said
TOP_MIN_UA = 50  # level 1 of it is 5 uA, still well above what the sense can tell from nothing
POLARITY_MAX_MS = 2000  # one burst of alternating pulses: ramps step once a polarity period

# The account of charge: signed, as it was delivered, forgotten with CHARGE_FORGET_MS
CHARGE_FORGET_MS = 6800  # the electrode watch's own, R36 x C35 of tonus_r1: both judge the same measure
CHARGE_MAX_NC = 50_000  # 20 uC/cm2 on 2.5 cm2; cleared galvanic devices pass as much in a fifth of a second, one way
CHARGE_MARGIN_PCT = 10  # of it, for what the current may be off: the parts' tolerances add up to 7, calibrations to 10
CHARGE_ONE_WAY_NC = 45_000  # nominal, before it is paid back: CHARGE_MAX_NC less the margin; 90 uA for 500 ms
CHARGE_TRIP_NC = 60_000  # fault: a fifth more than anything that works; tonus_r1's watch trips at 62 uC (51..73)
CHARGE_FAULT_NC = 80_000  # what a single fault may leave: the watch at its highest, and what flows until it acts
CHARGE_EVEN_NC = 100  # less than this is none: what noise, and phases nobody saw, make of a balanced treatment
STRAY_NC = 3  # what strays, and a person's 1 nF to earth, may take from a phase, and no sense sees (make spice)
DC_MAX_UA = 10  # that remains of whole cycles: IEC 60601-1, patient auxiliary current, DC, normal condition
DC_FAULT_UA = 12  # a leak too slow for the watch: 62 uC in 6.8 s are 9.1 uA, 10.7 with its parts; the standard has 50
DC_WINDOW_MS = 60_000  # over which: at slow rates a cycle takes seconds, and a cut one is paid back by the next

# Ramps
RAMP_MIN_MS = 500  # at start and after contact returns: no shock on touching down
RAMP_RETURN_MS = 1000  # after a pause: twice the least, short enough to keep gliding
RAMP_MAX_MS = 10_000  # longer, and a session that begins seems not to
RAMP_DOWN_MS = 300  # a level that is lowered, or the end of a session: prompt, and still no jolt
RAMP_DOWN_MAX_MS = 1000  # the same when a phase of 500 ms has to end first
RAMP_CYCLES_MIN = 4  # a ramp at a slow rate still takes this many cycles

# Reactions
STOP_MS = 100  # user stop to output zero
LIFT_MS = 3  # contact lost to output off, where phases come as fast: three ticks; FOREO claims 2 ms
LIFT_PERIODS = 2  # the same, where that is longer: a lift is seen in a pulse, and may come just after one
LIFT_MAX_MS = 250  # the same at any rate: at slow ones rests are probed, so that it holds
USB_MS = 5  # USB power to output off: every cleared peer locks out on charge
FAULT_MS = 1  # a hardware or firmware fault to output off: one tick
TICK_US = 1000  # period of the pulse loop
LATE_US = 500  # a tick this much after its time is late
MISSED_US = 1000  # and this much, missed
STALL_US = 3000  # the loop itself was held up this long: fault

RAIL_FALL_MS = 20  # the keep-alive's promise: the rail is down this long after its last edge
RAIL_GONE_MS = 25  # and so long after it is looked at
RAIL_RISE_MS = 60  # the rail is up this long after its first edge

# Buttons
DEBOUNCE_MS = 15  # a contact that has been the same for this long is down, or up
REST_MS = 35  # a contact the same for this long rests, and PLUS counts only then: chatter is faster, a finger longer
UNREST_MS = 80  # restless for longer than a press and its bounce: MODE stops, PLUS does not count
CHATTER_MS = 1000  # restless for this long: no finger
FINGER_MS = 90  # least time between two presses of PLUS that count; the fastest fingers press ten times a second
CHATTER_PRESSES = 8  # in a row, each sooner than that: no finger
STUCK_MS = 5000  # down for this long: not a finger
RESTED_MS = 500  # up and at rest for this long: a button that chattered or stuck counts again
CHORD_MS = 120  # PLUS and MINUS so close together are one gesture: fingers that mean both are within 50 ms or so
CHORD_LONG_MS = 1000  # a chord held for so long leaves the zone out: longer than one that only asks where
RESTLESS_MAX_MS = 15_000  # not once at rest for so long in this time: no finger, however slow

# Contact
OPEN_UA = 2  # less than this is no contact
LIFT_UA = 3  # the same where at least 8 should flow: the sense reads none as 1.2 uA, a noisy converter as 2 more
PROBE_MAX_UA = 10  # contact probe, zero mean: below the auxiliary current limit
PROBE_UA = 8  # below PROBE_MAX_UA by what a source may be off at the start, and twice LIFT_UA above nothing
PROBE_PHASE_US = 2000  # the skin's capacitance is full, and its resistance shows; two ticks
PROBE_GAP_US = 100  # the skin discharges: twice GAP_MIN_US
PROBE_PERIOD_MS = 50  # while waiting for contact
PROBE_REST_MS = 80  # longest rest of a treatment without a look at the electrodes
SHORT_OHM = 100  # electrodes touch below this: skin with good gel has 500
SHORT_MV = 15  # or below this: more than averaging leaves of noise and dividers, less than skin shows at 5 uA
OVERCURRENT_PCT = 25  # delivered above set by this is a fault: more than gains and calibrations are off, GAIN_PPM_MAX
OVERCURRENT_UA = 10  # and by this: offsets and noise of a small current, whose percents mean nothing
DEVIATION_PCT = 20  # delivered off set by this, either way, is a fault: more than IEC 60601-2-10 allows
DEVIATION_UA = 10  # and by this: more than the offsets of a DAC and a sense that nobody calibrated
DEVIATION_MS = 200  # over at least this: longer than a contact that is just being made or lost
BLIND_PULSES = 8  # given to the PIO without one sample: one or another is missed while a button moves
BLIND_MS = LIFT_MAX_MS  # so long without a sample: a lift would go unnoticed; a probe is due after a third of it
DEVIATION_SAMPLES = 4  # and over two pulses: at slow rates DEVIATION_MS has not one

# Session
SESSION_MAX_MS = 20 * 60 * 1000  # hard stop, NuFACE Mini+
SESSION_ROOM_S = 120  # gel, pauses and lifts easily take as much of it: a preset that leaves less may not finish
IDLE_OFF_MS = 3 * 60 * 1000  # without contact or a button
POOR_PAUSE_MS = 3000  # dry skin this long pauses: gel that dries is what zaps people
DRY_REST_MS = 2000  # and for at least this long
DONE_OFF_MS = 60 * 1000  # time to see the share that was delivered, and to begin again
DONE_SHOWN_MS = 10 * 1000  # before a low cell is told
FAULT_OFF_MS = 60 * 1000  # a latched fault is shown this long, then power goes off
LOW_BATTERY_OFF_MS = 10 * 1000  # long enough to be seen, short for a cell that is nearly empty
LOOSE_LIFTS = 3  # so many lifts in LOOSE_MS are told to the person: fewer happen while gliding
LOOSE_MS = 10_000  # two cues long: so many lifts in it mean that gel or pressure is missing
CUE_MIN_S = 3  # NuFACE cues every 5 s, TheraFace every 15 s
CUE_MAX_S = 30  # more is no rhythm: the slowest of the peers cues every 15 s
GLIDE_MIN_S = 1  # a stroke: quicker is rubbing
GLIDE_MAX_S = 10  # a face is no longer: slower is standing still
HOLD_MAX_S = 5  # at a stroke's end: taught is a second; longer is pressing, not gliding

CAP_SESSIONS_MAX = 99  # sessions that a cap on the level lasts
PLAN_DAYS_MAX = 999  # three digits: no plan is longer than eight weeks

# Power
CHARGE_SOON_PCT = 30  # at switch-on: two or three sessions are left
BATTERY_START_PCT = 20  # no start below
BATTERY_CUTOFF_PCT = 8  # orderly ramp-down
BATTERY_MS = 2250  # a cell is low when it is so long, ten readings: motor and boost make it dip
BATTERY_AGAIN_PCT = 3  # a cell that had too little for a start has enough with so much more: it recovers while it rests
WATCHDOG_MS = 2000  # longer than any write to the flash keeps the foreground away; a hang ends before a person wonders
TEMPERATURE_MIN_C = 0  # below it a lithium cell must not be charged
TEMPERATURE_MAX_C = 50  # a handheld on the face
TEMPERATURE_OFF_C = 12  # what the reading may be off: 2 % of the DAC's reference are 9 C, the sensor's own scatter 3 C
TEMPERATURE_UNKNOWN_C = 20  # the same where nothing but the converter's reference, 3 % and the filter's drop, is there

# Preset documents
PRESET_SCHEMA = 2  # since zones have region, side and strokes
PRESET_CHARS_MAX = 4672  # the longest of schema 1, and the region and side that each of its zones gets
NAME_CHARS_MAX = 24  # fits a column of the tables that show it
ZONES_MAX = 16  # ten regions, most of them with two sides, and SESSION_MAX_MS leaves a minute or so for each
ZONE_MIN_S = 5  # an ordinary ramp, and some seconds of what was asked for
BANK_PRESETS_MAX = 16  # what four MODE lights can tell apart

# Settings
SETTINGS_SCHEMA = 1  # the first

# Journal
JOURNAL_KEEP = 64  # sessions, and as many faults: two months of one a day

# Calibration: how far a device's parts may be off their nominal values. More is a broken part, or a wrong meter.
CALIBRATION_SCHEMA = 1  # the first
GAIN_PPM_MAX = 100_000  # 10 %. The parts' tolerances add up to 7; a wrong one still keeps to IEC's 20 %: 1 / 0.9
DAC_OFFSET_NA_MAX = 6_000  # MCP4821: 1 % of full scale, 5.1 uA; the op-amp 0.1; what measuring it may be off
SENSE_OFFSET_NA_MIN = -1_000  # a sense that reads too little hides small currents: below OPEN_UA with room for noise
SENSE_OFFSET_NA_MAX = 8_000  # ZERO_CODES_MAX
VOLTAGE_OFFSET_MV_MAX = 900  # two dividers of 1 % resistors, 24 V on both
ZERO_CODES_MAX = 40  # converter with its input at ground: ordinary Picos read 10..20 codes, 25 at most
SLOPE_PPM = 80_000  # sense against DAC: its gain 2 %, its bow 0.3 %, the converter's reference 3 % and 1.2 % of drop
CALIBRATED_SLOPE_PPM = 50_000  # the same against a calibration: a supply that is another, the converter's wide codes
CALIBRATED_OFFSET_NA = 3_000  # the DAC's offset against a calibration, whose line runs through the DAC's bow: 1.5 uA
HOLD_MAX_MS = 30_000  # a code held for a multimeter: long enough to read it
HOLD_CODE_MAX = 3300  # 410 uA on tonus_r1: the shipped presets' top
HOLD_READINGS = 64  # averaged: noise of 3 codes becomes a tenth of one

# USB line protocol
LINE_MAX = 1024  # bytes, without the line's end
SILENCE_MS = 2000  # a line or a transaction that nothing comes for is abandoned
UNIX_MIN_S = 1577836800  # 2020: a host's clock before this is not set
UNIX_MAX_S = 4102444799  # 2099
JSON_DEPTH_MAX = 64  # levels of a line; a request has 2. Nothing recurses over them: a bound to be tested at
