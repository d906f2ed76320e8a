"""What counts as having tried a clause."""

from __future__ import annotations

import pytest

from futurefuzz.contracts import CLAUSES
from futurefuzz.contracts.evidence import EVIDENCE, NEEDS, Witness, needed
from futurefuzz.programs.operations import OPERATIONS
from futurefuzz.programs.program import Callback, Hook, Program
from futurefuzz.runs.history import Run
from futurefuzz.targets import base as targets
from tests.oracles.histories import op, program
from tests.runs.told import directed


def _run(made: Program, target: str = "asyncio.Future") -> Run:
    return directed(made, targets.find(target))


def _tried(made: Program, target: str = "asyncio.Future", *, clean: bool = True) -> set[str]:
    return set(Witness(made, targets.find(target)).tried(_run(made, target), clean=clean))


_SURVIVAL = {"X1", "X2", "X3", "X4", "X5"}


@pytest.mark.parametrize(
    ("operations", "tried"),
    [
        ([op("set_result")], set()),
        ([op("set_result"), op("set_result")], {"A1"}),
        ([op("set_exception", argument="class")], {"A2"}),
        ([op("set_exception"), op("exception"), op("drop")], {"A5", "A15", "A16", "A21"}),
        ([op("cancel")], {"A3"}),
        ([op("cancel", argument="message"), op("result")], {"A3", "A4", "A20"}),
        ([op("add_done_callback")], {"A16"}),
        ([op("add_done_callback"), op("set_result")], {"A7", "A10", "A16"}),
        ([op("add_done_callback"), op("add_done_callback"), op("set_result")], {"A7", "A8", "A10", "A16"}),
        ([op("remove_done_callback")], {"A16"}),
        ([op("add_done_callback"), op("remove_done_callback")], {"A9", "A16"}),
        ([op("add_done_callback", context=1), op("set_result")], {"A7", "A10", "A11", "A16"}),
        ([op("set_result"), op("await")], {"A12"}),
    ],
)
def test_a_clause_is_tried_by_what_it_is_about(operations: list[object], tried: set[str]) -> None:
    """And by nothing less: a registered callback that never had to run says nothing about callbacks."""
    assert _tried(program(("task", operations))) == tried | _SURVIVAL  # type: ignore[arg-type]


def test_a_callback_that_raises_tries_the_handler() -> None:
    """Of a plain one nothing needs to be reported."""
    raising = program(("task", [op("add_done_callback"), op("cancel")]), callbacks=(Callback(raises=True),))
    assert "A14" in _tried(raising)


def test_only_tasks_are_cancelled_as_tasks() -> None:
    """A13 is about the coroutine inside."""
    made = program(("task", [op("cancel")]))
    assert "A13" not in _tried(made)
    assert "A13" in _tried(made, "asyncio.Task")


def test_a_wait_that_began_too_late_tries_no_wake_up() -> None:
    """Whoever asks a done future does not wait."""
    late = program(("thread", [op("set_result"), op("result", argument="wait")]))
    assert "C11" not in _tried(late, "concurrent.Future")
    made = program(("thread", [op("result", argument="wait")]), ("thread", [op("set_result")]))
    assert "C11" in _tried(made, "concurrent.Future")


def test_misuse_and_what_went_wrong_try_survival_only() -> None:
    """After the first fault of a run, and outside of the contract, nothing else is judged."""
    legal = program(("task", [op("add_done_callback"), op("set_result")]))
    assert _tried(legal, clean=False) == _SURVIVAL
    assert _tried(program(("thread", [op("add_done_callback"), op("set_result")]))) == _SURVIVAL
    hooks = (Hook(kind="repr", operations=(op("cancel"),)),)
    assert _tried(program(("task", [op("set_result"), op("set_result")]), hooks=hooks)) == _SURVIVAL


def test_every_clause_that_a_future_can_break_is_tried_somehow() -> None:
    """A clause without a predicate would stay unknown for ever; traps are about programs."""
    of_runs = {name for name, clause in CLAUSES.items() if name[0] in "ABCX" and not clause.trap}
    assert of_runs <= EVIDENCE.keys()


def test_needs_name_clauses_and_operations() -> None:
    """Misspelt ones would silently need nothing."""
    assert NEEDS.keys() <= CLAUSES.keys()
    assert {name for sets in NEEDS.values() for names in sets for name in names} <= set(OPERATIONS)


def test_what_is_lacking_says_why_a_clause_is_not_offered() -> None:
    """One of several ways is enough."""
    assert needed("A9", "asyncio", "future", frozenset({"remove_done_callback"})) == "it has no remove_done_callback"
    assert needed("A1", "asyncio", "future", frozenset({"set_exception"})) is None
    lacks = frozenset({"set_exception", "set_result"})
    assert needed("A1", "asyncio", "future", lacks) == "it has no set_exception or set_result"
    assert needed("A13", "asyncio", "future", frozenset()) == "it is no task"
    assert needed("A13", "asyncio", "task", frozenset()) is None
    assert needed("L6", "concurrent", "future", frozenset()) == "it has no loop"
    assert needed("L6", "asyncio", "future", frozenset()) is None
