"""Selectively uniform random walk: every interleaving of the events that matter is equally likely.

A walk that picks actors evenly does not pick interleavings evenly: with one actor of 24 steps and one of a single step,
it lets the short one go last once in sixteen million runs, though that is one interleaving of twenty-five. Picking each
actor with a probability proportional to the events that it still has to do makes them exactly even (the remaining
interleavings are counted by a multinomial coefficient, and the ratio of two neighbouring ones is that proportion).
It needs the counts: the first run is recorded and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from futurefuzz.explorers.base import Recorded, Step, View

__all__ = ["SURW"]

#: share of the runs in which every event counts, so that any interleaving stays possible
_EVERYTHING: Final = 0.25

#: turns outside the selection after which anybody may go, once: who goes on there may spin until one who is held acts
_PATIENCE: Final = 200

_FIRST: Final = "before its first point, or woken"


class SURW:
    """The next event of the selection belongs to each actor with a probability proportional to what it has left there.

    Paper: Zhao, Wolff, Mathur and Roychoudhury, "Selectively Uniform Concurrency Testing" (ASPLOS 2025). For each run a
    small set of resources is drawn among those that several actors touch and at least one writes; events on them are
    *interesting*. An actor that stands at an interesting event waits until it is the intended one.

    Guarantee: with exact counts, and actors that do not block each other, all interleavings of the interesting events
    are equally likely. A quarter of the runs take every event as interesting (the paper's URW), so every interleaving
    of the whole program has a positive probability. Until its first run has ended it has no counts: a random walk.

    Deviations: between interesting events the current actor goes on and another is drawn only when it cannot (the paper
    draws one each time), which saves hand-overs of the baton. The selection is one or two resources drawn anew for each
    run. Turns taken while nobody else could go are not seen, so what such an actor has left is overestimated. An actor
    that is spawned in mid-run is not counted with its parent before that.

    Cost: the first run recorded; then 0.2 µs a choice outside the selection and 0.8 µs at it; memory one number per
    actor and resource.

    Args:
        rng: all its randomness.
        selective: False makes every run count every event (URW).

    Attributes:
        selected: labels of the resources of this run's selection; None when every event counts.
    """

    name = "surw"

    def __init__(self, rng: Random, *, selective: bool = True) -> None:
        self.recording = True
        self.selected: tuple[object, ...] | None = None
        self._rng = rng
        self._random = rng.random
        self._selective = selective
        self._profile: dict[str, dict[object, int]] | None = None
        self._contested: list[object] = []
        self._view: View | None = None
        self._remaining: list[int] = []
        self._interesting: dict[object, bool] = {}
        self._intended = -1
        self._waited = 0

    def begin(self, view: View) -> bool:
        """Draw this run's selection."""
        self._view = view
        self._remaining = []
        self._interesting = {}
        self._intended = -1
        self._waited = 0
        self.selected = None
        if self._selective and self._contested and self._random() >= _EVERYTHING:
            few = min(1 + int(self._random() * 2), len(self._contested))
            self.selected = tuple(self._rng.sample(self._contested, few))
        return True

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """By what each actor has left; outside the selection the current one goes on."""
        if self._profile is None:
            return enabled[int(self._random() * len(enabled))]
        if self.selected is not None:
            return self._selectively(current, enabled)
        chosen = self._draw(enabled)
        if self._remaining[chosen] > 1:  # where the count was too low, an enabled actor still has a turn left
            self._remaining[chosen] -= 1
        return chosen

    def end(self, view: View) -> None:
        """Count the events of a recorded run."""
        self._view = None
        self.learn(view)

    def learn(self, run: Recorded) -> None:
        """Take the counts from a recorded run, by whichever explorer; no effect where it was not recorded."""
        if run.steps is not None:
            self._profile = _count(run.names, run.steps)
            self._contested = _contested(run.steps)
            self.recording = False

    def _draw(self, enabled: Sequence[int]) -> int:
        """One of `enabled`, by what each has left of the selection; -1 when there is nothing left."""
        remaining = self._remaining
        total = 0
        try:
            for actor in enabled:
                total += remaining[actor]
        except IndexError:  # an actor appeared since
            self._estimate()
            total = sum(remaining[actor] for actor in enabled)
        if not total:
            return -1
        mark = self._random() * total
        for actor in enabled:
            mark -= remaining[actor]
            if mark < 0:
                return actor
        return enabled[-1]

    def _selectively(self, current: int, enabled: Sequence[int]) -> int:
        assert self._view is not None
        pending = self._view.pending
        interesting = self._interesting
        self._waited += 1
        if self._waited > _PATIENCE:
            self._waited = 0
            self._intended = -1
            return enabled[int(self._random() * len(enabled))]
        if current >= 0 and (event := pending[current]) is not None and interesting.get(event.resource) is False:
            return current  # by far the most frequent case
        remaining = self._remaining
        if len(remaining) < len(pending):
            self._estimate()
        free = []
        held = []
        for actor in enabled:
            event = pending[actor]
            if event is None:
                free.append(actor)
                continue
            try:
                counts = interesting[event.resource]
            except KeyError:
                assert self.selected is not None
                counts = interesting[event.resource] = label(event.resource) in self.selected
            if counts:
                held.append(actor)
                if not remaining[actor]:
                    remaining[actor] = 1
            else:
                free.append(actor)
        if held:
            intended = self._intended
            if intended not in enabled:
                intended = self._intended = self._draw(enabled)
            if intended in held:
                free.append(intended)
        goes_on = current in free and pending[current] is not None
        chosen = current if goes_on else free[int(self._random() * len(free))]
        if chosen in held:
            remaining[chosen] -= 1
            self._intended = -1
            self._waited = 0
        return chosen

    def _estimate(self) -> None:
        """What each actor that has appeared has to do in this run, by the profile."""
        assert self._view is not None
        assert self._profile is not None
        names = self._view.names
        selected = self.selected
        for index in range(len(self._remaining), len(names)):
            counts = self._profile.get(names[index], {})
            if selected is None:
                self._remaining.append(max(1, sum(counts.values())))
            else:
                self._remaining.append(sum(counts.get(resource, 0) for resource in selected))


def label(resource: object) -> object:
    """What stands for a resource across runs: itself where it is plain data, else the name of its type.

    The objects of one run are not those of the next, and keeping them would keep the run alive.
    """
    if resource is None or isinstance(resource, str | int | tuple):
        return resource
    return f"{type(resource).__module__}.{type(resource).__qualname__}"


def _count(names: Sequence[str], steps: Sequence[Step]) -> dict[str, dict[object, int]]:
    """Turns of each actor, by the resource that it announced to touch in the turn."""
    profile: dict[str, dict[object, int]] = {}
    announced: dict[int, object] = {}
    for step in steps:
        if step.actor >= 0:
            announced[step.actor] = _FIRST if step.event is None else label(step.event.resource)
        turns = profile.setdefault(names[step.chosen], {})
        resource = announced.get(step.chosen, _FIRST)
        turns[resource] = turns.get(resource, 0) + 1
    return profile


def _contested(steps: Sequence[Step]) -> list[object]:
    """Resources that at least two actors touch and one writes, in the order of the first touch."""
    actors: dict[object, set[int]] = {}
    written: dict[object, bool] = {}
    for step in steps:
        if step.event is not None and step.event.resource is not None:
            resource = label(step.event.resource)
            actors.setdefault(resource, set()).add(step.actor)
            written[resource] = written.get(resource, False) or step.event.write
    return [resource for resource, who in actors.items() if len(who) > 1 and written[resource]]
