"""`futurefuzz.explore`: a function under every schedule that matters, in this process."""

from __future__ import annotations

import asyncio
import inspect
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from futurefuzz.control import ordered
from futurefuzz.errors import InputError
from futurefuzz.exploring.engine import EXPLORERS, STOPS, Budget, Hunt, Stage, hunt
from futurefuzz.exploring.exploration import Exploration, finding_of
from futurefuzz.exploring.failure import Check
from futurefuzz.exploring.models import DEFAULT, MODELS, points_for
from futurefuzz.exploring.places import is_users
from futurefuzz.exploring.running import Runner

__all__ = ["as_body", "explore", "search_models"]

_RUNS = 1000


def explore(
    function: Callable[[], Any],
    *,
    runs: int | None = None,
    seconds: float | None = None,
    seed: int | None = None,
    model: str = DEFAULT,
    explorer: str = "search",
    instrument: Sequence[str] = (),
    check: Check | None = None,
    stop: str = "soon",
) -> Exploration:
    """Run a function again and again, each time under another schedule of its threads and tasks, and find how it fails.

    It is run in this process, unchanged: its threads, locks, queues, executors and loops are taken over while it runs.
    What counts as failure: an exception that nobody catches in any thread or task, a deadlock, a livelock, what
    asyncio complains of, and whatever `check` says.

    Args:
        function: takes no arguments; a coroutine function is run by `asyncio.run`.
        runs: at most so many; 1,000 when neither this nor `seconds` is given.
        seconds: at most so long.
        seed: repeats an exploration.
        model: the strongest preemption model to try; the weaker ones come first.
        explorer: `search` or one of `futurefuzz.explorers.NAMES`.
        instrument: modules that get points inside, beside the function's own, `asyncio` and `concurrent.futures`.
        check: called with what the function returned; raises, or returns False, when that is wrong.
        stop: when to end after a failure: `first`, at once; `soon`, after as many runs again as the last new one took
            (100 at least); `budget`, not before the budget is spent.

    Returns:
        What was found, with a report, and a certificate when all small schedules were run and none failed.

    Raises:
        InputError: an argument is wrong.
        HarnessError: the harness failed.
    """
    if not callable(function):
        raise InputError(f"explore takes a function without arguments, not {function!r:.60}")
    _check_options(model, explorer, stop)
    if runs is None and seconds is None:
        runs = _RUNS
    seed = secrets.randbits(32) if seed is None else seed
    started = time.monotonic()

    body = as_body(function)

    def runner(name: str) -> Runner:
        points = points_for(name, getattr(function, "__code__", None), [*_module_of(function), *instrument])
        return Runner(body, model=name, points=points, seed=seed)

    try:
        found, stages = search_models(
            runner,
            _models_up_to(model),
            runs=runs,
            seconds=seconds,
            seed=seed,
            explorer=explorer,
            check=check,
            stop=stop,
        )
    finally:
        ordered.forget()
    findings = tuple(finding_of(each) for each in found)
    return Exploration(
        what=getattr(function, "__qualname__", repr(function)),
        failures=findings,
        stages=stages,
        seed=seed,
        explorer=explorer,
        seconds=time.monotonic() - started,
    )


def _module_of(function: Callable[[], Any]) -> list[str]:
    name = getattr(function, "__module__", None)
    module = sys.modules.get(name) if isinstance(name, str) else None
    file = getattr(module, "__file__", None)
    return [file] if isinstance(file, str) and file.endswith(".py") and is_users(file) else []


def as_body(function: Callable[[], Any]) -> Callable[[], object]:
    """What is run: a coroutine function inside a loop of its own."""
    if inspect.iscoroutinefunction(function):
        return lambda: asyncio.run(function())
    return function


def search_models(
    runner: Callable[[str], Runner],
    models: tuple[str, ...],
    *,
    runs: int | None,
    seconds: float | None,
    seed: int,
    explorer: str,
    check: Check | None = None,
    progress: Callable[[str, int], None] = lambda model, runs: None,
    stop: str = "first",
    known: tuple[str, ...] = (),
    tell: Callable[[Hunt], None] = lambda found: None,
) -> tuple[list[Hunt], tuple[Stage, ...]]:
    """Search under each model, the weakest first; when something fails, the stronger ones only if `stop` says `budget`.

    What is left of the budget is shared equally by the models that are left.
    """
    hunts: list[Hunt] = []
    deadline = None if seconds is None else time.monotonic() + seconds
    stages: list[Stage] = []
    for nth, model in enumerate(models):
        left = len(models) - nth
        budget = Budget(
            runs=None if runs is None else max(1, (runs - sum(s.runs for s in stages)) // left),
            deadline=None if deadline is None else time.monotonic() + (deadline - time.monotonic()) / left,
        )
        with runner(model) as running:
            found, stage = hunt(
                running,
                budget,
                explorer=explorer,
                seed=seed,
                check=check,
                progress=partial(progress, model),
                stop=stop,
                known=(*known, *(each.failure.signature for each in hunts)),
                tell=tell,
            )
        stages.append(stage)
        hunts += found
        if hunts and stop != "budget":
            break
    return hunts, tuple(stages)


def _models_up_to(model: str) -> tuple[str, ...]:
    return MODELS[: MODELS.index(model) + 1]


def _check_options(model: str, explorer: str, stop: str) -> None:
    if stop not in STOPS:
        raise InputError(f"unknown stop {stop!r}; allowed: {', '.join(STOPS)}")
    if model not in MODELS:
        raise InputError(f"unknown model {model!r}; allowed: {', '.join(MODELS)}")
    if explorer not in EXPLORERS:
        raise InputError(f"unknown explorer {explorer!r}; allowed: {', '.join(EXPLORERS)}")
