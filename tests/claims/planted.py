"""Parts that behave otherwise than CPython's, one for each claim: with them its check must come out otherwise."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections.abc import Callable
from typing import Any

from attrs import evolve

from futurefuzz.claims import Parts
from futurefuzz.targets.base import Target

__all__ = ["PLANTED"]

_PyFuture: Any = asyncio.futures._PyFuture  # type: ignore[attr-defined]


def _target(name: str, make: Callable[[Any], Any], contract: str = "asyncio") -> Target:
    return Target(name=name, contract=contract, new_future=make)


def _with(make: Callable[[Any], Any]) -> Parts:
    return Parts(futures=(_target("planted.Future", make),))


def _loop(change: Callable[[Any], None]) -> Parts:
    def new_loop() -> Any:
        loop = asyncio.new_event_loop()
        change(loop)
        return loop

    return Parts(new_loop=new_loop)


# ---- futures --------------------------------------------------------------------------------------------------------


class Twice(_PyFuture):
    """Takes a second result."""

    def set_result(self, result: Any) -> None:
        if self.done():
            self._result = result
        else:
            super().set_result(result)


class Deaf(_PyFuture):
    """Does not wake those who wait when it is cancelled."""

    def cancel(self, msg: Any = None) -> bool:
        if self.done():
            return False
        self._state = "CANCELLED"
        self._callbacks = []
        return True


class Eager(_PyFuture):
    """Answers None instead of raising while it is pending."""

    def result(self) -> Any:
        return super().result() if self.done() else None


class Tracing(_PyFuture):
    """Logs its transitions in debug mode."""

    def _told(self) -> None:
        if self._loop.get_debug():
            logging.getLogger("asyncio").debug("now %s", self._state)

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        self._told()

    def set_exception(self, exception: Any) -> None:
        super().set_exception(exception)
        self._told()

    def cancel(self, msg: Any = None) -> bool:
        changed: bool = super().cancel(msg)
        self._told()
        return changed


class Inline(_PyFuture):
    """Runs its callbacks inside `set_result`."""

    def set_result(self, result: Any) -> None:
        callbacks, self._callbacks = self._callbacks, []
        super().set_result(result)
        for callback, context in callbacks:
            context.run(callback, self)


class Lifo(_PyFuture):
    """Schedules its callbacks last-in-first-out."""

    def set_result(self, result: Any) -> None:
        self._callbacks.reverse()
        super().set_result(result)


class Fragile(_PyFuture):
    """Runs its callbacks in one go: the first that raises keeps the others from running."""

    def set_result(self, result: Any) -> None:
        callbacks, self._callbacks = self._callbacks, []
        super().set_result(result)

        def run() -> None:
            for callback, context in callbacks:
                context.run(callback, self)

        self._loop.call_soon(run)


class Removable(_PyFuture):
    """Takes callbacks out after completion, too."""

    def __init__(self, *, loop: Any) -> None:
        super().__init__(loop=loop)
        self._handles: list[tuple[Any, Any]] = []

    def set_result(self, result: Any) -> None:
        callbacks, self._callbacks = self._callbacks, []
        super().set_result(result)
        for callback, context in callbacks:
            self._handles.append((callback, self._loop.call_soon(callback, self, context=context)))

    def remove_done_callback(self, fn: Any, /) -> int:
        found = [handle for callback, handle in self._handles if callback == fn]
        for handle in found:
            handle.cancel()
        return len(found) + int(super().remove_done_callback(fn))


class Forgetful(_PyFuture):
    """Holds its callbacks by weak references only where they are bound methods."""

    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        import weakref

        if getattr(fn, "__self__", None) is None or isinstance(fn.__self__, asyncio.Task):
            super().add_done_callback(fn, context=context)
            return
        method = weakref.WeakMethod(fn)

        def call(future: Any) -> None:
            found = method()
            if found is not None:
                found(future)

        super().add_done_callback(call, context=context)


class Holding(_PyFuture):
    """Keeps nothing of what it is given."""

    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        """Forget it."""


class ThreadSafe(_PyFuture):
    """Schedules its callbacks by `call_soon_threadsafe`, and takes results after its end in silence."""

    def _post(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for callback, context in callbacks:
            self._loop.call_soon_threadsafe(callback, self, context=context)

    def set_result(self, result: Any) -> None:
        if self.done():
            return
        self._result = result
        self._state = "FINISHED"
        self._post()


# ---- loops ----------------------------------------------------------------------------------------------------------


_last: list[Any] = []


def _found_anywhere() -> Parts:
    """Every thread sees the loop as its running one: what the article takes for granted."""

    def new_loop() -> Any:
        _last[:] = [asyncio.new_event_loop()]
        return _last[0]

    return Parts(new_loop=new_loop, get_running_loop=lambda: _last[0])


def _tolerant(loop: Any) -> None:
    """Takes posts after its end, too."""
    post = loop.call_soon_threadsafe

    def call_soon_threadsafe(callback: Any, *args: Any, context: Any = None) -> Any:
        return None if loop.is_closed() else post(callback, *args, context=context)

    loop.call_soon_threadsafe = call_soon_threadsafe


def _unwoken(loop: Any) -> None:
    loop.call_soon_threadsafe = loop.call_soon
    loop._write_to_self = lambda: None


def _verbose(loop: Any) -> None:
    """Reports slow callbacks without debug mode."""
    loop.set_debug(True)
    loop.set_debug = lambda enabled: None


def _drained(loop: Any) -> None:
    """Lets nothing wait: each call_soon beyond a few is dropped."""
    call_soon = loop.call_soon

    def few(callback: Any, *args: Any, context: Any = None) -> Any:
        handle = call_soon(callback, *args, context=context)
        if len(loop._ready) > 8 and callback.__name__ == "work":
            handle.cancel()
            loop._ready.remove(handle)
        return handle

    loop.call_soon = few


def _timeless(loop: Any) -> None:
    """Has no timers."""
    loop.call_later = loop.call_at = None


# ---- tasks and functions --------------------------------------------------------------------------------------------


class Uncancellable(asyncio.tasks._PyTask):  # type: ignore[name-defined,misc]
    """Cancels itself, but not what it awaits."""

    def cancel(self, msg: Any = None) -> bool:
        self._fut_waiter = None
        return bool(super().cancel(msg))


class Polite(asyncio.tasks._PyTask):  # type: ignore[name-defined,misc]
    """Says None of a cancelled task, as the article's monitoring callback expects."""

    def exception(self) -> Any:
        return None if self.cancelled() else super().exception()


def _task(kind: Any) -> Parts:
    return Parts(new_task=lambda loop, coroutine: kind(coroutine, loop=loop))


async def _losing(*awaitables: Any, return_exceptions: bool = False) -> Any:
    found = await asyncio.gather(*awaitables, return_exceptions=return_exceptions)
    return [None if isinstance(each, BaseException) else each for each in found]


def _refuse(policy: Any) -> None:
    raise AttributeError("there are no policies any more")


def _stopped_clock() -> int:
    return 1


_chained = evolve(
    Parts(),
    futures=(_target("planted.Future", lambda loop: Inline(loop=loop)),),
)

#: claim -> what it is checked with, and the verdict that must come out
PLANTED: dict[int, tuple[Parts, str]] = {
    1: (_with(lambda loop: Twice(loop=loop)), "depends"),
    2: (_with(lambda loop: Deaf(loop=loop)), "refuted"),
    3: (_with(lambda loop: Eager(loop=loop)), "refuted"),
    4: (_with(lambda loop: Tracing(loop=loop)), "holds"),
    5: (_with(lambda loop: Inline(loop=loop)), "holds"),
    6: (_with(lambda loop: Lifo(loop=loop)), "holds"),
    7: (_with(lambda loop: Fragile(loop=loop)), "refuted"),
    8: (_with(lambda loop: Removable(loop=loop)), "holds"),
    9: (_loop(_verbose), "holds"),
    10: (_with(lambda loop: ThreadSafe(loop=loop)), "refuted"),
    11: (_found_anywhere(), "holds"),
    12: (evolve(_loop(_tolerant), futures=_with(lambda loop: ThreadSafe(loop=loop)).futures), "holds"),
    13: (_loop(_unwoken), "refuted"),
    14: (_with(lambda loop: Forgetful(loop=loop)), "refuted"),
    15: (Parts(clock=_stopped_clock), "depends"),
    16: (_task(Uncancellable), "depends"),
    17: (_task(Polite), "holds"),
    18: (Parts(gather=_losing), "refuted"),
    19: (_loop(_drained), "refuted"),
    20: (Parts(all_tasks=lambda loop: set()), "refuted"),
    21: (Parts(clock=_stopped_clock), "refuted"),
    22: (evolve(_chained, concurrent=_target("planted.Inline", concurrent.futures.Future, "concurrent")), "holds"),
    24: (_with(lambda loop: ThreadSafe(loop=loop)), "depends"),
    23: (evolve(_loop(_timeless), set_policy=_refuse), "refuted"),
    25: (_with(lambda loop: Holding(loop=loop)), "refuted"),
}
