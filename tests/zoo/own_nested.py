"""Compounds of compounds, a barrier, a queue that shuts down, as_completed of threads: our own, with a bug or none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from futurefuzz.targets.base import Compound, Sides, Target
from futurefuzz.targets.groups import TIMEOUT, Child, ThreadChild, children_of, in_order, waiting
from tests.zoo.own_compounds import Gathering, Line

__all__ = ["as_completed", "barrier", "gather_in_gather", "shutting_queue", "waiting_for"]

_OPERATIONS = frozenset(
    {"set_result", "set_exception", "cancel", "add_done_callback", "result", "exception", "done", "cancelled", "await"}
    | {"yield", "repr", "collect"}
)


def gather_in_gather(name: str, bug: str = "") -> Target:
    """A gather of ours over another one and a future; the bug is of the outer one."""

    def new_group(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
        children = children_of(loop, count - 1)

        def make(_: Compound) -> Any:
            inner: Any = Gathering(loop, children[:-1], "gather", "")
            return Gathering(loop, [inner, children[-1]], "gather", bug)

        return [*(Sides(child, child) for child in children[: count - 1]), Compound(make)]

    return Target(
        name=f"zoo.{name}", contract="compound", new_group=new_group, shape="gather-in-gather", children=(2, 3)
    )


def waiting_for(name: str, shape: str, bug: str = "") -> Target:
    """A task that waits with a timeout for a shielded future, or for a gather over several."""
    wait = _shielded if shape == "waiting-shielded" else _gathered

    async def body(compound: Compound, children: Sequence[Child]) -> Any:
        compound.note("started")
        try:
            return await wait(children, bug)
        except TimeoutError:
            compound.note("timed out")
            raise

    most = 1 if shape == "waiting-shielded" else 3
    return Target(
        name=f"zoo.{name}", contract="compound", new_group=waiting(body, most=most), shape=shape, children=(1, most)
    )


async def _shielded(children: Sequence[Child], bug: str) -> Any:
    async with asyncio.timeout(TIMEOUT):
        return await (children[0] if bug == "no shield" else asyncio.shield(children[0]))


async def _gathered(children: Sequence[Child], bug: str) -> Any:
    if not bug:
        async with asyncio.timeout(TIMEOUT):
            return await asyncio.gather(*children)
    inner = asyncio.gather(*children)
    inner.add_done_callback(lambda future: future.cancelled() or future.exception())
    try:
        async with asyncio.timeout(TIMEOUT):
            return await asyncio.shield(inner)
    except asyncio.CancelledError:
        inner.cancel()  # on a cancellation, and not when the timeout is over
        raise


# ---- what can be broken or shut down --------------------------------------------------------------------------------


def _waiters(name: str, shape: str, make: Any, bug: str) -> Target:
    def new_group(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
        made = make(loop, count, bug)
        return [Sides(made, loop.create_task(_wait_at(made))) for _ in range(count)]

    return Target(
        name=f"zoo.{name}",
        contract="compound",
        new_group=new_group,
        shape=shape,
        resolver_operations=frozenset({"set_result", "set_exception"}),
        loop_operations=_OPERATIONS,
        lacks=frozenset({"drop"}),
    )


async def _wait_at(made: Any) -> Any:
    return await made.take()


def barrier(name: str, bug: str = "") -> Target:
    """Tasks at a barrier of ours; `set_result` is the last party."""
    return _waiters(name, "barrier", _Barrier, bug)


def shutting_queue(name: str, bug: str = "") -> Target:
    """Tasks at a queue of ours; `set_exception` shuts it down."""
    return _waiters(name, "queue-shutdown", _ShuttingQueue, bug)


class BrokenBarrierError(Exception):
    """By the name of asyncio's."""


class QueueShutDown(Exception):
    """By the name of asyncio's."""


class _Barrier:
    def __init__(self, loop: asyncio.AbstractEventLoop, count: int, bug: str) -> None:
        self.loop = loop
        self.bug = bug
        self.parties = count + 1 - (bug == "opens early")
        self.others = 0
        self.broken = self.open = False
        self.waiters: list[asyncio.Future[Any]] = []

    def set_result(self, value: Any) -> None:
        self.others += 1
        self.look()

    def set_exception(self, error: Any) -> None:
        self.broken = True
        for waiter in self.waiters[self.bug == "leaves one" :]:
            if not waiter.done():
                waiter.set_exception(BrokenBarrierError())

    def done(self) -> bool:
        return False

    def look(self) -> None:
        here = [waiter for waiter in self.waiters if not waiter.done()]
        if not self.broken and not self.open and len(here) + self.others >= self.parties:
            self.open = True
            for number, waiter in enumerate(here):
                waiter.set_result(0 if self.bug == "numbers" else number)

    async def take(self) -> Any:
        if self.broken:
            raise BrokenBarrierError
        waiter: asyncio.Future[Any] = self.loop.create_future()
        self.waiters.append(waiter)
        self.look()
        return await waiter


class _ShuttingQueue(Line):
    def __init__(self, loop: asyncio.AbstractEventLoop, count: int, bug: str) -> None:
        super().__init__(loop, bug, [], whole=False)
        self.shut = False

    def set_result(self, value: Any) -> None:
        if self.shut:
            raise QueueShutDown
        super().set_result(value)

    def set_exception(self, error: Any) -> None:
        self.shut = True
        if self.bug == "drops items":
            self.given.clear()
        for waiter in list(self.waiters)[self.bug == "leaves one" :]:
            if not waiter.done():
                waiter.set_result(None)

    async def take(self) -> Any:
        while not self.given:
            if self.shut:
                raise QueueShutDown
            waiter: asyncio.Future[None] = self.loop.create_future()
            self.waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if self.given and waiter.done() and not waiter.cancelled():
                    self.waiters.remove(waiter)
                    self.wake()
                    self.waiters.append(waiter)
                raise
            finally:
                self.waiters.remove(waiter)
        return self.given.popleft()


# ---- threads --------------------------------------------------------------------------------------------------------


class _Asked:
    def __init__(self, children: Sequence[ThreadChild], bug: str) -> None:
        self.children = children
        self.bug = bug

    def result(self, timeout: float | None = None) -> Any:
        """Asks one after another: those that are done first, and then the others, as they come to its mind."""
        found: list[Any] = []
        left = list(self.children)
        if self.bug != "forgets what is done":
            found = [child.number for child in left if child.done()]
            left = [child for child in left if child.number not in found]
        for child in left:
            try:
                child.exception(timeout=timeout)
            except TimeoutError:
                return [*found, TimeoutError()]
            except BaseException:  # it is cancelled
                pass
            found.append(child.number)
        return [*found, *found[:1]] if self.bug == "gives one twice" else found

    def done(self) -> bool:
        return False


def as_completed(name: str, bug: str = "") -> Target:
    """as_completed with a timeout for each future; nothing is said about the order among those that come later."""

    def new_group(count: int) -> list[Sides]:
        children = in_order(max(count - 1, 1))
        return [*(Sides(child, child) for child in children[: count - 1]), Compound(lambda _: _Asked(children, bug))]

    return Target(
        name=f"zoo.{name}",
        contract="concurrent-compound",
        new_group=new_group,
        shape="as-completed-timeout",
        children=(1, 3),
        lacks=frozenset({"drop"}),
    )
