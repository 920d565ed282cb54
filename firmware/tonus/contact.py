"""Skin contact: four classes from delivered current and electrode voltage, with hysteresis and time.

open   no current flows
poor   the source runs out of compliance, or is about to: current flows, below set ("add gel")
good   the set current flows, or less without the compliance being used up: that is not the skin's doing
short  the electrodes touch each other

No hardware and no clock: `update` is told both. It promises to say open at once and anything else only after it has
lasted; it does not cut the output on a lift, which the pulse loop does by itself.
"""

from . import limits

OPEN = "open"
POOR = "poor"
GOOD = "good"
SHORT = "short"

_STEP_UA = 1  # what rounding and the converter's noise may hide
_POOR_PCT = 85  # delivered, of set: below is poor ...
_GOOD_PCT = 92  # ... and above is good again
# Samples are taken halfway through a phase, and the skin's capacitance goes on charging: with this much of the
# compliance used by then, the phase's end may not have enough.
_TIGHT_PCT = 60
_ROOMY_PCT = 50
# A probe is too small to run out of compliance; from this impedance on a treatment would.
_POOR_PROBE_OHM = 400_000
_GOOD_PROBE_OHM = 300_000
# A sample that runs out of compliance shows all of it as voltage, so current that is missing for this reason comes with
# at least as much of the compliance, sample by sample and in their mean. With this much less of it, what is missing is
# the source's; the room is for dividers and a rail that are 20 % off.
_EXPLAINED_PCT = 80
_SHORT_SET_UA = 100  # below, 100 ohm are lost in the ADC's steps
_SHORT_EXIT_OHM = 250
# Of good probes: the electrode has settled on the skin. Four of them, well away from where the contact task's own grid
# would decide between four and five.
_RETURN_MS = 130
# Skin that was left for a moment, as over stubble, has been found before: two probes will do.
_MOMENT_MS = 150
_AGAIN_MS = 30
_CHANGE_MS = 200  # between the classes of a standing contact


class Contact:
    """`kind` is the class now, `ohm` the electrode impedance of the last update (0 when open), `seen` its own class.

    rail_mv, rset_ohm: of the board; what the rail has beyond Rset's share is the compliance.
    """

    def __init__(self, rail_mv: int, rset_ohm: int) -> None:
        self._rail_mv = rail_mv
        self._rset_ohm = rset_ohm
        self.kind = OPEN
        self.ohm = 0
        self.seen = OPEN
        self._since_ms = 0
        self._touched_ms = 0  # when something was last touched
        self._left_ms: int | None = None  # the same, of the last contact that stood

    def reset(self) -> None:
        """Contact must be found anew."""
        self._leave()
        self.kind = self.seen = OPEN
        self.ohm = 0

    def update(self, set_ua: int, ua: int, mv: int, probing: bool, now_ms: int) -> str:
        """Tell what flowed. uA set and delivered, electrode mV, whether by the probe, and any ms clock; the class."""
        if set_ua < 2 * limits.OPEN_UA:
            return self.kind  # the end of a ramp: too little to tell anything
        seen = self._classify(set_ua, ua, mv, probing)
        if seen != self.seen:
            self.seen = seen
            self._since_ms = now_ms
        if seen == OPEN:
            self._leave()
            self.kind = OPEN
            self.ohm = 0
        else:
            self.ohm = max(mv, 0) * 1000 // ua
            if now_ms - self._since_ms >= self._wait_ms():
                self.kind = seen
            self._touched_ms = now_ms
        return self.kind

    def _leave(self) -> None:
        if self.kind != OPEN:
            self._left_ms = self._touched_ms

    def _wait_ms(self) -> int:
        """How long a class has to be seen before it is one."""
        if self.kind != OPEN:
            return _CHANGE_MS
        moment = self._left_ms is not None and self._since_ms - self._left_ms <= _MOMENT_MS
        return _AGAIN_MS if moment else _RETURN_MS

    def _classify(self, set_ua: int, ua: int, mv: int, probing: bool) -> str:
        if ua < limits.OPEN_UA:
            return OPEN
        ohm = max(mv, 0) * 1000 // ua
        if probing:
            most = _GOOD_PROBE_OHM if self.kind == POOR else _POOR_PROBE_OHM
            return POOR if ohm > most else GOOD
        least = _GOOD_PCT if self.kind == POOR else _POOR_PCT
        most = _ROOMY_PCT if self.kind == POOR else _TIGHT_PCT
        compliance_mv = self._rail_mv - set_ua * self._rset_ohm // 1000
        if mv * 100 > compliance_mv * most:
            return POOR
        if (ua + _STEP_UA) * 100 < set_ua * least and (
            mv * 100 // compliance_mv * set_ua >= (set_ua - ua) * _EXPLAINED_PCT
        ):
            return POOR
        if set_ua >= _SHORT_SET_UA:
            most = _SHORT_EXIT_OHM if self.kind == SHORT else limits.SHORT_OHM
            if ohm < most:
                return SHORT
        return GOOD
