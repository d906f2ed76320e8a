"""Leaks of programs: planted ones of each kind are found and pinned, and correct targets raise no alarm."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from futurefuzz import explorers, leaks, targets
from futurefuzz.leaks import garbage, leftovers
from futurefuzz.oracles import judge
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.program import Actor, Hook, Operation, Program
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.runs.executor import execute
from futurefuzz.targets import catalogue
from futurefuzz.targets.base import Target
from tests.leaks import planted, proving

#: targets in C, or the only ones of their kind; those in Python have cycles, see docs/findings.md
_CORRECT = ("asyncio.Future", "asyncio.Task", "concurrent.Future", "asyncio.wrap_future")


@pytest.fixture(autouse=True)
def _tidy() -> Iterator[None]:
    before = leftovers.look().running
    planted.STOP.acquire()
    yield
    planted.STOP.release()
    while leftovers.look().running > before:
        time.sleep(0.001)
    while planted.OPENED:
        os.close(planted.OPENED.pop())
    for kept in planted.KEPT:
        kept.clear()


@pytest.mark.parametrize("leaking", planted.LEAKING, ids=lambda one: one.__name__)
def test_a_planted_leak_is_found_and_pinned(leaking: Any) -> None:
    """Each kind is found under its clause, with the operation that causes it."""
    program, clause, detail, pinned = planted.LEAKING[leaking]
    (violation,) = leaks.check(program, planted.target(leaking), [])
    assert (violation.clause.id, violation.detail) == (clause, detail)
    assert violation.oracle == "leaks"
    if pinned:
        assert f"without f0.{pinned}" in violation.cause


@pytest.mark.parametrize("leaking", planted.LEAKING, ids=lambda one: one.__name__)
def test_a_planted_leak_is_not_found_where_nothing_provokes_it(leaking: Any) -> None:
    """The same classes under a program that does not come to it."""
    assert leaks.check(planted.program("done", "repr"), planted.target(leaking), []) == []


@pytest.mark.parametrize("tidy", planted.TIDY, ids=lambda one: one.__name__)
def test_what_only_looks_like_a_leak_is_none(tidy: Any) -> None:
    """Counters, bounded caches, cycles that are broken in time."""
    for program, *_ in planted.LEAKING.values():
        assert leaks.check(program, planted.target(tidy), []) == []


def test_the_report_names_who_keeps_it_and_the_line() -> None:
    """The chain from the class's list, and the line that allocates."""
    program, *_ = planted.LEAKING[planted.KeepsValuesForGood]
    (violation,) = leaks.check(program, planted.target(planted.KeepsValuesForGood), [])
    assert "class KeepsValuesForGood → list (.results) → Value object (an item)" in violation.cause
    program, *_ = planted.LEAKING[planted.Numbers]
    (violation,) = leaks.check(program, planted.target(planted.Numbers), [])
    assert "planted.py" in violation.cause
    assert "self.notes.append(object())" in violation.cause
    assert "without f0.add_done_callback(c0) of actor 0 (0.0) there is none of it" in violation.cause
    program, *_ = planted.LEAKING[planted.KeepsCallbacks]
    (violation,) = leaks.check(program, planted.target(planted.KeepsCallbacks), [])
    assert "future (KeepsCallbacks) → list (.old) → tuple (an item) → DoneCallback object (an item)" in violation.cause


def test_what_only_frames_of_ours_hold_is_no_leak() -> None:
    """Who keeps the frame of his caller keeps the harness's variables; who keeps what he refused leaks."""
    hook = Hook(kind="del", operations=(Operation(name="done"),))
    program = planted.program("set_result", "set_result", "repr", hooks=(hook,))
    assert leaks.check(program, planted.target(planted.KeepsItsCallers), []) == []
    (violation,) = leaks.check(program, planted.target(planted.KeepsLosers), [])
    assert violation.detail == "re-entrant: value held"


def test_a_second_outcome_that_a_target_takes_is_an_outcome() -> None:
    """Which is wrong, but no leak; twice set, the first one is not held."""
    taking = planted.target(planted.TakesTwo)
    assert leaks.check(planted.program("set_result", "set_exception", "repr"), taking, []) == []


def test_the_closure_of_an_adapter_is_in_no_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an adapter's functions refer to is the adapter's fault; anybody else's count."""

    def make() -> None:
        things: list[Any] = []

        def callback() -> list[Any]:
            return things

        things.append(callback)

    def cycle() -> list[garbage.Cycle]:
        make()
        return garbage.cycles(garbage.unreachable())

    with garbage.frozen_heap():
        (found,) = cycle()
        assert "function callback" in found.parts
        monkeypatch.setattr(garbage, "_TARGETS", __file__)
        assert cycle() == []


def test_a_context_that_a_c_task_forgets_to_give_back_is_found() -> None:
    """gh-126083: `Task.__init__` called again, on the releases that have it, and on no other one."""
    first = Operation(name="reinit", context=0)
    program = Program(actors=(Actor(kind="task", operations=(Operation(name="done"), first, first)),))
    found = leaks.check(program, targets.find("asyncio.Task"), [])
    if sys.version_info < (3, 12, 8) or (3, 13) <= sys.version_info < (3, 13, 1):
        assert [(one.clause.id, one.detail) for one in found] == [("L2", "undefined: context survives")]
        assert "without f0.reinit" in found[0].cause
    else:
        assert found == []


def test_a_declared_departure_is_no_violation() -> None:
    """A target that says so may keep its callbacks."""
    program, *_ = planted.LEAKING[planted.KeepsCallbacks]
    honest = Target(
        name="KeepsCallbacks.honest",
        contract="asyncio",
        new_future=lambda loop: planted.KeepsCallbacks(loop=loop),
        departures={"L4": "for debugging"},
    )
    targets.register(honest)
    assert leaks.check(program, honest, []) == []


def test_a_compound_that_is_its_child_may_be_dropped() -> None:
    """`shield` gives back a future that is done as it is: the program has dropped the one, and still has the other."""
    dropped = Operation(name="drop", future=1)
    for first in (Operation(name="set_result"), Operation(name="done")):
        actor = Actor(kind="task", operations=(first, dropped, Operation(name="yield"), Operation(name="done")))
        assert leaks.check(Program(actors=(actor,), futures=2), targets.find("asyncio.shield"), []) == []


def test_the_violation_points_at_the_operation() -> None:
    """`at` is where the pinned operation returns."""
    program, *_ = planted.LEAKING[planted.KeepsItself]
    target = planted.target(planted.KeepsItself)
    run = execute(program, target, explorers.make("random", Random(0)))
    assert run is not None
    (violation,) = leaks.check(program, target, run.choices, history=run.history)
    event = run.history[violation.at]
    assert (event.kind, event.site) == ("return", "0.1")


def _no_alarm(names: tuple[str, ...], count: int) -> int:
    """Check generated programs on correct targets; how many."""
    scenarios = load_scenarios()
    pairs = [(s, targets.find(name)) for s in scenarios.values() for name in names if s.fits(targets.find(name))]
    checked = seed = 0
    while checked < count:
        scenario, target = pairs[seed % len(pairs)]
        seed += 1
        rng = Random(seed)
        program = scenario.generate(RandomChoices(rng), target)
        explorer = explorers.make("alternating", rng)
        run = execute(program, target, explorer)
        if run is None or judge(run):
            continue
        found = leaks.check(program, target, run.choices)
        assert not found, (scenario.name, seed, found[0].clause.id, found[0].detail, found[0].cause)
        checked += 1
    return checked


def test_correct_targets_raise_no_alarm() -> None:
    """Programs of every scenario, under a schedule each."""
    assert _no_alarm(_CORRECT, 32) == 32


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("names", [_CORRECT, tuple(targets.names())], ids=["in C", "all built-in ones"])
def test_ten_thousand_runs_of_correct_targets_raise_no_alarm(names: tuple[str, ...]) -> None:
    """1,112 programs, each run nine times at the least; those in Python have cycles that are known."""
    proof = proving.prove(names, -(-10_000 // proving.EACH))
    assert proof.fresh == []
    if names == _CORRECT:
        assert proof.alarms == []
    assert len(proof.scenarios) > 5


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", [name for name, offer in catalogue.OFFERS.items() if not offer.needs])
def test_ten_thousand_runs_of_other_peoples_futures_raise_no_alarm(name: str) -> None:
    """The same for each of them that is installed; what is known of them is in corpus/known.toml."""
    assert proving.prove([name], -(-10_000 // proving.EACH)).fresh == []


def test_a_timer_that_ran_with_another_one_due_at_once_is_not_left() -> None:
    """The loop runs all that are due when the first one wakes it; the second one was taken for forgotten after that."""
    target = targets.find("asyncio.timeout-in-timeout")
    program = Program(actors=(Actor(kind="task", operations=(Operation(name="await", future=1),)),), futures=2)
    for seed in range(20):
        run = execute(program, target, explorers.make("random", Random(seed)))
        assert run is not None
        found = leaks.check(program, target, run.choices, growth=False)
        assert [violation for violation in found if violation.clause.id == "L6"] == []
