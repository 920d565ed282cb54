"""In which holes the parts of pico_bench sit, on two breadboards of 830 holes. The wires between come from circuit.py.

Data only. `1B20` is the strip of holes a..e of column 20 on breadboard 1, `1T20` that of f..j; `2t-` a rail: board 2,
top, minus; `2t-57` the same, near column 57. Seen with the Pico's USB socket on the left.
"""

# ref: (board, first column, pins on either side, rows of the pins): pin 1 is below on the left, the notch on the left.
CHIPS = {
    "A1": (1, 1, 20, "ch"),
    "U1": (2, 4, 4, "ef"),
    "U2": (2, 15, 4, "ef"),
    "U3": (2, 35, 8, "ef"),
}

# ref: where its legs are, in the order of its symbol's pins.
LEGS = {
    # Pulls of the DAC's select and latch, beside it.
    "R14": "2b+ 2B5",
    "R13": "2t+ 2T7",
    "C1": "2t+ 2t-",
    "R1": "2T4 2t-",
    # Sink: op-amp, FET, Rset.
    "C2": "2T15 2t-",
    "Q1": "2B22 2B23 2B24",
    "R2": "2B15 2B23",
    "R3": "2B22 2B27",
    "R4": "2B27 2b-",
    "R6": "2B16 2B11",
    # Sink divider and follower.
    "R7": "2T24 2T18",
    "R8": "2T18 2t-",
    "R9": "2T16 2T12",
    # Switch and load.
    "C3": "2t+ 2t-",
    "R11": "2T40 2t-",
    "R12": "2T41 2t-",
    "R5": "2T46 2T50",
    # Rail divider, cable.
    "R15": "2t+51 2T54",
    "R16": "2T54 2t-57",
    "R17": "2B54 2b-57",
    "J1": "2B54 2b+51",
    # Lamps: the bar on the lower half of breadboard 1, modes and keep-alive on the upper; buttons across its middle.
    "R21": "1B23 1B26", "D1": "1b-25 1B26",
    "R22": "1B27 1B30", "D2": "1b-29 1B30",
    "R23": "1B31 1B34", "D3": "1b-33 1B34",
    "R24": "1B35 1B38", "D4": "1b-37 1B38",
    "R25": "1B39 1B42", "D5": "1b-41 1B42",
    "R26": "1T23 1T26", "D6": "1t-25 1T26",
    "R27": "1T27 1T30", "D7": "1t-29 1T30",
    "R28": "1T31 1T34", "D8": "1t-33 1T34",
    "R29": "1T35 1T38", "D9": "1t-37 1T38",
    "R30": "1T39 1T42", "D10": "1t-41 1T42",
    "SW1": "1T45 1B47",
    "SW2": "1T49 1B51",
    "SW3": "1T53 1B55",
    "SW4": "1T57 1B59",
    "R31": "1B60 1B63", "BZ1": "1B63 1b-61",
}  # fmt: skip

# (step of the wiring, what it is, nets that are wired in it): what is in no other is in the last.
STEPS = (
    ("supply", "GND 3V3 VBUS"),
    ("DAC", "DAC_CS DAC_SCK DAC_MOSI LDAC DAC"),
    ("sink", "OPOUT GATE SRC RSET SINK"),
    ("switch", "EL_A EL_B ELECTRODE1 ELECTRODE2"),
    ("sense", "CURRENT_SENSE SINK_DIV SINK_HALF SINK_SENSE RAIL_SENSE"),
    ("cable and fault", "VBUS_SENSE STAGE_FAULT_N STAGE_ALIVE"),
    ("panel", ""),
)
