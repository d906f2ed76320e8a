"""Every small program: one future, one or two actors, a few operations each, counted out one after another.

Random programs are good at what nobody has thought of; that *no* program of up to three operations breaks a clause is
another kind of statement, and bugs are seldom larger than that. The vocabulary is small on purpose (plain arguments,
two callbacks), since the number of programs grows with its third power.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, Final

from futurefuzz.programs.program import Actor, ActorKind, Callback, Operation, Program

__all__ = ["CHAIN", "ENUMERABLE", "chains", "programs"]

_ADD: Final = Operation(name="add_done_callback", callback=0)
_ADD_OTHER: Final = Operation(name="add_done_callback", callback=1)


def _plain(*names: str) -> tuple[Operation, ...]:
    return tuple(Operation(name=name) for name in names)


#: contract -> kind of actor -> what it may do
_VOCABULARY: Final[dict[str, dict[ActorKind, tuple[Operation, ...]]]] = {
    "asyncio": {
        "task": (
            *_plain("set_result", "set_exception", "cancel"),
            *(_ADD, _ADD_OTHER, Operation(name="remove_done_callback", callback=0)),
            Operation(name="add_done_callback", callback=0, context=0),
            *_plain("result", "exception", "done", "cancelled", "await", "drop"),
        ),
        "thread": (
            Operation(name="set_result", via="post"),
            Operation(name="set_exception", via="post-if-pending"),
            Operation(name="cancel", via="post"),
        ),
    },
    "concurrent": {
        "thread": (
            *_plain("set_result", "set_exception", "cancel", "set_running"),
            *(_ADD, _ADD_OTHER),
            Operation(name="result", argument="wait"),
            *_plain("result", "exception", "done", "cancelled", "running"),
        ),
    },
}

def _on(future: int, *names: str) -> tuple[Operation, ...]:
    return tuple(Operation(name=name, future=future) for name in names)


def _adds(future: int, callback: int, context: int | None = None) -> Operation:
    return Operation(name="add_done_callback", future=future, callback=callback, context=context)


#: of a program in which a callback acts: operations of its actor
CHAIN: Final = 3
#: contract -> what the actor may do, and what the callback 0 may do, which is registered with future 0
_CHAINS: Final[dict[str, tuple[ActorKind, tuple[Operation, ...], tuple[Operation, ...]]]] = {
    "asyncio": (
        "task",
        (
            *(_adds(0, 0), _adds(0, 0, 0), _adds(0, 1), _adds(1, 1), _adds(1, 1, 1)),
            *_on(0, "set_result", "cancel", "await"),
            *_on(1, "set_result"),
        ),
        (
            *(_adds(0, 1), _adds(1, 1)),
            *(Operation(name="remove_done_callback", future=future, callback=1) for future in (0, 1)),
            *_on(0, "result", "cancel"),
            *_on(1, "set_result", "set_exception", "cancel"),
        ),
    ),
    "concurrent": (
        "thread",
        (*(_adds(0, 0), _adds(0, 1), _adds(1, 1)), *_on(0, "set_result", "set_exception", "cancel")),
        (*(_adds(0, 1), _adds(1, 1)), *_on(0, "result", "cancel", "running"), *_on(1, "set_result", "cancel")),
    ),
}

#: the contracts that have such programs
ENUMERABLE: Final = tuple(_VOCABULARY)


def programs(contract: str, size: int, lacks: frozenset[str] = frozenset()) -> Iterator[Program]:
    """Every program of exactly `size` operations, each once.

    Programs that differ only in the order of two threads, or in which callback is called the first, are the same. Where
    one of two callbacks is removed, there is the program again with the two being equal.

    Args:
        contract: one of `ENUMERABLE`.
        size: how many operations.
        lacks: operations that are left out.
    """
    offers = {
        kind: tuple(one for one in operations if one.name not in lacks)
        for kind, operations in _VOCABULARY[contract].items()
    }
    for shape in _shapes(tuple(offers), size):
        for drawn in product(*(product(offers[kind], repeat=length) for kind, length in shape)):
            if _is_canonical(shape, drawn):
                actors = tuple(
                    Actor(kind=kind, operations=operations) for (kind, _), operations in zip(shape, drawn, strict=True)
                )
                callbacks = {one.callback for operations in drawn for one in operations if one.callback is not None}
                yield Program(actors=actors, callbacks=tuple(Callback(group=index) for index in range(len(callbacks))))
                removes = any(one.name == "remove_done_callback" for operations in drawn for one in operations)
                if removes and len(callbacks) > 1:  # whoever removes one must find both
                    yield Program(actors=actors, callbacks=(Callback(),) * len(callbacks))


def chains(contract: str, lacks: frozenset[str] = frozenset()) -> Iterator[Program]:
    """Every program of one actor with `CHAIN` operations on two futures, in which a callback performs another one.

    What goes from one future to the next (a context, an order, a lock that is held) shows in no smaller program.

    Args:
        contract: one of `ENUMERABLE`.
        lacks: operations that are left out.
    """
    kind, main, inside = _CHAINS[contract]
    for operations in product([one for one in main if one.name not in lacks], repeat=CHAIN):
        registers = any(one.callback == 0 for one in operations)
        completes = any(one.future == 0 and one.callback is None and one.name != "await" for one in operations)
        if not registers or not completes:
            continue  # the callback never runs
        for one in inside:
            if one.name not in lacks:
                callbacks = (Callback(operations=(one,)), Callback(group=1))
                yield Program(actors=(Actor(kind=kind, operations=operations),), futures=2, callbacks=callbacks)


def _shapes(kinds: tuple[ActorKind, ...], size: int) -> Iterator[tuple[tuple[ActorKind, int], ...]]:
    """Kinds and lengths of the actors: one, or two."""
    main = kinds[0]
    yield ((main, size),)
    for first in range(1, size):
        yield (main, first), (main, size - first)
        for other in kinds[1:]:
            yield (main, first), (other, size - first)


def _is_canonical(shape: Sequence[tuple[ActorKind, int]], drawn: tuple[tuple[Operation, ...], ...]) -> bool:
    used = [one.callback for operations in drawn for one in operations if one.callback is not None]
    if used and used[0] != 0:
        return False
    if 1 in used and 0 not in used[: used.index(1)]:
        return False
    if len(shape) == 2 and shape[0][0] == shape[1][0] == "thread":
        lengths = (shape[0][1], shape[1][1])
        if lengths[0] < lengths[1]:
            return False
        if lengths[0] == lengths[1] and not used and _key(drawn[0]) > _key(drawn[1]):
            return False
    return True


def _key(operations: tuple[Operation, ...]) -> list[Any]:
    return [(one.name, one.argument or "") for one in operations]
