"""`make soak`: 250 one-minute sessions on each of four drawn devices, over simulated months, and what is left of them.

A device is switched on for a few sessions at a time, some days apart. Between the sessions: lifts, faults that latch, a
cell that dips; a computer that sets the clock, writes another bank, changes settings; power that is lost in the middle
of a write; now and then another version of the firmware, over the same data. At the end heap, journal, counters, the
flash's wear and the clock have to be as they should.

Exit code 0: they are; 1: some are not, each told; 2: it could not be run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from tonus import bank, limits, settings
from tonus.preset import build, canonical

from ..ctl.client import Client
from ..errors import ToolError
from ..sim.live import Live, VirtualSerial
from ..sim.runner import SimulatorError
from ..sim.scenario import Scenario, Start
from ..sim.trace import Record
from ..world.boards import FIRMWARE

DEVICES, SESSIONS = 4, 250
SESSION_S = 60
FIRST = datetime(2026, 9, 28, 21, 0, tzinfo=UTC)
AT_ONCE = (1, 6)  # sessions of one switching on
DAYS = (1, 3)  # from one to the next
# What happens at one switching on, in so many of a hundred.
CABLE, BANK, SETTINGS, CUT, FAULT, DIP, UPDATE = 40, 15, 15, 12, 12, 10, 6
FAULTS = ("fault_line_stuck", "spi_error", "task_dies", "rail_dead", "main_hangs")
HEAP_FREE_MIN = 80_000  # while treating: the floor of the tests
HEAP_LOST_MAX = 2000  # bytes, from the first sessions of a switching on to its last, on the average
CLOCK_OFF_S = 2
ERASES_MAX = 100_000  # of a block: W25Q16JV
YEARS_MIN = 20  # of a session a day that the flash has to last
POINTER_RATIO = 2  # the simulator's interpreter has objects of twice the size
OK, BAD, UNUSABLE = 0, 1, 2


@dataclass
class Soaked:
    """One device's life. done: sessions that ended by themselves; broken: that a fault or a cut ended."""

    seed: int
    done: int = 0
    broken: int = 0
    starts: int = 0
    cuts: int = 0
    updates: int = 0
    faults: list[str] = field(default_factory=list)
    heaps: list[list[int]] = field(default_factory=list)  # free at the end of each session, by switching on
    erased: Counter[int] = field(default_factory=Counter)
    records: list[int] = field(default_factory=list)  # numbers of the sessions in the journal at the end
    recorded: int = 0  # sessions that should be there, those whose record was cut left out
    clock_off_s: list[float] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    missed: int = 0
    days: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def years(self) -> float:
        """That the most worn block lasts at a session a day."""
        worst = max(self.erased.values(), default=0)
        return ERASES_MAX / worst * (self.done + self.broken) / 365 if worst else float("inf")


class _Device:
    """One device with its flash, its person, and its calendar."""

    def __init__(self, seed: int, flash: Path) -> None:
        self.flash = flash
        self.random = Random(f"{seed}:soak")
        self.told = Soaked(seed)
        self.now = FIRST
        self.state = ""
        self.logs: list[dict[str, Any]] = []
        self.cut = False
        self.firmware = FIRMWARE
        # The same with another version's number.
        self._other = flash.parent / "firmware"
        shutil.copytree(FIRMWARE, self._other, ignore=shutil.ignore_patterns("__pycache__"))
        (self._other / "tonus" / "__init__.py").write_text('VERSION = "9.0.0"\n', encoding="utf-8")

    def live(self, sessions: int) -> Soaked:
        """So many sessions; what was to be seen."""
        while self.told.done + self.told.broken < sessions:
            self._switch_on(sessions)
            days = self.random.randint(*DAYS)
            self.told.days += days
            self.now += timedelta(days=days)
        self._look_at_end()
        return self.told

    def _take(self, record: Record) -> None:
        if record[0] == "log":
            log = record[2]
            self.logs.append(log)
            if log["e"] == "state":
                self.state = log["to"]
            elif log["e"] == "fault":
                self.told.faults.append(log["name"])
            elif log["e"] == "counters":
                self.told.missed = max(self.told.missed, log["missed"])
        elif record[0] == "cut":
            self.cut = True
            self.told.cuts += 1
        elif record[0] in ("boot", "power"):
            self.state = ""

    def _start(self, live: Live, cable: bool) -> None:
        self.state = ""
        self.told.starts += 1
        if cable:
            live.do("usb", True)
        else:
            live.do("hold", "MODE")
            live.run(1_000_000)
            live.do("release", "MODE")
        live.run(2_500_000)

    def _scenario(self) -> Scenario:
        start = Start(touch="lifted", battery_pct=self.random.randint(50, 100), device=self.told.seed)
        return Scenario("soak", 1, seed=self.random.randrange(1 << 30), start=start)

    def _chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def _switch_on(self, sessions: int) -> None:
        random = self.random
        if self.told.starts and self._chance(UPDATE):
            self.firmware, self._other = self._other, self.firmware
            self.told.updates += 1
        n = min(random.randint(*AT_ONCE), sessions - self.told.done - self.told.broken)
        with Live(self._scenario(), self.flash, self.firmware, self._take) as live:
            cable = self._chance(CABLE) or not self.told.starts  # its bank has presets of a minute
            self._start(live, cable)
            if cable:
                self._computer(live)
                live.do("usb", False)
                live.run(500_000)
            heaps: list[int] = []
            self.told.heaps.append(heaps)
            trouble = random.randrange(n) if self._chance(CUT + FAULT + DIP) else -1
            for i in range(n):
                if not self._session(live, heaps, i == trouble):
                    break
            live.run(6_000_000)
            trace = live.finish()
        for block, times in trace.of("end")[-1].fields[0]["erased"].items():
            self.told.erased[int(block)] += times
        if trace.of("irq_error"):
            self.told.wrong.append(f"an interrupt raised: {trace.of('irq_error')[0].fields}")

    def _session(self, live: Live, heaps: list[int], trouble: bool) -> bool:
        """One minute of treatment, or what becomes of it. False: the device has to be switched on anew."""
        random = self.random
        self.logs.clear()
        self.cut = False
        if self.state == "DONE":
            self._press(live, "MODE")
        self._press(live, "PLUS", random.randint(2, 5))
        live.do("touch", random.choice(("good", "typical")))
        what = random.choices(("cut", "fault", "dip"), (CUT, FAULT, DIP))[0] if trouble else ""
        if what == "cut":
            live.do("cut_power_at_write", random.randint(1, 8))
        for i in range(4):
            live.run(15_000_000)
            if i == 1 and what == "fault":
                live.do("inject", random.choice(FAULTS))
            elif i == 2 and what == "dip":
                live.do("battery_pct", 5)
                live.run(random.randint(300_000, 1_500_000))
                live.do("battery_pct", 60)
            elif i == 1 and self._chance(50):
                live.do("lift", True)
                live.run(random.randint(50_000, 900_000))
                live.do("touch", "good")
        for _ in range(30):
            if self.state not in ("RAMP_UP", "TREAT", "PAUSED", "RAMP_DOWN", "ARMED"):
                break
            live.run(1_000_000)
        live.do("lift", True)
        live.run(6_000_000)  # the record is written once its sounds are over
        done = any(log["e"] == "session" and log["why"] == "ramped_down" for log in self.logs)
        heaps += [log["heap_free"] // POINTER_RATIO for log in self.logs if log["e"] == "counters"]
        recorded = any(log["e"] == "session" and log["counted_ms"] for log in self.logs)
        if self.cut:
            self.told.broken += 1
            return False
        self.told.recorded += recorded
        if done:
            self.told.done += 1
            return True
        self.told.broken += 1
        if what != "fault":
            ends = [log for log in self.logs if log["e"] in ("session", "fault", "state")][-4:]
            self.told.wrong.append(f"session {self.told.done + self.told.broken} did not finish: {ends}")
        return False

    def _press(self, live: Live, button: str, times: int = 1) -> None:
        for _ in range(times):
            live.do("hold", button)
            live.run(120_000)
            live.do("release", button)
            live.run(150_000)

    def _connected(self, live: Live) -> Client:
        live.heard.clear()
        begun = self.now
        client = Client(VirtualSerial(live), now=lambda: (begun + timedelta(microseconds=live.now_us)).timestamp())
        client.connect()
        return client

    def _computer(self, live: Live) -> None:
        """What people do with a cable."""
        random = self.random
        client = self._connected(live)
        if self._chance(BANK) or self.told.starts == 1:
            client.write_bank([canonical(preset) for preset in _presets(random)])
        if self._chance(SETTINGS):
            client.settings_write({"sound": random.choice(settings.SOUNDS), "haptic": random.random() < 0.5})
        live.run(random.randint(1_000_000, 60_000_000))
        said = client.device_info().clock
        truly = (self.now + timedelta(microseconds=live.now_us)).timestamp()
        self.told.clock_off_s.append(abs(truly - (said or 0)))

    def _look_at_end(self) -> None:
        told = self.told
        with Live(self._scenario(), self.flash, self.firmware, self._take) as live:
            self._start(live, True)
            client = self._connected(live)
            told.records = [record["n"] for record in client.journal("session")]
            told.counters = client.counters()
            told.lost = told.counters["journal_lost"]
            live.finish()
        _judge(told)


def _presets(random: Random) -> list[Any]:
    """The shipped ones, of a minute each, at another top."""
    found = []
    for preset in bank.shipped():
        document = json.loads(canonical(preset))
        document["zones"] = document["zones"][:4]
        for zone in document["zones"]:
            zone["duration_s"] = SESSION_S // 4
        document["top_ua"] = random.randint(50, document["top_ua"])
        found.append(build(document))
    random.shuffle(found)
    return found


def _judge(told: Soaked) -> None:
    wrong = told.wrong
    heaps = [heap for some in told.heaps for heap in some]
    if not heaps or min(heaps) < HEAP_FREE_MIN:
        wrong.append(f"heap: {min(heaps, default=0)} bytes free; at least {HEAP_FREE_MIN}")
    lost = [some[0] - some[-1] for some in told.heaps if len(some) > 2]
    if lost and sum(lost) / len(lost) > HEAP_LOST_MAX:
        wrong.append(
            f"heap: {sum(lost) / len(lost):.0f} bytes less at the end of a switching on; at most {HEAP_LOST_MAX}"
        )
    numbers = told.records
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))) if numbers else told.recorded:
        wrong.append(f"journal: its records are {numbers}")
    # A record whose write was cut may be there, or not.
    last = numbers[-1] if numbers else 0
    if not told.recorded <= last <= told.recorded + told.cuts:
        wrong.append(f"journal: {last} sessions; expected {told.recorded} to {told.recorded + told.cuts}")
    if len(numbers) < min(limits.JOURNAL_KEEP, told.recorded):
        wrong.append(f"journal: {len(numbers)} records; at least {min(limits.JOURNAL_KEEP, told.recorded)}")
    if told.lost:
        wrong.append(f"counters: journal_lost {told.lost}")
    if told.missed:
        wrong.append(f"counters: missed {told.missed}")
    if told.years < YEARS_MIN:
        wrong.append(f"flash: lasts {told.years:.0f} years; at least {YEARS_MIN}")
    if told.clock_off_s and max(told.clock_off_s) > CLOCK_OFF_S:
        wrong.append(f"clock: off by {max(told.clock_off_s):.1f} s; at most {CLOCK_OFF_S}")


def soak(seed: int, sessions: int) -> Soaked:
    """One drawn device's sessions. Raises SimulatorError, ToolError."""
    with tempfile.TemporaryDirectory(prefix="tonus-soak-") as folder:
        return _Device(seed, Path(folder) / "flash.img").live(sessions)


def told_of(one: Soaked) -> str:
    """A line of the table."""
    heaps = [heap for some in one.heaps for heap in some]
    return (
        f"device {one.seed}: {one.done} sessions finished, {one.broken} broken off, {one.starts} starts over "
        f"{one.days} days, {one.updates} updates, "
        f"{one.cuts} writes cut, {len(one.faults)} faults; heap {min(heaps)} to "
        f"{max(heaps)} free; journal up to {one.records[-1] if one.records else 0}, {len(one.records)} kept; ticks "
        f"missed {one.missed}; flash: {sum(one.erased.values())} erases of {len(one.erased)} blocks, of one at most "
        f"{max(one.erased.values(), default=0)}: {one.years:.0f} years at a session a day; clock within "
        f"{max(one.clock_off_s, default=0):.1f} s"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tonus_tools.campaign.soak", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--devices", type=int, default=DEVICES, help=f"how many, seeds from --first on ({DEVICES})")
    parser.add_argument("--sessions", type=int, default=SESSIONS, help=f"of each ({SESSIONS})")
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time (all cores)")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    seeds = range(options.first, options.first + options.devices)
    bad = False
    try:
        with ProcessPoolExecutor(options.jobs) as pool:
            for one in pool.map(soak, seeds, [options.sessions] * len(seeds)):
                print(told_of(one), flush=True)
                for line in one.wrong:
                    bad = True
                    print(f"BAD device {one.seed}: {line}", flush=True)
    except (ToolError, SimulatorError) as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    print(f"{(time.monotonic() - began) / 60:.1f} min")
    return BAD if bad else OK


if __name__ == "__main__":
    sys.exit(main())
