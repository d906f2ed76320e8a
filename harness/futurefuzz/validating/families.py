"""Which small programs are counted out for a target: families of programs of one kind and size, each of them whole.

Beside the programs of one future (`enumeration`) there are those in which two wait for the same future, those of tasks
that await one another, and those over a group. Every family is finite and small, so that a validation can say how far
it came: all of them, or so many of so many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import product
from typing import Final, Literal

from attrs import frozen

from futurefuzz.programs.operations import RESOLVING
from futurefuzz.programs.program import Actor, ActorKind, Link, Operation, Program
from futurefuzz.targets.base import GROUPS
from futurefuzz.validating.enumeration import CHAIN, chains, drawn, shapes
from futurefuzz.validating.enumeration import programs as plain_programs
from futurefuzz.validating.group_programs import group_programs
from futurefuzz.validating.subject import Subject
from futurefuzz.validating.vocabulary import Vocabulary, acts_on, vocabulary_of, waits_for

__all__ = ["BOUND", "Family", "Stage", "families_of"]

#: when a family's turn is: first of all, after that, and when generated programs have had a part of the time
Stage = Literal["small", "special", "large", "plenty"]

#: preemptions up to which every schedule of a counted-out program is run, where nothing else is said
BOUND: Final = 2

#: words for what the programs of a family are besides their number of operations
CHAINED: Final = "and another one inside a callback"
WAITING: Final = "while two others wait"
LINKED: Final = "on two tasks of which one awaits the other"
ACROSS: Final = "of one loop on a future of another, where a task awaits it"
SELF: Final = "on a task that awaits itself"


#: size, stage and bound of the families of each sort
_STAGES: Final[tuple[tuple[int, Stage, int], ...]] = (
    (1, "small", BOUND),
    (2, "small", BOUND),
    (3, "large", BOUND),
    (4, "plenty", BOUND),
)
_STAGES_OF_BRIDGES: Final[tuple[tuple[int, Stage, int], ...]] = (
    (1, "small", BOUND),
    (2, "small", 1),
    (3, "large", 1),
    (2, "large", BOUND),
    (3, "plenty", BOUND),
)
_STAGES_OF_LOOPS: Final[tuple[tuple[int, Stage, int], ...]] = (
    (1, "small", 1),
    (2, "special", 1),
    (1, "large", BOUND),
    (2, "plenty", BOUND),
)
_STAGES_OF_LINKED: Final[tuple[tuple[int, Stage], ...]] = ((1, "special"), (2, "special"), (3, "large"))
_STAGES_OF_GROUPS: Final[tuple[tuple[int, Stage, int], ...]] = (
    (1, "small", BOUND),
    (2, "special", BOUND),
    (3, "large", 1),
    (3, "plenty", BOUND),
)


@frozen(kw_only=True)
class Family:
    """All programs of one kind and size.

    Args:
        size: operations of each, as far as they differ.
        kind: what they are besides, in words that follow "programs of 2 operations"; empty for the plain ones.
        stage: when their turn is.
        make: counts them out.
        bound: preemptions up to which every schedule of each is run.
    """

    size: int
    stage: Stage
    make: Callable[[], Iterable[Program]]
    kind: str = ""
    bound: int = BOUND


def families_of(subject: Subject) -> tuple[Family, ...]:
    """The families that are counted out for a target, each stage in its order; none where there is no vocabulary.

    Where an operation of a thread has a dozen points inside (locks, hand-overs), three of them have thousands of
    schedules with two preemptions: there all schedules with one come first, so that something is complete.
    """
    if subject.contract in GROUPS:
        return tuple(
            Family(size=size, stage=stage, bound=bound, kind=kind, make=make)
            for size, stage, bound in _STAGES_OF_GROUPS
            for kind, make in group_programs(subject, size)
        )
    if subject.contract == "loops":
        return tuple(
            Family(size=size, stage=stage, bound=bound, kind=ACROSS, make=partial(across, subject, size))
            for size, stage, bound in _STAGES_OF_LOOPS
        )
    vocabulary = vocabulary_of(subject)
    if not any(vocabulary.values()):
        return ()
    bridge = subject.contract == "bridge"
    found = [
        Family(size=size, stage=stage, bound=bound, make=partial(plain_programs, vocabulary, size))
        for size, stage, bound in (_STAGES_OF_BRIDGES if bridge else _STAGES)
    ]
    if subject.contract in ("asyncio", "concurrent"):
        make = partial(chains, subject.contract, subject.lacks)
        found.append(Family(size=CHAIN, stage="special", kind=CHAINED, make=make))
    bound = BOUND if subject.contract == "asyncio" else 1
    for size in (1, 2):
        make_waiting = partial(waiting, vocabulary, size)
        found.append(Family(size=size, stage="special", bound=bound, kind=WAITING, make=make_waiting))
    if subject.linkable:
        for size, stage in _STAGES_OF_LINKED:
            found.append(Family(size=size, stage=stage, kind=LINKED, make=partial(linked, subject, size)))
        for size in (1, 2):
            make_self = partial(linked, subject, size, to=0)
            found.append(Family(size=size, stage="special", kind=SELF, make=make_self))
    return tuple(found)


def waiting(vocabulary: Vocabulary, size: int) -> Iterable[Program]:
    """Every program in which two actors wait for the future, and a third one performs so many operations.

    Which of them wakes first, and with what, no smaller program can show. Tasks take their first step in their order,
    so the third one comes first or last; threads have no order.
    """
    waits = [(kind, one) for kind, operations in vocabulary.items() for one in operations if waits_for(one)]
    for nth, first in enumerate(waits):
        for second in waits[nth:]:
            two = tuple(Actor(kind=kind, operations=(one,)) for kind, one in (first, second))
            for kind, operations in vocabulary.items():
                acts = [one for one in operations if acts_on(one)]
                for chosen in product(acts, repeat=size):
                    third = Actor(kind=kind, operations=chosen)
                    yield Program(actors=(*two, third), callbacks=drawn([chosen]))
                    if kind == "task":
                        yield Program(actors=(third, *two), callbacks=drawn([chosen]))


def linked(subject: Subject, size: int, *, to: int = 1) -> Iterable[Program]:
    """Every program of one or two actors on two tasks, the first of which awaits the second; or itself (`to=0`)."""
    first = [Operation(name=name) for name in ("cancel", "await", "result", "exception")]
    first.append(Operation(name="add_done_callback", callback=0))
    second = [Operation(name=name, future=to) for name in ("set_result", "set_exception", "cancel", "await") if to]
    offers = [one for one in (*first, *second) if one.name not in subject.lacks]
    for shape in shapes({"task": tuple(offers)}, size):
        for operations in product(*(product(offers, repeat=length) for _, length in shape)):
            actors = tuple(Actor(kind="task", operations=one) for one in operations)
            yield Program(
                actors=actors, futures=to + 1, callbacks=drawn(operations), links=(Link(of=0, to=to),)
            )


def across(subject: Subject, size: int) -> Iterable[Program]:
    """Every program in which a task of one loop, or a thread, performs so many operations on a future of another loop.

    They are posted there, or a task submits a coroutine that performs them; there, a task awaits the future.
    """
    names = [name for name in RESOLVING if name not in subject.lacks]
    waits = Actor(kind="task", operations=(Operation(name="await"),), loop=1)
    routes: tuple[tuple[ActorKind, tuple[str, ...]], ...] = (("task", ("post", "submit")), ("thread", ("post",)))
    for kind, vias in routes:
        acts = [Operation(name=name, via=via) for via in vias for name in names]
        for chosen in product(acts, repeat=size):
            yield Program(actors=(Actor(kind=kind, operations=chosen), waits), loops=2, homes=(1,))
