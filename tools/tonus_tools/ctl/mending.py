"""Every error of a preset, not only the first: found with the device's own validator, which stops at each.

What it refuses is mended in a copy, with a value that it takes, and the copy is checked again, until nothing is wrong.
A rule that compares several fields is told only when all of these are as the person wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tonus import fields, limits, preset
from tonus.fields import FieldError

MOST = 100  # errors of one preset: more help nobody

_WAVEFORM: dict[str, Any] = {"kind": "biphasic", "rate_hz": 1, "phase_us": limits.PHASE_MIN_US, "gap_us": 100}
_ENVELOPE: dict[str, Any] = {"shape": "sine", "period_ms": 4000, "depth_pct": 50}
_STROKE: dict[str, Any] = {"glide_s": 3, "hold_s": 1}
_ZONE: dict[str, Any] = {
    "region": preset.REGIONS[0], "side": preset.SIDES[0], "duration_s": limits.ZONE_MIN_S, "cue_s": limits.CUE_MIN_S,
    "waveform": _WAVEFORM,
}  # fmt: skip
_PRESET: dict[str, Any] = {
    "schema": limits.PRESET_SCHEMA, "id": "preset", "name": "Preset", "top_ua": limits.TOP_MIN_UA,
    "ramp_ms": limits.RAMP_MIN_MS, "zones": [_ZONE],
}  # fmt: skip
_OTHERS = {
    "rate_to_hz": 1, "sweep_s": 10, "burst_pulses": 1, "envelope": _ENVELOPE,
    "rise_ms": 1000, "hold_ms": 0, "fall_ms": 1000, "low_ms": 0,
    "stroke": _STROKE, "glide_s": 3, "hold_s": 1,
}  # fmt: skip
# What a field gets in place of one that is refused or missing: what the rules that compare fields take most readily.
_GOOD = _PRESET | _ZONE | {"name": "name"} | _WAVEFORM | _ENVELOPE | _OTHERS
# A mended one of these makes others that stand beside it right or wrong: what holds them is mended whole.
_WHOLE = {"kind": _WAVEFORM, "shape": _ENVELOPE}
_WHOLE_NUMBER = re.compile(r".*; allowed -?\d+(\.\.-?\d+)?( \S+)?")
_RATE = re.compile(r".*; allowed .* in steps of .*")


def errors(document: object) -> list[FieldError]:
    """What is wrong with a decoded preset, in the validator's words and with a hint; empty when nothing is."""
    found: list[FieldError] = []
    mended: set[str] = set()
    copy = _copy(document)
    while len(found) < MOST:
        try:
            preset.build(copy)
            break
        except FieldError as error:
            problem, path = error.problem, error.path
        place = _places(copy).get(path)
        if not _depends(path, copy, mended):
            found.append(FieldError(path, problem + _hint(problem, place)))
        if not _mend(copy, path, problem, place):
            break
        mended.add(path)
    return found


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _places(value: Any) -> dict[str, tuple[Any, Any]]:
    """Path, as the validator writes it, to (the object or list, the key in it) of all that is there."""
    return dict(_walk(value, ""))


def _walk(value: Any, path: str) -> Iterator[tuple[str, tuple[Any, Any]]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield fields.join(path, key), (value, key)
            yield from _walk(item, fields.join(path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield f"{path}[{i}]", (value, i)
            yield from _walk(item, f"{path}[{i}]")


def _mend(copy: Any, path: str, problem: str, place: tuple[Any, Any] | None) -> bool:
    """Make the validator go on behind this error; False when it cannot."""
    parent, _, name = path.rpartition(".")
    if problem.startswith("unknown field"):
        assert place is not None
        del place[0][place[1]]
        return True
    if name in _WHOLE:
        above = _places(copy).get(parent)
        if above is not None:
            above[0][above[1]] = _copy(_WHOLE[name])
        return above is not None
    if place is None:  # missing
        holder = copy if not parent else _at(copy, parent)
        if not isinstance(holder, dict) or name not in _GOOD:
            return False
        holder[name] = _copy(_GOOD[name])
        return True
    if isinstance(place[1], int):  # a zone
        place[0][place[1]] = _copy(_ZONE)
        return True
    if path == "zones" and isinstance(place[0]["zones"], list) and place[0]["zones"]:
        cut = place[0]["zones"][: limits.ZONES_MAX]
        was_cut = len(cut) < len(place[0]["zones"])
        place[0]["zones"] = cut
        return was_cut  # else they are too long in sum: the last rule there is
    good = _copy(_GOOD.get(name))
    if good is None or place[0][place[1]] == good:
        return False
    place[0][place[1]] = good
    return True


def _at(copy: Any, path: str) -> Any:
    place = _places(copy).get(path)
    return None if place is None else place[0][place[1]]


def _depends(path: str, copy: Any, mended: set[str]) -> bool:
    """Whether this is an error of a rule that compares fields, one of which is not as the person wrote it."""
    if path == "zones":
        return isinstance(_at(copy, path), list) and any(p == "zones" or p.endswith("duration_s") for p in mended)
    parent, _, name = path.rpartition(".")
    if name not in ("phase_us", "burst_pulses") or _is_wrong_alone(name, _at(copy, path)):
        return False
    return any(p == "top_ua" or p.startswith(parent + ".") for p in mended)


def _is_wrong_alone(name: str, value: Any) -> bool:
    """Whether the validator refuses a waveform's value whatever stands beside it."""
    waveform = _copy(_WAVEFORM) | {"rate_hz": limits.RATE_MIN_DHZ / 10, name: value}
    if name == "burst_pulses":
        waveform = {"kind": "alternating", "rate_hz": limits.RATE_MAX_DHZ // 10, "phase_us": limits.PHASE_MIN_US}
        waveform[name] = value
    try:
        preset.build(_copy(_PRESET) | {"zones": [_copy(_ZONE) | {"waveform": waveform}]})
    except FieldError:
        return True
    return False


def _hint(problem: str, place: tuple[Any, Any] | None) -> str:
    """How a number has to be written, for one that would be right but for that."""
    value = None if place is None else place[0][place[1]]
    is_whole = _WHOLE_NUMBER.fullmatch(problem) is not None
    if isinstance(value, str) and (is_whole or _RATE.fullmatch(problem)):
        number = _number(value)
        if number is None:
            return ""
        value, how = number, "without quotes"
        if not is_whole:
            return f"; write {value:g}, {how}"
    else:
        how = "without point and exponent"
    if not is_whole or not isinstance(value, (int, float)) or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return "" if how == "without point and exponent" else f"; write {value}, {how}"
    if value != value or abs(value) > 1e9:
        return ""
    return f"; write {int(value)}, {how}" if value == int(value) else "; a whole number"


def _number(text: str) -> float | int | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
