"""Presets: what is allowed comes back exactly as written; everything else is refused in one line that helps."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from broken_presets import MESSAGES, change, fields, parent, steps, valid
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import RANGES, RATES, REGIONS, SIDES, TEXTS, Document, documents, loose_documents, names, objections
from tonus import bank, limits, preset
from tonus.fields import FieldError

PRESETS = Path(preset.__file__).with_name("presets")


def refused(document: object) -> FieldError:
    """The error for a document, which is also one line."""
    with pytest.raises(FieldError) as caught:
        preset.parse(document if isinstance(document, str) else json.dumps(document))
    line = str(caught.value)
    assert "\n" not in line
    assert line.isprintable()
    assert line == (f"{caught.value.path}: {caught.value.problem}" if caught.value.path else caught.value.problem)
    return caught.value


def written(zone: preset.Zone) -> Document:
    """A parsed zone back as its document: every number the device will use."""
    w = zone.waveform
    wave: Document = {"kind": w.kind, "rate_hz": w.rate_dhz / 10, "phase_us": w.phase_us}
    if w.kind == "alternating":
        wave["burst_pulses"] = w.burst_pulses
    else:
        assert w.burst_pulses == 0
        wave["gap_us"] = w.gap_us
    if w.kind == "swept":
        wave |= {"rate_to_hz": w.rate_to_dhz / 10, "sweep_s": w.sweep_ms / 1000}
    else:
        assert (w.rate_to_dhz, w.sweep_ms) == (w.rate_dhz, 0)
    assert (w.envelope is not None) == (w.kind == "modulated")
    if w.envelope is not None:
        rise, hold, fall, low, depth, sine = w.envelope
        if sine:
            assert (hold, low) == (0, 0)
            wave["envelope"] = {"shape": "sine", "period_ms": rise + fall, "depth_pct": depth}
        else:
            wave["envelope"] = {
                "shape": "trapezoid",
                "rise_ms": rise,
                "hold_ms": hold,
                "fall_ms": fall,
                "low_ms": low,
                "depth_pct": depth,
            }
    found: Document = {"region": zone.region, "side": zone.side, "duration_s": zone.duration_s, "cue_s": zone.cue_s}
    if zone.name != f"{zone.region} {zone.side}":
        found["name"] = zone.name
    if zone.stroke is not None:
        found["stroke"] = dict(zip(("glide_s", "hold_s"), zone.stroke, strict=True))
    return found | {"waveform": wave}


@given(documents(max_zones=3) | documents(max_zones=16))
@settings(max_examples=100, deadline=None)
def test_what_is_allowed_comes_back_exactly_as_written(document: Document) -> None:
    p = preset.parse(json.dumps(document))
    assert document == {
        "schema": 2,
        "id": p.id,
        "name": p.name,
        "top_ua": p.top_ua,
        "ramp_ms": p.ramp_ms,
        "zones": [written(zone) for zone in p.zones],
    }
    assert p.duration_s() == sum(zone["duration_s"] for zone in document["zones"])
    for zone in p.zones:
        numbers = [value for value in vars(zone.waveform).values() if isinstance(value, (int, float))]
        assert all(type(number) is int for number in numbers)


def test_an_odd_sine_period_is_not_rounded() -> None:
    document = valid("modulated")
    document["zones"][0]["waveform"]["envelope"] = {"shape": "sine", "period_ms": 1001, "depth_pct": 50}
    try:
        found = written(preset.build(document).zones[0])
    except FieldError:
        return  # refused is right, too
    assert found == document["zones"][0]


@given(loose_documents())
@settings(max_examples=300, deadline=None)
def test_fields_that_do_not_go_together_are_refused_and_only_those(document: Document) -> None:
    wrong = objections(document)
    if wrong:
        assert refused(document).path in wrong
    else:
        preset.parse(json.dumps(document))


VALID = [valid(kind) for kind in ("biphasic", "alternating", "swept", "modulated")] + [valid("modulated", "sine")]


def rule(path: str) -> str:
    return re.sub(r"\[\d+\]", "[*]", path)


NOT_NUMBERS: list[Any] = [True, False, None, "", "5", "5 ms", [], [5], {}, {"value": 5}, float("nan"), float("inf")]
TOO_LONG = "x" * 25
DEEP: Any = [[[[[[[[[[[[[[[[5]]]]]]]]]]]]]]]]


def bad_values(path: str, good: Any) -> tuple[st.SearchStrategy[Any], str]:
    """(values this field must not have, what the error says is allowed)."""
    name = rule(path)
    if name in RANGES:
        r = RANGES[name]
        outside = st.integers(max_value=r.least - 1) | st.integers(min_value=r.most + 1)
        edges = st.sampled_from([r.least - 1, r.most + 1, -r.most - 1, 10**30, -(10**300), 2**31, 2**63])
        # A whole number with a point is still not an integer: nothing is rounded.
        floats = st.sampled_from([float(good), good + 0.5, 1e300, -0.0])
        wrong = outside | edges | floats | st.sampled_from([*NOT_NUMBERS, DEEP])
        # An older schema is none of these: the other fields are then held to it.
        return wrong.filter(lambda value: name != "schema" or value is True or value != 1), r.allowed
    if name in RATES:
        rates = st.floats(max_value=0.29) | st.floats(min_value=300.01) | st.integers(min_value=301)
        odd = st.sampled_from([0.25, 0.35, 20.05, 300.1, 0, -1, -20, 0.0, -0.0, 10**30, -(10**300)])
        return rates | odd | st.integers(max_value=0) | st.sampled_from([*NOT_NUMBERS, DEEP]), "0.3..300 Hz in steps"
    if name in TEXTS:
        wrong = st.text(min_size=25) | st.text(st.characters(min_codepoint=0x7F), min_size=1)
        wrong |= st.sampled_from(["", TOO_LONG, "a\nb", "\x00", "caf\u00e9", "\x7f", 5, 1.5, True, None, [], ["a"], {}])
        if name == "id":
            return wrong | st.sampled_from(["Calm", "a b", "a_b", "a.b", "../a"]), "allowed"
        return wrong, "allowed 1..24 printable ASCII characters"
    other: list[Any] = [None, True, 5, 1.5, "x", [], {}, DEEP]
    if name == "zones":
        return st.sampled_from([None, True, 5, "[]", [], {}, [None] * 17]), "allowed a list of 1..16 zones"
    if name == "zones[*].waveform.kind":
        return st.sampled_from([*other, "Biphasic", "monophasic", ""]), "allowed alternating, biphasic, modulated"
    if name == "zones[*].waveform.envelope.shape":
        return st.sampled_from([*other, "square"]), "allowed sine, trapezoid"
    if name == "zones[*].region":
        return st.sampled_from([*other, "Cheek", "chest", ""]), "allowed forehead, brow, temple, eye, cheek"
    if name == "zones[*].side":
        return st.sampled_from([*other, "Left", "both", ""]), "allowed left, right, middle"
    # An object: anything else. (An empty one lacks its fields.)
    return st.sampled_from([value for value in other if value != {}]), "allowed an object"


@st.composite
def broken(draw: st.DrawFn) -> tuple[Document, str, Any, str]:
    """(a document with one wrong value, the field, the value, what is allowed)."""
    document = copy.deepcopy(draw(st.sampled_from(VALID)))
    path = draw(st.sampled_from(fields(document)))
    held, key = parent(document, path)
    values, allowed = bad_values(path, held[key])
    held[key] = draw(values)
    return document, path, held[key], allowed


@given(broken())
@settings(max_examples=500, deadline=None)
def test_one_wrong_value_is_refused_with_path_value_and_range(case: tuple[Document, str, Any, str]) -> None:
    document, path, value, allowed = case
    if len(json.dumps(document)) > limits.PRESET_CHARS_MAX:
        return
    error = refused(document)
    assert error.path == path
    shown = (
        json.dumps(value)
        if not value or not isinstance(value, list | dict)
        else "[...]"
        if isinstance(value, list)
        else "{...}"
    )
    assert error.problem.startswith((shown if len(shown) <= 40 else shown[:37] + "...") + ";")
    assert allowed in error.problem


@pytest.mark.parametrize("document", VALID)
def test_every_field_is_required(document: Document) -> None:
    for path in fields(document):
        if path.endswith("]") or rule(path) in ("zones[*].name", "zones[*].stroke"):
            continue
        changed = copy.deepcopy(document)
        held, key = parent(changed, path)
        del held[key]
        error = refused(changed)
        assert error.path == path
        assert key in error.problem or "allowed" in error.problem


@pytest.mark.parametrize("document", VALID)
def test_an_unknown_field_is_refused_wherever_it_is(document: Document) -> None:
    objects = [path for path in fields(document) if re.fullmatch(r"(.*\.)?(waveform|envelope|zones\[\d\])", path)]
    assert len(objects) >= 4
    for path in ["", *objects]:
        changed = copy.deepcopy(document)
        at: Any = changed
        for step in steps(path):
            at = at[step]
        at["amplitude"] = 5
        error = refused(changed)
        assert error.path == (path + ".amplitude" if path else "amplitude")
        assert error.problem.startswith("unknown field; allowed ")


@given(st.text(min_size=1))
@example("a\nb")
@example("x" * 3000)
@settings(max_examples=100, deadline=None)
def test_the_name_of_an_unknown_field_does_not_break_the_line(key: str) -> None:
    document = valid()
    if key in document:
        return
    document[key] = 5
    if len(json.dumps(document)) <= limits.PRESET_CHARS_MAX:
        assert len(str(refused(document))) <= 200


# Schema 1: a name, and neither region nor side.

LATER = ("region", "side", "stroke")


@st.composite
def of_schema_1(draw: st.DrawFn) -> Document:
    document = draw(documents())
    zones = [{key: value for key, value in zone.items() if key not in LATER} for zone in document["zones"]]
    return document | {"schema": 1, "zones": [{"name": draw(names())} | zone for zone in zones]}


@given(of_schema_1())
@settings(max_examples=100, deadline=None)
def test_a_preset_of_schema_1_keeps_all_it_says_and_fits(document: Document) -> None:
    found = preset.parse(json.dumps(document))
    assert [zone.name for zone in found.zones] == [zone["name"] for zone in document["zones"]]
    as_written = [written(zone) for zone in found.zones]
    for now, was in zip(as_written, document["zones"], strict=True):
        assert {key: value for key, value in now.items() if key not in (*LATER, "name")} == {
            key: value for key, value in was.items() if key != "name"
        }
        assert "stroke" not in now
    text = preset.canonical(found)
    assert preset.canonical(preset.parse_canonical(text)) == text
    was_long = len(json.dumps(document, separators=(",", ":")))
    assert len(text) <= was_long + limits.PRESET_CHARS_MAX - 4096


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("forehead left", "fl"),
        ("Eyebrow, right", "br"),
        ("cheekbone", "cm"),
        ("under the eyes", "em"),
        ("JAWLINE RIGHT", "jr"),
        ("neck left and right", "km"),
        ("nose", "nm"),
        ("left", "cl"),
        ("masseter", "cm"),
    ],
)
def test_where_a_zone_of_schema_1_is(name: str, place: str) -> None:
    zone = {key: value for key, value in valid()["zones"][0].items() if key not in LATER} | {"name": name}
    (found,) = preset.build(valid() | {"schema": 1, "zones": [zone]}).zones
    assert (found.place(), found.name) == (place, name)


def test_schema_1_has_no_field_of_a_later_one() -> None:
    error = refused(valid() | {"schema": 1})
    assert str(error) == "zones[0].region: unknown field; allowed name, duration_s, cue_s, waveform"


def test_a_document_of_schema_1_without_zones_is_refused_as_any() -> None:
    old = valid() | {"schema": 1}
    assert str(refused(old | {"zones": {}})) == "zones: {}; allowed a list of 1..16 zones"
    assert str(refused(old | {"zones": [{}] * 17})).endswith("; allowed a list of 1..16 zones")
    assert str(refused({key: value for key, value in old.items() if key != "zones"})).startswith("zones: missing")


def test_only_the_canonical_text_is_stored() -> None:
    text = preset.canonical(preset.build(valid()))
    assert preset.canonical(preset.parse_canonical(text)) == text
    with pytest.raises(FieldError, match="not in canonical form"):
        preset.parse_canonical(text + " ")


def test_waveforms_are_the_same_when_all_they_say_is() -> None:
    one, same = (preset.build(valid()).zones[0].waveform for _ in range(2))
    other = preset.build(change("zones[0].waveform.rate_hz", 41)).zones[0].waveform
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != 1


def test_a_name_is_what_the_place_says_or_is_left_out() -> None:
    zone = valid()["zones"][0] | {"region": "neck", "side": "right"}
    del zone["name"]
    plain = preset.build(valid() | {"zones": [zone]})
    named = preset.build(valid() | {"zones": [zone | {"name": "neck right"}]})
    assert plain.zones[0].name == "neck right"
    assert preset.canonical(plain) == preset.canonical(named)
    assert '"name":"neck right"' not in preset.canonical(named)


def test_every_region_and_side_has_letters_of_its_own() -> None:
    zone = valid()["zones"][0]
    places = {
        preset.build(valid() | {"zones": [zone | {"region": region, "side": side}]}).zones[0].place()
        for region in REGIONS
        for side in SIDES
    }
    assert len(places) == 30
    assert {place[0] for place in places} == set("fbtecnmhjk")
    assert {place[1] for place in places} == set("lrm")


# Text that is not a preset at all.


@given(st.text(max_size=200) | st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists, max_leaves=20))
@settings(max_examples=200, deadline=None)
def test_anything_that_is_not_a_preset_is_refused(value: Any) -> None:
    refused(value if isinstance(value, str) else json.dumps(value))


@pytest.mark.parametrize("depth", [2, 50, *range(300, 2040, 20)])
def test_deep_nesting_is_refused(depth: int) -> None:
    refused("[" * depth + "]" * depth)
    refused(json.dumps(valid()).replace('"schema": 2', '"schema": ' + "[" * depth + "]" * depth))


def test_what_is_too_deep_to_show_is_refused_all_the_same() -> None:
    # MicroPython's json reads nesting that its json cannot write: there this comes in through `parse`.
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(FieldError) as caught:
        preset.build(change("schema", deep))
    assert caught.value.path == "schema"


def test_too_long_a_text_is_refused() -> None:
    text = json.dumps(valid())
    preset.parse(text + " " * (4672 - len(text)))
    assert str(refused(text + " " * (4673 - len(text)))) == "4673 characters; allowed at most 4672"


@pytest.mark.parametrize(("document", "message"), MESSAGES)
def test_messages(document: object, message: str) -> None:
    assert str(refused(document)) == message


def test_the_edges_of_charge_and_time_are_allowed() -> None:
    preset.build(change("zones[0].waveform.phase_us", 24_850))
    preset.build(change("zones[0].waveform.rate_hz", 1, change("zones[0].waveform.phase_us", 75_750)))
    preset.build(change("zones[1].waveform.burst_pulses", 40, valid("alternating")))


# What ships.


def test_the_shipped_presets_parse_and_stay_low() -> None:
    shipped = bank.shipped()
    assert tuple(p.id for p in shipped) == bank.SHIPPED
    assert {path.stem for path in PRESETS.glob("*.json")} == set(bank.SHIPPED)
    for path in PRESETS.glob("*.json"):
        p = preset.parse(path.read_text(encoding="ascii"))
        assert p.id == path.stem
        assert p.top_ua <= limits.SHIPPED_TOP_UA == 400
    assert {zone.waveform.kind for p in shipped for zone in p.zones} == set(preset._WAVEFORM_FIELDS)


@pytest.mark.parametrize(
    ("wave", "top_ua", "nc", "room"),
    [
        # 50 uC less the strays of a phase and what is none; and a tenth of that less: 45 uC is less still.
        ({"kind": "biphasic", "rate_hz": 0.9, "phase_us": 500_000, "gap_us": 100}, 90, 45_000, 45_360),
        ({"kind": "alternating", "rate_hz": 100, "phase_us": 2250, "burst_pulses": 200}, 100, 45_000, 44_818),
        ({"kind": "alternating", "rate_hz": 100, "phase_us": 2240, "burst_pulses": 200}, 100, 44_800, 44_818),
        ({"kind": "alternating", "rate_hz": 100, "phase_us": 2241, "burst_pulses": 200}, 100, 44_820, 44_818),
    ],
)
def test_what_goes_one_way_leaves_room_for_strays_and_the_accuracy(
    wave: Document, top_ua: int, nc: int, room: int
) -> None:
    document = valid() | {"top_ua": top_ua}
    for zone in document["zones"]:
        zone["waveform"] = wave
    most = min(limits.CHARGE_ONE_WAY_NC, room)
    if nc > most:
        assert f"puts {nc} nC in one direction; allowed at most {most} nC (50000 nC less" in str(refused(document))
        return
    w = preset.parse(json.dumps(document)).zones[0].waveform
    assert (top_ua * w.unpaired_us() // 1000, preset.room_nc(w)) == (nc, room)


# At each border


def with_wave(wave: Document, **changes: object) -> Document:
    """A preset of one zone."""
    document = valid()
    zone = document["zones"][0] | {"waveform": wave}
    return document | {"zones": [zone]} | changes


def biphasic(**changes: object) -> Document:
    return {"kind": "biphasic", "rate_hz": 1, "phase_us": 1000, "gap_us": 100} | changes


def bursts(pulses: int, rate_hz: float, phase_us: int = 400) -> Document:
    return {"kind": "alternating", "rate_hz": rate_hz, "phase_us": phase_us, "burst_pulses": pulses}


def test_a_waveform_begins_as_nothing() -> None:
    numbers = {name: value for name, value in vars(preset.Waveform("swept")).items() if name != "kind"}
    assert set(numbers.values()) == {0, None}
    w = preset.parse(json.dumps(with_wave(bursts(2, 100)))).zones[0].waveform
    assert (w.gap_us, w.sweep_ms, w.envelope) == (0, 0, None)


@pytest.mark.parametrize(("dhz", "us"), [(3, 3_333_333), (256, 39_063), (10, 1_000_000), (3000, 3333)])
def test_a_period_is_the_nearest_microsecond(dhz: int, us: int) -> None:
    assert preset.Waveform("biphasic").period_us(dhz) == us


@pytest.mark.parametrize(
    ("wave", "top_ua", "problem"),
    [
        (bursts(2, 1), 50, None),
        (bursts(2, 0.9), 50, "burst_pulses: 2 pulses last 2222 ms; allowed at most 2000 ms in one direction"),
        (bursts(1, 0.3), 50, None),
        (bursts(200, 100), 50, None),
        (bursts(200, 99.9), 50, "burst_pulses: 200 pulses last 2002 ms; allowed at most 2000 ms in one direction"),
        (biphasic(rate_hz=3.8, phase_us=129_682), 347, None),  # 44999.654 nC
        (biphasic(rate_hz=3.8, phase_us=129_683), 347, "phase_us: 129683 us at 347 uA puts 45001 nC in one direction"),
        (bursts(1, 0.9, 500_000), 100, "phase_us: 500000 us at 100 uA puts 50000 nC in one direction"),
        (bursts(2, 1, 300_000), 100, "burst_pulses: 2 pulses of 300000 us at 100 uA puts 60000 nC in one direction"),
    ],
)
def test_time_and_charge_at_their_borders(wave: Document, top_ua: int, problem: str | None) -> None:
    document = with_wave(wave, top_ua=top_ua)
    if problem is None:
        preset.parse(json.dumps(document))
    else:
        assert str(refused(document)).startswith(f"zones[0].waveform.{problem}")


@pytest.mark.parametrize(("last_s", "problem"), [(600, None), (601, "zones: 1201 s in all; allowed at most 1200 s")])
def test_a_session_is_so_long_and_no_longer(last_s: int, problem: str | None) -> None:
    document = valid()
    zone = document["zones"][0]
    document["zones"] = [zone | {"duration_s": 600}, zone | {"duration_s": last_s}]
    if problem is None:
        assert preset.parse(json.dumps(document)).duration_s() == 1200
    else:
        assert str(refused(document)) == problem


def test_a_zone_of_its_own_name_and_its_strokes_come_back() -> None:
    document = with_wave(biphasic())
    for more in ({}, {"name": 'under "it" \\\\'}, {"stroke": {"glide_s": 3, "hold_s": 1}}):
        zone = {key: value for key, value in document["zones"][0].items() if key not in ("name", "stroke")}
        given = document | {"zones": [zone | more]}
        assert json.loads(preset.canonical(preset.parse(json.dumps(given)))) == given


@pytest.mark.parametrize(
    ("name", "region", "side"),
    [
        ("Left cheek", "cheek", "left"), ("middle of the left jaw", "jaw", "left"), ("right", "cheek", "right"),
        ("left and right brow", "brow", "middle"), ("eyebrow", "brow", "middle"), ("x", "cheek", "middle"),
    ],
)  # fmt: skip
def test_what_a_name_of_schema_1_says(name: str, region: str, side: str) -> None:
    zone = {"name": name, "duration_s": 60, "cue_s": 5, "waveform": biphasic()}
    document = {"schema": 1, "id": "a", "name": "a", "top_ua": 50, "ramp_ms": 500, "zones": [zone]}
    before = copy.deepcopy(document)
    found = preset.build(document).zones[0]
    assert (found.region, found.side, found.name) == (region, side, name)
    assert document == before
