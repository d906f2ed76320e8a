"""A Future for threads, written against the documentation of `concurrent.futures`, that keeps the whole contract.

Everything happens under one condition, callbacks run outside of it. Small parts that a subclass can get wrong one at a
time. Nothing here derives from CPython's own class.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, InvalidStateError
from typing import Any, Final

from futurefuzz.targets.base import Target

__all__ = ["CANCELLED", "DONE", "NOTIFIED", "PENDING", "RUNNING", "SET", "Function", "OwnFuture", "target"]

PENDING: Final = "pending"
RUNNING: Final = "running"
CANCELLED: Final = "cancelled"
NOTIFIED: Final = "cancelled and notified"
SET: Final = "set"
DONE: Final = (CANCELLED, NOTIFIED, SET)

_LOGGER: Final = logging.getLogger("concurrent.futures")

Function = Callable[[Any], object]


class OwnFuture:
    """A future of ours."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._state = PENDING
        self._value: Any = None
        self._error: BaseException | None = None
        self._functions: list[Function] = []

    # ---- completing -------------------------------------------------------------------------------------------------

    def set_result(self, result: Any) -> None:
        with self._changed:
            self._must_be_open()
            self._value = result
            self._finish(SET)
        self._run_all()

    def set_exception(self, exception: BaseException) -> None:
        with self._changed:
            self._must_be_open()
            self._error = exception
            self._finish(SET)
        self._run_all()

    def cancel(self) -> bool:
        with self._changed:
            if self._state != PENDING:
                return self._state in (CANCELLED, NOTIFIED)
            self._finish(CANCELLED)
        self._run_all()
        return True

    def set_running_or_notify_cancel(self) -> bool:
        with self._changed:
            if self._state == PENDING:
                self._state = RUNNING
                return True
            if self._state == CANCELLED:
                self._state = NOTIFIED
                return False
            raise RuntimeError(f"a future that is {self._state} cannot be started")

    def _must_be_open(self) -> None:
        if self._state in DONE:
            raise InvalidStateError(self._state)

    def _finish(self, state: str) -> None:
        self._state = state
        self._changed.notify_all()

    # ---- callbacks --------------------------------------------------------------------------------------------------

    def add_done_callback(self, function: Function) -> None:
        with self._changed:
            if self._state not in DONE:
                self._functions.append(function)
                return
        self._run(function)

    def _run_all(self) -> None:
        for function in self._functions:
            self._run(function)

    def _run(self, function: Function) -> None:
        try:
            function(self)
        except Exception:
            _LOGGER.exception("a callback of %s failed", type(self).__name__)

    # ---- asking -----------------------------------------------------------------------------------------------------

    def done(self) -> bool:
        with self._changed:
            return self._state in DONE

    def cancelled(self) -> bool:
        with self._changed:
            return self._state in (CANCELLED, NOTIFIED)

    def running(self) -> bool:
        with self._changed:
            return self._state == RUNNING

    def result(self, timeout: float | None = None) -> Any:
        with self._changed:
            self._wait(timeout)
            if self._error is not None:
                raise self._error
            return self._value

    def exception(self, timeout: float | None = None) -> BaseException | None:
        with self._changed:
            self._wait(timeout)
            return self._error

    def _wait(self, timeout: float | None) -> None:
        """Wait until it is done, and raise unless it has an outcome."""
        if not self._changed.wait_for(lambda: self._state in DONE, timeout):
            raise TimeoutError
        if self._state != SET:
            raise CancelledError

    def __repr__(self) -> str:
        with self._changed:
            return f"<{type(self).__name__} {self._state}, {len(self._functions)} callbacks>"


def target(made: type[OwnFuture]) -> Target:
    """A class of futures as a target."""
    return Target(name=f"zoo.{made.__name__}", contract="concurrent", new_future=made)
