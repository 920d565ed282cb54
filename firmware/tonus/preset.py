"""Presets: parse, validate, explain. The device and the host tools use this same file.

A preset is a JSON object (README.md beside the shipped ones describes it). `parse` accepts exactly the documents this
file's tables describe and refuses everything else with a `PresetError` that names the field's path, the value and what
is allowed. Nothing is clamped and nothing is defaulted: a document says all of what the device will do.
"""

import json

from . import limits


class PresetError(ValueError):
    """A document was refused. `path` is the field, as in `zones[2].waveform.rate_hz`."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(path + ": " + problem if path else problem)


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
        """Longest time in one direction before it is paid back: what the running mean of the current can see."""
        return self.phase_us * (self.burst_pulses or 1)


class Zone:
    """A part of the face: name, duration_s, cue_s (glide cue interval) and a Waveform."""

    def __init__(self, name: str, duration_s: int, cue_s: int, waveform: Waveform) -> None:
        self.name = name
        self.duration_s = duration_s
        self.cue_s = cue_s
        self.waveform = waveform


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


def parse(text: str) -> Preset:
    """The preset in a JSON document. PresetError when it is not one."""
    if len(text) > limits.PRESET_CHARS_MAX:
        raise PresetError("", "%d characters; allowed at most %d" % (len(text), limits.PRESET_CHARS_MAX))
    try:
        document = json.loads(text)
    except (ValueError, RuntimeError):  # MicroPython reports deep nesting as RuntimeError, CPython as RecursionError
        raise PresetError("", "not valid JSON") from None
    return build(document)


def build(document: object) -> Preset:
    """The preset in an already decoded JSON object. PresetError when it is not one."""
    root = _fields(document, "", ("schema", "id", "name", "top_ua", "ramp_ms", "zones"))
    _integer(root, "schema", "", limits.PRESET_SCHEMA, limits.PRESET_SCHEMA, "")
    id = _text(root, "id", "")
    for c in id:
        if c not in "abcdefghijklmnopqrstuvwxyz0123456789-":
            raise PresetError("id", "%s; allowed a-z, 0-9 and -" % _show(id))
    name = _text(root, "name", "")
    top_ua = _integer(root, "top_ua", "", limits.TOP_MIN_UA, limits.FIRMWARE_CEILING_UA, "uA")
    ramp_ms = _integer(root, "ramp_ms", "", limits.RAMP_MIN_MS, limits.RAMP_MAX_MS, "ms")
    items = root["zones"]
    if not isinstance(items, list) or not 1 <= len(items) <= limits.ZONES_MAX:
        raise PresetError("zones", "%s; allowed a list of 1..%d zones" % (_show(items), limits.ZONES_MAX))
    zones = [_zone(item, "zones[%d]" % i, top_ua) for i, item in enumerate(items)]
    preset = Preset(id, name, top_ua, ramp_ms, zones)
    if preset.duration_s() * 1000 > limits.SESSION_MAX_MS:
        raise PresetError(
            "zones", "%d s in all; allowed at most %d s" % (preset.duration_s(), limits.SESSION_MAX_MS // 1000)
        )
    return preset


def _zone(item: object, path: str, top_ua: int) -> Zone:
    zone = _fields(item, path, ("name", "duration_s", "cue_s", "waveform"))
    name = _text(zone, "name", path)
    duration_s = _integer(zone, "duration_s", path, limits.ZONE_MIN_S, limits.SESSION_MAX_MS // 1000, "s")
    cue_s = _integer(zone, "cue_s", path, limits.CUE_MIN_S, limits.CUE_MAX_S, "s")
    return Zone(name, duration_s, cue_s, _waveform(zone["waveform"], path + ".waveform", top_ua))


_WAVEFORM_FIELDS = {
    "biphasic": ("kind", "rate_hz", "phase_us", "gap_us"),
    "alternating": ("kind", "rate_hz", "phase_us", "burst_pulses"),
    "swept": ("kind", "rate_hz", "rate_to_hz", "sweep_s", "phase_us", "gap_us"),
    "modulated": ("kind", "rate_hz", "phase_us", "gap_us", "envelope"),
}


def _waveform(item: object, path: str, top_ua: int) -> Waveform:
    if not isinstance(item, dict):
        raise PresetError(path, "%s; allowed an object" % _show(item))
    if "kind" not in item:
        raise PresetError(path + ".kind", "missing; allowed %s" % ", ".join(sorted(_WAVEFORM_FIELDS)))
    kind = item["kind"]
    if not isinstance(kind, str) or kind not in _WAVEFORM_FIELDS:
        raise PresetError(path + ".kind", "%s; allowed %s" % (_show(kind), ", ".join(sorted(_WAVEFORM_FIELDS))))
    fields = _fields(item, path, _WAVEFORM_FIELDS[kind])
    w = Waveform(kind)
    w.rate_dhz = w.rate_to_dhz = _rate(fields, "rate_hz", path)
    if kind == "swept":
        w.rate_to_dhz = _rate(fields, "rate_to_hz", path)
        w.sweep_ms = 1000 * _integer(fields, "sweep_s", path, 1, 120, "s")
    w.phase_us = _integer(fields, "phase_us", path, limits.PHASE_MIN_US, limits.PHASE_MAX_US, "us")
    if kind == "alternating":
        w.burst_pulses = _integer(fields, "burst_pulses", path, 1, 200, "")
    else:
        w.gap_us = _integer(fields, "gap_us", path, limits.GAP_MIN_US, limits.GAP_MAX_US, "us")
    if kind == "modulated":
        w.envelope = _envelope(fields["envelope"], path + ".envelope")
    _check_time(w, path)
    _check_charge(w, path, top_ua)
    return w


_ENVELOPE_FIELDS = {
    "sine": ("shape", "period_ms", "depth_pct"),
    "trapezoid": ("shape", "rise_ms", "hold_ms", "fall_ms", "low_ms", "depth_pct"),
}


def _envelope(item: object, path: str) -> tuple[int, int, int, int, int, bool]:
    if not isinstance(item, dict):
        raise PresetError(path, "%s; allowed an object" % _show(item))
    if "shape" not in item:
        raise PresetError(path + ".shape", "missing; allowed sine, trapezoid")
    shape = item["shape"]
    if not isinstance(shape, str) or shape not in _ENVELOPE_FIELDS:
        raise PresetError(path + ".shape", "%s; allowed sine, trapezoid" % _show(shape))
    fields = _fields(item, path, _ENVELOPE_FIELDS[shape])
    depth = _integer(fields, "depth_pct", path, 10, 100, "%")
    if shape == "sine":
        period = _integer(fields, "period_ms", path, 1000, 20_000, "ms")
        return (period // 2, 0, period - period // 2, 0, depth, True)
    # A rise or fall this slow is a swell, not a step: the same bound as half the shortest sine.
    rise = _integer(fields, "rise_ms", path, 500, 10_000, "ms")
    hold = _integer(fields, "hold_ms", path, 0, 20_000, "ms")
    fall = _integer(fields, "fall_ms", path, 500, 10_000, "ms")
    low = _integer(fields, "low_ms", path, 0, 20_000, "ms")
    return (rise, hold, fall, low, depth, False)


def _check_time(w: Waveform, path: str) -> None:
    phases = w.phase_us if w.burst_pulses else 2 * w.phase_us + w.gap_us
    period = w.period_us(w.fastest_dhz())
    if w.burst_pulses > 1 and w.burst_pulses * period > 1000 * limits.POLARITY_MAX_MS:
        raise PresetError(
            path + ".burst_pulses",
            "%d pulses last %d ms; allowed at most %d ms in one direction"
            % (w.burst_pulses, w.burst_pulses * period // 1000, limits.POLARITY_MAX_MS),
        )
    most = period - limits.REST_MIN_US
    if phases > most:
        raise PresetError(
            path + ".phase_us",
            "%d us; the pulse then takes %d us of a %d us period; allowed at most %d us a pulse"
            % (w.phase_us, phases, period, most),
        )


def _check_charge(w: Waveform, path: str, top_ua: int) -> None:
    phase_nc = top_ua * w.phase_us // 1000
    if phase_nc > limits.PHASE_CHARGE_MAX_NC:
        raise PresetError(
            path + ".phase_us",
            "%d us at %d uA is %d nC a phase; allowed at most %d nC"
            % (w.phase_us, top_ua, phase_nc, limits.PHASE_CHARGE_MAX_NC),
        )
    # A window of the running mean that ends between a phase and its opposite holds all of this, whatever the rate.
    most_nc = limits.MEAN_DC_MAX_UA * limits.DC_WINDOW_MS * 100 // (100 + limits.SET_ACCURACY_PCT)
    unpaired_nc = (top_ua * w.unpaired_us() + 999) // 1000
    if unpaired_nc > most_nc:
        field = ".burst_pulses" if w.burst_pulses > 1 else ".phase_us"
        value = "%d pulses of %d us" % (w.burst_pulses, w.phase_us) if w.burst_pulses > 1 else "%d us" % w.phase_us
        raise PresetError(
            path + field,
            "%s at %d uA puts %d nC in one direction; allowed at most %d nC (mean DC %d uA over 1 s, less the accuracy)"
            % (value, top_ua, unpaired_nc, most_nc, limits.MEAN_DC_MAX_UA),
        )


def _show(value: object) -> str:
    """A value as the person wrote it, cut to fit one line."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        text = repr(value)
    except RuntimeError:  # nested too deeply to write down
        text = "[..."
    return text if len(text) <= 40 else text[:37] + "..."


def _join(path: str, key: str) -> str:
    if not 1 <= len(key) <= limits.NAME_CHARS_MAX or not _printable(key):
        key = _show(key)
    return path + "." + key if path else key


def _fields(item: object, path: str, names: tuple[str, ...]) -> dict[str, object]:
    if not isinstance(item, dict):
        raise PresetError(path, "%s; allowed an object with %s" % (_show(item), ", ".join(names)))
    for key in item:
        if key not in names:
            raise PresetError(_join(path, str(key)), "unknown field; allowed %s" % ", ".join(names))
    for key in names:
        if key not in item:
            raise PresetError(_join(path, key), "missing; required are %s" % ", ".join(names))
    return item


def _text(fields: dict[str, object], key: str, path: str) -> str:
    value = fields[key]
    if not isinstance(value, str) or not 1 <= len(value) <= limits.NAME_CHARS_MAX or not _printable(value):
        raise PresetError(
            _join(path, key), "%s; allowed 1..%d printable ASCII characters" % (_show(value), limits.NAME_CHARS_MAX)
        )
    return value


def _printable(text: str) -> bool:
    return all([" " <= c <= "~" for c in text])


def _integer(fields: dict[str, object], key: str, path: str, least: int, most: int, unit: str) -> int:
    value = fields[key]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        allowed = "%d" % least if least == most else "%d..%d" % (least, most)
        raise PresetError(_join(path, key), "%s; allowed %s%s" % (_show(value), allowed, " " + unit if unit else ""))
    return value


def _rate(fields: dict[str, object], key: str, path: str) -> int:
    """A rate in Hz with at most one decimal, as tenths of a hertz."""
    value = fields[key]
    if not isinstance(value, bool) and isinstance(value, (int, float)):
        # Compared before it is multiplied or rounded: a huge integer and a NaN stop here.
        if 0 < value <= limits.RATE_MAX_DHZ // 10:
            tenths = round(value * 10)
            # The device's floats have 24 bits: 299.9 is not exact there, and is still a tenth.
            if tenths >= limits.RATE_MIN_DHZ and abs(value * 10 - tenths) < 0.01:
                return tenths
    raise PresetError(_join(path, key), "%s; allowed 0.3..300 Hz in steps of 0.1" % _show(value))
