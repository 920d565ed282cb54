"""Decks of the stage: stage.cir with its parameters set, the firmware's edges as sources, a load, and an analysis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..world.boards import BOARDS
from ..world.model import SKIN_KNEE_A, SKINS
from .drive import BOARD, Drive
from .ngspice import Floats, Plot

STAGE = BOARDS / "tonus_r1" / "stage.cir"

VOLTS_PER_CODE = BOARD.DAC_REFERENCE_MV / 1000 / (1 << BOARD.DAC_BITS)
EDGE_US = 0.005  # of the processor's pins
RWATCH_OHM = 33.0  # of stage.cir
ALIVE_US = 1000  # between edges of STAGE_ALIVE: one a tick
LOGIC_V = 3.3
PADS = ("Rel_a pin_a el_a 100", "Rel_b pin_b el_b 100")  # the pads' own resistance: a line may be held against them
STEP_US = 20_000.0  # of a staircase: the slowest skin settles in it; ...
PURE_STEP_US = 200.0  # ... and a resistor in this
SHORT_STEP_US, LONG_STEP_US, LONG_US = 20.0, 200.0, 100_000.0  # the solver takes finer ones by itself at edges
# Where the solver looks for the stage at rest: there are other answers, without a meaning.
START = ".nodeset v(rail)=24 v(keep)=3.3 v(pump)=2.6 v(trip)=0 v(trip_n)=3.3 v(relay_n)=0.1 v(relay)=3.3 v(sink)=24"
NODES = (
    "d1",
    "w1",
    "e1",
    "e2",
    "d2",
    "sink",
    "src",
    "sense",
    "rail",
    "gate",
    "keep",
    "trip",
    "sink_sense",
    "wfast",
    "wdc",
)
# What the skin, and what Rset, carries is a difference of two nodes over a resistor: no need for branch currents.
SAVES = " ".join(f"v({node})" for node in NODES)
# `gear` does not ring after an edge. Tolerances: 0.1 % of a microampere would be lost in the default's picoampere.
OPTIONS = ".option method=gear reltol=1e-3 abstol=1e-11 vntol=1e-6 gmin=1e-14 itl4=100 rshunt=1e12"


@dataclass(frozen=True)
class Load:
    """Between the electrodes: series Rs (Ohm), then Rp || C of both electrodes (Ohm, F; none when 0).

    Rp falls under drive as the simulator's does: it halves where the set current is SKIN_KNEE_A.
    """

    name: str
    rs: float
    rp: float = 0.0
    c: float = 0.0

    def lines(self) -> list[str]:
        if not self.rp:
            return [f"Bload e1 skin I = V(e1, skin) / {max(self.rs, 0.1)} * V(touch)", "Vskin skin e2 0"]
        knee_v = SKIN_KNEE_A * BOARD.RSET_OHM
        return [
            f"Bload e1 skin I = V(e1, skin) / {self.rs} * V(touch)",
            # Only while it is driven: shorted, it is as it was.
            f"Bskin skin e2 I = V(skin, e2) / {self.rp} * (1 + V(set) / {knee_v} * (V(pin_a) + V(pin_b)) / {LOGIC_V})",
            f"Cskin skin e2 {self.c}",
        ]


PURE = tuple(Load(name, ohm) for name, ohm in (("0", 0.0), ("500", 500.0), ("2k", 2e3), ("10k", 10e3), ("20k", 20e3)))
SKIN_LOADS = tuple(Load(name, *values) for name, values in SKINS.items())
LOADS = {load.name: load for load in (*PURE, *SKIN_LOADS)}


@dataclass(frozen=True)
class Bench:
    """A stage on the bench: parameters of stage.cir that differ, a load, and lines of its own (fault elements).

    rewired: beginnings of lines of stage.cir and what they are to be, for a part that is joined differently.

    touch: when (us) the electrodes lift and return, by turns; they touch at first. pump: STAGE_ALIVE toggles until
    `alive_until_us` and the charge pump is simulated; otherwise the keep-alive is taken as given.
    """

    load: Load
    params: dict[str, float] = field(default_factory=dict)
    extra: tuple[str, ...] = ()
    touch_us: tuple[float, ...] = ()
    flaw_us: float | None = None
    alive_until_us: float | None = None
    rewired: tuple[tuple[str, str], ...] = ()


def stage(params: dict[str, float], rewired: Sequence[tuple[str, str]] = ()) -> str:
    """stage.cir with the values of some `.param` lines, and beginnings of lines, replaced. KeyError for one that is not
    there."""
    text = STAGE.read_text(encoding="utf-8")
    for old, new in rewired:
        if text.count("\n" + old) != 1:
            raise KeyError(old)
        text = text.replace("\n" + old, "\n" + new)
    for name, value in params.items():
        text, found = re.subn(rf"(?m)^(\.param {re.escape(name)} = )\S+", rf"\g<1>{value!r}", text)
        if found != 1:
            raise KeyError(name)
    return text


def transient(bench: Bench, drive: Drive, step_us: float | None = None, end_us: float | None = None) -> str:
    """A deck that plays a phase list. step_us: the longest time step; by default by how long the list is."""
    params = dict(bench.params)
    if bench.alive_until_us is None:
        params["keep_forced"] = 1
    end_us = drive.end_us if end_us is None else end_us
    if step_us is None:
        step_us = SHORT_STEP_US if end_us < LONG_US else LONG_STEP_US
    levels = drive.levels()
    lines = [
        "* tonus_r1 stage, transient",
        stage(params, bench.rewired),
        _pwl("Vset set 0", [(v.t_us, v.code * VOLTS_PER_CODE) for v in levels], 0.1),
        _pwl("Vel_a pin_a 0", [(v.t_us, LOGIC_V * v.a) for v in levels], EDGE_US),
        _pwl("Vel_b pin_b 0", [(v.t_us, LOGIC_V * v.b) for v in levels], EDGE_US),
        *PADS,
        _pwl("Vtouch touch 0", [(0, 1), *((t, i % 2) for i, t in enumerate(bench.touch_us))], EDGE_US),
        _pwl("Vflaw flaw 0", [(0, 0)] + ([(bench.flaw_us, 1)] if bench.flaw_us is not None else []), EDGE_US),
        _alive(bench, end_us),
        *bench.load.lines(),
        *bench.extra,
        # The charge through the skin, added up by the solver itself: 1 V is 1 uC.
        f"Bcharge 0 charge I = V(d1, w1) / {params.get('rwatch', RWATCH_OHM)}",
        "Ccharge charge 0 1u",
        "Rcharge charge 0 1e15",
        OPTIONS,
        START,
        f".save {SAVES} v(charge)",
        f".tran {step_us}u {end_us}u",
        ".end",
    ]
    return "\n".join(lines) + "\n"


def staircase(bench: Bench, steps: Sequence[tuple[float, float | None]], step_us: float = STEP_US) -> str:
    """A deck that holds (DAC code, pure load in Ohm or None: the bench's) one after the other, for `step_us` each.

    One forward phase that lasts for ever, with the electrode watch, which is there to end that, left out. A DC analysis
    would be shorter; the latch and the loop have answers besides the right one, and it finds them.
    """
    load = bench.load.lines()
    if steps[0][1] is not None:
        ohms = [(step_us * i, ohm or 0.0) for i, (_, ohm) in enumerate(steps)]
        load = [_pwl("Vrl rl 0", ohms, EDGE_US), "Bload e1 e2 I = V(e1, e2) / max(V(rl), 0.1)"]
    lines = [
        "* tonus_r1 stage, one step after the other",
        stage(bench.params | {"keep_forced": 1, "watch_fitted": 0}),
        _pwl("Vset set 0", [(step_us * i, code * VOLTS_PER_CODE) for i, (code, _) in enumerate(steps)], EDGE_US),
        _pwl("Vel_a pin_a 0", [(0, 0), (1, LOGIC_V)], EDGE_US),
        "Vel_b pin_b 0 0",
        *PADS,
        "Valive alive 0 0",
        "Vtouch touch 0 1",
        "Vflaw flaw 0 0",
        *load,
        *bench.extra,
        OPTIONS,
        START,
        f".save {SAVES}",
        f".tran {step_us / 20}u {step_us * len(steps)}u",
        ".end",
    ]
    return "\n".join(lines) + "\n"


def held(plot: Plot, steps: int, rwatch: float = RWATCH_OHM, step_us: float = STEP_US) -> tuple[Floats, Floats]:
    """(current through the skin, current in an Rset taken at its word), uA, at the end of each step of a staircase."""
    at = (np.arange(steps) + 1) * step_us * 1e-6 - 1e-6
    ua = np.interp(at, plot.axis, (plot["v(d1)"] - plot["v(w1)"]) / rwatch * 1e6)
    return ua, np.interp(at, plot.axis, plot["v(src)"] / BOARD.RSET_OHM * 1e6)


def _alive(bench: Bench, end_us: float) -> str:
    if bench.alive_until_us is None:
        return "Valive alive 0 0"
    # The pump starts filled, as it is after a few edges: its start is not what these runs are about.
    points = [(float(t), LOGIC_V * (t // ALIVE_US % 2)) for t in range(0, int(bench.alive_until_us), ALIVE_US)]
    return "\n".join([_pwl("Valive alive 0", points, EDGE_US), ".ic v(pump)=2.6 v(keep)=3.3 v(rail)=24"])


def _pwl(source: str, points: list[tuple[float, float]], edge_us: float) -> str:
    """A source that steps to each value at its time. Only steps that change it are written."""
    told = []
    value = points[0][1]
    told.append(f"0 {value:g}")
    for t_us, after in points[1:]:
        if after != value:
            told += [f"{t_us:.4f}u {value:.7g}", f"{t_us + edge_us:.4f}u {after:.7g}"]
            value = after
    lines = [" ".join(told[i : i + 8]) for i in range(0, len(told), 8)]
    return f"{source} PWL({lines[0]}" + "".join(f"\n+ {line}" for line in lines[1:]) + ")"
