"""Hypothesis strategies: programs and schedules for `@given`, drawn by the same generator as in a campaign.

    from hypothesis import given
    from futurefuzz.strategies import check, programs, schedules

    @given(programs("loop_only", "asyncio.Future"), schedules())
    def test_my_future(program, schedule):
        check(program, "asyncio.Future", preemptions=schedule)

Hypothesis shrinks program and schedule together, keeps failures in its database, and prints the smallest; the error
also holds the token for `futurefuzz replay`. A campaign (`futurefuzz fuzz`) makes programs many times as fast and
survives a target that kills the interpreter; this is for a project's own test suite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from futurefuzz import targets
from futurefuzz.checking import BrokenContract, check
from futurefuzz.errors import InputError
from futurefuzz.programs.choices import HypothesisChoices
from futurefuzz.programs.program import Program
from futurefuzz.programs.scenario import Scenario, load_scenarios
from futurefuzz.programs.schedule import LONGEST, OTHERS
from futurefuzz.targets.base import Target

try:
    from hypothesis import strategies
    from hypothesis.strategies import SearchStrategy
except ModuleNotFoundError:
    raise InputError(
        "futurefuzz.strategies needs Hypothesis, which is not installed; pip install 'futurefuzz[hypothesis]'"
    ) from None

__all__ = ["BrokenContract", "check", "programs", "schedules"]


def programs(scenario: Scenario | str, target: Target | str) -> SearchStrategy[Program]:
    """Programs of a scenario for a target.

    Args:
        scenario: the scenario, the name of one that is shipped, or the path of a scenario file.
        target: the target or its name.

    Raises:
        InputError: unknown, or the scenario is not for this target.
    """
    found = targets.find(target) if isinstance(target, str) else target
    if isinstance(scenario, str):
        loaded = list(load_scenarios([scenario]).values())
        if len(loaded) != 1:
            raise InputError(f"{scenario} holds {len(loaded)} scenarios; allowed: the name or file of one")
        scenario = loaded[0]
    if not scenario.fits(found):
        raise InputError(
            f"scenario {scenario.name} is not for target {found.name}; "
            f"allowed: contract {' or '.join(scenario.contracts)}, name like {' or '.join(scenario.targets)}"
        )
    return _programs(scenario, found)


@strategies.composite
def _programs(draw: Callable[[SearchStrategy[Any]], Any], scenario: Scenario, target: Target) -> Program:
    return scenario.generate(HypothesisChoices(draw), target)


def schedules(most: int = 12) -> SearchStrategy[list[tuple[int, int]]]:
    """Schedules for `check`: up to `most` preemptions, the simplest being none."""
    return strategies.lists(
        strategies.tuples(strategies.integers(0, LONGEST), strategies.integers(0, OTHERS - 1)), max_size=most
    )
