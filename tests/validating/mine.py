"""Somebody's Futures, right and wrong, as a package of theirs would have them."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
from typing import Any

from futurefuzz.targets import Target


class Right(concurrent.futures.Future):  # type: ignore[type-arg]
    """A subclass that changes nothing."""


class NewestFirst(Right):
    """Runs its callbacks from the last to the first."""

    def _invoke_callbacks(self) -> None:
        self._done_callbacks.reverse()  # type: ignore[attr-defined]
        super()._invoke_callbacks()  # type: ignore[misc]


class TwoFaults(NewestFirst):
    """Says, besides, that it runs, when it is done."""

    def running(self) -> bool:
        return super().running() or self.done()


class Exits(Right):
    """Ends the process when it is asked whether it runs."""

    def running(self) -> bool:
        os._exit(7)


class Small:
    """No more than what is needed, and right as far as it goes."""

    def __init__(self) -> None:
        self._future = Right()
        self.done, self.result = self._future.done, self._future.result
        self.set_result = self._future.set_result


class CancelsAlways(asyncio.Future):  # type: ignore[type-arg]
    """A cancelled future can be cancelled again."""

    def cancel(self, msg: Any = None) -> bool:
        return super().cancel(msg=msg) or self.cancelled()


class OddTask(asyncio.Task):  # type: ignore[type-arg]
    """A subclass of Task that changes nothing."""


DECLARED = Target(
    name="mine.NewestFirst",
    contract="concurrent",
    new_future=NewestFirst,
    inherits="concurrent.Future",
    departures={"C8": "newest first, for cache warmth"},
)


def declared() -> Target:
    """As an entry point would name it."""
    return DECLARED
