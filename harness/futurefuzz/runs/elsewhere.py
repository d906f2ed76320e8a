"""Another loop on the same thread, for a task that awaits what belongs to the loop under test.

Awaiting a future of another loop is a mistake that asyncio finds: the task gets a `RuntimeError`. The loop here does no
more than a task needs to find out: it keeps what is scheduled and calls it at once, while the thread's running loop and
current task, which asyncio keeps for each thread, are put aside.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio import events, tasks
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from futurefuzz.programs.program import Operation

if TYPE_CHECKING:
    from futurefuzz.runs.world import World

__all__ = ["StillWaiting", "await_elsewhere"]

#: since 3.14 a thread has one current task; before, each loop had one of its own, which stays where it is
_swap_current_task: Final[Callable[[Any, Any], Any] | None] = (
    getattr(tasks, "_swap_current_task", None) if sys.version_info >= (3, 14) else None
)


class StillWaiting(Exception):
    """The task of the other loop waits for a future that its loop cannot get."""


class _OtherLoop:
    def __init__(self, world: World) -> None:
        self.world = world
        self.ready: deque[tuple[Any, tuple[Any, ...], Any]] = deque()

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> None:
        self.ready.append((callback, args, context))

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.world.handled(context)

    def run(self) -> None:
        while self.ready:
            callback, args, context = self.ready.popleft()
            if context is None:
                callback(*args)
            else:
                context.run(callback, *args)


async def _awaiting(future: Any) -> Any:
    return await future


def await_elsewhere(world: World, future: Any, operation: Operation, site: str) -> Any:
    """Await the future in a task of another loop.

    Raises:
        StillWaiting: the task did not come to an end.
        BaseException: what the task ended with.
    """
    loop = _OtherLoop(world)
    body = _awaiting(world.foreign(future))
    factory: Any = world.target.task_class or asyncio.Task
    outer = events._get_running_loop()
    current = None
    if outer is not None and _swap_current_task is not None:
        current = _swap_current_task(outer, None)
    events._set_running_loop(loop)  # type: ignore[arg-type]
    try:
        task = factory(body, loop=loop)
        loop.run()
    finally:
        events._set_running_loop(outer)
        if current is not None and _swap_current_task is not None:
            _swap_current_task(outer, current)
    if task.done():
        return task.result()
    task._log_destroy_pending = False
    body.close()
    raise StillWaiting
