"""Futures that no process survives, one for each clause of every contract that the supervisor judges.

They are loaded by worker processes as `tests.zoo.general_zoo:NAME`. What loops for ever through points (X4) is judged
by an oracle, and lives with the asyncio ones.
"""

from __future__ import annotations

import os
import signal
from typing import Any, Final

from tests.zoo import own_asyncio, own_concurrent
from tests.zoo.variant import Variant

__all__ = ["CRASHES", "EXITS", "SPINS", "VARIANTS"]


class CrashesOnLateRemoval(own_asyncio.OwnFuture):
    """Removing a callback from a done future reads where nothing is any more."""

    def remove_done_callback(self, function: Any) -> int:
        if self._state != own_asyncio.PENDING:
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().remove_done_callback(function)


class SpinsWhenCancelled(own_concurrent.OwnFuture):
    """Asks a cancelled future for its exception again and again, without a point in between."""

    def exception(self, timeout: float | None = None) -> BaseException | None:
        while self._state == own_concurrent.CANCELLED:
            continue
        return super().exception(timeout)


class ExitsOnTwoWinners(own_concurrent.OwnFuture):
    """Takes a second result for the end of the world."""

    def set_result(self, result: Any) -> None:
        if self.done():
            os._exit(7)
        super().set_result(result)


CRASHES: Final = own_asyncio.future_target(CrashesOnLateRemoval)
SPINS: Final = own_concurrent.target(SpinsWhenCancelled)
EXITS: Final = own_concurrent.target(ExitsOnTwoWinners)
_ASYNCIO: Final = own_asyncio.future_target(own_asyncio.OwnFuture)
_CONCURRENT: Final = own_concurrent.target(own_concurrent.OwnFuture)

VARIANTS: Final = {
    "CRASHES": Variant(clause="X1", target=CRASHES, sound=_ASYNCIO),
    "SPINS": Variant(clause="X2", target=SPINS, sound=_CONCURRENT),
    "EXITS": Variant(clause="X3", target=EXITS, sound=_CONCURRENT),
}
