"""Who waits with a timeout, as far as choices show it: `enabled` lists such actors, but does not mark them."""

from __future__ import annotations

from collections.abc import Sequence

from futurefuzz.explorers.base import Pending

__all__ = ["TimedWaiters"]


class TimedWaiters:
    """Follows one run, choice by choice.

    An actor that blocks with a timeout stays in `enabled` although it no longer stands at a point; whenever anybody
    else could go as well, that is a choice, so it is seen here. Once it has been woken it may look the same until it
    runs: then it still counts as waiting, unless its place among the ready ones shows that it is not.

    Cost: one comparison a choice where nobody waits.
    """

    def __init__(self) -> None:
        self._who: set[int] = set()

    def clear(self) -> None:
        """Start of a run."""
        self._who.clear()

    def note(self, pending: Sequence[Pending | None], current: int, enabled: Sequence[int]) -> bool:
        """Look at a choice before it is made; whether the current actor has just begun to wait with a timeout."""
        if current >= 0 and pending[current] is None and current in enabled:
            self._who.add(current)
            return True
        self._who.discard(current)
        return False

    def went(self, actor: int) -> None:
        """It was let go: it waits no more."""
        self._who.discard(actor)

    def waits(self, actor: int, pending: Sequence[Pending | None], enabled: Sequence[int]) -> bool:
        """Whether choosing this actor would, or might, let a timeout expire."""
        if actor not in self._who or pending[actor] is not None:
            return False
        behind = enabled[enabled.index(actor) + 1 :]
        return all(pending[other] is None for other in behind)  # ready ones come first: one behind it shows it is ready
