"""The world around the processor: electrodes and skin, the current source, rail, cell, buttons, cable.

One model for every place that runs a scenario, so it is written for MicroPython and CPython alike. Times are integer
microseconds; volts, amperes, ohms and farads are floats. The state moves on only in `advance`, in closed form, so a
long phase costs as much as a short one.

The circuit while the electrodes are driven: rail - switch - Rs + (R || C) - switch - FET - Rset. The source regulates
the set current as long as the rail has the voltage for it, then saturates. Shorted, the skin discharges into itself.
tonus_tools/spice compares this with the netlist of tonus_r1, phase by phase, and is where its figures come from.
"""

from array import array
from math import exp, log

from .bind import bind, const, micropython, ptr16, ptr32, roomy

# name: (series Rs, parallel R of both electrodes, C of both), ohm and farad: Rs + 2 (Rp || Cp).
SKINS = {
    "good": (500.0, 2 * 20e3, 15e-9 / 2),
    "typical": (700.0, 2 * 100e3, 12e-9 / 2),
    "poor": (1e3, 2 * 400e3, 10e-9 / 2),
    "dry": (1e3, 2 * 3e6, 3e-9 / 2),
}
# Pure resistors have no R || C: the regulatory test loads, and electrodes that touch each other.
RESISTORS = {"500": 500.0, "2k": 2e3, "10k": 10e3, "short": 5.0}
LOADS = tuple(SKINS) + tuple(RESISTORS) + ("lifted",)

SKIN_KNEE_A = 50e-6  # skin's R halves at this set current: it falls under drive
# What a phase carries less than the set current, or more. The strays at the sink node give of it, until its switch has
# let go the rest takes of it, and the sink divider takes less than at the rail. A rest that lets the node fall to
# ground costs the strays' whole charge, and the op-amp's recovery.
STRAY_F = 80e-12
REST_OFF_S = 0.3e-6
RECOVERY_C = 1e-9
DIVIDER_OHM = 20.2e6
RAIL_RISE_US = 1500.0  # the boost converter, at its current limit
RAIL_FALL_US = 470.0  # time constant of its bleeder
FALL_STEP_US = const(50)  # in which the rail is taken as even: a tenth of it is lost
ALIVE_HOLD_US = const(14_000)  # the charge pump holds the converter at most this long after an edge
ALIVE_LOW_US = const(9_000)  # that left the line low
# The electrode watch trips the latch: above this, or at this much charge in one direction, which it forgets in time.
WATCH_A = const(575e-6)
WATCH_C = const(61.5e-6)
WATCH_US = const(6.8e6)
# With a switch line high and LDAC low these are lower, the relay is open, and its loop closed: a zener, forward its
# reverse voltage. Both lines high empty the watch's integrator, and lower the trip at Rset.
TEST_A = 436e-6
TEST_C = 9.1e-6
TEST_RSET_A = 301e-6
RELAY_US = 3000
CLAMP_OHM = 342.0  # from the sink node through a switch to a clamp that is shorted
CLAMP_V = 5.0  # of the rail: from here on it drives more through skin than the watch lets pass
LOOP_V = 0.6, 4.0, 0.6  # by direction: -1 is the last
BEGUN, MADE_UP = 0.3, 0.1  # of the set current, from ngspice's phases into dry skin
LONG_US = const(10_000)  # within a phase as long as this some of it is forgotten, a thousandth
HOLD_US = 500_000  # the RC on POWER_HOLD: rides through a reset
SETTLED_US = const(10)
SHUT = const(-1)  # in place of a code: the DAC's output is off, pulled to ground
# The RP2040's converter. Its tables are looked up once a reading; positions are sixteenths of a code.
NOISE_CODES = 3  # peak to peak, where a start says nothing: as good as it gets
NOISES = 1024  # of a table, a power of 2
NOISE_SIGMAS = 7  # deviations that are taken for peak to peak; ...
OUTLIER = 128  # ... and beyond lies one reading in half as many
WIDE_EVERY = 1024  # codes: RP2040-E11's wide ones are in the middle of each
# What the cell gives, A. The cell's resistance is part ohmic, the rest comes and goes with CELL_US.
PROCESSOR_A = 30e-3  # RP2040 at 125 MHz with its regulator in PWM
LAMP_A = 1.3e-3
MOTOR_A = 80e-3
BEEPER_A = 30e-3
BOOST_A = 6.5e-3  # with nothing to deliver but the dividers, and the gate of the rest's switch
BOOST_SHARE = 0.75  # of what it takes it delivers
CHARGER_A = 100e-3
OHMIC_SHARE = 0.6
CELL_US = 10e6
BOOST_MEAN_US = 10_000  # over at least this its current is averaged: its capacitors do
VBUS_VSYS_V = 4.7  # 5 V less the Pico's Schottky diode
CELL_READ_US = const(1000)  # readings of the cell closer together than this see one voltage
BIAS = const(32768)  # of what the converter's tables hold, for viper, whose half words have no sign
FACTORS = const(64)  # exponentials of so many durations are kept
# Contact that breaks by itself.
BOUNCE_US = 200, 3000  # a piece of a bounce lasts from the one to the sum of both
FAR = 1 << 60  # us: never

BUTTONS = ("MODE", "PLUS", "MINUS")
_COLUMNS = {"CURRENT_SENSE": 1, "SINK_SENSE": 2, "RAIL_SENSE": 3}


class World:
    """`board` is the board's module, `emit(kind, t_us, text)` takes a trace line's fields as JSON text."""

    def __init__(self, board, emit, start, seed):
        roomy(self)
        self._board = board
        self.has_cell = board.HAS_BATTERY
        self._emit = emit
        self._dac_codes = 1 << board.DAC_BITS
        self._less = board.SENSE_LESS_NA * 1e-9
        self._seed = array("I", [seed & 0x3FFFFFFF])
        self.on_input = None  # called when something that the processor's input pins see has changed
        self.t = 0
        # The person and the cable.
        self.battery_pct = start["battery_pct"]
        self.usb = start["usb"]
        self.temperature_c = start["temperature_c"]
        self.pressed = {"MODE": False, "PLUS": False, "MINUS": False}
        self.faults = set()
        self.spoilt = {}  # by role: what a converter's channel makes of its code (breaks.py)
        self.wires = {}  # of a breadboard wired wrong: what the pin of a role leads to in truth
        self._wired = None  # and what its converter sees: `_wired_volts`
        self._deaf = False  # no word reaches the DAC
        # The parts: nominal where nothing is said (SCENARIOS.md; what is typical is the scenario's to know).
        errors = start.get("errors", {})
        self._dac_gain = board.DAC_REFERENCE_MV * 1e-3 / self._dac_codes * (1 + errors.get("dac_gain_ppm", 0) * 1e-6)
        self._dac_offset = errors.get("dac_offset_uv", 0) * 1e-6
        self._dac_bow = errors.get("dac_bow_uv", 0) * 4e-6 / self._dac_codes**2
        self._rset_ohm = board.RSET_OHM * (1 + errors.get("rset_ppm", 0) * 1e-6)
        self._rail_nominal = board.RAIL_MV * 1e-3 * (1 + errors.get("rail_ppm", 0) * 1e-6)
        self._load_ohm = getattr(board, "DUMMY_LOAD_OHM", 0)
        self._short_ohm = getattr(board, "SHORT_OHM", 0) * (1 + errors.get("short_ppm", 0) * 1e-6)
        self._rest_ohm = board.REST_OHM
        self._switches_ohm = board.SWITCHES_OHM + errors.get("switches_mohm", 0) * 1e-3
        self._stray = STRAY_F + errors.get("stray_ff", 0) * 1e-15
        self._rail_divider = (1 + errors.get("divider_ppm", 0) * 1e-6) / board.DIVIDER
        self._sink_divider = self._rail_divider * (1 + errors.get("sink_divider_ppm", 0) * 1e-6)
        self._battery_divider = (1 + errors.get("battery_divider_ppm", 0) * 1e-6) / board.BATTERY_DIVIDER
        self._cell_ohm = errors.get("cell_mohm", 0) * 1e-3
        self._sensor_volts = 0.706 + errors.get("temperature_uv", 0) * 1e-6
        self._converter(errors)
        # The cell: what draws from it, and how far it has sagged beyond its ohmic drop.
        self._running = False
        self._draws = {}
        self._drawn_a = 0.0
        self._boost_a = 0.0
        self._stage_c = 0.0  # delivered by the boost converter since ...
        self._boost_t = 0  # ... then
        self._sag = 0.0
        self._sag_t = 0
        # What is read of it, in sixteenths of a code; since when, us modulo 2^30; whether that holds.
        self.cell_read = array("I", [0, 0, 0])
        # The board.
        self.hold = False
        self.hold_until = 0
        self.latch = False
        self._el_a = self._el_b = False
        self._ldac = True
        self._input = 0
        self._output = 0
        self._rail = 0.0
        self._rail_up = False
        self._rail_full = False  # and stays so while the keep-alive does
        self._alive_until = -1
        # What was worked out last, for as long as it holds: exponentials by duration in us, and phases as told.
        self._rests = {}
        self._drives = {}
        self._told = [None] * 3  # by direction
        # The contact. `_vc` is the voltage of the skin's capacitance, in the direction of EL_A.
        self._chance = seed ^ 0x2A5A5A5A  # not the noise's: breaks come when they come, however often it is measured
        self._bounce_us = 1000 * start.get("bounce_ms", 0)
        self._bounce_until = 0
        self._stubble = start.get("stubble")
        self._bridge = start.get("bridge_ohm", 0)
        self._broken = False
        self._kept = 0.0
        self._break_t = 0
        self._break_due = FAR
        self._late = 0
        # A dummy load stays where it is until somebody takes it off.
        self._touch("load" if self._load_ohm and start["touch"] == "lifted" else start["touch"])
        self._next_break(0)
        self._dir = 0
        self._past = 0.0  # through so much, ohm, the current goes past the skin
        self._past_v = 0.0  # and so many volts
        self._lines = 0  # direction that the switch lines ask for
        self._test = False  # one of them is high with LDAC low
        self._looped = False  # the relay is open
        self._relay_due = FAR  # when that changes
        self._loop_t = 0  # up to when the loop's current has been counted
        self._unpaired = 0.0
        self._unpaired_t = 0
        self._room = WATCH_C  # what a phase may pass before it is to be looked at more closely
        # The phase under way.
        self._start = 0
        self._charge = 0.0
        self._peak_a = 0.0
        self._peak_v = 0.0
        self._end_a = 0.0
        self._relay(0)
        self._circuit()
        bind(self, "advance", "volts", "keep_alive", "set_switches", "write_dac", "powered", "_circuit", "_set_amps")
        bind(self, "_move_rail", "_move_skin", "_amps", "_sink_volts", "_count", "_begin_phase", "_end_phase", "_take")
        bind(self, "_current_volts", "_one_way")

    def _converter(self, errors):
        """Tables and scale of the converter, so that `adc` has only to look up."""
        codes_per_volt = 4096000 / self._board.ADC_REFERENCE_MV
        self._adc_scale = 16 * codes_per_volt * (1 + errors.get("adc_gain_ppm", 0) * 1e-6)
        offset = 16 * codes_per_volt * errors.get("adc_offset_uv", 0) * 1e-6
        codes = errors.get("adc_noise_codes", NOISE_CODES)
        self._noise_quiet = self._noises(codes, offset)
        self._noise_ripple = self._noises(codes + errors.get("adc_ripple_codes", 0), offset)
        self._inl = _inl(errors.get("adc_wide_codes", 0), errors.get("adc_bow_codes", 0))
        self.set_regulator(0)

    @micropython.native
    def _random(self):
        """The next of 1024 numbers."""
        self._seed[0] = seed = self._seed[0] * 1103515245 + 12345 & 0x3FFFFFFF
        return seed >> 20

    @micropython.native
    def _noises(self, codes, offset):
        """A table of so much noise (codes peak to peak) around an offset, + BIAS: roughly normal, its mean zero."""
        table = array("H", [0] * NOISES)
        for i in range(0, NOISES, 2):
            if i % OUTLIER:
                # Four even numbers make a bell of deviation 1024 / sqrt(3), which ends at 3.46 deviations.
                bell = sum([self._random() for _ in range(4)]) - 2048
                noise = 16 * codes / NOISE_SIGMAS * bell / 591
            else:
                noise = 16 * codes / 2 * (0.7 + 0.3 * self._random() / 1024)
            table[i] = int(offset + noise + 0.5 + BIAS)
            table[i + 1] = int(offset - noise + 0.5 + BIAS)
        return table

    # What the person and the world do.

    def apply(self, t, action, value):
        """One action of a scenario's timeline (SCENARIOS.md), at t."""
        self.advance(t)
        self.cell_read[2] = 0
        if action == "hold" or action == "release":
            self.pressed[value] = action == "hold"
        elif action == "touch":
            self._load(t, value)
        elif action == "lift":
            self._load(t, "lifted")
        elif action == "usb":
            self._settle(t)
            self.usb = value
        elif action == "battery_pct":
            self.battery_pct = value
        elif action == "stubble":
            self._stubble = value
            if self._broken:
                self._break(t)
            self._break_t = t
            self._next_break(t)
        elif action == "bridge_ohm":
            self._bridge = value
            self._load(t, self.load)
        elif action == "wired":
            self.wires = value["wires"]
            self._wired = value if "00" in value else None
            self._deaf = not value["heard"]
            if self._deaf:
                self._input = self._output = SHUT
        elif action == "inject":
            self.faults.add(value)
            if value == "overcurrent":
                self._trip(t)
            elif value == "line_stuck":
                self.set_switches(t, True, self._el_b, self._ldac)
        else:
            raise ValueError(action)
        self._relay(t)
        self._circuit()
        self.on_input()

    def _load(self, t, name):
        # A phase under way is another one from here on: what the skin saw before and after are two things.
        direction = self._dir
        lifted = self.load == "lifted"
        self._end_phase(t)
        self._broken = False
        self._touch(name)
        if lifted and name != "lifted" and self._bounce_us:
            self._bounce_until = t + self._bounce_us * (512 + self._dice()) // 1536
        self._begin_phase(t, direction)
        self._break_t = t
        self._next_break(t)

    def _touch(self, name):
        self._vc = self._kept = 0.0  # other skin, or skin that has had time to discharge through itself
        self.load = name
        self._between()

    def _between(self):
        """What is between the electrodes: `_rs` in series with the skin's R || C."""
        self._circuit_code = -1
        self._rests.clear()
        off = self.load == "lifted" or self._broken
        bridge = self._bridge
        self._lifted = off and not bridge
        self._leak = 0.0  # beside the skin's R, 1 / ohm
        self._scale = 1.0
        if off:
            self._rs = bridge
            self._rp = self._c = 0.0
        elif self.load in SKINS:
            self._rs, self._rp, self._c = SKINS[self.load]
            if bridge:
                # Seen from the electrodes, gel beside Rs + R || C is another such circuit.
                self._leak = 1 / (self._rs + bridge)
                self._scale = (bridge * self._leak) ** 2
                self._c /= self._scale
                self._rs *= bridge * self._leak
            self._rest_r = self._scale / (1 / self._rp + self._leak)
        else:
            self._rs = self._load_ohm if self.load == "load" else RESISTORS[self.load]
            if bridge:
                self._rs *= bridge / (self._rs + bridge)
            self._rp = self._c = 0.0

    # Contact that breaks by itself: it bounces on touching down, and stubble lifts it for moments.

    def _dice(self):
        """The next of 1024 numbers, for what is not noise."""
        self._chance = self._chance * 1103515245 + 12345 & 0x3FFFFFFF
        return self._chance >> 20

    def _breaks(self, t):
        """What has broken or joined up to t, each at its time."""
        self._late = t  # others have told of what they did since: rail and latch are told at t, as without a break
        while self._break_due <= t:
            due = self._break_due
            self._break_due = FAR
            self.advance(due)
            self._break(due)
            self._next_break(due)
        self._late = 0

    def _break(self, t):
        direction = self._dir
        self._end_phase(t)
        self._broken = not self._broken
        if self._broken:
            self._break_t = t
            self._kept = self._vc
            self._vc = 0.0
        self._between()
        if not self._broken and self._kept:
            self._vc = self._kept * exp((self._break_t - t) * 1e-6 / (self._rp * self._c * self._scale))
            self._kept = 0.0
        self._begin_phase(t, direction)
        self._emit("skin", t, "0" if self._broken else "1")

    def _next_break(self, t):
        due = FAR
        if self.load != "lifted":
            if t < self._bounce_until:
                due = min(self._bounce_until, t + BOUNCE_US[0] + BOUNCE_US[1] * self._dice() // 1024)
                if due == self._bounce_until and not self._broken:
                    self._bounce_until = 0  # it ends as it began: touching
                    due = FAR
            if due == FAR and self._stubble:
                least, most, per_s = self._stubble
                if self._broken:
                    due = t + 1000 * least + 1000 * (most - least) * self._dice() // 1024
                else:
                    # From one to the next half to one and a half times the mean.
                    due = self._break_t + int(1e6 / per_s * (0.5 + self._dice() / 1024))
                    due = max(due, t + BOUNCE_US[0])
        self._break_due = due

    def powered(self, t):
        """Whether the device has its supply: USB, a finger on MODE, or the latch that firmware holds."""
        cell = self.battery_pct > 0 and (self.pressed["MODE"] or self.hold or t < self.hold_until)
        return self.usb or cell or not self._board.HAS_POWER_LATCH

    # What the processor does.

    def power_up(self, t):
        """The processor is about to start. Without a boost converter the rail is what feeds it."""
        self.advance(t)
        if not self._board.HAS_BOOST:
            self._move_rail(t)

    def set_hold(self, t, level):
        if self.hold and not level:
            self.hold_until = t + HOLD_US
        elif level and not self._running:
            self._settle(t)
            self._running = True
        self.hold = level

    def drop_hold(self):
        """The supply is gone: nothing rides through."""
        self.hold = False
        self.hold_until = 0
        self._settle(self.t)
        self._running = False

    @micropython.native
    def set_switches(self, t, a, b, ldac):
        """Levels of EL_A, EL_B and LDAC."""
        if not ldac and self._output != self._input:
            self._take(t)
        self._ldac = ldac
        if self.faults and "line_stuck" in self.faults and not self.latch:  # tripped, the decoder does not listen
            a = True
        test = not ldac and (a or b) and self._board.HAS_BOOST
        if a != self._el_a or b != self._el_b or test != self._test:
            self.advance(t)
            if self._dir:
                self._end_phase(t)
            self._el_a = a
            self._el_b = b
            if test or self._test or self._relay_due != FAR:
                self._test = test
                self._relay(t)
                if test and a and b:
                    self._unpaired = 0.0
            self._begin_phase(t, (1 if a else -1) if a != b else 0)

    def write_dac(self, t, frame):
        """A 16 bit frame of the MCP4821: bit 15 low writes, bit 12 low shuts the output down."""
        if frame & 0x8000 or self._deaf:
            return
        self._input = frame & 0xFFF if frame & 0x1000 else SHUT
        if not self._ldac and self._output != self._input:
            self._take(t)

    def _take(self, t):
        """The DAC's output becomes what its input register has. A phase under way is another one from here on."""
        if not self._dir:
            self._output = self._input
            return
        direction = self._dir
        self.advance(t)
        self._end_phase(t)
        self._output = self._input
        self._begin_phase(t, direction)

    def alive_edge(self, t, high=True):
        """STAGE_ALIVE toggled."""
        self.advance(t)
        if "rail_dead" not in self.faults:
            self._alive_until = t + (ALIVE_HOLD_US if high else ALIVE_LOW_US)

    @micropython.native
    def keep_alive(self, t, high=True):
        """An edge of STAGE_ALIVE that only keeps a full rail up, without allocating. False if it would do more."""
        if t > self._alive_until or not self._rail_full or self._test or self.faults and "rail_dead" in self.faults:
            return False
        self._alive_until = t + (ALIVE_HOLD_US if high else ALIVE_LOW_US)
        return True

    def draw(self, t, role, share):
        """A lamp takes this share of its current; beeper and motor are off, or on."""
        self._settle(t)
        if role == "HAPTIC":
            amps = MOTOR_A if share else 0.0
        elif role == "BEEPER":
            amps = BEEPER_A if share else 0.0
        else:
            amps = share * LAMP_A
        self._draws[role] = amps
        self._drawn_a = sum(self._draws.values())

    def _settle(self, t):
        """The cell's slow part has followed what was drawn up to t; the current it gives, A."""
        if not self._running:
            amps = 0.0
        else:
            amps = PROCESSOR_A + self._drawn_a
            if t - self._boost_t >= BOOST_MEAN_US:
                mean = self._stage_c * 1e6 / (t - self._boost_t)
                self._boost_a = mean * self._rail_nominal / self._cell_volts() / BOOST_SHARE
                self._stage_c = 0.0
                self._boost_t = t
            if self._rail_up:
                amps += BOOST_A + self._boost_a
        if self.usb:
            amps = -CHARGER_A if self.battery_pct < 100 else 0.0
        if t > self._sag_t:
            self.cell_read[2] = 0
            final = amps * self._cell_ohm * (1 - OHMIC_SHARE)
            self._sag = final + (self._sag - final) * exp((self._sag_t - t) / CELL_US)
            self._sag_t = t
        return amps

    def _cell_volts(self):
        """Of the cell at rest."""
        board = self._board
        span = board.CELL_FULL_MV - board.CELL_EMPTY_MV
        return (board.CELL_EMPTY_MV + span * self.battery_pct / 100) / 1000.0

    def set_regulator(self, pwm):
        """Level of SMPS_PWM: high, the Pico's regulator makes the least ripple."""
        self.tables = (self._seed, self._noise_quiet if pwm else self._noise_ripple, self._inl)

    @micropython.native
    def volts(self, t, role):
        """What an ADC input sees, V."""
        # Readings right after another share one state: nothing moves by more than a converter's step in between.
        if t - self.t > SETTLED_US:
            self.advance(t)
        if self._wired and role in _COLUMNS:
            return self._wired_volts(_COLUMNS[role])
        if role == "CURRENT_SENSE":
            return self._current_volts()
        if role == "RAIL_SENSE":
            return self._rail_sensed()
        if role == "SINK_SENSE":
            return self._sink_sensed()
        if role == "BATTERY_SENSE":
            return self._battery_volts(t)
        return self._sensor_volts - (self.temperature_c - 27) * 0.001721

    def _battery_volts(self, t):
        if "battery_sense_open" in self.faults:
            return 0.0
        amps = self._settle(t)
        cell = self._cell_volts() - amps * self._cell_ohm * OHMIC_SHARE - self._sag
        return (VBUS_VSYS_V if self.usb else cell) * self._battery_divider

    def _wired_volts(self, column):
        """A converter's input on a breadboard that is wired as it is: for the switches' levels, by the DAC's mV.

        Rows (mV, V, V, V) as solved beforehand, the first with the DAC shut down.
        """
        rows = self._wired["%d%d" % (bool(self._el_a), bool(self._el_b))]
        if self._output == SHUT:
            return rows[0][column]
        mv = (self._output * self._dac_gain + self._dac_offset) * 1000
        below = rows[1]
        for row in rows[2:]:
            if row[0] >= mv:
                break
            below = row
        if row[0] == below[0]:
            return below[column]
        return below[column] + (row[column] - below[column]) * (mv - below[0]) / (row[0] - below[0])

    @micropython.native
    def _rail_sensed(self):
        return self._rail * self._rail_divider

    @micropython.native
    def _sink_sensed(self):
        return self._sink_volts() * self._sink_divider

    @micropython.native
    def _current_volts(self):
        # Less than the electrodes carry, by what the sink divider takes and R15 takes off.
        volts = (self._amps() - self._less) * self._rset
        if volts < 0.0:
            volts = 0.0
        if self.faults:
            if "sense_open" in self.faults:
                return 0.0
            if "sense_offset" in self.faults:
                volts += 40e-6 * self._rset
            if "sense_low" in self.faults:
                volts *= 0.75
        return volts

    def adc(self, t, role):
        """A 12 bit reading of `volts`, with all that the converter adds."""
        code = _convert(self.tables, int(self.volts(t, role) * self._adc_scale))
        return self.spoilt[role](code) if role in self.spoilt else code

    def reader(self, role):
        """A function of t that reads as `adc`, and faster."""
        volts = self.volts
        sees = {"CURRENT_SENSE": self._current_volts, "SINK_SENSE": self._sink_sensed, "RAIL_SENSE": self._rail_sensed}
        now_volts = sees.get(role)
        scale = self._adc_scale
        spoilt = self.spoilt
        whole = int
        convert = _convert

        @micropython.native
        def read(t):
            if self._wired or now_volts is None:
                seen = volts(t, role)
            else:
                if t - self.t > SETTLED_US:
                    self.advance(t)
                seen = now_volts()
            code = convert(self.tables, whole(seen * scale))
            if spoilt and role in spoilt:
                return spoilt[role](code)
            return code

        return read

    def look_at_cell(self, t):
        """Readings of the cell from t on, for CELL_READ_US at most, see this voltage: `cell_code` converts it."""
        if t - self.t > SETTLED_US and not self._still(t):
            self.advance(t)
        at = int(self._battery_volts(t) * self._adc_scale)
        kept = self.cell_read
        kept[0] = max(at, 0)
        kept[1] = t & 0x3FFFFFFF
        kept[2] = 1

    @micropython.native
    def _still(self, t):
        """Whether up to t nothing moves on but skin that discharges, which the cell does not see."""
        if self._dir or self._test or self._looped or self.faults or t >= self._break_due or t >= self._relay_due:
            return False
        if self._rail_full:
            return t <= self._alive_until
        return not self._rail and not self.latch and self.t > self._alive_until

    def vbus(self):
        """Level of VBUS_SENSE."""
        return self.usb

    def fault_line(self):
        """Level of STAGE_FAULT_N: low when the latch has tripped."""
        return not (self.latch or "fault_line_stuck" in self.faults or self.pressed.get("STAGE_FAULT_N"))

    # Physics.

    @micropython.native
    def advance(self, t):
        """Move everything to time t (never back)."""
        if t >= self._break_due:
            self._breaks(t)
        if t >= self._relay_due:
            due = self._relay_due
            self._relay_due = FAR
            self.advance(due)
            self._end_phase(due)
            self._looped = not self._looped
            self._begin_phase(due, self._lines)
        us = t - self.t
        if us > 0:
            if self._test or self._looped:
                self._test_trips(t)
            if self.faults and "clamp_shorted" in self.faults and self._rail > CLAMP_V and not self._lifted:
                self._trip(t)
            if t > self._alive_until or not self._rail_full:
                if us > FALL_STEP_US and self._dir and self._rail:
                    self._fall(t)
                    return
                self._move_rail(t)
            if self._dir or self._vc:
                self._move_skin(us)
                # What it has counted is less than what was passed in all.
                if "watch_dead" in self.faults:
                    pass
                elif self._end_a > WATCH_A or self._charge >= self._room and not -WATCH_C < self._one_way(t) < WATCH_C:
                    self.t = t
                    if self._board.HAS_WATCH:
                        self._trip(t)
            self.t = t

    def unfed(self, t):
        """Whether a rail that nothing keeps up is still there: whoever moves time then moves it on in small steps."""
        return t > self._alive_until and self._rail > 0.0

    def _fall(self, t):
        """Move on to t, while skin is driven from a rail that falls or rises."""
        late = self._late
        self._late = max(t, late)  # as in `_breaks`
        while self.t < t:
            to = min(t, self.t + FALL_STEP_US)
            if self.t < self._alive_until < to:
                to = self._alive_until
            self.advance(to)
        self._late = late

    def _loops(self):
        """Whether the relay is to be open, and can."""
        faults = self.faults
        if "relay_welded" in faults:
            return False
        return "relay_open" in faults or self.usb or self._test and self._el_a != self._el_b

    def _relay(self, t):
        """What works on the relay has changed."""
        if self._board.HAS_BOOST:
            self._relay_due = t + RELAY_US if self._loops() != self._looped else FAR

    def _test_trips(self, t):
        """What the loop has carried up to t, and what is made to trip."""
        direction = self._lines
        faults = self.faults
        amps = self._amps()
        if not direction:
            if self._test and self._el_b and amps > TEST_RSET_A and "trip_dead" not in faults:
                self._trip(t)
            return
        if not self._past_v:
            return
        kept = self._unpaired * exp((self._unpaired_t - t) / WATCH_US)
        self._unpaired = unpaired = kept + direction * amps * (t - self._loop_t) * 1e-6
        self._unpaired_t = self._loop_t = t
        most, most_c = (TEST_A, TEST_C) if self._test else (WATCH_A, WATCH_C)
        if "watch_dead" not in faults and (amps > most or not -most_c < unpaired < most_c):
            self._trip(t)

    @micropython.native
    def _set_amps(self):
        if self.latch or self._output == SHUT and "dac_full_scale" not in self.faults:
            return 0.0
        code = self._output
        gain = self._dac_gain
        if self.faults:
            if "dac_full_scale" in self.faults:
                code = self._dac_codes - 1
            if "dac_low" in self.faults:
                gain *= 0.75
            elif "dac_high" in self.faults:
                gain *= 1.23
        volts = code * (gain + self._dac_bow * (self._dac_codes - code)) + self._dac_offset
        return volts / self._rset if volts > 0 else 0.0

    def _move_rail(self, t):
        if not self._board.HAS_BOOST:
            self._rail = self._rail_nominal
        else:
            if "rail_stuck" in self.faults or self.t < self._alive_until and not self.latch:
                on_us = t - self.t if "rail_stuck" in self.faults else min(t, self._alive_until) - self.t
                if self._rail < self._rail_nominal:
                    self._rail = min(self._rail_nominal, self._rail + self._rail_nominal * on_us / RAIL_RISE_US)
                off_us = t - self.t - on_us
            else:
                off_us = t - self.t
            if off_us and self._rail:
                self._rail *= exp(-off_us / RAIL_FALL_US)
                if self._rail < 0.1:
                    self._rail = 0.0
            if self.latch and t > self._alive_until and not self._rail and "fault_line_stuck" not in self.faults:
                self.latch = False
                self._circuit()
                self._emit("latch", max(t, self._late), "0")
                self.on_input()
        self._limit = self._rail - self._drop
        self._rail_full = self._rail > 0.9999 * self._rail_nominal
        if not self._rail_up and self._rail > 0.9 * self._rail_nominal:
            self._rail_up = True
            self._emit("rail", max(t, self._late), "1")
        elif self._rail_up and self._rail < 0.1 * self._rail_nominal:
            self._rail_up = False
            self._emit("rail", max(t, self._late), "0")

    def _trip(self, t):
        if not self.latch:
            self.latch = True
            self._circuit()
            self._emit("latch", max(t, self._late), "1")
            self.on_input()

    @micropython.native
    def _circuit(self):
        """What only changes with the set current, the load and the faults: to be called after any of them."""
        self._circuit_code = self._output
        self._rset = self._rset_ohm * (0.5 if "rset_low" in self.faults else 1.0)
        self._set = self._set_amps()
        self._source = self._rset + self._board.FET_OHM
        self._series = self._rs + self._switches_ohm
        if self._rp:
            self._rest_s = 1 / self._rest_r + 1 / self._series
        if self._rp:
            self._r = self._scale / ((1 + self._set / SKIN_KNEE_A) / self._rp + self._leak)
        else:
            self._r = 0.0
        # A set current's worth: what flows unless the source saturates, over what, the skin's end, its time, and the
        # volts in series with it.
        self._whole = self._source + self._series
        amps, rs, r = self._set, self._series, self._r
        self._plan = (amps, rs, r, self._source, amps * r, r * self._c, amps * rs)
        self._drop = self._set * self._whole
        self._limit = self._rail - self._drop
        self._drives.clear()
        self._told = [None] * 3

    @micropython.native
    def _move_skin(self, us):
        if self._lifted:
            return
        direction = self._dir
        if not direction:
            factors = self._rests
            if us in factors:
                factor = factors[us]
            else:
                if len(factors) >= FACTORS:
                    factors.clear()
                s = us * 1e-6
                factors[us] = factor = exp(-s * self._rest_s / self._c)
            self._vc = vc = self._vc * factor
            if -1e-6 < vc < 1e-6:
                self._vc = 0.0
            return
        amps, rs, r, source, final, tau, drop = self._plan
        u = self._vc if direction > 0 else -self._vc
        limit = self._limit  # of u, beyond which the source saturates
        if r and final <= limit and u < limit and amps:
            factors = self._drives
            if us in factors:
                factor, charge = factors[us]
            else:
                if len(factors) >= FACTORS:
                    factors.clear()
                s = us * 1e-6
                factor = exp(-s / tau)
                charge = amps * s
                factors[us] = (factor, charge)
            u = final + (u - final) * factor
            self._vc = u if direction > 0 else -u
            self._charge += charge
            volts = u + drop
            if volts > self._peak_v:
                self._peak_v = volts
            if amps > self._peak_a:
                self._peak_a = amps
            self._end_a = amps
            return
        s = us * 1e-6
        if not r:
            i = min(amps, self._rail / (source + rs))
            self._count(i, i, i * s, i * rs)
            return
        first = self._amps()
        charge = 0.0
        if u < limit and amps:
            t = s
            if final > limit:
                t = min(s, -tau * log((final - limit) / (final - u)))
            u = final + (u - final) * exp(-t / tau)
            charge = amps * t
            s -= t
        elif not amps:
            u *= exp(-s / tau)
            s = 0.0
        last = amps
        if s > 0:
            total = source + rs
            final = self._rail * r / (r + total)
            tau *= total / (r + total)
            after = final + (u - final) * exp(-s / tau)
            # Never above what is set, should the rail have more again before the skin has discharged.
            charge += min(amps * s, (self._rail * s - (final * s + (u - final) * tau * (1 - exp(-s / tau)))) / total)
            u = after
            last = min(amps, (self._rail - u) / total)
        self._vc = u * self._dir
        self._count(first, last, max(charge, 0.0), u + last * rs)

    @micropython.native
    def _count(self, first, last, charge, volts):
        self._charge += charge
        if first > self._peak_a:
            self._peak_a = first
        if last > self._peak_a:
            self._peak_a = last
        if volts > self._peak_v:
            self._peak_v = volts
        self._end_a = last

    @micropython.native
    def _amps(self):
        """Current through Rset now."""
        if self._dir:
            if self._lifted:
                return 0.0
            most = (self._rail - self._vc if self._dir > 0 else self._rail + self._vc) / self._whole
            return self._set if self._set < most else max(0.0, most)
        if self._output != self._circuit_code:
            self._circuit()
        ohm = self._beside()
        if not ohm:
            return 0.0
        if self.faults and "clamp_shorted" in self.faults:
            return min(self._set, self._rail * CLAMP_OHM / (CLAMP_OHM + ohm) / self._source)
        return min(self._set, max(0.0, self._rail - self._past_v) / (self._source + ohm))

    @micropython.native
    def _sink_volts(self):
        """Voltage of the sink node."""
        amps = self._amps()
        if not self._dir:
            ohm = self._beside()
            if self.faults and "clamp_shorted" in self.faults:
                return self._rail * CLAMP_OHM / (CLAMP_OHM + ohm) if ohm else 0.0
            # The sink divider hangs on it too.
            return self._rail - max(amps, self._less) * ohm - self._past_v if ohm else 0.0
        if not amps and self._lifted:
            return 0.0
        return (self._rail - self._vc if self._dir > 0 else self._rail + self._vc) - amps * self._series

    @micropython.native
    def _beside(self):
        """Between rail and sink node while nothing is driven through the skin, ohm; 0: nothing."""
        if self._past:
            return self._past
        faults = self.faults
        if self._el_a and self._el_b:
            ohm = 0 if faults and "short_open" in faults or not self._board.HAS_SHORT else self._short_ohm
            if faults and "rest_stuck" in faults:
                ohm = 1 / (1 / ohm + 1 / self._rest_ohm) if ohm else self._rest_ohm
            return ohm
        return 0 if self.latch or faults and "rest_open" in faults else self._rest_ohm

    @micropython.native
    def _one_way(self, t):
        """What the electrode watch has counted at t: the charge passed, forward positive, the older the less."""
        passed = self._charge
        if self._dir < 0:
            passed = -passed
        us = t - self._start
        if us > LONG_US and passed:
            passed *= (1.0 - exp(-us / WATCH_US)) * WATCH_US / us  # as of a steady current
        return self._unpaired * exp((self._unpaired_t - t) / WATCH_US) + passed

    @micropython.native
    def _begin_phase(self, t, direction):
        self._lines = direction
        if self._past:
            self._past = self._past_v = 0.0
        if direction and self._looped:
            self._past = self._switches_ohm
            self._past_v = LOOP_V[direction]
            self._loop_t = t
        elif direction and self.faults:
            # Electrode 1 on the sink for good: forward, the current that the sense sees is not the skin's.
            if direction > 0 and "switch_welded" in self.faults:
                self._past = self._switches_ohm
            elif "rest_stuck" in self.faults:
                self._past = self._rest_ohm  # of which the skin in fact gets up to a third
        if self._dir:
            self._charge = self._peak_a = self._peak_v = self._end_a = 0.0
        elif self._rest_ohm:
            self._stage_c += self._set * (t - self._start) * 1e-6
        self._dir = 0 if self._past else direction
        if self._output != self._circuit_code:
            self._circuit()
        self._start = t

    @micropython.native
    def _end_phase(self, t):
        direction = self._dir
        if direction and t > self._start:
            charge = self._charge
            self._stage_c += charge
            self._unpaired = unpaired = self._one_way(t)
            self._unpaired_t = t
            self._room = WATCH_C + unpaired if unpaired < 0.0 else WATCH_C - unpaired
            # A treatment's phases are mostly alike.
            code = self._output
            phase = (t - self._start, code, charge, self._vc, self._peak_a, self._end_a, self._peak_v, self._rail)
            told = self._told[direction]
            if told is None or told[0] != phase:
                self._told[direction] = told = (phase, self._tell(*phase))
            self._emit("phase", self._start, told[1])

    def _tell(self, us, code, charge, vc, peak_a, end_a, peak_v, rail):
        """A phase's fields in the trace."""
        if charge:
            sink = self._sink_volts()
            rest = 0.0
            # The sense dividers take theirs of the source's current as long as that is what flows, until it falls, at
            # first evenly; then it is made up for, as fast.
            even_s = us * 1e-6
            if end_a < self._set:
                even_s -= 2.0 * (self._set * even_s - charge) / (self._set - end_a)
            if self._rest_ohm and "rest_open" not in self.faults:
                rest = rail - self._set * self._rest_ohm
                charge -= end_a * REST_OFF_S
            # What the strays took is made up for once compliance has run out: soon after the current has begun to fall.
            left = (end_a / self._set - MADE_UP) / (BEGUN - MADE_UP) if rest and self._set else 1.0
            kept = 1.0 if left > 1.0 else max(0.0, left)
            charge += kept * (sink - rest) * self._stray
            if even_s > 0.0 and self._set:
                charge -= end_a / self._set * (rail - sink) / 2 / DIVIDER_OHM * even_s
            if end_a == self._set and not rest:
                charge += RECOVERY_C
        fields = (self._dir, us, max(code, 0), peak_a * 1e6, end_a * 1e6, max(charge, 0.0) * 1e9, peak_v * 1000)
        return "%d,%d,%d,%.2f,%.2f,%.3f,%d" % fields


@micropython.viper
def cell_code(cell_read, tables, now: int) -> int:
    """A reading of the cell at `now`, us modulo 2^30; -1 when it is to be looked at again."""
    kept = ptr32(cell_read)
    if not kept[2] or (now - kept[1] & 0x3FFFFFFF) >= int(CELL_READ_US):
        return -1
    return int(_convert(tables, kept[0]))


@micropython.viper
def _convert(tables, at: int) -> int:
    """What the converter makes of a voltage, given in sixteenths of a code."""
    its_seed, its_noise, its_inl = tables
    seed = ptr32(its_seed)
    noise = ptr16(its_noise)
    inl = ptr16(its_inl)
    drawn = seed[0] * 1103515245 + 12345 & 0x3FFFFFFF
    seed[0] = drawn
    at += noise[drawn >> 20] - 32768
    if at < 0:
        return 0
    if at >= 65536:
        return 4095
    return at + inl[at >> 4] - 32768 >> 4


@micropython.native
def _inl(wide, bow):
    """How far the code read is from where it should be, in sixteenths of a code, + BIAS, for each code it should be.

    wide: by how many codes each of the four codes of RP2040-E11 is too wide; all others are narrower, so that both ends
    stay in place. bow: of the rest, codes at mid scale.
    """
    table = array("H", [0] * 4096)
    middle = WIDE_EVERY // 2
    steep = WIDE_EVERY / (WIDE_EVERY - wide)
    begins = middle / steep
    for i in range(4096):
        bent = i + bow * 4 * i * (4095 - i) / 4095**2
        within = bent % WIDE_EVERY
        if within < begins:
            code = within * steep
        elif within < begins + wide:
            code = middle
        else:
            code = (within - wide) * steep
        code += bent - within
        table[i] = BIAS + min(max(int(16 * code + 0.5) - 16 * i, -16 * i), 16 * (4095 - i))
    return table
