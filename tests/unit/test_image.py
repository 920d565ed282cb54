"""The image: what is in it, what is refused, and how it gets onto a device."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import micropython_image
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from littlefs import LittleFS, UserContext
from micropython_image import NAME, PICO_BOARD, VERSION
from rp2040py import boards as rp2040py_boards
from strategies import settings_changes
from tonus import VERSION as FIRMWARE_VERSION
from tonus import bank, journal, sealed, settings
from tonus import preset as presets
from tonus_tools.cross import MICROPYTHON
from tonus_tools.ctl import ports
from tonus_tools.errors import NotGood, PortError, UsageError
from tonus_tools.guide.text import LANGUAGES
from tonus_tools.image import bootsel, cli, keep, micropython, package, release, uf2
from tonus_tools.image import flash as flash_module
from tonus_tools.image.build import build
from tonus_tools.image.compiled import compiled
from tonus_tools.image.deploy import plan
from tonus_tools.image.filesystem import (
    BLOCK,
    BLOCKS,
    FLASH_BYTES,
    FS_START,
    blocks_in_use,
    contents,
    files,
    filesystem,
)
from tonus_tools.image.flash import save
from tonus_tools.image.lean import MAIN, lean
from tonus_tools.sim.runner import micropython as micropython_command
from tonus_tools.world.boards import FIRMWARE, board_names

INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: {}\r\n"
RELEASED = Path(__file__).resolve().parents[1] / "released" / "schema-2.bank"


@pytest.fixture
def stock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A MicroPython image, named in the environment."""
    path = micropython_image.write(tmp_path / "micropython.uf2", micropython_image.pages())
    monkeypatch.setenv(micropython.ENVIRONMENT, str(path))
    return path


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """A folder that is a BOOTSEL drive."""
    folder = tmp_path / "RPI-RP2"
    folder.mkdir()
    (folder / "INFO_UF2.TXT").write_text(INFO.format("RPI-RP2"), encoding="ascii", newline="")
    return folder


def merged(image: bytes, before: bytes = b"\xff" * FLASH_BYTES) -> bytes:
    """The flash that holds `before`, after this UF2."""
    flash = bytearray(before)
    for offset, page in uf2.read(image, "image").items():
        flash[offset : offset + uf2.PAGE] = page
    return bytes(flash)


# What the file system holds


@pytest.mark.parametrize("board", board_names())
def test_the_firmware_is_there_and_nothing_else(board: str) -> None:
    found = files(board)
    modules = {path.removesuffix(".py") + ".mpy" for path in lean().sources}
    shipped = {f"tonus/presets/{id}.json" for id in bank.SHIPPED}
    assert set(found) == {"main.py", "board.mpy"} | modules | shipped
    assert found["main.py"].decode() == MAIN
    assert all(json.loads(found[path]) for path in shipped)
    assert list(found) == sorted(found)


def test_modules_are_what_micropython_1_28_on_an_rp2040_loads() -> None:
    for path, data in files("tonus_r1").items():
        if path.startswith("tonus/") and path.endswith(".mpy"):
            mark, version, flags, small_int_bits = data[:4]
            assert (mark, version, small_int_bits) == (ord("M"), 6, 31), path
            native = "@micropython." in lean().sources[path.removesuffix(".mpy") + ".py"]
            # Native code names its processor, ARMv6-M being 4, and its sub-version.
            assert flags == (4 << 2 | 3 if native else 0), path


def test_a_traceback_names_the_file() -> None:
    data = files("tonus_r1")
    assert data["tonus/selftest.mpy"][6:].startswith(b"\x10selftest\0")  # the first of a module's names is its own
    assert not [path for path, content in data.items() if b"/tmp" in content or str(FIRMWARE).encode() in content]


def test_a_source_that_does_not_compile_is_named() -> None:
    with pytest.raises(UsageError, match=r"^tonus/new\.py: mpy-cross refuses it: SyntaxError"):
        compiled(b"def\n", "tonus/new.py")


def test_an_unknown_board_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"^board: nowhere; allowed pico_bench, tonus_r1$"):
        files("nowhere")


def test_files_go_in_and_come_out() -> None:
    made = {"a": b"", "b/c": b"x" * 511, "b/d/e": os.urandom(50_000), "data/bank": b"1\n"}
    image = filesystem(made)
    assert len(image) == BLOCK * BLOCKS
    assert contents(image) == made


def test_files_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match=r"^large: no room for it: 1441792 bytes of files; allowed 352 blocks of 4096"):
        filesystem({"large": bytes(BLOCK * BLOCKS)})


def test_a_damaged_file_system_is_refused() -> None:
    with pytest.raises(UsageError, match="the file system is damaged"):
        contents(bytes(BLOCK * BLOCKS))


def test_micropython_mounts_it_reads_it_and_writes_to_it(tmp_path: Path) -> None:
    image, made = tmp_path / "fs", files("tonus_r1")
    image.write_bytes(filesystem(made))
    script = f"""
import hashlib, os, vfs
class Flash:
    def __init__(self): self.file = open({str(image)!r}, "r+b")
    def readblocks(self, n, buf, off=0):
        self.file.seek(n * {BLOCK} + off); self.file.readinto(buf)
    def writeblocks(self, n, buf, off=0):
        self.file.seek(n * {BLOCK} + off); self.file.write(buf)
    def ioctl(self, op, arg):
        if op == 6:
            self.file.seek(arg * {BLOCK}); self.file.write(b"\\xff" * {BLOCK})
        return {{4: {BLOCKS}, 5: {BLOCK}}}.get(op, 0)
flash = Flash()
vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/flash")
def look(folder):
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] == 0x4000:
            look(path)
        else:
            print(path[7:], hashlib.sha256(open(path, "rb").read()).digest().hex())
look("/flash")
open("/flash/data/bank", "wb").write(b"mine\\n").__class__
vfs.umount("/flash")
flash.file.close()
"""
    done = subprocess.run([*micropython_command(), "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = dict(line.split() for line in done.stdout.splitlines())
    assert told == {path: hashlib.sha256(data).hexdigest() for path, data in made.items()}
    assert set(contents(image.read_bytes())) == {*made, "data/bank"}


# UF2


def test_a_uf2_fills_its_sectors() -> None:
    pages = {0: b"a" * 256, 3 * BLOCK + 512: b"b" * 256}
    read = uf2.read(uf2.write(pages), "it")
    assert sorted(read) == [sector + at for sector in (0, 3 * BLOCK) for at in range(0, BLOCK, 256)]
    assert {offset: page for offset, page in read.items() if page != b"\xff" * 256} == pages


@pytest.mark.parametrize(
    ("at", "value", "error"),
    [
        (0, 0, "block 1: its marks are not those of UF2"),
        (508, 0, "block 1: its marks are not those of UF2"),
        (28, 0xE48BFF59, "block 1: for RP2350 (Arm); allowed RP2040"),
        (28, 7, "block 1: for family 0x00000007; allowed RP2040"),
        (8, 0, "block 1: for RP2040; allowed RP2040"),
        (20, 2, "block 1: numbered 2 of 16; allowed 1 of 16"),
        (24, 17, "block 1: numbered 1 of 17; allowed 1 of 16"),
        (16, 476, "block 1: 476 bytes for 0x10000100; allowed 256 within 0x10000000..0x101fffff"),
        (12, 0x20000000, "block 1: 256 bytes for 0x20000000; allowed 256 within"),
        (12, 0x10000101, "block 1: 256 bytes for 0x10000101; allowed 256 within"),
        (12, 0x10200000, "block 1: 256 bytes for 0x10200000; allowed 256 within"),
        (12, 0x10000000, "block 1: 0x10000000 is there twice"),
    ],
)
def test_a_wrong_uf2_is_refused(at: int, value: int, error: str) -> None:
    data = bytearray(uf2.write({0: bytes(256)}))
    struct.pack_into("<I", data, 512 + at, value)
    with pytest.raises(UsageError) as refused:
        uf2.read(bytes(data), "it")
    assert str(refused.value).startswith(f"it: {error}")


@pytest.mark.parametrize(("length", "error"), [(0, "0 bytes"), (700, "700 bytes"), (1024, "block 0: numbered 0 of 16")])
def test_a_truncated_uf2_is_refused(length: int, error: str) -> None:
    with pytest.raises(UsageError, match=f"^it: {error}.*is it truncated"):
        uf2.read(uf2.write({0: bytes(256)})[:length], "it")


# MicroPython's image


@pytest.mark.parametrize("version", ["v1.28.0", "v1.28.0-dirty"])
def test_the_release_is_taken(tmp_path: Path, version: str) -> None:
    path = micropython_image.write(tmp_path / "it.uf2", micropython_image.pages({VERSION: version}))
    found = micropython.check(path)
    assert (found.version, found.end) == (version, 0x3000)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ({VERSION: "v1.27.0"}, "MicroPython v1.27.0; allowed v1.28.0"),
        ({VERSION: "v1.28.1"}, "MicroPython v1.28.1; allowed v1.28.0"),
        ({VERSION: "v1.28.0-preview.7"}, "MicroPython v1.28.0-preview.7; allowed v1.28.0"),
        ({VERSION: "v1.28.0-12-g0123456"}, "MicroPython v1.28.0-12-g0123456; allowed v1.28.0"),
        ({PICO_BOARD: "pico_w"}, "for the board pico_w; allowed pico: the image of the RPI_PICO"),
        ({NAME: "blink"}, "holds blink; allowed MicroPython"),
    ],
)
def test_another_program_version_or_board_is_refused(tmp_path: Path, text: dict[int, str], error: str) -> None:
    path = micropython_image.write(tmp_path / "it.uf2", micropython_image.pages(text))
    with pytest.raises(UsageError) as refused:
        micropython.check(path)
    assert str(refused.value) == f"it.uf2: {error}"


def test_another_file_system_is_refused(tmp_path: Path) -> None:
    path = micropython_image.write(tmp_path / "it.uf2", micropython_image.pages(fs=(0x12C000, 868352)))
    with pytest.raises(UsageError, match="file system: 868352 bytes from 0x12c000; allowed 1441792 bytes from 0xa0000"):
        micropython.check(path)


def test_what_does_not_say_what_it_is_is_refused(tmp_path: Path) -> None:
    path = micropython_image.write(tmp_path / "it.uf2", {0: bytes(256)})
    with pytest.raises(UsageError, match="holds no program that says what it is; allowed MicroPython v1.28.0"):
        micropython.check(path)


def test_an_image_that_reaches_into_the_file_system_is_refused(tmp_path: Path) -> None:
    path = micropython_image.write(tmp_path / "it.uf2", micropython_image.pages(size=FS_START + 1))
    with pytest.raises(UsageError, match="ends at 0xa1000; allowed up to 0xa0000, where the file system begins"):
        build("tonus_r1", micropython.check(path), {})


def test_a_wrong_path_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(micropython.ENVIRONMENT, "/nowhere/it.uf2")
    with pytest.raises(UsageError, match=r"^\$MICROPYTHON_UF2: /nowhere/it\.uf2: no such file$"):
        micropython.load()


@pytest.mark.parametrize("way", ["no network", "refused", "broken off"])
def test_without_a_download_one_line_says_what_to_fetch_and_where_to_put_it(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(micropython.ENVIRONMENT, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    name = "RPI_PICO-20260406-v1.28.0.uf2"
    kept = tmp_path / ".cache" / "rp2040py" / name
    kept.parent.mkdir(parents=True)

    def resolve(spec: object, family: str, tag: str) -> rp2040py_boards.BoardSpec:
        if way == "refused":
            return rp2040py_boards.BoardSpec(image=None)
        if way == "broken off":
            kept.write_bytes(b"half")
        raise ConnectionResetError

    monkeypatch.setattr(rp2040py_boards, "resolve_firmware", resolve)
    with pytest.raises(UsageError) as refused:
        micropython.load()
    message = str(refused.value)
    assert "\n" not in message
    assert message.startswith(f"{name} could not be fetched: get it from https://micropython.org/download/RPI_PICO/ ")
    assert message.endswith(f"put it at ~/.cache/rp2040py/{name}, or name it in $MICROPYTHON_UF2")
    assert not kept.exists()


def test_the_real_image_is_taken_if_it_is_here() -> None:
    name = "RPI_PICO-20260406-v1.28.0.uf2"
    path = Path(os.environ.get(micropython.ENVIRONMENT) or Path.home() / ".cache" / "rp2040py" / name)
    if not path.is_file():
        pytest.skip("MicroPython's image is not on this computer")
    found = micropython.check(path)
    assert found.end < FS_START
    flash = merged(build("tonus_r1", found, files("tonus_r1")).uf2)
    assert flash[: found.end] == merged(found.data)[: found.end]


# The whole


def test_the_image_is_micropython_and_the_files(stock: Path) -> None:
    made = files("tonus_r1")
    flash = merged(build("tonus_r1", micropython.load(), made).uf2)
    end = max(micropython_image.pages()) + uf2.PAGE
    assert flash[:end] == merged(stock.read_bytes())[:end]
    assert contents(flash[FS_START:]) == made


@pytest.mark.parametrize("fill", [b"\0", b"\xff", b"\x5a"])
def test_what_the_flash_held_before_does_not_matter(stock: Path, fill: bytes) -> None:
    made = files("tonus_r1")
    image = build("tonus_r1", micropython.load(), made)
    assert contents(merged(image.uf2, fill * FLASH_BYTES)[FS_START:]) == made


def test_a_directory_that_was_written_more_often_does_not_shine_through(stock: Path) -> None:
    """Of a directory's two blocks the one with the higher revision counts, also a stale one beside a new one."""
    made = files("tonus_r1")
    context = UserContext(buffer=bytearray(filesystem(made)))
    fs = LittleFS(context, block_size=BLOCK, block_count=BLOCKS, prog_size=256)
    for n in range(400):
        with fs.open(f"tonus/presets/{n % 7}", "wb") as f:
            f.write(os.urandom(100))
    fs.unmount()
    old = bytes(context.buffer)
    image = build("tonus_r1", micropython.load(), made)
    now = merged(image.uf2, bytes(FS_START) + old)[FS_START:]
    assert contents(now) == made

    def spliced(other: bytes, places: list[int]) -> bytes:
        found = bytearray(now)
        for n in places:
            found[n * BLOCK : (n + 1) * BLOCK] = other[n * BLOCK : (n + 1) * BLOCK]
        return bytes(found)

    def same(image: bytes) -> bool:
        try:
            return contents(image) == made
        except UsageError:
            return False

    blank = b"\xff" * len(now)
    lesser = [n for n in blocks_in_use(now) if same(spliced(blank, [n]))]
    assert lesser
    assert not same(spliced(old, lesser))


def test_the_same_input_makes_the_same_bytes_anywhere(stock: Path, tmp_path: Path) -> None:
    hashes = set()
    for place in ("here", "there"):
        folder = tmp_path / place
        shutil.copytree(FIRMWARE, folder / "firmware", ignore=shutil.ignore_patterns("__pycache__"))
        environment = os.environ | {"TMPDIR": str(folder), "PYTHONHASHSEED": str(len(place)), "TZ": f"UTC+{len(place)}"}
        command = [sys.executable, "-m", "tonus_tools.image", "build", "--out", "dist"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        hashes.add(tuple(path.read_bytes() for path in sorted((folder / "dist").iterdir())))
        (from_copy,) = {filesystem(files("tonus_r1", folder / "firmware"))}
        assert contents(from_copy) == files("tonus_r1")
        assert from_copy == filesystem(files("tonus_r1"))
    assert len(hashes) == 1


def test_the_manifest_tells_what_is_in_the_image(stock: Path, tmp_path: Path) -> None:
    image = build("tonus_r1", micropython.load(), files("tonus_r1"))
    path = image.write(tmp_path / "dist")
    assert path.name == f"tonus-tonus_r1-{FIRMWARE_VERSION}.uf2"
    manifest = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    data = path.read_bytes()
    assert manifest["uf2"] == {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert manifest["micropython"] == {
        "version": f"v{MICROPYTHON}",
        "sha256": hashlib.sha256(stock.read_bytes()).hexdigest(),
    }
    flash = merged(data)
    assert manifest["files"] == [
        {"path": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in contents(flash[FS_START:]).items()
    ]
    assert manifest["flash"]["filesystem_bytes"] == len(blocks_in_use(flash[FS_START:])) * BLOCK
    assert [manifest["name"], manifest["board"]] == ["tonus", "tonus_r1"]
    assert str(tmp_path) not in json.dumps(manifest)


def test_two_boards_differ_in_nothing_but_the_board() -> None:
    one, other = files("tonus_r1"), files("pico_bench")
    assert [path for path in one if one[path] != other[path]] == ["board.mpy"]


Image = Callable[..., str]


# The BOOTSEL drive


def test_a_drive_is_known_by_its_info(drive: Path, tmp_path: Path) -> None:
    assert bootsel.is_drive(drive)
    assert not bootsel.is_drive(tmp_path)
    (drive / "INFO_UF2.TXT").write_text(INFO.format("RP2350"), encoding="ascii")
    assert not bootsel.is_drive(drive)


def test_two_drives_are_refused(drive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootsel, "mounted", lambda: [drive, drive])
    with pytest.raises(UsageError, match="more than one BOOTSEL drive: .*; DRIVE=FOLDER names one"):
        bootsel.present(None)
    assert bootsel.present(drive) == drive


def test_a_drive_that_does_not_come_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bootsel, "APPEARS_S", 0.2)
    with pytest.raises(PortError, match=r"no BOOTSEL drive at .*nothing in 0\.2 s: mount RPI-RP2"):
        bootsel.await_one(tmp_path / "nothing")


def test_a_copy_that_fails_is_an_error_but_not_when_the_device_took_the_drive_away(drive: Path) -> None:
    (drive / "image.uf2").mkdir()
    with pytest.raises(PortError, match=f"^{drive}: the copy failed: Is a directory$"):
        bootsel.copy(drive, "image.uf2", b"it")
    (drive / "INFO_UF2.TXT").unlink()
    assert not bootsel.copy(drive, "image.uf2", b"it")


def test_a_drive_that_goes_in_mid_copy_is_no_success(drive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = 0

    def pulled(file: int) -> None:
        nonlocal synced
        synced += 1
        if synced == 2:
            (drive / "INFO_UF2.TXT").unlink()
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", pulled)
    with pytest.raises(PortError, match=r"went away after 65536 of 300000 bytes: was the cable pulled\?"):
        bootsel.copy(drive, "image.uf2", bytes(300_000))


def test_a_drive_that_goes_with_the_last_piece_is_asked_about(
    image: Image, drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the device can tell whether it has all of it."""
    monkeypatch.setattr(bootsel, "copy", lambda drive, name, data: False)
    monkeypatch.setattr(ports, "COME_BACK_S", 0.3)
    told = image("flash", "--drive", str(drive), "--erase-data", code=3)
    assert f"{drive} went away at the end of the copy, and no Tonus came" in told
    monkeypatch.setattr(ports, "appears", lambda: "/dev/ttyACM0")
    assert image("flash", "--drive", str(drive), "--erase-data").endswith("/dev/ttyACM0: Tonus runs\n")


@pytest.mark.parametrize("board", ["RP2350", "SAMD21G18A-Feather-v0"])
def test_the_drive_of_another_board_is_named(
    image: Image, drive: Path, board: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (drive / "INFO_UF2.TXT").write_text(INFO.format(board), encoding="ascii")
    told = image("flash", "--drive", str(drive), "--erase-data", code=2)
    assert told == f"error: {drive}: the drive of {board}; allowed RPI-RP2, an RP2040's\n"
    monkeypatch.setattr(bootsel, "_MOUNTS", (str(drive),))
    told = image("flash", "--erase-data", code=3)
    assert told.endswith(f"; {drive} is the drive of {board}, not of an RP2040\n")


def test_an_empty_folder_is_no_data(image: Image, drive: Path) -> None:
    Path("saved").mkdir()
    told = image("flash", "--drive", str(drive), "--data", "saved", code=2)
    assert told.startswith("error: saved: empty; allowed a folder with a device's files")
    assert not list(drive.glob("*.uf2"))


def test_what_is_asked_of_device_and_board_comes_before_the_image(
    image: Image, drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load() -> None:
        raise AssertionError("the image is not needed to know this")

    monkeypatch.setattr(flash_module, "load", load)
    assert "no device" in image("flash", code=3)
    assert "board: nowhere" in image("flash", "--board", "nowhere", code=2)
    assert "cannot be asked" in image("flash", "--drive", str(drive), code=2)


# Flashing a device that cannot be asked


@pytest.fixture
def image(stock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Image:
    """`image(*arguments, code=0)`: what the command prints; its error when it fails."""
    monkeypatch.delenv("TONUS_PORT", raising=False)
    monkeypatch.setattr(bootsel, "mounted", lambda: [])
    monkeypatch.setattr(ports, "listing", lambda: [])
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, code: int = 0) -> str:
        ended = cli.main(list(arguments))
        captured = capsys.readouterr()
        assert ended == code, captured.err
        if code:
            assert captured.err.startswith("error: ")
            assert captured.err.count("\n") == 1
        return captured.err if code else captured.out

    return run


def on(drive: Path) -> dict[str, bytes]:
    """The files in the image that was copied."""
    (path,) = drive.glob("*.uf2")
    return contents(merged(path.read_bytes())[FS_START:])


def test_a_drive_is_not_flashed_while_it_is_not_known_what_becomes_of_the_data(image: Image, drive: Path) -> None:
    told = image("flash", "--drive", str(drive), code=2)
    assert "a device in BOOTSEL cannot be asked for its presets and journal" in told
    assert not list(drive.glob("*.uf2"))


def test_a_new_device_is_flashed(image: Image, drive: Path) -> None:
    told = image("flash", "--drive", str(drive), "--erase-data")
    assert told == f"tonus-tonus_r1-{FIRMWARE_VERSION}.uf2 copied to {drive}, without data\n"
    assert on(drive) == files("tonus_r1") | keep.mark_of([])


def test_saved_data_is_put_back(image: Image, drive: Path) -> None:
    folder = Path("saved")
    folder.mkdir()
    shutil.copy(RELEASED, folder / "bank")
    record = '{"n":7,"at":null,"id":"lift","charge_uc":44.2}'
    (folder / "sessions").write_text(sealed.seal(record) + "\nhalf a lin", encoding="ascii")
    told = image("flash", "--drive", str(drive), "--data", "saved")
    assert told.endswith(" presets (generation 1), 1 session, 0 faults\n"), told
    firmware = files("tonus_r1")
    data = {path: content for path, content in on(drive).items() if path not in firmware}
    assert data["data/sessions"].decode() == sealed.seal(record) + "\n"
    assert data["data/bank"].splitlines()[:-1] == RELEASED.read_bytes().splitlines()[:-1]
    assert set(data) == {"data/bank", "data/sessions", "data.mark"}


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("bank", b"rubbish\n", "saved/bank: the last line is missing or damaged"),
        ("notes.txt", b"", "saved/notes.txt: not a file of the device's /data; allowed bank, bank.new, bank.bad"),
    ],
)
def test_damaged_data_is_refused(image: Image, drive: Path, name: str, content: bytes, error: str) -> None:
    Path("saved").mkdir()
    Path("saved", name).write_bytes(content)
    assert image("flash", "--drive", str(drive), "--data", "saved", code=2).startswith(f"error: {error}")
    assert not list(drive.glob("*.uf2"))


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["flash"], 3, "no device: plug in one that runs, or hold BOOTSEL"),
        (["flash", "--data", "nowhere"], 2, "nowhere: no such folder"),
        (["flash", "--data", "nowhere", "--erase-data"], 2, "DATA and ERASE: allowed one of them"),
        (["flash", "--port", "/dev/nowhere"], 3, "/dev/nowhere: there is no such port"),
        (["build", "--board", "nowhere"], 2, "board: nowhere; allowed pico_bench, tonus_r1"),
        (["deploy"], 2, "PORT: missing"),
        (["deploy", "--port", "/dev/nowhere"], 3, "/dev/nowhere: there is no such port"),
        (["deploy", "--port", "/dev/nowhere", "--board", "nowhere"], 2, "board: nowhere; allowed pico_bench, tonus_r1"),
        (["paint"], 2, "No such command 'paint'"),
    ],
)
def test_an_error_is_one_line(image: Image, arguments: list[str], code: int, error: str) -> None:
    assert error in image(*arguments, code=code)


# What is kept


def test_kept_data_is_what_it_was() -> None:
    records = [{"n": n, "at": None} for n in range(1, 4)]
    kept = keep.Kept(3, ("a",), {"sessions": records, "faults": []})
    assert kept.missing_from(kept) == []
    newer = keep.Kept(3, ("a",), {"sessions": [*records, {"n": 4}], "faults": [{"n": 1}]})
    assert kept.missing_from(newer) == []
    assert newer.missing_from(kept) == ["sessions 4", "faults 1"]
    assert kept.missing_from(keep.Kept(4, ("a",), kept.records)) == ["presets"]
    # The oldest go when there are more than the journal keeps.
    full = keep.Kept(3, ("a",), {"sessions": [{"n": n} for n in range(3, 67)], "faults": []})
    assert keep.Kept(3, ("a",), {"sessions": [{"n": 2}, {"n": 3}], "faults": []}).missing_from(full) == []


@pytest.mark.parametrize("generation", [0, 5])
def test_the_shipped_presets_stay_the_shipped_ones(tmp_path: Path, generation: int) -> None:
    kept = keep.Kept(generation, (), {"sessions": [], "faults": []})
    keep.write(kept, tmp_path)
    assert (tmp_path / "bank").exists() == (generation > 0)
    assert keep.of_folder(tmp_path) == kept


@given(settings_changes())
@hypothesis_settings(max_examples=30, deadline=None)
def test_settings_are_kept_and_a_new_devices_are_none(
    tmp_path_factory: pytest.TempPathFactory, change: dict[str, Any]
) -> None:
    before, after = tmp_path_factory.mktemp("before"), tmp_path_factory.mktemp("after")
    settings.Settings(str(before)).write(change)
    kept = keep.of_folder(before)
    assert kept.settings == (None if settings.read(str(before / "settings")) == settings.new() else kept.settings)
    keep.write(kept, after)
    assert keep.of_folder(after) == kept
    assert ("the settings" in str(kept)) == (kept.settings is not None)
    other = keep.Kept(kept.generation, kept.presets, kept.records)
    assert kept.missing_from(other) == (["the settings"] if kept.settings else [])


def test_a_full_journal_is_kept_from_both_its_files(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    log = journal.Journal(str(before), "faults")
    for n in range(100):
        log.add({"at": n, "why": "x" * n})
    kept = keep.of_folder(before)
    assert [record["n"] for record in kept.records["faults"]] == list(range(37, 101))
    keep.write(kept, after)
    assert keep.of_folder(after) == kept
    again = journal.Journal(str(after), "faults")
    again.load()
    assert again.add({"at": 1}) == 101


def test_a_bank_is_written_as_the_firmware_writes_it(tmp_path: Path) -> None:
    texts = tuple(presets.canonical(p) for p in bank.shipped()[:2])
    kept = keep.Kept(9, texts, {"sessions": [], "faults": []})
    keep.write(kept, tmp_path)
    its = bank.Bank(str(tmp_path))
    its.load()
    assert (its.generation, its.ids, its.damage) == (9, list(bank.SHIPPED[:2]), None)
    assert [path.name for path in tmp_path.iterdir()] == ["bank"]


def test_a_copy_that_does_not_read_back_stops_the_update(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keep.Kept(0, (), {"sessions": [{"n": 4, "at": None}], "faults": []})
    assert save(kept, tmp_path, "ab").name == "data-ab-1"
    assert save(kept, tmp_path, "ab").name == "data-ab-2"
    monkeypatch.setattr(keep, "write", lambda kept, folder: None)
    with pytest.raises(NotGood, match="data-ab-3: presets and journal do not read back .*; nothing was changed$"):
        save(kept, tmp_path, "ab")


# Deploying


def test_only_what_differs_is_copied_and_only_the_firmwares_own_is_removed() -> None:
    wanted = {"board.mpy": b"1", "main.py": b"2", "tonus/a.mpy": b"3", "tonus/presets/x.json": b"4"}
    there = {path: hashlib.sha256(data).hexdigest() for path, data in wanted.items()}
    assert plan(wanted, there, {"tonus", "tonus/presets"}) == plan({}, {}, set())
    there |= {"board.mpy": "0", "main.py": "0", "board.py": "0", "tonus/a.py": "0"}
    todo = plan(wanted, there, {"tonus"})
    assert todo.folders == ["tonus/presets"]
    assert todo.copies == ["board.mpy", "main.py"]
    assert todo.removals == ["board.py", "tonus/a.py"]
    new = plan(wanted, {}, set())
    assert new.folders == ["tonus", "tonus/presets"]
    assert new.copies == ["board.mpy", "tonus/a.mpy", "tonus/presets/x.json", "main.py"]


# Packages for mip, releases


@pytest.mark.parametrize("board", board_names())
def test_a_package_is_kept_that_names_all_of_the_firmware(board: str) -> None:
    path = FIRMWARE / package.name(board)
    assert path.read_text(encoding="utf-8") == package.text(board), "python -m tonus_tools.image package writes it"
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["version"] == FIRMWARE_VERSION
    found = {there: (FIRMWARE / here).read_bytes() for there, here in document["urls"]}
    assert found == files(board, as_sources=True)
    assert document["urls"][-1] == ["main.py", "main.py"]


def _guides() -> list[str]:
    return [f"guide-{FIRMWARE_VERSION}-{language}" for language in LANGUAGES]


def test_a_release_is_all_that_people_need(
    image: Image, stock: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TONUS_PORT", "/dev/nowhere")  # its report is of the shipped presets, whatever is plugged in
    monkeypatch.setattr(release, "wheel", lambda out: Path(shutil.copy(stock, out / "tonus.whl")))
    monkeypatch.setattr(release, "page", lambda out: Path(shutil.copy(stock, out / "tonus-web.zip")))
    told = image("release", "--out", "dist")
    names = sorted(path.name for path in Path("dist").iterdir())
    boards = [f"tonus-{board}-{FIRMWARE_VERSION}.{ending}" for board in board_names() for ending in ("json", "uf2")]
    pages = [f"tonus-{page}.html" for page in (f"report-{FIRMWARE_VERSION}", *_guides())]
    assert names == sorted(["CHANGES.md", "SHA256SUMS", "tonus.whl", "tonus-web.zip", *pages, *boards])
    sums = dict(line.split("  ")[::-1] for line in Path("dist/SHA256SUMS").read_text(encoding="ascii").splitlines())
    assert sorted(sums) == [name for name in names if name != "SHA256SUMS"]
    for name, digest in sums.items():
        assert hashlib.sha256(Path("dist", name).read_bytes()).hexdigest() == digest
        assert f"dist/{name}: " in told


def test_a_release_without_a_word_to_owners_is_none(
    image: Image, stock: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(release, "CHANGES", tmp_path / "CHANGES.md")
    (tmp_path / "CHANGES.md").write_text("# Changes\n\n## 0.0.9\n", encoding="utf-8")
    assert f"CHANGES.md: has no heading '## {FIRMWARE_VERSION}'" in image("release", code=2)


def test_what_changed_in_this_version_is_written_down() -> None:
    assert f"\n## {FIRMWARE_VERSION}\n" in (FIRMWARE / "CHANGES.md").read_text(encoding="utf-8")
