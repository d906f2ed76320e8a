"""Lines and what they touch on CPython 3.11, by the one trace function that a thread can have.

Where there are points inside code that function is theirs, and makes room for ours: `Traced.kind`. Elsewhere it is
ours alone, set on each thread of the run when it begins.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from futurefuzz.control.traced import Followed, Traced
from futurefuzz.exploring import places
from futurefuzz.exploring.touches import Toucher

__all__ = ["Tracing", "trace_points"]


def trace_points(
    engine: Traced, seen_line: Callable[[CodeType, int], None], toucher: Toucher, actor: Callable[[], int]
) -> Callable[[], None]:
    """Look at what an engine of points is told; returns what ends that."""

    class Watching(Followed):
        __slots__ = ()

        def __call__(self, frame: FrameType, event: str, argument: object) -> Any:
            if not places.is_users(frame.f_code.co_filename):
                return super().__call__(frame, event, argument)
            point = super().__call__
            _told(frame, event, toucher, actor, seen_line, lambda: point(frame, event, argument))
            self._refresh(frame)
            return self

    engine.kind = Watching

    def stop() -> None:
        engine.kind = Followed

    return stop


class Tracing:
    """Told of each thread of a run without points inside code; traces it."""

    def __init__(
        self, seen_line: Callable[[CodeType, int], None], toucher: Toucher, actor: Callable[[], int]
    ) -> None:
        self._seen_line = seen_line
        self._toucher = toucher
        self._actor = actor

    def thread_started(self) -> None:
        """Trace the calling thread."""
        if sys.gettrace() is None:  # else there is a debugger
            sys.settrace(self._frame)

    def thread_ended(self) -> None:
        """Let it go on as before."""
        if sys.gettrace() == self._frame:
            sys.settrace(None)

    def _frame(self, frame: FrameType, _event: str, _argument: object) -> Any:
        if not places.is_users(frame.f_code.co_filename):
            return None
        frame.f_trace_opcodes = True
        return self._local

    def _local(self, frame: FrameType, event: str, _argument: object) -> Any:
        _told(frame, event, self._toucher, self._actor, self._seen_line, lambda: None)
        return self._local


def _told(
    frame: FrameType,
    event: str,
    toucher: Toucher,
    actor: Callable[[], int],
    seen_line: Callable[[CodeType, int], None],
    point: Callable[[], object],
) -> None:
    if event == "line":
        seen_line(frame.f_code, frame.f_lineno or frame.f_code.co_firstlineno)
    elif event == "opcode":
        if actor() >= 0:
            toucher.after(actor(), frame)
        point()
        if actor() >= 0:
            toucher.before(actor(), frame, frame.f_lasti)
    else:
        if event == "return" and actor() >= 0:
            toucher.left(actor(), frame)
        point()
