"""Play sequences of cuts on the pulse loop and the world alone: `micropython seek.py CONFIG.json`, a line each.

The firmware's stage, train and pulse loop, unchanged, on the simulated chip; in the session's place is a few lines that
start again after each cut as the session does, once there is contact. What is measured is what passes the electrodes:
the account of charge by the trace's own phases, whatever the firmware thinks of it. search.py draws the sequences.
"""

import gc
import json
import os
import sys
from math import exp

sys.path[:] = [".frozen"]
import time as real_time  # noqa: E402

BOOT_US = 20_000
FOUND_US = 150_000  # after this long on the skin the probe has found it
LOOK_US = 20_000  # how often the session looks
NEVER_NC = 400_000  # more than any account has


class Electrodes:
    """What passed: the worst account (uC), the range of the charge passed in all (uC), and how many phases."""

    def __init__(self, forget_us):
        self._forget_us = forget_us
        self.account = self._passed = self.worst = self.worst_t = 0.0
        self._most = self._least = 0.0
        self._t = 0
        self.phases = 0

    def emit(self, kind, t, fields):
        if kind != "phase":
            return
        direction, us, _, _, _, nc, _ = fields.split(",")
        us = int(us)
        passed = int(direction) * float(nc) / 1000
        share = us / self._forget_us
        kept = (1 - exp(-share)) / share
        self.account = self.account * exp((self._t - t - us) / self._forget_us) + passed * kept
        self._t = t + us
        self._passed += passed
        self._most = max(self._most, self._passed)
        self._least = min(self._least, self._passed)
        self.phases += 1
        if abs(self.account) > self.worst:
            self.worst = abs(self.account)
            self.worst_t = t

    def range_uc(self):
        return self._most - self._least


class Cable:
    """Nobody talks over it."""

    @staticmethod
    def unplug():
        pass


def play(board, sequence, account):
    """One sequence; (worst uC, when us, range uC, phases, starts, cut or fault it ended with)."""
    import core
    import machine
    from tonus import debounce, faults, limits, preset, program, pulse, stage
    from world import model

    for i in range(len(core.words)):
        core.words[i] = 0  # time begins anew
    skin = Electrodes(limits.CHARGE_FORGET_MS * 1000)
    start = {"battery_pct": 90, "usb": False, "temperature_c": 25, "touch": sequence["touch"]}
    start.update(sequence["start"])
    state = model.World(board, skin.emit, start, sequence["seed"])
    outside = [(t, action, value) for t, action, value in sequence["do"] if action in ("touch", "lift", "usb")]
    chip = machine.Chip(board, state, skin.emit, outside, 1 << 40)
    core.machine = chip
    chip.usb = Cable
    chip.power_up()
    zones = [(top, preset._waveform(w, "", top)) for top, w in sequence["zones"]]
    programs = [program.compile(w, top, board) for top, w in zones]
    contacts = debounce.Contacts(0, 0, 0, None)
    bounds = limits.CHARGE_EVEN_NC, limits.CHARGE_TRIP_NC
    if not account:
        limits.CHARGE_EVEN_NC = limits.CHARGE_TRIP_NC = NEVER_NC
    loop = pulse.Pulse(stage.Stage(board), program.compile_probe(board), 1 << board.PINS["VBUS_SENSE"], contacts)
    limits.CHARGE_EVEN_NC, limits.CHARGE_TRIP_NC = bounds
    loop.start()
    now = BOOT_US
    chip.run_until(now)
    zone, level, starts = 0, sequence["level"], 0
    playing = False
    loop.probe()
    inside = [(t, action, value) for t, action, value in sequence["do"] if action in ("stop", "level", "zone")]
    touched = 0
    while now < sequence["until"]:
        event = inside[0] if inside else None
        now = min(now + LOOK_US, sequence["until"])
        if event is not None and event[0] <= now:
            now = max(event[0], now - LOOK_US)
            inside.pop(0)
        else:
            event = None
        chip.run_until(now)
        cut = loop.cut_by
        if cut >= faults.LATCH:
            break
        if cut:
            loop.clear_cut()
            playing = False
            loop.probe()
        if state.load == "lifted":
            touched = now
        if event is not None:
            _, action, value = event
            if action == "stop":
                loop.off()
                playing = False
                touched = now
                loop.probe()
            elif action == "level":
                level = value
                if playing:
                    loop.aim(level, sequence["ramp"])
            else:
                zone = value % len(programs)
                if playing:
                    loop.treat(programs[zone], level, sequence["ramp"])
        elif (
            not playing and now - touched >= FOUND_US and not state.usb and (not account or loop.ready(programs[zone]))
        ):
            loop.treat(programs[zone], level, min(limits.RAMP_RETURN_MS, sequence["ramp"]))
            playing = True
            starts += 1
    cut = loop.cut_by
    loop.off()
    chip.run_until(now + 1000)
    chip.stop_peripherals()
    return skin.worst, skin.worst_t, skin.range_uc(), skin.phases, starts, cut


def main():
    with open(sys.argv[1]) as f:
        config = json.load(f)
    here = __file__.rsplit("/", 1)[0]
    tools = here.rsplit("/", 2)[0]  # where `world` is
    sys.path[:] = [here, os.getenv("TONUS_BOARD"), os.getenv("TONUS_FIRMWARE"), tools, ".frozen"]
    import written

    written.mount("/sim")
    sys.path[0] = "/sim"
    import core

    core.real_time = real_time
    import board
    import registers
    import rp2  # noqa: F401

    sys.modules["uctypes"] = registers
    for sequence in config["sequences"]:
        found = play(board, sequence, config["account"])
        print("%.3f %d %.3f %d %d %d" % found)
        gc.collect()


main()
