"""The front panel: gestures from buttons, patterns for lights and sounds. No hardware; time is an argument.

README.md tells a person what each pattern means.
"""

from . import contact, limits, session

LONG_MS = 1500
STUCK_MS = 5000  # held from the start for this long: not a finger
REPEAT_AFTER_MS = 600  # MINUS held goes down; PLUS held does not go up
REPEAT_MS = 250

FULL = 1000  # brightness, permille
HALF = 150  # looks like half

BUTTONS = ("MODE", "PLUS", "MINUS")


class Buttons:
    """Gestures from three contacts. `stuck` lists the buttons that have been held since the start, for the log."""

    def __init__(self) -> None:
        self.stuck: list[str] = []
        self._pressed = [False, False, False]
        self._differs_ms: list[int | None] = [None, None, None]  # since when a contact differs from `_pressed`
        self._since_ms = [0, 0, 0]
        self._from_start = [False, False, False]  # held since before the first look
        self._long_sent = False
        self._swallowed = False
        self._repeat_ms = 0
        self._start_ms: int | None = None

    def update(self, now_ms: int, contacts: tuple[bool, bool, bool]) -> list[str]:
        """The gestures that these contacts (MODE, PLUS, MINUS; True when pressed) complete now.

        "mode_down" as MODE goes down, then "mode" if it comes up soon or "mode_long"; "plus", "minus". A contact counts
        when it has been seen the same for DEBOUNCE_MS, so in two looks at least.
        """
        gestures: list[str] = []
        if self._start_ms is None:
            # Whatever is held now switched the device on, or is stuck: nothing until it comes up.
            self._start_ms = now_ms
            self._pressed = list(contacts)
            self._from_start = list(contacts)
        for i in range(3):
            since = self._differs_ms[i]
            if contacts[i] == self._pressed[i]:
                self._differs_ms[i] = None
            elif since is None:
                self._differs_ms[i] = now_ms
            elif now_ms - since >= limits.DEBOUNCE_MS:
                self._differs_ms[i] = None
                self._pressed[i] = contacts[i]
                self._change(i, now_ms, gestures)
        if not contacts[0] and not self._pressed[0]:
            self._swallowed = False
        self._held(now_ms, now_ms - self._start_ms, gestures)
        return gestures

    def swallow_mode(self) -> None:
        """The press of MODE under way has done its work: its release means nothing; held on, it is still long.

        The pulse loop may know of a press before this does: then it is the press that is about to be seen.
        """
        self._swallowed = True

    def _change(self, i: int, now_ms: int, gestures: list[str]) -> None:
        if self._pressed[i]:
            self._since_ms[i] = now_ms
            if i == 0:
                self._long_sent = False
            self._repeat_ms = now_ms + REPEAT_AFTER_MS
            gestures.append(("mode_down", "plus", "minus")[i])
        elif self._from_start[i]:
            self._from_start[i] = False
            if BUTTONS[i] in self.stuck:
                self.stuck.remove(BUTTONS[i])
        elif i == 0 and not self._swallowed and not self._long_sent:
            gestures.append("mode")

    def _held(self, now_ms: int, running_ms: int, gestures: list[str]) -> None:
        for i in range(3):
            if self._from_start[i] and running_ms >= STUCK_MS and BUTTONS[i] not in self.stuck:
                self.stuck.append(BUTTONS[i])
        mode, _, minus = self._pressed
        if mode and not self._from_start[0] and not self._long_sent and now_ms - self._since_ms[0] >= LONG_MS:
            self._long_sent = True
            gestures.append("mode_long")
        if minus and not self._from_start[2] and now_ms >= self._repeat_ms:
            self._repeat_ms = now_ms + REPEAT_MS
            gestures.append("minus")


def _blink(now_ms: int, period_ms: int, on_ms: int) -> bool:
    return now_ms % period_ms < on_ms


def contact_light(kind: str, now_ms: int) -> int:
    """Brightness of the contact LED: good steady, poor fast, open slow, short a flash every two seconds."""
    if kind == contact.GOOD:
        return FULL
    if kind == contact.POOR:
        return FULL if _blink(now_ms, 200, 100) else 0
    if kind == contact.SHORT:
        return FULL if _blink(now_ms, 2000, 60) else 0
    return FULL if _blink(now_ms, 1000, 500) else 0


def level_lights(level: int) -> list[int]:
    """Five brightnesses for a level 0..10: each LED is two levels, half and full."""
    return [FULL if level >= 2 * i else HALF if level == 2 * i - 1 else 0 for i in range(1, 6)]


def mode_lights(mode: int, now_ms: int) -> list[int]:
    """Four brightnesses: preset n lights LED n mod 4, steady for the first four, then blinking n // 4 times."""
    on = True
    if mode >= 4:
        t = now_ms % 2000
        on = t // 400 < mode // 4 and t % 400 < 200
    return [FULL if on and i == mode % 4 else 0 for i in range(4)]


def lights(
    state: str, mode: int, level: int, kind: str, fault: int, now_ms: int, bank_damaged: bool = False
) -> list[int]:
    """Brightness (permille) of LEVEL_1..5, MODE_1..4 and CONTACT."""
    dark = [0] * 4
    if state == session.OFF:
        return [0] * 10
    if state == session.SELF_TEST:
        at = now_ms // 80 % 5
        return [HALF if i == at else 0 for i in range(5)] + dark + [0]
    if state == session.FAULT:
        # The fault's number in binary on the level bar, LEVEL_1 the highest bit; the mode LEDs flash together.
        flash = FULL if _blink(now_ms, 500, 250) else 0
        return [FULL if fault >> (4 - i) & 1 else 0 for i in range(5)] + [flash] * 4 + [0]
    if state == session.CHARGING:
        # With USB plugged in the cell cannot be measured: this says "charging", not how far.
        at = now_ms // 400 % 5
        return [HALF if i == at else 0 for i in range(5)] + dark + [0]
    if state == session.LOW_BATTERY:
        return [FULL if _blink(now_ms, 400, 200) else 0, 0, 0, 0, 0] + dark + [0]
    if state == session.DONE:
        return [FULL if _blink(now_ms, 1500, 1000) else HALF] * 5 + mode_lights(mode, now_ms) + [0]
    if state == session.STANDBY:
        note = HALF if bank_damaged and _blink(now_ms, 1000, 500) else 0
        return [0, 0, note, 0, 0] + mode_lights(mode, now_ms) + [0]
    return level_lights(level) + mode_lights(mode, now_ms) + [contact_light(kind, now_ms)]


# (beeper Hz, haptic, ms), one after the other. Soft and short: it happens beside the ear.
SOUNDS = {
    "cue": ((2000, 1, 60),),
    "zone": ((2000, 1, 80), (0, 0, 80), (2600, 1, 120)),
    "done": ((2000, 1, 120), (0, 0, 60), (2600, 1, 120), (0, 0, 60), (3100, 1, 240)),
    "stop": ((1500, 1, 120),),
    "level": ((2600, 0, 25),),
    "top": ((2600, 0, 25), (0, 0, 40), (2600, 0, 25)),
    "dry": ((1200, 0, 80), (0, 0, 60), (1200, 0, 80)),
    "loose": ((1200, 1, 60), (0, 0, 60), (1200, 1, 60), (0, 0, 60), (1200, 1, 60)),
    "low": ((1500, 1, 150), (0, 0, 80), (1100, 1, 250)),
    "fault": ((900, 1, 300), (0, 0, 100), (900, 1, 300), (0, 0, 100), (900, 1, 300)),
}


class Sounder:
    """Plays one sound of SOUNDS at a time; the latest wins."""

    def __init__(self) -> None:
        self._notes: tuple[tuple[int, int, int], ...] = ()
        self._end_ms = 0

    def silent(self) -> bool:
        return not self._notes

    def play(self, kind: str, now_ms: int) -> None:
        self._notes = SOUNDS[kind]
        self._end_ms = now_ms + self._notes[0][2]

    def update(self, now_ms: int) -> tuple[int, int]:
        """(beeper Hz, haptic) now; zeros are silence."""
        while self._notes and now_ms >= self._end_ms:
            self._notes = self._notes[1:]
            if self._notes:
                self._end_ms += self._notes[0][2]
        return self._notes[0][:2] if self._notes else (0, 0)
