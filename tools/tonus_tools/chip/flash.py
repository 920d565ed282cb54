"""The emulated flash takes its time: an erase or a program holds the processor up, and the supply may fail in it."""

from __future__ import annotations

from collections.abc import Callable

from rp2040py.rp2040 import RP2040

from ..image.filesystem import BLOCK, BLOCKS, FS_START

# W25Q16JV, typical.
ERASE_US = 45_000
PROGRAM_US = 400
_ERASE, _PROGRAM = 0x20, 0x02


class Flash:
    """`on_write(us)` is called as an operation begins, `on_cut(n)` when operation `cut_at`, counted from 1, is torn."""

    def __init__(self, rp2040: RP2040, on_write: Callable[[int], None], on_cut: Callable[[int], None]) -> None:
        self.writes = 0
        self.cut_at = -1
        self._rp2040 = rp2040
        self._on_write = on_write
        self._on_cut = on_cut
        self._apply = rp2040.ssi._apply_command
        rp2040.ssi._apply_command = self._command  # type: ignore[method-assign]

    @property
    def image(self) -> bytes:
        """The file system's part."""
        return bytes(self._rp2040.flash[FS_START : FS_START + BLOCK * BLOCKS])

    @image.setter
    def image(self, data: bytes) -> None:
        self._rp2040.flash[FS_START : FS_START + len(data)] = data

    def _command(self) -> None:
        ssi = self._rp2040.ssi
        sent = bytes(ssi._tx_buffer)
        if len(sent) < 4 or sent[0] not in (_ERASE, _PROGRAM) or not ssi._write_enabled:
            self._apply()
            return
        self.writes += 1
        us = ERASE_US if sent[0] == _ERASE else PROGRAM_US
        self._on_write(us)
        flash = self._rp2040.flash
        at = int.from_bytes(sent[1:4], "big")
        size = BLOCK if sent[0] == _ERASE else len(sent) - 4
        second_half = bytes(flash[at + size // 2 : at + size])
        self._apply()
        if self.writes == self.cut_at:
            flash[at + size // 2 : at + size] = second_half
            self._on_cut(self.writes)
        else:
            # The processor waits with its interrupts masked; PIO, timer and world go on.
            self._rp2040.clock.tick(us * 1000.0)
