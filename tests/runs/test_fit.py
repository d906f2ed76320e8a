"""Programs that are well formed and make no sense on their target."""

from __future__ import annotations

import pytest

from futurefuzz import targets
from futurefuzz.errors import InputError
from futurefuzz.programs.program import Actor, Operation, Program
from futurefuzz.runs.fit import check_fit


def _one(operation: Operation, kind: str = "thread") -> Program:
    return Program(actors=(Actor(kind=kind, operations=(operation,)),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("target", "program", "text"),
    [
        (
            "asyncio.Future",
            _one(Operation(name="await")),
            "token: $.program.actors[0].operations[0]: await is allowed in tasks only",
        ),
        (
            "concurrent.Future",
            _one(Operation(name="cancel", via="post")),
            (
                "token: $.program.actors[0].operations[0]: via post needs a loop, "
                "and target concurrent.Future has none; allowed: direct"
            ),
        ),
        (
            "concurrent.Future",
            _one(Operation(name="done"), "task"),
            "token: $.program.actors[0].kind: target concurrent.Future has no loop; allowed: thread",
        ),
        (
            "asyncio.Future",
            _one(Operation(name="result", argument="wait"), "task"),
            "token: $.program.actors[0].operations[0]: result of an asyncio future does not wait; allowed: no argument",
        ),
        (
            "asyncio.Task",
            _one(Operation(name="set_running")),
            (
                "token: $.program.actors[0].operations[0]: set_running is an operation of concurrent futures; "
                "target asyncio.Task has none"
            ),
        ),
    ],
)
def test_what_does_not_suit_is_refused_with_its_place(target: str, program: Program, text: str) -> None:
    """An operation that the contract does not have is an input error, not an outcome that looks like the target's."""
    with pytest.raises(InputError) as caught:
        check_fit(program, targets.find(target), "token")
    assert str(caught.value) == text


def test_what_suits_passes() -> None:
    """Direct operations from a thread on an asyncio future are misuse, but they can be performed."""
    check_fit(_one(Operation(name="set_result")), targets.find("asyncio.Future"), "token")
    check_fit(_one(Operation(name="await"), "task"), targets.find("asyncio.wrap_future"), "token")
