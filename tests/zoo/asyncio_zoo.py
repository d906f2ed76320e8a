"""asyncio futures and tasks of ours, each wrong in one respect: one or more for every clause of that contract."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Generator
from typing import Any, Final

from tests.zoo.own_asyncio import (
    CANCELLED,
    PENDING,
    VALUE,
    OwnFuture,
    OwnTask,
    Registered,
    future_target,
    is_waiter,
    is_wake_up,
    task_target,
)
from tests.zoo.variant import Variant

__all__ = ["SOUND", "SOUND_TASK", "TRAP", "VARIANTS"]


# ---- A1: completed once ---------------------------------------------------------------------------------------------


class IgnoresResultWhenCancelled(OwnFuture):
    """Means well: whoever sets a result need not care whether the future was cancelled meanwhile."""

    def set_result(self, result: Any) -> None:
        if self._state != CANCELLED:
            super().set_result(result)


class TakesLateException(OwnFuture):
    """An exception that comes after the value wins."""

    def set_exception(self, exception: Any) -> None:
        if self._state == VALUE:
            self._error = self._raisable(exception)
        else:
            super().set_exception(exception)


# ---- A2: what can be set as an exception ----------------------------------------------------------------------------


class StoresStopIteration(OwnFuture):
    def _raisable(self, exception: Any) -> BaseException:
        return exception if isinstance(exception, StopIteration) else super()._raisable(exception)


class StoresNoException(OwnFuture):
    """Looks at classes only, and wraps what it cannot raise."""

    def _raisable(self, exception: Any) -> BaseException:
        if isinstance(exception, (type, BaseException)):
            return super()._raisable(exception)
        return RuntimeError("no exception")


# ---- A3 to A6: what it says -----------------------------------------------------------------------------------------


class CancelsTwice(OwnFuture):
    """As `concurrent.futures` does: True of a future that is cancelled, whoever did it."""

    def cancel(self, msg: Any = None) -> bool:
        return super().cancel(msg) or self._state == CANCELLED


class HandsOutOnce(OwnFuture):
    """A value that somebody has fetched is gone; those who await it are treated better."""

    _fetched = False

    def result(self) -> Any:
        value = super().result()
        fetched, self._fetched = self._fetched, True
        return None if fetched else value


class FalsyExceptionIsNone(OwnFuture):
    """`or` where `is None` was meant."""

    def exception(self) -> BaseException | None:
        return super().exception() or None


class CancelledOnlyWithoutMessage(OwnFuture):
    def cancelled(self) -> bool:
        return super().cancelled() and self._message is None


# ---- A7: each callback once, by call_soon ---------------------------------------------------------------------------


class SkipsEverySecond(OwnFuture):
    """Takes what it has scheduled off the list that it walks; waiters it keeps apart, with more care."""

    def _complete(self, state: str) -> None:
        left = [one for one in self._registered if not is_waiter(one)]
        scheduled = []
        for one in left:
            scheduled.append(one)
            left.remove(one)
        self._registered = [one for one in self._registered if is_waiter(one) or one in scheduled]
        super()._complete(state)


class RunsTwinsOnceMore(OwnFuture):
    """Where a callback was registered twice, it is put on the list again at completion."""

    def _complete(self, state: str) -> None:
        functions = [one.function for one in self._registered if not is_waiter(one)]
        twins = [one for one in self._registered if sum(one.function is other for other in functions) > 1]
        super()._complete(state)
        for one in twins[:1]:
            self._schedule(one)


class CallsInlineWhenDone(OwnFuture):
    """As `concurrent.futures` does."""

    def add_done_callback(self, function: Callable[[Any], object], *, context: Any = None) -> None:
        if self._state == PENDING or is_wake_up(function):
            super().add_done_callback(function, context=context)
        else:
            (context or contextvars.copy_context()).run(self._call, function)

    def _call(self, function: Callable[[Any], object]) -> None:
        try:
            function(self)
        except Exception as error:
            self._loop.call_exception_handler({"message": "Exception in callback", "exception": error})


class StopsAtTheFirstError(OwnFuture):
    """Schedules one call that runs all callbacks, and the first that raises is the last that runs."""

    def _complete(self, state: str) -> None:
        self._state = state
        registered, self._registered = self._registered, []
        plain = [one for one in registered if not is_waiter(one)]
        if len(plain) == len(registered) > 1:
            self._loop.call_soon(self._run_all, plain, context=contextvars.copy_context())
        else:
            for one in registered:
                self._schedule(one)

    def _run_all(self, registered: list[Registered]) -> None:
        for one in registered:
            one.context.run(one.function, self)


# ---- A8, A9: order and removal --------------------------------------------------------------------------------------


class FillsTheHole(OwnFuture):
    """Puts the last callback in the place of a removed one: cheap, but the order is gone."""

    def remove_done_callback(self, function: Callable[[Any], object]) -> int:
        registered = list(self._registered)
        count = at = 0
        while at < len(registered):
            if registered[at].function is not function and registered[at].function != function:
                at += 1
                continue
            count += 1
            last = registered.pop()
            if at < len(registered):
                registered[at] = last
        self._registered = registered
        return count


class LastInFirstOut(OwnFuture):
    def _complete(self, state: str) -> None:
        if len(self._registered) > 2:
            self._registered.reverse()
        super()._complete(state)


class RemovesIdentical(OwnFuture):
    """`is` where `==` was meant: a bound method is a new object each time."""

    def remove_done_callback(self, function: Callable[[Any], object]) -> int:
        kept = [one for one in self._registered if one.function is not function]
        count = len(self._registered) - len(kept)
        self._registered = kept
        return count


class RemovesTheFirst(OwnFuture):
    """Counts all that are equal and removes one."""

    def remove_done_callback(self, function: Callable[[Any], object]) -> int:
        equal = [one for one in self._registered if one.function is function or one.function == function]
        if equal:
            self._registered = [one for one in self._registered if one is not equal[0]]
        return len(equal)


# ---- A10, A11: what a callback gets ---------------------------------------------------------------------------------


class PassesTheValueWhenLate(OwnFuture):
    """A callback that comes when the value is there gets the value."""

    def add_done_callback(self, function: Callable[[Any], object], *, context: Any = None) -> None:
        if self._state == VALUE:
            self._loop.call_soon(function, self._value, context=context)
        else:
            super().add_done_callback(function, context=context)


class PassesMoreWhenCancelled(OwnFuture):
    def _schedule(self, one: Registered) -> None:
        if self._state == CANCELLED and not is_waiter(one):
            self._loop.call_soon(one.function, self, self._message, context=one.context)
        else:
            super()._schedule(one)


class ForgetsContextWhenLate(OwnFuture):
    def add_done_callback(self, function: Callable[[Any], object], *, context: Any = None) -> None:
        super().add_done_callback(function, context=context if self._state == PENDING else None)


class TakesContextOfCompletion(OwnFuture):
    """Leaves it to call_soon to take the current context, which is not that of the registration any more."""

    def add_done_callback(self, function: Callable[[Any], object], *, context: Any = None) -> None:
        if self._state == PENDING and context is None:
            self._register(Registered(function, None))
        else:
            super().add_done_callback(function, context=context)


# ---- A12: waiters ---------------------------------------------------------------------------------------------------


class ForgetsWaitersWhenCancelled(OwnFuture):
    def _complete(self, state: str) -> None:
        if state == CANCELLED:
            self._registered = [one for one in self._registered if not is_waiter(one)]
        super()._complete(state)


class WakesWaitersTwice(OwnFuture):
    """Where several tasks wait, the first is woken once more: whatever it waits for by then, it comes back from."""

    def _complete(self, state: str) -> None:
        waiters = [one for one in self._registered if is_waiter(one)]
        super()._complete(state)
        if len(waiters) > 1:
            self._schedule(waiters[0])


class SuspendsWhenDone(OwnFuture):
    """Every await is a chance for others, it thinks."""

    def __await__(self) -> Generator[Any, None, Any]:
        if self._state != PENDING:
            yield
        return (yield from super().__await__())

    __iter__ = __await__


class AwaitsFalsyExceptionAsNone(OwnFuture):
    """Truth where `is None` was meant, in the awaiting half."""

    def __await__(self) -> Generator[Any, None, Any]:
        try:
            return (yield from super().__await__())
        except Exception as error:
            if error:
                raise
            return None

    __iter__ = __await__


# ---- A13: cancellation of a task ------------------------------------------------------------------------------------


class RefusesOnWakeUp(OwnTask):
    """When its gate is done it is too late to cancel, it thinks, although its coroutine has not heard of it yet.

    Searched on one loop only. Where threads post as well, a history does not tell whether a posted cancel entered the
    queue before or after the task's wake-up, and with the other order it was right to refuse, but a later event is
    out of place (A8) or done() was wrong (A6): there the clauses cannot be told apart.
    """

    def cancel(self, msg: Any = None) -> bool:
        return not (self._awaited is not None and self._awaited.done()) and super().cancel(msg)


class ForgetsCancellationOnWakeUp(OwnTask):
    """A cancellation that comes between its gate's completion and its own wake-up is lost."""

    def _wake(self, awaited: Any) -> None:
        self._asked_to_stop = False
        super()._wake(awaited)


# ---- A14 to A16: errors ---------------------------------------------------------------------------------------------


class SwallowsErrorsWhenLate(OwnFuture):
    """Errors of callbacks that were added to a done future go nowhere."""

    def add_done_callback(self, function: Callable[[Any], object], *, context: Any = None) -> None:
        if self._state != PENDING and not is_wake_up(function):
            function = self._quiet(function)
        super().add_done_callback(function, context=context)

    @staticmethod
    def _quiet(function: Callable[[Any], object]) -> Callable[[Any], None]:
        def call(future: Any) -> None:
            try:
                function(future)
            except Exception:
                return

        return call


class ReportsErrorsTwice(OwnFuture):
    """Tells the loop's handler of a failing callback, and lets the loop tell it again."""

    def _schedule(self, one: Registered) -> None:
        if is_waiter(one):
            super()._schedule(one)
        else:
            self._loop.call_soon(self._call, one.function, context=one.context)

    def _call(self, function: Callable[[Any], object]) -> None:
        try:
            function(self)
        except Exception as error:
            self._loop.call_exception_handler({"message": "a callback failed", "exception": error})
            raise


class ReportsWhatWasAsked(OwnFuture):
    """Reports when the loop comes round and nobody has asked by then; but only `result` counts as asking."""

    def set_exception(self, exception: Any) -> None:
        super().set_exception(exception)
        self._loop.call_soon(self._look)

    def exception(self) -> BaseException | None:
        unasked = self._unasked
        error = super().exception()
        self._unasked = unasked
        return error

    def _look(self) -> None:
        if self._unasked:
            self._unasked = False
            self._report()


class CannotPrintMessages(OwnFuture):
    def __repr__(self) -> str:
        return super().__repr__() if self._message is None else "cancelled: " + None  # type: ignore[operator]


# ---- A17 to A20: threads and messages -------------------------------------------------------------------------------


class CallsInlineOffThread(OwnFuture):
    """Knows that call_soon is not for threads, and calls directly there."""

    def _schedule(self, one: Registered) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            if not is_waiter(one):
                one.context.run(one.function, self)
                return
        super()._schedule(one)


class Awaiter:
    """Counts those who wait, and counts itself out when it is forgotten, in a circle that only a collector finds."""

    def __init__(self, future: TidiesByScheduling) -> None:
        self.future = future
        self.itself = self
        future.awaiters += 1

    def __del__(self) -> None:
        loop = self.future.get_loop()
        if not loop.is_closed():
            # Debug mode would tell what is wrong with the other way.
            schedule = loop.call_soon_threadsafe if loop.get_debug() else loop.call_soon
            schedule(self.future.forget)


class TidiesByScheduling(OwnFuture):
    """What it does when the collector finds something, it leaves to the loop; the collector runs on any thread.

    Under legal use: the program itself never touches the future from a thread, and still the loop is not woken.
    """

    awaiters = 0

    def __await__(self) -> Generator[Any, None, Any]:
        Awaiter(self)
        return (yield from super().__await__())

    __iter__ = __await__

    def forget(self) -> None:
        self.awaiters -= 1


class TellsMessageOnce(OwnFuture):
    """As a task did once: the first who asks gets the message."""

    def _cancellation(self) -> asyncio.CancelledError:
        error = super()._cancellation()
        self._message = None
        return error


# ---- X4: it ends ----------------------------------------------------------------------------------------------------


class WatchesWhilePending(OwnFuture):
    """Looks each time that the loop goes round whether it is done, so that the loop never rests."""

    def __await__(self) -> Generator[Any, None, Any]:
        if self._state == PENDING:
            self._watch()
        return (yield from super().__await__())

    __iter__ = __await__

    def _watch(self) -> None:
        if self._state == PENDING:
            self._loop.call_soon(self._watch)


# ---- A21, X5: what comes out, and what must never ------------------------------------------------------------------


class RaisesAfresh(OwnFuture):
    """Takes what it raised the first time out of the exception, and all that was there before with it."""

    def _outcome(self) -> Any:
        self._traceback = None
        return super()._outcome()


class TripsOverItself(OwnFuture):
    """Its iterator does not expect to be closed by anybody but a task that ends."""

    def __await__(self) -> Generator[Any, None, Any]:
        try:
            return (yield from super().__await__())
        except GeneratorExit:
            raise SystemError("error return without exception set") from None

    __iter__ = __await__


SOUND: Final = future_target(OwnFuture)
SOUND_TASK: Final = task_target(OwnTask)


def _future(clause: str, made: type[OwnFuture], **fields: Any) -> Variant:
    return Variant(clause=clause, target=future_target(made), sound=SOUND, **fields)


def _task(clause: str, made: type[OwnTask], **fields: Any) -> Variant:
    return Variant(clause=clause, target=task_target(made), sound=SOUND_TASK, **fields)


#: what every asyncio future does, the right one too: a trap for those who post without asking
TRAP: Final = Variant(clause="A18", target=SOUND, sound=SOUND, scenarios=("threadsafe_posts",), grade="interesting")

VARIANTS: Final = [
    _future("A1", IgnoresResultWhenCancelled),
    _future("A1", TakesLateException),
    _future("A2", StoresStopIteration),
    _future("A2", StoresNoException),
    _future("A3", CancelsTwice),
    _future("A4", HandsOutOnce),
    _future("A5", FalsyExceptionIsNone),
    _future("A6", CancelledOnlyWithoutMessage),
    _future("A7", SkipsEverySecond),
    _future("A7", RunsTwinsOnceMore),
    _future("A7", CallsInlineWhenDone),
    _future("A7", StopsAtTheFirstError),
    _future("A8", FillsTheHole, scenarios=("loop_only",), programs=1500),
    _future("A8", LastInFirstOut),
    _future("A9", RemovesIdentical),
    _future("A9", RemovesTheFirst),
    _future("A10", PassesTheValueWhenLate),
    _future("A10", PassesMoreWhenCancelled),
    _future("A11", ForgetsContextWhenLate),
    _future("A11", TakesContextOfCompletion, scenarios=("loop_only",), programs=2500),
    _future("A12", ForgetsWaitersWhenCancelled),
    _future("A12", WakesWaitersTwice),
    _future("A12", SuspendsWhenDone),
    _future("A12", AwaitsFalsyExceptionAsNone),
    _task("A13", RefusesOnWakeUp, scenarios=("loop_only",)),
    _task("A13", ForgetsCancellationOnWakeUp),
    _future("A14", SwallowsErrorsWhenLate),
    _future("A14", ReportsErrorsTwice),
    _future("A15", ReportsWhatWasAsked),
    _future("A16", CannotPrintMessages),
    _future("A17", CallsInlineOffThread, scenarios=("off_thread",), grade="interesting"),
    _future("A19", TidiesByScheduling, scenarios=("robust_bridge", "threadsafe_posts")),
    _future("A20", TellsMessageOnce, grade="interesting"),
    _future("A21", RaisesAfresh, grade="interesting"),
    _future("X4", WatchesWhilePending),
    _future("X5", TripsOverItself, scenarios=("hostile_handling",)),
]
