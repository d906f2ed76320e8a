"""Ways to make a case smaller: what can be left out or made plainer, and how the schedule follows.

A schedule names its switches by place (`1.0/call_soon` in `thread 1`), and places count actors, callbacks, hooks and
operations from 0. When one of them goes, the numbers of those behind it change, and so must the schedule, or dropping
anything but the last would always look as if it were needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from attrs import evolve, frozen

from futurefuzz.findings.finding import Case
from futurefuzz.programs.operations import VIAS
from futurefuzz.programs.program import Actor, Callback, Hook, Operation, Program, Switch

__all__ = ["PASSES", "Measure", "Pass", "Place", "measure", "without"]

#: kinds of points at which an actor cannot go on anyway: choosing there is no preemption
_FREE: Final = frozenset({"start", "end", "wait", "asleep", "locked", "sleep"})

#: kind of the point before an operation, where a switch reads best
_BOUNDARY: Final = "operation"

_THREAD: Final = re.compile(r"thread (\d+)")
_SITE: Final = re.compile(r"([ch]?)(\d+)(?:\.(\d+))?(.*)", re.DOTALL)

Measure = tuple[int, ...]

#: what holds operations
T = TypeVar("T", Actor, Callback, Hook)


class Place(NamedTuple):
    """Where an operation stands: `owner` is `""` (actor), `c` (callback) or `h` (hook), as in the sites of events."""

    owner: str
    number: int
    position: int


class _Edit(NamedTuple):
    """Give an attribute of a part of the program its plainer value."""

    part: str
    place: Place
    attribute: str
    value: Any


@frozen
class Pass:
    """One kind of reduction.

    Args:
        name: for people.
        atoms: what can be reduced in a case, in order.
        apply: the case with some of these reduced; several variants where it is not clear what becomes of the schedule.
        structural: it changes the program, so that its failure may need another schedule.
    """

    name: str
    atoms: Callable[[Case], Sequence[Any]]
    apply: Callable[[Case, Sequence[Any]], Iterable[Case]]
    structural: bool = True


def measure(case: Case) -> Measure:
    """How large a case is; the minimiser only ever takes a step to a smaller measure, hence it ends.

    Returns:
        Compared from the left: operations, actors, callbacks and hooks, futures; settings that are not at their
        plainest; call-outs that a hook lets pass; sum of the indices of futures and callbacks; then of the schedule:
        preemptions, switches, switches inside an operation, sum of the occurrences at which they happen.
    """
    program, schedule = case.program, case.schedule
    operations = program.operations()
    settings = sum(map(_settings, operations)) + int(program.debug)
    settings += sum(callback.raises + callback.ephemeral for callback in program.callbacks)
    kinds = [_kind(switch) for switch in schedule]
    return (
        len(operations),
        len(program.actors),
        len(program.callbacks) + len(program.hooks),
        program.futures,
        settings,
        sum(hook.nth for hook in program.hooks),
        sum(operation.future + (operation.callback or 0) for operation in operations),
        sum(kind not in _FREE for kind in kinds),
        len(schedule),
        sum(kind not in _FREE and kind != _BOUNDARY for kind in kinds),
        sum(switch.nth for switch in schedule),
    )


def _settings(operation: Operation) -> int:
    return (operation.argument is not None) + (operation.context is not None) + VIAS.index(operation.via)


def _kind(switch: Switch) -> str:
    return switch.place.rpartition("/")[2]


# ---- leaving out ----------------------------------------------------------------------------------------------------


def without(
    case: Case,
    *,
    actors: Iterable[int] = (),
    callbacks: Iterable[int] = (),
    hooks: Iterable[int] = (),
    futures: Iterable[int] = (),
    operations: Iterable[Place] = (),
    relocate: bool = False,
) -> Case:
    """The case without some of its parts, everything that refers to the others renumbered.

    Args:
        case: stays as it is.
        actors, callbacks, hooks, futures: numbers of what goes; operations on a future or with a callback go with it.
        operations: places of operations that go.
        relocate: a switch inside an operation that goes moves to the next operation of its actor, instead of going too.
    """
    program = case.program
    kept_callbacks = _kept(len(program.callbacks), callbacks)
    kept_futures = _kept(program.futures, futures)
    kept = {"": _kept(len(program.actors), actors), "c": kept_callbacks, "h": _kept(len(program.hooks), hooks)}
    gone = set(operations)
    positions: dict[Place, int | None] = {}

    def shorten(owner: str, number: int, holder: T) -> T:
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
    )
    follow = _Renumbering(smaller, kept, positions, relocate=relocate)
    return evolve(case, program=smaller, schedule=follow.schedule(case.schedule))


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

    def schedule(self, switches: Sequence[Switch]) -> tuple[Switch, ...]:
        """The switches whose actors and places are still there."""
        moved = map(self._switch, switches)
        return _one_per_point(switch for switch in moved if switch is not None)

    def _switch(self, switch: Switch) -> Switch | None:
        actor, to = self._name(switch.actor), self._name(switch.to)
        if actor is None or to is None:
            return None
        site = _SITE.fullmatch(switch.place)
        if site is None:  # `start`, or a place of the loop itself
            return Switch(actor, switch.place, switch.nth, to)
        owner, old, position, rest = site.groups()
        index = self.kept[owner].get(int(old))
        if index is None:
            return None
        if position is None:
            return Switch(actor, f"{owner}{index}{rest}", switch.nth, to)
        new = self.positions.get(Place(owner, int(old), int(position)))
        if new is not None:
            return Switch(actor, f"{owner}{index}.{new}{rest}", switch.nth, to)
        if not self.relocate or owner:
            return None
        return Switch(actor, self._after(int(old), index, int(position)), 1, to)

    def _name(self, name: str) -> str | None:
        thread = _THREAD.fullmatch(name)
        if thread is None:
            return name
        number = self.kept[""].get(int(thread[1]))
        return None if number is None else f"thread {number}"

    def _after(self, old: int, index: int, position: int) -> str:
        """The first place of the actor behind the operation that went."""
        before = [self.positions.get(Place("", old, earlier)) for earlier in range(position)]
        following = sum(new is not None for new in before)
        count = len(self.program.actors[index].operations)
        if following < count:
            return f"{index}.{following}/{_BOUNDARY}"
        return f"{index}.{count - 1 if count else ''}/end"


def _drop(part: str) -> Callable[[Case, Sequence[Any]], Iterable[Case]]:
    def apply(case: Case, atoms: Sequence[Any]) -> Iterator[Case]:
        parts: dict[str, Any] = {part: atoms}
        first = without(case, **parts)
        yield first
        second = without(case, **parts, relocate=True)
        if second != first:
            yield second

    return apply


def _places(program: Program) -> list[Place]:
    holders: list[tuple[str, Sequence[Actor | Callback | Hook]]]
    holders = [("", program.actors), ("c", program.callbacks), ("h", program.hooks)]
    return [
        Place(owner, number, position)
        for owner, listed in holders
        for number, holder in enumerate(listed)
        for position in range(len(holder.operations))
    ]


def _operation(program: Program, place: Place) -> Operation:
    holders: dict[str, Sequence[Actor | Callback | Hook]]
    holders = {"": program.actors, "c": program.callbacks, "h": program.hooks}
    return holders[place.owner][place.number].operations[place.position]


def _unused(case: Case) -> list[tuple[str, int]]:
    operations = case.program.operations()
    callbacks = {operation.callback for operation in operations}
    futures = {operation.future for operation in operations}
    found = [("callbacks", index) for index in range(len(case.program.callbacks)) if index not in callbacks]
    return found + [("futures", index) for index in range(case.program.futures) if index not in futures]


def _drop_unused(case: Case, atoms: Sequence[tuple[str, int]]) -> Iterator[Case]:
    yield without(
        case,
        callbacks=[index for part, index in atoms if part == "callbacks"],
        futures=[index for part, index in atoms if part == "futures"],
    )


# ---- making plainer -------------------------------------------------------------------------------------------------


def _plainer(case: Case) -> list[_Edit]:
    program = case.program
    edits = []
    for place in _places(program):
        operation = _operation(program, place)
        for attribute in ("argument", "context"):
            if getattr(operation, attribute) is not None:
                edits.append(_Edit("operation", place, attribute, None))
        # the plainest route last, so that it wins where both are applied
        edits += [_Edit("operation", place, "via", via) for via in reversed(VIAS[: VIAS.index(operation.via)])]
    for index, callback in enumerate(program.callbacks):
        for attribute in ("raises", "ephemeral"):
            if getattr(callback, attribute):
                edits.append(_Edit("callback", Place("c", index, 0), attribute, False))
    for index, hook in enumerate(program.hooks):
        place = Place("h", index, 0)
        edits += [_Edit("hook", place, "nth", nth) for nth in reversed(_earlier(hook.nth))]
    if program.debug:
        edits.append(_Edit("program", Place("", 0, 0), "debug", False))
    return edits


def _earlier(nth: int) -> list[int]:
    """Occurrences to try instead of this one, the first of all first."""
    return sorted({other for other in (1, nth // 2, nth - 1) if 0 < other < nth})


def _fewer_names(case: Case) -> list[_Edit]:
    edits = []
    for place in _places(case.program):
        operation = _operation(case.program, place)
        if operation.future:
            edits.append(_Edit("operation", place, "future", 0))
        if operation.callback:
            edits.append(_Edit("operation", place, "callback", 0))
    return edits


def _edit(case: Case, edits: Sequence[_Edit]) -> Iterator[Case]:
    changes: dict[tuple[str, Place], dict[str, Any]] = {}
    for part, place, attribute, value in edits:
        changes.setdefault((part, place), {})[attribute] = value
    program = case.program

    def edited(part: str, owner: str, number: int, holder: T) -> T:
        operations = tuple(
            evolve(operation, **changes.get(("operation", Place(owner, number, position)), {}))
            for position, operation in enumerate(holder.operations)
        )
        return evolve(holder, operations=operations, **changes.get((part, Place(owner, number, 0)), {}))

    smaller = evolve(
        program,
        actors=tuple(edited("actor", "", number, actor) for number, actor in enumerate(program.actors)),
        callbacks=tuple(edited("callback", "c", number, one) for number, one in enumerate(program.callbacks)),
        hooks=tuple(edited("hook", "h", number, hook) for number, hook in enumerate(program.hooks)),
        **changes.get(("program", Place("", 0, 0)), {}),
    )
    yield evolve(case, program=smaller)


# ---- the schedule ---------------------------------------------------------------------------------------------------


def _switches(case: Case, *, free: bool) -> list[Switch]:
    return [switch for switch in case.schedule if (_kind(switch) in _FREE) == free]


def _drop_switches(case: Case, atoms: Sequence[Switch]) -> Iterator[Case]:
    yield evolve(case, schedule=tuple(switch for switch in case.schedule if switch not in atoms))


def _moves(case: Case) -> list[tuple[Switch, Switch]]:
    """Each switch at an earlier occurrence of its place, or before the operation that it is inside of, or the next."""
    found = []
    for switch in case.schedule:
        places = [switch.place]
        site = _SITE.fullmatch(switch.place)
        if _kind(switch) not in _FREE and _kind(switch) != _BOUNDARY and site is not None and site[3] is not None:
            owner, index, position = site[1], site[2], int(site[3])
            places += [f"{owner}{index}.{position}/{_BOUNDARY}", f"{owner}{index}.{position + 1}/{_BOUNDARY}"]
        for place in places:
            others = _earlier(switch.nth) if place == switch.place else [1]
            found += [(switch, evolve(switch, place=place, nth=nth)) for nth in others]
    return found


def _move(case: Case, atoms: Sequence[tuple[Switch, Switch]]) -> Iterator[Case]:
    moved = dict(reversed(atoms))
    yield evolve(case, schedule=_one_per_point(moved.get(switch, switch) for switch in case.schedule))


def _one_per_point(switches: Iterable[Switch]) -> tuple[Switch, ...]:
    """Of switches that came to stand at the same point only the last: there is one choice at a point."""
    found: dict[tuple[str, str, int], Switch] = {}
    for switch in switches:
        point = (switch.actor, switch.place, switch.nth)
        found.pop(point, None)
        found[point] = switch
    return tuple(found.values())


#: in the order in which they are worth trying: what takes the most away comes first
PASSES: Final = (
    Pass("unused callbacks and futures", _unused, _drop_unused),
    Pass("actors", lambda case: range(len(case.program.actors)), _drop("actors")),
    Pass("hooks", lambda case: range(len(case.program.hooks)), _drop("hooks")),
    Pass("callbacks", lambda case: range(len(case.program.callbacks)), _drop("callbacks")),
    Pass("futures", lambda case: range(case.program.futures), _drop("futures")),
    Pass("operations", lambda case: _places(case.program), _drop("operations")),
    Pass("settings", _plainer, _edit),
    Pass("names", _fewer_names, _edit),
    Pass("preemptions", lambda case: _switches(case, free=False), _drop_switches, structural=False),
    Pass("switches", lambda case: case.schedule, _drop_switches, structural=False),
    Pass("places", _moves, _move, structural=False),
)
