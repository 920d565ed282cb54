"""Each rule of the guard through the whole firmware: it ends what it is there for, and without it something is wrong.

What nothing breaks by itself is broken in the firmware's other files: readings that are never made, interrupts that are
held up, a shorter session.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from devices import changed_firmware
from guard_rules import RULES
from tonus_tools.sim import search
from tonus_tools.sim.trace import Trace
from tonus_tools.world.boards import FIRMWARE
from worlds import POWER_UP, Entry, play, plus

WORST = json.loads((Path(__file__).parent / "worst_cuts.json").read_text(encoding="utf-8"))
LIFT: list[Entry] = [POWER_UP, {"at": 0.1, "touch": "good"}, plus(3, 5)]
FIRM: list[Entry] = [POWER_UP, {"at": 0.1, "touch": "good"}, {"at": 2.0, "press": "MODE"}, plus(2.5, 10)]
Change = tuple[str, str, str]

# From the 9000th tick on no reading of the current is made.
UNREAD: Change = (
    "tonus/pulse.py",
    "        if not kept[_RUNNING]:\n            return\n        if raw <",
    "        if not kept[_RUNNING] or kept[_TICKS] > 9000:\n            return\n        if raw <",
)
# Once, the foreground holds every interrupt up.
HELD_UP: Change = (
    "tonus/app.py",
    '            self._beats["contact"] += 1\n',
    '            self._beats["contact"] += 1\n            if self._beats["contact"] == 400:\n'
    "                state = machine.disable_irq()\n                sleep_ms(5)\n"
    "                machine.enable_irq(state)\n",
)
SHORTER: Change = ("tonus/guard.py", "= limits.SESSION_MAX_MS", "= 8000")


# The session looks so seldom at what the pulse loop has cut that the keep-alive has fallen meanwhile.
SELDOM: Change = (
    "tonus/app.py",
    "                    self._save()\n            await asyncio.sleep_ms(20)",
    "                    self._save()\n            await asyncio.sleep_ms(100)",
)


def ended(by_s: float, cause: str) -> Callable[[Trace], None]:
    """The session left for this cause, and by then."""

    def check(trace: Trace) -> None:
        assert [change.t_us for change in trace.states if change.cause == cause][-1] < by_s * 1e6

    return check


@dataclass(frozen=True)
class Played:
    """A story in which one rule has to act; `also` holds the trace to more than every limit and `expect`."""

    until_s: float
    entries: list[Entry]
    expect: dict[str, Any]
    changes: tuple[Change, ...] = ()
    also: Callable[[Trace], None] = field(default=lambda trace: None)


FAULT = {"final_state": "FAULT"}
STORIES = {
    "latch": Played(11, [*LIFT, {"at": 9.0031, "inject": "overcurrent"}], FAULT | {"faults": ["latch"]}),
    "usb": Played(11, [*LIFT, {"at": 9.0031, "usb": True}], {"final_state": "CHARGING"}),
    "stall": Played(11, LIFT, FAULT | {"faults": ["loop_stalled"]}, (HELD_UP,)),
    "stop": Played(
        12.5,
        [*LIFT, {"at": 9.0, "inject": "main_hangs"}, {"at": 9.1, "hold": "MODE"}],
        {"boots": 2, "faults": ["watchdog"]},
    ),
    "limit": Played(14, LIFT, {"final_state": "DONE"}, (SHORTER,)),
    "blind_ms": Played(12, FIRM, FAULT | {"faults": ["blind"]}, (UNREAD,)),
    # 80 Hz: eight pulses are over long before BLIND_MS.
    "blind_pulses": Played(12, LIFT, FAULT | {"faults": ["blind"]}, (UNREAD,), ended(10.64, "fault")),
    # Early in a phase of half a second: the foreground sees its middle.
    "lift": Played(16, [*FIRM, {"at": 14.1, "lift": True}], {"lifts": 1}, also=ended(14.2, "lost")),
    "overcurrent": Played(11, [*LIFT, {"at": 9, "inject": "dac_full_scale"}], FAULT | {"faults": ["overcurrent"]}),
    "charge": Played(16, [*FIRM, {"at": 14.1, "inject": "pio_stuck"}], FAULT | {"faults": ["charge"]}),
}


def tell(rule: str, folder: Path, *changes: Change) -> Trace:
    story = STORIES[rule]
    firmware = changed_firmware(folder, *story.changes, *changes)
    trace = play(folder, story.until_s, story.entries, story.expect, firmware=firmware)
    story.also(trace)
    return trace


@pytest.mark.parametrize("rule", STORIES)
def test_a_rule_ends_what_it_is_there_for(rule: str, tmp_path: Path) -> None:
    tell(rule, tmp_path)


@pytest.mark.parametrize("rule", STORIES)
def test_without_a_rule_something_is_wrong(rule: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        tell(rule, tmp_path, ("tonus/guard.py", *RULES[rule]))


@pytest.fixture(scope="module")
def phase_us(tmp_path_factory: pytest.TempPathFactory) -> int:
    """When a phase begins, of a session that is looked after seldom."""
    folder = tmp_path_factory.mktemp("seldom")
    phases = play(folder, 10, LIFT, firmware=changed_firmware(folder, SELDOM)).phases
    return int(phases.t_us[phases.t_us > 9_000_000][0])


@pytest.mark.parametrize("without", [False, True])
def test_a_trip_in_a_phase_is_no_lift(without: bool, phase_us: int, tmp_path: Path) -> None:
    """The sample sees no current before the tick sees the latch, which is clear again when the session looks."""
    changes = [SELDOM, ("tonus/guard.py", *RULES["tripped"])] if without else [SELDOM]
    entries: list[Entry] = [*LIFT, {"at": (phase_us + 100) / 1e6, "inject": "overcurrent"}]
    firmware = changed_firmware(tmp_path, *changes)
    with pytest.raises(AssertionError) if without else nullcontext():
        play(tmp_path, 10, entries, FAULT | {"faults": ["latch"]}, firmware=firmware)


def broken(firmware: Path, batches: list[list[search.Drawn]]) -> bool:
    return any(found.broken for batch in batches for found in search.play(batch, firmware=firmware))


def test_each_cycle_begins_against_the_account_when_that_went_forward(tmp_path: Path) -> None:
    firmware = changed_firmware(tmp_path, ("tonus/guard.py", *RULES["against_forward"]))
    assert not broken(FIRMWARE, [WORST[:10]])
    assert broken(firmware, [WORST[:10]])


def test_each_cycle_begins_against_the_account_when_that_went_in_reverse(tmp_path: Path) -> None:
    rng = random.Random(3)
    batches = [[search.draw(rng) for _ in range(search.BATCH)] for _ in range(8)]
    firmware = changed_firmware(tmp_path, ("tonus/guard.py", *RULES["against_reverse"]))
    for batch in batches:
        if broken(firmware, [batch]):
            assert not broken(FIRMWARE, [batch])
            return
    pytest.fail("none is found")
