"""Look for a sequence of cuts that puts more charge through the electrodes than may be.

`python -m tonus_tools.sim.search` plays 20 000 of them; `--without-account` shows that it can find one.

A sequence is a device 10 % high or low, one to three zones that the validator accepts, often at the edge of what it
does, and what happens in some seconds of them: lifts of 1 to 600 ms, returns, stops, levels, zones, blips of the cable,
each at any microsecond. Half of the sequences are drawn anew, half are one of the worst so far with a thing changed.
Some do the same again and again for a whole minute: what one cut leaves over, DC would need many times. Each is played
on the firmware's own pulse loop in the simulator (target/seek.py), and measured at the electrodes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tonus import limits, preset
from tonus.fields import FieldError

from ..ending import guarded
from ..world.boards import BOARDS, FIRMWARE
from .runner import TARGET, SimulatorError, last_words, micropython
from .scenario import DEFAULT_BOARD

WORST = 100  # so many are kept: tests/sim/worst_cuts.json has those that were found
WORST_DC = 20  # of them, by the DC over a minute
BATCH = 25  # sequences of one process
HEAP_KB = 1600
WALL_S = 600
# The parts that make a device 10 % high or low: by a resistor, which its sense does not see, or by its DAC, which it
# does; and whole ones.
DEVICES: tuple[dict[str, int], ...] = (
    {},
    {"rset_ppm": -90_909},
    {"rset_ppm": 111_111},
    {"dac_gain_ppm": 100_000},
    {"dac_gain_ppm": -100_000},
)
CABLE_US = 40_000
PARENTS = 25  # of the worst, by either measure, that are changed further
MINUTE_US = limits.DC_WINDOW_MS * 1000
AGAIN = 0.08  # so many of those drawn do the same again and again for a minute, as DC would need

Drawn = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """What a sequence did at the electrodes: the worst account (uC) and when, the DC over a minute (uA), phases, starts
    of output, and the number of the cut it ended with; from faults.LATCH on, a fault."""

    sequence: Drawn
    account_uc: float
    t_us: int
    dc_ua: float
    phases: int
    starts: int
    cut: int

    @property
    def broken(self) -> bool:
        """Past CHARGE_MAX_NC, past DC_MAX_UA, or ended by a fault though nothing was broken."""
        too_much = self.account_uc > limits.CHARGE_MAX_NC / 1000 or self.dc_ua > limits.DC_MAX_UA
        return too_much or self.cut >= 10


def play(sequences: Sequence[Drawn], account: bool = True, firmware: Path = FIRMWARE) -> list[Found]:
    """Play sequences, in order. account: False takes the account of charge out of the firmware. SimulatorError."""
    with tempfile.TemporaryDirectory(prefix="tonus-search-") as folder:
        config = Path(folder) / "config.json"
        config.write_text(json.dumps({"sequences": list(sequences), "account": account}), encoding="utf-8")
        where = {"TONUS_FIRMWARE": str(firmware), "TONUS_BOARD": str(BOARDS / DEFAULT_BOARD)}
        command = [*micropython(), "-X", f"heapsize={HEAP_KB}K", str(TARGET / "seek.py"), str(config)]
        try:
            done = subprocess.run(
                command, capture_output=True, encoding="utf-8", env=os.environ | where, timeout=WALL_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise SimulatorError(f"sequences took longer than {WALL_S} s") from error
    if done.returncode:
        raise SimulatorError(last_words(done.returncode, (done.stdout + done.stderr).splitlines()))
    found = []
    for sequence, line in zip(sequences, done.stdout.splitlines(), strict=True):
        uc, t_us, range_uc, phases, starts, cut = line.split()
        dc_ua = float(range_uc) * 1000 / limits.DC_WINDOW_MS
        found.append(Found(sequence, float(uc), int(t_us), dc_ua, int(phases), int(starts), int(cut)))
    return found


def draw(rng: random.Random) -> Drawn:
    """A sequence."""
    zones = [_zone(rng) for _ in range(rng.choice((1, 1, 2, 3)))]
    again = rng.random() < AGAIN
    until = rng.randrange(700_000, 5_000_000) if again else rng.randrange(4_000_000, 12_000_000)
    do: list[tuple[int, str, Any]] = []
    for _ in range(rng.randrange(1, 4) if again else rng.randrange(1, 12)):
        do += _event(rng, until, len(zones))
    if again:
        do = [(t + n * until, action, value) for n in range(MINUTE_US // until + 1) for t, action, value in do]
        until = MINUTE_US
    start: Drawn = {"errors": rng.choice(DEVICES)}
    if rng.random() < 0.2:
        start["bounce_ms"] = rng.randrange(1, 30)
    return {
        "seed": rng.randrange(1 << 30),
        "touch": rng.choice(("good", "typical", "500", "2k")),
        "start": start,
        "zones": zones,
        "level": rng.choice((10, 10, 10, rng.randrange(1, 11))),
        "ramp": rng.choice((500, 500, 1000, 3000)),
        "until": until,
        "do": sorted(do),
    }


def _event(rng: random.Random, until: int, zones: int) -> list[tuple[int, str, Any]]:
    t = rng.randrange(500_000, until)
    kind = rng.choice(("lift", "lift", "lift", "lift", "stop", "level", "zone", "usb"))
    if kind == "lift":
        back = t + rng.choice((rng.randrange(1000, 600_000), rng.randrange(1000, 30_000)))
        return [(t, "lift", True), (back, "touch", rng.choice(("good", "typical", "500")))]
    if kind == "usb":
        return [(t, "usb", True), (t + rng.randrange(100, CABLE_US), "usb", False)]
    if kind == "level":
        return [(t, "level", rng.randrange(1, 11))]
    return [(t, "zone", rng.randrange(zones))] if kind == "zone" else [(t, "stop", True)]


def _zone(rng: random.Random) -> tuple[int, Drawn]:
    """(top current, waveform) that the validator accepts: mostly about as much charge in one direction as may be."""
    while True:
        top_ua = rng.choice((90, 500, rng.randrange(limits.TOP_MIN_UA, limits.FIRMWARE_CEILING_UA + 1)))
        share = rng.choice((1.0, 1.0, 1.0, rng.random()))
        w: Drawn = {"kind": rng.choice(("biphasic", "biphasic", "alternating", "swept", "modulated"))}
        one_way_us = int(limits.CHARGE_ONE_WAY_NC * 1000 * share / top_ua)
        if w["kind"] == "alternating":
            w["burst_pulses"] = rng.choice((1, 2, rng.randrange(1, 201)))
            w["phase_us"] = min(one_way_us // w["burst_pulses"], limits.PHASE_MAX_US)
            pulse_us = w["phase_us"] + limits.REST_MIN_US
        else:
            w["phase_us"] = min(one_way_us, limits.PHASE_MAX_US)
            w["gap_us"] = rng.choice((limits.GAP_MIN_US, rng.randrange(limits.GAP_MIN_US, limits.GAP_MAX_US + 1)))
            pulse_us = 2 * w["phase_us"] + w["gap_us"] + limits.REST_MIN_US
        fastest = min(limits.RATE_MAX_DHZ, 10_000_000 // max(pulse_us, 1))
        if fastest < limits.RATE_MIN_DHZ:
            continue
        w["rate_hz"] = rng.choice((fastest, fastest, rng.randrange(limits.RATE_MIN_DHZ, fastest + 1))) / 10
        if w["kind"] == "swept":
            w |= {"rate_to_hz": rng.randrange(limits.RATE_MIN_DHZ, fastest + 1) / 10, "sweep_s": rng.randrange(1, 10)}
        if w["kind"] == "modulated":
            w["envelope"] = {"shape": "sine", "period_ms": 2 * rng.randrange(500, 3000), "depth_pct": 50}
        try:
            preset._waveform(w, "", top_ua)
        except FieldError:
            continue
        return top_ua, w


def change(rng: random.Random, sequence: Drawn) -> Drawn:
    """The same with a thing or two changed."""
    changed: Drawn = json.loads(json.dumps(sequence))
    do = changed["do"]
    for _ in range(rng.randrange(1, 4)):
        what = rng.random()
        if what < 0.6 and do:
            i = rng.randrange(len(do))
            shift = rng.choice((10, 300, 3000, 30_000, 300_000))
            do[i][0] = max(500_000, min(do[i][0] + rng.randrange(-shift, shift + 1), changed["until"]))
        elif what < 0.75:
            do += [list(event) for event in _event(rng, changed["until"], len(changed["zones"]))]
        elif what < 0.85:
            changed["start"]["errors"] = rng.choice(DEVICES)
        elif what < 0.95:
            changed["level"] = 10
        else:
            changed["seed"] = rng.randrange(1 << 30)
    do.sort(key=lambda event: event[0])
    return changed


def search(
    count: int, seed: int, account: bool = True, jobs: int = 1, change_them: bool = True
) -> Iterator[list[Found]]:
    """Play `count` sequences in batches; each batch as it is done."""
    rng = random.Random(seed)
    worst: list[Found] = []
    with ThreadPoolExecutor(jobs) as pool:
        left = count
        while left > 0:
            batches = []
            for _ in range(jobs):
                n = min(BATCH, left)
                left -= n
                batches.append([_next(rng, worst if change_them else []) for _ in range(n)])
            for found in pool.map(lambda batch: play(batch, account), [batch for batch in batches if batch]):
                worst = most([*worst, *found], PARENTS, PARENTS)
                yield found


def most(found: Sequence[Found], by_account: int, by_dc: int) -> list[Found]:
    """The worst of them: so many by the account, and so many of the others by the DC."""
    ranked = sorted(found, key=lambda one: -one.account_uc)
    return ranked[:by_account] + sorted(ranked[by_account:], key=lambda one: -one.dc_ua)[:by_dc]


def _next(rng: random.Random, worst: list[Found]) -> Drawn:
    if worst and rng.random() < 0.5:
        return change(rng, rng.choice(worst).sequence)
    return draw(rng)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when nothing was found, 1 when something was, 2 when it cannot be played."""
    parser = argparse.ArgumentParser(prog="python -m tonus_tools.sim.search", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--sequences", type=int, default=20_000, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at a time (%(default)s)")
    parser.add_argument("--without-account", action="store_true", help="take the account out of the firmware first")
    parser.add_argument("--keep", type=Path, help=f"write the {WORST} worst to this file")
    options = parser.parse_args(arguments)
    kept: list[Found] = []
    done = phases = starts = broken = 0
    began = told = time.monotonic()
    try:
        for found in search(options.sequences, options.seed, not options.without_account, options.jobs):
            done += len(found)
            phases += sum(one.phases for one in found)
            starts += sum(one.starts for one in found)
            for one in found:
                if one.broken:
                    broken += 1
                    if broken <= 5:
                        print(f"{one.account_uc:.2f} uC, {one.dc_ua:.2f} uA, cut {one.cut}: {json.dumps(one.sequence)}")
            kept = most([*kept, *found], WORST - WORST_DC, WORST_DC)
            if time.monotonic() - told > 30:
                told = time.monotonic()
                print(f"{done} sequences, worst {kept[0].account_uc:.2f} uC, {broken} broken", file=sys.stderr)
                _keep(kept, options.keep)
    except SimulatorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    took = time.monotonic() - began
    print(f"{done} sequences, {starts} starts, {phases} phases in {took:.0f} s; broken: {broken}")
    print(f"account at most {kept[0].account_uc:.2f} uC, allowed {limits.CHARGE_MAX_NC / 1000:g}")
    print(f"DC over a minute at most {max(one.dc_ua for one in kept):.2f} uA, allowed {limits.DC_MAX_UA}")
    _keep(kept, options.keep)
    return 1 if broken else 0


def _keep(worst: Sequence[Found], path: Path | None) -> None:
    if path:
        lines = ",\n".join(json.dumps(one.sequence, separators=(",", ":")) for one in worst)
        path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(guarded(main))
