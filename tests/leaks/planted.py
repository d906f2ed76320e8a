"""Futures that leak, one way each, and twins that only look as if they did."""

from __future__ import annotations

import _thread
import asyncio
import collections
import functools
import os
import sys
import threading
import weakref
from asyncio import futures
from typing import Any, Final

from attrs import evolve

from futurefuzz.programs.program import Actor, Callback, Operation, Program
from futurefuzz.targets.base import Target

__all__ = ["KEPT", "LEAKING", "OPENED", "TIDY", "program", "target"]

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


class KeepsCallbacksForGood(PyFuture):
    """A registry of callbacks that nobody empties."""

    registry: Final[list[Any]] = []

    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        super().add_done_callback(fn, context=context)
        self.registry.append(fn)


class KeepsContexts(PyFuture):
    """The same of contexts."""

    contexts: Final[list[Any]] = []

    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        super().add_done_callback(fn, context=context)
        self.contexts.append(context)


class KeepsErrors(PyFuture):
    """The last errors, as a service that shows them may keep them; but for good."""

    errors: Final[list[Any]] = []

    def set_exception(self, exception: Any) -> None:
        super().set_exception(exception)
        self.errors.append(exception)


class KeepsTasks(PyFuture):
    """Who waits is noted, and never struck out."""

    waiters: Final[list[Any]] = []

    def __await__(self) -> Any:
        self.waiters.append(asyncio.current_task(self.get_loop()))
        return super().__await__()

    __iter__ = __await__


class KeepsInThreadLocal(PyFuture):
    """A cache for each thread."""

    cache: Final = threading.local()

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        vars(self.cache).setdefault("results", []).append(result)


class KeepsOnlyTheCancelled(PyFuture):
    """Keeps what is cancelled while its callbacks are being called, and nothing else."""

    calling = 0
    cancelled_then: Final[list[Any]] = []

    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        def call(future: Any) -> None:
            type(self).calling += 1
            try:
                fn(future)
            finally:
                type(self).calling -= 1

        super().add_done_callback(call, context=context)

    def cancel(self, msg: Any = None) -> bool:
        if self.calling:
            self.cancelled_then.append(self)
        return bool(super().cancel(msg))


class GrowsBuffers(PyFuture):
    """A log in memory: each entry is too large to be a block of Python's allocator."""

    log: Final[list[bytes]] = []

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        self.log.append(bytes(4000))


class ExtendsBuffer(PyFuture):
    """The same in one buffer, which is made larger."""

    log: Final = bytearray()

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        self.log.extend(bytes(4000))


class LeavesTimer(PyFuture):
    """A timeout that is not cancelled when it is no longer needed."""

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        self.get_loop().call_later(1000, int)


class ForgetsInThreadLocal(PyFuture):
    """A cache for each thread that is emptied in time."""

    cache: Final = threading.local()

    def set_result(self, result: Any) -> None:
        self.cache.result = result
        try:
            super().set_result(result)
        finally:
            del self.cache.result


class ForgetsTheCancelled(KeepsOnlyTheCancelled):
    """Notes what is cancelled while callbacks are being called, and strikes it out."""

    def cancel(self, msg: Any = None) -> bool:
        try:
            return super().cancel(msg)
        finally:
            self.cancelled_then.clear()


class TakesBackTimers(PyFuture):
    """A timeout that is cancelled, and a buffer that is as large as it was."""

    log: Final[collections.deque[bytes]] = collections.deque(maxlen=2)

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        self.get_loop().call_later(1000, int).cancel()
        self.log.append(bytes(4000))


class KeepsItsCallers(PyFuture):
    """Keeps the frames that ask, as a traceback does; what the harness has in its variables is no concern of it."""

    def done(self) -> bool:
        vars(self).setdefault("callers", []).append(sys._getframe(1))
        return bool(super().done())


class TakesTwo(PyFuture):
    """Accepts an exception after a result, and then has both."""

    second: Any = None

    def set_exception(self, exception: Any) -> None:
        if self.done():
            self.second = exception
        else:
            super().set_exception(exception)

    def exception(self) -> Any:
        return self.second or super().exception()


class WeakRegistry(PyFuture):
    """Registries of callbacks, contexts, errors and waiters that keep nothing alive."""

    registry: Final[list[Any]] = []

    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        super().add_done_callback(fn, context=context)
        self.registry[:] = [weakref.ref(fn), weakref.ref(context) if context is not None else None]

    def set_exception(self, exception: Any) -> None:
        super().set_exception(exception)
        self.registry[:] = [weakref.ref(self)]

    def __await__(self) -> Any:
        task = asyncio.current_task(self.get_loop())
        self.registry[:] = [] if task is None else [weakref.ref(task)]
        return super().__await__()

    __iter__ = __await__


def _wait() -> None:
    with STOP:
        pass


def target(future: Any) -> Target:
    """A target of that class."""
    return Target(name=future.__name__, contract="asyncio", new_future=lambda loop: future(loop=loop))


def program(*operations: str | Operation, callbacks: int = 1, futures: int = 1, **more: Any) -> Program:
    """A task that performs them on future 0, with callback 0."""
    return Program(
        actors=(
            Actor(
                kind="task",
                operations=tuple(
                    one
                    if isinstance(one, Operation)
                    else Operation(name=one, callback=0 if one.endswith("done_callback") else None)
                    for one in operations
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
    LeavesThread: (program("set_result"), "L5", "thread left", "set_result"),
    LeavesDescriptor: (program("done", "set_result", "repr"), "L7", "descriptor left", "set_result"),
    LeavesTimer: (program("done", "set_result", "repr"), "L6", "handle left", "set_result"),
    KeepsCallbacksForGood: (
        program("done", "add_done_callback", "set_result"),
        "L2",
        "callback survives",
        "add_done_callback",
    ),
    KeepsContexts: (
        program(Operation(name="add_done_callback", callback=0, context=0), "set_result"),
        "L2",
        "context survives",
        "add_done_callback",
    ),
    KeepsErrors: (program("done", "set_exception", "repr"), "L2", "exception survives", "set_exception"),
    KeepsTasks: (program("set_result", "await", "done"), "L2", "task survives", "await"),
    KeepsInThreadLocal: (program("done", "set_result", "repr"), "L2", "value survives", "set_result"),
    KeepsOnlyTheCancelled: (
        evolve(
            program("add_done_callback", "done", "set_result", "cancel"),
            callbacks=(Callback(operations=(Operation(name="done"), Operation(name="cancel"))),),
        ),
        "L2",
        "future survives",
        "cancel() of callback 0 (c0.1)",
    ),
    ExtendsBuffer: (program("done", "set_result", "repr"), "L1", "memory grows by set_result", "set_result"),
    GrowsBuffers: (program("done", "set_result", "repr"), "L1", "memory grows by set_result", "set_result"),
}

#: what the classes have kept, for the test to clear
KEPT: Final[tuple[Any, ...]] = (
    ExtendsBuffer.log,
    KeepsValuesForGood.results,
    KeepsItself.made,
    Numbers.notes,
    KeepsCallbacksForGood.registry,
    KeepsContexts.contexts,
    KeepsErrors.errors,
    KeepsTasks.waiters,
    KeepsOnlyTheCancelled.cancelled_then,
    GrowsBuffers.log,
)

#: classes without a leak
TIDY: Final = (
    CountsResults,
    RemembersTheLast,
    TidiesUp,
    ForgetsInThreadLocal,
    ForgetsTheCancelled,
    TakesBackTimers,
    WeakRegistry,
    asyncio.Future,
)
