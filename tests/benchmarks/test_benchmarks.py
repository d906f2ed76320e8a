"""Each benchmark runs, with counts too small to measure anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from tests.benchmarks import (
    control_cost,
    first_sight,
    hand_over,
    held_out,
    instrumentation_cost,
    known_bugs,
    look_up,
    memory,
    peers,
    point_cost,
    watch_cost,
)
from tests.runs.told import told


@pytest.fixture(autouse=True)
def unpinned() -> Iterator[None]:
    """A benchmark pins its process to one core; the tests after it shall have theirs back."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    yield
    if cores is not None:
        os.sched_setaffinity(0, cores)


@pytest.mark.parametrize(
    ("module", "options", "words"),
    [
        (control_cost, ["--count", "2", "--repeat", "1"], ["bookkeeping", "bare", "random", "alternating"]),
        (point_cost, ["--count", "10", "--repeat", "1"], ["alone", "asked"]),
        (instrumentation_cost, ["--count", "1", "--repeat", "1"], ["gil, run", "free-threaded, gone again", "a point"]),
        (look_up, ["--count", "2", "--repeat", "1"], ["looking the answers up", "asking the oracles"]),
        (held_out, ["--seeds", "1", "--schedules", "30"], ["ABA", "geometric mean"]),
        (hand_over, ["--count", "10", "--repeat", "1"], ["controlled, pinned", "bare locks, free"]),
        (
            peers,
            ["--without-peers", "--seeds", "1", "--seconds", "0.02", "--repeat", "1", "--slice", "0.02"],
            ["futurefuzz free-threaded", "2 x 20 locked increments", "(k) race inside asyncio's Future", "found of 13"],
        ),
        (watch_cost, ["--count", "1", "--repeat", "1"], ["callbacks", "tasks", "echo", "watched", "times"]),
        (known_bugs, ["--only", "gh-132063", "--seeds", "1", "--time", "0.3"], ["seed 0 gh-132063", "runs"]),
        (first_sight, ["--only", "gh-92001", "--seeds", "1", "--runs", "40"], ["seed 0 gh-92001", "of 40 runs"]),
        (memory, ["--first", "7", "--last", "21"], ["kB after 7 runs", "after 21"]),
    ],
    ids=lambda value: value.__name__.rpartition(".")[2] if hasattr(value, "__name__") else None,
)
def test_a_benchmark_prints_what_it_measures(
    module: object,
    options: list[str],
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line for each candidate."""
    monkeypatch.setattr(sys, "argv", ["benchmark", *options])
    module.main()  # type: ignore[attr-defined]
    printed = capsys.readouterr().out
    assert [word for word in words if word not in printed] == []


def test_the_uncontrolled_twin_does_the_same_operations() -> None:
    """What is compared has the same calls, each with its return, and the same final state."""
    uncontrolled = control_cost.with_bookkeeping()
    lines = [told(event) for event in uncontrolled]
    operations = [line.split()[2] for line in lines if line.startswith("return ")]
    sites = [f"{actor}.{position}" for actor in range(3) for position in range(3)]
    assert sorted(operations) == sorted([*sites, "1.1!", "2.1!"])
    assert lines[-1] == "state L@-1 f0 observer returned->v:1.1"
    control_cost.bare()


def test_known_bugs_make_a_table() -> None:
    """The median of the seeds that found a bug; how many, where not all did; what shows although it is fixed."""
    common = {"affected": True, "runs": 1, "signature": "S"}
    results = [
        {"bug": "gh-125969", "python": "3.11.7", "seconds": 1.0, **common},
        {"bug": "gh-125969", "python": "3.11.7", "seconds": 2.04, **common},
        {"bug": "gh-125969", "python": "3.11.7", "seconds": 9.0, **common},
        {"bug": "gh-86296", "python": "3.11.7", "seconds": None, **common},
        {"bug": "gh-86296", "python": "3.11.7", "seconds": 7.0, **common},
        {"bug": "gh-86296", "python": "3.9.1", "seconds": None, **common},
        {"bug": "gh-125969", "python": "3.15.2", "seconds": None, **common, "affected": False},
        {"bug": "gh-86296", "python": "3.15.2", "seconds": 5.0, **common, "affected": False},
    ]
    assert known_bugs.table(results).splitlines() == [
        "| | 3.9.1 | 3.11.7 | 3.15.2 |",
        "|---|---|---|---|",
        "| gh-125969: callbacks removed while completion walks their list |  | 2.0 | - |",
        "| gh-86296: wait_for swallows a cancellation | 0 of 1 | 1 of 2, 7.0 | SHOWN |",
    ]


def test_first_sights_make_a_table() -> None:
    """The median run that showed a bug first, and how often it was shown where campaigns had the same length."""
    common = {"bug": "equality", "affected": True, "runs": 1000, "early": False}
    results = [
        {"python": "3.9.1", "run": 600, "showed": 1, **common},
        {"python": "3.9.1", "run": None, "showed": 0, **common},
        {"python": "3.15.2", "run": 0, "showed": 0, **common, "runs": 0, "early": True},
    ]
    assert first_sight.table(results).splitlines()[2:] == [
        "| equality: a callback not equal to itself cannot be removed (Python) | 1 of 2, 600 (5.0) | 0 |"
    ]


def test_known_bugs_are_known_by_release() -> None:
    """A bug is looked for from the release that brought it to the one that has the fix."""
    eager = next(bug for bug in known_bugs.BUGS if bug.id == "gh-128552")
    releases = [(3, 11, 7), (3, 12, 1), (3, 13, 1), (3, 13, 2), (3, 14, 0)]
    assert [eager.affects(release) for release in releases] == [False, True, True, False, False]
    assert eager.is_shown_by("asyncio.eager-task:L3:cycle of exception, frame, task")
    assert not eager.is_shown_by("asyncio.eager-task:L3:cycle of exception, frame")
