"""A Future and a Task for asyncio, written against the documentation, that keep the whole contract.

Small parts that a subclass can get wrong one at a time: how it completes, how it hands its callbacks to the loop, what
it says. Nothing here derives from asyncio's own classes; tasks of either kind await it.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Generator
from typing import Any, Final, NamedTuple

from futurefuzz.targets.base import Sides, Target

__all__ = [
    "CANCELLED",
    "ERROR",
    "PENDING",
    "VALUE",
    "OwnFuture",
    "OwnTask",
    "Registered",
    "future_target",
    "is_waiter",
    "is_wake_up",
    "task_target",
]

PENDING: Final = "PENDING"
VALUE: Final = "VALUE"
ERROR: Final = "ERROR"
CANCELLED: Final = "CANCELLED"


class Registered(NamedTuple):
    """A callback with the context that it is to run in."""

    function: Callable[[Any], object]
    context: Any


def is_wake_up(function: Callable[[Any], object]) -> bool:
    """Whether a callback is a task's own: a method of it, be it C or Python."""
    return hasattr(function, "__self__")


def is_waiter(one: Registered) -> bool:
    """Whether it stands for a task that awaits the future."""
    return is_wake_up(one.function)


class OwnFuture:
    """A future of ours."""

    _asyncio_future_blocking = False

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._state = PENDING
        self._value: Any = None
        self._error: BaseException | None = None
        self._traceback: Any = None  # of the error, as it was set: raising it makes it longer each time
        self._message: Any = None
        self._unasked = False
        self._registered: list[Registered] = []

    # ---- completing -------------------------------------------------------------------------------------------------

    def set_result(self, result: Any) -> None:
        self._must_be_pending()
        self._value = result
        self._complete(VALUE)

    def set_exception(self, exception: Any) -> None:
        self._must_be_pending()
        self._error = self._raisable(exception)
        self._traceback = self._error.__traceback__
        self._unasked = True
        self._complete(ERROR)

    def cancel(self, msg: Any = None) -> bool:
        self._unasked = False
        if self._state != PENDING:
            return False
        self._message = msg
        self._complete(CANCELLED)
        return True

    def _must_be_pending(self) -> None:
        if self._state != PENDING:
            raise asyncio.InvalidStateError(self._state)

    def _raisable(self, exception: Any) -> BaseException:
        if isinstance(exception, type):
            exception = exception()
        if not isinstance(exception, BaseException):
            raise TypeError(f"{exception!r} cannot be raised")
        if isinstance(exception, StopIteration):
            raise TypeError("a StopIteration cannot pass through a coroutine")
        return exception

    def _complete(self, state: str) -> None:
        self._state = state
        registered, self._registered = self._registered, []
        for one in registered:
            self._schedule(one)

    def _schedule(self, one: Registered) -> None:
        self._loop.call_soon(one.function, self, context=one.context)

    # ---- callbacks --------------------------------------------------------------------------------------------------

    def add_done_callback(self, function: Callable[[Any], object], *, context: Any = None) -> None:
        one = Registered(function, contextvars.copy_context() if context is None else context)
        if self._state == PENDING:
            self._register(one)
        else:
            self._schedule(one)

    def _register(self, one: Registered) -> None:
        self._registered.append(one)

    def remove_done_callback(self, function: Callable[[Any], object]) -> int:
        # Comparing calls out: what happens meanwhile must not be undone by what is put back.
        # The very same object is meant whatever it says of itself.
        equal = [id(one) for one in self._registered if one.function is function or one.function == function]
        self._registered = [one for one in self._registered if id(one) not in equal]
        return len(equal)

    # ---- asking -----------------------------------------------------------------------------------------------------

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def done(self) -> bool:
        return self._state != PENDING

    def cancelled(self) -> bool:
        return self._state == CANCELLED

    def result(self) -> Any:
        return self._outcome()

    def exception(self) -> BaseException | None:
        if self._state == ERROR:
            self._unasked = False
            return self._error
        if self._state != VALUE:
            self._outcome()
        return None

    def _outcome(self) -> Any:
        if self._state == PENDING:
            raise asyncio.InvalidStateError("there is no result yet")
        if self._state == CANCELLED:
            raise self._cancellation()
        if self._error is not None:
            self._unasked = False
            raise self._error.with_traceback(self._traceback)
        return self._value

    def _cancellation(self) -> asyncio.CancelledError:
        return asyncio.CancelledError() if self._message is None else asyncio.CancelledError(self._message)

    def __await__(self) -> Generator[Any, None, Any]:
        if self._state == PENDING:
            self._asyncio_future_blocking = True
            yield self
        if self._state == PENDING:
            raise RuntimeError("a future was awaited by something that does not wait for it")
        return self._outcome()

    __iter__ = __await__

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._state}, {len(self._registered)} callbacks>"

    def __del__(self) -> None:
        if self._unasked:
            self._report()

    def _report(self) -> None:
        self._loop.call_exception_handler(
            {
                "message": f"{type(self).__name__} exception was never retrieved",
                "exception": self._error,
                "future": self,
            }
        )


class OwnTask(OwnFuture):
    """A task of ours: drives one coroutine."""

    def __init__(self, coroutine: Any, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._coroutine = coroutine
        self._awaited: Any = None
        self._asked_to_stop = False
        self._context = contextvars.copy_context()
        loop.call_soon(self._step, context=self._context)

    def get_coro(self) -> Any:
        return self._coroutine

    def set_result(self, result: Any) -> None:
        raise RuntimeError("only the coroutine gives a task its result")

    def set_exception(self, exception: Any) -> None:
        raise RuntimeError("only the coroutine gives a task its exception")

    def cancel(self, msg: Any = None) -> bool:
        self._unasked = False
        if self._state != PENDING:
            return False
        self._message = msg
        if self._awaited is None or not self._awaited.cancel(msg=msg):
            self._asked_to_stop = True
        return True

    def _step(self, error: BaseException | None = None) -> None:
        if self._asked_to_stop:
            self._asked_to_stop = False
            if not isinstance(error, asyncio.CancelledError):
                error = self._cancellation()
        self._awaited = None
        try:
            awaited = self._coroutine.send(None) if error is None else self._coroutine.throw(error)
        except StopIteration as stop:
            if self._asked_to_stop:
                super().cancel(self._message)
            else:
                super().set_result(stop.value)
        except asyncio.CancelledError as cancelled:
            super().cancel(cancelled.args[0] if cancelled.args else None)
        except BaseException as failure:
            super().set_exception(failure)
        else:
            awaited._asyncio_future_blocking = False
            awaited.add_done_callback(self._wake, context=self._context)
            self._awaited = awaited
            if self._asked_to_stop and awaited.cancel(msg=self._message):
                self._asked_to_stop = False

    def _wake(self, awaited: Any) -> None:
        try:
            awaited.result()
        except BaseException as error:
            self._step(error)
        else:
            self._step()


def future_target(made: type[OwnFuture], *, tasks: Any = None) -> Target:
    """A class of futures as a target, awaited by tasks of CPython's (C) or of another kind."""
    return Target(
        name=f"zoo.{made.__name__}", contract="asyncio", new_future=lambda loop: made(loop), task_class=tasks
    )


async def _body(gate: Any) -> Any:
    return await gate


def _dispose(sides: Sides) -> None:
    sides.observer.get_coro().close()


def task_target(made: type[OwnTask]) -> Target:
    """A class of tasks as a target."""

    def make(loop: asyncio.AbstractEventLoop) -> Sides:
        gate = OwnFuture(loop)
        return Sides(gate, made(_body(gate), loop))

    return Target(name=f"zoo.{made.__name__}", contract="asyncio", new_future=make, shape="task", dispose=_dispose)
