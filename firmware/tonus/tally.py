"""What one session delivered, added up as it goes: charge, contact, resistance, zone by zone. No hardware, no clock."""

from . import contact


class Tally:
    """Begun with each session; `record` is what the journal keeps of it."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new session."""
        self.level = 0
        self._treated_ms = 0
        self._zones: list[list[int]] = []  # [treated ms, of these with good contact]
        self._charge_pc = 0  # in both directions
        self._ohm_sum = 0
        self._ohm_n = 0

    def treated(self, zone: int, treated_ms: int, kind: str) -> None:
        """Time has passed in `zone` (from 0) with contact `kind`: the session has now treated `treated_ms`."""
        passed = treated_ms - self._treated_ms
        self._treated_ms = treated_ms
        while len(self._zones) <= zone:
            self._zones.append([0, 0])
        self._zones[zone][0] += passed
        if kind == contact.GOOD:
            self._zones[zone][1] += passed

    def flowed(self, ua_sum: int, phase_us: int, seen: str, ohm: int) -> None:
        """Phases were sampled: the sum of their currents (uA), the width of each, their contact class and impedance."""
        self._charge_pc += ua_sum * phase_us
        if seen == contact.GOOD:  # a dry spot's megaohms would be all that the mean shows
            self._ohm_sum += ohm
            self._ohm_n += 1

    def record(self) -> dict:
        """Fields of the session's record (PROTOCOL.md): level, charge_uc, good_pct, ohm, zones."""
        good = sum([zone[1] for zone in self._zones])
        return {
            "level": self.level,
            "charge_uc": self._charge_pc // 200_000 / 10,
            "good_pct": _pct(good, self._treated_ms),
            "ohm": self._ohm_sum // self._ohm_n if self._ohm_n else 0,
            "zones": [[ms, _pct(good_ms, ms)] for ms, good_ms in self._zones],
        }


def _pct(part: int, whole: int) -> int:
    return part * 100 // whole if whole else 0
