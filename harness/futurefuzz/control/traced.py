"""Points by `sys.settrace` with opcode events, on CPython 3.11.

A trace function belongs to a thread, so each actor sets it before its body. It is told of an instruction before that
one is executed; so what happens *after* an instruction (a C call has returned, a jump was taken) is announced when the
next one comes.
"""

from __future__ import annotations

import _thread
import sys
from collections.abc import Iterable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, Final

from futurefuzz.control import going_on
from futurefuzz.control.going_on import current_control
from futurefuzz.control.monitored import _OWN

if TYPE_CHECKING:
    from futurefuzz.control.instrumentation import Instrumentation, Table

__all__ = ["Followed", "Traced"]

_NOWHERE: Final = -1


class Traced:
    """Tells an instrumentation of the places of its code objects, on each thread that asks for it.

    Attributes:
        kind: follows the frames; a subclass of `Followed` is told of every line, too.
    """

    def __init__(self, instrumentation: Instrumentation) -> None:
        self.kind: type[Followed] = Followed
        self._instrumentation = instrumentation
        self._tables = instrumentation.tables
        self._active = True
        self._before: dict[int, Any] = {}  # trace functions of others, such as a debugger's, by thread

    def add(self, codes: Iterable[CodeType]) -> None:
        """Nothing: each frame asks whether its code has points."""

    def start_thread(self) -> None:
        """Trace the calling thread."""
        before = sys.gettrace()
        if before != self._frame:
            self._before[_thread.get_ident()] = before
            sys.settrace(self._frame)

    def end_thread(self) -> None:
        """Let the calling thread go on as before."""
        sys.settrace(self._before.pop(_thread.get_ident(), None))

    def stop(self) -> None:
        """Tell of nothing any more; threads that are still traced find out by themselves."""
        self._active = False
        if sys.gettrace() == self._frame:
            self.end_thread()

    def _frame(self, frame: FrameType, event: str, argument: object) -> Any:
        """A function begins or is resumed."""
        code = frame.f_code
        caller = frame.f_back
        calling = caller.f_trace if caller is not None else None
        has_points = id(code) in self._tables or type(calling) is self.kind
        if not has_points and self._active and going_on._going_on is not None:
            return None  # by far the most frequent case: a function calls another, and neither has points
        if not self._active or current_control() is None:
            self.end_thread()  # the run is over
            return None
        instrumentation = self._instrumentation
        table = instrumentation.table(code)
        if type(calling) is self.kind:
            calling.calls_python(table is not None or code.co_filename.startswith(_OWN))
        if table is None:
            return None
        trace = frame.f_trace
        kind = self.kind
        if type(trace) is not kind:
            wanted = table.calls or table.loops or table.accesses or kind is not Followed
            trace = kind(instrumentation, table, frame) if wanted else None
            frame.f_trace_opcodes = trace is not None
            frame.f_trace_lines = kind is not Followed
        event_here = table.entries.get(frame.f_lasti)
        if event_here is not None:
            instrumentation.announce(event_here)
        return trace


class Followed:
    """Follows one frame."""

    __slots__ = ("_announce", "_calling", "_has_cells", "_instrumentation", "_last", "_table")

    def __init__(self, instrumentation: Instrumentation, table: Table, frame: FrameType) -> None:
        self._instrumentation = instrumentation
        self._announce = instrumentation.announce
        self._table = table
        self._has_cells = bool(frame.f_code.co_cellvars or frame.f_code.co_freevars)
        self._calling = _NOWHERE
        self._last = _NOWHERE

    def calls_python(self, has_points: bool) -> None:
        """A Python function was called from here, maybe by the C function that was."""
        calling, self._calling = self._calling, _NOWHERE
        if calling != _NOWHERE and not has_points:
            self._announce(self._table.calls[calling][0])

    def __call__(self, frame: FrameType, event: str, argument: object) -> Any:
        """An instruction is about to be executed."""
        if event != "opcode":
            return self
        table = self._table
        offset = frame.f_lasti
        last, self._last = self._last, offset
        calling, self._calling = self._calling, _NOWHERE
        if calling != _NOWHERE and table.following[calling] == offset:
            self._announce(table.calls[calling][1])
        elif offset < last and last in table.loops:
            self._announce(table.loops[last])
        if offset in table.calls:
            self._calling = offset
            owner = table.owners.get(offset)
            if owner is not None:
                self._instrumentation.before_method(table.calls[offset][0], owner, frame)
                self._refresh(frame)
        elif offset in table.accesses:
            self._instrumentation.access(table, offset, frame)
            self._refresh(frame)
        return self

    def _refresh(self, frame: FrameType) -> None:
        # When a trace function returns, a copy of the locals is written back to the frame, shared variables of closures
        # too, which others may have changed meanwhile: make the copy a fresh one.
        if self._has_cells:
            frame.f_locals  # noqa: B018
