"""Concurrent futures with one bug each."""

from __future__ import annotations

import concurrent.futures
import logging
from typing import Any, Final

from futurefuzz.targets.base import Target
from tests.oracles.bug import Planted
from tests.oracles.histories import op, program

__all__ = ["CONCURRENT", "Concurrent", "OverwritesResult"]

Concurrent: Any = concurrent.futures.Future


class OverwritesResult(Concurrent):
    def set_result(self, result: Any) -> None:
        if self.done():
            self._result = result
        else:
            super().set_result(result)


class ChecksWithoutLock(Concurrent):
    """Asks done() first and completes later: another thread may come between."""

    def set_result(self, result: Any) -> None:
        if self.done():
            raise concurrent.futures.InvalidStateError
        with self._condition:
            self._result = result
            self._state = "FINISHED"
            self._condition.notify_all()
        self._invoke_callbacks()


class CancelsFinished(Concurrent):
    def cancel(self) -> bool:
        super().cancel()
        return True


class IgnoresFalsy(Concurrent):
    def result(self, timeout: float | None = None) -> Any:
        error = self.exception(timeout)
        if error:
            raise error
        return self._result


class HeedsFalsy(Concurrent):
    """What concurrent.futures does since gh-132063 was fixed, in 3.13.4."""

    def result(self, timeout: float | None = None) -> Any:
        error = self.exception(timeout)
        if error is not None:
            raise error
        return self._result


class HidesException(Concurrent):
    def exception(self, timeout: float | None = None) -> Any:
        super().exception(timeout)


class RunningWhenPending(Concurrent):
    def running(self) -> bool:
        return not self.done()


class StartsTwice(Concurrent):
    def set_running_or_notify_cancel(self) -> bool:
        return True if self.running() else bool(super().set_running_or_notify_cancel())


class Invokes(Concurrent):
    """Lets a subclass say which callbacks run."""

    def planned(self) -> list[Any]:
        return list(self._done_callbacks)

    def _invoke_callbacks(self) -> None:
        for callback in self.planned():
            callback(self)


class InvokesTwice(Invokes):
    def planned(self) -> list[Any]:
        return self._done_callbacks + self._done_callbacks


class InvokesLate(Invokes):
    """A callback that is added to a done future runs with the next question instead."""

    late: Any = None

    def add_done_callback(self, fn: Any) -> None:
        if self.done():
            self.late = fn
        else:
            super().add_done_callback(fn)

    def cancelled(self) -> bool:
        late, self.late = self.late, None
        if late is not None:
            late(self)
        return bool(super().cancelled())


class InvokesNone(Invokes):
    def planned(self) -> list[Any]:
        return []


class InvokesBackwards(Invokes):
    def planned(self) -> list[Any]:
        return self._done_callbacks[::-1]


class InvokesWithMore(Invokes):
    def _invoke_callbacks(self) -> None:
        for callback in self.planned():
            callback(self, 1)


class NotifiesNobody(Concurrent):
    def set_result(self, result: Any) -> None:
        with self._condition:
            if self.done():
                raise concurrent.futures.InvalidStateError
            self._result = result
            self._state = "FINISHED"
        self._invoke_callbacks()


class Logs(Concurrent):
    def cancel(self) -> bool:
        logging.getLogger("concurrent.futures").error("cancelled")
        return bool(super().cancel())


class CannotBePrinted(Concurrent):
    def __repr__(self) -> str:
        raise ValueError("no")


def _concurrent(made: Any) -> Target:
    return Target(name=f"planted.{made.__name__}", contract="concurrent", new_future=made)


class StripsException(Concurrent):
    def set_exception(self, exception: Any) -> None:
        super().set_exception(exception.with_traceback(None))


RIGHT: Final = _concurrent(Concurrent)
_TWO_CALLBACKS = program(
    ("thread", [op("add_done_callback"), op("add_done_callback", callback=1), op("set_result"), op("done")]),
    callbacks=2,
)
_RACE = program(("thread", [op("set_result")]), ("thread", [op("set_result")]))

CONCURRENT: Final = [
    Planted(_concurrent(OverwritesResult), RIGHT, _RACE, "C1", "two winners"),
    Planted(_concurrent(ChecksWithoutLock), RIGHT, _RACE, "C1", "two winners"),
    Planted(
        _concurrent(CancelsFinished), RIGHT, program(("thread", [op("set_result"), op("cancel")])), "C1", "two winners"
    ),
    Planted(
        _concurrent(CancelsFinished),
        RIGHT,
        program(("thread", [op("set_running"), op("cancel")])),
        "C2",
        "cancel: True",
    ),
    Planted(
        _concurrent(IgnoresFalsy),
        _concurrent(HeedsFalsy),
        program(("thread", [op("set_exception", argument="falsy")]), ("thread", [op("result", argument="wait")])),
        "C3",
        "result: None",
    ),
    Planted(
        _concurrent(HidesException),
        RIGHT,
        program(("thread", [op("set_exception"), op("exception")])),
        "C4",
        "exception: None",
    ),
    Planted(
        _concurrent(RunningWhenPending),
        RIGHT,
        program(("thread", [op("running")]), ("thread", [op("done")])),
        "C5",
        "running: True",
    ),
    Planted(
        _concurrent(StartsTwice),
        RIGHT,
        program(("thread", [op("set_running"), op("set_running")])),
        "C6",
        "set_running: True",
    ),
    Planted(_concurrent(InvokesTwice), RIGHT, _TWO_CALLBACKS, "C7", "callback ran twice"),
    Planted(_concurrent(InvokesNone), RIGHT, _TWO_CALLBACKS, "C7", "callback never ran"),
    Planted(_concurrent(InvokesBackwards), RIGHT, _TWO_CALLBACKS, "C8", "callback out of order"),
    Planted(
        _concurrent(InvokesLate),
        RIGHT,
        program(("thread", [op("set_result"), op("add_done_callback"), op("cancelled")])),
        "C9",
        "callback not inline",
    ),
    Planted(_concurrent(InvokesWithMore), RIGHT, _TWO_CALLBACKS, "C10", "wrong arguments"),
    Planted(
        _concurrent(NotifiesNobody),
        RIGHT,
        program(("thread", [op("result", argument="wait")]), ("thread", [op("set_result")])),
        "C11",
        "waiter never woken",
    ),
    Planted(_concurrent(Logs), RIGHT, program(("thread", [op("cancel")])), "C12", "log: concurrent.futures: cancelled"),
    Planted(
        _concurrent(StripsException),
        RIGHT,
        program(("thread", [op("set_exception"), op("result")])),
        "C14",
        "traceback lost",
        "interesting",
    ),
    Planted(_concurrent(CannotBePrinted), RIGHT, program(("thread", [op("repr")])), "C13", "repr: ValueError raised"),
]
