"""`threading.Thread` and everything made of it, under control: a start spawns an actor, a join waits for its end.

`threading.Thread` stays as it is. What it asks of `_thread` is replaced: how a thread is started, and what says that it
has ended (a sentinel lock up to CPython 3.12, a handle from 3.13 on).
"""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable
from typing import Any, Final

from futurefuzz.control import going_on
from futurefuzz.control.actors import Abort
from futurefuzz.control.whole import WholeControl
from futurefuzz.explorers.base import Pending

__all__ = ["SUBSTITUTES", "join_all", "present"]

_get_ident: Final = _thread.get_ident
_active: Final[dict[int, Any]] = vars(threading)["_active"]
_real_start_new: Final = _thread.start_new_thread
_real_start_joinable: Final[Any] = getattr(_thread, "start_joinable_thread", None)
_real_handle: Final[Any] = getattr(_thread, "_ThreadHandle", None)
_real_sentinel: Final[Any] = getattr(_thread, "_set_sentinel", None)


def present() -> WholeControl | None:
    """The control of the whole program that the calling thread belongs to."""
    control = going_on._going_on  # as `current_control`, without the call
    if control is None or _get_ident() not in control.idents:
        return None
    return control if isinstance(control, WholeControl) else None


class _Started:
    """Stands for the event by which a new thread says that it runs. A thread counts as started once it is an actor, so
    that a start is one point and not a hand-over there and back."""

    __slots__ = ()

    def is_set(self) -> bool:
        return True

    def set(self) -> None:
        """Nothing."""

    def wait(self, timeout: float | None = None) -> bool:
        return True

    def _at_fork_reinit(self) -> None:
        """Nothing."""


class _End:
    """The end of a thread: others wait for it."""

    __slots__ = ("__weakref__", "_control", "_count", "_ending", "_joining", "_owner", "_waiters", "name")

    def __init__(self, control: WholeControl, name: str = "a thread") -> None:
        self._control = control
        self._waiters: list[int] = []
        self._count = 1  # until it has come
        self._owner = -1
        self.called(name, -1)

    def called(self, name: str, owner: int) -> None:
        """The name and index of the actor."""
        self.name = name
        self._owner = owner
        self._joining = Pending("join", f"thread {name}", True)

    def awaited_by(self, actor: int) -> str:
        """What somebody waits for who joins it."""
        return f"the end of {self.name}"

    def wait(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Wait for the end; whether it has come."""
        control = self._control
        if control.current < 0:
            return self.over()
        control.point(self._joining, self if blocking and timeout is None else None)
        if self._count and blocking and (timeout is None or timeout > 0):
            self._block(control, timeout)
        return self.over()

    def _block(self, control: WholeControl, timeout: float | None) -> None:
        index = control.current
        deadline = None if timeout is None else control.time + timeout
        woken = True
        while self._count and woken:
            self._waiters.append(index)
            control.wanted[index] = self if deadline is None else None
            try:
                woken = control.block(self, "joining", None if deadline is None else deadline - control.time)
            finally:
                control.wanted[index] = None
                self._waiters.remove(index)

    def come(self) -> None:
        """The thread has ended."""
        self._count = 0
        for waiter in self._waiters:
            self._control.unblock(waiter)

    def over(self) -> bool:
        """Whether it has come; no point."""
        return not self._count


class _Sentinel:
    """What `Thread` waits for up to CPython 3.12: a lock that its thread holds until it ends."""

    __slots__ = ("__weakref__", "end")

    def __init__(self, end: _End) -> None:
        self.end = end

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        control = self.end._control
        if control.current >= 0 and self.end._owner == control.current:
            return True  # the thread takes it when it begins
        return self.end.wait(blocking, timeout if timeout >= 0 else None)

    def release(self) -> None:
        """Nothing: once over it stays so. A forked child, whose only thread this is, has nobody else to end it."""
        if self.end._control.current < 0:
            self.end.come()

    def locked(self) -> bool:
        return not self.end.over()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *exception: object) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        """Nothing."""


class _Handle:
    """What `Thread` waits for from CPython 3.13 on."""

    __slots__ = ("__weakref__", "end", "ident")

    def __init__(self, end: _End) -> None:
        self.end = end
        self.ident = 0

    def is_done(self) -> bool:
        return self.end.over()

    def join(self, timeout: float | None = None) -> None:
        # a negative timeout waits for ever, as the real one does
        self.end.wait(True, None if timeout is None or timeout < 0 else timeout)

    def _set_done(self) -> None:
        self.end.come()


def _handle(*arguments: Any) -> Any:
    control = present()
    return _real_handle(*arguments) if control is None else _Handle(_End(control))


def _sentinel() -> Any:
    control = present()
    if control is None:
        return _real_sentinel()
    actor = control.by_ident.get(_get_ident())
    end = control.ends.get(actor.index) if actor is not None else None
    return _Sentinel(end if end is not None else _End(control))


def _spawn(control: WholeControl, run: Callable[[], object], end: _End, thread: Any, daemon: bool) -> None:
    name = control.unique(thread.name if thread is not None else f"thread {control.number('thread')}")
    jobs = [run]  # an actor lives as long as the run; what its thread held must not
    del run

    def body() -> None:
        ident = _get_ident()
        known = _active.get(ident)
        try:
            if control.on_start is not None:
                control.on_start()
            jobs.pop()()
        finally:
            if control.on_end is not None:
                control.on_end()
            if known is not None:
                _active[ident] = known  # the pooled thread's own name, which Thread has taken away
            control.settle()
            end.come()

    try:
        index = control.spawn(name, body)
    except RuntimeError as error:
        raise RuntimeError("can't start new thread") from error
    end.called(name, index)
    if thread is not None:
        thread._started = _Started()
        thread._ident = control.ident_of(index)
        if hasattr(thread, "_tstate_lock"):
            thread._tstate_lock = _Sentinel(end)
    control.ends[index] = end
    if not daemon:
        control.awaited.append(end)
    control.point(Pending("start", f"thread {name}", True))


def _thread_of(function: Any) -> Any:
    thread = getattr(function, "__self__", None)
    return thread if isinstance(thread, threading.Thread) else None


def _failing(
    control: WholeControl, function: Callable[..., object], arguments: Any, keywords: Any
) -> Callable[[], None]:
    def run() -> None:
        try:
            function(*arguments, **keywords)
        except (Abort, SystemExit):
            pass
        except BaseException as error:
            if control.on_failure is not None:
                control.on_failure(None, error)

    return run


def _start_new_thread(function: Any, arguments: Any, keywords: Any = None, /) -> int:
    control = present()
    if control is None:
        return int(_real_start_new(function, arguments, {} if keywords is None else keywords))
    if not callable(function) or not isinstance(arguments, tuple):
        raise TypeError("first arg must be callable, 2nd arg must be a tuple")
    end = _End(control)
    thread = _thread_of(function)
    _spawn(
        control,
        _failing(control, function, arguments, {} if keywords is None else keywords),
        end,
        thread,
        True if thread is None else thread.daemon,
    )
    return len(control.names)


def _start_joinable_thread(function: Any, /, handle: Any = None, daemon: bool = True) -> Any:
    control = present()
    if control is None:
        if handle is None:
            return _real_start_joinable(function, daemon=daemon)
        return _real_start_joinable(function, handle=handle, daemon=daemon)
    thread = _thread_of(function)
    if not isinstance(handle, _Handle) or handle.end._control is not control:  # made before the run
        handle = _Handle(_End(control))
        if thread is not None:
            for name in ("_handle", "_os_thread_handle"):
                if hasattr(thread, name):
                    setattr(thread, name, handle)
    _spawn(control, _failing(control, function, (), {}), handle.end, thread, daemon)
    return handle


def join_all(control: WholeControl) -> None:
    """What a process does before it ends: wait for every thread that is no daemon."""
    while control.awaited:
        control.awaited.pop(0).wait()


#: real object -> what stands in its place during a run
SUBSTITUTES: list[tuple[Any, Any]] = [(_real_start_new, _start_new_thread)]
if _real_start_joinable is not None:
    SUBSTITUTES += [(_real_start_joinable, _start_joinable_thread), (_real_handle, _handle)]
if _real_sentinel is not None:
    SUBSTITUTES += [(_real_sentinel, _sentinel)]
