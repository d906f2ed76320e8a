"""What counts as having tried a clause of compounds and bridges: a broken one is caught before enough runs have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from futurefuzz.contracts import clauses_of
from futurefuzz.contracts.evidence import Witness, needed
from futurefuzz.oracles import assess
from futurefuzz.programs.program import Actor, Operation, Program
from futurefuzz.runs.history import Run
from futurefuzz.targets import base as targets
from futurefuzz.targets.base import Target
from futurefuzz.validating.result import ENOUGH
from tests.runs.told import directed
from tests.zoo import bridge_zoo, compound_zoo
from tests.zoo.hunt import hunt, scenarios_of
from tests.zoo.variant import Variant

#: these need an argument or a state of their own, for which no clause says that it is a case apart
_SPECIAL: Final = {"FalsyExceptionIsNone", "RefusesLoudly", "Translates"}


def _judged(target: Target, programs: int) -> Iterator[tuple[Run, set[str], list[str]]]:
    """Runs with the clauses that they tried and those that they broke."""
    for hit in hunt(target, scenarios_of(target), programs):
        judgement = assess(hit.run)
        broken = [violation.clause.id for violation in judgement.violations if not violation.clause.trap]
        yield hit.run, set(Witness(hit.run.program, target).tried(hit.run, clean=not broken)), broken


@pytest.mark.parametrize("variant", [*compound_zoo.VARIANTS, *bridge_zoo.VARIANTS], ids=str)
def test_a_broken_clause_is_caught_before_enough_runs_have_tried_it(
    variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be said to hold; the evidence asks for the case in which right and wrong differ."""
    monkeypatch.setitem(targets._registry, variant.target.name, variant.target)
    times = 0
    for _, tried, broken in _judged(variant.target, 400):
        if variant.clause in broken[:1]:
            break
        times += variant.clause in tried
    else:
        pytest.fail("never caught")
    assert times < (4 * ENOUGH if variant.target.name.removeprefix("zoo.") in _SPECIAL else ENOUGH)


@pytest.mark.parametrize("target", compound_zoo.SOUND, ids=lambda target: target.name)
def test_each_clause_that_a_right_compound_offers_is_tried(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """And none that it does not offer."""
    monkeypatch.setitem(targets._registry, target.name, target)
    tries: Counter[str] = Counter()
    for _, tried, broken in _judged(target, 60):
        assert broken == []
        tries.update(tried)
    of_groups = {name for name in clauses_of(target.contract) if name[0] == "G"}
    missing = {name for name in of_groups if needed(name, target.contract, target.shape, target.lacks)}
    assert {name for name in tries if name[0] == "G"} == of_groups - missing


def _made(*operations: Operation) -> Program:
    return Program(actors=(Actor(kind="task", operations=operations),), futures=3)


def _op(name: str, future: int = 0) -> Operation:
    return Operation(name=name, future=future)


@pytest.mark.parametrize(
    ("operations", "tried"),
    [
        ([_op("set_result")], set()),
        ([_op("done", 2), _op("set_result", 0), _op("set_result", 1), _op("await", 2)], {"G8", "G9"}),
        ([_op("done", 2), _op("set_result", 1), _op("set_result", 0), _op("await", 2)], {"G1", "G8", "G9"}),
        ([_op("set_result", 1), _op("set_result", 0), _op("await", 2)], {"G8", "G9"}),
        ([_op("done", 2), _op("set_exception", 1), _op("await", 2)], {"G2", "G4", "G8", "G9"}),
        ([_op("set_exception", 1), _op("await", 2)], {"G8", "G9"}),
        ([_op("done", 2), _op("cancel", 2), _op("yield"), _op("yield")], {"G3", "G5"}),
        ([_op("done", 2), _op("set_result", 0), _op("set_result", 1), _op("cancel", 2), _op("yield")], {"G8", "G9"}),
    ],
)
def test_a_clause_of_gather_is_tried_by_what_it_is_about(operations: list[Operation], tried: set[str]) -> None:
    """Results in the order of completion say nothing about order, nor an exception when all is done."""
    target = targets.find("asyncio.gather")
    made = _made(*operations)
    found = Witness(made, target).tried(directed(made, target), clean=True)
    assert {name for name in found if name[0] == "G" and name != "G14"} == tried


def test_what_is_not_judged_tries_nothing() -> None:
    """A program that completes the compound itself, and a run on which a model gave up."""
    target = targets.find("asyncio.gather")
    dropping = _made(_op("done", 2), _op("set_exception", 1), _op("drop", 0), _op("await", 2))
    assert not any(name[0] == "G" for name in Witness(dropping, target).tried(directed(dropping, target), clean=True))
    made = _made(_op("done", 2), _op("set_exception", 1), _op("await", 2))
    run = directed(made, target)
    run.undecided = True
    assert not any(name[0] == "G" for name in Witness(made, target).tried(run, clean=True))


def test_a_timeout_is_offered_where_there_is_one() -> None:
    """Of a task that merely awaits, G6 would be unknown for ever."""
    names = ("asyncio.wait_for", "asyncio.as_completed-timeout", "asyncio.as_completed")
    missing = {name for name in names if needed("G6", "compound", targets.find(name).shape, frozenset())}
    assert missing == {"asyncio.as_completed"}
