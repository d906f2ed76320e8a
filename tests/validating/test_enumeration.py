"""Small programs, all of them."""

from __future__ import annotations

from itertools import islice

import pytest

from futurefuzz import targets
from futurefuzz.contracts.misuse import misuse
from futurefuzz.programs.program import Program
from futurefuzz.runs.fit import check_fit
from futurefuzz.validating.enumeration import ENUMERABLE, programs

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
