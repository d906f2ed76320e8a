"""Compounds of compounds, as programs write them: gather in gather, wait_for over gather or shield, group in group."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from futurefuzz.targets.base import Compound, Sides, Target
from futurefuzz.targets.groups import (
    TIMEOUT,
    Child,
    NewGroup,
    children_of,
    compound_target,
    member,
    started,
    task_factory,
    task_group,
    waiting,
)

__all__ = ["NESTED"]

Body = Callable[[Compound, Sequence[Child]], Coroutine[Any, Any, Any]]


def _gathered(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
    children = children_of(loop, count - 1)

    def make(_: Compound) -> Any:
        return asyncio.gather(asyncio.gather(*children[:-1]), children[-1])

    return [*(Sides(child, child) for child in children[: count - 1]), Compound(make)]


def _with_timeout(wait: Callable[[Sequence[Child]], Coroutine[Any, Any, Any]]) -> Body:
    """Waits, and says whether a TimeoutError came in time."""

    async def body(compound: Compound, children: Sequence[Child]) -> Any:
        loop = asyncio.get_running_loop()
        compound.note("started")
        began = loop.time()
        try:
            return await wait(children)
        except TimeoutError:
            compound.note("timed out" if loop.time() - began >= TIMEOUT else "early")
            raise

    return body


async def _wait_for_shield(children: Sequence[Child]) -> Any:
    return await asyncio.wait_for(asyncio.shield(children[0]), TIMEOUT)


async def _wait_for_gather(children: Sequence[Child]) -> Any:
    return await asyncio.wait_for(asyncio.gather(*children), TIMEOUT)


async def _timeouts(children: Sequence[Child]) -> Any:
    async with asyncio.timeout(TIMEOUT):
        async with asyncio.timeout(TIMEOUT):
            return await children[0]


async def _groups(compound: Compound, children: Sequence[Child]) -> Any:
    *inner, outer = enumerate(children)
    async with asyncio.TaskGroup() as around:
        last = started(around, member(compound, *outer))
        async with asyncio.TaskGroup() as inside:
            tasks = [started(inside, member(compound, *each)) for each in inner]
            compound.note("started")
    return [asyncio.CancelledError() if task.cancelled() else task.result() for task in (*tasks, last)]


async def _iterated(compound: Compound, children: Sequence[Child]) -> Any:
    compound.note("started")
    found: list[Any] = []
    futures: Any = asyncio.as_completed(children)
    async for future in futures:  # from 3.13 on, which gives the futures themselves
        if not any(future is child for child in children):
            raise TypeError("as_completed gives a future that it was not given")
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        found.append(future.result() if error is None else error)
    return found


def _in_order(body: Body, *, eager: bool = False) -> NewGroup:
    """On a loop whose tasks have an order in sets, and are eager if that is wanted."""
    inner = waiting(body)

    def new_group(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
        loop.set_task_factory(task_factory(eager=eager))
        return inner(loop, count)

    return new_group


NESTED: Final[list[Target]] = [
    compound_target(
        "asyncio.gather-in-gather",
        "gather-in-gather",
        _gathered,
        (2, 3),
        "asyncio.gather over another gather and a future",
    ),
    compound_target(
        "asyncio.wait_for-shield",
        "waiting-shielded",
        waiting(_with_timeout(_wait_for_shield), most=1),
        (1, 1),
        "a task in asyncio.wait_for(shield(future), timeout)",
    ),
    compound_target(
        "asyncio.wait_for-gather",
        "waiting-gathered",
        waiting(_with_timeout(_wait_for_gather)),
        (1, 3),
        "a task in asyncio.wait_for(gather(*futures), timeout)",
    ),
    compound_target(
        "asyncio.timeout-in-timeout",
        "waiting",
        waiting(_with_timeout(_timeouts), most=1),
        (1, 1),
        "a task that awaits a future in asyncio.timeout in another one of the same deadline",
    ),
    compound_target(
        "asyncio.TaskGroup-in-TaskGroup",
        "task-group",
        _in_order(_groups),
        (2, 3),
        "a task with an asyncio.TaskGroup inside of another one, whose tasks each await a future",
    ),
]
if sys.version_info >= (3, 12):
    NESTED.append(
        compound_target(
            "asyncio.eager-TaskGroup",
            "task-group",
            _in_order(task_group, eager=True),
            (1, 3),
            "a task with an asyncio.TaskGroup of eager tasks that each await a future",
        )
    )
if sys.version_info >= (3, 13):
    NESTED.append(
        compound_target(
            "asyncio.as_completed-async",
            "as-completed",
            waiting(_iterated),
            (1, 3),
            "a task that goes through asyncio.as_completed(futures) by async for",
        )
    )
