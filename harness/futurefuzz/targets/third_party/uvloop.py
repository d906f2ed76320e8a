"""uvloop: its loop is what is tested, with asyncio's own futures and tasks on it.

libuv sleeps and counts time where no control can see it, so this loop is not made virtual. It runs in a real thread of
its own and is stepped: one iteration at a time, each begun by the control's choice, none of which ever sleeps. Whether
the loop *would* sleep is known all the same (nothing has entered its queue since the last iteration), and so is whether
it would have been woken (through `call_soon_threadsafe` only). Inside an iteration callbacks run with points as on any
loop, so threads can act in the middle of it.

What this does not see: the wake-up itself, a write by libuv to a descriptor; and timers, which follow the real clock,
so that no program of ours sets one here.
"""

from __future__ import annotations

import asyncio
import math
from _thread import get_ident
from collections.abc import Callable
from contextvars import Context
from typing import Any, Final

import uvloop

from futurefuzz.control import Abort, Control, carriers
from futurefuzz.explorers.base import Pending
from futurefuzz.runs.callouts import ProxyContext
from futurefuzz.targets.base import Sides, Target
from futurefuzz.targets.third_party.ends import wait_for

__all__ = ["TARGETS", "SteppedLoop"]

_WAKE_UP: Final = "the loop's wake-up"
_SELECT: Final = Pending("select", "loop", True)
_DEBUG: Final = Pending("get_debug", "loop", False)
_CALL_SOON: Final = Pending("call_soon", "loop", True)
_WAKE: Final = Pending("wake", "loop", True)


class _Entered:
    """Stands for a handle that has entered the ready queue; uvloop's own do not tell what they call."""

    __slots__ = ("_callback",)

    def __init__(self, callback: object) -> None:
        self._callback = callback


class _Stepper:
    """The loop's own thread: does one thing at a time for the thread that asks, which waits meanwhile."""

    def __init__(self) -> None:
        self._carrier = carriers.take()
        self._over = carriers.closed_lock()
        self._error: BaseException | None = None

    def do(self, function: Callable[[], object]) -> None:
        """Call it there; what it raises is raised here."""

        def job() -> None:
            try:
                Context().run(function)
            except BaseException as error:
                self._error = error
            self._over.release()

        self._carrier.give(job)
        self._over.acquire()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def rest(self) -> None:
        """Give the thread back."""
        self._carrier.give(self._carrier.rest)


class SteppedLoop(uvloop.Loop):
    """uvloop's loop under control; in the place of `runs.posting.RunLoop`, whose arguments it takes."""

    def __init__(self, control: Control, carrier: int, notice: Callable[[Any], None]) -> None:
        super().__init__()
        self.control = control
        self.carrier = carrier
        self.world: Any = None
        self.asleep = False
        self.woken = False
        self.slow_callback_duration = math.inf  # by the real clock
        self._notice = notice
        self._entered = 0  # handles since the last iteration began
        self._ending = False

    # ---- what futures and threads call ------------------------------------------------------------------------------

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:
        """As uvloop's; a call-out of whatever schedules something."""
        if self.world is not None:
            self.world.callout(_CALL_SOON)
        if isinstance(context, ProxyContext):
            context = context.context  # uvloop enters contexts in C, which takes real ones only
        handle = super().call_soon(callback, *args, context=context)
        self._enter(callback)
        return handle

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> Any:
        """As uvloop's; a point before it, and one before the wake-up."""
        self.control.point(_CALL_SOON)
        handle = super().call_soon_threadsafe(callback, *args, context=context)
        self._enter(callback)
        self.control.point(_WAKE)
        self.wake()
        return handle

    def get_debug(self) -> bool:
        """As uvloop's; a call-out of futures and tasks when they are made."""
        if self.world is not None:
            self.world.callout(_DEBUG)
        return super().get_debug()

    def _enter(self, callback: object) -> None:
        self._entered += 1
        self._notice(_Entered(callback))

    # ---- what the run asks ------------------------------------------------------------------------------------------

    def ready_count(self) -> int:
        """How many handles wait for their turn."""
        return self._entered

    def wake(self) -> None:
        """What a write to the loop's descriptor does."""
        self.woken = True
        if self.asleep:
            self.control.unblock(self.carrier)

    def stop(self) -> None:
        """End after the next iteration."""
        self._ending = True

    def run_forever(self) -> None:
        """Iteration by iteration, until told to stop."""
        control = self.control
        stepper = _Stepper()
        self._ending = False
        try:
            while True:
                control.point(_SELECT)
                if not self._entered and not self._ending:
                    while not self.woken:
                        self.asleep = True
                        try:
                            control.block(_WAKE_UP, "asleep")
                        finally:
                            self.asleep = False
                self.woken = False
                stepper.do(self._iterate)
                if control.aborting:  # loops keep what callbacks raise to themselves
                    raise Abort
                if self._ending:
                    return
        finally:
            stepper.rest()

    def _iterate(self) -> None:
        self.control.idents.add(get_ident())
        self._entered = 0
        super().stop()  # stands last in the queue: all that is ready now runs, and nothing sleeps
        super().run_forever()

    def close(self) -> None:
        """As uvloop's."""
        super().close()
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
)

TASK: Final = Target(
    name="uvloop.Task",
    contract="asyncio",
    new_future=_task,
    shape="task",
    new_loop=SteppedLoop,
    dispose=_dispose,
)

TARGETS: Final = {target.name: target for target in (FUTURE, TASK)}
