"""A campaign's worker process: what it loads before it begins."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from attrs import Factory, frozen

from futurefuzz.campaign.child import PACKAGE, Child, Death, cores, environment
from futurefuzz.campaign.protocol import Setup
from futurefuzz.errors import HarnessError, InputError

__all__ = ["START_LIMIT", "STILLBORN", "Death", "Ready", "Stopped", "Worker", "cores"]

#: seconds that a worker may take to import what it needs
START_LIMIT: Final = 120.0
#: times in a row that a worker may die before it is ready
STILLBORN: Final = 3


@frozen(kw_only=True)
class Ready:
    """What a worker has loaded: (scenario, target, weight) for each pair, and the contract of each target.

    Args:
        pairs, contracts: so.
        targets: target -> what it is (`worker._about`).
        legal: scenarios whose programs stay within the contract.
    """

    pairs: tuple[tuple[str, str, float], ...]
    contracts: dict[str, str]
    targets: dict[str, dict[str, Any]] = Factory(dict)
    legal: frozenset[str] = frozenset()


class Stopped(Exception):
    """Whoever asked wants no answer any more."""


class Worker(Child):
    """A worker process.

    Args:
        setup: what it loads.
        core: which core it is pinned to; None for none.
        fork: it forks children that do the work; False: it does the work itself, as fresh as a process can be.

    Attributes:
        ready: what it loaded.
    """

    def __init__(self, setup: Setup, *, core: int | None = None, fork: bool = True) -> None:
        self.setup = setup
        # CPython's debug allocator overwrites freed memory and guards the ends of each block, so that a use after free
        # dies on the spot, here and in every replay, instead of reading what happens to be left there. It costs a few
        # percent.
        variables = {"PYTHONMALLOC": "debug", **environment()}
        super().__init__("futurefuzz.campaign.worker", core=core, fork=fork, variables=variables)

    def _start(self) -> None:
        self.ready: Ready | None = None
        super()._start()
        self.write(self.setup.to_json())

    def __enter__(self) -> Worker:
        return self

    def await_ready(self, stop: Callable[[], bool] = lambda: False) -> Ready:
        """Wait until everything is loaded.

        A worker that somebody kills meanwhile (the system, for want of memory) is started again, a few times.

        Args:
            stop: asked now and then; True gives up.

        Raises:
            InputError: a target or scenario cannot be loaded.
            HarnessError: the worker did not start.
            Stopped: `stop` said so.
        """
        if (ready := self._loaded()) is not None:
            return ready
        killed = 0
        limit = time.monotonic() + START_LIMIT
        while time.monotonic() < limit:
            if stop():
                raise Stopped
            deaths = [item for item in self.hear(0.1) if isinstance(item, Death)]
            if (ready := self._loaded()) is not None:
                return ready
            if not deaths:
                continue
            # One that ends by itself would do so again; a signal comes from outside, or from memory that may differ.
            if deaths[0].code >= 0:
                raise HarnessError(self.why_not_started(deaths[0].code))
            killed += 1
            if killed > STILLBORN:
                raise HarnessError(self.why_not_started(deaths[0].code, killed))
            self.restart()
        self.close()
        raise HarnessError(f"a worker was not ready after {START_LIMIT:.0f} s{self._at_what()}{_quoted(self.errors)}")

    def _loaded(self) -> Ready | None:
        return self.ready

    def _takes(self, answer: dict[str, Any]) -> bool:
        """Take an answer that belongs to the start; False when it is another one.

        Raises:
            InputError, HarnessError: as in `await_ready`.
        """
        if "ready" in answer:
            said = answer["ready"]
            if Path(said["package"]) != PACKAGE:
                raise HarnessError(f"the worker runs futurefuzz from {said['package']}, not from {PACKAGE}")
            self.ready = Ready(
                pairs=tuple((scenario, target, weight) for scenario, target, weight in said["pairs"]),
                contracts=dict(said["contracts"]),
                targets=dict(said["targets"]),
                legal=frozenset(said["legal"]),
            )
            return True
        if "refused" in answer:
            refused = answer["refused"]
            if refused["kind"] == "input":
                raise InputError(refused["text"])
            raise HarnessError(f"a worker cannot start: {refused['text']}")
        return False

    def why_not_started(self, code: int, times: int = 1) -> str:
        """One line for a worker that ended before it was ready."""
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        often = f", {times} times in a row" if times > 1 else ""
        why = "; is there enough memory?" if code == -signal.SIGKILL else ""
        return f"a worker ended with {how} before it was ready{often}{why}{self._at_what()}{_quoted(self.errors)}"

    def _at_what(self) -> str:
        """What the user had it import, which may well be why."""
        references = ", ".join(self.setup.references)
        return f"; it was to import {references}" if references else ""


def _quoted(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return f"; it said: {' | '.join(lines[-3:])}" if lines else ""
