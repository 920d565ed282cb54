"""The flash behind the file system: a block device on a file of the host, with the times of the RP2040's.

While a sector is erased or a page programmed every interrupt waits, as on the chip, where the code itself lies in that
flash. `cut_at` takes the supply away in the middle of an operation: half of it is done.
"""

import core
import micropython

BLOCK = 4096
BLOCKS = 352  # of the RPI_PICO's 1408 KB
PAGE = 256
ERASE_US = 45_000  # W25Q16JV, typical
PROGRAM_US = 400
_BLANK = b"\xff" * BLOCK


class Flash:
    """Block device on an open binary file. `writes` counts erases and programs."""

    writes = 0  # of all, since the simulation began
    cut_at = -1  # the operation that the supply does not survive, counted like `writes`

    def __init__(self, file):
        self._file = file
        self._page = memoryview(bytearray(PAGE))
        self.dead = False  # a file system that lost its supply must not write when it is collected

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        if self.dead:
            return
        view = memoryview(buffer)
        for at in range(0, len(buffer), PAGE):
            part = view[at : at + PAGE]
            self._operate(block * BLOCK + offset + at, part, PROGRAM_US)

    def ioctl(self, op, arg):
        if op == 4:
            return BLOCKS
        if op == 5:
            return BLOCK
        if op == 6:
            if not self.dead:
                self._operate(arg * BLOCK, _BLANK, ERASE_US)
            return 0
        return 0

    def _operate(self, at, data, us):
        machine = core.machine
        if not machine.on:  # before power-up: the image is being made
            self._store(at, data)
            return
        Flash.writes += 1
        if Flash.writes == Flash.cut_at:
            self._store(at, memoryview(data)[: len(data) // 2])
            self.dead = True
            machine.emit("cut", machine.now, str(Flash.writes))
            raise core.PowerLost
        was = machine.masked
        machine.masked = True
        machine.spend(us)
        self._store(at, data)
        if not was:
            machine.mask(False)

    @micropython.native
    def _store(self, at, data):
        file = self._file
        if data is not _BLANK and core.machine.on:
            # Programming clears bits and sets none.
            page = self._page[: len(data)]
            file.seek(at)
            file.readinto(page)
            for i in range(len(data)):
                page[i] &= data[i]
            data = page
        file.seek(at)
        file.write(data)
