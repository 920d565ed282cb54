"""The front panel: gestures from buttons, patterns for lights and sounds. No hardware; time is an argument.

README.md tells a person what each pattern means.
"""

from . import contact, limits, session
from .debounce import MINUS, MODE, PLUS, Contacts
from .moments import FULL, HALF, level_lights

LONG_MS = 1500
REPEAT_AFTER_MS = 600  # MINUS held goes down; PLUS held does not go up
REPEAT_MS = 250
SOUND_MS = 2000  # MINUS held for so long

BUTTONS = ("MODE", "PLUS", "MINUS")
# All that shows or sounds: bar, lamps, beeper, motor.
SHOWN = (
    "LEVEL_1",
    "LEVEL_2",
    "LEVEL_3",
    "LEVEL_4",
    "LEVEL_5",
    "MODE_1",
    "MODE_2",
    "MODE_3",
    "MODE_4",
    "CONTACT",
    "BEEPER",
    "HAPTIC",
)


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
        self._minus_done = True  # the press of MINUS has no more to say: it is part of a chord
        self._long_minus = False
        self._plus_ms: int | None = None  # when PLUS went down that may become a chord
        self._chord_ms: int | None = None  # since when PLUS and MINUS are held together
        self._start_ms: int | None = None
        self._mode_seen_up = False

    def update(self, now_ms: int) -> list[str]:
        """The gestures that are complete now.

        "mode_down" as MODE goes down, then "mode" if it comes up soon or "mode_long"; "plus"; "minus", and while it is
        held "minus_more" and "minus_long". What is down at the first look switched the device on, or is stuck: nothing
        till it is up.

        MINUS acts at once. PLUS waits for it for CHORD_MS, while it is held: with MINUS it is "chord", and held on
        "chord_long", once. PLUS that goes down while MINUS is held for longer is nothing.
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
        both = self._held[PLUS] and self._held[MINUS]
        if not both:
            self._chord_ms = None
        elif self._chord_ms is not None and now_ms - self._chord_ms >= limits.CHORD_LONG_MS:
            self._chord_ms = None
            gestures.append("chord_long")
        if self._plus_ms is not None and (not self._held[PLUS] or now_ms - self._plus_ms >= limits.CHORD_MS):
            self._plus_ms = None
            gestures.append("plus")
        if self._held[MINUS] and "MINUS" not in self.stuck and not self._minus_done:
            if now_ms >= self._repeat_ms:
                self._repeat_ms = now_ms + REPEAT_MS
                gestures.append("minus_more")
            if now_ms - self._since_ms(MINUS, now_ms) >= SOUND_MS and not self._long_minus:
                self._long_minus = True
                gestures.append("minus_long")
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
            self._plus_ms = self._chord_ms = None
            gestures.append("mode_down")  # stops, so it is never ignored
        elif BUTTONS[i] in self.stuck:
            return
        elif i == MINUS:
            gestures.append("minus")
            self._repeat_ms = now_ms + REPEAT_AFTER_MS
            self._minus_done = self._long_minus = False
            if self._plus_ms is not None:
                self._begin_chord(now_ms, gestures)
        elif not self._held[MINUS] or "MINUS" in self.stuck:
            self._plus_ms = now_ms
        elif now_ms - self._since_ms(MINUS, now_ms) <= limits.CHORD_MS:
            self._begin_chord(now_ms, gestures)

    def _begin_chord(self, now_ms: int, gestures: list[str]) -> None:
        self._plus_ms = None
        self._chord_ms = now_ms
        self._minus_done = True
        gestures.append("chord")

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


def raising_lights(level: int, last: int, now_ms: int) -> list[int]:
    """The same while a person raises it: above it the end of last time's bar glimmers."""
    bar = level_lights(level)
    if last > level and _blink(now_ms, 500, 60):
        at = (last + 1) // 2 - 1
        bar[at] = level_lights(last)[at]
    return bar


def fault_lights(number: int, now_ms: int) -> list[int]:
    """The bar counts a fault's number: the left two blink for the tens, the right two for the ones, or glow for none.

    The same for ever; main.py does so by itself.
    """
    tens, ones = number // 10, number % 10
    ones_ms = 500 * tens + 750
    now_ms %= ones_ms + 500 * max(2, ones) + 2000
    left = now_ms < 500 * tens and now_ms % 500 < 250
    now_ms -= ones_ms
    right = 0
    if ones and 0 <= now_ms < 500 * ones and now_ms % 500 < 250:
        right = FULL
    elif not ones and 0 <= now_ms < 1000:
        right = HALF
    return [FULL if left else 0] * 2 + [0] + [right] * 2


def done_lights(share_pct: int, less: str, expired: bool, now_ms: int) -> list[int]:
    """The bar of DONE: what share was delivered, swelling; in turn with the side that got less, or with what is left.

    less: "", "left" or "right". expired: by the longest time, with zones left.
    """
    now_ms %= 3000
    if expired and now_ms >= 1500:
        outer = _blink(now_ms, 1500, 750)
        return [FULL if (i % 2 == 0) == outer else 0 for i in range(5)]
    if less and now_ms >= 1500:
        on = FULL if _blink(now_ms, 200, 100) else 0
        return [on, on, 0, 0, 0] if less == "left" else [0, 0, 0, on, on]
    bar = level_lights(max(1, (share_pct + 5) // 10))
    return bar if _blink(now_ms, 1500, 1000) else [HALF if light else 0 for light in bar]


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
    moment: list[int] | None = None,
    last: int = 0,
    share_pct: int = 100,
    less: str = "",
) -> list[int]:
    """Brightness (permille) of LEVEL_1..5, MODE_1..4 and CONTACT.

    moment: a bar that comes before the state's own. last: the level of last time, while the person raises it.
    share_pct, less, expired: of the session that is done.
    """
    dark = [0] * 4
    if state == session.OFF:
        return [0] * 10
    if state == session.SELF_TEST:
        at = now_ms // 80 % 5
        return [HALF if i == at else 0 for i in range(5)] + dark + [0]
    if state == session.FAULT:
        return fault_lights(fault, now_ms) + [FULL] * 4 + [0]
    if moment is not None and state in (session.STANDBY, session.CHARGING):
        return moment + dark + [0]
    if state == session.CHARGING:
        # With USB plugged in the cell cannot be measured: this says "charging", not how far.
        at = now_ms // 400 % 5
        return [HALF if i == at else 0 for i in range(5)] + dark + [0]
    if state == session.LOW_BATTERY:
        return [FULL if _blink(now_ms, 400, 200) else 0, 0, 0, 0, 0] + dark + [0]
    if state == session.DONE:
        return done_lights(share_pct, less, expired, now_ms) + mode_lights(mode, now_ms) + [0]
    if state == session.STANDBY:
        blink = HALF if _blink(now_ms, 1000, 500) else 0
        damaged, lost = blink if bank_damaged else 0, blink if data_lost else 0
        return [0, lost, damaged, lost, 0] + mode_lights(mode, now_ms) + [0]
    bar = raising_lights(level, last, now_ms) if moment is None else moment
    return bar + mode_lights(mode, now_ms) + [contact_light(kind, now_ms)]


# Notes that come more than once: each takes as much heap as a name, and is there once. P pause, T tick, N note.
_N2000T60 = (2000, 1, 60)
_P70 = (0, 0, 70)
_N2600T240 = (2600, 1, 240)
_P80 = (0, 0, 80)
_N2300T240 = (2300, 1, 240)
_N2000T80 = (2000, 1, 80)
_P60 = (0, 0, 60)
_N2600T80 = (2600, 1, 80)
_N3100T240 = (3100, 1, 240)
_N2600_25 = (2600, 0, 25)
_N1200T60 = (1200, 1, 60)
_N1100T80 = (1100, 1, 80)
_N1500T240 = (1500, 1, 240)
_N900T300 = (900, 1, 300)
_P100 = (0, 0, 100)
_N2000_80 = (2000, 0, 80)
_N2300_80 = (2300, 0, 80)
_N2600_80 = (2600, 0, 80)
_T60 = (0, 1, 60)

# (beeper Hz, haptic, ms), one after the other. Soft and short: it happens beside the ear. Ticks are short or long, 60
# to 80 or 240 to 300 ms: a hand tells these apart, and their order, and not much more.
SOUNDS = {
    "cue": (_N2000T60,),
    "hold": (_N2000T60, _P70, (1500, 1, 60)),
    "left": (_N2600T240, _P80, _N2000T60),
    "right": (_N2000T60, _P80, _N2600T240),
    "middle": (_N2300T240, _P80, _N2300T240),
    "done": (_N2000T80, _P60, _N2600T80, _P60, _N3100T240),
    "less_left": (_N2600T240, _P60, _N2000T80, _P60, (2000, 1, 240)),
    "less_right": (_N2000T80, _P60, _N2600T240, _P60, _N2600T80),
    "expired": (_N3100T240, _P60, _N2600T80, _P60, _N2000T80),
    "stop": ((1500, 1, 300),),
    "level": (_N2600_25,),
    "top": (_N2600_25, (0, 0, 40), _N2600_25),
    "dry": ((1400, 0, 80), _P60, (1000, 0, 240)),
    "loose": (_N1200T60, _P60, _N1200T60, _P60, _N1200T60),
    "charge": (_N1100T80, _P80, _N1500T240, _P80, _N1500T240),
    "low": (_N1500T240, _P80, (1300, 1, 240), _P80, _N1100T80),
    "fault": (_N900T300, _P100, _N900T300, _P100, _N900T300),
    "full": (_N2000_80, _P60, _N2300_80, _P60, _N2600_80),
    "quiet": (_N2600_80, _P60, _N2300_80, _P60, _N2000_80),
    "off": (_T60, _P70, _T60, _P70, _T60, _P70, _T60),
}
WARNINGS = ("stop", "charge", "low", "fault")  # ticked, whatever is set; on a board without a motor always heard


# What a sound is worth: a lesser one never cuts it off. From _KEPT on it is heard whole, and waits for its turn. Others
# are worth 1.
_RANKS = {
    "cue": 0,
    "hold": 0,
    "level": 0,
    "top": 0,
    "stop": 2,
    "done": 2,
    "less_left": 2,
    "less_right": 2,
    "expired": 2,
    "charge": 2,
    "low": 2,
    "fault": 3,
}
_KEPT = 2
_APART_MS = 200  # between two that are heard whole


class Sounder:
    """Plays one sound of SOUNDS at a time.

    The latest wins over what is worth no more, unless that is to be heard whole. Else it is dropped; if it is to be
    heard whole itself, it follows.

    sound, haptic: as set (`settings.py`). motor: the board has one.
    """

    def __init__(self, motor: bool = True) -> None:
        self.sound = "full"
        self.haptic = True
        self._motor = motor
        self._kind = ""
        self._notes: tuple[tuple[int, int, int], ...] = ()
        self._end_ms = 0
        self._next: list[str] = []

    def silent(self) -> bool:
        return not self._notes

    def play(self, kind: str, now_ms: int) -> None:
        self.update(now_ms)  # what is over does not stand in the way
        rank = _RANKS.get(kind, 1)
        playing = _RANKS.get(self._kind, 1) if self._notes else -1
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
        if not self._notes:
            return (0, 0)
        hz, haptic, _ = self._notes[0]
        warns = self._kind in WARNINGS
        if self.sound == "off" and (self._motor or not warns):
            hz = 0
        return (hz, haptic if self.haptic or warns else 0)
