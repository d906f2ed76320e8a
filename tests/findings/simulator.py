"""A stand-in for controlled runs: executes the operations of threads under a schedule, in microseconds.

It keeps the rules that the minimiser relies on: points are named by place, who stands at a point goes on unless a
switch says otherwise, and switches that do not fit are ignored and missing from the schedule that is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from attrs import evolve

from futurefuzz.findings.finding import Case
from futurefuzz.programs.program import Operation, Switch


class Did(NamedTuple):
    """One operation as it was executed."""

    thread: int
    operation: Operation


Shows = Callable[[list[Did]], bool]


class Simulator:
    """A `keeps` whose finding is a predicate over the order in which operations were executed."""

    def __init__(self, shows: Shows) -> None:
        self.shows = shows
        self.calls: list[Case] = []

    def __call__(self, case: Case) -> Case | None:
        """The case with its normalised schedule when the predicate holds for its run."""
        self.calls.append(case)
        done, used = run(case)
        return evolve(case, schedule=used) if self.shows(done) else None


def run(case: Case) -> tuple[list[Did], tuple[Switch, ...]]:
    """The order of operations under the case's schedule, and the switches that changed something."""
    wanted = {(switch.actor, switch.place, switch.nth): switch.to for switch in case.schedule}
    left = {
        number: list(enumerate(_performed(case, actor.operations)))
        for number, actor in enumerate(case.program.actors)
        if actor.kind == "thread"
    }
    done: list[Did] = []
    used: list[Switch] = []

    def choose(actor: str, place: str, default: int) -> int:
        to = wanted.get((actor, place, 1))
        chosen = next((number for number in left if f"thread {number}" == to), default)
        if chosen != default:
            used.append(Switch(actor, place, 1, f"thread {chosen}"))
        return chosen

    if not left:
        return done, ()
    current = choose("", "start", min(left))
    asked = dict.fromkeys(left, False)
    last = dict.fromkeys(left, "")
    while True:
        if not left[current]:
            del left[current]
            if not left:
                return done, tuple(used)
            current = choose(f"thread {current}", f"{current}.{last[current]}/end", min(left))
            continue
        position, operations = left[current][0]
        if not asked[current]:
            asked[current] = True
            chosen = choose(f"thread {current}", f"{current}.{position}/operation", current)
            if chosen != current:
                current = chosen
                continue
        left[current].pop(0)
        asked[current] = False
        last[current] = str(position)
        done.extend(Did(current, operation) for operation in operations)


def _performed(case: Case, operations: tuple[Operation, ...]) -> Iterator[list[Operation]]:
    """For each operation what is executed: a registered callback's operations count with its registration."""
    for operation in operations:
        inner: tuple[Operation, ...] = ()
        if operation.name == "add_done_callback" and operation.callback is not None:
            inner = case.program.callbacks[operation.callback].operations
        yield [operation, *inner]
