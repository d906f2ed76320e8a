"""Several loops: each planted bug is named by the clause that it breaks, and asyncio's own ways break none."""

from __future__ import annotations

import random

import pytest

from futurefuzz import oracles
from futurefuzz.contracts import several_loops_clauses, several_loops_evidence
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.program import Actor, Operation, Program
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.runs import several_loops
from futurefuzz.runs.executor import execute
from futurefuzz.targets import base, find
from futurefuzz.targets.base import Target
from tests.oracles.planted_crossings import GIVES_UP, PLANTED, SOUND, WAITS, PlantedCrossing
from tests.oracles.test_planted import Walk

RUNS = 40


def found(program: Program, target: Target) -> set[tuple[str, str, str]]:
    """The first violation of each run that has one."""
    seen = set()
    for seed in range(RUNS):
        run = execute(program, target, Walk(seed), step_bound=2000)
        assert run is not None
        seen.update((one.clause.id, one.detail, one.grade) for one in oracles.judge(run)[:1])
    return seen


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: f"{planted.clause} {planted.name}")
def test_a_planted_bug_is_named(planted: PlantedCrossing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under whatever schedule it shows, it has the same clause, detail and grade."""
    monkeypatch.setitem(base._registry, planted.target.name, planted.target)
    if planted.loop is not None:
        monkeypatch.setattr(several_loops, "_NumberedLoop", planted.loop)
    assert found(planted.program, planted.target) == {(planted.clause, planted.detail, "forbidden")}


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: f"{planted.clause} {planted.name}")
def test_asyncio_s_own_way_is_not_blamed(planted: PlantedCrossing) -> None:
    """The same program without the bug: what was found is the bug and not the program."""
    assert found(planted.program, SOUND) == set()


def test_every_clause_has_a_planted_bug() -> None:
    """A clause that nothing can break would be no promise."""
    assert {planted.clause for planted in PLANTED} == {clause.id for clause in several_loops_clauses.CLAUSES}


def attempts(program: Program) -> set[str]:
    """The clauses that some run of a program tries."""
    seen = set()
    for seed in range(RUNS):
        run = execute(program, SOUND, Walk(seed), step_bound=2000)
        assert run is not None
        seen.update(several_loops_evidence.tried(run))
    return seen


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: f"{planted.clause} {planted.name}")
def test_what_shows_a_bug_tries_its_clause(planted: PlantedCrossing) -> None:
    """A program that shows that a clause is broken counts, where nothing is wrong, as one that has tried it."""
    if planted.name != "an open loop refuses":  # of an open loop nothing but a refusal can be seen
        assert planted.clause in attempts(planted.program)


def test_what_cannot_show_a_bug_tries_nothing() -> None:
    """Nobody posts twice, cancels, completes twice, is refused, or is called."""
    assert attempts(WAITS) == {"M2", "M4", "M7"}
    assert attempts(Program(actors=(Actor(kind="task", operations=(Operation(name="await"),)),), loops=2)) == set()


def test_who_waits_for_whom_is_told_by_name() -> None:
    """Of a waiter that is lost one reads who it is, for what it waits, and in which loop that is stuck."""
    silent = next(planted for planted in PLANTED if planted.detail == "cancellation never came back")
    run = execute(silent.program, silent.target, Walk(1))
    assert run is not None
    (violation,) = oracles.judge(run)
    assert violation.cause == "task 0 of loop 0 waits for await, which was cancelled in loop 1"


@pytest.mark.parametrize("name", ["asyncio.loops", "asyncio.pyloops"])
def test_generated_programs_break_no_clause(name: str) -> None:
    """Random legal programs of the scenario under random schedules."""
    generate = load_scenarios(["several_loops"])["several_loops"].generate
    seen = set()
    for seed in range(60):
        program = generate(RandomChoices(random.Random(seed)), find(name))
        for schedule in range(3):
            run = execute(program, find(name), Walk(seed * 3 + schedule))
            assert run is not None
            seen.update((one.clause.id, one.detail, one.cause) for one in oracles.judge(run))
    assert seen == set()


def test_touching_a_future_of_another_loop_is_interesting_at_most() -> None:
    """A direct completion from another loop's thread leaves the future's loop asleep, which nobody promised not to."""
    op = Operation
    program = Program(
        actors=(
            Actor(kind="task", operations=(op(name="yield"), op(name="set_result")), loop=0),
            Actor(kind="task", operations=(op(name="await"),), loop=1),
        ),
        loops=2,
        homes=(1,),
    )
    assert found(program, SOUND) == {("M4", "off-thread: loop not woken", "interesting")}


def test_a_loop_that_is_closed_owes_nothing() -> None:
    """Who waits for a coroutine in a closed loop waits for ever, which is the program's own doing."""
    closing = Actor(kind="task", operations=(Operation(name="close-loop"),), loop=1)
    program = Program(actors=(*GIVES_UP.actors, closing), loops=2, homes=(1,))
    assert found(program, SOUND) == set()
