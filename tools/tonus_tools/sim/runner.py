"""Runs one scenario on the simulated device: the real MicroPython in its own process, its trace read as it comes."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from tonus.bank import SHIPPED

from ..world.boards import BOARDS, FIRMWARE
from . import compiled
from .scenario import Scenario
from .trace import Record, Trace, TraceError, TraceReader

TARGET = Path(__file__).resolve().parent / "target"
RUN = TARGET / "run.py"
# Room for the simulator beside the firmware, to which run.py leaves no more than an RP2040 has. Not more than it needs:
# each collection sweeps the whole heap, and 32M makes a run three times as long.
HEAP_KB = 704
CONFIG_BYTES = 4096  # a configuration of up to this size has its room there; of a larger one ...
HEAP_PER_BYTE = 6  # ... each byte takes so many: a dictionary an action
BREAKS_BYTES = 64 * 1024  # what breaks things within the processor (target/breaks_chip.py)
FILES_BYTES = 768 * 1024  # the firmware's files and what is made of them
WALL_LIMIT_S = 60.0  # a run that takes longer than this, and longer than life, hangs
SAID_LINES = 8
FLASH_BYTES = 352 * 4096  # of the RPI_PICO: what MicroPython leaves its file system
_BLANK = b"\xff" * FLASH_BYTES

# What the package's own command does, without all that this Python looks for at its start: that takes longer.
_PACKAGE = (
    "import sys; sys.path.append(sys.argv.pop(1)); from micropython_run import run_main; sys.exit(run_main(sys.argv))"
)

OnLine = Callable[[Record], None]


class SimulatorError(RuntimeError):
    """The simulated device could not be run to the end of the scenario. What it said last follows."""


def micropython() -> list[str]:
    """The command that is the interpreter: $MICROPYTHON, the extra's package, or on PATH. Raises SimulatorError."""
    named = os.environ.get("MICROPYTHON")
    if named:
        found = shutil.which(named)
        if found is None:
            raise SimulatorError(f"MICROPYTHON={named} is not a program that can be run")
        return [found]
    package = importlib.util.find_spec("micropython_run")
    if package is not None and package.origin is not None:
        return [sys.executable, "-I", "-S", "-c", _PACKAGE, str(Path(package.origin).parent)]
    found = shutil.which("micropython")
    if found is None:
        raise SimulatorError(
            "no micropython command: pip install '.[sim]' in the project's folder, or pipx install --force '.[sim]', "
            "brings it (Linux x86-64); elsewhere $MICROPYTHON names one"
        )
    return [found]


def command(config: Path, memory: bool = False, breaks: bool = False) -> list[str]:
    """The interpreter's command line for a configuration (`Scenario.to_target`). Raises SimulatorError.

    memory: it holds the device's files, too. breaks: it has room for what breaks things.
    """
    if not RUN.is_file():
        raise SimulatorError(f"{RUN} is missing")
    beyond = max(0, config.stat().st_size - CONFIG_BYTES) * HEAP_PER_BYTE
    beyond += (FILES_BYTES if memory else 0) + (BREAKS_BYTES if breaks else 0)
    return [*micropython(), "-X", f"heapsize={HEAP_KB + beyond // 1024}K", str(RUN), str(config)]


def environment(board: str, firmware: Path, flash: Path) -> dict[str, str]:
    """Where the simulated device finds its files. A flash image that is missing is made, with the firmware or blank."""
    folders = {"TONUS_FIRMWARE": str(firmware), "TONUS_BOARD": str(BOARDS / board), "TONUS_FLASH": str(flash)}
    folders["TONUS_COMPILED"] = str(compiled.folder() or "")
    if not flash.exists():
        image = _installed(board) if firmware == FIRMWARE else None
        if image is not None:
            shutil.copyfile(image, flash)
            return os.environ | folders | {"TONUS_INSTALLED": "1"}
        flash.write_bytes(_BLANK)
    elif flash.stat().st_size != FLASH_BYTES:
        raise SimulatorError(f"{flash}: {flash.stat().st_size} bytes; a flash image has {FLASH_BYTES}")
    return os.environ | folders


def _installed(board: str) -> Path | None:
    """A flash with the firmware on it, made when a board is first simulated. None where nothing is kept."""
    kept = compiled.folder()
    image = kept and kept / f"{board}.img"
    if image is not None and not image.exists():
        try:
            with tempfile.TemporaryDirectory(dir=kept) as folder:
                flash = Path(folder) / "flash.img"
                flash.write_bytes(_BLANK)
                run(Scenario("install", 1, board=board), flash=flash)  # nobody switches it on
                flash.replace(image)
        except OSError:  # somebody else's
            return None
    return image


def run(
    scenario: Scenario,
    on_line: OnLine | None = None,
    keep: IO[str] | None = None,
    memory: bool = False,
    firmware: Path = FIRMWARE,
    flash: Path | None = None,
) -> Trace:
    """Run `scenario`; returns its trace with `wall_seconds` set.

    `on_line` is given each record as it arrives; `keep` each line of the trace. `memory`: the file system is the one
    that a browser has (memory.py), not littlefs. `flash`: an image that it is in, and stays in. Raises SimulatorError,
    also when what arrives is not a trace.
    """
    with tempfile.TemporaryDirectory(prefix="tonus-sim-") as folder:
        config = Path(folder) / "config.json"
        target = scenario.to_target()
        config.write_text(json.dumps(target | {"memory": memory}), encoding="utf-8")
        if scenario.presets:
            firmware = with_presets(scenario, Path(folder))
        where = environment(scenario.board, firmware, flash or Path(folder) / "flash.img")
        with open(Path(folder) / "stderr", "w+", encoding="utf-8", errors="replace") as stderr:
            return _run(command(config, memory, target["breaks"]), scenario, where, stderr, on_line, keep)


def with_presets(scenario: Scenario, folder: Path) -> Path:
    """A copy of the firmware in which the scenario's presets take the places of the shipped ones."""
    firmware = folder / "firmware"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
    for id, path in zip(SHIPPED, scenario.presets, strict=False):
        shutil.copyfile(path, firmware / "tonus" / "presets" / f"{id}.json")
    return firmware


def _run(
    command: list[str],
    scenario: Scenario,
    environment: dict[str, str],
    stderr: IO[str],
    on_line: OnLine | None,
    keep: IO[str] | None,
) -> Trace:
    limit_s = max(WALL_LIMIT_S, scenario.until_us / 1_000_000)
    hung = threading.Event()
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environment,
        encoding="utf-8",
        errors="replace",
    )

    def give_up() -> None:
        hung.set()
        process.kill()

    watch = threading.Timer(limit_s, give_up)
    watch.daemon = True
    watch.start()
    reader = TraceReader()
    broken: TraceError | None = None
    said: deque[str] = deque(maxlen=SAID_LINES)  # what is no record: why it ends, when the interpreter gives up
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if broken is not None:
                continue
            try:
                if line.startswith("["):
                    record = reader.feed(line)
                else:
                    said.append(line)
                    if not reader.lines:
                        continue  # it does not get as far as a trace: what it says is why
                    record = reader.console(line.rstrip("\n"))
                    line = json.dumps(record) + "\n"
            except TraceError as error:
                broken = error  # the process may be about to say why, on stderr
                continue
            if keep is not None:
                keep.write(line)
            if on_line is not None:
                on_line(record)
        code = process.wait()
    finally:
        watch.cancel()
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    wall_seconds = time.monotonic() - began
    if hung.is_set():
        raise SimulatorError(f"the simulated device hung: killed after {limit_s:g} s")
    if code != 0:
        stderr.seek(0)
        raise SimulatorError(last_words(code, [*said, *stderr]))
    if broken is not None:
        raise SimulatorError(str(broken))
    try:
        trace = reader.finish()
    except TraceError as error:
        raise SimulatorError(str(error)) from error
    trace.wall_seconds = wall_seconds
    return trace


def last_words(code: int, said: Iterable[str]) -> str:
    """What a simulated device that stopped with this exit code said last."""
    lines = [line.rstrip() for line in said if line.strip()][-SAID_LINES:]
    if not lines:
        return f"the simulated device stopped with exit code {code} and said nothing"
    return "\n".join([f"the simulated device stopped with exit code {code}:", *lines])
