"""Small programs, all of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from random import Random

import pytest

from futurefuzz import explorers, targets
from futurefuzz.contracts.misuse import misuse
from futurefuzz.oracles import assess
from futurefuzz.programs.program import Program
from futurefuzz.runs.executor import execute
from futurefuzz.runs.fit import check_fit
from futurefuzz.targets.base import Target
from futurefuzz.validating.enumeration import CHAIN, ENUMERABLE, chains, programs
from tests.validating.zoo_targets import VARIANTS

_TARGETS = {"asyncio": "asyncio.Future", "concurrent": "concurrent.Future"}


@pytest.mark.parametrize("contract", ENUMERABLE)
@pytest.mark.parametrize("size", [1, 2])
def test_programs_are_different_legal_and_of_the_size(contract: str, size: int) -> None:
    """Each is one that its contract allows, and there only once."""
    target = targets.find(_TARGETS[contract])
    found = list(programs(contract, size))
    assert len(set(found)) == len(found)
    for program in found:
        check_fit(program, target, "enumerated")
        assert not misuse(program, contract, target)
        assert len(program.operations()) == size
        assert 1 <= len(program.actors) <= 2


def _described(program: Program) -> list[list[str]]:
    return [[operation.name for operation in actor.operations] for actor in program.actors]


def test_every_pair_of_operations_is_there_in_one_thread_and_in_two() -> None:
    """Of two threads with one operation each only one order, since they have no order."""
    found = [_described(program) for program in programs("concurrent", 2)]
    assert [["set_result", "cancel"]] in found
    assert [["cancel", "set_result"]] in found
    assert ([["set_result"], ["cancel"]] in found) != ([["cancel"], ["set_result"]] in found)


def test_callbacks_are_numbered_as_they_come() -> None:
    """A program whose first callback is called the second is the same as another one."""
    for program in islice(programs("asyncio", 3), 4000):
        used = [one.callback for actor in program.actors for one in actor.operations if one.callback is not None]
        assert used == [] or used[0] == 0
        assert len(program.callbacks) == len(set(used))


def test_what_a_target_lacks_is_left_out() -> None:
    """So the number of programs that are complete is honest."""
    lacks = frozenset({"cancel", "remove_done_callback"})
    names = {one.name for program in programs("asyncio", 2, lacks) for one in program.operations()}
    assert names
    assert not names & lacks


@pytest.mark.parametrize("contract", ENUMERABLE)
def test_programs_in_which_a_callback_acts_are_different_and_legal(contract: str) -> None:
    """And the callback is registered with a future that is completed."""
    target = targets.find(_TARGETS[contract])
    found = list(chains(contract))
    assert len(set(found)) == len(found)
    for program in found:
        check_fit(program, target, "enumerated")
        assert not misuse(program, contract, target)
        assert len(program.operations()) == CHAIN + 1
    assert not {one.name for program in chains(contract, frozenset({"cancel"})) for one in program.operations()} & {
        "cancel"
    }


def _blamed(target: Target, made: Iterable[Program], monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setitem(targets.base._registry, target.name, target)
    found = set()
    for program in made:
        run = execute(program, target, explorers.make("default", Random(0)))
        assert run is not None
        found |= {violation.clause.id for violation in assess(run).violations if not violation.clause.trap}
    return found


def test_a_context_that_goes_from_one_future_to_the_next_shows_in_a_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No smaller program can show it, and generated ones seldom do; the right twin is clean."""
    variant = VARIANTS["TakesContextOfCompletion"]
    assert _blamed(variant.target, chains("asyncio"), monkeypatch) == {"A11"}
    assert _blamed(variant.sound, chains("asyncio"), monkeypatch) == set()


def test_an_equal_callback_is_removed_in_the_programs_of_three_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    """So whoever compares by identity is caught; the right twin is clean."""
    variant = VARIANTS["RemovesIdentical"]
    equal = [one for one in programs("asyncio", 3) if len(one.callbacks) == 2 and len({*one.groups()}) == 1]
    assert 0 < len(equal) < 200
    assert _blamed(variant.target, equal, monkeypatch) == {"A9"}
    assert _blamed(variant.sound, equal, monkeypatch) == set()
