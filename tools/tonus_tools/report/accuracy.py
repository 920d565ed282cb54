"""How far the delivered current may be from the set one, and what that makes of a figure at its worst."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

from tonus import limits

# What a phase may carry beyond the set current times its width: what the sink divider takes, and stray capacitances.
# Both phases of a pulse carry it; the current sense does not see it.
STRAY_NC = 0.5  # tools/tonus_tools/spice/results.md, at most, in phases of up to a millisecond


@dataclass(frozen=True)
class Accuracy:
    """A band around the set current: `percent` of it or `floor_ua` (uA), whichever is larger."""

    name: str
    percent: float
    floor_ua: float
    source: str

    def band_ua(self, set_ua: float) -> float:
        """Half the band's width, uA."""
        return max(set_ua * self.percent / 100, self.floor_ua)

    def factor(self, set_ua: float) -> float:
        """The largest current that may flow over the set one; 1 when nothing is set."""
        return 1 + self.band_ua(set_ua) / set_ua if set_ua else 1.0

    def percent_at(self, set_ua: float) -> float:
        """Half the band's width in percent of a set current above zero."""
        return 100 * self.band_ua(set_ua) / set_ua

    def __str__(self) -> str:
        return f"+-{self.percent:g} % or +-{self.floor_ua:g} uA, whichever is larger"


# From 500 Ohm to 10 kOhm.
UNCALIBRATED = Accuracy(
    "not calibrated",
    limits.SET_ACCURACY_PCT,
    limits.SET_ACCURACY_NA / 1000,
    "limits.SET_ACCURACY_PCT, SET_ACCURACY_NA",
)
UNMEASURED = Accuracy(
    "not calibrated",
    limits.UNMEASURED_PCT,
    limits.UNMEASURED_NA / 1000,
    "limits.UNMEASURED_PCT, UNMEASURED_NA: a board without the built-in short",
)
CALIBRATED = Accuracy(
    "calibrated", limits.CALIBRATED_PCT, limits.CALIBRATED_NA / 1000, "limits.CALIBRATED_PCT, CALIBRATED_NA"
)


def out_of_the_box(board: SimpleNamespace) -> Accuracy:
    """Of a device of this board that nobody has calibrated."""
    return UNCALIBRATED if board.HAS_SHORT else UNMEASURED


IEC_ACCURACY_PCT = 20  # IEC 60601-2-10: amplitude against what is indicated
