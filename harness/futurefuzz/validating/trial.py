"""The runs of a validation: all small programs under all their schedules, then generated ones until the budget ends.

Where a clause breaks so often that runs hardly ever get past it, the programs that follow do without what it takes to
break it, so that one broken clause does not hide the others; and most of them have what the clauses need that are not
settled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any, Final

from futurefuzz.campaign.examination import GIVEN
from futurefuzz.campaign.plan import Unit
from futurefuzz.campaign.process import Stopped
from futurefuzz.campaign.supervisor import Supervisor
from futurefuzz.contracts.evidence import HELPFUL
from futurefuzz.contracts.litmus import litmus
from futurefuzz.runs.sampling import Sampled as Samples
from futurefuzz.validating.dealing import Contests, Listed, Sampled
from futurefuzz.validating.families import Stage, families_of
from futurefuzz.validating.learning import Lessons
from futurefuzz.validating.options import Options
from futurefuzz.validating.pursuit import Pursuit
from futurefuzz.validating.result import ENOUGH
from futurefuzz.validating.subject import Subject
from futurefuzz.validating.tallying import Counts

__all__ = ["Trial", "turns"]

#: parts of the budget that have gone by when the small programs end, those of special kinds, the larger ones
_SMALL: Final = 0.25
_SPECIAL: Final = 0.4
#: part of the budget for generated programs between these
_BETWEEN: Final = 0.1
_LARGE: Final = 0.6
#: rounds of generated programs; what is to be avoided is settled between them
_ROUNDS: Final = 6
#: seconds of budget from which on programs of four operations are enumerated, too
_PLENTY: Final = 150.0
#: runs of each program whose outcomes are tabulated: of a budget of runs at most one in so many, and no fewer than that
_CONTEST: Final = 200
_SHARE: Final = 60
_LEAST: Final = 10
#: number of the first unit of these
_FIRST_CONTEST: Final = 5_000_000
#: what a unit without a program has shown
_NOTHING: Final[dict[str, Any]] = {"tried": {}, "broken": {}, "suspected": {}, "departed": {}, "features": ()}


class Trial:
    """Deals the units of a validation and takes in what comes of them.

    Args:
        subject, options: what is validated, and how thoroughly.
        supervisor: of the workers, which have started.
        sampled: deals generated programs.
        pursuit: hears of what seems to break a clause.
        lessons, counts: grow.
        say: is told of processes that end.
        tick: is called several times a second.
        stop: as in `Validation`.

    Attributes:
        lists: the enumerated programs, by family.
        programs: how many generated ones were run.
        contests: the programs whose outcomes are tabulated.
        phase: what it is at, in words.
    """

    def __init__(
        self,
        subject: Subject,
        options: Options,
        supervisor: Supervisor,
        sampled: Sampled,
        pursuit: Pursuit,
        *,
        lessons: Lessons,
        counts: Counts,
        say: Callable[[str], None],
        tick: Callable[[], None],
        stop: Callable[[], bool],
    ) -> None:
        self.lists: list[Listed] = []
        self.programs = 0
        self.contests = litmus(subject.contract, subject.shape, subject.lacks)
        self.phase = "starting"
        self.start = time.monotonic()
        self._subject = subject
        self._families = families_of(subject)
        self._options = options
        self._supervisor = supervisor
        self._sampled = sampled
        self._pursuit = pursuit
        self._lessons = lessons
        self._counts = counts
        self._say = say
        self._tick = tick
        self._stop = stop
        self._dealt = 0
        runs = _CONTEST if options.runs is None else min(_CONTEST, max(options.runs // _SHARE, _LEAST))
        self._contests = Contests(subject.name, self.contests, runs=runs, seed=options.seed, first=_FIRST_CONTEST)

    @property
    def shown(self) -> Mapping[str, Samples]:
        """What the programs showed whose outcomes are tabulated."""
        return self._contests.seen

    def run(self) -> None:
        """Carry it out.

        Raises:
            Stopped: `stop` said so.
        """
        options = self._options
        if self.contests:
            self.phase = "what small contests show"
            self._fuzz(self._contests, _SMALL)
        self._enumerate("small", _SMALL)
        self._enumerate("special", _SPECIAL)
        self._sample(self._gone() + _BETWEEN)
        self._enumerate("large", _LARGE)
        if options.seconds is not None and options.seconds >= _PLENTY:
            self._enumerate("plenty", _LARGE)
        gone = self._gone()
        for nth in range(_ROUNDS):
            self._sample(gone + (1.0 - gone) * (nth + 1) / _ROUNDS)

    def _enumerate(self, stage: Stage, until: float) -> None:
        """Run the families of a stage, each with an equal share of what time there is for those that are left.

        What one does not need, the next ones have. A family that has no turn is listed all the same, as not begun.
        """
        families = [family for family in self._families if family.stage == stage]
        for nth, family in enumerate(families):
            gone = self._gone()
            listed = Listed(self._subject.name, family, seed=self._options.seed, first=self._dealt)
            self.lists.append(listed)
            if gone < until:
                self.phase = f"every one of the {listed.result().words}"
                self._fuzz(listed, gone + (until - gone) / (len(families) - nth))
            self._dealt += listed.used

    def _sample(self, until: float) -> None:
        if self._gone() >= until:
            return
        self.phase = "generated programs"
        self._sampled.round(self._lessons.avoid(), self._wanting())
        self._fuzz(self._sampled, until)
        if self._sampled.empty:
            self._lessons.too_much()

    def _wanting(self) -> tuple[frozenset[str], ...]:
        """What programs should have, for the clauses that are not settled; the least tried first."""
        subject, counts = self._subject, self._counts
        open_still = [
            name
            for name in subject.clauses
            if name in HELPFUL
            and name not in self._pursuit.found
            and not (name in subject.departures and counts.departed[name])
            and subject.not_offered(name) is None
        ]
        open_still.sort(key=lambda name: counts.tried[name])
        return turns(open_still, counts.tried)

    def _gone(self) -> float:
        """How much of the budget is used up."""
        options = self._options
        parts = [0.0]
        if options.seconds is not None:
            parts.append((time.monotonic() - self.start) / options.seconds)
        if options.runs is not None:
            parts.append(self._supervisor.tally.runs / options.runs)
        return max(parts)

    def _fuzz(self, dealer: Contests | Listed | Sampled, until: float) -> None:
        options = self._options
        self._supervisor.fuzz(
            dealer,
            until=None if options.seconds is None else self.start + until * options.seconds,
            runs=None if options.runs is None else max(round(until * options.runs), 1),
            hear=self._pursuit.hear,
            say=self._say,
            tick=self._tick,
            ended=self._ended,
        )
        if self._stop():
            raise Stopped

    def _ended(self, unit: Unit, result: dict[str, Any]) -> None:
        """A unit was carried out: count what it tried, learn from what it broke."""
        runs = result["runs"]
        contest = unit.examination is not None and unit.examination.outcomes
        if contest:
            self._contests.ended(unit, runs, (result["examined"] or _NOTHING).get("outcomes"))
        elif unit.pair.scenario == GIVEN.name:
            listed = next(one for one in reversed(self.lists) if one.first <= unit.number)
            listed.ended(runs, exhausted=result["exhausted"], unsteady=result["unsteady"])
        examined = result["examined"] or _NOTHING
        has = frozenset(examined["features"])
        if unit.pair.scenario != GIVEN.name:
            self._sampled.ended(unit, runs, has)
            self.programs += runs > 0
        self._counts.add(examined)
        self._lessons.ran(has, runs, {**examined["departed"], **examined["broken"]})


def turns(clauses: Sequence[str], tried: Mapping[str, int]) -> tuple[frozenset[str], ...]:
    """The features that programs should have, in turn; every second turn is for a clause that is still unknown.

    Args:
        clauses: that are not settled, in their order.
        tried: how many runs have tried each.
    """
    wanted = _helpful(clauses)
    urgent = _helpful([name for name in clauses if tried.get(name, 0) < ENOUGH])
    return tuple(one for pair in zip(cycle(urgent), wanted, strict=False) for one in pair) if urgent else wanted


def _helpful(clauses: Iterable[str]) -> tuple[frozenset[str], ...]:
    """The sets of features that programs should have for these clauses, each once."""
    return tuple(dict.fromkeys(wanted for name in clauses for wanted in HELPFUL[name]))
