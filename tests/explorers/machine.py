"""A machine small enough to be sure of: generators as actors, driven by an explorer under the rules of the control.

An actor is a generator. It yields a `Pending` before each event (a point) and a `Block` where it cannot go on; what
stands between two yields is one turn. A failing assertion in an actor is the bug that a test has planted.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from futurefuzz.explorers.base import Explorer, Pending, Step


@dataclass
class Block:
    """The actor waits for a resource; with a timeout it may be let go although nobody unblocked it."""

    resource: str
    timed: bool = False


Body = Generator[Pending | Block, bool, None]
#: makes the shared variables ready and spawns the actors
Program = Callable[["Machine"], None]


@dataclass
class Result:
    """One run: `turns` is who had each turn, forced ones too; `bug` is the first failed assertion."""

    status: str
    turns: list[int]
    choices: list[int]
    steps: list[Step] | None
    names: list[str]
    bug: str | None
    trace: list[tuple[int, Pending | None]] = field(default_factory=list)


class Machine:
    """One run of a program; also the explorer's view of it."""

    def __init__(self, *, record: bool = False) -> None:
        self.names: list[str] = []
        self.pending: list[Pending | None] = []
        self.steps: list[Step] | None = [] if record else None
        self.variables: dict[str, Any] = {}
        self.finish: Callable[[], None] = lambda: None
        self._bodies: list[Body] = []
        self._enabled: list[int] = []
        self._timed: list[int] = []
        self._waiting: dict[int, str] = {}
        self._owners: dict[str, int] = {}
        self._nth: dict[tuple[str, str], int] = {}
        self._key = ("", "start", 1)
        self._started: set[int] = set()
        self._current = -1

    def key(self) -> tuple[str, str, int]:
        return self._key

    def spawn(self, body: Body, name: str | None = None) -> int:
        index = len(self._bodies)
        self._bodies.append(body)
        self.names.append(name or f"thread {index}")
        self.pending.append(None)
        self._enabled.append(index)
        return index

    def acquire(self, lock: str) -> Generator[Pending | Block, bool, None]:
        yield Pending("acquire", lock, True)
        while lock in self._owners:
            yield Block(lock)
        self._owners[lock] = self._current

    def release(self, lock: str) -> Generator[Pending | Block, bool, None]:
        yield Pending("release", lock, True)
        del self._owners[lock]
        self.wake(lock)

    def wake(self, resource: str) -> None:
        for index in [index for index, waited in self._waiting.items() if waited == resource]:
            del self._waiting[index]
            if index in self._timed:
                self._timed.remove(index)
            insort(self._enabled, index)

    def run(self, explorer: Explorer, *, bound: int = 5000) -> Result:
        result = Result("completed", [], [], self.steps, self.names, None)
        kind = "start"
        while self._enabled or self._timed:
            if len(result.turns) >= bound:
                result.status = "livelock"
                break
            chosen = self._next(explorer, kind, result)
            expired = chosen in self._timed
            if expired:
                self._timed.remove(chosen)
                del self._waiting[chosen]
                insort(self._enabled, chosen)
            result.turns.append(chosen)
            result.trace.append((chosen, self.pending[chosen]))
            self._current = chosen
            kind = self._turn(chosen, expired, result)
        else:
            if self._waiting:
                result.status = "stuck"
        if result.status == "completed":
            try:
                self.finish()
            except AssertionError as error:
                result.bug = result.bug or str(error)
        return result

    def _next(self, explorer: Explorer, kind: str, result: Result) -> int:
        current = self._current
        # The control passes its own list where it can; so an explorer that keeps it would see it change.
        candidates = self._enabled + self._timed if self._timed else self._enabled
        name = self.names[current] if current >= 0 else ""
        if self.steps is not None:
            nth = self._nth[name, kind] = self._nth.get((name, kind), 0) + 1
            self._key = (name, kind, nth)
        chosen = candidates[0]
        if len(candidates) > 1:
            chosen = explorer.choose(current, candidates)
            assert chosen in candidates
            result.choices.append(chosen)
        if self.steps is not None:
            event = self.pending[current] if current >= 0 else None
            self.steps.append(Step(current, self._key, event, tuple(candidates), chosen))
        return chosen

    def _turn(self, index: int, expired: bool, result: Result) -> str:
        body = self._bodies[index]
        try:
            said = body.send(expired) if index in self._started else next(body)
            self._started.add(index)
        except (StopIteration, AssertionError) as end:
            if isinstance(end, AssertionError):
                result.bug = result.bug or str(end)
            self._enabled.remove(index)
            self.pending[index] = None
            return "end"
        if isinstance(said, Pending):
            self.pending[index] = said
            return f"{said.kind} {said.resource}"
        self.pending[index] = None
        self._enabled.remove(index)
        self._waiting[index] = said.resource
        if said.timed:
            self._timed.append(index)
        return f"wait {said.resource}"


def run(program: Program, explorer: Explorer, *, record: bool = False, bound: int = 5000) -> Result | None:
    """One run, as the executor makes it; None when the explorer has nothing more to explore."""
    machine = Machine(record=record or explorer.recording)
    program(machine)
    if not explorer.begin(machine):
        return None
    result = machine.run(explorer, bound=bound)
    explorer.end(machine)
    return result


def runs(program: Program, explorer: Explorer, limit: int = 1_000_000) -> list[Result]:
    """Run after run, until the explorer has no more or the limit is reached."""
    results: list[Result] = []
    while len(results) < limit and (result := run(program, explorer)) is not None:
        results.append(result)
    return results


def runs_to_bug(program: Program, explorer: Explorer, limit: int) -> int | None:
    """How many runs it took until a bug or a deadlock showed; None when none did."""
    for number in range(1, limit + 1):
        result = run(program, explorer)
        if result is None:
            return None
        if result.bug is not None or result.status != "completed":
            return number
    return None


def events(resource: str, count: int, *, write: bool = True) -> Body:
    """An actor that only has events."""
    for _ in range(count):
        yield Pending("step", resource, write)


def straight(*counts: int, resource: str | None = None) -> Program:
    """Actors with so many events each, on their own resources or on a common one; each has one turn more."""

    def program(machine: Machine) -> None:
        for index, count in enumerate(counts):
            machine.spawn(events(resource or f"own {index}", count))

    return program


def interleaving(result: Result, resource: str) -> tuple[int, ...]:
    """Who had each event on a resource, in order."""
    return tuple(actor for actor, event in result.trace if event is not None and event.resource == resource)


def preemptions(turns: Sequence[int]) -> int:
    """Switches away from an actor that has another turn later (actors that do not block)."""
    return sum(a != b and a in turns[at:] for at, (a, b) in enumerate(pairwise(turns), start=1))


def chi_square(counts: Sequence[int], cells: int) -> float:
    """Pearson's statistic of counts against the uniform distribution over so many cells (absent cells counted as 0)."""
    expected = sum(counts) / cells
    missing = cells - len(counts)
    return sum((count - expected) ** 2 / expected for count in counts) + missing * expected
