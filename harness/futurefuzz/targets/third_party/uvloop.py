"""uvloop: its loop is what is tested, with asyncio's own futures and tasks on it; see `stepping` for how it is driven.

What this does not see: the wake-up itself, a write by libuv to a descriptor (`call_soon_threadsafe` counts as one); and
timers, which follow the real clock, so that no program of ours sets one here.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any, Final

import uvloop

from futurefuzz.control import Control
from futurefuzz.explorers.base import Pending
from futurefuzz.runs.callouts import ProxyContext
from futurefuzz.targets.base import Sides, Target
from futurefuzz.targets.third_party.ends import wait_for
from futurefuzz.targets.third_party.stepping import CALL_SOON, WAKE, OwnThread, SteppedRun
from futurefuzz.targets.third_party.turns import OBJECT_OPERATIONS

__all__ = ["TARGETS", "SteppedLoop"]

_DEBUG: Final = Pending("get_debug", "loop", False)


class _Entered:
    """Stands for a handle that has entered the ready queue; uvloop's own do not tell what they call."""

    __slots__ = ("_callback",)

    def __init__(self, callback: object) -> None:
        self._callback = callback


class SteppedLoop(SteppedRun, uvloop.Loop):
    """uvloop's loop under control; in the place of `runs.posting.RunLoop`, whose arguments it takes."""

    def __init__(self, control: Control, carrier: int, notice: Callable[[Any], None]) -> None:
        super().__init__()
        self.control = control
        self.carrier = carrier
        self.thread = OwnThread()
        self.slow_callback_duration = math.inf  # by the real clock
        self._notice = notice
        self._entered = 0  # handles since the last iteration began

    # ---- what futures and threads call ------------------------------------------------------------------------------

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:
        """As uvloop's; a call-out of whatever schedules something."""
        if self.world is not None:
            self.world.callout(CALL_SOON)
        if isinstance(context, ProxyContext):
            context = context.context  # uvloop enters contexts in C, which takes real ones only
        handle = uvloop.Loop.call_soon(self, callback, *args, context=context)
        self._enter(callback)
        return handle

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> Any:
        """As uvloop's; a point before it, and one before the wake-up."""
        self.control.point(CALL_SOON)
        handle = uvloop.Loop.call_soon_threadsafe(self, callback, *args, context=context)
        self._enter(callback)
        self.control.point(WAKE)
        self.wake()
        return handle

    def get_debug(self) -> bool:
        """As uvloop's; a call-out of futures and tasks when they are made."""
        if self.world is not None:
            self.world.callout(_DEBUG)
        return uvloop.Loop.get_debug(self)

    def _enter(self, callback: object) -> None:
        self._entered += 1
        self._notice(_Entered(callback))

    # ---- what the run asks ------------------------------------------------------------------------------------------

    def ready_count(self) -> int:
        """How many handles wait for their turn."""
        return self._entered

    def iterate(self) -> None:
        """Run what is ready."""
        self._entered = 0
        uvloop.Loop.stop(self)  # stands last in the queue: all that is ready now runs, and nothing sleeps
        uvloop.Loop.run_forever(self)

    def close(self) -> None:
        """As uvloop's."""
        uvloop.Loop.close(self)
        self.thread.rest()
        self._notice = _nobody  # a task that never ended keeps its loop: it shall not keep the run


def _nobody(_handle: object) -> None:
    """Told of handles after the run."""


def _task(loop: asyncio.AbstractEventLoop) -> Sides:
    gate = loop.create_future()
    return Sides(gate, loop.create_task(wait_for(gate)))


def _dispose(sides: Sides) -> None:
    sides.observer.get_coro().close()


FUTURE: Final = Target(
    name="uvloop.Future",
    contract="asyncio",
    new_future=lambda loop: loop.create_future(),
    new_loop=SteppedLoop,
    lacks=OBJECT_OPERATIONS,  # the objects are asyncio's own, and tested as such
)

TASK: Final = Target(
    name="uvloop.Task",
    contract="asyncio",
    new_future=_task,
    shape="task",
    new_loop=SteppedLoop,
    lacks=OBJECT_OPERATIONS,  # the objects are asyncio's own, and tested as such
    dispose=_dispose,
)

TARGETS: Final = {target.name: target for target in (FUTURE, TASK)}
