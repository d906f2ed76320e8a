"""What targets of several futures are made of: children whose order in a set is the same in each run, and tasks."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from futurefuzz.targets.base import Compound, Sides

__all__ = ["TIMEOUT", "Child", "ThreadChild", "children_of", "in_order", "task_factory", "waiting"]

#: virtual seconds until what has a timeout times out; when that is, a run chooses
TIMEOUT: Final = 1.0

Body = Callable[[Compound], Coroutine[Any, Any, Any]]


class Child(asyncio.Future[Any]):
    """An asyncio future with a hash that is the same in each run: CPython puts futures into sets and walks these."""

    number = 0

    def __hash__(self) -> int:
        return self.number


class ThreadChild(concurrent.futures.Future[Any]):
    """The same for a concurrent future."""

    number = 0

    def __hash__(self) -> int:
        return self.number


class _Member(asyncio.Task[Any]):
    """A task with such a hash, known before the task is registered."""

    number = 0

    def __hash__(self) -> int:
        return self.number


def task_factory(*, eager: bool = False) -> Callable[..., asyncio.Task[Any]]:
    """A task factory for a loop of one run; of eager tasks (from 3.12 on) if that is wanted."""
    more = {"eager_start": True} if eager else {}
    made = 0

    def make(loop: asyncio.AbstractEventLoop, coroutine: Any, **settings: Any) -> asyncio.Task[Any]:
        nonlocal made
        task = _Member.__new__(_Member)
        task.number = made
        made += 1
        task.__init__(coroutine, loop=loop, **{**settings, **more})  # type: ignore[misc]
        return task

    return make


def children_of(loop: asyncio.AbstractEventLoop, count: int, least: int = 1) -> list[Child]:
    """Children of a group; at least so many, of which the last may be out of the program's reach."""
    children = [Child(loop=loop) for _ in range(max(count, least))]
    for number, child in enumerate(children):
        child.number = number
    return children


def in_order(count: int) -> list[ThreadChild]:
    """Concurrent futures: `concurrent.futures` locks them in the order of their addresses, which is theirs here."""
    children = sorted((ThreadChild.__new__(ThreadChild) for _ in range(count)), key=id)
    for number, child in enumerate(children):
        child.__init__()  # type: ignore[misc]
        child.number = number
    return children


def waiting(
    body: Callable[[Compound, Sequence[Child]], Coroutine[Any, Any, Any]], *, most: int = 8
) -> Callable[[asyncio.AbstractEventLoop, int], list[Sides]]:
    """Groups whose compound is a task that waits for the children, of which it takes so many at most."""

    def new_group(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
        children = children_of(loop, count - 1)

        def make(compound: Compound) -> asyncio.Task[Any]:
            return loop.create_task(body(compound, children[:most]))

        return [*(Sides(child, child) for child in children[: count - 1]), Compound(make)]

    return new_group
