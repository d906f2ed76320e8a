"""Targets that behave until the interpreter ends; loaded as `ending:NAME` by the workers under test.

Everything that a finaliser needs then is an argument with a default: globals may be gone.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from futurefuzz.targets import Target


class Aborting(Future):  # type: ignore[type-arg]
    def __del__(self, ends: Callable[[], bool] = sys.is_finalizing, abort: Callable[[], Any] = os.abort) -> None:
        if ends():
            abort()


class Hanging(Future):  # type: ignore[type-arg]
    def __del__(
        self, ends: Callable[[], bool] = sys.is_finalizing, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        while ends():
            sleep(3600)


class Leaving(Future):  # type: ignore[type-arg]
    def __del__(self, ends: Callable[[], bool] = sys.is_finalizing, leave: Callable[[int], Any] = os._exit) -> None:
        if ends():
            leave(0)


class Brittle(Future):  # type: ignore[type-arg]
    """Dies of being resolved while the interpreter ends; never of ending."""

    def set_result(
        self, result: Any, ends: Callable[[], bool] = sys.is_finalizing, abort: Callable[[], Any] = os.abort
    ) -> None:
        if ends():
            abort()
        super().set_result(result)


class Sound(Future):  # type: ignore[type-arg]
    """Has a finaliser, too, which looks at itself and lets the interpreter go."""

    def __del__(self) -> None:
        self._state  # noqa: B018


def _target(name: str, make: Callable[[], Any]) -> Target:
    return Target(name=f"ending.{name}", contract="concurrent", new_future=make)


ABORTING = _target("aborting", Aborting)
HANGING = _target("hanging", Hanging)
LEAVING = _target("leaving", Leaving)
BRITTLE = _target("brittle", Brittle)
SOUND = _target("sound", Sound)
