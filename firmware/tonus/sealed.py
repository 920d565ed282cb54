"""Sealed lines: a text, `*`, eight hex digits of its CRC-32. The USB protocol, the journal and the bank use them."""

from binascii import crc32


def crc_of(data: bytes, crc: int = 0) -> int:
    """CRC-32 (of zlib and PNG) of bytes, or of those behind others whose CRC is given."""
    return crc32(data, crc) & 0xFFFFFFFF


def seal(text: str) -> str:
    """The line, without its end."""
    return "%s*%08x" % (text, crc_of(text.encode()))


def is_sealed(line: bytes) -> bool:
    """Whether a line ends in a seal, right or wrong."""
    if len(line) < 9 or line[-9] != 0x2A:
        return False
    return all([c in b"0123456789abcdef" for c in line[-8:]])


def unseal(line: bytes) -> bytes | None:
    """What was sealed; None when the line is not what it was."""
    if not is_sealed(line) or crc_of(line[:-9]) != int(line[-8:], 16):
        return None
    return line[:-9]
