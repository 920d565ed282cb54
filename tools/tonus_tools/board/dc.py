"""What a multimeter says at each net of a breadboard that is held still: its DC voltages, wired right or wrong.

Resistors, the Pico's supplies and outputs, the DAC, op-amps with their rails, a FET with its own diode, analog switches
and lamps; a chip without supply does nothing. An op-amp's output is the least at which its inputs agree, as it is when
it comes from zero: turned round it goes to its rail. Models are ideal but for what a hobbyist's meter would see.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .describe import Board

Pin = tuple[str, str]
V3, USB_V = 3.3, 5.0
SUPPLY_OHM, OUTPUT_OHM = 0.1, 50.0
SWITCH_OHM = 80.0  # one of a 74HC4053 at 3.3 V
FET_V, FET_A = 2.1, 0.1  # 2N7000: threshold, and A/V^2
DIODE_V, DIODE_OHM = 0.6, 5.0
LAMP_V = 1.9
METER_OHM = 10e6
CHIPS_OHM = {"U1": ("VDD", "VSS", 10e3), "U2": ("VDD", "VSS", 20e3)}  # what they take of their supply
LEAK = 1e-10  # siemens from each net to ground: nothing floats for ever
SWING_V = 0.01  # an op-amp's output from its rails
STEPS = 18  # halvings of an op-amp's range: 20 uV
RUNS_V = 1.8  # a chip with less supply does nothing


class Held:
    """A breadboard that stands still. nets: number of the net of each pin (breadboard.nets_of). outputs: V of the
    Pico's pins that drive something. dac_v: at the DAC's output, None while it is shut down. probes: of a meter."""

    def __init__(
        self,
        board: Board,
        nets: Mapping[Pin, int],
        outputs: Mapping[str, float],
        dac_v: float | None,
        probes: tuple[Pin, Pin] | None = None,
    ) -> None:
        self._board = board
        self._nets = nets
        self._n = max(nets.values()) + 1
        self._volts = np.zeros(self._n)
        self._fixed: list[tuple[int, float, float]] = []  # net, V, Ohm
        self._passive: list[tuple[int, int, float]] = []
        for (ref, pin), net in nets.items():
            if ref != "A1":
                continue
            if pin.startswith("GND"):
                self._fixed.append((net, 0.0, 1e-3))
            elif pin in ("3V3", "VBUS"):
                self._fixed.append((net, V3 if pin == "3V3" else USB_V, SUPPLY_OHM))
            elif pin in outputs:
                self._fixed.append((net, outputs[pin], OUTPUT_OHM))
        for ref, part in board.parts.items():
            if part.symbol.name == "resistor":
                self._passive.append((nets[ref, "A"], nets[ref, "B"], part.size))
        for ref, (plus, minus, ohm) in CHIPS_OHM.items():
            self._passive.append((nets[ref, plus], nets[ref, minus], ohm))
        if probes:
            self._passive.append((nets[probes[0]], nets[probes[1]], METER_OHM))
        self._amps: dict[Pin, float] = {}
        self._solve_linear()
        self._chips(dac_v)
        for amp in list(self._amps):
            self._settle(amp)
        self._solve()

    def at(self, ref: str, pin: str) -> float:
        """V against the Pico's ground."""
        return float(self._volts[self._nets[ref, pin]])

    def _supplied(self, ref: str, plus: str, minus: str) -> bool:
        # Its ground has to be one: what is not joined to anything leaks to 0 V too.
        grounded = self._grounded(self._nets[ref, minus])
        return grounded and self.at(ref, plus) - self.at(ref, minus) > RUNS_V

    def _grounded(self, net: int) -> bool:
        return any(at == net and volts == 0.0 and ohm < 1 for at, volts, ohm in self._fixed)

    def _chips(self, dac_v: float | None) -> None:
        nets = self._nets
        if dac_v is not None and self._supplied("U1", "VDD", "VSS") and self.at("U1", "SHDN") > RUNS_V:
            self._fixed.append((nets["U1", "VOUT"], dac_v, 1.0))
        if self._supplied("U3", "VCC", "VEE") and self._grounded(nets["U3", "GND"]) and self.at("U3", "INH") < 1.0:
            for line, common in (("A", "X"), ("B", "Y")):
                to = f"{common}{int(self.at('U3', line) > V3 / 2)}"
                self._passive.append((nets["U3", to], nets["U3", common], SWITCH_OHM))
        if self._supplied("U2", "VDD", "VSS"):
            self._amps = {("U2", "OUTA"): 0.0, ("U2", "OUTB"): 0.0}

    def _settle(self, amp: Pin) -> None:
        """The least output at which the inputs agree."""
        ref, out = amp
        letter = out[-1]
        low, high = self.at(ref, "VSS") + SWING_V, self.at(ref, "VDD") - SWING_V

        def wants_more(volts: float) -> bool:
            self._amps[amp] = volts
            self._solve()
            return self.at(ref, f"IN{letter}+") > self.at(ref, f"IN{letter}-") + 1e-6

        if not wants_more(low):
            return
        if wants_more(high):
            return
        for _ in range(STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if wants_more(middle) else (low, middle)

    def _matrix(self) -> tuple[np.ndarray, np.ndarray]:
        g = np.diag(np.full(self._n, LEAK))
        i = np.zeros(self._n)
        for a, b, ohm in self._passive:
            _conduct(g, a, b, 1 / ohm)
        for net, volts, ohm in self._fixed:
            g[net, net] += 1 / ohm
            i[net] += volts / ohm
        for (ref, out), volts in self._amps.items():
            net = self._nets[ref, out]
            g[net, net] += 1 / OUTPUT_OHM
            i[net] += volts / OUTPUT_OHM
        return g, i

    def _solve_linear(self) -> None:
        g, i = self._matrix()
        self._volts = np.linalg.solve(g, i)

    def _solve(self) -> None:
        """Newton's way to the voltages at which the currents of FET and diodes fit too."""
        base, sources = self._matrix()
        nets = self._nets
        d, gate, s = nets["Q1", "D"], nets["Q1", "G"], nets["Q1", "S"]
        lamps = [
            (nets[ref, "A"], nets[ref, "K"]) for ref, part in self._board.parts.items() if part.symbol.name == "LED"
        ]
        v = self._volts
        for _ in range(200):
            g, i = base.copy(), sources.copy()
            for a, k, on in [(s, d, DIODE_V), *((a, k, LAMP_V) for a, k in lamps)]:
                if v[a] - v[k] > on:
                    _conduct(g, a, k, 1 / DIODE_OHM)
                    i[a] += on / DIODE_OHM
                    i[k] -= on / DIODE_OHM
            high, low = (d, s) if v[d] >= v[s] else (s, d)
            amps, by_gate, by_drain = _fet(v[gate] - v[low], v[high] - v[low])
            # amps + by_gate x change of the gate + by_drain x change of the drain, all against the source.
            rest = amps - by_gate * (v[gate] - v[low]) - by_drain * (v[high] - v[low])
            for net, sign in ((high, 1.0), (low, -1.0)):
                g[net, gate] += sign * by_gate
                g[net, high] += sign * by_drain
                g[net, low] -= sign * (by_gate + by_drain)
                i[net] -= sign * rest
            change = np.clip(np.linalg.solve(g, i) - v, -0.3, 0.3)
            v = v + change
            if np.abs(change).max() < 1e-7:
                break
        self._volts = v


def _conduct(g: np.ndarray, a: int, b: int, siemens: float) -> None:
    g[a, a] += siemens
    g[b, b] += siemens
    g[a, b] -= siemens
    g[b, a] -= siemens


def _fet(gate: float, drain: float) -> tuple[float, float, float]:
    """(A, A per V of the gate, A per V of the drain) of a FET, all against its source; drain at least 0."""
    over = gate - FET_V
    if over <= 0:
        return 0.0, 0.0, 1e-9
    if drain >= over:
        return FET_A / 2 * over * over, FET_A * over, 1e-9
    return FET_A * (over * drain - drain * drain / 2), FET_A * drain, FET_A * (over - drain)
