"""Futures with a planted bug each, and scenarios for them; used by the tests of the Hypothesis and atheris faces.

The shipped scenarios are wider: they reach real defects of the Python implementation too, and collect garbage in a
process that holds a test suite, which is slow.
"""

from __future__ import annotations

import concurrent.futures
from asyncio import futures, tasks
from typing import Any

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario
from futurefuzz.targets import Target


class Forgetful(futures._PyFuture):  # type: ignore[name-defined,misc]
    """Forgets every callback but the first."""

    def _Future__schedule_callbacks(self) -> None:
        callbacks = self._callbacks[:1]
        self._callbacks[:] = []
        for callback, context in callbacks:
            self._loop.call_soon(callback, self, context=context)


class Racy(concurrent.futures.Future[Any]):
    """Checks in one critical section and acts in another, so that two threads may both resolve it."""

    def set_result(self, result: Any) -> None:
        with self._condition:  # type: ignore[attr-defined]
            if self.done():
                raise concurrent.futures.InvalidStateError(f"{self._state}: {self!r}")  # type: ignore[attr-defined]
        with self._condition:  # type: ignore[attr-defined]
            self._result = result
            self._state = "FINISHED"
            for waiter in self._waiters:  # type: ignore[attr-defined]
                waiter.add_result(self)
            self._condition.notify_all()  # type: ignore[attr-defined]
        self._invoke_callbacks()  # type: ignore[attr-defined]


FORGETFUL = Target(
    name="planted.Forgetful",
    contract="asyncio",
    new_future=lambda loop: Forgetful(loop=loop),
    task_class=tasks._PyTask,  # type: ignore[attr-defined]
)
RACY = Target(name="planted.Racy", contract="concurrent", new_future=Racy)

_ON_THE_FUTURE = {"set_result": 3, "cancel": 2, "set_exception": 1, "add_done_callback": 3, "result": 1, "done": 1}
LOOP = Scenario(
    name="test_loop",
    description="tasks and callbacks on one loop",
    contracts=("asyncio",),
    profile=Profile(
        threads=(0, 0),
        task_operations=_ON_THE_FUTURE | {"await": 3, "yield": 1},
        callback_operations=_ON_THE_FUTURE,
        exceptions=(None,),
        reentrant=0.3,
        contexts=0.3,
        debug=0.2,
    ),
)
THREADS = Scenario(
    name="test_threads",
    description="threads that share a concurrent future",
    contracts=("concurrent",),
    profile=Profile(tasks=(0, 0), thread_operations=_ON_THE_FUTURE),
)
