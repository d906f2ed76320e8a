"""Does a program leave anything behind on a target? One run with a watched end, then the same run again and again."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Final

from attrs import evolve, frozen

from futurefuzz.contracts import leak_clauses as clauses
from futurefuzz.contracts.declared import split
from futurefuzz.contracts.misuse import LOOSE
from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.errors import HarnessError
from futurefuzz.explorers.replay import ChoicesReplay, Replay, schedule_of
from futurefuzz.leaks.allocations import Allocation, allocations
from futurefuzz.leaks.ending import Ended, EndingWorld, Kept
from futurefuzz.leaks.garbage import frozen_heap, thawed_heap
from futurefuzz.leaks.growth import SETTLING, Growth, goes_on_growing, tracing
from futurefuzz.leaks.leftovers import look
from futurefuzz.leaks.pinning import Pin, pin
from futurefuzz.leaks.referrers import kept_by
from futurefuzz.oracles.base import situation
from futurefuzz.programs.program import Program
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import Event, Run
from futurefuzz.targets.base import Target

__all__ = ["Noting", "check", "judged", "looked_at"]

#: makes the list for a run's choices, so that whoever watches the process sees them
Noting = Callable[[], list[int]]

#: rounds, and times in each, of the look that every checked run gets
_QUICK: Final = (3, 2)

#: seconds that new threads get to end where it is only asked what makes them
_MOMENT: Final = 0.05

#: which kind of survivor is named when several live: who keeps a future keeps its callbacks and its value too
_RANK: Final = ("task", "future", "callback", "context", "exception", "value")


@frozen(kw_only=True)
class _Leak:
    """What leaks, before it is known why."""

    clause: Clause
    detail: str
    cause: str
    chain: tuple[str, ...] = ()
    lines: tuple[Allocation, ...] = ()
    measure: str = ""
    amount: float = 1.0


def judged(program: Program) -> bool:
    """Whether leaks of this program say something: where an allocation or a call-out fails inside an operation, nobody
    promises what is let go of; tasks that await each other hold each other, and a loop that is stopped what it has."""
    if program.links or program.loops > 1:
        return False
    if any(hook.raises for hook in program.hooks):
        return False
    return not any(one.starved is not None or one.argument == "hostile" for one in program.operations())


def looked_at(run: Run) -> list[str]:
    """The clauses that `check` looks at for a run: where somebody waits for ever, much has to stay."""
    always = (clauses.GROWTH, clauses.SURVIVAL, clauses.THREAD, clauses.DESCRIPTOR)
    if run.status != "completed":
        return [clause.id for clause in always]
    return [
        clause.id for clause in clauses.CLAUSES if clause is not clauses.HANDLE or run.loop_carrier is not None
    ]


def check(
    program: Program,
    target: Target,
    choices: Sequence[int],
    *,
    history: Sequence[Event] | None = None,
    noting: Noting = list,
    growth: bool = True,
    buffers: bool = True,
) -> list[Violation]:
    """Run a program under given choices and look for what it leaves behind.

    Args:
        program: what to run.
        target: on what.
        choices: of the run, as `Run.choices` has them.
        history: of a run with these choices, into which `Violation.at` points; None: that of the run made here.
        noting: makes the list for each run's choices.
        growth: repeat the run to see whether memory grows.
        buffers: count the bytes too, which takes twice as long: a buffer that is made larger is no new block.

    Returns:
        At most one violation, of the gravest kind: what survives before what grows, cycles, what completed futures
        hold, and what is left outside of memory. What the target has declared is left out. Empty for a program that
        `judged` says nothing about.
    """
    if not judged(program) or target.crossing is not None:
        return []
    with frozen_heap():
        return _check(_Bench(target, noting), program, choices, history, growth, buffers)


def _check(
    bench: _Bench,
    program: Program,
    choices: Sequence[int],
    history: Sequence[Event] | None,
    growth: bool,
    buffers: bool,
) -> list[Violation]:
    outside = look()
    ended, run = bench.ended(program, choices)
    found = _left(ended)
    threads, descriptors = look(outside).new_since(outside)
    found += [
        _Leak(clause=clauses.THREAD, detail="thread left", cause=f"A thread was started and still lives: {name}")
        for name in threads
        if run.status != "livelock"
    ]
    found += [
        _Leak(clause=clauses.DESCRIPTOR, detail="descriptor left", cause=f"Descriptor {text} is still open")
        for text in descriptors
    ]
    lasting = sorted(ended.types.items())
    if situation(run).misuse & LOOSE:  # nothing is promised of it, but that what it makes is not lost for good
        found = [leak for leak in found if leak.clause is clauses.SURVIVAL]
    # Who survives is more telling than that memory grows, which it then does.
    if growth and run.status != "livelock" and (not found or found[0].clause is not clauses.SURVIVAL):
        # Threads and descriptors run out when a run is repeated as often as it takes to be sure.
        scarce = any(leak.clause in (clauses.THREAD, clauses.DESCRIPTOR) for leak in found)
        # A thread has buffers of its own.
        settling = 0 if scarce else SETTLING
        found = [*bench.growth(program, choices, lasting, settling=settling, buffers=buffers and not scarce), *found]
    if not found:
        return []
    leak, pinned = _explained(bench, found[0], program, run, lasting)
    return _violations(leak, pinned, run, history if history is not None else run.history, bench.target)


class _Bench:
    """Runs programs on the target."""

    def __init__(self, target: Target, noting: Noting) -> None:
        self.target = target
        self.noting = noting

    def ended(self, program: Program, choices: Sequence[int]) -> tuple[Ended, Run]:
        """A run with a watched end."""
        worlds: list[EndingWorld] = []

        def surroundings(*arguments: Any, **keywords: Any) -> EndingWorld:
            worlds.append(EndingWorld(*arguments, **keywords))
            return worlds[-1]

        gc.collect()  # what is found after the run shall be of the run
        run = execute(
            program, self.target, ChoicesReplay(choices), choices=self.noting(), surroundings=surroundings
        )
        assert run is not None, "a replay always has its one run"
        return worlds[0].ended, run

    def left_outside(self, program: Program, choices: Sequence[int], clause: Clause) -> float:
        """How many threads, or descriptors, a run leaves."""
        before = look()
        self.ended(program, choices)
        threads, descriptors = look(before, patience=_MOMENT).new_since(before)
        return float(len(threads if clause is clauses.THREAD else descriptors))

    def step(self, program: Program, choices: Sequence[int]) -> Callable[[], object]:
        """An ordinary run of which nothing is kept."""
        explorer = ChoicesReplay(choices)

        def step() -> None:
            execute(program, self.target, explorer, choices=self.noting())
            explorer.diverged.clear()

        return step

    def grown(
        self,
        program: Program,
        choices: Sequence[int],
        lasting: Sequence[tuple[str, Any]],
        *,
        buffers: bool,
        settling: int = 0,
    ) -> list[Growth]:
        """What grows when the run is repeated; with `settling`, also when it is repeated so often. Without `buffers`
        only what allocates blocks."""
        step = self.step(program, choices)
        rounds, times = _QUICK
        with frozen_heap(), tracing() if buffers else nullcontext():
            step()
            return goes_on_growing(step, rounds=rounds, times=times, settling=settling, lasting=lasting)

    def growth(
        self,
        program: Program,
        choices: Sequence[int],
        lasting: Sequence[tuple[str, Any]],
        *,
        settling: int,
        buffers: bool,
    ) -> list[_Leak]:
        """The same as a leak; memory before reference counts, which grow with it."""
        grown = self.grown(program, choices, lasting, settling=settling, buffers=buffers)
        if not grown:
            return []
        first = grown[0]
        rounds = ", ".join(f"+{number}" for number in first.rounds)
        cause = f"{first.what[0].upper()}{first.what[1:]} grow in every round of {first.times} runs: {rounds}"
        memory = first.what in ("blocks of memory", "traced bytes")
        detail = "memory grows" if memory else f"{first.what} grow"
        lines = allocations(self.step(program, choices)) if memory else ()
        return [
            _Leak(
                clause=clauses.GROWTH, detail=detail, cause=cause, lines=lines, measure=first.what, amount=first.each
            )
        ]

    def choices_without(self, program: Program, run: Run) -> Callable[[Program], list[int]]:
        """How the run's choices are found for a program that differs from its own in an operation."""
        recorded = execute(program, self.target, ChoicesReplay(run.choices), record=True, choices=self.noting())
        if recorded is None or recorded.steps is None:
            raise HarnessError(f"a run of {self.target.name} could not be recorded")
        schedule = schedule_of(recorded.steps, recorded.names)

        def choices(other: Program) -> list[int]:
            made = execute(other, self.target, Replay(schedule), choices=self.noting())
            assert made is not None
            return list(made.choices)

        return choices


def _left(ended: Ended) -> list[_Leak]:
    """What the end of one run shows, the gravest first."""
    found = []
    kept = min(ended.kept, key=_rank, default=None)
    if kept is not None:
        with thawed_heap():
            chain = kept_by(kept.thing, ignoring=[ended.kept, *ended.kept])
        cause = f"The {kept.kind} is alive although the run is over, all was dropped and the collector has come"
        found.append(_Leak(clause=clauses.SURVIVAL, detail=f"{kept.kind} survives", cause=cause, chain=chain))
    for cycle in ended.cycles:
        cause = "What the program has dropped and nobody waits for is in a cycle that only the collector can free"
        detail = f"cycle of {', '.join(cycle.parts)}"
        found.append(_Leak(clause=clauses.CYCLE, detail=detail, cause=cause, chain=cycle.chain))
    held = min(ended.held, key=_rank, default=None)
    if held is not None:
        what = "The dropped future" if held.kind == "future" else f"The {held.kind}"
        cause = f"{what} is done with, and yet held by others" if held.kind == "future" else (
            f"{what} is still held by a future that is done and has no more use for it"
        )
        detail = f"{'dropped ' if held.kind == 'future' else ''}{held.kind} held"
        found.append(_Leak(clause=clauses.HELD, detail=detail, cause=cause, chain=held.chain))
    if ended.handles:
        found.append(
            _Leak(clause=clauses.HANDLE, detail="handle left", cause=f"Left in the loop: {ended.handles[0]}")
        )
    ended.kept.clear()
    ended.held.clear()
    gc.collect()
    return found


def _rank(kept: Kept) -> int:
    return _RANK.index(kept.kind)


def _explained(
    bench: _Bench, leak: _Leak, program: Program, run: Run, lasting: Sequence[tuple[str, Any]]
) -> tuple[_Leak, Pin | None]:
    """The leak with its lines, and the operation that causes it."""
    choices_of = bench.choices_without(program, run)

    def leaks(other: Program) -> float:
        choices = choices_of(other)
        if leak.clause in (clauses.THREAD, clauses.DESCRIPTOR):
            return bench.left_outside(other, choices, leak.clause)
        if leak.clause is clauses.GROWTH:
            buffers = leak.measure == "traced bytes"
            grown = bench.grown(other, choices, lasting, buffers=buffers)
            return max((one.each for one in grown if one.what == leak.measure), default=0.0)
        ended, _ = bench.ended(other, choices)
        details = [(one.clause, one.detail) for one in _left(ended)]
        return 1.0 if (leak.clause, leak.detail) in details else 0.0

    pinned = pin(program, leaks, leak.amount)
    if leak.clause is clauses.SURVIVAL:
        leak = evolve(leak, lines=allocations(bench.step(program, run.choices)))
    if leak.clause is clauses.GROWTH and pinned is not None:
        leak = evolve(leak, detail=f"{leak.detail} by {pinned.name}")
    return leak, pinned


def _violations(
    leak: _Leak, pinned: Pin | None, run: Run, history: Sequence[Event], target: Target
) -> list[Violation]:
    cause = leak.cause
    if leak.chain:
        cause += f": {' → '.join(leak.chain)}"
    if leak.lines:
        cause += f"; allocated at {', '.join(map(str, leak.lines[:2]))}"
    if pinned is not None:
        cause += f"; without {pinned.words} there is {'none of it' if pinned.alone else 'less'}"
    at = len(history) - 1
    for index, event in enumerate(history):
        if pinned is not None and event.kind == "return" and event.site.rstrip("!").partition("#")[0] == pinned.site:
            at = index
            break
    violation = situation(run).violation("leaks", leak.clause, leak.detail, cause, at)
    return split([violation], target.name)[0]
