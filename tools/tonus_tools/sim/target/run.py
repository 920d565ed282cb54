"""Run one scenario on the real MicroPython interpreter: `micropython run.py CONFIG.json`, trace on standard output.

The host writes CONFIG (`Scenario.to_target`) and names the folders of firmware and board in the environment. In a
browser `page.py` takes the place of `main`.
"""

import builtins
import gc
import json
import os
import sys

import micropython
import vfs
from micropython import const

HEAP_FREE_BYTES = 239_152  # gc.mem_free() of MicroPython 1.28.0 on a RPI_PICO before any file is loaded
POINTER_RATIO = 2  # this interpreter's objects are 64 bit
PIECE = 8192  # bytes of what is taken away of this interpreter's heap: a whole one would find no room
BOOT_US = 15_000  # from power to main.py
ARCHITECTURE, MASK = 6 | 2 << 10, 0xFF | 0xF << 10  # of sys.implementation._mpy: version 6, x64
READ = 1024  # bytes at a time, for the host: from a flash that takes no time

MODULES = "/flash"  # where compiled.py is in front of the flash: in sys.path, and in tracebacks of what it has not

ROOM = const(4096)  # for lines of the trace, written together: each write is a call of the host's system

_write = sys.stdout.buffer.write
_lines = bytearray(ROOM)  # made once: in a full heap no such piece may be left
_filled = [0]
_told_us = [0]  # of the last line
_len = len  # found sooner than a built-in
ask = sys.stdin.readline


@micropython.native
def emit(kind, t, fields):
    # Bytes: each text that is made is looked for among the names that the interpreter knows.
    if kind == "rail" or kind == "latch":
        # The world moves on when somebody looks, perhaps to the PIO's last edge: told not before what has been.
        if t < _told_us[0]:
            t = _told_us[0]
    elif kind != "phase" and kind != "skin":
        _told_us[0] = t
    line = b'["%s",%d,%s]\n' % (kind, t, fields)
    begin = _filled[0]
    end = begin + _len(line)
    if end > ROOM:
        flush()
        begin = 0
        end = _len(line)
        if end > ROOM:
            _write(line)
            return
    _lines[begin:end] = line
    _filled[0] = end


def flush():
    _write(memoryview(_lines)[: _filled[0]])
    _filled[0] = 0


def console(*values, sep=" ", end="\n", file=None):
    """What firmware prints."""
    import core

    core.spend(1)
    core.machine.usb.write(sep.join([str(v) for v in values]) + end)


def host(t):
    """Live: tell the host the time and how much of what it sent waits; what it orders, None when it is gone."""
    import core

    emit("wait", t, str(core.machine.usb.waiting()))
    flush()
    line = ask()
    return json.loads(line) if line else None


def load(config):
    """The simulated machine of a configuration."""
    import board
    import core
    import flash
    import machine
    import usb
    from world import model

    start = config["start"]
    live = config.get("live", False)
    state = model.World(board, emit, start, start.get("seed", config.get("seed", 1)))
    timeline = [(e["at_us"], e["do"], e["value"]) for e in config["timeline"]]
    core.machine = machine.Chip(board, state, emit, timeline, config["until_us"], host if live else None)
    core.machine.usb = usb.Usb(core.machine, live)
    core.machine.usb.host = start.get("host", "reads")
    core.machine.flash = flash.Flash
    if config.get("breaks"):
        import breaks_chip

        core.machine.breaks = breaks_chip.apply
        _MicroPython.begins = breaks_chip.begins
    return core.machine


def file_system(device, readsize=32):
    """The file system on the flash, without the times of files: the host's clock would make each run another.

    readsize: larger than MicroPython's own where only the host's time counts.
    """
    import flash

    return vfs.VfsLfs2(device, readsize=readsize, progsize=flash.PAGE, mtime=False)


def install(file):
    """Put the firmware and the board's module on the flash, over what is there; format a blank one.

    One that has lost its file system is formatted too, as MicroPython does with the firmware frozen in. That needs no
    room there, so what is left of the user's files stays where it is.
    """
    import flash

    device = flash.Flash(file)
    try:
        target = file_system(device, READ)
    except OSError:
        block = bytearray(flash.BLOCK)
        kept = set()
        for number in range(2, flash.BLOCKS):
            device.readblocks(number, block)
            if b"}*" in bytes(block):
                kept.add(number)
        device.kept = kept
        vfs.VfsLfs2.mkfs(device, progsize=flash.PAGE)
        target = file_system(device, READ)
    vfs.mount(target, "/device")
    copy(os.getenv("TONUS_BOARD") + "/board.py", "/device/board.py")
    for folder in ("", "/tonus", "/tonus/presets"):
        source = os.getenv("TONUS_FIRMWARE") + folder
        try:
            os.mkdir("/device" + folder)
        except OSError:
            pass  # it is there
        for entry in os.ilistdir(source):
            if entry[1] == 0x8000 and entry[0].endswith(".json" if folder == "/tonus/presets" else ".py"):
                copy(source + "/" + entry[0], "/device" + folder + "/" + entry[0])
    vfs.umount("/device")


def copy(source, target):
    data = read(source)
    with open(target, "wb") as f:
        f.write(data)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def mounter(file, modules):
    """A function that makes the flash the file system's root, as MicroPython does before main.py: the block device.

    modules: compiled.Modules, or None.
    """
    import flash

    def mount():
        device = flash.Flash(file)
        vfs.umount("/")  # what was mounted is forgotten
        vfs.mount(file_system(device), "/")
        if modules is not None:
            modules.look()
        return device

    return mount


def in_memory(files):
    """Likewise, with these files in memory: see memory.py."""
    import memory

    def mount():
        device = memory.Memory(files)
        vfs.umount("/")
        vfs.mount(device, "/")
        return device

    return mount


def sources():
    """The firmware's files and the board's module, path to bytes, None for a folder."""
    found = {"tonus": None, "tonus/presets": None}
    for folder in ("", "/tonus", "/tonus/presets"):
        source = os.getenv("TONUS_FIRMWARE") + folder
        for entry in os.ilistdir(source):
            if entry[1] == 0x8000 and entry[0].endswith(".json" if folder == "/tonus/presets" else ".py"):
                found[(folder + "/" + entry[0])[1:]] = read(source + "/" + entry[0])
    found["board.py"] = read(os.getenv("TONUS_BOARD") + "/board.py")
    return found


def run(chip, mount, firmware, live, ballast):
    """Power, resets and the firmware, in steps, until the scenario ends. firmware: runs it once, in steps.

    ballast: pieces of the heap that the RP2040 has not.
    """
    import core

    cause = "power"
    starts = room = 0
    while True:
        while not chip.world.powered(chip.now):
            chip.run_until(chip.now + 1000)
            yield
        if cause == "power":
            chip.scratch = {}
            emit("power", chip.now, "1")
        chip.reset_cause = cause
        chip.power_up()
        chip.run_until(chip.now + BOOT_US)
        emit("boot", chip.now, '"%s"' % cause)
        chip.disk = mount()
        forget()
        gc.collect()
        # A chip's heap is empty after a reset. This one keeps the names that the firmware before has interned, which
        # the next one needs as well, and in time loses some more.
        starts += 1
        less = max(0, room - gc.mem_free())
        if starts == 2:
            room = gc.mem_free()
        del ballast[max(0, len(ballast) - (less + PIECE - 1) // PIECE) :]
        gc.collect()
        chip.on = True
        try:
            for _ in firmware():
                yield
        except core.PowerLost:
            cause = "power"
            chip.world.drop_hold()
            emit("power", chip.now, "0")
        except core.Reset as reset:
            cause = reset.args[0]
            if cause == "bootloader":
                chip.power_up()  # its timers and its watchdog stand still there
                if live:
                    emit("bootsel", chip.now, "0")
            while cause == "bootloader":  # a drive for as long as there is power
                if not chip.world.powered(chip.now):
                    cause = "power"
                chip.run_until(chip.now + 1000)
                yield
        chip.disk.dead = True
        chip.on = False
        chip.power_up()


def forget():
    """No module and no task of the firmware that ran before is kept: there is no room for two."""
    for name in list(sys.modules):
        if name in ("main", "board") or name.startswith("tonus"):
            module = sys.modules.pop(name)
            if name != "board":  # which the simulated world goes by
                module.__dict__.clear()  # something in the interpreter may still point to it
    if "breaks_chip" in sys.modules:
        sys.modules["breaks_chip"].forget()
    if "asyncio" in sys.modules:
        import asyncio

        asyncio.new_event_loop()
        asyncio.core.cur_task = None  # a reset ended it in mid-task: with it goes all of the firmware before


def prompted(chip, mount, live):
    """The firmware, and MicroPython's prompt when it ends, as it does in safe mode."""
    import repl

    prompt = repl.Prompt(chip)
    while True:
        # MicroPython leaves main.py out after a soft reset from the raw prompt.
        prompt.run({} if prompt.raw else main_py(live))
        repl.soft_reset(chip)
        chip.disk.dead = True
        chip.disk = mount()
        yield


def main_py(live):
    """Run main.py; its globals, for the prompt. Live, an exception only ends it, as on the chip."""
    fresh()
    names = {"__name__": "__main__"}
    try:
        exec(compile(str(read("main.py"), "utf-8"), "main.py", "exec"), names)
    except Exception as problem:
        if not live:
            raise
        sys.modules["sys"].print_exception(problem)
    return names


def fresh():
    """No module and no task of the firmware is there, asyncio in virtual time is."""
    forget()
    import taskqueue

    sys.modules["_asyncio"] = taskqueue
    import asyncio

    taskqueue.install(asyncio)
    asyncio.new_event_loop()
    gc.collect()


class _MicroPython:
    """The `micropython` module with what only the RP2040's has. begins: called as the firmware is about to be made."""

    begins = None

    @staticmethod
    def alloc_emergency_exception_buf(size):
        """This interpreter has one built in."""
        if _MicroPython.begins is not None:
            _MicroPython.begins()


class _Sys:
    """The `sys` module with the USB console for standard input and output."""


def stand_in():
    """The modules that are the RP2040's in place of this interpreter's. What firmware sees as `sys`."""
    import registers
    import rp2  # noqa: F401  firmware's imports: the host's files are out of reach by then
    import taskqueue  # noqa: F401
    import usb

    for name in dir(micropython):
        setattr(_MicroPython, name, getattr(micropython, name))
    sys.modules["micropython"] = _MicroPython
    for name in dir(sys):
        setattr(_Sys, name, getattr(sys, name))
    sys.modules["uctypes"] = registers
    _Sys.stdin = usb.Stdin()
    _Sys.stdout = usb.Stdout()
    sys.modules["sys"] = _Sys
    return _Sys


def begin(config):
    """The trace's first line. From here on the firmware's output is the device's, and its garbage costs time."""
    import collection

    release = ".".join([str(n) for n in sys.implementation.version[:3]])
    head = {
        "version": 1,
        "scenario": config["name"],
        "board": config["board"],
        "micropython": "%s (%s)" % (release, sys.version.split("; ")[1]),
        "heap_bytes": HEAP_FREE_BYTES,
    }
    emit("trace", 0, json.dumps(head))
    builtins.print = console
    sys.modules["gc"] = collection.Gc


def end(chip, heap_free):
    """The trace's last line."""
    chip.world.advance(chip.now)
    erased = {str(n): times for n, times in enumerate(chip.flash.erased) if times}
    emit("end", chip.now, json.dumps({"ticks": chip.ticks, "heap_free": heap_free, "erased": erased}))


def main():
    sys.path[:] = [".frozen"]  # without this folder, whose `time` hides the built-in one
    import time as real_time

    with open(sys.argv[1]) as f:
        config = json.load(f)
    here = __file__.rsplit("/", 1)[0]
    tools = here.rsplit("/", 2)[0]  # where `world` is
    sys.path[:] = [here, os.getenv("TONUS_BOARD"), os.getenv("TONUS_FIRMWARE"), tools, ".frozen"]
    made = os.getenv("TONUS_COMPILED")
    if sys.implementation._mpy & MASK != ARCHITECTURE:
        made = None  # it is not this interpreter that the host has compiled for
    if made:
        sys.path.insert(1, made)
        # The firmware's names are known before it loads. On the chip next to all of them are MicroPython's own, in its
        # flash; here their table, which grows to twice its size when it is full, would not fit into what is left.
        import names  # noqa: F401

        del sys.modules["names"]
    import written

    written.mount("/sim")
    sys.path[0] = "/sim"
    import core

    core.real_time = real_time
    import select  # noqa: F401

    import compiled
    import repl

    firmware_sys = stand_in()
    chip = load(config)
    if config.get("memory"):
        mount = in_memory(sources())
        its = None
    else:
        file = open(os.getenv("TONUS_FLASH"), "r+b")
        if not os.getenv("TONUS_INSTALLED"):
            install(file)
        its = compiled.serve(MODULES, made, file, lambda device: file_system(device, READ)) if made else None
        mount = mounter(file, its)
    live = config.get("live", False)
    sys.path[:] = ["", ".frozen"]
    if its:
        sys.path.insert(0, MODULES)
    vfs.umount("/sim")
    begin(config)
    repl.install(firmware_sys, config["board"], MODULES)
    # All the heap beyond what the RP2040 has is taken away before the firmware loads. The simulator's own garbage comes
    # out of the firmware's share: the limit is a little tighter than the chip's.
    gc.collect()
    room = HEAP_FREE_BYTES * POINTER_RATIO - (compiled.LESS_BYTES if its else 0)
    spare = gc.mem_free() - room
    if spare < 0:
        raise MemoryError("start this interpreter with %d bytes of heap more" % -spare)
    ballast = []
    while spare > 0:
        ballast.append(bytearray(min(spare, PIECE)))
        spare = gc.mem_free() - room
    try:
        for _ in run(chip, mount, lambda: prompted(chip, mount, live), live, ballast):
            pass
    except core.End:
        pass
    gc.collect()
    end(chip, gc.mem_free() // POINTER_RATIO)
    return ballast


if __name__ == "__main__":
    try:
        main()
    finally:
        flush()
