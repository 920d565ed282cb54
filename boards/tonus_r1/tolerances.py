"""How far the parts of tonus_r1 may be off, for whoever draws a device: the simulator, and SPICE's Monte Carlo.

Data only, by the names of stage.cir's parameters and in their units. parts.csv names the parts; limits are those of
their datasheets. The Pico's own figures and the cell's are every board's: tools/tonus_tools/world/parts.py.
"""

# (nominal, limit either way): makers give a limit, which counts as three deviations of a normal distribution.
NORMAL = {
    "dac_gain": (1.0, 0.02),  # MCP4821: gain 2 % of full scale with its own reference, at most
    "dac_offset": (0.0, 0.02048),  # V; MCP4821: 1 % of full scale at most, 0.02 % typical
    "dac_inl": (0.0, 0.006),  # V, bow at mid scale; MCP4821: 12 codes at most
    "op_offset": (0.0, 0.0005),  # V; MCP6022
    "rset": (4020.0, 4.02),  # Ohm, 0.1 %
    "drain_r": (2200.0, 22.0),
    "boost_v": (24.0, 1.2),  # V; 5 %: reference and divider of TPS61046 or LT3464
    "sink_top": (18e6, 0.18e6),
    "sink_bottom": (2e6, 0.02e6),
    "rest_r": (1.5e3, 15.0),
    "cancel_r": (7.5e6, 0.375e6),
    "ref_v": (2.5, 0.025),  # V; LM4040, grade D
    "rwatch": (33.0, 0.33),
    "ina_gain": (50.0, 0.15),  # V/V; INA190A2: 0.3 %
    "ina_offset": (0.0, 15e-6),  # V
    "wdc_r": (1e6, 10e3),
    "wdc_leak": (10e6, 0.1e6),
    "wdc_c": (680e-9, 34e-9),
    "wdc_offset": (0.0, 10e-6),  # V; OPA2333
}

# (least, most): of these makers say little, and anything between is as likely.
EVEN = {
    "op_gbw": (7e6, 13e6),  # Hz; MCP6022: 10 MHz typical
    "op_slew": (5e6, 9e6),  # V/s; 7 typical
    "fet_vth": (0.6, 1.1),  # V; NX3008NBK
    "sw_on1": (9.0, 25.0),  # Ohm; ADG436: 12 typical, 25 at most
    "sw_on2": (9.0, 25.0),
    "sw_q1": (0.0, 20e-12),  # C; ADG436: 10 typical
    "sw_q2": (0.0, 20e-12),
    "sw_cd": (25e-12, 50e-12),  # F; 35 typical
    "stray": (4e-12, 16e-12),  # F, of traces
    "sw_off": (24 / 5e-9, 24 / 0.1e-9),  # Ohm; 0.1 nA typical, 5 at most
}

# What the Monte Carlo leaves alone: the rail's divider, the leads, the self-test's short, all 1 % resistors.
OFF_STAGE = {
    "rail_top": (1.8e6, 18e3),
    "rail_bottom": (200e3, 2e3),
    "leads_r": (2656.0, 11.0),  # Ohm; four of 499 and two of 330 in the leads, 1 % each, added up as chance adds
    "short_r": (10e3, 100.0),
}

# Of EVEN, where the middle is not what is typical; and what of it makes SWITCHES_OHM, and the charge that strays carry.
TYPICAL = {"sw_on1": 12.0, "sw_on2": 12.0, "rwatch": 33.0, "leads_r": 2656.0, "sw_cd": 35e-12, "stray": 8e-12}
SERIES = ("sw_on1", "sw_on2", "rwatch", "leads_r")
STRAYS = ("sw_cd", "stray")
