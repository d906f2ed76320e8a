"""The health of loops in a controlled run of ordinary code: depths, sleeps in callbacks, and who waits for ever.

Time is virtual there, so a callback that sleeps is a fault of the program and of nothing else; and all threads and
timers are known, so a task that waits when nobody can go on waits for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import FrameType
from typing import Any

from attrs import evolve

from futurefuzz.control.attending import Log
from futurefuzz.control.places import line_of
from futurefuzz.control.session import ControlledRun
from futurefuzz.health import describing
from futurefuzz.health.depths import Depths
from futurefuzz.health.histogram import Histogram
from futurefuzz.health.record import Complaint, LoopHealth, Slow, Waiter
from futurefuzz.health.verdicts import verdicts_of

__all__ = ["Observer"]


class _Seen:
    """One loop."""

    def __init__(self, loop: Any, name: str) -> None:
        self.loop = loop
        self.name = name
        self.depths = Depths()
        self.actors: set[str] = set()
        self.slow: list[Slow] = []
        self.waiters: list[Waiter] = []
        self.bound = float(loop.slow_callback_duration)


class Observer:
    """Looks at the loops of one run; `control.whole.LoopObserver`."""

    def __init__(self) -> None:
        self._loops: list[_Seen] = []

    def _of(self, loop: Any) -> _Seen:
        for seen in self._loops:
            if seen.loop is loop:
                return seen
        made = _Seen(loop, f"loop {len(self._loops) + 1}")
        self._loops.append(made)
        return made

    def goes_round(self, loop: Any, actor: str, now: float) -> None:
        """See `LoopObserver`."""
        seen = self._of(loop)
        seen.depths.note(len(loop._ready), round(now * 1e9))
        seen.actors.add(actor)

    def sleeps(self, seconds: float, frame: FrameType) -> None:
        """See `LoopObserver`."""
        loop = asyncio._get_running_loop()
        if loop is None:
            return
        seen = self._of(loop)
        seen.bound = float(getattr(loop, "slow_callback_duration", seen.bound))
        if seconds >= seen.bound:
            task = asyncio.current_task(loop)
            what = "a callback" if task is None else describing.name_of(task)
            seen.slow.append(Slow(what=what, where=line_of(frame), seconds=seconds, blocking="time.sleep"))

    def waits(self, loop: Any, tasks: Sequence[Any]) -> None:
        """See `LoopObserver`."""
        found = [describing.waiter(task, 0.0) for task in tasks]
        self._of(loop).waiters = sorted(found, key=lambda each: (each.name, each.where))

    def health(self, run: ControlledRun) -> tuple[LoopHealth, ...]:
        """What was seen, now that the run is over. The loops are forgotten.

        Args:
            run: what came of it. Waiters are stalled only where nothing was outside of the control.
        """
        certain = run.status == "stuck" and not run.external
        complaints = self._complaints(run.logs)
        found = []
        for nth, seen in enumerate(self._loops):
            slow = sorted(seen.slow, key=lambda each: -each.seconds)
            health = LoopHealth(
                name=seen.name,
                iterations=seen.depths.iterations,
                depth=seen.depths.record(0, round(run.time * 1e9)),
                latency=Histogram(),
                duration=Histogram(),
                slow=tuple(slow[:100]),
                slow_count=len(slow),
                bound=seen.bound,
                waiters=tuple(evolve(each, stalled=certain) for each in seen.waiters),
                complaints=tuple(complaints[nth]),
                virtual=True,
            )
            found.append(verdicts_of(health, judge_slow=True))
        self._loops.clear()
        return tuple(found)

    def _complaints(self, logs: Sequence[Log]) -> list[list[Complaint]]:
        found: list[list[Complaint]] = [[] for _ in self._loops]
        for log in logs:
            if log.logger != "asyncio" or log.level != "ERROR":
                continue
            owner = next((nth for nth, seen in enumerate(self._loops) if log.actor in seen.actors), 0)
            if owner < len(found) and len(found[owner]) < 100:
                found[owner].append(describing.logged(log.message, log.error))
        return found
