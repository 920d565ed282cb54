"""The device in a browser: what the simulator's run.py is elsewhere, in slices that return to JavaScript.

`start` makes it, `step` lets time pass; both take and give JSON text, with times in milliseconds: numbers above 2^31 do
not pass. The interpreter collects garbage only between such calls.
"""

import gc
import json
import sys

import micropython


class _MicroPython:
    """Its `micropython`. Bytecode allocates where machine code does not, so the heap is not locked in interrupts."""

    const = micropython.const
    opt_level = micropython.opt_level

    @staticmethod
    def heap_lock():
        pass

    heap_unlock = heap_lock

    @staticmethod
    def kbd_intr(key):
        pass


sys.modules["micropython"] = _MicroPython

import core
import run
import sim_select
import sim_time

sys.modules["select"] = sim_select
sys.modules["time"] = sim_time


class _Held:
    """In place of the host's files, by which machine.py knows that a timer is held: each is until it is stopped."""

    def open(self, *how):
        return self

    def fileno(self):
        return 0

    def readinto(self, buffer):
        return 1


lines = []
_chip = _life = _files = None
ended = False


def emit(kind, t, fields):
    lines.append('["%s",%d,%s]' % (kind, t, fields))


def taken():
    """The trace since it was taken last, a record a line."""
    text = "\n".join(lines)
    lines.clear()
    return text


def start(config_text, files_text):
    """Make the device of a configuration, with these files, a folder None. The trace so far."""
    global _chip, _life, _files
    config = json.loads(config_text)
    run.emit = emit
    run.stand_in()
    import taskqueue

    sys.modules["_asyncio"] = taskqueue
    import sim_asyncio

    sys.modules["asyncio"] = sim_asyncio
    _files = {}
    for path, text in json.loads(files_text).items():
        _files[path] = None if text is None else text.encode()
    _chip = run.load(config)
    sys.modules["machine"]._host = _Held()
    _chip.usb._live = True
    mount = run.in_memory(_files)
    sys.path[:] = ["", ".frozen"]
    run.begin(config)
    _life = run.run(_chip, mount, firmware, False, [])
    return taken()


def firmware():
    """main.py, in steps. Where MicroPython would have its prompt, nothing answers."""
    import taskqueue

    run.fresh()
    loop = sys.modules["asyncio"]

    def tasks(coroutine):
        task = loop.create_task(coroutine)
        while loop.run_until_complete(task) is taskqueue.PAUSED:
            yield

    names = {"__name__": "main"}
    exec(compile(str(run.read("main.py"), "utf-8"), "main.py", "exec"), names)
    for _ in names["device"](tasks):
        yield
    while True:
        _chip.run_until(min(_chip.now + 10_000, max(_chip.now, core.pause_at)))
        yield


def step(order_text):
    """Let time pass up to `until_ms`, after what is to be done: `do`, [action, value] each. The trace, then a line:
    {now_ms, waiting, ended}."""
    global ended
    order = json.loads(order_text)
    for action, value in order.get("do", ()):
        _chip._do(action, value)
        core.words[5] = 0  # whether it ends the firmware is looked at at once
        core.look()
    until = order["until_ms"] * 1000
    core.pause_at = until
    try:
        while _chip.now < until and not ended:
            next(_life)
    except core.End:
        run.end(_chip, 0)
        ended = True
    gc.collect()
    state = {"now_ms": _chip.now // 1000, "waiting": _chip.usb.waiting(), "ended": ended}
    lines.append(json.dumps(state))
    return taken()


def data():
    """The user's files, path to text, as JSON."""
    return json.dumps({path: str(text, "utf-8") for path, text in _files.items() if path[:4] == "data" and text})
