"""gevent: `AsyncResult`, without a hub, one call at a time.

With a hub, `AsyncResult.get` sleeps in libev, which no control can see. Without one (gevent then calls links at once,
in the thread that sets the result) everything but waiting runs under control; the adapter waits by a link.

"This object is for communicating among greenlets within the same thread *only*!" says its documentation: so the threads
of a program take turns, see `turns`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from gevent import Timeout
from gevent.event import AsyncResult

from futurefuzz.targets.base import Target
from futurefuzz.targets.third_party.turns import turn

__all__ = ["TARGETS", "ResultFuture"]


class ResultFuture:
    """An AsyncResult under the names of a Future.

    Args:
        result_class: makes the AsyncResult; a test plants its bugs here.
    """

    def __init__(self, result_class: Callable[[], Any] = AsyncResult) -> None:
        self.inner = result_class()
        self._turn = turn()

    def set_result(self, value: Any) -> None:
        """`set`."""
        with self._turn:
            self.inner.set(value)

    def set_exception(self, error: BaseException) -> None:
        """`set_exception`."""
        with self._turn:
            self.inner.set_exception(error)

    def done(self) -> bool:
        """`ready`."""
        with self._turn:
            return bool(self.inner.ready())

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        """`rawlink`."""

        def link(_inner: object) -> None:
            callback(self)

        with self._turn:
            self.inner.rawlink(link)

    def result(self, timeout: float | None = None) -> Any:
        """`get(block=False)`, when it asks to wait after a link has told."""
        self._wait(timeout)
        with self._turn:
            try:
                return self.inner.get(block=False)
            except Timeout:
                raise TimeoutError from None

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """`exception`, which is None too while nothing is set."""
        self._wait(timeout)
        with self._turn:
            if not self.inner.ready():
                raise TimeoutError
            error: BaseException | None = self.inner.exception
            return error

    def _wait(self, timeout: float | None) -> None:
        if timeout == 0:
            return
        told = threading.Event()
        with self._turn:
            self.inner.rawlink(lambda _inner: told.set())
        if not told.wait(timeout):
            raise TimeoutError

    def __repr__(self) -> str:
        with self._turn:
            return repr(self.inner)


ASYNC_RESULT: Final = Target(
    name="gevent.AsyncResult",
    contract="concurrent",
    new_future=ResultFuture,
    lacks=frozenset({"cancel", "cancelled", "running", "set_running"}),
    departures={
        "C9": (
            "A link that is added inside another one is called after rawlink has returned, by whoever notifies: "
            "“callback will be called in the Hub” (docstring of AsyncResult.rawlink)."
        ),
        "C12": (
            "An exception of a link goes to the hub's error handler, or with its traceback to stderr when there is no "
            "hub, not to a logger (gevent.hub.Hub.handle_error)."
        ),
    },
)

TARGETS: Final = {ASYNC_RESULT.name: ASYNC_RESULT}
