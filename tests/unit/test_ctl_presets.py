"""Preset files, and what a push makes of the device's bank."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import documents
from tonus import bank, preset
from tonus_tools.ctl import merge, presets, words
from tonus_tools.errors import NotGood, UsageError

WAVEFORM = {"kind": "biphasic", "rate_hz": 10, "phase_us": 200, "gap_us": 100}


def document(id: str = "a", **changes: Any) -> dict[str, Any]:
    zone = {"region": "cheek", "side": "left", "duration_s": 60, "cue_s": 5, "waveform": WAVEFORM}
    return {"schema": 2, "id": id, "name": "A", "top_ua": 100, "ramp_ms": 500, "zones": [zone]} | changes


def problems(path: Path, text: str | bytes) -> list[str]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [str(problem).replace(str(path), "f.json") for problem in presets.read(path)[1]]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(documents(max_zones=3), min_size=1, max_size=4, unique_by=lambda d: d["id"]), st.sampled_from((None, 8))
)
def test_what_a_pull_writes_is_read_back_the_same(tmp_path: Path, found: list[dict[str, Any]], indent: int) -> None:
    texts = [preset.canonical(preset.build(one)) for one in found]
    path = tmp_path / "bank.json"
    path.write_text(presets.bank_file(texts))
    loaded, wrong = presets.read(path)
    assert ([one.text for one in loaded], wrong) == (texts, [])
    path.write_text("\ufeff" + json.dumps(found[0], indent=indent), encoding="utf-8")  # laid out, with Notepad's mark
    assert [one.text for one in presets.read(path)[0]] == texts[:1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (json.dumps(document(top_ua=600)), ["f.json: top_ua: 600; allowed 50..500 uA"]),
        (
            json.dumps([document(), document("b", ramp_ms=1), document("c", top_ua="9")]),
            [
                "f.json: [1]: ramp_ms: 1; allowed 500..10000 ms",
                'f.json: [2]: top_ua: "9"; allowed 50..500 uA; write 9, without quotes',
            ],
        ),
        (
            json.dumps([document(), document()]),
            ['f.json: [1]: id: "a" is taken by f.json: [0]; allowed ids that differ'],
        ),
        (
            json.dumps(document()).replace('"gap_us"', '"phase_us": 100, "gap_us"'),
            ["f.json: zones[0].waveform.phase_us: given twice; allowed once"],
        ),
        ('{"schema": 1,\n "id": }', ["f.json: not valid JSON: line 2 column 8: Expecting value"]),
        (
            json.dumps([document(str(i)) for i in range(17)]),
            ["f.json: 17 presets; allowed 1..16"],
        ),
        ("[]", ["f.json: 0 presets; allowed 1..16"]),
        ("7", ["f.json: 7; allowed an object with schema, id, name, top_ua, ramp_ms, zones"]),
        (b'{"id": "\xff"}', ["f.json: not text in UTF-8: line 1; save it as UTF-8"]),
        (100_000 * "[", ["f.json: brackets within brackets, more than 32 deep: no preset file"]),
        (b" " * (1 << 20) + b" ", ["f.json: more than 1048576 bytes: no preset file"]),
    ],
    ids=range(11),
)
def test_everything_wrong_with_a_file_is_a_line_each(tmp_path: Path, text: str | bytes, says: list[str]) -> None:
    assert problems(tmp_path / "f.json", text) == says


def test_the_limit_of_length_is_of_what_the_device_gets(tmp_path: Path) -> None:
    envelope = {
        "shape": "trapezoid",
        "rise_ms": 1000,
        "hold_ms": 20000,
        "fall_ms": 1000,
        "low_ms": 20000,
        "depth_pct": 50,
    }
    wave = {"kind": "modulated", "rate_hz": 30.5, "phase_us": 1000, "gap_us": 10000, "envelope": envelope}
    place = {"region": "forehead", "side": "right", "name": 24 * "\\"}
    zones = [place | {"duration_s": 60, "cue_s": 5, "waveform": wave}] * 16
    short = document(zones=zones[:14])
    assert problems(tmp_path / "f", json.dumps(short, indent=9)) == []
    length = len(json.dumps(document(zones=zones), separators=(",", ":")))
    assert problems(tmp_path / "f", json.dumps(document(zones=zones))) == [
        f"f.json: {length} characters in canonical form; allowed at most 4672"
    ]


def test_a_file_that_cannot_be_read_is_another_matter(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere.json: cannot be read: No such file"):
        presets.read(tmp_path / "nowhere.json")


# Merging

OLD = [("a", "A"), ("b", "B"), ("c", "C")]


@pytest.mark.parametrize(
    ("pushed", "replace", "texts", "says"),
    [
        ([("b", "B2"), ("d", "D")], False, "A B2 C D", "added d; replaced b; unchanged a, c"),
        ([("c", "C"), ("a", "A")], False, "A B C", "unchanged a, b, c"),
        ([("d", "D"), ("b", "B")], True, "D B", "added d; removed a, c; unchanged b"),
        ([("c", "C"), ("b", "B"), ("a", "A")], True, "C B A", "unchanged c, b, a; order changed"),
        (OLD, True, "A B C", "unchanged a, b, c"),
    ],
)
def test_a_push_replaces_in_place_and_appends(
    pushed: list[tuple[str, str]], replace: bool, texts: str, says: str
) -> None:
    plan = merge.plan(OLD, pushed, replace)
    assert (plan.texts, str(plan)) == (texts.split(), says)
    assert plan.changes == (plan.texts != ["A", "B", "C"])


def test_a_bank_has_at_most_sixteen() -> None:
    many = [(str(i), "") for i in range(14)]
    with pytest.raises(NotGood, match=r"the bank would have 17 presets; allowed 1\.\.16"):
        merge.plan(OLD, many, replace=False)
    assert len(merge.plan(OLD, many, replace=True).texts) == 14


# In words


@pytest.mark.parametrize(
    ("id", "says"),
    [
        ("lift", "80 pulses a second: 500 us one way, 100 us pause, 500 us back; 0.2 uC a phase"),
        (
            "firm",
            "one pulse every 1.11 s: 500 ms one way, 1 ms pause, 500 ms back; 45 uC a phase; in each rest 1 contact "
            "probe of 8 uA, 0.016 uC each way: 0.0356 % of the pulses' at level 10",
        ),
        ("absorb", "100 pulses a second of 400 us: 50 one way, then 50 back; 0.096 uC a phase, 4.8 uC a burst"),
        (
            "calm",
            "20 to 8 pulses a second and back, 20 s each: 300 us one way, 100 us pause, 300 us back; 0.036 uC a phase; "
            "in each rest up to 1 contact probe of 8 uA, 0.016 uC each way: 44.4 % of the pulses' at level 10",
        ),
    ],
)
def test_shipped_presets_in_words(id: str, says: str) -> None:
    p = next(p for p in bank.shipped() if p.id == id)
    assert words.zone_rows(p)[0][4] == says


def test_zones_are_told_with_when_they_begin() -> None:
    rows = words.zone_rows(bank.shipped()[0])
    assert [row[0] for row in rows][:5] == ["0:00", "0:30", "1:00", "1:25", "1:50"]
    assert rows[1][4] == "as before"
    assert rows[4][4].endswith(
        "; swells from 40 % of the level (no pulse below 8 uA): 1 s up, 2 s at the level, 1 s down, 0.5 s low"
    )


@pytest.mark.parametrize(
    ("zones_s", "says"),
    [
        ((600, 480), None),
        ((600, 481), "leave only 119 s of the 20 min a session may last"),
        ((600, 600), "leave nothing of the 20 min a session may last"),
    ],
)
def test_a_preset_that_hardly_fits_a_session_is_good_and_noted(zones_s: tuple[int, int], says: str | None) -> None:
    its = preset.build(document(zones=[document()["zones"][0] | {"duration_s": s} for s in zones_s]))
    notes = words.notes(its)
    assert len(notes) == (1 if says else 0)
    for note in notes:
        assert says is not None
        assert says in note
        assert note.endswith(f"its last zone {'will' if sum(zones_s) == 1200 else 'may'} be cut short")
