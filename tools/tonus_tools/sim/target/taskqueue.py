"""`_asyncio` in virtual time: the interpreter's own is C and keeps real time.

The interface that MicroPython's asyncio/core.py expects of it. The queue is a sorted list: a handful of tasks. A task
taken out of it is about to have its turn, which takes the processor its time.

`install` gives asyncio the loop and the sleep of this module in place of its own, which are bytecode: a loop has some
hundred thousand turns in a treatment.
"""

import time

import core
import micropython
from collection import turn
from core import clock, wait, words
from micropython import const

_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)
_LEFT = const(0)  # of core.words
_HORIZON = const(1)
_LONG_MS = const(100_000)
made = None  # a list takes every task that is made, in order
PAUSED = object()  # in place of what a coroutine returns: `core.pause_at` has come first


class TaskQueue:
    """Tasks by the tick at which they run; equal ticks in the order they came."""

    def __init__(self):
        self.tasks = []

    @micropython.native
    def peek(self):
        tasks = self.tasks
        return tasks[0] if tasks else None

    @micropython.native
    def push(self, task, ticks=None):
        key = time.ticks_ms() if ticks is None else ticks
        task.ph_key = key
        tasks = self.tasks
        at = len(tasks)
        while at and (tasks[at - 1].ph_key - key + _HALF & _MASK) > _HALF:
            at -= 1
        tasks.insert(at, task)

    @micropython.native
    def pop(self):
        turn()
        return self.tasks.pop(0)

    def remove(self, task):
        self.tasks.remove(task)


class Task:
    """A coroutine. `state` is True while it runs, a queue while others wait for it, falsy when it is done."""

    def __init__(self, coro, globals=None):
        self.coro = coro
        self.send = coro.send
        self.data = None
        self.state = True
        self.ph_key = 0
        if made is not None:
            made.append(self)

    def done(self):
        return not self.state

    def __iter__(self):
        if not self.state:
            self.state = None
        elif self.state is True:
            self.state = TaskQueue()
        return self

    def __next__(self):
        from asyncio import core

        if not self.state:
            raise self.data
        self.state.push(core.cur_task)
        core.cur_task.data = self

    def cancel(self):
        from asyncio import core

        if not self.state:
            return False
        if self is core.cur_task:
            raise RuntimeError("a task cannot cancel itself")
        waits_for = getattr(self.data, "state", None)
        if isinstance(waits_for, TaskQueue):
            waits_for.remove(self)
        else:
            core._task_queue.remove(self)
        core._task_queue.push(self)
        self.data = core.CancelledError
        return True


class _Sleep:
    """What `await sleep_ms(t)` waits for. One for all: it is told its time right before."""

    def __init__(self, loop):
        self._loop = loop
        self._until = None
        self._over = StopIteration()

    @micropython.native
    def until(self, ticks):
        self._until = ticks
        return self

    @micropython.native
    def __iter__(self):
        return self

    @micropython.native
    def __next__(self):
        until = self._until
        if until is None:
            raise self._over
        self._until = None
        loop = self._loop
        loop._task_queue.push(loop.cur_task, until)


def install(asyncio):
    """Let asyncio run and sleep by this module's loop."""
    loop = asyncio.core
    until = _Sleep(loop).until
    waiting = [0]  # us: until then the loop was to wait when it was stopped

    @micropython.native
    def sleep_ms(t):
        return until(time.ticks_ms() + (t if t > 0 else 0) & _MASK)

    @micropython.native
    def run_until_complete(main=None):
        io = loop._io_queue
        queue = loop._task_queue
        tasks = queue.tasks
        if waiting[0]:
            if waiting[0] > core.pause_at:
                core.machine.run_until(core.pause_at)
                return PAUSED
            core.machine.run_until(waiting[0])
            waiting[0] = 0
        while True:
            while True:
                ms = 0
                if tasks:
                    ms = (tasks[0].ph_key - time.ticks_ms() + _HALF & _MASK) - _HALF
                elif not io.map:
                    loop.cur_task = None
                    if main is None or not main.state:
                        return None
                    ms = 3  # nothing can end it but the world
                else:
                    ms = -1
                if io.map or ms > _LONG_MS:
                    io.wait_io_event(ms if ms > 0 or not tasks else 0)
                elif ms > 0:
                    end = words[_HORIZON] - words[_LEFT] + 1000 * ms
                    if clock() + 1000 * ms > core.pause_at:
                        waiting[0] = clock() + 1000 * ms
                        core.machine.run_until(core.pause_at)
                        return PAUSED
                    wait(end)
                if ms <= 0 and tasks:
                    break
            if clock() >= core.pause_at:
                return PAUSED
            turn()
            task = tasks.pop(0)
            loop.cur_task = task
            problem = task.data
            try:
                if not problem:
                    task.send(None)
                else:
                    task.data = None
                    task.coro.throw(problem)
            except (loop.CancelledError, Exception) as ended:
                if _end(loop, task, ended, problem, main):
                    return ended.value

    for module in (loop, asyncio):
        module.sleep_ms = sleep_ms
        module.run_until_complete = run_until_complete


def _end(loop, task, ended, thrown, main):
    """A coroutine has ended by an exception. True when it was `main`; raises what that raised."""
    awaited = task is main
    state = task.state
    if awaited:
        loop.cur_task = None
        if not isinstance(ended, StopIteration):
            task.state = False
            raise ended
    if not state:
        # It had ended before, and nobody has asked for what it raised.
        if awaited:
            task.state = False
        elif state is None:
            task.data = thrown
            loop._exc_context["exception"] = thrown
            loop._exc_context["future"] = task
            loop.Loop.call_exception_handler(loop._exc_context)
        return awaited
    if state is True:
        task.state = False if awaited else None
    else:
        task.state = False
        while state.tasks:
            awaited = True
            loop._task_queue.push(state.tasks.pop(0))
    if not awaited and not isinstance(ended, (loop.CancelledError, StopIteration)):
        loop._task_queue.push(task)
    task.data = ended
    return task is main
