"""A visit to a device with tonusctl, recorded: `python -m tonus_tools.ctl.transcript` writes it into README.md.

The device is a simulated one, in real time on a pty; the sessions in its journal were played before, faster than life.
Every line is what the command printed. The pictures of the visit are kept beside it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tonus_tools.sim.live import Live, VirtualSerial
from tonus_tools.sim.scenario import Scenario, Start

from .client import Client

HERE = Path(__file__).parent
README = HERE / "README.md"
VISIT = HERE / "visit"
PICTURES = ("my-evening.png", "journal.png")
BEGIN, END = "<!-- transcript: python -m tonus_tools.ctl.transcript -->\n", "<!-- end of the transcript -->\n"

COMMANDS = (
    "tonusctl info",
    "tonusctl preset check too-much.json",
    "tonusctl preset check my-evening.json",
    "tonusctl preset show my-evening.json",
    "tonusctl preset preview my-evening.json -o my-evening.png",
    "tonusctl preset push my-evening.json",
    "tonusctl preset list",
    "tonusctl journal list",
    "tonusctl journal plot",
)
# (Unix time, presses of MODE, of PLUS, treated for s): one facial each.
FACIALS = (
    (1_794_855_600, 0, 6, 320),
    (1_795_028_400, 0, 7, 320),
    (1_795_201_200, 3, 5, 200),
    (1_795_287_600, 0, 7, 130),
)


def facials(flash: Path) -> None:
    """Play sessions on the device whose flash this is: some lifts, one dry spot, one stopped early."""
    with Live(Scenario("visit", 1, start=Start(usb=True, battery_pct=95)), flash) as live:

        def press(button: str, times: int) -> None:
            for _ in range(times):
                live.do("hold", button)
                live.run(120_000)
                live.do("release", button)
                live.run(150_000)

        for unix_s, modes, levels, seconds in FACIALS:
            live.do("usb", True)
            live.run(1_500_000)
            live.heard.clear()
            Client(VirtualSerial(live), now=lambda at=unix_s: at).connect()  # type: ignore[misc]
            live.do("usb", False)
            live.do("touch", "typical")
            live.run(500_000)
            press("MODE", modes)
            press("PLUS", levels)
            live.run(round(seconds * 400_000))
            live.do("lift", True)
            live.run(800_000)
            live.do("touch", "good")
            live.run(round(seconds * 300_000))
            live.do("touch", "dry")
            live.run(1_500_000)
            live.do("touch", "good")
            live.run(round(seconds * 300_000))
            press("MODE", 1)
            live.run(2_000_000)


@contextmanager
def device(flash: Path) -> Iterator[str]:
    """`tonusctl sim` with this flash; its port."""
    command = [sys.executable, "-m", "tonus_tools.ctl", "sim", "--no-keys", "--flash", str(flash)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            port = process.stdout.readline().split()[-1]
            time.sleep(4)  # switched on, tested, and in CHARGING
            yield port
        finally:
            process.terminate()


def record(folder: Path) -> str:
    """The visit as Markdown. Its files, also those it makes, are in `folder`."""
    for path in VISIT.glob("*.json"):
        shutil.copy(path, folder)
    facials(folder / "flash.img")
    blocks = []
    with device(folder / "flash.img") as port:
        environment = os.environ | {"TONUS_PORT": port, "TZ": "UTC", "COLUMNS": "120", "PYTHONUNBUFFERED": "1"}
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
        for command in COMMANDS:
            done = subprocess.run(
                command.split(),
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            said = done.stdout.replace(port, "/dev/ttyACM0")
            status = f"(exit code {done.returncode})\n" if done.returncode else ""
            blocks.append(f"$ {command}\n{said}{status}")
    return "```console\n" + "\n".join(blocks) + "```\n"


def committed() -> str:
    """The transcript in README.md."""
    return README.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tonus-visit-") as folder:
        text = record(Path(folder))
        for name in PICTURES:
            shutil.copy(Path(folder) / name, VISIT / name)
    before, rest = README.read_text(encoding="utf-8").split(BEGIN)
    README.write_text(before + BEGIN + text + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
