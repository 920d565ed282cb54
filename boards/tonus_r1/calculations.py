"""What tonus_r1's values are for, worked out anew from the circuit: each with the range in which the board is right.

Every calculation starts from the pins of the part that it is about, so that a wire at the wrong place is as wrong as a
wrong value. `calculate` gives (what, how, unit, least, most, value) in the order of the README.
"""

INFINITE = float("inf")


def calculate(board):
    """All of it. board: tonus_tools.board.describe.Board."""
    found = []

    def add(what, how, unit, least, most, value):
        found.append((what, how, unit, least, most, value))

    def ohm(a, b):
        return board.ohm(a, b)

    at, farad = board.at, board.farad
    gnd = "GND"
    src = at("Q1", "S")
    rset = ohm(src, gnd)
    ref = at("U13", "K")
    dac = at("U1", "VOUT")

    def joined(what, *pins):
        """How many different nets some pins are on: 1 when they are joined."""
        nets = {at(*pin.split(".")) for pin in pins}
        add(what, " = ".join(pins), "nets", 1, 1, len(nets))

    def diode(what, ref_, low, high, a="A", k="K"):
        """Whether a diode points from one net to the other."""
        add(what, f"{ref_} from {low} to {high}", "", 1, 1, int(at(ref_, a) == low and at(ref_, k) == high))

    # --- Current sink.
    add("full scale, the hardware ceiling", "2048 mV / Rset", "uA", 508, 511, 2.048e6 / rset)
    add("step", "full scale / 4096", "uA a code", 0.124, 0.125, 2.048e6 / rset / 4096)
    add("sense", "3300 mV / 4096 / Rset", "uA a code", 0.2, 0.201, 3.3e6 / 4096 / rset)
    add("DAC shut down", "pull-down of the op-amp's input", "kOhm", 47, 220, ohm(dac, gnd) / 1e3)
    joined("DAC drives the sink", "U1.VOUT", "U2.INA+")
    fb, opout = at("U2", "INA-"), at("U2", "OUTA")
    add("loop settles", "R5 x C1", "us", 0.5, 2, ohm(src, fb) * farad(opout, fb) * 1e6)
    add("gate resistor", "U2.OUTA to Q1.G", "Ohm", 47, 220, ohm(opout, at("Q1", "G")))
    sink = at("U3", "S1A")
    add("drain resistor bounds a shorted Rset, 500 Ohm", "24 V / all in series", "mA", 4, 10,
        24e3 / (ohm(sink, at("Q1", "D")) + 500 + 2 * _lead(board)))  # fmt: skip
    add("sense filter", "R6 x C2", "us", 0.5, 2, ohm(src, at("A1", "GP26")) * farad(at("A1", "GP26"), gnd) * 1e6)
    add("a fault's 20 V into the Pico", "16 V / R6", "mA", 0.5, 2, 16e3 / ohm(src, at("A1", "GP26")))
    div = at("U2", "INB+")
    top, bottom = ohm(sink, div), ohm(div, gnd)
    add("sink divider", "(R7 + R8) / R8", "", 9.99, 10.01, (top + bottom) / bottom)
    add("the sink divider takes", "24 V / (R7 + R8)", "uA", 0.9, 1.3, 24e6 / (top + bottom))
    add("R15 takes from Rset", "2.5 V / R15, less Rset's", "uA", 0.3, 0.4, 2.5e6 / ohm(ref, fb))
    joined("sink follower", "U2.INB-", "U2.OUTB", "A1.GP27")
    rs = at("A1", "GP28")
    rail = at("U3", "VDD")
    add("rail divider", "(R9 + R9b) / R9b", "", 9.99, 10.01, (ohm(rail, rs) + ohm(rs, gnd)) / ohm(rs, gnd))
    add(
        "rail sense settles",
        "R9 || R9b with C9",
        "ms",
        0.3,
        1.5,
        _par(ohm(rail, rs), ohm(rs, gnd)) * farad(rs, gnd) * 1e3,
    )
    joined("multimeter's test point", "TP11.A", "Q1.S")
    # --- Polarity.
    joined("switch line EL_A", "A1.GP2", "U4.1A0")
    joined("switch line EL_B", "A1.GP3", "U4.1A1")
    in_a, in_b = ohm(at("U15", "1Y"), at("U3", "IN1")), ohm(at("U15", "2Y"), at("U3", "IN2"))
    bleed = ohm(rail, at("Q2", "D"))
    joined("decoder to switch 1", "U4.1Y1", "U15.1A")
    joined("decoder to switch 2", "U4.1Y2", "U15.2A")
    joined("no boost, no level at U3's inputs", "U15.1B", "U15.2B", "U14.Y")
    add("into U3's clamps while the rail rises", "(3.3 V - 0.6 V) / R16", "mA", 0.1, 10, 2.7e3 / min(in_a, in_b))
    add("switch lines' delay", "R16 x 15 pF", "us", 0.005, 0.1, max(in_a, in_b) * 15e-6)
    joined("sink throws", "U3.S1A", "U3.S2A", "TP8.A")
    joined("rail throws", "U3.S1B", "U3.S2B", "U3.VDD", "D11.K")
    joined("trip, first way: decoder", "U12.Q", "U4.1E")
    joined("trip, second way: gate of the sink", "U12.Q", "Q5.G")
    joined("the second way pulls the sink's gate", "Q5.D", "Q1.G")
    joined("trip, third way: boost", "U12.Q_N", "U14.B", "A1.GP22")
    joined("the third way enables the boost", "U14.Y", "Q9.G", "U5.2A")
    joined(
        "both ways' sources on the ground", "Q5.S", "Q9.S", "Q2.S", "Q6.S", "Q16.S", "Q19.S", "Q7.S", "U1.VSS", "TP1.A"
    )
    joined("rest line", "U4.1Y0", "Q15.S")
    joined("rest line, off without 3V3", "Q15.G", "A1.3V3")
    joined("rest switch on the rail", "Q4.S", "U3.VDD")
    gate4 = at("Q4", "G")
    off4, on4 = ohm(rail, gate4), ohm(gate4, at("Q15", "D"))
    add(
        "gate of the rest switch", "24 V x R63 / (R63 + R64)", "V", 3, 5, 24 * off4 / (off4 + on4) if off4 else INFINITE
    )
    add("rest switch lets go", "R63 x 40 pF", "us", 0.1, 0.4, off4 * 40e-6)
    add("it takes", "24 V / (R63 + R64)", "mA", 0.2, 1, 24e3 / (off4 + on4) if off4 else INFINITE)
    joined("bleeder's line", "U5.2Y", "Q2.G")
    joined("test line", "U4.1Y3", "Q14.S", "U4.2A1")
    joined("test line, off without 3V3", "Q14.G", "A1.3V3")
    joined("tests: not in a rest", "U4.1Y0", "U4.2A0")
    joined("tests: with LDAC low", "U4.2E", "A1.GP4")
    joined("test of the watch", "U4.2Y3", "U5.1A")
    joined("test of the watch: relay", "U5.1Y", "Q16.G")
    lower_ohm = ohm(at("U5", "1Y"), at("Q17", "G"))
    add("test of the watch: thresholds", "R49 x C36", "ms", 0.3, 2, 1e3 * lower_ohm * farad(at("Q17", "G"), gnd))
    joined("it opens the relay", "Q16.D", "Q6.G")
    joined("test of the trip", "U4.2Y1", "Q19.G", "D8.K")
    add("test of the trip: integrator", "R50 x 35 pF", "us", 2, 20, 35e-6 * ohm(at("Q19", "D"), at("Q18", "G")))
    add("self-test short", "R10", "kOhm", 9.9, 10.1, ohm(at("Q3", "D"), sink) / 1e3)
    joined("test switch on the rail", "Q3.S", "U3.VDD")
    gate3 = at("Q3", "G")
    add("gate of the test switch", "24 V x R18 / (R18 + R19)", "V", 8, 14,
        24 * ohm(rail, gate3) / (ohm(rail, gate3) + ohm(gate3, at("Q14", "D"))))  # fmt: skip
    add(
        "test switch lets go",
        "(R18 + R19) x 60 pF",
        "us",
        2,
        30,
        (ohm(rail, gate3) + ohm(gate3, at("Q14", "D"))) * 60e-6,
    )
    add("rest's pull-up", "R11", "kOhm", 1.4, 1.6, ohm(sink, at("Q4", "D")) / 1e3)
    # --- Electrodes.
    lead1 = ohm(at("D1", "M"), at("U3", "D1"))
    add("guard resistor 1", "R53", "Ohm", 300, 360, lead1)
    add("guard resistor 2", "R54", "Ohm", 300, 360, ohm(at("D2", "M"), at("U3", "D2")))
    watched = at("D5", "A")
    joined("clamp across the shunt, both ways", "D5.A", "D5.K")
    joined("the clamp's middle", "D5.M", "D1.M")
    shunt = ohm(at("D1", "M"), watched)
    add("shunt", "R33", "Ohm", 32, 34, shunt)
    outer1 = _series(board, watched, at("K1", "COM1"))
    outer2 = _series(board, at("D2", "M"), at("K1", "COM2"))
    joined("loop of an open relay, 1", "K1.NC1", "D7.K")
    joined("loop of an open relay, 2", "K1.NC2", "D7.A")
    add("lead 1", "R51 + R57", "Ohm", 990, 1006, outer1)
    add("lead 2", "R52 + R58", "Ohm", 990, 1006, outer2)
    add("a touch of 15 kV, 330 Ohm, 150 pF", "15 kV / (330 Ohm + lead)", "A", 5, 12, 15e3 / (330 + min(outer1, outer2)))
    add("what it lifts the rail by", "150 pF x 15 kV / C7", "V", 0.5, 4, 150e-12 * 15e3 / farad(rail, gnd))
    add("in series with the electrodes", "SWITCHES_OHM", "Ohm", 2700, 2730, _lead(board) * 2 + shunt)
    diode("clamp 1 to the rail", "D1", at("D1", "M"), rail, "M", "K")
    diode("clamp 1 to ground", "D1", gnd, at("D1", "M"), "A", "M")
    diode("clamp 2 to the rail", "D2", at("D2", "M"), rail, "M", "K")
    diode("clamp 2 to ground", "D2", gnd, at("D2", "M"), "A", "M")
    joined("electrode 1", "K1.NO1", "J4.A")
    joined("electrode 2", "K1.NO2", "J5.A")
    joined("coil's switch", "K1.COIL-", "Q6.D")
    joined("coil's supply", "K1.COIL+", "A1.3V3")
    diode("coil's kick", "D6", at("Q6", "D"), at("A1", "3V3"))
    joined("VBUS opens the relay", "Q7.D", "Q6.G")
    cable = at("Q7", "G")
    add("VBUS at Q7", "4.4 V x R62 / (R61 + R62)", "V", 1.6, 5,
        4.4 * ohm(cable, gnd) / (ohm(cable, gnd) + ohm(at("A1", "VBUS"), cable)))  # fmt: skip
    add("VBUS gone", "pull-down of Q7's gate", "kOhm", 10, 470, ohm(cable, gnd) / 1e3)
    add("VBUS's own", "R61", "kOhm", 22, 470, ohm(at("A1", "VBUS"), cable) / 1e3)
    add("KEEP closes the relay", "R60", "kOhm", 2, 50, ohm(at("U11", "OUTB"), at("Q6", "G")) / 1e3)
    # --- Rail.
    fbb = at("U10", "FB")
    add(
        "rail", "1.233 V x (R20 + R21) / R21", "V", 23.5, 24.5, 1.233 * (ohm(rail, fbb) + ohm(fbb, gnd)) / ohm(fbb, gnd)
    )
    add("the rail's divider takes", "24 V / (R20 + R21)", "uA", 2, 40, 24e6 / (ohm(rail, fbb) + ohm(fbb, gnd)))
    add("rail's ripple path", "C14", "pF", 10, 47, farad(rail, fbb) * 1e12)
    add("rail's limit", "27.5 V + 1.233 V by D12", "V", 28, 29.2,
        27.5 + 1.233 if at("D12", "K") == rail and at("D12", "A") == fbb else INFINITE)  # fmt: skip
    diode("rail's diode", "D11", at("U10", "SW"), rail)
    diode("rail's last guard", "D13", gnd, rail)
    add(
        "rail's coil",
        "L1",
        "uH",
        4.7,
        22,
        sum(coil.size for coil in board.between(at("Q8", "D"), at("U10", "SW"), "inductor")) * 1e6,
    )
    joined("boost's input and enable", "U10.VIN", "U10.EN", "Q8.D")
    joined("boost from VSYS", "Q8.S", "A1.VSYS", "D21.K")
    joined("boost's gate", "Q8.G", "Q9.D")
    add("boost's gate lets go", "R22", "kOhm", 22, 220, ohm(at("A1", "VSYS"), at("Q8", "G")) / 1e3)
    add("boost off without 3V3", "R23", "kOhm", 22, 220, ohm(at("Q9", "G"), gnd) / 1e3)
    add("boost's input capacitor", "C15", "uF", 0.8, 2.3, farad(at("U10", "VIN"), gnd) * 1e6)
    add("what feeds it", "C24", "uF", 8, 30, farad(at("A1", "VSYS"), gnd) * 1e6)
    add("3V3's capacitor", "C25", "uF", 8, 30, (farad(at("A1", "3V3"), gnd)) * 1e6)
    add("energy stored in the rail", "(C7 + C43) x (24 V)^2 / 2", "mJ", 0.2, 0.4, farad(rail, gnd) * 24**2 / 2 * 1e3)
    add(
        "rail's fall",
        "3 x R13 x (C7 + C15)",
        "ms",
        0.5,
        4,
        3e3 * bleed * (farad(rail, gnd) + farad(at("U10", "VIN"), gnd)),
    )
    pump = at("D3", "K")
    add("pump's first capacitor", "C5", "nF", 80, 120, farad(at("A1", "GP5"), at("D3", "M")) * 1e9)
    diode("pump fills from ground", "D3", gnd, pump)
    hold_ms = 1e3 * ohm(pump, gnd) * farad(pump, gnd)
    keep_in, keep = at("U11", "INB+"), at("U11", "OUTB")
    half = ohm(at("U11", "INB-"), gnd) / (ohm(at("U11", "INB-"), gnd) + ohm(ref, at("U11", "INB-"))) * 2.5
    add("keep-alive's middle takes", "2.5 V / (R28 + R29)", "uA", 20, 250, 2.5e6 / (2 * ohm(ref, at("U11", "INB-"))))
    share = ohm(pump, keep_in) / ohm(keep, keep_in)
    add("keep-alive takes from the pump", "R26 + R27", "MOhm", 1, 10, (ohm(pump, keep_in) + ohm(keep, keep_in)) / 1e6)
    up, down = half * (1 + share), half * (1 + share) - 3.3 * share
    add("keep-alive on above", "1.25 V x (1 + R26 / R27)", "V", 1.3, 1.4, up)
    add("keep-alive off below", "that less 3.3 V x R26 / R27", "V", 1.05, 1.15, down)
    add("keep-alive holds, line low", "R12 x C6 x ln(2.4 V / off)", "ms", 4, 9, hold_ms * _ln(2.4 / down))
    add("keep-alive holds, line high", "twice the capacitance", "ms", 9, 16, 2 * hold_ms * _ln(2.4 / down))
    joined("KEEP", "U11.OUTB", "U12.CLR", "U14.A", "TP6.A")
    # --- Watch.
    plus, minus = ohm(at("U6", "IN+"), at("D1", "M")), ohm(at("U6", "IN-"), watched)
    add("watch's inputs", "R55 + R56 of 2.3 MOhm", "% of gain", 0.01, 0.25, (plus + minus) / 2.3e6 * 100)
    add("what a touch leaves at U6", "11 V / R56", "mA", 1, 5, 11e3 / min(plus, minus))
    ina, fast = at("U6", "OUT"), at("U8", "IN1-")
    add("fast watch", "R34 x C34", "us", 90, 110, ohm(ina, fast) * farad(fast, gnd) * 1e6)
    add("fast watch's load on U6", "R34", "kOhm", 5, 50, ohm(ina, fast) / 1e3)
    near = next((part for part, _ in board.on(at("Q17", "D")) if part.symbol.name == "resistor"), None)
    top_near = next((net for net in near.nets.values() if net != at("Q17", "D")), gnd) if near else gnd
    taps = [ref, at("U8", "IN1+"), top_near, at("U8", "IN3+"), at("U7", "INB+"), at("U8", "IN4-"), at("Q17", "S"),
            at("U8", "IN2-"), gnd]  # fmt: skip
    steps = [ohm(a, b) for a, b in zip(taps, taps[1:])]  # noqa: B905
    total = sum(steps)
    gain = shunt * 50e-6

    def thresholds(steps):
        """What of 2.5 V is at the comparators' taps, from the top, and at the middle."""
        taps = [2.5 * sum(steps[i + 1 :]) / (sum(steps) or INFINITE) for i in range(7)]
        return [taps[i] for i in (0, 2, 3, 4, 6)]

    volts = thresholds(steps)
    # Closed, Q17 puts R45 beside the four steps in the middle.
    inner = sum(steps[2:6])
    less = _par(inner, ohm(top_near, at("Q17", "D"))) / inner if 0 < inner < INFINITE else INFINITE
    lower = thresholds(steps[:2] + [step * less for step in steps[2:6]] + steps[6:])
    add("watch's chain takes", "2.5 V / R37a..h", "uA", 50, 200, 2.5e6 / total)
    add("it takes in the test", "the same, with R45", "uA", 50, 250, 2.5e6 / (total - inner + inner * less))
    add("watch in the test, from low to high", "(1.97 V - 1.25 V) / (33 Ohm x 50)", "uA", 420, 450,
        (lower[0] - lower[2]) / gain)  # fmt: skip
    add("the same, from high to low", "the other way", "uA", 420, 450, (lower[2] - lower[4]) / gain)
    add(
        "electrode watch, from low to high",
        "(2.20 V - 1.25 V) / (33 Ohm x 50)",
        "uA",
        565,
        585,
        (volts[0] - volts[2]) / gain,
    )
    add("the same, from high to low", "(1.25 V - 0.30 V) / (33 Ohm x 50)", "uA", 565, 585, (volts[2] - volts[4]) / gain)
    wsum, wdc = at("U7", "INA-"), at("U7", "OUTA")
    charge = (volts[1] - volts[2]) * ohm(ina, wsum) * farad(wsum, wdc) / gain
    add("the same, DC, at once", "0.149 V x R35 x C35 / 1.65 mV/uA", "uC", *WATCH_UC, charge)
    add(
        "the same, for ever",
        "0.149 V x R35 / R36 / 1.65 mV/uA",
        "uA",
        8.5,
        9.5,
        (volts[1] - volts[2]) * ohm(ina, wsum) / ohm(wsum, wdc) / gain,
    )
    test_uc = ohm(ina, wsum) * farad(wsum, wdc) / gain
    add("DC in the test", "0.022 V x R35 x C35 / 1.65 mV/uA", "uC", 8, 10.5, (lower[1] - lower[2]) * test_uc)
    add("the same, the other way", "0.022 V", "uC", 8, 10.5, (lower[2] - lower[3]) * test_uc)
    add("emptied for the test", "R46 x C35", "ms", 0.5, 2, 1e3 * ohm(wdc, at("Q18", "D")) * farad(wsum, wdc))
    joined("emptied where it adds up", "Q18.S", "U7.INA-")
    add("its gate", "R48", "kOhm", 22, 220, ohm(at("A1", "3V3"), at("Q19", "D")) / 1e3)
    add("the other way", "1.25 V - 1.10 V", "mV", 140, 160, (volts[2] - volts[3]) * 1e3)
    add("the watch forgets in", "R36 x C35", "s", 6.5, 7.1, ohm(wsum, wdc) * farad(wsum, wdc))
    joined("the watch's middle", "U7.INA+", "U7.INB-", "U7.OUTB", "U6.REF")
    joined("fast, both ways", "U8.IN1-", "U8.IN2+")
    joined("DC, both ways", "U8.IN3-", "U8.IN4+", "U7.OUTA")
    joined("what trips", "U8.OUT1", "U8.OUT2", "U8.OUT3", "U8.OUT4", "U12.PRE", "D4.A")
    # --- Trip.
    trip_in, trip_ref = at("U11", "INA-"), at("U11", "INA+")
    part = ohm(trip_ref, gnd) / (ohm(trip_ref, gnd) + ohm(ref, trip_ref))
    lowering = ohm(trip_ref, at("D8", "A"))
    ways = (ohm(ref, trip_ref), ohm(trip_ref, gnd), lowering)
    siemens = [1 / way if way else INFINITE for way in ways]
    lowered = (2.5 * siemens[0] + 0.3 * siemens[2]) / sum(siemens) if 0 < sum(siemens) < INFINITE else INFINITE
    add("trip in the test", "with R47 to D8's 0.3 V", "uA", 280, 320, 1e6 * lowered / rset if rset else INFINITE)
    add("trip", "2.5 V x R42 / (R41 + R42) / Rset", "uA", 594, 606, 2.5e6 * part / rset)
    add("trip's divider takes", "2.5 V / (R41 + R42)", "uA", 10, 40, 2.5e6 / (ohm(trip_ref, gnd) + ohm(ref, trip_ref)))
    add("trip's delay", "R14 x C8", "us", 5, 15, ohm(src, trip_in) * farad(trip_in, gnd) * 1e6)
    add("charge it takes from a phase", "C8 x 2 V", "nC", 0.05, 0.5, farad(trip_in, gnd) * 2e9)
    diode("trip joins the wire", "D4", at("U12", "PRE"), at("U11", "OUTA"))
    add("reference's current", "0.6 V / R44 less the dividers", "uA", 80, 700,
        0.6e6 / ohm(at("A1", "3V3"), ref) - 2.5e6 / (ohm(trip_ref, gnd) + ohm(ref, trip_ref)) - 2.5e6 / total
        - 2.5e6 / (2 * ohm(ref, at("U11", "INB-"))))  # fmt: skip
    joined("reference's foot", "U13.A", "TP1.A")
    add("trip wire's pull-up", "R43", "kOhm", 4.7, 47, ohm(at("A1", "3V3"), at("U12", "PRE")) / 1e3)
    # --- Power.
    add("charging current", "1000 V / R70", "mA", 150, 250, 1e6 / ohm(at("U20", "PROG"), gnd))
    joined("the charger's way into the cell", "U20.VBAT", "U20.VBAT2", "Q20.S", "Q10.S")
    joined("the charger's supply", "U20.VDD", "U20.VDD2", "A1.VBUS")
    joined("the charger feels the cell", "U20.THERM", "J2.NTC")
    add("charger's input capacitor", "C20", "uF", 3.9, 11, farad(at("U20", "VDD"), gnd) * 1e6)
    add("charger's output capacitor", "C21", "uF", 3.9, 11, farad(at("U20", "VBAT"), gnd) * 1e6)
    add("charging light", "3 V / R71", "mA", 1, 5, 3e3 / ohm(at("A1", "VBUS"), at("D20", "A")))
    joined("charging light's switch", "U20.STAT1", "D20.K")
    joined("cell reversed: what blocks", "Q20.D", "F1.B")
    add("its gate", "R72", "kOhm", 4.7, 47, ohm(at("Q20", "G"), at("J2", "CELL-")) / 1e3)
    joined("fuse at the cell", "F1.A", "J2.CELL+")
    joined("protection at the cell's minus", "Q21.S1", "J2.CELL-", "U21.GND")
    joined("protection's middle", "Q21.D", "Q21.D2")
    joined("protection, discharge", "U21.OD", "Q21.G1")
    joined("protection, charge", "U21.OC", "Q21.G2")
    joined("protection's far side", "Q21.S2", "TP1.A")
    add("protection's filter", "R73 x C22", "us", 5, 20,
        ohm(at("Q20", "S"), at("U21", "VCC")) * farad(at("U21", "VCC"), at("J2", "CELL-")) * 1e6)  # fmt: skip
    add("protection's sense", "R74", "kOhm", 0.5, 2, ohm(at("U21", "CS"), gnd) / 1e3)
    diode("nothing gets into the cell", "D21", at("Q10", "D"), at("A1", "VSYS"))
    add("off when nothing pulls", "R75", "kOhm", 47, 220, ohm(at("Q10", "S"), at("Q10", "G")) / 1e3)
    joined("who holds the latch", "Q11.D", "Q10.G", "D22.A1")
    joined("MODE", "D22.A2", "A1.GP20")
    joined("MODE's button", "D22.K", "SW1.A")
    joined("MODE's button to ground", "SW1.B", "SW2.B", "SW3.B", "TP1.A")
    held = at("Q11", "G")
    add(
        "hold through a reset",
        "R76 x C23 x ln(3.0 V / 1.0 V)",
        "s",
        0.3,
        0.7,
        ohm(held, gnd) * farad(held, gnd) * _ln(3.0),
    )
    diode("the hold's diode", "D23", at("A1", "GP16"), held)
    # --- Pulls and panel.
    for gpio, to, what in (
        (2, gnd, "EL_A"),
        (3, gnd, "EL_B"),
        (5, gnd, "STAGE_ALIVE"),
        (4, None, "LDAC"),
        (17, None, "DAC_CS"),
    ):
        add(f"pull of {what}", "10 kOhm", "kOhm", 4.7, 22, ohm(at("A1", f"GP{gpio}"), to or at("A1", "3V3")) / 1e3)
    for gpio, what in ((16, "POWER_HOLD"), (12, "BEEPER"), (14, "HAPTIC")):
        add(f"pull of {what}", "100 kOhm", "kOhm", 47, 220, ohm(at("A1", f"GP{gpio}"), gnd) / 1e3)
    for gpio, led in ((6, 31), (7, 32), (8, 33), (9, 34), (10, 35), (0, 36), (1, 37), (11, 38), (13, 39)):
        add(f"light D{led}", "1.3 V / 1 kOhm", "mA", 1.2, 1.4, 1.3e3 / ohm(at("A1", f"GP{gpio}"), at(f"D{led}", "A")))
        joined(f"foot of D{led}", f"D{led}.K", "TP1.A")
    add("beeper's base", "2.6 V / R90", "mA", 1, 5, 2.6e3 / ohm(at("A1", "GP12"), at("Q12", "B")))
    joined("beeper", "Q12.C", "BZ1.B", "D42.A")
    joined("beeper's foot", "Q12.E", "TP1.A")
    joined("beeper and motor at 3V3", "BZ1.A", "J3.A", "D41.K", "D42.K", "A1.3V3")
    add("motor's gate", "R93", "Ohm", 47, 470, ohm(at("A1", "GP14"), at("Q13", "G")))
    joined("motor", "Q13.D", "J3.B", "D41.A")
    joined("motor's foot", "Q13.S", "TP1.A")
    joined("DAC's words", "U1.SDI", "A1.GP19")
    joined("DAC's clock", "U1.SCK", "A1.GP18")
    joined("DAC's frame", "U1.CS", "A1.GP17")
    joined("DAC's latch", "U1.LDAC", "A1.GP4")
    joined("never shut down by a pin, and every chip at 3V3", "U1.SHDN", "U1.VDD", "A1.3V3", "U4.VCC", "U6.VS", "TP3.A")
    add("nothing at the Pico's RUN, 3V3_EN, ADC_VREF", "left open", "wires", 0, 0,
        sum(not at("A1", pin).startswith("nothing") for pin in ("RUN", "3V3_EN", "ADC_VREF")))  # fmt: skip
    joined("PLUS", "SW2.A", "A1.GP21")
    joined("MINUS", "SW3.A", "A1.GP15")
    return found


# uC in one direction at which the watch trips, nominal.
WATCH_UC = (60.0, 63.0)


def _ln(x):
    from math import log

    return log(x) if 0 < x < INFINITE else INFINITE


def _par(a, b):
    return INFINITE if INFINITE in (a, b) or not a + b else a * b / (a + b)


def _series(board, a, b):
    """Two resistors one after the other between two nets, Ohm."""
    for part, _ in board.on(a):
        if part.symbol.name == "resistor":
            middle = next((net for net in part.nets.values() if net != a), None)
            if middle is not None and board.ohm(middle, b) < INFINITE:
                return part.size + board.ohm(middle, b)
    return INFINITE


def _lead(board):
    """What is in series with one electrode but the shunt: switch, guard resistor, lead."""
    lead = _series(board, board.at("D2", "M"), board.at("K1", "COM2"))
    return 12 + board.ohm(board.at("D2", "M"), board.at("U3", "D2")) + lead
