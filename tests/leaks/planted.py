"""Futures that leak, one way each, and twins that only look as if they did."""

from __future__ import annotations

import _thread
import asyncio
import collections
import functools
import os
from asyncio import futures
from typing import Any, Final

from futurefuzz.programs.program import Actor, Callback, Operation, Program
from futurefuzz.targets.base import Target

__all__ = ["LEAKING", "OPENED", "TIDY", "program", "target"]

PyFuture: Any = futures._PyFuture  # type: ignore[attr-defined]

#: of `LeavesDescriptor`, for the test to close
OPENED: Final[list[int]] = []
#: ends the threads of `LeavesThread`
STOP: Final = _thread.allocate_lock()

_start: Final = _thread.start_new_thread  # a run puts another in its place


class KeepsCallbacks(PyFuture):
    """Goes on holding its callbacks when they were scheduled."""

    def _Future__schedule_callbacks(self) -> None:
        self.old = list(self._callbacks)
        super()._Future__schedule_callbacks()


class KeepsLosers(PyFuture):
    """Keeps a value that came too late."""

    def set_result(self, result: Any) -> None:
        if self.done():
            self.loser = result
        super().set_result(result)


class KeepsValuesForGood(PyFuture):
    """Every result ends in a list of the class."""

    results: Final[list[Any]] = []

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        self.results.append(result)


class KeepsItself(PyFuture):
    """A registry of the class that nobody empties."""

    made: Final[list[Any]] = []

    def cancel(self, msg: Any = None) -> bool:
        self.made.append(self)
        return bool(super().cancel(msg))


class Numbers(PyFuture):
    """Keeps something of its own for each callback; none of it is the program's."""

    notes: Final[list[Any]] = []

    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        super().add_done_callback(fn, context=context)
        self.notes.append(object())


class RefersToItself(PyFuture):
    """A cycle through a bound method."""

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        self.again = functools.partial(self.set_result)


class LeavesThread(PyFuture):
    """Starts a thread and forgets it; the control's own way of refusing that does not see it."""

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        _start(_wait, ())


class LeavesDescriptor(PyFuture):
    """Opens a descriptor and forgets it."""

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        OPENED.append(os.open(os.devnull, os.O_RDONLY))


class CountsResults(PyFuture):
    """A counter of the class: it grows, its memory does not."""

    count = 0

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        type(self).count += 1


class RemembersTheLast(PyFuture):
    """A bounded cache of things of its own."""

    last: Final[collections.deque[Any]] = collections.deque(maxlen=3)

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        self.last.append(object())


class TidiesUp(PyFuture):
    """Makes a cycle and breaks it, opens a descriptor and closes it, keeps callbacks and lets them go."""

    def set_result(self, result: Any) -> None:
        self.again = self
        os.close(os.open(os.devnull, os.O_RDONLY))
        try:
            super().set_result(result)
        finally:
            del self.again


def _wait() -> None:
    with STOP:
        pass


def target(future: Any) -> Target:
    """A target of that class."""
    return Target(name=future.__name__, contract="asyncio", new_future=lambda loop: future(loop=loop))


def program(*operations: str, callbacks: int = 1, futures: int = 1, **more: Any) -> Program:
    """A task that performs them on future 0, with callback 0."""
    return Program(
        actors=(
            Actor(
                kind="task",
                operations=tuple(
                    Operation(name=name, callback=0 if name.endswith("done_callback") else None) for name in operations
                ),
            ),
        ),
        callbacks=(Callback(),) * callbacks,
        futures=futures,
        **more,
    )


#: class -> program that shows its leak, clause, detail, the operation that it is pinned on
LEAKING: Final[dict[Any, tuple[Program, str, str, str]]] = {
    KeepsCallbacks: (program("add_done_callback", "done", "set_result"), "L4", "callback held", "set_result"),
    KeepsLosers: (program("set_result", "set_result", "done"), "L4", "value held", "set_result"),
    KeepsValuesForGood: (program("done", "set_result", "repr"), "L2", "value survives", "set_result"),
    KeepsItself: (program("set_result", "cancel", "result"), "L2", "future survives", "cancel"),
    Numbers: (
        program("add_done_callback", "set_result"),
        "L1",
        "memory grows by add_done_callback",
        "add_done_callback",
    ),
    RefersToItself: (
        program("cancelled", "set_result", "result"),
        "L3",
        "cycle of future (RefersToItself), method RefersToItself.set_result, partial",
        "set_result",
    ),
    LeavesThread: (program("set_result"), "L5", "thread left", ""),
    LeavesDescriptor: (program("set_result"), "L7", "descriptor left", ""),
}

#: classes without a leak
TIDY: Final = (CountsResults, RemembersTheLast, TidiesUp, asyncio.Future)
