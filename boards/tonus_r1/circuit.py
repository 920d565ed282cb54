"""tonus_r1, every part and every wire. What is made from it: tools/tonus_tools/board/README.md, `make board`.

One line a part: reference, kind (tools/tonus_tools/board/catalogue.py), nets in the order of its symbol's pins
(symbols.py; `-` is left open), why, and its value. `spice` names the parameter of stage.cir that has the value.
"""

# The states of the supplies: treating or waiting; plugged in; off with a cell; plugged in without a cell.
STATES = ("run", "usb", "off", "bare")


def describe(board):
    """All of it, from the cable to the skin."""
    _nets(board)
    _power(board)
    _latch(board)
    _processor(board)
    _panel(board)
    _sink(board)
    _polarity(board)
    _electrodes(board)
    _rail(board)
    _watch(board)
    _trip(board)


def _nets(board):
    """What a net that is driven from outside may have, V, in each state. Everything else follows from the parts."""
    net = board.net
    net("GND", run=(0, 0), usb=(0, 0), off=(0, 0), bare=(0, 0))
    net("VBUS", run=(0, 0), usb=(4.4, 5.5), off=(0, 0), bare=(4.4, 5.5))
    net("CELL+", run=(2.5, 4.3), usb=(2.5, 4.3), off=(0, 4.3), bare=(0, 4.3))
    net("CELL-", run=(0, 0), usb=(0, 0), off=(0, 0), bare=(0, 0))
    net("BATT", run=(2.5, 4.3), usb=(2.5, 4.3), off=(0, 4.3), bare=(0, 4.3))
    net("VSYS", run=(1.9, 4.3), usb=(3.9, 5.5), off=(0, 0), bare=(3.9, 5.5))
    net("3V3", run=(3.1, 3.5), usb=(3.1, 3.5), off=(0, 0), bare=(3.1, 3.5))
    # 29.2 V: what the faults of tools/tonus_tools/spice take for the converter's own limit; ours ends at 28.7.
    net("RAIL", run=(0, 29.2), usb=(0, 29.2), off=(0, 0), bare=(0, 29.2))
    board.opens("off", "Q10")
    board.feed("DW_VCC", "BOOST_IN")
    net("REF", run=(2.4, 2.6), usb=(2.4, 2.6), off=(0, 0), bare=(2.4, 2.6))


def _power(board):
    board.block("Cell and charger")
    fit = board.fit
    fit("J2", "cell", "CELL+ NTC CELL-", "cell with a thermistor of 10 kOhm, keyed: it goes in one way")
    fit("F1", "fuse", "CELL+ PACK", "a short on the board: 0.5 A for ever, 1 A for a moment")
    fit("Q20", "AO3401A", "REVERSE BATT PACK", "cell the wrong way round: off, its diode against the current")
    fit("R72", "R 1 %", "REVERSE CELL-", "gate of Q20", "10 kOhm")
    fit("U21", "DW01A", "CELL_OD CELL_CS CELL_OC DW_VCC CELL-", "ends charging above 4.3 V, discharging below 2.4 V")
    fit("R73", "R 1 %", "BATT DW_VCC", "with C22 keeps ripple from U21", "100 Ohm")
    fit("C22", "C X7R 50 V", "DW_VCC CELL-", "with R73", "100 nF")
    fit("R74", "R 1 %", "CELL_CS GND", "U21 sees a short by what Q21 drops", "1 kOhm")
    fit("Q21", "FS8205A", "CELL- FS_D GND CELL_OC FS_D CELL_OD", "U21's two switches, in the cell's minus")
    fit(
        "U20",
        "MCP73833",
        "VBUS VBUS CHARGE_N - GND PROG - NTC BATT BATT",
        "the only way into the cell; waits outside 0..45 C, or with the thermistor open or shorted; gives up after 6 h",
    )
    fit(
        "R70",
        "R 1 %",
        "PROG GND",
        "200 mA: 0.4 of the cell's 500 mAh, full in 3 h; a dead cell gets 20 mA",
        "4.99 kOhm",
    )
    fit("C20", "C X5R 16 V", "VBUS GND", "charger's input", "4.7 uF")
    fit("C21", "C X5R 16 V", "BATT GND", "charger's output, stable without a cell", "4.7 uF")
    fit("R71", "R 1 %", "VBUS CHARGE_A", "3 mA for the charging light", "1 kOhm")
    fit("D20", "LED amber", "CHARGE_N CHARGE_A", "charging")


def _latch(board):
    board.block("Soft latch")
    fit = board.fit
    fit("Q10", "AO3401A", "LATCH_G BATT LATCHED", "cell to the board; its diode points at the cell, so D21 follows")
    fit("D21", "PMEG6010ELR", "VSYS LATCHED", "nothing of VBUS or VSYS gets into the cell: 0.3 uA at 25 C, 10 at 60")
    fit("R75", "R 1 %", "BATT LATCH_G", "off when nothing pulls", "100 kOhm")
    fit("D22", "BAT54C", "LATCH_G MODE BUTTON", "MODE switches on, and the Pico sees it")
    fit("SW1", "button", "BUTTON GND", "MODE")
    fit("Q11", "BSS138", "HELD GND LATCH_G", "holds Q10 on")
    fit("D23", "BAT54", "POWER_HOLD HELD", "the hold outlasts a reset")
    fit("C23", "C X7R 50 V 1206", "HELD GND", "with R76 0.5 s", "1 uF")
    fit("R76", "R 1 %", "HELD GND", "with C23", "470 kOhm")
    fit("R77", "R 1 %", "POWER_HOLD GND", "lets go in reset", "100 kOhm")
    fit("C24", "C X5R 16 V", "VSYS GND", "what the boost and the motor draw at once", "10 uF")


def _processor(board):
    board.block("Processor and pulls")
    fit = board.fit
    fit(
        "A1",
        "Pico",
        "MODE_1 MODE_2 GND EL_A EL_B LDAC STAGE_ALIVE GND LEVEL_1 LEVEL_2 LEVEL_3 LEVEL_4 GND LEVEL_5 MODE_3 BEEPER "
        "MODE_4 GND HAPTIC MINUS POWER_HOLD DAC_CS GND DAC_SCK DAC_MOSI MODE PLUS GND STAGE_FAULT_N - CURRENT_SENSE "
        "SINK_SENSE GND RAIL_SENSE - 3V3 - GND VSYS VBUS",
        "not a Pico W: its radio uses GPIO 24, 25 and 29",
    )
    fit("R95", "R 1 %", "EL_A GND", "dead in reset", "10 kOhm")
    fit("R96", "R 1 %", "EL_B GND", "dead in reset", "10 kOhm")
    fit("R97", "R 1 %", "3V3 LDAC", "the DAC's output cannot change in reset", "10 kOhm")
    fit("R98", "R 1 %", "3V3 DAC_CS", "the DAC ignores the bus in reset", "10 kOhm")
    fit("R25", "R 1 %", "STAGE_ALIVE GND", "no rail in reset", "10 kOhm")
    fit("C25", "C X5R 16 V", "3V3 GND", "relay, lights", "10 uF")
    for ref, net in (("TP1", "GND"), ("TP2", "VSYS"), ("TP3", "3V3"), ("TP4", "RAIL"), ("TP5", "REF"), ("TP6", "KEEP")):
        fit(ref, "test point", net, "bring-up: BRINGUP.md has its value")
    for ref, net in (("TP7", "TRIP"), ("TP8", "SINK"), ("TP9", "INA"), ("TP10", "BATT")):
        fit(ref, "test point", net, "bring-up: BRINGUP.md has its value")


def _panel(board):
    board.block("Panel")
    fit = board.fit
    lamps = ["LEVEL_1", "LEVEL_2", "LEVEL_3", "LEVEL_4", "LEVEL_5", "MODE_1", "MODE_2", "MODE_3", "MODE_4"]
    for i, role in enumerate(lamps):
        fit(f"R{81 + i}", "R 1 %", f"{role} {role}_A", "1.3 mA", "1 kOhm")
        fit(f"D{31 + i}", "LED", f"GND {role}_A", role)
    fit("SW2", "button", "PLUS GND", "PLUS")
    fit("SW3", "button", "MINUS GND", "MINUS")
    fit("R90", "R 1 %", "BEEPER BEEPER_B", "2.6 mA into Q12", "1 kOhm")
    fit("R91", "R 1 %", "BEEPER GND", "silent in reset", "100 kOhm")
    fit("Q12", "BC847", "BEEPER_B GND BEEPER_C", "beeper")
    fit("BZ1", "beeper", "3V3 BEEPER_C", "magnetic or piezo")
    fit("D42", "1N4148W", "3V3 BEEPER_C", "a magnetic beeper's kick")
    fit("R92", "R 1 %", "HAPTIC GND", "still in reset", "100 kOhm")
    fit("R93", "R 1 %", "HAPTIC HAPTIC_G", "gate of Q13", "100 Ohm")
    fit("Q13", "BSS138", "HAPTIC_G GND MOTOR_N", "motor")
    fit("J3", "motor", "3V3 MOTOR_N", "motor")
    fit("D41", "1N4148W", "3V3 MOTOR_N", "the motor's kick")


def _sink(board):
    board.block("Current sink and sensing")
    fit = board.fit
    fit(
        "U1",
        "MCP4821",
        "3V3 DAC_CS DAC_SCK DAC_MOSI LDAC 3V3 GND DAC",
        "12 bit with its own 2.048 V and LDAC; calibration takes out what its limits allow",
    )
    fit("C41", "C X7R 50 V", "3V3 GND", "U1's supply", "100 nF")
    fit("R1", "R 5 %", "DAC GND", "0 uA while the DAC is shut down", "100 kOhm")
    fit(
        "U2",
        "MCP6022",
        "OPOUT FB DAC GND SINK_DIV SINK_SENSE SINK_SENSE 3V3",
        "rail to rail at 3.3 V, pA input: sink, and sink follower",
    )
    fit("C42", "C X7R 50 V", "3V3 GND", "U2's supply", "100 nF")
    fit("R2", "R 5 %", "OPOUT GATE", "gate, and what the trip's pull-down of the gate works against", "100 Ohm")
    fit("Q1", "NX3008NBK", "GATE SRC DRAIN", "low threshold: the op-amp has 3.3 V")
    fit("Q5", "NX3008NBK", "TRIP GND GATE", "the trip's second way: gate to ground")
    fit(
        "R3",
        "R 1 %",
        "SINK DRAIN",
        "bounds what a shorted Q1 or R4 passes, with the leads, for 0.9 V of compliance at 400 uA",
        "2.2 kOhm",
        "drain_r",
    )
    fit(
        "R4",
        "R 0.1 %",
        "SRC GND",
        "Rset: with the DAC it is the hardware ceiling and the measure of all current",
        "4.02 kOhm",
        "rset",
    )
    fit("R5", "R 1 %", "SRC FB", "keeps a fault's 20 V out of U2; with C1 the loop settles in 10 us", "10 kOhm", "fb_r")
    fit("C1", "C C0G 50 V", "OPOUT FB", "stability, with R5", "100 pF")
    fit("R15", "R 5 %", "REF FB", "1.2 uA less in Rset, the 1.2 uA of the sink divider", "7.5 MOhm", "cancel_r")
    fit("R6", "R 1 %", "SRC CURRENT_SENSE", "keeps a fault's 20 V out of the Pico: 1.6 mA at most", "10 kOhm")
    fit("C2", "C C0G 50 V", "CURRENT_SENSE GND", "1 us; a larger one would take charge from each phase", "100 pF")
    fit("TP11", "test point", "SRC", "TP_RSET: 4.02 mV per uA, against TP1")
    fit("R7", "R 1 %", "SINK SINK_DIV", "1.2 uA at most from the electrodes", "18 MOhm", "sink_top")
    fit("R8", "R 1 %", "SINK_DIV GND", "1:10", "2 MOhm", "sink_bottom")
    fit("R9", "R 1 %", "RAIL RAIL_SENSE", "rail divider, 1:10", "1.8 MOhm", "rail_top")
    fit("R9b", "R 1 %", "RAIL_SENSE GND", "rail divider", "200 kOhm", "rail_bottom")
    fit("C9", "C X7R 50 V", "RAIL_SENSE GND", "0.8 ms: the converter's ripple", "4.7 nF")


def _polarity(board):
    board.block("Polarity")
    fit = board.fit
    fit(
        "U4",
        "74HC139",
        "TRIP EL_A EL_B Y0_N Y1_N Y2_N Y3_N GND TEST_WATCH_N - TEST_TRIP_N - Y3_N Y0_N LDAC 3V3",
        "both positions at once cannot exist; TRIP disables it; its second half: a line high with LDAC low is a test",
    )
    fit("C44", "C X7R 50 V", "3V3 GND", "U4's supply", "100 nF")
    fit(
        "U3",
        "ADG436",
        "IN1 SINK SWITCH1 RAIL GND GND IN2 SINK SWITCH2 RAIL RAIL",
        "44 V, two SPDT, breaks before it makes: high the sink, low the rail; 10 pC and 35 pF",
    )
    fit("C43", "C X7R 50 V", "RAIL GND", "U3's supply", "100 nF")
    fit(
        "U15",
        "74LVC2G08",
        "Y1_N BOOST_EN SWITCH2_IN GND Y2_N BOOST_EN SWITCH1_IN 3V3",
        "with the boost off U3's inputs are low: idle high they would feed its empty supply",
    )
    fit("C52", "C X7R 50 V", "3V3 GND", "U15's supply", "100 nF")
    fit("R16", "R 1 %", "SWITCH1_IN IN1", "while the rail rises: 2.6 mA into U3's clamp", "1 kOhm", "in_r")
    fit("R17", "R 1 %", "SWITCH2_IN IN2", "the same", "1 kOhm")
    fit("Q3", "BSS84", "TEST_G RAIL SHORT1", "closes R10 on the rail's side")
    fit("R18", "R 1 %", "RAIL TEST_G", "off when nothing pulls", "100 kOhm")
    fit("R19", "R 1 %", "TEST_G TEST_D", "half the rail at the gate of Q3", "100 kOhm")
    fit("Q14", "NX3008NBK", "3V3 Y3_N TEST_D", "pulls Q3 on")
    fit("R10", "R 1 %", "SHORT1 SINK", "self-test: a known load without skin", "10 kOhm", "short_r")
    fit(
        "U5", "74LVC2G04", "TEST_WATCH_N GND BOOST_EN BLEED 3V3 TEST_WATCH", "the test's line, and the bleeder's for Q2"
    )
    fit("C45", "C X7R 50 V", "3V3 GND", "U5's supply", "100 nF")
    fit("Q15", "NX3008NBK", "3V3 Y0_N REST_D", "pulls Q4 on in a rest")
    fit(
        "R63",
        "R 1 %",
        "RAIL REST_G",
        "Q4 lets go in 0.3 us: until then it takes from the phase",
        "6.8 kOhm",
        "rest_off",
    )
    fit("R64", "R 1 %", "REST_G REST_D", "3.6 V at the gate of Q4, for 0.5 mA in rests", "39 kOhm")
    fit("Q4", "BSS84", "REST_G RAIL REST1", "with R11")
    fit(
        "R11",
        "R 1 %",
        "SINK REST1",
        "in a rest the set current flows here: sink node and person stay where a phase begins, near the rail",
        "1.5 kOhm",
        "rest_r",
    )


def _electrodes(board):
    board.block("Electrodes")
    fit = board.fit
    fit("R53", "R 1 %", "SWITCH1 GUARD1", "what a touch leaves at the clamps, kept out of U3", "330 Ohm", "guard_r")
    fit("R54", "R 1 %", "SWITCH2 GUARD2", "the same", "330 Ohm")
    fit("D1", "BAV199", "GND RAIL GUARD1", "touch discharges into the rail's 1 uF and ground, 2 pF, 5 nA")
    fit("D2", "BAV199", "GND RAIL GUARD2", "the same")
    fit(
        "R33",
        "R 1 %",
        "GUARD1 WATCHED",
        "shunt of the electrode watch: all that flows through the skin; on the skin's side of all clamps",
        "33 Ohm",
        "rwatch",
    )
    fit("D5", "BAV199", "WATCHED WATCHED GUARD1", "a touch goes past R33: no more than 6 V between U6's inputs")
    fit("R51", "R MELF", "WATCHED LEAD1A", "a touch of 15 kV is 11 A at most, with R57", "499 Ohm", "lead_r")
    fit("R57", "R MELF", "LEAD1A LEAD1", "two, for 11 kV between their four caps", "499 Ohm")
    fit("R52", "R MELF", "GUARD2 LEAD2A", "as R51", "499 Ohm")
    fit("R58", "R MELF", "LEAD2A LEAD2", "as R57", "499 Ohm")
    fit(
        "K1",
        "G6K-2F",
        "3V3 LOOP1 LEAD1 SKIN1 SKIN2 LEAD2 LOOP2 RELAY_N",
        "electrodes off the board unless KEEP and no VBUS: 1 pF a contact, whatever the charger leaks",
    )
    fit("D7", "zener 5.1 V 2 %", "LOOP2 LOOP1", "the loop of an open relay: no skin is so unlike both ways")
    fit("D6", "1N4148W", "3V3 RELAY_N", "the coil's kick")
    fit("Q6", "NX3008NBK", "RELAY GND RELAY_N", "36 mA")
    fit("R60", "R 1 %", "KEEP RELAY", "KEEP closes the relay", "10 kOhm")
    fit("Q7", "NX3008NBK", "CABLE GND RELAY", "VBUS opens it, whatever KEEP is")
    fit("Q16", "NX3008NBK", "TEST_WATCH GND RELAY", "the test of the watch opens it: no skin is in the way then")
    fit("R61", "R 1 %", "VBUS CABLE", "2.5 V at Q7 from 5 V", "100 kOhm")
    fit("R62", "R 1 %", "CABLE GND", "0 V without a cable", "100 kOhm")
    fit("J4", "electrode", "SKIN1", "electrode 1")
    fit("J5", "electrode", "SKIN2", "electrode 2")


def _rail(board):
    board.block("Rail and keep-alive")
    fit = board.fit
    fit("Q8", "AO3401A", "BOOST_G VSYS BOOST_IN", "a boost converter passes its input when off: this does not")
    fit("R22", "R 1 %", "VSYS BOOST_G", "off when nothing pulls", "100 kOhm")
    fit("Q9", "NX3008NBK", "BOOST_EN GND BOOST_G", "pulls Q8 on")
    fit("C15", "C X7R 50 V 1206", "BOOST_IN GND", "input of U10; small: it empties into the bleeder too", "1 uF")
    fit("L1", "L", "BOOST_IN BOOST_SW", "0.4 A before it saturates", "10 uH")
    fit("U10", "TPS61040", "BOOST_SW GND BOOST_FB BOOST_IN BOOST_IN", "24 V at 10 mA, 0.4 A limit; Q8 enables it")
    fit("D11", "MBR0540", "RAIL BOOST_SW", "boost")
    fit("R20", "R 1 %", "RAIL BOOST_FB", "23.9 V, with R21 and 1.233 V", "2.21 MOhm")
    fit("R21", "R 1 %", "BOOST_FB GND", "with R20", "120 kOhm")
    fit("C14", "C C0G 50 V", "RAIL BOOST_FB", "less ripple", "22 pF")
    fit("D12", "zener 27 V 2 %", "BOOST_FB RAIL", "28.7 V at most if R20 opens")
    fit("D13", "SMAJ30A", "RAIL GND", "touch after touch: the rail stays below 44 V")
    fit("C7", "C X7R 50 V 1206", "RAIL GND", "small: little energy, fast fall", "1 uF", "rail_c")
    fit("R13", "R pulse", "RAIL BLEEDER", "with Q2: the rail down in 3 ms", "470 Ohm", "bleed_r")
    fit("Q2", "NX3008NBK", "BLEED GND BLEEDER", "bleeder, on whenever the boost is off")
    fit(
        "U14",
        "74LVC1G08",
        "KEEP STAGE_FAULT_N GND BOOST_EN 3V3",
        "the trip's third way: boost only while KEEP, not tripped",
    )
    fit("C46", "C X7R 50 V", "3V3 GND", "U14's supply", "100 nF")
    fit("R23", "R 1 %", "BOOST_EN GND", "off without 3V3", "100 kOhm")
    fit("C5", "C X7R 50 V", "STAGE_ALIVE PUMP0", "pump", "100 nF")
    fit("D3", "BAT54S", "GND PUMP PUMP0", "pump")
    fit("C6", "C X7R 50 V", "PUMP GND", "holds", "100 nF", "pump_c")
    fit("R12", "R 1 %", "PUMP GND", "6 to 15 ms of hold: with STAGE_ALIVE left high C5 holds too", "82 kOhm", "pump_r")
    fit("R26", "R 1 %", "PUMP KEEP_IN", "hysteresis: 1.34 V up, 1.10 V down, a definite end", "200 kOhm")
    fit("R27", "R 1 %", "KEEP KEEP_IN", "with R26", "2.67 MOhm")
    fit("R28", "R 1 %", "REF HALF", "1.25 V for the keep-alive", "10 kOhm")
    fit("R29", "R 1 %", "HALF GND", "with R28", "10 kOhm")


def _watch(board):
    board.block("Electrode watch")
    fit = board.fit
    fit("U6", "INA190A2", "W_MID GND 3V3 WATCH+ WATCH- INA", "40 V common mode, both directions, 0.5 nA")
    fit("C47", "C X7R 50 V", "3V3 GND", "U6's supply", "100 nF")
    fit("R55", "R 1 %", "GUARD1 WATCH+", "what a touch leaves, kept out of U6; 0.2 % of its gain", "2.49 kOhm")
    fit("R56", "R 1 %", "WATCHED WATCH-", "the same", "2.49 kOhm")
    fit("R34", "R 1 %", "INA WFAST", "with C34 0.1 ms: skin that discharges itself does not trip it", "10 kOhm")
    fit("C34", "C C0G 50 V", "WFAST GND", "with R34", "10 nF")
    fit(
        "R35",
        "R 1 %",
        "INA WSUM",
        "with C35: 62 uC in one direction, 51 at least with the parts: firmware's account ends at 50",
        "1 MOhm",
        "wdc_r",
    )
    fit("C35", "C film 63 V", "WSUM WDC", "with R35; film does not leak", "680 nF", "wdc_c")
    fit("R36", "R 1 %", "WSUM WDC", "forgets in 6.8 s; 9 uA for ever trip", "10 MOhm", "wdc_leak")
    fit("U7", "OPA2333", "WDC WSUM W_MID GND W_CHAIN W_MID W_MID 3V3", "integrator, and the 1.25 V it works around")
    fit("C48", "C X7R 50 V", "3V3 GND", "U7's supply", "100 nF")
    fit(
        "U8",
        "TLV9024",
        "TRIP_N TRIP_N 3V3 WFAST W_HIGH W_LOW WFAST WDC W_DC_HIGH W_DC_LOW WDC GND TRIP_N TRIP_N",
        "four thresholds, one wire",
    )
    fit("C49", "C X7R 50 V", "3V3 GND", "U8's supply", "100 nF")
    fit("R37a", "R 1 %", "REF W_HIGH", "chain of thresholds from 2.5 V", "3.01 kOhm")
    fit("R37b", "R 1 %", "W_HIGH W_TOP", "the same", "3.57 kOhm")
    fit("R37c", "R 1 %", "W_TOP W_DC_HIGH", "the same", "4.53 kOhm")
    fit("R37d", "R 1 %", "W_DC_HIGH W_CHAIN", "the same", "1.5 kOhm")
    fit("R37e", "R 1 %", "W_CHAIN W_DC_LOW", "the same", "1.5 kOhm")
    fit("R37f", "R 1 %", "W_DC_LOW W_BOTTOM", "the same", "4.53 kOhm")
    fit("R37g", "R 1 %", "W_BOTTOM W_LOW", "the same", "3.57 kOhm")
    fit("R37h", "R 1 %", "W_LOW GND", "the same", "3.01 kOhm")
    fit("R45", "R 1 %", "W_TOP W_NEAR", "with Q17 lower thresholds, for the test: 436 uA and 9 uC", "1.1 kOhm")
    fit("Q17", "NX3008NBK", "W_LOWER W_BOTTOM W_NEAR", "closed by the test")
    fit("R49", "R 1 %", "TEST_WATCH W_LOWER", "with C36 1 ms: a quick edge at Q17 would trip", "100 kOhm")
    fit("C36", "C X7R 50 V", "W_LOWER GND", "with R49", "10 nF")
    fit("R46", "R 1 %", "WDC WSUM_RESET", "with Q18 empties C35 in 8 ms, for the test", "2.2 kOhm")
    fit("Q18", "NX3008NBK", "WSUM_EMPTY WSUM WSUM_RESET", "closed by the trip's test")
    fit("R50", "R 1 %", "TEST_TRIP WSUM_EMPTY", "an edge at Q18's gate is 115 pC: in 4 us, 2 mV at WDC", "100 kOhm")
    fit("Q19", "NX3008NBK", "TEST_TRIP_N GND TEST_TRIP", "turns the trip's test round")
    fit("R48", "R 1 %", "3V3 TEST_TRIP", "with Q19", "100 kOhm")


def _trip(board):
    board.block("Trip")
    fit = board.fit
    fit(
        "U11",
        "TLV3202",
        "TRIP_RSET_N TRIP_IN TRIP_REF GND KEEP_IN HALF KEEP 3V3",
        "trip at Rset, onto TRIP_N by a diode; keep-alive",
    )
    fit("C50", "C X7R 50 V", "3V3 GND", "U11's supply", "100 nF")
    fit(
        "R14",
        "R 1 %",
        "SRC TRIP_IN",
        "with C8 10 us; ten times smaller it would take 1.6 nC from each phase",
        "100 kOhm",
    )
    fit("C8", "C C0G 50 V", "TRIP_IN GND", "with R14", "100 pF")
    fit(
        "U13",
        "LM4040-2.5",
        "REF GND",
        "reference of the trip and of the watch; nothing of it is the DAC's",
        spice="ref_v",
    )
    fit("R44", "R 1 %", "3V3 REF", "0.6 mA at least: 0.5 for the dividers, 0.1 for U13", "1 kOhm")
    fit("R41", "R 1 %", "REF TRIP_REF", "2.412 V, with R42: 600 uA in R4", "3.65 kOhm")
    fit("R42", "R 1 %", "TRIP_REF GND", "with R41", "100 kOhm")
    fit("R47", "R 1 %", "TRIP_REF TRIP_LOWER", "with D8 1.21 V, for the test: 301 uA", "2.7 kOhm")
    fit("D8", "BAT54", "TRIP_LOWER TEST_TRIP_N", "closed by the trip's test")
    fit("D4", "BAT54", "TRIP_N TRIP_RSET_N", "U11 joins the open drains of U8")
    fit("R43", "R 1 %", "3V3 TRIP_N", "high when nothing trips", "10 kOhm")
    fit("U12", "74LVC1G74", "GND GND STAGE_FAULT_N GND TRIP KEEP TRIP_N 3V3", "holds until the keep-alive drops")
    fit("C51", "C X7R 50 V", "3V3 GND", "U12's supply", "100 nF")
