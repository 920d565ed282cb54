"""What the person has set, on flash and in force: any of it may be changed, and only to what is allowed."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import sealed_json, settings_changes
from tonus import limits, sealed
from tonus import settings as kept
from tonus.fields import FieldError

RELEASED = Path(__file__).resolve().parents[1] / "released" / "schema-1.settings"


def loaded(folder: Path) -> kept.Settings:
    found = kept.Settings(str(folder))
    found.load()
    return found


def test_there_is_a_file_of_every_schema_ever_released(tmp_path: Path) -> None:
    assert [path.name for path in RELEASED.parent.glob("schema-*.settings")] == ["schema-1.settings"]
    assert limits.SETTINGS_SCHEMA == 1
    shutil.copyfile(RELEASED, tmp_path / "settings")
    found = loaded(tmp_path)
    assert found.damage is None
    assert found.now == {
        "sound": "quiet",
        "haptic": False,
        "cap_level": 3,
        "cap_sessions": 12,
        "plan": {"days_a_week": 4, "days": 90, "then_days_a_week": 2, "since": 1_790_000_000},
    }


def test_without_a_file_they_are_those_of_a_new_device(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert (found.now, found.damage) == (kept.new(), None)
    assert not list(tmp_path.iterdir())


@given(st.lists(settings_changes(), max_size=5))
@settings(max_examples=50, deadline=None)
def test_what_is_changed_is_changed_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, changes: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("settings")
    made = loaded(folder)
    wanted = kept.new()
    for change in changes:
        made.write(change)
        wanted = wanted | change | {"plan": wanted["plan"] | change.get("plan", {})}
        assert made.now == wanted
        again = loaded(folder)
        assert (again.now, again.damage) == (wanted, None)
    assert {path.name for path in folder.iterdir()} <= {"settings"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"sound": "loud"}, 'params.sound: "loud"; allowed full, quiet, off'),
        ({"haptic": 1}, "params.haptic: 1; allowed true, false"),
        ({"cap_level": 0}, "params.cap_level: 0; allowed 1..10"),
        ({"cap_level": 11}, "params.cap_level: 11; allowed 1..10"),
        ({"cap_sessions": 100}, "params.cap_sessions: 100; allowed 0..99"),
        ({"volume": 3}, "params.volume: unknown field; allowed sound, haptic, cap_level, cap_sessions, plan"),
        ({"plan": 5}, "params.plan: 5; allowed an object with days, days_a_week, since, then_days_a_week"),
        ({"plan": {"days": 0}}, "params.plan.days: 0; allowed 1..999"),
        ({"plan": {"since": 5}}, "params.plan.since: 5; allowed 1577836800..4102444799"),
        (
            {"plan": {"weeks": 5}},
            "params.plan.weeks: unknown field; allowed days, days_a_week, since, then_days_a_week",
        ),
    ],
)
def test_what_is_not_allowed_is_told_and_changes_nothing(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    made = loaded(tmp_path)
    made.write({"cap_level": 4})
    before = (tmp_path / "settings").read_bytes()
    with pytest.raises(FieldError) as caught:
        made.write({"sound": "off"} | change, "params")
    assert str(caught.value) == problem
    assert made.now == kept.new() | {"cap_level": 4}
    assert (tmp_path / "settings").read_bytes() == before


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = RELEASED.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = data.draw(
        st.just(whole[:at])
        | st.integers(0, 7).map(lambda bit: whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
        | sealed_json()
        | st.binary(max_size=500)
    )
    folder = tmp_path_factory.mktemp("settings")
    (folder / "settings").write_bytes(damaged)
    found = loaded(folder)
    assert found.damage
    assert found.damage.isprintable()
    assert found.now == kept.new()
    found.keep_damaged()
    assert (folder / "settings.bad").read_bytes() == damaged


def test_a_later_schema_is_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text(sealed.seal(json.dumps(kept.new() | {"schema": 2})) + "\n")
    assert loaded(tmp_path).damage == "schema: 2; allowed 1"


def test_what_the_flash_does_not_take_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = loaded(tmp_path)
    made.write({"sound": "quiet"})
    before = (tmp_path / "settings").read_bytes()
    monkeypatch.setattr(kept.Settings, "_holds", lambda self, path: False)
    with pytest.raises(OSError, match="5"):
        made.write({"sound": "off"})
    assert made.now["sound"] == "quiet"
    assert (tmp_path / "settings").read_bytes() == before


def test_what_the_flash_loses_is_told_and_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = loaded(tmp_path)
    rename = os.rename

    def spoiling(old: str, new: str) -> None:
        rename(old, new)
        Path(new).write_bytes(b"x")

    monkeypatch.setattr(os, "rename", spoiling)
    with pytest.raises(sealed.Lost, match="until the device is switched off"):
        made.write({"cap_level": 2})
    assert (made.now["cap_level"], made.damage) == (2, "does not read back")


def test_the_sound_goes_round_and_the_cap_runs_out(tmp_path: Path) -> None:
    made = loaded(tmp_path)
    found = []
    for _ in range(4):
        made.next_sound()
        found.append(made.now["sound"])
    assert found == ["quiet", "off", "full", "quiet"]
    assert not made.count_down()
    made.write({"cap_level": 3, "cap_sessions": 2})
    assert (made.count_down(), made.now["cap_level"], made.now["cap_sessions"]) == (True, 3, 1)
    assert (made.count_down(), made.now["cap_level"], made.now["cap_sessions"]) == (True, 10, 0)
    assert not made.count_down()
    made.write({"cap_level": 3})
    assert (made.count_down(), made.now["cap_level"]) == (False, 3)
