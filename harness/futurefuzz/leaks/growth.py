"""Does the same thing, done again and again, need more memory each time?

A leak is what grows in *every* measured round. One round alone says nothing: caches fill, dictionaries and free lists
make room, a counter passes the last small integer. So the thing is done several times in a round, the collector comes
between rounds, and a measure counts as growing only when each round added at least one for four times that it was
done (or for as many as the caller says). That is a suspicion. A cache that has a bound grows too, until it is full
(`functools.lru_cache` has 128 places if nobody says otherwise), and once more when what it holds needs more room (small
integers need none); so what is suspected is done some hundred times more, and must then grow in two rounds which are
as long.

Measured are the blocks that Python's allocator has given out (`sys.getallocatedblocks`); where `tracemalloc` is
tracing, the bytes that it sees, for a large buffer is none of those blocks; and the reference counts of objects that
live long, such as classes: a reference counted too many allocates nothing.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Final

from attrs import frozen

__all__ = ["SELDOM", "SETTLING", "Growth", "clear_caches", "goes_on_growing", "grows", "tracing"]

#: reference counts mean what they say where they are not spread over threads or made immortal
_COUNTED: Final = getattr(sys, "_is_gil_enabled", lambda: True)()

#: the interpreter's cache of attributes has thousands of places, each of which keeps a name that was asked for
clear_caches: Final[Callable[[], None]] = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache

#: bytes that each time must add: what is smaller shows as a block
_LARGE: Final = 512

#: times that must add one thing together, if nobody says otherwise; where fewer of them do, it is taken for noise
SELDOM: Final = 4
#: how often a thing that grows is done until caches with a bound are full, and in each round after that
SETTLING: Final = 200


@frozen(kw_only=True)
class Growth:
    """Something that grew in every round.

    Args:
        what: `blocks of memory`, `traced bytes`, or `references to NAME`.
        rounds: by how much in each round.
        times: how often the thing was done in each round.
    """

    what: str
    rounds: tuple[int, ...]
    times: int

    @property
    def each(self) -> float:
        """By how much each time, at the least."""
        return min(self.rounds) / self.times


def grows(
    step: Callable[[], object],
    *,
    rounds: int = 4,
    times: int = 4,
    every: int = SELDOM,
    lasting: Sequence[tuple[str, Any]] = (),
) -> list[Growth]:
    """Do a thing again and again and see what grows.

    Args:
        step: the thing; it was done often enough before for caches to be filled.
        rounds: how many.
        times: how often in each round.
        every: at least one of so many times must add something.
        lasting: names and objects whose reference counts are watched.

    Returns:
        What grew in every round; the measurement ends with the first round in which nothing grew. The caller sees to it
        that the collector does not look at the whole heap (`garbage.frozen_heap`).
    """
    lasting = lasting if _COUNTED else ()
    names = ("blocks of memory", "traced bytes", *(f"references to {name}" for name, _ in lasting))
    few = -(-times // every)
    least = (few, (times if every <= SELDOM else few) * _LARGE, *(few for _ in lasting))
    # One table, made before, and of C integers: the measurement must not allocate.
    table = [array("q", bytes(8 * len(names))) for _ in range(rounds + 1)]
    alive = set(range(len(names)))
    _measure(table[0], lasting)
    # The first call of anything makes things that stay (a frame, an integer): the second says what there is.
    _measure(table[0], lasting)
    for nth in range(1, rounds + 1):
        for _ in range(times):
            step()
        _measure(table[nth], lasting)
        row, before = table[nth], table[nth - 1]
        alive = {column for column in alive if row[column] - before[column] >= least[column]}
        if not alive:
            return []
    return [
        Growth(
            what=names[column],
            rounds=tuple(after[column] - before[column] for before, after in pairwise(table)),
            times=times,
        )
        for column in sorted(alive)
    ]


def goes_on_growing(
    step: Callable[[], object],
    *,
    rounds: int = 4,
    times: int = 4,
    settling: int = SETTLING,
    every: int = SELDOM,
    lasting: Sequence[tuple[str, Any]] = (),
) -> list[Growth]:
    """What grows, and still does when bounded caches are full.

    Args:
        step: as for `grows`.
        rounds: how many the first look has; the second one has two.
        times: how often it is done in each round of the first look.
        settling: how often it is done between the two looks, and in each round of the second one; 0: the first look is
            enough.
        every: as for `grows`.
        lasting: as for `grows`.
    """
    grown = grows(step, rounds=rounds, times=times, every=every, lasting=lasting)
    if not grown or not settling:
        return grown
    for _ in range(settling):
        step()
    return grows(step, rounds=2, times=settling, every=every, lasting=lasting)


@contextmanager
def tracing() -> Iterator[bool]:
    """While in this context `tracemalloc` traces: a buffer that is made larger is no new block. Whether it did not."""
    if tracemalloc.is_tracing():
        yield False
        return
    try:
        tracemalloc.start()
        yield True
    finally:
        tracemalloc.stop()


def _measure(row: array[int], lasting: Sequence[tuple[str, Any]]) -> None:
    clear_caches()
    gc.collect()
    for column, (_, thing) in enumerate(lasting, 2):
        row[column] = sys.getrefcount(thing)
    row[1] = tracemalloc.get_traced_memory()[0]
    row[0] = sys.getallocatedblocks()
