"""What is left behind outside of memory: threads, descriptors, and what still stands in a loop's queues."""

from __future__ import annotations

import _thread
import asyncio
import os
import threading
import time
from collections.abc import Iterable
from typing import Any, Final

from attrs import frozen

from futurefuzz.control import carriers

__all__ = ["Leftovers", "handles_of", "look", "timers_of"]

_FOLDERS: Final = ("/proc/self/fd", "/dev/fd")
#: seconds that a thread which is about to end is given to do so
_PATIENCE: Final = 1.0


@frozen(kw_only=True)
class Leftovers:
    """What there was at one moment.

    Args:
        threads: that `threading` has started, by identity.
        running: how many threads there are, whoever has started them; the pooled ones of controlled
            runs do not count.
        descriptors: open ones, with what they are.
    """

    threads: dict[int, str]
    running: int
    descriptors: dict[int, str]

    def new_since(self, before: Leftovers) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Threads and descriptors that were not there before, in words."""
        threads = [repr(name) for ident, name in self.threads.items() if ident not in before.threads]
        ended = sum(ident not in self.threads for ident in before.threads)
        unknown = self.running - before.running - len(threads) + ended
        threads += ["without a name"] * unknown
        opened = tuple(
            f"{number} ({what})"
            for number, what in self.descriptors.items()
            if before.descriptors.get(number) != what
        )
        return tuple(threads), opened


def look(before: Leftovers | None = None, *, patience: float = _PATIENCE) -> Leftovers:
    """What there is now.

    Args:
        before: with it, new threads get a moment to end: a thread that was told to stop may not have come to it yet.
        patience: how long that moment is at most, in seconds.
    """
    until = time.monotonic() + patience
    while True:
        threads = _started()
        running = _running() - carriers.pooled()
        if threads.keys() != _started().keys():
            continue  # one came or ended in between: it would be counted here and not there
        more = before is not None and (running > before.running or not threads.keys() <= before.threads.keys())
        if not more or time.monotonic() >= until:
            return Leftovers(threads=threads, running=running, descriptors=_descriptors())
        time.sleep(0.005)


def _started() -> dict[int, str]:
    """Names of what `threading` has started, by identity.

    Threads that others have started leave an entry for good where `threading` ever heard of them (before 3.12): these
    are left out.
    """
    started = [thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)]
    return {id(thread): thread.name for thread in started}


def handles_of(loop: asyncio.AbstractEventLoop) -> list[str]:
    """Timers that nobody has cancelled, callbacks that are ready, and watched descriptors, in words.

    Loops that are not asyncio's own do not show theirs.
    """
    texts = timers_of(getattr(loop, "_scheduled", ()))
    for handle in getattr(loop, "_ready", ()):
        if not handle.cancelled():
            texts.append(f"callback {_callback(handle)}, which is ready to run")
    selector = getattr(loop, "_selector", None)
    get_map: Any = getattr(selector, "get_map", None)
    own = getattr(loop, "_ssock", None)
    for key in (get_map() or {}).values() if get_map is not None else ():
        if key.fileobj is not own and not (own is not None and key.fd == own.fileno()):
            texts.append(f"watched descriptor {key.fd}")
    return texts


def timers_of(handles: Iterable[asyncio.TimerHandle]) -> list[str]:
    """Those that nobody has cancelled, in words."""
    return [f"timer of {_callback(handle)}" for handle in handles if not handle.cancelled()]


def _running() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:  # counts a thread only when it has run
        return _thread._count()


def _callback(handle: Any) -> str:
    callback = getattr(handle, "_callback", None)
    callback = getattr(callback, "func", callback)
    name = getattr(callback, "__qualname__", None) or type(callback).__qualname__
    return str(name).rpartition("<locals>.")[2]


def _descriptors() -> dict[int, str]:
    for folder in _FOLDERS:
        try:
            numbers = [int(name) for name in os.listdir(folder)]
        except OSError:
            continue
        found = {}
        for number in sorted(numbers):
            try:
                found[number] = os.readlink(f"{folder}/{number}") if folder == _FOLDERS[0] else _kind(number)
            except OSError:  # the one that listed the folder
                continue
        return found
    return {}


def _kind(number: int) -> str:
    status = os.fstat(number)
    return f"{status.st_dev}:{status.st_ino}"
