"""A small campaign in this process: the general scenarios on one target, and what it found."""

from __future__ import annotations

import random
from functools import cache

from futurefuzz import explorers, oracles
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.scenario import Scenario, load_scenarios
from futurefuzz.runs.executor import execute
from futurefuzz.targets.base import Target

Found = tuple[str, str, str]


GENERAL = ("bridges", "concurrent_callbacks", "concurrent_threads", "loop_only", "robust_bridge", "threadsafe_posts")


@cache
def _scenarios() -> tuple[Scenario, ...]:
    return tuple(load_scenarios(GENERAL).values())


def hunt(target: Target, *, programs: int, schedules: int = 3, until: frozenset[str] = frozenset()) -> set[Found]:
    """(clause, detail, grade) of what some hundred runs found first.

    Of the scenarios only general ones that stay within what is documented: what else the futures of asyncio are put to
    kills older interpreters, and this one is ours.

    Args:
        target: on what.
        programs, schedules: how many programs in all, and how many schedules of each.
        until: clauses; stop once one of them is found broken.
    """
    fitting = [scenario for scenario in _scenarios() if scenario.fits(target)]
    assert fitting
    found: set[Found] = set()
    for seed in range(programs):
        program = fitting[seed % len(fitting)].generate(RandomChoices(random.Random(seed)), target)
        explorer = explorers.make("default", random.Random(seed))
        for _ in range(schedules):
            run = execute(program, target, explorer)
            if run is None:
                break
            found.update((one.clause.id, one.detail, one.grade) for one in oracles.judge(run)[:1])
        if until & {clause for clause, _, _ in found}:
            break
    return found
