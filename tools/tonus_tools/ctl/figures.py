"""What a preset will do, in figures, before anything is sent to a device.

Charges and times are counted in the words that `tonus.program.Train` would give the PIO, not worked out a second time
from the preset's fields. Played is the ideal session: the level is set before it begins and contact is never lost.
Every figure's unit and origin stand with its field, and `to_json` hands them on. Limits come from `tonus.limits` or the
board; the three that are a standard's alone are in margins.py.
"""

from __future__ import annotations

from array import array
from copy import copy
from dataclasses import asdict, dataclass, field, fields, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from tonus import limits
from tonus.preset import Preset, Waveform, Zone
from tonus.program import (
    DEAD_US,
    OUT_FALLING,
    OUT_FIRST,
    OUT_LOAD,
    OUT_WORD,
    Train,
    compile,
    compile_probe,
    decode,
)

from ..sim.measure import Bools, worst_account
from ..sim.trace import Floats, Ints, Phases
from ..world.boards import constants, load_board
from . import margins

LOADS_OHM = (500, 2000, 10_000)  # the test loads of its output table

SPAN_US = 2_000_000  # of a plateau, at least


def _is(unit: str, source: str) -> Any:
    """A field of this unit ("" for none), that comes from there."""
    return field(metadata={"unit": unit, "source": source})


@dataclass(frozen=True)
class Load:
    """What flows into one test load, with the rail at its lowest."""

    ohm: int = _is("Ohm", "test load of IEC 60601-2-10")
    current_ua: float = _is("uA", "set current, or what RAIL_MIN_MV drives through Rset, FET, switches and load")
    volts: float = _is("V", "that current x the load, between the electrodes")
    limited: bool = _is("", "the rail, not the set current, decides")


@dataclass(frozen=True)
class ZoneFigures:
    """One zone at its level.

    Charges of a phase or cycle, and the account, are of the plateau at the envelope's top; duty and RMS current of the
    plateau as it is; forward and reverse of the whole session.
    """

    name: str = _is("", "preset")
    duration_s: int = _is("s", "preset: treated time")
    cue_s: int = _is("s", "preset; not heard in a zone with strokes")
    region: str = _is("", "preset")
    side: str = _is("", "preset")
    glide_s: int = _is("s", "preset: stroke; 0 without")
    hold_s: int = _is("s", "preset: stroke; 0 without")
    kind: str = _is("", "preset: waveform")
    rate_hz: float = _is("Hz", "preset")
    rate_to_hz: float = _is("Hz", "preset: the other end of a sweep, else the same")
    gap_us: int = _is("us", "preset; 0 when alternating")
    burst_pulses: int = _is("", "preset; 0 unless alternating")
    rest_us: int = _is("us", "period at the fastest rate less the pulse: the shortest rest")
    phase_us: int = _is("us", "the Train's driven words")
    current_ua: float = _is("uA", "largest DAC code of the Train's cycles x the board's uA a code")
    duty_pct: float = _is("%", "the Train's driven words over whole cycles, probes left out")
    phase_uc: float = _is("uC", "largest charge of a driven word: code x us")
    unpaired_uc: float = _is("uC", "largest charge of driven words in a row in one direction")
    net_code_us: int = _is("code us", "largest sum of direction x code x us over a whole cycle")
    account_uc: float = _is(
        "uC", "largest account of charge of the words, with nothing before the first: a start or a cut"
    )
    rms_ua: float = _is("uA", "of the Train's words over whole cycles, probes included")
    pulse_mj: float = _is("mJ", "current squared x 500 Ohm x driven time of a pulse: both phases, one when alternating")
    forward_mc: float = _is("mC", "the session's driven words, forward, ramps included, probes left out")
    reverse_mc: float = _is("mC", "the session's driven words, reverse, ramps included, probes left out")
    probe_mc: float = _is("mC", "the contact probes in its long rests, in each direction")


@dataclass(frozen=True)
class Margin:
    """One limit and the worst value that meets it."""

    name: str = _is("", "what is limited")
    group: str = _is("", "output or time")
    value: float = _is("", "worst of the preset's zones, in `unit`")
    limit: float = _is("", "in `unit`")
    unit: str = _is("", "of value and limit")
    at_least: bool = _is("", "the limit is a lower one")
    source: str = _is("", "where the limit stands")
    zone: str = _is("", "the zone with the worst value; empty when it is the whole preset's")

    @property
    def percent(self) -> float:
        """How much of the limit is used; 100 is the limit. Of a limit of zero, nothing or infinitely much."""
        return margins.percent(self.value, self.limit, self.at_least)

    @property
    def within(self) -> bool:
        return self.percent <= 100


@dataclass(frozen=True)
class PresetFigures:
    """A whole preset at one level on one board."""

    id: str = _is("", "preset")
    name: str = _is("", "preset")
    board: str = _is("", "whose constants were used")
    level: int = _is("", "1..10")
    top_ua: int = _is("uA", "preset: current of level 10")
    set_ua: float = _is("uA", "DAC code of the level x the board's uA a code")
    ramp_ms: int = _is("ms", "preset")
    duration_s: int = _is("s", "preset: treated time of all zones")
    density_ma_cm2: float = _is("mA/cm2", "set current over the board's ELECTRODE_AREA_MM2")
    power_mw_cm2: float = _is("mW/cm2", "peak power in 10 kOhm over the board's ELECTRODE_AREA_MM2")
    forward_mc: float = _is("mC", "sum over the zones and the ramp down; what the journal calls charge_uc")
    reverse_mc: float = _is("mC", "the same, in the other direction")
    probe_mc: float = _is("mC", "the contact probes in long rests besides, in each direction: probe_uc in the journal")
    most_ohm: float = _is("Ohm", "largest load into which the set current flows, at the board's RAIL_MIN_MV")
    loads: tuple[Load, ...] = _is("", "one for each test load")
    zones: tuple[ZoneFigures, ...] = _is("", "in order")
    limits: tuple[Margin, ...] = _is("", "every limit that a preset can come near")

    @property
    def within(self) -> bool:
        """Whether every limit is kept."""
        return all(margin.within for margin in self.limits)

    def to_json(self) -> dict[str, Any]:
        """All of it as plain objects, each limit with its percent; `about` has unit and source of every field."""
        document = asdict(self) | {"within": self.within}
        document["limits"] = [asdict(m) | {"percent": m.percent, "within": m.within} for m in self.limits]
        document["about"] = {kind.__name__: about(kind) for kind in (PresetFigures, ZoneFigures, Load, Margin)}
        return document


def about(kind: type[Any]) -> dict[str, dict[str, str]]:
    """Field -> {"unit", "source"} of one of the classes above."""
    return {f.name: dict(f.metadata) for f in fields(kind)}


def figures(
    preset: Preset, level: int = limits.LEVELS, board: str = "tonus_r1", played: Played | None = None
) -> PresetFigures:
    """The figures of a preset at a level, 1..10. `played`: its session, when the caller has it already.

    Raises ValueError for another level, KeyError for a board that does not exist.
    """
    constants = board_constants(board)
    played = played or play(preset, level, board)
    set_ua = compile(preset.zones[0].waveform, preset.top_ua, constants).codes[level] * constants.UA_PER_CODE
    loads = tuple(_load(set_ua, ohm, constants) for ohm in LOADS_OHM)
    area_cm2 = constants.ELECTRODE_AREA_MM2 / 100
    forward_mc, reverse_mc, probe_mc = _charges_mc(preset, played)
    steady: dict[Waveform, tuple[Played, Played, Played]] = {}
    zones = []
    for i, zone in enumerate(preset.zones):
        w = zone.waveform
        if w not in steady:
            usual = plateau(w, preset.top_ua, level, constants)
            worst = plateau(_unmodulated(w), preset.top_ua, level, constants) if w.envelope else usual
            steady[w] = (usual, worst, plateau(_slowest(w), preset.top_ua, level, constants) if w.sweep_ms else worst)
        charges = (float(forward_mc[i]), float(reverse_mc[i]), float(probe_mc[i]))
        zones.append(_zone(zone, *steady[w], loads[0].current_ua, charges))
    density_ma_cm2 = set_ua / 1000 / area_cm2
    power_mw_cm2 = _milliwatts(loads[-1].current_ua, loads[-1].ohm) / area_cm2
    return PresetFigures(
        id=preset.id,
        name=preset.name,
        board=board,
        level=level,
        top_ua=preset.top_ua,
        set_ua=set_ua,
        ramp_ms=preset.ramp_ms,
        duration_s=preset.duration_s(),
        density_ma_cm2=density_ma_cm2,
        power_mw_cm2=power_mw_cm2,
        forward_mc=float(forward_mc.sum()),
        reverse_mc=float(reverse_mc.sum()),
        probe_mc=float(probe_mc.sum()),
        most_ohm=constants.RAIL_MIN_MV * 1000 / set_ua - _source_ohm(constants),
        loads=loads,
        zones=tuple(zones),
        limits=tuple(Margin(*row) for row in margins.rows(preset, set_ua, density_ma_cm2, power_mw_cm2, zones)),
    )


def board_constants(name: str) -> SimpleNamespace:
    """The names that a board.py defines, and UA_PER_CODE, as attributes. KeyError when there is no such board."""
    return SimpleNamespace(**vars(constants(name)), UA_PER_CODE=load_board(name).ua_per_code)


# Playing


@dataclass(frozen=True)
class Played:
    """Phases as a Train plays them into a load that takes the set current; arrays are one element a phase."""

    phases: Phases  # peak and end are the set current; peak_mv is 0, for it would be the load's
    probe: Bools  # the contact probes in long rests
    start_us: int
    end_us: int

    @property
    def us(self) -> int:
        """How long it lasts."""
        return self.end_us - self.start_us

    @property
    def pulses(self) -> Bools:
        """The phases that treat."""
        return ~self.probe


class _Player:
    """Draws a train's words as the interrupt does, and writes down what they drive.

    A train that stands where it stood before goes on as it did from there: what it then drove is repeated, not drawn.
    """

    def __init__(self, train: Train) -> None:
        self.train = train
        self.t_us = 0
        self._fallen_us = 0  # as far as the way down has been told of the time
        self._rows = array("q")
        self._code = 0
        self._probe = 0
        self._decoded: dict[int, tuple[int, int]] = {}  # word: (direction, us); a train has few different ones

    def play(self, until_us: int) -> None:
        """Play words until one ends there or later."""
        train, decoded, write = self.train, self._decoded, self._rows.extend
        out = train.out
        # Where the train stood as one cycle began, and when; after twice as many cycles each time, another one.
        stood, since = b"", (0, 0)
        cycles, enough = 0, 1
        while self.t_us < until_us:
            if out[OUT_FIRST] and not out[OUT_FALLING]:
                stands = out.tobytes() + train._kept.tobytes()
                if stands == stood:
                    self._repeat(*since, until_us)
                    stood = b""
                elif cycles == enough:
                    stood, since = stands, (self.t_us, len(self._rows))
                    cycles, enough = 0, 2 * enough
                cycles += 1
            if out[OUT_LOAD]:
                self._code = train.load
                self._probe = not train.width
            word = out[OUT_WORD]
            if word not in decoded:
                decoded[word] = decode(word)[:2]
            direction, us = decoded[word]
            self.t_us += DEAD_US
            if direction:
                write((self.t_us, direction, us, self._code, self._probe))
            self.t_us += us
            train.next()
            while out[OUT_FALLING] and self._fallen_us + 1000 <= self.t_us:
                train.fall()
                self._fallen_us += 1000
            if not out[OUT_FALLING]:
                self._fallen_us = self.t_us

    def _repeat(self, from_us: int, row: int, until_us: int) -> None:
        """What was driven since then, as often as it ends before until_us."""
        span_us = self.t_us - from_us
        times = (until_us - 1 - self.t_us) // span_us
        again = np.tile(np.array(self._rows[row:], dtype=np.int64).reshape(-1, 5), (times, 1, 1))
        again[:, :, 0] += np.arange(1, times + 1)[:, np.newaxis] * span_us
        self._rows.frombytes(again.tobytes())
        self.t_us += times * span_us
        self._fallen_us = self.t_us

    def played(self, board: SimpleNamespace) -> Played:
        t_us, direction, us, code, probe = np.array(self._rows, dtype=np.int64).reshape(-1, 5).T
        ua = np.asarray(code * board.UA_PER_CODE, dtype=np.float64)
        phases = Phases(t_us, direction, us, code, ua, ua, ua * us / 1000, np.zeros(len(t_us)))
        return Played(phases, probe.astype(np.bool_), 0, self.t_us)


def play(preset: Preset, level: int = limits.LEVELS, board: str = "tonus_r1") -> Played:
    """The whole session: from the first ramp through every zone to the end of the ramp down. Errors as `figures`."""
    if not 1 <= level <= limits.LEVELS:
        raise ValueError(f"level {level}; allowed 1..{limits.LEVELS}")
    constants = board_constants(board)
    train = Train(compile_probe(constants))
    player = _Player(train)
    playing: Waveform | None = None
    end_s = 0
    for zone in preset.zones:
        if zone.waveform != playing:  # equal ones run on without a new ramp
            program = compile(zone.waveform, preset.top_ua, constants)
            change = train.swap if playing else train.start
            change(program, program.codes[level], preset.ramp_ms)
            playing = zone.waveform
        end_s += zone.duration_s
        player.play(end_s * 1_000_000)
    train.aim(0, limits.RAMP_DOWN_MS)
    while not train.settled():
        player.play(player.t_us + 1)  # one word
    return player.played(constants)


def plateau(w: Waveform, top_ua: int, level: int, board: SimpleNamespace) -> Played:
    """A waveform at its level without a ramp: whole cycles, through a whole envelope or one way of a sweep at least.

    Seconds enough of them that the account of charge has its worst moment there.
    """
    program = compile(w, top_ua, board)
    train = Train(compile_probe(board))
    train.start(program, program.codes[level], limits.RAMP_MIN_MS)
    train.skip_ramp()  # the first cycle has its code already, and is dropped
    slowest_us = program.cycle_us if program.burst else w.period_us(min(w.rate_dhz, w.rate_to_dhz))
    envelope_us = sum(w.envelope[:4]) * 1000 if w.envelope else 0
    span_us = max(2 * slowest_us, SPAN_US, envelope_us, w.sweep_ms * 1000)
    player = _Player(train)
    player.play(span_us + 2 * slowest_us + program.pulse_us)
    played = player.played(board)
    starts = np.flatnonzero(played.pulses)[:: _phases_per_cycle(w)]
    first, last = starts[1], starts[-1]
    # Times count from where the first cycle begins, with it the envelope or sweep; what is left starts a cycle later.
    t_us = played.phases.t_us - played.phases.t_us[0]
    phases = _part(replace(played.phases, t_us=t_us), slice(first, last))
    return Played(phases, played.probe[first:last], int(t_us[first]), int(t_us[last]))


def _unmodulated(w: Waveform) -> Waveform:
    """The waveform at the top of its envelope, where it stays: slow pulses may come to the top once in an hour."""
    flat = copy(w)
    flat.envelope = None
    return flat


def _slowest(w: Waveform) -> Waveform:
    """The waveform at the slow end of its sweep, whose rests may be long enough for probes: a moment in each sweep."""
    slow = copy(w)
    slow.rate_dhz = slow.rate_to_dhz = min(w.rate_dhz, w.rate_to_dhz)
    slow.sweep_ms = 0
    return slow


def _part(phases: Phases, which: slice) -> Phases:
    return Phases(*(getattr(phases, f.name)[which] for f in fields(phases)))


def _phases_per_cycle(w: Waveform) -> int:
    return 2 * (w.burst_pulses or 1)


# Weighing


def _zone(
    zone: Zone, usual: Played, worst: Played, slow: Played, load_ua: float, charges_mc: tuple[float, ...]
) -> ZoneFigures:
    """Of a zone that plays `usual`. No pulse of it is stronger than those of `worst`, no rest longer than in `slow`."""
    w = zone.waveform
    phases, pulses = worst.phases, worst.pulses
    one_way = np.flatnonzero(np.diff(phases.direction[pulses], prepend=0))  # where a run of one direction begins
    driven_us = int(phases.dur_us[pulses].max())
    pulse_us = w.phase_us if w.burst_pulses else 2 * w.phase_us + w.gap_us
    return ZoneFigures(
        name=zone.name,
        duration_s=zone.duration_s,
        cue_s=zone.cue_s,
        region=zone.region,
        side=zone.side,
        glide_s=zone.stroke[0] if zone.stroke else 0,
        hold_s=zone.stroke[1] if zone.stroke else 0,
        kind=w.kind,
        rate_hz=w.rate_dhz / 10,
        rate_to_hz=w.rate_to_dhz / 10,
        gap_us=w.gap_us,
        burst_pulses=w.burst_pulses,
        rest_us=w.period_us(w.fastest_dhz()) - pulse_us,
        phase_us=driven_us,
        current_ua=float(phases.peak_ua[pulses].max()),
        duty_pct=float(100 * usual.phases.dur_us[usual.pulses].sum() / usual.us),
        phase_uc=float(phases.charge_nc[pulses].max() / 1000),
        unpaired_uc=float(np.add.reduceat(phases.charge_nc[pulses], one_way).max() / 1000),
        net_code_us=max(_worst_net(w, usual), _worst_net(w, worst)),
        account_uc=max(worst_account(phases)[0], worst_account(slow.phases)[0]),
        rms_ua=float(np.sqrt((usual.phases.peak_ua**2 * usual.phases.dur_us).sum() / usual.us)),
        pulse_mj=_milliwatts(load_ua, LOADS_OHM[0]) * driven_us * (1 if w.burst_pulses else 2) / 1e6,
        forward_mc=charges_mc[0],
        reverse_mc=charges_mc[1],
        probe_mc=charges_mc[2],
    )


def _worst_net(w: Waveform, played: Played) -> int:
    """Largest net of a cycle, code x us."""
    phases, pulses = played.phases, played.pulses
    signed = (phases.direction * phases.code * phases.dur_us)[pulses]
    return int(np.abs(signed.reshape(-1, _phases_per_cycle(w)).sum(axis=1)).max())


def zone_of(preset: Preset, t_us: Ints) -> Ints:
    """Index of the zone that each instant of a session lies in; the ramp down belongs to the last."""
    ends_us = np.cumsum([zone.duration_s * 1_000_000 for zone in preset.zones])
    return np.minimum(np.searchsorted(ends_us, t_us, side="right"), len(preset.zones) - 1)


def _charges_mc(preset: Preset, played: Played) -> tuple[Floats, Floats, Floats]:
    """Charge of each zone, mC: (pulses forward, pulses in reverse, probes in each direction)."""
    phases = played.phases
    forward = phases.direction > 0
    sums = []
    for which in (played.pulses & forward, played.pulses & ~forward, played.probe & forward):
        zone = zone_of(preset, phases.t_us[which])
        nc = np.bincount(zone, weights=phases.charge_nc[which], minlength=len(preset.zones))
        sums.append(np.asarray(nc / 1e6, dtype=np.float64))
    return sums[0], sums[1], sums[2]


def _source_ohm(board: SimpleNamespace) -> float:
    """What the rail drives besides the load, where the source saturates."""
    return float(board.RSET_OHM + board.FET_OHM + board.SWITCHES_OHM)


def _load(set_ua: float, ohm: int, board: SimpleNamespace) -> Load:
    most_ua = board.RAIL_MIN_MV * 1000 / (_source_ohm(board) + ohm)
    current_ua = min(set_ua, most_ua)
    return Load(ohm=ohm, current_ua=current_ua, volts=current_ua * ohm / 1e6, limited=most_ua < set_ua)


def _milliwatts(ua: float, ohm: float) -> float:
    return ua * ua * ohm / 1e9
