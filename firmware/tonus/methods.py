"""What each request of the USB protocol does. PROTOCOL.md is the description; `link.py` has checked the parameters.

`Methods` is given the parts it acts on. Whatever writes to the flash asks `device.quiet()` first, and awaits nothing
until it has written: no other task runs between the question and the write.
"""

import json

from . import calibration, faults, limits, link, panel, sealed, settings
from .fields import FieldError
from .link import Choice, Crc, Flag, Integer, Refused, Text, method

PROTOCOL = 1
_NUMBER = Integer(1, (1 << 29) - 1)
_PIECE_CHARS = 900  # of a preset's text in a reply, as JSON writes them: with the rest it fits a line


class Plan:
    """Checks a parameter: some of the fields of a plan."""

    type = "object"
    allowed = ", ".join(
        [
            "%s %d..%d%s" % ((name,) + settings.PLAN[name] + (" or null" if name == "since" else "",))
            for name in sorted(settings.PLAN)
        ]
    )

    def __call__(self, given: dict, key: str) -> None:
        settings.checked_plan(given[key], "params." + key)


class Methods:
    """The methods, by name in `table`.

    device: what the app offers: `quiet()`: the output is off, and stays so until the caller awaits something;
    `info()`, `counters()`: dicts; `set_clock(unix_s)`; `clock()`; `presets_changed()`; `event(name)`: of the session;
    `test()`: coroutine, the self-test;
    `before_writing()`, `stored()`, `forgets(name)`: for the mark of what is on the flash.
    `settings`: `settings.Settings`, and `settings_changed()`: others are to be gone by.
    `calibrated()`: another calibration is to be gone by; `read(show)`: what the pins read.
    host: `host.Host`: `hold`; `link`, for its counters; `later(action)`: "reboot" or "bootloader".
    bank: `bank.Bank`. journals: {"session": journal.Journal, "fault": ...}. calibrations: `calibration.Store`.
    """

    def __init__(self, device, host, bank, journals: dict, calibrations) -> None:
        self._device = device
        self._host = host
        self._bank = bank
        self._journals = journals
        self._calibrations = calibrations
        self._transaction = 0
        self._open = False
        self._count = 0  # presets announced
        self._done = 0  # presets put
        self._pieces: list[str] = []
        self._chars = 0
        index = Integer(0, limits.BANK_PRESETS_MAX - 1)
        offset = Integer(0, limits.PRESET_CHARS_MAX)
        which = {"transaction": _NUMBER}
        piece = {"transaction": _NUMBER, "index": index, "offset": offset, "text": Text(1000), "last": Flag()}
        clock = {"unix_s": Integer(limits.UNIX_MIN_S, limits.UNIX_MAX_S)}
        read = {"id": Text(limits.NAME_CHARS_MAX), "offset": offset}
        begin = {"presets": Integer(1, limits.BANK_PRESETS_MAX)}
        commit = {"transaction": _NUMBER, "crc32": Crc()}
        record = {"kind": Choice("session", "fault"), "after": Integer(0, (1 << 29) - 1)}
        named = {"method": Text(limits.NAME_CHARS_MAX)}
        values = {name: Integer(least, most) for name, (least, most) in calibration.RANGES.items()}
        code = {"code": Integer(0, limits.HOLD_CODE_MAX)}
        show = {"show": Choice(*panel.SHOWN)}
        set_ = {
            "sound": Choice(*settings.SOUNDS),
            "haptic": Flag(),
            "cap_level": Integer(1, limits.LEVELS),
            "cap_sessions": Integer(0, limits.CAP_SESSIONS_MAX),
            "plan": Plan(),
        }
        self.table = {
            "rpc.discover": method("the methods; or one, with its parameters", self._discover, False, {}, named),
            "device.info": method("what this is and how it is", self._info, False, {}),
            "device.counters": method("counters of the pulse loop and the link", self._counters, False, {}),
            "device.selftest": method("run the self-test; its readings", self._selftest, True, {}),
            "device.clock": method("set the clock", self._clock, True, clock),
            "board.read": method("what its pins read, with one light or sound on", self._board, True, {}, show),
            "device.reboot": method("restart", self._reboot, True, {}),
            "device.bootloader": method("restart as a BOOTSEL drive", self._bootloader, True, {}),
            "bank.list": method("the bank, and the ids in it", self._list, False, {}),
            "bank.read": method("a piece of a preset's text", self._read, False, read),
            "bank.begin": method("start sending a new bank", self._begin, True, begin),
            "bank.put": method("send a piece of a preset's text", self._put, True, piece),
            "bank.commit": method("put the new bank in force", self._commit, True, commit),
            "bank.abort": method("forget what was sent", self._abort, True, which),
            "bank.reset": method("the shipped presets again", self._reset, True, {}),
            "calibration.read": method("how far the parts are off", self._calibration, False, {}),
            "calibration.write": method("put a calibration in force", self._calibrate, True, values),
            "calibration.reset": method("nominal again", self._uncalibrate, True, {}),
            "calibration.hold": method(
                "a DAC code through the built-in short or the dummy load", self._hold, True, code, {"reverse": Flag()}
            ),
            "calibration.release": method("end the hold", self._release, True, {}),
            "settings.read": method("what the person has set", self._settings, False, {}),
            "settings.write": method("set some of it", self._set, True, {}, set_),
            "journal.clear": method(
                "delete the journal", self._clear, True, {"kind": Choice("session", "fault", "all")}
            ),
            "journal.read": method("the next record of the journal", self._journal, False, record),
        }

    def in_transaction(self) -> bool:
        return self._open

    def end(self) -> None:
        """End the transaction: the cable went, the output goes on, or nothing came for long."""
        self._open = False

    def tidy(self) -> None:
        """Remove what an ended transaction left on the flash, when the output is off."""
        if not self._open and self._bank.is_open() and self._device.quiet():
            self._bank.abort()

    # rpc, device

    async def _discover(self, params: dict):
        if "method" not in params:
            return {"protocol": PROTOCOL, "methods": sorted(self.table)}
        name = params["method"]
        if name not in self.table:
            raise Refused(link.UNKNOWN_METHOD, "method: rpc.discover without parameters lists those there are")
        method = self.table[name]
        params_ = []
        for of, optional in ((method.params, False), (method.optional, True)):
            for key in sorted(of):
                params_.append({"name": key, "type": of[key].type, "allowed": of[key].allowed, "optional": optional})
        return {"name": name, "changes": method.changes, "params": params_, "description": method.description}

    async def _info(self, params: dict):
        info = self._device.info()
        info["product"] = "tonus"
        info["protocol"] = PROTOCOL
        info["generation"] = self._bank.generation
        info["crc32"] = "%08x" % self._bank.crc
        return info

    async def _counters(self, params: dict):
        found = self._device.counters()
        found["requests"] = self._host.link.requests
        found["errors"] = self._host.link.errors
        return found

    async def _selftest(self, params: dict):
        await self._host.hold.down()
        if not self._device.quiet() or not self._device.event("test"):
            raise Refused(link.BUSY, "not in %s" % self._device.info()["state"])
        try:
            readings = await self._device.test()
        except faults.Failed as failure:
            raise Refused(
                link.SELF_TEST_FAILED, "fault %d, %s: %d" % (failure.number, faults.name(failure.number), failure.value)
            ) from None
        self._device.event("ready")
        return readings

    async def _clock(self, params: dict):
        self._device.set_clock(params["unix_s"])
        return {"clock": self._device.clock()}

    async def _board(self, params: dict):
        device = self._device
        if not self._host.hold.active and not device.quiet():
            raise Refused(link.BUSY, "not in %s" % device.info()["state"])
        return device.read(params.get("show"))

    async def _reboot(self, params: dict):
        self._must_be_quiet()
        self._host.later("reboot")
        return {}

    async def _bootloader(self, params: dict):
        self._must_be_quiet()
        self._host.later("bootloader")
        return {}

    # bank

    async def _list(self, params: dict):
        bank = self._bank
        return {
            "generation": bank.generation,
            "crc32": "%08x" % bank.crc,
            "shipped": bank.is_shipped,
            "damage": bank.damage,
            "presets": bank.ids,
        }

    async def _read(self, params: dict):
        bank = self._bank
        if params["id"] not in bank.ids:
            raise FieldError("params.id", "not in the bank; allowed %s" % ", ".join(bank.ids))
        text = bank.text(bank.ids.index(params["id"]))
        offset = params["offset"]
        if offset > len(text):
            raise FieldError("params.offset", "%d; allowed 0..%d" % (offset, len(text)))
        piece = text[offset : offset + _PIECE_CHARS]
        # In the reply a quotation mark and a backslash take two characters each.
        while len(piece) + piece.count('"') + piece.count("\\") > _PIECE_CHARS:
            piece = piece[: len(piece) * 15 // 16]
        return {"size": len(text), "offset": offset, "text": piece}

    async def _begin(self, params: dict):
        self._must_be_quiet()
        self._open = False
        self._bank.begin(params["presets"])
        self._transaction += 1
        self._open = True
        self._count = params["presets"]
        self._done = 0
        self._drop_pieces()
        return {"transaction": self._transaction}

    async def _put(self, params: dict):
        self._must_be_open(params)
        self._must_be_quiet()
        if self._done == self._count:
            raise FieldError("params.index", "%d; allowed none, all %d are here" % (params["index"], self._count))
        if params["index"] != self._done:
            raise FieldError("params.index", "%d; allowed %d, the next" % (params["index"], self._done))
        if params["offset"] != self._chars:
            raise FieldError("params.offset", "%d; allowed %d, where it goes on" % (params["offset"], self._chars))
        chars = self._chars + len(params["text"])
        if chars > limits.PRESET_CHARS_MAX:
            self._give_up()
            raise Refused(
                link.PRESET_REFUSED,
                "presets[%d]: %d characters; allowed at most %d" % (self._done, chars, limits.PRESET_CHARS_MAX),
            )
        self._pieces.append(params["text"])
        self._chars = chars
        if not params["last"]:
            return {"chars": chars}
        text = "".join(self._pieces)
        self._drop_pieces()
        try:
            id = self._bank.put(text)
        except FieldError as problem:
            self._give_up()
            raise Refused(link.PRESET_REFUSED, "presets[%d]: %s" % (self._done, problem)) from None
        except OSError:
            self._give_up()
            raise
        self._done += 1
        return {"chars": chars, "id": id}

    async def _commit(self, params: dict):
        self._must_be_open(params)
        self._must_be_quiet()
        self._open = False  # whatever happens: a commit is not tried twice
        try:
            self._bank.close(int(params["crc32"], 16))
            return self._swap()
        except ValueError as problem:
            self._bank.abort()
            raise Refused(link.BANK_REFUSED, str(problem)) from None
        except OSError:
            self._bank.abort()
            raise

    async def _abort(self, params: dict):
        self._must_be_open(params)
        self._give_up()
        return {}

    async def _reset(self, params: dict):
        self._must_be_quiet()
        self._open = False
        try:
            self._bank.begin(0)
            self._bank.close(0)
            return self._swap()
        except OSError:
            self._bank.abort()
            raise

    def _swap(self):
        try:
            self._bank.swap()
        except sealed.Lost as lost:
            self._device.presets_changed()
            raise Refused(link.STORAGE, str(lost)) from None
        self._device.stored()
        self._device.presets_changed()
        return {"generation": self._bank.generation, "crc32": "%08x" % self._bank.crc, "presets": len(self._bank)}

    def _must_be_quiet(self) -> None:
        self._host.hold.end()
        if not self._device.quiet():
            raise Refused(link.BUSY, "not while the output is on or a self-test runs")
        self._device.before_writing()

    def _must_be_open(self, params: dict) -> None:
        if not self._open or params["transaction"] != self._transaction:
            raise Refused(link.NO_TRANSACTION, "transaction %d is not open" % params["transaction"])

    def _drop_pieces(self) -> None:
        self._pieces = []
        self._chars = 0

    def _give_up(self) -> None:
        self._open = False
        self._drop_pieces()
        self.tidy()

    # calibration

    async def _calibration(self, params: dict):
        store = self._calibrations
        found = store.now.record()
        found["calibrated"] = bool(store.now.crc)
        found["damage"] = store.damage
        return found

    async def _calibrate(self, params: dict):
        self._must_be_quiet()
        try:
            self._calibrations.write(params, self._device.clock(), "params")
        except sealed.Lost as lost:
            self._device.calibrated()
            raise Refused(link.STORAGE, str(lost)) from None
        self._device.stored()
        self._device.calibrated()
        return await self._calibration({})

    async def _uncalibrate(self, params: dict):
        self._must_be_quiet()
        self._device.forgets("calibration")
        self._calibrations.reset()
        self._device.stored()
        self._device.calibrated()
        return await self._calibration({})

    async def _hold(self, params: dict):
        self._must_be_quiet()
        return await self._host.hold.start(params["code"], params.get("reverse", False))

    async def _release(self, params: dict):
        self._host.hold.end()
        return {}

    # settings

    async def _settings(self, params: dict):
        store = self._device.settings
        found = dict(store.now)
        found["damage"] = store.damage
        return found

    async def _set(self, params: dict):
        self._must_be_quiet()
        try:
            self._device.settings.write(params, "params")
        except sealed.Lost as lost:
            raise Refused(link.STORAGE, str(lost)) from None
        finally:
            self._device.settings_changed()
        return await self._settings({})

    # journal

    async def _journal(self, params: dict):
        record = self._journals[params["kind"]].after(params["after"])
        return {"record": None if record is None else json.loads(record)}

    async def _clear(self, params: dict):
        self._must_be_quiet()
        for kind in ("session", "fault"):
            if params["kind"] in (kind, "all"):
                self._device.forgets(kind + "s")
                self._device.forgets(kind + "s.old")
                self._journals[kind].clear()
        return {}
