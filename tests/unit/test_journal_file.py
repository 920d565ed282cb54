"""The journal's files: what was added is there, in order, whatever was lost, damaged, or in their way."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tonus import files, journal, limits, sealed
from tonus.journal import Journal

KEEP = limits.JOURNAL_KEEP
N_MAX = 2**29 - 1


def loaded(folder: Path) -> Journal:
    found = Journal(str(folder), "s")
    found.load()
    return found


def told(found: Journal, n: int = 0) -> list[dict[str, Any]]:
    """What a host gets that asks for one record after the other."""
    records = []
    while (text := found.after(n)) is not None:
        records.append(json.loads(text))
        n = records[-1]["n"]
    return records


def numbers(found: Journal) -> list[int]:
    return [record["n"] for record in told(found)]


def line(n: object, **record: object) -> bytes:
    return sealed.seal(json.dumps({"n": n, **record}, separators=(",", ":"))).encode() + b"\n"


def full(folder: Path, n: int) -> Journal:
    made = loaded(folder)
    for i in range(n):
        assert made.add({"i": i}) == i + 1
    return made


@pytest.mark.parametrize("n", [0, 1, KEEP - 1, KEEP, KEEP + 1, 2 * KEEP, 2 * KEEP + 1, 3 * KEEP])
def test_the_last_records_are_there_in_order(n: int, tmp_path: Path) -> None:
    made = full(tmp_path, n)
    for found in (made, loaded(tmp_path)):
        records = told(found)
        assert found.n == n
        assert [record["n"] for record in records] == list(range(max(0, n - KEEP) + 1, n + 1))
        assert all(record["i"] == record["n"] - 1 for record in records)
    assert sum(path.read_bytes().count(b"\n") for path in tmp_path.iterdir()) <= 2 * KEEP


def test_a_question_is_answered_from_anywhere(tmp_path: Path) -> None:
    made = full(tmp_path, KEEP + 5)
    for n in (0, 3, KEEP, KEEP + 4, 7, KEEP + 5, N_MAX):
        text = made.after(n)
        after = max(n, 5) + 1
        assert (text is None) == (after > KEEP + 5)
        assert text is None or json.loads(text)["n"] == after
    assert made.add({"i": 0}) == KEEP + 6
    assert numbers(made) == list(range(7, KEEP + 7))


@given(st.binary(max_size=200) | st.sampled_from([line(i) for i in (0, 1, 2, 9)]), st.booleans())
@settings(max_examples=100, deadline=None)
def test_whatever_is_in_its_files_a_record_can_be_added(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, old: bool
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    (folder / ("s.old" if old else "s")).write_bytes(junk)
    made = loaded(folder)
    n = made.add({"i": 1})
    assert told(made, n - 1) == told(loaded(folder), n - 1) == [{"n": n, "i": 1}]


@pytest.mark.parametrize("lost", range(1, 40))
def test_a_record_cut_off_is_skipped_and_the_next_is_whole(lost: int, tmp_path: Path) -> None:
    full(tmp_path, 3)
    data = (tmp_path / "s").read_bytes()
    (tmp_path / "s").write_bytes(data[:-lost])
    found = loaded(tmp_path)
    whole = data[:-lost].count(b"\n")
    assert found.n == (data[: 1 - lost] if lost > 1 else data).count(
        b"\n"
    )  # one without only its line end has a number
    n = found.add({"i": 9})
    assert n == found.n
    assert numbers(loaded(tmp_path)) == [*range(1, whole + 1), n]


@pytest.mark.parametrize(
    "bad",
    [
        line(3)[:-2] + b"x\n", b"\n", sealed.seal("[]").encode() + b"\n", sealed.seal('{"m":3,"i":1}').encode() + b"\n",
        line(True), line(-3), line(None), line("3"), line(2**29), line(10**9),
        sealed.seal('{"n":3,').encode() + b"\n", sealed.seal('{"n":3,"x":[[[[]]]]}').encode() + b"\n",
        sealed.seal('{"n":3,"\xff"}').encode("latin-1") + b"\n",
    ],
)  # fmt: skip
def test_a_line_that_is_no_record_is_not_told(bad: bytes, tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(line(1) + line(2) + bad + line(4, x=[[1], {"a": 1}]))
    assert numbers(loaded(tmp_path)) == [1, 2, 4]


def test_nothing_is_read_deeper_than_it_was_written(tmp_path: Path) -> None:
    for depth, is_told in ((2, True), (3, False), (200, False)):
        (tmp_path / "s").write_bytes(sealed.seal('{"n":1,"x":' + "[" * depth + "]" * depth + "}").encode() + b"\n")
        assert (numbers(loaded(tmp_path)) == [1]) is is_told


def test_a_number_that_is_the_last_is_followed_by_the_first(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(line(N_MAX))
    made = loaded(tmp_path)
    assert made.n == N_MAX
    assert made.add({"i": 1}) == 1


def test_a_record_fits_a_reply_or_is_refused(tmp_path: Path) -> None:
    made = loaded(tmp_path)
    room = 900 - len(line(1, x=""))
    assert made.add({"x": "x" * room}) == 1
    assert numbers(made) == [1]
    with pytest.raises(ValueError, match=r"^a record of 901 characters; allowed at most 900$"):
        made.add({"x": "x" * (room + 1)})
    assert (made.n, numbers(loaded(tmp_path))) == (1, [1])
    assert room + len('{"x":""}') >= journal.RECORD_MAX


# Files in the way, and a loss of power at every step.


def test_what_is_in_a_files_place_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "kept").write_bytes(b"x")
    made = loaded(tmp_path)
    assert made.add({"i": 1}) == 1
    assert (tmp_path / "s.bad" / "kept").read_bytes() == b"x"
    assert numbers(loaded(tmp_path)) == [1]


class Cut(Exception):
    """The power went."""


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("what", ["add", "clear"])
def test_power_lost_at_each_step_of_a_full_file(
    what: str, at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full(tmp_path, 2 * KEEP)
    made = loaded(tmp_path)
    left = [at]

    def cutting(function: Any) -> Any:
        def step(*arguments: str) -> Any:
            if not left[0]:
                raise Cut
            left[0] -= 1
            return function(*arguments)

        return step

    done = False
    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", cutting(os.rename))
        patched.setattr(files, "remove", cutting(files.remove))
        try:
            made.add({"i": 0}) if what == "add" else made.clear()
            done = True
        except Cut:
            pass
    found = loaded(tmp_path)
    if what == "clear":
        assert (found.n, numbers(found)) == (0, [])
        assert list(tmp_path.iterdir()) == []
    else:
        n = 2 * KEEP + (1 if done or found.n > 2 * KEEP else 0)
        assert found.n == n
        assert numbers(found)[-1] == n
        assert len(numbers(found)) >= KEEP - 1
        assert not (tmp_path / "s.new").exists()
    assert found.add({"i": 7}) == found.n
    assert told(loaded(tmp_path))[-1] == {"n": found.n, "i": 7}


def test_a_cleared_journal_begins_anew(tmp_path: Path) -> None:
    made = full(tmp_path, KEEP + 3)
    assert numbers(made)
    made.clear()
    assert (made.n, told(made)) == (0, [])
    assert made.add({"i": 1}) == 1
    assert told(made) == told(loaded(tmp_path)) == [{"n": 1, "i": 1}]


def test_a_half_written_new_file_is_not_the_journal(tmp_path: Path) -> None:
    full(tmp_path, 2)
    (tmp_path / "s.new").write_bytes(line(9))
    assert numbers(loaded(tmp_path)) == [1, 2]
    assert not (tmp_path / "s.new").exists()
    os.rename(tmp_path / "s", tmp_path / "s.old")
    (tmp_path / "s.new").write_bytes(line(3))
    assert numbers(loaded(tmp_path)) == [1, 2, 3]
