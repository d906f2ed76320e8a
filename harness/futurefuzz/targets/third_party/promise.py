"""promise: Promises/A+ in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from promise import Promise
from promise import promise as module
from promise.async_ import Async

from futurefuzz.targets.base import Target
from futurefuzz.targets.third_party.turns import OBJECT_OPERATIONS

__all__ = ["TARGETS", "PromiseFuture"]


class PromiseFuture:
    """A Promise under the names of a Future.

    Args:
        promise_class: makes the Promise; a test plants its bugs here.
    """

    def __init__(self, promise_class: Callable[[], Any] = Promise) -> None:
        self.promise = promise_class()

    def set_result(self, value: Any) -> None:
        """`do_resolve`."""
        self.promise.do_resolve(value)

    def set_exception(self, error: BaseException) -> None:
        """`do_reject`."""
        self.promise.do_reject(error)

    def done(self) -> bool:
        """Not `is_pending`."""
        return not self.promise.is_pending

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        """`then`, for either outcome."""

        def tell(_outcome: object) -> None:
            callback(self)

        self.promise.then(tell, tell)

    def result(self, timeout: float | None = None) -> Any:
        """`get`; it takes a timeout of 0 for none, so that one is not handed on."""
        if timeout == 0 and self.promise.is_pending:
            raise TimeoutError
        try:
            return self.promise.get(timeout)
        except Exception as error:
            if type(error) is Exception and error.args == ("Timeout",):
                raise TimeoutError from None
            raise

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """`get`, then `reason`."""
        try:
            self.result(timeout)
        except TimeoutError:
            raise
        except Exception:
            pass
        reason: BaseException | None = self.promise.reason if self.promise.is_rejected else None
        return reason

    def __repr__(self) -> str:
        return repr(self.promise)


def _new() -> PromiseFuture:
    # Its queue of callbacks is kept per thread, and threads are pooled: what one run was cut short in must not reach
    # the next.
    module.async_instance = Async()
    return PromiseFuture()


PROMISE: Final = Target(
    name="promise.Promise",
    contract="concurrent",
    new_future=_new,
    lacks=OBJECT_OPERATIONS | {"cancel", "cancelled", "running", "set_running"},
    departures={
        "C9": (
            "What `then` is given runs from a queue, one for each thread, which the outermost call empties: "
            "“onFulfilled or onRejected must not be called until the execution context stack contains only platform "
            "code” (Promises/A+ 2.2.4)."
        ),
        "C12": (
            "An exception of a callback rejects the promise that `then` has returned and is not logged: “If either "
            "onFulfilled or onRejected throws an exception e, promise2 must be rejected with e” (Promises/A+ 2.2.7.2)."
        ),
    },
)

TARGETS: Final = {PROMISE.name: PROMISE}
