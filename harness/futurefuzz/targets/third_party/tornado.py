"""tornado: its future is asyncio's own, so what is tested are its ways from a concurrent future to one of those."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from typing import Any, Final

from tornado.concurrent import chain_future, run_on_executor
from tornado.gen import coroutine
from tornado.ioloop import IOLoop
from tornado.platform.asyncio import AsyncIOLoop

from futurefuzz.runs.capture import divert
from futurefuzz.targets.base import Sides, Target
from futurefuzz.targets.third_party.ends import INTO_LOOP, ON_LOOP, RESOLVER
from futurefuzz.targets.third_party.setting_up import on_loop

__all__ = ["TARGETS", "bridged"]

divert("tornado.application")  # what its loop logs of a callback that raised

Source = concurrent.futures.Future[Any]


def bridged(make: Callable[[asyncio.AbstractEventLoop, Source], Any]) -> Callable[[asyncio.AbstractEventLoop], Sides]:
    """What makes both ends of a bridge on a loop of tornado's over the run's loop."""

    def new(loop: asyncio.AbstractEventLoop) -> Sides:
        if loop not in IOLoop._ioloop_for_asyncio:
            AsyncIOLoop(asyncio_loop=loop, make_current=False)
        source: Source = concurrent.futures.Future()
        return Sides(source, on_loop(loop, lambda: make(loop, source)))

    return new


def _chain(loop: asyncio.AbstractEventLoop, source: Source) -> Any:
    destination = loop.create_future()
    chain_future(source, destination)
    return destination


class _Executor:
    """Gives out the future that the program resolves."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def submit(self, *_call: object) -> Source:
        return self._source


class _Service:
    """Somebody who hands work to an executor."""

    def __init__(self, source: Source) -> None:
        self.executor = _Executor(source)

    @run_on_executor
    def work(self) -> None:
        """Never called: the program stands for the executor's thread."""


def _on_executor(_loop: asyncio.AbstractEventLoop, source: Source) -> Any:
    return _Service(source).work()


@coroutine
def _yielding(source: Source) -> Any:
    return (yield source)


def _target(name: str, make: Callable[[asyncio.AbstractEventLoop, Source], Any]) -> Target:
    return Target(
        name=name,
        contract="bridge",
        new_future=bridged(make),
        shape="bridge",
        thread_side="resolver",
        loop_side="observer",
        resolver_operations=RESOLVER,
        thread_operations=INTO_LOOP,
        # Documented one way only: "The result (success or failure) of a will be copied to b". Nobody cancels backwards.
        loop_operations=ON_LOOP,
    )


_ALL: Final = (
    _target("tornado.chain_future", _chain),
    _target("tornado.run_on_executor", _on_executor),
    _target("tornado.gen.coroutine", lambda _loop, source: _yielding(source)),
)

TARGETS: Final = {target.name: target for target in _ALL}
