"""Watches the baton from outside: a real thread that notices when its holder does not move.

A thread is *blocked* when between two looks it stands at the same instruction and has used no processor time; it is
*computing* when it has used time, but has not come to a point for very long.
"""

from __future__ import annotations

import _thread
import sys
import time
from typing import Final

from futurefuzz.control.whole import WholeControl

__all__ = ["unwatch", "watch"]

_real_sleep: Final = time.sleep
_real_monotonic: Final = time.monotonic
_clock_id: Final = getattr(time, "pthread_getcpuclockid", None)
_real_start: Final = _thread.start_new_thread

_LOOK: Final = 0.1
#: real seconds without a sign of life
_BLOCKED: Final = 0.4
_COMPUTING: Final = 2.0
#: who looks so late has seen nothing: the machine has no time for anybody
_LATE: Final = 0.2

_watched: WholeControl | None = None
_running = False


def watch(control: WholeControl) -> None:
    """From now on look after this run."""
    global _watched, _running
    _watched = control
    if not _running:
        _running = True
        _real_start(_look_after, ())


def unwatch() -> None:
    """The run is over."""
    global _watched
    _watched = None


def forget() -> None:
    """In a child process, which has no other threads."""
    global _watched, _running
    _watched = None
    _running = False


def _used(ident: int) -> float | None:
    if _clock_id is None:
        return None
    try:
        return time.clock_gettime(_clock_id(ident))
    except OSError:
        return None


def _look_after() -> None:
    last: tuple[object, int, int, int, int] | None = None
    since = busy_since = 0.0
    used: float | None = None
    looked = _real_monotonic()
    while True:
        _real_sleep(_LOOK)
        control = _watched
        before, looked = looked, _real_monotonic()
        if control is None or looked - before > _LATE:
            last = None
            continue
        ident, count = control.holder, control.count
        frame = sys._current_frames().get(ident)
        if frame is None:
            last = None
            continue
        now = looked
        sight = (control, ident, count, id(frame.f_code), frame.f_lasti)
        del frame
        if last is None or last[:3] != sight[:3]:
            busy_since = since = now
            used = _used(ident)
        elif last != sight or _busy(used, _used(ident)):
            since = now
            used = _used(ident)
        last = sight
        if now - since >= _BLOCKED:
            _declare(control, ident, count, "blocked")
            last = None
        elif now - busy_since >= _COMPUTING:
            _declare(control, ident, count, "computing")
            last = None


def _busy(before: float | None, after: float | None) -> bool:
    return before is not None and after is not None and after - before > 0.01


def _declare(control: WholeControl, ident: int, count: int, what: str) -> None:
    try:
        control.declare_outside(ident, count, what)
    except BaseException as error:  # the run shall end, and say so
        control.fail(f"the watchdog failed: {error!r}", error)
