"""Dry skin on the emulated chip: with the real interpreter's times, what is said of it is what was delivered."""

from __future__ import annotations

import pytest
from emulated import FROM_S, PRESETS, Emulated, press
from tonus.preset import build, upgrade
from tonus_tools.sim.measure import electrodes, told
from tonus_tools.sim.source import share
from tonus_tools.world.boards import load_board
from tonus_tools.world.parts import resolve

BOARD = "tonus_r1"
POINTS = 4  # of two seconds, in which the first reading weighs more: as the looks fall, 1.5 to 2.4 too little


def test_what_is_said_of_dry_skin_is_what_was_delivered(emulated: Emulated) -> None:
    """Half a session on gel, half on dry skin, at a level that fills it in a third of a phase."""
    entries = [{"at": FROM_S, "touch": "good"}]
    entries += [press(FROM_S + 0.05 + 0.25 * i, "PLUS") for i in range(5)]
    entries += [{"at": FROM_S + 2.6, "touch": "dry"}, press(FROM_S + 4.4, "MODE")]
    trace = emulated.play(FROM_S + 5.2, entries)
    said = told(trace)
    assert said is not None
    board = load_board(BOARD)
    true = share(trace, electrodes(trace, board), build(upgrade(PRESETS[0])), BOARD, resolve("typical", {}, BOARD))
    assert true.pct < 90  # it matters
    assert said.share_pct == pytest.approx(true.pct, abs=POINTS)
