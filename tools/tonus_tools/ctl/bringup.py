"""Bringing up a board that was just built: one step a group of wires, what to measure, what to expect, what is wrong.

A step measures with the person's meter and with the device itself, and ends the whole with `Wrong` at the first thing
that is not as it should be: what comes after would only be wrong for the same reason. Voltages are V, against the
ground that each place names.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Protocol

from tonus import limits, panel
from tonus.panel import BUTTONS

from ..errors import DeviceRefused, LinkError
from .calibrate import HELD_UA, code_of
from .client import Client, Held

# How far a voltage may be off: the DAC's gain and offset, and what a multimeter and its person add.
SET_PCT, SET_V = 2.0, 0.025
SUPPLY = {"3.3 V": (3.1, 3.5), "5 V": (4.4, 5.4)}
# The device's own reading against what it should be: reference, dividers, wide codes of the converter.
OWN_PCT, OWN_V = 5.0, 0.012
DIVIDERS_V = 0.07  # two dividers of 1 % at 3.3 V; in proportion at a higher rail
HALF_PCT = 5.0
NOTHING_V = 0.05
LATE_S = limits.HOLD_MAX_MS / 1000 - 2


class Wrong(Exception):
    """Something is not as it should be. hint: what it may be, and what to do."""

    def __init__(self, step: str, what: str, hint: str) -> None:
        super().__init__(what)
        self.step = step
        self.what = what
        self.hint = hint


class Person(Protocol):
    """Who holds the probes."""

    def volts(self, where: str) -> float:
        """What the meter says there, V."""

    def yes(self, question: str) -> bool: ...

    def do(self, what: str) -> None:
        """Waits until it is done."""

    def told(self, text: str) -> None: ...


@dataclass(frozen=True)
class Finding:
    """One measurement. by: `meter`, `device`, `person`. least, most: what is right, in `unit`."""

    step: str
    what: str
    by: str
    value: float | bool
    unit: str = ""
    least: float | None = None
    most: float | None = None

    @property
    def good(self) -> bool:
        if self.least is None or self.most is None:
            return bool(self.value)
        return self.least <= self.value <= self.most


@dataclass(frozen=True)
class Current:
    """What is held: uA, and in which direction."""

    ua: int
    reverse: bool = False

    def __str__(self) -> str:
        return f"{self.ua} uA{', reversed' if self.reverse else ''}"


class Bringup:
    """A board's steps. findings: what was measured, in order."""

    def __init__(self, client: Client, board: SimpleNamespace, person: Person) -> None:
        self.client = client
        self.board = board
        self.person = person
        self.findings: list[Finding] = []
        self.step = ""
        self._held: Current | None = None

    def run(self, first: str = "") -> None:
        """All steps, or those from `first` on. Wrong, at the first that fails; whatever was held is released."""
        steps = self.steps()
        names = list(steps)
        try:
            for name in names[names.index(first) if first else 0 :]:
                self.step = name
                heading, work = steps[name]
                self.person.told(f"\n{names.index(name) + 1}/{len(names)} {name}: {heading}")
                work()
        finally:
            with suppress(LinkError):  # it ends by itself, too
                self.release()

    def steps(self) -> dict[str, tuple[str, Callable[[], None]]]:
        """(heading, what is done) by name, in order."""
        raise NotImplementedError

    # What steps are made of.

    def release(self) -> None:
        self._held = None
        self.client.calibration_release()

    def hold(self, current: Current) -> Held:
        """The device's readings with a current held, for as long as the next question takes."""
        try:
            held = self.client.calibration_hold(code_of(current.ua, self.board), current.reverse)
        except DeviceRefused as refused:
            raise self.wrong(f"{current} cannot be held", f"{refused.reason}. {self.not_held()}") from None
        self._held = current
        return held

    def not_held(self) -> str:
        return "Is the cable in?"

    def volts(self, where: str) -> float:
        """What the meter says; with a current held, one that has stood all the while."""
        while True:
            if self._held is not None:
                self.hold(self._held)
            began = time.monotonic()
            held = f"{self._held} held. " if self._held else ""
            found = self.person.volts(f"{held}{where}")
            if self._held is None or time.monotonic() - began < LATE_S:
                return found
            self.person.told(f"the {limits.HOLD_MAX_MS // 1000} s that a current is held were over; once more")

    def meter(self, where: str, least: float, most: float, hint: Callable[[float], str]) -> float:
        """A voltage that has to be in range."""
        expected = 0.0 if least <= 0 <= most else (least + most) / 2
        self.person.told(f"  expected {_volts(expected)}, right from {_volts(least)} to {_volts(most)}")
        value = self.volts(where)
        self.note(where, "meter", value, "V", least, most, lambda: hint(value))
        return value

    def own(
        self, what: str, value: float, least: float, most: float, hint: Callable[[float], str], unit: str = "V"
    ) -> None:
        """What the device itself reads has to be in range."""
        self.person.told(f"  the device reads {what}: {value:.3f} {unit}, right from {least:.3f} to {most:.3f}")
        self.note(what, "device", value, unit, least, most, lambda: hint(value))

    def sees(self, question: str, hint: str) -> None:
        """Something that a person sees or hears."""
        value = self.person.yes(question)
        self.note(question, "person", value, "", None, None, lambda: hint)

    def note(
        self,
        what: str,
        by: str,
        value: float | bool,
        unit: str,
        least: float | None,
        most: float | None,
        hint: Callable[[], str],
    ) -> None:
        finding = Finding(self.step, what, by, round(value, 4), unit, least, most)
        self.findings.append(finding)
        if not finding.good:
            if least is None or most is None:
                told = f"{what} no"
            else:
                told = f"{what}: {value:.3f} {unit}, right from {least:.3f} to {most:.3f}"
            raise self.wrong(told, hint())

    def wrong(self, what: str, hint: str) -> Wrong:
        return Wrong(self.step, what, hint)

    def level(self, role: str) -> bool:
        """Whether a pin is high."""
        return bool(self.client.board_read().levels >> self.board.PINS[role] & 1)

    def own_v(self, mcodes: float) -> float:
        """A converter's reading, in thousandths of a code, as the voltage at its pin."""
        return float(mcodes * self.board.ADC_REFERENCE_MV / 4096e6)

    def around(self, volts: float) -> tuple[float, float]:
        """The range of a voltage that the DAC sets."""
        off = abs(volts) * SET_PCT / 100 + SET_V
        return volts - off, volts + off

    def set_v(self, ua: int) -> float:
        """Over Rset."""
        return float((ua - self.board.RSET_LESS_NA / 1000) * self.board.RSET_OHM / 1e6)

    # What both boards have.

    def lamps(self) -> None:
        """Each alone."""
        for role in panel.SHOWN[:10]:
            self.client.board_read(role)
            self.sees(f"{self.name(role)} is lit, and no other?", self.lamp_hint(role))
        self.client.board_read()

    def sounds(self) -> None:
        for role in panel.SHOWN[10:]:
            if role in self.board.PINS:
                self.client.board_read(role)
                what = "The beeper sounds" if role == "BEEPER" else "The motor runs"
                self.sees(f"{what}?", self.lamp_hint(role))
        self.client.board_read()

    def name(self, role: str) -> str:
        return role

    def lamp_hint(self, role: str) -> str:
        raise NotImplementedError

    def buttons(self) -> None:
        """None down, then each alone."""
        self.press("", BUTTONS)
        for role in BUTTONS:
            self.press(role, BUTTONS)

    def press(self, role: str, among: tuple[str, ...]) -> None:
        if role:
            self.person.do(f"Hold {role} down")
        down = [other for other in among if not self.level(other)]
        if role:
            self.person.do(f"Let {role} go")
        wanted = [role] if role else []
        what = f"{' and '.join(down) or 'none'} is down with {role or 'none'} held"
        good = down == wanted
        self.note(what, "device", good, "", None, None, lambda: self.button_hint(role, down))

    def button_hint(self, role: str, down: list[str]) -> str:
        raise NotImplementedError

    def stop(self) -> None:
        """MODE ends what is held."""
        held = self.hold(Current(HELD_UA[-1]))
        before = self.own_v(held.sense_mcodes - held.zero_mcodes)
        self._held = None
        self.person.do("400 uA are held. Press MODE, for a moment")
        after = self.own_v(1000 * self.client.board_read().current - held.zero_mcodes)
        self.person.told(f"  over Rset {before:.3f} V before, {after:.3f} V after, by the device")
        self.own("over Rset after MODE", after, -NOTHING_V, NOTHING_V, lambda _: "MODE did not stop it: do not use it")

    def selftest(self) -> None:
        """The device's own, from a fresh start when a fault stands."""
        client = self.client
        self.release()
        if client.device_info().state == "FAULT":
            before = client.device_info()
            client.reboot()
            client.await_restart(before)
        self._selftest()

    def _selftest(self) -> None:
        try:
            readings = self.client.selftest()
        except DeviceRefused as refused:
            fault = next((f"fault {r['fault']}, {r['name']}: {r['value']}" for r in _last(self.client)), refused.reason)
            raise self.wrong(f"the self-test: {fault}", "The firmware's README says what each fault is.") from None
        self.person.told("  " + ", ".join(f"{name} {value}" for name, value in sorted(readings.items())))
        self.note("self-test", "device", True, "", None, None, lambda: "")


def _last(client: Client) -> Iterator[dict[str, object]]:
    """The journal's last fault, if there is one."""
    found = list(client.journal("fault"))
    yield from found[-1:]


def _volts(volts: float) -> str:
    return f"{volts:.3f} V" if abs(volts) < 10 else f"{volts:.1f} V"
