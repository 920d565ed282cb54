"""Presets that are not allowed, and the one line each gets, from the tools and from the device alike.

And the small allowed ones they were made from.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from strategies import Document


def valid(kind: str = "biphasic", shape: str = "trapezoid") -> Document:
    wave: Document = {"kind": kind, "rate_hz": 20, "phase_us": 300}
    if kind == "alternating":
        wave["burst_pulses"] = 10
    else:
        wave["gap_us"] = 100
    if kind == "swept":
        wave |= {"rate_to_hz": 8.5, "sweep_s": 20}
    if kind == "modulated" and shape == "sine":
        wave["envelope"] = {"shape": "sine", "period_ms": 4000, "depth_pct": 50}
    elif kind == "modulated":
        times = {"rise_ms": 1000, "hold_ms": 0, "fall_ms": 1000, "low_ms": 500}
        wave["envelope"] = {"shape": "trapezoid", **times, "depth_pct": 60}
    place = {"region": "cheek", "side": "left", "name": "cheek"}
    zone = place | {"duration_s": 60, "cue_s": 5, "stroke": {"glide_s": 3, "hold_s": 1}, "waveform": wave}
    zones = [copy.deepcopy(zone) for _ in range(2)]
    return {"schema": 2, "id": "calm-2", "name": "Calm", "top_ua": 120, "ramp_ms": 2000, "zones": zones}


def fields(value: Any, path: str = "") -> list[str]:
    """Paths of every field in a document, objects and the list of zones included."""
    found = []
    if isinstance(value, dict):
        for key in value:
            at = f"{path}.{key}" if path else key
            found += [at, *fields(value[key], at)]
    elif isinstance(value, list):
        for i in range(len(value)):
            found += [f"{path}[{i}]", *fields(value[i], f"{path}[{i}]")]
    return found


def steps(path: str) -> list[str | int]:
    return [int(step) if step.isdigit() else step for step in re.findall(r"[a-z_]+|\d+", path)]


def parent(document: Document, path: str) -> tuple[Any, Any]:
    """(the object or list that holds a field, its key)."""
    *way, last = steps(path)
    held: Any = document
    for step in way:
        held = held[step]
    return held, last


def change(path: str, value: Any, base: Document | None = None) -> Document:
    document = copy.deepcopy(base or valid())
    held, key = parent(document, path)
    held[key] = value
    return document


def without(path: str) -> Document:
    document = valid()
    held, key = parent(document, path)
    del held[key]
    return document


MESSAGES = [
    ("{", "not valid JSON"),
    ("[1, 2", "not valid JSON"),
    ("nothing", "not valid JSON"),
    (5, "5; allowed an object with schema, id, name, top_ua, ramp_ms, zones"),
    (change("schema", "1"), 'schema: "1"; allowed 2'),
    (change("id", ""), 'id: ""; allowed 1..24 printable ASCII characters'),
    (change("name", "x" * 25), 'name: "xxxxxxxxxxxxxxxxxxxxxxxxx"; allowed 1..24 printable ASCII characters'),
    (change("name", None), "name: null; allowed 1..24 printable ASCII characters"),
    (change("top_ua", 49), "top_ua: 49; allowed 50..500 uA"),
    (change("top_ua", -(10**30)), "top_ua: -1000000000000000000000000000000; allowed 50..500 uA"),
    (change("zones", {}), "zones: {}; allowed a list of 1..16 zones"),
    (
        change("zones[0]", None),
        "zones[0]: null; allowed an object with region, side, duration_s, cue_s, waveform, name, stroke",
    ),
    (change("zones[1].cue_s", 2), "zones[1].cue_s: 2; allowed 3..30 s"),
    (change("zones[1].duration_s", 4), "zones[1].duration_s: 4; allowed 5..1200 s"),
    (
        without("zones[1].waveform"),
        "zones[1].waveform: missing; required are region, side, duration_s, cue_s, waveform",
    ),
    (change("zones[0].waveform.rate_hz", 301), "zones[0].waveform.rate_hz: 301; allowed 0.3..300 Hz in steps of 0.1"),
    (change("zones[0].waveform.phase_us", 99), "zones[0].waveform.phase_us: 99; allowed 100..500000 us"),
    (change("zones[0].waveform.gap_us", 49), "zones[0].waveform.gap_us: 49; allowed 50..10000 us"),
    ([], "[]; allowed an object with schema, id, name, top_ua, ramp_ms, zones"),
    (change("schema", 3), "schema: 3; allowed 2"),
    (change("id", "Calm"), 'id: "Calm"; allowed a-z, 0-9 and -'),
    (change("top_ua", 501), "top_ua: 501; allowed 50..500 uA"),
    (change("top_ua", 120.0), "top_ua: 120.0; allowed 50..500 uA"),
    (change("ramp_ms", True), "ramp_ms: true; allowed 500..10000 ms"),
    (without("ramp_ms"), "ramp_ms: missing; required are schema, id, name, top_ua, ramp_ms, zones"),
    (change("zones", []), "zones: []; allowed a list of 1..16 zones"),
    (change("zones[0].name", "front\u00e9"), 'zones[0].name: "front\\u00e9"; allowed 1..24 printable ASCII characters'),
    (without("zones[0].side"), "zones[0].side: missing; required are region, side, duration_s, cue_s, waveform"),
    (
        change("zones[0].region", "chest"),
        'zones[0].region: "chest"; allowed forehead, brow, temple, eye, cheek, nose, mouth, chin, jaw, neck',
    ),
    (change("zones[0].side", "both"), 'zones[0].side: "both"; allowed left, right, middle'),
    (change("zones[1].stroke", 3), "zones[1].stroke: 3; allowed an object with glide_s, hold_s"),
    (change("zones[1].stroke.glide_s", 0), "zones[1].stroke.glide_s: 0; allowed 1..10 s"),
    (change("zones[1].stroke.hold_s", 0.5), "zones[1].stroke.hold_s: 0.5; allowed 0..5 s"),
    (change("zones[1].duration_s", 1200), "zones: 1260 s in all; allowed at most 1200 s"),
    (
        change("zones[1].waveform.kind", "pulsed"),
        'zones[1].waveform.kind: "pulsed"; allowed alternating, biphasic, modulated, swept',
    ),
    (change("zones[0].waveform.rate_hz", 0.25), "zones[0].waveform.rate_hz: 0.25; allowed 0.3..300 Hz in steps of 0.1"),
    (
        change("zones[0].waveform.phase_us", 24_900),
        "zones[0].waveform.phase_us: 24900 us; the pulse then takes 49900 us of a 50000 us period;"
        " allowed at most 49800 us a pulse",
    ),
    (
        change("zones[0].waveform.rate_hz", 1, change("zones[0].waveform.phase_us", 375_001)),
        "zones[0].waveform.phase_us: 375001 us at 120 uA puts 45001 nC in one direction; allowed at most 45000 nC"
        " (50000 nC less the accuracy)",
    ),
    (
        change("zones[1].waveform.burst_pulses", 41, valid("alternating")),
        "zones[1].waveform.burst_pulses: 41 pulses last 2050 ms; allowed at most 2000 ms in one direction",
    ),
    (
        change("zones[1].waveform.envelope.low_ms", -1, valid("modulated")),
        "zones[1].waveform.envelope.low_ms: -1; allowed 0..20000 ms",
    ),
    (
        change("zones[1].waveform.envelope.shape", "square", valid("modulated")),
        'zones[1].waveform.envelope.shape: "square"; allowed sine, trapezoid',
    ),
    (
        change("zones[0].waveform.duty", 5),
        "zones[0].waveform.duty: unknown field; allowed kind, rate_hz, phase_us, gap_us",
    ),
]
