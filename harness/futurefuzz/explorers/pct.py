"""PCT: random priorities with few random changes, so that a bug of small depth has a known chance in each run."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Final

from futurefuzz.errors import InputError
from futurefuzz.explorers.base import View
from futurefuzz.explorers.timed import TimedWaiters

__all__ = ["PATIENCE", "PCT"]

#: choices in a row for which one actor is let go although others could: then it is taken to spin, and goes last
PATIENCE: Final = 1000

#: so many earlier runs are looked at for the number of choices that a run has
_MEMORY: Final = 10


class PCT:
    """The actor with the highest priority goes; at d-1 random moments the one that would go falls below all others.

    Paper: Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler with Probabilistic Guarantees of
    Finding Bugs" (ASPLOS 2010). A bug has depth d when d ordering constraints between events are enough for it:
    most have 1 (an order) or 2 (atomicity, one event between two others).

    Guarantee: with n actors and at most k choices in a run, each run finds a bug of depth d with a probability of at
    least 1/(n k^(d-1)), however long the actors are and whatever else they do.

    Deviations: choices are counted, not steps: where only one actor can go, a change would have no effect before the
    next choice, so k is smaller and the bound better. k is the longest of the last ten runs (the paper is told it), so
    the bound holds once a run of full length has been seen; the first run has no changes of priority. An actor that
    appears in mid-run gets a random place among the first ones. One that waits with a timeout has, until it runs again,
    a random place among those that have been lowered: its timeout expires early only after a change, or when nobody is
    ready. An actor that is let go `PATIENCE` times in a row while others could go falls below all (a
    program that spins would never end); programs in which that happens without spinning are outside the guarantee.

    Cost: one comparison per enabled actor, 0.3 to 0.5 µs a choice for two to four actors; memory one number per actor.

    Args:
        rng: all its randomness.
        depth: d, 1 or more.

    Raises:
        InputError: the depth is less than 1.
    """

    def __init__(self, rng: Random, *, depth: int = 3) -> None:
        if depth < 1:
            raise InputError(f"the depth of PCT is {depth}; allowed: 1 or more")
        self.name = f"pct{depth}"
        self.recording = False
        self.depth = depth
        self._rng = rng
        self._random = rng.random
        self._lengths: deque[int] = deque(maxlen=_MEMORY)
        # From above: actors as drawn in [d, d+1); lowered by the i-th change to i = d-1 ... 1; spinning: 0, -1, -2 ...
        self._priorities: list[float] = []
        self._changes: dict[int, int] = {}
        self._timed = TimedWaiters()
        self._waiting: dict[int, float] = {}
        self._view: View | None = None
        self._position = 0
        self._last = -1
        self._in_a_row = 0
        self._lowest = 0

    def begin(self, view: View) -> bool:
        """Draw when priorities will change; always ready for another run."""
        self._view = view
        self._priorities = []
        self._timed.clear()
        self._waiting.clear()
        self._position = 0
        self._last = -1
        self._in_a_row = 0
        self._lowest = 0
        length = max(self._lengths, default=0)
        moments = self._rng.sample(range(length), min(self.depth - 1, length))
        self._changes = {moment: priority for priority, moment in enumerate(moments, start=1)}
        return True

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """The highest, after a change of priorities where one is due."""
        assert self._view is not None
        pending = self._view.pending
        if (self._waiting or pending[current] is None) and self._timed.note(pending, current, enabled):
            self._waiting[current] = self._random() * self.depth
        position = self._position
        self._position = position + 1
        best = self._highest(enabled)
        if position in self._changes:
            self._lower(best, self._changes[position])
            best = self._highest(enabled)
        if best != self._last:
            self._last = best
            self._in_a_row = 0
        self._in_a_row += 1
        if self._in_a_row > PATIENCE:
            self._lower(best, self._lowest)
            self._lowest -= 1
            self._last = best = self._highest(enabled)
            self._in_a_row = 1
        if self._waiting:
            self._waiting.pop(best, None)
            self._timed.went(best)
        return best

    def end(self, view: View) -> None:
        """Remember how many choices there were."""
        self._view = None
        self._lengths.append(self._position)

    def _lower(self, actor: int, priority: int) -> None:
        self._priorities[actor] = priority
        self._waiting.pop(actor, None)

    def _highest(self, enabled: Sequence[int]) -> int:
        priorities = self._priorities
        if self._waiting:
            return self._highest_but_waiting(enabled)
        best = -1
        highest = -float("inf")
        try:
            for actor in enabled:
                priority = priorities[actor]
                if priority > highest:
                    highest = priority
                    best = actor
        except IndexError:  # an actor appeared since
            self._draw(enabled)
            return self._highest(enabled)
        return best

    def _highest_but_waiting(self, enabled: Sequence[int]) -> int:
        assert self._view is not None
        self._draw(enabled)
        pending = self._view.pending
        placed = []
        for actor in enabled:
            priority = self._priorities[actor]
            if actor in self._waiting:
                if self._timed.waits(actor, pending, enabled):
                    priority = min(priority, self._waiting[actor])
                else:
                    del self._waiting[actor]
                    self._timed.went(actor)
            placed.append((priority, -actor))
        return -max(placed)[1]

    def _draw(self, enabled: Sequence[int]) -> None:
        while len(self._priorities) <= max(enabled):
            self._priorities.append(self.depth + self._random())
