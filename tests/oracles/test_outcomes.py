"""The last oracle: what small programs show is looked up among all that is legal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from futurefuzz.contracts.legal import legal_answers
from futurefuzz.contracts.litmus import LITMUS, is_litmus, litmus
from futurefuzz.contracts.verdict import Violation
from futurefuzz.oracles.outcomes import Outcomes
from futurefuzz.programs.codec import program_from_json, program_to_json
from futurefuzz.programs.program import Program
from futurefuzz.runs.behaviour import answers_of
from futurefuzz.runs.sampling import Sampled, sample
from futurefuzz.targets import base
from futurefuzz.targets.base import Target
from tests.comparing import planted

_ALL = [
    pytest.param(contract, program, id=about)
    for contract, programs in LITMUS.items()
    for about, program in programs.items()
]


def _shown(program: Program, target: Target, runs: int = 60) -> tuple[Sampled, list[Violation]]:
    found: list[Violation] = []
    sampled = sample(program, target, runs=runs, seed=0, look=lambda run, _: found.extend(Outcomes().check(run)))
    return sampled, found


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for target in (planted.TWIN, planted.LIFO, planted.DECLARED, planted.TWO_WINNERS):
        monkeypatch.setitem(base._registry, target.name, target)
    return


@pytest.mark.parametrize(("contract", "program"), _ALL)
def test_cpython_shows_every_legal_outcome_and_no_other(contract: str, program: Program) -> None:
    """Each program is a contest: the contract allows more than one end, and both ends are met."""
    legal = legal_answers(program, contract)
    assert legal is not None
    assert len(legal) > 1
    names = {"asyncio": ("asyncio.Future", "asyncio.PyFuture"), "concurrent": ("concurrent.Future",)}[contract]
    for name in names:
        sampled, found = _shown(program, base.find(name), runs=150)
        assert found == []
        assert {answers_of(behaviour) for behaviour in sampled.behaviours} == legal


@pytest.mark.parametrize(("contract", "program"), _ALL)
def test_the_programs_are_known_again_when_they_come_from_a_token(contract: str, program: Program) -> None:
    """So a finding of theirs replays."""
    assert is_litmus(program_from_json(program_to_json(program)), contract)


def test_two_winners_are_blamed_for_the_first_answer_that_cannot_be() -> None:
    """The clause is that of the answer in which the nearest legal outcome differs."""
    clauses = set()
    for program in LITMUS["concurrent"].values():
        _, found = _shown(program, planted.TWO_WINNERS, runs=200)
        clauses |= {(one.clause.id, one.grade) for one in found}
    assert ("C1", "forbidden") in clauses
    assert {clause for clause, _ in clauses} <= {"C1", "C2", "C3"}


def test_another_order_of_callbacks_is_blamed_on_the_order() -> None:
    """All of them ran, so that nothing else is wrong."""
    clauses = set()
    for program in LITMUS["asyncio"].values():
        clauses |= {one.clause.id for one in _shown(program, planted.LIFO)[1]}
        assert _shown(program, planted.TWIN)[1] == []
    assert clauses == {"A8"}


def test_nothing_is_said_of_a_target_that_departs() -> None:
    """The enumeration knows nothing of departures; the other oracles do."""
    assert [_shown(program, planted.DECLARED)[1] for program in LITMUS["asyncio"].values()] == [[]] * 5


def test_there_are_programs_where_there_is_an_enumeration() -> None:
    """And of these, those that need nothing which the target lacks."""
    assert litmus("bridge", "bridge") == litmus("compound", "gather") == litmus("asyncio", "task") == {}
    without = litmus("concurrent", "future", frozenset({"cancel", "set_exception"}))
    assert list(without) == ["a registration against a completion"]
