"""A finding: a verdict with the smallest program and schedule that shows it."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from futurefuzz.programs.program import Program, Switch

__all__ = ["Case", "Finding", "Rate"]

Grade = Literal["forbidden", "interesting"]


@frozen(kw_only=True)
class Case:
    """All that it takes to run again: program, target, schedule.

    Args:
        scenario: name of the scenario that the program came from (for the reader; replay does not need it).
        target: name of the target.
        model: preemption model (`operation`).
        program: what is run.
        schedule: the choices that differ from the default (go on; when that is impossible, the lowest-numbered ready
            actor).
    """

    scenario: str
    target: str
    program: Program
    schedule: tuple[Switch, ...] = ()
    model: str = "operation"


@frozen(kw_only=True)
class Rate:
    """How often a finding showed again in fresh processes."""

    reproduced: int
    tried: int


@frozen(kw_only=True)
class Finding:
    """A confirmed verdict.

    Args:
        signature: one bug, one signature; `TARGET:CLAUSE:DETAIL`.
        grade: `forbidden` breaks the contract, `interesting` is outside of it or a trap inside it.
        oracle: name of the oracle that judged.
        clause: id of the clause, such as `A7`.
        cause: one sentence.
        case: what to run.
        rate: of reproduction in fresh processes.
        interpreter: where it was found, such as `CPython 3.11.7`.
        analysis: what a person found out, for findings kept in the corpus.
    """

    signature: str
    grade: Grade
    oracle: str
    clause: str
    cause: str
    case: Case
    rate: Rate = field(factory=lambda: Rate(reproduced=0, tried=0))
    interpreter: str = ""
    analysis: str | None = None
