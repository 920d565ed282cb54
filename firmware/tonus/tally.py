"""What one session was set to deliver and what it did, added up as it goes, zone by zone. No hardware, no clock.

Charges come as sense codes x us, in both directions together. *Set* is what the level asks for while the session's time
counts, its ramps over; *delivered* is what was seen to flow meanwhile. Set is taken as this source gives it where
contact is good: what its parts are off does not show in their share.
"""

import json

from . import contact, limits


class Tally:
    """Begun with each session; `record` is what the journal keeps of it."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new session."""
        self.level = 0
        self._counted_ms = 0
        self._zones: list[list[int]] = []  # [counted ms, of these with good contact, set, delivered]
        self._probes = 0
        self._seen = self._expected = 0  # while contact was good: what flowed, and what should by the codes played
        self._ohm_sum = 0
        self._ohm_n = 0

    def counted(self, zone: int, counted_ms: int, kind: str, set_per_s: int, probes_per_s: int) -> None:
        """Time has passed in `zone` (from 0) with contact `kind`: the session has now counted `counted_ms`.

        set_per_s, probes_per_s: what the level asks for in a second, and what the probes in its rests carry.
        """
        passed = counted_ms - self._counted_ms
        self._counted_ms = counted_ms
        its = self._zone(zone)
        its[0] += passed
        if kind == contact.GOOD:
            its[1] += passed
        its[2] += set_per_s * passed // 1000
        self._probes += probes_per_s * passed // 1000

    def flowed(self, zone: int, delivered: int, expected: int, good: bool) -> None:
        """Phases were sampled in counted time: what they carried, and should have by their codes; with good contact?"""
        self._zone(zone)[3] += delivered
        if good:
            self._seen += delivered
            self._expected += expected

    def resisted(self, ohm: int) -> None:
        """An impedance was measured with good contact; a dry spot's megaohms would be all that the mean shows."""
        self._ohm_sum += ohm
        self._ohm_n += 1

    def record(self, na16_per_code: int) -> dict:
        """Fields of the session's record (PROTOCOL.md). na16_per_code: of the stage."""
        counted_ms = good_ms = set_ = delivered = 0
        zones, counted, charges = [], [], []
        for ms, its_good_ms, its_set, its_delivered in self._zones:
            its_set = self._as_given(its_set)
            zones.append([_part(ms, its_delivered, its_set), _part(100, its_good_ms, ms)])
            counted.append([ms, _part(100, its_delivered, its_set)])
            charges.append([_uc(its_set, na16_per_code, 10), _uc(its_delivered, na16_per_code, 10)])
            counted_ms += ms
            good_ms += its_good_ms
            set_ += its_set
            delivered += its_delivered
        return {
            "level": self.level,
            "counted_ms": counted_ms,
            "treated_ms": _part(counted_ms, delivered, set_),
            "set_uc": _uc(set_, na16_per_code, 100),
            "charge_uc": _uc(delivered, na16_per_code, 100),
            "share_pct": _part(100, delivered, set_),
            "probe_uc": _uc(self._probes, na16_per_code, 100),
            "good_pct": _part(100, good_ms, counted_ms),
            "ohm": self._ohm_sum // self._ohm_n if self._ohm_n else 0,
            "zones": zones,
            "counted": counted,
            "charges": charges,
        }

    def _zone(self, zone: int) -> list[int]:
        while len(self._zones) <= zone:
            self._zones.append([0, 0, 0, 0])
        return self._zones[zone]

    def _as_given(self, set_: int) -> int:
        """A set charge as this source gives it, as far as its parts may be off."""
        expected = self._expected
        if expected <= 0:
            return set_
        most = expected * limits.DEVIATION_PCT // 100
        return set_ * max(expected - most, min(self._seen, expected + most)) // expected


def less(zones, charges: list) -> str:
    """The side, "left" or "right", that got more than a tenth less than the other; "" when neither did.

    zones: of the preset. charges: [set, delivered] of those begun. Only where both sides are planned for as long.
    """
    planned = {"left": 0, "right": 0}
    got = {"left": 0, "right": 0}
    for i in range(len(zones)):
        side = zones[i].side
        if side in planned:
            planned[side] += zones[i].duration_s
            if i < len(charges):
                got[side] += charges[i][1]
    if planned["left"] != planned["right"]:
        return ""
    lower = min(got, key=lambda side: got[side])
    return lower if got[lower] * 10 < max(got.values()) * 9 else ""


def _part(whole: int, part: int, of: int) -> int:
    """`whole` x part / of, to the nearest, and never more than the whole or less than nothing."""
    return max(0, min(whole, (2 * whole * part + of) // (2 * of))) if of > 0 else 0


def _uc(code_us: int, na16_per_code: int, parts: int) -> float:
    """uC in each direction, cut to so many parts of one, of sense codes x us in both."""
    return max(0, code_us) * na16_per_code * parts // 32_000_000_000 / parts


def fit(record: dict, most: int) -> None:
    """Make a record one of at most so many characters: whole uC by zone, then without what these let work out."""
    if len(json.dumps(record, separators=(",", ":"))) > most:
        record["charges"] = [[round(uc) for uc in pair] for pair in record["charges"]]
    if len(json.dumps(record, separators=(",", ":"))) > most:
        del record["counted"]
