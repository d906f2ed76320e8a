"""Every small program of one future: one or two actors, a few operations each, counted out one after another.

Random programs are good at what nobody has thought of; that *no* program of up to three operations breaks a clause is
another kind of statement, and bugs are seldom larger than that. What they may do is a `vocabulary`; which programs are
counted out for a target, `families` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, Final

from futurefuzz.programs.program import Actor, ActorKind, Callback, Operation, Program
from futurefuzz.validating.vocabulary import Vocabulary

__all__ = ["CHAIN", "chains", "drawn", "programs", "shapes"]


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


def programs(vocabulary: Vocabulary, size: int) -> Iterator[Program]:
    """Every program of exactly `size` operations on one future, each once.

    Programs that differ only in the order of two threads, or in which callback is called the first, are the same. Where
    one of two callbacks is removed, there is the program again with the two being equal.

    Args:
        vocabulary: what each kind of actor may do.
        size: how many operations.
    """
    for shape in shapes(vocabulary, size):
        for lists in product(*(product(vocabulary[kind], repeat=length) for kind, length in shape)):
            if _is_canonical(shape, lists):
                actors = tuple(
                    Actor(kind=kind, operations=operations) for (kind, _), operations in zip(shape, lists, strict=True)
                )
                callbacks = drawn(lists)
                yield Program(actors=actors, callbacks=callbacks)
                removes = any(one.name == "remove_done_callback" for operations in lists for one in operations)
                if removes and len(callbacks) > 1:  # whoever removes one must find both
                    yield Program(actors=actors, callbacks=(Callback(),) * len(callbacks))


def drawn(lists: Iterable[Iterable[Operation]]) -> tuple[Callback, ...]:
    """The callbacks that operations name, which are numbered from 0 on."""
    used = {one.callback for operations in lists for one in operations if one.callback is not None}
    return tuple(Callback(group=index) for index in range(len(used)))


def chains(contract: str, lacks: frozenset[str] = frozenset()) -> Iterator[Program]:
    """Every program of one actor with `CHAIN` operations on two futures, in which a callback performs another one.

    What goes from one future to the next (a context, an order, a lock that is held) shows in no smaller program.

    Args:
        contract: `asyncio` or `concurrent`.
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


def shapes(vocabulary: Vocabulary, size: int) -> Iterator[tuple[tuple[ActorKind, int], ...]]:
    """Kinds and lengths of the actors: one, or two.

    Threads that hand everything they do to the loop are there beside a task only.
    """
    main, *others = [kind for kind, operations in vocabulary.items() if operations]
    equals = [kind for kind in others if any(one.via == "direct" for one in vocabulary[kind])]
    for kind in (main, *equals):
        yield ((kind, size),)
    for first in range(1, size):
        yield (main, first), (main, size - first)
        for other in others:
            yield (main, first), (other, size - first)
        for other in equals:
            yield (other, first), (other, size - first)


def _is_canonical(shape: Sequence[tuple[ActorKind, int]], lists: tuple[tuple[Operation, ...], ...]) -> bool:
    used = [one.callback for operations in lists for one in operations if one.callback is not None]
    if used and used[0] != 0:
        return False
    if 1 in used and 0 not in used[: used.index(1)]:
        return False
    if len(shape) == 2 and shape[0][0] == shape[1][0] == "thread":
        lengths = (shape[0][1], shape[1][1])
        if lengths[0] < lengths[1]:
            return False
        if lengths[0] == lengths[1] and not used and _key(lists[0]) > _key(lists[1]):
            return False
    return True


def _key(operations: tuple[Operation, ...]) -> list[Any]:
    return [(one.name, one.argument or "") for one in operations]
