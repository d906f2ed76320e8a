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

__all__ = ["ENUMERABLE", "programs"]

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

#: the contracts that have such programs
ENUMERABLE: Final = tuple(_VOCABULARY)


def programs(contract: str, size: int, lacks: frozenset[str] = frozenset()) -> Iterator[Program]:
    """Every program of exactly `size` operations, each once.

    Programs that differ only in the order of two threads, or in which callback is called the first, are the same.

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
