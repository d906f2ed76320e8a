"""Runs one tool on one program when asked, for `peers`: a process that reads jobs and writes results, a JSON line each.

Each tool has a process of its own, as all of them replace parts of `threading`. Only what is used is imported.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.benchmarks.peer_programs import planted
from tests.benchmarks.peer_programs.planted import PLANTED
from tests.benchmarks.peer_programs.shape import Program, whole
from tests.benchmarks.peer_programs.steady import STEADY

__all__ = ["PROGRAMS", "TOOLS", "found", "main"]

PROGRAMS: Final = {program.letter: program for program in (*PLANTED, *STEADY)}

#: what a search came to: the failure's kind ("" for none) and the schedules run
Came = tuple[str, int]

_SINGLE: Final = 1.0  # seconds after which peers give up a single schedule that hangs
_ready = 0.0  # when the points were inside the code and the first schedule could begin


def _futurefuzz(model: str) -> Callable[..., Came]:
    def search(program: Program, seed: int, seconds: float, schedules: int, explorer: str = "search") -> Came:
        from futurefuzz.exploring.engine import make_explorer, plainest
        from futurefuzz.exploring.failure import failures_of
        from futurefuzz.exploring.models import points_for
        from futurefuzz.exploring.running import Runner

        deadline = time.monotonic() + seconds
        body = whole(program)
        points = points_for(model or program.model, body.__code__, [_file_of(program)])
        with Runner(body, model=model or program.model, points=points, seed=seed) as runner:
            global _ready
            _ready = time.process_time()
            chooser = make_explorer(explorer, Random(seed))
            seen = plainest(runner, chooser) if explorer == "search" else runner.run(chooser)
            while seen is not None:
                failures = failures_of(seen)
                if failures:
                    return failures[0].kind, runner.count
                if time.monotonic() >= deadline or runner.count >= schedules:
                    break
                seen = runner.run(chooser)
            return "", runner.count

    return search


def _explore(program: Program, seed: int, seconds: float, schedules: int) -> Came:
    """As a user calls it: weaker models first, and the finding is shrunk, confirmed and explained."""
    import futurefuzz

    exploration = futurefuzz.explore(
        whole(program),
        seconds=seconds * 3,
        runs=min(schedules, 100_000),
        seed=seed,
        model="free-threaded",
        instrument=[_file_of(program)],
    )
    return (exploration.failures[0].kind if exploration.failures else ""), exploration.runs


def _file_of(program: Program) -> str:
    found = sys.modules[program.workers[-1].__module__].__file__
    assert found is not None
    return found


def _interleave(strategy: str) -> Callable[..., Came]:
    def search(program: Program, seed: int, seconds: float, schedules: int) -> Came:
        import interleave_test
        from interleave_test import _runner

        class Timed(interleave_test.Strategy):
            """The strategy, until the time is up."""

            def __init__(self) -> None:
                self._own = _runner._make_strategy(strategy, 2)
                self._deadline = time.perf_counter() + seconds

            @property
            def exhausted(self) -> bool:
                return self._own.exhausted

            def more(self) -> bool | None:
                return False if real() >= self._deadline else self._own.more()

            def begin(self, iteration: int, number: int) -> None:
                self._own.begin(iteration, number)

            def pick(self, runnable: Any, current: Any, index: int) -> Any:
                return self._own.pick(runnable, current, index)

            def end(self) -> None:
                self._own.end()

        real = time.perf_counter  # it replaces monotonic
        result = interleave_test.explore(
            whole(program),
            iterations=schedules,
            seed=seed,
            strategy=Timed(),
            granularity="line",
            timeout=_SINGLE,
            raise_on_failure=False,
        )
        return (result.failure.kind if result.failure is not None else ""), result.schedules_run

    return search


def _frontrun(strategy: str) -> Callable[..., Came]:
    def search(program: Program, seed: int, seconds: float, schedules: int) -> Came:
        import frontrun

        options: dict[str, Any] = (
            {"max_executions": schedules} if strategy == "dpor" else {"max_attempts": schedules, "seed": seed}
        )
        result = frontrun.explore(
            setup=program.setup,
            workers=list(program.workers),
            invariant=program.holds,
            strategy=strategy,
            total_timeout=seconds,
            timeout_per_run=_SINGLE,
            deadlock_timeout=_SINGLE,
            reproduce_on_failure=0,
            **options,
        )
        if result.property_holds is not False:
            return "", result.num_explored
        deadlock = (result.explanation or "").startswith("Deadlock")
        return ("deadlock" if deadlock else "wrong"), result.num_explored

    return search


TOOLS: Final[dict[str, Callable[..., Came]]] = {
    "futurefuzz": _futurefuzz(""),  # the weakest model that can show the bug
    "futurefuzz operation": _futurefuzz("operation"),
    "futurefuzz gil": _futurefuzz("gil"),
    "futurefuzz free-threaded": _futurefuzz("free-threaded"),
    "futurefuzz explore": _explore,
    "interleave-test random": _interleave("random"),
    "interleave-test pct": _interleave("pct"),
    "interleave-test dfs": _interleave("dfs"),
    "frontrun random": _frontrun("random"),
    "frontrun dpor": _frontrun("dpor"),
}


def found(program: Program, kind: str) -> bool:
    """Whether it is the planted bug, and not a false alarm."""
    if program.shows == "deadlock":
        return kind in ("deadlock", "hang")
    return kind not in ("", "deadlock", "hang", "livelock")


def _do(job: dict[str, Any]) -> dict[str, Any]:
    program = PROGRAMS[job["program"]]
    tool = TOOLS[job["tool"]]
    more = {"explorer": job["explorer"]} if "explorer" in job else {}
    global _ready
    wall, cpu = time.perf_counter(), time.process_time()
    _ready = cpu
    try:
        kind, schedules = tool(program, job["seed"], job["seconds"], job["schedules"], **more)
        error = ""
    except Exception as raised:
        kind, schedules, error = "", 0, f"{type(raised).__name__}: {raised}"
    return {
        "found": found(program, kind),
        "kind": kind,
        "schedules": schedules,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "ready": _ready - cpu,
        "error": error[:300],
    }


def main() -> None:
    """Do the jobs that come on standard input."""
    assert planted.__file__ is not None
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a tool prints is not an answer
    for line in iter(sys.stdin.readline, ""):
        answers.write(json.dumps(_do(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
