"""janus: a queue with a side for threads and a side for a loop, as a bridge for one outcome."""

from __future__ import annotations

import asyncio
from concurrent.futures import InvalidStateError
from typing import Any, Final

import janus

from futurefuzz.targets.base import Sides, Target
from futurefuzz.targets.third_party.ends import ON_LOOP, Awaited

__all__ = ["TARGETS", "OneItem", "over"]


class OneItem(janus.Queue[tuple[bool, Any]]):
    """A queue that takes one item ever. `_put` is the place that janus has for such things: it holds the lock there."""

    first: tuple[bool, Any] | None = None

    def _put(self, item: tuple[bool, Any]) -> None:
        if self.first is not None:
            raise InvalidStateError("the queue has had its item")
        self.first = item
        super()._put(item)


class _Sender:
    """The threads' side under the names of a Future."""

    def __init__(self, queue: OneItem) -> None:
        self._queue = queue

    def set_result(self, value: Any) -> None:
        self._queue.sync_q.put((False, value))

    def set_exception(self, error: BaseException) -> None:
        self._queue.sync_q.put((True, error))

    def done(self) -> bool:
        return self._queue.first is not None

    def result(self, timeout: float | None = None) -> Any:
        """What went in; asked when a run is over."""
        if self._queue.first is None:
            raise TimeoutError
        failed, what = self._queue.first
        if failed:
            raise what
        return what


async def _receive(queue: OneItem) -> Any:
    failed, what = await queue.async_q.get()
    if failed:
        raise what
    return what


def over(loop: asyncio.AbstractEventLoop, queue: OneItem) -> Sides:
    """Both ends over a queue."""
    coroutine = _receive(queue)
    return Awaited(_Sender(queue), asyncio.Task(coroutine, loop=loop), coroutine)


def _dispose(sides: Any) -> None:
    sides.held.close()


QUEUE: Final = Target(
    name="janus.Queue",
    contract="bridge",
    new_future=lambda loop: over(loop, OneItem()),
    shape="bridge",
    thread_side="resolver",
    loop_side="observer",
    resolver_operations=frozenset({"set_result", "set_exception"}),
    # A queue cannot be cancelled, asked for what it will hold, or told to call back.
    thread_operations=frozenset({"set_result", "set_exception", "done"}),
    loop_operations=ON_LOOP,
    dispose=_dispose,
)

TARGETS: Final = {QUEUE.name: QUEUE}
