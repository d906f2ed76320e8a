"""Plain Python subclasses of the two standard futures: what most futures of other people are.

A subclass takes other ways through the C code: a C task knows an exact `asyncio.Future` and treats everything else by
the protocol (`_asyncio_future_blocking`, `get_loop`, `add_done_callback` by name).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from typing import Any, Final

from futurefuzz.targets.base import Target

__all__ = ["TARGETS", "ConcurrentSubclass", "LoopSubclass"]


class LoopSubclass(asyncio.Future[Any]):
    """Overrides what subclasses override, and hands everything on."""

    def set_result(self, result: Any) -> None:
        """As inherited."""
        super().set_result(result)

    def set_exception(self, exception: Any) -> None:
        """As inherited."""
        super().set_exception(exception)

    def cancel(self, msg: Any = None) -> bool:
        """As inherited."""
        return super().cancel(msg)

    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        """As inherited."""
        super().add_done_callback(fn, context=context)


class ConcurrentSubclass(concurrent.futures.Future[Any]):
    """The same for `concurrent.futures`."""

    def set_result(self, result: Any) -> None:
        """As inherited."""
        super().set_result(result)

    def set_exception(self, exception: Any) -> None:
        """As inherited."""
        super().set_exception(exception)

    def cancel(self) -> bool:
        """As inherited."""
        return super().cancel()

    def add_done_callback(self, fn: Any) -> None:
        """As inherited."""
        super().add_done_callback(fn)


_ALL: Final = (
    Target(
        name="subclass.asyncio.Future",
        contract="asyncio",
        new_future=lambda loop: LoopSubclass(loop=loop),
    ),
    Target(
        name="subclass.concurrent.Future",
        contract="concurrent",
        new_future=ConcurrentSubclass,
    ),
)

TARGETS: Final = {target.name: target for target in _ALL}
