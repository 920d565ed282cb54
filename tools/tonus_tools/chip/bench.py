"""`make bench`: what the firmware does on the emulated RP2040, in figures. README.md says how each is measured.

Prints a table and writes out/bench.json. Figures, not tests: nothing fails here but a measurement that cannot be made.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rp2040py.gpio_pin import GPIOPinState
from tonus import bank, limits, preset

from ..ctl.client import Client
from ..ending import guarded
from ..errors import ToolError
from ..image import micropython
from ..image.build import build
from ..image.filesystem import files
from ..output import Output, note
from ..sim import live as simulated
from ..sim.scenario import DEFAULT_BOARD, Scenario, Start
from ..sim.trace import Trace
from .branch import Branch
from .live import Live

T = TypeVar("T")
OUT = Path("out")

# Pulse rate (Hz), phase (us) and how long to play (us): what is slow is played for two periods and a ramp.
RATES = ((0.3, 20_000, 7_600_000), (8.3, 10_000, 1_500_000), (80, 500, 900_000), (300, 500, 800_000))
LOADS = {"idle": "sleep_ms(10)", "busy": "[str(i) for i in range(50)]", "collecting": "gc.collect()"}
SETTLED_US = 560_000  # the shortest ramp, from the first word on
EVENTS = 8  # of each kind, at random moments of a pulse
STEP_US = 200_000  # stepped instruction by instruction
BODY_MEAN_US, BODY_WORST_US = 85, 140  # of the pulse loop
AROUND_US = 28  # of a tick interrupt, before its body and after: sim/target/cost.py, TICK_ENTRY_US and TICK_EXIT_US

# The firmware's own pulse loop with nothing around it but a load.
PLAY = """
import board, gc
from time import sleep_ms
from tonus import preset, program, pulse, stage
from tonus.debounce import Contacts
p = pulse.Pulse(stage.Stage(board), program.compile_probe(board), 0, Contacts(0, 0, 0, None))
w = preset.parse({document!r}).zones[0].waveform
p.start()
p.treat(program.compile(w, 400, board), 10, 500)
while True:
    {load}
"""
COUNTERS = 'print("counters", p.late, p.missed, p.worst_us, p.unseen)'


@dataclass(frozen=True)
class Figure:
    """One row. `limit`: what it must not pass, None when nothing was promised."""

    name: str
    value: float
    unit: str
    how: str
    limit: float | None = None
    least: bool = False  # the limit is the least it may be


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; exit code 0, or 2 when it cannot be done."""
    parts = {part.__name__[1:]: part for part in (_image, _boot, _loop, _latencies, _push, _heap, _rates)}
    parser = argparse.ArgumentParser(
        prog="python -m tonus_tools.chip.bench", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("part", nargs="*", help=f"{', '.join(parts)}; all when none is named")
    wanted = parser.parse_args(arguments).part
    for name in wanted:
        if name not in parts:
            parser.error(f"there is no part {name!r}: {', '.join(parts)}")
    try:
        micropython.load()
        found: list[Figure] = []
        for part in [parts[name] for name in wanted] or parts.values():
            note(f"{(part.__doc__ or '').splitlines()[0]} ...")
            found += part()
    except ToolError as error:
        note(f"error: {error}")
        return 2
    rows = [(f.name, f"{f.value:.6g}", f.unit, _limit(f), f.how) for f in found]
    Output().table(("figure", "value", "unit", "allowed", "how"), rows, right=("value",))
    OUT.mkdir(exist_ok=True)
    path = OUT / "bench.json"
    path.write_text(json.dumps([asdict(figure) for figure in found], indent=2) + "\n", encoding="utf-8")
    note(f"{path} has the same")
    return 0


def _limit(figure: Figure) -> str:
    if figure.limit is None:
        return ""
    kept = figure.value >= figure.limit if figure.least else figure.value <= figure.limit
    return f"{'>=' if figure.least else '<='} {figure.limit:g}{'' if kept else ' BROKEN'}"


def _image() -> list[Figure]:
    """Image"""
    image = build(DEFAULT_BOARD, micropython.load(), files(DEFAULT_BOARD))
    flash = image.manifest["flash"]
    code = sum(file["size"] for file in image.manifest["files"])
    return [
        Figure("image", len(image.uf2), "bytes", "the UF2"),
        Figure("files on the device", code, "bytes", "manifest"),
        Figure("file system in use", flash["filesystem_bytes"], "bytes", "manifest", flash["filesystem_bytes_max"]),
    ]


def _boot() -> list[Figure]:
    """Power-up"""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "flash.img"
        found = []
        for name in ("first power-up", "power-up"):
            with Live(_scenario(), kept) as live:
                live.do("hold", "MODE")
                live.run(2_400_000)
                trace = live.finish()
            powered = trace.of("power")[0].t_us
            ready = next(change.t_us for change in trace.states if change.to == "STANDBY")
            how = "supply to STANDBY, self-test passed, shipped presets" + (", blank /data" if "first" in name else "")
            found.append(Figure(f"{name} to STANDBY", (ready - powered) / 1000, "ms", how, 800))
        return found


def _rates() -> list[Figure]:
    """Pulses: every rate under every load"""
    safe = Live(Scenario("bench", 1, start=Start(usb=True, touch="500")))
    safe.do("hold", "MINUS")
    safe.run(400_000)
    safe.send(b"\x01")
    safe.run(50_000)
    jobs = [(rate, phase, us, load) for rate, phase, us in RATES for load in LOADS]
    results = _both(jobs, lambda job: _played(safe, *job))
    found: list[Figure] = []
    missed = late = worst = 0
    for (rate, _, us, load), edges in zip(jobs, results, strict=True):
        starts, widths, wanted_ns, counters = edges
        gaps = np.diff(starts)
        label = f"{rate:g} Hz, {load}"
        how = f"edges in the PIO's clock, {len(starts)} pulses of {us / 1e6:g} s"
        found.append(Figure(f"start jitter p-p, {label}", float(np.ptp(gaps)) / 1000, "us", how, 1.0))
        found.append(Figure(f"start jitter SD, {label}", float(np.std(gaps)) / 1000, "us", how))
        error = np.abs(widths - wanted_ns).max() / 1000
        found.append(Figure(f"phase width error, {label}", float(error), "us", how, 1.0))
        forward, reverse = widths[0::2], widths[1::2]
        n = min(len(forward), len(reverse))
        unbalanced = float((100 * np.abs(forward[:n] - reverse[:n]) / forward[:n]).max())
        found.append(Figure(f"cycle imbalance, {label}", unbalanced, "%", how + "; same code in both phases", 0.05))
        late, missed, worst = late + counters[0], missed + counters[1], max(worst, counters[2])
    how = "the firmware's own counters, all rates and loads together"
    found.append(Figure("missed ticks", missed, "", how, 0))
    found.append(Figure("late ticks", late, "", how))
    found.append(Figure("pulse-loop body, worst", worst, "us", how, BODY_WORST_US))
    return found


def _played(safe: Live, rate: float, phase_us: int, us: int, load: str) -> tuple[Any, Any, float, tuple[int, ...]]:
    """(pulse starts ns, widths of all phases ns, wanted width ns, late missed worst unseen), after the ramp."""
    w = {"kind": "biphasic", "rate_hz": rate, "phase_us": phase_us, "gap_us": 100}
    zone = {"region": "jaw", "side": "left", "duration_s": 60, "cue_s": 5, "waveform": w}
    document = {"schema": 2, "id": "b", "name": "b", "top_ua": 400, "ramp_ms": 500, "zones": [zone]}
    ups: list[tuple[float, float, int]] = []
    device = safe.device
    began: dict[str, float] = {}

    def listen(role: str, direction: int) -> None:
        def changed(now: GPIOPinState, before: GPIOPinState) -> None:
            at = device._pio.edge_ns
            if now is GPIOPinState.HIGH:
                began[role] = at
            elif before is GPIOPinState.HIGH and role in began:
                ups.append((began.pop(role), at, direction))

        device._gpio[role].add_listener(changed)

    listen("EL_A", 1)
    listen("EL_B", -1)
    safe.send(PLAY.format(document=json.dumps(document), load=LOADS[load]).encode() + b"\x04")
    safe.run(100_000)
    first = safe.now_us
    safe.run(us)
    safe.heard.clear()
    safe.send(b"\x03" + COUNTERS.encode() + b"\x04")
    for _ in range(20):
        safe.run(50_000)
        if b"counters" in safe.heard:
            break
    said = bytes(safe.heard).split(b"counters")[1].split()[:4]
    rest = [edge for edge in ups if edge[0] >= (first + (0 if rate < 1 else SETTLED_US)) * 1000]
    # A probe in a slow rate's rest is 2 ms wide; the pulses are what is of the width that was asked for.
    pulses = [edge for edge in rest if abs(edge[1] - edge[0] - 2_000_000) > 1000 or phase_us == 2000]
    while pulses and pulses[0][2] < 0:
        pulses.pop(0)
    starts = np.array([edge[0] for edge in pulses if edge[2] > 0])
    widths = np.array([edge[1] - edge[0] for edge in pulses])
    return starts, widths[: len(widths) // 2 * 2], phase_us * 1000.0, tuple(int(word) for word in said)


def _loop() -> list[Figure]:
    """Pulse loop: instruction by instruction"""
    tick, sample, interval, interrupts, busy = _stepped(_treating())
    how = f"instructions counted, {STEP_US // 1000} ms of an 80 Hz treatment, entry and exit included"
    found = [
        Figure("tick interrupt, mean", statistics.mean(tick), "us", how),
        Figure("tick interrupt, worst", max(tick), "us", how),
        *_bodies("80 Hz", tick, how),
        Figure("sample interrupt, mean", statistics.mean(sample), "us", how),
        Figure("sample interrupt, worst", max(sample), "us", how),
        Figure("tick interval, p-p", float(np.ptp(interval)), "us", how),
        Figure("processor share, interrupts", interrupts, "%", how),
        Figure("processor share, all", busy, "%", how),
    ]
    for name, about, live, presses in (
        ("long phases", "Firm, 500 ms a phase", _treating(presses=1, wait_us=1_500_000), 0),
        ("buttons moving", "80 Hz, all three buttons chattering", _treating(), 60),
        ("both", "Firm, all three buttons chattering", _treating(presses=1, wait_us=1_500_000), 60),
    ):
        tick = _stepped(live, presses)[0]
        found += _bodies(name, tick, f"instructions counted, {STEP_US // 1000} ms: {about}")
    return found


def _bodies(name: str, tick: list[float], how: str) -> list[Figure]:
    """Of ticks, what the firmware's own counter measures: the interrupt less what comes before and after."""
    return [
        Figure(f"pulse-loop body, {name}, mean", statistics.mean(tick) - AROUND_US, "us", how, BODY_MEAN_US),
        Figure(f"pulse-loop body, {name}, worst", max(tick) - AROUND_US, "us", how, BODY_WORST_US),
    ]


def _stepped(live: Live, presses: int = 0) -> tuple[list[float], list[float], Any, float, float]:
    """(ticks us, samples us, intervals us, % of the time in interrupts, % busy), with so many edges of the buttons, in
    turn: all three chatter.
    """
    core, clock = live.device.mcu.core, live.device.mcu.clock
    ticks: list[float] = []
    spans: dict[int, list[float]] = {}
    busy = 0.0
    now, since = 0, 0.0
    edges = [(clock.nanos + STEP_US * 1000 * (i + 0.37) / presses, i) for i in range(presses)]
    end = clock.nanos + STEP_US * 1000
    start = clock.nanos
    while clock.nanos < end:
        if edges and clock.nanos >= edges[0][0]:
            turn = edges.pop(0)[1]
            live.do("release" if turn // 3 % 2 else "hold", ("MODE", "PLUS", "MINUS")[turn % 3])
        if core.waiting:
            clock.tick(clock.nanos_to_next_alarm)
            continue
        cycles = core.execute_instruction()
        clock.tick(cycles * 8.0)
        busy += cycles * 8.0
        if core.ipsr != now:
            if now:
                spans.setdefault(now, []).append((clock.nanos - since) / 1000)
            now, since = core.ipsr, clock.nanos
            if now == _TIMER_IRQ:
                ticks.append(clock.nanos / 1000)
    whole = (clock.nanos - start) / 1000
    tick, sample = spans[_TIMER_IRQ], spans.get(_PIO_IRQ, [0.0])
    return tick, sample, np.diff(np.array(ticks)), 100 * (sum(tick) + sum(sample)) / whole, 100 * busy / 1000 / whole


_BLOCK = 16  # bytes: the least that a session could lose
_TIMER_IRQ = 16 + 3
_PIO_IRQ = 16 + 7


def _latencies() -> list[Figure]:
    """Reactions at the electrodes"""
    live = _treating()
    events = {
        "lift": ("lift", True, 2 * 1000 / 80),
        "USB": ("usb", True, limits.USB_MS),
        "fault": ("inject", "overcurrent", limits.FAULT_MS),
        "button": ("hold", "MODE", limits.STOP_MS),
    }
    rng = random.Random(1)
    jobs = [(name, rng.randrange(25_000)) for name in events for _ in range(EVENTS)]

    def react(job: tuple[str, int]) -> float:
        action, value, _ = events[job[0]]
        live.run(job[1])
        at = live.now_us
        live.do(action, value)
        live.run(60_000)
        trace = live.finish()
        driven = trace.phases.end_us[trace.phases.code > 64]
        return max(0.0, float(driven.max() - at) / 1000)

    took = _both(jobs, react)
    found = []
    for name, (_, _, limit) in events.items():
        worst = max(ms for job, ms in zip(jobs, took, strict=True) if job[0] == name)
        how = f"event to the end of the last driven phase, worst of {EVENTS} at random moments, 80 Hz"
        found.append(Figure(f"{name} to off", worst, "ms", how, limit))
    return found


def _push() -> list[Figure]:
    """Presets over USB"""
    texts = [preset.canonical(shipped) for shipped in bank.shipped()]
    sixteen = [text.replace('"id":"', f'"id":"{chr(97 + i)}-', 1) for i in range(4) for text in texts]

    def push(device: simulated.Running) -> float:
        device.do("usb", True)
        device.run(200_000)
        device.heard.clear()
        client = Client(simulated.VirtualSerial(device))
        client.connect()
        before = device.now_us
        client.write_bank(sixteen)
        return (device.now_us - before) / 1000

    chip = _standby()
    on_chip = Branch(lambda: push(chip)).result()
    with simulated.Live(_scenario()) as sim:
        sim.do("hold", "MODE")
        sim.run(800_000)
        sim.do("release", "MODE")
        sim.run(1_200_000)  # until it has tested itself
        in_simulator = push(sim)
    how = f"16 presets, {sum(map(len, sixteen))} characters: begin to read back"
    return [
        Figure("presets pushed, chip", on_chip, "ms", how),
        Figure("presets pushed, simulator", in_simulator, "ms", how, 2000),
    ]


def _heap() -> list[Figure]:
    """Heap"""
    live = _treating()
    live.do("hold", "MODE")
    live.run(200_000)
    first = _heap_free(live)
    live.do("release", "MODE")
    for _ in range(3):
        live.run(100_000)
        live.do("hold", "PLUS")
        live.run(60_000)
        live.do("release", "PLUS")
        live.run(700_000)
        live.do("hold", "MODE")
        live.run(150_000)
        live.do("release", "MODE")
    last = _heap_free(live)
    how = "collected, as a session ends: all that it holds is still there"
    sim = _hundred()
    half = len(sim) // 2  # some turns of the journal, which grows until it is written anew
    lost = statistics.median(sim[:half]) - statistics.median(sim[half:])
    return [
        Figure("heap free, treating", first, "bytes", f"chip; {how}", 110_000, True),
        Figure("heap lost over three more sessions", first - last, "bytes", "chip; the same, later"),
        Figure("heap lost over fifty sessions", lost, "bytes", "simulator; medians of fifty and fifty", _BLOCK * half),
    ]


def _hundred() -> list[int]:
    """heap_free after each of a hundred sessions in the simulator."""
    found: list[int] = []

    def take(record: list[Any]) -> None:
        if record[0] == "log" and record[2]["e"] == "counters":
            found.append(record[2]["heap_free"])

    with simulated.Live(_scenario(), on_record=take) as sim:
        sim.do("hold", "MODE")
        sim.run(1_000_000)
        sim.do("release", "MODE")
        sim.run(200_000)
        for _ in range(101):
            for button, us in (("PLUS", 3_000_000), ("MODE", 1_000_000)):
                sim.do("hold", button)
                sim.run(100_000)
                sim.do("release", button)
                sim.run(us)
    return found[1:]


def _heap_free(live: Live) -> int:
    """Of the counters that the last session left."""
    return int(_finished(live).logs_of("counters")[-1].fields["heap_free"])


def _finished(live: Live) -> Trace:
    """The trace so far, of a device that goes on."""
    return Branch(live.finish).result()


def _scenario() -> Scenario:
    return Scenario("bench", 1, start=Start(touch="good"))


def _standby() -> Live:
    """A device in STANDBY, with the shipped presets."""
    live = Live(_scenario())
    live.do("hold", "MODE")
    live.run(2_150_000)
    live.do("release", "MODE")
    live.run(100_000)
    return live


def _treating(presses: int = 0, wait_us: int = 0) -> Live:
    """A device that treats at level 4, its ramp over: Lift, 80 Hz; another preset after so many presses of MODE."""
    live = _standby()
    for _ in range(presses):
        live.do("hold", "MODE")
        live.run(60_000)
        live.do("release", "MODE")
        live.run(200_000)
    for _ in range(4):
        live.do("hold", "PLUS")
        live.run(60_000)
        live.do("release", "PLUS")
        live.run(60_000)
    live.run(2_400_000 + wait_us)
    return live


def _both(jobs: list[Any], work: Callable[[Any], T]) -> list[T]:
    """What `work` makes of each job, in processes of their own, two at a time."""

    def results() -> Iterator[T]:
        for i in range(0, len(jobs), 2):
            for branch in [Branch(partial(work, job)) for job in jobs[i : i + 2]]:
                yield branch.result()

    return list(results())


if __name__ == "__main__":
    sys.exit(guarded(main))
