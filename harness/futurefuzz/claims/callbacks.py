"""Rows 5 to 8: when callbacks run, in which order, what becomes of their exceptions, and taking them out."""

from __future__ import annotations

from typing import Final

from futurefuzz.claims.claim import Claim, Evidence, over
from futurefuzz.claims.parts import Parts
from futurefuzz.claims.probing import add, callbacks_of, every_run, op, program, returns, task, thread
from futurefuzz.programs.program import Actor, Callback, Operation
from futurefuzz.runs.history import CallbackRun, Run
from futurefuzz.targets.base import Target

__all__ = ["CLAIMS"]

_PLAIN: Final = (Callback(), Callback(group=1), Callback(group=2))


def _actor(target: Target, *operations: Operation) -> Actor:
    return thread(*operations) if target.contract == "concurrent" else task(*operations)


def _inside(run: Run) -> tuple[int, int]:
    """How many callbacks ran inside `set_result`, on the thread that called it; and how many in all."""
    inside = every = 0
    within: int | None = None
    for event in run.history:
        if isinstance(event.what, CallbackRun):
            every += 1
            inside += within == event.carrier
        elif isinstance(event.what, Operation) and event.what.name == "set_result":
            within = event.carrier if event.kind == "call" else None
    return inside, every


def _when(parts: Parts) -> Evidence:
    counts: dict[str, tuple[int, int]] = {}
    for target in (*parts.futures, parts.concurrent):
        inside = every = 0
        # From a thread where that is the contract; a second actor, so that there is more than one schedule.
        actors = (_actor(target, add(0), add(1), add(2), op("set_result")), _actor(target, op("done")))
        for run in every_run(program(*actors, callbacks=_PLAIN), target, limit=60).runs:
            here, all_of_them = _inside(run)
            inside, every = inside + here, every + all_of_them
        counts[target.name] = (inside, every)
    answers = {target.name: counts[target.name][0] > 0 for target in parts.futures}
    told = "; ".join(f"{name}: {inside} of {every}" for name, (inside, every) in counts.items())
    return Evidence(
        verdict=over(answers),
        sentence=f"callbacks that ran inside set_result, on the thread that called it: {told}",
        measured={name: {"inside": inside, "run": every} for name, (inside, every) in counts.items()},
    )


def _order(parts: Parts) -> Evidence:
    seen: dict[str, list[list[int]]] = {}
    for target in parts.futures:
        what = program(task(add(0), add(1), add(2), op("set_result")), task(op("await")), callbacks=_PLAIN)
        orders = [callbacks_of(run) for run in every_run(what, target).runs]
        seen[target.name] = [list(order) for order in dict.fromkeys(map(tuple, orders))]
    answers = {name: orders == [[2, 1, 0]] for name, orders in seen.items()}
    told = "; ".join(f"{name}: {' and '.join(map(_spelled, orders))}" for name, orders in seen.items())
    return Evidence(
        verdict=over(answers),
        sentence=f"registered 1 2 3, they ran in the order {told}",
        measured=seen,
    )


def _spelled(order: list[int]) -> str:
    return " ".join(str(index + 1) for index in order) or "(none ran)"


def _raising(parts: Parts) -> Evidence:
    answers: dict[str, bool] = {}
    told = []
    callbacks = (Callback(raises=True), Callback(group=1), Callback(group=2))
    for target in parts.futures:
        what = program(
            task(add(0), add(1), add(2), op("set_result"), op("yield"), op("yield"), op("done")), callbacks=callbacks
        )
        right = True
        for run in every_run(what, target).runs:
            ran = callbacks_of(run)
            handled = sum(event.kind == "handler" for event in run.history)
            on = len(returns(run, "done"))
            right = right and sorted(ran) == [0, 1, 2] and handled == 1 and on == 1
        answers[target.name] = right
        told.append(f"{target.name}: handler called {handled} times, callbacks run {len(ran)}, loop went on: {on == 1}")
    return Evidence(
        verdict=over(answers), sentence=f"the first of three callbacks raises; {'; '.join(told)}", measured=answers
    )


def _removing(parts: Parts) -> Evidence:
    answers: dict[str, bool] = {}
    told = []
    for target in parts.futures:
        # Three that are equal are registered; removing one of them takes out all.
        equal = (Callback(), Callback(), Callback(group=1))
        removing = Operation(name="remove_done_callback", callback=0)
        before = program(task(add(0), add(1), add(0), add(2), removing, op("set_result")), callbacks=equal)
        after = program(task(add(0), op("set_result"), removing), callbacks=equal)
        early, late = (every_run(each, target).runs[0] for each in (before, after))
        taken = [_count(run) for run in (early, late)]
        ran = [callbacks_of(run) for run in (early, late)]
        answers[f"{target.name} before completion"] = taken[0] == 3 and ran[0] == [2]
        answers[f"{target.name} after completion"] = ran[1] == []
        told.append(
            f"{target.name}: before completion {taken[0]} of 3 equal ones removed and {ran[0].count(0)} ran; "
            f"after completion {taken[1]} removed and {len(ran[1])} ran"
        )
    return Evidence(verdict=over(answers), sentence="; ".join(told), measured=answers)


def _count(run: Run) -> int:
    [event] = returns(run, "remove_done_callback")
    return int(event.outcome.what) if event.outcome is not None and event.outcome.what.isdigit() else -1


_FUTURE: Final = "https://docs.python.org/3/library/asyncio-future.html"

CLAIMS: Final = (
    Claim(
        number=5,
        claim="Done-callbacks run immediately, inside set_result",
        truth=(
            "Each is scheduled with loop.call_soon, and nothing runs before the loop does; concurrent.futures does run "
            "them inline, in the resolving thread."
        ),
        quote=(
            "Callbacks registered with asyncio.Future.add_done_callback() are not called immediately. They are "
            "scheduled "
            "with loop.call_soon() instead."
        ),
        source=f"{_FUTURE} (differences from concurrent.futures.Future)",
        expected="refuted",
        check=_when,
    ),
    Claim(
        number=6,
        claim="Callbacks run last-in-first-out",
        truth="First-in-first-out.",
        quote="This operates as a FIFO queue: callbacks are called in the order in which they are registered.",
        source="docstring of asyncio.BaseEventLoop.call_soon",
        expected="refuted",
        check=_order,
    ),
    Claim(
        number=7,
        claim="An exception in a callback reaches loop.call_exception_handler and does not stop the loop",
        truth="So it is; the other callbacks still run, exactly once.",
        quote="Call the current event loop's exception handler.",
        source="docstring of asyncio.BaseEventLoop.call_exception_handler",
        expected="holds",
        check=_raising,
    ),
    Claim(
        number=8,
        claim="remove_done_callback takes out stale handlers",
        truth=(
            "Before completion it removes all equal ones and returns how many; after completion they are queued "
            "already, "
            "and still run."
        ),
        quote="Returns the number of callbacks removed.",
        source="docstring of asyncio.Future.remove_done_callback",
        expected="depends",
        check=_removing,
    ),
)
