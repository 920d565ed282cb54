"""pico_bench, every part and every wire. What is made from it: tools/tonus_tools/board/README.md, `make board`.

One line a part: reference, kind (tools/tonus_tools/board/catalogue.py), nets in the order of its symbol's pins
(symbols.py; `-` is left open), why, and its value. breadboard.py says in which holes they sit.
"""

# The states of the supplies: the Pico's cable in, and out.
STATES = ("run", "off")


def describe(board):
    """All of it, from the cable to the load."""
    board.net("GND", run=(0, 0), off=(0, 0))
    board.net("VBUS", run=(4.4, 5.5), off=(0, 0))
    board.net("3V3", run=(3.1, 3.5), off=(0, 0))
    _processor(board)
    _stage(board)
    _sense(board)
    _panel(board)


def _processor(board):
    board.block("Processor and pulls")
    fit = board.fit
    fit(
        "A1",
        "Pico with headers",
        "MODE_1 MODE_2 GND EL_A EL_B LDAC STAGE_ALIVE GND LEVEL_1 LEVEL_2 LEVEL_3 LEVEL_4 GND LEVEL_5 MODE_3 BEEPER "
        "MODE_4 GND VBUS_SENSE MINUS - DAC_CS GND DAC_SCK DAC_MOSI MODE PLUS GND STAGE_FAULT_N - CURRENT_SENSE "
        "SINK_SENSE GND RAIL_SENSE - 3V3 - GND - VBUS",
        "any Pico; its grounds are joined inside",
    )
    fit("R11", "R leaded 1 %", "EL_A GND", "electrode 1 on the sink in reset", "10 kOhm")
    fit("R12", "R leaded 1 %", "EL_B GND", "electrode 2 on the sink in reset", "10 kOhm")
    fit("R13", "R leaded 1 %", "3V3 LDAC", "the DAC's output cannot change in reset", "10 kOhm")
    fit("R14", "R leaded 1 %", "3V3 DAC_CS", "the DAC ignores the bus in reset", "10 kOhm")


def _stage(board):
    board.block("Sink and switch")
    fit = board.fit
    fit("U1", "MCP4821 DIP", "3V3 DAC_CS DAC_SCK DAC_MOSI LDAC 3V3 GND DAC", "set-point; its own 2.048 V")
    fit("C1", "C leaded", "3V3 GND", "U1's supply", "100 nF")
    fit("R1", "R leaded 1 %", "DAC GND", "0 uA while the DAC is shut down", "100 kOhm")
    fit("U2", "MCP6002", "OPOUT SRC DAC GND SINK_DIV SINK_HALF SINK_HALF VBUS", "sink, and follower of the sink node")
    fit("C2", "C leaded", "VBUS GND", "U2's supply", "100 nF")
    fit("R2", "R leaded 1 %", "OPOUT GATE", "gate", "100 Ohm")
    fit("Q1", "2N7000", "SRC GATE SINK", "the sink's FET: source, gate, drain, its flat side towards you")
    fit("R3", "R leaded 1 %", "SRC RSET", "Rset, with R4: 4.02 kOhm", "3.9 kOhm")
    fit("R4", "R leaded 1 %", "RSET GND", "Rset, with R3", "120 Ohm")
    fit(
        "U3",
        "74HC4053",
        "3V3 SINK - - - GND GND GND GND EL_B EL_A SINK 3V3 ELECTRODE1 ELECTRODE2 3V3",
        "each electrode on the sink node (its line low) or on the rail (high)",
    )
    fit("C3", "C leaded", "3V3 GND", "U3's supply", "100 nF")
    fit("R5", "R leaded 1 %", "ELECTRODE1 ELECTRODE2", "the dummy load: never skin", "1 kOhm")


def _sense(board):
    board.block("Sense")
    fit = board.fit
    fit(
        "R6",
        "R leaded 1 %",
        "SRC CURRENT_SENSE",
        "keeps the op-amp's 5 V out of the Pico, whatever is wrong",
        "10 kOhm",
    )
    fit("R7", "R leaded 1 %", "SINK SINK_DIV", "1:2, of the sink node", "1 MOhm")
    fit("R8", "R leaded 1 %", "SINK_DIV GND", "1:2", "1 MOhm")
    fit("R9", "R leaded 1 %", "SINK_HALF SINK_SENSE", "keeps the op-amp's 5 V out of the Pico", "1 kOhm")
    fit("R15", "R leaded 1 %", "3V3 RAIL_SENSE", "1:2, of the rail", "10 kOhm")
    fit("R16", "R leaded 1 %", "RAIL_SENSE GND", "1:2", "10 kOhm")
    fit("R17", "R leaded 1 %", "VBUS_SENSE GND", "no cable, when the jumper is open", "100 kOhm")
    fit("J1", "jumper", "VBUS_SENSE 3V3", "plays the cable")


def _panel(board):
    board.block("Panel")
    fit = board.fit
    lamps = ["LEVEL_1", "LEVEL_2", "LEVEL_3", "LEVEL_4", "LEVEL_5", "MODE_1", "MODE_2", "MODE_3", "MODE_4"]
    for i, role in enumerate([*lamps, "STAGE_ALIVE"]):
        fit(f"R{21 + i}", "R leaded 1 %", f"{role} {role}_A", "1.3 mA", "1 kOhm")
        fit(f"D{1 + i}", "LED 3 mm", f"GND {role}_A", role)
    for i, role in enumerate(("MODE", "PLUS", "MINUS", "STAGE_FAULT_N")):
        fit(f"SW{1 + i}", "button", f"{role} GND", role)
    fit("R31", "R leaded 1 %", "BEEPER BEEPER_A", "the disc is a capacitor", "100 Ohm")
    fit("BZ1", "piezo", "BEEPER_A GND", "beeper")
