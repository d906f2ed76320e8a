"""Watches a loop that is none of asyncio's own, such as uvloop's, by what passes through its public methods.

Such a loop has no ready queue that could be looked at. But asyncio's futures and tasks schedule their callbacks by
the loop's `call_soon`, and look it up on the instance; so do programs. These methods are replaced on the instance
while the watch lasts, and what they are given is timed. What the loop's own machinery calls (the protocols of its
transports) does not come by them and is not seen, nor is who waits for the loop in C.

Iterations are inferred: a loop runs what was ready when an iteration began, in order, and then begins another one; so
with the first callback that was scheduled after that begins the next.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from futurefuzz.control.places import line_of
from futurefuzz.health import describing
from futurefuzz.health.monitor import KEPT, Monitor
from futurefuzz.health.record import Stranger

__all__ = ["OutsideMonitor"]

_SOON: Final = ("call_soon", "call_soon_threadsafe")
_LATER: Final = ("call_later", "call_at", "add_reader", "add_writer")

_get_ident: Final = threading.get_ident


class OutsideMonitor(Monitor):
    """Watches a loop from `attach` to `detach`; arguments and attributes as of `Monitor`."""

    allowed = "loops that are an asyncio.AbstractEventLoop, and whose methods can be replaced on the instance"
    outside = True

    @staticmethod
    def fits(loop: object) -> bool:
        """Whether the loop has room for attributes."""
        return isinstance(loop, asyncio.AbstractEventLoop) and hasattr(loop, "__dict__")

    def attach(self) -> None:
        """Begin; the loop may be running."""
        own = vars(self.loop)
        names = (*_SOON, *_LATER, "call_exception_handler")
        self._before = {name: own[name] for name in names if name in own}
        self._scheduled: deque[_Timed] = deque()
        self._number = self._ends = 0  # of what was scheduled last, and of the last one of this iteration
        self._thread: int | None = None
        self._attached = True
        for name in _SOON:
            setattr(self.loop, name, self._soon(name, getattr(self.loop, name)))
        for name in _LATER:
            setattr(self.loop, name, self._later(getattr(self.loop, name)))
        self.loop.call_exception_handler = self._handling(self.loop.call_exception_handler)

    def detach(self) -> None:
        """End; the loop may be running, or closed."""
        if not self._attached:
            return
        self._attached = False
        own = vars(self.loop)
        for name in (*_SOON, *_LATER, "call_exception_handler"):
            if name in self._before:
                own[name] = self._before[name]
            else:
                own.pop(name, None)

    def _soon(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        scheduled, clock = self._scheduled, self._clock
        strange = name == "call_soon"

        def soon(callback: Any, *args: Any, **settings: Any) -> Any:
            if type(callback) is _Timed:  # one of these methods uses another one
                return real(callback, *args, **settings)
            self._number += 1
            timed = _Timed(self, callback, clock(), self._number)
            scheduled.append(timed)
            if strange and self._thread is not None and _get_ident() != self._thread:
                self._called_by_a_stranger(callback)
            return real(timed, *args, **settings)

        return soon

    def _later(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def later(when: Any, callback: Any, *args: Any, **settings: Any) -> Any:
            timed = callback if type(callback) is _Timed else _Timed(self, callback, 0, 0)
            return real(when, timed, *args, **settings)

        return later

    def _called_by_a_stranger(self, callback: Any) -> None:
        if not self.loop.is_running() or len(self.strangers) >= KEPT:
            return
        self.strangers.append(
            Stranger(
                thread=threading.current_thread().name,
                where=line_of(sys._getframe(2)),
                callback=describing.called(callback)[0],
            )
        )

    # ---- what a timed callback tells --------------------------------------------------------------------------------

    def begins(self, timed: _Timed) -> int:
        """A callback is called; when."""
        now = self.last = self._clock()
        self._thread = _get_ident()
        number = timed.number
        if not number:
            return now
        self.latency.add(now - timed.since)
        scheduled = self._scheduled
        while scheduled and scheduled[0].number < number:  # these were cancelled
            scheduled.popleft()
        if number > self._ends:
            self.depths.note(len(scheduled), now)
            self._ends = self._number
            if now > self._look_again:
                self._look()
        if scheduled and scheduled[0] is timed:
            scheduled.popleft()
        return now

    def ends(self, timed: _Timed, began: int) -> None:
        """It is over."""
        now = self._clock()
        self.duration.add(now - began)
        if now - began >= self.bound * 1e9:
            self.slow_one(timed, now - began)
        if not self._scheduled and timed.number:
            self.depths.note(0, now)

    def _ready_now(self) -> int:
        return len(self._scheduled)


class _Timed:
    """A callback that tells when it is called; apart from that as the callback itself."""

    __slots__ = ("_callback", "monitor", "number", "since")

    def __init__(self, monitor: OutsideMonitor, callback: Any, since: int, number: int) -> None:
        self.monitor = monitor
        self._callback = callback
        self.since = since
        self.number = number

    def __call__(self, *args: Any) -> Any:
        monitor = self.monitor
        if not monitor._attached:
            return self._callback(*args)
        began = monitor.begins(self)
        try:
            return self._callback(*args)
        finally:
            monitor.ends(self, began)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._callback, name)

    def __repr__(self) -> str:
        return repr(self._callback)
