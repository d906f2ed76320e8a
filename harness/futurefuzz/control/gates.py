"""What a suspended thread waits at: closed until another thread opens it, once for each passage.

A raw lock that is held does that, and where there is a GIL nothing is cheaper. CPython without a GIL lets a thread that
finds a lock taken call `sched_yield` up to 40 times before it sleeps: on two busy cores a hand-over took 90 µs of wall
time, 20 of them computing, and with every further program that wants a processor each of these yields is a time slice
given away. `SimpleQueue.get` sleeps at once: 40 and 9 µs (3.13.5t, medians of one machine).

Rejected: an `eventfd` for each actor, though it takes only 5 µs there: a program that closes all descriptors would end
the harness with them.
"""

from __future__ import annotations

import _thread
import sys
from functools import partial
from typing import Any, Final, Protocol

__all__ = ["WITHOUT_GIL", "Gate", "closed_gate"]

#: whether this is a build that can run without a GIL; what is said of its locks and collector holds with one, too
WITHOUT_GIL: Final = "free-threading" in sys.version

_allocate_lock: Final = _thread.allocate_lock  # a run puts others in their places
if WITHOUT_GIL:
    from _queue import SimpleQueue as _Queue


class Gate(Protocol):
    """Closed until opened; also a raw lock."""

    def acquire(self) -> object:
        """Wait until it is open, and close it again."""

    def release(self) -> None:
        """Open it, for one thread."""


class _QueueGate:
    __slots__ = ("acquire", "release")

    def __init__(self) -> None:
        queue: Any = _Queue()
        self.acquire = queue.get
        self.release = partial(queue.put, None)


def closed_gate() -> Gate:
    """A gate that is closed: acquiring it suspends until somebody releases it."""
    if WITHOUT_GIL:
        return _QueueGate()
    lock = _allocate_lock()
    lock.acquire()
    return lock
