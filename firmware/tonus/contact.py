"""Skin contact: four classes from delivered current and electrode voltage, with hysteresis and time.

open   no current flows
poor   the source runs out of compliance, or is about to: current flows, below set ("add gel")
good   the set current flows, or less without the compliance being used up: that is not the skin's doing
short  the electrodes touch each other, or the voltage is too small to know that they do not

No hardware and no clock: `update` is told both. It promises to say open at once and anything else only after it has
lasted; it does not cut the output on a lift, which the pulse loop does by itself.

What noise hides is averaged. Whether the electrodes touch is told from as many samples as it takes for the mean voltage
to stand clear of what touching electrodes make at most. Skin stands clear of it within a pulse or two, at any level.
"""

from math import sqrt

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
# Current that the skin keeps from flowing shows as voltage: a sample without any of it takes all of the compliance, so
# the share of the current that is missing is no larger than the share of the compliance that is used. If the voltage is
# less than so many percent of what that asks for, not the skin but the source gives too little. The room is for
# dividers and a rail that are 20 % off.
_SKINS_DOING_PCT = 80
_SHORT_EXIT_OHM = 250
_CLEAR = 3  # deviations of a mean
_TELLING = 4  # samples at least: one of them may be far off
_GONE = 4  # skin whose impedance has become so many times less may no longer be there
_TELLING_MS = 10_000  # skin that does not stand clear any more for so long, at slow rates, is not taken for skin
# The current is averaged over so many samples that noise is at most this share of what is set.
_NOISE_PCT = 2
_DEPTH_MAX = 32
# Of good probes: the electrode has settled on the skin. Four of them, well away from where the contact task's own grid
# would decide between four and five.
_RETURN_MS = 130
# Skin that was left for a moment, as over stubble, has been found before: one probe, two samples, will do.
_MOMENT_MS = 150
_AGAIN_MS = 0
_CHANGE_MS = 200  # between the classes of a standing contact


class Contact:
    """`kind` is the class now, `ohm` the electrode impedance of the last update (0 when open), `seen` its own class.

    rail_mv, rset_ohm: of the board; what the rail has beyond Rset's share is the compliance.
    """

    def __init__(self, rail_mv: int, rset_ohm: int) -> None:
        self._rail_mv = rail_mv
        self._rset_ohm = rset_ohm
        self.kind = OPEN
        self._left_ms: int | None = None  # when the last contact that stood was last touched
        self._left_touching = True  # whether it was of the electrodes
        self.noise(0, 0)
        self.reset()

    def noise(self, na: int, mv: int) -> None:
        """One deviation of a sample: of its current, and of its voltage."""
        self._noise_na = na
        self._noise_mv = mv

    def reset(self) -> None:
        """Contact must be found anew."""
        self._leave()
        self.kind = self.seen = OPEN
        self.ohm = 0
        self._touching = True  # until it is known
        self._skin_ohm = 0  # at least, when it was last known that they do not
        self._missing = 0  # samples in a row without current
        self._partly = False  # the first samples had less than what is set
        self._n = self._ua = self._mv = 0  # of the mean that tells whether they touch
        self._depth = self._mean_ua = self._mean_mv = 0  # of the mean that the other classes are told from

    def update(self, set_ua: int, ua: int, mv: int, probing: bool, now_ms: int, n: int = 2) -> str:
        """Tell what flowed. uA set and delivered, electrode mV, whether by the probe, and any ms clock; the class.

        They are means of `n` samples.
        """
        if set_ua < 2 * limits.OPEN_UA:
            return self.kind  # the end of a ramp: too little to tell anything
        if ua < limits.OPEN_UA:
            self._missing += n
            if self._missing < 2:
                return self.kind  # one reading decides nothing
            self.reset()
            return OPEN
        self._missing = 0
        if not self._depth:
            if probing and not self._partly and ua * 100 < set_ua * _GOOD_PCT:
                self._partly = True
                return self.kind  # perhaps contact came while they were taken
            if self._left_ms is not None and now_ms - self._left_ms <= _MOMENT_MS:
                self._touching = self._left_touching
        self._touch(ua, mv, n, now_ms)
        seen = self._classify(set_ua, *self._smooth(set_ua, ua, mv, n), probing)
        if seen != self.seen:
            # To the probe skin is what touches until its voltage has been seen: the time it has lasted goes on.
            if self.kind != OPEN or self.seen == OPEN or POOR in (seen, self.seen):
                self._since_ms = now_ms
            self.seen = seen
        if now_ms - self._since_ms >= self._wait_ms(seen):
            self.kind = seen
        self._touched_ms = now_ms
        self.ohm = max(mv, 0) * 1000 // ua
        return self.kind

    def _touch(self, ua: int, mv: int, n: int, now_ms: int) -> None:
        """Add to the mean that tells whether the electrodes touch; when it does, begin another."""
        if not self._n:
            self._from_ms = now_ms
        self._n += n
        self._ua += ua * n
        self._mv += mv * n
        n = self._n
        if n < _TELLING:
            return
        unsure = (_CLEAR * self._noise_mv) ** 2
        mean_mv, mean_ua = self._mv // n, self._ua // n
        most_ohm = _SHORT_EXIT_OHM if self.kind == SHORT else limits.SHORT_OHM
        bound_mv = max(limits.SHORT_MV, mean_ua * most_ohm // 1000)
        clear_mv = mean_mv - bound_mv
        gone_mv = self._skin_ohm * mean_ua // (1000 * _GONE) - mean_mv
        known = clear_mv * clear_mv * n > unsure
        if clear_mv > 0 and known:
            self._touching = False
            self._skin_ohm = (mean_mv - int(sqrt(unsure // n))) * 1000 // mean_ua
        elif known or gone_mv > 0 and clear_mv < bound_mv and gone_mv * gone_mv * n > unsure:
            self._touching = True  # or what there is no longer is the skin there was, and next to nothing
        elif self._touching or now_ms - self._from_ms < _TELLING_MS:
            return
        elif clear_mv < 0:
            self._touching = True
        self._n = self._ua = self._mv = 0

    def _smooth(self, set_ua: int, ua: int, mv: int, n: int) -> tuple[int, int]:
        """Means of current and voltage, over more samples the more the noise weighs."""
        share = self._noise_na // (set_ua * _NOISE_PCT * 10)
        depth = min(_DEPTH_MAX, max(n, share * share))
        before = min(self._depth, depth - n)
        self._depth = before + n
        self._mean_ua = (self._mean_ua * before + 16 * ua * n) // self._depth
        self._mean_mv = (self._mean_mv * before + 16 * mv * n) // self._depth
        return self._mean_ua // 16, self._mean_mv // 16

    def _leave(self) -> None:
        if self.kind != OPEN:
            self._left_ms = self._touched_ms
            self._left_touching = self._touching

    def _wait_ms(self, seen: str) -> int:
        """How long a class has to be seen before it is one."""
        if self.kind != OPEN:
            return _CHANGE_MS
        moment = self._left_ms is not None and self._since_ms - self._left_ms <= _MOMENT_MS
        return _AGAIN_MS if moment and seen != POOR else _RETURN_MS

    def _classify(self, set_ua: int, ua: int, mv: int, probing: bool) -> str:
        if probing:
            ohm = mv * 1000 // ua
            most = _GOOD_PROBE_OHM if self.kind == POOR else _POOR_PROBE_OHM
            return POOR if ohm > most else SHORT if self._touching else GOOD
        least = _GOOD_PCT if self.kind == POOR else _POOR_PCT
        most = _ROOMY_PCT if self.kind == POOR else _TIGHT_PCT
        compliance_mv = self._rail_mv - set_ua * self._rset_ohm // 1000
        if mv * 100 > compliance_mv * most:
            return POOR
        if (ua + _STEP_UA) * 100 < set_ua * least and (
            mv * 100 // compliance_mv * set_ua >= (set_ua - ua) * _SKINS_DOING_PCT
        ):
            return POOR
        return SHORT if self._touching else GOOD
