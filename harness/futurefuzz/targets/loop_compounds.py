"""What asyncio makes of several futures: gather, shield, wait_for, timeout, TaskGroup, wait, as_completed; eager tasks.

A compound that is not a future by itself is a task whose coroutine uses it and says to which stage it has come.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from futurefuzz.targets.base import Compound, Sides, Target
from futurefuzz.targets.groups import (
    TIMEOUT,
    Child,
    NewGroup,
    children_of,
    compound_target,
    task_factory,
    task_group,
    waiting,
)

__all__ = ["COMPOUNDS"]

_ONE: Final = (1, 1)
_SOME: Final = (1, 3)


def _over(compose: Callable[[Sequence[Child]], Any], *, most: int = 8) -> NewGroup:
    """Groups whose compound is itself a future."""

    def new_group(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
        children = children_of(loop, count - 1)
        sides = [Sides(child, child) for child in children[: count - 1]]
        return [*sides, Compound(lambda _: compose(children[:most]))]

    return new_group


def _is_over(began: float) -> bool:
    return asyncio.get_running_loop().time() - began >= TIMEOUT


async def _wait_for(compound: Compound, children: Sequence[Child]) -> Any:
    compound.note("started")
    began = asyncio.get_running_loop().time()
    try:
        return await asyncio.wait_for(children[0], TIMEOUT)
    except TimeoutError:
        compound.note("timed out" if _is_over(began) else "early")
        raise


async def _timeout(compound: Compound, children: Sequence[Child]) -> Any:
    compound.note("started")
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(TIMEOUT):
            return await children[0]
    except TimeoutError:
        compound.note("timed out" if _is_over(began) else "early")
        raise


def _waiter(return_when: str, timeout: float | None = None) -> Callable[..., Any]:
    async def body(compound: Compound, children: Sequence[Child]) -> Any:
        compound.note("started")
        began = asyncio.get_running_loop().time()
        done, pending = await asyncio.wait(children, timeout=timeout, return_when=return_when)
        compound.note("ended")
        if not _is_over(began):
            compound.note("early")
        return [[child.number for child in children if child in part] for part in (done, pending)]

    return body


def _as_completed(timeout: float | None) -> Callable[..., Any]:
    async def body(compound: Compound, children: Sequence[Child]) -> Any:
        compound.note("started")
        began = asyncio.get_running_loop().time()
        found: list[Any] = []  # exceptions without tracebacks: these would lead back here
        for one in asyncio.as_completed(children, timeout=timeout):
            try:
                found.append(await one)
            except TimeoutError as error:
                found.append(error.with_traceback(None))
                if not _is_over(began):
                    compound.note("early")
                break
            except asyncio.CancelledError as error:
                if asyncio.current_task().cancelling():  # type: ignore[union-attr]
                    raise
                found.append(error.with_traceback(None))
            except Exception as error:
                found.append(error.with_traceback(None))
        return found

    return body


def _in_order(new_group: NewGroup) -> NewGroup:
    """The same on a loop whose tasks have an order in sets."""

    def ordered(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
        loop.set_task_factory(task_factory())
        return new_group(loop, count)

    return ordered


def _eager(new_group: NewGroup) -> NewGroup:
    """The same on a loop whose tasks are eager: each runs at once up to its first suspension."""

    def eager(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
        loop.set_task_factory(vars(asyncio)["eager_task_factory"])  # from 3.12 on
        return new_group(loop, count)

    return eager


async def _await(compound: Compound, children: Sequence[Child]) -> Any:
    compound.note("started")
    return await children[0]


def _gather_members(children: Sequence[Child]) -> Any:
    return asyncio.gather(*(_plain(child) for child in children))


async def _plain(child: Child) -> Any:
    return await child


COMPOUNDS: Final[list[Target]] = [
    compound_target(
        "asyncio.gather", "gather", _over(lambda c: asyncio.gather(*c)), _SOME, "asyncio.gather over futures"
    ),
    compound_target(
        "asyncio.gather-exceptions",
        "gather-exceptions",
        _over(lambda c: asyncio.gather(*c, return_exceptions=True)),
        _SOME,
        "asyncio.gather(..., return_exceptions=True) over futures",
    ),
    compound_target(
        "asyncio.shield", "shield", _over(lambda c: asyncio.shield(c[0]), most=1), _ONE, "asyncio.shield of a future"
    ),
    compound_target(
        "asyncio.wait_for", "waiting", waiting(_wait_for, most=1), _ONE, "a task in asyncio.wait_for(future, timeout)"
    ),
    compound_target(
        "asyncio.timeout", "waiting", waiting(_timeout, most=1), _ONE, "a task that awaits a future in asyncio.timeout"
    ),
    compound_target(
        "asyncio.TaskGroup",
        "task-group",
        _in_order(waiting(task_group)),
        _SOME,
        "a task with an asyncio.TaskGroup of tasks that each await a future",
    ),
    compound_target(
        "asyncio.wait-first",
        "wait-first",
        waiting(_waiter(asyncio.FIRST_COMPLETED)),
        _SOME,
        "a task in asyncio.wait(futures, return_when=FIRST_COMPLETED)",
    ),
    compound_target(
        "asyncio.wait-exception",
        "wait-exception",
        waiting(_waiter(asyncio.FIRST_EXCEPTION)),
        _SOME,
        "a task in asyncio.wait(futures, return_when=FIRST_EXCEPTION)",
    ),
    compound_target(
        "asyncio.wait-all",
        "wait-all",
        waiting(_waiter(asyncio.ALL_COMPLETED)),
        _SOME,
        "a task in asyncio.wait(futures)",
    ),
    compound_target(
        "asyncio.wait-timeout",
        "wait-timeout",
        waiting(_waiter(asyncio.ALL_COMPLETED, TIMEOUT)),
        _SOME,
        "a task in asyncio.wait(futures, timeout)",
    ),
    compound_target(
        "asyncio.as_completed",
        "as-completed",
        waiting(_as_completed(None)),
        _SOME,
        "a task that goes through asyncio.as_completed(futures)",
    ),
    compound_target(
        "asyncio.as_completed-timeout",
        "as-completed-timeout",
        waiting(_as_completed(TIMEOUT)),
        _SOME,
        "a task that goes through asyncio.as_completed(futures, timeout=...)",
    ),
]
if sys.version_info >= (3, 12):
    COMPOUNDS.extend([
        compound_target(
            "asyncio.eager-task",
            "awaiting",
            _eager(waiting(_await, most=1)),
            _ONE,
            "a task of asyncio.eager_task_factory that awaits a future",
        ),
        compound_target(
            "asyncio.eager-gather",
            "gather",
            _eager(_over(_gather_members)),
            _SOME,
            "asyncio.gather over coroutines that become eager tasks, each awaiting a future",
        ),
    ])
