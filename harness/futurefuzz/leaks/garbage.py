"""What only the cyclic collector can free, and by which cycle it is held.

`gc.DEBUG_SAVEALL` has the collector keep what it finds instead of freeing it. Within what it found, references are
known exactly (`gc.get_referents`), so cycles need not be guessed: they are the strongly connected components.
"""

from __future__ import annotations

import asyncio
import gc
import os
import types
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final

from attrs import frozen

from futurefuzz.leaks.words import chain_in_words, is_pending, is_task, word
from futurefuzz.runs.freezing import frozen_by_us, is_frozen, may_freeze

__all__ = ["Cycle", "cycles", "frozen_heap", "is_future", "referents", "thawed_heap", "unreachable", "waits"]


_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_TARGETS: Final = os.path.join(_PACKAGE, "targets") + os.sep
_ASYNCIO: Final = os.path.dirname(asyncio.__file__) + os.sep


@frozen(kw_only=True)
class Cycle:
    """A circle of references.

    Args:
        chain: its objects in words; each refers to the next, the last to the first, which is named again.
        parts: what it runs through, without containers and without what differs from run to run; sorted. One bug has
            the same ones every time.
        keeps: how many objects only the collector can free because of it, itself included.
    """

    chain: tuple[str, ...]
    parts: tuple[str, ...]
    keeps: int


class frozen_heap:
    """While in this context the collector does not come by itself, and does not look at older objects when called.

    So it takes microseconds instead of milliseconds. Who has frozen objects of his own keeps them so.
    """

    __slots__ = ("_enabled", "_froze")

    def __enter__(self) -> None:
        self._froze = False
        self._enabled = gc.isenabled()
        try:
            gc.disable()
            gc.collect()
            self._froze = may_freeze()
            if self._froze:
                gc.freeze()
                frozen_by_us(True)
        except BaseException as error:  # a Ctrl-C comes as soon as the collector has come to its end
            self.__exit__(type(error), error, error.__traceback__)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._froze:
            gc.unfreeze()
            frozen_by_us(False)
        if self._enabled:
            gc.enable()


class thawed_heap:
    """While in this context nothing is frozen: `gc.get_referrers` looks at no frozen object."""

    __slots__ = ("_frozen",)

    def __enter__(self) -> None:
        self._frozen = is_frozen()
        if self._frozen:
            gc.unfreeze()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._frozen:
            gc.freeze()


def unreachable() -> list[Any]:
    """What the collector finds now, alive for the caller to look at. Its finalisers have run; a second collection, when
    the caller has let go of the list, frees it."""
    flags = gc.get_debug()
    before = len(gc.garbage)
    try:
        gc.set_debug((flags | gc.DEBUG_SAVEALL) & ~gc.DEBUG_STATS)
        gc.collect()
        return gc.garbage[before:]
    finally:
        gc.set_debug(flags)
        del gc.garbage[before:]


def waits(things: Sequence[Any]) -> bool:
    """Whether a component is one of those that asyncio makes by design: a task that is not done and what it waits for
    refer to each other, and so do futures that were chained or gathered, as long as one of them is pending."""
    if any(is_task(thing) and is_pending(thing) for thing in things):
        return True
    return any(is_pending(thing) for thing in things) and any(
        isinstance(thing, types.FunctionType) and thing.__code__.co_filename.startswith(_ASYNCIO) for thing in things
    )


def cycles(found: Sequence[Any], *, by_design: Callable[[Sequence[Any]], bool] = waits) -> list[Cycle]:
    """The cycles that hold what the collector found.

    A class is a cycle by itself: components with one are left out.

    Args:
        found: what `unreachable` returned.
        by_design: tells of the objects of a component that their cycles are nobody's fault.

    Returns:
        One for each component, the shortest through its most telling object; in the order in which they hold more.
    """
    index = {id(thing): number for number, thing in enumerate(found)}
    edges = [[index[id(other)] for other in referents(thing) if id(other) in index] for thing in found]
    result = []
    for component in _components(edges):
        things = [found[number] for number in component]
        if any(isinstance(thing, type) for thing in things) or by_design(things):
            continue
        circle = _shortest(component, edges, found)
        chain = chain_in_words([found[number] for number in (*circle, circle[0])])
        parts = sorted({text for number in circle if (text := _part(found[number]))})
        result.append(Cycle(chain=chain, parts=tuple(parts), keeps=_reach(component, edges)))
    result.sort(key=lambda cycle: (-cycle.keeps, cycle.chain))
    return result


def referents(thing: Any) -> list[Any]:
    """What it refers to. The variables of our own code do not count, those of an adapter's closures included: what they
    hold is the harness's fault; and whom our own calls were made by is of no interest, but that an adapter's coroutine
    ran inside of the target is."""
    if isinstance(thing, types.FunctionType):
        return [] if thing.__code__.co_filename.startswith(_TARGETS) else gc.get_referents(thing)
    frame = thing.cr_frame if isinstance(thing, types.CoroutineType) else thing
    if isinstance(frame, types.FrameType) and frame.f_code.co_filename.startswith(_PACKAGE):
        adapter = thing is frame and frame.f_code.co_filename.startswith(_TARGETS)
        return [frame.f_back] if adapter and frame.f_back is not None else []
    return gc.get_referents(thing)


def _components(edges: list[list[int]]) -> list[list[int]]:
    """Strongly connected components that have a cycle (Tarjan, SIAM J. Comput. 1(2), 1972; without recursion)."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    result: list[list[int]] = []
    for root in range(len(edges)):
        if root in order:
            continue
        work = [(root, iter(edges[root]))]
        order[root] = low[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, following = work[-1]
            for other in following:
                if other not in order:
                    order[other] = low[other] = len(order)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(edges[other])))
                    break
                if other in on_stack:
                    low[node] = min(low[node], order[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    component = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == node:
                            break
                    if len(component) > 1 or node in edges[node]:
                        result.append(sorted(component))
    return result


def _shortest(component: list[int], edges: list[list[int]], found: Sequence[Any]) -> list[int]:
    """The shortest cycle through the component's most telling object, beginning there."""
    inside = set(component)
    start = min(component, key=lambda number: (_rank(found[number]), number))
    came: dict[int, int] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for other in edges[node]:
            if other == start:
                path = [node]
                while path[-1] != start:
                    path.append(came[path[-1]])
                return path[::-1]
            if other in inside and other not in came:
                came[other] = node
                queue.append(other)
    raise AssertionError("a component without a cycle")


def _rank(thing: Any) -> int:
    if is_future(thing):
        return 0
    if isinstance(thing, BaseException):
        return 2
    plain = (dict, list, tuple, set, types.CellType, types.FrameType, types.TracebackType, types.FunctionType)
    if isinstance(thing, (*plain, types.MethodType, types.CoroutineType, types.GeneratorType)):
        return 3
    return 1


def is_future(thing: Any) -> bool:
    """Whether it looks like a future: by its class, so that no code of its own runs."""
    kind = type(thing)
    return hasattr(kind, "add_done_callback") and hasattr(kind, "done")


def _part(thing: Any) -> str:
    if isinstance(thing, (dict, list, tuple, set, types.CellType, types.TracebackType)):
        return ""
    if isinstance(thing, BaseException):
        return "exception"
    if isinstance(thing, types.FrameType):
        return "frame"  # which one differs from release to release
    return word(thing)


def _reach(component: list[int], edges: list[list[int]]) -> int:
    seen = set(component)
    todo = list(component)
    while todo:
        for other in edges[todo.pop()]:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return len(seen)
