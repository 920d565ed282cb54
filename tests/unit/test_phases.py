"""The PIO program, assembled and stepped cycle by cycle: every edge of the output, in half microseconds.

It runs on `pioemu`, an emulator of the RP2040's PIO that knows nothing of this project, and on the simulator's own
interpreter, which is held against it. `pioemu` has no IRQ instruction: it is given a NOP of the same length there, and
the moment at which it executes it is the moment of the interrupt.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pioemu  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tonus import bank, limits, preset, program
from tonus.program import DEAD_US, EL_A, EL_B, LDAC, OFF, Train, decode, drive_word, gap_word, rest_word
from tonus_tools import world
from tonus_tools.world import bind
from tonus_tools.world.boards import constants

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "tools" / "tonus_tools" / "sim" / "target"
FIRMWARE = ROOT / "firmware" / "tonus"
CYCLES_PER_US = program.PIO_HZ // 1_000_000
NOP = 0xA042


def load(name: str, path: Path, **beside: Any) -> ModuleType:
    """The module of a file, with others in sys.modules while it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        for other, module in beside.items():
            patch.setitem(sys.modules, other, module)
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


WORLD: dict[str, Any] = {"world": world, "world.bind": bind}
PIOASM = load("pioasm", TARGET / "pioasm.py")
# The processor takes no time here.
COST = SimpleNamespace(**{name: 0 for name in vars(load("cost", TARGET / "cost.py")) if name.isupper()})
MICROPYTHON = SimpleNamespace(
    native=lambda function: function,
    viper=lambda function: function,
    const=lambda value: value,
    heap_lock=lambda: None,
    heap_unlock=lambda: None,
)
REGISTERS = load("registers", TARGET / "registers.py")
BESIDE: dict[str, Any] = WORLD | {"cost": COST, "micropython": MICROPYTHON, "registers": REGISTERS}
CORE = load("core", TARGET / "core.py", **BESIDE)
RP2 = load("rp2", TARGET / "rp2.py", core=CORE, pioasm=PIOASM, **BESIDE)
PHASES = load("phases", FIRMWARE / "phases.py", rp2=RP2)
ASSEMBLED = PHASES.phases


@dataclass
class Edges:
    """What a run did: (cycle, pins) of each change of the pins, and the cycle of each interrupt."""

    pins: list[tuple[int, int]] = field(default_factory=list)
    interrupts: list[int] = field(default_factory=list)
    end: int = 0

    def stretches(self) -> Iterator[tuple[int, int, int]]:
        """(start, length, pins) of each stretch of unchanged pins, in cycles."""
        ends = [start for start, _ in self.pins[1:]] + [self.end]
        for (start, pins), end in zip(self.pins, ends, strict=False):
            yield start, end - start, pins


def emulate(feed: list[tuple[int, list[int]]], end_us: int) -> Edges:
    """Run the program on pioemu. At each time (us) of `feed` its words enter the FIFO, which has no end here."""
    edges = Edges(end=end_us * CYCLES_PER_US)
    irqs = {i for i, word in enumerate(ASSEMBLED.words) if word >> 13 == 6}
    code = [NOP | word & 0x1F00 if i in irqs else word for i, word in enumerate(ASSEMBLED.words)]
    state = pioemu.State(pin_values=OFF, pin_directions=7)
    queue = sorted(feed, key=lambda entry: entry[0])
    while True:
        while queue and queue[0][0] * CYCLES_PER_US <= state.clock:
            state = replace(state, transmit_fifo=deque([*state.transmit_fifo, *queue.pop(0)[1]]))
        stop = queue[0][0] * CYCLES_PER_US if queue else edges.end
        for before, after in pioemu.emulate(
            code,
            stop_when=lambda _, s, stop=stop: s.clock >= stop,
            initial_state=state,
            out_base=0,
            out_count=3,
            set_base=0,
            set_count=3,
            wrap_target=ASSEMBLED.wrap_target,
            wrap_top=ASSEMBLED.wrap,
        ):
            if after.pin_values != before.pin_values:
                edges.pins.append((before.clock, after.pin_values))
            if before.program_counter in irqs:
                edges.interrupts.append(before.clock)
            state = after
        if state.clock >= edges.end:
            return edges


class Machine(CORE.Core):  # type: ignore[misc,name-defined]
    """The simulator's core, with pins that keep their edges and nothing else around them."""

    def __init__(self) -> None:
        for i in range(len(CORE.words)):
            CORE.words[i] = 0
        super().__init__(None, None, [], 1 << 60)
        self.edges = Edges()
        self.pins = {gpio: SimpleNamespace(lend=functools.partial(self._lend, gpio)) for gpio in range(3)}

    @staticmethod
    def _lend(gpio: int, machine: Machine, level: bool) -> None:
        CORE.words[RP2._LEVELS] |= level << gpio

    def switches(self, t: int) -> None:
        value = CORE.words[RP2._LEVELS] & 7
        if self.edges.pins and self.edges.pins[-1][0] == t:
            self.edges.pins.pop()
        self.edges.pins.append((t, value))


def simulate(feed: list[tuple[int, list[int]]], end_us: int) -> Edges:
    """The same on the simulator's interpreter; times in us. The FIFO takes a word as soon as it has room."""
    machine = Machine()
    vars(CORE)["machine"] = machine
    sm = RP2.StateMachine(0, ASSEMBLED, program.PIO_HZ, SimpleNamespace(gpio=0), SimpleNamespace(gpio=0))
    sm.irq(lambda _: machine.edges.interrupts.append(machine.now), hard=True)
    sm.active(1)
    queue = sorted(feed, key=lambda entry: entry[0])
    waiting: list[int] = []
    while True:
        while queue and queue[0][0] <= machine.now:
            waiting += queue.pop(0)[1]
        while waiting and sm.tx_fifo() < RP2.FIFO_DEPTH:
            sm.put(waiting.pop(0))
        due = min(CORE.words[RP2._PIO_DUE], queue[0][0] if queue else end_us)
        if due >= end_us:
            machine.edges.end = end_us
            return machine.edges
        machine.run_until(due)


def check(words: list[int], edges: Edges) -> None:
    """The edges are those of the words, played without a pause from cycle 0, and off after them."""
    expected: list[tuple[int, int]] = []
    interrupts = []
    t = 0
    pins = OFF
    for word in words:
        direction, us, latched = decode(word)
        t += DEAD_US * CYCLES_PER_US
        now = (EL_A if direction > 0 else EL_B if direction else 0) | (LDAC if latched else 0)
        if now != pins:
            expected.append((t, now))
        if word & 1:
            interrupts.append(t + us * CYCLES_PER_US // 2)
        t += us * CYCLES_PER_US
        if now != OFF:
            expected.append((t, OFF))
        pins = OFF
    assert edges.pins == expected
    assert edges.interrupts == interrupts


def assert_safe(edges: Edges) -> None:
    """Never both switches, never a transparent DAC while driving, never from one polarity to the other at once."""
    before = OFF
    for _, _, pins in edges.stretches():
        assert pins & 3 != 3
        assert pins & LDAC or not pins & 3
        assert not (pins & 3 and before & 3)
        before = pins


def wave(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, **more}


ENVELOPE = {"shape": "sine", "period_ms": 1000, "depth_pct": 100}
WAVEFORMS = {
    "biphasic": wave("biphasic", rate_hz=300, phase_us=100, gap_us=50),
    "biphasic long": wave("biphasic", rate_hz=100, phase_us=1234, gap_us=777),
    "alternating": wave("alternating", rate_hz=300, phase_us=333, burst_pulses=2),
    "alternating single": wave("alternating", rate_hz=299.9, phase_us=3000, burst_pulses=1),
    "swept": wave("swept", rate_hz=300, rate_to_hz=150, sweep_s=1, phase_us=301, gap_us=51),
    "modulated": wave("modulated", rate_hz=200, phase_us=499, gap_us=101, envelope=ENVELOPE),
}


def train_words(waveform: dict[str, Any], us: int) -> list[int]:
    """The words of a train's first microseconds, up to the end of a rest."""
    zone = {"name": "z", "duration_s": 60, "cue_s": 5, "waveform": waveform}
    p = preset.build({"schema": 1, "id": "a", "name": "a", "top_ua": 400, "ramp_ms": 500, "zones": [zone]})
    board = constants("tonus_r1")
    compiled = program.compile(p.zones[0].waveform, p.top_ua, board)
    train = Train(program.compile_probe(board))
    train.start(compiled, compiled.codes[5], 500)
    words: list[int] = []
    t = 0
    while t < us or words[-1] & 1 or words[-1] & LDAC << 1:
        words.append(train.word)
        t += decode(train.word)[1] + DEAD_US
        train.next()
    return words


@functools.cache
def played(name: str) -> tuple[list[int], Edges]:
    """A waveform's words, and its edges on the emulator."""
    words = train_words(WAVEFORMS[name], 14_000)
    return words, emulate([(0, words)], span(words) + 100)


def span(words: list[int]) -> int:
    return sum(decode(word)[1] + DEAD_US for word in words)


@pytest.mark.parametrize("name", WAVEFORMS)
def test_every_waveform_is_exact_to_the_half_microsecond(name: str) -> None:
    words, edges = played(name)
    check(words, edges)
    assert_safe(edges)
    # The same in plain figures: every phase has its width, and both directions came.
    driven = [(length, pins & 3) for _, length, pins in edges.stretches() if pins & 3]
    assert {length for length, _ in driven} == {WAVEFORMS[name]["phase_us"] * CYCLES_PER_US}
    assert {pins for _, pins in driven} == {EL_A, EL_B}
    if "gap_us" in WAVEFORMS[name]:
        starts = [start for start, _, pins in edges.stretches() if pins & 3]
        width = WAVEFORMS[name]["phase_us"] * CYCLES_PER_US
        gap = (WAVEFORMS[name]["gap_us"] + 2 * DEAD_US) * CYCLES_PER_US
        assert {b - a - width for a, b in zip(starts[::2], starts[1::2], strict=False)} == {gap}
        # Both phases of a pulse carry the same current: the DAC is latched all the way between them.
        transparent = [start for start, _, pins in edges.stretches() if not pins & LDAC]
        assert not any(a < t < b for a, b in zip(starts[::2], starts[1::2], strict=False) for t in transparent)


def test_opposite_phases_without_a_gap_still_have_dead_time() -> None:
    words = [drive_word(True, 100), drive_word(False, 100)] * 3
    edges = emulate([(0, words)], 1000)
    starts = [(start, length) for start, length, pins in edges.stretches() if pins & 3]
    between = [b[0] - a[0] - a[1] for a, b in zip(starts, starts[1:], strict=False)]
    assert between == [DEAD_US * CYCLES_PER_US] * 5
    assert_safe(edges)


@pytest.mark.parametrize("word", [drive_word(True, 500), drive_word(False, 500), gap_word(500), rest_word(500)])
def test_an_empty_queue_ends_shorted_and_latched_and_stays_so(word: int) -> None:
    edges = emulate([(0, [word])], 5000)
    assert not edges.pins or edges.pins[-1] == ((500 + DEAD_US) * CYCLES_PER_US, OFF)
    assert all(t <= (500 + DEAD_US) * CYCLES_PER_US for t, _ in edges.pins)
    # What comes late then begins with the dead time already over.
    late = emulate([(0, [word]), (5000, [drive_word(True, 100)])], 6000)
    assert late.pins[-2:] == [(5000 * CYCLES_PER_US + 2, EL_A | LDAC), (5100 * CYCLES_PER_US + 2, OFF)]


def test_nothing_happens_before_the_first_word() -> None:
    assert emulate([], 1000).pins == []


@pytest.mark.parametrize("us", [4, 5, 99, 100, 101, 1000])
def test_the_interrupt_comes_at_the_middle_of_driven_words_only(us: int) -> None:
    words = [rest_word(50), drive_word(True, us), gap_word(50), drive_word(False, us), rest_word(50)]
    edges = emulate([(0, words)], span(words) + 50)
    driven = [(start, length) for start, length, pins in edges.stretches() if pins & 3]
    assert [length for _, length in driven] == [us * CYCLES_PER_US] * 2
    assert edges.interrupts == [start + length // 2 for start, length in driven]


@pytest.mark.parametrize("make", [gap_word, rest_word])
@pytest.mark.parametrize("us", [2, 3, 50, 192])
def test_shorted_words_are_exact(make: Callable[[int], int], us: int) -> None:
    words = [drive_word(True, 20), make(us), drive_word(False, 20)]
    check(words, emulate([(0, words)], span(words) + 20))


def test_the_program_fits_and_knows_its_place() -> None:
    assert len(ASSEMBLED.words) <= 32
    assert (ASSEMBLED.wrap_target, ASSEMBLED.wrap) == (0, len(ASSEMBLED.words) - 1)
    levels = (RP2.PIO.OUT_LOW, RP2.PIO.OUT_LOW, RP2.PIO.OUT_HIGH)
    assert ASSEMBLED.options["out_init"] == ASSEMBLED.options["set_init"] == levels
    assert ASSEMBLED.options["out_shiftdir"] == RP2.PIO.SHIFT_RIGHT
    # The interrupt is the state machine's own, and waits for nobody.
    assert [word & 0xFF for word in ASSEMBLED.words if word >> 13 == 6] == [0x10]


def test_encoded_instructions_are_what_they_say() -> None:
    assert PHASES.EXEC_SET_PINS | OFF == 0b111_00000_000_00100
    assert PHASES.EXEC_PULL_NOBLOCK == 0b100_00000_1_0_0_00000


def test_the_longest_phase_and_rest_fit_a_word() -> None:
    for word in (drive_word(True, limits.PHASE_MAX_US), rest_word(1000 * limits.PROBE_REST_MS + 14_200)):
        assert word < 1 << 30
        assert decode(word)[1] in (limits.PHASE_MAX_US, 1000 * limits.PROBE_REST_MS + 14_200)


# The simulator's interpreter.

WORDS = st.lists(
    st.one_of(
        st.builds(drive_word, st.booleans(), st.integers(4, 60)),
        st.builds(gap_word, st.integers(2, 60)),
        st.builds(rest_word, st.integers(2, 60)),
    ),
    min_size=1,
    max_size=8,
)


@given(st.lists(st.tuples(st.integers(0, 400), WORDS), min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
def test_the_simulator_has_the_edges_of_the_emulator(feed: list[tuple[int, list[int]]]) -> None:
    # What falls between two microseconds is told at the one before it.
    emulated = emulate(feed, 1900)
    simulated = simulate(feed, 1900)
    assert_safe(emulated)
    pins = [(t // CYCLES_PER_US, value) for t, value in emulated.pins]
    assert simulated.pins == pins
    assert simulated.interrupts == [t // CYCLES_PER_US for t in emulated.interrupts]


@pytest.mark.parametrize("name", WAVEFORMS)
def test_the_simulator_plays_every_waveform_like_the_emulator(name: str) -> None:
    words, emulated = played(name)
    simulated = simulate([(0, words)], span(words) + 100)
    assert simulated.pins == [(t // CYCLES_PER_US, value) for t, value in emulated.pins]
    assert simulated.interrupts == [t // CYCLES_PER_US for t in emulated.interrupts]


def test_the_shipped_presets_on_the_simulator() -> None:
    """Some seconds of them, which the emulator would take long for."""
    board = constants("tonus_r1")
    for p in bank.shipped():
        for waveform in {zone.waveform for zone in p.zones}:
            compiled = program.compile(waveform, p.top_ua, board)
            train = Train(program.compile_probe(board))
            train.start(compiled, compiled.codes[10], p.ramp_ms)
            words = []
            for _ in range(600):
                words.append(train.word)
                train.next()
            edges = simulate([(0, words)], span(words) + 100)
            in_cycles = Edges([(t * CYCLES_PER_US, pins) for t, pins in edges.pins], end=edges.end * CYCLES_PER_US)
            in_cycles.interrupts = [t * CYCLES_PER_US for t in edges.interrupts]
            check(words, in_cycles)
