"""Why a picture shows more delivered than set: what the strays carry, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from tonus_tools.sim.measure import Electrodes, strays_nc
from tonus_tools.sim.trace import Phases


def electrodes(*phases: tuple[float, float, int, float]) -> Electrodes:
    """Of (set uA, end uA, width us, nC)."""
    set_ua, end_ua, width_us, nc = (np.array(column) for column in zip(*phases, strict=True))
    n = len(phases)
    ints = np.arange(n, dtype=np.int64) * 10_000
    made = Phases(ints, np.ones(n, np.int64), width_us.astype(np.int64), ints, end_ua, end_ua, nc, end_ua)
    low = set_ua <= 10
    return Electrodes(made, set_ua, low, low)


def test_it_is_what_flows_beyond_current_times_width() -> None:
    found = electrodes((200.0, 200.0, 500, 102.8), (200.0, 200.0, 500, 102.8), (8.0, 8.0, 2000, 18.0))
    nc, percent = strays_nc(found)
    assert nc == pytest.approx(2.8)
    assert percent == pytest.approx(2.8)


def test_skin_that_takes_less_is_no_stray() -> None:
    """Beyond compliance the current falls through the phase: the charge is more than its end makes."""
    nc, _ = strays_nc(electrodes((200.0, 200.0, 500, 102.8), (200.0, 90.0, 500, 60.0)))
    assert nc == pytest.approx(2.8)
    assert strays_nc(electrodes((200.0, 90.0, 500, 60.0))) == (0.0, 0.0)
