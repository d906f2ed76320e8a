"""One turn at a time: how objects that belong to one thread (a reactor's) are driven by several.

Twisted says of its Deferreds what asyncio says of its futures: only the reactor's thread may touch them, and other
threads go through `callFromThread`. A run has no reactor. What the reactor gives to such calls is that one of them runs
to its end before the next begins, and that is what a turn is: whoever acts takes the turn of the run and keeps it until
the call returns; what that call itself calls (callbacks) belongs to the same turn.
"""

from __future__ import annotations

import threading
from typing import Any
from weakref import WeakKeyDictionary

from futurefuzz.control.scheduler import current_control

__all__ = ["turn"]

_turns: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def turn() -> Any:
    """The lock of the run that is going on; a lock of its own outside of runs. Ask for it where the future is made."""
    control = current_control()
    if control is None:
        return threading.RLock()
    lock = _turns.get(control)
    if lock is None:
        lock = _turns[control] = threading.RLock()
    return lock
