"""How the checks run things: generated programs under every schedule, ordinary functions under control."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from attrs import frozen

from futurefuzz import explorers
from futurefuzz.claims.parts import Parts
from futurefuzz.control.session import ControlledRun, run_controlled
from futurefuzz.programs.program import Actor, Callback, Operation, Program
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import CallbackRun, Event, FinalState, Run
from futurefuzz.targets.base import Target

__all__ = [
    "Runs",
    "add",
    "callbacks_of",
    "controlled",
    "every_run",
    "final",
    "in_loop",
    "op",
    "program",
    "returns",
    "task",
    "thread",
]

#: a program that has more interleavings than this is a sample
_LIMIT = 300
_SAMPLES = 30


@frozen
class Runs:
    """Runs of one program on one target.

    Args:
        runs: what happened.
        complete: these are all interleavings.
    """

    runs: tuple[Run, ...]
    complete: bool


def every_run(what: Program, target: Target, *, limit: int = _LIMIT) -> Runs:
    """A program under every interleaving; a sample where these are too many."""
    found: list[Run] = []
    explorer = explorers.make("exhaustive", Random(0))
    while len(found) < limit:
        run = execute(what, target, explorer)
        if run is None:
            return Runs(tuple(found), True)
        found.append(run)
    return Runs(tuple(found), False)


# ---- programs -------------------------------------------------------------------------------------------------------


def op(name: str, **more: Any) -> Operation:
    """An operation on the program's future."""
    return Operation(name=name, **more)


def add(callback: int) -> Operation:
    """Registers a callback."""
    return Operation(name="add_done_callback", callback=callback)


def task(*operations: Operation) -> Actor:
    """A task of the loop."""
    return Actor(kind="task", operations=operations)


def thread(*operations: Operation) -> Actor:
    """A thread."""
    return Actor(kind="thread", operations=operations)


def program(*actors: Actor, callbacks: tuple[Callback, ...] = (), debug: bool = False) -> Program:
    """A program over one future."""
    return Program(actors=actors, callbacks=callbacks, debug=debug)


# ---- histories ------------------------------------------------------------------------------------------------------


def returns(run: Run, name: str) -> list[Event]:
    """The ends of all operations of that name, in order; of posted ones, those of the operation itself."""
    found = []
    for event in run.history:
        operation = event.what
        if event.kind != "return" or not isinstance(operation, Operation) or operation.name != name:
            continue
        if operation.via == "direct" or event.site.endswith("!"):
            found.append(event)
    return found


def callbacks_of(run: Run) -> list[int]:
    """Which callbacks ran, in order."""
    return [event.what.callback for event in run.history if isinstance(event.what, CallbackRun)]


def final(run: Run) -> str | None:
    """How the future ended, as a label; None while it is pending."""
    for event in reversed(run.history):
        if isinstance(event.what, FinalState) and event.what.side == "observer":
            return None if event.what.outcome is None else event.what.outcome.what
    return None


# ---- ordinary functions ---------------------------------------------------------------------------------------------


def controlled(
    function: Callable[[], object], *, runs: int = _SAMPLES, explorer: str = "default", seed: int = 1
) -> Iterator[ControlledRun]:
    """A function under some schedules, one after another."""
    chooser = explorers.make(explorer, Random(seed))
    for _ in range(runs):
        run = run_controlled(function, chooser, seed=seed)
        if run is None:
            return
        yield run


def in_loop(parts: Parts, main: Callable[[asyncio.AbstractEventLoop], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine to its end in a loop of its own, made of the parts."""
    with _loop(parts) as loop:
        return loop.run_until_complete(main(loop))


@contextmanager
def _loop(parts: Parts) -> Iterator[asyncio.AbstractEventLoop]:
    loop = parts.new_loop()
    try:
        yield loop
        left = [each for each in asyncio.all_tasks(loop) if not each.done()]
        for each in left:
            each.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    finally:
        loop.close()
