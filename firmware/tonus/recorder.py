"""What becomes of a session and of a fault in the journal: their records, which wait until the flash may be written."""

import json

from . import journal, session, tally

_PENDING_MAX = 8  # records that wait for the output to be off
_REMEMBERED = 8  # sessions whose levels are known from the start on


class Recorder:
    """The journals in `folder`. attempt(event, work): does what the flash may refuse, and whether it did not.

    device: gives `clock()`, `up_ms()`, `loop_counters()` and `before_writing()`. mark: of the folder.

    levels: of last time, by preset. share_pct, less: of the last session, and the side that got less. lost: records
    that the flash did not take. pending: how many wait.
    """

    def __init__(self, folder: str, device, mark, attempt) -> None:
        self.sessions = journal.Journal(folder, "sessions")
        self.faults = journal.Journal(folder, "faults")
        self._device = device
        self._mark = mark
        self._attempt = attempt
        self._pending: list[tuple[journal.Journal, dict]] = []
        self.levels: dict[str, int] = {}
        self.share_pct = 100
        self.less = ""
        self.lost = 0

    def load(self, feed) -> None:
        """What is on the flash, as far as it can be read."""
        for load in (self.sessions.load, self.faults.load):
            feed()
            self._attempt("journal", load)

    def remember(self) -> None:
        """The levels of last time. OSError."""
        n = max(0, self.sessions.n - _REMEMBERED)
        while True:
            text = self.sessions.after(n)
            if text is None:
                break
            record = json.loads(text)
            n = record["n"]
            self.levels[record["id"]] = record["level"]

    def session(self, record: dict, ended: session.Session, generation: int, fields) -> bool:
        """A session has ended, with this `Tally.record`, which becomes the journal's; `fields` are those of its log
        line. True when all of its zones are over.
        """
        preset = ended.preset
        record["at"] = self._device.clock()
        record["id"] = preset.id
        record["name"] = preset.name
        record["generation"] = generation
        record["top_ua"] = preset.top_ua
        for key in ("lifts", "why"):
            record[key] = fields[key]
        record["places"] = "".join([zone.place() for zone in preset.zones])
        if ended.skipped:
            record["skipped"] = ended.skipped
        tally.fit(record, journal.RECORD_MAX)
        done = ended.state == session.DONE and fields["why"] != "expired"
        self.share_pct = record["share_pct"]
        self.less = tally.less(preset.zones, record["charges"]) if done else ""
        if record["counted_ms"]:
            if len(self._pending) == _PENDING_MAX:
                self._pending.pop(0)
                self.lost += 1
            self._pending.append((self.sessions, record))
            self.levels[record["id"]] = record["level"]
        return done

    def fault(self, fields, state: str) -> dict:
        """The record of a fault that happens now, in `state`; `fields` are those of its log line."""
        record = {
            "at": self._device.clock(),
            "fault": fields["n"],
            "name": fields["name"],
            "value": fields["value"],
            "state": state,
            "up_ms": self._device.up_ms(),
        }
        record.update(self._device.loop_counters())
        if "why" in fields:
            record["why"] = fields["why"][:200]
        return record

    def write_fault(self, record: dict) -> None:
        """Only while the output is off."""
        self._write(self.faults, record)

    def write(self) -> bool:
        """Write one of those that wait; False when none does. Only while the output is off."""
        if not self._pending:
            return False
        self._write(*self._pending.pop(0))
        return True

    def _write(self, where: journal.Journal, record: dict) -> None:
        self._device.before_writing()
        if self._attempt("journal", lambda: where.add(record)):
            self._attempt("mark", self._mark.update)  # the first record of a kind makes its file
        else:
            self.lost += 1
