"""How `tonusctl` ends: one exit code for each kind of end. The help and README.md tell this table."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """An exit code; `meaning` is its line in the help."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Exit:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    OK = 0, "done"
    NOT_GOOD = 1, "what was checked is not good: a preset is refused, the self-test failed, readings disagree"
    USAGE = 2, "wrong usage, or a file that cannot be read or written"
    NO_DEVICE = 3, "no device, or its port cannot be opened"
    REFUSED = 4, "the device refused"
    NO_ANSWER = 5, "the device did not answer, or answered garbage"
    INTERRUPTED = 130, "interrupted, or a question answered with no"
