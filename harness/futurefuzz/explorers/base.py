"""What an explorer is: the algorithm that chooses which actor goes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

__all__ = ["Explorer", "Pending", "Recorded", "Step", "View"]


class Pending(NamedTuple):
    """What an actor will do next, as it announced at its point."""

    kind: str
    resource: object
    write: bool


class Step(NamedTuple):
    """One point of a recorded run: where an actor stood, and who was let go.

    `key` names the point as (actor name, place, occurrence); `enabled` holds the indices that could have been chosen.
    `event` is what the actor that stood there announced (None where it had just blocked or ended).
    """

    actor: int
    key: tuple[str, str, int]
    event: Pending | None
    enabled: tuple[int, ...]
    chosen: int


class Recorded(Protocol):
    """What there is to learn from a run, while it goes on and when it is over."""

    @property
    def names(self) -> Sequence[str]:
        """Name of each actor."""

    @property
    def steps(self) -> Sequence[Step] | None:
        """The steps of the run so far where the run is recorded, else None."""


class View(Recorded, Protocol):
    """What an explorer may look at; the control implements it. Actors are numbered from 0 and keep their number."""

    @property
    def pending(self) -> Sequence[Pending | None]:
        """What each actor announced as its next step; None before its first point, and after it blocked or ended."""

    def key(self) -> tuple[str, str, int]:
        """The point at which the run stands, by place: (actor name, place, occurrence). Only in a recorded run."""


class Explorer(Protocol):
    """Chooses who goes next. One object explores many runs of one program, one after another.

    Attributes:
        name: as in `futurefuzz list` and in findings.
        recording: it needs runs to be recorded (`View.steps`, `View.key`); costs about a microsecond a point.
    """

    name: str
    recording: bool

    def begin(self, view: View) -> bool:
        """Get ready for a run; False when there is nothing more to explore."""

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """The actor that goes next, one of `enabled`.

        Args:
            current: who stands at the point; not in `enabled` when it has just blocked or ended, -1 at the start.
            enabled: who could go, at least two. Ready actors come first in ascending order, then those that wait with
                a timeout (choosing one of these lets its timeout expire).
        """

    def end(self, view: View) -> None:
        """The run is over; look at it and learn."""
