"""Searches a target as a campaign does: shipped scenarios, generated programs, the default explorer, the oracles.

Programs depend on the seed and on what the target is, not on what is wrong with it, so they are drawn once and shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from random import Random
from typing import Any, Final, NamedTuple

from attrs import evolve

from futurefuzz import explorers
from futurefuzz.contracts.verdict import Violation
from futurefuzz.errors import HarnessError
from futurefuzz.explorers.replay import ChoicesReplay, Replay, schedule_of
from futurefuzz.findings import signature
from futurefuzz.findings.finding import Case
from futurefuzz.findings.minimiser import minimise
from futurefuzz.oracles import judge
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.program import Program
from futurefuzz.programs.scenario import Scenario, load_scenarios
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import Run
from futurefuzz.targets.base import GROUPS, Sides, Target

__all__ = ["SCHEDULES", "Hit", "case_of", "hunt", "programs_of", "replayed", "scenarios_of", "shrunk"]

#: schedules tried for one program
SCHEDULES: Final = 6

#: schedules that the minimiser tries for each smaller program
SEARCH: Final = 10

#: points after which a run counts as a livelock; a program of the shipped scenarios takes a few hundred
STEPS: Final = 3_000


class Hit(NamedTuple):
    """A run of a search.

    Args:
        nth: its number, from 1.
        program: number of its program, from 0.
        scenario: where that came from.
        run: what happened.
        violation: what it broke first, None when it is clean.
    """

    nth: int
    program: int
    scenario: str
    run: Run
    violation: Violation | None


@cache
def _shipped() -> dict[str, Scenario]:
    return load_scenarios()


def scenarios_of(target: Target, *, legal: bool = True) -> list[str]:
    """Names of the shipped scenarios for a target's contract that stay within it, or of those that do not."""
    return [name for name, scenario in _shipped().items() if scenario.fits(target) and scenario.legal is legal]


class _Shape(NamedTuple):
    """What the generator looks at in a target."""

    contract: str
    thread_side: str
    resolver_operations: frozenset[str]
    thread_operations: frozenset[str] | None
    loop_operations: frozenset[str] | None
    children: tuple[int, int] | None
    lacks: frozenset[str]
    linkable: bool


@cache
def _program(scenario: str, shape: _Shape, seed: int) -> Program:
    maker: dict[str, Any] = {"new_group": list} if shape.contract in GROUPS else {"new_future": object}
    looked_at = shape._asdict()
    if looked_at.pop("linkable"):
        maker |= {"shape": "task", "new_over": Sides}
    target = Target(name="drawn", **maker, **looked_at)
    return _shipped()[scenario].generate(RandomChoices(Random(f"zoo/{scenario}/{seed}")), target)


def programs_of(target: Target, scenarios: Sequence[str], count: int) -> Iterator[tuple[str, Program]]:
    """Generated programs with their scenarios, which take turns; `count` of each."""
    shape = _Shape(*(getattr(target, name) for name in _Shape._fields))
    for seed in range(count):
        for scenario in scenarios:
            yield scenario, _program(scenario, shape, seed)


def hunt(target: Target, scenarios: Sequence[str], programs: int) -> Iterator[Hit]:
    """Run after run.

    Args:
        target: registered.
        scenarios: names of shipped ones; their programs take turns.
        programs: how many of each.
    """
    nth = 0
    for number, (scenario, program) in enumerate(programs_of(target, scenarios, programs)):
        explorer = explorers.make("default", Random(f"zoo/{number}"))
        for _ in range(SCHEDULES):
            run = execute(program, target, explorer, step_bound=STEPS)
            if run is None:
                break
            nth += 1
            violations = judge(run)
            yield Hit(nth, number, scenario, run, violations[0] if violations else None)
            if not run.choices:
                break  # every other run would be the same


def case_of(hit: Hit, target: Target) -> Case:
    """A hit as a case, its choices by number turned into switches by place."""
    run = execute(hit.run.program, target, ChoicesReplay(hit.run.choices), record=True, step_bound=STEPS)
    assert run is not None
    assert run.steps is not None
    return Case(
        scenario=hit.scenario,
        target=target.name,
        program=run.program,
        schedule=schedule_of(run.steps, run.names),
    )


def replayed(case: Case, target: Target) -> tuple[Case, Violation | None, list[str]]:
    """Run a case: as it really ran, what it broke first, and where its schedule could not be followed."""
    explorer = Replay(case.schedule)
    run = execute(case.program, target, explorer, record=True, step_bound=STEPS)
    assert run is not None
    assert run.steps is not None
    violations = judge(run)
    ran = evolve(case, schedule=schedule_of(run.steps, run.names))
    return ran, violations[0] if violations else None, list(explorer.diverged)


def shrunk(hit: Hit, target: Target, *, budget: int) -> Case:
    """The smallest case with the hit's signature and grade."""
    wanted = hit.violation
    assert wanted is not None
    name = signature.of(target.name, wanted)

    def keeps(case: Case) -> Case | None:
        try:
            ran, violation, _ = replayed(case, target)
        except HarnessError:  # what is left of it is no program for this target
            return None
        if violation is None or violation.grade != wanted.grade or signature.of(target.name, violation) != name:
            return None
        return ran

    def search(case: Case) -> Case | None:
        explorer = explorers.make("default", Random(0))
        for _ in range(SEARCH):
            try:
                run = execute(case.program, target, explorer, step_bound=STEPS)
            except HarnessError:
                return None
            if run is None:
                return None
            found = judge(run)
            if found and signature.of(target.name, found[0]) == name:
                return keeps(case_of(Hit(0, 0, case.scenario, run, found[0]), target))
        return None

    return minimise(case_of(hit, target), keeps, budget=budget, search=search)
