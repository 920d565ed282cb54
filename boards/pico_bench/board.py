"""pico_bench: a Pico, a DAC and LEDs on a breadboard with a 1 kOhm dummy load. Never on skin. README.md has the wiring.

Data only; the roles are those of tonus_r1. Parts this board lacks have no role here.
"""

NAME = "pico_bench"

PINS = {
    "EL_A": 2,
    "EL_B": 3,
    "LDAC": 4,
    "STAGE_ALIVE": 5,
    "STAGE_FAULT_N": 22,
    "DAC_CS": 17,
    "DAC_SCK": 18,
    "DAC_MOSI": 19,
    "CURRENT_SENSE": 26,
    "SINK_SENSE": 27,
    "RAIL_SENSE": 28,
    "VBUS_SENSE": 14,  # a jumper to 3V3 plays the cable: the breadboard itself is powered over USB
    "SMPS_PWM": 23,  # on the Pico: high, its regulator makes least ripple
    "MODE": 20,
    "PLUS": 21,
    "MINUS": 15,
    "LEVEL_1": 6,
    "LEVEL_2": 7,
    "LEVEL_3": 8,
    "LEVEL_4": 9,
    "LEVEL_5": 10,
    "MODE_1": 0,
    "MODE_2": 1,
    "MODE_3": 11,
    "MODE_4": 13,
    "CONTACT": 25,
    "BEEPER": 12,
}
SPI = 0
TEMPERATURE_CHANNEL = 4

DAC_BITS = 12
DAC_REFERENCE_MV = 2048
RSET_OHM = 4020
FET_OHM = 50
SWITCHES_OHM = 160  # two of a 74HC4053 at 3.3 V
RAIL_MV = 3300  # the Pico's 3V3 pin is the compliance rail: nothing here can exceed it
RAIL_MIN_MV = 3000
TRIP_UA = 600  # no comparator on the breadboard; STAGE_FAULT_N is a button to ground with the Pico's pull-up

ADC_REFERENCE_MV = 3300
SENSE_LESS_NA = 0  # what the sink divider takes here, up to 1.6 uA, nothing corrects
RSET_LESS_NA = 0
DIVIDER = 2
BATTERY_DIVIDER = 3
CELL_EMPTY_MV = 3300
CELL_FULL_MV = 4200
CELL_MOHM = 200
PROCESSOR_MA = 30
STAGE_MA = 0
LAMP_UA = 1300
BEEPER_MA = 30
MOTOR_MA = 0

DUMMY_LOAD_OHM = 1000  # between the electrodes, where skin would be: a board that has one must never meet any
REST_OHM = 0  # nothing feeds the sink node in a rest

ELECTRODE_AREA_MM2 = 250

HAS_BOOST = False
HAS_WATCH = False
HAS_SHORT = False
HAS_POWER_LATCH = False
HAS_BATTERY = False
