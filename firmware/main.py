"""What MicroPython starts. MINUS held: safe mode, no output and an open console. Otherwise the device.

What keeps the device from being made, whatever it is, ends here: fault 31, MODE held long switches off, no prompt. So
this file needs no other but board.py, for its pins; without that nothing holds the power, and on the cell it goes by
itself.
"""

import gc
import json
from time import sleep_ms, ticks_diff, ticks_ms

from machine import WDT, WDT_RESET, Pin, Timer, mem32, reset_cause
from micropython import kbd_intr

kbd_intr(-1)  # Ctrl-C is a byte like any other: a treatment's firmware has no prompt

BEGAN_MS = ticks_ms()
GARBAGE_BYTES = 131_072  # what loading leaves is collected this often, so that the modules lie close together
START_MS = 8000  # the watchdog's time while the device is made, near its longest: sources take seconds to load
LOOK_MS = 50
OFF_MS = 1500  # MODE held this long: power off, as always
# Number, name and time are those of faults.py and limits.py, which may be what is broken.
FAULT = (31, "start_failed")
FAULT_OFF_MS = 60_000
SAY_MS = 5000
WHY_MAX = 200  # characters
MAKING = 0x40058000 + 0x10  # RP2040 WATCHDOG_SCRATCH1: not 0 while the device is made; survives a reset

STAGE = ("STAGE_ALIVE", "EL_A", "EL_B")
TENS, ONES = ("LEVEL_1", "LEVEL_2"), ("LEVEL_4", "LEVEL_5")
MODES = ("MODE_1", "MODE_2", "MODE_3", "MODE_4")


def pin(role: str, *how, **level):  # -> Pin | None
    """The board's pin of a role, set up so; None when it has none, or is damaged: then the others all the more."""
    try:
        return Pin(board.PINS[role], *how, **level)  # type: ignore[attr-defined]
    except Exception:
        return None


def drive(roles: tuple[str, ...], level: int) -> None:
    """Drive the board's pins of these roles, as far as there are any."""
    for role in roles:
        pin(role, Pin.OUT, value=level)


class Mode:
    """The way off that needs nothing: MODE held OFF_MS lets go of the power. `look` every LOOK_MS; interrupt."""

    def __init__(self) -> None:
        self._mode = pin("MODE", Pin.IN, Pin.PULL_UP)
        self._hold = pin("POWER_HOLD", Pin.OUT, value=1)
        self._left = 0  # until MODE has come up once, the press is the one that switched on
        self._looks = OFF_MS // LOOK_MS  # kept here: at the prompt a person's names may be moving the global ones

    def look(self, timer: object) -> None:
        if self._mode is None or self._mode():
            self._left = self._looks
        elif self._left:
            self._left -= 1
            if not self._left:
                self.release()

    def release(self) -> None:
        if self._hold is not None:
            self._hold(0)


def safe_mode() -> Timer:
    """Hold every pin that could start the output low, light LEVEL_1 and LEVEL_5. The timer that watches MODE."""
    drive(STAGE, 0)
    drive(("LEVEL_1", "LEVEL_5"), 1)
    timer = Timer(-1)
    timer.init(mode=Timer.PERIODIC, period=LOOK_MS, callback=Mode().look, hard=True)
    print('{"t": 0, "e": "safe_mode", "board": "%s"}' % getattr(board, "NAME", "not known"))
    kbd_intr(3)
    return timer


def fail(problem: BaseException | None):  # -> Iterator
    """In steps, for as long as there is power: nothing can flow, the lights show the fault, a host hears it."""
    watchdog = WDT(timeout=START_MS)
    mem32[MAKING] = 0
    drive(STAGE + ("CONTACT", "BEEPER", "HAPTIC", "LEVEL_3"), 0)
    drive(MODES, 1)
    mode = Mode()
    usb = pin("VBUS_SENSE", Pin.IN)
    gc.collect()
    why = told(problem)
    note(why)
    say(why)
    shown_ms = 0
    while True:
        watchdog.feed()
        step = shown_ms // 250 % 19  # counted like any fault's number: three tens and a one, and a pause of 2 s
        drive(TENS, step in (0, 2, 4))
        drive(ONES, step == 9)
        mode.look(None)
        sleep_ms(LOOK_MS)
        shown_ms += LOOK_MS
        if shown_ms == FAULT_OFF_MS:
            mode.release()
        if shown_ms % SAY_MS == 0 and (usb is None or usb()):
            say(why)
        yield


def told(problem: BaseException | None) -> str:
    """What was raised, in a line."""
    try:
        return ("%s: %s" % (type(problem).__name__, problem))[:WHY_MAX]
    except Exception:
        return "not known"  # there is no memory even for that


def say(why: str) -> None:
    """The fault's line of the log."""
    fields = {"t": ticks_diff(ticks_ms(), BEGAN_MS), "e": "fault", "n": FAULT[0], "name": FAULT[1], "why": why}
    fields["value"] = 0
    try:
        print(json.dumps(fields))
    except Exception:
        return  # the lights say it too


def note(why: str) -> None:
    """The fault's record in the journal, if that much of the firmware is there and the flash takes it."""
    record = {"at": None, "fault": FAULT[0], "name": FAULT[1], "value": 0, "state": "SELF_TEST", "why": why}
    record["up_ms"] = ticks_diff(ticks_ms(), BEGAN_MS)
    for counter in ("ticks", "late", "missed", "worst_us", "unseen"):
        record[counter] = 0
    try:
        record["heap_free"] = gc.mem_free()
        from tonus.journal import Journal

        faults = Journal("/data", "faults")
        faults.load()
        faults.add(record)
    except Exception:
        return  # what is missing may be just this


board: object = None  # the board's module
safe = None  # safe mode's timer: MicroPython forgets one that nobody holds


def device(run=None):  # -> Iterator
    """All of it, in steps, that only safe mode ends. run: as `tonus.app.steps` takes it."""
    global board, safe
    problem = None
    try:
        import board

        drive(("POWER_HOLD",), 1)  # first: until this is high a finger on MODE is all that keeps the power
        minus = pin("MINUS", Pin.IN, Pin.PULL_UP)
        sleep_ms(5)  # the pull-up and the button's own capacitor settle
        if minus is not None and not minus():
            safe = safe_mode()
            return
        watchdog = WDT(timeout=START_MS)
        if mem32[MAKING] == START_MS and reset_cause() == WDT_RESET:
            raise RuntimeError("the watchdog ended the start before this one")
        mem32[MAKING] = START_MS
        gc.threshold(GARBAGE_BYTES)
        from tonus.app import steps

        gc.threshold(-1)
        for _ in steps(board, watchdog.feed, run):
            yield
    except (Exception, KeyboardInterrupt, SystemExit) as raised:
        problem = raised
    for _ in fail(problem):
        yield


if __name__ == "__main__":
    for _ in device():
        pass
