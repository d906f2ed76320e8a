"""Unwinds the one thread that cannot be left behind: the one that has called us.

A thread of a run's own that swallows everything is parked for ever. The calling thread has to come back, and a loop
such as `while True: try: … except BaseException: pass` swallows whatever is raised at a point inside its `try`. So from
a certain number on the exception is raised at every line, too: the head of such a loop stands outside of its `try`, and
each level of handlers has a line outside of it. What swallows even that, ten thousand times over, ends the process,
with a sentence that says where.

Rejected: `PyThreadState_SetAsyncExc` (raised at some next instruction, inside the `try` again, more often than not).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from futurefuzz.control.places import is_ours, line_of

__all__ = ["Insistence"]

_MOST: Final = 10_000
#: as in `protocol`: neither a finding nor a wrong input
_EXIT: Final = 3
_leave: Final = os._exit


class Insistence:
    """Raises at every line of the calling thread while the run is being unwound.

    Args:
        error: what is raised.
        is_over: whether the run is not being unwound any more.
    """

    def __init__(self, error: type[BaseException], is_over: Callable[[], bool]) -> None:
        insistence = self

        class Insisting(error):  # type: ignore[valid-type, misc]
            """A trace function that raises is taken away by the interpreter; whoever swallows this puts it back."""

            def __del__(self) -> None:
                if not insistence._is_over():
                    insistence.again()

        self._error = Insisting
        self._is_over = is_over
        self._times = 0

    def again(self) -> None:
        """The thread has swallowed one more: trace all its frames."""
        frame: FrameType | None = sys._getframe(1)
        self._times += 1
        if self._times > _MOST:
            sys.stderr.write(
                f"futurefuzz: {line_of(frame)} swallows every exception, so that its run cannot be ended; "
                "the process ends here\n"
            )
            sys.stderr.flush()
            _leave(_EXIT)
        while frame is not None and frame.f_code.co_name != "_carry":
            if not is_ours(frame):
                frame.f_trace = self._trace
                frame.f_trace_lines = True
            frame = frame.f_back
        sys.settrace(self._trace)

    def _trace(self, _frame: FrameType, event: str, _argument: Any) -> Any:
        if self._is_over():
            sys.settrace(None)
            return None
        if event == "line":
            raise self._error
        # Not where an exception passes by, which is inside of the `try`, nor in what is called from there.
        return None if event == "call" else self._trace

    def end(self, before: Any) -> None:
        """The thread has come back; `before` is its trace function from before the run."""
        sys.settrace(before)
