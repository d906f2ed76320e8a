"""What a validation leaves behind, as plain data: one row for each clause, and what it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from attrs import frozen

from futurefuzz.campaign.outcome import Reported
from futurefuzz.comparing.table import Table
from futurefuzz.contracts.verdict import Clause
from futurefuzz.findings.known import KnownBug
from futurefuzz.programs.program import Program

__all__ = ["ENOUGH", "MOST_SCHEDULES", "VERDICTS", "Contest", "Enumerated", "Row", "Validated", "Verdict"]

Verdict = Literal["holds", "broken", "departed", "not offered", "unknown"]

#: verdict -> what it means (shown by the reports)
VERDICTS: Final[dict[Verdict, str]] = {
    "holds": "runs that could have broken it did not",
    "broken": "a program breaks it, in fresh processes too",
    "departed": "its author departs from it knowingly",
    "not offered": "the Future does not have what it is about",
    "unknown": "too few runs have tried it, or what was seen did not show again",
}

#: runs that must have tried a clause, and not broken it, before it counts as one that holds
ENOUGH: Final = 50

#: schedules of one enumerated program after which it is left, and counts as not completed
MOST_SCHEDULES: Final = 3000


@frozen(kw_only=True)
class Row:
    """One clause.

    Args:
        clause: which.
        verdict: one of `VERDICTS`.
        reason: in a few words, why; empty where the numbers say it.
        tried: runs that could have broken it and did not.
        broken: runs that broke it before anything else was wrong.
        departed: runs in which a declared departure showed.
        finding: the smallest program and schedule found that break it, confirmed in fresh processes.
        seen: signature -> how often it was the first thing wrong with a run, of this clause.
        known: signature -> the known bug that it is, on this interpreter.
    """

    clause: Clause
    verdict: Verdict
    reason: str = ""
    tried: int = 0
    broken: int = 0
    departed: int = 0
    finding: Reported | None = None
    seen: Mapping[str, int] = {}
    known: Mapping[str, KnownBug] = {}

    @property
    def only_known(self) -> bool:
        """It is broken, and by known bugs alone: every signature that was seen is one, and the finding."""
        explained = self.finding is not None and self.finding.known is not None
        return self.verdict == "broken" and explained and self.seen.keys() <= self.known.keys()

    @property
    def bugs(self) -> tuple[KnownBug, ...]:
        """The known bugs that break it, each once, in the order of their issues."""
        own = () if self.finding is None or self.finding.known is None else (self.finding.known,)
        return tuple(sorted(dict.fromkeys((*own, *self.known.values())), key=lambda bug: (bug.issue, bug.note)))


@frozen(kw_only=True)
class Enumerated:
    """How far the systematic part came.

    Args:
        size: operations of each program.
        programs: how many programs of that size and kind there are.
        completed: how many of them were run under every schedule within the bound.
        bound: preemptions.
        runs: how many runs that took.
        kind: what the programs are besides, in words (`families.Family.kind`); empty for the plain ones.
        tried: how many were begun.
        cut: how many of these have more schedules than are run of one program.
        unsteady: how many were left because under the same schedule they did not do the same again.
        crashed: too many processes ended in them, so that the rest was left out.
        chained: besides, a callback performs another operation in each.
    """

    size: int
    programs: int
    completed: int
    bound: int
    runs: int
    kind: str = ""
    tried: int = 0
    cut: int = 0
    unsteady: int = 0
    crashed: bool = False
    chained: bool = False

    @property
    def complete(self) -> bool:
        """None is left out."""
        return self.completed == self.programs

    @property
    def words(self) -> str:
        """What they are, as in "programs of 2 operations while two others wait"."""
        number = "one operation" if self.size == 1 else f"{self.size} operations"
        return f"programs of {number} {self.kind}".rstrip()

    @property
    def why_not(self) -> str:
        """Why not all of them are complete, in words."""
        parts = [f"{self.cut:,} with more than {MOST_SCHEDULES:,} schedules"] if self.cut else []
        parts += [f"{self.unsteady:,} that did not do the same again"] if self.unsteady else []
        if self.crashed:
            parts.append("too many processes died")
        elif self.tried < self.programs:
            parts.append("the budget was used up")
        return ", ".join(parts)


@frozen(kw_only=True)
class Contest:
    """What a small program showed, beside all that its contract allows it to show.

    Args:
        about: what it is about, in words.
        program: what was run.
        table: its outcomes.
    """

    about: str
    program: Program
    table: Table


@frozen(kw_only=True)
class Validated:
    """A validation that is over.

    Args:
        what: as the user named it.
        target: its name.
        reference: what `--target` of `futurefuzz replay` must say for its tokens; None for a target that comes with us.
        contract: that it claims.
        rows: one for each clause of the contract.
        enumerated: the systematic part, by size.
        contests: small programs with their outcomes.
        no_contests: why there are none, in words; empty where there are some.
        programs: generated programs that were run, besides.
        runs, seconds, jobs, seed: the effort.
        interpreter: such as `CPython 3.15.2`.
        crashes: processes that the target ended.
        interrupted: it was stopped before its time.
        errors: failures of the harness itself.
        complaints: what was wrong on the user's side on the way.
        repeat: the command line that repeats it.
    """

    what: str
    target: str
    reference: str | None
    contract: str
    rows: tuple[Row, ...]
    enumerated: tuple[Enumerated, ...]
    programs: int
    runs: int
    seconds: float
    jobs: int
    seed: int
    interpreter: str
    crashes: int = 0
    interrupted: bool = False
    errors: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    repeat: str = ""
    contests: tuple[Contest, ...] = ()
    no_contests: str = ""

    def having(self, verdict: Verdict) -> list[Row]:
        """The rows with that verdict."""
        return [row for row in self.rows if row.verdict == verdict]

    @property
    def known_broken(self) -> list[Row]:
        """The rows that nothing but known bugs breaks."""
        return [row for row in self.rows if row.only_known]

    @property
    def exhaustive(self) -> str:
        """Up to which bound everything was tried, in words; empty for nothing.

        What is complete, what is not and why, and what was not begun at all.
        """
        parts = []
        for bound in sorted({one.bound for one in self.enumerated}, reverse=True):
            whole = [one for one in self.enumerated if one.complete and one.bound == bound]
            plain = [one for one in whole if not one.kind]
            said = [f"all {one.programs:,} {one.words}" for one in whole if one.kind]
            if plain:
                said.insert(0, f"all {sum(one.programs for one in plain):,} programs of {_sizes(plain)}")
            if said:
                each, its = ("each ", "its") if len(said) > 1 else ("", "their")
                parts.append(f"{'; '.join(said)}, {each}under all {its} schedules with {_preemptions(bound)}")
        for one in self.enumerated:
            if not one.complete and one.completed:
                said_of = f"{one.completed:,} of the {one.programs:,} {one.words}"
                parts.append(f"{said_of} with {_preemptions(one.bound)} ({one.why_not})")
        none = [
            f"{one.programs:,} {one.words} with {_preemptions(one.bound)}"
            for one in self.enumerated
            if not one.completed and one.programs
        ]
        if none:
            parts.append(f"none of the {', '.join(none)}")
        return "; ".join(parts)


def _sizes(plain: Sequence[Enumerated]) -> str:
    sizes = [one.size for one in plain]
    if sizes == [1]:
        return "one operation"
    upwards = sizes == list(range(1, sizes[-1] + 1))
    return f"{'up to ' if upwards else ''}{sizes[-1] if upwards else ' and '.join(map(str, sizes))} operations"


def _preemptions(bound: int) -> str:
    return f"up to {bound} preemptions" if bound > 1 else "up to one preemption"
