"""What the page knows of presets and records, by the firmware's own files and tonusctl's words. JSON in, JSON out."""

import json
import sys

import board
from tonus import VERSION, faults, limits, preset, program, session
from tonus.fields import FieldError
from tonus_tools.ctl import calibrate, words
from tonus_tools.ctl.client import Session
from tonus_tools.progress.history import history

LEVELS = limits.LEVELS


def call(name, arguments):
    """One of the functions below, with a list of arguments; {value} or {problem}."""
    try:
        return json.dumps({"value": _CALLS[name](*json.loads(arguments))})
    except (calibrate.NotGood, calibrate.UsageError) as refused:
        return json.dumps({"problem": str(refused)})
    except FieldError as wrong:
        return json.dumps({"problem": str(wrong), "path": wrong.path})
    except Exception as problem:
        sys.print_exception(problem)
        return json.dumps({"problem": "%s: %s" % (type(problem).__name__, problem)})


def about():
    """Version, tables of words, and the presets that ship."""
    from tonus.bank import SHIPPED

    shipped = []
    for id in SHIPPED:
        with open("/firmware/tonus/presets/%s.json" % id) as f:
            shipped.append(preset.canonical(preset.parse(f.read())))
    return {
        "version": VERSION,
        "levels": LEVELS,
        "schema": limits.PRESET_SCHEMA,
        "events": session.EVENTS,
        "faults": {number: what for number, (_, what) in faults.FAULTS.items()},
        "notes": words.NOTES,
        "readings": words.READINGS,
        "counters": words.COUNTERS,
        "shipped": shipped,
        "kinds": preset._WAVEFORM_FIELDS,
        "shapes": preset._ENVELOPE_FIELDS,
        "choices": _choices(),
        "session_fields": [field.name for field in Session],
        "session_columns": words.SESSION_COLUMNS,
        "fault_columns": words.FAULT_COLUMNS,
    }


def _choices():
    """Of fields that take one of few words."""
    found = {"kind": sorted(preset._WAVEFORM_FIELDS), "shape": sorted(preset._ENVELOPE_FIELDS)}
    for name, table in (("region", "REGIONS"), ("side", "SIDES")):
        if hasattr(preset, table):
            found[name] = getattr(preset, table)
    return found


def check(text):
    """A preset in words, and the text that a device takes. FieldError when it is none."""
    found = preset.parse(text)
    return {
        "id": found.id,
        "name": found.name,
        "canonical": preset.canonical(found),
        "headline": words.headline(found),
        "strength": words.strength(found),
        "rows": words.zone_rows(found),
        "notes": words.notes(found),
        "top_ua": found.top_ua,
        "duration_s": found.duration_s(),
        "shares": shares(found),
    }


def shares(found):
    """[limit, value, allowed, unit, percent] of what matters most, at the highest level: the worst of its zones."""
    top = found.top_ua
    waves = [zone.waveform for zone in found.zones]
    phase_uc = max([top * w.phase_us for w in waves]) / 1e6
    one_way_uc = max([top * w.unpaired_us() for w in waves]) / 1e6
    rows = [
        ("top current", top, "FIRMWARE_CEILING_UA", 1, "uA"),
        ("charge a phase", phase_uc, "PHASE_CHARGE_MAX_NC", 1000, "uC"),
        ("charge one way", one_way_uc, "CHARGE_ONE_WAY_NC", 1000, "uC"),
        ("rate", max([w.fastest_dhz() for w in waves]) / 10, "RATE_MAX_DHZ", 10, "Hz"),
        ("phase", max([w.phase_us for w in waves]), "PHASE_MAX_US", 1, "us"),
        ("ramp", found.ramp_ms, "RAMP_MAX_MS", 1, "ms"),
        ("cue", max([zone.cue_s for zone in found.zones]), "CUE_MAX_S", 1, "s"),
        ("zones", len(waves), "ZONES_MAX", 1, ""),
        ("time", found.duration_s(), "SESSION_MAX_MS", 1000, "s"),
    ]
    told = []
    for name, value, limit, parts, unit in rows:
        if hasattr(limits, limit):
            allowed = getattr(limits, limit) / parts
            told.append((name, value, allowed, unit, 100 * value / allowed))
    return told


def play(text, zone, level, ms):
    """The phases of a zone at a level, for so long, without ramps: [from us, direction, us, uA] each, probes too."""
    found = preset.parse(text)
    wave = found.zones[zone].waveform
    compiled = program.compile(wave, found.top_ua, board)
    train = program.Train(program.compile_probe(board))
    train.start(compiled, compiled.codes[level], limits.RAMP_MIN_MS)
    train.skip_ramp()
    ua = board.DAC_REFERENCE_MV * 1000 / board.RSET_OHM / (1 << board.DAC_BITS)
    rows = []
    at = code = probe = 0
    first = None
    skip = 2 * (wave.burst_pulses or 1)  # the first cycle has another code
    while (first is None or at - first < ms * 1000) and len(rows) < 2000:
        if train.load >= 0:
            code = train.load
            probe = not train.width
        direction, us, _ = program.decode(train.word)
        at += program.DEAD_US
        if direction:
            if skip and not probe:
                skip -= 1
            elif not skip:
                if first is None:
                    first = at
                rows.append((at - first, direction, us, round(code * ua * 10) / 10))
        at += us
        train.next()
    return rows


def sessions(records):
    """Rows of a table of sessions."""
    return [words.session_row(record, its) for record, its in zip(records, history(records), strict=True)]


def session_facts(records, i, names):
    """Of one of them; names of its zones."""
    return words.session_facts(records[i], history(records)[i], names)


def fault_rows(records):
    return [words.fault_row(record) for record in records]


def fault_facts(record):
    return words.fault_facts(record)


def to_hold():
    """[uA, DAC code] of the currents that a calibration holds."""
    return [(ua, calibrate.code_of(ua, board)) for ua in calibrate.HELD_UA]


def meter(ua, text):
    """What a multimeter says with a current held, mV."""
    return calibrate.reading(ua, text, board)


class _Reading:
    def __init__(self, ua, held, mv):
        self.ua = ua
        self.mv = mv
        self.held = self
        for name in ("code", "zero_mcodes", "sense_mcodes", "voltage_mcodes"):
            setattr(self, name, held[name])


def calibration(readings):
    """The six values, of [uA, answer of calibration.hold, mV] each."""
    return calibrate.from_readings([_Reading(*reading) for reading in readings], board)


_CALLS = {
    function.__name__: function
    for function in (about, check, play, sessions, session_facts, fault_rows, fault_facts, to_hold, meter, calibration)
}
