"""The simulator's world against SPICE: the same edges, the same load, phase by phase.

The promise: after settling, current within CURRENT_PCT or CURRENT_UA; charge of a phase within CHARGE_PCT or CHARGE_NC.
A phase at whose end the skin still charges, or the source is just running out of compliance, has not settled: of that
one the charge counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..world.model import World
from . import ngspice
from .deck import LOADS, Bench, Load, transient
from .drive import BOARD, Drive, Level, Phase, codes_of, of_waveform, probes, shipped_presets, single
from .measure import Trace

CURRENT_PCT = 2.0
CURRENT_UA = 2.0
CHARGE_PCT = 2.0
CHARGE_NC = 0.5  # what 2 % of the smallest treatment phases would come to is less than the solver can tell

SETTLED_US = 20  # settled: over this, before the phase's end, current and electrode voltage change by less than ...
SETTLED_PCT, SETTLED_UA, SETTLED_V = 0.5, 0.1, 0.05
WARM_UP_US = 60_000  # the world's rail comes up by toggling STAGE_ALIVE
DAC_WRITE = 0x3000
TOUCHES = {"500": "500", "2k": "2k", "10k": "10k", "good": "good", "typical": "typical", "poor": "poor", "dry": "dry"}


@dataclass(frozen=True)
class Pair:
    """One phase in both: current at its end (uA, forward positive) and charge (nC)."""

    what: str
    load: str
    phase: Phase
    spice_ua: float
    world_ua: float
    spice_nc: float
    world_nc: float
    settled: bool

    @property
    def current_error(self) -> float:
        """In shares of what is allowed: 1 is the limit. 0 where the current has not settled."""
        if not self.settled:
            return 0.0
        allowed = max(abs(self.spice_ua) * CURRENT_PCT / 100, CURRENT_UA)
        return abs(self.world_ua - self.spice_ua) / allowed

    @property
    def charge_error(self) -> float:
        """In shares of what is allowed: 1 is the limit."""
        allowed = max(abs(self.spice_nc) * CHARGE_PCT / 100, CHARGE_NC)
        return abs(self.world_nc - self.spice_nc) / allowed


def lists() -> Iterator[tuple[str, Drive]]:
    """The phase lists compared: every waveform that ships at three levels, the probe, and the range's corners."""
    for preset in shipped_presets():
        done = []
        for zone in preset.zones:
            if zone.waveform not in done:
                done.append(zone.waveform)
                for level in (1, 5, 10):
                    drive = of_waveform(zone.waveform, preset.top_ua, level, 1 if zone.waveform.burst_pulses else 2)
                    if zone.waveform.burst_pulses:  # all its pulses are alike: the first three
                        drive = Drive(drive.phases[:3], drive.phases[3].t_us)
                    yield f"{preset.id} {zone.waveform.kind} {level}", drive
    yield "probe", probes(2)
    yield "500 uA, 100 us, 300 Hz", single(codes_of(500), 100, 50, 3333, 3)
    yield "500 uA, 18 ms", single(codes_of(500), 18_000, 1000, 100_000)
    yield "90 uA, 500 ms", single(codes_of(90), 500_000, 1000, 1_100_000)


def compare(what: str, drive: Drive, load: Load) -> list[Pair]:
    """Both models on one list. Raises SpiceError."""
    trace = Trace.of(ngspice.run(transient(Bench(load), drive))[0])
    pairs = []
    for phase, world in zip(drive.phases, in_world(drive, TOUCHES[load.name]), strict=True):
        end_ua = trace.at(phase.end_us - 0.5)
        change_ua = abs(end_ua - trace.at(phase.end_us - SETTLED_US))
        volts = [trace.at(t, "v(e1)") - trace.at(t, "v(e2)") for t in (phase.end_us - SETTLED_US, phase.end_us - 0.5)]
        settled = change_ua <= max(abs(end_ua) * SETTLED_PCT / 100, SETTLED_UA)
        settled = settled and abs(volts[1] - volts[0]) <= max(abs(volts[1]) * SETTLED_PCT / 100, SETTLED_V)
        pairs.append(
            Pair(
                what,
                load.name,
                phase,
                end_ua,
                phase.direction * world[0],
                trace.charge_nc(phase.t_us, phase.end_us),
                phase.direction * world[1],
                settled,
            )
        )
    return pairs


def in_world(drive: Drive, touch: str) -> list[tuple[float, float]]:
    """(current at the end in uA, charge in nC) of each phase, as the simulator's world has it."""
    told: list[list[str]] = []

    def emit(kind: str, t_us: int, text: str) -> None:
        if kind == "phase":
            told.append(text.split(","))

    start = {"battery_pct": 100, "usb": False, "temperature_c": 25, "touch": touch}
    world: Any = World(BOARD, emit, start, 1)
    world.on_input = lambda: None
    alive: list[tuple[int, Level | None]] = [(t, None) for t in range(0, WARM_UP_US + drive.end_us, 1000)]
    levels: list[tuple[int, Level | None]] = [(WARM_UP_US + level.t_us, level) for level in drive.levels()]
    for t_us, level in sorted(alive + levels, key=lambda event: event[0]):
        if level is None:
            world.alive_edge(t_us)
        else:
            rest = not (level.a or level.b)
            if rest:
                world.write_dac(t_us, DAC_WRITE | level.code)
            world.set_switches(t_us, level.a, level.b, not rest)
    return [(float(fields[4]), float(fields[5])) for fields in told]


def all_pairs(loads: tuple[str, ...] = tuple(TOUCHES)) -> list[Pair]:
    """Every phase of every list, into each load."""
    return [pair for what, drive in lists() for name in loads for pair in compare(what, drive, LOADS[name])]
