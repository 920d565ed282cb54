"""Programs for the prompt of safe mode, in the simulator or on the chip, that tell what the hardware does."""

from __future__ import annotations

from tonus_tools.chip.live import Live as Chip
from tonus_tools.image.lean import lean
from tonus_tools.sim.live import Running
from tonus_tools.sim.scenario import Scenario, Start

SAFE = Scenario("safe", 1, start=Start(usb=True, touch="500"))
STARTED_US = 500_000

# Levels of inputs and outputs, the PIO's too, looked at by an interrupt; and the interrupt flag of a state machine.
MEMORY = """
import board
from machine import Pin, Timer, disable_irq, enable_irq, mem32
from micropython import const
from rp2 import StateMachine
from time import sleep_ms, sleep_us, ticks_diff, ticks_us
from tonus.phases import phases
LEVELS = const(0xD0000004)
FLAGS = const(0x50200030)
pins = board.PINS
seen = [0, 0]
# Every name before the timer runs: its interrupt must not find the table of names in mid-growth.
shown = role = timer = base = machine = calls = flagged = long = clear = state = began = raised = left = None
def look(timer):
    seen[0] = mem32[LEVELS]
    seen[1] = mem32[FLAGS]
def names(word):
    return sorted([role for role, gpio in pins.items() if word >> gpio & 1 and role in shown])
shown = ("EL_A", "EL_B", "LDAC", "MODE", "PLUS", "MINUS", "VBUS_SENSE", "STAGE_FAULT_N")
for role in ("MODE", "PLUS", "MINUS", "STAGE_FAULT_N"):
    Pin(pins[role], Pin.IN, Pin.PULL_UP)
for role in ("VBUS_SENSE", "LDAC"):
    Pin(pins[role], Pin.IN)
timer = Timer(-1)
timer.init(mode=Timer.PERIODIC, period=1, callback=look, hard=True)
sleep_ms(3)
print(names(seen[0]))
for role in ("EL_A", "EL_B", "LDAC"):
    Pin(pins[role], Pin.OUT, value=1)
sleep_ms(3)
print(names(seen[0]))
Pin(pins["EL_B"], Pin.OUT, value=0)
base = Pin(pins["EL_A"], Pin.OUT, value=0)
machine = StateMachine(0, phases, freq=2_000_000, out_base=base, set_base=base)
calls = [0, 0]
def flagged(machine):
    calls[0] += 1
    calls[1] += mem32[FLAGS] & 1
machine.irq(flagged, hard=True)
machine.active(1)
print(names(mem32[LEVELS]))
long = (2 * 5000) << 4 | (1 << 1) | 1  # EL_A alone, sampled after 5 ms
machine.put(long)
sleep_ms(3)
print(names(seen[0]), seen[1] & 1, calls)
sleep_ms(10)
print(names(seen[0]), seen[1] & 1, calls)
for clear in (0, 1):
    state = disable_irq()
    machine.put(2000 << 4 | (1 << 1) | 1)
    began = ticks_us()
    while ticks_diff(ticks_us(), began) < 1200:
        pass  # not asleep: that serves USB, too
    raised = mem32[FLAGS] & 1
    mem32[FLAGS] = clear
    left = mem32[FLAGS] & 1
    enable_irq(state)
    sleep_us(2000)
    print(raised, left, mem32[FLAGS] & 1, calls)
"""
MEMORY_SAID = """
['LDAC', 'MODE', 'PLUS', 'STAGE_FAULT_N', 'VBUS_SENSE']
['EL_A', 'EL_B', 'LDAC', 'MODE', 'PLUS', 'STAGE_FAULT_N', 'VBUS_SENSE']
['LDAC', 'MODE', 'PLUS', 'STAGE_FAULT_N', 'VBUS_SENSE']
['EL_A', 'MODE', 'PLUS', 'STAGE_FAULT_N', 'VBUS_SENSE'] 0 [0, 0]
['LDAC', 'MODE', 'PLUS', 'STAGE_FAULT_N', 'VBUS_SENSE'] 0 [1, 0]
1 1 0 [2, 0]
1 0 0 [2, 0]
"""


def to_prompt(live: Running) -> None:
    """Start with MINUS held, and go to the raw prompt."""
    live.do("hold", "MINUS")
    live.run(STARTED_US)
    live.send(b"\x01")
    live.run(50_000)


def for_prompt(live: Running, program: str) -> str:
    """A program as the device takes it that is asked: the chip has the firmware's image, the simulator its sources."""
    return lean().at_prompt(program) if isinstance(live, Chip) else program


def said(live: Running, program: str, us: int = 400_000) -> str:
    """What a program prints."""
    live.heard.clear()
    live.send(for_prompt(live, program).encode() + b"\x04")
    live.run(us)
    text = live.heard.decode().replace("\r\n", "\n")
    assert text.startswith("OK"), text
    out, error = text[2:].split("\x04")[:2]
    assert error == "", error
    return out


# What interrupts of the firmware's pulse loop take: a foreground that only counts finds how much time is not its own.
# Prints, of a second's thousandths: with the rail down, with a probe, and with pulses of four kinds.
SHARES = """
import board, gc
from machine import Pin
from time import sleep_ms, ticks_us, ticks_diff
from tonus import preset, program, pulse, stage
from tonus.debounce import Contacts
def count(us):
    n = 0
    t = ticks_us()
    while ticks_diff(ticks_us(), t) < us:
        n += 1
    return n
pins = board.PINS
p = pulse.Pulse(stage.Stage(board), program.compile_probe(board), 0, Contacts(0, 0, 0, None))
whole = count(100000)
p.start()
shares = []
def look():
    shares.append(1000 - 1000 * count(100000) // whole)
look()
p.probe()
sleep_ms(10)
look()
for rate, phase in ((80, 500), (300, 500), (200, 200), (20, 2000)):
    w = preset.Waveform("biphasic")
    w.rate_dhz = w.rate_to_dhz = 10 * rate
    w.phase_us = phase
    w.gap_us = 100
    p.off()
    p.treat(program.compile(w, 400, board), 10, 500)
    sleep_ms(600)
    look()
p.off()
print(shares)
"""
SHARES_ON_CHIP = [40, 54, 69, 117, 97, 54]

# Samples of short phases beside a tick that takes its time: how many see their phase, and how many come too late.
# WORD: the rest between two, us.
HIDDEN = """
import board
from machine import Pin, Timer
from rp2 import StateMachine
from time import sleep_ms
from tonus.phases import phases
pins = board.PINS
base = Pin(pins["EL_A"], Pin.OUT, value=0)
Pin(pins["EL_B"], Pin.OUT, value=0)
Pin(pins["LDAC"], Pin.OUT, value=1)
machine = StateMachine(0, phases, freq=2_000_000, out_base=base, set_base=base)
level = Pin(pins["EL_A"]).value
queued = machine.tx_fifo
put = machine.put
stop = Pin(pins["MODE"], Pin.IN, Pin.PULL_UP).value
counts = [0, 0]
PHASE = (100 - 3) << 4 | (1 << 1) | (4 << 1) | 1
REST = (2 * WORD - 4) << 4 | (4 << 1)
turn = [0]
def tick(timer):
    for _ in range(12):
        stop()
    if queued() < 3:
        put(REST if turn[0] else PHASE)
        turn[0] = 1 - turn[0]
def sample(machine):
    counts[0 if level() else 1] += 1
machine.irq(sample, hard=True)
machine.active(1)
timer = Timer(-1)
timer.init(mode=Timer.PERIODIC, period=1, callback=tick, hard=True)
sleep_ms(1500)
timer.deinit()
machine.active(0)
print(counts)
"""
HIDDEN_ON_CHIP = {9000: [151, 14], 5000: [267, 27]}
