"""What an await by a task of another loop leaves behind: the C Future refuses the next one, the Python one does not."""

from __future__ import annotations

from random import Random

import pytest

from futurefuzz import explorers
from futurefuzz.findings import signature
from futurefuzz.oracles import judge
from futurefuzz.programs.program import Actor, Callback, Hook, Operation, Program
from futurefuzz.runs.executor import execute
from futurefuzz.targets.base import find

ELSEWHERE = (Operation(name="await-elsewhere"),)
AWAIT = Operation(name="await")


def _found(target: str, *tasks: tuple[Operation, ...], futures: int = 1, hooks: tuple[Hook, ...] = ()) -> list[str]:
    actors = tuple(Actor(kind="task", operations=operations) for operations in tasks)
    program = Program(actors=actors, futures=futures, callbacks=(Callback(),) if hooks else (), hooks=hooks)
    run = execute(program, find(target), explorers.make("random", Random(0)))
    assert run is not None
    return [signature.of(target, one) for one in judge(run)]


@pytest.mark.parametrize("argument", ["StopIteration", "StopIteration-subclass"])
@pytest.mark.parametrize("after", ["yield", "done"])
def test_a_refused_await_is_called_so_although_the_outcome_is_a_runtime_error_too(argument: str, after: str) -> None:
    """The minimal program of what was once called a queue out of order, and one whose task goes on to look."""
    stops = Operation(name="set_exception", argument=argument)
    tasks = {
        "yield": (ELSEWHERE, (stops, Operation(name="yield")), (AWAIT,)),
        "done": (ELSEWHERE, (stops,), (AWAIT, Operation(name="done"))),
    }[after]

    assert _found("asyncio.Task", *tasks) == ["asyncio.Task:A12:await refused"]
    assert not any(":A12:" in one or ":A8:" in one for one in _found("asyncio.PyTask", *tasks))


def test_a_refused_await_is_called_so_where_call_outs_act() -> None:
    """No model follows these programs: a campaign had called it `A16:re-entrant: await: RuntimeError raised`."""
    other = (Operation(name="await-elsewhere", future=1),)
    act = (Operation(name="add_done_callback", callback=0), Operation(name="result"))
    hooks = (Hook(kind="call_soon", operations=act),)
    tasks = ((*other, *ELSEWHERE, AWAIT), (Operation(name="set_result"),))

    assert _found("asyncio.Task", *tasks, futures=2, hooks=hooks) == ["asyncio.Task:A12:re-entrant: await refused"]
    assert _found("asyncio.PyTask", *tasks, futures=2, hooks=hooks) == []
