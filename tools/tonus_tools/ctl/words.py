"""Presets, journal records and readings in words, for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from tonus import faults, limits, program
from tonus.preset import Preset, Waveform, Zone
from tonus.session import EVENTS

from ..progress import history
from ..progress.sentence import sentence
from .client import Fault, Session

Record = Mapping[str, Any]
Fact = tuple[str, str]


# Of device.selftest and device.counters: what a person may want to know of each.
READINGS = {
    "rail_mv": "compliance rail, with the keep-alive",
    "zero_mcodes": "what the converter reads of nothing, thousandths of a code",
    "noise_mcodes": "one deviation of a reading, the same",
    "leak_ua": "current sensed with the DAC shut down, rail up",
    "dac_offset_na": "offset of DAC and sink, taken out",
    "slope_ppm": "what the sense makes of a DAC code, against what it should",
    "low_na": "through the built-in 10 kOhm, DAC code 64: about 8 uA and the offset",
    "across_mv": "difference of the voltage dividers, taken out",
    "watch_ms": "373 uA one way, until the electrode watch tripped",
    "rest_mv": "rail less sink node in a rest, 80 uA",
    "fallen_mv": "compliance rail, without the keep-alive",
    "cell_mv": "the cell",
    "temperature_c": "the processor",
    "ms": "time it took",
}
COUNTERS = {
    "ticks": "turns of the pulse loop, one a millisecond",
    "late": "of these, with the rail up, begun 0.5 to 1 ms late",
    "missed": "of these, with the rail up, begun more than 1 ms late",
    "worst_us": "longest turn (us)",
    "unseen": "phases that went out unsampled",
    "heap_free": "free memory (bytes)",
    "requests": "requests answered on this port",
    "errors": "requests refused",
    "dropped": "log lines nobody read",
    "journal_lost": "journal records that could not be written",
}
NOTES = {
    faults.SETTINGS_DAMAGED: "the settings could not be used, and were put aside",
    faults.DATA_LOST: "files that should be on the device were gone at the start",
    faults.CALIBRATION_DAMAGED: "the calibration could not be used, and was put aside",
    faults.BANK_DAMAGED: "the bank could not be used, and was put aside",
}
UNITS = {
    "mv": "mV",
    "ua": "uA",
    "na": "nA",
    "ppm": "ppm",
    "uc": "uC",
    "c": "C",
    "ms": "ms",
    "us": "us",
    "pct": "%",
    "ohm": "Ohm",
}


# Fields of a session whose names do not say their units.
COLUMNS = {
    "ohm": "resistance (Ohm)",
    "zones": "zones (ms, %)",
    "counted": "counted (ms, %)",
    "charges": "charges (uC, uC)",
}


def seconds(s: int) -> str:
    """A time, as a person says it."""
    minutes, rest = divmod(s, 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def since(ms: int) -> str:
    """A time since the device started, to the second."""
    hours, rest = divmod(ms // 1000, 3600)
    return f"{hours} h {rest // 60} min" if hours else seconds(rest)


def moment(unix_s: int | None) -> str:
    """A time of day here, to the minute; a dash when the device did not know it."""
    return "-" if unix_s is None else f"{datetime.fromtimestamp(unix_s):%Y-%m-%d %H:%M}"


def iso(unix_s: int | None) -> str:
    """A time of day here, as ISO 8601 has it; empty when the device did not know it."""
    return "" if unix_s is None else datetime.fromtimestamp(unix_s).astimezone().isoformat()


def column(name: str) -> str:
    """A record's field as the head of a column: its unit, which its name ends in, in brackets."""
    if name in COLUMNS:
        return COLUMNS[name]
    stem, _, unit = name.rpartition("_")
    return f"{stem} ({UNITS[unit]})" if stem and unit in UNITS else name


_UP = 1 + 1e-9  # a half goes up: else each interpreter has its own way, and the page is one more


def figure(value: float) -> str:
    """A figure to four digits, whole ones as they are."""
    return f"{value * _UP:.4g}" if abs(value) < 10_000 else f"{value:.0f}"


def plural(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def lost(names: str) -> str:
    """What a device misses, and what to do about it."""
    return f"{names}: push presets or calibrate again, as it needs; `journal list faults` says when it was missed"


# Presets


def headline(p: Preset) -> str:
    return f"{p.name} ({p.id}): {seconds(p.duration_s())}, {plural(len(p.zones), 'zone')}, at most {p.top_ua} uA"


def strength(p: Preset) -> str:
    """Levels and ramp."""
    least = p.top_ua / limits.LEVELS
    return (
        f"Level 1 is {least:g} uA, each level {least:g} uA more, level {limits.LEVELS} {p.top_ua} uA. "
        f"At the start the current rises from zero in {_ms(p.ramp_ms)}."
    )


def zone_rows(p: Preset) -> list[tuple[str, str, str, str, str]]:
    """(from, zone, time, cue, pulses) of each zone."""
    rows = []
    at = 0
    before: Waveform | None = None
    for zone in p.zones:
        pulses = "as before" if zone.waveform == before else pulses_of(zone.waveform, p.top_ua)
        name = zone.name if zone.name == f"{zone.region} {zone.side}" else f"{zone.name} ({zone.region} {zone.side})"
        rows.append((f"{at // 60}:{at % 60:02}", name, seconds(zone.duration_s), pace(zone), pulses))
        at += zone.duration_s
        before = zone.waveform
    return rows


def pace(zone: Zone) -> str:
    """What tells the hand to move: a cue, or a rhythm of strokes."""
    if zone.stroke is None:
        return f"every {zone.cue_s} s"
    glide_s, hold_s = zone.stroke
    return f"glide {glide_s} s" + (f", hold {hold_s} s" if hold_s else "")


def pulses_of(w: Waveform, top_ua: int) -> str:
    """A waveform in plain words, with its charge at level 10."""
    charge = f"{top_ua * w.phase_us / 1e6:g} uC a phase"
    charge += "".join(f"; {words}" for words in probes_of(w, top_ua))
    if w.kind == "alternating":
        return (
            f"{_rate(w.rate_dhz)} of {_us(w.phase_us)}: {w.burst_pulses} one way, then {w.burst_pulses} back; "
            f"{charge}, {top_ua * w.unpaired_us() / 1e6:g} uC a burst"
        )
    shape = f"{_us(w.phase_us)} one way, {_us(w.gap_us)} pause, {_us(w.phase_us)} back"
    if w.kind == "swept":
        rate = f"{_hz(w.rate_dhz)} to {_hz(w.rate_to_dhz)} pulses a second and back, {seconds(w.sweep_ms // 1000)} each"
    else:
        rate = _rate(w.rate_dhz)
    return f"{rate}: {shape}; {charge}" + (f"; {_swell(w.envelope)}" if w.envelope else "")


def probes_of(w: Waveform, top_ua: int) -> list[str]:
    """The contact probes that break up its longest rests, and their charge against the pulses'; nothing without."""
    longest_us = w.period_us(min(w.rate_dhz, w.rate_to_dhz)) - program.pulse_us(w)
    probes = program.probes_in(longest_us)
    if not probes:
        return []
    each_way_uc = probes * limits.PROBE_UA * limits.PROBE_PHASE_US / 1e6
    pulse_uc = top_ua * w.phase_us / (2e6 if w.burst_pulses else 1e6)
    most = "up to " if w.rate_to_dhz != w.rate_dhz else ""
    against = share(each_way_uc, pulse_uc, "the pulses'")
    return [
        f"in each rest {most}{plural(probes, 'contact probe')} of {limits.PROBE_UA} uA, "
        f"{figure(each_way_uc)} uC each way: {against} at level {limits.LEVELS}"
    ]


def share(part: float, whole: float, name: str) -> str:
    """A charge against that of another name: in percent, or how many times as much."""
    times = _UP * part / whole
    return f"{times:.3g} times {name}" if part > 2 * whole else f"{100 * times:.3g} % of {name}"


def notes(p: Preset) -> list[str]:
    """What a person should know of a preset that is good."""
    room_s = limits.SESSION_MAX_MS // 1000 - p.duration_s()
    if room_s >= limits.SESSION_ROOM_S:
        return []
    leaves = f"leave only {room_s} s of" if room_s else "leave nothing of"
    return [
        f"its {p.duration_s()} s {leaves} the {limits.SESSION_MAX_MS // 60_000} min a session may last; these run from "
        "arming on, so gel, pauses and lifts count towards them: "
        + ("its last zone may be cut short" if room_s else "its last zone will be cut short")
    ]


def _swell(envelope: tuple[int, int, int, int, int, bool]) -> str:
    rise, hold, fall, low, depth, is_sine = envelope
    sinks = f"{100 - depth} % of the level (no pulse below {limits.PROBE_UA} uA)"
    if is_sine:
        return f"swells between {sinks} and all of it, every {_ms(rise + fall)}"
    return f"swells from {sinks}: {_ms(rise)} up, {_ms(hold)} at the level, {_ms(fall)} down, {_ms(low)} low"


def _rate(dhz: int) -> str:
    if dhz == 10:
        return "one pulse a second"
    return f"one pulse every {_UP * 10 / dhz:.3g} s" if dhz < 10 else f"{_hz(dhz)} pulses a second"


def _hz(dhz: int) -> str:
    return f"{dhz / 10:g}"


def _us(us: int) -> str:
    return f"{us} us" if us < 1000 else f"{us / 1000:g} ms"


def _ms(ms: int) -> str:
    return f"{ms / 1000:g} s"


# Journal


SESSION_COLUMNS = ("record", "ended", "preset", "level", "treated", "share", "lifts", "in short")
SESSION_FIGURES = ("level", "treated", "share", "lifts")


def session_row(r: Record, its: history.Session) -> tuple[str, ...]:
    """Under SESSION_COLUMNS: a record, and itself with the days it may have been on."""
    return (
        f"s{r['n']}", moment(r["at"]) if its.at else its.when, r["name"], f"{r['level']}",
        seconds(round(r["treated_ms"] / 1000)), percent(r.get("share_pct")), f"{r['lifts']}", sentence(its),
    )  # fmt: skip


FAULT_COLUMNS = ("record", "when", "fault", "reading", "in state", "running for", "why")
FAULT_FIGURES = ("reading", "running for")


def fault_row(r: Record) -> tuple[str, ...]:
    """Under FAULT_COLUMNS."""
    return (
        f"f{r['n']}", moment(r["at"]), f"{r['fault']} {r['name']}", f"{r['value']}", r["state"], since(r["up_ms"]),
        r.get("why") or "-",
    )  # fmt: skip


def session_facts(r: Record, its: history.Session, names: Sequence[str] = ()) -> list[Fact]:
    """Every field of a session, explained. names: of its zones, when they are known and the record has no places."""
    level, top_ua = r["level"], r["top_ua"]
    ended = moment(r["at"]) if its.at else f"{its.when}: no computer had set the device's clock"
    facts = [
        ("record", f"s{r['n']}: session {r['n']}"),
        ("in short", sentence(its)),
        ("ended", ended),
        ("preset", f"{r['name']} ({r['id']}), of bank generation {r['generation']}"),
        ("highest level", f"{level} of {limits.LEVELS}: {top_ua * level / limits.LEVELS:g} of {top_ua} uA"),
        *_delivered(r),
        ("contact good", f"{r['good_pct']} % of the counted time"),
        ("resistance", f"{r['ohm']} Ohm, mean" if r["ohm"] else "none measured: there was no contact"),
        ("lifts", f"{plural(r['lifts'], 'pause')} because an electrode lifted"),
        ("ended by", f"{r['why']}: {EVENTS.get(r['why'], 'not known to this tonusctl')}"),
    ]
    for part in its.parts:
        facts.append((f"zone {part.number}", _zone(part, names)))
    return facts + _others(r, {f.name for f in fields(Session)})


def _zone(part: history.Part, names: Sequence[str]) -> str:
    """What one zone got."""
    named = str(part.place) if part.place else names[part.number - 1] if names else ""
    told = f"{named}: " if named else ""
    told += "skipped; " if part.skipped else ""
    told += f"{part.treated_s:g}"
    told += " s" if part.share_pct is None else f" of {part.counted_s:g} s, delivered {part.share_pct} %"
    if part.set_uc is not None:
        told += f", {charge(part.delivered_uc)} of {charge(part.set_uc)} uC"
    return f"{told}, contact good {part.good_pct} %"


def _delivered(r: Record) -> list[Fact]:
    """Time and charge of a session: set, delivered, and what share that is."""
    treated = f"{r['treated_ms'] / 1000:g} s"
    flowed = f"{charge(r['charge_uc'])} uC in each direction; in sum zero"
    if r.get("counted_ms") is None:
        return [("treated", f"{treated}; pauses do not count"), ("charge", flowed)]
    counted = f"{r['counted_ms'] / 1000:g} s that counted"
    facts = [
        ("treated", f"{treated}: of the {counted}, as far as what was set was delivered; pauses do not count"),
        ("set", f"{charge(r['set_uc'])} uC in each direction: the level, over that time"),
        ("delivered", f"{flowed}; {r['share_pct']} % of what was set"),
    ]
    if r["probe_uc"]:
        facts.append(("probes", f"{charge(r['probe_uc'])} uC besides, by the contact probes in long rests"))
    return facts


def charge(uc: float | None) -> str:
    """A charge in uC: to a tenth, small ones to three digits; a dash when the record is too old to have it."""
    return "-" if uc is None else f"{uc * _UP:.1f}" if uc >= 10 or not uc else f"{uc * _UP:.3g}"


def percent(pct: int | None) -> str:
    return "-" if pct is None else f"{pct} %"


def fault_facts(r: Record) -> list[Fact]:
    """Every field of a fault, explained."""
    meaning = NOTES.get(r["fault"]) or faults.FAULTS.get(r["fault"], ("", "not known to this tonusctl"))[1]
    facts = [
        ("record", f"f{r['n']}: fault {r['n']}"),
        ("when", _at(r)),
        ("fault", f"{r['fault']} {r['name']}: {meaning}"),
        ("reading", f"{r['value']}"),
        ("why", r.get("why") or "-"),
        ("in state", r["state"]),
        ("running for", f"{r['up_ms'] / 1000:g} s"),
        ("pulse loop", f"{r['ticks']} ticks, {r['late']} late, {r['missed']} missed, longest {r['worst_us']} us"),
        ("unsampled", f"{plural(r['unseen'], 'phase')} that went out"),
        ("free memory", f"{r['heap_free']} bytes"),
    ]
    return facts + _others(r, {f.name for f in fields(Fault)} | {"why"})


def _others(r: Record, known: set[str]) -> list[Fact]:
    """Fields a later firmware may add."""
    return [(key, str(value)) for key, value in r.items() if key not in known]


def _at(r: Record) -> str:
    return moment(r["at"]) if r["at"] is not None else "not known: no computer had set the device's clock"


# Readings


def in_order(values: Mapping[str, int], known: Mapping[str, str]) -> list[tuple[str, int, str]]:
    """(name, value, meaning): the known ones in their order, then others. The device sends them in any order."""
    names = [name for name in known if name in values] + sorted(name for name in values if name not in known)
    return [(name, values[name], known.get(name, "")) for name in names]


def reading(name: str, value: int) -> str:
    """A reading with the unit its name ends in."""
    unit = UNITS.get(name.rsplit("_", 1)[-1])
    return f"{value} {unit}" if unit else f"{value}"
