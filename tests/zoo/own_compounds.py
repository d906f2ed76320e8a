"""Compounds of our own, written against the documentation; each takes the name of a bug, or none."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from futurefuzz.targets.base import Compound, Sides, Target
from futurefuzz.targets.groups import TIMEOUT, Child, children_of, task_factory, waiting

__all__ = ["Gathering", "Line", "future_over", "primitive", "task_over"]

NewGroup = Callable[[asyncio.AbstractEventLoop, int], list[Sides]]


def _target(name: str, shape: str, new_group: NewGroup, children: tuple[int, int]) -> Target:
    return Target(name=f"zoo.{name}", contract="compound", new_group=new_group, shape=shape, children=children)


def future_over(name: str, shape: str, bug: str = "", most: int = 3) -> Target:
    """A target whose compound is a future: `gather`, `gather-exceptions` or `shield`."""
    make = _shield if shape == "shield" else Gathering

    def new_group(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
        children = children_of(loop, count - 1)
        sides = [Sides(child, child) for child in children[: count - 1]]
        return [*sides, Compound(lambda _: make(loop, children[:most], shape, bug))]

    return _target(name, shape, new_group, (1, most))


def task_over(name: str, shape: str, bug: str = "", most: int = 3) -> Target:
    """A target whose compound is a task: `waiting`, `task-group`, `wait-…` or `as-completed`."""
    body = _BODIES[shape]

    async def run(compound: Compound, children: Sequence[Child]) -> Any:
        compound.note("started")
        try:
            return await body(compound, children, bug)
        except TimeoutError:
            compound.note("timed out")
            raise

    inner = waiting(run, most=most)

    def new_group(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
        loop.set_task_factory(task_factory())
        return inner(loop, count)

    return _target(name, shape, new_group, (1, most))


def primitive(name: str, shape: str, bug: str = "") -> Target:
    """A target of waiting tasks: `semaphore` or `queue`."""

    def new_group(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
        line = Line(loop, bug, [True] if shape == "semaphore" else [], whole=shape == "semaphore")
        return [Sides(line, loop.create_task(_wait_in(line))) for _ in range(count)]

    operations = {"set_result", "cancel", "add_done_callback", "result", "exception", "done", "cancelled", "await"}
    return Target(
        name=f"zoo.{name}",
        contract="compound",
        new_group=new_group,
        shape=shape,
        resolver_operations=frozenset({"set_result"}),
        loop_operations=frozenset(operations | {"yield", "repr", "collect"}),
        lacks=frozenset({"set_exception", "drop"}),
    )


# ---- futures --------------------------------------------------------------------------------------------------------


class Gathering(asyncio.Future[Any]):
    """`asyncio.gather`, with or without `return_exceptions`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, children: Sequence[Child], shape: str, bug: str) -> None:
        super().__init__(loop=loop)
        self.children = children
        self.collects = shape == "gather-exceptions"
        self.bug = bug
        self.finished: list[Child] = []
        self.requested = False
        for child in children:
            child.add_done_callback(self._one)

    def cancel(self, msg: Any = None) -> bool:
        if self.done():
            return False
        wanted = self.children[:1] if self.bug == "cancels one" else self.children
        accepted = [child.cancel(msg) for child in wanted]
        self.requested |= any(accepted)
        return any(accepted)

    def _one(self, child: Child) -> None:
        self.finished.append(child)
        if self.done():
            if not child.cancelled():
                child.exception()
            return
        error = asyncio.CancelledError() if child.cancelled() else child.exception()
        if error is not None and not self.collects and self.bug != "last exception":
            if self.bug == "cancels the others":
                for other in self.children:
                    other.cancel()
            self.set_exception(error)
        elif len(self.finished) == len(self.children):
            self._all(error)

    def _all(self, error: BaseException | None) -> None:
        if self.requested and self.bug != "forgets the request":
            self.set_exception(asyncio.CancelledError())
        elif error is not None and not self.collects:
            self.set_exception(error)
        else:
            order = self.finished if self.bug == "order of completion" else self.children
            self.set_result([_end_of(child) for child in order])


def _end_of(child: Child) -> Any:
    if child.cancelled():
        return asyncio.CancelledError()
    error = child.exception()
    return child.result() if error is None else error


def _shield(loop: asyncio.AbstractEventLoop, children: Sequence[Child], _shape: str, bug: str) -> Any:
    inner = children[0]
    outer: asyncio.Future[Any] = loop.create_future()

    def done(_: Any) -> None:
        if outer.cancelled() and bug != "does not ask":
            if not inner.cancelled():
                inner.exception()
        elif inner.cancelled():
            if bug == "another outcome":
                outer.set_result(None)
            else:
                outer.cancel()
        elif (error := inner.exception()) is not None:
            outer.set_exception(error)
        else:
            outer.set_result(inner.result())

    inner.add_done_callback(done)
    if bug == "not shielded":
        outer.add_done_callback(lambda _: inner.cancel() if outer.cancelled() else None)
    return outer


# ---- tasks ----------------------------------------------------------------------------------------------------------


async def _wait_for(compound: Compound, children: Sequence[Child], bug: str) -> Any:
    child = children[0]
    loop = asyncio.get_running_loop()
    if not bug:
        async with asyncio.timeout(TIMEOUT):
            return await child
    waiter: asyncio.Future[None] = loop.create_future()

    def release(_: Any = None) -> None:
        if not waiter.done():
            waiter.set_result(None)

    timer = loop.call_later(TIMEOUT, release)
    child.add_done_callback(release)
    try:
        await waiter
    except asyncio.CancelledError:
        if bug == "swallows" and child.done():
            return child.result()
        child.cancel()
        raise
    finally:
        timer.cancel()
    if child.done():
        return child.result()
    if bug != "leaves the child":
        child.cancel()
    raise TimeoutError


async def _group(compound: Compound, children: Sequence[Child], bug: str) -> Any:
    async def member(number: int, child: Child) -> Any:
        compound.note(f"member {number}")
        return await child

    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(member(number, child)) for number, child in enumerate(children)]
    when = asyncio.ALL_COMPLETED if bug == "does not cancel" else asyncio.FIRST_EXCEPTION
    try:
        await asyncio.wait(tasks, return_when=when)
    except asyncio.CancelledError:
        await _end(tasks)
        raise
    if any(task.done() and not task.cancelled() and task.exception() is not None for task in tasks):
        await _end(tasks)
        errors = [error for task in tasks if not task.cancelled() and isinstance(error := task.exception(), Exception)]
        raise ExceptionGroup("of the group", errors)
    return [asyncio.CancelledError() if task.cancelled() else task.result() for task in tasks]


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)


async def _wait(compound: Compound, children: Sequence[Child], bug: str) -> Any:
    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def one(_: Any) -> None:
        if all(child.done() for child in children) and not waiter.done():
            waiter.set_result(None)

    for child in children:
        if bug == "misses what is done" and child.done():
            continue
        child.add_done_callback(one)
    await waiter
    compound.note("ended")
    done = [child.number for child in children if child.done() and not (bug == "not cancelled" and child.cancelled())]
    return [done, [child.number for child in children if child.number not in done]]


async def _each(compound: Compound, children: Sequence[Child], bug: str) -> Any:
    finished: asyncio.Queue[Child] = asyncio.Queue()
    for child in children:
        child.add_done_callback(finished.put_nowait)
    found = [await finished.get() for _ in children]
    if bug == "order of the children":
        found = list(children)
    return [_end_of(child) for child in found]


_BODIES: dict[str, Callable[[Compound, Sequence[Child], str], Coroutine[Any, Any, Any]]] = {
    "waiting": _wait_for,
    "task-group": _group,
    "wait-all": _wait,
    "as-completed": _each,
}


# ---- a line of waiters ----------------------------------------------------------------------------------------------


class Line:
    """What is given, and who waits for it, first come first served."""

    def __init__(self, loop: asyncio.AbstractEventLoop, bug: str, given: list[Any], *, whole: bool) -> None:
        self.loop = loop
        self.bug = bug
        self.given = deque(given)
        self.whole = whole
        self.waiters: deque[asyncio.Future[None]] = deque()

    def set_result(self, value: Any) -> None:
        self.given.append(True if self.whole else value)
        if self.bug == "gives twice":
            self.given.append(True if self.whole else value)
            self.wake()
        self.wake()

    def done(self) -> bool:
        return False

    def wake(self) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)
                return

    async def take(self) -> Any:
        while not self.given:
            waiter: asyncio.Future[None] = self.loop.create_future()
            self.waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled() and self.bug != "not handed on":
                    self.waiters.remove(waiter)
                    self.wake()
                    self.waiters.append(waiter)
                raise
            finally:
                self.waiters.remove(waiter)
        return self.given.popleft()


async def _wait_in(line: Line) -> Any:
    return await line.take()
