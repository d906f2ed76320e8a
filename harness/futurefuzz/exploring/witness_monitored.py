"""Lines and what they touch on CPython 3.12 and later, by `sys.monitoring`.

Where points stand before single instructions there are two tools, because of several at one instruction the one with
the highest number is told first: so the lower of ours looks right before the instruction, when the point has let others
go, and the higher one looks at what the instruction before it has done, before the point lets them. Elsewhere one tool
does both, for two do not work there: CPython 3.12.1 to 3.15.2 tell one tool only of the instructions of a code object
whose events are set for a second one later.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType
from typing import Any, Final

from futurefuzz.exploring import places
from futurefuzz.exploring.touches import Toucher

__all__ = ["monitor"]

#: tool ids of `sys.monitoring`: points have 4 and 3 (`control.monitored`)
_FIRST_TOLD: Final = 5
_LAST_TOLD: Final = (3, 1, 0, 2)


def monitor(
    seen_line: Callable[[CodeType, int], None], toucher: Toucher, actor: Callable[[], int], *, splits: bool
) -> Callable[[], None]:
    """Begin; returns what ends it.

    Args:
        seen_line: is told of each line of the user's code.
        toucher: of each instruction.
        actor: who runs on the calling thread; negative: nobody that is watched.
        splits: there are points before single instructions.
    """
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
    events = monitoring.events
    last = next((number for number in _LAST_TOLD if monitoring.get_tool(number) is None), None)
    if last is None:
        return lambda: None
    first = _FIRST_TOLD if splits else last
    values = first == last or monitoring.get_tool(first) is None
    codes: dict[CodeType, None] = {}

    def line(code: CodeType, number: int) -> object:
        if not places.is_users(code.co_filename):
            return monitoring.DISABLE
        seen_line(code, number)
        return None

    def begins(code: CodeType, _offset: int) -> object:
        if not places.is_users(code.co_filename):
            return monitoring.DISABLE
        if code not in codes:
            codes[code] = None
            for tool in {last: None, first: None}:
                monitoring.set_local_events(tool, code, events.INSTRUCTION)
        return None

    def before(_code: CodeType, offset: int) -> None:
        if (me := actor()) >= 0:
            toucher.before(me, sys._getframe(1), offset)

    def after(_code: CodeType, _offset: int) -> None:
        if (me := actor()) >= 0:
            toucher.after(me, sys._getframe(1))

    def both(_code: CodeType, offset: int) -> None:
        if (me := actor()) >= 0:
            frame = sys._getframe(1)
            toucher.after(me, frame)
            toucher.before(me, frame, offset)

    def unwinds(code: CodeType, _offset: int, _error: BaseException) -> None:
        if code in codes and (me := actor()) >= 0:
            toucher.left(me, sys._getframe(1))

    callbacks: dict[int, dict[int, Any]] = {last: {events.LINE: line}}
    watched = {last: events.LINE}
    if values:
        callbacks[last] |= {events.INSTRUCTION: both if first == last else before}
        callbacks[last] |= {events.PY_START: begins, events.PY_RESUME: begins, events.PY_UNWIND: unwinds}
        watched[last] |= events.PY_START | events.PY_RESUME | events.PY_UNWIND
        if first != last:
            callbacks[first] = {events.INSTRUCTION: after}
            watched[first] = 0
    for tool, told in callbacks.items():
        monitoring.use_tool_id(tool, "futurefuzz lines")
        for event, callback in told.items():
            monitoring.register_callback(tool, event, callback)
    monitoring.restart_events()
    for tool, wanted in watched.items():
        monitoring.set_events(tool, wanted)

    def stop() -> None:
        for tool, told in callbacks.items():
            monitoring.set_events(tool, 0)
            for code in codes:
                monitoring.set_local_events(tool, code, 0)
            for event in told:
                monitoring.register_callback(tool, event, None)
            monitoring.free_tool_id(tool)

    return stop
