"""Which turns of different actors can change places without any difference.

A *turn* is what an actor does from where it was let go to where it stands next. Two turns are independent when, done
next to each other in either order, they lead to the same state. What a turn touches is known only from what its actor
announced (`Pending`), so this is the argument:

* A turn that begins at a point touches what was announced there, and its actor's own state. Two such turns of different
  actors without a resource in common, or with only reads on it, are independent: neither sees what the other writes,
  and neither keeps the other from going, because an actor that stands at a point can always go.
* An *opaque* turn depends on all others. Opaque is a turn after waiting: it begins at no point, so nothing was
  announced, and virtual time moves when it is a timeout that lets it go. So is one that brings an actor into being,
  because it decides its number, and one that announced `ANYTHING`.
* What lets a waiting actor go happens before its next turn, as it must, because that turn is opaque.

Whether the first turn of an actor, and one that ends in waiting or ends its actor, are opaque depends on what the
program's points are. Where everything shared has a point of its own they are not: before its first point an actor
touches nothing shared, and where others can see its end (a join) there is a point before it that says so, with
`ANYTHING` at the least. Otherwise they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final, NamedTuple

from futurefuzz.explorers.surw import label

__all__ = ["ANYTHING", "Order", "Turn", "dependent", "named"]


class _Anything(Enum):
    ANYTHING = "anything"


#: resource of a `Pending` whose turn may touch whatever there is
ANYTHING: Final = _Anything.ANYTHING


class Turn(NamedTuple):
    """Who went, and what it touched: resource -> whether it wrote; None for an opaque turn."""

    actor: int
    touched: Mapping[object, bool] | None


def named(resource: object) -> object:
    """A name for a resource that holds across runs: equal for equal resources, and perhaps for others of its type."""
    return tuple(named(part) for part in resource) if isinstance(resource, tuple) else label(resource)


def dependent(one: Turn, other: Turn) -> bool:
    """Whether the order of two turns may matter."""
    if one.actor == other.actor or one.touched is None or other.touched is None:
        return True
    touched = other.touched
    return any(
        resource in touched and (writes or touched[resource]) for resource, writes in one.touched.items()
    )


class Order:
    """The happens-before order of a sequence of turns. Sets of turns are integers, one bit for each.

    Args:
        turns: in the order in which they were taken.

    Attributes:
        before: for each turn, those that happen before it.
    """

    def __init__(self, turns: Sequence[Turn]) -> None:
        self.before: list[int] = []
        self._direct: list[int] = []
        readers: dict[object, int] = {}
        writers: dict[object, int] = {}
        own: dict[int, int] = {}
        opaque = 0
        for index, (actor, touched) in enumerate(turns):
            bit = 1 << index
            if touched is None:
                direct = bit - 1
                opaque |= bit
            else:
                direct = own.get(actor, 0) | opaque
                for resource, writes in touched.items():
                    direct |= writers.get(resource, 0)
                    if writes:
                        direct |= readers.get(resource, 0)
                for resource, writes in touched.items():
                    kind = writers if writes else readers
                    kind[resource] = kind.get(resource, 0) | bit
            own[actor] = own.get(actor, 0) | bit
            self._direct.append(direct)
            before = direct
            for earlier in self._newest(direct):
                before |= self.before[earlier]
            self.before.append(before)

    def adjacent(self, index: int) -> list[int]:
        """The turns that happen before this one with none in between: with these alone it can change places."""
        return self._newest(self._direct[index])

    def _newest(self, turns: int) -> list[int]:
        """Those of a set that happen before no other of it."""
        newest = []
        while turns:
            index = turns.bit_length() - 1
            newest.append(index)
            turns &= ~(self.before[index] | 1 << index)
        return newest
