"""Presets: parse, validate, explain. The device and the host tools use this same file.

A preset is a JSON object (README.md beside the shipped ones describes it). `parse` accepts exactly the documents this
file's tables describe and refuses everything else with a `FieldError` that names the field's path, the value and what
is allowed. Nothing is clamped, and nothing that flows is defaulted: a document says all of what the device will do.
"""

import json

from . import fields, limits
from .fields import FieldError


class Waveform:
    """One zone's pulses. Times in us, rates in tenths of a hertz (dHz); fields a kind does not use are 0.

    kind: "biphasic", "alternating", "swept" or "modulated".
    rate_dhz, rate_to_dhz: pulse rate; the second only differs when swept. sweep_ms: one way.
    phase_us, gap_us: each phase's width, and the pause between the two phases of a biphasic pulse.
    burst_pulses: alternating: pulses of one polarity, before as many of the other.
    envelope: (rise_ms, hold_ms, fall_ms, low_ms, depth_pct, is_sine), or None.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.rate_dhz = 0
        self.rate_to_dhz = 0
        self.sweep_ms = 0
        self.phase_us = 0
        self.gap_us = 0
        self.burst_pulses = 0
        self.envelope: tuple[int, int, int, int, int, bool] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Waveform) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((self.kind, self.rate_dhz, self.phase_us))

    def period_us(self, rate_dhz: int) -> int:
        """Pulse period at a rate, rounded to the microsecond."""
        return (10_000_000 + rate_dhz // 2) // rate_dhz

    def fastest_dhz(self) -> int:
        return max(self.rate_dhz, self.rate_to_dhz)

    def unpaired_us(self) -> int:
        """Longest time in one direction before it is paid back: what a cut leaves in the account of charge."""
        return self.phase_us * (self.burst_pulses or 1)


# "eye" is the bone below it, never over it; "neck" its sides, never the front. A name is searched for these in their
# order, so that an eyebrow is a brow.
REGIONS = ("forehead", "brow", "temple", "eye", "cheek", "nose", "mouth", "chin", "jaw", "neck")
SIDES = ("left", "right", "middle")
LETTERS = "fbtecnmhjk"  # of the regions, in the journal; a side's is its first


class Zone:
    """A part of the face: region, side, name, duration_s, cue_s (glide cue interval), stroke and a Waveform.

    stroke: (glide_s, hold_s), the rhythm in which the hand moves and rests, or None.
    """

    def __init__(
        self,
        region: str,
        side: str,
        name: str,
        duration_s: int,
        cue_s: int,
        stroke: tuple[int, int] | None,
        waveform: Waveform,
    ) -> None:
        self.region = region
        self.side = side
        self.name = name
        self.duration_s = duration_s
        self.cue_s = cue_s
        self.stroke = stroke
        self.waveform = waveform

    def place(self) -> str:
        """Two letters: the region's, the side's."""
        return LETTERS[REGIONS.index(self.region)] + self.side[0]


class Preset:
    """id, name, top_ua (current of level 10, uA), ramp_ms, zones (list of Zone)."""

    def __init__(self, id: str, name: str, top_ua: int, ramp_ms: int, zones: list[Zone]) -> None:
        self.id = id
        self.name = name
        self.top_ua = top_ua
        self.ramp_ms = ramp_ms
        self.zones = zones

    def duration_s(self) -> int:
        return sum([z.duration_s for z in self.zones])


def _from_1(document: dict[str, object]) -> dict[str, object]:
    """Schema 1 had names only: region and side are what they say, else the middle of the cheek.

    FieldError for a zone that is none of schema 1.
    """
    zones = document.get("zones")
    if isinstance(zones, list) and len(zones) <= limits.ZONES_MAX:
        zones = [_zone_from_1(item, "zones[%d]" % i) for i, item in enumerate(zones)]
    document = dict(document)
    document["schema"] = 2
    if zones is not None:
        document["zones"] = zones
    return document


def _zone_from_1(item: object, path: str) -> dict[str, object]:
    zone = dict(fields.of(item, path, ("name", "duration_s", "cue_s", "waveform")))
    words = fields.text(zone, "name", path).lower()
    zone["region"] = ([region for region in REGIONS if region in words] or ["cheek"])[0]
    sides = [side for side in SIDES[:2] if side in words]
    zone["side"] = sides[0] if len(sides) == 1 else "middle"
    return zone


# A released schema: the function that makes a decoded document of it one of the next. The chain is never cut short.
MIGRATIONS: dict[int, object] = {1: _from_1}


def parse(text: str) -> Preset:
    """The preset in a JSON document, of this schema or an older one. FieldError when it is not one."""
    if len(text) > limits.PRESET_CHARS_MAX:
        raise FieldError("", "%d characters; allowed at most %d" % (len(text), limits.PRESET_CHARS_MAX))
    try:
        document = json.loads(text)
    except (ValueError, RuntimeError):  # MicroPython reports deep nesting as RuntimeError, CPython as RecursionError
        raise FieldError("", "not valid JSON") from None
    return build(document)


def upgrade(document: object) -> object:
    """A decoded document in this firmware's schema, when it is of an older one; else itself."""
    while isinstance(document, dict):
        schema = document.get("schema")
        if isinstance(schema, bool) or not isinstance(schema, int) or schema not in MIGRATIONS:
            break
        document = MIGRATIONS[schema](document)  # type: ignore[operator]
    return document


def canonical(preset: Preset) -> str:
    """The one text of a preset that the device stores and takes: no white space, fields in the tables' order."""
    return '{"schema":%d,"id":%s,"name":%s,"top_ua":%d,"ramp_ms":%d,"zones":[%s]}' % (
        limits.PRESET_SCHEMA,
        _quoted(preset.id),
        _quoted(preset.name),
        preset.top_ua,
        preset.ramp_ms,
        ",".join([_zone_text(zone) for zone in preset.zones]),
    )


def parse_canonical(text: str) -> Preset:
    """The preset in a canonical text. FieldError when it is not one, or written in any other way."""
    preset = parse(text)
    if canonical(preset) != text:
        raise FieldError("", "not in canonical form")
    return preset


def _zone_text(zone: Zone) -> str:
    w = zone.waveform
    parts = ['"kind":"%s","rate_hz":%s' % (w.kind, _rate_text(w.rate_dhz))]
    if w.kind == "swept":
        parts.append('"rate_to_hz":%s,"sweep_s":%d' % (_rate_text(w.rate_to_dhz), w.sweep_ms // 1000))
    parts.append('"phase_us":%d' % w.phase_us)
    parts.append('"burst_pulses":%d' % w.burst_pulses if w.burst_pulses else '"gap_us":%d' % w.gap_us)
    if w.envelope is not None:
        rise, hold, fall, low, depth, sine = w.envelope
        if sine:
            times = '"shape":"sine","period_ms":%d' % (rise + fall)
        else:
            times = '"shape":"trapezoid","rise_ms":%d,"hold_ms":%d,"fall_ms":%d,"low_ms":%d' % (rise, hold, fall, low)
        parts.append('"envelope":{%s,"depth_pct":%d}' % (times, depth))
    start = '{"region":"%s","side":"%s",' % (zone.region, zone.side)
    if zone.name != zone.region + " " + zone.side:
        start += '"name":%s,' % _quoted(zone.name)
    start += '"duration_s":%d,"cue_s":%d,' % (zone.duration_s, zone.cue_s)
    if zone.stroke is not None:
        start += '"stroke":{"glide_s":%d,"hold_s":%d},' % zone.stroke
    return start + '"waveform":{%s}}' % ",".join(parts)


def _rate_text(dhz: int) -> str:
    return "%d.%d" % (dhz // 10, dhz % 10) if dhz % 10 else "%d" % (dhz // 10)


def _quoted(text: str) -> str:
    """Of a name, which is printable ASCII."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def build(document: object) -> Preset:
    """The preset in an already decoded JSON object, of this schema or an older one. FieldError when it is not one."""
    root = fields.of(upgrade(document), "", ("schema", "id", "name", "top_ua", "ramp_ms", "zones"))
    fields.integer(root, "schema", "", limits.PRESET_SCHEMA, limits.PRESET_SCHEMA)
    id = fields.text(root, "id", "")
    for c in id:
        if c not in "abcdefghijklmnopqrstuvwxyz0123456789-":
            raise FieldError("id", "%s; allowed a-z, 0-9 and -" % fields.show(id))
    name = fields.text(root, "name", "")
    top_ua = fields.integer(root, "top_ua", "", limits.TOP_MIN_UA, limits.FIRMWARE_CEILING_UA, "uA")
    ramp_ms = fields.integer(root, "ramp_ms", "", limits.RAMP_MIN_MS, limits.RAMP_MAX_MS, "ms")
    items = root["zones"]
    if not isinstance(items, list) or not 1 <= len(items) <= limits.ZONES_MAX:
        raise FieldError("zones", "%s; allowed a list of 1..%d zones" % (fields.show(items), limits.ZONES_MAX))
    zones = [_zone(item, "zones[%d]" % i, top_ua) for i, item in enumerate(items)]
    preset = Preset(id, name, top_ua, ramp_ms, zones)
    if preset.duration_s() * 1000 > limits.SESSION_MAX_MS:
        raise FieldError(
            "zones", "%d s in all; allowed at most %d s" % (preset.duration_s(), limits.SESSION_MAX_MS // 1000)
        )
    return preset


def _zone(item: object, path: str, top_ua: int) -> Zone:
    zone = fields.of(item, path, ("region", "side", "duration_s", "cue_s", "waveform"), ("name", "stroke"))
    region = fields.choice(zone, "region", path, REGIONS)
    side = fields.choice(zone, "side", path, SIDES)
    name = fields.text(zone, "name", path) if "name" in zone else region + " " + side
    duration_s = fields.integer(zone, "duration_s", path, limits.ZONE_MIN_S, limits.SESSION_MAX_MS // 1000, "s")
    cue_s = fields.integer(zone, "cue_s", path, limits.CUE_MIN_S, limits.CUE_MAX_S, "s")
    stroke = _stroke(zone["stroke"], path + ".stroke") if "stroke" in zone else None
    return Zone(region, side, name, duration_s, cue_s, stroke, _waveform(zone["waveform"], path + ".waveform", top_ua))


def _stroke(item: object, path: str) -> tuple[int, int]:
    given = fields.of(item, path, ("glide_s", "hold_s"))
    glide_s = fields.integer(given, "glide_s", path, limits.GLIDE_MIN_S, limits.GLIDE_MAX_S, "s")
    return (glide_s, fields.integer(given, "hold_s", path, 0, limits.HOLD_MAX_S, "s"))


_WAVEFORM_FIELDS = {
    "biphasic": ("kind", "rate_hz", "phase_us", "gap_us"),
    "alternating": ("kind", "rate_hz", "phase_us", "burst_pulses"),
    "swept": ("kind", "rate_hz", "rate_to_hz", "sweep_s", "phase_us", "gap_us"),
    "modulated": ("kind", "rate_hz", "phase_us", "gap_us", "envelope"),
}


def _waveform(item: object, path: str, top_ua: int) -> Waveform:
    if not isinstance(item, dict):
        raise FieldError(path, "%s; allowed an object" % fields.show(item))
    if "kind" not in item:
        raise FieldError(path + ".kind", "missing; allowed %s" % ", ".join(sorted(_WAVEFORM_FIELDS)))
    kind = item["kind"]
    if not isinstance(kind, str) or kind not in _WAVEFORM_FIELDS:
        raise FieldError(path + ".kind", "%s; allowed %s" % (fields.show(kind), ", ".join(sorted(_WAVEFORM_FIELDS))))
    given = fields.of(item, path, _WAVEFORM_FIELDS[kind])
    w = Waveform(kind)
    w.rate_dhz = w.rate_to_dhz = _rate(given, "rate_hz", path)
    if kind == "swept":
        w.rate_to_dhz = _rate(given, "rate_to_hz", path)
        w.sweep_ms = 1000 * fields.integer(given, "sweep_s", path, 1, 120, "s")
    w.phase_us = fields.integer(given, "phase_us", path, limits.PHASE_MIN_US, limits.PHASE_MAX_US, "us")
    if kind == "alternating":
        w.burst_pulses = fields.integer(given, "burst_pulses", path, 1, 200, "")
    else:
        w.gap_us = fields.integer(given, "gap_us", path, limits.GAP_MIN_US, limits.GAP_MAX_US, "us")
    if kind == "modulated":
        w.envelope = _envelope(given["envelope"], path + ".envelope")
    _check_time(w, path)
    _check_charge(w, path, top_ua)
    return w


_ENVELOPE_FIELDS = {
    "sine": ("shape", "period_ms", "depth_pct"),
    "trapezoid": ("shape", "rise_ms", "hold_ms", "fall_ms", "low_ms", "depth_pct"),
}


def _envelope(item: object, path: str) -> tuple[int, int, int, int, int, bool]:
    if not isinstance(item, dict):
        raise FieldError(path, "%s; allowed an object" % fields.show(item))
    if "shape" not in item:
        raise FieldError(path + ".shape", "missing; allowed sine, trapezoid")
    shape = item["shape"]
    if not isinstance(shape, str) or shape not in _ENVELOPE_FIELDS:
        raise FieldError(path + ".shape", "%s; allowed sine, trapezoid" % fields.show(shape))
    given = fields.of(item, path, _ENVELOPE_FIELDS[shape])
    depth = fields.integer(given, "depth_pct", path, 10, 100, "%% (no pulse sinks below %d uA)" % limits.PROBE_UA)
    if shape == "sine":
        period = fields.integer(given, "period_ms", path, 1000, 20_000, "ms")
        return (period // 2, 0, period - period // 2, 0, depth, True)
    # A rise or fall this slow is a swell, not a step: the same bound as half the shortest sine.
    rise = fields.integer(given, "rise_ms", path, 500, 10_000, "ms")
    hold = fields.integer(given, "hold_ms", path, 0, 20_000, "ms")
    fall = fields.integer(given, "fall_ms", path, 500, 10_000, "ms")
    low = fields.integer(given, "low_ms", path, 0, 20_000, "ms")
    return (rise, hold, fall, low, depth, False)


def _check_time(w: Waveform, path: str) -> None:
    phases = w.phase_us if w.burst_pulses else 2 * w.phase_us + w.gap_us
    period = w.period_us(w.fastest_dhz())
    if w.burst_pulses > 1 and w.burst_pulses * period > 1000 * limits.POLARITY_MAX_MS:
        raise FieldError(
            path + ".burst_pulses",
            "%d pulses last %d ms; allowed at most %d ms in one direction"
            % (w.burst_pulses, w.burst_pulses * period // 1000, limits.POLARITY_MAX_MS),
        )
    most = period - limits.REST_MIN_US
    if phases > most:
        raise FieldError(
            path + ".phase_us",
            "%d us; the pulse then takes %d us of a %d us period; allowed at most %d us a pulse"
            % (w.phase_us, phases, period, most),
        )


def room_nc(w: Waveform) -> int:
    """What of CHARGE_MAX_NC is there for a cut cycle's set charge: less the accuracy, and the strays of its phases."""
    others_nc = limits.CHARGE_EVEN_NC + limits.STRAY_NC * (w.burst_pulses or 1)
    return (limits.CHARGE_MAX_NC - others_nc) * 100 // (100 + limits.CHARGE_MARGIN_PCT)


def _check_charge(w: Waveform, path: str, top_ua: int) -> None:
    # A cut at the worst moment leaves all of this in the account.
    most_nc = min(limits.CHARGE_ONE_WAY_NC, room_nc(w))
    unpaired_nc = (top_ua * w.unpaired_us() + 999) // 1000
    if unpaired_nc > most_nc:
        field = ".burst_pulses" if w.burst_pulses > 1 else ".phase_us"
        value = "%d pulses of %d us" % (w.burst_pulses, w.phase_us) if w.burst_pulses > 1 else "%d us" % w.phase_us
        raise FieldError(
            path + field,
            "%s at %d uA puts %d nC in one direction; allowed at most %d nC (%d nC less the accuracy)"
            % (value, top_ua, unpaired_nc, most_nc, limits.CHARGE_MAX_NC),
        )


def _rate(given: dict[str, object], key: str, path: str) -> int:
    """A rate in Hz with at most one decimal, as tenths of a hertz."""
    value = given[key]
    if not isinstance(value, bool) and isinstance(value, (int, float)):
        # Compared before it is multiplied or rounded: a huge integer and a NaN stop here.
        if 0 < value <= limits.RATE_MAX_DHZ // 10:
            tenths = round(value * 10)
            # The device's floats have 24 bits: 299.9 is not exact there, and is still a tenth.
            if tenths >= limits.RATE_MIN_DHZ and abs(value * 10 - tenths) < 0.01:
                return tenths
    raise FieldError(fields.join(path, key), "%s; allowed 0.3..300 Hz in steps of 0.1" % fields.show(value))
