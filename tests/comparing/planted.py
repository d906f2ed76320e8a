"""Targets to compare: twins, and futures that show more or something else than their parents."""

from __future__ import annotations

import concurrent.futures
import os
from asyncio import futures
from typing import Any

from attrs import evolve

from futurefuzz.targets.base import Target

PyFuture: Any = futures._PyFuture  # type: ignore[attr-defined]


class Twin(PyFuture):
    """A Python future by another name."""


class LastInFirstOut(PyFuture):
    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        super().add_done_callback(fn, context=context)
        if not self.done():
            self._callbacks.insert(0, self._callbacks.pop())


class Dies(PyFuture):
    def cancel(self, msg: Any = None) -> bool:
        os._exit(7)


class TwoWinners(concurrent.futures.Future):  # type: ignore[type-arg]
    """All that its parent shows, and two winners where threads come between the question and the deed."""

    def set_result(self, result: Any) -> None:
        if self.done():
            raise concurrent.futures.InvalidStateError
        with self._condition:
            self._result = result
            self._state = "FINISHED"
            self._condition.notify_all()
        self._invoke_callbacks()  # type: ignore[attr-defined]


def _asyncio(name: str, future: Any) -> Target:
    return Target(name=f"planted.{name}", contract="asyncio", new_future=lambda loop: future(loop=loop))


TWIN = _asyncio("twin", Twin)
LIFO = _asyncio("lifo", LastInFirstOut)
DECLARED = evolve(LIFO, name="planted.declared", departures={"A8": "newest first"})
DIES = _asyncio("dies", Dies)
TWO_WINNERS = Target(name="planted.two_winners", contract="concurrent", new_future=TwoWinners)
