"""The bridges between threads and loops: results go in at one end and come out at the other."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Coroutine
from typing import Any

from attrs import evolve, frozen

from futurefuzz.targets.base import Sides, Target, register

__all__ = ["COROUTINE_THREADSAFE", "RUN_IN_EXECUTOR", "WRAP_FUTURE"]


def _wrapped(loop: asyncio.AbstractEventLoop) -> Sides:
    source: concurrent.futures.Future[Any] = concurrent.futures.Future()
    return Sides(source, asyncio.wrap_future(source, loop=loop))


WRAP_FUTURE = register(
    Target(
        name="asyncio.wrap_future",
        contract="bridge",
        new_future=_wrapped,
        shape="bridge",
        thread_side="resolver",
        loop_side="observer",
        resolver_operations=frozenset({"set_result", "set_exception", "running", "set_running"}),
        thread_operations=frozenset(
            {
                "set_result",
                "set_exception",
                "cancel",
                "set_running",
                "running",
                "result",
                "exception",
                "done",
                "cancelled",
                "repr",
            }
        ),
        loop_operations=frozenset(
            {
                "cancel",
                "add_done_callback",
                "remove_done_callback",
                "result",
                "exception",
                "done",
                "cancelled",
                "await",
                "yield",
                "repr",
                "collect",
            }
        ),
        description="asyncio.wrap_future: threads resolve a concurrent future, the loop awaits what was made of it",
    )
)


async def _body(gate: asyncio.Future[Any]) -> Any:
    return await gate


@frozen
class _Submitted(Sides):
    coroutine: Coroutine[Any, Any, Any]


def _submitted(loop: asyncio.AbstractEventLoop) -> Sides:
    gate = loop.create_future()
    coroutine = _body(gate)
    return _Submitted(gate, asyncio.run_coroutine_threadsafe(coroutine, loop), coroutine)


def _dispose(sides: Sides) -> None:
    assert isinstance(sides, _Submitted)
    sides.coroutine.close()  # a run may end before the loop has even started it


COROUTINE_THREADSAFE = register(
    Target(
        name="asyncio.run_coroutine_threadsafe",
        contract="bridge",
        new_future=_submitted,
        shape="bridge",
        thread_side="observer",
        loop_side="observer",
        thread_operations=frozenset(
            {
                "set_result",
                "set_exception",
                "cancel",
                "add_done_callback",
                "result",
                "exception",
                "done",
                "cancelled",
                "running",
                "repr",
            }
        ),
        loop_operations=frozenset(
            {
                "set_result",
                "set_exception",
                "cancel",
                "add_done_callback",
                "done",
                "cancelled",
                "running",
                "yield",
                "repr",
                "collect",
            }
        ),
        dispose=_dispose,
        description="asyncio.run_coroutine_threadsafe: the loop resolves a gate, threads wait for the future",
    )
)


class _Executor(concurrent.futures.Executor):
    """Submits nothing: whoever has the future does the work."""

    def __init__(self) -> None:
        self.submitted: concurrent.futures.Future[Any] = concurrent.futures.Future()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        """The future, which somebody else completes."""
        return self.submitted


def _in_executor(loop: asyncio.AbstractEventLoop) -> Sides:
    executor = _Executor()
    return Sides(executor.submitted, loop.run_in_executor(executor, int))


RUN_IN_EXECUTOR = register(
    evolve(
        WRAP_FUTURE,
        name="asyncio.run_in_executor",
        new_future=_in_executor,
        description="loop.run_in_executor: threads of an executor resolve a future, the loop awaits what comes of it",
    )
)
