"""Futures for threads, each wrong in one respect: one or more for every clause of the concurrent contract.

Most are races: right when nobody comes between two critical sections.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import CancelledError
from typing import Any, Final

from tests.zoo.own_concurrent import CANCELLED, DONE, NOTIFIED, PENDING, RUNNING, SET, Function, OwnFuture, target
from tests.zoo.variant import Variant

__all__ = ["SOUND", "VARIANTS"]


# ---- C1: completed once ---------------------------------------------------------------------------------------------


class ChecksThenSets(OwnFuture):
    """Asks in one critical section and acts in the next: a cancellation comes between, and both succeed."""

    def set_result(self, result: Any) -> None:
        with self._changed:
            self._must_be_open()
        with self._changed:
            self._value = result
            self._finish(SET)
            functions, self._functions = self._functions, []
        for function in functions:
            self._run(function)


class IgnoresResultWhenCancelled(OwnFuture):
    """Means well: a worker need not care whether somebody cancelled what it works on."""

    def set_result(self, result: Any) -> None:
        if not self.cancelled():
            super().set_result(result)


# ---- C2 to C6: what it says -----------------------------------------------------------------------------------------


class CancelsForTheFirst(OwnFuture):
    """Asks whether it is cancelled before it takes the lock; of two that cancel at once one is told False."""

    def cancel(self) -> bool:
        if self.cancelled():
            return True
        with self._changed:
            if self._state != PENDING:
                return False
            self._finish(CANCELLED)
        self._run_all()
        return True


class PublishesBeforeTheValue(OwnFuture):
    """Done in one critical section, the value in the next: who looks between them gets None."""

    def set_result(self, result: Any) -> None:
        with self._changed:
            self._must_be_open()
            self._finish(SET)
        with self._changed:
            self._value = result
        self._run_all()


class TimesOutWithNone(OwnFuture):
    """Waits for a change, and takes every end of the waiting for the change."""

    def exception(self, timeout: float | None = None) -> BaseException | None:
        with self._changed:
            if self._state not in DONE:
                self._changed.wait(timeout)
            if self._state in (CANCELLED, NOTIFIED):
                raise CancelledError
            return self._error


class LooksTwice(OwnFuture):
    """Neither done nor pending, so it must be running; but it was asked at two moments."""

    def running(self) -> bool:
        if self.done():
            return False
        with self._changed:
            return self._state != PENDING


class StartsFinished(OwnFuture):
    """False for whatever need not be run, be it cancelled or finished."""

    def set_running_or_notify_cancel(self) -> bool:
        with self._changed:
            if self._state == SET:
                return False
        return super().set_running_or_notify_cancel()


# ---- C7 to C10: callbacks -------------------------------------------------------------------------------------------


class AsksThenAppends(OwnFuture):
    """Completed between the question and the registration: nobody runs the callback any more."""

    def add_done_callback(self, function: Function) -> None:
        if self.done():
            self._run(function)
        else:
            with self._changed:
                self._functions.append(function)


class AppendsThenAsks(OwnFuture):
    """Appends first, so that nothing is lost, and asks afterwards: then both sides run it."""

    def add_done_callback(self, function: Function) -> None:
        with self._changed:
            self._functions.append(function)
        if self.done():
            self._run(function)


class LosesTwins(OwnFuture):
    """Keeps its callbacks in a dictionary: in order, but each once."""

    def _run_all(self) -> None:
        self._functions = list({id(function): function for function in self._functions}.values())
        super()._run_all()


class LastInFirstOut(OwnFuture):
    """Takes its callbacks from the end of the list, where it is cheap."""

    def _run_all(self) -> None:
        while self._functions:
            self._run(self._functions.pop())


class LeavesItToTheOther(OwnFuture):
    """While one thread is running the callbacks, it may as well run those that others add meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._busy = False

    def add_done_callback(self, function: Function) -> None:
        with self._changed:
            if self._state not in DONE or self._busy:
                self._functions.append(function)
                return
        self._run(function)

    def _finish(self, state: str) -> None:
        self._busy = True
        super()._finish(state)

    def _run_all(self) -> None:
        while True:
            with self._changed:
                if not self._functions:
                    self._busy = False
                    return
                function = self._functions.pop(0)
            self._run(function)


class PassesTheValueWhenLate(OwnFuture):
    """A callback that comes when the value is there gets the value."""

    def add_done_callback(self, function: Function) -> None:
        with self._changed:
            late = self._state == SET and self._error is None
        if late:
            function(self._value)
        else:
            super().add_done_callback(function)


# ---- C11: waiters ---------------------------------------------------------------------------------------------------


class NotifiesOne(OwnFuture):
    """`notify` where `notify_all` was meant: the second of two waiters sleeps on."""

    def _finish(self, state: str) -> None:
        self._state = state
        self._changed.notify()


class CancelsInSilence(OwnFuture):
    """Nobody waits for what is cancelled, it thinks."""

    def _finish(self, state: str) -> None:
        if state == CANCELLED:
            self._state = state
        else:
            super()._finish(state)


class WaitsWithoutTheLock(OwnFuture):
    """Asks first, and begins to wait when the news may already be out."""

    def result(self, timeout: float | None = None) -> Any:
        if not self.done() and timeout is None:
            with self._changed:
                self._changed.wait()
        return super().result(timeout)


# ---- C12, C13: errors -----------------------------------------------------------------------------------------------


class RaisesWhenLate(OwnFuture):
    """The error of a callback that is added to a done future goes to whoever adds it."""

    def _run(self, function: Function) -> None:
        with self._changed:
            late = function not in self._functions
        if late:
            function(self)
        else:
            super()._run(function)


class SwallowsErrors(OwnFuture):
    """Ignores the error of a callback and logs nothing."""

    def _run(self, function: Function) -> None:
        try:
            function(self)
        except Exception:
            return


class LogsCancellation(OwnFuture):
    """Says that something was cancelled while it ran."""

    def cancel(self) -> bool:
        if self.running():
            logging.getLogger("concurrent.futures").warning("not cancelled: it runs")
        return super().cancel()


class PrintsACallback(OwnFuture):
    """Counts the callbacks at one moment and prints the last of them at another."""

    def __repr__(self) -> str:
        with self._changed:
            count = len(self._functions)
        with self._changed:
            last = type(self._functions[count - 1]).__name__ if count else "none"
        return f"<{type(self).__name__}, last callback: {last}>"

    def _run_all(self) -> None:
        with self._changed:
            functions, self._functions = self._functions, []
        for function in functions:
            self._run(function)


class LocksItselfOut(OwnFuture):
    """A lock that is not re-entrant, and a question that asks another one."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition(threading.Lock())

    def running(self) -> bool:
        with self._changed:
            return self._state == RUNNING and not self.done()


SOUND: Final = target(OwnFuture)


# ---- C14: where it was raised ---------------------------------------------------------------------------------------


class KeepsItShort(OwnFuture):
    """Drops the traceback of what it is given, so that no frames are kept alive."""

    def set_exception(self, exception: BaseException) -> None:
        if isinstance(exception, BaseException):
            exception = exception.with_traceback(None)
        super().set_exception(exception)


def _variant(clause: str, made: type[OwnFuture], **fields: Any) -> Variant:
    return Variant(clause=clause, target=target(made), sound=SOUND, **fields)


VARIANTS: Final = [
    _variant("C1", ChecksThenSets),
    _variant("C1", IgnoresResultWhenCancelled),
    _variant("C2", CancelsForTheFirst),
    _variant("C3", PublishesBeforeTheValue),
    _variant("C4", TimesOutWithNone),
    _variant("C5", LooksTwice, scenarios=("concurrent_threads",), programs=500),
    _variant("C6", StartsFinished),
    _variant("C7", AsksThenAppends),
    _variant("C7", AppendsThenAsks),
    _variant("C7", LosesTwins),
    _variant("C8", LastInFirstOut),
    _variant("C9", LeavesItToTheOther),
    _variant("C10", PassesTheValueWhenLate),
    _variant("C11", NotifiesOne),
    _variant("C11", CancelsInSilence),
    _variant("C11", WaitsWithoutTheLock),
    _variant("C12", RaisesWhenLate),
    _variant("C12", SwallowsErrors),
    _variant("C12", LogsCancellation),
    _variant("C13", PrintsACallback),
    _variant("C13", LocksItselfOut),
    _variant("C14", KeepsItShort, grade="interesting"),
]
