"""Each rule of the guard through the whole firmware: it ends what it is there for, and without it something is wrong.

What nothing breaks by itself is broken in the firmware's other files: readings that are never made, interrupts that are
held up, a shorter session.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from devices import changed_firmware
from guard_rules import RULES
from tonus_tools.sim import runner, search
from tonus_tools.sim.scenario import load
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
TOO_FAST: Change = ("tonus/stage.py", "freq=program.PIO_HZ", "freq=2 * program.PIO_HZ")
MORE: Change = ("tonus/pulse.py", "train.aim(code, ramp_ms, coming)", "train.aim(code + 300, ramp_ms)")
AT_ONCE: Change = (
    "tonus/program.py",
    "kept[_SLEW], kept[_CAP] = _slew(goal, ramp_ms)",
    "kept[_SLEW], kept[_CAP] = goal, goal",
)
SHORTER: Change = ("tonus/guard.py", "= limits.SESSION_MAX_MS", "= 8000")


def seldom(ms: int) -> Change:
    """The session looks so seldom at what the pulse loop has cut."""
    before = "                    self._save()\n            await asyncio.sleep_ms("
    return ("tonus/app.py", before + "20)", f"{before}{ms})")


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
    waveform: dict[str, Any] | None = None  # of a preset of one zone at 500 uA, in the place of Lift


def blinded(within_ms: float) -> Callable[[Trace], None]:
    """It was found so soon after the first tick without a reading; the first tick of all is the boot's."""

    def check(trace: Trace) -> None:
        begun = trace.logs_of("boot")[0].t_us / 1000 + 9000
        assert begun < trace.logs_of("fault")[0].t_us / 1000 < begun + within_ms

    return check


def lifted(at_s: float) -> list[Entry]:
    return [{"at": at_s, "lift": True}, {"at": at_s + 0.3, "touch": "good"}]


def waited(from_s: float) -> Callable[[Trace], None]:
    """There was contact, and for half a second nothing began all the same."""

    def check(trace: Trace) -> None:
        assert min(s.t_us for s in trace.states if s.to == "RAMP_UP" and s.t_us > from_s * 1e6) > (from_s + 0.5) * 1e6

    return check


# 45 uC in a phase: hardly anything may be unsure when a cycle of it begins.
ALL_THERE_IS = {"kind": "biphasic", "rate_hz": 5, "phase_us": 90_000, "gap_us": 50}
HEAVY: list[Entry] = [POWER_UP, {"at": 0.1, "touch": "good"}, plus(3, 10)]
FAULT = {"final_state": "FAULT"}
STORIES = {
    # In a rest: the next phase would find it, too, but as late as it comes.
    "latch": Played(11, [*LIFT, {"at": 9.0081, "inject": "overcurrent"}], FAULT | {"faults": ["latch"]}),
    "usb": Played(
        11,
        [*LIFT, {"at": 9.0, "usb": True}, {"at": 9.003, "usb": False}],
        {"visits": ["TREAT", "CHARGING", "STANDBY"]},
        (seldom(100),),
    ),
    "stall": Played(11, LIFT, FAULT | {"faults": ["loop_stalled"]}, (HELD_UP,)),
    "stop": Played(
        13.0,
        [*LIFT, {"at": 9.0, "inject": "main_hangs"}, {"at": 9.1, "hold": "MODE"}],
        {"boots": 2, "faults": ["watchdog"]},
    ),
    "limit": Played(14, LIFT, {"final_state": "DONE"}, (SHORTER,)),
    "blind_ms": Played(12, FIRM, FAULT | {"faults": ["blind"]}, (UNREAD,)),
    # 80 Hz: eight pulses are over long before BLIND_MS.
    "blind_pulses": Played(12, LIFT, FAULT | {"faults": ["blind"]}, (UNREAD,), blinded(200)),
    "too_fast": Played(11, LIFT, FAULT | {"faults": ["blind"]}, (TOO_FAST,)),
    "most": Played(11, LIFT, FAULT | {"faults": ["overcurrent"]}, (MORE,)),
    "ramp": Played(11, LIFT, FAULT | {"faults": ["overcurrent"]}, (AT_ONCE,)),
    # Early in a phase of half a second: the foreground sees its middle.
    "lift": Played(16, [*FIRM, {"at": 14.1, "lift": True}], {"lifts": 1}, also=ended(14.2, "lost")),
    "overcurrent": Played(11, [*LIFT, {"at": 9, "inject": "dac_full_scale"}], FAULT | {"faults": ["overcurrent"]}),
    "unsure": Played(16, [*HEAVY, *lifted(9.0), *lifted(11.5)], {"lifts": 2}, also=waited(11.8), waveform=ALL_THERE_IS),
    "charge": Played(16, [*FIRM, {"at": 14.1, "inject": "pio_stuck"}], FAULT | {"faults": ["charge"]}),
}


def tell(rule: str, folder: Path, *changes: Change) -> Trace:
    story = STORIES[rule]
    firmware = changed_firmware(folder, *story.changes, *changes)
    if story.waveform is not None:
        zone = {"name": "z", "duration_s": 60, "cue_s": 5, "waveform": story.waveform}
        document = {"schema": 1, "id": "p", "name": "P", "top_ua": 500, "ramp_ms": 500, "zones": [zone]}
        (firmware / "tonus" / "presets" / "lift.json").write_text(json.dumps(document), encoding="utf-8")
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


def test_a_trip_in_a_phase_is_no_lift(tmp_path: Path) -> None:
    """The sample sees no current before a tick sees the latch, which is clear again when the session looks."""
    found: dict[str, list[list[str]]] = {"": [], "tripped": []}
    for rule, names in found.items():
        firmware = changed_firmware(
            tmp_path / f"{rule}.", seldom(600), *([("tonus/guard.py", *RULES[rule])] if rule else [])
        )
        phases = play(tmp_path, 10, LIFT, firmware=firmware).phases
        # In four phases over half a second, not all of which come just before the session looks.
        for phase_us in phases.t_us[phases.t_us > 9_000_000][:96:24]:
            at = {"at": (int(phase_us) + 150) / 1e6, "inject": "overcurrent"}
            trace = told(tmp_path, 10.5, [*LIFT, at], firmware)
            names.append([log.fields["name"] for log in trace.logs_of("fault")])
    assert found[""] == [["latch"]] * 4
    assert [] in found["tripped"]


def told(folder: Path, until_s: float, entries: list[Entry], firmware: Path) -> Trace:
    """What happens, whatever is wrong with it."""
    path = folder / "told.json"
    path.write_text(json.dumps({"name": "told", "until_s": until_s, "do": entries}), encoding="utf-8")
    return runner.run(load(path), firmware=firmware)


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
