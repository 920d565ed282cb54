"""The USB line protocol: bytes to lines, lines to requests, requests to replies. PROTOCOL.md is the description.

No hardware and no clock: `take` is given bytes and the time, `answer` a whole line. What a request does is a method's
business (`methods.py`); here it is only checked that the line is undamaged, that the request is one, and that each
parameter is what the method's table says.
"""

import json
from collections import namedtuple

from . import echo, fields, limits, sealed, strict
from .fields import FieldError

NOT_JSON = -32700
INVALID_REQUEST = -32600
UNKNOWN_METHOD = -32601
INVALID_PARAMS = -32602
INTERNAL = -32603
DAMAGED = -32001
CRC_REQUIRED = -32002
TOO_LONG = -32003
ABANDONED = -32004
BUSY = -32010
NO_TRANSACTION = -32011
PRESET_REFUSED = -32012
BANK_REFUSED = -32013
STORAGE = -32014
SELF_TEST_FAILED = -32015
NOT_HELD = -32016

_ID_MAX = (1 << 29) - 1
_ID_CHARS_MAX = 36


class Refused(Exception):
    """A request cannot be carried out: `code` is one of those above, `message` one line for a person."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


_NONE: dict = {}  # one for all


# A tuple takes half of an object's room, and there are many.
Method = namedtuple("Method", ("description", "run", "changes", "params", "optional"))


def method(description: str, run, changes: bool, params: dict, optional: dict = _NONE) -> Method:
    """`run(params)` is a coroutine function; `params`, `optional` map a name to its check, `(given, key) -> None`."""
    return Method(description, run, changes, params or _NONE, optional)


# What a check allows is put into words when somebody asks: there are many, and the heap is small.
class Integer:
    """Checks a parameter: an integer of a range."""

    type = "integer"

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most

    @property
    def allowed(self) -> str:
        return "%d..%d" % (self._least, self._most)

    def __call__(self, given: dict, key: str) -> None:
        fields.integer(given, key, "params", self._least, self._most)


class Text:
    """Checks a parameter: text of so many characters."""

    type = "text"

    def __init__(self, most: int) -> None:
        self._most = most

    @property
    def allowed(self) -> str:
        return "1..%d characters" % self._most

    def __call__(self, given: dict, key: str) -> None:
        value = given[key]
        if not isinstance(value, str) or not 1 <= len(value) <= self._most:
            raise FieldError("params." + key, "%s; allowed %s" % (fields.show(value), self.allowed))


class Flag:
    """Checks a parameter: true or false."""

    type = "boolean"
    allowed = "true, false"

    def __call__(self, given: dict, key: str) -> None:
        if not isinstance(given[key], bool):
            raise FieldError("params." + key, "%s; allowed %s" % (fields.show(given[key]), self.allowed))


class Choice:
    """Checks a parameter: one of some texts."""

    type = "text"

    def __init__(self, *texts: str) -> None:
        self._texts = texts

    @property
    def allowed(self) -> str:
        return ", ".join(self._texts)

    def __call__(self, given: dict, key: str) -> None:
        if given[key] not in self._texts:
            raise FieldError("params." + key, "%s; allowed %s" % (fields.show(given[key]), self.allowed))


class Crc:
    """Checks a parameter: a CRC-32."""

    type = "text"
    allowed = "eight lower-case hex digits"

    def __call__(self, given: dict, key: str) -> None:
        value = given[key]
        if not isinstance(value, str) or not sealed.is_crc(value.encode()):
            raise FieldError("params." + key, "%s; allowed %s" % (fields.show(value), self.allowed))


class Link:
    """One end of the line. `methods` maps names to Method; `sent`: what goes out beside the replies is kept there too.

    `requests` and `errors` count the replies of either kind.
    """

    def __init__(self, methods: dict[str, Method], sent: echo.Sent | None = None) -> None:
        self.requests = 0
        self.errors = 0
        self._methods = methods
        self._sent = sent or echo.Sent()
        self._line = bytearray(limits.LINE_MAX + 2)  # with its end
        self._n = 0
        self._too_long = False
        self._last_ms = 0

    def take(self, data, now_ms: int) -> bool:
        """Take bytes, at any ms clock. A line feed may only be the last: True then, and `answer` wants the line."""
        self._last_ms = now_ms
        n = self._n + len(data)
        if n > len(self._line):
            self._too_long = True
        else:
            self._line[self._n : n] = data
            self._n = n
        return data[-1] == 0x0A

    def silent_ms(self, now_ms: int) -> int:
        """How long nothing has come."""
        return now_ms - self._last_ms

    def clear(self) -> None:
        """Drop what there is of a line: the cable went."""
        self._n = 0
        self._too_long = False

    def abandon(self) -> str | None:
        """After a silence: drop a line that has begun. The reply that says so, None when there was none to answer."""
        if not self._n and not self._too_long:
            return None
        line = self._taken()
        self.clear()
        return self._unreadable(line, ABANDONED, "nothing came for %d ms in the middle of a line" % limits.SILENCE_MS)

    async def answer(self) -> str | None:
        """The reply to the line that `take` completed, sealed; None for one that asks for none."""
        line = self._taken().rstrip(b"\n")
        too_long = self._too_long
        self.clear()
        if line[-1:] == b"\r":
            line = line[:-1]
        if too_long or len(line) > limits.LINE_MAX:
            return self._unreadable(line, TOO_LONG, "the line is longer than %d bytes" % limits.LINE_MAX)
        if not line:
            return None
        is_sealed = sealed.is_sealed(line)
        inner = sealed.unseal(line) if is_sealed else line
        if inner is None:
            return self._unreadable(line, DAMAGED, "the CRC-32 does not match")
        try:
            request = strict.loads(inner)
        except ValueError as problem:
            return self._unreadable(line, NOT_JSON, str(problem))
        if isinstance(request, dict) and not echo.asks(request):
            return None
        return await self._reply(line, request, is_sealed)

    async def _reply(self, line: bytes, request, is_sealed: bool) -> str | None:
        id = None
        try:
            if not isinstance(request, dict):
                raise Refused(INVALID_REQUEST, "a request is an object")
            id = _id(request)
            method, params = self._request(request)
            if method.changes and not is_sealed:
                raise Refused(CRC_REQUIRED, "this method changes something: the line must end in * and its CRC-32")
            result = await method.run(params)
            reply = '{"jsonrpc":"2.0","id":%s,"result":%s}' % (
                json.dumps(id),
                json.dumps(result, separators=(",", ":")),
            )
        except Refused as refused:
            if id is None and self._sent.has(line):
                return None
            return self._error(id, refused.code, refused.message)
        except FieldError as problem:
            return self._error(id, INVALID_PARAMS, str(problem))
        except OSError as problem:
            return self._error(id, STORAGE, "the flash failed: error %s" % problem.errno)
        except Exception as problem:
            return self._error(id, INTERNAL, "%s: %s" % (type(problem).__name__, fields.show(str(problem))))
        self.requests += 1
        return self._sealed(reply)

    def _taken(self) -> bytes:
        """What there is of a line."""
        return bytes(memoryview(self._line)[: self._n])

    def _unreadable(self, line: bytes, code: int, message: str) -> str | None:
        """The answer to a line that nobody can read; None when it comes from the device itself."""
        if echo.marked(line) or self._sent.has(line):
            return None
        return self._error(None, code, message)

    def _request(self, request: dict) -> tuple[Method, dict]:
        try:
            fields.of(request, "", ("jsonrpc", "id", "method"), ("params",))
        except FieldError as problem:
            raise Refused(INVALID_REQUEST, str(problem)) from None
        if request["jsonrpc"] != "2.0":
            raise Refused(INVALID_REQUEST, 'jsonrpc: %s; allowed "2.0"' % fields.show(request["jsonrpc"]))
        name = request["method"]
        if not isinstance(name, str):
            raise Refused(INVALID_REQUEST, "method: %s; allowed text" % fields.show(name))
        if name not in self._methods:
            raise Refused(UNKNOWN_METHOD, "method: %s; rpc.discover lists those there are" % fields.show(name))
        params = request.get("params", {})
        if not isinstance(params, dict):
            raise Refused(INVALID_REQUEST, "params: %s; allowed an object" % fields.show(params))
        method = self._methods[name]
        # In an order of its own: MicroPython's dicts have none, and a message is the same wherever it is made.
        fields.of(params, "params", tuple(sorted(method.params)), tuple(sorted(method.optional)))
        for key in sorted(params):
            check = method.params.get(key) or method.optional[key]
            check(params, key)
        return method, params

    def _error(self, id, code: int, message: str) -> str:
        self.errors += 1
        return self._sealed(
            '{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%s}}' % (json.dumps(id), code, json.dumps(message))
        )

    def _sealed(self, reply: str) -> str:
        line = sealed.seal(reply)
        self._sent.keep(line)
        return line


def _id(request: dict):
    """The request's id, which the reply bears."""
    id = request.get("id")
    if isinstance(id, bool) or not isinstance(id, (int, str)):
        raise Refused(INVALID_REQUEST, "id: %s; allowed an integer or text" % fields.show(id))
    if isinstance(id, int) and not -_ID_MAX <= id <= _ID_MAX:
        raise Refused(INVALID_REQUEST, "id: %s; allowed -%d..%d" % (fields.show(id), _ID_MAX, _ID_MAX))
    if isinstance(id, str) and (not 1 <= len(id) <= _ID_CHARS_MAX or not fields.is_printable(id)):
        raise Refused(
            INVALID_REQUEST, "id: %s; allowed 1..%d printable ASCII characters" % (fields.show(id), _ID_CHARS_MAX)
        )
    return id
