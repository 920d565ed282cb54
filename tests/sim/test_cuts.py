"""The worst sequences of cuts that the search has found, and that it finds one when the account is taken out.

`python -m tonus_tools.sim.search --keep tests/sim/worst_cuts.json` found them, of 20 000.
"""

import json
from pathlib import Path

import pytest
from tonus import limits
from tonus_tools.sim import search

WORST = json.loads((Path(__file__).parent / "worst_cuts.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("quarter", range(4))
def test_the_worst_that_were_found_stay_within_the_account(quarter: int) -> None:
    found = search.play(WORST[quarter::4])
    assert len(WORST) == search.WORST
    assert [one for one in found if one.broken] == []
    assert max(one.account_uc for one in found) > 0.9 * limits.CHARGE_ONE_WAY_NC / 1000  # worth playing


def test_without_the_account_one_is_found_within_a_hundred() -> None:
    for found in search.search(100, seed=7, account=False):
        past = [one for one in found if one.account_uc > limits.CHARGE_MAX_NC / 1000]
        if past:
            break
    assert past
