"""asyncio futures and tasks with one bug each."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from asyncio import futures, tasks
from collections.abc import Callable, Iterator
from typing import Any, Final

from futurefuzz.programs.program import Callback
from futurefuzz.targets.asyncio_tasks import PYTHON_TASK
from futurefuzz.targets.base import Sides, Target
from tests.oracles.bug import Planted
from tests.oracles.histories import op, program

__all__ = ["ASYNCIO"]

PyFuture: Any = futures._PyFuture  # type: ignore[attr-defined]
PyTask: Any = tasks._PyTask  # type: ignore[attr-defined]


class TwoWinners(PyFuture):
    def set_result(self, result: Any) -> None:
        if self.done():
            self._result = result
        else:
            super().set_result(result)


class StoresAnything(PyFuture):
    def set_exception(self, exception: Any) -> None:
        if not isinstance(exception, (BaseException, type)):
            exception = ValueError("not an exception")
        super().set_exception(exception)


class AlwaysCancels(PyFuture):
    def cancel(self, msg: Any = None) -> bool:
        super().cancel(msg)
        return True


class LosesResult(PyFuture):
    def result(self) -> Any:
        value = super().result()
        return None if self.get_loop().time() >= 0 else value


class FalsyExceptionIsNone(PyFuture):
    def exception(self) -> Any:
        return super().exception() or None


class DoneIsCancelled(PyFuture):
    def cancelled(self) -> bool:
        return bool(self.done())


class Schedules(PyFuture):
    """Lets a subclass say how its callbacks are scheduled."""

    def planned(self, callbacks: list[Any]) -> Iterator[Any]:
        yield from callbacks

    def _Future__schedule_callbacks(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for callback, context in self.planned(callbacks):
            self._loop.call_soon(callback, self, context=context)

    def _complete(self, state: str) -> None:
        self._state = state
        self._Future__schedule_callbacks()

    def set_result(self, result: Any) -> None:
        if self.done():
            raise asyncio.InvalidStateError
        self._result = result
        self._complete("FINISHED")

    def cancel(self, msg: Any = None) -> bool:
        if self.done():
            return False
        self._cancel_message = msg
        self._complete("CANCELLED")
        return True


class Doubles(Schedules):
    def planned(self, callbacks: list[Any]) -> Iterator[Any]:
        yield from callbacks
        yield from callbacks[:1]


class Loses(Schedules):
    def planned(self, callbacks: list[Any]) -> Iterator[Any]:
        yield from callbacks[1:]


class LastInFirstOut(Schedules):
    def planned(self, callbacks: list[Any]) -> Iterator[Any]:
        yield from reversed(callbacks)


class CallsInline(Schedules):
    def _Future__schedule_callbacks(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for callback, context in callbacks:
            context.run(callback, self)


class Swallows(Schedules):
    def planned(self, callbacks: list[Any]) -> Iterator[Any]:
        for callback, context in callbacks:
            yield self._quiet(callback), context

    @staticmethod
    def _quiet(callback: Callable[[Any], None]) -> Callable[[Any], None]:
        def call(future: Any) -> None:
            try:
                callback(future)
            except Exception:
                return

        return call


class PassesMore(Schedules):
    def planned(self, callbacks: list[Any]) -> Iterator[Any]:
        for callback, context in callbacks:
            yield (lambda future, callback=callback: callback(future, 1)), context


class PassesSomethingElse(Schedules):
    def planned(self, callbacks: list[Any]) -> Iterator[Any]:
        for callback, context in callbacks:
            yield (lambda future, callback=callback: callback("future")), context


class ForgetsContext(Schedules):
    def planned(self, callbacks: list[Any]) -> Iterator[Any]:
        for callback, _ in callbacks:
            yield callback, contextvars.copy_context()


class NeverStops(Schedules):
    def planned(self, callbacks: list[Any]) -> Iterator[Any]:
        self._again(self)
        yield from callbacks

    def _again(self, _future: Any) -> None:
        self._loop.call_soon(self._again, self)


class RemovesOne(PyFuture):
    def remove_done_callback(self, fn: Any) -> int:
        for entry in self._callbacks:
            if entry[0] == fn:
                self._callbacks.remove(entry)
                return 1
        return 0


class OnlyCounts(PyFuture):
    def remove_done_callback(self, fn: Any) -> int:
        return sum(entry[0] == fn for entry in self._callbacks)


class AwaitsNothing(PyFuture):
    def __await__(self) -> Iterator[Any]:
        yield from super().__await__()

    __iter__ = __await__


class WakesNobody(Schedules):
    def planned(self, callbacks: list[Any]) -> Iterator[Any]:
        for callback, context in callbacks:
            if type(callback).__name__ == "DoneCallback":
                yield callback, context


class ReportsTheRetrieved(PyFuture):
    def __del__(self) -> None:
        if self._exception is not None:
            self._loop.call_exception_handler(
                {"message": "Future exception was never retrieved", "exception": self._exception, "future": self}
            )


class CannotPrint(PyFuture):
    def __repr__(self) -> str:
        raise ValueError("no")


class ForgetsMessage(PyFuture):
    def cancel(self, msg: Any = None) -> bool:
        return bool(super().cancel())


class RefusesToCancel(PyTask):
    def cancel(self, msg: Any = None) -> bool:
        super().cancel(msg)
        return False


async def _body(gate: Any) -> Any:
    return await gate


def _asyncio(made: Any, **fields: Any) -> Target:
    return Target(
        name=f"planted.{made.__name__}",
        contract="asyncio",
        new_future=lambda loop: made(loop=loop),
        task_class=PyTask,
        **fields,
    )


def _task(loop: Any) -> Sides:
    gate = PyFuture(loop=loop)
    return Sides(gate, RefusesToCancel(_body(gate), loop=loop))


class ForgetsTraceback(PyFuture):
    def result(self) -> Any:
        if self._exception is not None:
            self._exception_tb = None
        return super().result()


class ForgetsTracebackLater(PyFuture):
    def result(self) -> Any:
        try:
            return super().result()
        finally:
            self._exception_tb = None


class KnowsOneStop(PyFuture):
    """Looks for StopIteration by its type, as CPython did up to 3.12.1."""

    def set_exception(self, exception: Any) -> None:
        if isinstance(exception, StopIteration):
            self._exception, self._exception_tb = exception, None
            self._state = "FINISHED"
        else:
            super().set_exception(exception)


class RefusesStops(PyFuture):
    def set_exception(self, exception: Any) -> None:
        if isinstance(exception, StopIteration):
            raise TypeError("StopIteration interacts badly with generators")
        super().set_exception(exception)


class RemovesWhatIsEqual(PyFuture):
    def remove_done_callback(self, callback: Any) -> int:
        kept = [one for one in self._callbacks if one[0] != callback]
        count = len(self._callbacks) - len(kept)
        self._callbacks = kept
        return count


class RemovesItself(PyFuture):
    def remove_done_callback(self, callback: Any) -> int:
        kept = [one for one in self._callbacks if one[0] is not callback and one[0] != callback]
        count = len(self._callbacks) - len(kept)
        self._callbacks = kept
        return count


class Poisoned(PyFuture):
    """Minds a mark that an await has left which came to nothing, as CPython's C Future does."""

    def __await__(self) -> Any:
        if not self.done():
            if self._asyncio_future_blocking:
                raise RuntimeError("await wasn't used with future")
            self._asyncio_future_blocking = True
            yield self
        return self.result()


class FindsAnErrorInItself(PyFuture):
    def __await__(self) -> Any:
        yield self
        raise SystemError("error return without exception set")


PLAIN: Final = _asyncio(PyFuture)

_SET_TWICE = program(("task", [op("set_result"), op("set_result")]))
_CALLBACKS = program(
    ("task", [op("add_done_callback"), op("add_done_callback", callback=1), op("set_result"), op("done")]), callbacks=2
)
_RAISES = program(("task", [op("add_done_callback"), op("cancel")]), callbacks=(Callback(raises=True),))
_WAITER = program(("task", [op("await")]), ("task", [op("set_result")]))
_REMOVAL = program(
    ("task", [op("add_done_callback"), op("add_done_callback"), op("remove_done_callback"), op("set_result")])
)
_SET_FROM_A_THREAD = program(("task", [op("await")]), ("thread", [op("set_result")]))
_CALLBACK_FROM_A_THREAD = program(("task", [op("add_done_callback")]), ("thread", [op("set_result")]))
_POST = program(("task", [op("cancel")]), ("thread", [op("set_result", via="post")]))
_CLASSIFIED: Final = "set_exception(not-an-exception) when pending: None, not TypeError raised"

ASYNCIO: Final = [
    Planted(_asyncio(TwoWinners), PLAIN, _SET_TWICE, "A1", "set_result when done: None, not InvalidStateError raised"),
    Planted(
        _asyncio(StoresAnything),
        Target(name="asyncio.Future", contract="asyncio", new_future=lambda loop: loop.create_future()),
        program(("task", [op("set_exception", argument="not-an-exception")])),
        "A2",
        _CLASSIFIED,
    ),
    Planted(
        _asyncio(AlwaysCancels),
        PLAIN,
        program(("task", [op("set_result"), op("cancel")])),
        "A3",
        "cancel when done: True, not False",
    ),
    Planted(
        _asyncio(LosesResult),
        PLAIN,
        program(("task", [op("set_result"), op("result")])),
        "A4",
        "result: None, not a value",
    ),
    Planted(
        _asyncio(FalsyExceptionIsNone),
        PLAIN,
        program(("task", [op("set_exception", argument="falsy"), op("exception")])),
        "A5",
        "exception: None, not the exception as result",
    ),
    Planted(
        _asyncio(DoneIsCancelled),
        PLAIN,
        program(("task", [op("set_result"), op("cancelled")])),
        "A6",
        "cancelled: True, not False",
    ),
    Planted(_asyncio(Doubles), PLAIN, _CALLBACKS, "A7", "callback ran twice"),
    Planted(_asyncio(Loses), PLAIN, _CALLBACKS, "A7", "callback never ran"),
    Planted(_asyncio(CallsInline), PLAIN, _CALLBACKS, "A7", "callback called inline"),
    Planted(_asyncio(LastInFirstOut), PLAIN, _CALLBACKS, "A8", "callback out of order"),
    Planted(_asyncio(RemovesOne), PLAIN, _REMOVAL, "A9", "wrong count"),
    Planted(_asyncio(OnlyCounts), PLAIN, _REMOVAL, "A9", "removed callback ran"),
    Planted(_asyncio(PassesMore), PLAIN, _CALLBACKS, "A10", "wrong arguments"),
    Planted(_asyncio(PassesSomethingElse), PLAIN, _CALLBACKS, "A10", "wrong future"),
    Planted(
        _asyncio(ForgetsContext),
        PLAIN,
        program(("task", [op("add_done_callback", context=1), op("set_result")])),
        "A11",
        "wrong context",
    ),
    Planted(_asyncio(AwaitsNothing), PLAIN, _WAITER, "A12", "await: None, not a value"),
    Planted(_asyncio(WakesNobody), PLAIN, _WAITER, "A12", "waiter never woken"),
    Planted(
        Target(name="planted.task", contract="asyncio", new_future=_task, shape="task", task_class=PyTask),
        PYTHON_TASK,
        program(("task", [op("cancel")])),
        "A13",
        "cancel when pending: False, not True",
    ),
    Planted(_asyncio(Swallows), PLAIN, _RAISES, "A14", "exception not reported"),
    Planted(
        _asyncio(ReportsTheRetrieved),
        PLAIN,
        program(("task", [op("set_exception"), op("exception"), op("drop")])),
        "A15",
        "reported wrongly",
    ),
    Planted(_asyncio(CannotPrint), PLAIN, program(("task", [op("repr")])), "A16", "repr: ValueError raised, not str"),
    Planted(
        _asyncio(CallsInline),
        PLAIN,
        _CALLBACK_FROM_A_THREAD,
        "A17",
        "off-thread: callback on a thread",
        "interesting",
    ),
    Planted(
        PLAIN,
        _asyncio(TwoWinners),
        _POST,
        "A18",
        "InvalidStateError in the loop's handler",
        "interesting",
    ),
    Planted(PLAIN, PLAIN, _SET_FROM_A_THREAD, "A19", "off-thread: loop not woken", "interesting"),
    Planted(
        _asyncio(ForgetsMessage),
        PLAIN,
        program(("task", [op("cancel", argument="message"), op("result")])),
        "A20",
        "result: wrong message",
        "interesting",
    ),
    Planted(
        _asyncio(ForgetsTraceback),
        PLAIN,
        program(("task", [op("set_exception"), op("result")])),
        "A21",
        "traceback lost",
        "interesting",
    ),
    Planted(
        _asyncio(ForgetsTracebackLater),
        PLAIN,
        program(("task", [op("set_exception"), op("result"), op("result")])),
        "A21",
        "traceback lost when asked again",
        "interesting",
    ),
    Planted(
        _asyncio(KnowsOneStop),
        PLAIN if sys.version_info >= (3, 12, 2) else _asyncio(RefusesStops),
        program(("task", [op("set_exception", argument="StopIteration-subclass"), op("await")])),
        "A2",
        "StopIteration stored as it is",
    ),
    Planted(
        _asyncio(RemovesWhatIsEqual),
        _asyncio(RemovesItself),
        program(("task", [op("add_done_callback"), op("remove_done_callback")]), callbacks=(Callback(unequal=True),)),
        "A9",
        "callback that is not equal to itself stays",
        "interesting",
    ),
    Planted(
        _asyncio(Poisoned),
        PLAIN,
        program(("task", [op("await-elsewhere"), op("await")]), ("task", [op("set_result")])),
        "A12",
        "await refused",
    ),
    Planted(
        _asyncio(FindsAnErrorInItself),
        PLAIN,
        program(("task", [op("iter-send"), op("iter-send")])),
        "X5",
        "iter-send: SystemError",
    ),
    Planted(_asyncio(NeverStops), PLAIN, program(("task", [op("cancel")])), "X4", "no end"),
]
