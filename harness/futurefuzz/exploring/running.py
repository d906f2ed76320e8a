"""Carries out single runs of the code under test, and puts what happened into one shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from attrs import frozen

from futurefuzz.control.session import ControlledRun, Instrumenting, run_controlled, series
from futurefuzz.control.waiting import Waiting
from futurefuzz.errors import FuturefuzzError, HarnessError
from futurefuzz.explorers.base import Explorer, Step, View
from futurefuzz.explorers.replay import Replay
from futurefuzz.exploring.models import Points
from futurefuzz.exploring.places import Place
from futurefuzz.exploring.witness import LIMIT, Sighting, Witness
from futurefuzz.health.controlled import Observer
from futurefuzz.health.record import LoopHealth
from futurefuzz.programs.program import Switch

__all__ = ["Blocked", "Fairly", "Observed", "Runner", "Schedule"]

#: sightings that are remembered of a run that may never end
_OF_ENDLESS: Final = 6_000

_NUMBER: Final = re.compile(r" \d+\b")
_LINE: Final = re.compile(r"(.*):(\d+) in (.*)", re.DOTALL)


@frozen
class Schedule:
    """A run by places: departures from going on, and from which choice on everybody is let go fairly (None: never)."""

    switches: tuple[Switch, ...] = ()
    fair_from: int | None = None


@frozen
class Blocked:
    """A thread that waits when a run is over that did not complete."""

    actor: str
    resource: str
    place: Place | None
    holder: str | None

    @property
    def what(self) -> str:
        """What it waits for, without names and numbers."""
        return _NUMBER.sub("", self.resource.partition(", held by ")[0].partition(" of ")[0])

    @property
    def steady(self) -> str:
        """Where it waits, without the line."""
        return self.place.steady if self.place is not None else "?"

    @property
    def since(self) -> str:
        """Where it waits, for a sentence."""
        return f", at {self.place}" if self.place is not None else ""


def _blocked(waiting: Waiting) -> Blocked:
    # What a loop waits for is what its tasks wait for; its own frame says nothing.
    lines = [line for _, line in waiting.tasks] or [waiting.place]
    found = [match for line in lines if (match := _LINE.fullmatch(line))]
    place = Place(found[0][1], int(found[0][2]), found[0][3]) if found else None
    return Blocked(waiting.actor, waiting.resource, place, waiting.holder)


@frozen(kw_only=True)
class Observed:
    """A run and what was seen of it."""

    run: ControlledRun
    seen: tuple[Sighting, ...] = ()
    diverged: tuple[str, ...] = ()
    health: tuple[LoopHealth, ...] = ()

    @property
    def error(self) -> BaseException | None:
        """What the code under test let out; None also when it ended by `sys.exit()`."""
        if self.run.outcome is None or self.run.outcome[0] != "raised":
            return None
        error: BaseException = self.run.outcome[1]
        return None if isinstance(error, SystemExit) and error.code in (None, 0) else error

    @property
    def value(self) -> object:
        """What it returned."""
        return self.run.outcome[1] if self.run.outcome is not None and self.run.outcome[0] == "returned" else None

    @property
    def points(self) -> int:
        """How many points there were; only of a recorded run."""
        return len(self.run.steps or ())

    @property
    def preemptions(self) -> int:
        """Switches away from a thread that stood at a point and could have gone on; only of a recorded run."""
        return sum(
            step.event is not None and step.actor >= 0 and step.chosen != step.actor and not self.is_clock(step.chosen)
            for step in self.run.steps or ()
        )

    def is_clock(self, actor: int) -> bool:
        """Whether it is no thread but stands for the timers."""
        return self.run.names[actor].startswith("the clock")

    @property
    def blocked(self) -> list[Blocked]:
        """Who waits, where the run did not complete."""
        return [_blocked(waiting) for waiting in self.run.waiting]


class Fairly:
    """Another explorer's choices up to a certain one, from there on anybody with the same probability.

    A run that spins under a schedule that starves somebody proves nothing; one that goes on spinning where everybody
    gets his turn is a livelock.
    """

    def __init__(self, explorer: Explorer, at: int) -> None:
        self.name = "fairly"
        self.recording = explorer.recording
        self._explorer = explorer
        self._at = at
        self._position = 0
        self._random = Random(0)

    def begin(self, view: View) -> bool:
        """From the beginning, with the same numbers."""
        self._position = 0
        self._random = Random(0)
        return self._explorer.begin(view)

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """The explorer's choice, or anybody."""
        self._position += 1
        if self._position > self._at:
            return enabled[self._random.randrange(len(enabled))]
        return self._explorer.choose(current, enabled)

    def end(self, view: View) -> None:
        """Over."""
        self._explorer.end(view)


class Runner:
    """Runs one piece of code again and again; the points inside code are there while in its context.

    Args:
        body: the code under test.
        model: `operation`, `gil` or `free-threaded`.
        points: inside code; None for the model `operation`.
        seed: of `random` inside each run.
        step_bound: points after which a run is taken to go round in circles.
        choices: makes the list that a run's choices go to, so that they are known when the process dies.

    Attributes:
        count: runs made.
    """

    def __init__(
        self,
        body: Callable[[], object],
        *,
        model: str = "operation",
        points: Points | None = None,
        seed: int = 0,
        step_bound: int | None = None,
        choices: Callable[[], list[int]] = list,
    ) -> None:
        self.model = model
        self.count = 0
        self.step_bound = step_bound or (10_000 if model == "operation" else 200_000)
        self._body = body
        self._carried = self._carry_out  # always the same object: what belongs to it is looked for once
        self._points = points
        self._seed = seed
        self._choices = choices
        self._series = series()

    def __enter__(self) -> Runner:
        if self._points is not None:
            self._points.__enter__()
        self._series.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._series.__exit__()
        if self._points is not None:
            self._points.__exit__(*error)

    def run(
        self,
        explorer: Explorer,
        *,
        steps: list[Step] | None = None,
        watching: Instrumenting | None = None,
        bound: int | None = None,
        observer: Observer | None = None,
    ) -> Observed | None:
        """One run; None when the explorer has nothing more to explore.

        Args:
            explorer: chooses.
            steps: a list makes it a recorded run.
            watching: told of its threads in place of the points.
            bound: points, in place of the usual ones.
            observer: looks at its event loops.
        """
        self.count += 1
        run = run_controlled(
            self._carried,
            explorer,
            record=steps is not None,
            # What leads to a fair end is not fair itself: that has a full run of its own.
            step_bound=(bound or self.step_bound) * (2 if isinstance(explorer, Fairly) else 1),
            instrumentation=watching or self._points,
            seed=self._seed,
            choices=self._choices(),
            steps=steps,
            observer=observer,
        )
        if run is None:
            return None
        seen = Observed(run=run, health=() if observer is None else observer.health(run))
        if isinstance(seen.error, FuturefuzzError):
            raise seen.error  # ours, not that of the code under test
        return seen

    def _carry_out(self) -> object:
        return self._body()

    def watch(
        self,
        explorer: Explorer,
        *,
        lines: bool = False,
        sink: Callable[[Sighting], None] | None = None,
        bound: int | None = None,
    ) -> Observed | None:
        """One run, looked at closely; None when the explorer has nothing more to explore.

        Args:
            explorer: chooses.
            lines: watch every line too, and what it reads and writes.
            sink: told of each sighting at once, for a run that the process may not survive.
            bound: points, in place of the usual ones.
        """
        limit = _OF_ENDLESS if isinstance(explorer, Fairly) else LIMIT
        with Witness(lines=lines, points=self._points, sink=sink, limit=limit) as witness:
            seen = self.run(
                explorer, steps=witness.steps, watching=witness.instrumenting, bound=bound, observer=Observer()
            )
        if seen is None:
            return None
        diverged = tuple(getattr(explorer, "diverged", ()))
        return Observed(run=seen.run, seen=tuple(witness.seen), diverged=diverged, health=seen.health)

    def follow(
        self,
        schedule: Schedule,
        *,
        lines: bool = False,
        sink: Callable[[Sighting], None] | None = None,
        bound: int | None = None,
    ) -> Observed:
        """The run of a schedule, looked at closely."""
        replay = Replay(schedule.switches)
        explorer = replay if schedule.fair_from is None else Fairly(replay, schedule.fair_from)
        seen = self.watch(explorer, lines=lines, sink=sink, bound=bound)
        if seen is None:
            raise HarnessError("a replay always has its one run")
        return Observed(run=seen.run, seen=seen.seen, diverged=tuple(replay.diverged), health=seen.health)
