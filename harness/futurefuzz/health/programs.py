"""The health of the loop in a run of a generated program: depths and latencies, counted in iterations, and who waits.

There are no verdicts here: a generated program is meant to misbehave, and the oracles judge what comes of it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from attrs import evolve

from futurefuzz.explorers.base import Explorer
from futurefuzz.health.histogram import Histogram
from futurefuzz.health.monitor import Monitor
from futurefuzz.health.record import LoopHealth, Waiter
from futurefuzz.programs.program import Operation, Program
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import Run
from futurefuzz.runs.several_loops import SeveralLoops
from futurefuzz.runs.world import World
from futurefuzz.targets.base import Target

__all__ = ["Looking", "health_of"]


class _World(World):
    """Surroundings whose loop is watched."""

    looking: Looking
    monitor: Monitor | None = None

    def set_up(self) -> None:
        super().set_up()
        loop = self.loop
        if isinstance(loop, asyncio.BaseEventLoop) and hasattr(loop, "_ready"):
            monitor = Monitor(loop, "loop", clock=lambda: monitor.depths.iterations, counting=True)
            self.monitor = monitor
            monitor.attach()

    def finish(self) -> None:
        monitor, self.monitor = self.monitor, None
        if monitor is not None:
            seen = monitor.health(waiters=())
            monitor.detach()
            # A callback takes no iterations.
            self.looking.seen = evolve(seen, duration=Histogram(), virtual=True, unit="iterations", verdicts=())
        super().finish()


class _WorldOfLoops(_World, SeveralLoops):
    """The same with several loops, of which the first is watched."""


class Looking:
    """In the place of `surroundings` of `runs.executor.execute`: sees how the loop of that run fares."""

    def __init__(self) -> None:
        self.seen: LoopHealth | None = None

    def __call__(self, *arguments: Any, **keywords: Any) -> World:
        """Make the surroundings of one run."""
        target: Target = arguments[1]
        world = (_World if target.crossing is None else _WorldOfLoops)(*arguments, **keywords)
        world.looking = self
        return world

    def health(self, run: Run) -> LoopHealth | None:
        """How the loop fared in the run; None where there was none, or one that cannot be watched."""
        if self.seen is None:
            return None
        return evolve(self.seen, waiters=_waiters(run))


def _waiters(run: Run) -> tuple[Waiter, ...]:
    found = []
    for event in run.history:
        operation = event.what
        if event.kind == "waiting" and isinstance(operation, Operation) and operation.name == "await":
            found.append(
                Waiter(
                    name=f"task {event.actor}",
                    where=f"operation {event.site}",
                    waits_for=f"future {operation.future}",
                    seconds=0.0,
                    stalled=run.status == "stuck",
                )
            )
    return tuple(found)


def health_of(program: Program, target: Target, explorer: Explorer) -> tuple[Run, LoopHealth | None] | None:
    """Run a program once and look at its loop.

    Args:
        program, target, explorer: as for `runs.executor.execute`.

    Returns:
        The run, which is as it would be without looking, and how its loop fared: None for the contract `concurrent`,
        which has no loop. None instead of both when the explorer has nothing more to explore.
    """
    looking = Looking()
    run = execute(program, target, explorer, surroundings=looking)
    return None if run is None else (run, looking.health(run))
