"""An update keeps what the user has made: flashed, it goes over the protocol; deployed, it is not touched."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import micropython_image
import pytest
from devices import Device, canonical, device, example, large
from on_port import on_port
from test_repl import BOOTED_US, START, prompted
from tonus import VERSION, calibration, limits, sealed
from tonus_tools.ctl import ports
from tonus_tools.ctl.client import Client
from tonus_tools.ctl.wire import Wire
from tonus_tools.image import bootsel, cli, micropython, package, uf2
from tonus_tools.image.filesystem import FLASH_BYTES, FS_START, contents, files, filesystem
from tonus_tools.sim.live import Live, VirtualSerial
from tonus_tools.world.boards import FIRMWARE


class Computer:
    """A computer with a simulated device on a port. BOOTSEL makes a drive of it, and a UF2 a device again."""

    def __init__(self, folder: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
        self.image = folder / "flash.img"
        self.drive = folder / "RPI-RP2"
        self.drive.mkdir()
        self.drive_works = True
        self._stack = stack
        self._in_bootsel = False
        self.device = stack.enter_context(device(self.image))
        monkeypatch.setattr(ports, "open_port", lambda name: VirtualSerial(self.device.live))
        monkeypatch.setattr(bootsel, "mounted", lambda: [self.drive] if self._in_bootsel and self.drive_works else [])
        copy = bootsel.copy

        def to_bootsel(client: Client) -> None:
            self.device.live.run(500_000)
            self.device.live.heard.clear()
            self._in_bootsel = True

        def to_drive(drive: Path, name: str, data: bytes) -> bool:
            is_whole = copy(drive, name, data)
            self._restart((drive / name).read_bytes())
            return is_whole

        monkeypatch.setattr(Client, "await_silence", to_bootsel)
        monkeypatch.setattr(bootsel, "copy", to_drive)

    def data(self) -> dict[str, bytes]:
        """The device's files under /data."""
        return {path: data for path, data in contents(self.image.read_bytes()).items() if path.startswith("data/")}

    def _restart(self, data: bytes) -> None:
        self._stack.close()
        flash = bytearray(FS_START) + self.image.read_bytes()
        for offset, page in uf2.read(data, "image").items():
            flash[offset : offset + uf2.PAGE] = page
        assert len(flash) == FLASH_BYTES
        self.image.write_bytes(flash[FS_START:])
        self._in_bootsel = False
        self.device = self._stack.enter_context(device(self.image))


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Computer]:
    stock = micropython_image.write(tmp_path / "micropython.uf2", micropython_image.pages())
    monkeypatch.setenv(micropython.ENVIRONMENT, str(stock))
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        yield Computer(tmp_path, stack, monkeypatch)


def used(made: Device) -> None:
    """A bank of its own, changed twice; settings; two sessions and a fault."""
    made.client.settings_write({"sound": "quiet", "plan": {"days": 90}})
    made.client.write_bank(canonical(example("first")))
    made.client.write_bank(canonical(example("mine"), large("big")))
    made.treat(4_000_000)
    made.live.run(1_000_000)
    made.live.do("usb", False)
    made.live.do("touch", "good")
    made.live.run(300_000)
    made.press("PLUS", 3)
    made.live.run(3_000_000)
    made.live.do("inject", "overcurrent")
    made.live.run(1_000_000)
    made.live.do("usb", True)
    made.connect()


def records(data: bytes) -> list[Any]:
    unsealed = [sealed.unseal(line) for line in data.splitlines()]
    return [json.loads(line) for line in unsealed if line is not None]


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    ended = cli.main([*arguments, "--out", "dist"])
    captured = capsys.readouterr()
    assert ended == code, captured.err
    return captured.err if code else captured.out


def test_an_update_keeps_presets_and_journal(computer: Computer, capsys: pytest.CaptureFixture[str]) -> None:
    used(computer.device)
    before = computer.data()
    assert len(records(before["data/sessions"])) == 2
    assert len(records(before["data/faults"])) == 1
    told = run(capsys, "flash", "--port", "live").splitlines()
    assert told[0].startswith("kept: 2 presets (generation 2), 2 sessions, 1 fault, the settings; saved in dist/data-")
    assert told[2].endswith(" runs; presets and journal read back: all there")
    now = computer.data()
    assert now["data/bank"] == before["data/bank"]
    assert records(now["data/settings"]) == records(before["data/settings"])
    for name in ("data/sessions", "data/faults"):
        assert records(now[name]) == records(before[name])
        assert now[name].count(b"\n") == len(records(now[name]))
    (saved,) = Path("dist").glob("data-*")
    assert {f"data/{path.name}": path.read_bytes() for path in saved.iterdir()} == now
    # And goes on from there.
    computer.device.treat(4_000_000)
    computer.device.live.run(1_000_000)
    assert [record["n"] for record in records(computer.data()["data/sessions"])] == [1, 2, 3]
    assert computer.device.connect().write_bank(canonical(example("third"))).generation == 3


VALUES = {  # as the self-test finds this device, or it would refuse them
    "dac_gain_ppm": 4000, "dac_offset_na": 300, "sense_gain_ppm": -1500, "sense_offset_na": 20,
    "voltage_gain_ppm": 1000, "voltage_offset_mv": -9,
}  # fmt: skip


def test_an_update_keeps_the_calibration(computer: Computer, capsys: pytest.CaptureFixture[str]) -> None:
    before = computer.device.client.calibration_write(VALUES)
    told = run(capsys, "flash", "--port", "live")
    assert told.startswith(
        "kept: the shipped presets (generation 0), 0 sessions, 0 faults, the calibration; saved in dist/data-"
    )
    assert computer.device.connect().calibration() == before
    assert list(computer.data()) == ["data/calibration"]


def test_firmware_that_knows_no_calibration_is_updated(
    computer: Computer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Wire.call

    def older(wire: Wire, method: str, params: dict[str, Any] | None = None, lenient: bool = False) -> dict[str, Any]:
        return call(wire, method.replace("calibration.", "calibration.not."), params, lenient)

    monkeypatch.setattr(Wire, "call", older)
    assert "runs; presets and journal read back: all there" in run(capsys, "flash", "--port", "live")


def test_a_calibration_that_this_firmware_allows_no_more_stops_the_update(
    computer: Computer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    computer.device.client.calibration_write(VALUES)
    monkeypatch.setitem(calibration.RANGES, "dac_gain_ppm", (-2000, 2000))
    told = run(capsys, "flash", "--port", "live", code=1)
    assert told == (
        "error: calibration: this firmware does not allow it: dac_gain_ppm: 4000; allowed -2000..2000; "
        "nothing was changed\n"
    )


def test_a_new_devices_shipped_presets_stay_the_shipped_ones(
    computer: Computer, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run(capsys, "flash", "--port", "live")
    assert told.startswith("kept: the shipped presets (generation 0), 0 sessions, 0 faults; saved in ")
    assert computer.data() == {}
    assert computer.device.client.bank_list().shipped


def test_a_drive_that_does_not_come_loses_nothing(
    computer: Computer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    used(computer.device)
    before = computer.data()
    computer.drive_works = False
    monkeypatch.setattr(bootsel, "APPEARS_S", 0.2)
    told = run(capsys, "flash", "--port", "live", code=3)
    (saved,) = Path("dist").glob("data-*")
    assert told.startswith("error: no BOOTSEL drive in 0.2 s: mount RPI-RP2, and DRIVE=FOLDER names where; ")
    assert told.endswith(f"the device waits in BOOTSEL: make flash BOARD=tonus_r1 DATA={saved} goes on from here\n")
    computer.drive_works = True
    assert "cannot be asked for its presets and journal" in run(capsys, "flash", code=2)
    told = run(capsys, "flash", "--data", str(saved))
    assert told.endswith(", with 2 presets (generation 2), 2 sessions, 1 fault, the settings\n")
    assert computer.data()["data/bank"] == before["data/bank"]
    assert records(computer.data()["data/sessions"]) == records(before["data/sessions"])


def test_the_device_of_another_board_is_refused(computer: Computer, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "flash", "--port", "live", "--board", "pico_bench", code=2)
    assert told == "error: live: the device is a tonus_r1; allowed BOARD=tonus_r1; nothing was changed\n"
    assert computer.device.client.device_info().state == "CHARGING"


def test_a_computer_of_1970_updates_a_device(
    computer: Computer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Raspberry Pi without a network: the device does not take its time, and has all of its data."""
    used(computer.device)
    come_back = ports.come_back

    def in_1970(name: str, id: str) -> str:
        monkeypatch.setattr(Client.__init__, "__defaults__", (None, lambda: 12.0))
        return come_back(name, id)

    monkeypatch.setattr(ports, "come_back", in_1970)
    assert run(capsys, "flash", "--port", "live").endswith("presets and journal read back: all there\n")


def test_data_is_given_up_only_on_request(computer: Computer, capsys: pytest.CaptureFixture[str]) -> None:
    used(computer.device)
    assert "without data" in run(capsys, "flash", "--port", "live", "--erase-data")
    assert computer.data() == {}
    assert not list(Path("dist").glob("data-*"))


def test_a_preset_that_this_firmware_allows_no_more_stops_the_update(
    computer: Computer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    used(computer.device)
    monkeypatch.setattr(limits, "FIRMWARE_CEILING_UA", 100)
    told = run(capsys, "flash", "--port", "live", code=1)
    assert told.startswith("error: preset mine: this firmware does not allow it: top_ua: 200; ")
    assert told.endswith("; nothing was changed\n")
    assert computer.device.client.device_info().state in ("CHARGING", "FAULT")


# Deploying, with mpremote for real


def on_device(image: Path) -> dict[str, bytes]:
    return contents(image.read_bytes())


def test_a_deployment_copies_what_differs_and_leaves_the_users_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The simulator's interpreter is not an RP2040's: it gets sources, and its own of this version are the same."""
    image = tmp_path / "flash.img"
    theirs = {"data/bank": b"mine\n", "data/sessions": b"1\n", "notes.txt": b"keep", "tonus/old.py": b"x = 1\n"}
    theirs["tonus/link.mpy"] = b"of another architecture"
    image.write_bytes(filesystem(theirs))
    wanted = files("tonus_r1", as_sources=True)
    changed = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, changed)
    (changed / "tonus" / "limits.py").write_bytes(b"x = 1\n")
    with Live(START, image, changed) as live:
        live.do("hold", "MINUS")
        live.run(BOOTED_US)
        with on_port(live) as port:
            told = run_deploy(capsys, port)
            again = run_deploy(capsys, port)
    assert told[:-1] == ["copied tonus/limits.py", "removed tonus/link.mpy", "removed tonus/old.py"]
    assert told[-1] == f"restart the device: mpremote connect {port} resume reset"
    assert again == ["nothing has changed"]
    del theirs["tonus/old.py"], theirs["tonus/link.mpy"]
    assert on_device(image) == wanted | theirs


def test_a_device_without_a_prompt_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with prompted(minus=False) as it, on_port(it.live) as port:
        began = time.monotonic()
        assert cli.main(["deploy", "--port", port]) == 5
        told = capsys.readouterr().err
        assert told == (
            f"error: {port}: Tonus {VERSION} runs there (CHARGING), and has no prompt: hold MINUS while the device "
            "starts (safe mode), then run this again\n"
        )
        it.live.do("usb", False)
        assert cli.main(["deploy", "--port", port]) == 5
        assert time.monotonic() - began < 60  # mpremote itself would wait for minutes
    told = capsys.readouterr().err
    assert told.startswith(f"error: {port}: no MicroPython prompt: is the cable in? Then hold MINUS")


# The sources, with mpremote mip


def install(live: Live, target: str, board: str) -> None:
    """With mpremote mip, on a device in safe mode."""
    live.do("hold", "MINUS")
    live.run(BOOTED_US)
    with on_port(live) as port:
        command = [str(Path(sys.executable).with_name("mpremote")), "connect", port, "resume", "mip", "install"]
        command += ["--target", target, str(FIRMWARE / package.name(board))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("Done")


@pytest.mark.parametrize("board", ["tonus_r1", "pico_bench"])
def test_mip_puts_the_firmware_on_a_device_in_safe_mode(board: str, tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    other = tmp_path / "firmware"  # that is there before
    shutil.copytree(FIRMWARE, other)
    for path in (other / "tonus" / "limits.py", other / "tonus" / "presets" / "lift.json"):
        path.write_bytes(b"{}\n")
    with Live(START, image, other) as live:
        install(live, "/", board)
    assert on_device(image) == files(board, as_sources=True)


def test_a_target_with_a_colon_is_a_folder_of_that_name_as_the_manual_says(tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    with Live(START, image) as live:
        install(live, ":/", "tonus_r1")
    found = {path.removeprefix(":/"): data for path, data in on_device(image).items() if path.startswith(":/")}
    assert found == files("tonus_r1", as_sources=True)


def run_deploy(capsys: pytest.CaptureFixture[str], port: str) -> list[str]:
    ended = cli.main(["deploy", "--port", port])
    captured = capsys.readouterr()
    assert ended == 0, captured.err
    return captured.out.splitlines()
