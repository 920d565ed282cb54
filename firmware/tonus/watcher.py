"""What flows, watched from the foreground: contact, current that is not what is set, and what the session delivers."""

from . import contact, deviation, faults, filling, limits, program, session, tally


class Watcher:
    """`pulse` and `stage` of a board; log(event, fields) and now() of the device.

    session: the one that plays, given once it is made. contact: its class, and the impedance. tally: what it was set to
    deliver, and did.
    """

    def __init__(self, board, stage, pulse, log, now) -> None:
        self._board = board
        self._stage = stage
        self._pulse = pulse
        self._log = log
        self._now = now
        self.session: session.Session | None = None
        self.contact = contact.Contact(board.RAIL_MV, board.RSET_OHM)
        self.tally = tally.Tally()
        self._filling = filling.Filling(board, stage)
        self._deviation = deviation.Deviation()
        self._weighing = False  # what flows is the treatment, and belongs into the tally
        self._shown_kind = contact.OPEN
        self.calibrated()

    def calibrated(self) -> None:
        """The stage reads otherwise from here on."""
        self.contact.noise(self._stage.noise_na, self._stage.noise_mv)
        self._asked: tuple = (None, None, 0, 0)  # what the level asks for: `Pulse.wanted`, its program, and `_per_s`

    def begin(self) -> None:
        """A new session."""
        self.tally.begin()
        self._deviation.reset()

    def weigh(self, on: bool) -> None:
        """From here on what flows is the treatment, or is not. What has flowed until now is added if it was."""
        taken = self._pulse.take()
        if self._weighing:
            self._add(taken, False)
        self._weighing = on

    def look(self, may_start) -> None:
        """What has flowed since the last look. may_start(): whether the account of charge lets the zone begin."""
        taken = self._pulse.take()
        n, code, sense, voltage = taken[:4]
        current: session.Session = self.session  # type: ignore[assignment]
        its = self.contact
        good = False
        more = 0.0
        if n and self._pulse.running:
            stage = self._stage
            now = self._now()
            set_ua = program.ua_for_code(code // n, self._board, stage.dac)
            ua = stage.ua(sense // n)
            mv = stage.mv(voltage // n) - ua * self._board.SWITCHES_OHM // 1000
            its.update(set_ua, ua, mv, current.state in session.PROBING, now, n)
            good = its.seen == contact.GOOD
            if current.state in session.TREATING:
                more = self._filling.more(self._pulse.program.phase_us, set_ua, ua, mv, now)
            self._compare(n, code, sense, set_ua, now, mv)
        kind = its.kind
        if contact.POOR not in (kind, its.seen):
            self._filling.reset()
        if self._weighing:
            self.tally.level = max(self.tally.level, current.level)
            self._add(taken, good, more)
            if good:
                self.tally.resisted(its.ohm)
        if kind != self._shown_kind:
            self._shown_kind = kind
            self._log("contact", {"class": kind, "ohm": its.ohm})
        if current.state in session.ACTIVE and self._pulse.running:
            current.contact(kind, may_start())

    def _add(self, taken, good: bool, more: float = 0.0) -> None:
        """Samples, as of `Pulse.take`, and the time that was counted, to the tally. more: `Filling.more` of them."""
        flowed, flowed_set, flowed_us = taken[4:]
        stage_ = self._stage
        played = self._pulse.program
        wanted = self._pulse.wanted()
        if wanted != self._asked[0] or played is not self._asked[1]:
            self._asked = (wanted, played) + self._per_s(played, *wanted)
        current: session.Session = self.session  # type: ignore[assignment]
        kind = self.contact.kind
        self.tally.counted(current.zone, current.counted_ms, kind, *self._asked[2:])
        if kind != contact.SHORT:
            expected = stage_.expected(flowed_set, flowed_us)
            self.tally.flowed(current.zone, 4 * (flowed + int(more * expected)), 4 * expected, good)

    def _per_s(self, played: program.Program, code: int, period_us: int) -> tuple[int, int]:
        """Sense codes x us in a second, both directions: of pulses at a DAC code, and of the probes in their rests."""
        expected = self._stage.expected
        probes = program.probes_in(period_us - played.pulse_us)
        # A thousand times the code, for its fraction.
        set_us = expected(1000 * code, 1000) * played.phases * played.phase_us
        probe_us = expected(1000 * played.probe_code, 1000) * probes * 2 * limits.PROBE_PHASE_US
        return set_us * 1000 // period_us, probe_us * 1000 // period_us

    def _compare(self, n: int, codes: int, sense: int, set_ua: int, now: int, mv: int) -> None:
        """Delivered current against set, where contact allows it; phases and their sums as of `Pulse.take`."""
        found = self._deviation
        current: session.Session = self.session  # type: ignore[assignment]
        if current.state not in session.TREATING or self.contact.seen not in (contact.GOOD, contact.SHORT):
            found.reset()
        elif set_ua >= 2 * limits.OPEN_UA:
            stage_ = self._stage
            board = self._board
            pct = found.add(n, stage_.expected(codes, n), sense, stage_.na16_per_code, now, mv)
            # By a third less voltage than the leads alone take, and by more than noise does: the rest is stuck on.
            if board.REST_OHM and found.mv < -max(4 * limits.SHORT_MV, set_ua * board.SWITCHES_OHM // 3000):
                self._pulse.fault(faults.REST, found.mv)
                return
            if pct is not None:
                rail = stage_.rail()
                if rail < self._board.RAIL_MIN_MV:
                    self._pulse.fault(faults.RAIL_DEAD, rail)  # a cause with a name of its own
                else:
                    self._pulse.fault(faults.DEVIATION, pct)
