"""What the self-test makes trip at each start, by the codes and lines of `tonus.selftest`, and the relay it looks at.

The relay is settled: the 3 ms that it takes are the firmware's to wait for. Currents in uA, charges in nC, times in ms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tonus import limits

from . import ngspice
from .deck import LOADS, Bench, transient
from .drive import BOARD, Drive, Phase
from .measure import Trace

START_US = 200
# DAC code, lines high (1 EL_A, 2 EL_B), ms in which it must not trip and must: TRIPS of firmware/tonus/selftest.py,
# which only MicroPython's asyncio can import.
TRIPS = ((4095, 1, 0, 3), (4095, 2, 0, 3), (3000, 1, 15, 60), (3000, 2, 15, 60), (limits.HOLD_CODE_MAX, 3, 0, 3))
FAST_MS = 3
LOW, BELOW = 64, 1600  # of the looks before each: at the watch, and at Rset
SKIN_MAX_NC = 1000.0
ENDS_MS = 5.0  # of the looks
TOUCHING = ("500", "good")
# Welded, a contact does not close the relay's loop; a relay that does not close is as one whose coil has no supply.
RELAYS: dict[str, tuple[tuple[str, str], ...]] = {
    "whole": (),
    "welded": (("D7 loop2 loop1 ", "Rweld1 lead1 e1 0.1\nRweld2 lead2 e2 0.1\nD7 loop2 nowhere "),),
    "does not close": (("XK1 v3v3 ", "XK1 0 "),),
}


@dataclass(frozen=True)
class Tried:
    """One state of the test: when it tripped, through the watch's shunt and Rset just before, rail less sink node then,
    V, and what went through the skin, nC. least_ms, most_ms: when it is to trip; both 0: not at all."""

    what: str
    load: str
    least_ms: float
    most_ms: float
    trip_ms: float | None
    watch_ua: float
    rset_ua: float
    across_v: float
    skin_nc: float

    @property
    def kept(self) -> bool:
        if self.skin_nc > SKIN_MAX_NC:
            return False
        if not self.most_ms:
            return self.trip_ms is None
        return self.trip_ms is not None and self.least_ms <= self.trip_ms <= self.most_ms


def tried(
    what: str, load: str, code: int, lines: int, ms: float, when: tuple[float, float] = (0, 0), relay: str = "whole",
    ldac_v: float = 0.0,
) -> Tried:  # fmt: skip
    """A code held with these lines high (1 EL_A, 2 EL_B) and LDAC low, for so long."""
    phase = Phase(START_US, int(ms * 1000), 1 if lines & 1 else -1, code)
    drive = Drive((phase,), phase.end_us + 100)
    extra = (f"Vldac ldac 0 PWL(0 3.3 199u 3.3 199.1u {ldac_v})",)
    deck = transient(Bench(LOADS[load], extra=extra, rewired=RELAYS[relay]), drive, step_us=50.0)
    if lines == 3:
        both = f"Vel_b pin_b 0 PWL(0 0 {START_US}u 0 {START_US}.005u 3.3 {phase.end_us}u 3.3 {phase.end_us}.005u 0)"
        deck = deck.replace("Vel_b pin_b 0 PWL(0 0)", both)
    trace = Trace.of(ngspice.run(deck)[0])
    trip_us = trace.when("v(trip)", 0.5)
    at = (trip_us if trip_us is not None else phase.end_us) - 10
    skin_ua = np.abs(trace.plot["v(e1)"] - trace.plot["v(e2)"]) / LOADS[load].rs * 1e6
    return Tried(
        what,
        load,
        *when,
        None if trip_us is None else (trip_us - START_US) / 1000,
        trace.at(at),
        trace.at(at, "v(src)") / float(BOARD.RSET_OHM) * 1e6,
        trace.at(at, "v(rail)") - trace.at(at, "v(sink)"),
        float(np.sum((skin_ua[1:] + skin_ua[:-1]) / 2 * np.diff(trace.t_us)) / 1000),
    )


def all_tried() -> list[Tried]:
    """The looks before each, what trips, and a relay that is welded or does not close."""
    names = {1: "watch, forward", 2: "watch, reverse", 3: "trip at Rset"}
    found = []
    for code, lines, least_ms, most_ms in TRIPS:
        slow = " DC" if most_ms > FAST_MS else ""
        for load in TOUCHING:
            what = f"{names[lines]}{slow}, code {code}"
            found.append(tried(what, load, code, lines, min(most_ms, 40.0), (least_ms, most_ms)))
    for lines, code in ((1, LOW), (2, LOW), (3, BELOW)):
        found.append(tried(f"{names[lines]}, code {code}", "500", code, lines, ENDS_MS))
    for lines in (1, 2):
        found.append(tried(f"{names[lines]}, code {LOW}, welded relay", "500", LOW, lines, ENDS_MS, relay="welded"))
    for lines in (1, 2):
        what = f"probe {'forward' if lines == 1 else 'in reverse'}, a relay that does not close"
        found.append(tried(what, "500", LOW, lines, 3.0, relay="does not close", ldac_v=3.3))
    return found
