"""What the checks are built of. Planted ones, which behave otherwise, show that a check can come out otherwise."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from attrs import field, frozen

from futurefuzz.targets.asyncio_futures import C_FUTURE, PYTHON_FUTURE
from futurefuzz.targets.asyncio_tasks import C_TASK, PYTHON_TASK
from futurefuzz.targets.base import Target
from futurefuzz.targets.concurrent_future import CONCURRENT_FUTURE

__all__ = ["Parts"]


def _new_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()  # looked up when it is called: under control it makes a controlled one


def _new_task(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return loop.create_task(coroutine)


def _gather(*awaitables: Any, **options: Any) -> Any:
    return asyncio.gather(*awaitables, **options)


def _all_tasks(loop: asyncio.AbstractEventLoop) -> set[Any]:
    return asyncio.all_tasks(loop)


@frozen(kw_only=True)
class Parts:
    """Where a check takes everything from that its claim is about.

    Args:
        futures: implementations of `asyncio.Future`.
        tasks: implementations of `asyncio.Task`.
        concurrent: `concurrent.futures.Future`.
        new_loop: makes an event loop.
        new_task: makes a task of a coroutine.
        gather, all_tasks: as asyncio's.
        get_running_loop, set_policy: as `asyncio.get_running_loop` and `asyncio.set_event_loop_policy`.
        clock: nanoseconds.
    """

    futures: tuple[Target, ...] = (C_FUTURE, PYTHON_FUTURE)
    tasks: tuple[Target, ...] = (C_TASK, PYTHON_TASK)
    concurrent: Target = CONCURRENT_FUTURE
    new_loop: Callable[[], asyncio.AbstractEventLoop] = field(default=_new_loop)
    new_task: Callable[[asyncio.AbstractEventLoop, Any], Any] = field(default=_new_task)
    gather: Callable[..., Any] = field(default=_gather)
    all_tasks: Callable[[asyncio.AbstractEventLoop], set[Any]] = field(default=_all_tasks)
    get_running_loop: Callable[[], asyncio.AbstractEventLoop] = field(default=asyncio.get_running_loop)
    set_policy: Callable[[Any], None] = field(default=asyncio.set_event_loop_policy)
    clock: Callable[[], int] = field(default=time.perf_counter_ns)
