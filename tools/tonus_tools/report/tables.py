"""The tables of a report: the device, and of each preset its output, session, zones and levels.

Figures are those of `ctl.figures`, with the origin that stands with their field there; what this file adds (means over
the words, densities at other loads) says how in its row. Nothing is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace

import numpy as np
from tonus import limits
from tonus.preset import Preset, Waveform
from tonus.program import DEAD_US

from ..ctl.figures import LOADS_OHM, Load, Played, PresetFigures, ZoneFigures, about
from .accuracy import STRAY_NC, Accuracy
from .model import Column, Row, Step, Table, Value
from .words import loads, show, with_unit

OF_ZONE = {name: told["source"] for name, told in about(ZoneFigures).items()}
OF_PRESET = {name: told["source"] for name, told in about(PresetFigures).items()}
OF_LOAD = {name: told["source"] for name, told in about(Load).items()}

KINDS = {
    "biphasic": "pulsed, biphasic, symmetrical",
    "alternating": "pulsed, bursts of alternating polarity",
    "swept": "pulsed, biphasic, symmetrical; rate swept",
    "modulated": "pulsed, biphasic, symmetrical; amplitude modulated",
}


def mean_ua(steady: Played) -> float:
    """Mean of the current without its sign, over whole cycles, probes included."""
    return float(steady.phases.charge_nc.sum()) * 1000 / steady.us


# A preset


def output(
    preset: Preset,
    top: PresetFigures,
    steady: Sequence[Played],
    waveforms: Sequence[Waveform],
    letters: Sequence[str],
    board: SimpleNamespace,
    accuracy: Accuracy,
) -> Table:
    """The output table of submissions for such devices, a column for each waveform, at the highest level."""
    zones = [top.zones[[z.waveform for z in preset.zones].index(w)] for w in waveforms]
    names = [[zone.name for zone in preset.zones if zone.waveform == w] for w in waveforms]
    area_cm2 = board.ELECTRODE_AREA_MM2 / 100
    means = [mean_ua(played) for played in steady]
    rows: list[Row] = []

    def add(group: str, name: str, unit: str, values: Sequence[Value], source: str) -> None:
        rows.append(Row(name, unit, tuple(values), source, group))

    def each(group: str, name: str, unit: str, of: Callable[[ZoneFigures], Value], source: str) -> None:
        add(group, name, unit, [of(zone) for zone in zones], source)

    def same(group: str, name: str, unit: str, value: Value, source: str) -> None:
        add(group, name, unit, [value] * len(zones), source)

    group = "Waveform"
    add(group, "zones", "", [", ".join(found) for found in names], "preset")
    each(group, "waveform", "", lambda z: KINDS[z.kind], "preset: waveform.kind")
    same(group, "shape", "", "rectangular, current-regulated", "program.py: one DAC value through a whole phase")
    each(group, "phase width", "us", lambda z: z.phase_us, OF_ZONE["phase_us"])
    gaps = [_shorted_us(played) for played in steady]
    of_gap = f"the Train's words: the preset's gap, and {DEAD_US} us of dead time before each word"
    add(
        group,
        "electrodes shorted between phases",
        "us",
        [us if not z.burst_pulses else "no pairs" for us, z in zip(gaps, zones, strict=True)],
        of_gap,
    )
    widths: list[Value] = [
        z.phase_us if z.burst_pulses else 2 * z.phase_us + us for us, z in zip(gaps, zones, strict=True)
    ]
    add(group, "pulse width, both phases", "us", widths, "2 x phase + what lies between; one phase when alternating")
    each(group, "rate", "Hz", _rate, "preset")
    each(group, "shortest rest", "us", lambda z: z.rest_us, OF_ZONE["rest_us"])
    each(group, "phases of equal current and width", "", lambda z: "yes", "program.py: checked when it is compiled")
    each(group, "pulses in one burst, each way", "", lambda z: z.burst_pulses or "no bursts", OF_ZONE["burst_pulses"])
    each(group, "time of a burst", "ms", _burst_ms, "pulses in one burst / rate")
    add(group, "envelope", "", [_swell(w) for w in waveforms], "preset: waveform.envelope")
    each(group, "duty: driven share of the time", "%", lambda z: z.duty_pct, OF_ZONE["duty_pct"])
    add(group, "contact probes in long rests", "", [_probes(played) for played in steady], "the Train's words")

    group = "Output into the test loads, rail at its lowest"
    for load in top.loads:
        source = OF_LOAD["current_ua"]
        same(group, f"maximum current, {loads(load.ohm)}", "uA", load.current_ua, source)
    band = accuracy.band_ua(top.set_ua)
    same(group, "its tolerance", "uA", f"+-{show(band)}", f"{accuracy.source}, at the set current")
    for load in top.loads:
        same(
            group, f"maximum voltage, {loads(load.ohm)}", "V", load.volts, f"{OF_LOAD['volts']}; peak, either polarity"
        )
    same(
        group,
        "tolerance of the voltage",
        "%",
        f"+-{show(accuracy.percent_at(top.set_ua))}",
        "as the current: a pure load",
    )

    group = "Charge"
    each(group, "maximum phase charge", "uC", lambda z: z.phase_uc, OF_ZONE["phase_uc"])
    of_strays = "SPICE: tools/tonus_tools/spice/results.md; at most, each phase, in its own direction"
    same(group, "charge of the strays, a phase", "uC", STRAY_NC / 1000, of_strays)
    each(
        group,
        "maximum phase charge with the strays'",
        "uC",
        lambda z: z.phase_uc + STRAY_NC / 1000,
        "maximum phase charge + charge of the strays",
    )
    each(group, "maximum charge in one direction", "uC", lambda z: z.unpaired_uc, OF_ZONE["unpaired_uc"])
    each(group, "net charge of a cycle", "uC", _net_uc(board), f"{OF_ZONE['net_code_us']} x the board's uA a code")

    group = "Current over time"
    add(group, "mean of |current|", "uA", means, "charge of the Train's words / time, probes included")
    each(group, "RMS current", "uA", lambda z: z.rms_ua, OF_ZONE["rms_ua"])
    each(group, "account of charge, worst", "uC", lambda z: z.account_uc, OF_ZONE["account_uc"])
    each(group, "mean DC, whole cycles", "uA", _net_uc(board), "net charge of a cycle x rate")

    group = f"Density, over one electrode of {show(area_cm2)} cm2"
    area = "ELECTRODE_AREA_MM2"
    each(
        group, "current density, peak", "mA/cm2", lambda z: z.current_ua / 1000 / area_cm2, f"maximum current / {area}"
    )
    each(group, "current density, RMS", "mA/cm2", lambda z: z.rms_ua / 1000 / area_cm2, f"RMS current / {area}")
    add(group, "current density, mean", "mA/cm2", [ua / 1000 / area_cm2 for ua in means], f"mean of |current| / {area}")
    for load in (top.loads[0], top.loads[-1]):
        share = load.current_ua / top.set_ua  # below 1 where the rail decides
        of_load = loads(load.ohm)
        peaks = [_mw(zone.current_ua * share, load.ohm) / area_cm2 for zone in zones]
        heats = [_mw(zone.rms_ua * share, load.ohm) / area_cm2 for zone in zones]
        add(group, f"power density, peak, {of_load}", "mW/cm2", peaks, f"peak current squared x load / {area}")
        add(group, f"power density, mean, {of_load}", "mW/cm2", heats, f"RMS current squared x load / {area}")
    each(group, "energy of a pulse, 500 Ohm", "uJ", lambda z: z.pulse_mj * 1000, OF_ZONE["pulse_mj"])
    columns = tuple(Column(letter) for letter in letters)
    return Table("output", f"Output, at level {top.level} as set", columns, tuple(rows))


def _shorted_us(played: Played) -> int:
    """Least time between a forward phase and the reverse one after it."""
    phases = played.phases
    pulses = np.flatnonzero(played.pulses)
    a, b = pulses[:-1], pulses[1:]
    turns = (phases.direction[a] > 0) & (phases.direction[b] < 0)
    return int((phases.t_us[b] - phases.end_us[a])[turns].min())


def _rate(zone: ZoneFigures) -> Value:
    return zone.rate_hz if zone.rate_to_hz == zone.rate_hz else f"{zone.rate_hz:g} to {zone.rate_to_hz:g} and back"


def _burst_ms(zone: ZoneFigures) -> Value:
    return 1000 * zone.burst_pulses / zone.rate_hz if zone.burst_pulses else "no bursts"


def _swell(w: Waveform) -> str:
    if w.envelope is None:
        return "none"
    rise, hold, fall, low, depth, sine = w.envelope
    if sine:
        return f"sine of {show((rise + fall) / 1000)} s, down to {100 - depth} %, not below {limits.PROBE_UA} uA"
    times = ", ".join(
        f"{show(ms / 1000)} s {name}" for ms, name in ((rise, "up"), (hold, "on"), (fall, "down"), (low, "low"))
    )
    return f"trapezoid: {times}; low is {100 - depth} %, not below {limits.PROBE_UA} uA"


def _probes(played: Played) -> str:
    which = played.probe
    if not which.any():
        return "none"
    phases = played.phases
    return f"{show(round(float(phases.peak_ua[which].max()), 2))} uA, {int(phases.dur_us[which].max())} us each way"


def _net_uc(board: SimpleNamespace) -> Callable[[ZoneFigures], Value]:
    return lambda zone: zone.net_code_us * board.UA_PER_CODE / 1e6 or 0


def _mw(ua: float, ohm: int) -> float:
    return ua * ua * ohm / 1e9


def session(preset: Preset, top: PresetFigures, board: SimpleNamespace, accuracy: Accuracy) -> Table:
    """What belongs to the whole preset."""
    factor = accuracy.factor(top.set_ua)
    worst_ua = top.set_ua * factor
    rows = (
        Row("current of level 10, as asked", "uA", (preset.top_ua,), OF_PRESET["top_ua"]),
        Row("as set", "uA", (top.set_ua,), OF_PRESET["set_ua"]),
        Row("at the far end of its tolerance", "uA", (worst_ua,), f"set current x {factor:.3f}: {accuracy.source}"),
        Row("largest load that takes it", "kOhm", (top.most_ohm / 1000,), OF_PRESET["most_ohm"]),
        Row("charge of the session, forward", "mC", (top.forward_mc,), OF_PRESET["forward_mc"]),
        Row("charge of the session, reverse", "mC", (top.reverse_mc,), OF_PRESET["reverse_mc"]),
        Row("charge of the contact probes besides, each way", "mC", (top.probe_mc,), OF_PRESET["probe_mc"]),
        Row("that, of the pulses' charge", "%", (100 * top.probe_mc / top.forward_mc,), "probes / forward"),
        Row("timer: treated time, then off", "s", (preset.duration_s(),), OF_PRESET["duration_s"]),
        Row("ramp from zero, at the start and at a new waveform", "ms", (preset.ramp_ms,), OF_PRESET["ramp_ms"]),
        Row("ramp to zero, at the end", "ms", (limits.RAMP_DOWN_MS,), "limits.RAMP_DOWN_MS"),
        Row(
            "least contact area that keeps 2 mA/cm2",
            "mm2",
            (worst_ua / 1000 / 2 * 100,),
            f"current at the far end / 2 mA/cm2; the electrode has {board.ELECTRODE_AREA_MM2} mm2",
        ),
    )
    return Table("session", "Session", (Column(""),), rows)


def zones(preset: Preset, top: PresetFigures, letter_of: Callable[[Waveform], str]) -> Table:
    """Zone by zone."""
    columns = (
        Column("waveform", "", "preset: zones with equal waveforms share a letter"),
        Column("time", "s", OF_ZONE["duration_s"]),
        Column("cue every", "s", OF_ZONE["cue_s"]),
        Column("stroke: glide + hold", "s", "preset"),
        Column("current", "uA", OF_ZONE["current_ua"]),
        Column("forward", "mC", OF_ZONE["forward_mc"]),
        Column("reverse", "mC", OF_ZONE["reverse_mc"]),
        Column("probes", "mC", OF_ZONE["probe_mc"]),
    )
    rows = tuple(
        Row(
            z.name,
            "",
            (
                letter_of(zone.waveform),
                z.duration_s,
                "-" if z.glide_s else z.cue_s,
                f"{z.glide_s} + {z.hold_s}" if z.glide_s else "-",
                z.current_ua,
                z.forward_mc,
                z.reverse_mc,
                z.probe_mc,
            ),
        )
        for zone, z in zip(preset.zones, top.zones, strict=True)
    )
    return Table("zones", f"Zones, at level {top.level}", columns, rows, "zone")


def levels(by_level: Sequence[PresetFigures], accuracy: Accuracy) -> Table:
    """Level by level."""
    columns = [
        Column("set", "uA", OF_PRESET["set_ua"]),
        Column("tolerance", "+- uA", f"{accuracy}: {accuracy.source}"),
    ]
    columns += [Column(f"into {_near(ohm)}", "uA", OF_LOAD["current_ua"]) for ohm in LOADS_OHM]
    columns += [Column(f"over {_near(ohm)}", "V", OF_LOAD["volts"]) for ohm in LOADS_OHM]
    columns += [
        Column("largest load", "kOhm", OF_PRESET["most_ohm"]),
        Column("phase charge", "uC", OF_ZONE["phase_uc"]),
        Column("charge one way", "uC", OF_ZONE["unpaired_uc"]),
        Column("account", "uC", OF_ZONE["account_uc"]),
        Column("current density", "mA/cm2", OF_PRESET["density_ma_cm2"]),
        Column("power density", "mW/cm2", OF_PRESET["power_mw_cm2"]),
        Column("session, each way", "mC", OF_PRESET["forward_mc"]),
    ]
    rows = []
    for f in by_level:
        values: list[Value] = [f.set_ua, accuracy.band_ua(f.set_ua)]
        values += [load.current_ua for load in f.loads] + [load.volts for load in f.loads]
        values += [
            f.most_ohm / 1000,
            max(zone.phase_uc for zone in f.zones),
            max(zone.unpaired_uc for zone in f.zones),
            max(zone.account_uc for zone in f.zones),
            f.density_ma_cm2,
            f.power_mw_cm2,
            f.forward_mc,
        ]
        rows.append(Row(str(f.level), "", tuple(values)))
    return Table("levels", "Level by level", tuple(columns), tuple(rows), "level")


def _near(ohm: int) -> str:
    """A load that a narrow column does not break in two."""
    return loads(ohm).replace(" ", "\N{NO-BREAK SPACE}")


def steps(preset: Preset, top: PresetFigures, board: SimpleNamespace, accuracy: Accuracy) -> tuple[Step, ...]:
    """The zone with the largest phase charge, worked through by hand."""
    zone = max(top.zones, key=lambda z: z.phase_uc)
    ua = top.set_ua
    code = round(ua / board.UA_PER_CODE)
    full = 1 << board.DAC_BITS
    area_cm2 = board.ELECTRODE_AREA_MM2 / 100
    last = top.loads[-1]
    factor = accuracy.factor(ua)
    asked = preset.top_ua * top.level // limits.LEVELS
    return (
        Step(
            "DAC code",
            "asked uA x Rset x 2^bits / reference, rounded down",
            f"{asked} x {board.RSET_OHM} x {full} / {board.DAC_REFERENCE_MV}000",
            str(code),
        ),
        Step(
            "set current",
            "code x reference / 2^bits / Rset",
            f"{code} x {board.DAC_REFERENCE_MV} mV / {full} / {board.RSET_OHM} Ohm",
            with_unit(ua, "uA"),
        ),
        Step(
            "phase charge",
            "current x phase width",
            f"{show(ua)} uA x {zone.phase_us} us",
            with_unit(zone.phase_uc, "uC"),
        ),
        Step(
            "net charge of a cycle",
            "sum of direction x code x us",
            f"{code} x {_one_way_us(zone)} - {code} x {_one_way_us(zone)}",
            f"{zone.net_code_us} code us",
        ),
        Step(
            f"voltage, {loads(last.ohm)}",
            "current x load",
            f"{show(last.current_ua)} uA x {last.ohm} Ohm",
            with_unit(last.volts, "V"),
        ),
        Step(
            "current density, peak",
            "current / area",
            f"{show(ua / 1000)} mA / {show(area_cm2)} cm2",
            with_unit(top.density_ma_cm2, "mA/cm2"),
        ),
        Step(
            f"power density, peak, {loads(last.ohm)}",
            "current squared x load / area",
            f"({show(last.current_ua / 1000)} mA)^2 x {last.ohm / 1000:g} kOhm / {show(area_cm2)} cm2",
            with_unit(top.power_mw_cm2, "mW/cm2"),
        ),
        Step(
            "worst case of a current",
            f"set current + {accuracy}",
            f"{show(ua)} uA + {show(accuracy.band_ua(ua))} uA",
            f"{show(ua * factor)} uA, x {factor:.3f}",
        ),
    )


def _one_way_us(zone: ZoneFigures) -> str:
    return f"{zone.burst_pulses} x {zone.phase_us} us" if zone.burst_pulses else f"{zone.phase_us} us"
