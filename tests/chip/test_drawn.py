"""Presets drawn from all that the validator accepts, for `python -m tonus_tools.chip.drawn`."""

from __future__ import annotations

import json

from tonus.preset import parse
from tonus_tools.chip import drawn


def test_drawn_presets_are_of_every_kind_and_the_same_for_ever() -> None:
    found = [drawn.draw(seed) for seed in range(60)]
    assert found == [drawn.draw(seed) for seed in range(60)]
    waveforms = [parse(json.dumps(document)).zones[0].waveform for document in found]
    assert {w.kind for w in waveforms} == set(drawn.KINDS)
    assert min(w.rate_dhz for w in waveforms) < 10
    assert max(w.rate_dhz for w in waveforms) > 1500
    assert min(w.phase_us for w in waveforms) < 200
    assert max(w.phase_us for w in waveforms) > 5000
