"""`futurefuzz.watch`: the health of any asyncio loop in any running program, without control.

    with futurefuzz.watch(loop) as health:      # or watch(): every loop that runs meanwhile
        ...
    print(health.report())
"""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from futurefuzz.errors import InputError
from futurefuzz.health.monitor import Monitor
from futurefuzz.health.outside import OutsideMonitor
from futurefuzz.health.record import LoopHealth, Verdict

__all__ = ["FORMAT", "Health", "watch"]

FORMAT: Final = 1

#: of loops that have ended so many are remembered, and then only those with verdicts
_KEPT_LOOPS: Final = 1000


class Health:
    """What a watch has seen; may be asked during the watch and after it, from any thread."""

    def __init__(self) -> None:
        self._monitors: list[Monitor] = []
        self._ended: list[LoopHealth] = []

    @property
    def loops(self) -> tuple[LoopHealth, ...]:
        """Each loop, in the order in which they were first seen."""
        return (*self._ended, *(monitor.health() for monitor in list(self._monitors)))

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the program did wrong, as far as it can be told exactly."""
        return tuple(verdict for loop in self.loops for verdict in loop.verdicts)

    def report(self, *, width: int = 100) -> str:
        """As text."""
        from futurefuzz.health.report import health_lines
        from futurefuzz.reports.page import UNICODE, Page

        page = Page(width=width, glyphs=UNICODE)
        return "\n".join(line.plain.rstrip() for line in health_lines(self.loops, page)) + "\n"

    def to_json(self) -> dict[str, Any]:
        """As a JSON document."""
        return {"format": FORMAT, "loops": [loop.to_json() for loop in self.loops]}


class watch:
    """While in this context, a loop is watched; running it meanwhile, or being run by it, are both right.

    Args:
        loop: which; None watches every loop of asyncio that begins to run meanwhile, in any thread, and every loop of
            uvloop if that has been imported before. Of a loop that is none of asyncio's own only that is seen which
            comes by its public methods.
        slow: seconds that a callback may take. When given, a slower one is a verdict; otherwise the loop's own
            `slow_callback_duration` tells which callbacks are listed, and a slow one is a measurement only, for
            it may be the machine that was slow.

    Raises:
        InputError: the loop is none that can be watched (its methods cannot be replaced on the instance), or it is
            being watched already.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None, *, slow: float | None = None) -> None:
        if slow is not None and not slow > 0:
            raise InputError(f"watch: slow is {slow!r}; allowed: seconds, more than 0")
        self._loop = loop
        self._slow = slow
        self._health = Health()
        self._count = 0
        self._lock = threading.Lock()
        self._replaced: list[tuple[Any, Any]] = []

    def __enter__(self) -> Health:
        if self._loop is not None:
            self._attach(self._loop)
        else:
            self._attach_all()
        return self._health

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for owner, own in self._replaced:
            if own is None:
                del owner.run_forever
            else:
                owner.run_forever = own
        self._replaced.clear()
        health = self._health
        with self._lock:
            for monitor in health._monitors:
                _release(monitor)
            health._ended = list(health.loops)
            health._monitors = []

    def _attach(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            if loop in _watched:
                raise InputError("watch: this loop is being watched already; allowed: one watch at a time")
            health = self._health
            while health._monitors and health._monitors[0].loop.is_closed():  # do not keep what has ended
                ended = health._monitors[0]
                _release(ended)
                seen = ended.health()
                if len(health._ended) < _KEPT_LOOPS or seen.verdicts:
                    health._ended.append(seen)
                del health._monitors[0]
            self._count += 1
            monitor = (Monitor if Monitor.fits(loop) else OutsideMonitor)(loop, f"loop {self._count}", slow=self._slow)
            monitor.attach()
            _watched.add(loop)
            health._monitors.append(monitor)

    def _attach_all(self) -> None:
        uvloop = sys.modules.get("uvloop")
        owners: list[Any] = [asyncio.BaseEventLoop, getattr(uvloop, "Loop", None)]
        for owner in owners:
            if owner is not None:
                self._replaced.append((owner, vars(owner).get("run_forever")))
                owner.run_forever = self._running(owner.run_forever)

    def _running(self, real: Callable[[Any], None]) -> Callable[[Any], None]:
        def run_forever(loop: Any) -> None:
            if loop not in _watched:
                self._attach(loop)
            real(loop)

        return run_forever


#: the loops that are being watched, by anybody
_watched: weakref.WeakSet[Any] = weakref.WeakSet()


def _release(monitor: Monitor) -> None:
    monitor.detach()
    _watched.discard(monitor.loop)
