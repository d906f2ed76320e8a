"""The bridge that asks `done()` on the loop's thread, through every interleaving; and the one that does not."""

from __future__ import annotations

import pytest

from futurefuzz import targets
from futurefuzz.explorers.exhaustive import Exhaustive
from futurefuzz.oracles import judge
from futurefuzz.programs.program import Actor, Operation, Program
from futurefuzz.runs.executor import execute

_ASYNCIO = ("asyncio.Future", "asyncio.PyFuture")


def _bridge(via: str) -> Program:
    """A worker thread posts its result; the loop's task gives up on it (a timeout, say) at its own time."""
    return Program(
        actors=(
            Actor(kind="thread", operations=(Operation(name="set_result", via=via),)),
            Actor(kind="task", operations=(Operation(name="yield"), Operation(name="cancel"), Operation(name="await"))),
        )
    )


def _explore(program: Program, name: str) -> tuple[Exhaustive, set[str]]:
    explorer = Exhaustive()
    broken = set()
    while (run := execute(program, targets.find(name), explorer)) is not None:
        broken.update(f"{violation.clause.id} {violation.grade}" for violation in judge(run))
    return explorer, broken


@pytest.mark.parametrize("name", _ASYNCIO)
def test_robust_bridge_is_clean_under_every_interleaving(name: str) -> None:
    """A posted callback that asks done() first breaks no clause, whenever the loop cancels."""
    explorer, broken = _explore(_bridge("post-if-pending"), name)
    assert (explorer.complete, broken) == (True, set())
    assert explorer.runs > 1000


@pytest.mark.parametrize("name", _ASYNCIO)
def test_plain_post_is_not(name: str) -> None:
    """The must-fail twin: without asking, some of the same interleavings end in the loop's exception handler."""
    explorer, broken = _explore(_bridge("post"), name)
    assert (explorer.complete, broken) == (True, {"A18 interesting"})
