"""From what the runs have shown of a clause to its verdict."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from futurefuzz.contracts.verdict import Clause
from futurefuzz.validating.learning import Lessons
from futurefuzz.validating.pursuit import Pursuit
from futurefuzz.validating.result import ENOUGH, Row
from futurefuzz.validating.subject import Subject
from futurefuzz.validating.tallying import Counts

__all__ = ["row_of"]


def row_of(
    clause: Clause, subject: Subject, counts: Counts, lessons: Lessons, pursuit: Pursuit, found: Mapping[str, int]
) -> Row:
    """The row of a clause in the report.

    Args:
        clause: which.
        subject, counts, lessons, pursuit: of the validation, when it is over.
        found: signature -> runs, of whatever was found.
    """
    name = clause.id
    seen = pursuit.seen(name, found)
    row = Row(
        clause=clause,
        verdict="unknown",
        tried=counts.tried[name],
        broken=counts.broken[name],
        departed=counts.departed[name],
        finding=pursuit.found.get(name),
    )
    if name in subject.departures:
        return evolve(row, verdict="departed", reason=subject.departures[name])
    missing = subject.not_offered(name)
    if missing is not None:
        return evolve(row, verdict="not offered", reason=missing)
    if row.finding is not None:
        cause = lessons.follows(name, [other for other, times in counts.broken.items() if times])
        said = row.finding.finding.cause + (f" (it may follow from {cause})" if cause else "")
        return evolve(row, verdict="broken", reason=said, seen=seen, known=pursuit.known(seen, row.finding))
    if row.broken:
        return evolve(row, reason=f"{row.broken} runs broke it, but not again in fresh processes", seen=seen)
    if row.tried >= ENOUGH:
        other = pursuit.explained.get(name)
        said = f"{counts.suspected[name]} runs broke it inside a call of the Future's, as {other} explains"
        return evolve(row, verdict="holds", reason=said if other else "")
    tried = f"{row.tried} runs have tried it" if row.tried else "no run has tried it"
    return evolve(row, reason=f"{tried}; {ENOUGH} are enough")
