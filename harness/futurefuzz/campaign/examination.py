"""What a validation asks of a unit beyond its runs: which clauses they have tried, and which they broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import field, frozen

from futurefuzz.contracts.evidence import Witness
from futurefuzz.contracts.misuse import misuse
from futurefuzz.contracts.verdict import Violation
from futurefuzz.errors import HarnessError
from futurefuzz.oracles import Judgement
from futurefuzz.programs.choices import Choices
from futurefuzz.programs.features import features
from futurefuzz.programs.program import Program
from futurefuzz.programs.scenario import Scenario
from futurefuzz.runs.history import Run
from futurefuzz.targets.base import CONTRACTS, Target

__all__ = ["GIVEN", "Examination", "Examiner", "avoiding"]

#: programs that are drawn until one does without what is to be avoided
_DRAWS: Final = 40



def _nothing(choices: Choices, target: Target) -> Program:
    raise HarnessError("a program was to be given")


#: what the programs that a validation enumerates belong to
GIVEN: Final = Scenario(
    name="enumerated",
    description="small programs, one after another",
    contracts=CONTRACTS,
    generate=_nothing,
)


@frozen(kw_only=True)
class Examination:
    """An order for a unit.

    Args:
        avoid: sets of features (`programs.features`); the unit's program has all features of none of them.
        program: the program to run, in its JSON shape, instead of a generated one.
        bound: of such a program, all schedules with up to so many preemptions are run, as far as `runs` reach.
        runs: instead of those that the unit's number gives.
    """

    avoid: tuple[frozenset[str], ...] = ()
    program: dict[str, Any] | None = field(default=None, hash=False)
    bound: int = 2
    runs: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As a worker gets it."""
        return {
            "avoid": [sorted(names) for names in self.avoid],
            "program": self.program,
            "bound": self.bound,
            "runs": self.runs,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any] | None) -> Examination | None:
        """The other way."""
        if value is None:
            return None
        avoid = tuple(frozenset(names) for names in value["avoid"])
        return cls(avoid=avoid, program=value["program"], bound=value["bound"], runs=value["runs"])


def avoiding(avoid: Sequence[frozenset[str]], draw: Callable[[], Program]) -> Program | None:
    """A program that has all features of none of the sets; None when there was none among many."""
    for _ in range(_DRAWS):
        program = draw()
        if not avoid or not any(wanted <= features(program) for wanted in avoid):
            return program
    return None


class Examiner:
    """Counts, over the runs of one program, the clauses that were tried, and those that the runs broke.

    Attributes:
        tried: clause -> runs that could have broken it and did not.
        broken: clause -> runs that broke it first.
        departed: clause -> runs that departed from it as the target declares.
    """

    def __init__(self, program: Program, target: Target) -> None:
        self.tried: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.departed: Counter[str] = Counter()
        self._program = program
        self._witness = Witness(program, target)
        self._legal = not misuse(program, target.contract, target)

    def breaks(self, violation: Violation) -> bool:
        """Whether it means that the target breaks the clause.

        Misuse that merely misbehaves does not, nor does a trap. A clause that is itself no more than interesting is
        broken by a legal program.
        """
        if violation.grade == "forbidden":
            return True
        return violation.clause.grade == "interesting" and not violation.clause.trap and self._legal

    def saw(self, run: Run, judgement: Judgement) -> None:
        """Count a run."""
        violations, departures = judgement
        wrong = next((one for one in violations if not one.clause.trap), None)
        self.tried.update(self._witness.tried(run, clean=wrong is None and not departures))
        self.departed.update({one.clause.id for one in departures})
        if wrong is not None and self.breaks(wrong):
            self.broken[wrong.clause.id] += 1
            del self.tried[wrong.clause.id]

    def to_json(self) -> dict[str, Any]:
        """As it goes to the supervisor."""
        wrong = self.broken or self.departed
        return {
            "tried": dict(self.tried),
            "broken": dict(self.broken),
            "departed": dict(self.departed),
            "features": sorted(features(self._program)) if wrong else [],
        }
