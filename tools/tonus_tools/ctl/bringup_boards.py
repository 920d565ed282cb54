"""The steps of each board: places for the probes, what is right there, and what is wrong when it is not."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from ..errors import UsageError
from .bringup import DIVIDERS_V, HALF_PCT, NOTHING_V, OWN_PCT, OWN_V, SUPPLY, Bringup, Current
from .calibrate import HELD_UA
from .client import Client, Held

HIGH = HELD_UA[-1]
RAIL_PCT = 5.0


class Bench(Bringup):
    """pico_bench, on a breadboard. Places name a chip's pin as its datasheet numbers it."""

    # What the probes touch: red, black. For whoever reads the circuit (boards/pico_bench/circuit.py) beside this.
    PLACES = {
        "MCP4821, pin 1 to pin 7": ("U1.VDD", "U1.VSS"),
        "MCP4821, pin 6 to pin 7": ("U1.SHDN", "U1.VSS"),
        "MCP6002, pin 8 to pin 4": ("U2.VDD", "U2.VSS"),
        "74HC4053, pin 16 to pin 6": ("U3.VCC", "U3.INH"),
        "74HC4053, pin 16 to pin 7": ("U3.VCC", "U3.VEE"),
        "74HC4053, pin 16 to pin 8": ("U3.VCC", "U3.GND"),
        "74HC4053, pin 16 to pin 9": ("U3.VCC", "U3.C"),
        "74HC4053, pin 1 to pin 8": ("U3.Y1", "U3.GND"),
        "74HC4053, pin 13 to pin 8": ("U3.X1", "U3.GND"),
        "MCP4821, pin 8 to pin 7": ("U1.VOUT", "U1.VSS"),
        "top of Rset, the FET's source, to the - row": ("Q1.S", "U1.VSS"),
        "MCP6002, pin 1 to pin 4": ("U2.OUTA", "U2.VSS"),
        "MCP6002, pin 3 to pin 4": ("U2.INA+", "U2.VSS"),
        "74HC4053, pin 11 to pin 8": ("U3.A", "U3.GND"),
        "74HC4053, pin 10 to pin 8": ("U3.B", "U3.GND"),
        "74HC4053, pin 14 to pin 8": ("U3.X", "U3.GND"),
        "74HC4053, pin 15 to pin 8": ("U3.Y", "U3.GND"),
        "74HC4053, pin 12 to pin 8": ("U3.X0", "U3.GND"),
        "74HC4053, pin 2 to pin 8": ("U3.Y0", "U3.GND"),
        "the FET's drain to the - row": ("Q1.D", "U1.VSS"),
        "over the load, red on 74HC4053 pin 14, black on pin 15": ("U3.X", "U3.Y"),
        "MCP6002, pin 5 to pin 4": ("U2.INB+", "U2.VSS"),
        "MCP6002, pin 7 to pin 4": ("U2.OUTB", "U2.VSS"),
    }
    LAMP_PINS = {
        "LEVEL_1": 9, "LEVEL_2": 10, "LEVEL_3": 11, "LEVEL_4": 12, "LEVEL_5": 14,
        "MODE_1": 1, "MODE_2": 2, "MODE_3": 15, "MODE_4": 17, "BEEPER": 16,
    }  # fmt: skip
    BUTTON_PINS = {"MODE": 26, "PLUS": 27, "MINUS": 20, "STAGE_FAULT_N": 29}

    def steps(self) -> dict[str, tuple[str, Callable[[], None]]]:
        return {
            "supply": ("3.3 V and 5 V at every chip; red probe first", self.supply),
            "jumper": ("the jumper that plays the cable", self.jumper),
            "rail": ("the divider of the rail, Pico 34", self.rail),
            "dac": ("Pico 22, 24, 25 and 6 to the MCP4821", self.dac),
            "sink": ("op-amp, FET, switch and load: the current flows", self.sink),
            "rset": ("the current, over Rset: meter and Pico 31", self.rset),
            "load": ("the same over the load: meter and Pico 32", self.load),
            "reverse": ("the other direction", self.reverse),
            "keep-alive": ("Pico 7", self.alive),
            "lamps": ("each LED alone", self.lamps),
            "beeper": ("the piezo disc", self.sounds),
            "buttons": ("each button alone", self.buttons),
            "fault": ("the push-button that plays the trip", self.fault),
            "stop": ("MODE stops it", self.stop),
            "selftest": ("the device's own test, through the load", self.selftest),
        }

    def supply(self) -> None:
        least, most = SUPPLY["3.3 V"]
        for where, hint in (
            ("MCP4821, pin 1 to pin 7", "pin 1 to the + row, pin 7 to the - row"),
            ("MCP4821, pin 6 to pin 7", "pin 6 to the + row: without it the DAC stays shut down"),
            ("74HC4053, pin 16 to pin 8", "pin 16 to the + row, pin 8 to the - row"),
            ("74HC4053, pin 16 to pin 6", "pin 6 (INH) to the - row: open, it switches everything off"),
            ("74HC4053, pin 16 to pin 7", "pin 7 (VEE) to the - row"),
            ("74HC4053, pin 16 to pin 9", "pin 9 to the - row: no input is left open"),
            ("74HC4053, pin 1 to pin 8", "pin 1 (Y1) to the + row, which is the rail"),
            ("74HC4053, pin 13 to pin 8", "pin 13 (X1) to the + row, which is the rail"),
        ):
            self.meter(where, least, most, lambda v, hint=hint: self._supply_hint(v, hint))  # type: ignore[misc]
        least, most = SUPPLY["5 V"]
        self.meter("MCP6002, pin 8 to pin 4", least, most, self._five_hint)

    def _supply_hint(self, volts: float, hint: str) -> str:
        if volts > 4:
            return "Unplug at once: that is the 5 V of Pico 40, where the 3.3 V of Pico 36 belong. Swapped?"
        if volts < -1:
            return f"Turned round: the probes, or plus and minus. {hint}."
        few = "Too little, through something else: " if volts > 0.3 else "No wire: "
        return (
            f"{few}{hint}; Pico 36 to the + row, Pico 28 (or another ground) to the - row, the two + rows and the "
            "four - rows joined (some "
            "breadboards' rows are cut in the middle)."
        )

    def _five_hint(self, volts: float) -> str:
        if 2.8 < volts < 3.7:
            return "3.3 V: pin 8 belongs on Pico 40 (VBUS), not on Pico 36. The gate needs more than 3.3 V."
        return "No wire: MCP6002 pin 8 to Pico 40, pin 4 to the - row."

    def jumper(self) -> None:
        self.person.do("Put the jumper in: Pico 19's wire to the + row")
        high = self.level("VBUS_SENSE")
        self.note(
            "Pico 19 is high with the jumper in",
            "device",
            high,
            "",
            None,
            None,
            lambda: (
                "Pico 19 sees no jumper: no wire from Pico 19, or swapped with Pico 20 (MINUS); the jumper in "
                "the + row?"
            ),
        )
        state = self.client.device_info().state
        self.person.told(f"  the device is in {state}")

    def rail(self) -> None:
        half = self.board.RAIL_MV / 2000
        least, most = half * (1 - HALF_PCT / 100), half * (1 + HALF_PCT / 100)
        volts = self.own_v(1000 * self.client.board_read().rail)
        self.own(
            "half of the rail, Pico 34",
            volts,
            least,
            most,
            lambda _: (
                "No wire from Pico 34 to the middle of the two 10 kOhm between + and - row, or swapped with Pico 32."
            ),
        )

    def dac(self) -> None:
        self.hold(Current(HIGH))
        least, most = self.around(self.set_v(HIGH))
        self.meter("MCP4821, pin 8 to pin 7", least, most, self._dac_hint)

    def _dac_hint(self, volts: float) -> str:
        if volts < NOTHING_V:
            return (
                "The DAC has not heard: SCK and MOSI swapped (Pico 24 to pin 3, Pico 25 to pin 4)? CS (Pico 22 "
                "to pin 2), "
                "LDAC (Pico 6 to pin 5) not there, or on a neighbour's pin?"
            )
        if 3.0 < volts < 3.5:
            return "Twice too much: gain 2x. An MCP4822 in its place, or another DAC?"
        return "Something pulls at pin 8: it goes to MCP6002 pin 3, and through 100 kOhm to the - row, nowhere else."

    def sink(self) -> None:
        """400 uA over Rset; if they are not there, further questions find out where they end."""
        self.hold(Current(HIGH))
        least, most = self.around(self.set_v(HIGH))
        where = "top of Rset, the FET's source, to the - row"
        self.person.told(f"  expected {self.set_v(HIGH):.3f} V, right from {least:.3f} V to {most:.3f} V")
        value = self.volts(where)
        self.note(where, "meter", value, "V", least, most, lambda: self._sink_hint(value))

    def _sink_hint(self, rset: float) -> str:
        ask = self.volts
        if rset > self.set_v(HIGH):
            return (
                "More than is set: MCP6002 pin 2 is not on top of Rset, so nothing regulates; or Rset is too "
                "large; or drain and "
                "source swapped (2N7000: source, gate, drain; BS170: drain, gate, source)."
            )
        self.person.told("  not as it should be; a few more readings tell where it ends")
        gate = ask("MCP6002, pin 1 to pin 4")
        if gate < 0.3:
            if ask("MCP6002, pin 3 to pin 4") < 1:
                return (
                    "0 V at the gate, and at MCP6002 pin 3: no wire from MCP4821 pin 8 to MCP6002 pin 3, or it "
                    "is on pin 2."
                )
            return (
                "0 V at the gate: MCP6002 pins 2 and 3 swapped, the chip the wrong way round, or pin 2 on the "
                "FET's drain in "
                "place of its source (2N7000: source, gate, drain; BS170: drain, gate, source)."
            )
        if ask("74HC4053, pin 11 to pin 8") < 2:
            return "EL_A is not high: Pico 4 to 74HC4053 pin 11; no wire, or swapped with a neighbour?"
        if ask("74HC4053, pin 10 to pin 8") > 1:
            return "EL_B is high: Pico 5 to 74HC4053 pin 10, and Pico 6 (LDAC) to MCP4821 pin 5. Swapped?"
        if ask("74HC4053, pin 14 to pin 8") < 2.5:
            return "Electrode 1 is not on the rail: 74HC4053 pin 13 to the + row, pin 14 to the load alone."
        if ask("74HC4053, pin 15 to pin 8") < 1:
            return "Nothing comes through the load: 1 kOhm between 74HC4053 pins 14 and 15, a wire at either end?"
        if ask("74HC4053, pin 2 to pin 8") < 1:
            return "Electrode 2 is not on the sink: 74HC4053 pin 2 (Y0) is on a wrong wire."
        if ask("the FET's drain to the - row") < 1:
            return (
                "The sink node ends at the switch: no wire from 74HC4053 pin 2 to the FET's drain, or drain and "
                "source swapped."
            )
        return (
            "The FET does not conduct: its gate through 100 Ohm to MCP6002 pin 1? Source, gate, drain from left "
            "to right with "
            "its flat side towards you (2N7000; a BS170 is drain, gate, source)."
        )

    def rset(self) -> None:
        for ua in HELD_UA:
            held = self.hold(Current(ua))
            least, most = self.around(self.set_v(ua))
            meter = self.meter(
                "top of Rset, the FET's source, to the - row",
                least,
                most,
                lambda _: "The larger currents are right: a leak, or a DAC with a large offset.",
            )
            self.own_current(held, meter)

    def own_current(self, held: Held, meter: float) -> None:
        """The device's own reading, against the meter's."""
        own = self.own_v(held.sense_mcodes - held.zero_mcodes)
        off = meter * OWN_PCT / 100 + OWN_V
        self.own(
            "over Rset, Pico 31",
            own,
            meter - off,
            meter + off,
            lambda _: (
                "The meter is right and the Pico is not: no wire from Pico 31 to the 10 kOhm on top of Rset, or "
                "swapped with "
                "Pico 32."
            ),
        )

    def load(self) -> None:
        for ua in HELD_UA:
            self._over_load(Current(ua))

    def reverse(self) -> None:
        self._over_load(Current(HIGH, True))

    def _over_load(self, current: Current) -> None:
        sign = -1 if current.reverse else 1
        held = self.hold(current)
        nominal = sign * current.ua * self.board.DUMMY_LOAD_OHM / 1e6
        least, most = self.around(nominal)
        where = "over the load, red on 74HC4053 pin 14, black on pin 15"
        self.meter(where, least, most, lambda v: self._load_hint(v, nominal))
        own = self.own_v(held.voltage_mcodes) * self.board.DIVIDER
        across = current.ua * (self.board.DUMMY_LOAD_OHM + self.board.SWITCHES_OHM) / 1e6
        off = DIVIDERS_V + across / 4  # switches of 100 to 400 Ohm
        self.own("rail less sink node, Pico 34 and 32", own, across - off, across + off, self._sense_hint)

    def _load_hint(self, volts: float, nominal: float) -> str:
        if nominal < 0 and abs(volts) < NOTHING_V:
            return (
                "Nothing flows this way round: EL_B (Pico 5 to 74HC4053 pin 10), pin 1 (Y1) to the + row, pin 12 "
                "(X0) to the "
                "sink node. A wire missing, or pins 12 and 13 swapped?"
            )
        if volts * nominal < 0:
            return (
                "The direction is turned round: EL_A and EL_B swapped (74HC4053: Pico 4 to pin 11, Pico 5 to pin "
                "10), or "
                "the probes?"
            )
        if abs(volts) < NOTHING_V:
            return (
                "The current goes past the load: 74HC4053 pins 14 and 15 joined, or one of them on a neighbour's wire?"
            )
        return "The load is not 1 kOhm, or a wire at 74HC4053 pins 10 to 16 is on its neighbour's pin."

    def _sense_hint(self, volts: float) -> str:
        ask = self.volts
        self.person.told("  not as it should be; a few more readings tell where it ends")
        if ask("MCP6002, pin 5 to pin 4") < 0.5:
            return (
                "MCP6002 pin 5 sees no sink node: no wire from the FET's drain to the 1 MOhm, and a second 1 "
                "MOhm to the - row?"
            )
        if abs(ask("MCP6002, pin 7 to pin 4") - 1.5) > 0.4:
            return "MCP6002 does not follow its pin 5: pins 6 and 7 joined?"
        return "No wire from MCP6002 pin 7, through 1 kOhm, to Pico 32, or swapped with Pico 31 or 34."

    def alive(self) -> None:
        if self.client.device_info().state == "FAULT":
            self.person.told("  skipped: a fault stands, and the keep-alive with it; the last step starts afresh")
            return
        self.hold(Current(HIGH))
        self.sees(
            "400 uA are held: the keep-alive LED glows?",
            "No wire from Pico 7 to the LED's 1 kOhm, or swapped with Pico 6 or 9; the LED turned round?",
        )
        self.release()
        self.sees(
            "Nothing is held: the keep-alive LED is dark?",
            "It hangs on another pin: Pico 7, not Pico 6 (LDAC, high at rest).",
        )

    def name(self, role: str) -> str:
        return f"{role} (the Pico's own)" if role == "CONTACT" else role

    def lamp_hint(self, role: str) -> str:
        if role == "CONTACT":
            return "The LED on the Pico itself is GPIO25: a Pico W has it elsewhere."
        what = "piezo disc" if role == "BEEPER" else "LED"
        pin = self.LAMP_PINS[role]
        turned = "" if role == "BEEPER" else "; the LED's short leg to the - row"
        return (
            f"None: no wire from Pico {pin} to the {what}, or none to the - row{turned}. Another: wires of "
            "neighbours swapped."
        )

    def button_hint(self, role: str, down: list[str]) -> str:
        if not role:
            pins = ", ".join(f"{self.BUTTON_PINS[other]} ({other})" for other in down)
            return f"Pico {pins} is low with no finger on it: a button's two joined pins used, or a wire to the - row?"
        pin = self.BUTTON_PINS[role]
        if down:
            return f"{' and '.join(down)} went down: wires swapped. {role} is Pico {pin}."
        return (
            f"No wire from Pico {pin} to the button, or from the button to the - row; use two pins of it that are "
            "diagonal."
        )

    def fault(self) -> None:
        self.press("", ("STAGE_FAULT_N",))
        self.press("STAGE_FAULT_N", ("STAGE_FAULT_N", "MODE", "PLUS", "MINUS"))

    def not_held(self) -> str:
        return "The jumper has to be in, and the push-button of the fault up; tonusctl bringup --from jumper."


class Device(Bringup):
    """tonus_r1: the places are its test points (boards/tonus_r1/BRINGUP.md). All flows through the built-in short."""

    PLACES = {
        "TP3 (3V3) to TP1": ("TP3.A", "TP1.A"),
        "TP5 (REF) to TP1": ("TP5.A", "TP1.A"),
        "TP4 (RAIL) to TP1": ("TP4.A", "TP1.A"),
        "TP6 (KEEP) to TP1": ("TP6.A", "TP1.A"),
        "TP7 (TRIP) to TP1": ("TP7.A", "TP1.A"),
        "TP11 (Rset) to TP1": ("TP11.A", "TP1.A"),
    }

    def steps(self) -> dict[str, tuple[str, Callable[[], None]]]:
        return {
            "supply": ("3.3 V and the reference; nothing on the electrodes, and no finger", self.supply),
            "inputs": ("what the processor's pins read at rest", self.inputs),
            "buttons": ("each button alone: MODE has to be right before anything flows", self.buttons),
            "rail": ("the 24 V, up and down again", self.rail),
            "trip": ("the latch at rest", self.trip),
            "rset": ("the current, over Rset: meter and device", self.rset),
            "stop": ("MODE stops it", self.stop),
            "lamps": ("each LED alone", self.lamps),
            "sounds": ("beeper and motor", self.sounds),
            "selftest": ("the device's own test, the watch and the trip with it", self.selftest),
        }

    def run(self, first: str = "") -> None:
        if self.client.device_info().state == "FAULT":
            self.step = "start"
            self.person.told("A fault stands since the start: nothing can be held until it is gone.")
        super().run(first)

    def supply(self) -> None:
        self.meter(
            "TP3 (3V3) to TP1", *SUPPLY["3.3 V"], lambda _: "The Pico's regulator, or a short on 3V3: see BRINGUP.md."
        )
        self.meter("TP5 (REF) to TP1", 2.475, 2.525, lambda _: "U13 turned round, R44, or a short at REF.")
        self.meter(
            "TP4 (RAIL) to TP1", -0.1, 0.5, lambda _: "The rail has to be down: Q8, Q9 or U14 let the boost run."
        )

    def inputs(self) -> None:
        for role, wanted, hint in (
            ("VBUS_SENSE", True, "the Pico's own divider of VBUS"),
            ("STAGE_FAULT_N", True, "the latch U12, which is set, or its line, which is low"),
            ("EL_A", False, "R95"),
            ("EL_B", False, "R96"),
        ):
            good = self.level(role) == wanted
            told = f"{role} is {'high' if wanted else 'low'}"
            self.note(told, "device", good, "", None, None, lambda hint=hint: f"Look at {hint}.")  # type: ignore[misc]
        rail = self.own_v(1000 * self.client.board_read().rail) * self.board.DIVIDER
        self.own("rail, down", rail, -0.1, 0.5, lambda _: "Rail divider R9, R9b; or the rail is up.")

    def rail(self) -> None:
        held = self.hold(Current(HELD_UA[0]))
        least, most = (self.board.RAIL_MV / 1000 * (1 + pct / 100) for pct in (-RAIL_PCT, RAIL_PCT))
        meter = self.meter("TP4 (RAIL) to TP1", least, most, lambda _: "Boost U10, L1, D11 and its divider R20, R21.")
        off = meter * OWN_PCT / 100
        self.own("rail", held.rail_mv / 1000, meter - off, meter + off, lambda _: "The rail divider R9, R9b.")
        self.meter("TP6 (KEEP) to TP1", 3.0, 3.5, lambda _: "The charge pump C5, D3, C6, R12, or its comparator U11.")
        self.release()
        self.meter("TP4 (RAIL) to TP1", -0.1, 0.5, lambda _: "The bleeder Q2 and R13, or the boost does not stop.")

    def trip(self) -> None:
        self.meter(
            "TP7 (TRIP) to TP1",
            -0.1,
            0.4,
            lambda _: "The latch U12 is set: U8 (the watch) or U11 (Rset) sees too much; R43.",
        )

    def rset(self) -> None:
        for ua in HELD_UA:
            held = self.hold(Current(ua))
            least, most = self.around(self.set_v(ua))
            meter = self.meter("TP11 (Rset) to TP1", least, most, lambda v, held=held: self._rset_hint(v, held))  # type: ignore[misc]
            own = self.own_v(held.sense_mcodes - held.zero_mcodes)
            off = meter * OWN_PCT / 100 + OWN_V
            self.own("over Rset", own, meter - off, meter + off, lambda _: "R6, C2, or the Pico's GPIO26.")
            across = ua * self.board.SHORT_OHM / 1e6
            off = across * OWN_PCT / 100 + DIVIDERS_V * self.board.RAIL_MV / 3300
            self.own(
                "over the built-in short",
                self.own_v(held.voltage_mcodes) * self.board.DIVIDER,
                across - off,
                across + off,
                lambda _: "R10, or the dividers R7, R8 and R9, R9b with the follower U2.",
            )

    def _rset_hint(self, volts: float, held: Held) -> str:
        if volts < NOTHING_V:
            if self.own_v(held.sense_mcodes - held.zero_mcodes) > NOTHING_V:
                return "The device sees the current and the meter does not: TP11 and TP1?"
            return (
                "Nothing flows: the DAC (SCK and MOSI, CS, LDAC at U1), the sink (U2, Q1, R4), or the short: U4 "
                "with EL_A and "
                "EL_B high, Q14, Q3, R10."
            )
        return "Rset R4, or the DAC's reference."

    def name(self, role: str) -> str:
        return f"{role} (on the Pico)" if role == "CONTACT" else role

    def lamp_hint(self, role: str) -> str:
        what = {"BEEPER": "Q12, R90, BZ1, D42", "HAPTIC": "Q13, R93, D41 and the motor at J3"}.get(role)
        return (
            f"Look at {what}."
            if what
            else f"The LED and the 1 kOhm at {role}: turned round, or a bridge to its neighbour?"
        )

    def button_hint(self, role: str, down: list[str]) -> str:
        if not role:
            return f"{' and '.join(down)} is low with no finger on it: a bridge, or the button turned by 90 degrees."
        return (
            f"{' and '.join(down) or 'Nothing'} went down: {role}'s button, its line to the Pico, a bridge to its "
            "neighbour?"
        )

    def not_held(self) -> str:
        return "A fault that stands since the start keeps the stage dead: tonusctl journal list names it."


BOARDS: dict[str, type[Bringup]] = {"pico_bench": Bench, "tonus_r1": Device}


def bringup_of(client: Client, board: SimpleNamespace, person: object) -> Bringup:
    """UsageError when this board has no steps."""
    found = BOARDS.get(board.NAME)
    if found is None:
        raise UsageError(f"the board {board.NAME} has no steps to bring it up; allowed {', '.join(sorted(BOARDS))}")
    return found(client, board, person)  # type: ignore[arg-type]
