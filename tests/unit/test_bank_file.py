"""The bank's file: every released one loads, every damaged one is found."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import documents
from tonus import bank, fields, files, limits, preset, sealed

RELEASED = Path(__file__).resolve().parents[1] / "released"
SHIPPED_CRC = sealed.crc_of("".join(preset.canonical(p) + "\n" for p in bank.shipped()).encode())


def loaded(folder: Path) -> bank.Bank:
    found = bank.Bank(str(folder))
    found.load()
    return found


def written(folder: Path, texts: list[str]) -> bank.Bank:
    """A bank of these presets, put in force."""
    made = loaded(folder)
    made.begin(len(texts))
    crc = 0
    for text in texts:
        made.put(text)
        crc = sealed.crc_of(text.encode() + b"\n", crc)
    made.close(crc)
    made.swap()
    return made


def test_there_is_a_file_of_every_schema_ever_released() -> None:
    numbers = sorted(int(re.findall(r"\d+", path.name)[0]) for path in RELEASED.glob("schema-*.bank"))
    assert numbers == list(range(1, limits.PRESET_SCHEMA + 1))
    assert sorted(preset.MIGRATIONS) == numbers[:-1]


def test_a_bank_of_schema_1_becomes_one_of_this_schema_once(tmp_path: Path) -> None:
    shutil.copyfile(RELEASED / "schema-1.bank", tmp_path / "bank")
    first = loaded(tmp_path)
    data = (tmp_path / "bank").read_bytes()
    assert data.count(b'{"schema":2,') == len(first) + 1
    again = loaded(tmp_path)
    assert (first.generation, again.generation) == (2, 2)
    assert (tmp_path / "bank").read_bytes() == data
    assert [again.text(i) for i in range(len(again))] == [first.text(i) for i in range(len(first))]


@pytest.mark.parametrize("path", sorted(RELEASED.glob("*.bank")), ids=lambda path: path.stem)
def test_a_released_file_loads(path: Path, tmp_path: Path) -> None:
    """And its presets still are allowed, as many and of the same names."""
    shutil.copyfile(path, tmp_path / "bank")
    found = loaded(tmp_path)
    assert (found.damage, found.is_shipped) == (None, False)
    lines = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()[:-1]]
    assert [(p.id, p.name) for p in (found[i] for i in range(len(found)))] == [(x["id"], x["name"]) for x in lines]
    assert {p.zones[0].waveform.kind for p in (found[i] for i in range(len(found)))} == {
        "biphasic",
        "alternating",
        "swept",
        "modulated",
    }


def test_no_file_means_the_shipped_presets(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert (found.ids, found.crc, found.generation, found.damage) == (list(bank.SHIPPED), SHIPPED_CRC, 0, None)


@given(st.lists(documents(max_zones=3), min_size=1, max_size=4, unique_by=lambda document: document["id"]))
@settings(max_examples=30, deadline=None)
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, written_: list[dict[str, object]]) -> None:
    folder = tmp_path_factory.mktemp("bank")
    texts = [preset.canonical(preset.parse(json.dumps(document))) for document in written_]
    made = written(folder, texts)
    again = loaded(folder)
    assert [again.text(i) for i in range(len(again))] == [made.text(i) for i in range(len(made))] == texts
    assert (again.crc, again.generation) == (made.crc, made.generation) == (made.crc, 1)
    assert [path.name for path in folder.iterdir()] == ["bank"]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Bytes changed, lost, added or cut off: the shipped presets are in force, and nothing of the file is used."""
    whole = (RELEASED / "schema-2.bank").read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    gone = data.draw(st.sampled_from([0, 1, 1, 1, 7, len(whole)]))
    new = data.draw(st.binary(max_size=3) | st.just(whole[at : at + 40]))
    damaged = whole[:at] + new + whole[at + gone :]
    if damaged == whole:
        return
    folder = tmp_path_factory.mktemp("bank")
    (folder / "bank").write_bytes(damaged)
    found = loaded(folder)
    assert found.damage
    assert found.damage.isprintable()
    assert (found.ids, found.crc, found.is_shipped) == (list(bank.SHIPPED), SHIPPED_CRC, True)
    found.keep_damaged()
    assert (folder / "bank.bad").read_bytes() == damaged


def trailer(texts: list[str], **changes: object) -> str:
    """The last line of a bank of these presets."""
    crc = sealed.crc_of("".join(text + "\n" for text in texts).encode())
    fields = {"schema": 1, "firmware": "0.0.9", "generation": 3, "presets": len(texts), "crc32": f"{crc:08x}"}
    return sealed.seal(json.dumps(fields | changes)) + "\n"


def test_the_bank_of_a_later_schema_is_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / "bank").write_text(trailer([], schema=limits.PRESET_SCHEMA + 1))
    assert loaded(tmp_path).damage == f"schema: {limits.PRESET_SCHEMA + 1}; allowed 1..{limits.PRESET_SCHEMA}"


@pytest.mark.parametrize(("top_ua", "damage"), [(200, None), (600, "top_ua: 600; allowed 50..500 uA")])
def test_what_another_firmware_took_is_held_to_this_ones_limits(
    tmp_path: Path, top_ua: int, damage: str | None
) -> None:
    text = preset.canonical(bank.shipped()[0]).replace('"top_ua":400', f'"top_ua":{top_ua}')
    (tmp_path / "bank").write_text(text + "\n" + trailer([text]))
    found = loaded(tmp_path)
    assert found.damage == damage
    assert found.ids == (list(bank.SHIPPED) if damage else ["lift"])


def test_the_chain_of_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first schema over three more: step by step, in order, each preset once."""

    def to_3(document: dict[str, object]) -> dict[str, object]:
        return document | {"schema": 3, "name": f"{document['name']}3"}

    def to_4(document: dict[str, object]) -> dict[str, object]:
        return document | {"schema": 4, "name": f"{document['name']}4"}

    shutil.copyfile(RELEASED / "schema-1.bank", tmp_path / "bank")
    names = [json.loads(line)["name"] for line in (tmp_path / "bank").read_text().splitlines()[:-1]]
    monkeypatch.setattr(limits, "PRESET_SCHEMA", 4)
    monkeypatch.setattr(preset, "MIGRATIONS", preset.MIGRATIONS | {2: to_3, 3: to_4})
    for _ in range(2):  # the second time there is nothing to migrate
        found = loaded(tmp_path)
        assert [found[i].name for i in range(len(found))] == [f"{name}34" for name in names]
        assert (found.damage, found.generation) == (None, 2)
        assert all('"schema":4' in found.text(i) for i in range(len(found)))


def test_an_old_preset_that_cannot_be_migrated_is_damage_not_a_dead_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copyfile(RELEASED / "schema-1.bank", tmp_path / "bank")
    calm = preset.canonical(bank.shipped()[3]).replace('"schema":2', '"schema":3')
    (tmp_path / "calm.json").write_text(calm, encoding="utf-8")
    monkeypatch.setattr(limits, "PRESET_SCHEMA", 3)
    later = {2: lambda document: document | {"schema": 3, "top_ua": 5000}}
    monkeypatch.setattr(preset, "MIGRATIONS", preset.MIGRATIONS | later)
    monkeypatch.setattr(bank, "_SHIPPED_FOLDER", f"{tmp_path}/")
    monkeypatch.setattr(bank, "SHIPPED", ("calm",))
    found = bank.Bank(str(tmp_path))
    found.load()
    assert found.damage == "top_ua: 5000; allowed 50..500 uA"
    assert (found.ids, found.is_shipped) == (["calm"], True)
    assert not (tmp_path / "bank.new").exists()


# A flash that does not hold what is written


def spoil(path: Path) -> None:
    """One bit is another."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_what_does_not_read_back_before_it_is_in_force_changes_nothing(tmp_path: Path) -> None:
    old, new = (preset.canonical(p) for p in bank.shipped()[:2])
    made = written(tmp_path, [old])
    before = (tmp_path / "bank").read_bytes()
    made.begin(1)
    made.put(new)
    made._new.flush()  # type: ignore[union-attr]
    spoil(tmp_path / "bank.new")
    with pytest.raises(OSError, match="5"):
        made.close(sealed.crc_of(new.encode() + b"\n"))
    made.abort()
    assert (made.text(0), made.generation, made.damage) == (old, 1, None)
    assert [path.name for path in tmp_path.iterdir()] == ["bank"]
    assert (tmp_path / "bank").read_bytes() == before


def test_what_does_not_read_back_in_its_place_leaves_the_shipped_presets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = written(tmp_path, [preset.canonical(bank.shipped()[0])])
    rename = os.rename

    def spoiling(old: str, new: str) -> None:
        rename(old, new)
        spoil(Path(new))

    monkeypatch.setattr(os, "rename", spoiling)
    with pytest.raises(sealed.Lost, match="^the flash did not keep the new bank; the shipped presets are in force$"):
        written(tmp_path, [preset.canonical(bank.shipped()[1])])
    made.begin(0)
    made.close(0)
    with pytest.raises(sealed.Lost):
        made.swap()
    assert (made.is_shipped, made.crc, len(made)) == (True, SHIPPED_CRC, len(bank.SHIPPED))
    assert made.damage is not None
    assert made.damage.startswith("does not read back: ")
    assert not made.is_open()
    assert [made[i].id for i in range(len(made))] == list(bank.SHIPPED)
    assert loaded(tmp_path).damage is not None  # the next start finds it too


# Each refusal


CALM, FIRM = (preset.canonical(p) for p in (bank.shipped()[3], bank.shipped()[1]))


def opened(folder: Path, *texts: str, count: int | None = None) -> bank.Bank:
    """A transaction into which these were put."""
    made = loaded(folder)
    made.begin(len(texts) if count is None else count)
    for text in texts:
        made.put(text)
    return made


def crc_of(*texts: str) -> int:
    return sealed.crc_of("".join(text + "\n" for text in texts).encode())


def test_an_id_that_is_taken_is_refused_and_the_rest_stays(tmp_path: Path) -> None:
    made = opened(tmp_path, CALM, count=2)
    with pytest.raises(fields.FieldError, match='^id: "calm" is taken by another preset of this bank; allowed ids'):
        made.put(CALM)
    assert made.put(FIRM) == "firm"
    made.close(crc_of(CALM, FIRM))
    made.swap()
    assert made.ids == ["calm", "firm"]


def test_a_text_that_is_not_canonical_is_refused(tmp_path: Path) -> None:
    made = opened(tmp_path, count=1)
    with pytest.raises(ValueError, match="canonical"):
        made.put(CALM.replace(",", ", ", 1))
    assert (tmp_path / "bank.new").read_bytes() == b""


@pytest.mark.parametrize("texts", [(), (CALM,), (CALM, FIRM, preset.canonical(bank.shipped()[0]))])
def test_as_many_as_were_announced_or_none(texts: tuple[str, ...], tmp_path: Path) -> None:
    made = opened(tmp_path, *texts, count=2)
    with pytest.raises(sealed.Damaged, match=f"^{len(texts)} presets were put; 2 announced$"):
        made.close(crc_of(*texts))
    made.abort()
    assert list(tmp_path.iterdir()) == []


def test_the_crc_that_was_named_or_none(tmp_path: Path) -> None:
    made = opened(tmp_path, CALM)
    right = crc_of(CALM)
    with pytest.raises(sealed.Damaged, match=f"^CRC-32 {right ^ 1:08x} was named; the presets put have {right:08x}$"):
        made.close(right ^ 1)
    made.abort()
    assert (made.is_shipped, made.generation) == (True, 0)


def test_a_bank_that_is_not_ascii_is_weighed_in_bytes(tmp_path: Path) -> None:
    text = preset.canonical(bank.shipped()[0])
    assert written(tmp_path, [text]).crc == crc_of(text)


def test_a_transaction_that_begins_anew_forgets_what_was_put(tmp_path: Path) -> None:
    made = opened(tmp_path, FIRM, CALM)  # longer than what comes
    assert made.is_open()
    made.begin(1)
    made.put(CALM)  # its id is not taken
    made.close(crc_of(CALM))
    made.swap()
    assert (made.ids, made.is_open()) == (["calm"], False)


def test_a_transaction_that_ends_lets_go_of_its_file(tmp_path: Path) -> None:
    made = opened(tmp_path, CALM)
    file = made._new
    made.abort()
    assert file is not None
    assert (made.is_open(), file.closed, list(tmp_path.iterdir())) == (False, True, [])


def test_loading_ends_a_transaction_and_what_another_left(tmp_path: Path) -> None:
    made = opened(tmp_path, CALM)
    made.load()
    assert (made.is_open(), list(tmp_path.iterdir())) == (False, [])
    (tmp_path / "bank.new").write_text(CALM)
    made.load()
    assert list(tmp_path.iterdir()) == []
    shutil.copyfile(RELEASED / "schema-1.bank", tmp_path / "bank")
    made.load()
    assert not made.is_open()


def test_a_new_bank_is_what_is_read_and_what_was_read_before_is_forgotten(tmp_path: Path) -> None:
    written(tmp_path, [CALM, FIRM])
    made = loaded(tmp_path)
    assert [made[i].id for i in (1, 0, 1)] == ["firm", "calm", "firm"]
    made.begin(2)
    made.put(FIRM)
    made.put(CALM)
    made.close(crc_of(FIRM, CALM))
    made.swap()
    assert [made[i].id for i in (1, 0)] == ["calm", "firm"]


def test_a_good_bank_ends_what_was_said_of_a_bad_one(tmp_path: Path) -> None:
    (tmp_path / "bank").write_bytes(b"")
    made = loaded(tmp_path)
    assert made.damage == "the last line is missing or damaged"
    made.begin(1)
    made.put(CALM)
    made.close(crc_of(CALM))
    made.swap()
    assert made.ids == ["calm"]
    assert not made.damage


def test_generations_count_and_wrap(tmp_path: Path) -> None:
    for i in range(1, 4):
        assert written(tmp_path, [CALM]).generation == i
    (tmp_path / "bank").write_text(CALM + "\n" + trailer([CALM], schema=2, generation=2**29 - 1))
    made = loaded(tmp_path)
    assert (made.generation, made.damage) == (2**29 - 1, None)
    assert written(tmp_path, [CALM]).generation == 1


@pytest.mark.parametrize(
    ("changes", "damage"),
    [
        ({"schema": 0}, "schema: 0; allowed 1..2"),
        ({"generation": -1}, f"generation: -1; allowed 0..{2**29 - 1}"),
        ({"generation": 2**29}, f"generation: {2**29}; allowed 0..{2**29 - 1}"),
        ({"presets": 0}, "presets: 0; allowed 1"),
        ({"presets": 2}, "presets: 2; allowed 1"),
        ({"crc32": "00000000"}, f"CRC-32 {crc_of(CALM):08x}; the last line says 00000000"),
        ({"firmware": 1}, f"firmware: 1; allowed 1..{limits.NAME_CHARS_MAX} printable ASCII characters"),
        ({"more": 1}, "more: unknown field; allowed schema, firmware, generation, presets, crc32"),
    ],
    ids=str,
)
def test_a_last_line_that_says_something_else(changes: dict[str, object], damage: str, tmp_path: Path) -> None:
    (tmp_path / "bank").write_text(CALM + "\n" + trailer([CALM], **{"schema": 2, **changes}))
    found = loaded(tmp_path)
    assert found.damage == damage
    assert found.ids == list(bank.SHIPPED)


def test_a_bank_holds_so_many_presets_and_no_more(tmp_path: Path) -> None:
    texts = [CALM.replace('"calm"', f'"calm-{i}"', 1) for i in range(limits.BANK_PRESETS_MAX + 1)]
    for n, damage in ((len(texts) - 1, None), (len(texts), f"more than {limits.BANK_PRESETS_MAX} lines")):
        (tmp_path / "bank").write_text("\n".join(texts[:n]) + "\n" + trailer(texts[:n], schema=2))
        assert loaded(tmp_path).damage == damage


def test_a_line_is_so_long_and_no_longer(tmp_path: Path) -> None:
    """Counted before anything is parsed: a text of the longest is damaged otherwise, as it is here by its blanks."""
    for more, damage in ((0, "JSON"), (1, f"line 1 is longer than {limits.PRESET_CHARS_MAX + 1} bytes")):
        text = CALM[:-1] + " " * (limits.PRESET_CHARS_MAX + more - len(CALM)) + "}"
        (tmp_path / "bank").write_text(text + "\n" + trailer([text], schema=2))
        found = loaded(tmp_path)
        assert ((found.damage or "") == damage) if more else not (found.damage or "").startswith("line 1 is longer")


@pytest.mark.parametrize(
    ("texts", "line"),
    [((CALM, CALM), 2), ((CALM.replace('"schema":2,"id":"calm"', '"id":"calm","schema":2'),), 1)],
    ids=["twice", "order"],
)
def test_sealed_lines_that_put_would_not_have_written(texts: tuple[str, ...], line: int, tmp_path: Path) -> None:
    (tmp_path / "bank").write_text("\n".join(texts) + "\n" + trailer(list(texts), schema=2))
    found = loaded(tmp_path)
    assert found.damage == f"line {line} is not in canonical form, or its id is another's too"
    assert found.ids == list(bank.SHIPPED)


@pytest.mark.parametrize("text", ["{}", '{"schema":2,"id":"x}'])
def test_a_line_that_is_no_preset_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "bank").write_text(text + "\n" + trailer([text], schema=2))
    assert loaded(tmp_path).damage == "line 1 is not a preset"


def test_every_preset_is_fed_for(tmp_path: Path) -> None:
    written(tmp_path, [CALM, FIRM])
    fed = []
    bank.Bank(str(tmp_path)).load(lambda: fed.append(1))
    assert len(fed) == 2
    shutil.copyfile(RELEASED / "schema-1.bank", tmp_path / "bank")
    fed.clear()
    old = bank.Bank(str(tmp_path))
    old.load(lambda: fed.append(1))
    assert len(fed) == len(old) > 0


def test_what_cannot_be_removed_waits_for_the_next_bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(path: str) -> None:
        raise OSError(5)

    written(tmp_path, [CALM])
    with monkeypatch.context() as patched:
        patched.setattr(files, "remove", refuses)
        assert (loaded(tmp_path).ids, loaded(tmp_path).damage) == (["calm"], None)


def test_a_bank_that_cannot_be_opened_is_damage(tmp_path: Path) -> None:
    (tmp_path / "bank").mkdir()
    found = loaded(tmp_path)
    assert (found.damage, found.is_shipped) == ("cannot be read: error 21", True)


def test_without_its_shipped_presets_nothing_is_on_offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank, "_SHIPPED_FOLDER", f"{tmp_path}/")
    found = bank.Bank(str(tmp_path))
    with pytest.raises(OSError, match="No such file"):
        found.load()
    assert len(found) == 0


def test_a_shipped_preset_reads_as_a_pushed_one(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert [found.text(i) for i in range(4)] == [preset.canonical(p) for p in bank.shipped()]
    assert found[2].id == found[2].id == "absorb"


def test_what_is_sealed_for_the_flash_is_told_to_who_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "made", set())
    written(tmp_path, [CALM])
    last = (tmp_path / "bank").read_bytes().split(b"\n")[-2]
    assert sealed.made == {int(last[-8:], 16)}
