"""May the heap be frozen? Who has frozen objects of his own (a worker) shall keep them so."""

from __future__ import annotations

import gc
from typing import Final

__all__ = ["frozen_by_us", "is_frozen", "may_freeze", "stays_frozen"]

#: CPython 3.12 freezes some objects of its own when it starts
_FROZEN_FROM_THE_START: Final = gc.get_freeze_count()

_ours = False
_for_good = False


def stays_frozen() -> None:
    """Note that what is frozen in this process stays so.

    Nobody needs to count it any more, which takes longer than ten runs where much is frozen.
    """
    global _for_good
    _for_good = True


def frozen_by_us(frozen: bool) -> None:
    """Note that what is frozen from now on is our own doing, for longer than a run; or that it is no more."""
    global _ours
    _ours = frozen


def may_freeze() -> bool:
    """Whether nobody has frozen anything."""
    return not (_ours or _for_good or is_frozen())


def is_frozen() -> bool:
    """Whether anything is frozen."""
    return gc.get_freeze_count() > _FROZEN_FROM_THE_START
