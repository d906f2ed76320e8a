"""What the workers of a campaign have done and seen, as the supervisor keeps it."""

from __future__ import annotations

from typing import Any

from attrs import define, field, frozen

from futurefuzz.campaign.plan import Pair

__all__ = ["Candidate", "PairTally", "Tally"]


@frozen(kw_only=True)
class Candidate:
    """Something that a worker has found or died of; not a finding before it has been confirmed.

    Args:
        signature: as it looked from here.
        grade: `forbidden` or `interesting`.
        cause: one sentence.
        scenario, target: where.
        program: in its JSON shape.
        choices: of the run.
        how: None when an oracle saw it; else how the worker ended.
        errors: what the worker had written before it died.
        breaks, suspect: in a validation: the target breaks the clause, or another one that shows as this one
            (`examination.Examiner`).
    """

    signature: str
    grade: str
    cause: str
    scenario: str
    target: str
    program: dict[str, Any]
    choices: list[int]
    how: str | None = None
    errors: str = ""
    breaks: bool = True
    suspect: bool = False


@define
class PairTally:
    """What one pair did."""

    runs: int = 0
    behaviours: int = 0
    crashes: int = 0


@define
class Tally:
    """What all workers did."""

    runs: int = 0
    choices: int = 0
    units: int = 0
    crashes: int = 0
    behaviours: set[int] = field(factory=set)
    pairs: dict[Pair, PairTally] = field(factory=dict)
    found: dict[str, int] = field(factory=dict)
    errors: list[str] = field(factory=list)
    failures: int = 0
