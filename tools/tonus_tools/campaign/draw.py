"""A short session with a fault in it: device, preset, state, skin and hands, all drawn by the seed.

Half of the presets are the shipped ones' zones, half any that the validator accepts. The person switches on, chooses a
level, touches down, lifts, presses, and in the end stops, plugs the cable in, or does nothing; the fault comes in the
state that was drawn for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tonus import bank, limits
from tonus.preset import Preset, build, canonical

from ..chip.drawn import draw as drawn_preset
from ..sim.scenario import Action, Scenario, Start
from .kinds import Fault

STATES = {"SELF_TEST": 6, "STANDBY": 6, "ARMED": 8, "RAMP_UP": 15, "TREAT": 50, "PAUSED": 8, "RAMP_DOWN": 7}
SKINS = ("good", "typical", "good", "typical", "poor", "500", "2k")
READY_S = 1.1
LONG_WATCH = ("task", "watchdog", "main_hangs", "timer_dead", "spi_error")  # faults that a restart may end
MOST_RAMP_S = 3.0  # of a drawn preset, that its ramp's end is soon
LEAK_WATCH_S = 45.0


@dataclass(frozen=True)
class Plan:
    """A session: its scenario, whose preset is a file; fault_us; closing_us, when the person ends it, or it ends."""

    seed: int
    fault: Fault
    state: str
    preset: Preset
    scenario: Scenario
    fault_us: int
    closing_us: int


def plan(seed: int, fault: Fault, folder: Path, watch_s: float = 0.0, short: bool = False) -> Plan:
    """The session of this seed with this fault, its preset in `folder`. watch_s: at least so long after the fault.

    short: at one level of few presses, soon over, for the emulated chip.
    """
    return _Hand(seed, fault, short).session(folder, watch_s)


class _Hand:
    def __init__(self, seed: int, fault: Fault, short: bool) -> None:
        self.seed, self.fault, self.short = seed, fault, short
        self.random = Random(f"{seed}:hand")
        self.t = 0.0
        self.actions: list[Action] = []
        self.state = self.random.choices(list(STATES), list(STATES.values()))[0]
        if fault.flash is not None:
            self.state = "SELF_TEST" if fault.kind == "flash" else "TREAT"
        if short and self.state == "RAMP_DOWN":
            self.state = "TREAT"

    def session(self, folder: Path, watch_s: float) -> Plan:
        random = self.random
        preset = self._preset()
        path = folder / f"{self.seed}.json"
        path.write_text(canonical(preset), encoding="utf-8")
        start = Start(
            touch="lifted",
            battery_pct=random.randint(40, 100),
            temperature_c=random.randint(5, 45),
            bounce_ms=random.randint(0, 20),
            device=self.seed,
        )
        fault_s = self._until_fault(preset)
        for us, do, value in self.fault.deeds:
            self._do(do, value, fault_s + us / 1e6)
        closing_s = self._write_cut(fault_s) if self.fault.kind == "write" else self._after(fault_s, watch_s)
        end_s = self.t + (0.3 if self.short else 0.6)
        self.actions.sort(key=lambda action: action.at_us)
        scenario = Scenario(
            name=f"{self.seed}: {self.fault.kind} {self.fault.case} in {self.state}",
            until_us=round(1e6 * end_s),
            seed=random.randrange(1 << 30),
            start=start,
            timeline=tuple(self.actions),
            presets=(path,),
        )
        return Plan(self.seed, self.fault, self.state, preset, scenario, round(1e6 * fault_s), round(1e6 * closing_s))

    def _preset(self) -> Preset:
        random = self.random
        if random.random() < 0.5:
            document: dict[str, Any] = json.loads(canonical(random.choice(bank.shipped())))
            document["zones"] = [random.choice(document["zones"])]
        else:
            document = drawn_preset(random.randrange(1 << 30))
            document["ramp_ms"] = min(document["ramp_ms"], round(1000 * MOST_RAMP_S))
        if self.short:
            document["ramp_ms"] = limits.RAMP_MIN_MS
        document["zones"][0]["duration_s"] = 5 if self.state == "RAMP_DOWN" else 600
        return build(document)

    def _until_fault(self, preset: Preset) -> float:
        """Play up to where the fault comes; when."""
        random = self.random
        ramp_s = preset.ramp_ms / 1000
        self._press("MODE", random.uniform(0.2, 0.6))
        self.t = READY_S
        moments = {"SELF_TEST": random.uniform(0.3, 0.7), "STANDBY": random.uniform(0.9, 1.1)}
        self.skin = random.choice(SKINS)
        level = random.randint(1, 3 if self.short else limits.LEVELS)
        for i in range(level):
            self._press("PLUS", random.uniform(0.07, 0.12))
            if not i:
                moments["ARMED"] = self.t
        self.t += random.uniform(0.05, 0.3)
        moments["ARMED"] = random.uniform(moments["ARMED"], self.t)
        self._do("touch", self.skin)
        contact_s = self.t + 0.25
        moments["RAMP_UP"] = contact_s + random.uniform(0, ramp_s)
        moments["TREAT"] = contact_s + ramp_s + random.uniform(0.1, 0.6 if self.short else 2.0)
        moments["RAMP_DOWN"] = contact_s + 5 + random.uniform(0, 0.5)
        if self.state == "PAUSED":
            self.t = contact_s + random.uniform(0.2, 1.0)
            self._do("lift", True)
            moments["PAUSED"] = self.t + random.uniform(0.1, 0.6)
            self.t = moments["PAUSED"] + random.uniform(0.1, 0.5)
            self._do("touch", self.skin)
        return moments[self.state]

    def _after(self, fault_s: float, watch_s: float) -> float:
        """Go on, and end it; when that is."""
        random = self.random
        self.t = max(self.t, fault_s)
        watch_s = max(watch_s, 0.6 if self.short else random.uniform(2.0, 3.5))
        if not self.short and (self.fault.kind in LONG_WATCH or self.fault.case in LONG_WATCH):
            watch_s += 3.5
        closing_s = self.t + watch_s
        while True:
            self.t += random.uniform(0.15, 0.4) if self.short else random.uniform(0.2, 1.2)
            if self.t >= closing_s:
                break
            deed = random.choice(("lift", "lift", "skin", "plus", "minus", "nothing"))
            if deed == "lift":
                self._do("lift", True)
                self.t += random.uniform(0.02, 0.2 if self.short else 0.8)
                self._do("touch", self.skin)
            elif deed == "skin":
                self.skin = random.choice(SKINS)
                self._do("touch", self.skin)
            elif deed in ("plus", "minus"):
                self._press(deed.upper(), random.uniform(0.07, 0.12))
        closing_s = max(closing_s, self.t)
        self.t = closing_s
        end = random.choice(("MODE", "MODE", "usb", "nothing"))
        if end == "MODE":
            self._press("MODE", random.uniform(0.12, 0.2))
        elif end == "usb":
            self._do("usb", True)
        return closing_s

    def _write_cut(self, fault_s: float) -> float:
        """Stop, which writes the journal; switch on again, and treat."""
        self.t = fault_s + 0.5
        self._press("MODE", 0.15)
        self.t += 4.0
        self._press("MODE", 1.2)
        self.t += 1.5
        self._press("PLUS", 0.1)
        self._do("lift", True)
        self.t += 0.3
        self._do("touch", self.skin)
        self.t += 1.5
        return self.t

    def _press(self, button: str, seconds: float) -> None:
        self._do("hold", button)
        self.t += seconds
        self._do("release", button)
        self.t += self.random.uniform(0.05, 0.15)

    def _do(self, do: str, value: Any, at_s: float | None = None) -> None:
        self.actions.append(Action(round(1e6 * (self.t if at_s is None else at_s)), do, value))
