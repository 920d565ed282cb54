"""The flash behind the file system: a block device on a file of the host, with the times of the RP2040's.

While a sector is erased or a page programmed every interrupt waits, as on the chip, where the code itself lies in that
flash. `cut_at` takes the supply away in the middle of an operation: half of it is done.
"""

from array import array

import core
import micropython
from cost import LOAD_NS

BLOCK = 4096
BLOCKS = 352  # of the RPI_PICO's 1408 KB
PAGE = 256
ERASE_US = 45_000  # W25Q16JV, typical
PROGRAM_US = 400
_BLANK = b"\xff" * BLOCK


class Flash:
    """Block device on an open binary file. `writes` counts erases and programs."""

    writes = 0  # of all, since the simulation began
    erased = array("H", [0] * BLOCKS)  # how often each block was, since then
    cut_at = -1  # the operation that the supply does not survive, counted like `writes`

    def __init__(self, file):
        self._file = file
        self._page = memoryview(bytearray(PAGE))
        self.kept = ()  # blocks that refuse to be erased: the file system takes others
        self.free = False  # reading takes no time
        self.dead = False  # a file system that lost its supply must not write when it is collected

    @micropython.native
    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK + offset)
        self._file.readinto(buffer)
        if core.machine.on and not self.free:
            core.spend(len(buffer) * LOAD_NS // 1000)

    def writeblocks(self, block, buffer, offset=0):
        view = memoryview(buffer)
        for at in range(0, len(buffer), PAGE):
            part = view[at : at + PAGE]
            whole = self._spend(PROGRAM_US)
            self._program(block * BLOCK + offset + at, part if whole else part[: len(part) // 2])
            self._end(whole)

    def ioctl(self, op, arg):
        if op == 4:
            return BLOCKS
        if op == 5:
            return BLOCK
        if op == 6:
            if arg in self.kept:
                return -84  # LFS_ERR_CORRUPT
            whole = self._spend(ERASE_US, arg)
            if not self.dead:
                self._file.seek(arg * BLOCK)
                self._file.write(_BLANK if whole else _BLANK[: BLOCK // 2])
            self._end(whole)
        return 0

    def _spend(self, us, block=0):
        """Time for an operation passes, in which no interrupt runs. False when the supply does not survive it."""
        machine = core.machine
        if machine.cut:
            raise core.PowerLost  # also for a handler that would clean up
        if self.dead or not machine.on:  # before power-up: the image is being made
            return True
        Flash.writes += 1
        if us == ERASE_US:
            Flash.erased[block] += 1
        if Flash.writes == Flash.cut_at:
            return False
        machine.emit("flash", machine.now, str(us))
        was = core.masked()
        core.mask()
        core.spend(us)
        machine.world.advance(machine.now)  # else nothing looks at what happens meanwhile
        if not was:
            core.unmask()
        return True

    def _end(self, whole):
        if not whole:
            core.machine.cut = self.dead = True
            core.machine.emit("cut", core.machine.now, str(Flash.writes))
            raise core.PowerLost

    @micropython.native
    def _program(self, at, data):
        if self.dead:
            return
        file = self._file
        if core.machine.on:
            # Programming clears bits and sets none.
            page = self._page[: len(data)]
            file.seek(at)
            file.readinto(page)
            for i in range(len(data)):
                page[i] &= data[i]
            data = page
        file.seek(at)
        file.write(data)
