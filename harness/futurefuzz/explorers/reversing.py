"""Race reversal: what happened in one order in one run happens in the other order in another."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush, nsmallest
from random import Random
from typing import Final, NamedTuple

from futurefuzz.explorers.base import Pending, Recorded, View
from futurefuzz.explorers.default_rule import go_on
from futurefuzz.explorers.openings import Opening, conflict, openings, turns_of

__all__ = ["Reversing"]

#: plans that are kept; where a run offers more, the best are taken
_MOST_PLANS: Final = 1_000
#: so many steps of a run are looked at
_LONGEST: Final = 20_000
#: short intrusions end after so many conflicting events at most
_SHORT: Final = 3

# Ranks of plans, lower ones first (`Opening.rank` is the rest), as measured on the bugs of docs/benchmarks.md: what
# matters is that long intrusions come first, and what is new before what is known.
_IS_SHORT: Final = 1.5
_IS_NEW: Final = -1.0
_IS_KNOWN: Final = 1.0
_CHANCE: Final = 0.5

#: whose turn it is: plans of the plainest run (0), and of those that it led to (1), of which there are always more
_TURNS: Final = (0, 0, 1, 1)


class _Plan(NamedTuple):
    """A run up to a choice, as departures from going on. There `held` has to wait for `intruder`.

    `events` is how many events in conflict with what `held` is about to do are waited for; 0: until the intruder ends
    or blocks. `alone`: meanwhile only the intruder goes, not everybody else as well.
    """

    departures: tuple[tuple[int, int], ...]
    at: int
    held: int
    intruder: int
    events: int
    alone: bool


class Reversing:
    """Takes two conflicting steps of a run and lets the later one go first; learns from what that leads to.

    Papers: dynamic partial-order reduction reverses races to run every order once (Flanagan and Godefroid, POPL 2005).
    Reversing those first that are most likely wrong is from Sen, "Race Directed Random Testing of Concurrent Programs"
    (PLDI 2008), and Park, Lu and Zhou, "CTrigger" (ASPLOS 2009); following up new behaviour first is from Wolff et al.,
    "Greybox Fuzzing for Concurrency Testing" (ASPLOS 2024).

    From a recorded run come *openings*: an actor is about to do something that another one, who could go as well, does
    something in conflict with later. It is held there until the other one has done so and has gone as far as it could
    (or just after the first, second or third such event). First come openings where the held actor has touched the same
    thing before, as what it knows of it is then out of date: a lost update, a check before an act. Runs made so are
    recorded in turn, and what they did for the first time is followed up before the rest of what they offer.

    Guarantee: what takes one preemption between two steps that conflict in the plainest run, after which the intruder
    goes as far as it can, is found within twice as many runs as that run makes plans (four for an opening, eight where
    there are further actors; the best 1,000 are kept). It ends by itself on small programs, which proves nothing.

    Deviations: an event with an unknown resource (None) conflicts with nothing, one that may touch anything with all
    that is not known better. Openings that a lock excludes come last, as do those between an actor and the one that
    started it, which mostly waits for it. A run that gets several times as long as others goes on at random. A program
    that is not deterministic is reversed only approximately.

    Cost: runs are recorded (1 µs a point) and gone through (2 to 5 µs a point) as long as fewer than 1,000 plans are
    kept; else 0.4 µs a choice.

    Args:
        rng: decides between plans that are equally good.
    """

    name = "reversing"

    def __init__(self, rng: Random) -> None:
        self.recording = True
        self._rng = rng
        self._queues: tuple[list[tuple[float, int, _Plan]], ...] = ([], [])
        self._turn = 0
        self._made: set[_Plan] = set()
        self._met: set[tuple[str, str, int]] = set()
        self._plainest: list[tuple[str, str, int]] = []
        self._view: View | None = None
        self._plan = _Plan((), -1, -1, -1, 0, True)
        self._planned: dict[int, int] = {}
        self._departures: list[tuple[int, int]] = []
        self._position = 0
        self._event: Pending | None = None  # what is held
        self._left = 0  # conflicting events that are waited for; negative: any number
        self._patience = 0
        self._choices = 0  # of the longest run that was looked at
        self._limit = 0

    @property
    def exhausted(self) -> bool:
        """Whether there is nothing left to reverse, or nothing learned yet."""
        return not any(self._queues)

    def begin(self, view: View) -> bool:
        """Take the next plan; False when there is none."""
        if self.exhausted:
            return False
        queue = _TURNS[self._turn % len(_TURNS)]
        self._turn += 1
        _, _, self._plan = heappop(self._queues[queue] or self._queues[1 - queue])
        self._planned = dict(self._plan.departures)
        self._departures = []
        self._view = view
        self._position = 0
        self._event = None
        self._limit = 4 * self._choices + 1_000  # who goes on from there may spin until somebody else goes
        return True

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """As the plan has it; before and after, what is usual there."""
        assert self._view is not None
        pending = self._view.pending
        position = self._position
        self._position = position + 1
        if position >= self._limit:
            return enabled[int(self._rng.random() * len(enabled))]
        chosen = usual = go_on(pending, current, enabled)
        if self._event is not None:
            chosen = self._intrude(pending, current, enabled, usual)
        elif position == self._plan.at:
            chosen = self._hold(pending, enabled, usual)
        else:
            planned = self._planned.get(position, usual)
            if planned in enabled:
                chosen = planned
        if chosen != usual:
            self._departures.append((position, chosen))
        return chosen

    def end(self, view: View) -> None:
        """Learn from the run where it was recorded."""
        self._view = None
        self._event = None
        if self._position <= self._limit:
            self._study(view, tuple(self._departures), self._plan.at)

    def learn(self, run: Recorded) -> None:
        """Take what a recorded run offers in which everybody went on; begins anew where an earlier one was not so."""
        if run.steps is None:
            return
        plainest = [step.key for step in run.steps[:_LONGEST]]
        if plainest != self._plainest:
            self._plainest = plainest
            self._queues = ([], [])
            self._made = set()
            self._met = set()
            self._study(run, (), -1)

    # ---- a run ------------------------------------------------------------------------------------------------------

    def _hold(self, pending: Sequence[Pending | None], enabled: Sequence[int], usual: int) -> int:
        plan = self._plan
        self._event = pending[plan.held] if plan.held in enabled else None
        if self._event is None:  # it stands nowhere: who goes first is all there is to choose
            return plan.intruder if plan.intruder in enabled else usual
        self._left = plan.events or -1
        self._patience = 2 * self._choices + 100  # the intruder may spin until the held one goes
        return self._intrude(pending, -1, enabled, usual)

    def _intrude(self, pending: Sequence[Pending | None], current: int, enabled: Sequence[int], usual: int) -> int:
        plan = self._plan
        chosen = -1
        self._patience -= 1
        if self._left and self._patience:
            if not plan.alone:
                others = [actor for actor in enabled if actor != plan.held]
                if others:
                    chosen = current if current in others and pending[current] is not None else others[0]
            elif plan.intruder in enabled and (current < 0 or pending[plan.intruder] is not None):
                chosen = plan.intruder
        if chosen < 0:
            self._event = None
            return plan.held if plan.held in enabled else usual
        if chosen == plan.intruder and self._left > 0:
            event = pending[chosen]
            if event is not None and self._event is not None and conflict(self._event, event):
                self._left -= 1
        return chosen

    # ---- what a run offers ------------------------------------------------------------------------------------------

    def _study(self, run: Recorded, departures: tuple[tuple[int, int], ...], after: int) -> None:
        """Make plans of what follows after a choice."""
        if run.steps is None:
            return
        steps = run.steps[:_LONGEST]
        turns = turns_of(steps)
        self._choices = max(self._choices, sum(len(step.enabled) > 1 for step in steps))
        first = not self._met
        fresh = [turn.key is not None and turn.key not in self._met for turn in turns]
        self._met.update(turn.key for turn in turns if turn.key is not None)
        found = []
        for opening in openings(turns):
            turn = turns[opening.turn]
            if turn.choice > after:
                base = tuple(each for each in departures if each[0] < turn.choice)
                rank = opening.rank if first else opening.rank + (_IS_NEW if fresh[opening.turn] else _IS_KNOWN)
                found += self._plans(base, turn.choice, turn.actor, opening, rank)
        queue = self._queues[0 if first else 1]
        for entry in nsmallest(_MOST_PLANS - len(queue), found):
            heappush(queue, entry)
        self.recording = len(self._queues[1]) < _MOST_PLANS

    def _plans(
        self, departures: tuple[tuple[int, int], ...], at: int, held: int, opening: Opening, rank: float
    ) -> list[tuple[float, int, _Plan]]:
        found = []
        for events in range(min(opening.conflicts, _SHORT) + 1):
            plan = _Plan(departures, at, held, opening.intruder, events, opening.alone)
            if plan not in self._made:
                self._made.add(plan)
                chance = _CHANCE * self._rng.random()
                found.append((rank + (_IS_SHORT if events else 0.0) + chance, len(self._made), plan))
        return found
