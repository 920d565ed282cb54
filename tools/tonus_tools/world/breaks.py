"""What may break around the processor, one thing at a time: a world that `apply` has been given is broken for good.

For MicroPython and CPython alike, as model.py. A break is a list, its kind first:

["line", role, "low" | "high" | "open"]             a line between processor and board; open, the board's resistor stays
["reading", role, "stuck" | "halved" | "noisy" | "low" | "high", n]   a converter's channel: at a code, noise of so many
                                                    codes peak to peak, bit n always 0, always 1
["frame", "low" | "high" | "flip", bit]             a bit of the frames that reach the DAC; flip: of the next one
["output", bit]                                     a bit of the DAC's output register flips
["rail", permille]                                  the boost converter regulates to this much of nominal
["latch"]                                           the hardware's trip does not act
"""

SWITCHES = ("EL_A", "EL_B", "LDAC")
BUTTONS = ("MODE", "PLUS", "MINUS")


def apply(world, t, value):
    """Break it at t us. False when it is not the world's to break."""
    kind = value[0]
    if kind == "line":
        return _line(world, t, value[1], value[2])
    if kind == "reading":
        world.advance(t)
        world.spoilt[value[1]] = _spoiler(value[2], value[3])
    elif kind == "frame":
        _frame(world, value[1], value[2])
    elif kind == "output":
        _output(world, t, value[1])
    elif kind == "rail":
        _rail(world, t, value[1])
    elif kind == "latch":
        world._trip = lambda t: None
    else:
        return False
    return True


def _line(world, t, role, how):
    high = how == "high"
    if role in SWITCHES:
        _switch(world, t, SWITCHES.index(role), high or how == "open" and role == "LDAC")
    elif role == "STAGE_ALIVE":
        world.advance(t)
        world.faults.add("rail_dead")  # no edge comes
    elif role in ("DAC_CS", "DAC_SCK"):
        world.write_dac = lambda t, frame: None  # no frame is whole
    elif role == "DAC_MOSI":
        write = world.write_dac
        world.write_dac = lambda t, frame: write(t, 0xFFFF if high else 0)
    elif role == "POWER_HOLD":
        hold = world.set_hold
        world.set_hold = lambda t, level: hold(t, high)
        world.set_hold(t, high)
    elif role in BUTTONS:
        do = world.apply

        def apply_others(t, action, value):
            if value != role or action not in ("hold", "release"):
                do(t, action, value)

        world.apply = apply_others
        world.pressed[role] = how == "low"
    elif role == "VBUS_SENSE":
        world.vbus = lambda: high
    elif role == "STAGE_FAULT_N":
        line = how != "low"  # pulled up within the processor
        world.fault_line = lambda: line
    elif role == "SMPS_PWM":
        regulate = world.set_regulator
        world.set_regulator = lambda pwm: regulate(high)
        world.set_regulator(high)
    else:
        return False
    world.on_input()
    return True


def _switch(world, t, place, level):
    switch = world.set_switches

    def set_switches(t, a, b, ldac):
        levels = [a, b, ldac]
        levels[place] = level
        switch(t, levels[0], levels[1], levels[2])

    world.set_switches = set_switches
    set_switches(t, world._el_a, world._el_b, world._ldac)


def _spoiler(how, n):
    if how == "stuck":
        return lambda code: n
    if how == "halved":
        return lambda code: code >> 1
    if how == "low":
        return lambda code: code & ~(1 << n)
    if how == "high":
        return lambda code: code | 1 << n
    drawn = [1]

    def noisy(code):
        drawn[0] = drawn[0] * 1103515245 + 12345 & 0x3FFFFFFF
        return min(max(code + (drawn[0] >> 15) * n // 32768 - n // 2, 0), 4095)

    return noisy


def _frame(world, how, bit):
    write = world.write_dac
    mask = 1 << bit

    def low(t, frame):
        write(t, frame & ~mask)

    def high(t, frame):
        write(t, frame | mask)

    def flip(t, frame):
        world.write_dac = write
        write(t, frame ^ mask)

    world.write_dac = low if how == "low" else high if how == "high" else flip


def _output(world, t, bit):
    world.advance(t)
    direction = world._dir
    past = world._past
    world._end_phase(t)
    if world._output >= 0:
        world._output ^= 1 << bit
    world._begin_phase(t, 1 if past else direction)


def _rail(world, t, permille):
    world.advance(t)
    if "rail" not in world.spoilt:
        world.spoilt["rail"] = world._rail_nominal  # no channel of that name
    world._rail_nominal = world.spoilt["rail"] * permille / 1000
    if world._rail > world._rail_nominal:
        world._rail = world._rail_nominal
    world._rail_full = False
