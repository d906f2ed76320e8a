"""Pooled OS threads that carry actors. A carrier starts by `give`, is suspended and resumed by its actor's gate, and
rests.

Starting a real thread costs about 150 µs, resuming a parked one about 10, so threads are kept. They are made by
`_thread`, not `threading`, because the latter's own locks are among the things that a run virtualises.

A thread of a whole program begins with every `threading.local` empty. A carrier that was left with something in one is
not used again for such a thread (`take_clean`): it ends.
"""

from __future__ import annotations

import _thread
import os
import threading
from collections.abc import Callable
from typing import Final

from futurefuzz.control import thread_locals
from futurefuzz.control.gates import closed_gate

__all__ = ["Borrowed", "Carrier", "pooled", "take", "take_clean"]

_idle: list[Carrier] = []
_start_new_thread: Final = _thread.start_new_thread  # a run puts others in their places

# A child process has none of its parent's threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)


class Carrier:
    """One OS thread that runs a job each time that it is given one."""

    __slots__ = ("_gate", "_job", "_keeps", "_over", "ident")

    def __init__(self) -> None:
        self._gate = closed_gate()
        self._job: Callable[[], object] | None = None
        self._keeps: Callable[[], bool] | None = None
        self._over = False
        self.ident = _start_new_thread(self._live, ())

    def _live(self) -> None:
        # Makes `threading` know this thread now. Else the first log record made on it would, in the middle of a run,
        # with locks that are then virtual: steps that only the first run on this thread takes.
        threading.current_thread().name = "futurefuzz carrier"
        self._keeps = thread_locals.watched()
        while True:
            self._gate.acquire()
            if self._over:
                return
            job, self._job = self._job, None
            if job is not None:
                job()
            del job  # a run must not be kept alive by the thread that carried it

    def give(self, job: Callable[[], object]) -> None:
        """Run `job` on this thread, from now on."""
        self._job = job
        self._gate.release()

    def rest(self) -> None:
        """Back to the pool; the job's last act. Until the thread is back at its gate, a new job waits there."""
        _idle.append(self)

    def is_clean(self) -> bool:
        """Whether it is known to have nothing in a `threading.local`; asked between jobs."""
        return self._keeps is not None and not self._keeps()

    def dismiss(self) -> None:
        """Let the thread end; it has no job, and gets none any more."""
        self._over = True
        self._gate.release()


class Borrowed(Carrier):
    """A pooled thread that carries one actor of a run. A later thread of the same run gets another one: it would find
    what this one keeps in a `threading.local`."""

    __slots__ = ("_lender", "_rests")

    def __init__(self, lender: Carrier) -> None:
        self._lender = lender
        self._rests = False
        self.ident = lender.ident

    def give(self, job: Callable[[], object]) -> None:
        """As `Carrier.give`."""
        self._lender.give(job)

    def rest(self) -> None:
        """Not yet back to the pool."""
        self._rests = True

    def give_back(self) -> None:
        """The run is over. A thread that was left behind, or that keeps something, ends (as soon as it can)."""
        if self._rests and self._lender.is_clean():
            self._lender.rest()
        else:
            self._lender.dismiss()


def take() -> Carrier:
    """An idle carrier, or a new one."""
    return _idle.pop() if _idle else Carrier()


def take_clean() -> Carrier:
    """An idle carrier with nothing in a `threading.local`, or a new one."""
    while _idle:
        carrier = _idle.pop()
        if carrier.is_clean():
            return carrier
        carrier.dismiss()
    return Carrier()


def pooled() -> int:
    """How many threads are parked in the pool."""
    return len(_idle)
