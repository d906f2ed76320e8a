"""Watches one recorded run closely: which line of the user's code each thread stood at, and what it touched there, in
the order of the run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from futurefuzz.control.going_on import current_control
from futurefuzz.explorers.base import Pending, Step
from futurefuzz.exploring import places
from futurefuzz.exploring.places import Place
from futurefuzz.exploring.touches import Touch, Toucher

if TYPE_CHECKING:
    from futurefuzz.control.session import Instrumenting
    from futurefuzz.exploring.models import Points

__all__ = ["LIMIT", "Sighting", "Witness"]

#: lines and points that are remembered
LIMIT: Final = 200_000


@frozen
class Sighting:
    """A thread came to a line, stood at a point (`step`), or touched something (`touch`).

    Args:
        actor: its index.
        place: in the user's code; None where it has ended or never came there.
        step: the point.
        touch: what it touched, and with which value.
    """

    actor: int
    place: Place | None
    step: Step | None
    touch: Touch | None = None

    def to_json(self) -> list[Any]:
        """As it goes through a pipe; of what a step announces only the kind and, in words, the resource."""
        place = None if self.place is None else [self.place.file, self.place.line, self.place.function]
        if self.touch is not None:
            return [self.actor, place, None, [self.touch.does, self.touch.what, self.touch.value, self.touch.thing]]
        if self.step is None:
            return [self.actor, place, None]
        event = self.step.event
        announced = None if event is None else [event.kind, str(event.resource)]
        return [self.actor, place, [list(self.step.key), announced, list(self.step.enabled), self.step.chosen]]

    @classmethod
    def from_json(cls, value: Sequence[Any]) -> Sighting:
        """The other way."""
        actor, place, said, *touched = value
        step = None
        if said is not None:
            (name, where, nth), announced, enabled, chosen = said
            event = None if announced is None else Pending(announced[0], announced[1], True)
            step = Step(actor, (name, where, nth), event, tuple(enabled), chosen)
        touch = Touch(*touched[0]) if touched else None
        return cls(actor, None if place is None else Place(*place), step, touch)


class _Steps(list[Step]):
    __slots__ = ("_limit", "_seen", "_toucher")

    def __init__(self, seen: list[Sighting], toucher: Toucher | None, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._seen = seen
        self._toucher = toucher

    def append(self, step: Step) -> None:
        if len(self._seen) >= self._limit:
            super().append(step)
            return
        # It is called on the thread that stands there, before the next one goes.
        place = places.of_frame(sys._getframe(1)) if step.actor >= 0 and step.key[1] != "end" else None
        toucher = self._toucher if step.chosen != step.actor else None
        if toucher is not None:
            toucher.stops(step.actor, getattr(step.event, "what", "").startswith("after "))
        self._seen.append(Sighting(step.actor, place, step))
        super().append(step)
        if toucher is not None:
            toucher.goes_on(step.chosen)


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
        lines: watch every line too, and what is read and written there.
        points: that the run has inside code.
        sink: told of each sighting at once.
        limit: sightings that are remembered; of a longer run its beginning.

    Attributes:
        steps: the list that the run is to record its steps in.
        seen: in the order of the run.
        instrumenting: what the run is to tell of its threads.
    """

    def __init__(
        self,
        *,
        lines: bool = False,
        points: Points | None = None,
        sink: Callable[[Sighting], None] | None = None,
        limit: int = LIMIT,
    ) -> None:
        self._limit = limit
        self.instrumenting: Instrumenting | None = points
        self.seen: list[Sighting] = [] if sink is None else _Told(sink)
        self._toucher = Toucher(self._touched) if lines else None
        self.steps: list[Step] = _Steps(self.seen, self._toucher, limit)
        self._points = points
        self._stop: Callable[[], None] = lambda: None

    def __enter__(self) -> Witness:
        toucher, engine = self._toucher, None if self._points is None else self._points.engine
        if toucher is None:
            return self
        if sys.version_info >= (3, 12):
            from futurefuzz.exploring.witness_monitored import monitor

            self._stop = monitor(self.line, toucher, _actor, splits=self._points is not None and self._points.splits)
        else:  # so that a type checker sees one of the two
            from futurefuzz.exploring.witness_traced import Tracing, trace_points

            if engine is None:
                self.instrumenting = Tracing(self.line, toucher, _actor)
            else:
                self._stop = trace_points(engine, self.line, toucher, _actor)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop()

    def _touched(self, actor: int, code: CodeType, line: int, touch: Touch) -> None:
        if len(self.seen) < self._limit:
            self.seen.append(Sighting(actor, Place(code.co_filename, line, code.co_qualname), None, touch))

    def line(self, code: CodeType, number: int) -> None:
        """The calling thread comes to a line."""
        actor = _actor() if len(self.seen) < self._limit else -1
        if actor >= 0:
            self.seen.append(Sighting(actor, Place(code.co_filename, number, code.co_qualname), None))


def _actor() -> int:
    """Who runs here; -1: nobody that is watched."""
    control = current_control()
    return -1 if control is None or control.aborting else control.current
