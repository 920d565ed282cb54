"""Eight weeks of a drawn person with one device: the firmware in the simulator, day by day, on one flash.

The person is drawn by a seed: misses days, is late, is hasty on one side, forgets the gel twice, sometimes asks a
computer before a session, so that the device knows the time, and sometimes not. What was truly done is worked out from
the electrodes (source.py), not from what the device says of it.

`python -m tonus_tools.sim.weeks --out FOLDER` plays whole sessions, and leaves the flash and what was done there:
`tonusctl sim --flash FOLDER/flash.img` is that device.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from tonus import bank
from tonus.preset import Preset, build, canonical

from ..ctl.client import Client
from ..world.boards import load_board
from ..world.parts import resolve
from .live import Live, VirtualSerial
from .measure import electrodes
from .scenario import Scenario, Start
from .source import Share, shares
from .trace import Record, Trace

WEEKS = 8
FIRST = date(2026, 9, 28)  # a Monday
BOARD = "tonus_r1"
STEP_US = 100_000
SWITCH_ON_US, PRESS_US, APART_US = 1_000_000, 120_000, 150_000
READY_US = 3_000_000
LONGEST_US = 20 * 60 * 1_000_000
TREATS = ("RAMP_UP", "TREAT")
DAY_OFF = 0.25  # of the days
SET_CLOCK = 0.65  # of the sessions
LATE_H = (19.0, 23.5)  # the hours at which the person gets to it
HASTY_S, AWAY_S = (2.5, 5.0), (0.4, 1.0)  # on the hasty side: from one lift to the next, and how long
DRY_S, GELLED_S = (1.5, 2.5), (2.0, 5.0)  # without gel: dry until noticed, and until it dries again
GEL_FORGOTTEN = 2


@dataclass
class Day:
    """A session as it truly was. zones: of the preset. dry: the gel was forgotten."""

    at: datetime
    dated: bool
    dry: bool
    level: int
    zones: list[Share] = field(default_factory=list)
    why: str = ""


@dataclass
class Weeks:
    """All of it. today: when the journal is read."""

    preset: Preset
    hasty: str  # the side
    days: list[Day]
    today: date


def play(folder: Path, seed: int, seconds: int = 0, weeks: int = WEEKS) -> Weeks:
    """Play the weeks on `folder`/flash.img; zones of Lift cut to so many seconds, 0: whole. SimulatorError."""
    random = Random(seed)
    preset = _preset(seconds)
    flash = folder / "flash.img"
    hasty = random.choice(("left", "right"))
    days = list(_days(random, weeks))
    errors = resolve(seed, {}, BOARD)
    with Live(_scenario(seed, True), flash) as live:
        live.run(2_000_000)
        client = _connected(live, days[0].at)
        client.write_bank([canonical(preset)])
    for day in days:
        trace = _session(flash, seed, day, preset, hasty, random)
        skin = electrodes(trace, load_board(BOARD).with_errors(errors))
        day.zones = shares(trace, skin, preset, BOARD, errors)
        (said,) = trace.logs_of("session")
        day.why = said.fields["why"]
    return Weeks(preset, hasty, days, FIRST + timedelta(weeks=weeks))


def journal(folder: Path, seed: int, today: date) -> tuple[list[dict[str, Any]], float]:
    """What the device says of it: the sessions' records, and the Unix time at which they were read."""
    now = datetime(today.year, today.month, today.day, 12)
    with Live(_scenario(seed, True), folder / "flash.img") as live:
        live.run(2_000_000)
        client = _connected(live, now)
        return list(client.journal("session")), now.timestamp()


def off(done: Weeks, records: list[dict[str, Any]]) -> tuple[float, float]:
    """By how many points the shares that the device tells are off at most: of a session, and of a place over all."""
    sessions = []
    places = [[0.0, 0.0, 0.0, 0.0] for _ in done.preset.zones]
    for day, record in zip(done.days, records, strict=True):
        delivered = sum(zone.delivered_nc for zone in day.zones)
        sessions.append(record["share_pct"] - 100 * delivered / sum(zone.reference_nc for zone in day.zones))
        for sums, true, (set_uc, its_uc) in zip(places, day.zones, record["charges"], strict=True):
            for i, value in enumerate((true.delivered_nc, true.reference_nc, its_uc, set_uc)):
                sums[i] += value
    of_places = [100 * its_uc / set_uc - 100 * part / whole for part, whole, its_uc, set_uc in places]
    return max(map(abs, sessions)), max(map(abs, of_places))


def _preset(seconds: int) -> Preset:
    document = json.loads(canonical(bank.shipped()[0]))
    for zone in document["zones"]:
        zone["duration_s"] = min(zone["duration_s"], seconds or zone["duration_s"])
    return build(document)


def _days(random: Random, weeks: int) -> Iterator[Day]:
    on = [FIRST + timedelta(days=i) for i in range(7 * weeks) if not i or random.random() >= DAY_OFF]
    dry = random.sample(range(1, len(on)), GEL_FORGOTTEN)
    for i, day in enumerate(on):
        minutes = round(60 * random.uniform(*LATE_H))
        at = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)
        yield Day(at, not i or random.random() < SET_CLOCK, i in dry, min(3 + i // 8, 7))


def _scenario(seed: int, usb: bool) -> Scenario:
    return Scenario("weeks", 1, board=BOARD, start=Start(usb=usb, battery_pct=80, device=seed, touch="lifted"))


def _connected(live: Live, at: datetime) -> Client:
    live.heard.clear()
    client = Client(VirtualSerial(live), now=lambda: at.timestamp())
    client.connect()
    return client


class _Heard:
    """What the device says: its state, and its zone from 1."""

    def __init__(self) -> None:
        self.state, self.zone = "", 0

    def take(self, record: Record) -> None:
        if record[0] == "log":
            log = record[2]
            if log.get("e") == "state":
                self.state = log["to"]
            elif log.get("e") == "zone":
                self.zone = log["n"]


@dataclass
class _Hand:
    """Fingers on the buttons, and an ear."""

    live: Live
    heard: _Heard

    def press(self, button: str, for_us: int = PRESS_US) -> None:
        self.live.do("hold", button)
        self.live.run(for_us)
        self.live.do("release", button)
        self.live.run(APART_US)


def _session(flash: Path, seed: int, day: Day, preset: Preset, hasty: str, random: Random) -> Trace:
    """One evening."""
    heard = _Heard()
    with Live(_scenario(seed, day.dated), flash, on_record=heard.take) as live:
        hand = _Hand(live, heard)
        if day.dated:
            live.run(2_000_000)
            _connected(live, day.at)
            live.do("usb", False)
            live.run(1_000_000)
        else:
            hand.press("MODE", SWITCH_ON_US)
            live.run(READY_US)
        for _ in range(day.level):
            hand.press("PLUS")
        live.do("touch", "dry" if day.dry else "good")
        _glide(hand, day, preset, hasty, random)
        live.run(8_000_000)  # the record is written once its sounds are over
        return live.finish()


def _glide(hand: _Hand, day: Day, preset: Preset, hasty: str, random: Random) -> None:
    """Until the device is done: lifts on the hasty side, gel that is missing and put on again."""
    live = hand.live
    begun_us = live.now_us
    lift_us = live.now_us + round(1e6 * random.uniform(*HASTY_S))
    gel_us = live.now_us + round(1e6 * random.uniform(*DRY_S))
    dry = day.dry
    while hand.heard.state != "DONE" and live.now_us < begun_us + LONGEST_US:
        live.run(STEP_US)
        if day.dry and live.now_us >= gel_us:
            dry = not dry
            live.do("touch", "dry" if dry else "good")
            gel_us = live.now_us + round(1e6 * random.uniform(*(DRY_S if dry else GELLED_S)))
        zone = preset.zones[hand.heard.zone - 1] if hand.heard.zone else preset.zones[0]
        if live.now_us >= lift_us and hand.heard.state in TREATS:
            lift_us = live.now_us + round(1e6 * random.uniform(*HASTY_S))
            if zone.side == hasty:
                live.do("lift", True)
                live.run(round(1e6 * random.uniform(*AWAY_S)))
                live.do("touch", "dry" if dry else "good")


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tonus_tools.sim.weeks", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--seed", type=int, default=1, help="whose weeks, with which device (1)")
    parser.add_argument("--seconds", type=int, default=0, help="cut every zone to so many seconds; 0: whole (0)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the flash and what was done (out)")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "flash.img").unlink(missing_ok=True)
    done = play(options.out, options.seed, options.seconds)
    records, _ = journal(options.out, options.seed, done.today)
    (options.out / "journal.json").write_text(json.dumps({"sessions": records}, indent=1) + "\n", encoding="utf-8")
    truth = [asdict(day) | {"at": day.at.isoformat()} for day in done.days]
    text = json.dumps({"hasty": done.hasty, "today": done.today.isoformat(), "days": truth}, indent=1)
    (options.out / "weeks.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(done.days)} sessions, hasty on the {done.hasty}, in {options.out}")
    session, place = off(done, records)
    print(f"told and truly delivered: at most {session:.1f} points apart in a session, {place:.1f} in a place")
    return 0


if __name__ == "__main__":
    sys.exit(main())
