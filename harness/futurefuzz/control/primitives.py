"""Virtual locks: the two primitives that everything else in `threading` and `queue` is made of.

CPython's own Condition, Event, Semaphore, Barrier and queues are Python code over `Lock`, `RLock` and
`_allocate_lock`. We replace only these, so that the code of the others runs as it is and is tested with the rest.

A lock outlives its run (a future does, and the oracles look at it): outside a run nobody competes for it, so it is
simply taken.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from futurefuzz.explorers.base import Pending

if TYPE_CHECKING:
    from futurefuzz.control.scheduler import Control

__all__ = ["Lock", "RLock"]


class _Base:
    __slots__ = ("__weakref__", "_acquiring", "_control", "_name", "_owner", "_releasing", "_waiters")

    def __init__(self, control: Control, kind: str) -> None:
        self._control = control
        self._owner = -1  # index of the actor that holds it
        self._waiters: list[int] = []
        control.made += 1
        self._name = f"{kind} {control.made}"
        self._acquiring = Pending("acquire", self._name, True)
        self._releasing = Pending("release", self._name, True)

    def __repr__(self) -> str:
        owner = self._control.names[self._owner] if self._owner >= 0 else "nobody"
        return f"<virtual {self._name}, held by {owner}>"

    def _wait(self, blocking: bool, timeout: float) -> bool:
        """Wait until nobody holds it; False when that took too long."""
        control = self._control
        if not blocking:
            return False
        deadline = control.time + timeout if timeout >= 0 else None
        while self._owner >= 0:
            self._waiters.append(control.current)
            try:
                woken = control.block(self, "locked", None if deadline is None else deadline - control.time)
            finally:
                if control.current in self._waiters:
                    self._waiters.remove(control.current)
            if not woken:
                return False
        return True

    def _wake(self) -> None:
        # All who wait become ready and compete: a real lock promises no order, so each of them may win.
        for waiter in self._waiters:
            self._control.unblock(waiter)

    def _at_fork_reinit(self) -> None:
        self._owner = -1
        self._waiters.clear()


class Lock(_Base):
    """Stands for `threading.Lock` inside a run."""

    __slots__ = ()

    def __init__(self, control: Control) -> None:
        super().__init__(control, "Lock")

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As `threading.Lock.acquire`; the timeout is in virtual seconds."""
        control = self._control
        if control.current < 0:
            self._owner = 0
            return True
        control.point(self._acquiring)
        if self._owner >= 0 and not self._wait(blocking, timeout):
            return False
        self._owner = control.current
        return True

    def release(self) -> None:
        """As `threading.Lock.release`: any thread may release it."""
        if self._owner < 0:
            raise RuntimeError("release unlocked lock")
        if self._control.current >= 0 and not self._control.aborting:
            self._control.point(self._releasing)
        self._owner = -1
        self._wake()

    def locked(self) -> bool:
        """Whether somebody holds it."""
        return self._owner >= 0

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class RLock(_Base):
    """Stands for `threading.RLock` inside a run."""

    __slots__ = ("_count",)

    def __init__(self, control: Control) -> None:
        super().__init__(control, "RLock")
        self._count = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As `threading.RLock.acquire`; the timeout is in virtual seconds."""
        control = self._control
        current = control.current
        if self._owner == current and self._count:
            self._count += 1
            return True
        if current < 0:
            self._owner, self._count = current, 1
            return True
        control.point(self._acquiring)
        if self._owner >= 0 and not self._wait(blocking, timeout):
            return False
        self._owner, self._count = current, 1
        return True

    def release(self) -> None:
        """As `threading.RLock.release`.

        Raises:
            RuntimeError: the calling thread does not hold it.
        """
        control = self._control
        if self._owner != control.current or not self._count:
            if control.aborting or control.current < 0:
                return  # a run that is being unwound has already given it up
            raise RuntimeError("cannot release un-acquired lock")
        if self._count == 1:
            if control.current >= 0 and not control.aborting:
                control.point(self._releasing)
            self._count, self._owner = 0, -1
            self._wake()
        else:
            self._count -= 1

    def locked(self) -> bool:
        """Whether somebody holds it."""
        return self._count > 0

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    # what threading.Condition asks of a re-entrant lock

    def _is_owned(self) -> bool:
        return self._count > 0 and self._owner == self._control.current

    def _recursion_count(self) -> int:
        return self._count if self._is_owned() else 0

    def _release_save(self) -> tuple[int, int]:
        if not self._count:
            raise RuntimeError("cannot release un-acquired lock")
        saved = (self._count, self._owner)
        if self._control.current >= 0 and not self._control.aborting:
            self._control.point(self._releasing)
        self._count, self._owner = 0, -1
        self._wake()
        return saved

    def _acquire_restore(self, saved: tuple[int, int]) -> None:
        control = self._control
        if control.current >= 0 and not control.aborting:
            control.point(self._acquiring)
            if self._owner >= 0:
                self._wait(True, -1)
        # While a run is unwound the lock is taken from whoever has it: nobody runs on but to unwind.
        self._count, self._owner = saved
