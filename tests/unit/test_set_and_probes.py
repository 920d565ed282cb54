"""What a train says that its level asks for, and how many probes its rests have, against the words it plays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Document, documents
from tonus import bank, limits, preset, program
from tonus.preset import Waveform
from tonus_tools.ctl import words
from tonus_tools.world.boards import constants

BOARD = constants("tonus_r1")


def pulses(train: program.Train, count: int) -> list[tuple[int, int, int, int]]:
    """(DAC code, what was wanted, period in us, probes in the rest before) of the next cycles' first pulses.

    The first is left out: a train begins with a short rest of its own.
    """
    found: list[tuple[int, int, int, int]] = []
    probes = 0
    burst = train.program.burst
    cycle = 2 * burst or 1
    n = 0
    while len(found) <= count:
        if train.load >= 0:
            if train.width == 0:
                probes += 1
            elif burst or program.decode(train.word)[0] > 0:  # a long pulse's second phase has its code again
                if n % cycle == 0:
                    found.append((train.load, *train.wanted(), probes))
                probes = 0
                n += 1
        train.next()
    return found[1:]


@settings(max_examples=150, deadline=None)
@given(documents(max_zones=1), st.integers(1, limits.LEVELS))
def test_settled_it_plays_what_is_wanted_with_so_many_probes(document: Document, level: int) -> None:
    its = preset.build(document)
    w = its.zones[0].waveform
    compiled = program.compile(w, its.top_ua, BOARD)
    train = program.Train(program.compile_probe(BOARD))
    train.start(compiled, compiled.codes[level], limits.RAMP_MIN_MS)
    assert train.wanted()[0] <= compiled.codes[level]  # already, though nothing flows yet
    train.skip_ramp()
    last_us = None
    for code, wanted, period_us, probes in pulses(train, 12)[1:]:
        assert code == wanted
        if last_us is not None:  # the rest before belongs to the cycle before
            assert probes == program.probes_in(last_us - program.pulse_us(w))
        last_us = period_us


def test_a_level_is_wanted_as_soon_as_it_is_set() -> None:
    w = bank.shipped()[1].zones[0].waveform
    compiled = program.compile(w, 320, BOARD)
    train = program.Train(program.compile_probe(BOARD))
    train.start(compiled, compiled.codes[3], 4000)
    assert train.wanted() == (compiled.codes[3], compiled.period_us)
    train.aim(compiled.codes[9], 4000)
    assert train.wanted() == (compiled.codes[9], compiled.period_us)
    train.aim(0, 500)
    assert train.wanted() == (0, compiled.period_us)


def slow(rate_dhz: int, phase_us: int, burst: int = 0) -> Waveform:
    w = Waveform("alternating" if burst else "biphasic")
    w.rate_dhz = w.rate_to_dhz = rate_dhz
    w.phase_us = phase_us
    w.gap_us = 0 if burst else 50
    w.burst_pulses = burst
    return w


@pytest.mark.parametrize(
    ("w", "top_ua", "says"),
    [
        (slow(5, 100), 50, "23 contact probes of 8 uA, 0.368 uC each way: 73.6 times the pulses'"),
        (slow(8, 25_000), 320, "14 contact probes of 8 uA, 0.224 uC each way: 2.8 % of the pulses'"),
        (slow(50, 1000, 5), 200, "2 contact probes of 8 uA, 0.032 uC each way: 32 % of the pulses'"),
        (slow(110, 500), 200, None),
    ],
)
def test_probes_are_told_with_their_charge(w: Waveform, top_ua: int, says: str | None) -> None:
    told = words.probes_of(w, top_ua)
    assert told == ([f"in each rest {says} at level 10"] if says else [])
    assert all(line in words.pulses_of(w, top_ua) for line in told)
