"""A client of the USB line protocol: every method of firmware/tonus/PROTOCOL.md, and the few things done with several.

`Client(transport)`, then `connect()`. All raise DeviceRefused, NoAnswer, Gone or Damaged of `errors`; none of them
retries what changes something.
"""

from __future__ import annotations

import contextlib
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from tonus import limits
from tonus.calibration import RANGES

from ..errors import Damaged, DeviceRefused, Gone, LinkError, NoAnswer
from .wire import LINE_MAX, PATIENCE, SLICE_S, Transport, Wire, crc_of

PROTOCOL = 1
PIECE_MAX = 1000  # characters of a preset's text in one bank.put
UNKNOWN_METHOD = -32601
STORAGE = -32014
SELF_TEST_FAILED = -32015
RESTART_SLICES = 40  # a restarted device answers within 10 s
NOTHING_CHANGED = "nothing was changed"

Progress = Callable[[int, int], None]  # characters sent, characters in all
T = TypeVar("T")


@dataclass(frozen=True)
class Info:
    """Of device.info. `clock`: Unix s or None; `battery_pct`: None with the cable in.

    `data_lost`: names of what the device misses, None if nothing, or if its firmware does not know.
    """

    product: str
    protocol: int
    version: str
    board: str
    micropython: str
    id: str
    state: str
    uptime_ms: int
    clock: int | None
    battery_pct: int | None
    generation: int
    crc32: str
    data_lost: str | None = None


@dataclass(frozen=True)
class Listing:
    """Of bank.list. `damage`: None, or why the bank on flash was not used; `presets`: ids in MODE's order."""

    generation: int
    crc32: str
    shipped: bool
    damage: str | None
    presets: list[str]


@dataclass(frozen=True)
class Piece:
    """Of bank.read: `text` begins `offset` characters into a preset of `size`."""

    size: int
    offset: int
    text: str


@dataclass(frozen=True)
class Put:
    """Of bank.put: how many characters of this preset the device has."""

    chars: int


@dataclass(frozen=True)
class Begun:
    """Of bank.begin: the transaction's number."""

    transaction: int


@dataclass(frozen=True)
class InForce:
    """Of bank.commit and bank.reset: the bank that is in force now."""

    generation: int
    crc32: str


@dataclass(frozen=True)
class Clock:
    """Of device.clock: Unix s."""

    clock: int


@dataclass(frozen=True)
class Calibration:
    """Of calibration.read; PROTOCOL.md has the units. `calibrated`: False when nominal; `damage`: None, or why."""

    schema: int
    board: str
    at: int | None
    dac_gain_ppm: int
    dac_offset_na: int
    sense_gain_ppm: int
    sense_offset_na: int
    voltage_gain_ppm: int
    voltage_offset_mv: int
    calibrated: bool
    damage: str | None

    def values(self) -> dict[str, int]:
        """The six values by name."""
        return {name: getattr(self, name) for name in RANGES}


@dataclass(frozen=True)
class Plan:
    """Of settings.read: so many days a week for so many days, then so many; `since`: Unix s, None when not begun."""

    days_a_week: int
    days: int
    then_days_a_week: int
    since: int | None


@dataclass(frozen=True)
class Chosen:
    """Of settings.read: what the person has set, as PROTOCOL.md tells."""

    sound: str
    haptic: bool
    cap_level: int
    cap_sessions: int
    plan: Plan
    damage: str | None


@dataclass(frozen=True)
class Seen:
    """Of board.read: `levels`, a bit for each GPIO; the converter's codes of current sense, sink node and rail."""

    levels: int
    current: int
    sink: int
    rail: int


@dataclass(frozen=True)
class Held:
    """Of calibration.hold: thousandths of the converter's codes, with nothing flowing and with the DAC's `code`."""

    code: int
    zero_mcodes: int
    sense_mcodes: int
    voltage_mcodes: int
    rail_mv: int


@dataclass(frozen=True)
class Session:
    """A record of the journal's sessions; PROTOCOL.md has the units. Of firmware 0.1.0: without what has a default."""

    n: int
    at: int | None
    id: str
    name: str
    generation: int
    level: int
    top_ua: int
    treated_ms: int
    charge_uc: int | float
    good_pct: int
    ohm: int
    lifts: int
    zones: list[list[int]]
    why: str
    counted_ms: int | None = None
    set_uc: int | float | None = None
    share_pct: int | None = None
    probe_uc: int | float | None = None
    counted: list[list[int]] | None = None
    places: str | None = None
    charges: list[list[int | float]] | None = None
    skipped: list[int] | None = None


@dataclass(frozen=True)
class Fault:
    """A record of the journal's faults; it may have a `why` too."""

    n: int
    at: int | None
    fault: int
    name: str
    value: int
    state: str
    up_ms: int
    ticks: int
    late: int
    missed: int
    worst_us: int
    unseen: int
    heap_free: int


RECORDS: dict[str, type[Session] | type[Fault]] = {"session": Session, "fault": Fault}


@dataclass(frozen=True)
class Bank:
    """A whole bank as the device holds it, its CRC checked. `presets`: (id, canonical text) in MODE's order."""

    generation: int
    crc32: str
    shipped: bool
    damage: str | None
    presets: list[tuple[str, str]]


def bank_crc(texts: Sequence[str]) -> str:
    """CRC of a bank of these canonical texts."""
    return crc_of("".join(text + "\n" for text in texts).encode("ascii"))


class Client:
    """One device. `info` is what it said of itself when `connect` asked; `now` this computer's Unix time."""

    info: Info

    def __init__(
        self,
        transport: Transport,
        on_log: Callable[[str], None] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._wire = Wire(transport, on_log)
        self.now = now

    def close(self) -> None:
        self._wire.close()

    def connect(self, set_clock: bool = True) -> Info:
        """Begin: what the device is, that it speaks this protocol, and the time of day for it."""
        self._wire.fresh()
        result = self._wire.call("device.info", lenient=True)
        protocol = result.get("protocol")
        if protocol != PROTOCOL:
            raise Damaged(
                f"the device speaks protocol {protocol}, this tonusctl protocol {PROTOCOL}; "
                "use the tonusctl of the firmware's version"
            )
        self.info = _read(Info, result, "device.info")
        if set_clock:
            try:
                self.set_clock()
            except DeviceRefused as error:
                error.consequence = "--no-clock leaves the device's clock alone"
                raise
        return self.info

    # One request each.

    def discover(self, method: str | None = None) -> dict[str, Any]:
        return self._wire.call("rpc.discover", {"method": method} if method else None)

    def device_info(self) -> Info:
        return _read(Info, self._wire.call("device.info"), "device.info")

    def counters(self) -> dict[str, int]:
        return _numbers(self._wire.call("device.counters"), "device.counters")

    def selftest(self) -> dict[str, int]:
        """The readings by name, and `ms`. DeviceRefused with SELF_TEST_FAILED names the fault."""
        return _numbers(self._wire.call("device.selftest"), "device.selftest")

    def set_clock(self) -> int:
        """Give the device this computer's time, Unix s; the time it has then."""
        params = {"unix_s": round(self.now())}
        return _read(Clock, self._wire.call("device.clock", params), "device.clock").clock

    def reboot(self) -> None:
        self._wire.call("device.reboot")

    def bootloader(self) -> None:
        self._wire.call("device.bootloader")

    def bank_list(self) -> Listing:
        return _read(Listing, self._wire.call("bank.list"), "bank.list")

    def bank_read(self, id: str, offset: int) -> Piece:
        return _read(Piece, self._wire.call("bank.read", {"id": id, "offset": offset}), "bank.read")

    def bank_begin(self, presets: int) -> int:
        return _read(Begun, self._wire.call("bank.begin", {"presets": presets}), "bank.begin").transaction

    def bank_put(self, transaction: int, index: int, offset: int, text: str, last: bool) -> Put:
        return _read(Put, self._wire.call("bank.put", _piece(transaction, index, offset, text, last)), "bank.put")

    def bank_commit(self, transaction: int, crc32: str) -> InForce:
        params = {"transaction": transaction, "crc32": crc32}
        return _read(InForce, self._wire.call("bank.commit", params), "bank.commit")

    def bank_abort(self, transaction: int) -> None:
        self._wire.call("bank.abort", {"transaction": transaction})

    def bank_reset(self) -> InForce:
        return _read(InForce, self._wire.call("bank.reset"), "bank.reset")

    def calibration(self) -> Calibration | None:
        """The one in force; None of a firmware that knows none."""
        try:
            return self._calibration("read")
        except DeviceRefused as error:
            if error.code != UNKNOWN_METHOD:
                raise
            return None

    def calibration_write(self, values: Mapping[str, int]) -> Calibration:
        """Put these six values in force; the calibration as read back from the flash."""
        return self._calibration("write", dict(values))

    def calibration_reset(self) -> Calibration:
        return self._calibration("reset")

    def board_read(self, show: str | None = None) -> Seen:
        """What the board's pins read. show: the lamp or sound that is on from here on, alone."""
        return _read(Seen, self._wire.call("board.read", {} if show is None else {"show": show}), "board.read")

    def calibration_hold(self, code: int, reverse: bool = False) -> Held:
        """A DAC code through the built-in short or the dummy load, for 30 s or until something else changes."""
        params = {"code": code} | ({"reverse": True} if reverse else {})
        return _read(Held, self._wire.call("calibration.hold", params), "calibration.hold")

    def calibration_release(self) -> None:
        self._wire.call("calibration.release")

    def settings(self) -> Chosen | None:
        """What the person has set; None of a firmware that knows no settings."""
        try:
            return _chosen(self._wire.call("settings.read"), "settings.read")
        except DeviceRefused as error:
            if error.code != UNKNOWN_METHOD:
                raise
            return None

    def settings_write(self, changes: Mapping[str, Any]) -> Chosen:
        """Set some of them, and of the plan some of its fields; the settings as they are then."""
        return _chosen(self._wire.call("settings.write", dict(changes)), "settings.write")

    def _calibration(self, what: str, params: dict[str, Any] | None = None) -> Calibration:
        method = f"calibration.{what}"
        return _read(Calibration, self._wire.call(method, params), method)

    def journal_read(self, kind: str, after: int) -> dict[str, Any] | None:
        """The first record of a kind ("session", "fault") with a number above `after`; None when there is none."""
        record = self._wire.call("journal.read", {"kind": kind, "after": after}).get("record")
        if record is None:
            return None
        if not isinstance(record, dict):
            raise Damaged("journal.read: the record is not an object")
        if _read(RECORDS[kind], record, "journal.read").n <= after:
            raise Damaged(f"journal.read: the record's n is not above {after}")
        return record

    def journal_clear(self, kind: str) -> None:
        """Delete all records of a kind ("session", "fault") or of both ("all") from the device."""
        self._wire.call("journal.clear", {"kind": kind})

    # Several.

    def journal(self, kind: str) -> Iterator[dict[str, Any]]:
        """All records of a kind, the oldest first."""
        after = 0
        while record := self.journal_read(kind, after):
            after = record["n"]
            yield record

    def read_bank(self) -> Bank:
        """The whole bank, its CRC checked; once more from the beginning when it changed meanwhile."""
        for last in (False, True):
            listing = self.bank_list()
            try:
                presets = [(id, self._read_preset(id)) for id in listing.presets]
            except (DeviceRefused, Damaged):  # a preset is there no more, or is another halfway through
                if last:
                    raise
                continue
            if bank_crc([text for _, text in presets]) == listing.crc32:
                return Bank(listing.generation, listing.crc32, listing.shipped, listing.damage, presets)
        raise Damaged("the presets read do not have the CRC that bank.list says")

    def _read_preset(self, id: str) -> str:
        text = ""
        while True:
            piece = self.bank_read(id, len(text))
            if piece.offset != len(text) or not piece.text.isascii() or piece.size > limits.PRESET_CHARS_MAX:
                raise Damaged(f"bank.read: not a piece of {id} from {len(text)}")
            text += piece.text
            if len(text) >= piece.size:
                break
            if not piece.text:
                raise Damaged(f"bank.read: {id} ends after {len(text)} of {piece.size} characters")
        if len(text) > piece.size:
            raise Damaged(f"bank.read: {id} is longer than its {piece.size} characters")
        return text

    def write_bank(self, texts: Sequence[str], progress: Progress | None = None) -> Bank:
        """Make the device's bank these canonical texts; the bank as read back from it.

        An error says what it means for the device: nothing was changed, or which bank is in force.
        """
        before = self.bank_list()
        crc = bank_crc(texts)
        transaction = self._send(texts, progress or (lambda sent, of: None))
        try:
            now = self.bank_commit(transaction, crc)
        except LinkError as error:
            now = self._after_failed_commit(error, before, transaction, crc)
        try:
            if now.crc32 != crc:
                raise Damaged(f"bank.commit: the device names CRC {now.crc32}, not {crc}")
            bank = self.read_bank()
            if [text for _, text in bank.presets] != list(texts):
                raise Damaged("what the device holds is not what was sent")
        except LinkError as error:
            error.consequence = f"it holds a new bank, generation {now.generation}, that could not be read back"
            raise
        return bank

    def _send(self, texts: Sequence[str], progress: Progress) -> int:
        """Begin a transaction and put all texts; its number. On any error nothing was changed."""
        transaction: int | None = None
        total = sum(map(len, texts))
        sent = 0
        try:
            transaction = self.bank_begin(len(texts))
            for index, text in enumerate(texts):
                offset = 0
                while offset < len(text):
                    piece = text[offset : offset + self._fits(transaction, index, offset, text)]
                    offset += len(piece)
                    put = self.bank_put(transaction, index, offset - len(piece), piece, offset == len(text))
                    if put.chars != offset:
                        raise Damaged(f"bank.put: the device has {put.chars} characters of {offset}")
                    sent += len(piece)
                    progress(sent, total)
        except BaseException as error:
            if transaction is not None:
                self._abandon(transaction)
            if isinstance(error, LinkError):
                error.consequence = NOTHING_CHANGED
            raise
        return transaction

    def _fits(self, transaction: int, index: int, offset: int, text: str) -> int:
        """How many characters of `text` from `offset` fit one bank.put."""
        empty = self._wire.line_of("bank.put", _piece(transaction, index, offset, "", False))
        room = LINE_MAX - len(empty)
        n = 0
        for c in text[offset : offset + PIECE_MAX]:
            room -= 2 if c in '"\\' else 1  # JSON escapes these; the rest of a canonical text is plain
            if room < 0:
                break
            n += 1
        return n

    def _abandon(self, transaction: int) -> None:
        """Abort, if it still can be: a transaction that hears nothing ends by itself."""
        with contextlib.suppress(LinkError):
            self.bank_abort(transaction)

    def _after_failed_commit(self, error: LinkError, before: Listing, transaction: int, crc: str) -> InForce:
        """A commit was sent; its answer is lost or an error: ask. Raises `error` unless the new bank is in force."""
        now: Listing | None = None
        for _ in range(2):
            try:
                self._wire.fresh()
                now = self.bank_list()
                break
            except LinkError:
                continue
        if now is None:
            error.consequence = "it is not known which bank is in force: tonusctl preset list tells"
        elif now.damage and not before.damage:
            if not isinstance(error, DeviceRefused):  # the device says it itself
                error.consequence = f"the shipped presets are in force: the new bank {now.damage}"
        elif (now.generation, now.crc32) == (before.generation, before.crc32):
            self._abandon(transaction)
            error.consequence = NOTHING_CHANGED
        elif now.crc32 == crc:
            return InForce(now.generation, now.crc32)
        else:
            error.consequence = f"neither the old nor the new bank is in force, but generation {now.generation}"
        raise error

    def await_restart(self, before: Info) -> Info:
        """After `reboot`: what the device says once it has started again. Gone when the port goes with it."""
        slices = RESTART_SLICES
        while slices > 0:
            self._wire.idle()
            slices -= 1
            try:
                info = self.connect(set_clock=False)
            except Gone:
                raise
            except NoAnswer:
                slices -= PATIENCE
                continue
            if info.uptime_ms < before.uptime_ms:
                return info
        raise NoAnswer(f"the device did not restart in {RESTART_SLICES * SLICE_S:g} s")

    def await_silence(self) -> None:
        """After `bootloader`: until the device no longer answers. NoAnswer when it goes on doing so."""
        for _ in range(RESTART_SLICES):
            try:
                self._wire.idle()
                self.connect(set_clock=False)
            except NoAnswer:
                return
        raise NoAnswer(f"the device still runs its firmware after {RESTART_SLICES * SLICE_S:g} s")


def check_session(record: Any, where: str) -> None:
    """Damaged unless it is a record of a session."""
    if not isinstance(record, dict):
        raise Damaged(f"{where}: not an object")
    _read(Session, record, where)


def _piece(transaction: int, index: int, offset: int, text: str, last: bool) -> dict[str, Any]:
    return {"transaction": transaction, "index": index, "offset": offset, "text": text, "last": last}


def _read(kind: type[T], result: dict[str, Any], method: str) -> T:
    """A result as a dataclass. Damaged when a field without a default is missing, or one has another type; others are
    ignored."""
    types_of = get_type_hints(kind)
    values = {}
    for field in fields(kind):  # type: ignore[arg-type]
        if field.name not in result and field.default is not MISSING:
            continue
        if field.name not in result:
            raise Damaged(f"{method}: there is no {field.name} in the answer")
        values[field.name] = result[field.name]
        if not _is(values[field.name], types_of[field.name]):
            raise Damaged(f"{method}: {field.name} in the answer is of the wrong type")
    return kind(**values)


def _chosen(result: dict[str, Any], method: str) -> Chosen:
    plan = result.get("plan")
    if not isinstance(plan, dict):
        raise Damaged(f"{method}: plan in the answer is of the wrong type")
    return _read(Chosen, result | {"plan": _read(Plan, plan, f"{method}: plan")}, method)


def _is(value: object, wanted: Any) -> bool:
    if isinstance(wanted, types.UnionType):
        return any(_is(value, one) for one in get_args(wanted))
    if get_origin(wanted) is list:
        return isinstance(value, list) and all(_is(item, get_args(wanted)[0]) for item in value)
    return isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))


def _numbers(result: dict[str, Any], method: str) -> dict[str, int]:
    for name, value in result.items():
        if not _is(value, int):
            raise Damaged(f"{method}: {name} in the answer is of the wrong type")
    return result
