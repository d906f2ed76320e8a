"""Loops that cannot be made virtual, under control all the same: a thread of their own, and one iteration at a time.

A loop in C sleeps and counts time where no control can see it. So it never gets to sleep: it runs in a real thread of
its own, one iteration for each choice of the control, and between iterations the control does the sleeping. Whether the
loop *would* sleep is known (nothing is ready), and so is whether somebody would wake it. Inside an iteration, callbacks
run with points as on any loop, so threads can act in the middle of it.
"""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Callable
from contextvars import Context
from typing import Any, Final

from futurefuzz.control import Abort, Control, carriers
from futurefuzz.control.gates import closed_gate
from futurefuzz.explorers.base import Pending

__all__ = ["CALL_SOON", "WAKE", "OwnThread", "SteppedRun"]

_WAKE_UP: Final = "the loop's wake-up"
_SELECT: Final = Pending("select", "loop", True)
CALL_SOON: Final = Pending("call_soon", "loop", True)
WAKE: Final = Pending("wake", "loop", True)


class OwnThread:
    """A thread that does one thing at a time for the thread that asks, which waits meanwhile.

    Args:
        carrier: the thread; one of the pool when none is given.
    """

    def __init__(self, carrier: carriers.Carrier | None = None) -> None:
        self._carrier = carriers.take() if carrier is None else carrier
        self._over = closed_gate()
        self._error: BaseException | None = None
        self._rested = False

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
        """Give a thread of the pool back, once: in the pool twice, it would be lent to two."""
        if not self._rested:
            self._rested = True
            self._carrier.give(self._carrier.rest)


class SteppedRun:
    """What a run asks of such a loop; the loop says how it iterates."""

    control: Control
    carrier: int
    thread: OwnThread
    world: Any = None
    asleep = False
    woken = False
    ending = False

    def iterate(self) -> None:
        """Run what is ready now, and no more; called on the loop's thread."""
        raise NotImplementedError

    def ready_count(self) -> int:
        """How many callbacks wait for their turn."""
        raise NotImplementedError

    def wake(self) -> None:
        """What a write to the loop's descriptor does."""
        self.woken = True
        if self.asleep:
            self.control.unblock(self.carrier)

    def stop(self) -> None:
        """End after the next iteration."""
        self.ending = True

    def run_forever(self) -> None:
        """Iteration by iteration, until told to stop."""
        control = self.control
        self.ending = False
        while True:
            control.point(_SELECT)
            if not self.ready_count() and not self.ending:
                while not self.woken:
                    self.asleep = True
                    try:
                        control.block(_WAKE_UP, "asleep")
                    finally:
                        self.asleep = False
            self.woken = False
            self.thread.do(self._iterate)
            if control.aborting:  # loops keep what callbacks raise to themselves
                raise Abort
            if self.ending:
                return

    def _iterate(self) -> None:
        self.control.idents.add(get_ident())
        self.iterate()
