"""asyncio's synchronisation primitives: inside each stands a queue of futures, one for whoever waits.

A future of such a group is a task that waits at the primitive (`observer`); `set_result` gives whatever the primitive
gives (`resolver`): a notification, a permit, a release, an item, the event. All tasks wait when the program begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
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
    """What gives: `set_result` of a group's future."""

    def __init__(self, give: Callable[[Any], object]) -> None:
        self._give = give

    def set_result(self, value: Any) -> None:
        """Give once."""
        self._give(value)

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


def _primitive(name: str, shape: str, make: Callable[[], Any], description: str) -> Target:
    def new_group(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
        give, wait = make()
        hand = _Hand(give)
        return [Sides(hand, loop.create_task(_waiter(wait))) for _ in range(count)]

    return register(
        Target(
            name=name,
            contract="compound",
            new_group=new_group,
            shape=shape,
            resolver_operations=frozenset({"set_result"}),
            loop_operations=_OPERATIONS,
            lacks=frozenset({"set_exception", "drop"}),
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
]
