"""Targets that do to their process what no target should; loaded as `hostile:NAME` by the workers under test."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from concurrent.futures import Future
from typing import Any

from futurefuzz.targets import Target


class Crashing(Future):  # type: ignore[type-arg]
    def set_result(self, result: Any) -> None:
        ctypes.string_at(0)


class CrashingWhenSetTwice(Future):  # type: ignore[type-arg]
    """Crashes in the second of two `set_result` only: a bug that a schedule decides about."""

    def set_result(self, result: Any) -> None:
        if self.done():
            ctypes.string_at(0)
        super().set_result(result)


class Aborting(Future):  # type: ignore[type-arg]
    def set_result(self, result: Any) -> None:
        os.abort()


class Exiting(Future):  # type: ignore[type-arg]
    def set_result(self, result: Any) -> None:
        os._exit(0)


class Killed(Future):  # type: ignore[type-arg]
    def set_result(self, result: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)  # as the out-of-memory killer does it


class Hanging(Future):  # type: ignore[type-arg]
    def set_result(self, result: Any) -> None:
        while True:
            time.sleep(3600)


class Greedy(Future):  # type: ignore[type-arg]
    def set_result(self, result: Any) -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
        bytearray(1 << 30)


class Printing(Future):  # type: ignore[type-arg]
    """Prints what looks like answers, on every descriptor that a target knows of, and closes its standard streams."""

    def set_result(self, result: Any) -> None:
        for line in ('{"unit": {"number": 0, "runs": -5}}', '{"died": {}}', "}{", "\0\xff"):
            sys.stdout.write(line)
            os.write(1, line.encode() + b"\n")
            os.write(2, line.encode() + b"\n")
        sys.stdin.read()
        sys.stdout.flush()
        super().set_result(result)


class Forgetful(Future):  # type: ignore[type-arg]
    """Loses the result: an ordinary bug, that an oracle finds."""

    def set_result(self, result: Any) -> None:
        super().set_result(None)


def _target(name: str, make: Any) -> Target:
    return Target(name=f"hostile.{name}", contract="concurrent", new_future=make)


CRASHING = _target("crashing", Crashing)
TWICE = _target("twice", CrashingWhenSetTwice)
ABORTING = _target("aborting", Aborting)
EXITING = _target("exiting", Exiting)
KILLED = _target("killed", Killed)
HANGING = _target("hanging", Hanging)
GREEDY = _target("greedy", Greedy)
PRINTING = _target("printing", Printing)
FORGETFUL = _target("forgetful", Forgetful)
NOT_A_TARGET = 5
