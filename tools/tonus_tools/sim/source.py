"""What a session delivered, and what its device's own source would have delivered into 500 Ohm for as long.

Worked out from the trace's phases and from the preset, by nothing of what the device says of it but the times at which
its session counted and the level and zone that were chosen then. The reference plays on where contact was lost for less
than it takes to be noticed, has no ramps, and begins an envelope or a sweep anew where the device did: after each lift,
and in each zone.

The strays at the sink node, and the rest's switch as it lets go, take some tenths of a nC from a phase, which no sense
sees. The share is that of the source's current; `all_pct` has them in both.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import ModuleType

import numpy as np
from tonus import limits
from tonus.preset import Preset
from tonus.program import DEAD_US, Train, compile, compile_probe, decode

from ..world.boards import constants
from ..world.parts import Delivered, delivered
from .measure import Electrodes, inside
from .trace import Span, Trace, spans_of

COUNTED = ("RAMP_UP", "TREAT")  # and electrodes that do not touch each other


@dataclass(frozen=True)
class Share:
    """Charges of both directions together, nC: of the source's current, and of all that passed the electrodes."""

    counted_us: int
    delivered_nc: float
    reference_nc: float
    all_delivered_nc: float
    all_reference_nc: float

    @property
    def pct(self) -> float:
        """Delivered in percent of the reference; at most 100, as the device says it."""
        return _pct(self.delivered_nc, self.reference_nc)

    @property
    def all_pct(self) -> float:
        """The same with what strays carry in both."""
        return _pct(self.all_delivered_nc, self.all_reference_nc)


def _pct(part: float, whole: float) -> float:
    return min(100.0, 100 * part / whole) if whole else 0.0


def share(trace: Trace, skin: Electrodes, preset: Preset, board: str, errors: Mapping[str, int]) -> Share:
    """Of a trace with one session of `preset`, on a device with these errors."""
    zones = shares(trace, skin, preset, board, errors)
    return Share(
        sum(zone.counted_us for zone in zones),
        sum(zone.delivered_nc for zone in zones),
        sum(zone.reference_nc for zone in zones),
        sum(zone.all_delivered_nc for zone in zones),
        sum(zone.all_reference_nc for zone in zones),
    )


def shares(trace: Trace, skin: Electrodes, preset: Preset, board: str, errors: Mapping[str, int]) -> list[Share]:
    """The same of each zone of the preset."""
    counted = _counted(trace)
    phases = trace.phases
    zones = [(zone.t_us, zone.n - 1) for zone in trace.zones]
    widths = np.array([zone.waveform.phase_us for zone in preset.zones])
    its_zone = np.searchsorted([t for t, _ in zones], phases.t_us, side="right") - 1
    treats = inside(phases.t_us, counted) & ~skin.probe
    # A probe in a rest is not always at its usual code, when the level is lower than it.
    width = widths[[n for _, n in zones]][np.maximum(its_zone, 0)] if zones else np.zeros(len(its_zone))
    treats &= (phases.dur_us != limits.PROBE_PHASE_US) | (width == limits.PROBE_PHASE_US)
    # The set current for the whole phase, or what is less because the rail has no more.
    regulated_nc = np.minimum(phases.charge_nc, phases.peak_ua * phases.dur_us / 1000)
    known = tuple(sorted(errors.items()))
    reference_nc, all_nc = [0.0] * len(preset.zones), [0.0] * len(preset.zones)
    for span in trace.spans_in(COUNTED):
        for (zone, code, width_us), n in _as_set(trace, span, counted, preset, board).items():
            source = _source(board, known, code)
            reference_nc[zone] += n * source.ua * width_us / 1000
            all_nc[zone] += n * source.charge_nc(width_us)
    found = []
    for zone in range(len(preset.zones)):
        its = treats & (np.array([n for _, n in zones])[np.maximum(its_zone, 0)] == zone) if zones else treats
        found.append(
            Share(
                sum(span.end_us - span.start_us for span in counted if span.name == str(zone)),
                float(regulated_nc[its].sum()),
                reference_nc[zone],
                float(phases.charge_nc[its].sum()),
                all_nc[zone],
            )
        )
    return found


@lru_cache(maxsize=4096)
def _source(board: str, errors: tuple[tuple[str, int], ...], code: int) -> Delivered:
    """What this source delivers into 500 Ohm."""
    return delivered(board, dict(errors), code)


def _counted(trace: Trace) -> list[Span]:
    """When the session's time counted, cut where a zone begins and named by it, from 0."""
    short = spans_of([(0, "")] + [(c.t_us, c.name) for c in trace.contacts], trace.end_us)
    found = []
    for span in trace.spans_in(COUNTED):
        at = span.start_us
        for other in short:
            if other.name == "short" and other.end_us > at and other.start_us < span.end_us:
                if other.start_us > at:
                    found.append(Span(at, other.start_us, span.name))
                at = other.end_us
        if at < span.end_us:
            found.append(Span(at, span.end_us, span.name))
    begins = [(zone.t_us, str(zone.n - 1)) for zone in trace.zones]
    zones = spans_of([(0, "0"), *begins], trace.end_us)
    cut = [
        Span(max(span.start_us, zone.start_us), min(span.end_us, zone.end_us), zone.name)
        for span in found
        for zone in zones
    ]
    return [span for span in cut if span.end_us > span.start_us]


def _as_set(
    trace: Trace, stretch: Span, counted: list[Span], preset: Preset, board: str
) -> dict[tuple[int, int, int], float]:
    """(zone, DAC code, us) of the phases that the chosen levels ask for in a stretch without a stop, and how many.

    A pulse belongs to the whole period that it begins: of one that the stretch breaks off, its part.
    """
    counted = [Span(max(s.start_us, stretch.start_us), min(s.end_us, stretch.end_us), s.name) for s in counted]
    counted = [span for span in counted if span.end_us > span.start_us]
    constants = _constants(board)
    levels = [(level.t_us, level.level) for level in trace.levels]
    zones = [(zone.t_us, zone.n - 1) for zone in trace.zones]
    dac = (0, _offset_na(trace))
    train = Train(compile_probe(constants, dac))
    t_us = stretch.start_us
    zone = _at(zones, t_us + limits.TICK_US)
    waveform = preset.zones[zone].waveform
    program = compile(waveform, preset.top_ua, constants, dac)
    level = _at(levels, t_us)
    train.start(program, program.codes[level], limits.RAMP_MIN_MS)
    found: dict[tuple[int, int, int], float] = {}
    probe = False
    while t_us < stretch.end_us:
        now_zone, now_level = max(zone, _at(zones, t_us)), _at(levels, t_us)
        if now_zone != zone:
            zone = now_zone
            if preset.zones[zone].waveform != waveform:
                waveform = preset.zones[zone].waveform
                program = compile(waveform, preset.top_ua, constants, dac)
                train.swap(program, program.codes[now_level], limits.RAMP_MIN_MS)
        if now_level != level and now_level:
            level = now_level
            train.aim(train.program.codes[level], limits.RAMP_MIN_MS)
        if train.load >= 0:
            probe = not train.width
        direction, us, _ = decode(train.word)
        t_us += DEAD_US
        if direction and not probe and (train.program.burst or direction > 0):
            code, period_us = train.wanted()
            for span in counted:
                passed_us = min(t_us + period_us, span.end_us) - max(t_us, span.start_us)
                if passed_us > 0:
                    key = (int(span.name), code, us)
                    found[key] = found.get(key, 0.0) + passed_us / period_us * train.program.phases
        t_us += us
        train.next()
    return found


def _at(changes: list[tuple[int, int]], t_us: int) -> int:
    """What held at a time."""
    i = bisect_right(changes, (t_us, 1 << 60)) - 1
    return changes[i][1] if i >= 0 else 0


def _offset_na(trace: Trace) -> int:
    """The DAC's offset that the self-test has found, and by which the device chooses its codes."""
    tests = [log.fields for log in trace.logs_of("selftest") if "dac_offset_na" in log.fields]
    return int(tests[-1]["dac_offset_na"]) if tests else 0


@cache
def _constants(board: str) -> ModuleType:
    return constants(board)
