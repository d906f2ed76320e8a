"""Twisted: `Deferred`, driven as its reactor would, one call at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, InvalidStateError
from typing import Any, Final

from twisted.internet import defer
from twisted.logger import globalLogBeginner
from twisted.python.failure import Failure

from futurefuzz.targets.base import Target
from futurefuzz.targets.third_party.turns import OBJECT_OPERATIONS, turn

__all__ = ["TARGETS", "DeferredFuture"]


# Until somebody begins to log, Twisted keeps all that there is to be logged, failures and their frames included.
globalLogBeginner.beginLoggingTo([lambda _event: None], redirectStandardIO=False, discardBuffer=True)


def _nothing_to_stop(_deferred: object) -> None:
    """A canceller. With one, what is called back after a cancellation is refused; without, Twisted drops it once."""


class DeferredFuture:
    """A Deferred under the names of a Future.

    Args:
        deferred_class: makes the Deferred; a test plants its bugs here.
    """

    def __init__(self, deferred_class: Callable[..., Any] = defer.Deferred) -> None:
        self.deferred = deferred_class(_nothing_to_stop)
        self._turn = turn()

    def set_result(self, value: Any) -> None:
        """`callback`."""
        self._fire(self.deferred.callback, value)

    def set_exception(self, error: BaseException) -> None:
        """`errback`."""
        self._fire(self.deferred.errback, error)

    def _fire(self, fire: Callable[[Any], None], what: Any) -> None:
        with self._turn:
            try:
                fire(what)
            except defer.AlreadyCalledError as error:
                raise InvalidStateError(str(error)) from None

    def cancel(self) -> bool:
        """`cancel`, which says nothing; what it did is read off the Deferred."""
        with self._turn:
            called = self.deferred.called
            self.deferred.cancel()
            return not called or self._is_cancelled()

    def cancelled(self) -> bool:
        """Whether it failed with Twisted's CancelledError."""
        with self._turn:
            return self._is_cancelled()

    def _is_cancelled(self) -> bool:
        outcome = getattr(self.deferred, "result", None)
        return isinstance(outcome, Failure) and outcome.check(defer.CancelledError) is not None

    def done(self) -> bool:
        """`called`."""
        with self._turn:
            return bool(self.deferred.called)

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        """`addBoth`, handing on what it gets, as an observer in the middle of a chain does."""

        def observe(outcome: Any) -> Any:
            try:
                callback(self)
            except Exception:  # a chain would go on with it; see `departures`
                return outcome
            return outcome

        with self._turn:
            self.deferred.addBoth(observe)

    def result(self, timeout: float | None = None) -> Any:
        """The value or exception; waiting as `threads.blockingCallFromThread` does."""
        outcome = self._outcome(timeout)
        if not isinstance(outcome, Failure):
            return outcome
        assert outcome.value is not None
        if outcome.check(defer.CancelledError):
            raise CancelledError
        raise outcome.value

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """The same without raising it."""
        outcome = self._outcome(timeout)
        if not isinstance(outcome, Failure):
            return None
        if outcome.check(defer.CancelledError):
            raise CancelledError
        return outcome.value

    def _outcome(self, timeout: float | None) -> Any:
        got: list[Any] = []
        fired = threading.Event()

        def note(outcome: Any) -> Any:
            got.append(outcome)
            fired.set()
            return outcome

        with self._turn:
            if self.deferred.called and hasattr(self.deferred, "result"):
                return self.deferred.result
            if timeout != 0:
                self.deferred.addBoth(note)
        if timeout == 0 or not fired.wait(timeout):
            raise TimeoutError
        return got[0]

    def __repr__(self) -> str:
        with self._turn:
            return repr(self.deferred)

    def handled(self) -> None:
        """Nobody needs to hear of a failure that no errback took."""
        self.deferred.addErrback(lambda _: None)


DEFERRED: Final = Target(
    name="twisted.Deferred",
    contract="concurrent",
    new_future=DeferredFuture,
    dispose=lambda sides: sides.observer.handled(),
    lacks=OBJECT_OPERATIONS | {"running", "set_running"},
    departures={
        "C9": (
            "A callback that is added inside another one runs later, from the loop that runs them: “this loop won't "
            "run at all, since it is already running above us on the call stack” (docstring of Deferred._runCallbacks)."
        ),
        "C12": (
            "An exception of a callback goes to the next one instead of a log: “processing will continue on the error "
            "callback chain” (docstring of Deferred.callback). The adapter hands on what it got, so that every "
            "callback sees the outcome."
        ),
    },
)

TARGETS: Final = {DEFERRED.name: DEFERRED}
