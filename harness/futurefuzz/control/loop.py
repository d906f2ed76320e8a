"""asyncio's own event loop with only its selector, self-pipe and clock replaced.

Everything that a test can observe (`call_soon`, the ready queue, timers, `run_forever`, exception handling, debug
mode) is CPython's `asyncio.BaseEventLoop`. Where a real loop sleeps in the operating system's selector, this one
blocks in the control, so a wake-up that was never sent is a deadlock that is seen at once instead of a hang that is
guessed from a clock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from futurefuzz.control.scheduler import Control
from futurefuzz.explorers.base import Pending

__all__ = ["ReadyQueue", "VirtualLoop"]

#: what a sleeping loop waits for
_WAKE_UP: Final = "the loop's wake-up"


class ReadyQueue(deque[asyncio.Handle]):
    """The loop's ready queue; tells who put what in."""

    __slots__ = ("notice",)

    def __init__(self, notice: Callable[[asyncio.Handle], None]) -> None:
        super().__init__()
        self.notice = notice

    def append(self, handle: asyncio.Handle) -> None:
        """Called by `call_soon` and its like. Entry and notice are one step: no point lies between them."""
        super().append(handle)
        self.notice(handle)


class _Selector:
    """In the place of the operating system's selector."""

    __slots__ = ("_event", "loop")

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self._event = Pending("select", "loop", True)

    def select(self, timeout: float | None) -> list[Any]:
        """Sleep until somebody writes to the self-pipe or the timeout (virtual seconds) is over."""
        loop = self.loop
        control = loop.control
        control.point(self._event)
        if timeout is None or timeout > 0:
            while not loop.woken:
                loop.asleep = True
                try:
                    if not control.block(_WAKE_UP, "asleep", None if loop.timers else timeout):
                        break
                finally:
                    loop.asleep = False
        loop.woken = False
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop whose sleep and clock belong to the control.

    Args:
        control: of the run.
        carrier: index of the actor that will run it.
        notice: told of each handle that enters the ready queue, at the moment when it does.

    Attributes:
        timers: of a loop whose timers are actors of the control (`timers_are_actors`), handle -> index of the actor.
            There a timer may fire at any point, as if everybody else had been slow: before what is ready, too.
    """

    timers_are_actors = False

    def __init__(self, control: Control, carrier: int, notice: Callable[[asyncio.Handle], None]) -> None:
        super().__init__()
        self.control = control
        self.carrier = carrier
        self.woken = False
        self.asleep = False
        self._selector: _Selector | None = _Selector(self)
        self._ready = ReadyQueue(notice)
        self.timers: dict[asyncio.TimerHandle, int] = {}
        self._timed = 0
        self._posting = Pending("call_soon", "loop", True)
        self._waking = Pending("wake", "loop", True)

    def time(self) -> float:
        """Virtual seconds."""
        return self.control.time

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override]
        """As asyncio's; a point, since C code calls out here."""
        self.control.point(self._posting)
        return super().call_soon(callback, *args, context=context)

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Any, *args: Any, context: Any = None
    ) -> asyncio.Handle:
        """As asyncio's; a point before it."""
        self.control.point(self._posting)
        return super().call_soon_threadsafe(callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:  # type: ignore[override]
        """As asyncio's; the timer may be an actor of the control."""
        handle = super().call_at(when, callback, *args, context=context)
        if self.timers_are_actors and when > self.control.time and self.control.current >= 0:
            index = self.timers[handle] = self._spawn(f"timer {self._timed}", lambda: self._expired(handle))
            self._timed += 1
            self.control.delay(index, when)
        return handle

    def _spawn(self, name: str, body: Callable[[], None]) -> int:
        """Add an actor; its index. Whoever keeps books on actors does so here."""
        return self.control.spawn(name, body)

    def _expired(self, handle: asyncio.TimerHandle) -> None:
        """The control has let the time come."""
        self.timers.pop(handle, None)
        self.wake()

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        super()._timer_handle_cancelled(handle)  # type: ignore[misc]
        index = self.timers.pop(handle, None)
        if index is not None:
            self.control.retire(index)

    def wake(self) -> None:
        """What a byte in the self-pipe does."""
        self.woken = True
        if self.asleep:
            self.control.unblock(self.carrier)

    def close(self) -> None:
        """As asyncio's."""
        super().close()
        # A task that never ended keeps its loop until the collector comes: let neither keep the run.
        self._selector = None
        self._ready = ReadyQueue(lambda handle: None)

    def ready_count(self) -> int:
        """How many handles wait for their turn."""
        return len(self._ready)

    def _write_to_self(self) -> None:
        self.control.point(self._waking)
        self.wake()

    def _process_events(self, event_list: list[Any]) -> None:
        """Nothing: this loop watches no descriptors."""
