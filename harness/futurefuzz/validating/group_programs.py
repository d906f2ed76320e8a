"""Small programs over a group of futures: somebody waits for what is made over them, somebody else completes them.

Whoever completes children on a loop is a thread that posts each operation: between two of them the loop may have gone
round any number of times, so that every offset in turns between, say, a wake-up and a cancellation is among the
schedules. In threads he acts himself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from typing import Final

from futurefuzz.programs.program import Actor, ActorKind, Operation, Program
from futurefuzz.validating.subject import Subject

__all__ = ["group_programs"]

#: children of a compound, and tasks that wait at something, in these programs; where there may be so many
_CHILDREN: Final = 2
_AT_SOMETHING: Final = 3

MADE_FIRST: Final = "on a group that somebody waits for"
MADE_LATE: Final = "and one before, on a group that somebody waits for"
BARE: Final = "on a group"


def group_programs(subject: Subject, size: int) -> list[tuple[str, Callable[[], Iterable[Program]]]]:
    """Families of programs with so many operations besides those that wait: what they are, and what counts them out."""
    if subject.children is None:
        return [(BARE, partial(_at_something, subject, size))]
    least, most = subject.children
    counts = sorted({max(least, 1), max(least, min(most, _CHILDREN))})
    found: list[tuple[str, Callable[[], Iterable[Program]]]] = [
        (MADE_FIRST, partial(_made_first, subject, counts, size))
    ]
    if 1 < size <= _LATE:
        found.append((MADE_LATE, partial(_made_late, subject, counts, size)))
    return found


#: operations up to which the compound is made over children of which one is completed already
_LATE: Final = 3


def _acts(subject: Subject, futures: Iterable[int], via: str) -> list[Operation]:
    names = ["set_result", "set_exception", "cancel"]
    if subject.contract == "concurrent-compound":
        names.append("set_running")
    if subject.children is None and subject.shape not in _ENDING:
        names.remove("set_exception")
    return [
        Operation(name=name, future=future, via=via)
        for future in futures
        for name in names
        if name not in subject.lacks
    ]


#: shapes of what tasks wait at, and can be broken or shut down
_ENDING: Final = ("barrier", "queue-shutdown")


def _parts(subject: Subject, children: int) -> tuple[ActorKind, Operation, list[Operation], str]:
    """Kind of who waits, how he waits, what is done by the other, by which route."""
    if subject.contract == "concurrent-compound":
        return "thread", Operation(name="result", argument="wait", future=children), [], "direct"
    cancel = Operation(name="cancel", future=children, via="post")
    return "task", Operation(name="await", future=children), [cancel], "post"


def _made_first(subject: Subject, counts: Iterable[int], size: int) -> Iterator[Program]:
    """One waits for the compound, a thread does so many things to children and compound."""
    for children in counts:
        kind, wait, more, via = _parts(subject, children)
        acts = [*_acts(subject, range(children), via), *more]
        for chosen in product(acts, repeat=size):
            actors = (Actor(kind=kind, operations=(wait,)), Actor(kind="thread", operations=chosen))
            yield Program(actors=actors, futures=children + 1)


def _made_late(subject: Subject, counts: Iterable[int], size: int) -> Iterator[Program]:
    """The same, but whoever waits does one of these things to a child before."""
    for children in counts:
        kind, wait, more, via = _parts(subject, children)
        acts = [*_acts(subject, range(children), via), *more]
        for before in _acts(subject, range(children), "direct"):
            for chosen in product(acts, repeat=size - 1):
                actors = (Actor(kind=kind, operations=(before, wait)), Actor(kind="thread", operations=chosen))
                yield Program(actors=actors, futures=children + 1)


def _at_something(subject: Subject, size: int) -> Iterator[Program]:
    """Tasks wait at a lock, a queue, ...; a thread does so many things to it, and cancels whom of them it likes."""
    acts = [
        one
        for one in _acts(subject, range(_AT_SOMETHING), "post")
        if one.name == "cancel" or one.future == 0  # it is the same thing whichever task it goes through
    ]
    waits = Actor(kind="task", operations=(Operation(name="await", future=_AT_SOMETHING - 1),))
    for chosen in product(acts, repeat=size):
        yield Program(actors=(waits, Actor(kind="thread", operations=chosen)), futures=_AT_SOMETHING)
