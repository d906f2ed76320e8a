"""What targets of several futures are made of: children whose order in a set is the same in each run, and tasks."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from futurefuzz.targets.base import Compound, Sides, Target, register

__all__ = [
    "TIMEOUT",
    "Child",
    "NewGroup",
    "ThreadChild",
    "children_of",
    "compound_target",
    "in_order",
    "member",
    "started",
    "task_factory",
    "task_group",
    "waiting",
]

#: virtual seconds until what has a timeout times out; when that is, a run chooses
TIMEOUT: Final = 1.0

NewGroup = Callable[[asyncio.AbstractEventLoop, int], list[Sides]]


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
) -> NewGroup:
    """Groups whose compound is a task that waits for the children, of which it takes so many at most."""

    def new_group(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
        children = children_of(loop, count - 1)

        def make(compound: Compound) -> asyncio.Task[Any]:
            return loop.create_task(body(compound, children[:most]))

        return [*(Sides(child, child) for child in children[: count - 1]), Compound(make)]

    return new_group


async def member(compound: Compound, number: int, child: Child) -> Any:
    """A task of a group: it waits for its child, and says when it begins to."""
    compound.note(f"member {number}")
    return await child


def started(group: asyncio.TaskGroup, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Start it in the group; what the group refuses is closed, or Python would say that it was never awaited."""
    try:
        return group.create_task(coroutine)
    except RuntimeError:  # an eager member has failed already; up to 3.12 the group does not close what it refuses
        coroutine.close()
        raise


async def task_group(compound: Compound, children: Sequence[Child]) -> Any:
    """A group with a task for each child; the outcomes of its tasks."""
    async with asyncio.TaskGroup() as group:
        tasks = [started(group, member(compound, *each)) for each in enumerate(children)]
        compound.note("started")
    return [asyncio.CancelledError() if task.cancelled() else task.result() for task in tasks]


def compound_target(
    name: str, shape: str, new_group: NewGroup, children: tuple[int, int], description: str
) -> Target:
    """A target with the contract of compounds, registered.

    Args:
        name, shape, new_group, children, description: as of a `Target`.
    """
    return register(
        Target(
            name=name,
            contract="compound",
            new_group=new_group,
            children=children,
            shape=shape,
            description=description,
        )
    )
