"""Watches one loop from inside, whatever program it belongs to.

Three things of `asyncio.BaseEventLoop` are replaced on the instance while the watch lasts: the ready queue, by one that
notes when callbacks come and go; `_run_once`, by one that counts iterations; and `call_exception_handler`, by one
that keeps what it is told. The loop's own code does the rest, unchanged.

Rejected: wrapping `call_soon` (timers and descriptors do not come by it, and a frame more shows in debug tracebacks),
`Handle._run` (a slot class, shared by all loops), the loop's class (not the user's any more), and debug mode (changes
what the program does).

A callback may be appended by any thread at any moment, also to a queue that has just been replaced: the thread may have
looked at the loop's attribute before. Neither end of the watch may lose it. So the old queue is emptied into the new
one before each iteration, and a queue that is no longer watched passes on what it gets. Whoever appends from
another thread wakes the loop *afterwards*, so it comes round once more.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from futurefuzz.control.places import line_of
from futurefuzz.errors import InputError
from futurefuzz.health import describing
from futurefuzz.health.depths import Depths
from futurefuzz.health.histogram import Histogram
from futurefuzz.health.record import Complaint, LoopHealth, Slow, Stranger, Waiter
from futurefuzz.health.verdicts import verdicts_of

__all__ = ["KEPT", "Monitor"]

#: of each kind of observation, so many are kept
KEPT: Final = 100

#: nanoseconds between two looks at all tasks, and how many times as long as a look took
_BETWEEN_LOOKS: Final = 250_000_000
_LOOKING: Final = 200

_get_ident: Final = threading.get_ident


class Monitor:
    """Watches a loop from `attach` to `detach`.

    Args:
        loop: any loop that is an `asyncio.BaseEventLoop`.
        name: of the loop, for the report.
        slow: seconds from which on a callback counts as slow; None: the loop's own `slow_callback_duration`.
        clock: nanoseconds; real ones where none is given.
        virtual: the clock is the control's, so that a slow callback is a fault of the program and of nothing else.
        counting: count only, and look at nothing that belongs to the program: looking could call it.

    Raises:
        InputError: the loop is of another kind; see `health.outside` for that.
    """

    #: which loops it watches
    allowed = "loops that are an asyncio.BaseEventLoop"
    #: it sees only what comes by the loop's public methods
    outside = False

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        name: str,
        *,
        slow: float | None = None,
        clock: Callable[[], int] = time.perf_counter_ns,
        virtual: bool = False,
        counting: bool = False,
    ) -> None:
        if not self.fits(loop):
            kind = f"{type(loop).__module__}.{type(loop).__qualname__}"
            raise InputError(f"cannot watch a {kind}; allowed: {self.allowed}")
        self.loop: Any = loop
        self.name = name
        self.bound = float(getattr(loop, "slow_callback_duration", 0.1) if slow is None else slow)
        self.judged = virtual or slow is not None
        self.virtual = virtual
        self._counting = counting
        self.latency = Histogram()
        self.duration = Histogram()
        self.depths = Depths()
        self.slow: list[Slow] = []
        self.slow_count = 0
        self.complaints: list[Complaint] = []
        self.strangers: list[Stranger] = []
        self._clock = clock
        self.last = 0
        self._waits: dict[weakref.ref[Any], tuple[weakref.ref[Any], int]] = {}
        self._look_again = 0
        self._attached = False
        self._queue: Any = None
        self._before: dict[str, Any] = {}

    @staticmethod
    def fits(loop: object) -> bool:
        """Whether the loop is of that kind."""
        return isinstance(loop, asyncio.BaseEventLoop) and isinstance(getattr(loop, "_ready", None), deque)

    # ---- the two ends -----------------------------------------------------------------------------------------------

    def attach(self) -> None:
        """Begin; the loop may be running."""
        loop = self.loop
        self._old = loop._ready
        self._queue = self._watched_queue()
        own = vars(loop)
        self._before = {name: own[name] for name in ("_run_once", "call_exception_handler") if name in own}
        run_once, handler = loop._run_once, loop.call_exception_handler
        loop._run_once = self._running_once(run_once)
        if not self._counting:
            loop.call_exception_handler = self._handling(handler)
        self._attached = True
        loop._ready = self._queue
        self._fetch()

    def detach(self) -> None:
        """End; the loop may be running, or closed."""
        if not self._attached:
            return
        self._attached = False
        loop = self.loop
        self._fetch()
        old, queue = self._old, self._queue
        if loop._ready is queue:
            loop._ready = old
        queue.__class__ = _passing_on(old)
        while queue:
            try:
                old.append(deque.popleft(queue))
            except IndexError:
                break
        for name in ("_run_once", "call_exception_handler"):
            if name in self._before:
                setattr(loop, name, self._before[name])
            else:
                vars(loop).pop(name, None)

    def _fetch(self) -> None:
        """What came into the queue that was there before belongs into ours."""
        old, queue = self._old, self._queue
        while old:
            try:
                queue.adopt(old.popleft())
            except IndexError:
                return

    # ---- what is put in their places --------------------------------------------------------------------------------

    def _watched_queue(self) -> Any:
        # Names of an enclosing function are found fastest, and nothing here happens as often.
        monitor, clock = self, self._clock
        loop = self.loop
        latencies, durations = self.latency, self.duration
        latency_counts, duration_counts = latencies.counts, durations.counts
        bound = max(int(self.bound * 1e9), 1)
        times: deque[int] = deque()
        note_time, take_time = times.append, times.popleft
        put, take = deque.append, deque.popleft
        running: Any = None
        started = thread = 0
        notice = getattr(self._old, "notice", None)  # the queue of a loop of ours

        class Queue(deque[Any]):
            def append(self, handle: Any) -> None:
                note_time(clock())  # before the handle: who takes one always finds a time
                put(self, handle)
                if notice is not None:
                    notice(handle)
                if _get_ident() != thread and loop._thread_id not in (None, _get_ident()):
                    monitor.stranger(handle)

            def adopt(self, handle: Any) -> None:
                """One that was in the queue before; whoever wanted to know has been told."""
                note_time(clock())
                put(self, handle)

            def popleft(self) -> Any:
                nonlocal running, started
                now = clock()
                if running is not None:
                    took = now - started
                    duration_counts[took.bit_length()] += 1
                    if took > durations.longest:
                        durations.longest = took
                    if took >= bound:
                        monitor.slow_one(running, took)
                handle = take(self)
                running = handle
                started = now
                waited = now - take_time()
                if handle._cancelled:
                    running = None
                    return handle
                latency_counts[waited.bit_length()] += 1
                if waited > latencies.longest:
                    latencies.longest = waited
                return handle

            def begin(self) -> int:
                """An iteration begins; when the last callback did."""
                nonlocal thread
                thread = _get_ident()
                return started

            def end(self) -> None:
                """The iteration is over, and with it the last callback."""
                nonlocal running
                if running is not None:
                    took = clock() - started
                    durations.add(took)
                    if took >= bound:
                        monitor.slow_one(running, took)
                    running = None
                if len(times) != len(self):  # somebody has cleared or changed it by other ways
                    while len(times) > len(self):
                        take_time()
                    while len(times) < len(self):
                        note_time(clock())

        return Queue()

    def _running_once(self, real: Callable[[], None]) -> Callable[[], None]:
        queue, note = self._queue, self.depths.note

        def run_once() -> None:
            if self._old:
                self._fetch()
            last = self.last = queue.begin()
            note(len(queue), last)
            if last > self._look_again and not self._counting:
                self._look()
            try:
                real()
            finally:
                if self._attached:
                    queue.end()

        return run_once

    def _look(self) -> None:
        """Who waits for what? A second look that finds the same knows how long at least."""
        now = self._clock()
        before, self._waits = self._waits, {}
        for task in asyncio.all_tasks(self.loop):
            awaited = getattr(task, "_fut_waiter", None)
            if awaited is None:
                continue
            try:
                reference, wait = weakref.ref(task), weakref.ref(awaited)
            except TypeError:  # a class without room for references
                continue
            since = before.get(reference)
            self._waits[reference] = since if since is not None and since[0] is wait else (wait, now)
        took = self._clock() - now
        self._look_again = now + max(_BETWEEN_LOOKS, took * _LOOKING)

    def _handling(self, real: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
        def call_exception_handler(context: dict[str, Any]) -> None:
            if self._attached and len(self.complaints) < KEPT:
                self.complaints.append(describing.complaint(context))
            real(context)

        return call_exception_handler

    # ---- what is seldom ---------------------------------------------------------------------------------------------

    def slow_one(self, handle: Any, took: int) -> None:
        """A callback was slow."""
        if self._counting:
            return
        self.slow_count += 1
        callback = handle._callback
        if callback is None:  # it was cancelled while it ran
            return
        self.slow.append(describing.slow(callback, took / 1e9))
        if len(self.slow) > KEPT:
            self.slow.sort(key=lambda each: -each.seconds)
            del self.slow[KEPT // 2 :]

    def stranger(self, handle: Any) -> None:
        """A callback came from another thread: by `call_soon_threadsafe`, or without waking the loop?"""
        if self._counting:
            return
        frame: FrameType | None = sys._getframe(2)
        scheduling: list[str] = []
        while frame is not None and len(scheduling) < 6 and frame.f_locals.get("self") is self.loop:
            scheduling.append(frame.f_code.co_name)
            frame = frame.f_back
        if not scheduling or "call_soon_threadsafe" in scheduling or len(self.strangers) >= KEPT:
            return
        self.strangers.append(
            Stranger(
                thread=threading.current_thread().name,
                where=line_of(frame),
                callback=describing.called(handle._callback)[0],
            )
        )

    # ---- the answer -------------------------------------------------------------------------------------------------

    def health(self, waiters: tuple[Waiter, ...] | None = None) -> LoopHealth:
        """What was seen so far; the loop may be running, in this thread or in another one.

        Args:
            waiters: tasks that wait, where the caller knows better than `asyncio.all_tasks`.
        """
        now = self._clock()
        seen = LoopHealth(
            name=self.name,
            iterations=self.depths.iterations,
            depth=self.depths.record(self._ready_now(), now),
            latency=self.latency,
            duration=self.duration,
            slow=tuple(sorted(self.slow, key=lambda each: -each.seconds)),
            slow_count=self.slow_count,
            bound=self.bound,
            waiters=self._waiters(now) if waiters is None else waiters,
            complaints=tuple(self.complaints),
            strangers=tuple(self.strangers),
            virtual=self.virtual,
            outside=self.outside,
        )
        return verdicts_of(seen, judge_slow=self.judged)

    def _ready_now(self) -> int:
        return len(self._queue if self._attached else self.loop._ready)

    def _waiters(self, now: int) -> tuple[Waiter, ...]:
        current = asyncio.current_task(self.loop)
        self._look()
        # Nobody has gone since the last callback began.
        idle = 0 if current is not None or not self.last else now - self.last
        found = []
        for task in asyncio.all_tasks(self.loop):
            if task is not current and not task.done():
                since = self._waits.get(weakref.ref(task))
                waited = max(idle, 0 if since is None else now - since[1])
                found.append(describing.waiter(task, waited / 1e9))
        return tuple(sorted(found, key=lambda each: (-each.seconds, each.name, each.where)))


def _passing_on(old: deque[Any]) -> type:
    """What becomes of a queue that is no longer watched: whoever still has it in hand adds to the loop's own."""

    class PassingOn(deque[Any]):
        def append(self, handle: Any) -> None:
            old.append(handle)

    return PassingOn
