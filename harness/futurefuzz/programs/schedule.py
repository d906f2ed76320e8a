"""Schedules drawn like programs: a few preemptions, each as a distance and a direction.

A fuzzer that shrinks wants the simplest schedule to be the shortest: nobody is interrupted. So a schedule is not a
choice at every point, which would be hundreds of numbers that all matter, but a list of preemptions: how many points to
go on for, then whom to let go instead. Leaving one out leaves the others' distances as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from futurefuzz.explorers.base import View
from futurefuzz.explorers.default_rule import go_on
from futurefuzz.programs.choices import Choices

__all__ = ["LONGEST", "OTHERS", "Preemptions", "drawn_preemptions"]

#: most points between two preemptions that are drawn; typical runs have 20 to 100
LONGEST: Final = 24

#: a preemption picks one of this many others, modulo how many there are
OTHERS: Final = 4

#: chance that another preemption follows, so that a run has five of them on average
_MORE: Final = 0.83


def drawn_preemptions(choices: Choices) -> Iterator[tuple[int, int]]:
    """Preemptions from any source of choices, drawn as the run needs them; none where the source has ended."""
    while choices.flag(_MORE):
        yield choices.integer(0, LONGEST), choices.integer(0, OTHERS - 1)


class Preemptions:
    """Goes on, except at the listed preemptions.

    Guarantee: with the program, target and interpreter of a run, the same list makes the same run. Any number of runs
    when `source` can be called again.

    Cost: about 0.1 µs a choice.

    Args:
        source: makes the list anew for a run: pairs of (choices for which to go on, which of the others then goes).
            Only choices between at least two actors count.
    """

    name = "preemptions"

    def __init__(self, source: Callable[[], Iterable[tuple[int, int]]]) -> None:
        self.recording = False
        self._source = source
        self._rest: Iterator[tuple[int, int]] = iter(())
        self._left = -1
        self._direction = 0
        self._view: View | None = None

    def begin(self, view: View) -> bool:
        """Start from the first preemption."""
        self._view = view
        self._rest = iter(self._source())
        self._next()
        return True

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """The default rule's actor, or at a preemption one of the others."""
        assert self._view is not None
        default = go_on(self._view.pending, current, enabled)
        if self._left != 0:
            self._left -= 1
            return default
        others = [actor for actor in enabled if actor != default]
        chosen = others[self._direction % len(others)]
        self._next()
        return chosen

    def end(self, view: View) -> None:
        """There is nothing to learn."""
        self._view = None

    def _next(self) -> None:
        self._left, self._direction = next(self._rest, (-1, 0))
