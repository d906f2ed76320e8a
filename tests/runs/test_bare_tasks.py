"""Tasks that were never initialised: C reads a coroutine that is not there, up to 3.12, when it is asked for it."""

from __future__ import annotations

import pytest

from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.runner import run_case
from futurefuzz.findings.finding import Case
from futurefuzz.programs.program import Actor, Operation, Program


@pytest.mark.parametrize("target", ["asyncio.Task", "asyncio.PyTask"])
def test_what_was_never_initialised_is_put_away_without_a_crash(target: str) -> None:
    """The end of a run asks a task for its coroutine: only one that has got so far as to have a loop."""
    program = Program(actors=(Actor(kind="task", operations=(Operation(name="bare"), Operation(name="done"))),))
    shown = run_case(Case(scenario="hostile_handling", target=target, program=program), Setup().only(target))

    assert (shown.how, shown.status) == (None, "completed")
    assert shown.violations == ()
