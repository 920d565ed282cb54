"""What may break in the simulated processor, and in what its firmware keeps, beside all that breaks.py has.

["tick", "late" | "lost" | "doubled", n, us]        the next n of the pulse loop's ticks; late by us
["sample", n]                                       the next n of the PIO's interrupts are lost
["fifo", place, bit]                                a bit of a word in the PIO's FIFO
["pio", register, bit]                              a bit of what the state machine keeps, of REGISTERS
["code", place, bit]                                a bit of the PIO's 32 instructions
["array", n, place, bit]                            a bit of the nth array that the pulse loop's objects keep; modulo
                                                    how many there are, likewise the place
["session", n, bit]                                 a bit of the nth number or flag that the session keeps
["task", n, "late" | "stopped" | "raises", ms]      the nth task that the firmware has made
["watchdog"]                                        it never comes

What was hit is told as a `world` line: "broke", and its name.
"""

import sys
from array import array

import board
import core
import pioany
import taskqueue
from core import spend, words
from world import breaks

REGISTERS = ("X", "Y", "OSR", "PC", "PINS", "TARGET", "WRAP", "DIVIDER", "ENABLE")
FAR_MS = 1_000_000
KEEPERS = ("Pulse", "Guard", "Train", "Contacts")

_PIO_DUE = 2  # of core.words
_LEFT = 0
_HORIZON = 1

apps = []
taskqueue.made = []


def begins():
    """The firmware is about to be made: keep what it makes."""
    app = sys.modules["tonus.app"]
    make = app.App

    def made(*arguments):
        it = make(*arguments)
        apps.append(it)
        return it

    app.App = made


def forget():
    """Nothing of it is kept."""
    apps.clear()
    taskqueue.made.clear()


def apply(machine, value):
    """Break it now."""
    if breaks.apply(machine.world, machine.now, value):
        if value[0] == "line" and value[1] in breaks.SWITCHES and value[2] != "open":
            _read_back(machine, board.PINS[value[1]], value[2] == "high")
        return
    kind = value[0]
    if kind == "tick":
        _tick(value[1], value[2], value[3])
    elif kind == "sample":
        _sample(machine.pio, value[1])
    elif kind == "watchdog":
        machine.watchdog_us = 1 << 40
        machine.watchdog_due = machine.now + (1 << 40)
    elif kind in ("fifo", "pio", "code"):
        if machine.pio is not None:
            pioany.instead(machine.pio)
            _pio(machine, kind, value[1], value[2])
    elif kind == "array":
        _array(machine, value[1], value[2], value[3])
    elif kind == "session":
        _session(machine, value[1], value[2])
    elif kind == "task":
        _task(machine, value[1], value[2], value[3])
    # else a lamp's line, or the beeper's: nobody feels it


def _tell(machine, text):
    machine.emit("world", machine.now, '"broke","%s"' % text)


def _read_back(machine, gpio, high):
    """The processor reads such a line as it is."""
    switch = machine.world.set_switches

    def set_switches(t, a, b, ldac):
        if high:
            words[10] |= 1 << gpio
        else:
            words[10] &= ~(1 << gpio)
        switch(t, a, b, ldac)

    machine.world.set_switches = set_switches
    set_switches(machine.now, machine.world._el_a, machine.world._el_b, machine.world._ldac)


class _Ticks:
    """In place of the pulse loop's tick, n times. An object: a closure over so much would allocate in the interrupt."""

    def __init__(self, alarm, how, n, us):
        self.alarm = alarm
        self.call = alarm.callback
        self.how = how
        self.left = n
        self.us = us

    def serve(self, timer):
        self.left -= 1
        if self.left <= 0:
            self.alarm.callback = self.call
        if self.how == "lost":
            return
        if self.how == "late":
            spend(self.us)
        else:
            self.call(timer)
        self.call(timer)


def _tick(how, n, us):
    alarm = next((timer for timer in core.timers if timer is not None), None)
    if alarm is not None:
        alarm.callback = _Ticks(alarm, how, n, us).serve


def _sample(pio, n):
    if pio is None or pio.handler is None:
        return
    call = pio.handler
    left = [n]

    def instead(machine):
        left[0] -= 1
        if left[0] <= 0:
            pio.handler = call

    pio.handler = instead


def _pio(machine, kind, place, bit):
    pio = machine.pio
    kept = pio._kept
    if kind == "fifo":
        kept[13 + (place & 3)] ^= 1 << bit
    elif kind == "code":
        pio._code[place] ^= 1 << (bit & 15)
    elif place == "X":
        # It has been counted down ahead of time: what is left of it is the time until something shows.
        now = words[_HORIZON] - words[_LEFT]
        left = (words[_PIO_DUE] - now) * kept[12]
        if not kept[8] and left > 0:
            kept[4] = words[_PIO_DUE] = now + min((left ^ 1 << bit) // kept[12], core.FAR - now - 1)
            core.look()
    elif place == "ENABLE":
        pio.stand()
    elif place == "DIVIDER":
        kept[12] = kept[12] ^ 1 << (bit & 3) or 1
    elif place == "PINS":
        kept[9] ^= 1 << bit % 3
        pio._moved()
    else:
        at, bits = {"Y": (1, 32), "OSR": (2, 32), "PC": (3, 5), "TARGET": (10, 5), "WRAP": (11, 5)}[place]
        kept[at] ^= 1 << bit % bits


def _arrays(it, name, found, seen):
    for key, value in it.__dict__.items():
        if isinstance(value, array):
            if not any([value is a for _, a in found]):
                found.append((name + "." + key, value))
        elif type(value).__name__ in KEEPERS and value not in seen:
            seen.append(value)
            _arrays(value, name + "." + key, found, seen)


def _array(machine, n, place, bit):
    if not apps:
        return
    found = []
    _arrays(apps[-1]._pulse, "pulse", found, [apps[-1]._pulse])
    found.sort(key=lambda one: one[0])
    name, kept = found[n % len(found)]
    place %= len(kept)
    kept[place] ^= 1 << bit
    _tell(machine, "%s[%d] bit %d" % (name, place, bit))


def _session(machine, n, bit):
    if not apps:
        return
    kept = apps[-1]._session
    names = sorted([key for key, value in kept.__dict__.items() if isinstance(value, int)])
    name = names[n % len(names)]
    value = getattr(kept, name)
    setattr(kept, name, not value if isinstance(value, bool) else value ^ 1 << bit)
    _tell(machine, "session.%s bit %d" % (name, bit))


def _task(machine, n, how, ms):
    if not taskqueue.made:
        return
    task = taskqueue.made[n % len(taskqueue.made)]
    if task.done():
        return
    send = task.send
    queue = sys.modules["asyncio"].core._task_queue

    def instead(value):
        task.send = send
        if how == "raises":
            return task.coro.throw(OSError("simulated"))
        queue.push(task, taskqueue.time.ticks_ms() + (ms if how == "late" else FAR_MS) & 0x3FFFFFFF)
        return None

    task.send = instead
