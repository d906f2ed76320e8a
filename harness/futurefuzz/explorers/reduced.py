"""Exhaustive search that runs only one of the schedules that differ in the order of independent turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from futurefuzz.errors import HarnessError
from futurefuzz.explorers.base import Pending, View
from futurefuzz.explorers.certificate import counted
from futurefuzz.explorers.default_rule import go_on
from futurefuzz.explorers.dependence import ANYTHING, Order, Turn, dependent, named

__all__ = ["Reduced"]


class _Node:
    """A step on the path of the run: who is let go there, was, is still to be, and need not be."""

    __slots__ = ("asleep", "current", "done", "enabled", "going", "wanted")

    def __init__(self, current: int, enabled: tuple[int, ...], going: int, asleep: dict[int, Turn]) -> None:
        self.current = current
        self.enabled = enabled
        self.going = going
        self.wanted = [going]  # the source set: grows while races are found
        self.done: dict[int, Turn] = {}
        self.asleep = asleep


class Reduced:
    """One run for each way to order the dependent turns, instead of one for each interleaving; finite.

    Papers: Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems" (1996) for sleep sets: what
    has been tried at a choice need not be tried after other turns that are independent of it. Abdulla, Aronis, Jonsson
    and Sagonas, "Optimal Dynamic Partial Order Reduction" (POPL 2014) for source sets (their algorithm 1), after
    Flanagan and Godefroid (POPL 2005): another actor is tried at a choice only when a race shows that it could matter.

    Guarantee: when `complete` is true, for every interleaving of the program one has been run that differs from
    it only in the order of independent turns (a Mazurkiewicz trace), so it ends alike; and no two runs but
    `redundant` ones are equivalent. What is independent, and why that is sound, stands in `dependence`. It holds for
    deterministic programs, and that is checked: a HarnessError otherwise.

    With `exact`, whatever is shared is touched only at a point that announces it; a resource of None is nothing
    shared. Then two actors with nothing in common have one run. Where a point is a call-out from within an operation
    (the turn after it goes on with the operation), that is not so: without `exact` a turn may also touch whatever its
    actor has announced before in the run, and one that begins or ends at no point depends on everything. That is
    meant for the programs of this harness; on them it seldom spares a run.

    Deviation: an explorer cannot break a run off. When all that could go is asleep, the run goes on by the default rule
    and is counted as redundant.

    Cost: recorded runs, then some 3 µs a step, and for each race a few operations on integers of as many bits as the
    run has steps; memory one node per step of a run.

    Args:
        rng: not used; there for the registry.
        exact: every access to something shared has a point of its own.

    Attributes:
        complete: all has been run.
        runs: how many runs have ended.
        redundant: how many of them were equivalent to another.
        pruned: alternatives that needed no run.
    """

    name = "reduced"

    def __init__(self, rng: Random | None = None, *, exact: bool = False) -> None:
        self.recording = True
        self.complete = False
        self.runs = 0
        self.redundant = 0
        self.pruned = 0
        self._exact = exact
        self._unannounced: Mapping[object, bool] | None = {} if exact else None  # what a first turn touches
        self._path: list[_Node] = []
        self._changed = 0  # position of the first node whose turn is new in this run
        self._view: View | None = None
        self._position = 0
        self._turns: list[Turn] = []
        self._announced: dict[int, Mapping[object, bool] | None] = {}  # for the next turn of each actor
        self._so_far: dict[int, Mapping[object, bool] | None] = {}  # in all the run
        self._went: tuple[int, Mapping[object, bool] | None] | None = None
        self._actors = 0
        self._sleeping = False

    def certificate(self) -> str:
        """What has been shown so far, as in "all interleavings, 37 that differ in the order of dependent steps"."""
        different = self.runs - self.redundant
        if not self.complete:
            return f"not complete: {counted(different, 'interleaving')} so far"
        if different == 1:
            return "all interleavings, which do not differ in the order of dependent steps"
        return f"all interleavings, {different:,} that differ in the order of dependent steps"

    def begin(self, view: View) -> bool:
        """Start along the path; False when all has been run.

        Raises:
            HarnessError: the run is not recorded.
        """
        if self.complete:
            return False
        if view.steps is None:
            raise HarnessError("the reduced search needs recorded runs")
        self._view = view
        self._position = 0
        self._turns = []
        self._announced = {}
        self._so_far = {}
        self._went = None
        self._actors = 0
        self._sleeping = False
        return True

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """Along the path, then going on with whoever is not asleep.

        Raises:
            HarnessError: the path does not meet what it met in the run before.
        """
        assert self._view is not None
        self._catch_up()
        pending = self._view.pending
        event = pending[current] if current >= 0 else None
        return self._arrive(current, event, tuple(enabled), go_on(pending, current, enabled))

    def end(self, view: View) -> None:
        """Look for races whose other order has not been run, and step back to the last one.

        Raises:
            HarnessError: the run ended before its path did.
        """
        self._catch_up()
        self._view = None
        self.runs += 1
        self.redundant += self._sleeping
        if self._position < len(self._path):
            raise HarnessError(
                f"the program is not deterministic: after the same choices a run ended at step {self._position}, "
                f"before it came to step {len(self._path) - 1}"
            )
        if self._went is not None:
            actor, touched = self._went
            self._turns.append(Turn(actor, touched if self._exact else None))
        turns = self._turns[: len(self._path)]
        self._find_races(turns)
        self._step_back(turns)

    # ---- along a run ------------------------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        """The steps at which there was nothing to choose."""
        assert self._view is not None
        steps = self._view.steps
        assert steps is not None
        while self._position < len(steps):
            step = steps[self._position]
            self._arrive(step.actor, step.event, step.enabled, step.chosen)

    def _arrive(self, current: int, event: Pending | None, enabled: tuple[int, ...], default: int) -> int:
        position = self._position
        self._position = position + 1
        appeared = max(enabled) >= self._actors
        self._actors = max(self._actors, max(enabled) + 1)
        if self._went is not None:
            actor, touched = self._went
            self._turns.append(Turn(actor, None if appeared or (event is None and not self._exact) else touched))
        if current >= 0:
            self._announce(current, event)
        chosen = self._next(position, current, enabled, default)
        self._went = (chosen, self._announced.get(chosen, self._unannounced))
        return chosen

    def _announce(self, actor: int, event: Pending | None) -> None:
        if event is None:
            self._announced[actor] = None  # it waits or has ended; what it touches next, it has not said
            return
        earlier = None if self._exact else self._so_far.get(actor, {})
        touched: Mapping[object, bool] | None
        if event.resource is ANYTHING:
            touched = None
        elif self._exact:
            touched = {} if event.resource is None else {named(event.resource): event.write}
        elif earlier is None or event.resource is None:
            touched = earlier
        else:
            resource = named(event.resource)
            touched = {**earlier, resource: event.write or earlier.get(resource, False)}
        self._so_far[actor] = self._announced[actor] = touched

    def _next(self, position: int, current: int, enabled: tuple[int, ...], default: int) -> int:
        path = self._path
        if position < len(path):
            node = path[position]
            if node.current != current or node.enabled != enabled:
                raise HarnessError(
                    f"the program is not deterministic: at step {position} actor {node.current} stood and "
                    f"{list(node.enabled)} could go; now it is actor {current} and {list(enabled)}"
                )
            return node.going
        if self._sleeping:
            return default
        asleep: dict[int, Turn] = {}
        if path:
            last, turn = path[-1], self._turns[-1]
            for tried in (last.asleep, last.done):
                asleep.update((actor, other) for actor, other in tried.items() if not dependent(other, turn))
        awake = [actor for actor in enabled if actor not in asleep]
        if not awake:
            self._sleeping = True
            return default
        chosen = default if default in awake else awake[0]
        path.append(_Node(current, enabled, chosen, asleep))
        return chosen

    # ---- between runs -----------------------------------------------------------------------------------------------

    def _find_races(self, turns: list[Turn]) -> None:
        """For each new turn that could change places with one before it: see to it that somebody starts to do so."""
        order = Order(turns)
        path = self._path
        for later in range(self._changed, len(turns)):
            actor = turns[later].actor
            for earlier in order.adjacent(later):
                node = path[earlier]
                if turns[earlier].actor == actor:
                    continue
                if actor not in node.enabled and actor in path[earlier + 1].enabled:
                    continue  # it was let go by that turn
                self._reverse(node, turns, order, earlier, later)

    def _reverse(self, node: _Node, turns: list[Turn], order: Order, earlier: int, later: int) -> None:
        # What does not need the earlier turn can go before it; any actor that can begin with that will do.
        moved = 0
        starters = []
        for index in (*range(earlier + 1, later), later):
            if index != later and order.before[index] >> earlier & 1:
                continue
            if not order.before[index] & moved:
                starters.append(turns[index].actor)
            moved |= 1 << index
        starters = [actor for actor in starters if actor in node.enabled]
        if any(actor in node.wanted for actor in starters):
            return
        if starters:
            actor = turns[later].actor
            node.wanted.append(actor if actor in starters else starters[0])
        else:
            node.wanted += [actor for actor in node.enabled if actor not in node.wanted]

    def _step_back(self, turns: list[Turn]) -> None:
        path = self._path
        while path:
            node = path[-1]
            node.done[node.going] = turns[len(path) - 1]
            for actor in node.wanted:
                if actor not in node.done and actor not in node.asleep:
                    node.going = actor
                    self._changed = len(path) - 1
                    return
            self.pruned += len(node.enabled) - len(node.done)
            path.pop()
        self.complete = True
