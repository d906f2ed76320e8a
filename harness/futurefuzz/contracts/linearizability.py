"""Is there an order of the operations, each taking effect at one moment within its call, that the model allows?

Wing and Gong's search ("Testing and verifying concurrent objects", JPDC 1993) with Lowe's memoisation ("Testing for
linearizability", CCPE 2017): a pair of (operations in effect, state) that led nowhere is not entered twice.
Linearizability is local (Herlihy and Wing, TOPLAS 1990), so each future is checked by itself.

An operation that never returned may have taken effect or not. The search is cut off by a budget; then the verdict is
`None` (unknown), never a guess.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

__all__ = ["BUDGET", "Invocation", "Model", "linearizable"]

#: nodes of the search after which the verdict is unknown
BUDGET: Final = 20_000


class Invocation(NamedTuple):
    """One operation of a history.

    Args:
        what: what was called and what came of it; the model's business.
        start, end: positions in the history between which it took effect; `end` None when it never returned.
    """

    what: Hashable
    start: int
    end: int | None


class Model(Protocol):
    """A sequential object. States are hashable values."""

    def initial(self) -> Hashable:
        """The state before the first operation."""

    def after(self, state: Hashable, what: Hashable) -> Iterable[Hashable]:
        """The states in which an operation may leave the object; none when it could not have this outcome."""


def linearizable(model: Model, invocations: Sequence[Invocation], budget: int = BUDGET) -> bool | None:
    """Whether a history is linearizable; None when the budget was too small to tell.

    Args:
        model: the sequential object.
        invocations: the operations on one object, in any order.
        budget: nodes of the search.
    """
    calls = sorted(invocations, key=lambda call: call.start)
    never = 1 << 62
    ends = [never if call.end is None else call.end for call in calls]
    starts = [call.start for call in calls]
    whats = [call.what for call in calls]
    required = 0
    for index, end in enumerate(ends):
        if end != never:
            required |= 1 << index
    count = len(calls)
    seen: set[tuple[int, Hashable]] = set()
    stack: list[tuple[int, Hashable]] = [(0, model.initial())]
    after = model.after
    while stack:
        node = stack.pop()
        done, state = node
        if done & required == required:
            return True
        if node in seen:
            continue
        seen.add(node)
        budget -= 1
        if budget < 0:
            return None
        # An operation may come next when no other one had returned before it was called.
        first_end = min(ends[i] for i in range(count) if not done >> i & 1)
        ready = []
        for i in range(count):
            if starts[i] > first_end:
                break
            if not done >> i & 1:
                ready.append(i)
        # The stack is popped from its end: what returned first is tried first, since it mostly took effect first.
        ready.sort(key=ends.__getitem__, reverse=True)
        for i in ready:
            for then in after(state, whats[i]):
                stack.append((done | 1 << i, then))
    return False
