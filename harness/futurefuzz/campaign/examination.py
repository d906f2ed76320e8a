"""What a validation asks of a unit beyond its runs: which clauses they have tried, and which they broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
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
from futurefuzz.runs.behaviour import Behaviour, answers_of, behaviour_of
from futurefuzz.runs.history import Run
from futurefuzz.runs.sampling import Sample
from futurefuzz.targets.base import CONTRACTS, Target

__all__ = ["GIVEN", "Examination", "Examiner", "chosen"]

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
        want: features that it should have, if one is found soon.
        program: the program to run, in its JSON shape, instead of a generated one.
        bound: of such a program, all schedules with up to so many preemptions are run, as far as `runs` reach.
        runs: instead of those that the unit's number gives.
        outcomes: instead, such a program is run under a sample of schedules, and what it showed is counted.
    """

    avoid: tuple[frozenset[str], ...] = ()
    want: frozenset[str] = frozenset()
    program: dict[str, Any] | None = field(default=None, hash=False)
    bound: int = 2
    runs: int | None = None
    outcomes: bool = False

    def to_json(self) -> dict[str, Any]:
        """As a worker gets it."""
        return {
            "avoid": [sorted(names) for names in self.avoid],
            "want": sorted(self.want),
            "program": self.program,
            "bound": self.bound,
            "runs": self.runs,
            "outcomes": self.outcomes,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any] | None) -> Examination | None:
        """The other way."""
        if value is None:
            return None
        avoid = tuple(frozenset(names) for names in value["avoid"])
        return cls(
            avoid=avoid,
            want=frozenset(value["want"]),
            program=value["program"],
            bound=value["bound"],
            runs=value["runs"],
            outcomes=value["outcomes"],
        )


def chosen(avoid: Sequence[frozenset[str]], want: frozenset[str], draw: Callable[[], Program]) -> Program | None:
    """The first program drawn that has what is wanted and nothing of what is to be avoided.

    Returns:
        Where none of many has what is wanted, one that avoids the rest; None where there is no such either.
    """
    second = None
    for _ in range(_DRAWS):
        program = draw()
        if not avoid and not want:
            return program
        has = features(program)
        if not any(together <= has for together in avoid):
            if want <= has:
                return program
            second = second or program
    return second


class Examiner:
    """Counts, over the runs of one program, the clauses that were tried, and those that the runs broke.

    Attributes:
        tried: clause -> runs that could have broken it and did not.
        broken: clause -> runs of a legal program that broke it first, or that ended the interpreter's life.
        suspected: clause -> runs that broke it first in a program which acts inside the target's own calls.
        departed: clause -> runs that departed from it as the target declares.
        samples: what the runs showed, each with how often and with the worst that was said of it; None: nobody asks.

    Args:
        program: what is run.
        target: on what.
        outcomes: gather samples.
    """

    def __init__(self, program: Program, target: Target, *, outcomes: bool = False) -> None:
        self.tried: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.suspected: Counter[str] = Counter()
        self.departed: Counter[str] = Counter()
        self.samples: dict[Behaviour, Sample] | None = {} if outcomes else None
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

    def suspects(self, violation: Violation) -> bool:
        """Whether what breaks a clause may be no more than another fault, seen from inside a call."""
        return not self._witness.legal and not self._witness.survival(violation.clause.id)

    def saw(self, run: Run, judgement: Judgement) -> None:
        """Count a run."""
        violations, departures = judgement
        wrong = next((one for one in violations if not one.clause.trap), None)
        self.tried.update(self._witness.tried(run, clean=wrong is None and not departures))
        self.departed.update({one.clause.id for one in departures})
        if wrong is not None and self.breaks(wrong):
            kind = self.suspected if self.suspects(wrong) else self.broken
            kind[wrong.clause.id] += 1
        if self.samples is not None:
            sample = self.samples.setdefault(answers_of(behaviour_of(run)), Sample([]))
            sample.samples += 1
            worst = next((one for one in violations if one.grade == "forbidden"), wrong)
            if worst is not None and (sample.violation is None or sample.violation[0] != "forbidden"):
                sample.violation = worst.grade, worst.clause.id, worst.cause

    def checked(self, clauses: Iterable[str], broken: Iterable[str] = ()) -> None:
        """Count clauses that are not judged run by run (such as those about leaks): checked once more, or broken."""
        wrong = set(broken)
        self.tried.update(set(clauses) - wrong)
        self.broken.update(wrong)

    def to_json(self) -> dict[str, Any]:
        """As it goes to the supervisor."""
        return {
            "tried": dict(self.tried),
            "broken": dict(self.broken),
            "suspected": dict(self.suspected),
            "departed": dict(self.departed),
            "features": sorted(features(self._program)),
            "outcomes": self.samples
            and [[list(seen), sample.samples, sample.violation] for seen, sample in self.samples.items()],
        }
