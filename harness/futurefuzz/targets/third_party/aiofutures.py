"""aiofutures: an executor that runs coroutines on a loop and gives threads a concurrent future."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiofutures import AsyncExecutor

from futurefuzz.targets.base import Sides, Target
from futurefuzz.targets.third_party.ends import ON_THREADS, OUT_OF_LOOP, Awaited, wait_for

__all__ = ["TARGETS"]


class _Executor(AsyncExecutor):
    """The executor on the run's loop, which has a thread already."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._stopped = False
        self._name = "AsyncExecutor"


def _submitted(loop: asyncio.AbstractEventLoop) -> Sides:
    gate = loop.create_future()
    coroutine = wait_for(gate)
    return Awaited(gate, _Executor(loop).submit(lambda: coroutine), coroutine)


def _dispose(sides: Any) -> None:
    sides.held.close()


EXECUTOR: Final = Target(
    name="aiofutures.AsyncExecutor",
    contract="bridge",
    new_future=_submitted,
    shape="bridge",
    thread_operations=ON_THREADS,
    loop_operations=OUT_OF_LOOP,
    dispose=_dispose,
)

TARGETS: Final = {EXECUTOR.name: EXECUTOR}
