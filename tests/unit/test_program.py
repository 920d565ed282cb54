"""Programs and trains: the very words the device plays, pulled and weighed, for any preset the validator accepts."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Document, documents, within
from tonus import bank, limits, preset, program
from tonus.program import DEAD_US, Program, Train, decode
from tonus_tools.world.boards import constants

BOARDS = [constants(name) for name in ("tonus_r1", "pico_bench")]
UA_PER_CODE = 2048 * 1000 / 4020 / 4096  # both boards have the same current source
CEILING_CODE = 500 / UA_PER_CODE
PROBE_CODE = 10 / UA_PER_CODE
# Longest that electrodes may rest unwatched: a stretch, a probe that does not fit any more, the rest before the pulse.
UNWATCHED_US = 80_000 + 4_100 + 10_000 + 20


@dataclass
class Drive:
    """One driven word: when it begins and what it carries."""

    t_us: int
    us: int
    direction: int
    code: int
    probe: bool  # a probe in a rest


@dataclass
class Cycle:
    """One complete cycle of a program."""

    t_us: int
    end_us: int  # start of the next cycle, 0 while it runs
    code: int
    program: Program
    epoch: int  # which command was the last before it began
    lowered: bool = False  # on the way down within it: its two directions differ


class Player:
    """Pulls a train as the interrupt does, keeps what it drives, and checks each word and each cycle on its way."""

    def __init__(self, train: Train) -> None:
        self.train = train
        self.t_us = 0
        self.drives: list[Drive] = []
        self.cycles: list[Cycle] = []
        self.code = 0
        self.epoch = 0
        self.asked = 0  # highest code asked so far
        self.fell = False  # a way down was asked for
        self._net = 0
        self._phases_left = 0
        self._pulse_starts: list[int] = []
        self._transparent = True
        self._probe = False
        self._rested_since_us = 0
        self._fallen_us = 0  # as far as `fall` has been called

    def pull(self) -> None:
        train = self.train
        word = train.word
        assert 0 <= word < 1 << 30
        assert word >> 1 & 3 != 3, "both switches closed"
        direction, us, latched = decode(word)
        assert latched or not direction, "LDAC low while the electrodes are driven"
        assert us >= 2
        begins = self.t_us + DEAD_US
        if train.load >= 0:
            assert direction, "a code is asked for by the first driven word of a pulse"
            assert train.load == self.code or self._transparent, "the DAC cannot have taken this code"
            self.code = train.load
            self._probe = train.width == 0
        if direction:
            self._drive(Drive(begins, us, direction, self.code, self._probe), train.load >= 0)
        self._transparent = not latched
        self.t_us = begins + us
        train.next()
        while train.falling and self._fallen_us + 1000 <= self.t_us:
            train.fall()
            self._fallen_us += 1000
        if not train.falling:
            self._fallen_us = self.t_us

    def _drive(self, drive: Drive, first: bool) -> None:
        assert drive.t_us - self._rested_since_us <= UNWATCHED_US
        self._rested_since_us = drive.t_us + drive.us
        assert drive.code <= CEILING_CODE
        if drive.probe:
            assert drive.code <= PROBE_CODE
            assert drive.us == limits.PROBE_PHASE_US
        else:
            assert drive.code <= self.asked
            if not self._phases_left:
                self._begin_cycle(drive)
            cycle = self.cycles[-1]
            if drive.code < cycle.code and self.fell:
                cycle.lowered = True
                cycle.code = drive.code
            assert drive.code == cycle.code, "up inside a cycle, or down without a way down"
            assert drive.us == decode(cycle.program.forward)[1]
            # Either phase of a long pulse has a code of its own.
            if first and (cycle.program.burst or drive.direction > 0):
                self._pulse_starts.append(drive.t_us)
            self._phases_left -= 1
        self.drives.append(drive)
        self._net += drive.direction * drive.code * drive.us

    def _begin_cycle(self, drive: Drive) -> None:
        if self.cycles and self.cycles[-1].lowered:
            assert abs(self._net) * UA_PER_CODE <= 1000 * limits.CHARGE_MAX_NC, "more than a cut would leave"
            self._net = 0
        assert self._net == 0, "a complete cycle, and the probes in its rests, net to zero"
        if self.cycles:
            last = self.cycles[-1]
            last.end_us = drive.t_us
            self._check_times(last)
        playing = self.train.program
        self.cycles.append(Cycle(drive.t_us, 0, drive.code, playing, self.epoch))
        self._phases_left = 2 * (playing.burst or 1)
        self._pulse_starts = []

    def _check_times(self, cycle: Cycle) -> None:
        """The pulses of a finished cycle, start to start."""
        p = cycle.program
        starts = [*self._pulse_starts, cycle.end_us]
        periods = [b - a for a, b in zip(starts, starts[1:], strict=False)]
        if p.burst:
            direction = [p.period_us] * p.burst
            assert periods == direction * 2
        elif p.sweep_dhz:
            rates = sorted((p.rate_dhz, p.rate_dhz + p.sweep_dhz))
            assert periods[0] in range(period(rates[1]), period(rates[0]) + 1)
        else:
            assert periods == [period(p.rate_dhz)]

    def worst_uc(self) -> float:
        """The most that the account of charge gets to, uC: forgotten with 6.8 s."""
        worst = account = 0.0
        t_us = 0
        for d in self.drives:
            share = d.us / 6.8e6
            account *= math.exp((t_us - d.t_us - d.us) / 6.8e6)
            account += d.direction * d.code * d.us * UA_PER_CODE / 1e6 * -math.expm1(-share) / share
            t_us = d.t_us + d.us
            worst = max(worst, abs(account))
        return worst


def period(tenths: int) -> int:
    return (2 * 10_000_000 + tenths) // (2 * tenths)


def parsed(document: Document) -> preset.Preset:
    return preset.parse(json.dumps(document))


# Compiling.


@given(documents(max_zones=3))
@settings(max_examples=80, deadline=None)
def test_every_zone_compiles_for_every_board_and_codes_round_down(document: Document) -> None:
    p = parsed(document)
    for board in BOARDS:
        for zone in p.zones:
            compiled = program.compile(zone.waveform, p.top_ua, board)
            assert len(compiled.codes) == 11
            assert compiled.codes[0] == 0
            for level, code in enumerate(compiled.codes):
                asked = p.top_ua * level // 10
                assert code * UA_PER_CODE <= asked < (code + 1) * UA_PER_CODE
                assert program.ua_for_code(code, board) == asked
                assert level == 0 or code > compiled.codes[level - 1]


@pytest.mark.parametrize("ua", [-1, 501, 10**6])
def test_no_code_above_the_ceiling(ua: int) -> None:
    with pytest.raises(ValueError, match=r"allowed 0\.\.500 uA"):
        program.code_for_ua(ua, 2048, 4020, 12)


@pytest.mark.parametrize("rset_ohm", [4100, 10_000])
def test_no_code_beyond_the_converter(rset_ohm: int) -> None:
    with pytest.raises(ValueError, match="set current"):
        program.code_for_ua(500, 2048, rset_ohm, 12)


def test_a_current_above_the_ceiling_does_not_compile() -> None:
    for board in BOARDS:
        with pytest.raises(ValueError, match="allowed"):
            program.compile(bank.shipped()[0].zones[0].waveform, 501, board)


@pytest.mark.parametrize(
    ("id", "field", "more", "net", "late_us"),
    [
        # A cycle begins at code 64, the probe's current: two microseconds more one way are 128 of it.
        ("lift", "FORWARD", 2 << 4, 128, -2),
        ("lift", "REVERSE", 2 << 4, -128, -2),
        ("lift", "GAP", 2 << 4, 0, -1),
        ("lift", "PERIOD_US", 1, 0, -1),
        # Less: a cycle is over a microsecond before its time, in which the next one's first phase begins.
        ("lift", "GAP", -(2 << 4), 38_500, -501),
        ("lift", "PERIOD_US", -1, 38_500, -501),
        ("firm", "REVERSE", 2 << 4, -128, -2),
        ("absorb", "FORWARD", 2 << 4, 6400, -100),
        ("absorb", "REVERSE", 2 << 4, -6400, -100),
        ("absorb", "PERIOD_US", 1, 0, -100),
        ("calm", "FORWARD", 2 << 4, 128, -2),
        ("calm", "GAP", -(2 << 4), 28_800, -301),
    ],
)
def test_an_unbalanced_program_does_not_pass_the_check(id: str, field: str, more: int, net: int, late_us: int) -> None:
    p = bank.shipped()[bank.SHIPPED.index(id)]
    compiled = program.compile(p.zones[0].waveform, p.top_ua, BOARDS[0])
    program._check_balance(compiled)
    compiled.table[getattr(program, "_P_" + field)] += more
    with pytest.raises(ValueError, match=f"^a cycle nets {net} code us and misses its time by {late_us} us$"):
        program._check_balance(compiled)


@pytest.mark.parametrize("field", ["FORWARD", "REVERSE"])
def test_a_program_that_would_change_the_dac_in_a_phase_does_not_pass_the_check(field: str) -> None:
    compiled = program.compile(bank.shipped()[0].zones[0].waveform, 400, BOARDS[0])
    compiled.table[getattr(program, "_P_" + field)] &= ~(program.LDAC << 1)
    with pytest.raises(ValueError, match="^the DAC would change while it drives the electrodes$"):
        program._check_balance(compiled)


@given(documents(max_zones=1))
@settings(max_examples=60, deadline=None)
def test_a_rest_has_as_many_probes_as_are_said(document: Document) -> None:
    p = parsed(document)
    w = p.zones[0].waveform
    if w.sweep_ms:
        return
    compiled = program.compile(w, p.top_ua, BOARDS[0])
    train = Train(program.compile_probe(BOARDS[0]))
    train.start(compiled, compiled.codes[10], 500)
    player = Player(train)
    player.asked = compiled.codes[10]
    for _ in range(400):
        player.pull()
    pulses = [i for i, drive in enumerate(player.drives) if not drive.probe]
    between = {b - a - 1 for a, b in zip(pulses, pulses[1:], strict=False)}
    probes = 2 * program.probes_in(w.period_us(w.rate_dhz) - program.pulse_us(w))  # of two phases each
    assert between <= {0, probes}
    assert probes in between


@given(documents(max_zones=1), st.integers(1, limits.LEVELS), st.integers(0, 300))
@settings(max_examples=60, deadline=None)
def test_what_is_wanted_is_what_comes_once_the_ramp_is_over(document: Document, level: int, words: int) -> None:
    p = parsed(document)
    compiled = program.compile(p.zones[0].waveform, p.top_ua, BOARDS[0])
    train = Train(program.compile_probe(BOARDS[0]))
    train.start(compiled, compiled.codes[level], p.ramp_ms)
    player = Player(train)
    player.asked = compiled.codes[level]
    for _ in range(words):
        player.pull()
    code, period_us = train.wanted()
    assert min(compiled.probe_code, compiled.codes[level]) <= code <= compiled.codes[level]
    assert period_us == train.period_us
    if compiled.envelope is None:
        assert code == compiled.codes[level]
    if train.settled():
        settle(player)
        assert player.cycles[-1].code <= compiled.codes[level]
        if compiled.envelope is None:
            assert player.cycles[-1].code == code


@given(within(4, 500_000), st.booleans())
@settings(deadline=None)
def test_words_say_what_they_were_made_of(us: int, forward: bool) -> None:
    assert decode(program.drive_word(forward, us)) == (1 if forward else -1, us, True)
    assert decode(program.gap_word(us)) == (0, us, True)
    assert decode(program.rest_word(us)) == (0, us, False)


# Playing.


@st.composite
def plays(draw: st.DrawFn) -> tuple[preset.Preset, ModuleType, list[tuple[int, str, int, int, int]]]:
    """(preset, board, script): at word n, "aim" or "swap" to a level, with a ramp and, for a swap, a zone."""
    p = parsed(draw(documents(max_zones=3)))
    script = draw(
        st.lists(
            st.tuples(
                st.integers(1, 600),
                st.sampled_from(("aim", "aim", "swap")),
                st.integers(0, limits.LEVELS),
                within(limits.RAMP_MIN_MS, limits.RAMP_MAX_MS),
                st.integers(0, len(p.zones) - 1),
            ),
            max_size=4,
        )
    )
    return p, draw(st.sampled_from(BOARDS)), script


@given(plays(), st.integers(1, limits.LEVELS))
@settings(max_examples=120, deadline=None)
def test_any_play_is_balanced_bounded_and_on_time(
    play: tuple[preset.Preset, ModuleType, list[tuple[int, str, int, int, int]]], level: int
) -> None:
    p, board, script = play
    programs = [program.compile(zone.waveform, p.top_ua, board) for zone in p.zones]
    train = Train(program.compile_probe(board))
    train.start(programs[0], programs[0].codes[level], p.ramp_ms)
    player = Player(train)
    player.asked = programs[0].codes[level]
    span, ramp_ms = player.asked, p.ramp_ms
    slopes = [(span, ramp_ms)]
    for words, what, to, ramp_ms, zone in script:
        for _ in range(words):
            player.pull()
        code = programs[zone].codes[to]
        player.asked = max(player.asked, code)
        player.epoch += 1
        if what == "aim":
            slopes.append((code, ramp_ms))
            train.aim(code, ramp_ms)
            player.fell |= train.falling
        else:
            slopes.append((code, ramp_ms))
            train.swap(programs[zone], code, ramp_ms)
    for _ in range(1200):
        player.pull()
    if not any(cycle.lowered for cycle in player.cycles):
        assert player.worst_uc() <= limits.CHARGE_MAX_NC / 1000
    floor = program.compile_probe(board).probe_code
    for a, b in zip(player.cycles, player.cycles[1:], strict=False):
        # Up, no faster than the fastest slope that was ever asked; from below the probe's current, which is the floor.
        fastest = max(span / (1000 * ramp_ms) for span, ramp_ms in slopes)
        if a.program is b.program and b.code > floor and a.program.envelope is None:
            assert b.code - max(a.code, floor) <= fastest * (b.t_us - a.t_us) + 1
    # A swap begins from nothing.
    for a, b in zip(player.cycles, player.cycles[1:], strict=False):
        if a.program is not b.program:
            assert b.code <= floor


@given(documents(max_zones=1), st.integers(1, limits.LEVELS), within(500, 10_000), st.sampled_from(("start", "swap")))
@settings(max_examples=60, deadline=None)
def test_a_ramp_from_zero_takes_at_least_its_time_and_four_cycles(
    document: Document, level: int, ramp_ms: int, way: str
) -> None:
    p = parsed(document)
    board = BOARDS[0]
    compiled = program.compile(p.zones[0].waveform, p.top_ua, board)
    goal = compiled.codes[level]
    probe = program.compile_probe(board)
    train = Train(probe)
    player = Player(train)
    player.asked = max(goal, probe.probe_code)
    if way == "start":
        train.start(compiled, goal, ramp_ms)
    else:
        train.start(probe, probe.probe_code, 500)
        player.pull()
        train.swap(compiled, goal, ramp_ms)
        assert not train.settled()
    while not train.settled():
        player.pull()
    settle(player)
    cycles = [cycle for cycle in player.cycles if cycle.program is compiled]
    first = cycles[0].t_us
    floor = min(probe.probe_code, goal)
    assert cycles[0].code <= floor
    for n, cycle in enumerate(cycles):
        # On the line from zero to the goal or below it, and in no fewer than four steps.
        assert cycle.code <= max(floor, min(goal * (cycle.t_us - first) / (1000 * ramp_ms), goal * n / 4))
    # It ends, too: slow by the whole numbers it counts in, but not for ever.
    slowest = max(cycle.end_us - cycle.t_us for cycle in cycles[:-1])
    if compiled.envelope is None:
        reached = next(cycle for cycle in cycles if cycle.code == goal)
        assert reached.t_us - first <= 2500 * ramp_ms + 6 * slowest


@pytest.mark.parametrize("rate", [0.3, 8, 29.9, 49.9, 80, 299, 300])
@pytest.mark.parametrize(("top_ua", "ramp_ms"), [(500, 500), (500, 10_000), (100, 10_000), (110, 10_000), (50, 9000)])
def test_the_smallest_steps_make_no_ramp_faster_than_asked(rate: float, top_ua: int, ramp_ms: int) -> None:
    w = {"kind": "biphasic", "rate_hz": rate, "phase_us": 100, "gap_us": 50}
    zone = {"name": "z", "duration_s": 60, "cue_s": 5, "waveform": w}
    p = preset.build({"schema": 1, "id": "a", "name": "a", "top_ua": top_ua, "ramp_ms": 500, "zones": [zone]})
    compiled = program.compile(p.zones[0].waveform, top_ua, BOARDS[0])
    train = Train(program.compile_probe(BOARDS[0]))
    for level in range(1, 11):
        train.start(compiled, compiled.codes[level], ramp_ms)
        player = Player(train)
        player.asked = compiled.codes[10]
        while not train.settled():
            player.pull()
        settle(player)
        reached = player.cycles[-3]  # the cycle in which the train settled was still below
        assert reached.t_us - player.cycles[0].t_us >= 990 * ramp_ms - period(round(10 * rate))


def settle(player: Player) -> None:
    """Play two cycles more: the amplitude asked for is then out."""
    enough = len(player.cycles) + 3
    while len(player.cycles) < enough:
        player.pull()


@given(
    documents(max_zones=1),
    st.integers(1, limits.LEVELS),
    st.integers(0, limits.LEVELS),
    st.integers(0, 40),
    within(500, 10_000),
)
@settings(max_examples=80, deadline=None)
def test_down_is_prompt_at_every_rate(document: Document, level: int, to: int, words: int, ramp_ms: int) -> None:
    """From RAMP_DOWN_MS on whatever begins is at the level that was asked for, and nothing rises on the way."""
    p = parsed(document)
    compiled = program.compile(p.zones[0].waveform, p.top_ua, BOARDS[0])
    train = Train(program.compile_probe(BOARDS[0]))
    train.start(compiled, compiled.codes[level], 500)
    player = Player(train)
    player.asked = compiled.codes[level]
    while not train.settled():
        player.pull()
    settle(player)
    for _ in range(words):
        player.pull()
    to = min(to, level)
    train.aim(compiled.codes[to], ramp_ms)
    player.fell = True
    asked_us, before = player.t_us, len(player.drives)
    while player.t_us < asked_us + 1000 * limits.RAMP_DOWN_MS + 3 * compiled.period_us:
        player.pull()
    assert train.settled()
    after = [drive for drive in player.drives[before:] if not drive.probe]
    floor = min(compiled.probe_code, compiled.codes[to])
    for drive in after:
        if drive.t_us >= asked_us + 1000 * (limits.RAMP_DOWN_MS + 1) + longest_us(compiled):
            assert drive.code <= max(compiled.codes[to], floor)
    if compiled.envelope is None:
        codes = [drive.code for drive in after]
        assert codes == sorted(codes, reverse=True)
        # No jolt: never below the straight line from what was to what is wanted.
        step = (compiled.codes[level] - compiled.codes[to]) / limits.RAMP_DOWN_MS
        for drive in after:
            assert drive.code >= compiled.codes[level] - step * ((drive.t_us - asked_us) / 1000 + 1) - 2


def test_a_way_down_under_an_envelope_ends_at_the_probes_current_or_what_is_asked() -> None:
    """Where it swings lowest: what is still to begin is neither raised nor taken below what a cycle has at least."""
    envelope = {"shape": "sine", "depth_pct": 100, "period_ms": 4000}
    w = {"kind": "modulated", "rate_hz": 50, "phase_us": 300, "gap_us": 100, "envelope": envelope}
    zone = {"name": "z", "duration_s": 60, "cue_s": 5, "waveform": w}
    p = preset.build({"schema": 1, "id": "a", "name": "a", "top_ua": 400, "ramp_ms": 500, "zones": [zone]})
    compiled = program.compile(p.zones[0].waveform, 400, BOARDS[0])
    lowest = 0
    for to in range(limits.LEVELS):
        for words in range(0, 1600, 80):
            train = Train(program.compile_probe(BOARDS[0]))
            train.start(compiled, compiled.codes[10], 500)
            train.skip_ramp()
            for _ in range(8 + words):
                train.next()
            train.aim(compiled.codes[to], 500)
            codes = []
            while train.falling:
                codes.append(train.fall())
            floor = min(compiled.codes[to], compiled.probe_code)
            assert codes == sorted(codes, reverse=True)
            assert codes[-1] >= floor
            lowest += codes[-1] == floor
    assert lowest > 2


def longest_us(compiled: program.Program) -> int:
    """How long before it begins a phase has its code: pulled here a word ahead, its pulse's other phase with it."""
    return compiled.pulse_us + limits.PROBE_REST_MS * 1000 + 20_000


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.NAME)
def test_the_shipped_presets_at_every_level(board: Any) -> None:
    for p in bank.shipped():
        for waveform in {zone.waveform for zone in p.zones}:
            compiled = program.compile(waveform, p.top_ua, board)
            for level in range(1, 11):
                train = Train(program.compile_probe(board))
                train.start(compiled, compiled.codes[level], p.ramp_ms)
                player = Player(train)
                player.asked = compiled.codes[level]
                while not train.settled() or player.t_us < 6_000_000:
                    player.pull()
                assert max(cycle.code for cycle in player.cycles) == compiled.codes[level]
                assert player.worst_uc() <= 45


def swept(rate: float, rate_to: float, sweep_s: int) -> preset.Waveform:
    w = {"kind": "swept", "rate_hz": rate, "rate_to_hz": rate_to, "sweep_s": sweep_s, "phase_us": 300, "gap_us": 100}
    zone = {"name": "z", "duration_s": 60, "cue_s": 5, "waveform": w}
    zones = [zone]
    p = preset.build({"schema": 1, "id": "a", "name": "a", "top_ua": 100, "ramp_ms": 500, "zones": zones})
    return p.zones[0].waveform


@pytest.mark.parametrize(("rate", "rate_to"), [(0.3, 300), (20, 8), (300, 0.3)])
def test_a_sweep_begins_at_its_first_rate(rate: float, rate_to: float) -> None:
    compiled = program.compile(swept(rate, rate_to, 10), 100, BOARDS[0])
    train = program.Train(compiled)
    train.start(compiled, compiled.codes[10], 500)
    assert train.period_us == round(1e6 / rate)


@pytest.mark.parametrize(
    ("rate", "rate_to", "sweep_s"),
    [(20, 8, 20), (8, 20, 20), (0.3, 300, 1), (300, 0.3, 1), (0.3, 0.4, 1), (0.4, 0.3, 1), (0.3, 0.5, 2), (50, 50, 1)],
)
def test_a_sweep_covers_its_range_and_never_leaves_it(rate: float, rate_to: float, sweep_s: int) -> None:
    compiled = program.compile(swept(rate, rate_to, sweep_s), 100, BOARDS[0])
    train = Train(program.compile_probe(BOARDS[0]))
    train.start(compiled, compiled.codes[5], 500)
    player = Player(train)  # checks each period
    player.asked = compiled.codes[5]
    while player.t_us < 4_000_000 * sweep_s or len(player.cycles) < 60:
        player.pull()
    periods = [cycle.end_us - cycle.t_us for cycle in player.cycles[:-1]]
    if min(rate, rate_to) * sweep_s >= 20:
        shortest, longest = period(round(10 * max(rate, rate_to))), period(round(10 * min(rate, rate_to)))
        assert min(periods) <= 1.02 * shortest
        assert max(periods) >= 0.98 * longest


def test_a_level_change_while_a_zone_change_waits_is_kept() -> None:
    """MINUS, or the ramp down, between the request for another zone and the end of the present cycle."""
    lift = bank.shipped()[0]
    first = program.compile(lift.zones[0].waveform, lift.top_ua, BOARDS[0])
    for level, top_ua in ((0, lift.top_ua), (3, lift.top_ua), (3, 150), (3, 400)):
        second = program.compile(lift.zones[4].waveform, top_ua, BOARDS[0])
        train = Train(program.compile_probe(BOARDS[0]))
        train.start(first, first.codes[5], 500)
        while not train.settled():
            train.next()
        train.swap(second, second.codes[5], 2000)
        train.aim(first.codes[level], 500, train.coming.codes[level])
        assert train.goal == first.codes[level] << program.SHIFT
        while not train.settled():
            train.next()
        assert train.amp == second.codes[level] << program.SHIFT


@pytest.mark.parametrize("words", range(1, 60, 3))
@pytest.mark.parametrize("level", [1, 10])
def test_a_ramp_down_ends_however_little_flowed_when_it_began(level: int, words: int) -> None:
    calm = bank.shipped()[3]
    compiled = program.compile(calm.zones[0].waveform, calm.top_ua, BOARDS[0])
    train = Train(program.compile_probe(BOARDS[0]))
    train.start(compiled, compiled.codes[level], 10_000)
    player = Player(train)
    player.asked = compiled.codes[10]
    for _ in range(words):
        player.pull()
    train.aim(0, 500)
    until = player.t_us + 2_000_000
    while not train.settled():
        player.pull()
        assert player.t_us < until


@pytest.mark.parametrize(("before", "after"), [(10, 1), (10, 5), (5, 10)])
def test_a_level_change_while_a_zone_change_waits_ramps_no_faster(before: int, after: int) -> None:
    lift = bank.shipped()[0]
    first, second = (program.compile(lift.zones[i].waveform, lift.top_ua, BOARDS[0]) for i in (0, 4))
    train = Train(program.compile_probe(BOARDS[0]))
    train.start(first, first.codes[before], 500)
    player = Player(train)
    player.asked = first.codes[10]
    while not train.settled():
        player.pull()
    train.swap(second, second.codes[before], 2000)
    train.aim(second.codes[after], 2000)
    while train.program is first:
        player.pull()
    began = player.t_us
    while not train.settled():
        player.pull()
    assert player.t_us - began >= 1_900_000


def test_a_train_starts_with_a_rest_that_lets_the_converter_follow() -> None:
    train = Train(program.compile_probe(BOARDS[0]))
    for compiled in (program.compile_probe(BOARDS[0]), program.compile(swept(20, 8, 5), 100, BOARDS[0])):
        train.start(compiled, compiled.codes[1], 500)
        direction, us, latched = decode(train.word)
        assert (direction, latched, train.load) == (0, False, -1)
        assert us >= 2000


def test_the_probe_is_balanced_small_and_regular() -> None:
    for board in BOARDS:
        probe = program.compile_probe(board)
        train = Train(probe)
        train.start(probe, probe.probe_code, 500)
        player = Player(train)
        player.asked = probe.probe_code
        while player.t_us < 2_000_000:
            player.pull()
        assert max(drive.code for drive in player.drives) * UA_PER_CODE <= limits.PROBE_MAX_UA == 10
        assert {b.t_us - a.t_us for a, b in zip(player.cycles, player.cycles[1:], strict=False)} == {50_000}


@pytest.mark.parametrize("shape", ["sine", "trapezoid"])
@pytest.mark.parametrize("depth", [10, 50, 100])
def test_an_envelope_swings_between_its_depth_and_full(
    shape: str, depth: int, board: Callable[[str], ModuleType]
) -> None:
    times = (
        {"period_ms": 4000} if shape == "sine" else {"rise_ms": 1000, "hold_ms": 1000, "fall_ms": 1000, "low_ms": 1000}
    )
    envelope = {"shape": shape, "depth_pct": depth, **times}
    w = {"kind": "modulated", "rate_hz": 50, "phase_us": 300, "gap_us": 100, "envelope": envelope}
    zone = {"name": "z", "duration_s": 60, "cue_s": 5, "waveform": w}
    p = preset.build({"schema": 1, "id": "a", "name": "a", "top_ua": 400, "ramp_ms": 500, "zones": [zone]})
    compiled = program.compile(p.zones[0].waveform, 400, board("tonus_r1"))
    top = compiled.codes[10]
    train = Train(program.compile_probe(board("tonus_r1")))
    train.start(compiled, top, 500)
    player = Player(train)
    player.asked = top
    while player.t_us < 12_500_000:
        player.pull()
    codes = np.array([cycle.code for cycle in player.cycles if cycle.t_us > 4_200_000])
    assert codes.max() >= 0.99 * top
    assert codes.min() == pytest.approx(max(top * (100 - depth) / 100, compiled.probe_code), rel=0.02, abs=3)
    assert np.abs(np.diff(codes)).max() <= top * depth / 100 / 500 * 20 * 1.7  # no step: at most a fast swell
    assert codes[:200].tolist() == pytest.approx(codes[200:400].tolist(), abs=0.02 * top)
