"""What pico_bench's values are for, worked out anew from the circuit: each with the range in which the board is right.

Every calculation starts from the pins of the part that it is about. `calculate` gives (what, how, unit, least, most,
value). Wires that no value passes through are named one by one.
"""


def calculate(board):
    """All of it. board: tonus_tools.board.describe.Board."""
    found = []
    at, ohm, farad = board.at, board.ohm, board.farad
    gnd, rail, usb = "GND", at("A1", "3V3"), at("A1", "VBUS")

    def add(what, how, unit, least, most, value):
        found.append((what, how, unit, least, most, value))

    def joined(what, *pins):
        """How many different nets some pins are on: 1 when they are joined."""
        add(what, " = ".join(pins), "nets", 1, 1, len({at(*pin.split(".")) for pin in pins}))

    src, sink = at("Q1", "S"), at("Q1", "D")
    middle = at("R3", "B")
    rset = ohm(src, middle) + ohm(middle, gnd)
    add("full scale", "2048 mV / (R3 + R4)", "uA", 508, 511, 2.048e6 / rset)
    load = ohm(at("U3", "X"), at("U3", "Y"))
    add("dummy load", "between the two electrodes", "Ohm", 990, 1010, load)
    add(
        "compliance at 400 uA, switches of 400 Ohm",
        "3.1 V less all drops",
        "V",
        0.3,
        2.0,
        3.1 - 400e-6 * (rset + load + 400),
    )
    add("DAC shut down", "pull-down of the op-amp's input", "kOhm", 47, 220, ohm(at("U1", "VOUT"), gnd) / 1e3)
    add("gate resistor", "U2.OUTA to Q1.G", "Ohm", 47, 220, ohm(at("U2", "OUTA"), at("Q1", "G")))
    add("op-amp's 5 V into GPIO26", "5.5 V / R6", "mA", 0.1, 0.6, 5.5e3 / ohm(src, at("A1", "GP26")))
    add("op-amp's 5 V into GPIO27", "2.2 V / R9", "mA", 0.5, 3, 2.2e3 / ohm(at("U2", "OUTB"), at("A1", "GP27")))
    div = at("U2", "INB+")
    add("sink divider", "(R7 + R8) / R8", "", 1.95, 2.05, (ohm(sink, div) + ohm(div, gnd)) / ohm(div, gnd))
    add("the sink divider takes", "3.3 V / (R7 + R8)", "uA", 1, 2, 3.3e6 / (ohm(sink, div) + ohm(div, gnd)))
    half = at("A1", "GP28")
    add("rail divider", "(R15 + R16) / R16", "", 1.95, 2.05, (ohm(rail, half) + ohm(half, gnd)) / ohm(half, gnd))
    add("the rail divider takes", "3.3 V / (R15 + R16)", "mA", 0.05, 0.5, 3.3e3 / (ohm(rail, half) + ohm(half, gnd)))
    for line in ("GP2", "GP3"):
        add(f"{line} low in reset", "pull-down", "kOhm", 4.7, 47, ohm(at("A1", line), gnd) / 1e3)
    for line in ("GP4", "GP17"):
        add(f"{line} high in reset", "pull-up", "kOhm", 4.7, 47, ohm(rail, at("A1", line)) / 1e3)
    add("no cable, jumper open", "pull-down", "kOhm", 47, 470, ohm(at("A1", "GP14"), gnd) / 1e3)
    for net, capacitors in ((rail, 2), (usb, 1)):
        add(f"capacitors on {net}", "100 nF a chip", "nF", 90 * capacitors, 110 * capacitors, farad(net, gnd) * 1e9)
    for ref in ("C1", "C2", "C3"):
        joined(f"{ref} to ground", f"{ref}.B", "A1.GND1")
    lamps = ["GP6", "GP7", "GP8", "GP9", "GP10", "GP0", "GP1", "GP11", "GP13", "GP5"]
    for i, line in enumerate(lamps):
        anode = at(f"D{1 + i}", "A")
        add(f"lamp at {line}", "1.3 V / R", "mA", 0.5, 3, 1.3e3 / ohm(at("A1", line), anode))
        joined(f"D{1 + i} to ground", f"D{1 + i}.K", "A1.GND1")
    for i, line in enumerate(("GP20", "GP21", "GP15", "GP22")):
        joined(f"button at {line}", f"SW{1 + i}.A", f"A1.{line}")
        joined(f"SW{1 + i} to ground", f"SW{1 + i}.B", "A1.GND1")
    add("piezo's resistor", "at GPIO12", "Ohm", 47, 470, ohm(at("A1", "GP12"), at("BZ1", "A")))
    joined("piezo to ground", "BZ1.B", "A1.GND1")
    joined("jumper plays the cable", "J1.A", "A1.GP14")
    joined("jumper to the rail", "J1.B", "A1.3V3")
    joined("DAC drives the sink", "U1.VOUT", "U2.INA+")
    joined("sink's feedback", "U2.INA-", "Q1.S")
    joined("sink's drain at both switches", "Q1.D", "U3.X0", "U3.Y0")
    joined("rail at both switches", "A1.3V3", "U3.X1", "U3.Y1")
    joined("follower", "U2.INB-", "U2.OUTB")
    for line, pin in (("GP2", "U3.A"), ("GP3", "U3.B"), ("GP4", "U1.LDAC"), ("GP17", "U1.CS"), ("GP18", "U1.SCK")):
        joined(f"{line} to {pin}", f"A1.{line}", pin)
    joined("GP19 to U1.SDI", "A1.GP19", "U1.SDI")
    joined("3.3 V", "A1.3V3", "U1.VDD", "U1.SHDN", "U3.VCC")
    joined("5 V for the op-amp", "A1.VBUS", "U2.VDD")
    grounds = [f"A1.GND{i}" for i in range(1, 9)]
    joined("ground", *grounds, "U1.VSS", "U2.VSS", "U3.GND", "U3.VEE", "U3.INH", "U3.C")
    add(
        "each line of its own",
        "nets of the Pico's pins",
        "nets",
        28,
        28,
        len(set(board.parts["A1"].nets.values()) - {None}),
    )
    return found
