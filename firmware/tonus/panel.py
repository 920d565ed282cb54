"""The front panel: gestures from buttons, patterns for lights and sounds. No hardware; time is an argument.

README.md tells a person what each pattern means.
"""

from . import contact, limits, session
from .debounce import MINUS, MODE, Contacts

LONG_MS = 1500
REPEAT_AFTER_MS = 600  # MINUS held goes down; PLUS held does not go up
REPEAT_MS = 250

FULL = 1000  # brightness, permille
HALF = 150  # looks like half

BUTTONS = ("MODE", "PLUS", "MINUS")


class Buttons:
    """Gestures from three contacts. `stuck` names the buttons that are held or chatter as no finger does: ignored."""

    def __init__(self, contacts: Contacts) -> None:
        self.stuck: list[str] = []
        self._contacts = contacts
        self._moves = 0
        self._idle = True  # all were up and at rest for long
        self._presses = [0, 0, 0]
        self._unrests = [0, 0, 0]
        self._held = [False, False, False]  # a press that counts is under way
        self._down_ms: list[int | None] = [None, None, None]  # since when it is down
        self._moved_ms = [0, 0, 0]  # when it was seen restless last
        self._paused_ms = [0, 0, 0]  # until when it had been at rest for RESTED_MS
        self._long_sent = False
        self._swallowed = False
        self._repeat_ms = 0
        self._start_ms: int | None = None
        self._mode_seen_up = False

    def update(self, now_ms: int) -> list[str]:
        """The gestures that are complete now.

        "mode_down" as MODE goes down, then "mode" if it comes up soon or "mode_long"; "plus"; "minus", and while it is
        held "minus_more". What is down at the first look switched the device on, or is stuck: nothing till it is up.
        """
        gestures: list[str] = []
        contacts = self._contacts
        moves = contacts.moves()
        if moves == self._moves and self._idle:
            return gestures
        if self._start_ms is None:
            self._start_ms = now_ms
            self._moved_ms = [now_ms] * 3
        if self._idle:
            self._paused_ms = [now_ms] * 3
        self._moves = moves
        self._idle = True
        for i in range(3):
            self._name(i, now_ms)
            presses = contacts.presses(i)
            down = contacts.down(i)
            if presses != self._presses[i]:
                self._up(i, gestures)
                self._presses[i] = presses
                self._press(i, now_ms, gestures)
            if not down:
                self._up(i, gestures)
        if contacts.rests(MODE) and not contacts.down(MODE) and contacts.presses(MODE) == self._presses[MODE]:
            self._swallowed = False
        if self._held[MODE] and not self._long_sent and now_ms - self._since_ms(MODE, now_ms) >= LONG_MS:
            self._long_sent = True
            gestures.append("mode_long")
        if self._held[MINUS] and "MINUS" not in self.stuck and now_ms >= self._repeat_ms:
            self._repeat_ms = now_ms + REPEAT_MS
            gestures.append("minus_more")
        return gestures

    def swallow_mode(self) -> None:
        """The press of MODE under way has done its work: its release means nothing; held on, it is still long.

        The pulse loop may know of a press before this does, and of chatter that becomes one: then it is the press that
        is about to be seen.
        """
        self._swallowed = True

    def mode_stuck(self, now_ms: int) -> bool:
        """MODE has not been up and at rest since the start, for STUCK_MS: nobody could stop."""
        start = self._start_ms
        return start is not None and not self._mode_seen_up and now_ms - start >= limits.STUCK_MS

    def _since_ms(self, i: int, now_ms: int) -> int:
        since = self._down_ms[i]
        return now_ms if since is None else since

    def _press(self, i: int, now_ms: int, gestures: list[str]) -> None:
        self._held[i] = True
        self._down_ms[i] = now_ms
        if i == MODE:
            self._long_sent = False
            gestures.append("mode_down")  # stops, so it is never ignored
        elif BUTTONS[i] not in self.stuck:
            gestures.append(("plus", "minus")[i - 1])
            if i == MINUS:
                self._repeat_ms = now_ms + REPEAT_AFTER_MS

    def _up(self, i: int, gestures: list[str]) -> None:
        if self._held[i] and i == MODE and not (self._swallowed or self._long_sent or "MODE" in self.stuck):
            gestures.append("mode")
        self._held[i] = False

    def _name(self, i: int, now_ms: int) -> None:
        """Name a button that no finger holds, or forgive it."""
        contacts = self._contacts
        down, rests, unrests = contacts.down(i), contacts.rests(i), contacts.unrests(i)
        if not down:
            self._down_ms[i] = None
        elif self._down_ms[i] is None:
            self._down_ms[i] = now_ms
        if not rests or unrests != self._unrests[i]:
            self._unrests[i] = unrests
            self._moved_ms[i] = now_ms
        if down or now_ms - self._moved_ms[i] < limits.RESTED_MS:
            self._idle = False
        if now_ms - self._moved_ms[i] >= limits.RESTED_MS:
            self._paused_ms[i] = now_ms
            if not down:
                contacts.forgive(i)
                if BUTTONS[i] in self.stuck:
                    self.stuck.remove(BUTTONS[i])
        if i == MODE and rests and not down:
            self._mode_seen_up = True
        if BUTTONS[i] not in self.stuck and (
            contacts.chatters(i)
            or now_ms - self._paused_ms[i] >= limits.RESTLESS_MAX_MS
            or now_ms - self._since_ms(i, now_ms) >= limits.STUCK_MS
        ):
            self.stuck.append(BUTTONS[i])


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
    state: str,
    mode: int,
    level: int,
    kind: str,
    fault: int,
    now_ms: int,
    bank_damaged: bool = False,
    data_lost: bool = False,
    expired: bool = False,
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
    if state == session.DONE and expired:
        outer = _blink(now_ms, 1500, 750)
        return [FULL if (i % 2 == 0) == outer else 0 for i in range(5)] + mode_lights(mode, now_ms) + [0]
    if state == session.DONE:
        return [FULL if _blink(now_ms, 1500, 1000) else HALF] * 5 + mode_lights(mode, now_ms) + [0]
    if state == session.STANDBY:
        blink = HALF if _blink(now_ms, 1000, 500) else 0
        damaged, lost = blink if bank_damaged else 0, blink if data_lost else 0
        return [0, lost, damaged, lost, 0] + mode_lights(mode, now_ms) + [0]
    return level_lights(level) + mode_lights(mode, now_ms) + [contact_light(kind, now_ms)]


# (beeper Hz, haptic, ms), one after the other. Soft and short: it happens beside the ear.
SOUNDS = {
    "cue": ((2000, 1, 60),),
    "zone": ((2000, 1, 80), (0, 0, 80), (2600, 1, 120)),
    "done": ((2000, 1, 120), (0, 0, 60), (2600, 1, 120), (0, 0, 60), (3100, 1, 240)),
    "expired": ((3100, 1, 120), (0, 0, 60), (2600, 1, 120), (0, 0, 60), (2000, 1, 240)),
    "stop": ((1500, 1, 120),),
    "level": ((2600, 0, 25),),
    "top": ((2600, 0, 25), (0, 0, 40), (2600, 0, 25)),
    "dry": ((1200, 0, 80), (0, 0, 60), (1200, 0, 80)),
    "loose": ((1200, 1, 60), (0, 0, 60), (1200, 1, 60), (0, 0, 60), (1200, 1, 60)),
    "low": ((1500, 1, 150), (0, 0, 80), (1100, 1, 250)),
    "fault": ((900, 1, 300), (0, 0, 100), (900, 1, 300), (0, 0, 100), (900, 1, 300)),
}


# What a sound is worth: a lesser one never cuts it off. From _KEPT on it is heard whole, and waits for its turn.
_RANKS = {
    "cue": 0,
    "level": 0,
    "top": 0,
    "zone": 1,
    "dry": 1,
    "loose": 1,
    "stop": 2,
    "done": 2,
    "expired": 2,
    "low": 2,
    "fault": 3,
}
_KEPT = 2
_APART_MS = 200  # between two that are heard whole


class Sounder:
    """Plays one sound of SOUNDS at a time.

    The latest wins over what is worth no more, unless that is to be heard whole. Else it is dropped; if it is to be
    heard whole itself, it follows.
    """

    def __init__(self) -> None:
        self._kind = ""
        self._notes: tuple[tuple[int, int, int], ...] = ()
        self._end_ms = 0
        self._next: list[str] = []

    def silent(self) -> bool:
        return not self._notes

    def play(self, kind: str, now_ms: int) -> None:
        self.update(now_ms)  # what is over does not stand in the way
        rank = _RANKS[kind]
        playing = _RANKS[self._kind] if self._notes else -1
        if rank > playing or rank == playing < _KEPT:
            self._kind = kind
            self._notes = SOUNDS[kind]
            self._end_ms = now_ms + self._notes[0][2]
        elif rank >= _KEPT and kind != self._kind and kind not in self._next:
            self._next.append(kind)

    def update(self, now_ms: int) -> tuple[int, int]:
        """(beeper Hz, haptic) now; zeros are silence."""
        while self._notes and now_ms >= self._end_ms:
            self._notes = self._notes[1:]
            if self._notes:
                self._end_ms += self._notes[0][2]
            elif self._next:
                self._kind = self._next.pop(0)
                self._notes = ((0, 0, _APART_MS),) + SOUNDS[self._kind]
                self._end_ms += _APART_MS
        return self._notes[0][:2] if self._notes else (0, 0)
