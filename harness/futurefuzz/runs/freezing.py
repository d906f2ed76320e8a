"""May the heap be frozen? Who has frozen objects of his own (a worker before it forks) shall keep them so."""

from __future__ import annotations

import gc
from typing import Final

__all__ = ["frozen_by_us", "is_frozen", "may_freeze"]

#: CPython 3.12 freezes some objects of its own when it starts
_FROZEN_FROM_THE_START: Final = gc.get_freeze_count()

_ours = False
_others = False


def may_freeze() -> bool:
    """Whether nobody has frozen anything.

    Counting walks through all that is frozen, which takes longer than ten runs. So who was seen to have frozen objects
    is believed to go on doing so; believing it too long costs time only.
    """
    global _others
    if _ours or _others:
        return False
    _others = gc.get_freeze_count() > _FROZEN_FROM_THE_START
    return not _others


def frozen_by_us(frozen: bool) -> None:
    """Note that what is frozen from now on is our own doing, for longer than a run; or that it is no more."""
    global _ours
    _ours = frozen


def is_frozen() -> bool:
    """Whether anything is frozen."""
    return gc.get_freeze_count() > _FROZEN_FROM_THE_START
