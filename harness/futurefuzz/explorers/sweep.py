"""Single-preemption sweep: stop each actor once, at each of its points, and let each other one run there."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from futurefuzz.explorers.base import View

__all__ = ["Sweep"]


class _Plan(NamedTuple):
    """Who starts (None: as the default rule has it), and the preemption: at which choice, to whom (-1: none)."""

    start: int | None
    at: int
    to: int


class Sweep:
    """All runs with exactly one departure from going on, after those with none. Finite: then `begin` returns False.

    Source: the single-preemption tests of Thread Weaver (Google), which stop one thread at each line in turn and let
    the other run through; and the bound 1 of iterative context bounding (Musuvathi and Qadeer, PLDI 2007), who found
    that most bugs need one or two preemptions.

    Guarantee: a bug that needs one preemption, after which the intruder runs until it ends or blocks and then the
    stopped actor goes on, is found, whoever of the actors that could start did start. No run is made twice.

    Deviations: the runs without preemption come first, one for every actor that could be the first; the preemptions
    follow in random order, so that a budget too small for the sweep covers the whole length of the program evenly.
    Runs that need a different order of actors after the first one ended are covered only as departures of their own.
    Choices are counted, not named by place: a program that is not deterministic is swept only approximately.

    Cost: for n actors with k points together about n·k·(n-1) runs; 0.3 µs a choice; memory one entry per run.

    Args:
        rng: the order of the preemptions.
    """

    name = "sweep"

    def __init__(self, rng: Random) -> None:
        self.recording = False
        self._rng = rng
        self._view: View | None = None
        self._starts: list[int | None] = [None]
        self._plans: list[_Plan] = []
        self._shuffled = False
        self._plan = _Plan(None, -1, -1)
        self._first = -1  # the first choice at which nobody could go on: there the order of the actors is free
        self._seen: list[tuple[int, tuple[int, ...]]] | None = None
        self._position = 0
        self._preempted = -1

    def begin(self, view: View) -> bool:
        """Take the next departure; False when all have been run."""
        if self._starts:
            self._plan = _Plan(self._starts.pop(0), -1, -1)
            self._seen = []
        else:
            if not self._shuffled:
                self._rng.shuffle(self._plans)
                self._shuffled = True
            if not self._plans:
                return False
            self._plan = self._plans.pop()
            self._seen = None
        self._view = view
        self._position = 0
        self._preempted = -1
        return True

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """Go on, except where the plan departs from it."""
        assert self._view is not None
        position = self._position
        self._position = position + 1
        stands = current >= 0 and self._view.pending[current] is not None
        if stands:
            chosen = current
        elif self._preempted in enabled:  # the intruder has run as far as it could
            chosen = self._preempted
        else:
            chosen = enabled[0]
        if self._seen is not None:
            chosen = self._look(position, stands, chosen, enabled)
        elif position == self._first:
            chosen = self._start(chosen, enabled)
        elif position == self._plan.at and self._plan.to in enabled:
            chosen = self._plan.to
            if stands:
                self._preempted = current
        return chosen

    def end(self, view: View) -> None:
        """After a run without preemption: plan a preemption at each of its points."""
        self._view = None
        if self._seen is None:
            return
        start = self._plan.start
        for position, (chosen, enabled) in enumerate(self._seen):
            if position == self._first or (start is not None and position < self._first):
                continue  # what the runs that start with another actor have done, or will do
            self._plans += [_Plan(start, position, actor) for actor in enabled if actor != chosen]
        self._seen = None

    def _look(self, position: int, stands: bool, chosen: int, enabled: Sequence[int]) -> int:
        """In a run without preemption: remember the choice; at the first free one start with whom the plan says."""
        assert self._seen is not None
        if self._first < 0 and not stands:
            self._first = position
            self._starts += [actor for actor in enabled if actor != chosen]
        elif position == self._first:
            chosen = self._start(chosen, enabled)
        self._seen.append((chosen, tuple(enabled)))
        return chosen

    def _start(self, default: int, enabled: Sequence[int]) -> int:
        start = self._plan.start
        return default if start is None or start not in enabled else start
