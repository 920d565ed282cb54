"""Data that is gone is told by a light, the journal and a host; what was never there, or went on purpose, is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from devices import BOOTED_US, Device, canonical, device, example, large
from test_start import BANK, Started, started
from tonus.mark import has_sealed_line
from tonus_tools.errors import LinkError
from tonus_tools.image.filesystem import BLOCK, contents, filesystem
from tonus_tools.sim.live import Live
from tonus_tools.sim.scenario import Scenario

VALUES = {  # as the self-test finds this device, or it would refuse them
    "dac_gain_ppm": 4000, "dac_offset_na": 300, "sense_gain_ppm": -1500, "sense_offset_na": 20,
    "voltage_gain_ppm": 1000, "voltage_offset_mv": -9,
}  # fmt: skip
MINE = canonical(example("mine"), large("big"))
MORE = 60  # writes; nothing here takes as many


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flash of a device with a bank, a calibration, a session and a fault of its own."""
    image: Path = tmp_path_factory.mktemp("used") / "flash.img"
    with device(image) as made:
        made.client.write_bank(MINE)
        made.client.calibration_write(VALUES)
        made.treat(4_000_000)
        made.live.run(1_000_000)
        made.live.do("usb", False)
        made.live.do("inject", "rail_stuck")
        made.live.run(500_000)
        made.live.do("usb", True)
        assert made.client.device_info().data_lost is None
        with suppress(LinkError):
            made.client.selftest()
        made.live.run(1_000_000)
    assert {"data/bank", "data/calibration", "data/sessions", "data/faults"} <= set(contents(image.read_bytes()))
    return image


def lights(image: Path) -> set[str]:
    """Switch it on, on its cell: which LEDs of the bar blink while one chooses, the charge shown. A button ends it."""
    records: list[list[Any]] = []
    with Live(Scenario("lost", 1), image, on_record=records.append) as live:
        it = Started(live)
        it.records = records
        it.on(4_000_000)
        assert [log["to"] for log in it.logs("state")] == ["STANDBY"]
        ready_us = next(record[1] for record in records if record[0] == "log" and record[2]["e"] == "state")
        ready_us += 1_100_000
        after = [(t, *led) for kind, t, *led in records if kind == "led" and t > ready_us]
        lit = {role for _, role, permille in after if permille and role.startswith("LEVEL")}
        live.do("hold", "MODE")
        live.run(100_000)
        live.do("release", "MODE")
        live.run(100_000)
        records.clear()
        live.run(2_000_000)
        assert not it.of("led")
        it.hold_mode()
    return lit


def told(image: Path) -> tuple[str | None, list[str]]:
    """(device.info's data_lost, what the journal's notes of it say)."""
    with device(image) as made:
        notes = [r["why"] for r in made.client.journal("fault") if (r["fault"], r["name"]) == (7, "data_lost")]
        return made.client.device_info().data_lost, notes


def test_a_new_device_has_lost_nothing(tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    for _ in range(2):
        assert lights(image) == set()
        assert told(image) == (None, [])


def test_what_a_new_device_writes_at_once_is_not_taken_for_lost(tmp_path: Path) -> None:
    """All that it may be told to write, as soon as it has started; then it has the time to search its flash."""
    image = tmp_path / "flash.img"
    with device(image) as made:
        for text in MINE:
            made.client.write_bank([text])
        made.client.calibration_write(VALUES)
        made.client.calibration_reset()
        made.treat(1_500_000)
        made.live.run(10_000_000)
        assert made.client.device_info().data_lost is None
    for _ in range(2):
        assert told(image) == (None, [])


def test_a_device_that_treats_at_once_finds_its_loss_all_the_same(used: Path, tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    image.write_bytes(b"\xff" * 2 * BLOCK + used.read_bytes()[2 * BLOCK :])
    with device(image) as made:
        made.treat(1_500_000)
        made.live.run(10_000_000)
        assert made.client.device_info().data_lost == "everything"
    assert told(image) == ("everything", ["everything"])


def gone_round(data: bytearray) -> None:
    """As after many writes: old copies of the bank all over the flash, of which a firmware put on again spares one."""
    blocks = len(data) // BLOCK
    bank = next(n for n in range(2, blocks) if has_sealed_line(bytes(data[n * BLOCK : (n + 1) * BLOCK])))
    for third in range(1, 3):
        at = 2 + (bank - 2 + third * blocks // 3) % (blocks - 2)
        data[at * BLOCK : (at + 1) * BLOCK] = data[bank * BLOCK : (bank + 1) * BLOCK]


@pytest.mark.parametrize("wiped", ["erased", "zero", "noise", "one of another"])
def test_both_superblocks(wiped: str, used: Path, tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    data = bytearray(used.read_bytes())
    gone_round(data)
    noise = bytes(i * i * 7919 >> 3 & 255 for i in range(2 * BLOCK))
    other = filesystem({"notes.txt": b"mine"})[: 2 * BLOCK]
    data[: 2 * BLOCK] = {"erased": b"\xff", "zero": b"\0"}.get(wiped, b"") * 2 * BLOCK or (
        noise if wiped == "noise" else other
    )
    image.write_bytes(data)
    assert lights(image) == {"LEVEL_2", "LEVEL_4"}
    assert lights(image) == set()  # said once, by this
    assert told(image) == ("everything", ["everything"])
    with device(image) as made:
        made.client.calibration_write(VALUES)
        assert made.client.device_info().data_lost is None
    assert told(image) == (None, ["everything"])


def without(image: Path, used: Path, *names: str) -> None:
    files = contents(used.read_bytes())
    image.write_bytes(filesystem({path: data for path, data in files.items() if path not in names}))


@pytest.mark.parametrize("name", ["bank", "calibration", "sessions", "faults"])
def test_a_file(name: str, used: Path, tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    without(image, used, f"data/{name}")
    assert lights(image) == {"LEVEL_2", "LEVEL_4"}
    assert told(image) == (name, [name])


def test_all_files(used: Path, tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    without(image, used, *[f"data/{name}" for name in ("bank", "calibration", "sessions", "faults")])
    lost = "bank, calibration, faults, sessions"
    assert lights(image) == {"LEVEL_2", "LEVEL_4"}
    assert told(image) == (lost, [lost])


def test_the_older_half_of_a_journal(tmp_path: Path, used: Path) -> None:
    from devices import changed_firmware

    firmware = changed_firmware(tmp_path, ("tonus/limits.py", "JOURNAL_KEEP = 64", "JOURNAL_KEEP = 1"))
    shutil.copyfile(used, tmp_path / "copy.img")
    with device(tmp_path / "copy.img", firmware) as made:
        made.treat(2_000_000)
        made.live.run(1_000_000)
        assert len(list(made.client.journal("session"))) == 1
    image = tmp_path / "flash.img"
    without(image, tmp_path / "copy.img", "data/sessions.old")
    assert told(image) == ("sessions.old", ["sessions.old"])
    without(image, tmp_path / "copy.img", "data/sessions")
    assert told(image) == ("sessions", ["sessions"])


def test_a_device_that_is_older_than_marks_has_lost_nothing(tmp_path: Path, used: Path) -> None:
    image = tmp_path / "flash.img"
    image.write_bytes(filesystem({"data/bank": BANK}))
    assert told(image) == (None, [])
    without(image, used, "data.mark")
    assert told(image) == (None, [])


def test_a_damaged_bank_is_damaged_and_not_lost(tmp_path: Path, used: Path) -> None:
    image = tmp_path / "flash.img"
    files = contents(used.read_bytes())
    image.write_bytes(filesystem(files | {"data/bank": files["data/bank"][:-3]}))
    assert lights(image) == {"LEVEL_3"}
    assert lights(image) == set()
    assert told(image) == (None, [])


# The supply may fail at any write: what was there or went on purpose is never said to be lost.


def nothing_lost(made: Device) -> bool:
    """Connects again if the supply failed; whether it did."""
    made.live.run(1_500_000)
    cut = bool(made.cuts)
    made.cuts.clear()
    made.live.do("cut_power_at_write", 1 << 30)
    if cut:
        made.connect()
    assert made.client.device_info().data_lost is None
    assert list(made.client.journal("fault")) == []
    return cut


def test_cuts_of_what_comes_and_goes() -> None:
    with device() as made:
        works: list[Callable[[], object]] = [
            lambda: made.client.calibration_write(VALUES),
            made.client.calibration_reset,
            lambda: made.client.write_bank(MINE[:1]),
            lambda: made.treat(1_500_000),
        ]
        for work in works:
            for n in range(1, MORE):
                made.client.calibration_write(VALUES)
                made.live.do("cut_power_at_write", n)
                with suppress(LinkError):
                    work()
                if not nothing_lost(made):
                    break
            assert n < MORE - 1


def test_cuts_of_the_first_start(tmp_path: Path) -> None:
    for n in range(1, MORE):
        image = tmp_path / f"{n}.img"
        with device(image, usb=False) as made:
            made.live.do("cut_power_at_write", n)
            made.live.do("usb", True)
            made.live.run(BOOTED_US)
            made.connect()
            if not nothing_lost(made):
                break
    assert 2 < n < MORE - 1


def test_a_loss_is_told_whatever_is_cut(used: Path, tmp_path: Path) -> None:
    """At the least once in the journal, and to the host."""
    for n in range(1, MORE):
        image = tmp_path / f"{n}.img"
        without(image, used, "data/calibration")
        with device(image, usb=False) as made:
            made.live.do("cut_power_at_write", n)
            made.live.do("usb", True)
            made.live.run(BOOTED_US)
            cut = bool(made.cuts)
        assert told(image)[0] == "calibration"
        assert set(told(image)[1]) == {"calibration"}
        if not cut:
            break
    assert 2 < n < MORE - 1


def test_a_start_without_any_loss_writes_nothing(used: Path, tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    shutil.copyfile(used, image)
    it, trace = started(tmp_path, image=image)
    assert it.logs("state")[0]["to"] == "STANDBY"
    assert trace.of("flash") == []
