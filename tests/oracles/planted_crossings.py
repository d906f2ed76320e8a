"""Ways from loop to loop, and futures and loops, with one bug each."""

from __future__ import annotations

import asyncio
import concurrent.futures
from asyncio import futures
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from attrs import evolve

from futurefuzz.programs.program import Actor, Callback, Operation, Program
from futurefuzz.runs import several_loops
from futurefuzz.targets import find
from futurefuzz.targets.base import Crossing, Target

__all__ = ["PLANTED", "PlantedCrossing"]

PyFuture: Any = futures._PyFuture  # type: ignore[attr-defined]
SOUND: Final = find("asyncio.loops")


class PlantedCrossing(NamedTuple):
    """A bug: of the target or of its loops, the programs that show it, the clause and the detail that name it."""

    name: str
    target: Target
    program: Program
    clause: str
    detail: str
    loop: type | None = None


# ---- programs -------------------------------------------------------------------------------------------------------


def _op(name: str, argument: str | None = None, via: str = "direct", **fields: Any) -> Operation:
    return Operation(name=name, argument=argument, via=via, **fields)


def _tasks(*actors: tuple[int, list[Operation]], **fields: Any) -> Program:
    made = tuple(Actor(kind="task", operations=tuple(operations), loop=loop) for loop, operations in actors)
    return Program(actors=made, loops=2, homes=(1,), **fields)


#: loop 0 waits for a future of loop 1, which completes it
WAITS: Final = _tasks((0, [_op("await", via="submit")]), (1, [_op("yield"), _op("set_result")]))
#: loop 0 gives up on a future of loop 1, which nobody completes
GIVES_UP: Final = _tasks((0, [_op("await", "timeout", "submit")]), (1, [_op("yield")]))
#: loop 0 waits for a future of loop 1, which is cancelled there
CANCELLED: Final = _tasks((0, [_op("await", via="submit")]), (1, [_op("yield"), _op("cancel")]))
#: two posts from loop 0 to loop 1
POSTS: Final = _tasks((0, [_op("cancel", via="post"), _op("set_result", via="post-if-pending")]), (1, [_op("yield")]))
#: loop 1 is closed, and loop 0 posts to it
CLOSES: Final = _tasks((1, [_op("close-loop")]), (0, [_op("yield"), _op("set_result", via="post")]))
#: both loops complete a future of loop 1
COMPLETES: Final = _tasks((0, [_op("set_result", via="post")]), (1, [_op("set_result")]))
#: loop 1 waits for its own future, with a callback
CALLS: Final = _tasks(
    (1, [_op("add_done_callback", callback=0)]),
    (0, [_op("set_result", via="post-if-pending")]),
    callbacks=(Callback(),),
)


# ---- broken ways ----------------------------------------------------------------------------------------------------


def _target(
    name: str,
    submit: Callable[..., Any] = asyncio.run_coroutine_threadsafe,
    wrap: Callable[..., Any] = asyncio.wrap_future,
    new_future: Callable[..., Any] = PyFuture,
) -> Target:
    return evolve(
        SOUND,
        name=f"planted.{name}",
        new_future=lambda loop: new_future(loop=loop),
        crossing=Crossing(submit=submit, wrap=wrap),
    )


def _submit(coroutine: Any, loop: Any, schedule: str, *, hears: bool = True, tells: str = "all") -> Any:
    """As run_coroutine_threadsafe, but for what it leaves out."""
    out: concurrent.futures.Future[Any] = concurrent.futures.Future()

    def begin() -> None:
        task = loop.create_task(coroutine)

        def finished(task: Any) -> None:
            if task.cancelled():
                if tells == "all":
                    out.cancel()
                    out.set_running_or_notify_cancel()
                return
            if not out.set_running_or_notify_cancel():
                task.exception()
            elif task.exception() is not None:
                out.set_exception(task.exception())
            else:
                out.set_result("something" if tells == "something" else task.result())

        task.add_done_callback(finished)
        if hears:
            out.add_done_callback(lambda out: loop.call_soon_threadsafe(task.cancel) if out.cancelled() else None)

    getattr(loop, schedule)(begin)
    return out


def _without_waking(coroutine: Any, loop: Any) -> Any:
    return _submit(coroutine, loop, "call_soon")


def _deaf(coroutine: Any, loop: Any) -> Any:
    return _submit(coroutine, loop, "call_soon_threadsafe", hears=False)


def _silent(coroutine: Any, loop: Any) -> Any:
    return _submit(coroutine, loop, "call_soon_threadsafe", tells="results")


def _lying(coroutine: Any, loop: Any) -> Any:
    return _submit(coroutine, loop, "call_soon_threadsafe", tells="something")


def _twice(coroutine: Any, loop: Any) -> Any:
    """Tells the result twice, of which the second time is refused in the coroutine's loop."""
    out = asyncio.run_coroutine_threadsafe(coroutine, loop)
    out.add_done_callback(lambda out: loop.call_soon_threadsafe(out.set_result, None))
    return out


def _wrapped_without_waking(source: Any, *, loop: Any) -> Any:
    out = loop.create_future()
    source.add_done_callback(lambda source: loop.call_soon(out.set_result, source.result()))
    return out


def _wrapped_by_hand(source: Any, *, loop: Any) -> Any:
    """Right, but for what comes when the way that it leads to is closed or cancelled."""
    out = loop.create_future()
    source.add_done_callback(lambda source: loop.call_soon_threadsafe(out.set_result, source.result()))
    return out


class TwoWinners(PyFuture):  # type: ignore[misc]
    """A second result replaces the first."""

    def set_result(self, result: Any) -> None:
        """Asks nothing."""
        if self.done():
            self._result = result
        else:
            super().set_result(result)


class CallsTwice(PyFuture):  # type: ignore[misc]
    """Each callback is called twice."""

    def add_done_callback(self, callback: Any, *, context: Any = None) -> None:
        """Once more than asked."""
        super().add_done_callback(callback, context=context)
        super().add_done_callback(callback, context=context)


class CallsElsewhere(PyFuture):  # type: ignore[misc]
    """Callbacks are never called."""

    def add_done_callback(self, callback: Any, *, context: Any = None) -> None:
        """Forgets those that are the program's."""
        if type(callback).__name__ != "DoneCallback":
            super().add_done_callback(callback, context=context)


class LastFirst(several_loops._NumberedLoop):
    """What comes last is run first."""

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> Any:
        """At the front of the queue."""
        handle = super().call_soon_threadsafe(callback, *args, context=context)
        if len(self._ready) > 1 and self._ready[-1] is handle:
            self._ready.rotate(1)
        return handle


class TakesAll(several_loops._NumberedLoop):
    """A closed loop takes what is posted to it, and forgets it."""

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> Any:
        """Never refuses."""
        if self.is_closed():
            return None
        return super().call_soon_threadsafe(callback, *args, context=context)


class RefusesEarly(several_loops._NumberedLoop):
    """A loop that sleeps takes nothing."""

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> Any:
        """Refuses while it sleeps."""
        if self.asleep and self.world is not None:
            raise RuntimeError("Event loop is closed")
        return super().call_soon_threadsafe(callback, *args, context=context)


PLANTED: Final = [
    PlantedCrossing("forgets to wake the other loop", _target("deaf", _without_waking), WAITS, "M4", "loop not woken"),
    PlantedCrossing(
        "forgets to wake the waiter's loop",
        _target("asleep", wrap=_wrapped_without_waking),
        WAITS,
        "M4",
        "loop not woken",
    ),
    PlantedCrossing(
        "a cancellation that does not cross", _target("mute", _deaf), GIVES_UP, "M3", "cancellation did not cross"
    ),
    PlantedCrossing(
        "a cancellation that is not handed on",
        _target("keeps", wrap=_wrapped_by_hand),
        GIVES_UP,
        "M3",
        "cancellation did not cross",
    ),
    PlantedCrossing(
        "a cancellation that does not come back",
        _target("silent", _silent),
        CANCELLED,
        "M3",
        "cancellation never came back",
    ),
    PlantedCrossing("another result", _target("lying", _lying), WAITS, "M2", "came back differently"),
    PlantedCrossing(
        "a result that is told twice", _target("twice", _twice), WAITS, "M7", "InvalidStateError in the handler"
    ),
    PlantedCrossing("two winners", _target("two", new_future=TwoWinners), COMPLETES, "M5", "two winners"),
    PlantedCrossing(
        "callbacks twice", _target("double", new_future=CallsTwice), CALLS, "M8", "callback ran twice"
    ),
    PlantedCrossing(
        "callbacks never", _target("never", new_future=CallsElsewhere), CALLS, "M8", "callback never ran"
    ),
    PlantedCrossing("last first", SOUND, POSTS, "M1", "out of order", LastFirst),
    PlantedCrossing("a closed loop takes all", SOUND, CLOSES, "M6", "accepted by a closed loop", TakesAll),
    PlantedCrossing("an open loop refuses", SOUND, POSTS, "M6", "refused by an open loop", RefusesEarly),
]
