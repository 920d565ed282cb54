"""What the firmware would do about what it sees: `tonus.guard` itself, on a finished run.

SPICE knows no firmware. A run is played to its end as if nothing were noticed; this tells when the pulse loop would
have cut, and the run is then played again up to there (`faults.py`). Here is the pulse loop's part: a tick each
millisecond; a reading halfway through each phase, as the PIO makes it, and in one longer than WATCHED_US in each tick
as well. Latched hardware trips are the circuit's own business.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from tonus import faults, guard, limits
from tonus.program import BETWEEN, WIDTH_SHIFT

from .drive import BOARD, Drive, Phase
from .measure import Trace

SAMPLE_US = 20  # from halfway to the reading
AGAIN_US = 5  # from a reading to the one that confirms a lift
_FAULT_N, _FORWARD, _REVERSE = 1, 2, 4  # masks of the lines that the guard looks at; no USB here
_NA16_PER_CODE = round(BOARD.ADC_REFERENCE_MV * 1e6 * 16 / 4096 / BOARD.RSET_OHM)


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
    kept = guard.kept()
    kept[guard.DRIVEN], kept[guard.REVERSE], kept[guard.FAULT_N] = _FORWARD | _REVERSE, _REVERSE, _FAULT_N
    per_dac = BOARD.DAC_REFERENCE_MV * 4096 * 1024 // (BOARD.ADC_REFERENCE_MV << BOARD.DAC_BITS)
    guard.calibrate(kept, _NA16_PER_CODE, per_dac, 0, 0)
    kept[guard.RUNNING] = kept[guard.POWERED] = 1
    guard.begin(kept)

    def reads(t_us: float) -> int:
        volts = 0.0 if sense_open else min(max(trace.at(t_us, "v(sense)"), 0.0), BOARD.ADC_REFERENCE_MV / 1000)
        return min(int(volts / BOARD.ADC_REFERENCE_MV * 4096e3), 4095)

    played: Phase | None = None
    for t_us, phase, within in _moments(drive):
        if t_us > trace.t_us[-1]:
            return None
        kept[guard.PINS] = _FAULT_N
        if phase is None:
            kept[guard.TICKS] += 1
            found = guard.tick(kept)
        else:
            if phase is not played:
                played = phase
                _give(kept, phase)
            if phase.direction != not_driven:
                kept[guard.PINS] |= _FORWARD if phase.direction > 0 else _REVERSE
            kept[guard.PINS_AGAIN] = kept[guard.PINS]
            kept[guard.WITHIN] = 1 if within else 0
            kept[guard.RAW], kept[guard.AGAIN] = reads(t_us), reads(t_us + AGAIN_US)
            found = guard.sample(kept)
        if found:
            return Cut(t_us, faults.name(found))
    return None


def _give(kept: array[int], phase: Phase) -> None:
    """A phase as a unit of its own, also one of a pulse: it is booked the same."""
    kept[guard.NEWEST + guard.NUMBER] += 1
    kept[guard.NEWEST + guard.CODE] = phase.code
    kept[guard.NEWEST + guard.WIDTH] = phase.us >> WIDTH_SHIFT
    kept[guard.NEWEST + guard.KIND] = (BETWEEN if phase.probe else 0) | (1 if phase.direction < 0 else 0)
    kept[guard.UNSAMPLED] += 1


def _moments(drive: Drive) -> list[tuple[float, Phase | None, bool]]:
    """(us, phase, whether within a long one) of each reading, and (us, None, False) of each tick, in order."""
    found: list[tuple[float, Phase | None, bool]] = []
    found += [(float(t), None, False) for t in range(0, drive.end_us, limits.TICK_US)]
    for phase in drive.phases:
        found.append((phase.t_us + phase.us / 2 + SAMPLE_US, phase, False))
        if phase.us > limits.WATCHED_US:
            whole = range(limits.TICK_US // 2, phase.us, limits.TICK_US)
            found += [(float(phase.t_us + t), phase, True) for t in whole]
    return sorted(found, key=lambda one: one[0])
