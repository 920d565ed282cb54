"""Delivered current against set current during treatment: what a source or a sense that has drifted shows.

The pulse loop cuts what is far above the set current at once. This finds what is below, and what is less above, from
the sums of many pulses, and current that flows past the electrodes: less voltage than the leads alone take. Who calls
`add` leaves out what the skin explains: contact that is open or poor.

No hardware and no clock.
"""

from . import limits


class Deviation:
    """Sums over DEVIATION_MS and DEVIATION_SAMPLES; then it judges, and begins anew."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: contact or output are not what they were."""
        self._n = 0
        self._expected = 0
        self._delivered = 0
        self._mv = self.mv = 0

    def add(self, n: int, expected: int, delivered: int, na16_per_code: int, now_ms: int, mv: int = 0) -> int | None:
        """`n` phases were sampled, with these sums of sense codes of `Stage.na16_per_code`; any ms clock.

        Percent of the set current that flows, when it is off by DEVIATION_PCT and DEVIATION_UA; else None. mv: what
        the electrodes had. `mv` is its mean, of the time that was judged last.
        """
        if not self._n:
            self._since_ms = now_ms
        self._n += n
        self._expected += expected
        self._delivered += delivered
        self._mv += n * mv
        if self._n < limits.DEVIATION_SAMPLES or now_ms - self._since_ms < limits.DEVIATION_MS:
            return None
        n, expected, delivered, mv = self._n, max(self._expected, 1), self._delivered, self._mv
        self.reset()
        self.mv = mv // n
        off = abs(delivered - expected)
        if off * 100 <= expected * limits.DEVIATION_PCT or off // n * na16_per_code <= limits.DEVIATION_UA * 16_000:
            return None
        return delivered * 100 // expected
