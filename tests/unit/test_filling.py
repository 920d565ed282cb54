"""What a phase delivers into dry skin, against a current source and a skin worked out step by step."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tonus import limits
from tonus.filling import _SAMPLE_US as SAMPLE_US
from tonus.filling import Filling, part

RAIL_MV = 24_000
RSET_OHM, SWITCHES_OHM, SERIES_OHM = 4020, 2713, 1000


def phase(set_ua: int, phase_us: int, farad: float, ohm: float) -> tuple[list[float], list[float]]:
    """(uA, electrode mV) after each us of a phase that begins with the skin discharged."""
    amps, volts = [], []
    across = 0.0
    for _ in range(phase_us):
        flows = min(set_ua * 1e-6, (RAIL_MV / 1000 - across) / (RSET_OHM + SWITCHES_OHM + SERIES_OHM))
        across += (flows - across / ohm) * 1e-6 / farad
        amps.append(flows * 1e6)
        volts.append((across + flows * SERIES_OHM) * 1000)
    return amps, volts


def device(set_ua: int, phase_us: int, farad: float, ohm: float) -> tuple[Filling, float, int, int]:
    """What tells of such skin; what its phases truly deliver, of what is set; what their sample shows, uA and mV."""
    amps, volts = phase(set_ua, phase_us, farad, ohm)
    board = SimpleNamespace(RAIL_MV=RAIL_MV, RSET_OHM=RSET_OHM, SWITCHES_OHM=SWITCHES_OHM)

    def beginning(looks: int, after_us: int) -> tuple[int, int, int, int]:
        sink_mv = RAIL_MV - volts[after_us] - amps[after_us] * SWITCHES_OHM / 1000
        return after_us, round(amps[after_us]) << 4, RAIL_MV << 4, round(sink_mv) << 4

    stage = SimpleNamespace(beginning=beginning, zero_codes=0, ua=lambda code: max(0, code), mv=lambda code: code)
    at = phase_us // 2 + SAMPLE_US
    return Filling(board, stage), sum(amps) / phase_us / set_ua, round(amps[at]), round(volts[at])


@example(96, 1432, 1.5e-9, 0.3e6)
@given(
    st.integers(20, limits.FIRMWARE_CEILING_UA),
    st.integers(200, limits.WATCHED_US),
    st.floats(1.5e-9, 8e-9),
    st.floats(0.3e6, 6e6),
)
def test_what_a_phase_delivers_is_told_from_its_beginning_and_its_middle(
    set_ua: int, phase_us: int, farad: float, ohm: float
) -> None:
    """Whatever the skin. The worst are samples that fall where the current has just begun to go down."""
    filling, true, ua, mv = device(set_ua, phase_us, farad, ohm)
    more = filling.more(phase_us, set_ua, ua, mv, 0)
    assert min(1.0, ua / set_ua) + more == pytest.approx(true, abs=0.25)


@pytest.mark.parametrize(("set_ua", "phase_us"), [(120, 500), (200, 500), (280, 500), (280, 1000), (400, 200)])
def test_dry_skin_as_the_simulator_has_it_is_told_within_a_point(set_ua: int, phase_us: int) -> None:
    ohm = 6e6 / (1 + set_ua / 50)
    filling, true, ua, mv = device(set_ua, phase_us, 1.5e-9, ohm)
    assert abs(ua / set_ua - true) > 0.1  # the sample alone does not tell it
    assert min(1.0, ua / set_ua) + filling.more(phase_us, set_ua, ua, mv, 0) == pytest.approx(true, abs=0.01)


def test_good_contact_and_long_phases_are_not_waited_for() -> None:
    board = SimpleNamespace(RAIL_MV=RAIL_MV, RSET_OHM=RSET_OHM, SWITCHES_OHM=SWITCHES_OHM)
    filling = Filling(board, SimpleNamespace())  # that would fail on being asked
    assert filling.more(500, 400, 400, 5000, 0) == 0
    assert filling.more(500, 8, 7, 200, 0) == 0  # less than set, and not for want of compliance
    assert filling.more(limits.WATCHED_US + 1, 90, 20, 23_000, 0) == 0


def test_it_is_read_again_after_a_while_and_anew_with_another_contact() -> None:
    filling, _, ua, mv = device(200, 500, 1.5e-9, 1.2e6)
    stage = filling._stage
    read = stage.beginning
    asked: list[int] = []

    def beginning(looks: int, after_us: int) -> tuple[int, int, int, int] | None:
        asked.append(after_us)
        return read(looks, after_us) if len(asked) > 1 else None

    stage.beginning = beginning
    assert filling.more(500, 200, ua, mv, 0) == 0  # none began in time
    for now_ms in (20, 40):
        assert filling.more(500, 200, ua, mv, now_ms) == 0
    assert len(asked) == 1
    assert filling.more(500, 200, ua, mv, 60) > 0.1
    for now_ms in range(80, 560, 20):
        assert filling.more(500, 200, ua, mv, now_ms) > 0.1
    assert len(asked) == 2
    filling.more(500, 200, ua, mv, 560)
    assert len(asked) == 3
    filling.reset()
    stage.beginning = lambda looks, after_us: None
    assert filling.more(500, 200, ua, mv, 580) == 0


@given(
    st.integers(100, 2000),
    st.floats(0.01, 500),
    st.floats(0, 1),
    st.integers(0, 30_000),
    st.booleans(),
    st.integers(1, 30_000),
)
def test_it_is_a_part(phase_us: int, rise: float, seen: float, mv: int, short: bool, room_mv: int) -> None:
    assert 0 <= part(phase_us, rise, seen, mv, short, room_mv) <= 1
