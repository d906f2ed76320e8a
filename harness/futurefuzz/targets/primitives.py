"""asyncio's synchronisation primitives: inside each stands a queue of futures, one for whoever waits.

A future of such a group is a task that waits at the primitive (`observer`); `set_result` gives whatever the primitive
gives (`resolver`): a notification, a permit, a release, an item, the event, the last party. Where a primitive can be
shut down or broken, `set_exception` does that. All tasks wait when the program begins.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from futurefuzz.targets.base import Sides, Target, register

__all__ = ["PRIMITIVES"]

_OPERATIONS: Final = frozenset(
    {
        "set_result",
        "cancel",
        "add_done_callback",
        "remove_done_callback",
        "result",
        "exception",
        "done",
        "cancelled",
        "await",
        "yield",
        "repr",
        "collect",
    }
)


class _Hand:
    """What gives: `set_result` of a group's future; and what breaks: `set_exception`."""

    def __init__(self, give: Callable[[Any], object], end: Callable[[], object] | None) -> None:
        self._give = give
        self._end = end

    def set_result(self, value: Any) -> None:
        """Give once."""
        self._give(value)

    def set_exception(self, error: Any) -> None:
        """Shut down, or break."""
        assert self._end is not None
        self._end()

    def done(self) -> bool:
        """Nothing is ever given for the last time."""
        return False


def _at_once(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run what does not need to wait, as acquiring a lock that is free."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("the primitive is held by somebody else")


def _condition() -> tuple[Callable[[Any], object], Callable[[], Coroutine[Any, Any, Any]]]:
    condition = asyncio.Condition()

    def notify(_: Any) -> None:
        _at_once(condition.acquire())
        condition.notify()
        condition.release()

    async def wait() -> Any:
        async with condition:
            return await condition.wait()

    return notify, wait


def _semaphore() -> tuple[Callable[[Any], object], Callable[[], Coroutine[Any, Any, Any]]]:
    semaphore = asyncio.Semaphore(1)
    return lambda _: semaphore.release(), semaphore.acquire


def _lock() -> tuple[Callable[[Any], object], Callable[[], Coroutine[Any, Any, Any]]]:
    lock = asyncio.Lock()
    _at_once(lock.acquire())
    return lambda _: lock.release(), lock.acquire


def _queue() -> tuple[Callable[[Any], object], Callable[[], Coroutine[Any, Any, Any]]]:
    queue: asyncio.Queue[Any] = asyncio.Queue()
    return queue.put_nowait, queue.get


def _event() -> tuple[Callable[[Any], object], Callable[[], Coroutine[Any, Any, Any]]]:
    event = asyncio.Event()
    return lambda _: event.set(), event.wait


def _barrier(loop: asyncio.AbstractEventLoop, count: int) -> tuple[Any, Any, Any]:
    """One party more than tasks that wait; it comes, and the barrier is broken, by tasks of their own."""
    barrier = asyncio.Barrier(count + 1)
    tasks: list[asyncio.Task[Any]] = []  # nobody else holds them

    async def comes() -> None:
        with suppress(asyncio.BrokenBarrierError):
            await barrier.wait()

    return (
        lambda _: tasks.append(loop.create_task(comes())),
        barrier.wait,
        lambda: tasks.append(loop.create_task(barrier.abort())),
    )


def _shut_down_queue(loop: asyncio.AbstractEventLoop, count: int) -> tuple[Any, Any, Any]:
    queue: Any = asyncio.Queue()
    return queue.put_nowait, queue.get, queue.shutdown


def _primitive(name: str, shape: str, make: Callable[[], Any], description: str) -> Target:
    def parts(loop: asyncio.AbstractEventLoop, count: int) -> tuple[Any, Any, None]:
        give, wait = make()
        return give, wait, None

    return _target(name, shape, parts, description, ends=False)


def _target(name: str, shape: str, parts: Callable[..., Any], description: str, *, ends: bool = True) -> Target:
    def new_group(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
        give, wait, end = parts(loop, count)
        hand = _Hand(give, end)
        return [Sides(hand, loop.create_task(_waiter(wait))) for _ in range(count)]

    resolving = frozenset({"set_result", "set_exception"} if ends else {"set_result"})

    return register(
        Target(
            name=name,
            contract="compound",
            new_group=new_group,
            shape=shape,
            resolver_operations=resolving,
            loop_operations=_OPERATIONS | resolving,
            lacks=frozenset({"drop"} if ends else {"set_exception", "drop"}),
            description=description,
        )
    )


async def _waiter(wait: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return await wait()


PRIMITIVES: Final[list[Target]] = [
    _primitive("asyncio.Condition", "condition", _condition, "tasks in Condition.wait; set_result notifies one"),
    _primitive("asyncio.Semaphore", "semaphore", _semaphore, "tasks at a Semaphore(1); set_result releases it"),
    _primitive("asyncio.Lock", "lock", _lock, "tasks at a Lock that is held; set_result releases it"),
    _primitive("asyncio.Queue", "queue", _queue, "tasks in Queue.get; set_result puts an item"),
    _primitive("asyncio.Event", "event", _event, "tasks in Event.wait; set_result sets it"),
    _target(
        "asyncio.Barrier",
        "barrier",
        _barrier,
        "tasks in Barrier.wait; set_result brings the last party, set_exception breaks it",
    ),
]
if sys.version_info >= (3, 13):
    PRIMITIVES.append(
        _target(
            "asyncio.Queue-shutdown",
            "queue-shutdown",
            _shut_down_queue,
            "tasks in Queue.get; set_result puts an item, set_exception shuts the queue down",
        )
    )
