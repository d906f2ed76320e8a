"""Virtual locks: the two primitives that everything else in `threading` and `queue` is made of.

CPython's own Condition, Event, Semaphore, Barrier and queues are Python code over `Lock`, `RLock` and
`_allocate_lock`. We replace only these, so that the code of the others runs as it is and is tested with the rest.

A lock outlives its run (a future does, and the oracles look at it; a library may keep one for good). Outside of runs
nobody competes for it, so it is simply taken; in a later run it joins that run.
"""

from __future__ import annotations

import _thread
from types import TracebackType
from typing import Final

from futurefuzz.control.going_on import current_control
from futurefuzz.control.scheduler import Control
from futurefuzz.explorers.base import Pending

__all__ = ["Lock", "RLock"]

_real_lock: Final = _thread.allocate_lock


def _check_timeout(blocking: bool, timeout: float) -> None:
    if (not blocking and timeout != -1) or (timeout < 0 and timeout != -1):
        _real_lock().acquire(blocking, timeout)  # raises, with this interpreter's own words


class _Base:
    __slots__ = (
        "__weakref__",
        "_acquiring",
        "_control",
        "_count",
        "_kind",
        "_name",
        "_owner",
        "_releasing",
        "_waiters",
    )

    def __init__(self, control: Control, kind: str) -> None:
        self._kind = kind
        self._join(control)

    def _join(self, control: Control) -> None:
        self._control = control
        self._owner = -1  # index of the actor that holds it
        self._count = 0  # how often; only a re-entrant lock has more than one
        self._waiters: list[int] = []
        control.made += 1
        self._name = f"{self._kind} {control.made}"
        self._acquiring = Pending("acquire", self._name, True)
        self._releasing = Pending("release", self._name, True)

    def _present(self) -> Control:
        """The control that it is under now: a lock of an earlier run joins the one that is going on."""
        control = current_control()
        if control is not None and control is not self._control:
            self._join(control)
            return control
        return self._control

    def _holder(self) -> str:
        return self._control.names[self._owner] if self._owner >= 0 else "nobody"

    def __repr__(self) -> str:
        return f"<virtual {self._name}, held by {self._holder()}>"

    def awaited_by(self, actor: int) -> str:
        """What an actor that waits for this lock waits for, in words."""
        if actor == self._owner:  # how Condition waits: on a second acquire of a lock of one's own
            return f"somebody to release its own {self._name} (as a notification does)"
        return f"{self._name}, held by {self._holder()}"

    def _take(self, blocking: bool, timeout: float) -> bool:
        """Acquire it for the current actor, waiting as asked."""
        control = self._control
        if control.current < 0:
            control = self._present()
            if control.current < 0:
                self._owner, self._count = -1, 1
                return True
        control.point(self._acquiring, self if blocking and timeout < 0 else None)
        if self._count and not self._wait(blocking, timeout):
            return False
        self._owner, self._count = control.current, 1
        return True

    def _wait(self, blocking: bool, timeout: float) -> bool:
        """Wait until nobody holds it; False when that took too long."""
        control = self._control
        if not blocking:
            return False
        current = control.current
        deadline = control.time + timeout if timeout >= 0 else None
        while self._count:
            self._waiters.append(current)
            control.wanted[current] = self if deadline is None else None
            try:
                woken = control.block(self, "locked", None if deadline is None else deadline - control.time)
            finally:
                control.wanted[current] = None
                if current in self._waiters:
                    self._waiters.remove(current)
            if not woken:
                return False
        return True

    def _give_up(self) -> None:
        """Nobody holds it any more. All who wait become ready and compete: a real lock promises no order, so each of
        them may win."""
        control = self._control
        if control.current < 0:
            self._owner, self._count = -1, 0
            return
        try:
            if not control.aborting:
                control.point(self._releasing)
        finally:  # an actor that is aborted here gives the lock up all the same
            self._owner, self._count = -1, 0
            for waiter in self._waiters:
                control.unblock(waiter)

    def locked(self) -> bool:
        """Whether somebody holds it."""
        return self._count > 0

    def _at_fork_reinit(self) -> None:
        self._owner, self._count = -1, 0
        self._waiters.clear()


class Lock(_Base):
    """Stands for `threading.Lock` inside a run."""

    __slots__ = ()

    def __init__(self, control: Control) -> None:
        super().__init__(control, "Lock")

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As `threading.Lock.acquire`; the timeout is in virtual seconds."""
        if not blocking or timeout != -1:
            _check_timeout(blocking, timeout)
        return self._take(blocking, timeout)

    def release(self) -> None:
        """As `threading.Lock.release`: any thread may release it.

        Raises:
            RuntimeError: nobody holds it.
        """
        if not self._count:
            if self._control.aborting:
                return  # its `with` was unwound inside Condition.wait, which had given it up
            raise RuntimeError("release unlocked lock")
        self._give_up()

    def __enter__(self) -> bool:
        return self._take(True, -1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class RLock(_Base):
    """Stands for `threading.RLock` inside a run."""

    __slots__ = ()

    def __init__(self, control: Control) -> None:
        super().__init__(control, "RLock")

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As `threading.RLock.acquire`; the timeout is in virtual seconds."""
        if not blocking or timeout != -1:
            _check_timeout(blocking, timeout)
        if self._count and self._owner == self._control.current and not self._is_left_behind():
            self._count += 1
            return True
        return self._take(blocking, timeout)

    def release(self) -> None:
        """As `threading.RLock.release`.

        Raises:
            RuntimeError: the calling thread does not hold it.
        """
        control = self._control
        if not self._count or self._owner != control.current:
            if control.aborting:
                return  # the run is being unwound and has already given it up
            raise RuntimeError("cannot release un-acquired lock")
        if self._count == 1:
            self._give_up()
        else:
            self._count -= 1

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def _is_left_behind(self) -> bool:
        # Taken outside of runs and never given up: a run that meets it starts with a free lock.
        control = self._control
        return control.current < 0 and self._present() is not control

    # what threading.Condition asks of a re-entrant lock

    def _is_owned(self) -> bool:
        return self._count > 0 and self._owner == self._control.current

    def _recursion_count(self) -> int:
        return self._count if self._is_owned() else 0

    def _release_save(self) -> tuple[int, int]:
        if not self._count:
            raise RuntimeError("cannot release un-acquired lock")
        saved = (self._count, self._owner)
        self._give_up()
        return saved

    def _acquire_restore(self, saved: tuple[int, int]) -> None:
        control = self._control
        if control.current >= 0 and not control.aborting:
            control.point(self._acquiring, self)
            if self._count:
                self._wait(True, -1)
        # While a run is unwound the lock is taken from whoever has it: nobody runs on but to unwind.
        self._count, self._owner = saved
