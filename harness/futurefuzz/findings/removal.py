"""A case without some of its parts, or with its actors in another order, and the schedule that follows.

A schedule names its switches by place (`1.0/call_soon` in `thread 1`), and places count actors, callbacks, hooks and
operations from 0. When one of them goes, the numbers of those behind it change, and so must the schedule, or dropping
anything but the last would always look as if it were needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from attrs import evolve, frozen

from futurefuzz.findings.finding import Case
from futurefuzz.programs.program import Actor, Callback, Hook, Link, Operation, Program, Switch

__all__ = ["BOUNDARY", "SITE", "Holder", "Place", "Point", "moved_to_front", "one_per_point", "places", "without"]

#: kind of the point before an operation, where a switch reads best
BOUNDARY: Final = "operation"

#: owner, number, position and rest of a place
SITE: Final = re.compile(r"([ch]?)(\d+)(?:\.(\d+))?(.*)", re.DOTALL)

_THREAD: Final = re.compile(r"thread (\d+)")

#: what holds operations
Holder = TypeVar("Holder", Actor, Callback, Hook)


class Place(NamedTuple):
    """Where an operation stands: `owner` is `""` (actor), `c` (callback) or `h` (hook), as in the sites of events."""

    owner: str
    number: int
    position: int


class Point(NamedTuple):
    """Where a switch happens."""

    actor: str
    place: str
    nth: int


def without(
    case: Case,
    *,
    actors: Iterable[int] = (),
    callbacks: Iterable[int] = (),
    hooks: Iterable[int] = (),
    futures: Iterable[int] = (),
    operations: Iterable[Place] = (),
    links: Iterable[int] = (),
    relocate: bool = False,
    instead: str = "",
) -> Case:
    """The case without some of its parts, everything that refers to the others renumbered.

    Args:
        case: stays as it is.
        actors, callbacks, hooks, futures: numbers of what goes; operations on a future or with a callback go with it.
        operations: places of operations that go.
        links: numbers of links that go; those of a future that goes go with it.
        relocate: a switch inside an operation that goes moves to the next operation of its actor, and where an actor
            that goes was let go only to let another go, that one is let go at once; otherwise such switches go too.
        instead: with `relocate`, who is let go where an actor that goes was, and no switch tells who came after it.
    """
    program = case.program
    kept_callbacks = _kept(len(program.callbacks), callbacks)
    kept_futures = _kept(program.futures, futures)
    kept = {"": _kept(len(program.actors), actors), "c": kept_callbacks, "h": _kept(len(program.hooks), hooks)}
    gone = set(operations)
    positions: dict[Place, int | None] = {}

    def shorten(owner: str, number: int, holder: Holder) -> Holder:
        left: list[Operation] = []
        for position, operation in enumerate(holder.operations):
            place = Place(owner, number, position)
            future = kept_futures.get(operation.future)
            callback = None if operation.callback is None else kept_callbacks.get(operation.callback)
            if place in gone or future is None or (callback is None) != (operation.callback is None):
                positions[place] = None
                continue
            positions[place] = len(left)
            left.append(evolve(operation, future=future, callback=callback))
        return evolve(holder, operations=tuple(left))

    smaller = Program(
        actors=tuple(shorten("", number, program.actors[number]) for number in kept[""]),
        futures=max(1, len(kept_futures)),
        callbacks=tuple(shorten("c", number, program.callbacks[number]) for number in kept["c"]),
        hooks=tuple(shorten("h", number, program.hooks[number]) for number in kept["h"]),
        debug=program.debug,
        foreign=program.foreign,
        links=tuple(
            Link(of=kept_futures[link.of], to=kept_futures[link.to])
            for link in (program.links[number] for number in _kept(len(program.links), links))
            if link.of in kept_futures and link.to in kept_futures
        ),
        loops=program.loops,
        homes=tuple(program.home(future) for future in kept_futures) if program.homes else (),
    )
    follow = _Renumbering(smaller, kept, positions, relocate=relocate, instead=instead)
    return evolve(case, program=smaller, schedule=follow.schedule(case.schedule))


def moved_to_front(case: Case, actor: int) -> Case:
    """The case with an actor as the first, so that the default rule lets it begin; all names and places follow."""
    program = case.program
    order = [actor, *(other for other in range(len(program.actors)) if other != actor)]
    kept = {
        "": {old: new for new, old in enumerate(order)},
        "c": _kept(len(program.callbacks), ()),
        "h": _kept(len(program.hooks), ()),
    }
    positions: dict[Place, int | None] = {place: place.position for place in places(program)}
    moved = evolve(program, actors=tuple(program.actors[old] for old in order))
    follow = _Renumbering(moved, kept, positions, relocate=False, instead="")
    return evolve(case, program=moved, schedule=follow.schedule(case.schedule))


def places(program: Program) -> list[Place]:
    """Where the operations of a program stand, in order."""
    holders: list[tuple[str, Sequence[Actor | Callback | Hook]]]
    holders = [("", program.actors), ("c", program.callbacks), ("h", program.hooks)]
    return [
        Place(owner, number, position)
        for owner, listed in holders
        for number, holder in enumerate(listed)
        for position in range(len(holder.operations))
    ]


def _kept(count: int, gone: Iterable[int]) -> dict[int, int]:
    """Old number to new number of what stays."""
    out = set(gone)
    return {old: new for new, old in enumerate(index for index in range(count) if index not in out)}


@frozen
class _Renumbering:
    """How the schedule of a program becomes that of the smaller one."""

    program: Program
    kept: dict[str, dict[int, int]]
    positions: dict[Place, int | None]
    relocate: bool
    instead: str

    def schedule(self, switches: Sequence[Switch]) -> tuple[Switch, ...]:
        """The switches whose actors and places are still there; with `relocate` also the nearest to the others."""
        found: list[Switch] = []
        leading: dict[str, Point] = {}  # actor that goes -> the point at which it was let go
        reached = Point("", "start", 1)  # where the next default choice may be
        for switch in switches:
            to = self._name(switch.to)
            point = self._point(switch)
            if point is None and self.relocate and self._name(switch.actor) is None:
                point = leading.pop(switch.actor, reached)
            if point is not None and to is not None:
                found.append(Switch(*point, to))
                reached = self._end(to) or reached
            elif point is not None:
                leading[switch.to] = point
        if self.instead:
            found += [Switch(*point, self.instead) for point in leading.values() if point.actor != self.instead]
        return one_per_point(found)

    def _point(self, switch: Switch) -> Point | None:
        actor = self._name(switch.actor)
        if actor is None:
            return None
        site = SITE.fullmatch(switch.place)
        if site is None:  # `start`, or a place of the loop itself
            return Point(actor, switch.place, switch.nth)
        owner, old, position, rest = site.groups()
        number = self.kept[owner].get(int(old))
        if number is None:
            return None
        if position is None:
            return Point(actor, f"{owner}{number}{rest}", switch.nth)
        new = self.positions.get(Place(owner, int(old), int(position)))
        if new is not None:
            return Point(actor, f"{owner}{number}.{new}{rest}", switch.nth)
        if not self.relocate or owner:
            return None
        return Point(actor, self._after(int(old), number, int(position)), 1)

    def _name(self, name: str) -> str | None:
        thread = _THREAD.fullmatch(name)
        if thread is None:
            return name
        number = self.kept[""].get(int(thread[1]))
        return None if number is None else f"thread {number}"

    def _after(self, old: int, number: int, position: int) -> str:
        """The first place of the actor behind the operation that went."""
        before = [self.positions.get(Place("", old, earlier)) for earlier in range(position)]
        following = sum(new is not None for new in before)
        if following < len(self.program.actors[number].operations):
            return f"{number}.{following}/{BOUNDARY}"
        return self._end_place(number)

    def _end(self, name: str) -> Point | None:
        thread = _THREAD.fullmatch(name)
        return None if thread is None else Point(name, self._end_place(int(thread[1])), 1)

    def _end_place(self, number: int) -> str:
        count = len(self.program.actors[number].operations) if number < len(self.program.actors) else 0
        return f"{number}.{count - 1 if count else ''}/end"


def one_per_point(switches: Iterable[Switch]) -> tuple[Switch, ...]:
    """Of switches that came to stand at the same point only the last: there is one choice at a point."""
    found: dict[tuple[str, str, int], Switch] = {}
    for switch in switches:
        point = (switch.actor, switch.place, switch.nth)
        found.pop(point, None)
        found[point] = switch
    return tuple(found.values())
