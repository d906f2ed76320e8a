"""What happens where nobody chooses: go on. Sweep, exhaustive search and replay are defined as departures from it."""

from __future__ import annotations

from collections.abc import Sequence

from futurefuzz.explorers.base import Pending

__all__ = ["go_on"]


def go_on(pending: Sequence[Pending | None], current: int, enabled: Sequence[int]) -> int:
    """The actor that the default rule lets go.

    Args:
        pending: as in `View.pending`.
        current: who stands at the point, -1 at the start.
        enabled: who could go.

    Returns:
        The current actor where it stands at a point; where it has just blocked or ended (it may be in `enabled` even
        so, as one who waits with a timeout) the first of `enabled`: the lowest-numbered ready actor, and the nearest
        timeout only when nobody is ready.
    """
    if current >= 0 and pending[current] is not None:
        return current
    return enabled[0]
