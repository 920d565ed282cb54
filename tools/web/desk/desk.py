"""What the page knows of presets and records, by the firmware's own files and tonusctl's words. JSON in, JSON out."""

import json
import sys
from datetime import datetime
from math import exp

import board
from tonus import VERSION, faults, limits, preset, program, session, settings
from tonus.fields import FieldError
from tonus_tools.ctl import calibrate, margins, words
from tonus_tools.ctl.client import Session
from tonus_tools.progress.calendar_days import signs
from tonus_tools.progress.history import history
from tonus_tools.progress.routine import Plan
from tonus_tools.progress.routine import routine as kept_of
from tonus_tools.progress.symmetry import pairs

LEVELS = limits.LEVELS
UA_PER_CODE = board.DAC_REFERENCE_MV * 1000 / board.RSET_OHM / (1 << board.DAC_BITS)


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
    found.update({"region": preset.REGIONS, "side": preset.SIDES, "sound": settings.SOUNDS})
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


class _Zone:
    """What `figures.ZoneFigures` has of a zone, as far as limits ask for it: the worst, at the envelope's top."""

    def __init__(self, zone, phase_uc, account_uc, load_ua):
        w = zone.waveform
        pulse_us = w.phase_us if w.burst_pulses else 2 * w.phase_us + w.gap_us
        self.name = zone.name
        self.duration_s = zone.duration_s
        self.cue_s = zone.cue_s
        self.glide_s, self.hold_s = zone.stroke or (0, 0)
        self.rate_hz = w.rate_dhz / 10
        self.rate_to_hz = w.rate_to_dhz / 10
        self.gap_us = w.gap_us
        self.burst_pulses = w.burst_pulses
        self.rest_us = w.period_us(w.fastest_dhz()) - pulse_us
        self.phase_us = w.phase_us
        self.phase_uc = phase_uc
        self.unpaired_uc = phase_uc * (w.burst_pulses or 1)
        self.net_code_us = 0  # or it would not have been compiled
        self.account_uc = account_uc
        self.pulse_mj = load_ua**2 * 500 / 1e9 * w.phase_us * (1 if w.burst_pulses else 2) / 1e6


def _flat(w, rate_dhz):
    """The waveform at one rate, without an envelope."""
    flat = preset.Waveform(w.kind)
    for name in ("phase_us", "gap_us", "burst_pulses"):
        setattr(flat, name, getattr(w, name))
    flat.rate_dhz = flat.rate_to_dhz = rate_dhz
    return flat


def _account_uc(w, top_ua):
    """The most that the account of charge gets to in two cycles from nothing; with more it only gets less."""
    compiled = program.compile(w, top_ua, board)
    forget_us = limits.CHARGE_FORGET_MS * 1000
    account = worst = 0.0
    at = None
    for begin, direction, us, code, _ in _phases(compiled, LEVELS, 2 * compiled.cycle_us, 4000):
        if at is not None:
            account *= exp((at - begin) / forget_us)
        at = begin + us
        account *= exp(-us / forget_us)
        account += direction * code * UA_PER_CODE * forget_us * (1 - exp(-us / forget_us)) / 1e6
        worst = max(worst, abs(account))
    return worst


def shares(found):
    """[limit, value, allowed, unit, whether at least, percent, zone] of every limit, at the highest level."""
    set_ua = program.compile(found.zones[0].waveform, found.top_ua, board).codes[LEVELS] * UA_PER_CODE
    source_ohm = board.RSET_OHM + board.FET_OHM + board.SWITCHES_OHM
    cm2 = board.ELECTRODE_AREA_MM2 / 100
    into = [min(set_ua, board.RAIL_MIN_MV * 1000 / (source_ohm + ohm)) for ohm in (500, 10000)]
    zones = []
    known = []
    for zone in found.zones:
        w = zone.waveform
        account_uc = next((uc for other, uc in known if other == w), None)
        if account_uc is None:
            account_uc = max([_account_uc(_flat(w, rate), found.top_ua) for rate in {w.rate_dhz, w.rate_to_dhz}])
            known.append((w, account_uc))
        zones.append(_Zone(zone, set_ua * w.phase_us / 1e6, account_uc, into[0]))
    told = margins.rows(found, set_ua, set_ua / 1000 / cm2, into[1] ** 2 * 10000 / 1e9 / cm2, zones)
    return [
        (name, value, limit, unit, least, margins.percent(value, limit, least), where)
        for name, _, value, limit, unit, least, _, where in told
    ]


def _phases(compiled, level, us, most):
    """(us, direction, us, code, probe) of phases from a whole cycle on, without ramps, for so long."""
    train = program.Train(program.compile_probe(board))
    train.start(compiled, compiled.codes[level], limits.RAMP_MIN_MS)
    train.skip_ramp()
    at = code = probe = n = 0
    first = None
    skip = 2 * (compiled.burst or 1)  # the first cycle has another code
    while (first is None or at - first < us) and n < most:
        if train.load >= 0:
            code = train.load
            probe = not train.width
        direction, for_us, _ = program.decode(train.word)
        at += program.DEAD_US
        if direction:
            if skip and not probe:
                skip -= 1
            elif not skip:
                if first is None:
                    first = at
                n += 1
                yield at - first, direction, for_us, code, probe
        at += for_us
        train.next()


def play(text, zone, level, ms):
    """The phases of a zone at a level, for so long, without ramps: [from us, direction, us, uA] each, probes too."""
    found = preset.parse(text)
    compiled = program.compile(found.zones[zone].waveform, found.top_ua, board)
    return [
        (at, direction, us, round(code * UA_PER_CODE * 10) / 10)
        for at, direction, us, code, _ in _phases(compiled, level, ms * 1000, 2000)
    ]


def sessions(records):
    """Rows of a table of sessions."""
    return [words.session_row(record, its) for record, its in zip(records, history(records), strict=True)]


def session_facts(records, i, names):
    """Of one of them; names of its zones."""
    return words.session_facts(records[i], history(records)[i], names)


def sides(records):
    """[region, left and right uC delivered, left and right uC set, left and right s, percent apart, sessions, less]."""
    found = []
    for pair in pairs(history(records)):
        left, right = pair.left, pair.right
        charges = (left.delivered_uc, right.delivered_uc, left.set_uc, right.set_uc)
        less = str(pair.less) if pair.less else ""
        found.append((pair.region,) + charges + (left.counted_s, right.counted_s, pair.apart_pct, pair.sessions, less))
    return found


def routine(records, plan, now_s):
    """What was kept of a plan, as `settings.read` has it: where in it, what is next, rows of weeks, without a date."""
    today = datetime.fromtimestamp(now_s).date()
    since = None if plan["since"] is None else datetime.fromtimestamp(plan["since"]).date()
    its = Plan(plan["days_a_week"], plan["days"], plan["then_days_a_week"], since)
    kept = kept_of(history(records, today), its, today)
    rows = []
    for week in kept.weeks:
        days = str(week.least) if week.least == week.most else "%d-%d" % (week.least, week.most)
        first = week.first.strftime("%Y-%m-%d")
        rows.append((week.number, first, days, week.target, week.verdict, signs(kept, week)))
    return {"position": kept.position, "next": kept.next, "weeks": rows, "undated": kept.undated}


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


_PUBLIC = (about, check, play, sessions, session_facts, sides, routine, fault_rows, fault_facts)
_PUBLIC += (to_hold, meter, calibration)
_CALLS = {function.__name__: function for function in _PUBLIC}
