"""What the firmware would do about what it sees: the rules of `tonus.pulse.Pulse._look`, on a finished run.

SPICE knows no firmware. A run is played to its end as if nothing were noticed; this tells when the pulse loop would
have cut, and the run is then played again up to there (`faults.py`). It samples halfway through each phase, as the PIO
makes it, and in one longer than WATCHED_US each millisecond; it looks only at what the pulse loop looks at. Latched
hardware trips are the circuit's own business.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from tonus import limits

from .drive import BOARD, Drive
from .measure import Trace

SAMPLE_US = 20  # from halfway to the reading


@dataclass(frozen=True)
class Cut:
    """The pulse loop ends the output: when, and by which name of `tonus.faults`."""

    t_us: float
    name: str


def cut(trace: Trace, drive: Drive, sense_open: bool = False, not_driven: int = 0) -> Cut | None:
    """The first cut of a run, or None.

    sense_open: the wire to the ADC is broken. not_driven: the direction (+1, -1) in which the switch lines, read back,
    do not say what was commanded: such a phase is not sampled.
    """
    ua_per_code = BOARD.ADC_REFERENCE_MV * 1e6 / 4096 / BOARD.RSET_OHM / 1000
    over = 0
    account = last_us = 0.0
    for phase in drive.phases:
        if phase.direction == not_driven:
            continue
        long = phase.us > limits.WATCHED_US
        whole = range(limits.TICK_US // 2, phase.us, limits.TICK_US)
        for within_us in whole if long else (phase.us / 2 + SAMPLE_US,):
            t_us = phase.t_us + within_us
            if t_us > trace.t_us[-1]:
                return None
            volts = 0.0 if sense_open else min(trace.at(t_us, "v(sense)"), 3.3)
            ua = int(volts / BOARD.ADC_REFERENCE_MV * 4096e3) * ua_per_code
            if ua < limits.OPEN_UA and phase.set_ua >= 2 * limits.OPEN_UA:
                return Cut(t_us, "lift")
            if ua > phase.set_ua * (1 + limits.OVERCURRENT_PCT / 100) + limits.OVERCURRENT_UA:
                over += 1
                if over > 1:
                    return Cut(t_us, "overcurrent")
            else:
                over = 0
            account *= exp((last_us - t_us) / (limits.CHARGE_FORGET_MS * 1000))
            account += ua * (limits.TICK_US if long else phase.us) * phase.direction / 1e3
            last_us = t_us
            if abs(account) > limits.CHARGE_TRIP_NC:
                return Cut(t_us, "charge")
    return None
