"""Runs tests of CPython's own one after another, each in controlled runs of its own, and says a line about each."""

from __future__ import annotations

import importlib
import json
import os
import sys
import unittest
from collections.abc import Iterator
from random import Random
from typing import Any

from futurefuzz import explorers
from futurefuzz.control.session import run_controlled
from futurefuzz.explorers.base import Explorer
from futurefuzz.explorers.replay import ChoicesReplay

__all__ = ["main", "tests_of"]


def tests_of(module: str) -> list[str]:
    """The names `Class.method` of a module's tests, in its order.

    Args:
        module: importable.
    """

    def flat(suite: Any) -> Iterator[Any]:
        for each in suite:
            if isinstance(each, unittest.TestSuite):
                yield from flat(each)
            else:
                yield each

    found = unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(module))
    return list(dict.fromkeys(each.id().removeprefix(f"{module}.") for each in flat(found)))


def _suite(module: str, name: str) -> unittest.TestSuite:
    """A fresh one, with what its class and its module set up."""
    suite = unittest.TestSuite()
    suite.addTest(unittest.defaultTestLoader.loadTestsFromName(name, importlib.import_module(module)))
    return suite


def _verdict(result: unittest.TestResult) -> tuple[str, str]:
    wrong = [*result.errors, *result.failures]
    if wrong:
        return "failed", wrong[0][1].strip()
    if result.unexpectedSuccesses:
        return "failed", "passes although it is expected to fail"
    if result.skipped:
        return "skipped", result.skipped[0][1]
    return "passed", ""


def _controlled(module: str, name: str, explorer: Explorer) -> tuple[str, str]:
    """One run: `passed`, `failed`, `skipped`, `stuck`, `livelock` or `harness`, and why."""
    result = unittest.TestResult()

    def body() -> None:
        _suite(module, name).run(result)

    try:
        # Tests say how long something may take at most; that is no claim about schedules in which time flies.
        run = run_controlled(body, explorer, timers_are_choices=False, step_bound=500_000)
    except Exception as error:
        return "harness", f"{type(error).__name__}: {error}"
    if run is None:
        return "harness", "the explorer refused"
    if run.status != "completed":
        return run.status, "; ".join(f"{actor} waits for {what}, {place}" for actor, what, place in run.blocked[:3])
    if run.outcome is None or run.outcome[0] == "raised":
        return "failed", f"let out {run.outcome and run.outcome[1]!r}"
    return _verdict(result)


def _plain(module: str, name: str) -> tuple[str, str]:
    result = unittest.TestResult()
    _suite(module, name).run(result)
    return _verdict(result)


def main(module: str, runs: int, names: list[str], out: int) -> None:
    """Run the tests and write a line of JSON about each: [name, verdict, why].

    Args:
        module: of the tests.
        runs: controlled runs of each, the first in the plainest schedule, the others in random ones; 0: not controlled.
        names: of the tests.
        out: the descriptor to write to.
    """
    for name in names:
        os.write(out, (json.dumps([name, "begins", ""]) + "\n").encode())
        verdict, why = "passed", ""
        if runs == 0:
            verdict, why = _plain(module, name)
        for seed in range(runs):
            explorer = explorers.make("random", Random(seed)) if seed else ChoicesReplay([])
            verdict, why = _controlled(module, name, explorer)
            if verdict != "passed":
                why = why if seed == 0 else f"{why} (random schedule {seed})"
                break
        os.write(out, (json.dumps([name, verdict, why[-2000:]]) + "\n").encode())


if __name__ == "__main__":
    _out = os.dup(1)
    _nowhere = os.open(os.devnull, os.O_RDWR)
    for _standard in (0, 1, 2):
        os.dup2(_nowhere, _standard)
    if sys.argv[2] == "list":
        os.write(_out, json.dumps(tests_of(sys.argv[1])).encode())
        os._exit(0)
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:], _out)
    os._exit(0)  # what is left of a test must not keep the process
