"""tonus_r1, the reference board: its pin table in roles and its analog constants. README.md has the wiring.

Data only. Nothing else in the project names a GPIO number; a second board is another folder with this file.
"""

NAME = "tonus_r1"

# Role -> GPIO. EL_A, EL_B and LDAC are consecutive: one PIO instruction writes all three.
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
    "BATTERY_SENSE": 29,
    "VBUS_SENSE": 24,
    "POWER_HOLD": 16,
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
    "HAPTIC": 14,
}
SPI = 0  # the SPI peripheral DAC_SCK and DAC_MOSI belong to
TEMPERATURE_CHANNEL = 4  # the RP2040's own sensor

# Current source.
DAC_BITS = 12
DAC_REFERENCE_MV = 2048  # MCP4821 internal reference, gain 1x
RSET_OHM = 4020  # 0.1 %: full scale 2.048 V / 4.02 kOhm = 509.5 uA, the hardware ceiling
FET_OHM = 2250  # on, with the resistor at its drain
# In series with the electrodes: two switches of 12 Ohm, the shunt of 33, four of 499 and two of 330 against touches.
SWITCHES_OHM = 2713
RAIL_MV = 24000  # boost output, nominal
RAIL_MIN_MV = 21600  # -10 %: below this the compliance promised below is not there
TRIP_UA = 600  # window comparator and latch

# Sensing. The RP2040's ADC reference is the Pico's 3.3 V rail.
ADC_REFERENCE_MV = 3300
SENSE_LESS_NA = 1190  # what flows through the electrodes and Rset does not see: sink divider and R15 (make spice)
RSET_LESS_NA = 860  # of which a voltmeter over Rset does not see this either: the rest is in its reading with none
DIVIDER = 10  # sink node and rail
BATTERY_DIVIDER = 3  # on the Pico, VSYS to GPIO29
# As BATTERY_SENSE sees it, behind D21: 0.35 V less than the cell has.
CELL_EMPTY_MV = 2950  # 0 %; Li-ion at rest, 3.3 V
CELL_FULL_MV = 3850  # 100 %
CELL_MOHM = 200  # of an ordinary cell; a tired one has 500
# What draws from it.
PROCESSOR_MA = 30
STAGE_MA = 46  # boost converter, electrode stage, what flows in rests, and the relay's coil
LAMP_UA = 1300  # each
BEEPER_MA = 30
MOTOR_MA = 80

# The self-test drives both switch lines high: the decoder then closes rail - 10 kOhm - sink, electrodes off the source.
SHORT_OHM = 10000
# In a rest the set current flows from the rail through this into the sink node, past the electrodes.
REST_OHM = 1500

ELECTRODE_AREA_MM2 = 250  # each sphere's contact patch, 18 mm diameter

# What this board has. A missing part is skipped by the self-test, and says so.
HAS_BOOST = True  # rail made by a converter that needs the keep-alive
HAS_WATCH = True  # the electrode watch, which trips the latch by the electrodes' own current
HAS_SHORT = True  # decoder with the built-in short
HAS_POWER_LATCH = True
HAS_BATTERY = True
