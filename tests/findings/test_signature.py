from __future__ import annotations

import pytest

from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.findings.signature import clause_of_end, crash_signature, group, how_it_ended, of


def test_a_violation_is_signed_by_target_clause_and_detail() -> None:
    """Neither the cause nor the place in the history is part of a signature."""
    clause = Clause(id="A7", text="t", quote="q", source="s")
    violations = [
        Violation(oracle="o", clause=clause, grade="forbidden", detail="lost", cause=cause, at=at)
        for cause, at in (("callback 0 never ran", 3), ("callback 1 never ran", 9))
    ]
    assert {of("asyncio.Future", violation) for violation in violations} == {"asyncio.Future:A7:lost"}


@pytest.mark.parametrize(
    ("how", "operation", "signature"),
    [
        ("SIGSEGV", "set_result", "T:X1:SIGSEGV in completion"),
        ("SIGSEGV", "set_exception", "T:X1:SIGSEGV in completion"),
        ("SIGABRT", "cancel", "T:X1:SIGABRT in completion"),
        ("SIGBUS", "remove_done_callback", "T:X1:SIGBUS in remove_done_callback"),
        ("SIGKILL", None, "T:X1:SIGKILL in no operation"),
        ("signal 40", "repr", "T:X1:signal 40 in repr"),
        ("hang", "await", "T:X2:hang in await"),
        ("exit 3", "collect", "T:X3:exit 3 in collect"),
        ("exit", "done", "T:X3:exit in done"),
    ],
)
def test_a_death_is_signed_by_how_and_where(how: str, operation: str | None, signature: str) -> None:
    """Crash, hang and exit have a clause each; the completing operations are one group."""
    assert crash_signature("T", how, operation) == signature


def test_a_death_inside_a_callout_says_so() -> None:
    """An operation that a hook performs is inside a call-out; where there is none, the last one says where it was."""
    assert crash_signature("T", "SIGSEGV", "cancel", callout="eq") == "T:X1:SIGSEGV in completion inside eq"
    assert crash_signature("T", "SIGSEGV", None, callout="del") == "T:X1:SIGSEGV in no operation after del"
    assert crash_signature("T", "hang", "done", "undefined", "init") == "T:X2:undefined: hang in done inside init"


@pytest.mark.parametrize(
    ("returncode", "how", "clause"),
    [
        (-11, "SIGSEGV", "X1"),
        (-6, "SIGABRT", "X1"),
        (-9, "SIGKILL", "X1"),
        (-40, "signal 40", "X1"),
        (7, "exit 7", "X3"),
    ],
)
def test_how_a_process_ended_is_a_word(returncode: int, how: str, clause: str) -> None:
    """Signals by name, and by number where they have none."""
    assert how_it_ended(returncode) == how
    assert clause_of_end(how) == clause


def test_operations_that_complete_are_one_group() -> None:
    """The others are themselves."""
    assert [group(name) for name in ("set_result", "cancel", "result", None)] == [
        "completion",
        "completion",
        "result",
        "no operation",
    ]
