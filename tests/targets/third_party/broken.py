"""One planted bug for each adapter: what a campaign on it must find, whatever the package itself does."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from attrs import evolve

from futurefuzz.targets import find
from futurefuzz.targets.base import Target

Patch = pytest.MonkeyPatch


def _losing(add: Callable[..., Any]) -> Callable[..., Any]:
    """Registers every callback of a future but the second."""
    def adding(self: Any, *callbacks: Any, **context: Any) -> Any:
        self.times_added = getattr(self, "times_added", 0) + 1
        return add(self, *callbacks, **context) if self.times_added != 2 else None

    return adding


class _SetAgain(Future):  # type: ignore[type-arg]
    def set_result(self, result: Any) -> None:
        self._state = "PENDING"
        super().set_result(result)


def pebble(_patch: Patch) -> Target:
    """A finished future can be given another result."""
    from pebble import ProcessFuture

    class Broken(ProcessFuture):  # type: ignore[misc,type-arg]
        set_result = _SetAgain.set_result

    return evolve(find("pebble.ProcessFuture"), new_future=Broken)


def loky(_patch: Patch) -> Target:
    """Callbacks run newest first."""
    from loky import Future

    class Broken(Future):  # type: ignore[misc,valid-type]
        def _invoke_callbacks(self) -> None:
            self._done_callbacks.reverse()
            super()._invoke_callbacks()

    return evolve(find("loky.Future"), new_future=Broken)


def twisted(patch: Patch) -> Target:
    """The second callback is lost."""
    from twisted.internet.defer import Deferred

    patch.setattr(Deferred, "addBoth", _losing(Deferred.addBoth))
    return find("twisted.Deferred")


def promise(patch: Patch) -> Target:
    """The second callback is lost."""
    from promise import Promise

    patch.setattr(Promise, "then", _losing(Promise.then))
    return find("promise.Promise")


def gevent_without_hub(_patch: Patch) -> Target:
    """The second link is lost."""
    from gevent.event import AsyncResult

    from futurefuzz.targets.third_party.gevent import ResultFuture

    class Broken(AsyncResult):  # type: ignore[misc]
        links = 0

        def rawlink(self, callback: Any) -> None:
            self.links += 1
            if self.links != 2:
                super().rawlink(callback)

    return evolve(find("gevent.AsyncResult-without-hub"), new_future=lambda: ResultFuture(Broken))


def gevent(_patch: Patch) -> Target:
    """The second link is lost, be it a greenlet's that waits."""
    from gevent.event import AsyncResult

    from futurefuzz.targets.third_party.gevent import LinkedResult

    class Broken(AsyncResult):  # type: ignore[misc]
        links = 0

        def rawlink(self, callback: Any) -> None:
            self.links += 1
            if self.links != 2:
                super().rawlink(callback)

    return evolve(find("gevent.AsyncResult"), new_future=lambda loop: LinkedResult(loop, Broken))


def tornado(name: str) -> Callable[[Patch], Target]:
    """The loop is not woken for what a thread completes."""

    def plant(patch: Patch) -> Target:
        from tornado.platform.asyncio import BaseAsyncIOLoop

        def add_callback(self: Any, callback: Any, *arguments: Any) -> None:
            self.asyncio_loop.call_soon(callback, *arguments)

        patch.setattr(BaseAsyncIOLoop, "add_callback", add_callback)
        return find(name)

    return plant


def aiofutures(patch: Patch) -> Target:
    """An exception comes out as None."""
    from futurefuzz.targets.third_party import aiofutures as adapter

    patch.setattr(adapter, "wait_for", _swallowing)
    return find("aiofutures.AsyncExecutor")


async def _swallowing(gate: Any) -> Any:
    try:
        return await gate
    except Exception:
        return None


def anyio(patch: Patch) -> Target:
    """An exception comes out as None."""
    from anyio.from_thread import BlockingPortal

    original = BlockingPortal._call_func

    async def call(self: Any, func: Any, args: Any, kwargs: Any, future: Any) -> None:
        await original(self, _swallowing, (func(*args, **kwargs),), {}, future)

    patch.setattr(BlockingPortal, "_call_func", call)
    return find("anyio.BlockingPortal")


def distributed(patch: Patch) -> Target:
    """Those who wait are not told of an error."""
    from distributed.client import FutureState

    def set_error(self: Any, exception: Any, traceback: Any) -> None:
        self.status = "error"
        self.exception = exception

    patch.setattr(FutureState, "set_error", set_error)
    return find("distributed.Future")


def janus(patch: Patch) -> Target:
    """The loop is not woken for what a thread puts."""
    from janus import Queue

    def notify(self: Any, method: Any) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon(self._setup_async_notifier, self._loop, method)

    patch.setattr(Queue, "_notify_async", notify)
    return find("janus.Queue")


def uvloop(name: str) -> Callable[[Patch], Target]:
    """The loop runs callbacks in the context of whoever made it."""

    def plant(_patch: Patch) -> Target:
        from futurefuzz.targets.third_party.uvloop import SteppedLoop

        class Broken(SteppedLoop):
            def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:
                return super().call_soon(callback, *args)

        return evolve(find(name), new_loop=Broken)

    return plant


def _changing(name: str, change: str) -> Callable[[Patch], Target]:
    """The second callback of the subclass is lost."""

    def plant(patch: Patch) -> Target:
        from futurefuzz.targets.third_party import subclasses

        broken = getattr(subclasses, change)
        patch.setattr(broken, "add_done_callback", _losing(broken.add_done_callback))
        return find(name)

    return plant


#: target -> what plants a bug, and the clauses of which it breaks one
PLANTED: dict[str, tuple[Callable[[Patch], Target], frozenset[str]]] = {
    "subclass.asyncio.Future": (_changing("subclass.asyncio.Future", "LoopSubclass"), frozenset({"A7", "A8"})),
    "subclass.concurrent.Future": (
        _changing("subclass.concurrent.Future", "ConcurrentSubclass"),
        frozenset({"C7"}),
    ),
    "pebble.ProcessFuture": (pebble, frozenset({"C1"})),
    "loky.Future": (loky, frozenset({"C8"})),
    "twisted.Deferred": (twisted, frozenset({"C7"})),
    "promise.Promise": (promise, frozenset({"C7"})),
    "gevent.AsyncResult": (gevent, frozenset({"A7", "A12"})),
    "gevent.AsyncResult-without-hub": (gevent_without_hub, frozenset({"C7", "C11"})),
    "tornado.chain_future": (tornado("tornado.chain_future"), frozenset({"B5"})),
    "tornado.run_on_executor": (tornado("tornado.run_on_executor"), frozenset({"B5"})),
    "tornado.gen.coroutine": (tornado("tornado.gen.coroutine"), frozenset({"B5"})),
    "aiofutures.AsyncExecutor": (aiofutures, frozenset({"B1"})),
    "anyio.BlockingPortal": (anyio, frozenset({"B1"})),
    "distributed.Future": (distributed, frozenset({"B1", "B5"})),
    "janus.Queue": (janus, frozenset({"B5"})),
    "uvloop.Future": (uvloop("uvloop.Future"), frozenset({"A11"})),
    "uvloop.Task": (uvloop("uvloop.Task"), frozenset({"A11"})),
}
