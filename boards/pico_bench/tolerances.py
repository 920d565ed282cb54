"""How far the parts of pico_bench may be off, for whoever draws a device: the simulator.

Data only; the names are those of tonus_r1's. Limits are those of the parts' datasheets, see README.md.
"""

# (nominal, limit either way): makers give a limit, which counts as three deviations of a normal distribution.
NORMAL = {
    "dac_gain": (1.0, 0.02),  # MCP4821: gain 2 % of full scale with its own reference, at most
    "dac_offset": (0.0, 0.02048),  # V; 1 % of full scale at most
    "dac_inl": (0.0, 0.006),  # V, bow at mid scale; 12 codes at most
    "op_offset": (0.0, 0.0045),  # V; MCP6002
    "rset": (4020.0, 40.2),  # Ohm; a 1 % part will do here
    "boost_v": (3.3, 0.099),  # V; the Pico's 3V3
    "sink_top": (1e6, 10e3),
    "sink_bottom": (1e6, 10e3),
}

# (least, most): of these makers say little, and anything between is as likely.
EVEN = {
    "sw_on1": (60.0, 200.0),  # Ohm; one switch of a 74HC4053 at 3.3 V
    "sw_on2": (60.0, 200.0),
    "sw_cd": (25e-12, 50e-12),  # F
    "stray": (4e-12, 30e-12),  # F, of a breadboard
}

OFF_STAGE = {
    "rail_top": (10e3, 100.0),
    "rail_bottom": (10e3, 100.0),
    "short_r": (1e3, 10.0),
}

# Of EVEN, where the middle is not what is typical; and what of it makes SWITCHES_OHM, and the charge that strays carry.
TYPICAL = {"sw_on1": 80.0, "sw_on2": 80.0, "sw_cd": 35e-12, "stray": 8e-12}
SERIES = ("sw_on1", "sw_on2")
STRAYS = ("sw_cd", "stray")
