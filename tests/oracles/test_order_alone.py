"""A wrong order of callbacks is called so, also when it comes to light late."""

from __future__ import annotations

import concurrent.futures
import random

from futurefuzz import oracles
from futurefuzz.explorers.random_walk import RandomWalk
from futurefuzz.runs.executor import execute
from futurefuzz.targets.base import Target
from tests.oracles.histories import op, program


class Reversing(concurrent.futures.Future):  # type: ignore[type-arg]
    def _invoke_callbacks(self) -> None:
        self._done_callbacks.reverse()  # type: ignore[attr-defined]
        super()._invoke_callbacks()  # type: ignore[misc]


TARGET = Target(name="planted.reversing", contract="concurrent", new_future=Reversing)
PROGRAM = program(
    ("thread", [op("add_done_callback", callback=1)]),
    ("thread", [op("add_done_callback", callback=0), op("add_done_callback", callback=1), op("set_result")]),
    callbacks=2,
)


def test_a_registration_under_way_makes_no_other_clause_of_a_wrong_order() -> None:
    """A thread that registers a callback meanwhile leaves open which of two equal runs was whose; found with
    `futurefuzz validate --departs C8=…`, where another clause broke."""
    explorer = RandomWalk(random.Random(1))
    broken = set()
    for _ in range(400):
        run = execute(PROGRAM, TARGET, explorer)
        assert run is not None
        broken |= {violation.clause.id for violation in oracles.judge(run)}
    assert broken == {"C8"}
