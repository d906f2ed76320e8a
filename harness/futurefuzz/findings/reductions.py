"""Ways to make a case smaller, and what smaller means.

A reduction says what could be taken away from a case (its atoms), and makes the case without some of them; the
minimiser knows nothing else of programs and schedules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from attrs import evolve, frozen

from futurefuzz.findings.finding import Case
from futurefuzz.findings.removal import (
    BOUNDARY,
    SITE,
    Holder,
    Place,
    Point,
    moved_to_front,
    one_per_point,
    places,
    without,
)
from futurefuzz.programs.operations import VIAS
from futurefuzz.programs.program import Actor, Callback, Hook, Operation, Program, Switch

__all__ = ["PASSES", "Measure", "Pass", "measure"]

#: kinds of points at which an actor cannot go on anyway: choosing there is no preemption
_FREE: Final = frozenset({"start", "end", "wait", "asleep", "locked", "sleep"})

#: what an operation may be given, and what a callback may be, beyond the plain one
_GIVEN: Final = ("argument", "context", "starved")
_FLAGS: Final = ("raises", "ephemeral", "unequal", "unhashable", "deferring")

Measure = tuple[int, ...]


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
    settings = sum(map(_settings, operations)) + program.debug + program.foreign + len(program.links)
    settings += sum(getattr(callback, flag) for callback in program.callbacks for flag in _FLAGS)
    settings += sum(hook.raises for hook in program.hooks)
    kinds = [_kind(switch) for switch in schedule]
    return (
        len(operations),
        len(program.actors),
        len(program.callbacks) + len(program.hooks),
        program.futures,
        settings,
        sum(hook.nth for hook in program.hooks) + sum(operation.starved or 0 for operation in operations),
        sum(operation.future + (operation.callback or 0) for operation in operations),
        sum(kind not in _FREE for kind in kinds),
        len(schedule),
        sum(kind not in _FREE and kind != BOUNDARY for kind in kinds),
        sum(switch.nth for switch in schedule),
    )


def _settings(operation: Operation) -> int:
    given = sum(getattr(operation, attribute) is not None for attribute in _GIVEN)
    return given + VIAS.index(operation.via)


def _kind(switch: Switch) -> str:
    return switch.place.rpartition("/")[2]


# ---- leaving out ---------------------------------------------------------------------------------------------------


def _drop(part: str) -> Callable[[Case, Sequence[Any]], Iterable[Case]]:
    def apply(case: Case, atoms: Sequence[Any]) -> Iterator[Case]:
        parts: dict[str, Any] = {part: atoms}
        plain = without(case, **parts)
        yield plain
        relocated = without(case, **parts, relocate=True)
        if relocated != plain:
            yield relocated
        if part == "actors" and len(atoms) == 1:
            for name in ("loop", *(f"thread {number}" for number in range(len(plain.program.actors)))):
                redirected = without(case, **parts, relocate=True, instead=name)
                if redirected != relocated:
                    yield redirected

    return apply


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
    for place in places(program):
        operation = _operation(program, place)
        for attribute in _GIVEN:
            if getattr(operation, attribute) is not None:
                edits.append(_Edit("operation", place, attribute, None))
        edits += [_Edit("operation", place, "starved", nth) for nth in reversed(_earlier(operation.starved or 0))]
        # the plainest route last, so that it wins where both are applied
        edits += [_Edit("operation", place, "via", via) for via in reversed(VIAS[: VIAS.index(operation.via)])]
    for index, callback in enumerate(program.callbacks):
        for attribute in _FLAGS:
            if getattr(callback, attribute):
                edits.append(_Edit("callback", Place("c", index, 0), attribute, False))
    for index, hook in enumerate(program.hooks):
        place = Place("h", index, 0)
        edits += [_Edit("hook", place, "nth", nth) for nth in reversed(_earlier(hook.nth))]
        if hook.raises:
            edits.append(_Edit("hook", place, "raises", False))
    for attribute in ("debug", "foreign"):
        if getattr(program, attribute):
            edits.append(_Edit("program", Place("", 0, 0), attribute, False))
    return edits


def _earlier(nth: int) -> list[int]:
    """Occurrences to try instead of this one, the first of all first."""
    return sorted({other for other in (1, nth // 2, nth - 1) if 0 < other < nth})


def _fewer_names(case: Case) -> list[_Edit]:
    edits = []
    for place in places(case.program):
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

    def edited(part: str, owner: str, number: int, holder: Holder) -> Holder:
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
    if len(atoms) == 1:
        shorter = _short_cut(case.schedule, atoms[0])
        if shorter is not None:
            yield evolve(case, schedule=shorter)


def _short_cut(schedule: Sequence[Switch], gone: Switch) -> tuple[Switch, ...] | None:
    """The schedule without a switch, the one that led to it leading at once to where it went."""
    position = schedule.index(gone)
    for earlier in range(position - 1, -1, -1):
        if schedule[earlier].to == gone.actor:
            led = evolve(schedule[earlier], to=gone.to)
            return (*schedule[:earlier], led, *schedule[earlier + 1 : position], *schedule[position + 1 :])
    return None


def _moves(case: Case) -> list[tuple[Switch, Switch]]:
    """Each switch at an earlier occurrence of its place, or before the operation that it is inside of, or the next.

    The first switch may also become the choice of who begins.
    """
    found = []
    start = Point("", "start", 1)
    for switch in case.schedule[:1]:
        if (switch.actor, switch.place, switch.nth) != start:
            found.append((switch, Switch(*start, switch.to)))
    for switch in case.schedule:
        nearby = [switch.place]
        site = SITE.fullmatch(switch.place)
        if _kind(switch) not in _FREE and _kind(switch) != BOUNDARY and site is not None and site[3] is not None:
            owner, index, position = site[1], site[2], int(site[3])
            nearby += [f"{owner}{index}.{position}/{BOUNDARY}", f"{owner}{index}.{position + 1}/{BOUNDARY}"]
        for place in nearby:
            others = _earlier(switch.nth) if place == switch.place else [1]
            found += [(switch, evolve(switch, place=place, nth=nth)) for nth in others]
    return found


def _move(case: Case, atoms: Sequence[tuple[Switch, Switch]]) -> Iterator[Case]:
    moved = dict(reversed(atoms))
    yield evolve(case, schedule=one_per_point(moved.get(switch, switch) for switch in case.schedule))


def _beginners(case: Case) -> list[int]:
    """The thread that the schedule lets begin, unless it is the first already."""
    found = [switch.to.removeprefix("thread ") for switch in case.schedule if switch.place == "start"]
    numbers = [int(name) for name in found if name.isdecimal()]
    return [number for number in numbers if 0 < number < len(case.program.actors)]


def _begin(case: Case, atoms: Sequence[int]) -> Iterator[Case]:
    moved = moved_to_front(case, atoms[0])
    yield evolve(moved, schedule=tuple(switch for switch in moved.schedule if switch.place != "start"))


#: in the order in which they are worth trying: what takes the most away comes first
PASSES: Final = (
    Pass("unused callbacks and futures", _unused, _drop_unused),
    Pass("actors", lambda case: range(len(case.program.actors)), _drop("actors")),
    Pass("hooks", lambda case: range(len(case.program.hooks)), _drop("hooks")),
    Pass("callbacks", lambda case: range(len(case.program.callbacks)), _drop("callbacks")),
    Pass("futures", lambda case: range(case.program.futures), _drop("futures")),
    Pass("operations", lambda case: places(case.program), _drop("operations")),
    Pass("links", lambda case: range(len(case.program.links)), _drop("links")),
    Pass("settings", _plainer, _edit),
    Pass("names", _fewer_names, _edit),
    Pass("preemptions", lambda case: _switches(case, free=False), _drop_switches, structural=False),
    Pass("switches", lambda case: case.schedule, _drop_switches, structural=False),
    Pass("order of actors", _beginners, _begin, structural=False),
    Pass("places", _moves, _move, structural=False),
)
