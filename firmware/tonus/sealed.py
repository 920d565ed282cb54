"""Sealed lines: a text, `*`, eight hex digits of its CRC-32. The USB protocol, the journal and the bank use them."""

from binascii import crc32

made: set | None = None  # a set collects the CRCs of what is sealed for the flash (`mark.py`)


class Lost(Exception):
    """The flash does not hold what was put in force, and what was before it is gone. Its text says what is in force."""


class Damaged(ValueError):
    """A file is not what was written. Its text says how."""


def crc_of(data: bytes, crc: int = 0) -> int:
    """CRC-32 (of zlib and PNG) of bytes, or of those behind others whose CRC is given."""
    return crc32(data, crc) & 0xFFFFFFFF


def seal(text: str) -> str:
    """The line, without its end."""
    return "%s*%08x" % (text, crc_of(text.encode()))


def seal_for_flash(text: str) -> str:
    """`seal`, of a line that is to be kept."""
    if made is not None:
        made.add(crc_of(text.encode()))
    return seal(text)


def is_sealed(line: bytes) -> bool:
    """Whether a line ends in a seal, right or wrong."""
    return line[-9:-8] == b"*" and is_crc(line[-8:])


def is_crc(text: bytes) -> bool:
    """Whether a text is a CRC-32 as it is written here."""
    return len(text) == 8 and not text.strip(b"0123456789abcdef")


def unseal(line: bytes) -> bytes | None:
    """What was sealed; None when the line is not what it was."""
    if not is_sealed(line) or crc_of(line[:-9]) != int(line[-8:], 16):
        return None
    return line[:-9]


def read(path: str, most: int) -> bytes:
    """What was sealed in a file of one line, which has at most so many bytes. OSError, Damaged."""
    with open(path, "rb") as f:
        line = f.read(most)
    text = unseal(line[:-1]) if line[-1:] == b"\n" else None
    if text is None:
        raise Damaged("its line is damaged")
    return text
