"""A handful of small programs whose legal outcomes are enumerated, so that each run of them is judged by one look-up.

They are general, one for each kind of contest that a contract settles: completion against cancellation, two
completions, completion against registration, removal and waiting. (The idea and the name are those of memory models:
Alglave, Maranget, Sarkar and Sewell, "Litmus: Running Tests against Hardware", TACAS 2011.)
"""

from __future__ import annotations

from functools import cache
from typing import Final

from futurefuzz.programs.program import Actor, Callback, Operation, Program

__all__ = ["LITMUS", "is_litmus", "litmus"]


def _op(name: str, *, via: str = "direct", argument: str | None = None, callback: int | None = None) -> Operation:
    return Operation(name=name, via=via, argument=argument, callback=callback)


def _post(name: str, *, callback: int | None = None) -> tuple[Operation, ...]:
    return (_op(name, via="post" if callback is not None else "post-if-pending", callback=callback),)


def _thread(*operations: Operation) -> Actor:
    return Actor(kind="thread", operations=operations)


def _task(*operations: Operation) -> Actor:
    return Actor(kind="task", operations=operations)


def _add(callback: int) -> Operation:
    return _op("add_done_callback", callback=callback)


_TWO: Final = (Callback(), Callback(group=1))

#: contract -> what the program is about, and the program
LITMUS: Final[dict[str, dict[str, Program]]] = {
    "asyncio": {
        "a completion against a cancellation, and a task that waits": Program(
            actors=(_thread(*_post("set_result")), _thread(*_post("cancel")), _task(_op("await"))),
        ),
        "a value against an exception, and a task that waits": Program(
            actors=(_thread(*_post("set_result")), _thread(*_post("set_exception")), _task(_op("await"), _op("done"))),
        ),
        "callbacks before and after a cancellation, and one that is posted": Program(
            actors=(
                _thread(*_post("add_done_callback", callback=1)),
                _task(_add(0), _op("yield"), _op("cancel"), _add(0)),
            ),
            callbacks=_TWO,
        ),
        "the removal of a callback against a completion": Program(
            actors=(
                _thread(*_post("set_result")),
                _task(_add(0), _add(1), _op("yield"), _op("remove_done_callback", callback=0)),
            ),
            callbacks=_TWO,
        ),
        "two tasks that wait for one future, one of which completes it": Program(
            actors=(_thread(*_post("cancel")), _task(_op("await")), _task(_op("yield"), _op("set_result"))),
        ),
    },
    "concurrent": {
        "a completion against a cancellation, and a thread that waits": Program(
            actors=(_thread(_op("set_result")), _thread(_op("cancel")), _thread(_op("result", argument="wait"))),
        ),
        "a value against an exception": Program(
            actors=(_thread(_op("set_result")), _thread(_op("set_exception"), _op("exception"))),
        ),
        "a cancellation against the beginning of the work": Program(
            actors=(_thread(_op("set_running"), _op("running")), _thread(_op("cancel"), _op("cancelled"))),
        ),
        "a registration against a completion": Program(
            actors=(_thread(_add(0), _op("done")), _thread(_op("set_result"))),
            callbacks=(Callback(operations=(_op("result"),)),),
        ),
        "two callbacks against a cancellation": Program(
            actors=(_thread(_add(0), _add(1)), _thread(_op("cancel"))),
            callbacks=_TWO,
        ),
    },
}


def litmus(contract: str, shape: str, lacks: frozenset[str] = frozenset()) -> dict[str, Program]:
    """The programs for a target; none where no model enumerates what is legal.

    Args:
        contract, shape: of the target; tasks, bridges and compounds have no enumeration.
        lacks: operations that it does not offer: programs with them are left out.
    """
    if shape != "future":
        return {}
    return {
        about: program
        for about, program in LITMUS.get(contract, {}).items()
        if lacks.isdisjoint(operation.name for operation in program.operations())
    }


@cache
def _known(contract: str) -> frozenset[Program]:
    return frozenset(LITMUS.get(contract, {}).values())


#: no program of the handful has more actors
_ACTORS: Final = 3


def is_litmus(program: Program, contract: str) -> bool:
    """Whether a program is one of the handful."""
    plain = program.futures == 1 and len(program.actors) <= _ACTORS and not program.hooks
    return plain and len(program.operations()) <= 6 and program in _known(contract)
