"""The units of a validation: small programs one after another, those whose outcomes are tabulated, and generated ones
that keep clear of what is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

from attrs import evolve

from futurefuzz.campaign.examination import GIVEN, Examination
from futurefuzz.campaign.plan import Pair, Plan, Unit
from futurefuzz.programs.codec import program_to_json
from futurefuzz.programs.program import Program
from futurefuzz.runs.sampling import Sample
from futurefuzz.runs.sampling import Sampled as Samples
from futurefuzz.validating.families import CHAINED, Family
from futurefuzz.validating.result import MOST_SCHEDULES, Enumerated

__all__ = ["Contests", "Listed", "Sampled"]

#: processes that may end in enumerated programs of one size before the rest of that size is left out: starting them
#: again takes longer than a thousand runs
_MOST_CRASHES: Final = 4

#: units in a row that did not find a program which avoids what is to be avoided
_MOST_EMPTY: Final = 60


class Listed:
    """Deals every program of a size, each with all its schedules.

    Args:
        target: what it is for.
        family: which programs.
        seed: of the validation.
        first: number of its first unit.
    """

    most_runs = MOST_SCHEDULES

    def __init__(
        self,
        target: str,
        family: Family,
        *,
        seed: int,
        first: int,
    ) -> None:
        self.family = family
        self.first = first
        self._pair = Pair(GIVEN.name, target)
        self._seed = seed
        self._programs = list(family.make())
        Random(seed).shuffle(self._programs)  # should time end before the list does, something of everything was run
        self._programs.sort(key=lambda program: len(program.actors))  # those of one actor have hardly any schedules
        self._dealt = 0
        self._completed = 0
        self._crashes = 0
        self._runs = 0
        self._cut = 0
        self._unsteady = 0

    def next(self) -> Unit | None:
        """The next program; None at the end, and when too many of them have ended their process."""
        if self._dealt == len(self._programs) or self._crashes >= _MOST_CRASHES:
            return None
        program = self._programs[self._dealt]
        unit = Unit(
            number=self.first + self._dealt,
            pair=self._pair,
            nth=self._dealt,
            seed=self._seed,
            examination=Examination(program=program_to_json(program), bound=self.family.bound, runs=MOST_SCHEDULES),
        )
        self._dealt += 1
        return unit

    def crashed(self, pair: Pair, signature: str) -> bool:
        """See `plan.Dealer`."""
        self._crashes += 1
        return self._crashes >= _MOST_CRASHES

    def ended(self, runs: int, *, exhausted: bool, unsteady: bool) -> None:
        """One of its units is over.

        Args:
            runs: how many it took.
            exhausted: there was no schedule left.
            unsteady: the program did not do the same again under the same schedule, and was left.
        """
        self._runs += runs
        self._completed += exhausted
        self._unsteady += unsteady
        self._cut += not exhausted and not unsteady and runs >= MOST_SCHEDULES

    @property
    def used(self) -> int:
        """How many units it has dealt."""
        return self._dealt

    def result(self) -> Enumerated:
        """How far it came."""
        return Enumerated(
            size=self.family.size,
            kind=self.family.kind,
            programs=len(self._programs),
            tried=self._dealt,
            completed=self._completed,
            bound=self.family.bound,
            runs=self._runs,
            cut=self._cut,
            unsteady=self._unsteady,
            crashed=self._crashes >= _MOST_CRASHES,
            chained=self.family.kind == CHAINED,
        )


class Contests:
    """Deals the programs whose outcomes are tabulated, each once.

    Args:
        target: what they are for.
        programs: by what they are about.
        runs: of each.
        seed: of the validation.
        first: number of its first unit.

    Attributes:
        seen: what a program is about -> what its runs showed, as far as they are over.
    """

    def __init__(self, target: str, programs: Mapping[str, Program], *, runs: int, seed: int, first: int) -> None:
        self.most_runs = runs
        self.first = first
        self.seen: dict[str, Samples] = {}
        self._pair = Pair(GIVEN.name, target)
        self._seed = seed
        self._programs = list(programs.items())
        self._dealt = 0

    def next(self) -> Unit | None:
        """The next program; None at the end."""
        if self._dealt == len(self._programs):
            return None
        _, program = self._programs[self._dealt]
        examination = Examination(program=program_to_json(program), runs=self.most_runs, outcomes=True)
        unit = Unit(
            number=self.first + self._dealt,
            pair=self._pair,
            nth=self._dealt,
            seed=self._seed,
            examination=examination,
        )
        self._dealt += 1
        return unit

    def crashed(self, pair: Pair, signature: str) -> bool:
        """See `plan.Dealer`; there are few of them, and each is dealt once."""
        return False

    def ended(self, unit: Unit, runs: int, outcomes: Sequence[Any] | None) -> None:
        """One of its units is over; `outcomes` as `Examiner.to_json` gives them."""
        about, _ = self._programs[unit.number - self.first]
        behaviours = {
            tuple((name, what) for name, what in seen): Sample([], times, None if wrong is None else tuple(wrong))
            for seen, times, wrong in outcomes or ()
        }
        self.seen[about] = Samples(behaviours, runs)


class Sampled:
    """Deals the units of a campaign's plan, with what to avoid, and among them such with what they should have.

    What a program should have cannot be had of every scenario. Which ones have it is learned while units run, and used
    from the next round on, so that what is dealt does not depend on who answers first.

    Args:
        plan: of the pairs of the target.
        legal: those among them whose programs stay within the contract.
        seed: of the validation.
        first: number of its first unit.

    Attributes:
        avoid: sets of features; see `examination.Examination`.
        want: sets of features that most units should have, in turn.
        empty: units in a row that found no program.
    """

    def __init__(self, plan: Plan, legal: Sequence[Pair], *, seed: int, first: int) -> None:
        self.most_runs = plan.most_runs
        self.avoid: tuple[frozenset[str], ...] = ()
        self.want: tuple[frozenset[str], ...] = ()
        self.empty = 0
        self._plan = plan
        self._legal = legal
        self._seed = seed
        self._number = first
        self._turns = 0
        self._given: dict[frozenset[str], list[Pair]] = {}
        self._had: Counter[tuple[frozenset[str], Pair]] = Counter()

    def round(self, avoid: tuple[frozenset[str], ...], want: tuple[frozenset[str], ...]) -> None:
        """Begin another round."""
        self.avoid, self.want = avoid, want
        self.empty = 0
        for wanted in want:
            best = max((self._had[wanted, pair] for pair in self._legal), default=0)
            self._given[wanted] = [pair for pair in self._legal if self._had[wanted, pair] * 2 >= best]

    def next(self) -> Unit | None:
        """The next; None when one after another found no program."""
        if self.empty >= _MOST_EMPTY:
            return None
        number = self._number
        self._number += 1
        if number % 4 and self.want and self._legal:
            round_, turn = divmod(self._turns, len(self.want))
            self._turns += 1
            want = self.want[turn]
            pairs = self._given[want]
            examination = Examination(avoid=self.avoid, want=want)
            pair = pairs[round_ % len(pairs)]
            return Unit(number=number, pair=pair, nth=number, seed=self._seed, examination=examination)
        return evolve(self._plan.next(), number=number, examination=Examination(avoid=self.avoid))

    def crashed(self, pair: Pair, signature: str) -> bool:
        """See `plan.Dealer`."""
        return self._plan.crashed(pair, signature)

    def ended(self, unit: Unit, runs: int, features: frozenset[str]) -> None:
        """One of its units is over, which ran a program with these features."""
        self.empty = 0 if runs else self.empty + 1
        want = frozenset[str]() if unit.examination is None else unit.examination.want
        if runs and want and want <= features:
            self._had[want, unit.pair] += 1
