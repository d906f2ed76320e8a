"""Looks for a failing schedule of one piece of code, under one model after another, and makes it small."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from random import Random
from typing import Any, Final

from attrs import frozen

from futurefuzz import explorers
from futurefuzz.errors import HarnessError, InputError
from futurefuzz.explorers.base import Explorer
from futurefuzz.explorers.replay import ChoicesReplay
from futurefuzz.exploring import shrinking
from futurefuzz.exploring.failure import Check, Failure, failures_of
from futurefuzz.exploring.running import Fairly, Observed, Runner, Schedule
from futurefuzz.exploring.searching import Search

__all__ = ["EXPLORERS", "STOPS", "Budget", "Hunt", "Stage", "hunt", "make_explorer", "plainest"]

EXPLORERS: Final = ("search", *explorers.NAMES)

#: when to end after a finding: at the first, soon after the last new one, or with the budget
STOPS: Final = ("first", "soon", "budget")
#: "soon": as many runs, and choices, again as it has taken so far, and at least so many
_RUNS_MORE, _EFFORT_MORE = 100, 20_000
#: findings after which an exploration ends
_MOST_FINDINGS: Final = 10

#: failures that did not show again; after so many the code is taken to be indeterminate
_PATIENCE: Final = 10
#: so many runs that do not end are looked into, and after that one in so many: it takes several long runs each
_LOOKED_INTO: Final = 5
#: choices that may lead to a livelock
_BEGINNINGS: Final = (64, 512)
#: shrinking may take so many runs
_SHRINKING: Final = 300
#: a confirmed schedule is run so often again
_CONFIRMATIONS: Final = 3


@frozen(kw_only=True)
class Budget:
    """When to stop.

    Args:
        runs: at most so many; None for no limit.
        deadline: as `time.monotonic()`; None for no limit.
    """

    runs: int | None = None
    deadline: float | None = None

    def spent(self, runs: int) -> bool:
        """Whether it is used up after so many runs."""
        if self.runs is not None and runs >= self.runs:
            return True
        return self.deadline is not None and time.monotonic() >= self.deadline


@frozen(kw_only=True)
class Hunt:
    """A failure with the smallest schedule that shows it.

    Args:
        model: under which preemption model.
        failures: of the schedule's run, what came first first; the first one is the finding.
        schedule: by places.
        seen: the run.
        preemptions: that it takes.
        found_after: runs.
        confirmed: how often it showed again, of how many tries.
        always: it shows without any preemption, when every thread simply goes on.
    """

    model: str
    failures: tuple[Failure, ...]
    schedule: Schedule
    seen: Observed
    preemptions: int
    found_after: int
    confirmed: tuple[int, int]
    always: bool

    @property
    def failure(self) -> Failure:
        """The first."""
        return self.failures[0]


@frozen(kw_only=True)
class Stage:
    """What was done under one model.

    Args:
        model: its name.
        runs: made in all, shrinking included.
        seconds: that it took.
        certificate: "all 12 interleavings …" when everything asked for was run, else None.
        note: what is to be said about it, such as why there is no certificate.
        lost: signatures of failures that did not show again.
        health: of the event loops in its first run, in the plainest schedule; `LoopHealth` as JSON.
    """

    model: str
    runs: int
    seconds: float
    certificate: str | None = None
    note: str = ""
    lost: tuple[str, ...] = ()
    health: tuple[dict[str, Any], ...] = ()


def make_explorer(name: str, rng: Random) -> Explorer:
    """The explorer of that name.

    Raises:
        InputError: there is none.
    """
    if name == "search":
        return Search(rng)
    if name not in EXPLORERS:
        raise InputError(f"unknown explorer {name!r}; allowed: {', '.join(EXPLORERS)}")
    return explorers.make(name, rng)


def hunt(
    runner: Runner,
    budget: Budget,
    *,
    explorer: str = "search",
    seed: int = 0,
    check: Check | None = None,
    progress: Callable[[int], None] = lambda runs: None,
    stop: str = "first",
    known: Iterable[str] = (),
    tell: Callable[[Hunt], None] = lambda found: None,
) -> tuple[list[Hunt], Stage]:
    """Search under the runner's model until the budget is spent, or enough has been found.

    Args:
        runner: of the code, with its model.
        budget: for this stage.
        explorer: one of `EXPLORERS`.
        seed: of the explorer.
        check: the user's own.
        progress: told the number of runs now and then.
        stop: one of `STOPS`.
        known: signatures of failures that have been found before.
        tell: is told of each finding at once.

    Raises:
        InputError: unknown explorer.
        HarnessError: the harness failed.
    """
    started = time.monotonic()
    chooser = make_explorer(explorer, Random(seed))
    lost: dict[str, int] = {}
    hunts: list[Hunt] = []
    seen_before = dict.fromkeys(known)
    spent = _Spent(stop, budget)

    def stage(certificate: str | None = None, note: str = "") -> Stage:
        return Stage(
            model=runner.model,
            runs=runner.count,
            seconds=time.monotonic() - started,
            certificate=certificate,
            note=note,
            lost=tuple(lost),
            health=tuple(loop.to_json() for loop in first.health),
        )

    def investigate(schedule: Schedule | None, signature: str, *, always: bool) -> None:
        found = None if schedule is None else _investigated(runner, schedule, check, signature, always=always)
        if found is None:
            lost[signature] = lost.get(signature, 0) + 1
            return
        seen_before[signature] = None
        if found.failure.signature not in {each.failure.signature for each in hunts} | set(known):
            seen_before[found.failure.signature] = None
            hunts.append(found)
            spent.found()
            tell(found)

    first = plainest(runner, chooser)
    if isinstance(first.error, SystemExit):
        raise InputError(f"it ends by sys.exit({first.error.code!r}) in the plainest schedule; does it need arguments?")
    failures = failures_of(first, check) if first.run.status != "livelock" else []
    if failures and failures[0].signature not in seen_before:
        investigate(Schedule(), failures[0].signature, always=True)
    note = ""
    starved = 0
    outside: dict[str, None] = {}
    while not spent.over(runner.count, len(hunts)) and sum(lost.values()) < _PATIENCE:
        seen = runner.run(chooser)
        if seen is None:
            break
        progress(runner.count)
        is_livelock = seen.run.status == "livelock"
        spent.ran(runner.step_bound if is_livelock else len(seen.run.choices))
        outside |= {f"{where.what} at {where.place}": None for where in seen.run.external}
        fair_from = None
        if is_livelock:
            starved += 1
            often = starved <= _LOOKED_INTO and not any(each.schedule.fair_from is not None for each in hunts)
            if not often and starved % _LOOKED_INTO:
                continue
            fair = _fairly(runner, seen)
            if fair is None:
                note = "some schedules starve a thread; as soon as everybody has a turn they end: no failure"
                continue
            seen, fair_from = fair
        failures = failures_of(seen, check)
        if failures and failures[0].signature not in seen_before:
            investigate(_by_place(runner, seen, fair_from), failures[0].signature, always=False)
    if sum(lost.values()) >= _PATIENCE:
        note = "failures did not show again under the same schedule: the code depends on something else, too"
    elif len(hunts) >= _MOST_FINDINGS:
        note = f"ended after {_MOST_FINDINGS} findings"
    elif outside:
        note = f"no certificate, for not all was under control: {'; '.join(list(outside)[:3])}"
    elif isinstance(chooser, Search) and chooser.indeterminate:
        note = f"no certificate: {chooser.indeterminate}"
    certificate = None if lost or outside else _certificate(chooser)
    if certificate is not None and starved:
        certificate += ", those apart that starve a thread"
    return hunts, stage(certificate, note)


def plainest(runner: Runner, chooser: Explorer) -> Observed:
    """The run in which everybody goes on, for the explorer to learn from.

    What is imported or cached in the first run is not done again in the others, so this one is not the explorer's own.
    """
    first = runner.follow(Schedule())
    if isinstance(chooser, Search):
        chooser.learn(first.run)
    return first


class _Spent:
    """Whether to go on, by the budget and by what was found; counts, never the clock, say what is soon."""

    def __init__(self, stop: str, budget: Budget) -> None:
        self._stop = stop
        self._budget = budget
        self._runs = self._effort = 0
        self._runs_allowed = self._effort_allowed = -1

    def ran(self, effort: int) -> None:
        """One more run of the explorer's."""
        self._runs += 1
        self._effort += effort

    def found(self) -> None:
        """Something new."""
        self._runs_allowed = self._runs + max(self._runs, _RUNS_MORE)
        self._effort_allowed = self._effort + max(self._effort, _EFFORT_MORE)

    def over(self, runs: int, findings: int) -> bool:
        """Whether that is enough."""
        if self._budget.spent(runs) or findings >= _MOST_FINDINGS:
            return True
        if not findings or self._stop == "budget":
            return False
        return self._stop == "first" or self._runs >= self._runs_allowed or self._effort >= self._effort_allowed


def _certificate(chooser: Any) -> str | None:
    if isinstance(chooser, Search):
        return chooser.certificate
    if not getattr(chooser, "complete", False):
        return None
    text = getattr(chooser, "certificate", None)
    return str(text()) if text is not None else f"all {chooser.runs:,} interleavings"


def _fairly(runner: Runner, seen: Observed) -> tuple[Observed, int] | None:
    """The run again with a fair end; None when that ends."""
    length = len(seen.run.choices)
    for start in dict.fromkeys(min(start, length) for start in (0, *_BEGINNINGS, length)):
        again = runner.watch(Fairly(ChoicesReplay(seen.run.choices), start))
        if again is not None and again.run.status == "livelock":
            return again, start
    return None


def _by_place(runner: Runner, seen: Observed, fair_from: int | None) -> Schedule | None:
    """The run's schedule by places; None when the same choices do not make the same run."""
    if fair_from is not None:
        return shrinking.scheduled(seen, fair_from)
    try:
        again = runner.watch(ChoicesReplay(seen.run.choices))
    except HarnessError:
        return None
    if again is None or list(again.run.choices) != list(seen.run.choices):
        return None
    return shrinking.scheduled(again)


def _investigated(
    runner: Runner, schedule: Schedule, check: Check | None, signature: str, *, always: bool
) -> Hunt | None:
    """Shrink and confirm; None when it does not show again."""

    def keeps(seen: Observed) -> bool:
        failures = failures_of(seen, check)
        return bool(failures) and failures[0].signature == signature

    found_after = runner.count
    if always:
        signature = _signature(runner, schedule, check) or signature
    else:
        watched = _signature(runner, schedule, check)  # with places, which an unwatched run does not have
        if watched is None or watched.partition(":")[0] != signature.partition(":")[0]:
            return None
        signature = watched
    shrunk = shrinking.shrink(runner, schedule, keeps, budget=0 if always else _SHRINKING)
    if shrunk is None:
        return None
    schedule, _ = shrunk
    seen = runner.follow(schedule, lines=True)
    tries = _CONFIRMATIONS if schedule.fair_from is None else 1  # one that never ends takes its time
    shown = sum(keeps(runner.follow(schedule)) for _ in range(tries))
    if not keeps(seen) or not shown:
        return None
    return Hunt(
        model=runner.model,
        failures=tuple(failures_of(seen, check)),
        schedule=schedule,
        seen=seen,
        preemptions=seen.preemptions,
        found_after=found_after,
        confirmed=(shown, tries),
        always=always or (not schedule.switches and schedule.fair_from is None),
    )


def _signature(runner: Runner, schedule: Schedule, check: Check | None) -> str | None:
    failures = failures_of(runner.follow(schedule), check)
    return failures[0].signature if failures else None

