"""Preset documents for hypothesis: those the validator must accept, and those whose fields are each in range.

The ranges are written out here a second time on purpose: a test that read them from `limits` would follow a slip there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from tonus import sealed

Document = dict[str, Any]

KINDS = ("biphasic", "alternating", "swept", "modulated")
SHAPES = ("sine", "trapezoid")
UNPAIRED_MAX_UA_US = 45_000_000  # 50 uC less the set accuracy
POLARITY_MAX_US = 2_000_000
REST_MIN_US = 200
TEXT_MAX = 4672
SESSION_MAX_S = 1200
REGIONS = ("forehead", "brow", "temple", "eye", "cheek", "nose", "mouth", "chin", "jaw", "neck")
SIDES = ("left", "right", "middle")


@dataclass(frozen=True)
class Range:
    """An integer field: least and most, and how an error message names what is allowed."""

    least: int
    most: int
    allowed: str


# Path inside the document, with * for any zone.
RANGES = {
    "schema": Range(2, 2, "allowed 2"),
    "top_ua": Range(50, 500, "allowed 50..500 uA"),
    "ramp_ms": Range(500, 10_000, "allowed 500..10000 ms"),
    "zones[*].duration_s": Range(5, SESSION_MAX_S, "allowed 5..1200 s"),
    "zones[*].cue_s": Range(3, 30, "allowed 3..30 s"),
    "zones[*].stroke.glide_s": Range(1, 10, "allowed 1..10 s"),
    "zones[*].stroke.hold_s": Range(0, 5, "allowed 0..5 s"),
    "zones[*].waveform.sweep_s": Range(1, 120, "allowed 1..120 s"),
    "zones[*].waveform.phase_us": Range(100, 500_000, "allowed 100..500000 us"),
    "zones[*].waveform.gap_us": Range(50, 10_000, "allowed 50..10000 us"),
    "zones[*].waveform.burst_pulses": Range(1, 200, "allowed 1..200"),
    "zones[*].waveform.envelope.depth_pct": Range(10, 100, "allowed 10..100 %"),
    "zones[*].waveform.envelope.period_ms": Range(1000, 20_000, "allowed 1000..20000 ms"),
    "zones[*].waveform.envelope.rise_ms": Range(500, 10_000, "allowed 500..10000 ms"),
    "zones[*].waveform.envelope.hold_ms": Range(0, 20_000, "allowed 0..20000 ms"),
    "zones[*].waveform.envelope.fall_ms": Range(500, 10_000, "allowed 500..10000 ms"),
    "zones[*].waveform.envelope.low_ms": Range(0, 20_000, "allowed 0..20000 ms"),
}
RATES = ("zones[*].waveform.rate_hz", "zones[*].waveform.rate_to_hz")
TEXTS = ("id", "name", "zones[*].name")


def within(least: int, most: int) -> st.SearchStrategy[int]:
    """Integers of a range, its two ends often."""
    return st.one_of(st.integers(least, most), st.sampled_from((least, most)))


def of(path: str) -> st.SearchStrategy[int]:
    """The values of a field."""
    return within(RANGES[path].least, RANGES[path].most)


def hz(tenths: int) -> int | float:
    """A rate as a person writes it."""
    return tenths // 10 if tenths % 10 == 0 else tenths / 10


def period_us(tenths: int) -> int:
    """Period of a rate, to the nearest microsecond."""
    return (2 * 10_000_000 + tenths) // (2 * tenths)


def unpaired_max(burst: int) -> int:
    """uA x us in one direction: of many pulses the strays count, too, 3 nC each."""
    return min(UNPAIRED_MAX_UA_US, (49_900 - 3 * burst) * 100 // 110 * 1000)


def names() -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=24)


def ids() -> st.SearchStrategy[str]:
    return st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=24)


@st.composite
def envelopes(draw: st.DrawFn) -> Document:
    base = "zones[*].waveform.envelope."
    shape = draw(st.sampled_from(SHAPES))
    fields = ("period_ms",) if shape == "sine" else ("rise_ms", "hold_ms", "fall_ms", "low_ms")
    envelope: Document = {"shape": shape} | {field: draw(of(base + field)) for field in (*fields, "depth_pct")}
    if shape == "sine":
        envelope["period_ms"] &= ~1  # an odd one has its own test
    return envelope


@st.composite
def waveforms(draw: st.DrawFn, top_ua: int, kind: str | None = None) -> Document:
    """A waveform that is allowed with this top current."""
    kind = kind or draw(st.sampled_from(KINDS))
    if kind == "alternating":
        burst = draw(within(1, min(200, UNPAIRED_MAX_UA_US // (top_ua * 100))))
        slowest = 3
        while burst > 1 and burst * period_us(slowest) > POLARITY_MAX_US:
            slowest += 1
        rate = draw(within(slowest, 3000))
        longest = min(500_000, unpaired_max(burst) // (top_ua * burst), period_us(rate) - REST_MIN_US)
        return {
            "kind": kind,
            "rate_hz": hz(rate),
            "phase_us": draw(within(100, longest)),
            "burst_pulses": burst,
        }
    rate = draw(within(3, 3000))
    rate_to = draw(within(3, 3000)) if kind == "swept" else rate
    period = period_us(max(rate, rate_to))
    gap = draw(within(50, min(10_000, period - REST_MIN_US - 200)))
    longest = min(500_000, UNPAIRED_MAX_UA_US // top_ua, (period - REST_MIN_US - gap) // 2)
    waveform: Document = {
        "kind": kind,
        "rate_hz": hz(rate),
        "phase_us": draw(within(100, longest)),
        "gap_us": gap,
    }
    if kind == "swept":
        waveform["rate_to_hz"] = hz(rate_to)
        waveform["sweep_s"] = draw(of("zones[*].waveform.sweep_s"))
    if kind == "modulated":
        waveform["envelope"] = draw(envelopes())
    return waveform


@st.composite
def places(draw: st.DrawFn) -> Document:
    """What a zone says of where it is and how the hand moves; a name only where it is not the default."""
    zone: Document = {"region": draw(st.sampled_from(REGIONS)), "side": draw(st.sampled_from(SIDES))}
    name = draw(st.none() | names())
    if name not in (None, f"{zone['region']} {zone['side']}"):
        zone["name"] = name
    if draw(st.booleans()):
        base = "zones[*].stroke."
        zone["stroke"] = {field: draw(of(base + field)) for field in ("glide_s", "hold_s")}
    return zone


@st.composite
def documents(draw: st.DrawFn, max_zones: int = 16, kind: str | None = None) -> Document:
    """A preset document that the validator must accept."""
    top_ua = draw(of("top_ua"))
    count = draw(within(1, max_zones))
    zones = [
        draw(places())
        | {
            "duration_s": draw(within(5, SESSION_MAX_S // count)),
            "cue_s": draw(of("zones[*].cue_s")),
            "waveform": draw(waveforms(top_ua, kind)),
        }
        for _ in range(count)
    ]
    document = {
        "schema": 2,
        "id": draw(ids()),
        "name": draw(names()),
        "top_ua": top_ua,
        "ramp_ms": draw(of("ramp_ms")),
        "zones": zones,
    }
    while len(json.dumps(document)) > TEXT_MAX:
        zones.pop()
    return document


@st.composite
def loose_documents(draw: st.DrawFn) -> Document:
    """A document of one zone, each field in its own range; whether they go together is another matter."""
    kind = draw(st.sampled_from(KINDS))
    base = "zones[*].waveform."
    rates = within(3, 3000) | within(3, 100)
    waveform: Document = {"kind": kind, "rate_hz": hz(draw(rates))}
    waveform["phase_us"] = draw(of(base + "phase_us") | within(100, 3000))
    if kind == "alternating":
        waveform["burst_pulses"] = draw(of(base + "burst_pulses"))
    else:
        waveform["gap_us"] = draw(of(base + "gap_us"))
    if kind == "swept":
        waveform |= {"rate_to_hz": hz(draw(rates)), "sweep_s": draw(of(base + "sweep_s"))}
    if kind == "modulated":
        waveform["envelope"] = draw(envelopes())
    zone = {
        "region": "nose",
        "side": "middle",
        "duration_s": draw(of("zones[*].duration_s")),
        "cue_s": 5,
        "waveform": waveform,
    }
    zones = [zone] * draw(st.integers(1, 3))
    return {"schema": 2, "id": "a", "name": "A", "top_ua": draw(of("top_ua")), "ramp_ms": 500, "zones": zones}


def objections(document: Document) -> set[str]:
    """Fields of a loose document that do not go with the others, worked out anew from DESIGN.md; empty: allowed."""
    found = set()
    zones = document["zones"]
    if sum(zone["duration_s"] for zone in zones) > SESSION_MAX_S:
        found.add("zones")
    w = zones[0]["waveform"]
    path = "zones[0].waveform."
    fastest = round(10 * max(w["rate_hz"], w.get("rate_to_hz", 0)))
    burst = w.get("burst_pulses", 1)
    pulse = w["phase_us"] if w["kind"] == "alternating" else 2 * w["phase_us"] + w["gap_us"]
    if pulse + REST_MIN_US > period_us(fastest):
        found.add(path + "phase_us")
    if burst > 1 and burst * period_us(fastest) > POLARITY_MAX_US:
        found.add(path + "burst_pulses")
    if document["top_ua"] * w["phase_us"] * burst > unpaired_max(burst):
        found.add(path + ("burst_pulses" if burst > 1 else "phase_us"))
    return found


def settings_changes() -> st.SearchStrategy[Document]:
    """Some of what a person may set, and of the plan some."""
    since = st.none() | within(1577836800, 4102444799)
    week = within(1, 7)
    plan = {"days_a_week": week, "days": within(1, 999), "then_days_a_week": week, "since": since}
    plans = st.fixed_dictionaries({}, optional=plan)
    sound = st.sampled_from(["full", "quiet", "off"])
    cap = {"cap_level": within(1, 10), "cap_sessions": within(0, 99)}
    return st.fixed_dictionaries({}, optional={"sound": sound, "haptic": st.booleans(), "plan": plans} | cap)


def sealed_json() -> st.SearchStrategy[bytes]:
    """A line with a right seal around any JSON: what no device wrote, and nothing but its content tells."""
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    values = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner))
    numbered = st.tuples(st.integers() | st.integers(0, 1 << 29), values).map(lambda nv: {"n": nv[0], "x": nv[1]})
    texts = (values | numbered).map(lambda value: json.dumps(value, separators=(",", ":")))
    deep = st.integers(1, 440).map(lambda n: "[" * n + "]" * n)
    return (texts | deep).map(lambda text: (sealed.seal(text) + "\n").encode())
