"""As much of `asyncio` as the firmware uses, for an interpreter whose own is tied to the browser's loop.

taskqueue.py brings tasks, the queue and the loop that runs them.
"""

import sys
from _asyncio import Task, TaskQueue

core = sys.modules[__name__]  # which is a module of its own elsewhere
cur_task = None
_exc_context = {"message": "Task exception wasn't retrieved", "exception": None, "future": None}


class CancelledError(BaseException):
    pass


class TimeoutError(Exception):
    pass


class _Io:
    """No stream is waited for."""

    map = {}


_io_queue = _Io()
_task_queue = TaskQueue()


class Loop:
    @staticmethod
    def call_exception_handler(context):
        sys.print_exception(context["exception"])


def new_event_loop():
    global _task_queue, cur_task
    _task_queue = TaskQueue()
    cur_task = None


def create_task(coro):
    task = Task(coro)
    _task_queue.push(task)
    return task
