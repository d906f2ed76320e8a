"""What `threading.Lock`, `threading.RLock` and `queue.SimpleQueue` are inside a whole program, and locks older than it.

From CPython 3.13 on `Lock` is a class: code asks `isinstance(x, threading.Lock)` and writes `Lock | None`. So what
stands in its place is a class too, which makes virtual locks for controlled threads and real ones for all others.
"""

from __future__ import annotations

import _thread
import importlib
import queue
import sys
import threading
from types import TracebackType
from typing import Any, Final

from futurefuzz.control import going_on, primitives
from futurefuzz.control.scheduler import Control
from futurefuzz.control.threads import present

__all__ = ["SUBSTITUTES", "OlderLock", "OlderRLock", "QuietLock", "QuietRLock"]

_real_lock: Final = _thread.allocate_lock
_get_ident: Final = _thread.get_ident
_Lock: Final = _thread.LockType
_RLock: Final = _thread.RLock
_real_rlock: Final = threading.RLock
_real_queue: Final = queue.SimpleQueue
_lock_name: Final[Any] = vars(threading)["Lock"]
_bootstrap: Final = vars(sys.modules[importlib.import_module.__module__])["_bootstrap"].__dict__


class _Quiet(primitives._Base):
    """Locks of the machinery (imports, logging): mutual exclusion holds, but taking one is no point. What they guard
    is nothing that a program means to share."""

    __slots__ = ()

    def _join(self, control: Control) -> None:
        self._control = control
        self._owner = -1
        self._count = 0
        self._waiters: list[int] = []
        self._name = "a lock of the machinery"

    def _take(self, blocking: bool, timeout: float) -> bool:
        control = self._present()
        if control.current >= 0 and self._count and not self._wait(blocking, timeout):
            return False
        self._owner, self._count = control.current, 1
        return True

    def _give_up(self) -> None:
        self._owner, self._count = -1, 0
        for waiter in self._waiters:
            self._control.unblock(waiter)


class QuietLock(_Quiet, primitives.Lock):
    """A lock of the machinery."""

    __slots__ = ()


class QuietRLock(_Quiet, primitives.RLock):
    """A re-entrant lock of the machinery."""

    __slots__ = ()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As `threading.RLock.acquire`."""
        control = self._present()
        if timeout == -1 and not self._count and control.current >= 0:  # by far the most frequent case
            self._owner, self._count = control.current, 1
            return True
        return super().acquire(blocking, timeout)


class _Older:
    """A lock made before the run. Controlled threads compete for a virtual one, all others for the real one.

    The virtual one is made when it is first used in a run, so that the numbers of locks do not depend on how many are
    around.

    Args:
        real: the lock.
        kind: of the virtual one.
    """

    __slots__ = ("_kind", "_twin", "real")

    def __init__(self, real: Any, kind: Any) -> None:
        self.real = real
        self._kind = kind
        self._twin: Any = None

    def begin(self) -> None:
        """A run begins."""
        self._twin = None

    def _side(self) -> Any:
        control = going_on._going_on
        if control is None or _get_ident() not in control.idents:
            return self.real
        twin = self._twin
        if twin is None:
            twin = self._twin = self._kind(control)
        return twin

    def acquire(self, blocking: bool = True, timeout: float = -1) -> Any:
        """As the real one's."""
        return self._side().acquire(blocking, timeout)

    def release(self) -> None:
        """As the real one's."""
        self._side().release()

    def locked(self) -> bool:
        """As the real one's."""
        return bool(self._side().locked())

    def __enter__(self) -> Any:
        return self._side().acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._side().release()

    def _at_fork_reinit(self) -> None:
        self._side()._at_fork_reinit()

    def __repr__(self) -> str:
        return repr(self._side())


class OlderLock(_Older):
    """A `Lock` made before the run."""

    __slots__ = ()


class OlderRLock(_Older):
    """An `RLock` made before the run."""

    __slots__ = ()

    def _is_owned(self) -> bool:
        return bool(self._side()._is_owned())

    def _release_save(self) -> Any:
        return self._side()._release_save()

    def _acquire_restore(self, saved: Any) -> None:
        self._side()._acquire_restore(saved)

    def _recursion_count(self) -> int:
        return int(self._side()._recursion_count())


class _LockMaker(type):
    """Calls make what the caller needs, and instances of either are instances."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, (_Lock, primitives.Lock, OlderLock))

    def __call__(cls, *arguments: Any, **keywords: Any) -> Any:
        control = present()
        if control is None or arguments or keywords:
            return _real_lock(*arguments, **keywords)
        return primitives.Lock(control)


class Lock(metaclass=_LockMaker):
    """Stands for `threading.Lock`."""


def _rlock(*arguments: Any, **keywords: Any) -> Any:
    control = present()
    if control is None:
        return _real_rlock(*arguments, **keywords)
    return primitives.RLock(control)


def _raw_rlock(*arguments: Any) -> Any:
    control = present()
    if control is None:
        return _RLock(*arguments)
    if sys._getframe(1).f_globals is _bootstrap:
        return QuietRLock(control)
    return primitives.RLock(control)


def _allocate_lock() -> Any:
    control = present()
    if control is None:
        return _real_lock()
    if sys._getframe(1).f_globals is _bootstrap:  # one of a module that is being imported
        return QuietLock(control)
    return primitives.Lock(control)


class _QueueMaker(type):
    def __call__(cls, *arguments: Any, **keywords: Any) -> Any:
        if cls is SimpleQueue and present() is None:
            return _real_queue(*arguments, **keywords)
        return super().__call__(*arguments, **keywords)

    def __instancecheck__(cls, instance: object) -> bool:
        return type.__instancecheck__(cls, instance) or (cls is SimpleQueue and isinstance(instance, _real_queue))


# The C queue waits on a lock of its own that nobody can see; CPython keeps a Python twin of it.
_Twin: Final[Any] = vars(queue)["_PySimpleQueue"]


class SimpleQueue(_Twin, metaclass=_QueueMaker):  # type: ignore[misc]
    """Stands for `queue.SimpleQueue`."""


#: real object -> what stands in its place during a run
SUBSTITUTES: list[tuple[Any, Any]] = [
    (_real_rlock, _rlock),
    (_RLock, _raw_rlock),
    (_real_queue, SimpleQueue),
    (_real_lock, _allocate_lock),
]
if _lock_name is not _real_lock:  # a class, from CPython 3.13 on
    SUBSTITUTES.append((_lock_name, Lock))
