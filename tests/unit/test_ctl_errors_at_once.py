"""Presets as people write them: every error at once, by the device's own validator; hints at what JSON is not."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from broken_presets import MESSAGES, change, fields, parent, valid
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Document, loose_documents
from tonus import limits, preset
from tonus.fields import FieldError
from tonus_tools.ctl import json_hints, mending, presets

VALID = [valid(kind) for kind in ("biphasic", "alternating", "swept", "modulated")] + [valid("modulated", "sine")]


def told(document: Any) -> list[str]:
    return [error.path for error in mending.errors(document)]


def lines(folder: Path, data: str | bytes) -> list[str]:
    path = folder / "my.json"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    loaded, problems = presets.read(path)
    assert not (loaded and problems)
    return [str(problem).removeprefix(f"{path}: ") for problem in problems]


def test_what_is_right_has_no_errors() -> None:
    for document in VALID:
        assert mending.errors(document) == []


def test_each_error_is_a_line_in_the_validators_words(tmp_path: Path) -> None:
    document = valid()
    document |= {"top_ua": 600, "ramp_ms": 10, "volume": 3}
    del document["name"]
    document["zones"][0]["waveform"] |= {"phase_us": 10, "rate_hz": 301}
    document["zones"][1] |= {"cue_s": 1, "waveform": 5}
    assert lines(tmp_path, json.dumps(document)) == [
        "volume: unknown field; allowed schema, id, name, top_ua, ramp_ms, zones",
        "name: missing; required are schema, id, name, top_ua, ramp_ms, zones",
        "top_ua: 600; allowed 50..500 uA",
        "ramp_ms: 10; allowed 500..10000 ms",
        "zones[0].waveform.rate_hz: 301; allowed 0.3..300 Hz in steps of 0.1",
        "zones[0].waveform.phase_us: 10; allowed 100..500000 us",
        "zones[1].cue_s: 1; allowed 3..30 s",
        "zones[1].waveform: 5; allowed an object",
    ]


def test_errors_of_several_presets_and_keys_given_twice(tmp_path: Path) -> None:
    one = json.dumps(valid()).replace('"top_ua": 120', '"top_ua": 120, "top_ua": 130', 1)
    two = json.dumps(change("id", "Calm!") | {"ramp_ms": 1})
    assert lines(tmp_path, f"[{one}, {two}]") == [
        "[0]: top_ua: given twice; allowed once",
        '[1]: id: "Calm!"; allowed a-z, 0-9 and -',
        "[1]: ramp_ms: 1; allowed 500..10000 ms",
    ]


@pytest.mark.parametrize(("document", "message"), [one for one in MESSAGES if not isinstance(one[0], str)])
def test_what_the_device_says_is_among_them(document: Any, message: str) -> None:
    assert str(mending.errors(document)[0]).startswith(message)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_as_many_errors_as_there_are_wrong_fields(data: st.DataObject) -> None:
    """Numbers out of range in several fields: each is told once, and no other."""
    document = copy.deepcopy(data.draw(st.sampled_from(VALID)))
    numbers = [p for p in fields(document) if isinstance(_value(document, p), (int, float)) and p != "schema"]
    chosen = data.draw(st.lists(st.sampled_from(numbers), unique=True, max_size=6))
    for path in chosen:
        held, key = parent(document, path)
        held[key] = data.draw(st.sampled_from([-1, 10**7, 1e9, None, [], "x"]))
    assert sorted(told(document)) == sorted(chosen)


def _refusal(document: Document) -> FieldError | None:
    try:
        preset.build(copy.deepcopy(document))
    except FieldError as error:
        return error
    return None


def _value(document: Document, path: str) -> Any:
    held, key = parent(document, path)
    return held[key]


@given(loose_documents())
@settings(max_examples=150, deadline=None)
def test_it_refuses_exactly_what_the_device_refuses(document: Document) -> None:
    before = copy.deepcopy(document)
    found = mending.errors(document)
    assert document == before
    refusal = _refusal(document)
    if refusal is None:
        assert found == []
    else:
        assert found[0].path == refusal.path
        assert str(found[0]).startswith(str(refusal))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


@given(st.sampled_from(VALID), st.data())
@settings(max_examples=200, deadline=None)
def test_it_ends_whatever_stands_there(base: Document, data: st.DataObject) -> None:
    document = copy.deepcopy(base)
    for path in data.draw(st.lists(st.sampled_from(fields(document)), max_size=4)):
        try:
            held, key = parent(document, path)
            held[key] = data.draw(JSON)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took it away
    assert len(mending.errors(document)) <= mending.MOST
    assert mending.errors(data.draw(JSON))  # none of these is a preset


@pytest.mark.parametrize(
    ("path", "value", "hint"),
    [
        ("top_ua", 80.0, "; write 80, without point and exponent"),
        ("top_ua", "80", "; write 80, without quotes"),
        ("top_ua", "80.0", "; write 80, without quotes"),
        ("top_ua", 80.5, "; a whole number"),
        ("top_ua", "eighty", ""),
        ("top_ua", 40, ""),
        ("ramp_ms", 2e3, "; write 2000, without point and exponent"),
        ("schema", "1", "; write 1, without quotes"),
        ("zones[0].waveform.rate_hz", "8,5", "; write 8.5, without quotes"),
        ("zones[0].waveform.rate_hz", "20", "; write 20, without quotes"),
    ],
)
def test_a_whole_number_that_is_not_written_as_one_is_told_so(path: str, value: Any, hint: str) -> None:
    (error,) = mending.errors(change(path, value))
    with pytest.raises(FieldError) as caught:
        preset.build(change(path, value))
    assert error.problem == caught.value.problem + hint


def test_an_exponent_is_no_whole_number(tmp_path: Path) -> None:
    text = json.dumps(valid()).replace('"top_ua": 120', '"top_ua": 8e1')
    assert lines(tmp_path, text) == ["top_ua: 80.0; allowed 50..500 uA; write 80, without point and exponent"]


def test_a_rule_that_compares_fields_is_told_only_of_what_the_person_wrote() -> None:
    long_phases = change("zones[0].waveform.phase_us", 60_000)
    assert told(long_phases) == ["zones[0].waveform.phase_us"]
    # With a rate that is wrong, nobody can say whether the pulse fits.
    assert told(change("zones[0].waveform.rate_hz", 0, long_phases)) == ["zones[0].waveform.rate_hz"]


GOOD = json.dumps(valid(), indent=1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty; allowed a preset, or a list of them"),
        (" \n\t", "the file is empty; allowed a preset, or a list of them"),
        (GOOD.replace('"ramp_ms": 2000', '"ramp_ms": 2000,,'), None),
        (GOOD[:-2] + ",\n}", "a comma before the closing bracket: take it out"),
        ('{"zones": [1, 2, ]}', "a comma before the closing bracket: take it out"),
        (GOOD.replace('"id"', '// mine\n"id"'), "a comment; JSON has none: take it out"),
        (GOOD.replace('"id"', '/* mine */ "id"'), "a comment; JSON has none: take it out"),
        ("# mine\n" + GOOD, "a comment; JSON has none: take it out"),
        (GOOD + "\n// end", "a comment; JSON has none: take it out"),
        (GOOD.replace('"id"', "\u201cid\u201d"), 'typographic quotes: write straight ones, "'),
        (GOOD.replace('"calm-2"', "\u201ecalm-2\u201c"), 'typographic quotes: write straight ones, "'),
        (GOOD.replace('"', "'"), 'single quotes: write double ones, "'),
        (GOOD.replace('"rate_hz": 20', '"rate_hz": 8,5'), "a comma in a number: write 8.5"),
        (GOOD.replace('"top_ua": 120', '"top_ua": 0120'), "a number that begins with 0: leave the 0 out"),
        (GOOD.replace('"top_ua"', "top_ua"), 'a name without quotes: write "top_ua"'),
        (GOOD[: len(GOOD) // 2], None),
        (GOOD + GOOD, "more than one document: put several presets into one list, [..., ...]"),
        (GOOD.replace('"top_ua": 120,', '"top_ua": 120'), "a comma is missing before this"),
        ("[" * 5000, None),
        ('{"a":' * 400 + "1" + "}" * 400, None),
        (GOOD.encode("utf-16"), "not text in UTF-8: it looks like UTF-16; save it as UTF-8"),
        (GOOD.encode("utf-16-le"), "not text in UTF-8: it looks like UTF-16; save it as UTF-8"),
        (GOOD.replace("Calm", "\u00e4").encode("latin-1"), "not text in UTF-8: line 4; save it as UTF-8"),
    ],
)
def test_mistakes_in_json_get_a_hint(tmp_path: Path, text: str | bytes, message: str | None) -> None:
    (line,) = lines(tmp_path, text)
    assert line.isprintable()
    if message is not None:
        assert line.endswith(message)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert lines(tmp_path, b"\xef\xbb\xbf" + GOOD.encode()) == []


@given(st.integers(0, len(GOOD)), st.integers(0, 4), st.text("{}[],:\"\u201c'/#0159.-+eTn \n", max_size=4))
@settings(max_examples=400, deadline=None)
def test_a_hint_is_one_line_and_never_in_the_way(at: int, gone: int, new: str) -> None:
    text = GOOD[:at] + new + GOOD[at + gone :]
    try:
        json.loads(text)
        return
    except json.JSONDecodeError as caught:
        error = caught
    line = json_hints.told(error)
    assert "\n" not in line
    assert line.startswith(f"not valid JSON: line {error.lineno} column {error.colno}: ")


def test_the_most_zones_and_one_more(tmp_path: Path) -> None:
    document = valid()
    document["zones"] = [copy.deepcopy(document["zones"][0]) | {"duration_s": 5} for _ in range(limits.ZONES_MAX + 1)]
    document["zones"][3]["cue_s"] = 0
    assert told(document) == ["zones", "zones[3].cue_s"]
