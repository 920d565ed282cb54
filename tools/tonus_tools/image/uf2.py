"""UF2 files, the format of the BOOTSEL drive, for the RP2040: read with every field checked, and written."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from ..errors import UsageError
from .filesystem import BLOCK as SECTOR
from .filesystem import FLASH_BYTES

XIP = 0x10000000  # where the processor sees the flash
FAMILY = 0xE48BFF56  # RP2040
FAMILIES = {
    FAMILY: "RP2040",
    0xE48BFF57: "RP2350 (absolute)",
    0xE48BFF59: "RP2350 (Arm)",
    0xE48BFF5A: "RP2350 (RISC-V)",
    0xE48BFF5B: "RP2350 (Arm, non-secure)",
}
PAGE = 256  # payload of a block: what the flash programs at once
_BLOCK = 512
_HEAD = struct.Struct("<8I")
_MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_HAS_FAMILY = 0x2000
_BLANK = b"\xff"


def read(data: bytes, name: str) -> dict[int, bytes]:
    """The pages of a UF2: offset in the flash to 256 bytes. UsageError, beginning with `name`, when it is not a whole
    one for the RP2040."""
    count = len(data) // _BLOCK
    if not data or len(data) % _BLOCK:
        raise UsageError(f"{name}: {len(data)} bytes; allowed whole UF2 blocks of {_BLOCK}; is it truncated?")
    pages: dict[int, bytes] = {}
    for n in range(count):
        block = data[n * _BLOCK : (n + 1) * _BLOCK]
        start0, start1, flags, address, size, number, of, family = _HEAD.unpack_from(block)
        (end,) = struct.unpack_from("<I", block, _BLOCK - 4)
        where = f"{name}: block {n}"
        if (start0, start1, end) != _MAGIC:
            raise UsageError(f"{where}: its marks are not those of UF2")
        if not flags & _HAS_FAMILY or family != FAMILY:
            raise UsageError(f"{where}: for {FAMILIES.get(family, f'family {family:#010x}')}; allowed RP2040")
        if (number, of) != (n, count):
            raise UsageError(f"{where}: numbered {number} of {of}; allowed {n} of {count}; is it truncated?")
        offset = address - XIP
        if size != PAGE or offset % PAGE or not 0 <= offset < FLASH_BYTES:
            raise UsageError(
                f"{where}: {size} bytes for {address:#x}; allowed {PAGE} within {XIP:#x}..{XIP + FLASH_BYTES - 1:#x}"
            )
        if offset in pages:
            raise UsageError(f"{where}: {address:#x} is there twice")
        pages[offset] = block[_HEAD.size : _HEAD.size + PAGE]
    return pages


def write(pages: Mapping[int, bytes]) -> bytes:
    """A UF2 of these pages: offset in the flash to 256 bytes.

    Each sector that has a page is written whole, blank where there is none: the boot ROM of the RP2040 goes wrong over
    a sector that is filled in part and is not the last (erratum RP2040-E14).
    """
    offsets = [at for sector in sectors(pages) for at in range(sector, sector + SECTOR, PAGE)]
    blocks = bytearray()
    for n, offset in enumerate(offsets):
        page = pages.get(offset, _BLANK * PAGE)
        head = _HEAD.pack(_MAGIC[0], _MAGIC[1], _HAS_FAMILY, XIP + offset, PAGE, n, len(offsets), FAMILY)
        blocks += (head + page).ljust(_BLOCK - 4, b"\0") + struct.pack("<I", _MAGIC[2])
    return bytes(blocks)


def sectors(pages: Mapping[int, bytes]) -> list[int]:
    """Offsets of the sectors that have a page."""
    return sorted({offset - offset % SECTOR for offset in pages})


def pages_of(offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """`data` from `offset` on, as pages."""
    for at in range(0, len(data), PAGE):
        yield offset + at, data[at : at + PAGE].ljust(PAGE, _BLANK)
