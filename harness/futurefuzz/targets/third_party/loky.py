"""loky: the future of its executors, a `concurrent.futures.Future` with its own way of running callbacks."""

from __future__ import annotations

from typing import Any, Final

from loky import Future

from futurefuzz.targets.base import Target

__all__ = ["TARGETS"]


def _new() -> Any:
    return Future()


_FUTURE: Final = Target(
    name="loky.Future",
    contract="concurrent",
    new_future=_new,
)

TARGETS: Final = {_FUTURE.name: _FUTURE}
