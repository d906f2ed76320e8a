"""What a bridge needs before a run: something done on its loop, while nothing is explored yet."""

from __future__ import annotations

import _thread
import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from futurefuzz.control import carriers
from futurefuzz.control.gates import closed_gate
from futurefuzz.control.going_on import current_control
from futurefuzz.errors import HarnessError

__all__ = ["on_loop", "on_other_thread", "turn_loop", "until"]

T = TypeVar("T")

#: turns of the loop after which what should have ended is given up
_TURNS = 100


def turn_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Let the loop do what is ready, once."""
    loop.call_soon(loop.stop)
    loop.run_forever()


def on_loop(loop: asyncio.AbstractEventLoop, function: Callable[[], T]) -> T:
    """Call a function as a callback of the loop, where `get_running_loop` finds it."""

    async def call() -> T:
        return function()

    return until(loop, call())


def until(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the loop to its end.

    Raises:
        HarnessError: it does not come to one by itself.
    """
    task = asyncio.Task(coroutine, loop=loop)
    for _ in range(_TURNS):
        turn_loop(loop)
        if task.done():
            return task.result()
    raise HarnessError(f"{coroutine!r} did not end in {_TURNS} turns of the loop")


def on_other_thread(function: Callable[[], T]) -> T:
    """Call a function on a thread that is not the loop's, and wait for it."""
    over = closed_gate()
    results: list[T] = []
    errors: list[BaseException] = []

    control = current_control()

    def job() -> None:
        if control is not None:
            control.idents.add(_thread.get_ident())  # the locks that it makes are the run's
        try:
            results.append(function())
        except BaseException as error:
            errors.append(error)
        finally:
            carrier.rest()
            over.release()

    carrier = carriers.take()
    carrier.give(job)
    over.acquire()
    if errors:
        raise errors[0]
    return results[0]
