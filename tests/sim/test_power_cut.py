"""The supply fails in the middle of every write to the flash, one after the other: the device holds what it must.

A write that is cut is half done (target/flash.py). The supply is back at once, as with a loose battery contact.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from devices import Device, canonical, changed_firmware, device, example, large
from tonus_tools.errors import LinkError

OLD, NEW = canonical(example("old")), canonical(example("new"), example("newer", top_ua=300))
MORE = 60  # writes; nothing here takes as many


def texts(made: Device) -> list[str]:
    return [text for _, text in made.client.read_bank().presets]


def was_cut(made: Device) -> bool:
    """Whether the supply failed since the last question; connects again if so."""
    made.live.run(1_500_000)
    cuts = len(made.cuts)
    made.cuts.clear()
    if cuts:
        made.connect()
    return cuts > 0


@pytest.mark.parametrize("new", [NEW, canonical(*[large(f"p{i}") for i in range(3)])], ids=["small", "large"])
@pytest.mark.parametrize("again", [None, 1, 2, 3], ids=lambda again: f"again at {again}" if again else "once")
def test_a_commit(again: int | None, new: list[str]) -> None:
    """Old or new, whole; also when the supply fails a second time, at one of the first writes after the start."""
    with device() as made:
        outcomes = []
        for n in range(1, MORE):
            made.client.write_bank(OLD)
            made.live.do("cut_power_at_write", n)
            with suppress(LinkError):
                made.client.write_bank(new)
            if not made.cuts:
                break
            if again is not None:
                made.live.do("cut_power_at_write", again)
            assert was_cut(made)
            made.live.do("cut_power_at_write", 1 << 30)
            found = made.client.read_bank()
            assert found.damage is None, n
            assert [text for _, text in found.presets] in (OLD, new), n
            outcomes.append([text for _, text in found.presets] == new)
        assert len(outcomes) >= 4
        assert outcomes[0] is False
        assert outcomes == sorted(outcomes)  # from some write on it is the new one
        assert texts(made) == new


def test_a_reset_to_the_shipped_presets() -> None:
    with device() as made:
        shipped = texts(made)
        for n in range(1, MORE):
            made.client.write_bank(OLD)
            made.live.do("cut_power_at_write", n)
            with suppress(LinkError):
                made.client.bank_reset()
            if not was_cut(made):
                break
            assert texts(made) in (OLD, shipped), n
        assert 3 < n < MORE - 1
        assert texts(made) == shipped


CALIBRATIONS = [
    {"dac_gain_ppm": n, "dac_offset_na": n, "sense_gain_ppm": n, "sense_offset_na": n, "voltage_gain_ppm": n,
     "voltage_offset_mv": n}
    for n in (100, 200)
]  # fmt: skip


@pytest.mark.parametrize("first", [True, False], ids=["first", "another"])
def test_a_calibration(first: bool) -> None:
    """Old or new, whole; the first one, or none."""
    old, new = CALIBRATIONS
    with device() as made:
        outcomes = []
        for n in range(1, MORE):
            made.client.calibration_reset()
            if not first:
                made.client.calibration_write(old)
            before = made.client.calibration()
            assert before is not None
            made.live.do("cut_power_at_write", n)
            with suppress(LinkError):
                made.client.calibration_write(new)
            if not was_cut(made):
                break
            made.live.do("cut_power_at_write", 1 << 30)
            found = made.client.calibration()
            assert found is not None
            assert found.damage is None, n
            assert found == before or found.values() == new, n
            outcomes.append(found.values() == new)
        assert outcomes[0] is False
        after = made.client.calibration()  # the write that nothing cut
        assert after is not None
        assert after.values() == new
        assert list(made.client.journal("fault")) == []


def test_a_calibration_that_is_reset() -> None:
    with device() as made:
        for n in range(1, MORE):
            made.client.calibration_write(CALIBRATIONS[0])
            made.live.do("cut_power_at_write", n)
            with suppress(LinkError):
                made.client.calibration_reset()
            if not was_cut(made):
                break
            made.live.do("cut_power_at_write", 1 << 30)
            found = made.client.calibration()
            assert found is not None
            assert found.damage is None
            assert found.values() in (CALIBRATIONS[0], dict.fromkeys(CALIBRATIONS[0], 0)), n
        assert 1 < n < MORE - 1


def numbers(records: list[dict[str, Any]]) -> list[int]:
    return [record["n"] for record in records]


def test_a_record_of_the_journal(tmp_path: Path) -> None:
    """Whatever the write, also those with which a new file begins: all records that were there, perhaps the new one."""
    firmware = changed_firmware(tmp_path, ("tonus/limits.py", "JOURNAL_KEEP = 64", "JOURNAL_KEEP = 3"))
    with device(firmware=firmware) as made:
        made.client.write_bank(OLD)
        uncut = n = 0
        while uncut < 8:  # each file is begun anew several times
            before = list(made.client.journal("session"))
            n += 1
            made.live.do("cut_power_at_write", n)
            made.treat(1_500_000)
            if not was_cut(made):
                uncut += 1
                n = 0
                made.live.do("cut_power_at_write", 1 << 30)
            found = list(made.client.journal("session"))
            last = numbers(before)[-1] if before else 0
            assert found[: len(before)] == before or found == before[1:] + found[-1:], n
            assert numbers(found)[-1:] in ([last], [last + 1], []), n
            if not n:
                assert numbers(found)[-1:] == [last + 1]
                assert len(found) == min(3, last + 1)
            assert made.client.counters()["journal_lost"] == 0
            assert texts(made) == OLD


def test_deleting_the_journal(tmp_path: Path) -> None:
    """All of it or nothing of it, whatever the write; presets stay, nothing is missed, and the next record is kept."""
    firmware = changed_firmware(tmp_path, ("tonus/limits.py", "JOURNAL_KEEP = 64", "JOURNAL_KEEP = 2"))
    with device(firmware=firmware) as made:
        made.client.write_bank(OLD)
        outcomes = []
        for n in range(1, MORE):
            for _ in range(3 if not n % 2 else 1):  # with and without an older file
                made.treat(1_500_000)
                made.live.run(1_500_000)
            before = list(made.client.journal("session"))
            made.live.do("cut_power_at_write", n)
            with suppress(LinkError):
                made.client.journal_clear("session")
            if not was_cut(made):
                break
            made.live.do("cut_power_at_write", 1 << 30)
            found = list(made.client.journal("session"))
            assert found in (before, []), n
            outcomes.append(not found)
            assert made.client.info.data_lost is None, n
            assert list(made.client.journal("fault")) == []
            assert texts(made) == OLD
        assert outcomes[0] is False
        assert outcomes[-1] is True
        made.live.do("cut_power_at_write", 1 << 30)
        made.client.journal_clear("session")
        made.treat(1_500_000)
        made.live.run(1_500_000)
        assert numbers(list(made.client.journal("session"))) == [1]


MIGRATION = '''

def _gentler(document):
    """Of the test: the next schema has half the current."""
    document["schema"] = 3
    document["top_ua"] //= 2
    return document


MIGRATIONS[2] = _gentler
'''


def next_firmware(folder: Path) -> Path:
    """The next firmware: presets have another schema."""
    firmware = changed_firmware(folder, ("tonus/limits.py", "PRESET_SCHEMA = 2", "PRESET_SCHEMA = 3"))
    with open(firmware / "tonus" / "preset.py", "a", encoding="utf-8") as file:
        file.write(MIGRATION)
    return firmware


def test_a_migration(tmp_path: Path) -> None:
    """Firmware that finds presets of an older schema: they are there afterwards, each migrated once."""
    flash = tmp_path / "flash.img"
    with device(flash) as made:
        made.client.write_bank(NEW)
    migrated = [text.replace('"schema":2', '"schema":3') for text in NEW]
    migrated = [
        text.replace('"top_ua":200', '"top_ua":100').replace('"top_ua":300', '"top_ua":150') for text in migrated
    ]
    firmware = next_firmware(tmp_path)
    for n in range(1, MORE):
        image = tmp_path / "copy.img"
        shutil.copyfile(flash, image)
        with device(image, firmware, usb=False) as made:
            made.live.do("cut_power_at_write", n)
            made.live.do("usb", True)
            made.live.run(2_000_000)
            cut = bool(made.cuts)
            made.connect()
            found = made.client.read_bank()
            assert [text for _, text in found.presets] == migrated, n
            assert (found.damage, found.generation) == (None, 2), n
        if not cut:
            break
    assert 4 < n < MORE - 1
