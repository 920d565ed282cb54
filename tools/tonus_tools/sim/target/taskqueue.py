"""`_asyncio` in virtual time: the interpreter's own is C and keeps real time.

The interface that MicroPython's asyncio/core.py expects of it. The queue is a sorted list: a handful of tasks. A task
taken out of it is about to have its turn, which takes the processor its time.
"""

import time

import collection
import cost
import micropython
from core import spend


class TaskQueue:
    """Tasks by the tick at which they run; equal ticks in the order they came."""

    def __init__(self):
        self._tasks = []

    @micropython.native
    def peek(self):
        tasks = self._tasks
        return tasks[0] if tasks else None

    @micropython.native
    def push(self, task, ticks=None):
        key = time.ticks_ms() if ticks is None else ticks
        task.ph_key = key
        tasks = self._tasks
        at = len(tasks)
        while at and time.ticks_diff(tasks[at - 1].ph_key, key) > 0:
            at -= 1
        tasks.insert(at, task)

    @micropython.native
    def pop(self):
        spend(cost.TURN_US)
        collection.work(cost.TURN_US)
        return self._tasks.pop(0)

    def remove(self, task):
        self._tasks.remove(task)


class Task:
    """A coroutine. `state` is True while it runs, a queue while others wait for it, falsy when it is done."""

    def __init__(self, coro, globals=None):
        self.coro = coro
        self.data = None
        self.state = True
        self.ph_key = 0

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
