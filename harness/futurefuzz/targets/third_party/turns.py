"""One turn at a time: how objects that belong to one thread (a reactor's) are driven by several.

Twisted says of its Deferreds what asyncio says of its futures: only the reactor's thread may touch them, and other
threads go through `callFromThread`. A run has no reactor. What the reactor gives to such calls is that one of them runs
to its end before the next begins, and that is what a turn is: whoever acts takes the turn of the run and keeps it until
the call returns; what that call itself calls (callbacks) belongs to the same turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final
from weakref import ref

from futurefuzz.control.going_on import current_control
from futurefuzz.programs.operations import BY_HAND

__all__ = ["OBJECT_OPERATIONS", "turn"]

#: operations on the object itself, by hand; what an adapter stands before has another object
OBJECT_OPERATIONS: Final = frozenset({"await-elsewhere", "reinit", "bare", *BY_HAND})

#: the run that asked last, and its lock, which its futures keep; a lock knows its control, so nothing here may hold it
_last: tuple[Callable[[], Any], Callable[[], Any]] = (lambda: None, lambda: None)


def turn() -> Any:
    """The lock of the run that is going on; a lock of its own outside of runs. Ask for it where the future is made."""
    global _last
    control = current_control()
    lock = _last[1]() if control is not None and _last[0]() is control else None
    if lock is None:
        lock = threading.RLock()
        if control is not None:
            _last = (ref(control), ref(lock))
    return lock
