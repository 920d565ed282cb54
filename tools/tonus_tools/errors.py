"""What can go wrong and is expected to: one line for a person, and the exit code it ends with."""

from __future__ import annotations

from .exits import Exit


class ToolError(Exception):
    """An expected error. `exit`: how the tool ends. `consequence`: what it means for the device, when that is known."""

    exit = Exit.USAGE

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.consequence = ""

    def __str__(self) -> str:
        return f"{self.message}; {self.consequence}" if self.consequence else self.message


class UsageError(ToolError):
    """What was asked for makes no sense, or a file cannot be read or written."""


class Declined(ToolError):
    """A person answered a question with no: what was asked about has not been done."""

    exit = Exit.INTERRUPTED


class NotGood(ToolError):
    """What was checked is not good."""

    exit = Exit.NOT_GOOD


class PortError(ToolError):
    """No device, or its port cannot be opened."""

    exit = Exit.NO_DEVICE


class LinkError(ToolError):
    """Something went wrong between this program and the device."""

    exit = Exit.NO_ANSWER


class NoAnswer(LinkError):
    """The device said nothing within the time the protocol allows it."""


class Gone(NoAnswer):
    """The port itself failed: the cable was pulled, or the device restarted."""


class Damaged(LinkError):
    """What came is not what the protocol allows: a wrong CRC, another id, a field missing or of another type."""


class DeviceRefused(LinkError):
    """The device answered with an error: `code` and `reason` are its own."""

    exit = Exit.REFUSED

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the device refused: {reason}")
        self.code = code
        self.reason = reason

    def __reduce__(self) -> tuple[type[DeviceRefused], tuple[int, str]]:
        """Whole out of another process, too."""
        return type(self), (self.code, self.reason)
