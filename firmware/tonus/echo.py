"""What the device has said itself and hears again: a port whose host echoes sends all of it back.

A request has a `method` and an `id`. Nothing that the device sends has both, so nothing that comes back whole is taken
for one; what comes back in pieces, damaged or glued together is known by marks that no request has, or because it was
just sent.
"""

_MARKS = (b'"result":', b'"error":', b'"e": "', b'"id":null')
_BEGINNING = b'{"jsonrpc"'
_PIECE_MIN = 8  # bytes; less is too likely by chance
_SENT_CHARS = 2048  # two of the longest lines


def asks(message: dict) -> bool:
    """Whether an object wants an answer. Responses, log lines and notifications do not; what is no request does."""
    if "method" in message:
        return "id" in message or not isinstance(message["method"], str)
    return not ("result" in message or "error" in message or "e" in message)


def marked(data: bytes) -> bool:
    """Whether something that cannot be read looks like a reply or a log line."""
    for mark in _MARKS:
        if mark in data:
            return True
    return False


class Sent:
    """What went out last. Kept in one piece of memory: lines kept here and there would break up the heap."""

    def __init__(self) -> None:
        self._ring = bytearray(_SENT_CHARS)
        self._at = 0

    def keep(self, line: str) -> None:
        data = line.encode()
        n = min(len(data), _SENT_CHARS)
        if self._at + n > _SENT_CHARS:
            self._at = 0
        self._ring[self._at : self._at + n] = data[:n]
        self._at += n

    def has(self, data: bytes) -> bool:
        """Whether these bytes are a piece of it, and not how a request begins, too."""
        return len(data) >= _PIECE_MIN and data[: len(_BEGINNING)] != _BEGINNING and data in self._ring
