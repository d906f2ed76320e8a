"""Watches one recorded run closely: which line of the user's code each thread stood at, in the order of the run.

From 3.12 on every line is seen, by `sys.monitoring`; on 3.11 only the lines with a point, because there the one trace
function that a thread can have may be needed for the points themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any, Final

from attrs import frozen

from futurefuzz.control.scheduler import current_control
from futurefuzz.explorers.base import Pending, Step
from futurefuzz.exploring import places
from futurefuzz.exploring.places import Place

__all__ = ["Sighting", "Witness"]

#: lines and points that are remembered; a longer run is remembered by its end
_LIMIT: Final = 200_000


@frozen
class Sighting:
    """A thread came to a line (`step` is None) or stood at a point.

    Args:
        actor: its index.
        place: in the user's code; None where it has ended or never came there.
        step: the point.
    """

    actor: int
    place: Place | None
    step: Step | None

    def to_json(self) -> list[Any]:
        """As it goes through a pipe; of what a step announces only the kind and, in words, the resource."""
        place = None if self.place is None else [self.place.file, self.place.line, self.place.function]
        if self.step is None:
            return [self.actor, place, None]
        event = self.step.event
        announced = None if event is None else [event.kind, str(event.resource)]
        return [self.actor, place, [list(self.step.key), announced, list(self.step.enabled), self.step.chosen]]

    @classmethod
    def from_json(cls, value: Sequence[Any]) -> Sighting:
        """The other way."""
        actor, place, said = value
        step = None
        if said is not None:
            (name, where, nth), announced, enabled, chosen = said
            event = None if announced is None else Pending(announced[0], announced[1], True)
            step = Step(actor, (name, where, nth), event, tuple(enabled), chosen)
        return cls(actor, None if place is None else Place(*place), step)


class _Steps(list[Step]):
    __slots__ = ("_seen",)

    def __init__(self, seen: list[Sighting]) -> None:
        super().__init__()
        self._seen = seen

    def append(self, step: Step) -> None:
        # It is called on the thread that stands there, before the next one goes.
        place = places.of_frame(sys._getframe(1)) if step.actor >= 0 and step.key[1] != "end" else None
        self._seen.append(Sighting(step.actor, place, step))
        super().append(step)


class _Told(list[Sighting]):
    __slots__ = ("_sink",)

    def __init__(self, sink: Callable[[Sighting], None]) -> None:
        super().__init__()
        self._sink = sink

    def append(self, sighting: Sighting) -> None:
        self._sink(sighting)
        super().append(sighting)


class Witness:
    """While in this context, what the threads of a recorded run do is seen.

    Args:
        lines: watch every line too, where the interpreter can.
        sink: told of each sighting at once.

    Attributes:
        steps: the list that the run is to record its steps in.
        seen: in the order of the run.
    """

    def __init__(self, *, lines: bool = False, sink: Callable[[Sighting], None] | None = None) -> None:
        self.seen: list[Sighting] = [] if sink is None else _Told(sink)
        self.steps: list[Step] = _Steps(self.seen)
        self._lines = lines
        self._stop: Callable[[], None] = lambda: None

    def __enter__(self) -> Witness:
        if self._lines:
            self._stop = _watch_lines(self.seen)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop()


def _watch_lines(seen: list[Sighting]) -> Callable[[], None]:
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is None:
        return lambda: None
    tool = next((number for number in (4, 3, 1) if monitoring.get_tool(number) is None), None)
    if tool is None:
        return lambda: None

    def line(code: CodeType, number: int) -> object:
        if not places.is_users(code.co_filename):
            return monitoring.DISABLE
        control = current_control()
        if control is not None and control.current >= 0 and not control.aborting and len(seen) < _LIMIT:
            seen.append(Sighting(control.current, Place(code.co_filename, number, code.co_qualname), None))
        return None

    def stop() -> None:
        monitoring.set_events(tool, 0)
        monitoring.register_callback(tool, monitoring.events.LINE, None)
        monitoring.free_tool_id(tool)

    monitoring.use_tool_id(tool, "futurefuzz lines")
    monitoring.register_callback(tool, monitoring.events.LINE, line)
    monitoring.restart_events()
    monitoring.set_events(tool, monitoring.events.LINE)
    return stop
