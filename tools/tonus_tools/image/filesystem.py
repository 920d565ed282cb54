"""What the device's file system holds, and that file system as MicroPython's littlefs.

MicroPython on the RPI_PICO gives its file system the last 352 blocks of the flash, and mounts it with a program size
of 256 bytes. The same files always make the same bytes: nothing here knows the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from littlefs import LFSConfig, LittleFS, LittleFSError, UserContext

from ..errors import UsageError
from ..world.boards import BOARDS, FIRMWARE, board_names
from .compiled import compiled
from .lean import MAIN, lean

FLASH_BYTES = 0x200000  # of the Pico
BLOCK = 4096  # also what the flash erases at once
BLOCKS = 352
FS_START = FLASH_BYTES - BLOCK * BLOCKS
# As in MicroPython 1.28: ports/rp2/modules/_boot.py has the program size, extmod/vfs_lfsx.c the rest.
_READ, _PROGRAM = 32, 256
_CACHE = 4 * _PROGRAM
_LOOKAHEAD = 32
_BLOCK_CYCLES = 100
DATA = "data"
_NOT_INLINE = 1  # bytes: what is in a file stays out of its directory, which MicroPython reads with each import


def check_board(name: str) -> None:
    """UsageError when there is no such board."""
    if name not in board_names():
        raise UsageError(f"board: {name}; allowed {', '.join(board_names())}")


def files(board: str, firmware: Path = FIRMWARE, as_sources: bool = False) -> dict[str, bytes]:
    """What the firmware is on the device: path from the root, without a leading slash, to content; sorted.

    The board's module and the package `tonus` are compiled, the package as `lean` has it. main.py is source, since
    MicroPython starts no other.
    as_sources: as they are, for an interpreter that is not an RP2040's. UsageError when there is no such board, or a
    source does not compile.
    """
    check_board(board)
    own = BOARDS / board / "board.py"
    if as_sources:
        paths = {"main.py": firmware / "main.py", "board.py": own}
        paths |= {f"tonus/{path.name}": path for path in firmware.glob("tonus/*.py")}
        found = {name: path.read_bytes() for name, path in paths.items()}
    else:
        found = {"main.py": MAIN.encode(), "board.mpy": compiled(own.read_bytes(), "board.py")}
        for name, source in lean(firmware).sources.items():
            found[name.removesuffix(".py") + ".mpy"] = compiled(source.encode(), name)
    for path in firmware.glob("tonus/presets/*.json"):
        found[f"tonus/presets/{path.name}"] = path.read_bytes()
    return dict(sorted(found.items()))


def filesystem(files: Mapping[str, bytes]) -> bytes:
    """A littlefs with these files and a folder for data, of all the BLOCKS. UsageError when they do not fit.

    The folder is what the firmware's first start would make, which erases flash before the device is ready.
    Its directories are short, as littlefs leaves them when it has compacted them: MicroPython reads two from end to end
    four times for each module it imports.
    """
    context = _Counting(BLOCK * BLOCKS)
    fs = _littlefs(context)
    fs.format()
    fs.mount()
    try:
        if DATA not in files:
            fs.makedirs(DATA)
        for path, content in sorted(files.items()):
            if "/" in path:
                fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            with fs.open(path, "wb") as f:
                f.write(content)
        for folder in sorted({path.rpartition("/")[0] for path in files}):
            _compact(fs, context, folder)
    except LittleFSError as error:
        if error.code != LittleFSError.Error.LFS_ERR_NOSPC:
            raise
        size = sum(map(len, files.values()))
        raise UsageError(f"{path}: no room for it: {size} bytes of files; allowed {BLOCKS} blocks of {BLOCK}") from None
    fs.unmount()
    return bytes(context.buffer)


def contents(image: bytes) -> dict[str, bytes]:
    """The files in a file system, sorted; the inverse of `filesystem`. UsageError when it cannot be mounted."""
    return _walk(UserContext(buffer=bytearray(image)))


def blocks_in_use(image: bytes) -> list[int]:
    """The blocks that MicroPython reads of a file system, sorted; what the others hold means nothing.

    A directory has two blocks of which the newer counts. A stale one on the device could pass for that: both are here,
    even if one is blank.
    """
    context = _Noting(buffer=bytearray(image))
    _walk(context)
    return sorted(context.touched)


class _Counting(UserContext):
    """Counts what is written."""

    writes = 0

    def prog(self, cfg: LFSConfig, block: int, off: int, data: bytes) -> int:
        self.writes += 1
        return super().prog(cfg, block, off, data)


def _compact(fs: LittleFS, context: _Counting, folder: str) -> None:
    """Leave a folder's log short. littlefs sees to that only when it is nearly full: so fill it up."""
    spare = f"{folder}/~"
    compact: Callable[[], object] = fs.fs_gc
    compact()  # others that are full, too
    writes = context.writes
    while context.writes == writes:
        with fs.open(spare, "wb"):
            pass
        fs.remove(spare)
        writes = context.writes
        compact()


class _Noting(UserContext):
    """Notes which blocks are read. littlefs reads the head of both blocks of a directory whenever it opens one."""

    def __init__(self, buffer: bytearray) -> None:
        super().__init__(buffer=buffer)
        self.touched: set[int] = set()

    def read(self, cfg: LFSConfig, block: int, off: int, size: int) -> bytearray:
        self.touched.add(block)
        return super().read(cfg, block, off, size)


def _walk(context: UserContext) -> dict[str, bytes]:
    fs = _littlefs(context)
    try:
        fs.mount()
        found = {}
        for folder, _, names in fs.walk("/"):
            for name in names:
                path = f"{folder}/{name}".lstrip("/")
                with fs.open(path, "rb") as f:
                    found[path] = f.read()
    except LittleFSError as error:
        raise UsageError(f"the file system is damaged: {error}") from None
    return dict(sorted(found.items()))


def _littlefs(context: UserContext) -> LittleFS:
    return LittleFS(
        context,
        mount=False,
        read_size=_READ,
        prog_size=_PROGRAM,
        cache_size=_CACHE,
        lookahead_size=_LOOKAHEAD,
        block_size=BLOCK,
        block_count=BLOCKS,
        block_cycles=_BLOCK_CYCLES,
        inline_max=_NOT_INLINE,
    )
