"""What the firmware drives the stage with: its own words, drawn from `tonus.program`, as levels over time.

One list feeds SPICE (`deck.py`) and the simulator's world (`agreement.py`), so that both see the same edges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tonus import limits
from tonus.bank import shipped
from tonus.preset import Preset, Waveform
from tonus.program import DEAD_US, Train, compile, compile_probe, decode

from ..ctl.figures import board_constants

BOARD = board_constants("tonus_r1")
UA_PER_CODE = float(BOARD.UA_PER_CODE)
LEAD_US = 200  # shorted before the first phase: the stage at rest


def codes_of(ua: float) -> int:
    """DAC code nearest to a current, uncalibrated."""
    return round(ua / UA_PER_CODE)


@dataclass(frozen=True)
class Level:
    """EL_A, EL_B and the DAC's output code from `t_us` on."""

    t_us: int
    a: bool
    b: bool
    code: int


@dataclass(frozen=True)
class Phase:
    """One driven stretch: direction +1 or -1, start and width in us, DAC code."""

    t_us: int
    us: int
    direction: int
    code: int
    probe: bool = False

    @property
    def end_us(self) -> int:
        return self.t_us + self.us

    @property
    def set_ua(self) -> float:
        return self.code * UA_PER_CODE


@dataclass(frozen=True)
class Drive:
    """A phase list; `end_us` is when it ends, shorted, and `cycle_us` its cycle."""

    phases: tuple[Phase, ...]
    end_us: int
    cycle_us: int = 0

    def levels(self) -> list[Level]:
        """The edges, and the DAC at its next code from the start of each rest on: there LDAC is low."""
        found = [Level(0, False, False, self.phases[0].code if self.phases else 0)]
        for i, p in enumerate(self.phases):
            following = self.phases[i + 1].code if i + 1 < len(self.phases) else 0
            found.append(Level(p.t_us, p.direction > 0, p.direction < 0, p.code))
            # Between the two phases of a pulse the DAC is latched; codes change only where they differ anyway.
            found.append(Level(p.end_us, False, False, following))
        return found

    def until(self, t_us: int, end_us: int) -> Drive:
        """The same, cut at `t_us`: shorted and at zero from there to `end_us`."""
        kept = [p for p in self.phases if p.t_us < t_us]
        if kept and kept[-1].end_us > t_us:
            kept[-1] = replace(kept[-1], us=t_us - kept[-1].t_us)
        return Drive(tuple(kept), end_us, self.cycle_us)

    def then(self, other: Drive, t_us: int) -> Drive:
        """The same, followed by another from `t_us` on, which is not before the last phase's end."""
        later = tuple(replace(p, t_us=p.t_us + t_us) for p in other.phases)
        return Drive(self.phases + later, t_us + other.end_us, self.cycle_us)


def of_waveform(w: Waveform, top_ua: int, level: int = limits.LEVELS, cycles: int = 2) -> Drive:
    """Whole cycles of a waveform at its level's plateau, at the top of its envelope."""
    flat = Waveform(w.kind)
    flat.__dict__.update(w.__dict__)
    flat.envelope = None
    program = compile(flat, top_ua, BOARD)
    train = Train(compile_probe(BOARD))
    train.start(program, program.codes[level], limits.RAMP_MIN_MS)
    train.skip_ramp()
    return _played(train, program.cycle_us, cycles)


def single(code: int, us: int, gap_us: int = 100, period_us: int = 12_500, cycles: int = 1) -> Drive:
    """Biphasic pulses of one DAC code: what no preset may need to be able to ask for."""
    phases = []
    for i in range(cycles):
        t = LEAD_US + i * period_us
        phases += [Phase(t, us, 1, code), Phase(t + us + gap_us + 2 * DEAD_US, us, -1, code)]
    return Drive(tuple(phases), LEAD_US + cycles * period_us, period_us)


def hold(code: int, us: int) -> Drive:
    """One long forward phase."""
    return Drive((Phase(LEAD_US, us, 1, code),), LEAD_US + us + 1000)


def probes(cycles: int) -> Drive:
    """The contact probe."""
    program = compile_probe(BOARD)
    train = Train(program)
    train.start(program, program.probe_code, limits.RAMP_MIN_MS)
    return _played(train, program.cycle_us, cycles)


def shipped_presets() -> list[Preset]:
    """The presets that ship with the firmware."""
    return list(shipped())


def _played(train: Train, cycle_us: int, cycles: int) -> Drive:
    """Draw words as the interrupt does; the train's first cycle, which may still be at zero, is left out."""
    phases: list[Phase] = []
    t_us = code = 0
    probe = False
    end_us = 0
    first_us = -1
    while first_us < 0 or t_us < end_us:
        if train.load >= 0:
            code = train.load
            probe = not train.width
        direction, us, _ = decode(train.word)
        t_us += DEAD_US
        if direction:
            if first_us < 0:
                first_us = t_us + cycle_us
                end_us = first_us + cycles * cycle_us
            if first_us <= t_us < end_us:
                phases.append(Phase(t_us - first_us + LEAD_US, us, direction, code, probe))
        t_us += us
        train.next()
    return Drive(tuple(phases), LEAD_US + cycles * cycle_us, cycle_us)
