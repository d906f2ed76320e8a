"""Outcome tables: what a program showed on a target, how often, and whether its contract allows that.

All legal outcomes are enumerated once (`contracts.legal`), so that a run is judged by looking its answers up; the
oracles see what answers do not tell (the order in time, what was reported), and their verdict comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from attrs import frozen

from futurefuzz.campaign.runner import HANG, Runner
from futurefuzz.contracts.legal import legal_answers
from futurefuzz.contracts.misuse import misuse
from futurefuzz.programs.program import Program
from futurefuzz.runs.behaviour import STATUS, Behaviour, answers_of
from futurefuzz.runs.sampling import Sampled
from futurefuzz.targets.base import Target

__all__ = ["Row", "Table", "outcome_table", "table_of", "tabulate"]

Grade = Literal["allowed", "interesting", "forbidden", "unknown"]

_SEVERITY: Final = {"allowed": 0, "unknown": 1, "interesting": 2, "forbidden": 3}


@frozen(kw_only=True)
class Row:
    """One outcome.

    Args:
        result: what of the answers is not the same in all rows.
        samples: in how many runs it came.
        frequency: share of all runs, from 0 to 1.
        grade: `allowed`, `interesting`, `forbidden`, or `unknown` where neither model nor oracle can tell.
        why: a clause and a sentence.
        answers: all of them.
    """

    result: str
    samples: int
    frequency: float
    grade: Grade
    why: str
    answers: Behaviour


@frozen(kw_only=True)
class Table:
    """An outcome table.

    Args:
        rows: what was seen, the most frequent first; then what is legal and was never seen.
        runs: how many there were.
        complete: every interleaving was run.
        legal: how many outcomes the contract allows; None where the models do not say, and of a target that has
            declared departures.
    """

    rows: tuple[Row, ...]
    runs: int
    complete: bool
    legal: int | None


def outcome_table(
    runner: Runner, program: Program, target: Target, *, runs: int, seed: int = 0, timeout: float = HANG * 6
) -> Table:
    """The outcome table of a program on a target.

    Args:
        runner: where it is run; the target must be among those it has loaded.
        program: what to run.
        target: on what.
        runs: how many runs at most; fewer when all interleavings have been run.
        seed: of the schedules.
        timeout: seconds for all runs.

    Raises:
        InputError, HarnessError: as `Runner.behaviours`.
    """
    sampled = runner.behaviours(program, target.name, runs=runs, seed=seed, judged=True, timeout=timeout)
    return tabulate(program, target, sampled)


def tabulate(program: Program, target: Target, sampled: Sampled) -> Table:
    """The table of what was sampled and judged."""
    # The models know nothing of what a target departs from knowingly; the oracles do.
    legal = None if target.departures else legal_answers(program, target.contract, target.shape)
    return table_of(sampled, legal, legal_use=not misuse(program, target.contract, target))


def table_of(sampled: Sampled, legal: frozenset[Behaviour] | None, *, legal_use: bool = True) -> Table:
    """The table of what was sampled, where it is known what is legal.

    Args:
        sampled: behaviours or answers, judged.
        legal: all answers that the contract allows; None where nobody can say.
        legal_use: the program stays within the contract.
    """
    counts: dict[Behaviour, int] = {}
    verdicts: dict[Behaviour, tuple[Grade, str]] = {}
    for behaviour, sample in sampled.behaviours.items():
        answers = answers_of(behaviour)
        counts[answers] = counts.get(answers, 0) + sample.samples
        verdict = _verdict(answers, sample.violation, legal, legal_use)
        known = verdicts.get(answers)
        if known is None or _SEVERITY[verdict[0]] > _SEVERITY[known[0]]:
            verdicts[answers] = verdict
    unseen = sorted(legal - counts.keys()) if legal is not None else []
    everything = [*counts, *unseen]
    runs = max(1, sampled.runs)
    rows = [
        Row(
            result=result,
            samples=counts.get(answers, 0),
            frequency=counts.get(answers, 0) / runs,
            grade=verdicts[answers][0] if answers in counts else "allowed",
            why=verdicts[answers][1] if answers in counts else "legal, and was not seen",
            answers=answers,
        )
        for answers, result in zip(everything, _results(everything), strict=True)
    ]
    rows.sort(key=lambda row: -row.samples)
    return Table(
        rows=tuple(rows),
        runs=sampled.runs,
        complete=sampled.complete,
        legal=None if legal is None else len(legal),
    )


def _verdict(
    answers: Behaviour, violation: tuple[str, str, str] | None, legal: frozenset[Behaviour] | None, legal_use: bool
) -> tuple[Grade, str]:
    if violation is not None:
        grade, clause, cause = violation
        return ("forbidden" if grade == "forbidden" else "interesting"), f"{clause}: {cause}"
    if dict(answers)[STATUS].startswith("died"):
        return "forbidden", "the process did not survive the run"
    if legal is None:
        if legal_use:
            return "unknown", "no oracle objects; the models do not enumerate this program"
        return "unknown", "no oracle objects; the program leaves the contract, which promises nothing then"
    if answers in legal:
        return "allowed", f"one of {len(legal)} legal outcomes" if len(legal) > 1 else "the one legal outcome"
    return "forbidden", f"none of the {len(legal)} outcomes that an order of the operations explains"


def _results(everything: Sequence[Behaviour]) -> list[str]:
    """What is not the same in all of them; all of it where there is only one."""
    maps = [dict(answers) for answers in everything]
    names = list(dict.fromkeys(name for answers in maps for name in answers))
    varying = [name for name in names if len({answers.get(name) for answers in maps}) > 1]
    return [
        "; ".join(f"{name}: {answers[name]}" for name in varying or names if name in answers) for answers in maps
    ]
