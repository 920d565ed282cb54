"""The kinds of single faults, and how one of each is drawn.

A fault is what happens to the device from some moment on: actions of a scenario, most of them one `inject`, with a list
of world/breaks.py or target/breaks_chip.py. Of a kind that has a countable number of cases, one after the other is
played.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

Deed = tuple[int, str, Any]  # us after the fault's moment, action, its value

ROLES = (
    "EL_A", "EL_B", "LDAC", "STAGE_ALIVE", "STAGE_FAULT_N", "DAC_CS", "DAC_SCK", "DAC_MOSI", "VBUS_SENSE", "POWER_HOLD",
    "MODE", "PLUS", "MINUS", "SMPS_PWM", "LEVEL_1", "LEVEL_2", "LEVEL_3", "LEVEL_4", "LEVEL_5", "MODE_1", "MODE_2",
    "MODE_3", "MODE_4", "CONTACT", "BEEPER", "HAPTIC",
)  # fmt: skip
CHANNELS = ("CURRENT_SENSE", "SINK_SENSE", "RAIL_SENSE", "BATTERY_SENSE", "TEMPERATURE")
INSTRUCTIONS = 12  # that the PIO's program has
TASKS = 8  # that the firmware makes: supervisor, panel, contact, session, link, power, self-test, presets
PARTS = (
    "rail_dead", "rail_stuck", "dac_full_scale", "sense_open", "short_open", "battery_sense_open", "rset_low",
    "sense_offset", "dac_low", "dac_high", "sense_low", "switch_welded", "line_stuck", "pio_stuck", "spi_error",
    "timer_dead", "task_dies", "main_hangs",
)  # fmt: skip
REGISTERS = ("X", "Y", "OSR", "PC", "PINS", "TARGET", "WRAP", "DIVIDER", "ENABLE")


@dataclass(frozen=True)
class Fault:
    """One fault: its kind, its case in words, and what happens. flash: seed of what has rotten on it, or None."""

    kind: str
    case: str
    deeds: tuple[Deed, ...] = ()
    flash: int | None = None


@dataclass(frozen=True)
class Kind:
    """`share` of 60 runs; `draw` makes the nth. chip: the emulated RP2040 can be broken so, too."""

    name: str
    what: str
    share: int
    draw: Callable[[int, Random], Fault]
    chip: bool = False


def _inject(kind: str, value: Any) -> Fault:
    case = value if isinstance(value, str) else " ".join(str(part) for part in value[1:])
    return Fault(kind, case, ((0, "inject", value),))


def _one_of(kind: str, cases: Sequence[Any]) -> Callable[[int, Random], Fault]:
    """The nth of these, in an order that is no order: a run's other draws must not go with it."""
    shuffled = list(cases)
    Random(kind).shuffle(shuffled)
    return lambda n, random: _inject(kind, shuffled[n % len(shuffled)])


def _reading(n: int, random: Random) -> Fault:
    hows = [("stuck", 0), ("halved", 0), ("noisy", 0)]
    hows += [(how, bit) for how in ("low", "high") for bit in range(12)]
    cases = list(product(CHANNELS, hows))
    Random("reading").shuffle(cases)
    channel, (how, value) = cases[n % len(cases)]
    if how == "stuck":
        value = random.choice((0, 4095, random.randrange(4096), random.randrange(600)))
    elif how == "noisy":
        value = random.choice((20, 100, 500, 2000))
    return _inject("reading", ["reading", channel, how, value])


def _pio(n: int, random: Random) -> Fault:
    return _inject("register", ["pio", REGISTERS[n % len(REGISTERS)], random.randrange(32)])


def _tick(n: int, random: Random) -> Fault:
    how = ("late", "lost", "doubled")[n % 3]
    most = {"late": 50, "lost": 40, "doubled": 50}[how]
    return _inject("tick", ["tick", how, random.choice((1, 2, random.randint(1, most))), random.randint(50, 5000)])


def _task(n: int, random: Random) -> Fault:
    how = ("late", "stopped", "raises")[n % 3]
    return _inject("task", ["task", n // 3 % TASKS, how, random.choice((50, 300, 1500, 3000))])


def _cell(n: int, random: Random) -> Fault:
    if n % 2:
        return Fault("cell", "out", ((0, "battery_pct", 0),))
    deeds = []
    pct, at = random.randint(8, 30), 0
    while pct > 0 and at < 3_000_000:
        deeds.append((at, "battery_pct", pct))
        at += random.randint(50_000, 800_000)
        pct -= random.randint(1, 12)
    return Fault("cell", "sags", tuple(deeds))


def _cable(n: int, random: Random) -> Fault:
    deeds = []
    at, plugged = 0, False
    for _ in range(random.randint(3, 24)):
        plugged = not plugged
        deeds.append((at, "usb", plugged))
        at += random.randint(300, random.choice((3000, 60_000, 300_000)))
    return Fault("cable", "bounces", tuple(deeds))


def _latch(n: int, random: Random) -> Fault:
    return _inject("latch", ("fault_line_stuck", ["latch", "does not trip"], "overcurrent")[n % 3])


def _rail(n: int, random: Random) -> Fault:
    how = ("high", "low", "ripples")[n % 3]
    if how != "ripples":
        return _inject("rail", ["rail", random.randint(1050, 1500) if how == "high" else random.randint(200, 950)])
    deeds: list[Deed] = []
    at, by = 0, random.randint(30, 400)
    for i in range(60):
        deeds.append((at, "inject", ["rail", 1000 + (by if i % 2 else -by)]))
        at += random.randint(1000, 30_000)
    return Fault("rail", "ripples", tuple(deeds))


def _array(n: int, random: Random) -> Fault:
    return _inject("array", ["array", n, random.randrange(1 << 20), random.randrange(31)])


def _session(n: int, random: Random) -> Fault:
    return _inject("session", ["session", n, random.randrange(30)])


def _flash(n: int, random: Random) -> Fault:
    return Fault("flash", "bits rot", flash=random.randrange(1 << 30))


def _write(n: int, random: Random) -> Fault:
    return Fault("write", "cut", ((0, "cut_power_at_write", 1 + n % 16),), flash=0)


KINDS = (
    Kind("line", "a GPIO's line low, high or open", 6,
         _one_of("line", [["line", role, how] for role in ROLES for how in ("low", "high", "open")]), True),
    Kind("reading", "a converter's channel stuck, halved, noisy, a bit of it stuck", 7, _reading, True),
    Kind("frame", "a bit of the DAC's SPI frames stuck, or flipped once", 3,
         _one_of("frame", [["frame", how, bit] for how in ("low", "high", "flip") for bit in range(16)]), True),
    Kind("output", "a bit of the DAC's output flips", 1,
         _one_of("output", [["output", bit] for bit in range(12)]), True),
    Kind("fifo", "a bit of a word in the PIO's FIFO flips", 3,
         _one_of("fifo", [["fifo", place, bit] for bit in range(32) for place in range(4)]), True),
    Kind("register", "a bit of what the PIO's state machine keeps flips", 4, _pio, True),
    Kind("code", "a bit of a PIO instruction flips", 5,
         _one_of("code", [["code", place, bit] for place in range(INSTRUCTIONS) for bit in range(16)]), True),
    Kind("tick", "ticks of the pulse loop late, lost, doubled", 3, _tick, True),
    Kind("sample", "the PIO's interrupts lost", 1,
         _one_of("sample", [["sample", n] for n in (1, 2, 8, 50, 500, 100_000)])),
    Kind("array", "a bit flips in what pulse loop, train and contacts keep", 7, _array),
    Kind("session", "a bit flips in what the session keeps", 2, _session),
    Kind("task", "a task of the foreground late, stopped, raising", 3, _task),
    Kind("flash", "bits of the user's files rot", 1, _flash),
    Kind("write", "the supply is lost in a write to the flash", 1, _write),
    Kind("watchdog", "the watchdog is dead", 1, lambda n, random: _inject("watchdog", ["watchdog"]), True),
    Kind("cell", "the cell is gone, or sags", 2, _cell, True),
    Kind("cable", "the cable bounces", 1, _cable, True),
    Kind("latch", "the hardware's latch stuck, without effect, tripped", 1, _latch, True),
    Kind("rail", "the rail high, low, rippling", 3, _rail, True),
    Kind("part", "a part of the board, or of the firmware's running, fails as scenarios have it", 5,
         _one_of("part", PARTS)),
)  # fmt: skip
RAM_BYTES = 264 * 1024
IMAGE_BYTES = 0xA0000
CHIP_KINDS = (
    *(kind for kind in KINDS if kind.chip),
    Kind("ram", "a bit of the RAM flips", 1,
         lambda n, random: _inject("ram", ["ram", random.randrange(RAM_BYTES), random.randrange(8)]), True),
    Kind("image", "a bit of the image in the flash flips", 1,
         lambda n, random: _inject("image", ["image", random.randrange(IMAGE_BYTES), random.randrange(8)]), True),
)  # fmt: skip
ALL_KINDS = (*KINDS, *CHIP_KINDS[-2:])
BY_NAME = {kind.name: kind for kind in ALL_KINDS}
ROUND = sum(kind.share for kind in KINDS)


def wheel() -> list[tuple[str, int]]:
    """(kind, the how-manieth of its share) of each of a round's runs, mixed."""
    slots = [(kind.name, i) for kind in KINDS for i in range(kind.share)]
    Random("wheel").shuffle(slots)
    return slots


def fault(seed: int, only: str | None = None, chip: bool = False) -> Fault:
    """The fault of this seed; of one kind alone, if so wanted. The same for ever, while KINDS is."""
    random = Random(f"{seed}:fault")
    if only is not None:
        return BY_NAME[only].draw(seed, random)
    if chip:
        return CHIP_KINDS[seed % len(CHIP_KINDS)].draw(seed // len(CHIP_KINDS), random)
    name, i = wheel()[seed % ROUND]
    kind = BY_NAME[name]
    return kind.draw(seed // ROUND * kind.share + i, random)
