"""From presets to a report: every figure computed once, from the words that the firmware would play."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from tonus import VERSION, limits
from tonus.preset import Preset, Waveform

from ..ctl import words
from ..ctl.figures import PresetFigures, board_constants, figures, plateau, play
from . import device, judging, peers, tables, waves
from .accuracy import Accuracy, out_of_the_box
from .model import Column, PresetPart, Report, Row, Table, Value

OnStep = Callable[[int, int], None]


@dataclass(frozen=True)
class Source:
    """A preset, and where it came from; `shipped`: it is one of those that came with the firmware."""

    preset: Preset
    where: str
    shipped: bool


@dataclass(frozen=True)
class _Computed:
    """The figures of a preset at every level."""

    source: Source
    by_level: list[PresetFigures]

    @property
    def top(self) -> PresetFigures:
        return self.by_level[-1]


def build(
    sources: Sequence[Source],
    presets_from: str,
    made: str,
    board: str = "tonus_r1",
    accuracy: Accuracy | None = None,
    on_step: OnStep = lambda done, of: None,
) -> Report:
    """The report of these presets on a board. `made`: the day it is made. `accuracy`: None is
    out of the box. `on_step`: told (done, of) as it computes.

    Raises KeyError for a board that does not exist.
    """
    constants = board_constants(board)
    if accuracy is None:
        accuracy = out_of_the_box(constants)
    total = len(sources) * limits.LEVELS
    computed: list[_Computed] = []
    for source in sources:
        by_level = []
        for level in range(1, limits.LEVELS + 1):
            by_level.append(figures(source.preset, level, board))
            on_step(len(computed) * limits.LEVELS + level, total)
        computed.append(_Computed(source, by_level))
    parts = tuple(_part(one, constants, accuracy) for one in computed)
    return Report(
        made=made,
        version=VERSION,
        board=board,
        presets_from=presets_from,
        accuracy=accuracy,
        device=device.tables(constants, accuracy),
        judged=judging.judge_device(constants, accuracy),
        summary=Table("summary", "At a glance, level 10 as set", SUMMARY, tuple(part.summary for part in parts)),
        presets=parts,
        peers=peers.tables([source.preset for source in sources], [one.by_level for one in computed], constants),
    )


SUMMARY = (
    Column("current", "uA"),
    Column("over 10 kOhm", "V"),
    Column("rate", "Hz"),
    Column("phase", "us"),
    Column("phase charge", "uC"),
    Column("net charge", "uC"),
    Column("account", "uC"),
    Column("current density", "mA/cm2"),
    Column("power density", "mW/cm2"),
    Column("session", "min"),
)


def _part(one: _Computed, board: SimpleNamespace, accuracy: Accuracy) -> PresetPart:
    preset, top = one.source.preset, one.top
    waveforms = list(dict.fromkeys(zone.waveform for zone in preset.zones))
    steady = [plateau(w, preset.top_ua, top.level, board) for w in waveforms]
    letters = [chr(ord("A") + i) for i in range(len(waveforms))]

    def letter(w: Waveform) -> str:
        return letters[waveforms.index(w)]

    zones_of = [[zone.name for zone in preset.zones if zone.waveform == w] for w in waveforms]
    described = tuple((letters[i], _words(w), ", ".join(zones_of[i])) for i, w in enumerate(waveforms))
    plots = [waves.session(preset, play(preset, top.level, top.board), top.set_ua)]
    plots += [
        waves.waveform(w, played, top.loads, f"{preset.name}, waveform {letter(w)}")
        for w, played in zip(waveforms, steady, strict=True)
    ]
    return PresetPart(
        id=preset.id,
        name=preset.name,
        where=one.source.where,
        words=f"{words.seconds(preset.duration_s())}, {words.plural(len(top.zones), 'zone')}, at most {top.top_ua} uA",
        waveforms=described,
        plots=tuple(plots),
        icon=waves.icon(waveforms[0], steady[0]),
        summary=Row(preset.name, "", _glance(preset, top, board.UA_PER_CODE)),
        output=tables.output(preset, top, steady, waveforms, letters, board, accuracy),
        session=tables.session(preset, top, board, accuracy),
        zones=tables.zones(preset, top, letter),
        levels=tables.levels(one.by_level, accuracy),
        steps=tables.steps(preset, top, board, accuracy),
        judged=judging.judge(preset, one.by_level, board, accuracy, one.source.shipped),
    )


def _glance(preset: Preset, top: PresetFigures, ua_per_code: float) -> tuple[Value, ...]:
    rates = [rate for zone in top.zones for rate in (zone.rate_hz, zone.rate_to_hz)]
    widths = [zone.phase_us for zone in top.zones]
    return (
        top.set_ua,
        top.loads[-1].volts,
        _span(rates),
        _span(widths),
        max(zone.phase_uc for zone in top.zones),
        max(zone.net_code_us for zone in top.zones) * ua_per_code / 1e6 or 0,
        max(zone.account_uc for zone in top.zones),
        top.density_ma_cm2,
        top.power_mw_cm2,
        preset.duration_s() / 60,
    )


def _span(values: Sequence[float]) -> str:
    least, most = min(values), max(values)
    return f"{least:g}" if least == most else f"{least:g}..{most:g}"


def _words(w: Waveform) -> str:
    """A waveform in a few words."""
    width = f"{w.phase_us} us"
    if w.kind == "alternating":
        return f"alternating, {w.rate_dhz / 10:g} Hz, {w.burst_pulses} pulses of {width} each way"
    rate = f"{w.rate_dhz / 10:g} Hz"
    if w.kind == "swept":
        rate = f"{w.rate_dhz / 10:g} to {w.rate_to_dhz / 10:g} Hz in {w.sweep_ms / 1000:g} s and back"
    return f"{w.kind}, {rate}, phases of {width}"
