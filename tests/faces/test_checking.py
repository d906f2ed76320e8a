"""Checking one program where it stands."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve

from futurefuzz import checking, targets
from futurefuzz.checking import BrokenContract, check
from futurefuzz.errors import InputError
from futurefuzz.findings import token
from futurefuzz.findings.known import Known, KnownBug
from futurefuzz.programs.program import Actor, Callback, Operation, Program
from tests.faces.planted import FORGETFUL


def adding(callback: int) -> Operation:
    """Registers a callback."""
    return Operation(name="add_done_callback", callback=callback)


FORGOTTEN = Program(
    actors=(
        Actor(kind="task", operations=(adding(0), adding(1))),
        Actor(kind="task", operations=(Operation(name="set_result"),)),
    ),
    callbacks=(Callback(group=0), Callback(group=1)),
)
#: from another thread: the loop is not woken
LOST_WAKEUP = Program(
    actors=(
        Actor(kind="task", operations=(Operation(name="await"),)),
        Actor(kind="thread", operations=(Operation(name="set_result"),)),
    ),
)
ASLEEP = [(2, 0)]


def test_a_broken_contract_says_cause_clause_source_and_command() -> None:
    """All that a person needs is in the message."""
    with pytest.raises(BrokenContract) as caught:
        check(FORGOTTEN, FORGETFUL, scenario="by_hand")
    error = caught.value
    case, name = token.decode(error.token)
    assert (case.program, case.target, case.scenario) == (FORGOTTEN, "planted.Forgetful", "by_hand")
    assert name == error.signature
    lines = str(error).splitlines()
    assert lines[0] == error.violation.cause
    assert [line.partition(": ")[0].strip() for line in lines[1:]] == ["forbidden", "source", "signature", "reproduce"]
    assert lines[-1] == f"  reproduce: futurefuzz replay {error.token}"


def test_the_same_program_passes_on_a_correct_future() -> None:
    """On every schedule that the default explorer has for it."""
    check(FORGOTTEN, "asyncio.PyFuture", runs=50)


def test_misuse_that_merely_misbehaves_fails_only_where_that_is_asked_for() -> None:
    """A lost wake-up is interesting, not forbidden: the documentation warns of it."""
    somebody_elses = evolve(targets.find("asyncio.PyFuture"), name="somebody.Future")  # of asyncio's own it is known
    check(LOST_WAKEUP, somebody_elses, runs=30)
    with pytest.raises(BrokenContract) as caught:
        check(LOST_WAKEUP, somebody_elses, runs=30, grade="interesting")
    assert caught.value.violation.grade == "interesting"


def test_a_known_bug_passes_where_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """And only there: on a fixed release it is a regression."""

    def knowing(*fixed_in: str) -> None:
        bug = KnownBug(
            signature=("planted.Forgetful:*",),
            issue="gh-0",
            note="",
            reviewed=date(2026, 1, 1),
            fixed_in=fixed_in,
            implementation="*",
        )
        monkeypatch.setattr(checking, "_known_bugs", lambda: Known((bug,)))

    knowing()
    check(FORGOTTEN, FORGETFUL)
    knowing("3.0.0")
    with pytest.raises(BrokenContract):
        check(FORGOTTEN, FORGETFUL)


def test_an_unknown_target_is_an_input_error() -> None:
    """With the names that there are."""
    with pytest.raises(InputError, match="unknown target 'nothing'; allowed: asyncio"):
        check(FORGOTTEN, "nothing")
