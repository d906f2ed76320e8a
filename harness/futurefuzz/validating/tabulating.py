"""The outcome tables of a validation: what small programs showed, beside all that is legal."""

from __future__ import annotations

from collections.abc import Mapping

from futurefuzz.comparing.table import table_of
from futurefuzz.contracts.legal import legal_answers
from futurefuzz.contracts.litmus import LITMUS, litmus
from futurefuzz.programs.program import Program
from futurefuzz.runs.sampling import Sampled
from futurefuzz.validating.result import Contest
from futurefuzz.validating.subject import Subject

__all__ = ["contests_of", "why_none"]


def contests_of(subject: Subject, programs: Mapping[str, Program], shown: Mapping[str, Sampled]) -> tuple[Contest, ...]:
    """The tables of the programs that were run, in their order.

    Args:
        subject: the target.
        programs: by what they are about.
        shown: what their runs showed.
    """
    found = []
    for about, sampled in shown.items():
        # The enumeration knows nothing of what a target departs from knowingly; the oracles do.
        legal = None if subject.departures else legal_answers(programs[about], subject.contract, subject.shape)
        found.append(Contest(about=about, program=programs[about], table=table_of(sampled, legal)))
    found.sort(key=lambda contest: list(programs).index(contest.about))
    return tuple(found)


def why_none(subject: Subject) -> str:
    """Why a target has no outcome tables; empty where it has some."""
    if litmus(subject.contract, subject.shape, subject.lacks):
        return ""
    if subject.contract in LITMUS and subject.shape == "future":
        return "it lacks operations that each of their programs needs"
    what = "tasks" if subject.shape == "task" else f"the contract {subject.contract}"
    return f"no model enumerates all legal outcomes of programs on {what}; the oracles judge each run by its history"
