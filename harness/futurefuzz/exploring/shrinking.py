"""Makes a failing schedule as small as it gets: few preemptions, and those where they read best."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from futurefuzz.explorers.bounded import Bounded
from futurefuzz.explorers.replay import schedule_of
from futurefuzz.exploring.running import Observed, Runner, Schedule
from futurefuzz.programs.program import Switch

__all__ = ["scheduled", "shrink"]

#: runs that the beginning of a livelock may take to be made short
_OF_BEGINNING: Final = 60
_LEAST_BOUND: Final = 2_000


def scheduled(seen: Observed, fair_from: int | None = None) -> Schedule:
    """The schedule of a recorded run; one with a fair end keeps the departures before that only."""
    steps = list(seen.run.steps or ())
    if fair_from is not None:
        kept, choices = [], 0
        for step in steps:
            if len(step.enabled) > 1:
                choices += 1
            if choices > fair_from:
                break
            kept.append(step)
        steps = kept
    return Schedule(schedule_of(steps, seen.run.names), fair_from)


def shrink(
    runner: Runner, schedule: Schedule, keeps: Callable[[Observed], bool], *, budget: int = 300
) -> tuple[Schedule, Observed] | None:
    """Find a smaller schedule whose run still shows the failure.

    First whole parts of the schedule are left out, then single switches; then all schedules with fewer preemptions are
    run, as far as the budget goes, because leaving out alone cannot move a preemption.

    Args:
        runner: runs.
        schedule: shows it.
        keeps: whether a run shows it.
        budget: runs that it may take.

    Returns:
        The smallest schedule found and its run; None when the schedule itself does not show it again.
    """
    limit = runner.count + budget
    seen = runner.follow(schedule)
    if not keeps(seen):
        return None
    if schedule.fair_from is not None:
        return _without_beginning(runner, schedule, seen, keeps)
    best = _Best(scheduled(seen), seen)
    size = max(1, len(best.switches) // 2)
    while size and runner.count < limit:
        at = 0
        while at < len(best.switches) and runner.count < limit:
            kept = best.switches[:at] + best.switches[at + size :]
            if not best.take(runner.follow(Schedule(kept)), keeps):
                at += size
        if size == 1 and best.improved:
            best.improved = False
        else:
            size //= 2
    _with_fewer(runner, best, keeps, limit)
    return best.schedule, best.seen


class _Best:
    def __init__(self, schedule: Schedule, seen: Observed) -> None:
        self.schedule = schedule
        self.seen = seen
        self.improved = False

    @property
    def switches(self) -> tuple[Switch, ...]:
        return self.schedule.switches

    @property
    def cost(self) -> tuple[int, int, int]:
        return _cost(self.seen, self.schedule)

    def take(self, seen: Observed, keeps: Callable[[Observed], bool]) -> bool:
        if not keeps(seen):
            return False
        schedule = scheduled(seen)
        if _cost(seen, schedule) >= self.cost:
            return False
        self.schedule, self.seen, self.improved = schedule, seen, True
        return True


def _cost(seen: Observed, schedule: Schedule) -> tuple[int, int, int]:
    return seen.preemptions, len(schedule.switches), seen.points


def _with_fewer(runner: Runner, best: _Best, keeps: Callable[[Observed], bool], limit: int) -> None:
    most = best.cost[0]
    if not most:
        return
    explorer = Bounded(bound=most - 1)
    while runner.count < limit:
        seen = runner.watch(explorer)
        if seen is None:
            return
        if keeps(seen):
            best.take(runner.follow(scheduled(seen)), keeps)
            return


def _without_beginning(
    runner: Runner, schedule: Schedule, seen: Observed, keeps: Callable[[Observed], bool]
) -> tuple[Schedule, Observed]:
    """Of what leads to a livelock as little as possible: it is plainest when everybody is let go fairly from the start.

    The shortest beginning is searched for by halves, and then single switches are left out of it. Tried with a lower
    bound of points, for all that goes on and on takes long; what is kept has shown it with the usual one.
    """
    limit = runner.count + _OF_BEGINNING
    bound = max(_LEAST_BOUND, runner.step_bound // 5)

    def showing(shorter: Schedule) -> Observed | None:
        if not keeps(runner.follow(shorter, bound=bound)):
            return None
        fair = runner.follow(shorter)
        return fair if keeps(fair) else None

    fairest = Schedule((), 0)
    if (found := showing(fairest)) is not None:
        return fairest, found
    assert schedule.fair_from is not None
    fails, best, shown = 0, schedule, seen
    while best.fair_from is not None and best.fair_from - fails > 1 and runner.count < limit:
        middle = (fails + best.fair_from) // 2
        shorter = scheduled(seen, middle)
        if (found := showing(shorter)) is not None:
            best, shown = shorter, found
        else:
            fails = middle
    at = len(best.switches) - 1
    while at >= 0 and runner.count < limit:
        fewer = Schedule(best.switches[:at] + best.switches[at + 1 :], best.fair_from)
        if (found := showing(fewer)) is not None:
            best, shown = fewer, found
        at -= 1
    return best, shown
