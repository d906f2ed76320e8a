"""Iterative context bounding: all schedules without preemption, then all with one, with two, and so on."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Final, NamedTuple

from futurefuzz.errors import InputError, NotDeterministicError
from futurefuzz.explorers.base import View
from futurefuzz.explorers.certificate import counted
from futurefuzz.explorers.default_rule import go_on
from futurefuzz.explorers.reduced import Reduced
from futurefuzz.explorers.timed import TimedWaiters

__all__ = ["Bounded"]

#: with no bound, so many preemptions are searched one by one before the reduced search of everything
_ONE_BY_ONE: Final = 2


class _Schedule(NamedTuple):
    """Departures from the default rule, as (choice, actor), and a digest of what was met up to the last of them."""

    departures: tuple[tuple[int, int], ...]
    digest: int


class _Openings(NamedTuple):
    """A run's departures, and what departures with one preemption more could follow: choice, actor, digest, ..."""

    departures: tuple[tuple[int, int], ...]
    following: array[int]


class Bounded:
    """Every schedule with at most `bound` preemptions, each once, those with fewer first; then `begin` returns False.

    Paper: Musuvathi and Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded Programs"
    (PLDI 2007). A preemption is a switch away from an actor that stands at a point and could go on. Switches where the
    current actor blocked or ended are free, and so is letting a timeout expire. Most bugs need one or two.

    Guarantee: when `bound_completed` is c, all schedules with up to c preemptions have been run, and no schedule has
    been run twice; the first failure that is found needs the fewest preemptions. It holds for deterministic
    programs, and that is checked: a run that does not meet again what it met before is an error, not a
    certificate. A run that the caller cuts short counts as it stands.

    Within a bound nothing is left out because it is equivalent to something else. Sleep sets would be wrong there: they
    drop a schedule because another order of its independent steps has been run, but that other order may need one
    preemption more than the bound allows, and so has not been run (Coons, Musuvathi and McKinley, "Bounded
    Partial-Order Reduction", OOPSLA 2013, who repair it with further backtracking points; the gain is small where the
    bound is). With no bound, the reduction is right: what two preemptions do not reach is searched by `Reduced`.

    Deviations: an actor that waited with a timeout and was woken cannot always be told from one that still waits, so
    switching to it may be free, too: the search then contains a few schedules with more preemptions.

    Cost: n actors with k choices together make about (nk)^c/c! times as many runs as there are without preemption;
    0.5 µs a choice. Memory: one record per run with fewer than `bound` preemptions, of 24 bytes a choice.

    Args:
        rng: not used; there for the registry.
        bound: the most preemptions; None for the bounds 0, 1 and 2 and then everything.
        exact: as in `Reduced`; matters only with no bound.

    Raises:
        InputError: the bound is negative.

    Attributes:
        complete: all that was asked for has been run.
        runs: how many runs have ended.
        bound_completed: the greatest bound all of whose schedules have been run; None when not even 0 has.
        left_out: departures that the bound cut off.
        everything: no schedule at all is left out, so `complete` stands for the whole program.
        pruned: alternatives that needed no run because an equivalent one was made (only with no bound).
    """

    name = "bounded"

    def __init__(self, rng: Random | None = None, *, bound: int | None = 2, exact: bool = False) -> None:
        if bound is not None and bound < 0:
            raise InputError(f"the bound is {bound} preemptions; allowed: 0 or more")
        self.recording = False
        self.bound = bound
        self.complete = False
        self.everything = False
        self.runs = 0
        self.bound_completed: int | None = None
        self.left_out = 0
        self._last_level = _ONE_BY_ONE if bound is None else bound
        self._level = 0
        self._work = [_Schedule((), 0)]
        self._open: deque[_Openings] = deque()
        self._next: deque[_Openings] = deque()
        self._rest: Reduced | None = None
        self._exact = exact
        self._view: View | None = None
        self._timed = TimedWaiters()
        self._schedule = _Schedule((), 0)
        self._plan: dict[int, int] = {}
        self._until = -1
        self._position = 0
        self._digest = 0
        self._free: list[_Schedule] = []
        self._following: array[int] = array("q")

    @property
    def pruned(self) -> int:
        """Alternatives that needed no run; 0 as long as nothing but bounds has been searched."""
        return 0 if self._rest is None else self._rest.pruned

    def certificate(self) -> str:
        """What has been shown so far, as in "all 1,184 interleavings with up to 2 preemptions"."""
        if self._rest is not None and self._rest.complete:
            return self._rest.certificate()
        if self.everything:
            return f"all {counted(self.runs, 'interleaving')}"
        if self.complete:
            return f"all {counted(self.runs, 'interleaving')} with up to {counted(self._level, 'preemption')}"
        so_far = f"{counted(self.runs, 'interleaving')} so far"
        if self.bound_completed is None:
            return f"not complete: {so_far}"
        return f"not complete: {so_far}, among them all with up to {counted(self.bound_completed, 'preemption')}"

    def begin(self, view: View) -> bool:
        """Take the next schedule; False when all have been run."""
        if self.complete:
            return False
        if self._rest is not None:
            return self._rest.begin(view)
        self._schedule = self._work.pop()
        self._plan = dict(self._schedule.departures)
        self._until = self._schedule.departures[-1][0] if self._schedule.departures else -1
        self._view = view
        self._position = 0
        self._digest = 0
        self._free = []
        self._following = array("q")
        self._timed.clear()
        return True

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """Along the schedule, then going on.

        Raises:
            NotDeterministicError: the run does not meet what it met before.
        """
        if self._rest is not None:
            return self._rest.choose(current, enabled)
        assert self._view is not None
        pending = self._view.pending
        position = self._position
        self._position = position + 1
        self._digest = hash((self._digest, current, *enabled))  # of numbers only: the same in every process
        self._timed.note(pending, current, enabled)
        chosen = go_on(pending, current, enabled)
        if position <= self._until:
            chosen = self._plan.get(position, chosen)
            if position == self._until and (self._digest != self._schedule.digest or chosen not in enabled):
                raise NotDeterministicError(
                    f"the program is not deterministic: up to choice {position}, after the same choices, it did not "
                    "meet the same actors at their points as before"
                )
        else:
            stands = current >= 0 and pending[current] is not None
            for actor in enabled:
                if actor == chosen:
                    continue
                if stands and not self._timed.waits(actor, pending, enabled):
                    self._following.extend((position, actor, self._digest))
                else:
                    departures = (*self._schedule.departures, (position, actor))
                    self._free.append(_Schedule(departures, self._digest))
        self._timed.went(chosen)
        return chosen

    def end(self, view: View) -> None:
        """Count the run, and note where others depart from it.

        Raises:
            NotDeterministicError: the run ended before its schedule did.
        """
        self.runs += 1
        if self._rest is not None:
            self._rest.end(view)
            self.complete = self.everything = self._rest.complete
            return
        self._view = None
        if self._position <= self._until:
            raise NotDeterministicError(
                f"the program is not deterministic: after the same choices a run ended at choice {self._position}, "
                f"before it came to choice {self._until}"
            )
        self._work += reversed(self._free)
        if self._following:
            if self._level < self._last_level:
                self._next.append(_Openings(self._schedule.departures, self._following))
            else:
                self.left_out += len(self._following) // 3
        while not self._work and not self.complete and self._rest is None:
            self._refill()

    def _refill(self) -> None:
        """More work: from the runs of the bound before, else with one preemption more."""
        if self._open:
            departures, following = self._open.popleft()
            for at in range(len(following) - 3, -1, -3):
                position, actor, digest = following[at : at + 3]
                self._work.append(_Schedule((*departures, (position, actor)), digest))
            return
        self.bound_completed = self._level
        if not self._next:
            self.everything = not self.left_out
            if self.bound is None and self.left_out:
                self._rest = Reduced(exact=self._exact)
                self.recording = True
            else:
                self.complete = True
            return
        self._level += 1
        self._open, self._next = self._next, self._open
