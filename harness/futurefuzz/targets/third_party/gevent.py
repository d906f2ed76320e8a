"""gevent: `AsyncResult`, on a hub that is stepped, and without one.

`gevent.AsyncResult`: tasks are greenlets that wait in `AsyncResult.get`, callbacks are links, and both run in a hub, in
a thread of its own, which is stepped (see `stepping`). The hub's queue is the loop of the run. Nothing here is
cancelled, and no callback taken back: an AsyncResult offers neither as asyncio does. "This object is for communicating
among greenlets within the same thread *only*!" says its documentation, so threads only post.

`gevent.AsyncResult-without-hub`: where a thread has no hub, gevent calls links at once, in whoever sets the result. One
call at a time, see `turns`; waiting goes through a link.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

import greenlet
from gevent import Greenlet, Timeout, get_hub, killall
from gevent import sleep as gevent_sleep
from gevent.event import AsyncResult

from futurefuzz.control import Abort, Control, carriers
from futurefuzz.targets.base import Target
from futurefuzz.targets.third_party.stepping import CALL_SOON, WAKE, OwnThread, SteppedRun
from futurefuzz.targets.third_party.turns import OBJECT_OPERATIONS, turn

__all__ = ["TARGETS", "HubLoop", "LinkedResult", "ResultFuture"]


# ---- on a hub -------------------------------------------------------------------------------------------------------


class LinkedResult:
    """An AsyncResult under the names of an asyncio future.

    Args:
        loop: of the run.
        result_class: makes the AsyncResult; a test plants its bugs here.
    """

    def __init__(self, loop: HubLoop, result_class: Callable[[], Any] = AsyncResult) -> None:
        self._loop = loop
        self.inner = result_class()

    def set_result(self, value: Any) -> None:
        """`set`."""
        self._loop.scheduling()
        self.inner.set(value)

    def set_exception(self, error: Any) -> None:
        """`set_exception`, which takes instances."""
        error = error() if isinstance(error, type) else error
        self._loop.scheduling()
        self.inner.set_exception(error)

    def done(self) -> bool:
        """`ready`."""
        return bool(self.inner.ready())

    def add_done_callback(self, callback: Callable[[Any], object], *, context: Any = None) -> None:
        """`rawlink`; gevent has no contexts, so the link enters the one that is passed."""

        def link(_inner: object) -> None:
            if context is None:
                callback(self)
            else:
                context.run(callback, self)

        self._loop.scheduling()
        self.inner.rawlink(link)

    def result(self) -> Any:
        """`get(block=False)`."""
        try:
            return self.inner.get(block=False)
        except Timeout:
            raise asyncio.InvalidStateError from None

    def exception(self) -> Any:
        """`exception`, which is None too while nothing is set."""
        if not self.inner.ready():
            raise asyncio.InvalidStateError
        return self.inner.exception

    def get(self) -> Any:
        """Wait for it, in a greenlet."""
        return self.inner.get()

    def __await__(self) -> Any:
        return (yield self)

    def __repr__(self) -> str:
        return repr(self.inner)


class _Greenlet:
    """A task: a greenlet that drives a coroutine, waiting where it waits."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], *, loop: HubLoop) -> None:
        self._coroutine = coroutine
        self._log_destroy_pending = False
        self._ended = False
        loop.spawn(self._drive)

    def _drive(self) -> None:
        resume = partial(self._coroutine.send, None)
        try:
            while True:
                awaited = resume()
                try:
                    if awaited is None:
                        gevent_sleep(0)
                        resume = partial(self._coroutine.send, None)
                    else:
                        resume = partial(self._coroutine.send, awaited.get())
                except Exception as error:
                    resume = partial(self._coroutine.throw, error)
        except StopIteration:
            self._ended = True

    def done(self) -> bool:
        """Whether the coroutine came to its end."""
        return self._ended


class _HubThread:
    """The thread of the hub: one for all runs of a process, since nothing makes hubs cheap, and away from the pool."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.own = OwnThread(carriers.Carrier())
        self.hub: Any = None
        self.main: Any = None
        self.own.do(self._begin)

    def _begin(self) -> None:
        self.hub = get_hub()
        self.main = greenlet.getcurrent()


_threads: Final[list[_HubThread]] = []


def _hub_thread() -> _HubThread:
    if not _threads or _threads[0].pid != os.getpid():  # a child process has none of its parent's threads
        _threads[:] = [_HubThread()]
    return _threads[0]


class HubLoop(SteppedRun):
    """A hub as the loop of a run; in the place of `runs.posting.RunLoop`, whose arguments it takes."""

    def __init__(self, control: Control, carrier: int, notice: Callable[[Any], None]) -> None:
        self.control = control
        self.carrier = carrier
        self._notice: Callable[[Any], None] | None = notice
        self._hub_thread = _hub_thread()
        self.thread = self._hub_thread.own
        self.hub = self._hub_thread.hub
        self.hub.handle_error = self._handle_error
        self._greenlets: list[Any] = []
        self._handler: Callable[[Any, dict[str, Any]], None] | None = None

    def set_debug(self, _on: bool) -> None:
        """A hub has no such mode."""

    def set_exception_handler(self, handler: Callable[[Any, dict[str, Any]], None]) -> None:
        """Who is told of what links raise."""
        self._handler = handler

    def _handle_error(self, _context: object, _kind: object, error: BaseException, _traceback: object) -> None:
        if self._handler is not None and not isinstance(error, Abort | greenlet.GreenletExit):
            self._handler(self, {"message": "Exception in callback", "exception": error})

    def spawn(self, drive: Callable[[], None]) -> None:
        """Start a greenlet."""
        self.thread.do(lambda: self._greenlets.append(Greenlet.spawn(drive)))

    def scheduling(self) -> None:
        """Somebody is about to do what may put something into the hub's queue."""
        if self.world is not None:
            self.world.callout(CALL_SOON)

    def call_soon_threadsafe(self, callback: Any) -> None:
        """`run_callback_threadsafe` of the hub's loop."""
        self.control.point(CALL_SOON)
        self.hub.loop.run_callback_threadsafe(callback)
        assert self._notice is not None
        self._notice(_Entered(callback))
        self.control.point(WAKE)
        self.wake()

    def ready_count(self) -> int:
        """How many callbacks wait in the hub's queue."""
        return len(self.hub.loop._callbacks)

    def iterate(self) -> None:
        """Let the hub run until it comes to our own place in its queue."""
        self.hub.loop.run_callback(self._hub_thread.main.switch)
        self.hub.switch()

    def close(self) -> None:
        """End what still waits."""
        self._handler = self._notice = None
        self.thread.do(self._end)
        self._greenlets.clear()

    def _end(self) -> None:
        killall(self._greenlets, block=False)
        while self.ready_count():
            self.iterate()
        vars(self.hub).pop("handle_error", None)


class _Entered:
    """Stands for a handle that has entered the queue."""

    __slots__ = ("_callback",)

    def __init__(self, callback: object) -> None:
        self._callback = callback


ON_HUB: Final = Target(
    name="gevent.AsyncResult",
    contract="asyncio",
    new_future=LinkedResult,
    new_loop=HubLoop,
    task_class=_Greenlet,
    thread_operations=frozenset({"drop", "collect"}),
    lacks=OBJECT_OPERATIONS | {"cancel", "cancelled", "remove_done_callback"},
    departures={
        "A2": "It stores what it is given, whether or not it can be raised (code of AsyncResult.set_exception).",
        "A8": (
            "All links of one result run at one place in the queue: “The order and timing in which waiting greenlets "
            "are awakened is not determined” (docstring of gevent.event.AsyncResult)."
        ),
        "A11": (
            "A link runs in the hub, whose context it gets: “callback will be called in the Hub” (docstring of "
            "AsyncResult.rawlink). A context that is passed is entered by the adapter."
        ),
        "A21": (
            "A traceback is kept only where it is given: exc_info “will be used when the exception is re-raised to "
            "propagate the correct traceback” (docstring of AsyncResult.set_exception)."
        ),
    },
)


# ---- without a hub --------------------------------------------------------------------------------------------------


class ResultFuture:
    """An AsyncResult under the names of a concurrent future.

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


WITHOUT_HUB: Final = Target(
    name="gevent.AsyncResult-without-hub",
    contract="concurrent",
    new_future=ResultFuture,
    lacks=OBJECT_OPERATIONS | {"cancel", "cancelled", "running", "set_running"},
    departures={
        "C9": (
            "A link that is added inside another one is called after rawlink has returned, by whoever notifies: "
            "“callback will be called in the Hub” (docstring of AsyncResult.rawlink)."
        ),
        "C12": (
            "An exception of a link goes to the hub's error handler, or with its traceback to stderr when there is no "
            "hub, not to a logger (gevent.hub.Hub.handle_error)."
        ),
        "C14": (
            "A traceback is kept only where it is given: exc_info “will be used when the exception is re-raised to "
            "propagate the correct traceback” (docstring of AsyncResult.set_exception)."
        ),
    },
)

TARGETS: Final = {target.name: target for target in (ON_HUB, WITHOUT_HUB)}
