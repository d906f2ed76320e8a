"""Ends what a group of futures has under way when its run is over.

A task inside `asyncio.TaskGroup` or `asyncio.timeout` that is simply thrown away runs its `finally` blocks whenever the
collector comes, in the middle of another run; closed by hand it may refuse, since it has to wait for others. So the
run's own loop goes on for a few turns, unexplored and unseen, until all has come to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from futurefuzz.control.loop import VirtualLoop

__all__ = ["wind_up"]

_TURNS: Final = 20


def wind_up(loop: VirtualLoop, parts: Sequence[object], others: Sequence[object]) -> None:
    """Cancel what is pending and let the loop run until nothing is.

    Args:
        loop: of the run, not running any more.
        parts: futures and tasks of the group, those that wait for others first.
        others: tasks that are none of it, and have been seen to.
    """
    for _ in range(_TURNS):
        pending = [part for part in parts if isinstance(part, asyncio.Future) and not part.done()]
        if not pending:
            # Tasks that the group made for itself, which a run that is cut may leave before their first step.
            pending = [task for task in asyncio.all_tasks(loop) if not any(task is other for other in others)]
        if not pending:
            break
        for part in pending:
            part.cancel()
        loop.call_soon(loop.stop)
        loop.run_forever()
