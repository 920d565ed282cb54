"""What a phase delivers into dry skin, of which one sample halfway through tells little.

Dry skin is a small capacitance. The set current fills it, at a high level in a fraction of the phase, until the source
is out of compliance; in the rest next to nothing flows. Halfway through, either the one is seen or the other. So while
contact is like that the voltage is now and then read soon after a phase's beginning, when the current is whole: how
fast it rises says when it will be as high as it can get.
"""

from math import log, sqrt

from . import limits
from .mpy import const

_SAMPLE_US = const(35)  # from the middle of a phase to its sample's voltage: the way into the interrupt
_LOOKS = const(2000)  # a beginning is waited for so long at a time, some 20 ms with the processor busy, ...
_AGAIN_MS = const(60)  # ... from one time to the next, ...
_KNOWN_MS = const(500)  # ... and once it is known, so often
_FULL_PCT = const(90)  # of the set current: less is out of compliance
_OUT_PCT = const(80)  # of the compliance, with a current that is less: it is out of it
_HALF_PCT = const(45)  # of the compliance, halfway through: less does not reach it within the phase
_SOON = const(8)  # a beginning is read after this part of the phase, ...
_SOON_US = const(30)  # ... but not sooner, with little to read, ...
_LATE_US = const(60)  # ... nor later, when it may be full
_SERIES_OHM = const(700)  # what is in the way to the capacitance: gel and deeper skin, 0.5 to 1 kOhm
_MEAN_OF = const(4)  # readings; skin, gel and pressure change
_LITTLE = 0.01  # that leaks: its logarithm would be next to nothing, and wrong


class Filling:
    """Of one contact after another; `reset` begins with the next. `board` is the board's module, `stage` reads."""

    def __init__(self, board, stage) -> None:
        self._board = board
        self._stage = stage
        self._rail_mv = board.RAIL_MV
        self.reset()

    def reset(self) -> None:
        """Another contact: nothing is known of it."""
        self._n = 0
        self._rise = 0.0  # mV in a us, of each uA
        self._due_ms = 0

    def more(self, phase_us: int, set_ua: int, ua: int, mv: int, now_ms: int) -> float:
        """What phases delivered beyond what their samples said, -1 to 1 of what was set.

        uA set and sampled, mV at the electrodes. May keep the processor for _LOOKS, but not the interrupts.
        """
        board = self._board
        drop_ohm = board.RSET_OHM + board.SWITCHES_OHM
        room_mv = self._rail_mv - set_ua * drop_ohm // 1000
        short = (ua + 1) * 100 < set_ua * _FULL_PCT and mv * 100 > room_mv * _OUT_PCT
        # One longer than WATCHED_US is looked at all the time.
        if phase_us > limits.WATCHED_US or not short and mv * 100 < room_mv * _HALF_PCT:
            return 0.0
        if now_ms >= self._due_ms:
            self._due_ms = now_ms + _AGAIN_MS
            self._read(max(_SOON_US, min(_LATE_US, phase_us // _SOON)), now_ms)
        if not self._n:
            return 0.0
        seen = min(1.0, ua / set_ua)
        # Out of compliance the current goes down as fast as the skin takes what Rset and switches leave to it.
        full_mv = self._rail_mv - (ua if short else 0) * drop_ohm // 1000
        return part(phase_us, self._rise * set_ua, seen, mv, short, full_mv) - seen

    def _read(self, after_us: int, now_ms: int) -> None:
        stage = self._stage
        found = stage.beginning(_LOOKS, after_us)
        if found is not None:
            us, current, rail, sink = found
            ua = stage.ua((current >> 4) - stage.zero_codes)
            mv = stage.mv((rail >> 4) - (sink >> 4)) - ua * (self._board.SWITCHES_OHM + _SERIES_OHM) // 1000
            if ua >= limits.OPEN_UA and mv > 0:
                self._rail_mv = stage.mv(rail >> 4)
                self._n = min(self._n + 1, _MEAN_OF)
                self._rise += (mv / (ua * us) - self._rise) / self._n
                self._due_ms = now_ms + _KNOWN_MS


def part(phase_us: int, rise: float, seen: float, mv: int, short: bool, room_mv: int) -> float:
    """What a phase delivers of what is set, 0 to 1.

    rise: mV in a us when it begins. At its sample: seen, of the set current; mv; short, the source was out of
    compliance. room_mv: where the voltage stops to rise.
    """
    # A voltage through these two points that rises the slower the higher it is: more and more leaks through the skin.
    at_us = phase_us / 2 + _SAMPLE_US
    bend = max(0.0, rise - mv / at_us) / at_us
    leak = min(1.0, 2 * bend * room_mv / (rise * rise))
    if short:
        rest = min(seen, leak)
        full_us = phase_us / 2
        if rest < 1:  # the more leaks, the later it is full
            full_us = min(full_us, room_mv / rise * (-log(1 - rest) / rest if rest > _LITTLE else 1))
        return (full_us + (phase_us - full_us) * rest) / phase_us
    under = rise * rise - 4 * bend * room_mv
    full_us = 2 * room_mv / (rise + sqrt(under)) if under >= 0 else phase_us
    if full_us >= phase_us:
        return seen
    full_us = max(full_us, phase_us / 2)
    return seen * (full_us + (phase_us - full_us) * leak) / phase_us
